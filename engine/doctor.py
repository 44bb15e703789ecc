"""Looks whether everything is in place, changes nothing, and says what to do about what is not."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from engine.hardware import hardware_of_this_machine
from engine.models.shelf import must_be_whole, painter_choice, pulled, writer_choice
from engine.nouns import StoreUnusable, StorythreadError, StudioFailed
from engine.pinned import must_be_known
from engine.settings import CONFIG_VARIABLE, PREFIX, SECRETS_VARIABLE, Settings, config_file, every_setting
from engine.store.jobs import who_works
from engine.store.keys import read_master_key
from engine.store.opening import MIGRATIONS, check_sqlite, sqlite_path
from engine.store.pictures import PictureFiles
from engine.store.postgres import asynchronous_engine
from engine.studio.hands import choose
from engine.tiers import AUTO, MINI, TIERS, Hardware, worth_pulling

#: Below this a day of panels may not fit (about 150 kB each with underdrawing, and room for the log).
ROOM_BYTES = 500 * 2**20

#: The face, the studio and mini's models, measured together with some to spare.
MEMORY_BYTES = 1536 * 2**20

#: Variables of this prefix that are no settings and yet no mistakes.
_KNOWN_VARIABLES = {CONFIG_VARIABLE, SECRETS_VARIABLE, "STORYTHREAD_TEST_POSTGRES"}

_MINI = Path(__file__).parent / "mini"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, whether it is well, and what is there or what to do."""

    subject: str
    ok: bool
    sentence: str


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order somebody would put things right. Changes nothing and prints no secret."""
    return [
        configuration(settings), data_folder(settings.home), await pictures(settings), master_key(settings),
        await database(settings), *await workers(settings), *await asyncio.to_thread(models, settings), memory(),
        token(settings),
    ]


def configuration(settings: Settings) -> Finding:
    """Which file was read, and variables that look like settings and are none."""
    known = {(PREFIX + key.upper().replace(".", "__")) for key, _ in every_setting()} | _KNOWN_VARIABLES
    known |= {PREFIX + key.upper().partition(".")[0] for key, _ in every_setting()}    # a whole table as JSON
    strange = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if strange:
        return Finding("configuration", False, f"{', '.join(strange)}: no such setting; docs/settings.md "
                       "lists them all.")
    path = config_file(settings.home)
    return Finding("configuration", True, f"read from {path}" if path.is_file() else f"defaults; there is no {path}")


def data_folder(home: Path) -> Finding:
    """Writable, with room."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not there.is_dir():
        return Finding("data folder", False, f"{there} is a file; choose another folder in STORYTHREAD_HOME.")
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("data folder", False, f"{there} cannot be written to; give this account the right to, or choose "
                       "another folder in STORYTHREAD_HOME.")
    free = shutil.disk_usage(there).free
    if free < ROOM_BYTES:
        return Finding("data folder", False, f"only {free / 2**20:.0f} MiB are free at {home}; make room for at least "
                       f"{ROOM_BYTES / 2**20:.0f} MiB.")
    made = "" if home.exists() else " (made at the first start)"
    return Finding("data folder", True, f"{home}{made}, {free / 2**30:.1f} GiB free")


async def pictures(settings: Settings) -> Finding:
    """Where pictures go, and how many there are."""
    try:
        files = await asyncio.to_thread(PictureFiles, settings.pictures_url)
    except StoreUnusable as error:
        return Finding("pictures", False, f"{error}; correct pictures_url, or install what that address needs.")
    folder = files.folder
    if folder is None:
        try:
            await asyncio.to_thread(files.check)
        except StoreUnusable as error:
            return Finding("pictures", False, f"{error}.")
        return Finding("pictures", True, f"encrypted, at {settings.pictures_url.partition('?')[0]}")
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        return Finding("pictures", False, f"{folder} cannot be written to; give this account the right to.")
    count, size = await asyncio.to_thread(_count, folder)
    return Finding("pictures", True, f"{count} pictures, {size / 2**20:.1f} MiB, encrypted, in {folder}")


def master_key(settings: Settings) -> Finding:
    """There, readable by its owner only, and not in the folder whose pictures it opens."""
    path = settings.master_key_file
    if settings.home in path.parents:
        return Finding("master key", False, f"{path} lies in the data folder, so one copy of that folder opens every "
                       "picture; move it out and name it in STORYTHREAD_MASTER_KEY_FILE.")
    if not path.exists():
        return Finding("master key", True, f"made at the first start: {path}")
    try:
        read_master_key(path, may_create=False)
    except StoreUnusable as error:
        return Finding("master key", False, f"{error}; put its backup back: without it no picture opens.")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("master key", False, f"others on this machine can read it: chmod 600 {path}")
    return Finding("master key", True, f"{path}; keep a copy of it apart from the data")


async def database(settings: Settings) -> Finding:
    """Sound, reachable, of a version this program knows."""
    try:
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite":
            path = sqlite_path(url)
            if not path.exists():
                return Finding("database", True, f"made at the first start: {path}")
            await asyncio.to_thread(check_sqlite, path, PictureFiles(settings.pictures_url))
            revision = await asyncio.to_thread(_sqlite_revision, path)
            shown = str(path)
        else:
            revision = await asyncio.wait_for(_server_revision(url), 15)
            shown = url.render_as_string(hide_password=True)
    except StoreUnusable as error:
        advice = {"store_damaged": "put a backup in its place; this program will not touch it",
                  "store_locked": "stop the other program that holds it"}.get(error.reason, "see docs/settings.md")
        return Finding("database", False, f"{error}; {advice}.")
    except StorythreadError as error:
        return Finding("database", False, f"{error}.")
    except TimeoutError:
        return Finding("database", False, f"{url.render_as_string(hide_password=True)} does not answer.")
    except Exception as error:             # drivers raise what they like: the doctor only reports
        return Finding("database", False, f"{url.render_as_string(hide_password=True)} cannot be opened: "
                       f"{str(error).splitlines()[0]}.")
    newest, known = await asyncio.to_thread(_revisions)
    if revision is None:
        return Finding("database", True, f"{shown}, empty; tables are made at the first start")
    if revision not in known:
        return Finding("database", False, f"{shown} was written by a newer program (version {revision}); "
                       "update this one.")
    older = "" if revision == newest else f", brought to version {newest} at the next start"
    return Finding("database", True, f"{shown}, sound, version {revision}{older}")


def models(settings: Settings, hardware: Callable[[], Hardware] = hardware_of_this_machine) -> list[Finding]:
    """The machine, the models that are chosen for it and why, whether they are sound, and what could be pulled."""
    if settings.studio.where == "workers":     # nothing is opened here, and what is named here need not be here
        return [Finding("models", True, "the workers' own: run `storythread doctor` on their machines")]
    studio, machine = settings.studio, hardware()
    found = [_machine(machine, pulled(settings)), _painter(settings, machine), _writer(settings, machine)]
    if studio.guard_model:
        found.append(_known(settings, "guard model", Path(studio.guard_model).expanduser()))
    else:
        found.append(Finding("guard model", True, "none: rules alone judge what is written and told "
                             "(docs/safety.md; studio.guard_model)"))
    if studio.vision_model in TIERS:
        found.append(_pulled(settings, "vision model", studio.vision_model, ""))
    else:
        found += [_known(settings, subject, Path(named).expanduser()) for subject, named in (
            ("vision model", studio.vision_model), ("vision projector", studio.vision_projector)) if named]
    found.append(_model("likeness", _MINI / "likeness", _MINI / "likeness"))
    return found


def _machine(machine: Hardware, there: Sequence[str]) -> Finding:
    """What the machine is, and which painter is worth pulling for it."""
    best, told = worth_pulling(machine, there), machine.told()
    if best is not None:
        told += (f". It can hold {best.name} ({best.fitting(machine)}): `storythread models pull {best.name}` brings "
                 f"{best.download_bytes / 1e9:.0f} GB ({best.licence.name})")
    return Finding("hardware", not machine.problem, told)


def _painter(settings: Settings, machine: Hardware) -> Finding:
    choice = painter_choice(settings, lambda: machine)
    why = f"chosen by itself: {choice.why}" if settings.studio.painter == AUTO else ""
    if choice.name == "theatre":
        return Finding("painter", True, "theatre: paper dolls, no model")
    if choice.name in TIERS:
        if missing := TIERS[choice.name].short_of(machine):
            return Finding("painter", False, f"{choice.name} {missing}; mini paints in its place, and says so.")
        return _pulled(settings, "painter", choice.name, why)
    folder = _MINI / "painter" if choice.name == MINI else Path(choice.name).expanduser()
    return _because(_model("painter", folder, folder / "model_index.json"), why)


def _writer(settings: Settings, machine: Hardware) -> Finding:
    studio, choice = settings.studio, writer_choice(settings, lambda: machine)
    why = f"chosen by itself: {choice.why}" if studio.writer == AUTO else ""
    writer = choice.name.removeprefix("openai:")
    if writer.startswith(("http://", "https://")):
        return Finding("writer", bool(studio.writer_model), f"the server at {make_plain(writer)}" if
                       studio.writer_model else "set studio.writer_model to a model's name at that server.")
    if writer in TIERS:
        return _pulled(settings, "writer", writer, why)
    file = _MINI / "writer" / "writer.gguf" if writer == MINI else Path(writer).expanduser()
    return _because(_known(settings, "writer", file), why)


def _pulled(settings: Settings, subject: str, name: str, why: str) -> Finding:
    """A model that was pulled: there, and every file of it what it was. Reads them all."""
    try:
        folder = must_be_whole(settings, name, anew=True)
    except StudioFailed as error:
        return Finding(subject, False, f"{error}" + ("" if subject == "vision model" else
                                                     "; until then mini stands in, and says so."))
    _, size = _count(folder)
    return _because(Finding(subject, True, f"{name}, {size / 1e9:.1f} GB, every file as it was pulled"), why)


def _because(found: Finding, why: str) -> Finding:
    return replace(found, sentence=f"{found.sentence} ({why})") if why and found.ok else found


async def workers(settings: Settings) -> list[Finding]:
    """Who paints elsewhere, where the settings say that others do."""
    if settings.studio.where == "here":
        return []
    url = make_url(settings.database_url)
    if url.get_backend_name() != "postgresql":
        return [Finding("workers", False, "they get their work through PostgreSQL; set STORYTHREAD_DATABASE_URL, or "
                        "studio.where to here.")]
    engine = asynchronous_engine(url)
    try:
        async with asyncio.timeout(15), engine.connect() as connection:
            there = [card for card in await who_works(connection) if card.alive and not card.leaving]
    except Exception:                      # what is wrong with the database is said in a line of its own
        there = []
    finally:
        await engine.dispose()
    if not there:
        return [Finding("workers", False, "no studio is running: start `storythread worker` on a machine that can "
                        "paint (docs/workers.md).")]
    hands = choose(there, settings.studio)
    left_out = "; ".join(f"{card.name} is given no work: {why}" for card in there
                         if (why := hands.left_out.get(card.worker_id)))
    if not hands.fit:
        return [Finding("workers", False, f"nobody paints, though {len(there)} are there: {left_out}.")]
    counted = f"{len(hands.fit)} there: {', '.join(card.name for card in hands.fit)}"
    return [Finding("workers", not left_out, f"{counted}; {left_out}." if left_out else counted)]


def memory() -> Finding:
    """Enough for the models."""
    import psutil

    free, whole = psutil.virtual_memory().available, psutil.virtual_memory().total
    said = f"{free / 2**30:.1f} of {whole / 2**30:.1f} GiB are free"
    if free < MEMORY_BYTES:
        return Finding("memory", False, f"{said}; the models want {MEMORY_BYTES / 2**30:.1f} GiB. Close something, or "
                       "set STORYTHREAD_STUDIO__PAINTER=theatre.")
    return Finding("memory", True, said)


def token(settings: Settings) -> Finding:
    """There or not; never what it is."""
    given = settings.discord.token
    if given is None:
        return Finding("Discord token", False, "not set; `storythread bot` needs DISCORD_TOKEN from Discord's "
                       "developer portal (`play` and `rehearse` do not).")
    parts = given.get_secret_value().split(".")
    if len(parts) != 3 or given.get_secret_value().split() != [given.get_secret_value()]:
        return Finding("Discord token", False, "set, but it does not look like a bot's token (three parts with dots "
                       "between); copy it again from the developer portal.")
    return Finding("Discord token", True, "set")


def make_plain(address: str) -> str:
    """An http address without user, password and query."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def _known(settings: Settings, subject: str, place: Path) -> Finding:
    """A GGUF of the operator's: there, and the file that is known."""
    found = _model(subject, place, place)
    if found.ok:
        try:
            must_be_known(place, settings, anew=True)
        except StudioFailed as error:
            return Finding(subject, False, f"{error}.")
    return found


def _model(subject: str, place: Path, needed: Path) -> Finding:
    if not needed.exists():
        return Finding(subject, False, f"there is nothing at {needed}; correct studio.{subject}, or set it to `mini`."
                       if _MINI not in needed.parents else f"{needed} is missing; install Storythread again.")
    _, size = _count(place) if place.is_dir() else (1, place.stat().st_size)
    return Finding(subject, True, f"{place.name if _MINI not in place.parents else 'mini'}, {size / 2**20:.1f} MiB")


def _count(folder: Path) -> tuple[int, int]:
    """How many files lie below a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return len(sizes), sum(sizes)


def _sqlite_revision(path: Path) -> str | None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


async def _server_revision(url: URL) -> str | None:
    engine = asynchronous_engine(url)
    try:
        async with engine.connect() as connection:
            if (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar() is None:
                return None
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            return None if found is None else str(found)
    finally:
        await engine.dispose()


def _revisions() -> tuple[str, set[str]]:
    """The newest revision of this program, and all it knows."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    known = {script.revision for script in scripts.walk_revisions()}
    return max(known), known
