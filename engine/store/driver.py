"""SQLite's driver with one trip to its thread a statement.

SQLAlchemy's adapter of aiosqlite goes to the connection's thread and back to open a cursor, to execute, to fetch and to
close it, and once more for BEGIN: nine trips to read one row. A turn reads and writes some hundred times, and each trip
costs the event loop about 0.1 ms. Here a statement, its rows and a BEGIN that is due travel together.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import immutabledict


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Holds what a statement found; the cursor itself never leaves its thread."""

    __slots__ = ("_adapted", "_answer", "_size")

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._adapted: Any = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._soft_closed_memoized = immutabledict()
        self._answer: tuple[Any, int, Any] = (None, -1, None)
        self._size = 1

    @property
    def description(self) -> Any:
        """The columns, or None for a statement without rows."""
        return self._answer[0]

    @property
    def rowcount(self) -> int:
        """Rows that were changed; -1 where SQLite does not say."""
        return self._answer[1]

    @property
    def lastrowid(self) -> Any:
        """The row that was inserted last."""
        return self._answer[2]

    @property
    def arraysize(self) -> int:
        """Rows that `fetchmany` gives unless told."""
        return self._size

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._size = value

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._travel(lambda cursor: cursor.execute(operation, () if parameters is None else parameters))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._travel(lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def _travel(self, run: Callable[[sqlite3.Cursor], object]) -> None:
        adapted = self._adapted

        def there() -> tuple[tuple[Any, int, Any], list[Any]]:
            connection: sqlite3.Connection = adapted._connection._conn
            begin, adapted.due = adapted.due, ""
            if begin:
                try:
                    connection.execute(begin)
                except sqlite3.Error:
                    adapted.due = begin
                    raise
            cursor = connection.cursor()
            try:
                run(cursor)
                rows = cursor.fetchall() if cursor.description else []
                return (cursor.description, cursor.rowcount, cursor.lastrowid), rows
            finally:
                cursor.close()

        async with adapted._execute_mutex:
            self._answer, rows = await adapted._connection._execute(there)
        self._rows = deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Let go of rows nobody fetched."""
        self._rows.clear()


class Connection(AsyncAdapt_aiosqlite_connection):
    """An adapted connection. `due` is the BEGIN that goes before the next statement, or ""."""

    __slots__ = ("due",)

    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.due = ""

    def commit(self) -> None:
        """A transaction in which nothing was said was never begun."""
        if not self.due:
            super().commit()
        self.due = ""

    def rollback(self) -> None:
        """The same; outside of a transaction there is nothing to take back either."""
        inner: Any = self._connection
        raw = inner._connection
        if not self.due and (raw is None or raw.in_transaction):
            super().rollback()
        self.due = ""


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """For `create_async_engine(module=Driver())`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> Connection:
        """A connection whose statements make one trip each."""
        adapted = super().connect(*arg, **kw)
        return Connection(self, adapted._connection)
