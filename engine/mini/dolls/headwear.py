"""Hats, scarves, crowns and bows: behind the head and on it. Head coordinates, see faces.py."""

from __future__ import annotations

from engine.mini.dolls.pen import Pen, Points, smooth, star_points
from engine.mini.dolls.tones import Colour, darker, edge, lighter, shade

#: Headwear under which the hair does not show at all, and that which presses it flat.
HIDES_HAIR = ("hijab",)
PRESSES_HAIR = ("cap", "beanie", "helmet", "headscarf", "sunhat", "wizard hat")


def draw_headwear_behind(pen: Pen, kind: str, tone: Colour, wide: float) -> None:
    """The part behind the head and over the shoulders."""
    if kind == "hijab":
        pen.blob(((-1.10 * wide, 0.2), (-0.85 * wide, 0.95), (0, 1.22), (0.85 * wide, 0.95), (1.10 * wide, 0.2),
                  (1.12 * wide, -0.6),
                  (1.18, -1.35), (0.6, -1.62), (0, -1.70), (-0.6, -1.62), (-1.18, -1.35), (-1.12 * wide,
                      -0.6)), shade(tone))
    elif kind == "headscarf":
        pen.blob(((0.55, -0.55), (1.15, -0.72), (1.42, -1.15), (1.02, -1.22), (0.72, -0.98)), shade(tone))
        pen.blob(((0.5, -0.62), (0.85, -1.0), (0.86, -1.52), (0.52, -1.35), (0.35, -0.9)), tone)
    elif kind == "sunhat":
        pen.oval(0, 0.42, 1.72, 0.62, shade(tone), line=edge(tone))


def draw_headwear(pen: Pen, kind: str, tone: Colour, wide: float, *, eared: bool = False) -> None:
    """The part on the head. `eared` heads carry it a little higher, between their ears."""
    w = wide
    up = 0.06 if eared else 0.0
    if kind == "hijab":
        outer: Points = ((-1.10 * w, 0.1), (-1.0 * w, 0.70), (-0.55, 1.12), (0, 1.22), (0.55, 1.12), (1.0 * w, 0.70),
                         (1.10 * w, 0.1), (1.04 * w, -0.5),
                         (0.80, -0.98), (0.98, -1.38), (0.4, -1.55), (-0.3, -1.52), (-0.98, -1.38), (-0.80,
                             -0.98), (-1.04 * w, -0.5))
        inner: Points = ((-0.80 * w, 0.05), (-0.70 * w, 0.48), (-0.36, 0.76), (0, 0.83), (0.36, 0.76),
                         (0.70 * w, 0.48), (0.80 * w, 0.05), (0.72 * w, -0.46), (0.40, -0.82), (0, -0.93), (-0.40,
                             -0.82), (-0.72 * w, -0.46))
        _ring(pen, smooth(outer), smooth(inner), tone)
        pen.arc(((-0.72, -0.72), (-0.2, -1.14), (0.5, -1.16), (0.86, -0.92)), 0.06, shade(tone))
        pen.arc(((0.58, -0.80), (0.30, -1.14), (-0.2, -1.34)), 0.055, darker(tone, 0.3))
    elif kind == "headscarf":
        pen.shape(smooth(((-1.08 * w, -0.15), (-1.06 * w, 0.42), (-0.78, 0.98), (0, 1.22), (0.78, 0.98),
                          (1.06 * w, 0.42), (1.08 * w, -0.15), (0.92 * w, 0.22), (0.55, 0.60), (0, 0.72), (-0.55,
                              0.60), (-0.92 * w, 0.22))), tone,
                  shaded=0.12, pattern="dots", pattern_tone=lighter(tone, 0.65), cell=0.34)
        for side in (-1, 1):
            pen.arc(((side * 1.02 * w, 0.0), (side * 0.86, -0.62), (side * 0.36, -1.02)), 0.13, tone)
        pen.disc(0.0, -1.06, 0.13, tone, line=edge(tone))
    elif kind == "cap":
        pen.blob(((-1.04 * w, 0.36 + up), (-0.94 * w, 0.86 + up), (-0.5, 1.22 + up), (0, 1.30 + up), (0.5, 1.22 + up),
                  (0.94 * w, 0.86 + up), (1.04 * w, 0.36 + up), (0.5, 0.47 + up), (-0.5, 0.47 + up)), tone, shaded=0.14)
        pen.blob(((-0.30, 0.50 + up), (0.5, 0.54 + up), (1.10 * w, 0.42 + up), (1.58 * w, 0.30 + up),
                  (1.50 * w, 0.18 + up), (0.9, 0.24 + up), (0.2, 0.36 + up)), darker(tone, 0.12))
        pen.disc(0, 1.31 + up, 0.09, shade(tone), line=edge(tone))
        pen.arc(((0.05, 1.26 + up), (0.16, 0.9 + up), (0.16, 0.56 + up)), 0.035, shade(tone))
    elif kind == "beanie":
        pen.ball(0, 1.46 + up, 0.24, lighter(tone, 0.55), line=edge(tone))
        pen.blob(((-1.02 * w, 0.50 + up), (-0.92 * w, 0.96 + up), (-0.45, 1.32 + up), (0, 1.38 + up),
                  (0.45, 1.32 + up), (0.92 * w, 0.96 + up), (1.02 * w, 0.50 + up), (0, 0.62 + up)), tone, shaded=0.14)
        pen.blob(((-1.10 * w, 0.34 + up), (-1.06 * w, 0.64 + up), (0, 0.78 + up), (1.06 * w, 0.64 + up),
                  (1.10 * w, 0.34 + up), (0, 0.46 + up)), lighter(tone, 0.22))
        for x in (-0.75, -0.45, -0.15, 0.15, 0.45, 0.75):
            pen.line(((x * w, 0.46 + up), (x * w, 0.68 + up)), 0.04, shade(tone))
    elif kind == "sunhat":
        pen.blob(((-1.75, 0.38 + up), (-1.1, 0.58 + up), (0, 0.66 + up), (1.1, 0.58 + up), (1.75, 0.38 + up),
                  (1.1, 0.28 + up), (0, 0.40 + up), (-1.1, 0.28 + up)), tone, shaded=0.10)
        pen.blob(((-0.86, 0.56 + up), (-0.78, 1.10 + up), (-0.35, 1.34 + up), (0.35, 1.34 + up), (0.78, 1.10 + up),
                  (0.86, 0.56 + up), (0, 0.66 + up)), tone, shaded=0.13)
        pen.fill(((-0.87, 0.60 + up), (-0.84, 0.82 + up), (0, 0.90 + up), (0.84, 0.82 + up), (0.87, 0.60 + up),
                  (0, 0.68 + up)), darker(tone, 0.38))
    elif kind == "wizard hat":
        pen.blob(((-1.50, 0.44 + up), (-0.8, 0.62 + up), (0.8, 0.62 + up), (1.50, 0.44 + up), (0.8, 0.32 + up),
                  (0, 0.44 + up), (-0.8, 0.32 + up)), shade(tone))
        pen.shape(smooth(((-0.90, 0.52 + up), (-0.55, 1.2 + up), (-0.12, 1.95 + up), (0.35, 2.28 + up),
                          (0.62, 2.12 + up), (0.40, 1.85 + up), (0.62, 1.2 + up), (0.90, 0.52 + up), (0,
                              0.62 + up))), tone, shaded=0.14)
        pen.fill(((-0.89, 0.56 + up), (-0.80, 0.78 + up), (0, 0.86 + up), (0.80, 0.78 + up), (0.89, 0.56 + up),
                  (0, 0.66 + up)), (232, 186, 60))
        for x, y, r in ((-0.25, 1.2, 0.17), (0.28, 1.45, 0.13), (0.02, 1.75, 0.10)):
            pen.fill(star_points(x, y + up, -r, -r * 0.45), (250, 222, 110))
    elif kind == "crown":
        base = 0.74 + up
        pen.shape(((-0.72, base), (-0.80, base + 0.62), (-0.40, base + 0.32), (0, base + 0.78), (0.40, base + 0.32),
                   (0.80, base + 0.62), (0.72, base), (0, base + 0.10)), tone, shaded=0.10)
        for x, y in ((-0.80, 0.66), (0, 0.82), (0.80, 0.66)):
            pen.disc(x, base + y, 0.095, lighter(tone, 0.5), line=edge(tone))
        jewel = (222, 64, 96) if tone[0] < 190 or tone[1] > 120 else (70, 130, 230)
        for x, j in ((-0.40, (80, 150, 240)), (0.0, jewel), (0.40, (80, 190, 130))):
            pen.disc(x, base + 0.19, 0.085, j, line=edge(tone))
    elif kind == "bow":
        x, y = (0.62 * w, 0.86) if not eared else (0.45, 0.98)
        for side in (-1, 1):
            pen.blob(((x, y), (x + side * 0.24, y + 0.24), (x + side * 0.52, y + 0.30), (x + side * 0.54, y - 0.16),
                      (x + side * 0.26, y - 0.18)), tone)
            pen.line(((x + side * 0.16, y + 0.03), (x + side * 0.36, y + 0.08)), 0.045, shade(tone))
        pen.disc(x, y + 0.02, 0.14, tone, line=edge(tone))
    elif kind == "flower crown":
        pen.arc(((-0.98 * w, 0.42), (-0.6, 0.78), (0, 0.92), (0.6, 0.78), (0.98 * w, 0.42)), 0.13, (86, 150, 82))
        for i, (x, y) in enumerate(((-0.92, 0.48), (-0.55, 0.80), (0, 0.95), (0.55, 0.80), (0.92, 0.48))):
            draw_flower(pen, x * w, y, 0.21 if i % 2 == 0 else 0.18, tone if i % 2 == 0 else lighter(tone, 0.5))
    elif kind == "helmet":
        pen.blob(((-1.14 * w, 0.20), (-1.08 * w, 0.80), (-0.6, 1.28), (0, 1.42), (0.6, 1.28), (1.08 * w, 0.80),
                  (1.14 * w, 0.20), (0.9 * w, 0.42), (0, 0.54), (-0.9 * w, 0.42)), tone, shaded=0.16)
        for x in (-0.42, 0.0, 0.42):
            pen.blob(((x - 0.10, 0.78), (x, 1.18 - abs(x) * 0.2), (x + 0.10, 0.78), (x, 0.72)), darker(tone, 0.45))
        for side in (-1, 1):
            pen.arc(((side * 1.05 * w, 0.25), (side * 0.90 * w, -0.40), (side * 0.35, -0.98)), 0.06, (60, 56, 66))


def draw_flower(pen: Pen, x: float, y: float, r: float, tone: Colour) -> None:
    """A five-petalled flower."""
    for k in range(5):
        u, v = ((0, 1), (0.95, 0.31), (0.59, -0.81), (-0.59, -0.81), (-0.95, 0.31))[k]
        pen.disc(x + u * r * 0.62, y + v * r * 0.62, r * 0.50, tone, line=edge(tone))
    for k in range(5):
        u, v = ((0, 1), (0.95, 0.31), (0.59, -0.81), (-0.59, -0.81), (-0.95, 0.31))[k]
        pen.disc(x + u * r * 0.62, y + v * r * 0.62, r * 0.50, tone)
    pen.disc(x, y, r * 0.36, (250, 214, 80) if tone[2] > 90 or tone[1] < 150 else (240, 140, 60))


def _ring(pen: Pen, outer: Points, inner: Points, tone: Colour) -> None:
    """A filled shape with a hole, two tones: the face looks out of the hole."""
    # the two outlines joined by a seam at the top make one polygon
    cut = max(range(len(outer)), key=lambda i: (outer[i][1], -abs(outer[i][0])))
    hole = max(range(len(inner)), key=lambda i: (inner[i][1], -abs(inner[i][0])))
    around = outer[cut:] + outer[:cut + 1]
    back = (inner[hole:] + inner[:hole + 1])[::-1]
    pen.outline(pen.spots(outer), edge(tone))
    pen.fill(around + back, shade(tone))
    light = tuple((x * 0.97 - 0.03, y * 0.97 + 0.03) for x, y in around)
    pen.fill(light + back, tone)
    pen.line((*inner, inner[0]), 0.045, edge(tone))
