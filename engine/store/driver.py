"""SQLite's driver with a trip to its thread only where something may have to be waited for.

SQLAlchemy's adapter of aiosqlite goes to the connection's thread and back to open a cursor, to execute, to fetch and to
close it, and once more for BEGIN: nine trips to read one row. A turn reads and writes some hundred times, each trip
costs more than most statements, and on a busy machine each may wait for a core. What really waits is BEGIN IMMEDIATE,
for another writer, and COMMIT, for the disk: these two go to the thread, a BEGIN together with the first statement. In
between, and in a transaction that only reads, nobody else is waited for (the file has a write-ahead log), and the
statement is executed where it is asked.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import await_only, immutabledict

T = TypeVar("T")

#: How a transaction begins that may wait for another.
WRITING = "BEGIN IMMEDIATE"
#: Seconds of statements one after another that write, before everybody else is let run in between.
LONGEST_S = 0.02


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
                adapted.writes = begin == WRITING
            cursor = connection.cursor()
            try:
                run(cursor)
                rows = cursor.fetchall() if cursor.description else []
                return (cursor.description, cursor.rowcount, cursor.lastrowid), rows
            finally:
                cursor.close()

        async with adapted._execute_mutex:
            self._answer, rows = await adapted.do(there, aside=not adapted.begun or adapted.due == WRITING)
        self._rows = deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Let go of rows nobody fetched."""
        self._rows.clear()


class Connection(AsyncAdapt_aiosqlite_connection):
    """An adapted connection. `due` is the BEGIN that goes before the next statement, or ""."""

    __slots__ = ("_rested", "_trip", "begun", "due", "writes")

    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.due = ""
        self.begun = False                     # inside a transaction, or about to be
        self.writes = False                    # one that holds the write lock
        self._rested = 0.0                     # when others were let run last
        self._trip = [True]                    # the newest one to the thread: whether it has ended

    def begin(self, statement: str) -> None:
        """A transaction begins with its first statement."""
        self.due, self.begun, self.writes = statement, True, False

    async def do(self, deed: Callable[[], T], *, aside: bool) -> T:
        """Do something with the connection: `aside`, in its thread, or at once.

        Also aside while the thread is still busy with what somebody gave up waiting for: one thing at a time.
        """
        if not aside and self._trip[-1]:
            done = deed()
            # Many small questions must not keep everybody else waiting; nor must the write lock be held meanwhile.
            if not self.writes or time.monotonic() - self._rested > LONGEST_S:
                await asyncio.sleep(0)
                self._rested = time.monotonic()
            return done
        self._trip = trip = [False]

        def there() -> T:
            try:
                return deed()
            finally:
                trip.append(True)

        found: T = await self._connection._execute(there)
        self._rested = time.monotonic()
        return found

    def commit(self) -> None:
        """A transaction in which nothing was said was never begun."""
        self._end("commit", aside=self.writes)

    def rollback(self) -> None:
        """The same; outside of a transaction there is nothing to take back either."""
        self._end("rollback", aside=False)

    def _end(self, how: str, *, aside: bool) -> None:
        raw = self._connection._connection
        if raw is not None and not self.due and (raw.in_transaction or not self._trip[-1]):
            try:
                await_only(self.do(getattr(raw, how), aside=aside))
            except Exception as error:
                self._handle_exception(error)
        self.due, self.begun, self.writes = "", False, False


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """For `create_async_engine(module=Driver())`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> Connection:
        """A connection whose statements make one trip each, or none."""
        # Used from two threads, but by one at a time.
        adapted = super().connect(*arg, **kw | {"check_same_thread": False})
        return Connection(self, adapted._connection)
