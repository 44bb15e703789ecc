"""Who is meant: the rules against the suite of tests/engine/meant, by class of words and by distance.

`python -m bench.meant` prints one Markdown page: the rules, the rules with the mini writer asked where they are open,
and two baselines. "Names only" knows names and nothing else; "most recent" takes whoever was named last and fits. A
case counts as right when exactly the people are meant that its authors meant, and, where they hold that nobody can
know, when the person would be asked. `--wrong` lists what the rules got wrong in the open part of the suite.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.meaning import Mention, Reading, StoryReader, name_places, spellings
from engine.nouns import Character, CharacterId, Look, Member, OwnerId, Pronouns

SUITE = Path(__file__).parent.parent / "tests" / "engine" / "meant"
DISTANCES = ("none", "same clause", "same sentence", "one sentence", "further")


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence of the suite: the words in square brackets mean `means`, or it must be asked among `ask`."""

    sort: str                              # "subject", "it", "tie", ...
    distance: str
    cast: tuple[Character, ...]
    members: tuple[Member, ...]
    by: OwnerId
    before: tuple[str, ...]
    text: str                              # without the brackets
    start: int
    end: int
    means: frozenset[str]
    ask: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a way of reading says: these people, or that it must be asked."""

    who: frozenset[str]
    asked: bool = False


Way = Callable[[Case], Answer]


def casts() -> dict[str, tuple[tuple[Character, ...], tuple[Member, ...]]]:
    """The casts of the suite by name."""
    found = {}
    for name, cast in tomllib.loads((SUITE / "casts.toml").read_text("utf-8")).items():
        characters, members = [], []
        for line in cast["people"]:
            called, kind, pronouns, owner, relation, nicknames = (part.strip() for part in line.split("|"))
            own = relation == "self"
            character = Character(CharacterId(called), OwnerId(owner), called, Pronouns(pronouns), Look(kind=kind),
                                  relation="" if own else relation,
                                  nicknames=tuple(one.strip() for one in nicknames.split(",") if one.strip()))
            characters.append(character)
            if own:
                members.append(Member(OwnerId(owner), owner, len(members), character.character_id))
        found[name] = tuple(characters), tuple(members)
    return found


def cases(part: str) -> list[Case]:
    """The cases of "open" or "held_out"."""
    known = casts()
    read = []
    for line in (SUITE / f"{part}.jsonl").read_text("utf-8").splitlines():
        told = json.loads(line)
        characters, members = known[told["cast"]]
        marked = told["text"]
        start, end = marked.index("["), marked.index("]") - 1
        read.append(Case(told["class"], told["distance"], characters, members, OwnerId(told["by"]),
                         tuple(told.get("before", ())), marked.replace("[", "").replace("]", ""), start, end,
                         frozenset(told.get("means", ())), frozenset(told.get("ask", ()))))
    return read


def reading_of(case: Case, *, given: Sequence[tuple[int, int, CharacterId]] = ()) -> Reading:
    """The turn of a case, read after what came before it."""
    reader = StoryReader(case.cast, case.members)
    for text in case.before:
        reader.prose(text)
    return reader.turn(case.text, case.by, given=given)


def mention_at(case: Case, reading: Reading) -> Mention | None:
    """What was read at the marked place: the mention that covers most of it, its last word for one ("my dog")."""
    last = case.start + case.text[case.start:case.end].rfind(" ") + 1
    near = [mention for mention in reading.mentions if mention.start < case.end and mention.end > last]
    return max(near, key=lambda one: min(one.end, case.end) - max(one.start, case.start), default=None)


def by_rules(case: Case) -> Answer:
    """The rules; where several are equally near, they ask."""
    mention = mention_at(case, reading_of(case))
    if mention is None:
        return Answer(frozenset())
    if mention.rivals:
        return Answer(frozenset(mention.rivals), asked=True)
    return Answer(frozenset(mention.who))


_PRONOUN_CLASS = {**dict.fromkeys(("she", "her", "hers", "herself"), "she"),
                  **dict.fromkeys(("he", "him", "his", "himself"), "he"),
                  **dict.fromkeys(("it", "its", "itself"), "it")}


def by_names(case: Case) -> Answer:
    """Names and nothing else."""
    named = [(character.character_id, (character.name,)) for character in case.cast]
    return Answer(frozenset(who for start, end, who in name_places(case.text, named)
                            if start < case.end and end > case.start))


def by_most_recent(case: Case) -> Answer:
    """Whoever was named last and fits the pronoun; "they" and groups: the last two named; "I": the writer's own."""
    word = case.text[case.start:case.end].casefold()
    named = [(character.character_id, spellings(character)) for character in case.cast]
    known = by_names(case).who
    if known:
        return Answer(known)
    text = " ".join((*case.before, case.text[:case.start]))
    order = [who for _, _, who in reversed(name_places(text, named))]
    pronouns = {character.character_id: character.pronouns.value for character in case.cast}
    first = re.match(r"i\b|me\b|my\b|mine\b|we\b|us\b|our\b", word)
    own = next((member.character_id for member in case.members if member.owner_id == case.by), None)
    if first and own is not None:
        others = [who for who in dict.fromkeys(order) if who != own][:1] if word.startswith(("we", "us", "our")) else []
        return Answer(frozenset([own, *others]))
    if word in ("they", "them", "their", "themselves", "both") or " " in word:
        alone = [who for who in order if pronouns[who] == "they"]
        return Answer(frozenset(alone[:1] or list(dict.fromkeys(order))[:2]))
    wanted = _PRONOUN_CLASS.get(word)
    fits = [who for who in order if wanted is None or pronouns[who] in (wanted, "any")]
    return Answer(frozenset(fits[:1]))


def right(case: Case, answer: Answer) -> bool:
    """Told who is meant, or asked where nobody can know."""
    if case.ask:
        return answer.asked and answer.who == case.ask
    return not answer.asked and answer.who == case.means


def share(some: Iterable[bool]) -> str:
    """ "93 % (41)". """
    listed = list(some)
    return f"{100 * sum(listed) / len(listed):.0f} % ({len(listed)})" if listed else "-"


def page(ways: dict[str, Way]) -> str:
    """The tables, as Markdown."""
    parts = {"open": cases("open"), "held out": cases("held_out"), "wild": cases("wild")}
    answers = {(name, part): [(case, way(case)) for case in some]
               for name, way in ways.items() for part, some in parts.items()}
    lines = []
    for part in parts:
        lines += ["", f"**{part.capitalize()}** ({len(parts[part])} cases)", "",
                  "| | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways)]

        def row(label: str, test: Callable[[Case], bool], part: str = part) -> str:
            return f"| {label} | " + " | ".join(
                share(right(case, answer) for case, answer in answers[name, part] if test(case))
                for name in ways) + " |"

        for sort in dict.fromkeys(case.sort for case in parts[part]):
            lines.append(row(sort, lambda case, sort=sort: case.sort == sort))
        lines.append(row("**all**", lambda case: True))
        lines += ["", "| distance | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways)]
        lines += [row(far, lambda case, far=far: case.distance == far) for far in DISTANCES]
        lines += ["", "| asking | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways)]
        for label, test, good in (
                ("ties asked, of the ties", lambda case: bool(case.ask), True),
                ("asked needlessly, of the rest", lambda case: not case.ask, True)):
            lines.append(f"| {label} | " + " | ".join(
                share(answer.asked is good for case, answer in answers[name, part] if test(case)) for name in ways)
                + " |")
    return "\n".join(lines[1:])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.meant", description=__doc__.splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="list what the rules got wrong in the open part")
    parser.add_argument("--no-writer", action="store_true", help="leave the mini writer out")
    asked = parser.parse_args()
    if asked.wrong:
        for case in (*cases("open"), *cases("wild")):
            answer = by_rules(case)
            if not right(case, answer):
                words = f"{case.text[:case.start]}[{case.text[case.start:case.end]}]{case.text[case.end:]}"
                said = f"{'asks ' if answer.asked else ''}{', '.join(sorted(answer.who)) or 'nobody'}"
                meant = f"{'ask ' if case.ask else ''}{', '.join(sorted(case.ask or case.means)) or 'nobody'}"
                print(f"{case.sort} | {' '.join(case.before)} | {words} | {said} | not {meant}")
        return
    ways: dict[str, Way] = {"rules": by_rules}
    ways |= {"most recent": by_most_recent, "names only": by_names}
    print(page(ways))


if __name__ == "__main__":
    main()
