"""By whose hand stories are told where many machines work: only those are counted that paint and write alike. Pure.

A story that one painter began should not get a page by another because that machine happened to be free. So a worker
says by what models it works, and the face gives its jobs to those of one hand; what it leaves out, it names.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.nouns import INSTEAD_OF
from engine.settings import StudioSettings
from engine.store.jobs import WorkerCard
from engine.store.values import from_json
from engine.studio.messages import Ready, speech
from engine.tiers import AUTO, MINI, PAINTERS

#: The hand that nobody has.
NOBODY = "nobody"
#: Painters by how much they are to be preferred where nothing is said; a folder of an operator's own goes before all.
_ORDER = (*(tier.name for tier in PAINTERS), MINI, "theatre")


@dataclass(frozen=True, slots=True)
class Hands:
    """Who is counted: all of one `hand`, and by worker's id why the others are not."""

    hand: str = NOBODY
    fit: tuple[WorkerCard, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def hand_of(models: Ready) -> str:
    """By what models a worker works and in what version of the program, as a digest: a job may go to any of the same.

    DBOS knows it as the version of the application, so that nobody else is given the job.
    """
    said = json.dumps([speech(), sorted((model.role, model.name) for model in models.models)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def kind_of(painter: str) -> str:
    """A painter's name without its revision: "klein" of "klein@3f2a91c0"."""
    return painter.partition("@")[0]


def choose(cards: Sequence[WorkerCard], wanted: StudioSettings, current: str = NOBODY) -> Hands:
    """Whom to give work, of those who are there. `wanted` are the face's settings, `current` its hand until now.

    Who does not match the settings is left out. Of what remains one hand is chosen: without stand-ins before with,
    the better painter, the current one, the one of most workers.
    """
    left_out, ready = {}, {}
    for card in cards:
        if card.models.get("speech") != speech():
            left_out[card.worker_id] = "it runs another version of the program"
            continue
        ready[card.worker_id] = from_json(Ready, card.models["ready"])
        if why := _mismatch(ready[card.worker_id], wanted):
            left_out[card.worker_id] = why
    fit = [card for card in cards if card.worker_id not in left_out]
    if not fit:
        return Hands(left_out=left_out)
    hands = {card.worker_id: hand_of(ready[card.worker_id]) for card in fit}
    many = Counter(hands.values())
    best = min(fit, key=lambda card: (*_rank(ready[card.worker_id]), hands[card.worker_id] != current,
                                      -many[hands[card.worker_id]], hands[card.worker_id]))
    hand = hands[best.worker_id]
    for card in fit:
        if hands[card.worker_id] != hand:
            left_out[card.worker_id] = _difference(ready[card.worker_id], ready[best.worker_id])
    return Hands(hand, tuple(card for card in fit if hands[card.worker_id] == hand), left_out)


def _mismatch(models: Ready, wanted: StudioSettings) -> str:
    """Why a worker cannot do what the face's settings say; "" where it can."""
    painter = _name(models, "painter")
    for role, needed in (("guard", wanted.guard_model), ("reader", wanted.vision_model)):
        if needed and models.model(role) is None:
            return f"it has no {role}, and the bot wants one"
    if wanted.painter != AUTO and (INSTEAD_OF in painter or kind_of(painter) != Path(wanted.painter).name):
        return f"it paints with {painter}, and studio.painter of the bot is {Path(wanted.painter).name}"
    if wanted.writer != AUTO and INSTEAD_OF in (writer := _name(models, "writer")):
        return f"it writes with {writer}, and studio.writer of the bot is set"
    return ""


def _rank(models: Ready) -> tuple[int, int]:
    names = [_name(models, role) for role in ("painter", "writer")]
    kind = kind_of(names[0])
    return sum(INSTEAD_OF in name for name in names), _ORDER.index(kind) if kind in _ORDER else -1


def _difference(own: Ready, chosen: Ready) -> str:
    """In what a worker is unlike those who were chosen."""
    for verb, role in (("paints", "painter"), ("writes", "writer")):
        if _name(own, role) != _name(chosen, role):
            return f"it {verb} with {_name(own, role)}, and others with {_name(chosen, role)}: one story, one hand"
    return "its models are not those of the others"


def _name(models: Ready, role: str) -> str:
    model = models.model(role)
    return model.name if model is not None else "nothing"
