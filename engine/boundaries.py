"""Boundaries: the named moments between one thing done and the next, told to whoever listens.

Nobody does, but the rehearsal's actor: it kills its own process at a boundary, to see that nothing is lost there. What
`engine.durable` records has boundaries of its own accord (`say: done`, `say: noted`, `close: written`, `close: kept`);
the others are told by a line in the code they stand in. docs/decisions/014-crash-points.md says why.
"""

from __future__ import annotations

from collections.abc import Callable

#: A turn, from the click to its last picture; in the order in which they are passed.
TURN = (
    "turn kept", "words shown", "play_turn: started", "scene read", "step written", "remember step: written",
    "remember step: kept", "remember plan: written", "remember plan: kept", "prose said", "say: done", "say: noted",
    "plate painted", "plate kept", "laid out", "painted", "checked", "pictures kept", "remember panel: written",
    "remember panel: kept", "show: done", "show: noted", "close: written", "close: kept",
)
#: Done to pages that are there.
PAGES = ("redraw_panel: started", "put_right: started", "undone", "put right: done")
#: A turn that waits for its writer's answer.
QUESTIONS = ("question kept", "write_on: started", "question answered", "question dropped")
#: A text of several pages.
TEXTS = ("text kept", "text read", "illustrate: started", "hand over: written", "hand over: kept", "progress: done",
         "progress: noted", "board drawn: kept", "gallery: done", "gallery: noted")
#: A character, from the form to the approved avatar. `registration kept` holds name, words, look and consent together.
REGISTRATION = ("photo taken", "look measured", "registration kept", "avatar drawn", "avatar kept")

_listener: Callable[[str], None] | None = None


def passed(name: str) -> None:
    """A boundary was passed. Nothing happens unless somebody listens."""
    if _listener is not None:
        _listener(name)


def listen(listener: Callable[[str], None] | None) -> None:
    """Be told of every boundary from now on; None: nobody is."""
    global _listener
    _listener = listener
