"""The house opened: library, studio and runner around one stage. The bot and the terminal both live in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.durable import Durable
from engine.events import Event
from engine.frugal import share_pools
from engine.nouns import MessageId, Panel, StoryStep, Turn, TurnId, VenueId
from engine.observing import Shown, Told, note
from engine.ports import Library, Stage
from engine.settings import Settings, SettingsError
from engine.store import SqlLibrary, open_library
from engine.store.session import current_session
from engine.studio.client import StudioClient
from engine.studio.front import Front
from engine.studio.workers import Workers
from engine.turn import TurnRunner

#: Stories told at a terminal live at venues whose ids begin so; Discord's ids are numbers.
TERMINAL_VENUE = "terminal-"


def at_terminal(venue_id: VenueId) -> bool:
    """Whether a story is told at a terminal."""
    return venue_id.startswith(TERMINAL_VENUE)


@dataclass(frozen=True, slots=True)
class House:
    """What is open: everything kept, the models behind their lane, and whoever plays the turns."""

    library: SqlLibrary
    studio: Front
    runner: TurnRunner


@asynccontextmanager
async def open_house(settings: Settings, stage_for: Callable[[Library], Stage], *,
                     unseen: Callable[[VenueId], bool] = at_terminal) -> AsyncIterator[House]:
    """Open library and studio, and make the runner; call `house.runner.start()` when the stage can be played on.

    `unseen`: venues this stage does not reach; what was left unfinished there is finished out of sight. The studio
    warms up on its own while this returns. Raises `StoreUnusable`.
    """
    share_pools()
    library = await open_library(settings)
    try:
        studio = open_studio(settings, library)
        await studio.start()
        try:
            durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                              current_session=current_session)
            runner = TurnRunner(library, studio, Hall(stage_for(library), unseen), durable,
                                guard=studio if settings.studio.guard_model else None,
                                reader=studio if settings.studio.vision_model else None)
            tidying = asyncio.create_task(library.keep_tidy(settings.retention), name="tidying")
            try:
                yield House(library, studio, runner)
            finally:
                tidying.cancel()
                await asyncio.gather(tidying, return_exceptions=True)
                await runner.close()
        finally:
            await studio.close()
    finally:
        await library.close()


def open_studio(settings: Settings, library: SqlLibrary) -> Front:
    """Whoever paints, not started yet. Raises `SettingsError` for workers without PostgreSQL."""
    if settings.studio.where == "here":
        return StudioClient(settings)
    if library.engine.dialect.name != "postgresql":
        raise SettingsError("Workers get their work through PostgreSQL: set STORYTHREAD_DATABASE_URL "
                            "(postgresql://...), or studio.where to here.", key="studio.where")
    return Workers(settings, library)


class Hall:
    """The stage, with the venues left out that it does not reach.

    Of a page left unfinished there nothing is shown: it is kept, and `storythread export` binds it.
    """

    def __init__(self, stage: Stage, unseen: Callable[[VenueId], bool]) -> None:
        self._stage = stage
        self._unseen = unseen

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        message_id = MessageId(step.step_id) if self._unseen(venue_id) else await self._stage.say(venue_id, step)
        note(Told(step.turn_id))
        return message_id

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        if self._unseen(venue_id):
            return panel.message_id or MessageId(panel.panel_id)
        return await self._stage.place(venue_id, panel)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        if self._unseen(venue_id):
            return panel.message_id or MessageId(panel.panel_id)
        message_id = await self._stage.show(venue_id, panel, picture)
        note(Shown(TurnId(panel.step_id.removesuffix("-step")), panel.index + 1, panel.version,
                   panel.verdict.attempts if panel.verdict is not None else 1))
        return message_id

    async def clear(self, venue_id: VenueId, panel: Panel) -> None:
        if not self._unseen(venue_id):
            await self._stage.clear(venue_id, panel)

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        if not self._unseen(venue_id):
            await self._stage.fail(venue_id, turn, reason, panel)

    def hint(self, venue_id: VenueId, event: Event) -> None:
        if not self._unseen(venue_id):
            self._stage.hint(venue_id, event)
