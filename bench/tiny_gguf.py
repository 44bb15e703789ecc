"""A tiny real GGUF with random weights: it babbles, but llama.cpp runs it, chat template, grammar and all."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np


def build_tiny_gguf(path: Path) -> Path:
    """A llama of 2 layers with the byte alphabet of gpt-2 and five words, written to `path`."""
    rng = np.random.default_rng(0)
    width, layers, context = 64, 2, 8192
    units = gguf.vocab.bytes_to_unicode() if hasattr(gguf.vocab, "bytes_to_unicode") else _bytes_to_unicode()
    pieces = ["<s>", "</s>", *units.values()]
    merges, words = [], []
    for word in ("Ġthe", "Ġbear", "Ġand", "Ġwent", "Ġhome"):
        grown = word[0]
        for letter in word[1:]:
            merges.append(f"{grown} {letter}")
            grown += letter
            if grown not in words:
                words.append(grown)
    pieces += words
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(128)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * (len(pieces) - 2))
    writer.add_token_merges(list(dict.fromkeys(merges)))
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: ")

    def put(name: str, *shape: int) -> None:
        writer.add_tensor(
            name, rng.normal(0, 0.05, shape).astype(np.float32) if len(shape) > 1 else np.ones(shape, np.float32)
        )

    table = rng.normal(0, 0.05, (len(pieces), width)).astype(np.float32)
    direction = rng.normal(0, 1, width).astype(np.float32)
    table[-len(words) :] += 0.25 * direction  # words come easily, loose bytes seldom
    writer.add_tensor("token_embd.weight", table)
    put("output_norm.weight", width)
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            put(f"blk.{layer}.{name}.weight", width, width)
        for name in ("ffn_gate", "ffn_up"):
            put(f"blk.{layer}.{name}.weight", 128, width)
        put(f"blk.{layer}.ffn_down.weight", width, 128)
        put(f"blk.{layer}.attn_norm.weight", width)
        put(f"blk.{layer}.ffn_norm.weight", width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _bytes_to_unicode() -> dict[int, str]:
    """The byte alphabet of gpt-2's tokenizer."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    units = {byte: chr(byte) for byte in plain}
    extra = 0
    for byte in range(256):
        if byte not in units:
            units[byte] = chr(256 + extra)
            extra += 1
    return units
