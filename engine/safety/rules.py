"""What is said in a text, by rules: phrases by subject and by whom they are not for, however they are spelled.

Rules read words, not meanings: docs/safety.md says what they find and what they cannot. `python -m bench.safety` is the
table. Pure; standard library only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from engine.safety.folding import folded, readings

#: For whom a story is, the strictest first; and the least level that is refused there.
RATINGS: Final[Mapping[str, int]] = MappingProxyType({"toddler": 1, "family": 2, "teen": 3})
STRICTEST: Final = "toddler"
#: What phrases can be about; with a sentence each in bot/wording, `unsuitable_<subject>`. The gravest first.
SUBJECTS: Final = ("sexual", "gore", "selfharm", "hate", "danger", "violence", "drugs", "romance", "swearing")
#: A word of a server's own list.
BLOCKED: Final = "blocked"
#: What never reaches a painter, for any rating (see `engine.safety.wall`).
WALLED: Final = frozenset({"sexual", "gore"})
LANGUAGES: Final = ("en", "da")
LONGEST_BLOCKED: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a text says: its subject, and for whom that is not (1 not for toddlers, 2 nor families, 3 nobody)."""

    subject: str
    level: int


def findings(text: str) -> tuple[Finding, ...]:
    """Everything the rules find in a text, gravest first; of each subject the highest level."""
    rules = _rules()
    found: dict[str, int] = {}
    for line in readings(text, rules.guesses):
        line = rules.harmless.sub(_set_aside, line)
        for subject, level, pattern in rules.phrases:
            if level > found.get(subject, 0) and pattern.search(line):
                found[subject] = level
        for word in line.split():
            subject, level = rules.crude(word)
            if level > found.get(subject, 0):
                found[subject] = level
    return tuple(sorted((Finding(subject, level) for subject, level in found.items()),
                        key=lambda one: (-one.level, SUBJECTS.index(one.subject))))


def unsuitable(text: str, rating: str, blocked: Sequence[str] = ()) -> Finding | None:
    """The gravest of what a text says that a story of this rating does not; None when it may be told.

    An unknown rating is the strictest. `blocked` are a server's own words and phrases.
    """
    limit = RATINGS.get(rating, RATINGS[STRICTEST])
    if blocked and says_blocked(text, blocked):
        return Finding(BLOCKED, 3)
    return next((finding for finding in findings(text) if finding.level >= limit), None)


def all_unsuitable(text: str, rating: str) -> frozenset[str]:
    """Every subject of a text that a story of this rating does not tell of."""
    limit = RATINGS.get(rating, RATINGS[STRICTEST])
    return frozenset(finding.subject for finding in findings(text) if finding.level >= limit)


def clean_blocked(raw: str) -> str:
    """A word or phrase as a server's list keeps it: folded, single spaces; a star at its end means any ending.

    "" where nothing is left.
    """
    star = "*" if raw.strip().endswith("*") else ""
    words = readings(raw[:LONGEST_BLOCKED])[0].split()
    kept = " ".join(word for word in words if word != "-")
    return kept + star if kept else ""


def says_blocked(text: str, blocked: Sequence[str]) -> bool:
    """Whether one of a server's words stands in a text, in any spelling the rules see through."""
    pattern = _blocked_pattern(tuple(blocked))
    return pattern is not None and any(pattern.search(line) for line in readings(text))


# --- how phrases are written down ------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class _Rules:
    harmless: re.Pattern[str]
    phrases: tuple[tuple[str, int, re.Pattern[str]], ...]
    hashes: Mapping[str, tuple[str, int]]
    words: frozenset[str]                  # single words of level 1 and more, for letters that are hidden

    def guesses(self, masked: str) -> Iterable[str]:
        """Words that one with hidden letters may be."""
        pattern = re.compile(masked)
        return [word for word in sorted(self.words) if len(word) == len(masked) and pattern.fullmatch(word)][:4]

    def crude(self, word: str) -> tuple[str, int]:
        for each in (word, word.removesuffix("s"), word.removesuffix("es")):
            if (found := self.hashes.get(crude_hash(each))) is not None:
                return found
        return "", 0


def crude_hash(word: str) -> str:
    """How crude.txt names a word, so that nobody has to read it."""
    return hashlib.blake2b(folded(word).strip().encode(), digest_size=8, person=b"storythread").hexdigest()


def _set_aside(found: re.Match[str]) -> str:
    return " · "


@cache
def _rules() -> _Rules:
    """Everything in words/, read once."""
    sets: dict[str, list[str]] = {}
    sections: dict[tuple[str, int], list[str]] = {}
    for language in LANGUAGES:
        section: tuple[str, int] | None = None
        name = ""
        for line in _lines(f"{language}.txt"):
            if line.startswith("["):
                first, _, second = line.strip("[]").partition(" ")
                section, name = (None, second) if first == "set" else ((first, int(second or 0)), "")
            elif name:
                sets.setdefault(name, []).extend(folded(line).split())
            elif section is not None:
                sections.setdefault(section, []).append(line)
    phrases = []
    words: set[str] = set()
    for (subject, level), lines in sections.items():
        if subject == "harmless":
            continue
        phrases.append((subject, level, re.compile("|".join(_pattern(line, sets) for line in lines))))
        for line in lines:
            if " " not in line:
                words |= {folded(word) for word in line.split("|") if word.isalpha() and len(word) >= 4}
                words |= {folded(word[:-1]) for word in line.split("|") if word.endswith("*")}
                words |= {folded(word[:-1]) + "ed" for word in line.split("|") if word.endswith("*")}
    hashes = {}
    for line in _lines("crude.txt"):
        subject, level_text, hashed = line.split()
        hashes[hashed] = (subject, int(level_text))
    harmless = re.compile("|".join(_pattern(line, sets) for line in sections[("harmless", 0)]))
    phrases.sort(key=lambda each: -each[1])
    return _Rules(harmless, tuple(phrases), hashes, frozenset(words))


def _lines(name: str) -> list[str]:
    """The lines after the first empty one."""
    text = (files(__package__) / "words" / name).read_text("utf-8")
    return [line.strip() for line in text.partition("\n\n")[2].splitlines() if line.strip()]


def _pattern(line: str, sets: Mapping[str, Sequence[str]]) -> str:
    """A regular expression for a phrase, between the spaces that stand round every word."""
    out = ""
    for element in line.split():
        if element == "..":
            out += r"(?: \S+){0,3}?"
            continue
        may_miss = element.endswith("?")
        words: list[str] = []
        for word in element.removesuffix("?").split("|"):
            words += sets[word[1:]] if word.startswith("@") else [word]
        either = "|".join(dict.fromkeys(_word(word) for word in words))
        out += f"(?: (?:{either}))?" if may_miss else f" (?:{either})"
    return out + "(?= )"


def _word(word: str) -> str:
    start, end = word.startswith("*"), word.endswith("*")
    return (r"\S*" if start else "") + re.escape(folded(word.strip("*"))) + (r"\S*" if end else "")


@cache
def _blocked_pattern(blocked: tuple[str, ...]) -> re.Pattern[str] | None:
    kept = [clean_blocked(each) for each in blocked]
    parts = [" " + re.escape(each.removesuffix("*")) + (r"\S*" if each.endswith("*") else "") + "(?= )"
             for each in kept if each]
    return re.compile("|".join(parts)) if parts else None
