"""Painters and writers by name through the real studio child: pulled, opened without the hub, stood in for by mini."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hub_server import Hub, a_hub
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "cast"))
from tiny_vision import write_projector, write_text_model

from bench.gpu.random_sd import save_stable_diffusion
from engine.models import pulling
from engine.models.shelf import files_of, folder_of, gguf_of
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
from engine.pinned import sha256_of
from engine.settings import Settings, load_settings
from engine.studio import host
from engine.studio.client import StudioClient
from engine.tiers import TIERS, Hardware

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def stock(hub: Hub, folder: Path) -> None:
    """A toy of SD 1.5 with its adapters, as the hub's repositories of these names hold the real ones."""
    save_stable_diffusion(folder, "sd15", lora="lcm")
    said = json.loads((folder / "storythread.json").read_text())
    main, lora, adapter, tiny = (each.repo_id for each in TIERS["sd15"].repositories)
    eyes = folder / said["ip_adapter"]["folder"] / said["ip_adapter"]["image_encoder"]
    parts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    own = ("model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae")
    hub.put(main, {name.replace(".safetensors", ".fp16.safetensors"): content for name, content in parts.items()
                   if name.split("/")[0] in own})
    hub.put(lora, {"pytorch_lora_weights.safetensors": (folder / said["lora"]["file"]).read_bytes()})
    hub.put(adapter, {
        "models/ip-adapter-plus_sd15.safetensors":
            (folder / said["ip_adapter"]["folder"] / said["ip_adapter"]["weights"]).read_bytes(),
        **{f"models/image_encoder/{path.name}": path.read_bytes() for path in eyes.iterdir()}})
    hub.put(tiny, {path.name: path.read_bytes() for path in (folder / said["tiny_decoder"]).iterdir()})


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder into which sd15 and a writer were pulled; the hub is gone since."""
    place = tmp_path_factory.mktemp("pulled")
    settings = load_settings(home=place / "home", studio={"painter": "sd15", "writer": "qwen3.5-2b", "threads": 1})
    with a_hub() as hub:
        stock(hub, place / "toy")
        gguf = write_text_model(place / "tiny.gguf", context=8192).read_bytes()
        eyes = write_projector(place / "mmproj.gguf").read_bytes()
        hub.put("unsloth/Qwen3.5-2B-GGUF", {"Qwen3.5-2B-Q4_K_M.gguf": gguf, "mmproj-F16.gguf": eyes})
        for name in ("sd15", "qwen3.5-2b"):
            plan = pulling.make_plan(settings, name, endpoint=hub.url)
            pulling.fetch(settings, plan, lambda _: None, endpoint=hub.url)
    recipe = folder_of(settings, "sd15") / "storythread.json"
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | {"size_px": 64}))     # an operator's own wish
    return settings


def with_studio(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update={"studio": settings.studio.model_copy(update=changes)})


def avatar() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (200, 120, 30, 255)).save(out, "PNG")
    return out.getvalue()


def brief() -> PanelBrief:
    figure = Figure(CharacterId("c1"), "Mia", Look(), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    return PanelBrief(PanelId("p"), StoryId("s"), "Mia waves.", (figure,), Setting(SettingId("x"), "garden", "it", 1))


async def painted(client: StudioClient) -> Painting:
    await client.start()
    return await asyncio.wait_for(client.paint(
        brief(), Underdrawing(avatar(), ()), [avatar()], seed=1, turn_id=TurnId("t"), owner_id=OwnerId("ann"),
        on_event=lambda event: None), 300)


async def test_what_was_pulled_paints_and_writes_and_no_socket_is_opened(settings: Settings, tmp_path: Path) -> None:
    watched = [sys.executable, str(Path(__file__).with_name("watched_studio.py")), str(tmp_path / "reached")]
    client = StudioClient(with_studio(settings, vision_model="qwen3.5-2b"), command=watched)
    painting = await painted(client)
    revision = json.loads((folder_of(settings, "sd15") / "storythread.json").read_text())["revision"]
    assert painting.painter == f"sd15@{revision}" and Image.open(io.BytesIO(painting.png)).size == (64, 64)
    ready = await asyncio.wait_for(client.ready(), 300)
    assert not ready.stand_in and not ready.unable
    for role in ("writer", "reader"):
        model = ready.model(role)
        assert model is not None and model.name == "Qwen3.5-2B-Q4_K_M"
    reading = await asyncio.wait_for(client.read(painting.png, ["ball"], owner_id=OwnerId("ann")), 300)
    assert reading.asked == ("ball",) and 0 <= reading.people <= 9
    await client.close()
    assert not (tmp_path / "reached").exists(), "nothing was reached for"


async def test_without_the_memory_mini_paints_and_everybody_is_told(
        settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    short = [sys.executable, str(Path(__file__).with_name("watched_studio.py")), str(tmp_path / "reached"), "short"]
    client = StudioClient(settings, command=short)
    painting = await painted(client)
    assert painting.painter.startswith("mini@") and painting.painter.endswith(" instead of sd15")
    ready = await asyncio.wait_for(client.ready(), 300)
    assert ready.stand_in == "mini"
    assert [unable.why for unable in ready.unable] == ["there is not enough memory for it"]
    await client.close()
    assert "mini stands in for the painter that cannot be opened: there is not enough memory for it" in caplog.text


def models(settings: Settings) -> host.Models:
    return host.Models(settings, lambda message: None)


async def test_who_writes_and_paints_in_anothers_place_says_so_on_all_they_make(settings: Settings) -> None:
    client = StudioClient(with_studio(settings, painter="klein", writer="gemma-4-e2b"))
    painting = await painted(client)
    assert painting.painter.startswith("mini@") and painting.painter.endswith(" instead of klein")
    mia = Character(CharacterId("c1"), OwnerId("ann"), "Mia", Pronouns.SHE, Look())
    story = Story(StoryId("s"), VenueId("v"), ServerId("g"), OwnerId("ann"), "A title")
    turn = Turn(TurnId("t"), story.story_id, mia.owner_id, "Ann", "Mia finds a red ball.")
    step = await asyncio.wait_for(client.write(
        Scene(story, turn, (mia,), (Member(mia.owner_id, "Ann", 0, mia.character_id),), (), ()), seed=1,
        on_event=lambda event: None), 300)
    assert step.writer.startswith("mini-writer@") and step.writer.endswith(" instead of gemma-4-e2b")
    ready = await asyncio.wait_for(client.ready(), 300)
    assert {model.name for model in ready.models} >= {painting.painter, step.writer}
    assert {unable.role for unable in ready.unable} == {"painter", "writer"}
    await client.close()


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy needs no sixteen gibibytes."""
    monkeypatch.setattr("engine.tiers.Tier.short_of", lambda self, hardware: "")


@pytest.mark.parametrize("painter", ["klein", "qwen3.5-2b"])
def test_what_is_not_there_or_no_painter_is_stood_in_for(settings: Settings, painter: str) -> None:
    opened = models(with_studio(settings, painter=painter))
    assert opened.get("painter").name.startswith("mini@") and opened.name("painter").endswith(f" instead of {painter}")
    [unable] = opened.ready().unable
    assert unable.why in ("klein is not pulled: run `storythread models pull klein`",
                          "qwen3.5-2b is a writer: name it in studio.writer")


def test_a_damaged_file_is_not_opened(settings: Settings, roomy: None) -> None:
    weights = next(path for path in files_of(settings, "sd15") if path.parent.name == "unet" and path.suffix != ".json")
    sound = weights.read_bytes()
    try:
        weights.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        sha256_of.cache_clear()
        opened = models(settings)
        assert opened.get("painter") and opened.name("painter").endswith(" instead of sd15")
        assert opened.ready().stand_in == "mini"
        assert "sd15 is damaged (unet/" in opened.ready().unable[0].why
    finally:
        weights.write_bytes(sound)
        sha256_of.cache_clear()


def test_a_writer_that_became_another_is_stood_in_for_too(settings: Settings) -> None:
    model = gguf_of(settings, "qwen3.5-2b")[0]
    sound = model.read_bytes()
    try:
        model.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        sha256_of.cache_clear()
        opened = models(settings)
        assert opened.get("writer") and opened.name("writer").startswith("mini-writer@")
        assert opened.name("writer").endswith(" instead of qwen3.5-2b")
        assert not opened.ready().stand_in and "is another file than" in opened.ready().unable[0].why
    finally:
        model.write_bytes(sound)
        sha256_of.cache_clear()


def test_where_not_even_mini_can_paper_dolls_are_allowed_to_or_not(
        settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(settings: Settings) -> None:
        raise StudioFailed("no weights")

    monkeypatch.setattr("engine.painters.open_mini", broken)
    opened = models(with_studio(settings, painter="klein", fallback_to_theatre=True))
    assert opened.get("painter") and opened.name("painter") == "theatre@1 instead of klein"
    assert opened.ready().stand_in == "theatre"
    with pytest.raises(StudioFailed, match="klein is not pulled"):
        models(with_studio(settings, painter="klein")).get("painter")


@pytest.mark.parametrize("gib", [79.2, 23.6, 19.7, 15.7, 11.7, 7.8])
def test_the_table_and_the_painters_agree_how_they_fit(gib: float, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from engine.painters import klein, unet

    card = Hardware("cuda", "a card", int(gib * 2**30), 0, (9, 0), 8, 64 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(
        total_memory=card.memory_bytes))
    device = torch.device("cuda")
    assert klein.best_fitting(device) == TIERS["klein"].fitting(card)
    # The two have their weights on torch's meta device: shapes, and nothing in them.
    for family, parts in full_size().items():
        assert unet.best_fitting(SimpleNamespace(components=parts), device) == TIERS[family].fitting(card), family


@cache
def full_size() -> dict[str, dict[str, Any]]:
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    from bench.gpu import random_sd

    found = {}
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):
            for family in ("sdxl", "sd15"):
                models = random_sd.parts(family, toy=False, words=0)
                eyes = CLIPVisionModelWithProjection(CLIPVisionConfig(**random_sd.EYES))
                adapter = random_sd.ip_adapter_weights(models["unet"], eyes.config.hidden_size,
                                                       random_sd.RESAMPLERS[family])
                models["unet"].add_module("adapter", torch.nn.ParameterList(adapter.values()))
                found[family] = models | {"eyes": eyes}
    finally:
        torch.set_default_dtype(before)
    return found


def test_auto_on_a_machine_without_a_gpu_paints_with_mini_and_says_why(
        settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    import torch

    opened = models(with_studio(settings, painter="auto"))
    if not torch.cuda.is_available():
        assert opened.get("painter").name.startswith("mini@") and "instead" not in opened.get("painter").name
        assert "the painter is mini: what is pulled does not suit this machine: sd15" in caplog.text
    assert not opened.ready().stand_in
