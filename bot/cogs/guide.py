"""/help: how it all goes, on one private page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

if TYPE_CHECKING:
    from bot.app import StoryBot


class Guide(commands.Cog):
    """The one page that says how to begin."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot

    @app_commands.command(name="help", description="How to tell a story together")
    async def help(self, interaction: discord.Interaction[StoryBot]) -> None:
        words = self.bot.words(interaction)
        page = words("help")
        if interaction.guild_id is not None and not self.bot.settings.discord.message_content:
            page += "\n" + words("help_buttons_only")
        elif interaction.guild_id is None or self.bot.settings.discord.message_content:
            page += "\n" + words("help_plain_messages")
        await self.bot.private(interaction, page)


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Guide(bot))
