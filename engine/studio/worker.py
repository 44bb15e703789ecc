"""A machine that does the studio's work for a face elsewhere: `storythread worker`.

It needs the face's PostgreSQL and its master key; models and settings of the studio are its own. The models live in a
child process as everywhere (engine/studio/client.py); here are the queue's end, the row of the job at hand, and the
sign of life.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import secrets
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from sqlalchemy.engine import make_url

from engine.events import Event, Painted, ProseGrew
from engine.frugal import share_pools
from engine.logs import anonymous
from engine.nouns import Cancelled, OwnerId, Painting, StoryStep, StorythreadError, StudioFailed
from engine.settings import Settings, SettingsError
from engine.stopping import set_by_signals
from engine.store import SqlLibrary, open_library
from engine.store.jobs import TO_STUDIO, WORKER_LOCKS, WorkerCard
from engine.store.line import LOST, Line
from engine.store.opening import take_database
from engine.store.values import to_json
from engine.studio.client import StudioClient
from engine.studio.hands import hand_of
from engine.studio.messages import LENGTH_BYTES, Done, Failed, Job, Ready, Stepped, Wrote, frame, speech, unframe
from engine.studio.queue import Delivery

log = logging.getLogger(__name__)

#: Seconds between two signs of life, and the file in the data folder that is touched with each.
BEAT_EVERY_S, ALIVE = 5.0, "worker.alive"
#: Seconds between two pieces of progress of one job; of those between only the newest is told.
TELL_EVERY_S = 0.2
#: Seconds until a database that does not answer is asked again.
AGAIN_AFTER_S = 1.0
#: What every worker must be able to do: a job may come to any of them.
ROLES = ("writer", "painter", "likeness")


async def run_worker(settings: Settings, *, name: str = "", ready: asyncio.Event | None = None,
                     stop: asyncio.Event | None = None, command: Sequence[str] | None = None,
                     around: Callable[[Worker], AbstractAsyncContextManager[None]] | None = None) -> None:
    """Do the studio's work until SIGTERM, SIGINT or `stop`; a second signal ends it at once.

    What is being done is finished within `discord.stop_within_s`, else handed back for another worker. `ready` is set
    once work can come. `command` starts the models' process, as `StudioClient` has it; `around` is open as long as the
    worker lives (whoever asks how it goes). Raises `SettingsError` (no PostgreSQL, a model that cannot be had),
    `StoreUnusable` (another version, the wrong key) and `StudioFailed`.
    """
    if make_url(settings.database_url).get_backend_name() != "postgresql":
        raise SettingsError("A worker gets its work through PostgreSQL: set STORYTHREAD_DATABASE_URL to the bot's "
                            "(postgresql://...).", key="database_url")
    share_pools()
    stop = stop or asyncio.Event()
    library = await open_library(settings, reading_only=True)      # nothing is migrated: that is the bot's to do
    try:
        lock = await asyncio.to_thread(take_database, settings, alone=False)
        client = StudioClient(settings, command=command)
        worker = Worker(settings, library, client, name or platform.node() or "worker")
        try:
            async with around(worker) if around is not None else contextlib.nullcontext():
                with set_by_signals(stop):
                    await client.start()
                    opening = asyncio.ensure_future(client.ready())
                    stopping = asyncio.ensure_future(stop.wait())
                    await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    stopping.cancel()
                    if stop.is_set():
                        opening.cancel()
                        return
                    await worker.work(await opening, ready, stop)
        finally:
            await worker.close()
            await client.close()
            await asyncio.to_thread(lock.release)
    finally:
        await library.close()


class Worker:
    """One job at a time, from the queue to the child and back."""

    def __init__(self, settings: Settings, library: SqlLibrary, client: StudioClient, name: str) -> None:
        self._settings, self._library, self._client = settings, library, client
        self._card = WorkerCard(uuid.uuid4().hex, secrets.randbits(31), name, {})
        self._line = Line(settings.database_url, (WORKER_LOCKS, self._card.lock_number), TO_STUDIO, self._told)
        self._delivery = Delivery()
        self._listening = False
        self._job: _AtHand | None = None
        self._names: set[str] = set()      # of its models
        self._idle = asyncio.Event()
        self._idle.set()
        self._look = asyncio.Event()       # something was announced: is the job at hand still wanted?
        self._leaving = False
        self._failed = asyncio.Event()     # this machine cannot do the work (any more)
        self._why = "the models' process does not start any more"
        self._alive = settings.home / ALIVE

    @property
    def able(self) -> bool:
        """Whether work can come, and be done."""
        return self._listening and not self._leaving and self._line.held and self._client.able

    @property
    def client(self) -> StudioClient:
        """The models' process."""
        return self._client

    @property
    def library(self) -> SqlLibrary:
        """Where jobs come from."""
        return self._library

    async def work(self, models: Ready, ready: asyncio.Event | None, stop: asyncio.Event) -> None:
        """Say what is here, take jobs until `stop`, and leave nothing undone."""
        for role in ROLES:
            if models.model(role) is None:
                why = next((unable.why for unable in models.unable if unable.role == role), "it did not open")
                raise SettingsError(f"This machine cannot do the studio's work, it has no {role}: {why}.",
                                    key=f"studio.{role}")
        self._names = {"", *(model.name for model in models.models)}
        self._card = replace(self._card, models={"speech": speech(), "ready": to_json(Ready, models)})
        await self._line.open()
        await self._library.beat(self._card)
        await self._delivery.open(self._library.system_database_url, self._card.worker_id, hand_of(models),
                                  self._deliver)
        self._listening = True
        await asyncio.to_thread(self._touch)
        log.info("the worker %s is there", self._card.name)
        if ready is not None:
            ready.set()
        beating = asyncio.create_task(self._beat(), name="beat")
        watching = asyncio.create_task(self._watch(), name="watch")
        try:
            ends = {asyncio.ensure_future(event.wait()) for event in (stop, self._failed)}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
            await self._leave()
        finally:
            for task in (beating, watching):
                task.cancel()
            await asyncio.gather(beating, watching, return_exceptions=True)
        if self._failed.is_set():
            raise StudioFailed(self._why)
        log.info("the worker %s has stopped", self._card.name)

    async def _leave(self) -> None:
        """Take nothing more; finish what is at hand, or hand it back."""
        self._leaving = True
        self._card = replace(self._card, leaving=True)
        with contextlib.suppress(StorythreadError, *LOST):
            await self._library.beat(self._card)
        try:
            await asyncio.wait_for(self._idle.wait(), self._settings.discord.stop_within_s)
        except TimeoutError:
            if self._job is not None:
                self._job.hand_back()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), 5.0)

    async def close(self) -> None:
        """Gone."""
        await asyncio.to_thread(self._alive.unlink, missing_ok=True)
        if self._listening:
            with contextlib.suppress(StorythreadError, *LOST):
                await self._library.drop_worker(self._card.worker_id)
            await self._delivery.close()
        await self._line.close()

    # --- signs of life -----------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            try:
                if not self._line.held:
                    await self._line.open()
                await self._line.ask()
                async with asyncio.timeout(BEAT_EVERY_S):
                    await self._library.beat(self._card)
                await asyncio.to_thread(self._touch)
                self._look.set()
            except (StorythreadError, *LOST) as error:
                log.warning("the database does not answer: %s", type(error).__name__)

    def _touch(self) -> None:
        self._alive.parent.mkdir(parents=True, exist_ok=True)
        self._alive.touch()

    def _told(self, job_id: str) -> None:
        """Something was announced of a job."""
        if self._job is not None and job_id in ("", self._job.job_id):
            self._look.set()

    async def _watch(self) -> None:
        """Whether the job at hand is still wanted: looked at when somebody says something, and with every beat."""
        while True:
            await self._look.wait()
            self._look.clear()
            job = self._job
            if job is None:
                continue
            try:
                if not await job.still_wanted():
                    job.drop()
            except (StorythreadError, *LOST):
                await asyncio.sleep(AGAIN_AFTER_S)

    # --- a job -------------------------------------------------------------------------------------

    async def _deliver(self, job_id: str, attempt: str) -> None:
        """What the queue brings. Never raises: what went wrong is the face's to hear, in its own row."""
        self._idle.clear()
        try:
            if self._leaving:              # somebody else shall have it
                await self._library.give_job_anew(job_id, int(attempt))
                return
            message = await self._library.take_job(job_id, int(attempt), self._card.worker_id)
            if message is None:
                return                     # called off, or given to somebody else
            job = _AtHand(self._library, job_id, int(attempt), self._card.worker_id, unframe(message[LENGTH_BYTES:]))
            self._job = job
            answer = await job.done(self._client)
            if isinstance(answer, Failed) and self._client.gave_up:
                await job.back()           # it is not the job's fault
                self._failed.set()
            elif answer is not None and (made_by := self._another_hand(answer)):
                await job.back()           # it would not be by whom it was to be
                self._why = f"the models' process was started again, and now works with {made_by}"
                self._failed.set()
            elif answer is not None:
                await job.finish(answer)
        except asyncio.CancelledError:
            raise
        except Exception as error:         # without an answer the face gives it to another after a while
            log.error("a job could not be answered: %s", anonymous(error))
        finally:
            self._job = None
            self._idle.set()


    def _another_hand(self, answer: Done | Failed) -> str:
        """By what an answer was made that this worker did not say it works with; "" where it did."""
        result = answer.result if isinstance(answer, Done) else None
        made_by = result.painter if isinstance(result, Painting) else result.writer if isinstance(result, StoryStep) \
            else ""
        return "" if made_by in self._names else made_by


class _AtHand:
    """The job that is being done."""

    def __init__(self, library: SqlLibrary, job_id: str, attempt: int, worker_id: str, message: Job) -> None:
        self.job_id = job_id
        self._library, self._whose = library, (job_id, attempt, worker_id)
        self._message = message
        self._newest: Wrote | Stepped | None = None
        self._news = asyncio.Event()
        self._doing: asyncio.Future[Done] | None = None
        self._handed_back = False

    async def done(self, client: StudioClient) -> Done | Failed | None:
        """Have it done. None when it is wanted no more, or was handed back."""
        self._doing = asyncio.ensure_future(client.pass_on(
            self._message, owner_id=OwnerId("face"), on_event=self._hear))
        telling = asyncio.create_task(self._tell())
        number = self._message.job_id
        try:
            await asyncio.wait({self._doing})
            if self._doing.cancelled():
                if self._handed_back:
                    await self.back()
                return None
            error = self._doing.exception()
            if error is None:
                return replace(self._doing.result(), job_id=number)
            if isinstance(error, StorythreadError):
                return Failed(number, error.reason, str(error), isinstance(error, Cancelled), client.peak_memory())
            log.error("a job failed: %s", anonymous(error))
            return Failed(number, StudioFailed.reason, f"the worker failed: {type(error).__name__}", False, 0)
        finally:
            self._doing.cancel()
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def drop(self) -> None:
        """Nobody wants it any more: stop at the next step."""
        if self._doing is not None:
            self._doing.cancel()

    def hand_back(self) -> None:
        """Stop at the next step; another worker shall have it."""
        self._handed_back = True
        self.drop()

    async def back(self) -> None:
        """It waits for another worker."""
        await self._library.hand_back_job(*self._whose)

    async def still_wanted(self) -> bool:
        """Whether it is this worker's to do."""
        return await self._library.tell_of_job(*self._whose)

    async def finish(self, answer: Done | Failed) -> None:
        """Keep the answer for the face; a database that is away for a while is waited for."""
        while True:
            try:
                if not await self._library.finish_job(*self._whose, frame(answer)):
                    log.info("a job's answer was not wanted any more")
                return
            except (StorythreadError, *LOST) as error:
                log.warning("a job's answer could not be kept yet: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_AFTER_S)

    # --- how far it is -----------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        number = self._message.job_id
        match event:
            case ProseGrew(prose=prose):
                self._newest = Wrote(number, prose)
            case Painted(step=step, steps=steps, preview_png=png):
                untold = self._newest.preview_png if isinstance(self._newest, Stepped) else None
                self._newest = Stepped(number, step, steps, png or untold)
            case _:
                return
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            newest, self._newest = self._newest, None
            try:
                if newest is not None and not await self._library.tell_of_job(*self._whose, frame(newest)):
                    self.drop()
            except (StorythreadError, *LOST):
                pass                       # progress is only progress
            await asyncio.sleep(TELL_EVERY_S)
