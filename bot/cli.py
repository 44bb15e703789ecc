"""`storythread`: play, rehearse, bot, commands, doctor, export.

Exit codes: 0 all went well; 1 something in the story failed; 2 the command was used wrongly (bad option, file,
character); 3 the configuration cannot be used; 4 the data folder or database cannot be used.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from engine.nouns import StoreUnusable, StorythreadError
from engine.settings import Settings, SettingsError, load_settings

T = TypeVar("T")

app = typer.Typer(name="storythread", no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
                  help="Turns a thread or a DM into a picture book, with characters that stay themselves.",
                  epilog="Exit codes: 0 well, 1 the story failed, 2 wrong use, 3 configuration, 4 data folder.")
commands = typer.Typer(no_args_is_help=True, help="Discord's slash commands.")
app.add_typer(commands, name="commands")

FAILED, MISUSED, MISCONFIGURED, STORE = 1, 2, 3, 4


def _fail(sentence: str, code: int) -> typer.Exit:
    Console(stderr=True, highlight=False).print(sentence, style="red", markup=False)
    return typer.Exit(code)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise _fail(str(error), MISCONFIGURED) from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; every failure a person can mend becomes one sentence and an exit code."""
    try:
        return asyncio.run(work)
    except SettingsError as error:
        raise _fail(str(error), MISCONFIGURED) from None
    except StoreUnusable as error:
        raise _fail(_sentence(error), STORE) from None
    except StorythreadError as error:
        raise _fail(_sentence(error), FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _sentence(error: StorythreadError) -> str:
    from bot.wording import Words

    return Words("en").reason(error.reason, **error.facts)


@app.command()
def play(
    script: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help=(
        "A file with one turn a line; `Name: text` when several write. Without it you are asked."))] = None,
    character: Annotated[list[str] | None, typer.Option(help=(
        '`"Mia=photo.jpg,she"` from a photo, or `"Pim=a small green dragon,it"` from words. Again for each.'))] = None,
    out: Annotated[Path | None, typer.Option(file_okay=False, help=(
        "Folder that receives panels, book.html, book.pdf and report.json."))] = None,
    title: Annotated[str, typer.Option(help="The story's title.")] = "Our story",
    style: Annotated[str, typer.Option(help="flat, crayon or watercolour.")] = "flat",
) -> None:
    """Co-write a story in the terminal, with pictures."""
    from bot.play import Misuse, play_story

    try:
        failures = _run(play_story(_settings(), script=script, characters=character or [], out=out, title=title,
                                   style=style, console=Console(highlight=False)))
    except Misuse as misuse:
        raise _fail(str(misuse), MISUSED) from None
    if failures:
        raise typer.Exit(FAILED)


@app.command()
def rehearse(
    scene: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help=(
        "A scene file (docs/scenes.md says how to write one). Without it: the bedtime story."))] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the thread, the book and the report.")] = Path(
        "build/story"),
) -> None:
    """Play a scene with the real bot against a Discord of our own, on this machine alone."""
    from bot.rehearsal.rehearse import rehearse as play_scene
    from bot.rehearsal.scene import SceneError

    try:
        report = _run(play_scene(scene, out, settings=_settings()))
    except SceneError as error:
        raise _fail(str(error), MISUSED) from None
    if report.failures:
        raise typer.Exit(FAILED)


@app.command()
def bot() -> None:
    """Run the bot. Needs `DISCORD_TOKEN`."""
    from bot.app import run_bot

    _run(run_bot(_settings()))


@commands.command()
def sync(guild: Annotated[int | None, typer.Option(help="Only in this server (appears at once).")] = None) -> None:
    """Tell Discord our slash commands, only when they changed since last time."""
    from bot.app import sync_commands

    changed = _run(sync_commands(_settings(), guild=guild))
    Console().print("The commands changed: Discord has the new ones." if changed else "Nothing changed, nothing sent.")


@app.command()
def doctor() -> None:
    """Look whether everything is in place; each line is ok or says what to do."""
    from engine.doctor import examine

    console = Console(highlight=False)
    try:
        settings = load_settings()
    except SettingsError as error:
        console.print(f"[red]✗[/red] configuration: {error}")
        raise typer.Exit(MISCONFIGURED) from None
    findings = _run(examine(settings))
    for finding in findings:
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        console.print(f"{mark} {finding.subject}: ", end="")
        console.print(finding.sentence, markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def export(
    story: Annotated[str, typer.Argument(help="The story's id (without it: a list).")] = "",
    out: Annotated[Path, typer.Option(file_okay=False, help="Where the book goes.")] = Path("build/book"),
) -> None:
    """Bind a story that is kept here as a book: HTML and PDF."""
    from bot.play import export_story

    _run(export_story(_settings(), story, out, console=Console(highlight=False)))


def main() -> None:
    """For `python -m bot.cli`."""
    app()


if __name__ == "__main__":
    sys.exit(main())
