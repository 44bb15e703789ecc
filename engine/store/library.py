"""`SqlLibrary`: the `Library` port on SQLAlchemy, SQLite or PostgreSQL by address alone."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy import Row, create_engine, or_, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from engine.nouns import StoreUnusable
from engine.settings import Settings
from engine.store import tables
from engine.store.jobs import Jobs
from engine.store.keys import MasterKey
from engine.store.pictures import PictureFiles
from engine.store.postgres import blocking_url
from engine.store.resealing import WORDS_SEALED, seal_words
from engine.store.roll import Roll
from engine.store.sealing import Keyring, OwnerKey, hang_up, take_down
from engine.store.session import damage_of, reading_together
from engine.store.storyboards import Storyboards
from engine.store.tidying import Tidying


class Lock(Protocol):
    """What keeps other processes away."""

    def release(self) -> None:
        """Let them in."""


class SqlLibrary(Storyboards, Tidying, Jobs):
    """Everything that is kept; see engine/ports.py for what each method promises.

    `open_library` makes one. Its parts, each a file: people, stories, memory, forgetting, withdrawing, exporting,
    leaving, moderating, tidying, jobs. A method called while `engine.store.session.current_session` holds a session
    joins that transaction, except `forget`, `forget_server`, `forget_story`, `remove_character`, `remove_reported` and
    `take_away`, which delete files and stand alone, and all that is about jobs.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, files: PictureFiles, master_key: MasterKey, *,
                 system_database_url: str, lock: Lock | None, roll: Roll) -> None:
        super().__init__(engine, settings, files, master_key, Keyring(self._find_key), roll, system_database_url)
        self._lock = lock
        hang_up(self._ring)

    async def settle(self, *, reading_only: bool) -> None:
        """Before anything is read: words are sealed, whoever was forgotten is, what was left over goes.

        With `reading_only`, raise `StoreUnusable` where any of that is still to be done.
        """
        async with self._reading() as session:
            for row in await session.execute(select(tables.owners)):
                self._know(row)
            done = set(await session.scalars(select(tables.forgotten.c.forgetting_id)))
            words = await session.scalar(select(tables.house.c.value).where(tables.house.c.key == "words"))
        entries = await asyncio.to_thread(self._roll.entries)
        late = [entry for entry in entries if entry.forgetting_id not in done]
        if reading_only:
            if late:
                raise StoreUnusable("somebody in it is still to be forgotten: start the bot once",
                                    reason="store_unusable")
            return
        if words != WORDS_SEALED:
            await asyncio.to_thread(seal_words, self.sync_url, self._master_key, self._ring)
        await self.forget_again(late)
        await asyncio.to_thread(self._roll.add, await self._not_on_roll(entries))
        await self.sweep()

    @property
    def engine(self) -> AsyncEngine:
        """For whoever opens transactions around Library calls: the durable workflows."""
        return self._engine

    @property
    def system_database_url(self) -> str:
        """Where durable workflows keep their progress: a file beside the SQLite file, or the same PostgreSQL."""
        return self._system_database_url

    @property
    def damaged(self) -> asyncio.Event:
        """Set once the database has said that it is damaged."""
        return damage_of(self._engine)

    def reading_together(self) -> AbstractAsyncContextManager[None]:
        """Several questions about the same moment, for the price of one transaction; see `engine.store.session`."""
        return reading_together(self._engine)

    @property
    def roll(self) -> Roll:
        """Who was forgotten."""
        return self._roll

    @property
    def master_key(self) -> MasterKey:
        """What opens every owner's key; for changing it."""
        return self._master_key

    @property
    def sync_url(self) -> URL:
        """The same database, for what is done in a thread."""
        url = self._engine.url
        return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else blocking_url(url)

    def _find_key(self, key_id: str) -> bytes | None:
        """A newcomer's key, whom another process let in: asked for at once, on a connection of its own."""
        owners = tables.owners
        engine = create_engine(self.sync_url, poolclass=NullPool, hide_parameters=True)
        with engine.connect() as connection:
            row = connection.execute(select(owners).where(
                or_(owners.c.key_id == key_id, owners.c.former_key_id == key_id))).first()
        if row is None:
            return None
        return self._master_key.owner_key(row.owner_id,
                                          row.wrapped_key if row.key_id == key_id else row.former_key)

    def _know(self, row: Row[Any]) -> None:
        self._ring.add(OwnerKey(row.key_id, self._master_key.owner_key(row.owner_id, row.wrapped_key)))
        if row.former_key is not None:
            self._ring.add(OwnerKey(row.former_key_id, self._master_key.owner_key(row.owner_id, row.former_key)))

    def leave(self) -> None:
        """Words do not open with the keys of this library any more."""
        take_down(self._ring)

    async def close(self) -> None:
        """Let go of the database and of the lock on it."""
        self.leave()
        await self._engine.dispose()
        if self._lock is not None:
            self._lock.release()
