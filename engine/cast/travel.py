"""A character as one file that travels: a small zip with JSON and pictures. The format is in docs/character_file.md.

`pack` writes such a file, `unpack` reads one that anybody may have made. Reading believes nothing: the archive's
structure is checked byte by byte before a byte of it is unpacked, sizes are counted while unpacking, words must be
those of the vocabulary, and pictures are decoded in the limited child process that photos are decoded in.
"""

from __future__ import annotations

import asyncio
import io
import json
import math
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, NoReturn

from engine.cast.casting import LOOK_CHOICES
from engine.cast.photos import open_pictures
from engine.nouns import BadPhoto, Look, Pronouns, Refused
from engine.vocabulary import ACTIONS, MOODS

FORMAT: Final = "storythread-character"
VERSION: Final = 1
MIB: Final = 1024 * 1024

#: Limits of one file, packed and unpacked. An upload to Discord is rarely larger anyway.
FILE_BYTES: Final = 10 * MIB
UNPACKED_BYTES: Final = 32 * MIB
JSON_BYTES: Final = 64 * 1024
PICTURE_BYTES: Final = 4 * MIB
ADAPTER_BYTES: Final = 16 * MIB
REFERENCES: Final = 24
ENTRIES: Final = REFERENCES + 3
#: Longest texts, in characters. The bot's own rules for names are stricter still.
NAME_CHARACTERS: Final = 80
SHORT_CHARACTERS: Final = 40
LONG_CHARACTERS: Final = 300
NICKNAMES: Final = 10

_JSON, _AVATAR, _ADAPTER = "character.json", "avatar.png", "adapter.safetensors"
_REFERENCE = re.compile(r"references/\d\d\.png")
_KNOWN = frozenset({"format", "version", "name", "nicknames", "relation", "pronouns", "description", "look",
                    "from_photo", "of_a_person", "avatar", "references", "adapter"})
_END = struct.Struct("<4s4H2LH")           # end of central directory
_LOCAL = struct.Struct("<4s5H3L2H")        # local file header
#: Bytes an element of each safetensors type takes.
_ELEMENT_BYTES: Final[Mapping[str, int]] = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4,
    "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
#: Fields of a Look that may be worn for a while, in a reference.
_WORN: Final = frozenset({"outfit", "outfit_colour", "pattern", "pattern_colour", "trousers_colour", "headwear",
                          "headwear_colour", "glasses", "accessories", "accessory_colour"})


@dataclass(frozen=True, slots=True)
class TravellingPicture:
    """One kept picture of the character: RGBA PNG, what it does there, and what it wears that is not its own."""

    png: bytes
    action: str = "stands"
    mood: str = "calm"
    worn: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Traveller:
    """Everything of a character that goes into its file. Who owns it and who agreed does not travel."""

    name: str
    pronouns: Pronouns
    look: Look
    description: str = ""
    nicknames: tuple[str, ...] = ()
    relation: str = ""
    from_photo: bool = False
    of_a_person: bool = False              # its photos showed a person: whoever brings it in says who agreed
    avatar: bytes | None = None            # RGBA PNG
    references: tuple[TravellingPicture, ...] = ()
    adapter: bytes | None = None           # safetensors


# --- out -------------------------------------------------------------------------------------------

def pack(traveller: Traveller, *, limit_bytes: int = FILE_BYTES) -> bytes:
    """The character's file: the same character gives the same bytes.

    References are left out from the last on where the file would become larger than `limit_bytes`.
    """
    references = traveller.references[:REFERENCES]
    while True:
        packed = _packed(replace(traveller, references=references))
        if len(packed) <= limit_bytes or not references:
            return packed
        references = references[:-1]


def _packed(traveller: Traveller) -> bytes:
    names = [f"references/{number:02}.png" for number in range(1, len(traveller.references) + 1)]
    said: dict[str, Any] = {
        "format": FORMAT, "version": VERSION, "name": traveller.name, "nicknames": list(traveller.nicknames),
        "relation": traveller.relation, "pronouns": traveller.pronouns.value, "description": traveller.description,
        "look": {field.name: _plain(getattr(traveller.look, field.name)) for field in fields(Look)},
        "from_photo": traveller.from_photo, "of_a_person": traveller.of_a_person,
        "avatar": _AVATAR if traveller.avatar is not None else None,
        "references": [{"file": name, "action": picture.action, "mood": picture.mood,
                        "worn": [list(change) for change in picture.worn]}
                       for name, picture in zip(names, traveller.references, strict=True)],
        "adapter": _ADAPTER if traveller.adapter is not None else None,
    }
    entries = [(_JSON, json.dumps(said, ensure_ascii=False, indent=1).encode())]
    if traveller.avatar is not None:
        entries.append((_AVATAR, traveller.avatar))
    entries += [(name, picture.png) for name, picture in zip(names, traveller.references, strict=True)]
    if traveller.adapter is not None:
        entries.append((_ADAPTER, traveller.adapter))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            # no time of day, no name of a machine: nothing but the character
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if name == _JSON else zipfile.ZIP_STORED
            archive.writestr(entry, content)
    return out.getvalue()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


# --- in --------------------------------------------------------------------------------------------

async def unpack(data: bytes) -> Traveller:
    """Read a file that anybody may have made. Pictures come back as fresh RGBA PNGs without anything but pixels.

    Raises `Refused` with reason character_file_not_one, _too_large, _damaged, _locked, _too_much, _strange, _newer,
    _words (fact `field`), _picture or _adapter.
    """
    said, contents = await asyncio.to_thread(_open, data)
    traveller, names = _read(said, contents)
    try:
        pictures = await open_pictures([contents[name] for name in names])
    except BadPhoto:
        raise Refused(reason="character_file_picture") from None
    fresh = dict(zip(names, pictures, strict=True))
    return replace(
        traveller, avatar=fresh[_AVATAR] if said.get("avatar") else None,
        references=tuple(replace(picture, png=fresh[entry["file"]])
                         for picture, entry in zip(traveller.references, said.get("references") or (), strict=True)))


def _open(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What character.json says, and the other entries' contents by name: only those it names, all of those."""
    archive = _checked(data)
    entries = {entry.filename: entry for entry in archive.infolist()}
    if _JSON not in entries:
        _refuse("not_one")
    said = _parsed(_content(archive, entries.pop(_JSON), JSON_BYTES))
    if said.get("format") != FORMAT:
        _refuse("not_one")
    version = said.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        _refuse("words", field="version")
    if version > VERSION:
        _refuse("newer")
    if said.keys() - _KNOWN:
        _refuse("strange")
    if any(name not in (_AVATAR, _ADAPTER) and not _REFERENCE.fullmatch(name) for name in entries):
        _refuse("strange")
    if sum(entry.file_size for entry in entries.values()) > UNPACKED_BYTES:
        _refuse("too_much")
    return said, {name: _content(archive, entry, ADAPTER_BYTES if name == _ADAPTER else PICTURE_BYTES)
                  for name, entry in entries.items()}


def _checked(data: bytes) -> zipfile.ZipFile:
    """The archive, once its structure is that of a plain one: entries one after the other from the first byte to the
    directory, the directory to the end, and both telling the same. What two programs could read in two ways is refused.
    """
    if not data.startswith(b"PK\x03\x04"):
        _refuse("not_one")
    if len(data) > FILE_BYTES:
        _refuse("too_large", limit_mib=FILE_BYTES // MIB)
    if len(data) < _END.size:
        _refuse("damaged")
    mark, disk, first_disk, here, count, directory_bytes, start, comment = _END.unpack(data[-_END.size:])
    if mark != b"PK\x05\x06":                               # cut off, or something hangs on behind
        _refuse("damaged")
    if disk or first_disk or comment or here != count or start + directory_bytes + _END.size != len(data):
        _refuse("strange")
    # longer names than ours are strange, and a directory full of them is not even read
    if count > ENTRIES or directory_bytes > ENTRIES * 128:
        _refuse("too_much")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError, EOFError):
        _refuse("damaged")
    entries = archive.infolist()
    if len(entries) != count:
        _refuse("damaged")
    if len({entry.filename.casefold() for entry in entries}) != count:
        _refuse("strange")
    at = 0
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.flag_bits & 0x1:
            _refuse("locked")
        if kind not in (0, stat.S_IFREG) or entry.is_dir() or entry.extra or entry.comment \
                or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & ~0x806:
            _refuse("strange")
        if entry.header_offset != at or at + _LOCAL.size > start:
            _refuse("strange")
        local, _, flags, method, _, _, crc, packed, unpacked, name_bytes, extra_bytes = _LOCAL.unpack_from(data, at)
        name = data[at + _LOCAL.size:at + _LOCAL.size + name_bytes]
        if (local, flags, method, crc, packed, unpacked, extra_bytes) != (
                b"PK\x03\x04", entry.flag_bits, entry.compress_type, entry.CRC, entry.compress_size,
                entry.file_size, 0) or name != entry.orig_filename.encode("utf-8", "replace"):
            _refuse("strange")
        at += _LOCAL.size + name_bytes + packed
    if at != start:
        _refuse("strange")
    return archive


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    if entry.file_size > limit:
        _refuse("too_much")
    try:
        with archive.open(entry) as file:
            content = file.read(limit + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError, zlib.error):
        _refuse("damaged")
    if len(content) != entry.file_size:
        _refuse("damaged")
    return content


def _parsed(content: bytes) -> dict[str, Any]:
    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice")
        return found

    try:
        said = json.loads(content.decode("utf-8"), parse_constant=no_constant, object_pairs_hook=once)
    except (ValueError, RecursionError):                    # not UTF-8, not JSON, NaN, too deep, a number too long
        _refuse("damaged")
    if not isinstance(said, dict):
        _refuse("damaged")
    return said


def _read(said: Mapping[str, Any], contents: Mapping[str, bytes]) -> tuple[Traveller, list[str]]:
    """The character without its pictures, and the names of the pictures, avatar first."""
    names: list[str] = []
    if said.get("avatar") is not None:
        if said["avatar"] != _AVATAR:
            _refuse("words", field="avatar")
        names.append(_AVATAR)
    references = []
    for entry in _list(said, "references", REFERENCES):
        if not isinstance(entry, dict) or entry.keys() != {"file", "action", "mood", "worn"} \
                or not isinstance(entry["file"], str) or not _REFERENCE.fullmatch(entry["file"]) \
                or entry["file"] in names or entry["action"] not in ACTIONS or entry["mood"] not in MOODS:
            _refuse("words", field="references")
        names.append(entry["file"])
        references.append(TravellingPicture(b"", entry["action"], entry["mood"], _worn(entry["worn"])))
    adapter = None
    if said.get("adapter") is not None:
        if said["adapter"] != _ADAPTER or _ADAPTER not in contents:
            _refuse("words", field="adapter")
        adapter = contents[_ADAPTER]
        _check_adapter(adapter)
    if set(names) | ({_ADAPTER} if adapter is not None else set()) != set(contents):
        _refuse("strange")                                  # more in the file than it speaks of, or less
    if said.get("pronouns") not in list(Pronouns):
        _refuse("words", field="pronouns")
    flags = {name: said.get(name, False) for name in ("from_photo", "of_a_person")}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            _refuse("words", field=name)
    name = _text(said.get("name"), "name", NAME_CHARACTERS)
    if not name:
        _refuse("words", field="name")
    return Traveller(
        name, Pronouns(said["pronouns"]), _look(said.get("look")),
        _text(said.get("description", ""), "description", LONG_CHARACTERS, lines=True),
        tuple(_text(each, "nicknames", SHORT_CHARACTERS) for each in _list(said, "nicknames", NICKNAMES)),
        _text(said.get("relation", ""), "relation", SHORT_CHARACTERS), flags["from_photo"], flags["of_a_person"],
        references=tuple(references), adapter=adapter), names


def _list(said: Mapping[str, Any], field: str, limit: int) -> Sequence[Any]:
    value = said.get(field, [])
    if not isinstance(value, list) or len(value) > limit:
        _refuse("words", field=field)
    return value


def _text(value: Any, field: str, limit: int, *, lines: bool = False) -> str:
    """Text without hidden characters; `lines` allows line breaks."""
    if not isinstance(value, str) or len(value) > limit:
        _refuse("words", field=field)
    if any(unicodedata.category(letter)[0] == "C" and not (lines and letter == "\n") for letter in value):
        _refuse("words", field=field)
    return value.strip()


def _look(said: Any) -> Look:
    """Every field of a Look, each with a word that the vocabulary has."""
    names = {field.name for field in fields(Look)}
    if not isinstance(said, dict) or said.keys() != names:
        _refuse("words", field="look")
    values: dict[str, Any] = {"words": _text(said["words"], "look", LONG_CHARACTERS, lines=True)}
    for name, choices in LOOK_CHOICES.items():
        value = said[name]
        usual = getattr(Look(), name)
        if isinstance(usual, tuple):
            if not isinstance(value, list) or len(value) > 3 or not all(isinstance(each, str) and each in choices
                                                                        for each in value):
                _refuse("words", field="look")
            value = tuple(value)
        elif isinstance(usual, float):
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) \
                    or not 0.8 <= value <= 1.2:
                _refuse("words", field="look")
            value = float(value)
        elif type(value) is not type(usual) or str(value) not in choices:
            _refuse("words", field="look")
        values[name] = value
    return Look(**values)


def _worn(said: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(said, list) or len(said) > len(_WORN):
        _refuse("words", field="references")
    changes = []
    for change in said:
        if not isinstance(change, list) or len(change) != 2 or not all(isinstance(part, str) for part in change) \
                or change[0] not in _WORN or (change[1] and change[1] not in LOOK_CHOICES[change[0]]):
            _refuse("words", field="references")
        changes.append((change[0], change[1]))
    return tuple(changes)


def _check_adapter(content: bytes) -> None:
    """Raise `Refused` unless this is a well-formed safetensors file: a header of plain JSON, then nothing but numbers
    (https://github.com/huggingface/safetensors#format)."""
    if len(content) < 8:
        _refuse("adapter")
    header_bytes = int.from_bytes(content[:8], "little")
    if not 2 <= header_bytes <= min(len(content) - 8, MIB) or content[8:9] != b"{":
        _refuse("adapter")
    try:
        header = _parsed(content[8:8 + header_bytes])
    except Refused:
        _refuse("adapter")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()) \
            or not 1 <= len(header) <= 4096:
        _refuse("adapter")
    spans = []
    for tensor in header.values():
        if not isinstance(tensor, dict) or tensor.keys() != {"dtype", "shape", "data_offsets"}:
            _refuse("adapter")
        shape, offsets = tensor["shape"], tensor["data_offsets"]
        if tensor["dtype"] not in _ELEMENT_BYTES or not _sizes(shape) or len(shape) > 8 or not _sizes(offsets) \
                or len(offsets) != 2 or math.prod(shape) * _ELEMENT_BYTES[tensor["dtype"]] != offsets[1] - offsets[0]:
            _refuse("adapter")
        spans.append(tuple(offsets))
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            _refuse("adapter")
        at = end
    if at != len(content) - 8 - header_bytes:
        _refuse("adapter")


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**40
                                           for each in value)


def _refuse(why: str, **facts: object) -> NoReturn:
    raise Refused("", reason=f"character_file_{why}", **facts)
