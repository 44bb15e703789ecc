"""A worker, or a studio's process, whose painter takes its time: paper dolls, and sleep before each of some steps.

`python -m bench.slow_studio studio STEPS STEP_S [quick] [other]` is the process that holds the models
(engine/studio/host.py); without steps the painter is that of the settings. With `quick` writer and likeness answer
without thinking; with `other` the painter is called otherwise.
`python -m bench.slow_studio worker NAME STEPS STEP_S [quick] [other]` reads settings as JSON from its standard input,
and is `storythread worker` around that process. It prints "ready" when work can come.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.logs import open_logs
from engine.nouns import Painting, PanelBrief, Underdrawing
from engine.settings import Settings, load_settings
from engine.studio import host


class SlowPainter:
    """Another painter's pictures, later: `steps` steps of `step_s` seconds each, with the avatar as preview."""

    def __init__(self, painter: Any, steps: int, step_s: float, name: str = "") -> None:
        self._painter, self._steps, self._step_s = painter, steps, step_s
        self.name, self.size_px = name or painter.name, painter.size_px

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        begun = time.perf_counter()
        painted: Painting = self._painter.paint(brief, underdrawing, references, seed=seed, on_step=lambda *_: None)
        for step in range(1, self._steps + 1):
            time.sleep(self._step_s)
            on_step(step, self._steps, painted.png if step == self._steps // 2 else None)
        return replace(painted, steps=self._steps, seconds=time.perf_counter() - begun)


def studio(steps: int, step_s: float, quick: bool, other: bool) -> None:
    """The models' process."""
    from engine.painters import open_theatre

    openers: dict[str, Callable[[Settings], Any]] = dict(host.OPENERS)
    if steps:
        name = "other@1" if other else ""
        openers["painter"] = lambda settings: SlowPainter(open_theatre(), steps, step_s, name)
    if quick:
        from bench.load_stub import StubLikeness, StubWriter

        openers |= {"writer": lambda settings: StubWriter(100.0), "likeness": lambda settings: StubLikeness(100.0)}
    host.main(openers)


def worker(name: str, rest: Sequence[str]) -> None:
    """A worker around it."""
    from engine.studio import worker as worker_module

    settings = load_settings(**json.load(sys.stdin))
    worker_module.BEAT_EVERY_S = 1.0       # so that whoever waits for one that hangs need not wait long

    async def run() -> None:
        open_logs(logging.INFO)
        ready = asyncio.Event()

        async def say() -> None:
            await ready.wait()
            os.write(1, b"ready\n")

        saying = asyncio.create_task(say())
        try:
            await worker_module.run_worker(settings, name=name, ready=ready,
                             command=(sys.executable, "-m", "bench.slow_studio", "studio", *rest))
        finally:
            saying.cancel()

    asyncio.run(run())


class Hired:
    """A worker's process, as whoever tests it sees it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process, self.log = process, log

    @property
    def pid(self) -> int:
        return self.process.pid

    async def there(self, timeout_s: float = 120.0) -> None:
        """Wait until work can come to it."""
        assert self.process.stdout is not None
        said = await asyncio.wait_for(self.process.stdout.readline(), timeout_s)
        if said != b"ready\n":
            raise RuntimeError(f"the worker did not come up:\n{self.log.read_text('utf-8', 'replace')}")

    async def end(self, number: int = signal.SIGTERM, timeout_s: float = 60.0) -> int:
        """Send it a signal and wait until it is gone. Returns the exit code."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), timeout_s)


@contextlib.asynccontextmanager
async def hired(settings: Mapping[str, Any], folder: Path, name: str, *, steps: int = 8, step_s: float = 0.05,
                quick: bool = True, other: bool = False) -> AsyncIterator[Hired]:
    """A worker, started (wait for `there`), killed at the end if it still lives. Its home is made in `folder`."""
    with (folder / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.slow_studio", "worker", name, str(steps), str(step_s),
            *(["quick"] if quick else []), *(["other"] if other else []), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=log)
    assert process.stdin is not None
    process.stdin.write(json.dumps({**settings, "home": str(folder / name)}).encode())
    process.stdin.close()
    worker = Hired(process, folder / f"{name}.log")
    try:
        yield worker
    finally:
        await worker.end(signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1] == "studio":
        studio(int(sys.argv[2]), float(sys.argv[3]), "quick" in sys.argv[4:], "other" in sys.argv[4:])
    else:
        worker(sys.argv[2], sys.argv[3:])
