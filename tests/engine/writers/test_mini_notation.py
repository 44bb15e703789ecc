"""The mini writer's notation: what is written can be read, and the grammar admits exactly that."""

from __future__ import annotations

import ctypes

import llama_cpp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import ACTIONS, MOODS, PROPS, SETTINGS, SHOTS, TIMES, WEATHERS
from engine.writers.mini import MiniWriter
from engine.writers.mini_text import HELD_PROPS, parse_plan, plan_grammar, plan_text, slot

SLOTS = [slot(number) for number in (1, 2, 3, 5)]


@st.composite
def beats(draw: st.DrawFn) -> Beat:
    who = sorted(draw(st.sets(st.sampled_from(SLOTS), min_size=1, max_size=4)))
    cast = tuple(
        CastMember(
            CharacterId(one),
            draw(st.sampled_from(ACTIONS)),
            draw(st.sampled_from(MOODS)),
            draw(st.sampled_from(("", *HELD_PROPS))),
            draw(st.sampled_from([None, *(other for other in SLOTS if other != one)])),
        )
        for one in who
    )
    place, owner = draw(st.sampled_from(SETTINGS)), draw(st.sampled_from(["", *SLOTS]))
    return Beat(
        "",
        cast,
        place,
        f"{owner}'s {place}" if owner else "",
        draw(st.sampled_from(TIMES)),
        draw(st.sampled_from(WEATHERS)),
        draw(st.sampled_from(SHOTS)),
        tuple(draw(st.lists(st.sampled_from(PROPS), max_size=2))),
    )


def admits(writer: MiniWriter, grammar: str, text: str) -> bool:
    """Does llama.cpp's own grammar sampler let this text through, whole?"""
    llama = writer._llama
    vocab = llama._model.vocab
    sampler = llama_cpp.llama_sampler_init_grammar(vocab, grammar.encode(), b"root")
    try:
        for token in [*llama.tokenize(text.encode(), add_bos=False, special=False), llama.token_eos()]:
            data = (llama_cpp.llama_token_data * 1)(llama_cpp.llama_token_data(token, 1.0, 0.0))
            array = llama_cpp.llama_token_data_array(data, 1, -1, False)
            llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
            if data[0].logit == float("-inf"):
                return False
            if token != llama.token_eos():
                llama_cpp.llama_sampler_accept(sampler, token)
        return True
    finally:
        llama_cpp.llama_sampler_free(sampler)


@given(st.lists(beats(), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_plan_is_read_as_it_was_written(plan: list[Beat]) -> None:
    assert parse_plan(plan_text(plan), SLOTS) == tuple(plan)


def test_the_grammar_admits_every_plan(mini: MiniWriter) -> None:
    grammar = plan_grammar(SLOTS, 2)

    @given(st.lists(beats(), min_size=1, max_size=2))
    @settings(max_examples=120, deadline=None, database=None)
    def check(plan: list[Beat]) -> None:
        assert admits(mini, grammar, plan_text(plan))

    check()


@pytest.mark.parametrize(
    "text",
    [
        " in forest day clear wide: ID_4 runs happy",  # nobody of this story
        " in forest day clear wide: ID_1 runs happy; ID_1 sits calm",  # twice in one picture
        " in forest day clear wide: ID_2 runs happy; ID_1 sits calm",  # out of order
        " in forest day clear wide: ID_1 hugs happy to ID_1",  # turned to themselves
        " in forest day clear wide: ID_1 runs happy with bed",  # cannot be held
        " in forest day clear wide: ID_1 explodes happy",
        " in nowhere day clear wide: ID_1 runs happy",
        " in forest day clear wide:",
        "in forest day clear wide: ID_1 runs happy",  # no optional whitespace
        " in forest day clear wide: ID_1 runs happy ",
        " in forest day clear wide: ID_1 runs happy near spaghetti",
        " in forest day clear wide: ID_1 runs happy | in forest day clear wide: ID_1 runs sad"
        " | in forest day clear wide: ID_1 runs calm",  # three, where two are allowed
    ],
)
def test_neither_grammar_nor_parser_admits(mini: MiniWriter, text: str) -> None:
    assert not admits(mini, plan_grammar(SLOTS, 2), text)
    if text.count("|") < 2 and text != " in forest day clear wide:":
        with pytest.raises(ValueError):
            parse_plan(text, SLOTS)


def test_one_character_alone_has_nobody_to_turn_to(mini: MiniWriter) -> None:
    grammar = plan_grammar([slot(1)], 1)
    assert admits(mini, grammar, " in beach day clear close: ID_1 runs happy")
    assert not admits(mini, grammar, " in beach day clear close: ID_1 runs happy to ID_2")
