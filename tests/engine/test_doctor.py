"""The doctor finds what is wrong, says what to do, changes nothing and tells no secret."""

import os
import sqlite3
from contextlib import closing

import pytest
from alembic.script import ScriptDirectory

from engine.doctor import examine, models
from engine.pinned import hash_of, remember, sha256_of
from engine.settings import load_settings
from engine.store import open_library
from engine.store.opening import MIGRATIONS
from engine.tiers import GIB, Hardware

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


def test_models_that_others_hold_are_not_looked_for_here(settings):
    theirs = settings.model_copy(update={"studio": settings.studio.model_copy(update={
        "where": "workers", "painter": "klein", "guard_model": "/nowhere/guard.gguf"})})
    [found] = models(theirs)
    assert found.ok and "on their machines" in found.sentence


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
    [newest] = ScriptDirectory(str(MIGRATIONS)).get_heads()
    assert (await finding(settings, "database")).sentence.endswith(f"sound, version {newest}")
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


def models_of(settings, machine):
    return {found.subject: found for found in models(settings, lambda: machine)}


def test_the_machine_is_recognised_and_told_what_to_pull(settings, tmp_path):
    card = Hardware("cuda", "NVIDIA L4", 23 * GIB, 20 * GIB, (8, 9), 8, 32 * GIB, 30 * GIB, True)
    auto = load_settings(home=settings.home)
    found = models_of(auto, card)
    assert found["hardware"].ok and found["hardware"].sentence.endswith(
        "It can hold klein (whole): `storythread models pull klein` brings 16 GB (Apache-2.0)")
    assert found["painter"].ok and "(chosen by itself: no other painter is pulled)" in found["painter"].sentence
    assert found["writer"].ok and "(chosen by itself: no other writer is pulled)" in found["writer"].sentence
    blind = models_of(auto, Hardware(ram_bytes=8 * GIB, problem="looking for a GPU crashed (status -11)"))
    assert not blind["hardware"].ok and blind["painter"].ok and "crashed" in blind["hardware"].sentence


def test_a_model_by_name_is_looked_at_file_by_file(settings):
    card = Hardware("cuda", "NVIDIA L4", 23 * GIB, 20 * GIB, (8, 9), 8, 32 * GIB, 30 * GIB, True)
    named = load_settings(home=settings.home, studio={"painter": "klein", "writer": "qwen3.5-2b",
                                                      "vision_model": "qwen3.5-2b"})
    missing = models_of(named, card)
    for subject in ("painter", "writer", "vision model"):
        assert not missing[subject].ok and "is not pulled: run `storythread models pull" in missing[subject].sentence
    assert "until then mini stands in, and says so" in missing["painter"].sentence
    file = settings.home / "models" / "klein" / "unet.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    (file.parent / "storythread.json").write_text("{}")
    remember(named, {"models/klein/unet.safetensors": hash_of(file)})
    assert models_of(named, card)["painter"].sentence == "klein, 0.0 GB, every file as it was pulled"
    auto = models_of(load_settings(home=settings.home), card)
    assert "the best painter that is pulled and fits (whole) on NVIDIA L4" in auto["painter"].sentence
    small = models_of(named, Hardware("cuda", "a card", 4 * GIB, 4 * GIB, (8, 0)))["painter"]
    assert not small.ok and "needs 8 GiB on the GPU, which has 4.0" in small.sentence
    file.write_bytes(b"Weights")
    sha256_of.cache_clear()
    assert "klein is damaged (unet.safetensors)" in models_of(named, card)["painter"].sentence


async def test_a_data_folder_that_is_a_file_is_found(tmp_path):
    (tmp_path / "home").write_text("")
    assert not (await finding(load_settings(home=tmp_path / "home"), "data folder")).ok
