"""What all writers read alike: who is meant in a turn, and what its words do to clothes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.nouns import Beat, CastMember, CharacterId, Look, Past, Scene
from engine.planning import after_beats
from engine.writers.mini import MiniWriter
from engine.writers.naming import Slots
from engine.writers.reading import dress, hidden_turn, read_turn
from engine.writers.telling import finish, messages, read_plan

MIA, BO, ROSE = CharacterId("char-mia"), CharacterId("char-bo"), CharacterId("char-rose")


def with_turn(scene: Callable[..., Scene], text: str, **more: object) -> Scene:
    now = scene(text)
    return replace(now, turn=replace(now.turn, **more))


def member(step_beats: tuple[Beat, ...], who: CharacterId) -> list[dict[str, str]]:
    return [dict(one.wears) for beat in step_beats for one in beat.cast if one.character_id == who]


def test_what_a_person_answered_becomes_a_slot(scene: Callable[..., Scene]) -> None:
    text = "Then she jumped, and Bo took her hat \u2014 really!"
    she, her = text.index("she"), text.index("her")
    now = with_turn(scene, text, meant=((she, she + 3, ROSE), (her, her + 3, MIA)))
    assert hidden_turn(now, Slots.of(now)) == "Then ID_3 jumped, and ID_2 took ID_1's hat - really!"
    both = with_turn(scene, "They fell in.", meant=((0, 4, MIA), (0, 4, ROSE)))
    assert hidden_turn(both, Slots.of(both)) == "ID_1 and ID_3 fell in."
    typed = with_turn(scene, "\u27e61\u27e7 ID_2 and she", meant=())
    assert "ID_2" not in hidden_turn(typed, Slots.of(typed))


def test_nicknames_and_relations_are_read_by_every_writer(scene: Callable[..., Scene]) -> None:
    now = scene("My teddy and Gran danced. Both laughed.", owner="ben")
    cast = (now.cast[0], replace(now.cast[1], relation="teddy"), replace(now.cast[2], nicknames=("Gran",)))
    # Ben means Bo by "I"; so "my teddy" is nobody of his but Bo where he says it of another
    now = replace(now, cast=cast, members=now.members[:1])
    text, focus = read_turn(now, Slots.of(now))
    assert text == "ID_2 and ID_3 danced. ID_2 and ID_3 laughed."
    assert focus.together == (CharacterId("ID_2"), CharacterId("ID_3"))


def test_she_is_whom_the_page_before_was_about(scene: Callable[..., Scene]) -> None:
    past = Past("Ben", "Bo climbed the tree.", "Grandma Rose brought a ladder.")
    now = scene("She held it tight.", past=(past,))
    assert read_turn(now, Slots.of(now))[0] == "ID_3 held it tight."


def test_clothes_are_told_in_the_beat_in_which_they_change(scene: Callable[..., Scene]) -> None:
    now = scene("Mia puts on her yellow raincoat.")
    slots = Slots.of(now)
    both = (CastMember(CharacterId("ID_1")), CastMember(CharacterId("ID_2")))
    beats = (Beat("", both, "garden"), Beat("", both, "garden"))
    prose = "ID_1 and ID_2 ran into the rain, and they laughed and splashed about. Then ID_2 put on a red cap."
    told = dress(beats, now, slots, turn_text="ID_1 puts on ID_1's yellow raincoat.", prose=prose)
    assert dict(told[0].cast[0].wears) == {"outfit": "raincoat", "outfit_colour": "yellow", "pattern": "plain"}
    assert told[0].cast[1].wears == () and told[1].cast[0].wears == ()
    assert dict(told[1].cast[1].wears) == {"headwear": "cap", "headwear_colour": "red"}


def test_what_is_not_worn_is_not_taken_off_and_what_is_worn_is(scene: Callable[..., Scene]) -> None:
    beats = (Beat("", (CastMember(CharacterId("ID_1")),), "garden"),)
    for wardrobe, expected in (((), {}), (((MIA, (("outfit", "raincoat"),)),), {"outfit": ""})):
        now = replace(scene("Mia takes off her raincoat."), wardrobe=wardrobe)
        told = dress(beats, now, Slots.of(now), turn_text="ID_1 takes off ID_1's raincoat.", prose="ID_1 smiled.")
        assert dict(told[0].cast[0].wears) == expected


def test_a_change_of_somebody_not_drawn_there_is_told_where_they_are(scene: Callable[..., Scene]) -> None:
    now = scene()
    first, second = CastMember(CharacterId("ID_1")), CastMember(CharacterId("ID_2"))
    beats = (Beat("", (first,), "garden"), Beat("", (second,), "garden"))
    late = dress(beats, now, Slots.of(now), turn_text="ID_2 put on a crown.", prose="ID_1 bowed.")
    assert [len(beat.cast[0].wears) for beat in late] == [0, 1]
    early = dress(beats, now, Slots.of(now), turn_text="ID_1 sang.",
                  prose="ID_2 sang as well and the birds in all the trees listened. Then ID_1 put on a crown.")
    assert [len(beat.cast[0].wears) for beat in early] == [1, 0]


@pytest.mark.parametrize("text", ["Mia puts on her red cape.", "My puppet puts on a cape"])
def test_mini_dresses_by_rules(mini: MiniWriter, scene: Callable[..., Scene], text: str) -> None:
    now = scene(text)
    step = mini.write(now, seed=3, on_text=lambda _: None)
    worn = dict(after_beats((), step.beats))
    if text.startswith("Mia"):
        assert dict(worn[MIA])["accessories"] == "cape" and dict(worn[MIA])["accessory_colour"] == "red"
        again = replace(scene("Mia takes the cape off."), wardrobe=tuple(worn.items()))
        gone = mini.write(again, seed=4, on_text=lambda _: None)
        assert MIA not in dict(after_beats(again.wardrobe, gone.beats))
    else:
        assert MIA not in worn


def plan(**change: str) -> str:
    one = {"id": "ID_1", "action": "runs", "mood": "happy", "holding": "", "toward": "", **change}
    return json.dumps({"panels": [{"shows": "ID_1 runs.", "place": "forest", "place_name": "", "time": "day",
                                   "weather": "clear", "shot": "wide", "cast": [one], "props": []}]})


def test_a_model_may_state_clothes_in_its_plan(scene: Callable[..., Scene]) -> None:
    now = scene("Mia gets ready for the snow.")
    slots = Slots.of(now)
    beats = read_plan(plan(puts_on="beanie", colour="green"), slots, 1)
    step = finish(now, slots, "Mia was ready.", beats)
    assert member(step.beats, MIA) == [{"headwear": "beanie", "headwear_colour": "green"}]
    # what the words tell holds against what the plan says
    words = finish(scene("Mia puts on a crown."), slots, "Mia was ready.", beats)
    assert member(words.beats, MIA) == [{"headwear": "crown"}]
    nothing = finish(now, slots, "Mia was ready.", read_plan(plan(takes_off="cape"), slots, 1))
    assert member(nothing.beats, MIA) == [{}]
    worn = replace(now, wardrobe=((MIA, (("accessories", "cape"),)),))
    off = finish(worn, slots, "Mia was ready.", read_plan(plan(takes_off="cape"), slots, 1))
    assert after_beats(worn.wardrobe, off.beats) == ()


def test_a_general_model_is_told_who_is_meant_and_what_is_worn(scene: Callable[..., Scene]) -> None:
    now = with_turn(scene, "Then she sang.", meant=((5, 8, ROSE),))
    now = replace(now, wardrobe=((BO, (("headwear", "crown"),)),),
                  cast=(now.cast[0], now.cast[1], replace(now.cast[2], nicknames=("Gran",), relation="grandma",
                                                         owner_id=now.turn.owner_id)))
    user = messages(now, Slots.of(now))[1]["content"]
    assert '"who is meant": "\\"she\\" is Grandma Rose"' in user
    assert '"wears now": "headwear: crown"' in user
    assert '"also called": "Gran"' in user and '"to the writer": "grandma"' in user


def test_nobody_changes_at_bedtime_by_themselves(mini: MiniWriter, scene: Callable[..., Scene]) -> None:
    step = mini.write(scene("It is night. Mia and Bo go to bed and sleep."), seed=1, on_text=lambda _: None)
    assert after_beats((), step.beats) == ()
    assert Look().outfit != "pyjamas"
