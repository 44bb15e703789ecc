"""Several photos, and photos with several faces: what is told, who chooses, and what becomes of the pixels."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image
from playhouse import PATIENCE_S, Playhouse, labels, picture

import bot.cogs.characters as characters
from bot.rehearsal.players import File, selects_of, words_of
from engine.nouns import Character, OwnerId

ASTRONAUT = Path(characters.__file__).parents[1] / "rehearsal" / "scenes" / "photos" / "astronaut.jpg"


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()


def two() -> bytes:
    """Two people beside each other: on the left somebody in orange, on the right somebody in green."""
    one = Image.open(ASTRONAUT).convert("RGB").resize((420, 420))
    other = one.copy()
    other.paste("#3FA35B", (0, 185, 420, 420))
    both = Image.new("RGB", (840, 420))
    both.paste(one, (0, 0))
    both.paste(other, (420, 0))
    return jpeg(both)


async def mia(house: Playhouse) -> Character:
    [character] = await house.library.characters_of(OwnerId(str(house.ada.person.user_id)))
    return character


async def add(house: Playhouse, *photos: bytes, **answers: object) -> None:
    form = await house.ada.command("/character add")
    await house.ada.submit(form, {
        "Name": "Mia", "Pronouns": "she/her", "consent": "me",
        "photos": [File(f"{number}.jpg", data, "image/jpeg") for number, data in enumerate(photos)], **answers})


async def test_with_several_faces_the_person_chooses_in_private(house: Playhouse) -> None:
    await add(house, two())
    card = await house.ada.see("I see 2 faces. Which of them is Mia?", private=True)
    names = [house.world.attachments[attachment].filename for attachment in card.attachments]
    assert names == [f"avatar-{(await mia(house)).character_id}.png", "face-1.png", "face-2.png"]
    for attachment in card.attachments[1:]:
        assert Image.open(io.BytesIO(house.world.attachments[attachment].data)).size == (160, 160)
    [menu] = selects_of(card)
    assert [option["label"] for option in menu["options"]] == ["The one on the left", "The one on the right"]
    await house.bo.choose("Who is it?", "The one on the left", on=card)
    await house.bo.see("has changed or is gone", private=True)
    await house.ada.choose("Who is it?", "The one on the right")
    card = await house.ada.see("Is this Mia?", private=True, also=lambda message: not selects_of(message))
    assert (await mia(house)).look.outfit_colour == "green"
    assert len(card.attachments) == 1, "the faces are gone from the answer"
    assert house.bot.get_cog("Characters")._crowds == {}, "and from memory"  # type: ignore[union-attr]
    assert not any("face-" in house.world.attachments[attachment].filename
                   for message in house.bo.seen() for attachment in message.attachments)


async def test_the_other_face_is_the_other_look(house: Playhouse) -> None:
    await add(house, two())
    await house.ada.see("Which of them is Mia?")
    await house.ada.choose("Who is it?", "The one on the left")
    await house.ada.see("Is this Mia?", also=lambda message: not selects_of(message))
    assert (await mia(house)).look.outfit_colour == "orange"


async def test_after_a_restart_the_photo_is_asked_for_again(house: Playhouse) -> None:
    await add(house, two())
    await house.ada.see("Which of them is Mia?")
    await house.shut()
    await house.open()
    await house.ada.choose("Who is it?", "The one on the right")
    await house.ada.see("I have let go of that photo by now", private=True)
    assert (await mia(house)).avatar is None
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready")


async def test_after_a_quarter_of_an_hour_too(house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "CHOOSE_WITHIN_S", 0.05)
    await add(house, two())
    await house.ada.see("Is this Mia?")
    cog = house.bot.get_cog("Characters")
    assert cog is not None
    async with asyncio.timeout(PATIENCE_S):
        while cog._crowds:  # type: ignore[attr-defined]  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.05)


async def test_each_photo_is_judged_with_its_reason(house: Playhouse) -> None:
    one = Image.open(ASTRONAUT).convert("RGB")
    blurred = one.resize((40, 40)).resize((400, 400))
    await add(house, jpeg(one), jpeg(blurred), picture("black", 200))
    card = await house.ada.see("Is this Mia?", private=True)
    said = words_of(card)
    assert "Photo 2: That photo is blurred" in said
    assert "Photo 3: That photo is too dark to see anything in" in said and "I went by the others." in said
    assert "Photo 1" not in said
    assert labels(card)[0] == "Keep" and (await mia(house)).look.outfit_colour == "orange"


async def test_where_no_photo_can_be_used_nothing_is_made(house: Playhouse) -> None:
    await add(house, picture("black", 200), b"no photo")
    await house.ada.see("too dark", private=True)
    assert await house.library.characters_of(OwnerId(str(house.ada.person.user_id))) == []


async def test_a_photo_of_twenty_megabytes(house: Playhouse) -> None:
    house.world.attachment_size_limit = 25 * 2**20
    await add(house, bytes(20 * 2**20))
    await house.ada.see("too large", private=True)


async def test_a_pet_among_people_is_not_asked_about(house: Playhouse) -> None:
    await add(house, two(), words="our dog", consent="not_a_person")
    card = await house.ada.see("Is this Mia?", private=True)
    assert not selects_of(card) and (await mia(house)).look.kind == "dog"


async def test_two_photos_with_several_faces_are_asked_about_one_after_the_other(house: Playhouse) -> None:
    await add(house, two(), two())
    await house.ada.see("In photo 1 I see 2 faces", private=True)
    await house.ada.choose("Who is it?", "The one on the left")
    await house.ada.see("In photo 2 I see 2 faces", private=True)
    await house.ada.choose("Who is it?", "The one on the left")
    await house.ada.see("Is this Mia?", also=lambda message: not selects_of(message))
    assert (await mia(house)).look.outfit_colour == "orange"


def model_file(house: Playhouse, name: str) -> str:
    """A file that no model reads here: what matters is that it is the one that is known."""
    (house.settings.home / name).write_bytes(b"GGUF")
    return str(house.settings.home / name)


async def test_with_a_vision_model_its_words_are_the_look_and_without_an_answer_the_colours_are(
        house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def describe(photos: object, kind: str, **how: object) -> dict[str, object]:
        asked.append((kind, how))
        return {"hair": "braids", "glasses": "round"} if len(asked) == 1 else {}

    async def fit(photos: object, settings: object, vision: object) -> None:
        """The files are no models: what they would say of a picture has a test of its own."""

    monkeypatch.setattr(characters, "describe", describe)
    monkeypatch.setattr(characters, "need_fit", fit)
    one = jpeg(Image.open(ASTRONAUT).convert("RGB"))
    await add(house, one)
    await house.ada.see("Is this Mia?", private=True)
    assert asked == [] and (await mia(house)).look.hair != "braids", "no model is set, none is asked"
    eyes, mmproj = (model_file(house, name) for name in ("eyes.gguf", "mmproj.gguf"))
    studio = house.settings.studio.model_copy(update={"vision_model": eyes, "vision_projector": mmproj})
    house.bot.settings = house.settings.model_copy(update={"studio": studio})
    for hair in (("braids",), ("short", "bob")):
        form = await house.ada.command("/character edit", name="Mia")
        before = max(message.message_id for message in house.ada.seen())
        await house.ada.submit(form, {"Name": "Mia", "Pronouns": "she/her", "consent": "me",
                                      "photos": [File("1.jpg", one, "image/jpeg")]})
        await house.ada.see("Is this Mia?", private=True, after=before)
        look = (await mia(house)).look
        assert look.hair in hair and look.outfit_colour == "orange"
    assert asked[0] == ("girl", {"model": eyes, "projector": mmproj, "threads": 0})
