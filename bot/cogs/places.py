"""What becomes of the places where stories live: let in again, locked, gone, on a server that is away for a while.

A venue that refused us is left alone (`bot.manners`) until one of these events says that it may be otherwise. Only a
channel that is gone ends its story; a server that is away, or that has sent the bot away, does not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from engine.nouns import StorythreadError, VenueId

if TYPE_CHECKING:
    from bot.app import StoryBot

log = logging.getLogger("storythread.places")


class Places(commands.Cog):
    """Listens for changes of servers, channels and threads."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Unlocked, unarchived, or something else: it may be asked again."""
        self.bot.stage.manners.open(VenueId(str(payload.thread_id)))

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self._over(payload.thread_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._over(channel.id)
        self.bot.stage.manners.open_all()      # its threads went with it: asked once more, they say so themselves

    async def _over(self, channel_id: int) -> None:
        try:
            await self.bot.stage.story_over(VenueId(str(channel_id)))
        except StorythreadError as error:
            log.error("a story could not be closed: %s", error.reason)
        self.bot.stage.manners.open(VenueId(str(channel_id)))

    @commands.Cog.listener()
    async def on_guild_channel_update(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        """Permissions of a channel, and with them those of its threads."""
        if before.overwrites != after.overwrites:
            self.bot.stage.manners.open_all()

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions:
            self.bot.stage.manners.open_all()

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Discord tells a bot of its own roles, whatever it listens to."""
        if self.bot.user is not None and after.id == self.bot.user.id:
            self.bot.stage.manners.open_all()

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Invited, perhaps again."""
        self.bot.stage.manners.open_all()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Back from an outage."""
        self.bot.stage.manners.open_all()


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Places(bot))
