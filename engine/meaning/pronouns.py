"""Who is meant by she, he, it, they, we and I, by "both", "my sister" and "the dog": plain rules, no model.

Text carries slots (`ID_1`) where names stood. The rules are those readers follow without noticing: a subject goes on
being the subject (centering, Grosz, Joshi and Weinstein 1995), nobody does something to themselves by "her" or "him"
(principle B of binding theory), gender and number agree, verbs lend their cause to one side ("thanked him because he",
Garvey and Caramazza 1974), and among the rest whoever was spoken of last is meant. Where two are equally near, both
are told and the likelier is taken. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.meaning.relations import (
    ADJECTIVES,
    CALLED_PATTERN,
    GROUP_PATTERN,
    KIN_PATTERN,
    KIND_PATTERN,
    Person,
    crowd,
    number_in,
    of_kind,
    related,
    relatives,
)
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
    "you": ("you", "object"), "your": ("you", "owner"), "yours": ("you", "owner"), "yourself": ("you", "self"),
    "yourselves": ("you", "self"),
}
_PRONOUNS: Final = "|".join(sorted(_FORMS, key=len, reverse=True))
#: A pronoun grown together with a verb, and the verb as a name takes it.
_CONTRACTED: Final = {"'m": " is", "'re": " are", "'s": " is", "'ve": " has", "'ll": " will", "'d": " would"}
_KIN: Final = rf"(?: (?:{ADJECTIVES})){{0,2}} (?:{KIN_PATTERN})(?:'s)?\b(?![\w-])"
_TOKEN: Final = re.compile(
    rf"(?<![\w_'])(?:(?P<slot>ID_\w(?:'s)?)(?P<kin_of>(?<='s){_KIN})?"
    rf"|(?P<group>{GROUP_PATTERN})(?![\w_])"
    rf"|(?P<kind>{KIND_PATTERN})"
    rf"|(?P<word>{_PRONOUNS})(?![\w_])(?P<verb>'(?:m|re|s|ve|ll|d)\b)?(?P<kin>{_KIN})?"
    rf"|(?P<called>(?-i:{CALLED_PATTERN}))(?:'s)?(?![\w_]))", re.IGNORECASE)
#: After "her": an object stands before these, an owner before anything else.
_AFTER_OBJECT: Final = re.compile(
    r"^(?:\s*[.,!?;:\"]|\s*$| (?:and|but|or|to|with|in|on|at|from|for|up|down|away|back|again|home|the|a|an|by|so|"
    r"until|when|while|once|into|off|out|over|under|then|because|before|after|as|too|there|here|today|tonight|half|"
    r"some|something|everything|nothing|what|where|why|how|if|that|pick|help|do|go|come|climb|jump|tight|hard|"
    r"everywhere|anywhere|inside|outside|along|around|across|past|through|across|about|ID_\w)\b)",
    re.IGNORECASE)
#: A new clause, and with it a new subject.
_CLAUSE: Final = re.compile(r"\b(?:while|but|because|when|then|so|if|whether|that|who|where|why)\b|[;:]", re.IGNORECASE)
#: The same words before a noun alone are none: "bowed before Hoppy".
_MAYBE_CLAUSE: Final = re.compile(r"\b(?:until|before|after|as|since|than)\b", re.IGNORECASE)
#: "Mia saw that Anna was cold and gave her": who gives is who saw.
_GOES_ON: Final = re.compile(r"\band (?:then )?(?:quickly |gently )?(?:gave|took|put|ran|went|brought|[a-z]+ed|gives|"
                             r"takes|puts|runs|goes|brings)\b", re.IGNORECASE)
_ANOTHER: Final = re.compile(r"(?:, | and |, and |, but | or )(?:then |suddenly |soon |now |luckily |later )?$",
                             re.IGNORECASE)
_JOINED: Final = re.compile(r"^(?:, | and |, and | or |, or | with )$", re.IGNORECASE)
#: Words that do something: after a name they begin a clause.
_VERB: Final = re.compile(
    r"^ (?:(?:never|always|almost|just|still|also|only|suddenly|quickly|slowly|then|soon) )?"
    r"(?:[a-z]+ed|[a-z]{2,}[^s\W]s|was|is|were|are|had|has|have|did|does|do|can|could|will|would|must|may|might|should|shall|"
    r"ran|run|sat|sit|saw|see|came|come|went|go|took|take|gave|give|got|get|made|make|said|say|told|tell|put|let|"
    r"cut|hit|held|hold|hid|hide|fell|fall|felt|feel|found|find|flew|fly|ate|eat|drank|drink|drew|draw|drove|drive|"
    r"caught|catch|brought|bring|bought|buy|built|build|broke|break|blew|blow|began|begin|bit|bite|dug|dig|fed|feed|"
    r"fought|fight|forgot|forget|grew|grow|heard|hear|kept|keep|knew|know|laid|lay|led|lead|left|leave|lent|lit|light|"
    r"lost|lose|met|meet|read|rode|ride|rang|rose|sang|sing|sank|shook|shake|shone|shot|shut|slept|sleep|slid|slide|"
    r"spoke|speak|stood|stand|stole|steal|stuck|swam|swim|swung|taught|teach|thought|think|threw|throw|woke|wake|"
    r"wore|wear|won|win|wrote|write|wants|want|jump|climb|hug|help|push|pull|throws|kiss|carry)\b")
#: "It is raining" is about nobody.
_NOBODY: Final = re.compile(
    r"^(?:'s| (?:is|was|will be|gets|got|grew|starts|started|begins|began|stops|stopped))"
    r"(?:(?: \w+){0,2}? (?:rain\w*|snow\w*|fog\w*|sunn?y?|storm\w*|cold\w*|warm\w*|hot|dark\w*|light|late\w*|early|"
    r"night|evening|morning|quiet|noon|midnight|winter|summer|spring|autumn|christmas|easter|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|bedtime|windy|icy|foggy|silent|birthday)\b"
    r"| (?:day|time|dinner|lunch|true|easy|hard|fun|nice|no use|no good|because|(?:my|his|her|their|our|ID_\w's) \w+|"
    r"(?:not |such |quite )?(?:a|an|the) (?:\w+ )?(?:way|day|night|time|pity|shame|morning|evening|secret|surprise|"
    r"holiday|year|week|long|beautiful|lovely))\b)"
    r"|^ (?:rains?|rained|snows?|snowed|thundered|seem(?:s|ed)|turn(?:s|ed) out|took \w+ (?:a |an |\w+ )?(?:hour|day|"
    r"minute|week|while|long|two|three|all|only)|takes|happen(?:s|ed))\b", re.IGNORECASE)
#: Somebody of the story's world who is not of the cast, and what they can be called.
_STRANGERS: Final = {
    "she": "witch queen princess woman lady fairy mermaid nurse waitress lioness hen grandma grandmother aunt girl",
    "he": "wizard king prince man knight boy farmer policeman postman fireman father uncle grandpa grandfather dwarf",
    "any": "pirate wolf giant monster troll ghost fisherman captain doctor teacher driver baker stranger thief robber "
           "bear lion tiger owl bird bee snake frog toad horse cow pig goat sheep elephant monkey fox rabbit dog cat "
           "mouse dragon robot unicorn penguin alien child baby neighbour shopkeeper soldier clown cook guard elf "
           "cream_man snowman shark whale crab spider hedgehog squirrel wolves pirates wolves giants monsters ghosts "
           "bees birds robots dragons dogs cats children people men women girls boys soldiers guards elves mice foxes "
           "hens ducks chickens sheep cows pigs aliens",
}
_CLASS_OF: Final = {noun.replace("_", " "): kind for kind, nouns in _STRANGERS.items() for noun in nouns.split()}
_STRANGER: Final = re.compile(
    rf"\b(?P<det>a|an|the|another|some|two|three|four|five|six|many|no|strange)(?: (?:{ADJECTIVES}|wicked|evil|strange|"
    rf"ugly|wild|friendly|kind|other|ice|real|queer|scary)){{0,2}}"
    rf" (?P<noun>{'|'.join(sorted(_CLASS_OF, key=len, reverse=True))})(?P<of> of the [a-z]+)?\b(?!'s|-)", re.IGNORECASE)
#: Several things: what "they" and "them" can be besides people.
_THINGS: Final = re.compile(
    rf"\b(?:the|some|two|three|four|five|six|seven|ten|many|his|her|their|its|my|our|all the|a few|more)"
    rf"(?: (?:{ADJECTIVES}|ripe|ice|cold|hot|warm|round|sweet|heavy)){{0,2}} (?!always|as\b|is|was|has|does|bus|glass|"
    rf"dress|grass|princess|class)(?:[a-z]+[^s\W]s|berries|mice|fish|sweets|matches)\b", re.IGNORECASE)
_THINGLIKE: Final = re.compile(
    r"^(?:(?:'re| (?:were|are|looked))(?: (?:very|so|all|too|quite|really|still))?"
    r" (?:shiny|red|blue|green|yellow|golden|sweet|sour|ripe|round|heavy|light|empty|broken|made|delicious|yummy|"
    r"gone|everywhere|white|black|warm|hot|huge|tiny|new)"
    r"| (?:tasted|smelled|smelt|cost|rolled|floated|shone|glowed|melted|broke|burned|burnt))\b", re.IGNORECASE)
#: Verbs whose "because she" is the one who does it, and those where it is the one it is done to.
_CAUSE_SUBJECT: Final = re.compile(
    r"\b(?:apologi[sz]e[sd]?|call(?:s|ed)|phone[sd]?|rang|frighten(?:s|ed)|scare[sd]?|surprise[sd]?|annoy(?:s|ed)|"
    r"disappoint(?:s|ed)|confess(?:es|ed)|lie[sd]|need(?:s|ed)|ask(?:s|ed)|beg(?:s|ged)|visit(?:s|ed)|follow(?:s|ed)|"
    r"won|beat|told|wrote)\b")
_CAUSE_OBJECT: Final = re.compile(
    r"\b(?:thank(?:s|ed)|praise[sd]?|congratulate[sd]?|blame[sd]?|scold(?:s|ed)|comfort(?:s|ed)|hug(?:s|ged)|"
    r"help(?:s|ed)|hate[sd]?|love[sd]?|like[sd]?|admire[sd]?|fear(?:s|ed)|miss(?:es|ed)|carr(?:y|ies|ied)|fe(?:d|eds)|"
    r"pit(?:y|ies|ied)|punish(?:es|ed)|kiss(?:es|ed)|tease[sd]?|console[sd]?|rescue[sd]?|save[sd]?|"
    r"laugh(?:s|ed) at|wait(?:s|ed) for|look(?:s|ed) for|was (?:angry|cross|mad) (?:with|at))\b")
_TOLD: Final = re.compile(r"\b(?:told|tells|assured|reminded|informed|warned)\b[^.!?]*\bthat\s*$", re.IGNORECASE)
_ASKED: Final = re.compile(r"\b(?:asked|asks)\b[^.!?]*\b(?:if|whether)\s*$", re.IGNORECASE)
_BECAUSE: Final = re.compile(r"\b(?:because|for|since)\s*$", re.IGNORECASE)
#: "Ella caught Emma talking to herself": who talks is meant.
_WATCHED: Final = re.compile(r"\b(?:watch\w*|sees?|saw|hears?|heard|catch(?:es)?|caught|finds?|found|tells?|told|"
                             r"ask\w*|lets?|makes?|made|help\w*) (ID_\w)(?: to)? [a-z]+(?: [a-z]+){0,4} $",
                             re.IGNORECASE)
#: What only somebody alive, or a toy or robot of the story, does.
_LIVES: Final = re.compile(
    r"^ (?:(?:just|still|always|never|only|suddenly) )?(?:sits?|sat|sleeps?|slept|runs?|ran|jump\w*|hides?|hid|"
    r"is hiding|purr\w*|lick\w*|eats?|ate|look\w*|bark\w*|wag\w*|yawn\w*|beep\w*|says?|said|wants?|wanted|"
    r"smil\w*|laugh\w*|cr(?:y|ied|ies)|danc\w*|sings?|sang|nods?|nodded|wav(?:es?|ed)|whisper\w*|roar\w*|meow\w*|sniff\w*|dreams?|"
    r"dreamed|(?:is|was) (?:asleep|hungry|tired|scared|afraid|sad|happy))\b", re.IGNORECASE)
#: Before its own noun: "When she came in, Mia..."
_AHEAD: Final = re.compile(r"^\W*(?:when|as|while|before|after|in|on|with|from|behind|under|at)\b[^.!?]*$",
                           re.IGNORECASE)
_SAYING: Final = (r"(?:said|says|asked|asks|shouted|shouts|whispered|whispers|cried|cries|called|calls|yelled|yells|"
                  r"answered|answers|replied|replies|laughed|laughs|giggled|growled|growls|beeped|beeps|sobbed|sobs|"
                  r"screamed|screams|told|tells|thought|thinks|sang|sings|groaned|sighed|squeaked|roared|roars|began|"
                  r"decided|explained|mumbled|muttered|added|begged|grinned|smiled|nodded|barked|hissed|gasped|"
                  r"promised|repeated|wondered|went|goes|is like|was like)")
_SAID_AFTER: Final = re.compile(rf"^\s*,?\s*(?:{_SAYING}\b|(?:ID_\w|she|he|they|it|I|the \w+(?: \w+)?|(?:my|her|his|"
                                rf"their) \w+)(?:,? and (?:ID_\w))* {_SAYING}\b)", re.IGNORECASE)
#: ... and straight away the quotation mark.
_SAYS_NEXT: Final = re.compile(rf"\b{_SAYING}\b[^.!?\"]*[,:]?\s*$", re.IGNORECASE)
#: Somebody spoken to by name.
_VOCATIVE: Final = re.compile(r"(?:^\W*|[,!.?] )(?:(?:oh|dear|hey|hello|hi|come|sit|stop|look|thank you|please|no|yes|"
                              r"well|good night|careful),? )?(ID_\w)(?=\s*(?:[,!?.]|$))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Focus:
    """Whom the text was about when it stopped: where the next sentence starts from."""

    subject: tuple[CharacterId, ...] = ()      # of the last sentence about anybody
    people: tuple[CharacterId, ...] = ()       # everybody in that sentence
    together: tuple[CharacterId, ...] = ()     # the last two or more who were in one sentence
    recent: tuple[CharacterId, ...] = ()       # everybody spoken of, latest last
    groups: tuple[tuple[CharacterId, ...], ...] = ()   # of that sentence, as they were named together
    strangers: tuple[str, ...] = ()            # of that sentence: "subject she", "object they"
    nouns: tuple[str, ...] = ()                # strangers spoken of so far ("wolf")


@dataclass(frozen=True, slots=True)
class Meant:
    """Characters `start` to `end` of the text given mean these people."""

    start: int
    end: int
    who: tuple[CharacterId, ...]
    how: str = "pronoun"                       # "pronoun", "group", "relation", "kind", "speech"
    role: str = ""                             # "subject", "object", "owner", "self"
    rivals: tuple[CharacterId, ...] = ()       # all who are as near, `who` among them; () where it is clear


@dataclass(frozen=True, slots=True)
class Resolved:
    """A text with slots for its pronouns, who was meant where, and the focus after it."""

    text: str
    meant: tuple[Meant, ...]                   # pronouns and the like, never names; places in the text as it was given
    focus: Focus
    spoken: tuple[Meant, ...] = ()             # the same for what is said aloud; it keeps its words


def resolve(text: str, classes: Mapping[CharacterId, str], *, focus: Focus | None = None,
            author: CharacterId | None = None, people: Mapping[CharacterId, Person] | None = None,
            owner: str = "", given: Sequence[tuple[int, int, CharacterId]] = ()) -> Resolved:
    """Put slots where pronouns stand: "she hugs him" becomes "ID_1 hugs ID_2".

    `classes` maps everybody of the story to "she", "he", "they", "it" or "any"; `focus` is what an earlier `resolve`
    of the same story returned; `author` is who says "I". With `people`, groups ("both of them"), relations ("my
    sister", told by `owner`) and kinds ("the dog") are read too. `given` are places whose meaning is known.
    """
    teller = _Teller(text, classes, focus or Focus(), author, people or {}, owner, given)
    teller.tell()
    out, at = "", 0
    for meant, shown in teller.narrated:
        out += text[at:meant.start] + shown
        at = meant.end
    return Resolved(out + text[at:], tuple(meant for meant, _ in teller.narrated), teller.focus, tuple(teller.spoken))


def is_owner_word(word: str, after: str) -> bool:
    """Whether a word says whose something is: "her" before "hat"."""
    low = word.casefold()
    if low == "her":
        return not _AFTER_OBJECT.match(after)
    return low.endswith("'s") or (low in _FORMS and _FORMS[low][1] == "owner" and low not in (
        "hers", "theirs", "mine", "ours", "yours"))


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for found in re.finditer(r"[^.!?]+[.!?]*", text[start:end]):
        if found[0].strip():
            yield start + found.start(), start + found.end()


class _Teller:
    """A whole text, sentence by sentence; what is said aloud is read once it is known who says it."""

    def __init__(self, text: str, classes: Mapping[CharacterId, str], focus: Focus, author: CharacterId | None,
                 people: Mapping[CharacterId, Person], owner: str,
                 given: Sequence[tuple[int, int, CharacterId]]) -> None:
        self.text, self.classes, self.author, self.people, self.owner = text, classes, author, people, owner
        self.focus, self.given = focus, given
        self.heard = Focus()                   # whom those who speak spoke of
        self.narrated: list[tuple[Meant, str]] = []
        self.spoken: list[Meant] = []
        self.speaker: tuple[CharacterId, ...] = ()
        self.listener: tuple[CharacterId, ...] = ()
        # Who says "I" is nobody's "she".
        told = re.sub(r'"[^"]*"?', "", text)
        says_i = author is not None and author not in text and re.search(
            r"\b(?:I|i|me|my|we|We|My|us)\b", told) is not None
        self.absent: tuple[CharacterId, ...] = (author,) if says_i and author is not None else ()

    def tell(self) -> None:
        parts = [(found.start(), found.end()) for found in re.finditer(r'"[^"]*"?|[^"]+', self.text)]
        waiting: tuple[int, int] | None = None
        last: _Sentence | None = None
        closed = True                          # no words of the narration stand open before the next quotation mark
        for start, end in parts:
            if self.text[start] == '"':
                if waiting is not None:
                    self._hear(waiting, last, None)
                waiting = (start, end)
                continue
            first = True
            for begin, finish in _sentences(self.text, start, end):
                sentence = self._sentence(begin, finish)
                if first and waiting is not None:
                    after = sentence if _SAID_AFTER.match(self.text[begin:finish]) else None
                    if after is not None and not closed and _SAYS_NEXT.search(self.text[:waiting[0]]):
                        after = None
                    opened = not closed and _SAYS_NEXT.search(self.text[:waiting[0]]) is not None
                    whole = re.search(r'[.!?]"$', self.text[:start].rstrip()) is not None
                    if after is None and not opened and begin == start and not whole:
                        after = sentence if sentence.people else None
                    self._hear(waiting, last, after, closed=closed)
                    waiting = None
                    if after is not None and re.search(r"[.!?]\s*$", self.text[begin:finish]):
                        last, first = None, False
                        continue
                first = False
                last = sentence
                closed = re.search(r"[.!?]\s*$", self.text[begin:finish]) is not None
        if waiting is not None:
            self._hear(waiting, last, None)

    def _sentence(self, begin: int, finish: int) -> _Sentence:
        given = [(start - begin, end - begin, who) for start, end, who in self.given if begin <= start < finish]
        sentence = _Sentence(self.text[begin:finish], self, self.focus, self.author, given=given)
        for meant, shown in sentence.read():
            self.narrated.append((replace(meant, start=begin + meant.start, end=begin + meant.end), shown))
        self.focus = sentence.focus()
        return sentence

    def _hear(self, quote: tuple[int, int], before: _Sentence | None, after: _Sentence | None, *,
              closed: bool = True) -> None:
        """Who says what stands in quotation marks, to whom; and then whom it speaks of."""
        start, end = quote
        said = self.text[start + 1:end - 1] if self.text[start:end].endswith('"') and end - start > 1 \
            else self.text[start + 1:end]
        told = after or before
        old_speaker, old_listener = self.speaker, self.listener
        if told is not None and (after is not None or told.first):
            speaker = tuple(dict.fromkeys(told.said_by() if after is not None else told.subject or told.first))
            if speaker:
                others = tuple(who for who in dict.fromkeys(told.people) if who not in speaker)
                self.speaker = speaker
                if others:
                    self.listener = others[:1] if len(others) > 1 and not told.joint(others) else others
                elif speaker == old_listener:
                    self.listener = old_speaker
                elif speaker != old_speaker:
                    near = tuple(who for who in dict.fromkeys((*self.focus.people, *self.focus.together))
                                 if who not in speaker)
                    self.listener = near[:1] if len(near) == 1 else ()
                    if not near:
                        latest = [who for who in reversed(self.focus.recent) if who not in speaker]
                        self.listener = tuple(latest[:1])
        called = tuple(CharacterId(found[1]) for found in _VOCATIVE.finditer(said))
        if called and called[0] not in self.speaker:
            self.listener = called[:1]
            if not (told is not None and (after is not None or told.first)) and old_listener == self.speaker:
                self.speaker = old_speaker
        listener = tuple(who for who in self.listener if who not in self.speaker)
        base = start + 1
        for begin, finish in _sentences(said, 0, len(said)):
            focus = self.heard if self.heard.people else replace(
                self.focus, strangers=(), subject=tuple(w for w in self.focus.subject if w not in self.speaker),
                people=tuple(w for w in self.focus.people if w not in (*self.speaker, *listener)))
            sentence = _Sentence(said[begin:finish], self, focus, self.speaker[0] if self.speaker else None,
                                 speaker=self.speaker, listener=listener)
            for meant, _ in sentence.read():
                self.spoken.append(replace(meant, start=base + begin + meant.start, end=base + begin + meant.end))
            after_it = sentence.focus()
            if sentence.people:
                self.heard = after_it


@dataclass(slots=True)
class _Group:
    """People named in one breath, or a stranger."""

    who: list[CharacterId] = field(default_factory=list)
    subject: bool = False
    stranger: str = ""                         # "she", "he", "any", "they"
    at: int = 0


class _Sentence:
    """One sentence while it is read from left to right."""

    def __init__(self, text: str, teller: _Teller, before: Focus, author: CharacterId | None, *,
                 speaker: tuple[CharacterId, ...] = (), listener: tuple[CharacterId, ...] = (),
                 given: Sequence[tuple[int, int, CharacterId]] = ()) -> None:
        self.text, self.classes, self.people_of = text, teller.classes, teller.people
        self.before, self.author = before, author
        self.speaker, self.listener, self.aloud = speaker, listener, bool(speaker or listener)
        self.owner = teller.owner
        if self.aloud:
            voice = teller.people.get(speaker[0]) if speaker else None
            self.owner = voice.owner if voice is not None else ""
        self.given: dict[tuple[int, int], tuple[CharacterId, ...]] = {}
        for start, end, known in given:
            self.given[start, end] = (*self.given.get((start, end), ()), known)
        self.first: list[CharacterId] = []     # the subject of the first clause
        self.subject: list[CharacterId] = []   # ... of the clause being read
        self.people: list[CharacterId] = []
        self.groups: list[_Group] = []
        self.nouns: list[str] = []
        self.main: list[CharacterId] = []      # the subject of the last clause that depends on no other
        self._embedded = False                 # in "that ..."
        self._coordinate = False
        self._clause_before: list[CharacterId] = []
        self.absent = teller.absent if not self.aloud else ()

    # --- reading -----------------------------------------------------------------------------------

    def read(self) -> Iterable[tuple[Meant, str]]:
        """Whom each pronoun, group, relation and kind means, and the words put there."""
        last_end, open_subject = 0, True       # nothing of this clause was read yet but its subject
        strangers = self._strangers()
        for found in _TOKEN.finditer(self.text):
            while strangers and strangers[0].at < found.start():
                stranger = strangers.pop(0)
                self.groups.append(stranger)
            between = self.text[last_end:found.start()]
            after = self.text[found.end():]
            joined = last_end > 0 and _JOINED.match(between) is not None
            acts = _VERB.match(after) is not None
            if joined and acts and self.groups and not self.groups[-1].subject and " and " in between:
                joined = False                 # "Mia called Ben and Anna shouted": a clause of Anna's own
            if self._embedded and _GOES_ON.search(between):
                self.subject, self._embedded, open_subject = list(self.first), False, False
            elif _CLAUSE.search(between) or (acts and _MAYBE_CLAUSE.search(between)) or (
                    last_end and acts and not joined and (_ANOTHER.search(between) or between == " and ")):
                self._clause_before = self.subject or self._clause_before
                self._coordinate = _CLAUSE.search(between) is None or re.search(
                    r"\b(?:but|then|so)\b|;", between) is not None
                self.subject, open_subject = [], True
                self._embedded = re.search(r"\b(?:that|how)\W*$", between) is not None and bool(self.first)
            elif last_end and not joined:
                open_subject = False
            given = next((who for (start, end), who in self.given.items() if start <= found.start() < end), None)
            result = self._token(found, joined=joined, open_subject=open_subject, between=between, given=given)
            if result is None:
                continue
            who, role, meant, shown = result
            if meant is not None:
                yield meant, shown
            if not who:                        # somebody is meant, and nothing says who
                continue
            if who and role != "owner":
                last_end = found.end()
        self.groups += strangers

    def _token(self, found: re.Match[str], *, joined: bool, open_subject: bool, between: str,
               given: tuple[CharacterId, ...] | None) -> tuple[tuple[CharacterId, ...], str, Meant | None, str] | None:
        after = self.text[found.end():]
        if found["slot"]:
            slot = found["slot"]
            owner = slot.endswith("'s")
            named = CharacterId(slot.removesuffix("'s"))
            if found["kin_of"]:
                kin = relatives(named, found["kin_of"], self.people_of)
                if kin:
                    self._take(kin, subject=open_subject and not self.subject, joined=False, at=found.start())
                    return kin[:1], "subject", self._meant_at(found.start(), found.end(), kin[:1], "relation", "object",
                                                              kin), self._shown(found, kin[:1])
            self._take((named,), subject=open_subject and not owner and (joined or not self.subject), joined=joined,
                       at=found.start(), owner=owner)
            return ((named,), "owner" if owner else "name", None, "")
        if found["group"] or found["kind"] or found["called"]:
            return self._phrase(found, joined=joined, open_subject=open_subject)
        word = found["word"]
        kind, role = _FORMS[word.casefold()]
        if word == "US" or (kind == "you" and not self.aloud):
            return None
        end = found.start() + len(word)
        if word.casefold() == "her" and not _AFTER_OBJECT.match(self.text[end:]):
            role = "owner"
        if found["verb"] and (role == "owner" or (kind in ("it",) and _NOBODY.match(self.text[end:]))):
            return None
        if kind == "it":
            if _NOBODY.match(self.text[end:]):
                return None
            role = "subject" if role == "object" and open_subject and not self.subject else role
        if kind == "you" and role == "object" and _VERB.match(after):
            role = "subject"
        who, rivals = (given, ()) if given is not None else self._meant(kind, role, joined=joined, between=between,
                                                                           at=found.start(), end=end)
        if found["kin"] and (who or kind == "i"):
            kin = self._kin(who, found["kin"], mine=kind == "i")
            if kin:
                subject = open_subject and (joined or not self.subject)
                self._take(kin[:1], subject=subject, joined=joined, at=found.start())
                return kin[:1], "subject" if subject else "object", self._meant_at(
                    found.start(), found.end(), kin[:1], "relation", "subject" if subject else "object", kin
                ), self._shown(found, kin[:1])
            if kind == "i":
                self.groups.append(_Group(stranger="any", at=found.start(), subject=open_subject))
        if not who:
            return ((), role, Meant(found.start(), end, (), "pronoun", role, rivals), found[0]) if rivals else None
        self._take(who, subject=role == "subject" and (joined or open_subject), joined=joined, at=found.start(),
                   owner=role == "owner")
        how = "speech" if kind in ("i", "we", "you") and self.aloud else "pronoun"
        shown = " and ".join(who)
        shown = f"{shown}'s" if role == "owner" else shown + _CONTRACTED.get((found["verb"] or "").casefold(), "")
        stop = found.end("verb") if found["verb"] else end
        if found["kin"] and not found["verb"]:
            stop = end
        return who, role, Meant(found.start(), stop, who, how, role, rivals), shown

    def _phrase(self, found: re.Match[str], *, joined: bool, open_subject: bool
                ) -> tuple[tuple[CharacterId, ...], str, Meant | None, str] | None:
        if not self.people_of:
            return None
        words = found[0]
        subject = open_subject and (joined or not self.subject)
        role = "subject" if subject else "object"
        if found["group"]:
            rivals: tuple[CharacterId, ...] = ()
            who, how = self._group(words.casefold(), subject=subject), "group"
        elif found["called"]:
            who, rivals, how = related(self.owner, words.removesuffix("'s"), self.people_of)[:1], (), "relation"
        else:
            noun = words.casefold().removesuffix("'s").split()[-1]
            if noun in self.before.nouns or noun in self.nouns:
                return None                    # a stranger of that kind came before: "the wolf" is that one
            rivals = of_kind(words, self.people_of)
            who, rivals = self._nearest(rivals)
            how = "kind"
        if not who:
            return None
        self._take(who, subject=subject, joined=joined, at=found.start(), owner=words.endswith("'s"))
        return who, role, self._meant_at(found.start(), found.end(), who, how, role, rivals), self._shown(found, who)

    @staticmethod
    def _shown(found: re.Match[str], who: Sequence[CharacterId]) -> str:
        listing = ", ".join(who[:-1]) + " and " + who[-1] if len(who) > 1 else who[0]
        return listing + ("'s" if found[0].endswith("'s") else "")

    @staticmethod
    def _meant_at(start: int, end: int, who: tuple[CharacterId, ...], how: str, role: str,
                  rivals: tuple[CharacterId, ...]) -> Meant:
        return Meant(start, end, who, how, role, rivals if len(rivals) > 1 else ())

    def _kin(self, of: tuple[CharacterId, ...], words: str, *, mine: bool) -> tuple[CharacterId, ...]:
        if not self.people_of:
            return ()
        if mine:
            return related(self.owner, words, self.people_of, without=self.speaker)
        return relatives(of[0], words, self.people_of) if of else ()

    def _strangers(self) -> list[_Group]:
        """Whom the sentence speaks of besides the cast, in order."""
        found = []
        for match in _STRANGER.finditer(self.text):
            noun, det = match["noun"].casefold(), match["det"].casefold()
            many = det in ("some", "two", "three", "four", "five", "six", "many") or (
                noun.endswith("s") or noun in ("children", "people", "men", "women", "mice", "wolves", "elves"))
            if det in ("the", "no") and not many and not match["of"] and (
                    of_kind(noun, self.people_of)
                    or (noun not in self.before.nouns and noun in ("dog", "cat", "bear"))):
                continue
            if det != "the":
                self.nouns.append(noun)
            opening = self.text[:match.start()]
            subject = re.search(rf"ID_\w|\b(?:{_PRONOUNS})\b", opening, re.IGNORECASE) is None
            found.append(_Group(stranger="they" if many else _CLASS_OF[noun], subject=subject, at=match.start()))
        taken = {group.at for group in found}
        for match in _THINGS.finditer(self.text):
            if match.start() not in taken and not re.search(GROUP_PATTERN, match[0], re.IGNORECASE):
                subject = not re.search(r"ID_\w|\b[a-z]+ed\b", self.text[:match.start()]) and bool(
                    re.match(r" (?:were|are|had|have|fell|flew|lay|rolled|stood)\b", self.text[match.end():]))
                found.append(_Group(stranger="they", subject=subject, at=match.start()))
        return sorted(found, key=lambda group: group.at)

    def said_by(self) -> list[CharacterId]:
        """Who speaks in "said Mia" and "Mia said"."""
        return self.first or self.people[:1]

    def joint(self, who: Sequence[CharacterId]) -> bool:
        return any(set(who) <= set(group.who) for group in self.groups)

    def focus(self) -> Focus:
        """What the next sentence starts from."""
        strangers = tuple(f"{'subject' if group.subject else 'object'} {group.stranger}" for group in self.groups
                          if group.stranger)
        nouns = tuple(dict.fromkeys((*self.before.nouns, *self.nouns)))
        alive = tuple(one for one in strangers if one.startswith("subject"))
        if not self.people:
            if alive:
                return replace(self.before, subject=(), people=(), groups=(), strangers=alive, nouns=nouns)
            return replace(self.before, nouns=nouns)
        people = tuple(dict.fromkeys(self.people))
        subject = tuple(dict.fromkeys(self.main or self.first or self.people[:1]))
        latest = [who for who in people if who not in subject] + list(subject)
        recent = tuple(who for who in self.before.recent if who not in latest) + tuple(latest)
        groups = tuple(tuple(dict.fromkeys(group.who)) for group in self.groups if group.who)
        return Focus(subject, people, people if len(people) > 1 else self.before.together, recent, groups, strangers,
                     nouns)

    def _take(self, who: tuple[CharacterId, ...], *, subject: bool, joined: bool, at: int, owner: bool = False) -> None:
        self.people += who
        if joined and self.groups and self.groups[-1].who and not owner:
            self.groups[-1].who += who
        else:
            self.groups.append(_Group(list(who), subject, at=at))
        if subject:
            self.subject += who
            if self._coordinate:
                self.main = list(self.subject)
            if self.first == self.subject[:len(self.first)]:
                self.first = list(self.subject)

    # --- choosing ----------------------------------------------------------------------------------

    def _fits(self, who: CharacterId, kind: str) -> bool:
        return self.classes.get(who, "any") == kind

    def _one(self, kind: str, tiers: Iterable[Sequence[CharacterId | str]], without: Iterable[CharacterId] = ()
             ) -> tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]]:
        """The first tier with somebody the pronoun can mean: who, and all of that tier who fit as well.

        Somebody of no stated class is meant only if there is no other. A tier may hold strangers ("~she"): where one
        of them fits and nobody of the cast does, nobody of the cast is meant.
        """
        excluded = set(without)
        kept = [list(tier) for tier in tiers]
        for wanted in (kind, "any"):
            for tier in kept:
                fits = [CharacterId(who) for who in dict.fromkeys(tier)
                        if who not in excluded and not who.startswith("~") and self._fits(CharacterId(who), wanted)]
                if fits:
                    return (fits[0],), tuple(fits) if len(fits) > 1 else ()
                if wanted == kind and any(who in (f"~{kind}", "~any") for who in tier):
                    return (), ()
        return (), ()

    def _nearest(self, some: tuple[CharacterId, ...]) -> tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]]:
        """Of several of one kind, the one spoken of last; all of them where none was."""
        if len(some) <= 1:
            return some, ()
        here = [who for who in dict.fromkeys(reversed(self.people)) if who in some]
        near = here or [who for who in self.before.people if who in some] or [
            who for who in reversed(self.before.recent) if who in some][:1]
        if len(near) == 1:
            return (near[0],), ()
        return ((near or some)[0],), tuple(near or some)

    def _tiers_here(self) -> list[list[CharacterId | str]]:
        """The groups of this sentence, latest first."""
        return [[*group.who, *([f"~{group.stranger}"] if group.stranger else [])] for group in reversed(self.groups)]

    def _tiers_before(self) -> tuple[list[CharacterId | str], list[list[CharacterId | str]]]:
        """Of the sentence before: its subject, and its other groups, latest first."""
        before = self.before
        subject: list[CharacterId | str] = [*before.subject, *(f"~{one.split()[1]}" for one in before.strangers
                                                               if one.startswith("subject"))]
        rest: list[list[CharacterId | str]] = []
        for group in reversed(before.groups or tuple((who,) for who in before.people)):
            left = [who for who in group if who not in before.subject]
            if left:
                rest.append([*left])
        strangers: list[CharacterId | str] = [f"~{one.split()[1]}" for one in before.strangers
                                              if one.startswith("object")]
        if strangers:
            rest.append(strangers)
        return subject, rest

    def _meant(self, kind: str, role: str, *, joined: bool, between: str, at: int, end: int
               ) -> tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]]:
        before = self.before
        if kind == "i":
            if self.aloud:
                return self.speaker, ()
            return ((self.author,), ()) if self.author is not None else ((), ())
        if kind == "you":
            return self.listener, ()
        if kind == "we":
            return self._we(), ()
        if role == "self":
            watched = _WATCHED.search(self.text[:at])
            if watched and self._fits(CharacterId(watched[1]), kind):
                return (CharacterId(watched[1]),), ()
            fitting = tuple(who for who in dict.fromkeys(self.subject) if kind == "they" or self._fits(who, kind))
            if fitting and (kind != "they" or len(fitting) > 1 or self._alone(fitting[0])):
                return fitting, ()
            if kind == "they" and len(self.first) > 1:
                return tuple(dict.fromkeys(self.first)), ()
            return self._one(kind, [*self._tiers_here(), self.subject, list(before.subject)])[0] or fitting, ()
        if kind == "they":
            return self._several(role, joined=joined, end=end), ()
        if kind == "it":
            return self._one_thing(role, self.text[end:])
        older: list[list[CharacterId | str]] = [[who] for who in reversed(before.recent)]
        ahead = self._ahead(kind, at)
        if ahead is not None:
            return (ahead,), ()
        last_subject, objects = self._tiers_before()
        spoken_to = [*self.speaker, *self.listener] if self.aloud else [*self.absent]
        if role == "subject":
            taken = [*(self.subject if joined else ()), *spoken_to]
            subject: list[CharacterId | str] = [*self.first]
            rest = self._tiers_here()
            both = self._both_sides(between)
            if both:
                return self._one(kind, [both, *rest, last_subject, *objects, *older], taken)
            if self._cause_is_object(between):
                return self._one(kind, [*rest, subject, last_subject, *objects, *older], [*taken, *self.first])
            if len(self.first) > 1:            # "Omar and Leif wanted to ride Ember, but he": one is not two
                others: list[list[CharacterId | str]] = [[who for who in tier if who not in self.first]
                                                         for tier in rest]
                who, rivals = self._one(kind, [tier for tier in others if tier], taken)
                if who and between.count(" "):
                    return who, rivals
            if _BECAUSE.search(between) and self._clause_before and self._clause_before != self.first:
                subject = [*self._clause_before]
            return self._last(kind, self._one(kind, [subject, *rest, last_subject, *objects, *older], taken), taken)
        if role == "owner":
            subject = [*self.subject]
            tiers = [subject, *self._tiers_here(), last_subject, *objects, *older]
            return self._last(kind, self._one(kind, tiers, spoken_to), spoken_to)
        taken = [*self.subject, *spoken_to]
        return self._last(kind, self._one(kind, [*self._tiers_here(), *objects, last_subject, *older], taken), taken)

    def _last(self, kind: str, found: tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]],
              without: Sequence[CharacterId]) -> tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]]:
        """Where nobody was spoken of yet: the only one of the cast it can be; of several none leads."""
        spoken_of = self.people or self.before.recent or self.before.strangers or any(
            group.stranger for group in self.groups)
        if found[0] or spoken_of or not self.people_of:
            return found
        left = tuple(who for who in self.people_of if self._fits(who, kind) and who not in without
                     and who != self.author)
        return (left, ()) if len(left) == 1 else ((), left)

    def _ahead(self, kind: str, at: int) -> CharacterId | None:
        """ "In her pocket Ella found": somebody named right after, where nobody of this sentence came before."""
        if self.people or self.aloud or not _AHEAD.match(self.text[:at]):
            return None
        later = re.search(r"(?:, |\w )(ID_\w)(?!'s)(?= [a-z])", self.text[at:])
        if later is None or not self._fits(CharacterId(later[1]), kind):
            return None
        fits_before = [who for who in self.before.subject if self._fits(who, kind)]
        return CharacterId(later[1]) if not fits_before or later[1] in fits_before else None

    def _both_sides(self, between: str) -> list[CharacterId | str]:
        """ "Ella told Emma that she": it can be either."""
        sofar = self.text[:self.text.find(between) + len(between)] if between else self.text
        if not (_TOLD.search(sofar) or _ASKED.search(sofar)) or not self.first:
            return []
        after = self.text[len(sofar):]
        others = [who for who in self.people if who not in self.first]
        if _ASKED.search(sofar) and not re.match(r"\w+ (?:could|can|might|may|should|had to|has to)\b", after):
            return [*others[-1:]]              # one asks about the other
        return [*self.first[:1], *others[-1:]] if len(self.first) == 1 else []

    def _cause_is_object(self, between: str) -> bool:
        at = self.text.find(between) if between else -1
        sofar = self.text[:at + len(between)] if at >= 0 else ""
        if not _BECAUSE.search(sofar):
            return False
        if re.search(r"\b(?:told|asked|made|let) ID_\w (?:to )?[a-z]+", sofar):
            return True                        # who is made to do it gave the cause
        return bool(_CAUSE_OBJECT.search(sofar) and not _CAUSE_SUBJECT.search(sofar))

    def _we(self) -> tuple[CharacterId, ...]:
        if self.aloud:
            if len(self.speaker) > 1:
                return self.speaker
            return tuple(dict.fromkeys((*self.speaker, *self.listener)))
        if self.author is None:
            return ()
        here = [who for who in dict.fromkeys(self.people) if who != self.author]
        if here:
            return (self.author, *here)
        before = self.before
        others = [who for who in (before.people if any(who != self.author for who in before.people)
                                  else before.together) if who != self.author]
        return (self.author, *others)

    def _several(self, role: str, *, joined: bool, end: int) -> tuple[CharacterId, ...]:
        """Whom "they" means: those named together, the last who were together, or one who is called so."""
        before, after = self.before, self.text[end:]
        if role == "owner" and self.people:
            here = self.subject or self.people
            if len(here) > 1 or self._alone(here[0]):
                return tuple(dict.fromkeys(here))
            several = next((group.who for group in reversed(self.groups) if len(group.who) > 1), None)
            if several is not None:
                return tuple(dict.fromkeys(several))
        taken = set(self.subject) if role == "object" or joined else set()
        things_here = any(group.stranger == "they" for group in self.groups)
        if role == "object" and things_here and not any(
                len(set(group.who) - taken) > 1 for group in self.groups):
            return ()                          # "took off his socks and hung them up"
        if role == "subject" and not self.people:
            if "subject they" in before.strangers or re.match(r" say\b", after):
                return ()
            if "object they" in before.strangers and _THINGLIKE.match(after):
                return ()
        if role == "object" and "subject they" in before.strangers and not any(
                len(group) > 1 for group in before.groups):
            return ()
        alone = [who for who in dict.fromkeys([*reversed(self.people), *reversed(before.people)])
                 if self._fits(who, "they") and who not in taken]
        for groups, people in ((() if joined else tuple(tuple(g.who) for g in self.groups), () if joined else
                                tuple(self.people)), (before.groups, before.people), ((), before.together)):
            named = next((tuple(dict.fromkeys(who for who in group if who not in taken)) for group in reversed(groups)
                          if len(set(group) - taken) > 1), ())
            if named:
                return named
            single = [who for who in alone if who in people]
            if single:
                return (single[0],)
            left = tuple(dict.fromkeys(who for who in people if who not in taken))
            if len(left) > 1:
                if "object they" in before.strangers and groups is before.groups and len(before.subject) == 1 \
                        and role == "subject" and not self.people and _THINGLIKE.match(after):
                    return ()
                return left
            if len(left) == 1 and self._alone(left[0]):
                return left
            if left and groups is before.groups and "object they" in before.strangers and not self.people \
                    and not any(self._fits(who, "they") for who in before.recent):
                return ()                      # "Nils fed the hens. They pecked."
        latest = [who for who in reversed(before.recent) if self._alone(who) and who not in taken]
        for wanted in ("they", "any"):
            for who in latest:
                if self._fits(who, wanted):
                    return (who,)
        return ()

    def _alone(self, who: CharacterId) -> bool:
        """Whether one person alone can be "they": who is called so, and who stated nothing."""
        return self._fits(who, "they") or self._fits(who, "any")

    def _one_thing(self, role: str, after: str) -> tuple[tuple[CharacterId, ...], tuple[CharacterId, ...]]:
        """"It" is mostly a thing: a character only where one who is called so was just spoken of."""
        own = [who for who in self.subject if self._fits(who, "it")]
        if role == "owner" and len(own) == 1:
            return (own[0],), ()
        near = [who for who in dict.fromkeys([*self.people, *self.before.people]) if self._fits(who, "it")]
        if role == "object":
            near = [who for who in near if who not in self.subject]
        if not near and role == "subject" and _LIVES.match(after):
            near = [who for who in reversed(self.before.recent) if self._fits(who, "it")][:1]
        if len(near) == 1:
            return (near[0],), ()
        return (), tuple(near) if len(near) > 1 and role != "owner" else ()

    def _group(self, words: str, *, subject: bool) -> tuple[CharacterId, ...]:
        """Whom "both", "the three friends", "everybody" and "the girls" mean."""
        before = self.before
        mine = (self.author,) if re.search(r"\bus\b|\bwe\b", words) and self.author is not None else ()
        taken = set() if subject else set(self.subject)
        named = crowd(words, self.people_of)
        count = number_in(words)
        if named is not None and not count:
            some = tuple(who for who in named if who not in taken)
            return some if len(some) > 1 else ()
        if re.search(r"\bevery(?:body|one)\b|\ball of\b|\bthe whole\b|\b(?:they|we) all\b", words):
            others = {CharacterId(found) for found in re.findall(r"ID_\w", self.text)}
            return tuple(who for who in self.people_of if who not in others)
        if not count and re.search(r"\b(?:each|none|one) of|\bboth\b|\bneither\b", words):
            count = 0 if re.search(r"\b(?:each|none|one) of", words) else 2
        near = [*(tuple(group.who) for group in reversed(self.groups)), tuple(self.people),
                *reversed(before.groups), before.people, before.together]
        for group in near:
            left = tuple(dict.fromkeys((*mine, *(who for who in group if who not in taken))))
            if (len(left) == count if count else len(left) > 1):
                return left
        if named is not None and len(named) == count:
            return named
        everybody = tuple(self.people_of)
        if count and len(everybody) == count:
            return everybody
        recent = tuple(dict.fromkeys((*mine, *reversed(before.recent))))
        return tuple(sorted(recent[:count], key=everybody.index)) if count and len(recent) >= count else ()
