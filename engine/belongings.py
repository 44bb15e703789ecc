"""What is kept of a person, as files they can take along: JSON, pictures, and a manifest of both. docs/privacy.md.

Pure packing: who gathers the belongings is `engine.store.exporting`, who sends the parts is the face. Nothing is
written to disk on the way: a part is made in memory when it is asked for, and is a whole zip file of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from engine.nouns import (
    CharacterId,
    OwnerId,
    PanelId,
    PictureId,
    ServerId,
    StepId,
    StoryId,
    StorythreadError,
    TurnId,
    VenueId,
)

FORMAT: Final = "storythread-export"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
#: Rows in one file of records: even a very long story's rows stay far below what Discord takes in one piece.
ROWS_A_FILE: Final = 1000
#: What a zip adds for one file besides its name (twice) and its bytes: local header, central entry, and room to spare.
ENTRY_BYTES: Final = 30 + 46 + 24

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What is kept of one person. Records are plain JSON values, by table and column."""

    owner_id: OwnerId
    records: Mapping[str, Sequence[Record]]
    pictures: Mapping[PictureId, str]      # which pictures are theirs, and what each is
    left_out: Mapping[str, str]            # "table" or "table.column" -> why it is not among them
    made_by: Mapping[PictureId, str] = field(default_factory=dict)   # of pictures that were generated: the painter

    @property
    def empty(self) -> bool:
        """True when nothing at all is kept of them."""
        return not self.pictures and not any(self.records.values())


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody, or a server, asked to be erased, and it is not done and told yet."""

    erasure_id: str
    owner_id: OwnerId                      # "" once they are forgotten, and for a server's
    server_id: ServerId                    # "" for a person's
    venue_id: VenueId                      # the DM in which it is told; "" where there is none
    locale: str


@dataclass(frozen=True, slots=True)
class Traces:
    """What is seen of a person in one venue, as far as the database knows: to be found there and taken away."""

    venue_id: VenueId
    server_id: ServerId
    since: datetime | None                 # nothing of them is older there
    started: frozenset[StoryId]            # stories of theirs that live there
    others: frozenset[StoryId]             # stories of others there
    turns: frozenset[TurnId]               # theirs
    turns_of_others: frozenset[TurnId]
    steps: frozenset[StepId]               # pages that came of their turns
    panels: frozenset[PanelId]             # of those pages
    shown: frozenset[PanelId]              # panels of others' pages that show their characters, in any version
    rewritten: tuple[tuple[StepId, str], ...]   # pages of others that name them, and those pages without the names


@dataclass(frozen=True, slots=True)
class Known:
    """By what a person is known: their characters, and the names they and these are called by."""

    characters: tuple[CharacterId, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of an export: where it is, and what it must be."""

    path: str
    what: str
    sha256: str
    size_bytes: int
    part: int                              # from 1
    content: bytes = b""                   # of records; a picture is read again when its part is made
    picture: PictureId | None = None
    made_by: str = ""                      # the painter, where it was generated


class Export:
    """A planned export: every part is known, none is made yet."""

    def __init__(self, belongings: Belongings, files: Sequence[PackedFile], parts: int, made_at: datetime,
                 read: Callable[[PictureId], Awaitable[bytes]], lost: Sequence[str]) -> None:
        self.files, self.parts, self.lost = tuple(files), parts, tuple(lost)
        self._belongings, self._made_at, self._read = belongings, made_at, read

    def manifest(self, part: int) -> Record:
        """What is in all parts, with the SHA-256 of each file; `part` says which of them holds this manifest."""
        return {
            "format": FORMAT, "version": VERSION, "made_at": self._made_at.isoformat(),
            "person": self._belongings.owner_id, "part": part, "parts": self.parts,
            "files": [_described(file) for file in self.files],
            "lost": list(self.lost), "left_out": dict(self._belongings.left_out)}

    async def part(self, number: int) -> bytes:
        """One whole zip file, `number` from 1. Raises `StorythreadError` where a picture is not what it was."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            _write(packed, MANIFEST, _json(self.manifest(number)), self._made_at)
            for file in self.files:
                if file.part != number:
                    continue
                content = file.content if file.picture is None else await self._read(file.picture)
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    raise StorythreadError("a picture changed while it was packed")
                _write(packed, file.path, content, self._made_at)
        return out.getvalue()


async def plan_export(belongings: Belongings, read: Callable[[PictureId], Awaitable[bytes]], *, limit_bytes: int,
                      made_at: datetime, note: str = "",
                      on_picture: Callable[[int, int], None] = lambda done, total: None) -> Export:
    """Decide which file goes into which part, no part larger than `limit_bytes`.

    Every picture is read once here, for its digest and size, and once more when its part is made, so that never more
    than one part is in memory. A picture that cannot be read, or is larger than a part, is named in `lost` and does
    not keep back the others. `on_picture(done, total)` tells how far it is. `note` is a text for people.
    """
    found: list[PackedFile] = []
    if note:
        found.append(_file("READ_ME.txt", "what this is", note.encode()))
    for table, rows in sorted(belongings.records.items()):
        for start in range(0, len(rows), ROWS_A_FILE):
            number = "" if len(rows) <= ROWS_A_FILE else f"-{start // ROWS_A_FILE + 1}"
            found.append(_file(f"records/{table}{number}.json", f"rows of {table}",
                               _json(list(rows[start:start + ROWS_A_FILE]))))
    lost: list[str] = []
    for done, (picture, what) in enumerate(sorted(belongings.pictures.items(), key=lambda item: (item[1], item[0]))):
        on_picture(done, len(belongings.pictures))
        try:
            png = await read(picture)
        except StorythreadError:
            lost.append(f"{picture}: cannot be read")
            continue
        found.append(PackedFile(f"pictures/{picture}.png", what, hashlib.sha256(png).hexdigest(), len(png), 0,
                                picture=picture, made_by=belongings.made_by.get(picture, "")))
    # the manifest is in every part, and lists them all
    reserve = len(_json([_described(file) for file in found])) + len(_json(dict(belongings.left_out))) \
        + 120 * len(found) + 2048
    placed: list[PackedFile] = []
    part, left = 1, limit_bytes - reserve
    for file in found:
        packed = file.size_bytes if file.picture else _deflated(file.content)
        size = packed + ENTRY_BYTES + 2 * len(file.path.encode())
        if size > limit_bytes - reserve:
            lost.append(f"{file.picture or file.path}: {file.size_bytes} bytes are more than one piece holds")
            continue
        if size > left:
            part, left = part + 1, limit_bytes - reserve
        left -= size
        placed.append(replace(file, part=part))
    return Export(belongings, placed, part, made_at, read, lost)


def _described(file: PackedFile) -> Record:
    said = {"path": file.path, "what": file.what, "sha256": file.sha256, "bytes": file.size_bytes, "part": file.part}
    return said | ({"generated_by": file.made_by} if file.made_by else {})


def _file(path: str, what: str, content: bytes) -> PackedFile:
    return PackedFile(path, what, hashlib.sha256(content).hexdigest(), len(content), 0, content)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _deflated(content: bytes) -> int:
    import zlib

    return min(len(content), len(zlib.compress(content)) + 64)


def _write(packed: zipfile.ZipFile, path: str, content: bytes, made_at: datetime) -> None:
    entry = zipfile.ZipInfo(path, made_at.timetuple()[:6])
    # pictures are compressed already
    entry.compress_type = zipfile.ZIP_STORED if path.endswith(".png") else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    packed.writestr(entry, content)
