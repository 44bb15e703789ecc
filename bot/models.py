"""`storythread models`: which models there are, and pulling them from the model hub."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from engine.nouns import StudioFailed
from engine.settings import Settings, SettingsError, load_settings
from engine.tiers import MINI, PAINTERS, TIERS, WRITERS, best_painter, best_writer, worth_pulling

app = typer.Typer(no_args_is_help=True, help="Models that are pulled by name: painters, writers, eyes.")

FAILED, MISUSED, MISCONFIGURED, STOPPED = 1, 2, 3, 130


def _fail(sentence: str, code: int = FAILED) -> typer.Exit:
    Console(stderr=True, highlight=False).print(" ".join(sentence.split()), style="red", markup=False, soft_wrap=True)
    return typer.Exit(code)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise _fail(str(error), MISCONFIGURED) from None


@app.command("list")
def show() -> None:
    """Every model that can be pulled, what is here, and what this machine would choose."""
    from engine.hardware import hardware_of_this_machine
    from engine.models.shelf import folder_of, pulled

    settings, console = _settings(), Console(highlight=False)
    try:
        machine, there = hardware_of_this_machine(), pulled(settings)
        table = Table("Name", "What it is", "Download", "Licence", "Here", box=None, pad_edge=False)
        table.add_row(MINI, "the embedded painter and writer", "none", "ours", "yes")
        for tier in (*PAINTERS, *WRITERS):
            here = "yes" if tier.name in there else "begun" if folder_of(settings, tier.name).exists() else ""
            table.add_row(tier.name, tier.about, f"{tier.download_bytes / 1e9:.1f} GB", tier.licence.name, here)
        console.print(table)
        console.print(f"\nThis machine: {machine.told()}.", markup=False, soft_wrap=True)
        painter = best_painter(machine, there)
        writer = best_writer(machine, there, beside=painter.name)
        console.print(f"It paints with {painter.name} ({painter.why}) and writes with {writer.name} ({writer.why}).",
                      markup=False, soft_wrap=True)
        if better := worth_pulling(machine, there):
            console.print(f"It can hold {better.name}: storythread models pull {better.name}", markup=False)
    except StudioFailed as error:
        raise _fail(str(error)) from None


@app.command()
def pull(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="As `models list` names them.")],
    agree: Annotated[bool, typer.Option("--agree", help="You have read the licences and agree to them.")] = False,
) -> None:
    """Fetch models: once, pinned to what is there now, every file checked. Cut short, the same again goes on."""
    settings, console = _settings(), Console(highlight=False)
    for name in names:
        if name not in TIERS:
            raise _fail(f"There is no model called {name}: `storythread models list` names them all.", MISUSED)
    try:
        for name in names:
            _pull(settings, name, agree, console)
    except StudioFailed as error:
        raise _fail(str(error)) from None
    except KeyboardInterrupt:
        raise _fail("Stopped. What has come is kept: the same command goes on from there.", STOPPED) from None


def _pull(settings: Settings, name: str, agree: bool, console: Console) -> None:
    from engine.models import pulling

    if pulling.is_whole(settings, name):
        console.print(f"{name} is here, and every file of it is as it was pulled.")
        return
    plan = pulling.make_plan(settings, name)
    if not pulling.is_agreed(settings, plan):
        licence = plan.tier.licence
        console.print(f"{name}: {plan.tier.about}.\nLicence: {licence.name}. {licence.terms}\n{licence.url}",
                      markup=False, soft_wrap=True)
        for repo_id, named in plan.licences:
            console.print(f"  {repo_id} says of itself: {named}", markup=False, soft_wrap=True)
        if not agree and not typer.confirm("Do you agree?", default=False):
            raise _fail("Nothing was fetched.")
        pulling.agree(settings, plan)
    pulling.need_room(settings, plan)
    if plan.begun_bytes:
        console.print(f"{plan.begun_bytes / 1e6:.0f} MB are here from last time.")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(name, total=plan.whole_bytes)
        pulling.fetch(settings, plan, lambda count: progress.advance(task, count))
    for repo_id, commit in plan.commits:
        console.print(f"{name}: {repo_id} at {commit}", markup=False, soft_wrap=True)


@app.command()
def remove(name: Annotated[str, typer.Argument(metavar="NAME", help="A model that is pulled.")]) -> None:
    """Delete a model that was pulled, and forget which revision it was."""
    from engine.models.shelf import remove as take_away

    try:
        freed = take_away(_settings(), name)
    except StudioFailed as error:
        raise _fail(str(error)) from None
    Console(highlight=False).print(f"{name} is gone; {freed / 1e9:.1f} GB are free again.")
