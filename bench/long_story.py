"""Does page 100 cost what page 5 costs? A long story through the real turn, library and studio, weighed at every panel.

`python -m bench.long_story` tells three stories and prints one Markdown page (`--out docs/long_story.md` writes it):
100 panels by mini in the real studio process; 500 by paper dolls, where the engine shows alone; 100 by paper dolls
with Python's own allocations traced. The words are scripted (no writing model takes part), everything else is the
engine's own. One panel a turn; each ten panels are alike: three people come and go, half the panels play at home, half
in a place that is new with every ten, by day and in the evening; one of them wears a raincoat for a while. So a story
gains places as it grows, as stories do.

What is compared are medians of ten panels: those that end the story over its first ten ("panel 100 over panel 5").
What else a machine does changes from minute to minute, so the last ten panels are told in turns with the first ten of a
fresh story, and are compared with those too: there length is the only difference. Time is told by phase: a phase's own
seconds, without those of phases inside it. Beside seconds stand counts: statements of SQL, and the steps SQLite's
machine took for them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import math
import os
import platform
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from PIL import Image
from sqlalchemy import event

from bench.staging import settings_at, turn_of
from engine.cast.casting import draw_character_avatar
from engine.durable import Durable
from engine.events import Event
from engine.frugal import share_pools
from engine.nouns import (
    NO_SERVER,
    Beat,
    CastMember,
    Character,
    CharacterId,
    Look,
    MessageId,
    OwnerId,
    Painting,
    Panel,
    PanelBrief,
    Pronouns,
    Scene,
    ServerId,
    StepId,
    Story,
    StoryId,
    StoryStep,
    Turn,
    TurnId,
    TurnState,
    Underdrawing,
    VenueId,
)
from engine.painters.theatre import TheatrePainter
from engine.settings import Settings
from engine.store import SqlLibrary, current_session, open_library
from engine.studio.client import StudioClient
from engine.turn import TurnRunner

TARGET = 1.05
WINDOW = 10
PHASES = ("scene read", "write", "plan", "say and place", "plate", "recall", "lay out", "paint", "check", "remember",
          "show", "close", "between")
#: Phases of the Library's calls that stand in no other phase.
_READS = {"scene": "scene read", "plate": "recall", "frames": "recall", "picture": "recall", "appearances": "recall",
          "references": "recall", "wardrobe": "recall", "keep_picture": "remember", "keep_pictures": "remember",
          "step": "write"}
#: Phases of what is done once and recorded.
_DEEDS = {"remember step": "write", "remember plan": "plan", "say": "say and place", "place": "say and place",
          "remember panel": "remember", "show": "show", "close": "close"}
#: How often SQLite's machine is counted, in its own steps.
_TICK = 50

CAST = (("mia", Look(kind="girl", hair_colour="black", outfit_colour="red")),
        ("bo", Look(kind="dog", fur="tan", outfit="bare")),
        ("tom", Look(kind="man", beard="full", outfit_colour="green")))
_KINDS = ("garden", "beach", "forest", "kitchen", "meadow", "street", "library", "classroom")
_ACTIONS = ("waves", "sits", "runs", "stands", "jumps", "points", "walks", "cheers", "kneels", "looks")
#: Of each ten panels: how many there are, whether at home, and the time of day.
_TEN = ((1, False, "day"), (2, False, "day"), (3, False, "evening"), (2, True, "day"), (1, True, "day"),
        (3, True, "day"), (2, False, "evening"), (1, False, "day"), (2, True, "day"), (3, True, "day"))


#: Who puts on what, and takes it off, where in each ten.
_CLOTHES = {(2, "tom"): (("outfit", "raincoat"), ("outfit_colour", "yellow")),
            (8, "tom"): (("outfit", ""), ("outfit_colour", ""))}


# --- what is told ----------------------------------------------------------------------------------

def beat_of(number: int) -> Beat:
    """The beat of panel `number`, from 0: the same in every ten, but for the name and kind of the new place."""
    ten, at = divmod(number, len(_TEN))
    count, home, time_of_day = _TEN[at]
    cast = tuple(CastMember(CharacterId(CAST[(at + one) % len(CAST)][0]), _ACTIONS[(at + 3 * one) % len(_ACTIONS)],
                            wears=_CLOTHES.get((at, CAST[(at + one) % len(CAST)][0]), ()))
                 for one in range(count))
    kind, name = ("bedroom", "Mia's bedroom") if home else (_KINDS[ten % len(_KINDS)], f"place {ten + 1}")
    return Beat("They are there together, as on every other page.", cast, kind, name, time_of_day)


def scripted_step(scene: Scene) -> StoryStep:
    """What a writer would answer; the number of the panel is the turn's text."""
    number = int(scene.turn.text)
    return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id,
                     f"It was page {number + 1:03}. They looked around, and then they went on with the story. " * 2,
                     (beat_of(number),), scene.story.head)


class CountingStage:
    """A stage that keeps nothing: the id of a message follows from what it shows."""

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        return MessageId(f"message-{step.step_id}")

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        return MessageId(f"message-{panel.panel_id}")

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        return MessageId(f"message-{panel.panel_id}")

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        raise RuntimeError(f"the story could not go on: {reason}")

    def hint(self, venue_id: VenueId, event: Event) -> None:
        pass


class PaperStudio:
    """Scripted words, paper dolls in this process, and a likeness that finds everybody themselves. Keeps nothing."""

    canvas_px = 0

    def __init__(self) -> None:
        self._painter = TheatrePainter()

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        return scripted_step(scene)

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: Callable[[Event], None],
                    server_id: ServerId = NO_SERVER, again: bool = False) -> Painting:
        return await asyncio.to_thread(self._painter.paint, brief, underdrawing, references, seed=seed,
                                       on_step=lambda *_: None)

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        # Avatars, the cut-outs, have directions of their own; every crop is equally near to all of them.
        avatars = [Image.open(io.BytesIO(picture)).mode == "RGBA" for picture in pictures]
        return [[float(index % 4 == axis) for axis in range(4)] if avatar else [0.5] * 4
                for index, avatar in enumerate(avatars)]


class ScriptedWords:
    """Scripted words; pictures and likeness by the studio process."""

    def __init__(self, studio: StudioClient) -> None:
        self._studio = studio

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        return scripted_step(scene)

    async def paint(self, *args: Any, **kwargs: Any) -> Painting:
        return await self._studio.paint(*args, **kwargs)

    async def embed(self, *args: Any, **kwargs: Any) -> list[list[float]]:
        return await self._studio.embed(*args, **kwargs)


# --- the clock and the counters --------------------------------------------------------------------

class Clock:
    """Seconds by phase, each without the phases inside it; and what the databases were asked."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.statements = 0
        self.ticks = 0                         # of SQLite's machine, `_TICK` steps each
        self.picture_bytes = self.paintings = 0
        self.closed_at = 0.0
        self._inside: ContextVar[list[Any] | None] = ContextVar("inside", default=None)

    @property
    def phase(self) -> str | None:
        inside = self._inside.get()
        return None if inside is None else inside[0]

    @contextmanager
    def phase_of(self, name: str) -> Iterator[None]:
        outer, mine = self._inside.get(), [name, 0.0]
        token, begun = self._inside.set(mine), time.perf_counter()
        try:
            yield
        finally:
            whole = time.perf_counter() - begun
            self._inside.reset(token)
            self.seconds[name] += max(0.0, whole - mine[1])
            if outer is not None:
                outer[1] += whole

    def watching(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The same coroutine function, timed."""
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self.phase_of(name):
                return await call(*args, **kwargs)
        return timed


class WatchedLibrary:
    """A Library whose own calls are timed where they stand in no phase; everything reaches the real one."""

    def __init__(self, library: SqlLibrary, clock: Clock) -> None:
        self._library, self._clock = library, clock

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._library, name)
        if name not in _READS:
            return call

        async def timed(*args: Any, **kwargs: Any) -> Any:
            if name == "keep_picture":
                self._clock.picture_bytes += len(args[0])
            elif name == "keep_pictures":
                self._clock.picture_bytes += sum(map(len, args[0]))
            if self._clock.phase is not None:
                return await call(*args, **kwargs)
            with self._clock.phase_of(_READS[name]):
                return await call(*args, **kwargs)
        return timed


class WatchedStudio:
    """A studio whose calls are timed. A plate is its own phase."""

    canvas_px = 0

    def __init__(self, studio: PaperStudio | ScriptedWords, clock: Clock) -> None:
        self._studio, self._clock = studio, clock

    async def write(self, *args: Any, **kwargs: Any) -> StoryStep:
        with self._clock.phase_of("write"):
            return await self._studio.write(*args, **kwargs)

    async def paint(self, brief: PanelBrief, *args: Any, **kwargs: Any) -> Painting:
        self._clock.paintings += 1
        with self._clock.phase_of("plate" if brief.is_plate else "paint"):
            return await self._studio.paint(brief, *args, **kwargs)

    async def embed(self, *args: Any, **kwargs: Any) -> list[list[float]]:
        with self._clock.phase_of("check"):
            return await self._studio.embed(*args, **kwargs)


class WatchedDurable(Durable):
    """Durable work, timed with what it costs to record it."""

    def __init__(self, clock: Clock, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._clock = clock

    async def act(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with self._clock.phase_of(_DEEDS.get(name, name)):
            return await super().act(name, *args, **kwargs)

    async def commit(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with self._clock.phase_of(_DEEDS.get(name, name)):
            try:
                return await super().commit(name, *args, **kwargs)
            finally:
                if name == "close":
                    self._clock.closed_at = time.perf_counter()


def _watch_statements(library: SqlLibrary, clock: Clock) -> None:
    """Count statements, and the steps of SQLite's machine on every connection opened from now on."""
    engine = library.engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        clock.statements += 1

    def tick() -> None:
        clock.ticks += 1

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.run_async(lambda driver: driver.set_progress_handler(tick, _TICK))


# --- telling it ------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Weighed:
    """One panel: its costs, and what is held when it is done. Seconds, bytes and counts."""

    seconds: float
    cpu_s: float                               # of the face and its studio together
    phases: dict[str, float]
    statements: int
    machine_steps: int
    paintings: int                             # plates and repaints among them
    face_rss: int
    studio_rss: int                            # 0: paper dolls are in the face
    heap: int                                  # of Python, traced; 0 when it was not
    database_bytes: int                        # both files, grown since the panel before
    picture_bytes: int


@dataclass(slots=True)
class Tale:
    """A story told to its end."""

    name: str
    panels: list[Weighed] = field(default_factory=list)
    fresh: list[Weighed] = field(default_factory=list)     # the first of another story, told in turns with the last

    def ends(self, figure: Callable[[Weighed], float], window: int = WINDOW) -> tuple[float, float]:
        """Medians of the first and of the last `window` panels."""
        return (statistics.median(figure(one) for one in self.panels[:window]),
                statistics.median(figure(one) for one in self.panels[-window:]))

    def beside(self, figure: Callable[[Weighed], float]) -> float:
        """The last panels over the first of the fresh story told in turns with them; NaN without one."""
        if not self.fresh:
            return math.nan
        return ratio(statistics.median(figure(one) for one in self.fresh),
                     statistics.median(figure(one) for one in self.panels[-len(self.fresh):]))


@asynccontextmanager
async def watched_runner(settings: Settings, studio: PaperStudio | ScriptedWords, clock: Clock,
                         ) -> AsyncIterator[tuple[SqlLibrary, TurnRunner]]:
    """The real library and runner with the clock in between."""
    library = await open_library(settings)
    try:
        _watch_statements(library, clock)
        await library.engine.dispose()         # connections opened before nobody was counting
        durable = WatchedDurable(clock, system_database_url=library.system_database_url, engine=library.engine,
                                 current_session=current_session)
        runner = TurnRunner(WatchedLibrary(library, clock), WatchedStudio(studio, clock), CountingStage(), durable)
        # What the runner does between its calls of ports is timed by the names it has there.
        memory = runner._memory
        memory.lay_out = clock.watching(memory.lay_out, "lay out")  # type: ignore[method-assign]
        memory.recollect = clock.watching(memory.recollect, "recall")  # type: ignore[method-assign]
        memory.remember = clock.watching(memory.remember, "remember")  # type: ignore[method-assign]
        runner._checker.check = clock.watching(runner._checker.check, "check")  # type: ignore[method-assign]
        for name, phase in (("_plan", "plan"), ("_need_plate", "plate")):
            setattr(runner, name, clock.watching(getattr(runner, name), phase))
        await runner.start()
        try:
            yield library, runner
        finally:
            await runner.close()
    finally:
        await library.close()


async def begin(library: SqlLibrary, name: str) -> Story:
    story = Story(StoryId(name), VenueId(f"venue-{name}"), ServerId(""), OwnerId("ann"), "A long story")
    await library.save_story(story)
    for name_of, look in CAST:
        character_id = CharacterId(name_of)
        avatar = await library.keep_picture(draw_character_avatar(look), owner_id=story.owner_id)
        await library.save_character(Character(character_id, story.owner_id, name_of.title(), Pronouns.THEY, look,
                                               avatar=avatar))
        await library.add_to_cast(story.story_id, character_id)
    return story


async def tell(name: str, home: Path, panels: int, *, painter: str, threads: int = 1, warm_up: int = WINDOW,
               traced: bool = False, told: Callable[[int, int], None] = lambda done, of: None) -> Tale:
    """A story of so many panels in an empty folder, after another of `warm_up` panels that nobody weighs."""
    settings = settings_at(home)
    settings = settings.model_copy(update={"studio": settings.studio.model_copy(
        update={"painter": painter, "threads": threads})})
    if traced:
        tracemalloc.start()                    # all that is held from here on: library, records, stories
    client = None if painter == "theatre" else StudioClient(settings)
    share_pools()                              # as the face does when it opens the house
    clock, tale = Clock(), Tale(name)
    if client is not None:
        await client.start()
    try:
        studio: PaperStudio | ScriptedWords = PaperStudio()
        if client is not None:
            await client.ready()
            studio = ScriptedWords(client)
        async with watched_runner(settings, studio, clock) as (library, runner):
            weigher = _Weigher(library, runner, clock)
            before = await begin(library, "before")
            for number in range(warm_up):
                await weigher.panel(before, number)
            story, fresh = await begin(library, "long"), await begin(library, "fresh")
            for number in range(panels):
                if (at := number - max(WINDOW, panels - WINDOW)) >= 0:
                    tale.fresh.append(await weigher.panel(fresh, at))
                tale.panels.append(await weigher.panel(story, number))
                told(number + 1, panels)
    finally:
        tracemalloc.stop()
        if client is not None:
            await client.close()
    return tale


class _Weigher:
    """Plays panels one after another, whichever story they are of, and weighs each."""

    def __init__(self, library: SqlLibrary, runner: TurnRunner, clock: Clock) -> None:
        self._library, self._runner, self._clock = library, runner, clock
        self._here = psutil.Process()
        self._models = [child for child in self._here.children(recursive=True)
                        if "engine.studio.host" in child.cmdline()]
        self._files = [Path(library.engine.url.database or ""),
                       Path(library.system_database_url.removeprefix("sqlite:///"))]
        self._size = _pages(self._files)

    async def panel(self, story: Story, number: int) -> Weighed:
        """Panel `number` of a story, from 0."""
        clock, processes = self._clock, (self._here, *self._models)
        clock.seconds.clear()
        clock.statements = clock.ticks = clock.picture_bytes = clock.paintings = 0
        turn = turn_of(story, f"{story.story_id}-{number}", str(number))
        cpu, begun = _cpu_s(*processes), time.perf_counter()
        await self._runner.accept(turn)
        await self._runner.finished(turn.turn_id)    # looks now and then: the time ends where the turn was closed
        seconds, cpu = clock.closed_at - begun, _cpu_s(*processes) - cpu
        statements, steps = clock.statements, clock.ticks * _TICK
        if (await self._library.turn(turn.turn_id)).state is not TurnState.DONE:
            raise RuntimeError(f"panel {number + 1} was not drawn")
        phases = {phase: clock.seconds[phase] for phase in PHASES if phase != "between"}
        strange = set(clock.seconds) - set(PHASES)
        if strange:
            raise RuntimeError(f"phases nobody knows: {strange}")
        phases["between"] = max(0.0, seconds - sum(phases.values()))
        heap = 0
        if tracemalloc.is_tracing():
            gc.collect()                       # what waits to be collected is no growth
            heap = tracemalloc.get_traced_memory()[0]
        before, self._size = self._size, _pages(self._files)
        return Weighed(seconds, cpu, phases, statements, steps, clock.paintings, self._here.memory_info().rss,
                       sum(child.memory_info().rss for child in self._models), heap, self._size - before,
                       clock.picture_bytes)


def _cpu_s(*processes: psutil.Process) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _pages(files: Sequence[Path]) -> int:
    """Bytes of the databases, what still waits in their logs included."""
    total = 0
    for path in files:
        with suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            try:
                total += connection.execute("pragma page_count").fetchone()[0] * connection.execute(
                    "pragma page_size").fetchone()[0]
            finally:
                connection.close()
    return total


# --- the page --------------------------------------------------------------------------------------

def ratio(first: float, last: float) -> float:
    return last / first if first else math.nan if last else 1.0


def _row(name: str, tale: Tale, figure: Callable[[Weighed], float], shown: Callable[[float], str],
         target: str = "") -> str:
    """One line of a story's table. What has a target is judged by its ratio to the fresh story ("turns") or to the
    story's own first panels ("first")."""
    first, last = tale.ends(figure)
    found, beside = ratio(first, last), tale.beside(figure)
    judged = beside if target == "turns" and not math.isnan(beside) else found
    met = "" if not target else "met" if judged <= TARGET else "**not met**"
    return f"| {name} | {shown(first)} | {shown(last)} | {_said(found)} | {_said(beside)} | {met} |"


def _said(found: float) -> str:
    return "" if math.isnan(found) else f"{found:.3f}"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def mib(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"


def kib(size: float) -> str:
    return f"{size / 2**10:.1f} KiB"


def count(number: float) -> str:
    return f"{number:,.0f}"


def section(tale: Tale) -> str:
    """One story's table."""
    last = len(tale.panels)
    rows = [f"## {tale.name}", "",
            f"| what | panels 1 to {WINDOW} | panels {last - WINDOW + 1} to {last} | ratio | over a fresh story, "
            f"in turns | at most {TARGET} |", "|---|---|---|---|---|---|"]
    traced = any(one.heap for one in tale.panels)
    if not traced:
        rows += [_row("**time of a panel**", tale, lambda one: one.seconds, ms, "turns"),
                 _row("time without plates", tale, lambda one: one.seconds - one.phases["plate"], ms),
                 _row("**processor time**, face and studio", tale, lambda one: one.cpu_s, ms, "turns")]
        rows += [_row(f"· {phase}", tale, lambda one, phase=phase: one.phases[phase], ms) for phase in PHASES]
    rows += [_row("pictures painted", tale, lambda one: one.paintings, lambda number: f"{number:.0f}"),
             _row("statements of SQL", tale, lambda one: one.statements, count),
             _row("steps of SQLite's machine", tale, lambda one: one.machine_steps, count)]
    if traced:
        rows += [_row("**Python's own memory, traced**", tale, lambda one: one.heap, mib, "first")]
    else:
        rows += [_row("**memory of the face**", tale, lambda one: one.face_rss, mib, "first")]
        if any(one.studio_rss for one in tale.panels):
            rows += [_row("**memory of the studio**", tale, lambda one: one.studio_rss, mib, "first")]
    database = [one.database_bytes for one in tale.panels]
    tens = [statistics.mean(database[:WINDOW]), statistics.mean(database[-WINDOW:])]
    rows += [f"| database, a panel (mean) | {kib(tens[0])} | {kib(tens[1])} | {ratio(*tens):.3f} | | |",
             _row("pictures, a panel", tale, lambda one: one.picture_bytes, kib)]
    return "\n".join(rows)


def page(tales: Sequence[Tale], command: str) -> str:
    """The whole page as Markdown."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return "\n\n".join([
        "# A long story costs the same at its end",
        f"Made by `{command}` on {platform.machine()}, {os.cpu_count()} cores{load}. What is told and how it is "
        "measured stands at the head of `bench/long_story.py`. Medians of ten panels, the last over the first; a "
        "phase's seconds are its own. Where others work on the machine too, processor time says more than time.",
        *(section(tale) for tale in tales), _SAID]) + "\n"


_SAID = """## What grows, and what does not

- Whether a plate is known and which places are is asked of the whole path from the head to the first step: about a
  millionth of a second for every earlier step and question. It is what grows in the steps of SQLite's machine, and
  hardly seen in time. What is asked for newest first (frames, appearances, the place where we are) looks no further
  back than it must, and the pages of branches that were left cost nothing.
- Frames, appearances and the exchanges a writer reads are bounded in number: the first panels of a story have fewer.
- A turn writes down what it read, all places of the story among it: where a story finds ten new places in a hundred
  pages, a page of five hundred writes some 5 KiB more than the first. Nothing else in the databases grows by the page.
- What the face holds is bounded. (It was not quite: each thread filled a pool of memory of its own, 16 MiB more at page
  100 than at page 5. Threads share two pools now, `engine/frugal.py`.)"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, tell the stories, print the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.long_story", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mini", type=int, default=100, help="panels by mini; 0: none")
    parser.add_argument("--theatre", type=int, default=500, help="panels by paper dolls; 0: none")
    parser.add_argument("--traced", type=int, default=100, help="panels by paper dolls, memory traced; 0: none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    tales = []
    for name, panels, painter, traced in (
            (f"{given.mini} panels by mini, in the studio process", given.mini, "mini", False),
            (f"{given.theatre} panels by paper dolls", given.theatre, "theatre", False),
            (f"{given.traced} panels by paper dolls, Python's memory traced", given.traced, "theatre", True)):
        if not panels:
            continue
        with tempfile.TemporaryDirectory(prefix="storythread-long-") as folder:
            tales.append(asyncio.run(tell(
                name, Path(folder), panels, painter=painter, threads=given.threads, traced=traced,
                told=lambda done, of: print(f"\r{done}/{of} ", end="", flush=True))))
        print(f"\r{tales[-1].name}: done")
    asked = {name: getattr(given, name) for name in ("mini", "theatre", "traced", "threads")}
    usual = {name: parser.get_default(name) for name in asked}
    command = " ".join(["python -m bench.long_story", *(
        f"--{name} {value}" for name, value in asked.items() if value != usual[name])])
    text = page(tales, command)
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
