"""The inventory of the plot world: every kind of event, read from `events/*.txt`, and the pools of other wordings.

    == name tone flags      an event; tone is one of happy sad scared curious calm angry sleepy
    say ...                 how a person writes it (verbs in <angle brackets> are put in tense and person)
    1 ... 2 ... 3 ...       how the page goes on: what follows at once, what comes of it, and where that leaves them;
                            any 1 makes sense before any 2, and any 2 before any 3. Told in the past.
    after "#"               what the picture shows: ROLE action mood [n] [>ROLE]; n means "holding the noun"

{A} is a name, {a} a name or a pronoun as clarity allows ({a.o} {a.p} {a.self} object, possessive, reflexive), {AB} is
both; {n} the noun ({n.} where a name may stand), {an} {the} {it} {it.o} its phrases, {o} {ao} {theo} {oit.o} those of
a second one; {to} {in} the place; {k} what is carried since earlier pages, {g} who came along, {l} what is lost; [x|y]
is a choice. A line that begins with @ and letters is for pages where the turn spoke of n or o (@o), or where somebody
else is at hand (@B).
Flags: n= and o= say which sort of noun; needs=B or C; move=, time=, weather= change the world; has, lost, found,
want, eaten say what becomes of the noun.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Line:
    """One wording with what it shows, and what must be at hand for it to make sense."""

    words: str
    effects: str
    needs: frozenset[str]                  # of "A" "B" "C" "n" "o" "k" "g" "l"


@dataclass(frozen=True)
class Event:
    """One kind of event: its tone, its flags, how it is written and how it goes on (three stages)."""

    name: str
    tone: str
    flags: dict[str, str]
    say: tuple[Line, ...]
    stages: tuple[tuple[Line, ...], tuple[Line, ...], tuple[Line, ...]]


_NOUN_KEYS: Final = re.compile(r"\{(?:n|n\.|an|an\.|the|it|it\.o)\}|<[^>]*:n>")
_SECOND_KEYS: Final = re.compile(r"\{(?:o|ao|theo|oit|oit\.o)\}|<[^>]*:o>")


def line_of(text: str) -> Line:
    """Read one wording; the conditions follow from the places it fills."""
    asked = ""
    if text.startswith("@"):
        asked, _, text = text[1:].partition(" ")
    words, _, effects = (part.strip() for part in text.partition(" #"))
    needs = set(re.findall(r"[BC]", asked)) | {letter.lower() for letter in re.findall(r"[noN]", asked)}
    for role in re.findall(r"\{([ABCabc]{1,2})[.}]", words):
        needs |= set(role.upper())
    needs |= {"n"} if _NOUN_KEYS.search(words) else set()
    needs |= {"o"} if _SECOND_KEYS.search(words) else set()
    needs |= {key for key in "kgl" if "{" + key + "}" in words}
    return Line(words, effects, frozenset(needs))


@cache
def events() -> dict[str, Event]:
    found: dict[str, Event] = {}
    for path in sorted((HERE / "events").glob("*.txt")):
        for block in re.split(r"(?m)^== ", path.read_text("utf-8"))[1:]:
            head, *lines = [line for line in block.splitlines() if line.strip() and not line.startswith("//")]
            name, tone, *flags = head.split()
            if name in found:
                raise ValueError(f"two events are called {name}")
            sorted_lines: dict[str, list[Line]] = {"say": [], "1": [], "2": [], "3": []}
            for line in lines:
                key, _, rest = line.partition(" ")
                sorted_lines[key].append(line_of(rest))
            one, two, three = (tuple(sorted_lines[stage]) for stage in "123")
            table = {key: value for key, _, value in (flag.partition("=") for flag in flags)}
            found[name] = Event(name, tone, table, tuple(sorted_lines["say"]), (one, two, three))
    return found


@cache
def pools() -> dict[str, tuple[str, ...]]:
    """The sections of pools.txt; "-" stands for nothing said."""
    sections: dict[str, list[str]] = {}
    current = ""
    for line in (HERE / "pools.txt").read_text("utf-8").splitlines():
        if line.startswith("== "):
            current = line[3:].strip()
        elif line and not line.startswith("//"):
            sections.setdefault(current, []).append("" if line == "-" else line)
    return {name: tuple(lines) for name, lines in sections.items()}


@cache
def pool_lines(name: str) -> tuple[Line, ...]:
    return tuple(line_of(text) for text in pools()[name])
