"""Stores to test on: a fresh SQLite library each, and PostgreSQL where there is one (tests/postgres_house.py)."""

import pytest
import pytest_asyncio
from store_material import settings_in

from engine.store import open_library


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path):
    """Settings of an empty house, on each database."""
    if request.param == "sqlite":
        return settings_in(tmp_path)
    return settings_in(tmp_path, database_url=request.getfixturevalue("postgres_url"))


@pytest_asyncio.fixture
async def library(settings):
    opened = await open_library(settings)
    yield opened
    await opened.close()
