"""A rehearsal: the real bot against the loopback Discord, a scene played by scripted people, and what came of it.

The bot runs in a child process with its own data folder, so that it can be stopped, killed and measured. When the
scene is over the folder `out` holds `thread.html`, `book.html`, `book.pdf`, `panels/*.png`, `messages.jsonl` (the
loopback's own log), `bot.log` and `report.json`.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from bot.rehearsal import judge
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.play import Play, short
from bot.rehearsal.players import NotSeen
from bot.rehearsal.scene import Scene, SceneError, load_scene
from bot.rehearsal.troupe import Troupe
from engine.logs import ERROR_MARK
from engine.settings import Settings

PACKAGES = ("storythread", "discord.py", "aiohttp", "torch", "diffusers", "llama-cpp-python", "dbos", "SQLAlchemy")


@dataclass(slots=True)
class Report:
    """What `report.json` says. Times in seconds, memory in MiB."""

    scene: str
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)      # slower than wanted, on a busy machine for instance
    seconds: float = 0.0
    ready_s: float = 0.0                   # from starting the bot's process to its being there
    pages: int = 0
    panels: int = 0
    turns: list[judge.TurnTold] = field(default_factory=list)
    slowest_acknowledgement_s: float = 0.0
    requests: int = 0
    requests_by_kind: dict[str, int] = field(default_factory=dict)
    rate_limited: int = 0
    requests_judged: bool = False          # by Discord's own description
    peak_memory_mib: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    artifacts: list[str] = field(default_factory=list)


async def rehearse(scene: Path | None, out: Path, *, settings: Settings, console: Console | None = None) -> Report:
    """Play a scene (None: the bedtime story) and leave everything that came of it in `out`.

    `settings` are the operator's, except for the data folder, the token and the message-content intent, which are
    the rehearsal's own. Raises `SceneError` when the scene cannot be used; whatever goes wrong in the play itself
    is in the report's `failures`.
    """
    played = load_scene(scene)
    console = console or Console(highlight=False)
    started = time.monotonic()
    _sweep(out)
    report = Report(played.title)
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storythread-rehearsal-")))
        loopback = Loopback(record_path=out / "messages.jsonl", message_content=played.plain_messages)
        await stack.enter_async_context(loopback)
        report.requests_judged = loopback.description.on
        if not loopback.description.on:
            console.print(f"[yellow]{escape(loopback.description.why_off)}[/yellow]")
        own = own_settings(settings, home, loopback.world.token, played)
        report.settings = {"painter": settings.studio.painter, "writer": settings.studio.writer}
        log = stack.enter_context((out / "bot.log").open("wb"))
        troupe = Troupe(loopback, own, log)
        stack.push_async_callback(troupe.close)
        play = Play(played, loopback, troupe, console)
        console.print(f"[bold]{escape(played.title)}[/bold]  {escape(played.about)}")
        with console.status("the bot comes up") as status:
            try:
                report.ready_s = round(await troupe.start(), 2)
            except NotSeen as error:
                report.failures.append(f"{error}; see {out / 'bot.log'}")
        if not report.failures:
            await play.perform()
            report.failures += play.failures
        with console.status("the curtain falls") as status:
            code = await troupe.stop()
            if code not in (0, None):
                report.failures.append(f"the bot did not stop politely (exit code {code})")
            _read_record(report, loopback, played)
            _check_log(report, out / "bot.log")
            report.peak_memory_mib = {**troupe.peak_mib, "rehearsal": round(_peak_mib_of_us(), 1)}
            status.update("the artifacts")
            report.artifacts = await _artifacts(played, loopback, own, out, report)
    report.seconds = round(time.monotonic() - started, 2)
    report.versions = versions()
    (out / "report.json").write_text(json.dumps(asdict(report), indent=2, ensure_ascii=False), "utf-8")
    report.artifacts.append("report.json")
    _tell(console, report, out)
    return report


def own_settings(settings: Settings, home: Path, token: str, scene: Scene) -> dict[str, Any]:
    """The operator's settings as plain values, with the rehearsal's own data folder, token and intents."""
    plain: dict[str, Any] = json.loads(settings.model_dump_json(exclude={"home", "database_url", "pictures_url",
                                                                         "master_key_file"}))
    plain["studio"]["writer_key"] = (settings.studio.writer_key.get_secret_value()
                                     if settings.studio.writer_key is not None else None)
    plain["discord"] |= {"token": token, "message_content": scene.plain_messages, "sync_guild": None}
    return {**plain, "home": str(home / "data"), "master_key_file": str(home / "master.key"),
            "database_url": f"sqlite+aiosqlite:///{(home / 'data' / 'storythread.sqlite').as_posix()}",
            "pictures_url": (home / "data" / "pictures").as_posix()}


# --- afterwards ------------------------------------------------------------------------------------

def _read_record(report: Report, loopback: Loopback, scene: Scene) -> None:
    expect = scene.expect
    found = judge.find(loopback.record, acknowledged_within_s=expect.acknowledged_within_s,
                       pings_expected=expect.pings)
    report.failures += found.failures
    report.warnings += found.warnings
    report.turns, report.panels, report.pages = found.turns, found.panels, found.pages
    report.slowest_acknowledgement_s = round(found.slowest_acknowledgement_s, 3)
    report.requests, report.requests_by_kind = found.requests, found.requests_by_kind
    report.rate_limited = found.rate_limited
    if report.failures:
        return                                 # counting what an interrupted play made says nothing
    for name, wanted, made in (("pages", expect.pages, found.pages), ("panels", expect.panels, found.panels)):
        if wanted is not None and made != wanted:
            report.failures.append(f"{made} {name} were made, not {wanted}")
    if expect.panels_at_least is not None and found.panels < expect.panels_at_least:
        report.failures.append(f"only {found.panels} panels were made, not {expect.panels_at_least}")


def _check_log(report: Report, log: Path) -> None:
    """The bot's own log must be free of tracebacks."""
    text = log.read_text("utf-8", "replace")
    if ERROR_MARK in text:
        report.failures.append(f"there is an error in bot.log: {short(text.rpartition(ERROR_MARK)[2], 160)}")
    if "Traceback (most recent call last)" in text:
        after = text.rpartition("Traceback (most recent call last)")[2].splitlines()[1:]
        error = next((line for line in after if line and not line.startswith((" ", "+", "|"))), "")
        report.failures.append(f"there is a traceback in bot.log: {short(error, 160)}")


async def _artifacts(scene: Scene, loopback: Loopback, own: Mapping[str, Any], out: Path, report: Report) -> list[str]:
    """Panels, the thread as a page, and the book."""
    from bot.rehearsal.thread_page import thread_page

    made = ["messages.jsonl", "bot.log"]
    world = loopback.world
    folder = out / "panels"
    folder.mkdir(exist_ok=True)
    pages: dict[int, int] = {}
    for message in sorted(world.messages.values(), key=lambda m: m.message_id):
        panel = None if message.deleted else judge.panel_in(world, message)
        if panel is not None and panel[2]:
            page = pages.setdefault(panel[0], len(pages) + 1)
            name = f"page-{page:02}-panel-{panel[1] + 1}.png"
            (folder / name).write_bytes(world.attachments[message.attachments[0]].data)
            made.append(f"panels/{name}")
    (out / "thread.html").write_text(thread_page(world, title=scene.title), "utf-8")
    made.insert(0, "thread.html")
    if pages:
        try:
            made += await _bind(world, own, out)
        except Exception as error:             # the play is over: a book that cannot be bound is a finding, not a crash
            report.failures.append(f"the book could not be bound: {type(error).__name__}: {error}")
    return made


async def _bind(world: Any, own: Mapping[str, Any], out: Path) -> list[str]:
    """The newest story of the scene as a book, out of the bot's own library."""
    from engine.book import bind_book
    from engine.labels import Labels
    from engine.nouns import VenueId
    from engine.settings import load_settings
    from engine.store import open_library

    settings = load_settings(**own)
    library = await open_library(settings)
    try:
        told = [story for channel in world.channels.values()
                if (story := await library.story_at(VenueId(str(channel.channel_id)))) is not None]
        if not told:
            return []
        html, pdf = await bind_book(library, told[-1].story_id, Labels(settings))
    finally:
        await library.close()
    (out / "book.html").write_bytes(html)
    (out / "book.pdf").write_bytes(pdf)
    return ["book.html", "book.pdf"]


def _tell(console: Console, report: Report, out: Path) -> None:
    """The last lines on the screen."""
    console.print()
    for failure in report.failures:
        console.print(f"[red]✗ {escape(failure)}[/red]")
    for warning in report.warnings:
        console.print(f"[yellow]! {escape(warning)}[/yellow]")
    judged = "judged by Discord's own description" if report.requests_judged else "not judged by Discord's description"
    memory = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in report.peak_memory_mib.items())
    console.print(f"{report.pages} pages, {report.panels} panels in {report.seconds:.1f} s; slowest acknowledgement "
                  f"{report.slowest_acknowledgement_s:.2f} s; {report.requests} requests, {judged}; "
                  f"peak memory: {memory}")
    mark = "[green]✓[/green]" if not report.failures else "[red]✗[/red]"
    console.print(f"{mark} look at [bold]{escape(str(out / 'thread.html'))}[/bold] and "
                  f"[bold]{escape(str(out / 'book.html'))}[/bold]")


def versions() -> dict[str, str]:
    """Python's and the packages' versions, "" where one is not installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _peak_mib_of_us() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _sweep(out: Path) -> None:
    """An empty place for what comes: only what a rehearsal leaves is removed. Raises `SceneError`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("thread.html", "book.html", "book.pdf", "messages.jsonl", "report.json", "bot.log"):
            (out / name).unlink(missing_ok=True)
        for panel in (out / "panels").glob("page-*-panel-*.png"):
            panel.unlink()
        (out / "report.json").touch()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SceneError(f"The folder {out} cannot be written: {reason}.") from error
