"""Planned layouts keep a stage director's rules, looked at pixel by pixel; and the sweep sees when they do not."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from bench import layouts
from bench.layouts import broken_rules, random_cast, sweep
from engine import silhouettes
from engine.layout import heads, place_figures
from engine.nouns import CharacterId, Figure, Look, Place
from engine.silhouettes import silhouette_of
from engine.vocabulary import ACTIONS, KINDS


def figure(name: str, kind: str = "girl", action: str = "stands", toward: str | None = None) -> Figure:
    return Figure(CharacterId(name), name, Look(kind=kind), Place(0, 0, 0), action,
                  toward=CharacterId(toward) if toward else None)


def test_rules_are_kept_by_casts_that_do_anything() -> None:
    broken, of, _ = sweep(240, seed=1, counts=(1, 2, 3, 4))

    def rate(rule: str, *counts: int) -> float:
        return sum(broken[count, rule] for count in counts) / sum(of[count] for count in counts)

    assert rate("face", 1, 2) <= 0.04 and rate("face", 3) <= 0.1 and rate("face", 4) <= 0.2
    assert rate("head in the frame", 1, 2, 3, 4) <= 0.01 and rate("body in the frame", 1, 2, 3, 4) <= 0.02
    assert rate("touch", 1, 2, 3, 4) <= 0.05 and rate("size", 1, 2, 3, 4) == 0 and rate("order", 1, 2, 3, 4) <= 0.03


def test_everyday_casts_never_hide_a_face() -> None:
    """What stories are made of: two or three who stand, walk, wave, look, sit, hug, hold hands."""
    rng = Random("everyday")
    everyday = ("stands", "walks", "waves", "looks", "sits", "points", "hugs", "holds hands", "runs", "cheers")
    faults = 0
    for number in range(80):
        cast = [replace(one, holding="", look=replace(one.look, headwear="none", wheelchair=False),
                        action=rng.choice(everyday), toward=None) for one in random_cast(rng, 2 + number % 2)]
        cast = [replace(one, toward=cast[(at + 1) % len(cast)].character_id) for at, one in enumerate(cast)]
        placed = place_figures(cast, shot="wide", seed=number)
        faults += any(one.rule in ("face", "head in the frame", "size") for one in broken_rules(cast, placed, "wide"))
    assert faults <= 2


def test_a_broken_rule_is_seen() -> None:
    one, other = figure("a"), figure("b", "man")
    behind = (replace(one, place=Place(0.5, 0.9, 0.4)), replace(other, place=Place(0.52, 0.92, 0.6)))
    assert {found.rule for found in broken_rules([one, other], behind, "wide")} == {"face"}
    outside = (replace(one, place=Place(0.5, 1.6, 0.4)), replace(other, place=Place(0.8, 0.92, 0.6)))
    assert {found.rule for found in broken_rules([one, other], outside, "wide")} >= {
        "head in the frame", "body in the frame"}
    turned = (replace(one, place=Place(0.8, 0.9, 0.4)), replace(other, place=Place(0.2, 0.92, 0.6)))
    assert {found.rule for found in broken_rules([one, other], turned, "wide")} == {"order"}
    small = (replace(one, place=Place(0.2, 0.9, 0.6)), replace(other, place=Place(0.7, 0.92, 0.4)))
    assert {found.rule for found in broken_rules([one, other], small, "wide")} == {"size"}
    alone = replace(one, action="gives", toward=CharacterId("b"))
    apart = (replace(alone, place=Place(0.1, 0.9, 0.3)), replace(other, place=Place(0.9, 0.92, 0.5)))
    assert {found.rule for found in broken_rules([alone, other], apart, "wide")} == {"touch"}
    kept = place_figures([one, other], shot="wide", seed=1)
    assert broken_rules([one, other], kept, "wide") == []


def test_who_is_many_shrinks_and_who_hugs_is_near() -> None:
    many = place_figures([figure(str(number), "dragon", "cheers") for number in range(6)], shot="wide", seed=2)
    two = place_figures([figure(str(number), "dragon", "cheers") for number in range(2)], shot="wide", seed=2)
    assert many[0].place.height < two[0].place.height
    hugging = heads(place_figures([figure("a", action="hugs", toward="b"), figure("b")], shot="wide", seed=1))
    beside = heads(place_figures([figure("a"), figure("b")], shot="wide", seed=1))
    near, far = (abs(both[CharacterId("a")][0] - both[CharacterId("b")][0]) for both in (hugging, beside))
    assert near < far


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[7]])
def test_silhouettes_are_of_the_drawing_engine_as_it_is(kind: str) -> None:
    """The file was measured on dolls that were drawn as they are drawn today."""
    for action in ("stands", "runs", "sleeps", "hugs"):
        now = layouts._numbers(Look(kind=kind), action)
        kept = silhouette_of(kind, action)
        assert now[0] == pytest.approx(kept.head_x, abs=0.1) and now[1] == pytest.approx(kept.head_y, abs=0.06)
        assert min(now[4::2]) >= kept.left - 0.1 and max(now[5::2]) <= kept.right + 0.1


def test_silhouettes_know_every_pose_and_mirror() -> None:
    assert set(silhouettes._measured()) >= set(KINDS)
    for kind in KINDS:
        assert set(silhouettes._measured()[kind]) == {*ACTIONS, "in a wheelchair"}
    right, left = silhouette_of("girl", "runs"), silhouette_of("girl", "runs", flip=True)
    assert (left.left, left.right, left.head_x) == (-right.right, -right.left, -right.head_x)
    assert silhouette_of("nobody", "somehow") == silhouette_of("girl", "stands")
    bare, held = silhouette_of("girl", "stands"), silhouette_of("girl", "stands", holding="umbrella")
    assert held.right > bare.right + 0.2 and held.top >= bare.top
