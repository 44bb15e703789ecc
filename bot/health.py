"""Whether the bot, or a worker, is alive and ready, and what it measures: a few pages over HTTP for whoever runs it.

Off unless `health.port` is set; only this machine may ask unless `health.host` says otherwise. Everything runs on the
loop of the process that is asked: a loop that does not turn does not answer.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import discord
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.metrics import Meter, memory_of
from engine.nouns import StoreUnusable, TurnState
from engine.settings import Settings, SettingsError
from engine.store import tables
from engine.store.opening import sqlite_path
from engine.store.pictures import PictureFiles
from engine.studio.lane import Rank
from engine.studio.workers import Workers

if TYPE_CHECKING:
    from bot.app import StoryBot
    from bot.house import House
    from engine.studio.worker import Worker

log = logging.getLogger("storythread.health")

#: Seconds a database may take to answer, and the place of the pictures.
DATABASE_S, PICTURES_S = 5.0, 5.0
#: Seconds for which it is remembered whether the place of the pictures answered: a bucket is paid by the question.
PICTURES_KEPT_S = 30.0

Check = Callable[[], Awaitable[bool]]


@asynccontextmanager
async def answering_how_it_goes(settings: Settings, meter: Meter, checks: Mapping[str, Check],
                                look: Callable[[], Awaitable[None]],
                                left_out: Callable[[], Mapping[str, str]] = dict) -> AsyncIterator[None]:
    """Answer `/healthz`, `/readyz` and `/metrics` as long as this lasts; nothing is opened without `health.port`.

    `checks`: what must be there, by the name it is missed by. `look` brings the meter's gauges up to date;
    `left_out` says which workers are given no work, and why. Raises `SettingsError` when the address is taken.
    """
    if settings.health.port is None:
        yield
        return

    async def alive(request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(request: web.Request) -> web.Response:
        found = await asyncio.gather(*(check() for check in checks.values()))
        missing = [name for name, there in zip(checks, found, strict=True) if not there]
        said = {"ready": not missing, "missing": missing, **({"left_out": without} if (without := left_out()) else {})}
        return web.json_response(said, status=503 if missing else 200)

    async def metrics(request: web.Request) -> web.Response:
        await look()
        return web.Response(body=meter.page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    meter.listen()
    try:
        try:
            await web.TCPSite(runner, settings.health.host, settings.health.port).start()
        except OSError as error:
            raise SettingsError(f"The setting health.port cannot be used: nobody can be answered at "
                                f"{settings.health.host}:{settings.health.port} ({error.strerror}).",
                                key="health.port") from error
        log.info("how it goes is told at %s:%d", settings.health.host, settings.health.port)
        yield
    finally:
        meter.close()
        await runner.cleanup()


@asynccontextmanager
async def health_of(settings: Settings, bot: StoryBot, house: House) -> AsyncIterator[None]:
    """The bot's."""
    meter = Meter(folders=folders_of(settings))
    studio, engine = house.studio, house.library.engine

    async def arrived(interaction: discord.Interaction[StoryBot]) -> None:
        meter.arrived(interaction.id)

    bot.add_listener(arrived, "on_interaction")

    async def connected() -> bool:
        return not bot.draining and bot.is_ready() and not bot.is_closed() and bot.ws is not None and bot.ws.open

    async def answers() -> bool:
        return await open_turns(engine) is not None

    async def able() -> bool:
        return studio.able

    async def look() -> None:
        meter.connected.set(await connected())
        meter.able.set(studio.able)
        for rank, count in ({rank: 0 for rank in Rank} | dict(studio.waiting())).items():
            meter.waiting.labels(rank.name.lower()).set(count)
        meter.memory.set(memory_of(getattr(studio, "pid", None)))
        if isinstance(studio, Workers):
            meter.workers.set(len(studio.workers()))
            meter.left_out.set(len(studio.left_out()))
        if (turns := await open_turns(engine)) is not None:
            meter.open_turns.set(turns)

    checks: dict[str, Check] = {"gateway": connected, "database": answers, "pictures": PicturesThere(settings),
                                "studio": able}
    left_out = studio.left_out if isinstance(studio, Workers) else dict
    async with answering_how_it_goes(settings, meter, checks, look, left_out):
        yield


@asynccontextmanager
async def health_of_worker(settings: Settings, worker: Worker) -> AsyncIterator[None]:
    """A worker's: its lane is the bot's, so what it measures is its work, its memory and its models' process."""
    meter = Meter(folders=folders_of(settings))

    async def answers() -> bool:
        return await open_turns(worker.library.engine) is not None

    async def able() -> bool:
        return worker.able

    async def look() -> None:
        meter.able.set(worker.able)
        meter.memory.set(memory_of(worker.client.pid))

    async with answering_how_it_goes(settings, meter, {"database": answers, "studio": able}, look):
        yield


class PicturesThere:
    """Whether pictures can be kept where they are to be: a folder that may be written to, a bucket that answers."""

    def __init__(self, settings: Settings) -> None:
        self._files = PictureFiles(settings.pictures_url)
        self._asking = asyncio.Lock()
        self._well, self._asked_at = False, -math.inf

    async def __call__(self) -> bool:
        """Asked anew after `PICTURES_KEPT_S`; whoever asks meanwhile gets the last answer."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= PICTURES_KEPT_S:
                try:
                    async with asyncio.timeout(PICTURES_S):
                        self._well = await asyncio.to_thread(self._ask)
                except (StoreUnusable, OSError, TimeoutError) as error:
                    log.warning("the place of the pictures does not answer: %s", type(error).__name__)
                    self._well = False
                self._asked_at = time.monotonic()
            return self._well

    def _ask(self) -> bool:
        folder = self._files.folder
        if folder is None:
            self._files.check()
            return True
        there = next(each for each in (folder, *folder.parents) if each.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


async def open_turns(engine: AsyncEngine) -> int | None:
    """How many turns are taken and not over; None when the database does not answer."""
    question = select(func.count()).select_from(tables.turns).where(tables.turns.c.state == TurnState.ACCEPTED.value)
    try:
        async with asyncio.timeout(DATABASE_S), engine.connect() as connection:
            return int((await connection.execute(question)).scalar_one())
    except (SQLAlchemyError, StoreUnusable, OSError, TimeoutError) as error:
        log.warning("the database does not answer: %s", type(error).__name__)
        return None


def folders_of(settings: Settings) -> dict[str, Path]:
    """Where room on the disk matters."""
    places = {"data": settings.home}
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        places["database"] = sqlite_path(url).parent
    if (folder := PictureFiles(settings.pictures_url).folder) is not None:
        places["pictures"] = folder
    return places
