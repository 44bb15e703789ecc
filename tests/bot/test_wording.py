"""Every sentence exists in every language, for every reason the engine can give, and fits where Discord shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import engine
from bot.cli import STORE_SENTENCES
from bot.wording import (
    CONSENTS,
    LOOK_FIELDS,
    SENTENCES,
    Words,
    danish,
    placeholders,
    spoken,
)
from engine import vocabulary
from engine.nouns import Look, Pronouns

ROOT = Path(engine.__file__).parent.parent


def test_the_languages_have_the_same_sentences_with_the_same_placeholders() -> None:
    english, other = ({key: placeholders(sentence) for key, sentence in SENTENCES[locale].items()}
                      for locale in ("en", "da"))
    assert english == other


@pytest.mark.parametrize("locale", SENTENCES)
def test_no_sentence_is_empty_or_technical(locale: str) -> None:
    for key, sentence in SENTENCES[locale].items():
        assert sentence.strip(), key
        assert not re.search(r"exception|traceback|\bnull\b|\bNone\b|error", sentence, re.IGNORECASE), key


def used_keys() -> set[str]:
    """Every key that code names literally: reasons of errors, and sentences asked for."""
    found: set[str] = set()
    for folder in (ROOT / "engine", ROOT / "bot"):
        for path in folder.rglob("*.py"):
            text = path.read_text("utf-8")
            found |= set(re.findall(r"\breason\s*(?::\s*str\s*)?=\s*\"([a-z][a-z_]+)\"", text))
            if folder.name == "bot" and "rehearsal" not in path.parts:
                found |= set(re.findall(r"\bwords\(\s*\"([a-z][a-z_]+)\"", text))
                found |= set(re.findall(r"Words\([a-z_.]+\)\(\"([a-z][a-z_]+)\"", text))
    return found


def test_every_reason_and_every_sentence_that_code_names_is_written() -> None:
    keys = used_keys()
    assert len(keys) > 60
    # What only a command at a terminal can meet has its sentence there.
    operators = {key for key in STORE_SENTENCES if key.startswith(("backup_", "restore_"))}
    missing = {key for key in keys - operators if key not in SENTENCES["en"] and not key.endswith("_")}
    assert not missing


def test_every_word_a_menu_shows_has_a_sentence() -> None:
    for field in [field for page in LOOK_FIELDS.values() for field in page]:
        assert f"look_{field}" in SENTENCES["en"]
        assert hasattr(Look(), field)
    for page in LOOK_FIELDS:
        assert f"button_correct_{page}" in SENTENCES["en"]
    for consent in CONSENTS:
        assert f"consent_{consent}" in SENTENCES["en"]
    for pronouns in Pronouns:
        assert f"pronouns_{pronouns.value}" in SENTENCES["en"]


def test_every_value_of_the_look_has_a_danish_word() -> None:
    for words in (vocabulary.KINDS, vocabulary.SKINS, vocabulary.COLOURS, vocabulary.HAIRSTYLES, vocabulary.HEADWEAR,
                  vocabulary.GLASSES, vocabulary.BEARDS, vocabulary.OUTFITS, vocabulary.PATTERNS,
                  vocabulary.ACCESSORIES, vocabulary.STYLES):
        for word in words:
            assert word in danish.VALUES, word


@pytest.mark.parametrize("sentences", SENTENCES.values())
def test_forms_and_buttons_fit_discords_limits(sentences: Mapping[str, str]) -> None:
    for key, sentence in sentences.items():
        if re.match(r"(character|turn)_(form|edit)_", key):
            assert len(sentence) <= (100 if key.endswith("_hint") else 45), key
        if key.startswith("button_"):
            assert len(sentence) <= 34, key
        if key.startswith(("consent_", "pronouns_")) and key != "consent_needed":
            assert len(sentence) <= 100, key
        if key.startswith("look_"):
            assert len(sentence) <= 150, key
        assert len(sentence) <= 2000, key


def test_an_unknown_reason_reads_as_the_honest_general_sentence() -> None:
    assert Words("en")("no_such_thing_ever") == SENTENCES["en"]["unexpected"]
    assert Words("da")("name_too_long") == SENTENCES["da"]["refused"]     # facts missing: still a sentence
    assert Words("en")("name_too_long", limit=40, length=500) == \
        "That name is too long: 500 characters. Please use at most 40."


def test_what_people_wrote_may_hold_braces() -> None:
    assert Words("en")("turn_taken", name="{limit}") == "**{limit}** writes:"


def test_locales_of_discord_are_understood() -> None:
    assert spoken("da") == "da"
    assert spoken("en-GB") == "en"
    assert spoken("pt-BR") == "en"
    assert spoken("pt-BR", "da") == "da"
    assert spoken(None) == "en"
