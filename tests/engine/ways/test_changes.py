"""Redraw with a change: what people ask for is understood or asked back, and nothing else of the picture moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nouns import (
    Character,
    CharacterId,
    Figure,
    Look,
    OwnerId,
    PanelBrief,
    PanelId,
    Place,
    Pronouns,
    Refused,
    ServerId,
    Setting,
    SettingId,
    Story,
    StoryId,
    VenueId,
)
from engine.ways.change_reading import EDITS, REQUEST_CHARACTERS, Edit, read_change
from engine.ways.changes import Changed, apply_change

ME = OwnerId("me")
STORY = Story(StoryId("s"), VenueId("v"), ServerId(""), ME, "A story")


def person(name: str, pronouns: str, kind: str, **more: Any) -> Character:
    look = Look(kind=kind, **more.pop("look", {}))
    return Character(CharacterId(name.casefold()), ME, name, Pronouns(pronouns), look, **more)


MIA = person("Mia", "she", "girl", nicknames=("Mimi",))
BEN = person("Ben", "he", "boy", look={"glasses": "round"}, relation="brother")
BO = person("Bo", "it", "dog")
OLGA = person("Olga", "she", "grandmother")
CAST = (MIA, BEN, BO, OLGA)
GARDEN = Setting(SettingId("s:1"), "garden", "the garden", 3)
BEDROOM = Setting(SettingId("s:2"), "bedroom", "Mia's bedroom", 4)


def figure(character: Character, x: float, **more: Any) -> Figure:
    return Figure(character.character_id, character.name, character.look, Place(x, 0.9, 0.46), **more)


BRIEF = PanelBrief(PanelId("t1-step.0"), STORY.story_id, "They play.", (
    figure(MIA, 0.28), figure(BEN, 0.6), figure(BO, 0.82)), GARDEN, props=(("ball", Place(0.1, 0.955, 0.12)),))


def changed(words: str, brief: PanelBrief = BRIEF, locale: str = "en") -> Changed:
    wish = read_change(words, brief, CAST, known=(BEDROOM, GARDEN), owner=ME, author=MIA.character_id, locale=locale)
    assert all(edit.what in EDITS for edit in wish.edits)
    return apply_change(brief, wish, story=STORY, cast={one.character_id: one for one in CAST},
                        known=(BEDROOM, GARDEN))


def of(result: Changed, who: Character) -> Figure:
    return next(one for one in result.brief.figures if one.character_id == who.character_id)


def untouched(result: Changed, *but: Character) -> bool:
    """Whether everybody else is to the digit as they were."""
    before = {one.character_id: one for one in BRIEF.figures}
    return all(one == before[one.character_id] for one in result.brief.figures
               if one.character_id not in [each.character_id for each in but])


Check = Callable[[Changed], bool]


@pytest.mark.parametrize(("words", "check"), [
    ("make it night", lambda r: r.brief == replace(BRIEF, time_of_day="night")),
    ("Could you please make it dark?", lambda r: r.brief == replace(BRIEF, time_of_day="night")),
    ("at sunset", lambda r: r.brief == replace(BRIEF, time_of_day="evening")),
    ("in rain", lambda r: r.brief == replace(BRIEF, weather="rain")),
    ("it should be snowing", lambda r: r.brief == replace(BRIEF, weather="snow")),
    ("give her a hat", lambda r: of(r, MIA).look.headwear == "sunhat" and untouched(r, MIA)),
    ("give Mimi a green hat", lambda r: (of(r, MIA).look.headwear_colour, of(r, MIA).worn) == (
        "green", (("headwear", "sunhat"), ("headwear_colour", "green")))),
    ("my brother should wear a yellow raincoat", lambda r: (
        of(r, BEN).look.outfit, of(r, BEN).look.outfit_colour) == ("raincoat", "yellow") and untouched(r, BEN)),
    ("take off his glasses", lambda r: of(r, BEN).look.glasses == "none" and untouched(r, BEN)),
    ("give the dog a blue scarf", lambda r: of(r, BO).look.accessories == ("scarf",)
     and of(r, BO).look.accessory_colour == "blue"),
    ("make Mia's dress green", lambda r: (of(r, MIA).look.outfit, of(r, MIA).look.outfit_colour) == ("dress", "green")),
    ("move Ben to the left", lambda r: of(r, BEN).place.x < 0.25 and of(r, BO) == BRIEF.figures[2]
     and of(r, MIA).place.x == 0.6),
    ("put Ben next to the dog", lambda r: abs(of(r, BEN).place.x - 0.82) < 0.35 and untouched(r, BEN)),
    ("Ben behind Mia", lambda r: r.brief.figures[0].name == "Ben" and of(r, BEN).place.height < 0.46),
    ("swap Mia and Ben", lambda r: (of(r, MIA).place.x, of(r, BEN).place.x) == (0.6, 0.28)),
    ("Mia should be smiling", lambda r: of(r, MIA).mood == "happy" and untouched(r, MIA)),
    ("she looks sad", lambda r: of(r, MIA).mood == "sad" and of(r, MIA).action == "stands"),
    ("let him jump", lambda r: of(r, BEN).action == "jumps" and of(r, BEN).place.y < 0.9),
    ("Mia hugs Ben", lambda r: (of(r, MIA).action, of(r, MIA).toward) == ("hugs", BEN.character_id)
     and abs(of(r, MIA).place.x - of(r, BEN).place.x) < 0.25 and untouched(r, MIA)),
    ("without the dog", lambda r: [one.name for one in r.brief.figures] == ["Mia", "Ben"] and untouched(r)),
    ("Olga should be there too", lambda r: {one.name for one in r.brief.figures} == {"Mia", "Ben", "Bo", "Olga"}),
    ("add a kite", lambda r: [name for name, _ in r.brief.props] == ["ball", "kite"] and untouched(r)),
    ("add a red drum", lambda r: r.notes == ("change_colourless",)),
    ("remove the ball", lambda r: r.brief.props == () and untouched(r)),
    ("Mia holds the ball", lambda r: of(r, MIA).holding == "ball" and r.brief.props == ()),
    ("put a boat on the left", lambda r: r.brief.props[1][0] == "boat" and r.brief.props[1][1].x < 0.3),
    ("closer", lambda r: r.brief.shot == "close" and all(one.place.height > 0.46 for one in r.brief.figures)),
    ("in the forest instead", lambda r: r.brief.setting.kind == "forest" and r.new_setting and untouched(r)),
    ("in Mia's bedroom", lambda r: r.brief.setting == BEDROOM and not r.new_setting),
    ("everybody is happy", lambda r: {one.mood for one in r.brief.figures} == {"happy"}),
    ("I should wave", lambda r: of(r, MIA).action == "waves" and untouched(r, MIA)),
    ("turn Ben around", lambda r: of(r, BEN).place.flip and untouched(r, BEN)),
    ("make it night and give her a red hat and a blue scarf", lambda r: r.brief.time_of_day == "night" and of(
        r, MIA).look.headwear_colour == "red" and of(r, MIA).look.accessories == ("scarf",)),
    ("Mia is sad, and let Ben dance. No ball!", lambda r: of(r, MIA).mood == "sad" and of(r, BEN).action == "dances"
     and not r.brief.props),
])
def test_a_wish_is_granted_and_the_rest_is_kept(words: str, check: Check) -> None:
    assert check(changed(words))


@pytest.mark.parametrize(("words", "check"), [
    ("gør det til nat", lambda r: r.brief == replace(BRIEF, time_of_day="night")),
    ("giv hende en rød hat", lambda r: of(r, MIA).look.headwear_colour == "red"),
    ("flyt Ben til venstre", lambda r: of(r, BEN).place.x < 0.25),
    ("Mia skal smile", lambda r: of(r, MIA).mood == "happy"),
    ("uden hunden", lambda r: len(r.brief.figures) == 2),
    ("i skoven i stedet", lambda r: r.brief.setting.kind == "forest"),
    ("i regnvejr", lambda r: r.brief.weather == "rain"),
    ("tættere på", lambda r: r.brief.shot == "close"),
])
def test_simple_danish_is_understood_too(words: str, check: Check) -> None:
    assert check(changed(words, locale="da"))


@pytest.mark.parametrize(("words", "reason"), [
    ("make the sky purple", "change_unclear"), ("Mia should not be smiling", "change_unclear"),
    ("don't make it night", "change_unclear"), ("give her a spaceship", "change_unclear"),
    ("asdf qwer", "change_unclear"), ("make it nicer", "change_unclear"), ("move to the left", "change_unclear"),
    ("Olga should smile", "change_not_there"), ("without Olga", "change_not_there"), ("", "change_empty"),
    ("?!", "change_empty"), ("x" * (REQUEST_CHARACTERS + 1), "change_too_long"), ("make it day", "change_nothing"),
    ("Ben wears glasses", "change_nothing"), ("zoom out", "change_nothing"),
])
def test_what_is_not_understood_changes_nothing_at_all(words: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        changed(words)
    assert refusal.value.reason == reason


def test_half_a_wish_is_not_granted() -> None:
    with pytest.raises(Refused) as refusal:
        changed("make it night and paint the wall like Picasso")
    assert refusal.value.reason == "change_unclear" and "picasso" in str(refusal.value.facts["rest"])


def test_a_pronoun_for_two_is_asked_back() -> None:
    both = replace(BRIEF, figures=(*BRIEF.figures[:1], figure(OLGA, 0.7)))
    with pytest.raises(Refused) as refusal:
        changed("give her a hat", both)
    assert refusal.value.reason == "change_who" and refusal.value.facts["names"] == "Mia, Olga"
    assert of(changed("Olga is sad and give her a hat", both), OLGA).look.headwear == "sunhat"


def test_from_now_on_is_told_apart() -> None:
    wish = read_change("From now on she wears a crown", BRIEF, CAST)
    assert wish.from_now_on and wish.edits == (Edit("wear", MIA.character_id, "crown", "headwear"),)
    assert not read_change("she wears a crown", BRIEF, CAST).from_now_on


def test_somebody_let_go_is_not_hugged_on() -> None:
    hug = replace(BRIEF, figures=(figure(MIA, 0.4, action="hugs", toward=BEN.character_id), figure(BEN, 0.6)))
    alone = changed("without Ben", hug)
    assert (of(alone, MIA).action, of(alone, MIA).toward) == ("stands", None)
    apart = changed("Mia on the left", hug)
    assert (of(apart, MIA).action, of(apart, MIA).toward) == ("stands", None)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_change_or_a_refusal(words: str) -> None:
    try:
        result = changed(words)
    except Refused as refusal:
        assert refusal.reason.startswith("change_")
    else:
        assert result.brief != BRIEF


@given(st.lists(st.sampled_from(["make it night", "give Mia a crown", "move Ben to the right", "without the dog",
                                 "add a drum", "closer", "in rain", "Mia hugs Ben", "add Olga", "Ben in front of Mia",
                                 "everybody dances", "bigger ball", "Mia to the left", "swap Mia and Ben"]), min_size=1,
                max_size=6))
def test_change_after_change_everybody_stays_in_the_frame(requests: list[str]) -> None:
    brief = BRIEF
    for words in requests:
        try:
            brief = changed(words, brief).brief
        except Refused:
            continue
    assert all(0.05 <= one.place.x <= 0.95 and one.place.height > 0.05 for one in brief.figures)
    assert len({one.character_id for one in brief.figures}) == len(brief.figures)
