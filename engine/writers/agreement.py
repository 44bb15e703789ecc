"""Pronouns that agree: a small model's "he" for a girl is put right where it is clear who is meant.

Pure; text carries slots (`ID_1`). Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.writers.correct import sentences

#: Subject, object, possessive.
FORMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "she": ("she", "her", "her"), "he": ("he", "him", "his"), "they": ("they", "them", "their"),
    "it": ("it", "it", "its"), "any": ("they", "them", "their"),
}
_GENDERED: Final = {"she": "she", "her": "she", "hers": "she", "he": "he", "him": "he", "his": "he"}
_WORD: Final = re.compile(r"\b(she|her|hers|he|him|his)\b( was\b)?", re.IGNORECASE)
#: After "her": an object stands before these, a possessive before anything else.
_AFTER_OBJECT: Final = re.compile(r"^(?:[.,!?\"]| (?:and|to|with|in|on|at|from|for|up|down|away|back|again|home|the|"
                                  r"a|an|by|so|until|when|very|once|into|off|out|over|ID_\d)\b|$)")


def agreeing(text: str, pronouns: Mapping[str, str]) -> str:
    """The text with every he and she that can mean nobody at hand changed to the one named nearest before.

    `pronouns` maps slots to pronoun classes. What is said aloud in quotation marks is left alone.
    """
    said = []
    nearest: list[str] = []                # slots by last mention, newest last
    for sentence in sentences(text):
        parts = re.split(r'("[^"]*")', sentence)
        for index, part in enumerate(parts):
            if not part.startswith('"'):
                parts[index] = _put_right(part, pronouns, nearest)
        said.append("".join(parts))
    whole = _ALONE_THEIR.sub(lambda found: _own(found, pronouns), " ".join(said))
    return _SAYS.sub(lambda found: _speaker(found, pronouns), whole)


#: Who just did something alone and now speaks: 'Bo laughed. "It looks friendly," he said.'
_SAYS: Final = re.compile(r'((?:^|(?<=[.!?"] ))(ID_\d) [^.!?"_]*[.!?] "[^"]*" )(he|she)'
                          r"(?= (?:said|asked|whispered|cried|called)\b)")


def _speaker(found: re.Match[str], pronouns: Mapping[str, str]) -> str:
    kind = pronouns.get(found[2], "any")
    return found[1] + (kind if kind in ("she", "he") else found[3])


#: Somebody and, in the same breath, "their": nobody else can be meant. ("Bo licked their fingers")
_ALONE_THEIR: Final = re.compile(r"(?<!and )(?<![\w,] )\b(ID_\d)((?: [a-z]+){1,3} )(their|themself)\b|"
                                 r"(?<!and )^(ID_\d)((?: [a-z]+){1,3} )(their|themself)\b")


def _own(found: re.Match[str], pronouns: Mapping[str, str]) -> str:
    who, between, word = (one for one in found.groups() if one is not None)
    kind = pronouns.get(who, "any")
    if kind not in ("she", "he") or " and " in between:
        return found[0]
    return f"{who}{between}{FORMS[kind][2] if word == 'their' else f'{FORMS[kind][1]}self'}"


def strays(text: str, pronouns: Mapping[str, str]) -> int:
    """How many he and she of the narration no character of `pronouns` can be meant by."""
    told = re.sub(r'"[^"]*"', "", text)
    classes = set(pronouns.values())
    return sum(_GENDERED[found[1].casefold()] not in classes for found in _WORD.finditer(told))


def _put_right(part: str, pronouns: Mapping[str, str], nearest: list[str]) -> str:
    out, at = "", 0
    for found in re.finditer(r"ID_\d|\b(?:she|hers|her|he|him|his)\b(?: was\b)?", part, re.IGNORECASE):
        out += part[at:found.start()]
        at = found.end()
        word = found[0]
        if word.startswith("ID_"):
            if word in nearest:
                nearest.remove(word)
            nearest.append(word)
            out += word
            continue
        bare, _, was = word.partition(" ")
        kind = _GENDERED[bare.casefold()]
        recent = nearest[-2:]
        if not nearest or any(pronouns.get(one) == kind for one in recent):
            out += word
            continue
        subject, thing, whose = FORMS[pronouns.get(nearest[-1], "any")]
        if bare.casefold() in ("she", "he"):
            new = subject
        elif bare.casefold() == "him" or (bare.casefold() == "her" and _AFTER_OBJECT.match(part[at:])):
            new = thing
        else:
            new = whose
        new = new.capitalize() if bare[0].isupper() else new
        out += new + (" were" if was and new.casefold() == "they" else f" {was}" if was else "")
    return out + part[at:]
