"""Characters: the form, the slash form, bad uploads and names, Keep, Try again, Correct the look."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from PIL import Image
from playhouse import Playhouse, labels, picture, pixels

from bot.rehearsal.players import File, selects_of, words_of
from engine.labels import BY_RULES, read_label
from engine.nouns import Character, OwnerId, Pronouns


async def mine(house: Playhouse, player: Any) -> list[Character]:
    return await house.library.characters_of(OwnerId(str(player.person.user_id)))


def photo(width: int = 320, height: int = 320) -> bytes:
    """A photo of nobody: colours that change from place to place, JPEG."""
    image = Image.linear_gradient("L").resize((width, height))
    buffer = io.BytesIO()
    Image.merge("RGB", (image, image.rotate(90), image.rotate(180))).save(buffer, "JPEG")
    return buffer.getvalue()


async def test_the_form_makes_a_character_and_the_answer_is_private(house: Playhouse) -> None:
    form = await house.ada.command("/character add")
    await house.ada.submit(form, {"Name": "Mia", "Pronouns": "she/her", "words": "a girl with red hair",
                                  "photos": [File("mia.jpg", photo(), "image/jpeg")], "consent": "my_child"})
    card = await house.ada.see("Is this Mia?", private=True)
    assert labels(card) == ["Keep", "Try again", "Correct the look", "Correct the clothes", "Names and family"]
    assert "The photo is saved nowhere" in words_of(card)
    [character] = await mine(house, house.ada)
    assert character.avatar is None and character.from_photo
    assert character.consent is not None and character.consent.who == "my_child"
    assert character.pronouns is Pronouns.SHE
    await house.ada.click("Keep")
    kept = await house.ada.see("Mia is ready")
    [character] = await mine(house, house.ada)
    assert character.avatar is not None
    assert "Keep" not in labels(kept)
    shown = house.world.attachments[kept.attachments[0]].data
    assert pixels(shown) == pixels(await house.library.picture(character.avatar))
    label = read_label(shown)
    assert label and (label["state"], label["source"]) == ("Valid", BY_RULES), "it says that it was generated"
    assert not any("Mia" in text for text in house.said(house.bo))


async def test_the_same_form_sent_twice_makes_one_character(house: Playhouse) -> None:
    form = await house.ada.command("/character add")
    answers = {"Name": "Mia", "words": "a girl"}
    await asyncio.gather(house.ada.submit(form, answers), house.ada.submit(form, answers))
    await house.ada.see("Is this Mia?")
    assert len(await mine(house, house.ada)) == 1


async def test_the_slash_form_takes_an_attachment(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Rex", photo=File("rex.jpg", photo(), "image/jpeg"),
                            consent="It is a pet or a toy", pronouns="he", description="a brown dog")
    await house.ada.see("Is this Rex?", private=True)
    [character] = await mine(house, house.ada)
    assert character.look.kind == "dog"
    assert character.consent is not None and character.consent.who == "not_a_person"


async def test_a_photo_needs_consent(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Rex", photo=File("rex.jpg", photo(), "image/jpeg"))
    await house.ada.see("I need to know who agreed", private=True)
    assert await mine(house, house.ada) == []


@pytest.mark.parametrize(("name", "data", "sentence"), [
    ("notes.txt", b"hello there, this is no picture", "not a photo"),
    ("nothing.jpg", b"", "empty"),
    ("cut.jpg", photo()[:2000], "cut off"),
    ("tiny.png", picture(size=8), "too small"),
    ("thin.png", None, "too narrow"),
    ("black.png", picture("black", 200), "dark"),
])
async def test_every_bad_upload_has_its_own_sentence(house: Playhouse, name: str, data: bytes | None,
                                                     sentence: str) -> None:
    if data is None:
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((2000, 70)).save(buffer, "PNG")
        data = buffer.getvalue()
    await house.ada.command("/character add", name="Rex", consent="me", photo=File(name, data, "image/jpeg"))
    await house.ada.see(sentence, private=True)
    assert await mine(house, house.ada) == []


async def test_a_photo_that_discord_has_lost_is_told(house: Playhouse) -> None:
    form = await house.ada.command("/character add")
    upload = house.ada._upload

    def lost(file: File) -> Any:
        kept = upload(file)
        kept.gone = True
        return kept

    house.ada._upload = lost  # type: ignore[method-assign]
    await house.ada.submit(form, {"Name": "Mia", "photos": [File("a.jpg", photo(), "image/jpeg")], "consent": "me"})
    await house.ada.see("Discord no longer has that photo", private=True)


@pytest.mark.parametrize(("name", "sentence"), [
    ("🦄🦄", "at least one letter"), ("\u202eaiM", "invisible"), ("@everyone", "cannot mention"),
    ("M" * 90, "too long: 90"), ("Mia 🦄", "no emoji"),
])
async def test_every_bad_name_has_its_own_sentence(house: Playhouse, name: str, sentence: str) -> None:
    form = await house.ada.command("/character add")
    await house.ada.submit(form, {"Name": name})
    await house.ada.see(sentence, private=True)
    assert await mine(house, house.ada) == []


async def test_five_hundred_letters_by_slash_command(house: Playhouse) -> None:
    await house.ada.command("/character add", name="M" * 500)
    await house.ada.see("too long: 500", private=True)


async def test_a_name_is_taken_once(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.ada.command("/character add", name="mia", description="another")
    await house.ada.see("already have a character called mia", private=True)
    await house.character(house.bo, "Mia")     # somebody else's is nobody's business


async def test_try_again_draws_another_and_correcting_changes_the_look(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Mia", description="a girl")
    card = await house.ada.see("Is this Mia?")
    before = house.world.attachments[card.attachments[0]].data
    await house.ada.click("Try again")
    [character] = await mine(house, house.ada)
    await house.ada.see("Is this Mia?", also=lambda seen: any(
        house.world.attachments[each].data != before for each in seen.attachments))
    await house.ada.click("Correct the look")
    card = await house.ada.see("Hair colour")
    assert len(selects_of(card)) >= 7
    await house.ada.choose("Hair colour", "red")
    await house.ada.choose("Glasses", "round")
    await house.ada.choose("Who", "rabbit")
    card = await house.ada.see("Fur")
    assert "Hair colour" not in words_of(card)
    await house.ada.click("Correct the clothes")
    await house.ada.see("Pattern")
    await house.ada.choose("What they carry", "scarf", "backpack")
    await house.idle()
    [character] = await mine(house, house.ada)
    assert (character.look.hair_colour, character.look.glasses, character.look.kind) == ("red", "round", "rabbit")
    assert set(character.look.accessories) == {"scarf", "backpack"}
    assert character.avatar is None
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready")


async def test_cards_work_after_a_restart_and_for_their_owner_only(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Mia", description="a girl")
    card = await house.ada.see("Is this Mia?")
    await house.shut()
    await house.open()
    await house.bo.click("Keep", on=card)
    await house.bo.see("has changed or is gone", private=True)
    assert (await mine(house, house.ada))[0].avatar is None
    await house.ada.click("Keep", on=card)
    await house.ada.see("Mia is ready")


async def test_list_show_edit_and_remove(house: Playhouse) -> None:
    await house.ada.command("/character list")
    await house.ada.see("You have no characters yet", private=True)
    await house.character(house.ada, "Mia")
    await house.ada.command("/character add", name="Leo", description="a boy")
    await house.ada.see("Is this Leo?")
    await house.ada.command("/character list")
    listed = words_of(await house.ada.see("Your characters", private=True))
    assert "**Leo** (any pronouns) (waits for Keep)" in listed and "**Mia** (she/her):" in listed
    assert [choice["name"] for choice in await house.ada.suggestions("/character show", "name", "mi")] == ["Mia"]
    await house.ada.command("/character show", name="mia")
    await house.ada.see("Mia is ready", private=True)
    form = await house.ada.command("/character edit", name="Mia")
    await house.ada.submit(form, {"Name": "Maria"})
    await house.ada.see("Maria is ready", private=True)
    await house.ada.command("/character remove", name="Maria")
    await house.ada.see("Remove Maria for good?", private=True)
    await house.ada.click("Remove for good")
    await house.ada.see("Maria is removed", private=True)
    assert [character.name for character in await mine(house, house.ada)] == ["Leo"]
    await house.ada.command("/character show", name="Maria")
    await house.ada.see("You have no character called Maria", private=True)


async def test_a_danish_person_is_answered_in_danish(house: Playhouse) -> None:
    house.ada.person.locale = "da"
    await house.ada.command("/character add", name="🦄")
    await house.ada.see("mindst ét bogstav", private=True)
