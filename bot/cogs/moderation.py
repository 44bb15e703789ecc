"""Reports, and what the people who look after a server decide: words kept out, people shut out, where reports go.

Whoever sees a picture can report it, with one click, and whoever reads a page by its message's menu: it is hidden at
once, memory and books pass over it, and the moderators are told, wherever they said. They look at it in private, and
show it again or remove it for good. In a DM there are no moderators: whoever is in the story decides.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import server_of
from bot.buttons import StoryButton
from bot.cogs.turns import owner_of
from bot.stage import component_ids, marker_of, nonce_of, told, words_marker
from bot.text import PROSE_CHARACTERS, cut, quoted, safe, shown_name
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
    StepId,
    Story,
    Turn,
    TurnId,
    VenueId,
)
from engine.safety.rules import LONGEST_BLOCKED, clean_blocked

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.moderation")

#: What one person may report in an hour: more than a bad evening has, fewer than a nuisance.
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
        self.menu = app_commands.ContextMenu(name="Report page or picture", callback=self.report_message)

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self.menu)
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
        library, owner_id = self.bot.library, owner_of(interaction)
        try:
            panel = await library.panel(PanelId(key))
            story = await library.story(panel.brief.story_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if panel.state is PanelState.LOCKED:
            raise Refused(reason="report_already")
        if panel.state is not PanelState.DONE or panel.picture is None:
            raise Refused(reason="panel_undone" if panel.state is PanelState.UNDONE else "stale_button")
        report = Report(str(interaction.id), panel.panel_id, story.story_id, story.server_id, owner_id, panel.version,
                        ReportState.OPEN, datetime.now(UTC))
        await self._take(interaction, report)

    async def report_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """The menu of a message: the picture that is in it, or a turn's words and those of its page."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        for verb, _, key in (each.partition(":") for each in custom_ids(message.components)):
            if verb == "report":
                await self.report(interaction, key, ())
                return
        library = self.bot.library
        turn_id = told_in(message, await library.turns_at(VenueId(str(interaction.channel_id))))
        if turn_id is None:
            raise Refused(reason="report_nothing")
        story = await library.story((await library.turn(turn_id)).story_id)
        await self._take(interaction, Report(str(interaction.id), None, story.story_id, story.server_id,
                                             owner_of(interaction), 0, ReportState.OPEN, datetime.now(UTC), turn_id))

    async def _take(self, interaction: Interaction, report: Report) -> None:
        """Lock what is reported, and answer. Raises `Refused`."""
        library, words, what = self.bot.library, self.bot.words(interaction), subject(report)
        hour_ago = report.created_at - timedelta(hours=1)
        if await library.reports_since(report.owner_id, hour_ago) >= REPORTS_AN_HOUR:
            raise Refused(reason="report_too_many", limit=REPORTS_AN_HOUR)
        async with self.bot.lock(place_of(report)):
            if not await library.report(report):
                raise Refused(reason=f"{what}_already" if await self._locked(report) else f"{what}_seen")
        await self._hide(report.report_id)
        if report.server_id:
            await self.bot.private(interaction, words(f"{what}_done"))
        else:
            await self.bot.private(interaction, words(f"{what}_done_dm"), *choices(report, words, show=False))

    async def _locked(self, report: Report) -> bool:
        if report.turn_id is not None:
            return (await self.bot.library.turn(report.turn_id)).locked
        return (await self.bot.library.panel(PanelId(report.panel_id or ""))).state is PanelState.LOCKED

    async def _hide(self, report_id: str) -> None:
        await self.bot.runner.durable.start("hide_reported", f"report-{report_id}", report_id)

    async def hide_reported(self, report_id: str) -> None:
        """The durable work of a report: out of everybody's sight, then on to those who decide."""
        await self.bot.runner.durable.act("hide", self._hide_it, report_id)
        await self.bot.runner.durable.act("tell", self._tell, report_id)

    async def _hide_it(self, report_id: str) -> None:
        found = await self._found(report_id)
        if found is not None and found[0].state is ReportState.OPEN:
            _, story, seen = found
            if isinstance(seen, Turn):
                await self.bot.stage.tell_anew(story.venue_id, seen)
            else:
                await self.bot.stage.hide(story.venue_id, seen)

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
        report, story, seen = found
        await self._need_judge(interaction, story)
        if what == "show":
            await (self._read(interaction, seen) if isinstance(seen, Turn)
                   else self._show(interaction, report, seen))
            return
        if report.state is not ReportState.OPEN:
            raise Refused(reason="report_decided")
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(place_of(report)):
            if what == "restore":
                left = await self.bot.library.restore_reported(report_id)
            elif what == "remove":
                left = await self.bot.library.remove_reported(report_id)
            else:
                raise Refused(reason="stale_button")
            if left is None:
                raise Refused(reason="report_decided")
            if isinstance(left, Turn):
                await self.bot.stage.tell_anew(story.venue_id, left, "report_words_removed" if left.locked else "")
            elif left.state is PanelState.DONE and left.picture is not None:
                await self.bot.stage.show(story.venue_id, left, await self.bot.library.picture(left.picture))
            elif left.state is PanelState.LOCKED:
                await self.bot.stage.hide(story.venue_id, left, "report_removed")
        sentence = f"{subject(report)}_{'restored_by' if what == 'restore' else 'removed_by'}"
        await self.bot.change(interaction, told(self.bot.words(interaction)(
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

    async def _read(self, interaction: Interaction, turn: Turn) -> None:
        """The words as they were reported, for whoever asked alone."""
        written = [turn.text, await self.bot.library.reported_prose(turn.turn_id)]
        shown = "\n".join(quoted(each, limit=(PROSE_CHARACTERS - 200) // 2) for each in written if each.strip())
        if not shown:
            raise Refused(reason="report_decided")
        await self.bot.private(interaction, self.bot.words(interaction)("report_words_shown") + "\n" + shown)

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

    async def _found(self, report_id: str) -> tuple[Report, Story, Panel | Turn] | None:
        """A report, its story, and the panel or the turn it is about."""
        library = self.bot.library
        try:
            report = await library.report_of(report_id)
            seen = (await library.turn(report.turn_id) if report.turn_id is not None
                    else await library.panel(PanelId(report.panel_id or "")))
            return report, await library.story(report.story_id), seen
        except NotFound:
            return None

    # --- commands ----------------------------------------------------------------------------------

    @app_commands.command(name="reports", description="Reported pictures and pages that wait to be looked at")
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

    @app_commands.command(name="channel", description="Where reports are told of")
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


def subject(report: Report) -> str:
    """How the sentences about a report begin."""
    return "report" if report.turn_id is None else "report_words"


def place_of(report: Report) -> str:
    """The lock of what is reported."""
    return f"panel {report.panel_id}" if report.turn_id is None else f"turn {report.turn_id}"


def told_in(message: discord.Message, turns: Sequence[TurnId]) -> TurnId | None:
    """The turn whose words, or whose page's, a message holds: known by its marker, or written by a person as it is."""
    ids = set(component_ids(message.components))
    return next((turn_id for turn_id in turns if str(message.id) == turn_id
                 or not ids.isdisjoint((words_marker(turn_id), marker_of(StepId(f"{turn_id}-step"))))), None)


def custom_ids(components: Sequence[Any]) -> Iterator[str]:
    """The ids of everything clickable in a message."""
    for component in components:
        if getattr(component, "custom_id", None):
            yield component.custom_id
        yield from custom_ids(getattr(component, "children", ()))


def choices(report: Report, words: Words, *, show: bool = True) -> list[StoryButton]:
    """What can be done about a report."""
    verbs = [("show", discord.ButtonStyle.secondary), ("restore", discord.ButtonStyle.success),
             ("remove", discord.ButtonStyle.danger)]
    return [StoryButton("reported", f"{report.report_id}:{what}", words(f"button_report_{what}"), style=style)
            for what, style in verbs if show or what != "show"]


def told_of(report: Report, story: Story, words: Words) -> ui.LayoutView:
    """A report as moderators see it: where, and what can be done; never the picture itself."""
    text = words(f"{subject(report)}_told", place=f"<#{story.venue_id}>", title=safe(story.title))
    return told(text, *choices(report, words))


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Moderation(bot))


__all__ = ["Moderation", "moderates", "setup"]
