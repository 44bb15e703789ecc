"""What the weights of SDXL and SD 1.5 with their adapters take, counted on torch's meta device, in sixteen bits.

    python -m bench.gpu.sdxl_arithmetic              (the table of docs/gpu.md)
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from bench.gpu.arithmetic import GIB, weights
from bench.gpu.random_sd import EYES, RESAMPLERS, eyes, ip_adapter_weights, parts


def models_of(family: str) -> dict[str, Any]:
    """All parts of a family as the painter holds them, the adapter within the UNet, without weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
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


def table() -> str:
    """What each part weighs, as Markdown."""
    names = ("unet", "adapter", "text_encoder", "text_encoder_2", "image_encoder", "vae")
    lines = ["| GiB of weights | " + " | ".join(name.replace("_", " ") for name in names) + " | together |",
             "|---|" + "---|" * (len(names) + 1)]
    for family in ("sdxl", "sd15"):
        models = models_of(family)
        adapter = models.pop("adapter")
        held = {name: weights(part) / GIB for name, part in models.items()} | {"adapter": adapter / GIB}
        held["unet"] -= held["adapter"]
        lines.append(f"| {family} | " + " | ".join(f"{held[name]:.2f}" if name in held else "" for name in names)
                     + f" | {sum(held.values()):.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
    sys.exit(0)
