"""Who was forgotten: a list of keyed hashes beside the master key, so that no backup brings anybody back.

The database keeps the same list (`forgotten`). A database that lacks an entry of the file is older than the forgetting:
opening it forgets them again, before anything in it can be read. Nobody's id can be read from either list; whoever
holds the master key can only ask of a known id whether it is on it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from engine.nouns import StoreUnusable


@dataclass(frozen=True, slots=True)
class Entry:
    """One forgetting."""

    forgetting_id: str                     # 32 hexadecimal digits, drawn by lot
    owner_hash: bytes                      # 32 bytes


class Roll:
    """The list of one house. Several houses may share a master key, and so its file."""

    def __init__(self, master_key_file: Path, house_id: str, key: bytes) -> None:
        """`key`: 32 bytes that nothing else is sealed with; the database keeps it, sealed by the master key."""
        self._file = roll_file(master_key_file)
        self._house_id = house_id
        self._key = key

    @property
    def house_id(self) -> str:
        """Whose list it is."""
        return self._house_id

    @property
    def file(self) -> Path:
        """Where the list lies."""
        return self._file

    def owner_hash(self, owner_id: str) -> bytes:
        """What stands for an owner, 32 bytes (HMAC-SHA256)."""
        return hmac.new(self._key, b"forgotten " + owner_id.encode(), hashlib.sha256).digest()

    def alias(self, name: str) -> str:
        """A name for something that must be known again and never read: 40 hexadecimal digits.

        The same whatever becomes of the master key.
        """
        return hmac.new(self._key, b"alias " + name.encode(), hashlib.sha256).hexdigest()[:40]

    def write(self, owner_id: str) -> Entry:
        """Put somebody on the list; on the disk when this returns. Raises `StoreUnusable`."""
        entry = Entry(secrets.token_hex(16), self.owner_hash(owner_id))
        self.add([entry])
        return entry

    def add(self, entries: list[Entry]) -> None:
        """Put entries on the list that came by another way. Raises `StoreUnusable`."""
        if not entries:
            return
        lines = "".join(f"{self._house_id} {entry.forgetting_id} {entry.owner_hash.hex()}\n" for entry in entries)
        try:
            with os.fdopen(os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b") as file:
                if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    lines = "\n" + lines   # a line that a crash cut short stays a line of its own
                file.write(lines.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreUnusable(f"the list of the forgotten {self._file} cannot be written: {error.strerror}",
                                reason="store_read_only", file=str(self._file)) from error

    def entries(self) -> list[Entry]:
        """Everybody on the list, in the order they were forgotten. Lines that are none are left out."""
        try:
            lines = self._file.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnusable(f"the list of the forgotten {self._file} cannot be read: {error.strerror}",
                                reason="store_unusable", file=str(self._file)) from error
        found = []
        for house_id, forgetting_id, owner_hash in (parts for parts in map(str.split, lines) if len(parts) == 3):
            if house_id == self._house_id and len(forgetting_id) == 32 and len(owner_hash) == 64:
                found.append(Entry(forgetting_id, bytes.fromhex(owner_hash)))
        return found


def roll_file(master_key_file: Path) -> Path:
    """Where the list lies: beside the master key, outside the data folder."""
    return master_key_file.with_name(master_key_file.name + ".forgotten")
