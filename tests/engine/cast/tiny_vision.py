"""A real vision-language model of random weights: a text GGUF of two layers, and its vision projector (LLaVA's shape).

It sees and it babbles; under a grammar it babbles words of the grammar. llama.cpp runs both as it runs large ones.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

WIDTH, VISION, PATCH, IMAGE = 64, 32, 14, 56


def write_text_model(path: Path, *, context: int = 4096) -> Path:
    """A llama of 2 layers over single bytes."""
    rng = np.random.default_rng(0)
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    units = {byte: chr(byte) for byte in plain}
    for extra, byte in enumerate(byte for byte in range(256) if byte not in units):
        units[byte] = chr(256 + extra)
    pieces = ["<s>", "</s>", *units.values(), "th"]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(2)
    writer.add_feed_forward_length(128)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * (len(pieces) - 2))
    writer.add_token_merges(["t h"])       # the loader wants one at least
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(
        "{% for m in messages %}{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}{% else %}"
        "{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endif %}\n{% endfor %}assistant: ")

    def put(name: str, *shape: int) -> None:
        writer.add_tensor(name, rng.normal(0, 0.05, shape).astype(np.float32) if len(shape) > 1
                          else np.ones(shape, np.float32))

    put("token_embd.weight", len(pieces), WIDTH)
    put("output_norm.weight", WIDTH)
    for layer in range(2):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            put(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            put(f"blk.{layer}.{name}.weight", 128, WIDTH)
        put(f"blk.{layer}.ffn_down.weight", WIDTH, 128)
        put(f"blk.{layer}.attn_norm.weight", WIDTH)
        put(f"blk.{layer}.ffn_norm.weight", WIDTH)
    return _written(writer, path)


def write_projector(path: Path) -> Path:
    """A CLIP of 2 layers and LLaVA's two-layer projector into the text model's width."""
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.has_text_encoder", False)
    writer.add_bool("clip.has_llava_projector", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", True)
    writer.add_uint32("clip.vision.image_size", IMAGE)
    writer.add_uint32("clip.vision.patch_size", PATCH)
    writer.add_uint32("clip.vision.embedding_length", VISION)
    writer.add_uint32("clip.vision.feed_forward_length", 64)
    writer.add_uint32("clip.vision.projection_dim", WIDTH)
    writer.add_uint32("clip.vision.block_count", 2)
    writer.add_uint32("clip.vision.attention.head_count", 2)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.48, 0.46, 0.41])
    writer.add_array("clip.vision.image_std", [0.27, 0.26, 0.28])

    def put(name: str, *shape: int, dtype: type = np.float32) -> None:
        writer.add_tensor(name, rng.normal(0, 0.05, shape).astype(dtype))

    put("v.class_embd", VISION)
    put("v.patch_embd.weight", VISION, 3, PATCH, PATCH, dtype=np.float16)
    put("v.position_embd.weight", (IMAGE // PATCH) ** 2 + 1, VISION)
    for name in ("v.pre_ln", "v.post_ln"):
        put(f"{name}.weight", VISION)
        put(f"{name}.bias", VISION)
    for layer in range(2):
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            put(f"v.blk.{layer}.{name}.weight", VISION, VISION)
            put(f"v.blk.{layer}.{name}.bias", VISION)
        for name, rows, columns in (("ffn_up", 64, VISION), ("ffn_down", VISION, 64)):
            put(f"v.blk.{layer}.{name}.weight", rows, columns)
            put(f"v.blk.{layer}.{name}.bias", rows)
        for name in ("ln1", "ln2"):
            put(f"v.blk.{layer}.{name}.weight", VISION)
            put(f"v.blk.{layer}.{name}.bias", VISION)
    for name, columns in (("mm.0", VISION), ("mm.2", WIDTH)):
        put(f"{name}.weight", WIDTH, columns)
        put(f"{name}.bias", WIDTH)
    return _written(writer, path)


def _written(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
