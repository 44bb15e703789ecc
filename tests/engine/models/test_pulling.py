"""Pulling models from a hub over real HTTP: pinned, resumed, checked, agreed to, and never asked for again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, a_hub

from bench.tiny_gguf import build_tiny_gguf
from engine.models import pulling
from engine.models.pulling import Plan, make_plan
from engine.models.shelf import files_of, folder_of, gguf_of, must_be_whole, pulled, recipe_of, remove, writer_choice
from engine.nouns import StudioFailed
from engine.pinned import REMEMBERED, remembered, sha256_of
from engine.settings import Settings, load_settings
from engine.tiers import AUTO, TIERS, Hardware
from engine.writers import open_writer
from engine.writers.llama import LlamaWriter

WRITER, REPOSITORY = "qwen3.5-2b", "unsloth/Qwen3.5-2B-GGUF"
GGUF, EYES = "Qwen3.5-2B-Q4_K_M.gguf", "mmproj-F16.gguf"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return build_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf").read_bytes()


@pytest.fixture
def hub(gguf: bytes) -> Iterator[Hub]:
    with a_hub() as hub:
        hub.put(REPOSITORY, {GGUF: gguf, "Qwen3.5-2B-Q8_0.gguf": gguf[:5000], EYES: b"eyes" * 3000, "README.md": b"#",
                             "mmproj-BF16.gguf": b"more" * 2000, "run.py": b"import os"})
        yield hub


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", studio={"threads": 1})


def pull(settings: Settings, hub: Hub, name: str = WRITER) -> tuple[Plan, list[int]]:
    counts: list[int] = []
    plan = make_plan(settings, name, endpoint=hub.url)
    pulling.fetch(settings, plan, counts.append, endpoint=hub.url)
    return plan, counts


def test_a_writer_is_pulled_pinned_and_opened_without_the_hub(settings: Settings, hub: Hub, gguf: bytes) -> None:
    assert writer_choice(settings, Hardware).name == "mini"
    plan, counts = pull(settings, hub)
    assert [each.target.name for each in plan.files] == [GGUF, EYES], "the files that are wanted, and no other"
    assert sum(counts) == plan.whole_bytes == len(gguf) + 12000
    model, eyes = gguf_of(settings, WRITER)
    assert model.read_bytes() == gguf and eyes is not None and eyes.read_bytes() == b"eyes" * 3000
    assert pulled(settings) == [WRITER] and must_be_whole(settings, WRITER) == folder_of(settings, WRITER)
    notes = json.loads((settings.home / REMEMBERED).read_text())
    assert notes[f"hub:{REPOSITORY}"] == hub.newest[REPOSITORY]
    assert notes[f"models/{WRITER}/{GGUF}"] == hashlib.sha256(gguf).hexdigest()

    before = len(hub.asked)
    assert pulling.is_whole(settings, WRITER)
    named = settings.model_copy(update={"studio": settings.studio.model_copy(update={"writer": WRITER})})
    writer = open_writer(named)
    assert isinstance(writer, LlamaWriter) and writer.name == "Qwen3.5-2B-Q4_K_M"
    writer.close()
    assert settings.studio.writer == AUTO
    roomy = Hardware(ram_bytes=16 * 2**30)
    assert writer_choice(settings, lambda: roomy).name == WRITER
    assert len(hub.asked) == before, "nobody asked the hub again"


def test_a_line_that_breaks_in_the_middle_is_taken_up_there(settings: Settings, hub: Hub) -> None:
    big = os.urandom(23 * 2**20)           # more than is written at once
    hub.put(REPOSITORY, {GGUF: big, EYES: b"eyes"})
    hub.cut_after[GGUF] = 21 * 2**20
    _, counts = pull(settings, hub)
    assert hub.ranges(GGUF) == ["", f"bytes={20 * 2**20}-"]
    assert gguf_of(settings, WRITER)[0].read_bytes() == big and sum(counts) == len(big) + 4


def test_a_pull_that_was_killed_goes_on_and_stays_at_its_commit(settings: Settings, hub: Hub) -> None:
    big = os.urandom(23 * 2**20)
    first = hub.put(REPOSITORY, {GGUF: big, EYES: b"eyes"})
    hub.hold_after[GGUF] = 21 * 2**20
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "STORYTHREAD_HOME": str(settings.home), "COLUMNS": "200"}
    command = [sys.executable, "-W", "ignore", "-m", "bot.cli", "models", "pull", WRITER, "--agree"]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert hub.held.wait(120)
        part = folder_of(settings, WRITER) / f"{GGUF}.part"
        while not part.exists() or part.stat().st_size < 20 * 2**20:      # what it wrote lies on the disk
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert pulled(settings) == [] and part.stat().st_size == 20 * 2**20
    hub.hold_after.clear()
    hub.put(REPOSITORY, {GGUF: b"something newer" * 1000, EYES: b"eyes"})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "21 MB are here from last time" in done.stdout and f"at {first}" in done.stdout
    assert "Licence" not in done.stdout, "agreed to once"
    assert hub.ranges(GGUF) == ["", f"bytes={20 * 2**20}-"]
    assert gguf_of(settings, WRITER)[0].read_bytes() == big
    again = subprocess.run(command, cwd=ROOT, env={**environment, "HF_HUB_OFFLINE": "1"}, capture_output=True,
                           text=True, check=False, timeout=300)
    assert again.returncode == 0 and "every file of it is as it was pulled" in again.stdout


def test_what_comes_damaged_is_fetched_again_and_what_was_damaged_since_too(settings: Settings, hub: Hub) -> None:
    hub.damaged[GGUF] = 1
    plan, counts = pull(settings, hub)
    assert hub.ranges(GGUF) == ["", ""] and sum(counts) == plan.whole_bytes
    model, eyes = gguf_of(settings, WRITER)
    sound = model.read_bytes()
    model.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    sha256_of.cache_clear()                # as in the next process
    assert not pulling.is_whole(settings, WRITER)
    with pytest.raises(StudioFailed, match=rf"is damaged \({GGUF}\): run `storythread models pull {WRITER}`"):
        must_be_whole(settings, WRITER)
    assert eyes is not None
    eyes.unlink()
    plan, _ = pull(settings, hub)
    assert [each.source for each in plan.missing] == [GGUF, EYES]
    assert model.read_bytes() == sound and pulling.is_whole(settings, WRITER)


def test_what_keeps_coming_damaged_is_not_kept(settings: Settings, hub: Hub) -> None:
    hub.damaged[GGUF] = 9
    with pytest.raises(StudioFailed, match="came damaged 2 times"):
        pull(settings, hub)
    assert pulled(settings) == [] and not list(folder_of(settings, WRITER).glob("*.gguf"))


def test_another_file_under_the_same_commit_is_refused(settings: Settings, hub: Hub) -> None:
    pull(settings, hub)
    hub.lies[GGUF] = b"something else" * 1000
    gguf_of(settings, WRITER)[0].unlink()
    with pytest.raises(StudioFailed, match=r"another Qwen3.5-2B-Q4_K_M.gguf of .* than was pulled before"):
        make_plan(settings, WRITER, endpoint=hub.url)
    remove(settings, WRITER)
    assert not [key for key in remembered(settings) if WRITER in key or REPOSITORY in key]
    pull(settings, hub)
    assert gguf_of(settings, WRITER)[0].read_bytes() == b"something else" * 1000


def test_an_operator_names_a_revision(settings: Settings, hub: Hub, gguf: bytes) -> None:
    old = hub.newest[REPOSITORY]
    hub.put(REPOSITORY, {GGUF: b"newer" * 2000, EYES: b"eyes"})
    named = settings.model_copy(update={"studio": settings.studio.model_copy(update={"revisions": {REPOSITORY: old}})})
    pull(named, hub)
    assert gguf_of(settings, WRITER)[0].read_bytes() == gguf
    newer = settings.model_copy(update={"studio": settings.studio.model_copy(
        update={"revisions": {REPOSITORY: hub.newest[REPOSITORY]}})})
    assert pulling.is_whole(settings, WRITER) and not pulling.is_whole(newer, WRITER)
    pull(newer, hub)
    assert gguf_of(settings, WRITER)[0].read_bytes() == b"newer" * 2000 and pulling.is_whole(newer, WRITER)
    assert recipe_of(folder_of(settings, WRITER))["revision"] == hub.newest[REPOSITORY][:12]


def test_every_trouble_is_one_plain_sentence(settings: Settings, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(**given: str) -> str:
        with pytest.raises(StudioFailed) as caught:
            make_plan(settings, given.get("name", WRITER), endpoint=given.get("endpoint", hub.url))
        return str(caught.value)

    assert "no model called gpt" in why(name="gpt")
    assert "has no repository ggml-org" in why(name="gemma-4-e2b")
    assert "cannot be reached: is this machine online?" in why(endpoint="http://127.0.0.1:9")
    hub.gated.add(REPOSITORY)
    assert "only given to who agreed" in why()
    hub.gated.clear()
    hub.status = 500
    assert "answered 500" in why()
    hub.status = 0
    held = hub.repositories[REPOSITORY][hub.newest[REPOSITORY]]
    hub.put(REPOSITORY, {"README.md": b"#"})
    assert "holds no *-Q4_0.gguf" in why()
    hub.put(REPOSITORY, {"../../x-Q4_K_M.gguf": b"", **held})
    assert "outside its own folder" in why()
    pull_of = hub.put(REPOSITORY, held)
    plan, _ = pull(settings, hub)
    del hub.repositories[REPOSITORY][pull_of]
    assert "no longer has the commit" in why()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10)) 
    with pytest.raises(StudioFailed, match=r"needs 0.0 GB more .* where 0.0 GB are free"):
        pulling.need_room(settings, plan)


def test_a_licence_is_agreed_to_once_and_anew_when_it_changes(settings: Settings, hub: Hub) -> None:
    plan = make_plan(settings, WRITER, endpoint=hub.url)
    assert not pulling.is_agreed(settings, plan)
    pulling.agree(settings, plan)
    assert pulling.is_agreed(settings, make_plan(settings, WRITER, endpoint=hub.url))
    hub.licence = "other"
    assert not pulling.is_agreed(settings, make_plan(settings, WRITER, endpoint=hub.url))


def test_files_go_where_the_painter_looks_for_them() -> None:
    held = ["model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
            "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin", "tokenizer/vocab.json",
            "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.fp16.safetensors",
            "vae/config.json", "vae/diffusion_pytorch_model.fp16.safetensors", "v1-5-pruned.ckpt"]
    main, lora, adapter, _ = TIERS["sd15"].repositories
    found = dict(pulling.chosen(main, held, "sd15"))
    assert found["unet/diffusion_pytorch_model.fp16.safetensors"] == "unet/diffusion_pytorch_model.safetensors"
    assert not [path for path in found if path.endswith((".bin", ".ckpt"))] and len(found) == 9
    assert dict(pulling.chosen(lora, ["pytorch_lora_weights.safetensors"], "sd15")) == {
        "pytorch_lora_weights.safetensors": TIERS["sd15"].recipe["lora"]["file"]}
    held = ["models/ip-adapter-plus_sd15.safetensors", "models/image_encoder/config.json",
            "models/image_encoder/model.safetensors", "models/ip-adapter_sd15.bin"]
    inside = set(dict(pulling.chosen(adapter, held, "sd15")).values())
    recipe = TIERS["sd15"].recipe["ip_adapter"]
    assert f"{recipe['folder']}/{recipe['weights']}" in inside
    assert f"{recipe['folder']}/{recipe['image_encoder']}/config.json" in inside


def test_two_at_once_do_not_write_over_each_other(settings: Settings, hub: Hub) -> None:
    from filelock import FileLock

    plan = make_plan(settings, WRITER, endpoint=hub.url)
    (settings.home / "models").mkdir(parents=True)
    with FileLock(settings.home / "models" / ".pulling.lock"), pytest.raises(StudioFailed, match="Another `story"):
        pulling.fetch(settings, plan, lambda _: None, endpoint=hub.url)
    assert not files_of(settings, WRITER)
