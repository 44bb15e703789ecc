"""The bot, PostgreSQL and three workers, one of them killed in the middle of a panel: nothing lost, nothing doubled.

All of them are processes of their own; writer and likeness are mini's, the painter is paper dolls that take their
time. The judge is the loopback Discord's own log.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Any

import asyncpg

from bench.company import Company, open_company
from bench.slow_studio import Hired, hired
from bot.rehearsal.players import words_of

NAMES = ("Ada", "Bo", "Cleo")
WORKERS = ("north", "east", "south")
#: What everybody writes, time after time: the same words at once would be taken for the same turn.
WORDS = ("Zebulonia finds a lantern in the garden.", "Zebulonia opens the lantern.", "Zebulonia carries it home.")


async def ask(url: str, question: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(question))
    finally:
        await connection.close()


async def somebody_at_work(url: str, workers: dict[str, Hired]) -> Hired:
    """Whoever is in the middle of a panel: it has told a step already."""
    async with asyncio.timeout(120):
        while True:
            for row in await ask(url, "SELECT name FROM jobs JOIN workers USING (worker_id) "
                                      "WHERE state = 'running' AND progress IS NOT NULL AND news > 2"):
                return workers[row["name"]]
            await asyncio.sleep(0.02)


async def many_turns(company: Company, places: dict[str, Any], words: str) -> dict[int, int]:
    """Everybody writes in their own story. Returns each turn and its channel."""
    return {await company.send_turn(company.player(name, place), words): place.channel_id
            for name, place in places.items()}


async def test_three_workers_and_one_killed_in_the_middle_of_a_panel(tmp_path: Path, postgres_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        company = await stack.enter_async_context(open_company(
            tmp_path, NAMES, database_url=postgres_url, studio={"where": "workers"}))
        for name in NAMES:
            await company.character(name, f"{name}s Mia", "a girl with red hair")
        places = {name: await company.story(f"{name}'s story", [name]) for name in NAMES}
        turns = await many_turns(company, places, WORDS[0])      # before the first worker is there: they wait, told so
        for name, place in places.items():
            await company.player(name, place).see("This turn is kept")
        given = {"master_key_file": str(tmp_path / "master.key"), "database_url": postgres_url,
                 "studio": {"threads": 1, "painter": "theatre", "writer": "mini"}}
        workers = {name: await stack.enter_async_context(hired(given, tmp_path, name, steps=12, step_s=0.1,
                                                               quick=False)) for name in WORKERS}
        await asyncio.gather(*(worker.there() for worker in workers.values()))

        victim = await somebody_at_work(postgres_url, workers)
        await victim.end(signal.SIGKILL)
        await company.page(*turns)
        turns |= (more := await many_turns(company, places, WORDS[1]))
        await company.page(*more)                      # with two

        told = company.told(*turns)
        assert [fault for turn_id, channel in turns.items() for fault in told[turn_id].faults(channel)] == []
        for name, place in places.items():
            assert not any("This turn is kept" in words_of(each) for each in company.player(name, place).seen())
        assert sum(turn.previews for turn in told.values()) > 0, "previews come from afar as well"
        assert "gone without a word" in (tmp_path / "bot.log").read_text("utf-8")
        taken = [worker.log.read_text("utf-8") for worker in workers.values() if worker is not victim]
        assert not any("Traceback" in log for log in taken)

        async with asyncio.timeout(30):                # the last answer's row is on its way out
            while await ask(postgres_url, "SELECT 1 FROM jobs"):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.05)
        for table in await ask(postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'dbos'"):
            for row in await ask(postgres_url, f'SELECT t::text AS content FROM dbos."{table["tablename"]}" t'):
                assert "Zebulonia" not in row["content"] and "lantern" not in row["content"]

        # The bot itself dies and comes back: its workers stay, and nothing is told twice.
        turns |= (last := await many_turns(company, places, WORDS[2]))
        await somebody_at_work(postgres_url, workers)
        company.kill()
        await company.start_again()
        await company.page(*last)
        told = company.told(*turns)
        assert [fault for turn_id, channel in turns.items() for fault in told[turn_id].faults(channel)] == []
