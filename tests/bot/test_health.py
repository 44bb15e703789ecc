"""How the bot says it goes: alive, ready, measured; asked of the real process over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from bucket_server import Gate, make_bucket, serving
from playhouse import Playhouse, labels
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from bench.company import Company, open_company
from bot.app import sync_commands
from bot.cli import FAILED, app
from bot.health import PicturesThere, answering_how_it_goes
from bot.metrics import KINDS, Meter, table
from bot.probe import ask
from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import words_of
from bot.wording import SENTENCES
from engine.observing import Answered, JobBegun, JobDone, Shown, Told, TurnClosed, TurnTaken, note
from engine.settings import SettingsError, load_settings
from engine.store import open_library
from engine.store.pictures import PictureFiles

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with serving(monkeypatch) as gate:
        make_bucket("stories")
        yield gate


def free_port() -> int:
    """A port that nobody listens on; below those that connections get, so that it is free a second later too."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


class Operator:
    """Whoever runs the bot, with a browser."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    async def asks(self, page: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self._base + page) as answer:
            return answer.status, await answer.text()

    async def measures(self) -> dict[tuple[str, str], float]:
        """Every sample: its name and its labels' values, and the number."""
        _, text = await self.asks("/metrics")
        return {(sample.name, "/".join(sample.labels.values())): sample.value
                for family in text_string_to_metric_families(text) for sample in family.samples}

    async def until_ready(self, *missing: str) -> None:
        """Wait until exactly this is missing."""
        wanted = (503 if missing else 200, json.dumps({"ready": not missing, "missing": list(missing)}))
        async with asyncio.timeout(90):
            while await self.asks("/readyz") != wanted:  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.1)

    async def until(self, look: Callable[[dict[tuple[str, str], float]], bool]) -> dict[tuple[str, str], float]:
        """Wait until the measures are so."""
        async with asyncio.timeout(90):
            while not look(found := await self.measures()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return found


async def command(*words: str) -> tuple[int, str]:
    """A command of ours in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_whole_story_measured_with_its_pictures_in_a_bucket(
        tmp_path: Path, bucket: Gate, monkeypatch: pytest.MonkeyPatch, patient_discord: None) -> None:
    port = free_port()
    monkeypatch.setenv("STORYTHREAD_HEALTH__PORT", str(port))
    monkeypatch.setenv("STORYTHREAD_PICTURES_URL", "s3://stories/house")
    async with open_company(tmp_path, ["Ada", "Bo"]) as company:
        operator = Operator(port)
        await operator.until_ready()
        assert await operator.asks("/healthz") == (200, '{"alive": true}')
        assert (await command("health"))[0] == 0

        await company.character("Ada", "Mia", "a girl with red hair and a blue dress")
        thread = await company.story("The kite", ["Ada", "Bo"])
        ada, bo = company.player("Ada", thread), company.player("Bo", thread)
        for player, text in ((ada, "Mia finds a kite in the garden."), (bo, "Mia runs to the park.")):
            page = await company.page(await company.send_turn(player, text))
        await ada.click("Redraw", on=page)
        found = await operator.until(lambda found: found["storythread_pictures_shown_total", "later"] == 1
                                     and found["storythread_turns_open", ""] == 0)
        assert found["storythread_turns_taken_total", ""] == 2 == found["storythread_turns_done_total", ""]
        assert found["storythread_turn_to_prose_seconds_count", ""] == 2
        panels = sum(found["storythread_turn_to_panel_seconds_count", each] for each in ("first", "later"))
        assert panels == found["storythread_pictures_shown_total", "first"] >= 2
        assert found["storythread_job_seconds_count", "paint"] >= panels + 1      # and the places
        assert found["storythread_job_seconds_sum", "write"] > 0
        assert found["storythread_lane_waited_seconds_count", "first"] >= 4
        assert found["storythread_lane_waited_seconds_count", "again"] == 1
        assert found["storythread_acknowledged_seconds_count", ""] >= 8
        assert found["storythread_studio_memory_bytes", ""] > 2**20 < found["process_resident_memory_bytes", ""]
        assert found["storythread_disk_free_bytes", "data"] > 0
        assert found["storythread_studio_able", ""] == 1 == found["storythread_gateway_connected", ""]
        assert found["storythread_studio_restarts_total", ""] == 0 == found["storythread_discord_refusals_total", "429"]
        await nothing_of_anybody(operator, company, "Mia", "kite", "garden", "park", "red hair")

        # The pictures are in the bucket, sealed, and nowhere else.
        kept = dict(PictureFiles("s3://stories/house").every())
        assert len(kept) >= 2 * panels
        assert not any(path.is_file() for path in (tmp_path / "data").glob("pictures/**/*"))

        # The models' process dies: told, and gone on with.
        os.kill(company.studio_pid(), signal.SIGKILL)
        await operator.until(lambda found: found["storythread_studio_restarts_total", ""] == 1)
        await operator.until_ready()
        # Discord is away: alive, and not ready.
        runner = company.loopback._runner
        assert runner is not None
        [(host, discord_port)] = runner.addresses
        for site in list(runner.sites):
            await site.stop()
        assert runner.server is not None
        await runner.server.shutdown(1.0)
        await operator.until_ready("gateway")
        assert (await operator.asks("/healthz"))[0] == 200
        well, said = await asyncio.to_thread(ask, load_settings(), "/readyz")
        assert not well and "gateway" in said
        await web.TCPSite(runner, host, discord_port).start()
        await operator.until_ready()
        assert await company.troupe.stop() == 0
    well, said = await asyncio.to_thread(ask, load_settings())
    assert not well and "nobody answers" in said


async def test_a_worker_says_how_it_goes(
        postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    for name, value in {"HOME": str(tmp_path / "home"), "DATABASE_URL": postgres_url, "STUDIO__PAINTER": "theatre",
                        "MASTER_KEY_FILE": str(tmp_path / "master.key"), "HEALTH__PORT": str(port),
                        "STUDIO__THREADS": "1"}.items():
        monkeypatch.setenv(f"STORYTHREAD_{name}", value)
    await (await open_library(load_settings())).close()        # the bot makes the tables
    with (tmp_path / "worker.log").open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "worker", cwd=ROOT, stdout=log, stderr=log)
        try:
            operator = Operator(port)
            async with asyncio.timeout(90):
                while (await asyncio.to_thread(ask, load_settings(), "/readyz"))[0] is not True:
                    assert worker.returncode is None
                    await asyncio.sleep(0.2)
            found = await operator.measures()
            assert found["storythread_studio_able", ""] == 1
            assert found["storythread_studio_memory_bytes", ""] > 2**20
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.wait(), 60) == 0
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    assert not ask(load_settings())[0]


async def nothing_of_anybody(operator: Operator, company: Company, *words: str) -> None:
    """Every line is of numbers and of words that stand in this repository."""
    _, page = await operator.asks("/metrics")
    world = company.world
    ids = {*map(str, world.messages), *(str(person.user_id) for person in company.people.values()),
           *(str(each.channel_id) for each in world.threads_of(company.channel.channel_id))}
    assert len(ids) > 6
    allowed = {*KINDS, "other", "first", "later", "again", "401", "403", "429", "data", "database", "pictures",
               *SENTENCES["en"]}
    for line in page.splitlines():
        assert not any(each in line for each in ids), line
        assert not any(re.search(rf"\b{word}\b", line, re.IGNORECASE) for word in (*words, *company.people)), line
        for label, value in re.findall(r'(\w+)="([^"]*)"', line):
            assert label == "le" or value in allowed, line


async def test_a_bucket_that_is_away_makes_a_turn_wait(
        tmp_path: Path, bucket: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.order.AGAIN_AFTER_S", 0.2)
    monkeypatch.setattr("engine.store.pictures.TRIES", 1)
    async with Loopback(limits=False) as loopback:
        with redirect_discord(loopback.base_url):
            house = Playhouse(loopback, load_settings(
                home=tmp_path / "home", master_key_file=tmp_path / "master.key", pictures_url="s3://stories/away",
                discord={"token": loopback.world.token, "preview_every_s": 0.2}))
            await sync_commands(house.settings)
            await house.open()
            tried = asyncio.Event()
            later = house.runner._order.try_later
            monkeypatch.setattr(house.runner._order, "try_later", lambda turn_id: (tried.set(), later(turn_id))[1])
            try:
                await house.story(both=False)
                house.studio.gate.clear()
                form = await house.ada.click("Take turn")
                await house.ada.submit(form, {"text": "Mia writes a letter."})
                await house.ada.see("Picture 1 comes here")
                while not any(not panel.endswith(".plate") for panel, _ in house.studio.painted):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                bucket.shut()
                house.studio.gate.set()
                await asyncio.wait_for(tried.wait(), 60)
                tried.clear()
                await asyncio.wait_for(tried.wait(), 60)       # again in vain
                assert await house.library.open_turns(), "it is kept"
                bucket.open()
                await house.idle(90)
                said = house.said(house.ada)
                assert sum(text.startswith("And so it was") for text in said) == 1, "nothing is said twice"
                assert not any("did not work out" in text for text in said)
                [panel] = [each for each in house.ada.seen() if each.attachments and "Redraw" in labels(each)]
                assert words_of(panel)
            finally:
                bucket.open() if bucket._listener is None else None
                await house.shut()
        assert loopback.violations() == []


def test_facts_become_numbers_and_a_strange_reason_no_label() -> None:
    at = 100.0
    meter = Meter(clock=lambda: at)
    meter.listen()
    try:
        note(TurnTaken("t1"))  # type: ignore[arg-type]
        meter.arrived(7777777777)
        at += 2
        for fact in (Told("t1"), Shown("t1", 1, 1, 2), Shown("t1", 2, 1, 1), Shown("t1", 1, 2, 1), Told("unknown"),
                     TurnClosed("t1", "studio_stuck"), TurnClosed("t2", "Mia is at home"), TurnClosed("t3", ""),
                     Answered(200, "/api/v10/interactions/7777777777/token-of-it/callback"),
                     Answered(200, "/api/v10/interactions/8888888888/token-of-it/callback"),
                     Answered(429, "/api/v10/channels/1"),
                     JobBegun("paint", "later", 3.0), JobDone("paint", 1.5), JobDone("SomethingNew", 1.0)):
            note(fact)  # type: ignore[arg-type]
    finally:
        meter.close()
    note(TurnTaken("t9"))  # type: ignore[arg-type]
    value = meter.registry.get_sample_value
    assert value("storythread_turns_taken_total") == 1
    assert value("storythread_turns_failed_total", {"reason": "studio_stuck"}) == 1
    assert value("storythread_turns_failed_total", {"reason": "other"}) == 1 == value("storythread_turns_done_total")
    assert value("storythread_turn_to_prose_seconds_sum") == 2 and value("storythread_turn_to_prose_seconds_count") == 1
    assert value("storythread_turn_to_panel_seconds_sum", {"panel": "later"}) == 2
    assert value("storythread_pictures_repainted_total") == 1
    assert value("storythread_pictures_shown_total", {"version": "later"}) == 1
    assert value("storythread_acknowledged_seconds_count") == 1
    assert value("storythread_discord_refusals_total", {"status": "429"}) == 1
    assert value("storythread_lane_waited_seconds_sum", {"rank": "later"}) == 3
    assert value("storythread_job_seconds_count", {"kind": "other"}) == 1
    page = meter.page().decode()
    assert "Mia" not in page and "_created" not in page and "7777777777" not in page


async def test_what_is_missing_is_named_and_a_taken_address_refused(tmp_path: Path) -> None:
    port = free_port()
    settings = load_settings(home=tmp_path, health={"port": port})
    there = {"gateway": True, "database": False, "studio": False}

    async def is_there(name: str) -> bool:
        return there[name]

    async def look() -> None:
        return

    checks = {name: (lambda name=name: is_there(name)) for name in there}
    async with answering_how_it_goes(settings, Meter(), checks, look):
        operator = Operator(port)
        status, said = await operator.asks("/readyz")
        assert status == 503 and json.loads(said) == {"ready": False, "missing": ["database", "studio"]}
        there.update(database=True, studio=True)
        assert (await operator.asks("/readyz"))[0] == 200
        assert (await operator.asks("/"))[0] == 404
        with pytest.raises(SettingsError, match=r"health\.port cannot be used"):
            async with answering_how_it_goes(settings, Meter(), checks, look):
                pass
    async with answering_how_it_goes(load_settings(home=tmp_path), Meter(), checks, look):
        with pytest.raises(aiohttp.ClientConnectionError):
            await operator.asks("/healthz")


async def test_whether_pictures_can_be_kept_is_asked_seldom(
        tmp_path: Path, bucket: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(home=tmp_path, health={"port": free_port()}, pictures_url="s3://stories/house")
    monkeypatch.setattr("engine.store.pictures.TRIES", 1)

    async def look() -> None:
        return

    async with answering_how_it_goes(settings, Meter(), {"pictures": PicturesThere(settings)}, look):
        operator = Operator(settings.health.port or 0)
        await operator.until_ready()
        asked = bucket.passed_bytes
        assert asked > 0
        bucket.shut()
        await operator.until_ready()           # the answer of before, and not one byte more
        assert bucket.passed_bytes == asked
        monkeypatch.setattr("bot.health.PICTURES_KEPT_S", 0.0)
        await operator.until_ready("pictures")
        bucket.open()
        await operator.until_ready()
    folder = PicturesThere(load_settings(home=tmp_path / "not" / "yet"))
    assert await folder() and not (tmp_path / "not").exists()
    (tmp_path / "not").write_text("a file")
    assert not await folder()


def test_nobody_to_ask_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORYTHREAD_HOME", str(tmp_path))
    for words in (["health"], ["health", "--ready"]):
        asked = CliRunner().invoke(app, words)
        assert asked.exit_code == FAILED and "health.port is not set" in asked.output


def test_the_page_for_operators_lists_every_measure() -> None:
    assert table() in (ROOT / "docs" / "operating.md").read_text("utf-8"), "python -m bot.metrics"
