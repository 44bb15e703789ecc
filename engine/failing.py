"""What a database says when it cannot go on, in one word that a person can be told about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from engine.nouns import StoreUnusable

#: What SQLite and PostgreSQL say in words, and the reason that stands for it.
_SAID = (
    ("database is locked", "store_locked"), ("disk is full", "store_full"), ("no space left", "store_full"),
    ("readonly", "store_read_only"), ("read-only", "store_read_only"), ("malformed", "store_damaged"),
    ("not a database", "store_damaged"), ("disk i/o error", "store_unusable"), ("unable to open", "store_unusable"),
)


def reason_of(said: object) -> str:
    """The reason that stands for what a database said; "" for what is no fault of its own."""
    words = str(said).lower()
    return next((reason for part, reason in _SAID if part in words), "")


def raise_plainly(error: DBAPIError) -> None:
    """Raise `StoreUnusable` where the database, not the question, is at fault; else return."""
    said = str(error.orig).lower()
    if reason := reason_of(said):
        raise StoreUnusable(f"the database says: {said}", reason=reason) from error
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        raise StoreUnusable(f"the database says: {said}") from error


@contextmanager
def told_plainly() -> Iterator[None]:
    """`StoreUnusable` for what a database raises where it, not the question, is at fault."""
    try:
        yield
    except DBAPIError as error:
        raise_plainly(error)
        raise
