"""Out of memory at every denoising step of a panel: how many panels are finished all the same, and how alike they are.

`python -m bench.out_of_memory [--painter FOLDER]` has a checkpoint (mini unless told) paint a panel again and again. At
every step k memory runs out: once, twice (less is tried each time) and for good. Prints one table; exit code 1 when a
panel was not finished that should be, or the one after it was another than before.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from engine.memory.underdrawing import sketch_plate
from engine.nouns import (
    CharacterId,
    Figure,
    Look,
    Painting,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
)
from engine.painters.unet import MINI_PAINTER, Less, UNetPainter
from engine.planning import plate_brief

FIGURE = Figure(CharacterId("c"), "Mia", Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
BRIEF = PanelBrief(PanelId("p"), StoryId("s"), "Mia waves.", (FIGURE,),
                   Setting(SettingId("x"), "garden", "the garden", 1))


class Grief:
    """Runs out of memory at step k, so many times."""

    def __init__(self, step: int, times: int) -> None:
        self.step, self.left = step, times

    def __call__(self, step: int, steps: int, png: bytes | None) -> None:
        if step == self.step and self.left:
            self.left -= 1
            raise torch.OutOfMemoryError("made for a measurement")


def apart(one: Painting, other: Painting) -> int:
    """The largest difference of two pictures, in 255ths."""
    pictures = [np.asarray(Image.open(io.BytesIO(each.png)).convert("RGB")).astype(int) for each in (one, other)]
    return int(np.abs(pictures[0] - pictures[1]).max())


def main() -> int:
    """Paint, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--painter", type=Path, default=MINI_PAINTER)
    painter = UNetPainter(parser.parse_args().painter)
    laid = sketch_plate(plate_brief(BRIEF), size_px=painter.size_px)

    def paint(grief: Grief) -> Painting:
        return painter.paint(BRIEF, laid, [], seed=1, on_step=grief)

    plain = paint(Grief(0, 0))
    steps, failed, table = plain.steps, 0, Table("memory runs out", "finished", "farthest from the plain one",
                                                 "the next panel")
    for times, name in ((1, "once"), (2, "twice"), (len(Less), "for good")):
        finished, farthest, next_same = 0, 0, 0
        for step in range(1, steps + 1):
            try:
                farthest = max(farthest, apart(paint(Grief(step, times)), plain))
                finished += 1
            except StudioFailed as failure:
                assert failure.reason == "studio_memory"
            next_same += paint(Grief(0, 0)).png == plain.png
        expected = 0 if times == len(Less) else steps
        failed += finished != expected or next_same != steps
        table.add_row(f"{name}, at each of {steps} steps", f"{finished} of {steps}",
                      f"{farthest} of 255" if finished else "a polite failure", f"{next_same} of {steps} the same")
    Console().print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
