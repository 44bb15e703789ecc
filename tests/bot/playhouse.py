"""A playhouse: a loopback Discord with people on it, and the real bot over real sockets in front of a quick studio."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from bot.app import StoryBot
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import Player, words_of
from bot.rehearsal.world import Channel, Message
from engine.durable import Durable
from engine.events import Event, Painted, ProseGrew, Queued
from engine.nouns import (
    NO_SERVER,
    Beat,
    CastMember,
    OwnerId,
    Painting,
    PanelBrief,
    Scene,
    ServerId,
    StepId,
    Story,
    StoryStep,
    StudioFailed,
    TurnId,
    TurnKind,
    Underdrawing,
    VenueId,
)
from engine.settings import Settings, load_settings
from engine.store import SqlLibrary, open_library
from engine.store.session import current_session
from engine.turn import TurnRunner

#: Seconds after which what was to come will not come, however busy the machine is. (That Discord counts to three where
#: first answers are concerned is a matter of rehearsals; here that would measure the machine.)
PATIENCE_S = 60.0


def picture(colour: str = "teal", size: int = 64) -> bytes:
    """A plain square, PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(png: bytes) -> bytes:
    """A picture without what else is in its file: what is posted carries a label."""
    return Image.open(io.BytesIO(png)).convert("RGBA").tobytes()


class QuickStudio:
    """`engine.ports.Studio` without models: prose that repeats the turn, pictures of one colour, previews on the way.

    `gate` holds every painting until it is set; `fail_writes` and `fail_paints` count down failures.
    """

    canvas_px = 0

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail_writes = 0
        self.fail_paints = 0
        self.beats = 1
        self.painted: list[tuple[str, int]] = []
        self.wait_place: int | None = None

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        if self.fail_writes:
            self.fail_writes -= 1
            raise StudioFailed("no plan")
        closing = scene.turn.kind is TurnKind.END
        prose = {TurnKind.WRITE: f"And so it was: {scene.turn.text}", TurnKind.NEXT_PAGE: "Then the wind turned.",
                 TurnKind.END: "And they all slept. The end.", TurnKind.ILLUSTRATE: scene.turn.text,
                 TurnKind.FILL: "And between, a bird sang."}[scene.turn.kind]
        on_event(ProseGrew(scene.turn.turn_id, prose[:5]))
        await asyncio.sleep(0.01)
        cast = tuple(CastMember(character.character_id, "waves", "happy") for character in scene.cast)
        beats = tuple(Beat(f"{prose} ({number})", cast, "garden") for number in range(self.beats))
        return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, prose, beats,
                         scene.story.head, closing)

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: Callable[[Event], None],
                    server_id: ServerId = NO_SERVER, again: bool = False) -> Painting:
        self.painted.append((brief.panel_id, seed))
        if self.wait_place is not None:
            on_event(Queued(turn_id, brief.panel_id, self.wait_place, 8.0))
        if not brief.panel_id.endswith(".plate"):
            on_event(Painted(turn_id, brief.panel_id, 1, 2, picture("grey", 16)))
        await asyncio.sleep(0.01)
        if not brief.panel_id.endswith(".plate"):
            await self.gate.wait()
        if self.fail_paints and not brief.panel_id.endswith(".plate"):
            self.fail_paints -= 1
            raise StudioFailed("out of paint")
        colour = f"#{seed % 0xFFFFFF:06x}"
        return Painting(picture(colour), seed, "quick@1", 2, 0.01)

    async def paints_from_photos(self) -> bool:
        return False

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        # Avatars, the cut-outs, are one direction; what is cut out of panels is near enough to it.
        return [[1.0, 0.0] if Image.open(io.BytesIO(each)).mode == "RGBA" else [0.7, 0.7] for each in pictures]


class Playhouse:
    """A server with a channel, Ada and Bo in it, and the bot."""

    def __init__(self, loopback: Loopback, settings: Settings) -> None:
        self.loopback = loopback
        self.world = loopback.world
        self.world.first_answer_s = PATIENCE_S
        self.settings = settings
        self.studio = QuickStudio()
        ada, bo = self.world.add_user("Ada"), self.world.add_user("Bo")
        self.guild = self.world.add_guild("House", owner=ada)
        self.world.join(self.guild, bo)
        self.channel = self.world.add_channel(self.guild, "stories")
        self.ada = Player(loopback, ada, self.channel)
        self.bo = Player(loopback, bo, self.channel)
        self.bot: StoryBot
        self.library: SqlLibrary
        self.runner: TurnRunner
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the bot, or start it again. It has then done what it does as soon as Discord is there."""
        self.library = await open_library(self.settings)
        self.bot = StoryBot(self.settings, self.library)
        durable = Durable(system_database_url=self.library.system_database_url, engine=self.library.engine,
                          current_session=current_session)
        self.runner = TurnRunner(self.library, self.studio, self.bot.stage, durable, size_px=64)
        self.bot.runner = self.runner
        self._running = asyncio.create_task(self.bot.start(self.world.token))
        ready = asyncio.create_task(self.bot.wait_until_ready())
        await asyncio.wait({self._running, ready}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
        assert ready.done()
        for name in ("discord.py: on_ready", "catching up"):       # each listener, and what one of them begins
            if begun := [task for task in asyncio.all_tasks() if task.get_name() == name]:
                await asyncio.wait(begun, timeout=PATIENCE_S)

    async def shut(self) -> None:
        """Stop it as SIGTERM does."""
        if self._running is None:
            return
        await self.bot.drain()
        await self.runner.close()
        await self.bot.close()
        await self._running
        await self.library.close()
        self._running = None

    # --- what tests do again and again -------------------------------------------------------------

    def enter(self, player: Player, place: Channel) -> None:
        player.place = place

    async def character(self, player: Player, name: str, words: str = "a girl with red hair") -> None:
        """Register a character by words and keep it."""
        await player.command("/character add", name=name, description=words, pronouns="she")
        await player.see(f"Is this {name}?")
        await player.click("Keep")
        await player.see(f"{name} is ready")

    async def story(self, *, order: str = "free", title: str = "The kite", both: bool = True) -> Story:
        """Ada starts a story in a thread; with `both` Bo joins it."""
        before = max((message.message_id for message in self.ada.seen()), default=0)
        await self.ada.command("/story start", title=title, order=order)
        await self.ada.see("begins in", after=before)
        thread = self.world.threads_of(self.channel.channel_id)[-1]
        for player in (self.ada, self.bo):
            self.enter(player, thread)
        await self.ada.see("1. Ada")
        if both:
            await self.bo.click("Join")
            await self.bo.see("2. Bo", private=False)
        await self.dealt_with()
        story = await self.library.story_at(VenueId(str(thread.channel_id)))
        assert story is not None
        return story

    async def turn(self, player: Player, text: str) -> Message:
        """Take a turn by button and form, and wait for its picture. Returns the panel's message."""
        form = await player.click("Take turn")
        before = max(message.message_id for message in player.seen())
        await player.submit(form, {"text": text})
        return await self.panel_after(player, before)

    async def panel_after(self, player: Player, after: int = 0) -> Message:
        """The newest finished panel."""
        await self.idle()
        return await player.see(after=after, also=lambda message: any(
            button == "Redraw" for button in labels(message)))

    async def dealt_with(self) -> None:
        """Wait until nothing is left to do of any click or form."""
        async with asyncio.timeout(PATIENCE_S):
            while self.bot._attending:
                await asyncio.wait(self.bot._attending)

    async def idle(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until every click and form has been dealt with, no turn is open and nothing is being redrawn."""
        turns = self.bot.get_cog("Turns")
        async with asyncio.timeout(timeout_s):
            while self.bot._attending or await self.library.open_turns() or turns.redrawing:  # noqa: ASYNC110 - outside
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.05)

    def said(self, player: Player) -> list[str]:
        """What is on a player's screen, oldest first."""
        return [words_of(message) for message in player.seen()]


def labels(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    from bot.rehearsal.players import buttons_of, label_of

    return [label_of(button) for button in buttons_of(message)]


def settings_for(loopback: Loopback, home: Path, **discord: object) -> Settings:
    return load_settings(home=home, master_key_file=home.parent / "master.key", discord={
        "token": loopback.world.token, "preview_every_s": 0.2, **discord})
