"""Manners towards Discord: what must not be asked now is not asked.

Discord blocks an address that collects 10,000 refusals (401, 403, 429) in ten minutes. So a venue that refuses is left
alone until something changes there, an address that was blocked waits, and long before the limit progress is no longer
shown and posting waits. Turns wait with it: they are kept, and go on when they may.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import aiohttp

from engine.nouns import VenueId
from engine.observing import Answered, note

log = logging.getLogger("storythread.manners")

#: Discord's own limit: so many refusals in so many seconds.
INVALID_LIMIT, WINDOW_S = 10_000, 600.0
REFUSALS = (401, 403, 429)
#: From so many refusals on progress is no longer shown, and from so many on nothing is posted until there are fewer.
HUSHED_AT, HALTED_AT = 1_000, 5_000
#: A venue that refuses is asked once more after so long, should nobody have told us that it is open again.
ASK_AGAIN_S = 3600.0
#: Seconds after which it is looked again whether a block is over.
LOOK_EVERY_S = 5.0
#: Seconds to wait after a block, doubled with every further one.
BLOCK_S, LONGEST_BLOCK_S = 60.0, 900.0


class Manners:
    """One per bot. `clock` is in seconds, and only ever grows."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, block_s: float = BLOCK_S) -> None:
        self._clock = clock
        self._refused: deque[float] = deque()
        self._closed: dict[VenueId, str] = {}
        self._news: dict[VenueId, asyncio.Event] = {}
        self._block_s = self._next_block_s = block_s
        self._blocked_until = 0.0
        self._leaving = False

    # --- refusals, counted -------------------------------------------------------------------------

    def trace(self) -> aiohttp.TraceConfig:
        """Counts the answers of the client's own session as they come."""
        config = aiohttp.TraceConfig()

        async def answered(session: aiohttp.ClientSession, context: SimpleNamespace,
                           params: aiohttp.TraceRequestEndParams) -> None:
            note(Answered(params.response.status, params.url.path))
            if params.response.status in REFUSALS:
                self.count()

        config.on_request_end.append(answered)
        return config

    def count(self) -> None:
        """One more refusal."""
        self._refused.append(self._clock())
        if len(self._refused) in (HUSHED_AT, HALTED_AT):
            log.error("Discord has refused %d requests in ten minutes, of %d it allows", self.refusals, INVALID_LIMIT)

    @property
    def refusals(self) -> int:
        """In the last ten minutes."""
        while self._refused and self._refused[0] < self._clock() - WINDOW_S:
            self._refused.popleft()
        return len(self._refused)

    def hushed(self, venue_id: VenueId) -> bool:
        """Whether progress is better not shown there now."""
        return (venue_id in self._closed or self._clock() < self._blocked_until or self.refusals >= HUSHED_AT
                or self._leaving)

    # --- venues that refuse ------------------------------------------------------------------------

    def closed(self, venue_id: VenueId) -> str | None:
        """Why nothing can be written there, as far as is known."""
        return self._closed.get(venue_id)

    def close(self, venue_id: VenueId, reason: str) -> None:
        """Discord has refused to let us write there."""
        self._closed[venue_id] = reason
        log.warning("a story waits: %s", reason)

    def open(self, venue_id: VenueId) -> None:
        """Something has changed there: it may be asked again."""
        self._closed.pop(venue_id, None)
        if (news := self._news.get(venue_id)) is not None:
            news.set()

    def open_all(self) -> None:
        """Something has changed on some server."""
        for venue_id in {*self._closed, *self._news}:
            self.open(venue_id)

    # --- waiting -----------------------------------------------------------------------------------

    def blocked(self) -> None:
        """Discord's front refuses everything from here, whoever asks."""
        if self._clock() >= self._blocked_until:
            self._blocked_until = self._clock() + self._next_block_s
            log.error("Discord has blocked this address: nothing is asked for %d s", self._next_block_s)
            self._next_block_s = min(2 * self._next_block_s, LONGEST_BLOCK_S)

    def answered(self) -> None:
        """A request went through: the next block is the first again."""
        self._next_block_s = self._block_s

    @property
    def waits(self) -> bool:
        """Whether nothing should be asked anywhere now."""
        return self._clock() < self._blocked_until or self.refusals >= HALTED_AT

    async def may_ask(self, venue_id: VenueId) -> None:
        """Wait until this venue may be asked."""
        while self.waits or venue_id in self._closed:
            if venue_id in self._closed:
                await self.pause(venue_id, ASK_AGAIN_S)
                self._closed.pop(venue_id, None)           # asked once more, whether there was news or not
            else:
                left_s = self._blocked_until - self._clock()
                await self.pause(venue_id, min(left_s, LOOK_EVERY_S) if left_s > 0 else LOOK_EVERY_S / 5)

    async def pause(self, venue_id: VenueId, wait_s: float) -> None:
        """Wait so long, or until there is news of the venue."""
        if self._leaving:
            raise asyncio.CancelledError       # whoever waits here is durable, and waits on after the next start
        news = self._news.setdefault(venue_id, asyncio.Event())
        news.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), wait_s)
        if self._leaving:
            raise asyncio.CancelledError

    def leave(self) -> None:
        """The bot stops: nobody waits any longer."""
        self._leaving = True
        for news in self._news.values():
            news.set()
