"""A picture shows what its turn plainly says, and a model's pose only where it says nothing."""

from __future__ import annotations

import pytest

from engine.nouns import Beat, CastMember, CharacterId
from engine.writers.correct import correct, picture_words
from engine.writers.lexicon import named_place
from engine.writers.told import Doing, as_said, doings

A, B, C, D = (CharacterId(f"ID_{number}") for number in range(1, 5))
KITCHEN = Beat("", (CastMember(A), CastMember(B)), "kitchen", "", "day", "clear")


@pytest.mark.parametrize(("text", "said"), [
    ("ID_1 and ID_2 were reading a book in ID_1's bedroom when ID_3 jumped onto the bed.",
     {A: ("reads", "book", None), B: ("reads", "book", None), C: ("jumps", None, None)}),
    ("ID_1 hugs ID_4 and gives ID_4 a red balloon.", {A: ("gives", "balloon", D)}),
    ("ID_3 steals the cake and runs out! ID_1 and ID_2 chase ID_3.",
     {C: ("runs", "cake", None), A: ("runs", None, C), B: ("runs", None, C)}),
    ("ID_2 gives the key to ID_4. ID_4 dances with ID_3 while ID_1 claps.",
     {B: ("gives", "key", D), D: ("dances", None, C), A: ("cheers", None, None)}),
    ("ID_1 sat on the bed reading a letter from ID_2.", {A: ("reads", "letter", None)}),
    ("ID_1 and ID_2 hug.", {A: ("hugs", "", B), B: ("hugs", "", A)}),
    ("When ID_1 falls asleep, ID_2 tiptoes away.", {A: ("sleeps", None, None)}),
    ("ID_1 runs to ID_3 and hugs ID_3.", {A: ("hugs", "", C)}),
    ("ID_2 and ID_1 are baking a cake.", {B: ("carries", "cake", None)}),
])
def test_what_a_turn_says_of_each(
    text: str, said: dict[CharacterId, tuple[str, str | None, CharacterId | None]]
) -> None:
    assert {who: (one.action, one.holding, one.toward) for who, one in doings(text).items()} == said


@pytest.mark.parametrize(("text", "moods"), [
    ("At night they sit in the forest. ID_2 is scared, but ID_3 sleeps.", {B: "scared", C: "sleepy"}),
    ("Inside there is a tiny mouse called ID_4, who is very angry with ID_1.", {D: "angry"}),
    ("ID_1 was so sad that ID_2 gave ID_1 a hug.", {A: "sad", B: ""}),
])
def test_what_a_turn_says_they_feel(text: str, moods: dict[CharacterId, str]) -> None:
    assert {who: one.mood for who, one in doings(text).items()} == moods


@pytest.mark.parametrize("text", [
    "ID_1 does not run.", "ID_2 wants to fly.", "ID_3 can sing.", "ID_2 said that ID_1 could fly.",
    '"ID_2 runs and ID_3 cries," it says.', "ID_1 takes off the coat.", "ID_1 hugs the tree.", "", "ID_1.",
    "The letter from ID_1 is lost."])
def test_what_does_not_happen_is_not_shown(text: str) -> None:
    assert not doings(text)


def test_the_models_pose_gives_way_to_the_turn_and_one_thing_is_in_one_pair_of_hands() -> None:
    beat = Beat("", (CastMember(A, "points", "happy", "cake"), CastMember(B, "dances", "happy")), "kitchen", "", "day",
                "clear", props=("cake",))
    later = Beat("", (CastMember(B, "sits"),), "kitchen", "", "day", "clear")
    first, second = as_said([beat, later], "ID_2 steals the cake and runs. ID_1 is angry.")
    assert first.cast == (CastMember(A, "points", "angry", ""), CastMember(B, "runs", "happy", "cake"))
    assert first.props == () and second == later            # a later picture is the story going on
    assert as_said([beat], "Nothing is said.") == (beat,)
    # a hug is of somebody who is there
    assert as_said([later], "ID_2 hugs ID_3.")[0].cast[0].action == "sits"


def test_of_a_person_the_last_thing_they_do_counts_and_what_was_given_is_gone() -> None:
    assert doings("ID_1 takes the map. ID_1 gives it to ID_2. ID_1 waves.")[A] == Doing("waves", "", None, None)
    assert doings("ID_1 picks up the teddy, sits down and cries.")[A] == Doing("cries", "sad", "teddy", None)


def test_what_the_turn_speaks_of_is_in_the_picture_though_nobody_holds_it() -> None:
    picked = Beat("", (CastMember(A, "carries", holding="lantern"),), "garden")
    [beat] = as_said([picked], "ID_1 sees a small lantern in the grass.")
    assert (beat.cast[0].action, beat.cast[0].holding, beat.props) == ("looks", "", ("lantern",))
    [beat] = as_said([picked], "ID_1 runs away.")
    assert (beat.cast[0].action, beat.cast[0].holding, beat.props) == ("runs", "", ())


@pytest.mark.parametrize(("text", "place"), [
    ("Inside the castle there is a mouse.", "castle"), ("At night on the beach, ID_1 dances.", "beach"),
    ("They sail in a boat across the sea to a castle.", "castle"), ("ID_1 wakes up in his own bedroom.", "bedroom"),
    ("ID_1 thinks of the cat in the garden.", ""), ("On top of that ID_1 sneezed.", "")])
def test_where_a_turn_takes_us(text: str, place: str) -> None:
    assert named_place(text) == place


def test_anothers_room_and_a_new_one_are_not_the_one_we_know() -> None:
    here = Beat("", (CastMember(A), CastMember(B)), "bedroom", "ID_1's bedroom", "night", "rain")

    def named(turn: str, prose: str = "") -> Beat:
        return correct([here], turn=turn, prose=prose, author=None, here=here, slots=(A, B), first_person=False)[0]

    morning = named("In the morning ID_2 wakes up in ID_2's own bedroom.")
    assert (morning.setting_name, morning.time_of_day, morning.weather) == ("ID_2's bedroom", "day", "clear")
    assert named("ID_1 and ID_2 go into a new bedroom.").setting_name == "the new bedroom"
    assert named("ID_2 goes to ID_1's bedroom.").setting_name == "ID_1's bedroom"
    # a page that nobody asked anything of says itself what time it is
    assert named("", "In the evening ID_1 yawned.").time_of_day == "evening"


def test_it_does_not_rain_in_a_room() -> None:
    beat = Beat("", (CastMember(A),), "kitchen", "", "day", "rain")
    assert picture_words(beat) == "In the kitchen, while it rains outside: ID_1 stands."
