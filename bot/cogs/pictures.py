"""What can be done with pictures: a wish for one, its versions, the missing page, a picture to start from."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import anonymous
from bot.buttons import StoryButton, StoryMenu, modal_fields
from bot.cogs.keeping import fetch
from bot.cogs.turns import Turns, needs_of, owner_of
from bot.stage import marker_of, told
from bot.text import cut, safe, shown_name
from bot.wording import Words
from engine.cast.photos import open_photo
from engine.cast.witness import vision_of
from engine.nouns import (
    BadPhoto,
    Beat,
    NotFound,
    Panel,
    PanelId,
    PanelState,
    Refused,
    StepId,
    Story,
    StoryId,
    StoryStatus,
    StoryStep,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.safety.brought import need_fit
from engine.vocabulary import SETTINGS
from engine.ways.change_reading import REQUEST_CHARACTERS
from engine.ways.storyboard import BoardPage, BoardState, Storyboard
from engine.ways.ways import in_style, kind_of, square_drawing

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.pictures")

GAPS = 25                                  # a menu holds twenty-five
FARTHEST = 999
CLOSING_S = 1.5


class Pictures(commands.Cog):
    """Wishes, versions, gaps, places from pictures."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks.update(change=self.open_form, flip=self.flip, gap=self.choose_gap, takeout=self.take_out,
                          place=self.begin, placekind=self.choose_kind)
        bot.forms["change"] = self.read_form

    # --- a wish ------------------------------------------------------------------------------------

    async def change(self, interaction: Interaction, what: str, number: int | None) -> None:
        """The command: a wish for the picture with this number, or the newest."""
        story = await self._here(interaction)
        drawn = [panel for panel in await self.bot.library.panels(story.story_id) if panel.picture is not None]
        if not drawn:
            raise Refused(reason="why_nothing_yet")
        if number is not None and number > len(drawn):
            raise Refused(reason="why_no_such_picture", number=number, count=len(drawn))
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._wish(interaction, drawn[(number or len(drawn)) - 1].panel_id, what)

    async def open_form(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Change: the form for a wish."""
        words = self.bot.words(interaction)
        form = ui.Modal(title=words("change_form_title"), timeout=900, custom_id=f"change:{key}")
        field: ui.TextInput[Any] = ui.TextInput(
            custom_id="what", required=True, max_length=REQUEST_CHARACTERS,
            placeholder=cut(words("change_form_hint"), 100))
        form.add_item(ui.Label(text=words("change_form_label"), component=field))
        await interaction.response.send_modal(form)

    async def read_form(self, interaction: Interaction, key: str) -> None:
        """What was wished for in the form."""
        await self._wish(interaction, PanelId(key), modal_fields(interaction)[0].get("what", ""))

    async def _wish(self, interaction: Interaction, panel_id: PanelId, what: str) -> None:
        """Read a wish, and have the new version painted. What is not understood comes back as it was written."""
        words, turns = self.bot.words(interaction), self._turns()
        await self._settled(panel_id)
        panel, story = await self._panel(interaction, panel_id)
        if panel_id in turns.redrawing or panel.state is PanelState.PLANNED:
            raise Refused(reason="redraw_running")
        await turns.check_quota(story, owner_of(interaction))
        async with self.bot.lock(f"panel {panel_id}"):
            if panel_id in turns.redrawing:   # a second wish came in while the first was being looked at
                raise Refused(reason="redraw_running")
            try:
                await self.bot.need_suitable(what, server_id=story.server_id, story=story)
                changed = await self.bot.ways.change(
                    panel_id, what, owner_id=owner_of(interaction), locale=words.locale,
                    request_id=str(interaction.id))
            except Refused as refusal:
                if what.strip():
                    facts = {name: safe(str(fact)) for name, fact in refusal.facts.items()}
                    await self.bot.private(interaction, words(refusal.reason, **facts) + f"\n> {safe(cut(what, 300))}")
                    return
                raise
            turns.redrawing[panel_id] = asyncio.create_task(self._finish(turns, panel_id, interaction.id))
        notes = [words("change_taken"), *(words(note) for note in changed.notes)]
        await self.bot.private(interaction, "\n".join(notes))

    async def _settled(self, panel_id: PanelId) -> None:
        """A picture can be seen a moment before its version is closed: that moment is waited for."""
        running = self._turns().redrawing.get(panel_id)
        if running is not None:
            await asyncio.wait({running}, timeout=CLOSING_S)

    async def _finish(self, turns: Turns, panel_id: PanelId, request_id: int) -> None:
        try:
            await self.bot.runner.finished(str(request_id))
        except Exception as error:             # the runner has told the stage already; here it must only not be lost
            log.error("a wish failed: %s", anonymous(error))
        finally:
            turns.redrawing.pop(panel_id, None)

    # --- versions ----------------------------------------------------------------------------------

    async def flip(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Show the version before or after."""
        panel_id, _, way = key.rpartition(":")
        await self._settled(PanelId(panel_id))
        panel, story = await self._panel(interaction, PanelId(panel_id))
        if panel_id in self._turns().redrawing or panel.state is PanelState.PLANNED:
            raise Refused(reason="redraw_running")
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(f"panel {panel_id}"):
            shown = await self.bot.ways.flip(PanelId(panel_id), -1 if way == "back" else 1)
            if shown.picture is not None:
                await self.bot.stage.show(story.venue_id, shown, await self.bot.library.picture(shown.picture))

    # --- the page between --------------------------------------------------------------------------

    async def fill(self, interaction: Interaction, first: int | None, second: int | None) -> None:
        """The command: with two page numbers at once, else by a menu of the gaps."""
        story = await self._here(interaction)
        await self._may(interaction, story)
        steps = await self.bot.library.steps(story.story_id)
        if len(steps) < 2:
            raise Refused(reason="fill_no_gap")
        if first is not None or second is not None:
            one, other = first or (second or 2) - 1, second or (first or 1) + 1
            if not (1 <= one <= len(steps) and 1 <= other <= len(steps)):
                raise Refused(reason="fill_no_such_page", count=len(steps))
            await self._fill(interaction, story, steps[one - 1].step_id, steps[other - 1].step_id)
            return
        words = self.bot.words(interaction)
        numbered = list(enumerate(pairwise(steps), start=1))[-GAPS:]
        options = [discord.SelectOption(
            label=cut(words("fill_gap", one=number, other=number + 1, words=_first_words(one)), 100),
            value=f"{one.step_id}|{other.step_id}"[:100], description=cut(_first_words(other), 100))
            for number, (one, other) in numbered]
        await self.bot.private(interaction, words("fill_choose"), ui.ActionRow(
            StoryMenu("gap", story.story_id, options, placeholder=words("fill_menu"))))

    async def choose_gap(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A gap was chosen."""
        try:
            story = await self.bot.library.story(StoryId(key))
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        first, _, second = (values[0] if values else "").partition("|")
        await self._may(interaction, story)
        await self._fill(interaction, story, StepId(first), StepId(second))

    async def _fill(self, interaction: Interaction, story: Story, first: StepId, second: StepId) -> None:
        turns = self._turns()
        async with self.bot.lock(story.story_id):
            await turns.check(story, owner_of(interaction), TurnKind.FILL)
            turn = Turn(TurnId(str(interaction.id)), story.story_id, owner_of(interaction),
                        shown_name(interaction.user.display_name), "", TurnKind.FILL,
                        created_at=interaction.created_at)
            self.bot.stage.took(turn.turn_id)
            await self.bot.ways.fill(turn, first, second)
            await turns.acknowledge(interaction, story, turn)

    async def take_out(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A page between goes again."""
        story_id, _, step_id = key.partition(":")
        story = await self._turns().story(story_id)
        await self._may(interaction, story)
        if story.head == step_id:          # the page it led to was taken back: it is the newest now
            await self._turns().undo(interaction, key, values)
            return
        async with self.bot.lock(story_id):
            if await self.bot.runner.unfinished(StoryId(story_id)):
                raise Refused(reason="turn_in_progress")
            if any(panel_id.startswith(f"{step_id}.") for panel_id in self._turns().redrawing):
                raise Refused(reason="redraw_running")
            answer = await self._turns().righting.begin(story, str(interaction.id), [StepId(step_id)],
                                                        interaction.message)
            try:
                step, _ = await self.bot.ways.take_out(StepId(step_id))
            except NotFound as error:
                answer.set_result(None)
                raise Refused(reason="undo_stale") from error
            except BaseException:
                answer.set_result(None)
                raise
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(Words(story.locale)("fill_taken_out", name=safe(shown_name(
            interaction.user.display_name))), id=marker_of(step.step_id, "undone")))
        await self._turns().answer_moved(interaction, layout, answer)

    # --- a picture to start from -------------------------------------------------------------------

    async def offer(self, interaction: Interaction, story: Story, picture: discord.Attachment, place: str) -> None:
        """Show whoever starts a story how their picture looks in the book, and ask what place it is. Privately."""
        words = self.bot.words(interaction)
        try:
            photo = await open_photo(await fetch(picture))
            await need_fit([photo], self.bot.settings, await vision_of(self.bot.settings))
        except BadPhoto as bad:            # the story is there already: it begins without the picture
            sentence = words(bad.reason, **bad.facts) + "\n" + words("picture_dropped")
            await interaction.followup.send(view=told(sentence), ephemeral=True,
                                            allowed_mentions=discord.AllowedMentions.none())
            return
        faces = await asyncio.to_thread(_faces, photo.rgb, photo.width, photo.height)
        kind = place if place in SETTINGS else await kind_of(story.title, photo.rgb, photo.width, photo.height)
        drawn = await square_drawing(photo.rgb, photo.width, photo.height, size_px=256)
        kept = await self.bot.library.keep_picture(drawn, owner_id=story.owner_id)
        board = Storyboard(str(interaction.id), story.story_id, owner_of(interaction),
                           shown_name(interaction.user.display_name), "", BoardState.REVIEW,
                           (BoardPage("", Beat("", (), kind)),), picture=kept)
        await self.bot.library.save_storyboard(board)
        shown = await in_style(drawn, story.style)
        layout, files = self._place(words, board, shown, faces,
                                    guessed=bool(kind) and kind != place)
        await interaction.followup.send(view=layout, files=files, ephemeral=True,
                                        allowed_mentions=discord.AllowedMentions.none())

    def _place(self, words: Words, board: Storyboard, drawn: bytes, faces: int, *,
               guessed: bool = False) -> tuple[ui.LayoutView, list[discord.File]]:
        kind = board.pages[0].beat.setting_kind
        lines = [words("picture_place")]
        if guessed:
            lines.append(words("picture_guessed", place=words.value(kind)))
        if faces:
            lines.append("⚠️ " + words("picture_faces", count=faces))
        lines.append(words("picture_people"))
        file = discord.File(io.BytesIO(drawn), filename="place.png")
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay("\n".join(lines)))
        layout.add_item(ui.MediaGallery(discord.MediaGalleryItem(file, description=words("picture_alt"))))
        layout.add_item(ui.ActionRow(StoryMenu("placekind", f"{board.storyboard_id}:{faces}", [
            discord.SelectOption(label=words.value(value), value=value, default=value == kind) for value in SETTINGS],
            placeholder=words("picture_menu"))))
        layout.add_item(ui.ActionRow(
            StoryButton("place", f"{board.storyboard_id}:yes", words("button_begin_here"), disabled=not kind,
                        style=discord.ButtonStyle.success),
            StoryButton("place", f"{board.storyboard_id}:no", words("button_no_picture"))))
        return layout, [file]

    async def choose_kind(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """What kind of place it is."""
        storyboard_id, _, faces = key.partition(":")
        board = await self._board(interaction, storyboard_id)
        picture = board.picture
        if not values or values[0] not in SETTINGS or picture is None:
            raise Refused(reason="stale_button")
        board = replace(board, pages=(replace(board.pages[0], beat=Beat("", (), values[0])),))
        await self.bot.library.save_storyboard(board)
        story = await self._turns().story(board.story_id)
        drawn = await in_style(await self.bot.library.picture(picture), story.style)
        layout, files = self._place(self.bot.words(interaction), board, drawn,
                                    int(faces) if faces.isdigit() else 0)
        await self.bot.change(interaction, layout, files)

    async def begin(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Begin at the picture, or without it."""
        storyboard_id, _, answer = key.partition(":")
        board = await self._board(interaction, storyboard_id)
        words = self.bot.words(interaction)
        if answer != "yes":
            await self.bot.library.drop_storyboard(storyboard_id)
            await self.bot.change(interaction, told(words("picture_dropped")))
            return
        story = await self._turns().story(board.story_id)
        async with self.bot.lock(story.story_id):
            story = await self._turns().story(board.story_id)
            if story.status is not StoryStatus.OPEN:
                raise Refused(reason=f"story_{story.status.value}")
            if story.head is not None or await self.bot.library.open_turns(story.story_id):
                await self.bot.library.drop_storyboard(storyboard_id)
                raise Refused(reason="story_has_begun")
            await self._turns().check_quota(story, owner_of(interaction))
            locale = Words(story.locale)
            kind = board.pages[0].beat.setting_kind
            if kind not in SETTINGS:
                raise Refused(reason="stale_button")
            await self.bot.ways.begin_with(board, kind, locale("picture_page", place=locale.value(kind)))
        await self.bot.change(interaction, told(words("picture_begun")))

    async def _board(self, interaction: Interaction, storyboard_id: str) -> Storyboard:
        try:
            board = await self.bot.library.storyboard(storyboard_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if board.owner_id != owner_of(interaction) or board.picture is None or board.state is not BoardState.REVIEW:
            raise Refused(reason="stale_button")
        return board

    # --- small things ------------------------------------------------------------------------------

    def _turns(self) -> Turns:
        cog = self.bot.get_cog("Turns")
        assert isinstance(cog, Turns)
        return cog

    async def _here(self, interaction: Interaction) -> Story:
        story = await self.bot.library.story_at(VenueId(str(interaction.channel_id)))
        if story is None:
            raise Refused(reason="story_not_here")
        return story

    async def _may(self, interaction: Interaction, story: Story) -> None:
        """Members only, where the bot may post, while it is not on its way out."""
        if self.bot.draining:
            raise Refused(reason="restarting")
        self.bot.need(interaction, needs_of(interaction))
        await self._turns().need_member(story, interaction)

    async def _panel(self, interaction: Interaction, panel_id: PanelId) -> tuple[Panel, Story]:
        try:
            panel = await self.bot.library.panel(panel_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        story = await self._turns().story(panel.brief.story_id)
        await self._may(interaction, story)
        if panel.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{panel.state.value}")
        return panel, story


def _first_words(step: StoryStep) -> str:
    return cut(" ".join(step.prose.split()), 60) or "…"


def _faces(pixels: bytes, width: int, height: int) -> int:
    """How many faces are to be seen in RGB pixels."""
    import numpy as np

    from engine.cast.measuring import find_faces

    return len(find_faces(np.frombuffer(pixels, np.uint8).reshape(height, width, 3)))


async def setup(bot: StoryBot) -> None:
    cog = Pictures(bot)
    await bot.add_cog(cog)
    group = bot.tree.get_command("story")
    assert isinstance(group, app_commands.Group)

    @app_commands.describe(what="What should be different, in your own words",
                           picture="Which picture of the story; leave out for the newest")
    async def change(interaction: discord.Interaction[Any], what: app_commands.Range[str, 1, REQUEST_CHARACTERS],
                     picture: app_commands.Range[int, 1, FARTHEST] | None = None) -> None:
        await cog.change(interaction, what, picture)

    @app_commands.describe(first="The page before the gap", second="The page after the gap")
    async def fill(interaction: discord.Interaction[Any], first: app_commands.Range[int, 1, FARTHEST] | None = None,
                   second: app_commands.Range[int, 1, FARTHEST] | None = None) -> None:
        await cog.fill(interaction, first, second)

    group.add_command(app_commands.Command(
        name="change", description="Have a picture drawn again with something different", callback=change))
    group.add_command(app_commands.Command(
        name="fill", description="Write and draw the missing page between two others", callback=fill))


