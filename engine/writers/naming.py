"""Names in and out: people's words enter a prompt as cleaned data, with slots where the cast's names stood.

The writer models never see a name: "Mia" goes in as `ID_1` and comes out as "Mia", so any name works and no two
fuse. Standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.meaning.reader import name_places
from engine.nouns import Beat, Character, CharacterId, Scene
from engine.writers.mini_text import MAX_SLOTS, slot, slot_number

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "‚": "'", "…": "...",
                         "–": "-", "—": "-"})


def clean_name(name: str, *, limit: int = 40) -> str:
    """A name as it may enter a prompt or a page: NFKC, no control, bidi or markup characters, one line."""
    name = unicodedata.normalize("NFKC", name)
    name = "".join(" " if unicodedata.category(one) in ("Zl", "Zp", "Cc") else one for one in name
                   if unicodedata.category(one) not in ("Cf", "Co", "Cn", "Cs"))
    name = re.sub(r"[@<>{}\[\]\\|`*_~#\"]", "", name)
    return " ".join(name.split())[:limit].strip() or "Friend"


def clean_text(text: str, *, limit: int = 1500) -> str:
    """What a person wrote, as data: NFKC, one line, plain quotes; no control characters, mentions or markup."""
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    text = re.sub(r"<[@#:/a][^>]{0,80}>|\w+://\S+|(?:discord(?:app)?\.(?:gg|com)|dsc\.gg)/\S+", " ", text,
                  flags=re.IGNORECASE)
    text = "".join(" " if unicodedata.category(one) in ("Zl", "Zp", "Cc") else one for one in text
                   if unicodedata.category(one) not in ("Cf", "Co", "Cn", "Cs"))
    text = re.sub(r"@(?=\w)", "", text)
    text = re.sub(r"[<>{}\[\]\\|`*_~#@]+", " ", text)
    return " ".join(text.split())[:limit].strip()


def _spellings(character: Character) -> list[str]:
    """The ways a character's name and nicknames can stand in a cleaned text."""
    both = [clean_name(character.name), clean_text(character.name, limit=80)]
    for nickname in character.nicknames:
        both += [clean_text(nickname, limit=80)]
    return [spelling for spelling in dict.fromkeys(both) if spelling]


@dataclass(frozen=True, slots=True)
class Slots:
    """Which cast member has which slot, and the names to put back."""

    members: tuple[tuple[CharacterId, Character, str], ...]    # (slot, character, cleaned name)

    @classmethod
    def of(cls, scene: Scene, *, limit: int = MAX_SLOTS) -> Slots:
        """Slots in the order of the cast. With more than `limit`, those who are at hand come first."""
        chosen = list(scene.cast)
        if len(chosen) > limit:
            text = clean_text(scene.turn.text).casefold()
            recent = [member.character_id for past in reversed(scene.past)
                      for beat in past.beats for member in beat.cast]
            mine = {member.character_id for member in scene.members if member.owner_id == scene.turn.owner_id}

            def nearness(character: Character) -> tuple[int, int]:
                if any(spelling.casefold() in text for spelling in _spellings(character)):
                    return (0, 0)
                if character.character_id in mine:
                    return (1, 0)
                if character.character_id in recent:
                    return (2, recent.index(character.character_id))
                return (3, 0)

            near = {character.character_id for character in sorted(chosen, key=nearness)[:limit]}
            chosen = [character for character in chosen if character.character_id in near]
        return cls(tuple((slot(number), character, clean_name(character.name))
                         for number, character in enumerate(chosen, 1)))

    @property
    def ids(self) -> tuple[CharacterId, ...]:
        return tuple(slot_id for slot_id, _, _ in self.members)

    def slot_of(self, character_id: CharacterId | None) -> CharacterId | None:
        return next((slot_id for slot_id, one, _ in self.members if one.character_id == character_id), None)

    def character_of(self, slot_id: str) -> CharacterId:
        return next(one.character_id for slot, one, _ in self.members if slot == slot_id)

    def name_of(self, slot_id: str) -> str:
        return next(name for slot, _, name in self.members if slot == slot_id)

    def hide(self, text: str) -> str:
        """Slots where the cast's names and nicknames stood. The longest name wins; "Grandma" finds "Grandma Rose"."""
        text = re.sub(r"\bID(?=\s*_?\s*\d)", "id", text)       # nobody types a slot
        out, at = "", 0
        for start, end, slot_id in name_places(text, [(slot_id, _spellings(character))
                                                      for slot_id, character, _ in self.members]):
            out += text[at:start] + slot_id
            at = end
        return out + text[at:]

    def show(self, text: str) -> str:
        """Put the names back."""
        names = {slot_id: name for slot_id, _, name in self.members}
        return re.sub(r"ID_\d", lambda found: names.get(CharacterId(found[0]), "somebody"), text)

    def author_slot(self, scene: Scene) -> CharacterId | None:
        """The slot of the character the turn's writer means by "I"."""
        mine = next((member.character_id for member in scene.members if member.owner_id == scene.turn.owner_id), None)
        return self.slot_of(mine)

    def hide_beats(self, beats: Sequence[Beat]) -> tuple[Beat, ...]:
        """Beats of the store with slots for ids, ready for the notation; people without a slot are left out."""
        hidden = []
        for beat in beats:
            cast = []
            for member in beat.cast:
                who, toward = self.slot_of(member.character_id), self.slot_of(member.toward)
                if who is not None:
                    cast.append(replace(member, character_id=who, toward=None if toward == who else toward))
            cast.sort(key=lambda member: slot_number(member.character_id))
            hidden.append(replace(beat, words="", cast=tuple(cast), setting_name=self.hide(beat.setting_name)))
        return tuple(hidden)

    def show_beats(self, beats: Sequence[Beat]) -> tuple[Beat, ...]:
        """The reverse, for a finished step."""
        return tuple(replace(
            beat, words=self.show(beat.words), setting_name=self.show(beat.setting_name),
            cast=tuple(replace(member, character_id=self.character_of(member.character_id),
                               toward=self.character_of(member.toward) if member.toward else None)
                       for member in beat.cast)) for beat in beats)
