"""A PostgreSQL server for tests: given, or started here; and databases on it."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from engine.store.opening import migrate


@pytest.fixture(scope="session")
def postgres_server():
    """An address of a PostgreSQL server, without database: given, or started here as an ordinary user."""
    if given := os.environ.get("STORYTHREAD_TEST_POSTGRES"):
        yield given.rpartition("/")[0]
        return
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not binaries:
        pytest.skip("no PostgreSQL here: STORYTHREAD_TEST_POSTGRES gives no address and no server is installed")
    folder = Path(tempfile.mkdtemp(prefix="storythread-postgres-"))
    account = "postgres" if os.geteuid() == 0 else None      # PostgreSQL refuses to run as root
    if account:
        shutil.chown(folder, account, account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command):
        return subprocess.run(command, user=account, cwd=folder, check=True, capture_output=True)

    run(binaries[-1].with_name("initdb"), "-D", folder / "data", "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8")
    server = subprocess.Popen(
        [binaries[-1], "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
        user=account, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            ready = subprocess.run([binaries[-1].with_name("pg_isready"), "-h", "127.0.0.1", "-p", str(port)],
                                   check=False, capture_output=True)
            if ready.returncode == 0:
                break
            time.sleep(0.1)
        else:
            pytest.skip("the PostgreSQL server that is installed here did not start")
        yield f"postgresql://test@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


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
