"""FLUX.2 klein on this machine's card: seconds and memory a panel, and how near that is to the floor.

    python -m bench.gpu.klein                        (klein 4B's shape, random weights: a card with 24 GB)
    python -m bench.gpu.klein --compile              (the repeated blocks compiled, too)
    python -m bench.gpu.klein --fitting offload      (as a card of 12 GB would run it; small: one of 8 GB)
    python -m bench.gpu.klein --toy --device cpu     (a toy's shape, to see that it runs)

Panels with no to four characters are painted by our painter, with and without its caches and its mask, and by the bare
diffusers call on pictures of the same sizes, on the same weights. Speed does not ask what is in the weights.
"""

from __future__ import annotations

import argparse
import gc
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from bench.gpu.random_klein import save_klein
from bench.gpu.timing import Paint, Row, device_name, multiplied_a_second, operations, panel, table, timed
from engine.painters.klein import Fitting, KleinPainter, KleinRecipe, best_fitting

#: What is put on or left out, row by row.
WAYS: dict[str, dict[str, bool]] = {
    "ours": {}, "ours, no caches": {"caching": False}, "ours, no mask": {"masked": False}}
COMPILED: dict[str, dict[str, bool]] = {"ours, compiled": {"compiled": True}}


def ours(painter: KleinPainter, characters: int) -> Paint:
    """A panel by our painter, from nouns to PNG."""
    sizes = {"size_px": painter.size_px, "reference_px": painter.recipe.reference_px}

    def paint(run: int) -> object:
        brief, underdrawing, references = panel(characters, run, **sizes)
        return painter.paint(brief, underdrawing, references, seed=run, on_step=lambda *_: None)

    return paint


def stock(folder: Path, device: torch.device, fitting: Fitting) -> Flux2KleinPipeline:
    """The stock pipeline on the stock parts, fitted as diffusers does it."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    pipeline = Flux2KleinPipeline.from_pretrained(folder, dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    if fitting is Fitting.WHOLE:
        return pipeline.to(device)
    pipeline.enable_model_cpu_offload(device=device)
    return pipeline


def bare(pipeline: Flux2KleinPipeline, recipe: KleinRecipe, steps: int, characters: int) -> Paint:
    """The stock call with as many pictures and tokens."""
    def paint(run: int) -> object:
        brief, underdrawing, references = panel(characters, run, size_px=recipe.size_px,
                                                reference_px=recipe.reference_px)
        pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in (underdrawing.png, *references)]
        return pipeline(image=pictures, prompt=brief.words, height=recipe.size_px, width=recipe.size_px,
                        num_inference_steps=steps, guidance_scale=1.0,
                        generator=torch.Generator().manual_seed(run), max_sequence_length=recipe.text_tokens,
                        text_encoder_out_layers=recipe.text_layers)

    return paint


def measure(folder: Path, *, device: torch.device, characters: Sequence[int], steps: Sequence[int], runs: int,
            fitting: Fitting | None = None, compiled: bool = False) -> list[Row]:
    """Every way of painting, for panels of so many characters in so many steps."""
    rate = multiplied_a_second(device, torch.bfloat16 if device.type == "cuda" else torch.float32)
    rows: list[Row] = []
    floors: dict[tuple[int, int], float] = {}
    for what, given in (WAYS | (COMPILED if compiled else {})).items():
        for number_of_steps in steps:
            painter = KleinPainter(folder, device=str(device), fitting=fitting, steps=number_of_steps, **given)
            for number in characters:
                if (number, number_of_steps) not in floors:
                    floors[number, number_of_steps] = operations(ours(painter, number)) / rate
                    painter.let_go()
                rows.append(Row(what, number, number_of_steps, *timed(ours(painter, number), device, runs),
                                floors[number, number_of_steps]))
            # Gone before the next is opened: a card of 24 GB holds one.
            painter.let_go()
            del painter
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()
    pipeline = stock(folder, device, fitting or best_fitting(device))
    rows += [Row("diffusers alone", number, number_of_steps,
                 *timed(bare(pipeline, KleinRecipe.read(folder), number_of_steps, number), device, runs),
                 floors[number, number_of_steps]) for number_of_steps in steps for number in characters]
    return rows


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--toy", action="store_true", help="a toy's shape instead of klein 4B's")
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
        folder = save_klein(Path(place) / "klein", toy=asked.toy, device=str(device))
        rows = measure(folder, device=device, characters=asked.characters, steps=asked.steps, runs=asked.runs,
                       fitting=Fitting(asked.fitting) if asked.fitting else None, compiled=asked.compile)
    print(table(rows, f"{device_name(device)}, {'a toy' if asked.toy else 'klein 4B, random weights'}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
