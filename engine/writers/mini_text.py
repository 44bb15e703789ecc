"""The mini writer's own notation: how a scene, its past and a plan are put into few tokens, and read back.

One piece of code for training and for use. A page of a story reads

    <s><cast> ID_1 girl she; ID_2 bear he<at> forest day clear
    <turn> ID_1: I find a ball!<say> The ball was round and red. ...
    <plan> in forest day clear wide: ID_1 carries happy with ball; ID_2 looks surprised to ID_1</s>
    <turn> ...

(without the line breaks). The words in pointed brackets are control tokens that no text can produce; ` ID_1` to
` ID_8` are single tokens with their leading space, and stand for characters whatever their names are; ` THING_1`,
` BEAST_1`, ` FOOD_1` and ` NAME_1` for what a turn is about and cannot be drawn as a prop ("a wumpletoad"). A plan is
one or more beats joined by ` |`; inside a beat the cast goes in ascending order, so that the grammar can promise
that nobody appears twice; what lies or stands about comes last, after `near`. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import ACTIONS, MOODS, PROPS, SETTINGS, SHOTS, STANDING_PROPS, TIMES, WEATHERS
from engine.writers.things import SORTS

BOS: Final = "<s>"
EOS: Final = "</s>"
CAST: Final = "<cast>"
AT: Final = "<at>"
TURN: Final = "<turn>"
NEXT: Final = "<next>"
END: Final = "<end>"
SAY: Final = "<say>"
PLAN: Final = "<plan>"
#: Control tokens, in the order of their token ids (0, 1, 2, ...).
CONTROLS: Final = (BOS, EOS, CAST, AT, TURN, NEXT, END, SAY, PLAN)
MAX_SLOTS: Final = 8
#: Name tokens, following the control tokens.
SLOTS: Final = tuple(f" ID_{number}" for number in range(1, MAX_SLOTS + 1))
#: Thing tokens: what a turn is about.
THINGS: Final = tuple(f" {sort}_{number}" for sort, count in SORTS.items() for number in range(1, count + 1))
MAX_CAST: Final = 4
HELD_PROPS: Final = tuple(prop for prop in PROPS if prop not in STANDING_PROPS)

Segment = tuple[str, str]                  # ("control", "<say>") or ("text", " ID_1 ran.")


def slot(number: int) -> CharacterId:
    """The placeholder of the cast member at `number`, counted from 1."""
    return CharacterId(f"ID_{number}")


def slot_number(slot_id: str) -> int:
    """3 for "ID_3"."""
    return int(slot_id[3:])


# --- the prompt ------------------------------------------------------------------------------------

def cast_segments(members: Iterable[tuple[str, str, str]]) -> list[Segment]:
    """The head of a page. `members` are (slot id, kind, pronouns)."""
    listing = ";".join(f" {slot_id} {kind} {pronouns}" for slot_id, kind, pronouns in members)
    return [("control", BOS), ("control", CAST), ("text", listing)]


def at_segments(where: Beat | None) -> list[Segment]:
    """Where the story stands before the page's first turn: place, time and weather, or nowhere yet."""
    if where is None:
        return [("control", AT), ("text", " nowhere")]
    return [("control", AT), ("text", f" {_place(where)} {where.time_of_day} {where.weather}")]


def turn_segments(kind: str, author: str, text: str) -> list[Segment]:
    """What a person wrote (`kind` is a TurnKind value), with the slot of the writer's own character or ""."""
    control = {"write": TURN, "next_page": NEXT, "end": END}[kind]
    spoken = (f" {author}:" if author else " :") + _spaced(text) if text else ""
    return [("control", control), ("text", spoken)] if spoken else [("control", control)]


def say_segments(prose: str) -> list[Segment]:
    return [("control", SAY), ("text", _spaced(prose))]


def plan_segments(beats: Sequence[Beat]) -> list[Segment]:
    return [("control", PLAN), ("text", plan_text(beats)), ("control", EOS)]


def _spaced(text: str) -> str:
    """Text as the tokenizer wants it: a leading space, and one before every slot."""
    text = " " + text.strip()
    return re.sub(r" ?((?:ID|THING|BEAST|FOOD|NAME)_[1-8])(?!\d)", r" \1", text)


def unspaced(text: str) -> str:
    """The reverse: what a person reads, slots still in place."""
    text = re.sub(r'(^|[\s(])(["“(]) ((?:ID|THING|BEAST|FOOD|NAME)_\d)', r"\1\2\3", text.strip())
    return re.sub(r"\s+", " ", text)


# --- the plan --------------------------------------------------------------------------------------

def plan_text(beats: Sequence[Beat]) -> str:
    """Beats whose characters are slots, in the notation above."""
    return " |".join(_beat_text(beat) for beat in beats)


def _place(beat: Beat) -> str:
    owner = re.match(r"(ID_\d)'s ", beat.setting_name)
    return beat.setting_kind + (f" of {owner[1]}" if owner else "")


def _beat_text(beat: Beat) -> str:
    members = []
    for member in sorted(beat.cast, key=lambda one: slot_number(one.character_id)):
        words = f" {member.character_id} {member.action} {member.mood}"
        words += f" with {member.holding}" if member.holding else ""
        words += f" to {member.toward}" if member.toward else ""
        members.append(words)
    near = f" near {' '.join(beat.props)}" if beat.props else ""
    return f" in {_place(beat)} {beat.time_of_day} {beat.weather} {beat.shot}:{';'.join(members)}{near}"


def _one_of(words: Sequence[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MEMBER = re.compile(
    rf" (ID_\d) ({_one_of(ACTIONS)}) ({_one_of(MOODS)})(?: with ({_one_of(HELD_PROPS)}))?(?: to (ID_\d))?")


def parse_plan(text: str, slots: Sequence[str]) -> tuple[Beat, ...]:
    """Read a plan strictly. Raises ValueError for anything but beats of these slots in ascending order."""
    return tuple(_parse_beat(part, slots) for part in text.split(" |"))


def _parse_beat(text: str, slots: Sequence[str]) -> Beat:
    head, colon, rest = text.partition(":")
    place = re.fullmatch(
        rf" in ({_one_of(SETTINGS)})(?: of (ID_\d))? ({_one_of(TIMES)}) ({_one_of(WEATHERS)}) ({_one_of(SHOTS)})", head)
    if place is None or not colon:
        raise ValueError(f"no place in {text!r}")
    rest, _, near = rest.partition(" near ")
    props = tuple(near.split(" ")) if near else ()
    if any(prop not in PROPS for prop in props):
        raise ValueError(f"no such prop in {text!r}")
    cast = []
    for part in rest.split(";") if rest else []:
        found = _MEMBER.fullmatch(part)
        if found is None:
            raise ValueError(f"no cast member in {part!r}")
        who, action, mood, holding, toward = found.groups()
        cast.append(CastMember(CharacterId(who), action, mood, holding or "", CharacterId(toward) if toward else None))
    named = [member.character_id for member in cast]
    pointed = [member.toward for member in cast if member.toward] + ([CharacterId(place[2])] if place[2] else [])
    if named != sorted(set(named), key=slot_number) or not set(named + pointed) <= set(slots):
        raise ValueError(f"cast out of order or unknown in {text!r}")
    if any(member.toward == member.character_id for member in cast):
        raise ValueError(f"somebody is turned to themselves in {text!r}")
    name = f"{place[2]}'s {place[1]}" if place[2] else ""
    return Beat("", tuple(cast), place[1], name, place[3], place[4], place[5], props)


def _quoted(words: Sequence[str]) -> str:
    return " | ".join(f'" {word}"' for word in words)


def plan_grammar(slots: Sequence[str], max_beats: int, max_cast: int = MAX_CAST) -> str:
    """GBNF that admits exactly the plans `parse_plan` reads, for these slots, 1 to `max_beats` beats.

    No optional whitespace; a beat has 1 to `max_cast` members, in ascending order, nobody twice and nobody turned
    to themselves.
    """
    slots = sorted(slots, key=slot_number)
    lines = [
        'root ::= beat' + ' ( " |" beat' * (max_beats - 1) + " )?" * (max_beats - 1),
        'beat ::= " in" setting ( " of" anyone )? time weather shot ":" cast ( " near" lies lies? )?',
        "setting ::= " + _quoted(SETTINGS), "time ::= " + _quoted(TIMES), "weather ::= " + _quoted(WEATHERS),
        "shot ::= " + _quoted(SHOTS), "action ::= " + _quoted(ACTIONS), "mood ::= " + _quoted(MOODS),
        "held ::= " + _quoted(HELD_PROPS), "lies ::= " + _quoted(PROPS), "anyone ::= " + _quoted(slots),
    ]
    for index, one in enumerate(slots):
        others = [other for other in slots if other != one]
        toward = f' ( " to" ( {_quoted(others)} ) )?' if others else ""
        lines.append(f'm{index} ::= " {one}" action mood ( " with" held )?{toward}')
        for left in range(max_cast):
            # After member `index` with room for `left` more: any later member, or nobody.
            later = [f'";" m{j} r{j}-{left - 1}' for j in range(index + 1, len(slots))] if left else []
            lines.append(f"r{index}-{left} ::= " + (f"( {' | '.join(later)} )?" if later else '""'))
    lines.append("cast ::= " + " | ".join(f"m{index} r{index}-{max_cast - 1}" for index in range(len(slots))))
    return "\n".join(lines) + "\n"
