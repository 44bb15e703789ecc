"""How much room a figure takes in each pose: what layout needs to know of the drawing engine. Standard library only.

The numbers in `silhouettes.json` are measured on drawn dolls of every kind and action
(`python -m bench.layouts --measure`), so that planning need not draw.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

#: Height of a band, in standing heights.
BAND = 0.1


@dataclass(frozen=True, slots=True)
class Silhouette:
    """A figure facing right, in standing heights; x to the right of its foot, y up from its lowest point."""

    head_x: float                              # middle of the head
    head_y: float
    head_rx: float                             # half its width and height
    head_ry: float
    bands: tuple[tuple[float, float] | None, ...]   # left and right end of what is drawn, by height, `BAND` each
    left: float                                # of all bands
    right: float
    top: float

    def mirrored(self) -> Silhouette:
        """The same facing left."""
        return _silhouette(-self.head_x, self.head_y, self.head_rx, self.head_ry, [
            None if band is None else (-band[1], -band[0]) for band in self.bands])


def _silhouette(x: float, y: float, rx: float, ry: float, bands: Sequence[tuple[float, float] | None]) -> Silhouette:
    there = [band for band in bands if band is not None]
    return Silhouette(x, y, rx, ry, tuple(bands), min(left for left, _ in there), max(right for _, right in there),
                      len(bands) * BAND)


@lru_cache(maxsize=1)
def _measured() -> dict[str, dict[str, list[int]]]:
    """kind -> action -> hundredths: head's x, y, rx, ry, then left and right of each band (left > right: nothing).

    Beside the kinds stands what a thing in the hand or a hat adds, "holding umbrella", "wearing sunhat": bands alone.
    """
    known: dict[str, dict[str, list[int]]] = json.loads(
        (files("engine") / "silhouettes.json").read_text(encoding="utf-8"))
    return known


@lru_cache(maxsize=4096)
def silhouette_of(kind: str, action: str, *, holding: str = "", headwear: str = "none", wheelchair: bool = False,
                  flip: bool = False) -> Silhouette:
    """The room a kind takes when it does something with something in its hand and something on its head.

    Words nobody knows stand like a girl, empty-handed and bareheaded.

    `flip`: facing left.
    """
    known = _measured()
    by_action = known.get(kind) or known["girl"]
    numbers = by_action.get("in a wheelchair" if wheelchair else action) or by_action["stands"]
    bands = _bands(numbers[4:])
    for more in (f"holding {holding}", f"wearing {headwear}"):
        for number, added in enumerate(_bands(known.get(more, {}).get(action, ()))):
            if number == len(bands):
                bands.append(None)
            band = bands[number]
            if added is not None:
                bands[number] = added if band is None else (min(band[0], added[0]), max(band[1], added[1]))
    x, y, rx, ry = (number / 100 for number in numbers[:4])
    found = _silhouette(x, y, rx, ry, bands)
    return found.mirrored() if flip else found


def _bands(numbers: Sequence[int]) -> list[tuple[float, float] | None]:
    return [(left / 100, right / 100) if left < right else None
            for left, right in zip(numbers[::2], numbers[1::2], strict=True)]
