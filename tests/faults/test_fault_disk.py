"""A full disk, a locked and a damaged database: told plainly, nothing is lost, and it goes on when all is well again.

The real client over real sockets, real SQLite, a real small disk; only the models are not there.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from filelock import FileLock

sys.path.insert(0, str(Path(__file__).parent.parent / "bot"))
from playhouse import Playhouse, labels

from bot.app import run_bot, sync_commands
from bot.cli import STORE
from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import Player, words_of
from engine.nouns import StoreUnusable
from engine.settings import load_settings
from engine.store import open_library

DISK_MIB = 96
WORDS = "Mia writes a long letter to her grandmother."


class SmallDisk:
    """A disk of our own that can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leave_bytes: int = 0) -> None:
        with self._ballast.open("ab") as file:
            while (left := self.free_bytes - leave_bytes) > 0:
                try:
                    file.write(b"\0" * min(left, 2**20))
                    file.flush()
                except OSError:
                    return

    def empty(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", str(folder)], check=False,
                             capture_output=True)
    if mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@asynccontextmanager
async def playing(home: Path, **limits: int) -> AsyncIterator[Playhouse]:
    async with Loopback(limits=False) as loopback:
        with redirect_discord(loopback.base_url):
            house = Playhouse(loopback, load_settings(
                home=home, master_key_file=home.parent / "master.key", limits=limits,
                discord={"token": loopback.world.token, "preview_every_s": 0.2}))
            await sync_commands(house.settings)
            await house.open()
            try:
                yield house
            finally:
                await house.shut()
        assert loopback.violations() == []


async def test_a_turn_is_taken_only_while_there_is_room_to_keep_and_paint_it(disk: SmallDisk) -> None:
    async with playing(disk.folder / "home", reserve_mib=16) as house:
        await house.story(both=False)
        await house.turn(house.ada, "One.")
        form = await house.ada.click("Take turn")
        disk.fill(leave_bytes=20 * 2**20)      # more than the reserve, not enough for the reserve and a turn
        await house.ada.submit(form, {"text": WORDS})
        refused = words_of(await house.ada.see("There is no room left to save anything", private=True))
        assert WORDS in refused, "nothing typed is lost"
        before = max(message.message_id for message in house.ada.seen())
        await house.ada.click("Next page")
        await house.ada.see("no room left", private=True, after=before)
        assert not await house.library.open_turns()
        disk.empty()
        panel = await house.turn(house.ada, WORDS)
        assert "Redraw" in labels(panel)


async def test_a_turn_that_was_taken_goes_on_when_there_is_room_again(
        disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("engine.order.AGAIN_AFTER_S", 0.2)
    async with playing(disk.folder / "home", reserve_mib=1) as house:
        await house.story(both=False)
        house.studio.gate.clear()
        form = await house.ada.click("Take turn")
        await house.ada.submit(form, {"text": WORDS})
        await house.ada.see("Picture 1 comes here")
        await until(lambda: any(not panel.endswith(".plate") for panel, _ in house.studio.painted))
        disk.fill()
        house.studio.gate.set()
        await until(lambda: "came to grief" in caplog.text)
        assert await house.library.open_turns(), "it is kept"
        await asyncio.sleep(0.5)               # it is tried again in vain
        disk.empty()
        await house.idle(60)
        said = house.said(house.ada)
        assert sum(WORDS in text and text.startswith("And so it was") for text in said) == 1, "nothing is said twice"
        assert not any("did not work out" in text for text in said)
        [panel] = [message for message in house.ada.seen() if message.attachments and "Redraw" in labels(message)]
        assert "Undo" in labels(panel)
        await house.turn(house.ada, "And so on.")


async def test_a_locked_database_gives_the_words_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.session.BUSY_TIMEOUT_MS", 200)
    async with playing(tmp_path / "home") as house:
        await house.story(both=False)
        form = await house.ada.click("Take turn")
        with closing(sqlite3.connect(tmp_path / "home" / "storythread.sqlite")) as other:
            other.execute("BEGIN IMMEDIATE")
            await house.ada.submit(form, {"text": WORDS})
            told = words_of(await house.ada.see("Another copy of me is using the library", private=True))
            other.rollback()
        assert WORDS in told
        assert not await house.library.open_turns()
        await house.turn(house.ada, WORDS)


def spoil(database: Path) -> None:
    """Flip every byte behind the first page, of the file and of its log."""
    log = database.with_name(database.name + "-wal")
    for file in [each for each in (database, log) if each.exists()]:
        content = bytearray(file.read_bytes())
        content[4096:] = bytes(255 - byte for byte in content[4096:])
        with file.open("r+b") as open_file:    # in place: the bot has it open
            open_file.write(content)


async def test_a_database_damaged_while_the_bot_runs_is_told_and_ends_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = []

    async def opened(*args: object, **more: object) -> object:
        libraries.append(await open_library(*args, **more))  # type: ignore[arg-type]
        return libraries[0]

    monkeypatch.setattr("bot.house.open_library", opened)
    async with Loopback(limits=False) as loopback:
        ada = loopback.world.add_user("Ada")
        guild = loopback.world.add_guild("House", owner=ada)
        place = loopback.world.add_channel(guild, "stories")
        settings = load_settings(home=tmp_path / "home", master_key_file=tmp_path / "master.key",
                                 studio={"painter": "theatre"}, discord={"token": loopback.world.token})
        player = Player(loopback, ada, place)
        with redirect_discord(loopback.base_url):
            await sync_commands(settings)
            ready = asyncio.Event()
            running = asyncio.create_task(run_bot(settings, ready=ready))
            await asyncio.wait({running, asyncio.create_task(ready.wait())}, timeout=60,
                               return_when=asyncio.FIRST_COMPLETED)
            await player.command("/story start", title="The kite")
            await player.see("The kite")
            await libraries[0].engine.dispose()      # what is read from now on is read from the disk
            spoil(tmp_path / "home" / "storythread.sqlite")
            await player.command("/character list")
            await player.see("My library is damaged", private=True)
            with pytest.raises(StoreUnusable) as failure:
                await asyncio.wait_for(running, 60)
    assert failure.value.reason == "store_damaged"
    assert str(failure.value.facts["file"]).endswith("storythread.sqlite")


# --- whoever runs it ---------------------------------------------------------------------------------

def refused(home: Path) -> str:
    """What `storythread bot` says before it ends with the exit code of the data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STORYTHREAD_")}
    said = subprocess.run(
        [sys.executable, "-m", "bot.cli", "bot"], capture_output=True, text=True, check=False, timeout=300,
        env=kept | {"DISCORD_TOKEN": "a.b.c", "STORYTHREAD_HOME": str(home), "COLUMNS": "80",
                    "STORYTHREAD_MASTER_KEY_FILE": str(home.parent / "master.key")})
    assert said.returncode == STORE, said.stderr
    assert "Traceback" not in said.stderr
    return said.stderr.strip().splitlines()[-1]


async def made(home: Path) -> Path:
    library = await open_library(load_settings(home=home, master_key_file=home.parent / "master.key"))
    await library.close()
    return home / "storythread.sqlite"


async def test_the_operator_is_told_by_exit_code_and_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = await made(home)
    with FileLock(f"{database}.lock"):
        assert "in use by another" in await asyncio.to_thread(refused, home)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "made by a newer storythread" in await asyncio.to_thread(refused, home)
    database.write_bytes(bytes(255 - byte for byte in database.read_bytes()))
    assert "damaged" in await asyncio.to_thread(refused, home)


async def test_the_operator_is_told_of_a_full_disk(disk: SmallDisk) -> None:
    home = disk.folder / "home"
    database = await made(home)
    before = database.read_bytes()
    disk.fill()
    assert "is full" in await asyncio.to_thread(refused, home)
    assert database.read_bytes() == before, "nothing is lost"
    disk.empty()
    await made(home)


async def until(true: object) -> None:
    """Wait for what happens elsewhere."""
    async with asyncio.timeout(60):
        while not true():  # type: ignore[operator]  # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.02)
