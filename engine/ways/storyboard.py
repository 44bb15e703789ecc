"""A whole text as a storyboard: sentences, grouped into pages of one picture each, changed until a person likes them.

Pure: how a text falls into sentences, which of them show the same moment, and what a person may change before
anything is drawn. What each page shows is planned by a writer (`engine.ways.ways`). Standard library only.

Sentences are found by rules written here; docs/decisions/009 says why no library is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from engine.nouns import (
    Beat,
    CastMember,
    CharacterId,
    OwnerId,
    PictureId,
    Refused,
    Scene,
    StepId,
    StoryId,
    StoryStep,
    TurnId,
)

#: The longest text, in sentences and in characters.
MOST_SENTENCES: Final = 50
MOST_CHARACTERS: Final = 12_000
#: A page holds this much at most.
PAGE_SENTENCES: Final = 3
PAGE_CHARACTERS: Final = 400
#: A sentence longer than this is cut at a comma: nobody reads it under one picture.
SENTENCE_CHARACTERS: Final = 600

#: Words whose full stop ends nothing. Danish ones too.
ABBREVIATIONS: Final = frozenset(re.findall(r"\S+", """
    mr mrs ms dr prof st mt rev capt col gen lt sgt jr sr vs etc no fig vol pp p ch ca c approx dept est inc ltd co
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m e.g i.e u.s u.k
    hr fr frk f.eks bl.a d.v.s dvs osv kl nr s.u tlf stk evt ang jf m.m mfl m.fl pga p.g.a
    """))
#: After these a name follows, so a capital proves nothing: "Mr. Fox". After the others it may be a new sentence.
_TITLES: Final = frozenset(re.findall(
    r"\S+", "mr mrs ms dr prof st mt rev capt col gen lt sgt hr fr frk no nr kl fig vol ch"))
_SPEAKING: Final = (
    "said|says|asked|asks|cried|cries|called|calls|whispered|whispers|shouted|shouts|answered|answers|replied|"
    "murmured|exclaimed|yelled|roared|squeaked|sagde|siger|spurgte|råbte|hviskede|svarede")
_OPEN, _CLOSE = "\"“„«‘'(", "\"”“»’')"
_END: Final = re.compile(rf"(?P<mark>[.!?…]+)(?P<close>[{re.escape(_CLOSE)}]*)(?P<gap>\s+)(?=(?P<next>\S))")
#: Mia asked, the old man said, she whispered: who speaks, after the words spoken.
_TAG: Final = re.compile(rf"(?:[\w'’-]+ ){{0,4}}?(?:{_SPEAKING})\b")


# --- sentences -------------------------------------------------------------------------------------

def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: parted by empty lines, or by a line that ends a sentence. Spaces are made single.

    Headings in Markdown are left out: nothing happens in them that could be drawn.
    """
    found: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = [" ".join(re.sub(r"^\s*(?:>|[-*•])\s+", "", line).split()) for line in block.split("\n")
                 if not re.match(r"\s*#{1,6}\s", line)]
        part = ""
        for line in (line for line in lines if line):
            part = f"{part} {line}".strip()
            if re.search(rf"[.!?…][{re.escape(_CLOSE)}]*$", line):
                found.append(part)
                part = ""
        if part:
            found.append(part)
    return found


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, in order; nothing but white space is lost.

    A full stop after an abbreviation, an initial or a number's point ends nothing; "..." ends a sentence only before
    a capital; words spoken stay together with who speaks them, and are not cut inside.
    """
    return [sentence for part in paragraphs(text) for sentence in _sentences(part)]


def _sentences(text: str) -> list[str]:
    spoken = _spoken(text)
    found, start = [], 0
    for end in _END.finditer(text):
        at = end.end("close")
        if at <= start or any(left < end.start("mark") and at < right for left, right in spoken):
            continue                       # inside words spoken
        if not _ends(text[start:end.start("mark")], end["mark"], end["close"], text[end.end():]):
            continue
        found.append(text[start:at].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [piece for sentence in found if sentence for piece in _cut(sentence)]


def _spoken(text: str) -> list[tuple[int, int]]:
    """Where words are spoken: from an opening mark to its closing one, at most 300 characters."""
    spans = [found.span() for found in re.finditer(r"“[^”]{0,300}”|„[^“]{0,300}“|«[^»]{0,300}»", text)]
    return spans + [found.span() for found in re.finditer(r'"[^"]{0,300}"', text)]


def _ends(before: str, mark: str, close: str, after: str) -> bool:
    """Whether a sentence ends between these."""
    first = after[:1]
    if close and _TAG.match(after) and not re.match(rf"[{re.escape(_OPEN)}]", after):
        return False                       # "Where?" Mia asked.
    opens = first in _OPEN
    if first.islower() and not opens:
        return False                       # ... and on it went; "Stop!" she said
    word = re.search(r"(\S+)$", before)
    if mark == "." and not close and word is not None:
        bare = word[1].casefold().lstrip(_OPEN)
        if bare in _TITLES or re.fullmatch(r"[^\W\d_]", bare):
            return bool(re.fullmatch("i", bare))          # A. A. Milne; but "... than I."
        if bare in ABBREVIATIONS:
            return first.isupper() and not first.isdigit() and bare in ("etc", "a.m", "p.m", "osv", "m.m", "mfl",
                                                                       "m.fl", "jr", "sr", "co", "inc", "ltd")
    return True


def _cut(sentence: str) -> list[str]:
    """A sentence nobody could read under one picture, cut at a semicolon, a comma or a space."""
    pieces = []
    while len(sentence) > SENTENCE_CHARACTERS:
        room = sentence[:SENTENCE_CHARACTERS]
        at = max((room.rfind(mark) + len(mark) for mark in ("; ", ", ", " – ")), default=0)
        at = at if at > SENTENCE_CHARACTERS // 3 else max(room.rfind(" ") + 1, 0) or SENTENCE_CHARACTERS
        pieces.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return [*pieces, sentence]


def read_text(text: str) -> list[list[str]]:
    """A text a person gave, as paragraphs of sentences.

    Raises `Refused`: `text_empty`, `text_too_long` (facts `limit`, `length`), `text_too_many_sentences` (the same).
    """
    if not any(letter.isalpha() for letter in text):
        raise Refused(reason="text_empty")
    if len(text) > MOST_CHARACTERS:
        raise Refused(reason="text_too_long", limit=MOST_CHARACTERS, length=len(text))
    parts = [_sentences(part) for part in paragraphs(text)]
    count = sum(map(len, parts))
    if count > MOST_SENTENCES:
        raise Refused(reason="text_too_many_sentences", limit=MOST_SENTENCES, length=count)
    return [part for part in parts if part]


def decode_text(data: bytes) -> str:
    """The text of a file somebody sent: UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises `Refused`: `text_file_empty`, `text_file_binary`.
    """
    if not data.strip():
        raise Refused(reason="text_file_empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise Refused(reason="text_file_binary") from None
    else:
        if b"\0" in data:
            raise Refused(reason="text_file_binary")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # An older editor's file; in Windows-1252 a few bytes mean nothing, and those no text has.
            try:
                text = data.decode("cp1252")
            except UnicodeDecodeError:
                raise Refused(reason="text_file_binary") from None
    odd = sum(1 for letter in text if ord(letter) < 32 and letter not in "\n\r\t\f")
    if odd > len(text) // 100:
        raise Refused(reason="text_file_binary")
    return text


# --- the storyboard --------------------------------------------------------------------------------

class BoardState(StrEnum):
    READING = "reading"                    # its pages are being planned
    REVIEW = "review"                      # a person looks through it
    DRAWING = "drawing"
    STOPPING = "stopping"                  # the picture being drawn is the last
    DONE = "done"                          # drawn, or as much of it as was wanted


@dataclass(frozen=True, slots=True)
class BoardPage:
    """One page: the text's own words, and what its picture shows."""

    words: str
    beat: Beat


@dataclass(frozen=True, slots=True)
class Storyboard:
    """A text on its way to being a story."""

    storyboard_id: str
    story_id: StoryId
    owner_id: OwnerId
    author: str                            # shown name, cleaned
    text: str
    state: BoardState = BoardState.READING
    pages: tuple[BoardPage, ...] = ()
    drawn: int = 0                         # so many pages, from the first, were handed over to be drawn
    since: int = 0                         # the page with which drawing began the last time
    until: int = 0                         # ... and the one before which it was to end
    picture: PictureId | None = None       # not a text but a place to start from: its drawing

    @property
    def left(self) -> int:
        """Pages still to be drawn."""
        return len(self.pages) - self.drawn


def page_turn_id(storyboard_id: str, index: int) -> TurnId:
    """The turn of a storyboard's page: the same on every replay."""
    return TurnId(f"{storyboard_id}-{index}")


def page_of(turn_id: TurnId) -> tuple[str, int]:
    """The storyboard and the page a turn draws. Raises ValueError for any other turn."""
    storyboard_id, _, index = turn_id.rpartition("-")
    return storyboard_id, int(index)


def step_of(board: Storyboard, scene: Scene) -> StoryStep:
    """The step of a page's turn: the text itself. Whoever left the story since is not in its picture."""
    page = board.pages[page_of(scene.turn.turn_id)[1]]
    known = {character.character_id for character in scene.cast}
    cast = tuple(replace(member, toward=member.toward if member.toward in known else None)
                 for member in page.beat.cast if member.character_id in known)
    return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, page.words,
                     (replace(page.beat, cast=cast),), parent=scene.story.head)


# --- which sentences show the same moment ----------------------------------------------------------

#: What people do while nothing else happens: it needs no picture of its own.
QUIET: Final = frozenset(("stands", "looks", "thinks", "points", "looks up"))


def same_moment(before: Beat, beat: Beat, sentence: str) -> bool:
    """Whether a sentence shows nothing that the picture of the one before it would not show."""
    here, there = ({member.character_id: member for member in one.cast} for one in (before, beat))
    if (beat.setting_kind, beat.time_of_day, beat.weather) != (before.setting_kind, before.time_of_day,
                                                                before.weather):
        return False
    if not set(there) <= set(here):
        return False
    spoken = re.fullmatch(r"[\"“„«].*[\"”“»]\s*(?:[\w'’-]+ ?){0,5}[.!?]?", sentence) is not None
    return spoken or all(member.action in QUIET or member.action == here[who].action for who, member in there.items())


def group_pages(parts: Sequence[Sequence[str]], read: Callable[[str], Beat]) -> list[str]:
    """Paragraphs of sentences as the words of pages, one picture each.

    `read` says what a sentence shows; it is called once for each, in order. Paragraphs never share a page.
    """
    pages: list[str] = []
    for sentences in parts:
        page: list[str] = []
        shown: Beat | None = None
        for sentence in sentences:
            beat = read(sentence)
            fits = len(page) < PAGE_SENTENCES and len(" ".join([*page, sentence])) <= PAGE_CHARACTERS
            if page and shown is not None and fits and same_moment(shown, beat, sentence):
                page.append(sentence)
                continue
            if page:
                pages.append(" ".join(page))
            page, shown = [sentence], beat
        if page:
            pages.append(" ".join(page))
    return pages


# --- what a person changes before it is drawn ------------------------------------------------------

def _undrawn(board: Storyboard, index: int) -> None:
    if board.state is not BoardState.REVIEW or not board.drawn <= index < len(board.pages):
        raise Refused(reason="stale_button")


def drop_page(board: Storyboard, index: int) -> Storyboard:
    """Without that page. Raises `Refused` when it is the only one left, or drawn already."""
    _undrawn(board, index)
    if board.left <= 1:
        raise Refused(reason="board_last_page")
    return replace(board, pages=board.pages[:index] + board.pages[index + 1:])


def join_next(board: Storyboard, index: int) -> Storyboard:
    """That page and the next as one: both texts, the first one's picture with everybody of both."""
    _undrawn(board, index)
    if index + 1 >= len(board.pages):
        raise Refused(reason="board_no_next")
    one, other = board.pages[index], board.pages[index + 1]
    there = {member.character_id for member in one.beat.cast}
    cast = (*one.beat.cast, *(member for member in other.beat.cast if member.character_id not in there))
    props = tuple(dict.fromkeys((*one.beat.props, *other.beat.props)))[:2]
    joined = BoardPage(f"{one.words} {other.words}", replace(one.beat, words="", cast=cast, props=props))
    return replace(board, pages=(*board.pages[:index], joined, *board.pages[index + 2:]))


def recast(board: Storyboard, index: int, who: Sequence[CharacterId]) -> Storyboard:
    """That page with these people in its picture; those who were there keep what they do."""
    _undrawn(board, index)
    beat = board.pages[index].beat
    known = {member.character_id: member for member in beat.cast}
    cast = tuple(known.get(one, CastMember(one)) for one in dict.fromkeys(who))
    cast = tuple(replace(member, toward=None, action="stands" if member.toward and member.toward not in who else
                         member.action) if member.toward not in who else member for member in cast)
    return _with(board, index, replace(beat, cast=cast))


def replace_scene(board: Storyboard, index: int, *, setting_kind: str = "", setting_name: str = "",
                  time_of_day: str = "", onwards: bool = False) -> Storyboard:
    """That page at another place or time; with `onwards` so are the pages after it that were at the same place."""
    _undrawn(board, index)
    was = board.pages[index].beat
    for number in range(index, len(board.pages)):
        beat = board.pages[number].beat
        if number > index and not (onwards and (beat.setting_kind, beat.setting_name) == (was.setting_kind,
                                                                                          was.setting_name)):
            break
        if setting_kind:
            beat = replace(beat, setting_kind=setting_kind, setting_name=setting_name)
        board = _with(board, number, replace(beat, time_of_day=time_of_day or beat.time_of_day))
    return board


def _with(board: Storyboard, index: int, beat: Beat) -> Storyboard:
    page = replace(board.pages[index], beat=replace(beat, words=""))   # said anew once it is drawn
    return replace(board, pages=(*board.pages[:index], page, *board.pages[index + 1:]))
