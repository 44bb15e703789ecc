"""Castle, cave, sea floor, space and cloudland, each instance fixed by the generator it is given."""

from __future__ import annotations

import math
from random import Random

from engine.mini.scenery import plants
from engine.mini.scenery.landscape import LAMP, ROOFS, ground_details, hills, path, peaks
from engine.mini.scenery.light import Colour, colour, darker, lighter, mix
from engine.mini.scenery.sheet import Sheet, wavy
from engine.mini.scenery.sky import draw_cloud, draw_sky, draw_stars

GEMS = tuple(colour(c) for c in ("#6FD3E8", "#B58BF0", "#F08BC0", "#8BE8A8", "#F5C86A", "#7FA0F5"))


def _slit(sheet: Sheet, x: float, y: float, wide: float, high: float, depth: float, lit: bool) -> None:
    on = lit and sheet.light.glow > 0
    tone: Colour = LAMP if on else (76, 72, 96)
    sheet.rect(x - wide, y - high, x + wide, y, tone, depth, raw=on, radius=wide * 0.9)
    if on:
        sheet.glow(x, y - high / 2, 0.07, (255, 180, 80), 0.45 * sheet.light.glow)


def _battlements(sheet: Sheet, left: float, right: float, y: float, stone: Colour, depth: float) -> None:
    count = max(2, round((right - left) / 0.034))
    step = (right - left) / (count * 2 - 1)
    for i in range(count):
        a = left + step * 2 * i
        sheet.rect(a, y - 0.024, a + step, y + 0.004, stone, depth)
        if sheet.light.snow:
            sheet.rect(a, y - 0.027, a + step, y - 0.018, (248, 250, 254), depth)


def _tower(
    sheet: Sheet,
    x: float,
    base: float,
    wide: float,
    high: float,
    stone: Colour,
    roof: Colour,
    flag: Colour,
    rng: Random,
    depth: float,
) -> None:
    left, right, top = x - wide / 2, x + wide / 2, base - high
    pointed = rng.random() < 0.75
    sheet.shaded([(left, top), (x, top), (x, base), (left, base)], lighter(stone, 0.2), lighter(stone, 0.04), depth)
    sheet.shaded([(x, top), (right, top), (right, base), (x, base)], stone, darker(stone, 0.16), depth)
    for _ in range(7):
        bx, by = x + rng.uniform(-0.4, 0.25) * wide, rng.uniform(top + 0.05, base - 0.02)
        sheet.rect(bx, by, bx + wide * 0.16, by + 0.012, darker(stone, 0.1), depth, radius=0.003)
    sheet.rect(left - wide * 0.08, top - 0.004, right + wide * 0.08, top + 0.022, lighter(stone, 0.1), depth)
    if pointed:
        peak = top - wide * rng.uniform(1.0, 1.5)
        tiled = mix(roof, sheet.light.open_ground(roof), 0.75)
        sheet.poly([(left - wide * 0.16, top), (x, peak), (right + wide * 0.16, top)], lighter(tiled, 0.12), depth)
        sheet.poly([(x + wide * 0.06, top), (x, peak), (right + wide * 0.16, top)], darker(tiled, 0.16), depth)
        if rng.random() < 0.6:
            sheet.line([(x, peak + 0.01), (x, peak - 0.05)], (90, 84, 96), 0.005, depth)
            sheet.poly([(x, peak - 0.05), (x + 0.048, peak - 0.036), (x, peak - 0.02)], flag, depth)
    else:
        _battlements(sheet, left - wide * 0.08, right + wide * 0.08, top, stone, depth)
    for i in range(rng.randint(1, 3)):
        _slit(sheet, x, top + 0.075 + 0.075 * i, wide * 0.09, 0.04, depth, rng.random() < 0.8)


def draw_castle(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.6)
    stone = rng.choice(tuple(colour(c) for c in ("#B9B4C4", "#CDBBA4", "#A7B4C0", "#D6B7B4", "#C9C6BA", "#9FA8B8")))
    roof, flag = rng.choice(ROOFS), rng.choice(plants.PETALS)
    near, _ = plants.meadow_tones(rng)
    if rng.random() < 0.5:
        peaks(sheet, rng, 0.56, 0.22, (150, 160, 186), depth=0.85)
    back = wavy(0.55, 0.03, rng.uniform(0, 6), 0.9)
    tone = sheet.light.open_ground(near)
    sheet.shaded(back, mix(tone, (150, 196, 168), 0.3), tone, 0.5)
    x, base, depth = 0.5 + rng.uniform(-0.16, 0.16), 0.66, 0.08
    wide = rng.uniform(0.4, 0.56)
    for _ in range(rng.randint(1, 2)):
        _tower(
            sheet,
            x + rng.uniform(-0.12, 0.12),
            base,
            rng.uniform(0.08, 0.12),
            rng.uniform(0.42, 0.5),
            stone,
            roof,
            flag,
            rng,
            depth + 0.1,
        )
    wall = base - rng.uniform(0.22, 0.28)
    sheet.shaded(
        [(x - wide / 2, wall), (x + wide / 2, wall), (x + wide / 2, base), (x - wide / 2, base)],
        lighter(stone, 0.12),
        darker(stone, 0.06),
        depth,
    )
    _battlements(sheet, x - wide / 2, x + wide / 2, wall, stone, depth)
    for row in range(5):
        for k in range(6):
            if rng.random() < 0.35:
                bx = x - wide / 2 + wide * (k + 0.5 * (row % 2)) / 6
                sheet.rect(
                    bx,
                    wall + 0.03 + 0.04 * row,
                    bx + wide / 9,
                    wall + 0.045 + 0.04 * row,
                    darker(stone, 0.07),
                    depth,
                    radius=0.003,
                )
    for side in (-1, 1):
        _tower(
            sheet,
            x + side * wide / 2,
            base + 0.012,
            rng.uniform(0.1, 0.14),
            rng.uniform(0.3, 0.42),
            stone,
            roof,
            flag,
            rng,
            depth,
        )
    gate = 0.065
    sheet.rect(x - gate - 0.014, base - 0.165, x + gate + 0.014, base + 0.012, darker(stone, 0.16), depth, radius=0.07)
    open_gate = rng.random() < 0.4
    sheet.rect(
        x - gate, base - 0.15, x + gate, base + 0.012, (62, 50, 58) if open_gate else (134, 92, 62), depth, radius=0.06
    )
    if open_gate:
        for k in range(4):
            sheet.line(
                [(x - 0.045 + 0.03 * k, base - 0.14), (x - 0.045 + 0.03 * k, base - 0.07)],
                (110, 104, 110),
                0.005,
                depth,
            )
    else:
        sheet.line([(x, base - 0.15), (x, base + 0.01)], (86, 58, 44), 0.005, depth)
        for y in (0.11, 0.045):
            sheet.line([(x - gate, base - y), (x + gate, base - y)], (80, 76, 84), 0.007, depth)
    for side in (-1, 1):
        _slit(sheet, x + side * wide * 0.26, wall + 0.1, 0.014, 0.055, depth, True)
        sheet.rect(
            x + side * wide * 0.26 - 0.022, wall + 0.115, x + side * wide * 0.26 + 0.022, wall + 0.18, flag, depth
        )
        sheet.poly(
            [
                (x + side * wide * 0.26 - 0.022, wall + 0.178),
                (x + side * wide * 0.26, wall + 0.2),
                (x + side * wide * 0.26 + 0.022, wall + 0.178),
            ],
            flag,
            depth,
        )
    ground = hills(sheet, rng, y=0.675, near=near, count=1, height=0.008)[-1]
    if rng.random() < 0.5:
        water = mix(sheet.lit((98, 168, 206)), sheet.light.sky[1], 0.4)
        sheet.rect(0, 0.675, 1, 0.725, water, raw=True)
        for _ in range(9):
            px, py = rng.random(), rng.uniform(0.682, 0.72)
            sheet.line([(px - 0.03, py), (px + 0.03, py)], lighter(water, 0.4), 0.004, raw=True)
        sheet.shaded(wavy(0.726, 0.006, rng.uniform(0, 6), 2.0), lighter(tone, 0.14), darker(tone, 0.16))
        sheet.poly(
            [(x - 0.07, 0.672), (x + 0.07, 0.672), (x + 0.1, 0.745), (x - 0.1, 0.745)], (150, 106, 72), edge=0.004
        )
        for k in range(4):
            sheet.line(
                [(x - 0.072 - 0.007 * k, 0.685 + 0.017 * k), (x + 0.072 + 0.007 * k, 0.685 + 0.017 * k)],
                (112, 78, 56),
                0.004,
            )
        path(sheet, x, 0.745, rng, (220, 198, 160), width=0.34)
    else:
        path(sheet, x, 0.668, rng, (220, 198, 160), width=0.32)
    for side in (-1, 1):
        if rng.random() < 0.75:
            px = 0.5 + side * rng.uniform(0.38, 0.48)
            (plants.draw_pine if rng.random() < 0.5 else plants.draw_round_tree)(
                sheet, px, 0.76, rng.uniform(0.3, 0.42), rng.choice(plants.GREENS), rng
            )
    ground_details(sheet, rng, ground, near, flowers=12, tufts=12)


def draw_cave(sheet: Sheet, rng: Random) -> None:
    rock = rng.choice(tuple(colour(c) for c in ("#7C7391", "#8A7566", "#5F7A86", "#806A7E", "#6E7A6C")))
    gems = rng.sample(GEMS, 2)
    hole_x, hole_y = 0.5 + rng.choice((-1, 1)) * rng.uniform(0.08, 0.24), rng.uniform(0.42, 0.48)
    hole_w, hole_h = rng.uniform(0.16, 0.23), rng.uniform(0.29, 0.36)
    torches = rng.random() < 0.55
    sheet.gradient(0, 0, 1, 1, darker(rock, 0.5), darker(rock, 0.25))
    for i in range(3):
        k = 1.9 - 0.32 * i
        sheet.poly(
            [
                (
                    hole_x + hole_w * k * math.cos(a) * (1 + 0.1 * math.sin(a * 5 + i)),
                    hole_y + hole_h * k * math.sin(a) * (1 + 0.08 * math.cos(a * 4 + i)),
                )
                for a in (j * math.tau / 22 for j in range(22))
            ],
            mix(darker(rock, 0.45), lighter(rock, 0.1), 0.25 * (i + 1)),
        )
    rim = [
        (
            hole_x + hole_w * math.cos(a) * (1 + 0.08 * math.sin(a * 5)),
            hole_y + hole_h * math.sin(a) * (1 + 0.06 * math.cos(a * 4)),
        )
        for a in (j * math.tau / 24 for j in range(24))
    ]
    _, middle, low = sheet.light.sky
    sheet.poly(rim, middle, raw=True)
    for t in (0.9, 0.75, 0.55, 0.35):
        sheet.poly(
            [(hole_x + (px - hole_x) * t, hole_y + hole_h * 0.1 * (1 - t) * 4 + (py - hole_y) * t) for px, py in rim],
            mix(middle, low, (1 - t) * 1.4 if t > 0.3 else 1),
            raw=True,
        )
    outside = Random(f"outside:{rng.random()}")
    clear = sheet.light.weather == "clear"
    if clear and sheet.light.is_night:
        for _ in range(10):
            sheet.ellipse(
                hole_x + outside.uniform(-0.6, 0.6) * hole_w,
                hole_y + outside.uniform(-0.6, 0.3) * hole_h,
                0.003,
                0.003,
                (255, 250, 225),
                raw=True,
            )
        sheet.ellipse(hole_x + hole_w * 0.3, hole_y - hole_h * 0.35, 0.03, 0.03, (252, 244, 212), raw=True)
    elif clear:
        sun = hole_y - hole_h * (-0.1 if sheet.light.is_evening else 0.3)
        sheet.ellipse(hole_x + hole_w * 0.25, sun, 0.036, 0.036, (255, 224, 130), raw=True)
    distant = mix(sheet.lit(sheet.light.open_ground((110, 164, 96)), 0.5), low, 0.2)
    crest = 0.585
    half = hole_w * math.sqrt(max(0.1, 1 - ((crest - hole_y) / hole_h) ** 2)) * 0.99
    sheet.poly(
        [
            (hole_x - half, crest),
            (hole_x - half * 0.4, crest - 0.03),
            (hole_x + half * 0.3, crest - 0.008),
            (hole_x + half, crest - 0.02),
            (hole_x + half * 0.9, 0.68),
            (hole_x - half * 0.9, 0.68),
        ],
        distant,
        raw=True,
    )
    for k in range(4):
        plants.draw_pine(
            sheet,
            hole_x + half * (-0.7 + 0.42 * k),
            crest + 0.02,
            0.07 + 0.02 * (k % 2),
            plants.PINES[k],
            Random(k),
            0.6,
        )
    if sheet.light.weather == "rain":
        for _ in range(14):
            px, py = hole_x + outside.uniform(-0.7, 0.7) * hole_w, hole_y + outside.uniform(-0.65, 0.5) * hole_h
            sheet.line([(px, py), (px - 0.006, py + 0.03)], (214, 228, 240), 0.004, raw=True)
    elif sheet.light.weather == "snow":
        for _ in range(16):
            sheet.ellipse(
                hole_x + outside.uniform(-0.7, 0.7) * hole_w,
                hole_y + outside.uniform(-0.7, 0.6) * hole_h,
                0.006,
                0.006,
                (255, 255, 255),
                raw=True,
            )
    ground = wavy(0.655, 0.018, rng.uniform(0, 6), 1.1)
    sheet.shaded(ground, lighter(rock, 0.16), darker(rock, 0.34))
    for _ in range(rng.randint(7, 10)):
        x, wide, long = rng.random(), rng.uniform(0.025, 0.06), rng.uniform(0.08, 0.24)
        if abs(x - hole_x) < hole_w * 0.8:
            long *= 0.4
        sheet.poly(
            [
                (x - wide, -0.01),
                (x + wide, -0.01),
                (x + wide * 0.35, long * 0.6),
                (x, long),
                (x - wide * 0.4, long * 0.55),
            ],
            darker(rock, 0.28),
        )
        sheet.poly(
            [(x - wide * 0.55, -0.01), (x + wide * 0.1, -0.01), (x - wide * 0.04, long * 0.92)], darker(rock, 0.08)
        )
    for side in (0, 1):
        edge = side * 1.0
        sign = 1 - 2 * side
        points = (
            [(edge, 0)]
            + [
                (edge + sign * (0.05 + 0.05 * rng.random() + 0.07 * abs(t - 0.4)), t)
                for t in (0.1, 0.22, 0.36, 0.5, 0.62, 0.72)
            ]
            + [(edge + sign * 0.17, 0.8), (edge, 0.84)]
        )
        sheet.poly(points, darker(rock, 0.36))
        sheet.poly([(edge + (px - edge) * 0.6, py) for px, py in points], darker(rock, 0.2))
    if rng.random() < 0.55:
        px = 1 - hole_x + rng.uniform(-0.08, 0.08)
        pool = mix(gems[0], (50, 90, 130), 0.45)
        sheet.ellipse(px, 0.735, 0.19, 0.036, darker(rock, 0.4))
        sheet.ellipse(px, 0.738, 0.178, 0.03, pool)
        sheet.line([(px - 0.1, 0.732), (px - 0.01, 0.732)], lighter(pool, 0.5), 0.005)
        sheet.glow(px, 0.735, 0.2, gems[0], 0.25)
    for _ in range(rng.randint(4, 7)):
        x = rng.choice((rng.uniform(0.03, 0.3), rng.uniform(0.7, 0.97)))
        y, tone, high = rng.uniform(0.68, 0.8), rng.choice(gems), rng.uniform(0.06, 0.15)
        sheet.shadow(x, y, high * 0.4, 0.012, 0.3)
        for lean, size in ((-0.35, 0.7), (0.4, 0.62), (0.04, 1.0)):
            tx, ty, w = x + lean * high * size, y - high * size, high * 0.15 * size
            bx = x + lean * high * 0.35
            sheet.poly(
                [(bx - w, y), (tx - w, ty + w * 1.6), (tx, ty), (tx, y)], lighter(tone, 0.3), raw=sheet.light.glow > 0
            )
            sheet.poly(
                [(tx, y), (tx, ty), (tx + w, ty + w * 1.6), (bx + w, y)], darker(tone, 0.14), raw=sheet.light.glow > 0
            )
        sheet.glow(x, y - high * 0.5, high * 1.5, tone, 0.38)
    for _ in range(rng.randint(2, 4)):
        plants.draw_stone(
            sheet,
            rng.choice((rng.uniform(0.05, 0.35), rng.uniform(0.65, 0.95))),
            rng.uniform(0.72, 0.86),
            rng.uniform(0.07, 0.14),
            rng,
            rock,
        )
    if torches:
        for x in (0.13, 0.87):
            sheet.line([(x, 0.5), (x, 0.42)], (120, 84, 58), 0.016)
            sheet.poly(
                [(x - 0.018, 0.42), (x - 0.012, 0.385), (x, 0.345), (x + 0.014, 0.39), (x + 0.018, 0.42)],
                (250, 140, 56),
                raw=True,
            )
            sheet.poly([(x - 0.009, 0.42), (x, 0.375), (x + 0.009, 0.42)], (255, 226, 120), raw=True)
            sheet.glow(x, 0.39, 0.3, (255, 160, 70), 0.6)
    else:
        for _ in range(6):
            plants.draw_mushroom(
                sheet,
                rng.choice((rng.uniform(0.04, 0.3), rng.uniform(0.7, 0.96))),
                rng.uniform(0.76, 0.88),
                rng.uniform(0.03, 0.055),
                rng,
            )
    beam = {"day": ((255, 250, 220), 0.3), "evening": ((255, 180, 100), 0.34), "night": ((120, 150, 235), 0.26)}[
        sheet.light.time_of_day
    ]
    lean = 0.5 - hole_x
    strength = beam[1] if clear else beam[1] * 0.6
    sheet.beam(
        [
            (hole_x - hole_w * 0.6, hole_y),
            (hole_x + hole_w * 0.6, hole_y),
            (hole_x + lean + hole_w * 1.6, 1.1),
            (hole_x + lean - hole_w * 1.6, 1.1),
        ],
        beam[0],
        strength * 0.6,
    )
    sheet.glow(hole_x, hole_y, hole_h * 1.7, beam[0], strength)


def draw_underwater(sheet: Sheet, rng: Random) -> None:
    light = sheet.light
    hue = rng.choice(
        (((96, 214, 226), (28, 118, 178)), ((120, 222, 206), (26, 122, 150)), ((110, 190, 240), (44, 92, 180)))
    )
    upper: Colour = hue[0]
    lower: Colour = hue[1]
    if light.is_evening:
        upper, lower = mix(upper, (240, 140, 140), 0.82), mix(lower, (84, 60, 134), 0.75)
    elif light.is_night:
        upper, lower = mix(upper, (36, 60, 130), 0.84), mix(lower, (10, 18, 60), 0.78)
    if light.weather in ("rain", "fog"):
        murk = (110, 140, 150) if not light.is_night else (34, 48, 78)
        upper, lower = mix(upper, murk, 0.4), mix(lower, murk, 0.45 if light.weather == "fog" else 0.25)
    elif light.weather == "snow":
        upper = mix(upper, (226, 240, 250), 0.35 if not light.is_night else 0.12)
    sheet.gradient(0, 0, 1, 0.72, upper, lower, raw=True)
    slant = rng.uniform(-0.3, 0.3)
    for _ in range(5):
        x, wide = rng.uniform(0.05, 0.95), rng.uniform(0.02, 0.07)
        if light.weather in ("clear", "snow"):
            sheet.beam(
                [(x, 0), (x + wide, 0), (x + wide * 2.2 + slant, 0.85), (x - wide + slant, 0.85)],
                mix(upper, (255, 255, 255), 0.5),
                0.15 if not light.is_night else 0.1,
            )
    for i in range(6):
        x = i / 5
        sheet.ellipse(
            x, -0.005, 0.13, 0.022, mix(upper, (255, 255, 255), 0.4 if not light.is_night else 0.15), raw=True
        )
    far = mix(lower, upper, 0.2)
    for depth in (0.55, 0.3):
        tone = mix(far, darker(lower, 0.3), 1 - depth)
        sheet.poly(wavy(0.6 - depth * 0.1, 0.045, rng.uniform(0, 6), rng.uniform(1.2, 2.2)), tone, raw=True)
    what = rng.choice(("wreck", "arch", "ruin", "none", "arch"))
    side = rng.choice((-1, 1))
    x = 0.5 + side * 0.25
    dim = mix(lower, (120, 100, 90), 0.38)
    if what == "wreck":
        sheet.poly([(x - 0.2, 0.5), (x + 0.2, 0.45), (x + 0.14, 0.68), (x - 0.14, 0.68)], dim, raw=True)
        for k in range(4):
            sheet.line(
                [(x - 0.18 + 0.01 * k, 0.53 + 0.04 * k), (x + 0.19 - 0.015 * k, 0.485 + 0.045 * k)],
                darker(dim, 0.25),
                0.005,
                raw=True,
            )
        for k in range(3):
            sheet.ellipse(x - 0.08 + 0.08 * k, 0.56 - 0.01 * k, 0.018, 0.018, darker(dim, 0.5), raw=True)
        sheet.line([(x, 0.48), (x + side * 0.04, 0.24)], darker(dim, 0.1), 0.016, raw=True)
        sheet.poly(
            [(x + side * 0.03, 0.28), (x + side * 0.15, 0.4), (x + side * 0.01, 0.43)],
            mix(lower, (220, 220, 210), 0.4),
            raw=True,
        )
    elif what == "arch":
        sheet.poly(
            [
                (x - 0.19, 0.7),
                (x - 0.16, 0.42),
                (x - 0.06, 0.33),
                (x + 0.08, 0.34),
                (x + 0.17, 0.44),
                (x + 0.2, 0.7),
                (x + 0.1, 0.7),
                (x + 0.08, 0.5),
                (x, 0.44),
                (x - 0.08, 0.5),
                (x - 0.09, 0.7),
            ],
            mix(lower, (100, 110, 130), 0.45),
            raw=True,
        )
    elif what == "ruin":
        for k in range(3):
            px, high = x - 0.12 + 0.12 * k, rng.uniform(0.2, 0.34)
            sheet.rect(px - 0.024, 0.68 - high, px + 0.024, 0.68, mix(lower, (220, 214, 200), 0.42), raw=True)
            sheet.rect(
                px - 0.034, 0.68 - high - 0.02, px + 0.034, 0.68 - high, mix(lower, (220, 214, 200), 0.55), raw=True
            )
    sand = rng.choice(((238, 216, 168), (226, 206, 176), (244, 214, 190)))
    gain = 0.86 if not light.is_night else 0.5
    bed = mix(mix(darker(sand, 1 - gain), lower, 0.16), upper, 0.1)
    ground = wavy(0.66, 0.02, rng.uniform(0, 6), 1.1)
    sheet.shaded(ground, bed, bed)
    side_px = [(px, py) for px, py in ground]
    sheet.poly(side_px, lighter(bed, 0.1), raw=True)
    sheet.poly([(px, py + 0.05 if py < 0.95 else py) for px, py in ground], bed, raw=True)
    sheet.poly([(px, py + 0.16 if py < 0.95 else py) for px, py in ground], darker(bed, 0.08), raw=True)
    for _ in range(9):
        px, py = rng.random(), rng.uniform(0.73, 0.98)
        sheet.arc(px, py + 0.02, 0.06, 0.02, 200, 340, darker(bed, 0.12), 0.005, raw=True)
    dim_share = 0.12 if not light.is_night else 0.48
    tones = tuple(
        mix(c, lower, dim_share)
        for c in ((240, 110, 120), (250, 160, 80), (190, 110, 210), (250, 200, 100), (240, 130, 170), (110, 200, 170))
    )
    weed = rng.choice(((60, 150, 90), (90, 160, 70), (46, 136, 120), (130, 110, 60)))
    for _ in range(rng.randint(7, 11)):
        x = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1)))
        y, high, phase = rng.uniform(0.69, 0.82), rng.uniform(0.14, 0.36), rng.uniform(0, 6)
        tone = mix(weed, lower, dim_share + 0.1 * rng.random())
        spine = [(x + 0.022 * math.sin(phase + t * 1.3), y - high * t / 7) for t in range(8)]
        sheet.poly(
            [
                *[(px - 0.013 * (1 - k / 8), py) for k, (px, py) in enumerate(spine)],
                *[(px + 0.013 * (1 - k / 8), py) for k, (px, py) in reversed(list(enumerate(spine)))],
            ],
            tone,
            raw=True,
        )
        for k in range(1, 7):
            px, py = spine[k]
            sign = 1 if k % 2 else -1
            sheet.poly([(px, py), (px + sign * 0.03, py - 0.025), (px, py - 0.03)], lighter(tone, 0.1), raw=True)
    for _ in range(rng.randint(5, 8)):
        x = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1)))
        y, tone, kind, s = (
            rng.uniform(0.7, 0.86),
            rng.choice(tones),
            rng.choice(("fan", "tube", "brain", "branch")),
            rng.uniform(0.05, 0.1),
        )
        sheet.shadow(x, y, s * 0.8, 0.014, 0.28)
        if kind == "fan":
            for k in range(7):
                a = math.pi * (0.14 + 0.72 * k / 6)
                sheet.line([(x, y), (x + s * 1.1 * math.cos(a), y - s * 1.35 * math.sin(a))], tone, 0.013, raw=True)
                sheet.ellipse(
                    x + s * 1.1 * math.cos(a), y - s * 1.35 * math.sin(a), 0.012, 0.012, lighter(tone, 0.25), raw=True
                )
        elif kind == "tube":
            for k in range(3):
                px, high = x + (k - 1) * s * 0.5, s * (0.9 + 0.45 * (k % 2))
                sheet.rect(px - s * 0.2, y - high, px + s * 0.2, y, tone, radius=s * 0.1, raw=True)
                sheet.ellipse(px, y - high, s * 0.2, s * 0.08, darker(tone, 0.4), raw=True)
        elif kind == "brain":
            sheet.ellipse(x, y - s * 0.35, s * 0.8, s * 0.55, tone, raw=True)
            sheet.ellipse(x - s * 0.1, y - s * 0.45, s * 0.6, s * 0.38, lighter(tone, 0.18), raw=True)
            for k in range(3):
                sheet.arc(x, y - s * 0.3, s * (0.25 + 0.2 * k), s * 0.3, 190, 350, darker(tone, 0.14), 0.005, raw=True)
        else:
            sheet.line([(x, y), (x, y - s * 1.2)], tone, 0.016, raw=True)
            for sign in (-1, 1):
                sheet.line(
                    [(x, y - s * 0.35), (x + sign * s * 0.5, y - s * 0.7), (x + sign * s * 0.5, y - s * 1.15)],
                    tone,
                    0.014,
                    raw=True,
                )
                sheet.ellipse(x + sign * s * 0.5, y - s * 1.18, 0.011, 0.011, lighter(tone, 0.25), raw=True)
            sheet.ellipse(x, y - s * 1.24, 0.012, 0.012, lighter(tone, 0.25), raw=True)
    chest = rng.random() < 0.3
    if chest:
        cx, cy = 0.5 - side * 0.32, 0.79
        sheet.shadow(cx, cy, 0.08, 0.016, 0.35)
        wood = mix((150, 98, 60), lower, dim_share)
        sheet.rect(cx - 0.07, cy - 0.06, cx + 0.07, cy, wood, radius=0.008, raw=True, edge=0.004)
        for _ in range(9):
            sheet.ellipse(
                cx + rng.uniform(-0.055, 0.055),
                cy - 0.062 - rng.uniform(0, 0.014),
                0.011,
                0.011,
                (250, 210, 90),
                raw=True,
            )
        sheet.poly(
            [
                (cx - 0.07, cy - 0.07),
                (cx - 0.06, cy - 0.13),
                (cx + 0.06, cy - 0.13),
                (cx + 0.07, cy - 0.07),
                (cx + 0.06, cy - 0.085),
                (cx - 0.06, cy - 0.085),
            ],
            darker(wood, 0.1),
            raw=True,
        )
        sheet.glow(cx, cy - 0.07, 0.12, (255, 210, 90), 0.45)
    for _ in range(rng.randint(4, 8)):
        fx, fy, s, tone, way = (
            rng.uniform(0.06, 0.94),
            rng.uniform(0.1, 0.52),
            rng.uniform(0.018, 0.034),
            rng.choice(tones),
            rng.choice((-1, 1)),
        )
        stripe = rng.random() < 0.5
        sheet.poly(
            [
                (fx - way * s * 1.1, fy),
                (fx - way * s * 2.1, fy - s * 0.8),
                (fx - way * s * 1.8, fy),
                (fx - way * s * 2.1, fy + s * 0.8),
            ],
            darker(tone, 0.08),
            raw=True,
        )
        sheet.poly(
            [
                (fx - way * s * 0.5, fy - s * 0.5),
                (fx + way * s * 0.2, fy - s * 1.15),
                (fx + way * s * 0.6, fy - s * 0.4),
            ],
            darker(tone, 0.08),
            raw=True,
        )
        sheet.ellipse(fx, fy, s * 1.35, s * 0.8, tone, raw=True)
        sheet.ellipse(fx, fy - s * 0.25, s * 0.9, s * 0.35, lighter(tone, 0.22), raw=True)
        if stripe:
            sheet.rect(
                fx - s * 0.25, fy - s * 0.76, fx + s * 0.12, fy + s * 0.76, lighter(tone, 0.6), raw=True, radius=0.004
            )
        sheet.ellipse(fx + way * s * 0.8, fy - s * 0.12, s * 0.24, s * 0.24, (255, 255, 255), raw=True)
        sheet.ellipse(fx + way * s * 0.86, fy - s * 0.12, s * 0.13, s * 0.13, (30, 34, 50), raw=True)
    for _ in range(5):
        bx, by = rng.random(), rng.uniform(0.15, 0.6)
        for k in range(4 if light.weather != "rain" else 8):
            r = 0.005 + 0.0025 * k
            sheet.arc(
                bx + 0.014 * math.sin(k * 2.1),
                by - 0.036 * k,
                r,
                r,
                0,
                360,
                mix(upper, (255, 255, 255), 0.65),
                0.003,
                raw=True,
            )
    if light.is_night:
        for _ in range(4):
            jx, jy, tone = rng.uniform(0.1, 0.9), rng.uniform(0.14, 0.5), rng.choice(GEMS)
            sheet.poly(
                [(jx + 0.026 * math.cos(a), jy - 0.028 * math.sin(a)) for a in (i * math.pi / 8 for i in range(9))],
                lighter(tone, 0.2),
                raw=True,
            )
            for d in (-0.015, 0.0, 0.015):
                sheet.line([(jx + d, jy), (jx + d * 1.3, jy + 0.026), (jx + d, jy + 0.05)], tone, 0.004, raw=True)
            sheet.glow(jx, jy, 0.11, tone, 0.6)


def _planet(sheet: Sheet, x: float, y: float, r: float, tone: Colour, rng: Random) -> None:
    """A round world in bands, craters or with seas, dark on one side, maybe ringed."""
    kind, ring = rng.choice(("bands", "craters", "seas")), rng.random() < 0.4
    second = rng.choice(GEMS)
    spots = [(rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.24)) for _ in range(5)]
    if ring:
        sheet.arc(x, y, r * 1.75, r * 0.42, 180, 360, lighter(second, 0.3), r * 0.13, raw=True)
    sheet.ellipse(x, y, r, r, darker(tone, 0.35), raw=True)
    sheet.ellipse(x - r * 0.1, y - r * 0.06, r * 0.89, r * 0.92, tone, raw=True)
    if kind == "bands":
        for d, h in ((-0.4, 0.1), (0.05, 0.14), (0.45, 0.09)):
            half = math.sqrt(max(0.05, 1 - d * d)) * r * 0.84
            sheet.rect(
                x - r * 0.1 - half,
                y + d * r - h * r,
                x - r * 0.1 + half,
                y + d * r + h * r,
                mix(tone, second, 0.4),
                raw=True,
                radius=h * r * 0.9,
            )
    else:
        for dx, dy, s in spots:
            spot = mix(tone, (110, 190, 130), 0.7) if kind == "seas" else darker(tone, 0.16)
            sheet.ellipse(
                x - r * 0.1 + dx * r, y + dy * r, s * r * (1.5 if kind == "seas" else 1), s * r, spot, raw=True
            )
    sheet.ellipse(x - r * 0.38, y - r * 0.4, r * 0.2, r * 0.14, lighter(tone, 0.45), raw=True)
    if ring:
        sheet.arc(x, y, r * 1.75, r * 0.42, 0, 180, lighter(second, 0.45), r * 0.13, raw=True)
    sheet.glow(x, y, r * 1.9, tone, 0.16)


def draw_space(sheet: Sheet, rng: Random) -> None:
    light = sheet.light
    deep = rng.choice((((26, 20, 66), (66, 40, 116)), ((14, 26, 62), (32, 66, 120)), ((40, 16, 58), (112, 44, 106))))
    top: Colour = deep[0]
    low: Colour = deep[1]
    if light.time_of_day == "day":
        top, low = lighter(mix(top, (60, 80, 170), 0.35), 0.08), mix(low, (140, 130, 220), 0.5)
    elif light.is_evening:
        top, low = mix(top, (90, 40, 90), 0.4), mix(low, (240, 130, 110), 0.55)
    else:
        top, low = mix(top, (6, 6, 24), 0.5), mix(low, (12, 14, 44), 0.45)
    sheet.gradient(0, 0, 1, 0.72, top, low, raw=True)
    cloud_a, cloud_b = rng.sample(GEMS, 2)
    for _ in range(4):
        sheet.glow(
            rng.random(),
            rng.uniform(0.05, 0.5),
            rng.uniform(0.2, 0.36),
            rng.choice((cloud_a, cloud_b)),
            0.2 + (0.25 if light.weather == "fog" else 0),
        )
    draw_stars(sheet, Random(f"stars:{rng.random()}"), {"day": 40, "evening": 56, "night": 96}[light.time_of_day], 0.66)
    side = rng.choice((-1, 1))
    sun = 0.5 - side * rng.uniform(0.34, 0.42)
    if light.time_of_day == "day":
        sheet.ellipse(sun, 0.09, 0.07, 0.07, (255, 244, 196), raw=True)
        sheet.glow(sun, 0.09, 0.42, (255, 236, 170), 0.75)
    elif light.is_evening:
        sheet.ellipse(sun, 0.52, 0.085, 0.085, (255, 190, 110), raw=True)
        sheet.glow(sun, 0.52, 0.42, (255, 140, 90), 0.7)
    tones = tuple(colour(c) for c in ("#E8A35C", "#7FB6E8", "#D988A8", "#A6D68B", "#C8A0EA", "#F0CE7A", "#E27B62"))
    _planet(
        sheet,
        0.5 + side * rng.uniform(0.16, 0.32),
        rng.uniform(0.17, 0.27),
        rng.uniform(0.085, 0.13),
        rng.choice(tones),
        rng,
    )
    for _ in range(rng.randint(1, 2)):
        _planet(
            sheet,
            0.5 - side * rng.uniform(0.08, 0.38),
            rng.uniform(0.14, 0.42),
            rng.uniform(0.026, 0.05),
            rng.choice(tones),
            rng,
        )
    a_comet = rng.random() < 0.5
    comets = 7 if light.weather == "rain" else int(a_comet)
    comet_rng = Random(f"comets:{side}")
    for _ in range(comets):
        x, y = comet_rng.random(), comet_rng.uniform(0.05, 0.5)
        for k in range(5):
            sheet.line(
                [(x + 0.026 * k, y - 0.018 * k), (x + 0.026 * (k + 1), y - 0.018 * (k + 1))],
                mix((255, 250, 225), top, k / 5),
                0.009 - 0.0014 * k,
                raw=True,
            )
        sheet.ellipse(x, y, 0.0075, 0.0075, (255, 255, 240), raw=True)
    soil = rng.choice(tuple(colour(c) for c in ("#A9A7BC", "#C98F76", "#9C90C8", "#8FB0A8", "#C9B07E")))
    gain = {"day": 0.0, "evening": 0.18, "night": 0.42}[light.time_of_day]
    soil = mix(soil, mix(top, low, 0.5), gain)
    for i in range(5):
        rx = rng.random()
        sheet.poly(
            [(rx - 0.12, 0.68), (rx - 0.03, 0.6 - 0.02 * (i % 3)), (rx + 0.04, 0.615), (rx + 0.13, 0.68)],
            mix(soil, low, 0.5),
            raw=True,
        )
    crest = [
        (i / 24, 0.64 + 0.11 * ((i / 24 - 0.5) * 2) ** 2 * rng.choice((0.6,)) + 0.004 * math.sin(i)) for i in range(25)
    ]
    ground = [*crest, (1.0, 1.0), (0.0, 1.0)]
    sheet.poly(ground, lighter(soil, 0.22), raw=True)
    sheet.poly([(px, py + 0.014 if py < 0.95 else py) for px, py in ground], soil, raw=True)
    sheet.poly([(px, py + 0.17 if py < 0.9 else py) for px, py in ground], darker(soil, 0.08), raw=True)
    for _ in range(rng.randint(7, 11)):
        x, y = rng.random(), rng.uniform(0.71, 0.97)
        r = rng.uniform(0.02, 0.06) * (0.6 + y - 0.65)
        sheet.ellipse(x, y, r, r * 0.36, darker(soil, 0.2), raw=True)
        sheet.ellipse(x, y + r * 0.07, r * 0.88, r * 0.28, darker(soil, 0.1), raw=True)
        sheet.arc(x, y, r, r * 0.36, 20, 160, lighter(soil, 0.3), 0.005, raw=True)
    what = rng.choice(("rocket", "dome", "ufo", "flag", "rocket"))
    x, y = 0.5 + side * rng.uniform(0.3, 0.36), 0.745
    body, trim = rng.choice(((244, 244, 248), (250, 226, 196), (206, 226, 240))), rng.choice(ROOFS)
    dim = 0.0 if not light.is_night else 0.25
    body, trim = mix(body, top, dim), mix(trim, top, dim)
    if what == "rocket":
        sheet.shadow(x, y + 0.02, 0.1, 0.016, 0.35)
        for s in (-1, 1):
            sheet.poly(
                [
                    (x + s * 0.05, y - 0.13),
                    (x + s * 0.105, y - 0.02),
                    (x + s * 0.095, y + 0.02),
                    (x + s * 0.045, y - 0.02),
                ],
                trim,
                raw=True,
                edge=0.004,
            )
        hull = [
            (x, y - 0.38),
            (x + 0.04, y - 0.3),
            (x + 0.058, y - 0.18),
            (x + 0.045, y - 0.01),
            (x - 0.045, y - 0.01),
            (x - 0.058, y - 0.18),
            (x - 0.04, y - 0.3),
        ]
        sheet.poly(hull, body, raw=True, edge=0.004)
        sheet.poly(
            [
                (x + 0.012, y - 0.35),
                (x + 0.04, y - 0.3),
                (x + 0.058, y - 0.18),
                (x + 0.045, y - 0.012),
                (x + 0.02, y - 0.012),
            ],
            darker(body, 0.16),
            raw=True,
        )
        sheet.poly([(x, y - 0.385), (x + 0.04, y - 0.3), (x - 0.04, y - 0.3)], trim, raw=True)
        sheet.ellipse(x, y - 0.22, 0.027, 0.027, trim, raw=True)
        sheet.ellipse(x, y - 0.22, 0.019, 0.019, (255, 224, 140) if light.glow else (150, 206, 230), raw=True)
        sheet.rect(x - 0.05, y - 0.1, x + 0.05, y - 0.08, trim, raw=True)
        sheet.poly(
            [(x - 0.03, y - 0.01), (x + 0.03, y - 0.01), (x + 0.024, y + 0.016), (x - 0.024, y + 0.016)],
            (96, 92, 104),
            raw=True,
        )
        if light.glow:
            sheet.glow(x, y - 0.22, 0.13, LAMP, 0.6)
    elif what == "dome":
        sheet.shadow(x, y, 0.16, 0.02, 0.35)
        sheet.poly(
            [(x + 0.15 * math.cos(a), y - 0.15 * math.sin(a)) for a in (i * math.pi / 14 for i in range(15))],
            mix((190, 226, 236), top, 0.25 + dim),
            raw=True,
            edge=0.005,
        )
        for k in range(4):
            plants.draw_round_tree(sheet, x - 0.07 + 0.045 * k, y, 0.1, plants.GREENS[k], rng)
        for r in (0.05, 0.1):
            sheet.arc(x, y, r, 0.15, 180, 360, (240, 248, 250), 0.004, raw=True)
        sheet.rect(x - 0.16, y - 0.012, x + 0.16, y + 0.012, body, radius=0.01, raw=True)
        sheet.glow(x, y - 0.07, 0.2, (190, 240, 200), 0.3)
    elif what == "ufo":
        y = 0.46
        sheet.beam(
            [(x - 0.04, y + 0.02), (x + 0.04, y + 0.02), (x + 0.12, 0.78), (x - 0.12, 0.78)], (190, 255, 200), 0.35
        )
        sheet.poly(
            [(x + 0.055 * math.cos(a), y - 0.015 - 0.065 * math.sin(a)) for a in (i * math.pi / 10 for i in range(11))],
            (170, 226, 236),
            raw=True,
            edge=0.004,
        )
        sheet.ellipse(x, y, 0.13, 0.034, body, raw=True, edge=0.004)
        sheet.ellipse(x, y + 0.012, 0.11, 0.02, darker(body, 0.2), raw=True)
        for k in range(5):
            sheet.ellipse(x - 0.09 + 0.045 * k, y + 0.004, 0.009, 0.009, GEMS[k], raw=True)
            sheet.glow(x - 0.09 + 0.045 * k, y + 0.004, 0.05, GEMS[k], 0.5)
    else:
        sheet.shadow(x, y, 0.03, 0.008, 0.3)
        sheet.line([(x, y), (x, y - 0.24)], (220, 222, 230), 0.008, raw=True)
        sheet.poly([(x, y - 0.24), (x + 0.12, y - 0.225), (x + 0.11, y - 0.15), (x, y - 0.155)], trim, raw=True)
        sheet.ellipse(x + 0.055, y - 0.19, 0.02, 0.02, (250, 240, 220), raw=True)
    for _ in range(rng.randint(2, 4)):
        plants.draw_stone(
            sheet, 0.5 - side * rng.uniform(0.2, 0.48), rng.uniform(0.74, 0.88), rng.uniform(0.05, 0.12), rng, soil
        )


def draw_cloudland(sheet: Sheet, rng: Random) -> None:
    light = sheet.light
    draw_sky(sheet, rng.random(), horizon=0.8, clouds=light.weather != "clear")
    pastel = rng.choice(((255, 255, 255), (255, 238, 244), (238, 244, 255), (255, 248, 232), (240, 236, 255)))
    body = light.lit(pastel)
    if light.is_evening:
        body = mix(pastel, (255, 186, 176), 0.5)
    elif light.is_night:
        body = mix(pastel, (86, 100, 172), 0.72)
    if light.weather in ("rain", "fog"):
        body = mix(body, light.sky[1], 0.35)
    shade = mix(body, mix(light.sky[0], (150, 130, 210), 0.5), 0.5)
    side = rng.choice((-1, 1))
    rainbow = rng.random() < 0.55
    cx, cy = 0.5 + rng.uniform(-0.15, 0.15), 0.74
    if rainbow and not light.is_night:
        for i, tone in enumerate(
            ((236, 90, 90), (246, 160, 80), (250, 220, 100), (120, 200, 120), (100, 160, 230), (160, 120, 210))
        ):
            sheet.arc(cx, cy, 0.44 - 0.02 * i, 0.5 - 0.02 * i, 180, 360, mix(tone, light.sky[1], 0.42), 0.022, raw=True)
    what = rng.choice(("castle", "island", "island", "balloon", "stairs"))
    x = 0.5 + side * rng.uniform(0.2, 0.28)
    stone, roof, flag = (
        rng.choice(((246, 226, 236), (226, 232, 250), (250, 240, 214))),
        rng.choice(ROOFS),
        rng.choice(plants.PETALS),
    )
    roof = lighter(roof, 0.25)
    if what == "castle":
        for dx, w, h in (
            (0.0, 0.1, 0.32),
            (-0.1, 0.075, 0.22),
            (0.1, 0.075, 0.24),
            (-0.05, 0.09, 0.16),
            (0.055, 0.09, 0.15),
        ):
            _tower(sheet, x + dx, 0.62, w, h, stone, roof, flag, rng, 0.2)
    elif what == "island":
        for k in range(rng.randint(1, 2)):
            ix, iy, w = x - side * 0.36 * k, rng.uniform(0.4, 0.48) - 0.06 * k, rng.uniform(0.13, 0.18) * (1 - 0.3 * k)
            sheet.poly(
                [
                    (ix - w, iy),
                    (ix + w, iy),
                    (ix + w * 0.5, iy + w * 0.55),
                    (ix + w * 0.1, iy + w * 1.05),
                    (ix - w * 0.35, iy + w * 0.6),
                ],
                (166, 128, 104),
                0.2,
            )
            sheet.poly(
                [(ix + w * 0.2, iy), (ix + w, iy), (ix + w * 0.5, iy + w * 0.55), (ix + w * 0.1, iy + w * 1.05)],
                (136, 102, 92),
                0.2,
            )
            sheet.ellipse(ix, iy, w * 1.03, w * 0.18, light.open_ground((134, 196, 104)), 0.2)
            plants.draw_round_tree(sheet, ix + w * 0.3, iy + 0.004, w * 1.3, plants.leaf_tone(rng), rng, 0.2)
            sheet.rect(ix - w * 0.5, iy - w * 0.34, ix - w * 0.08, iy + 0.004, stone, 0.1)
            sheet.poly([(ix - w * 0.58, iy - w * 0.32), (ix - w * 0.29, iy - w * 0.62), (ix, iy - w * 0.32)], roof, 0.1)
            _slit(sheet, ix - w * 0.29, iy - w * 0.08, w * 0.07, w * 0.16, 0.1, True)
    elif what == "balloon":
        tone, second = rng.sample(ROOFS, 2)
        bx, by, r = x, 0.3, 0.115
        sheet.ellipse(bx, by, r, r * 1.12, tone, 0.1)
        sheet.ellipse(bx, by, r * 0.62, r * 1.12, lighter(second, 0.3), 0.1)
        sheet.ellipse(bx, by, r * 0.24, r * 1.12, tone, 0.1)
        for d in (-0.04, 0.04):
            sheet.line([(bx + d * 1.4, by + r * 1.0), (bx + d * 0.75, by + r * 1.6)], (120, 96, 80), 0.004)
        sheet.rect(bx - 0.034, by + r * 1.58, bx + 0.034, by + r * 2.0, (176, 124, 80), radius=0.008, edge=0.004)
        if light.glow:
            sheet.glow(bx, by + 0.06, 0.16, (255, 170, 80), 0.6)
    else:
        for k in range(9):
            sx, sy = 0.5 - side * 0.1 + side * 0.05 * k, 0.64 - 0.05 * k
            sheet.rect(sx - 0.045, sy, sx + 0.045, sy + 0.022, lighter(roof, 0.4), radius=0.008, edge=0.003)
    for row, (y, size) in enumerate(((0.6, 0.075), (0.66, 0.095))):
        tone = mix(body, light.sky[1], 0.35 - 0.22 * row)
        for i in range(11):
            px = (i + rng.uniform(-0.3, 0.3)) / 10
            r = size * rng.uniform(0.7, 1.25)
            sheet.ellipse(px, y + 0.02, r, r * 0.72, mix(tone, shade, 0.5), raw=True)
            sheet.ellipse(px - r * 0.06, y + 0.008, r * 0.94, r * 0.66, tone, raw=True)
        sheet.rect(0, y + 0.02, 1, 1, mix(tone, shade, 0.3), raw=True)
    sheet.gradient(0, 0.7, 1, 1, body, mix(body, shade, 0.85), raw=True)
    for i in range(9):
        px = (i + rng.uniform(-0.3, 0.3)) / 8
        r = rng.uniform(0.07, 0.11)
        sheet.ellipse(px, 0.71, r, r * 0.5, body, raw=True)
        sheet.ellipse(
            px - r * 0.2,
            0.695,
            r * 0.6,
            r * 0.26,
            mix(body, (255, 255, 255), 0.4 if not light.is_night else 0.1),
            raw=True,
        )
    for _ in range(9):
        px, py, r = rng.random(), rng.uniform(0.79, 0.97), rng.uniform(0.05, 0.1)
        sheet.arc(px, py, r, r * 0.42, 195, 330, mix(body, shade, 0.7), 0.008, raw=True)
        sheet.arc(px + r * 0.9, py + 0.01, r * 0.7, r * 0.34, 200, 345, mix(body, shade, 0.6), 0.008, raw=True)
    for _ in range(rng.randint(4, 7)):
        px, py, r = rng.random(), rng.uniform(0.08, 0.5), rng.uniform(0.01, 0.02)
        if rng.random() < 0.6:
            sheet.poly(
                [
                    (
                        px + r * (1 if k % 2 else 0.42) * math.cos(k * math.pi / 5 - math.pi / 2 + math.pi / 5),
                        py + r * (1 if k % 2 else 0.42) * math.sin(k * math.pi / 5 - math.pi / 2 + math.pi / 5),
                    )
                    for k in range(10)
                ],
                (255, 226, 120),
                raw=True,
            )
            if light.glow:
                sheet.glow(px, py, 0.07, (255, 220, 130), 0.5)
    draw_cloud(sheet, 0.5 - side * rng.uniform(0.2, 0.4), rng.uniform(0.28, 0.42), rng.uniform(0.2, 0.3), body, rng)
    for s in (-1, 1):
        px = 0.5 + s * rng.uniform(0.36, 0.46)
        if rng.random() < 0.6:
            plants.draw_crown(
                sheet, px, 0.665, 0.085, 0.06, rng.choice(((250, 190, 214), (190, 214, 250), (214, 196, 246))), rng
            )
