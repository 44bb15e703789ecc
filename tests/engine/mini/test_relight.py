"""A place that began as a picture: cropped, drawn over, and the same place at night or in rain."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.memory.places import relit_plate
from engine.mini.scenery import draw_setting
from engine.mini.scenery.from_picture import draw_over, guess_kind, square
from engine.mini.scenery.relight import relight, sky_of
from engine.nouns import PanelBrief, PanelId, Setting, SettingId, StoryId
from engine.vocabulary import SETTINGS, STYLES, TIMES, WEATHERS


def beach(width: int = 256, height: int = 256) -> Image.Image:
    """A photograph of sorts: noisy sky, sea and sand, a dark post."""
    rng = np.random.default_rng(3)
    pixels = np.zeros((height, width, 3))
    pixels[: height // 2] = (110, 170, 225)
    pixels[height // 2: height * 5 // 8] = (40, 105, 150)
    pixels[height * 5 // 8:] = (215, 190, 140)
    picture = Image.fromarray(np.clip(pixels + rng.normal(size=pixels.shape) * 6, 0, 255).astype(np.uint8))
    left = width * 5 // 8
    ImageDraw.Draw(picture).rectangle((left, height // 4, left + 12, height * 3 // 4), fill=(60, 40, 30))
    return picture


def mean(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    return np.asarray(picture.crop(box), dtype=float).mean(axis=(0, 1))


SKY, SEA, SAND = (8, 8, 140, 100), (8, 132, 140, 156), (8, 190, 240, 250)


def test_the_sky_is_found_and_nothing_else() -> None:
    mask = sky_of(beach())
    assert mask[8:100, 8:140].mean() > 0.97
    assert mask[132:, :].mean() < 0.03, "the sea is blue too, but an outline lies between"
    assert mask[70:120, 162:170].mean() < 0.2, "the post stands before it"
    assert sky_of(Image.new("RGB", (64, 64), (30, 40, 30))).max() == 0.0


def test_night_is_dark_and_blue_and_the_same_place() -> None:
    day, night = beach(), relight(beach(), "beach", time_of_day="night", weather="clear", seed=1)
    assert mean(night, SAND).mean() < 0.6 * mean(day, SAND).mean()
    assert mean(night, SKY)[2] > mean(night, SKY)[0] * 1.5 and mean(night, SKY).mean() < 90
    # Edges stay where they were: what is lighter than its neighbour still is, on the ground.
    a, b = (np.asarray(one.convert("L"), dtype=float)[130:, 100:220].ravel() for one in (day, night))
    assert np.corrcoef(a, b)[0, 1] > 0.8


def test_evening_is_warm_rain_grey_and_snow_white() -> None:
    day = beach()
    evening = relight(day, "beach", time_of_day="evening", weather="clear", seed=1)
    assert mean(evening, SKY)[0] > mean(evening, SKY)[2] * 0.95 > mean(day, SKY)[0] * 0.5
    rain = relight(day, "beach", time_of_day="day", weather="rain", seed=1)
    assert np.ptp(mean(rain, SKY)) < 0.5 * np.ptp(mean(day, SKY))
    snow = relight(day, "beach", time_of_day="day", weather="snow", seed=1)
    assert np.ptp(mean(snow, SAND)) < 0.5 * np.ptp(mean(day, SAND)) and mean(snow, SAND).mean() > 200


def test_under_a_roof_there_is_no_sky_and_nothing_falls() -> None:
    room = relight(beach(), "bedroom", time_of_day="night", weather="snow", seed=1)
    again = relight(beach(), "bedroom", time_of_day="night", weather="snow", seed=2)
    assert room.tobytes() == again.tobytes(), "no flakes, wherever they would have fallen"
    assert mean(room, SKY)[2] > mean(room, SAND)[2], "what was bright above still is"


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_kind_of_place_has_every_light(kind: str) -> None:
    picture = draw_setting(kind, seed=3, size_px=64)
    for time_of_day in TIMES:
        for weather in WEATHERS:
            lit = relight(picture, kind, time_of_day=time_of_day, weather=weather, seed=4)
            assert (lit.size, lit.mode) == ((64, 64), "RGB")
            same = lit.tobytes() == picture.tobytes()
            assert same is (time_of_day == "day" and weather == "clear")


def test_the_square_is_where_most_is_to_be_seen() -> None:
    wide = Image.new("RGB", (400, 100), "white")
    drawn = ImageDraw.Draw(wide)
    for x in range(320, 400, 6):
        drawn.line((x, 0, x, 100), fill="black")
    assert np.asarray(square(wide, size_px=64).convert("L")).mean() < 230
    assert square(Image.new("RGB", (100, 300), "white"), size_px=64).size == (64, 64)
    middle = square(beach(512, 256), size_px=64)
    assert middle.size == (64, 64)


def test_a_photograph_becomes_even_shapes() -> None:
    photo = beach()
    drawn = draw_over(photo)
    assert drawn.size == photo.size
    rough, even = (np.asarray(one.convert("L"), dtype=float)[190:240, 20:120] for one in (photo, drawn))
    assert even.std() < 0.6 * rough.std(), "grain is gone"
    assert np.abs(mean(drawn, SAND) - mean(photo, SAND)).max() < 40, "and the colours are those of the place"


@pytest.mark.parametrize("style", STYLES)
def test_a_plate_from_a_picture_has_the_light_and_then_the_style(style: str) -> None:
    out = io.BytesIO()
    beach().save(out, "PNG")
    brief = PanelBrief(PanelId("t-step.0"), StoryId("s"), "", (), Setting(SettingId("s:1"), "beach", "the beach", 5),
                       time_of_day="night", style=style)
    plate = Image.open(io.BytesIO(relit_plate(brief, out.getvalue(), size_px=128).png))
    assert plate.size == (128, 128) and mean(plate, (30, 95, 100, 110)).mean() < 130
    if style == "watercolour":             # bare paper at the rim is as white at night as by day
        assert np.asarray(plate.convert("L"))[:, 0].mean() > 180


def test_the_kind_is_guessed_from_words_then_colours_and_never_made_up() -> None:
    assert guess_kind("Our garden", beach()) == "garden"
    assert guess_kind("", beach()) == "beach"
    assert guess_kind("", Image.new("RGB", (64, 64), (90, 80, 85))) == ""
