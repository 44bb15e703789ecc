"""Somebody new in a story: drawn in the same turn, offered to the writers, kept, drawn another way or left out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playhouse import PATIENCE_S, Playhouse, labels

from bot.rehearsal.players import words_of
from engine.nouns import Pronouns, Scene, Sharing, Story, StoryStep

pytestmark = pytest.mark.asyncio

COMES = "A tiny green dragon called Pim came in. He sneezed."


async def began(house: Playhouse) -> Story:
    await house.character(house.ada, "Mia")
    return await house.story()


async def born(house: Playhouse, story: Story) -> list[str]:
    return [one.name for one in await house.library.cast(story.story_id) if one.born_in == story.story_id]


async def test_a_newcomer_is_drawn_at_once_and_offered(house: Playhouse) -> None:
    story = await began(house)
    await house.turn(house.bo, COMES)
    [pim] = [one for one in await house.library.cast(story.story_id) if one.name == "Pim"]
    assert pim.look.kind == "dragon" and pim.look.fur == "green" and pim.pronouns is Pronouns.HE
    assert pim.owner_id == str(house.bo.person.user_id) and pim.born_in == story.story_id
    assert pim.sharing is Sharing.STORY and pim.consent is None and pim.avatar is not None
    [panel] = await house.library.panels(story.story_id)
    assert pim.character_id in [figure.character_id for figure in panel.brief.figures]
    offer = await house.ada.see("is new in the story")
    assert "Pim" in words_of(offer)
    assert labels(offer) == ["This is Pim", "Draw Pim another way", "Leave Pim out"]


async def test_this_is_pim_keeps_the_first_picture_as_a_reference(house: Playhouse) -> None:
    story = await began(house)
    await house.turn(house.bo, COMES)
    offer = await house.ada.see("is new in the story")
    await house.ada.click("This is Pim", on=offer)      # any member may say so
    await house.ada.see("stays just like this")
    [pim] = [one for one in await house.library.cast(story.story_id) if one.name == "Pim"]
    [panel] = await house.library.panels(story.story_id)
    [reference] = await house.library.references([pim.character_id])
    assert reference.source == "panel" and reference.panel_id == panel.panel_id
    assert await house.library.picture(reference.picture)
    await house.turn(house.ada, "Pim waves.")
    assert await born(house, story) == ["Pim"]


async def test_draw_pim_another_way(house: Playhouse) -> None:
    story = await began(house)
    await house.turn(house.bo, "A girl called Olga came in.")
    offer = await house.bo.see("is new in the story")
    [before] = [one for one in await house.library.cast(story.story_id) if one.name == "Olga"]
    await house.bo.click("Draw Olga another way", on=offer)
    changed = await house.bo.see("is being drawn another way")
    assert labels(changed) == ["This is Olga", "Draw Olga another way", "Leave Olga out"]
    await house.idle()
    [after] = [one for one in await house.library.cast(story.story_id) if one.name == "Olga"]
    assert after.look != before.look and after.look.kind == "girl" and after.avatar != before.avatar
    async with asyncio.timeout(PATIENCE_S):
        while (panel := (await house.library.panels(story.story_id))[0]).version < 2:  # noqa: ASYNC110 - from outside
            await asyncio.sleep(0.05)
    assert panel.version == 2
    [figure] = [one for one in panel.brief.figures if one.character_id == after.character_id]
    assert figure.look == after.look


async def test_leave_pim_out(house: Playhouse) -> None:
    story = await began(house)
    await house.turn(house.bo, COMES)
    offer = await house.ada.see("is new in the story")
    await asyncio.gather(house.ada.click("Leave Pim out", on=offer), house.bo.click("Leave Pim out", on=offer))
    await house.ada.see("has left the story")
    assert await born(house, story) == []
    panel = await house.turn(house.ada, "Mia looks around.")
    assert panel.attachments
    figures = (await house.library.panels(story.story_id))[-1].brief.figures
    assert [figure.name for figure in figures] == ["Mia"]


async def test_two_writers_bring_the_same_dragon_at_once(house: Playhouse) -> None:
    story = await began(house)
    one, two = await house.ada.click("Take turn"), await house.bo.click("Take turn")
    await asyncio.gather(house.ada.submit(one, {"text": "A dragon called Pim came in."}),
                         house.bo.submit(two, {"text": "A purple dragon named Pim landed."}))
    await house.panel_after(house.ada)
    assert await born(house, story) == ["Pim"]
    await house.ada.see("is new in the story")
    await asyncio.sleep(0.5)
    assert sum("is new in the story" in text for text in house.said(house.ada)) == 1


async def test_a_restart_in_the_first_panel_announces_once(house: Playhouse) -> None:
    await began(house)
    house.studio.gate.clear()
    form = await house.bo.click("Take turn")
    await house.bo.submit(form, {"text": COMES})
    await house.bo.see("Drawing picture 1")
    await house.shut()
    house.studio.gate.set()
    await house.open()
    await house.panel_after(house.bo)
    offer = await house.ada.see("is new in the story")
    await asyncio.sleep(0.5)
    assert sum("is new in the story" in text for text in house.said(house.ada)) == 1
    await house.shut()
    await house.open()
    await house.ada.click("This is Pim", on=offer)
    await house.ada.see("stays just like this")


async def test_a_turn_that_fails_and_is_tried_again_announces_then(house: Playhouse) -> None:
    story = await began(house)
    house.studio.fail_writes = 1
    form = await house.bo.click("Take turn")
    await house.bo.submit(form, {"text": COMES})
    failure = await house.bo.see("That turn did not work out")
    await house.idle()
    assert not any("is new in the story" in text for text in house.said(house.bo))
    await house.bo.click("Try again", on=failure)
    await house.panel_after(house.bo)
    await house.bo.see("is new in the story")
    assert await born(house, story) == ["Pim"]


async def test_a_name_of_the_writers_is_that_one(house: Playhouse) -> None:
    await house.character(house.ada, "Pim", "a boy with brown hair")
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "A boy called Pim came in.")
    cast = await house.library.cast(story.story_id)
    assert [one.name for one in cast].count("Pim") == 1 and await born(house, story) == []
    assert not any("is new in the story" in text for text in house.said(house.ada))


async def test_who_is_not_in_the_story_does_not_decide(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story(both=False)
    await house.turn(house.ada, COMES)
    offer = await house.bo.see("is new in the story")
    await house.bo.click("Leave Pim out", on=offer)
    await house.bo.see("You are not in this story yet", private=True)
    assert await born(house, story) == ["Pim"]


async def test_whom_the_bots_own_prose_brings_in_is_drawn_and_offered(
        house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    story = await began(house)
    written = house.studio.write

    async def write(scene: Scene, **more: Any) -> StoryStep:
        step = await written(scene, **more)
        return replace(step, prose="The door opened. A grey mouse named Tikki peeped in, and she squeaked.")

    monkeypatch.setattr(house.studio, "write", write)
    await house.turn(house.ada, "Mia knocks at the door.")
    await house.ada.see("is new in the story")
    [tikki] = [one for one in await house.library.cast(story.story_id) if one.name == "Tikki"]
    assert tikki.look.kind == "mouse" and tikki.look.fur == "grey" and tikki.pronouns is Pronouns.SHE
    [panel] = await house.library.panels(story.story_id)
    assert tikki.character_id in [figure.character_id for figure in panel.brief.figures]
    await house.turn(house.ada, "Mia laughs.")
    assert await born(house, story) == ["Tikki"]
