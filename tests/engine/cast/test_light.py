"""Measuring in other light: casts, darkness, patterns of cloth, a bow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench.casting import TRUTHS, VARIANTS, opened
from engine.cast.colour import in_plain_light, to_lab
from engine.cast.faces import find_faces
from engine.cast.measuring import measure_look
from engine.cast.person import _above_forehead, _clothes, _hair
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
    assert np.array_equal(in_plain_light(pixels), pixels)


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
    return to_lab(np.asarray(image))


@pytest.mark.parametrize(("drawn", "read"), [("plain", "plain"), ("stripes", "stripes"), ("dots", "dots"),
                                             ("checks", "checks"), ("flowers", "flowers"), ("jacket", "plain")])
def test_patterns_of_cloth(drawn: str, read: str) -> None:
    skin = to_lab(np.array([[[0xED, 0xBB, 0x95]]], np.uint8))[0, 0]
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


def head(hair: str, behind: str, *, skin: str = "#C58C5E", shoulders: str = "#1E1D22") -> np.ndarray:
    """A head with short hair, its face at (100, 100) and 100 wide, before something and above dark shoulders."""
    image = Image.new("RGB", (300, 420), behind)
    draw = ImageDraw.Draw(image)
    for at in range(0, 300, 20):                            # a curtain: no wall of one tone
        draw.rectangle((at, 0, at + 8, 420), fill="#F3EFE6")
    draw.rectangle((40, 215, 260, 420), fill=shoulders)
    draw.ellipse((92, 78, 208, 215), fill=skin)
    draw.chord((90, 70, 210, 190), 200, 340, fill=hair)
    return to_lab(np.asarray(image))


@pytest.mark.parametrize(("hair", "word", "face"), [("#1C1A1C", "black", "#563421"), ("#6B4426", "brown", "#C58C5E"),
                                                    ("#E5C878", "blond", "#F6CFB2")])
@pytest.mark.parametrize("behind", ["#7A1F24", "#263A73", "#8A8F98"])
def test_hair_is_what_lies_on_the_forehead_and_not_what_is_behind_a_head(
    hair: str, word: str, face: str, behind: str
) -> None:
    lab = head(hair, behind, skin=face)
    skin = lab[160, 150]
    seen = _hair(lab, (100, 100, 100, 100), skin, None, profile=False)
    assert seen["hair_colour"][0] == word
    assert seen["hair"][0] == "short"                       # dark shoulders and dark curtains are no long hair


def test_no_forehead_tells_nothing_of_the_hair() -> None:
    lab = head("#1C1A1C", "#7A1F24")
    lab[60:130] = lab[80, 150]                              # a fringe over all of it
    assert _above_forehead(lab, (100, 100, 100, 100), lab[180, 150], None) is None


def test_a_suit_with_a_tie_and_a_badge_is_plain() -> None:
    image = Image.new("RGB", (300, 320), "#1E1D22")
    draw = ImageDraw.Draw(image)
    draw.polygon(((120, 0), (180, 0), (150, 110)), fill="#F6F4EF")
    for at in range(0, 110, 8):
        draw.line((140, at, 160, at + 8), fill="#D8383A", width=4)
    for column in range(200, 240, 10):
        draw.rectangle((column, 110, column + 6, 118), fill="#F7CC3D")
    skin = np.array([70, 15, 25], np.float32)
    seen = _clothes(to_lab(np.asarray(image)), (100, -155, 100, 100), skin, skin, None)
    assert (seen["outfit_colour"][0], seen["pattern"][0]) == ("black", "plain")
