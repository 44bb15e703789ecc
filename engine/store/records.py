"""What durable workflows keep of their own (DBOS's tables): found by what it names, cleared of it, thinned out by age.

Inputs and outputs there are ids (engine/durable.py), pickled and in base64. They are never unpickled here: what they
name is looked for in their bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import (
    Connection,
    MetaData,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

T = TypeVar("T")

#: Workflows in these states are over. Others may still be running somewhere.
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
#: In which DBOS puts what it goes on with after a start.
OWN_QUEUE = "_dbos_internal_queue"
#: Rows read or deleted at a time.
PORTION = 500


class Records:
    """Blocking; call it in a thread. Where the workflows never ran there is nothing, and nothing to do."""

    def __init__(self, system_database_url: str) -> None:
        self._url = make_url(system_database_url)
        self._schema = "dbos" if self._url.get_backend_name() == "postgresql" else None

    def naming(self, tokens: Collection[str]) -> list[str]:
        """The ids of workflows of which anything that is kept names one of these ids."""
        named = _Names(tokens)
        found: set[str] = set()
        with self._connected() as connection:
            for table in self._tables(connection):
                for row in connection.execute(select(table)).yield_per(PORTION):
                    content = b"\0".join(_content(value) for value in row if isinstance(value, str | bytes))
                    if named.in_(content):
                        found.add(_id_in(table, row))
        return sorted(found)

    def clear(self, workflow_ids: Collection[str]) -> None:
        """Delete all that is kept of these. One that may still be running is cancelled, and loses what it was told."""
        ids = sorted(workflow_ids)
        with self._connected() as connection:
            tables = self._tables(connection)
            for start in range(0, len(ids), PORTION):
                portion = ids[start:start + PORTION]
                for table in sorted(tables, key=lambda table: table.name == "workflow_status"):
                    these = table.c[_ID[table.name]].in_(portion)
                    if table.name == "workflow_status":
                        connection.execute(delete(table).where(these, table.c.status.in_(OVER)))
                        connection.execute(update(table).where(these).values(
                            status="CANCELLED", inputs=None, output=None, error=None,
                            completed_at=int(time.time() * 1000)))
                    else:
                        connection.execute(delete(table).where(these))
        if ids:
            self.overwrite()

    def copy_to(self, other: Records) -> int:
        """Copy what is kept of the house's own workflows into records that are empty; returns how many there were.

        Both kinds of database have the same tables. Work that machines elsewhere were given stays behind: nobody waits
        for its answer there.
        """
        from dbos import run_dbos_database_migrations  # takes a moment to import, and is wanted by backups alone

        with self._connected() as source:
            ours = {table.name: table for table in self._tables(source)}
            status = ours.pop("workflow_status", None)
            ours.pop("datasource_outputs", None)           # goes with the rows it was written with
            if status is None:
                return 0
            run_dbos_database_migrations(other._url.render_as_string(hide_password=False))
            own = set(source.scalars(select(status.c.workflow_uuid).where(
                or_(status.c.queue_name.is_(None), status.c.queue_name == OWN_QUEUE))))
            with other._connected() as target:
                theirs = {table.name: table for table in other._tables(target)}
                for table in (status, *ours.values()):     # the others point at the first
                    to = theirs.get(table.name)
                    if to is None:
                        continue
                    for rows in source.execute(select(table)).mappings().partitions(PORTION):
                        kept = [{name: value for name, value in row.items() if name in to.c} for row in rows
                                if row[_ID[table.name]] in own]
                        if kept:
                            target.execute(insert(to), kept)
        return len(own)

    def thin_out(self, before_s: float) -> int:
        """Delete what is kept of workflows that were over by then (seconds since 1970). Returns how many there were."""
        gone = 0
        while True:
            with self._connected() as connection:
                tables = {table.name: table for table in self._tables(connection)}
                status = tables.get("workflow_status")
                if status is None:
                    return gone
                ids = list(connection.scalars(select(status.c.workflow_uuid).where(
                    status.c.status.in_(OVER), status.c.updated_at < int(before_s * 1000)).limit(PORTION)))
                for table in sorted(tables.values(), key=lambda table: table.name == "workflow_status"):
                    connection.execute(delete(table).where(table.c[_ID[table.name]].in_(ids)))
            gone += len(ids)
            if len(ids) < PORTION:
                return gone

    def overwrite(self) -> None:
        """Let nothing that was deleted be left in SQLite's file or in the log in front of it."""
        if self._url.get_backend_name() != "sqlite":
            return
        for pragma in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            _patiently(partial(self._outside, pragma))

    def _outside(self, statement: str) -> None:
        engine = self._engine()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            answer = connection.exec_driver_sql(statement)
            if answer.returns_rows and (row := answer.first()) is not None and row[0]:
                raise OperationalError(statement, None, Exception("somebody is reading"))

    def _tables(self, connection: Connection) -> list[Table]:
        there = set(inspect(connection).get_table_names(schema=self._schema)) & _ID.keys()
        metadata = MetaData(schema=self._schema)
        metadata.reflect(connection, only=sorted(there), resolve_fks=False)
        return [table for table in metadata.tables.values() if table.name in there]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = self._engine()
        with engine.begin() as connection:
            yield connection

    def _engine(self) -> Engine:
        engine = create_engine(self._url, poolclass=NullPool, hide_parameters=True)
        if engine.dialect.name == "sqlite":
            @event.listens_for(engine, "connect")
            def prepare(connection: object, record: object) -> None:
                cursor = connection.cursor()  # type: ignore[attr-defined]
                for pragma in ("busy_timeout=30000", "secure_delete=ON"):
                    cursor.execute(f"PRAGMA {pragma}")
                cursor.close()
        return engine


#: The tables that keep something of a workflow, and the column that says of which.
_ID = {
    "workflow_status": "workflow_uuid", "workflow_input": "workflow_uuid", "workflow_output": "workflow_uuid",
    "operation_outputs": "workflow_uuid", "workflow_events": "workflow_uuid",
    "workflow_events_history": "workflow_uuid", "streams": "workflow_uuid", "notifications": "destination_uuid",
    "datasource_outputs": "workflow_id",
}


def _id_in(table: Table, row: object) -> str:
    return str(getattr(row, _ID[table.name]))


class _Names:
    """Finds ids in bytes, where they are no part of a longer word."""

    def __init__(self, tokens: Collection[str]) -> None:
        ids = [token.encode() for token in tokens if token]
        self._plain = {token for token in ids if _WORD.fullmatch(token)}
        self._others = [re.compile(rb"(?<![0-9A-Za-z_])" + re.escape(token) + rb"(?![0-9A-Za-z_])")
                        for token in ids if token not in self._plain]

    def in_(self, content: bytes) -> bool:
        """Whether one of them is there."""
        for word in _WORD.findall(content):
            # a pickled text has its length in front, as one byte, which may look like a letter
            if word in self._plain or (word[1:] in self._plain and word[0] == len(word) - 1):
                return True
        return any(token.search(content) for token in self._others)


_WORD = re.compile(rb"[0-9A-Za-z_]+")


def _content(value: str | bytes) -> bytes:
    """A value as it is, and as what it may be base64 of."""
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    try:
        return raw + b"\0" + base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return raw


def _patiently(deed: Callable[[], T], *, tries: int = 40) -> T:
    """Do something that needs a moment in which nobody reads; DBOS looks about five times a second."""
    while True:
        try:
            return deed()
        except OperationalError:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.05)
