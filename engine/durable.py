"""Durable work: DBOS behind four verbs, so that a turn survives the death of the process.

A workflow's body may run again from its start after a crash. What it did by `act` or `commit` is not done twice;
everything else in a body must only read, or be idempotent. Arguments and results recorded here are ids, never prose
or pictures: those live in the Library, where they are encrypted and can be forgotten.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, ParamSpec, TypeVar

from dbos import DBOS, AsyncSQLAlchemyDatasource, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.boundaries import passed
from engine.failing import told_plainly
from engine.logs import anonymous
from engine.nouns import StorythreadError

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: Bodies are replayed by newer code on purpose: they are idempotent, and a turn must survive an upgrade.
APPLICATION_VERSION = "1"
#: How often, and for how long after a start, it is looked for work to go on with.
RECOVERED_EVERY_S, RECOVERED_WITHIN_S = 0.1, 10.0
#: Connections to SQLite's file of records, and how much of it each keeps in memory, in KiB.
RECORDS_AT_ONCE, RECORDS_KEPT_KIB = 4, 512
#: What DBOS says of workflows that it will never go on with.
ENDED_BADLY = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")


class Durable:
    """One per process. `launch` registers the workflows and at once goes on with those a crash cut short."""

    def __init__(self, *, system_database_url: str, engine: AsyncEngine,
                 current_session: ContextVar[AsyncSession | None]) -> None:
        """`system_database_url` keeps progress; `engine` is the Library's own: rows and records commit together.

        `current_session` is where the Library looks for a transaction to join.
        """
        self._system_url = system_database_url
        self._engine = engine
        self._current_session = current_session
        self._datasource: AsyncSQLAlchemyDatasource | None = None
        self._bodies: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {}
        self._tasks: dict[asyncio.Task[Any], bool] = {}    # running workflows; True once the body itself has ended
        self._begun: dict[str, asyncio.Future[Any]] = {}   # those that were started here, until they end

    async def launch(self, **bodies: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Register each body as a workflow under its keyword, open the records, recover what was cut short.

        Must be called on the event loop that everything else lives on: recovered bodies run there.
        """
        config: DBOSConfig = {
            "name": "storythread",
            "system_database_url": self._system_url,
            "application_version": APPLICATION_VERSION,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.2,
        }
        if self._system_url.startswith("sqlite"):
            # One writer at a time anyway; each connection keeps pages of its own in memory.
            config["db_engine_kwargs"] = {"pool_size": RECORDS_AT_ONCE, "pool_pre_ping": False,
                                          "connect_args": {"factory": _Frugal}}
        dbos = DBOS(config=config)
        self._datasource = await AsyncSQLAlchemyDatasource.create(
            make_url(self._engine.url).render_as_string(hide_password=False), engine=self._engine)
        for name, body in bodies.items():
            self._bodies[name] = DBOS.workflow(name=name, max_recovery_attempts=None)(self._followed(body))
        # What is gone on with passes through DBOS's own queue, which is looked at every second: too long for whoever
        # waits for a picture after a restart, too often for ever.
        DBOS.listen_queues([])                 # the studio's queue is for workers: engine/studio/queue.py
        recovered = dbos._registry.get_internal_queue()
        seldom_s, recovered._polling_interval_sec = recovered._polling_interval_sec, RECOVERED_EVERY_S
        DBOS.launch()
        asyncio.get_running_loop().call_later(RECOVERED_WITHIN_S, setattr, recovered, "_polling_interval_sec", seldom_s)

    async def start(self, name: str, workflow_id: str, *arguments: str) -> None:
        """Begin a workflow. The same id again changes nothing."""
        with SetWorkflowID(workflow_id), told_plainly():
            handle = await DBOS.start_workflow_async(self._bodies[name], *arguments)
        end: asyncio.Future[Any] | None = getattr(handle, "task", None)
        if end is not None and not end.done():
            self._begun[workflow_id] = end
            end.add_done_callback(lambda _: self._begun.pop(workflow_id, None))
        passed(f"{name}: started")

    async def start_anew(self, name: str, workflow_id: str, *arguments: str, also_unended: bool = False) -> None:
        """Begin a workflow, under another id where it has ended in an error: an error once recorded is final.

        `also_unended`: where it has not ended either, as when an error could not even be recorded.
        """
        asked, tries = workflow_id, 0
        while (status := await DBOS.get_workflow_status_async(asked)) is not None and (
                status.status in ENDED_BADLY or (also_unended and status.status != "SUCCESS")):
            tries += 1
            asked = f"{workflow_id}~{tries}"
        await self.start(name, asked, *arguments)

    async def finished(self, workflow_id: str) -> None:
        """Wait until a workflow has ended, well or badly."""
        if (end := self._begun.get(workflow_id)) is not None:
            await asyncio.wait({end})          # it runs here, and nobody has to ask again and again
        handle = await DBOS.retrieve_workflow_async(workflow_id, existing_workflow=False)
        await handle.get_result(polling_interval_sec=0.05)

    async def act(self, name: str, deed: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something outside, at least once, and remember that it is done. Inside a workflow only."""

        async def body() -> T:
            with _unquoted():
                result = await deed(*args, **kwargs)
            passed(f"{name}: done")
            return result

        with told_plainly():
            done: T = await DBOS.run_step_async({"name": name}, body)
        passed(f"{name}: noted")
        return done

    async def commit(self, name: str, write: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write to the Library; the rows and the record that it is done commit in one transaction."""
        datasource = self._datasource
        if datasource is None:
            raise RuntimeError("launch() comes first")

        async def body() -> T:
            token = self._current_session.set(datasource.sql_session())
            try:
                with _unquoted():
                    result = await write(*args, **kwargs)
            finally:
                self._current_session.reset(token)
            passed(f"{name}: written")
            return result

        # On PostgreSQL the Library locks the rows it changes. Under SERIALIZABLE two stories at once can refuse each
        # other's commits, and DBOS repeats those only when psycopg reports them, not asyncpg.
        isolation: Literal["READ COMMITTED", "SERIALIZABLE"] = (
            "READ COMMITTED" if self._engine.dialect.name == "postgresql" else "SERIALIZABLE")
        with told_plainly():
            written: T = await datasource.run_tx_step_async({"name": name, "isolation_level": isolation}, body)
        passed(f"{name}: kept")
        return written

    async def close(self) -> None:
        """Let go of the records. Bodies are cut short where they stand and go on at the next launch."""
        with _hushed("sqlalchemy.pool", "dbos"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for task, ended in list(self._tasks.items()):
                if not ended:
                    task.cancel()
            if self._tasks:
                await asyncio.wait(list(self._tasks), timeout=5)
            gc.collect()                       # connections cut off in mid-air are put away here and now
        # DBOS made its own threads the loop's default ones and is about to end them: leave the loop with fresh ones.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._datasource = None
        self._bodies.clear()

    def _followed(self, body: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
        """A fresh function around a bound method (DBOS writes onto what it is given), which `close` knows of."""

        async def workflow(*arguments: str) -> None:
            task = asyncio.current_task()
            if task is None:
                raise RuntimeError("a workflow runs in a task")
            self._tasks[task] = False
            task.add_done_callback(self._tasks.pop)
            try:
                with _unquoted():
                    await body(*arguments)
            finally:
                self._tasks[task] = True

        return workflow


class _Frugal(sqlite3.Connection):
    """A connection that keeps few pages: the system caches the file as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute(f"PRAGMA cache_size=-{RECORDS_KEPT_KIB}")


class CameToGrief(StorythreadError):
    """Something nobody foresaw, by its kind alone."""

    reason = "unexpected"


@contextmanager
def _unquoted() -> Iterator[None]:
    """Errors are recorded with their messages, which can quote prose: what is not ours goes on by its kind alone."""
    try:
        yield
    except (StorythreadError, SQLAlchemyError, dbos_error.DBOSException):      # these quote ids at most
        raise
    except Exception as error:
        log.error("durable work failed: %s", anonymous(error))
        raise CameToGrief(type(error).__name__) from None


@contextmanager
def _hushed(*names: str) -> Iterator[None]:
    """Loggers that would report, with tracebacks, work that is being cut short on purpose."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
