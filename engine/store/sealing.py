"""Words at rest: columns whose values are sealed by the key of whoever they belong to, and the keys that open them.

A sealed value begins with the id of its key, so it opens by its column's type alone, in every query. To write one
says whose it is: `owned(table, values, key)`. Nothing sealed can be searched for, compared or sorted by.

What a value is bound to (the context of AES-GCM): its table and its column. It is not bound to its row: whoever can
write to the database could exchange two values of one column and one owner, or put back an older one.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import JSON, Dialect, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from engine.nouns import StoreUnusable
from engine.store.keys import seal, unseal

#: In front of every sealed text: the format and its version. Then the key's id, a full stop, base64.
MARK = "s1."
#: The same in front of sealed bytes; then the key's id as bytes.
MARK_BYTES = b"s1"
#: Bytes of a key's id.
ID_BYTES = 8
#: Longer texts are compressed before they are sealed.
_LONG = 256


@dataclass(frozen=True, slots=True)
class OwnerKey:
    """An owner's key and the id that stands in front of what it sealed."""

    key_id: str                            # 16 hexadecimal digits
    key: bytes

    def __repr__(self) -> str:
        return f"OwnerKey({self.key_id})"


def new_key_id() -> str:
    """Drawn by lot: it says nothing of key or owner."""
    return secrets.token_hex(ID_BYTES)


@dataclass(frozen=True, slots=True)
class Owned:
    """A value and the key of whoever it belongs to: what a sealed column is given."""

    value: Any
    key: OwnerKey

    def __repr__(self) -> str:
        return "Owned()"                   # so that no message about a statement says what people wrote


class Keyring:
    """The keys of one open library's owners, by id.

    `find` asks the database for an id that is not here: that of a newcomer whom another process let in.
    """

    def __init__(self, find: Callable[[str], bytes | None]) -> None:
        self._find = find
        self._keys: dict[str, bytes] = {}

    def add(self, key: OwnerKey) -> None:
        """Know a key from now on."""
        self._keys[key.key_id] = key.key

    def drop(self, key_id: str) -> None:
        """Know it no more."""
        self._keys.pop(key_id, None)

    def key(self, key_id: str, *, ask: bool) -> bytes | None:
        """The key with this id. With `ask`, the database is asked where it is not known yet."""
        key = self._keys.get(key_id)
        if key is None and ask:
            key = self._find(key_id)
            if key is not None:
                self._keys[key_id] = key
        return key


#: The rings of the libraries that are open in this process.
_RINGS: list[Keyring] = []


def hang_up(ring: Keyring) -> None:
    """Let sealed columns open with the keys of this ring."""
    _RINGS.append(ring)


def take_down(ring: Keyring) -> None:
    """Let them do so no more."""
    if ring in _RINGS:
        _RINGS.remove(ring)


def _key(key_id: str) -> bytes:
    for ask in (False, True):
        for ring in _RINGS:
            key = ring.key(key_id, ask=ask)
            if key is not None:
                return key
    raise StoreUnusable("there are words whose key is not kept", reason="store_damaged")


# --- one value -------------------------------------------------------------------------------------

def seal_text(text: str, key: OwnerKey, place: str) -> str:
    """Sealed text, as it is kept."""
    return f"{MARK}{key.key_id}.{base64.b64encode(seal(key.key, _packed(text), place.encode())).decode('ascii')}"


def unseal_text(sealed: str, place: str, *, key: bytes | None = None) -> str:
    """The text again, by the ring's key or the one given. Raises `StoreUnusable` ("store_damaged")."""
    mark, key_id, body = (*sealed.split(".", 2), "", "")[:3]
    try:
        if mark + "." != MARK:
            raise InvalidTag
        return _unpacked(unseal(key or _key(key_id), base64.b64decode(body, validate=True), place.encode()))
    except (InvalidTag, binascii.Error, zlib.error, UnicodeDecodeError):
        raise _damaged(place) from None


def seal_bytes(content: bytes, key: OwnerKey, place: str) -> bytes:
    """Sealed bytes, as they are kept."""
    return MARK_BYTES + bytes.fromhex(key.key_id) + seal(key.key, content, place.encode())


def unseal_bytes(sealed: bytes, place: str, *, key: bytes | None = None) -> bytes:
    """The bytes again. Raises `StoreUnusable` ("store_damaged")."""
    start = len(MARK_BYTES) + ID_BYTES
    try:
        if not sealed.startswith(MARK_BYTES):
            raise InvalidTag
        return unseal(key or _key(sealed[len(MARK_BYTES):start].hex()), sealed[start:], place.encode())
    except InvalidTag:
        raise _damaged(place) from None


def _packed(text: str) -> bytes:
    content = text.encode("utf-8")
    if len(content) >= _LONG:
        return b"z" + zlib.compress(content, 1)
    return b"t" + content


def _unpacked(content: bytes) -> str:
    return (zlib.decompress(content[1:]) if content[:1] == b"z" else content[1:]).decode("utf-8")


def _damaged(place: str) -> StoreUnusable:
    return StoreUnusable(f"what is kept in {place} does not open", reason="store_damaged")


# --- columns ---------------------------------------------------------------------------------------

class _SealedType(TypeDecorator[Any]):
    """What sealed columns have in common. An empty value (nothing, "", no items) is kept as it is."""

    impl: Any = Text
    #: The same column without its seal: for whoever moves sealed values about.
    bare: TypeEngine[Any] = Text()

    def __init__(self, place: str = "") -> None:
        """`place`: table and column, which the table itself fills in."""
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        given = value.value if isinstance(value, Owned) else value
        if given is None or (not given and isinstance(given, str | bytes | list | tuple | dict)):
            return given
        if not isinstance(value, Owned):
            raise TypeError(f"{self.place} is sealed: say whose it is with owned()")
        return self.sealed(given, value.key)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value if not value else self.opened(value)

    def sealed(self, value: Any, key: OwnerKey) -> Any:
        """A value as it is kept."""
        raise NotImplementedError

    def opened(self, kept: Any, *, key: bytes | None = None) -> Any:
        """A value as it was given. Raises `StoreUnusable` ("store_damaged")."""
        raise NotImplementedError

    @staticmethod
    def key_id(kept: Any) -> str | None:
        """The id of the key a kept value says it is sealed by; None where it is open."""
        raise NotImplementedError


class Sealed(_SealedType):
    """Text people or models wrote. NUL and lone surrogates, which no database takes, become U+FFFD."""

    cache_ok = True
    def sealed(self, value: Any, key: OwnerKey) -> str:
        clean = value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return seal_text(clean, key, self.place)

    def opened(self, kept: Any, *, key: bytes | None = None) -> str:
        return unseal_text(kept, self.place, key=key)

    @staticmethod
    def key_id(kept: Any) -> str | None:
        return _named(kept)


class SealedWord(Sealed):
    """The same in a column that was made for a single word."""

    cache_ok = True
    impl = String
    bare = String()


class SealedNoun(_SealedType):
    """A noun as JSON; sealed, it is one string of JSON."""

    cache_ok = True
    impl = JSON(none_as_null=True)
    bare = JSON(none_as_null=True)

    def sealed(self, value: Any, key: OwnerKey) -> str:
        return seal_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False), key, self.place)

    def opened(self, kept: Any, *, key: bytes | None = None) -> Any:
        if not isinstance(kept, str):
            raise _damaged(self.place)
        return json.loads(unseal_text(kept, self.place, key=key))

    @staticmethod
    def key_id(kept: Any) -> str | None:
        return _named(kept)


class SealedBytes(_SealedType):
    """Bytes: vectors that say who somebody is."""

    cache_ok = True
    impl = LargeBinary
    bare = LargeBinary()

    def sealed(self, value: Any, key: OwnerKey) -> bytes:
        return seal_bytes(value, key, self.place)

    def opened(self, kept: Any, *, key: bytes | None = None) -> bytes:
        return unseal_bytes(bytes(kept), self.place, key=key)

    @staticmethod
    def key_id(kept: Any) -> str | None:
        start = len(MARK_BYTES)
        return bytes(kept[start:start + ID_BYTES]).hex() if kept and bytes(kept).startswith(MARK_BYTES) else None


def _named(kept: Any) -> str | None:
    """The key's id in front of a sealed text."""
    if not isinstance(kept, str) or not kept.startswith(MARK):
        return None
    key_id = kept[len(MARK):].partition(".")[0]
    return key_id if len(key_id) == 2 * ID_BYTES else None


def sealed_columns(table: Table) -> dict[str, _SealedType]:
    """The columns of a table whose values are sealed, with their types."""
    return {column.name: column.type for column in table.columns if isinstance(column.type, _SealedType)}


def place_columns(table: Table) -> None:
    """Tell a table's sealed columns where they are: that is what their values are bound to."""
    for name, kind in sealed_columns(table).items():
        kind.place = f"{table.name}.{name}"


def owned(table: Table, values: Mapping[str, Any], key: OwnerKey) -> dict[str, Any]:
    """The same values, those of sealed columns as belonging to the owner of `key`, unless they say whose they are."""
    sealed = sealed_columns(table)
    return {name: Owned(value, key) if name in sealed and not isinstance(value, Owned) else value
            for name, value in values.items()}
