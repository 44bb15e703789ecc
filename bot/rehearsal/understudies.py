"""Understudies: a troupe whose bot, once killed, is back on the stage in a fork of a process that stands ready.

For campaigns of hundreds of kills. The bot is the same, and as real, as `Troupe`'s; only its imports are done already.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import IO, Any

from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import NotSeen
from bot.rehearsal.troupe import Troupe


class Understudies(Troupe):
    """The bot's process, quickly started again."""

    def __init__(self, loopback: Loopback, settings: Mapping[str, Any], log: IO[bytes]) -> None:
        super().__init__(loopback, settings, log)
        self._wings: asyncio.subprocess.Process | None = None
        self._pid: int | None = None
        self._ended: asyncio.Future[int] | None = None

    @property
    def pid(self) -> int | None:
        return self._pid if self._ended is not None and not self._ended.done() else None

    async def start(self, *, timeout_s: float = 120.0, crash: Mapping[str, Any] | None = None) -> float:
        """Start the bot and wait until it is there. `crash`: the boundary at which it will kill itself.

        Returns the seconds that took. Raises `NotSeen` when it does not come, unless it was to kill itself.
        """
        if self._wings is None:
            self._wings = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.rehearsal.actor", "--ready", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=self._log, start_new_session=True)
        assert self._wings.stdin is not None
        started, before = time.monotonic(), self._loopback.gateway.identifies
        part = {"base_url": self._loopback.base_url, "settings": dict(self._settings), "crash": crash}
        self._wings.stdin.write(json.dumps(part).encode() + b"\n")
        self._pid = (await self._line(timeout_s))["pid"]
        self._ended = asyncio.ensure_future(self._wait_for_the_end())
        ended = self._ended

        def there() -> bool | None:
            if ended.done():
                return False
            return True if self._loopback.gateway.identifies > before and self._loopback.gateway.connected else None

        if not await self._loopback.world.until(there, timeout_s) and not (crash and ended.done()):
            raise NotSeen(f"The bot did not come up (exit code {ended.result() if ended.done() else None})")
        return time.monotonic() - started

    async def gone(self, timeout_s: float) -> int:
        """Wait until the bot has ended. Returns its exit code, -9 for a kill. Raises `TimeoutError`."""
        assert self._ended is not None
        return await asyncio.wait_for(asyncio.shield(self._ended), timeout_s)

    async def stop(self, *, politely: bool = True, timeout_s: float = 60.0) -> int | None:
        if self._ended is None:
            return None
        if (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if politely else signal.SIGKILL)
        try:
            return await self.gone(timeout_s)
        except TimeoutError:
            if (pid := self.pid) is not None:
                os.kill(pid, signal.SIGKILL)
            return await self.gone(timeout_s)

    async def close(self) -> None:
        await self.stop()
        if self._wings is not None and self._wings.stdin is not None:
            self._wings.stdin.close()
            await self._wings.wait()

    async def _wait_for_the_end(self) -> int:
        return int((await self._line(None))["code"])

    async def _line(self, timeout_s: float | None) -> dict[str, Any]:
        assert self._wings is not None and self._wings.stdout is not None
        line = await asyncio.wait_for(self._wings.stdout.readline(), timeout_s)
        if not line:
            raise NotSeen("nobody stands ready any longer")
        answer: dict[str, Any] = json.loads(line)
        return answer
