"""The paper dolls: every word draws, every field shows, the same call gives the same pixels."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image

from engine import vocabulary
from engine.mini.dolls import Doll, draw_avatar, draw_doll, draw_prop
from engine.nouns import Look

PERSON = Look(kind="girl", hair="bob", pattern="stripes")
ANIMAL = Look(kind="fox", fur="ginger", outfit="t-shirt")


def pixels(image: Image.Image) -> bytes:
    return f"{image.size}".encode() + image.tobytes()


def check(doll: Doll) -> None:
    image = doll.image
    assert image.mode == "RGBA"
    assert 0 <= doll.foot[0] < image.width and 0 <= doll.foot[1] < image.height
    left, top, right, bottom = doll.head
    assert 0 <= left < right <= image.width and 0 <= top < bottom <= image.height
    alpha = np.asarray(image)[..., 3]
    assert (alpha[2:-2].max(axis=1) > 0).any() and (alpha > 200).mean() > 0.12
    # tightly cropped: something within two pixels of every side
    assert alpha[:2].any() and alpha[-2:].any() and alpha[:, :2].any() and alpha[:, -2:].any()


WORDS = [
    ("kind", vocabulary.KINDS), ("skin", tuple(vocabulary.SKINS)), ("hair", vocabulary.HAIRSTYLES), ("hair_colour",
        vocabulary.HAIR_COLOURS),
    ("glasses", vocabulary.GLASSES), ("beard", vocabulary.BEARDS), ("outfit", vocabulary.OUTFITS), ("outfit_colour",
        tuple(vocabulary.COLOURS)),
    ("headwear", vocabulary.HEADWEAR), ("pattern", vocabulary.PATTERNS),
]


@pytest.mark.parametrize(("name", "words"), WORDS, ids=[name for name, _ in WORDS])
def test_every_word_of_a_field_draws_and_shows(name: str, words: tuple[str, ...]) -> None:
    seen = {}
    for word in words:
        doll = draw_doll(replace(PERSON, **{name: word}), height_px=90)
        check(doll)
        seen[pixels(doll.image)] = word
    assert len(seen) == len(words), f"two words of {name} look the same"


def test_every_fur_and_every_accessory_shows() -> None:
    furs = {pixels(draw_doll(replace(ANIMAL, fur=fur), height_px=90).image) for fur in vocabulary.FUR_COLOURS}
    assert len(furs) == len(vocabulary.FUR_COLOURS)
    worn = {pixels(draw_doll(replace(PERSON, accessories=(thing,)),
                             height_px=90).image) for thing in vocabulary.ACCESSORIES}
    assert len(worn | {pixels(draw_doll(PERSON, height_px=90).image)}) == len(vocabulary.ACCESSORIES) + 1


@pytest.mark.parametrize("kind", vocabulary.KINDS)
def test_every_kind_does_every_action_in_every_outfit(kind: str) -> None:
    seen = set()
    for i, action in enumerate(vocabulary.ACTIONS):
        look = Look(kind=kind, outfit=vocabulary.OUTFITS[i % len(vocabulary.OUTFITS)],
                    hair=vocabulary.HAIRSTYLES[i % 12])
        check(draw_doll(look, height_px=70, action=action, flip=bool(i % 2)))
        seen.add(pixels(draw_doll(Look(kind=kind), height_px=70, action=action).image))
    assert len(seen) == len(vocabulary.ACTIONS), "two actions look the same"
    moods = {pixels(draw_doll(Look(kind=kind), height_px=130, mood=mood).image) for mood in vocabulary.MOODS}
    assert len(moods) == len(vocabulary.MOODS), "two moods look the same"


CHANGES = {
    "kind": (PERSON, "boy"), "skin": (PERSON, "deep"), "fur": (ANIMAL, "grey"), "hair": (PERSON,
        "long"), "hair_colour": (PERSON, "pink"),
    "headwear": (PERSON, "crown"), "headwear_colour": (replace(PERSON, headwear="cap"), "blue"), "glasses": (PERSON,
        "round"),
    "beard": (PERSON, "short"), "freckles": (PERSON, True), "outfit": (PERSON, "dress"), "outfit_colour": (PERSON,
        "green"),
    "pattern": (PERSON, "dots"), "pattern_colour": (PERSON, "yellow"), "trousers_colour": (PERSON,
        "red"), "accessories": (PERSON, ("scarf",)),
    "accessory_colour": (replace(PERSON, accessories=("belt",)), "blue"), "wheelchair": (PERSON,
        True), "size": (PERSON, 1.2),
}


def test_every_field_of_a_look_is_considered() -> None:
    assert set(CHANGES) == {f.name for f in fields(Look)} - {"words"}, "a new field needs a drawing and a line here"


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_looks_that_differ_in_one_field_give_other_pixels(name: str) -> None:
    look, value = CHANGES[name]
    assert pixels(draw_avatar(look, size_px=128)) != pixels(draw_avatar(replace(look, **{name: value}), size_px=128))


def test_the_same_call_gives_the_same_pixels() -> None:
    def once() -> tuple[bytes, tuple[float, ...]]:
        doll = draw_doll(ANIMAL, height_px=120, action="runs", mood="happy", holding="kite", flip=True)
        return pixels(doll.image), (*doll.foot, *doll.head)

    assert once() == once()
    assert pixels(draw_avatar(PERSON)) == pixels(draw_avatar(PERSON))


def test_flip_mirrors_picture_and_places() -> None:
    one = draw_doll(PERSON, height_px=100, action="points")
    two = draw_doll(PERSON, height_px=100, action="points", flip=True)
    assert pixels(one.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == pixels(two.image)
    assert two.foot[0] == pytest.approx(one.image.width - 1 - one.foot[0])
    assert two.head[0] == pytest.approx(one.image.width - one.head[2])


@pytest.mark.parametrize("kind", vocabulary.KINDS)
def test_the_standing_height_is_what_was_asked_for(kind: str) -> None:
    """Feet to the top of the head box, whatever ears or horns rise above it."""
    doll = draw_doll(Look(kind=kind, hair="bald"), height_px=200)
    assert doll.foot[1] - doll.head[1] == pytest.approx(200, rel=0.03)
    sitting = draw_doll(Look(kind=kind, hair="bald"), height_px=200, action="sits")
    assert sitting.head[3] - sitting.head[1] == pytest.approx(doll.head[3] - doll.head[1],
                                                              rel=0.02), "poses keep the scale"
    assert sitting.foot[1] - sitting.head[1] < 190


def distance(one: np.ndarray, code: str) -> float:
    wanted = np.array([int(code[i:i + 2], 16) for i in (1, 3, 5)])
    return float(np.abs(one - wanted).max())


@pytest.mark.parametrize("skin", tuple(vocabulary.SKINS))
def test_the_skin_in_the_avatar_is_the_named_tone(skin: str) -> None:
    doll = draw_doll(Look(kind="man", hair="bald", skin=skin), height_px=230)
    left, top, right, bottom = (int(v) for v in doll.head)
    face = np.asarray(doll.image)[top + (bottom - top) // 10:top + (bottom - top) // 3,
                                  left + (right - left) // 4:right - (right - left) // 3, :3]
    assert distance(np.median(face.reshape(-1, 3), axis=0), vocabulary.SKINS[skin]) < 12


@pytest.mark.parametrize("colour", tuple(vocabulary.COLOURS))
def test_clothes_have_the_named_colour(colour: str) -> None:
    picture = np.asarray(draw_avatar(Look(kind="boy", outfit_colour=colour), size_px=200)).astype(int)
    wanted = np.array([int(vocabulary.COLOURS[colour][i:i + 2], 16) for i in (1, 3, 5)])
    near = (np.abs(picture[..., :3] - wanted).max(axis=-1) < 8) & (picture[..., 3] > 250)
    assert near.sum() > 0.03 * (picture[..., 3] > 250).sum()


@pytest.mark.parametrize("prop", vocabulary.PROPS)
def test_every_prop_draws_alone_and_in_the_hand(prop: str) -> None:
    alone = draw_prop(prop, height_px=80)
    assert alone.mode == "RGBA" and 60 <= alone.height <= 100
    empty = draw_doll(ANIMAL, height_px=90)
    held = draw_doll(ANIMAL, height_px=90, holding=prop)
    check(held)
    assert pixels(held.image) != pixels(empty.image)


def test_props_differ_from_each_other() -> None:
    assert len({pixels(draw_prop(prop, height_px=60)) for prop in vocabulary.PROPS}) == len(vocabulary.PROPS)


def test_unknown_words_fall_back() -> None:
    odd = Look(kind="walrus", skin="?", fur="?", hair="?", hair_colour="?", headwear="?", glasses="?", beard="?",
               outfit="?", outfit_colour="?",
               pattern="?", pattern_colour="?", trousers_colour="?", accessories=("?",), accessory_colour="?", size=9.0)
    check(draw_doll(odd, height_px=90, action="?", mood="?", holding="?"))
    check(draw_doll(replace(odd, kind="bear"), height_px=90))
    assert draw_prop("?", height_px=40).height > 20


def test_avatars_are_as_tall_as_promised() -> None:
    avatar = draw_avatar(Look(kind="boy", hair="bald"), size_px=256)
    assert avatar.height == pytest.approx(0.9 * 256, rel=0.04)
