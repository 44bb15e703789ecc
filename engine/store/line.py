"""A connection to PostgreSQL that is only held: it keeps an advisory lock, and hears what others announce.

The lock is free the moment its process dies, however it dies; where a whole machine vanishes, the server finds out by
asking (`engine.store.postgres.VANISHED_S`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg

from engine.store.postgres import connected

#: Seconds to be answered.
PATIENCE_S = 10.0


class Line:
    """Held by a face, or a worker. `lock` is the advisory lock: one number, or two."""

    def __init__(self, url: str, lock: tuple[int, ...], channel: str, hear: Callable[[str], None]) -> None:
        """`hear` is called with what is announced on `channel`, on the event loop; with "" when the line is lost."""
        self._url = url
        self._lock = lock
        self._channel = channel
        self._hear = hear
        self._connection: Any = None

    @property
    def held(self) -> bool:
        """Whether the lock is ours, as far as this end knows."""
        return self._connection is not None and not self._connection.is_closed()

    async def open(self) -> bool:
        """Connect, and take the lock. False when somebody else has it. Raises `OSError` or asyncpg's errors."""
        await self.close()
        connection = await connected(self._url, timeout_s=PATIENCE_S, command_timeout=PATIENCE_S)
        try:
            numbers = ", ".join(f"${index}" for index in range(1, len(self._lock) + 1))
            if not await connection.fetchval(f"SELECT pg_try_advisory_lock({numbers})", *self._lock):
                await connection.close()
                return False
            await connection.add_listener(self._channel, lambda *said: self._hear(said[-1]))
        except BaseException:
            connection.terminate()
            raise
        connection.add_termination_listener(lambda _: self._hear(""))
        self._connection = connection
        return True

    async def ask(self) -> None:
        """Raise `OSError` unless the other end answers; the line is then lost."""
        if self._connection is None:
            raise ConnectionError("there is no line")
        try:
            await self._connection.fetchval("SELECT 1")
        except LOST as error:
            self._connection.terminate()
            raise ConnectionError("the line is lost") from error

    async def close(self) -> None:
        """Let go of the lock."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), 2.0)
            connection.terminate()


#: What comes of a database that is not there: whoever holds a line tries again.
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
