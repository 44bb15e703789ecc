"""A sample of `python -m bench.load`: a small crowd, a greedy one in it. Nothing here depends on how fast it goes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.load import GREEDY, Arrival, Sample, arrivals, fair_shares, jain, open_crowd, play, slope, table


async def test_a_small_crowd_with_a_greedy_one_in_it(tmp_path: Path, patient_discord: None) -> None:
    async with open_crowd(tmp_path, speed=16, light=3, greedy_stories=2) as crowd:
        outcome = await play(crowd, turns=20, minutes=10, rate=3.0, seed=0)
        assert outcome.faults == []
        assert (outcome.lost, outcome.doubled, outcome.disordered) == (0, 0, 0)
        assert outcome.turns >= 20 and len(crowd.finished) == outcome.turns, "every turn that was taken has its picture"
        assert outcome.waits_s["alone"] and outcome.waits_s["light"]
        first, last = outcome.samples[0], outcome.samples[-1]
        assert last.handles - first.handles < outcome.turns, "what a turn opens it closes"
        assert outcome.requests["GET /channels/{id}/messages"] == 0
        assert len(table(outcome, 16).rows) > 12


def test_arrivals_are_a_matter_of_the_seed_and_of_the_rates() -> None:
    some = arrivals(3, [2.0, 1.0, 0.0])
    assert some == arrivals(3, [2.0, 1.0, 0.0]) != arrivals(4, [2.0, 1.0, 0.0])
    by = Counter(arrival.person for arrival in some)
    assert by[2] == 0 and 1.8 < by[GREEDY] / by[1] < 2.2
    assert all(isinstance(arrival, Arrival) for arrival in some) and len(some) > 1500, "ten minutes, and bursts"


def test_fair_shares_give_nobody_more_than_they_asked() -> None:
    assert fair_shares(Counter({0: 100, 1: 10, 2: 10}), 60) == {0: 40, 1: 10, 2: 10}
    assert fair_shares(Counter({0: 100, 1: 100}), 60) == {0: 30, 1: 30}
    assert fair_shares(Counter({0: 5, 1: 5}), 60) == {0: 5, 1: 5}


def test_jain_and_slope() -> None:
    assert jain([2.0, 2.0, 2.0]) == pytest.approx(1.0) and jain([1.0, 0.0]) == pytest.approx(0.5) and jain([]) == 1.0
    samples = [Sample(number, 100 + number / 50, 90.0, 10, 0, 1, 0.0, 0) for number in range(0, 1000, 100)]
    assert slope(samples, lambda each: each.rss_mib) == pytest.approx(20.0)
    assert slope(samples[:2], lambda each: each.rss_mib) == 0.0
