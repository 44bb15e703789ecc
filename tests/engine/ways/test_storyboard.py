"""Storyboards: how texts fall into sentences and pages, and what may be changed before anything is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Look,
    OwnerId,
    Pronouns,
    Refused,
    Scene,
    ServerId,
    Story,
    StoryId,
    Turn,
    TurnKind,
    VenueId,
)
from engine.ways.storyboard import (
    MOST_CHARACTERS,
    PAGE_CHARACTERS,
    PAGE_SENTENCES,
    SENTENCE_CHARACTERS,
    BoardPage,
    BoardState,
    Storyboard,
    decode_text,
    drop_page,
    group_pages,
    join_next,
    page_of,
    page_turn_id,
    paragraphs,
    read_text,
    recast,
    replace_scene,
    same_moment,
    split_sentences,
    step_of,
)

MIA, BEN, BO = CharacterId("m"), CharacterId("b"), CharacterId("o")


@pytest.mark.parametrize("sentences", [
    ["Mia ran.", "Ben slept."],
    ["Mr. Fox met Mrs. Bear at 3.5 miles.", "They laughed."],
    ["Dr. Owl came.", "Was it late?", "No!", "It was early."],
    ["A. A. Milne wrote a book.", "Mia read it."],
    ["It was taller than I.", "Ben was small."],
    ['"Where is Bo?" asked Mia.', "Nobody knew."],
    ['"Where is Bo?" Mia asked.', "Nobody knew."],
    ['"Stop! Come here! Now!" said Ben.', "Bo stopped."],
    ['Ben said, "I am tired. I want to sleep."', "So he slept."],
    ["“Look!” the old man whispered.", "“A star!”", "They looked."],
    ["She waited... and waited.", "Then she slept."],
    ["She waited...", "Then it came."],
    ["Wait… what was that?", "A mouse!"],
    ["What?!", "Ben jumped up."],
    ["They ate apples, pears, etc. and slept.", "It was late."],
    ["They ate apples, pears, etc.", "Then they slept."],
    ["It was 5 p.m. when they left.", "The sun was low."],
    ["They left at 5 p.m.", "The sun was low."],
    ["She lives at St. James Street No. 5.", "It is a small house."],
    ["(Nobody saw it.)", "But Bo did."],
    ["Hr. Hansen kom kl. 8.", "Han havde f.eks. en hat."],
    ["Bo barked.", "\"Woof!\"", "Everybody laughed."],
    ["In 1999. there was snow.", "It was cold."],
    ["Bo is a dog", "He is brown"],
])
def test_sentences_end_where_a_reader_would_say(sentences: list[str]) -> None:
    glue = "\n\n" if not sentences[0].endswith(tuple(".!?…)\"”")) else " "
    assert split_sentences(glue.join(sentences)) == sentences


def test_paragraphs_are_parted_by_empty_lines_and_lines_that_end() -> None:
    text = "# The kite\n\nMia ran\nto the hill.\nBen came.\n\n> - Bo slept"
    assert paragraphs(text) == ["Mia ran to the hill.", "Ben came.", "- Bo slept"]


def test_a_sentence_without_end_is_cut_and_loses_nothing() -> None:
    text = "and then they walked, " * 120
    pieces = split_sentences(text)
    assert len(pieces) > 3 and all(len(piece) <= SENTENCE_CHARACTERS for piece in pieces)
    assert " ".join(pieces).split() == text.split()
    assert all(len(piece) <= SENTENCE_CHARACTERS for piece in split_sentences("x" * 2000))


@given(st.text(alphabet=st.sampled_from("ab AB.!?…\"'”“«»,\n1"), max_size=120))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join("".join(text).split())


@pytest.mark.parametrize(("text", "reason"), [
    ("", "text_empty"), (" \n 123 !", "text_empty"), ("a" * (MOST_CHARACTERS + 1), "text_too_long"),
    ("Mia ran. " * 51, "text_too_many_sentences"),
])
def test_texts_that_cannot_be_drawn_are_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_text(text)
    assert refusal.value.reason == reason


def test_fifty_sentences_are_taken() -> None:
    assert sum(map(len, read_text("Mia ran. " * 50))) == 50


@pytest.mark.parametrize(("data", "text"), [
    ("Mia løb.".encode(), "Mia løb."), (b"\xef\xbb\xbfMia ran.", "Mia ran."), ("Mia løb.".encode("utf-16"), "Mia løb."),
    ("Mia løb “hjem”.".encode("cp1252"), "Mia løb “hjem”."),
])
def test_the_usual_encodings_are_read(data: bytes, text: str) -> None:
    assert decode_text(data) == text


@pytest.mark.parametrize(("data", "reason"), [
    (b"", "text_file_empty"), (b" \n\t ", "text_file_empty"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "text_file_binary"),
    (b"\xff\xfeM\x00i\x00a", "text_file_binary"), (b"\x81\x8d\x8f\x90", "text_file_binary"),
    (b"\x01\x02\x03\x04ab", "text_file_binary"), (b"%PDF-1.4\n\x00\x01", "text_file_binary"),
])
def test_files_that_are_no_text_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        decode_text(data)
    assert refusal.value.reason == reason


def beat(*cast: CastMember, kind: str = "garden", time: str = "day") -> Beat:
    return Beat("", cast, kind, time_of_day=time)


def test_the_same_moment_is_no_new_picture() -> None:
    runs = beat(CastMember(MIA, "runs"), CastMember(BEN, "stands"))
    assert same_moment(runs, beat(CastMember(BEN, "looks")), "Ben looked on.")
    assert same_moment(runs, beat(CastMember(MIA, "cheers")), '"Hooray!" said Mia.')
    assert not same_moment(runs, beat(CastMember(MIA, "jumps")), "Mia jumped.")
    assert not same_moment(runs, beat(CastMember(BO, "stands")), "Bo was there.")
    assert not same_moment(runs, beat(CastMember(MIA, "runs"), kind="beach"), "She ran on the beach.")
    assert not same_moment(runs, beat(CastMember(MIA, "runs"), time="night"), "She ran by night.")


def test_pages_share_a_moment_and_never_a_paragraph() -> None:
    quiet = beat(CastMember(MIA, "stands"))
    pages = group_pages([["Mia stood.", "She thought.", "She looked.", "She stood."], ["It was still."]],
                        lambda sentence: quiet)
    assert pages == ["Mia stood. She thought. She looked.", "She stood.", "It was still."]
    long = "x" * (PAGE_CHARACTERS - 5) + "."
    assert group_pages([[long, "And so on."]], lambda sentence: quiet) == [long, "And so on."]
    moving = iter([beat(CastMember(MIA, "runs")), beat(CastMember(MIA, "jumps"))])
    assert group_pages([["Mia ran.", "She jumped."]], lambda sentence: next(moving)) == ["Mia ran.", "She jumped."]
    assert PAGE_SENTENCES == 3


def board(count: int = 4, *, drawn: int = 0, state: BoardState = BoardState.REVIEW) -> Storyboard:
    pages = tuple(BoardPage(f"Page {number}.", beat(CastMember(MIA, "hugs", toward=BEN), CastMember(BEN)))
                  for number in range(count))
    return Storyboard("9", StoryId("s"), OwnerId("me"), "Ada", "...", state, pages, drawn)


def test_pages_are_dropped_joined_and_recast() -> None:
    assert [page.words for page in drop_page(board(), 1).pages] == ["Page 0.", "Page 2.", "Page 3."]
    joined = join_next(recast(board(), 2, [MIA, BO]), 1)
    assert [page.words for page in joined.pages] == ["Page 0.", "Page 1. Page 2.", "Page 3."]
    assert [member.character_id for member in joined.pages[1].beat.cast] == [MIA, BEN, BO]
    alone = recast(board(), 0, [MIA]).pages[0].beat.cast
    assert alone == (CastMember(MIA, "stands"),), "nobody is left hugging the air"
    assert recast(board(), 0, [BEN, MIA, BO]).pages[0].beat.cast[1] == CastMember(MIA, "hugs", toward=BEN)
    assert recast(board(), 0, []).pages[0].beat.cast == ()


def test_a_place_may_change_for_one_page_or_from_there_on() -> None:
    one = replace_scene(board(), 1, setting_kind="beach", time_of_day="night")
    assert [page.beat.setting_kind for page in one.pages] == ["garden", "beach", "garden", "garden"]
    assert one.pages[1].beat.time_of_day == "night"
    on = replace_scene(board(), 1, setting_kind="beach", onwards=True)
    assert [page.beat.setting_kind for page in on.pages] == ["garden", "beach", "beach", "beach"]


def test_what_is_drawn_or_gone_cannot_be_changed() -> None:
    for deed in (lambda: drop_page(board(drawn=2), 1), lambda: drop_page(board(), 4), lambda: join_next(board(), -1),
                 lambda: recast(board(state=BoardState.DRAWING), 0, [MIA])):
        with pytest.raises(Refused) as refusal:
            deed()
        assert refusal.value.reason == "stale_button"
    with pytest.raises(Refused) as refusal:
        drop_page(board(1), 0)
    assert refusal.value.reason == "board_last_page"
    with pytest.raises(Refused) as refusal:
        join_next(board(), 3)
    assert refusal.value.reason == "board_no_next"


def test_a_pages_step_is_the_text_itself_without_who_left() -> None:
    turn_id = page_turn_id("9", 2)
    assert page_of(turn_id) == ("9", 2)
    story = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("me"), "t")
    mia = Character(MIA, OwnerId("me"), "Mia", Pronouns.SHE, Look())
    scene = Scene(story, Turn(turn_id, story.story_id, OwnerId("me"), "Ada", "Page 2.", TurnKind.ILLUSTRATE), (mia,),
                  (), (), ())
    step = step_of(board(), scene)
    assert (step.step_id, step.prose, step.parent) == ("9-2-step", "Page 2.", None)
    assert [member.character_id for member in step.beats[0].cast] == [MIA]
    assert step.beats[0].cast[0].toward is None
