"""The playhouse of tests/bot, for faults of Discord's."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bot"))

from playhouse import Playhouse, settings_for

from bot.app import sync_commands
from bot.rehearsal.loopback import Loopback, redirect_discord


@pytest.fixture
async def faulty(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playhouse]:
    """The bot is running on a Discord that is about to misbehave. Parametrized with a dict: settings of `discord`."""
    async with Loopback(limits=False) as loopback:
        with redirect_discord(loopback.base_url):
            playhouse = Playhouse(loopback, settings_for(loopback, tmp_path / "home", **getattr(request, "param", {})))
            await sync_commands(playhouse.settings)
            await playhouse.open()
            try:
                yield playhouse
            finally:
                await playhouse.shut()
