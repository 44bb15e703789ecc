"""The check with the shipped likeness encoder, on pictures in which something is really wrong."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from engine.cast.casting import draw_character_avatar
from engine.memory.underdrawing import lay_out, posed, sketch_plate
from engine.memory.verification import Checker, free_places, good
from engine.nouns import (
    Character,
    CharacterId,
    Figure,
    Look,
    NotFound,
    OwnerId,
    PanelBrief,
    PanelId,
    PictureId,
    Place,
    Pronouns,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
    Underdrawing,
)
from engine.painters.likeness import MiniLikeness

ANN = OwnerId("1")
LOOKS = {
    "mia": Look(kind="girl", hair="braids", hair_colour="black", skin="brown", outfit="dress", outfit_colour="yellow"),
    "ben": Look(kind="boy", hair="short", hair_colour="blond", skin="fair", outfit="t-shirt", outfit_colour="red"),
    "rex": Look(kind="dragon", fur="green", outfit="bare"),
    "zoe": Look(kind="woman", hair="afro", hair_colour="black", skin="deep", outfit="overalls", outfit_colour="blue"),
}


class Shelf:
    """The part of a library that a checker needs."""

    def __init__(self) -> None:
        self.pictures = {PictureId(f"avatar-{name}"): draw_character_avatar(look) for name, look in LOOKS.items()}

    async def picture(self, picture_id: PictureId) -> bytes:
        try:
            return self.pictures[picture_id]
        except KeyError:
            raise NotFound(str(picture_id)) from None


class Eyes:
    """The shipped encoder where a studio would be."""

    def __init__(self) -> None:
        self.likeness = MiniLikeness()
        self.looked_at = 0
        self.fails = False

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        if self.fails:
            raise StudioFailed("asleep")
        self.looked_at += len(pictures)
        return self.likeness.embed(pictures)


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes()


@pytest.fixture
def checker(eyes: Eyes) -> Checker:
    eyes.fails = False
    return Checker(Shelf(), eyes)  # type: ignore[arg-type]


CAST = [Character(CharacterId(name), ANN, name.title(), Pronouns.ANY, look, avatar=PictureId(f"avatar-{name}"))
        for name, look in LOOKS.items()]


def brief(*names: str) -> PanelBrief:
    across = {1: (0.5,), 2: (0.25, 0.75), 3: (0.18, 0.5, 0.82), 4: (0.14, 0.38, 0.62, 0.86)}[len(names)]
    figures = tuple(Figure(CharacterId(name), name.title(), LOOKS[name], Place(x, 0.92, 0.5))
                    for name, x in zip(names, across, strict=True))
    return PanelBrief(PanelId("p"), StoryId("s"), "", figures, Setting(SettingId("m"), "meadow", "the meadow", 3))


def laid(one: PanelBrief) -> Underdrawing:
    plate = sketch_plate(replace(one, figures=()), size_px=256).png
    return lay_out(one, plate, {figure.character_id: posed(figure) for figure in one.figures}, size_px=256)


@pytest.mark.parametrize("names", [("mia",), ("mia", "ben"), ("mia", "ben", "rex"), ("mia", "ben", "rex", "zoe")])
async def test_a_picture_in_which_everybody_is_themselves_is_good(checker: Checker, names: tuple[str, ...]) -> None:
    asked = brief(*names)
    verdict, likenesses = await checker.check(laid(asked).png, laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and good(verdict) and set(likenesses) == set(names)


async def test_two_who_changed_places_are_confused(checker: Checker) -> None:
    asked = brief("mia", "ben")
    verdict, _ = await checker.check(laid(brief("ben", "mia")).png, laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and set(verdict.confused) == {"mia", "ben"}


async def test_somebody_of_the_story_in_anothers_place_is_found_though_not_asked_for(checker: Checker) -> None:
    asked = brief("mia", "ben")
    verdict, _ = await checker.check(laid(brief("mia", "rex")).png, laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and verdict.confused == ("ben",)


async def test_whoever_is_not_there_is_missing(checker: Checker) -> None:
    asked = brief("mia", "ben")
    alone = replace(asked, figures=asked.figures[:1])
    verdict, _ = await checker.check(laid(alone).png, laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and verdict.missing == ("ben",)


async def test_whoever_is_there_twice_is_doubled(checker: Checker) -> None:
    asked = brief("mia", "ben", "rex")
    alone = replace(asked, figures=asked.figures[:1])
    twice = replace(asked, figures=(asked.figures[0], replace(
        asked.figures[0], character_id=CharacterId("again"), place=replace(asked.figures[0].place, x=0.75))))
    verdict, _ = await checker.check(laid(twice).png, laid(alone), alone, CAST, owner_id=ANN)
    assert verdict is not None and verdict.doubled == ("mia",) and not verdict.confused


async def test_a_raincoat_makes_nobody_a_stranger(checker: Checker) -> None:
    asked = brief("mia", "ben")
    coat = (("headwear", "sunhat"), ("outfit", "raincoat"), ("outfit_colour", "green"))
    dressed = replace(asked.figures[0], look=replace(LOOKS["mia"], **dict(coat)), worn=coat)
    asked = replace(asked, figures=(dressed, asked.figures[1]))
    verdict, _ = await checker.check(laid(asked).png, laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and good(verdict) and dict(verdict.scores)["mia"] > 0.7


async def test_avatars_are_looked_at_once_and_a_newcomer_has_only_their_look(checker: Checker, eyes: Eyes) -> None:
    asked = brief("mia", "ben")
    cast = [CAST[0], replace(CAST[1], avatar=None)]
    picture = laid(asked)
    before = eyes.looked_at
    for _ in range(3):
        verdict, _ = await checker.check(picture.png, picture, asked, cast, owner_id=ANN)
        assert verdict is not None and good(verdict)
    crops_each = len(picture.boxes) + len(free_places(picture.boxes))
    assert eyes.looked_at - before == len(cast) + 3 * crops_each


async def test_without_eyes_or_with_an_avatar_gone_there_is_no_verdict(checker: Checker, eyes: Eyes) -> None:
    asked = brief("mia")
    picture = laid(asked)
    gone = [replace(CAST[0], avatar=PictureId("gone"))]
    assert await checker.check(picture.png, picture, asked, gone, owner_id=ANN) == (None, {})
    assert await checker.check(picture.png, replace(picture, boxes=()), asked, CAST, owner_id=ANN) == (None, {})
    eyes.fails = True
    assert await checker.check(picture.png, picture, asked, CAST, owner_id=ANN) == (None, {})


async def test_a_picture_that_is_all_noise_shows_nobody(checker: Checker) -> None:
    asked = brief("mia", "ben")
    noise = io.BytesIO()
    Image.effect_noise((256, 256), 80).convert("RGB").save(noise, "PNG")
    verdict, _ = await checker.check(noise.getvalue(), laid(asked), asked, CAST, owner_id=ANN)
    assert verdict is not None and verdict.wrong == {"mia", "ben"}
