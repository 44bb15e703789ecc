"""Out of memory at every step, a studio that hangs or paints nothing: the story goes on. Real models, real child."""

from __future__ import annotations

import asyncio
import io
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import torch
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parent.parent / "engine" / "painters"))
from tiny_unet import save_painter

from engine.events import Event, Painted
from engine.nouns import (
    CharacterId,
    Figure,
    Look,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
    TurnId,
    Underdrawing,
)
from engine.painters.looking import shows_nothing
from engine.painters.unet import UNetPainter
from engine.settings import load_settings
from engine.studio.client import StudioClient

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
on_one_loop = pytest.mark.asyncio(loop_scope="module")
STEPS = 6


def brief(words: str = "Mia waves.") -> PanelBrief:
    figure = Figure(CharacterId("c1"), "Mia", Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    return PanelBrief(PanelId("p"), StoryId("s"), words, (figure,), Setting(SettingId("x"), "garden", "the garden", 1))


def underdrawing() -> Underdrawing:
    picture = Image.new("RGB", (64, 64), (200, 120, 60))
    picture.paste((20, 60, 200), (16, 16, 32, 64))
    return Underdrawing(png_of(picture), ())


def png_of(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


# --- memory ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_painter(tmp_path_factory.mktemp("faults") / "toy", steps=STEPS)


@pytest.fixture(scope="module")
def painter(toy: Path) -> Iterator[UNetPainter]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield UNetPainter(toy, device="cpu")
    torch.set_num_threads(before)


def made_up() -> None:
    raise torch.OutOfMemoryError("made for a test")


def too_much() -> None:
    torch.empty(2**52)                     # the allocator itself says so: a RuntimeError on a CPU


class Strikes:
    """A step callback that runs out of memory at step k, so many times."""

    def __init__(self, step: int, times: int, grief: Callable[[], None]) -> None:
        self.step, self.left, self.grief = step, times, grief
        self.told: list[int] = []

    def __call__(self, step: int, steps: int, png: bytes | None) -> None:
        self.told.append(step)
        if step == self.step and self.left:
            self.left -= 1
            self.grief()


@pytest.mark.parametrize("grief", [made_up, too_much])
def test_out_of_memory_at_every_step_once_and_twice(painter: UNetPainter, grief: Callable[[], None]) -> None:
    plain = painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda *_: None)
    finished = 0
    for step, times in itertools.product(range(1, STEPS + 1), (1, 2)):
        strikes = Strikes(step, times, grief)
        painted = painter.paint(brief(), underdrawing(), [], seed=1, on_step=strikes)
        assert strikes.left == 0 and strikes.told == [*range(1, step + 1)] * times + [*range(1, STEPS + 1)]
        assert np.abs(pixels(painted.png) - pixels(plain.png)).max() <= 1, "the same picture, but for rounding"
        finished += 1
        after = painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda *_: None)
        assert after.png == plain.png, "the next panel is painted as if nothing had been"
    assert finished == 2 * STEPS


def test_out_of_memory_again_and_again_fails_politely_and_lets_go_of_everything(painter: UNetPainter) -> None:
    plain = painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda *_: None)
    processors = {name: type(each) for name, each in painter._pipeline.unet.attn_processors.items()}
    for step in range(1, STEPS + 1):
        with pytest.raises(StudioFailed) as failure:
            painter.paint(brief(), underdrawing(), [], seed=1, on_step=Strikes(step, 3, made_up))
        assert failure.value.reason == "studio_memory"
        assert failure.value.__context__ is None, "no traceback holds on to what filled the memory"
    assert {name: type(each) for name, each in painter._pipeline.unet.attn_processors.items()} == processors
    assert "forward" not in vars(painter._pipeline.unet)
    assert painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda *_: None).png == plain.png


def test_no_memory_for_a_preview_costs_previews_alone(painter: UNetPainter, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda *_: None)
    asked = []

    def preview(clean: torch.Tensor) -> bytes:
        asked.append(clean)
        raise torch.OutOfMemoryError("made for a test")

    monkeypatch.setattr(painter, "preview", preview)
    told: list[tuple[int, bytes | None]] = []
    painted = painter.paint(brief(), underdrawing(), [], seed=1, on_step=lambda step, _, png: told.append((step, png)))
    assert painted.png == plain.png and told == [(step, None) for step in range(1, STEPS + 1)] and len(asked) == 1


# --- pictures of nothing -----------------------------------------------------------------------------

def test_what_shows_nothing() -> None:
    grain = png_of(Image.effect_noise((256, 256), 5).convert("RGB"))
    assert shows_nothing(png_of(Image.new("RGB", (256, 256)))) and shows_nothing(b"no picture") and shows_nothing(b"")
    assert shows_nothing(png_of(Image.new("RGB", (256, 256), (90, 140, 200)))), "one colour"
    assert shows_nothing(grain), "grain of one colour"
    night = Image.new("RGB", (256, 256), (8, 8, 24))
    ImageDraw.Draw(night).ellipse((200, 20, 220, 40), fill=(240, 240, 200))
    assert not shows_nothing(png_of(night)), "a small moon in a dark sky is a picture"


class Grief:
    """What the child is to come to grief over: files that each cost it one panel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def over(self, what: str, times: int) -> PanelBrief:
        for number in range(times):
            (self.folder / f"{what}-{number}").touch()
        return brief(f"FAULT {what} {self.folder}")

    @property
    def left(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


@pytest.fixture
def grief(tmp_path: Path) -> Grief:
    (tmp_path / "grief").mkdir()
    return Grief(tmp_path / "grief")


def child(kind: str, toy: Path, home: Path, silence_s: float = 120.0) -> StudioClient:
    settings = load_settings(home=home, studio={"painter": str(toy), "threads": 1})
    return StudioClient(settings, silence_s=silence_s, command=(
        sys.executable, str(Path(__file__).parent / "faulty_studio.py"), kind))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StudioClient]:
    client = child("toy", toy, tmp_path_factory.mktemp("toy-home"))
    await client.start()
    yield client
    await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dolls(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StudioClient]:
    """A child that starts quickly, and is given a few seconds of silence."""
    client = child("dolls", toy, tmp_path_factory.mktemp("dolls-home"), 4.0)
    await client.start()
    yield client
    await client.close()


async def paint(studio: StudioClient, what: PanelBrief, seed: int = 7,
                on_event: Callable[[Event], None] = lambda event: None) -> Painting:
    return await asyncio.wait_for(studio.paint(
        what, underdrawing(), [], seed=seed, turn_id=TurnId("t"), owner_id=OwnerId("ann"), on_event=on_event), 300)


@on_one_loop
@pytest.mark.parametrize("what", ["nan", "black", "grey", "grain"])
async def test_a_picture_of_nothing_is_painted_once_more_with_another_seed(
        studio: StudioClient, grief: Grief, what: str) -> None:
    plain = await paint(studio, brief())
    pid = studio.pid
    previews: list[bytes] = []

    def listen(event: Event) -> None:
        if isinstance(event, Painted) and event.preview_png is not None:
            previews.append(event.preview_png)

    again = await paint(studio, grief.over(what, 1), on_event=listen)
    assert grief.left == [] and not shows_nothing(again.png)
    assert again.seed != plain.seed == 7 and again.png != plain.png
    assert not any(shows_nothing(png) for png in previews), "nobody saw anything of it"
    with pytest.raises(StudioFailed) as failure:
        await paint(studio, grief.over(what, 2))
    assert failure.value.reason == "studio_blank" and grief.left == []
    assert (await paint(studio, brief())).png == plain.png and studio.pid == pid


@on_one_loop
async def test_a_child_out_of_memory_stays_and_paints_the_next(studio: StudioClient, grief: Grief) -> None:
    plain = await paint(studio, brief())
    pid = studio.pid
    # A panel of the toy is tried three times within one job; the file costs it all of them.
    with pytest.raises(StudioFailed) as failure:
        await paint(studio, grief.over("memory", 1))
    assert failure.value.reason == "studio_memory"
    assert (await paint(studio, brief())).png == plain.png and studio.pid == pid


@on_one_loop
async def test_a_job_that_never_calls_back_is_tried_by_a_new_child_and_then_given_up(
        dolls: StudioClient, grief: Grief) -> None:
    plain = await paint(dolls, brief())
    first = dolls.pid
    painted = await paint(dolls, grief.over("hang", 1))
    second = dolls.pid
    assert not shows_nothing(painted.png) and grief.left == [] and second not in (None, first)
    with pytest.raises(StudioFailed) as failure:
        await paint(dolls, grief.over("hang", 2))
    assert failure.value.reason == "studio_stuck" and grief.left == []
    assert (await paint(dolls, brief())).png == plain.png and dolls.pid not in (None, first, second)
