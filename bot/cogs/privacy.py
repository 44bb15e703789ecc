"""/privacy: what is kept of a person, to see, to take along, and to have erased; and servers that the bot has left.

Erasing is durable work: killed at any line it goes on at the next start. It first calls off what is being drawn, then
takes the person off Discord as far as it can, then forgets them, then tells them what is gone and what is left.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import anonymous, server_of
from bot.buttons import modal_fields
from bot.cogs.characters import CHOOSE_WITHIN_S
from bot.cogs.keeping import NO_PHOTOS, POLICY_VERSION
from bot.cogs.stories import Stories
from bot.cogs.turns import Turns, owner_of
from bot.stage import marker_of, nonce_of, told
from bot.sweeping import Sweeper, Swept, link_to, nothing
from bot.text import safe
from bot.wording import Words
from engine.belongings import Erasure, Export, Traces, plan_export
from engine.labels import SteadyLabels
from engine.nouns import (
    Consent,
    NotFound,
    OwnerId,
    PictureId,
    Refused,
    ServerId,
    StoryId,
    StorythreadError,
    TurnId,
    VenueId,
)

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.privacy")

#: What a private message or answer takes, less what comes around the file itself.
PART_BYTES, AROUND_BYTES = 10 * 2**20, 64 * 2**10
PROGRESS_EVERY_S = 2.0
#: Other people's pages with somebody's characters in them are waited for, before these are forgotten.
PATIENCE_S = 300.0
LINKS_SHOWN = 8
LOOK_FOR_LEFT_SERVERS_EVERY_S = 3600.0
FORGOTTEN = "forgotten"                    # why their turns were called off; a sentence too


class Privacy(commands.GroupCog, group_name="privacy",
              group_description="What I keep of you: see it, take it along, have it erased"):
    """What people may do about what is kept of them."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._sweeper = Sweeper(bot)
        self._live: dict[str, Interaction] = {}            # private answers that can still be changed, by request
        self._traces: dict[str, Mapping[VenueId, Traces]] = {}     # by erasure: looked for once in a process
        self._packing: set[OwnerId] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None
        bot.forms.update(erase=self.read_erase, eraseserver=self.read_erase_server)

    async def cog_load(self) -> None:
        if hasattr(self.bot, "runner"):
            self.bot.runner.also(erase=self.erase_person, erase_server=self.erase_a_server, take_along=self.take_along)

    async def cog_unload(self) -> None:
        tasks = [*self._watching, *([self._rounds] if self._rounds is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- about -------------------------------------------------------------------------------------

    @app_commands.command(name="about", description="What I keep of you, for how long, and who sees it")
    async def about(self, interaction: discord.Interaction[StoryBot]) -> None:
        held = await self.bot.library.holdings(owner_of(interaction))
        await self.bot.private(interaction, about_text(self.bot, self.bot.words(interaction), held))

    # --- export ------------------------------------------------------------------------------------

    @app_commands.command(name="export", description="Everything I keep of you, as files to take along")
    async def export(self, interaction: discord.Interaction[StoryBot]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        owner_id, words = owner_of(interaction), self.bot.words(interaction)
        if not await self.bot.library.knows(owner_id):
            raise Refused(reason="privacy_nothing")
        if owner_id in self._packing:
            raise Refused(reason="privacy_export_running")
        if self.bot.draining:
            raise Refused(reason="restarting")
        await self._tell(interaction, words("privacy_export_packing"))
        request = f"x{interaction.id}"
        self._live[request] = interaction
        await self.bot.runner.durable.start("take_along", request, request, owner_id, words.locale)

    async def take_along(self, request: str, owner_id: str, locale: str) -> None:
        """The workflow of an export. After a restart, or when there are too many parts, it comes by DM."""
        whose = OwnerId(owner_id)
        self._packing.add(whose)
        try:
            await self.bot.runner.durable.act("send", self._send_all, request, whose, Words(locale))
        finally:
            self._packing.discard(whose)
            self._live.pop(request, None)

    async def _send_all(self, request: str, owner_id: OwnerId, words: Words) -> None:
        """Pack, and send: as a private answer while that lives, else by DM, else say why not."""
        interaction = self._live.get(request)
        limit = (getattr(interaction, "filesize_limit", 0) or PART_BYTES) - AROUND_BYTES
        export = await self._packed(owner_id, words, limit, interaction)
        if interaction is not None:
            try:
                await self._send_private(interaction, export, words)
                return
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("an export goes by DM: %s", getattr(error, "code", type(error).__name__))
        if limit > PART_BYTES - AROUND_BYTES:
            export = await self._packed(owner_id, words, PART_BYTES - AROUND_BYTES, None)
        reason = await self._send_direct(request, owner_id, export, words)
        if interaction is not None:
            await self._tell(interaction, words(reason or "privacy_export_by_dm"))

    async def _packed(self, owner_id: OwnerId, words: Words, limit: int, interaction: Interaction | None) -> Export:
        belongings = await self.bot.library.belongings(owner_id)
        clock = asyncio.get_running_loop().time
        told_at, telling = clock(), set[asyncio.Task[None]]()

        def progress(done: int, total: int) -> None:
            nonlocal told_at
            if interaction is not None and clock() - told_at >= PROGRESS_EVERY_S:
                told_at = clock()
                task = asyncio.create_task(self._tell(interaction, words(
                    "privacy_export_progress", done=done, total=total)))
                telling.add(task)
                task.add_done_callback(telling.discard)

        labels = SteadyLabels(self.bot.labels)

        async def read(picture: PictureId) -> bytes:
            png, painter = await self.bot.library.picture(picture), belongings.made_by.get(picture)
            return png if painter is None else await asyncio.to_thread(labels.label, picture, png, painter)

        export = await plan_export(belongings, read, limit_bytes=limit, made_at=datetime.now(UTC),
                                   note=words("privacy_export_readme"), on_picture=progress)
        if telling:
            await asyncio.wait(set(telling))   # an old line must not overtake the files
        return export

    def _part(self, export: Export, number: int, packed: bytes, words: Words,
              marker: int | None = None) -> tuple[ui.LayoutView, discord.File]:
        name = "storythread" if export.parts == 1 else f"storythread-{number}-of-{export.parts}"
        file = discord.File(io.BytesIO(packed), filename=f"{name}.zip")
        text = words("privacy_export_ready") if export.parts == 1 else words(
            "privacy_export_part", number=number, parts=export.parts)
        if number == export.parts and export.lost:
            text += "\n" + words("privacy_export_lost", count=len(export.lost))
        return told(text, ui.File(file), marker=marker), file

    async def _send_private(self, interaction: Interaction, export: Export, words: Words) -> None:
        """As answers only this person sees. Raises what Discord raises: then all of it comes another way."""
        none = discord.AllowedMentions.none()
        for number in range(1, export.parts + 1):
            layout, file = self._part(export, number, await export.part(number), words)
            if number == 1:
                await interaction.edit_original_response(view=layout, attachments=[file], allowed_mentions=none)
            else:
                await interaction.followup.send(view=layout, file=file, ephemeral=True, allowed_mentions=none)

    async def _send_direct(self, request: str, owner_id: OwnerId, export: Export, words: Words) -> str:
        """By DM, each part once: found again after a crash by its marker. Returns why not, or ""."""
        try:
            place = await self.bot.create_dm(discord.Object(int(owner_id)))
            venue_id = VenueId(str(place.id))
            for number in range(1, export.parts + 1):
                packed = await export.part(number)
                key = f"{request} {number} {sha256(packed).hexdigest()}"
                if await self.bot.stage.find(venue_id, request.removeprefix("x"), marker_of(key)) is not None:
                    continue
                layout, file = self._part(export, number, packed, words, marker_of(key))
                await place.send(view=layout, file=file, nonce=nonce_of(key),
                                 allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, StorythreadError) as error:
            log.info("an export could not be sent: %s", getattr(error, "code", getattr(error, "reason", "")))
            return "privacy_dms_closed"
        return ""

    # --- erase -------------------------------------------------------------------------------------

    @app_commands.command(name="erase", description="Have everything I keep of you erased")
    async def erase(self, interaction: discord.Interaction[StoryBot]) -> None:
        owner_id = owner_of(interaction)
        if any(each.owner_id == owner_id for each in await self.bot.library.erasures()):
            raise Refused(reason="privacy_erase_running")
        if not await self.bot.library.knows(owner_id):
            raise Refused(reason="privacy_nothing")
        await interaction.response.send_modal(self._typed(interaction, "erase", "privacy_erase_sure"))

    @app_commands.command(name="erase-server", description="Have all stories of this server erased")
    async def erase_server(self, interaction: discord.Interaction[StoryBot]) -> None:
        self._need_manager(interaction)
        if server_of(interaction) not in await self.bot.library.known_servers():
            raise Refused(reason="privacy_server_nothing")
        await interaction.response.send_modal(self._typed(interaction, "eraseserver", "privacy_erase_server_sure"))

    def _typed(self, interaction: Interaction, verb: str, question: str) -> ui.Modal:
        """A form that wants one word written out."""
        words = self.bot.words(interaction)
        form = ui.Modal(title=words("privacy_erase_title"), timeout=900, custom_id=f"{verb}:{interaction.id}")
        form.add_item(ui.TextDisplay(words(question)))
        form.add_item(ui.Label(text=words("privacy_erase_label", word=words("privacy_erase_word")),
                               component=ui.TextInput(custom_id="word", max_length=40)))
        return form

    def _need_word(self, interaction: Interaction) -> None:
        """Raise `Refused` unless the word was written out."""
        words = self.bot.words(interaction)
        typed, word = modal_fields(interaction)[0].get("word", ""), words("privacy_erase_word")
        if " ".join(typed.split()).casefold() != word.casefold():
            raise Refused(reason="privacy_erase_not_typed", word=word)

    @staticmethod
    def _need_manager(interaction: Interaction) -> None:
        if interaction.guild_id is None:
            raise Refused(reason="server_only")
        if not interaction.permissions.manage_guild:
            raise Refused(reason="managers_only")

    async def read_erase(self, interaction: Interaction, key: str) -> None:
        """The form of /privacy erase."""
        self._need_word(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        owner_id = owner_of(interaction)
        if not await self.bot.library.knows(owner_id):
            raise Refused(reason="privacy_nothing")
        await self._begin(interaction, "erase", Erasure(
            f"e{interaction.id}", owner_id, ServerId(""), await self._dm_of(owner_id),
            self.bot.words(interaction).locale))

    async def read_erase_server(self, interaction: Interaction, key: str) -> None:
        """The form of /privacy erase-server."""
        self._need_manager(interaction)
        self._need_word(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._begin(interaction, "erase_server", Erasure(
            f"e{interaction.id}", OwnerId(""), server_of(interaction), await self._dm_of(owner_of(interaction)),
            self.bot.words(interaction).locale))

    async def _begin(self, interaction: Interaction, name: str, erasure: Erasure) -> None:
        if self.bot.draining:
            raise Refused(reason="restarting")
        if not await self.bot.library.save_erasure(erasure):
            raise Refused(reason="privacy_erase_running")
        self._live[erasure.erasure_id] = interaction
        await self._tell(interaction, self.bot.words(interaction)("privacy_erase_begun"))
        await self.bot.runner.durable.start(name, erasure.erasure_id, erasure.erasure_id)
        self._tidy_up_after(erasure.erasure_id)

    def _tidy_up_after(self, erasure_id: str) -> None:
        task = asyncio.create_task(self._noting(self._tidy_up(erasure_id)))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _tidy_up(self, erasure_id: str) -> None:
        """When the work is over its records go at once, or else at the next start."""
        while True:
            try:
                await self.bot.library.erasure(erasure_id)
            except NotFound:
                break
            await asyncio.sleep(1.0)
        with suppress(Exception):              # however it ended: nothing of it is to be left
            await self.bot.runner.finished(erasure_id)
        await self.bot.library.sweep()

    async def _dm_of(self, owner_id: OwnerId) -> VenueId:
        """The DM with a person; "" where Discord does not give us one."""
        try:
            return VenueId(str((await self.bot.create_dm(discord.Object(int(owner_id)))).id))
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return VenueId("")

    # --- the durable work --------------------------------------------------------------------------

    async def erase_person(self, erasure_id: str) -> None:
        """The workflow: what it does is written down by numbers and spots only, and the person by their erasure.

        Its own records go too, once it is over (`Library.drop_erasure`, `Library.sweep`).
        """
        durable = self.bot.runner.durable
        try:
            await durable.act("call off", self._call_off, erasure_id)
            venues, rosters = await durable.act("find", self._find, erasure_id)
            swept = [await durable.act("sweep", self._sweep, erasure_id, venue) for venue in venues]
            await durable.act("forget", self._forget, erasure_id)
            await durable.act("rosters", self._redraw_rosters, rosters)
            await durable.act("tell", self._report, erasure_id, swept)
            await durable.commit("done", self.bot.library.drop_erasure, erasure_id)
        except NotFound:                   # another run of it has come to the end
            log.info("an erasure was over already")
        finally:
            self._live.pop(erasure_id, None)
            self._traces.pop(erasure_id, None)

    async def _call_off(self, erasure_id: str) -> None:
        """Nothing more is drawn for them, or of their characters."""
        library, runner = self.bot.library, self.bot.runner
        owner_id = (await library.erasure(erasure_id)).owner_id
        if not owner_id:
            return
        now = datetime.now(UTC)
        for character in await library.characters_of(owner_id):
            if character.usable:
                given = character.consent or Consent(NO_PHOTOS, POLICY_VERSION, now)
                await library.save_character(replace(character, consent=replace(given, withdrawn_at=now)))
        venues = set(await self._traces_of(erasure_id, owner_id))
        for turn in await library.open_turns():
            if turn.owner_id == owner_id:
                await runner.call_off(turn.turn_id, FORGOTTEN)
        for story in await library.stories_of(owner_id):
            for board in await library.storyboards(story.story_id, owner_id):
                await self.bot.ways.stop(board.storyboard_id)
        others = [turn.turn_id for turn in await library.open_turns()
                  if (await library.story(turn.story_id)).venue_id in venues]
        turns = self.bot.get_cog("Turns")
        redraws = list(turns.redrawing.values()) if isinstance(turns, Turns) else []
        await self._patiently(others, redraws)

    async def _patiently(self, turns: list[TurnId], redraws: list[asyncio.Task[None]]) -> None:
        """Wait for what others are having drawn, but not for ever."""
        until = asyncio.get_running_loop().time() + PATIENCE_S
        if redraws:
            await asyncio.wait(redraws, timeout=PATIENCE_S)
        while asyncio.get_running_loop().time() < until:
            if not {turn.turn_id for turn in await self.bot.library.open_turns()} & set(turns):
                return
            await asyncio.sleep(0.25)

    async def _traces_of(self, erasure_id: str, owner_id: OwnerId) -> Mapping[VenueId, Traces]:
        if erasure_id not in self._traces:
            self._traces[erasure_id] = await self.bot.library.traces(owner_id)
        return self._traces[erasure_id]

    async def _find(self, erasure_id: str) -> tuple[list[str], list[str]]:
        """Where they are seen, and others' stories whose roster names them."""
        erasure = await self.bot.library.erasure(erasure_id)
        self._traces.pop(erasure_id, None)     # what was being drawn is there now, or called off
        traces = await self._traces_of(erasure_id, erasure.owner_id)
        venues = [venue for venue in traces if venue.isdecimal()]
        direct = [erasure.venue_id] if erasure.venue_id else []
        rosters = [story for venue in venues for story in traces[venue].others]
        return [*(str(venue) for venue in venues if venue not in direct), *map(str, direct)], sorted(map(str, rosters))

    async def _sweep(self, erasure_id: str, venue: str) -> Swept:
        library = self.bot.library
        erasure = await library.erasure(erasure_id)
        if not erasure.owner_id:
            return nothing()
        if venue == erasure.venue_id:
            return await self._sweeper.direct(VenueId(venue), erasure.owner_id)
        interaction, words = self._live.get(erasure_id), Words(erasure.locale)
        told_at, telling = asyncio.get_running_loop().time(), set[asyncio.Task[None]]()

        def progress(count: int) -> None:
            nonlocal told_at
            now = asyncio.get_running_loop().time()
            if interaction is not None and now - told_at >= PROGRESS_EVERY_S:
                told_at = now
                task = asyncio.create_task(self._tell(interaction, words("privacy_erase_progress", count=count)))
                telling.add(task)
                task.add_done_callback(telling.discard)

        traces = (await self._traces_of(erasure_id, erasure.owner_id)).get(VenueId(venue))
        if traces is None:
            return nothing()
        swept = await self._sweeper.venue(traces, await library.known_as(erasure.owner_id), erasure.owner_id, words,
                                          progress)
        if telling:
            await asyncio.wait(set(telling))
        return swept

    async def _forget(self, erasure_id: str) -> None:
        owner_id = (await self.bot.library.erasure(erasure_id)).owner_id
        if owner_id:
            await self.bot.library.forget(owner_id)

    async def _redraw_rosters(self, rosters: list[str]) -> None:
        """The rosters of others' stories, without them."""
        stories = self.bot.get_cog("Stories")
        if not isinstance(stories, Stories):
            return
        for story_id in rosters:
            try:
                await stories.refresh_roster(await self.bot.library.story(StoryId(story_id)))
            except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("a roster was not drawn anew: %s", getattr(error, "code", type(error).__name__))

    async def _report(self, erasure_id: str, swept: list[Swept]) -> None:
        """Tell them in plain words: what is gone, what is left, and how to delete that."""
        erasure = await self.bot.library.erasure(erasure_id)
        words = Words(erasure.locale)
        total = {name: sum(each[name] for each in swept) for name in ("deleted", "changed", "own", "stuck")}
        links = [link_to(spot) for each in swept for spot in each["spots"]]
        closed = [link_to(spot) for each in swept for spot in each["closed"]]
        lines = [words("privacy_erased"), words("privacy_erased_messages", **total)]
        if total["own"]:
            lines += [words("privacy_left_own", count=total["own"]), *links[:LINKS_SHOWN]]
        if closed:
            lines += [words("privacy_left_closed", count=max(total["stuck"], len(closed))), *closed[:LINKS_SHOWN]]
        lines.append(words("privacy_left_elsewhere"))
        longer = len(links) > LINKS_SHOWN or len(closed) > LINKS_SHOWN
        await self._deliver(erasure, "\n".join(lines), "\n".join((*links, *closed)) if longer else "")

    async def _deliver(self, erasure: Erasure, text: str, listed: str = "") -> None:
        """As the private answer while that lives, else by DM; where neither can be, there is nobody to tell."""
        none = discord.AllowedMentions.none()

        def message(marker: int | None = None) -> dict[str, Any]:
            files = [discord.File(io.BytesIO(listed.encode()), filename="left-on-discord.txt")] if listed else []
            return {"view": told(text, *(ui.File(file) for file in files), marker=marker), "files": files}

        interaction = self._live.get(erasure.erasure_id)
        if interaction is not None:
            try:
                made = message()
                await interaction.edit_original_response(view=made["view"], attachments=made["files"],
                                                         allowed_mentions=none)
                return
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("an erasure is told by DM: %s", getattr(error, "code", type(error).__name__))
        if not erasure.venue_id:
            return
        key = f"{erasure.erasure_id} told"
        try:
            if await self.bot.stage.find(erasure.venue_id, erasure.erasure_id.removeprefix("e"),
                                         marker_of(key)) is None:
                await self.bot.get_partial_messageable(int(erasure.venue_id)).send(
                    **message(marker_of(key)), nonce=nonce_of(key), allowed_mentions=none)
        except (discord.HTTPException, aiohttp.ClientError, OSError, StorythreadError) as error:
            log.info("an erasure could not be told: %s", getattr(error, "code", type(error).__name__))

    async def erase_a_server(self, erasure_id: str) -> None:
        """The workflow of /privacy erase-server."""
        durable = self.bot.runner.durable
        try:
            count = await durable.act("forget", self._forget_server, erasure_id)
            await durable.act("tell", self._report_server, erasure_id, count)
            await durable.commit("done", self.bot.library.drop_erasure, erasure_id)
        except NotFound:
            log.info("an erasure was over already")
        finally:
            self._live.pop(erasure_id, None)

    async def _forget_server(self, erasure_id: str) -> int:
        return await self._let_go_of((await self.bot.library.erasure(erasure_id)).server_id)

    async def _report_server(self, erasure_id: str, count: int) -> None:
        erasure = await self.bot.library.erasure(erasure_id)
        await self._deliver(erasure, Words(erasure.locale)("privacy_server_erased", count=count))

    async def _let_go_of(self, server_id: ServerId) -> int:
        """Delete what is kept of a server. Returns how many stories that were."""
        stories = {story.story_id for story in await self.bot.library.stories_on(server_id)}
        for turn in await self.bot.library.open_turns():
            if turn.story_id in stories:
                await self.bot.runner.call_off(turn.turn_id, FORGOTTEN)
        return await self.bot.library.forget_server(server_id)

    # --- servers that are left ---------------------------------------------------------------------

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed (discord.py tells outages by another event): kept for a grace, then deleted."""
        await self._noting(self._come_or_gone(guild.id))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Asked in, perhaps again."""
        await self._noting(self._come_or_gone(guild.id))

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Back from an outage; or asked in again, where Discord words it so."""
        await self._noting(self._come_or_gone(guild.id))

    async def _come_or_gone(self, guild_id: int) -> None:
        """Events are handled side by side: what counts is whether the bot is there now."""
        server_id = ServerId(str(guild_id))
        async with self.bot.lock(f"server {server_id}"):
            if self.bot.get_guild(guild_id) is None:
                await self.bot.library.note_departure(server_id)
            else:
                await self.bot.library.note_return([server_id])

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Servers may have been left while nobody was there to hear it; erasures may have been cut short."""
        await self._noting(self._compare())
        if self._rounds is None and hasattr(self.bot, "runner") and not self.bot.draining:
            self._rounds = asyncio.create_task(self._go_round())

    async def _compare(self) -> None:
        library = self.bot.library
        there = [ServerId(str(guild.id)) for guild in self.bot.guilds]       # those with an outage are among them
        await library.note_return(there)
        for server_id in await library.known_servers():
            if server_id not in there and self._ours(server_id):
                await library.note_departure(server_id)
        for erasure in await library.erasures() if hasattr(self.bot, "runner") else ():
            await self.bot.runner.durable.start_anew("erase_server" if erasure.server_id else "erase",
                                                     erasure.erasure_id, erasure.erasure_id)
            self._tidy_up_after(erasure.erasure_id)

    def _ours(self, server_id: ServerId) -> bool:
        """Whether this process would know of a server if the bot were on it: of several shards each has its own."""
        count, shard = self.bot.shard_count or 1, self.bot.shard_id or 0
        return count == 1 or (server_id.isdecimal() and (int(server_id) >> 22) % count == shard)    # Discord's formula

    async def _noting(self, deed: Any) -> None:
        try:
            await deed
        except Exception as error:             # an event's listener has nobody to tell
            log.error("something about privacy was not noted: %s", anonymous(error))

    async def _go_round(self) -> None:
        while True:
            try:
                await self.let_go_of_left_servers()
            except Exception as error:         # tried again at the next round
                log.error("servers that were left could not be let go of: %s", anonymous(error))
            await asyncio.sleep(LOOK_FOR_LEFT_SERVERS_EVERY_S)

    async def let_go_of_left_servers(self, now: datetime | None = None) -> int:
        """Delete what is kept of servers that were left longer ago than the grace. Returns how many."""
        grace = timedelta(days=self.bot.settings.retention.server_days)
        there = {str(guild.id) for guild in self.bot.guilds}
        over = [server for server in await self.bot.library.departures((now or datetime.now(UTC)) - grace)
                if server not in there]
        for server_id in over:
            await self._let_go_of(server_id)
            log.info("what was kept of a server that was left is deleted")
        return len(over)

    # --- small things ------------------------------------------------------------------------------

    @staticmethod
    async def _tell(interaction: Interaction, text: str) -> None:
        """Change the private answer; that it cannot be is no matter."""
        try:
            await interaction.edit_original_response(view=told(text), attachments=[],
                                                     allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("progress was not shown: %s", getattr(error, "code", type(error).__name__))


def about_text(bot: StoryBot, words: Words, held: dict[str, int]) -> str:
    """What is kept, how long and who sees it, as the settings have it."""
    settings = bot.settings
    lines = [words("privacy_about", **held), words("privacy_about_kept"),
             words("privacy_about_photos", minutes=round(CHOOSE_WITHIN_S / 60)), words("privacy_about_seen")]
    if settings.studio.writer.startswith(("http://", "https://")):
        lines.append(words("privacy_about_writer", server=safe(settings.studio.writer)))
    if "://" in settings.pictures_url and not settings.pictures_url.startswith("file://"):
        lines.append(words("privacy_about_store"))
    if settings.studio.where == "workers":
        lines.append(words("privacy_about_workers"))
    retention = settings.retention
    lines.append(words("privacy_about_idle", days=retention.idle_story_days) if retention.idle_story_days
                 else words("privacy_about_stays"))
    if retention.backup_days:
        lines.append(words("privacy_about_backups", days=retention.backup_days))
    lines += [words("privacy_about_server", days=retention.server_days), words("privacy_about_how")]
    return "\n".join(lines)


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Privacy(bot))
