"""`python -m training.world`: write shards of training pairs, or a contact sheet of them."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from training.world.pairs import render_pair
from training.world.sampler import sample_brief
from training.world.shards import write_shards


def contact_sheet(seed: int, *, columns: int = 4, rows: int = 5, held_out: bool = False) -> Image.Image:
    """Underdrawing beside target, with its caption under both; RGB."""
    side, foot = 256, 34
    sheet = Image.new("RGB", (columns * (side * 2 + 10), rows * (side + foot)), (248, 246, 240))
    draw = ImageDraw.Draw(sheet)
    for index in range(columns * rows):
        rng = Random(f"sheet:{seed}:{index}")
        pair = render_pair(sample_brief(rng, held_out=held_out), rng)
        x, y = index % columns * (side * 2 + 10), index // columns * (side + foot)
        sheet.paste(pair.underdrawing, (x, y))
        sheet.paste(pair.target, (x + side, y))
        for start in (0, 84):
            draw.text(
                (x + 3, y + side + 2 + (13 if start else 0)),
                f"[{pair.way}] {pair.caption}"[start : start + 84],
                fill=(60, 50, 60),
            )
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.world", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="pairs to write")
    parser.add_argument("--out", type=Path, help="folder for the shards")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shard", type=int, default=1000, help="pairs in a shard")
    parser.add_argument("--size", type=int, default=256, help="pixels a side")
    parser.add_argument("--held-out", action="store_true", help="characters and places kept from training")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here instead")
    asked = parser.parse_args()
    if asked.sheet is not None:
        contact_sheet(asked.seed, held_out=asked.held_out).save(asked.sheet)
        print(f"contact sheet: {asked.sheet}")
        return
    if asked.out is None:
        parser.error("--out or --sheet is needed")
    begun = time.monotonic()
    for done in write_shards(
        asked.out,
        count=asked.count,
        seed=asked.seed,
        workers=asked.workers,
        held_out=asked.held_out,
        size_px=asked.size,
        shard_pairs=asked.shard,
    ):
        rate = done / (time.monotonic() - begun)
        left = (asked.count - done) / rate if rate else 0.0
        print(f"{done}/{asked.count} pairs, {rate:.0f} a second, {left:.0f} s left", flush=True)


if __name__ == "__main__":
    main()
