"""Opening the store: alone on the file, sound, of a version this program knows, and with the right keys.

Nothing here repairs or recreates: what cannot be used is left as it is and named by `StoreUnusable.reason`.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from engine.failing import reason_of
from engine.nouns import StoreUnusable
from engine.settings import Settings
from engine.store import tables
from engine.store.driver import Driver
from engine.store.keys import KEY_BYTES, MasterKey, finish_turning, read_master_key
from engine.store.library import Lock, SqlLibrary
from engine.store.pictures import PictureFiles
from engine.store.postgres import asynchronous_engine, blocking_url
from engine.store.resealing import WORDS_SEALED
from engine.store.roll import Roll
from engine.store.room import or_full
from engine.store.session import READING, plain_failures, prepare_sqlite

MIGRATIONS = Path(__file__).parent / "migrations"

#: PostgreSQL's advisory lock that one migrating process holds (any fixed number).
_MIGRATION_LOCK = 0x53544F5259


#: In the data folder while a backup is being put back: nobody else may open what is there.
RESTORING = "restore-unfinished"
#: PostgreSQL's advisory lock that every process holds with the others, and one that changes keys alone.
_HOUSE_LOCK = 0x53544F525A


async def open_library(settings: Settings, *, reading_only: bool = False, alone: bool = False,
                       restoring: bool = False) -> SqlLibrary:
    """The library, checked and migrated. One writing process to an SQLite file at a time.

    With `reading_only` it may be open beside a process that writes (to bind a book while the bot runs): nothing is
    migrated or made, and on SQLite whatever would write fails. With `alone` no other process may be at it, on
    PostgreSQL either; `restoring` is for whoever puts a backup back.

    Raises `StoreUnusable`; its reason is one of store_locked, store_damaged, store_newer, store_read_only, store_full,
    store_unusable (also: no PostgreSQL there), restore_unfinished, master_key_missing, master_key_damaged,
    master_key_wrong, master_key_unwritable, pictures_unusable.
    """
    url = make_url(settings.database_url)
    files = PictureFiles(settings.pictures_url)
    await asyncio.to_thread(files.check)
    lock: Lock | None = None
    if (settings.home / RESTORING).exists() and not restoring:
        raise StoreUnusable("a restore was cut short", reason="restore_unfinished", file=str(settings.home))
    if not reading_only:
        lock = await asyncio.to_thread(take_database, settings, alone=alone)
    if url.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        if not path.exists() and reading_only:
            raise StoreUnusable(f"there is no {path} to read", reason="store_unusable", file=str(path))
    try:
        if url.get_backend_name() == "sqlite":
            await asyncio.to_thread(check_sqlite, path, files)
            progress = path.with_name(f"{path.stem}-workflows{path.suffix}")
            if not reading_only:
                await asyncio.to_thread(_prepare_progress, progress)
            system_url = f"sqlite:///{progress.as_posix()}"
            engine = create_async_engine(url, pool_size=8, max_overflow=8, pool_timeout=120, hide_parameters=True,
                                         module=Driver())
            prepare_sqlite(engine, reading_only=reading_only)
        else:
            system_url = blocking_url(url).render_as_string(hide_password=False)
            engine = asynchronous_engine(url, pool_size=8, max_overflow=8, pool_timeout=120, pool_pre_ping=True,
                                         hide_parameters=True)
        try:
            master_key, roll = await _unlock(engine, settings, reading_only=reading_only)
            library = SqlLibrary(engine, settings, files, master_key, system_database_url=system_url, lock=lock,
                                 roll=roll)
            try:
                await library.settle(reading_only=reading_only)
                if lock is not None and url.get_backend_name() == "sqlite":
                    await asyncio.to_thread(_keep_private, settings)
                return library
            except BaseException:
                library.leave()
                raise
        except BaseException:
            await engine.dispose()
            raise
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def sqlite_path(url: URL) -> Path:
    """The file an SQLite address names. Raises `StoreUnusable` for a database in memory."""
    if not url.database or url.database == ":memory:":
        raise StoreUnusable("the SQLite address names no file: everything would be gone at the next start",
                            reason="store_unusable")
    return Path(url.database).absolute()


def check_sqlite(path: Path, files: PictureFiles) -> None:
    """Raise `StoreUnusable` for a file that is there and is not sound. Nothing there is sound."""
    if not path.exists():
        return
    if path.stat().st_size == 0 and not files.is_empty():
        raise StoreUnusable(f"{path} is empty, but there are pictures", reason="store_damaged", file=str(path))
    try:
        # mode=rw: looks into a log that a crash left behind, and never makes a file.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=5)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        otherwise = "store_unusable" if isinstance(error, sqlite3.OperationalError) else "store_damaged"
        reason = "store_locked" if "locked" in str(error) else or_full(reason_of(error) or otherwise, path.parent)
        raise StoreUnusable(f"{path}: {error}", reason=reason, file=str(path)) from error
    if answer != "ok":
        raise StoreUnusable(f"{path}: {answer}", reason="store_damaged", file=str(path))


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Bring the tables to revision `to`, all or nothing. Raises `StoreUnusable` for a database of a newer program."""
    scripts = ScriptDirectory(str(MIGRATIONS))

    def steps(revision: tuple[str, ...], _: MigrationContext) -> Sequence[object]:
        return scripts._upgrade_revs(to, revision)  # type: ignore[arg-type]

    # What alembic's own env.py does, without a file that runs when it is imported.
    context = MigrationContext.configure(connection, opts={
        "fn": steps, "target_metadata": tables.metadata, "transactional_ddl": True, "script": scripts})
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    for revision in context.get_current_heads():
        try:
            scripts.get_revision(revision)
        except CommandError as error:
            raise StoreUnusable(f"the database is of version {revision}, which this program does not know",
                                reason="store_newer") from error
    with Operations.context(context):
        context.run_migrations()


async def _unlock(engine: AsyncEngine, settings: Settings, *, reading_only: bool) -> tuple[MasterKey, Roll]:
    """Migrate, and read the master key: made when nothing was ever sealed, recognised otherwise."""
    if reading_only:
        return await _recognise(engine, settings)
    with plain_failures():
        try:
            async with engine.begin() as connection:
                await connection.run_sync(migrate)
                house = tables.house
                kept = {row.key: row.value for row in await connection.execute(select(house))}
                mark = kept.get("master_key")
                if mark is not None:
                    await asyncio.to_thread(finish_turning, settings.master_key_file, mark)
                master_key = await asyncio.to_thread(read_master_key, settings.master_key_file,
                                                     may_create=mark is None)
                new = {}
                if mark is None:
                    new["master_key"] = master_key.mark()
                elif not hmac.compare_digest(mark, master_key.mark()):
                    raise _another_key(settings)
                if "roll_key" not in kept:
                    new["house_id"] = secrets.token_hex(8).encode()
                    new["roll_key"] = master_key.sealed_for_house(secrets.token_bytes(KEY_BYTES), "roll_key")
                for key, value in new.items():
                    await connection.execute(house.insert().values(key=key, value=value))
                return master_key, _roll(settings, master_key, kept | new)
        except OSError as error:           # asyncpg: nobody answers at that address
            raise StoreUnusable(f"the database cannot be reached: {error}", reason="store_unusable") from error


def _another_key(settings: Settings) -> StoreUnusable:
    return StoreUnusable(f"{settings.master_key_file} is the key of another database", reason="master_key_wrong",
                         file=str(settings.master_key_file))


def _roll(settings: Settings, master_key: MasterKey, house: dict[str, bytes]) -> Roll:
    return Roll(settings.master_key_file, house["house_id"].decode(),
                master_key.opened_for_house(house["roll_key"], "roll_key"))


async def _recognise(engine: AsyncEngine, settings: Settings) -> tuple[MasterKey, Roll]:
    """The master key of a database that is used as it is: of this very version."""
    with plain_failures():
        try:
            async with engine.execution_options(**READING).connect() as connection:
                heads = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
                newest = ScriptDirectory(str(MIGRATIONS)).get_heads()
                if set(heads) != set(newest):
                    raise StoreUnusable(f"the database is of version {', '.join(heads) or 'none'}, not "
                                        f"{', '.join(newest)}", reason="store_newer" if heads else "store_unusable")
                kept = {row.key: row.value for row in await connection.execute(select(tables.house))}
                if kept.get("words") != WORDS_SEALED:
                    raise StoreUnusable("the words in it are not sealed yet: start the bot once",
                                        reason="store_unusable")
        except OSError as error:
            raise StoreUnusable(f"the database cannot be reached: {error}", reason="store_unusable") from error
    master_key = await asyncio.to_thread(read_master_key, settings.master_key_file, may_create=False)
    if not hmac.compare_digest(kept["master_key"], master_key.mark()):
        raise _another_key(settings)
    return master_key, _roll(settings, master_key, kept)


def take_database(settings: Settings, *, alone: bool) -> Lock:
    """Be the only process on an SQLite file; on PostgreSQL one of several, or with `alone` the only one.

    Raises `StoreUnusable` ("store_locked").
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _take(sqlite_path(url))
    return _Advisory(url, alone=alone)


class _Advisory:
    """PostgreSQL's own lock, held by a connection: it ends with the process."""

    def __init__(self, url: URL, *, alone: bool) -> None:
        self._engine = create_engine(blocking_url(url), poolclass=NullPool, hide_parameters=True)
        try:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except OperationalError as error:
            raise StoreUnusable(f"the database cannot be reached: {str(error.orig).splitlines()[0]}",
                                reason="store_unusable") from error
        self._kind = "" if alone else "_shared"
        if not self._call(f"pg_try_advisory_lock{self._kind}"):
            self._connection.close()
            place = url.render_as_string(hide_password=True)
            raise StoreUnusable(f"{place} is in use by another process", reason="store_locked", file=place)

    def release(self) -> None:
        """Let others at it."""
        # Asked for by itself: the server lets a lock of a closed connection go only when it gets round to that.
        with suppress(OperationalError):
            self._call(f"pg_advisory_unlock{self._kind}")
        self._connection.close()

    def _call(self, function: str) -> bool:
        return bool(self._connection.execute(text(f"SELECT {function}(:key)"), {"key": _HOUSE_LOCK}).scalar())


def _take(path: Path) -> FileLock:
    """Be the only process on this file, or raise `StoreUnusable`."""
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=0, thread_local=False, mode=0o600)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreUnusable(f"{path} is in use by another process", reason="store_locked", file=str(path)) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreUnusable(f"{path.parent} cannot be written to: {error.strerror}",
                            reason="store_full" if full else "store_read_only", file=str(path.parent)) from error
    if path.exists() and not os.access(path, os.W_OK):
        lock.release()
        raise StoreUnusable(f"{path} cannot be written to", reason="store_read_only", file=str(path))
    return lock


def _prepare_progress(path: Path) -> None:
    """The durable workflows' file: sound, and with a write-ahead log, which their own code does not ask for."""
    try:
        if path.exists():
            path.chmod(0o600)
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("malformed")
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        otherwise = "store_unusable" if isinstance(error, sqlite3.OperationalError) else "store_damaged"
        reason = or_full(reason_of(error) or otherwise, path.parent)
        raise StoreUnusable(f"{path}: {error}", reason=reason, file=str(path)) from error


def _keep_private(settings: Settings) -> None:
    """The files are for the operator's account alone: who wrote when with whom can be seen without any key."""
    path = sqlite_path(make_url(settings.database_url))
    for file in path.parent.glob(f"{path.stem}*"):
        file.chmod(0o600)
