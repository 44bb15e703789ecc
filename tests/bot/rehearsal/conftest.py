"""A loopback Discord with people on it, for the tests of the rehearsal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from little_client import Stand

from bot.rehearsal.loopback import Loopback


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """A loopback Discord that judges its own answers too; a test that breaks no rule on purpose has no violations."""
    async with Loopback(check_answers=True) as loopback:
        loopback.world.first_answer_s = 60.0   # three seconds would measure the machine
        yield Stand(loopback)
        wrong = [line for line in loopback.violations() if "own answer" in line]
        assert not wrong, wrong
