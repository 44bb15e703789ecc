"""Pictures: encrypted, addressed by content, whole or absent, verified when read."""

import os
import stat

import pytest
from sqlalchemy import event
from store_material import ANN, BEN, settings_in

from engine.nouns import NotFound, StoreUnusable
from engine.store import open_library
from engine.store.keys import MasterKey, seal, unseal
from engine.store.pictures import PictureFiles, picture_id

PNG = b"\x89PNG made-up pixels " * 50


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "pictures"


@pytest.fixture
async def house(tmp_path):
    opened = await open_library(settings_in(tmp_path))
    yield opened
    await opened.close()


async def test_the_same_picture_of_one_owner_is_kept_once(house, folder):
    first = await house.keep_picture(PNG, owner_id=ANN)
    assert await house.keep_picture(PNG, owner_id=ANN) == first
    assert len(files_below(folder)) == 1
    assert await house.picture(first) == PNG


async def test_equal_pictures_of_two_owners_have_nothing_in_common(house, folder):
    ids = [await house.keep_picture(PNG, owner_id=owner) for owner in (ANN, BEN)]
    assert ids[0] != ids[1]
    first, second = files_below(folder)
    assert first.read_bytes() != second.read_bytes()
    assert {ANN, BEN}.isdisjoint(first.parts + second.parts)


async def test_nothing_readable_lies_on_disk(house, folder):
    await house.keep_picture(PNG, owner_id=ANN)
    (file,) = files_below(folder)
    assert b"PNG" not in file.read_bytes() and b"pixels" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_the_picture_is_on_disk_and_whole_before_any_row_points_at_it(house, folder, monkeypatch):
    order = []
    real_write, real_fsync = PictureFiles.write, os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("fsync"), real_fsync(number))[1])
    monkeypatch.setattr(PictureFiles, "write", lambda *args: (real_write(*args), order.append("written"))[0])

    @event.listens_for(house.engine.sync_engine, "before_cursor_execute")
    def asked(connection, cursor, statement, parameters, context, many):
        if statement.startswith("INSERT INTO "):
            order.append(f"row {statement.split()[2]}")

    await house.keep_picture(PNG, owner_id=ANN)
    assert order == ["row owners", "fsync", "fsync", "written", "row pictures"]


async def test_a_write_that_fails_leaves_nothing(house, folder, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnusable) as caught:
        await house.keep_picture(PNG, owner_id=ANN)
    assert caught.value.reason == "store_full"
    assert files_below(folder) == []
    monkeypatch.undo()
    assert await house.picture(await house.keep_picture(PNG, owner_id=ANN)) == PNG


@pytest.mark.parametrize("damage", [
    lambda file: file.write_bytes(file.read_bytes()[:-1]),
    lambda file: file.write_bytes(file.read_bytes()[:40] + b"?" + file.read_bytes()[41:]),
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(PNG),
    lambda file: file.unlink(),
])
async def test_a_damaged_picture_is_noticed(house, folder, damage):
    picture = await house.keep_picture(PNG, owner_id=ANN)
    damage(files_below(folder)[0])
    with pytest.raises(StoreUnusable) as caught:
        await house.picture(picture)
    assert caught.value.reason == "picture_damaged"


async def test_a_picture_in_the_place_of_another_is_noticed(house, folder):
    first = await house.keep_picture(PNG, owner_id=ANN)
    (file,) = files_below(folder)
    second = await house.keep_picture(PNG + b"!", owner_id=ANN)
    other = next(path for path in files_below(folder) if path != file)
    other.write_bytes(file.read_bytes())
    assert await house.picture(first) == PNG
    with pytest.raises(StoreUnusable):
        await house.picture(second)


async def test_an_unknown_picture_is_not_found(house):
    with pytest.raises(NotFound):
        await house.picture("0" * 64)


async def test_pictures_live_behind_any_fsspec_address(tmp_path):
    library = await open_library(settings_in(tmp_path, pictures_url="memory://storythread-test"))
    try:
        picture = await library.keep_picture(PNG, owner_id=ANN)
        assert await library.picture(picture) == PNG
        await library.forget(ANN)
        import fsspec

        assert fsspec.filesystem("memory").find("/storythread-test") == []
    finally:
        await library.close()
    with pytest.raises(StoreUnusable) as caught:
        PictureFiles("nothing-like-this://bucket")
    assert caught.value.reason == "pictures_unusable"


def test_a_sealed_text_opens_only_with_its_key_and_context():
    from cryptography.exceptions import InvalidTag

    sealed = seal(b"k" * 32, b"text", b"context")
    assert unseal(b"k" * 32, sealed, b"context") == b"text"
    assert seal(b"k" * 32, b"text", b"context") != sealed
    for key, text, context in ((b"j" * 32, sealed, b"context"), (b"k" * 32, sealed, b"other"),
                               (b"k" * 32, sealed[:20], b"context"), (b"k" * 32, sealed[:-1] + b"\0", b"context")):
        with pytest.raises(InvalidTag):
            unseal(key, text, context)


def test_an_owners_key_opens_with_its_master_key_and_owner_alone():
    master = MasterKey(b"m" * 32)
    wrapped = master.new_owner_key(ANN)
    assert len(master.owner_key(ANN, wrapped)) == 32
    for other, owner in ((MasterKey(b"n" * 32), ANN), (master, BEN)):
        with pytest.raises(StoreUnusable) as caught:
            other.owner_key(owner, wrapped)
        assert caught.value.reason == "master_key_wrong"
    assert picture_id(b"a" * 32, PNG) != picture_id(b"b" * 32, PNG)
