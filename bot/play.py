"""`storythread play`: the same engine, with a terminal for its stage. And books of stories kept here."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.prompt import Prompt
from rich.table import Table

from bot.house import House, open_house
from bot.terminal import TerminalStage
from bot.text import clean_name, clean_turn, clean_words
from bot.wording import Words
from engine.cast.casting import draw_character_avatar
from engine.cast.measuring import look_from_words, measure_look
from engine.cast.photos import open_photo
from engine.nouns import (
    Character,
    CharacterId,
    Consent,
    Member,
    OwnerId,
    Pronouns,
    Refused,
    ServerId,
    Story,
    StoryId,
    StorythreadError,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.settings import Settings
from engine.vocabulary import STYLES

#: Everything played at this terminal belongs to whoever sits there.
TERMINAL = OwnerId("terminal")
CONSENT_POLICY = 1


class Misuse(Exception):
    """The command line asks for something that cannot be: one plain sentence."""


async def play_story(settings: Settings, *, script: Path | None, characters: Sequence[str], out: Path | None, title: str,
                     style: str, console: Console) -> int:
    """Play a story to its end. Returns how many turns or panels failed. Raises `Misuse`."""
    if style not in STYLES:
        raise Misuse(f"There is no style called {style!r}: choose {', '.join(STYLES)}.")
    turns = _read_script(script, settings.limits.turn_characters) if script else None
    folder = out or settings.home / "played" / datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    stage = TerminalStage(console, folder=folder / "panels", locale=settings.default_locale)
    async with open_house(settings, lambda _: stage) as house:
        story = Story(StoryId(uuid.uuid4().hex), VenueId(f"terminal-{uuid.uuid4().hex[:8]}"), ServerId(""), TERMINAL,
                      title, style, settings.default_locale, created_at=datetime.now(UTC))
        cast = [await _cast_character(house, settings, order) for order in characters]
        if turns is None and not cast:
            cast = await _ask_for_cast(house, settings, console)
        await house.library.save_story(story)
        for character in cast:
            await house.library.add_to_cast(story.story_id, character.character_id)
            console.print(f"[green]{escape(character.name)}[/green] is in the story "
                          f"({escape(character.look.kind)}, {character.pronouns}).")
        await house.runner.start()
        try:
            if turns is not None:
                for author, text in turns:
                    await _play_turn(house, stage, story, author, text, console)
            else:
                await _converse(house, stage, story, settings, console)
        finally:
            stage.close()
        await write_book(house, story.story_id, folder)
        _write_report(folder, stage, house)
        console.print(f"\n{len(stage.pictures)} pictures, and the book: [cyan]{folder / 'book.html'}[/cyan], "
                      f"[cyan]{folder / 'book.pdf'}[/cyan]")
    return len(stage.failures)


async def _play_turn(house: House, stage: TerminalStage, story: Story, author: str, text: str, console: Console,
                     kind: TurnKind = TurnKind.WRITE) -> None:
    turn = Turn(TurnId(uuid.uuid4().hex), story.story_id, TERMINAL, author, text, kind, created_at=datetime.now(UTC))
    if text:
        console.print(f"[bold]{escape(author)}:[/bold] {escape(text)}")
    member = Member(OwnerId(f"{TERMINAL}:{author}"), author, seat=len(await house.library.members(story.story_id)))
    if author not in {other.name for other in await house.library.members(story.story_id)}:
        await house.library.save_member(story.story_id, member)
    stage.begin(turn)
    await house.runner.accept(turn)
    await house.runner.finished(turn.turn_id)


async def _converse(house: House, stage: TerminalStage, story: Story, settings: Settings, console: Console) -> None:
    """Turns from the keyboard until /end or /quit."""
    console.print("\nWrite what happens. [dim]/next: I write a page, /undo, /end: a closing page, /quit[/dim]")
    words = Words(settings.default_locale)
    while True:
        try:
            raw = await asyncio.to_thread(Prompt.ask, "[bold]you[/bold]", console=console)
        except EOFError:
            return
        try:
            match raw.strip().lower():
                case "/quit":
                    return
                case "/next":
                    await _play_turn(house, stage, story, "you", "", console, TurnKind.NEXT_PAGE)
                case "/end":
                    await _play_turn(house, stage, story, "you", "", console, TurnKind.END)
                    return
                case "/undo":
                    undone = await house.runner.undo(story.story_id, uuid.uuid4().hex)
                    console.print("Taken back." if undone else "There is nothing to take back.")
                case _:
                    text = clean_turn(raw, limit=settings.limits.turn_characters)
                    await _play_turn(house, stage, story, "you", text, console)
        except Refused as refusal:
            console.print(words.reason(refusal.reason, **refusal.facts), style="yellow", markup=False)


def _read_script(path: Path, limit: int) -> list[tuple[str, str]]:
    """(author, text) a line; `Name: text` names the author. Empty lines and lines that begin with # are left out."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise Misuse(f"{path} cannot be read as text.") from None
    turns = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        named = re.match(r"^([^\W\d_][\w '’-]{0,30}):\s+(.+)$", line.strip())
        author, text = (named[1], named[2]) if named else ("you", line)
        try:
            turns.append((author, clean_turn(text, limit=limit)))
        except Refused as refusal:
            raise Misuse(f"{path}, line {number}: {Words('en').reason(refusal.reason, **refusal.facts)}") from None
    if not turns:
        raise Misuse(f"{path} has no turns in it.")
    return turns


async def _cast_character(house: House, settings: Settings, order: str) -> Character:
    """`Name=photo.jpg,she[,words]` or `Name=words[,she]`."""
    name, mark, rest = order.partition("=")
    if not mark or not rest.strip():
        raise Misuse(f'{order!r}: write "Name=photo.jpg,she" or "Name=a small green dragon,it".')
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    pronouns = next((Pronouns(part.lower()) for part in parts[1:] if part.lower() in set(Pronouns)), Pronouns.ANY)
    words = [part for part in parts if part.lower() not in set(Pronouns)]
    first = Path(words[0]).expanduser() if words else Path()
    looks_like_file = bool(words) and re.fullmatch(r"\.\w{2,5}", first.suffix) is not None and " " not in first.suffix
    photos = []
    if looks_like_file:
        if not first.is_file():
            raise Misuse(f"{order!r}: there is no file {first}.")
        photos, words = [first.read_bytes()], words[1:]
    return await _make_character(house, settings, name, pronouns, ", ".join(words), photos)


async def _ask_for_cast(house: House, settings: Settings, console: Console) -> list[Character]:
    """Characters from the keyboard, until an empty name."""
    console.print("Who is in the story? [dim](an empty name begins it)[/dim]")
    cast: list[Character] = []
    while len(cast) < 6:
        name = await asyncio.to_thread(Prompt.ask, "name", console=console, default="")
        if not name.strip():
            if cast:
                return cast
            console.print("A story needs at least one character.", style="yellow")
            continue
        about = await asyncio.to_thread(Prompt.ask, "a photo's file name, or a few words", console=console, default="a girl")
        pronoun = await asyncio.to_thread(Prompt.ask, "pronouns", console=console, choices=[*Pronouns], default="any")
        try:
            cast.append(await _cast_character(house, settings, f"{name}={about},{pronoun}"))
        except Misuse as misuse:
            console.print(str(misuse), style="yellow", markup=False)
    return cast


async def _make_character(house: House, settings: Settings, raw_name: str, pronouns: Pronouns, description: str,
                          photos: Sequence[bytes]) -> Character:
    try:
        name = clean_name(raw_name, limit=settings.limits.name_characters)
        if photos:
            opened = [await open_photo(photo) for photo in photos]
            casting = await asyncio.to_thread(measure_look, opened, kind=None, description=description,
                                              pronouns=pronouns)
            look = casting.look
        else:
            look = look_from_words(description, pronouns)
    except StorythreadError as error:
        raise Misuse(f"{raw_name.strip()}: {Words('en').reason(error.reason, **error.facts)}") from None
    avatar = await asyncio.to_thread(draw_character_avatar, look)
    character = Character(
        CharacterId(uuid.uuid4().hex), TERMINAL, name, pronouns, look, clean_words(description),
        avatar=await house.library.keep_picture(avatar, owner_id=TERMINAL), from_photo=bool(photos),
        consent=Consent("me", CONSENT_POLICY, datetime.now(UTC)) if photos else None)
    await house.library.save_character(character)
    return character


async def write_book(house: House, story_id: StoryId, folder: Path) -> None:
    """book.html and book.pdf of a story, into `folder`."""
    from engine.book import bind_html, bind_pdf, gather_book

    book = await gather_book(house.library, story_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.html").write_text(await asyncio.to_thread(bind_html, book), "utf-8")
    (folder / "book.pdf").write_bytes(await asyncio.to_thread(bind_pdf, book))


async def export_story(settings: Settings, story_id: str, out: Path, *, console: Console) -> None:
    """Bind a kept story; without an id list those of this terminal."""
    from engine.store import open_library

    library = await open_library(settings)
    try:
        if not story_id:
            table = Table("id", "title", "begun", title="Stories told at this terminal")
            for story in await library.stories_of(TERMINAL):
                table.add_row(story.story_id, escape(story.title), f"{story.created_at:%Y-%m-%d}" if story.created_at else "")
            console.print(table)
            return
        from engine.book import bind_html, bind_pdf, gather_book

        book = await gather_book(library, StoryId(story_id))
        out.mkdir(parents=True, exist_ok=True)
        (out / "book.html").write_text(bind_html(book), "utf-8")
        (out / "book.pdf").write_bytes(bind_pdf(book))
        console.print(f"[cyan]{out / 'book.html'}[/cyan], [cyan]{out / 'book.pdf'}[/cyan]")
    finally:
        await library.close()


def _write_report(folder: Path, stage: TerminalStage, house: House) -> None:
    """What happened, in figures."""
    report = {
        "version": version("storythread"), "panels": len(stage.pictures), "failures": stage.failures,
        "studio_peak_mib": round(house.studio.peak_memory() / 2**20, 1),
        "turns": [{"turn": turn_id, "prose_s": times.prose_s, "first_preview_s": times.first_preview_s,
                   "panels_s": times.panels_s} for turn_id, times in stage.times.items()],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
