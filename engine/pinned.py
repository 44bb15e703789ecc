"""Model files are opened only when they are the very files that are known: by the settings, by a pull, or by first use.

A model file is read by native code that believes what it says, so a file that was exchanged is as good as a program
that was exchanged. `studio.sha256` names the hash a file must have; a file without an entry there is remembered with
the hash it has when it is pulled or first used, in `models.json` in the data folder. What the project ships lies in
the package.

`models.json` is one flat table: a file (by its path, below the data folder without that) to its hash, `hub:REPOSITORY`
to the commit that was pulled of it, `agreed:NAME` to the licence that the operator agreed to, `hashed:FILE` to the
state in which a file was hashed last, and what came out. Sixteen gigabytes take half a minute; so a file in the very
state it was hashed in (size, inode, the moments of its content's and of its own last change) is not read again when it
is opened. The last of these nobody can set back. The doctor and `models pull` read everything anew.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from engine.nouns import StudioFailed
from engine.settings import Settings

REMEMBERED = "models.json"
#: Files hashed at once: reading is slower than one core, hashing slower than one disk.
HASHED_AT_ONCE = 4
#: A file that changed less long ago may change once more within one tick of the file system's clock.
SETTLED_NS = 2 * 10**9
_SHIPPED = Path(__file__).parent / "mini"


def must_be_known(path: Path, settings: Settings, *, anew: bool = False) -> None:
    """Return when the file is the one that is known, or was never used before; it is known from now on.

    Raises `StudioFailed` when it is another file than it was, or cannot be read. Blocks: a large file is read for some
    seconds, unless it was hashed in this state before; with `anew` whatever was.
    """
    path = path.expanduser().absolute()
    if _SHIPPED in path.parents:
        return
    is_now = _hashes([path], settings, anew=anew)[path] or hash_of(path)      # which says why it cannot be read
    wanted = settings.studio.sha256.get(path.name)
    if wanted is not None:
        if wanted.lower() != is_now:
            raise StudioFailed(f"{path} is not the file that studio.sha256 names: its hash is {is_now}")
        return
    known, key = remembered(settings), key_of(path, settings)
    before = known.get(key) or known.get(str(path))
    if before is None:
        remember(settings, {key: is_now})
    elif before != is_now:
        notes = settings.home / REMEMBERED
        raise StudioFailed(f"{path} is another file than when it was first used (its hash is {is_now} now). If you "
                           f"exchanged it yourself, delete its line in {notes}, or name the hash in studio.sha256")


def damaged(files: Mapping[Path, str], settings: Settings, *, anew: bool = False) -> list[Path]:
    """Those of the files that are missing or have another hash than the one beside them.

    Blocks: reads those that are not in the state in which they were hashed last; with `anew` them all.
    """
    now = _hashes(files, settings, anew=anew)
    return [path for path, wanted in files.items() if now[path] != wanted]


def _hashes(paths: Collection[Path], settings: Settings, *, anew: bool) -> dict[Path, str | None]:
    """The hash of each; None for what cannot be read."""
    notes = {} if anew else remembered(settings)
    new: dict[str, str] = {}

    def look(path: Path) -> str | None:
        key = f"hashed:{key_of(path, settings)}"
        try:
            state = _state(path)
            before, _, known = notes.get(key, "").rpartition(" ")
            if before == state:
                return known
            found = hash_of(path)
            if _state(path) == state and _is_settled(path):
                new[key] = f"{state} {found}"
        except (OSError, StudioFailed):
            return None
        return found

    with ThreadPoolExecutor(HASHED_AT_ONCE) as pool:
        found = dict(zip(paths, pool.map(look, paths), strict=True))
    if new:
        with suppress(StudioFailed):       # not remembered: read again next time
            remember(settings, new)
    return found


def _state(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"


def _is_settled(path: Path) -> bool:
    found = path.stat()
    return time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED_NS


def hash_of(path: Path) -> str:
    """The file's hash, from memory when it was hashed in this state before. Raises `StudioFailed`."""
    try:
        found = path.stat()
        return sha256_of(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise StudioFailed(f"{path} cannot be read: {(error.strerror or 'no reason given').lower()}") from error


@lru_cache(maxsize=256)
def sha256_of(path: Path, size: int, changed_ns: int) -> str:
    """The file's hash, in hexadecimal. `size` and `changed_ns` say which state of the file is meant."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- what is remembered ----------------------------------------------------------------------------

def key_of(path: Path, settings: Settings) -> str:
    """How a file is called in `models.json`: a data folder that moves takes its models along."""
    return path.relative_to(settings.home).as_posix() if path.is_relative_to(settings.home) else str(path)


def remembered(settings: Settings) -> dict[str, str]:
    """All of `models.json`; nothing where there is none yet. Raises `StudioFailed` when it cannot be read."""
    notes = settings.home / REMEMBERED
    try:
        known = json.loads(notes.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StudioFailed(f"{notes}, which remembers the models in use, cannot be read") from error
    if not isinstance(known, dict):
        raise StudioFailed(f"{notes}, which remembers the models in use, cannot be read")
    return known


def remember(settings: Settings, more: Mapping[str, str], *, forget: Collection[str] = ()) -> None:
    """Add to `models.json`, and take keys out of it. Whoever else writes at the same moment loses nothing.

    Raises `StudioFailed` when it cannot be written.
    """
    notes = settings.home / REMEMBERED
    beside = notes.with_name(f"{notes.name}.{secrets.token_hex(4)}.new")
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(notes.with_name(f".{notes.name}.lock")):
            known = remembered(settings)
            now = {key: value for key, value in {**known, **more}.items() if key not in set(forget)}
            if now == known:
                return
            beside.write_text(json.dumps(now, indent=1, sort_keys=True), "utf-8")
            beside.replace(notes)
    except OSError as error:
        raise StudioFailed(f"{notes} cannot be written: {(error.strerror or 'no reason given').lower()}") from error
