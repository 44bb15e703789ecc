"""A PostgreSQL server for tests, and databases on it."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from bench import postgres
from engine.store.opening import migrate


@pytest.fixture(scope="session")
def postgres_server():
    """An address of a PostgreSQL server, without database: given, or started here."""
    try:
        with postgres.postgres_server() as address:
            yield address
    except postgres.NoServer as none:
        pytest.skip(f"no PostgreSQL here: {none}")


def _in_postgres(server: str, statement: str) -> None:
    import asyncpg

    async def execute():
        connection = await asyncpg.connect(f"{server}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


@pytest.fixture(scope="session")
def postgres_template(postgres_server):
    """A migrated, empty database to copy: migrating anew takes a second each."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    _in_postgres(postgres_server, f"CREATE DATABASE {name}")

    async def fill():
        engine = create_async_engine(f"{postgres_server}/{name}".replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
        await engine.dispose()

    asyncio.run(fill())
    yield name
    _in_postgres(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def database_on(server: str, template: str = "") -> Iterator[str]:
    """The address of a database of its own: a copy of the template, or without tables."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _in_postgres(server, f"CREATE DATABASE {name}{f' TEMPLATE {template}' if template else ''}")
    try:
        yield f"{server}/{name}"
    finally:
        _in_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server, request):
    """An empty database of its own: migrated, or without tables where the test asks for `blank_database`."""
    blank = "blank_database" in request.fixturenames
    with database_on(postgres_server, "" if blank else request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture
def blank_database():
    """Ask for it to have no tables in PostgreSQL either."""
