"""A place that begins as somebody's picture: cropped, drawn over roughly, and its kind guessed for the menu."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from engine.writers.lexicon import PLACES, last_match

#: Where a square is tried along the longer side; the middle wins unless another shows clearly more.
TRIES = 9
MIDDLE = 0.25


def square(picture: Image.Image, *, size_px: int) -> Image.Image:
    """The square of a picture that shows most, RGB, `size_px` a side.

    What shows most is where most edges are; the middle is preferred, since that is where people point a camera.
    """
    picture = picture.convert("RGB")
    side = min(picture.size)
    spare = max(picture.size) - side
    edges = np.asarray(picture.convert("L").filter(ImageFilter.FIND_EDGES), dtype=np.float32)[1:-1, 1:-1]  # (H, W)
    wide = picture.width >= picture.height
    along = edges.mean(axis=0 if wide else 1)
    total = float(along.mean()) or 1.0

    def worth(start: int) -> float:
        shown = float(along[start:start + side].mean()) / total
        return shown - MIDDLE * abs((start + side / 2) / max(picture.size) - 0.5)

    starts = sorted({round(spare * number / (TRIES - 1)) for number in range(TRIES)})
    start = max(starts, key=lambda one: (round(worth(one), 3), -abs(one - spare / 2)))
    box = (start, 0, start + side, side) if wide else (0, start, side, start + side)
    return picture.crop(box).resize((size_px, size_px), Image.Resampling.LANCZOS)


def draw_over(picture: Image.Image) -> Image.Image:
    """A photograph as flat shapes, RGB: what the painter paints the plate over, once it has its light and style.

    Small things go, surfaces become even, colours a little stronger: as the scenery would have drawn it.
    """
    flat = picture.convert("RGB")
    reach = max(3, picture.width // 52 | 1)
    for _ in range(2):
        flat = flat.filter(ImageFilter.MedianFilter(min(reach, 9)))
    flat = ImageEnhance.Color(flat).enhance(1.18)
    few = flat.quantize(28, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return Image.blend(flat, few.filter(ImageFilter.MedianFilter(3)), 0.7)


def guess_kind(words: str, picture: Image.Image) -> str:
    """The kind of place this may be, from words first and colours after, or "" where neither says enough.

    Only ever a suggestion: the person chooses. Colours are looked at in three bands: sky, middle, ground.
    """
    said = last_match(re.sub(r"[^\w ]", " ", words), PLACES)
    if said:
        return said
    small = np.asarray(picture.convert("HSV").resize((24, 24)), dtype=np.float32)  # (24, 24, 3)
    hue, strength, value = small[..., 0] * 360 / 255, small[..., 1] / 255, small[..., 2] / 255

    def share(band: slice, low: float, high: float, least: float = 0.15) -> float:
        inside = (hue[band] >= low) & (hue[band] <= high) & (strength[band] >= least) & (value[band] > 0.15)
        return float(inside.mean())

    top, ground = slice(0, 8), slice(16, 24)
    blue_sky, green_sky = share(top, 180, 260), share(top, 60, 170)
    sand = float(((hue[ground] >= 20) & (hue[ground] <= 60) & (strength[ground] > 0.1) & (value[ground] > 0.55)).mean())
    white = float(((strength[ground] < 0.12) & (value[ground] > 0.75)).mean())
    if share(slice(0, 24), 170, 220, 0.4) > 0.8:
        return "underwater"
    if green_sky > 0.45 and share(slice(8, 16), 50, 170) > 0.4:
        return "forest"
    if white > 0.7 and blue_sky + float((value[top] > 0.7).mean()) > 0.6:
        return "snowfield"
    if blue_sky > 0.4 and sand > 0.5:
        return "beach"
    if blue_sky > 0.3 and share(ground, 60, 170) > 0.5:
        return "meadow"
    return ""
