"""Scenes are read and checked, the thread becomes a page, the judge reads the log, and a small scene is played."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path

import pytest
from little_client import Stand, png
from rich.console import Console

from bot.rehearsal import judge
from bot.rehearsal.judge import PANEL_FILE
from bot.rehearsal.markdown import to_html
from bot.rehearsal.players import CannotDo, File, readable
from bot.rehearsal.record import Record
from bot.rehearsal.scene import SceneError, load_scene, shipped_scenes
from bot.rehearsal.thread_page import thread_page
from engine.settings import load_settings

MINI = Path(__file__).resolve().parents[3] / "engine" / "mini"

# --- scenes ----------------------------------------------------------------------------------------


def scene_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scene.toml"
    path.write_text(text, "utf-8")
    return path


def test_scenes_are_shipped_and_their_photos_are_small() -> None:
    scenes = shipped_scenes()
    assert {path.stem for path in scenes} >= {"bedtime", "quiet_evening", "mistakes", "portraits"}
    for path in scenes:
        if path.stem == "portraits":       # its photos lie elsewhere
            continue
        scene = load_scene(path)
        for name in scene.files:
            assert len(scene.file(name).data) <= 60 * 1024
    assert load_scene(Path("mistakes")).title == "Mistakes"
    assert load_scene().server                     # the bedtime story, in a thread


def test_a_scene_whose_photos_lie_elsewhere_says_what_to_set(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORYTHREAD_PORTRAITS", raising=False)
    with pytest.raises(SceneError, match=r"set STORYTHREAD_PORTRAITS to a folder"):
        load_scene(Path("portraits"))
    monkeypatch.setenv("STORYTHREAD_PORTRAITS", str(tmp_path))
    with pytest.raises(SceneError, match=r"woman\.jpg cannot be read .* No such file"):
        load_scene(Path("portraits"))
    for name in ("woman", "man", "child"):
        (tmp_path / f"{name}.jpg").write_bytes(b"a photo")
    scene = load_scene(Path("portraits"))
    assert scene.file("woman").data == b"a photo" and len(scene.players) == 4


def test_every_photo_shipped_is_attributed() -> None:
    folder = shipped_scenes()[0].parent / "photos"
    attribution = (folder / "ATTRIBUTION.md").read_text("utf-8")
    assert all(path.name in attribution for path in folder.glob("*.jpg"))


@pytest.mark.parametrize(("text", "word"), [
    ("title = ", "not valid TOML"),
    ('title = "x"\n[[steps]]\npause_s = 1', "players"),
    ('title = "x"\n[players.Ada]\n[[steps]]\nclick = "Keep"\nwrite = "both"', "step 1"),
    ('title = "x"\n[players.Ada]\n[[steps]]\nclik = "Keep"', "step 1, clik"),
    ('title = "x"\n[players.Ada]\n[players.Bo]\n[[steps]]\nclick = "Keep"', "step 1: say who does it"),
    ('title = "x"\n[players.Ada]\n[[steps]]\nwho = "Bo"\nclick = "Keep"', "there is no player Bo"),
    ('title = "x"\n[players.Ada]\n[files]\na = "no.jpg"\n[[steps]]\nclick = "Keep"', "no.jpg"),
    ('title = "x"\n[players.Ada]\n[[steps]]\nsees = "nothing happens"', "step 1"),
])
def test_a_wrong_scene_is_told_in_one_sentence(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(SceneError) as caught:
        load_scene(scene_of(tmp_path, text))
    assert word in str(caught.value) and "\n" not in str(caught.value).split(": ")[0]


def test_files_can_be_made(tmp_path: Path) -> None:
    scene = load_scene(scene_of(tmp_path, """
title = "x"
[players.Ada]
[files]
note = { name = "photo.jpg", text = "no" }
plain = { name = "plain.png", colour = "#ff0000", size = [20, 10] }
zeros = { name = "big.bin", bytes = 100 }
[[steps]]
pause_s = 0.1
"""))
    assert (scene.file("note").data, scene.file("note").content_type) == (b"no", "image/jpeg")
    assert scene.file("plain").data.startswith(b"\x89PNG") and len(scene.file("zeros").data) == 100


# --- text ------------------------------------------------------------------------------------------

def test_markdown_becomes_safe_html() -> None:
    def name_of(kind: str, number: int) -> str:
        return "Nina" if kind == "@" else "tale"

    html = to_html("# Big\n**bold** *thin* <@12> in <#34>\n> said\n- one\n- two\n-# small\n`<b>` \\*not\\*", name_of)
    for part in ("<h1>Big</h1>", "<strong>bold</strong> <em>thin</em>", ">@Nina</span>", ">#tale</span>",
                 "<blockquote>said</blockquote>", "<ul><li>one</li><li>two</li></ul>", "<small>small</small>",
                 "<code>&lt;b&gt;</code> *not*"):
        assert part in html
    assert "<script>" not in to_html("<script>alert(1)</script> **<img src=x>**", name_of)


async def test_words_are_found_without_their_markup(stand: Stand) -> None:
    message = await stand.nina.write(f"The story **The\n lantern** begins in <#{stand.channel.channel_id}>, "
                                     "\\*really\\*")
    assert readable(stand.world, message) == "the story the lantern begins in #stories, *really*"


# --- the page --------------------------------------------------------------------------------------

async def test_the_page_shows_the_thread_and_needs_no_network(stand: Stand) -> None:
    async with stand.online():
        await stand.nina.command("/form")
        form = stand.nina.form
        assert form is not None
        await stand.nina.submit(form, {"Name": "<Mia>", "Photos": File("p.png", png()), "Kind": "A cat"})
        await stand.nina.command("/panel")
        thread = await stand.world.until(lambda: next(iter(stand.world.threads_of(stand.channel.channel_id)), None), 30)
        await stand.nina.see("second", place=thread)
        await stand.omar.command("/count")
    html = thread_page(stand.world, title="A & B")
    assert "A &amp; B" in html and "&lt;Mia&gt;" in html and "<Mia>" not in html
    assert "Only Nina can see this" in html and "Register" in html and "Count 0" in html and ">Tale" in html
    assert html.count('alt="all green"') == 1
    addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert addresses and all(address.startswith("data:") for address in addresses)
    assert "127.0.0.1" not in html and "<script" not in html


# --- the judge -------------------------------------------------------------------------------------

def shown(record: Record, message: int, turn: int, ending: str, *, index: int = 0, op: str = "edit") -> None:
    name = f"panel-{turn}-step.{index}{ending}.png"
    record.add("message", op=op, id=str(message), channel="7", author="Storythread", texts=[], pings=[], alt=["a cat"],
               attachments=[{"name": name, "alt": None}], only_for=None)


def test_the_judge_reads_turns_out_of_the_log() -> None:
    record = Record()
    record.add("player", who="Nina", did="Take turn", interaction="100", channel="7")
    record.add("request", method="POST", path="/interactions/100/{token}/callback", status=200, answer="message",
               interaction="100", ms_since_interaction=40.0)
    shown(record, 200, 100, "-step3")
    shown(record, 200, 100, "")
    shown(record, 200, 100, "-v2")
    found = judge.find(record, preview_every_s=0)
    assert (found.panels, found.pages, found.failures) == (1, 1, [])
    turn = found.turns[0]
    assert (turn.who, turn.acknowledged_s, turn.panels, turn.previews) == ("Nina", 0.04, 1, 1)
    assert turn.final_panel_s is not None and turn.first_preview_s is not None
    assert PANEL_FILE.match("panel-100-step.0-v2.png")


def test_the_judge_finds_what_is_wrong() -> None:
    record = Record()
    record.add("player", who="Nina", did="Take turn", interaction="100", channel="7")
    record.add("request", method="POST", path="/x", status=200, answer="message", interaction="100",
               ms_since_interaction=1500.0)
    shown(record, 205, 100, "", index=0)
    shown(record, 204, 100, "", index=1)                # before panel 1
    shown(record, 209, 100, "", index=1, op="create")   # and once more
    shown(record, 210, 100, "-step1", index=2)
    shown(record, 210, 100, "-step2", index=2)          # too soon, and never finished
    record.add("message", op="create", id="300", channel="7", author="Storythread", texts=[], pings=["@everyone"],
               attachments=[], alt=[], only_for=None)
    for number in ("401", "402", "403"):
        record.add("message", op="create", id=number, channel="7", author="Storythread", texts=["once"], pings=[],
                   attachments=[], alt=[], only_for=None, mark=123_456)
    record.add("message", op="delete", id="403", channel="7", author="Storythread", texts=[], pings=[], attachments=[],
               alt=[], only_for=None)
    record.add("violation", what="late", label="/story start")
    found = judge.find(record)
    told = "\n".join(found.failures)
    for part in ("2 messages", "out of order", "two previews", "unfinished", "@everyone", "/story start",
                 "posted 2 times"):
        assert part in told, told
    assert "1.50 s" in found.warnings[0]


# --- a play ----------------------------------------------------------------------------------------

SMALL = """
title = "One small page"
[players.Ada]
[[steps]]
command = "/character add"
with = { name = "Pim", pronouns = "it/its", description = "a small grey rabbit" }
sees = "Is this Pim?"
private = true
[[steps]]
click = "Keep"
sees = "Pim is ready for stories"
[[steps]]
command = "/story start"
with = { title = "One small page" }
sees = "Take turn"
[[steps]]
restart = "stop"
[[steps]]
write = "Pim sits in the garden."
page = true
[expect]
pages = 1
panels_at_least = 1
"""


PLAYABLE = pytest.mark.skipif(
    not (MINI / "likeness" / "config.json").is_file() or not (MINI / "writer" / "writer.gguf").is_file(),
    reason="mini's weights are not here")


@PLAYABLE
@pytest.mark.usefixtures("patient_discord")
async def test_a_small_scene_is_played_with_the_real_bot(tmp_path: Path) -> None:
    from bot.rehearsal.rehearse import rehearse

    out, screen = tmp_path / "out", io.StringIO()
    settings = load_settings(home=tmp_path / "home", studio={"painter": "theatre", "threads": 1})
    report = await rehearse(scene_of(tmp_path, SMALL), out, settings=settings, console=Console(file=screen, width=200))
    assert report.failures == [], screen.getvalue()
    assert {"bot", "studio", "rehearsal"} <= set(report.peak_memory_mib)
    kept = json.loads((out / "report.json").read_text("utf-8"))
    assert kept["turns"][0]["who"] == "Ada" and kept["turns"][0]["final_panel_s"] > 0
    for name in ("thread.html", "book.html", "book.pdf", "messages.jsonl", "panels/page-01-panel-1.png"):
        assert (out / name).stat().st_size > 500
    assert "Ada: writes 'Pim sits in the garden.'" in screen.getvalue()
    lines = [json.loads(line) for line in (out / "messages.jsonl").read_text("utf-8").splitlines()]
    assert all(line["valid"] is not False for line in lines if line["kind"] == "request")


KILLED = """
title = "Twice at once"
[players.Ada]
[[steps]]
command = "/character add"
with = { name = "Pim", pronouns = "it/its", description = "a small grey rabbit" }
sees = "Is this Pim?"
[[steps]]
click = "Keep"
sees = "Pim is ready for stories"
[[steps]]
command = "/story start"
with = { title = "Twice at once" }
sees = "Take turn"
[[steps]]
click = "Take turn"
fill = { "What happens next?" = "Pim sits in the garden." }
[[steps]]
restart = "kill"
page = true
[[steps]]
click = "Take turn"
fill = { "What happens next?" = "Pim runs to the forest." }
drawing = true
[[steps]]
restart = "kill"
page = true
[expect]
pages = 2
"""


@PLAYABLE
@pytest.mark.usefixtures("patient_discord")
async def test_a_bot_killed_in_the_middle_of_a_turn_ends_it_once(tmp_path: Path) -> None:
    from bot.rehearsal.rehearse import rehearse

    screen = io.StringIO()
    settings = load_settings(home=tmp_path / "home", studio={"painter": "theatre", "threads": 1})
    report = await rehearse(scene_of(tmp_path, KILLED), tmp_path / "out", settings=settings,
                            console=Console(file=screen, width=200))
    assert report.failures == [], screen.getvalue()
    assert report.pages == 2 and all(turn.final_panel_s for turn in report.turns)


async def test_a_bot_that_does_not_come_up_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.rehearsal import rehearse as module

    home = tmp_path / "home"
    real = module.own_settings

    def broken(*args: object) -> dict[str, object]:
        return {**real(*args), "default_locale": "nonsense"}  # type: ignore[arg-type]

    monkeypatch.setattr(module, "own_settings", broken)
    report = await module.rehearse(scene_of(tmp_path, SMALL), tmp_path / "out", settings=load_settings(home=home),
                                   console=Console(file=io.StringIO()))
    assert any("ended while starting" in failure for failure in report.failures)
    assert (tmp_path / "out" / "report.json").is_file()


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    from bot.rehearsal.rehearse import rehearse

    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SceneError, match="cannot be written"):
        await rehearse(None, tmp_path / "taken" / "out", settings=load_settings(home=tmp_path / "home"))


async def test_two_clicks_at_once_both_reach_the_bot(stand: Stand) -> None:
    async with stand.online():
        await stand.nina.command("/count")
        first, second = await asyncio.gather(stand.nina.click("Count 0"), stand.omar.click("Count 0"))
        assert first.answered is not None and second.answered is not None
        with pytest.raises(CannotDo):
            await stand.omar.click("Count 0")
