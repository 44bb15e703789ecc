"""Planning: the same place is the same place, nobody's face is hidden, replays agree."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.layout import heads
from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Figure,
    Look,
    OwnerId,
    Place,
    Pronouns,
    ServerId,
    StepId,
    Story,
    StoryId,
    StoryStep,
    TurnId,
    VenueId,
)
from engine.planning import (
    panel_id,
    place_figures,
    place_props,
    plan_panels,
    plate_brief,
    resolve_setting,
    stable_seed,
)
from engine.vocabulary import ACTIONS, KINDS, SHOTS

STORY = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("o"), "A story")


def figure(name: str, kind: str = "girl", action: str = "stands", toward: str | None = None) -> Figure:
    return Figure(CharacterId(name), name, Look(kind=kind), Place(0, 0, 0), action,
                  toward=CharacterId(toward) if toward else None)


def character(name: str, kind: str = "girl") -> Character:
    return Character(CharacterId(name), OwnerId("o"), name, Pronouns.SHE, Look(kind=kind))


def beat(kind: str, name: str = "", *cast: CastMember, **more: object) -> Beat:
    return Beat("What happens.", cast, kind, name, **more)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(ACTIONS)), min_size=1, max_size=4),
       st.sampled_from(SHOTS), st.integers(0, 2**31))
@example([("girl", "swims"), ("woman", "swims"), ("woman", "swims")], "close", 0)
def test_everybody_stands_inside_the_frame_and_apart(row: list[tuple[str, str]], shot: str, seed: int) -> None:
    figures = [figure(str(index), kind, action) for index, (kind, action) in enumerate(row)]
    placed = place_figures(figures, shot=shot, seed=seed)
    assert sorted(f.character_id for f in placed) == sorted(f.character_id for f in figures)
    seen = heads(placed)
    for x, y, rx, ry in seen.values():
        assert rx - 0.01 <= x <= 1.01 - rx and ry - 0.01 <= y <= 1.01 - ry, "heads are in the frame"
    for left, right in pairwise(figures):
        assert seen[left.character_id][0] < seen[right.character_id][0], "the cast reads left to right"


def test_places_are_deterministic_and_seeded() -> None:
    row = [figure("a"), figure("b", "dog"), figure("c", "man")]
    assert place_figures(row, shot="wide", seed=1) == place_figures(row, shot="wide", seed=1)
    assert place_figures(row, shot="wide", seed=1) != place_figures(row, shot="wide", seed=2)


def test_those_who_touch_stand_together_and_face_each_other() -> None:
    row = [figure("a", action="hugs", toward="c"), figure("b"), figure("c")]
    placed = {f.character_id: f.place for f in place_figures(row, shot="wide", seed=3)}
    between = abs(placed[CharacterId("a")].x - placed[CharacterId("c")].x)
    assert between < abs(placed[CharacterId("a")].x - placed[CharacterId("b")].x)
    left, right = sorted((placed[CharacterId("a")], placed[CharacterId("c")]), key=lambda place: place.x)
    assert not left.flip and right.flip


def test_a_rider_sits_above_and_in_front_of_who_carries() -> None:
    placed = place_figures([figure("a", action="rides", toward="b"), figure("b", "unicorn")], shot="wide", seed=5)
    assert [f.character_id for f in placed] == ["b", "a"]
    assert placed[1].place.y < placed[0].place.y


def test_sizes_come_from_kind_and_size() -> None:
    placed = {f.character_id: f.place.height for f in place_figures(
        [figure("man", "man"), figure("mouse", "mouse"),
         replace(figure("big"), look=Look(kind="girl", size=1.2))], shot="wide", seed=1)}
    assert placed[CharacterId("mouse")] < placed[CharacterId("big")] < placed[CharacterId("man")]


def test_the_same_bedroom_is_the_same_and_a_new_one_is_not() -> None:
    mias = resolve_setting(STORY, beat("bedroom", "Mia's bedroom"), [])
    assert resolve_setting(STORY, beat("bedroom", "mia's  Bedroom"), [mias]) == mias
    bens = resolve_setting(STORY, beat("bedroom", "Ben's bedroom"), [mias])
    assert bens.setting_id != mias.setting_id and bens.seed != mias.seed
    assert resolve_setting(STORY, beat("bedroom"), [mias, bens]) == bens, "no name: where we last were"
    assert resolve_setting(STORY, beat("volcano"), [mias]).kind == "bedroom", "unknown kind: we stay"
    elsewhere = replace(STORY, story_id=StoryId("t"))
    assert resolve_setting(elsewhere, beat("bedroom", "Mia's bedroom"), []).setting_id != mias.setting_id


def test_a_plan_keeps_order_settings_and_ids() -> None:
    step = StoryStep(StepId("x"), STORY.story_id, TurnId("t"), "prose", (
        beat("forest", "the forest", CastMember(CharacterId("a"), "walks")),
        beat("cave", "", CastMember(CharacterId("a")), CastMember(CharacterId("gone"))),
        beat("forest", "the forest", CastMember(CharacterId("b")), props=("tent", "ball"))))
    cast = {CharacterId("a"): character("a"), CharacterId("b"): character("b", "dog")}
    briefs, new = plan_panels(STORY, step, cast, [])
    assert [brief.panel_id for brief in briefs] == [panel_id(step.step_id, index) for index in range(3)]
    assert briefs[0].setting == briefs[2].setting != briefs[1].setting
    assert {setting.kind for setting in new} == {"forest", "cave"} and len(new) == 2
    assert [figure.character_id for figure in briefs[1].figures] == ["a"], "who left the cast is not drawn"
    assert [prop for prop, _ in briefs[2].props] == ["tent", "ball"]
    assert plan_panels(STORY, step, cast, []) == (briefs, new), "a replay plans the same"


def test_the_smaller_of_two_who_hug_is_seen() -> None:
    for small, big in (("mouse", "bear"), ("baby", "dragon")):
        for pair in ((figure("a", big, "hugs", "b"), figure("b", small)), (figure("a", small, "hugs", "b"),
                                                                           figure("b", big))):
            for seed in range(6):
                assert place_figures(pair, shot="wide", seed=seed)[-1].look.kind == small


def test_small_things_lie_in_front_float_or_are_in_somebodys_hands() -> None:
    figures = place_figures([replace(figure("a"), holding="cup"), figure("b")], shot="wide", seed=3)
    placed = dict(place_props(("lantern", "cup", "balloon", "tent", "key"), figures, shot="wide", seed=3))
    assert set(placed) == {"tent", "lantern", "balloon"}, "two small ones at most, and not what somebody holds"
    assert placed["lantern"].y > 0.93 > placed["tent"].y > placed["balloon"].y
    xs = [place.x for place in placed.values()] + [other.place.x for other in figures]
    assert min(abs(one - two) for index, one in enumerate(xs) for two in xs[:index]) > 0.08


def test_a_plate_is_the_brief_without_anybody() -> None:
    step = StoryStep(StepId("x"), STORY.story_id, TurnId("t"), "", (beat("beach", "", CastMember(CharacterId("a"))),))
    (brief,), _ = plan_panels(STORY, step, {CharacterId("a"): character("a")}, [])
    assert not brief.is_plate and plate_brief(brief).is_plate
    assert plate_brief(brief).setting == brief.setting


@pytest.mark.parametrize("parts", [("a", 1), ("å", "ø"), ()])
def test_seeds_are_stable_numbers(parts: tuple[object, ...]) -> None:
    assert 0 <= stable_seed(*parts) < 2**31 and stable_seed(*parts) == stable_seed(*parts)
    assert stable_seed("ab", "c") != stable_seed("a", "bc")
