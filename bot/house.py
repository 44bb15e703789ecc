"""The house opened: library, studio and runner around one stage. The bot and the terminal both live in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.durable import Durable
from engine.ports import Library, Stage
from engine.settings import Settings
from engine.store import SqlLibrary, open_library
from engine.store.session import current_session
from engine.studio.client import StudioClient
from engine.turn import TurnRunner


@dataclass(frozen=True, slots=True)
class House:
    """What is open: everything kept, the models behind their lane, and whoever plays the turns."""

    library: SqlLibrary
    studio: StudioClient
    runner: TurnRunner


@asynccontextmanager
async def open_house(settings: Settings, stage_for: Callable[[Library], Stage]) -> AsyncIterator[House]:
    """Open library and studio, and make the runner; call `house.runner.start()` when the stage can be played on.

    The studio warms up on its own while this returns. Raises `StoreUnusable`.
    """
    library = await open_library(settings)
    try:
        studio = StudioClient(settings)
        await studio.start()
        try:
            durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                              current_session=current_session)
            runner = TurnRunner(library, studio, stage_for(library), durable)
            try:
                yield House(library, studio, runner)
            finally:
                await runner.close()
        finally:
            await studio.close()
    finally:
        await library.close()
