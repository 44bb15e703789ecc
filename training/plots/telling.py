"""Wording: one template becomes one clause, with names, pronouns, tense and the true referent of every mention."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from training.plots.words import past, third

FORMS = {
    "she": ("she", "her", "her"),
    "he": ("he", "him", "his"),
    "they": ("they", "them", "their"),
    "it": ("it", "it", "its"),
    "any": ("they", "them", "their"),
}


@dataclass(frozen=True)
class Mention:
    """Characters `start` to `end` of the prose mean `who`; `form` is "name", the pronoun used, or "owner" where
    somebody is named only as a place's owner."""

    start: int
    end: int
    who: str
    form: str


@dataclass
class Teller:
    """Tells clauses about some characters; remembers who was mentioned where, so that pronouns stay clear."""

    rng: random.Random
    pronouns: dict[str, str]  # slot -> pronoun class
    first_person: str = ""  # slot that says "I"
    tense: str = "past"  # "past", "present" or "base"
    recent: list[tuple[int, str]] = field(default_factory=list)  # (sentence, slot), newest last
    sentence: int = 0

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

    def tell(self, template: str, roles: dict[str, str], words: dict[str, str]) -> tuple[str, list[Mention]]:
        """One clause. `roles` maps A, B, C to slots; `words` maps n, ns, adj, to, in ... to text."""
        text = self.choose(template)
        for key, value in words.items():
            text = text.replace("{" + key + "}", value)
        text = re.sub(r"\b([Aa]) (?=[aeiou](?!ni|se|ku))", r"\1n ", re.sub(r"  +", " ", text)).strip()
        out, mentions, last = "", [], ""
        shown: dict[str, str] = {}  # role -> "i", "plural" or "one": how it was last shown, for the verb
        for piece in re.findall(r"\{[^}]*\}|<[^>]*>|\. |[?!]\"? |[^{<.?!]+|[.?!]", text):
            if piece[0] == "{":
                said, form, role = self._name(piece[1:-1], roles)
                mentions.append(Mention(len(out), len(out) + len(said), roles[role], form))
                out += said
                if "." not in piece or piece.endswith((".s}",)):
                    shown[role] = "i" if form == "I" else "plural" if form == "they" else "one"
                    last = role
                continue
            if piece[0] == "<":
                out += self._verb(piece[1:-1], shown, last)
                continue
            out += piece
            if piece[0] in ".?!" and piece[-1] == " ":
                self.sentence += 1
        self.sentence += 1
        covered = {mention.start for mention in mentions}
        mentions += [
            Mention(found.start(), found.end(), found[1], "owner")
            for found in re.finditer(r"(ID_\d)'s", out)
            if found.start() not in covered
        ]
        return out, mentions

    def _name(self, spec: str, roles: dict[str, str]) -> tuple[str, str, str]:
        role, _, case = spec.partition(".")
        who = roles[role.upper()]
        number = {"": 0, "s": 0, "o": 1, "p": 2}[case]
        if who == self.first_person:
            self.recent.append((self.sentence, who))
            return (("I", "me", "my")[number], "I", role.upper())
        kind = self.pronouns[who]
        wants = role.islower() and self.clear(who)
        if wants and kind == "it":
            wants = number == 2 or self.rng.random() < 0.3
        if wants and kind == "any" and number != 2:
            wants = self.rng.random() < 0.3
        if wants and role.islower():
            form = FORMS[kind][number]
            self.recent.append((self.sentence, who))
            return form, FORMS[kind][0], role.upper()
        self.recent.append((self.sentence, who))
        return who + ("'s" if number == 2 else ""), "name", role.upper()

    def _verb(self, spec: str, shown: dict[str, str], last: str) -> str:
        verb, _, subject = spec.partition(":")
        person = {"pl": "plural", "it": "one"}.get(subject) or shown.get(subject or last, "one")
        if self.tense == "base":
            return verb
        if verb == "be":
            if self.tense == "past":
                return "were" if person == "plural" else "was"
            return {"i": "am", "plural": "are"}.get(person, "is")
        if self.tense == "past":
            return past(verb)
        return third(verb) if person == "one" else verb


def capitalised(text: str) -> str:
    """Capital letters at the starts of sentences, also inside quotes; slots stay as they are."""
    return re.sub(r'(^"?|[.!?] "?)([a-z])', lambda found: found[1] + found[2].upper(), text)
