"""The page between two others: known pages stay as they are, whatever was missing, and the new one leads over."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bench.staging import BO, MIA, OWNER, ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Figure,
    Look,
    MessageId,
    OwnerId,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    Place,
    Pronouns,
    Refused,
    Scene,
    Setting,
    SettingId,
    StepId,
    Story,
    StoryId,
    StoryStep,
    Turn,
    TurnId,
    TurnKind,
    TurnState,
    VenueId,
)
from engine.planning import stable_seed
from engine.store import SqlLibrary
from engine.ways.filling import bridge, lead_over, leads_to, neighbours
from engine.ways.ways import Ways

CAST = {one: Character(one, OwnerId("o"), name, pronouns, Look(kind=kind)) for one, name, pronouns, kind in (
    (MIA, "Mia", Pronouns.SHE, "girl"), (BO, "Bo", Pronouns.IT, "dog"))}


def beat(*cast: CastMember, kind: str = "garden", **more: str) -> Beat:
    return Beat("", cast, kind, **more)  # type: ignore[arg-type]


# --- pure ------------------------------------------------------------------------------------------

def test_a_bridge_says_what_changes_and_shows_it() -> None:
    before = beat(CastMember(MIA, "sits", "calm"), CastMember(BO, "sleeps"), weather="rain")
    after = beat(CastMember(MIA, "dances", "happy", "kite"), kind="beach", time_of_day="evening")
    prose, between = bridge([before], [after], CAST, seed=1)
    assert "Mia" in prose and "to the beach" in prose and "The sun went down." in prose
    assert "The rain stopped." in prose and "found a kite" in prose and "Bo" in prose
    assert (between.setting_kind, between.time_of_day, between.weather) == ("beach", "evening", "clear")
    assert [(member.character_id, member.action) for member in between.cast] == [(MIA, "walks")]
    assert bridge([before], [after], CAST, seed=1) == (prose, between)


def test_in_the_same_place_who_comes_walks_in_and_who_goes_waves() -> None:
    prose, between = bridge([beat(CastMember(MIA, "reads"))], [beat(CastMember(BO, "runs"))], CAST, seed=2)
    assert {(member.character_id, member.action) for member in between.cast} == {(BO, "walks"), (MIA, "waves")}
    assert prose


@pytest.mark.parametrize(("before", "after"), [((), ()), ((beat(),), (beat(),)), ((), (beat(CastMember(MIA)),)),
                                               ((beat(CastMember(CharacterId("gone"))),), (beat(CastMember(MIA)),))])
def test_a_bridge_from_nothing_is_still_a_page(before: tuple[Beat, ...], after: tuple[Beat, ...]) -> None:
    prose, between = bridge(before, after, CAST, seed=3)
    assert prose.endswith(".") and {member.character_id for member in between.cast} <= set(CAST)


def test_a_plan_is_made_to_end_where_the_next_page_begins() -> None:
    raincoat = CastMember(MIA, "walks", wears=(("outfit", "raincoat"),))
    planned = leads_to([beat(raincoat), beat(raincoat)], [beat(CastMember(BO), kind="cave", weather="fog")], [MIA, BO])
    assert all(not member.wears for each in planned for member in each.cast), "later pages were drawn without it"
    assert (planned[-1].setting_kind, planned[-1].weather) == ("cave", "fog") and planned[0].setting_kind == "garden"
    assert BO in [member.character_id for member in planned[-1].cast]
    assert leads_to([], [beat()], [MIA]) == ()


def brief(*figures: tuple[CharacterId, float, str]) -> PanelBrief:
    return PanelBrief(PanelId("t-step.0"), StoryId("s"), "", tuple(
        Figure(who, who, Look(), Place(x, 0.9, 0.46), action) for who, x, action in figures),
        Setting(SettingId("s:1"), "garden", "the garden", 1))


def test_everybody_stands_half_way() -> None:
    placed = lead_over(brief((MIA, 0.5, "walks"), (BO, 0.9, "walks")), brief((MIA, 0.2, "stands")),
                       brief((MIA, 0.6, "stands"), (BO, 0.8, "stands")))
    at = {figure.character_id: figure.place for figure in placed.figures}
    assert at[MIA].x == pytest.approx(0.4) and not at[MIA].flip and at[BO].x == pytest.approx(0.8)
    assert lead_over(brief((MIA, 0.5, "walks")), None, None) == brief((MIA, 0.5, "walks"))
    hug = brief((MIA, 0.4, "hugs"), (BO, 0.6, "stands"))
    assert lead_over(hug, brief((MIA, 0.1, "stands")), None) == hug
    crowd = lead_over(brief(*((CharacterId(str(number)), 0.5, "walks") for number in range(5))), None, None)
    xs = sorted(figure.place.x for figure in crowd.figures)
    assert xs[0] >= 0.1 and xs[-1] <= 0.9 and min(b - a for a, b in itertools.pairwise(xs)) > 0.15


def test_only_neighbours_have_a_page_between_them() -> None:
    steps = [StoryStep(StepId(f"{number}-step"), StoryId("s"), TurnId(str(number)), "", ()) for number in range(4)]
    assert neighbours(steps, steps[2].step_id, steps[1].step_id) == (steps[1], steps[2])
    for first, second, reason in ((0, 0, "fill_same_page"), (0, 2, "fill_not_neighbours")):
        with pytest.raises(Refused) as refusal:
            neighbours(steps, steps[first].step_id, steps[second].step_id)
        assert refusal.value.reason == reason
    with pytest.raises(Refused) as refusal:
        neighbours(steps, steps[0].step_id, StepId("undone-step"))
    assert refusal.value.reason == "fill_gone"


# --- all subsets of five pages, for real -----------------------------------------------------------

KINDS = ("garden", "forest", "beach", "castle", "cave")


class BridgingStudio(ScriptedStudio):
    """Writes pages of known places; what is missing it bridges by the rules the embedded writer uses."""

    async def write(self, scene: Scene, **asked: object) -> StoryStep:  # type: ignore[override]
        if scene.turn.kind is not TurnKind.FILL:
            step = await super().write(scene, **asked)  # type: ignore[arg-type]
            kind = KINDS[int(scene.turn.text.split()[-1])]
            return replace(step, beats=tuple(replace(each, setting_kind=kind) for each in step.beats[:1]))
        assert scene.leads_to is not None
        prose, between = bridge(scene.past[-1].beats, scene.leads_to.beats,
                                {one.character_id: one for one in scene.cast}, seed=1)
        return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, prose,
                         (between,), scene.story.head)


class NoBoard:
    """No text is illustrated here."""

    async def board_progress(self, *_: object) -> None:
        raise AssertionError

    async def board_done(self, *_: object) -> None:
        raise AssertionError


PATTERNS = [kept for size in range(2, 6) for kept in itertools.combinations(range(5), size)]


async def known_page(library: SqlLibrary, story: Story, name: str, kind: str, parent: str | None) -> None:
    """A page that is there already, with a picture of its own colour."""
    turn = turn_of(story, name, f"page of {kind}")
    await library.accept_turn(turn)
    await library.save_step(StoryStep(StepId(f"{name}-step"), story.story_id, turn.turn_id, f"At the {kind}.", (
        beat(CastMember(MIA, "waves"), CastMember(BO, "sits"), kind=kind),), StepId(parent) if parent else None))
    await library.close_turn(turn.turn_id, TurnState.DONE)
    out = io.BytesIO()
    Image.new("RGB", (8, 8), f"#{stable_seed(name) % 0xFFFFFF:06x}").save(out, "PNG")
    await library.save_panel(Panel(
        PanelId(f"{name}-step.0"), StepId(f"{name}-step"), 0, replace(brief((MIA, 0.3, "waves"), (BO, 0.7, "sits")),
                                                                      panel_id=PanelId(f"{name}-step.0")),
        PanelState.DONE, await library.keep_picture(out.getvalue(), owner_id=OWNER), message_id=MessageId(name)))


async def test_every_subset_of_five_pages_is_filled_and_known_panels_stay_as_they_are(tmp_path: Path) -> None:
    """Of five pages any two or more are kept: 26 patterns. Each gap of one or more pages gets its pages."""
    stage = WrittenStage(tmp_path / "stage")
    assert len(PATTERNS) == 26
    async with open_runner(settings_at(tmp_path), stage, BridgingStudio()) as (library, runner):
        ways = Ways(runner, NoBoard())
        first = await begin_story(library, "s")
        expected: dict[int, list[str]] = {}
        before: dict[int, dict[PanelId, tuple[Panel, bytes]]] = {}
        for number, kept in enumerate(PATTERNS):
            story = replace(first, story_id=StoryId(f"s{number}"), venue_id=VenueId(f"venue-{number}"))
            await library.save_story(story)
            for character_id in (MIA, BO):
                await library.add_to_cast(story.story_id, character_id)
            names = [f"s{number}-{page}" for page in kept]
            for name, page, parent in zip(names, kept, [None, *names], strict=False):
                await known_page(library, story, name, KINDS[page], f"{parent}-step" if parent else None)
            before[number] = {panel.panel_id: (panel, await library.picture(panel.picture))
                              for panel in await library.panels(story.story_id) if panel.picture}
            assert len(before[number]) == len(kept)
            order = []
            for one, other in itertools.pairwise(kept):
                order.append(f"s{number}-{one}")
                for missing in range(one + 1, other):
                    name = f"s{number}-fill-{missing}"
                    # A gap of several pages fills from the left: the page before may be one that was just filled.
                    await ways.fill(turn_of(story, name, ""), StepId(f"s{number}-{other}-step"),
                                    StepId(f"{order[-1]}-step"))
                    await runner.finished(name)
                    assert (await library.turn(TurnId(name))).state is TurnState.DONE
                    order.append(name)
            expected[number] = [*order, f"s{number}-{kept[-1]}"]
        for number, kept in enumerate(PATTERNS):
            story = await library.story(StoryId(f"s{number}"))
            steps = await library.steps(story.story_id)
            assert [step.turn_id for step in steps] == expected[number], kept
            assert len(steps) == kept[-1] - kept[0] + 1 and story.head == steps[-1].step_id
            panels = await library.panels(story.story_id)
            assert [panel.step_id for panel in panels] == [step.step_id for step in steps]
            for panel in panels:
                assert panel.state is PanelState.DONE and panel.picture
                if panel.panel_id in before[number]:
                    assert (panel, await library.picture(panel.picture)) == before[number][panel.panel_id]
                else:
                    at = {figure.character_id: figure.place.x for figure in panel.brief.figures}
                    assert at[MIA] == pytest.approx(0.3) and at[BO] == pytest.approx(0.7), "half way between"


async def test_undo_branch_and_taking_out_follow_the_filled_page(tmp_path: Path) -> None:
    stage = WrittenStage(tmp_path / "stage")
    async with open_runner(settings_at(tmp_path), stage, BridgingStudio()) as (library, runner):
        ways = Ways(runner, NoBoard())
        story = await begin_story(library)
        for page in (0, 3):
            await runner.accept(turn_of(story, f"t{page}", f"page {page}"))
            await runner.finished(f"t{page}")
        await ways.fill(turn_of(story, "f1", ""), StepId("t0-step"), StepId("t3-step"))
        await runner.finished("f1")

        async def order() -> list[str]:
            return [step.turn_id for step in await library.steps(story.story_id)]

        assert await order() == ["t0", "f1", "t3"]
        assert [frame.panel_id for frame in await library.frames(story.story_id)] == [
            "t3-step.0", "f1-step.0", "t0-step.0"], "memory has it where it belongs"
        await runner.undo(story.story_id, "u1")
        assert await order() == ["t0", "f1"], "undo takes the newest page of the story, not the newest drawn"
        await runner.accept(turn_of(story, "t4", "page 4"))
        await runner.finished("t4")
        assert await order() == ["t0", "f1", "t4"]
        taken, panels = await ways.take_out(StepId("f1-step"))
        assert await order() == ["t0", "t4"] and taken.step_id == "f1-step" and len(panels) == 1
        assert (await library.panel(PanelId("f1-step.0"))).state is PanelState.UNDONE
        with pytest.raises(Refused):
            await ways.take_out(StepId("t0-step"))
        # What no longer follows it cannot be led to: said plainly, and nothing is changed.
        await runner.accept(Turn(TurnId("late"), story.story_id, OWNER, "Ann", "", TurnKind.FILL,
                                 before=StepId("t3-step")))
        await runner.finished("late")
        late = await library.turn(TurnId("late"))
        assert (late.state, late.reason) == (TurnState.FAILED, "fill_gone") and await order() == ["t0", "t4"]
