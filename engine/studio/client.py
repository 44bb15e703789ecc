"""The studio as a child of the face's: starts the process that holds the models, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import engine
from engine.nouns import StudioFailed
from engine.observing import StudioEnded, note
from engine.settings import Settings
from engine.studio.front import Front, Work
from engine.studio.messages import (
    LENGTH_BYTES,
    Awake,
    Began,
    BrokenFrame,
    Cancel,
    Close,
    Done,
    Failed,
    Loaded,
    Loading,
    Open,
    Ready,
    Stepped,
    ToStudio,
    Unable,
    Wrote,
    frame,
    length_of,
    unframe,
)

log = logging.getLogger(__name__)

#: Starts in a row that come to nothing before waiting work is told so.
STARTS_BEFORE_GIVING_UP = 3
#: Times one job is tried when the process dies under it.
TRIES = 2
#: Seconds a child may take to go once nobody listens to it or it says nothing sensible.
GOING_S = 2.0
#: Seconds one model may take to open without a sound.
LOADING_S = 600.0
#: Seconds a fresh process has at least to say that it is awake: how long that takes is the machine's business.
WAKING_S = 60.0
#: Seconds from starting the process to its first work, before it was measured.
ASSUMED_START_S = 5.0


class StudioClient(Front):
    """The models, behind one lane in a process of their own. Implements `engine.ports.Studio`.

    `silence_s`: a job that says nothing for so long (no step, no token) hangs; the process is then killed and the job
    tried once more. `command` starts the child; the default is this Python with `-m engine.studio.host`.
    """

    def __init__(self, settings: Settings, *, silence_s: float = 120.0, command: Sequence[str] | None = None) -> None:
        super().__init__(settings)
        self._silence_s = min(silence_s, settings.studio.job_timeout_s)
        self._command = tuple(command or (sys.executable, "-m", "engine.studio.host"))
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._awake = False
        self._served = False                           # this process has proved itself
        self.gave_up = False                           # it did not start, again and again
        self._wanted = asyncio.Event()
        self._silence: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._born_at = 0.0
        self._start_s = ASSUMED_START_S

    # --- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the child and return at once; work waits until it is awake. A second call does nothing."""
        if self._closed:
            raise StudioFailed("the studio is closed")
        if self._life is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(), name="studio")

    async def close(self) -> None:
        """End the child and fail what still waits. Returns when the process is gone."""
        self._closed = True
        if self._life is not None:
            self._send(Close())
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
            self._life = None
        self._fail_everything("the studio is closed")

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def peak_memory(self) -> int:
        """The most memory any child has held so far, in bytes; 0 before the first one said."""
        if self.pid is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                status = Path(f"/proc/{self.pid}/status").read_text("ascii", errors="replace")
                here = int(status.split("VmHWM:")[1].split()[0]) * 1024
                self._peak_bytes = max(self._peak_bytes, here)
        return self._peak_bytes

    # --- the lane's one hand -----------------------------------------------------------------------

    @property
    def _running(self) -> Work | None:
        """The job the child works on."""
        return next(iter(self._at_work), None)

    def _can_begin(self) -> bool:
        return self._awake

    def _next(self) -> None:
        self._wanted.set()                             # a child that does not start is tried again
        super()._next()

    def _hand_over(self, work: Work) -> None:
        work.tries += 1
        self._send(work.message)
        self._expect_sound()
        self._limit()

    def _call_off(self, work: Work) -> None:
        self._send(Cancel(work.ticket.job_id))         # the lane is free when the child answers, a step later

    def _finish(self, work: Work, seconds: float | None = None, *, units: float | None = None) -> None:
        self._stop(self._silence)
        self._stop(self._deadline)
        super()._finish(work, seconds, units=units)

    def _starting_s(self) -> float:
        # While the process starts, everybody waits that much longer.
        return 0.0 if self._awake else max(0.0, self._start_s - (time.monotonic() - self._born_at))

    # --- what the child says -----------------------------------------------------------------------

    def _hear(self, message: object) -> None:
        self._expect_sound()
        work = self._running
        match message:
            case Awake():
                self._awake = True
                if work is not None:                   # the process died under it: once more
                    self._hand_over(work)
                else:
                    self._next()
            case Loading():                            # does not count against the job that waits for it
                self._expect_sound(max(LOADING_S, self._silence_s))
                self._stop(self._deadline)
            case Loaded(role=role, name=name, seconds=seconds, size_px=size_px):
                log.info("studio: %s %s, loaded in %.1f s", role, name, seconds)
                self._limit()
                self._size_px = size_px or self._size_px
                self._start_s = time.monotonic() - self._born_at
            case Unable(role=role, why=why):
                log.warning("studio: no %s: %s", role, why)
                self._limit()
            case Ready():
                self._served = True
                if self._ready is not None and not self._ready.done():
                    self._ready.set_result(message)
            case Wrote(job_id=job_id) | Stepped(job_id=job_id) | Done(job_id=job_id) | Failed(job_id=job_id) \
                    if work is not None and work.ticket.job_id == job_id:
                self._served = self._served or isinstance(message, Done)
                self._heard(work, message)
            case Began() | Wrote() | Stepped() | Done() | Failed():
                pass                                   # of a job that is over
            case _:
                raise BrokenFrame(f"the studio said {type(message).__name__}")

    def _send(self, message: ToStudio) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return                                     # it is dead: what follows its death sends this job again
        process.stdin.write(frame(message))

    def _expect_sound(self, within_s: float = 0.0) -> None:
        """(Re)start the clock that calls a working child hung."""
        within_s = within_s or self._silence_s
        self._stop(self._silence)
        if self._running is not None or not self._awake:
            self._silence = asyncio.get_running_loop().call_later(
                within_s, self._put_down, f"nothing was heard for {within_s:g} s", False)

    def _limit(self) -> None:
        """(Re)start the clock of the running job's whole time."""
        self._stop(self._deadline)
        if self._running is not None:
            limit_s = self._settings.studio.job_timeout_s
            self._deadline = asyncio.get_running_loop().call_later(
                limit_s, self._put_down, f"the job took longer than {limit_s:g} s", True)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _put_down(self, why: str, for_good: bool) -> None:
        """Kill a child that hangs. `for_good`: its job is not tried again."""
        log.error("studio: %s, killing the process", why)
        if for_good and self._running is not None:
            self._running.given_up = why
        if self.pid is not None and self._process is not None:
            self._process.kill()

    # --- one life after the other ------------------------------------------------------------------

    async def _live(self) -> None:
        failures = 0
        while True:
            why = await self._one_life()
            failures = 0 if self._served else failures + 1
            log.error("studio: the process ended: %s", why)
            note(StudioEnded())
            work = self._running
            if work is not None and (work.given_up or work.tries >= TRIES):
                self._give_up(work, StudioFailed(
                    work.given_up or f"the models' process died twice: {why}", reason="studio_stuck"))
            self.gave_up = failures >= STARTS_BEFORE_GIVING_UP
            if self.gave_up:
                self._fail_everything(f"the models' process does not start: {why}")
                self._wanted.clear()
                await self._wanted.wait()              # the next who asks has it tried again
                failures = STARTS_BEFORE_GIVING_UP - 1
                if self._ready is not None and self._ready.done():
                    self._ready = asyncio.get_running_loop().create_future()
            elif failures:
                await asyncio.sleep(0.25 * 2**failures)
            self._tell_places()

    async def _one_life(self) -> str:
        """Start a child and listen until it ends. Returns why it ended."""
        self._awake = self._served = False
        self._born_at = time.monotonic()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=_child_environment(self._settings))
        except OSError as error:
            return f"cannot be started ({error.strerror})"
        self._process = process
        assert process.stdout is not None and process.stderr is not None
        drain = asyncio.create_task(_drain(process.stderr))
        why = ""
        try:
            self._send(Open(self._settings))
            self._expect_sound(max(WAKING_S, self._silence_s))
            while True:
                head = await process.stdout.readexactly(LENGTH_BYTES)
                self._hear(unframe(await process.stdout.readexactly(length_of(head))))
        except asyncio.IncompleteReadError:
            pass
        except BrokenFrame as error:
            why = str(error)
        except Exception as error:         # a fault of ours must not leave everybody waiting for ever
            log.exception("studio: a message could not be handled")
            why = type(error).__name__
        finally:
            self._awake = False
            self._stop(self._silence)
            self._stop(self._deadline)
            # A child whose pipe has ended is about to go. Killing it at that moment would have asyncio lose its exit
            # code (Popen.kill polls, which reaps the child before asyncio's watcher can).
            try:
                await asyncio.wait_for(process.wait(), GOING_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            await drain
            if process.stdin is not None:
                process.stdin.close()
        return why or f"exit code {process.returncode}"


def _child_environment(settings: Settings) -> Mapping[str, str]:
    """The face's environment without its secrets, with the model libraries told to stay at home and be quiet."""
    kept = {name: value for name, value in os.environ.items()
            if name != "DISCORD_TOKEN" and not name.startswith(("STORYTHREAD_", "AWS_"))}
    here = str(Path(engine.__file__).parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (here, kept.get("PYTHONPATH"))))
    if threads := settings.studio.threads or _cpu_quota():
        kept["OMP_NUM_THREADS"] = str(threads)
    return kept | {
        "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "DIFFUSERS_VERBOSITY": "error",
        "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1"}


def _cpu_quota() -> int:
    """The processors a container may use at once where that is fewer than the machine has; else 0.

    Libraries count the machine's; with more threads than may run, each waits for the others.
    """
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        allowed = max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):          # no such limit ("max"), or another system
        return 0
    return allowed if allowed < (os.cpu_count() or 1) else 0


async def _drain(stderr: asyncio.StreamReader) -> None:
    """The child's standard error into this process's log: our own lines and crash reports, no library's chatter.

    Ours quote nobody; a library's might, so of those only the number is told.
    """
    own = {f"{logging.getLevelName(level)} engine.": level for level in (logging.INFO, logging.WARNING, logging.ERROR)}
    others, crashing = 0, False
    while True:
        try:
            line = (await stderr.readline()).decode("utf-8", "replace")
        except ValueError:                 # longer than the reader's limit
            others += 1
            continue
        if not line:
            break
        crashing = crashing or line.startswith("Fatal Python error")
        level = next((level for start, level in own.items() if line.startswith(start)), None)
        if level is not None or crashing or line.startswith("  /"):
            log.log(level or logging.ERROR, "studio: %s", line.rstrip())
        else:
            others += 1
    if others:
        log.debug("studio: %d more lines on standard error", others)
