"""Several people write in several threads at once: nothing lost, doubled, crossed or mixed (see bench/crowd.py)."""

from __future__ import annotations

from pathlib import Path

from bench.crowd import crowd, part, table


async def test_eight_turns_in_three_threads_at_once(tmp_path: Path, patient_discord: None) -> None:
    outcome = await crowd(tmp_path, turns=8, threads=3)
    assert outcome.faults == []
    assert (outcome.lost, outcome.doubled, outcome.crossed, outcome.disordered) == (0, 0, 0, 0)
    assert outcome.turns == len(outcome.acknowledged_s) == len(outcome.waited_s) == 8 <= outcome.panels
    assert outcome.edits["final"] == outcome.panels, "a finished picture is shown once"
    assert outcome.edits["preview"] == 0, "paper dolls come in one step: there is nothing to show before"
    assert not outcome.requests["GET /channels/{id}/messages"], "nobody looks for what this process cannot have posted"
    assert len(table(outcome).rows) == 12


def test_part_of_sorted_times() -> None:
    assert part([], 0.99) == 0
    assert part([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert part([float(number) for number in range(100)], 0.99) == 99.0
