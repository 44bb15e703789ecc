"""Questions for the newest things look back no further than they must, and find the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.staging import BO, MIA, ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.nouns import PanelState, StepId
from engine.store import desk


async def test_a_short_look_back_finds_what_a_long_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, studio = WrittenStage(tmp_path / "stage"), ScriptedStudio()
    async with open_runner(settings_at(tmp_path), stage, studio) as (library, runner):
        story = await begin_story(library)
        for number in range(9):
            text = f"fail painting {number}" if number in (3, 4, 5, 6) else f"{1 + number % 2} friends"
            await runner.accept(turn_of(story, f"t{number}", text))
            await runner.finished(f"t{number}")

        async def found() -> list[object]:
            return [await library.frames(story.story_id, limit=limit) for limit in (1, 4, 12)] + [
                await library.frames(story.story_id, at=StepId("t6-step")),
                await library.appearances(story.story_id, [MIA, BO], limit=5),
                await library.appearances(story.story_id, [MIA]), await library.settings(story.story_id)]

        far = await found()
        assert [len(frames) for frames in far[:4]] == [1, 4, 7, 4], "failed panels are no memories"
        assert [panel.state for panel in await library.panels(story.story_id)].count(PanelState.FAILED) == 4
        pages = await library.steps(story.story_id)
        assert len(pages) == 9 and await library.steps(story.story_id, newest=2) == pages[-2:]
        assert await library.steps(story.story_id, newest=40) == pages
        for steps in (1, 2, 5):
            monkeypatch.setattr(desk, "NEAR_STEPS", steps)
            assert await found() == far
