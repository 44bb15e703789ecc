"""Keys: one per owner, sealed by the master key, which lives outside the data folder.

AES-256-GCM throughout (NIST SP 800-38D), with random 96-bit nonces in front of each sealed text. Whoever deletes an
owner's sealed key, wherever it was copied to, has deleted every picture and every word of that owner.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.nouns import StoreUnusable

KEY_BYTES = 32
NONCE_BYTES = 12
#: Behind the master key's file name: a key about to take its place, and the one it took the place of.
NEW, OLD = ".new", ".old"


def seal(key: bytes, text: bytes, context: bytes) -> bytes:
    """Encrypted and signed; opens only with the same key and context."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The text again. Raises `InvalidTag` when key, context or a single bit is another."""
    if len(sealed) < NONCE_BYTES + 16:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)


class MasterKey:
    """Opens every owner's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new_owner_key(self, owner_id: str) -> bytes:
        """A fresh key for an owner, sealed: what the database keeps."""
        return seal(self._key, secrets.token_bytes(KEY_BYTES), b"owner " + owner_id.encode())

    def owner_key(self, owner_id: str, wrapped: bytes) -> bytes:
        """The owner's key. Raises `StoreUnusable` when another master key sealed it."""
        try:
            return unseal(self._key, wrapped, b"owner " + owner_id.encode())
        except InvalidTag:
            raise StoreUnusable("the key of an owner does not open", reason="master_key_wrong") from None

    def wrapped_again(self, owner_id: str, wrapped: bytes, new: MasterKey) -> bytes:
        """An owner's key as `new` seals it. Raises `StoreUnusable`."""
        return seal(new._key, self.owner_key(owner_id, wrapped), b"owner " + owner_id.encode())

    def sealed_for_house(self, content: bytes, name: str) -> bytes:
        """Something of the house's own, sealed."""
        return seal(self._key, content, b"house " + name.encode())

    def opened_for_house(self, sealed: bytes, name: str) -> bytes:
        """The same, opened. Raises `StoreUnusable`."""
        try:
            return unseal(self._key, sealed, b"house " + name.encode())
        except InvalidTag:
            raise StoreUnusable(f"the house's {name} does not open", reason="master_key_wrong") from None

    def mark(self) -> bytes:
        """Kept in the database, to recognise this key again."""
        return hmac.new(self._key, b"storythread master key", hashlib.sha256).digest()


def read_master_key(path: Path, *, may_create: bool) -> MasterKey:
    """The key in `path`; made there, readable by its owner only, if nothing was ever sealed (`may_create`).

    Raises `StoreUnusable` with reason "master_key_missing" or "master_key_damaged".
    """
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        if not may_create:
            raise StoreUnusable(f"the master key {path} is missing", reason="master_key_missing",
                                file=str(path)) from None
        return _create(path)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnusable(f"the master key {path} cannot be read", reason="master_key_damaged",
                            file=str(path)) from error
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreUnusable(f"the master key {path} is damaged", reason="master_key_damaged", file=str(path))
    return MasterKey(key)


def finish_turning(path: Path, mark: bytes) -> bool:
    """Put the new key in the old one's place, where a change of keys was cut short after the database had changed.

    `mark` is what the database says of its key. True when it was so.
    """
    new = path.with_name(path.name + NEW)
    if not new.exists():
        return False
    if path.exists() and hmac.compare_digest(read_master_key(path, may_create=False).mark(), mark):
        return False                       # cut short before: the old key still holds
    if not hmac.compare_digest(read_master_key(new, may_create=False).mark(), mark):
        return False
    turn_over(path)
    return True


def turn_over(path: Path) -> None:
    """The new key takes the old one's place; the old one is kept aside. Each step whole."""
    new, old = path.with_name(path.name + NEW), path.with_name(path.name + OLD)
    if path.exists() and not old.exists():
        os.link(path, old)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def fresh_key(path: Path) -> MasterKey:
    """A new key in a file of its own; the one that is there already where there is one."""
    return _create(path)


def _create(path: Path) -> MasterKey:
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place: a crash leaves no half key, and of two processes one wins.
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return read_master_key(path, may_create=False)
        finally:
            beside.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreUnusable(f"the master key {path} cannot be made: {error.strerror}", reason="master_key_unwritable",
                            file=str(path)) from error
    return MasterKey(key)
