"""Pictures in a bucket: real s3fs over real HTTP to a server for S3 on this machine."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bucket_server import Gate, forget_clients, make_bucket, serving
from store_material import ANN, BEN, furnish, settings_in, story_of, tell

from bot.cli import STORE, _told
from engine.doctor import pictures as examined
from engine.nouns import NotFound, StoreUnusable
from engine.settings import RetentionSettings, Settings
from engine.store import SqlLibrary, open_library
from engine.store.backups import make_backup, restore_backup
from engine.store.pictures import PictureFiles
from engine.store.turning import turn_master_key, turn_owner_key

PNG = b"\x89PNG made-up pixels " * 50


@pytest.fixture(scope="module")
def server() -> Iterator[Gate]:
    with pytest.MonkeyPatch.context() as patch, serving(patch) as gate:
        patch.setattr("engine.store.pictures.TRIES", 1)        # a server that is away stays away here
        yield gate


@pytest.fixture
def settings(server: Gate, tmp_path: Path) -> Settings:
    bucket = f"b{uuid.uuid4().hex[:12]}"
    make_bucket(bucket)
    return settings_in(tmp_path, pictures_url=f"s3://{bucket}/house")


@pytest.fixture
def bucket(settings: Settings) -> PictureFiles:
    """Another's eyes on the same pictures."""
    return PictureFiles(settings.pictures_url)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[SqlLibrary]:
    opened = await open_library(settings)
    yield opened
    await opened.close()


def names_in(bucket: PictureFiles) -> set[str]:
    return {path for path, _ in bucket.every()}


async def test_kept_once_sealed_and_read_again(house: SqlLibrary, bucket: PictureFiles) -> None:
    picture = await house.keep_picture(PNG, owner_id=ANN)
    assert await house.keep_picture(PNG, owner_id=ANN) == picture
    assert await house.picture(picture) == PNG
    [path] = names_in(bucket)
    assert path.endswith(f"/{picture[:2]}/{picture}") and ANN not in path
    assert b"PNG" not in bucket.get(path) and b"pixels" not in bucket.get(path)


async def test_missing_and_damaged_are_told(house: SqlLibrary, bucket: PictureFiles) -> None:
    gone, spoilt = [await house.keep_picture(PNG + each, owner_id=ANN) for each in (b"1", b"2")]
    for path in names_in(bucket):
        if path.endswith(gone):
            bucket.delete(path)
        else:
            bucket.put(path, bucket.get(path)[:-1] + b"?")
    for picture in (gone, spoilt):
        with pytest.raises(StoreUnusable) as caught:
            await house.picture(picture)
        assert caught.value.reason == "picture_damaged"
    assert await house.keep_picture(PNG + b"1", owner_id=ANN) == gone and await house.picture(gone) == PNG + b"1"


async def test_many_at_once_and_a_listing_of_many_portions(house: SqlLibrary, bucket: PictureFiles) -> None:
    pngs = [PNG + str(number).encode() for number in range(40)]
    found = await asyncio.gather(*(house.keep_pictures(pngs[start:start + 10], owner_id=ANN)
                                   for start in range(0, 40, 10)))
    pictures = [each for portion in found for each in portion]
    assert len(set(pictures)) == 40 == len(names_in(bucket)), "a listing comes seven names at a time"
    assert await asyncio.gather(*map(house.picture, pictures)) == pngs


async def test_forgetting_takes_all_of_theirs_and_nothing_of_anybody_else(
        house: SqlLibrary, bucket: PictureFiles, settings: Settings) -> None:
    other = PictureFiles(settings.pictures_url + "-of-others")         # in the same bucket, a name that begins alike
    other.put("aa/bb", b"not ours")
    hers = [await house.keep_picture(PNG + bytes([number]), owner_id=ANN) for number in range(9)]
    his = await house.keep_picture(PNG, owner_id=BEN)
    await house.forget(ANN)
    assert {path.rpartition("/")[2] for path in names_in(bucket)} == {his}
    assert await house.picture(his) == PNG
    with pytest.raises(NotFound):
        await house.picture(hers[0])
    assert names_in(other) == {"aa/bb"}


async def test_what_no_row_names_is_tidied_away(
        house: SqlLibrary, bucket: PictureFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await house.keep_picture(PNG, owner_id=ANN)
    bucket.put("left/over/by-a-crash", b"half")
    assert (await house.tidy(RetentionSettings())).files == 0, "somebody may be about to name it"
    monkeypatch.setattr("engine.store.tidying.FILE_AGE_S", -60.0)
    assert (await house.tidy(RetentionSettings())).files == 1
    assert {path.rpartition("/")[2] for path in names_in(bucket)} == {kept}


async def test_what_may_not_be_deleted_is_not_called_gone(
        bucket: PictureFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("a/b", b"locked")
    monkeypatch.setattr(bucket._remote, "rm", lambda names: None)      # s3fs passes over refusals in silence
    with pytest.raises(StoreUnusable, match="may they be deleted"):
        bucket.delete("a")


async def test_a_backup_is_put_back_into_a_bucket_and_into_a_folder(settings: Settings, tmp_path: Path) -> None:
    library = await open_library(settings)
    await furnish(library)
    await tell(library, 2)
    before = {each: await library.picture(each) for each in await pictures_of(library)}
    await library.close()
    made = await make_backup(settings, tmp_path / "backup")
    with pytest.raises(StoreUnusable) as caught:           # another data folder, but a bucket that is in use
        await restore_backup(settings.model_copy(update={
            "home": tmp_path / "new", "database_url": f"sqlite+aiosqlite:///{tmp_path / 'new' / 'new.sqlite'}"}), made)
    assert caught.value.reason == "restore_in_the_way"
    for place in (settings.pictures_url + "-again", str(tmp_path / "elsewhere" / "pictures")):
        home = tmp_path / uuid.uuid4().hex
        there = settings.model_copy(update={"home": home, "pictures_url": place,
                                            "database_url": f"sqlite+aiosqlite:///{home / 'storythread.sqlite'}"})
        assert (await restore_backup(there, made)).pictures == len(before)
        library = await open_library(there)
        assert {each: await library.picture(each) for each in await pictures_of(library)} == before
        await library.close()
    # With force what is not in the backup goes.
    PictureFiles(settings.pictures_url).put("x/y", b"newer")
    await restore_backup(settings, made, force=True)
    assert len(names_in(PictureFiles(settings.pictures_url))) == len(before)


async def pictures_of(library: SqlLibrary) -> list[str]:
    from sqlalchemy import select

    from engine.store import tables

    async with library.engine.connect() as connection:
        return list((await connection.execute(select(tables.pictures.c.picture_id))).scalars())


async def test_new_keys_for_one_owner_and_for_the_house(settings: Settings, bucket: PictureFiles) -> None:
    library = await open_library(settings)
    pictures = await library.keep_pictures([PNG, PNG + b"!"], owner_id=ANN)
    await library.save_story(story_of())
    await library.close()
    before = {path: bucket.get(path) for path in names_in(bucket)}
    assert (await turn_owner_key(settings, ANN)).pictures == 2
    after = {path: bucket.get(path) for path in names_in(bucket)}
    assert after.keys() == before.keys() and not set(after.values()) & set(before.values())
    await turn_master_key(settings)
    library = await open_library(settings)
    assert [await library.picture(each) for each in pictures] == [PNG, PNG + b"!"]
    await library.close()


async def test_a_server_that_is_slow_stops_nobody_else(house: SqlLibrary, server: Gate) -> None:
    first = await house.keep_picture(PNG, owner_id=ANN)
    server.hold()
    try:
        asked = [asyncio.create_task(house.picture(first)) for _ in range(24)]
        for _ in range(50):                    # the loop turns, and threads are there for others
            await asyncio.to_thread(len, b"")
        assert not any(task.done() for task in asked)
    finally:
        server.let_go()
    assert set(await asyncio.gather(*asked)) == {PNG}


async def test_away_is_told_plainly_and_forgotten_when_it_is_back(
        house: SqlLibrary, server: Gate, settings: Settings, bucket: PictureFiles) -> None:
    kept = await house.keep_picture(PNG, owner_id=ANN)
    server.shut()
    try:
        for deed in (house.picture(kept), house.keep_picture(b"another", owner_id=ANN)):
            with pytest.raises(StoreUnusable, match="cannot be reached") as caught:
                await deed
            assert caught.value.reason == "store_unusable"
        for question in (lambda: bucket.has("a"), lambda: bucket.delete("a"), bucket.is_empty,
                         lambda: list(bucket.every())):
            with pytest.raises(StoreUnusable):
                question()
        finding = await examined(settings)
        assert not finding.ok and "cannot be reached" in finding.sentence
    finally:
        server.open()
    assert await house.picture(kept) == PNG
    assert await house.picture(await house.keep_picture(b"another", owner_id=ANN)) == b"another"
    assert (await examined(settings)).ok


async def test_cut_in_the_middle_nothing_is_there(server: Gate, bucket: PictureFiles) -> None:
    bucket.put("a/whole", b"1" * 400_000)
    server.shut()
    server.cut_after_bytes = 200_000
    server.open()
    try:
        for path in ("a/half", "a/whole"):
            with pytest.raises(StoreUnusable):
                bucket.put(path, b"2" * 400_000)
    finally:
        server.cut_after_bytes = None
    assert names_in(bucket) == {"a/whole"} and bucket.get("a/whole") == b"1" * 400_000
    bucket.put("a/half", b"2" * 400_000)
    assert bucket.get("a/half") == b"2" * 400_000


async def test_a_start_that_cannot_work_is_refused_in_a_sentence(
        server: Gate, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refusal(of: Settings) -> str:
        with pytest.raises(StoreUnusable) as caught:
            await open_library(of)
        assert caught.value.reason == "pictures_unusable"
        sentence, code = _told(caught.value)
        assert code == STORE and "\n" not in sentence
        assert not (of.home / "storythread.sqlite").exists(), "nothing was begun"
        return sentence

    assert "there is no bucket nobodys" in await refusal(settings.model_copy(
        update={"pictures_url": "s3://nobodys/house"}))
    server.shut()
    assert "cannot be reached" in await refusal(settings)
    server.open()
    with monkeypatch.context() as patch:
        forget_clients()
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(settings.home / "nothing"))
        patch.setenv("AWS_CONFIG_FILE", str(settings.home / "nothing"))
        assert "no credentials were found" in await refusal(settings)
        forget_clients()
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules["fsspec.registry"]._registry, "s3")
        patch.setitem(sys.modules, "s3fs", None)
        assert "pip install 'storythread[s3]'" in await refusal(settings)
