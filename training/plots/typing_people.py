"""How people type a turn: tenses, persons, wishes and requests, small letters, slips of the finger."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

from training.plots.telling import Mention, Teller

OPENINGS: Final = (
    "Once upon a time", "One day", "One {w} {t}", "It is a {w} {t}.", "It was a {w} {t}.", "On a {w} {t}")
WEATHER_WORDS: Final = {"clear": ("sunny", "fine", "bright", "quiet"), "rain": ("rainy",), "snow": ("snowy",),
                        "fog": ("foggy", "misty")}
TIME_WORDS: Final = {"day": ("day", "morning", "afternoon"), "evening": ("evening",), "night": ("night",)}
_REQUESTS: Final = ("let ", "make ", "please let ", "I want to see ", "now let ", "can you make ")
_FIXED: Final = ("let us ", "lets ", "i wish ", '"', "why ", "what ", "where ", "who ", "good", "happy birthday",
                 "look, ")


@dataclass(frozen=True)
class Typed:
    """One clause as it was typed, and who is meant where."""

    text: str
    mentions: tuple[Mention, ...]


def typed(rng: random.Random, teller: Teller, template: str, roles: dict[str, str], words: dict[str, str],
          many: frozenset[str], *, simple: bool) -> Typed:
    """One clause in the teller's person and tense, with the ways people have of asking for it."""
    tense = teller.tense
    if tense in ("base", "will") and (template.startswith(_FIXED) or not template.startswith(("{A} <", "{AB} <"))
                                      or ". " in template or "cannot" in template or "<do>" in template or simple):
        teller.tense = "present"
    said, mentions = teller.tell(template, roles, words, many)
    lead = ""
    if teller.tense == "base":
        if said.startswith("I want"):
            pass
        elif said.startswith("I "):
            said = re.sub(r"^I ", "I want to ", said)
            mentions = [one if one.start == 0 else Mention(one.start + 8, one.end + 8, one.who, one.form)
                        for one in mentions]
        elif said.startswith(("we ", "they ", "he ", "she ")):
            lead = "can "
        else:
            lead = rng.choice(_REQUESTS)
    elif rng.random() < 0.04 and teller.tense == "present" and not template.startswith(_FIXED):
        lead = rng.choice(("what if ", "I think ", "maybe ", "and "))
    teller.tense = tense
    text = lead + said
    if rng.random() < 0.06:
        text = slipped(rng, text, frozenset(" ".join(words.values()).split()))
    return Typed(text, tuple(Mention(one.start + len(lead), one.end + len(lead), one.who, one.form)
                             for one in mentions))


def slipped(rng: random.Random, text: str, spared: frozenset[str]) -> str:
    """The text with one slip of the finger in a longer word; names and what is copied are left alone."""
    places = [found for found in re.finditer(r"(?<![\w_])[a-z]{5,}(?![\w_'])", text) if found[0] not in spared]
    if not places:
        return text
    found = rng.choice(places)
    word = found[0]
    at = rng.randrange(1, len(word) - 1)
    new = rng.choice((word[:at] + word[at + 1:], word[:at] + word[at] + word[at:],
                      word[:at] + word[at + 1] + word[at] + word[at + 2:]))
    return text[:found.start()] + new + text[found.end():]
