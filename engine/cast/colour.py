"""Colours as people name them: a photo in plain light, CIELAB tones, and the nearest word for each.

OpenCV is imported when the first photo is measured.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from engine.vocabulary import COLOURS, SKINS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Mask = NDArray[np.bool_]

#: OpenCV's detectors and its k-means are not safe to use from two threads at once.
one_at_a_time = threading.Lock()
#: How bright the brightest hundredth of a photo is made, in CIELAB lightness, and by what at most.
_BRIGHT, _MOST_LIGHT = 84.0, 1.9
#: (brightest - faintest channel) / brightest of a pixel above which its colour is its own.
COLOURFUL: Final = 0.5


def to_lab(rgb: NDArray[Any]) -> Array:
    """CIELAB, lightness 0 to 100, a and b about -100 to 100: (height, width, 3)."""
    import cv2
    import numpy as np

    out: Array = cv2.cvtColor(np.asarray(rgb, np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return out


def in_plain_light(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo as in plain daylight: the light's own colour taken out, and brighter where it is dark.

    Grey edge (van de Weijer, Gevers and Gijsenij, "Edge-Based Color Constancy", 2007): the differences between
    neighbours average to the colour of the light. A pink wall has none, so it is left pink. Green and magenta light is
    rarer than green meadows: of that only half is believed.
    """
    import cv2
    import numpy as np

    scale = min(1.0, 400 / max(rgb.shape))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 2)
    differences = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    # what has a strong colour of its own says nothing of the light: a flag, a lawn, a red tie
    brightest, faintest = small.max(axis=2), small.min(axis=2)
    edges = differences[(brightest < 250) & (brightest - faintest < COLOURFUL * brightest)]
    # a drawing, or a toy before a bare wall, has too few differences to tell the light from the things
    sure = float(np.clip(((differences.mean(axis=2) > 4).mean() - 0.12) / 0.15, 0, 1))
    if not len(edges) or sure == 0:
        return rgb
    light = edges.mean(axis=0) / edges.mean()
    gains = np.clip(np.array([1 / light[0], light[1] ** -0.5, 1 / light[2]]), 0.75, 1.35)
    gains = gains / gains.mean()
    # a little off is the scene's own colours; a lamp's or a shadow's light is off by much
    strength = float(np.clip((np.abs(np.log(gains)).max() - 0.05) / 0.05, 0, 1))
    gains = gains ** (sure * strength)
    lightest = float(np.percentile(to_lab(np.clip(small * gains, 0, 255))[..., 0], 99))
    exposure = min(_MOST_LIGHT, max(1.0, _BRIGHT / max(1.0, lightest))) ** sure
    out: NDArray[np.uint8] = np.clip(rgb * (gains * exposure), 0, 255).astype(np.uint8)
    return out


@lru_cache(maxsize=8)
def _swatches(names: tuple[str, ...], skins: bool = False) -> Array:
    import numpy as np

    table = SKINS if skins else COLOURS
    rgb = np.array([[[int(table[n][i:i + 2], 16) for i in (1, 3, 5)] for n in names]], np.uint8)
    out: Array = to_lab(rgb)[0]
    return out


def nearest_colour(tone: Array, names: tuple[str, ...] = tuple(COLOURS)) -> str:
    """The colour word nearest to a CIELAB tone. Lightness counts less than hue: cloth lies in shadow, fur shines."""
    import numpy as np

    lightness, chroma = float(tone[0]), float(np.hypot(tone[1], tone[2]))
    if chroma < 11:                                         # no hue to speak of: black, grey, white
        word = "black" if lightness < 31 else "grey" if lightness < 68 else "white"
        if word in names:
            return word
    difference = (_swatches(names) - tone) * np.array([0.62, 1.0, 1.0], np.float32)
    distances = np.linalg.norm(difference, axis=1)
    if chroma > 20:                                         # a coloured thing is not called grey, white or black
        for i, name in enumerate(names):
            if name in ("grey", "white", "black"):
                distances[i] += 30
    return names[int(distances.argmin())]


def nearest_skin(tone: Array) -> str:
    """The skin word nearest to a CIELAB tone.

    By lightness, and by chroma over lightness: that ratio grows from porcelain to deep, and a darker exposure
    leaves it as it is.
    """
    import numpy as np

    names = tuple(SKINS)
    swatches = _swatches(names, True)
    ratios = np.hypot(swatches[:, 1], swatches[:, 2]) / swatches[:, 0]
    ratio = np.hypot(tone[1], tone[2]) / max(1.0, float(tone[0]))
    return names[int((0.6 * np.abs(swatches[:, 0] - tone[0]) + 60 * np.abs(ratios - ratio)).argmin())]


def hair_colour_of(tone: Array) -> str:
    """The hair colour word for a CIELAB tone, by lightness and chroma: dark hair keeps little of its hue."""
    import numpy as np

    lightness, a, b = (float(v) for v in tone)
    chroma = float(np.hypot(a, b))
    hue = float(np.degrees(np.arctan2(b, a))) % 360
    if chroma > 24 and lightness > 20 and (hue < 25 or hue > 110):
        return nearest_colour(tone, ("red", "pink", "blue", "purple", "teal"))
    if lightness < 13 or (lightness < 25 and chroma < 12) or (lightness < 27 and chroma < 6):
        return "black"
    if chroma < 8.5:
        return "white" if lightness > 72 else "grey" if lightness > 38 else "black"
    if chroma > 30 and hue < 62 and lightness > 30:
        return "ginger"
    if lightness < 41:
        return "brown"
    return "tan" if lightness < 57 else "blond"


def skin_like(lab: Array, tone: Array, within: float) -> Mask:
    import numpy as np

    difference = (lab - tone) * np.array([0.5, 1.0, 1.0], np.float32)
    out: Mask = np.linalg.norm(difference, axis=-1) < within
    return out


def crop(lab: Array, left: float, top: float, right: float, bottom: float) -> Array:
    height, width = lab.shape[:2]
    return lab[max(0, int(top)):max(0, min(height, int(bottom))), max(0, int(left)):max(0, min(width, int(right)))]


def tones_of(pixels: Array, count: int) -> list[tuple[Array, float]]:
    """The main tones of some pixels with their shares, largest first. k-means, always the same."""
    import cv2
    import numpy as np

    sample = np.ascontiguousarray(pixels[::max(1, len(pixels) // 4000)], np.float32)
    count = min(count, len(sample))
    with one_at_a_time:
        cv2.setRNGSeed(7)
        _, labels, centres = cv2.kmeans(sample, count, None, (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20,
                                                              0.5), 2,
                                        cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(sample)
    order = np.argsort(-shares)
    return [(centres[i], float(shares[i])) for i in order]


def dominant(pixels: Array) -> tuple[Array, float]:
    """The largest tone, near tones counted together, and its share."""
    import numpy as np

    tones = tones_of(pixels, 5)
    best: tuple[Array, float] = tones[0]
    for tone, _ in tones:
        near = [(t, s) for t, s in tones if float(np.linalg.norm((t - tone) * np.array([0.6, 1, 1], np.float32))) < 14]
        share = sum(s for _, s in near)
        if share > best[1] + 1e-6:
            best = (np.sum([t * s for t, s in near], axis=0) / share, share)
    return best
