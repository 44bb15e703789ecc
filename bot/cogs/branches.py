"""Going back in a story: on from an earlier page, with the later ones put aside, and back to those again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.buttons import StoryButton
from bot.cogs.putting_right import PuttingRight
from bot.cogs.turns import needs_of, owner_of
from bot.stage import told
from bot.text import cut, safe, shown_name
from bot.wording import Words
from engine.nouns import (
    NotFound,
    Refused,
    StepId,
    Story,
    StoryId,
    StoryStatus,
    VenueId,
)

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

CHOICES = 25                               # Discord shows that many
BEGINNING = "-"                            # in a button's id: before the first page


class Branches(commands.Cog):
    """Moves a story to another of its pages. Nothing is deleted: what is left can be come back to."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks["branch"] = self.branch_click

    async def back(self, interaction: Interaction, page: str) -> None:
        """Go on from an earlier page: its step id, or its number as people count."""
        story = await self.bot.library.story_at(VenueId(str(interaction.channel_id)))
        if story is None:
            raise Refused(reason="story_not_here")
        self.bot.need(interaction, needs_of(interaction))
        pages = await self.bot.library.steps(story.story_id)
        wanted = next((step for number, step in enumerate(pages, start=1) if page in (step.step_id, str(number))), None)
        if wanted is None:
            raise Refused(reason="back_no_page", count=len(pages))
        await self._go(interaction, story, wanted.step_id, newly=True)

    async def pages(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Pages to go back to, newest first: number and first words."""
        story = await self.bot.library.story_at(VenueId(str(interaction.channel_id)))
        if story is None:
            return []
        steps = list(enumerate(await self.bot.library.steps(story.story_id), start=1))[:-1]
        shown = [(f"{number}. {' '.join(step.prose.split()) or '…'}", step.step_id) for number, step in reversed(steps)]
        return [app_commands.Choice(name=cut(name, 100), value=value) for name, value in shown
                if current.casefold() in name.casefold()][:CHOICES]

    async def branch_click(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """The button that brings back pages which were put aside."""
        story_id, _, step_id = key.partition(":")
        try:
            story = await self.bot.library.story(StoryId(story_id))
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        self.bot.need(interaction, needs_of(interaction))
        await self._go(interaction, story, None if step_id == BEGINNING else StepId(step_id), newly=False)

    async def _go(self, interaction: Interaction, story: Story, step_id: StepId | None, *, newly: bool) -> None:
        """Move, say so where everybody sees it, with the way back; then bring the messages of all pages up to date."""
        members = await self.bot.library.members(story.story_id)
        if all(member.owner_id != owner_of(interaction) for member in members):
            raise Refused(reason="not_member", story_id=story.story_id)
        async with self.bot.lock(story.story_id):
            story = await self.bot.library.story(story.story_id)
            if story.status is StoryStatus.PAUSED:
                raise Refused(reason="story_paused")
            if story.head == step_id:
                raise Refused(reason="back_there_already")
            before = story.head
            righting = self.bot.get_cog("PuttingRight")
            assert isinstance(righting, PuttingRight)
            answer = None
            try:
                now, then = await righting.chain(before), await righting.chain(step_id)
                moved = [*(each for each in now if each not in then), *(each for each in reversed(then)
                                                                        if each not in now)]
                answer = await righting.begin(story, str(interaction.id), moved, None)
                left, regained = await self.bot.runner.go_to(story.story_id, step_id)
            except BaseException as error:
                if answer is not None:
                    answer.set_result(None)
                if isinstance(error, NotFound):
                    raise Refused(reason="stale_button") from error
                raise
            answer.set_result(True)
        pages = await self.bot.library.steps(story.story_id)
        words = Words(story.locale)
        text = words("back_gone" if pages else "back_to_beginning", page=len(pages),
                     name=safe(shown_name(interaction.user.display_name)), left=len(left), regained=len(regained))
        layout = told(text, StoryButton("take", story.story_id, words("button_take"), emoji="✏️",
                                        style=discord.ButtonStyle.primary),
                      StoryButton("branch", f"{story.story_id}:{before or BEGINNING}", words("button_branch"),
                                  emoji="🔀"))
        await (self.bot.say(interaction, layout) if newly else self.bot.change(interaction, layout))


async def setup(bot: StoryBot) -> None:
    cog = Branches(bot)
    await bot.add_cog(cog)
    group = bot.tree.get_command("story")
    assert isinstance(group, app_commands.Group)

    @app_commands.describe(page="The page to go on from")
    async def back(interaction: discord.Interaction[Any], page: str) -> None:
        await cog.back(interaction, page)

    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="back", description="Go on from an earlier page; the later ones are put aside", callback=back)
    command.autocomplete("page")(cog.pages)
    group.add_command(command)
