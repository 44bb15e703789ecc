"""The things of a story: nouns a person brings in, put into single tokens so that any noun can be taken up.

A small model copies one token far better than the pieces of a word it never saw. So what a turn is about ("a purple
xylofrog") is found by rules and stands in the notation as `THING_1`; what the model writes about `THING_1` becomes
the xylofrog again. Training and use call this same code. What can be drawn (`PROPS`) and places stay words, because
the plan needs them. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from engine.vocabulary import COLOURS, MOODS, PROPS
from engine.writers.lexicon import FEELINGS, PLACES, SMALL_WORDS, TIMES, VERBS, WEATHERS

MAX_THINGS: Final = 8


def _set(words: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", words))


DETERMINERS: Final = _set(
    "a an the some any no another every each this that these those my your his her its our their two three four five "
    "six seven eight nine ten hundred many few several all most both")
_MANY: Final = _set(
    "some these those two three four five six seven eight nine ten hundred many few several all most both")
_BEFORE_NOUN: Final = _set("of with for about like without into from called named")
_DESCRIBES: Final = frozenset(COLOURS) | frozenset(MOODS) | _set(
    "big small little tiny huge giant old new young long short tall very really so favourite "
    "own whole first last next "
    "other same great good nice bad best real magic magical hungry friendly beautiful pretty lovely funny strange")
_ENDS: Final = frozenset(FEELINGS) | frozenset(TIMES) | frozenset(WEATHERS) | _set(
    "morning afternoon day days night evening time times end world way side top bottom middle front "
    "back ground air "
    "name thing things story one ones lot bit piece kind minute moment while year years week hour everyone sun "
    "friend friends sky water door window wall floor table head hand hands foot feet eye eyes nose face mother father "
    "birthday help party song race game joke idea plan secret surprise present dream wish sound noise music word")


def plural(noun: str) -> str:
    """"foxes", "ponies", "owl clocks"."""
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return _IRREGULAR.get(noun, noun + "s")


_IRREGULAR: Final = {
    "mouse": "mice", "sheep": "sheep", "fish": "fish", "goose": "geese", "deer": "deer", "wolf": "wolves",
    "leaf": "leaves", "policeman": "policemen", "snowman": "snowmen", "postman": "postmen", "elf": "elves",
    "child": "children", "person": "people", "tooth": "teeth", "knife": "knives",
}


class Things:
    """Which noun has which `THING_n`, in order of appearance. With more than eight the oldest is forgotten."""

    def __init__(self, nouns: Iterable[str], adjectives: Iterable[str]) -> None:
        """`nouns` and `adjectives` are the words the model was trained with; others are found by their place."""
        self._nouns = frozenset(nouns) - set(PROPS) - set(PLACES) - _ENDS
        self._singular = {plural(noun): noun for noun in self._nouns}
        self._describes = _DESCRIBES | frozenset(adjectives)
        self._slots: list[str] = []        # noun of THING_1, THING_2, ...
        self._next = 0

    def register(self, text: str) -> None:
        """Give every new noun of a turn its token."""
        for noun in self.found(text):
            if noun in self._slots:
                continue
            if len(self._slots) < MAX_THINGS:
                self._slots.append(noun)
            else:
                self._slots[self._next % MAX_THINGS] = noun
                self._next += 1

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._slots)

    def hide(self, text: str) -> str:
        """Put tokens where registered nouns stand: "an owl" is "a THING_1", "owls" is "THING_1s"."""
        for noun in sorted(self._slots, key=len, reverse=True):
            slot = f"THING_{self._slots.index(noun) + 1}"
            many = plural(noun)
            if many != noun:
                text = re.sub(rf"(?<![\w'-]){re.escape(many)}(?![\w-])", f"{slot}s", text, flags=re.IGNORECASE)
            text = re.sub(rf"(?<![\w'-]){re.escape(noun)}(?![\w-])", slot, text, flags=re.IGNORECASE)
        return re.sub(r"\b([Aa])n (THING_)", r"\1 \2", text)

    def show(self, text: str) -> str | None:
        """Put the nouns back. None when the text speaks of a thing that is not there."""
        if any(int(number) > len(self._slots) for number in re.findall(r"THING_(\d)", text)):
            return None
        text = re.sub(r"THING_(\d)s\b(?!')", lambda found: plural(self._slots[int(found[1]) - 1]), text)
        text = re.sub(r"THING_(\d)", lambda found: self._slots[int(found[1]) - 1], text)
        text = re.sub(r"\b([Aa]) (?=[aeiou](?!ni|se|ku|ne\b))", r"\1n ", text)
        return re.sub(r'(^"?|[.!?] "?)([a-z])', lambda found: found[1] + found[2].upper(), text)

    def found(self, text: str) -> list[str]:
        """The nouns a turn is about, singular, in order."""
        words = re.findall(r"ID_\d(?:'s)?|[A-Za-z][A-Za-z'-]*|[.,;:!?\"]", text)
        low = [word.removesuffix("'s").casefold() if not word.startswith("ID_") else word for word in words]
        found: list[str] = []
        index = 0
        while index < len(words):
            word, before = low[index], low[index - 1] if index else ""
            noun = self._listed(word)
            starts = before in DETERMINERS or (index and words[index - 1].startswith("ID_") and "'" in words[index - 1])
            if not starts and noun is None and not (before in _BEFORE_NOUN or before in VERBS):
                index += 1
                continue
            # Past the describing words, to the noun and perhaps a second one.
            at = index
            while at + 1 < len(words) and low[at] in self._describes and self._nounlike(words, low, at + 1):
                at += 1
            if not self._nounlike(words, low, at) or (low[at] in self._describes and self._listed(low[at]) is None) \
                    or (not starts and noun is None and not self._bare(low[at])):
                index += 1
                continue
            # "to duck", "ID_1 hammers": a noun's word used as a verb.
            if not starts and (before in ("to", "can", "will", "let") or before.startswith("ID_")) and at == index:
                index += 1
                continue
            parts = [low[at]]
            listed = self._listed(low[at])
            if at + 1 < len(words) and self._second(words, low, at + 1, listed is not None):
                parts.append(low[at + 1])
            last = self._listed(parts[-1]) or (parts[-1] if before not in _MANY or not parts[-1].endswith("s")
                                               or parts[-1].endswith("ss") else parts[-1][:-1])
            found.append(" ".join([*parts[:-1], last]))
            index = at + len(parts)
        return list(dict.fromkeys(found))

    def _listed(self, word: str) -> str | None:
        """The singular of a noun the model was trained with."""
        return word if word in self._nouns else self._singular.get(word)

    def _bare(self, word: str) -> bool:
        """May an unlisted word without a determiner be a thing?"""
        return not word.endswith(("ly", "ing", "ed")) and len(word) > 3

    def _nounlike(self, words: list[str], low: list[str], index: int) -> bool:
        if index >= len(words) or words[index].startswith("ID_") or not words[index][0].isalpha():
            return False
        word = low[index]
        if self._listed(word) is not None:
            return True
        if words[index][0].isupper() and index and words[index - 1] not in '.!?"':
            return False                   # a name that is nobody's here stays a word
        return not (word in SMALL_WORDS or word in VERBS or word in PROPS or word in PLACES or word in _ENDS
                    or word in DETERMINERS or word.removesuffix("s") in PROPS or word.removesuffix("s") in _ENDS
                    or len(word) < 3 or word.endswith("ly"))

    def _second(self, words: list[str], low: list[str], index: int, after_listed: bool) -> bool:
        """Does the word after a noun belong to it ("owl clock")?"""
        word = low[index]
        if not self._nounlike(words, low, index) or word in self._describes:
            return False
        if self._listed(word) is not None:
            return word in self._nouns
        return not after_listed and not word.endswith(("s", "ed", "ing"))
