"""Real InstructPix2Pix-shaped checkpoints at toy size: the real classes, seeded, saved for the production loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine import vocabulary


def caption_words() -> list[str]:
    """Every word a caption of mini may hold, in a fixed order."""
    lists = (vocabulary.KINDS, vocabulary.ACTIONS, vocabulary.MOODS, vocabulary.SETTINGS, vocabulary.TIMES,
             vocabulary.WEATHERS, vocabulary.PROPS, vocabulary.SHOTS, vocabulary.STYLES, tuple("0123456789"),
             ("at", "to", "with", "."))
    return sorted({word for entries in lists for entry in entries for word in entry.split()})


def save_tokenizer(folder: Path, *, max_length: int = 32) -> int:
    """A CLIP tokenizer with one token a caption word. Returns the size of its vocabulary."""
    from transformers import CLIPTokenizer

    vocabulary_of = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    merges: list[tuple[str, str]] = []

    def add(token: str) -> None:
        vocabulary_of.setdefault(token, len(vocabulary_of))

    for letter in "abcdefghijklmnopqrstuvwxyz0123456789.-":
        add(letter)
        add(letter + "</w>")
    for word in caption_words():
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:             # one fixed chain of merges a word, from the left
            merge = (pieces[0], pieces[1])
            if merge not in merges:
                merges.append(merge)
            add(merge[0] + merge[1])
            pieces = [merge[0] + merge[1], *pieces[2:]]
    CLIPTokenizer(vocab=vocabulary_of, merges=merges, model_max_length=max_length).save_pretrained(folder)
    return len(vocabulary_of)


def save_painter(folder: Path, *, size_px: int = 64, channels: tuple[int, ...] = (16, 32), latent_channels: int = 4,
                 text_width: int = 32, vae_channels: tuple[int, ...] = (8, 8, 8), tiny_vae: bool = True,
                 vae_blocks: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 0, 1), (1, 1, 0)), steps: int = 4,
                 scheduler: Any = None, seed: int = 0, recipe: dict[str, Any] | None = None) -> Path:
    """Build, seed and save a whole pipeline with its `mini.json`. Returns the folder.

    `tiny_vae`: an `AutoencoderTiny` as mini has it; else an `AutoencoderKL` as Stable Diffusion has it.
    """
    import torch
    from diffusers import (
        AutoencoderKL,
        AutoencoderTiny,
        DPMSolverMultistepScheduler,
        StableDiffusionInstructPix2PixPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(seed)
    words = save_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text_encoder = CLIPTextModel(CLIPTextConfig(
        vocab_size=words, hidden_size=text_width, intermediate_size=text_width * 2, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=32, bos_token_id=0, eos_token_id=1, pad_token_id=1))
    down = ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (len(channels) - 1)
    up = ("CrossAttnUpBlock2D",) * (len(channels) - 1) + ("UpBlock2D",)
    unet = UNet2DConditionModel(
        sample_size=size_px // 2 ** (len(vae_channels) - 1), in_channels=2 * latent_channels,
        out_channels=latent_channels, block_out_channels=channels, layers_per_block=1, down_block_types=down,
        up_block_types=up,
        cross_attention_dim=text_width, norm_num_groups=8, attention_head_dim=4)
    vae = AutoencoderTiny(
        encoder_block_out_channels=vae_channels, decoder_block_out_channels=vae_channels,
        num_encoder_blocks=vae_blocks[0], num_decoder_blocks=vae_blocks[1],
        latent_channels=latent_channels, scaling_factor=0.5) if tiny_vae else AutoencoderKL(
        block_out_channels=vae_channels, latent_channels=latent_channels, norm_num_groups=4, layers_per_block=1,
        sample_size=size_px, scaling_factor=0.5, down_block_types=("DownEncoderBlock2D",) * len(vae_channels),
        up_block_types=("UpDecoderBlock2D",) * len(vae_channels), mid_block_add_attention=False)
    if scheduler is None:
        scheduler = DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, solver_order=1)
    StableDiffusionInstructPix2PixPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False).save_pretrained(folder)
    factors = torch.randn(latent_channels, 3).tolist()
    (folder / "mini.json").write_text(json.dumps({
        "size_px": size_px, "steps": steps, "guidance_scale": 3.0, "image_guidance_scale": 1.5,
        "latent_rgb_factors": factors, "revision": "toy", **(recipe or {})}), "utf-8")
    return folder
