"""A long story at toy size: every panel weighed, phases apart, growth seen where it is."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench import long_story
from bench.long_story import PHASES, Clock, Tale, Weighed, beat_of, section, tell
from engine.vocabulary import ACTIONS, SETTINGS


def weighed(seconds: float, *, rss: int = 100, statements: int = 10) -> Weighed:
    phases = dict.fromkeys(PHASES, 0.0) | {"paint": seconds}
    return Weighed(seconds, seconds, phases, statements, 1000, 1, rss, 0, 0, 4096, 80_000)


async def test_a_toy_story_is_weighed_panel_by_panel(tmp_path: Path) -> None:
    tale = await tell("toy", tmp_path, 4, painter="theatre", warm_up=1)
    assert len(tale.panels) == 4
    for one in tale.panels:
        assert one.seconds > 0 and one.face_rss > 2**20 and one.studio_rss == 0 and one.heap == 0
        assert one.statements > 20 and one.machine_steps > 100 and one.picture_bytes > 10_000
        assert set(one.phases) == set(PHASES) and sum(one.phases.values()) >= 0.999 * one.seconds
        for phase in ("scene read", "plan", "recall", "lay out", "paint", "check", "remember", "show"):
            assert one.phases[phase] > 0, phase
    assert sum(one.database_bytes for one in tale.panels) > 0 and tale.fresh == []
    assert [one.paintings for one in tale.panels] == [2, 1, 2, 2], "a new place, its evening, home"


async def test_the_last_panels_are_told_in_turns_with_a_fresh_story(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_story, "WINDOW", 2)
    tale = await tell("toy", tmp_path, 5, painter="theatre", warm_up=0)
    assert len(tale.panels) == 5 and len(tale.fresh) == 2
    assert [one.paintings for one in tale.fresh] == [2, 1], "it begins where every story begins"
    assert not math.isnan(tale.beside(lambda one: one.seconds))


async def test_python_memory_is_traced_when_asked(tmp_path: Path) -> None:
    tale = await tell("toy", tmp_path, 1, painter="theatre", warm_up=1, traced=True)
    assert tale.panels[0].heap > 0
    assert "traced" in section(Tale("t", tale.panels * 20)) and "time of a panel" not in section(
        Tale("t", tale.panels * 20)), "tracing is slow: its times mean nothing"


def test_every_ten_panels_are_alike() -> None:
    for number in range(10, 60):
        before, now = beat_of(number - 10), beat_of(number)
        assert (before.cast, before.time_of_day) == (now.cast, now.time_of_day)
        assert (before.setting_name == now.setting_name) == (now.setting_name == "Mia's bedroom")
        assert now.setting_kind in SETTINGS and all(member.action in ACTIONS for member in now.cast)
        assert len({member.character_id for member in now.cast}) == len(now.cast)


def test_growth_is_seen_and_said() -> None:
    steady = Tale("steady", [weighed(1.0) for _ in range(40)])
    slower = Tale("slower", [weighed(1.0 + 0.01 * number) for number in range(40)])
    fatter = Tale("fatter", [weighed(1.0, rss=100 + number) for number in range(40)])
    assert "**not met**" not in section(steady)
    assert slower.ends(lambda one: one.seconds) == pytest.approx((1.045, 1.345))
    told_in_turns = Tale("slower", slower.panels, [weighed(1.34) for _ in range(10)])
    assert told_in_turns.beside(lambda one: one.seconds) == pytest.approx(1.345 / 1.34)
    assert "| met |" in section(told_in_turns).split("time of a panel")[1].splitlines()[0], "the machine was slower"
    line = {row.split("|")[1].strip(): row for row in section(slower).splitlines() if row.startswith("|")}
    assert "**not met**" in line["**time of a panel**"] and "1.287" in line["· paint"]
    assert "**not met**" in section(fatter).split("memory of the face")[1].splitlines()[0]
    assert math.isnan(long_story.ratio(0.0, 1.0)) and long_story.ratio(0.0, 0.0) == 1.0


async def test_a_phase_is_told_without_those_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()

    moments = iter([0.0, 10.0, 15.0, 17.0])                # outer, inner, and back
    monkeypatch.setattr(long_story.time, "perf_counter", lambda: next(moments))

    async def inner() -> None:
        assert clock.phase == "inner"

    with clock.phase_of("outer"):
        await clock.watching(inner, "inner")()
        assert clock.phase == "outer"
    assert clock.phase is None
    assert clock.seconds["inner"] == 5.0 and clock.seconds["outer"] == 12.0
