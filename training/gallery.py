"""A page of unpicked panels: held-out briefs in their order, through the engine's own way from brief to picture.

    python -m training.gallery --out docs/pictures/panels.jpg
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
from PIL import Image

from engine.nouns import PanelBrief
from engine.painters.likeness import MiniLikeness
from engine.painters.unet import MINI_PAINTER
from training.evaluation.atelier import Atelier
from training.evaluation.variants import Engine
from training.world import sample_brief


def briefs(count: int, *, seed: int) -> list[PanelBrief]:
    """Briefs with somebody in them, of characters and places never met in training; the first that come."""
    chance = Random(f"gallery:{seed}")
    return [sample_brief(chance, held_out=True, count=chance.choices((1, 2, 3, 4), (30, 36, 24, 10))[0])
            for _ in range(count)]


def page(pictures: Sequence[Image.Image], *, columns: int, gap: int = 8) -> Image.Image:
    """Square pictures (RGB, one size) row by row on white, with gaps of some pixels between them."""
    side = pictures[0].width
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + gap) - gap, rows * (side + gap) - gap), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * (side + gap), number // columns * (side + gap)))
    return sheet


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="a JPEG or PNG")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--painter", type=Path, default=MINI_PAINTER)
    parser.add_argument("--underdrawings", action="store_true", help="each beside the underdrawing it was painted over")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Atelier(Path(folder), asked.painter), MiniLikeness())
        shown = []
        for brief in briefs(asked.count, seed=asked.seed):
            (underdrawing,) = engine.underdrawings([brief])
            if asked.underdrawings:
                shown.append(Image.open(io.BytesIO(underdrawing.png)).convert("RGB"))
            (panel,) = engine.paint([brief], (), checked=False)
            shown.append(Image.open(io.BytesIO(panel.png)).convert("RGB"))
    page(shown, columns=asked.columns).save(asked.out, quality=90)
    print(asked.out)


if __name__ == "__main__":
    main()
