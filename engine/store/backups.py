"""Backups: a house of its own in a folder, made while the bot runs, whole or not at all; and putting one back.

A backup holds one SQLite file (also when the house is on PostgreSQL), the workflows' file, the sealed pictures, and
`manifest.json` with the SHA-256 of each. It never holds the master key. Somebody who is forgotten is forgotten in the
backups the house knows of too: a backup is opened as the house it is, cleared, and put in its own place again.

Nothing is changed in place: what is new is made beside, and takes the old one's place by renaming a folder. What a
crash left beside is finished or thrown away the next time.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import json
import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, func, insert, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.nouns import NotFound, PictureId, StoreUnusable
from engine.settings import Settings
from engine.store import tables
from engine.store.keys import OLD, MasterKey, read_master_key
from engine.store.opening import RESTORING, check_sqlite, migrate, open_library, sqlite_path, take_database
from engine.store.pictures import PictureFiles, keys_of
from engine.store.records import Records
from engine.store.resealing import bare_twin, quiet_engine
from engine.store.roll import Roll

log = logging.getLogger(__name__)

#: What this program writes. It reads this and older ones.
FORMAT = 1
MANIFEST, DATABASE, WORKFLOWS, PICTURES = ("manifest.json", "storythread.sqlite", "storythread-workflows.sqlite",
                                           "pictures")
#: Below the data folder: backups by the moment they were made, and the paths of those made elsewhere.
FOLDER, ELSEWHERE = "backups", "elsewhere"
#: What a backup that is damaged or out of reach raises.
BROKEN = (StoreUnusable, OSError, SQLAlchemyError, sqlite3.Error)
#: A picture that goes while it is copied makes the copy of the database too old; then both are taken again.
ROUNDS = 5
NOTE = ("This backup does not hold the master key, without which none of it can be read. "
        "docs/backup.md says how to keep that and how to try a restore.")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup."""

    format: int
    made_at: str                           # ISO 8601, UTC
    house_id: str
    revision: str                          # of the tables
    master_key_mark: str                   # an HMAC by which the right key is known, hexadecimal
    forgotten: tuple[str, ...]             # forgettings this backup was cleared by
    files: dict[str, tuple[int, str]]      # path below the folder -> bytes, SHA-256
    holds_master_key: bool = False
    note: str = NOTE


@dataclass(slots=True)
class Restored:
    """What was put back."""

    made_at: str
    stories: int = 0
    characters: int = 0
    pictures: int = 0
    open_turns: int = 0
    forgotten: int = 0                     # people who were forgotten since the backup was made
    older_key: bool = False


# --- making one ------------------------------------------------------------------------------------

async def make_backup(settings: Settings, folder: Path | None = None) -> Path:
    """A backup of everything but the master key, beside whatever is running. Returns its folder.

    `folder` must not exist yet, or be empty; without it, one in the data folder, named by the moment. Raises
    `StoreUnusable` (backup_in_the_way, picture_damaged, store_full, and why the house cannot be read).
    """
    target = (folder or _named_by_the_moment(settings.home / FOLDER)).absolute()
    reader = await open_library(settings, reading_only=True)          # sound, of this version, with the right key
    try:
        target = await asyncio.to_thread(_make, settings, target)
    finally:
        await reader.close()
    if folder is not None:
        await asyncio.to_thread(_note_elsewhere, settings.home, target)
    # Whoever was forgotten while it was made: the list is written before anything else of a forgetting.
    await cleanse_backups(settings, reader.roll, only=target)
    return target


def _named_by_the_moment(folder: Path) -> Path:
    """The first name that is free; two backups may be made within a second."""
    name = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(folder / each for each in names if not (folder / each).exists())


def _make(settings: Settings, target: Path) -> Path:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreUnusable(f"{target} is there already", reason="backup_in_the_way", file=str(target))
    with _making(target) as partial:
        url = make_url(settings.database_url)
        files = PictureFiles(settings.pictures_url)
        for _ in range(ROUNDS):
            _copy_databases(url, partial)
            missing = _copy_pictures(partial, files)
            if not missing:
                break
            damaged = missing[0]           # gone meanwhile, or missing for good: another look tells
        else:
            raise StoreUnusable(f"picture {damaged} is missing or damaged", reason="picture_damaged")
        _write_manifest(partial)
    return target


@contextmanager
def _making(target: Path) -> Iterator[Path]:
    """A folder beside, which takes the target's place at the end, or goes."""
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(mode=0o700, parents=True)
        lock = FileLock(partial.with_name(partial.name + ".lock"), mode=0o600)
        lock.acquire(timeout=0)
    except OSError as error:
        raise _plainly(error, partial) from error
    try:
        yield partial
        if target.exists():
            target.rmdir()                 # empty
        _move(partial, target)
        _flush(target.parent)
    except OSError as error:
        raise _plainly(error, partial) from error
    except sqlite3.Error as error:
        raise StoreUnusable(f"{target} cannot be written: {error}", file=str(target),
                            reason="store_full" if "full" in str(error) else "store_unusable") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _copy_databases(url: URL, partial: Path) -> None:
    """Workflow records first: a turn that ends in between is then played again, which changes nothing."""
    for name in (WORKFLOWS, DATABASE):
        (partial / name).unlink(missing_ok=True)
    if url.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        progress = path.with_name(f"{path.stem}-workflows{path.suffix}")
        for source, name in ((progress, WORKFLOWS), (path, DATABASE)):
            if source.exists():
                _copy_sqlite(source, partial / name)
    else:
        Records(_records_at(url)).copy_to(Records(f"sqlite:///{partial / WORKFLOWS}"))
        if (partial / WORKFLOWS).exists():
            (partial / WORKFLOWS).chmod(0o600)
            _flush_file(partial / WORKFLOWS)
        _copy_postgres(url, partial / DATABASE)
    (partial / DATABASE).chmod(0o600)


def _records_at(url: URL) -> str:
    """Where a house on PostgreSQL keeps the records of its workflows: beside its rows."""
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _copy_sqlite(source: Path, target: Path) -> None:
    """The file as of one moment, without free pages that may hold what was deleted."""
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=30)) as reading:
        reading.execute("VACUUM INTO ?", (str(target),))
    _flush_file(target)


def _copy_postgres(url: URL, target: Path) -> None:
    """Every row as of one moment, sealed as it is, in an SQLite file."""
    here = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, hide_parameters=True)
    there = create_engine(f"sqlite:///{target}", poolclass=NullPool, hide_parameters=True)
    with here.connect().execution_options(isolation_level="REPEATABLE READ") as source, there.begin() as copy:
        migrate(copy)
        copy_rows(source, copy)
        if inspect(source).has_table("datasource_outputs", schema="dbos"):
            copy.execute(text("CREATE TABLE datasource_outputs (workflow_id TEXT NOT NULL, step_id INTEGER NOT NULL, "
                              "output TEXT, error TEXT, serialization TEXT, created_at INTEGER NOT NULL, "
                              "PRIMARY KEY (workflow_id, step_id))"))
            for row in source.execute(text("SELECT workflow_id, step_id, output, error, serialization, created_at "
                                           "FROM dbos.datasource_outputs")).mappings():
                copy.execute(text("INSERT INTO datasource_outputs VALUES (:workflow_id, :step_id, :output, :error, "
                                  ":serialization, :created_at)"), dict(row))
    _flush_file(target)


def copy_rows(source: Connection, target: Connection) -> None:
    """Every row of every table, sealed as it is. The target's tables are empty."""
    for table in tables.metadata.sorted_tables:
        twin = bare_twin(table)
        rows = [dict(row) for row in source.execute(select(twin)).mappings()]
        for portion in _parents_first(rows) if table.name == "steps" else [rows]:
            for start in range(0, len(portion), 500):
                target.execute(insert(twin), portion[start:start + 500])
        if target.dialect.name == "postgresql" and "number" in twin.c and rows:
            target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "number"),
                                              max(row["number"] for row in rows))))


def _parents_first(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Steps in rounds: none before the one it follows."""
    waiting = rows
    told: set[Any] = {None}
    while waiting:
        ready = [row for row in waiting if row["parent"] in told]
        if not ready:
            raise StoreUnusable("a page follows one that is not there", reason="store_damaged")
        yield ready
        told |= {row["step_id"] for row in ready}
        waiting = [row for row in waiting if row["step_id"] not in told]


def _copy_pictures(partial: Path, files: PictureFiles) -> list[str]:
    """Copy what is not copied yet, drop what is not named any more. Returns pictures that are not there."""
    copies = PictureFiles((partial / PICTURES).as_posix())
    named = dict(_named_pictures(partial / DATABASE))
    for path, _ in list(copies.every()):
        if path not in named:
            copies.delete(path)
    missing: list[str] = []

    def copy(path: str) -> None:
        try:
            copies.put(path, files.get(path))
        except FileNotFoundError:
            missing.append(named[path])

    files.each(copy, [path for path in named if not copies.has(path)])
    copies.tidy()
    return missing


def _named_pictures(database: Path) -> list[tuple[str, str]]:
    """Path and id of every picture a database names."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return [(f"{folder}/{picture[:2]}/{picture}", picture) for folder, picture in connection.execute(
            "SELECT owners.folder, pictures.picture_id FROM pictures JOIN owners USING (owner_id)")]


# --- what is in one --------------------------------------------------------------------------------

def _write_manifest(folder: Path) -> None:
    with closing(sqlite3.connect(f"{(folder / DATABASE).as_uri()}?mode=ro", uri=True)) as connection:
        house = dict(connection.execute("SELECT key, value FROM house"))
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        forgotten = tuple(sorted(each for (each,) in connection.execute("SELECT forgetting_id FROM forgotten")))
    manifest = Manifest(FORMAT, datetime.now(UTC).isoformat(timespec="seconds"), house["house_id"].decode(), revision,
                        house["master_key"].hex(), forgotten, {
                            path.relative_to(folder).as_posix(): _summed(path) for path in _files_in(folder)})
    file = folder / MANIFEST
    file.write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    file.chmod(0o600)
    _flush_file(file)
    for place in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        _flush(place)


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST)


def _summed(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Raises `StoreUnusable` (backup_not_one, backup_newer)."""
    try:
        read = json.loads((folder / MANIFEST).read_text("utf-8"))
        if int(read["format"]) > FORMAT:
            raise StoreUnusable(f"{folder} was made by a newer program", reason="backup_newer", file=str(folder))
        files = {name: (int(size), str(sha)) for name, (size, sha) in read["files"].items()}
        return Manifest(**read | {"forgotten": tuple(read["forgotten"]), "files": files})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreUnusable(f"{folder} is no backup: its manifest cannot be read", reason="backup_not_one",
                            file=str(folder)) from error


def verify(folder: Path) -> Manifest:
    """Every file is there, as it was written, and no other. Raises `StoreUnusable` (backup_damaged and the above)."""
    manifest = read_manifest(folder)
    there = {path.relative_to(folder).as_posix() for path in _files_in(folder)}
    if wrong := sorted(there ^ manifest.files.keys()):
        raise StoreUnusable(f"{folder}: {wrong[0]} is missing, or does not belong there", reason="backup_damaged",
                            file=str(folder))
    for name, summed in manifest.files.items():
        if _summed(folder / name) != summed:
            raise StoreUnusable(f"{folder}: {name} is not as it was written", reason="backup_damaged",
                                file=str(folder))
    return manifest


# --- those the house knows of ----------------------------------------------------------------------

def known_backups(home: Path) -> list[Path]:
    """The folders of all backups that are there and are known, oldest first."""
    folder = home / FOLDER
    places = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    noted = folder / ELSEWHERE
    if noted.is_file():
        places += [Path(line) for line in noted.read_text("utf-8").splitlines() if line]
    return sorted({path for path in places if (path / MANIFEST).is_file() and not path.name.startswith(".")},
                  key=lambda path: path.name)


def _note_elsewhere(home: Path, target: Path) -> None:
    noted = home / FOLDER / ELSEWHERE
    noted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(noted, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
        file.write(f"{target}\n")
        file.flush()
        os.fsync(file.fileno())


async def cleanse_backups(settings: Settings, roll: Roll, *, only: Path | None = None) -> int:
    """Forget in the known backups whoever is on the list. Returns how many were changed.

    One that cannot be opened (by another master key, on a disk that is away) is left for the next time.
    """
    places = [only] if only is not None else [settings.home / FOLDER, *_elsewhere_folders(settings.home)]
    if only is None:
        for place in places:
            await asyncio.to_thread(_finish, place)
    entries = {entry.forgetting_id for entry in await asyncio.to_thread(roll.entries)}
    count = 0
    for backup in [only] if only is not None else await asyncio.to_thread(known_backups, settings.home):
        try:
            manifest = await asyncio.to_thread(read_manifest, backup)
            if manifest.house_id == roll.house_id and entries - set(manifest.forgotten):
                await remade(settings, backup, _settle)
                count += 1
        except BROKEN as error:
            log.warning("a backup could not be cleared of somebody: %s", getattr(error, "reason", type(error).__name__))
    return count


async def _settle(settings: Settings) -> None:
    """Opening is all it takes: whoever is on the list is forgotten before anything is read."""
    library = await open_library(settings)
    await library.close()


async def remade(settings: Settings, backup: Path, change: Callable[[Settings], Awaitable[None]]) -> None:
    """Change a backup: a copy of it is changed as the house it is, and takes its place. Whole at every moment."""
    beside = backup.with_name(f".{backup.name}.remade")
    await asyncio.to_thread(_copy_backup, backup, beside)
    await change(settings.model_copy(update={
        "home": beside, "database_url": f"sqlite+aiosqlite:///{(beside / DATABASE).as_posix()}",
        "pictures_url": (beside / PICTURES).as_posix()}))
    await asyncio.to_thread(_exchange, backup, beside)


def _copy_backup(backup: Path, beside: Path) -> None:
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    for name in (DATABASE, WORKFLOWS):
        if (backup / name).exists():
            shutil.copyfile(backup / name, beside / name)
    for path in _files_in(backup / PICTURES) if (backup / PICTURES).is_dir() else ():
        copy = beside / path.relative_to(backup)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(path, copy)            # sealed files never change: one that goes is unlinked here only
        except OSError:
            shutil.copyfile(path, copy)


def _exchange(backup: Path, beside: Path) -> None:
    for name in (DATABASE, WORKFLOWS):
        if (beside / name).exists():
            with closing(sqlite3.connect(beside / name)) as connection:
                connection.execute("PRAGMA secure_delete=ON")
                connection.execute("PRAGMA journal_mode=DELETE")
                connection.execute("VACUUM")
            _flush_file(beside / name)
    for path in beside.iterdir():
        if path.is_file() and path.name not in (DATABASE, WORKFLOWS):
            path.unlink()
    _write_manifest(beside)                # with it, it is whole
    old = backup.with_name(f".{backup.name}.replaced")
    _move(backup, old)
    _move(beside, backup)
    _flush(backup.parent)
    shutil.rmtree(old)


def _elsewhere_folders(home: Path) -> list[Path]:
    noted = home / FOLDER / ELSEWHERE
    lines = noted.read_text("utf-8").splitlines() if noted.is_file() else []
    return sorted({Path(line).parent for line in lines if line})


def _finish(place: Path) -> None:
    """Finish or throw away what a crash left beside the backups here."""
    for path in sorted(place.glob(".*")) if place.is_dir() else ():
        name = path.name.removeprefix(".")
        if path.name.endswith(".replaced"):
            backup = place / name.removesuffix(".replaced")
            beside = place / f".{backup.name}.remade"
            if not backup.exists():        # between the two renamings
                _move(beside if (beside / MANIFEST).is_file() else path, backup)
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.endswith(".remade"):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.endswith(".partial"):
            lock = FileLock(path.with_name(path.name + ".lock"), mode=0o600)
            try:
                with lock.acquire(timeout=0):              # whoever makes one holds it
                    shutil.rmtree(path, ignore_errors=True)
                    Path(lock.lock_file).unlink(missing_ok=True)
            except Timeout:
                continue


def tidy_backups(home: Path, days: int) -> int:
    """Delete the backups in the data folder older than so many days, but for the newest. Returns how many."""
    own = [path for path in known_backups(home) if path.parent == home / FOLDER]
    if not days or len(own) < 2:
        return 0
    made = {path: datetime.fromisoformat(read_manifest(path).made_at) for path in own}
    late = [path for path in sorted(own, key=lambda path: made[path])[:-1]
            if made[path] < datetime.now(UTC) - timedelta(days=days)]
    for path in late:
        shutil.rmtree(path)
    return len(late)


# --- putting one back ------------------------------------------------------------------------------

async def restore_backup(settings: Settings, folder: Path, *, force: bool = False,
                         key_file: Path | None = None) -> Restored:
    """Put a backup in the place of what is here. Everything is looked at before anything is touched.

    `force` lets it take the place of something; `key_file` is the older master key a backup from before a change of
    keys opens with. Cut short, the house stays shut (restore_unfinished) until this was done again. Raises
    `StoreUnusable` (backup_..., restore_in_the_way, store_locked, master_key_..., picture_damaged).
    """
    manifest = await asyncio.to_thread(verify, folder)
    master_key, current = await asyncio.to_thread(_keys_for, settings, manifest, key_file)
    url = make_url(settings.database_url)
    lock = await asyncio.to_thread(take_database, settings, alone=True)
    try:
        if not force and not (settings.home / RESTORING).exists() and await asyncio.to_thread(_occupied, settings):
            raise StoreUnusable("there is something in the data folder already", reason="restore_in_the_way",
                                file=str(settings.home))
        staged = settings.home / ".restoring"
        await asyncio.to_thread(_stage, folder, staged, manifest, master_key, current)
        await asyncio.to_thread(_put_in_place, settings, url, staged)
    finally:
        lock.release()
    library = await open_library(settings, restoring=True)
    try:
        restored = Restored(manifest.made_at, older_key=key_file is not None)
        restored.open_turns = len(await library.open_turns())
        async with library.engine.connect() as connection:
            for table in (tables.stories, tables.characters):
                setattr(restored, table.name, (await connection.execute(
                    select(func.count()).select_from(table))).scalar_one())
            done = set((await connection.execute(select(tables.forgotten.c.forgetting_id))).scalars())
            pictures = list((await connection.execute(select(tables.pictures.c.picture_id))).scalars())
        restored.forgotten = len(done - set(manifest.forgotten))
        for picture in pictures:
            await library.picture(PictureId(picture))
        restored.pictures = len(pictures)
    except NotFound as error:
        raise StoreUnusable("a picture went while it was looked at", reason="picture_damaged") from error
    finally:
        await library.close()
    await asyncio.to_thread(_done, settings)
    return restored


def _keys_for(settings: Settings, manifest: Manifest, key_file: Path | None) -> tuple[MasterKey, MasterKey]:
    """The key a backup opens with, and the one it is to open with from now on."""
    current = read_master_key(settings.master_key_file, may_create=False)
    key = current if key_file is None else read_master_key(key_file, may_create=False)
    if not hmac.compare_digest(key.mark().hex(), manifest.master_key_mark):
        file = str(key_file or settings.master_key_file)
        raise StoreUnusable(f"{file} is not the key of this backup", reason="backup_key_wrong", file=file)
    return key, current


def _occupied(settings: Settings) -> bool:
    url = make_url(settings.database_url)
    if not PictureFiles(settings.pictures_url).is_empty():
        return True
    if url.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        return path.exists() and path.stat().st_size > 0
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        there = inspect(connection)
        return there.has_table("owners") and bool(
            connection.execute(select(func.count()).select_from(tables.owners)).scalar())


def _stage(folder: Path, staged: Path, manifest: Manifest, key: MasterKey, current: MasterKey) -> None:
    """A copy beside, in which every picture opens with its owner's key."""
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(mode=0o700, parents=True)
        for name, summed in manifest.files.items():
            copy = staged / name
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(folder / name, copy)
            copy.chmod(0o600)
            _flush_file(copy)
            if _summed(copy) != summed:
                raise StoreUnusable(f"{name} changed while it was copied", reason="backup_damaged", file=str(folder))
    except OSError as error:
        raise _plainly(error, staged) from error
    check_sqlite(staged / DATABASE, PictureFiles((staged / PICTURES).as_posix()))
    engine = quiet_engine(make_url(f"sqlite:///{staged / DATABASE}"))
    with engine.begin() as connection:
        migrate(connection)                # also says whether it is of a newer program
        if key is not current:
            rewrap(connection, key, current)
    files = PictureFiles((staged / PICTURES).as_posix())
    with engine.connect() as connection:
        owners, pictures = tables.owners, tables.pictures
        for row in connection.execute(select(owners, pictures.c.picture_id).join(pictures)):
            keys = keys_of(current, row.owner_id, row.wrapped_key, row.naming_key, row.former_key)
            files.read(files.path(row.folder, row.picture_id), keys, PictureId(row.picture_id))
    engine.dispose()
    with closing(sqlite3.connect(staged / DATABASE)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _put_in_place(settings: Settings, url: URL, staged: Path) -> None:
    """From here on the house is shut until this was done to the end."""
    marker = settings.home / RESTORING
    marker.touch(0o600)
    _flush_file(marker)
    _flush(settings.home)
    aside = settings.home / ".replaced"
    files = PictureFiles(settings.pictures_url)
    if url.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        for old in (path, path.with_name(f"{path.stem}-workflows{path.suffix}")):
            for ending in ("-wal", "-shm", "-journal", ""):
                if old.with_name(old.name + ending).exists():
                    _move(old.with_name(old.name + ending), aside / (old.name + ending))
        _move(staged / DATABASE, path)
        if (staged / WORKFLOWS).exists():
            _move(staged / WORKFLOWS, path.with_name(f"{path.stem}-workflows{path.suffix}"))
        _flush(path.parent)
    else:
        _fill_postgres(url, staged / DATABASE)
        if (staged / WORKFLOWS).exists():
            Records(f"sqlite:///{staged / WORKFLOWS}").copy_to(Records(_records_at(url)))
    copies = PictureFiles((staged / PICTURES).as_posix())
    kept = {name for name, _ in copies.every()}
    # Named by what is in them: again does no harm.
    files.each(lambda name: files.put(name, copies.get(name)), kept)
    files.each(files.delete, [name for name, _ in list(files.every()) if name not in kept])
    files.tidy()


def _fill_postgres(url: URL, source: Path) -> None:
    here = create_engine(f"sqlite:///{source}", poolclass=NullPool, hide_parameters=True)
    there = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, hide_parameters=True)
    with here.connect() as rows, there.begin() as connection:
        migrate(connection)
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(text(f'DELETE FROM "{table.name}"'))
        copy_rows(rows, connection)
        connection.execute(text("DROP SCHEMA IF EXISTS dbos CASCADE"))     # what was being done here is not any more


def _done(settings: Settings) -> None:
    for folder in (".restoring", ".replaced"):
        shutil.rmtree(settings.home / folder, ignore_errors=True)
    (settings.home / RESTORING).unlink(missing_ok=True)
    _flush(settings.home)


# --- changing the master key -----------------------------------------------------------------------

def rewrap(connection: Connection, old: MasterKey, new: MasterKey) -> int:
    """Seal every owner's key, and the house's own, by a new master key. Returns how many owners there are."""
    owners, house = tables.owners, tables.house
    rows = connection.execute(select(owners)).all()
    for row in rows:
        connection.execute(owners.update().where(owners.c.owner_id == row.owner_id).values({
            name: old.wrapped_again(row.owner_id, getattr(row, name), new)
            for name in ("wrapped_key", "naming_key", "former_key") if getattr(row, name) is not None}))
    sealed = connection.execute(select(house.c.value).where(house.c.key == "roll_key")).scalar()
    if sealed is not None:
        connection.execute(house.update().where(house.c.key == "roll_key").values(
            value=new.sealed_for_house(old.opened_for_house(sealed, "roll_key"), "roll_key")))
    connection.execute(house.update().where(house.c.key == "master_key").values(value=new.mark()))
    return len(rows)


async def rewrap_backups(settings: Settings) -> tuple[int, int]:
    """Let the known backups open with the new master key, as long as the old one is kept. Returns (done, not done)."""
    old_file = settings.master_key_file.with_name(settings.master_key_file.name + OLD)
    if not old_file.exists():
        return 0, 0
    old = await asyncio.to_thread(read_master_key, old_file, may_create=False)
    new = await asyncio.to_thread(read_master_key, settings.master_key_file, may_create=False)
    done = left = 0

    async def change(inside: Settings) -> None:
        def rewrapped() -> None:
            engine = quiet_engine(make_url(inside.database_url).set(drivername="sqlite"))
            with engine.begin() as connection:
                rewrap(connection, old, new)
            engine.dispose()

        await asyncio.to_thread(rewrapped)

    for place in [settings.home / FOLDER, *_elsewhere_folders(settings.home)]:
        await asyncio.to_thread(_finish, place)
    for backup in await asyncio.to_thread(known_backups, settings.home):
        if (await asyncio.to_thread(read_manifest, backup)).master_key_mark == old.mark().hex():
            try:
                await remade(settings, backup, change)
                done += 1
            except BROKEN:
                left += 1
    return done, left


# --- files -----------------------------------------------------------------------------------------

def _move(path: Path, to: Path) -> None:
    """In one instant."""
    path.rename(to)


def _flush(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _flush_file(path: Path) -> None:
    _flush(path)


def _plainly(error: OSError, place: Path) -> StoreUnusable:
    reason = "store_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "store_read_only" if error.errno in (
        errno.EROFS, errno.EACCES, errno.EPERM) else "store_unusable"
    return StoreUnusable(f"{place}: {error.strerror}", reason=reason, file=str(place))
