"""How the nouns become columns: JSON through pydantic, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")


@cache
def _adapter(noun: Any) -> TypeAdapter[Any]:
    return TypeAdapter(noun)


def to_json(noun: Any, value: Any) -> Any:
    """A frozen dataclass (or a tuple of them) as what `json` can write; `noun` is its type."""
    return _adapter(noun).dump_python(value, mode="json")


def from_json(noun: type[T], value: Any) -> T:
    """The noun again. Rows written by older versions lack newer fields: those take their defaults."""
    read: T = _adapter(noun).validate_python(value)  # type: ignore[arg-type]
    return read


class Moment(TypeDecorator[datetime]):
    """A time, always in UTC: SQLite keeps no zones, PostgreSQL answers in the server's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
