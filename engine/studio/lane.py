"""Whose job is next: as many at once as there are hands, fair between people, honest about the wait. Pure.

Deficit round robin (Shreedhar and Varghese, 1995) with one queue a person: each visit earns a person a quantum of
seconds, a job runs when what they have saved covers its cost. A cost is measured work: steps x megapixels for a
panel, times the seconds one such unit has lately taken. The people of one server share its quantum: a server with
twenty writers gets no more of the studio than one with two. A waiting person's prose and first panel go before
anybody's later panels, and those before what is drawn once more; a job that has waited `PATIENCE_S` counts as a
first one, so none starves.
"""

from __future__ import annotations

import copy
import heapq
import math
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import IntEnum

from engine.nouns import NO_SERVER, OwnerId, ServerId

#: Seconds of work one visit earns a person: less than most jobs, so that people alternate.
QUANTUM_S = 0.25
#: Seconds after which any job is as urgent as a first panel.
PATIENCE_S = 45.0
#: How much the newest measurement counts in the seconds a unit takes.
NEWEST = 0.3
#: Seconds a unit of work takes before anything was measured.
FIRST_GUESS_S = {"write": 2.0, "paint": 2.0, "embed": 0.05}


class Rank(IntEnum):
    """What goes before what, however fair the rest is."""

    FIRST = 0                              # prose, a plate, the first panel of a turn
    LATER = 1                              # its other panels
    AGAIN = 2                              # a panel that is drawn already, once more


@dataclass(frozen=True, slots=True)
class Ticket:
    """One job in the lane. `units` of work: steps x megapixels, 1 for a text, pictures for likenesses."""

    job_id: int
    owner_id: OwnerId
    kind: str                              # "write", "paint", "embed"
    units: float
    rank: Rank
    queued_at: float
    server_id: ServerId = NO_SERVER     # where it was asked for; "" is a place of its owner's own


@dataclass(frozen=True, slots=True)
class _Running:
    ticket: Ticket
    cost_s: float
    since: float


@dataclass(slots=True)
class Lane:
    """The waiting jobs and those that run, `width` at once. Times are seconds of one clock that the caller reads."""

    width: int = 1
    _queues: dict[OwnerId, list[Ticket]] = field(default_factory=dict)
    _ring: deque[OwnerId] = field(default_factory=deque)
    _saved_s: dict[OwnerId, float] = field(default_factory=dict)
    _visited: OwnerId | None = None        # has had this visit's quantum and may go on spending it
    _seconds_a_unit: dict[str, float] = field(default_factory=lambda: dict(FIRST_GUESS_S))
    _measured: set[str] = field(default_factory=set)
    _running: dict[int, _Running] = field(default_factory=dict)

    @property
    def running(self) -> tuple[Ticket, ...]:
        """The jobs at work, in the order they began."""
        return tuple(each.ticket for each in self._running.values())

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def waiting(self) -> Counter[Rank]:
        """How many jobs of each rank wait."""
        return Counter(ticket.rank for queue in self._queues.values() for ticket in queue)

    def add(self, ticket: Ticket) -> None:
        """A job joins its owner's queue."""
        if ticket.owner_id not in self._queues:
            self._queues[ticket.owner_id] = []
            self._ring.append(ticket.owner_id)
            self._saved_s[ticket.owner_id] = 0.0
        self._queues[ticket.owner_id].append(ticket)

    def drop(self, job_id: int) -> bool:
        """A waiting job leaves without having run. False when it does not wait."""
        for owner_id, queue in self._queues.items():
            for ticket in queue:
                if ticket.job_id == job_id:
                    queue.remove(ticket)
                    self._leave_if_empty(owner_id)
                    return True
        return False

    def begin(self, now: float) -> Ticket | None:
        """Take the next job and run it. None when `width` run already or none waits."""
        if len(self._running) >= self.width:
            return None
        ticket = self._take(now)
        if ticket is not None:
            self._running[ticket.job_id] = _Running(ticket, self.cost_s(ticket), now)
        return ticket

    def end(self, job_id: int, seconds: float | None = None, *, units: float | None = None) -> None:
        """A running job is over. `seconds` of work it took, None when that says nothing (failed, cancelled).

        What a job took beyond its estimate is taken from its owner's savings, so fairness is in measured time.
        """
        ended = self._running.pop(job_id, None)
        if ended is None or seconds is None:
            return
        ticket = ended.ticket
        if ticket.owner_id in self._saved_s:
            self._saved_s[ticket.owner_id] -= seconds - ended.cost_s
        units = ticket.units if units is None else units
        if units <= 0:
            return
        newest, known = seconds / units, self._seconds_a_unit.get(ticket.kind, 0.0)
        share = NEWEST if ticket.kind in self._measured else 1.0
        self._measured.add(ticket.kind)
        self._seconds_a_unit[ticket.kind] = known + share * (newest - known)

    def cost_s(self, ticket: Ticket) -> float:
        """Estimated seconds of work, from what such work has lately taken."""
        return max(1e-3, ticket.units * self._seconds_a_unit.get(ticket.kind, 1.0))

    def outlook(self, now: float) -> dict[int, tuple[int, float]]:
        """Every waiting job's place (0: it is next) and seconds until it begins, were nobody else to come."""
        rehearsal = copy.copy(self)
        rehearsal._queues = {owner_id: list(queue) for owner_id, queue in self._queues.items()}
        rehearsal._ring, rehearsal._saved_s = deque(self._ring), dict(self._saved_s)
        # When each hand is free; of more that run than may, the first to end are not followed by another.
        hands = max(1, self.width)
        free_s = sorted(max(0.0, each.cost_s - (now - each.since)) for each in self._running.values())[-hands:]
        free_s = [0.0] * (hands - len(free_s)) + free_s
        places: dict[int, tuple[int, float]] = {}
        while (ticket := rehearsal._take(now + free_s[0])) is not None:
            places[ticket.job_id] = (len(places), free_s[0])
            heapq.heapreplace(free_s, free_s[0] + self.cost_s(ticket))
        return places

    # --- deficit round robin -----------------------------------------------------------------------

    def _take(self, now: float) -> Ticket | None:
        heads = {owner_id: min(queue, key=lambda ticket: (self._rank(ticket, now), ticket.queued_at, ticket.job_id))
                 for owner_id, queue in self._queues.items()}
        if not heads:
            return None
        best_rank = min(self._rank(ticket, now) for ticket in heads.values())
        turn = [owner_id for owner_id in self._ring if self._rank(heads[owner_id], now) == best_rank]
        costs = {owner_id: self.cost_s(heads[owner_id]) for owner_id in turn}
        servers = Counter(heads[owner_id].server_id for owner_id in turn)
        quanta = {owner_id: QUANTUM_S / (servers[heads[owner_id].server_id] if heads[owner_id].server_id else 1)
                  for owner_id in turn}
        if turn[0] == self._visited and self._saved_s[turn[0]] >= costs[turn[0]]:
            chosen = turn[0]               # still spends this visit's quantum
        else:
            if turn[0] == self._visited:
                turn.append(turn.pop(0))
            # How many visits each would need, and who is first to have had them: the rounds in one go.
            visits = [max(1, math.ceil((costs[owner_id] - self._saved_s[owner_id]) / quanta[owner_id]))
                      for owner_id in turn]
            at = min(range(len(turn)), key=lambda index: (visits[index], index))
            for index, owner_id in enumerate(turn):
                self._saved_s[owner_id] += quanta[owner_id] * (visits[at] if index <= at else visits[at] - 1)
            chosen = turn[at]
        self._visited = chosen
        self._ring.rotate(-self._ring.index(chosen))
        self._saved_s[chosen] -= costs[chosen]
        self._queues[chosen].remove(heads[chosen])
        self._leave_if_empty(chosen)
        return heads[chosen]

    @staticmethod
    def _rank(ticket: Ticket, now: float) -> int:
        return Rank.FIRST if now - ticket.queued_at >= PATIENCE_S else ticket.rank

    def _leave_if_empty(self, owner_id: OwnerId) -> None:
        if not self._queues[owner_id]:
            del self._queues[owner_id], self._saved_s[owner_id]
            self._ring.remove(owner_id)
            if self._visited == owner_id:
                self._visited = None
