"""Illustrating a whole text: it is read, looked through page by page in private, and drawn in the thread.

A text is stored before anything else is done with it, so that neither a crash nor a quota loses it: `/story
illustrate` without a text opens the one that waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.allowance import pictures_left, tomorrow
from bot.buttons import StoryButton, StoryMenu, modal_fields
from bot.cogs.turns import needs_of, owner_of
from bot.text import clean_words, cut, quoted, safe, shown_name
from bot.wording import Words
from engine.boundaries import passed
from engine.nouns import CharacterId, NotFound, OwnerId, Refused, Story, StoryStatus, VenueId
from engine.safety.rules import unsuitable
from engine.safety.watch import rating_of
from engine.vocabulary import SETTINGS, TIMES
from engine.ways.storyboard import (
    MOST_SENTENCES,
    BoardState,
    Storyboard,
    decode_text,
    drop_page,
    join_next,
    read_text,
    recast,
    replace_scene,
)

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

FILE_KIB = 64
ENDINGS = (".txt", ".md", ".markdown", ".text")
FORM_CHARACTERS = 4000                     # the most a form's field takes
PROGRESS_EVERY_S = 1.5


class Texts(commands.Cog):
    """Texts on their way to being stories."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks.update(board=self.click, boardcast=self.choose, boardplace=self.choose, boardtime=self.choose)
        bot.forms["illustrate"] = self.read_form

    # --- taking a text -----------------------------------------------------------------------------

    async def illustrate(self, interaction: Interaction, file: discord.Attachment | None) -> None:
        """The command: a file is read at once; without one the form opens, or the text that waits."""
        story = await self._checked(interaction)
        waiting = await self._waiting(story, owner_of(interaction))
        if file is not None:
            if waiting is not None:
                raise Refused(reason="board_busy")
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._take(interaction, story, await fetch_text(file), _nothing)
        elif waiting is not None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            if waiting.state is BoardState.READING:    # a crash came in between
                waiting = await self._read(interaction, waiting)
            await self._show(interaction, waiting, waiting.drawn)
        else:
            await interaction.response.send_modal(self._form(interaction, story))

    def _form(self, interaction: Interaction, story: Story) -> ui.Modal:
        words = self.bot.words(interaction)
        form = ui.Modal(title=words("text_form_title"), timeout=900,
                        custom_id=f"illustrate:{story.story_id}:{interaction.id}")
        field: ui.TextInput[Any] = ui.TextInput(custom_id="text", style=discord.TextStyle.paragraph, required=False,
                                                max_length=FORM_CHARACTERS)
        form.add_item(ui.Label(text=words("text_form_label"),
                               description=cut(words("text_form_hint", limit=MOST_SENTENCES), 100), component=field))
        form.add_item(ui.Label(text=words("text_form_file"), component=ui.FileUpload(
            custom_id="file", required=False, min_values=0, max_values=1)))
        return form

    async def read_form(self, interaction: Interaction, key: str) -> None:
        """The form, sent."""
        fields, files = modal_fields(interaction)
        written = fields.get("text", "")

        async def hold() -> None:
            if not interaction.response.is_done():
                await interaction.response.defer(ephemeral=True, thinking=True)

        if not written.strip():
            await hold()                       # a file is not lost: whoever sent it has it still
        try:
            story = await self._checked(interaction)
            if await self._waiting(story, owner_of(interaction)) is not None:
                raise Refused(reason="board_busy")
            text = await fetch_text(files[0]) if files and not written.strip() else written
            await self._take(interaction, story, text, hold)
        except Refused as refusal:
            words = self.bot.words(interaction)
            said = words(refusal.reason, **refusal.facts)
            if written.strip():
                said += "\n" + words("text_kept") + "\n" + quoted(written, limit=3000)
            await self.bot.private(interaction, said)

    async def _take(self, interaction: Interaction, story: Story, raw: str,
                    hold: Callable[[], Awaitable[None]]) -> None:
        """Store a text, let Discord know that the answer is coming (`hold`), read it, show its first page."""
        text = clean_words(raw)
        await self._need_suitable(interaction, story, read_text(text))     # refused before it is stored
        board = Storyboard(str(interaction.id), story.story_id, owner_of(interaction),
                           shown_name(interaction.user.display_name), text)
        await self.bot.library.save_storyboard(board)
        passed("text kept")
        await hold()
        board = await self._read(interaction, board)
        passed("text read")
        await self._show(interaction, board, 0)

    async def _need_suitable(self, interaction: Interaction, story: Story, parts: Sequence[Sequence[str]]) -> None:
        """Raise `Refused` with the first sentence of a text that does not suit the story."""
        decided = await self.bot.library.server_settings(story.server_id)
        rating, blocked = rating_of(story, decided), decided.blocked_words
        for sentences in parts:
            finding = await asyncio.to_thread(unsuitable, " ".join(sentences), rating, blocked)
            if finding is not None:
                part = next((one for one in sentences if unsuitable(one, rating, blocked)), sentences[0])
                raise Refused(reason="unsuitable_part", part=safe(cut(part, 200)),
                              why=self.bot.words(interaction)(f"unsuitable_{finding.subject}"))

    async def _read(self, interaction: Interaction, board: Storyboard) -> Storyboard:
        """Plan the pages, telling how far it is."""
        words, loop = self.bot.words(interaction), asyncio.get_running_loop()
        told_at, told = loop.time(), set[asyncio.Task[None]]()

        async def tell(text: str) -> None:
            try:
                await self.bot.private(interaction, text)
            except (discord.HTTPException, aiohttp.ClientError, OSError):
                return                     # progress is never worth a text

        def on_page(index: int, count: int) -> None:
            nonlocal told_at
            if loop.time() - told_at >= PROGRESS_EVERY_S:
                told_at = loop.time()
                told.add(loop.create_task(tell(words("text_reading", page=index + 1, count=count))))

        await tell(words("text_reading_first"))
        board = await self.bot.ways.read(board, on_page)
        if told:
            await asyncio.wait(told)
        return board

    # --- looking through it ------------------------------------------------------------------------

    async def _show(self, interaction: Interaction, board: Storyboard, index: int) -> None:
        """One page of a storyboard, in the private answer."""
        layout = await self._page(self.bot.words(interaction), board, index, await self.left(board))
        await self.bot.change(interaction, layout)

    async def _page(self, words: Words, board: Storyboard, index: int, quota: tuple[int, int]) -> ui.LayoutView:
        index = min(max(index, board.drawn), len(board.pages) - 1)
        page, (left, limit) = board.pages[index], quota
        cast = await self.bot.library.cast(board.story_id)
        names = {character.character_id: character.name for character in cast}
        there = [member.character_id for member in page.beat.cast if member.character_id in names]
        shown = ", ".join(safe(names[one]) for one in there) or words("board_nobody")
        place = page.beat.setting_name or words.value(page.beat.setting_kind)
        key = f"{board.storyboard_id}:{index}"
        lines = [words("board_page", page=index + 1, count=len(board.pages)), quoted(page.words, limit=1500), "",
                 words("board_shows", cast=shown, place=safe(place), time=words(f"at_{page.beat.time_of_day}"))]
        if board.drawn:
            lines.append(words("board_rest", drawn=board.drawn))
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay("\n".join(lines)))
        if cast:
            options = [discord.SelectOption(label=character.name, value=character.character_id,
                                            default=character.character_id in there) for character in cast[:25]]
            layout.add_item(ui.ActionRow(StoryMenu("boardcast", key, options, placeholder=words("board_menu_cast"),
                                                   min_values=0, max_values=min(6, len(options)))))
        for verb, values, now in (("boardplace", SETTINGS, page.beat.setting_kind),
                                  ("boardtime", TIMES, page.beat.time_of_day)):
            options = [discord.SelectOption(label=words.value(value), value=value, default=value == now)
                       for value in values]
            layout.add_item(ui.ActionRow(StoryMenu(verb, key, options, placeholder=words(
                "board_menu_place" if verb == "boardplace" else "board_menu_time"))))
        last = len(board.pages) - 1
        layout.add_item(ui.ActionRow(
            StoryButton("board", f"{board.storyboard_id}:{index - 1}:before", words("button_page_before"),
                        disabled=index <= board.drawn),
            StoryButton("board", f"{board.storyboard_id}:{index + 1}:after", words("button_page_after"),
                        disabled=index >= last),
            StoryButton("board", f"{key}:join", words("button_join_pages"), disabled=index >= last),
            StoryButton("board", f"{key}:drop", words("button_drop_page"), disabled=board.left <= 1)))
        layout.add_item(ui.TextDisplay(
            words("board_left", left=left, limit=limit) if left >= board.left
            else words("board_too_many", count=board.left, left=left)))
        count = min(left, board.left)
        draw = StoryButton("board", f"{board.storyboard_id}:{count}:draw", words(
            "button_draw_pages" if count >= board.left else "button_draw_some", count=max(1, count)), emoji="🖍️",
                           style=discord.ButtonStyle.success, disabled=count < 1)
        layout.add_item(ui.ActionRow(draw, StoryButton("board", f"{key}:cancel", words("button_cancel_text"))))
        return layout

    async def click(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A button of a storyboard."""
        storyboard_id, index, what = _parts(key)
        if what == "stop":
            await self._stop(interaction, storyboard_id)
            return
        board = await self._mine(interaction, storyboard_id)
        if what == "draw":
            await self._draw(interaction, board, index)
        elif what == "cancel":
            await self._cancel(interaction, board)
        else:
            async with self.bot.lock(f"board {storyboard_id}"):
                board = await self._mine(interaction, storyboard_id)
                if what in ("drop", "join"):
                    board = (drop_page if what == "drop" else join_next)(board, index)
                    await self.bot.library.save_storyboard(board)
            await self._show(interaction, board, index)

    async def choose(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A menu of a storyboard: who is in a picture, where, when."""
        storyboard_id, index, _ = _parts(key + ":")
        data: Any = interaction.data or {}
        verb = str(data.get("custom_id", "")).partition(":")[0]
        async with self.bot.lock(f"board {storyboard_id}"):
            board = await self._mine(interaction, storyboard_id)
            if verb == "boardcast":
                known = {character.character_id for character in await self.bot.library.cast(board.story_id)}
                board = recast(board, index, [CharacterId(value) for value in values if CharacterId(value) in known])
            elif verb == "boardplace" and values and values[0] in SETTINGS:
                board = replace_scene(board, index, setting_kind=values[0], onwards=True)
            elif verb == "boardtime" and values and values[0] in TIMES:
                board = replace_scene(board, index, time_of_day=values[0])
            else:
                raise Refused(reason="stale_button")
            await self.bot.library.save_storyboard(board)
        await self._show(interaction, board, index)

    # --- drawing it --------------------------------------------------------------------------------

    async def _draw(self, interaction: Interaction, board: Storyboard, count: int) -> None:
        story = await self._checked(interaction, VenueId(str(interaction.channel_id)), board)
        async with self.bot.lock(story.story_id):
            left, limit = await self.left(board)
            if left < 1:
                raise Refused(reason="board_no_quota", limit=limit, when=tomorrow())
            if await self.bot.library.open_turns(story.story_id):
                raise Refused(reason="turn_in_progress")
            await self.bot.ways.draw(board.storyboard_id, max(1, min(count, left)))
        words = self.bot.words(interaction)
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(words("board_begun")))
        await self.bot.change(interaction, layout)

    async def _cancel(self, interaction: Interaction, board: Storyboard) -> None:
        if board.state not in (BoardState.REVIEW, BoardState.READING):
            raise Refused(reason="stale_button")
        if board.drawn:                    # its pages are in the story: the row stays, what is left is put away
            await self.bot.library.save_storyboard(replace(board, pages=board.pages[:board.drawn],
                                                           state=BoardState.DONE))
        else:
            await self.bot.library.drop_storyboard(board.storyboard_id)
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(self.bot.words(interaction)("board_cancelled")))
        await self.bot.change(interaction, layout)

    async def _stop(self, interaction: Interaction, storyboard_id: str) -> None:
        """Stop: by whoever gave the text, or anybody in the story."""
        try:
            board = await self.bot.library.storyboard(storyboard_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        await self._member(await self.bot.library.story(board.story_id), owner_of(interaction))
        if not await self.bot.ways.stop(storyboard_id):
            raise Refused(reason="stale_button")
        await self.bot.private(interaction, self.bot.words(interaction)("board_stopping"))

    # --- small things ------------------------------------------------------------------------------

    async def left(self, board: Storyboard) -> tuple[int, int]:
        """Pictures this person can still have here today, and how many a day has."""
        story = await self.bot.library.story(board.story_id)
        left, limit, _ = await pictures_left(self.bot, story, board.owner_id)
        return left, limit

    async def _checked(self, interaction: Interaction, venue_id: VenueId | None = None,
                       board: Storyboard | None = None) -> Story:
        """The story here, if this person may illustrate in it now. Raises `Refused`."""
        story = (await self.bot.library.story(board.story_id) if board is not None
                 else await self.bot.library.story_at(venue_id or VenueId(str(interaction.channel_id))))
        if story is None:
            raise Refused(reason="story_not_here")
        if self.bot.draining:
            raise Refused(reason="restarting")
        if story.status is not StoryStatus.OPEN:
            raise Refused(reason=f"story_{story.status.value}")
        self.bot.need(interaction, needs_of(interaction))
        await self._member(story, owner_of(interaction))
        return story

    async def _member(self, story: Story, owner_id: OwnerId) -> None:
        if all(member.owner_id != owner_id for member in await self.bot.library.members(story.story_id)):
            raise Refused(reason="not_member", story_id=story.story_id)

    async def _waiting(self, story: Story, owner_id: OwnerId) -> Storyboard | None:
        """This person's text that is not drawn yet. Raises `Refused` while one is being drawn here."""
        boards = [board for board in await self.bot.library.storyboards(story.story_id) if board.picture is None]
        if any(board.state in (BoardState.DRAWING, BoardState.STOPPING) for board in boards):
            raise Refused(reason="text_being_drawn")
        return next((board for board in boards if board.owner_id == owner_id), None)

    async def _mine(self, interaction: Interaction, storyboard_id: str) -> Storyboard:
        try:
            board = await self.bot.library.storyboard(storyboard_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if board.owner_id != owner_of(interaction) or board.state is not BoardState.REVIEW:
            raise Refused(reason="stale_button")
        return board


async def _nothing() -> None:
    """Discord knows already that the answer is coming."""


def _parts(key: str) -> tuple[str, int, str]:
    """Storyboard, page or count, and what is wanted. Raises `Refused` for anything else."""
    storyboard_id, _, rest = key.partition(":")
    number, _, what = rest.partition(":")
    try:
        return storyboard_id, int(number), what
    except ValueError:
        raise Refused(reason="stale_button") from None


async def fetch_text(file: discord.Attachment) -> str:
    """The text of an uploaded file. Raises `Refused` for what is too large, gone, or no text."""
    if not file.filename.casefold().endswith(ENDINGS):
        raise Refused(reason="text_file_kind")
    if file.size > FILE_KIB * 1024:
        raise Refused(reason="text_file_too_large", limit_kib=FILE_KIB)
    try:
        data = await file.read()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Refused(reason="text_file_gone") from error
    if len(data) > FILE_KIB * 1024:        # what Discord said of it was not so
        raise Refused(reason="text_file_too_large", limit_kib=FILE_KIB)
    return decode_text(data)


async def setup(bot: StoryBot) -> None:
    cog = Texts(bot)
    await bot.add_cog(cog)
    group = bot.tree.get_command("story")
    assert isinstance(group, app_commands.Group)

    @app_commands.describe(file="A text file (.txt or .md); leave out to paste the text")
    async def illustrate(interaction: discord.Interaction[Any], file: discord.Attachment | None = None) -> None:
        await cog.illustrate(interaction, file)

    group.add_command(app_commands.Command(name="illustrate", callback=illustrate,
                                           description="Draw pictures to a whole text, page by page"))


