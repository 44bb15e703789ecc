"""The playhouse as a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playhouse import Playhouse, settings_for

from bot.app import sync_commands
from bot.rehearsal.loopback import Loopback, redirect_discord


@pytest.fixture
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playhouse]:
    """The bot is running; at the end no rule of Discord's has been broken. `@pytest.mark.parametrize` on `house` with a
    dict overrides settings of `discord`; `limits` switches Discord's rate limits on."""
    extra = dict(getattr(request, "param", {}))
    async with Loopback(limits=extra.pop("limits", False)) as loopback:
        with redirect_discord(loopback.base_url):
            playhouse = Playhouse(loopback, settings_for(loopback, tmp_path / "home", **extra))
            await sync_commands(playhouse.settings)
            await playhouse.open()
            try:
                yield playhouse
            finally:
                await playhouse.shut()
        assert loopback.violations() == []
