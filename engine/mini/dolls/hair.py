"""Hair of people: what hangs behind the head, and what frames the face. Head coordinates, see faces.py."""

from __future__ import annotations

import math

from engine.mini.dolls.pen import Pen, Points, mirrored, smooth
from engine.mini.dolls.tones import Colour, edge, lighter, mix, shade

#: Styles that a cap, a beanie or a helmet presses flat on top.
TALL = ("afro", "mohawk", "spiky", "bun")


def draw_hair_behind(pen: Pen, style: str, tone: Colour, wide: float, *, covered: bool) -> None:
    """The part of the hair behind head and body."""
    back = shade(tone)
    if style == "afro":
        radius = 1.30 if not covered else 1.18
        for k in range(13):
            turn = math.radians(-38 + k * (256 / 12))
            pen.disc(math.cos(turn) * radius * 0.98 * wide, math.sin(turn) * radius * 0.92 + 0.12, 0.38, tone,
                     line=edge(tone))
        pen.disc(0, 0.15, radius * 1.02, tone)
    elif style == "curly":
        for x, y, r in ((-1.0, 0.45, 0.34), (-1.1, 0.05, 0.32), (-1.02, -0.32, 0.28), (1.0, 0.45, 0.34),
                        (1.1, 0.05, 0.32), (1.02, -0.32, 0.28)):
            pen.disc(x * wide, y, r, back, line=edge(tone))
    elif style == "bob":
        pen.shape(smooth(((-1.12 * wide, 0.3), (-0.8 * wide, 0.95), (0, 1.1), (0.8 * wide, 0.95), (1.12 * wide, 0.3),
                          (1.22 * wide, -0.55), (1.02 * wide, -0.82), (0.5, -0.72), (0, -0.68), (-0.5,
                              -0.72), (-1.02 * wide, -0.82), (-1.22 * wide, -0.55))), back)
    elif style == "long":
        pen.shape(smooth(((-1.12 * wide, 0.3), (-0.8 * wide, 0.95), (0, 1.1), (0.8 * wide, 0.95), (1.12 * wide, 0.3),
                          (1.28 * wide, -0.8), (1.30 * wide, -1.75), (0.8, -2.0), (0, -1.9), (-0.8,
                              -2.0), (-1.30 * wide, -1.75), (-1.28 * wide, -0.8))), back)
        for x in (-1.05, 1.05):
            pen.arc(((x * wide, -0.3), (x * 1.1 * wide, -1.0), (x * 1.02 * wide, -1.65)), 0.05,
                    mix(back, (30, 16, 30), 0.25))
    elif style == "ponytail":
        pen.shape(smooth(((0.35, 1.0), (0.95, 1.22), (1.5, 0.9), (1.72, 0.2), (1.58, -0.6), (1.36, -0.95),
                          (1.30, -0.35), (1.12, 0.3), (0.7, 0.7))), tone, shaded=0.10)
        pen.arc(((1.05, 0.95), (1.42, 0.4), (1.42, -0.35)), 0.05, shade(tone))
        pen.oval(0.72, 0.98, 0.20, 0.13, (236, 96, 120), turn=-40, line=(150, 50, 80))
    elif style == "pigtails":
        right: Points = smooth(((1.0, 0.35), (1.45, 0.50), (1.78, 0.10), (1.72, -0.55), (1.48, -0.95), (1.22, -0.62),
                                (1.08, -0.1)))
        for points in (right, mirrored(right)):
            pen.shape(points, tone, shaded=0.09)
        for side in (-1.0, 1.0):
            pen.disc(side * 1.12, 0.26, 0.14, (236, 96, 120), line=(150, 50, 80))
    elif style == "braids":
        for side in (-1.0, 1.0):
            for k in range(5):
                x, y = side * (1.02 * wide + 0.05 * math.sin(k * 1.4)), -0.45 - 0.31 * k
                pen.oval(x, y, 0.225 - k * 0.012, 0.20, tone, turn=side * (28 if k % 2 else -28), line=edge(tone))
            pen.disc(side * 1.04 * wide, -1.95, 0.10, (236, 96, 120), line=(150, 50, 80))
            pen.oval(side * 1.04 * wide, -2.14, 0.12, 0.15, tone, line=edge(tone))
    elif style == "bun" and not covered:
        pen.ball(0, 1.22, 0.42, tone, line=edge(tone))
        pen.arc(((-0.2, 1.3), (0, 1.42), (0.2, 1.28), (0.05, 1.18)), 0.05, shade(tone))


def draw_hair(pen: Pen, style: str, tone: Colour, wide: float, *, covered: bool, receding: bool = False) -> None:
    """The hair that lies on the head and frames the face."""
    w = wide * 1.04
    if style == "bald":
        return
    if style == "afro":
        for x, y in ((-0.78, 0.62), (-0.42, 0.83), (0.0, 0.90), (0.42, 0.83), (0.78, 0.62), (-0.97, 0.25),
                     (0.97, 0.25)):
            pen.disc(x * wide, y, 0.27, tone)
        _curls(pen, tone, ((-0.5, 1.05), (0.15, 1.2), (0.6, 0.95), (-0.9, 0.6)))
        return
    if style == "mohawk":
        pen.shape(smooth(((-0.98 * wide, 0.20), (-0.80 * wide, 0.66), (0, 1.02), (0.80 * wide, 0.66),
                          (0.98 * wide, 0.20), (0.66, 0.62), (0, 0.80), (-0.66, 0.62))),
                  mix(tone, (255, 225, 200), 0.25))
        if not covered:
            pen.shape(((-0.26, 0.62), (-0.34, 1.20), (-0.16, 1.12), (-0.12, 1.48), (0.03, 1.20), (0.16, 1.52),
                       (0.20, 1.14), (0.36, 1.22),
                       (0.26, 0.62), (0.0, 0.50)), tone, shaded=0.08)
        return
    if style == "curly":
        for x, y, r in ((-0.92, 0.58, 0.28), (0.92, 0.58, 0.28), (-0.62, 0.86, 0.31), (0.62, 0.86, 0.31),
                        (-0.22, 1.0, 0.32), (0.24, 1.0, 0.32)):
            pen.disc(x * wide, y, r, tone, line=edge(tone))
        for x, y, r in ((-0.80, 0.52, 0.25), (-0.46, 0.70, 0.27), (0.0, 0.78, 0.30), (0.46, 0.70, 0.27),
                        (0.80, 0.52, 0.25), (-0.2, 0.95, 0.25), (0.3, 0.95, 0.25)):
            pen.disc(x * wide, y, r, tone)
        _curls(pen, tone, ((-0.55, 0.72), (0.0, 0.72), (0.5, 0.74), (-0.25, 1.02), (0.30, 1.02), (-0.9, 0.5),
                           (0.9, 0.5)))
        return
    fringes: dict[str, Points] = {
        "short": ((-1.0 * w, -0.05), (-1.06 * w, 0.35), (-0.86 * w, 0.86), (-0.4, 1.12), (0.1, 1.16), (0.62, 1.02),
                  (0.98 * w, 0.62), (1.05 * w, 0.2), (0.98 * w, -0.05),
                  (0.86 * w, 0.28), (0.66, 0.52), (0.30, 0.50), (-0.05, 0.62), (-0.42, 0.48), (-0.72,
                      0.46), (-0.88 * w, 0.24)),
        "spiky": ((-1.0 * w, -0.02), (-1.08 * w, 0.40), (-1.12 * w, 0.80), (-0.78, 0.98), (-0.72, 1.36),
                  (-0.34, 1.15), (-0.08, 1.50), (0.18, 1.17), (0.58, 1.40),
                  (0.68, 1.02), (1.10 * w, 0.92), (1.03 * w, 0.45), (1.0 * w, -0.02), (0.80, 0.44), (0.55,
                      0.56), (0.34, 0.40), (0.12, 0.62), (-0.14, 0.42), (-0.38, 0.60), (-0.62, 0.42), (-0.80, 0.44)),
        "bob": ((-1.10 * w, -0.62), (-1.14 * w, 0.2), (-0.92 * w, 0.84), (-0.4, 1.13), (0.2, 1.16), (0.78, 0.98),
                (1.10 * w, 0.40), (1.13 * w, -0.2), (1.10 * w, -0.62),
                (0.94 * w, -0.45), (0.88 * w, 0.30), (0.62, 0.40), (0.20, 0.37), (-0.25, 0.40), (-0.64,
                    0.36), (-0.88 * w, 0.28), (-0.94 * w, -0.45)),
        "long": ((-1.12 * w, -0.9), (-1.12 * w, 0.2), (-0.90 * w, 0.84), (-0.4, 1.12), (0.2, 1.14), (0.78, 0.97),
                 (1.10 * w, 0.40), (1.14 * w, -0.2), (1.14 * w, -0.9),
                 (0.95 * w, -0.55), (0.90 * w, 0.18), (0.66, 0.56), (0.20, 0.84), (-0.25, 0.62), (-0.66,
                     0.46), (-0.90 * w, 0.10), (-0.95 * w, -0.55)),
        "ponytail": ((-1.0 * w, 0.0), (-1.06 * w, 0.38), (-0.86 * w, 0.86), (-0.4, 1.12), (0.2, 1.15), (0.72, 0.98),
                     (1.04 * w, 0.45), (1.0 * w, 0.0),
                     (0.90 * w, 0.30), (0.58, 0.68), (0.10, 0.56), (-0.35, 0.44), (-0.74, 0.40), (-0.90 * w, 0.20)),
        "pigtails": ((-1.06 * w, 0.05), (-1.06 * w, 0.38), (-0.86 * w, 0.86), (-0.4, 1.12), (0, 1.15), (0.4, 1.12),
                     (0.86 * w, 0.86), (1.06 * w, 0.38), (1.06 * w, 0.05),
                     (0.84 * w, 0.30), (0.48, 0.46), (0.12, 0.70), (0.0, 0.86), (-0.12, 0.70), (-0.48,
                         0.46), (-0.84 * w, 0.30)),
        "bun": ((-1.0 * w, 0.0), (-1.06 * w, 0.38), (-0.86 * w, 0.86), (-0.4, 1.12), (0, 1.16), (0.4, 1.12),
                (0.86 * w, 0.86), (1.06 * w, 0.38), (1.0 * w, 0.0),
                (0.88 * w, 0.34), (0.55, 0.62), (0.0, 0.72), (-0.55, 0.62), (-0.88 * w, 0.34)),
        "braids": ((-1.08 * w, -0.35), (-1.10 * w, 0.35), (-0.88 * w, 0.86), (-0.4, 1.12), (0, 1.15), (0.4, 1.12),
                   (0.88 * w, 0.86), (1.10 * w, 0.35), (1.08 * w, -0.35),
                   (0.90 * w, 0.22), (0.5, 0.60), (0.08, 0.86), (0.0, 0.98), (-0.08, 0.86), (-0.5, 0.60), (-0.90 * w,
                       0.22)),
    }
    points = fringes.get(style, fringes["short"])
    if receding and style == "short":
        points = ((-1.0 * w, -0.15), (-1.10 * w, 0.30), (-0.96 * w, 0.72), (-0.6, 1.0), (0, 1.09), (0.6, 1.0),
                  (0.96 * w, 0.72), (1.10 * w, 0.30), (1.0 * w, -0.15),
                  (0.88 * w, 0.30), (0.70, 0.62), (0.34, 0.78), (0.0, 0.66), (-0.34, 0.78), (-0.70, 0.62), (-0.88 * w,
                      0.30))
    outline = points if style == "spiky" else smooth(points)
    pen.shape(outline, tone, shaded=0.14)
    shine = lighter(tone, 0.30)
    pen.arc(((-0.62 * wide, 0.78), (-0.42, 0.92), (-0.15, 0.99)), 0.075, shine)


def _curls(pen: Pen, tone: Colour, places: Points) -> None:
    dark = mix(shade(tone), (40, 24, 40), 0.22)
    for x, y in places:
        pen.arc(((x - 0.13, y - 0.02), (x - 0.05, y + 0.10), (x + 0.09, y + 0.07), (x + 0.08, y - 0.05)), 0.05, dark)
