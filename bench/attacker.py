"""Somebody with everything: reads a house's folders to the last byte, with the master key, and looks for given words.

`python -m bench.attacker WORD...` scans the data folder and the folder of the master key as the settings name them.

Nothing of the store's own code for opening is trusted: every file is read raw; every key that any database file holds
is unwrapped, and for the owners named also whatever 60 bytes anywhere unwrap as a key of theirs; with all of these
every sealed text and every sealed file that can be found in the bytes is opened, under every context there is.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import io
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image
from rich.console import Console

from engine.settings import load_settings
from engine.store import tables
from engine.store.sealing import sealed_columns

#: A key sealed by the master key: nonce, key, tag.
WRAPPED_BYTES = 12 + 32 + 16
_SEALED = re.compile(rb"s1\.([0-9a-f]{16})\.([A-Za-z0-9+/]+=*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_CONTEXTS = tuple(f"{table.name}.{name}".encode() for table in tables.metadata.sorted_tables
                  for name in sealed_columns(table))


@dataclass(slots=True)
class Found:
    """What was looked at, and where something was found."""

    files: int = 0
    keys: int = 0
    opened: int = 0                        # sealed texts, vectors and pictures that opened
    hits: list[tuple[str, str]] = field(default_factory=list)      # the needle, and where


def scan(folders: Iterable[Path], master_key_file: Path, needles: Collection[bytes], *,
         owners: Collection[str] = ()) -> Found:
    """Look for the needles (letters in any case) in everything below these folders. `owners`: ids that are known."""
    files = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
    contents = {path: path.read_bytes() for path in files if path != master_key_file}
    found = Found(files=len(contents))
    master = AESGCM(base64.b64decode(master_key_file.read_text("ascii").strip()))
    keys = {key for path in contents for key in _kept_keys(path, master)}
    for path, content in contents.items():
        if "sqlite" in path.name:
            keys |= set(_carved_keys(content, master, owners))
    found.keys = len(keys)
    boxes = [AESGCM(key) for key in keys]
    wanted = {needle.lower(): needle for needle in needles}

    def look(content: bytes, where: str) -> None:
        lowered = content.lower()
        for lower, needle in wanted.items():
            if lower in lowered or lower.decode("latin-1").encode("utf-16-le") in lowered:
                found.hits.append((needle[:24].decode("latin-1"), where))

    for path, content in contents.items():
        look(content, f"{path} as it is")
        for match in _BASE64.finditer(content) if "workflows" in path.name else ():
            look(_decoded(match[0]), f"{path} in base64")
        for opened in _opened(content, path, boxes):
            found.opened += 1
            look(opened, f"{path} opened")
            if opened.startswith(b"\x89PNG"):
                look(_pixels(opened), f"the pixels in {path}")
    return found


def _kept_keys(path: Path, master: AESGCM) -> Iterator[bytes]:
    """The owners' keys a database file holds."""
    if path.suffix != ".sqlite" or "workflows" in path.name:
        return
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        for owner_id, *wrapped in connection.execute(
                "SELECT owner_id, wrapped_key, naming_key, former_key FROM owners"):
            for each in wrapped:
                if each is not None:
                    yield master.decrypt(each[:12], each[12:], b"owner " + owner_id.encode())


def _carved_keys(content: bytes, master: AESGCM, owners: Collection[str]) -> Iterator[bytes]:
    """Whatever unwraps as a key of one of these owners, wherever it lies: in free pages, in logs."""
    for owner_id in owners:
        context = b"owner " + owner_id.encode()
        for at in range(len(content) - WRAPPED_BYTES + 1):
            if content[at:at + 4] == b"\0\0\0\0":
                continue
            try:
                yield master.decrypt(content[at:at + 12], content[at + 12:at + WRAPPED_BYTES], context)
            except InvalidTag:
                continue


def _opened(content: bytes, path: Path, boxes: list[AESGCM]) -> Iterator[bytes]:
    for match in _SEALED.finditer(content):
        yield from _tried(_decoded(match[2]), boxes, _CONTEXTS)
    if content.startswith(b"STP1"):
        yield from _tried(content[4:], boxes, (path.name.encode(),))


def _tried(sealed: bytes, boxes: list[AESGCM], contexts: Iterable[bytes]) -> Iterator[bytes]:
    for box in boxes:
        for context in contexts:
            try:
                plain = box.decrypt(sealed[:12], sealed[12:], context)
            except (InvalidTag, ValueError):
                continue
            yield zlib.decompress(plain[1:]) if plain[:1] == b"z" else plain[1:] if plain[:1] == b"t" else plain
            return


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text[:len(text) - len(text) % 4])
    except (binascii.Error, ValueError):
        return b""


def _pixels(png: bytes) -> bytes:
    return Image.open(io.BytesIO(png)).convert("RGB").tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="+")
    parser.add_argument("--owner", action="append", default=[], help="an owner's id, whose keys are looked for")
    given = parser.parse_args()
    settings = load_settings()
    found = scan([settings.home, settings.master_key_file.parent], settings.master_key_file,
                 [word.encode() for word in given.words], owners=given.owner)
    console = Console(highlight=False)
    console.print(f"{found.files} files, {found.keys} keys, {found.opened} sealed things opened: "
                  f"{len(found.hits)} hits")
    for needle, where in found.hits:
        console.print(f"{needle}: {where}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
