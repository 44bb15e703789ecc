"""What a person wants changed in a picture, read from their words: "make it night and give her a hat". Pure.

Every wish is found by rules and taken out of the sentence; what is then left must be words without a wish of their
own, else nothing at all is changed and the person is told which words were not understood. Half a wish granted is
worse than a question. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.nouns import Character, CharacterId, OwnerId, PanelBrief, Pronouns, Refused, Setting
from engine.vocabulary import COLOURS, KINDS, TOUCHING
from engine.ways.change_words import (
    CLOSER,
    CLOTHES,
    COLOUR_FIELDS,
    DANISH,
    DOING,
    FILLER,
    GARMENTS,
    MOOD_WORDS,
    PATTERN_WORDS,
    PLACE_WORDS,
    THINGS,
    TIME_WORDS,
    WEATHER_WORDS,
    WIDER,
)

#: The longest request that is read, in characters.
REQUEST_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to a brief. `what` is one of `EDITS`; which of the other fields count follows from it."""

    what: str
    who: CharacterId | None = None
    value: str = ""                        # a word of the vocabulary, a direction, a colour
    field: str = ""                        # "wear": the field of the Look
    toward: CharacterId | None = None


#: time, weather, shot, place: `value`. add, remove (a thing): `value`. shift: the thing in `field` goes to `value`.
#: come, go, move, turn, size, mood, do, hold, wear: `who` and `value`. swap: `who` and `toward`. colourless: a colour
#: was asked for that things cannot have.
EDITS: Final = ("time", "weather", "shot", "place", "add", "remove", "shift", "come", "go", "move", "turn", "size",
                "mood", "do", "hold", "wear", "swap", "colourless")


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything asked for in one request, in its order."""

    edits: tuple[Edit, ...]
    from_now_on: bool = False              # what is put on stays on in the pages after


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_WHO: Final = r"(?:ID_\d+(?:\+ID_\d+)*)"
_COLOUR: Final = rf"(?:{_any((*COLOURS, 'gray', 'golden'))})"
_SAME_COLOUR: Final[Mapping[str, str]] = {"gray": "grey", "golden": "gold"}
_PATTERN: Final = rf"(?:{_any(PATTERN_WORDS)})"
_GARMENT: Final = rf"(?:{_any((*GARMENTS, *CLOTHES))})"
_THING: Final = rf"(?:{_any(THINGS)})"
_WITHOUT: Final = (r"(?:without|remove|take away|take out|take off|takes off|taking off|leave out|leave off|delete|"
                   r"erase|get rid of|lose|no more|no|not any)")
_EVERYBODY: Final = ("everybody", "everyone", "all of them", "both of them", "the two of them", "both", "all")
_PRONOUN: Final = re.compile(
    r"\b(?:(?P<she>she|her|hers)|(?P<he>he|him|his)|(?P<they>they|them|their)|(?P<it>it|its)|(?P<i>i|me|my))\b")
#: "I want", "can you": who asks is not who is meant.
_POLITE: Final = re.compile(
    r"\b(?:i(?:'d| would)? (?:want|wants|like|love|wish|think|prefer)(?: to)?(?: see| have)?|i want|could (?:you|we)|"
    r"can (?:you|we)|would you|please|make sure(?: that)?|let me see|show me|for me|give me (?=a picture))\b")
_FROM_NOW: Final = re.compile(r"\b(?:from (?:now|here) on(?:wards)?|for the rest of the story|from now)\b")


def read_change(request: str, brief: PanelBrief, cast: Sequence[Character], *, known: Sequence[Setting] = (),
                author: CharacterId | None = None, owner: OwnerId | None = None, locale: str = "en") -> Wish:
    """What is to become of `brief`. `cast` is everybody of the story, `known` its places, `author` who "me" is.

    Raises `Refused`: `change_unclear` (fact `rest`: the words nothing was made of), `change_who` (fact `word`: could
    be several), `change_not_there` (fact `name`: not in this picture), `change_empty`, `change_too_long`.
    """
    text = " ".join(request.split())
    if len(text) > REQUEST_CHARACTERS:
        raise Refused(reason="change_too_long", limit=REQUEST_CHARACTERS)
    if not any(letter.isalpha() for letter in text):
        raise Refused(reason="change_empty")
    return _Reader(brief, cast, known, author, owner).read(text, locale)


class _Reader:
    """One request while it is read."""

    def __init__(self, brief: PanelBrief, cast: Sequence[Character], known: Sequence[Setting],
                 author: CharacterId | None, owner: OwnerId | None) -> None:
        self.brief, self.cast, self.known = brief, list(cast), known
        self.author, self.owner = author, owner
        self.here = [figure.character_id for figure in brief.figures]
        self.slots = {character.character_id: f"ID_{number}" for number, character in enumerate(self.cast, start=1)}
        self.by_slot = {slot: character_id for character_id, slot in self.slots.items()}
        self.by_id = {character.character_id: character for character in self.cast}
        self.last: list[CharacterId] = []  # whom the clause before was about
        self.edits: list[Edit] = []
        self.t = ""                        # what is left of the clause

    def read(self, text: str, locale: str) -> Wish:
        text = self._slotted(text)
        if locale[:2] == "da":
            text = self._slotted(_translated(text))
        text = re.sub(r"[\"“”()]", " ", text).replace("’", "'")
        text = _POLITE.sub(" ", _lower(text))
        from_now_on = _FROM_NOW.search(text) is not None
        text = _FROM_NOW.sub(" ", text)
        text = re.sub(r"(ID_\d+)'s?\b", r"\1", text)
        text = re.sub(r"(ID_\d+)((?:(?:, ?| and |, and | & )ID_\d+)+)",
                      lambda found: "+".join(re.findall(r"ID_\d+", found[0])), text)
        text = re.sub(r"\b(?:between|swap) (ID_\d+)\+(ID_\d+)", lambda found: found[0], text)
        before = ""
        for clause in re.split(r"[.;!?,\n]+| and (?!white)| but | then | plus ", text):
            clause = " ".join(clause.split())
            if not re.search(r"[a-zæøåA-Z]", clause):
                continue
            # "give her a red hat and a blue scarf": what began the clause before begins this one too.
            lead = re.match(rf"(?:give|add|put on|with|without|remove|take off|take away)(?: {_WHO})?", before)
            if lead and re.match(rf"(?:a|an|the|some|{_COLOUR})\b", clause):
                clause = f"{lead[0]} {clause}"
            self._clause(clause)
            before = clause
        if not self.edits:
            raise Refused(reason="change_unclear", rest=_readable(text, self.by_slot, self.by_id))
        return Wish(tuple(dict.fromkeys(self.edits)), from_now_on)

    # --- who is meant ------------------------------------------------------------------------------

    def _slotted(self, text: str) -> str:
        """Names, nicknames, "my sister" and "the dog" become slots."""
        for character in sorted(self.cast, key=lambda one: -len(one.name)):
            for name in sorted((character.name, *character.nicknames), key=len, reverse=True):
                # Somebody called Rose is meant by "Rose"; by "rose" only when no thing is called that.
                flags = 0 if name.casefold() in THINGS or name.casefold() in FILLER else re.IGNORECASE
                text = re.sub(rf"(?<![\w_]){re.escape(name)}(?![\w_])", self.slots[character.character_id], text,
                              flags=flags)
            if character.relation and self.owner is not None and character.owner_id == self.owner:
                text = re.sub(rf"\b(?:my|our|min|mit) {re.escape(character.relation)}\b",
                              self.slots[character.character_id], text, flags=re.IGNORECASE)
        for kind in KINDS:
            for group in (self.here, list(self.by_id)):
                kin = [one for one in group if one in self.by_id and self.by_id[one].look.kind == kind]
                if len(kin) == 1:
                    text = re.sub(rf"\b(?:the|that|this) {kind}\b", self.slots[kin[0]], text, flags=re.IGNORECASE)
                    break
        return text

    def _they(self, kind: str, word: str) -> list[CharacterId]:
        """Whom a pronoun means in this picture. Raises `Refused` when it could be several."""
        if kind == "i":
            return [self.author] if self.author is not None else []
        if kind == "they":
            alone = [one for one in self.here if self._class(one) is Pronouns.THEY]
            if self.last and (len(self.last) > 1 or self.last[0] in alone):
                return list(self.last)
            return alone if len(alone) == 1 else list(self.here)
        wanted = Pronouns(kind)
        fitting = [one for one in self.here if self._class(one) is wanted]
        fitting = fitting or [one for one in self.here if self._class(one) is Pronouns.ANY]
        for one in self.last:
            if one in fitting:
                return [one]
        if len(fitting) > 1:
            raise Refused(reason="change_who", word=word, names=", ".join(self.by_id[one].name for one in fitting))
        return fitting

    def _class(self, who: CharacterId) -> Pronouns:
        return self.by_id[who].pronouns if who in self.by_id else Pronouns.ANY

    def _meant(self, clause: str) -> str:
        """The clause with slots for its pronouns."""
        for words in _EVERYBODY:
            clause = re.sub(rf"\b{words}\b", "+".join(self.slots[one] for one in self.here if one in self.slots),
                            clause) if self.here else clause

        def put(found: re.Match[str]) -> str:
            kind = next(name for name, word in found.groupdict().items() if word)
            if kind == "it" and not self._is_somebody(clause, found):
                return " "
            who = self._they(kind, found[0])
            return "+".join(self.slots[one] for one in who if one in self.slots) or " "

        return " ".join(_PRONOUN.sub(put, clause).split())

    def _is_somebody(self, clause: str, found: re.Match[str]) -> bool:
        """Whether "it" can be a character here: "give it a hat", never "make it night"."""
        if not any(self._class(one) is Pronouns.IT for one in self.here):
            return False
        before, after = clause[:found.start()], clause[found.end():]
        if re.search(r"\b(?:give|move|turn|dress|without|let)\s*$", before) and not re.match(r" (?:rain|snow)", after):
            return True
        follows = re.match(r" (?:should |is |be |look |looks |very |more )*(\w+)", after)
        return follows is not None and (follows[1] in MOOD_WORDS or follows[1] in DOING or follows[1] in (
            "wear", "wears", "hold", "holds"))

    def _ids(self, group: str) -> list[CharacterId]:
        return [self.by_slot[slot] for slot in re.findall(r"ID_\d+", group) if slot in self.by_slot]

    def _need(self, who: Sequence[CharacterId]) -> list[CharacterId]:
        """These people, who must be in the picture (or have just been added). Raises `Refused`."""
        there = {*self.here, *(edit.who for edit in self.edits if edit.what == "come")}
        for one in who:
            if one not in there:
                raise Refused(reason="change_not_there", name=self.by_id[one].name)
        return list(who)

    # --- one clause --------------------------------------------------------------------------------

    def _take(self, pattern: str) -> re.Match[str] | None:
        """Find a wish and take it out of the clause."""
        found = re.search(rf"(?<![\w'-])(?:{pattern})(?![\w'-])", self.t)
        if found is not None:
            self.t = f"{self.t[:found.start()]} ~ {self.t[found.end():]}"
        return found

    def _all(self, pattern: str) -> Iterable[re.Match[str]]:
        while (found := self._take(pattern)) is not None:
            yield found

    def _clause(self, clause: str) -> None:
        self.t = self._meant(clause)
        count = len(self.edits)
        named = [group for group in re.findall(_WHO, self.t)]
        about = self._ids(named[0]) if named else list(self.last)
        other = self._ids(named[1]) if len(named) > 1 else []
        self._go()
        self._placed(about, named)
        self._worn(about)
        self._held(about, bool(named))
        self._acted(about, other)
        self._scenery()
        self._come(about, changed=len(self.edits) > count)
        self._rest()
        if about and any(edit.who for edit in self.edits[count:]):
            self.last = about

    def _go(self) -> None:
        """What is to be gone: clothes, people, things, weather."""
        articles = rf"(?:(?:the|a|an|any|all|{_WHO}) )*"
        for found in self._all(rf"{_WITHOUT} (?P<who>{articles})(?:{_COLOUR} )?(?P<what>{_GARMENT})"):
            field, value = GARMENTS.get(found["what"], ("outfit", ""))
            who = self._ids(found["who"]) or self._wearers(field)
            nothing = {"outfit": "t-shirt", "accessories": "none"}.get(field, "none")
            if not who:
                raise Refused(reason="change_unclear", rest=found["what"])
            for one in self._need(who):
                self.edits.append(Edit("wear", one, f"-{value}" if field == "accessories" else nothing, field))
        for found in self._all(
                rf"{_WITHOUT} (?:the )?(?P<who>{_WHO})(?: from (?:the|this) (?:picture|panel))?|"
                rf"(?P<also>{_WHO}) (?:should|must|shall|can|is|are)?\s*(?:not|n't) (?:be )?(?:there|here|"
                rf"in (?:it|the picture|this picture|this))|(?P<gone>{_WHO}) (?:should be |is |be )?gone"):
            for one in self._need(self._ids(found["who"] or found["also"] or found["gone"])):
                self.edits.append(Edit("go", one))
        for found in self._all(rf"{_WITHOUT} {articles}(?:{_COLOUR} )?(?P<what>{_THING})"):
            self.edits.append(Edit("remove", value=THINGS[found["what"]]))
        if self._take(rf"(?:{_WITHOUT}|stop|stop the) (?:the )?(?:{_any(WEATHER_WORDS)})|"
                      r"(?:stop|stops) (?:rain|snow)ing"):
            self.edits.append(Edit("weather", value="clear"))

    def _wearers(self, field: str) -> list[CharacterId]:
        """Who in the picture wears something there."""
        worn = [figure.character_id for figure in self.brief.figures
                if getattr(figure.look, field) not in ("none", "bare", ())]
        about = [one for one in self.last if one in worn]
        if about:
            return about
        if len(worn) > 1:
            raise Refused(reason="change_who", word=field, names=", ".join(self.by_id[one].name for one in worn
                                                                           if one in self.by_id))
        return worn

    def _placed(self, about: list[CharacterId], named: list[str]) -> None:
        """Where people stand, how the picture is taken."""
        if found := self._take(
                r"swap (?:the )?(?:places of )?(?P<one>ID_\d+)(?:\+| with )(?P<other>ID_\d+)(?: around)?|"
                r"(?P<a>ID_\d+)(?:\+| with )(?P<b>ID_\d+) (?:should )?(?:swap|change) places"):
            first, second = (("one", "other") if found["one"] else ("a", "b"))
            both = self._need([*self._ids(found[first]), *self._ids(found[second])])
            self.edits.append(Edit("swap", both[0], toward=both[1]))
        between = self._take(r"between (?P<one>ID_\d+)(?:\+| ~? ?)(?P<other>ID_\d+)")
        if between and about:
            pair = self._ids(between[0])
            self.edits.append(Edit("move", self._need(about)[0], "between", field=pair[1], toward=pair[0]))
        for found in self._all(
                rf"(?P<where>(?:to |on |at )?(?:the )?(?P<side>left|right)(?: side)? of|next to|beside|near|close to|"
                rf"closer to|nearer to|behind|in front of) (?P<who>{_WHO})"):
            partner = self._need(self._ids(found["who"]))[0]
            where = found["side"] or {"behind": "behind", "in front of": "before"}.get(found["where"], "beside")
            for one in self._need([one for one in about if one != partner]):
                self.edits.append(Edit("move", one, where, toward=partner))
        for found in self._all(
                r"(?:facing|faces|face|looking|looks|look|turned|turn) (?:to )?(?:the )?(?P<side>left|right)|"
                r"(?:turn|turned|turns|facing|face|looking|look) (?:\S+ )?(?:around|(?:the )?other way)|"
                r"turn around|the other way"):
            for one in self._need(about):
                self.edits.append(Edit("turn", one, found["side"] or "around"))
        for found in self._all(
                r"(?:a bit |further |more |far )*(?:to |on |at |in |into |towards )?(?:the )?(?:far |very )?"
                r"(?P<side>left|right|middle|centre|center|front|back|foreground|background)(?: side| more)?"
                r"(?: of (?:the )?(?:picture|panel))?"):
            side = {"center": "middle", "centre": "middle", "foreground": "front", "background": "back"}.get(
                found["side"], found["side"])
            if not named and (thing := self._thing()):
                self.edits.append(Edit("shift", value=side, field=thing))
                continue
            if not about:
                raise Refused(reason="change_unclear", rest=found[0].strip())
            for one in self._need(about):
                self.edits.append(Edit("move", one, side))
        if found := self._take(r"(?:a bit |much |a little )?(?P<size>bigger|larger|taller|smaller|shorter)"):
            size = "smaller" if found["size"] in ("smaller", "shorter") else "larger"
            if not named and (thing := self._thing()):
                self.edits.append(Edit("shift", value=size, field=thing))
            elif not about:
                raise Refused(reason="change_unclear", rest=found[0].strip())
            else:
                self.edits += [Edit("size", one, size) for one in self._need(about)]
        for words, shot in ((CLOSER, "close"), (WIDER, "wide")):
            if self._take(_any(words)):
                if named and shot == "close" and "move" in self.t:
                    self.edits += [Edit("move", one, "front") for one in self._need(about)]
                else:
                    self.edits.append(Edit("shot", value=shot))

    def _thing(self) -> str:
        """The thing this clause is about, or ""."""
        found = re.search(rf"(?<![\w'-])(?:{_THING})(?![\w'-])", self.t)
        return THINGS[found[0]] if found else ""

    def _worn(self, about: list[CharacterId]) -> None:
        """Clothes, hats, glasses, and their colours."""
        after = rf"(?P<what2>{_GARMENT}) (?:(?:should|is|are|be|to|in|must|look) )*(?P<colour2>{_COLOUR})"
        before = (rf"(?:(?:a|an|the|some|pair of) )*(?:(?P<colour>{_COLOUR}) )?(?:(?P<pattern>{_PATTERN}) )?"
                  rf"(?P<what>{_GARMENT})(?: with (?:(?P<dots>{_COLOUR}) )?(?P<pattern2>{_PATTERN}))?")
        found: re.Match[str] | None
        while (found := self._take(after) or self._take(before)) is not None:
            parts = found.groupdict()
            word = parts.get("what2") or parts["what"]
            colour = parts.get("colour2") or parts.get("colour") or ""
            colour = _SAME_COLOUR.get(colour, colour)
            pattern = PATTERN_WORDS.get(parts.get("pattern") or parts.get("pattern2") or "", "")
            field, value = GARMENTS.get(word, ("outfit", ""))
            if not about:
                raise Refused(reason="change_unclear", rest=found[0].strip())
            for one in self._need(about):
                if value and not (parts.get("what2") and self._has(one, field, value)):
                    self.edits.append(Edit("wear", one, value, field))
                if colour and field in COLOUR_FIELDS:
                    self.edits.append(Edit("wear", one, colour, COLOUR_FIELDS[field]))
                if field == "outfit" and pattern:
                    self.edits.append(Edit("wear", one, pattern, "pattern"))
                    if parts.get("dots"):
                        self.edits.append(Edit("wear", one, parts["dots"] or "", "pattern_colour"))

    def _has(self, who: CharacterId, field: str, value: str) -> bool:
        """Whether somebody wears such a thing: then "make her hat blue" is about that very hat."""
        look = next((figure.look for figure in self.brief.figures if figure.character_id == who), None)
        worn = getattr(look, field, "none")
        return value in worn if isinstance(worn, tuple) else (worn not in ("none", "bare") and (
            worn == value or GARMENTS["hat"][1] == value))

    def _held(self, about: list[CharacterId], named: bool) -> None:
        """What somebody has in their hands."""
        a = rf"(?:a |an |the |some |{_WHO} )*"
        holding = "hold|holds|holding|carry|carries|carrying"

        def thing(number: str) -> str:
            return rf"{a}(?:(?P<colour{number}>{_COLOUR}) )?(?P<what{number}>{_THING})"

        for found in self._all(
                rf"(?:give|gives|hand|pass) (?P<who>{_WHO}) {thing('1')}|"
                rf"(?P<also>{_WHO}) (?:should |must |shall |is |be )*(?:{holding}|with|have|has|having) {thing('2')}|"
                rf"(?:{holding}) {thing('3')}|{thing('4')} in(?:to)? (?P<hand>{_WHO}) hands?"):
            parts = found.groupdict()
            who = self._ids(parts["who"] or parts["also"] or parts["hand"] or "") or about
            if not who:
                raise Refused(reason="change_unclear", rest=found[0].strip())
            word = next(parts[name] for name in ("what1", "what2", "what3", "what4") if parts[name])
            for one in self._need(who)[:1]:
                self.edits.append(Edit("hold", one, THINGS[word]))
            if any(parts[name] for name in ("colour1", "colour2", "colour3", "colour4")):
                self.edits.append(Edit("colourless", value=THINGS[word]))
        for found in self._all(
                rf"(?:take|takes) {a}(?:{_THING}) (?:away )?from (?P<who>{_WHO})|"
                rf"(?P<also>{_WHO}) (?:should )?(?:drop|drops|let go of|put down|puts down) {a}(?:{_THING})"):
            for one in self._need(self._ids(found["who"] or found["also"])):
                self.edits.append(Edit("hold", one, ""))

    def _acted(self, about: list[CharacterId], other: list[CharacterId]) -> None:
        """What somebody does and feels."""
        if not about:
            return
        for found in self._all(_any(DOING)):
            action = DOING[found[0]]
            who = self._need(about)
            partners = other or [one for one in who[1:2]] if action in TOUCHING else other
            if action in TOUCHING and not partners:
                partners = [one for one in self.here if one not in who][:1]
            partner = self._need(partners)[0] if partners else None
            for one in who:
                if one != partner:
                    self.edits.append(Edit("do", one, action, toward=partner))
        for found in self._all(_any(MOOD_WORDS)):
            for one in self._need(about):
                self.edits.append(Edit("mood", one, MOOD_WORDS[found[0]]))

    def _scenery(self) -> None:
        """Time, weather, place, things that stand about."""
        for setting in sorted(self.known, key=lambda one: -len(one.name)):
            name = re.sub(r"(ID_\d+)'s?\b", r"\1", _lower(self._slotted(setting.name))).removeprefix("the ")
            if len(name) > 2 and self._take(rf"(?:in|at|on|to|into) (?:the )?{re.escape(name)}"):
                self.edits.append(Edit("place", value=setting.kind, field=setting.setting_id))
        for table, what in ((TIME_WORDS, "time"), (WEATHER_WORDS, "weather")):
            for found in self._all(rf"(?:{_any(table)})"):
                self.edits.append(Edit(what, value=table[found[0]]))
        for found in self._all(rf"(?:(?:in|at|on|to|into|inside|under|a|an|the) )+(?P<where>{_any(PLACE_WORDS)})|"
                               rf"(?P<alone>{_any(PLACE_WORDS)})"):
            self.edits.append(Edit("place", value=PLACE_WORDS[found["where"] or found["alone"]]))
        for found in self._all(rf"(?:(?P<colour>{_COLOUR}) )?(?P<what>{_THING})"):
            thing = THINGS[found["what"]]
            if not any(edit.what == "shift" and edit.field == thing for edit in self.edits):
                self.edits.append(Edit("add", value=thing))
            if found["colour"]:
                self.edits.append(Edit("colourless", value=THINGS[found["what"]]))

    def _come(self, about: list[CharacterId], *, changed: bool) -> None:
        """Somebody who is not in the picture is asked into it."""
        for found in self._all(
                rf"(?:add|bring|bring in|put in|include|with|put) (?P<who>{_WHO})(?: too| as well| in)?|"
                rf"(?P<also>{_WHO}) (?:should |must |shall )?(?:come|comes|join|joins|be|is) ?(?:in|too|there|here|"
                rf"as well|with (?:{_WHO}))*"):
            for one in self._ids(found["who"] or found["also"]):
                if one not in self.here:
                    self.edits.append(Edit("come", one))
                elif not changed:
                    raise Refused(reason="change_unclear", rest=_readable(found[0], self.by_slot, self.by_id))

    def _rest(self) -> None:
        """Whatever is left must be words without a wish. Raises `Refused`."""
        left = [word for word in re.findall(r"[\wæøå'+-]+", self.t)
                if word not in FILLER and not word.startswith("ID_")]
        if left:
            raise Refused(reason="change_unclear", rest=" ".join(left))


def _lower(text: str) -> str:
    """Small letters, but for slots."""
    return re.sub(r"id_(\d+)", r"ID_\1", text.casefold())


def _translated(text: str) -> str:
    """Simple Danish in English, the longest phrases first; other words stay as they are."""
    low = f" {_lower(text)} "
    phrase = re.compile(rf"(?<![\wæøå])(?:{_any(DANISH)})(?![\wæøå])")
    return " ".join(phrase.sub(lambda found: DANISH[found[0]], low).split())


def _readable(text: str, by_slot: Mapping[str, CharacterId], by_id: Mapping[CharacterId, Character]) -> str:
    """Words with names in them again, for the sentence that asks back."""
    def name(found: re.Match[str]) -> str:
        who = by_slot.get(found[0])
        return found[0] if who is None else by_id[who].name

    return " ".join(re.sub(r"ID_\d+", name, text).replace("+", " and ").replace("~", " ").split())
