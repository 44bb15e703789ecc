"""Workers: how many panels one, two and three of them paint, and what the queue costs a panel beside the child's pipe.

    python -m bench.workers [--jobs 36] [--step-s 0.1]     # a painter that mostly waits, as a face waits for a GPU
    python -m bench.workers --mini                         # mini itself: they share this machine's cores

Everything is in one run: a PostgreSQL, the face's end of the studio (no bot), each worker a process with a child of
its own. First panels one after another, through a child's pipe and through one worker; then `--jobs` panels at once, of
six people, for a child, one, two and three workers. Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
from PIL import Image

from bench.postgres import postgres_server
from bench.slow_studio import hired
from engine.nouns import (
    CharacterId,
    Figure,
    Look,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    TurnId,
    Underdrawing,
)
from engine.settings import load_settings
from engine.store import open_library
from engine.studio.client import StudioClient
from engine.studio.front import Front
from engine.studio.workers import Workers

PEOPLE = 6
STEPS = 8


def _underdrawing() -> Underdrawing:
    out = io.BytesIO()
    Image.effect_noise((256, 256), 30).convert("RGB").save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


async def panel(studio: Front, number: int, underdrawing: Underdrawing) -> Painting:
    """One panel, asked for by one of the people."""
    figure = Figure(CharacterId("c"), "Mia", Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    brief = PanelBrief(PanelId(f"t{number}.0"), StoryId("s"), "Mia waves.", (figure,),
                       Setting(SettingId("x"), "garden", "the garden", 1))
    return await studio.paint(brief, underdrawing, [underdrawing.png], seed=number, turn_id=TurnId(f"t{number}"),
                              owner_id=OwnerId(f"person {number % PEOPLE}"), on_event=lambda event: None)


async def one_after_another(studio: Front, jobs: int) -> dict[str, float]:
    """Milliseconds a panel takes beyond the seconds of work its painter says, when nobody else asks."""
    underdrawing, beyond = _underdrawing(), []
    for number in range(jobs + 1):
        begun = time.perf_counter()
        painted = await panel(studio, number, underdrawing)
        beyond.append(1000 * (time.perf_counter() - begun - painted.seconds))
    beyond = beyond[1:]                    # the first opens the model
    return {"median_ms": round(statistics.median(beyond), 1), "worst_ms": round(max(beyond), 1)}


async def all_at_once(studio: Front, jobs: int) -> float:
    """Seconds until so many panels are there."""
    underdrawing, begun = _underdrawing(), time.perf_counter()
    await asyncio.gather(*(panel(studio, number, underdrawing) for number in range(jobs)))
    return time.perf_counter() - begun


async def measure(server: str, folder: Path, *, jobs: int, alone: int, step_s: float, mini: bool,
                  counts: Sequence[int] = (1, 2, 3)) -> dict[str, Any]:
    """All of it."""
    connection = await asyncpg.connect(f"{server}/postgres")
    name = f"bench_workers_{time.time_ns()}"
    await connection.execute(f"CREATE DATABASE {name}")
    steps = 0 if mini else STEPS
    given = {"master_key_file": str(folder / "master.key"), "database_url": f"{server}/{name}",
             "studio": {"threads": 1, "painter": "mini" if mini else "theatre"}}
    settings = load_settings(**given, home=folder / "face")
    report: dict[str, Any] = {"painter": "mini" if mini else f"paper dolls and {STEPS} x {step_s} s of sleep",
                              "panels at once": jobs, "one after another": {}, "seconds": {}, "times one worker": {}}
    child = StudioClient(settings, command=(
        sys.executable, "-m", "bench.slow_studio", "studio", str(steps), str(step_s), "quick"))
    await child.start()
    await child.ready()
    report["one after another"]["pipe"] = await one_after_another(child, alone)
    report["seconds"]["pipe"] = round(await all_at_once(child, jobs), 2)
    await child.close()

    library = await open_library(settings)
    studio = Workers(settings, library)
    await studio.start()
    try:
        for count in counts:
            async with AsyncExitStack() as stack:
                workers = [await stack.enter_async_context(hired(given, folder, f"worker-{count}-{number}", steps=steps,
                                                                 step_s=step_s)) for number in range(count)]
                await asyncio.gather(*(worker.there() for worker in workers))
                while len(studio.workers()) != count:  # noqa: ASYNC110 - what is waited for is another process
                    await asyncio.sleep(0.05)
                await all_at_once(studio, count)       # each opens its model
                if count == counts[0]:
                    report["one after another"]["worker"] = await one_after_another(studio, alone)
                report["seconds"][str(count)] = round(await all_at_once(studio, jobs), 2)
                await asyncio.gather(*(worker.end() for worker in workers))
            while studio.workers():  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
    finally:
        await studio.close()
        await library.close()
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()
    first = report["seconds"][str(counts[0])]
    report["times one worker"] = {str(count): round(first / report["seconds"][str(count)], 2) for count in counts}
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=36)
    parser.add_argument("--alone", type=int, default=20, help="panels one after another")
    parser.add_argument("--step-s", type=float, default=0.1)
    parser.add_argument("--mini", action="store_true")
    asked = parser.parse_args()
    with postgres_server() as server, tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(server, Path(folder), jobs=asked.jobs, alone=asked.alone,
                                             step_s=asked.step_s, mini=asked.mini)), indent=1))


if __name__ == "__main__":
    main()
