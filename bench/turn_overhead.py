"""How long a turn spends outside the models: store, durable records, recall, underdrawing, stage.

`python -m bench.turn_overhead [--turns N]` plays turns through the whole engine with the paper-doll painter and a
scripted writer, timed around every call of the models. Prints one table: time as it passed, and processor time of the
whole process, which neighbours on the same machine hardly disturb; what was asked of the databases; threads' share.
Target: at most 10 % of a turn or 150 ms, whichever is larger.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.staging import ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of

#: The first turns load code, and draw what is drawn once.
WARM_UP = 3


class TimedStudio(ScriptedStudio):
    """Adds up the seconds spent inside the models, by the clock and by the processor."""

    seconds = processor_s = 0.0

    async def write(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().write(*args, **kwargs))

    async def paint(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().paint(*args, **kwargs))

    async def embed(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().embed(*args, **kwargs))

    async def _timed(self, call: Any) -> Any:
        begin, used = perf_counter(), process_time()
        try:
            return await call
        finally:
            self.seconds += perf_counter() - begin
            self.processor_s += process_time() - used


@dataclass(frozen=True, slots=True)
class Cost:
    """What one turn took outside the models."""

    seconds: float
    processor_s: float
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def counted(asked: Counter[str]) -> Iterator[None]:
    """Count what is asked of the story's database and of the workflows' in between."""

    def whose(connection: Any) -> str:
        return "workflows" if "workflows" in str(connection.engine.url) else "library"

    def statement(connection: Any, *rest: object) -> None:
        asked[f"{whose(connection)}: statements"] += 1

    def transaction(connection: Any) -> None:
        asked[f"{whose(connection)}: transactions"] += 1

    def commit(connection: Any) -> None:
        asked[f"{whose(connection)}: commits"] += 1

    listeners = (("before_cursor_execute", statement), ("begin", transaction), ("commit", commit))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


async def measure(turns: int) -> Sequence[Cost]:
    """What each turn of two panels takes, after three that warm up."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        studio, stage = TimedStudio(), WrittenStage(Path(folder) / "stage")
        async with open_runner(settings_at(Path(folder)), stage, studio) as (library, runner):
            story = await begin_story(library)
            for number in range(WARM_UP + turns):
                asked: Counter[str] = Counter()
                studio.seconds = studio.processor_s = 0.0
                with counted(asked):
                    begin, used = perf_counter(), process_time()
                    await runner.accept(turn_of(story, f"t{number}", "2 friends"))
                    await runner.finished(f"t{number}")
                    rows.append(Cost(perf_counter() - begin - studio.seconds,
                                     process_time() - used - studio.processor_s, asked))
    return rows[WARM_UP:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    rows = asyncio.run(measure(parser.parse_args().turns))
    table = Table("outside the models, ms", "median", "fastest", "slowest", "first five", "last five",
                  title=f"{len(rows)} turns of 2 panels")
    clock, processor = [row.seconds for row in rows], [row.processor_s for row in rows]
    for name, each in (("by the clock", clock), ("processor", processor)):
        table.add_row(name, *(f"{1000 * value:.0f}" for value in (
            statistics.median(each), min(each), max(each), statistics.mean(each[:5]), statistics.mean(each[-5:]))))
    asked = Table("asked a turn", "median")
    for name in sorted({name for row in rows for name in row.asked}):
        asked.add_row(name, f"{statistics.median(row.asked[name] for row in rows):.0f}")
    Console().print(table, asked)


if __name__ == "__main__":
    main()
