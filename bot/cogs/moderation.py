"""Reports, and what the people who look after a server decide: words kept out, people shut out, where reports go.

Whoever sees a picture can report it, with one click: it is hidden at once, memory and books pass over it, and the
moderators are told, wherever they said. They look at it in private, and show it again or remove it for good. In a DM
there are no moderators: whoever is in the story decides.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import server_of
from bot.buttons import StoryButton
from bot.cogs.turns import owner_of
from bot.stage import nonce_of, told
from bot.text import cut, safe, shown_name
from bot.wording import Words
from engine.nouns import (
    NotFound,
    OwnerId,
    Panel,
    PanelId,
    PanelState,
    Refused,
    Report,
    ReportState,
    ServerId,
    Story,
)
from engine.safety.rules import LONGEST_BLOCKED, clean_blocked

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.moderation")

#: Pictures one person may report in an hour: more than a bad evening has, fewer than a nuisance.
REPORTS_AN_HOUR = 6
WORDS_EACH = 200
#: Reports listed at once: a message holds forty components.
LISTED = 5


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_messages=True)
class Moderation(commands.GroupCog, group_name="moderation",
                 group_description="Keeping stories fit for everybody on this server"):
    """What moderators decide, and reports on their way to them."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks.update(report=self.report, reported=self.decide)

    async def cog_load(self) -> None:
        if hasattr(self.bot, "runner"):
            self.bot.runner.also(hide_reported=self.hide_reported)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """What was reported just before a crash is hidden and told now; the same again is once."""
        for report in await self.bot.library.open_reports(None):
            await self._hide(report.report_id)

    # --- reporting ---------------------------------------------------------------------------------

    async def report(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """The button under a picture: hidden from this moment on."""
        library, owner_id, words = self.bot.library, owner_of(interaction), self.bot.words(interaction)
        try:
            panel = await library.panel(PanelId(key))
            story = await library.story(panel.brief.story_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if panel.state is PanelState.LOCKED:
            raise Refused(reason="report_already")
        if panel.state is not PanelState.DONE or panel.picture is None:
            raise Refused(reason="panel_undone" if panel.state is PanelState.UNDONE else "stale_button")
        moment = datetime.now(UTC)
        if await library.reports_since(owner_id, moment - timedelta(hours=1)) >= REPORTS_AN_HOUR:
            raise Refused(reason="report_too_many", limit=REPORTS_AN_HOUR)
        report = Report(str(interaction.id), panel.panel_id, story.story_id, story.server_id, owner_id, panel.version,
                        ReportState.OPEN, moment)
        async with self.bot.lock(f"panel {panel.panel_id}"):
            if not await library.report(report):
                locked = (await library.panel(panel.panel_id)).state is PanelState.LOCKED
                raise Refused(reason="report_already" if locked else "report_seen")
        await self._hide(report.report_id)
        if story.server_id:
            await self.bot.private(interaction, words("report_done"))
        else:
            await self.bot.private(interaction, words("report_done_dm"), *choices(report, words, show=False))

    async def _hide(self, report_id: str) -> None:
        await self.bot.runner.durable.start("hide_reported", f"report-{report_id}", report_id)

    async def hide_reported(self, report_id: str) -> None:
        """The durable work of a report: out of everybody's sight, then on to those who decide."""
        await self.bot.runner.durable.act("hide", self._hide_panel, report_id)
        await self.bot.runner.durable.act("tell", self._tell, report_id)

    async def _hide_panel(self, report_id: str) -> None:
        found = await self._found(report_id)
        if found is not None:
            report, story, panel = found
            if report.state is ReportState.OPEN:
                await self.bot.stage.hide(story.venue_id, panel)

    async def _tell(self, report_id: str) -> None:
        """Tell the moderators, where they said; else whoever owns the server."""
        found = await self._found(report_id)
        if found is None or not found[1].server_id or found[0].state is not ReportState.OPEN:
            return
        report, story, _ = found
        settings = await self.bot.library.server_settings(story.server_id)
        for place in (settings.moderation_channel, ""):
            try:
                target = await self._place(place, story.server_id)
                if target is not None:
                    await target.send(view=told_of(report, story, Words(settings.locale)),
                                      nonce=nonce_of("report", report.report_id, place),
                                      allowed_mentions=discord.AllowedMentions.none())
                    return
            except discord.HTTPException as error:
                if error.status >= 500:
                    raise
                log.warning("a report could not be told there: code %s", error.code)
        log.warning("a report could be told nobody; /moderation reports lists it")

    async def _place(self, channel_id: str, server_id: ServerId) -> discord.abc.Messageable | None:
        if channel_id:
            return self.bot.get_partial_messageable(int(channel_id))
        guild = self.bot.get_guild(int(server_id))
        if guild is None or guild.owner_id is None:
            return None
        return await self.bot.create_dm(discord.Object(guild.owner_id))

    # --- deciding ----------------------------------------------------------------------------------

    async def decide(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A button under a report: look at it, show it again, or remove it for good."""
        report_id, _, what = key.partition(":")
        found = await self._found(report_id)
        if found is None:
            raise Refused(reason="stale_button")
        report, story, panel = found
        await self._need_judge(interaction, story)
        if what == "show":
            await self._show(interaction, report, panel)
            return
        if report.state is not ReportState.OPEN:
            raise Refused(reason="report_decided")
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(f"panel {panel.panel_id}"):
            if what == "restore":
                left = await self.bot.library.restore_reported(report_id)
            elif what == "remove":
                left = await self.bot.library.remove_reported(report_id)
            else:
                raise Refused(reason="stale_button")
            if left is None:
                raise Refused(reason="report_decided")
            if left.state is PanelState.DONE and left.picture is not None:
                await self.bot.stage.show(story.venue_id, left, await self.bot.library.picture(left.picture))
            elif left.state is PanelState.LOCKED:
                await self.bot.stage.hide(story.venue_id, left, "report_removed")
        words = self.bot.words(interaction)
        sentence = "report_restored_by" if what == "restore" else "report_removed_by"
        await self.bot.change(interaction, told(words(
            sentence, name=safe(shown_name(interaction.user.display_name)), title=safe(story.title))))

    async def _show(self, interaction: Interaction, report: Report, panel: Panel) -> None:
        """The picture as it was when it was reported, for whoever asked alone."""
        await self.bot.acknowledge(interaction)
        words, library = self.bot.words(interaction), self.bot.library
        seen = next((each for each in await library.versions(panel.panel_id) if each.version == report.version), panel)
        if seen.picture is None:
            raise Refused(reason="report_decided")
        png = await self.bot.labelled(await library.picture(seen.picture), seen.painter)
        file = discord.File(io.BytesIO(png), filename="reported.png")
        layout = told(words("report_shown"), ui.MediaGallery(
            discord.MediaGalleryItem(file, description=words("report_shown_alt"), spoiler=True)))
        await interaction.followup.send(view=layout, file=file, ephemeral=True,
                                        allowed_mentions=discord.AllowedMentions.none())

    async def _need_judge(self, interaction: Interaction, story: Story) -> None:
        """Raise `Refused` unless this person decides about reports of this story."""
        if not story.server_id:
            members = await self.bot.library.members(story.story_id)
            if all(member.owner_id != owner_of(interaction) for member in members):
                raise Refused(reason="moderators_only")
            return
        guild = self.bot.get_guild(int(story.server_id))
        owns = guild is not None and guild.owner_id == interaction.user.id
        here = interaction.guild_id is not None and str(interaction.guild_id) == story.server_id
        if not owns and not (here and moderates(interaction)):
            raise Refused(reason="moderators_only")

    async def _found(self, report_id: str) -> tuple[Report, Story, Panel] | None:
        try:
            report = await self.bot.library.report_of(report_id)
            return report, await self.bot.library.story(report.story_id), await self.bot.library.panel(report.panel_id)
        except NotFound:
            return None

    # --- commands ----------------------------------------------------------------------------------

    @app_commands.command(name="reports", description="Reported pictures that wait to be looked at")
    async def reports(self, interaction: discord.Interaction[StoryBot]) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        waiting = await self.bot.library.open_reports(server_id)
        if not waiting:
            await self.bot.private(interaction, words("report_none"))
            return
        layout = ui.LayoutView(timeout=None)
        for report in waiting[:LISTED]:
            for item in told_of(report, await self.bot.library.story(report.story_id), words).children:
                layout.add_item(item)
        await interaction.response.send_message(view=layout, ephemeral=True,
                                                allowed_mentions=discord.AllowedMentions.none())

    @app_commands.command(name="block", description="Keep a word out of stories on this server")
    @app_commands.describe(word="The word, or a few; a star at the end means any ending")
    async def block(self, interaction: discord.Interaction[StoryBot],
                    word: app_commands.Range[str, 1, LONGEST_BLOCKED]) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        kept = clean_blocked(word)
        if not any(letter.isalpha() for letter in kept):
            raise Refused(reason="moderation_word_empty")
        async with self.bot.lock(f"server {server_id}"):
            settings = await self.bot.library.server_settings(server_id)
            if kept not in settings.blocked_words:
                if len(settings.blocked_words) >= WORDS_EACH:
                    raise Refused(reason="moderation_words_full", limit=WORDS_EACH)
                await self.bot.library.save_server_settings(replace(
                    settings, server_id=server_id, blocked_words=tuple(sorted({*settings.blocked_words, kept}))))
        await self.bot.private(interaction, words("moderation_blocked", word=safe(kept)))

    @app_commands.command(name="unblock", description="Let a word be said again")
    @app_commands.describe(word="The word to let back in")
    async def unblock(self, interaction: discord.Interaction[StoryBot], word: str) -> None:
        server_id, words, kept = self._here(interaction), self.bot.words(interaction), clean_blocked(word)
        async with self.bot.lock(f"server {server_id}"):
            settings = await self.bot.library.server_settings(server_id)
            if kept not in settings.blocked_words:
                raise Refused(reason="moderation_word_unknown", word=safe(cut(word, 60)))
            left = tuple(each for each in settings.blocked_words if each != kept)
            await self.bot.library.save_server_settings(replace(settings, server_id=server_id, blocked_words=left))
        await self.bot.private(interaction, words("moderation_unblocked", word=safe(kept)))

    @unblock.autocomplete("word")
    async def words_blocked(self, interaction: discord.Interaction[StoryBot],
                            current: str) -> list[app_commands.Choice[str]]:
        """The words on the list that hold what was typed so far."""
        if not moderates(interaction):
            return []
        settings = await self.bot.library.server_settings(server_of(interaction))
        return [app_commands.Choice(name=each, value=each) for each in settings.blocked_words
                if current.casefold() in each][:25]

    @app_commands.command(name="blocked", description="The words this server keeps out of stories")
    async def blocked(self, interaction: discord.Interaction[StoryBot]) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        listed = ", ".join(safe(each) for each in (await self.bot.library.server_settings(server_id)).blocked_words)
        await self.bot.private(interaction, words("moderation_words", words=cut(listed, 3500)) if listed
                               else words("moderation_words_none"))

    @app_commands.command(name="ban", description="Take nothing from a person on this server any more")
    @app_commands.describe(person="Who")
    async def ban(self, interaction: discord.Interaction[StoryBot], person: discord.User) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        held = getattr(person, "resolved_permissions", None)
        guild = self.bot.get_guild(int(server_id))
        trusted = held is not None and (held.manage_guild or held.administrator)
        if person.bot or person.id == interaction.user.id or trusted or (
                guild is not None and guild.owner_id == person.id):
            raise Refused(reason="moderation_ban_nobody")
        name, owner_id = safe(shown_name(person.display_name)), OwnerId(str(person.id))
        if not await self.bot.library.bar(server_id, owner_id):
            await self.bot.private(interaction, words("moderation_banned_already", name=name))
            return
        for story in await self.bot.library.stories_of(owner_id):
            if story.server_id == server_id:
                await self.bot.library.remove_member(story.story_id, owner_id)
        await self.bot.private(interaction, words("moderation_banned", name=name))

    @app_commands.command(name="unban", description="Let a person play again")
    @app_commands.describe(person="Who")
    async def unban(self, interaction: discord.Interaction[StoryBot], person: discord.User) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        again = await self.bot.library.unbar(server_id, OwnerId(str(person.id)))
        await self.bot.private(interaction, words("moderation_unbanned" if again else "moderation_not_banned",
                                                  name=safe(shown_name(person.display_name))))

    @app_commands.command(name="channel", description="Where reported pictures are told of")
    @app_commands.describe(channel="Leave out to tell the owner of the server")
    async def channel(self, interaction: discord.Interaction[StoryBot],
                      channel: discord.TextChannel | None = None) -> None:
        server_id, words = self._here(interaction), self.bot.words(interaction)
        if channel is not None and interaction.guild is not None:
            mine = channel.permissions_for(interaction.guild.me)
            if not (mine.view_channel and mine.send_messages):
                raise Refused(reason="moderation_channel_closed")
        async with self.bot.lock(f"server {server_id}"):
            settings = await self.bot.library.server_settings(server_id)
            await self.bot.library.save_server_settings(replace(
                settings, server_id=server_id, moderation_channel=str(channel.id) if channel is not None else ""))
        await self.bot.private(interaction, words("moderation_channel", channel=f"<#{channel.id}>")
                               if channel is not None else words("moderation_channel_owner"))

    def _here(self, interaction: discord.Interaction[Any]) -> ServerId:
        """The server, for somebody who moderates it. Raises `Refused`."""
        if interaction.guild_id is None:
            raise Refused(reason="server_only")
        if not moderates(interaction):
            raise Refused(reason="moderators_only")
        return server_of(interaction)


def moderates(interaction: discord.Interaction[Any]) -> bool:
    """Whether this person looks after the messages of the server they are on."""
    mine = interaction.permissions
    return interaction.guild_id is not None and (mine.manage_messages or mine.manage_guild or mine.administrator)


def choices(report: Report, words: Words, *, show: bool = True) -> list[StoryButton]:
    """What can be done about a report."""
    verbs = [("show", discord.ButtonStyle.secondary), ("restore", discord.ButtonStyle.success),
             ("remove", discord.ButtonStyle.danger)]
    return [StoryButton("reported", f"{report.report_id}:{what}", words(f"button_report_{what}"), style=style)
            for what, style in verbs if show or what != "show"]


def told_of(report: Report, story: Story, words: Words) -> ui.LayoutView:
    """A report as moderators see it: where, and what can be done; never the picture itself."""
    text = words("report_told", place=f"<#{story.venue_id}>", title=safe(story.title))
    return told(text, *choices(report, words))


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Moderation(bot))


__all__ = ["Moderation", "moderates", "setup"]
