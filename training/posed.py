"""Underdrawings whose cut-outs are already in their poses: what the engine lays out where paper dolls can draw a look.

Written beside a shard's other arrays as `posed.npy` (N, S, S, 3 uint8); the true pictures stay the same.

    python -m training.posed --shards DIR [DIR ...] --workers 2
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from PIL import ImageFilter

from training.ledger import RUNS


def write_posed(folder: Path) -> int:
    """Lay out every pair of a shard with posed cut-outs over its own plate, sometimes a softer one; how many."""
    from engine.memory.underdrawing import CUTOUT_STANDING_PX, compose
    from engine.mini.dolls import draw_doll
    from engine.mini.scenery import apply_style, draw_setting
    from training.world import brief_from
    targets = np.load(folder / "targets.npy", mmap_mode="r")
    side = int(targets.shape[1])
    posed = np.empty(targets.shape, np.uint8)
    for row, line in enumerate((folder / "records.jsonl").read_text().splitlines()):
        brief, rng = brief_from(json.loads(line)), Random(f"posed:{folder.name}:{row}")
        plate = apply_style(draw_setting(brief.setting.kind, seed=brief.setting.seed, time_of_day=brief.time_of_day,
                                         weather=brief.weather, size_px=side), brief.style, seed=brief.setting.seed)
        if rng.random() < 0.4:                       # plates in use were painted, and came out softer
            plate = plate.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
        cutouts = [(figure.character_id, draw_doll(figure.look, height_px=CUTOUT_STANDING_PX, action=figure.action,
                                                   mood=figure.mood, holding=figure.holding).image, figure.place)
                   for figure in brief.figures]
        posed[row] = np.asarray(compose(plate, cutouts)[0])
    np.save(folder / "posed.part.npy", posed)
    (folder / "posed.part.npy").replace(folder / "posed.npy")
    return len(posed)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; shards already done are kept."""
    parser = argparse.ArgumentParser(prog="python -m training.posed", description=__doc__)
    parser.add_argument("--shards", type=Path, nargs="*", default=[RUNS / "shards", RUNS / "held-out"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--most", type=int, default=1000, help="shards")
    asked = parser.parse_args(arguments)
    folders = [path.parent for root in asked.shards for path in sorted(root.glob("*/records.jsonl"))
               if not (path.parent / "posed.npy").exists()][:asked.most]
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for number in pool.imap_unordered(write_posed, folders):
            print(f"{number} pairs", flush=True)


if __name__ == "__main__":
    main()
