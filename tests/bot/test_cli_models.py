"""`storythread models`: what is shown, agreed to, fetched and removed, each failure in one plain sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, a_hub
from typer.testing import CliRunner, Result

import engine.hardware
from bot.cli import app
from engine.tiers import GIB, Hardware

REPOSITORY = "unsloth/Qwen3.5-2B-GGUF"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("STORYTHREAD_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORYTHREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "home"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    import huggingface_hub.constants

    with a_hub() as hub:
        hub.put(REPOSITORY, {"Qwen3.5-2B-Q4_K_M.gguf": b"GGUF" * 5000, "mmproj-F16.gguf": b"eyes" * 2000})
        # HF_ENDPOINT is read when the library is imported.
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                            hub.url + "/{repo_id}/resolve/{revision}/{filename}")
        yield hub


def run(*arguments: str, says: str = "") -> Result:
    return CliRunner().invoke(app, ["models", *arguments], input=says)


def test_the_licence_is_shown_and_without_a_yes_nothing_is_fetched(hub: Hub, home: Path) -> None:
    refused = run("pull", "qwen3.5-2b", says="n\n")
    assert refused.exit_code == 1 and "Nothing was fetched." in refused.stderr
    assert "Licence: Apache-2.0." in refused.stdout and "https://www.apache.org" in refused.stdout
    assert f"{REPOSITORY} says of itself: apache-2.0" in refused.stdout
    assert not list(home.rglob("*.gguf*")) and not hub.ranges("Qwen3.5-2B-Q4_K_M.gguf")
    agreed = run("pull", "qwen3.5-2b", says="y\n")
    assert agreed.exit_code == 0 and f"at {hub.newest[REPOSITORY]}" in agreed.stdout
    assert "as it was pulled" in run("pull", "qwen3.5-2b").stdout


def test_what_is_here_is_listed_and_removed(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Hardware("cuda", "NVIDIA L4", 23 * GIB, 20 * GIB, (8, 9), 8, 16 * GIB, 10 * GIB, True)
    monkeypatch.setattr(engine.hardware, "hardware_of_this_machine", lambda: card)
    assert run("pull", "qwen3.5-2b", "--agree").exit_code == 0
    (home / "models" / "klein").mkdir()
    listed = run("list").stdout.splitlines()
    [klein] = [line for line in listed if line.startswith("klein ")]
    [writer] = [line for line in listed if line.startswith("qwen3.5-2b ")]
    assert klein.rstrip().endswith("begun") and writer.rstrip().endswith("yes")
    assert [line for line in listed if line.startswith("This machine: NVIDIA L4, 23 GiB")]
    assert [line for line in listed if line.startswith("It paints with mini (no other painter is pulled) and writes "
                                                       "with qwen3.5-2b (the best writer that is pulled")]
    assert listed[-1] == "It can hold klein: storythread models pull klein"
    gone = run("remove", "qwen3.5-2b")
    assert gone.exit_code == 0 and not (home / "models" / "qwen3.5-2b").exists()
    assert run("remove", "qwen3.5-2b").exit_code == 1


def test_wrong_names_are_said_before_anything_is_asked(hub: Hub) -> None:
    for command in (("pull", "qwen3.5-2b", "dall-e"), ("remove", "dall-e")):
        wrong = run(*command)
        assert wrong.exit_code in (1, 2) and "no model called dall-e" in wrong.stderr
    assert not hub.asked


def test_a_full_disk_is_said_before_anything_is_fetched(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    full = run("pull", "qwen3.5-2b", "--agree")
    assert full.exit_code == 1 and "make room" in full.stderr and len(full.stderr.strip().splitlines()) == 1
    assert not hub.ranges("Qwen3.5-2B-Q4_K_M.gguf")


def test_ctrl_c_keeps_what_has_come(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.models import pulling

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pulling, "fetch", interrupted)
    stopped = run("pull", "qwen3.5-2b", "--agree")
    assert stopped.exit_code == 130 and "the same command goes on from there" in stopped.stderr
