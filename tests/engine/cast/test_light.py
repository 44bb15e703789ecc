"""Measuring in other light: casts, darkness, patterns of cloth, a bow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench.casting import TRUTHS, VARIANTS, opened
from engine.cast.measuring import _clothes, _lab, _lit, find_faces, measure_look
from engine.vocabulary import SKINS

REHEARSAL = Path(__file__).resolve().parents[3] / "bot" / "rehearsal" / "scenes" / "photos"
PHOTOS = Path(__file__).resolve().parents[4] / "shared" / "photos"
needs_photos = pytest.mark.skipif(not PHOTOS.is_dir(),
                                  reason="the real photos are kept beside the repository, and are not here")


def portrait(name: str) -> Image.Image:
    image = Image.open((REHEARSAL if (REHEARSAL / f"{name}.jpg").is_file() else PHOTOS) / f"{name}.jpg").convert("RGB")
    image.thumbnail((1024, 1024))
    return image


@pytest.mark.parametrize("light", ["warm light", "cold light", "darker", "mirrored", "JPEG 25"])
def test_another_light_is_not_another_person(light: str) -> None:
    one = measure_look([opened(portrait("astronaut"))], "", kind="woman").look
    two = measure_look([opened(VARIANTS[light](portrait("astronaut")))], "", kind="woman").look
    names = list(SKINS)
    assert abs(names.index(one.skin) - names.index(two.skin)) <= 1
    assert two.hair_colour in TRUTHS["astronaut"].fields["hair_colour"] and two.outfit_colour == "orange"
    assert (one.glasses, one.beard, one.headwear) == (two.glasses, two.beard, two.headwear)


@needs_photos
@pytest.mark.parametrize("name", ["man", "woman"])
@pytest.mark.parametrize("light", ["warm light", "cold light", "darker"])
def test_skins_are_read_in_any_light(name: str, light: str) -> None:
    look = measure_look([opened(VARIANTS[light](portrait(name)))], "", kind=TRUTHS[name].kind).look
    assert look.skin in TRUTHS[name].fields["skin"] and look.hair_colour in TRUTHS[name].fields["hair_colour"]


@needs_photos
def test_a_bow_in_the_hair_is_seen_and_nobody_else_has_one() -> None:
    child = measure_look([opened(portrait("child"))], "", kind="girl").look
    assert (child.headwear, child.headwear_colour) == ("bow", "yellow")
    for name in ("man", "woman", "astronaut"):
        assert measure_look([opened(portrait(name))], "", kind=TRUTHS[name].kind).look.headwear == "none"


def test_a_drawing_is_left_as_it_is() -> None:
    flat = Image.new("RGB", (300, 300), "#3FA35B")
    ImageDraw.Draw(flat).ellipse((80, 80, 220, 220), fill="#9098A3")
    pixels = np.asarray(flat)
    assert np.array_equal(_lit(pixels), pixels)


def shirt(pattern: str, ground: str = "#3B73D9", figure: str = "#F6F4EF") -> np.ndarray:
    """Cloth as it would lie below a face at (100, 0), 100 pixels wide."""
    image = Image.new("RGB", (300, 320), ground)
    draw = ImageDraw.Draw(image)
    for at in range(0, 320, 24):
        if pattern == "stripes":
            draw.rectangle((0, at, 300, at + 11), fill=figure)
        if pattern == "checks":                             # gingham: where two bands cross it is darker
            for column in range(0, 300, 24):
                draw.rectangle((column, at, column + 11, at + 11), fill=figure)
                draw.rectangle((column + 12, at, column + 23, at + 11), fill="#98B4E4")
                draw.rectangle((column, at + 12, column + 11, at + 23), fill="#98B4E4")
        if pattern in ("dots", "flowers"):
            for column in range(0, 300, 24):
                colour = figure if pattern == "dots" else ("#D8383A", "#F7CC3D", "#3FA35B")[(at + column) // 24 % 3]
                draw.ellipse((column, at, column + 12, at + 12), fill=colour)
    if pattern == "jacket":
        draw.rectangle((90, 0, 160, 320), fill=figure)
    return _lab(np.asarray(image))


@pytest.mark.parametrize(("drawn", "read"), [("plain", "plain"), ("stripes", "stripes"), ("dots", "dots"),
                                             ("checks", "checks"), ("flowers", "flowers"), ("jacket", "plain")])
def test_patterns_of_cloth(drawn: str, read: str) -> None:
    skin = _lab(np.array([[[0xED, 0xBB, 0x95]]], np.uint8))[0, 0]
    seen = _clothes(shirt(drawn), (100, 0, 100, 100), skin, skin, None)
    assert seen["pattern"][0] == read
    if read in ("plain", "stripes", "dots") and drawn != "jacket":
        assert seen["outfit_colour"][0] in ("blue", "white")
    if read in ("stripes", "dots"):
        assert {seen["outfit_colour"][0], seen["pattern_colour"][0]} == {"blue", "white"}


@needs_photos
def test_a_striped_shirt_on_a_real_man() -> None:
    image = portrait("man")
    face = find_faces(np.asarray(image))[0]
    draw = ImageDraw.Draw(image)
    for y in range(face.y + round(1.5 * face.height), image.height, face.height // 4):
        draw.rectangle((0, y, image.width, y + face.height // 8), fill="#263A73")
    look = measure_look([opened(image)], "", kind="man").look
    assert look.pattern == "stripes" and "navy" in (look.outfit_colour, look.pattern_colour)
