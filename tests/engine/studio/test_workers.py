"""The studio on other machines: real workers in processes of their own, on a real PostgreSQL, painting paper dolls."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio
from bucket_server import Gate
from PIL import Image
from postgres_house import database_on
from sqlalchemy.engine import make_url

from bench.slow_studio import Hired, hired
from bench.workers import all_at_once, one_after_another
from engine import doctor
from engine.events import Event, Painted, Queued
from engine.nouns import (
    Character,
    CharacterId,
    Figure,
    Look,
    Member,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Place,
    Pronouns,
    Scene,
    ServerId,
    Setting,
    SettingId,
    StoreUnusable,
    Story,
    StoryId,
    StudioFailed,
    Turn,
    TurnId,
    Underdrawing,
    VenueId,
)
from engine.settings import Settings, SettingsError, load_settings
from engine.store import SqlLibrary, open_library
from engine.store.keys import fresh_key
from engine.studio import workers as workers_module
from engine.studio.client import StudioClient
from engine.studio.worker import run_worker
from engine.studio.workers import Workers

on_one_loop = pytest.mark.asyncio(loop_scope="module")
#: Words that must stand nowhere but sealed.
CANARY = "Zebulonia"
OWNER = "4815162342"


@pytest.fixture(scope="module")
def given(postgres_server: str, postgres_template: str,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Settings that a face and its workers share."""
    home = tmp_path_factory.mktemp("workers")
    with database_on(postgres_server, postgres_template) as url:
        yield {"home": str(home / "face"), "master_key_file": str(home / "master.key"), "database_url": url,
               "studio": {"threads": 1, "painter": "theatre", "writer": "mini"}}


@pytest.fixture(scope="module")
def settings(given: dict[str, Any]) -> Settings:
    return load_settings(**given)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(settings: Settings) -> AsyncIterator[SqlLibrary]:
    opened = await open_library(settings)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(settings: Settings, library: SqlLibrary) -> AsyncIterator[Workers]:
    studio = Workers(settings, library)
    await studio.start()
    yield studio
    await studio.close()
    assert await rows(settings) == [], "nothing is left behind"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def steady(given: dict[str, Any], studio: Workers, tmp_path_factory: pytest.TempPathFactory,
                 ) -> AsyncIterator[Hired]:
    """One worker that is there throughout."""
    async with hired(given, tmp_path_factory.mktemp("steady"), "steady") as worker:
        await worker.there()
        await until(lambda: "steady" in names(studio))
        yield worker


def names(studio: Workers) -> list[str]:
    return [card.name for card in studio.workers()]


async def who_works(studio: Workers) -> list[str]:
    """The names of those who have a job."""
    found = await studio._library.jobs_now(list(studio._given))
    cards = {card.worker_id: card.name for card in await studio._library.workers() if card.alive}
    return sorted(cards[job.worker_id] for job in found.values() if job.worker_id in cards)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.02)


async def until_it_is(ask: Callable[[], Awaitable[Any]], wanted: object) -> None:
    async with asyncio.timeout(120):
        while await ask() != wanted:  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.05)


async def rows(settings: Settings) -> list[Any]:
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        return list(await connection.fetch("SELECT * FROM jobs"))
    finally:
        await connection.close()


def brief(panel: str = "p") -> PanelBrief:
    figure = Figure(CharacterId("c1"), CANARY, Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    return PanelBrief(PanelId(panel), StoryId("s"), f"{CANARY} waves.", (figure,),
                      Setting(SettingId("x"), "garden", "the garden", 1))


def underdrawing() -> Underdrawing:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 120, 30)).save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


def paint(studio: Any, *, owner: str = OWNER, turn: str = "t", panel: str = "p", seed: int = 1,
          on_event: Callable[[Event], None] = lambda event: None) -> asyncio.Task[Painting]:
    return asyncio.create_task(asyncio.wait_for(studio.paint(
        brief(panel), underdrawing(), [], seed=seed, turn_id=TurnId(turn), owner_id=OwnerId(owner),
        on_event=on_event), 120))


async def in_the_middle(studio: Workers, **which: str) -> asyncio.Task[Painting]:
    """A job that somebody is painting."""
    there = asyncio.Event()
    task = paint(studio, on_event=lambda event: there.set() if isinstance(event, Painted) else None,
                 **which)  # type: ignore[arg-type]
    await asyncio.wait_for(there.wait(), 120)
    return task


@contextlib.asynccontextmanager
async def also(given: dict[str, Any], studio: Workers, folder: Path, name: str, *, steps: int = 100,
               step_s: float = 0.05, **more: Any) -> AsyncIterator[Hired]:
    """Another worker, for one test; unless told its panels take five seconds."""
    async with hired({**given, **more}, folder, name, steps=steps, step_s=step_s) as worker:
        await worker.there()
        await until(lambda: name in names(studio))
        yield worker
    await until(lambda: name not in names(studio))


async def given_to(studio: Workers, name: str) -> list[asyncio.Task[Painting]]:
    """Ask for panels until this worker has one. Whoever else is there paints quickly."""
    tasks: list[asyncio.Task[Painting]] = []
    async with asyncio.timeout(120):
        while name not in await who_works(studio):
            if len(studio._at_work) < len(names(studio)):
                tasks.append(paint(studio, owner=f"o{len(tasks)}"))
            await asyncio.sleep(0.05)
    return tasks


async def called_off(tasks: list[asyncio.Task[Painting]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def held(studio: Workers, worker: Hired, owner: str = OWNER) -> AsyncIterator[asyncio.Task[Painting]]:
    """A panel that this worker, the only one, is in the middle of and does not go on with."""
    while True:
        task = await in_the_middle(studio, owner=owner)
        freeze(worker)
        try:
            jobs = await studio._library.jobs_now(list(studio._given))
            if [job.state for job in jobs.values()] == ["running"]:
                yield task
                return
        finally:
            freeze(worker, signal.SIGCONT)
        await task                         # it was quicker


def freeze(worker: Hired, number: int = signal.SIGSTOP) -> None:
    """Stop a worker and its child, or let them go on."""
    for process in (psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)):
        process.send_signal(number)


# --- one worker --------------------------------------------------------------------------------------

@on_one_loop
async def test_nobody_is_there_and_then_somebody_is(studio: Workers, given: dict[str, Any],
                                                    caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    events: list[Event] = []
    first, second = paint(studio), paint(studio, turn="u", panel="u.0", on_event=events.append)
    await until(lambda: events and "no studio is running" in caplog.text)
    assert not studio.able and not await studio.paints_from_photos()
    assert [event.wait_s for event in events if isinstance(event, Queued)] == [math.inf], "nobody knows how long"
    async with also(given, studio, tmp_path, "first", steps=2):
        assert (await first).png == (await second).png
        assert (await studio.ready()).model("painter") is not None and studio.able
        assert any(isinstance(event, Queued) and event.wait_s < 60 for event in events), "it can be said now"


@on_one_loop
async def test_a_job_that_kills_two_workers_is_given_up(studio: Workers, given: dict[str, Any],
                                                        tmp_path: Path) -> None:
    async with also(given, studio, tmp_path, "one", steps=2000) as one, \
            also(given, studio, tmp_path, "two", steps=2000) as two:
        task = await in_the_middle(studio)
        workers = {"one": one, "two": two}
        (first,) = await who_works(studio)
        await workers.pop(first).end(signal.SIGKILL)
        (second,) = workers
        await until_it_is(lambda: who_works(studio), [second])
        await workers.pop(second).end(signal.SIGKILL)
        with pytest.raises(StudioFailed, match="two workers") as failure:
            await task
        assert failure.value.reason == "studio_stuck"


@on_one_loop
async def test_a_worker_does_what_a_child_does(studio: Workers, steady: Hired, settings: Settings) -> None:
    child = StudioClient(settings, command=(
        sys.executable, "-m", "bench.slow_studio", "studio", "8", "0.01", "quick"))
    await child.start()
    mia = Character(CharacterId("c1"), OwnerId(OWNER), CANARY, Pronouns.SHE, Look())
    scene = Scene(
        Story(StoryId("s"), VenueId("v"), ServerId("g"), OwnerId(OWNER), "A title"),
        Turn(TurnId("t7"), StoryId("s"), OwnerId(OWNER), "Ann", f"{CANARY} finds a red ball."), (mia,),
        (Member(OwnerId(OWNER), "Ann", 0, mia.character_id),), (), ())
    events: list[Event] = []
    own = await paint(child, seed=3)
    through = await paint(studio, seed=3, on_event=events.append)
    assert (through.png, through.painter, through.steps, through.seed) == (own.png, own.painter, own.steps, own.seed)
    steps = [event.step for event in events if isinstance(event, Painted)]
    assert steps == sorted(set(steps)) and steps and steps[-1] <= 8
    for one in (child, studio):
        assert await one.embed([own.png], owner_id=OwnerId(OWNER)) == [[0.7, 0.7]]
    wrote = [await one.write(scene, seed=5, on_event=lambda event: None) for one in (child, studio)]
    assert wrote[0] == wrote[1] and CANARY in wrote[0].prose
    with pytest.raises(StudioFailed):
        await studio.judge("hello", rating="toddler", owner_id=OwnerId(OWNER), server_id=ServerId(""))
    await child.close()


@on_one_loop
async def test_nothing_anybody_wrote_lies_open(studio: Workers, steady: Hired, settings: Settings) -> None:
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        async with held(studio, steady) as task:
            (row,) = await connection.fetch("SELECT * FROM jobs WHERE state = 'running'")
            assert row["message"] and row["progress"], "it is being painted"
            for value in row.values():
                assert not isinstance(value, bytes) or not (CANARY.encode() in value or b"PNG" in value)
            whole = 0
            for table in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'dbos'"):
                for kept in await connection.fetch(f'SELECT t::text AS content FROM dbos."{table["tablename"]}" t'):
                    assert CANARY not in kept["content"] and OWNER not in kept["content"], table["tablename"]
                    whole += row["job_id"] in kept["content"]
            assert whole, "the queue knows it by its id"
        await task
    finally:
        await connection.close()


@on_one_loop
async def test_as_many_at_once_as_there_are(studio: Workers, steady: Hired, given: dict[str, Any],
                                            tmp_path: Path) -> None:
    """Whose turn it is the lane decides, and tests/engine/studio/test_lane.py tries."""
    async with also(given, studio, tmp_path, "two", steps=2000), also(given, studio, tmp_path, "three", steps=2000):
        tasks = [task for name in ("two", "three", "steady") for task in await given_to(studio, name)]
        assert {"two", "three"} <= set(await who_works(studio)), "and the third had one beside them"
        assert studio._lane.width == 3
        await called_off(tasks)


@on_one_loop
async def test_what_the_bench_measures(studio: Workers, steady: Hired) -> None:
    beyond = await one_after_another(studio, 2)
    assert 0 < beyond["median_ms"] <= beyond["worst_ms"]
    assert await all_at_once(studio, 3) > 3 * 8 * 0.05, "one worker paints one after another"


# --- workers that go ---------------------------------------------------------------------------------

@on_one_loop
async def test_called_off_and_one_that_hangs(studio: Workers, steady: Hired, given: dict[str, Any], settings: Settings,
                                             tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that waits and one that runs are called off; one whose worker hangs is done by another."""
    async with also(given, studio, tmp_path, "slow", steps=2000) as slow:
        running = await given_to(studio, "slow")
        await until(lambda: len(studio._at_work) == 1)
        more = [paint(studio, owner="w", panel=f"w{number}") for number in range(4)]     # one runs, the others wait
        await asyncio.sleep(0)             # they ask
        await called_off([*running, *more])
        await until_it_is(lambda: rows(settings), [])

        tasks = await given_to(studio, "slow")         # though a hundred seconds of painting were before it
        freeze(slow)
        monkeypatch.setattr(workers_module, "LATE_S", 6.0)
        assert len({each.png for each in await asyncio.gather(*tasks)}) == 1
        freeze(slow, signal.SIGCONT)
        monkeypatch.undo()
        await until(lambda: "slow" in names(studio))
        await called_off(await given_to(studio, "slow"))        # it is of use again


@on_one_loop
async def test_one_whose_line_falls_silent_is_taken_for_gone(
        studio: Workers, steady: Hired, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections stay open and nothing passes, as behind a router that forgot them: no lock is let go."""
    url = make_url(given["database_url"])
    gate = Gate(url.port or 0)
    far_url = url.set(port=gate.port).render_as_string(hide_password=False)
    try:
        async with also({**given, "database_url": far_url}, studio, tmp_path, "far", steps=2000) as far:
            tasks = await given_to(studio, "far")
            gate.hold()
            monkeypatch.setattr(workers_module, "LATE_S", 6.0)
            assert len({each.png for each in await asyncio.gather(*tasks)}) == 1
            await until(lambda: names(studio) == ["steady"])
            assert far.process.returncode is None
            gate.let_go()
            monkeypatch.undo()
            await until(lambda: "far" in names(studio))        # it is of use again, with nothing doubled
            await called_off(await given_to(studio, "far"))
    finally:
        gate.let_go()
        gate.shut()


@on_one_loop
async def test_asked_to_stop_it_finishes_or_hands_back(studio: Workers, steady: Hired, given: dict[str, Any],
                                                       tmp_path: Path) -> None:
    async with also(given, studio, tmp_path, "polite", steps=30) as polite, \
            also(given, studio, tmp_path, "hasty", steps=2000, discord={"stop_within_s": 0.1}) as hasty:
        tasks = [*await given_to(studio, "hasty"), *await given_to(studio, "polite")]
        assert await hasty.end() == 0 and await polite.end() == 0
        assert len({each.png for each in await asyncio.gather(*tasks)}) == 1
        assert "gone without a word" not in hasty.log.read_text("utf-8")
        assert not (tmp_path / "polite" / "worker.alive").exists()
    assert (tmp_path / "polite.log").read_text("utf-8").count("has stopped") == 1


@on_one_loop
async def test_every_connection_is_cut(studio: Workers, steady: Hired, settings: Settings) -> None:
    task = await in_the_middle(studio)
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    cut = await connection.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                 "WHERE datname = current_database() AND pid <> pg_backend_pid()")
    await connection.close()
    assert len(cut) > 4, "the face's, the worker's, and DBOS's of both"
    painted = await task
    await until(lambda: names(studio) == ["steady"])
    assert (await paint(studio)).png == painted.png


@on_one_loop
async def test_the_doctor_knows_who_is_there(studio: Workers, steady: Hired, settings: Settings) -> None:
    async def said(**given: Any) -> list[str]:
        theirs = settings.model_copy(update=given | {"studio": settings.studio.model_copy(update={"where": "workers"})})
        return [f"{finding.ok}: {finding.sentence}" for finding in await doctor.workers(theirs)]

    assert await said() == ["True: 1 there: steady"]
    assert "PostgreSQL" in (await said(database_url="sqlite+aiosqlite:///x.sqlite"))[0]
    assert (await said(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/x"))[0].startswith("False: no studio")
    assert await doctor.workers(settings) == [], "the models are here"


@on_one_loop
async def test_who_paints_otherwise_is_given_nothing(
        studio: Workers, steady: Hired, given: dict[str, Any], settings: Settings, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async with hired(given, tmp_path, "foreign", steps=2, step_s=0.01, other=True) as foreign:
        await foreign.there()
        await until(studio.left_out)
        why = "it paints with other@1, and studio.painter of the bot is theatre"
        assert studio.left_out() == {"foreign": why} and names(studio) == ["steady"] and studio._lane.width == 1
        assert f"the worker foreign is not counted: {why}" in caplog.text
        assert {painting.painter for painting in await asyncio.gather(*(paint(studio) for _ in range(3)))} == {
            "theatre@1"}
        theirs = settings.model_copy(update={"studio": settings.studio.model_copy(update={"where": "workers"})})
        [found] = await doctor.workers(theirs)
        assert (found.ok, found.sentence) == (False, f"1 there: steady; foreign is given no work: {why}.")

        # Nothing is said of painters any more: the one that is an operator's own goes before paper dolls.
        task = await in_the_middle(studio)
        caplog.clear()
        caplog.set_level(logging.INFO, "engine.studio.workers")
        with monkeypatch.context() as patch:
            patch.setattr(studio, "_settings", settings.model_copy(update={"studio": settings.studio.model_copy(
                update={"painter": "auto"})}))
            await until(lambda: names(studio) == ["foreign"])
            assert (await task).painter == "theatre@1", "who had begun goes on"
            assert (await paint(studio)).painter == "other@1"
            assert "from now on other@1 paints" in " ".join(caplog.text.split()) and "steady" in studio.left_out()
            painter = (await studio.ready()).model("painter")
            assert painter is not None and painter.name == "other@1"
            assert await foreign.end() == 0
            await until(lambda: names(studio) == ["steady"])
    assert (await paint(studio)).painter == "theatre@1" and studio.left_out() == {}


# --- forgetting, and another life --------------------------------------------------------------------

@on_one_loop
async def test_whoever_is_forgotten_leaves_no_job(studio: Workers, steady: Hired, settings: Settings,
                                                  library: SqlLibrary) -> None:
    async with held(studio, steady, "1623") as task:
        assert "1623" in [row["owner_id"] for row in await rows(settings)]
        await library.forget(OwnerId("1623"))
        assert "1623" not in [row["owner_id"] for row in await rows(settings)]
        with pytest.raises(StudioFailed):
            await task
    assert await paint(studio) and not await library.knows(OwnerId("1623"))


@on_one_loop
async def test_another_face_waits_outside(studio: Workers, settings: Settings, library: SqlLibrary,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "OTHER_FACE_S", 0.5)
    other = Workers(settings, library)
    with pytest.raises(StoreUnusable) as refusal:
        await other.start()
    assert refusal.value.reason == "store_locked"
    await other.close()


# --- refusals ----------------------------------------------------------------------------------------

async def test_refused_without_postgresql(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home", master_key_file=tmp_path / "master.key")
    with pytest.raises(SettingsError, match="PostgreSQL"):
        await run_worker(settings)
    assert not (tmp_path / "home").exists(), "nothing was made"


@pytest.fixture
def blank_url(postgres_server: str) -> Iterator[str]:
    with database_on(postgres_server) as url:
        yield url


async def test_refused_with_another_schema_or_another_key(postgres_url: str, blank_url: str, tmp_path: Path) -> None:
    def settings(url: str, key: str = "master.key", **studio: Any) -> Settings:
        return load_settings(home=tmp_path / "home", master_key_file=tmp_path / key, database_url=url,
                             studio={"painter": "theatre", "threads": 1, **studio})

    with pytest.raises(StoreUnusable, match="version none"):
        await run_worker(settings(blank_url))
    await (await open_library(settings(postgres_url))).close()       # the bot was there once
    fresh_key(tmp_path / "other.key")
    with pytest.raises(StoreUnusable) as refusal:
        await run_worker(settings(postgres_url, "other.key"))
    assert refusal.value.reason == "master_key_wrong"
    with pytest.raises(StoreUnusable) as refusal:
        await run_worker(settings(postgres_url, "none.key"))
    assert refusal.value.reason == "master_key_missing" and not (tmp_path / "none.key").exists()
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0004'")
    await connection.close()
    with pytest.raises(StoreUnusable, match="0004"):
        await run_worker(settings(postgres_url))


async def test_refused_without_a_likeness(postgres_url: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home", master_key_file=tmp_path / "master.key",
                             database_url=postgres_url, studio={"painter": "theatre", "threads": 1})
    await (await open_library(settings)).close()
    code = ("import sys; from engine.studio import host; from engine.nouns import StudioFailed\n"
            "def none(settings): raise StudioFailed('there is none here')\n"
            "host.main({**host.OPENERS, 'likeness': none})")
    with pytest.raises(SettingsError, match="no likeness: there is none here"):
        await asyncio.wait_for(run_worker(settings, command=(sys.executable, "-c", code)), 120)


def test_the_command_says_so_in_a_sentence(tmp_path: Path) -> None:
    import subprocess

    environment = {**os.environ, "STORYTHREAD_HOME": str(tmp_path / "home"),
                   "STORYTHREAD_MASTER_KEY_FILE": str(tmp_path / "master.key")}
    said = subprocess.run([sys.executable, "-m", "bot.cli", "worker"], env=environment, capture_output=True, text=True,
                          check=False, timeout=120)
    assert said.returncode == 3 and said.stderr.startswith("A worker gets its work through PostgreSQL")
    assert len(said.stderr.splitlines()) == 1 and json.dumps(said.stdout) == '""'
