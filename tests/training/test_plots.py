"""The plot simulator: true plans, true mentions, and stories that differ."""

from __future__ import annotations

import re

from engine.nouns import TurnKind
from engine.writers.mini_text import parse_plan, plan_text
from training.plots.story import events, tell_story
from training.plots.telling import FORMS, Teller
from training.plots.words import invented, past, third

SEEDS = range(400)


def test_the_same_seed_tells_the_same_story() -> None:
    assert tell_story(11) == tell_story(11) != tell_story(12)


def test_every_plan_fits_the_notation_and_the_cast() -> None:
    for seed in SEEDS:
        story = tell_story(seed)
        slots = [slot for slot, _, _ in story.cast]
        for one in story.exchanges:
            assert 1 <= len(one.beats) <= 2 and all(beat.cast for beat in one.beats)
            assert parse_plan(plan_text(one.beats), slots) == one.beats


def test_every_mention_means_whom_it_names() -> None:
    for seed in SEEDS:
        story = tell_story(seed)
        pronouns = {slot: pronoun for slot, _, pronoun in story.cast}
        for one in story.exchanges:
            for mention in one.mentions:
                said = one.prose[mention.start : mention.end]
                if mention.form in ("name", "owner"):
                    assert said.removesuffix("'s") == mention.who
                else:
                    assert said.casefold() in FORMS[pronouns[mention.who]]
            named = {mention.who for mention in one.mentions if mention.form in ("name", "owner")}
            assert set(re.findall(r"ID_\d", one.prose)) == named


def test_who_is_told_of_is_seen() -> None:
    """Everybody mentioned is in a picture of that page, except somebody who is away and those past four."""
    for seed in SEEDS:
        for one in tell_story(seed).exchanges:
            if {"missing", "join"} & set(one.events):
                continue
            seen = {member.character_id for beat in one.beats for member in beat.cast}
            told = {mention.who for mention in one.mentions if mention.form != "owner"}
            crowded = any(len(beat.cast) >= 4 for beat in one.beats)
            assert told <= seen or crowded or len(told - seen) <= 1


def test_stories_differ_and_read_as_text() -> None:
    proses, kinds = set(), set()
    total = 0
    for seed in range(1500):
        for one in tell_story(seed).exchanges:
            total += 1
            proses.add(one.prose)
            kinds.add(one.kind)
            assert not re.search(r"[{}\[\]|<>#]|  | \.|\.\.\. [a-z]", one.prose), one.prose
            assert one.prose[-1] in '.!?"' and (one.prose[0].isupper() or one.prose[0] == '"'), one.prose
            assert len(one.prose.split()) <= 90
            assert (one.kind == "next_page") <= (one.text == "")
            assert not re.search(r"[{}\[\]|<>#]", one.text), one.text
    assert kinds == {kind.value for kind in TurnKind}
    assert len(proses) > 0.97 * total


def test_two_hundred_thousand_stories_would_differ() -> None:
    """Birthday bound: no two alike among 2,500 means, with high probability, millions of different ones."""
    stories = {" ".join(one.text + one.prose for one in tell_story(seed).exchanges) for seed in range(2500)}
    assert len(stories) == 2500


def test_verbs_are_put_in_tense_and_person() -> None:
    assert [past(verb) for verb in ("go", "stop", "carry", "hum", "play", "bake")] == [
        "went",
        "stopped",
        "carried",
        "hummed",
        "played",
        "baked",
    ]
    assert [third(verb) for verb in ("go", "carry", "play", "wash", "have")] == [
        "goes",
        "carries",
        "plays",
        "washes",
        "has",
    ]


def test_pronouns_are_used_only_where_they_are_clear() -> None:
    import random

    one = Teller(random.Random(0), {"ID_1": "she", "ID_2": "she"})
    one.tell("{A} and {B} <walk:pl> home", {"A": "ID_1", "B": "ID_2"}, {})
    said, _ = one.tell("{a} <sing>", {"A": "ID_1", "B": "ID_2"}, {})
    assert said == "ID_1 sang"
    other = Teller(random.Random(0), {"ID_1": "she", "ID_2": "he"})
    other.tell("{A} and {B} <walk:pl> home", {"A": "ID_1", "B": "ID_2"}, {})
    said, mentions = other.tell("{a} <sing>", {"A": "ID_1", "B": "ID_2"}, {})
    assert said == "she sang" and mentions[0].who == "ID_1"


def test_first_person_agrees() -> None:
    import random

    teller = Teller(random.Random(0), {"ID_1": "they"}, first_person="ID_1", tense="present")
    assert teller.tell("{A} <be> happy and <wash> {a.p} hands", {"A": "ID_1"}, {})[0] == "I am happy and wash my hands"


def test_invented_words_are_pronounceable_and_many() -> None:
    import random

    rng = random.Random(1)
    words = {invented(rng) for _ in range(2000)}
    assert len(words) > 1700 and all(re.fullmatch(r"[a-z]{2,14}", word) for word in words)


def test_every_event_can_be_told() -> None:
    assert len(events()) >= 40
    for event in events().values():
        assert event.say and event.more, event.name
