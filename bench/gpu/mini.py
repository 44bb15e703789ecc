"""Mini on this machine, card or not: seconds and memory a panel, and how near that is to the floor.

    python -m bench.gpu.mini                         (on a card where there is one)
    python -m bench.gpu.mini --device cpu --threads 2
    python -m bench.gpu.mini --compile               (the whole UNet compiled, too)

The shipped weights, or any checkpoint like them (`--painter FOLDER`). Panels with so many characters are painted by our
painter and by the bare diffusers call on the same underdrawing and words. Characters cost mini nothing: they are in the
underdrawing.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from bench.gpu.timing import Paint, Row, device_name, multiplied_a_second, operations, panel, table, timed
from engine.painters.unet import MINI_PAINTER, UNetPainter
from engine.prompting import mini_caption


def ours(painter: UNetPainter, characters: int) -> Paint:
    """A panel by our painter, from nouns to PNG, previews included."""
    def paint(run: int) -> object:
        brief, underdrawing, references = panel(characters, run, size_px=painter.size_px)
        return painter.paint(brief, underdrawing, references, seed=run, on_step=lambda *_: None)

    return paint


def bare(painter: UNetPainter, characters: int) -> Paint:
    """The stock call on the same weights; it walks the whole way from noise, and asks for every guidance branch."""
    pipeline, recipe = painter._pipeline, painter.recipe

    def paint(run: int) -> object:
        brief, underdrawing, _ = panel(characters, run, size_px=painter.size_px)
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        with torch.inference_mode():
            return pipeline(mini_caption(brief), Image.open(io.BytesIO(underdrawing.png)).convert("RGB"),
                            num_inference_steps=recipe.steps, guidance_scale=recipe.guidance_scale,
                            image_guidance_scale=recipe.image_guidance_scale,
                            generator=torch.Generator().manual_seed(run))

    return paint


def measure(folder: Path, *, device: torch.device, characters: Sequence[int], steps: Sequence[int], runs: int,
            compiled: bool = False) -> list[Row]:
    """Every way of painting, for panels of so many characters in so many steps; no steps: the checkpoint's own."""
    rows: list[Row] = []
    floors: dict[tuple[int, int], float] = {}
    for what in ("ours", *(["ours, compiled"] if compiled else []), "diffusers alone"):
        for asked in steps or [None]:
            painter = UNetPainter(folder, device=str(device), steps=asked)
            number_of_steps = painter.recipe.steps
            rate = multiplied_a_second(device, painter._pipeline.unet.dtype)
            for number in characters:
                floors.setdefault((number, number_of_steps), operations(ours(painter, number)) / rate)
            if what == "ours, compiled":
                painter._pipeline.unet = torch.compile(painter._pipeline.unet)
            way = bare if what == "diffusers alone" else ours
            rows += [Row(what, number, number_of_steps, *timed(way(painter, number), device, runs),
                         floors[number, number_of_steps]) for number in characters]
    return rows


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--painter", type=Path, default=MINI_PAINTER)
    parser.add_argument("--characters", type=int, nargs="*", default=[0, 2, 4])
    parser.add_argument("--steps", type=int, nargs="*", default=[])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="also with the UNet compiled")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    device = torch.device(asked.device)
    rows = measure(asked.painter, device=device, characters=asked.characters, steps=asked.steps, runs=asked.runs,
                   compiled=asked.compile)
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    print(table(rows, f"{device_name(device)}{threads}, {asked.painter.name}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
