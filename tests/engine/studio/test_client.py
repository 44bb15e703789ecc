"""The studio with its real child process on a real toy checkpoint: fair, cancellable, and alive after being killed."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "painters"))
from tiny_unet import save_painter

from engine.events import Event, Painted, ProseGrew, Queued
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
    Story,
    StoryId,
    StudioFailed,
    Turn,
    TurnId,
    Underdrawing,
    VenueId,
)
from engine.settings import Settings, load_settings
from engine.studio.client import StudioClient
from engine.studio.front import Work
from engine.studio.messages import Stepped
from engine.writers import open_writer

# diffusers' solvers hand a tensor to numpy in a way numpy 2 frowns upon.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
on_one_loop = pytest.mark.asyncio(loop_scope="module")
STEPS = 30


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("studio")
    return load_settings(home=home, studio={
        "painter": str(save_painter(home / "toy", steps=STEPS)), "threads": 1, "writer": str(home / "none.gguf")})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(settings: Settings) -> AsyncIterator[StudioClient]:
    client = StudioClient(settings)
    await client.start()
    await asyncio.wait_for(client.ready(), 300)
    yield client
    await client.close()
    assert client.pid is None


def brief(panel: str = "p", *, plate: bool = False) -> PanelBrief:
    figure = Figure(CharacterId("c1"), "Mia", Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    return PanelBrief(PanelId(panel), StoryId("s"), "Mia waves.", () if plate else (figure,),
                      Setting(SettingId("x"), "garden", "the garden", 1))


def underdrawing() -> Underdrawing:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 120, 300)).save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


def paint(studio: StudioClient, *, owner: str = "ann", turn: str = "t", panel: str = "p", seed: int = 1,
          on_event: Callable[[Event], None] = lambda event: None) -> asyncio.Task[Painting]:
    return asyncio.create_task(studio.paint(
        brief(panel), underdrawing(), [], seed=seed, turn_id=TurnId(turn), owner_id=OwnerId(owner), on_event=on_event))


def pid_of(studio: StudioClient) -> int:
    assert studio.pid is not None
    return studio.pid


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not true():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.01)


async def painted_at_step(studio: StudioClient, step: int, **which: str) -> asyncio.Task[Painting]:
    """A job that has just done this step."""
    there = asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Painted) and event.step >= step:
            there.set()

    task = paint(studio, on_event=listen, **which)  # type: ignore[arg-type]
    await asyncio.wait_for(there.wait(), 300)
    return task


@on_one_loop
async def test_names_what_it_has_and_what_it_lacks(studio: StudioClient) -> None:
    ready = await studio.ready()
    painter = ready.model("painter")
    assert painter is not None and painter.name == "toy@toy" and painter.size_px == 64 and painter.seconds > 0
    assert ready.model("writer") is None and any(unable.role == "writer" for unable in ready.unable)
    assert not ready.stand_in
    assert 50 * 2**20 < studio.peak_memory() < 4 * 2**30


@on_one_loop
async def test_paints_through_the_pipe_what_it_paints_in_process(studio: StudioClient, settings: Settings) -> None:
    import torch

    from engine.painters import open_painter

    threads = torch.get_num_threads()
    try:
        own = open_painter(settings).paint(brief(), underdrawing(), [], seed=3, on_step=lambda *_: None)
    finally:
        torch.set_num_threads(threads)
    events: list[Event] = []
    through = await paint(studio, seed=3, on_event=events.append)
    assert through.png == own.png and through.painter == own.painter and through.steps == STEPS
    steps = [event.step for event in events if isinstance(event, Painted)]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS
    assert any(isinstance(event, Painted) and event.preview_png for event in events)


@on_one_loop
async def test_two_owners_take_turns_and_their_events_never_cross(
        studio: StudioClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # A visit's quantum covers several of the toy's panels on a quick machine: with a small one people alternate on all.
    monkeypatch.setattr("engine.studio.lane.QUANTUM_S", 1e-3)
    ends: list[str] = []
    heard: dict[str, list[Event]] = {}

    async def one(owner: str, number: int) -> None:
        turn = f"{owner}{number}"
        heard[turn] = []
        await paint(studio, owner=owner, turn=turn, panel=f"{turn}.0", seed=number, on_event=heard[turn].append)
        ends.append(owner)

    jobs = [("greedy", number) for number in range(6)] + [("light", number) for number in range(3)]
    async with asyncio.TaskGroup() as group:
        os.kill(pid_of(studio), signal.SIGSTOP)        # all are waiting before the first is done
        for owner, number in jobs:
            group.create_task(one(owner, number))
        await until(lambda: len(studio._lane) == len(jobs) - 1)
        os.kill(pid_of(studio), signal.SIGCONT)
    assert ends[-1] == "greedy", f"three came after six of another's: {ends}"
    for turn, events in heard.items():
        assert events
        for event in events:
            assert isinstance(event, (Painted, Queued))
            assert event.turn_id == turn and event.panel_id == f"{turn}.0"
        places = [event.place for event in events if isinstance(event, Queued)]
        assert all(a != b for a, b in itertools.pairwise(places)), "told without a change"
    last = heard["greedy5"]
    first_told = next(event for event in last if isinstance(event, Queued))
    assert first_told.place >= 3 and first_told.wait_s > 0


@on_one_loop
async def test_first_panels_go_before_later_ones(studio: StudioClient) -> None:
    await paint(studio, owner="ann", turn="T1", panel="T1.0")
    order: list[str] = []

    async def one(owner: str, turn: str, panel: str) -> None:
        await paint(studio, owner=owner, turn=turn, panel=panel)
        order.append(panel)

    async with asyncio.TaskGroup() as group:
        os.kill(pid_of(studio), signal.SIGSTOP)
        group.create_task(one("eve", "T0", "T0.0"))       # holds the lane
        await until(lambda: len(studio._at_work) == 1)
        group.create_task(one("ann", "T1", "T1.1"))
        group.create_task(one("ann", "T1", "T1.2"))
        group.create_task(one("bob", "T2", "T2.0"))
        await until(lambda: len(studio._lane) == 3)
        os.kill(pid_of(studio), signal.SIGCONT)
    assert order == ["T0.0", "T2.0", "T1.1", "T1.2"]


@on_one_loop
async def test_cancelling_frees_the_lane_within_a_step(studio: StudioClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await paint(studio)
    said: list[object] = []
    hear = studio._hear
    monkeypatch.setattr(studio, "_hear", lambda message: (said.append(message), hear(message)))
    pid = pid_of(studio)
    while True:
        task = await painted_at_step(studio, 2)
        os.kill(pid, signal.SIGSTOP)                   # it finds that it is called off when it looks up again
        await asyncio.sleep(0.1)                       # what it said before has been heard
        if not task.done():
            break
        os.kill(pid, signal.SIGCONT)                   # it was quicker
    (cancelled,) = studio._at_work
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = paint(studio)
    os.kill(pid, signal.SIGCONT)
    assert (await again).png == whole.png and studio.pid == pid
    steps = [message.step for message in said
             if isinstance(message, Stepped) and message.job_id == cancelled.ticket.job_id]
    assert 2 <= max(steps) < STEPS, "it was not painted to its end"


@on_one_loop
async def test_cancelling_while_waiting_leaves_the_others_alone(studio: StudioClient) -> None:
    running = await painted_at_step(studio, 1)
    waiting = [paint(studio, turn=f"w{number}", panel=f"w{number}.0") for number in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    results = await asyncio.gather(running, *waiting, return_exceptions=True)
    assert [isinstance(result, Painting) for result in results] == [True, True, False, True]
    assert isinstance(results[2], asyncio.CancelledError)


@on_one_loop
async def test_a_missing_model_fails_its_own_jobs_only(studio: StudioClient) -> None:
    scene = Scene(
        Story(StoryId("s"), VenueId("v"), ServerId("g"), OwnerId("o"), "A title"),
        Turn(TurnId("t"), StoryId("s"), OwnerId("o"), "Ann", "Hello."), (), (), (), ())
    pid = studio.pid
    with pytest.raises(StudioFailed):
        await studio.write(scene, seed=1, on_event=lambda event: None)
    assert (await paint(studio)).png and studio.pid == pid


@on_one_loop
async def test_an_impossible_job_fails_politely_and_names_nobodys_words(studio: StudioClient) -> None:
    secret = b"not a picture, but words of a person"
    with pytest.raises(StudioFailed) as failure:
        await studio.paint(brief(), Underdrawing(secret, ()), [], seed=1, turn_id=TurnId("t"), owner_id=OwnerId("o"),
                           on_event=lambda event: None)
    assert "words" not in str(failure.value)
    assert (await paint(studio)).png


@on_one_loop
async def test_a_listener_that_fails_harms_nobody(studio: StudioClient) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("a listener's fault")

    assert (await paint(studio, on_event=broken)).png


@on_one_loop
async def test_a_child_killed_in_the_middle_of_a_panel(studio: StudioClient) -> None:
    whole = await paint(studio)
    task = await painted_at_step(studio, 3)
    waiting = paint(studio, turn="w", panel="w.0", owner="bob")
    first_pid = pid_of(studio)
    os.kill(first_pid, signal.SIGKILL)
    assert (await asyncio.wait_for(task, 300)).png == whole.png
    assert (await waiting).png == whole.png
    assert studio.pid not in (None, first_pid)


@on_one_loop
async def test_a_child_killed_twice_under_one_job(studio: StudioClient, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await painted_at_step(studio, 1)
    hand_over = studio._hand_over

    def strike(work: Work) -> None:
        hand_over(work)
        if work.tries == 2:
            os.kill(pid_of(studio), signal.SIGKILL)

    monkeypatch.setattr(studio, "_hand_over", strike)
    os.kill(pid_of(studio), signal.SIGKILL)
    with pytest.raises(StudioFailed, match="twice"):
        await asyncio.wait_for(task, 300)
    assert (await asyncio.wait_for(paint(studio), 300)).png


@on_one_loop
async def test_a_hung_child_is_killed_and_its_job_done_by_the_next(
        studio: StudioClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.wait_for(paint(studio), 300)
    monkeypatch.setattr(studio, "_silence_s", 4.0)
    task = await painted_at_step(studio, 2)
    pid = pid_of(studio)
    os.kill(pid, signal.SIGSTOP)
    assert (await asyncio.wait_for(task, 300)).png
    assert studio.pid != pid


@on_one_loop
async def test_no_secret_reaches_the_childs_environment(studio: StudioClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.studio.client import _child_environment

    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    monkeypatch.setenv("STORYTHREAD_DISCORD__TOKEN", "hush")
    environment = _child_environment(studio._settings)
    assert "hush" not in environment.values() and environment["HF_HUB_OFFLINE"] == "1"


@on_one_loop
async def test_closing_fails_what_waits_and_leaves_no_process(settings: Settings) -> None:
    client = StudioClient(settings)
    with pytest.raises(StudioFailed):
        await paint(client)                # not started
    await client.start()
    task = paint(client)
    await until(lambda: client.pid is not None)
    pid = pid_of(client)
    await client.close()
    with pytest.raises(StudioFailed, match="closed"):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(StudioFailed):
        await paint(client)
    await client.close()


@on_one_loop
async def test_writes_through_the_pipe_what_it_writes_in_process(settings: Settings) -> None:
    pytest.importorskip("llama_cpp")
    from engine.writers.mini import MiniWriter

    own_settings = settings.model_copy(update={"studio": settings.studio.model_copy(update={
        "painter": "theatre", "writer": "mini"})})
    mia = Character(CharacterId("c1"), OwnerId("o"), "Mia", Pronouns.SHE, Look())
    scene = Scene(
        Story(StoryId("s"), VenueId("v"), ServerId("g"), OwnerId("o"), "A title"),
        Turn(TurnId("t7"), StoryId("s"), OwnerId("o"), "Ann", "Mia finds a red ball in the forest."), (mia,),
        (Member(OwnerId("o"), "Ann", 0, mia.character_id),), (), ())
    try:
        writer = await asyncio.to_thread(open_writer, own_settings)
    except StudioFailed as failure:
        pytest.skip(f"no writer's weights here: {failure}")
    client = StudioClient(own_settings)
    await client.start()
    events: list[Event] = []
    through = await asyncio.wait_for(client.write(scene, seed=5, on_event=events.append), 300)
    own = await asyncio.to_thread(lambda: writer.write(scene, seed=5, on_text=lambda prose: None))
    if isinstance(writer, MiniWriter):
        writer.close()
    assert through == replace(own, writer=writer.name) and through.turn_id == "t7"
    grown = [event.prose for event in events if isinstance(event, ProseGrew)]
    assert grown and grown[-1] == through.prose
    assert all(isinstance(event, (ProseGrew, Queued)) and event.turn_id == "t7" for event in events)
    await client.close()


@on_one_loop
async def test_paper_dolls_step_in_only_when_settings_say_so(settings: Settings) -> None:
    def with_fallback(allowed: bool) -> Settings:
        return settings.model_copy(update={"studio": settings.studio.model_copy(update={
            "painter": "/nowhere", "fallback_to_theatre": allowed})})

    client = StudioClient(with_fallback(True))
    await client.start()
    painting = await asyncio.wait_for(paint(client), 300)
    assert painting.painter.startswith("theatre@")
    ready = await asyncio.wait_for(client.ready(), 300)
    assert ready.stand_in and ready.model("painter") is not None
    assert any(unable.role == "painter" and "no painter called" in unable.why for unable in ready.unable)
    await client.close()
    client = StudioClient(with_fallback(False))
    await client.start()
    with pytest.raises(StudioFailed, match="no painter called"):
        await asyncio.wait_for(paint(client), 300)
    ready = await asyncio.wait_for(client.ready(), 300)
    assert not ready.stand_in and ready.model("painter") is None
    assert any(unable.role == "painter" for unable in ready.unable)
    await client.close()


@on_one_loop
async def test_a_child_that_cannot_start(settings: Settings) -> None:
    client = StudioClient(settings, command=(sys.executable, "-c", "raise SystemExit(3)"))
    await client.start()
    with pytest.raises(StudioFailed, match=r"does not start.*exit code 3"):
        await asyncio.wait_for(paint(client), 300)
    with pytest.raises(StudioFailed):
        await client.ready()
    await client.close()
    client = StudioClient(settings, command=("/nowhere/python",))
    await client.start()
    with pytest.raises(StudioFailed, match="cannot be started"):
        await asyncio.wait_for(paint(client), 300)
    await client.close()


@on_one_loop
async def test_a_child_that_talks_nonsense(settings: Settings) -> None:
    client = StudioClient(settings, command=(sys.executable, "-c", "print('x' * 10000)"))
    await client.start()
    with pytest.raises(StudioFailed, match="does not start"):
        await asyncio.wait_for(paint(client), 300)
    await client.close()


@on_one_loop
async def test_a_job_that_takes_too_long_is_given_up_and_not_tried_again(settings: Settings) -> None:
    short = settings.model_copy(update={"studio": settings.studio.model_copy(update={"job_timeout_s": 3.0})})
    client = StudioClient(short)
    await client.start()
    await asyncio.wait_for(client.ready(), 300)        # loading does not count
    task = await painted_at_step(client, 1)
    os.kill(pid_of(client), signal.SIGSTOP)            # a machine that slow
    with pytest.raises(StudioFailed, match="longer than"):
        await asyncio.wait_for(task, 300)
    await client.close()


ORPHANS = """
import asyncio, os, sys
from engine.settings import load_settings
from engine.studio.client import StudioClient
from engine.writers import open_writer

async def main():
    client = StudioClient(load_settings(home=sys.argv[1], studio={"painter": "theatre"}))
    await client.start()
    while not client._awake:
        await asyncio.sleep(0.01)
    print(client.pid, "torch" in sys.modules, "diffusers" in sys.modules, "llama_cpp" in sys.modules, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def lives(pid: str) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_no_orphan_survives_its_parent_and_the_parent_never_loads_a_model(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, *loaded = parent.stdout.readline().split()
    assert loaded == ["False"] * 3 and lives(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while lives(pid):
        if time.monotonic() > deadline:
            os.kill(int(pid), signal.SIGKILL)
            pytest.fail("the studio outlived the face")
        time.sleep(0.05)


def test_importing_the_client_loads_no_model_and_starts_nothing() -> None:
    code = ("import sys, threading, engine.studio.client, engine.studio.host, engine.painters, engine.studio.lane\n"
            "assert threading.active_count() == 1\n"
            "sys.exit(bool({'torch', 'diffusers', 'transformers', 'llama_cpp', 'numpy'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
