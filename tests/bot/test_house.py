"""A house with one stage: what was left unfinished where it does not reach is finished out of sight."""

from __future__ import annotations

from typing import cast

import pytest

from bot.house import Hall, at_terminal
from engine.events import ProseGrew
from engine.nouns import MessageId, Panel, StepId, StoryId, StoryStep, Turn, TurnId, VenueId
from engine.ports import Stage


class Written:
    """A stage that writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, verb: str) -> object:
        def hint(*_: object) -> None:
            self.asked.append(verb)

        async def fact(*_: object) -> MessageId:
            self.asked.append(verb)
            return MessageId("77")

        return hint if verb == "hint" else fact


@pytest.mark.parametrize("venue", ["terminal-3f", "1234567890"])
async def test_only_what_the_stage_reaches_is_shown(venue: str) -> None:
    stage = Written()
    hall = Hall(cast(Stage, stage), at_terminal)
    where, turn = VenueId(venue), TurnId("t")
    step = StoryStep(StepId("t-step"), StoryId("s"), turn, "Once.", ())
    said = await hall.say(where, step)
    await hall.fail(where, cast(Turn, None), "studio_failed")
    hall.hint(where, ProseGrew(turn, "On"))
    if at_terminal(where):
        assert stage.asked == [] and said == "t-step"
    else:
        assert stage.asked == ["say", "fail", "hint"] and said == "77"


async def test_a_message_that_is_known_is_never_replaced_by_one_that_is_not() -> None:
    from engine.nouns import PanelBrief, PanelId, Setting, SettingId

    brief = PanelBrief(PanelId("t-step.0"), StoryId("s"), "", (), Setting(SettingId("g"), "garden", "", 1))
    hall = Hall(cast(Stage, Written()), lambda _: True)
    panel = Panel(brief.panel_id, StepId("t-step"), 0, brief, message_id=MessageId("5"))
    assert await hall.place(VenueId("1"), panel) == "5"
    assert await hall.show(VenueId("1"), panel, b"") == "5"
