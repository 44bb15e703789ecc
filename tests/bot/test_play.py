"""`storythread play` as a person uses it: by script and at a terminal, with the real engine, writer and studio."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from PIL import Image

from engine.nouns import CharacterId, OwnerId
from engine.settings import load_settings
from engine.store import open_library

PHOTOS = Path("bot/rehearsal/scenes/photos").absolute()
SCRIPT = """\ufeffAda: I go to the garden.
Bo: Pim finds a big red balloon.

# they are at home
ada: We sleep.
"""


def environment(folder: Path) -> dict[str, str]:
    """A data folder of its own, paper dolls for the painter, and nothing of whoever runs the tests."""
    own = {name: value for name, value in os.environ.items()
           if not name.startswith("STORYTHREAD_") and name not in ("DISCORD_TOKEN", "NO_COLOR", "COLUMNS")}
    return own | {"STORYTHREAD_HOME": str(folder / "home"), "STORYTHREAD_MASTER_KEY_FILE": str(folder / "master.key"),
                  "STORYTHREAD_STUDIO__PAINTER": "theatre", "STORYTHREAD_STUDIO__THREADS": "1", "TERM": "xterm"}


def storythread(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bot.cli", *arguments], env=environment(folder), text=True,
                          capture_output=True, timeout=300, stdin=subprocess.DEVNULL, check=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One story by script, of a photo and of words; the tests look at what it left."""
    folder = tmp_path_factory.mktemp("play")
    (folder / "script.txt").write_text(SCRIPT, "utf-8")
    return folder, storythread(
        folder, "play", "--script", str(folder / "script.txt"), "--out", str(folder / "out"), "--title", "Two friends",
        "--character", f"Ada={PHOTOS / 'astronaut.jpg'},she,a red cap", "--character", "Pim=a small green dragon,it")


Played = tuple[Path, subprocess.CompletedProcess[str]]


def test_a_script_leaves_panels_a_book_and_a_report(played: Played) -> None:
    folder, done = played
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    report: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text("utf-8"))
    panels = sorted((folder / "out" / "panels").iterdir())
    assert len(panels) == report["panels"] >= 3
    for path in panels:
        with Image.open(path) as picture:
            assert picture.size == (256, 256) and len(picture.convert("RGB").getcolors(70000) or []) > 20
    assert (folder / "out" / "book.pdf").read_bytes().startswith(b"%PDF")
    assert "Two friends" in (folder / "out" / "book.html").read_text("utf-8")
    assert [turn["author"] for turn in report["turns"]] == ["Ada", "Bo", "Ada"]
    assert [name for turn in report["turns"] for name in turn["panels"]] == [path.name for path in panels]
    for turn in report["turns"]:
        assert 0 < turn["prose_s"] <= turn["first_preview_s"] <= turn["panels_s"][0]
        assert turn["panels_s"] == sorted(turn["panels_s"]) and not turn["failures"]
    assert report["peak_memory_mib"]["terminal"] > 30 and report["peak_memory_mib"]["studio"] > 30
    assert report["versions"]["python"] and report["versions"]["storythread"]


def test_what_happens_is_told_with_every_file_by_name(played: Played) -> None:
    folder, done = played
    assert done.stdout.index("Ada is in the story: ") < done.stdout.index("Ada: I go to the garden.")
    for path in (folder / "out" / "panels").iterdir():
        assert f"  {path}\n" in done.stdout
    assert str(folder / "out" / "book.pdf") in done.stdout
    assert "\x1b" not in done.stdout and "Traceback" not in done.stdout


async def test_a_writer_called_as_a_character_is_that_character(
        played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = played
    for name, value in environment(folder).items():
        if name.startswith("STORYTHREAD_"):
            monkeypatch.setenv(name, value)
    library = await open_library(load_settings())
    try:
        [story] = await library.every_story()
        members = await library.members(story.story_id)
        cast = {character.name: character for character in await library.cast(story.story_id)}
        assert [(member.name, member.seat) for member in members] == [("Ada", 0), ("Bo", 1)]
        assert members[0].character_id == cast["Ada"].character_id
        assert members[1].character_id is None
        first = (await library.steps(story.story_id))[0]
        turn = await library.turn(first.turn_id)
        assert turn.owner_id == members[0].owner_id
        seen: set[CharacterId] = {figure.character_id for panel in await library.panels(story.story_id)
                                  for figure in panel.brief.figures if panel.step_id == first.step_id}
        assert cast["Ada"].character_id in seen                    # "I" was understood
        assert cast["Ada"].from_photo and cast["Ada"].consent is not None
        assert cast["Ada"].look.headwear == "cap" and cast["Pim"].look.kind == "dragon"
        assert cast["Pim"].owner_id == OwnerId("terminal") and cast["Pim"].avatar is not None
    finally:
        await library.close()


def test_a_kept_story_is_listed_and_bound_again(played: Played) -> None:
    folder, _ = played
    listed = storythread(folder, "export")
    found = re.search(r"\b[0-9a-f]{32}\b", listed.stdout)
    assert found is not None and "Two friends" in listed.stdout
    bound = storythread(folder, "export", found[0][:8], "--out", str(folder / "bound"))
    assert bound.returncode == 0, bound.stderr
    assert (folder / "bound" / "book.pdf").read_bytes().startswith(b"%PDF")
    assert "Two friends" in (folder / "bound" / "book.html").read_text("utf-8")


def test_what_was_played_is_forgotten_with_its_books(played: Played) -> None:
    """The last to look at what was played: panels, books and reports go, wherever they lie; nothing else does."""
    folder, _ = played
    (folder / "out" / "mine.txt").write_text("not the story's", "utf-8")
    assert (folder / "out" / "book.pdf").exists() and list((folder / "out" / "panels").iterdir())
    told = storythread(folder, "forget", "--yes")
    assert told.returncode == 0 and "Nothing that was played" in told.stdout, told.stderr
    assert [path.name for path in (folder / "out").rglob("*")] == ["mine.txt"]
    assert not (folder / "bound").exists() or not list((folder / "bound").rglob("*"))
    kept = [path for path in (folder / "home").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert b"Two friends" not in content and b"small green dragon" not in content, path.name


# --- at a terminal ---------------------------------------------------------------------------------

class Terminal:
    """A pseudo-terminal with `storythread play` in it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "play", *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
            env=environment(folder), start_new_session=True)
        self._theirs, self._ours = theirs, ours
        os.set_blocking(ours, False)
        self.text = ""

    def read(self) -> None:
        try:
            self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(self._ours, 65536).decode("utf-8", "replace"))
        except BlockingIOError:
            time.sleep(0.02)

    def until(self, words: str, *, limit_s: float = 120.0) -> None:
        """Wait until `words` stand on the screen; what was read up to them is gone."""
        self.when(lambda: words in self.text, words, limit_s)
        self.text = self.text.partition(words)[2]

    def when(self, true: Callable[[], bool], what: str, limit_s: float = 120.0) -> None:
        end = time.monotonic() + limit_s
        while not true():
            assert time.monotonic() < end, f"{what!r} did not come; on the screen: {self.text[-2000:]}"
            self.read()

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\r")

    def interrupt(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)         # as Ctrl-C does: everybody in the foreground is told

    def ended(self) -> int:
        """The exit code."""
        self.when(lambda: self.process.poll() is not None, "the end")
        for _ in range(5):
            self.read()
        assert self.process.returncode is not None
        return self.process.returncode

    @property
    def as_before(self) -> bool:
        """Whether the terminal echoes and edits lines as it did."""
        now = termios.tcgetattr(self._theirs)
        return bool(now[:4] == self.before[:4])

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def open_terminal(*arguments: str) -> Terminal:
        made.append(Terminal(tmp_path, *arguments))
        return made[-1]

    yield open_terminal
    for one in made:
        one.close()


def test_a_story_at_the_keyboard(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    """Cast, written, taken back, ended; every slip answered, and the terminal left as it was."""
    here = terminal("--out", str(tmp_path / "out"))
    for prompt, answer in (("Name:", ""), ("somebody in it", None), ("Name:", "Pim"), ("how they look:", "none.jpg"),
                           ("any):", "it"), ("no file none.jpg", None), ("Name:", "Pim"),
                           ("how they look:", "a green dragon"), ("any):", "she or he"), ("one of these", None),
                           ("any):", "it"), ("Pim is in the story", None), ("Name:", ""), ("own name?", "Ada"),
                           ("/quit", None), ("Ada:", "/jump"), ("no /jump", None), ("Ada:", "/undo"),
                           ("no page to take back", None), ("Ada:", "..."), ("no words", None),
                           ("Ada:", "Pim runs to the beach.")):
        here.until(prompt)
        if answer is not None:
            here.type(answer)
    here.until("panel-001.png")
    here.until("Ada:")
    assert (tmp_path / "out" / "panels" / "panel-001.png").is_file()
    here.type("/undo")
    here.until("taken back")
    assert not (tmp_path / "out" / "panels" / "panel-001.png").exists()
    here.until("Ada:")
    here.type("/as Bo")
    here.until("Bo:")
    here.type("/next")
    here.until(".png")
    here.until("Bo:")
    here.interrupt()                           # nothing is being made: a way to leave, with the book
    here.until("book.pdf")
    assert here.ended() == 0, here.text
    assert "Traceback" not in here.text
    assert here.as_before
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [turn["kind"] for turn in report["turns"]] == ["write", "next_page"]
    assert report["turns"][1]["author"] == "Bo"
    assert report["panels"] == len(list((tmp_path / "out" / "panels").iterdir())) > 0


def open_turns(home: Path) -> int:
    with closing(sqlite3.connect(home / "storythread.sqlite", timeout=60)) as library:
        return int(library.execute("SELECT count(*) FROM turns WHERE state = 'accepted'").fetchone()[0])


def test_ctrl_c_in_the_middle_of_a_page(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    """It leaves at once and cleanly; the page is finished at the next start, and a lost one stands in nobody's way."""
    (tmp_path / "script.txt").write_text("Ada: Pim runs to the beach.\n", "utf-8")
    here = terminal("--script", str(tmp_path / "script.txt"), "--character", "Pim=a green dragon,it")
    here.until("Pim is in the story")
    here.when(lambda: open_turns(tmp_path / "home") == 1, "a page being made")
    here.interrupt()
    here.until("finished at the next start")
    assert here.ended() == 130, here.text
    assert "Traceback" not in here.text and "WARNING" not in here.text
    assert here.as_before
    again = storythread(tmp_path, "play", "--script", str(tmp_path / "script.txt"), "--character", "Pim", "--out",
                        str(tmp_path / "out"), "--title", "The next one")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stderr == ""
    assert again.stdout.index("First I finish the page of Our story") < again.stdout.index("That page is kept")
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert len(report["turns"]) == 1                       # the old page is not of this story
    listed = storythread(tmp_path, "export").stdout
    assert "Our story" in listed and "The next one" in listed


def test_lines_from_a_pipe_end_the_story_where_they_end(tmp_path: Path) -> None:
    lines = "Pim\na green dragon\nit\n\nAda\nPim runs to the beach.\n/end"
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "play", "--out", str(tmp_path / "out")], env=environment(tmp_path), text=True,
        input=lines, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "" and "\x1b" not in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [turn["kind"] for turn in report["turns"]] == ["write", "end"]
    assert (tmp_path / "out" / "book.html").is_file()


async def test_with_nobody_to_write_or_paint_it_says_so_waits_and_stops(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "script.txt").write_text("Ada: I go to the garden.\n", "utf-8")
    process = subprocess.Popen(  # noqa: ASYNC220 - what it says is read on a thread
        [sys.executable, "-m", "bot.cli", "play", "--script", str(tmp_path / "script.txt"), "--out",
         str(tmp_path / "out"), "--character", "Ada=a girl with red hair,she"],
        env=environment(tmp_path) | {"STORYTHREAD_DATABASE_URL": postgres_url, "PYTHONUNBUFFERED": "1",
                                     "STORYTHREAD_STUDIO__WHERE": "workers"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        said = ""
        while "Nobody writes or paints just now" not in said:
            line = await asyncio.to_thread(process.stdout.readline)
            assert line, (said, process.stderr.read() if process.stderr is not None else "")
            said += line
        assert "Ada: I go to the garden." in said and process.poll() is None, "it goes on waiting"
        process.send_signal(signal.SIGINT)
        out, errors = await asyncio.to_thread(process.communicate, timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130 and errors == "" and "Stopped" in out and "Traceback" not in out
    library = await open_library(load_settings(
        home=tmp_path / "home", master_key_file=tmp_path / "master.key", database_url=postgres_url))
    try:
        [turn] = await library.open_turns()
        assert turn.text == "I go to the garden.", "the page comes with the next story that is told here"
        connection = await asyncpg.connect(postgres_url)
        assert await connection.fetch("SELECT * FROM jobs") == [], "nobody begins what nobody waits for"
        await connection.close()
    finally:
        await library.close()
