"""The studio's queue: DBOS carries the ids of jobs from the face to whichever worker is free.

Workers are a DBOS application of their own: neither do they ever take up a face's workflows, nor a face theirs. What a
job consists of never comes here (DBOS's records lie open): it is a sealed row (engine/store/jobs.py), and so is
whether it is still wanted. A job is for workers of one hand (engine/studio/hands.py): others are not given it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig

from engine.failing import told_plainly

APPLICATION, QUEUE, WORKFLOW = "storythread-studio", "studio", "studio_job"
#: Seconds between two looks of a worker that has nothing to do.
LOOK_EVERY_S = 0.1

Body = Callable[[str, str], Coroutine[Any, Any, None]]


class Dispatch:
    """The face's end."""

    def __init__(self, system_database_url: str) -> None:
        self._url = system_database_url
        self._client: DBOSClient | None = None

    async def open(self) -> None:
        """Connect, and clear what a former face has left in the queue."""
        if self._client is None:
            self._client = await asyncio.to_thread(self._open)
        await asyncio.to_thread(self._clear)

    def _open(self) -> DBOSClient:
        with told_plainly():
            DBOS.migrate(self._url)        # whoever comes first makes the tables
            return DBOSClient(system_database_url=self._url, application_name=APPLICATION, system_database_pool_size=2,
                              retry_connection_errors=False)       # else it would wait, and a stop for it

    def _clear(self) -> None:
        assert self._client is not None
        with told_plainly():
            left = self._client.list_workflows(name=WORKFLOW, load_input=False, load_output=False)
            self._client.delete_workflows([each.workflow_id for each in left])

    async def send(self, job_id: str, attempt: int, hand: str) -> None:
        """Let the next free worker of this hand have this attempt of a job."""
        await asyncio.to_thread(self._send, job_id, attempt, hand)

    def _send(self, job_id: str, attempt: int, hand: str) -> None:
        assert self._client is not None
        with told_plainly():
            self._client.enqueue({
                "workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": f"{job_id}.{attempt}",
                "app_version": hand}, job_id, str(attempt))

    async def forget(self, sent: Sequence[tuple[str, int]]) -> None:
        """Nothing is left of these, wherever they got to."""
        client = self._client
        if client is None or not sent:
            return

        def delete() -> None:
            with told_plainly():
                client.delete_workflows([f"{job_id}.{attempt}" for job_id, attempt in sent])

        await asyncio.to_thread(delete)

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.destroy)


class Delivery:
    """A worker's end: `body(job_id, attempt)` is called with one job at a time, on the loop that opened it."""

    async def open(self, system_database_url: str, worker_id: str, hand: str, body: Body) -> None:
        """Listen to the studio's queue, for what is for this hand, and to nothing else."""
        config: DBOSConfig = {
            "name": APPLICATION, "system_database_url": system_database_url, "application_version": hand,
            "executor_id": worker_id, "log_level": "WARNING"}
        async def deliver(job_id: str, attempt: str) -> None:     # DBOS writes onto what it is given
            await body(job_id, attempt)

        with told_plainly():
            DBOS(config=config)
            DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(deliver)
            DBOS.listen_queues([QUEUE])
            DBOS.launch()
            await DBOS.register_queue_async(QUEUE, worker_concurrency=1, polling_interval_sec=LOOK_EVERY_S,
                                            on_conflict="always_update")

    async def close(self) -> None:
        """Listen no more. What is being done should be done or handed back by now."""
        # DBOS made its own threads the loop's default ones and is about to end them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
