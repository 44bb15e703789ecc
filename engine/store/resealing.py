"""Sealing words that lie open, and sealing anew what an owner's key has sealed: portion by portion, on a quiet house.

Both walk every sealed column of every table, and can be cut short at any line: what is done stays done, and the next
time goes on with the rest. Blocking; nobody else may write meanwhile.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    and_,
    create_engine,
    event,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL

from engine.nouns import StoreUnusable
from engine.store import tables
from engine.store.keys import MasterKey
from engine.store.sealing import Keyring, OwnerKey, new_key_id, sealed_columns

log = logging.getLogger(__name__)

#: `house.words`, once no word lies open any more.
WORDS_SEALED = b"sealed"
#: Rows sealed in one transaction.
PORTION = 200


def quiet_engine(url: URL) -> Engine:
    """A blocking engine that overwrites what it deletes. Statements' parameters never get into messages."""
    engine = create_engine(url, pool_size=2, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        @event.listens_for(engine, "connect")
        def prepare(connection: Any, record: object) -> None:
            connection.isolation_level = None              # transactions begin where `begin` says, not before
            for pragma in ("busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
    return engine


def bare_twin(table: Table) -> Table:
    """The same table, its sealed columns as they are kept."""
    sealed = sealed_columns(table)
    return Table(table.name, MetaData(), *(
        Column(column.name, sealed[column.name].bare if column.name in sealed else column.type,
               primary_key=column.primary_key)
        for column in table.columns))


# --- sealing what lies open ------------------------------------------------------------------------

def seal_words(url: URL, master_key: MasterKey, ring: Keyring, *, portion: int = PORTION) -> int:
    """Seal every word that lies open, and let nothing of it be left in the file. Returns how many were sealed."""
    engine = quiet_engine(url)
    keys: dict[str, OwnerKey] = {}
    count, any_rows = 0, False
    with engine.begin() as connection:
        owners = [str(each) for each in connection.scalars(select(tables.owners.c.owner_id))]
        for owner_id in owners:
            keys[owner_id] = _key_of(connection, owner_id, master_key, ring)

    for table in _tables():
        for rows in _portions(engine, table, portion):
            any_rows = True
            with engine.begin() as connection:
                for row in rows:
                    values = {}
                    for name, kind in sealed_columns(table).items():
                        kept = getattr(row, name)
                        if not kept or _opens(kind, kept, ring):
                            continue
                        owner_id = getattr(row, f"whose_{name}") or ""
                        if owner_id not in keys:
                            keys[owner_id] = _key_of(connection, owner_id, master_key, ring)
                        values[name] = kind.sealed(kept, keys[owner_id])
                        values |= _derived(table, name, kept)
                        count += 1
                    _keep(connection, table, row, values)
    if any_rows:
        _rewrite(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.house).values(key="words", value=WORDS_SEALED))
    engine.dispose()
    if count:
        log.info("%d words and pictures' descriptions that lay open are sealed", count)
    return count


def _key_of(connection: Connection, owner_id: str, master_key: MasterKey, ring: Keyring) -> OwnerKey:
    owners = tables.owners
    row = connection.execute(select(owners.c.wrapped_key, owners.c.key_id).where(owners.c.owner_id == owner_id)).first()
    if row is None:
        connection.execute(insert(owners).values(
            owner_id=owner_id, wrapped_key=master_key.new_owner_key(owner_id), key_id=new_key_id(),
            folder=secrets.token_hex(16), created_at=datetime.now(UTC)))
        return _key_of(connection, owner_id, master_key, ring)
    key = OwnerKey(row.key_id, master_key.owner_key(owner_id, row.wrapped_key))
    ring.add(key)
    return key


def _opens(kind: Any, kept: Any, ring: Keyring) -> bool:
    """Whether a value is sealed already. (Somebody may have written what looks like it.)"""
    key_id = kind.key_id(kept)
    key = None if key_id is None else ring.key(key_id, ask=False)
    if key is None:
        return False
    try:
        kind.opened(kept, key=key)
    except (StoreUnusable, InvalidTag):
        return False
    return True


def _derived(table: Table, name: str, plain: Any) -> dict[str, Any]:
    """The pictures a noun names, in columns of their own: sealed it cannot be asked for them."""
    if (table.name, name) == ("versions", "panel"):
        return {"picture": plain.get("picture"), "underdrawing": plain.get("underdrawing")}
    if (table.name, name) == ("storyboards", "storyboard"):
        return {"picture": plain.get("picture") if isinstance(plain, dict) else None}
    if (table.name, name) == ("scenes", "scene"):
        from engine.store.stories import pictures_in

        return {"pictures": pictures_in(plain)}
    return {}


# --- sealing anew ----------------------------------------------------------------------------------

def reseal_words(url: URL, former: OwnerKey, key: OwnerKey, *, portion: int = PORTION) -> int:
    """Seal with `key` whatever `former` sealed. Returns how many values."""
    engine = quiet_engine(url)
    count = 0
    for table in _tables():
        for rows in _portions(engine, table, portion):
            with engine.begin() as connection:
                for row in rows:
                    values = {}
                    for name, kind in sealed_columns(table).items():
                        kept = getattr(row, name)
                        if kept and kind.key_id(kept) == former.key_id:
                            values[name] = kind.sealed(kind.opened(kept, key=former.key), key)
                    count += len(values)
                    _keep(connection, table, row, values)
    _rewrite(engine)
    engine.dispose()
    return count


def still_sealed_by(url: URL, key_id: str) -> int:
    """How many values a key seals."""
    engine = quiet_engine(url)
    found = sum(kind.key_id(getattr(row, name)) == key_id
                for table in _tables() for rows in _portions(engine, table, PORTION) for row in rows
                for name, kind in sealed_columns(table).items() if getattr(row, name))
    engine.dispose()
    return found


# --- walking the tables ----------------------------------------------------------------------------

def _tables() -> list[Table]:
    return [table for table in tables.metadata.sorted_tables if sealed_columns(table)]


def _portions(engine: Engine, table: Table, portion: int) -> Iterator[list[Any]]:
    """The rows of a table as they are kept, each with the owner of every sealed column as `whose_<column>`."""
    twin = bare_twin(table)
    keys = list(twin.primary_key.columns)
    wanted = [*keys, *(twin.c[name] for name in sealed_columns(table)),
              *(owner_of(table, twin, name).label(f"whose_{name}") for name in sealed_columns(table))]
    question = select(*wanted).order_by(*keys).limit(portion)
    last: Any = None
    while True:
        with engine.connect() as connection:
            rows = list(connection.execute(question if last is None else question.where(_after(keys, last))))
        if not rows:
            return
        yield rows
        last = [getattr(rows[-1], key.name) for key in keys]


def _after(keys: list[Column[Any]], last: list[Any]) -> ColumnElement[bool]:
    """Rows behind this one, by their keys in order."""
    return or_(*(and_(*(key == value for key, value in zip(keys[:at], last[:at], strict=True)), keys[at] > last[at])
                 for at in range(len(keys))))


def _keep(connection: Connection, table: Table, row: Any, values: dict[str, Any]) -> None:
    if values:
        twin = bare_twin(table)
        connection.execute(update(twin).where(*(key == getattr(row, key.name) for key in twin.primary_key.columns))
                           .values(values))


def owner_of(table: Table, rows: Table, column: str) -> ColumnElement[Any]:
    """Asks for the owner whose key seals a column of these rows."""
    whose = str(table.c[column].info.get("whose", table.info["whose"]))
    owner = _owner_by(whose, rows)
    if whose != table.info["whose"]:       # whoever it was may be gone
        return func.coalesce(owner, _owner_by(table.info["whose"], rows))
    return owner


def _owner_by(whose: str, rows: Table) -> ColumnElement[Any]:
    stories, steps, panels, characters = tables.stories, tables.steps, tables.panels, tables.characters
    if whose == "owner_id":
        return rows.c.owner_id
    if whose == "server_id":
        return literal(tables.OF_SERVER).concat(rows.c.server_id)
    if whose == "character_id":
        return select(characters.c.owner_id).where(characters.c.character_id == rows.c.character_id).scalar_subquery()
    of_story = select(stories.c.owner_id)
    if whose == "story_id":
        return of_story.where(stories.c.story_id == rows.c.story_id).scalar_subquery()
    of_step = of_story.join(steps, steps.c.story_id == stories.c.story_id)
    if whose == "step_id":
        return of_step.where(steps.c.step_id == rows.c.step_id).scalar_subquery()
    if whose == "panel_id":
        return (of_step.join(panels, panels.c.step_id == steps.c.step_id)
                .where(panels.c.panel_id == rows.c.panel_id).scalar_subquery())
    raise TypeError(f"{rows.name}: nobody knows whose {whose} is")


def _rewrite(engine: Engine) -> None:
    """Let no page be left that was written before."""
    engine.dispose()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in _tables():
                connection.execute(text(f'VACUUM FULL "{table.name}"'))
