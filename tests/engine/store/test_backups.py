"""Backups: made while somebody writes, whole or not at all, put back whole or not at all, and no way back for anybody
who was forgotten."""

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from store_material import ANN, BEN, furnish, settings_in, story_of, tell, turn_in

from engine.nouns import NotFound, StoreUnusable
from engine.store import open_library, tables
from engine.store.backups import (
    DATABASE,
    MANIFEST,
    known_backups,
    make_backup,
    read_manifest,
    restore_backup,
    tidy_backups,
    verify,
)
from engine.store.opening import RESTORING
from engine.store.resealing import bare_twin

#: Ids like Discord's, which are part of no other id.
ADA, BO = "481516234200000001", "481516234200000002"


async def reason_of(awaitable) -> str:
    with pytest.raises(StoreUnusable) as caught:
        await awaitable
    return caught.value.reason


async def rows_of(library) -> dict[str, list]:
    async with library.engine.connect() as connection:
        return {table.name: sorted(map(repr, (await connection.execute(select(bare_twin(table)))).all()))
                for table in tables.metadata.sorted_tables if table.name != "house"}


async def fill(settings, turns=2):
    library = await open_library(settings)
    await furnish(library)
    await tell(library, turns)
    return library


def names_in(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


async def test_a_backup_made_while_the_house_is_used_is_put_back_as_it_was(settings, tmp_path):
    library = await fill(settings)
    await library.accept_turn(turn_in(number=9))               # open: nobody has played it
    backup = await make_backup(settings, tmp_path / "copies" / "one")
    before = await rows_of(library)
    await tell(library, 1, first=5, parent="s1-t2-step")       # what comes later is not in it
    await library.close()
    manifest = verify(backup)
    assert manifest.holds_master_key is False and "master key" in manifest.note
    assert settings.master_key_file.read_bytes().strip() not in b"".join(
        path.read_bytes() for path in backup.rglob("*") if path.is_file())
    assert not any(b"lantern" in path.read_bytes() for path in backup.rglob("*") if path.is_file())

    assert await reason_of(restore_backup(settings, backup)) == "restore_in_the_way"
    back = await restore_backup(settings, backup, force=True)
    assert (back.stories, back.characters, back.open_turns, back.forgotten) == (1, 2, 1, 0)
    assert back.pictures == 6
    library = await open_library(settings)
    assert await rows_of(library) == before
    assert [turn.turn_id for turn in await library.open_turns()] == ["s1-t9"]
    assert [panel.picture is not None for panel in await library.panels("s1")] == [True, True]
    files = {path.name for path in (settings.home / "pictures").rglob("*") if path.is_file()}
    assert len(files) == 6
    await tell(library, 1, first=7, parent="s1-t2-step")       # and it can be written on
    await library.close()
    assert not (settings.home / RESTORING).exists()


async def test_an_empty_house_takes_a_backup_without_force(settings, tmp_path):
    library = await fill(settings, 1)
    backup = await make_backup(settings, tmp_path / "copy")
    before = await rows_of(library)
    await library.close()
    other = settings_in(tmp_path / "elsewhere")
    assert await reason_of(restore_backup(other, backup)) == "master_key_missing"
    other.master_key_file.parent.mkdir(parents=True)
    shutil.copy(settings.master_key_file, other.master_key_file)
    await restore_backup(other, backup)                        # from PostgreSQL too: a file is a file
    library = await open_library(other)
    assert await rows_of(library) == before
    assert (await library.story("s1")).title == "The lantern"
    await library.close()


async def test_a_damaged_backup_changes_nothing(tmp_path):
    settings = settings_in(tmp_path)
    await (await fill(settings, 1)).close()
    backup = await make_backup(settings)
    assert backup.parent == settings.home / "backups" and known_backups(settings.home) == [backup]
    before = {path: path.read_bytes() for path in settings.home.rglob("*") if path.is_file()}
    picture = next(path for path in (backup / "pictures").rglob("*") if path.is_file())

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    for harm in (lambda: flip(picture), lambda: flip(backup / DATABASE), picture.unlink,
                 lambda: (backup / "more").write_text("x"), lambda: (backup / MANIFEST).write_text("{}"),
                 lambda: (backup / MANIFEST).unlink()):
        kept = {path: path.read_bytes() for path in backup.rglob("*") if path.is_file()}
        harm()
        assert await reason_of(restore_backup(settings, backup, force=True)) in ("backup_damaged", "backup_not_one")
        for path in backup.rglob("*"):
            if path.is_file() and path not in kept:
                path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)
    newer = json.loads((backup / MANIFEST).read_text()) | {"format": 99}
    (backup / MANIFEST).write_text(json.dumps(newer))
    assert await reason_of(restore_backup(settings, backup, force=True)) == "backup_newer"
    (backup / MANIFEST).write_bytes(before[backup / MANIFEST])
    settings.master_key_file.write_bytes(b"A" * 43 + b"=\n")
    assert await reason_of(restore_backup(settings, backup, force=True)) == "backup_key_wrong"
    after = {path: path.read_bytes() for path in settings.home.rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != before.get(path)} == set()


async def test_two_made_within_a_second_are_two(settings):
    library = await fill(settings, 1)
    made = [await make_backup(settings) for _ in range(2)]
    assert made[0] != made[1] and all((each / MANIFEST).is_file() for each in made)
    await library.close()


async def test_while_the_bot_runs_nothing_is_put_back(settings, tmp_path):
    library = await fill(settings, 1)
    backup = await make_backup(settings, tmp_path / "copy")
    assert await reason_of(restore_backup(settings, backup, force=True)) == "store_locked"
    assert await reason_of(make_backup(settings, tmp_path / "copy")) == "backup_in_the_way"
    await library.close()


# --- cut short -------------------------------------------------------------------------------------

#: Dies by SIGKILL when the function named is called for the nth time.
DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.settings import load_settings
from engine.store import backups, pictures
settings = load_settings(home={home!r}, master_key_file={key!r})
module, name, left = {module}, {name!r}, {nth}
real = getattr(module, name)
def dying(*arguments, **more):
    global left
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **more)
setattr(module, name, dying)
{before}
asyncio.run({call})
"""


FORGETS = """
async def forget_in(settings, owner_id):
    library = await backups.open_library(settings)
    await library.forget(owner_id)
    await library.close()
backups.forget_in = forget_in
"""


def dies(settings, module, name, nth, call, before="") -> None:
    code = DYING.format(home=str(settings.home), key=str(settings.master_key_file), module=module, name=name, nth=nth,
                        call=call, before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, (module, name, done.stderr)


async def test_a_backup_that_is_killed_leaves_none(tmp_path):
    settings = settings_in(tmp_path)
    await (await fill(settings, 1)).close()
    for module, name, nth in (("backups.PictureFiles", "put", 2), ("backups", "_move", 1)):
        await asyncio.to_thread(dies, settings, module, name, nth, "backups.make_backup(settings)")
        assert known_backups(settings.home) == []
        assert [path for path in (settings.home / "backups").iterdir() if path.name.endswith(".partial")]
    library = await open_library(settings)
    await library.tidy(settings.retention)                     # what lay half made goes
    await library.close()
    assert list((settings.home / "backups").iterdir()) == []


async def test_a_restore_that_is_killed_leaves_the_old_house_or_a_shut_one(tmp_path):
    settings = settings_in(tmp_path)
    library = await fill(settings, 1)
    backup = await make_backup(settings, tmp_path / "copy")
    put_back = await rows_of(library)
    await library.save_story(story_of(BEN, "s2"))
    before = await rows_of(library)
    await library.close()
    call = f"backups.restore_backup(settings, Path({str(backup)!r}), force=True)"

    for module, name, nth in (("backups.shutil", "copyfile", 2), ("backups", "migrate", 1)):
        await asyncio.to_thread(dies, settings, module, name, nth, call)
        library = await open_library(settings)
        assert await rows_of(library) == before                # nothing was touched yet
        await library.close()

    for module, name, nth in (("backups", "_move", 1), ("backups", "_move", 2), ("backups.PictureFiles", "put", 1),
                              ("backups", "open_library", 1), ("backups", "_done", 1)):
        await asyncio.to_thread(dies, settings, module, name, nth, call)
        assert (settings.home / RESTORING).exists()
        assert await reason_of(open_library(settings)) == "restore_unfinished"
        assert await reason_of(open_library(settings, reading_only=True)) == "restore_unfinished"
    await restore_backup(settings, backup)                     # again, to the end: no force is needed
    library = await open_library(settings)
    assert await rows_of(library) == put_back
    await library.close()
    assert {".restoring", ".replaced", RESTORING}.isdisjoint(path.name for path in settings.home.iterdir())


# --- the forgotten ---------------------------------------------------------------------------------

async def two_people(settings):
    """Ada and Bo in each other's stories."""
    library = await open_library(settings)
    for owner, other, story_id in ((ADA, BO, "s1"), (BO, ADA, "s2")):
        await library.save_story(replace(story_of(owner, story_id), title=f"Of {owner}"))
        await library.keep_picture(b"photo of " + owner.encode(), owner_id=owner)
        await library.accept_turn(turn_in(story_id, 1, other, f"Name{other}", f"I am {other} and I say so here."))
    return library


def opened_rows(folder, settings) -> str:
    """All a backup holds, its words opened: what somebody with the master key reads."""
    async def read() -> str:
        library = await open_library(settings.model_copy(update={
            "home": folder, "database_url": f"sqlite+aiosqlite:///{folder / DATABASE}",
            "pictures_url": str(folder / "pictures")}), reading_only=True)
        async with library.engine.connect() as connection:
            rows = [repr(row) for table in tables.metadata.sorted_tables
                    for row in await connection.execute(select(table))]
        await library.close()
        return "\n".join(rows)

    return asyncio.run(read())


async def test_forgetting_reaches_the_backups_that_are_known(settings, tmp_path):
    library = await two_people(settings)
    backups = [await make_backup(settings), await make_backup(settings, tmp_path / "usb" / "one")]
    for backup in backups:
        assert ADA in await asyncio.to_thread(opened_rows, backup, settings)
    await library.forget(ADA)
    for backup in backups:
        manifest = verify(backup)
        assert len(manifest.forgotten) == 1
        copy = tmp_path / "look"
        shutil.copytree(backup, copy)                          # looking into it must not change it
        text = await asyncio.to_thread(opened_rows, copy, settings)
        assert ADA not in text and BO in text
        assert not any(ADA.encode() in path.read_bytes() for path in backup.rglob("*") if path.is_file())
        assert len([path for path in (backup / "pictures").rglob("*") if path.is_file()]) == 1
        shutil.rmtree(copy)
    await library.close()
    assert {path.name for path in (tmp_path / "usb").iterdir()} == {"one"}


async def test_nobody_who_was_forgotten_comes_back_with_a_copy_the_house_does_not_know(tmp_path):
    settings = settings_in(tmp_path)
    library = await two_people(settings)
    hidden = tmp_path / "hidden"
    shutil.copytree(await make_backup(settings), hidden)
    await library.forget(ADA)
    await library.close()
    back = await restore_backup(settings, hidden, force=True)
    assert (back.forgotten, back.stories, back.pictures) == (1, 1, 1)
    library = await open_library(settings)
    assert [story.owner_id for story in await library.every_story()] == [BO]
    assert (await library.turn("s2-t1")).text == ""
    await library.close()
    # ... nor with a database that somebody copied into its place by hand
    for ending in ("-wal", "-shm"):        # of the database that lay there: whoever copies by hand clears them away
        (settings.home / f"{DATABASE}{ending}").unlink(missing_ok=True)
    shutil.copy(hidden / DATABASE, settings.home / DATABASE)
    library = await open_library(settings)
    assert [story.owner_id for story in await library.every_story()] == [BO]
    # Coming back by themselves they are welcome, and a newer backup holds them.
    await library.save_story(story_of(ADA, "s3"))
    newer = await make_backup(settings)
    await library.close()
    assert (await restore_backup(settings, newer, force=True)).forgotten == 0
    library = await open_library(settings)
    assert {story.owner_id for story in await library.every_story()} == {ADA, BO}
    await library.close()


async def test_a_lost_list_is_written_anew_and_a_half_line_harms_nobody(tmp_path):
    settings = settings_in(tmp_path)
    library = await two_people(settings)
    await library.forget(ADA)
    roll = library.roll.file
    (entry,) = library.roll.entries()
    await library.close()
    assert ADA not in roll.read_text() and roll.parent != settings.home
    roll.write_text("half a li")
    library = await open_library(settings)
    assert library.roll.entries() == [entry]
    await library.forget(BO)
    assert len(library.roll.entries()) == 2
    await library.close()


async def test_clearing_a_backup_that_is_killed_is_finished_the_next_time(tmp_path):
    settings = settings_in(tmp_path)
    library = await two_people(settings)
    backup = await make_backup(settings)
    await library.close()
    call = f"backups.forget_in(settings, {ADA!r})"
    for name, nth in (("_copy_backup", 1), ("_exchange", 1), ("_write_manifest", 1), ("_move", 1), ("_move", 2)):
        await asyncio.to_thread(dies, settings, "backups", name, nth, call, FORGETS)
        if nth == 1:
            verify(backup)                                     # whole, though somebody is still in it
    assert not backup.exists()                                 # between two renamings: only for a moment, or a crash
    library = await open_library(settings)
    assert ADA not in {story.owner_id for story in await library.every_story()}
    await library.tidy(settings.retention)
    await library.close()
    assert len(verify(backup).forgotten) >= 1
    assert names_in(settings.home / "backups") == {f"{backup.name}/{name}" for name in names_in(backup)}
    copy = tmp_path / "look"
    shutil.copytree(backup, copy)
    assert ADA not in await asyncio.to_thread(opened_rows, copy, settings)


async def test_old_backups_go_but_for_the_newest(tmp_path):
    settings = settings_in(tmp_path)
    await (await fill(settings, 1)).close()
    first = await make_backup(settings)
    second = first.with_name("2001-01-01-000000")
    shutil.copytree(first, second)
    manifest = json.loads((second / MANIFEST).read_text())
    manifest["made_at"] = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    (second / MANIFEST).write_text(json.dumps(manifest))
    assert tidy_backups(settings.home, 0) == 0
    assert tidy_backups(settings.home, 30) == 1
    assert known_backups(settings.home) == [first]
    assert tidy_backups(settings.home, 1) == 0                 # the newest stays, however old


async def test_a_picture_that_goes_while_it_is_copied_is_no_matter(tmp_path, monkeypatch):
    from engine.store import backups

    settings = settings_in(tmp_path)
    library = await fill(settings, 1)
    lost = await library.keep_picture(b"soon gone", owner_id=ANN)
    real, times = backups._copy_pictures, []

    def copy(partial, files):
        if not times:
            with closing(sqlite3.connect(settings.home / DATABASE)) as connection, connection:
                connection.execute("DELETE FROM pictures WHERE picture_id = ?", (lost,))
            next((settings.home / "pictures").rglob(lost)).unlink()
        times.append(1)
        return real(partial, files)

    monkeypatch.setattr(backups, "_copy_pictures", copy)
    backup = await make_backup(settings)
    assert len(times) == 2 and lost not in "".join(read_manifest(backup).files)
    with pytest.raises(NotFound):
        await library.picture(lost)
    await library.close()
