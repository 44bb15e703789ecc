"""Sky, clouds, sun, moon and stars; and the weather that falls in front of everything."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw

from engine.mini.scenery.light import Colour, colour, mix
from engine.mini.scenery.sheet import Sheet


def draw_cloud(sheet: Sheet, x: float, y: float, width: float, body: Colour, rng: Random, *, raw: bool = True) -> None:
    """A heap of round puffs on a flat foot, its underside in shade."""
    puffs = [
        (
            x + width * (i / 4 - 0.5) * 0.72,
            width * (0.09 + 0.13 * math.sin(math.pi * (i + 0.5) / 5) + rng.uniform(-0.025, 0.03)),
        )
        for i in range(5)
    ]
    under, bright = mix(body, (120, 130, 165), 0.2), mix(body, (255, 255, 255), 0.35)
    for tone, lift, share in ((under, 0.0, 1.0), (body, 0.05 * width, 0.97), (bright, 0.085 * width, 0.6)):
        for px, radius in puffs:
            sheet.ellipse(
                px - (1 - share) * radius * 0.4,
                y - radius * 0.62 - lift,
                radius * share,
                radius * 0.84 * share,
                tone,
                raw=raw,
            )


def draw_sky(sheet: Sheet, seed: object, *, horizon: float = 0.7, clouds: bool = True) -> float:
    """The whole sky down to `horizon`. Returns the x of the sun or moon, for shadows and reflections."""
    light = sheet.light
    rng = Random(f"sky:{seed}")
    top, middle, low = light.sky
    sheet.gradient(0, 0, 1, horizon * 0.62, top, middle, raw=True)
    sheet.gradient(0, horizon * 0.62, 1, min(1.0, horizon + 0.02), middle, low, raw=True)
    x = rng.choice((rng.uniform(0.1, 0.32), rng.uniform(0.68, 0.9)))
    y = rng.uniform(0.1, 0.2)
    spots = [(rng.random(), rng.uniform(0, 0.52) * horizon / 0.62, rng.random()) for _ in range(46)]
    lots = rng.sample((0.1, 0.36, 0.62, 0.88), rng.randint(2, 3))
    puffs = [
        (lot + rng.uniform(-0.09, 0.09), rng.uniform(0.1, 0.3) * horizon / 0.7, rng.uniform(0.17, 0.34)) for lot in lots
    ]
    style = rng.random()
    if light.is_night and light.weather in ("clear", "snow"):
        for px, py, size in spots[: 46 if light.weather == "clear" else 16]:
            radius = 0.0022 + 0.0028 * size**3
            tone = mix((190, 200, 240), (255, 250, 220), size)
            sheet.ellipse(px, py, radius, radius, tone, raw=True)
            if size > 0.93:
                sheet.line([(px - 0.012, py), (px + 0.012, py)], tone, 0.002, raw=True)
                sheet.line([(px, py - 0.012), (px, py + 0.012)], tone, 0.002, raw=True)
    if light.weather == "clear":
        if light.is_night:
            radius = 0.062
            sheet.ellipse(x, y, radius, radius, (252, 243, 208), raw=True)
            if style < 0.6:
                sheet.ellipse(
                    x + radius * 0.5, y - radius * 0.18, radius * 0.88, radius * 0.88, mix(top, middle, 0.35), raw=True
                )
            else:
                for dx, dy, r in ((-0.3, -0.2, 0.22), (0.25, 0.3, 0.28), (0.35, -0.35, 0.14)):
                    sheet.ellipse(x + dx * radius, y + dy * radius, r * radius, r * radius, (232, 219, 180), raw=True)
            sheet.glow(x, y, 0.24, (150, 160, 220), 0.5)
        elif light.is_evening:
            sun_y = horizon - 0.11 - 0.5 * y
            sheet.ellipse(x, sun_y, 0.085, 0.085, (255, 208, 118), raw=True)
            sheet.ellipse(x, sun_y, 0.068, 0.068, (255, 228, 158), raw=True)
            sheet.glow(x, sun_y, 0.42, (255, 170, 90), 0.55)
        else:
            if style < 0.35:
                for i in range(12):
                    angle = i * math.tau / 12
                    sheet.line(
                        [
                            (x + 0.085 * math.cos(angle), y + 0.085 * math.sin(angle)),
                            (x + 0.115 * math.cos(angle), y + 0.115 * math.sin(angle)),
                        ],
                        (255, 222, 110),
                        0.012,
                        raw=True,
                    )
            sheet.ellipse(x, y, 0.072, 0.072, (255, 214, 84), raw=True)
            sheet.ellipse(x - 0.006, y - 0.006, 0.06, 0.06, (255, 228, 122), raw=True)
            sheet.glow(x, y, 0.3, (255, 240, 190), 0.55)
    if clouds:
        body = {"day": (255, 255, 255), "evening": (255, 205, 186), "night": (72, 86, 140)}[light.time_of_day]
        if light.weather != "clear":
            body = mix(body, middle, 0.55)
        for px, py, width in puffs:
            draw_cloud(sheet, px, py, width, body, rng)
        if light.weather in ("rain", "snow"):
            heavy = mix(body, top, 0.45 if light.weather == "rain" else 0.25)
            for i in range(6):
                draw_cloud(
                    sheet,
                    i / 5 + rng.uniform(-0.05, 0.05),
                    rng.uniform(0.01, 0.09),
                    rng.uniform(0.36, 0.5),
                    mix(heavy, body, rng.random() * 0.5),
                    rng,
                )
    return x


def draw_stars(sheet: Sheet, rng: Random, count: int, bottom: float) -> None:
    """Stars of three tints over the whole width down to `bottom`."""
    for _ in range(count):
        size = rng.random()
        tone = rng.choice(((255, 255, 255), (200, 214, 255), (255, 232, 196)))
        radius = 0.002 + 0.0036 * size**4
        sheet.ellipse(
            rng.random(),
            rng.uniform(0, bottom),
            radius,
            radius,
            mix((110, 110, 160), tone, 0.35 + size * 0.65),
            raw=True,
        )


@lru_cache(maxsize=24)
def _falling(weather: str, time_of_day: str, size_px: int, variant: int) -> tuple[Image.Image, Image.Image]:
    """What falls in front: its colour layer and its mask at full size. Cached: it depends on few things."""
    rng = Random(f"fall:{weather}:{variant}")
    side = size_px * 2
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    if weather == "rain":
        for _ in range(100):
            x, y, length = rng.uniform(0, 1.15) * side, rng.uniform(-0.1, 1) * side, rng.uniform(0.035, 0.075) * side
            draw.line(
                (x, y, x - length * 0.22, y + length),
                fill=rng.choice((80, 115, 150)),
                width=max(1, round(side * 0.0042)),
            )
        tone = {"day": "#DCEBF5", "evening": "#F2DCD8", "night": "#8FA5D8"}[time_of_day]
    else:
        for _ in range(130):
            x, y = rng.random() * side, rng.random() * side
            radius = side * rng.choice((0.0035, 0.0045, 0.006, 0.0085))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rng.choice((170, 215, 250)))
        tone = {"day": "#FFFFFF", "evening": "#FFF0EA", "night": "#CBD6F7"}[time_of_day]
    return Image.new("RGB", (size_px, size_px), colour(tone)), mask.reduce(2)


@lru_cache(maxsize=12)
def _mist(time_of_day: str, size_px: int) -> tuple[Image.Image, Image.Image]:
    tone = {"day": "#E3E9EA", "evening": "#E8CDBC", "night": "#566183"}[time_of_day]
    stops = [(0.0, 30), (0.42, 62), (0.6, 88), (0.75, 52), (1.0, 34)]
    values = []
    for i in range(64):
        y = i / 63
        for (y0, v0), (y1, v1) in itertools.pairwise(stops):
            if y0 <= y <= y1:
                values.append(round(v0 + (v1 - v0) * (y - y0) / (y1 - y0)))
                break
    column = Image.new("L", (1, 64))
    column.putdata(values)
    return (
        Image.new("RGB", (size_px, size_px), colour(tone)),
        column.resize((size_px, size_px), Image.Resampling.BICUBIC),
    )


def fall_in_front(image: Image.Image, *, weather: str, time_of_day: str, seed: int) -> Image.Image:
    """Rain, snowflakes or mist over a whole picture of an open place. Clear weather changes nothing."""
    if weather == "clear":
        return image
    if weather == "fog":
        layer, mask = _mist(time_of_day, image.width)
    else:
        layer, mask = _falling(weather, time_of_day, image.width, seed % 4)
    return Image.composite(layer, image, mask)


def gain_image(image: Image.Image, gain: tuple[float, float, float]) -> Image.Image:
    """The picture with its channels multiplied; RGB in, RGB out."""
    red, green, blue = gain
    return image.convert("RGB", (red, 0, 0, 0, 0, green, 0, 0, 0, 0, blue, 0))
