"""Which turn is played when: a story's one after another, none while the house comes to rest, and none called off.

A part of `TurnRunner`, which knows what a turn is; here is only whose turn it is, how long that takes lately, and who
is at work. Everything runs on one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from engine.durable import Durable
from engine.nouns import Turn, TurnId, TurnState
from engine.ports import Library

#: Seconds until a turn is tried again that came to grief over the store.
AGAIN_AFTER_S = 20.0
#: Seconds a turn is said to take before one was played, and how much the newest one counts afterwards.
ASSUMED_TURN_S, NEWEST_PACE = 10.0, 0.2
#: Seconds that a turn which was called off has to put everything down.
CALLED_OFF_WITHIN_S = 10.0


class Order:
    """Of one runner."""

    def __init__(self, library: Library, durable: Durable) -> None:
        self._library = library
        self._durable = durable
        self._pace = _Pace()
        self._turn_closed = asyncio.Condition()
        self._playing: set[TurnId] = set()
        self._hands: dict[TurnId, asyncio.Task[Any]] = {}      # who plays which turn
        self._called_off: set[TurnId] = set()
        self._at_work = 0                      # turns and redraws under way that do not wait
        self._resting = False
        self._calm = asyncio.Event()
        self.closing = False

    # --- one turn ----------------------------------------------------------------------------------

    async def my_turn(self, turn_id: TurnId) -> Turn | None:
        """Wait until every turn of the story accepted before this one is closed. None when it is closed already.

        Who is given the turn says `over` when it is.
        """
        turn = await self._library.turn(turn_id)
        async with self._turn_closed:
            while True:
                waiting = await self._library.open_turns(turn.story_id)
                if all(other.turn_id != turn_id for other in waiting):
                    return None
                if waiting[0].turn_id == turn_id and turn_id not in self._playing:
                    break                      # a turn tried again may meet its first try, gone on with
                await self._turn_closed.wait()
            self._playing.add(turn_id)
        self._pace.begin()
        task = asyncio.current_task()
        if task is not None:
            self._hands[turn_id] = task
        return turn

    async def over(self, turn: Turn) -> None:
        """Somebody's turn is over, well or badly: the next of the story may begin."""
        self._pace.end()
        self._playing.discard(turn.turn_id)
        self._hands.pop(turn.turn_id, None)
        async with self._turn_closed:
            self._turn_closed.notify_all()

    async def call_off(self, turn_id: TurnId, reason: str) -> None:
        """Close a turn and play nothing more of it, at whatever it is. One that is over stays as it is."""
        await self._library.close_turn(turn_id, TurnState.FAILED, reason)
        hand = self._hands.get(turn_id)
        if hand is not None:
            self._called_off.add(turn_id)
            hand.cancel()
            await asyncio.wait({hand}, timeout=CALLED_OFF_WITHIN_S)
            self._called_off.discard(turn_id)
        async with self._turn_closed:
            self._turn_closed.notify_all()

    def let_go(self, turn: Turn) -> None:
        """A turn was cut short: where somebody called it off it is over, else it goes on at the next start."""
        task = asyncio.current_task()
        if turn.turn_id not in self._called_off or task is None:
            raise asyncio.CancelledError
        task.uncancel()

    def try_later(self, turn_id: TurnId) -> None:
        """Play a turn again after a while, until the store is well."""
        asyncio.get_running_loop().call_later(AGAIN_AFTER_S, self._try_again, turn_id)

    def _try_again(self, turn_id: TurnId) -> None:
        if not self.closing:
            def over(task: asyncio.Task[None]) -> None:
                if not task.cancelled() and task.exception() is not None:
                    self.try_later(turn_id)

            asyncio.ensure_future(self._durable.start_anew(
                "play_turn", turn_id, turn_id, also_unended=True)).add_done_callback(over)

    def wait_s(self, turns: int) -> float:
        """Seconds until so many turns are over, as fast as they lately were."""
        return turns * self._pace.turn_s

    # --- coming to rest ----------------------------------------------------------------------------

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A turn or redraw under way: a house that wants to rest lets it come to its next `go_on`."""
        self._at_work += 1
        try:
            await self.go_on()
            yield
        finally:
            self._stand_still()

    async def go_on(self) -> None:
        """Nothing is begun once the house rests: what comes now waits until the end, and goes on at the next start."""
        if self._resting:
            self._stand_still()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._at_work += 1

    async def rest(self, within_s: float) -> bool:
        """Begin no further page or picture, and finish those that are begun. False when the time was up before."""
        self._resting = True
        if self._at_work == 0:
            return True
        self._calm.clear()
        try:
            await asyncio.wait_for(self._calm.wait(), within_s)
        except TimeoutError:
            return False
        return True

    def _stand_still(self) -> None:
        self._at_work -= 1
        if self._at_work == 0:
            self._calm.set()


class _Pace:
    """Seconds from one turn's end to the next while turns are played: several at once go faster."""

    def __init__(self) -> None:
        self.turn_s = ASSUMED_TURN_S
        self._playing, self._ended_at, self._measured = 0, 0.0, False

    def begin(self) -> None:
        """A turn is played from now on."""
        self._playing += 1
        if self._playing == 1:
            self._ended_at = time.monotonic()

    def end(self) -> None:
        """One is over."""
        self._playing -= 1
        now = time.monotonic()
        share = NEWEST_PACE if self._measured else 1.0
        self.turn_s += share * (now - self._ended_at - self.turn_s)
        self._ended_at, self._measured = now, True
