"""Who is meant in what a person wrote: the words as they stand, the cast by name, and what has to be asked.

`StoryReader` reads a story's turns and pages in their order. It finds names and nicknames itself and leaves the rest to
`engine.meaning.pronouns`; the places it tells are places in the text as it was written. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.meaning.pronouns import Focus, Meant, resolve
from engine.meaning.relations import Person
from engine.nouns import Character, CharacterId, Member, OwnerId
from engine.vocabulary import COLOURS, KINDS, PROPS, SETTINGS

#: Names that are also words: matched only as they are written, never in small letters.
WORDS_TOO: Final = frozenset({*KINDS, *PROPS, *SETTINGS, *COLOURS}) | frozenset(re.findall(r"\w+", """
will may rose sky mark joy hope faith sunny summer autumn april june august dawn ivy lily daisy star moon sun
rain river storm snow angel honey sugar candy cookie bunny kitty puppy teddy bear duck prince princess king
queen baby mum mummy mom mommy dad daddy granny grandma grandpa friend the a an and or i me my you he she it
they we us him her them in on at to of is was be do go no yes so up art bill bob buddy chance chase chip grace
jack jay pat penny pip rob rusty sandy skip sonny spot tiny tom ray rex robin royal violet wren
"""))
#: Words of a name that name nobody by themselves.
_NO_SHORT: Final = frozenset(("the", "and", "von", "van", "little", "big", "old"))
_PLAIN: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'"})
#: Where a place follows, whose it is decides what is drawn.
_PLACE_OF: Final = re.compile(r"^ (?:own |little |new |old )?(?:bed)?(?:room|house|home|garden|castle|cave|kitchen|"
                              r"bedroom|burrow|tent|school|farm|den)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """One place of a text, and who is meant there."""

    start: int
    end: int
    who: tuple[CharacterId, ...]
    how: str                               # "name", "pronoun", "group", "relation", "kind", "speech"
    role: str = ""                         # "subject", "object", "owner", "self"
    rivals: tuple[CharacterId, ...] = ()   # all who are as near, where it is not clear
    spoken: bool = False                   # said aloud by somebody of the story


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with everybody who is meant in it, in order."""

    text: str
    mentions: tuple[Mention, ...]
    slotted: str = ""                      # with slots for everybody who is meant; what is said aloud as it stands

    @property
    def open(self) -> tuple[Mention, ...]:
        """What the rules could not decide."""
        return tuple(mention for mention in self.mentions if mention.rivals)


def spellings(character: Character) -> tuple[str, ...]:
    """The ways a character is called by name: the name, its nicknames."""
    return tuple(dict.fromkeys(name for name in (character.name, *character.nicknames) if name.strip()))


#: Of these names the small letters mean nothing else in most texts that have no capitals at all.
_RARE_WORDS: Final = frozenset(("bill", "bob", "grace", "ivy", "jack", "jay", "lily", "daisy", "penny", "pip", "ray",
                                "rex", "rob", "robin", "tom", "violet", "wren", "rusty", "dawn", "art", "nana"))


def name_patterns(named: Sequence[tuple[CharacterId, Sequence[str]]], *,
                  small: bool = False) -> list[tuple[re.Pattern[str], CharacterId]]:
    """What finds each character's name in a text, longest first; "Grandma" finds "Grandma Rose".

    `small` is for a text without capitals, where "tom" is Tom.
    """
    careful = WORDS_TOO - _RARE_WORDS if small else WORDS_TOO
    patterns: list[tuple[str, CharacterId, int]] = []
    short: dict[str, list[CharacterId]] = {}
    whole = {spelling.casefold() for _, spelled in named for spelling in spelled}
    for who, spelled in named:
        patterns += [(spelling, who, 0 if spelling.casefold() in careful else re.IGNORECASE) for spelling in spelled]
        for name in spelled:
            words = name.split()
            for word in words if len(words) > 1 else ():
                if len(word) > 2 and word[0].isupper() and word.casefold() not in _NO_SHORT:
                    short.setdefault(word, []).append(who)
    patterns.sort(key=lambda one: -len(one[0]))
    patterns += [(word, those[0], 0) for word, those in sorted(short.items(), key=lambda one: -len(one[0]))
                 if len(set(those)) == 1 and word.casefold() not in whole]
    return [(re.compile(rf"(?<!\w){re.escape(spelling)}(?!\w)", flags), who) for spelling, who, flags in patterns]


def name_places(text: str, named: Sequence[tuple[CharacterId, Sequence[str]]]) -> list[tuple[int, int, CharacterId]]:
    """Where names stand in a text, in order; the longest name wins where two overlap."""
    taken: list[tuple[int, int, CharacterId]] = []
    for pattern, who in name_patterns(named, small=not re.search(r"[A-Z][a-z]", text)):
        taken += [(found.start(), found.end(), who) for found in pattern.finditer(text)
                  if all(found.end() <= start or found.start() >= end for start, end, _ in taken)]
    return sorted(taken)


def persons(cast: Iterable[Character], members: Iterable[Member]) -> dict[CharacterId, Person]:
    """What the rules know of a cast."""
    own = {member.character_id for member in members}
    return {character.character_id: Person(character.pronouns.value, character.look.kind, character.owner_id,
                                           character.relation, character.character_id in own, character.name)
            for character in cast}


class StoryReader:
    """Reads one story's texts in their order, so that "she" is whom the page before was about."""

    def __init__(self, cast: Sequence[Character], members: Sequence[Member]) -> None:
        self._cast = tuple(cast)
        self._members = tuple(members)
        people = persons(cast, members)
        # The rules know slots of one figure; a larger cast keeps whoever comes later under letters of its own.
        self._slots = {character.character_id: CharacterId(_slot(number)) for number, character in enumerate(cast)}
        self._ids = {slot: who for who, slot in self._slots.items()}
        self._people = {self._slots[who]: person for who, person in people.items()}
        self._classes = {slot: person.pronouns for slot, person in self._people.items()}
        self._named = [(self._slots[character.character_id], spellings(character)) for character in cast]
        self._focus = Focus()

    @property
    def slots(self) -> dict[CharacterId, CharacterId]:
        """The slot of each character in `Reading.slotted`."""
        return dict(self._slots)

    def turn(self, text: str, owner_id: OwnerId, *,
             given: Sequence[tuple[int, int, CharacterId]] = ()) -> Reading:
        """What a person wrote. `given` are places of the text whose meaning is known."""
        mine = next((member.character_id for member in self._members if member.owner_id == owner_id), None)
        return self._read(text, self._slots.get(mine) if mine is not None else None, owner_id, given)

    def prose(self, text: str) -> Reading:
        """What the bot told."""
        return self._read(text, None, "", ())

    def _read(self, text: str, author: CharacterId | None, owner: str,
              given: Sequence[tuple[int, int, CharacterId]]) -> Reading:
        plain = re.sub(r"\bID(?=_\d)", "id", text.translate(_PLAIN))
        names = name_places(plain, self._named)
        # Names become slots, which changes the length: `shifts` leads back to places in the text as it was written.
        slotted, at, shifts = "", 0, [(0, 0)]
        for start, end, slot in names:
            slotted += plain[at:start] + slot
            at = end
            shifts.append((len(slotted), end))
        slotted += plain[at:]

        def back(place: int, *, is_end: bool = False) -> int:
            """The place in the written text of a place in the slotted one."""
            inside, outside = next((pair for pair in reversed(shifts) if pair[0] <= place), (0, 0))
            written = outside + place - inside
            for (start, end, slot), (after, _) in zip(names, shifts[1:], strict=True):
                if after - len(slot) < place < after:
                    return end if is_end else start
            return written

        def forth(place: int) -> int:
            moved = place
            for start, end, slot in names:
                if end <= place:
                    moved += len(slot) - (end - start)
            return moved

        known = [(forth(start), forth(end), self._slots[who]) for start, end, who in given if who in self._slots]
        resolved = resolve(slotted, self._classes, focus=self._focus, author=author, people=self._people, owner=owner,
                           given=known)
        self._focus = resolved.focus
        mentions = [Mention(start, end, (self._ids[slot],), "name") for start, end, slot in names]
        for told, spoken in ((resolved.meant, False), (resolved.spoken, True)):
            mentions += [self._mention(meant, back(meant.start), back(meant.end, is_end=True), spoken)
                         for meant in told]
        return Reading(text, tuple(sorted(mentions, key=lambda mention: (mention.start, mention.end))), resolved.text)

    def _mention(self, meant: Meant, start: int, end: int, spoken: bool) -> Mention:
        return Mention(start, end, tuple(self._ids[who] for who in meant.who), meant.how, meant.role,
                       tuple(self._ids[who] for who in meant.rivals), spoken)


def _slot(number: int) -> str:
    return f"ID_{number + 1}" if number < 9 else f"ID_{chr(ord('a') + number - 9)}"


def to_ask(reading: Reading) -> Mention | None:
    """The one place a person should be asked about before the turn is played; None where nothing depends on it.

    What is said aloud is not drawn, and whose hat it is hardly shows; who does something, or whose room it is, does.
    """
    for mention in reading.open:
        if mention.spoken or mention.how not in ("pronoun", "kind", "relation"):
            continue
        if mention.role in ("subject", "object") or (
                mention.role == "owner" and _PLACE_OF.match(reading.text[mention.end:])):
            return mention
    return None


def called_in(text: str, some: Sequence[Character], owner_id: OwnerId) -> frozenset[CharacterId]:
    """Who of these a text calls by name, by nickname or as somebody's own ("my sister")."""
    reading = StoryReader(some, ()).turn(text, owner_id)
    return frozenset(who for mention in reading.mentions if mention.how in ("name", "relation") for who in mention.who)
