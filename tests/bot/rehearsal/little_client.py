"""A small real discord.py client and a loopback Discord to put it on."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import discord
from discord import app_commands, ui
from PIL import Image

from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import Player
from bot.rehearsal.world import Channel


def png(colour: str = "teal", size: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


class Durable(ui.DynamicItem[ui.Button[Any]], template=r"count:(?P<n>\d+)"):
    def __init__(self, n: int) -> None:
        self.n = n
        super().__init__(ui.Button(label=f"Count {n}", custom_id=f"count:{n}"))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Durable:
        return cls(int(match["n"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.Container(ui.TextDisplay(f"counted {self.n + 1}"), ui.ActionRow(Durable(self.n + 1))))
        await interaction.response.edit_message(view=layout)


class Form(ui.Modal, title="Register"):
    name = ui.Label(text="Name", component=ui.TextInput(custom_id="name", max_length=40))
    photos = ui.Label(text="Photos", component=ui.FileUpload(custom_id="photos", max_values=3))
    kind = ui.Label(text="Kind", component=ui.Select(custom_id="kind", options=[
        discord.SelectOption(label="A girl", value="girl"), discord.SelectOption(label="A cat", value="cat")]))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        files = self.photos.component.values  # type: ignore[union-attr]
        sizes = [len(await file.read()) for file in files]
        await interaction.response.send_message(
            f"{self.name.component.value} {self.kind.component.values[0]} {sizes}",  # type: ignore[union-attr]
            ephemeral=True)


class Little(discord.Client):
    """A client that uses, once each, what the story bot uses."""

    def __init__(self, *, content: bool = True) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.dm_messages = intents.guild_messages = True
        intents.message_content = content
        super().__init__(intents=intents, guild_ready_timeout=0.05, allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(
            self, allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True))
        self.ready = asyncio.Event()
        self.slowly = asyncio.Event()
        self.heard: list[discord.Message] = []
        self.resumes = 0
        self.connects = 0
        self._commands()

    def _commands(self) -> None:
        group = app_commands.Group(name="story", description="Stories")

        @group.command(name="start", description="Start")
        @app_commands.choices(order=[app_commands.Choice(name="In order", value="in_order")])
        async def start(interaction: discord.Interaction[Any], title: app_commands.Range[str, 1, 80],
                        order: str = "free", photo: discord.Attachment | None = None) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            size = len(await photo.read()) if photo else 0
            may = interaction.app_permissions.attach_files
            await interaction.followup.send(f"started {title} {order} {size} {may}")

        @start.autocomplete("title")
        async def titles(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=t, value=t) for t in ("The moon", "The mouse", "A boat")
                    if current.lower() in t.lower()]

        self.tree.add_command(group)

        @self.tree.command(name="form", description="Open the form")
        async def form(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.send_modal(Form())

        @self.tree.command(name="slow", description="Answers too late")
        async def slow(interaction: discord.Interaction[Any]) -> None:
            await self.slowly.wait()
            with contextlib.suppress(discord.NotFound):
                await interaction.response.send_message("late")

        @self.tree.command(name="count", description="A durable button")
        async def count(interaction: discord.Interaction[Any]) -> None:
            layout = ui.LayoutView(timeout=None)
            layout.add_item(ui.Container(ui.TextDisplay("counted 0"), ui.ActionRow(Durable(0))))
            await interaction.response.send_message(view=layout)

        @self.tree.command(name="panel", description="A thread with a panel in it")
        async def panel(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.send_message("here it comes")
            assert isinstance(interaction.channel, discord.TextChannel)
            thread = await interaction.channel.create_thread(name="Tale", type=discord.ChannelType.public_thread)
            await thread.add_user(interaction.user)
            message = await thread.send(view=gallery("first"), file=picture("red"), nonce="panel-1")
            await message.edit(view=gallery("second", name="b.png", alt="all green"),
                               attachments=[picture("green", "b.png")])

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Durable)
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.connects += 1
        self.ready.set()

    async def on_resumed(self) -> None:
        self.resumes += 1

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)


def picture(colour: str, name: str = "a.png") -> discord.File:
    return discord.File(io.BytesIO(png(colour)), name, description=f"all {colour}")


def gallery(text: str, *, name: str = "a.png", alt: str = "all red") -> ui.LayoutView:
    layout = ui.LayoutView(timeout=None)
    media = ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{name}", description=alt))
    layout.add_item(ui.Container(ui.TextDisplay(text), media, ui.Separator(), accent_colour=0x336699))
    return layout


class Stand:
    """A loopback with a server, a channel, and two people; `client` once it has logged in."""

    def __init__(self, loopback: Loopback) -> None:
        self.loopback = loopback
        self.world = loopback.world
        self.guild = self.world.add_guild("Home", locale="da")
        self.channel: Channel = self.world.add_channel(self.guild, "stories")
        self.nina_person = self.world.add_user("Nina")
        self.omar_person = self.world.add_user("Omar", locale="da")
        self.world.join(self.guild, self.nina_person)
        self.world.join(self.guild, self.omar_person)
        self.nina = Player(loopback, self.nina_person, self.channel)
        self.omar = Player(loopback, self.omar_person, self.channel)
        self.client = Little()

    @property
    def text_channel(self) -> discord.TextChannel:
        found = self.client.get_channel(self.channel.channel_id)
        assert isinstance(found, discord.TextChannel)
        return found

    @contextlib.asynccontextmanager
    async def online(self, *, client: Little | None = None) -> AsyncIterator[Little]:
        """The client logged in and ready."""
        self.client = client or Little()
        with redirect_discord(self.loopback.base_url):
            running = asyncio.create_task(self.client.start(self.world.token))
            ready = asyncio.create_task(self.client.ready.wait())
            await asyncio.wait({running, ready}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            try:
                if running.done():
                    await running
                assert self.client.ready.is_set()
                yield self.client
            finally:
                await self.client.close()
                await asyncio.wait({running}, timeout=60)
