"""SDXL and SD 1.5 on this machine's card: seconds and memory a panel, and how near that is to the floor.

    python -m bench.gpu.sdxl                         (SDXL's shape, random weights: a card with 16 GB)
    python -m bench.gpu.sdxl --family sd15           (SD 1.5's)
    python -m bench.gpu.sdxl --compile               (the repeated blocks compiled, too)
    python -m bench.gpu.sdxl --fitting offload       (as a card of 8 GB would run it; small: a smaller one)
    python -m bench.gpu.sdxl --toy --device cpu      (a toy's shape, to see that it runs)

Panels with no to four characters are painted by our painter, with and without what it keeps and its masks, and by the
bare diffusers call with as many adapter pictures, on the same weights. A distilled checkpoint (Lightning, LCM) is as
fast as any of its shape: `--steps` are those that are done. Speed does not ask what is in the weights.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from bench.gpu.random_sd import save_stable_diffusion
from bench.gpu.timing import Paint, Row, device_name, multiplied_a_second, operations, panel, table, timed
from engine.painters.adapters import attach_ip_adapter
from engine.painters.unet import Fitting, StableDiffusionPainter, StableDiffusionRecipe, best_fitting

#: What is put on or left out, row by row.
WAYS: dict[str, dict[str, bool]] = {
    "ours": {}, "ours, nothing kept": {"caching": False}, "ours, no masks": {"masked": False}}
COMPILED: dict[str, dict[str, bool]] = {"ours, compiled": {"compiled": True}}
AVATAR_PX = 512


def ours(painter: StableDiffusionPainter, characters: int) -> Paint:
    """A panel by our painter, from nouns to PNG."""
    def paint(run: int) -> object:
        brief, underdrawing, references = panel(characters, run, size_px=painter.size_px, reference_px=AVATAR_PX)
        return painter.paint(brief, underdrawing, references, seed=run, on_step=lambda *_: None)

    return paint


def stock(folder: Path, recipe: StableDiffusionRecipe, device: torch.device, fitting: Fitting | None,
          family: str) -> Any:
    """The stock pipeline on the stock parts with the stock adapter, fitted as diffusers does it."""
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline

    dtype = torch.float16 if device.type == "cuda" else torch.float32
    kind = StableDiffusionXLImg2ImgPipeline if family == "sdxl" else StableDiffusionImg2ImgPipeline
    pipeline = kind.from_pretrained(folder, dtype=dtype, feature_extractor=None)
    pipeline.set_progress_bar_config(disable=True)
    if recipe.ip_adapter is not None:
        attach_ip_adapter(pipeline, folder, recipe.ip_adapter, dtype)
        pipeline.set_ip_adapter_scale(recipe.ip_adapter.scale)
    if (fitting or best_fitting(pipeline, device)) is Fitting.WHOLE:
        return pipeline.to(device)
    pipeline.enable_model_cpu_offload(device=device)
    return pipeline


def bare(pipeline: Any, recipe: StableDiffusionRecipe, steps: int, characters: int) -> Paint:
    """The stock call with as many pictures and steps; at least one picture, since the stock call asks for it."""
    def paint(run: int) -> object:
        brief, underdrawing, references = panel(characters, run, size_px=recipe.size_px, reference_px=AVATAR_PX)
        avatars = [Image.open(io.BytesIO(png)).convert("RGB") for png in references[:max(1, characters)]]
        return pipeline(brief.words, image=Image.open(io.BytesIO(underdrawing.png)).convert("RGB"), strength=1.0,
                        num_inference_steps=steps, guidance_scale=recipe.guidance_scale, ip_adapter_image=[avatars],
                        generator=torch.Generator().manual_seed(run))

    return paint


def measure(folder: Path, *, device: torch.device, characters: Sequence[int], steps: Sequence[int], runs: int,
            family: str = "sdxl", fitting: Fitting | None = None, compiled: bool = False) -> list[Row]:
    """Every way of painting, for panels of so many characters in so many steps."""
    rate = multiplied_a_second(device, torch.float16 if device.type == "cuda" else torch.float32)
    rows: list[Row] = []
    floors: dict[tuple[int, int], float] = {}
    for what, given in (WAYS | (COMPILED if compiled else {})).items():
        painter = StableDiffusionPainter(folder, device=str(device), fitting=fitting, **given)
        for number_of_steps in steps:
            painter.recipe = replace(painter.recipe, steps=number_of_steps, start_share=1.0)
            for number in characters:
                if (number, number_of_steps) not in floors:
                    painter.let_go()       # so that the avatars are looked at, and counted
                    floors[number, number_of_steps] = operations(ours(painter, number)) / rate
                rows.append(Row(what, number, number_of_steps, *timed(ours(painter, number), device, runs),
                                floors[number, number_of_steps]))
        recipe = painter.recipe
        del painter
        if device.type == "cuda":
            torch.cuda.empty_cache()
    pipeline = stock(folder, recipe, device, fitting, family)
    rows += [Row("diffusers alone", number, number_of_steps,
                 *timed(bare(pipeline, recipe, number_of_steps, number), device, runs),
                 floors[number, number_of_steps]) for number_of_steps in steps for number in characters]
    return rows


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--family", choices=["sdxl", "sd15"], default="sdxl")
    parser.add_argument("--toy", action="store_true", help="a toy's shape instead of the whole")
    parser.add_argument("--characters", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, nargs="*", default=[4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="also with the repeated blocks compiled")
    parser.add_argument("--fitting", choices=[each.value for each in Fitting])
    asked = parser.parse_args()
    device = torch.device(asked.device)
    if device.type != "cuda" and not asked.toy:
        print("There is no CUDA card here; --toy shows that everything runs.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        folder = save_stable_diffusion(Path(place) / asked.family, asked.family, toy=asked.toy, device=str(device))
        rows = measure(folder, device=device, characters=asked.characters, steps=asked.steps, runs=asked.runs,
                       family=asked.family, fitting=Fitting(asked.fitting) if asked.fitting else None,
                       compiled=asked.compile)
    print(table(rows, f"{device_name(device)}, {'a toy' if asked.toy else f'{asked.family}, random weights'}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
