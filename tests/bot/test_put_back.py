"""A backup made in the middle of a turn and put back after it: the turn ends once more, and nothing is said twice."""

from __future__ import annotations

import asyncio

import pytest
from playhouse import Playhouse, labels

from engine.nouns import PanelState
from engine.store.backups import make_backup, restore_backup

pytestmark = pytest.mark.asyncio


async def test_a_turn_that_was_open_is_finished_and_not_said_twice(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "Mia finds a kite.")
    house.studio.gate.clear()                                  # the picture is not finished before we say so
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "The kite flies away."})
    await house.bo.see("And so it was: The kite flies away.")
    while len(house.studio.painted) < 3:  # noqa: ASYNC110 - only tests look from outside
        await asyncio.sleep(0.02)
    backup = await make_backup(house.settings)
    assert [turn.text for turn in await house.library.open_turns()] == ["The kite flies away."]
    house.studio.gate.set()
    await house.idle()
    before = house.said(house.bo)
    await house.shut()

    back = await restore_backup(house.settings, backup, force=True)
    assert (back.stories, back.open_turns) == (1, 1)
    await house.open()                                         # goes on with it, as after a crash
    await house.idle()
    assert house.said(house.bo) == before, "everything is there once"
    assert [panel.state for panel in await house.library.panels(story.story_id)] == [PanelState.DONE] * 2
    again = await house.panel_after(house.ada)
    assert "Take turn" in labels(again)
    await house.turn(house.ada, "It comes back.")
    assert len(await house.library.steps(story.story_id)) == 3
