"""What a turn says aloud while it happens. Every event carries its turn: two turns never cross.

Events are progress, not facts: they may be dropped or coalesced (newest wins) and nobody waits for them.
Facts travel by the Stage's awaited verbs (`say`, `place`, `show`, `fail`).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.nouns import PanelId, TurnId


@dataclass(frozen=True, slots=True)
class Queued:
    """The work waits: `place` jobs are before it (0: it is next), about `wait_s` seconds; inf where nobody works."""

    turn_id: TurnId
    panel_id: PanelId | None
    place: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class ProseGrew:
    """The prose so far, whole, while it is being written."""

    turn_id: TurnId
    prose: str


@dataclass(frozen=True, slots=True)
class Painted:
    """A denoising step is done. `preview_png` is the predicted clean image, or None between previews."""

    turn_id: TurnId
    panel_id: PanelId
    step: int
    steps: int
    preview_png: bytes | None


Event = Queued | ProseGrew | Painted
