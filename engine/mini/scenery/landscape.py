"""What several open places share: hills, peaks, paths, houses, windows seen from outside, street lamps."""

from __future__ import annotations

import math
from random import Random

from engine.mini.scenery import plants
from engine.mini.scenery.light import Colour, colour, darker, lighter, mix
from engine.mini.scenery.sheet import Sheet, height_at, wavy

ROOFS = tuple(colour(c) for c in ("#C4554A", "#9C5B3F", "#5E7FA8", "#7A5A86", "#D07B45", "#4F7F73"))
WALLS = tuple(colour(c) for c in ("#F3E3C3", "#EFC9A9", "#CFE0E3", "#F2D7D9", "#DDE3BE", "#E9B98F", "#B9CFE8"))
LAMP: Colour = (255, 214, 130)


def hills(
    sheet: Sheet, rng: Random, *, y: float, near: Colour, count: int = 3, height: float = 0.045, step: float = 0.075
) -> list[list[tuple[float, float]]]:
    """Rolling ground in layers, far to near; returns their outlines, the nearest last."""
    outlines = []
    for i in range(count):
        depth = 1 - (i + 1) / count
        outline = wavy(
            y - step * (count - 1 - i), height * rng.uniform(0.6, 1.2), rng.uniform(0, 6.3), rng.uniform(0.6, 1.5)
        )
        tone = sheet.light.open_ground(mix(near, (150, 196, 168), depth * 0.35))
        last = i == count - 1
        sheet.shaded(outline, lighter(tone, 0.16), darker(tone, 0.16 if last else 0.06), depth * 0.85)
        outlines.append(outline)
    return outlines


def ground_details(
    sheet: Sheet, rng: Random, ground: list[tuple[float, float]], near: Colour, *, flowers: int = 14, tufts: int = 22
) -> None:
    """Tufts and small flowers over near ground, bigger towards the viewer."""
    blade = darker(near, 0.18)
    for _ in range(tufts):
        x = rng.random()
        y = rng.uniform(height_at(ground, x) + 0.03, 0.99)
        plants.draw_grass(sheet, x, y, 0.016 + 0.03 * max(0.0, y - 0.6), sheet.light.open_ground(blade), rng)
    petals = rng.sample(plants.PETALS, 2)
    for _ in range(flowers):
        x = rng.random()
        y = rng.uniform(height_at(ground, x) + 0.05, 0.99)
        plants.draw_flower(sheet, x, y, 0.024 + 0.035 * max(0.0, y - 0.62), rng.choice(petals), rng)


def path(sheet: Sheet, x: float, top: float, rng: Random, tone: Colour, *, width: float = 0.3) -> None:
    """A way winding from (x, top) to the lower edge, widening."""
    end = x + rng.uniform(-0.25, 0.25)
    bend = rng.uniform(-0.1, 0.1)
    left, right = [], []
    for i in range(13):
        t = i / 12
        mid = x + (end - x) * t + bend * math.sin(math.pi * t * 1.5)
        half = 0.012 + width * 0.5 * t**1.6
        y = top + (1.0 - top) * t
        left.append((mid - half, y))
        right.append((mid + half, y))
    tone = mix(tone, sheet.light.open_ground(tone), 0.6)
    sheet.shaded([*left, *reversed(right)], lighter(tone, 0.12), darker(tone, 0.1))


def lit_window(
    sheet: Sheet,
    left: float,
    top: float,
    right: float,
    bottom: float,
    frame: Colour,
    rng: Random,
    *,
    depth: float = 0.0,
) -> None:
    """A window seen from outside: sky-blue by day, warm and shining in the dark, unless nobody is at home."""
    at_home = rng.random() < 0.75
    edge = (right - left) * 0.12
    sheet.rect(left - edge, top - edge, right + edge, bottom + edge, frame, depth)
    if at_home and sheet.light.glow > 0:
        sheet.rect(left, top, right, bottom, LAMP, raw=True)
        sheet.glow(
            (left + right) / 2, (top + bottom) / 2, (right - left) * 1.6, (255, 180, 80), 0.35 * sheet.light.glow
        )
    else:
        sheet.rect(left, top, right, bottom, (150, 190, 214), depth)
        sheet.poly(
            [(left, top), (left + (right - left) * 0.55, top), (left, top + (bottom - top) * 0.55)],
            (196, 222, 235),
            depth,
        )
    middle, across = (left + right) / 2, (top + bottom) / 2
    sheet.line([(middle, top), (middle, bottom)], frame, edge * 0.7, depth)
    sheet.line([(left, across), (right, across)], frame, edge * 0.7, depth)


def house(sheet: Sheet, x: float, y: float, width: float, rng: Random, *, depth: float = 0.0) -> None:
    """A cottage with door, windows, chimney and smoke."""
    wall, roof = rng.choice(WALLS), rng.choice(ROOFS)
    high = width * rng.uniform(0.6, 0.85)
    peak = width * rng.uniform(0.42, 0.62)
    left, right, top = x - width / 2, x + width / 2, y - high
    sheet.shadow(x + width * 0.1, y, width * 0.62, 0.018, 0.3)
    chimney = x + width * rng.choice((-0.28, 0.28))
    sheet.rect(chimney - width * 0.06, top - peak * 0.85, chimney + width * 0.06, top, (160, 92, 74), depth)
    for i in range(3):
        sheet.ellipse(
            chimney + width * 0.05 * i,
            top - peak * (0.95 + 0.16 * i),
            width * (0.05 + 0.014 * i),
            width * (0.04 + 0.012 * i),
            (222, 226, 232),
            depth + 0.3,
        )
    sheet.shaded([(left, top), (right, top), (right, y), (left, y)], lighter(wall, 0.18), darker(wall, 0.1), depth)
    over = width * 0.09
    roofline = [(left - over, top + over * 0.3), (x, top - peak), (right + over, top + over * 0.3)]
    sheet.shaded(
        roofline, lighter(sheet.light.open_ground(roof), 0.1), sheet.light.open_ground(darker(roof, 0.14)), depth
    )
    sheet.rect(left, top + over * 0.3, right, top + over * 0.75, darker(wall, 0.2), depth)
    door = x + width * rng.choice((-0.22, 0.0, 0.22))
    door_tone = rng.choice(ROOFS)
    sheet.rect(
        door - width * 0.09, y - high * 0.56, door + width * 0.09, y, door_tone, depth, radius=width * 0.03, edge=0.004
    )
    sheet.ellipse(door + width * 0.055, y - high * 0.27, width * 0.013, width * 0.013, (240, 200, 90), depth)
    for side in (-0.3, 0.0, 0.3):
        wx = x + width * side
        if abs(wx - door) > width * 0.18:
            lit_window(
                sheet,
                wx - width * 0.07,
                top + high * 0.26,
                wx + width * 0.07,
                top + high * 0.55,
                (250, 246, 236),
                rng,
                depth=depth,
            )


def lantern_post(sheet: Sheet, x: float, y: float, height: float, tone: Colour) -> None:
    """A street lamp, lit when the light is low."""
    sheet.shadow(x, y, 0.03, 0.008, 0.3)
    sheet.rect(x - 0.006, y - height, x + 0.006, y, tone)
    sheet.rect(x - 0.016, y - 0.02, x + 0.016, y, tone, radius=0.004)
    head = y - height
    on = sheet.light.glow > 0
    sheet.poly(
        [(x - 0.018, head), (x - 0.026, head - 0.055), (x + 0.026, head - 0.055), (x + 0.018, head)],
        (255, 226, 150) if on else (226, 232, 222),
        raw=on,
    )
    sheet.poly([(x - 0.032, head - 0.053), (x, head - 0.078), (x + 0.032, head - 0.053)], tone)
    if on:
        sheet.glow(x, head - 0.03, 0.24, (255, 196, 100), 0.8 * sheet.light.glow)
        sheet.beam(
            [(x - 0.02, head), (x + 0.02, head), (x + 0.17, y + 0.03), (x - 0.17, y + 0.03)],
            (255, 200, 110),
            0.16 * sheet.light.glow,
        )


def snowy_pine(sheet: Sheet, x: float, y: float, height: float, rng: Random, depth: float) -> None:
    """A fir under snow in every weather."""
    tone = rng.choice(plants.PINES)
    width = height * rng.uniform(0.25, 0.3)
    sheet.shadow(x + height * 0.03, y, width * 0.8, height * 0.03, 0.2)
    sheet.rect(x - height * 0.028, y - height * 0.12, x + height * 0.028, y, (110, 80, 62), depth)
    for i in range(4):
        low = y - height * (0.1 + 0.2 * i)
        half = width * (1 - 0.2 * i)
        tip = max(y - height, low - height * 0.36)
        sheet.poly([(x - half, low), (x, low + height * 0.025), (x + half, low), (x, tip)], tone, depth)
        sheet.poly([(x, low + height * 0.025), (x + half, low), (x, tip)], darker(tone, 0.2), depth)
        sheet.poly(
            [
                (x - half * 0.62, low - height * 0.135),
                (x - half * 0.3, low - height * 0.075),
                (x, low - height * 0.12),
                (x + half * 0.3, low - height * 0.085),
                (x + half * 0.62, low - height * 0.135),
                (x, tip),
            ],
            (246, 249, 253),
            depth,
        )


def peaks(sheet: Sheet, rng: Random, base: float, height: float, rock: Colour, *, depth: float, count: int = 3) -> None:
    """Mountains with a lit and a dark flank and snow on top."""
    for i in range(count):
        x = (i + rng.uniform(0.2, 0.8)) / count
        high = height * rng.uniform(0.65, 1.05)
        half = high * rng.uniform(0.75, 1.1)
        top = (x, base - high)
        ridge = x + half * rng.uniform(0.05, 0.2)
        sheet.poly([(x - half, base + 0.02), top, (x + half, base + 0.02)], lighter(rock, 0.12), depth)
        sheet.poly(
            [
                top,
                (ridge, base - high * 0.55),
                (x + half * 0.05, base - high * 0.3),
                (ridge, base + 0.02),
                (x + half, base + 0.02),
            ],
            darker(rock, 0.2),
            depth,
        )
        share = rng.uniform(0.3, 0.45) + 0.15 * bool(sheet.light.snow)
        left, right = (x - half * share, base - high * (1 - share)), (x + half * share, base - high * (1 - share))
        jag = [
            (left[0] + (right[0] - left[0]) * t, left[1] + (0.03 if k % 2 else -0.028) * high * 1.6)
            for k, t in enumerate((0.2, 0.4, 0.6, 0.8))
        ]
        sheet.poly([top, left, *jag, right], (250, 252, 255), depth * 0.7)
        sheet.poly(
            [top, (x + half * share * 0.16, base - high * (1 - share * 0.6)), jag[2], jag[3], right],
            (206, 220, 240),
            depth * 0.7,
        )
