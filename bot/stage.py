"""DiscordStage: a turn's events as messages that change in place.

Prose is one message, each panel is one message. What was posted is found again after a crash: by the id the caller
kept, else by Discord's nonce (a repeated request within minutes), else by the marker each message carries in its
first component, read back from the channel's history. Progress never waits for Discord and Discord never waits for
progress: the newest preview wins, and a channel sees at most one preview in `preview_every_s`.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import logging
import math
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord import ui

from bot.buttons import StoryButton
from bot.manners import Manners
from bot.text import PROSE_CHARACTERS, cut, quoted, safe
from bot.wording import Words
from engine.events import Event, Painted, Queued
from engine.labels import PAPER_DOLLS, Labels
from engine.nouns import (
    INSTEAD_OF,
    MessageId,
    NotFound,
    Panel,
    PanelId,
    PanelState,
    Refused,
    StepId,
    StoryId,
    StoryStatus,
    StoryStep,
    StorythreadError,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.ports import Library
from engine.ways.storyboard import BoardState, Storyboard
from engine.ways.ways import GALLERY

if TYPE_CHECKING:
    from bot.app import StoryBot

log = logging.getLogger("storythread.stage")
T = TypeVar("T")

NOBODY_S = 3.0                             # until people are told that there is nobody who writes
TYPING_EVERY_S = 8.0                       # Discord shows typing for ten seconds
RETRY_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
LONG_WAITS_S = (8.0, 15.0, 30.0, 60.0)     # and the last one again and again, for what must not be given up
NONCE_SURE_S = 60.0                        # Discord forgets a nonce after some minutes: then history is asked
#: Discord's codes for a venue that will not let us write, and what that is called here.
CLOSED_BY = {50001: "venue_closed", 50013: "venue_closed", 50007: "venue_closed", 50278: "venue_closed",
             160005: "thread_locked"}
ALT_TEXT_CHARACTERS = 1024
REMEMBERED = 2048                          # messages kept in mind; older ones are looked up again


def told(text: str, *items: ui.Item[Any], marker: int | None = None) -> ui.LayoutView:
    """A message of plain text, with whatever stands below it. Buttons are gathered into rows."""
    layout = ui.LayoutView(timeout=None)
    if text:
        layout.add_item(ui.TextDisplay(cut(text, PROSE_CHARACTERS), id=marker))
    row: list[ui.Item[Any]] = []
    for item in items:
        if isinstance(item, StoryButton):
            row.append(item)
            continue
        layout.add_item(item)
    for start in range(0, len(row), 5):
        layout.add_item(ui.ActionRow(*row[start:start + 5]))
    return layout


def turn_shown(turn: Turn, words: Words) -> ui.LayoutView:
    """What everybody sees of a turn before its page: who took it, and their own words."""
    name = safe(turn.author)
    if turn.locked:
        return told(words("report_words_hidden"), marker=words_marker(turn.turn_id))
    text = {TurnKind.NEXT_PAGE: words("turn_next_page", name=name), TurnKind.END: words("turn_end", name=name),
            TurnKind.FILL: words("turn_fill", name=name)}.get(turn.kind)
    text = text or words("turn_taken", name=name) + "\n" + quoted(turn.text)
    return told(text, marker=words_marker(turn.turn_id))


def words_marker(turn_id: TurnId) -> int:
    """The marker of the message that shows a turn's words."""
    return marker_of(turn_id, "words")


def nobody_key(turn_id: TurnId) -> str:
    """The key of the message that says that a turn waits for somebody who writes."""
    return f"{turn_id} waits"


def nonce_of(*parts: str) -> str:
    """Discord's key against doubles, the same after a restart: 24 characters of the 25 allowed."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def marker_of(*parts: str) -> int:
    """The id of a message's first component, by which it is found again: 1 to 2**31 - 1."""
    return int.from_bytes(hashlib.blake2b("\n".join(parts).encode(), digest_size=4).digest(), "big") % (2**31 - 1) + 1


def picture_name(panel: Panel, ending: str = "") -> str:
    """The attachment's file name: only letters, digits, dots, dashes."""
    return f"panel-{re.sub(r'[^A-Za-z0-9.-]', '-', panel.panel_id)}{ending}.png"


class _Remembered(OrderedDict[str, T]):
    """A dictionary that forgets its oldest entries."""

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > REMEMBERED:
            self.popitem(last=False)


class DiscordStage:
    """Implements `engine.ports.Stage` over discord.py. Venue ids are channel ids (threads and DMs)."""

    def __init__(self, client: StoryBot, library: Library, labels: Labels, *,
                 preview_every_s: float = 1.5, manners: Manners | None = None) -> None:
        self._client = client
        self._library = library
        self._labels = labels
        self.manners = manners or Manners()
        self._preview_every_s = preview_every_s
        self._posted: _Remembered[MessageId] = _Remembered()          # step or panel id -> message
        self._tried: _Remembered[bool] = _Remembered()                # keys for which a request went out
        self._taken: _Remembered[bool] = _Remembered()                # turns taken by this very process
        self._locales: _Remembered[str] = _Remembered()
        self._waiting: dict[VenueId, dict[PanelId, Queued | Painted]] = {}
        self._pumps: dict[VenueId, asyncio.Task[None]] = {}
        self._editing: dict[VenueId, asyncio.Lock] = {}
        self._edited_at: dict[VenueId, float] = {}
        self._typed_at: dict[VenueId, float] = {}
        self._small: set[asyncio.Task[None]] = set()
        self._nobody: dict[TurnId, asyncio.Task[None]] = {}           # turns for which nobody is there who writes

    # --- what the cogs tell the stage --------------------------------------------------------------

    def took(self, turn_id: TurnId) -> None:
        """This process took the turn itself: nothing of it can have been posted before."""
        self._taken[turn_id] = True

    def doubt(self, turn_id: TurnId) -> None:
        """Who knows what of this turn stands there: before more is posted, it is looked up."""
        self._taken.pop(turn_id, None)

    async def find(self, venue_id: VenueId, after: str, marker: int) -> MessageId | None:
        """Our message with this marker, posted after that moment (a snowflake)."""
        return await self._find(venue_id, TurnId(after), marker)

    async def change(self, venue_id: VenueId, message_id: MessageId, layout: ui.LayoutView,
                     files: Sequence[discord.File]) -> bool:
        """Change a message of ours; False, and no harm, when it is gone."""
        return await self._edit_quietly(venue_id, message_id, layout, files)

    async def take_back(self, venue_id: VenueId, step: StoryStep, panels: Sequence[Panel]) -> None:
        """Mark the messages of an undone step: the pictures go, a short line stays. For durable work: it insists."""
        words = await self._words(step.story_id)
        prose = self._posted.get(step.step_id)
        if prose is None:
            prose = await self._find(venue_id, step.turn_id, marker_of(step.step_id), patient=True)
        if prose is not None:
            await self._edit_quietly(venue_id, prose, self._line(step.step_id, words("page_taken_back")), patient=True)
        for panel in panels:
            if panel.message_id is not None:
                self._drop_hint(venue_id, panel.panel_id)
                await self._edit_quietly(venue_id, panel.message_id,
                                         self._line(panel.panel_id, words("picture_taken_back")), patient=True)

    async def mark_waiting(self) -> int:
        """Say in every place kept for a picture that it comes after the bot's rest. Returns how many there are."""
        marked = 0
        for turn in await self._library.open_turns():
            for panel in await self._library.panels_of_step(StepId(f"{turn.turn_id}-step")):
                message_id = panel.message_id or self._posted.get(panel.panel_id)
                if panel.state is not PanelState.PLANNED or message_id is None:
                    continue
                story = await self._library.story(turn.story_id)
                if not story.venue_id.isdecimal():
                    continue
                words = await self._words(turn.story_id)
                line = self._line(panel.panel_id, words("panel_resumes", number=panel.index + 1))
                marked += await self._edit_quietly(story.venue_id, message_id, line)
        return marked

    # --- the awaited verbs -------------------------------------------------------------------------

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        if step.turn_id not in self._taken and step.turn_id.isdecimal():
            await self._show_words_if_lost(venue_id, step)
        text = await self._prose(step)
        said = await self._post_once(venue_id, step.turn_id, step.step_id, lambda: self._line(step.step_id, text))
        await self._no_longer_nobody(venue_id, step.turn_id)
        return said

    async def prose(self, step: StoryStep) -> ui.LayoutView:
        """A page's words as they are to be seen now; a sentence in their place where they were reported."""
        return self._line(step.step_id, await self._prose(step))

    async def _prose(self, step: StoryStep) -> str:
        try:
            locked = (await self._library.turn(step.turn_id)).locked
        except NotFound:
            locked = step.locked
        if locked:
            return (await self._words(step.story_id))("report_words_hidden")
        between, hand = await self._between(step), await self._new_hand(step)
        return between + safe(cut(step.prose, 3500)) + hand

    async def tell_anew(self, venue_id: VenueId, turn: Turn, sentence: str = "") -> None:
        """A turn's words and its page's in their messages as they are to be seen now, and its pictures.

        `sentence` stands in their place. A page that was taken back stays so. For durable work: it insists.
        """
        words, step_id = await self._words(turn.story_id), StepId(f"{turn.turn_id}-step")
        layouts = {words_marker(turn.turn_id): turn_shown(turn, words)}
        if step_id in {step.step_id for step in await self._library.steps(turn.story_id)}:
            layouts[marker_of(step_id)] = await self.prose(await self._library.step(step_id))
        for marker, layout in layouts.items():
            message_id = await self._find(venue_id, turn.turn_id, marker, patient=True)
            if message_id is not None:
                await self._edit_quietly(venue_id, message_id, told(words(sentence), marker=marker) if sentence
                                         else layout, patient=True)
        for panel in await self._library.panels_of_step(step_id):
            if panel.state is PanelState.DONE and panel.picture is not None:     # its description says the same
                await self.show(venue_id, panel, await self._library.picture(panel.picture))

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        if panel.message_id is not None:
            return panel.message_id
        words = await self._words(panel.brief.story_id)
        text = words("panel_placed", number=panel.index + 1)
        return await self._post_once(venue_id, _turn_of(panel), panel.panel_id,
                                     lambda: self._line(panel.panel_id, text))

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        if panel.state is PanelState.LOCKED:
            return await self.hide(venue_id, panel)
        words = await self._words(panel.brief.story_id)
        alt = await self._alt(panel, words)
        buttons = await self._panel_buttons(panel, words)
        name = picture_name(panel, "" if panel.version == 1 else f"-v{panel.version}")
        picture = await asyncio.to_thread(self._labels.label, picture, panel.painter)
        line = words("panel_changed", change=safe(cut(panel.change, 300))) if panel.change else ""
        if INSTEAD_OF in panel.painter:        # never silently
            line = "\n".join(filter(None, (line, words("panel_paper_dolls") if panel.painter.startswith(PAPER_DOLLS)
                                           else words("panel_small_painter"))))
        elif await self._other_painter(panel):
            line = "\n".join(filter(None, (line, words("panel_other_painter"))))

        def finished() -> tuple[ui.LayoutView, discord.File]:
            return self._picture(panel, picture, name, alt, line, buttons())

        message_id = panel.message_id or self._posted.get(panel.panel_id)
        self._drop_hint(venue_id, panel.panel_id)
        if message_id is None:
            message_id = await self._find_unless_fresh(venue_id, _turn_of(panel), panel.panel_id)
        if message_id is not None:
            target = self._channel(venue_id).get_partial_message(int(message_id))

            async def edit() -> discord.Message:
                # One try at a time holds the lock: while a venue waits to be opened, nobody waits for the lock.
                async with self._lock(venue_id):
                    self._drop_hint(venue_id, panel.panel_id)
                    layout, file = finished()
                    edited = await target.edit(view=layout, attachments=[file],
                                               allowed_mentions=discord.AllowedMentions.none())
                    self._edited_at[venue_id] = asyncio.get_running_loop().time()
                    return edited

            try:
                await self._insist(venue_id, edit, patient=True)
                self._posted[panel.panel_id] = message_id
                return message_id
            except discord.HTTPException as error:
                if error.code not in (10008, 30046):     # deleted; too many edits of an old message
                    raise
                log.info("a panel's message can no longer be edited (%s): posting it anew", error.code)
        nonce = nonce_of(panel.panel_id, "" if message_id is None else f"anew {panel.version} {message_id}")

        async def post() -> discord.Message:
            layout, file = finished()
            return await self._channel(venue_id).send(view=layout, file=file, nonce=nonce,
                                                      allowed_mentions=discord.AllowedMentions.none())

        marker, after = marker_of(panel.panel_id), message_id or _turn_of(panel)
        self._posted[panel.panel_id] = await self._post_sure(venue_id, TurnId(after), marker, post)
        return self._posted[panel.panel_id]

    async def hide(self, venue_id: VenueId, panel: Panel, sentence: str = "report_hidden") -> MessageId:
        """A sentence in the place of a reported picture; what goes on with the story stays under it."""
        self._drop_hint(venue_id, panel.panel_id)
        words = await self._words(panel.brief.story_id)
        rows = (await self._panel_buttons(replace(panel, state=PanelState.LOCKED), words))()
        layout = self._line(panel.panel_id, words(sentence), *(button for row in rows for button in row))
        message_id = panel.message_id or self._posted.get(panel.panel_id) or await self._find(
            venue_id, _turn_of(panel), marker_of(panel.panel_id))
        if message_id is not None:
            await self._edit_quietly(venue_id, message_id, layout, patient=True)
        if await self._kind(panel) is TurnKind.ILLUSTRATE:
            await self._hide_gallery(venue_id, panel, words)
        return message_id or MessageId("")

    async def _hide_gallery(self, venue_id: VenueId, panel: Panel, words: Words) -> None:
        """The gallery of a text that holds this picture too: its pictures all stand above, one by one."""
        taken = re.match(r"\d+", _turn_of(panel))
        name, user = picture_name(panel, "-gallery"), self._client.user

        async def look() -> discord.Message | None:
            async for message in self._channel(venue_id).history(
                    limit=200, after=discord.Object(int(taken[0])) if taken else None):
                if user is not None and message.author.id == user.id and any(
                        each.filename == name for each in message.attachments):
                    return message
            return None

        found = await self._insist(venue_id, look)
        if found is not None:
            story_id = panel.brief.story_id
            await self._edit_quietly(venue_id, MessageId(str(found.id)), self._line(
                f"{panel.panel_id} gallery", words("report_gallery"),
                StoryButton("take", story_id, words("button_take"), emoji="✏️", style=discord.ButtonStyle.primary),
                StoryButton("next", story_id, words("button_next"), emoji="📖")), patient=True)

    async def clear(self, venue_id: VenueId, panel: Panel) -> None:
        self._drop_hint(venue_id, panel.panel_id)
        if panel.message_id is not None:
            words = await self._words(panel.brief.story_id)
            await self._edit_quietly(venue_id, panel.message_id,
                                     self._line(panel.panel_id, words("picture_withdrawn")), patient=True)

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        """Never raises: when even this cannot be said there is nobody left to say it to."""
        try:
            words = await self._words(turn.story_id)
            if panel is not None and panel.message_id is not None:
                self._drop_hint(venue_id, panel.panel_id)
                layout = self._line(panel.panel_id, words("panel_failed", why=words(reason)),
                                    StoryButton("redraw", panel.panel_id, words("button_redraw"), emoji="🎨"))
                if await self._edit_quietly(venue_id, panel.message_id, layout, patient=True):
                    return
            key = f"{turn.turn_id} failed {panel.panel_id if panel else ''}"
            text = words("turn_failed" if turn.kind is TurnKind.WRITE else "page_failed", why=words(reason))
            # A page of a text belongs to its storyboard: it is tried again from there.
            again = [] if turn.kind is TurnKind.ILLUSTRATE else [
                StoryButton("retry", turn.turn_id, words("button_retry"), emoji="🔁")]
            await self._post_once(venue_id, turn.turn_id, key, lambda: self._line(key, text, *again))
            await self._no_longer_nobody(venue_id, turn.turn_id)
        except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("a failure could not be told: %s", getattr(error, "reason", type(error).__name__))

    # --- texts being illustrated -------------------------------------------------------------------

    async def board_progress(self, venue_id: VenueId, board: Storyboard, done: int, total: int) -> None:
        """How far a text is, in a message that changes in place, with the button that stops it."""
        words = await self._words(board.story_id)
        key = f"{board.storyboard_id} progress {board.since}"
        running = board.state in (BoardState.DRAWING, BoardState.STOPPING)
        sentence = "board_progress" if running else "board_drawn" if done == total else "board_stopped"
        text = words(sentence, name=safe(board.author), done=done, total=total)
        stop = [StoryButton("board", f"{board.storyboard_id}:0:stop", words("button_stop"), emoji="✋")]

        def build() -> ui.LayoutView:
            return self._line(key, text, *(stop if running else []))

        fresh = key not in self._posted
        message_id = await self._post_once(venue_id, TurnId(board.storyboard_id), key, build)
        if not fresh or not running:
            await self._edit_quietly(venue_id, message_id, build(), patient=True)

    async def board_done(self, venue_id: VenueId, board: Storyboard, panels: Sequence[Panel]) -> None:
        """A text's pictures, ten to a message, and how to go on."""
        words = await self._words(board.story_id)
        pictures = [(panel, await asyncio.to_thread(self._labels.label, await self._library.picture(panel.picture),
                                                    panel.painter)) for panel in panels if panel.picture]
        for start in range(0, len(pictures), GALLERY):
            shown = [(panel, png, await self._alt(panel, words)) for panel, png in pictures[start:start + GALLERY]]
            key = f"{board.storyboard_id} gallery {board.since} {start}"
            if self._posted.get(key) or await self._find(venue_id, TurnId(board.storyboard_id), marker_of(key),
                                                         patient=True):
                continue
            text = words("board_gallery", name=safe(board.author), first=start + 1, last=start + len(shown))
            closing = start + GALLERY >= len(pictures)
            await self._post_gallery(venue_id, key, text, shown, board, words if closing else None)

    async def _post_gallery(self, venue_id: VenueId, key: str, text: str, shown: Sequence[tuple[Panel, bytes, str]],
                            board: Storyboard, closing: Words | None) -> None:
        def build() -> tuple[ui.LayoutView, list[discord.File]]:
            files = [discord.File(io.BytesIO(png), filename=picture_name(panel, "-gallery")) for panel, png, _ in shown]
            layout = ui.LayoutView(timeout=None)
            layout.add_item(ui.TextDisplay(text, id=marker_of(key)))
            layout.add_item(ui.MediaGallery(*(
                discord.MediaGalleryItem(file, description=alt or None)
                for file, (*_, alt) in zip(files, shown, strict=True))))
            if closing is not None:
                layout.add_item(ui.TextDisplay(closing("board_book")))
                layout.add_item(ui.ActionRow(
                    StoryButton("take", board.story_id, closing("button_take"), emoji="✏️",
                                style=discord.ButtonStyle.primary),
                    StoryButton("next", board.story_id, closing("button_next"), emoji="📖")))
            return layout, files

        async def post() -> discord.Message:
            layout, files = build()
            return await self._channel(venue_id).send(view=layout, files=files, nonce=nonce_of(key),
                                                      allowed_mentions=discord.AllowedMentions.none())

        self._posted[key] = await self._post_sure(venue_id, TurnId(board.storyboard_id), marker_of(key), post)

    # --- progress ----------------------------------------------------------------------------------

    def hint(self, venue_id: VenueId, event: Event) -> None:
        """Newest wins; nothing here waits or raises."""
        if isinstance(event, Painted) and (event.preview_png is None or event.step >= event.steps):
            return                             # nothing to see, or the picture itself comes at once
        panel_id = getattr(event, "panel_id", None)
        if isinstance(event, Queued) and event.wait_s == math.inf:
            if panel_id is None:
                self._tell_nobody_soon(venue_id, event.turn_id)
                return
            panel_id = PanelId(panel_id.removesuffix(".plate"))    # whoever waits for its place waits for the picture
        elif nobody_key(event.turn_id) not in self._tried and (late := self._nobody.pop(event.turn_id, None)):
            late.cancel()
        if panel_id is None or not isinstance(event, Queued | Painted):
            self.type(venue_id)
            return
        self._waiting.setdefault(venue_id, {})[panel_id] = event
        if venue_id not in self._pumps:
            self._pumps[venue_id] = asyncio.get_running_loop().create_task(self._pump(venue_id))

    def _tell_nobody_soon(self, venue_id: VenueId, turn_id: TurnId) -> None:
        if turn_id and turn_id not in self._nobody:
            self._nobody[turn_id] = asyncio.get_running_loop().create_task(self._tell_nobody(venue_id, turn_id))

    async def _tell_nobody(self, venue_id: VenueId, turn_id: TurnId) -> None:
        """That a turn is kept, and waits for somebody who can write; not for the moment in which a worker comes."""
        await asyncio.sleep(NOBODY_S)
        try:
            words, key = await self._words((await self._library.turn(turn_id)).story_id), nobody_key(turn_id)
            await self._post_once(venue_id, turn_id, key, lambda: self._line(key, words("turn_waits_for_studio")))
        except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a turn's waiting was not told: %s", getattr(error, "reason", type(error).__name__))

    async def _no_longer_nobody(self, venue_id: VenueId, turn_id: TurnId) -> None:
        """It waits no more: what was said of that goes, also what was said before a restart. Never raises."""
        waiting = self._nobody.pop(turn_id, None)
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        elif turn_id in self._taken:
            return
        key = nobody_key(turn_id)
        try:
            said = self._posted.get(key) or await self._find_unless_fresh(venue_id, turn_id, key)
            if said is not None:
                await self._channel(venue_id).get_partial_message(int(said)).delete()
        except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("what was said of waiting stays: %s", getattr(error, "code", type(error).__name__))

    async def close(self) -> None:
        """Stop showing progress."""
        tasks = [*self._pumps.values(), *self._small, *self._nobody.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, venue_id: VenueId) -> None:
        """Edit the newest progress into its message, one at a time, until there is none."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting.get(venue_id):
                wait_s = self._edited_at.get(venue_id, -1e9) + self._preview_every_s - loop.time()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                    continue
                async with self._lock(venue_id):
                    waiting = self._waiting.get(venue_id)
                    if not waiting:
                        break
                    panel_id = next(iter(waiting))
                    event = waiting.pop(panel_id)
                    try:
                        if not self.manners.hushed(venue_id) and await self._show_progress(venue_id, panel_id, event):
                            self._edited_at[venue_id] = loop.time()
                    except NotFound:
                        pass                   # a plate: painted for memory, seen by nobody
                    except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
                        self._edited_at[venue_id] = loop.time()
                        self._learn(venue_id, error)
                        log.info("progress was not shown: %s", type(error).__name__)
        finally:
            self._waiting.pop(venue_id, None)
            self._pumps.pop(venue_id, None)

    async def _show_progress(self, venue_id: VenueId, panel_id: PanelId, event: Queued | Painted) -> bool:
        """Edit one piece of progress into the panel's message; False when there was nothing to edit."""
        if isinstance(event, Queued) and event.place == 0 and event.wait_s < math.inf:
            return False
        panel = await self._library.panel(panel_id)
        message_id = panel.message_id or self._posted.get(panel_id)
        if message_id is None:
            return False
        words = await self._words(panel.brief.story_id)
        target = self._channel(venue_id).get_partial_message(int(message_id))
        none = discord.AllowedMentions.none()
        if isinstance(event, Painted):
            layout, file = self._picture(
                panel, event.preview_png or b"", picture_name(panel, f"-step{event.step}"),
                cut(words("panel_sketch_alt", words=await self._alt(panel, words)), ALT_TEXT_CHARACTERS),
                words("panel_painting", number=panel.index + 1, percent=round(100 * event.step / max(1, event.steps))),
                [])
            await target.edit(view=layout, attachments=[file], allowed_mentions=none)
        elif event.wait_s == math.inf:
            await target.edit(view=self._line(panel_id, words(
                "panel_waiting_for_studio", number=panel.index + 1, place=event.place + 1)), attachments=[],
                allowed_mentions=none)
        else:
            await target.edit(view=self._line(panel_id, words(
                "panel_waiting", number=panel.index + 1, place=event.place + 1,
                seconds=max(1, round(event.wait_s)))), attachments=[], allowed_mentions=none)
        return True

    def type(self, venue_id: VenueId) -> None:
        """Show "is typing" for ten seconds; asked of Discord no more often than needed."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._typed_at.get(venue_id, -1e9) < TYPING_EVERY_S or self.manners.hushed(venue_id):
            return
        self._typed_at[venue_id] = loop.time()
        task = loop.create_task(self._send_typing(venue_id))
        self._small.add(task)
        task.add_done_callback(self._small.discard)

    async def _send_typing(self, venue_id: VenueId) -> None:
        try:
            await self._client.http.send_typing(int(venue_id))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            self._learn(venue_id, error)
            log.info("typing was not shown: %s", type(error).__name__)

    def _drop_hint(self, venue_id: VenueId, panel_id: PanelId) -> None:
        self._waiting.get(venue_id, {}).pop(panel_id, None)

    # --- posting, finding, insisting ---------------------------------------------------------------

    async def post(self, venue_id: VenueId, turn_id: TurnId, key: str,
                   build: Callable[[], ui.LayoutView]) -> MessageId:
        """Post a message of a turn, once: its first component carries `marker_of(key)`. Raises `Refused`."""
        return await self._post_once(venue_id, turn_id, key, build)

    async def _post_once(self, venue_id: VenueId, turn_id: TurnId, key: str,
                         build: Callable[[], ui.LayoutView]) -> MessageId:
        known = self._posted.get(key) or await self._find_unless_fresh(venue_id, turn_id, key)
        if known is None:
            self._tried[key] = True
            known = await self._post_sure(venue_id, turn_id, marker_of(key), lambda: self._channel(venue_id).send(
                view=build(), nonce=nonce_of(key), allowed_mentions=discord.AllowedMentions.none()))
        self._posted[key] = known
        return known

    async def _post_sure(self, venue_id: VenueId, after: TurnId, marker: int,
                         post: Callable[[], Awaitable[discord.Message]]) -> MessageId:
        """Post, however often it takes. Tries within a minute share a nonce; a later one looks first what is there."""
        clock = asyncio.get_running_loop().time
        tried_at: float | None = None

        async def attempt() -> MessageId:
            nonlocal tried_at
            if tried_at is not None and clock() - tried_at > NONCE_SURE_S:
                known = await self._look(venue_id, after, marker)
                if known is not None:
                    return known
            tried_at = clock() if tried_at is None else tried_at
            return MessageId(str((await post()).id))

        return await self._insist(venue_id, attempt, patient=True)

    async def _show_words_if_lost(self, venue_id: VenueId, step: StoryStep) -> None:
        """A crash may have come between taking a turn and showing it: its words then come just before its prose."""
        try:
            turn = await self._library.turn(step.turn_id)
        except NotFound:
            return
        for marker in (words_marker(turn.turn_id), marker_of(step.step_id)):
            if await self._find(venue_id, turn.turn_id, marker, patient=True) is not None:
                return
        if await self._insist(venue_id, lambda: self._is_message(venue_id, turn.turn_id), patient=True):
            return                             # it came as a plain message, which is there for all to see
        words = await self._words(turn.story_id)
        await self._post_sure(venue_id, turn.turn_id, words_marker(turn.turn_id), lambda: self._channel(venue_id).send(
            view=turn_shown(turn, words), nonce=nonce_of("turn", turn.turn_id),
            allowed_mentions=discord.AllowedMentions.none()))

    async def _is_message(self, venue_id: VenueId, turn_id: TurnId) -> bool:
        try:
            await self._channel(venue_id).fetch_message(int(turn_id))
        except discord.NotFound as error:
            if error.code != 10008:
                raise
            return False
        return True

    async def _find_unless_fresh(self, venue_id: VenueId, turn_id: TurnId, key: str) -> MessageId | None:
        """Look in the channel, unless this process took the turn itself and never tried to post this before."""
        if turn_id in self._taken and key not in self._tried:
            return None
        return await self._find(venue_id, turn_id, marker_of(key), patient=True)

    async def _find(self, venue_id: VenueId, turn_id: TurnId, marker: int, *, patient: bool = False) \
            -> MessageId | None:
        """Our own message with this marker, posted after the turn was taken."""
        return await self._insist(venue_id, lambda: self._look(venue_id, turn_id, marker), patient=patient)

    async def _look(self, venue_id: VenueId, turn_id: TurnId, marker: int) -> MessageId | None:
        taken = re.match(r"\d+", turn_id)      # a page of a text is called after the moment the text was taken
        after = discord.Object(int(taken[0])) if taken else None
        user = self._client.user
        async for message in self._channel(venue_id).history(limit=100, after=after):
            if user is not None and message.author.id == user.id and marker in component_ids(message.components):
                return MessageId(str(message.id))
        return None

    async def _edit_quietly(self, venue_id: VenueId, message_id: MessageId, layout: ui.LayoutView,
                            files: Sequence[discord.File] = (), *, patient: bool = False) -> bool:
        """Edit a message into another. False when it is gone."""
        target = self._channel(venue_id).get_partial_message(int(message_id))

        async def edit() -> None:
            async with self._lock(venue_id):
                await target.edit(view=layout, attachments=files, allowed_mentions=discord.AllowedMentions.none())
                self._edited_at[venue_id] = asyncio.get_running_loop().time()

        try:
            await self._insist(venue_id, edit, patient=patient)
        except (discord.HTTPException, aiohttp.ClientError, OSError, Refused) as error:
            log.info("a message was not changed: %s", getattr(error, "code", getattr(error, "reason", "")))
            return False
        return True

    async def _insist(self, venue_id: VenueId, call: Callable[[], Awaitable[T]], *, patient: bool = False) -> T:
        """Ask Discord again where asking again is right. `patient`, for durable work: for as long as it takes.

        Where Discord cannot be reached that means until it can be; where it does not let us write, until something
        changes there. Raises `Refused`: `venue_gone`; and, without patience, `venue_closed`, `thread_locked`.
        """
        unarchived = False
        waits = itertools.chain(RETRY_WAITS_S, LONG_WAITS_S if patient else (),
                                itertools.repeat(LONG_WAITS_S[-1]) if patient else ())
        while True:
            if patient:
                await self.manners.may_ask(venue_id)
            try:
                answer = await call()
            except discord.HTTPException as error:
                if error.code == 10003:
                    await self.story_over(venue_id)
                    raise Refused(reason="venue_gone") from error
                if error.code == 50083 and not unarchived:
                    unarchived = True
                    await self._unarchive(venue_id, patient=patient)
                    continue
                if self._learn(venue_id, error):
                    unarchived = False
                    if patient:
                        continue
                    raise Refused(reason=self.manners.closed(venue_id) or "discord_forbidden") from error
                wait_s = next(waits, None)
                if error.status < 500 or wait_s is None:
                    raise
            except (aiohttp.ClientError, OSError):
                wait_s = next(waits, None)
                if wait_s is None:
                    raise
            else:
                self.manners.answered()
                return answer
            await (self.manners.pause(venue_id, wait_s) if patient else asyncio.sleep(wait_s))

    def _learn(self, venue_id: VenueId, error: BaseException) -> bool:
        """Remember what a refusal says about the venue, or about us. True when there is no use in asking now."""
        if not isinstance(error, discord.HTTPException):
            return False
        if error.code in CLOSED_BY:
            self.manners.close(venue_id, CLOSED_BY[error.code])
        elif error.status == 429 and error.code == 0:          # not Discord's own limits: those the library waits out
            self.manners.blocked()
        else:
            return False
        return True

    async def _unarchive(self, venue_id: VenueId, *, patient: bool) -> None:
        try:
            await self._client.http.edit_channel(int(venue_id), archived=False)
        except discord.HTTPException as error:
            if error.status >= 500:
                return                         # it is archived still, and will say so
            self.manners.close(venue_id, "thread_locked")
            if not patient:
                raise Refused(reason="thread_locked") from error
        except (aiohttp.ClientError, OSError):
            return

    async def story_over(self, venue_id: VenueId) -> None:
        """A channel that is gone takes its story with it: it is kept, and can be exported, but nothing is written."""
        story = await self._library.story_at(venue_id)
        if story is not None and story.status is not StoryStatus.ENDED:
            await self._library.save_story(replace(story, status=StoryStatus.ENDED))
            log.info("the channel of a story is gone: the story is over")

    # --- layouts -----------------------------------------------------------------------------------

    def _line(self, key: str, text: str, *buttons: StoryButton) -> ui.LayoutView:
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(text or "…", id=marker_of(key)))
        if buttons:
            layout.add_item(ui.ActionRow(*buttons))
        return layout

    def _picture(self, panel: Panel, png: bytes, name: str, alt: str, line: str,
                 rows: Sequence[Sequence[StoryButton]]) -> tuple[ui.LayoutView, discord.File]:
        file = discord.File(io.BytesIO(png), filename=name)
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.MediaGallery(discord.MediaGalleryItem(file, description=alt), id=marker_of(panel.panel_id)))
        if line:
            layout.add_item(ui.TextDisplay(line))
        for row in rows:
            layout.add_item(ui.ActionRow(*row))
        return layout, file

    async def _panel_buttons(self, panel: Panel, words: Words) -> Callable[[], list[list[StoryButton]]]:
        """What goes on with the story under the last panel of its step; under every panel what can be done to it."""
        story_id, panel_id = panel.brief.story_id, panel.panel_id
        siblings = [other.index for other in await self._library.panels_of_step(panel.step_id)]
        last = not siblings or panel.index >= max(siblings)
        filled = await self._kind(panel) is TurnKind.FILL
        try:
            versions = [each.version for each in await self._library.versions(panel_id)]
        except NotFound:
            versions = []
        at = versions.index(panel.version) + 1 if panel.version in versions else 0

        def buttons() -> list[list[StoryButton]]:
            on = [StoryButton("take", story_id, words("button_take"), emoji="✏️", style=discord.ButtonStyle.primary),
                  StoryButton("next", story_id, words("button_next"), emoji="📖"),
                  StoryButton("takeout", f"{story_id}:{panel.step_id}", words("button_take_out"), emoji="↩️") if filled
                  else StoryButton("undo", f"{story_id}:{panel.step_id}", words("button_undo"), emoji="↩️")]
            own = [StoryButton("redraw", panel_id, words("button_redraw"), emoji="🎨"),
                   StoryButton("change", panel_id, words("button_change"), emoji="🪄"),
                   StoryButton("why", panel_id, words("button_why"), emoji="❓"),
                   StoryButton("report", panel_id, words("button_report"), emoji="🚩")]
            flip = [StoryButton("flip", f"{panel_id}:back", words("button_flip_back")),
                    StoryButton("flip", f"{panel_id}:here", f"{at}/{len(versions)}", disabled=True),
                    StoryButton("flip", f"{panel_id}:on", words("button_flip_on"))]
            shown = [] if panel.state is PanelState.LOCKED else [own, flip if len(versions) > 1 else []]
            return [row for row in (on if last else [], *shown) if row]

        return buttons

    # --- small things ------------------------------------------------------------------------------

    async def _alt(self, panel: Panel, words: Words) -> str:
        """A picture in words; where its page's words were reported, not in those."""
        try:
            if (await self._library.turn(_turn_of(panel))).locked:
                return words("report_words_alt")
        except NotFound:
            pass
        return cut(panel.alt_text or panel.brief.words, ALT_TEXT_CHARACTERS)

    async def _kind(self, panel: Panel) -> TurnKind:
        try:
            return (await self._library.turn(_turn_of(panel))).kind
        except NotFound:
            return TurnKind.WRITE

    async def _between(self, step: StoryStep) -> str:
        """Where a page belongs that comes later than the page it stands before."""
        try:
            turn = await self._library.turn(step.turn_id)
        except NotFound:
            return ""
        if turn.before is None:
            return ""
        order = [each.step_id for each in await self._library.steps(step.story_id)]
        if step.step_id not in order:
            return ""
        number = order.index(step.step_id)
        return (await self._words(step.story_id))("page_between", one=number, other=number + 1) + "\n"

    async def _new_hand(self, step: StoryStep) -> str:
        """That a stand-in writes, below the first page it wrote since another did."""
        if INSTEAD_OF not in step.writer:
            return ""
        before = step
        try:
            while before.parent is not None:
                before = await self._library.step(before.parent)
                if before.writer:
                    break
        except NotFound:
            pass
        if before is not step and before.writer == step.writer:
            return ""
        return "\n" + (await self._words(step.story_id))("page_small_writer")

    async def _other_painter(self, panel: Panel) -> bool:
        """Whether the picture before it is by a painter of another name: an operator chose, or a machine went."""
        try:
            step_id: StepId | None = panel.step_id
            while step_id is not None:
                painters = [each.painter for each in await self._library.panels_of_step(step_id) if each.painter and (
                    each.index < panel.index or step_id != panel.step_id)]
                if painters:
                    return painters[-1].partition("@")[0] != panel.painter.partition("@")[0]
                step_id = (await self._library.step(step_id)).parent
        except NotFound:
            pass
        return False

    def _channel(self, venue_id: VenueId) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(int(venue_id))

    def _lock(self, venue_id: VenueId) -> asyncio.Lock:
        return self._editing.setdefault(venue_id, asyncio.Lock())

    async def _words(self, story_id: StoryId) -> Words:
        locale = self._locales.get(story_id)
        if locale is None:
            try:
                locale = (await self._library.story(story_id)).locale
            except NotFound:
                locale = "en"
            self._locales[story_id] = locale
        return Words(locale)


def _turn_of(panel: Panel) -> TurnId:
    """A step's id is its turn's with an ending (see `engine.ports.Writer`)."""
    return TurnId(panel.step_id.removesuffix("-step"))


def component_ids(components: Any) -> Iterator[int]:
    """The ids of a message's components, by which it is known again."""
    for component in components:
        if component.id is not None:
            yield component.id
        yield from component_ids(getattr(component, "children", ()))
