"""The paper a setting is drawn on: shapes at twice the size, then soft shadow and glow over them.

Places are fractions of the square picture. Crisp shapes go to an image of twice the wanted size; shadows and
glows go to two small maps which are blurred by being enlarged, so that soft light costs almost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from engine.mini.scenery.light import Colour, Light, darker, lighter, mix

Point = tuple[float, float]

#: Side of the small maps that carry shadow and glow.
SOFT_PX = 64


@lru_cache(maxsize=4)
def _disc(side: int) -> Image.Image:
    """A round spot fading from 255 in the middle to 0 at the rim, L, side x side."""
    far = Image.radial_gradient("L").resize((side, side), Image.Resampling.BILINEAR)
    return far.point(
        [max(0, min(255, round(255 * (1 - value / 180) ** 1.5))) if value < 180 else 0 for value in range(256)]
    )


@lru_cache(maxsize=1)
def _ramp() -> Image.Image:
    """255 at the top falling to 0 at the bottom, L, 1 x 256."""
    return Image.linear_gradient("L").resize((1, 256)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _fade(first: Colour, last: Colour, width: int, height: int) -> Image.Image:
    """From one colour to another, top to bottom."""
    column = Image.composite(Image.new("RGB", (1, 256), first), Image.new("RGB", (1, 256), last), _ramp())
    return column.resize((1, height), Image.Resampling.BILINEAR).resize((width, height), Image.Resampling.NEAREST)


class Sheet:
    """A square picture in the making. All lengths are fractions of its side; colours are lit by `light`."""

    def __init__(self, size_px: int, light: Light) -> None:
        self.size_px = size_px
        self.side = size_px * 2
        self.light = light
        self.image = Image.new("RGB", (self.side, self.side))
        self.draw = ImageDraw.Draw(self.image)
        self._shade = Image.new("L", (SOFT_PX, SOFT_PX), 255)
        self._shade_draw = ImageDraw.Draw(self._shade)
        self._glow = Image.new("RGB", (SOFT_PX, SOFT_PX))

    # --- colour ------------------------------------------------------------------------------------

    def lit(self, colour: Colour, depth: float = 0.0, *, raw: bool = False) -> Colour:
        """The colour as this light shows it at `depth` (0 near, 1 at the horizon); `raw` shines by itself."""
        return colour if raw else self.light.lit(colour, depth)

    # --- fills -------------------------------------------------------------------------------------

    def gradient(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        upper: Colour,
        lower: Colour,
        depth: float = 0.0,
        *,
        raw: bool = False,
    ) -> None:
        """Fill a rectangle from `upper` to `lower`, top to bottom."""
        side = self.side
        x, y = round(left * side), round(top * side)
        width, height = max(1, round(right * side) - x), max(1, round(bottom * side) - y)
        first, last = self.lit(upper, depth, raw=raw), self.lit(lower, depth, raw=raw)
        self.image.paste(_fade(first, last, width, height), (x, y))

    def shaded(self, points: Sequence[Point], upper: Colour, lower: Colour, depth: float = 0.0) -> None:
        """A polygon filled with a gradient from its top to its bottom."""
        side = self.side
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        left, top = max(0, math.floor(min(xs) * side)), max(0, math.floor(min(ys) * side))
        right, bottom = min(side, math.ceil(max(xs) * side)), min(side, math.ceil(max(ys) * side))
        if right <= left or bottom <= top:
            return
        mask = Image.new("1", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x * side - left, y * side - top) for x, y in points], fill=1)
        self.image.paste(_fade(self.lit(upper, depth), self.lit(lower, depth), *mask.size), (left, top), mask)

    def poly(
        self, points: Sequence[Point], colour: Colour, depth: float = 0.0, *, raw: bool = False, edge: float = 0.0
    ) -> None:
        """A polygon; `edge` above 0 draws its outline that wide."""
        side = self.side
        corners = [(x * side, y * side) for x, y in points]
        fill = self.lit(colour, depth, raw=raw)
        self.draw.polygon(corners, fill=fill)
        if edge:
            self.draw.line(
                [*corners, corners[0], corners[1]],
                fill=darker(fill, 0.3),
                width=max(1, round(edge * side)),
                joint="curve",
            )

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        depth: float = 0.0,
        *,
        raw: bool = False,
        edge: float = 0.0,
    ) -> None:
        side = self.side
        fill = self.lit(colour, depth, raw=raw)
        self.draw.ellipse(
            ((x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side),
            fill=fill,
            outline=darker(fill, 0.3) if edge else None,
            width=max(1, round(edge * side)) if edge else 0,
        )

    def rect(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        depth: float = 0.0,
        *,
        radius: float = 0.0,
        raw: bool = False,
        edge: float = 0.0,
    ) -> None:
        """A rectangle, its corners rounded by `radius`."""
        side = self.side
        fill = self.lit(colour, depth, raw=raw)
        outline = darker(fill, 0.3) if edge else None
        width = max(1, round(edge * side)) if edge else 0
        corners = (left * side, top * side, right * side, bottom * side)
        if radius:
            self.draw.rounded_rectangle(corners, radius=radius * side, fill=fill, outline=outline, width=width)
        else:
            self.draw.rectangle(corners, fill=fill, outline=outline, width=width)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        *,
        radius: float = 0.012,
        edge: float = 0.005,
    ) -> None:
        """A piece of furniture: outlined, lit along its upper left and dark along its foot."""
        self.rect(left, top, right, bottom, colour, radius=radius, edge=edge)
        inset = edge * 1.4 + 0.002
        if bottom - top > 0.03 and right - left > 0.03:
            self.rect(
                left + inset,
                bottom - inset - (bottom - top) * 0.16,
                right - inset,
                bottom - inset,
                darker(colour, 0.1),
                radius=min(radius, 0.008),
            )
            self.rect(
                left + inset,
                top + inset,
                right - inset,
                top + inset + min(0.012, (bottom - top) * 0.12),
                lighter(colour, 0.25),
                radius=min(radius, 0.004),
            )

    def line(
        self, points: Sequence[Point], colour: Colour, width: float, depth: float = 0.0, *, raw: bool = False
    ) -> None:
        side = self.side
        self.draw.line(
            [(x * side, y * side) for x, y in points],
            fill=self.lit(colour, depth, raw=raw),
            width=max(1, round(width * side)),
            joint="curve",
        )

    def arc(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        colour: Colour,
        width: float,
        depth: float = 0.0,
        *,
        raw: bool = False,
    ) -> None:
        side = self.side
        self.draw.arc(
            ((x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side),
            start,
            end,
            fill=self.lit(colour, depth, raw=raw),
            width=max(1, round(width * side)),
        )

    # --- soft light --------------------------------------------------------------------------------

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.3) -> None:
        """A soft dark spot: what stands at (x, y) shadows the ground."""
        value = round(255 * (1 - strength))
        n = SOFT_PX
        self._shade_draw.ellipse(((x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n), fill=value)

    def shadow_poly(self, points: Sequence[Point], strength: float) -> None:
        self._shade_draw.polygon([(x * SOFT_PX, y * SOFT_PX) for x, y in points], fill=round(255 * (1 - strength)))

    def vignette(self, strength: float) -> None:
        """Darken towards the corners, as a room lit from its middle is."""
        dark = (
            Image.radial_gradient("L")
            .resize((SOFT_PX, SOFT_PX), Image.Resampling.BILINEAR)
            .point([255 - round(max(0, v - 90) / 165 * 255 * strength) for v in range(256)])
        )
        self._shade.paste(ImageChops.multiply(self._shade, dark))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """A round light around a lamp, a fire, the moon."""
        side = max(2, round(radius * 2 * SOFT_PX))
        spot = Image.composite(
            Image.new("RGB", (side, side), mix((0, 0, 0), colour, strength)),
            Image.new("RGB", (side, side)),
            _disc(side),
        )
        at = (round((x - radius) * SOFT_PX), round((y - radius) * SOFT_PX))
        under = self._glow.crop((*at, at[0] + side, at[1] + side))
        self._glow.paste(ImageChops.screen(under, spot), at)

    def beam(self, points: Sequence[Point], colour: Colour, strength: float = 0.4) -> None:
        """A patch or shaft of light: a polygon of soft edge."""
        layer = Image.new("RGB", (SOFT_PX, SOFT_PX))
        ImageDraw.Draw(layer).polygon(
            [(x * SOFT_PX, y * SOFT_PX) for x, y in points], fill=mix((0, 0, 0), colour, strength)
        )
        self._glow = ImageChops.screen(self._glow, layer)

    def finish(self) -> Image.Image:
        """The picture at its size, RGB, with shadow multiplied in and glow laid over."""
        size = (self.size_px, self.size_px)
        image = self.image.reduce(2)
        shade = self._shade.filter(ImageFilter.GaussianBlur(0.8)).resize(size, Image.Resampling.BICUBIC)
        image = ImageChops.multiply(image, Image.merge("RGB", (shade, shade, shade)))
        if self._glow.getbbox():
            glow = self._glow.filter(ImageFilter.GaussianBlur(0.8)).resize(size, Image.Resampling.BICUBIC)
            image = ImageChops.screen(image, glow)
        return image


def wavy(
    y: float, height: float, phase: float, waves: float, *, steps: int = 24, bottom: float = 1.0, slope: float = 0.0
) -> list[Point]:
    """The outline of rolling ground: from the left edge over the top at about `y` to the bottom edge."""
    top = [
        (
            i / steps,
            y
            + slope * (i / steps - 0.5)
            + height * math.sin(phase + waves * math.tau * i / steps)
            + height * 0.4 * math.sin(phase * 2.3 + waves * 2.1 * math.tau * i / steps),
        )
        for i in range(steps + 1)
    ]
    return [*top, (1.0, bottom), (0.0, bottom)]


def height_at(ground: Sequence[Point], x: float) -> float:
    """The y of the ground outline made by `wavy` at `x`."""
    top = ground[:-2]
    place = max(0.0, min(1.0, x)) * (len(top) - 1)
    first = min(len(top) - 2, int(place))
    return top[first][1] + (top[first + 1][1] - top[first][1]) * (place - first)
