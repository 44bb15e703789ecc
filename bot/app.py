"""StoryBot: the Discord face as one process. It starts, hands interactions to the cogs, drains and stops.

`run_bot` is the one place that chooses the concrete library, studio and runner. Nothing here loads a model: the
studio is a child process, and it may still be warming up while the first people write.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.buttons import Click, StoryButton, StoryMenu, understood
from bot.manners import Manners
from bot.stage import DiscordStage, told
from bot.text import quoted
from bot.wording import CommandTranslator, Words, spoken
from engine.labels import PAPER_DOLLS, Labels
from engine.nouns import OwnerId, Refused, ServerId, StoreUnusable, Story, StorythreadError, VenueId
from engine.ports import Library
from engine.safety.rules import STRICTEST
from engine.safety.watch import need_suitable, rating_of
from engine.settings import Settings, SettingsError
from engine.stopping import set_by_signals
from engine.ways.ways import Ways

if TYPE_CHECKING:
    from bot.cogs.turns import Turns
    from engine.turn import TurnRunner

log = logging.getLogger("storythread.bot")

Interaction = discord.Interaction["StoryBot"]
Form = Callable[["discord.Interaction[StoryBot]", str], Awaitable[None]]

#: Clicks answered by opening a form, which Discord allows as a first answer only.
OPENS_FORM = ("take", "more", "change")
#: Commands, forms and buttons that also serve whoever is shut out of a server.
THEIR_RIGHT = ("privacy", "erase", "eraseserver")
#: Seconds after which Discord is told that an answer is coming.
HOLD_AFTER_S = 0.25
#: Interactions remembered, so that one that Discord sends twice is answered once.
INTERACTIONS_KEPT = 4096
#: Seconds that saying what comes later may take when the bot stops.
MARKING_S = 5.0
#: How discord.py calls the tasks of listeners, of commands and of buttons, and seconds they have to end when it stops.
DISCORDS_TASKS, HEARD_OUT_WITHIN_S = ("discord.py: ", "CommandTree-", "discord-ui-"), 2.0
#: Codes for an interaction that can no longer be answered: unknown, its webhook unknown, its token over.
TOO_LATE = (10062, 10015, 50027)

#: What a story needs of a channel, by the attribute of `discord.Permissions`.
THREAD_NEEDS = ("view_channel", "send_messages_in_threads", "attach_files", "read_message_history")
START_NEEDS = ("view_channel", "create_public_threads", "send_messages_in_threads", "attach_files",
               "read_message_history")
CHANNEL_NEEDS = ("view_channel", "send_messages", "attach_files", "read_message_history")


class StoryTree(app_commands.CommandTree["StoryBot"]):
    """The slash commands; whatever goes wrong in one becomes a plain sentence."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        if not interaction.client.first_time(interaction):
            return False
        if interaction.type is discord.InteractionType.application_command:
            try:
                await interaction.client.need_admitted(interaction)
            except StorythreadError as error:
                await interaction.client.explain(interaction, error)
                return False
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        await interaction.client.explain(interaction, getattr(error, "original", error))


class StoryBot(commands.Bot):
    """discord.py's own client with what the cogs need: the library, the runner, the stage, the settings."""

    runner: TurnRunner
    ways: Ways

    def __init__(self, settings: Settings, library: Library) -> None:
        manners = Manners()
        intents = discord.Intents(guilds=True, dm_messages=True, guild_messages=settings.discord.message_content,
                                  message_content=settings.discord.message_content)
        super().__init__(
            command_prefix=commands.when_mentioned, help_command=None, tree_cls=StoryTree, intents=intents,
            http_trace=manners.trace(),
            allowed_mentions=discord.AllowedMentions.none(), chunk_guilds_at_startup=False, guild_ready_timeout=0.5,
            member_cache_flags=discord.MemberCacheFlags.none(), max_messages=None, enable_debug_events=False,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True))
        self.settings = settings
        self.library = library
        self.labels = Labels(settings)
        self.stage = DiscordStage(self, library, self.labels, preview_every_s=settings.discord.preview_every_s,
                                  manners=manners)
        self.clicks: dict[str, Click] = {}
        self.forms: dict[str, Form] = {}
        self.drafts: dict[str, Form] = {}      # by the verb of a form or click: what keeps it before it is held
        self.draining = False
        self.there = asyncio.Event()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._attending: set[asyncio.Task[Any]] = set()
        self._answered: OrderedDict[int, None] = OrderedDict()

    async def setup_hook(self) -> None:
        """Load the cogs and the durable buttons, then go on with turns a stop cut short."""
        await self.prepare()
        if hasattr(self, "runner"):
            self.ways = Ways(self.runner, self.stage)
            await self.runner.start()
            await self.ways.resume()
            await self._turns().take_drafts()

    def _turns(self) -> Turns:
        cog = self.get_cog("Turns")
        assert cog is not None
        return cast("Turns", cog)

    async def on_ready(self) -> None:
        """Discord has said who is where."""
        self.there.set()

    async def prepare(self) -> None:
        """Load commands and buttons, without touching the network. A second call does nothing."""
        from bot.cogs import (
            asking,
            branches,
            characters,
            guide,
            hearing,
            moderation,
            newcomers,
            pictures,
            places,
            privacy,
            putting_right,
            stories,
            texts,
            turns,
            why,
        )

        if self.cogs:
            return
        await self.tree.set_translator(CommandTranslator())
        for module in (characters, stories, turns, guide, branches, why, pictures, texts, asking, newcomers, hearing,
                       places, putting_right, privacy, moderation):
            await module.setup(self)
        self.add_dynamic_items(StoryButton, StoryMenu)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """As discord.py does, but not after the end: its own ready event may come later than our stop."""
        if self.loop is not discord.utils.MISSING:
            super().dispatch(event_name, *args, **kwargs)

    async def close(self) -> None:
        """Drain, and leave. Nothing of the bot's is at work afterwards: the library may be closed."""
        await self.drain()
        await self._hear_out()
        await self.stage.close()
        await super().close()
        await self._hear_out()                 # what came meanwhile

    @staticmethod
    async def _hear_out() -> None:
        """Let listeners and commands come to their end, for two seconds: discord.py begins them and forgets them."""
        listening = [task for task in asyncio.all_tasks() if task.get_name().startswith(DISCORDS_TASKS)
                     and task is not asyncio.current_task()]
        if listening:
            _, left = await asyncio.wait(listening, timeout=HEARD_OUT_WITHIN_S)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def drain(self) -> None:
        """Take no more turns, and let the answers being written go out (five seconds at most)."""
        self.draining = True
        waiting = [task for task in self._attending if task is not asyncio.current_task()]
        if waiting:
            await asyncio.wait(waiting, timeout=5)

    async def rest(self) -> None:
        """Stop in good order: take no more turns, finish the pictures that are begun, mark what comes later.

        The client still answers, in a sentence, while this lasts: `discord.stop_within_s` at most, and a few seconds.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self.settings.discord.stop_within_s
        await self.drain()
        self.stage.manners.leave()
        calm = await self.runner.rest(max(0.0, until - clock()))
        await self.runner.close()              # before the door closes: what is cut short here is never recorded
        await self.stage.close()
        try:
            marked = await asyncio.wait_for(self.stage.mark_waiting(), MARKING_S)
        except (TimeoutError, StorythreadError) as error:
            log.warning("what comes later was not marked: %s", type(error).__name__)
        else:
            log.info("stopping: pictures begun were %s, %d come at the next start",
                     "finished" if calm else "cut short", marked)

    async def labelled(self, png: bytes, painter: str = PAPER_DOLLS) -> bytes:
        """A generated picture as it may leave the house: signed, saying that it was generated."""
        return await asyncio.to_thread(self.labels.label, png, painter)

    # --- in what language, and under which lock ----------------------------------------------------

    def words(self, interaction: discord.Interaction[Any]) -> Words:
        """The language of the person who clicked."""
        return Words(spoken(str(interaction.locale), self.settings.default_locale))

    def lock(self, name: str) -> asyncio.Lock:
        """One lock a story or channel: two clicks at once are looked at one after the other."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        return lock

    # --- interactions ------------------------------------------------------------------------------

    async def click(self, interaction: discord.Interaction[Any], verb: str, key: str, values: Sequence[str]) -> None:
        """A button or menu was used."""
        handler = self.clicks.get(verb)
        if not self.first_time(interaction):
            return
        draft = self.drafts.get(verb)
        if handler is None:
            await self.explain(interaction, Refused(reason="stale_button"))
        else:
            await self.attend(interaction, self._admitted(interaction, lambda: handler(interaction, key, values)),
                              hold=verb not in OPENS_FORM, first=None if draft is None
                              else lambda: draft(interaction, key))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Forms, and clicks that nothing else understands. (Commands and known buttons come by other ways.)"""
        data: Any = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        if interaction.type is discord.InteractionType.modal_submit:
            verb, _, key = custom_id.partition(":")
            form, draft = self.forms.get(verb), self.drafts.get(verb)
            if not self.first_time(interaction):
                return
            if form is None:
                await self.explain(interaction, Refused(reason="stale_button"))
            else:
                await self.attend(interaction, self._admitted(interaction, lambda: form(interaction, key)),
                                  hold=interaction.message is not None,
                                  first=None if draft is None else lambda: draft(interaction, key))
        elif interaction.type is discord.InteractionType.component and not understood(custom_id):
            await self.explain(interaction, Refused(reason="stale_button"))

    async def _admitted(self, interaction: discord.Interaction[Any], deed: Callable[[], Awaitable[None]]) -> None:
        await self.need_admitted(interaction)
        await deed()

    async def need_admitted(self, interaction: discord.Interaction[Any]) -> None:
        """Raise `Refused` where the people who look after this server want nothing taken from this person.

        What is kept of them they may always see and have erased.
        """
        server_id, data = server_of(interaction), cast("dict[str, Any]", interaction.data or {})
        asked = data.get("name") or str(data.get("custom_id", "")).partition(":")[0]
        if not server_id or asked in THEIR_RIGHT:
            return
        if await self.library.is_barred(server_id, OwnerId(str(interaction.user.id))):
            raise Refused(reason="barred")

    async def need_suitable(self, *texts: str, server_id: ServerId, story: Story | None = None) -> None:
        """Raise `Refused` for words that do not suit a story; its fact `typed` gives them back.

        Without a story they are held to what suits everybody: titles start a story, and characters travel.
        """
        decided = await self.library.server_settings(server_id)
        rating = rating_of(story, decided) if story is not None else STRICTEST
        for text in texts:
            need_suitable(text, rating, decided.blocked_words)

    def first_time(self, interaction: discord.Interaction[Any]) -> bool:
        """False for an interaction that was here before: Discord may send an event again."""
        if interaction.id in self._answered:
            log.info("an interaction came twice")
            return False
        self._answered[interaction.id] = None
        while len(self._answered) > INTERACTIONS_KEPT:
            self._answered.popitem(last=False)
        return True

    async def attend(self, interaction: discord.Interaction[Any], deed: Awaitable[None], *, hold: bool = False,
                     first: Callable[[], Awaitable[None]] | None = None) -> None:
        """Do what a person asked for; a failure becomes a plain sentence to that person alone.

        With `hold`, Discord is told after `HOLD_AFTER_S` that the answer is on its way, however busy we are; but not
        before `first` is done: a form whose answer has come is closed, and its words are then nowhere but here.
        """
        task = asyncio.current_task()
        if task is not None:
            self._attending.add(task)
        holding = asyncio.create_task(self._hold(interaction, first)) if hold else None
        try:
            await deed
        except Exception as error:
            await self.explain(interaction, error)
        finally:
            if holding is not None and not answering(interaction).locked():
                holding.cancel()
            if task is not None:
                self._attending.discard(task)

    async def _hold(self, interaction: discord.Interaction[Any],
                    first: Callable[[], Awaitable[None]] | None) -> None:
        await asyncio.sleep(HOLD_AFTER_S)
        try:
            if first is not None:
                await first()
            await self.acknowledge(interaction)
        except StorythreadError as error:      # not kept, so not answered: the form stays open, with its words
            log.warning("an interaction was not held: %s", error.reason)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("an interaction could not be held: %s", type(error).__name__)

    async def acknowledge(self, interaction: discord.Interaction[Any]) -> None:
        """Tell Discord that a click or form has arrived; the message it was on stays as it is for now."""
        async with answering(interaction):
            if not interaction.response.is_done():
                await interaction.response.defer()

    async def say(self, interaction: discord.Interaction[Any], layout: ui.LayoutView) -> None:
        """Answer where everybody sees it."""
        none = discord.AllowedMentions.none()
        async with answering(interaction):
            if not interaction.response.is_done():
                await interaction.response.send_message(view=layout, allowed_mentions=none)
                return
        await interaction.followup.send(view=layout, allowed_mentions=none)

    async def change(self, interaction: discord.Interaction[Any], layout: ui.LayoutView,
                     files: Sequence[discord.File] = ()) -> None:
        """Answer by changing the message that was clicked."""
        none = discord.AllowedMentions.none()
        async with answering(interaction):
            if not interaction.response.is_done():
                await interaction.response.edit_message(view=layout, attachments=files, allowed_mentions=none)
                return
        await interaction.edit_original_response(view=layout, attachments=files, allowed_mentions=none)

    async def explain(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """Tell the person what went wrong; log it, without anything personal, when it is our fault."""
        facts: dict[str, object] = {}
        if isinstance(error, StorythreadError):
            reason, facts = error.reason, error.facts
            if not isinstance(error, Refused):
                log.error("%s while answering an interaction: %s", type(error).__name__, reason)
        elif isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            reason = "command_stale"
        elif isinstance(error, app_commands.CheckFailure):
            reason = "not_allowed"
        elif isinstance(error, discord.HTTPException) and error.code in TOO_LATE:
            log.warning("an interaction was answered too late: code %s", error.code)
            reason = "answered_too_late"
        elif isinstance(error, discord.Forbidden):
            reason = "discord_forbidden"
            log.warning("Discord refused an action: code %s", error.code)
        else:
            reason = "unexpected"
            log.error("an interaction failed: %s", anonymous(error))
        try:
            words = self.words(interaction)
            text = words(reason, **facts)
            given = facts.get("typed") or (typed_into(interaction) if isinstance(error, StoreUnusable) else "")
            if typed := str(given).strip():    # nothing that was typed is lost
                text += "\n" + words("turn_kept") + "\n" + quoted(typed, limit=1800)
            await self.private(interaction, text)
        except (discord.HTTPException, OSError) as failure:
            log.warning("a sentence could not be delivered: %s", type(failure).__name__)

    async def private(self, interaction: discord.Interaction[Any], text: str, *items: ui.Item[Any]) -> None:
        """Say something that only this person sees, whatever was answered before; too late for that, in a DM."""
        try:
            await self._tell(interaction, told(text, *items))
        except discord.HTTPException as error:
            if error.code not in TOO_LATE:
                raise
            await interaction.user.send(view=told(text, *items), allowed_mentions=discord.AllowedMentions.none())

    async def _tell(self, interaction: discord.Interaction[Any], layout: ui.LayoutView) -> None:
        async with answering(interaction):
            if not interaction.response.is_done():
                await interaction.response.send_message(view=layout, ephemeral=True,
                                                        allowed_mentions=discord.AllowedMentions.none())
                return
        if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
            await interaction.edit_original_response(view=layout, attachments=[],
                                                     allowed_mentions=discord.AllowedMentions.none())
        else:
            await interaction.followup.send(view=layout, ephemeral=True,
                                            allowed_mentions=discord.AllowedMentions.none())

    # --- what the bot may do here ------------------------------------------------------------------

    def need(self, interaction: discord.Interaction[Any], needs: Sequence[str]) -> None:
        """Raise `Refused` naming every permission the bot lacks in this channel, before anything is promised."""
        if interaction.guild_id is None:
            if interaction.context is not None and interaction.context.private_channel:
                raise Refused(reason="not_in_group_dm")
            return
        if interaction.is_user_integration() and not interaction.is_guild_integration():
            raise Refused(reason="not_on_this_server")
        self.need_of(interaction.app_permissions, needs, self.words(interaction))
        self.stage.manners.open(VenueId(str(interaction.channel_id)))

    @staticmethod
    def need_of(permissions: discord.Permissions, needs: Sequence[str], words: Words) -> None:
        """The same for permissions already at hand."""
        missing = [need for need in needs if not getattr(permissions, need)]
        if missing and not permissions.administrator:
            raise Refused(reason="permissions_missing",
                          permissions=", ".join(words(f"permission_{need}") for need in missing))


def answering(interaction: discord.Interaction[Any]) -> asyncio.Lock:
    """Held while an interaction's first answer is on its way: there can be only one."""
    lock: asyncio.Lock = interaction.extras.setdefault("answering", asyncio.Lock())
    return lock


def typed_into(interaction: discord.Interaction[Any]) -> str:
    """What somebody wrote into a form: it is closed once it is answered, and they have it nowhere else."""

    def written(component: Any) -> Iterator[str]:
        if isinstance(component, dict):
            if isinstance(value := component.get("value"), str):
                yield value
            for each in (*component.get("components", ()), component.get("component")):
                yield from written(each)

    if interaction.type is not discord.InteractionType.modal_submit:
        return ""
    return "\n".join(filter(None, written(interaction.data)))


def anonymous(error: BaseException) -> str:
    """An error's kind and place, without its message: messages can hold what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join([type(error).__name__, *(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))])


def server_of(interaction: discord.Interaction[Any]) -> ServerId:
    """The server an interaction comes from; "" for DMs."""
    return ServerId(str(interaction.guild_id) if interaction.guild_id is not None else "")


# --- commands: registered only when they changed ---------------------------------------------------

async def command_payload(bot: StoryBot) -> list[dict[str, Any]]:
    """The slash commands as Discord is told of them, translations included, in a fixed order."""
    translator = bot.tree.translator
    payload = [await command.get_translated_payload(bot.tree, translator) if translator is not None
               else command.to_dict(bot.tree) for command in bot.tree.get_commands()]
    return sorted(payload, key=lambda command: (command.get("type", 1), command["name"]))


def _digest(payload: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


async def sync_commands(settings: Settings, guild: int | None = None, *, force: bool = False) -> bool:
    """Register the slash commands with Discord if they changed since they last were; True when they were registered.

    `guild` (or `discord.sync_guild`) registers them in one server only, where they appear at once. Raises
    `SettingsError` without a token, `discord.LoginFailure` with a wrong one. The hash of what was registered lies in
    the data folder.
    """
    guild = guild or settings.discord.sync_guild
    bot = StoryBot(settings, cast(Library, None))          # only its commands are looked at
    noted = settings.home / "commands.json"
    try:
        await bot.prepare()
        digest = _digest(await command_payload(bot))
        await bot.login(token_of(settings))
        place = f"{bot.application_id}:{guild or 'everywhere'}"
        before = await asyncio.to_thread(_read_note, noted)
        if before.get(place) == digest and not force:
            return False
        at = discord.Object(guild) if guild else None
        if at is not None:
            bot.tree.copy_global_to(guild=at)
        await bot.tree.sync(guild=at)
        await asyncio.to_thread(_write_note, noted, before | {place: digest})
        return True
    finally:
        await bot.close()


def _read_note(path: Path) -> dict[str, str]:
    try:
        note = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(path: Path, note: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(note, indent=1), "utf-8")
    fresh.replace(path)


def token_of(settings: Settings) -> str:
    """The bot's token. Raises `SettingsError` in a plain sentence when there is none."""
    if settings.discord.token is None:
        raise SettingsError("There is no bot token. Set DISCORD_TOKEN (from the Bot page of your application in "
                            "Discord's developer portal) and start again.", key="discord.token")
    return settings.discord.token.get_secret_value().strip()


# --- the process -----------------------------------------------------------------------------------

async def run_bot(settings: Settings, *, ready: asyncio.Event | None = None, stop: asyncio.Event | None = None) -> None:
    """Run the bot until SIGTERM, SIGINT or `stop`; then rest: see `StoryBot.rest`. A second signal ends it at once.

    `ready` is set once Discord has said that the bot is there; the studio may still be warming up. Raises
    `SettingsError` (no token, a wrong one, an intent that is switched off) and `StoreUnusable`.
    """
    from bot.health import health_of
    from bot.house import open_house

    token = token_of(settings)
    stop = stop or asyncio.Event()
    made: list[StoryBot] = []

    def stage_for(library: Library) -> DiscordStage:
        made.append(StoryBot(settings, library))
        return made[0].stage

    async with open_house(settings, stage_for) as house, health_of(settings, made[0], house):
        bot = made[0]
        bot.runner = house.runner
        await asyncio.to_thread(bot.labels.open)   # a certificate that cannot be used is told now, not at a picture
        with set_by_signals(stop):
            running = asyncio.create_task(bot.start(token), name="discord")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            greeting = asyncio.create_task(_greet(bot, ready), name="greeting")
            damaged = asyncio.create_task(house.library.damaged.wait(), name="damaged")
            try:
                await asyncio.wait({running, stopping, damaged}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    await bot.rest()
                if damaged.done():             # nothing more is written to it, and whoever runs this is told
                    await bot.drain()
                await house.runner.close()
            finally:
                await bot.close()
                for task in (stopping, greeting, damaged):
                    task.cancel()
                await asyncio.gather(stopping, greeting, damaged, return_exceptions=True)
            try:
                await running
            except discord.LoginFailure as error:
                raise SettingsError("Discord does not accept the bot token. Copy it again from the Bot page of your "
                                    "application in Discord's developer portal.", key="discord.token") from error
            except discord.PrivilegedIntentsRequired as error:
                raise SettingsError("The message content intent is switched off for this application. Switch it on in "
                                    "Discord's developer portal, or set discord.message_content to false.",
                                    key="discord.message_content") from error
        if house.library.damaged.is_set():
            raise StoreUnusable("the database is damaged", reason="store_damaged",
                                file=house.library.engine.url.database or "the database")
    log.info("the bot has stopped")


async def _greet(bot: StoryBot, ready: asyncio.Event | None) -> None:
    await bot.there.wait()
    log.info("the bot is there, in %d servers", len(bot.guilds))
    if ready is not None:
        ready.set()
