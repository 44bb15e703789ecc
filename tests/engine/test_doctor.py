"""The doctor finds what is wrong, says what to do, changes nothing and tells no secret."""

import os
import sqlite3
from contextlib import closing

import pytest

from engine.doctor import examine
from engine.settings import load_settings
from engine.store import open_library

TOKEN = "MTIzNDU2.Gabcde.secret-part"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("STORYTHREAD_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path):
    return load_settings(home=tmp_path / "home", master_key_file=tmp_path / "keys" / "master.key",
                         studio={"painter": "theatre"}, discord={"token": TOKEN})


async def finding(settings, subject):
    (found,) = [found for found in await examine(settings) if found.subject == subject]
    return found


async def test_nothing_is_made_by_looking(settings, tmp_path):
    findings = await examine(settings)
    assert [found.subject for found in findings] == [
        "configuration", "data folder", "pictures", "master key", "database", "hardware", "painter", "writer",
        "guard model", "likeness", "memory", "Discord token"]
    assert list(tmp_path.iterdir()) == []
    bad = [found for found in findings if not found.ok and found.subject not in ("writer", "likeness", "memory")]
    assert bad == []


async def test_a_house_in_use_is_well(settings):
    library = await open_library(settings)
    await library.keep_picture(b"png", owner_id="1")
    assert (await finding(settings, "database")).sentence.endswith("sound, version 0005")
    assert "1 pictures" in (await finding(settings, "pictures")).sentence
    assert (await finding(settings, "master key")).ok
    await library.close()


async def test_the_token_is_never_shown(settings):
    assert not [found for found in await examine(settings) if "secret" in found.sentence or TOKEN in found.sentence]
    assert not (await finding(load_settings(home=settings.home, discord={"token": None}), "Discord token")).ok
    wrong = await finding(load_settings(home=settings.home, discord={"token": "Bot secret x"}), "Discord token")
    assert not wrong.ok and "secret" not in wrong.sentence


async def test_a_misspelt_variable_is_found(settings, monkeypatch):
    monkeypatch.setenv("STORYTHREAD_STUDIO__PANTER", "mini")
    found = await finding(settings, "configuration")
    assert not found.ok and "STORYTHREAD_STUDIO__PANTER" in found.sentence


async def test_a_key_beside_the_data_or_open_to_others_is_found(settings):
    inside = load_settings(home=settings.home, master_key_file=settings.home / "master.key")
    assert not (await finding(inside, "master key")).ok
    library = await open_library(settings)
    await library.close()
    settings.master_key_file.chmod(0o644)
    found = await finding(settings, "master key")
    assert not found.ok and "chmod 600" in found.sentence


async def test_a_damaged_newer_or_unreachable_database_is_found(settings):
    await (await open_library(settings)).close()
    path = settings.home / "storythread.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = await finding(settings, "database")
    assert not found.ok and "newer" in found.sentence
    path.write_bytes(b"nonsense" * 1000)
    found = await finding(settings, "database")
    assert not found.ok and "backup" in found.sentence
    remote = load_settings(home=settings.home, database_url="postgresql://me:hunter2@127.0.0.1:1/x")
    found = await finding(remote, "database")
    assert not found.ok and "hunter2" not in found.sentence


async def test_missing_models_are_found(settings, tmp_path):
    chosen = load_settings(home=settings.home,
                           studio={"painter": str(tmp_path / "none"), "writer": str(tmp_path / "x.gguf")})
    for subject in ("painter", "writer"):
        found = await finding(chosen, subject)
        assert not found.ok and str(tmp_path) in found.sentence
    server = load_settings(home=settings.home, studio={"writer": "http://me:hunter2@host/v1", "writer_model": "m"})
    found = await finding(server, "writer")
    assert found.ok and "hunter2" not in found.sentence


async def test_a_data_folder_that_is_a_file_is_found(tmp_path):
    (tmp_path / "home").write_text("")
    assert not (await finding(load_settings(home=tmp_path / "home"), "data folder")).ok
