"""The machine is seen through a child process, whatever state its drivers are in."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from engine.hardware import hardware_of_this_machine, read
from engine.tiers import GIB, Hardware


@pytest.fixture(autouse=True)
def looked_at_anew() -> None:
    hardware_of_this_machine.cache_clear()


def python_that(tmp_path: Path, does: str) -> str:
    """A program in Python's place."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    return str(script)


def test_this_machine() -> None:
    seen = hardware_of_this_machine()
    assert seen.ram_bytes == psutil.virtual_memory().total and seen.cores >= 1
    assert "torch" not in seen.problem and "crashed" not in seen.problem and "answer" not in seen.problem
    if seen.device == "cpu":
        assert not seen.memory_bytes and seen.told().startswith("no GPU; ")
    else:
        assert seen.memory_bytes > 2**30 and seen.name in seen.told()
    assert hardware_of_this_machine() is seen, "once a process"


@pytest.mark.parametrize(("does", "told"), [
    ("kill -SEGV $$", "crashed (status -11)"), ("sleep 600", "longer than 0.3 s: its driver hangs"),
    ("echo nonsense", "gave no answer"), ("echo", "gave no answer"), ("echo '{\"device\": \"cuda\"}'", "no answer"),
])
def test_a_driver_that_crashes_hangs_or_babbles_is_said(tmp_path: Path, does: str, told: str) -> None:
    patience_s = 0.3 if "sleep" in does else 60.0
    seen = hardware_of_this_machine(patience_s, python_that(tmp_path, does.replace("sleep", "exec sleep")))
    assert seen.device == "cpu" and told in seen.problem and seen.ram_bytes and told in seen.told()


def test_without_torch_it_is_a_machine_without_a_gpu(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart.so.13: cannot open shared object file')")
    seen = hardware_of_this_machine(60.0, python_that(
        tmp_path, f'PYTHONPATH="{tmp_path}:$PYTHONPATH" exec {sys.executable} "$@"'))
    assert seen.device == "cpu" and seen.problem == "torch cannot be imported (ImportError)" and seen.cores


def test_a_card_is_told_of_as_its_maker_calls_it() -> None:
    card = Hardware("cuda", "NVIDIA L4", 23 * GIB, 20 * GIB, (8, 9), 8, 32 * GIB, 16 * GIB, True)
    assert read("a warning\n" + json.dumps(asdict(card))) == card
    assert card.told() == "NVIDIA L4, 23 GiB (20 free), compute capability 8.9; 8 cores, 32 GiB of memory"
