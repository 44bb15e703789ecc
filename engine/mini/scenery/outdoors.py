"""The open places: each function draws one kind, its instance fixed by the generator it is given.

Every function draws the same numbers from its generator whatever the light, so that the same seed is the same
place by day and by night, in sun and in snow.
"""

from __future__ import annotations

import math
from random import Random

from engine.mini.scenery import plants
from engine.mini.scenery.landscape import (
    LAMP,
    ROOFS,
    WALLS,
    ground_details,
    hills,
    house,
    lantern_post,
    lit_window,
    path,
    peaks,
    snowy_pine,
)
from engine.mini.scenery.light import colour, darker, lighter, mix
from engine.mini.scenery.sheet import Sheet, height_at, wavy
from engine.mini.scenery.sky import draw_sky


def draw_garden(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.6)
    near, _ = plants.meadow_tones(rng)
    ground = hills(sheet, rng, y=0.63, near=near, count=2, height=0.02, step=0.05)[-1]
    side = rng.choice((-1, 1))
    fence = rng.choice(((246, 243, 234), (176, 128, 86), (150, 180, 196), (222, 196, 158)))
    kind = rng.choice(("house", "shed", "greenhouse", "none"))
    if kind == "house":
        house(sheet, 0.5 - side * 0.28, 0.635, 0.34, rng, depth=0.1)
    elif kind == "shed":
        house(sheet, 0.5 - side * 0.3, 0.635, 0.22, rng, depth=0.1)
    elif kind == "greenhouse":
        x = 0.5 - side * 0.28
        glass = (192, 224, 220)
        sheet.poly(
            [(x - 0.15, 0.635), (x - 0.15, 0.46), (x, 0.38), (x + 0.15, 0.46), (x + 0.15, 0.635)],
            glass,
            0.1,
            edge=0.008,
        )
        for i in range(5):
            px = x - 0.1 + 0.05 * i
            plants.draw_flower(sheet, px, 0.63, 0.06, rng.choice(plants.PETALS), rng)
            sheet.line([(px, 0.46 - (0.1 - abs(px - x)) * 0.5), (px, 0.635)], (240, 246, 244), 0.006, 0.1)
        if sheet.light.glow:
            sheet.glow(x, 0.54, 0.16, (200, 230, 150), 0.4 * sheet.light.glow)
    plants.draw_fence(sheet, 0.655, 0.105, fence, rng)
    for _ in range(rng.randint(3, 5)):
        plants.draw_bush(
            sheet,
            rng.random(),
            0.675,
            rng.uniform(0.1, 0.18),
            rng.choice(plants.GREENS),
            rng,
            berries=rng.random() < 0.6,
        )
    plants.draw_tree(sheet, 0.5 + side * rng.uniform(0.3, 0.42), 0.73, rng.uniform(0.5, 0.62), rng)
    if rng.random() < 0.6:
        path(sheet, rng.uniform(0.3, 0.7), 0.665, rng, (222, 196, 156))
    bed = rng.choice(plants.PETALS)
    for i in range(11):
        x = 0.5 - side * 0.46 + side * 0.036 * i
        plants.draw_flower(
            sheet, x, 0.735 + 0.012 * (i % 2), rng.uniform(0.05, 0.085), rng.choice((bed, plants.PETALS[2], bed)), rng
        )
    ground_details(sheet, rng, ground, near, flowers=8, tufts=14)
    if rng.random() < 0.5:
        x = 0.5 - side * 0.38
        can = rng.choice(((92, 150, 170), (214, 110, 84), (236, 190, 80)))
        sheet.shadow(x, 0.8, 0.05, 0.01, 0.3)
        sheet.rect(x - 0.035, 0.745, x + 0.03, 0.8, can, radius=0.008, edge=0.004)
        sheet.line([(x + 0.03, 0.785), (x + 0.07, 0.745)], can, 0.012)
        sheet.arc(x - 0.004, 0.745, 0.03, 0.03, 180, 360, can, 0.009)


def draw_forest(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.62)
    fir = rng.random() < 0.55
    floor = rng.choice(tuple(colour(c) for c in ("#6E9A4C", "#7FA056", "#8A9550", "#5F9458")))
    for layer, depth in enumerate((0.95, 0.6)):
        base = 0.56 + 0.05 * layer
        sheet.shaded(wavy(base, 0.015, rng.uniform(0, 6), 1.2), mix(floor, (90, 140, 110), 0.4), floor, depth)
        for i in range(9 - layer * 2):
            x = (i + rng.uniform(0.1, 0.9)) / (9 - layer * 2)
            high = rng.uniform(0.34, 0.5) + 0.08 * layer
            if fir or rng.random() < 0.2:
                plants.draw_pine(sheet, x, base + 0.02, high, rng.choice(plants.PINES), rng, depth)
            else:
                plants.draw_round_tree(sheet, x, base + 0.02, high, rng.choice(plants.GREENS), rng, depth)
    ground = wavy(0.655, 0.018, rng.uniform(0, 6), 1.0)
    tone = sheet.light.open_ground(floor)
    sheet.shaded(ground, lighter(tone, 0.14), darker(tone, 0.22))
    if rng.random() < 0.65:
        path(sheet, rng.uniform(0.3, 0.7), 0.665, rng, (190, 158, 116), width=0.26)
    for side in (0, 1):
        x = rng.uniform(-0.03, 0.15) if side == 0 else rng.uniform(0.85, 1.03)
        if rng.random() < 0.5:
            wide = rng.uniform(0.045, 0.07)
            bark = rng.choice(((112, 78, 54), (98, 80, 68), (134, 92, 60)))
            sheet.shadow(x + 0.03, 0.77, 0.12, 0.02, 0.3)
            sheet.shaded(
                [
                    (x - wide, -0.01),
                    (x + wide, -0.01),
                    (x + wide * 1.05, 0.68),
                    (x + wide * 1.9, 0.775),
                    (x - wide * 1.9, 0.775),
                    (x - wide * 1.05, 0.68),
                ],
                bark,
                darker(bark, 0.2),
            )
            sheet.poly(
                [
                    (x + wide * 0.3, 0),
                    (x + wide, 0),
                    (x + wide * 1.05, 0.68),
                    (x + wide * 1.9, 0.775),
                    (x + wide * 0.6, 0.76),
                ],
                darker(bark, 0.24),
            )
            if rng.random() < 0.5:
                sheet.ellipse(x - wide * 0.15, 0.44, wide * 0.5, wide * 0.72, (52, 38, 34))
            plants.draw_crown(sheet, x, 0.05, 0.24, 0.13, rng.choice(plants.GREENS), rng)
        elif fir:
            plants.draw_pine(sheet, x, 0.74, rng.uniform(0.62, 0.75), rng.choice(plants.PINES), rng)
        else:
            plants.draw_round_tree(sheet, x, 0.74, rng.uniform(0.62, 0.75), rng.choice(plants.GREENS), rng)
    for _ in range(rng.randint(2, 4)):
        plants.draw_bush(
            sheet,
            rng.choice((rng.uniform(0, 0.25), rng.uniform(0.75, 1))),
            rng.uniform(0.7, 0.78),
            rng.uniform(0.1, 0.17),
            darker(rng.choice(plants.GREENS), 0.12),
            rng,
            berries=rng.random() < 0.4,
        )
    for _ in range(rng.randint(2, 5)):
        plants.draw_mushroom(
            sheet,
            rng.choice((rng.uniform(0.03, 0.3), rng.uniform(0.7, 0.97))),
            rng.uniform(0.78, 0.95),
            rng.uniform(0.04, 0.07),
            rng,
        )
    if rng.random() < 0.4:
        plants.draw_stone(sheet, rng.choice((0.14, 0.86)), 0.84, rng.uniform(0.1, 0.16), rng)
    ground_details(sheet, rng, ground, floor, flowers=4, tufts=20)
    slant = rng.uniform(-0.2, 0.2)
    if sheet.light.weather == "clear":
        beam = {"day": ((255, 250, 190), 0.16), "evening": ((255, 190, 110), 0.2), "night": ((120, 150, 230), 0.14)}[
            sheet.light.time_of_day
        ]
        for x in (0.3, 0.52, 0.72):
            sheet.beam([(x, 0), (x + 0.08, 0), (x + slant + 0.13, 0.78), (x + slant, 0.78)], *beam)


def draw_beach(sheet: Sheet, rng: Random) -> None:
    horizon = rng.uniform(0.44, 0.52)
    sun = draw_sky(sheet, rng.random(), horizon=horizon)
    sea = rng.choice(((62, 150, 190), (70, 170, 186), (56, 130, 184)))
    if rng.random() < 0.5:
        x = rng.uniform(0.15, 0.85)
        sheet.shaded(
            [
                (x - 0.22, horizon + 0.01),
                (x - 0.1, horizon - 0.07),
                (x, horizon - 0.1),
                (x + 0.09, horizon - 0.06),
                (x + 0.2, horizon + 0.01),
            ],
            (126, 166, 140),
            (110, 150, 130),
            0.8,
        )
    shore = wavy(rng.uniform(0.61, 0.66), 0.014, rng.uniform(0, 6), 0.8)
    middle = mix(sheet.light.sky[2], sheet.lit(sea), 0.5)
    sheet.gradient(0, horizon, 1, 0.7, middle, sheet.lit(lighter(sea, 0.18)), raw=True)
    for i in range(12):
        y = horizon + 0.015 + 0.012 * i
        x = rng.random()
        sheet.line([(x - 0.09, y), (x + rng.uniform(0.02, 0.1), y)], lighter(sea, 0.45), 0.004)
    if sheet.light.weather == "clear":
        gleam = {"day": (255, 255, 230), "evening": (255, 190, 110), "night": (190, 205, 250)}[sheet.light.time_of_day]
        for i in range(7):
            half = 0.02 + 0.009 * i
            sheet.line(
                [(sun - half, horizon + 0.01 + 0.018 * i), (sun + half, horizon + 0.01 + 0.018 * i)],
                mix(middle, gleam, 0.75),
                0.006,
                raw=True,
            )
    what = rng.choice(("boat", "lighthouse", "boat", "rocks", "none"))
    place = rng.uniform(0.15, 0.85)
    if what == "boat":
        hull, sail = rng.choice(ROOFS), rng.choice(((250, 246, 236), (240, 120, 96), (250, 208, 96)))
        y = horizon + 0.05
        sheet.poly(
            [(place - 0.07, y - 0.012), (place + 0.07, y - 0.012), (place + 0.045, y + 0.02), (place - 0.05, y + 0.02)],
            hull,
            0.2,
        )
        sheet.line([(place, y - 0.012), (place, y - 0.14)], (110, 80, 60), 0.006, 0.2)
        sheet.poly([(place + 0.006, y - 0.135), (place + 0.065, y - 0.03), (place + 0.006, y - 0.03)], sail, 0.2)
        sheet.poly(
            [(place - 0.006, y - 0.12), (place - 0.05, y - 0.03), (place - 0.006, y - 0.03)], darker(sail, 0.12), 0.2
        )
    elif what == "lighthouse":
        place = 0.14 if place < 0.5 else 0.86
        plants.draw_stone(sheet, place, horizon + 0.05, 0.22, rng, (132, 128, 126), 0.2)
        stripe = rng.choice(((208, 72, 66), (66, 104, 160)))
        for i in range(5):
            low, high = horizon - 0.01 - 0.055 * i, horizon - 0.065 - 0.055 * i
            sheet.poly(
                [
                    (place - 0.042 + 0.004 * i, low),
                    (place - 0.038 + 0.004 * i, high),
                    (place + 0.038 - 0.004 * i, high),
                    (place + 0.042 - 0.004 * i, low),
                ],
                (248, 244, 236) if i % 2 else stripe,
                0.15,
            )
        top = horizon - 0.285
        sheet.rect(
            place - 0.02,
            top - 0.04,
            place + 0.02,
            top,
            (255, 226, 150) if sheet.light.glow else (220, 232, 234),
            raw=sheet.light.glow > 0,
        )
        sheet.poly([(place - 0.03, top - 0.04), (place, top - 0.075), (place + 0.03, top - 0.04)], stripe, 0.15)
        if sheet.light.glow:
            sheet.glow(place, top - 0.02, 0.16, LAMP, 0.8)
            away = 1 if place < 0.5 else -1
            sheet.beam(
                [(place, top - 0.02), (place + away * 0.8, top - 0.1), (place + away * 0.8, top + 0.06)],
                LAMP,
                0.25 * sheet.light.glow,
            )
    elif what == "rocks":
        for dx in (-0.07, 0.0, 0.06):
            plants.draw_stone(
                sheet, place + dx, horizon + 0.07 + abs(dx) * 0.4, rng.uniform(0.08, 0.15), rng, (128, 124, 126), 0.2
            )
    sand = sheet.light.open_ground(rng.choice(((240, 216, 160), (246, 224, 178), (232, 200, 150))))
    foam = [(x, y - 0.016) for x, y in shore]
    sheet.poly(foam, (250, 252, 250))
    sheet.shaded(shore, mix(sand, (190, 160, 116), 0.35), sand)
    dry = [(x, y + (0.06 if y < 0.9 else 0)) for x, y in shore]
    sheet.shaded(dry, lighter(sand, 0.15), darker(sand, 0.1))
    side = rng.choice((0.1, 0.9))
    kind = rng.random()
    if kind < 0.6:
        plants.draw_palm(sheet, side, 0.76, rng.uniform(0.48, 0.6), 0.22 if side < 0.5 else -0.22, rng)
    if kind > 0.35:
        x = (0.2 if side > 0.5 else 0.8) + rng.uniform(-0.04, 0.04)
        tone = rng.choice(((232, 82, 78), (70, 140, 206), (250, 196, 70), (120, 190, 130)))
        sheet.shadow(x, 0.755, 0.14, 0.02, 0.26)
        sheet.line([(x, 0.75), (x, 0.46)], (244, 240, 230), 0.011)
        for i in range(6):
            a, b = math.pi * i / 6, math.pi * (i + 1) / 6
            sheet.poly(
                [
                    (x, 0.41),
                    (x - 0.19 * math.cos(a), 0.53 - 0.09 * math.sin(a)),
                    (x - 0.19 * math.cos(b), 0.53 - 0.09 * math.sin(b)),
                ],
                tone if i % 2 else (252, 248, 240),
            )
        towel = rng.choice(ROOFS)
        sheet.poly([(x - 0.13, 0.755), (x + 0.1, 0.755), (x + 0.13, 0.795), (x - 0.1, 0.795)], towel)
        sheet.poly([(x - 0.03, 0.755), (x + 0.02, 0.755), (x + 0.05, 0.795), (x, 0.795)], lighter(towel, 0.5))
    if rng.random() < 0.45:
        x, y = rng.uniform(0.3, 0.7), 0.72
        castle = mix(sand, (168, 118, 70), 0.45)
        sheet.shadow(x, y, 0.08, 0.014, 0.25)
        sheet.rect(x - 0.06, y - 0.035, x + 0.06, y, castle)
        for dx in (-0.06, 0.0, 0.06):
            high = 0.07 if dx else 0.1
            sheet.rect(x + dx - 0.016, y - high, x + dx + 0.016, y, castle)
            sheet.poly(
                [(x + dx - 0.022, y - high), (x + dx, y - high - 0.035), (x + dx + 0.022, y - high)],
                darker(castle, 0.12),
            )
    for _ in range(9):
        x, y = rng.random(), rng.uniform(0.77, 0.98)
        tone = rng.choice(((250, 190, 170), (255, 250, 240), (236, 150, 110), (200, 176, 150)))
        if rng.random() < 0.3:
            sheet.poly(
                [
                    (
                        x + 0.016 * (1 if i % 2 else 0.45) * math.cos(i * math.pi / 5),
                        y + 0.012 * (1 if i % 2 else 0.45) * math.sin(i * math.pi / 5),
                    )
                    for i in range(10)
                ],
                tone,
            )
        else:
            sheet.ellipse(x, y, rng.uniform(0.005, 0.011), rng.uniform(0.004, 0.007), tone)


def draw_snowfield(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.58)
    snow = rng.choice(((236, 242, 250), (240, 240, 248), (228, 240, 248)))
    shade = mix(snow, (150, 178, 222), 0.45)
    if rng.random() < 0.6:
        peaks(sheet, rng, 0.56, 0.24, (150, 166, 194), depth=0.75)
    outlines = []
    for i, (y, depth) in enumerate(((0.53, 0.7), (0.58, 0.4), (0.64, 0.0))):
        outline = wavy(y, 0.028, rng.uniform(0, 6), rng.uniform(0.6, 1.2))
        sheet.shaded(outline, snow, mix(snow, shade, 0.75 if i < 2 else 1.0), depth)
        outlines.append(outline)
        if i < 2:
            for _ in range(rng.randint(3, 6)):
                x = rng.random()
                snowy_pine(sheet, x, height_at(outline, x) + 0.02, rng.uniform(0.13, 0.2) + 0.1 * i, rng, depth)
    ground = outlines[-1]
    side = rng.choice((-1, 1))
    what = rng.choice(("cabin", "pond", "igloo", "cabin"))
    x = 0.5 + side * 0.28
    if what == "cabin":
        y, wide = 0.665, 0.27
        log = rng.choice(((142, 96, 64), (122, 84, 62), (160, 108, 70)))
        sheet.shadow(x, y, 0.18, 0.02, 0.2)
        for i in range(6):
            low = y - 0.026 * i
            sheet.rect(x - wide / 2, low - 0.026, x + wide / 2, low, log if i % 2 else darker(log, 0.1), radius=0.01)
        sheet.poly(
            [(x - wide * 0.62, y - 0.15), (x, y - 0.28), (x + wide * 0.62, y - 0.15)], (250, 252, 255), edge=0.004
        )
        sheet.poly([(x - wide * 0.62, y - 0.15), (x, y - 0.18), (x + wide * 0.62, y - 0.15)], shade)
        sheet.rect(x - wide * 0.38, y - 0.11, x - wide * 0.2, y, rng.choice(ROOFS), radius=0.01)
        lit_window(sheet, x + wide * 0.05, y - 0.11, x + wide * 0.3, y - 0.055, (244, 240, 232), Random(1))
    elif what == "pond":
        sheet.ellipse(x, 0.72, 0.2, 0.045, lighter(shade, 0.2))
        sheet.ellipse(x, 0.724, 0.19, 0.04, (170, 206, 230))
        sheet.line([(x - 0.1, 0.715), (x + 0.02, 0.73)], (220, 238, 248), 0.005)
        sheet.line([(x, 0.71), (x + 0.11, 0.724)], (220, 238, 248), 0.005)
    else:
        sheet.shadow(x, 0.67, 0.16, 0.02, 0.2)
        sheet.poly(
            [(x + 0.14 * math.cos(a), 0.67 - 0.15 * math.sin(a)) for a in (i * math.pi / 14 for i in range(15))],
            (244, 248, 252),
            edge=0.005,
        )
        for row in (0.05, 0.1):
            sheet.line([(x - 0.13 + row * 0.3, 0.67 - row), (x + 0.13 - row * 0.3, 0.67 - row)], shade, 0.004)
        sheet.poly(
            [(x + 0.05 * math.cos(a), 0.67 - 0.075 * math.sin(a)) for a in (i * math.pi / 10 for i in range(11))],
            LAMP if sheet.light.glow else (80, 96, 130),
            raw=sheet.light.glow > 0,
        )
        if sheet.light.glow:
            sheet.glow(x, 0.65, 0.16, (255, 180, 90), 0.5)
    for s in (-1, 1):
        if s == side and rng.random() < 0.7:
            continue
        px = 0.5 + s * rng.uniform(0.36, 0.48)
        snowy_pine(sheet, px, 0.74, rng.uniform(0.42, 0.56), rng, 0.0)
    if rng.random() < 0.55:
        mx, my = 0.5 - side * rng.uniform(0.26, 0.32), 0.735
        sheet.shadow(mx + 0.01, my, 0.09, 0.014, 0.22)
        for dy, r in ((0.05, 0.055), (0.125, 0.041), (0.185, 0.03)):
            sheet.ellipse(mx, my - dy, r, r, (214, 226, 242))
            sheet.ellipse(mx - r * 0.1, my - dy - r * 0.08, r * 0.88, r * 0.88, (252, 253, 255))
        scarf = rng.choice(ROOFS)
        sheet.rect(mx - 0.03, my - 0.166, mx + 0.03, my - 0.15, scarf, radius=0.006)
        sheet.rect(mx + 0.008, my - 0.16, mx + 0.024, my - 0.11, scarf, radius=0.006)
        sheet.poly([(mx, my - 0.19), (mx + 0.045, my - 0.182), (mx, my - 0.176)], (240, 140, 60))
        for dx in (-0.011, 0.012):
            sheet.ellipse(mx + dx, my - 0.197, 0.0045, 0.0045, (40, 40, 48))
        sheet.rect(mx - 0.03, my - 0.216, mx + 0.03, my - 0.208, (52, 50, 62))
        sheet.rect(mx - 0.02, my - 0.25, mx + 0.02, my - 0.21, (52, 50, 62))
    for _ in range(12):
        x = rng.random()
        y = rng.uniform(height_at(ground, x) + 0.05, 0.98)
        sheet.line([(x - 0.02, y), (x + 0.025, y)], mix(snow, shade, 0.8), 0.006)


def draw_farm(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.6)
    near, _ = plants.meadow_tones(rng)
    outlines = hills(sheet, rng, y=0.64, near=near, count=3, height=0.03, step=0.045)
    crop = rng.choice(((232, 200, 96), (190, 206, 96), (206, 170, 110), (146, 186, 96)))
    middle = outlines[1]
    band = [(x, y + 0.012) for x, y in middle[:-2]]
    sheet.poly([*band, *[(x, y + 0.05) for x, y in reversed(band)]], sheet.light.open_ground(crop), 0.3)
    for i in range(14):
        x = i / 13
        y = height_at(middle, x) + 0.012
        sheet.line([(x, y), (x + (x - 0.5) * 0.16, y + 0.038)], darker(crop, 0.18), 0.005, 0.3)
    sheet.shaded(outlines[2], lighter(sheet.light.open_ground(near), 0.14), darker(sheet.light.open_ground(near), 0.16))
    side = rng.choice((-1, 1))
    x, y, wide = 0.5 + side * 0.27, 0.67, rng.uniform(0.27, 0.34)
    barn = rng.choice(((190, 66, 56), (168, 84, 62), (120, 130, 150), (206, 160, 96), (96, 134, 112)))
    roof = sheet.light.open_ground(rng.choice(((108, 84, 84), (92, 100, 116), (140, 92, 70))))
    what = rng.choice(("silo", "mill", "silo", "tree"))
    sx = x - side * wide * 0.75
    if what == "silo":
        sheet.shaded(
            [(sx - 0.05, 0.67), (sx - 0.05, 0.4), (sx + 0.05, 0.4), (sx + 0.05, 0.67)], (206, 212, 216), (166, 172, 180)
        )
        sheet.poly(
            [(sx + 0.05 * math.cos(a), 0.4 - 0.05 * math.sin(a)) for a in (i * math.pi / 8 for i in range(9))], barn
        )
        for i in range(4):
            sheet.line([(sx - 0.05, 0.45 + 0.055 * i), (sx + 0.05, 0.45 + 0.055 * i)], (150, 156, 164), 0.004)
    elif what == "mill":
        sheet.shaded(
            [(sx - 0.07, 0.67), (sx - 0.04, 0.4), (sx + 0.04, 0.4), (sx + 0.07, 0.67)], (246, 238, 222), (214, 200, 178)
        )
        sheet.poly([(sx - 0.052, 0.405), (sx, 0.34), (sx + 0.052, 0.405)], roof)
        turn = rng.uniform(0, 1.5)
        for i in range(4):
            a = turn + i * math.pi / 2
            cx, cy, sn, cs = sx, 0.4, math.sin(a), math.cos(a)
            sheet.poly(
                [
                    (cx + cs * 0.02 - sn * 0.006, cy + sn * 0.02 + cs * 0.006),
                    (cx + cs * 0.15 - sn * 0.006, cy + sn * 0.15 + cs * 0.006),
                    (cx + cs * 0.15 + sn * 0.028, cy + sn * 0.15 - cs * 0.028),
                    (cx + cs * 0.03 + sn * 0.028, cy + sn * 0.03 - cs * 0.028),
                ],
                (250, 246, 236),
                edge=0.003,
            )
    else:
        plants.draw_tree(sheet, sx, 0.67, 0.36, rng, 0.1)
    sheet.shadow(x + 0.02, y, wide * 0.62, 0.02, 0.3)
    top = y - wide * 0.6
    shape = [
        (x - wide / 2, y),
        (x - wide / 2, top),
        (x - wide * 0.32, top - wide * 0.22),
        (x, top - wide * 0.34),
        (x + wide * 0.32, top - wide * 0.22),
        (x + wide / 2, top),
        (x + wide / 2, y),
    ]
    sheet.shaded(shape, lighter(barn, 0.12), darker(barn, 0.15))
    for i in range(1, 8):
        bx = x - wide / 2 + wide * i / 8
        sheet.line([(bx, y), (bx, top)], darker(barn, 0.12), 0.003)
    roofline = [
        (x - wide * 0.55, top + 0.012),
        (x - wide * 0.34, top - wide * 0.235),
        (x, top - wide * 0.37),
        (x + wide * 0.34, top - wide * 0.235),
        (x + wide * 0.55, top + 0.012),
    ]
    sheet.line(roofline, roof, 0.026)
    cream = (250, 242, 228)
    sheet.rect(x - wide * 0.17, y - wide * 0.4, x + wide * 0.17, y, darker(barn, 0.22))
    sheet.line(
        [
            (x - wide * 0.17, y),
            (x - wide * 0.17, y - wide * 0.4),
            (x + wide * 0.17, y - wide * 0.4),
            (x + wide * 0.17, y),
        ],
        cream,
        0.009,
    )
    sheet.line([(x - wide * 0.17, y - wide * 0.4), (x + wide * 0.17, y)], cream, 0.007)
    sheet.line([(x + wide * 0.17, y - wide * 0.4), (x - wide * 0.17, y)], cream, 0.007)
    lit_window(sheet, x - wide * 0.08, top - wide * 0.16, x + wide * 0.08, top - wide * 0.03, cream, Random(1))
    plants.draw_fence(
        sheet,
        0.7,
        0.075,
        rng.choice(((244, 240, 230), (158, 116, 80))),
        rng,
        left=0.0 if side > 0 else 0.36,
        right=0.64 if side > 0 else 1.0,
    )
    hay = (226, 186, 96)
    for i in range(rng.randint(1, 3)):
        hx, hy = 0.5 - side * (0.2 + 0.11 * i), 0.745 + 0.01 * i
        sheet.shadow(hx, hy + 0.045, 0.055, 0.012, 0.3)
        sheet.ellipse(hx, hy, 0.048, 0.046, hay, edge=0.004)
        sheet.arc(hx, hy, 0.03, 0.028, 20, 330, darker(hay, 0.22), 0.005)
        sheet.arc(hx, hy, 0.014, 0.013, 60, 380, darker(hay, 0.22), 0.005)
    if rng.random() < 0.5:
        path(sheet, x - side * 0.05, 0.675, rng, (214, 184, 140), width=0.26)
    ground_details(sheet, rng, outlines[-1], near, flowers=7, tufts=18)


def draw_street(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.62)
    base = 0.66
    far = rng.choice(((168, 176, 190), (186, 170, 170)))
    for _ in range(7):
        x, wide, high = rng.random(), rng.uniform(0.1, 0.2), rng.uniform(0.22, 0.38)
        sheet.rect(x - wide / 2, base - high, x + wide / 2, base, far, 0.85)
    x = rng.uniform(-0.12, -0.02)
    trim = (250, 246, 238)
    number = 0
    while x < 1.0:
        wide = rng.uniform(0.2, 0.29)
        high = rng.uniform(0.3, 0.47)
        wall, roof = rng.choice(WALLS), rng.choice(ROOFS)
        wall = rng.choice((wall, mix(wall, roof, 0.45), (196, 110, 88)))
        left, right, top = x, x + wide, base - high
        style = rng.choice(("gable", "flat", "step", "hip"))
        white_roof = sheet.light.open_ground(roof)
        if style == "gable":
            sheet.shaded(
                [(left - 0.008, top), ((left + right) / 2, top - wide * 0.5), (right + 0.008, top)],
                lighter(white_roof, 0.1),
                white_roof,
            )
        elif style == "hip":
            sheet.shaded(
                [
                    (left - 0.008, top),
                    (left + wide * 0.22, top - wide * 0.28),
                    (right - wide * 0.22, top - wide * 0.28),
                    (right + 0.008, top),
                ],
                lighter(white_roof, 0.1),
                white_roof,
            )
        elif style == "step":
            for i in range(3):
                sheet.rect(left + wide * 0.13 * i, top - 0.034 * (i + 1), right - wide * 0.13 * i, top + 0.01, wall)
        sheet.shaded([(left, top), (right, top), (right, base), (left, base)], lighter(wall, 0.14), darker(wall, 0.1))
        if style == "flat":
            sheet.rect(
                left - 0.008, top - 0.012, right + 0.008, top + 0.014, sheet.light.open_ground(darker(roof, 0.1))
            )
        floors = max(1, int((high - 0.16) / 0.1))
        for floor in range(floors):
            wy = top + 0.035 + floor * 0.1
            for wx in (left + wide * 0.28, left + wide * 0.72):
                lit_window(sheet, wx - 0.024, wy, wx + 0.024, wy + 0.056, trim, rng)
                if rng.random() < 0.3:
                    for k in range(4):
                        sheet.ellipse(wx - 0.021 + 0.014 * k, wy + 0.062, 0.009, 0.009, plants.PETALS[(k + number) % 6])
        shop = rng.random() < 0.4
        door = left + wide * (0.78 if shop else rng.choice((0.3, 0.5, 0.7)))
        sheet.rect(door - 0.028, base - 0.115, door + 0.028, base, rng.choice(ROOFS), radius=0.008, edge=0.004)
        if shop:
            lit_window(sheet, left + wide * 0.1, base - 0.095, left + wide * 0.58, base - 0.025, trim, Random(1))
            tone = rng.choice(ROOFS)
            for k in range(5):
                a, b = left + wide * (0.05 + 0.118 * k), left + wide * (0.05 + 0.118 * (k + 1))
                sheet.poly(
                    [
                        (a, base - 0.135),
                        (b, base - 0.135),
                        (b, base - 0.1),
                        ((a + b) / 2, base - 0.09),
                        (a, base - 0.1),
                    ],
                    tone if k % 2 else trim,
                )
        sheet.shadow((left + right) / 2, base + 0.005, wide * 0.52, 0.012, 0.22)
        x += wide + (0.0 if rng.random() < 0.8 else 0.03)
        number += 1
    pave = sheet.light.open_ground(rng.choice(((208, 202, 196), (196, 200, 206), (216, 200, 178))))
    sheet.gradient(0, base, 1, 0.78, pave, darker(pave, 0.06))
    for i in range(12):
        px = i / 11
        sheet.line([(px, base), (px + (px - 0.5) * 0.3, 0.775)], darker(pave, 0.1), 0.003)
    sheet.line([(0, 0.712), (1, 0.712)], darker(pave, 0.1), 0.003)
    sheet.rect(0, 0.775, 1, 0.79, darker(pave, 0.18))
    road = sheet.light.open_ground((122, 124, 134))
    sheet.gradient(0, 0.79, 1, 1, road, darker(road, 0.2))
    for i in range(5):
        sheet.poly(
            [(0.02 + 0.24 * i, 0.885), (0.13 + 0.24 * i, 0.885), (0.13 + 0.24 * i, 0.9), (0.015 + 0.24 * i, 0.9)],
            (238, 234, 220),
        )
    puddles = Random(f"puddles:{rng.random()}")
    if sheet.light.weather == "rain":
        for _ in range(4):
            px, py = puddles.random(), puddles.uniform(0.81, 0.96)
            sheet.ellipse(
                px,
                py,
                puddles.uniform(0.05, 0.1),
                0.012,
                mix(sheet.lit((150, 170, 190)), sheet.light.sky[1], 0.5),
                raw=True,
            )
    side = rng.choice((0.1, 0.9))
    lantern_post(sheet, side, 0.765, 0.42, (66, 70, 84))
    if rng.random() < 0.6:
        lantern_post(sheet, 1 - side + rng.uniform(-0.03, 0.03), 0.765, 0.42, (66, 70, 84))
    else:
        tx = 1 - side
        plants.draw_tree(sheet, tx, 0.745, 0.44, rng)
        sheet.rect(tx - 0.05, 0.735, tx + 0.05, 0.77, (150, 108, 78), radius=0.006, edge=0.004)
    if rng.random() < 0.5:
        mx = rng.uniform(0.3, 0.7)
        tone = rng.choice(((206, 62, 58), (60, 110, 170), (236, 186, 66)))
        sheet.shadow(mx, 0.745, 0.035, 0.008, 0.3)
        sheet.rect(mx - 0.025, 0.655, mx + 0.025, 0.745, tone, radius=0.02, edge=0.004)
        sheet.rect(mx - 0.014, 0.68, mx + 0.014, 0.686, (40, 40, 48))


def draw_playground(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.6)
    near, _ = plants.meadow_tones(rng)
    ground = hills(sheet, rng, y=0.63, near=near, count=2, height=0.018, step=0.045)[-1]
    for _ in range(rng.randint(3, 5)):
        plants.draw_round_tree(sheet, rng.random(), 0.62, rng.uniform(0.24, 0.36), plants.leaf_tone(rng), rng, 0.45)
    plants.draw_fence(
        sheet, 0.655, 0.07, rng.choice(((240, 236, 226), (196, 150, 104), (120, 170, 190))), rng, depth=0.2
    )
    ground_details(sheet, rng, ground, near, flowers=10, tufts=18)
    sand = sheet.light.open_ground((238, 214, 160))
    sheet.ellipse(0.5, 0.84, 0.47, 0.13, darker(sand, 0.14))
    sheet.ellipse(0.5, 0.845, 0.455, 0.12, sand)
    tones = rng.sample(
        [(226, 74, 70), (66, 134, 206), (250, 196, 66), (96, 178, 110), (240, 136, 62), (150, 96, 190)], 3
    )
    side = rng.choice((-1, 1))
    x = 0.5 - side * 0.3
    tower = rng.random() < 0.6
    y = 0.74
    sheet.shadow(x, y, 0.12, 0.018, 0.3)
    if tower:
        for dx in (-0.06, 0.06):
            sheet.rect(x + dx - 0.008, 0.4, x + dx + 0.008, y, darker(tones[0], 0.1))
        sheet.poly([(x - 0.085, 0.41), (x, 0.31), (x + 0.085, 0.41)], sheet.light.open_ground(tones[1]), edge=0.005)
        sheet.box(x - 0.07, 0.54, x + 0.07, 0.575, tones[2])
        sheet.rect(x - 0.06, 0.49, x + 0.06, 0.5, tones[0])
    for i in range(5):
        sheet.line(
            [(x - side * 0.075, 0.585 + 0.035 * i), (x - side * 0.045, 0.585 + 0.035 * i)], (120, 110, 120), 0.007
        )
    end = x + side * 0.27
    sheet.poly(
        [
            (x + side * 0.05, 0.545),
            (x + side * 0.075, 0.545),
            (end, 0.735),
            (end + side * 0.06, 0.742),
            (end + side * 0.06, 0.765),
            (end - side * 0.03, 0.765),
        ],
        tones[1],
        edge=0.005,
    )
    sheet.line([(x + side * 0.065, 0.535), (end, 0.728), (end + side * 0.06, 0.735)], lighter(tones[1], 0.35), 0.011)
    sheet.line([(x, 0.56), (x, y)], (130, 120, 128), 0.01)
    x = 0.5 + side * 0.3
    kind = rng.choice(("swing", "climb", "carousel", "swing"))
    if kind == "swing":
        sheet.shadow(x, 0.745, 0.18, 0.016, 0.22)
        for s in (-1, 1):
            sheet.line([(x + s * 0.17, 0.745), (x + s * 0.125, 0.42)], tones[0], 0.014)
            sheet.line([(x + s * 0.09, 0.745), (x + s * 0.125, 0.42)], darker(tones[0], 0.15), 0.012)
        sheet.line([(x - 0.135, 0.42), (x + 0.135, 0.42)], tones[0], 0.016)
        for dx in (-0.06, 0.05):
            sway = rng.uniform(-0.02, 0.02)
            sheet.line([(x + dx - 0.022, 0.42), (x + dx - 0.022 + sway, 0.65)], (110, 106, 116), 0.004)
            sheet.line([(x + dx + 0.022, 0.42), (x + dx + 0.022 + sway, 0.65)], (110, 106, 116), 0.004)
            sheet.rect(x + dx - 0.032 + sway, 0.645, x + dx + 0.032 + sway, 0.66, tones[2], radius=0.004)
    elif kind == "climb":
        sheet.shadow(x, 0.745, 0.16, 0.016, 0.24)
        for r in (0.15, 0.1, 0.05):
            sheet.arc(x, 0.745, r, 0.26, 180, 360, tones[0], 0.01)
        sheet.arc(x, 0.745, 0.15, 0.13, 180, 360, tones[2], 0.009)
        sheet.line([(x - 0.125, 0.6), (x + 0.125, 0.6)], tones[1], 0.009)
    else:
        sheet.shadow(x, 0.755, 0.16, 0.02, 0.3)
        sheet.ellipse(x, 0.74, 0.15, 0.03, darker(tones[1], 0.2))
        sheet.ellipse(x, 0.73, 0.15, 0.03, tones[1])
        for dx in (-0.1, -0.03, 0.05, 0.11):
            sheet.arc(x + dx, 0.72, 0.022, 0.11, 180, 360, tones[2], 0.009)
        sheet.line([(x, 0.73), (x, 0.58)], tones[0], 0.014)
        sheet.ellipse(x, 0.575, 0.02, 0.02, tones[0])
    if rng.random() < 0.5:
        sx = 0.5 + rng.uniform(-0.08, 0.08)
        sheet.poly([(sx - 0.03, 0.745), (sx, 0.69), (sx + 0.03, 0.745)], tones[0])
        tilt = rng.choice((-0.025, 0.025))
        sheet.line([(sx - 0.14, 0.69 - tilt), (sx + 0.14, 0.69 + tilt)], tones[2], 0.016)
    lantern_post(sheet, 0.5 + side * 0.02, 0.675, 0.28, (70, 74, 88))


def draw_mountain(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.64)
    rock = rng.choice(((132, 140, 164), (150, 138, 140), (116, 134, 150), (160, 150, 130)))
    peaks(sheet, rng, 0.56, 0.4, mix(rock, (140, 160, 200), 0.4), depth=0.75, count=3)
    peaks(sheet, rng, 0.6, 0.27, rock, depth=0.35, count=rng.randint(2, 3))
    near = rng.choice(((122, 168, 92), (138, 160, 96), (104, 152, 100), (152, 160, 110)))
    middle = wavy(0.585, 0.02, rng.uniform(0, 6), 1.0)
    tone = sheet.light.open_ground(near)
    sheet.shaded(middle, mix(tone, (90, 130, 120), 0.3), tone, 0.35)
    for _ in range(rng.randint(6, 10)):
        x = rng.random()
        plants.draw_pine(
            sheet, x, height_at(middle, x) + 0.015, rng.uniform(0.08, 0.15), rng.choice(plants.PINES), rng, 0.35
        )
    if rng.random() < 0.5:
        x = rng.uniform(0.25, 0.75)
        water = mix(sheet.lit((90, 160, 196)), sheet.light.sky[1], 0.45)
        sheet.ellipse(x, 0.635, rng.uniform(0.2, 0.3), 0.03, water, raw=True)
        sheet.line([(x - 0.1, 0.63), (x + 0.02, 0.63)], lighter(water, 0.4), 0.004, raw=True)
        sheet.line([(x - 0.02, 0.643), (x + 0.12, 0.643)], lighter(water, 0.3), 0.004, raw=True)
    slope = rng.uniform(-0.05, 0.05)
    ground = wavy(0.665, 0.02, rng.uniform(0, 6), 0.8, slope=slope)
    sheet.shaded(ground, lighter(tone, 0.16), darker(tone, 0.2))
    if rng.random() < 0.6:
        path(sheet, rng.uniform(0.3, 0.7), 0.68, rng, (196, 176, 146), width=0.24)
    side = rng.choice((-1, 1))
    if rng.random() < 0.55:
        house(sheet, 0.5 + side * 0.3, 0.67, 0.2, rng, depth=0.05)
    for s in (-1, 1):
        px = 0.5 + s * rng.uniform(0.38, 0.48)
        if rng.random() < 0.7:
            plants.draw_pine(sheet, px, 0.76, rng.uniform(0.34, 0.5), rng.choice(plants.PINES), rng)
    for _ in range(rng.randint(3, 5)):
        plants.draw_stone(
            sheet,
            rng.choice((rng.uniform(0.02, 0.3), rng.uniform(0.7, 0.98))),
            rng.uniform(0.76, 0.9),
            rng.uniform(0.06, 0.14),
            rng,
            rock,
        )
    ground_details(sheet, rng, ground, near, flowers=9, tufts=14)


def draw_meadow(sheet: Sheet, rng: Random) -> None:
    draw_sky(sheet, rng.random(), horizon=0.6)
    near, _ = plants.meadow_tones(rng)
    outlines = hills(sheet, rng, y=0.65, near=near, count=rng.randint(3, 4), height=0.05, step=0.06)
    back = outlines[0]
    what = rng.choice(("lone tree", "mill", "grove", "river"))
    for _ in range(rng.randint(2, 5)):
        x = rng.random()
        plants.draw_round_tree(
            sheet, x, height_at(back, x) + 0.01, rng.uniform(0.07, 0.12), rng.choice(plants.GREENS), rng, 0.6
        )
    if what == "mill":
        x = rng.uniform(0.15, 0.85)
        house(sheet, x, height_at(outlines[1], x) + 0.02, 0.13, rng, depth=0.4)
    elif what == "river":
        x = rng.uniform(0.3, 0.7)
        end = 0.5 + rng.choice((-0.42, 0.42))
        water = mix(sheet.lit((98, 172, 214)), sheet.light.sky[1], 0.4)
        left, right = [], []
        for i in range(15):
            t = i / 14
            mid = x + (end - x) * t + 0.06 * math.sin(t * 7)
            half = 0.01 + 0.085 * t
            y = 0.6 + 0.4 * t
            left.append((mid - half, y))
            right.append((mid + half, y))
        sheet.poly([*left, *reversed(right)], water, raw=True)
        for i in range(6):
            t = 0.2 + 0.13 * i
            mid = x + (end - x) * t + 0.06 * math.sin(t * 7)
            sheet.line(
                [(mid - 0.03 * t, 0.6 + 0.4 * t), (mid + 0.04 * t, 0.6 + 0.4 * t)], lighter(water, 0.4), 0.005, raw=True
            )
    side = rng.choice((-1, 1))
    if what == "lone tree":
        plants.draw_round_tree(sheet, 0.5 + side * 0.3, 0.72, rng.uniform(0.5, 0.6), plants.leaf_tone(rng), rng)
        if rng.random() < 0.5:
            x = 0.5 + side * 0.22
            sheet.line([(x - 0.03, 0.44), (x - 0.03, 0.66)], (120, 92, 70), 0.004)
            sheet.line([(x + 0.03, 0.44), (x + 0.03, 0.66)], (120, 92, 70), 0.004)
            sheet.rect(x - 0.045, 0.655, x + 0.045, 0.672, (190, 110, 80), radius=0.004)
    elif what == "grove":
        for i in range(3):
            plants.draw_birch(
                sheet,
                0.5 + side * (0.24 + 0.09 * i),
                0.71 + 0.015 * i,
                rng.uniform(0.4, 0.54),
                plants.leaf_tone(rng),
                rng,
            )
    if rng.random() < 0.45:
        path(sheet, rng.uniform(0.3, 0.7), 0.68, rng, (226, 204, 162), width=0.22)
    ground = outlines[-1]
    ground_details(sheet, rng, ground, near, flowers=30, tufts=22)
    for _ in range(3):
        bx, by = rng.uniform(0.1, 0.9), rng.uniform(0.36, 0.6)
        wing = rng.choice(plants.PETALS)
        if not sheet.light.is_night and sheet.light.weather == "clear":
            for s in (-1, 1):
                sheet.ellipse(bx + s * 0.012, by - 0.005, 0.011, 0.013, wing)
                sheet.ellipse(bx + s * 0.009, by + 0.01, 0.008, 0.008, darker(wing, 0.15))
            sheet.line([(bx, by - 0.012), (bx, by + 0.014)], (70, 56, 60), 0.004)
        elif sheet.light.is_night:
            sheet.ellipse(bx, by, 0.005, 0.005, (240, 255, 160), raw=True)
            sheet.glow(bx, by, 0.06, (210, 240, 110), 0.7)
