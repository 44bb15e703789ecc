"""Questions of who is meant, through real discord.py against the loopback."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from playhouse import Playhouse, labels

from bot.cogs import asking
from bot.rehearsal.players import words_of
from engine.nouns import Character, CharacterId, Look, OwnerId, Pronouns, Story, StoryStatus

pytestmark = pytest.mark.asyncio

TIE = "Mia and Anna ran to the lake. Then she fell in."


async def girls(house: Playhouse) -> Story:
    """Ada and Bo in a story with Mia and Anna, who are both "she" and nobody's "I"."""
    for name in ("Mia", "Anna", "Rex"):
        await house.library.save_character(Character(
            CharacterId(name.casefold()), OwnerId(str(house.ada.person.user_id)), name,
            Pronouns.HE if name == "Rex" else Pronouns.SHE, Look(kind="dog" if name == "Rex" else "girl")))
    story = await house.story()
    for name in ("mia", "anna", "rex"):
        await house.library.add_to_cast(story.story_id, CharacterId(name))
    return story


async def write(house: Playhouse, player: object, text: str) -> None:
    form = await player.click("Take turn")  # type: ignore[attr-defined]
    await player.submit(form, {"text": text})  # type: ignore[attr-defined]


async def test_a_tie_is_asked_in_private_and_the_turn_waits(house: Playhouse) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    question = await house.ada.see("who is", private=True)
    assert "she" in words_of(question) and "fell in" in words_of(question)
    assert labels(question) == ["Mia", "Anna", "Just write on"]
    assert not any("Then she fell in" in text for text in house.said(house.bo))
    assert await house.library.open_turns(story.story_id) == []
    await house.ada.click("Anna", on=question)
    await house.panel_after(house.ada)
    [step] = await house.library.steps(story.story_id)
    turn = await house.library.turn(step.turn_id)
    start = TIE.index("she")
    assert turn.meant == ((start, start + 3, CharacterId("anna")),)
    said = house.said(house.bo)
    words = next(i for i, text in enumerate(said) if text.startswith("**Ada** writes:"))
    assert said[words + 1].startswith("And so it was:")
    assert any("Thank you" in text and "Anna" in text for text in house.said(house.ada))


async def test_what_is_clear_is_not_asked(house: Playhouse) -> None:
    story = await girls(house)
    for text in ("Mia hugs Rex. He barks.", "Mia waves to Anna. She jumps.", "Mia and Anna run. They laugh.",
                 'Mia and Anna sit. "She is mine," says Rex.', "It rains."):
        await house.turn(house.ada, text)
    assert len(await house.library.steps(story.story_id)) == 5
    assert not any("who is" in text for text in house.said(house.ada))


async def test_just_write_on(house: Playhouse) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    question = await house.ada.see("who is", private=True)
    await house.ada.click("Just write on", on=question)
    await house.panel_after(house.ada)
    [step] = await house.library.steps(story.story_id)
    assert (await house.library.turn(step.turn_id)).meant == ()


async def test_a_question_survives_a_restart_and_is_answered_once(house: Playhouse) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    question = await house.ada.see("who is", private=True)
    await house.shut()
    await house.open()
    await asyncio.gather(house.ada.click("Mia", on=question), house.ada.click("Anna", on=question))
    await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 1
    await house.ada.see("answered already", private=True)
    assert sum(text.startswith("**Ada** writes:") for text in house.said(house.bo)) == 1


async def test_two_writers_at_once_go_in_the_order_of_their_clicks(house: Playhouse) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    await write(house, house.bo, "Mia and Anna sang. Suddenly she stopped.")
    first = await house.ada.see("who is", private=True)
    second = await house.bo.see("who is", private=True)
    await house.bo.click("Mia", on=second)
    await house.bo.see("Thank you", private=True)
    await house.ada.click("Anna", on=first)
    await house.ada.see("Thank you", private=True)
    await house.panel_after(house.ada)
    turns = [await house.library.turn(step.turn_id) for step in await house.library.steps(story.story_id)]
    assert [turn.author for turn in turns] == ["Bo", "Ada"]
    assert [turn.meant[0][2] for turn in turns] == ["mia", "anna"]


async def test_others_cannot_answer(house: Playhouse) -> None:
    await girls(house)
    await write(house, house.ada, TIE)
    question = await house.ada.see("who is", private=True)
    await house.bo.click("Mia", on=question)
    await house.bo.see("Only the one who wrote this", private=True)


async def test_when_the_story_is_paused_meanwhile_the_words_wait_on(house: Playhouse) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    question = await house.ada.see("who is", private=True)
    now = await house.library.story(story.story_id)
    await house.library.save_story(replace(now, status=StoryStatus.PAUSED))
    await house.ada.click("Mia", on=question)
    await house.ada.see("This story is paused", private=True)
    await house.library.save_story(replace(now, status=StoryStatus.OPEN))
    await house.ada.click("Mia", on=question)
    await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 1


async def test_nobody_answers_and_the_story_goes_on_after_a_restart_too(
        house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    story = await girls(house)
    await write(house, house.ada, TIE)
    await house.ada.see("who is", private=True)
    await house.shut()
    monkeypatch.setattr(asking, "PATIENCE_S", 0.3)
    await house.open()
    await house.ada.see("And so it was")
    await house.panel_after(house.ada)
    [step] = await house.library.steps(story.story_id)
    assert (await house.library.turn(step.turn_id)).meant == ()
    assert sum(text.startswith("**Ada** writes:") for text in house.said(house.bo)) == 1


async def test_whom_the_pages_before_were_about_counts(house: Playhouse) -> None:
    await girls(house)
    await house.turn(house.ada, "Anna climbs the tree.")
    await house.turn(house.bo, "Now she picks an apple.")
    assert not any("who is" in text for text in house.said(house.bo))


@pytest.mark.parametrize("house", [{"message_content": True}], indirect=True)
async def test_a_plain_message_gets_the_question_as_a_reply(house: Playhouse) -> None:
    story = await girls(house)
    written = await house.ada.write(TIE)
    question = await house.ada.see("who is")
    assert question.reference is not None and question.reference["message_id"] == str(written.message_id)
    await house.bo.click("Mia", on=question)
    await house.bo.see("Only the one who wrote this", private=True)
    await house.ada.click("Mia", on=question)
    await house.panel_after(house.ada)
    [step] = await house.library.steps(story.story_id)
    assert (await house.library.turn(step.turn_id)).meant[0][2] == "mia"
