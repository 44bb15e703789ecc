"""The loopback's own log: one JSON line for every request, gateway event, message state and player's act.

The log is written by the server side alone, so it can judge the bot: a test compares it with what was asked,
never with the bot's own tables. Lines are flushed one by one; a killed process loses none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

Line = dict[str, Any]


class Record:
    """An append-only log, in memory and (with a path) in a file of JSON lines.

    Every line has `time` (UTC, ISO 8601), `ms` (milliseconds since the record was opened) and `kind`:
    `request`, `gateway`, `message`, `player`, `fault`, `violation` or `note`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[Line] = []
        self.listeners: list[Callable[[Line], None]] = []
        self.started = time.monotonic()
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")

    def now_ms(self) -> float:
        """Milliseconds since the record was opened, to a tenth."""
        return round((time.monotonic() - self.started) * 1000, 1)

    def add(self, kind: str, **facts: Any) -> Line:
        """Write one line down and tell the listeners."""
        line: Line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "ms": self.now_ms(),
                      "kind": kind, **facts}
        self.lines.append(line)
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._file.flush()
        for listener in self.listeners:
            listener(line)
        return line

    def of(self, kind: str, **facts: Any) -> Iterator[Line]:
        """The lines of one kind whose fields equal `facts`, oldest first."""
        for line in self.lines:
            if line["kind"] == kind and all(line.get(key) == value for key, value in facts.items()):
                yield line

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
