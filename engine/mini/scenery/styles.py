"""The three book styles: flat as drawn, wax crayon on rough paper, watercolour on white paper.

Textures are made once for a size and moved by the seed, so that all panels of one place share their paper.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

_PAPER = (253, 250, 243)


def _noise(rng: np.random.Generator, rows: int, columns: int, size: int) -> npt.NDArray[np.float32]:
    """Smooth noise of a few cells, mean 0 and deviation 1, (size, size)."""
    small = Image.fromarray(rng.standard_normal((rows, columns)).astype(np.float32), mode=None)
    field = np.asarray(small.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
    even: npt.NDArray[np.float32] = (field - field.mean()) / (field.std() + 1e-6)
    return even


@lru_cache(maxsize=16)
def _wobble(size: int, variant: int, reach_px: float) -> npt.NDArray[np.intp]:
    """Where each pixel is fetched from, so that straight edges waver as a hand's do; (size * size,) flat indices."""
    rng = np.random.default_rng(7_000 + variant)
    cells = max(6, size // 11)
    dx, dy = _noise(rng, cells, cells, size), _noise(rng, cells, cells, size)
    rows, columns = np.mgrid[0:size, 0:size]
    rows = np.clip(np.rint(rows + dy * reach_px), 0, size - 1).astype(np.intp)
    columns = np.clip(np.rint(columns + dx * reach_px), 0, size - 1).astype(np.intp)
    flat: npt.NDArray[np.intp] = (rows * size + columns).ravel()
    return flat


@lru_cache(maxsize=8)
def _strokes(size: int, variant: int) -> tuple[Image.Image, Image.Image]:
    """Wax strokes: how much paper shows through (L), and how dark the wax lies (RGB, to multiply)."""
    rng = np.random.default_rng(8_000 + variant)
    big = size * 2
    long = Image.fromarray(rng.standard_normal((big // 3, big // 26)).astype(np.float32), mode=None)
    long = long.resize((big, big), Image.Resampling.BICUBIC).rotate(-52, Image.Resampling.BILINEAR)
    middle = (big - size) // 2
    line = np.asarray(long, dtype=np.float32)[middle : middle + size, middle : middle + size]
    line = (line - line.mean()) / (line.std() + 1e-6)
    tooth = _noise(rng, size // 2, size // 2, size)
    patch = _noise(rng, 7, 7, size)
    bare = np.clip(line * 0.62 + tooth * 0.4 + patch * 0.3 - 0.5, 0, 1.6) * 36
    wax = np.clip(1.0 - 0.045 * np.clip(-line * 0.8 + tooth * 0.35, 0, 2.5), 0.7, 1) * 255
    through = Image.fromarray(np.clip(bare * 1.5, 0, 90).astype(np.uint8))
    dark = Image.fromarray(wax.astype(np.uint8))
    return through, Image.merge("RGB", (dark, dark, dark))


@lru_cache(maxsize=8)
def _pigment(size: int, variant: int) -> tuple[Image.Image, Image.Image]:
    """How pigment pools (RGB, to multiply), and how the paint ends before the paper does (L, 255 is bare paper)."""
    rng = np.random.default_rng(9_000 + variant)
    pool = (
        _noise(rng, 9, 9, size) * 0.032
        + _noise(rng, 26, 26, size) * 0.018
        + _noise(rng, size // 2, size // 2, size) * 0.012
    )
    grey = Image.fromarray((np.clip(0.965 + pool, 0.8, 1.0) * 255).astype(np.uint8))
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / (size - 1)
    rim = np.minimum(np.minimum(rows, 1 - rows), np.minimum(columns, 1 - columns)) * 256
    ragged = rim - 3.6 - 1.5 * _noise(rng, 16, 16, size)
    bare = Image.fromarray((np.clip(1 - ragged / 3.2, 0, 1) * 235).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey)), bare


def _wavering(image: Image.Image, variant: int, reach_px: float) -> Image.Image:
    pixels = np.asarray(image).reshape(-1, 3)  # (H * W, 3)
    return Image.fromarray(pixels[_wobble(image.width, variant, reach_px)].reshape(image.height, image.width, 3))


def _crayon(image: Image.Image, seed: int) -> Image.Image:
    variant, size = seed % 4, image.width
    drawn = _wavering(image, variant, 0.42 * size / 256)
    lines = (
        drawn.convert("L").filter(ImageFilter.FIND_EDGES).point([max(196, 255 - max(0, v - 18)) for v in range(256)])
    )
    ImageDraw.Draw(lines).rectangle((0, 0, size - 1, size - 1), outline=255)  # the filter leaves the rim undone
    through, wax = _strokes(size, variant)
    drawn = ImageChops.multiply(ImageChops.multiply(drawn, wax), Image.merge("RGB", (lines, lines, lines)))
    # where the wax skips a little colour stays in the paper's tooth: bare white would read as rain at night
    return Image.composite(Image.blend(drawn, Image.new("RGB", image.size, _PAPER), 0.36), drawn, through)


def _watercolour(image: Image.Image, seed: int) -> Image.Image:
    variant, size = seed % 4, image.width
    drawn = _wavering(image, variant, 0.62 * size / 256)
    soft = drawn.filter(ImageFilter.GaussianBlur(2.2 * size / 256))
    rim = ImageChops.difference(drawn, soft).convert("L").point([255 - min(76, round(v * 1.25)) for v in range(256)])
    wet = Image.blend(drawn, soft, 0.2)
    pool, bare = _pigment(size, variant)
    wet = ImageChops.multiply(ImageChops.multiply(wet, Image.merge("RGB", (rim, rim, rim))), pool)
    # thin paint lets white paper shine through
    wet = Image.blend(wet, Image.new("RGB", image.size, _PAPER), 0.07)
    return Image.composite(Image.new("RGB", image.size, _PAPER), wet, bare)


def apply_style(image: Image.Image, style: str, *, seed: int) -> Image.Image:
    """The picture (RGB) in a book style. `seed` picks the sheet of paper. Unknown styles are flat."""
    if style == "crayon":
        return _crayon(image, seed)
    if style == "watercolour":
        return _watercolour(image, seed)
    return image
