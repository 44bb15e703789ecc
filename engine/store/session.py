"""Transactions: each Library call its own, or one that somebody else has opened.

Durable work commits rows and the record that a step is done together: it puts its session into `current_session`
around the write, and every Library method called there joins it instead of opening its own. Inside, one thing after
another: a session is not shared by tasks that run at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.failing import reason_of as reason_of
from engine.failing import told_plainly
from engine.nouns import StoreUnusable
from engine.store.driver import Connection as Driven
from engine.store.room import or_full

#: A transaction to join, or None. Set by whoever opened it, and reset before it commits.
current_session: ContextVar[AsyncSession | None] = ContextVar("current_session", default=None)

#: Milliseconds one writer waits for another before it says that the database is locked.
BUSY_TIMEOUT_MS = 30_000
#: Execution options of a connection that only reads: it begins without the write lock.
READING = {"storythread_reading": True}
_ONLY_READS = "storythread_only_reads"


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that sees one moment: everything read in it belongs together."""
    joined = current_session.get()
    if joined is not None:
        yield joined
        return
    with plain_failures(engine):
        async with AsyncSession(engine.execution_options(**READING), expire_on_commit=False) as session:
            if engine.dialect.name == "postgresql":
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session


@asynccontextmanager
async def reading_together(engine: AsyncEngine) -> AsyncIterator[None]:
    """Every Library call inside reads the same moment, in one transaction; none may write. One after another."""
    if current_session.get() is not None:
        yield
        return
    async with reading(engine) as session:
        session.info[_ONLY_READS] = True
        token = current_session.set(session)
        try:
            yield
        finally:
            current_session.reset(token)


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that commits when the block ends, or rolls back when it raises; or the one to join."""
    joined = current_session.get()
    if joined is not None:
        if _ONLY_READS in joined.info:
            raise RuntimeError("what only reads cannot be written in")
        yield joined
        return
    async with alone(engine) as session:
        yield session


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A transaction of its own, for what deletes files: it cannot be part of one that may be rolled back later."""
    if current_session.get() is not None:
        raise RuntimeError("this cannot join another transaction")
    with plain_failures(engine):
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session


@contextmanager
def plain_failures(engine: AsyncEngine | None = None) -> Iterator[None]:
    """As `engine.failing.told_plainly`; a database that says it is damaged is remembered as such."""
    try:
        with told_plainly():
            yield
    except StoreUnusable as failure:
        if engine is not None and failure.reason == "store_damaged":
            damage_of(engine).set()
        if engine is not None and engine.dialect.name == "sqlite" and engine.url.database:
            failure.reason = or_full(failure.reason, Path(engine.url.database).parent)
        raise


def damage_of(engine: AsyncEngine) -> asyncio.Event:
    """Set once this database has said that it is damaged: whoever runs it should write nothing more, and stop."""
    return _damages.setdefault(engine.sync_engine, asyncio.Event())


_damages: WeakKeyDictionary[Engine, asyncio.Event] = WeakKeyDictionary()


def prepare_sqlite(engine: AsyncEngine, *, reading_only: bool = False) -> None:
    """Make SQLite's transactions real, and keep the file safe.

    Python's driver starts a transaction only before the first change, so two reads may see two moments, and a
    reader that becomes a writer can fail at once. Here every transaction begins where it says: writers take the
    write lock first, and wait for each other at most `busy_timeout`.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: object, record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON",
            "query_only=ON" if reading_only else "journal_mode=WAL",
            "synchronous=FULL",            # an accepted turn survives a power cut, not only a crash
            "secure_delete=ON",            # what is forgotten is overwritten, not only unlinked
            "cache_size=-1024",            # KiB a connection; the system caches the file as well
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        reads = reading_only or READING.items() <= connection.get_execution_options().items()
        statement = "BEGIN" if reads else "BEGIN IMMEDIATE"
        adapted = connection.connection.dbapi_connection
        if isinstance(adapted, Driven):    # it goes with the first statement
            adapted.begin(statement)
        else:
            connection.exec_driver_sql(statement)
