"""Pictures on disk or behind any address fsspec knows: sealed, named by content, whole or absent.

A picture's id is an HMAC of its bytes under its owner's key: the same picture of one owner is kept once, and nobody
without the key can tell that two owners keep the same one, or guess at what is kept.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from engine.nouns import PictureId, StoreUnusable
from engine.store.keys import MasterKey, seal, unseal

_FORMAT = b"STP1"                          # in front of every file: the format's name and version


@dataclass(frozen=True, slots=True)
class PictureKeys:
    """An owner's keys as their pictures need them."""

    sealing: bytes
    naming: bytes                          # the first key they ever had: pictures keep their names when keys change
    former: bytes | None = None            # being replaced: some files open with it alone

    def __repr__(self) -> str:
        return "PictureKeys()"


def keys_of(master_key: MasterKey, owner_id: str, wrapped: bytes, naming: bytes | None,
            former: bytes | None) -> PictureKeys:
    """The keys of an owner, from what the database keeps of them."""
    sealing = master_key.owner_key(owner_id, wrapped)
    return PictureKeys(sealing, master_key.owner_key(owner_id, naming) if naming else sealing,
                       master_key.owner_key(owner_id, former) if former else None)


def picture_id(owner_key: bytes, png: bytes) -> PictureId:
    """The content address, 64 hexadecimal digits."""
    return PictureId(hmac.new(owner_key, b"picture " + png, hashlib.sha256).hexdigest())


class PictureFiles:
    """Blocking; call it in a thread. Paths are relative to the address: `<owner's folder>/<aa>/<picture id>`."""

    def __init__(self, url: str) -> None:
        """`url`: a folder, or an address fsspec knows. Raises `StoreUnusable` for an unknown kind of address."""
        self._folder: Path | None = None
        self._remote: Any = None
        self._root = url
        if "://" not in url or url.startswith("file://"):
            self._folder = Path(url.removeprefix("file://")).expanduser()
            return
        import fsspec

        try:
            self._remote, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreUnusable(f"pictures_url cannot be used: {error}", reason="pictures_unusable") from error

    @property
    def folder(self) -> Path | None:
        """The folder, when pictures are kept in one."""
        return self._folder

    def path(self, owner_folder: str, picture: str) -> str:
        """Where a picture lies, below the address."""
        return f"{owner_folder}/{picture[:2]}/{picture}"

    def write(self, path: str, keys: PictureKeys, picture: PictureId, png: bytes) -> None:
        """On disk, whole, when this returns. Raises `StoreUnusable` (full, read-only)."""
        self.put(path, _FORMAT + seal(keys.sealing, png, picture.encode()))

    def read(self, path: str, keys: PictureKeys, picture: PictureId) -> bytes:
        """The picture, verified. Raises `StoreUnusable` with reason "picture_damaged" when it is not what was kept."""
        try:
            png = opened(self.get(path), keys, picture)
        except (FileNotFoundError, InvalidTag):
            raise StoreUnusable(f"picture {picture} is missing or damaged", reason="picture_damaged") from None
        if not hmac.compare_digest(picture_id(keys.naming, png), picture):
            raise StoreUnusable(f"picture {picture} is not what was kept", reason="picture_damaged")
        return png

    def put(self, path: str, content: bytes) -> None:
        """A file as it is, whole, on disk when this returns. Raises `StoreUnusable` (full, read-only)."""
        try:
            if self._folder is not None:
                _write_whole(self._folder / path, content)
            else:
                self._remote.pipe_file(f"{self._root}/{path}", content)    # object stores put whole or not at all
        except OSError as error:
            raise _plainly(error) from error

    def get(self, path: str) -> bytes:
        """A file as it is. Raises FileNotFoundError; `StoreUnusable`."""
        try:
            if self._folder is not None:
                return (self._folder / path).read_bytes()
            found: bytes = self._remote.cat_file(f"{self._root}/{path}")
            return found
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _plainly(error) from error

    def every(self) -> Iterator[tuple[str, float]]:
        """Every file: its path, and when it was written, in seconds since 1970 (0 where that is not known)."""
        if self._folder is not None:
            for path in sorted(self._folder.rglob("*")):
                if path.is_file():
                    with suppress(FileNotFoundError):      # deleted meanwhile
                        yield path.relative_to(self._folder).as_posix(), path.stat().st_mtime
            return
        root = self._remote._strip_protocol(self._root).rstrip("/") + "/"
        for name, entry in sorted(self._remote.find(self._root, detail=True).items()):
            written = entry.get("created") or entry.get("LastModified") or entry.get("mtime") or 0
            yield str(name).removeprefix(root), float(getattr(written, "timestamp", lambda at=written: at)())

    def has(self, path: str) -> bool:
        """Whether there is a file."""
        if self._folder is not None:
            return (self._folder / path).is_file()
        return bool(self._remote.exists(f"{self._root}/{path}"))

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with everything in it. Nothing there is no error."""
        try:
            if self._folder is None:
                if self._remote.exists(f"{self._root}/{path}"):
                    self._remote.rm(f"{self._root}/{path}", recursive=True)
                return
            target = self._folder / path
            if target.is_dir():
                for entry in sorted(target.rglob("*"), reverse=True):
                    entry.rmdir() if entry.is_dir() else entry.unlink()
                target.rmdir()
            else:
                target.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _plainly(error) from error

    def tidy(self) -> None:
        """Delete folders in which nothing is left."""
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.rglob("*"), reverse=True):
                if path.is_dir():
                    with suppress(OSError):                # not empty
                        path.rmdir()

    def is_empty(self) -> bool:
        """True when nothing was ever kept here, as far as can be seen cheaply (a folder; else True)."""
        return self._folder is None or not self._folder.is_dir() or next(self._folder.iterdir(), None) is None


def opened(sealed: bytes, keys: PictureKeys, picture: PictureId) -> bytes:
    """What a file holds. Raises `InvalidTag`."""
    if not sealed.startswith(_FORMAT):
        raise InvalidTag
    try:
        return unseal(keys.sealing, sealed[len(_FORMAT):], picture.encode())
    except InvalidTag:
        if keys.former is None:
            raise
        return unseal(keys.former, sealed[len(_FORMAT):], picture.encode())


def _write_whole(path: Path, content: bytes) -> None:
    """Written aside, flushed to the disk, renamed, and the rename flushed too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:16]}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _plainly(error: OSError) -> StoreUnusable:
    reason = {errno.ENOSPC: "store_full", errno.EDQUOT: "store_full", errno.EROFS: "store_read_only",
              errno.EACCES: "store_read_only", errno.EPERM: "store_read_only"}.get(error.errno or 0, "store_unusable")
    return StoreUnusable(f"pictures cannot be kept: {error}", reason=reason)
