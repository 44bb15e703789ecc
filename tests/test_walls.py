"""The walls of the house: importing does no work, the face never reaches a model, the README's words are true."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bot
import engine

ROOT = Path(__file__).parents[1]
MODELS = ("torch", "diffusers", "transformers", "llama_cpp", "peft")


def modules_of(package: str) -> list[str]:
    path = bot.__path__ if package == "bot" else engine.__path__
    return sorted(info.name for info in pkgutil.walk_packages(path, f"{package}.") if "migrations" not in info.name)


def in_a_fresh_process(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *arguments], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


IMPORT_ALL = """
import builtins, importlib, os, socket, sys, threading, warnings
written, opened = [], builtins.open
def watch(path, mode="r", *rest, **more):
    if any(letter in mode for letter in "wax+"):
        written.append(str(path))
    return opened(path, mode, *rest, **more)
builtins.open = watch
socket.socket.connect = lambda *_: written.append("a connection")
sys.dont_write_bytecode = True
before = threading.active_count()
for name in sys.argv[1:]:
    importlib.import_module(name)
builtins.open = opened
print(*(name for name in ("torch", "diffusers", "transformers", "llama_cpp", "peft") if name in sys.modules))
print(threading.active_count() - before)
print(*written)
"""


def test_importing_the_face_does_no_work_and_reaches_no_model() -> None:
    models, threads, written = in_a_fresh_process(IMPORT_ALL, *modules_of("bot")).split("\n")[:3]
    assert (models, threads, written) == ("", "0", "")


def test_importing_the_engine_does_no_work() -> None:
    names = [name for name in modules_of("engine") if not name.startswith(("engine.painters.", "engine.writers."))]
    _, threads, written = in_a_fresh_process(IMPORT_ALL, *names).split("\n")[:3]
    assert (threads, written) == ("0", "")


@pytest.mark.parametrize("page", ["README.md", "docs/scenes.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
    assert not missing


def test_make_story_paints_with_a_model() -> None:
    from engine.settings import StudioSettings

    assert StudioSettings().painter == "auto" and not StudioSettings().fallback_to_theatre
