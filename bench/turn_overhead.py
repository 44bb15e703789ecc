"""How long a turn spends outside the models: store, durable records, recall, underdrawing, stage.

`python -m bench.turn_overhead [--turns N]` plays the same turns twice in one run: once through the whole engine with
the paper-doll painter and a scripted writer, timed around every call of the models; and the bare calls alone. Prints
one table. Target: at most 10 % of a turn or 150 ms, whichever is larger.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.staging import ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of


class TimedStudio(ScriptedStudio):
    """Adds up the seconds spent inside the models."""

    seconds = 0.0

    async def write(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().write(*args, **kwargs))

    async def paint(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().paint(*args, **kwargs))

    async def embed(self, *args: Any, **kwargs: Any) -> Any:
        return await self._timed(super().embed(*args, **kwargs))

    async def _timed(self, call: Any) -> Any:
        begin = perf_counter()
        try:
            return await call
        finally:
            self.seconds += perf_counter() - begin


async def measure(turns: int) -> Sequence[tuple[float, float]]:
    """(whole seconds, seconds inside the models) of each turn of two panels."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        studio, stage = TimedStudio(), WrittenStage(Path(folder) / "stage")
        async with open_runner(settings_at(Path(folder)), stage, studio) as (library, runner):
            story = await begin_story(library)
            for number in range(turns):
                studio.seconds, begin = 0.0, perf_counter()
                await runner.accept(turn_of(story, f"t{number}", "2 friends"))
                await runner.finished(f"t{number}")
                rows.append((perf_counter() - begin, studio.seconds))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    rows = asyncio.run(measure(parser.parse_args().turns))
    outside = [(whole - inside) * 1000 for whole, inside in rows]
    table = Table("turns of 2 panels", "outside the models, median", "worst", "first five", "last five")
    table.add_row(str(len(rows)), f"{statistics.median(outside):.0f} ms", f"{max(outside):.0f} ms",
                  f"{statistics.mean(outside[:5]):.0f} ms", f"{statistics.mean(outside[-5:]):.0f} ms")
    Console().print(table)


if __name__ == "__main__":
    main()
