"""Names in and out, and the rules that hold a plan to its words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nouns import Beat, CastMember, CharacterId, Scene
from engine.vocabulary import SETTINGS
from engine.writers.agreement import agreeing
from engine.writers.correct import correct, picture_words, plan_by_rules, present, tidy
from engine.writers.lexicon import named_place, place_at
from engine.writers.mini_checks import contradictions, nonsense
from engine.writers.mini_reading import PageReader
from engine.writers.naming import Slots, clean_name, clean_text
from engine.writers.things import Things
from training.plots.words import classes
from training.writer_pages import listed_nouns

A, B, C = CharacterId("ID_1"), CharacterId("ID_2"), CharacterId("ID_3")
HERE = Beat("", (CastMember(A), CastMember(B)), "forest", "", "day", "clear")


def fixed(
    beats: list[Beat],
    turn: str,
    prose: str,
    *,
    here: Beat | None = HERE,
    author: CharacterId | None = None,
    first_person: bool = False,
) -> tuple[Beat, ...]:
    return correct(beats, turn=turn, prose=prose, author=author, here=here, slots=(A, B, C), first_person=first_person)


def shown(beats: tuple[Beat, ...]) -> list[list[str]]:
    return [[member.character_id for member in beat.cast] for beat in beats]


@given(st.text(max_size=200))
def test_a_clean_name_is_one_safe_line(name: str) -> None:
    clean = clean_name(name)
    assert 1 <= len(clean) <= 40 and clean == clean.strip()
    assert not set(clean) & set('@<>{}[]|`*_~#"\n\r\t\u202e\u200f\x00')


@given(st.text(max_size=300))
def test_clean_text_cannot_open_markup_or_mention(text: str) -> None:
    clean = clean_text(text)
    assert not set(clean) & set("<>{}[]|`*_~#@\n\u202e\x00") and "ID_" not in clean


def test_names_go_out_and_come_back(scene: Callable[..., Scene]) -> None:
    slots = Slots.of(scene())
    hidden = slots.hide("mia's ball fell on Grandma Rose. Grandma laughed, and BO too. A rose grew.")
    assert hidden == "ID_1's ball fell on ID_3. ID_3 laughed, and ID_2 too. A rose grew."
    assert slots.show(hidden) == "Mia's ball fell on Grandma Rose. Grandma Rose laughed, and Bo too. A rose grew."
    assert "ID_" not in slots.hide("ID_2 and ID 3 and ID_1").replace("id", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ID_1 rubbed his eyes. He was happy.", "ID_1 rubbed her eyes. She was happy."),
        ("ID_1 smiled at ID_2. He was glad.", "ID_1 smiled at ID_2. He was glad."),
        ('ID_3 lost her hat. "She is here," said ID_3.', 'ID_3 lost their hat. "She is here," said ID_3.'),
        ("ID_3 sang. He was cold.", "ID_3 sang. They were cold."),
        ("He ran to ID_1.", "He ran to ID_1."),
        ("It was fun. ID_2 licked their fingers.", "It was fun. ID_2 licked his fingers."),
        ('ID_2 laughed. "It is nice," she said.', 'ID_2 laughed. "It is nice," he said.'),
        ('ID_1 hid behind ID_2. "Who is it?" she asked.', 'ID_1 hid behind ID_2. "Who is it?" she asked.'),
        ("ID_1 and ID_2 licked their fingers.", "ID_1 and ID_2 licked their fingers."),
        ("ID_3 licked their fingers.", "ID_3 licked their fingers."),
    ],
)
def test_pronouns_agree_where_it_is_clear(before: str, after: str) -> None:
    assert agreeing(before, {"ID_1": "she", "ID_2": "he", "ID_3": "any"}) == after


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("ID_2 finds a purple xylofrog under the table.", ("xylofrog",)),
        ("They build a spaceship out of spaghetti", ("spaghetti",)),
        ("Suddenly a hungry crocodile comes out of the water and steals the sandwich", ("crocodile", "sandwich")),
        ("They eat sushi and dance with three wumpletoads", ("sushi", "wumpletoad")),
        ("ID_1 decides to go home", ()),
        ("ID_1 finds a ball", ()),
        ("The wizard vanishes!", ("wizard",)),
    ],
)
def test_things_are_found_by_their_place(text: str, things: tuple[str, ...]) -> None:
    found = Things(listed_nouns(), classes()["adjective"])
    found.register(text)
    assert sorted(found.known) == sorted(things)
    assert found.show(found.hide(text)) == text
    assert found.show("a THING_6") is None


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("ID_2 finds a purple xylofrog under the table.", "ID_2 finds a purple BEAST_1 under the table."),
        ("ID_1 gives the crocodile some pancakes", "ID_1 gives the BEAST_1 some FOOD_1s"),
        ("ID_1 bakes a glimbo", "ID_1 bakes a FOOD_1"),
        ("A hungry glimbo comes along", "A hungry BEAST_1 comes along"),
        ("ID_1 has a glimbo", "ID_1 has a THING_1"),
        ("Captain Zog invites ID_1 to his hut.", "NAME_1 invites ID_1 to his hut."),
        ("ID_1 meets Wuffel. Wuffel is tired", "ID_1 meets NAME_1. NAME_1 is tired"),
        ("They fly to Paris", "They fly to Paris"),
        ("ID_2 flies his red kite", "ID_2 flies his red kite"),
    ],
)
def test_a_thing_says_of_what_sort_it_is(text: str, hidden: str) -> None:
    things = Things(listed_nouns(), classes()["adjective"])
    things.register(text)
    assert things.hide(text) == hidden
    assert things.show(hidden) == text


def test_when_a_sort_is_full_its_oldest_is_forgotten() -> None:
    things = Things(listed_nouns(), classes()["adjective"])
    for animal in ("owl", "frog", "lion", "tiger", "zebra", "hippo", "seal"):
        things.register(f"ID_1 sees a {animal}.")
    assert things.hide("a seal and an owl") == "a BEAST_1 and an owl"


def test_a_page_reader_puts_slots_for_pronouns() -> None:
    reader = PageReader({A: "she", B: "he"}, listed_nouns(), classes()["adjective"])
    assert reader.turn("ID_1 and ID_2 find a wug.", None) == "ID_1 and ID_2 find a wug."
    reader.prose("ID_2 picked it up. ID_1 laughed.")
    assert reader.turn("I give him the wug and we go home", A) == "ID_1 give ID_2 the wug and ID_1 and ID_2 go home"
    assert reader.things.hide("the wug") == "the THING_1"


def test_faults_of_a_page_are_found() -> None:
    assert nonsense('"I am so hungry," said the FOOD_1.', "ID_1 gives the BEAST_1 some FOOD_1s")
    assert nonsense("ID_1 yawned so wide that her ears moved. ID_1 yawned too.", "ID_1 is tired")
    assert not nonsense("ID_1 yawned so wide that her ears moved. ID_2 yawned too.", "ID_1 is tired")
    assert not nonsense('"I am so hungry," said the BEAST_1.', "ID_1 gives the BEAST_1 some FOOD_1s")
    assert not nonsense('"Hello," said the THING_1.', "the THING_1 starts to talk")
    assert nonsense('ID_1 waved. "Come on, ID_1!"', "ID_1 runs") == ["calls themselves"]
    assert not nonsense('ID_1 waved. "Come on, ID_2!" ID_2 came. "Thank you, ID_1," said ID_2.', "ID_1 runs")
    here = HERE
    assert contradictions("ID_1 was in the castle.", "ID_1 sings", here) == ["another place"]
    assert not contradictions("ID_1 was in the castle.", "ID_1 goes to the castle", here)
    assert contradictions("It rained.", "it starts to snow", here) == ["another weather"]
    assert contradictions("ID_1 hugged the THING_1.", "ID_1 cannot find the THING_1", here) == ["holds what is lost"]
    assert not contradictions("ID_1 looked for the THING_1.", "ID_1 lost the THING_1.", here)


def test_who_is_spoken_of_is_not_seen() -> None:
    assert present("ID_1 looked for ID_2.") == [A]
    assert present("Where is ID_2?") == []
    assert present("ID_2 was gone. ID_1 cried.") == [A]
    assert present("ID_1 played with ID_2's ball.") == [A]
    assert present("ID_1 found ID_2 behind a tree.") == [A, B]
    assert present('"ID_2 would like this," said ID_1.') == [A]
    assert present("ID_1 and ID_3 wished for ID_2.") == [A, C]


def test_somebody_who_acts_is_added_and_a_stranger_taken_out() -> None:
    beat = Beat("", (CastMember(A, "runs"), CastMember(C, "sings")), "forest")
    [after] = fixed([beat], "ID_1 runs to ID_2.", "ID_2 waved at ID_1.")
    assert shown((after,)) == [[A, B]]
    assert after.cast[1].action == "waves"


def test_they_keeps_those_who_were_there() -> None:
    beat = Beat("", (CastMember(A), CastMember(B), CastMember(C)), "forest")
    assert shown(fixed([beat], "They run.", "They ran and ran.")) == [[A, B]]


def test_the_author_is_in_the_picture_of_i() -> None:
    beat = Beat("", (CastMember(A),), "forest")
    assert shown(fixed([beat], "I jump.", "What a jump!", author=B, first_person=True)) == [[A, B]] or shown(
        fixed([beat], "I jump.", "What a jump!", author=B, first_person=True)
    ) == [[B]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ID_1 goes to the castle", "castle"),
        ("we went into the dark woods", "forest"),
        ("they fly to the moon", "space"),
        ("ID_1 is at school", "classroom"),
        ("ID_1 walks home", "living room"),
        ("ID_1 dreams of the moon", ""),
        ("ID_1 does not go to the beach", ""),
        ("ID_1 eats a cake", ""),
        ("they swim to the island", "beach"),
    ],
)
def test_places_are_read_from_words(text: str, kind: str) -> None:
    assert named_place(text) == kind


def test_the_place_of_the_turn_wins() -> None:
    [after] = fixed([Beat("", (CastMember(A),), "forest")], "ID_1 goes to ID_2's house.", "It was warm there.")
    assert (after.setting_kind, after.setting_name) == ("living room", "ID_2's living room")


def test_impossible_poses_are_put_right() -> None:
    beat = Beat(
        "", (CastMember(A, "hugs", toward=C), CastMember(B, "rides", holding="bed"), CastMember(A, "runs")), "forest"
    )
    after = tidy(beat)
    assert [member.character_id for member in after.cast] == [A, B]
    assert after.cast[0].toward == B and after.cast[1].holding == ""
    lonely = tidy(Beat("", (CastMember(A, "holds hands", toward=B),), "forest"))
    assert lonely.cast[0].action == "stands" and lonely.cast[0].toward is None


@given(st.text(alphabet="ID_123 .,!abcdefgh'\"", max_size=120), st.text(alphabet="ID_123 .!runsheo", max_size=120))
def test_rules_always_find_a_picture(turn: str, prose: str) -> None:
    [beat] = plan_by_rules(turn=turn, prose=prose, author=None, here=None, slots=(A, B), first_person=False)
    assert beat.cast and beat.setting_kind in SETTINGS
    assert {member.character_id for member in beat.cast} <= {A, B}
    assert fixed([beat], turn, prose, here=None)


def test_a_picture_in_words() -> None:
    beat = Beat(
        "",
        (CastMember(A, "gives", "happy", "apple", B), CastMember(B, "looks", "calm", "", A)),
        "beach",
        "",
        "night",
        "rain",
        props=("tent",),
    )
    assert picture_words(beat) == (
        "On the beach at night, in the rain: ID_1 gives an apple to ID_2, happy; "
        "ID_2 looks at ID_1, with a tent near by."
    )


def test_grass_is_no_place_of_its_own() -> None:
    assert place_at("ID_1 sits in the garden at night. ID_1 sees a small lantern in the grass.") == "garden"


def test_a_thing_out_of_nowhere_is_found() -> None:
    assert contradictions("The map was yellow and old.", "ID_1 sees a small lantern.", None)
    assert not contradictions("The map was yellow and old.", "ID_1 finds a map.", None)
    assert not contradictions("ID_1 found a map. The map was old.", "ID_1 sees a small lantern.", None)
