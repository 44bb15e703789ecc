"""What a turn plainly says somebody does, holds and feels: the picture shows that, whatever a model makes of it.

A small model poses people freely: of "Bella steals the cake" it makes Bella pointing. Who wrote the turn looks for the
cake in her paws. Rules read the clauses of a turn whose pronouns are resolved already; where they are not sure they say
nothing, and the model's pose stays. Pure; text carries slots (`ID_1`). Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import PROPS, STANDING_PROPS, TOUCHING
from engine.writers.lexicon import FEELINGS, VERBS


@dataclass(frozen=True, slots=True)
class Doing:
    """What is said of one person; "" where nothing is."""

    action: str = ""
    mood: str = ""
    holding: str | None = None             # None: nothing is said; "": their hands are empty now
    toward: CharacterId | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GROUP: Final = re.compile(r"ID_\d(?:(?:, and |, | and )ID_\d)*(?!\d|'s)")
_BOUNDARY: Final = re.compile(r"[,;:]|\b(?:and|but|then|while|whilst|when|as|because|so|until|where)\b", re.IGNORECASE)
_PIECE: Final = re.compile(r"\s*(?:[,;:]|\b(?:and|but|then|until)\b)\s*", re.IGNORECASE)
#: What may stand between who and what they do.
_BEFORE_VERB: Final = _words(
    "is are was were am be been being has have had who all both each now then also just still soon again once very so "
    "too only always even suddenly together begins begin began starts start started keeps keep kept tries try tried to "
    "goes go went on quickly slowly")
#: After these it does not happen, or not here and now.
_UNREAL: Final = _words(
    "not never cannot can could will would should must may might want wants wanted wish wishes wished hope hopes hoped "
    "plan plans planned wonder wonders if no nobody don't doesn't didn't can't won't isn't aren't wasn't weren't "
    "couldn't wouldn't forgets forgot stop stops stopped pretend pretends pretended refuse refuses refused")
#: Words that are verbs of an action elsewhere, and of nothing that can be seen with what follows them here.
_PALE: Final = re.compile(
    r"^(?:takes? off|took off|puts? on|takes? (?:a )?(?:turn|look|breath|deep|nap|photo|picture|bath|care|time|place)|"
    r"took (?:a )?(?:turn|look|breath|deep|bath|care)|gets? (?:up|dressed|lost|tired|scared|angry|ready|wet|cold|home|"
    r"hungry|old)|got (?:up|dressed|lost|tired|scared|angry|ready|wet|cold|home|hungry)|makes? (?:a wish|friends|sure)|"
    r"made (?:a wish|friends|sure)|holds? (?:his|her|its|their) breath|goes on\b|went on\b)", re.IGNORECASE)
_PHRASES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple((re.compile(pattern, re.IGNORECASE), action)
                                                                 for pattern, action in (
    (r"^(?:goes|go|went|going) to (?:sleep|bed)\b|^falls? asleep\b|^fell asleep\b|^(?:lies|lie|lay) down\b", "sleeps"),
    (r"^(?:hold|holds|held|holding) hands\b|^(?:walk|walks|walked) hand in hand\b", "holds hands"),
    (r"^(?:look|looks|looked|looking|stare|stares|stared) up\b", "looks up"),
    (r"^(?:give|gives|gave|giving) (?:ID_\d (?:and ID_\d )?)?(?:a|an) (?:\w+ )?(?:hug|kiss|cuddle)\b", "hugs"),
    (r"^(?:steal|steals|stole|snatch|snatches|snatched|fetch|fetches|fetched|bake|bakes|baked|baking|cook|cooks|cooked|"
     r"cooking)\b", "carries"),
    (r"^(?:push|pushes|pushed|pull|pulls|pulled|drag|drags|dragged|wander|wanders)\b", "walks"),
    (r"^(?:escape|escapes|escaped|gallop|gallops|galloped|dash|dashes|dashed|sprint|sprints|sprinted)\b", "runs"),
    (r"^(?:fix|fixes|fixed|fixing|repair|repairs|repaired|repairing)\b", "kneels"),
    (r"^(?:smile|smiles|smiled|grin|grins|grinned)\b", "stands"),
))
#: Verbs after which a thing is in somebody's hands.
_TAKES: Final = _words(
    "carry carries carried carrying hold holds held holding bring brings brought bringing take takes took taking pick "
    "picks picked grab grabs grabbed lift lifts lifted get gets got find finds found steal steals stole snatch "
    "snatches snatched fetch fetches fetched read reads reading eat eats ate eating bite bites bit drink drinks drank "
    "drinking taste tastes tasted give gives gave giving hand hands handed show shows showed has had have bake bakes "
    "baked baking fly flies flew flying play plays played share shares shared throw throws threw wave waves waved")
#: Before a name that has something done to it, or is only told of.
_OBJECT: Final = re.compile(r"\b(?:with|to|at|for|of|from|by|about|like|on|than|without|beside|behind|near)(?: the)? $",
                            re.IGNORECASE)
#: Doing this nobody's hands are free, or the thing is where it is looked at.
_HANDLESS: Final = _words("hugs swims climbs") | {"holds hands"}
_NOT_WITH: Final = re.compile(r"\b(?:away from|from|without|about|of|for|like|than|behind|named|called)(?: the| a)? $",
                              re.IGNORECASE)
_HELD: Final = tuple(prop for prop in PROPS if prop not in STANDING_PROPS)
_PROP: Final = re.compile(r"(?<![\w-])(" + "|".join(_HELD) + r")s?(?![\w-])", re.IGNORECASE)
_WITH: Final = re.compile(r"\bwith (?:(?!with\b|ID_)[\w'-]+ ){0,3}?(" + "|".join(_HELD) + r")\b", re.IGNORECASE)
_COPULA: Final = re.compile(r"^(?:who )?(?:is|are|was|were|am|feels?|felt|looks?|looked|seems?|seemed|becomes?|became|"
                            r"gets?|got) (?:(?:all|both|now|very|so|too|really|still|a bit|a little|quite) )*(\w+)",
                            re.IGNORECASE)
_GLADLY: Final[Mapping[str, str]] = {"happily": "happy", "gladly": "happy", "sadly": "sad", "angrily": "angry",
                                     "sleepily": "sleepy"}
#: What can be seen on the face of who does it.
_SHOWS: Final[Mapping[str, str]] = {"cries": "sad", "sleeps": "sleepy"}
#: Feelings that only the word itself says: "magic" and "dark" are of things.
_OF_PEOPLE: Final[Mapping[str, str]] = {word: mood for word, mood in FEELINGS.items() if word not in (
    "magic", "dark", "strange", "lost", "best", "fun", "suddenly", "wow", "hooray", "joy", "tears", "fear", "fight",
    "quarrel", "bedtime", "scary", "love")}


def doings(text: str) -> dict[CharacterId, Doing]:
    """What each slot of a resolved text does, holds and feels; of several things the last."""
    found: dict[CharacterId, Doing] = {}
    plain = re.sub(r'"[^"]*"', " ", text)
    for sentence in re.split(r"(?<=[.!?])\s+", plain):
        subjects = [group for group in _GROUP.finditer(sentence) if _acts(sentence, group)]
        for number, group in enumerate(subjects):
            end = subjects[number + 1].start() if number + 1 < len(subjects) else len(sentence)
            who = [CharacterId(one) for one in re.findall(r"ID_\d", group[0])]
            for piece in _PIECE.split(sentence[group.end():end].strip(" .!?")):
                said = _said(piece.strip(), who)
                if said is None:
                    continue
                for one in who:
                    found[one] = _after(found.get(one, Doing()), said, one, who)
                    if said.holding and said.action != "reads":
                        # one thing is in one pair of hands
                        said = replace(said, holding=None, action="" if said.action == "carries" else said.action)
    return {who: doing for who, doing in found.items() if doing != Doing()}


def _acts(sentence: str, group: re.Match[str]) -> bool:
    """Whether the named do something here, rather than have it done to them."""
    after = re.findall(r"[\w']+|[.,;:!?]", sentence[group.end():])[:4]
    if not after or not after[0][0].isalpha():
        # "a mouse called ID_3, who is very angry"
        return bool(re.match(r",? who\b", sentence[group.end():]))
    for word in after:
        low = word.casefold()
        if low in VERBS or low in _UNREAL or low in ("is", "are", "was", "were", "am"):
            break
        if low not in _BEFORE_VERB and not low.endswith("ly"):
            boundary = [one.end() for one in _BOUNDARY.finditer(sentence[:group.start()])]
            before = sentence[max(boundary, default=0):group.start()]
            # at the start of a clause: nobody and nothing has done anything in it yet
            return not re.search(r"ID_\d(?!'s)", before) and not _OBJECT.search(before) and not any(
                each.casefold() in VERBS for each in re.findall(r"[\w']+", before))
    # "runs to ID_2 and hugs": whoever comes after "to" does not hug
    return not _OBJECT.search(sentence[:group.start()])


def _said(piece: str, who: Sequence[CharacterId]) -> Doing | None:
    """One clause without its subject; None when it says nothing that can be seen."""
    words = piece.split()
    mood = next((_GLADLY[word.casefold()] for word in words if word.casefold() in _GLADLY), "")
    feels = _COPULA.match(piece)
    if feels and feels[1].casefold() in _OF_PEOPLE and feels[1].casefold() not in VERBS:
        mood = _OF_PEOPLE[feels[1].casefold()]
    for index, word in enumerate(words[:6]):
        low = word.casefold()
        if low in _UNREAL:
            return None
        rest = " ".join(words[index:])
        action = "" if _PALE.match(rest) else next((does for form, does in _PHRASES if form.match(rest)),
                                                   VERBS.get(low, ""))
        if _PALE.match(rest):
            break
        if not action and (low in _BEFORE_VERB or low.endswith("ly") or low in _OF_PEOPLE):
            continue
        following = words[index + 1].casefold() if index + 1 < len(words) else ""
        if low in ("goes", "go", "went", "going") and following in VERBS and following.endswith("ing"):
            continue                       # "goes swimming"
        if not action:
            thing = _PROP.search(rest) if low in _TAKES else None
            return Doing(mood=mood, holding=thing[1].casefold() if thing else None) if mood or thing else None
        return _done(action, low, rest, mood, who)
    return Doing(mood=mood) if mood else None


def _done(action: str, verb: str, rest: str, mood: str, who: Sequence[CharacterId]) -> Doing:
    while_so = re.search(r"\b(\w+ing)\b", rest)
    if action in ("sits", "stands", "walks", "kneels") and while_so and while_so[1].casefold() in VERBS and \
            while_so[1].casefold() != verb:
        return _done(VERBS[while_so[1].casefold()], while_so[1].casefold(), rest[while_so.start():], mood, who)
    with_it = _WITH.search(rest)
    thing = with_it or (_PROP.search(rest) if verb in _TAKES else None)
    holding = thing[1].casefold() if thing and action not in _HANDLESS else "" if action in _HANDLESS else None
    if action == "reads" and not holding:
        holding = "book"
    others = [found for found in re.finditer(r"ID_\d(?!'s)", rest) if found[0] not in who
              and not _NOT_WITH.search(rest[:found.start()])]
    toward = CharacterId(others[0][0]) if others else None
    if action in TOUCHING and toward is None and action != "gives" and len(who) != 2:
        return Doing(mood=mood)            # "hugs the tree"
    if action == "points" and holding and toward:
        action = "gives"                   # "shows ID_2 the key": held out to be seen
    if action == "carries" and not holding:
        action = ""                        # what is carried cannot be drawn
    return Doing(action, mood or FEELINGS.get(verb, _SHOWS.get(action, "")), holding, toward)


def _after(before: Doing, said: Doing, who: CharacterId, subjects: Sequence[CharacterId]) -> Doing:
    """What is true once this was said too."""
    toward = said.toward
    if said.action in TOUCHING and toward is None and len(subjects) == 2:
        toward = next(one for one in subjects if one != who)
    if not said.action:
        return replace(before, mood=said.mood or before.mood,
                       holding=before.holding if said.holding is None else said.holding)
    # what was taken is still in the hand of who runs with it, but not once it was given or eaten
    kept = before.holding if before.action not in ("gives", "eats", "drinks") and said.action not in _HANDLESS else None
    return Doing(said.action, said.mood or before.mood, kept if said.holding is None else said.holding, toward)


def as_said(beats: Sequence[Beat], turn: str, *, at: int = 0) -> tuple[Beat, ...]:
    """The beats with everybody doing what the turn says they do, from the beat numbered `at` on where they first are.

    Later beats are the story going on, and stay as they were planned.
    """
    said = doings(turn)
    if not said:
        return tuple(beats)
    out = list(beats)
    for index in range(at, len(out)):
        members = {member.character_id for member in out[index].cast}
        cast = tuple(_posed(member, said.pop(member.character_id, Doing()), members) for member in out[index].cast)
        held = {member.holding for member in cast if member.holding}
        # one thing is in one pair of hands: of whom the turn gives it to
        both = tuple(zip(cast, out[index].cast, strict=True))
        given = {now.holding for now, was in both if now.holding and now.holding != was.holding}
        cast = tuple(replace(now, holding="") if was.holding == now.holding and now.holding in given else now
                     for now, was in both)
        # what the turn speaks of and nobody holds any more lies there: "she sees a lantern in the grass"
        left = [was.holding for _, was in both if was.holding and re.search(rf"\b{was.holding}", turn, re.IGNORECASE)]
        lying = dict.fromkeys(one for one in (*out[index].props, *left) if one not in held)
        out[index] = replace(out[index], cast=cast, props=tuple(lying))
    return tuple(out)


def _posed(member: CastMember, said: Doing, there: set[CharacterId]) -> CastMember:
    if said.mood:
        member = replace(member, mood=said.mood)
    if said.holding is not None:
        member = replace(member, holding=said.holding)
    if not said.action:
        return member
    toward = said.toward if said.toward in there else None
    if said.action in TOUCHING and toward is None and said.action != "gives":
        return member
    holding = member.holding if said.holding is not None or said.action == member.action else ""
    return replace(member, action=said.action, toward=toward, holding=holding)
