"""The command line: wrong use, settings and folders end in one plain sentence and the exit code that says which."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image
from typer.testing import CliRunner, Result

from bot.cli import FAILED, MISCONFIGURED, MISUSED, STORE, STORE_SENTENCES, app
from bot.rehearsal.loopback import Loopback, redirect_discord
from engine.labels import Labels
from engine.settings import load_settings

PHOTOS = Path("bot/rehearsal/scenes/photos").absolute()
MIA = ("--character", "Mia=a girl with red hair,she")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own data folder and working folder, and nothing of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("STORYTHREAD_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORYTHREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STORYTHREAD_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    monkeypatch.setenv("STORYTHREAD_STUDIO__PAINTER", "theatre")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.txt").write_text("Ada: Mia goes to the garden.\n", "utf-8")
    yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def one_sentence(result: Result, code: int) -> str:
    """Standard error held one plain sentence, and nothing was said of Python."""
    assert result.exit_code == code, result.output
    said = result.stderr.strip()
    assert said and "\n" not in said, said
    assert said.endswith((".", "?")), said
    assert "Traceback" not in result.output and "Error(" not in said
    return said


# --- play: what it cannot use ----------------------------------------------------------------------

def test_a_script_that_is_not_there_is_named() -> None:
    assert "none.txt" in one_sentence(run("play", "--script", "none.txt", *MIA), MISUSED)


@pytest.mark.parametrize(("content", "says"), [
    (b"", "no turns"), (b"# only a comment\n\n", "no turns"), (b"\xff\xfe\x00bin\x80", "not text"),
    (b"Ada: hello\nBo: " + b"x" * 1600, "line 2"), (b"Ada: hello\n\nBo: ...\n", "line 3"),
])
def test_a_script_that_cannot_be_played_is_refused_by_its_line(folder: Path, content: bytes, says: str) -> None:
    (folder / "script.txt").write_bytes(content)
    said = one_sentence(run("play", "--script", "script.txt", *MIA), MISUSED)
    assert says in said and "script.txt" in said
    assert not (folder / "home").exists()          # nothing was opened for it


@pytest.mark.parametrize(("order", "says"), [
    ("Mia=none.jpg,she", "no file none.jpg"), ("Mia=", "how they look"), ("=a girl", "needs a name"),
    ("@everyone=a girl", "mention"), ("🦊🦊=a fox", "name"), ("M" * 500 + "=a girl", "too long"),
    ("Mia=noise.jpg,she", "photo"), ("Mia=cut.jpg,she", "cut off"), ("Mia=empty.jpg,she", "empty"),
    ("Mia=words.png,she", "photo"), ("Mia\u202eaiM=a girl", "invisible"),
])
def test_a_character_that_cannot_be_had_is_refused(folder: Path, order: str, says: str) -> None:
    (folder / "noise.jpg").write_bytes(bytes(range(256)) * 20)
    (folder / "cut.jpg").write_bytes((PHOTOS / "chelsea.jpg").read_bytes()[:9000])
    (folder / "empty.jpg").touch()
    (folder / "words.png").write_text("these are words", "utf-8")
    said = one_sentence(run("play", "--script", "script.txt", "--character", order), MISUSED)
    assert says in said
    assert not (folder / "home").exists()


def test_a_name_never_kept_before_is_refused() -> None:
    said = one_sentence(run("play", "--script", "script.txt", "--character", "Pim"), MISUSED)
    assert "no character called Pim" in said


def test_two_of_one_name_are_refused() -> None:
    said = one_sentence(run("play", "--script", "script.txt", *MIA, "--character", "mia=a boy"), MISUSED)
    assert "Two characters" in said


def test_an_unknown_style_is_refused_with_the_known_ones() -> None:
    said = one_sentence(run("play", "--script", "script.txt", *MIA, "--style", "oil"), MISUSED)
    assert "oil" in said and "watercolour" in said


def test_a_folder_that_cannot_be_made_is_named() -> None:
    said = one_sentence(run("play", "--script", "script.txt", *MIA, "--out", "script.txt/book"), MISUSED)
    assert "script.txt/book" in said


def test_an_unknown_option_is_wrong_use() -> None:
    assert run("play", "--colour", "red").exit_code == MISUSED


# --- configuration ---------------------------------------------------------------------------------

@pytest.mark.parametrize("command", [("bot",), ("commands", "sync")])
def test_without_a_token_the_bot_says_where_to_get_one(command: tuple[str, ...], folder: Path) -> None:
    said = one_sentence(run(*command), MISCONFIGURED)
    assert "DISCORD_TOKEN" in said and "developer portal" in said
    assert not (folder / "home").exists()


@pytest.mark.parametrize("command", [("play", "--script", "script.txt", *MIA), ("bot",), ("commands", "sync"),
                                     ("export",), ("rehearse",)])
def test_a_damaged_file_is_named_with_its_place(command: tuple[str, ...], folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "storythread.toml").write_text("[studio\npainter =", "utf-8")
    said = one_sentence(run(*command), MISCONFIGURED)
    assert "storythread.toml" in said and "damaged" in said


def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYTHREAD_STUDIO__THREADS", "many")
    said = one_sentence(run("export"), MISCONFIGURED)
    assert "STORYTHREAD_STUDIO__THREADS" in said and "many" in said


def test_the_doctor_names_a_damaged_file(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "storythread.toml").write_text("x = [", "utf-8")
    result = run("doctor")
    assert result.exit_code == MISCONFIGURED
    assert "storythread.toml" in result.output and "Traceback" not in result.output


# --- the data folder -------------------------------------------------------------------------------

def test_a_locked_folder_is_said_to_be_in_use(folder: Path) -> None:
    run("export")
    with FileLock(folder / "home" / "storythread.sqlite.lock"):
        for command in (("export",), ("play", "--script", "script.txt", *MIA)):
            assert "in use" in one_sentence(run(*command), STORE)


def test_a_folder_that_cannot_be_written_to_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYTHREAD_HOME", str(folder / "script.txt" / "home"))
    said = one_sentence(run("play", "--script", "script.txt", *MIA), STORE)
    assert "cannot be written to" in said and "STORYTHREAD_HOME" in said


def test_a_damaged_database_is_left_as_it_is(folder: Path) -> None:
    (folder / "home").mkdir()
    database = folder / "home" / "storythread.sqlite"
    database.write_bytes(bytes(range(256)) * 64)
    said = one_sentence(run("play", "--script", "script.txt", *MIA), STORE)
    assert "damaged" in said and "storythread.sqlite" in said
    assert database.read_bytes() == bytes(range(256)) * 64


def test_every_reason_of_the_store_has_a_sentence_for_the_operator() -> None:
    said = Path(__file__).parents[2].joinpath("engine/store/opening.py").read_text("utf-8")
    named = {word for word in said.replace('"', " ").replace(",", " ").split()
             if word.startswith(("store_", "master_key_")) and word.isidentifier()}
    reasons = {word for word in named if word in STORE_SENTENCES}
    assert {"store_locked", "store_damaged", "store_read_only", "store_newer", "master_key_wrong"} <= reasons
    for sentence in STORE_SENTENCES.values():
        assert sentence.format(file="a", detail="b").endswith(".")


# --- the others ------------------------------------------------------------------------------------

def test_nothing_kept_is_said_and_not_an_empty_table() -> None:
    result = run("export")
    assert result.exit_code == 0 and "No stories" in result.stdout


def test_an_unknown_story_is_wrong_use() -> None:
    assert "no story zzz" in one_sentence(run("export", "zzz"), MISUSED)


def test_the_doctor_tells_a_line_each(folder: Path) -> None:
    result = run("doctor")
    lines = result.stdout.strip().splitlines()
    assert len(lines) >= 5 and all(line[0] in "✓✗" and ":" in line for line in lines)
    assert result.exit_code == (FAILED if any(line[0] == "✗" for line in lines) else 0)
    assert "DISCORD_TOKEN" in result.stdout


@pytest.mark.parametrize("command", [(), ("play",), ("rehearse",), ("bot",), ("commands",), ("commands", "sync"),
                                     ("doctor",), ("export",), ("forget",), ("label",), ("backup",), ("restore",),
                                     ("rotate-key",)])
def test_help_says_what_a_command_is_for(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout.split()) > 12
    for wanted in {"play": ("--script", "--character", "--out", "--style"), "sync": ("--guild",),
                   "rehearse": ("--scene", "--out")}.get(command[-1] if command else "", ()):
        assert wanted in result.stdout


def test_a_command_is_needed() -> None:
    assert "play" in run().output


# --- labels ----------------------------------------------------------------------------------------

def test_a_label_is_read_and_what_was_changed_is_told(folder: Path) -> None:
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(buffer, "PNG")
    (folder / "plain.png").write_bytes(buffer.getvalue())
    signed = Labels(load_settings()).label(buffer.getvalue(), "mini@abc")
    (folder / "signed.png").write_bytes(signed)
    changed = bytearray(signed)
    changed[changed.index(b"IDAT") + 40] ^= 1
    (folder / "changed.png").write_bytes(changed)
    elsewhere = Labels(load_settings(home=folder / "elsewhere")).label(buffer.getvalue(), "mini@abc")
    (folder / "elsewhere.png").write_bytes(elsewhere)
    result = run("label", "signed.png", "elsewhere.png")
    assert result.exit_code == 0, result.output
    assert "generated by Storythread (mini@abc), signed by this house, unchanged" in result.stdout
    assert "signed by another house" in result.stdout
    for name, says in (("plain.png", "no label"), ("changed.png", "was changed after it was signed")):
        result = run("label", name)
        assert result.exit_code == FAILED and says in result.stdout
    with zipfile.ZipFile(folder / "both.zip", "w") as packed:
        packed.writestr("a.png", signed)
        packed.writestr("records/a.json", "{}")
    result = run("label", "both.zip")
    assert result.exit_code == 0 and result.stdout.count("unchanged since") == 1 and "both.zip/a.png" in result.stdout
    (folder / "none.zip").write_bytes(b"nothing")
    assert "is no zip file" in one_sentence(run("label", "none.zip"), MISUSED)
    assert "cannot be read" in one_sentence(run("label", "missing.png"), MISUSED)


# --- Discord ---------------------------------------------------------------------------------------

async def test_commands_are_sent_once_and_only_again_when_they_changed(
        folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Loopback(record_path=folder / "messages.jsonl") as loopback:
        guild = loopback.world.add_guild("House", owner=loopback.world.add_user("Ada"))
        monkeypatch.setenv("DISCORD_TOKEN", loopback.world.token)

        def puts() -> int:
            return sum(line["method"] == "PUT" for line in loopback.record.of("request"))

        with redirect_discord(loopback.base_url):
            first = await asyncio.to_thread(run, "commands", "sync")
            assert first.exit_code == 0 and "commands changed" in first.stdout, first.output
            assert puts() == 1
            second = await asyncio.to_thread(run, "commands", "sync")
            assert second.exit_code == 0 and "Nothing changed" in second.stdout
            assert puts() == 1
            here = await asyncio.to_thread(run, "commands", "sync", "--guild", str(guild.guild_id))
            assert "commands changed" in here.stdout and puts() == 2
            note = folder / "home" / "commands.json"
            note.write_text(note.read_text("utf-8").replace('": "', '": "0'), "utf-8")    # as if ours were newer
            assert "commands changed" in (await asyncio.to_thread(run, "commands", "sync")).stdout
            assert puts() == 3
        assert not loopback.violations()


async def test_a_wrong_token_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Loopback() as loopback:
        monkeypatch.setenv("DISCORD_TOKEN", "bm90.a.token")
        with redirect_discord(loopback.base_url):
            for command in (("commands", "sync"), ("bot",)):
                result = await asyncio.to_thread(run, *command)
                assert result.exit_code == MISCONFIGURED, result.output
                assert "does not accept the bot token" in result.stderr
                assert "Traceback" not in result.output


def test_an_unreachable_discord_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "bm90.a.token")
    with redirect_discord("http://127.0.0.1:9"):
        assert "cannot be reached" in one_sentence(run("commands", "sync"), FAILED)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="an ordinary account: the tests above cover it")
def test_a_read_only_folder_for_an_ordinary_account(folder: Path) -> None:
    """As root every folder can be written to; so this process is somebody else for a moment."""
    run("export")
    for path in (folder / "home").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / "home").chmod(0o555)
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        result = run("export")
    finally:
        os.seteuid(0)
    assert "cannot be written to" in one_sentence(result, STORE)
