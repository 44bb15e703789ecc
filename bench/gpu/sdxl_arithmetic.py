"""What SDXL and SD 1.5 with their adapters take, counted on torch's meta device, with no card and no weights.

    python -m bench.gpu.sdxl_arithmetic              (the tables of docs/gpu.md)

Counted as `bench.gpu.arithmetic` counts for klein, in sixteen bits.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from bench.gpu.arithmetic import GIB, Job, decoding, encoding, operations, weights, working
from bench.gpu.random_sd import EYES, RESAMPLERS, eyes, ip_adapter_weights, parts
from engine.painters.denoising import TILE_PX, decode_in_tiles

SIZES = {"sdxl": 1024, "sd15": 512}
HALF = torch.bfloat16                     # as wide as the sixteen bits it runs in
#: What CLIP's eyes hand on of a picture of 224 pixels in patches of 14: 16 x 16 patches and the whole.
SEEN = 257


def models_of(family: str) -> dict[str, Any]:
    """All parts of a family as the painter holds them, the adapter within the UNet, without weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(HALF)
    try:
        with torch.device("meta"):
            models = parts(family, toy=False, words=49_408)
            models["image_encoder"] = eyes(toy=False)
            plain = weights(models["unet"])
            flat = ip_adapter_weights(models["unet"], EYES["hidden_size"], RESAMPLERS[family])
            state: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
            for name, tensor in flat.items():
                part, _, rest = name.partition(".")
                state[part][rest] = tensor
            models["unet"]._load_ip_adapter_weights([state], low_cpu_mem_usage=False)
    finally:
        torch.set_default_dtype(before)
    models["adapter"] = weights(models["unet"]) - plain
    return models


def denoising(models: dict[str, Any], size_px: int, references: int, *, guided: bool = False) -> Job:
    """One step with so many avatars, each in its own part; `guided`: away from words, too, which doubles it."""
    unet = models["unet"]
    config, side = unet.config, size_px // 8
    entries = 2 if guided else 1

    def step() -> Any:
        for processor in unet.attn_processors.values():
            if hasattr(processor, "to_k_ip"):
                processor.scale = [[0.6] * references if references else 0.0]
        added: dict[str, Any] = {"image_embeds": [
            torch.empty((entries, max(1, references), SEEN, EYES["hidden_size"]), dtype=HALF)]}
        if config.addition_embed_type:
            added |= {"text_embeds": torch.empty((entries, 1280), dtype=HALF),
                      "time_ids": torch.empty((entries, 6), dtype=HALF)}
        masks = [torch.empty((1, references, side, side), dtype=HALF)]
        return unet(torch.empty((entries, 4, side, side), dtype=HALF), torch.empty(1, dtype=HALF),
                    encoder_hidden_states=torch.empty((entries, 77, config.cross_attention_dim), dtype=HALF),
                    cross_attention_kwargs={"ip_adapter_masks": masks} if references else None,
                    added_cond_kwargs=added, return_dict=False)

    return unet, step


def looking(models: dict[str, Any]) -> Job:
    """CLIP's eyes on one avatar."""
    part = models["image_encoder"]
    return part, lambda: part(torch.empty((1, 3, EYES["image_size"], EYES["image_size"]), dtype=HALF),
                              output_hidden_states=True)


def tables() -> str:
    """Everything, as Markdown."""
    every = {family: models_of(family) for family in SIZES}
    names = ("unet", "adapter", "text_encoder", "text_encoder_2", "image_encoder", "vae")
    lines = ["| GiB of weights | " + " | ".join(name.replace("_", " ") for name in names) + " | together |",
             "|---|" + "---|" * (len(names) + 1)]
    for family, models in every.items():
        held = {name: weights(models[name]) / GIB if name != "adapter" else models[name] / GIB
                for name in names if name in models}
        held["unet"] -= held["adapter"]
        lines.append(f"| {family} | " + " | ".join(f"{held[name]:.2f}" if name in held else "" for name in names)
                     + f" | {sum(held.values()):.1f} |")
    lines += ["", "| GiB of work | step, nobody | 2 | 8 | 2, guided | encode | decode | decode in tiles |",
              "|---|---|---|---|---|---|---|---|"]
    for family, models in every.items():
        size = SIZES[family]
        jobs = [*(denoising(models, size, number) for number in (0, 2, 8)),
                denoising(models, size, 2, guided=True)]
        told = [working(*job) / GIB for job in jobs]
        told += [working(*encoding(models, size)) / GIB, working(*decoding(models, size)) / GIB]
        decode_in_tiles(models["vae"])
        told.append(working(*decoding(models, size)) / GIB)
        models["vae"].disable_tiling()
        lines.append(f"| {family}, {size} px | " + " | ".join(f"{each:.2f}" for each in told) + " |")
    lines += ["", "| TFLOP | step, nobody | 2 | 8 | an avatar looked at | encode | decode | panel: 5 steps, 2 |",
              "|---|---|---|---|---|---|---|---|"]
    for family, models in every.items():
        size = SIZES[family]
        steps = {number: operations(denoising(models, size, number)) for number in (0, 2, 8)}
        rest = [operations(looking(models)), operations(encoding(models, size)), operations(decoding(models, size))]
        panel = 5 * steps[2] + rest[1] + rest[2]
        lines.append(f"| {family}, {size} px | " + " | ".join(f"{each / 1e12:.2f}" for each in (
            *steps.values(), *rest, panel)) + " |")
    return "\n".join(lines) + f"\n\nTiles of {TILE_PX} px."


if __name__ == "__main__":
    print(tables())
    sys.exit(0)
