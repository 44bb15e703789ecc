"""Migrations on a blank and on an older, filled database, on both databases."""

import json
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from store_material import settings_in

from engine.store import open_library, tables
from engine.store.opening import MIGRATIONS, migrate
from engine.store.session import prepare_sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path, blank_database):
    if request.param == "sqlite":
        (tmp_path / "home").mkdir()
        return settings_in(tmp_path)
    return settings_in(tmp_path, database_url=request.getfixturevalue("postgres_url"))


@pytest.fixture
async def engine(settings):
    made = create_async_engine(settings.database_url)
    if made.dialect.name == "sqlite":
        prepare_sqlite(made)
    yield made
    await made.dispose()


async def revision_of(engine):
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()


def test_migrations_are_one_numbered_list():
    numbers = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert sorted(numbers) == [f"{number:04}" for number in range(1, len(numbers) + 1)]


async def test_a_blank_database_gets_exactly_the_tables_of_the_program(engine):
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        await connection.run_sync(migrate)         # again: nothing to do
    async with engine.connect() as connection:
        differences = await connection.run_sync(lambda sync: compare_metadata(
            MigrationContext.configure(sync), tables.metadata))
    assert differences == []


async def test_an_older_database_is_brought_up_with_everything_in_it(engine, settings):
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    rows = {
        "stories": {"story_id": "s", "venue_id": "v", "server_id": "g", "owner_id": "1", "title": "Old",
                    "style": "flat", "locale": "en", "rating": "toddler", "turn_order": "free", "status": "open",
                    "head": "st",
                    "created_at": moment},
        "characters": {"character_id": "c", "owner_id": "1", "name": "Mia", "pronouns": "she",
                       "look": json.dumps({"kind": "fox"}), "description": "", "avatar": None, "consent": None,
                       "sharing": "story", "from_photo": False, "server_id": ""},
        "turns": {"turn_id": "t", "story_id": "s", "owner_id": "1", "author": "Ann", "text": "Hi", "kind": "write",
                  "state": "done", "reason": "", "created_at": moment},
        "steps": {"step_id": "st", "story_id": "s", "turn_id": "t", "parent": None, "prose": "Once.", "beats": "[]",
                  "closes_story": False, "created_at": moment},
        "panels": {"panel_id": "st.0", "step_id": "st", "position": 0, "brief": json.dumps({
            "panel_id": "st.0", "story_id": "s", "words": "w", "figures": [],
            "setting": {"setting_id": "x", "kind": "beach", "name": "b", "seed": 1}}), "state": "done", "picture": "p",
            "underdrawing": None, "boxes": "[]", "seed": 1, "painter": "m", "version": 1, "message_id": None,
            "alt_text": ""},
    }
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: migrate(sync, to="0001"))
        for name, values in rows.items():
            columns = ", ".join(values)
            places = ", ".join(
                f"CAST(:{key} AS JSON)" if key in ("look", "beats", "brief", "boxes")
                and connection.dialect.name == "postgresql" else f":{key}" for key in values)
            if connection.dialect.name == "sqlite":
                values = {key: value.isoformat(" ").removesuffix("+00:00") + ".000000"
                          if isinstance(value, datetime) else value for key, value in values.items()}
            await connection.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({places})"), values)
    assert await revision_of(engine) == "0001"

    library = await open_library(settings)
    try:
        assert await revision_of(engine) == f"{len(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())):04}"
        assert (await library.story("s")).created_at == moment
        assert (await library.character("c")).look.kind == "fox"
        assert [panel.picture for panel in await library.panels("s")] == ["p"]
        assert [step.prose for step in await library.steps("s")] == ["Once."]
        async with library.engine.connect() as connection:
            counted = (await connection.execute(text("SELECT owner_id, version FROM drawings"))).all()
        assert counted == [("1", 1)]
    finally:
        await library.close()


async def test_a_migration_that_fails_leaves_the_older_database(engine, monkeypatch):
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: migrate(sync, to="0001"))
        await connection.execute(text("CREATE TABLE drawings (in_the_way TEXT)"))
    with pytest.raises(Exception, match="drawings"):
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    assert await revision_of(engine) == "0001"
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="leftovers"):
            await connection.execute(text("SELECT * FROM leftovers"))
