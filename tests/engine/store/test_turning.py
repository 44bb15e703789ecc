"""New keys: whoever opens the house finds the old key or the new one, never half of each."""

import asyncio
import shutil
import signal
import subprocess
import sys

import pytest
from sqlalchemy import select
from store_material import ANN, BEN, furnish, settings_in, tell

from engine.nouns import NotFound, StoreUnusable
from engine.store import open_library, tables
from engine.store.backups import DATABASE, make_backup, restore_backup, verify
from engine.store.resealing import bare_twin
from engine.store.turning import turn_master_key, turn_owner_key

KEYS = ("wrapped_key", "naming_key", "former_key")


async def fill(settings):
    library = await open_library(settings)
    await furnish(library)
    await tell(library, 2)
    picture = await library.keep_picture(b"photo", owner_id=BEN)
    return library, picture


async def wrapped(library) -> set[bytes]:
    async with library.engine.connect() as connection:
        return {value for row in await connection.execute(select(*(tables.owners.c[name] for name in KEYS)))
                for value in row if value}


async def kept_by(library, owner) -> str:
    """All rows as they are kept."""
    async with library.engine.connect() as connection:
        return repr([(await connection.execute(select(bare_twin(table)))).all()
                     for table in tables.metadata.sorted_tables if table.name not in ("owners", "house")])


async def reads_everything(settings, picture) -> None:
    library = await open_library(settings)
    assert (await library.story("s1")).title == "The lantern"
    assert (await library.picture(picture)) == b"photo"
    for panel in await library.panels("s1"):
        assert await library.picture(panel.picture)
    await library.close()


async def test_a_new_master_key_opens_everything_and_the_old_one_nothing(settings, tmp_path):
    library, picture = await fill(settings)
    backup = await make_backup(settings)
    far = tmp_path / "far"
    shutil.copytree(backup, far)
    before = await wrapped(library)
    with pytest.raises(StoreUnusable) as caught:
        await turn_master_key(settings)                        # the house is in use
    assert caught.value.reason == "store_locked"
    await library.bar("g", BEN)
    await library.close()
    old = settings.master_key_file.read_bytes()
    turned = await turn_master_key(settings)
    assert (turned.owners, turned.backups, turned.backups_left) == (2, 1, 0)
    assert settings.master_key_file.read_bytes() != old
    assert [path.name for path in settings.master_key_file.parent.iterdir() if path.suffix in (".new", ".old")] == []
    await reads_everything(settings, picture)
    library = await open_library(settings)
    assert before.isdisjoint(await wrapped(library))
    assert await library.is_barred("g", BEN)                   # what is known by a keyed hash is known still
    await library.close()

    new = settings.master_key_file.read_bytes()
    settings.master_key_file.write_bytes(old)
    with pytest.raises(StoreUnusable) as caught:
        await open_library(settings)
    assert caught.value.reason == "master_key_wrong"
    settings.master_key_file.write_bytes(new)
    verify(backup)
    assert (await restore_backup(settings, backup, force=True)).pictures == 7
    # A copy from before, which the house did not know of, opens with the old key and is turned over as it comes back.
    with pytest.raises(StoreUnusable) as caught:
        await restore_backup(settings, far, force=True)
    assert caught.value.reason == "backup_key_wrong"
    (tmp_path / "old.key").write_bytes(old)
    assert (await restore_backup(settings, far, force=True, key_file=tmp_path / "old.key")).pictures == 7
    await reads_everything(settings, picture)


DYING = """
import asyncio, os, signal
from engine.settings import load_settings
from engine.store import turning
from engine.store.library import SqlLibrary
settings = load_settings(home={home!r}, master_key_file={key!r})
left, real = {nth}, {module}.{name}
def dying(*arguments, **more):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **more)
{module}.{name} = dying
asyncio.run(turning.{call})
"""


def dies(settings, call, name, nth=1, module="turning") -> None:
    code = DYING.format(home=str(settings.home), key=str(settings.master_key_file), name=name, nth=nth, call=call,
                        module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, (name, done.stderr)


async def test_changing_the_master_key_can_be_killed_anywhere(tmp_path):
    settings = settings_in(tmp_path)
    library, picture = await fill(settings)
    await library.close()
    await make_backup(settings)
    for name in ("rewrap", "turn_over", "rewrap_backups"):
        await asyncio.to_thread(dies, settings, "turn_master_key(settings)", name)
        if name == "turn_over":            # the database has the new key, the file's name still says the old one
            assert settings.master_key_file.with_name("master.key.new").exists()
        await reads_everything(settings, picture)
    assert settings.master_key_file.with_name("master.key.old").exists()   # the backup still needs it
    turned = await turn_master_key(settings)
    assert (turned.owners, turned.backups, turned.backups_left) == (0, 1, 0)
    assert not settings.master_key_file.with_name("master.key.old").exists()
    await reads_everything(settings, picture)


async def test_the_former_key_is_kept_for_backups_that_cannot_be_reached(tmp_path):
    settings = settings_in(tmp_path)
    library, _ = await fill(settings)
    await library.close()
    backup = await make_backup(settings, tmp_path / "usb" / "one")
    content = (backup / DATABASE).read_bytes()
    (backup / DATABASE).write_bytes(b"not a database")
    assert (await turn_master_key(settings)).backups_left == 1
    assert settings.master_key_file.with_name("master.key.old").exists()
    (backup / DATABASE).write_bytes(content)
    assert (await turn_master_key(settings)).backups == 1
    verify(backup)


async def test_one_owners_words_and_pictures_are_sealed_anew(settings):
    library, picture = await fill(settings)
    async with library.engine.connect() as connection:
        (former,) = await connection.scalars(select(tables.owners.c.key_id).where(tables.owners.c.owner_id == ANN))
    files = {path: path.read_bytes() for path in (settings.home / "pictures").rglob("*") if path.is_file()}
    assert former in await kept_by(library, ANN)
    again = await library.keep_picture(b"mine", owner_id=ANN)
    await library.close()
    turned = await turn_owner_key(settings, ANN)
    assert turned.pictures == 7 and turned.words > 10
    library = await open_library(settings)
    assert former not in await kept_by(library, ANN)
    changed = [path for path, content in files.items() if path.read_bytes() != content]
    assert len(changed) == len(files) - 1                      # all of Ann's, not Ben's
    assert await library.keep_picture(b"mine", owner_id=ANN) == again          # names stay
    async with library.engine.connect() as connection:
        row = (await connection.execute(select(tables.owners).where(tables.owners.c.owner_id == ANN))).one()
    assert row.key_id != former and row.former_key is None and row.naming_key is not None
    await library.close()
    await reads_everything(settings, picture)
    await turn_owner_key(settings, ANN)                        # once more
    await turn_master_key(settings)
    await reads_everything(settings, picture)
    with pytest.raises(NotFound):
        await turn_owner_key(settings, "nobody")


async def test_changing_an_owners_key_can_be_killed_anywhere(tmp_path):
    settings = settings_in(tmp_path)
    library, picture = await fill(settings)
    await library.close()
    for module, name, nth in (("turning", "reseal_words", 1), ("SqlLibrary", "reseal_picture", 3),
                              ("turning", "still_sealed_by", 1)):
        await asyncio.to_thread(dies, settings, f"turn_owner_key(settings, {ANN!r})", name, nth, module)
        await reads_everything(settings, picture)
    await turn_owner_key(settings, ANN)
    await reads_everything(settings, picture)
    library = await open_library(settings)
    async with library.engine.connect() as connection:
        formers = list(await connection.scalars(select(tables.owners.c.former_key)))
    assert formers == [None, None]
    await library.close()
