"""The same place in another light: a picture by day becomes that place at night, in rain, in snow.

For places that began as somebody's picture, which the scenery cannot draw anew. The light is the scenery's own
(`light_of`): what it does to drawn settings it does here to the pixels that there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from engine.mini.scenery.light import Light
from engine.mini.scenery.setting import SHELTERED, light_of, weather_in_front

Pixels = npt.NDArray[np.float32]

#: A step of brightness from pixel to pixel that is an outline, of 255, in a picture slightly blurred.
OUTLINE = 9.0
#: Darker than this nothing is sky by day, of 255.
DARK = 90.0
#: Sky reaches at most so far down, a fraction of the height, and covers at least so much of the picture.
SKY_LOW, SKY_LEAST = 0.72, 0.03


def relight(picture: Image.Image, kind: str, *, time_of_day: str, weather: str, seed: int) -> Image.Image:
    """`picture` (RGB, square, by clear day) at another time of day and in other weather; RGB, the same size.

    `kind` is a word of `vocabulary.SETTINGS`: under a roof there is no sky, and nothing falls.
    """
    if time_of_day == "day" and weather == "clear":
        return picture.convert("RGB")
    light = light_of(kind, time_of_day, weather)
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)  # (H, W, 3)
    sky = np.zeros(pixels.shape[:2], np.float32) if kind in SHELTERED else sky_of(picture)  # (H, W)
    lit = _lit(pixels, light)
    if kind not in SHELTERED:
        lit = _snowed(lit, pixels, light, sky)
        lit = _hazed(lit, light)
        lit = _under_sky(lit, light, sky)
    relit = Image.fromarray(np.clip(lit, 0, 255).round().astype(np.uint8), "RGB")
    return weather_in_front(relit, kind, weather=weather, time_of_day=time_of_day, seed=seed)


def sky_of(picture: Image.Image) -> Pixels:
    """How much of each pixel is sky, 0 to 1, (H, W): all that is reached from the upper edge without an outline."""
    smooth = picture.convert("RGB").filter(ImageFilter.GaussianBlur(picture.width / 100))
    pixels = np.asarray(smooth, dtype=np.float32)  # (H, W, 3)
    steps = [np.abs(np.diff(pixels, axis=axis, append=pixels[-1:] if axis == 0 else pixels[:, -1:])).max(axis=2)
             for axis in (0, 1)]
    clear = (np.maximum(*steps) < OUTLINE) & (pixels.mean(axis=2) > DARK)  # (H, W)
    clear &= pixels[..., 2] > pixels[..., 1] - 6  # a hill in the haze is greener than any sky
    clear[round(clear.shape[0] * SKY_LOW):] = False
    sky = np.zeros_like(clear)
    sky[0] = clear[0]
    for _ in range(sum(clear.shape)):
        grown = sky.copy()
        grown[1:] |= sky[:-1]
        grown[:-1] |= sky[1:]
        grown[:, 1:] |= sky[:, :-1]
        grown[:, :-1] |= sky[:, 1:]
        grown &= clear
        if (grown == sky).all():
            break
        sky = grown
    if sky.mean() < SKY_LEAST:  # a few bright pixels at the edge are no sky
        return np.zeros(sky.shape, np.float32)
    # Outlines of clouds are closed again, and the blurred rim of everything else.
    soft = Image.fromarray((sky * 255).astype(np.uint8), "L").filter(ImageFilter.MaxFilter(5))
    soft = soft.filter(ImageFilter.GaussianBlur(picture.width / 160))
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _lit(pixels: Pixels, light: Light) -> Pixels:
    """Every colour as `Light.lit` shows it."""
    seen = pixels * np.array(light.tint, np.float32)
    mean = (seen @ np.array((0.3, 0.5, 0.2), np.float32))[..., None]
    return np.asarray(seen + (mean - seen) * light.grey, dtype=np.float32)


def _snowed(lit: Pixels, pixels: Pixels, light: Light, sky: Pixels) -> Pixels:
    """Snow lies on what is bright and open: most on the ground, less on what stands up."""
    if not light.snow:
        return lit
    rows = np.linspace(0.25, 1.0, pixels.shape[0], dtype=np.float32)[:, None]
    bright = np.clip((pixels.mean(axis=2) - 40) / 120, 0.0, 1.0)
    share = (light.snow * rows * bright * (1 - sky))[..., None]
    white = np.array(light.lit((244, 247, 252)), np.float32)
    snowed: Pixels = lit + (white - lit) * share
    return snowed


def _hazed(lit: Pixels, light: Light) -> Pixels:
    """What is far off, which in a picture is mostly up, fades into the haze."""
    depth = np.linspace(1.0, 0.0, lit.shape[0], dtype=np.float32)[:, None, None] ** 1.5
    share = depth * (light.haze_share if light.weather in ("fog", "rain", "snow") else 0.0) * 0.8
    hazed: Pixels = lit + (np.array(light.haze, np.float32) - lit) * share
    return hazed


def _under_sky(lit: Pixels, light: Light, sky: Pixels) -> Pixels:
    """The sky itself in the colours of the hour, with a little of its own clouds."""
    height = lit.shape[0]
    down = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    low = max(0.2, float((sky.sum(axis=1) > 0.1 * lit.shape[1]).sum()) / height)
    down = np.clip(down / low, 0.0, 1.0)
    top, middle, horizon = (np.array(one, np.float32) for one in light.sky)
    gradient = np.where(down < 0.5, top + (middle - top) * down * 2, middle + (horizon - middle) * (down * 2 - 1))
    share = (sky * 0.82)[..., None]
    under: Pixels = lit * (1 - share) + gradient[:, None, :] * share
    return under
