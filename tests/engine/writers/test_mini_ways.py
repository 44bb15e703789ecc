"""The embedded writer on pages it does not make up: texts that are given, pages between two others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Look,
    OwnerId,
    Past,
    Pronouns,
    Scene,
    ServerId,
    StepId,
    Story,
    StoryId,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.writers.mini import MiniWriter

MIA, BEN, BO = CharacterId("m"), CharacterId("b"), CharacterId("d")
CAST = tuple(Character(one, OwnerId("o"), name, Pronouns(pronouns), Look(kind=kind)) for one, name, pronouns, kind in (
    (MIA, "Mia", "she", "girl"), (BEN, "Ben", "he", "boy"), (BO, "Bo", "it", "dog")))
STORY = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("o"), "t")


@pytest.fixture(scope="module")
def writer() -> Iterator[MiniWriter]:
    opened = MiniWriter(threads=1)
    yield opened
    opened.close()


def scene(text: str, past: tuple[Past, ...], kind: TurnKind, leads_to: Past | None = None) -> Scene:
    turn = Turn(TurnId("9-1"), STORY.story_id, OwnerId("o"), "Ada", text, kind,
                before=StepId("x") if leads_to else None)
    return Scene(STORY, turn, CAST, (), (), past, 1, leads_to=leads_to)


def past(prose: str, kind: str, *cast: CastMember, **more: str) -> Past:
    return Past("", "", prose, (Beat("", cast, kind, **more),))  # type: ignore[arg-type]


FOREST = past("Mia and Ben walked to the forest.", "forest", CastMember(MIA, "walks"), CastMember(BEN, "walks"))


@pytest.mark.parametrize(("text", "kind", "who", "doing"), [
    ("Bo ran ahead.", "forest", {BO}, {BO: "runs"}), ("Mia climbed up.", "forest", {MIA}, {MIA: "climbs"}),
    ("In the evening they went home to the kitchen.", "kitchen", {MIA, BEN}, {MIA: "walks"}),
    ("Ben slept on the floor.", "forest", {BEN}, {BEN: "sleeps"}), ("Then it began to rain.", "forest", {MIA, BEN}, {}),
    ("She jumped into the pond at night.", "meadow", {MIA}, {}),
])
def test_a_given_text_stays_as_it_is_and_says_who_where_and_when(
        writer: MiniWriter, text: str, kind: str, who: set[CharacterId], doing: dict[CharacterId, str]) -> None:
    step = writer.write(scene(text, (FOREST,), TurnKind.ILLUSTRATE), seed=3, on_text=lambda words: None)
    [beat] = step.beats
    assert step.prose == text and (step.step_id, step.closes_story) == ("9-1-step", False)
    cast = {member.character_id: member.action for member in beat.cast}
    if kind != "meadow":                   # where a pond lies is the lexicon's to say
        assert beat.setting_kind == kind
    assert who <= set(cast) and all(cast[one] == action for one, action in doing.items())
    assert beat.time_of_day == ("evening" if "evening" in text else "night" if "night" in text else "day")
    assert beat.weather == ("rain" if "rain" in text else "clear")
    assert beat.words and "ID_" not in beat.words


def test_a_page_between_leads_from_one_to_the_other(writer: MiniWriter) -> None:
    after = past("At the beach Bo had a ball.", "beach", CastMember(MIA, "sits"),
                 CastMember(BO, "carries", "happy", "ball"), time_of_day="evening")
    grown: list[str] = []
    step = writer.write(scene("", (FOREST,), TurnKind.FILL, after), seed=3, on_text=grown.append)
    [beat] = step.beats
    assert (beat.setting_kind, beat.time_of_day) == ("beach", "evening")
    assert {member.character_id for member in beat.cast} == {MIA, BO}
    assert "to the beach" in step.prose and "Ben" in step.prose and grown[-1] == step.prose
    assert "ball" not in {member.holding for member in beat.cast}, "that is the next page's to tell"
