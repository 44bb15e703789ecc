"""Hostile uploads: the whole catalogue, a sample of mutations, and the walls around the child that decodes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.uploads import MARKER, catalogue, judge, mutations, seeded
from engine.cast.photos import open_photo

ROOT = Path(__file__).resolve().parents[3]


async def test_the_catalogue_of_bad_uploads_does_no_harm() -> None:
    outcome = await judge(catalogue())
    assert outcome.faults() == []
    assert outcome.photos >= 10 and sum(outcome.refused.values()) >= 25, "odd ones are read, bad ones refused"


async def test_a_sample_of_mutations_does_no_harm() -> None:
    outcome = await judge(mutations(40, seed=2026))
    assert outcome.faults() == []
    assert outcome.photos and outcome.refused


def test_the_same_seed_gives_the_same_mutations() -> None:
    assert list(mutations(20, 3)) == list(mutations(20, 3)) != list(mutations(20, 4))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_no_kind_of_metadata_comes_through(kind: str) -> None:
    data = seeded(kind)
    assert data.count(MARKER) >= 6, "description, artist, comment, place, XMP, ICC and tail are really there"
    photo = await open_photo(data)
    assert MARKER not in photo.rgb and not photo.image().info and not photo.image().getexif()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls of Linux's")
def test_the_child_can_open_no_file_and_no_connection() -> None:
    code = (
        "import os, socket, sys\n"
        "from engine.cast.confinement import confine\n"
        "listener = socket.create_server(('127.0.0.1', 0)); where = listener.getsockname()\n"
        "socket.create_connection(where).close()\n"                       # the control: before, both can be done
        "open(sys.argv[1]).close()\n"
        "held = confine()\n"
        "deeds = [('files', lambda: open(sys.argv[1])), ('files', lambda: open(sys.argv[1] + '2', 'w')),\n"
        "         ('files', lambda: os.listdir('/')), ('network', lambda: socket.create_connection(where))]\n"
        "for wall, deed in deeds:\n"
        "    try: deed(); print(wall, 'open', wall in held)\n"
        "    except OSError as error: print(wall, 'shut', wall in held)\n")
    said = subprocess.run([sys.executable, "-c", code, __file__], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = said.stdout.splitlines()
    assert len(lines) == 4
    for line in lines:
        _, state, held = line.split()
        assert (state == "shut") == (held == "True"), f"what is said to hold does: {lines}"
