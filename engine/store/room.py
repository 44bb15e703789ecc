"""Room on the disk: looked at before something is promised, so that what was promised can be kept and painted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from engine.nouns import StoreUnusable

#: What one turn may need until it is over: its pictures, what is remembered of them, its rows and records.
TURN_BYTES = 8 * 2**20
#: With less than this nothing of a database can be written.
FULL_BELOW_BYTES = 2**19
#: With so much more than is needed nobody counts the turns that wait.
PLENTY_BYTES = 4 * 2**30


def free_bytes(folder: Path) -> int:
    """What an ordinary account may still write where this folder lies, or where it will be made.

    Raises `StoreUnusable` when even that cannot be found out.
    """
    for place in (folder, *folder.parents):
        try:
            found = os.statvfs(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreUnusable(f"{place} cannot be looked at: {error.strerror}", file=str(place)) from error
        return found.f_bavail * found.f_frsize
    return 0


def or_full(reason: str, folder: Path) -> str:
    """SQLite calls a full disk an I/O error where it cannot lay out what connections share: look whether it is one."""
    return "store_full" if reason == "store_unusable" and free_bytes(folder) < FULL_BELOW_BYTES else reason


def need_room(folders: Iterable[Path], *, reserve_bytes: int, turns: int) -> None:
    """Raise `StoreUnusable` ("store_full") unless every folder has room for one more than `turns`, and the reserve."""
    needed = reserve_bytes + TURN_BYTES * (turns + 1)
    for folder in folders:
        if free_bytes(folder) < needed:
            raise StoreUnusable(f"less than {needed >> 20} MiB are free at {folder}", reason="store_full",
                                file=str(folder))
