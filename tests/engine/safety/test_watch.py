"""A turn through the real runner and a real store: what does not suit is never said, shown or kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.safety import bare
from bench.staging import ScriptedStudio, WrittenStage, begin_story, settings_at, turn_of
from engine.durable import Durable
from engine.events import Event, ProseGrew
from engine.nouns import (
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    PanelState,
    Refused,
    Scene,
    ServerId,
    ServerSettings,
    StoryStep,
    StudioFailed,
    TurnId,
    TurnState,
    Underdrawing,
)
from engine.safety.rules import unsuitable
from engine.safety.watch import fit_so_far, need_suitable, stricter
from engine.store import SqlLibrary, current_session, open_library
from engine.turn import TurnRunner

BAD, GOOD = "Then the wolf killed the king.", "Then the wolf hugged the king."


class Writer(ScriptedStudio):
    """Writes the given pages one after the other, whatever the turn; streams each before."""

    def __init__(self, *pages: str, beat: str = "They wave.") -> None:
        super().__init__()
        self.pages, self.beat = list(pages), beat
        self.write_seeds: list[int] = []

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        self.write_seeds.append(seed)
        step = await super().write(scene, seed=seed, on_event=on_event)
        prose = self.pages.pop(0)
        for end in range(1, len(prose) + 1):
            on_event(ProseGrew(scene.turn.turn_id, prose[:end]))
        beats = tuple(replace(beat, words=self.beat) for beat in step.beats)
        return replace(step, prose=prose, beats=beats)


class Judge:
    """A guard that finds a subject in texts that hold a word."""

    def __init__(self, word: str) -> None:
        self.word, self.asked = word, list[tuple[str, str]]()

    async def judge(self, text: str, *, rating: str, owner_id: OwnerId, server_id: ServerId) -> frozenset[str]:
        self.asked.append((text, rating))
        return frozenset({"violence"}) if self.word in text else frozenset()


@asynccontextmanager
async def playing(folder: Path, studio: ScriptedStudio, guard: Judge | None = None,
                  ) -> AsyncIterator[tuple[SqlLibrary, TurnRunner, WrittenStage]]:
    settings, stage = settings_at(folder), WrittenStage(folder / "stage")
    library = await open_library(settings)
    durable = Durable(system_database_url=f"sqlite:///{settings.home / 'turns.sqlite'}", engine=library.engine,
                      current_session=current_session)
    runner = TurnRunner(library, studio, stage, durable, guard=guard)
    await runner.start()
    try:
        yield library, runner, stage
    finally:
        await runner.close()
        await library.close()


def said(stage: WrittenStage) -> list[tuple[str, str]]:
    return [(line["what"], line["key"]) for line in stage.log()]


async def test_a_page_that_does_not_suit_is_written_once_more_with_another_seed(tmp_path: Path) -> None:
    studio = Writer(f"The king sat down. {BAD}", f"The king sat down. {GOOD}")
    async with playing(tmp_path, studio) as (library, runner, stage):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        [step] = await library.steps(story.story_id)
        assert step.prose.endswith(GOOD) and len(set(studio.write_seeds)) == 2
        shown = [event.prose for event in stage.hints if isinstance(event, ProseGrew)]
        assert shown and not [prose for prose in shown if "killed" in prose], "streamed: only sentences that passed"
        assert shown[0] == "The king sat down."


@pytest.mark.parametrize("beat", ["They wave.", "The king is killed."])
async def test_twice_unsuitable_fails_politely_and_leaves_nothing(tmp_path: Path, beat: str) -> None:
    pages = [BAD, BAD] if beat == "They wave." else [GOOD, GOOD]
    async with playing(tmp_path, Writer(*pages, beat=beat)) as (library, runner, stage):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        assert said(stage) == [("fail", "t1:prose_unsuitable")]
        assert await library.steps(story.story_id) == [] == await library.panels(story.story_id)
        assert (await library.turn(TurnId("t1"))).state is TurnState.FAILED


async def test_words_that_got_past_the_door_are_not_written_on(tmp_path: Path) -> None:
    studio = Writer(GOOD)
    async with playing(tmp_path, studio) as (library, runner, stage):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", BAD))
        await runner.finished("t1")
        assert said(stage) == [("fail", "t1:unsuitable_violence")] and studio.write_seeds == []


async def test_a_story_for_teenagers_may_tell_it_unless_its_server_has_become_stricter(tmp_path: Path) -> None:
    async with playing(tmp_path, Writer(BAD, BAD, BAD)) as (library, runner, stage):
        story = replace(await begin_story(library), server_id=ServerId("server"), rating="teen")
        await library.save_story(story)
        await library.save_server_settings(ServerSettings(ServerId("server"), rating="teen"))
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        assert [step.prose for step in await library.steps(story.story_id)] == [BAD]
        await library.save_server_settings(ServerSettings(ServerId("server"), rating="family", blocked_words=("wolf",)))
        await runner.accept(turn_of(story, "t2", "And then?"))
        await runner.finished("t2")
        assert said(stage)[-1] == ("fail", "t2:prose_unsuitable"), "the server's own words count for the writer too"


async def test_a_brief_is_judged_before_it_is_painted(tmp_path: Path) -> None:
    studio = Writer(GOOD)
    async with playing(tmp_path, studio) as (library, runner, stage):
        story = await begin_story(library)
        mia = (await library.cast(story.story_id))[0]
        await library.save_character(replace(mia, look=replace(mia.look, words="with a bloody knife")))
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        assert ("fail", "t1-step.0:brief_unsuitable") in said(stage) and studio.painted == []
        assert (await library.panel(PanelId("t1-step.0"))).state is PanelState.FAILED


class Undressing(Writer):
    """Paints the girl's clothes in the colour of her face, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__(GOOD)
        self.times = times

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes],
                    **more: object) -> Painting:  # type: ignore[override]
        painting = await super().paint(brief, underdrawing, references, **more)  # type: ignore[arg-type]
        if brief.is_plate or not self.times:
            return painting
        self.times -= 1
        return replace(painting, png=bare(painting.png, underdrawing, brief))


@pytest.mark.parametrize(("times", "last"), [
    (1, ("show", "t1-step.0v1")), (2, ("fail", "t1-step.0:picture_unsuitable"))])
async def test_a_picture_without_clothes_is_painted_once_more(
        tmp_path: Path, times: int, last: tuple[str, str]) -> None:
    studio = Undressing(times)
    async with playing(tmp_path, studio) as (library, runner, stage):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        assert said(stage)[-1] == last
        assert len({seed for brief, seed in zip(studio.painted, studio.seeds, strict=True) if brief.figures}) == 2


async def test_a_guard_model_is_asked_for_the_turn_and_for_the_page(tmp_path: Path) -> None:
    guard = Judge("gnome")
    async with playing(tmp_path, Writer("A gnome came.", "A bird came.", "A bird sang."), guard) as (
            library, runner, stage):
        story = await begin_story(library)
        for name, text in (("t1", "What next?"), ("t2", "A gnome sings."), ("t3", "A bird sings.")):
            await runner.accept(turn_of(story, name, text))
            await runner.finished(name)
        assert [step.prose for step in await library.steps(story.story_id)] == ["A bird came.", "A bird sang."]
        assert ("fail", "t2:unsuitable_violence") in said(stage)
        assert [text for text, _ in guard.asked] == [
            "What next?", "A gnome came.", "A bird came.", "A gnome sings.", "A bird sings.", "A bird sang."]
        assert {rating for _, rating in guard.asked} == {"toddler"}


async def test_a_guard_that_cannot_answer_lets_nothing_through(tmp_path: Path) -> None:
    class Silent(Judge):
        async def judge(self, text: str, *, rating: str, owner_id: OwnerId, server_id: ServerId) -> frozenset[str]:
            await asyncio.sleep(0)
            raise StudioFailed("no answer")

    async with playing(tmp_path, Writer(GOOD), Silent("")) as (library, runner, stage):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "What next?"))
        await runner.finished("t1")
        assert said(stage) == [("fail", "t1:studio_failed")]


def test_only_whole_sentences_that_passed_are_streamed() -> None:
    def judge(text: str) -> object:
        return unsuitable(text, "toddler")

    prose = f'The king sat. "Hello!" he said. {BAD} And then they slept.'
    shown = [fit_so_far(prose[:end], judge) for end in range(len(prose) + 1)]  # type: ignore[arg-type]
    assert list(dict.fromkeys(shown)) == ["", "The king sat.", 'The king sat. "Hello!', 'The king sat. "Hello!"',
                                          'The king sat. "Hello!" he said.']


def test_what_is_refused_at_the_door_comes_back() -> None:
    with pytest.raises(Refused) as refusal:
        need_suitable(BAD, "toddler")
    assert (refusal.value.reason, refusal.value.facts["typed"]) == ("unsuitable_violence", BAD)
    need_suitable(BAD, "family")
    with pytest.raises(Refused, match=r"unsuitable_blocked"):
        need_suitable("A gnome", "teen", ["gnome"])
    assert [stricter("teen", other) for other in ("toddler", "family", "teen", "?")] == [
        "toddler", "family", "teen", "toddler"]
