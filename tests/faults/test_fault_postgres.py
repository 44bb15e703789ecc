"""PostgreSQL away for a while under a running bot and a worker: nothing lost, people told, all goes on when it is back.

A server of this test's own is stopped in the middle of a panel and started again at the same address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest

from bench import postgres
from bench.company import open_company
from bench.slow_studio import hired
from bot.app import run_bot, sync_commands
from bot.rehearsal.loopback import Loopback, redirect_discord
from engine.settings import load_settings


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    try:
        with postgres.Server() as own:
            yield own
    except postgres.NoServer as none:
        pytest.skip(f"no PostgreSQL can be started here: {none}")


class Inside:
    """The bot in this very process, so that a test need not wait as long as people would."""

    def __init__(self, loopback: Loopback, settings: Mapping[str, Any], log: IO[bytes]) -> None:
        self._loopback, self._settings = loopback, load_settings(**settings)
        self._stop, self._around = asyncio.Event(), ExitStack()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._around.enter_context(redirect_discord(self._loopback.base_url))
        await sync_commands(self._settings)
        ready = asyncio.Event()
        self._running = asyncio.create_task(run_bot(self._settings, ready=ready, stop=self._stop))
        there = asyncio.create_task(ready.wait())
        await asyncio.wait({there, self._running}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()

    async def close(self) -> None:
        self._stop.set()
        if self._running is not None:
            await self._running
        self._around.close()


async def jobs(url: str, where: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(f"SELECT * FROM jobs WHERE {where}"))
    finally:
        await connection.close()


async def test_away_in_the_middle_of_a_panel_and_back(
        tmp_path: Path, server: postgres.Server, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("engine.order.AGAIN_AFTER_S", 0.5)
    url = f"{server.address}/postgres"
    given = {"master_key_file": str(tmp_path / "master.key"), "database_url": url,
             "studio": {"threads": 1, "painter": "theatre", "writer": "mini"}}
    async with open_company(tmp_path, ["Ada"], database_url=url, studio={"where": "workers"},
                            troupe=Inside) as company, \
            hired(given, tmp_path, "attic", steps=20, step_s=0.1) as worker:  # type: ignore[arg-type]
        await worker.there()
        await company.character("Ada", "Mia", "a girl with red hair")
        place = await company.story("The kite", ["Ada"])
        ada = company.player("Ada", place)
        begun = await company.send_turn(ada, "Mia finds a kite in the garden.")
        async with asyncio.timeout(120):
            while not await jobs(url, "state = 'running' AND news > 2"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        form = await ada.click("Take turn")

        await asyncio.to_thread(server.stop)
        await ada.submit(form, {"text": "Mia runs to the park."})
        refusal = await ada.see("I cannot save anything just now", private=True)
        assert "Mia runs to the park." in str(refusal.components), "their words are given back"
        async with asyncio.timeout(120):       # for long: both have asked again and again
            while min(worker.log.read_text("utf-8").count("the database does not answer"),  # noqa: ASYNC110
                      caplog.text.count("how the work stands cannot be read")) < 3:
                await asyncio.sleep(0.1)
        await asyncio.to_thread(server.start)

        await company.page(begun)
        then = await company.send_turn(ada, "Mia runs to the park.")
        await company.page(then)
        told = company.told(begun, then)
        assert [fault for turn_id in told for fault in told[turn_id].faults(place.channel_id)] == []
        assert worker.process.returncode is None, "the same worker"
        async with asyncio.timeout(60):
            while await jobs(url, "true"):  # noqa: ASYNC110 - the last answer's row is on its way out
                await asyncio.sleep(0.05)
