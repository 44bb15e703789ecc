"""`storythread play`: the same engine, with a terminal for its stage. And books of stories kept here."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.audition import (
    YOU,
    Audition,
    InTheWay,
    Misuse,
    audition,
    auditioned,
    photos_and_words,
    read_script,
    refuse_twins,
)
from bot.house import TERMINAL_VENUE, House, at_terminal, open_house
from bot.keyboard import Keyboard
from bot.terminal import TerminalStage
from bot.text import clean_name, clean_title, clean_turn, clean_words, shown_name
from bot.wording import CONSENTS, Words
from engine.cast.casting import draw_character_avatar
from engine.labels import PAPER_DOLLS, Labels
from engine.nouns import (
    Character,
    CharacterId,
    Member,
    OwnerId,
    Panel,
    Pronouns,
    Refused,
    ServerId,
    Story,
    StoryId,
    StorythreadError,
    Turn,
    TurnId,
    TurnKind,
    TurnState,
    VenueId,
)
from engine.settings import Settings
from engine.store.books import note_book
from engine.vocabulary import STYLES
from engine.ways.storyboard import BoardState, Storyboard, decode_text, read_text
from engine.ways.ways import Ways

#: Everything played at this terminal belongs to whoever sits there.
TERMINAL = OwnerId("terminal")
CAST_LIMIT = 6


async def play_story(settings: Settings, *, script: Path | None, characters: Sequence[str], out: Path | None,
                     title: str, style: str, console: Console) -> int:
    """Play a story to its end. Returns how many turns or panels failed.

    Raises `Misuse` before anything is kept, `InTheWay`, and what `open_house` raises.
    """
    if style not in STYLES:
        raise Misuse(f"There is no style called {style!r}: choose {', '.join(STYLES)}.")
    words = Words(settings.default_locale)
    title = clean_title(title, words("story_untitled"))
    turns = read_script(script, settings.limits.turn_characters) if script is not None else None
    cast: list[Audition | str] = [await audition(settings, order) for order in characters]
    refuse_twins(cast)
    begun = datetime.now(UTC)
    folder = (out or settings.home / "played" / f"{begun:%Y-%m-%d-%H%M%S}").absolute()
    story_id = uuid.uuid4().hex
    story = Story(StoryId(story_id), VenueId(TERMINAL_VENUE + story_id), ServerId(""), TERMINAL, title, style,
                  settings.default_locale, created_at=begun)
    stage = TerminalStage(console, folder=folder / "panels", story_id=story.story_id, locale=settings.default_locale,
                          labels=Labels(settings))
    with Keyboard() as keyboard:
        async with open_house(settings, lambda _: stage, unseen=lambda _: False) as house:
            _make_folder(folder)
            note_book(settings.home, story.story_id, folder)
            ways = Ways(house.runner, PrintedBoard(words, console))
            telling = Telling(house, stage, story, settings, console, keyboard, ways)
            await telling.refuse_the_bots_work()
            models = asyncio.create_task(telling.tell_of_models(), name="models")
            try:
                stage.look_at_terminal()
                await telling.tell(turns, cast)
            finally:
                stage.close()
                models.cancel()
                await asyncio.gather(models, return_exceptions=True)
            await telling.bind(folder)
    return len(stage.failures)


class PrintedBoard:
    """How far a text that is being illustrated is, in a line a page."""

    def __init__(self, words: Words, console: Console) -> None:
        self._words, self._console = words, console

    async def board_progress(self, venue_id: VenueId, board: Storyboard, done: int, total: int) -> None:
        """So many pictures are there."""
        line = self._words("board_progress", name=board.author, done=done, total=total).replace("**", "")
        self._console.print(Text(line, style="dim"))

    async def board_done(self, venue_id: VenueId, board: Storyboard, panels: Sequence[Panel]) -> None:
        """The book has them all; here they were shown one by one."""


class Telling:
    """One story on its way at this terminal."""

    def __init__(self, house: House, stage: TerminalStage, story: Story, settings: Settings, console: Console,
                 keyboard: Keyboard, ways: Ways) -> None:
        self._house, self._stage, self._story, self._ways = house, stage, story, ways
        self._settings, self._console, self._keyboard = settings, console, keyboard
        self._words = Words(settings.default_locale)
        self._cast: list[Character] = []
        self._playing = False              # a page is being made

    # --- the whole ---------------------------------------------------------------------------------

    async def tell(self, turns: Sequence[tuple[str, str]] | None, cast: Sequence[Audition | str]) -> None:
        """Finish what was left, cast, and play the turns; those of the keyboard where there are none."""
        try:
            await self._finish_old_pages()
            keepers = [await self._engage(one) for one in cast]
            await self._house.library.save_story(self._story)
            for character in keepers:
                await self._join(character)
            if turns is None:
                if not self._cast:
                    await self._ask_for_cast()
                await self._converse()
            else:
                for author, text in turns:
                    await self._play(author, text)
        except EOFError:                       # no more lines: a way to leave
            self._console.print()
        except asyncio.CancelledError:
            self._stage.close()
            if self._playing or turns is not None:
                self._print("terminal_stopped" if self._playing else "cancelled", "yellow")
                raise
            task = asyncio.current_task()      # Ctrl-C while nothing is being made: another way to leave
            if task is not None:
                task.uncancel()
            self._console.print()

    async def bind(self, folder: Path) -> None:
        """The book and the report, into `folder`."""
        report = _report(self._stage, self._house, self._story, self._settings)
        if await self._house.library.steps(self._story.story_id):
            await write_book(self._house.library, self._story.story_id, folder, Labels(self._settings),
                             home=self._settings.home)
            self._print("terminal_book", panels=len(self._stage.pictures), html=folder / "book.html",
                        pdf=folder / "book.pdf")
        else:
            self._print("terminal_no_book")
        await asyncio.to_thread((folder / "report.json").write_text, json.dumps(report, indent=2, ensure_ascii=False)
                                + "\n", "utf-8")

    async def tell_of_models(self) -> None:
        """Say once which models cannot work here. (Without the likeness encoder panels are only less well checked.)"""
        ready = await self._house.studio.ready()
        for unable in (one for one in ready.unable if one.role != "likeness"):
            self._print("terminal_unable", "yellow", role=self._words(f"role_{unable.role}"),
                        why=unable.why.rstrip("."))
        if ready.model("writer") is not None and any(unable.role == "writer" for unable in ready.unable):
            self._print("terminal_small_writer", "yellow")
        if ready.stand_in:
            self._print("terminal_stand_in" if ready.stand_in == PAPER_DOLLS else "terminal_small_painter", "yellow")

    # --- pages that were cut short -----------------------------------------------------------------

    async def refuse_the_bots_work(self) -> None:
        """Raises `InTheWay` when a page is open that only the bot can finish: its messages are in Discord."""
        for turn in await self._house.library.open_turns():
            story = await self._house.library.story(turn.story_id)
            if not at_terminal(story.venue_id):
                raise InTheWay(f"The bot left a page of {story.title!r} unfinished, which only it can finish: start "
                               "`storythread bot` once, or name another data folder with STORYTHREAD_HOME.")
        for board in await self._house.library.storyboards_in(BoardState.DRAWING):
            story = await self._house.library.story(board.story_id)
            if not at_terminal(story.venue_id):
                raise InTheWay(f"The bot is illustrating a text of {story.title!r}, which only it can finish: start "
                               "`storythread bot` once, or name another data folder with STORYTHREAD_HOME.")

    async def _finish_old_pages(self) -> None:
        """Begin to play; what Ctrl-C or a crash cut short last time comes first."""
        library, runner = self._house.library, self._house.runner
        left = await library.open_turns()
        titles = {}
        for turn in left:
            titles[turn.turn_id] = (await library.story(turn.story_id)).title
            self._print("terminal_finishing", title=titles[turn.turn_id])
        self._playing = bool(left)
        await runner.start()
        for turn in left:
            try:
                await runner.finished(turn.turn_id)
            except StorythreadError:
                raise
            except Exception:              # its own records are spoilt: it must not stand in every later story's way
                await library.close_turn(turn.turn_id, TurnState.FAILED, "unexpected")
                self._print("unexpected", "yellow")
            else:
                if (await library.turn(turn.turn_id)).state is TurnState.DONE:
                    self._print("terminal_finished", "dim", story=turn.story_id)
        self._playing = False
        self._stage.times.clear()

    # --- casting -----------------------------------------------------------------------------------

    async def _engage(self, one: Audition | str) -> Character:
        """Make a character and keep it; a bare name is one that was kept before. Raises `Misuse`."""
        library = self._house.library
        if isinstance(one, str):
            known = [other for other in await library.characters_of(TERMINAL)
                     if other.name.casefold() == one.casefold()]
            if not known:
                raise Misuse(f'There is no character called {one} here yet: write "{one}=photo.jpg,she" or '
                             f'"{one}=a small green dragon,it".')
            return known[-1]
        avatar = await asyncio.to_thread(draw_character_avatar, one.look)
        character = Character(
            CharacterId(uuid.uuid4().hex), TERMINAL, one.name, one.pronouns, one.look, one.description,
            avatar=await library.keep_picture(avatar, owner_id=TERMINAL), from_photo=one.consent is not None,
            consent=one.consent)
        await library.save_character(character)
        for finding in one.findings:
            self._print(finding, "dim")
        return character

    async def _join(self, character: Character) -> None:
        await self._house.library.add_to_cast(self._story.story_id, character.character_id)
        self._cast.append(character)
        self._print("terminal_in_story", "green", name=character.name, look=described(self._words, character))

    async def _ask_for_cast(self) -> None:
        """Characters from the keyboard, until an empty name."""
        words = self._words
        self._print("terminal_who", "bold")
        while len(self._cast) < CAST_LIMIT:
            name = (await self._keyboard.line(words("terminal_name"))).strip()
            if not name:
                if self._cast:
                    return
                self._print("terminal_needs_character", "yellow")
                continue
            try:
                if any(name.casefold() == other.name.casefold() for other in self._cast):
                    raise Refused(reason="name_taken", name=name)
                name = clean_name(name, limit=self._settings.limits.name_characters)
                about = await self._keyboard.line(words("terminal_about"))
                pronouns = Pronouns(await self._choose("terminal_pronouns", tuple(Pronouns), Pronouns.ANY))
                photos, description = photos_and_words(f"{name}={about}", about)
                consent = await self._choose("terminal_consent", tuple(CONSENTS), "") if photos else ""
                await self._join(await self._engage(
                    await auditioned(self._settings, name, pronouns, description, photos, consent)))
            except Misuse as misuse:
                self._console.print(Text(str(misuse), style="yellow"))
            except Refused as refusal:
                self._print(refusal.reason, "yellow", **refusal.facts)

    async def _choose(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of `choices`; an empty answer takes `default`, where there is one."""
        shown = ", ".join(choices)
        while True:
            answer = (await self._keyboard.line(self._words(key, choices=shown))).strip().lower() or default
            if answer in choices:
                return answer
            self._print("terminal_choose", "yellow", choices=shown)

    # --- turns -------------------------------------------------------------------------------------

    async def _converse(self) -> None:
        """Turns from the keyboard until /end or /quit."""
        words = self._words
        writer = shown_name(await self._keyboard.line(words("terminal_writer")), YOU)
        self._print("terminal_hint", "dim")
        while True:
            raw = (await self._keyboard.line(writer)).strip()
            command, _, rest = raw.partition(" ")
            try:
                match command.lower():
                    case "":
                        continue
                    case "/quit":
                        return
                    case "/next":
                        await self._play(writer, "", TurnKind.NEXT_PAGE)
                    case "/end":
                        if await self._play(writer, "", TurnKind.END):
                            return
                    case "/undo":
                        await self._undo()
                    case "/redraw":
                        await self._redraw()
                    case "/change":
                        await self._change(rest)
                    case "/flip":
                        await self._flip()
                    case "/fill":
                        await self._fill(writer, rest)
                    case "/illustrate":
                        await self._illustrate(writer, rest)
                    case "/as":
                        writer = shown_name(rest, writer)
                    case _ if re.fullmatch(r"/\w+", command):
                        self._print("terminal_no_command", "yellow", command=command)
                    case _:
                        await self._play(writer, clean_turn(raw, limit=self._settings.limits.turn_characters))
            except Refused as refusal:
                self._print(refusal.reason, "yellow", **refusal.facts)

    async def _play(self, author: str, text: str, kind: TurnKind = TurnKind.WRITE) -> bool:
        """One turn, to its end. False when it failed."""
        member = await self._member(author)
        turn = Turn(TurnId(uuid.uuid4().hex), self._story.story_id, member.owner_id, member.name, text, kind,
                    created_at=datetime.now(UTC))
        if text and not (self._console.is_terminal and sys.stdin.isatty()):
            self._console.print(Text.assemble((f"{member.name}: ", "bold"), text))
        self._stage.begin(turn)
        self._playing = True
        await self._house.runner.accept(turn)
        await self._house.runner.finished(turn.turn_id)
        self._playing = False
        return (await self._house.library.turn(turn.turn_id)).state is TurnState.DONE

    async def _member(self, author: str) -> Member:
        """Who writes: the same name is the same person, and a character of that name is whom they mean by "I"."""
        library, story_id = self._house.library, self._story.story_id
        members = await library.members(story_id)
        owner_id = OwnerId(f"{TERMINAL}:{author.casefold()}")
        for member in members:
            if member.owner_id == owner_id:
                return member
        mine = next((one.character_id for one in self._cast if one.name.casefold() == author.casefold()), None)
        member = Member(owner_id, author, len(members), mine)
        await library.save_member(story_id, member)
        return member

    async def _undo(self) -> None:
        undone = await self._house.runner.undo(self._story.story_id, uuid.uuid4().hex)
        if undone is None:
            self._print("nothing_to_undo", "yellow")
            return
        self._stage.take_back(undone[1])
        self._print("page_taken_back")

    async def _redraw(self) -> None:
        """The newest picture once more."""
        panel_id = self._stage.newest
        if panel_id is None:
            raise Refused(reason="nothing_yet")
        request = uuid.uuid4().hex
        await self._stage.place(self._story.venue_id, await self._house.library.panel(panel_id))
        self._playing = True
        await self._house.runner.redraw(panel_id, TERMINAL, request)
        await self._house.runner.finished(request)
        self._playing = False

    # --- the other ways into a story ---------------------------------------------------------------

    async def _change(self, wish: str) -> None:
        """The newest picture with something different."""
        panel_id = self._stage.newest
        if panel_id is None:
            raise Refused(reason="nothing_yet")
        request = uuid.uuid4().hex
        changed = await self._ways.change(panel_id, wish, owner_id=TERMINAL, locale=self._words.locale,
                                          request_id=request)
        for note in changed.notes:
            self._print(note, "dim")
        await self._stage.place(self._story.venue_id, await self._house.library.panel(panel_id))
        self._playing = True
        await self._house.runner.finished(request)
        self._playing = False

    async def _flip(self) -> None:
        """The next version of the newest picture."""
        panel_id = self._stage.newest
        if panel_id is None:
            raise Refused(reason="nothing_yet")
        panel = await self._ways.flip(panel_id, 1)
        if panel.picture is not None:
            await self._stage.show(self._story.venue_id, panel, await self._house.library.picture(panel.picture))

    async def _fill(self, author: str, page: str) -> None:
        """The missing page after the one with this number."""
        steps = await self._house.library.steps(self._story.story_id)
        if len(steps) < 2:
            raise Refused(reason="fill_no_gap")
        number = int(page) if page.strip().isdecimal() else len(steps) - 1
        if not 1 <= number < len(steps):
            raise Refused(reason="fill_no_such_page", count=len(steps))
        member = await self._member(author)
        turn = Turn(TurnId(uuid.uuid4().hex), self._story.story_id, member.owner_id, member.name, "", TurnKind.FILL,
                    created_at=datetime.now(UTC))
        self._stage.begin(turn)
        self._playing = True
        await self._ways.fill(turn, steps[number - 1].step_id, steps[number].step_id)
        await self._house.runner.finished(turn.turn_id)
        self._playing = False

    async def _illustrate(self, author: str, path: str) -> None:
        """A whole text from a file, a page and a picture at a time."""
        def read() -> bytes:
            return Path(path.strip()).expanduser().read_bytes()

        try:
            data = await asyncio.to_thread(read)
        except OSError:
            raise Refused(reason="text_file_kind") from None
        member = await self._member(author)
        board = Storyboard(uuid.uuid4().hex, self._story.story_id, member.owner_id, member.name,
                           clean_words(decode_text(data)))
        read_text(board.text)
        await self._house.library.save_storyboard(board)
        self._print("text_reading_first", "dim")
        board = await self._ways.read(board)
        for number, page in enumerate(board.pages, start=1):
            self._console.print(Text(f"{number}. {page.words}  [{page.beat.words}]", style="dim"))
        answer = await self._keyboard.line(self._words("button_draw_pages", count=board.left) + " (y/n)")
        if answer.strip().casefold() not in ("y", "yes", "j", "ja"):
            await self._house.library.drop_storyboard(board.storyboard_id)
            self._print("board_cancelled", "dim")
            return
        self._playing = True
        await self._ways.draw(board.storyboard_id, board.left)
        await self._house.runner.finished(f"{board.storyboard_id}-from-0")
        self._playing = False

    def _print(self, key: str, style: str = "", **facts: object) -> None:
        """A sentence of the house."""
        self._console.print(Text(self._words(key, **facts), style=style), soft_wrap=True)


# --- what stays ------------------------------------------------------------------------------------

def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".storythread"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise Misuse(f"{folder} cannot be written to: {(error.strerror or 'no reason given').lower()}.") from None


def described(words: Words, character: Character) -> str:
    """Kind, pronouns and own words, in a line."""
    parts = [words.value(character.look.kind), words(f"pronouns_{character.pronouns.value}"), character.description]
    return ", ".join(part for part in parts if part)


async def write_book(library: Any, story_id: StoryId, folder: Path, labels: Labels, *, home: Path) -> None:
    """book.html and book.pdf of a story, into `folder`; noted in the data folder, so that erasing finds them."""
    from engine.book import bind_book

    html, pdf = await bind_book(library, story_id, labels)
    _make_folder(folder)
    note_book(home, story_id, folder)
    (folder / "book.html").write_bytes(html)
    (folder / "book.pdf").write_bytes(pdf)


async def export_story(settings: Settings, story_id: str, out: Path, *, console: Console) -> None:
    """Bind a story that is kept here; without an id list all of them, newest first. Raises `Misuse`."""
    from engine.store import open_library

    library = await open_library(settings)
    try:
        stories = await library.every_story()
        if not story_id:
            if not stories:
                console.print("No stories are kept here yet: `storythread play` tells one.", markup=False)
                return
            table = Table("id", "title", "begun", "where", "state", title=None, box=None)
            for story in stories:
                table.add_row(Text(story.story_id, no_wrap=True), Text(story.title),
                              f"{story.created_at:%Y-%m-%d}" if story.created_at else "",
                              "terminal" if at_terminal(story.venue_id) else "Discord", story.status.value)
            console.print(table)
            return
        found = [story for story in stories if story.story_id.startswith(story_id)]
        if len(found) != 1:
            raise Misuse(f"There is no story {story_id} here: `storythread export` lists them." if not found else
                         f"{len(found)} stories begin with {story_id}: write more of the id.")
        if not await library.steps(found[0].story_id):
            raise Misuse(f"Nothing was told in {found[0].title!r}, so there is no book of it.")
        await write_book(library, found[0].story_id, out, Labels(settings), home=settings.home)
        console.print(Text(f"{out / 'book.html'}, {out / 'book.pdf'}", style="cyan"), soft_wrap=True)
    finally:
        await library.close()


async def forget_terminal(settings: Settings, *, console: Console) -> None:
    """Erase everything that was played at this terminal: characters, stories, pictures, and books in any folder."""
    from engine.store import open_library

    library = await open_library(settings)
    try:
        for owner_id in await library.owners_at_terminal():
            await library.forget(owner_id)
    finally:
        await library.close()
    console.print("Nothing that was played at this terminal is kept any more.", markup=False)


def _report(stage: TerminalStage, house: House, story: Story, settings: Settings) -> dict[str, Any]:
    """What report.json says. Times in seconds after the turn was taken, memory in MiB."""
    from bot.rehearsal.rehearse import versions

    return {
        "title": story.title, "story": story.story_id, "style": story.style,
        "turns": [{"turn": turn_id, "author": times.author, "kind": times.kind.value, "prose_s": times.prose_s,
                   "first_preview_s": times.first_preview_s, "panels_s": times.panels_s, "panels": times.panels,
                   "failures": times.failures} for turn_id, times in stage.times.items()],
        "panels": len(stage.pictures), "failures": stage.failures,
        "peak_memory_mib": {"terminal": _own_peak_mib(), "studio": round(house.studio.peak_memory() / 2**20, 1)},
        "settings": {"painter": settings.studio.painter, "writer": settings.studio.writer},
        "versions": versions(),
    }


def _own_peak_mib() -> float:
    try:
        import resource
    except ImportError:                    # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
