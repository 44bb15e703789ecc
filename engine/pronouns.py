"""Who is meant by she, he, it, they, we and I: pronouns become slots by plain rules. Pure; standard library only.

Text carries slots (`ID_1`) where names stood. The rules are those readers follow without noticing: a subject goes on
being the subject (centering, Grosz, Joshi and Weinstein 1995), nobody does something to themselves by "her" or "him"
(principle B of binding theory), gender and number agree, and among the rest whoever was spoken of last is meant.
What is said aloud in quotation marks is left alone, and so is every pronoun that nobody at hand can be meant by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.nouns import CharacterId

#: Pronoun -> (whom it can mean, its role in the sentence).
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "she": ("she", "subject"), "her": ("she", "object"), "hers": ("she", "owner"), "herself": ("she", "self"),
    "he": ("he", "subject"), "him": ("he", "object"), "his": ("he", "owner"), "himself": ("he", "self"),
    "it": ("it", "object"), "its": ("it", "owner"), "itself": ("it", "self"),
    "they": ("they", "subject"), "them": ("they", "object"), "their": ("they", "owner"), "theirs": ("they", "owner"),
    "themselves": ("they", "self"), "themself": ("they", "self"),
    "i": ("i", "subject"), "me": ("i", "object"), "my": ("i", "owner"), "mine": ("i", "owner"), "myself": ("i", "self"),
    "we": ("we", "subject"), "us": ("we", "object"), "our": ("we", "owner"), "ours": ("we", "owner"),
    "ourselves": ("we", "self"),
}
_TOKEN: Final = re.compile(rf"(?<![\w_])(?:ID_\d(?:'s)?|{'|'.join(sorted(_FORMS, key=len, reverse=True))})(?![\w_'])",
                           re.IGNORECASE)
#: After "her": an object stands before these, an owner before anything else.
_AFTER_OBJECT: Final = re.compile(
    r"^(?:\s*[.,!?;:]|\s*$| (?:and|but|or|to|with|in|on|at|from|for|up|down|away|back|again|home|the|a|an|by|so|until|"
    r"when|while|once|into|off|out|over|under|then|because|before|after|as|too|there|here|today|tonight|ID_\d)\b)",
    re.IGNORECASE)
#: A new clause, and with it a new subject.
_CLAUSE: Final = re.compile(r"\b(?:while|but|because|when|then|until|before|after|as|so|if)\b|[;:]", re.IGNORECASE)
_JOINED: Final = re.compile(r"^(?:, | and |, and | or )$", re.IGNORECASE)
#: "It is raining" is about nobody.
_NOBODY: Final = re.compile(r"^ (?:is|was|gets|got|starts|started|begins|began|stops|stopped)(?: \w+){0,2}? (?:rain|"
                            r"snow|fog|sun|storm|cold|warm|dark|light|late|early|night|evening|day|morning|quiet|time|to)",
                            re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Focus:
    """Whom the text was about when it stopped: where the next sentence starts from."""

    subject: tuple[CharacterId, ...] = ()      # of the last sentence about anybody
    people: tuple[CharacterId, ...] = ()       # everybody in that sentence
    together: tuple[CharacterId, ...] = ()     # the last two or more who were in one sentence
    recent: tuple[CharacterId, ...] = ()       # everybody spoken of, latest last


@dataclass(frozen=True, slots=True)
class Meant:
    """Characters `start` to `end` of the text given mean these people."""

    start: int
    end: int
    who: tuple[CharacterId, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A text with slots for its pronouns, who was meant where, and the focus after it."""

    text: str
    meant: tuple[Meant, ...]                   # pronouns only, places in the text as it was given
    focus: Focus


def resolve(text: str, classes: Mapping[CharacterId, str], *, focus: Focus | None = None,
            author: CharacterId | None = None) -> Resolved:
    """Put slots where pronouns stand: "she hugs him" becomes "ID_1 hugs ID_2".

    `classes` maps everybody of the story to "she", "he", "they", "it" or "any"; `focus` is what an earlier `resolve`
    of the same story returned; `author` is who says "I".
    """
    state = focus or Focus()
    out, meant, at = "", [], 0
    for start, end in _narrated(text):
        sentence = _Sentence(text[start:end], classes, state, author)
        for found_start, found_end, who, shown in sentence.read():
            meant.append(Meant(start + found_start, start + found_end, who))
            out += text[at:start + found_start] + shown
            at = start + found_end
        state = sentence.focus()
    return Resolved(out + text[at:], tuple(meant), state)


def _narrated(text: str) -> Iterable[tuple[int, int]]:
    """Start and end of each narrated sentence; quoted speech is left out."""
    for part in re.finditer(r'"[^"]*"?|[^"]+', text):
        if part[0].startswith('"'):
            continue
        for found in re.finditer(r"[^.!?]+[.!?]*", part[0]):
            if found[0].strip():
                yield part.start() + found.start(), part.start() + found.end()


class _Sentence:
    """One sentence while it is read from left to right."""

    def __init__(self, text: str, classes: Mapping[CharacterId, str], before: Focus,
                 author: CharacterId | None) -> None:
        self.text, self.classes, self.before, self.author = text, classes, before, author
        self.first: list[CharacterId] = []     # the subject of the first clause
        self.subject: list[CharacterId] = []   # ... of the clause being read
        self.people: list[CharacterId] = []

    def read(self) -> Iterable[tuple[int, int, tuple[CharacterId, ...], str]]:
        """Start, end, who and the words put there, for each pronoun that can be resolved."""
        last_end = 0
        open_subject = True                    # nothing of this clause was read yet but its subject
        for found in _TOKEN.finditer(self.text):
            between = self.text[last_end:found.start()]
            joined = last_end > 0 and _JOINED.match(between) is not None
            if _CLAUSE.search(between):
                self.subject, open_subject = [], True
            elif last_end and not joined:
                open_subject = False
            word = found[0]
            if word.startswith("ID_"):
                owner = word.endswith("'s")
                named = CharacterId(word.removesuffix("'s"))
                self._take((named,), subject=open_subject and not owner and (joined or not self.subject))
                if not owner:
                    last_end = found.end()
                continue
            kind, role = _FORMS[word.casefold()]
            if word == "US" or (kind == "i" and word not in ("I", "me", "my", "mine", "myself", "Me", "My", "Mine")):
                continue
            after = self.text[found.end():]
            if word.casefold() == "her" and not _AFTER_OBJECT.match(after):
                role = "owner"
            if kind == "it":
                if _NOBODY.match(after):
                    continue
                role = "subject" if role == "object" and open_subject and not self.subject else role
            who = self._meant(kind, role, joined=joined)
            if not who:
                continue
            self._take(who, subject=role == "subject" and (joined or open_subject))
            if role != "owner":
                last_end = found.end()
            shown = " and ".join(who)
            yield found.start(), found.end(), who, f"{shown}'s" if role == "owner" else shown

    def focus(self) -> Focus:
        """What the next sentence starts from."""
        if not self.people:
            return self.before
        people = tuple(dict.fromkeys(self.people))
        subject = tuple(dict.fromkeys(self.first or self.people[:1]))
        latest = [who for who in people if who not in subject] + list(subject)
        recent = tuple(who for who in self.before.recent if who not in latest) + tuple(latest)
        return Focus(subject, people, people if len(people) > 1 else self.before.together, recent)

    def _take(self, who: tuple[CharacterId, ...], *, subject: bool) -> None:
        self.people += who
        if subject:
            self.subject += who
            if self.first == self.subject[:len(self.first)]:
                self.first = list(self.subject)

    def _fits(self, who: CharacterId, kind: str) -> bool:
        return self.classes.get(who, "any") == kind

    def _one(self, kind: str, candidates: Iterable[CharacterId],
             without: Iterable[CharacterId] = ()) -> tuple[CharacterId, ...]:
        """The first candidate the pronoun can mean; somebody of no stated class only if there is no other."""
        excluded = set(without)
        left = [who for who in candidates if who not in excluded]
        for wanted in (kind, "any"):
            for who in left:
                if self._fits(who, wanted):
                    return (who,)
        return ()

    def _meant(self, kind: str, role: str, *, joined: bool) -> tuple[CharacterId, ...]:
        before = self.before
        latest_here = list(dict.fromkeys(reversed(self.people)))
        latest = list(reversed(before.recent))
        if kind == "i":
            return (self.author,) if self.author is not None else ()
        if kind == "we":
            if self.author is None:
                return ()
            others = [who for who in before.together or before.people if who != self.author]
            return (self.author, *others)
        if role == "self":
            fitting = tuple(who for who in self.subject if kind == "they" or self._fits(who, kind))
            return fitting or self._one(kind, [*self.subject, *latest_here])
        if kind == "they":
            return self._several(role, joined=joined)
        if kind == "it":
            return self._one_thing(role)
        if role == "subject":
            taken = self.subject if joined else ()
            return self._one(kind, [*self.first, *latest_here, *before.subject, *latest], taken)
        if role == "owner":
            return self._one(kind, [*self.subject, *latest_here, *before.subject, *latest])
        objects = [who for who in reversed(before.people) if who not in before.subject]
        return self._one(kind, [*latest_here, *objects, *before.subject, *latest], self.subject)

    def _several(self, role: str, *, joined: bool) -> tuple[CharacterId, ...]:
        """Whom "they" means: those of the sentence before, the last who were together, or one who is called so."""
        before = self.before
        if role == "owner" and self.people:
            here = self.subject or self.people
            if len(here) > 1 or self._alone(here[0]):
                return tuple(dict.fromkeys(here))
        taken = set(self.subject) if role == "object" or joined else set()
        near = [tuple(dict.fromkeys(self.people)), before.people, before.together] if not joined else [
            before.people, before.together]
        for group in near:
            left = tuple(who for who in group if who not in taken)
            if len(left) > 1 or (len(left) == 1 and self._alone(left[0])):
                return left
        return self._one("they", [who for who in reversed(before.recent) if self._alone(who)], taken)

    def _alone(self, who: CharacterId) -> bool:
        """Whether one person alone can be "they": who is called so, and who stated nothing."""
        return self._fits(who, "they") or self._fits(who, "any")

    def _one_thing(self, role: str) -> tuple[CharacterId, ...]:
        """"It" is mostly a thing: a character only where exactly one who is called so was just spoken of."""
        own = [who for who in self.subject if self._fits(who, "it")]
        if role == "owner" and len(own) == 1:
            return (own[0],)
        near = [who for who in dict.fromkeys([*self.people, *self.before.people]) if self._fits(who, "it")]
        if role == "object":
            near = [who for who in near if who not in self.subject]
        return (near[0],) if len(near) == 1 else ()

