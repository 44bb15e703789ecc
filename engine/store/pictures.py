"""Pictures on disk or behind any address fsspec knows: sealed, named by content, whole or absent.

A picture's id is an HMAC of its bytes under its owner's key: the same picture of one owner is kept once, and nobody
without the key can tell that two owners keep the same one, or guess at what is kept.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from cryptography.exceptions import InvalidTag

from engine.nouns import PictureId, StoreUnusable
from engine.store.keys import MasterKey, seal, unseal

P = ParamSpec("P")
T = TypeVar("T")

_FORMAT = b"STP1"                          # in front of every file: the format's name and version
#: Pictures asked for side by side where each is a request over a network.
AT_ONCE = 16
#: Seconds until a bucket's server counts as away, for connecting and for each answer; and how often it is asked.
CONNECT_S, ANSWER_S, TRIES = 5.0, 20.0, 3


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
    """Blocking; call it in a thread (`aside`). Paths are relative to the address: `<owner's folder>/<aa>/<id>`."""

    def __init__(self, url: str) -> None:
        """`url`: a folder, or an address fsspec knows. Raises `StoreUnusable` for an unknown kind of address.

        Of `s3://bucket/folder` the endpoint and the credentials are found as every tool for S3 finds them
        (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SHARED_CREDENTIALS_FILE`, a role of the machine's).
        """
        self._folder: Path | None = None
        self._remote: Any = None
        self._bucket = ""
        self._faults: tuple[type[Exception], ...] = (OSError,)
        self._threads: ThreadPoolExecutor | None = None
        self._root = url
        if "://" not in url or url.startswith("file://"):
            self._folder = Path(url.removeprefix("file://")).expanduser()
            return
        import fsspec

        s3 = url.startswith(("s3://", "s3a://"))
        try:
            self._remote, self._root = fsspec.core.url_to_fs(url, **_s3_options() if s3 else {})
        except (ImportError, ValueError) as error:
            why = "it takes s3fs, which is not installed (pip install 'storythread[s3]')" if s3 and isinstance(
                error, ImportError) else str(error)
            raise StoreUnusable(f"pictures_url cannot be used: {why}", reason="pictures_unusable") from error
        self._root = self._root.rstrip("/")
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures")
        if s3:
            from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

            self._remote.retries = 1       # its client tries again by itself
            self._bucket = self._root.partition("/")[0]
            self._faults = (OSError, BotoCoreError, ClientError)

    async def aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work of this kind without stopping the loop, nor, when a server is slow, others' threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))

    def each(self, work: Callable[[T], object], things: Iterable[T]) -> None:
        """Do something with each, side by side where each is a request over a network. The first error is raised."""
        if self._folder is not None:
            for thing in things:
                work(thing)
            return
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures") as threads:
            for _ in threads.map(work, things):
                pass

    def check(self) -> None:
        """Raise `StoreUnusable` ("pictures_unusable") in a plain sentence unless the address can be asked.

        A folder need not be there yet; a bucket must be.
        """
        if self._folder is not None:
            return
        try:
            self._remote.info(self._bucket) if self._bucket else self._remote.exists(self._root)
            self.is_empty()
        except StoreUnusable:
            raise
        except self._faults as error:
            raise StoreUnusable(f"pictures_url cannot be used: {self._why(error)}", reason="pictures_unusable") \
                from error

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
        """A file as it is, whole, on disk when this returns. Raises `StoreUnusable` (full, read-only, away)."""
        with self._plainly():
            if self._folder is not None:
                _write_whole(self._folder / path, content)
            else:
                self._remote.pipe_file(f"{self._root}/{path}", content)    # object stores put whole or not at all

    def get(self, path: str) -> bytes:
        """A file as it is. Raises FileNotFoundError; `StoreUnusable`."""
        with self._plainly(missing=True):
            if self._folder is not None:
                return (self._folder / path).read_bytes()
            found: bytes = self._remote.cat_file(f"{self._root}/{path}")
            return found

    def every(self) -> Iterator[tuple[str, float]]:
        """Every file: its path, and when it was written, in seconds since 1970 (0 where that is not known)."""
        if self._folder is not None:
            for path in sorted(self._folder.rglob("*")):
                if path.is_file():
                    with suppress(FileNotFoundError):      # deleted meanwhile
                        yield path.relative_to(self._folder).as_posix(), path.stat().st_mtime
            return
        root = self._remote._strip_protocol(self._root).rstrip("/") + "/"
        for name, entry in sorted(self._found(self._root).items()):
            written = entry.get("created") or entry.get("LastModified") or entry.get("mtime") or 0
            yield str(name).removeprefix(root), float(getattr(written, "timestamp", lambda at=written: at)())

    def has(self, path: str) -> bool:
        """Whether there is a file. Raises `StoreUnusable`."""
        if self._folder is not None:
            return (self._folder / path).is_file()
        with self._plainly():
            return bool(self._remote.exists(f"{self._root}/{path}"))

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with everything in it. Nothing there is no error. Raises `StoreUnusable`."""
        if self._folder is None:
            self._delete_remote(f"{self._root}/{path}")
            return
        target = self._folder / path
        try:
            with self._plainly(missing=True):
                if target.is_dir():
                    for entry in sorted(target.rglob("*"), reverse=True):
                        entry.rmdir() if entry.is_dir() else entry.unlink()
                    target.rmdir()
                else:
                    target.unlink(missing_ok=True)
        except FileNotFoundError:
            return

    def _delete_remote(self, whole: str) -> None:
        with self._plainly():
            for _ in range(2):
                # A bucket that refuses to delete (a lock, a missing right) says so in an answer s3fs does not look at.
                names = list(self._found(whole))
                if not names:
                    return
                with suppress(FileNotFoundError):
                    self._remote.rm(names)
        if self._found(whole):
            raise StoreUnusable("pictures that were to go are still there: may they be deleted?")

    def _found(self, whole: str) -> dict[str, Any]:
        with self._plainly():
            try:
                found: dict[str, Any] = self._remote.find(whole, detail=True)
                return found
            except FileNotFoundError:
                return {}

    def tidy(self) -> None:
        """Delete folders in which nothing is left."""
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.rglob("*"), reverse=True):
                if path.is_dir():
                    with suppress(OSError):                # not empty
                        path.rmdir()

    def is_empty(self) -> bool:
        """True when nothing was ever kept here. Raises `StoreUnusable`."""
        if self._folder is not None:
            return not self._folder.is_dir() or next(self._folder.iterdir(), None) is None
        with self._plainly():
            try:
                return not self._remote.ls(self._root, detail=False)
            except FileNotFoundError:
                return True

    # --- errors ------------------------------------------------------------------------------------

    @contextmanager
    def _plainly(self, *, missing: bool = False) -> Iterator[None]:
        """`StoreUnusable` for what a disk or a server raises. `missing`: FileNotFoundError goes through."""
        try:
            yield
        except self._faults as error:
            if missing and isinstance(error, FileNotFoundError) and _code(error) != "NoSuchBucket":
                raise
            reason = "store_unusable" if self._folder is None else _REASONS.get(
                getattr(error, "errno", None) or 0, "store_unusable")
            why = error if self._folder is not None else self._why(error)
            raise StoreUnusable(f"pictures cannot be kept: {why}", reason=reason) from error

    def _why(self, error: Exception) -> str:
        """What a server's refusal comes to, for whoever runs this. Quotes no key."""
        kind = type(error).__name__
        if "Credentials" in kind:
            return ("no credentials were found for it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file "
                    "in AWS_SHARED_CREDENTIALS_FILE")
        if isinstance(error, PermissionError):
            return f"{self._bucket or self._root} does not let this account in, or not do that"
        if isinstance(error, FileNotFoundError):
            return f"there is no bucket {self._bucket}" if self._bucket else f"there is no {self._root}"
        if kind.startswith(("Endpoint", "Connect", "ReadTimeout", "HTTPClient", "FSTimeout")):
            return f"the server of {self._bucket or self._root} cannot be reached ({kind})"
        return f"{self._bucket or self._root}: {_code(error) or kind}"


def _s3_options() -> dict[str, Any]:
    """No memory of listings, which other processes change; and no waiting for ever."""
    return {"use_listings_cache": False, "config_kwargs": {
        "connect_timeout": CONNECT_S, "read_timeout": ANSWER_S, "max_pool_connections": 2 * AT_ONCE,
        "retries": {"mode": "standard", "total_max_attempts": TRIES}}}


def _code(error: BaseException) -> str:
    """What a bucket's server called it; "" when it was another's error."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


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


_REASONS = {errno.ENOSPC: "store_full", errno.EDQUOT: "store_full", errno.EROFS: "store_read_only",
            errno.EACCES: "store_read_only", errno.EPERM: "store_read_only"}
