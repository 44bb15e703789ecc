"""Wishes, versions, missing pages and places from pictures, with the real client against the loopback Discord."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw
from playhouse import Playhouse, labels, pixels

from bot.rehearsal.players import File, words_of
from bot.rehearsal.world import Message
from engine.nouns import PanelId, PanelState, ServerId, ServerSettings, StoryId

pytestmark = pytest.mark.asyncio


async def panels_of(house: Playhouse, story_id: StoryId) -> list[PanelId]:
    return [panel.panel_id for panel in await house.library.panels(story_id)]


async def wish(house: Playhouse, what: str, **more: int) -> None:
    """Ada's wish, granted."""
    before = max(message.message_id for message in house.ada.seen())
    await house.ada.command("/story change", what=what, **more)
    await house.ada.see("A new version of the picture", private=True, after=before)
    await quiet(house)


async def quiet(house: Playhouse) -> None:
    await house.idle()


def newest(house: Playhouse, label: str = "Change") -> Message:
    return next(message for message in reversed(house.ada.seen()) if label in labels(message))


async def test_a_wish_is_painted_as_a_new_version_of_the_same_panel(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "Mia plays.")
    before = house.studio.painted[-1]
    form = await house.bo.click("Change", on=panel)
    await house.bo.submit(form, {"what": "Make it night and give her a crown."})
    await house.bo.see("A new version of the picture is being painted", private=True)
    await quiet(house)
    changed = await house.ada.see("Changed: Make it night and give her a crown.")
    assert changed.message_id == panel.message_id, "the same panel, in its own message"
    [panel_id] = await panels_of(house, story.story_id)
    kept = await house.library.panel(panel_id)
    assert (kept.version, kept.brief.time_of_day, kept.brief.figures[0].look.headwear) == (2, "night", "crown")
    assert house.studio.painted[-1] == before, "from the same seed"
    assert "night" in kept.brief.words and "Mia" in kept.brief.words
    assert {"◀", "2/2", "▶", "Redraw", "Change", "Why?"} <= set(labels(changed))
    assert (await house.library.wardrobe(story.story_id)) == (), "for that picture only"


async def test_from_now_on_it_is_worn_in_what_comes_after(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "Mia plays.")
    await wish(house, "from now on she wears a yellow raincoat")
    await house.turn(house.ada, "Mia runs on.")
    second = await house.library.panel((await panels_of(house, story.story_id))[1])
    assert (second.brief.figures[0].look.outfit, second.brief.figures[0].look.outfit_colour) == ("raincoat", "yellow")


async def test_versions_are_flipped_and_the_book_has_the_one_that_is_shown(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "Mia plays.")
    [panel_id] = await panels_of(house, story.story_id)
    first = await house.library.panel(panel_id)
    for what in ("in rain", "without Mia"):
        await wish(house, what, picture=1)
    assert [each.change for each in await house.library.versions(panel_id)] == ["", "in rain", "without Mia"]
    shown = await house.ada.see("Changed: without Mia")
    assert "3/3" in labels(shown)
    await house.bo.click("▶", on=shown)
    flipped = await house.ada.see(also=lambda message: "1/3" in labels(message))
    assert flipped.message_id == shown.message_id and "Changed" not in words_of(flipped)
    now = await house.library.panel(panel_id)
    assert (now.version, now.picture, now.state) == (1, first.picture, PanelState.DONE)
    # Redrawn from there it is the fourth, and none of the others is lost.
    await house.ada.click("Redraw", on=flipped)
    await quiet(house)
    await house.ada.see(also=lambda message: "4/4" in labels(message))
    await house.ada.click("◀", on=newest(house))
    await house.ada.see("Changed: without Mia")
    from engine.book import gather_book

    book = await gather_book(house.library, story.story_id, house.bot.labels)
    third = (await house.library.versions(panel_id))[2]
    assert third.picture and book.pages[0].picture_png
    assert pixels(book.pages[0].picture_png) == pixels(await house.library.picture(third.picture))


@pytest.mark.parametrize(("asked", "sentence"), [
    ("paint the sky purple", "I did not understand: “sky purple”"), ("Olga should smile", "I did not understand"),
    ("make it day", "shows that already"), ("   ", "say what should be different"),
    ("Mia *should* not _smile_ @everyone", "I did not understand"),
])
async def test_what_is_not_understood_is_asked_back_with_examples(house: Playhouse, asked: str, sentence: str) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "Mia plays.")
    form = await house.ada.click("Change", on=panel)
    await house.ada.submit(form, {"what": asked})
    await house.ada.see(sentence, private=True)
    [panel_id] = await panels_of(house, story.story_id)
    assert (await house.library.panel(panel_id)).version == 1


async def test_who_may_not_change_a_picture_is_told_why(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story(both=False)
    panel = await house.turn(house.ada, "Mia plays.")
    form = await house.bo.click("Change", on=panel)
    await house.bo.submit(form, {"what": "make it night"})
    await house.bo.see("You are not in this story yet", private=True)
    await house.library.save_server_settings(ServerSettings(ServerId(str(house.guild.guild_id)), daily_panels=1))
    await house.ada.command("/story change", what="make it night")
    await house.ada.see("1 picture", private=True)
    await house.ada.command("/story change", what="make it night", picture=9)
    await house.ada.see("9", private=True)
    form = await house.ada.click("Change", on=panel)
    await house.ada.click("Undo", on=panel)
    await house.ada.see("took this page back")
    await house.ada.submit(form, {"what": "make it night"})
    await house.ada.see("taken back", private=True)
    assert await house.library.panels(story.story_id) == []


async def test_a_wish_survives_a_restart_in_the_middle(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "Mia plays.")
    house.studio.gate.clear()
    await house.ada.command("/story change", what="make it evening")
    await house.ada.see("being painted", private=True)
    await house.shut()
    house.studio.gate.set()
    await house.open()
    await house.ada.see("Changed: make it evening")
    [panel_id] = await panels_of(house, story.story_id)
    versions = await house.library.versions(panel_id)
    assert [each.brief.time_of_day for each in versions] == ["day", "evening"]


async def test_the_missing_page_is_chosen_by_menu_and_goes_between(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.ada.command("/story fill")
    await house.ada.see("There is no gap yet", private=True)
    await house.turn(house.ada, "Mia wakes.")
    await house.turn(house.bo, "Mia sleeps.")
    known = {panel.panel_id: panel for panel in await house.library.panels(story.story_id)}
    await house.ada.command("/story fill")
    asked = await house.ada.see("Between which pages", private=True)
    await house.ada.choose("Choose two pages", "1 – 2: And so it was: Mia wakes.", on=asked)
    await house.bo.see("asks for a page between two others")
    await house.ada.see("A page between page 1 and what was page 2")
    await quiet(house)
    panels = await house.library.panels(story.story_id)
    assert len(panels) == 3 and [panel.panel_id for panel in (panels[0], panels[2])] == list(known)
    assert all(known[panel.panel_id] == panel for panel in panels if panel.panel_id in known)
    assert [step.prose for step in await house.library.steps(story.story_id)] == [
        "And so it was: Mia wakes.", "And between, a bird sang.", "And so it was: Mia sleeps."]
    filled = newest(house, "Take out")
    assert "Undo" not in labels(filled)
    await house.bo.click("Take out", on=filled)
    await house.ada.see("took the page between out again")
    assert len(await house.library.steps(story.story_id)) == 2


async def test_a_filled_page_that_has_become_the_newest_is_undone_by_its_button(house: Playhouse) -> None:
    story = await house.story()
    for text in ("One.", "Two."):
        await house.turn(house.ada, text)
    await house.ada.command("/story fill", first=1)
    await house.ada.see("A page between page 1 and what was page 2")
    await quiet(house)
    second = next(message for message in reversed(house.ada.seen()) if "Undo" in labels(message))
    await house.ada.click("Undo", on=second)
    await house.ada.see("took this page back")
    assert len(await house.library.steps(story.story_id)) == 2
    await house.ada.click("Take out", on=newest(house, "Take out"))
    assert await house.world.until(
        lambda: sum("took this page back" in text for text in house.said(house.ada)) == 2 or None, 60)
    assert [step.prose for step in await house.library.steps(story.story_id)] == ["And so it was: One."]


async def test_a_gap_by_numbers_must_be_one(house: Playhouse) -> None:
    await house.story()
    for text in ("One.", "Two.", "Three."):
        await house.turn(house.ada, text)
    for given, sentence in (({"first": 1, "second": 3}, "there are 1 pages already"),
                            ({"first": 2, "second": 2}, "two different pages"), ({"first": 9}, "has 3 pages")):
        await house.ada.command("/story fill", **given)
        await house.ada.see(sentence, private=True)
    await house.ada.command("/story fill", first=2)
    await house.ada.see("A page between page 2 and what was page 3")
    await quiet(house)


def scene(size: tuple[int, int] = (320, 200)) -> bytes:
    """A small beach."""
    picture = Image.new("RGB", size, (120, 180, 230))
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((0, size[1] * 5 // 8, *size), fill=(215, 190, 140))
    drawing.ellipse((30, 20, 70, 60), fill=(250, 230, 120))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


async def begin(house: Playhouse, data: bytes, **more: str) -> Message:
    await house.ada.command("/story start", title="The holiday", picture=File("scene.jpg", data, "image/jpeg"), **more)
    asked = await house.ada.see("how your picture looks in the book", private=True)
    return asked


async def test_a_story_begins_at_a_picture(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    asked = await begin(house, scene())
    assert "I would say: beach" in words_of(asked) and "without people" in words_of(asked)
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    await house.ada.choose("What kind of place", "meadow", on=asked)
    await house.ada.click("Begin here", on=asked)
    house.enter(house.ada, thread)
    await house.ada.see("This is where our story begins: meadow.")
    await quiet(house)
    story = (await house.library.every_story())[0]
    [panel] = await house.library.panels(story.story_id)
    [setting] = await house.library.settings(story.story_id)
    assert panel.state is PanelState.DONE and panel.brief.setting == setting
    assert (setting.kind, setting.picture is not None) == ("meadow", True)
    # The next page at that place is drawn over the same plate; at night it is painted once more, from the picture.
    plate = await house.library.plate(setting.setting_id, "day", "clear", "flat")
    assert plate is not None and panel.picture is not None
    assert await house.library.picture(plate.picture) == await house.library.picture(panel.picture)
    await wish(house, "make it night")
    night = await house.library.plate(setting.setting_id, "night", "clear", "flat")
    assert night is not None and night.picture != plate.picture


@pytest.mark.parametrize(("data", "sentence"), [
    (b"not a picture", "not a photo I can read"), (b"", "empty"), (scene()[:900], "I cannot read"),
])
async def test_a_bad_picture_leaves_the_story_without(house: Playhouse, data: bytes, sentence: str) -> None:
    await house.ada.command("/story start", title="The holiday", picture=File("scene.jpg", data, "image/jpeg"))
    said = await house.ada.see("The story begins without the picture", private=True)
    assert sentence in words_of(said) or "cut off" in words_of(said)
    assert len(await house.library.every_story()) == 1


async def test_the_picture_is_for_the_beginning_and_for_whoever_sent_it(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    asked = await begin(house, scene(), place="beach")
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    house.enter(house.ada, thread)
    await house.turn(house.ada, "Mia could not wait.")
    await house.ada.click("Begin here", on=asked)
    await house.ada.see("has begun without the picture", private=True)
    await house.ada.click("Without the picture", on=asked)
    await house.ada.see("belongs to something that has changed", private=True)
