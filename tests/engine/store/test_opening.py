"""Opening: what is damaged, locked, newer, read-only or without its key is named, and left as it is."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from store_material import ANN, furnish, settings_in, story_of

from engine.nouns import StoreUnusable
from engine.settings import load_settings
from engine.store import open_library
from engine.store.opening import _take


async def reason_of(settings) -> str:
    with pytest.raises(StoreUnusable) as caught:
        library = await open_library(settings)
        await library.close()
    return caught.value.reason


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "home" / "storythread.sqlite"


async def fill(settings):
    library = await open_library(settings)
    await furnish(library)
    picture = await library.keep_picture(b"png", owner_id=ANN)
    await library.close()
    return picture


async def test_what_was_kept_is_there_after_closing(settings):
    picture = await fill(settings)
    library = await open_library(settings)
    assert await library.picture(picture) == b"png"
    assert (await library.story("s1")).title == story_of().title
    await library.close()


async def test_files_are_for_the_operators_account_alone(settings, database, tmp_path):
    await fill(settings)
    for file in database.parent.glob("storythread*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE((tmp_path / "keys" / "master.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700


async def test_sqlite_is_set_up_to_keep_what_it_was_given(settings):
    library = await open_library(settings)
    async with library.engine.connect() as connection:
        answers = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
                   for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous", "secure_delete")}
    await library.close()
    assert answers == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30000, "synchronous": 2,
                       "secure_delete": 1}


async def test_a_second_process_is_turned_away(settings):
    library = await open_library(settings)
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", f"""
import asyncio
from engine.nouns import StoreUnusable
from engine.settings import load_settings
from engine.store import open_library
from engine.store.opening import _take
try:
    asyncio.run(open_library(load_settings(home={str(settings.home)!r},
                                           master_key_file={str(settings.master_key_file)!r})))
except StoreUnusable as error:
    print(error.reason)
"""], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "store_locked"
    assert await reason_of(settings) == "store_locked"
    await library.close()
    await (await open_library(settings)).close()


@pytest.mark.parametrize("damage", ["head", "page", "text", "truncated"])
async def test_a_damaged_database_is_named_and_not_touched(settings, database, damage):
    await fill(settings)
    content = bytearray(database.read_bytes())
    if damage == "head":
        content[:100] = bytes(100)
    elif damage == "page":
        content[4096 * 3:4096 * 3 + 2048] = b"\xa5" * 2048
    elif damage == "text":
        content = bytearray(b"this is no database at all, whoever says so " * 200)
    else:
        content = content[:len(content) // 2]
    database.write_bytes(content)
    assert await reason_of(settings) == "store_damaged"
    assert database.read_bytes() == content


async def test_an_emptied_database_beside_pictures_is_damaged(settings, database):
    await fill(settings)
    database.write_bytes(b"")
    assert await reason_of(settings) == "store_damaged"


async def test_a_damaged_workflows_file_is_named(settings, database):
    await fill(settings)
    (database.parent / "storythread-workflows.sqlite").write_bytes(b"not a database" * 100)
    assert await reason_of(settings) == "store_damaged"


async def test_a_database_of_a_newer_program_is_left_alone(settings, database):
    await fill(settings)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert await reason_of(settings) == "store_newer"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


async def test_a_lost_or_exchanged_master_key_is_named(settings):
    picture = await fill(settings)
    key = settings.master_key_file.read_bytes()
    settings.master_key_file.unlink()
    assert await reason_of(settings) == "master_key_missing"
    assert not settings.master_key_file.exists()
    settings.master_key_file.write_bytes(b"A" * 43 + b"=\n")
    assert await reason_of(settings) == "master_key_wrong"
    settings.master_key_file.write_bytes(b"short")
    assert await reason_of(settings) == "master_key_damaged"
    settings.master_key_file.write_bytes(key)
    library = await open_library(settings)
    assert await library.picture(picture) == b"png"
    await library.close()


async def test_a_master_key_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    settings = load_settings(home=tmp_path / "home", master_key_file=tmp_path / "file" / "master.key")
    assert await reason_of(settings) in ("master_key_unwritable", "master_key_damaged")


def test_a_read_only_folder_is_named():
    home = Path(tempfile.mkdtemp(prefix="storythread-read-only-"))
    home.chmod(0o555)
    account = os.geteuid()
    try:
        if account == 0:                   # to root nothing is read-only: look as somebody else
            os.seteuid(65534)
        with pytest.raises(StoreUnusable) as caught:
            _take(home / "storythread.sqlite")
    finally:
        os.seteuid(account)
        home.chmod(0o700)
        home.rmdir()
    assert caught.value.reason == "store_read_only"


async def test_a_home_that_is_a_file_is_named(tmp_path):
    (tmp_path / "home").write_text("a file")
    assert await reason_of(settings_in(tmp_path)) == "store_read_only"


async def test_a_database_in_memory_is_refused(tmp_path):
    assert await reason_of(settings_in(tmp_path, database_url="sqlite+aiosqlite://")) == "store_unusable"


async def test_an_address_where_nobody_answers_is_named(tmp_path):
    settings = settings_in(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    assert await reason_of(settings) == "store_unusable"


async def test_what_a_crash_left_over_is_deleted_at_the_next_start(settings, tmp_path):
    library = await open_library(settings)
    picture = await library.keep_picture(b"png", owner_id=ANN)
    async with library._alone() as session:
        await library._drop_picture(session, picture)
    await library.close()
    pictures = tmp_path / "home" / "pictures"
    assert [path for path in pictures.rglob("*") if path.is_file()]
    await (await open_library(settings)).close()
    assert not [path for path in pictures.rglob("*") if path.is_file()]


async def test_it_can_be_read_while_another_writes(settings):
    with pytest.raises(StoreUnusable):
        await open_library(settings, reading_only=True)
    assert not settings.home.exists()
    library = await open_library(settings)
    await furnish(library)
    reader = await open_library(settings, reading_only=True)
    picture = await library.keep_picture(b"png", owner_id=ANN)
    assert await reader.picture(picture) == b"png"
    assert (await reader.story("s1")).title == "The lantern"
    with pytest.raises(StoreUnusable) as caught:
        await reader.save_story(story_of(story_id="s2"))
    assert caught.value.reason == "store_read_only"
    await reader.close()
    await library.save_story(story_of(story_id="s3"))
    await library.close()
