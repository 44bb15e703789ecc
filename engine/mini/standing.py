"""Where cut-outs go: from a place in the panel to pixels, and two who touch really meeting.

One piece of code for the true pictures of the world and for the underdrawings of memory: what training paints over is
laid out to the pixel where use lays it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from engine.nouns import Figure, Place
from engine.vocabulary import TOUCHING

#: How far two who touch must overlap, and the most they are moved for it; fractions of the panel.
OVERLAP, MOST_MOVED = 0.02, 0.16
#: Who hugs leans in further, in standing heights.
EMBRACE = 0.12
#: The most of a cut-out's width that the frame may cut off.
CUT = 0.08


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a cut-out's left top goes and how large it is drawn, in pixels of the panel."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def foot_x(cutout: Image.Image) -> float:
    """Where the feet's middle is in an RGBA cut-out, in pixels from the left: tails and wings must not shift it."""
    import numpy as np  # here, because the face starts without it

    alpha = np.asarray(cutout.getchannel("A"), dtype=np.float32)
    columns = alpha[int(alpha.shape[0] * 0.92):].sum(axis=0)  # (W,)
    total = float(columns.sum())
    if total == 0.0:
        return cutout.width / 2
    return float((columns * np.arange(cutout.width)).sum() / total)


def stand(cutout: Image.Image, place: Place, side: int) -> Spot:
    """The spot of a cut-out as it is to be seen (already scaled and mirrored) in a panel of `side` pixels.

    Who would hang out of the frame sideways, as sleepers do, is moved in until no more than `CUT` of them is lost.
    """
    width, height = cutout.size
    least, most = round(-CUT * width), round(side - (1 - CUT) * width)
    left = round(place.x * side - foot_x(cutout))
    return Spot(min(max(left, least), most) if least < most else round((side - width) / 2),
                round(place.y * side - height), width, height)


def meet(figures: Sequence[Figure], spots: Sequence[Spot | None], side: int) -> list[Spot | None]:
    """The spots with everybody who touches somebody moved sideways until the two overlap; None stays None."""
    moved = list(spots)
    where = {figure.character_id: index for index, figure in enumerate(figures)}
    for index, figure in enumerate(figures):
        partner = where.get(figure.toward) if figure.toward is not None else None
        one, other = moved[index], None if partner is None else moved[partner]
        if figure.action not in TOUCHING or partner == index or one is None or other is None:
            continue
        wanted, most = round(OVERLAP * side), round(MOST_MOVED * side)
        if figure.action == "hugs":
            wanted = round(EMBRACE * figure.place.height * side)
        from_left = one.left < other.left
        gap = (other.left - one.right if from_left else one.left - other.right) + wanted
        if gap > 0:
            step = min(most, gap)
            moved[index] = replace(one, left=one.left + (step if from_left else -step))
    return moved
