"""The cast sheet: one page about a character."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from engine.cast.casting import draw_character_avatar
from engine.cast.sheet import MOODS, POSES, SHEET_PX, Fact, draw_sheet, facts_of
from engine.nouns import Look
from engine.vocabulary import ACTIONS, COLOURS, KINDS, SKINS
from engine.vocabulary import MOODS as ALL_MOODS

#: Of the page, in pixels: the portrait's column without its title, the row of titles, poses, moods, words.
PORTRAIT, TITLE, POSED, FELT, SAID = (
    (60, 230, 640, 1180), (60, 60, 640, 215), (690, 60, 1690, 660), (690, 700, 1690, 890), (690, 930, 1690, 1180))


def page(look: Look, avatar: bytes | None = None, **how: str) -> Image.Image:
    facts = [Fact(field, ", ".join(words), colour) for field, words, colour in facts_of(look)]
    png = draw_sheet(look, avatar, name=how.get("name", "Mia"), about=how.get("about", "she/her"), facts=facts,
                     captions={}, words=how.get("words", ""))
    image = Image.open(io.BytesIO(png))
    assert image.size == SHEET_PX and image.mode == "RGB"
    return image


def differ(one: Image.Image, two: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return ImageChops.difference(one.crop(box), two.crop(box)).getbbox() is not None


def test_the_page_shows_the_look_everywhere() -> None:
    look = Look(kind="girl", hair="curly", hair_colour="ginger")
    one, two = page(look), page(Look(kind="girl", hair="curly", hair_colour="blue"))
    assert all(differ(one, two, box) for box in (PORTRAIT, POSED, FELT, SAID))
    assert not differ(one, two, TITLE)
    assert differ(one, page(look, name="Leo"), TITLE)
    assert differ(one, page(look, words="she likes dots"), SAID)


def test_the_approved_avatar_is_the_portrait() -> None:
    look = Look(kind="fox", fur="ginger")
    drawn = draw_character_avatar(look)
    assert not differ(page(look), page(look, drawn), PORTRAIT)
    out = io.BytesIO()
    Image.new("RGBA", (100, 200), "#11aa22").save(out, "PNG")
    painted = page(look, out.getvalue())
    assert painted.getpixel((350, 800)) == (0x11, 0xAA, 0x22)
    assert not differ(page(look), painted, POSED)


def test_a_name_in_letters_the_font_lacks_is_left_to_be_written() -> None:
    assert not differ(page(Look(), name="小明"), page(Look(), name=""), TITLE)
    assert differ(page(Look(), name="Иван"), page(Look(), name=""), TITLE)
    long = page(Look(), name="M" * 40, about="x" * 200)
    assert long.getpixel((20, 120)) == page(Look()).getpixel((20, 120)), "nothing runs over the card's edge"


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_something_to_say_about_everybody(kind: str) -> None:
    look = Look(kind=kind, glasses="round", beard="short", freckles=True, pattern="dots", headwear="cap",
                accessories=("scarf", "belt", "cape"), wheelchair=True)
    facts = facts_of(look)
    assert facts[0] == ("kind", (kind,), "") and len({field for field, _, _ in facts}) == len(facts) >= 9
    assert all(hasattr(look, field) for field, _, _ in facts)
    assert all(not colour or colour in COLOURS or colour in SKINS for _, _, colour in facts)
    assert ("skin" in dict((field, words) for field, words, _ in facts)) == (look.kind in KINDS[:7])


def test_poses_and_moods_are_words_of_the_vocabulary() -> None:
    assert set(POSES) <= set(ACTIONS) and set(MOODS) <= set(ALL_MOODS)
