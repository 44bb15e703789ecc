"""Rules over a writer's plan: the cast agrees with who acts in turn and prose, and a picture can always be planned.

Pure; beats carry slots (`ID_1`) here, not yet real ids. Rules only touch what they can be sure of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import INDOORS, PROPS, SETTINGS, STANDING_PROPS, TOUCHING
from engine.writers.lexicon import FEELINGS, PLACES, TIMES, VERBS, WEATHERS, last_match, named_place, place_at
from engine.writers.mini_text import slot_number

MAX_IN_PICTURE = 6
#: Before a name: whoever is named here is spoken of, not seen.
_ABSENT_BEFORE = re.compile(
    r"(?:\b(?:find|look(?:s|ed|ing)? for|search(?:es|ed|ing)? for|where (?:is|was)|miss(?:es|ed)?|without|"
    r"wish(?:es|ed)?(?: that)?|about|dream(?:s|ed|t)? of|wait(?:s|ed|ing)? for|letter from|remember(?:s|ed)?|"
    r"think(?:s|ing)? of|thought of|call(?:s|ed)? for)) (?:for )?(?:ID_\d,? (?:and|or) )?$", re.IGNORECASE)
_ABSENT_AFTER = re.compile(
    r"^ (?:(?:is|was|are|were) )?(?:gone|missing|lost|away|nowhere|disappears?|disappeared|vanish(?:es|ed)?)\b",
    re.IGNORECASE)
_POSSESSIVE = re.compile(r"^'s\b")
_FOUND = re.compile(r"\b(?:finds?|found)\b (?:ID_\d,? (?:and|or) )?$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """Sentences, with the words spoken and who speaks them kept together."""
    parts = re.split(r'(?<=[.!?])\s+(?=["A-Z])|(?<=[.!?]")\s+(?=["A-Z])', text)
    return [part.strip() for part in parts if part.strip()]


def present(text: str) -> list[CharacterId]:
    """Who is to be seen according to a text: named in it, and not merely owned, missed or spoken of."""
    spoken = re.sub(r'"[^"]*"', lambda found: " " * len(found[0]), text)   # names inside speech are spoken of
    seen: dict[CharacterId, None] = {}
    for found in re.finditer(r"ID_\d", spoken):
        before, after = spoken[:found.start()], spoken[found.end():]
        if _POSSESSIVE.match(after) or _ABSENT_AFTER.match(after):
            continue
        if _ABSENT_BEFORE.search(before) and not (_FOUND.search(before) and "not find" not in before[-20:]
                                                  and not re.search(r"\bfind (?:ID_\d,? (?:and|or) )?$", before)):
            continue
        seen[CharacterId(found[0])] = None
    return list(seen)


def spoken_of(text: str) -> list[CharacterId]:
    """Everybody named in a text in any way."""
    return list(dict.fromkeys(CharacterId(name) for name in re.findall(r"ID_\d", text)))


def guess(who: CharacterId, text: str, *, default: str = "stands") -> tuple[str, str]:
    """What somebody does and feels in a text, by the words right after their name."""
    action = default
    for found in re.finditer(rf"{who}(?:,? and ID_\d)*((?: (?!ID_)[\w'-]+){{1,4}})", text):
        for word in found[1].split():
            if word.casefold() in VERBS:
                action = VERBS[word.casefold()]
                break
    near = " ".join(part for part in sentences(text) if who in part) or text
    return action, last_match(near, FEELINGS) or "calm"


def tidy(beat: Beat) -> Beat:
    """A beat without impossibilities: nobody twice, partners who are there, props that can be held or stand."""
    members: dict[CharacterId, CastMember] = {}
    for member in beat.cast:
        members.setdefault(member.character_id, member)
    cast = []
    for member in members.values():
        toward = member.toward if member.toward in members and member.toward != member.character_id else None
        action = member.action
        if action in TOUCHING and toward is None:
            others = [one for one in members if one != member.character_id]
            if len(others) == 1:
                toward = others[0]
            elif action != "gives":
                action = "stands"
        holding = member.holding if member.holding in PROPS and member.holding not in STANDING_PROPS else ""
        if holding and action in ("hugs", "holds hands", "swims", "climbs"):
            holding = ""
        cast.append(replace(member, action=action, toward=toward, holding=holding))
    riders = {member.character_id: member.toward for member in cast if member.action == "rides"}
    cast = [replace(member, action="stands", toward=None)
            if member.action == "rides" and riders.get(member.toward or CharacterId("")) == member.character_id
            and member.character_id > (member.toward or "") else member for member in cast]
    cast.sort(key=lambda member: slot_number(member.character_id))
    held = {member.holding for member in cast}
    props = tuple(dict.fromkeys(prop for prop in beat.props if prop in PROPS and prop not in held))[:2]
    weather = "clear" if beat.setting_kind in ("space", "underwater") else beat.weather
    return replace(beat, cast=tuple(cast[:MAX_IN_PICTURE]), props=props, weather=weather)


def correct(beats: Sequence[Beat], *, turn: str, prose: str, author: CharacterId | None, here: Beat | None,
            slots: Sequence[CharacterId], first_person: bool) -> tuple[Beat, ...]:
    """A model's plan, made to agree with the words.

    `turn` and `prose` have slots for names; `here` is the last beat drawn before. Somebody who acts in turn or prose
    is in a beat; somebody who is named nowhere and was not there before is in none; a place the turn goes to is the
    place of the picture.
    """
    before = {member.character_id for member in here.cast} if here else set()
    named = set(spoken_of(turn)) | set(spoken_of(prose))
    if author is not None and first_person:
        named.add(author)
    acting_turn, acting_prose = present(turn), present(prose)
    if author is not None and first_person and author not in acting_turn:
        acting_turn.append(author)
    missed = {who for who in named if who not in acting_turn and who not in acting_prose}
    fixed = []
    for beat in beats:
        cast = [member for member in beat.cast if member.character_id in slots and member.character_id not in missed
                and (member.character_id in named or member.character_id in before)]
        if not cast:                       # "he runs": the model resolved a pronoun, or everybody was only spoken of
            cast = [member for member in beat.cast if member.character_id in slots
                    and (member.character_id in before or not before)] or list(beat.cast[:1])
        fixed.append(replace(beat, cast=tuple(cast)))
    parts = sentences(prose)
    half = max(1, len(parts) // 2)
    for number, who in enumerate(dict.fromkeys([*acting_turn, *acting_prose])):
        if who not in slots or any(member.character_id == who for beat in fixed for member in beat.cast):
            continue
        late = len(fixed) > 1 and who not in acting_turn and not any(who in part for part in parts[:half])
        index = len(fixed) - 1 if late else 0
        if len(fixed[index].cast) >= MAX_IN_PICTURE or number >= MAX_IN_PICTURE:
            continue
        action, mood = guess(who, prose if who in acting_prose else turn)
        fixed[index] = replace(fixed[index], cast=(*fixed[index].cast, CastMember(who, action, mood)))
    place = named_place(turn) or ("" if here is not None else place_at(turn))
    if place and all(beat.setting_kind != place for beat in fixed):
        fixed[-1] = replace(fixed[-1], setting_kind=place, setting_name=_owned(turn, place))
        if len(fixed) > 1 and here is None:
            fixed = [replace(beat, setting_kind=place, setting_name=_owned(turn, place)) for beat in fixed]
    whose = _owned(turn, place) if place else ""
    if whose:                              # "ID_2 wakes up in his own bedroom": another one than where we are
        fixed = [replace(beat, setting_name=whose) if beat.setting_kind == place else beat for beat in fixed]
    there = fixed[-1].setting_kind
    hour = last_match(turn or prose, TIMES)          # a page that nobody asked anything of says so itself
    fixed = [replace(beat, time_of_day=hour or beat.time_of_day, weather=_weather(turn, beat))
             if beat.setting_kind == there or here is None else beat for beat in fixed]
    return tuple(tidy(beat) for beat in fixed)


_NEW_DAY = re.compile(r"\b(?:the next (?:day|morning)|in the morning|the following day)\b", re.IGNORECASE)


def _weather(turn: str, beat: Beat) -> str:
    said = last_match(turn, WEATHERS) or ("clear" if _NEW_DAY.search(turn) and beat.weather == "rain" else "")
    if said and re.search(r"\b(?:stops?|stopped|over|no more)\b", turn, re.IGNORECASE):
        return "clear"
    return said or beat.weather


def _owned(text: str, place: str) -> str:
    words = [word for word, kind in PLACES.items() if kind == place]
    either = "|".join(map(re.escape, words))
    found = re.search(rf"(ID_\d)'s (?:(?!ID_)[\w-]+ ){{0,2}}?(?:{either})\b", text, re.IGNORECASE)
    if found:
        return f"{found[1]}'s {place}"
    # "a new bedroom" is not the one we know
    found = re.search(rf"\b(?:a|an|the) (new|different|strange|second|other) (?:{either})\b|"
                      rf"\b(another) (?:{either})\b", text, re.IGNORECASE)
    return f"the {'other' if found[2] else found[1].casefold()} {place}" if found else ""


def plan_by_rules(*, turn: str, prose: str, author: CharacterId | None, here: Beat | None,
                  slots: Sequence[CharacterId], first_person: bool) -> tuple[Beat, ...]:
    """One picture from the words alone, for when no model could plan: the right people, plainly posed."""
    text = f"{turn} {prose}"
    who = [one for one in dict.fromkeys([*present(turn), *present(prose)]) if one in slots]
    if author is not None and first_person and author not in who:
        who.insert(0, author)
    if not who and here is not None:
        who = [member.character_id for member in here.cast if member.character_id in slots]
    who = who or list(slots[:1])
    place = named_place(text) or (here.setting_kind if here else last_match(text, PLACES) or "meadow")
    same = here is not None and here.setting_kind == place
    cast = []
    for one in who[:MAX_IN_PICTURE]:
        action, mood = guess(one, text)
        cast.append(CastMember(one, action, mood, _held(text) if action == "carries" else ""))
    beat = Beat("", tuple(cast), place if place in SETTINGS else "meadow",
                (named_place(text) and _owned(text, place)) or (here.setting_name if same and here else ""),
                last_match(text, TIMES) or (here.time_of_day if here else "day"),
                last_match(text, WEATHERS) or (here.weather if here else "clear"),
                props=tuple(prop for prop in STANDING_PROPS if re.search(rf"\b{prop}\b", text))[:2])
    return (tidy(beat),)


def _held(text: str) -> str:
    found = [prop for prop in PROPS if prop not in STANDING_PROPS and re.search(rf"\b{prop}\b", text, re.IGNORECASE)]
    return found[-1] if found else ""


# --- words for a picture ---------------------------------------------------------------------------

def picture_words(beat: Beat) -> str:
    """One sentence in slots: what the picture shows, for painters and for those who cannot see it."""
    parts = []
    for member in beat.cast:
        toward = member.toward
        holding = f" {_article(member.holding)}" if member.holding else ""
        if member.action == "gives" and toward:
            words = f"{member.character_id} gives{holding or ' something'} to {toward}"
        elif member.action == "hugs" and toward:
            words = f"{member.character_id} hugs {toward}"
        elif member.action == "holds hands" and toward:
            words = f"{member.character_id} holds hands with {toward}"
        elif member.action == "rides" and toward:
            words = f"{member.character_id} rides on {toward}"
        elif member.action == "carries" and holding:
            words = f"{member.character_id} carries{holding}"
        elif member.action == "reads" and holding:
            words = f"{member.character_id} reads{holding}"
        else:
            words = f"{member.character_id} {member.action}" + (f" at {toward}" if toward and member.action == "looks"
                                                                else f" beside {toward}" if toward else "")
            words += f" with{holding}" if holding else ""
        parts.append(words + (f", {member.mood}" if member.mood != "calm" else ""))
    place = {"space": "in space", "underwater": "under water", "cloudland": "in cloudland", "snowfield": "in the snow",
             "beach": "on the beach", "farm": "on the farm", "street": "on the street", "mountain": "on the mountain",
             "playground": "on the playground"}.get(beat.setting_kind, f"in the {beat.setting_kind}")
    if beat.setting_name and "ID_" in beat.setting_name:
        place = f"in {beat.setting_name}"
    light = {"night": " at night", "evening": " in the evening"}.get(beat.time_of_day, "")
    sky = {"rain": ", in the rain", "snow": ", while it snows", "fog": ", in the fog"}.get(beat.weather, "")
    if beat.setting_kind in INDOORS and sky:
        sky = {"rain": ", while it rains outside", "snow": ", while it snows outside"}.get(beat.weather, "")
    near = f", with {' and '.join(_article(prop) for prop in beat.props)} near by" if beat.props else ""
    start = place[0].upper() + place[1:]
    return f"{start}{light}{sky}: {'; '.join(parts)}{near}." if parts else f"{start}{light}{sky}{near}."


def _article(thing: str) -> str:
    return f"an {thing}" if thing[:1] in "aeiou" else f"a {thing}"
