"""Who of the workers is counted: those of one hand, and the others by name, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from engine.settings import StudioSettings
from engine.store.jobs import WorkerCard
from engine.store.values import to_json
from engine.studio.hands import NOBODY, choose, hand_of
from engine.studio.messages import Loaded, Ready, speech


def models(painter: str = "klein@1", writer: str = "mini-writer@1", **more: str) -> Ready:
    roles = {"writer": writer, "painter": painter, "likeness": "likeness@1", **more}
    return Ready(tuple(Loaded(role, name, 1.5, 64) for role, name in roles.items()))


def card(name: str, *given: str, said: str = "", **more: str) -> WorkerCard:
    return WorkerCard(name, 1, name, {"speech": said or speech(), "ready": to_json(Ready, models(*given, **more))})


@pytest.mark.parametrize(("cards", "wanted", "fit", "left_out"), [
    ([card("a", "klein@1"), card("b", "klein@1")], {}, "ab", {}),
    # The settings name a painter: nobody else paints, though nobody at all is left.
    ([card("a", "klein@1"), card("b", "mini@1")], {"painter": "klein"}, "a", {"b": "paints with mini@1"}),
    ([card("b", "mini@1")], {"painter": "klein"}, "", {"b": "studio.painter of the bot is klein"}),
    ([card("a", "mini@1 instead of klein")], {"painter": "klein"}, "", {"a": "mini@1 instead of klein"}),
    ([card("a", "mini@1 instead of klein")], {"painter": "mini"}, "", {"a": "mini@1 instead of klein"}),
    ([card("a", "own@1"), card("b", "klein@1")], {"painter": "/models/own"}, "a", {"b": "paints with klein@1"}),
    ([card("a", "klein@1", "mini-writer@1 instead of gemma-4-e4b"), card("b", "klein@1", "gemma")],
     {"writer": "gemma-4-e4b"}, "b", {"a": "writes with mini-writer@1 instead of gemma-4-e4b"}),
    # They name none: the better one, but nobody who stands in for another while there is one who does not.
    ([card("a", "mini@1"), card("b", "mini@1"), card("c", "klein@1")], {}, "c", {"a": "klein@1", "b": "klein@1"}),
    ([card("a", "theatre@1"), card("b", "mini@1"), card("c", "mini@1 instead of klein")], {}, "b",
     {"a": "one hand", "c": "one hand"}),
    ([card("a", "sdxl@1"), card("b", "own@1")], {}, "b", {"a": "one hand"}),
    # The same painter in another revision is another hand: that of more workers is taken.
    ([card("a", "klein@1"), card("b", "klein@2"), card("c", "klein@2")], {}, "bc", {"a": "klein@2"}),
    ([card("a", "klein@1", "gemma"), card("b", "klein@1", "qwen"), card("c", "klein@1", "qwen")], {}, "bc",
     {"a": "it writes with gemma, and others with qwen"}),
    ([card("a", guard="g"), card("b")], {"guard_model": "/g.gguf"}, "a", {"b": "no guard"}),
    ([card("a", reader="r"), card("b")], {"vision_model": "qwen3.5-2b"}, "a", {"b": "no reader"}),
    ([card("a", said="another"), card("b")], {}, "b", {"a": "another version"}),
    ([], {}, "", {}),
])
def test_who_is_counted(cards: list[WorkerCard], wanted: dict[str, Any], fit: str, left_out: dict[str, str]) -> None:
    chosen = choose(cards, StudioSettings(**wanted))
    assert "".join(one.name for one in chosen.fit) == fit
    assert chosen.left_out.keys() == left_out.keys()
    assert all(part in chosen.left_out[name] for name, part in left_out.items())
    assert (chosen.hand == NOBODY) is (fit == "")


def test_the_hand_stays_while_somebody_has_it_unless_a_better_comes() -> None:
    first, more, better = card("a", "mini@1"), [card("b", "mini@2"), card("c", "mini@2")], card("d", "klein@1")
    hand = hand_of(models("mini@1"))
    assert choose([first, *more], StudioSettings()).hand == hand_of(models("mini@2"))
    assert choose([first, *more], StudioSettings(), hand).hand == hand
    assert choose([first, *more, better], StudioSettings(), hand).fit == (better,)
    assert choose(more, StudioSettings(), hand).hand == hand_of(models("mini@2"))


def test_a_hand_is_the_models_and_not_how_fast_they_came() -> None:
    slower = Ready(tuple(Loaded(each.role, each.name, 99.0, 64) for each in reversed(models().models)))
    assert hand_of(slower) == hand_of(models()) != hand_of(models("klein@2"))
    assert hand_of(models(reader="r")) != hand_of(models())
