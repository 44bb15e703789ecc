"""A turn, played for real on a real store: in order, nothing lost, nothing doubled, failures said plainly."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.staging import OWNER, ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.events import Painted
from engine.nouns import (
    MessageId,
    Panel,
    PanelId,
    PanelState,
    Refused,
    Scene,
    StoryStatus,
    StoryStep,
    StudioFailed,
    TurnId,
    TurnKind,
    TurnState,
    VenueId,
)


def said(stage: WrittenStage) -> list[tuple[str, str]]:
    return [(line["what"], line["key"]) for line in stage.log()]


async def test_a_turn_is_said_placed_shown_and_remembered_in_order(tmp_path: Path) -> None:
    stage, studio = WrittenStage(tmp_path / "stage"), ScriptedStudio()
    async with open_runner(settings_at(tmp_path), stage, studio) as (library, runner):
        story = await begin_story(library)
        assert await runner.accept(turn_of(story, "t1", "2 friends meet"))
        await runner.finished("t1")
        assert said(stage) == [("say", "t1-step"), ("place", "t1-step.0"), ("place", "t1-step.1"),
                               ("show", "t1-step.0v1"), ("show", "t1-step.1v1")]
        panels = await library.panels(story.story_id)
        assert [panel.state for panel in panels] == [PanelState.DONE] * 2
        assert all(panel.message_id == f"message-{panel.panel_id}" and panel.boxes for panel in panels)
        for panel in panels:
            assert panel.picture and panel.underdrawing
            assert (await library.picture(panel.underdrawing)).startswith(b"\x89PNG")
        assert (await library.turn(TurnId("t1"))).state is TurnState.DONE
        assert any(isinstance(event, Painted) and event.turn_id == "t1" for event in stage.hints)
        plates = [brief for brief in studio.painted if brief.is_plate]
        assert len(plates) == 1 and len(studio.painted) == 3, "the setting is painted once without people"


async def test_the_same_turn_twice_is_one_turn(tmp_path: Path) -> None:
    stage = WrittenStage(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        turn = turn_of(story, "t1", "once")
        assert await asyncio.gather(runner.accept(turn), runner.accept(turn)) != [True, True]
        await runner.finished("t1")
        assert len(said(stage)) == 3


async def test_turns_of_a_story_follow_each_other_and_stories_do_not_wait(tmp_path: Path) -> None:
    stage = WrittenStage(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, ScriptedStudio(delay_s=0.02)) as (library, runner):
        stories = [await begin_story(library, f"s{index}") for index in range(3)]
        for number in range(4):
            for story in stories:
                await runner.accept(turn_of(story, f"{story.story_id}-{number}", f"turn {number}"))
        for story in stories:
            for number in range(4):
                await runner.finished(f"{story.story_id}-{number}")
        for story in stories:
            mine = [line for line in stage.log() if line["venue"] == story.venue_id]
            assert all(line["key"].startswith(f"{story.story_id}-") for line in mine), "two stories never cross"
            assert [line["key"][3] for line in mine] == [str(number) for number in range(4) for _ in range(3)]
            steps = await library.steps(story.story_id)
            assert [step.turn_id for step in steps] == [f"{story.story_id}-{number}" for number in range(4)]
        order = [line["venue"] for line in stage.log()]
        assert order != sorted(order), "stories are told side by side"


async def test_a_failed_page_is_said_plainly_and_the_story_goes_on(tmp_path: Path) -> None:
    stage = WrittenStage(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        for name, text in (("t1", "fail writing"), ("t2", "2 fail painting"), ("t3", "all is well")):
            await runner.accept(turn_of(story, name, text))
        for name in ("t1", "t2", "t3"):
            await runner.finished(name)
        assert said(stage)[0] == ("fail", "t1:studio_failed")
        assert ("fail", "t2-step.0:out_of_memory") in said(stage) and ("show", "t2-step.1v1") in said(stage)
        assert said(stage)[-1] == ("show", "t3-step.0v1")
        assert (await library.turn(TurnId("t1"))).state is TurnState.FAILED
        assert (await library.turn(TurnId("t2"))).state is TurnState.DONE
        assert [step.turn_id for step in await library.steps(story.story_id)] == ["t2", "t3"]
        assert (await library.panel(PanelId("t2-step.0"))).state is PanelState.FAILED


@pytest.mark.parametrize(("scores", "paints"), [((0.9,), 1), ((0.1, 0.9), 2), ((0.1, 0.2), 2), ((0.2, 0.1), 2)])
async def test_somebody_not_themselves_is_painted_again_once_and_the_better_kept(
        tmp_path: Path, scores: tuple[float, ...], paints: int) -> None:
    stage, asked = WrittenStage(tmp_path / "stage"), iter(scores)

    def likenesses(pictures: Sequence[bytes]) -> list[list[float]]:
        axis = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
        if Image.open(io.BytesIO(pictures[0])).mode == "RGBA":      # the avatars, once
            return axis
        score = next(asked)
        off = (1 - score**2) ** 0.5
        return [[score * value for value in one[:2]] + [off] for one in axis] + [[0.0, 0.0, 1.0]] * (len(pictures) - 2)

    studio = ScriptedStudio(likenesses=likenesses)
    async with open_runner(settings_at(tmp_path), stage, studio) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "who is who"))
        await runner.finished("t1")
        seeds = [seed for brief, seed in zip(studio.painted, studio.seeds, strict=True) if not brief.is_plate]
        assert len(seeds) == paints == len(set(seeds))
        best = max(range(len(scores)), key=lambda index: scores[index])
        panel = await library.panel(PanelId("t1-step.0"))
        assert panel.seed == seeds[best]
        assert panel.verdict is not None and panel.verdict.attempts == paints
        assert [round(score, 3) for _, score in panel.verdict.scores] == [scores[best]] * 2
        assert set(panel.verdict.missing) == (set() if scores[best] >= 0.4 else {"mia", "bo"})


async def test_a_panel_that_cannot_be_checked_is_shown_all_the_same(tmp_path: Path) -> None:
    def no_likeness(pictures: Sequence[bytes]) -> list[list[float]]:
        raise StudioFailed("there is no likeness encoder")

    stage, studio = WrittenStage(tmp_path / "stage"), ScriptedStudio(likenesses=no_likeness)
    async with open_runner(settings_at(tmp_path), stage, studio) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "unchecked"))
        await runner.finished("t1")
        assert said(stage)[-1] == ("show", "t1-step.0v1")
        assert len([brief for brief in studio.painted if not brief.is_plate]) == 1, "it is not painted twice for that"


async def test_redraw_is_a_new_version_in_the_same_message_and_undo_takes_the_page_back(tmp_path: Path) -> None:
    stage = WrittenStage(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        for name in ("t1", "t2"):
            await runner.accept(turn_of(story, name, name))
            await runner.finished(name)
        before = await library.panel(PanelId("t2-step.0"))
        await runner.redraw(before.panel_id, OWNER, "r1")
        await runner.redraw(before.panel_id, OWNER, "r1")
        await runner.finished("r1")
        after = await library.panel(before.panel_id)
        assert (after.version, after.message_id) == (2, before.message_id) and after.seed != before.seed
        assert said(stage).count(("show", "t2-step.0v2")) == 1

        undone = await runner.undo(story.story_id, "u1")
        assert undone is not None and undone[0].turn_id == "t2"
        assert [panel.panel_id for panel in undone[1]] == ["t2-step.0"]
        assert [panel.panel_id for panel in await library.panels(story.story_id)] == ["t1-step.0"]
        assert [frame.panel_id for frame in await library.frames(story.story_id)] == ["t1-step.0"], "memory follows"
        with pytest.raises(Refused):
            await runner.redraw(before.panel_id, OWNER, "r2")
        assert await runner.undo(story.story_id, "u2") is not None
        assert await runner.undo(story.story_id, "u3") is None


async def test_undo_waits_for_no_turn_in_progress(tmp_path: Path) -> None:
    class Slow(ScriptedStudio):
        async def write(self, scene: Scene, **more: Any) -> StoryStep:
            await undone.wait()
            return await super().write(scene, **more)

    undone = asyncio.Event()
    async with open_runner(settings_at(tmp_path), WrittenStage(tmp_path / "stage"), Slow()) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "slowly"))
        with pytest.raises(Refused) as refused:
            await runner.undo(story.story_id, "u")
        assert refused.value.reason == "turn_in_progress"
        undone.set()
        await runner.finished("t1")


async def test_a_click_on_the_last_picture_waits_for_its_turn_to_close(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowToHear(WrittenStage):
        """The picture is there for everybody to see a moment before the bot hears so."""

        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self.there, self.heard = asyncio.Event(), asyncio.Event()

        async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
            message_id = await super().show(venue_id, panel, picture)
            self.there.set()
            await self.heard.wait()
            return message_id

    monkeypatch.setattr("engine.turn.CLOSING_S", 60.0)
    stage = SlowToHear(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "a page to take back"))
        await stage.there.wait()
        undoing = asyncio.create_task(runner.undo(story.story_id, "u"))
        await asyncio.sleep(0.1)
        assert await library.open_turns(story.story_id) and not undoing.done(), "it is not closed yet"
        stage.heard.set()
        assert await undoing is not None
        await runner.finished("t1")
        assert await library.panels(story.story_id) == []


async def test_an_ending_closes_the_story(tmp_path: Path) -> None:
    async with open_runner(settings_at(tmp_path), WrittenStage(tmp_path / "stage"),
                           ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "", TurnKind.END))
        await runner.finished("t1")
        assert (await library.story(story.story_id)).status is StoryStatus.ENDED


CHILD = """
import asyncio, sys
from pathlib import Path
from bench.staging import *
async def main(home):
    stage = WrittenStage(home / "stage")
    async with open_runner(settings_at(home), stage, ScriptedStudio(delay_s=0.05)) as (library, runner):
        if sys.argv[2] == "first":
            story = await begin_story(library)
            for number in range(3):
                await runner.accept(turn_of(story, f"t{number}", f"2 turn {number}"))
        print("accepted", flush=True)
        for number in range(3):
            await runner.finished(f"t{number}")
        print("finished", flush=True)
asyncio.run(main(Path(sys.argv[1])))
"""


def test_killed_at_any_moment_a_turn_goes_on_with_nothing_lost_or_doubled(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    whole = [(what, f"t{turn}-step{key}") for turn in range(3)
             for what, key in (("say", ""), ("place", ".0"), ("place", ".1"), ("show", ".0v1"), ("show", ".1v1"))]
    for case, delay_s in enumerate((0.02, 0.12, 0.21, 0.33)):
        home = tmp_path / str(case)
        home.mkdir()
        command = [sys.executable, "-c", CHILD, str(home)]
        child = subprocess.Popen([*command, "first"], env=environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "accepted\n"
        time.sleep(delay_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        done = subprocess.run([*command, "again"], env=environment, capture_output=True, text=True, timeout=120,
                              check=True)
        assert done.stdout.splitlines()[-1] == "finished"
        stage = WrittenStage(home / "stage")
        assert said(stage) == whole, f"killed after {delay_s} s"
