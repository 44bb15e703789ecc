"""The rules on the labelled set and around it: what they find, what they leave alone, how words may be dressed up."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.safety import Case, read_cases, score
from bot.wording import SENTENCES
from engine.safety.folding import READINGS, folded, readings
from engine.safety.rules import (
    BLOCKED,
    RATINGS,
    SUBJECTS,
    all_unsuitable,
    clean_blocked,
    crude_hash,
    findings,
    says_blocked,
    unsuitable,
)

CASES = read_cases()


def test_the_labelled_set_is_what_it_says_it_is() -> None:
    assert len(CASES) >= 400 and len({case.text for case in CASES}) == len(CASES)
    harmless = sum(case.level == 0 for case in CASES)
    assert 0.4 <= harmless / len(CASES) <= 0.6
    assert 0.28 <= sum(case.held_out for case in CASES) / len(CASES) <= 0.4
    assert {case.subject for case in CASES} == {*SUBJECTS, "harmless"}
    for subject in SUBJECTS:
        assert {case.language for case in CASES if case.subject == subject} == {"en", "da"}
    assert {case.level for case in CASES} == {0, 1, 2, 3}
    spellings = Counter(case.evasion for case in CASES if case.level)
    assert min(spellings[each] for each in ("leet", "spaced", "masked", "stretched", "homoglyph", "zerowidth",
                                            "fullwidth", "diacritics", "letterlike")) >= 6


@pytest.mark.parametrize("rating", RATINGS)
def test_as_good_as_the_table_says_also_where_nobody_fitted_them(rating: str) -> None:
    """The least figures that docs/safety.md may promise; `python -m bench.safety` has them all."""
    fitted = score([case for case in CASES if not case.held_out], rating, all_unsuitable)
    assert fitted.found / fitted.to_find >= 0.97 and fitted.false / fitted.harmless <= 0.02
    held_out = score([case for case in CASES if case.held_out], rating, all_unsuitable)
    assert held_out.found / held_out.to_find >= 0.95 and held_out.false / held_out.harmless <= 0.04


@pytest.mark.parametrize("text", [
    "The witch looked into her oven.", "The dragon ate the cake.", "A blood orange.", "A shoot of a plant.",
    "The breast of the robin.", "Kill the light, please.", "Bare feet in the grass.", "It is bath time.",
    "The cat was nursing her kittens.", "Scunthorpe, Penistone and Essex.", "Så er historien slut.", "Fuld fart!"])
def test_what_toddlers_say_every_day_is_left_alone(text: str) -> None:
    assert unsuitable(text, "toddler") is None


def test_a_story_for_older_readers_may_tell_more_and_never_everything() -> None:
    assert [bool(unsuitable("The knight killed the dragon.", rating)) for rating in RATINGS] == [True, False, False]
    assert [bool(unsuitable("He sold cocaine.", rating)) for rating in RATINGS] == [True, True, False]
    assert [bool(unsuitable("Draw her naked.", rating)) for rating in RATINGS] == [True, True, True]
    assert unsuitable("The knight killed the dragon.", "no such rating") is not None


def test_what_is_harmless_does_not_cover_what_stands_beside_it() -> None:
    assert unsuitable("Kill the lights and then kill him.", "toddler") is not None
    assert unsuitable("He ate a blood orange, and blood ran down his face.", "toddler") is not None


@pytest.mark.parametrize("text", [
    "He k1lled the wolf.", "He k i l l e d the wolf.", "He k.i.l.l.e.d the wolf.", "He k*lled the wolf.",
    "He killlllled the wolf.", "He k\u0456lled the wolf.", "He k\u200billed the wolf.", "He ｋｉｌｌｅｄ the wolf.",
    "He k\u0301i\u0301lled the wolf.", "He \U0001d424\U0001d422\U0001d425\U0001d425\U0001d41e\U0001d41d the wolf.",
    "He 🅺🅸🅻🅻🅴🅳 the wolf.", "He kil-led the wolf.", "HE KILLED THE WOLF", "He \u202ekilled\u202c the wolf."])
def test_a_word_is_read_however_it_is_dressed_up(text: str) -> None:
    found = unsuitable(text, "toddler")
    assert found is not None and found.subject == "violence"


def test_folding_is_the_same_twice_and_knows_danish() -> None:
    for text in ("Nøgen sø", "Ægget er åbent", "ﬁsh & ½", "Ω≈ç√", "\u0130stanbul"):
        assert folded(folded(text)) == folded(text)
    assert folded("Rødgrød") != folded("Rodgrod")
    assert unsuitable("Kender nogen nogen her?", "toddler") is None, "nogen is not nøgen"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_text_at_all_can_be_read(text: str) -> None:
    assert 1 <= len(readings(text)) <= READINGS * 10
    findings(text)
    says_blocked(text, ["gnome", "two words", "half*"])


@pytest.mark.parametrize("text", ["k i l " * 700, "aaaa " * 900, "1!|" * 1400, "kill the " * 450, "a" * 4000,
                                  "blood " * 700])
def test_a_long_text_made_to_be_slow_is_read_all_the_same(text: str) -> None:
    """A pattern that ran away would keep this test for hours."""
    assert len(findings(text)) <= len(SUBJECTS)


def test_a_servers_own_words_are_found_in_any_spelling() -> None:
    assert clean_blocked("  GnOmE ") == "gnome" and clean_blocked("purple  Gnome*") == "purple gnome*"
    assert clean_blocked("...") == "" == clean_blocked("")
    blocked = ("gnome", "purple elf", "troll*")
    for text in ("A gn0me!", "g n o m e", "The PURPLE elf", "trolls", "gnоme"):
        found = unsuitable(text, "teen", blocked)
        assert found is not None and found.subject == BLOCKED, text
    for text in ("gnomes", "purple and an elf", "a stroller"):
        assert unsuitable(text, "teen", blocked) is None, text


def test_crude_words_are_known_by_hash_alone() -> None:
    assert crude_hash("Word") == crude_hash("ｗｏｒｄ") != crude_hash("words")
    lines = (files("engine.safety") / "words" / "crude.txt").read_text("utf-8")
    rows = [line.split() for line in lines.partition("\n\n")[2].splitlines()]
    assert len(rows) > 80
    assert all(subject in SUBJECTS and level in "123" and len(hashed) == 16 for subject, level, hashed in rows)


def test_every_subject_has_a_sentence_in_every_language() -> None:
    for sentences in SENTENCES.values():
        assert all(f"unsuitable_{subject}" in sentences for subject in (*SUBJECTS, BLOCKED))


def test_a_case_knows_for_whom_it_is_not() -> None:
    case = Case("x", "drugs", 2, "en", "plain", False)
    assert [case.refused_at(rating) for rating in RATINGS] == [True, True, False]
