"""The bot's process in a rehearsal: started, stopped, killed, and watched for its memory."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import NotSeen


class Troupe:
    """The bot's process: started, stopped, killed, and watched for its memory."""

    def __init__(self, loopback: Loopback, settings: Mapping[str, Any], log: IO[bytes], *,
                 command: Sequence[str] = (sys.executable, "-m", "bot.rehearsal.actor")) -> None:
        self._loopback = loopback
        self._settings = settings
        self._log = log
        self._command = tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.peak_mib: dict[str, float] = {}

    async def start(self, *, timeout_s: float = 120.0) -> float:
        """Start the bot and wait until it is there. Returns the seconds that took. Raises `NotSeen`."""
        started = time.monotonic()
        before = self._loopback.gateway.identifies
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=self._log,
            stderr=self._log, start_new_session=True)
        assert self._process.stdin is not None
        part = {"base_url": self._loopback.base_url, "settings": dict(self._settings)}
        self._process.stdin.write(json.dumps(part).encode())
        self._process.stdin.close()
        if self._watch is None:
            self._watch = asyncio.create_task(self._measure())
        process = self._process

        def there() -> bool | None:
            if process.returncode is not None:
                return False
            return True if self._loopback.gateway.identifies > before and self._loopback.gateway.connected else None

        if not await self._loopback.world.until(there, timeout_s):
            raise NotSeen("The bot did not come up" if process.returncode is None
                          else f"The bot ended while starting (exit code {process.returncode})")
        return time.monotonic() - started

    @property
    def pid(self) -> int | None:
        """The bot's process id while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def stop(self, *, politely: bool = True, timeout_s: float = 60.0) -> int | None:
        """SIGTERM and wait, or SIGKILL. Returns the exit code, None when there was nothing to stop."""
        process = self._process
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM if politely else signal.SIGKILL)
            try:
                await asyncio.wait_for(process.wait(), timeout_s)
            except TimeoutError:
                process.kill()
                await process.wait()
                return -9
        self._process = None
        return process.returncode

    async def close(self) -> None:
        await self.stop()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _measure(self) -> None:
        import psutil

        while True:
            if self._process is not None and self._process.returncode is None:
                try:
                    face = psutil.Process(self._process.pid)
                    for each in (face, *face.children(recursive=True)):
                        role = "bot" if each.pid == face.pid else "studio"
                        mib = peak_mib_of(each.pid) or each.memory_info().rss / 2**20
                        self.peak_mib[role] = round(max(self.peak_mib.get(role, 0.0), mib), 1)
                except psutil.Error:
                    pass
            await asyncio.sleep(0.5)


def peak_mib_of(pid: int) -> float | None:
    """A process's peak resident memory as Linux keeps it; None elsewhere."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "")
    return int(line.split()[1]) / 1024 if line else None
