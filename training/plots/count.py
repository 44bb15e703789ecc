"""How many different stories the simulator tells, counted by the birthday bound.

    python -m training.plots.count --stories 4000

Two stories count as the same form when their words agree after names, nouns and adjectives of the word lists, and
invented words, are masked. Among n stories drawn at random, c pairs alike mean about n (n - 1) / 2c different ones; no
pair alike means at least n (n - 1) / 6 with 95 % confidence (the chance of no pair is exp(-n (n - 1) / 2N)).
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from functools import cache

from engine.writers.things import plural
from training.plots.story import PlotStory, tell_story
from training.plots.words import classes

#: Far from the seeds that are trained on or measured with.
FIRST_SEED = 90_000_000


@cache
def _masked_words() -> frozenset[str]:
    words = {word for name, some in classes().items() if name != "verb" for word in some}
    return frozenset(words | {plural(word) for word in words})


def form_of(text: str, nouns: frozenset[str] = frozenset()) -> str:
    """The text without who and what: slots, listed words and the story's own nouns are one sign."""
    masked = _masked_words() | nouns
    words = re.findall(r"ID_\d|[\w'-]+|[.!?,\"]", text)
    return " ".join("*" if word.startswith("ID_") or word.casefold() in masked else word.casefold() for word in words)


def forms(story: PlotStory) -> list[str]:
    nouns = frozenset(part.casefold() for one in story.exchanges for noun in one.nouns for word in noun.split()
                      for part in (word, plural(word)))
    return [f"{form_of(one.text, nouns)} > {form_of(one.prose, nouns)}" for one in story.exchanges]


def count(stories: int) -> dict[str, int | float]:
    """The figures for so many stories."""
    whole: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + stories):
        told = forms(tell_story(seed))
        whole[" / ".join(told)] += 1
        pages.update(told)
        words.update(one.partition(" > ")[2] for one in told)
    alike = sum(times * (times - 1) // 2 for times in whole.values())
    pairs = stories * (stories - 1) // 2
    all_pages = sum(pages.values())
    return {
        "stories": stories,
        "pairs_alike_in_form": alike,
        "different_forms_of_stories_at_least": pairs // 3 if not alike else round(pairs / alike),
        "pages": all_pages,
        "share_of_pages_with_a_form_of_their_own": round(sum(times == 1 for times in pages.values()) / all_pages, 4),
        "share_of_continuations_with_a_form_of_their_own": round(
            sum(times == 1 for times in words.values()) / all_pages, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=4000)
    print(json.dumps(count(parser.parse_args().stories), indent=1))


if __name__ == "__main__":
    main()
