"""The studio on other machines: the face gives its jobs to whichever worker is free, and to another when one dies.

The lane stays the face's, as wide as there are workers: only jobs that are next are given out. A job is a sealed row
(engine/store/jobs.py) whose id travels through a queue (engine/studio/queue.py). Who lives is known by a lock that each
worker's process holds; who hangs, by what it has not said for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import math
import time
import uuid
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from engine.logs import anonymous
from engine.nouns import StoreUnusable, StorythreadError, StudioFailed
from engine.observing import StudioEnded, note
from engine.settings import Settings
from engine.store import SqlLibrary
from engine.store.jobs import DONE, FACE_LOCK, RUNNING, TO_FACE, JobNews, WorkerCard
from engine.store.line import LOST, Line
from engine.store.values import from_json
from engine.studio.client import TRIES
from engine.studio.front import Front, Work
from engine.studio.hands import Hands, choose
from engine.studio.messages import (
    LENGTH_BYTES,
    BrokenFrame,
    Done,
    Failed,
    Ready,
    Stepped,
    Wrote,
    frame,
    unframe,
)
from engine.studio.queue import Dispatch

log = logging.getLogger(__name__)

#: Seconds between two looks at who works and how every job stands, whatever was announced.
LOOK_EVERY_S = 1.0
#: Seconds without a sign after which a worker that holds its lock is taken to hang.
LATE_S = 30.0
#: Seconds after which a job that nobody took is given out anew.
UNTAKEN_S = 30.0
#: Seconds another face is waited for that may be about to end, and between two lines in the log that nobody works.
OTHER_FACE_S, REMIND_EVERY_S = 20.0, 60.0


@dataclass(slots=True, eq=False)
class _Given:
    """A job that was given out."""

    work: Work
    job_id: str
    attempt: int = 1
    posted: bool = False                   # its row was written
    hand: str = ""                         # for whom it was given out
    sent_at: float = math.inf
    posting: asyncio.Task[None] | None = None
    news: int = 0
    over: bool = False


class Workers(Front):
    """The models on other machines. Implements `engine.ports.Studio`; one face at a time on one database."""

    def __init__(self, settings: Settings, library: SqlLibrary) -> None:
        super().__init__(settings)
        self._lane.width = 0
        self._library = library
        self._dispatch = Dispatch(library.system_database_url)
        self._line = Line(settings.database_url, (FACE_LOCK,), TO_FACE, self._told)
        self._given: dict[str, _Given] = {}
        self._by_ticket: dict[int, _Given] = {}
        self._hands = Hands()
        self._here: dict[str, WorkerCard] = {}         # who can be given work
        self._left_out: dict[str, str] = {}            # by name, why not
        self._changed: set[str] = set()                # ids of jobs of which something was said
        self._something = asyncio.Event()
        self._look_at_all = True
        self._looked_at = self._reminded_at = -math.inf
        self._over: list[tuple[str, int]] = []         # of which the queue shall keep nothing
        self._life: asyncio.Task[None] | None = None
        self._small: set[asyncio.Task[None]] = set()
        # Whoever asks may be inside a transaction or a workflow; what is done for them here is not part of either.
        self._outside = contextvars.Context()

    # --- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Be the one face that gives out work. Raises `StoreUnusable` ("store_locked") where another one is."""
        if self._closed:
            raise StudioFailed("the studio is closed")
        if self._life is not None:
            return
        until = time.monotonic() + OTHER_FACE_S
        try:
            while not await self._line.open():
                if time.monotonic() >= until:
                    raise StoreUnusable("another bot gives out work on this database", reason="store_locked",
                                        file="its workers")
                await asyncio.sleep(0.2)
            # What a former life has given out is asked for again by whoever still wants it: nothing is done twice.
            await self._library.drop_jobs()
            await self._dispatch.open()
        except BaseException as error:
            await self._line.close()
            await self._dispatch.close()
            if isinstance(error, LOST):
                raise StoreUnusable(f"the database cannot be reached: {type(error).__name__}") from error
            raise
        self._ready = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(), name="workers", context=self._outside)

    async def close(self) -> None:
        """Take back what is given out, and fail what still waits."""
        self._closed = True
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            self._fail_everything("the studio is closed")
            await self._take_back()
        await self._line.close()
        await self._dispatch.close()

    async def _take_back(self) -> None:
        given = list(self._given.values())
        for each in given:
            self._let_go(each)
        try:
            async with asyncio.timeout(5.0):
                await asyncio.gather(*self._small, return_exceptions=True)
                await self._forget_over()
        except (TimeoutError, StorythreadError, *LOST) as error:
            log.warning("what was given out was not taken back: %s", type(error).__name__)

    def workers(self) -> list[WorkerCard]:
        """Who can be given work, as of the last look."""
        return list(self._here.values())

    def left_out(self) -> dict[str, str]:
        """Who is there and is given no work, by name, and why."""
        return dict(self._left_out)

    async def paints_from_photos(self) -> bool:
        """Whether whoever comes to do it can. See `engine.ports.Studio`."""
        painters = [from_json(Ready, card.models["ready"]).model("painter") for card in self._here.values()]
        return bool(painters) and all(painter is not None and painter.paints_from_photos for painter in painters)

    # --- the lane ----------------------------------------------------------------------------------

    def _can_begin(self) -> bool:
        return bool(self._here)

    def _hand_over(self, work: Work) -> None:
        given = _Given(work, uuid.uuid4().hex)
        self._given[given.job_id] = self._by_ticket[work.ticket.job_id] = given
        given.posting = self._spawn(self._post(given))

    def _call_off(self, work: Work) -> None:
        # Its worker stops at the next step; until then another job may wait in the queue.
        self._let_go(self._by_ticket[work.ticket.job_id])
        self._finish(work)
        self._next()

    def _starting_s(self) -> float:
        return 0.0 if self._here else math.inf

    def _next(self) -> None:
        super()._next()
        now = time.monotonic()
        if not self._here and len(self._lane) and now - self._reminded_at >= REMIND_EVERY_S:
            self._reminded_at = now
            log.warning("no studio is running: %d jobs wait for a worker (storythread worker)%s", len(self._lane),
                        "".join(f"; {name} is not counted: {why}" for name, why in self._left_out.items()))

    # --- giving out, and taking back ---------------------------------------------------------------

    async def _post(self, given: _Given) -> None:
        try:
            await self._library.post_job(given.job_id, given.work.ticket.owner_id, frame(given.work.message))
            given.posted = True
            if not given.over:
                await self._send(given)
        except (StorythreadError, *LOST) as error:
            self._fail(given, error)

    async def _send(self, given: _Given) -> None:
        given.sent_at = time.monotonic()               # should this fail, it is sent again as if nobody had taken it
        given.hand = self._hands.hand
        await self._dispatch.send(given.job_id, given.attempt, given.hand)

    def _let_go(self, given: _Given) -> None:
        """Nothing more is wanted of a job: its row goes, and who does it stops."""
        if given.over:
            return
        given.over = True
        self._given.pop(given.job_id, None)
        self._by_ticket.pop(given.work.ticket.job_id, None)
        self._spawn(self._drop(given))

    async def _drop(self, given: _Given) -> None:
        if given.posting is not None:
            await asyncio.wait({given.posting})
        try:
            await self._library.drop_jobs([given.job_id])
        except (StorythreadError, *LOST) as error:
            log.warning("a job's row stays until the next start: %s", type(error).__name__)
        self._over += [(given.job_id, attempt) for attempt in range(1, given.attempt + 1)]

    def _fail(self, given: _Given, error: BaseException) -> None:
        if given.over:
            return
        failure = error if isinstance(error, StorythreadError) else StoreUnusable(
            f"the database cannot be reached: {type(error).__name__}")
        self._let_go(given)
        self._give_up(given.work, failure)
        self._next()

    def _spawn(self, deed: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(deed, context=self._outside)
        self._small.add(task)
        task.add_done_callback(self._small.discard)
        return task

    # --- what is heard -----------------------------------------------------------------------------

    def _told(self, job_id: str) -> None:
        """Something was announced: of a job, or ("") of who works."""
        if job_id:
            self._changed.add(job_id)
        else:
            self._look_at_all = True
        self._something.set()

    async def _live(self) -> None:
        while True:
            try:
                if not self._line.held and not await self._line.open():
                    log.error("another bot gives out work on this database")
                changed, self._changed = self._changed, set()
                everything = self._look_at_all or time.monotonic() - self._looked_at >= LOOK_EVERY_S
                self._something.clear()
                self._look_at_all = False
                await self._look(self._given.keys() if everything else changed & self._given.keys(), everything)
            except asyncio.CancelledError:
                raise
            except (StorythreadError, *LOST) as error:
                log.warning("how the work stands cannot be read: %s", type(error).__name__)
                await asyncio.sleep(LOOK_EVERY_S)
            except Exception as error:     # a fault of ours must not leave everybody waiting for ever
                log.error("looking at the work failed: %s", anonymous(error))
                await asyncio.sleep(LOOK_EVERY_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), LOOK_EVERY_S)

    async def _look(self, job_ids: Iterable[str], everything: bool) -> None:
        asked = {job_id: self._given[job_id].posted for job_id in job_ids}
        # Rows first: whoever works on one of them has said before that they are here.
        rows = await self._library.jobs_now(list(asked)) if asked else {}
        lost: set[str] = set()
        if everything:
            lost = await self._look_who_works()
        for job_id, posted in asked.items():
            given, row = self._given.get(job_id), rows.get(job_id)
            if given is None:
                continue                   # over meanwhile
            if row is None:
                if posted:
                    self._fail(given, StudioFailed("a job was forgotten while it was being done"))
            elif row.state == DONE and row.attempt == given.attempt:
                self._take(given, row)
            else:
                await self._follow(given, row, everything, lost)
        if everything:
            self._looked_at = time.monotonic()
            await self._forget_over()

    async def _look_who_works(self) -> set[str]:
        """Learn who is here. Returns those who are not any more, though they may say otherwise."""
        cards = await self._library.workers()
        lost = {card.worker_id for card in cards if not card.alive or card.silent_s > LATE_S}
        before = self._here
        there = [card for card in cards if card.worker_id not in lost and not card.leaving]
        former, self._hands = self._hands, choose(there, self._settings.studio, self._hands.hand)
        self._here = {card.worker_id: card for card in self._hands.fit}
        left_out = {card.name: why for card in there if (why := self._hands.left_out.get(card.worker_id))}
        for card in cards:
            if not card.alive:
                log.error("studio: the worker %s has gone without a word", card.name)
                note(StudioEnded())
                await self._library.drop_worker(card.worker_id)
        for name, why in left_out.items():
            if self._left_out.get(name) != why:
                log.warning("studio: the worker %s is not counted: %s", name, why)
        self._left_out = left_out
        if self._here.keys() != before.keys():
            log.info("studio: %d workers are here: %s", len(self._here),
                     ", ".join(card.name for card in self._here.values()) or "nobody")
            self._lane.width = len(self._here)
            if bool(self._here) != bool(before):
                for work in self._work.values():
                    work.place = None      # how long it takes can be said now, or cannot any more
            if self._here:
                self._meet(next(iter(self._here.values())), anew=self._hands.hand != former.hand)
            self._next()
        return lost

    def _meet(self, card: WorkerCard, *, anew: bool) -> None:
        """Learn by what models work is done from now on; all who are counted have the same."""
        ready = from_json(Ready, card.models["ready"])
        painter, writer = ready.model("painter"), ready.model("writer")
        self._size_px = painter.size_px if painter is not None and painter.size_px else self._size_px
        if anew:
            log.info("studio: from now on %s paints and %s writes", painter.name if painter is not None else "nobody",
                     writer.name if writer is not None else "nobody")
        if self._ready is not None and self._ready.done() and anew and not self._ready.exception():
            self._ready = asyncio.get_running_loop().create_future()
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(ready)

    async def _follow(self, given: _Given, row: JobNews, everything: bool, lost: set[str]) -> None:
        """A job that is not done: how far it is, or whether somebody else must do it."""
        if row.attempt > given.attempt:    # its worker stopped, and handed it back
            given.attempt = row.attempt
            await self._send(given)
            return
        if row.state == RUNNING:
            if row.progress is not None and row.news > given.news:
                given.news = row.news
                said = unframe(row.progress[LENGTH_BYTES:])
                if isinstance(said, Wrote | Stepped):
                    self._heard(given.work, said)
            if not everything or row.worker_id not in lost:
                return
            if await self._library.give_job_anew(given.job_id, given.attempt):
                await self._try_again(given)
        elif everything and self._here and (
                lost or given.hand != self._hands.hand or time.monotonic() - given.sent_at > UNTAKEN_S) \
                and await self._library.give_job_anew(given.job_id, given.attempt):
            # Whoever was to take it may have died before, or is not counted any more; who comes second finds it taken.
            given.attempt += 1
            await self._send(given)

    async def _try_again(self, given: _Given) -> None:
        """Its worker is gone in the middle of it."""
        given.attempt += 1
        given.work.tries += 1
        log.error("studio: a worker is gone in the middle of a job (%s)", given.work.ticket.kind)
        if given.work.tries >= TRIES:
            self._fail(given, StudioFailed("two workers have died over it", reason="studio_stuck"))
        else:
            await self._send(given)

    def _take(self, given: _Given, row: JobNews) -> None:
        """The first result holds; its row goes."""
        try:
            said = unframe((row.result or b"")[LENGTH_BYTES:])
            if not isinstance(said, Done | Failed):
                raise BrokenFrame(f"a worker said {type(said).__name__}")
        except BrokenFrame as error:
            self._fail(given, error)
            return
        self._let_go(given)
        self._heard(given.work, said)

    async def _forget_over(self) -> None:
        over, self._over = self._over, []
        await self._dispatch.forget(over)
