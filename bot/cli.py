"""`storythread`: play, rehearse, bot, commands, models, doctor, health, export, label, backup, restore, rotate-key.

Exit codes: 0 all went well; 1 something in the story failed; 2 the command was used wrongly (bad option, file,
character); 3 the configuration cannot be used; 4 the data folder or database cannot be used; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from bot.models import app as models
from engine.logs import open_logs
from engine.nouns import StoreUnusable, StorythreadError
from engine.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from engine.doctor import Finding

T = TypeVar("T")

app = typer.Typer(name="storythread", no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
                  pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
                  help="Turns a thread or a DM into a picture book, with characters that stay themselves.",
                  epilog="Exit codes: 0 well, 1 the story failed, 2 wrong use, 3 configuration, 4 data folder, "
                         "130 stopped.")
commands = typer.Typer(no_args_is_help=True, help="Discord's slash commands.")
app.add_typer(commands, name="commands")
app.add_typer(models, name="models")

FAILED, MISUSED, MISCONFIGURED, STORE, STOPPED = 1, 2, 3, 4, 130

#: What an operator is told of the store; in Discord people read bot/wording's sentences instead.
STORE_SENTENCES = {
    "store_locked": "The data folder is in use by another storythread ({file}): stop that one first, or name another "
                    "folder with STORYTHREAD_HOME.",
    "store_read_only": "The data folder cannot be written to ({file}): give this account the right to, or name "
                       "another folder with STORYTHREAD_HOME.",
    "store_damaged": "The database is damaged ({file}): put back a backup, or move it away to begin anew. Nothing in "
                     "it was touched.",
    "store_newer": "The database was made by a newer storythread: install that version, or name another folder with "
                   "STORYTHREAD_HOME.",
    "store_full": "The disk of the data folder is full: make room and start again. Nothing is lost.",
    "store_unusable": "The database cannot be used: {detail}.",
    "restore_unfinished": "A backup was being put back and that was cut short ({file}): run `storythread restore` with "
                          "the same folder again.",
    "restore_in_the_way": "There is a house here already ({file}). With --force the backup takes its place; make a "
                          "backup of what is here first. Nothing was touched.",
    "backup_in_the_way": "There is something there already ({file}): name a folder that does not exist yet.",
    "backup_not_one": "That is no backup ({file}): its manifest.json is missing or cannot be read. Nothing was "
                      "touched.",
    "backup_newer": "That backup was made by a newer storythread ({file}): install that version. Nothing was touched.",
    "backup_damaged": "The backup is damaged: {detail}. Nothing was touched.",
    "backup_key_wrong": "The master key ({file}) is not the one this backup opens with; name that one with --key. "
                        "Nothing was touched.",
    "picture_damaged": "A picture is missing or damaged: {detail}.",
    "certificate_unusable": "The certificate that signs pictures cannot be used: look at labels.certificate_file and "
                            "labels.key_file, or leave both out for one of its own.",
    "pictures_unusable": "The place of the pictures cannot be used: {detail}.",
    "master_key_missing": "The master key that opens the pictures is missing ({file}): put it back from your backup.",
    "master_key_damaged": "The master key that opens the pictures is damaged ({file}): put it back from your backup.",
    "master_key_wrong": "The master key belongs to another database ({file}): name the right one with "
                        "STORYTHREAD_MASTER_KEY_FILE.",
    "master_key_unwritable": "The master key cannot be saved ({file}): give this account the right to write there, or "
                             "name another file with STORYTHREAD_MASTER_KEY_FILE.",
}


def _fail(sentence: str, code: int) -> typer.Exit:
    """One plain sentence on standard error, on one line, and the exit code to raise."""
    Console(stderr=True, highlight=False).print(" ".join(sentence.split()), style="red", markup=False, soft_wrap=True)
    return typer.Exit(code)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise _fail(str(error), MISCONFIGURED) from None


def _hush() -> None:
    """No log lines between the sentences. DBOS brings a handler of its own, and sets its own level later."""
    logging.basicConfig(level=logging.CRITICAL)
    logging.getLogger("dbos").addFilter(lambda record: record.levelno >= logging.CRITICAL)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; every failure becomes one sentence and an exit code, never a traceback."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None
    except asyncio.CancelledError:
        raise typer.Exit(STOPPED) from None
    except Exception as error:
        raise _fail(*_told(error)) from None


def _told(error: Exception) -> tuple[str, int]:
    """The sentence for whoever runs this, and the exit code."""
    from bot.audition import InTheWay, Misuse

    if isinstance(error, Misuse):
        return str(error), MISUSED
    if isinstance(error, InTheWay):
        return str(error), FAILED
    if isinstance(error, SettingsError):
        return str(error), MISCONFIGURED
    if isinstance(error, StoreUnusable):
        sentence = STORE_SENTENCES.get(error.reason, STORE_SENTENCES["store_unusable"])
        detail = str(error).rstrip(".")
        return sentence.format(file=error.facts.get("file", detail), detail=detail), STORE
    if isinstance(error, StorythreadError):
        from bot.wording import Words

        return Words("en").reason(error.reason, **error.facts), FAILED
    return _told_of_others(error)


def _told_of_others(error: Exception) -> tuple[str, int]:
    """The same for what libraries raise: Discord, the network, the file system; and for our own mistakes."""
    import aiohttp
    import discord
    from sqlalchemy.exc import DBAPIError

    from engine.failing import told_plainly

    if isinstance(error, DBAPIError):
        try:
            with told_plainly():
                raise error
        except StoreUnusable as failure:
            return _told(failure)
        except DBAPIError:
            pass
    if isinstance(error, discord.LoginFailure):
        return ("Discord does not accept the bot token. Copy it again from the Bot page of your application in "
                "Discord's developer portal."), MISCONFIGURED
    if isinstance(error, discord.Forbidden):
        return ("Discord does not allow that: is the bot on that server, and was it invited with the scope "
                "applications.commands?"), FAILED
    if isinstance(error, discord.HTTPException):
        return f"Discord answered with status {error.status} (code {error.code}).", FAILED
    if isinstance(error, aiohttp.ClientError | discord.GatewayNotFound | discord.ConnectionClosed | TimeoutError):
        return f"Discord cannot be reached ({type(error).__name__}): is this machine online?", FAILED
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        code = STORE if error.errno in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM) else FAILED
        return f"{error.filename}: {why}." if error.filename else f"The system says: {why}.", code
    places = reversed(traceback.extract_tb(error.__traceback__)[-4:])
    where = " < ".join(f"{Path(place.filename).name}:{place.lineno}" for place in places)
    return f"Something went wrong that should not have. Please report it: {type(error).__name__} at {where}.", FAILED


@app.command()
def play(
    script: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "A file with one turn a line; `Name: text` when several write. Without it you are asked."))] = None,
    character: Annotated[list[str] | None, typer.Option(metavar="NAME=LOOK", help=(
        '`"Mia=photo.jpg,she"` from a photo (whoever is on it agreed, or their parents), `"Pim=a small green '
        'dragon,it"` from words, `Mia` again from an earlier story. Once for each.'))] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=(
        "Folder for panels, book.html, book.pdf and report.json. Without it: one in the data folder."))] = None,
    title: Annotated[str, typer.Option(help="The story's title.")] = "Our story",
    style: Annotated[str, typer.Option(help="flat, crayon or watercolour.")] = "flat",
) -> None:
    """Co-write a story in the terminal, with pictures."""
    from bot.play import play_story

    settings = _settings()
    _hush()
    failures = _run(play_story(settings, script=script, characters=character or [], out=out, title=title, style=style,
                               console=Console(highlight=False)))
    if failures:
        raise typer.Exit(FAILED)


@app.command()
def rehearse(
    scene: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "A scene file (docs/scenes.md says how to write one). Without it: the bedtime story."))] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the thread, the book and the report.")] = Path(
        "build/story"),
) -> None:
    """Play a scene with the real bot against a Discord of our own, on this machine alone."""
    from bot.rehearsal.rehearse import rehearse as play_scene
    from bot.rehearsal.scene import SceneError

    settings = _settings()

    async def perform() -> int:
        try:
            return len((await play_scene(scene, out, settings=settings)).failures)
        except SceneError as error:
            from bot.audition import Misuse

            raise Misuse(str(error)) from None

    if _run(perform()):
        raise typer.Exit(FAILED)


@app.command()
def bot() -> None:
    """Run the bot. Needs `DISCORD_TOKEN`."""
    from bot.app import run_bot, token_of

    settings = _settings()

    async def run() -> None:
        token_of(settings)                 # before anything is opened
        open_logs(logging.getLevelNamesMapping()[settings.log_level])
        await run_bot(settings)

    _run(run())


@app.command()
def worker(
    name: Annotated[str, typer.Option(help="What the log calls this machine. Without it: its host name.")] = "",
) -> None:
    """Paint and write for a bot elsewhere, on the same PostgreSQL and with the same master key."""
    from bot.health import health_of_worker
    from engine.studio.worker import run_worker

    settings = _settings()

    async def run() -> None:
        open_logs(logging.getLevelNamesMapping()[settings.log_level])
        await run_worker(settings, name=name, around=lambda worker: health_of_worker(settings, worker))

    _run(run())


@commands.command()
def sync(
    guild: Annotated[int | None, typer.Option(min=1, help="Only in this server (appears at once).")] = None,
) -> None:
    """Tell Discord our slash commands, only when they changed since last time. Needs `DISCORD_TOKEN`."""
    from bot.app import sync_commands

    settings = _settings()
    _hush()
    changed = _run(sync_commands(settings, guild=guild))
    Console(highlight=False).print("The commands changed: Discord has the new ones." if changed
                                   else "Nothing changed, nothing sent.")


@app.command()
def doctor() -> None:
    """Look whether everything is in place; each line is ok or says what to do."""
    from engine.doctor import examine

    console = Console(highlight=False)
    try:
        settings = load_settings()
    except SettingsError as error:
        console.print("✗ configuration:", str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(MISCONFIGURED) from None
    _hush()
    findings: list[Finding] = _run(examine(settings))
    for finding in findings:
        console.print("[green]✓[/green]" if finding.ok else "[red]✗[/red]", end=" ")
        console.print(f"{finding.subject}: {finding.sentence}", markup=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def health(
    ready: Annotated[bool, typer.Option("--ready", help="Whether it is ready too: Discord, database, models.")] = False,
) -> None:
    """Ask the bot or worker that runs here whether it is alive: exit code 0, else 1. Needs `health.port`."""
    from bot.probe import ask

    well, said = ask(_settings(), "/readyz" if ready else "/healthz")
    if not well:
        raise _fail(said, FAILED)
    Console(highlight=False).print(said, markup=False, soft_wrap=True)


@app.command()
def export(
    story: Annotated[str, typer.Argument(help="The story's id, or how it begins. Without it: a list.")] = "",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the book goes.")] = Path("build/book"),
) -> None:
    """Bind a story that is kept here as a book: HTML and PDF."""
    from bot.play import export_story

    settings = _settings()
    _hush()
    _run(export_story(settings, story, out, console=Console(highlight=False)))


@app.command()
def forget(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Erase everything that was played at this terminal, with the books of it."""
    from bot.play import forget_terminal

    settings = _settings()
    _hush()
    if not yes:
        typer.confirm("Characters and stories that were played here, their pictures and their books are deleted for "
                      "good. Go on?", abort=True)
    _run(forget_terminal(settings, console=Console(highlight=False)))


@app.command()
def label(
    files: Annotated[list[Path], typer.Argument(
        metavar="FILE", help="Pictures (PNG), books (PDF, HTML) and exports (zip), as somebody got them.")],
) -> None:
    """Read the signed labels in a file: by what a picture was made, and whether it was changed since."""
    from zipfile import BadZipFile

    from bot.audition import Misuse
    from engine.labels import generated_in, own_root, read_label

    console, root = Console(highlight=False), own_root(_settings())

    async def read(path: Path) -> list[tuple[str, dict[str, str] | None]]:
        try:
            content = await asyncio.to_thread(path.read_bytes)
            things = await asyncio.to_thread(generated_in, str(path), content)
        except OSError as error:
            raise Misuse(f"{path} cannot be read: {(error.strerror or 'no reason given').lower()}.") from None
        except BadZipFile:
            raise Misuse(f"{path} is no zip file.") from None
        return [(name, await asyncio.to_thread(read_label, each, root=root, kind=kind)) for name, kind, each in things]

    sound = True
    for name, found in [each for path in files for each in _run(read(path))]:
        if found is None:
            said = "no label"
        elif found["state"] == "Invalid":
            said = "a label, but the picture was changed after it was signed"
        else:
            whose = "this house" if found["state"] == "Trusted" else "another house"
            said = f"generated by {found['generator']} ({found['painter']}), signed by {whose}, unchanged since"
        sound = sound and found is not None and found["state"] != "Invalid"
        console.print(f"{name}: {said}", markup=False, soft_wrap=True)
    if not sound:
        raise typer.Exit(FAILED)


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help=(
        "A folder that does not exist yet. Without it: one in the data folder, named by the moment."))] = None,
) -> None:
    """Copy everything but the master key, while the bot runs or not."""
    from engine.store.backups import make_backup, read_manifest

    settings = _settings()
    _hush()
    made = _run(make_backup(settings, folder))
    files = read_manifest(made).files
    console = Console(highlight=False)
    mib = sum(size for size, _ in files.values()) / 2**20
    console.print(f"Backed up to {made}: {len(files)} files, {mib:.1f} MiB.", markup=False, soft_wrap=True)
    console.print(f"It does not hold the master key, without which nobody can read it: keep a copy of "
                  f"{settings.master_key_file} and of {settings.master_key_file.name}.forgotten beside it, somewhere "
                  f"else.", markup=False, soft_wrap=True)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The backup.")],
    force: Annotated[bool, typer.Option("--force", help="It takes the place of what is here.")] = False,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "The master key it opens with, where the house has changed its key since."))] = None,
) -> None:
    """Put a backup back. The bot must not run. Everything is looked at before anything is touched."""
    from engine.store.backups import restore_backup

    settings = _settings()
    _hush()
    back = _run(restore_backup(settings, folder, force=force, key_file=key))
    console = Console(highlight=False)
    console.print(f"Put back as of {back.made_at}: {back.stories} stories, {back.characters} characters, "
                  f"{back.pictures} pictures, every one of which opens.", markup=False, soft_wrap=True)
    if back.forgotten:
        console.print(f"Forgotten since the backup was made, and forgotten again: {back.forgotten}.")
    if back.open_turns:
        console.print(f"{back.open_turns} turns were open then: the bot goes on with them when it starts.")


@app.command("rotate-key")
def rotate_key(
    owner: Annotated[str, typer.Option(metavar="ID", help=(
        "Seal the words and pictures of this one owner anew, by a key of their own that nobody has seen."))] = "",
) -> None:
    """Turn the house over to a new master key. The bot must not run. Cut short, the same again finishes it."""
    from engine.store.turning import turn_master_key, turn_owner_key

    settings = _settings()
    _hush()
    console = Console(highlight=False)
    if owner:
        turned = _run(turn_owner_key(settings, owner))
        console.print(f"Sealed anew: {turned.words} words, {turned.pictures} pictures. Backups made before still open "
                      f"with the former key: make a new one and delete those.", soft_wrap=True)
        return
    turned = _run(turn_master_key(settings))
    console.print(f"{settings.master_key_file} is the new master key, of {turned.owners} owners' keys and "
                  f"{turned.backups} backups. Replace your copy of it.", markup=False, soft_wrap=True)
    if turned.backups_left:
        console.print(f"{turned.backups_left} backups cannot be reached: the former key is kept beside it until this "
                      f"command can reach them.", soft_wrap=True)


def main() -> None:
    """For `python -m bot.cli`."""
    app()


if __name__ == "__main__":
    main()
