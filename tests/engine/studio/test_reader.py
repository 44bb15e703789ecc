"""Panels read back: a real vision model of random weights bound by the grammar, and what its answer is taken for."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "cast"))
from tiny_vision import write_projector, write_text_model

from bench.staging import ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.cast.witness import vision_of
from engine.memory.verification import better, contradictions, good, things_of
from engine.models.shelf import folder_of
from engine.nouns import (
    CharacterId,
    Figure,
    Look,
    OwnerId,
    PanelBrief,
    PanelId,
    Place,
    Reading,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
    Verdict,
)
from engine.pinned import hash_of, remember
from engine.settings import Settings, load_settings
from engine.studio import host
from engine.studio.reader import PanelReader, asked_about, question_of, reading_gbnf

GIRL, BEAR = Look(kind="girl"), Look(kind="bear")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("eyes")
    return write_text_model(folder / "text.gguf"), write_projector(folder / "mmproj.gguf")


def panel() -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "PNG")
    return out.getvalue()


def brief(*looks: Look, props: Sequence[str] = (), holding: str = "") -> PanelBrief:
    figures = tuple(Figure(CharacterId(f"c{number}"), "X", look, Place(0.5, 0.9, 0.5), holding=holding)
                    for number, look in enumerate(looks))
    return PanelBrief(PanelId("p"), StoryId("s"), "", figures, Setting(SettingId("m"), "meadow", "it", 3),
                      props=tuple((name, Place(0.5, 0.9, 0.2)) for name in props))


def named(settings: Settings, files: tuple[Path, Path], name: str = "qwen3.5-2b", *, eyes: bool = True) -> None:
    """As a pull leaves it."""
    folder = folder_of(settings, name)
    folder.mkdir(parents=True)
    kept = {path.name: path.read_bytes() for path in (files if eyes else files[:1])}
    for file, content in kept.items():
        (folder / file).write_bytes(content)
    said = {"model": files[0].name} | ({"projector": files[1].name} if eyes else {})
    (folder / "storythread.json").write_text(json.dumps(said))
    remember(settings, {f"models/{name}/{file}": hash_of(folder / file) for file in kept})


def test_the_model_is_bound_to_counts_and_to_the_things_asked_about(files: tuple[Path, Path]) -> None:
    reader = PanelReader(*files, threads=1)
    for things in ((), ("ball",), ("ball", "kite", 'no"thing', "ball")):
        reading = reader.read(panel(), things)
        assert 0 <= reading.people <= 9 and 0 <= reading.others <= 9
        assert reading.asked == asked_about(things) and set(reading.seen) <= set(reading.asked)
        assert reader.read(panel(), things) == reading, "the same panel, the same answer"
    assert asked_about(("ball", "kite", 'no"thing', "ball")) == ("ball", "kite")
    assert "ball, kite" in question_of(("ball", "kite")) and '\\"ball\\":' in reading_gbnf(("ball",))
    with pytest.raises(StudioFailed, match="cannot be opened"):
        PanelReader(files[1], files[1], threads=1)
    reader.close()


async def test_by_its_name_it_reads_panels_and_describes_photos(files: tuple[Path, Path], tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, studio={"vision_model": "qwen3.5-2b", "threads": 1, "painter": "theatre"})
    assert await vision_of(settings) == ("", ""), "not pulled"
    models = host.Models(settings, lambda message: None)
    with pytest.raises(StudioFailed, match="not pulled"):
        models.get("reader")
    named(settings, files)
    assert [Path(path).name for path in await vision_of(settings)] == ["text.gguf", "mmproj.gguf"]
    models = host.Models(settings, lambda message: None)
    reader = models.get("reader")
    assert isinstance(reader, PanelReader) and reader.name == "text"
    assert isinstance(reader.read(panel(), ("ball",)), Reading)
    reader.close()
    assert "reader" not in host.Models(load_settings(home=tmp_path), lambda message: None).unopened, "off unless set"


async def test_one_that_was_pulled_without_eyes_is_not_used(files: tuple[Path, Path], tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, studio={"vision_model": "qwen3.5-2b"})
    named(settings, files, eyes=False)
    assert await vision_of(settings) == ("", "")
    with pytest.raises(StudioFailed, match="without its eyes"):
        host.Models(settings, lambda message: None).get("reader")


@pytest.mark.parametrize(("reading", "asked", "wrong"), [
    (Reading(1, 1), brief(GIRL, BEAR), ()), (Reading(2, 0), brief(GIRL, BEAR), ("people", "others")),
    (Reading(1, 0), brief(GIRL, BEAR), ("others",)), (Reading(0, 0), brief(GIRL), ("people",)),
    (Reading(1, 0, ("ball",), ("ball",)), brief(GIRL, props=("ball",)), ()),
    (Reading(1, 0, ("ball",), ()), brief(GIRL, props=("ball",)), ("ball",)),
    (Reading(1, 0, ("kite",), ()), brief(GIRL, holding="kite"), ("kite",)),
    (Reading(1, 0), brief(GIRL, props=("ball",)), ()),       # it was not asked about
    (Reading(9, 9), brief(*[GIRL] * 5), ()),                 # so many nobody counts
])
def test_what_contradicts_a_brief(reading: Reading, asked: PanelBrief, wrong: tuple[str, ...]) -> None:
    assert contradictions(reading, asked) == wrong


def test_a_panel_that_is_read_otherwise_is_not_good_and_whoever_is_wrong_counts_more() -> None:
    fine, unread = Verdict(((CharacterId("c"), 0.9),)), Verdict(((CharacterId("c"), 0.9),), unread=("ball",))
    assert good(fine) and not good(unread) and better(fine, unread) and not better(unread, fine)
    assert better(unread, Verdict(((CharacterId("c"), 0.9),), missing=(CharacterId("c"),)))
    assert things_of(brief(GIRL, props=("ball",), holding="kite")) == ["ball", "kite"]


class Answers:
    """A reader who says what it is told to, in turn."""

    def __init__(self, *said: Reading | None) -> None:
        self.said = list(said)
        self.asked = 0

    async def read(self, png: bytes, things: Sequence[str], *, owner_id: OwnerId) -> Reading:
        assert png.startswith(b"\x89PNG")
        said = self.said[self.asked]
        self.asked += 1
        if said is None:
            raise StudioFailed("the vision model gave no answer")
        return said


@pytest.mark.parametrize(("said", "paints", "unread"), [
    ((Reading(7, 7), Reading(7, 1)), 2, ("people",)), ((None,), 1, ()),
])
async def test_a_panel_that_contradicts_its_brief_is_painted_again_once(
        tmp_path: Path, said: tuple[Reading | None, ...], paints: int, unread: tuple[str, ...]) -> None:
    studio, reader = ScriptedStudio(), Answers(*said)
    async with open_runner(settings_at(tmp_path), WrittenStage(tmp_path / "stage"), studio,
                           reader=reader) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "who is who"))
        await runner.finished("t1")
        assert len([one for one in studio.painted if not one.is_plate]) == paints == reader.asked
        verdict = (await library.panel(PanelId("t1-step.0"))).verdict
        assert verdict is not None and verdict.attempts == paints and verdict.unread == unread
