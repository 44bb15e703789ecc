"""`SqlLibrary`: the `Library` port on SQLAlchemy, SQLite or PostgreSQL by address alone."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from engine.settings import Settings
from engine.store.keys import MasterKey
from engine.store.moderating import Moderating
from engine.store.pictures import PictureFiles
from engine.store.session import reading_together
from engine.store.storyboards import Storyboards


class Lock(Protocol):
    """What keeps other processes away."""

    def release(self) -> None:
        """Let them in."""


class SqlLibrary(Storyboards, Moderating):
    """Everything that is kept; see engine/ports.py for what each method promises.

    `open_library` makes one. Its parts, each a file: people, stories, memory, forgetting, withdrawing, exporting,
    leaving, moderating. A method called while `engine.store.session.current_session` holds a session joins that
    transaction, except `forget`, `forget_server`, `forget_story`, `remove_character`, `remove_reported` and
    `take_away`, which delete files and stand alone.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, files: PictureFiles, master_key: MasterKey, *,
                 system_database_url: str, lock: Lock | None) -> None:
        super().__init__(engine, settings, files, master_key)
        self._system_database_url = system_database_url
        self._lock = lock

    @property
    def engine(self) -> AsyncEngine:
        """For whoever opens transactions around Library calls: the durable workflows."""
        return self._engine

    @property
    def system_database_url(self) -> str:
        """Where durable workflows keep their progress: a file beside the SQLite file, or the same PostgreSQL."""
        return self._system_database_url

    def reading_together(self) -> AbstractAsyncContextManager[None]:
        """Several questions about the same moment, for the price of one transaction; see `engine.store.session`."""
        return reading_together(self._engine)

    async def close(self) -> None:
        """Let go of the database and of the lock on it."""
        await self._engine.dispose()
        if self._lock is not None:
            self._lock.release()
