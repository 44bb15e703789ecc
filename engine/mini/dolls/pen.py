"""The pen the paper dolls are drawn with: smooth shapes, tapered limbs, outlines, two-tone shading, patterns.

Design coordinates are y-up. A pen carries a similarity transform (move, scale, turn) to canvas pixels;
`moved` returns a pen for a part of the figure, drawing on the same canvas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw

from engine.mini.dolls.tones import Colour, edge, shade

Point = tuple[float, float]
Points = tuple[Point, ...]

_CIRCLE: tuple[Point, ...] = tuple((math.cos(k * math.tau / 28), math.sin(k * math.tau / 28)) for k in range(28))


@lru_cache(maxsize=4096)
def smooth(points: Points, closed: bool = True) -> Points:
    """A Catmull-Rom curve through the points, four steps a segment."""
    count = len(points)
    out: list[Point] = []
    segments = count if closed else count - 1
    for i in range(segments):
        p1, p2 = points[i], points[(i + 1) % count]
        p0 = points[i - 1] if closed or i else p1
        p3 = points[(i + 2) % count] if closed or i + 2 < count else p2
        for t in (0.0, 0.25, 0.5, 0.75):
            t2, t3 = t * t, t * t * t
            w0, w1 = -0.5 * t + t2 - 0.5 * t3, 1 - 2.5 * t2 + 1.5 * t3
            w2, w3 = 0.5 * t + 2 * t2 - 1.5 * t3, -0.5 * t2 + 0.5 * t3
            out.append((p0[0] * w0 + p1[0] * w1 + p2[0] * w2 + p3[0] * w3,
                        p0[1] * w0 + p1[1] * w1 + p2[1] * w2 + p3[1] * w3))
    if not closed:
        out.append(points[-1])
    return tuple(out)


@lru_cache(maxsize=512)
def oval_points(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    """An ellipse as a polygon; `turn` in degrees."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return tuple((x + rx * u * c - ry * v * s, y + rx * u * s + ry * v * c) for u, v in _CIRCLE)


def mirrored(points: Points) -> Points:
    """The points on the other side of the y axis."""
    return tuple((-x, y) for x, y in points)


@lru_cache(maxsize=64)
def _pattern_tile(pattern: str, cell: int, width: int, height: int) -> Image.Image:
    """A mask of the pattern, white where the second colour goes. `cell` in pixels."""
    tile = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(tile)
    if pattern == "stripes":
        for y in range(cell // 2, height, cell):
            draw.rectangle((0, y, width, y + cell * 0.42), fill=255)
        return tile
    if pattern == "checks":
        for y in range(0, height, cell):
            draw.rectangle((0, y, width, y + cell * 0.45), fill=150)
        for x in range(0, width, cell):
            draw.rectangle((x, 0, x + cell * 0.45, height), fill=150)
        for y in range(0, height, cell):
            for x in range(0, width, cell):
                draw.rectangle((x, y, x + cell * 0.45, y + cell * 0.45), fill=255)
        return tile
    for row in range(int((height + cell) / (cell * 0.8)) + 1):
        for column in range(width // cell + 2):
            _motif(draw, pattern, cell * (column + 0.5 * (row % 2)), cell * (0.5 + 0.8 * row), cell)
    return tile


def _motif(draw: ImageDraw.ImageDraw, pattern: str, x: float, y: float, cell: float) -> None:
    if pattern == "dots":
        r = cell * 0.24
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    elif pattern == "stars":
        r = cell * 0.38
        draw.polygon(star_points(x, y, r, r * 0.45), fill=255)
    elif pattern == "hearts":
        r = cell * 0.17
        draw.ellipse((x - 2 * r, y - 1.6 * r, x, y + 0.4 * r), fill=255)
        draw.ellipse((x, y - 1.6 * r, x + 2 * r, y + 0.4 * r), fill=255)
        draw.polygon([(x - 1.9 * r, y - 0.2 * r), (x + 1.9 * r, y - 0.2 * r), (x, y + 2.1 * r)], fill=255)
    else:                                                   # flowers
        r = cell * 0.14
        for k in range(5):
            u, v = math.sin(k * math.tau / 5), -math.cos(k * math.tau / 5)
            cx, cy = x + u * r * 1.5, y + v * r * 1.5
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255)
        draw.ellipse((x - r * 0.7, y - r * 0.7, x + r * 0.7, y + r * 0.7), fill=0)


def star_points(x: float, y: float, outer: float, inner: float, tips: int = 5) -> list[Point]:
    """A star with its first tip up (y down) or down (y up)."""
    return [(x + math.sin(k * math.pi / tips) * (inner if k % 2 else outer),
             y - math.cos(k * math.pi / tips) * (inner if k % 2 else outer)) for k in range(2 * tips)]


class Pen:
    """Draws on one RGBA canvas. `unit` is canvas pixels per design unit; `ink` the outline's width in pixels."""

    __slots__ = ("a", "b", "c", "d", "draw", "e", "f", "image", "ink", "unit")

    def __init__(self, image: Image.Image, draw: ImageDraw.ImageDraw, matrix: tuple[float, ...], ink: float) -> None:
        self.image = image
        self.draw = draw
        self.a, self.b, self.c, self.d, self.e, self.f = matrix
        self.unit = math.hypot(self.a, self.b)
        self.ink = ink

    def moved(self, x: float, y: float, *, scale: float = 1.0, turn: float = 0.0, mirror: bool = False) -> Pen:
        """A pen whose origin lies at (x, y), scaled, turned `turn` degrees clockwise, and perhaps mirrored."""
        c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
        m = -1.0 if mirror else 1.0
        # local (u, v) -> (c m u + s v, -s m u + c v): clockwise where y points up
        return Pen(self.image, self.draw, (
            (self.a * c - self.c * s) * m, (self.b * c - self.d * s) * m,
            self.a * s + self.c * c, self.b * s + self.d * c,
            self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f), self.ink)

    def spot(self, x: float, y: float) -> Point:
        """Where a design point lies on the canvas, in pixels."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def spots(self, points: Sequence[Point]) -> list[Point]:
        a, b, c, d, e, f = self.a, self.b, self.c, self.d, self.e, self.f
        return [(a * x + c * y + e, b * x + d * y + f) for x, y in points]

    def outline(self, spots: list[Point], tone: Colour) -> None:
        """A line around a shape already in canvas pixels."""
        width = max(1, round(2 * self.ink))
        # many short segments need no joints, which would cost more than the line; a page's large drawing does
        joint = "curve" if len(spots) < 20 or width > 20 else None
        self.draw.line([*spots, spots[0], spots[1]], fill=tone, width=width, joint=joint)

    def fill(self, points: Sequence[Point], tone: Colour) -> None:
        """A flat polygon without an outline."""
        self.draw.polygon(self.spots(points), fill=tone)

    def shape(self, points: Sequence[Point], tone: Colour, *, line: Colour | None = None, shaded: float = 0.0,
              pattern: str = "", pattern_tone: Colour = (255, 255, 255), cell: float = 8.0) -> None:
        """An outlined polygon.

        `shaded` is how far (design units) the light tone is moved up and left, leaving the shade on the other
        side; 0 for flat. `pattern` is a word of PATTERNS, drawn inside in `pattern_tone`, `cell` units apart.
        """
        spots = self.spots(points)
        self.outline(spots, line or edge(tone))
        wanted = pattern not in ("", "plain")
        if not shaded and not wanted:
            self.draw.polygon(spots, fill=tone)
            return
        xs, ys = [p[0] for p in spots], [p[1] for p in spots]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        right, bottom = min(self.image.width, int(max(xs)) + 2), min(self.image.height, int(max(ys)) + 2)
        if right <= left or bottom <= top:
            return
        size = (right - left, bottom - top)
        self.draw.polygon(spots, fill=shade(tone))
        inside = Image.new("L", size, 0)
        local = [(x - left, y - top) for x, y in spots]
        ImageDraw.Draw(inside).polygon(local, fill=255)
        lit = inside
        if shaded:
            lit = Image.new("L", size, 0)
            shift = shaded * self.unit
            ImageDraw.Draw(lit).polygon([(x - shift, y - shift * 0.55) for x, y in local], fill=255)
            lit = ImageChops.darker(lit, inside)
        self.image.paste((*tone, 255), (left, top), lit)
        if wanted:
            tile = _pattern_tile(pattern, max(3, round(cell * self.unit)), -(-size[0] // 64) * 64,
                                 -(-size[1] // 64) * 64)
            tile = tile.crop((0, 0, *size))
            self.image.paste((*shade(pattern_tone), 255), (left, top), ImageChops.darker(tile, inside))
            if lit is not inside:
                self.image.paste((*pattern_tone, 255), (left, top), ImageChops.darker(tile, lit))

    def blob(self, points: Points, tone: Colour, **how: object) -> None:
        """`shape` with a smooth closed curve through the points."""
        self.shape(smooth(points), tone, **how)  # type: ignore[arg-type]

    def disc(self, x: float, y: float, r: float, tone: Colour, *, line: Colour | None = None) -> None:
        """A circle; outlined where `line` is given."""
        cx, cy = self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f
        r *= self.unit
        if line is not None:
            w = r + self.ink
            self.draw.ellipse((cx - w, cy - w, cx + w, cy + w), fill=line)
        self.draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=tone)

    def ball(self, x: float, y: float, r: float, tone: Colour, *, line: Colour | None = None) -> None:
        """An outlined circle in two tones."""
        self.disc(x, y, r, shade(tone), line=line or edge(tone))
        cx, cy = self.spot(x, y)
        px = r * self.unit
        self.draw.ellipse((cx - px, cy - px, cx + px * 0.72, cy + px * 0.72), fill=tone)

    def oval(self, x: float, y: float, rx: float, ry: float, tone: Colour, *, turn: float = 0.0,
             line: Colour | None = None) -> None:
        """An ellipse; outlined where `line` is given."""
        spots = self.spots(oval_points(x, y, rx, ry, turn))
        if line is not None:
            self.outline(spots, line)
        self.draw.polygon(spots, fill=tone)

    def line(self, points: Sequence[Point], width: float, tone: Colour) -> None:
        """A stroke with round ends; `width` in design units."""
        spots = self.spots(points)
        px = max(1.0, width * self.unit)
        self.draw.line(spots, fill=tone, width=max(1, round(px)), joint="curve" if px > 4 and len(spots) > 2 else None)
        r = px / 2
        for x, y in (spots[0], spots[-1]):
            self.draw.ellipse((x - r, y - r, x + r, y + r), fill=tone)

    def arc(self, points: Points, width: float, tone: Colour) -> None:
        """A smooth open stroke through the points."""
        self.line(smooth(points, False), width, tone)

    def tube(self, path: Sequence[Point], start: float, end: float, tone: Colour, *, line: Colour | None = None,
             flat: bool = False) -> None:
        """A tapered limb along a path: `start` and `end` are its half-widths. Two tones unless `flat`."""
        line = line or edge(tone)
        spots = self.spots(path)
        r0, r1 = start * self.unit, end * self.unit
        self._tube(spots, r0 + self.ink, r1 + self.ink, line)
        if flat:
            self._tube(spots, r0, r1, tone)
            return
        self._tube(spots, r0, r1, shade(tone))
        lift = 0.24 * (r0 + r1) / 2
        self._tube([(x - lift, y - lift * 0.5) for x, y in spots], r0 * 0.74, r1 * 0.74, tone)

    def _tube(self, spots: list[Point], r0: float, r1: float, tone: Colour) -> None:
        last = len(spots) - 1
        left: list[Point] = []
        right: list[Point] = []
        for i, (x, y) in enumerate(spots):
            x0, y0 = spots[max(0, i - 1)]
            x1, y1 = spots[min(last, i + 1)]
            dx, dy = x1 - x0, y1 - y0
            length = math.hypot(dx, dy) or 1.0
            r = (r0 + (r1 - r0) * i / last) / length
            left.append((x - dy * r, y + dx * r))
            right.append((x + dy * r, y - dx * r))
        draw = self.draw
        draw.polygon(left + right[::-1], fill=tone)
        x, y = spots[0]
        draw.ellipse((x - r0, y - r0, x + r0, y + r0), fill=tone)
        x, y = spots[-1]
        draw.ellipse((x - r1, y - r1, x + r1, y + r1), fill=tone)
