"""The bot killed at named boundaries and at random instants, with several stories going on: a sample of `bench.kills`.

A real bot process, started again in a fork; the loopback's own log is the judge. The full campaigns and their figures
are in docs/trust.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.company import Company, open_company
from bench.kill_points import SCENES, at_every_point
from bench.kills import REGISTRARS, WRITERS, at_points, random_kills
from bot.rehearsal.understudies import Understudies
from engine import boundaries

#: Of the 25 boundaries of a turn, those between which something changes for somebody.
SAMPLE = ("turn kept", "remember step: kept", "say: done", "pictures kept", "show: done")


@pytest.fixture
async def company(tmp_path: Path) -> Company:
    async with open_company(tmp_path, [*WRITERS, *REGISTRARS], troupe=Understudies) as company:
        yield company


async def test_killed_at_boundaries_of_turns_and_registrations(company: Company) -> None:
    """Two stories at once; then a page taken back, and a character registered from a photo."""
    evening, found = await at_points(company, SAMPLE, stories=2)
    assert found.all == []
    assert len(evening.tally.turns) >= 2
    assert await at_every_point(evening, {point: SCENES[point] for point in ("undone", "registration kept")}) == []


async def test_killed_at_random_instants(company: Company) -> None:
    report = await random_kills(company, 5, seed=1105, stories=3, longest_life_s=3.0)
    assert (report["lost"], report["doubled"], report["out of order"], report["other faults"]) == (0, 0, 0, 0), report
    assert report["turns acknowledged"] >= 3


def test_every_boundary_has_its_scene() -> None:
    named = {*boundaries.PAGES, *boundaries.QUESTIONS, *boundaries.TEXTS, *boundaries.REGISTRATION}
    assert named == set(SCENES)
    assert set(SAMPLE) <= set(boundaries.TURN)
    assert not named & set(boundaries.TURN)
