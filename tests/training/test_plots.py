"""The plot simulator: true plans, true mentions, stories that differ, and a judge that knows its own."""

from __future__ import annotations

import itertools
import random
import re

from engine.nouns import TurnKind
from engine.writers.mini_text import parse_plan, plan_text
from training.plots.inventory import events, line_of, pools
from training.plots.judging import judge
from training.plots.story import tell_story
from training.plots.telling import FORMS, Teller
from training.plots.typing_people import slipped
from training.plots.words import invented, past, third

SEEDS = range(250)


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
            for text, mentions in ((one.prose, one.mentions), (one.text, one.turn_mentions)):
                for mention in mentions:
                    said = text[mention.start : mention.end]
                    if mention.form in ("name", "owner"):
                        assert said.removesuffix("'s") == mention.who[0]
                    elif mention.form in ("I", "we"):
                        assert said.casefold() in ("i", "me", "my", "myself", "we", "us", "our")
                        assert one.author in mention.who
                    elif len(mention.who) > 1:
                        assert said.casefold() in FORMS["they"]
                    else:
                        assert said.casefold() in FORMS[pronouns[mention.who[0]]]
            named = {who for mention in one.mentions if mention.form in ("name", "owner") for who in mention.who}
            assert set(re.findall(r"ID_\d", one.prose)) == named


def test_who_is_told_of_is_seen() -> None:
    """Everybody mentioned is in a picture of that page, except somebody who is away and those past four."""
    for seed in SEEDS:
        for one in tell_story(seed).exchanges:
            if {"missing", "join"} & set(one.events):
                continue
            seen = {member.character_id for beat in one.beats for member in beat.cast}
            told = {who for mention in one.mentions if mention.form != "owner" for who in mention.who}
            assert told <= seen or any(len(beat.cast) >= 4 for beat in one.beats), one


def test_a_page_reads_as_text() -> None:
    proses, kinds = set(), set()
    total = 0
    for seed in range(700):
        for one in tell_story(seed).exchanges:
            total += 1
            proses.add(one.prose)
            kinds.add(one.kind)
            for text in (one.prose, one.text):
                assert not re.search(r"[{}\[\]|<>#]|  | [.,!?]", text), text
            assert not re.search(r"[.!?] [a-z]", re.sub(r'[.!?]"', '"', one.prose)), one.prose
            assert one.prose[-1] in '.!?"' and (one.prose[0].isupper() or one.prose[0] == '"'), one.prose
            assert len(one.prose.split()) <= 90 and one.prose.count('"') % 2 == 0
            assert (one.kind == "next_page") <= (one.text == "")
    assert kinds == {TurnKind.WRITE.value, TurnKind.NEXT_PAGE.value, TurnKind.END.value}
    assert len(proses) > 0.9 * total


def test_stories_differ() -> None:
    """Birthday bound: no two alike among 2,000 means, with high probability, more than a million different ones."""
    stories = {" ".join(one.text + one.prose for one in tell_story(seed).exchanges) for seed in range(2000)}
    assert len(stories) == 2000


def test_the_judge_knows_the_simulators_pages_and_no_others() -> None:
    pages = [one for seed in range(60) for one in tell_story(seed).exchanges if one.kind == "write"]
    follows = kept = lines = 0
    for one in pages:
        read = judge(one.prose)
        assert not read.unknown, read.unknown
        follows += read.follows(frozenset(one.events))
        good, all_lines = read.roles_kept(frozenset(one.events[-1:]), dict(one.roles))
        kept, lines = kept + good, lines + all_lines
    assert follows == len(pages) and kept == lines
    # The page of another turn does not follow, and with the roles changed the roles are not kept.
    strangers = sum(judge(one.prose).follows(frozenset(other.events)) for one, other in itertools.pairwise(pages))
    assert strangers < 0.2 * len(pages)
    assert judge("Suddenly the moon fell into the soup.").unknown
    giving = judge('"Is it really for me?" asked ID_1. Her eyes shone. ID_1 gave ID_2 a big hug.')
    assert giving.follows(frozenset({"give"}))
    assert giving.roles_kept(frozenset({"give"}), {"A": "ID_1", "B": "ID_2"}) == (0, 2)
    assert giving.roles_kept(frozenset({"give"}), {"A": "ID_2", "B": "ID_1"}) == (2, 2)


def test_nobody_goes_on_with_what_the_turn_did_not_say() -> None:
    """A page speaks of a noun only where the turn did, or an earlier page."""
    for seed in range(120):
        told = ""
        for one in tell_story(seed).exchanges:
            told += f" {one.text.casefold()}"
            for noun in one.nouns:
                if one.kind == "write":
                    assert noun[:4].casefold() in told, (noun, one)
            told += f" {one.prose.casefold()}"


def test_verbs_are_put_in_tense_and_person() -> None:
    bases = ("go", "stop", "carry", "hum", "play", "bake", "lie")
    assert [past(verb) for verb in bases] == ["went", "stopped", "carried", "hummed", "played", "baked", "lay"]
    assert [third(verb) for verb in ("go", "carry", "play", "wash", "have")] == [
        "goes", "carries", "plays", "washes", "has"]


def test_pronouns_are_used_only_where_they_are_clear() -> None:
    pair = {"A": "ID_1", "B": "ID_2"}
    one = Teller(random.Random(0), {"ID_1": "she", "ID_2": "she"})
    one.tell("{A} and {B} <walk:pl> home", pair, {})
    assert one.tell("{a} <sing>", pair, {})[0] == "ID_1 sang"
    other = Teller(random.Random(0), {"ID_1": "she", "ID_2": "he"})
    other.tell("{A} and {B} <walk:pl> home", pair, {})
    said, mentions = other.tell("{a} <sing>", pair, {})
    assert said == "she sang" and mentions[0].who == ("ID_1",)


def test_two_together_are_they_or_we() -> None:
    pair = {"A": "ID_1", "B": "ID_2"}
    teller = Teller(random.Random(1), {"ID_1": "she", "ID_2": "he"})
    told = [teller.tell("{AB} <sing>", pair, {}) for _ in range(6)]
    assert {said for said, _ in told} == {"ID_1 and ID_2 sang", "they sang"}
    assert all({who for mention in mentions for who in mention.who} == {"ID_1", "ID_2"} for _, mentions in told)
    writer = Teller(random.Random(0), {"ID_1": "she", "ID_2": "he"}, first_person="ID_1", tense="present")
    assert {writer.tell("{AB} <be> glad", pair, {})[0] for _ in range(9)} == {"we are glad", "ID_2 and I are glad"}


def test_first_person_agrees() -> None:
    teller = Teller(random.Random(0), {"ID_1": "they", "ID_2": "he"}, first_person="ID_1", tense="present")
    assert teller.tell("{A} <be> happy and <wash> {a.p} hands", {"A": "ID_1"}, {})[0] == "I am happy and wash my hands"
    assert teller.tell("{B} <save> {A}", {"A": "ID_1", "B": "ID_2"}, {})[0] == "ID_2 saves me"
    assert teller.tell("why <be> {A} sad?", {"A": "ID_1"}, {})[0] == "why am I sad?"


def test_a_slip_changes_one_word_and_spares_nouns() -> None:
    rng = random.Random(3)
    text = "ID_1 finds a xylofrog under the table"
    slips = {slipped(rng, text, frozenset({"xylofrog"})) for _ in range(40)}
    assert len(slips) > 5
    for one in slips:
        assert "ID_1" in one and "xylofrog" in one and len(one.split()) == len(text.split())


def test_invented_words_are_pronounceable_and_many() -> None:
    rng = random.Random(1)
    words = {invented(rng) for _ in range(2000)}
    assert len(words) > 1700 and all(re.fullmatch(r"[a-z]{2,14}", word) for word in words)


def test_every_event_can_be_told_also_of_one_alone() -> None:
    assert len(events()) >= 90
    for event in events().values():
        assert event.say and all(event.stages), event.name
        if event.flags.get("needs", "A") == "A":
            assert any("B" not in line.needs for line in event.stages[0]), event.name
    chains = {step.strip("?") for line in pools()["plot"] for steps in line.split() for step in steps.split("/")}
    assert {step.strip("?") for step in chains} <= {*events(), "share"}


def test_a_line_knows_what_it_needs() -> None:
    assert line_of('{B} gave {A} the {n}. # B gives happy n >A').needs == {"A", "B", "n"}
    assert line_of("@o It was soft.").needs == {"o"}
    assert line_of("{AB} looked at {k}.").needs == {"A", "B", "k"}
