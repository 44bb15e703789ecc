"""Held-out stories with their truth: who is in each panel, where, in which instance of the setting.

Nobody in them was ever trained on (`sample_look(held_out=True)`), nor was any of their rooms. Each panel has a caption
with names and the same caption as a reader would write it on, with pronouns; a name is only replaced where readers
would know who is meant: nobody else of that gender was just spoken of, or the subject goes on being the subject.
Settings come back again and again, at other times of day and in other weather. What a panel shows may differ from
whom its words name: somebody who is missed is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from engine import vocabulary as words
from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Look,
    OwnerId,
    PanelBrief,
    Pronouns,
    ServerId,
    Setting,
    StepId,
    Story,
    StoryId,
    StoryStep,
    TurnId,
    VenueId,
)
from engine.planning import plan_panels
from training.world.sampler import sample_look

#: Candidates the judge is asked for in every panel, as FlintstonesSV has seven characters: the cast and strangers.
CANDIDATES = 7
_NAMES = ("Alex", "Kim", "Noa", "Sam", "Charlie", "Luca", "Sasha", "Toni", "Kai", "Nico", "Yuki", "Ari", "Jules",
          "Mika")
_KIND_PRONOUNS = {"girl": "she", "woman": "she", "grandmother": "she", "boy": "he", "man": "he", "grandfather": "he"}
#: Verbs for one or many: (action, "she ...", "they ...", thing held).
_ALONE = (
    ("jumps", "jumps high", "jump high", ""), ("dances", "dances", "dance", ""), ("sits", "sits down", "sit down", ""),
    ("sings", "sings a song", "sing a song", ""), ("sleeps", "falls asleep", "fall asleep", ""),
    ("cheers", "cheers", "cheer", ""), ("cries", "cries a little", "cry a little", ""),
    ("reads", "reads a story", "read a story", ""), ("eats", "eats a snack", "eat a snack", ""),
    ("points", "points ahead", "point ahead", ""), ("kneels", "kneels down", "kneel down", ""),
    ("hides", "hides", "hide", ""), ("runs", "runs fast", "run fast", ""), ("walks", "walks around", "walk around", ""),
    ("waves", "waves", "wave", ""), ("thinks", "thinks hard", "think hard", ""),
    ("carries", "carries a basket", "carry a basket", "basket"),
    ("carries", "carries a lantern", "carry a lantern", "lantern"),
)
#: Verbs for one towards another: (action, "she ... him", "they ... him").
_TOWARD = (("hugs", "hugs", "hug"), ("waves", "waves to", "wave to"), ("looks", "looks at", "look at"),
           ("sings", "sings for", "sing for"), ("dances", "dances with", "dance with"), ("walks", "follows", "follow"))
_GOING = (("walks", "walks", "walk"), ("runs", "runs", "run"), ("walks", "goes", "go"))
_TIME_WORDS = {"day": "In the morning", "evening": "In the evening", "night": "At night"}
_WEATHER_WORDS = {"clear": "It is sunny.", "rain": "It is raining.", "snow": "It is snowing.", "fog": "It is foggy."}
_SUBJECT = {"she": "she", "he": "he", "they": "they", "it": "it"}
_OBJECT = {"she": "her", "he": "him", "they": "them", "it": "it"}
_OWNER = {"she": "her", "he": "his", "they": "their", "it": "its"}
#: A phrase with places for its people: {s} who does it, {x} the others, {o:ID} the owner of a room.
Phrase = tuple[str, tuple[CharacterId, ...], tuple[CharacterId, ...]]


@dataclass(frozen=True)
class Told:
    """One panel: its captions and what is true of it. The beat's words are the named caption."""

    named: str
    pronouns: str
    beat: Beat
    mentions: int               # of characters in the caption
    replaced: int               # ... that are pronouns in the pronoun caption


@dataclass(frozen=True)
class HeldOutStory:
    """A story, its cast, strangers who are never in it, and its panels."""

    story: Story
    cast: tuple[Character, ...]
    strangers: tuple[Character, ...]
    panels: tuple[Told, ...]

    @property
    def candidates(self) -> tuple[Character, ...]:
        """Everybody the judge is asked for."""
        return (*self.cast, *self.strangers)

    @property
    def by_id(self) -> dict[CharacterId, Character]:
        return {character.character_id: character for character in self.cast}

    def truth(self) -> list[PanelBrief]:
        """The brief of every panel as it should be, laid out by the engine's planner."""
        known: list[Setting] = []
        return [brief_of(self.story, index, told.beat, self.by_id, known) for index, told in enumerate(self.panels)]


def brief_of(story: Story, index: int, beat: Beat, cast: Mapping[CharacterId, Character],
             known: list[Setting]) -> PanelBrief:
    """The brief of panel `index`; `known` settings are kept up, the current one last, as a library returns them."""
    turn_id = TurnId(f"{story.story_id}-{index}")
    step = StoryStep(StepId(f"{turn_id}-step"), story.story_id, turn_id, "", (beat,))
    (brief,), _ = plan_panels(story, step, cast, known)
    if brief.setting in known:
        known.remove(brief.setting)
    known.append(brief.setting)
    return brief


def make_story(number: int, *, length: int, count: int, seed: int = 0) -> HeldOutStory:
    """Story `number` of a seed, with `count` characters (1 to 4) and `length` panels; a prefix of every longer one."""
    rng = Random(f"held-out:{seed}:{number}:{count}")
    names = rng.sample(_NAMES, CANDIDATES)
    people = tuple(_character(rng, slot, name) for slot, name in enumerate(names, 1))
    cast, strangers = people[:count], people[count:]
    story = Story(StoryId(f"evaluation-{seed}-{number}-{count}"), VenueId("evaluation"), ServerId(""),
                  OwnerId("nobody"), f"Story {number}", style=words.STYLES[number % len(words.STYLES)])
    return HeldOutStory(story, cast, strangers, tuple(_Teller(rng, cast).told(length)))


def _character(rng: Random, slot: int, name: str) -> Character:
    look = sample_look(rng, held_out=True)
    pronoun = _KIND_PRONOUNS.get(look.kind) or rng.choice(("she", "he", "she", "he", "they", "it"))
    return Character(CharacterId(f"c{slot}"), OwnerId("nobody"), name, Pronouns(pronoun), look)


def kinship(one: Look, other: Look) -> float:
    """How alike two people look: the share of what can be seen of them that is the same word, 0 to 1.

    Kind and the colours that cover most of somebody count double.
    """
    person = one.kind in words.PEOPLE and other.kind in words.PEOPLE
    seen = ["kind", "kind", "outfit", "outfit_colour", "outfit_colour", "pattern", "headwear", "glasses"]
    seen += ["skin", "hair", "hair_colour", "hair_colour", "beard"] if person else ["fur", "fur"]
    return sum(getattr(one, name) == getattr(other, name) for name in seen) / len(seen)


@dataclass(frozen=True)
class _Room:
    kind: str
    owner: CharacterId | None


class _Teller:
    """Tells one story, panel by panel; remembers what a reader of the pronoun captions has in mind."""

    def __init__(self, rng: Random, cast: Sequence[Character]) -> None:
        self.rng, self.ids = rng, [character.character_id for character in cast]
        self.by_id = {character.character_id: character for character in cast}
        self.rooms = self._rooms()
        self.room: _Room | None = None
        self.time, self.weather = "day", "clear"
        self.last: set[CharacterId] = set()              # in the sentence before
        self.subject: tuple[CharacterId, ...] = ()       # ... as its subject

    def _rooms(self) -> list[_Room]:
        """Two or three places; some belong to somebody, and now and then two are of one kind."""
        rng = self.rng
        kinds = rng.sample([kind for kind in words.SETTINGS if kind not in ("space", "underwater", "cloudland")], 3)
        rooms = [_Room(kind, rng.choice(self.ids) if kind in words.INDOORS and rng.random() < 0.5 else None)
                 for kind in kinds[:rng.choice((2, 3, 3))]]
        if len(self.ids) > 1 and rng.random() < 0.4:
            first, second = rng.sample(self.ids, 2)
            rooms[:2] = [_Room("bedroom", first), _Room("bedroom", second)]
        return rooms

    def told(self, length: int) -> list[Told]:
        panels: list[Told] = []
        left = 0
        for _ in range(length):
            goes_to = None
            if left == 0:
                goes_to = self.rng.choice([room for room in self.rooms if room != self.room])
                left = self.rng.randint(2, 5)
            panels.append(self._panel(goes_to))
            left -= 1
        return panels

    # --- one panel ---------------------------------------------------------------------------------

    def _panel(self, goes_to: _Room | None) -> Told:
        rng = self.rng
        count = min(len(self.ids), rng.choices((1, 2, 3, 4), (3, 4, 3, 2))[0])
        who = rng.sample(self.ids, count)
        if self.subject and self.subject[0] not in who and rng.random() < 0.6:
            who[rng.randrange(count)] = self.subject[0]  # stories stay with people
        acts: dict[CharacterId, CastMember] = {}
        lead = weather = ""
        if goes_to is not None:
            self.room = goes_to
            if rng.random() < 0.5:
                self.time = rng.choice(words.TIMES)
                lead = f"{_TIME_WORDS[self.time]} "
            if rng.random() < 0.3 and goes_to.kind in words.OUTDOORS:
                self.weather = rng.choice(words.WEATHERS)
                weather = f"{_WEATHER_WORDS[self.weather]} "
            action, one, many = rng.choice(_GOING)
            owner = f"{{o:{goes_to.owner}}}'s " if goes_to.owner else "the "
            phrases: list[Phrase] = [
                (f"{{s}} {many if len(who) > 1 else one} to {owner}{goes_to.kind}.", tuple(who), ())]
            acts = {one_id: CastMember(one_id, action) for one_id in who}
        else:
            phrases = [self._acting(who, acts)]
        if rng.random() < 0.35:
            one_id = rng.choice(who)
            action, one, _, held = rng.choice(_ALONE)
            phrases.append((f"Then {{s}} {one}.", (one_id,), ()))
            acts[one_id] = CastMember(one_id, action, holding=held)
        assert self.room is not None
        named, _, _ = self._written(phrases, lead, pronouns=False)
        by_pronoun, mentions, replaced = self._written(phrases, lead, pronouns=True)
        name = f"{self.by_id[self.room.owner].name}'s {self.room.kind}" if self.room.owner else ""
        beat = Beat(weather + named, tuple(acts[one_id] for one_id in self.ids if one_id in acts), self.room.kind, name,
                    self.time, self.weather, "wide")
        return Told(weather + named, weather + by_pronoun, beat, mentions, replaced)

    def _acting(self, who: list[CharacterId], acts: dict[CharacterId, CastMember]) -> Phrase:
        """A sentence about everybody in `who`: what they do, alone, together and towards each other."""
        rng = self.rng
        absent = [one_id for one_id in self.ids if one_id not in who]
        if len(who) == 1 and absent and rng.random() < 0.25:
            acts[who[0]] = CastMember(who[0], "thinks")
            return "{s} misses {x}.", (who[0],), (rng.choice(absent),)
        if len(who) == 1 or rng.random() < 0.3:
            action, one, many, held = rng.choice(_ALONE)
            acts |= {one_id: CastMember(one_id, action, holding=held) for one_id in who}
            return f"{{s}} {many if len(who) > 1 else one}.", tuple(who), ()
        cut = rng.randint(1, len(who) - 1)
        doing, others = who[:cut], who[cut:]
        if rng.random() < 0.6 and len(others) == 1:
            action, one, many = rng.choice(_TOWARD)
            acts |= {one_id: CastMember(one_id, action, toward=others[0]) for one_id in doing}
            acts[others[0]] = CastMember(others[0])
            return f"{{s}} {many if len(doing) > 1 else one} {{x}}.", tuple(doing), tuple(others)
        said = []
        for group in (doing, others):
            action, one, many, held = rng.choice(_ALONE)
            acts |= {one_id: CastMember(one_id, action, holding=held) for one_id in group}
            said.append(many if len(group) > 1 else one)
        return f"{{s}} {said[0]} while {{x}} {said[1]}.", tuple(doing), tuple(others)

    # --- words -------------------------------------------------------------------------------------

    def _written(self, phrases: Sequence[Phrase], lead: str, *, pronouns: bool) -> tuple[str, int, int]:
        """The caption, how many mentions it has, and how many of them are pronouns."""
        parts, mentions, replaced = [], 0, 0
        for number, (phrase, subject, others) in enumerate(phrases):
            said = self._shown(subject, (), "subject") if pronouns else None
            other = self._shown(others, subject, "clause" if "while" in phrase else "object") if pronouns else None
            if said == "they" and len(subject) == 1:
                phrase = _plural(phrase)
            owner = re.search(r"\{o:(c\d)\}'s", phrase)
            mentions += len(subject) + len(others) + (owner is not None)
            replaced += len(subject) * (said is not None) + len(others) * (other is not None)
            text = phrase.replace("{s}", said or self._list(subject)).replace("{x}", other or self._list(others))
            if owner is not None:
                whose = self.by_id[CharacterId(owner[1])]
                own = pronouns and subject == (whose.character_id,)
                replaced += own
                text = text.replace(owner[0], _OWNER[whose.pronouns.value] if own else f"{whose.name}'s")
            if pronouns:
                self.last, self.subject = {*subject, *others}, subject
            text = f"{lead}{text}" if number == 0 else text
            parts.append(text[0].upper() + text[1:])
        return " ".join(parts), mentions, replaced

    def _list(self, who: Sequence[CharacterId]) -> str:
        names = [self.by_id[one].name for one in who]
        return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)

    def _shown(self, who: tuple[CharacterId, ...], subject: tuple[CharacterId, ...], role: str) -> str | None:
        """The pronoun a reader would understand for these people here, or None for their names."""
        if not who or self.rng.random() < 0.12:
            return None
        forms = _OBJECT if role == "object" else _SUBJECT
        if len(who) > 1:                   # all of whom the sentence before spoke
            return forms["they"] if set(who) == self.last else None
        kind = self.by_id[who[0]].pronouns.value
        rivals = [one for one in {*self.last, *subject} if one != who[0] and self.by_id[one].pronouns.value == kind]
        if who[0] not in self.last or (role == "clause" and kind == "they"):
            return None
        if kind == "they":
            return forms[kind] if self.last == {who[0]} else None
        if kind == "it" and role == "object":
            return None
        return forms[kind] if not rivals or (role == "subject" and self.subject == who) else None


def _plural(phrase: str) -> str:
    """A phrase for one as it stands after "they"."""
    for singular, plural in (*((one, many) for _, one, many, _ in _ALONE), *((one, many) for _, one, many in _TOWARD),
                             *((one, many) for _, one, many in _GOING), ("misses", "miss")):
        if re.match(rf"(?:Then )?\{{s\}} {re.escape(singular)}(?!\w)", phrase):
            return phrase.replace(f"{{s}} {singular}", f"{{s}} {plural}", 1)
    return phrase
