"""Newcomers: somebody a turn brings in by name is drawn at once, and then offered to the writers for the cast."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from discord import ui
from discord.ext import commands
from PIL import Image

from bot.buttons import StoryButton
from bot.cogs.turns import owner_of
from bot.stage import marker_of, told
from bot.text import clean_name, safe
from bot.wording import Words
from engine.cast.casting import draw_character_avatar, vary_look
from engine.labels import PAPER_DOLLS
from engine.meaning.newcomers import BORN, MOST_IN_STORY, character_of, names_of, newcomers_in
from engine.nouns import (
    Box,
    Character,
    CharacterId,
    NotFound,
    OwnerId,
    Panel,
    PanelState,
    Reference,
    Refused,
    StepId,
    Story,
    Turn,
    TurnId,
    TurnState,
)
from engine.planning import stable_seed

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.newcomers")

#: How often it is looked whether the first page of somebody new is over.
LOOK_EVERY_S = 0.25


class Newcomers(commands.Cog):
    """Who is born in a story."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks.update(thisis=self.approve, otherway=self.vary, leaveout=self.leave_out)

    async def cog_load(self) -> None:
        if hasattr(self.bot, "runner"):
            self.bot.runner.also(introduce=self.introduce)

    # --- coming in ---------------------------------------------------------------------------------

    async def bring(self, story: Story, turn: Turn) -> list[Character]:
        """Make characters of whom a turn brings in, in the cast before the turn is played. Words only: no consent.

        Whoever has a name that is somebody's of the story, or of the writer, is not new: that one is meant.
        """
        library = self.bot.library
        cast = await library.cast(story.story_id)
        mine = await library.usable_characters(turn.owner_id, story.server_id)
        new: list[Character] = []
        for newcomer in newcomers_in(turn.text, names_of([*cast, *mine])):
            if len(cast) + len(new) >= MOST_IN_STORY:
                break
            try:
                name = clean_name(newcomer.name)
            except Refused:
                continue
            character = replace(character_of(newcomer, owner_id=turn.owner_id, story=story, turn_id=turn.turn_id),
                                name=name)
            new.append(await self._drawn(character))
            await library.add_to_cast(story.story_id, character.character_id)
        return new

    async def _drawn(self, character: Character) -> Character:
        """The character with an avatar of their look, kept."""
        png = await asyncio.to_thread(draw_character_avatar, character.look)
        avatar = await self.bot.library.keep_picture(png, owner_id=character.owner_id)
        character = replace(character, avatar=avatar, drawn_by=PAPER_DOLLS)
        await self.bot.library.save_character(character)
        return character

    async def announce(self, turn: Turn, *, first: TurnId | None = None) -> None:
        """Offer those who came with a turn to the writers, once their first page is drawn.

        `first` is the turn that brought them, where this one tries it again.
        """
        for character in await self.bot.library.cast(turn.story_id):
            if character.character_id.startswith(f"{BORN}{first or turn.turn_id}-"):
                await self.bot.runner.durable.start(
                    "introduce", f"introduce-{turn.turn_id}-{character.character_id}", turn.turn_id,
                    character.character_id)

    async def introduce(self, turn_id: str, character_id: str) -> None:
        """The durable wait for a first page, and then a small message under it."""
        turn = await self._turn(turn_id)
        while turn is not None and turn.state is TurnState.ACCEPTED:
            await asyncio.sleep(LOOK_EVERY_S)
            turn = await self._turn(turn_id)
        if turn is None or turn.state is TurnState.FAILED:
            return                             # tried again, they are announced again
        await self.bot.runner.durable.act("introduce", self._introduce, turn, character_id)

    async def _introduce(self, turn: Turn, character_id: str) -> None:
        library = self.bot.library
        try:
            story = await library.story(turn.story_id)
            character = await library.character(CharacterId(character_id))
        except NotFound:
            return
        key = f"{turn.turn_id} new {character_id}"
        try:
            await self.bot.stage.post(story.venue_id, turn.turn_id, key, lambda: _offered(
                character, Words(story.locale), marker_of(key)))
        except Refused as refusal:             # the channel is gone: they play on all the same
            log.info("somebody new could not be announced: %s", refusal.reason)

    async def _turn(self, turn_id: str) -> Turn | None:
        try:
            return await self.bot.library.turn(TurnId(turn_id))
        except NotFound:
            return None

    # --- what the writers say ----------------------------------------------------------------------

    async def approve(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """They look right: how they are drawn in their first picture is kept as a reference."""
        story, character, panel = await self._of(interaction, key)
        async with self.bot.lock(story.story_id):
            if panel is not None:
                await self._keep_picture(story, character, panel)
            await self._close(interaction, story, character, "newcomer_is")

    async def vary(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Another look for them, and their first picture once more with it."""
        story, character, panel = await self._of(interaction, key)
        async with self.bot.lock(story.story_id):
            character = await self.bot.library.character(character.character_id)
            if panel is not None and panel.state is PanelState.PLANNED:
                raise Refused(reason="newcomer_busy")
            if panel is not None and await self._quota_left(story, owner_of(interaction)) is None:
                panel = None
            look = replace(vary_look(character.look, stable_seed(interaction.id)), words=character.look.words)
            character = await self._drawn(replace(character, look=look))
            if panel is not None:
                figures = tuple(replace(figure, look=look) if figure.character_id == character.character_id else figure
                                for figure in panel.brief.figures)
                version = await self.bot.runner.next_version(panel)
                await self.bot.library.plan_version(replace(
                    panel, brief=replace(panel.brief, figures=figures), version=version, state=PanelState.PLANNED,
                    change=""))
                await self.bot.runner.draw_version(panel.panel_id, owner_of(interaction), str(interaction.id), version)
            words = Words(story.locale)
            layout = _offered(character, words, marker_of(f"offered {character.character_id}"), "newcomer_redrawn")
            await self.bot.change(interaction, layout)

    async def leave_out(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """They leave the story; what was drawn stays."""
        story, character, _ = await self._of(interaction, key)
        async with self.bot.lock(story.story_id):
            await self.bot.library.remove_character(character.character_id)
            await self._close(interaction, story, character, "newcomer_left")

    async def _of(self, interaction: Interaction, character_id: str) -> tuple[Story, Character, Panel | None]:
        """Story, character and first picture of a click. Any member of the story may click."""
        library = self.bot.library
        try:
            character = await library.character(CharacterId(character_id))
            if character.born_in is None:
                raise Refused(reason="stale_button")
            story = await library.story(character.born_in)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if all(member.owner_id != owner_of(interaction) for member in await library.members(story.story_id)):
            raise Refused(reason="not_member", story_id=story.story_id)
        if all(one.character_id != character.character_id for one in await library.cast(story.story_id)):
            raise Refused(reason="stale_button")
        return story, character, await self._first_panel(character)

    async def _first_panel(self, character: Character) -> Panel | None:
        """The first picture that shows somebody, as it is now."""
        for _, panel in await self.bot.library.panels_with(character.character_id):
            if panel.state is not PanelState.UNDONE:
                return panel
        turn_id = character.character_id.removeprefix(BORN).rpartition("-")[0]
        for panel in await self.bot.library.panels_of_step(StepId(f"{turn_id}-step")):
            if panel.state is not PanelState.LOCKED and any(
                    figure.character_id == character.character_id for figure in panel.brief.figures):
                return panel
        return None

    async def _keep_picture(self, story: Story, character: Character, panel: Panel) -> None:
        """The cut-out of the first picture becomes a reference; without one, the part of the picture they stand in."""
        figure = next(one for one in panel.brief.figures if one.character_id == character.character_id)
        seen = await self.bot.library.appearances(story.story_id, [character.character_id], limit=8, at=panel.step_id)
        picture = next((one.cutout for one in seen if one.panel_id == panel.panel_id and one.cutout), None)
        if picture is None and panel.picture is not None:
            box = next((box for who, box in panel.boxes if who == character.character_id), None)
            if box is None:
                return
            png = await self.bot.library.picture(panel.picture)
            picture = await self.bot.library.keep_picture(await asyncio.to_thread(_cut, png, box),
                                                          owner_id=character.owner_id)
        if picture is not None:
            await self.bot.library.save_reference(Reference(
                character.character_id, picture, "panel", panel.panel_id, figure.action, figure.mood, figure.worn))

    async def _quota_left(self, story: Story, owner_id: OwnerId) -> bool | None:
        """None when this person has had their pictures for today: the look changes, the picture waits."""
        turns = self.bot.get_cog("Turns")
        try:
            await turns.check_quota(story, owner_id)  # type: ignore[union-attr]
        except Refused:
            return None
        return True

    async def _close(self, interaction: Interaction, story: Story, character: Character, sentence: str) -> None:
        await self.bot.change(interaction, told(Words(story.locale)(sentence, name=safe(character.name))))


def _offered(character: Character, words: Words, marker: int, sentence: str = "newcomer_new") -> ui.LayoutView:
    """Somebody new, and what the writers can say to that."""
    name, who = character.name[:40], character.character_id
    return told(words(sentence, name=safe(character.name)),
                StoryButton("thisis", who, words("button_newcomer_this", name=name), emoji="👍"),
                StoryButton("otherway", who, words("button_newcomer_other", name=name), emoji="🎲"),
                StoryButton("leaveout", who, words("button_newcomer_out", name=name)), marker=marker)


def _cut(png: bytes, box: Box) -> bytes:
    """The part of a picture inside a box, RGBA."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    width, height = picture.size
    part = picture.crop((round(box.left * width), round(box.top * height), max(1, round(box.right * width)),
                         max(1, round(box.bottom * height))))
    out = io.BytesIO()
    part.save(out, "PNG")
    return out.getvalue()


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Newcomers(bot))
