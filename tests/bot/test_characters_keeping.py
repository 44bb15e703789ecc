"""What owners decide about their characters: sharing, consent and its pictures, sheets, files, other names."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from playhouse import PATIENCE_S, Playhouse, labels, picture, pixels

from bot.cogs.keeping import clean_nicknames, clean_relation, file_name, known_names
from bot.rehearsal.players import File, Player, selects_of, words_of
from bot.rehearsal.world import Message
from engine.cast.sheet import SHEET_PX
from engine.cast.travel import unpack
from engine.labels import BROUGHT, PAPER_DOLLS, generated_in, read_label
from engine.nouns import Character, Consent, NotFound, OwnerId, PanelState, Reference, Refused, Sharing, Story


async def named(house: Playhouse, player: Player, name: str) -> Character:
    characters = await house.library.characters_of(OwnerId(str(player.person.user_id)))
    return next(character for character in characters if character.name == name)


async def soon(question: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await question():  # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.05)


def attached(house: Playhouse, message: Message) -> bytes:
    [attachment] = message.attachments
    return house.world.attachments[attachment].data


async def photographed(house: Playhouse, player: Player, name: str, who: str = "me") -> Character:
    """A kept character that counts as drawn from a photo, without the second a photo takes."""
    await house.character(player, name)
    character = replace(await named(house, player, name), from_photo=True,
                        consent=Consent(who, 1, datetime(2026, 1, 1, tzinfo=UTC)))
    await house.library.save_character(character)
    return character


# --- other names, and who they are -----------------------------------------------------------------

@pytest.mark.parametrize(("raw", "relation"), [
    ("my sister", "sister"), ("My little sister.", "little sister"), ("sister", "sister"), ("our dog", "dog"),
    ("min lillesøster", "lillesøster"), ("she is my best friend", "best friend"), ("  ", ""), ("🦄", ""),
    ("mystery guest", "mystery guest"), ("Mine", "Mine"), ("my", "my"),
])
def test_what_somebody_is_to_their_owner(raw: str, relation: str) -> None:
    assert clean_relation(raw) == relation


def test_other_names_are_as_strict_as_names() -> None:
    assert clean_nicknames("Mimi, Mie;  mimi , Mia-Marie", limit=40) == ("Mimi", "Mie", "Mia-Marie")
    assert clean_nicknames(" , ;", limit=40) == ()
    many = ",".join(f"Mi{'a' * n}" for n in range(11))
    for raw, reason in ((many, "nicknames_too_many"), ("@everyone", "name_mention"), ("Mia, 🦄", "name_letters"),
                        ("M" * 41, "name_too_long")):
        with pytest.raises(Refused) as caught:
            clean_nicknames(raw, limit=40)
        assert caught.value.reason == reason
    with pytest.raises(Refused):
        clean_relation("x" * 41)
    assert known_names(["Mimi", "@here", "Mimi", "\u202e"]) == ("Mimi",)
    assert (file_name("Søren Ø"), file_name("小明")) == ("s-ren", "character")


async def test_names_and_family_are_asked_in_a_form_of_their_own(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Mia", description="a girl", nicknames="Mimi, Mie",
                            relation="my daughter")
    card = await house.ada.see("Is this Mia?", private=True)
    assert "your daughter" in words_of(card) and "also called Mimi, Mie" in words_of(card)
    form = await house.ada.click("Names and family")
    await house.ada.submit(form, {"Other names, commas between them": "Mitzi", "Who are they to you?": "my niece."})
    card = await house.ada.see("your niece", private=True)
    assert "also called Mitzi" in words_of(card)
    mia = await named(house, house.ada, "Mia")
    assert (mia.nicknames, mia.relation) == (("Mitzi",), "niece")
    form = await house.ada.click("Names and family")
    await house.ada.submit(form, {"Other names, commas between them": "@everyone"})
    await house.ada.see("cannot mention anybody", private=True)
    # a change of name by the other form keeps them
    form = await house.ada.command("/character edit", name="Mia")
    await house.ada.submit(form, {"Name": "Maria"})
    await house.ada.see("Is this Maria?", private=True)
    assert (await named(house, house.ada, "Maria")).relation == "niece"


async def test_somebody_elses_names_are_nobodys_business(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Mia", description="a girl")
    card = await house.ada.see("Is this Mia?")
    await house.bo.click("Names and family", on=card)
    await house.bo.see("has changed or is gone", private=True)


# --- the sheet -------------------------------------------------------------------------------------

async def test_the_sheet_is_a_private_page(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.ada.command("/character sheet", name="mia")
    shown = await house.ada.see("Here is the page about Mia", private=True)
    page = Image.open(io.BytesIO(attached(house, shown)))
    assert page.size == SHEET_PX and page.format == "PNG"
    assert house.world.attachments[shown.attachments[0]].filename == "mia-sheet.png"
    await house.ada.command("/character sheet", name="Leo")
    await house.ada.see("You have no character called Leo", private=True)
    assert [choice["name"] for choice in await house.ada.suggestions("/character sheet", "name", "m")] == ["Mia"]


# --- sharing ---------------------------------------------------------------------------------------

async def test_only_for_me_means_only_in_my_turns(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.ada.command("/character share", name="Mia", **{"with": "Only me"})
    await house.ada.see("Only you can write about Mia", private=True)
    story = await house.story()
    await drawn(house, story, house.ada, "Mia finds a kite.")
    await drawn(house, story, house.bo, "Mia runs home.")
    panels = await house.library.panels(story.story_id)
    assert [[figure.name for figure in panel.brief.figures] for panel in panels] == [["Mia"], []]


async def test_for_everybody_on_this_server_anybody_brings_it(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.ada.command("/character share", name="Mia", **{"with": "Everybody on this server"})
    await house.ada.see("Anybody on this server can bring Mia", private=True)
    await house.bo.command("/story start", title="Bo tells")
    await house.bo.see("begins in")
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    house.enter(house.bo, thread)
    await house.bo.see("1. Bo")
    await house.turn(house.bo, "Mia flies a kite.")
    from engine.nouns import VenueId
    story = await house.library.story_at(VenueId(str(thread.channel_id)))
    assert story is not None
    assert [each.name for each in await house.library.cast(story.story_id)] == ["Mia"]
    await house.ada.command("/character share", name="Mia", **{"with": "Everybody in a story I bring them into"})
    await house.ada.see("Everybody in a story that you bring Mia into", private=True)
    assert await house.library.cast(story.story_id) == []
    await house.bo.command("/character share", name="Mia", **{"with": "Only me"})
    await house.bo.see("You have no character called Mia", private=True)
    assert (await named(house, house.ada, "Mia")).sharing is Sharing.STORY


async def test_a_server_is_shared_with_from_that_server(house: Playhouse) -> None:
    house.enter(house.ada, house.world.dm_with(house.ada.person))
    await house.character(house.ada, "Mia")
    await house.ada.command("/character share", name="Mia", **{"with": "Everybody on this server"})
    await house.ada.see("use this command on that server", private=True)
    house.enter(house.ada, house.channel)
    await house.ada.command("/character share", name="Mia", **{"with": "Everybody on this server"})
    await house.ada.see("Anybody on this server", private=True)
    assert (await named(house, house.ada, "Mia")).server_id == str(house.guild.guild_id)


# --- consent ---------------------------------------------------------------------------------------

async def told_of_mia(house: Playhouse, turns: int = 2) -> Story:
    """A story of Ada's with Mia and Bo's Leo in every panel."""
    await photographed(house, house.ada, "Mia", "my_child")
    await house.character(house.bo, "Leo", "a boy in blue")
    story = await house.story()
    for number in range(turns):
        await drawn(house, story, house.ada if number % 2 == 0 else house.bo, "Mia and Leo find a kite.")
    return story


async def drawn(house: Playhouse, story: Story, player: Player, text: str) -> None:
    """A turn, until its picture is there."""
    before = len(await house.library.panels(story.story_id))

    async def there() -> bool:
        panels = await house.library.panels(story.story_id)
        return len(panels) > before and all(panel.state is PanelState.DONE for panel in panels)

    await house.turn(player, text)
    await soon(there)
    await house.idle()


async def test_without_consent_a_character_is_in_nothing_new(house: Playhouse) -> None:
    story = await told_of_mia(house, 1)
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("From now on Mia is in no story", private=True)
    assert labels(asked) == ["Redraw 1 without Mia", "Remove these pictures", "Leave them"]
    assert "The kite" in words_of(asked)
    await house.ada.click("Leave them", on=asked)
    await house.ada.see("The pictures stay as they are", private=True)
    await drawn(house, story, house.ada, "Mia finds another kite.")
    panels = await house.library.panels(story.story_id)
    assert [sorted(figure.name for figure in panel.brief.figures) for panel in panels] == [["Leo", "Mia"], ["Leo"]]
    await house.ada.command("/character list")
    await house.ada.see("Mia (she/her) (in no story)", private=True)
    await house.ada.command("/character show", name="Mia")
    card = await house.ada.see("because the consent was taken back", private=True)
    assert [select["placeholder"] for select in selects_of(card)] == ["Who agreed?"]
    await house.ada.choose("Who agreed?", "It is my child and I agree")
    await house.ada.see("Mia may be in stories", private=True)
    mia = await named(house, house.ada, "Mia")
    assert mia.usable and mia.consent is not None and mia.consent.given_at > datetime(2026, 1, 2, tzinfo=UTC)
    await drawn(house, story, house.bo, "Mia is back.")
    newest = (await house.library.panels(story.story_id))[-1]
    assert sorted(figure.name for figure in newest.brief.figures) == ["Leo", "Mia"]


async def test_pictures_are_redrawn_without_the_character(house: Playhouse) -> None:
    story = await told_of_mia(house, 3)
    before = {panel.panel_id: panel for panel in await house.library.panels(story.story_id)}
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("Redraw 3 without Mia", private=True)
    await house.ada.click("Redraw 3 without Mia", on=asked)
    await house.ada.see("redrawn without Mia (3)", private=True)
    for panel in await house.library.panels(story.story_id):
        old = before[panel.panel_id]
        assert [figure.name for figure in panel.brief.figures] == ["Leo"] and panel.version == old.version + 1
        assert "Mia" not in panel.brief.words and panel.message_id == old.message_id
        shown = house.world.messages[int(panel.message_id or 0)]
        assert panel.picture is not None
        assert pixels(attached(house, shown)) == pixels(await house.library.picture(panel.picture))
        assert [each.version for each in await house.library.versions(panel.panel_id)] == [panel.version]
        assert old.picture is not None
        with pytest.raises(NotFound):
            await house.library.picture(old.picture)
    # drawn once more by somebody else, it stays without
    await house.bo.click("Redraw")
    await house.idle()
    newest = (await house.library.panels(story.story_id))[-1]
    assert [figure.name for figure in newest.brief.figures] == ["Leo"]


async def test_pictures_are_taken_from_messages_and_from_what_is_kept(house: Playhouse) -> None:
    story = await told_of_mia(house, 2)
    before = await house.library.panels(story.story_id)
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("Remove these pictures", private=True)
    await house.ada.click("Remove these pictures", on=asked)
    await house.ada.see("all pictures with Mia (2)", private=True)
    for panel in before:
        shown = house.world.messages[int(panel.message_id or 0)]
        assert "This picture was taken away, as somebody in it wished" in words_of(shown) and not shown.attachments
        assert panel.picture is not None
        with pytest.raises(NotFound):
            await house.library.picture(panel.picture)
        assert (await house.library.panel(panel.panel_id)).state is PanelState.UNDONE
    assert len(await house.library.steps(story.story_id)) == 2
    await house.ada.command("/character consent withdraw", name="Mia")
    await house.ada.see("There are no pictures with Mia", private=True)


async def test_the_offer_is_the_owners_alone_and_survives_a_restart(house: Playhouse) -> None:
    story = await told_of_mia(house, 1)
    await house.bo.command("/character consent withdraw", name="Mia")
    await house.bo.see("You have no character called Mia", private=True)
    await house.ada.command("/character consent withdraw", name="Mia")
    other = await house.ada.see("Redraw 1 without Mia", private=True)
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("Redraw 1 without Mia", private=True, after=other.message_id)
    await house.shut()
    await house.open()
    for button in labels(asked):
        await house.bo.click(button, on=asked)
        await house.bo.see("has changed or is gone", private=True)
    assert (await house.library.panels(story.story_id))[0].version == 1
    await house.ada.click("Redraw 1 without Mia", on=asked)
    await house.ada.see("redrawn without Mia (1)", private=True)
    # consent given again: the old offer no longer stands
    await house.ada.command("/character consent give", name="Mia", who="It is my child and I agree")
    await house.ada.see("Mia may be in stories", private=True)
    await house.ada.click("Remove these pictures", on=other)
    await house.ada.see("so I leave the pictures alone", private=True)


async def test_cut_short_the_redrawing_goes_on_at_the_next_start(house: Playhouse) -> None:
    story = await told_of_mia(house, 2)
    await house.ada.command("/character consent withdraw", name="Mia")
    other = await house.ada.see("Redraw 2 without Mia", private=True)
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("Redraw 2 without Mia", private=True, after=other.message_id)
    house.studio.gate.clear()
    painted = len(house.studio.painted)
    await house.ada.click("Redraw 2 without Mia", on=asked)
    await soon(lambda: _is(len(house.studio.painted) > painted))
    await house.ada.see("Redrawing without Mia: 0 of 2", private=True)
    await house.ada.click("Remove these pictures", on=other)
    await house.ada.see("being changed just now", private=True)
    await house.shut()
    house.studio.gate.set()
    await house.open()

    async def redrawn() -> bool:
        panels = await house.library.panels(story.story_id)
        return all([figure.name for figure in panel.brief.figures] == ["Leo"] for panel in panels) and len(panels) == 2

    await soon(redrawn)
    assert {panel.version for panel in await house.library.panels(story.story_id)} == {2}


async def _is(so: bool) -> bool:
    return so


async def test_what_cannot_be_redrawn_is_told_and_can_be_tried_again(house: Playhouse) -> None:
    await told_of_mia(house, 2)
    await house.ada.command("/character consent withdraw", name="Mia")
    asked = await house.ada.see("Redraw 2 without Mia", private=True)
    house.studio.fail_paints = 1
    await house.ada.click("Redraw 2 without Mia", on=asked)
    await house.ada.see("1 of 2 are done", private=True)
    await house.ada.command("/character consent withdraw", name="Mia")
    await house.ada.see("Redraw 1 without Mia", private=True)
    await house.ada.click("Redraw 1 without Mia")
    await house.ada.see("redrawn without Mia (1)", private=True)


async def test_consent_to_photos_needs_an_answer_and_a_pet_gives_none(house: Playhouse) -> None:
    await photographed(house, house.ada, "Mia", "my_child")
    await house.ada.command("/character consent withdraw", name="Mia")
    await house.ada.see("There are no pictures with Mia", private=True)
    await house.ada.command("/character consent give", name="Mia", who="It is a pet or a toy")
    await house.ada.see("I need to know who agreed", private=True)
    await house.ada.command("/character consent give", name="Mia")
    asked = await house.ada.see("Who agreed that Mia may be drawn?", private=True)
    [menu] = selects_of(asked)
    assert [option["value"] for option in menu["options"]] == ["me", "my_child", "adult_agreed"]
    assert not (await named(house, house.ada, "Mia")).usable
    # without photos nobody needs to be asked
    await house.character(house.ada, "Pim")
    await house.ada.command("/character consent withdraw", name="Pim")
    await house.ada.see("From now on Pim is in no story", private=True)
    await house.ada.command("/character consent give", name="Pim")
    await house.ada.see("Pim may be in stories", private=True)


# --- files -----------------------------------------------------------------------------------------

async def exported(house: Playhouse, player: Player, name: str) -> File:
    await player.command("/character export", name=name)
    shown = await player.see(f"Here is {name} as a file", private=True)
    filename = house.world.attachments[shown.attachments[0]].filename
    assert filename.endswith(".character.zip")
    return File(filename, attached(house, shown), "application/zip")


async def test_a_character_travels_to_somebody_else(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Pim", description="a small green dragon with a red scarf",
                            pronouns="it/its", nicknames="Pimmy", relation="my dragon")
    await house.ada.see("Is this Pim?")
    await house.ada.click("Keep")
    await house.ada.see("Pim is ready")
    pim = await named(house, house.ada, "Pim")
    await house.library.save_reference(Reference(
        pim.character_id, await house.library.keep_picture(_png(), owner_id=pim.owner_id), "panel", None, "waves",
        "happy", (("headwear", "crown"),)))
    file = await exported(house, house.ada, "Pim")
    said = [read_label(png) for _, _, png in generated_in("pim.zip", file.data)]
    assert [label and label["state"] for label in said] == ["Valid", "Valid"]
    await house.bo.command("/character import", file=file)
    card = await house.bo.see("Pim has arrived", private=True)
    assert "Keep" not in labels(card) and "your dragon" in words_of(card)
    twin = await named(house, house.bo, "Pim")
    assert twin.character_id != pim.character_id and twin.consent is None and twin.usable
    assert (pim.drawn_by, twin.drawn_by) == (PAPER_DOLLS, BROUGHT)
    assert replace(twin, character_id=pim.character_id, owner_id=pim.owner_id, avatar=pim.avatar,
                   drawn_by=pim.drawn_by) == pim
    assert twin.avatar is not None and pim.avatar is not None
    assert pixels(await house.library.picture(twin.avatar)) == pixels(await house.library.picture(pim.avatar))
    [reference] = await house.library.references([twin.character_id])
    assert (reference.source, reference.action, reference.worn) == ("file", "waves", (("headwear", "crown"),))
    # exported again it is the same character
    again = (await exported(house, house.bo, "Pim")).data
    assert [read_label(png) for _, _, png in generated_in("pim.zip", again)] == [None, None], "he brought them"
    back = await unpack(again)
    assert replace(back, avatar=None, references=()) == replace(await unpack(file.data), avatar=None, references=())


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (40, 60), "#44aa66ff").save(out, "PNG")
    return out.getvalue()


async def test_drawn_from_photos_of_a_person_somebody_must_agree_first(house: Playhouse) -> None:
    await photographed(house, house.ada, "Mia", "my_child")
    file = await exported(house, house.ada, "Mia")
    await house.bo.command("/character import", file=file, consent="It is a pet or a toy")
    card = await house.bo.see("I need to know who agreed", private=True)
    mia = await named(house, house.bo, "Mia")
    assert not mia.usable and mia.avatar is not None
    assert [select["placeholder"] for select in selects_of(card)] == ["Who agreed?"]
    await house.story(both=True)
    assert await house.library.usable_characters(mia.owner_id, mia.server_id) == []
    await house.shut()
    await house.open()
    house.enter(house.bo, house.channel)
    await house.bo.choose("Who agreed?", "It is an adult who agreed")
    await house.bo.see("Mia may be in stories", private=True)
    mia = await named(house, house.bo, "Mia")
    assert mia.usable and mia.consent is not None and mia.consent.who == "adult_agreed"
    # said at once, nobody is asked
    await house.bo.command("/character import", file=file, name="Little Mia", consent="It is my child and I agree")
    await house.bo.see("Little Mia has arrived", private=True)
    assert (await named(house, house.bo, "Little Mia")).usable


async def test_a_pet_from_photos_needs_no_consent(house: Playhouse) -> None:
    await photographed(house, house.ada, "Rex", "not_a_person")
    await house.bo.command("/character import", file=await exported(house, house.ada, "Rex"))
    await house.bo.see("Rex has arrived", private=True)
    rex = await named(house, house.bo, "Rex")
    assert rex.usable and rex.consent is not None and rex.consent.who == "not_a_person"


async def test_files_that_cannot_be_used_are_refused_and_nothing_is_made(house: Playhouse) -> None:
    house.world.attachment_size_limit = 25 * 2**20          # a server with boosts
    await house.character(house.ada, "Mia")
    good = await exported(house, house.ada, "Mia")
    with zipfile.ZipFile(io.BytesIO(good.data)) as archive:
        said: dict[str, Any] = json.loads(archive.read("character.json"))
    newer = io.BytesIO()
    with zipfile.ZipFile(newer, "w") as archive:
        archive.writestr("character.json", json.dumps({**said, "version": 2}))
    mention = io.BytesIO()
    with zipfile.ZipFile(mention, "w") as archive:
        archive.writestr("character.json", json.dumps({**said, "name": "@everyone", "avatar": None}))
    for data, sentence in (
            (b"", "not a character file"), (picture(), "not a character file"), (good.data[:-30], "damaged"),
            (newer.getvalue(), "newer version"), (mention.getvalue(), "cannot mention anybody"),
            (bytes(12 * 2**20), "too large"), (good.data, "already have a character called Mia")):
        await house.ada.command("/character import", file=File("mia.character.zip", data, "application/zip"))
        await house.ada.see(sentence, private=True)
    assert len(await house.library.characters_of(OwnerId(str(house.ada.person.user_id)))) == 1
    await house.ada.command("/character import", file=good, name="Mia the second")
    await house.ada.see("Mia the second has arrived", private=True)


async def test_somebody_in_no_story_does_not_travel(house: Playhouse) -> None:
    await photographed(house, house.ada, "Mia")
    await house.ada.command("/character consent withdraw", name="Mia")
    await house.ada.see("From now on Mia is in no story", private=True)
    await house.ada.command("/character export", name="Mia")
    await house.ada.see("because the consent was taken back", private=True)
    await house.bo.command("/character export", name="Mia")
    await house.bo.see("You have no character called Mia", private=True)
