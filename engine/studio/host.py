"""The studio's own process: holds the models, one job at a time, stops at any step. `python -m engine.studio.host`.

The only place that chooses a concrete writer, painter and likeness. The main thread works; one thread reads what
the face says, so that a cancellation is seen at the next denoising step or written token; one thread speaks, so that
a slow listener never holds up a brush (of steps not yet told, only the newest is). Frames travel over the standard
input and output the process was started with; everything else that prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.logs import open_logs
from engine.nouns import INSTEAD_OF, Cancelled, Painting, StorythreadError, StudioFailed
from engine.planning import stable_seed
from engine.safety.wall import Walled
from engine.studio.messages import (
    AvatarJob,
    Awake,
    Began,
    Cancel,
    Close,
    Done,
    Failed,
    FromStudio,
    Job,
    JudgeJob,
    Loaded,
    Loading,
    Open,
    PaintJob,
    ReadJob,
    Ready,
    Stepped,
    Unable,
    WriteJob,
    Wrote,
    frame,
    read_frame,
)

if TYPE_CHECKING:
    from engine.ports import Likeness, Painter, Writer
    from engine.safety.guard import LlamaGuard
    from engine.settings import Settings
    from engine.studio.reader import PanelReader

log = logging.getLogger("engine.studio.host")   # also when started by name, as __main__


# --- choosing the models ---------------------------------------------------------------------------

def _open_writer(settings: Settings) -> Writer:
    from engine.writers import open_writer

    return open_writer(settings)


def _open_painter(settings: Settings) -> Painter:
    from engine.painters import open_painter

    return open_painter(settings)


def _open_likeness(settings: Settings) -> Likeness:
    from engine.painters.likeness import MiniLikeness

    return MiniLikeness(threads=settings.studio.threads)


def _open_guard(settings: Settings) -> LlamaGuard:
    from engine.pinned import must_be_known
    from engine.safety.guard import LlamaGuard

    path = Path(settings.studio.guard_model).expanduser()
    must_be_known(path, settings)
    return LlamaGuard(path, threads=settings.studio.threads)


def _mini_painter(settings: Settings) -> Painter:
    from engine.painters import open_mini

    return open_mini(settings)


def _paper_dolls(settings: Settings) -> Painter:
    from engine.painters import open_theatre

    return open_theatre()


def _wanted(role: str, settings: Settings) -> str:
    """The writer or painter that should have worked, by its name alone."""
    from engine.models.shelf import painter_choice, writer_choice
    from engine.studio.machine import look

    return Path((painter_choice if role == "painter" else writer_choice)(settings, look).name).name


def _open_reader(settings: Settings) -> PanelReader:
    from engine.models.shelf import eyes_of
    from engine.pinned import must_be_known
    from engine.studio.reader import PanelReader

    model, projector = eyes_of(settings)
    for path in (model, projector):
        must_be_known(path, settings)
    return PanelReader(model, projector, threads=settings.studio.threads, gpu_layers=settings.studio.gpu_layers)


def stand_ins(role: str, settings: Settings) -> dict[str, Callable[[Settings], Any]]:
    """Who may step in for a model that cannot be had, in turn: mini for one chosen by name, and paper dolls if allowed.

    A folder or a file that an operator names is no choice among several: where it cannot be opened, that is the answer.
    """
    from engine.models.shelf import falls_back
    from engine.writers import open_mini as mini_writer

    found: dict[str, Callable[[Settings], Any]] = {}
    if role == "writer" and falls_back(settings.studio.writer):
        found["mini"] = mini_writer
    if role == "painter" and falls_back(settings.studio.painter):
        found["mini"] = _mini_painter
    if role == "painter" and settings.studio.fallback_to_theatre:
        found["theatre"] = _paper_dolls
    return found


OPENERS: Mapping[str, Callable[[Settings], Any]] = {
    "writer": _open_writer, "guard": _open_guard, "painter": _open_painter, "likeness": _open_likeness,
    "reader": _open_reader,
}


#: Reason of a painting in which there is nothing to see, and how often another one is tried.
BLANK, REPAINTS = "studio_blank", 1


class Models:
    """The models of one process, each opened once: when its first job comes, or before, while nobody asks."""

    def __init__(self, settings: Settings, say: Callable[[FromStudio], None],
                 openers: Mapping[str, Callable[[Settings], Any]] = OPENERS) -> None:
        self._settings, self._say = settings, say
        self._openers = {role: opener for role, opener in openers.items()
                         if (role != "guard" or settings.studio.guard_model)
                         and (role != "reader" or settings.studio.vision_model)}
        self._open: dict[str, Any] = {}
        self._loaded: list[Loaded] = []
        self._unable: dict[str, Unable] = {}
        self._stood_in_for: list[Unable] = []
        self._stand_in = ""
        self._names: dict[str, str] = {}

    @property
    def unopened(self) -> list[str]:
        """The roles that were not yet tried, in the order a first turn needs them."""
        return [role for role in self._openers if role not in self._open and role not in self._unable]

    def get(self, role: str) -> Any:
        """The model in this role. Raises `StudioFailed` when it cannot be had."""
        if role not in self._open and role not in self._unable:
            self._load(role)
        if role in self._unable:
            raise StudioFailed(self._unable[role].why)
        return self._open[role]

    def name(self, role: str) -> str:
        """What the model in this role is called; of one that stands in for another, that too."""
        return self._names[role]

    def ready(self) -> Ready:
        """What there is, told once all were tried."""
        unable = (*self._stood_in_for, *self._unable.values())
        return Ready(tuple(self._loaded), unable, stand_in=self._stand_in)

    def _load(self, role: str) -> None:
        self._say(Loading(role))
        started = time.monotonic()
        model = self._try(role, self._openers[role])
        if model is None:
            for name, opener in stand_ins(role, self._settings).items():
                free()                     # what half of it took
                model = self._try(role, opener)
                if model is not None:
                    log.warning("%s stands in for the %s that cannot be opened: %s", name, role,
                                self._unable[role].why)
                    self._stand_in = name if role == "painter" else self._stand_in
                    break
        if model is None:
            self._say(self._unable[role])
            return
        name = model.name
        if role == "painter":
            model = Walled(model)          # whatever was opened, and however: no brief passes by
        if role in self._unable:
            name += f"{INSTEAD_OF}{_wanted(role, self._settings)}"
        if unable := self._unable.pop(role, None):
            self._stood_in_for.append(unable)
            self._say(unable)              # the stand-in draws; what it stands in for is told all the same
        self._open[role], self._names[role] = model, name
        self._loaded.append(Loaded(role, name, time.monotonic() - started, getattr(model, "size_px", 0),
                                   bool(getattr(model, "paints_from_photos", False))))
        self._say(self._loaded[-1])

    def _try(self, role: str, opener: Callable[[Settings], Any]) -> Any | None:
        try:
            return opener(self._settings)
        except Exception as error:         # a model that cannot be had must not take the others with it
            self._unable.setdefault(role, Unable(role, _why(error)))
            return None


def _why(error: Exception) -> str:
    """Why a model cannot be opened, for an operator."""
    if isinstance(error, StorythreadError):
        return str(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "OutOfMemory" in type(error).__name__:
        return "there is not enough memory for it"
    return f"{type(error).__name__}: {error}"


def free() -> None:
    """Give back the memory of a model that could not be opened whole."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


# --- speaking and listening ------------------------------------------------------------------------

class Voice:
    """Sends messages in order from a thread of its own. Steps and prose not yet sent are overtaken by newer ones."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._waiting: list[FromStudio] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._speak, name="studio voice", daemon=True).start()

    def say(self, message: FromStudio) -> None:
        """Send a message, soon. Never blocks on the pipe."""
        with self._changed:
            last = self._waiting[-1] if self._waiting else None
            if isinstance(message, Stepped) and isinstance(last, Stepped) and last.job_id == message.job_id:
                preview = message.preview_png or last.preview_png
                self._waiting[-1] = Stepped(message.job_id, message.step, message.steps, preview)
            elif isinstance(message, Wrote) and isinstance(last, Wrote) and last.job_id == message.job_id:
                self._waiting[-1] = message
            else:
                self._waiting.append(message)
            self._changed.notify()

    def _speak(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                message = self._waiting.pop(0)
            try:
                self._out.write(frame(message))
                self._out.flush()
            except OSError:                # nobody listens any more
                leave()


class Ear:
    """Reads what the face says from a thread of its own. Jobs wait here; cancellations are noted at once."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.jobs: queue.SimpleQueue[Open | Job] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._listen, name="studio ear", daemon=True).start()

    def check(self, job_id: int) -> None:
        """Raises `Cancelled` when the face no longer wants this job."""
        if job_id in self._cancelled:
            raise Cancelled

    def forget(self, job_id: int) -> None:
        """The job is over: its cancellation, if any, says nothing more."""
        self._cancelled.discard(job_id)

    def _listen(self) -> None:
        while True:
            try:
                message = read_frame(self._source.read)
            except (OSError, StorythreadError):
                message = None
            if message is None or isinstance(message, Close):
                leave()                    # the face is gone: no orphan stays, whatever the main thread is at
            elif isinstance(message, Cancel):
                self._cancelled.add(message.job_id)
            else:
                self.jobs.put(message)


def leave() -> None:
    """End this process now. There is nothing to save: the face keeps everything."""
    os._exit(0)


# --- working ---------------------------------------------------------------------------------------

def work(ear: Ear, voice: Voice, openers: Mapping[str, Callable[[Settings], Any]] = OPENERS) -> None:
    """Open the models and do jobs in the order they come, for ever."""
    first = ear.jobs.get()
    if not isinstance(first, Open):
        raise StudioFailed("the first message was no Open")
    models = Models(first.settings, voice.say, openers)
    voice.say(Awake(os.getpid()))
    told = False
    while True:
        # A job that waits goes first: the writer can begin while the painter is not yet loaded.
        while not told and ear.jobs.empty():
            if models.unopened:
                with contextlib.suppress(StudioFailed):
                    models.get(models.unopened[0])
            else:
                voice.say(models.ready())
                told = True
        job = ear.jobs.get()
        if not isinstance(job, Open):
            voice.say(do(job, models, ear, voice))
            ear.forget(job.job_id)


def do(job: Job, models: Models, ear: Ear, voice: Voice) -> Done | Failed:
    """One job, from its message to its answer. Whatever goes wrong becomes a `Failed`."""
    voice.say(Began(job.job_id))
    try:
        ear.check(job.job_id)
        result: Any
        if isinstance(job, WriteJob):
            told, told_at = "", time.monotonic()

            def on_text(prose: str) -> None:
                # A writer that is not yet ready to show anything calls with what was shown before: a sign of life.
                nonlocal told, told_at
                ear.check(job.job_id)
                now = time.monotonic()
                if prose != told:
                    voice.say(Wrote(job.job_id, prose))
                elif now - told_at >= 1.0:
                    voice.say(Began(job.job_id))
                else:
                    return
                told, told_at = prose, now

            writer: Writer = models.get("writer")
            started = time.monotonic()
            step = writer.write(job.scene, seed=job.seed, on_text=on_text)
            result = replace(step, writer=models.name("writer"))
        elif isinstance(job, PaintJob | AvatarJob):
            def on_step(step: int, steps: int, preview_png: bytes | None) -> None:
                ear.check(job.job_id)
                voice.say(Stepped(job.job_id, step, steps, preview_png))

            painter: Walled = models.get("painter")
            started = time.monotonic()
            if isinstance(job, AvatarJob):
                paint = partial(painter.paint_avatar, job.sitting, on_step=on_step)
            else:
                paint = partial(painter.paint, job.brief, job.underdrawing, job.references, on_step=on_step)
            result = replace(paint_something(paint, job.seed), painter=models.name("painter"))
        elif isinstance(job, ReadJob):
            reader: PanelReader = models.get("reader")
            started = time.monotonic()
            result = reader.read(job.png, job.things)
        elif isinstance(job, JudgeJob):
            guard: LlamaGuard = models.get("guard")
            started = time.monotonic()
            result = tuple(sorted(guard.judge(job.text, job.rating)))
        else:
            likeness: Likeness = models.get("likeness")
            started = time.monotonic()
            result = likeness.embed(job.pictures)
        return Done(job.job_id, result, time.monotonic() - started, peak_bytes())
    except Cancelled:
        return Failed(job.job_id, Cancelled.reason, "cancelled", True, peak_bytes())
    except StorythreadError as error:
        return Failed(job.job_id, error.reason, str(error), False, peak_bytes())
    except Exception as error:             # a job that fails oddly must not end the process and its loaded models
        log.error("a job failed: %s\n%s", type(error).__name__, _where(error))
        message = f"the models failed: {type(error).__name__}"
        return Failed(job.job_id, StudioFailed.reason, message, False, peak_bytes())


def paint_something(paint: Callable[..., Painting], seed: int) -> Painting:
    """Paint, and look at it before anybody else does. What shows nothing is painted once more, with another seed.

    Raises `StudioFailed` ("studio_blank") when that shows nothing either, and whatever the painter raises.
    """
    from engine.painters.looking import shows_nothing

    for attempt in range(1 + REPAINTS):
        try:
            painting = paint(seed=seed if attempt == 0 else stable_seed(str(seed), "nothing to see", attempt))
        except StudioFailed as failure:
            if failure.reason != BLANK:
                raise
        else:
            if not shows_nothing(painting.png):
                return painting
        log.warning("a painting showed nothing, at try %d", attempt + 1)
    raise StudioFailed("there was nothing to see in what the painter made, twice", reason=BLANK)


def _where(error: BaseException) -> str:
    """The places an error went through, without its message: that may quote a person's words."""
    entries = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {entry.filename}:{entry.lineno} {entry.name}" for entry in entries)


def peak_bytes() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:                    # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def die_with_parent() -> None:
    """Ask Linux to kill this process when the face dies, even while native code holds every thread."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    set_parent_death_signal = 1            # PR_SET_PDEATHSIG, linux/prctl.h
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        leave()                            # it died before the kernel was asked; later, the pipe's end tells


def main(openers: Mapping[str, Callable[[Settings], Any]] = OPENERS) -> None:
    """Start: claim the pipe, then work until the face leaves."""
    die_with_parent()
    faulthandler.enable()                  # a crash in native code says where, and nothing that was written
    signal.signal(signal.SIGINT, signal.SIG_IGN)   # Ctrl-C is the face's to handle: it closes the pipe
    # Whatever prints to standard output, native libraries too, must not end up among the frames.
    source, out = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path of ours
        os.dup2(nothing.fileno(), 0)
    open_logs(logging.INFO, form="%(levelname)s %(name)s %(message)s")
    warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
    work(Ear(source), Voice(out), openers)


if __name__ == "__main__":
    main()
