"""Facts for whoever measures: how long things took and how they ended, told by a line where they happen.

Nobody listens but the metrics (bot/metrics.py). A fact holds ids at most, to find its beginning by; no words, no names.
What people are shown travels otherwise: see engine/events.py. Standard library only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from engine.nouns import TurnId

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """A turn is kept: from now on it is never lost."""

    turn_id: TurnId


@dataclass(frozen=True, slots=True)
class TurnClosed:
    """A turn is over; `reason` says why it failed, "" when all went well."""

    turn_id: TurnId
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """The prose of a turn stands where people read it."""

    turn_id: TurnId


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture is there to be seen: the first version of the panel `number` of its turn (from 1), or a later one."""

    turn_id: TurnId
    number: int
    version: int
    attempts: int                          # paintings made for it


@dataclass(frozen=True, slots=True)
class JobBegun:
    """The lane has handed a job over, after so long a wait."""

    kind: str
    rank: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job is done, after so many seconds of work."""

    kind: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StudioEnded:
    """The models' process ended by itself, and is started again."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Discord has answered a request."""

    status: int
    path: str


Fact = TurnTaken | TurnClosed | Told | Shown | JobBegun | JobDone | StudioEnded | Answered

_listeners: list[Callable[[Fact], None]] = []


def note(fact: Fact) -> None:
    """Something is a fact now. Nothing happens unless somebody listens; a listener's fault is nobody else's."""
    for listener in _listeners:
        try:
            listener(fact)
        except Exception as error:
            log.warning("a measure was not taken: %s", type(error).__name__)


def listen(listener: Callable[[Fact], None]) -> Callable[[], None]:
    """Be told of every fact from now on, on the thread where it happens. Returns what ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
