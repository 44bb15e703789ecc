"""Who is meant: the rules against the suite of tests/engine/meaning, by class of words and by distance.

`python -m bench.meant` prints one Markdown page: the rules, the rules with the mini writer deciding what they leave
open, and two baselines. "Names only" knows names and nothing else; "most recent" takes whoever was named last and
fits. A case counts as right when exactly the people are meant that its authors meant, and, where they hold that nobody
can know, when the person would be asked. The mini writer decides by the log-probability of the turn with each
candidate's slot in the open place; `--no-writer` leaves it out. `--wrong` lists what the rules got wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.meaning.pronouns import is_owner_word
from engine.meaning.reader import Mention, Reading, StoryReader, name_places, spellings
from engine.nouns import Character, CharacterId, Look, Member, OwnerId, Pronouns
from engine.writers.mini_text import CONTROLS, at_segments, cast_segments, turn_segments

SUITE = Path(__file__).parent.parent / "tests" / "engine" / "meaning"
#: "open" and "wild" were there while the rules were made; "held_out" and "fresh" were only counted.
PARTS = ("open", "held_out", "wild", "fresh")
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
    """The cases of one of `PARTS`."""
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


#: Two readings must be this many nats apart for the writer to decide between them.
CLEAR_MARGIN = 3.0


class Scorer:
    """The mini writer as a judge of who is meant: how likely each reading of a turn is."""

    def __init__(self) -> None:
        from engine.writers.mini import MINI_GGUF
        from engine.writers.opening import open_llama

        self._llama = open_llama(MINI_GGUF, n_ctx=512, n_batch=512, n_threads=1, n_threads_batch=1, logits_all=True,
                                 verbose=False)

    def score(self, case: Case, who: CharacterId) -> float:
        """Log-probability of the turn, after what came before it, with this character in the marked place."""
        slots = StoryReader(case.cast, case.members).slots
        named = [(slots[character.character_id], spellings(character)) for character in case.cast]

        def hidden(text: str) -> str:
            out, at = "", 0
            for start, end, slot in name_places(text, named):
                out, at = out + text[at:start] + slot, end
            return out + text[at:]

        opening = hidden(" ".join((*case.before, case.text[:case.start])).strip())
        owner = "'s" if is_owner_word(case.text[case.start:case.end], case.text[case.end:]) else ""
        head = self._tokens([*cast_segments((slots[one.character_id], one.look.kind, one.pronouns.value)
                                            for one in case.cast), *at_segments(None)])
        said = self._tokens(turn_segments("write", "", f"{opening} {slots[who]}{owner}{hidden(case.text[case.end:])}"))
        tokens = (head + said)[-500:]
        self._llama.reset()
        self._llama.eval(tokens)
        logits = np.array(self._llama.scores[:len(tokens)], dtype=np.float64)     # (tokens, words)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        first = len(tokens) - len(said)
        return float(sum(logits[at - 1, tokens[at]] for at in range(first, len(tokens))))

    def _tokens(self, segments: Sequence[tuple[str, str]]) -> list[int]:
        tokens: list[int] = []
        for sort, text in segments:
            tokens += [CONTROLS.index(text)] if sort == "control" else self._llama.tokenize(
                text.encode(), add_bos=False, special=False)
        return tokens

    def best(self, case: Case, some: Sequence[CharacterId]) -> tuple[CharacterId, float]:
        """The likeliest of these, and by how many nats before the next."""
        scores = sorted(((self.score(case, who), who) for who in some), reverse=True)
        return scores[0][1], scores[0][0] - scores[1][0]

    def with_rules(self, case: Case) -> Answer:
        """The rules; what they leave open the writer decides where its margin is clear."""
        answer = by_rules(case)
        if not answer.asked or len(answer.who) < 2:
            return answer
        who, margin = self.best(case, sorted(CharacterId(one) for one in answer.who))
        return Answer(frozenset({who})) if margin >= CLEAR_MARGIN else answer

    def alone(self) -> str:
        """How often the likeliest reading is the right one, where several of the cast fit a pronoun."""
        tried = []
        for case in (one for part in PARTS for one in cases(part)):
            wanted = _PRONOUN_CLASS.get(case.text[case.start:case.end].casefold())
            some = [one.character_id for one in case.cast if one.pronouns.value == wanted]
            if case.sort in ("subject", "object", "owner") and len(case.means) == 1 and len(some) > 1:
                who, margin = self.best(case, some)
                tried.append((margin, who in case.means, 1 / len(some)))
        tried.sort(reverse=True)
        sure = tried[:len(tried) // 4]
        return (f"The writer alone, on {len(tried)} cases in which several fit: "
                f"{100 * sum(good for _, good, _ in tried) / len(tried):.0f} % right, by chance "
                f"{100 * sum(chance for _, _, chance in tried) / len(tried):.0f} %; in the quarter with the clearest "
                f"margins (from {sure[-1][0]:.1f} nats) {100 * sum(good for _, good, _ in sure) / len(sure):.0f} %.")


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
    """The tables, as Markdown: by part of the suite, by sort of words, by distance, and of the asking."""
    some = [(part, case) for part in PARTS for case in cases(part)]
    answers = {name: [(part, case, way(case)) for part, case in some] for name, way in ways.items()}
    lines: list[str] = []

    def table(title: str, rows: Iterable[tuple[str, Callable[[str, Case], bool]]],
              good: Callable[[Case, Answer], bool] = right) -> None:
        lines.extend(["", f"| {title} | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways)])
        for label, test in rows:
            lines.append(f"| {label} | " + " | ".join(
                share(good(case, answer) for part, case, answer in answers[name] if test(part, case))
                for name in ways) + " |")

    table("part of the suite", [*((one.replace("_", " "), lambda part, case, one=one: part == one) for one in PARTS),
                                ("**all**", lambda part, case: True)])
    table("sort of words", ((sort, lambda part, case, sort=sort: case.sort == sort)
                            for sort in dict.fromkeys(case.sort for _, case in some)))
    table("distance", ((far, lambda part, case, far=far: case.distance == far) for far in DISTANCES))
    table("asking", [("ties that are asked", lambda part, case: bool(case.ask)),
                     ("asked without need", lambda part, case: not case.ask)], lambda case, answer: answer.asked)
    return "\n".join(lines[1:])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.meant", description=__doc__.splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="list what the rules got wrong in the open part")
    parser.add_argument("--no-writer", action="store_true", help="leave the mini writer out")
    asked = parser.parse_args()
    if asked.wrong:
        for case in (*cases("open"), *cases("wild")):     # the other parts are only counted
            answer = by_rules(case)
            if not right(case, answer):
                words = f"{case.text[:case.start]}[{case.text[case.start:case.end]}]{case.text[case.end:]}"
                said = f"{'asks ' if answer.asked else ''}{', '.join(sorted(answer.who)) or 'nobody'}"
                meant = f"{'ask ' if case.ask else ''}{', '.join(sorted(case.ask or case.means)) or 'nobody'}"
                print(f"{case.sort} | {' '.join(case.before)} | {words} | {said} | not {meant}")
        return
    ways: dict[str, Way] = {"rules": by_rules}
    scorer = None if asked.no_writer else Scorer()
    if scorer is not None:
        ways["rules and mini writer"] = scorer.with_rules
    ways |= {"most recent": by_most_recent, "names only": by_names}
    print(page(ways))
    if scorer is not None:
        print(f"\n{scorer.alone()}")


if __name__ == "__main__":
    main()
