"""Proportions of the paper dolls, by kind. One hundred units are the standing height, feet to top of the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.vocabulary import CREATURES, KINDS


@dataclass(frozen=True, slots=True)
class Build:
    """Lengths in hundredths of the standing height; half-widths where a width is meant."""

    head: float                            # radius of the head, up and down
    wide: float                            # head's width to its height
    torso: float                           # hip to shoulder
    leg: float                             # hip joint to sole
    shoulder: float                        # half
    hip: float                             # half
    arm: float                             # each of its two bones
    arm_r: float                           # half thickness at the shoulder
    leg_r: float
    hand: float                            # radius
    shoe: float                            # half length
    belly: float = 1.0                     # how much the middle bulges


_BUILDS = {
    "child": Build(20.5, 1.05, 28, 32, 9.5, 9.5, 15, 3.7, 4.4, 3.8, 6.3),
    "woman": Build(18.0, 1.02, 30, 38, 9.5, 9.5, 15.5, 3.1, 4.2, 3.3, 5.6),
    "man": Build(17.5, 1.03, 31, 38, 12.5, 10.5, 16, 3.8, 4.7, 3.8, 6.4),
    "grandmother": Build(18.5, 1.06, 31, 34, 11.0, 12.0, 14.5, 3.6, 4.4, 3.6, 6.0, 1.12),
    "grandfather": Build(18.2, 1.04, 31.5, 35, 12.0, 12.0, 15, 3.8, 4.6, 3.8, 6.4, 1.15),
    "baby": Build(25.0, 1.06, 30, 21, 10.5, 12.5, 15, 4.6, 5.6, 4.6, 6.0, 1.15),
    "bear": Build(20.5, 1.12, 31, 28, 12.5, 14.5, 15.5, 5.2, 5.8, 5.2, 7.4, 1.15),
    "rabbit": Build(20.5, 1.04, 29, 30, 9.0, 11.0, 15, 3.9, 4.7, 4.2, 7.6, 1.08),
    "cat": Build(20.5, 1.14, 29, 30, 9.0, 10.5, 15, 3.8, 4.5, 4.2, 6.2, 1.05),
    "dog": Build(20.0, 1.08, 30, 30, 10.0, 11.0, 15, 4.2, 4.8, 4.5, 6.8, 1.06),
    "fox": Build(20.0, 1.16, 29, 31, 9.0, 10.0, 15, 3.6, 4.2, 4.0, 6.0, 1.0),
    "mouse": Build(22.5, 1.05, 28, 27, 9.0, 11.5, 15, 3.5, 4.2, 3.8, 6.0, 1.12),
    "dragon": Build(19.5, 1.12, 32, 29, 11.0, 14.5, 15, 4.4, 5.8, 4.6, 7.6, 1.18),
    "robot": Build(18.5, 1.18, 32, 31, 13.0, 11.5, 14.5, 3.2, 4.0, 4.6, 7.4),
    "unicorn": Build(19.5, 1.0, 31, 30, 10.0, 11.5, 15, 4.2, 4.8, 4.4, 5.8, 1.06),
    "penguin": Build(20.5, 1.08, 36, 23, 12.0, 15.5, 14.5, 4.6, 5.0, 4.0, 7.4, 1.22),
}


def known_kind(kind: str) -> str:
    """The kind itself, or "girl" for a word nobody knows."""
    return kind if kind in KINDS else "girl"


def is_creature(kind: str) -> bool:
    return kind in CREATURES


@lru_cache(maxsize=512)
def build_of(kind: str, size: float) -> Build:
    """The proportions of a kind. A small `size` is slighter with a bigger head, a large one sturdier."""
    kind = known_kind(kind)
    base = _BUILDS["child" if kind in ("girl", "boy") else kind]
    stout = 1.0 + 0.55 * (min(1.3, max(0.7, size)) - 1.0)
    return Build(
        head=base.head / (1 + 0.25 * (stout - 1)), wide=base.wide, torso=base.torso, leg=base.leg,
        shoulder=base.shoulder * stout, hip=base.hip * stout, arm=base.arm, arm_r=base.arm_r * stout,
        leg_r=base.leg_r * stout, hand=base.hand, shoe=base.shoe, belly=base.belly)
