"""Work that machines elsewhere do: one row a job, sealed by its owner's key, for as long as it is being done.

The face posts a job, one worker takes it, tells how far it is and finishes it; the face drops the row with the answer.
Every change is announced by PostgreSQL's NOTIFY with the job's id alone. A job given out anew has another `attempt`:
whoever still works on an earlier one is refused from then on, so that one result at most is ever taken.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from engine.store import tables
from engine.store.desk import Desk, now
from engine.store.sealing import owned

#: Channels of NOTIFY: what is said to whoever paints, and what they say.
TO_STUDIO, TO_FACE = "storythread_studio", "storythread_face"
#: First number of the advisory lock each worker holds while it lives (any fixed one); the second is its own.
WORKER_LOCKS = 0x53544F52
#: The advisory lock of the one face that gives out work.
FACE_LOCK = 0x53544F525B

WAITING, RUNNING, DONE = "waiting", "running", "done"


@dataclass(frozen=True, slots=True)
class JobNews:
    """How a job stands. `progress` and `result` are frames (engine/studio/messages.py)."""

    job_id: str
    attempt: int
    state: str
    worker_id: str | None
    news: int
    progress: bytes | None
    result: bytes | None


@dataclass(frozen=True, slots=True)
class WorkerCard:
    """A machine that works. `alive`: its process holds its lock; `silent_s`: seconds since it last said anything."""

    worker_id: str
    lock_number: int
    name: str
    models: dict[str, Any]
    leaving: bool = False
    alive: bool = True
    silent_s: float = 0.0


class Jobs(Desk):
    """Part of `SqlLibrary`."""

    # --- the face ----------------------------------------------------------------------------------

    async def post_job(self, job_id: str, owner_id: str, message: bytes) -> None:
        """Keep a job that waits for a worker: its first attempt."""
        async with self._alone() as session:
            await session.execute(self._insert(tables.jobs, {
                "job_id": job_id, "owner_id": owner_id, "attempt": 1, "state": WAITING, "message": message,
                "created_at": now()}, key=["job_id"], whose=await self._key(session, owner_id)))

    async def give_job_anew(self, job_id: str, attempt: int) -> bool:
        """Whoever had this attempt has it no more. False when it is done, given anew already or gone."""
        jobs = tables.jobs
        return await self._wait_again(job_id, attempt, (jobs.c.attempt == attempt, jobs.c.state != DONE))

    async def jobs_now(self, job_ids: Collection[str]) -> dict[str, JobNews]:
        """How these jobs stand, by id; those that are gone are left out."""
        jobs = tables.jobs
        async with self._reading() as session:
            rows = await session.execute(select(
                jobs.c.job_id, jobs.c.attempt, jobs.c.state, jobs.c.worker_id, jobs.c.news, jobs.c.progress,
                jobs.c.result).where(jobs.c.job_id.in_(job_ids)))
            return {row.job_id: JobNews(**row._mapping) for row in rows}

    async def drop_jobs(self, job_ids: Collection[str] | None = None) -> None:
        """Answered, or nobody waits for them any more; without ids all jobs there are."""
        jobs = tables.jobs
        async with self._alone() as session:
            these = delete(jobs) if job_ids is None else delete(jobs).where(jobs.c.job_id.in_(job_ids))
            for job_id in (await session.scalars(these.returning(jobs.c.job_id))).all():
                await self._announce(session, TO_STUDIO, job_id)

    # --- a worker ----------------------------------------------------------------------------------

    async def take_job(self, job_id: str, attempt: int, worker_id: str) -> bytes | None:
        """The job's message, for this worker to do. None when this attempt is no longer asked for."""
        jobs = tables.jobs
        async with self._alone() as session:
            message: bytes | None = await session.scalar(
                update(jobs).where(jobs.c.job_id == job_id, jobs.c.attempt == attempt, jobs.c.state == WAITING)
                .values(state=RUNNING, worker_id=worker_id).returning(jobs.c.message))
            if message is not None:
                await self._announce(session, TO_FACE, job_id)
            return message

    async def tell_of_job(self, job_id: str, attempt: int, worker_id: str, progress: bytes | None = None) -> bool:
        """Say how far it is. False when this worker is not to go on with it."""
        jobs = tables.jobs
        mine = self._mine(job_id, attempt, worker_id)
        if progress is None:
            async with self._reading() as session:
                return await session.scalar(select(jobs.c.job_id).where(*mine)) is not None
        return await self._write(job_id, mine, progress=progress, news=jobs.c.news + 1)

    async def finish_job(self, job_id: str, attempt: int, worker_id: str, result: bytes) -> bool:
        """The first result holds. False when this one is not wanted (any more)."""
        return await self._write(job_id, self._mine(job_id, attempt, worker_id), result=result, state=DONE)

    async def hand_back_job(self, job_id: str, attempt: int, worker_id: str) -> bool:
        """This worker stops: the job waits for another. False when it was not this worker's to do."""
        return await self._wait_again(job_id, attempt, self._mine(job_id, attempt, worker_id))

    # --- who works ---------------------------------------------------------------------------------

    async def beat(self, card: WorkerCard) -> None:
        """This worker is here, and well."""
        moment: Any = func.clock_timestamp() if self._postgres else now()
        async with self._alone() as session:
            await session.execute(self._insert(tables.workers, {
                "worker_id": card.worker_id, "lock_number": card.lock_number, "name": card.name,
                "models": card.models, "leaving": card.leaving, "beat_at": moment}, key=["worker_id"],
                update=["name", "models", "leaving", "beat_at"]))
            await self._announce(session, TO_FACE, "")

    async def drop_worker(self, worker_id: str) -> None:
        """This one has gone."""
        async with self._alone() as session:
            await session.execute(delete(tables.workers).where(tables.workers.c.worker_id == worker_id))
            await self._announce(session, TO_FACE, "")

    async def workers(self) -> list[WorkerCard]:
        """Everybody who said that they are here and did not say that they have gone. On PostgreSQL only."""
        async with self._reading() as session:
            return await who_works(session)

    # --- what they share ---------------------------------------------------------------------------

    @property
    def _postgres(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    @staticmethod
    def _mine(job_id: str, attempt: int, worker_id: str) -> tuple[ColumnElement[bool], ...]:
        jobs = tables.jobs
        return (jobs.c.job_id == job_id, jobs.c.attempt == attempt, jobs.c.worker_id == worker_id,
                jobs.c.state == RUNNING)

    async def _write(self, job_id: str, mine: tuple[ColumnElement[bool], ...], **values: Any) -> bool:
        """Write what is to be sealed, by the owner's key: whoever was forgotten meanwhile gets no new one."""
        jobs = tables.jobs
        async with self._alone() as session:
            owner_id = await session.scalar(select(jobs.c.owner_id).where(*mine).with_for_update())
            known = None if owner_id is None else await self._known(session, owner_id)
            if known is None:
                return False
            await session.execute(update(jobs).where(jobs.c.job_id == job_id).values(**owned(jobs, values, known[0])))
            await self._announce(session, TO_FACE, job_id)
            return True

    async def _wait_again(self, job_id: str, attempt: int, only: tuple[ColumnElement[bool], ...]) -> bool:
        jobs = tables.jobs
        async with self._alone() as session:
            changed = await session.scalar(
                update(jobs).where(jobs.c.job_id == job_id, *only)
                .values(attempt=attempt + 1, state=WAITING, worker_id=None).returning(jobs.c.job_id))
            if changed is not None:
                for channel in (TO_FACE, TO_STUDIO):
                    await self._announce(session, channel, job_id)
            return changed is not None

    async def _announce(self, session: AsyncSession, channel: str, job_id: str) -> None:
        if self._postgres:
            await session.execute(select(func.pg_notify(channel, job_id)))


async def who_works(session: AsyncSession | AsyncConnection) -> list[WorkerCard]:
    """Everybody who said that they are here and did not say that they have gone; by name. On PostgreSQL only."""
    return [WorkerCard(**row._mapping) for row in await session.execute(_WHO_WORKS, {"locks": WORKER_LOCKS})]


_WHO_WORKS = text("""
    SELECT worker_id, lock_number, name, models, leaving,
           CAST(extract(epoch FROM clock_timestamp() - beat_at) AS float) AS silent_s,
           EXISTS (SELECT 1 FROM pg_locks
                   WHERE locktype = 'advisory' AND granted AND objsubid = 2
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                     AND classid = CAST(:locks AS oid) AND objid = CAST(CAST(lock_number AS bigint) AS oid)) AS alive
    FROM workers ORDER BY name, worker_id""")
