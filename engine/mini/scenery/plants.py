"""Trees, bushes, grass, flowers and stones, each of several shapes."""

from __future__ import annotations

import itertools
import math
from random import Random

from engine.mini.scenery.light import Colour, colour, darker, lighter, mix
from engine.mini.scenery.sheet import Sheet

GREENS = tuple(colour(c) for c in ("#5FA845", "#4C9A4F", "#7DB548", "#3E8C56", "#8CBF4F", "#559B6B"))
AUTUMN = tuple(colour(c) for c in ("#E0913A", "#D9693B", "#E5B544", "#B9573F"))
BLOSSOM = tuple(colour(c) for c in ("#F3B3C8", "#F7D5DE", "#EFA0B5"))
PINES = tuple(colour(c) for c in ("#2F7D5B", "#3C8A55", "#2D6E66", "#4A8D4C"))
BARK = colour("#7B5236")
PETALS = tuple(colour(c) for c in ("#F2617A", "#F7C948", "#FFFFFF", "#B58BE0", "#F59A4A", "#6FA8F0"))


def leaf_tone(rng: Random) -> Colour:
    """A crown's colour: mostly green, sometimes autumn or blossom."""
    dice = rng.random()
    return rng.choice(GREENS if dice < 0.78 else AUTUMN if dice < 0.9 else BLOSSOM)


def draw_crown(
    sheet: Sheet, x: float, y: float, rx: float, ry: float, tone: Colour, rng: Random, depth: float = 0.0
) -> None:
    """Leaves as a heap of balls in three tones, lit from the upper left, dusted with snow where it snows."""
    balls = [
        (math.cos(a) * rx * 0.58, math.sin(a) * ry * 0.58, rng.uniform(0.42, 0.56))
        for a in (i * math.tau / 7 + rng.uniform(-0.25, 0.25) for i in range(7))
    ]
    balls.append((0.0, 0.0, 0.72))
    dark, bright = darker(tone, 0.24), lighter(tone, 0.2)
    for bx, by, r in balls:
        sheet.ellipse(x + bx, y + by, rx * r, ry * r, dark, depth)
    for bx, by, r in balls:
        sheet.ellipse(x + bx * 0.92 - rx * 0.05, y + by * 0.92 - ry * 0.09, rx * r * 0.9, ry * r * 0.88, tone, depth)
    top = sheet.light.open_ground(bright)
    for bx, by, r in balls:
        if by < ry * 0.2:
            sheet.ellipse(x + bx * 0.8 - rx * 0.14, y + by * 0.85 - ry * 0.24, rx * r * 0.5, ry * r * 0.4, top, depth)


def draw_round_tree(
    sheet: Sheet, x: float, y: float, height: float, tone: Colour, rng: Random, depth: float = 0.0
) -> None:
    """A broad-leaved tree: trunk with a fork, crown round or egg-shaped or wide."""
    trunk = height * rng.uniform(0.045, 0.065)
    rx, ry = rng.choice(((0.30, 0.27), (0.24, 0.33), (0.36, 0.24)))
    sheet.shadow(x + height * 0.04, y, height * 0.24, height * 0.045, 0.28)
    middle = y - height * 0.66
    sheet.poly(
        [
            (x - trunk, y),
            (x - trunk * 0.55, middle),
            (x + trunk * 0.55, middle),
            (x + trunk, y),
            (x + trunk * 1.8, y + height * 0.012),
            (x - trunk * 1.8, y + height * 0.012),
        ],
        BARK,
        depth,
    )
    sheet.poly(
        [(x + trunk * 0.15, y), (x + trunk * 0.1, middle), (x + trunk * 0.55, middle), (x + trunk, y)],
        darker(BARK, 0.25),
        depth,
    )
    sheet.line([(x, y - height * 0.35), (x + height * 0.12, y - height * 0.52)], BARK, trunk * 0.7, depth)
    sheet.line([(x, y - height * 0.32), (x - height * 0.11, y - height * 0.5)], BARK, trunk * 0.7, depth)
    draw_crown(sheet, x, middle, height * rx, height * ry, tone, rng, depth)


def draw_apple_tree(
    sheet: Sheet, x: float, y: float, height: float, tone: Colour, rng: Random, depth: float = 0.0
) -> None:
    """A round tree with fruit."""
    draw_round_tree(sheet, x, y, height, tone, rng, depth)
    fruit = rng.choice(((216, 60, 56), (240, 160, 50), (250, 210, 70)))
    for _ in range(9):
        angle, far = rng.uniform(0, math.tau), rng.uniform(0.05, 0.2) * height
        sheet.ellipse(
            x + far * math.cos(angle),
            y - height * 0.64 + far * 0.9 * math.sin(angle),
            height * 0.021,
            height * 0.021,
            fruit,
            depth,
        )


def draw_pine(sheet: Sheet, x: float, y: float, height: float, tone: Colour, rng: Random, depth: float = 0.0) -> None:
    """A fir of three to five skirts, one side in shade, snow on its shoulders where it snows."""
    layers = rng.randint(3, 5)
    width = height * rng.uniform(0.22, 0.29)
    sheet.shadow(x + height * 0.03, y, width * 0.8, height * 0.035, 0.26)
    sheet.rect(x - height * 0.028, y - height * 0.16, x + height * 0.028, y, darker(BARK, 0.15), depth)
    white = sheet.light.snow > 0
    for i in range(layers):
        low = y - height * 0.1 - height * 0.9 * i / layers * 0.86
        high = low - height * 0.9 / layers * 1.55
        half = width * (1 - 0.72 * i / layers)
        skirt = [
            (x - half, low),
            (x - half * 0.5, low + height * 0.02),
            (x, low),
            (x + half * 0.5, low + height * 0.02),
            (x + half, low),
            (x, max(high, y - height)),
        ]
        sheet.poly(skirt, tone, depth)
        sheet.poly(
            [(x, low), (x + half * 0.5, low + height * 0.02), (x + half, low), (x, max(high, y - height))],
            darker(tone, 0.2),
            depth,
        )
        sheet.poly(
            [(x - half, low), (x - half * 0.55, low - (low - high) * 0.1), (x, max(high, y - height))],
            lighter(tone, 0.75 if white else 0.14),
            depth,
        )


def draw_birch(sheet: Sheet, x: float, y: float, height: float, tone: Colour, rng: Random, depth: float = 0.0) -> None:
    """A slender white trunk with dark rings and a high narrow crown."""
    trunk = height * 0.03
    sheet.shadow(x + height * 0.03, y, height * 0.15, height * 0.03, 0.24)
    draw_crown(sheet, x, y - height * 0.7, height * 0.19, height * 0.3, lighter(tone, 0.1), rng, depth)
    sheet.poly(
        [(x - trunk, y), (x - trunk * 0.6, y - height * 0.75), (x + trunk * 0.6, y - height * 0.75), (x + trunk, y)],
        (232, 230, 222),
        depth,
    )
    for _ in range(7):
        ring = y - rng.uniform(0.05, 0.7) * height
        start = rng.uniform(-1, 0.2)
        sheet.line([(x + trunk * start, ring), (x + trunk * (start + 0.7), ring)], (74, 68, 70), height * 0.009, depth)


def draw_palm(sheet: Sheet, x: float, y: float, height: float, lean: float, rng: Random) -> None:
    """A bent ringed trunk under hanging fronds, with nuts."""
    points = [(x + lean * height * (i / 8) ** 1.8, y - height * i / 8) for i in range(9)]
    sheet.shadow(x + height * 0.05, y, height * 0.16, height * 0.03, 0.3)
    for i, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
        wide = height * (0.04 - 0.0022 * i)
        tone = (166, 120, 78) if i % 2 else (150, 106, 68)
        sheet.poly([(x0 - wide, y0), (x1 - wide * 0.9, y1), (x1 + wide * 0.9, y1), (x0 + wide, y0)], tone)
    tx, ty = points[-1]
    for angle in (-2.9, -2.3, -1.6, -0.9, -0.25, 0.25, 2.9):
        length = height * rng.uniform(0.34, 0.42)
        ex, ey = tx + length * math.cos(angle), ty + length * 0.55 * math.sin(angle) + length * 0.32
        mx, my = tx + length * 0.55 * math.cos(angle), ty + length * 0.6 * math.sin(angle) - length * 0.06
        tone = rng.choice(((72, 150, 82), (88, 168, 84), (58, 130, 78)))
        sheet.poly(
            [(tx, ty), (mx, my - height * 0.035), (ex, ey), (mx, my + height * 0.04)],
            sheet.light.open_ground(tone) if angle < 0 else tone,
        )
        sheet.line([(tx, ty), (mx, my), (ex, ey)], lighter(tone, 0.22), height * 0.008)
    for dx in (-0.035, 0.03):
        sheet.ellipse(tx + dx * height, ty + height * 0.03, height * 0.032, height * 0.034, (112, 74, 48))


def draw_tree(sheet: Sheet, x: float, y: float, height: float, rng: Random, depth: float = 0.0) -> None:
    """Some tree that suits most gardens, chosen by the generator."""
    kind = rng.choice((draw_round_tree, draw_round_tree, draw_apple_tree, draw_birch))
    kind(sheet, x, y, height, leaf_tone(rng), rng, depth)


def draw_bush(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    tone: Colour,
    rng: Random,
    *,
    berries: bool = False,
    depth: float = 0.0,
) -> None:
    """A low heap of leaves."""
    sheet.shadow(x, y, width * 0.6, width * 0.12, 0.26)
    draw_crown(sheet, x, y - width * 0.26, width * 0.5, width * 0.32, tone, rng, depth)
    if berries:
        petal = rng.choice(PETALS)
        for _ in range(8):
            sheet.ellipse(
                x + rng.uniform(-0.36, 0.36) * width,
                y - rng.uniform(0.1, 0.45) * width,
                width * 0.035,
                width * 0.035,
                petal,
                depth,
            )


def draw_grass(sheet: Sheet, x: float, y: float, height: float, tone: Colour, rng: Random) -> None:
    """One tuft of three to five blades."""
    for i in range(rng.randint(3, 5)):
        lean = rng.uniform(-0.6, 0.6)
        root = x + (i - 2) * height * 0.16
        sheet.poly(
            [
                (root - height * 0.07, y),
                (root + lean * height, y - height * rng.uniform(0.7, 1)),
                (root + height * 0.07, y),
            ],
            tone,
        )


def draw_flower(sheet: Sheet, x: float, y: float, height: float, petal: Colour, rng: Random) -> None:
    """A stalk, a leaf and five petals, or a tulip's cup."""
    stem = (70, 138, 70)
    sheet.line([(x, y), (x, y - height)], stem, height * 0.09)
    sheet.ellipse(x + height * 0.14, y - height * 0.35, height * 0.15, height * 0.07, stem)
    if rng.random() < 0.3:
        top = y - height
        sheet.poly(
            [
                (x - height * 0.2, top - height * 0.22),
                (x - height * 0.08, top - height * 0.08),
                (x, top - height * 0.26),
                (x + height * 0.08, top - height * 0.08),
                (x + height * 0.2, top - height * 0.22),
                (x + height * 0.13, top + height * 0.1),
                (x - height * 0.13, top + height * 0.1),
            ],
            petal,
        )
        return
    for i in range(5):
        angle = i * math.tau / 5 - math.pi / 2
        sheet.ellipse(
            x + height * 0.17 * math.cos(angle),
            y - height + height * 0.17 * math.sin(angle),
            height * 0.13,
            height * 0.13,
            petal,
        )
    sheet.ellipse(x, y - height, height * 0.1, height * 0.1, (250, 205, 80) if petal[2] < 200 else (240, 170, 60))


def draw_stone(
    sheet: Sheet, x: float, y: float, width: float, rng: Random, tone: Colour = (150, 150, 158), depth: float = 0.0
) -> None:
    """A boulder with a lit back and a dark foot."""
    high = width * rng.uniform(0.5, 0.8)
    sheet.shadow(x, y, width * 0.62, width * 0.12, 0.3)
    lean = rng.uniform(-0.12, 0.12) * width
    sheet.shaded(
        [
            (x - width * 0.5, y),
            (x - width * 0.42, y - high * 0.6),
            (x - width * 0.12 + lean, y - high),
            (x + width * 0.22 + lean, y - high * 0.92),
            (x + width * 0.46, y - high * 0.45),
            (x + width * 0.5, y),
        ],
        lighter(tone, 0.18),
        darker(tone, 0.24),
        depth,
    )
    sheet.poly(
        [
            (x - width * 0.3, y - high * 0.66),
            (x - width * 0.1 + lean, y - high * 0.94),
            (x + width * 0.18 + lean, y - high * 0.87),
            (x - width * 0.02, y - high * 0.68),
        ],
        sheet.light.open_ground(lighter(tone, 0.36)),
        depth,
    )


def draw_mushroom(sheet: Sheet, x: float, y: float, height: float, rng: Random) -> None:
    """A toadstool."""
    cap = rng.choice(((212, 64, 56), (196, 120, 64), (226, 150, 70)))
    sheet.shadow(x, y, height * 0.4, height * 0.1, 0.25)
    sheet.rect(x - height * 0.13, y - height * 0.6, x + height * 0.13, y, (238, 228, 208), radius=height * 0.08)
    sheet.poly(
        [
            (x + height * 0.5 * math.cos(a), y - height * 0.52 - height * 0.45 * math.sin(a))
            for a in (i * math.pi / 10 for i in range(11))
        ],
        cap,
    )
    for dx, dy in ((-0.2, 0.68), (0.06, 0.82), (0.24, 0.64)):
        sheet.ellipse(x + dx * height, y - dy * height, height * 0.07, height * 0.06, (250, 244, 234))


def draw_fence(
    sheet: Sheet,
    y: float,
    height: float,
    tone: Colour,
    rng: Random,
    *,
    left: float = 0.0,
    right: float = 1.0,
    depth: float = 0.0,
) -> None:
    """A picket or a rail fence across the picture."""
    pickets = rng.random() < 0.55
    gap = height * (0.62 if pickets else 1.6)
    for rail in (0.35, 0.72):
        sheet.rect(
            left, y - height * rail - height * 0.05, right, y - height * rail + height * 0.05, darker(tone, 0.16), depth
        )
    count = int((right - left) / gap) + 1
    for i in range(count):
        x = left + (i + 0.3) * gap
        half = height * (0.17 if pickets else 0.11)
        top = y - height
        if pickets:
            sheet.poly(
                [(x - half, y), (x - half, top + half), (x, top), (x + half, top + half), (x + half, y)], tone, depth
            )
        else:
            sheet.rect(x - half, top, x + half, y, tone, depth, radius=half * 0.6)
        if sheet.light.snow:
            sheet.ellipse(x, top + half * 0.5, half, half * 0.6, (246, 248, 252), depth)


def meadow_tones(rng: Random) -> tuple[Colour, Colour]:
    """Near and far green of open grass."""
    near = rng.choice(tuple(colour(c) for c in ("#86C25A", "#79B85C", "#93C65C", "#6FB567", "#9CC65A")))
    return near, mix(near, (170, 214, 150), 0.4)
