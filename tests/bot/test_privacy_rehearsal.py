"""A whole rehearsal in a network of its own, at DEBUG: the scene plays, no log holds anything personal, nothing leaves.

The bot, its studio and the children that decode photos are the real ones. People make mistakes in it: a file that is no
photo, a name that is none, a wish nobody understands; and the bot is killed in the middle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.leaks import leaks, personal
from bench.quarantine import NOT_ALLOWED

ROOT = Path(__file__).resolve().parents[2]
SCENE = Path("privacy")
NAMES = ("Zebulonia", "Zebby", "Brumbasse", "Wilhelmine", "peppermint", "Quillington", "Samarkand", "diary")


@dataclass(frozen=True)
class Played:
    folder: Path
    code: int
    said: str
    network: dict[str, dict[str, int]]

    @property
    def log(self) -> str:
        return (self.folder / "bot.log").read_text("utf-8", "replace")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The scene of privacy, played in quarantine with paper dolls."""
    folder = tmp_path_factory.mktemp("privacy")
    report = folder / "network.json"
    environment = os.environ | {
        "STORYTHREAD_LOG_LEVEL": "DEBUG", "STORYTHREAD_STUDIO__PAINTER": "theatre", "STORYTHREAD_STUDIO__THREADS": "1",
        "STORYTHREAD_HOME": str(folder / "home"), "STORYTHREAD_MASTER_KEY_FILE": str(folder / "master.key")}
    rehearse = [sys.executable, "-m", "bot.cli", "rehearse", "--scene", "privacy", "--out", str(folder / "out")]
    done = subprocess.run([sys.executable, "-m", "bench.quarantine", str(report), *rehearse], cwd=ROOT,
                          env=environment, capture_output=True, text=True, check=False, timeout=600)
    network = {}
    if done.returncode == NOT_ALLOWED:     # no namespaces here: the logs are looked at all the same
        done = subprocess.run(rehearse, cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
                              timeout=600)
    else:
        network = json.loads(report.read_text("utf-8"))
    return Played(folder / "out", done.returncode, done.stdout + done.stderr, network)


def test_the_scene_is_played_to_its_end(played: Played) -> None:
    report = json.loads((played.folder / "report.json").read_text("utf-8")) if played.code == 0 else {}
    assert played.code == 0 and report["failures"] == [], played.said[-3000:]
    assert report["pages"] == 3


def test_nothing_personal_is_in_any_log(played: Played) -> None:
    looked_for = personal(SCENE, played.folder) | dict.fromkeys(NAMES, "a name or a word of a turn")
    assert len(looked_for) > 60 and "studio:" in played.log and "the bot is there" in played.log
    assert leaks(played.log, looked_for, ("Nina", "Omar")) == []
    assert "loopback." not in played.log, "the token"
    assert "Traceback (most recent call last)" not in played.log


def test_the_look_at_the_logs_finds_what_is_planted(played: Played) -> None:
    looked_for = personal(SCENE, played.folder)
    for planted in (
            "INFO storythread: turn: Zebulonia tiptoes to the beach with a kite of peppermint.",
            "DEBUG NINAS-DIARY.JPG", "INFO storythread: Omar joined",
            "ERROR discord.http: {'content': 'Brumbasse finds a\n lantern in the forest.'}"):
        assert leaks(played.log + planted, looked_for, ("Nina", "Omar")), planted


def test_nothing_left_the_machine(played: Played) -> None:
    if not played.network:
        pytest.skip("namespaces are not allowed here: what native code sends cannot be seen")
    assert played.network["refused"] == {} and played.network["lost"] == 0
    assert any(each.startswith("tcp 127.0.0.1:") for each in played.network["allowed"]), "Discord's was seen"


def test_the_watch_sees_what_wants_to_leave(tmp_path: Path) -> None:
    """The negative control: Python's sockets, name look-ups in native code, datagrams; 192.0.2.0/24 is nobody's."""
    report = tmp_path / "network.json"
    program = ("import socket\n"
               "for deed in (lambda: socket.create_connection(('192.0.2.1', 443), 5),\n"
               "             lambda: socket.getaddrinfo('nobody.invalid', 80),\n"
               "             lambda: socket.socket(2, 2).sendto(b'x', ('192.0.2.2', 9))):\n"
               "    try:\n        deed()\n    except OSError:\n        pass\n")
    code = subprocess.run([sys.executable, "-m", "bench.quarantine", str(report), sys.executable, "-c", program],
                          cwd=ROOT, check=False, timeout=120).returncode
    if code == NOT_ALLOWED:
        pytest.skip("namespaces are not allowed here")
    seen = set(json.loads(report.read_text("utf-8"))["refused"])
    assert {"tcp 192.0.2.1:443", "udp 192.0.2.2:9"} <= seen


def test_models_are_told_to_stay_at_home() -> None:
    from engine.settings import load_settings
    from engine.studio.client import _child_environment

    told = _child_environment(load_settings(discord={"token": "secret"}))
    assert told["HF_HUB_OFFLINE"] == told["HF_HUB_DISABLE_TELEMETRY"] == told["DO_NOT_TRACK"] == "1"
    assert "DISCORD_TOKEN" not in told and not [name for name in told if name.startswith("STORYTHREAD_")]
