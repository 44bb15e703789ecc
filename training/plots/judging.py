"""The simulator judges a page: which of its lines it knows, of which events they are, and who does what in them.

Every wording of the inventory becomes a pattern. A page is read from its start; what no pattern fits is skipped by the
sentence. So one can ask of any writer's page whether it follows from the event that the turn told, and whether those
who act in it are those who acted in the turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from training.plots.inventory import events, pools
from training.plots.words import past

_NOUN: Final = r"(?:(?:a|an|the|some) )?[\w'-]+(?: [\w'-]+){0,4}?"
_SLOT: Final = r"ID_\d"
_WHO: Final = {"": r"ID_\d|he|she|they|it", "o": r"ID_\d|him|her|them|it", "p": r"ID_\d's|his|her|their|its",
               "self": r"himself|herself|themself|itself"}
#: Lines that fit any event: feelings, what was brought along, the sight of a place.
ANYWHERE: Final = "*"


@dataclass(frozen=True)
class Known:
    """One stretch of a page that is a line of the inventory."""

    text: str
    events: frozenset[str]                 # the events it may belong to; ANYWHERE for the pools
    roles: tuple[tuple[str, str], ...]     # (role, slot) as far as names show it


@dataclass(frozen=True)
class Judged:
    known: tuple[Known, ...]
    unknown: tuple[str, ...]               # sentences of no line

    def follows(self, of: frozenset[str]) -> bool:
        """Does the page go on from one of these events, and nothing in it belong to others only?"""
        own = [one for one in self.known if one.events & of]
        return bool(own) and all(one.events & of or ANYWHERE in one.events for one in self.known)

    def roles_kept(self, of: frozenset[str], roles: Mapping[str, str]) -> tuple[int, int]:
        """(lines of these events in which everybody named has their role, lines of these events that name anybody)"""
        own = [one for one in self.known if one.events & of and one.roles]
        return sum(all(roles.get(role) == who for role, who in one.roles) for one in own), len(own)


def _pattern(template: str) -> str:
    """A regular expression for a template; roles are groups A0, A1, B0 ..."""
    counts: dict[str, int] = {}

    def group(role: str, inner: str) -> str:
        counts[role] = counts.get(role, -1) + 1
        return f"(?P<{role}{counts[role]}>{inner})"

    out = ""
    for piece in re.findall(r"\{[^}]*\}|<[^>]*>|[\[\]|]|[^\[\]{}<>|]+", template):
        if piece == "[":
            out += "(?:"
        elif piece == "]":
            out += ")"
        elif piece == "|":
            out += "|"
        elif piece[0] == "<":
            verb, _, _ = piece[1:-1].partition(":")
            out += "(?:was|were)" if verb == "be" else re.escape(past(verb))
        elif piece[0] == "{":
            role, _, case = piece[1:-1].partition(".")
            if role.upper() == "AB":
                out += "(?:" + group("A", _SLOT) + " and " + group("B", _SLOT) + "|they)"
            elif role in ("A", "a", "B", "b", "C", "c"):
                out += group(role.upper(), _WHO.get(case, _WHO[""]))
            else:
                out += _NOUN
        else:
            out += re.escape(piece).replace(r"\ ", " +")
    return out


@cache
def _lines() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    found: dict[str, set[str]] = {}
    for event in events().values():
        for stage in event.stages:
            for line in stage:
                if line.words not in ("{sight}", "{sky}"):
                    found.setdefault(line.words, set()).add(event.name)
        if any(line.words == "{sight}" for stage in event.stages for line in stage):
            for name, lines in pools().items():
                for text in lines if name.startswith("sight ") else ():
                    found.setdefault(text, set()).add(event.name)
    for name, lines in pools().items():
        if name.startswith(("feeling ", "ref ", "sky ", "sight ")):
            for text in lines:
                found.setdefault(text.partition(" #")[0].strip(), set()).add(ANYWHERE)
    return tuple((re.compile(_pattern(words) + r"(?:(?<=[.!?\"])|[.!?]+)(?= |$)", re.IGNORECASE), frozenset(names))
                 for words, names in found.items())


def judge(prose: str) -> Judged:
    """Read a page (slots for names) by the inventory."""
    known, unknown, at = [], [], 0
    prose = prose.strip()
    while at < len(prose):
        best: tuple[int, re.Match[str], set[str]] | None = None
        for pattern, names in _lines():
            match = pattern.match(prose, at)
            if match is None:
                continue
            if best is None or match.end() > best[0]:
                best = (match.end(), match, set(names))
            elif match.end() == best[0]:
                best[2].update(names)
        if best is None:
            sentence = re.match(r"\"?[^.!?]*[.!?]+\"?(?: [a-z][^.!?]*[.!?])?", prose[at:])
            end = at + (sentence.end() if sentence else len(prose) - at)
            unknown.append(prose[at:end].strip())
        else:
            end, match, names = best
            roles = {(group[0], who.removesuffix("'s")) for group, who in match.groupdict().items()
                     if who is not None and who.startswith("ID_")}
            known.append(Known(prose[at:end], frozenset(names), tuple(sorted(roles))))
        at = end
        while at < len(prose) and prose[at] == " ":
            at += 1
    return Judged(tuple(known), tuple(unknown))
