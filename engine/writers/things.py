"""The things of a story: nouns a person brings in, put into single tokens so that any noun can be taken up.

A small model copies one token far better than the pieces of a word it never saw. So what a turn is about ("a purple
xylofrog") is found by rules and stands in the notation as one token that also says what sort it is: `BEAST_1` for what
is alive, `FOOD_1` for what is eaten, `NAME_1` for somebody who is not of the cast, `THING_1` for the rest. What the
model writes about `BEAST_1` becomes the xylofrog again. The sort is listed for nouns of the training world and guessed
from the words around for others. Training and use call this same code. What can be drawn (`PROPS`) and places stay
words, because the plan needs them. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from engine.vocabulary import COLOURS, MOODS, PROPS
from engine.writers.lexicon import FEELINGS, PLACES, SMALL_WORDS, TIMES, VERBS, WEATHERS

#: How many of each sort a page can speak of.
SORTS: Final[Mapping[str, int]] = {"THING": 6, "BEAST": 6, "FOOD": 4, "NAME": 4}


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

#: Ends of words that are mostly alive.
_ALIVE_ENDS: Final = (
    "frog", "bear", "cat", "dog", "fish", "bird", "saurus", "saur", "mouse", "fox", "monster", "beast", "fairy",
    "witch", "owl", "horse", "man", "woman", "toad", "pig", "cow", "bunny", "corn", "pus", "lion", "whale", "worm",
    "snake")
#: What only somebody alive does or is: a noun before these words is alive.
_LIVES: Final = _set(
    "comes come came says say said steals steal stole wants want wanted runs run ran eats ate sleeps slept cries cried "
    "laughs laughed roars roar roared bites bit chases chased growls growled walks walked smiles smiled lives lived "
    "attacks attacked knocks knocked grabs grabbed meets met asks asked hugs hugged dances danced sings sang jumps "
    "jumped sneezes sneezed hides hid waves waved barks barked who")
_LIVING: Final = _set("hungry angry sad friendly lonely grumpy sleepy scared shy brave kind happy wild poor baby")
_EATING: Final = _set(
    "eat eats ate eating bake bakes baked cook cooks cooked cooking drink drinks drank taste tastes tasted feed feeds "
    "fed share shares shared")
_TITLES: Final = _set(
    "Mr Mrs Ms Miss Aunt Auntie Uncle Captain King Queen Prince Princess Doctor Dr Professor Sir Lady Grandma Grandpa "
    "Granny Mother Father Saint Santa Officer")
_NOT_NAMES: Final = _set(
    "I Im Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
    "September October November December Christmas Easter Halloween English OK Oh Yes No Hooray Hello Hi Hey Mars "
    "Earth Moon North South Pole God The A An And But Then Suddenly They We He She It You My Our His Her Let What Why "
    "Where Who How When Is Are Can Do Did Will There This That One All Everybody Everyone Somebody Please Now Once")
_TO_PLACE: Final = re.compile(r"\b(?:in|at|from|go|goes|went|going|fly|flies|flew|travels?|travell?ed|walks?|walked|"
                              r"drives?|drove|runs?|ran|moves?|moved|trip|back)(?: to| into| for)? $", re.IGNORECASE)
TOKEN: Final = re.compile(r"(?<!\w)(THING|BEAST|FOOD|NAME)_(\d)(s\b(?!'))?")


class Things:
    """Which noun has which token, in order of appearance. When a sort is full, the oldest of it is forgotten."""

    def __init__(self, nouns: Mapping[str, str], adjectives: Iterable[str]) -> None:
        """`nouns` maps the nouns the model was trained with to their sorts; others are found by their place."""
        known = {noun: sort for noun, sort in nouns.items()
                 if noun not in PROPS and noun not in PLACES and noun not in _ENDS}
        self._sorts = known
        self._nouns = frozenset(known)
        self._singular = {plural(noun): noun for noun in known}
        self._describes = _DESCRIBES | frozenset(adjectives)
        self._slots: dict[str, list[str]] = {sort: [] for sort in SORTS}
        self._next = dict.fromkeys(SORTS, 0)

    def register(self, text: str) -> None:
        """Give every new noun and every stranger's name of a turn its token."""
        for name in self.names(text):
            self._give("NAME", name)
        for noun in self.found(text):
            if not any(noun in slots for slots in self._slots.values()):
                self._give(self.sort(noun, text), noun)

    def _give(self, sort: str, noun: str) -> None:
        slots = self._slots[sort]
        if noun in slots:
            return
        if len(slots) < SORTS[sort]:
            slots.append(noun)
        else:
            slots[self._next[sort] % SORTS[sort]] = noun
            self._next[sort] += 1

    def sort(self, noun: str, text: str) -> str:
        """What sort a noun is: as listed, or as the words around it say."""
        head = noun.split()[-1]
        for word in (noun, head):
            if word in self._sorts:
                return self._sorts[word]
        if head.endswith(_ALIVE_ENDS):
            return "BEAST"
        for form in (noun, plural(noun)):
            for found in re.finditer(rf"(?<![\w'-]){re.escape(form)}(?![\w-])", text, re.IGNORECASE):
                before = re.findall(r"[a-z']+", text[:found.start()].casefold())[-4:]
                after = re.findall(r"[a-z']+", text[found.end():].casefold())[:1]
                if any(word in _EATING for word in before):
                    return "FOOD"
                if (after and after[0] in _LIVES) or (before and before[-1] in _LIVING):
                    return "BEAST"
        return "THING"

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(noun for slots in self._slots.values() for noun in slots)

    def hide(self, text: str) -> str:
        """Put tokens where registered nouns stand: "an owl" is "a BEAST_1", "owls" is "BEAST_1s"."""
        tokens = {noun: f"{sort}_{number}" for sort, slots in self._slots.items()
                  for number, noun in enumerate(slots, 1)}
        for noun in sorted(tokens, key=len, reverse=True):
            many = plural(noun)
            if many != noun and not noun[0].isupper():
                text = re.sub(rf"(?<![\w'-]){re.escape(many)}(?![\w-])", f"{tokens[noun]}s", text, flags=re.IGNORECASE)
            text = re.sub(rf"(?<![\w'-]){re.escape(noun)}(?![\w-])", tokens[noun], text, flags=re.IGNORECASE)
        return re.sub(r"\b([Aa])n ((?:THING|BEAST|FOOD)_)", r"\1 \2", text)

    def show(self, text: str) -> str | None:
        """Put the nouns back. None when the text speaks of a thing that is not there."""
        if any(int(number) > len(self._slots[sort]) for sort, number, _ in TOKEN.findall(text)):
            return None

        def noun(found: re.Match[str]) -> str:
            word = self._slots[found[1]][int(found[2]) - 1]
            return plural(word) if found[3] else word

        text = TOKEN.sub(noun, text)
        text = re.sub(r"\b([Aa]) (?=[aeiou](?!ni|se|ku|ne\b))", r"\1n ", text)
        return re.sub(r'(^"?|[.!?] "?)([a-z])', lambda found: found[1] + found[2].upper(), text)

    def names(self, text: str) -> list[str]:
        """Names of people who are not of the cast: capital letters where nothing else asks for them."""
        if text.isupper():
            return []
        found: list[str] = []
        for match in re.finditer(r"(?<![\w'_])[A-Z][a-z'-]+(?: [A-Z][a-z'-]+)*", text):
            words = match[0].removesuffix("'s").split()
            opens = not text[:match.start()].rstrip(' "') or text[:match.start()].rstrip(' "')[-1] in ".!?:"
            after = re.match(r"[ ,]+([a-z]+)", text[match.end():])
            if opens and len(words) == 1:
                word = words[0].casefold()
                if (self._listed(word) or word in SMALL_WORDS or word in VERBS or word in self._describes
                        or word in PLACES or word in _ENDS or word in PROPS or after is None
                        or (after[1] not in VERBS and after[1] not in ("is", "was", "and", "says", "said"))
                        or word.endswith("ly")):
                    continue
            elif opens and words[0] not in _TITLES and words[0].casefold() in SMALL_WORDS | frozenset(VERBS):
                words = words[1:]
            if not words or any(word in _NOT_NAMES for word in words) or _TO_PLACE.search(text[:match.start()]):
                continue
            if len(words) == 1 and (words[0] in _TITLES or words[0].casefold() in PLACES):
                continue
            found.append(" ".join(words))
        return list(dict.fromkeys(found))

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
