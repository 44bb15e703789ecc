"""What nobody can see any more goes within a day; what somebody can see stays."""

import asyncio
import os
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from store_material import ANN, BEDROOM, BEN, MIA, furnish, settings_in, story_of, tell, turn_in

from engine.durable import Durable
from engine.nouns import NotFound, Reference, TurnState
from engine.settings import RetentionSettings
from engine.store import current_session, open_library, tables
from engine.store.desk import now
from engine.store.records import Records
from engine.ways.storyboard import BoardState, Storyboard

DAY = RetentionSettings()


async def aged(library, days=2) -> None:
    """Everything happened so long ago."""
    async with library.engine.begin() as connection:
        for table, column in ((tables.pictures, "created_at"), (tables.stories, "created_at"),
                              (tables.turns, "created_at"), (tables.steps, "created_at"),
                              (tables.owners, "created_at")):
            await connection.execute(update(table).values({column: now() - timedelta(days=days)}))


def files_in(settings) -> set[str]:
    return {path.name for path in (settings.home / "pictures").rglob("*") if path.is_file()}


async def test_pictures_nothing_shows_go_and_all_others_stay(library, settings):
    await furnish(library)
    steps = await tell(library, 2)
    tried = [await library.keep_picture(f"avatar {number}".encode(), owner_id=ANN) for number in range(4)]
    await library.save_character(replace(MIA, avatar=tried[1]))
    await library.accept_turn(turn_in(number=8))
    await library.scene("s1-t8")                               # reads Mia with this avatar
    await library.save_character(replace(MIA, avatar=tried[2]))
    liked = await library.keep_picture(b"liked", owner_id=ANN)
    await library.save_reference(Reference("c-mia", liked, "panel"))
    place, board = [await library.keep_picture(name, owner_id=ANN) for name in (b"place", b"board")]
    await library.save_setting("s1", replace(BEDROOM, setting_id="s1:x", picture=place))
    await library.save_storyboard(Storyboard("b", "s1", BEN, "Ben", "Text.", BoardState.REVIEW, picture=board))
    panel = await library.panel(f"{steps[0].step_id}.0")
    wished = await library.keep_picture(b"a version that is planned", owner_id=ANN)
    await library.plan_version(replace(panel, version=2, picture=wished))
    before = files_in(settings)
    assert (await library.tidy(DAY)).pictures == 0             # young ones may be about to be shown
    await aged(library)
    fresh = await library.keep_picture(b"avatar 0", owner_id=ANN)      # tried once more: new again
    assert fresh == tried[0]
    gone = await library.tidy(DAY)
    assert gone.pictures == 1 and before - files_in(settings) == {tried[3]}
    with pytest.raises(NotFound):
        await library.picture(tried[3])
    for kept in (*tried[:3], liked, place, board, wished, panel.picture, panel.underdrawing):
        assert await library.picture(kept)
    assert (await library.tidy(DAY)).pictures == 0


async def test_files_no_row_names_go(tmp_path):
    settings = settings_in(tmp_path)
    library = await open_library(settings)
    await furnish(library)
    kept = await library.keep_picture(b"kept", owner_id=ANN)
    await library.save_character(replace(MIA, avatar=kept))
    folder = next((settings.home / "pictures").rglob(kept)).parent
    (folder / ("f" * 64)).write_bytes(b"a row was never written")
    (folder / ".half.1234").write_bytes(b"a file was never finished")
    (settings.home / "pictures" / "strange").write_bytes(b"?")
    assert (await library.tidy(DAY)).files == 0                # as young as that, somebody may be writing them
    for path in (settings.home / "pictures").rglob("*"):
        os.utime(path, (time.time() - 7200,) * 2)
    assert (await library.tidy(DAY)).files == 3
    assert files_in(settings) == {kept}
    await library.close()


async def test_stories_stay_unless_the_operator_wishes_otherwise(library):
    await furnish(library)
    await tell(library, 1)
    await library.save_story(story_of(BEN, "s2"))
    await library.save_story(story_of(BEN, "s3"))
    await aged(library, 100)
    for story_id in ("s2", "s3"):
        await library.accept_turn(turn_in(story_id, 1, BEN))
    await library.close_turn("s3-t1", TurnState.DONE)
    assert (await library.tidy(DAY)).stories == 0
    wish = RetentionSettings(idle_story_days=90)
    gone = await library.tidy(wish)
    assert (gone.stories, gone.pictures) == (1, 0) and str(gone).startswith("1 stories")
    assert {story.story_id for story in await library.every_story()} == {"s2", "s3"}
    await aged(library, 100)
    assert (await library.tidy(wish)).stories == 1             # one is still being told
    assert {story.story_id for story in await library.every_story()} == {"s2"}


async def test_an_owner_of_nothing_goes_and_comes_back_as_somebody_new(library):
    await furnish(library)
    lone = await library.keep_picture(b"a try", owner_id="333")
    await aged(library)
    gone = await library.tidy(DAY)
    assert (gone.pictures, gone.owners) == (1, 1)
    async with library.engine.connect() as connection:
        assert set(await connection.scalars(select(tables.owners.c.owner_id))) == {ANN, BEN}
    assert await library.keep_picture(b"a try", owner_id="333") != lone


async def test_records_of_what_is_over_go_and_of_what_runs_stay(library):
    durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                      current_session=current_session)
    gate = asyncio.Event()

    async def body(name: str) -> None:
        await durable.act("note", asyncio.sleep, 0)
        if name == "waits":
            await gate.wait()

    await durable.launch(body=body)
    for name in ("over-1", "over-2", "waits"):
        await durable.start("body", name, name)
    for name in ("over-1", "over-2"):
        await durable.finished(name)
    records = Records(library.system_database_url)
    assert await asyncio.to_thread(records.thin_out, time.time() - 3600) == 0
    assert await asyncio.to_thread(records.thin_out, time.time() + 3600) == 2
    assert await asyncio.to_thread(records.naming, ["over-1", "waits"]) == ["waits"]
    gate.set()
    await durable.finished("waits")
    await durable.start("body", "over-1", "over-1")            # its records are gone: it would be done again
    await durable.finished("over-1")
    await durable.close()
    assert await asyncio.to_thread(records.naming, ["over-2"]) == []


async def test_it_is_done_once_a_day_while_the_house_is_open(tmp_path):
    settings = settings_in(tmp_path)
    library = await open_library(settings)
    assert await library.tidied_at() is None
    keeping = asyncio.create_task(library.keep_tidy(settings.retention, first_after_s=0))
    while await library.tidied_at() is None:  # noqa: ASYNC110 - only tests look from outside
        await asyncio.sleep(0.02)
    first = await library.tidied_at()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await library.close()
    library = await open_library(settings)                     # started again, it waits until a day is over
    keeping = asyncio.create_task(library.keep_tidy(settings.retention, first_after_s=0))
    await asyncio.sleep(0.1)
    assert await library.tidied_at() == first
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await library.close()
