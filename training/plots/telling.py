"""Wording: one template becomes one clause, with names, pronouns, tense and the true referent of every mention."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from training.plots.words import past, third

FORMS = {
    "she": ("she", "her", "her", "herself"),
    "he": ("he", "him", "his", "himself"),
    "they": ("they", "them", "their", "themself"),
    "it": ("it", "it", "its", "itself"),
    "any": ("they", "them", "their", "themself"),
}
CASES = {"": 0, "s": 0, "o": 1, "p": 2, "self": 3}


@dataclass(frozen=True)
class Mention:
    """Characters `start` to `end` of a text mean `who`; `form` is "name", the pronoun class used ("she", "he", "it",
    "they" for one or for several, "I", "we"), or "owner" where somebody is named only as a place's owner."""

    start: int
    end: int
    who: tuple[str, ...]
    form: str


@dataclass
class Teller:
    """Tells clauses about some characters; remembers who was mentioned where, so that pronouns stay clear."""

    rng: random.Random
    pronouns: dict[str, str]  # slot -> pronoun class
    first_person: str = ""  # slot that says "I"
    tense: str = "past"  # "past", "present", "will" or "base"
    recent: list[tuple[int, str]] = field(default_factory=list)  # (sentence, slot), newest last
    sentence: int = 0
    subject: tuple[str, ...] = ()  # of the sentence before, for "they"

    def choose(self, template: str) -> str:
        """Resolve [a|b] choices, innermost first."""
        while (found := re.search(r"\[([^\[\]]*)\]", template)) is not None:
            pick = self.rng.choice(found[1].split("|"))
            template = template[: found.start()] + pick + template[found.end() :]
        return template

    def clear(self, who: str) -> bool:
        """Would a pronoun for `who` be understood here?"""
        if self.recent and self.recent[-1] == (self.sentence, who):
            return True  # "Mia crossed her arms": she is the subject of this very sentence
        near = [slot for sentence, slot in self.recent if sentence >= self.sentence - 1]
        if who not in near:
            return False
        kind = FORMS[self.pronouns[who]][0]
        rivals = {slot for slot in near if FORMS[self.pronouns[slot]][0] == kind and slot != who}
        return not rivals

    def tell(self, template: str, roles: dict[str, str], words: dict[str, str],
             many: frozenset[str] = frozenset()) -> tuple[str, list[Mention]]:
        """One clause. `roles` maps A, B, C to slots; `words` maps n, the, to, in ... to text; `many` names which of
        n and o are plural."""
        text = self.choose(template)
        for key, value in words.items():
            text = text.replace("{" + key + "}", value)
        text = re.sub(r"  +", " ", text).strip()
        text = re.sub(r"\b([Aa]) (?=[aeiou](?!ni|se|ku|ne\b))", r"\1n ", text)
        out, last = "", ""
        pieces = re.findall(r"\{[^}]*\}|<[^>]*>|\. |[?!]\"? |[^{<.?!]+|[.?!]", text)
        mentions: list[Mention] = []
        shown: dict[str, str] = {}  # role -> "i", "plural" or "one": how it was last shown, for the verb
        here: list[str] = []  # who this sentence is about
        for index, piece in enumerate(pieces):
            if piece[0] == "{":
                said, form, who, role = self._name(piece[1:-1], roles, opens=not out.strip(' "'))
                after = "".join(pieces[index + 1 : index + 3]).lstrip()
                if said == "I":  # "ID_2 saves me", but "why am I sad"
                    inverted = index >= 2 and pieces[index - 2][0] == "<" and not pieces[index - 1].strip() and not last
                    said = "I" if after.startswith(("<", "and {")) or inverted else "me"
                elif said == "we" and out.strip() and not after.startswith("<"):
                    said = "us"
                self._mention(mentions, len(out), said, form, who)
                out += said
                here += [one for one in who if one not in here]
                if "." not in piece:
                    plain = "i" if form == "I" else "plural" if form == "they" or len(who) > 1 else "one"
                    shown[role] = plain
                    last = role
                continue
            if piece[0] == "<":
                ahead = re.match(r"\{([ABC])\}", "".join(pieces[index + 2 : index + 3])) if not last else None
                if ahead is not None and roles[ahead[1]] == self.first_person:
                    shown[""] = "i"
                out += self._verb(piece[1:-1], shown, last, many)
                continue
            for found in re.finditer(r"\b(?:[Tt]hey|[Tt]hem|[Tt]heir)\b", piece if '"' not in template else ""):
                pair = tuple(roles[one] for one in "ABC" if one in roles and (one != "C" or "{C}" in template))
                if len(pair) > 1:
                    mentions.append(Mention(len(out) + found.start(), len(out) + found.end(), pair, "they"))
            out += piece
            if piece[0] in ".?!" and piece[-1] == " ":
                self.sentence += 1
        self.sentence += 1
        self.subject = tuple(here)
        covered = {mention.start for mention in mentions}
        mentions += [
            Mention(found.start(), found.end(), (found[1],), "owner")
            for found in re.finditer(r"(ID_\d)'s", out)
            if found.start() not in covered
        ]
        return out, mentions

    def _mention(self, mentions: list[Mention], at: int, said: str, form: str, who: tuple[str, ...]) -> None:
        if form != "names":
            mentions.append(Mention(at, at + len(said), who, form))
            return
        for slot in who:  # "ID_1 and ID_2", or "ID_2 and I"
            place = said.find(slot)
            if place >= 0:
                mentions.append(Mention(at + place, at + place + len(slot), (slot,), "name"))
            elif slot == self.first_person:
                place = re.search(r"\bI\b", said)
                assert place is not None
                mentions.append(Mention(at + place.start(), at + place.end(), (slot,), "I"))

    def _name(self, spec: str, roles: dict[str, str], *, opens: bool) -> tuple[str, str, tuple[str, ...], str]:
        role, _, case = spec.partition(".")
        if len(role) == 2:
            return self._both(roles, opens=opens)
        who = roles[role.upper()]
        number = CASES[case]
        if who == self.first_person:
            self.recent.append((self.sentence, who))
            return ("I", "me", "my", "myself")[number], "I", (who,), role.upper()
        kind = self.pronouns[who]
        wants = role.islower() and (self.clear(who) or number == 3)
        if wants and kind == "it":
            wants = number >= 2 or self.rng.random() < 0.3
        if wants and kind == "any" and number < 2:
            wants = self.rng.random() < 0.15
        if wants and role.islower():
            form = FORMS[kind][number]
            self.recent.append((self.sentence, who))
            return form, FORMS[kind][0], (who,), role.upper()
        self.recent.append((self.sentence, who))
        return who + ("'s" if number == 2 else ""), "name", (who,), role.upper()

    def _both(self, roles: dict[str, str], *, opens: bool) -> tuple[str, str, tuple[str, ...], str]:
        pair = (roles["A"], roles["B"])
        if self.first_person in pair:
            other = next(slot for slot in pair if slot != self.first_person)
            self.recent += [(self.sentence, slot) for slot in pair]
            if self.rng.random() < 0.6:
                return "we", "we", pair, "AB"
            return f"{other} and I", "names", (other, self.first_person), "AB"
        if opens and set(self.subject) == set(pair) and self.rng.random() < 0.7:
            self.recent += [(self.sentence, slot) for slot in pair]
            return "they", "they", pair, "AB"
        self.recent += [(self.sentence, slot) for slot in pair]
        return f"{pair[0]} and {pair[1]}", "names", pair, "AB"

    def _verb(self, spec: str, shown: dict[str, str], last: str, many: frozenset[str]) -> str:
        verb, _, subject = spec.partition(":")
        if subject in ("n", "o"):
            person = "plural" if subject in many else "one"
        else:
            person = {"pl": "plural", "it": "one"}.get(subject) or shown.get(subject or last, "one")
        if self.tense == "base":
            return verb.replace("cannot", "not")
        if self.tense == "will":
            return {"cannot": "will not", "can": "will"}.get(verb, f"will {verb}")
        if verb == "be":
            if self.tense == "past":
                return "were" if person == "plural" else "was"
            return {"i": "am", "plural": "are"}.get(person, "is")
        if verb == "do" and self.tense == "past":
            return "did"
        if self.tense == "past":
            return past(verb)
        return third(verb) if person == "one" else verb


def capitalised(text: str) -> str:
    """Capital letters at the starts of sentences, also inside quotes; slots stay as they are."""
    return re.sub(r'(^"?|[.!?] "?)([a-z])', lambda found: found[1] + found[2].upper(), text)
