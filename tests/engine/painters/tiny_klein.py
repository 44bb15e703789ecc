"""Real FLUX.2 klein checkpoints at toy size: the real classes, seeded, saved for the production loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def save_klein(folder: Path, *, size_px: int = 64, reference_px: int = 64, steps: int = 4, seed: int = 0,
               recipe: dict[str, Any] | None = None) -> Path:
    """Build, seed and save a whole pipeline with its recipe. Returns the folder."""
    import torch
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

    words = save_tokenizer(folder / "tokenizer")
    torch.manual_seed(seed)
    transformer = Flux2Transformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, timestep_guidance_channels=256, axes_dims_rope=[4, 4, 4, 4], guidance_embeds=False)
    text_encoder = Qwen3ForCausalLM(Qwen3Config(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        rope_theta=1000000.0, vocab_size=words, max_position_embeddings=512))
    # Two levels: a latent is 2 x 2 pixels, a token 4 x 4, so that a panel of 64 pixels has 256 tokens.
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=size_px,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        mid_block_add_attention=False)
    vae.bn.running_mean.normal_()
    vae.bn.running_var.uniform_(0.5, 1.5)
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text_encoder,
        tokenizer=Qwen2TokenizerFast.from_pretrained(folder / "tokenizer"), transformer=transformer,
        is_distilled=True).save_pretrained(folder)
    (folder / "storythread.json").write_text(json.dumps({
        "size_px": size_px, "reference_px": reference_px, "steps": steps, "text_tokens": 96, "text_layers": [1],
        "revision": "toy", **(recipe or {})}), "utf-8")
    return folder
