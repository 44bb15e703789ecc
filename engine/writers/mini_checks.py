"""What a page must not say: rules that find where prose contradicts the turn, the place, the weather, or sense.

Pure; text carries slots (`ID_1`) for names. Used to choose among tries, and to count in evaluation. Standard library
and the engine's own word lists only.
"""

from __future__ import annotations

import re
from typing import Final

from engine.nouns import Beat
from engine.writers.correct import sentences
from engine.writers.lexicon import PLACES, WEATHERS, last_match, named_place

_SPEAKS: Final = re.compile(
    r"(?:said|asked|cried|called|whispered|shouted|answered|laughed|giggled|sang) (?:the|a) (?:[a-z]+ )??"
    r"(?:THING|FOOD)_\d"
    r"|(?<!\w)(?:THING|FOOD)_\d (?:said|asked|cried|whispered|answered|smiled|nodded|laughed|sat|ate|ran|waved)\b")
_SPOKEN_TO: Final = re.compile(r"\b(?:talk|talks|talked|speak|speaks|spoke|say|says|said|sing|sings|sang|alive|magic|"
                               r"dance|dances|danced|laugh|laughs|laughed|walk|walks|walked)\b", re.IGNORECASE)
_LOST: Final = re.compile(r"\b(?:lost|loses?|cannot find|can't find|could not find|gone|missing)\b", re.IGNORECASE)
_HOLDS: Final = re.compile(r"\b(?:held|hugged|picked up|carried|had|showed) (?:up )?(?:the|her|his|their|its) "
                           r"([a-z]+|(?:THING|BEAST)_\d)\b")
_WHAT_IS_LOST: Final = re.compile(
    r"(?:lost|loses?|find|the|her|his|their|'s) (?:[a-z]+ )??((?:THING|BEAST)_\d|[a-z]+)"
    r"(?= (?:is|was|are|were) (?:gone|lost|missing)|[.!?]|$)")
#: "ID_1 yawned. ID_1 yawned too."
_TOO: Final = re.compile(r"(ID_\d) (\w+)\b[^.!?]*[.!?] (?:And )?\1 \2,? too\b")
#: Things of the world that nobody takes for granted: "the map" needs a map before it.
_FOUND: Final = (
    "map", "key", "letter", "cake", "gift", "kite", "balloon", "teddy", "sword", "drum", "lantern", "basket",
    "umbrella")
_THE: Final = re.compile(rf"\b(?:a|an|the|her|his|their|its) ({'|'.join(_FOUND)})\b", re.IGNORECASE)
_UNSAID: Final = re.compile(r'"[^"]*"')
#: Weather words that a page says of now; "rain" in a story told is not the weather.
_NOW: Final = {"rain": re.compile(r"\b(?:raining|rained|raindrops|it rains|the rain|puddle|wet from head)\b"),
               "snow": re.compile(r"\b(?:snowing|snowed|snowflakes?|the snow)\b"),
               "fog": re.compile(r"\b(?:foggy|the fog)\b"),
               "clear": re.compile(r"\b(?:sun was shining|in the sunshine|face to the sun|felt the sun)\b")}


def nonsense(hidden: str, turn: str) -> list[str]:
    """What no picture book would print: food and things that talk unasked, people who call or copy themselves.

    `hidden` and `turn` carry tokens for names and things.
    """
    found = ["a thing speaks"] if _SPEAKS.search(hidden) and not _SPOKEN_TO.search(turn) else []
    if _TOO.search(hidden):
        found.append("copies themselves")
    return [*found, "calls themselves"] if speaks_to_self(hidden) else found


def speaks_to_self(text: str) -> bool:
    """Does somebody call their own name? 'ID_1 waved. "Come on, ID_1!"'"""
    speaker = ""
    for part in sentences(text):
        told = _UNSAID.sub(" ", part)
        named = re.search(r"ID_\d", told)
        speaker = named[0] if named else speaker
        if speaker and any(speaker in said for said in _UNSAID.findall(part)) and "I am" not in part:
            return True
    return False


def contradictions(hidden: str, turn: str, here: Beat | None) -> list[str]:
    """Where the prose (with tokens for names and things) contradicts the turn or the picture before it."""
    found = []
    told = _UNSAID.sub(" ", hidden)
    place, goes = named_place(told), named_place(turn)
    allowed = {goes or (here.setting_kind if here else place)} | ({here.setting_kind} if here else set())
    allowed |= {kind for word, kind in PLACES.items() if re.search(rf"\b{re.escape(word)}\b", turn, re.IGNORECASE)}
    if place and place not in allowed:
        found.append("another place")
    weather = last_match(turn, WEATHERS) or (here.weather if here else "")
    if re.search(r"\b(?:stops?|stopped|over)\b", turn, re.IGNORECASE):
        weather = "clear"
    low = told.casefold()
    said = {kind for kind, words in _NOW.items() if words.search(low)}
    snowy = "snowfield" in allowed             # it lies there in any weather
    if weather and said and weather not in said and not (snowy and said == {"snow"}):
        found.append("another weather")
    seen = set(re.findall(r"[a-z]+", turn.casefold()))
    if here is not None:
        seen |= {*here.props, *(member.holding for member in here.cast)}
    for match in _THE.finditer(hidden):        # things of earlier pages are tokens, not words
        if match[0][:2].casefold() == "th" and match[1].casefold() not in seen:
            found.append("a thing out of nowhere")
        seen.add(match[1].casefold())
    if _LOST.search(turn):
        held = {match[1] for match in _HOLDS.finditer(told)}
        if held & set(_WHAT_IS_LOST.findall(turn)):
            found.append("holds what is lost")
    return found
