"""A house of many machines, backed up with its database's own tools as docs/operating.md says, and put back."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import postgres_house
import pytest
from store_material import ANN, BEN, furnish, settings_in, story_of, tell, turn_in

from engine.durable import Durable
from engine.nouns import Turn
from engine.settings import Settings, load_settings
from engine.store import SqlLibrary, current_session, open_library
from engine.store.backups import make_backup, restore_backup

#: The server's own tools before others: another version's may refuse it.
PATH = ":".join([*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), os.environ["PATH"]])
PAGE = Path(__file__).resolve().parents[3] / "docs" / "operating.md"


def commands(name: str) -> str:
    """The lines of the page that call this program."""
    [line] = re.findall(rf"^{name} .*$", PAGE.read_text("utf-8"), re.MULTILINE)
    return str(line)


def durable_of(library: SqlLibrary) -> Durable:
    return Durable(system_database_url=library.system_database_url, engine=library.engine,
                   current_session=current_session)


@pytest.mark.skipif(shutil.which("pg_dump", path=PATH) is None, reason="pg_dump is not installed here")
async def test_what_was_open_goes_on_and_whoever_was_forgotten_since_stays_so(
        postgres_server: str, postgres_url: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url=postgres_url, pictures_url=str(tmp_path / "pictures"))
    library = await open_library(settings)
    await furnish(library)
    await tell(library, 2)
    await library.save_story(story_of(BEN, "s2"))
    await library.accept_turn(turn_in(number=9))
    shown = await library.keep_picture(b"a picture", owner_id=ANN)
    deeds: list[str] = []
    before = await under_way(library, deeds)
    there = f"{postgres_server}/back_{postgres_url.rpartition('_')[2]}"

    def run(command: str, address: str) -> None:
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True, capture_output=True,
                       env=os.environ | {"PATH": PATH, "DATABASE_URL": address})

    await asyncio.to_thread(run, commands("pg_dump"), postgres_url)
    await library.forget(BEN)
    await before.close()
    await library.close()
    await asyncio.to_thread(postgres_house._in_postgres, postgres_server, f"CREATE DATABASE {there.rpartition('/')[2]}")
    try:
        await asyncio.to_thread(run, commands("pg_restore"), there)
        await goes_on(settings.model_copy(update={
            "database_url": there.replace("postgresql:", "postgresql+asyncpg:")}), shown, deeds)
    finally:
        await asyncio.to_thread(postgres_house._in_postgres, postgres_server,
                                f"DROP DATABASE {there.rpartition('/')[2]} WITH (FORCE)")


async def test_a_backup_of_our_own_brings_work_under_way_along_to_either_kind_of_house(
        postgres_url: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url=postgres_url, pictures_url=str(tmp_path / "pictures"))
    library = await open_library(settings)
    await furnish(library)
    await tell(library, 2)
    await library.accept_turn(turn_in(number=9))
    shown = await library.keep_picture(b"a picture", owner_id=ANN)
    deeds: list[str] = []
    before = await under_way(library, deeds)
    backup = await make_backup(settings, tmp_path / "copy")
    await before.close()
    await library.close()
    await restore_backup(settings, backup, force=True)
    await goes_on(settings, shown, deeds)
    other = load_settings(home=tmp_path / "other", master_key_file=settings.master_key_file)
    await restore_backup(other, backup)
    await goes_on(other, shown, deeds)


async def under_way(library: SqlLibrary, deeds: list[str]) -> Durable:
    """Durable work that has done one thing and waits before the next."""
    durable, held, waiting = durable_of(library), asyncio.Event(), asyncio.Event()

    async def deed() -> None:
        deeds.append("done")

    async def body(turn_id: str) -> None:
        await durable.act("deed", deed)
        waiting.set()
        await held.wait()

    await durable.launch(wait=body)
    await durable.start("wait", "w1", "s1-t9")
    await asyncio.wait_for(waiting.wait(), 60)
    return durable


async def goes_on(settings: Settings, shown: str, deeds: list[str]) -> None:
    """The house that was put back is the one that was dumped, but for whoever was forgotten."""
    library = await open_library(settings)
    open_turns: list[Turn] = await library.open_turns()
    assert [turn.turn_id for turn in open_turns] == ["s1-t9"]
    assert await library.picture(shown) == b"a picture"  # type: ignore[arg-type]
    assert {story.story_id for story in await library.every_story()} == {"s1"}, "Ben's went with him, again"
    after, finished = durable_of(library), asyncio.Event()

    async def deed() -> None:
        deeds.append("done twice")

    async def body(turn_id: str) -> None:
        await after.act("deed", deed)
        finished.set()

    await after.launch(wait=body)
    await asyncio.wait_for(finished.wait(), 60)
    assert deeds == ["done"], "the records of work under way came along"
    await after.close()
    await library.close()
