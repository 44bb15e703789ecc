"""A sample of the injection corpus through the real bot and each kind of writer; bench/injection.py plays all of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.injection import LIVE, MARKS, play, read_corpus
from bot.text import quoted, safe
from engine.writers.naming import clean_name, clean_text
from engine.writers.telling import clean_prose

CORPUS = read_corpus()


def test_the_corpus_is_what_it_says_it_is() -> None:
    assert len(CORPUS) >= 60 and len({attempt.text for attempt in CORPUS}) == len(CORPUS)
    kinds = Counter(attempt.kind for attempt in CORPUS)
    assert kinds.keys() == {"role", "token", "grammar", "mention", "link", "markdown", "command", "other", "bidi",
                            "long"}
    assert min(kinds.values()) >= 3


def test_nothing_of_it_is_alive_on_discord_or_a_mark_to_a_model() -> None:
    alive = [attempt.text for attempt in CORPUS if LIVE.search(attempt.text)]
    assert len(alive) > 12, "the check sees what it is there to see"
    marked = [attempt.text for attempt in CORPUS if MARKS.search(attempt.text)]
    assert len(marked) > 12
    for attempt in CORPUS:
        for shown in (safe(attempt.text), quoted(attempt.text), safe(clean_prose(attempt.text))):
            assert not LIVE.search(shown), shown
        for told in (clean_text(attempt.text), clean_name(attempt.text), clean_prose(attempt.text)):
            assert not MARKS.search(told), told


@pytest.mark.parametrize("writer", ["mini", "general", "server"])
async def test_a_sample_with_each_writer(writer: str, tmp_path: Path) -> None:
    first = ("mini", "general", "server").index(writer)
    sample = list({attempt.kind: attempt for attempt in CORPUS[first::3]}.values())[first::3][:3]   # other kinds each
    found = await play(writer, sample, tmp_path)
    assert found.faults == []
    assert not found.outcomes["lost"] and found.outcomes.total() == len(sample)
    if writer != "general":                    # what a model of random weights says is often nothing
        assert found.outcomes["told"], found.outcomes
