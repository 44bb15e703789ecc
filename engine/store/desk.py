"""What every part of the library works with: the database, the pictures, the keys."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Column,
    ColumnElement,
    Result,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine.nouns import NotFound, OwnerId, StoreUnusable, StoryId, TurnState
from engine.settings import Settings
from engine.store import tables
from engine.store.keys import MasterKey
from engine.store.pictures import PictureFiles
from engine.store.roll import Roll
from engine.store.room import PLENTY_BYTES, need_room
from engine.store.sealing import Keyring, OwnerKey, new_key_id, owned
from engine.store.session import alone, reading, writing

#: How many steps back a question for the newest things looks first.
NEAR_STEPS = 32


class Desk:
    """Shared by the parts of `SqlLibrary`; each method call there is one transaction."""

    def __init__(self, engine: AsyncEngine, settings: Settings, files: PictureFiles, master_key: MasterKey,
                 ring: Keyring, roll: Roll, system_database_url: str) -> None:
        self._engine = engine
        self._ring = ring
        self._roll = roll
        self._system_database_url = system_database_url
        self._settings = settings
        self._files = files
        self._master_key = master_key

    async def need_room(self) -> None:
        """Raise `StoreUnusable` ("store_full") unless the disk has room for one turn more than those that wait."""
        folders = [folder for folder in (self._files.folder, self._database_folder) if folder is not None]
        reserve = self._settings.limits.reserve_mib * 2**20
        try:
            await asyncio.to_thread(need_room, folders, reserve_bytes=reserve + PLENTY_BYTES, turns=0)
            return
        except StoreUnusable:
            pass                           # not plenty: the turns that wait are counted
        async with self._reading() as session:
            turns = await session.scalar(select(func.count()).select_from(tables.turns).where(
                tables.turns.c.state == TurnState.ACCEPTED.value))
        await asyncio.to_thread(need_room, folders, reserve_bytes=reserve, turns=turns or 0)

    @property
    def _database_folder(self) -> Path | None:
        url = self._engine.url
        return Path(url.database).parent if url.get_backend_name() == "sqlite" and url.database else None

    def _reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        return reading(self._engine)

    def _writing(self) -> AbstractAsyncContextManager[AsyncSession]:
        return writing(self._engine)

    def _alone(self) -> AbstractAsyncContextManager[AsyncSession]:
        return alone(self._engine)

    # --- keys: whose words these are -----------------------------------------------------------------

    async def _key(self, session: AsyncSession, owner_id: OwnerId | str) -> OwnerKey:
        """The key that seals an owner's words, made with their first."""
        return (await self._key_and_folder(session, owner_id))[0]

    async def _server_key(self, session: AsyncSession, server_id: str) -> OwnerKey:
        """The key of what the people who run a server wrote: the server is its owner."""
        return await self._key(session, tables.OF_SERVER + server_id)

    async def _story_key(self, session: AsyncSession, story_id: str) -> OwnerKey:
        """The key of a story's owner: it seals what the story consists of. Raises `NotFound`."""
        row = (await session.execute(_story_key(), {"story_id": story_id})).first()
        if row is None:
            raise NotFound(f"no story {story_id}")
        return self._unwrapped(row)

    async def _key_and_folder(self, session: AsyncSession, owner_id: str) -> tuple[OwnerKey, str]:
        found = await self._known(session, owner_id)
        if found is None:
            await session.execute(self._insert(tables.owners, {
                "owner_id": owner_id, "wrapped_key": self._master_key.new_owner_key(owner_id),
                "key_id": new_key_id(), "folder": secrets.token_hex(16), "created_at": now()}, key=["owner_id"]))
            found = await self._known(session, owner_id)
        assert found is not None
        return found

    async def _known(self, session: AsyncSession, owner_id: str) -> tuple[OwnerKey, str] | None:
        """Key and folder of an owner of whom something is kept already."""
        # Asked each time: only what this transaction sees says which key holds, and whether they were forgotten.
        row = (await session.execute(the(tables.owners.c.owner_id), {"id": owner_id})).first()
        return None if row is None else (self._unwrapped(row), row.folder)

    def _unwrapped(self, row: Any) -> OwnerKey:
        """The key in a row with owner_id, wrapped_key and key_id."""
        key = OwnerKey(row.key_id, self._master_key.owner_key(row.owner_id, row.wrapped_key))
        self._ring.add(key)
        return key

    # --- rows ----------------------------------------------------------------------------------------

    def _insert(self, table: Table, values: dict[str, Any], *, key: Sequence[str],
                update: Sequence[str] | None = None, instead: dict[str, Any] | None = None,
                whose: OwnerKey | None = None) -> Any:
        """Insert, or where `key` exists already set the columns `update` (none: leave the row as it is).

        `instead` gives some of them another value than the inserted one. `whose` seals what is to be sealed.
        """
        if whose is not None:
            values = owned(table, values, whose)
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(**values)
        if not update:
            return statement.on_conflict_do_nothing(index_elements=list(key))
        return statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in update} | (instead or {}))

    async def _put(self, session: AsyncSession, table: Table, rows: Sequence[dict[str, Any]], *, key: Sequence[str],
                   update: Sequence[str] = (), instead: Callable[[Any], dict[str, Any]] | None = None,
                   whose: OwnerKey | None = None) -> Result[Any] | None:
        """As `_insert`, several rows with the same columns at once; the statement is built once and kept.

        `instead` is a function at the top of a module: it is given the row that was to be inserted.
        """
        if not rows:
            return None
        if whose is not None:
            rows = [owned(table, row, whose) for row in rows]
        done: Result[Any] = await session.execute(
            _inserted(self._engine.dialect.name, table, tuple(key), tuple(update), instead),
            rows[0] if len(rows) == 1 else rows)
        return done

    async def _newest(self, session: AsyncSession, question: Callable[[CTE], Select[Any]], limit: int, *,
                      at: str | None, story_id: str = "", **asked: Any) -> Sequence[Row[Any]]:
        """The first `limit` rows of a question that asks the newest steps first, on the path to `at`, or to the head.

        It is asked of the steps nearest to the head, and of more of them only as long as there are too few rows: what
        a page costs does not grow with the story. `question` is a function at the top of a module: what it asks is
        built once and kept, and `asked` fills in what it leaves open.
        """
        longest = NEAR_STEPS
        whole, reached = _nearest(question, bool(at) or not story_id)
        while True:
            end = {"at": at} if at or not story_id else {"story_id": story_id}
            rows: Sequence[Row[Any]] = (
                await session.execute(whole, {"longest": longest, "limit": limit, **end, **asked})).all()
            if len(rows) == limit or (await session.scalar(reached, {"longest": longest, **end}) or 0) < longest:
                return rows
            longest *= 8

    async def _story_row(self, session: AsyncSession, story_id: StoryId, *, lock: bool = False) -> Row[Any]:
        # SQLite has no row locks and needs none: its writers come one after another.
        row: Row[Any] | None = (
            await session.execute(the(tables.stories.c.story_id, lock=lock), {"id": story_id})).first()
        if row is None:
            raise NotFound(f"no story {story_id}")
        return row


# --- questions that are asked at every turn: built once, since building one costs more than asking it -------------

@cache
def the(column: Column[Any], *, lock: bool = False) -> Select[Any]:
    """Asks for the rows in which a column is `id`."""
    question = select(column.table).where(column == bindparam("id"))
    return question.with_for_update() if lock else question


@cache
def _story_key() -> Select[Any]:
    owners, stories = tables.owners, tables.stories
    return (select(owners.c.owner_id, owners.c.wrapped_key, owners.c.key_id)
            .join(stories, stories.c.owner_id == owners.c.owner_id).where(stories.c.story_id == bindparam("story_id")))


@cache
def _nearest(question: Callable[[CTE], Select[Any]], by_step: bool) -> tuple[Select[Any], Select[Any]]:
    """A question of a path of at most `longest` steps, with its `limit`; and how many steps there are."""
    path = path_from(bindparam("at") if by_step else head_of(bindparam("story_id")), longest=bindparam("longest"))
    return question(path).limit(bindparam("limit")), select(func.count()).select_from(path)


@cache
def _inserted(dialect: str, table: Table, key: tuple[str, ...], update: tuple[str, ...],
              instead: Callable[[Any], dict[str, Any]] | None) -> Any:
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not update:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    return statement.on_conflict_do_update(index_elements=list(key), set_={
        name: statement.excluded[name] for name in update} | (instead(statement.excluded) if instead else {}))


def path_from(head: str | ColumnElement[Any] | Select[Any] | None, *,
              longest: int | BindParameter[int] | None = None) -> CTE:
    """The steps from `head` back to the first, newest with `depth` 0: columns step_id, parent, depth."""
    steps = tables.steps
    start = steps.c.step_id == (head.scalar_subquery() if isinstance(head, Select) else head)
    path = select(steps.c.step_id, steps.c.parent, literal(0).label("depth")).where(start).cte("path", recursive=True)
    further = select(steps.c.step_id, steps.c.parent, path.c.depth + 1).join(path, steps.c.step_id == path.c.parent)
    if longest is not None:
        further = further.where(path.c.depth + 1 < longest)
    return path.union_all(further)


def head_of(story_id: StoryId | BindParameter[Any]) -> Select[Any]:
    """Asks for the step a story's head points at."""
    return select(tables.stories.c.head).where(tables.stories.c.story_id == story_id)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today() -> datetime:
    """The midnight at which this day began, in UTC: limits by the day are counted from here."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0)
