"""GGUF files are opened only when they are the very files that are known: by the settings, or since their first use.

A model file is read by native code that believes what it says, so a file that was exchanged is as good as a program
that was exchanged. `studio.sha256` names the hash a file must have; a file without an entry there is remembered with
the hash it has when it is first used, in `models.json` in the data folder. What the project ships lies in the package.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from functools import lru_cache
from pathlib import Path

from engine.nouns import StudioFailed
from engine.settings import Settings

REMEMBERED = "models.json"
_SHIPPED = Path(__file__).parent / "mini"


def must_be_known(path: Path, settings: Settings) -> None:
    """Return when the file is the one that is known, or was never used before; it is known from now on.

    Raises `StudioFailed` when it is another file than it was, or cannot be read. Blocks: a file is hashed once a
    process, some seconds for a large one.
    """
    path = path.expanduser().absolute()
    if _SHIPPED in path.parents:
        return
    try:
        found = path.stat()
        is_now = sha256_of(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise StudioFailed(f"{path} cannot be read: {(error.strerror or 'no reason given').lower()}") from error
    wanted = settings.studio.sha256.get(path.name)
    if wanted is not None:
        if wanted.lower() != is_now:
            raise StudioFailed(f"{path} is not the file that studio.sha256 names: its hash is {is_now}")
        return
    notes = settings.home / REMEMBERED
    known = _remembered(notes)
    if known.setdefault(str(path), is_now) != is_now:
        raise StudioFailed(f"{path} is another file than when it was first used (its hash is {is_now} now). If you "
                           f"exchanged it yourself, delete its line in {notes}, or name the hash in studio.sha256")
    _remember(notes, known)


@lru_cache(maxsize=16)
def sha256_of(path: Path, size: int, changed_ns: int) -> str:
    """The file's hash, in hexadecimal. `size` and `changed_ns` say which state of the file is meant."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remembered(notes: Path) -> dict[str, str]:
    try:
        known = json.loads(notes.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StudioFailed(f"{notes}, which remembers the models in use, cannot be read") from error
    if not isinstance(known, dict):
        raise StudioFailed(f"{notes}, which remembers the models in use, cannot be read")
    return known


def _remember(notes: Path, known: dict[str, str]) -> None:
    if notes.exists() and _remembered(notes) == known:
        return
    beside = notes.with_name(f"{notes.name}.{secrets.token_hex(4)}.new")
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(known, indent=1, sort_keys=True), "utf-8")
        beside.replace(notes)
    except OSError as error:
        raise StudioFailed(f"{notes} cannot be written: {(error.strerror or 'no reason given').lower()}") from error
