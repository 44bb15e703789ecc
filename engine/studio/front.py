"""The face's end of the studio, whoever works there: the ports, the lane, and what becomes of every job.

Everything here runs on one event loop and imports no model. The lane decides who is next; who works only ever holds
jobs that are worked on, so that a newcomer's first panel can still go before what a busier person has waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from engine.events import Event, Painted, ProseGrew, Queued
from engine.nouns import (
    NO_SERVER,
    Cancelled,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Reading,
    Scene,
    ServerId,
    Sitting,
    StoryStep,
    StorythreadError,
    StudioFailed,
    TurnId,
    Underdrawing,
)
from engine.observing import JobBegun, JobDone, note
from engine.settings import Settings
from engine.studio.lane import Lane, Rank, Ticket
from engine.studio.messages import (
    AvatarJob,
    Done,
    EmbedJob,
    Failed,
    Job,
    JudgeJob,
    PaintJob,
    ReadJob,
    Ready,
    Stepped,
    WriteJob,
    Wrote,
)

log = logging.getLogger(__name__)

#: Turns whose first panel is remembered as such, and people of whom it is known where they write.
REMEMBERED = 1000
#: Denoising steps a panel is assumed to take before one was measured.
ASSUMED_STEPS = 20

#: The turn of work that belongs to none.
NO_TURN = TurnId("")

OnEvent = Callable[[Event], None]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class Work:
    """One job of the face, from asking to answer."""

    ticket: Ticket
    message: Job
    answer: asyncio.Future[Done]
    on_event: OnEvent | None = None
    turn_id: TurnId = NO_TURN
    panel_id: PanelId | None = None
    place: int | None = None               # last told
    tries: int = 0
    given_up: str = ""                     # why it shall not be tried again


class Front(ABC):
    """The models, behind one lane. Implements `engine.ports.Studio`; who works is a subclass's to say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lane = Lane()
        self._work: dict[int, Work] = {}               # waiting and running
        self._ids = itertools.count(1)
        self._first_panels: OrderedDict[TurnId, PanelId] = OrderedDict()
        self._servers: OrderedDict[OwnerId, ServerId] = OrderedDict()     # where each was last heard of
        self._ready: asyncio.Future[Ready] | None = None
        self._size_px, self._steps = 256, ASSUMED_STEPS
        self._peak_bytes = 0
        self._closed = False

    # --- life --------------------------------------------------------------------------------------

    @abstractmethod
    async def start(self) -> None:
        """Begin, and return at once; work waits until somebody can do it. A second call does nothing."""

    @abstractmethod
    async def close(self) -> None:
        """Stop, and fail what still waits."""

    async def ready(self) -> Ready:
        """Wait until every model was opened or could not be; tells which. Raises `StudioFailed` if none will be."""
        if self._ready is None:
            raise StudioFailed("the studio was not started")
        return await asyncio.shield(self._ready)

    def peak_memory(self) -> int:
        """The most memory whoever works has held so far, in bytes; 0 before the first one said."""
        return self._peak_bytes

    @property
    def canvas_px(self) -> int:
        """Pixels a side of what the painter paints; mini's until another has told of itself."""
        return self._size_px

    @property
    def able(self) -> bool:
        """Whether somebody is there who can do a job now."""
        return (self._ready is not None and self._ready.done() and not self._ready.cancelled()
                and self._ready.exception() is None and self._can_begin())

    def waiting(self) -> Mapping[Rank, int]:
        """How many jobs of each rank wait in the lane."""
        return self._lane.waiting()

    # --- engine.ports.Studio -----------------------------------------------------------------------

    async def write(self, scene: Scene, *, seed: int, on_event: OnEvent) -> StoryStep:
        """Go on with the story. See `engine.ports.Studio`."""
        turn = scene.turn
        done = await self._do("write", turn.owner_id, 1.0, lambda job_id: WriteJob(job_id, scene, seed), Rank.FIRST,
                              scene.story.server_id, on_event=on_event, turn_id=turn.turn_id)
        return cast(StoryStep, done.result)

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: OnEvent, server_id: ServerId = NO_SERVER,
                    again: bool = False) -> Painting:
        """Paint a brief. See `engine.ports.Studio`."""
        done = await self._do(
            "paint", owner_id, self._steps * self._size_px**2 / 1e6,
            lambda job_id: PaintJob(job_id, brief, underdrawing, tuple(references), seed, turn_id),
            Rank.AGAIN if again else self._rank(brief, turn_id), server_id, on_event=on_event, turn_id=turn_id,
            panel_id=brief.panel_id)
        return cast(Painting, done.result)

    async def paints_from_photos(self) -> bool:
        """See `engine.ports.Studio`."""
        try:
            painter = (await self.ready()).model("painter")
        except StudioFailed:
            return False
        return painter is not None and painter.paints_from_photos

    async def paint_avatar(self, sitting: Sitting, *, seed: int, owner_id: OwnerId, server_id: ServerId) -> Painting:
        """An avatar from photos. See `engine.ports.Studio`."""
        done = await self._do("paint", owner_id, self._steps * self._size_px**2 / 1e6,
                              lambda job_id: AvatarJob(job_id, sitting, seed), Rank.FIRST, server_id)
        return cast(Painting, done.result)

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        """Vectors of likeness. See `engine.ports.Studio`."""
        if not pictures:
            return []
        done = await self._do("embed", owner_id, float(len(pictures)),
                              lambda job_id: EmbedJob(job_id, tuple(pictures)), Rank.FIRST,
                              self._servers.get(owner_id, NO_SERVER))
        return cast("list[list[float]]", done.result)

    async def judge(self, text: str, *, rating: str, owner_id: OwnerId, server_id: ServerId) -> frozenset[str]:
        """What the guard model finds in a text. See `engine.ports.Guard`."""
        done = await self._do("judge", owner_id, 1.0, lambda job_id: JudgeJob(job_id, text, rating), Rank.FIRST,
                              server_id)
        return frozenset(cast("tuple[str, ...]", done.result))

    async def read(self, png: bytes, things: Sequence[str], *, owner_id: OwnerId) -> Reading:
        """What is in a panel. See `engine.ports.Reader`."""
        done = await self._do("read", owner_id, 1.0, lambda job_id: ReadJob(job_id, png, tuple(things)), Rank.FIRST,
                              self._servers.get(owner_id, NO_SERVER))
        return cast(Reading, done.result)

    async def pass_on(self, job: Job, *, owner_id: OwnerId, on_event: OnEvent) -> Done:
        """Do a job of another face's, as it came. Raises what the ports raise."""
        turn_id = (job.turn_id if isinstance(job, PaintJob)
                   else job.scene.turn.turn_id if isinstance(job, WriteJob) else NO_TURN)
        return await self._do(
            type(job).__name__, owner_id, 1.0, lambda job_id: replace(job, job_id=job_id), Rank.FIRST, NO_SERVER,
            on_event=on_event, turn_id=turn_id, panel_id=job.brief.panel_id if isinstance(job, PaintJob) else None)

    # --- the lane ----------------------------------------------------------------------------------

    @abstractmethod
    def _can_begin(self) -> bool:
        """Whether a job that is next may be handed over now; how many at once is the lane's width."""

    @abstractmethod
    def _hand_over(self, work: Work) -> None:
        """Have a job done. What comes of it is said by `_heard`."""

    @abstractmethod
    def _call_off(self, work: Work) -> None:
        """Nobody waits any more for a job that runs."""

    def _starting_s(self) -> float:
        """Seconds until the first job can begin."""
        return 0.0

    async def _do(self, kind: str, owner_id: OwnerId, units: float, message: Callable[[int], Job], rank: Rank,
                  server_id: ServerId, *, on_event: OnEvent | None = None, turn_id: TurnId = NO_TURN,
                  panel_id: PanelId | None = None) -> Done:
        if self._closed or self._ready is None:
            raise StudioFailed("the studio is closed" if self._closed else "the studio was not started")
        job_id = next(self._ids)
        ticket = Ticket(job_id, owner_id, kind, units, rank, time.monotonic(), server_id)
        _keep(self._servers, owner_id, server_id)
        work = Work(ticket, message(job_id), asyncio.get_running_loop().create_future(), on_event, turn_id, panel_id)
        self._work[job_id] = work
        self._lane.add(ticket)
        self._next()
        try:
            return await work.answer
        finally:
            if not work.answer.done() or work.answer.cancelled():
                self._abandon(work)

    def _rank(self, brief: PanelBrief, turn_id: TurnId) -> Rank:
        """First are plates, and the panel with which this turn's people see their first picture."""
        if brief.is_plate:
            return Rank.FIRST
        first = self._first_panels.get(turn_id, brief.panel_id)
        _keep(self._first_panels, turn_id, first)
        return Rank.FIRST if first == brief.panel_id else Rank.LATER

    @property
    def _at_work(self) -> list[Work]:
        """The jobs that were handed over."""
        return [self._work[ticket.job_id] for ticket in self._lane.running]

    def _next(self) -> None:
        """Hand over what is next while somebody is free, and tell everybody whose place has changed."""
        while self._can_begin() and (ticket := self._lane.begin(time.monotonic())) is not None:
            note(JobBegun(ticket.kind, ticket.rank.name.lower(), time.monotonic() - ticket.queued_at))
            self._hand_over(self._work[ticket.job_id])
        self._tell_places()

    def _abandon(self, work: Work) -> None:
        """Nobody waits for this job any more."""
        if work.ticket in self._lane.running:
            work.given_up = "cancelled"
            self._call_off(work)
        elif self._work.pop(work.ticket.job_id, None) is not None:
            self._lane.drop(work.ticket.job_id)
            self._tell_places()

    def _finish(self, work: Work, seconds: float | None = None, *, units: float | None = None) -> None:
        """A running job leaves the lane."""
        self._work.pop(work.ticket.job_id, None)
        self._lane.end(work.ticket.job_id, seconds, units=units)

    def _give_up(self, work: Work, error: StorythreadError) -> None:
        """A running job fails."""
        self._finish(work)
        if not work.answer.done():
            work.answer.set_exception(error)

    def _fail_everything(self, why: str) -> None:
        for work in list(self._work.values()):
            self._lane.drop(work.ticket.job_id)
            self._give_up(work, StudioFailed(why))
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(StudioFailed(why))
            self._ready.exception()                    # nobody need have asked

    def _tell_places(self) -> None:
        if not len(self._lane):
            return
        starting_s = self._starting_s()
        for job_id, (place, wait_s) in self._lane.outlook(time.monotonic()).items():
            work = self._work[job_id]
            if work.place != place:
                work.place = place
                self._emit(work, Queued(work.turn_id, work.panel_id, place, wait_s + starting_s))

    @staticmethod
    def _emit(work: Work, event: Event) -> None:
        if work.on_event is None or work.answer.done():
            return
        try:
            work.on_event(event)
        except Exception as error:         # progress is only progress: a listener's fault must not stop the lane
            log.warning("an event's listener failed: %s", type(error).__name__)

    def _heard(self, work: Work, message: Wrote | Stepped | Done | Failed) -> None:
        """Somebody said something of a running job."""
        match message:
            case Wrote(prose=prose):
                self._emit(work, ProseGrew(work.turn_id, prose))
            case Stepped(step=step, steps=steps, preview_png=png) if work.panel_id is not None:
                self._emit(work, Painted(work.turn_id, work.panel_id, step, steps, png))
            case Done(result=result, seconds=seconds):
                self._peak_bytes = max(self._peak_bytes, message.peak_bytes)
                units = None
                if isinstance(result, Painting):
                    self._steps = result.steps or self._steps
                    units = self._steps * self._size_px**2 / 1e6
                self._finish(work, seconds, units=units)
                note(JobDone(work.ticket.kind, seconds))
                if not work.answer.done():
                    work.answer.set_result(message)
                self._next()
            case Failed():
                self._peak_bytes = max(self._peak_bytes, message.peak_bytes)
                kind = Cancelled if message.cancelled else StudioFailed
                self._give_up(work, kind(message.message, reason=message.reason))
                self._next()


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
