"""`storythread backup`, `restore` and `rotate-key`, as an operator meets them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner, Result

from bot.cli import FAILED, STORE, app
from engine.nouns import OwnerId, ServerId, Story, StoryId, VenueId
from engine.settings import load_settings
from engine.store import open_library


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A house with one story and one picture in it."""
    for name in list(os.environ):
        if name.startswith("STORYTHREAD_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORYTHREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STORYTHREAD_MASTER_KEY_FILE", str(tmp_path / "keys" / "master.key"))

    async def fill() -> None:
        library = await open_library(load_settings())
        await library.save_story(Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("111"), "The lantern"))
        await library.keep_picture(b"png", owner_id=OwnerId("111"))
        await library.close()

    asyncio.run(fill())
    yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert "\n" not in result.stderr.strip() and "Traceback" not in result.output
    return result.stderr


def titles() -> list[str]:
    async def read() -> list[str]:
        library = await open_library(load_settings())
        found = [story.title for story in await library.every_story()]
        await library.close()
        return found

    return asyncio.run(read())


def test_a_backup_is_made_and_put_back(folder: Path) -> None:
    made = run("backup", str(folder / "usb" / "one"))
    assert made.exit_code == 0, made.output
    assert "does not hold the master key" in made.stdout and "master.key.forgotten" in made.stdout
    assert "already" in refused(run("backup", str(folder / "usb" / "one")), STORE)
    assert "--force" in refused(run("restore", str(folder / "usb" / "one")), STORE)
    shutil.rmtree(folder / "home")
    back = run("restore", str(folder / "usb" / "one"))
    assert back.exit_code == 0, back.output
    assert "1 stories" in back.stdout and "1 pictures, every one of which opens" in back.stdout
    assert titles() == ["The lantern"]
    assert run("backup").exit_code == 0 and list((folder / "home" / "backups").iterdir())


def test_what_is_no_backup_is_refused(folder: Path) -> None:
    assert "no backup" in refused(run("restore", str(folder)), STORE)
    made = folder / "one"
    assert run("backup", str(made)).exit_code == 0
    (made / "storythread.sqlite").write_bytes(b"other")
    assert "Nothing was touched" in refused(run("restore", "--force", str(made)), STORE)
    assert titles() == ["The lantern"]


def test_keys_are_changed(folder: Path) -> None:
    key = folder / "keys" / "master.key"
    before = key.read_bytes()
    changed = run("rotate-key")
    assert changed.exit_code == 0, changed.output
    assert "new master key, of 1 owners' keys" in changed.stdout and key.read_bytes() != before
    owner = run("rotate-key", "--owner", "111")
    assert owner.exit_code == 0 and "1 words, 1 pictures" in owner.stdout, owner.output
    assert refused(run("rotate-key", "--owner", "nobody"), FAILED)
    assert titles() == ["The lantern"]


def test_while_the_bot_runs_keys_and_backups_stay_as_they_are(folder: Path) -> None:
    assert run("backup", str(folder / "one")).exit_code == 0
    before = (folder / "keys" / "master.key").read_bytes()
    with FileLock(folder / "home" / "storythread.sqlite.lock"):
        for arguments in (("rotate-key",), ("rotate-key", "--owner", "111"),
                          ("restore", "--force", str(folder / "one"))):
            assert "in use by another storythread" in refused(run(*arguments), STORE)
        assert run("backup", str(folder / "two")).exit_code == 0
    assert (folder / "keys" / "master.key").read_bytes() == before
