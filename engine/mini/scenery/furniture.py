"""The shell of a room and the furniture that several rooms share: window, rug, pictures, lamps, shelves, plants."""

from __future__ import annotations

import itertools
import math
from random import Random

from engine.mini.scenery import plants
from engine.mini.scenery.light import Colour, colour, darker, lighter, mix, open_light
from engine.mini.scenery.sheet import Sheet
from engine.mini.scenery.sky import draw_cloud

WALLS = tuple(
    colour(c)
    for c in (
        "#F6E3B8",
        "#CFE3EC",
        "#DCEBCB",
        "#F5D6D0",
        "#E2D7EF",
        "#F8CDA8",
        "#BFE0D6",
        "#EFE6D8",
        "#B8CDE8",
        "#E9C7D8",
        "#D8C9A6",
        "#9DBFB4",
    )
)
WOODS = tuple(colour(c) for c in ("#A9744A", "#8C5C3E", "#C89A66", "#6F4A38", "#D8B68A", "#9A8776"))
CLOTHS = tuple(
    colour(c)
    for c in (
        "#D9534F",
        "#4F86C6",
        "#5FA777",
        "#E7A93C",
        "#9063B5",
        "#E5809E",
        "#3E9C9C",
        "#E07B45",
        "#3B4F86",
        "#B9C66A",
    )
)
TRIM: Colour = (252, 248, 240)
LAMP: Colour = (255, 206, 128)
FLOOR_Y = 0.665


def window(
    sheet: Sheet, x: float, y: float, width: float, height: float, rng: Random, *, curtains: bool = True
) -> None:
    """A window: sky, hills and weather through it, and the light it throws on the floor."""
    outside = open_light(sheet.light.time_of_day, sheet.light.weather)
    frame = rng.choice((TRIM, (196, 146, 100), (142, 100, 74), (214, 226, 230)))
    arched = rng.random() < 0.3
    green = rng.choice(plants.GREENS)
    tree_x, hill = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.34)
    panes = rng.choice(((2, 2), (2, 1), (3, 2), (1, 2)))
    cloth = rng.choice(CLOTHS)
    drop = rng.choice(("curtains", "curtains", "blind", "none"))
    spots = [(rng.random(), rng.random()) for _ in range(22)]
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    edge = 0.014
    if arched:
        sheet.ellipse(x, top + 0.01, width / 2 + edge, width / 2 + edge, frame)
    sheet.rect(left - edge, top - edge, right + edge, bottom + edge, frame, radius=0.006, edge=0.004)
    sheet.gradient(left, top, right, bottom, outside.sky[0], outside.sky[2], raw=True)
    if arched:
        sheet.ellipse(x, top + 0.01, width / 2, width / 2, outside.sky[0], raw=True)
        sheet.gradient(left, top + 0.004, right, bottom, outside.sky[0], outside.sky[2], raw=True)
    night, clear = sheet.light.is_night, sheet.light.weather == "clear"
    if clear and night:
        for sx, sy in spots:
            sheet.ellipse(left + sx * width, top + sy * height * 0.7, 0.0028, 0.0028, (255, 250, 225), raw=True)
        mx, my, r = left + width * 0.7, top + height * 0.26, min(width, height) * 0.13
        sheet.ellipse(mx, my, r, r, (253, 245, 214), raw=True)
        sheet.ellipse(
            mx + r * 0.5, my - r * 0.2, r * 0.85, r * 0.85, mix(outside.sky[0], outside.sky[1], 0.4), raw=True
        )
    elif clear and sheet.light.is_evening:
        sheet.ellipse(
            left + width * 0.35, bottom - height * 0.4, height * 0.16, height * 0.16, (255, 222, 140), raw=True
        )
    elif clear:
        sheet.ellipse(left + width * 0.72, top + height * 0.24, height * 0.1, height * 0.1, (255, 226, 110), raw=True)
        draw_cloud(sheet, left + width * 0.36, top + height * 0.36, width * 0.42, (255, 255, 255), Random(1))
    ground = outside.lit(outside.open_ground(green), 0.25)
    sheet.rect(left, bottom - height * hill, right, bottom, ground, raw=True)
    crown = outside.lit(outside.open_ground(darker(green, 0.16)), 0.3)
    r = min(width, height) * 0.17
    sheet.ellipse(
        min(right - r, max(left + r, left + tree_x * width)), bottom - height * hill, r, r * 1.15, crown, raw=True
    )
    if sheet.light.weather == "rain":
        for sx, sy in spots:
            px, py = left + sx * width, top + sy * height * 0.86
            sheet.line(
                [(px, py), (px - 0.006, min(bottom, py + 0.026))],
                (226, 238, 246) if not night else (140, 160, 206),
                0.0036,
                raw=True,
            )
    elif sheet.light.weather == "snow":
        for sx, sy in spots:
            sheet.ellipse(
                left + 0.006 + sx * (width - 0.012),
                top + 0.006 + sy * (height - 0.012),
                0.0052,
                0.0052,
                (255, 255, 255) if not night else (206, 216, 246),
                raw=True,
            )
        sheet.rect(
            left,
            bottom - 0.014,
            right,
            bottom,
            (250, 252, 255) if not night else (180, 190, 226),
            raw=True,
            radius=0.006,
        )
    elif sheet.light.weather == "fog":
        sheet.gradient(left, top, right, bottom, mix(outside.sky[1], outside.haze, 0.5), outside.sky[2], raw=True)
        sheet.ellipse(
            min(right - r, max(left + r, left + tree_x * width)),
            bottom - height * hill,
            r,
            r * 1.1,
            mix(crown, outside.sky[2], 0.7),
            raw=True,
        )
    for i in range(1, panes[0]):
        px = left + width * i / panes[0]
        sheet.rect(px - 0.004, top, px + 0.004, bottom, frame)
    for i in range(1, panes[1]):
        py = top + height * i / panes[1]
        sheet.rect(left, py - 0.004, right, py + 0.004, frame)
    sheet.rect(
        left - edge * 1.9,
        bottom + edge * 0.6,
        right + edge * 1.9,
        bottom + edge * 2.0,
        lighter(frame, 0.2),
        radius=0.004,
        edge=0.003,
    )
    if curtains and drop == "curtains":
        high = top - (width / 2 if arched else 0) - 0.03
        for side in (-1, 1):
            outer, inner = x + side * (width / 2 + 0.05), x + side * (width / 2 - 0.03)
            waist = x + side * (width / 2 + 0.022)
            sheet.poly(
                [
                    (outer, high),
                    (inner - side * 0.02, high),
                    (inner, high + height * 0.35),
                    (waist, bottom - height * 0.25),
                    (waist - side * 0.004, bottom + 0.03),
                    (outer, bottom + 0.03),
                ],
                cloth,
            )
            for t in (0.25, 0.6):
                fold = outer + (inner - outer) * t
                sheet.line([(fold, high), (outer + (waist - outer) * t, bottom + 0.025)], darker(cloth, 0.18), 0.006)
        sheet.line([(x - width / 2 - 0.07, high), (x + width / 2 + 0.07, high)], (120, 86, 62), 0.01)
        for side in (-1, 1):
            sheet.ellipse(x + side * (width / 2 + 0.072), high, 0.011, 0.011, (120, 86, 62))
    elif curtains and drop == "blind":
        sheet.rect(left, top, right, top + height * 0.22, cloth)
        sheet.line([(left, top + height * 0.22), (right, top + height * 0.22)], darker(cloth, 0.25), 0.006)
    beam = {"day": ((255, 246, 205), 0.13), "evening": ((255, 176, 96), 0.22), "night": ((120, 150, 240), 0.16)}
    tone, strength = beam[sheet.light.time_of_day]
    if not clear:
        tone, strength = mix(tone, outside.sky[2], 0.7), strength * 0.45
    lean = 0.16 if x < 0.5 else -0.16
    sheet.beam(
        [
            (left + lean, FLOOR_Y + 0.06),
            (right + lean, FLOOR_Y + 0.06),
            (right + lean * 1.9, 0.93),
            (left + lean * 1.9, 0.93),
        ],
        tone,
        strength,
    )
    sheet.glow(x, y, max(width, height) * 1.1, tone, strength * 1.1)


def room(sheet: Sheet, rng: Random, *, tiles: bool = False) -> Colour:
    """Wall with paper or panels, skirting, floor of boards or tiles, and the soft dark of the corners."""
    wall = rng.choice(WALLS)
    sheet.gradient(0, 0, 1, FLOOR_Y, lighter(wall, 0.1), darker(wall, 0.05))
    paper = "tiles" if tiles else rng.choice(("plain", "stripes", "dots", "panels", "stars", "stripes", "diamonds"))
    faint = rng.choice((darker(wall, 0.07), lighter(wall, 0.4)))
    if paper == "stripes":
        wide = rng.choice((0.035, 0.06))
        for i in range(int(1 / wide / 2) + 1):
            sheet.rect(i * wide * 2, 0, i * wide * 2 + wide, FLOOR_Y, faint)
    elif paper in ("dots", "stars", "diamonds"):
        for row in range(8):
            for i in range(9):
                px, py = (i + 0.5 * (row % 2)) / 8.5, 0.04 + row * 0.082
                if paper == "dots":
                    sheet.ellipse(px, py, 0.01, 0.01, faint)
                elif paper == "stars":
                    sheet.poly(
                        [
                            (
                                px + 0.014 * (1 if k % 2 else 0.42) * math.cos(k * math.pi / 5),
                                py + 0.014 * (1 if k % 2 else 0.42) * math.sin(k * math.pi / 5),
                            )
                            for k in range(10)
                        ],
                        faint,
                    )
                else:
                    sheet.poly([(px - 0.014, py), (px, py - 0.02), (px + 0.014, py), (px, py + 0.02)], faint)
    elif paper == "panels":
        low = rng.choice((lighter(wall, 0.55), darker(wall, 0.2)))
        sheet.rect(0, 0.47, 1, FLOOR_Y, low)
        sheet.rect(0, 0.462, 1, 0.476, lighter(low, 0.2))
        for i in range(9):
            sheet.rect(0.01 + i * 0.115, 0.5, 0.1 + i * 0.115, FLOOR_Y - 0.03, darker(low, 0.05), radius=0.006)
    elif paper == "tiles":
        tile = rng.choice((lighter(wall, 0.7), (246, 248, 248), mix(wall, (120, 180, 200), 0.4)))
        top = rng.choice((0.24, 0.32, 0.0))
        sheet.gradient(0, top, 1, FLOOR_Y, lighter(tile, 0.2), darker(tile, 0.04))
        grout = darker(tile, 0.12)
        step = rng.choice((0.055, 0.07))
        for i in range(int((FLOOR_Y - top) / step) + 1):
            sheet.line([(0, FLOOR_Y - i * step), (1, FLOOR_Y - i * step)], grout, 0.003)
        for i in range(int(1 / step) + 1):
            sheet.line([(i * step, top), (i * step, FLOOR_Y)], grout, 0.003)
        border = rng.choice(CLOTHS)
        sheet.rect(0, top, 1, top + 0.022, border)
    chequered = tiles and rng.random() < 0.7
    if chequered:
        light, dark = (240, 236, 226), rng.choice(((120, 150, 170), (196, 140, 120), (110, 120, 130), (150, 180, 150)))
        rows = (FLOOR_Y, 0.70, 0.745, 0.805, 0.885, 1.0)
        for row, (y0, y1) in enumerate(itertools.pairwise(rows)):
            s0, s1 = 0.12 + (y0 - FLOOR_Y) * 0.35, 0.12 + (y1 - FLOOR_Y) * 0.35
            for i in range(-6, 6):
                sheet.poly(
                    [(0.5 + i * s0, y0), (0.5 + (i + 1) * s0, y0), (0.5 + (i + 1) * s1, y1), (0.5 + i * s1, y1)],
                    mix(dark, light, 0.35) if (i + row) % 2 else light,
                )
    else:
        board = rng.choice(WOODS)
        board = lighter(board, 0.22)
        sheet.gradient(0, FLOOR_Y, 1, 1, board, darker(board, 0.1))
        for i in range(-7, 8):
            sheet.line([(0.5 + i * 0.085, FLOOR_Y), (0.5 + i * 0.15, 1.0)], darker(board, 0.14), 0.003)
        for _ in range(9):
            y = rng.uniform(FLOOR_Y + 0.02, 0.98)
            k = rng.randint(-6, 5)
            spread = 0.085 + (y - FLOOR_Y) / (1 - FLOOR_Y) * 0.065
            sheet.line([(0.5 + k * spread, y), (0.5 + (k + 1) * spread, y)], darker(board, 0.16), 0.003)
    skirting = rng.choice((TRIM, darker(wall, 0.25), lighter(wall, 0.6)))
    sheet.rect(0, FLOOR_Y - 0.022, 1, FLOOR_Y + 0.004, skirting)
    sheet.line([(0, FLOOR_Y + 0.005), (1, FLOOR_Y + 0.005)], (90, 70, 66), 0.003)
    sheet.vignette(0.2)
    return wall


def rug(sheet: Sheet, rng: Random) -> None:
    """A round, long or fringed rug in the middle of the floor."""
    tone, second = rng.sample(CLOTHS, 2)
    tone, second = lighter(tone, 0.3), lighter(second, 0.3)
    x, y = rng.uniform(0.42, 0.58), 0.85
    rx, ry = rng.uniform(0.26, 0.36), rng.uniform(0.075, 0.1)
    kind = rng.choice(("round", "rings", "long", "flower"))
    sheet.shadow(x, y + 0.006, rx + 0.01, ry + 0.01, 0.12)
    if kind == "long":
        shape = [(x - rx * 0.86, y - ry), (x + rx * 0.86, y - ry), (x + rx, y + ry), (x - rx, y + ry)]
        sheet.poly(shape, tone)
        for t in (-0.6, 0.0, 0.6):
            sheet.poly(
                [
                    (x - rx * (0.93 + t * 0.07), y + ry * (t - 0.12)),
                    (x + rx * (0.93 + t * 0.07), y + ry * (t - 0.12)),
                    (x + rx * (0.94 + t * 0.07), y + ry * (t + 0.12)),
                    (x - rx * (0.94 + t * 0.07), y + ry * (t + 0.12)),
                ],
                second,
            )
        for i in range(18):
            for side in (-1, 1):
                fy = y - ry + 2 * ry * i / 17
                fx = x + side * (rx * 0.86 + rx * 0.14 * i / 17)
                sheet.line([(fx, fy), (fx + side * 0.016, fy)], lighter(tone, 0.4), 0.003)
        return
    sheet.ellipse(x, y, rx, ry, darker(tone, 0.12))
    sheet.ellipse(x, y - 0.003, rx * 0.97, ry * 0.95, tone)
    if kind == "rings":
        sheet.ellipse(x, y, rx * 0.74, ry * 0.74, second)
        sheet.ellipse(x, y, rx * 0.5, ry * 0.5, lighter(tone, 0.3))
    elif kind == "flower":
        for i in range(8):
            a = i * math.tau / 8
            sheet.ellipse(x + rx * 0.5 * math.cos(a), y + ry * 0.5 * math.sin(a), rx * 0.24, ry * 0.24, second)
        sheet.ellipse(x, y, rx * 0.26, ry * 0.26, lighter(tone, 0.4))
    else:
        sheet.ellipse(x, y, rx * 0.82, ry * 0.82, lighter(tone, 0.18))


def picture(sheet: Sheet, x: float, y: float, rng: Random) -> None:
    """A framed picture: hills, a boat, a heart, a cat or a sun."""
    wide, high = rng.choice(((0.075, 0.06), (0.06, 0.075), (0.065, 0.065)))
    frame = rng.choice((*WOODS, TRIM, (214, 170, 80)))
    sheet.rect(x - wide, y - high, x + wide, y + high, frame, edge=0.004)
    back = rng.choice(((190, 222, 240), (250, 236, 206), (214, 232, 200), (246, 214, 206)))
    w, h = wide - 0.014, high - 0.014
    sheet.rect(x - w, y - h, x + w, y + h, back)
    what, tone = rng.choice(("hills", "boat", "heart", "cat", "sun", "flower")), rng.choice(CLOTHS)
    if what == "hills":
        sheet.poly(
            [
                (x - w, y + h),
                (x - w, y + h * 0.3),
                (x - w * 0.4, y - h * 0.2),
                (x + w * 0.2, y + h * 0.4),
                (x + w, y),
                (x + w, y + h),
            ],
            (110, 170, 100),
        )
        sheet.ellipse(x + w * 0.5, y - h * 0.5, 0.012, 0.012, (255, 214, 90))
    elif what == "boat":
        sheet.rect(x - w, y + h * 0.35, x + w, y + h, (90, 150, 196))
        sheet.poly(
            [
                (x - w * 0.5, y + h * 0.2),
                (x + w * 0.5, y + h * 0.2),
                (x + w * 0.3, y + h * 0.5),
                (x - w * 0.3, y + h * 0.5),
            ],
            tone,
        )
        sheet.poly([(x, y - h * 0.7), (x + w * 0.45, y + h * 0.12), (x, y + h * 0.12)], TRIM)
    elif what == "heart":
        sheet.ellipse(x - w * 0.26, y - h * 0.15, w * 0.32, h * 0.32, tone)
        sheet.ellipse(x + w * 0.26, y - h * 0.15, w * 0.32, h * 0.32, tone)
        sheet.poly([(x - w * 0.54, y), (x + w * 0.54, y), (x, y + h * 0.65)], tone)
    elif what == "cat":
        sheet.ellipse(x, y + h * 0.2, w * 0.5, h * 0.5, tone)
        for s in (-1, 1):
            sheet.poly([(x + s * w * 0.46, y), (x + s * w * 0.42, y - h * 0.6), (x + s * w * 0.05, y - h * 0.25)], tone)
            sheet.ellipse(x + s * w * 0.18, y + h * 0.14, 0.004, 0.005, (40, 36, 44))
    elif what == "sun":
        sheet.ellipse(x, y, w * 0.42, w * 0.42, (250, 200, 80))
        for i in range(8):
            a = i * math.tau / 8
            sheet.line(
                [
                    (x + w * 0.52 * math.cos(a), y + w * 0.52 * math.sin(a)),
                    (x + w * 0.74 * math.cos(a), y + w * 0.74 * math.sin(a)),
                ],
                (250, 200, 80),
                0.006,
            )
    else:
        plants.draw_flower(sheet, x, y + h * 0.8, h * 1.1, tone, Random(3))


def pot_plant(sheet: Sheet, x: float, y: float, height: float, rng: Random) -> None:
    """A plant in a pot, of leaf, cactus or fern."""
    pot, leaf = rng.choice((*CLOTHS, (200, 116, 84))), rng.choice(plants.GREENS)
    kind = rng.choice(("leaves", "cactus", "fern"))
    sheet.shadow(x + 0.01, y, height * 0.25, 0.012, 0.3)
    base = y - height * 0.3
    if kind == "cactus":
        sheet.rect(
            x - height * 0.09, y - height * 0.85, x + height * 0.09, base + 0.01, leaf, radius=height * 0.09, edge=0.003
        )
        sheet.rect(x + height * 0.05, y - height * 0.6, x + height * 0.24, y - height * 0.5, leaf, radius=height * 0.05)
        sheet.rect(
            x + height * 0.16, y - height * 0.74, x + height * 0.26, y - height * 0.5, leaf, radius=height * 0.05
        )
        sheet.ellipse(x, y - height * 0.86, height * 0.06, height * 0.05, (242, 130, 160))
    else:
        for i in range(9):
            a = math.pi * (i + 0.5) / 9
            far = height * rng.uniform(0.55, 0.72)
            ex, ey = x + far * 0.62 * math.cos(a), base - far * math.sin(a)
            mx, my = (x + ex) / 2, (base + ey) / 2
            wide = height * (0.085 if kind == "leaves" else 0.04)
            tone = lighter(leaf, 0.14) if i % 2 else darker(leaf, 0.1)
            sheet.poly([(x, base), (mx - wide, my), (ex, ey), (mx + wide, my)], tone)
    sheet.poly(
        [(x - height * 0.17, base), (x + height * 0.17, base), (x + height * 0.12, y), (x - height * 0.12, y)],
        pot,
        edge=0.004,
    )
    sheet.rect(
        x - height * 0.2,
        base - height * 0.05,
        x + height * 0.2,
        base + height * 0.02,
        lighter(pot, 0.15),
        radius=0.004,
        edge=0.003,
    )


def floor_lamp(sheet: Sheet, x: float, y: float, height: float, rng: Random) -> None:
    """A standing lamp, lit when the light is low."""
    shade = lighter(rng.choice(CLOTHS), 0.35)
    on = sheet.light.glow > 0
    sheet.shadow(x, y, 0.05, 0.01, 0.3)
    sheet.rect(x - 0.005, y - height, x + 0.005, y, (92, 76, 70))
    sheet.ellipse(x, y, 0.04, 0.01, (92, 76, 70))
    top = y - height
    tone = mix(shade, (255, 226, 160), 0.6) if on else shade
    sheet.poly(
        [(x - 0.04, top - 0.04), (x + 0.04, top - 0.04), (x + 0.07, top + 0.055), (x - 0.07, top + 0.055)],
        tone,
        raw=on,
        edge=0.004,
    )
    if on:
        sheet.glow(x, top + 0.02, 0.4, LAMP, 0.5 * sheet.light.glow)
        sheet.glow(x, top + 0.01, 0.15, LAMP, 0.5 * sheet.light.glow)


def table_lamp(sheet: Sheet, x: float, y: float, rng: Random) -> None:
    shade, foot = lighter(rng.choice(CLOTHS), 0.4), rng.choice(CLOTHS)
    on = sheet.light.glow > 0
    sheet.ellipse(x, y - 0.022, 0.02, 0.024, foot, edge=0.003)
    sheet.poly(
        [(x - 0.02, y - 0.095), (x + 0.02, y - 0.095), (x + 0.038, y - 0.042), (x - 0.038, y - 0.042)],
        mix(shade, (255, 228, 165), 0.65) if on else shade,
        raw=on,
        edge=0.003,
    )
    if on:
        sheet.glow(x, y - 0.065, 0.36, LAMP, 0.5 * sheet.light.glow)
        sheet.glow(x, y - 0.065, 0.12, LAMP, 0.5 * sheet.light.glow)


def hanging_lamp(sheet: Sheet, x: float, drop: float, rng: Random) -> None:
    tone = rng.choice(CLOTHS)
    on = sheet.light.glow > 0
    sheet.line([(x, 0), (x, drop)], (70, 62, 66), 0.005)
    sheet.ellipse(x, drop + 0.05, 0.022, 0.02, (255, 240, 190) if on else (246, 242, 226), raw=on)
    sheet.poly(
        [(x + 0.07 * math.cos(a), drop + 0.05 - 0.055 * math.sin(a)) for a in (i * math.pi / 10 for i in range(11))],
        tone,
        edge=0.004,
    )
    if on:
        sheet.glow(x, drop + 0.07, 0.48, LAMP, 0.45 * sheet.light.glow)
        sheet.beam(
            [(x - 0.06, drop + 0.06), (x + 0.06, drop + 0.06), (x + 0.36, 0.95), (x - 0.36, 0.95)],
            LAMP,
            0.13 * sheet.light.glow,
        )


def books(sheet: Sheet, left: float, right: float, y: float, height: float, rng: Random) -> None:
    """A row of books standing on y, with a gap or a leaning one here and there."""
    x = left
    while x < right - 0.012:
        wide = rng.uniform(0.011, 0.023)
        high = height * rng.uniform(0.62, 0.95)
        tone, dice = rng.choice(CLOTHS), rng.random()
        tone = mix(tone, (120, 90, 70), rng.choice((0.0, 0.15, 0.35)))
        if dice < 0.09:
            x += wide
            continue
        end = min(right, x + wide)
        sheet.rect(x, y - high, end - 0.002, y, tone)
        if dice > 0.5:
            sheet.rect(x, y - high * 0.8, end - 0.002, y - high * 0.68, lighter(tone, 0.5))
        x = end


def shelf_case(
    sheet: Sheet,
    left: float,
    top: float,
    right: float,
    bottom: float,
    wood: Colour,
    rows: int,
    rng: Random,
    *,
    toys: bool = False,
) -> None:
    """A case of shelves, with books or toys."""
    sheet.shadow((left + right) / 2 + 0.01, bottom, (right - left) * 0.55, 0.016, 0.3)
    sheet.rect(left, top, right, bottom, wood, radius=0.006, edge=0.005)
    sheet.rect(left + 0.014, top + 0.014, right - 0.014, bottom - 0.016, darker(wood, 0.36))
    step = (bottom - top - 0.03) / rows
    for i in range(rows):
        y = top + 0.014 + step * (i + 1)
        if toys and rng.random() < 0.6:
            for k in range(3):
                x = left + 0.035 + (right - left - 0.07) * (k + 0.2) / 2.4
                tone, kind = rng.choice(CLOTHS), rng.choice(("ball", "block", "bear", "car"))
                s = min(step * 0.32, 0.028)
                if kind == "ball":
                    sheet.ellipse(x, y - s, s, s, tone)
                    sheet.ellipse(x - s * 0.3, y - s * 1.3, s * 0.35, s * 0.3, lighter(tone, 0.5))
                elif kind == "block":
                    sheet.rect(x - s, y - s * 1.8, x + s, y, tone)
                    sheet.rect(x - s * 0.5, y - s * 1.3, x + s * 0.5, y - s * 0.5, lighter(tone, 0.5))
                elif kind == "bear":
                    sheet.ellipse(x, y - s * 0.8, s * 0.8, s * 0.8, (186, 130, 82))
                    sheet.ellipse(x, y - s * 1.8, s * 0.65, s * 0.6, (200, 146, 96))
                    for d in (-0.5, 0.5):
                        sheet.ellipse(x + d * s, y - s * 2.3, s * 0.28, s * 0.28, (186, 130, 82))
                else:
                    sheet.rect(x - s * 1.2, y - s * 0.9, x + s * 1.2, y - s * 0.25, tone, radius=0.004)
                    sheet.rect(x - s * 0.6, y - s * 1.5, x + s * 0.6, y - s * 0.8, lighter(tone, 0.4), radius=0.004)
                    for d in (-0.7, 0.7):
                        sheet.ellipse(x + d * s, y - s * 0.25, s * 0.3, s * 0.3, (50, 48, 56))
        else:
            books(sheet, left + 0.018, right - 0.018, y, step * 0.9, rng)
        sheet.rect(left + 0.008, y, right - 0.008, y + 0.011, lighter(wood, 0.12))


def bunting(sheet: Sheet, y: float, rng: Random) -> None:
    """Little flags, or fairy lights that shine when the light is low."""
    tones = rng.sample(CLOTHS, 4)
    lights = rng.random() < 0.5
    sag = rng.uniform(0.04, 0.07)
    curve = [(i / 16, y + sag * 4 * (i / 16) * (1 - i / 16)) for i in range(17)]
    sheet.line(curve, (110, 96, 96), 0.004)
    for i, (px, py) in enumerate(curve[1:-1]):
        tone = tones[i % 4]
        if lights:
            on = sheet.light.glow > 0
            sheet.ellipse(px, py + 0.013, 0.009, 0.012, lighter(tone, 0.35 if on else 0.1), raw=on)
            if on:
                sheet.glow(px, py + 0.012, 0.06, tone, 0.5)
        elif i % 2 == 0:
            sheet.poly([(px - 0.025, py - 0.002), (px + 0.025, py - 0.002), (px, py + 0.045)], tone)
