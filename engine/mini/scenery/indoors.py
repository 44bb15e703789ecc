"""The rooms: each function furnishes one kind, its instance fixed by the generator it is given."""

from __future__ import annotations

import math
from random import Random

from engine.mini.scenery.furniture import (
    CLOTHS,
    LAMP,
    TRIM,
    WOODS,
    bunting,
    floor_lamp,
    hanging_lamp,
    picture,
    pot_plant,
    room,
    rug,
    shelf_case,
    table_lamp,
    window,
)
from engine.mini.scenery.light import darker, lighter, mix
from engine.mini.scenery.sheet import Sheet


def _window_place(rng: Random, side: int) -> tuple[float, float, float, float]:
    """Where the window hangs: x, y, width, height."""
    return (
        0.5 + side * rng.uniform(0.02, 0.2),
        rng.uniform(0.25, 0.32),
        rng.uniform(0.17, 0.28),
        rng.uniform(0.19, 0.27),
    )


def draw_bedroom(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng)
    side = rng.choice((-1, 1))
    window(sheet, *_window_place(rng, -side), rng)
    if rng.random() < 0.5:
        bunting(sheet, rng.uniform(0.02, 0.06), rng)
    for _ in range(rng.randint(1, 2)):
        picture(sheet, 0.5 + side * rng.uniform(0.22, 0.4), rng.uniform(0.2, 0.36), rng)
    rug(sheet, rng)
    wood, quilt, spread = rng.choice(WOODS), rng.choice(CLOTHS), rng.choice(("plain", "stripes", "dots", "patch"))
    head = 0.5 + side * 0.49
    foot = head - side * rng.uniform(0.36, 0.42)
    low, high = 0.755, 0.575
    left, right = min(head, foot), max(head, foot)
    sheet.shadow((left + right) / 2, low + 0.03, (right - left) * 0.55, 0.025, 0.34)
    board = rng.choice(("round", "flat", "posts"))
    if board == "round":
        sheet.ellipse(head - side * 0.03, 0.5, 0.035, 0.05, wood, edge=0.005)
    sheet.box(min(head, head - side * 0.055), 0.49, max(head, head - side * 0.055), low + 0.035, wood)
    sheet.box(min(foot, foot + side * 0.03), 0.585, max(foot, foot + side * 0.03), low + 0.035, wood)
    if board == "posts":
        for px in (head - side * 0.045, foot + side * 0.015):
            sheet.ellipse(
                px, 0.482 if px != foot + side * 0.015 else 0.578, 0.017, 0.017, lighter(wood, 0.12), edge=0.004
            )
    a, b = min(head - side * 0.055, foot + side * 0.03), max(head - side * 0.055, foot + side * 0.03)
    sheet.rect(a, low - 0.035, b, low + 0.015, darker(wood, 0.1), edge=0.004)
    sheet.rect(a, high + 0.035, b, low - 0.02, TRIM)
    pillow = head - side * 0.115
    sheet.ellipse(pillow, high + 0.03, 0.062, 0.032, (250, 248, 250), edge=0.004)
    ca, cb = min(foot + side * 0.026, head - side * 0.17), max(foot + side * 0.026, head - side * 0.17)
    sheet.rect(ca, high + 0.022, cb, low - 0.002, quilt, radius=0.02, edge=0.005)
    second = lighter(rng.choice(CLOTHS), 0.4)
    if spread == "stripes":
        for i in range(3):
            sx = ca + (cb - ca) * (0.2 + 0.28 * i)
            sheet.rect(sx, high + 0.03, sx + 0.026, low - 0.012, second)
    elif spread == "dots":
        for i in range(10):
            sheet.ellipse(
                ca + (cb - ca) * (0.12 + 0.19 * (i % 5)), high + 0.062 + 0.06 * (i // 5), 0.011, 0.011, second
            )
    elif spread == "patch":
        for i in range(8):
            if i % 2 == (i // 4) % 2:
                px = ca + 0.012 + (cb - ca - 0.024) * (i % 4) / 4
                sheet.rect(
                    px, high + 0.034 + 0.068 * (i // 4), px + (cb - ca) / 4.6, high + 0.096 + 0.066 * (i // 4), second
                )
    sheet.rect(ca, low - 0.03, cb, low - 0.002, darker(quilt, 0.2), radius=0.012)
    fold = head - side * 0.17
    sheet.rect(
        min(fold, fold - side * 0.035),
        high + 0.02,
        max(fold, fold - side * 0.035),
        low - 0.004,
        lighter(quilt, 0.6),
        radius=0.01,
    )
    table = foot - side * 0.085
    sheet.shadow(table, 0.735, 0.07, 0.014, 0.3)
    sheet.box(table - 0.05, 0.615, table + 0.05, 0.735, lighter(wood, 0.14))
    sheet.ellipse(table, 0.672, 0.007, 0.007, (240, 200, 100))
    table_lamp(sheet, table, 0.617, rng)
    other = 0.5 - side * rng.uniform(0.37, 0.42)
    if rng.random() < 0.65:
        shelf_case(sheet, other - 0.1, 0.45, other + 0.1, 0.715, lighter(rng.choice(WOODS), 0.2), 3, rng, toys=True)
    else:
        ward = rng.choice((*CLOTHS, *WOODS))
        ward = lighter(ward, 0.35)
        sheet.shadow(other, 0.72, 0.12, 0.016, 0.3)
        sheet.box(other - 0.11, 0.29, other + 0.11, 0.715, ward)
        sheet.line([(other, 0.31), (other, 0.69)], darker(ward, 0.3), 0.005)
        for d in (-0.018, 0.018):
            sheet.ellipse(other + d, 0.5, 0.008, 0.008, (226, 180, 90))


def draw_kitchen(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng, tiles=True)
    side = rng.choice((-1, 1))
    x, y, w, h = _window_place(rng, side)
    window(sheet, x, y - 0.03, w, h * 0.85, rng)
    front, top = lighter(rng.choice(CLOTHS), rng.choice((0.15, 0.45))), lighter(rng.choice(WOODS), 0.1)
    fridge = 0.5 - side * 0.41
    cold = rng.choice(((236, 240, 240), (170, 210, 206), (240, 190, 176), (246, 222, 150)))
    start, end = (0.0, 1.0)
    if side > 0:
        start = fridge + 0.1
    else:
        end = fridge - 0.1
    sheet.shadow((start + end) / 2, 0.735, (end - start) / 2, 0.018, 0.34)
    sheet.rect(start, 0.5, end, 0.73, front, edge=0.005)
    doors = 4
    wide = (end - start) / doors
    oven = rng.randrange(doors)
    for i in range(doors):
        a, b = start + wide * i, start + wide * (i + 1)
        if i == oven:
            sheet.rect(a + 0.006, 0.508, b - 0.006, 0.722, (226, 228, 230), edge=0.004)
            hot = sheet.light.glow > 0
            sheet.rect(a + 0.03, 0.575, b - 0.03, 0.68, (250, 170, 80) if hot else (70, 66, 76), radius=0.012, raw=hot)
            for k in range(4):
                sheet.ellipse(a + 0.04 + (wide - 0.08) * k / 3, 0.54, 0.011, 0.011, (70, 66, 76))
            sheet.line([(a + 0.035, 0.563), (b - 0.035, 0.563)], (150, 150, 156), 0.007)
            pot = rng.choice(CLOTHS)
            m = (a + b) / 2
            sheet.rect(m - 0.045, 0.44, m + 0.045, 0.49, pot, radius=0.012, edge=0.004)
            sheet.rect(m - 0.05, 0.433, m + 0.05, 0.444, lighter(pot, 0.25), radius=0.004)
            sheet.ellipse(m, 0.43, 0.009, 0.008, (60, 54, 60))
            for k in range(2):
                sheet.ellipse(
                    m - 0.014 + 0.03 * k,
                    0.398 - 0.03 * k,
                    0.02,
                    0.014,
                    lighter(sheet.light.sky[2], 0.5),
                    raw=not sheet.light.is_night,
                )
        else:
            sheet.rect(a + 0.012, 0.525, b - 0.012, 0.575, lighter(front, 0.14), radius=0.006, edge=0.003)
            sheet.rect(a + 0.012, 0.588, b - 0.012, 0.712, lighter(front, 0.14), radius=0.006, edge=0.003)
            sheet.line([((a + b) / 2 - 0.018, 0.55), ((a + b) / 2 + 0.018, 0.55)], (110, 96, 92), 0.007)
            sheet.ellipse(b - 0.028, 0.645, 0.007, 0.007, (110, 96, 92))
    sheet.rect(start - 0.006, 0.484, end + 0.006, 0.508, top, edge=0.004)
    sheet.rect(start, 0.485, end, 0.491, lighter(top, 0.35))
    for i in range(doors):
        m = start + wide * (i + 0.5)
        if i == oven:
            continue
        thing = rng.choice(("bowl", "jars", "kettle", "bread", "plant", "none"))
        tone = rng.choice(CLOTHS)
        if thing == "bowl":
            for k in range(4):
                sheet.ellipse(
                    m - 0.03 + 0.02 * k,
                    0.452 - 0.007 * (k % 2),
                    0.016,
                    0.016,
                    ((220, 60, 56), (246, 180, 60), (140, 190, 80), (240, 130, 60))[k],
                )
            sheet.poly([(m - 0.055, 0.453), (m + 0.055, 0.453), (m + 0.03, 0.485), (m - 0.03, 0.485)], tone, edge=0.004)
        elif thing == "jars":
            for k in range(3):
                hx = m - 0.038 + 0.036 * k
                sheet.rect(
                    hx - 0.014,
                    0.44 + 0.008 * k,
                    hx + 0.014,
                    0.484,
                    lighter(CLOTHS[(k * 3 + i) % 10], 0.4),
                    radius=0.006,
                    edge=0.003,
                )
                sheet.rect(hx - 0.015, 0.432 + 0.008 * k, hx + 0.015, 0.443 + 0.008 * k, (176, 126, 84), radius=0.003)
        elif thing == "kettle":
            sheet.ellipse(m, 0.457, 0.034, 0.028, tone, edge=0.004)
            sheet.line([(m + 0.028, 0.457), (m + 0.052, 0.437)], tone, 0.011)
            sheet.arc(m, 0.437, 0.026, 0.024, 180, 360, (60, 54, 60), 0.007)
        elif thing == "bread":
            sheet.rect(m - 0.055, 0.476, m + 0.055, 0.485, (196, 146, 98))
            sheet.ellipse(m, 0.46, 0.042, 0.022, (216, 156, 88), edge=0.004)
        elif thing == "plant":
            pot_plant(sheet, m, 0.485, 0.12, rng)
    sheet.shadow(fridge, 0.74, 0.11, 0.018, 0.34)
    sheet.box(fridge - 0.095, 0.33, fridge + 0.095, 0.735, cold, radius=0.02)
    sheet.line([(fridge - 0.09, 0.46), (fridge + 0.09, 0.46)], darker(cold, 0.25), 0.005)
    for y0, y1 in ((0.385, 0.44), (0.49, 0.57)):
        sheet.line([(fridge + side * 0.07, y0), (fridge + side * 0.07, y1)], (120, 120, 126), 0.011)
    for i in range(3):
        sheet.rect(
            fridge - 0.06 + 0.035 * i,
            0.5 + 0.03 * (i % 2),
            fridge - 0.035 + 0.035 * i,
            0.53 + 0.03 * (i % 2),
            lighter(CLOTHS[rng.randrange(10)], 0.35),
        )
    shelf = 0.5 - side * 0.17
    sheet.rect(shelf - 0.12, 0.31, shelf + 0.12, 0.325, top, edge=0.003)
    for i in range(4):
        tone = CLOTHS[(i * 3 + rng.randrange(3)) % 10]
        cx = shelf - 0.085 + 0.057 * i
        if rng.random() < 0.5:
            sheet.rect(cx - 0.018, 0.272, cx + 0.018, 0.309, tone, radius=0.008, edge=0.003)
            sheet.arc(cx + 0.02, 0.29, 0.011, 0.012, 270, 90, tone, 0.006)
        else:
            sheet.ellipse(cx, 0.278, 0.026, 0.03, lighter(tone, 0.5), edge=0.003)
            sheet.ellipse(cx, 0.278, 0.015, 0.018, lighter(tone, 0.2))
    hanging_lamp(sheet, 0.5 + side * rng.uniform(-0.05, 0.1), rng.uniform(0.05, 0.1), rng)
    if rng.random() < 0.5:
        rug(sheet, rng)


def draw_living_room(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng)
    side = rng.choice((-1, 1))
    window(sheet, *_window_place(rng, -side), rng)
    rug(sheet, rng)
    sofa_x = 0.5 + side * rng.uniform(0.2, 0.27)
    for i in range(rng.randint(1, 2)):
        picture(sheet, sofa_x - 0.09 + 0.19 * i, rng.uniform(0.22, 0.33), rng)
    if rng.random() < 0.5:
        bunting(sheet, 0.03, rng)
    other = 0.5 - side * rng.uniform(0.36, 0.4)
    corner = rng.choice(("fire", "shelf", "clock", "fire"))
    if corner == "fire":
        brick = rng.choice(((188, 96, 78), (226, 216, 200), (150, 140, 142)))
        sheet.shadow(other, 0.73, 0.14, 0.016, 0.3)
        sheet.rect(other - 0.125, 0.44, other + 0.125, 0.72, brick, edge=0.005)
        for r in range(6):
            for k in range(4):
                bx = other - 0.12 + 0.062 * k + 0.03 * (r % 2)
                sheet.rect(
                    bx,
                    0.452 + 0.045 * r,
                    min(other + 0.12, bx + 0.055),
                    0.49 + 0.045 * r,
                    mix(brick, (255, 240, 220), 0.08 + 0.1 * ((r * 3 + k) % 3)),
                )
        sheet.rect(other - 0.15, 0.425, other + 0.15, 0.447, rng.choice(WOODS), edge=0.004)
        sheet.rect(other - 0.075, 0.55, other + 0.075, 0.72, (46, 38, 44), radius=0.03)
        flames = sheet.light.glow > 0 or sheet.light.weather != "clear"
        sheet.rect(other - 0.05, 0.7, other + 0.05, 0.716, (116, 76, 52), radius=0.006)
        if flames:
            for dx, hh, tone in (
                (0, 0.11, (246, 120, 50)),
                (-0.028, 0.075, (250, 150, 60)),
                (0.028, 0.08, (250, 150, 60)),
                (0, 0.06, (255, 220, 110)),
            ):
                sheet.poly(
                    [
                        (other + dx - 0.024, 0.702),
                        (other + dx - 0.016, 0.702 - hh * 0.5),
                        (other + dx, 0.702 - hh),
                        (other + dx + 0.018, 0.702 - hh * 0.45),
                        (other + dx + 0.024, 0.702),
                    ],
                    tone,
                    raw=True,
                )
            sheet.glow(other, 0.66, 0.36, (255, 150, 60), 0.25 + 0.4 * sheet.light.glow)
        pot_plant(sheet, other - 0.08, 0.427, 0.1, rng)
        sheet.rect(other + 0.03, 0.37, other + 0.09, 0.425, rng.choice(CLOTHS), edge=0.004)
    elif corner == "shelf":
        shelf_case(sheet, other - 0.115, 0.3, other + 0.115, 0.72, rng.choice(WOODS), 4, rng, toys=rng.random() < 0.4)
    else:
        wood = rng.choice(WOODS)
        sheet.shadow(other, 0.725, 0.07, 0.014, 0.3)
        sheet.box(other - 0.055, 0.3, other + 0.055, 0.72, wood)
        sheet.poly([(other - 0.07, 0.305), (other, 0.25), (other + 0.07, 0.305)], wood, edge=0.005)
        sheet.ellipse(other, 0.365, 0.04, 0.04, TRIM, edge=0.004)
        sheet.line([(other, 0.365), (other, 0.338)], (50, 44, 50), 0.005)
        sheet.line([(other, 0.365), (other + 0.02, 0.375)], (50, 44, 50), 0.005)
        sheet.rect(other - 0.03, 0.44, other + 0.03, 0.66, darker(wood, 0.4), radius=0.01)
        sheet.line([(other, 0.44), (other + 0.01, 0.6)], (230, 190, 90), 0.004)
        sheet.ellipse(other + 0.01, 0.605, 0.018, 0.018, (236, 196, 96))
    tone, cushion = rng.choice(CLOTHS), rng.choice(CLOTHS)
    wide = rng.uniform(0.19, 0.23)
    back = rng.choice(("round", "straight", "buttons"))
    sheet.shadow(sofa_x, 0.75, wide * 1.08, 0.024, 0.34)
    for d in (-0.85, 0.85):
        sheet.rect(sofa_x + d * wide - 0.012, 0.73, sofa_x + d * wide + 0.012, 0.757, (90, 62, 48))
    sheet.rect(sofa_x - wide, 0.5, sofa_x + wide, 0.7, tone, radius=0.06 if back == "round" else 0.025, edge=0.006)
    sheet.rect(sofa_x - wide + 0.016, 0.512, sofa_x + wide - 0.016, 0.535, lighter(tone, 0.18), radius=0.011)
    if back == "buttons":
        for i in range(5):
            sheet.ellipse(sofa_x - wide * 0.7 + wide * 0.35 * i, 0.57, 0.007, 0.007, darker(tone, 0.35))
    for d in (-0.5, 0.5):
        sheet.rect(
            sofa_x + d * wide - wide * 0.44,
            0.62,
            sofa_x + d * wide + wide * 0.44,
            0.69,
            lighter(tone, 0.1),
            radius=0.02,
            edge=0.004,
        )
    sheet.rect(sofa_x - wide, 0.675, sofa_x + wide, 0.738, darker(tone, 0.08), radius=0.016, edge=0.005)
    for d in (-1, 1):
        sheet.rect(sofa_x + d * wide - 0.034, 0.585, sofa_x + d * wide + 0.034, 0.74, tone, radius=0.03, edge=0.005)
        sheet.ellipse(sofa_x + d * wide, 0.612, 0.02, 0.018, lighter(tone, 0.2))
    cx = sofa_x + rng.choice((-0.5, 0.5)) * wide
    sheet.poly(
        [(cx - 0.05, 0.6), (cx + 0.04, 0.588), (cx + 0.052, 0.672), (cx - 0.042, 0.682)],
        lighter(cushion, 0.15),
        edge=0.005,
    )
    lamp = 0.5 - side * rng.uniform(0.13, 0.2)
    if rng.random() < 0.6:
        floor_lamp(
            sheet,
            sofa_x + side * (wide + 0.075) if 0.06 < sofa_x + side * (wide + 0.075) < 0.94 else lamp,
            0.74,
            0.34,
            rng,
        )
    else:
        hanging_lamp(sheet, 0.5, 0.07, rng)
    if rng.random() < 0.7:
        pot_plant(sheet, lamp, 0.735, rng.uniform(0.18, 0.26), rng)


def draw_classroom(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng)
    side = rng.choice((-1, 1))
    board_x = 0.5 - side * rng.uniform(0.08, 0.15)
    board = rng.choice(((58, 104, 82), (52, 66, 74), (70, 112, 96), (244, 246, 244)))
    frame = rng.choice(WOODS)
    wide = rng.uniform(0.23, 0.28)
    window(sheet, 0.5 + side * 0.37, 0.3, 0.16, 0.24, rng, curtains=rng.random() < 0.4)
    sheet.rect(board_x - wide, 0.17, board_x + wide, 0.45, frame, edge=0.005)
    sheet.gradient(board_x - wide + 0.016, 0.186, board_x + wide - 0.016, 0.434, lighter(board, 0.06), board)
    chalk = (246, 244, 234) if board[0] < 200 else (70, 96, 160)
    what = rng.choice(("sums", "house", "letters", "sun", "fish"))
    x, y = board_x, 0.31
    if what == "sums":
        for r in range(3):
            for k in range(3):
                sx, sy = x - 0.16 + 0.12 * k, 0.235 + 0.065 * r
                sheet.line([(sx, sy - 0.015), (sx, sy + 0.015)], chalk, 0.005)
                sheet.line([(sx + 0.02, sy), (sx + 0.044, sy)], chalk, 0.005)
                sheet.line([(sx + 0.032, sy - 0.012), (sx + 0.032, sy + 0.012)], chalk, 0.005)
                sheet.arc(sx + 0.07, sy, 0.013, 0.015, 0, 300, chalk, 0.005)
    elif what == "house":
        sheet.line(
            [(x - 0.07, 0.4), (x - 0.07, 0.29), (x, 0.22), (x + 0.07, 0.29), (x + 0.07, 0.4), (x - 0.07, 0.4)],
            chalk,
            0.006,
        )
        sheet.line([(x - 0.02, 0.4), (x - 0.02, 0.34), (x + 0.02, 0.34), (x + 0.02, 0.4)], chalk, 0.005)
    elif what == "letters":
        sheet.line([(x - 0.15, 0.37), (x - 0.11, 0.25), (x - 0.07, 0.37)], chalk, 0.008)
        sheet.line([(x - 0.135, 0.33), (x - 0.085, 0.33)], chalk, 0.007)
        sheet.line([(x - 0.02, 0.25), (x - 0.02, 0.37)], chalk, 0.008)
        sheet.arc(x - 0.015, 0.28, 0.034, 0.03, 270, 90, chalk, 0.008)
        sheet.arc(x - 0.015, 0.34, 0.038, 0.03, 270, 90, chalk, 0.008)
        sheet.arc(x + 0.13, 0.31, 0.048, 0.06, 45, 315, chalk, 0.008)
    elif what == "sun":
        sheet.arc(x, y, 0.05, 0.05, 0, 360, (250, 214, 110), 0.007)
        for i in range(10):
            a = i * math.tau / 10
            sheet.line(
                [
                    (x + 0.065 * math.cos(a), y + 0.065 * math.sin(a)),
                    (x + 0.095 * math.cos(a), y + 0.095 * math.sin(a)),
                ],
                (250, 214, 110),
                0.006,
            )
    else:
        sheet.arc(x, y, 0.08, 0.045, 0, 360, (160, 206, 240), 0.007)
        sheet.line(
            [(x + 0.08, y), (x + 0.125, y - 0.035), (x + 0.125, y + 0.035), (x + 0.08, y)], (160, 206, 240), 0.007
        )
        sheet.ellipse(x - 0.04, y - 0.01, 0.008, 0.008, chalk)
    sheet.rect(board_x - wide, 0.446, board_x + wide, 0.46, lighter(frame, 0.2))
    if rng.random() < 0.7:
        bunting(sheet, 0.03, rng)
    clock = board_x + side * (wide + 0.055)
    sheet.ellipse(clock, 0.14, 0.042, 0.042, rng.choice(CLOTHS))
    sheet.ellipse(clock, 0.14, 0.034, 0.034, TRIM)
    sheet.line([(clock, 0.14), (clock, 0.116)], (50, 46, 52), 0.005)
    sheet.line([(clock, 0.14), (clock + 0.017, 0.147)], (50, 46, 52), 0.005)
    for i in range(rng.randint(3, 5)):
        px = board_x - wide + 0.04 + 0.1 * i
        tone = lighter(rng.choice(CLOTHS), 0.5)
        sheet.rect(px, 0.49, px + 0.065, 0.57, tone, edge=0.003)
        sheet.ellipse(px + 0.032, 0.53, 0.016, 0.016, rng.choice(CLOTHS))
    other = 0.5 + side * 0.4
    shelf_case(sheet, other - 0.095, 0.52, other + 0.095, 0.725, lighter(rng.choice(WOODS), 0.15), 2, rng, toys=True)
    sheet.line([(other, 0.52), (other, 0.505)], (120, 90, 60), 0.012)
    sheet.ellipse(other, 0.466, 0.042, 0.042, (90, 160, 210), edge=0.004)
    sheet.ellipse(other - 0.012, 0.458, 0.018, 0.014, (110, 180, 110))
    sheet.ellipse(other + 0.018, 0.48, 0.011, 0.014, (110, 180, 110))
    if rng.random() < 0.55:
        rug(sheet, rng)
    top = lighter(rng.choice(WOODS), 0.25)
    seat = rng.choice(CLOTHS)
    for dx in (-0.36, -0.08):
        px = 0.5 - side * abs(dx) if dx == -0.36 else 0.5 - side * 0.14
        sheet.shadow(px, 0.755, 0.09, 0.016, 0.28)
        for leg in (-0.07, 0.07):
            sheet.rect(px + leg - 0.005, 0.65, px + leg + 0.005, 0.752, (110, 104, 112))
        sheet.rect(px - 0.035, 0.59, px + 0.035, 0.65, seat, radius=0.012, edge=0.004)
        sheet.rect(px - 0.09, 0.635, px + 0.09, 0.655, top, radius=0.005, edge=0.004)
        sheet.rect(px - 0.04, 0.624, px + 0.0, 0.636, rng.choice(CLOTHS), radius=0.003)
        sheet.line([(px + 0.03, 0.632), (px + 0.06, 0.628)], (240, 180, 60), 0.006)
    hanging_lamp(sheet, 0.5 - side * 0.02, 0.03, rng)


def draw_library(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng)
    side = rng.choice((-1, 1))
    wood = rng.choice(WOODS)
    rows = rng.randint(4, 5)
    gap_x = 0.5 + side * rng.uniform(0.03, 0.2)
    gap = rng.uniform(0.11, 0.14)
    top = rng.uniform(0.03, 0.1)
    window(sheet, gap_x, 0.27, gap * 1.5, 0.28, rng, curtains=False)
    shelf_case(sheet, -0.03, top, gap_x - gap, 0.715, wood, rows, rng)
    shelf_case(sheet, gap_x + gap, top, 1.03, 0.715, wood, rows, rng)
    for px in (gap_x - gap, gap_x + gap):
        sheet.rect(px - 0.012, top - 0.02, px + 0.012, 0.72, lighter(wood, 0.14), edge=0.003)
    mid = gap_x - gap if gap_x > 0.5 else gap_x + gap
    extra = mid / 2 if gap_x > 0.5 else (1 + mid) / 2
    sheet.rect(extra - 0.008, top, extra + 0.008, 0.715, wood, edge=0.003)
    if rng.random() < 0.6:
        lx = 0.5 - side * 0.32
        tone = lighter(rng.choice(WOODS), 0.25)
        for d in (0.0, 0.075):
            sheet.line([(lx + d + 0.02, 0.08), (lx + d - side * 0.035, 0.745)], tone, 0.012)
        for i in range(9):
            t = i / 9
            bx = lx + 0.02 - (side * 0.035 + 0.02) * t
            sheet.line([(bx, 0.12 + 0.066 * i), (bx + 0.075, 0.12 + 0.066 * i)], darker(tone, 0.1), 0.009)
    tone = rng.choice(CLOTHS)
    sheet.shadow(gap_x, 0.74, gap * 1.1, 0.018, 0.32)
    seat = rng.choice(("bench", "chair", "desk"))
    if seat == "bench":
        sheet.box(gap_x - gap + 0.01, 0.6, gap_x + gap - 0.01, 0.735, lighter(wood, 0.1))
        sheet.rect(gap_x - gap + 0.012, 0.575, gap_x + gap - 0.012, 0.61, tone, radius=0.015, edge=0.004)
    elif seat == "chair":
        sheet.rect(gap_x - 0.085, 0.48, gap_x + 0.085, 0.7, tone, radius=0.05, edge=0.005)
        sheet.rect(gap_x - 0.1, 0.6, gap_x - 0.06, 0.735, lighter(tone, 0.1), radius=0.02, edge=0.004)
        sheet.rect(gap_x + 0.06, 0.6, gap_x + 0.1, 0.735, lighter(tone, 0.1), radius=0.02, edge=0.004)
        sheet.rect(gap_x - 0.06, 0.65, gap_x + 0.06, 0.735, darker(tone, 0.08), radius=0.015, edge=0.004)
    else:
        for leg in (-0.09, 0.09):
            sheet.rect(gap_x + leg - 0.008, 0.6, gap_x + leg + 0.008, 0.738, darker(wood, 0.1))
        sheet.rect(gap_x - 0.115, 0.585, gap_x + 0.115, 0.61, lighter(wood, 0.2), edge=0.004)
        sheet.poly(
            [
                (gap_x - 0.06, 0.585),
                (gap_x - 0.055, 0.568),
                (gap_x, 0.576),
                (gap_x + 0.055, 0.568),
                (gap_x + 0.06, 0.585),
            ],
            TRIM,
            edge=0.003,
        )
        table_lamp(sheet, gap_x + 0.085, 0.588, rng)
    rug(sheet, rng)
    floor_lamp(sheet, 0.5 - side * rng.uniform(0.12, 0.2), 0.745, rng.uniform(0.32, 0.38), rng)
    stack = 0.5 + side * rng.uniform(0.36, 0.44)
    for i in range(rng.randint(3, 5)):
        w = rng.uniform(0.045, 0.06)
        sheet.rect(
            stack - w, 0.745 - 0.02 * i, stack + w, 0.763 - 0.02 * i, rng.choice(CLOTHS), radius=0.004, edge=0.003
        )
    if rng.random() < 0.5:
        pot_plant(sheet, 0.5 - side * 0.44, 0.76, 0.2, rng)


def draw_bathroom(sheet: Sheet, rng: Random) -> None:
    room(sheet, rng, tiles=True)
    side = rng.choice((-1, 1))
    x, y, w, h = _window_place(rng, side)
    window(sheet, x, y - 0.02, w * 0.8, h * 0.75, rng, curtains=rng.random() < 0.5)
    tub_x = 0.5 + side * 0.25
    tone = rng.choice(((250, 250, 250), lighter(rng.choice(CLOTHS), 0.45)))
    wide = rng.uniform(0.2, 0.23)
    if rng.random() < 0.5:
        cloth = lighter(rng.choice(CLOTHS), 0.3)
        edge = tub_x + side * wide
        sheet.line([(tub_x - wide, 0.13), (tub_x + wide, 0.13)], (160, 164, 170), 0.008)
        for i in range(4):
            sheet.rect(
                edge - side * 0.035 * i - 0.019,
                0.135,
                edge - side * 0.035 * i + 0.019,
                0.64,
                cloth if i % 2 else darker(cloth, 0.1),
                radius=0.008,
            )
    sheet.shadow(tub_x, 0.765, wide, 0.022, 0.34)
    for d in (-0.7, 0.7):
        sheet.ellipse(tub_x + d * wide, 0.755, 0.02, 0.018, (206, 170, 90), edge=0.003)
    sheet.shaded(
        [
            (tub_x - wide, 0.57),
            (tub_x + wide, 0.57),
            (tub_x + wide * 0.9, 0.7),
            (tub_x + wide * 0.72, 0.75),
            (tub_x - wide * 0.72, 0.75),
            (tub_x - wide * 0.9, 0.7),
        ],
        lighter(tone, 0.5),
        darker(tone, 0.16),
    )
    sheet.ellipse(tub_x, 0.575, wide, 0.026, darker(tone, 0.1), edge=0.004)
    water = (150, 210, 230)
    sheet.ellipse(tub_x, 0.577, wide * 0.92, 0.019, water)
    for _ in range(16):
        bx = tub_x + rng.uniform(-0.85, 0.85) * wide
        r = rng.uniform(0.012, 0.026)
        by = 0.565 - rng.uniform(0, 0.03)
        sheet.ellipse(bx, by, r, r * 0.9, (236, 246, 252))
        sheet.ellipse(bx - r * 0.25, by - r * 0.25, r * 0.35, r * 0.3, (255, 255, 255))
    duck = tub_x - side * wide * rng.uniform(0.1, 0.5)
    sheet.ellipse(duck, 0.548, 0.026, 0.019, (252, 206, 70))
    sheet.ellipse(duck - side * 0.016, 0.524, 0.015, 0.015, (252, 206, 70))
    sheet.poly(
        [(duck - side * 0.028, 0.522), (duck - side * 0.044, 0.527), (duck - side * 0.027, 0.532)], (240, 130, 50)
    )
    sheet.ellipse(duck - side * 0.019, 0.52, 0.003, 0.003, (40, 36, 40))
    tap = tub_x + side * wide * 0.72
    sheet.line([(tap, 0.57), (tap, 0.5), (tap - side * 0.035, 0.5), (tap - side * 0.035, 0.52)], (180, 184, 190), 0.012)
    sink = 0.5 - side * rng.uniform(0.24, 0.32)
    round_mirror = rng.random() < 0.5
    frame = rng.choice((*CLOTHS, *WOODS))
    glass = mix((200, 226, 236), sheet.light.sky[1], 0.2)
    if round_mirror:
        sheet.ellipse(sink, 0.33, 0.082, 0.092, frame, edge=0.004)
        sheet.ellipse(sink, 0.33, 0.068, 0.078, glass)
    else:
        sheet.rect(sink - 0.078, 0.23, sink + 0.078, 0.42, frame, radius=0.01, edge=0.004)
        sheet.rect(sink - 0.064, 0.244, sink + 0.064, 0.406, glass)
    sheet.poly(
        [(sink - 0.03, 0.38), (sink + 0.03, 0.275), (sink + 0.05, 0.285), (sink - 0.01, 0.39)], lighter(glass, 0.5)
    )
    on = sheet.light.glow > 0
    sheet.ellipse(sink, 0.19, 0.024, 0.024, (255, 240, 196) if on else (246, 244, 234), raw=on, edge=0.003)
    if on:
        sheet.glow(sink, 0.2, 0.45, LAMP, 0.5 * sheet.light.glow)
    sheet.shadow(sink, 0.735, 0.07, 0.014, 0.3)
    cupboard = lighter(rng.choice((*CLOTHS, *WOODS)), 0.3)
    if rng.random() < 0.5:
        sheet.box(sink - 0.1, 0.55, sink + 0.1, 0.73, cupboard)
        sheet.line([(sink, 0.57), (sink, 0.7)], darker(cupboard, 0.3), 0.004)
    else:
        sheet.shaded(
            [(sink - 0.03, 0.55), (sink + 0.03, 0.55), (sink + 0.045, 0.73), (sink - 0.045, 0.73)],
            (250, 250, 250),
            (206, 212, 216),
        )
    sheet.shaded(
        [(sink - 0.11, 0.515), (sink + 0.11, 0.515), (sink + 0.07, 0.575), (sink - 0.07, 0.575)],
        (255, 255, 255),
        (216, 222, 226),
    )
    sheet.rect(sink - 0.12, 0.505, sink + 0.12, 0.522, (250, 250, 250), radius=0.006, edge=0.003)
    sheet.line([(sink, 0.506), (sink, 0.468), (sink + 0.025, 0.468), (sink + 0.025, 0.48)], (176, 180, 188), 0.01)
    sheet.rect(sink - 0.09, 0.47, sink - 0.062, 0.506, rng.choice(CLOTHS), radius=0.004)
    for d in (-0.082, -0.07):
        sheet.line([(sink + d, 0.475), (sink + d * 1.12, 0.44)], rng.choice(CLOTHS), 0.006)
    towel = rng.choice(CLOTHS)
    tx = 0.5 - side * 0.06
    sheet.line([(tx - 0.06, 0.45), (tx + 0.06, 0.45)], (170, 174, 180), 0.008)
    sheet.rect(tx - 0.045, 0.448, tx + 0.045, 0.585, towel, radius=0.006, edge=0.004)
    sheet.rect(tx - 0.045, 0.55, tx + 0.045, 0.565, lighter(towel, 0.5))
    rug(sheet, rng)
    if rng.random() < 0.5:
        pot_plant(sheet, 0.5 - side * 0.44, 0.745, 0.2, rng)
