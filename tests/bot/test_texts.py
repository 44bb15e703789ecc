"""Illustrating a text, with the real client against the loopback Discord: read, looked through, drawn, stopped."""

from __future__ import annotations

import pytest
from playhouse import Playhouse, labels

from bot.rehearsal.players import File, words_of
from bot.rehearsal.world import Message
from engine.nouns import PanelState, ServerId, ServerSettings
from engine.ways.storyboard import BoardState

pytestmark = pytest.mark.asyncio

TEXT = ("Mia woke up in her bedroom. She looked around.\n\nShe ran to the garden. She jumped.\n\n"
        "In the evening she danced on the beach.")


async def paste(house: Playhouse, text: str) -> None:
    form = await house.ada.command("/story illustrate")
    await house.ada.submit(form, {"text": text})


async def board(house: Playhouse, text: str = TEXT) -> Message:
    """Ada's text, read and shown to her."""
    await paste(house, text)
    return await house.ada.see("Page 1 of", private=True)


async def drawn(house: Playhouse, pages: int) -> None:
    await house.ada.see(f"text is illustrated: {pages} pictures")
    await house.idle()


async def test_a_text_is_looked_through_and_then_drawn_in_order(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    shown = await board(house)
    assert "Mia woke up in her bedroom. She looked around." in words_of(shown) and "Page 1 of 4" in words_of(shown)
    assert house.studio.painted == [], "nothing is drawn before"
    assert not any("Page 1 of" in text for text in house.said(house.bo)), "nobody else sees it"
    assert "You have 60 of 60 pictures left today" in words_of(shown)
    await house.ada.click("Page ▶", on=shown)
    second = await house.ada.see("Page 2 of 4", private=True)
    await house.ada.click("Join with next", on=second)
    joined = await house.ada.see("Page 2 of 3", private=True)
    assert "She ran to the garden. She jumped." in words_of(joined)
    await house.ada.choose("Where it is", "forest", on=joined)
    await house.ada.choose("Which time of day", "night", on=joined)
    await house.ada.choose("Who is in the picture", on=joined)
    empty = await house.ada.see("nobody. forest, at night", private=True)
    await house.ada.click("Draw 3 pictures", on=empty)
    await drawn(house, 3)
    steps = await house.library.steps(story.story_id)
    assert [step.prose for step in steps] == [
        "Mia woke up in her bedroom. She looked around.", "She ran to the garden. She jumped.",
        "In the evening she danced on the beach."], "the text itself, word for word"
    panels = await house.library.panels(story.story_id)
    assert [panel.state for panel in panels] == [PanelState.DONE] * 3
    changed = panels[1].brief
    assert (changed.setting.kind, changed.time_of_day, changed.figures) == ("forest", "night", ())
    assert changed.words == "In the forest at night."
    gallery = await house.bo.see("text in pictures, 1 to 3")
    assert len(gallery.attachments) == 3 and "/story export" in words_of(gallery) and "Take turn" in labels(gallery)
    said = house.said(house.bo)
    order = [next(i for i, text in enumerate(said) if text.startswith(step.prose[:12])) for step in steps]
    assert order == sorted(order)
    assert await house.library.storyboards(story.story_id) == []
    await house.turn(house.bo, "And then Mia slept.")
    assert len(await house.library.steps(story.story_id)) == 4


async def test_a_page_is_dropped_and_a_text_given_up(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    shown = await board(house)
    await house.ada.click("Drop page", on=shown)
    shown = await house.ada.see("Page 1 of 3", private=True)
    assert "She ran" in words_of(shown)
    await house.ada.click("Cancel", on=shown)
    await house.ada.see("The text is put away", private=True)
    assert await house.library.storyboards(story.story_id) == []


@pytest.mark.parametrize(("name", "data", "sentence"), [
    ("a.pdf", b"%PDF-1.4", "as a .txt or .md file"), ("a.txt", b"", "empty"),
    ("a.txt", b"\x00\x01\x02", "not plain text"), ("a.md", b"x" * 70_000, "too large"),
    ("a.txt", b"1234 !?", "no words"), ("a.txt", b"Mia ran. " * 60, "60 sentences"),
    ("a.txt", b"Mia " * 3500, "too long"),
])
async def test_every_bad_file_has_its_own_sentence(house: Playhouse, name: str, data: bytes, sentence: str) -> None:
    await house.story()
    await house.ada.command("/story illustrate", file=File(name, data, "text/plain"))
    await house.ada.see(sentence, private=True)


async def test_files_are_read_and_nothing_pasted_is_lost(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await paste(house, "Mia ran. " * 51)
    refusal = await house.ada.see("51 sentences", private=True)
    assert "Mia ran. Mia ran." in words_of(refusal)
    old_file = "# Mia\n\nMia løb “hjem”.\n\nHun sov.".encode("cp1252")
    await house.ada.command("/story illustrate", file=File("t.md", old_file, ""))
    shown = await house.ada.see("Page 1 of 2", private=True)
    assert "Mia" in words_of(shown)
    await house.ada.command("/story illustrate", file=File("t.md", b"Mia ran.", ""))
    await house.ada.see("You have a text waiting", private=True)
    await house.ada.command("/story illustrate")
    await house.ada.see("Page 1 of 2", private=True, after=shown.message_id)
    assert len(await house.library.storyboards(story.story_id)) == 1


async def test_a_day_has_only_so_many_pictures(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.library.save_server_settings(ServerSettings(ServerId(str(house.guild.guild_id)), daily_panels=2))
    shown = await board(house)
    assert "needs 4 pictures, and you have 2 left today" in words_of(shown) and "Draw the first 2" in labels(shown)
    await house.ada.click("Draw the first 2", on=shown)
    await house.ada.see("illustrated: 2 pictures")
    await house.idle()
    [rest] = await house.library.storyboards(story.story_id)
    assert (rest.state, rest.drawn, rest.left) == (BoardState.REVIEW, 2, 2), "the rest waits"
    await house.ada.command("/story illustrate")
    waiting = await house.ada.see("2 pages of this text are drawn already", private=True)
    assert "Page 3 of 4" in words_of(waiting)
    await house.library.save_server_settings(ServerSettings(ServerId(str(house.guild.guild_id)), daily_panels=60))
    await house.ada.command("/story illustrate")
    waiting = await house.ada.see("You have 58 of 60", private=True)
    await house.ada.click("Draw 2 pictures", on=waiting)
    await house.ada.see("text in pictures, 1 to 2", after=waiting.message_id)
    await house.idle()
    assert len(await house.library.steps(story.story_id)) == 4
    assert await house.library.storyboards(story.story_id) == []


async def test_stop_keeps_what_is_there_and_the_one_being_drawn(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    shown = await board(house)
    house.studio.gate.clear()
    await house.ada.click("Draw 4 pictures", on=shown)
    progress = await house.bo.see("0 of 4 pictures are there")
    form = await house.bo.click("Take turn")
    assert form.modal is None
    await house.bo.see("A text is being illustrated", private=True)
    await house.bo.click("Stop", on=progress)
    await house.bo.see("I stop after the picture", private=True)
    house.studio.gate.set()
    await house.ada.see("stopped after 1 of 4")
    await house.idle()
    assert len(await house.library.steps(story.story_id)) == 1
    [rest] = await house.library.storyboards(story.story_id)
    assert rest.left == 3
    await house.turn(house.bo, "Mia laughed.")
    await house.ada.command("/story illustrate")
    await house.ada.see("1 pages of this text are drawn already", private=True)


async def test_a_restart_in_the_middle_goes_on_and_doubles_nothing(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    shown = await board(house)
    house.studio.gate.clear()
    await house.ada.click("Draw 4 pictures", on=shown)
    await house.ada.see("0 of 4 pictures are there")
    await house.shut()
    house.studio.gate.set()
    await house.open()
    await drawn(house, 4)
    await house.ada.see("text in pictures")
    assert len(await house.library.steps(story.story_id)) == 4
    said = house.said(house.ada)
    for step in await house.library.steps(story.story_id):
        assert sum(text.startswith(step.prose) for text in said) == 1
    assert sum("text in pictures" in text for text in said) == 1
    assert len([message for message in house.ada.seen() if "Redraw" in labels(message)]) == 4


async def test_who_may_not_illustrate_is_told_why(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.bo.command("/story illustrate")
    await house.bo.see("There is no story here", private=True)
    await house.story(both=False)
    await house.bo.command("/story illustrate")
    await house.bo.see("You are not in this story yet", private=True)
    shown = await board(house)
    await house.ada.command("/story pause")
    await house.ada.click("Draw 4 pictures", on=shown)
    await house.ada.see("This story is paused", private=True)


async def test_a_text_without_anybody_known_is_drawn_as_places(house: Playhouse) -> None:
    story = await house.story()
    shown = await board(house, "The wind blew over the beach.\n\nNobody came.")
    await house.ada.click("Draw 2 pictures", on=shown)
    await drawn(house, 2)
    panels = await house.library.panels(story.story_id)
    assert [panel.brief.setting.kind for panel in panels] == ["beach", "beach"]
