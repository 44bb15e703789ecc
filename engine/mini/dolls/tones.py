"""Colours of the paper dolls: names to RGB, and the darker and lighter tones a drawing needs."""

from __future__ import annotations

from functools import lru_cache

from engine.vocabulary import COLOURS, SKINS

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (46, 31, 40)
BLUSH: Colour = (240, 110, 110)


def _rgb(hexcode: str) -> Colour:
    return int(hexcode[1:3], 16), int(hexcode[3:5], 16), int(hexcode[5:7], 16)


_NAMED = {name: _rgb(code) for name, code in {**COLOURS, **SKINS}.items()}
_NAMED["brown"] = _rgb(COLOURS["brown"])
_SKINS = {name: _rgb(code) for name, code in SKINS.items()}


def colour(name: str) -> Colour:
    """The sRGB of a colour word; grey for a word nobody knows."""
    return _NAMED.get(name, _NAMED["grey"])


def skin(name: str) -> Colour:
    """The sRGB of a skin word; peach for a word nobody knows."""
    return _SKINS.get(name, _SKINS["peach"])


@lru_cache(maxsize=4096)
def mix(one: Colour, two: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `two` in it."""
    keep = 1.0 - share
    return (
        int(one[0] * keep + two[0] * share + 0.5),
        int(one[1] * keep + two[1] * share + 0.5),
        int(one[2] * keep + two[2] * share + 0.5),
    )


def luminance(tone: Colour) -> float:
    """Perceived brightness, 0 to 255."""
    return 0.299 * tone[0] + 0.587 * tone[1] + 0.114 * tone[2]


@lru_cache(maxsize=1024)
def shade(tone: Colour) -> Colour:
    """The tone on the side away from the light: a little darker and cooler."""
    return mix(mix(tone, (0, 0, 0), 0.13), (92, 58, 130), 0.10)


@lru_cache(maxsize=1024)
def edge(tone: Colour) -> Colour:
    """The outline of a part in this tone. Near-black parts get a lighter line, or their shapes would vanish."""
    if luminance(tone) < 62:
        return mix(tone, (150, 144, 165), 0.38)
    return mix(tone, (52, 26, 44), 0.58)


def lighter(tone: Colour, share: float = 0.4) -> Colour:
    """The tone with white in it."""
    return mix(tone, WHITE, share)


def darker(tone: Colour, share: float = 0.25) -> Colour:
    """The tone with ink in it."""
    return mix(tone, INK, share)
