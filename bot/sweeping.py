"""Taking a person off Discord: finding what the bot's messages show of them, and deleting or changing those messages.

The bot deletes its own messages that show their words or their characters; takes the picture out of others' pages that
show their characters; takes their names out of others' pages. It cannot delete what they wrote themselves, nor reach
threads it may not enter: these are counted and linked, so that they can do it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord import ui

from bot.buttons import StoryButton
from bot.stage import marker_of, told, words_marker
from bot.text import safe
from bot.wording import Words
from engine.belongings import Known, Traces
from engine.nouns import OwnerId, VenueId

if TYPE_CHECKING:
    from bot.app import StoryBot

log = logging.getLogger("storythread.sweeping")
T = TypeVar("T")

WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: What cannot be deleted is linked, in a venue at most so often; all of it is counted.
LINKS_A_VENUE = 50
#: How far after a story was asked for its announcement is looked for, in messages.
ANNOUNCED_WITHIN = 50
#: Codes: unknown channel, message; no access, no permission, not a thread of ours, locked.
GONE, CLOSED = (10003, 10008), (50001, 50013, 50007, 160005)

Swept = dict[str, Any]                     # what a step of durable work writes down: numbers and spots


def nothing() -> Swept:
    """A place where nothing was found."""
    return {"deleted": 0, "changed": 0, "own": 0, "stuck": 0, "spots": [], "closed": []}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a message shows, as far as it matters here."""

    message_id: int
    first: int                             # the id of its first component, by which the bot knows it again
    markers: frozenset[int]                # the ids of all
    texts: tuple[str, ...]                 # of displays, buttons and descriptions of pictures
    keys: frozenset[str]                   # the parts of its buttons' ids
    files: tuple[str, ...]
    asked_by: str                          # who made the bot say it, by a command or click; ""
    single: bool                           # nothing in it but one text


class Judge:
    """Decides about the bot's messages in one venue. Pure."""

    def __init__(self, traces: Traces, known: Known, owner_id: OwnerId) -> None:
        self._owner_id = owner_id
        self._theirs = {
            *map(words_marker, traces.turns), *map(marker_of, traces.steps), *map(marker_of, traces.panels),
            *(marker_of(f"{turn} failed ") for turn in traces.turns),
            *(marker_of(story, "roster") for story in traces.started)}
        self._of_others = {*map(words_marker, traces.turns_of_others),
                           *(marker_of(story, "roster") for story in traces.others)}
        self._pages_of_others = {marker_of(f"{turn}-step") for turn in traces.turns_of_others}
        self._shown = {marker_of(panel) for panel in traces.shown}
        self._keys = {*traces.turns, *traces.steps, *traces.panels, *traces.started, *known.characters}
        self._files = tuple(f"panel-{re.sub(r'[^A-Za-z0-9.-]', '-', panel)}" for panel in (*traces.panels,
                                                                                         *traces.shown))
        self._avatars = tuple(f"avatar-{character}." for character in known.characters)
        names = sorted({each for name in known.names for each in (name, safe(name))}, key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)") if names else None

    def names(self, text: str) -> bool:
        """Whether one of their names stands in a text."""
        return self._names is not None and self._names.search(text) is not None

    def without(self, text: str) -> str:
        """The text with their names taken out."""
        return self._names.sub("…", text) if self._names is not None else text

    def __call__(self, seen: Seen) -> str:
        """"delete", "clear" (its picture), "rewrite" (without their names), or "keep"."""
        if seen.markers & self._of_others:
            return "keep"                  # others' own words; and a roster, which is drawn anew afterwards
        if seen.markers & self._theirs:
            return "delete"
        if seen.markers & self._shown:
            return "clear" if seen.files else "keep"
        named = any(self.names(text) for text in seen.texts)
        if seen.markers & self._pages_of_others:
            return "keep" if not named else "rewrite" if seen.single else "delete"
        theirs = (seen.asked_by == self._owner_id or seen.keys & self._keys
                  or any(name.startswith(self._files) for name in seen.files if self._files)
                  or any(name.startswith(self._avatars) for name in seen.files if self._avatars)
                  or any(name.endswith((".pdf", ".html", ".zip")) for name in seen.files))    # a book holds all of it
        return "delete" if theirs or named else "keep"


class Sweeper:
    """Goes through venues. Again after a crash it finds what is left."""

    def __init__(self, client: StoryBot) -> None:
        self._client = client

    # --- a story's venue ---------------------------------------------------------------------------

    async def venue(self, traces: Traces, known: Known, owner_id: OwnerId, words: Words,
                    on_change: Callable[[int], None] = lambda count: None) -> Swept:
        """Take a person out of one venue. Never raises for what Discord refuses: that is counted."""
        swept, judge = nothing(), Judge(traces, known, owner_id)
        after = None
        if traces.since is not None:
            after = discord.Object(discord.utils.time_snowflake(traces.since - timedelta(minutes=5)))
        try:
            found, own = await self._asked(traces.venue_id, lambda: self._history(traces.venue_id, owner_id, after))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            if getattr(error, "code", 0) not in GONE:
                swept["closed"].append(spot_of(traces.server_id, traces.venue_id))
            return swept
        swept["own"] = len(own)
        swept["spots"] = [spot_of(traces.server_id, traces.venue_id, number) for number in own[:LINKS_A_VENUE]]
        for seen in found:
            deed = judge(seen)
            if deed == "keep":
                continue
            try:
                done = await self._do(deed, traces, seen, judge, words)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                if getattr(error, "code", 0) in GONE:
                    continue
                log.info("a message could not be taken away: %s", getattr(error, "code", type(error).__name__))
                swept["stuck"] += 1
                if len(swept["closed"]) < LINKS_A_VENUE:
                    swept["closed"].append(spot_of(traces.server_id, traces.venue_id, seen.message_id))
                continue
            swept[done] += 1
            on_change(swept["deleted"] + swept["changed"])
        if traces.started and traces.server_id:
            swept["deleted"] += await self._announcements(traces)
            await self._rename(traces.venue_id, words)
        return swept

    async def _do(self, deed: str, traces: Traces, seen: Seen, judge: Judge, words: Words) -> str:
        """"deleted" or "changed", whichever it came to."""
        target = self._client.get_partial_messageable(int(traces.venue_id)).get_partial_message(seen.message_id)
        layout: ui.LayoutView | None = None
        if deed == "rewrite":
            layout = told(judge.without(seen.texts[0]), marker=seen.first or None)
        elif deed == "clear":
            take = next((story for story in traces.others if story in seen.keys), None)
            buttons = [] if take is None else [StoryButton("take", take, words("button_take"), emoji="✏️"),
                                               StoryButton("next", take, words("button_next"), emoji="📖")]
            layout = told(words("picture_withdrawn"), *buttons, marker=seen.first or None)
        if layout is not None:
            final = layout
            try:
                await self._asked(traces.venue_id, lambda: target.edit(
                    view=final, attachments=[], allowed_mentions=discord.AllowedMentions.none()))
                return "changed"
            except discord.HTTPException as error:
                if error.code != 30046:    # too many edits of an old message: then it goes as a whole
                    raise
        await self._asked(traces.venue_id, target.delete)
        return "deleted"

    async def _history(self, venue_id: VenueId, owner_id: OwnerId,
                       after: discord.Object | None) -> tuple[list[Seen], list[int]]:
        """The bot's messages there, and the numbers of the person's own."""
        user, found, own = self._client.user, [], []
        async for message in self._client.get_partial_messageable(int(venue_id)).history(limit=None, after=after):
            if user is not None and message.author.id == user.id:
                found.append(seen_in(message))
            elif str(message.author.id) == owner_id:
                own.append(message.id)
        return found, own

    async def _announcements(self, traces: Traces) -> int:
        """"The story ... begins in ...", said in the channel above the thread."""
        deleted = 0
        try:
            thread = await self._asked(traces.venue_id, lambda: self._client.http.get_channel(int(traces.venue_id)))
            parent = str(thread.get("parent_id") or "")
            for story_id in traces.started:
                asked = story_id.removeprefix("s")
                if not parent or not asked.isdecimal():
                    continue
                place = self._client.get_partial_messageable(int(parent))
                async for message in place.history(limit=ANNOUNCED_WITHIN, after=discord.Object(int(asked) - 1)):
                    made = message.interaction_metadata
                    if made is not None and str(made.id) == asked:
                        await self._asked(VenueId(parent), message.delete)
                        deleted += 1
                        break
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("an announcement was not deleted: %s", getattr(error, "code", type(error).__name__))
        return deleted

    async def _rename(self, venue_id: VenueId, words: Words) -> None:
        """A thread is called as its story was."""
        try:
            await self._asked(venue_id, lambda: self._client.http.edit_channel(
                int(venue_id), name=words("privacy_thread_name")))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a thread was not renamed: %s", getattr(error, "code", type(error).__name__))

    # --- the DM ------------------------------------------------------------------------------------

    async def direct(self, channel_id: VenueId, owner_id: OwnerId) -> Swept:
        """Delete everything the bot ever wrote to a person in private, but for messages only they saw for a while."""
        swept = nothing()
        try:
            found, own = await self._asked(channel_id, lambda: self._history(channel_id, owner_id, None))
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return swept
        swept["own"] = len(own)
        swept["spots"] = [spot_of("", channel_id, number) for number in own[:LINKS_A_VENUE]]
        place = self._client.get_partial_messageable(int(channel_id))
        for seen in found:
            try:
                await self._asked(channel_id, place.get_partial_message(seen.message_id).delete)
                swept["deleted"] += 1
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                if getattr(error, "code", 0) not in GONE:
                    swept["stuck"] += 1
        return swept

    # --- asking ------------------------------------------------------------------------------------

    async def _asked(self, venue_id: VenueId, call: Callable[[], Awaitable[T]]) -> T:
        """Ask Discord again where asking again is right; an archived thread is opened for it."""
        unarchived = False
        for wait_s in (*WAITS_S, None):
            try:
                return await call()
            except discord.HTTPException as error:
                if error.code == 50083 and not unarchived:
                    unarchived = True
                    await self._client.http.edit_channel(int(venue_id), archived=False)
                    continue
                if error.status < 500 or wait_s is None:
                    raise
            except (aiohttp.ClientError, OSError):
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s or 0.0)
        raise AssertionError("the last round returns or raises")


def seen_in(message: discord.Message) -> Seen:
    """What a message of the bot's shows."""
    texts, keys, markers, count = [message.content] if message.content else [], set(), set(), 0
    for item in _walk(message.components):
        count += 1
        if item.id is not None:
            markers.add(int(item.id))
        said = [getattr(item, name, None) for name in ("content", "label", "description", "placeholder")]
        said += [getattr(media, "description", None) for media in getattr(item, "items", ()) or ()]
        said += [option.label for option in getattr(item, "options", ()) or ()]
        texts += [each for each in said if isinstance(each, str) and each]
        if custom_id := getattr(item, "custom_id", None):
            keys |= set(custom_id.split(":"))
    files = tuple(attachment.filename for attachment in message.attachments)
    texts += [attachment.description for attachment in message.attachments if attachment.description]
    made = message.interaction_metadata
    first = next((int(item.id) for item in _walk(message.components) if item.id is not None), 0)
    return Seen(message.id, first, frozenset(markers), tuple(texts), frozenset(keys), files,
                str(made.user.id) if made is not None else "", count == 1 and len(texts) == 1 and not files)


def _walk(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _walk(getattr(component, "children", ()))


def spot_of(server_id: str, venue_id: str, message: int = 0) -> str:
    """A message, or a place, as durable work may write it down: of what is forgotten no id is left in its records.

    (A plain message that was a turn has the turn's id: it would be found there, and the work forgotten with it.)
    """
    return ".".join(_in_base_36(int(each or 0)) for each in (server_id, venue_id, message))


def link_to(spot: str) -> str:
    """Where a spot is found in Discord's app."""
    server, venue, message = (int(each, 36) for each in spot.split("."))
    where = f"https://discord.com/channels/{server or '@me'}/{venue}"
    return f"{where}/{message}" if message else where


def _in_base_36(number: int) -> str:
    """A number in base 36."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


__all__ = ["Judge", "Seen", "Sweeper", "Swept", "link_to", "nothing", "seen_in", "spot_of"]
