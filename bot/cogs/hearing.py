"""Plain messages: in a DM, or with the intent in a story's thread, what somebody writes is a turn.

They are read one after the other, each once, in the order they were written. What was written while the bot was away
is read from history when it is back: a story knows the last message it has heard. So nothing has to be said twice.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.ext import commands

from bot.app import THREAD_NEEDS, anonymous
from bot.buttons import StoryButton
from bot.cogs.turns import LOOK_AGAIN_S, SOON_OTHERWISE, Turns
from bot.stage import nonce_of, told
from bot.text import clean_turn, shown_name
from bot.wording import Words, spoken
from engine.nouns import (
    NotFound,
    OwnerId,
    Refused,
    Story,
    StoryStatus,
    StorythreadError,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)

if TYPE_CHECKING:
    from bot.app import StoryBot

log = logging.getLogger("storythread.hearing")

ASIDE = ("//", "((")                       # a plain message that begins so is talk, not a turn


class Hearing(commands.Cog):
    """Reads plain messages."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._catching_up: asyncio.Task[None] | None = None

    async def cog_unload(self) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)

    # --- as they come ------------------------------------------------------------------------------

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """A message has come; behind those of the same place that are still being read."""
        venue_id = VenueId(str(message.channel.id))
        if not is_speech(message) or not self._listens(message.guild is None):
            return
        self.bot.stage.manners.open(venue_id)      # whoever writes here may well have let us in again
        async with self.bot.lock(f"hearing {venue_id}"):
            story = await self._story_at(venue_id)
            if story is None:
                if message.guild is None:
                    await self._hear(message, None)
            elif not self.bot.draining:        # what comes during a stop is read at the next start
                try:
                    await self._hear_once(message, story)
                except StorythreadError as error:
                    log.error("a message was not noted as heard: %s", error.reason)

    async def _story_at(self, venue_id: VenueId) -> Story | None:
        try:
            return await self.bot.library.story_at(venue_id)
        except StorythreadError as error:
            log.error("a message could not be taken: %s", error.reason)
            return None

    def _listens(self, in_dm: bool) -> bool:
        return in_dm or self.bot.settings.discord.message_content

    async def _hear_once(self, message: discord.Message, story: Story, *, missed: bool = False) -> None:
        """Read a message, unless it was read: events come twice, and history holds what events have brought."""
        heard = await self.bot.library.heard(story.story_id)
        if heard is not None and message.id <= int(heard):
            return
        await self._hear(message, story, missed=missed)
        await self.bot.library.hear(story.story_id, str(message.id))

    async def _hear(self, message: discord.Message, story: Story | None, *, missed: bool = False) -> None:
        if message.content.startswith(ASIDE):
            return
        words = Words(story.locale if story is not None else spoken(None, self.bot.settings.default_locale))
        try:
            while True:
                try:
                    await self._read(message, story)
                    return
                except Refused as refusal:
                    if not missed or refusal.reason not in SOON_OTHERWISE or self.bot.draining:
                        raise
                await asyncio.sleep(LOOK_AGAIN_S)
        except StorythreadError as error:
            if not isinstance(error, Refused):
                log.error("a message could not be taken: %s", error.reason)
            asked = f"asked {message.channel.id} {message.author.id}"
            if error.reason == "not_member" and not self._turns().once(asked):
                return                         # somebody just talks in the thread: asked once, left in peace
            await self._reply(message, words, error.reason, error.facts)
        except discord.HTTPException as error:
            log.warning("a message could not be answered: code %s", error.code)
        except Exception as error:
            log.error("a message failed: %s", anonymous(error))
            await self._reply(message, words, "unexpected", {})

    async def _read(self, message: discord.Message, story: Story | None) -> None:
        if story is None:
            raise Refused(reason="no_story_in_dm")
        turns, channel = self._turns(), message.channel
        if story.server_id and await self.bot.library.is_barred(story.server_id, OwnerId(str(message.author.id))):
            return                             # whoever is shut out is not answered either
        text = clean_turn(message.content, limit=self.bot.settings.limits.turn_characters)
        if isinstance(channel, discord.Thread) and message.guild is not None:
            self.bot.need_of(channel.permissions_for(message.guild.me), THREAD_NEEDS, Words(story.locale))
        async with self.bot.lock(story.story_id):
            story = await turns.story(story.story_id)
            turn = Turn(TurnId(str(message.id)), story.story_id, OwnerId(str(message.author.id)),
                        shown_name(message.author.display_name), text, TurnKind.WRITE, created_at=message.created_at)
            if await turns.known(turn.turn_id):
                return                         # taken, and killed before it could be noted as heard
            await turns.check(story, turn.owner_id, TurnKind.WRITE, text)
            question = await turns.question(story, turn, plain=True)
            if question is None:
                await turns.keep(story, turn)
        if question is not None:
            asked, buttons = await turns.asking.asked(question, Words(story.locale))
            await message.channel.send(view=told(asked, *buttons), reference=message, mention_author=False,
                                       nonce=nonce_of("question", question.question_id),
                                       allowed_mentions=discord.AllowedMentions.none())
            return
        self.bot.stage.type(story.venue_id)
        await self.bot.runner.accept(turn)

    async def _reply(self, message: discord.Message, words: Words, reason: str, facts: dict[str, Any]) -> None:
        offer = []
        if reason == "not_member":
            offer = [StoryButton("join", str(facts["story_id"]), words("button_join"),
                                 style=discord.ButtonStyle.success)]
        try:
            await message.channel.send(view=told(words(reason, **facts), *offer), reference=message,
                                       mention_author=False, nonce=nonce_of("reply", str(message.id)),
                                       allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("a reply could not be sent: %s", type(error).__name__)

    # --- as they were missed -----------------------------------------------------------------------

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """A new session: what came since the last one was heard by nobody. (A resumed one brings its events itself.)"""
        if self.bot.draining:
            return
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = asyncio.create_task(self._catch_up(), name="catching up")

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Back from an outage, or come later than discord.py waits for at the start: its threads are known only now."""
        if not self.bot.is_ready() or self.bot.draining or not self._listens(in_dm=False):
            return
        for thread in guild.threads:
            story = await self._story_at(VenueId(str(thread.id)))
            if story is not None and story.status is not StoryStatus.ENDED:
                await self._catch_up_with(story)

    async def _catch_up(self) -> None:
        try:
            await asyncio.gather(*(self._catch_up_with(story) for story in await self.bot.library.every_story()
                                   if story.status is not StoryStatus.ENDED and story.venue_id.isdecimal()
                                   and self._listens(not story.server_id)))
        except StorythreadError as error:
            log.error("what was written meanwhile could not be read: %s", error.reason)

    async def _catch_up_with(self, story: Story) -> None:
        async with self.bot.lock(f"hearing {story.venue_id}"):
            try:
                heard = await self.bot.library.heard(story.story_id)
                if heard is None:              # it is older than hearing: from now on
                    await self.bot.library.hear(story.story_id, str(discord.utils.time_snowflake(
                        discord.utils.utcnow())))
                    return
                if story.server_id:            # the session has told which threads are awake, and their newest message
                    thread = self.bot.get_channel(int(story.venue_id))
                    if not isinstance(thread, discord.Thread) or (thread.last_message_id or 0) <= int(heard):
                        return
                for message in await self._missed(story, int(heard)):
                    if self.bot.draining:
                        return
                    await self._hear_once(message, story, missed=True)
            except (Refused, NotFound) as gone:
                log.info("nothing could be read of a story: %s", gone.reason)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("what was written meanwhile could not be read: %s", type(error).__name__)

    async def _missed(self, story: Story, heard: int) -> list[discord.Message]:
        """What people have written since, oldest first."""
        thread = self.bot.get_channel(int(story.venue_id))
        place = thread if isinstance(thread, discord.Thread) else self.bot.get_partial_messageable(int(story.venue_id))
        found = [message async for message in place.history(limit=None, after=discord.Object(heard),
                                                            oldest_first=True)]
        return [message for message in found if is_speech(message)]

    def _turns(self) -> Turns:
        cog = self.bot.get_cog("Turns")
        assert isinstance(cog, Turns)
        return cog


def is_speech(message: discord.Message) -> bool:
    """Whether a person has written this, rather than a bot or Discord."""
    return not message.author.bot and message.type in (discord.MessageType.default, discord.MessageType.reply)


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Hearing(bot))
