"""FLUX.2 klein checkpoints of random weights: the real classes at a toy's shape, or at klein 4B's own.

    python -m bench.gpu.random_klein FOLDER          (a toy, for trying what opens one: under a mebibyte)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

#: The shapes of FLUX.2 klein 4B's parts, as its repository's config files give them; the autoencoder's are its class's.
TRANSFORMER: dict[str, Any] = {
    "patch_size": 1, "in_channels": 128, "num_layers": 5, "num_single_layers": 20, "attention_head_dim": 128,
    "num_attention_heads": 24, "joint_attention_dim": 7680, "axes_dims_rope": (32, 32, 32, 32),
    "guidance_embeds": False}
TEXT: dict[str, Any] = {
    "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 40_960,
    "rope_theta": 1_000_000.0, "tie_word_embeddings": True}
VAE: dict[str, Any] = {}
#: The same at a toy's size. A token is 4 x 4 pixels: a panel of 64 pixels has 256 of them.
TOY_TRANSFORMER = TRANSFORMER | {"in_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
                                 "num_attention_heads": 2, "joint_attention_dim": 32, "axes_dims_rope": (4, 4, 4, 4)}
TOY_TEXT = TEXT | {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 5, "num_attention_heads": 2,
                   "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512}
TOY_VAE: dict[str, Any] = {
    "block_out_channels": (8, 8), "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4, "sample_size": 64,
    "down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2,
    "mid_block_add_attention": False}
#: How a toy wants to be run.
TOY_RECIPE: dict[str, Any] = {"size_px": 64, "reference_px": 64, "steps": 4, "text_tokens": 96, "text_layers": [1, 2],
                              "revision": "toy"}
#: As FLUX.2's repositories have it: how much noise there is at a step depends on how many tokens a picture has.
SCHEDULER: dict[str, Any] = {"shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15,
                             "base_image_seq_len": 256, "max_image_seq_len": 4096}
#: A chat format like Qwen's, as short as can be.
TEMPLATE = ("{% for message in messages %}<|im_start|>{{ message['role'] }} {{ message['content'] }}<|im_end|>"
            "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}")


def save_tokenizer(folder: Path) -> int:
    """A byte-level tokenizer that knows every letter and no word. Returns the size of its vocabulary."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2TokenizerFast

    vocabulary = {letter: number for number, letter in enumerate(sorted(ByteLevel.alphabet()))}
    for special in ("<|endoftext|>", "<|im_start|>", "<|im_end|>"):
        vocabulary[special] = len(vocabulary)
    tokenizer = Qwen2TokenizerFast(vocab=vocabulary, merges=[], unk_token="<|endoftext|>", eos_token="<|im_end|>",
                                   pad_token="<|endoftext|>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def parts(*, toy: bool, vocabulary: int = 0) -> dict[str, Any]:
    """The three models, on torch's default device (`torch.device("meta")` around it: shapes without weights)."""
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
    from transformers import Qwen3Config, Qwen3ForCausalLM

    words = TOY_TEXT | {"vocab_size": vocabulary} if toy else TEXT
    return {"transformer": Flux2Transformer2DModel(**(TOY_TRANSFORMER if toy else TRANSFORMER)),
            "text_encoder": Qwen3ForCausalLM(Qwen3Config(**words)),
            "vae": AutoencoderKLFlux2(**(TOY_VAE if toy else VAE))}


def save_klein(folder: Path, *, toy: bool = True, seed: int = 0, device: str = "cpu",
               recipe: dict[str, Any] | None = None) -> Path:
    """Build, seed and save a whole pipeline with its recipe (`recipe` over the toy's). Returns the folder.

    Weights are made on `device` in the width they are kept in: float32 for a toy, else bfloat16 (16 GB).
    """
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline
    from transformers import Qwen2TokenizerFast

    vocabulary = save_tokenizer(folder / "tokenizer")
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if toy else torch.bfloat16)
    try:
        with torch.device(device):
            models = parts(toy=toy, vocabulary=vocabulary)
    finally:
        torch.set_default_dtype(before)
    models["vae"].bn.running_mean.normal_()
    models["vae"].bn.running_var.uniform_(0.5, 1.5)
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**SCHEDULER), is_distilled=True,
        tokenizer=Qwen2TokenizerFast.from_pretrained(folder / "tokenizer"), **models).save_pretrained(folder)
    (folder / "storythread.json").write_text(
        json.dumps((TOY_RECIPE if toy else {"revision": "random"}) | (recipe or {})), "utf-8")
    return folder


if __name__ == "__main__":
    print(save_klein(Path(sys.argv[1])))
