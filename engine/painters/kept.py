"""What a painter keeps of pictures and words it has encoded: by their content, few, and not for long.

Pixels are truth, tensors are cache: nothing is painted otherwise because something is, or is not, kept here. Nobody's
face stays in a process for days either, because nobody asked for another panel: what is not used is let go.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable

import torch

#: Seconds after which what was not used is let go.
UNUSED_S = 600.0


class Kept:
    """Tensors by the hash of what they were made of: at most `most`, the least lately used dropped first."""

    def __init__(self, most: int, unused_s: float = UNUSED_S) -> None:
        self._most, self._unused_s = most, unused_s
        self._tensors: OrderedDict[bytes, tuple[torch.Tensor, float]] = OrderedDict()    # the latest used last
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self.made = 0

    def __len__(self) -> int:
        return len(self._tensors)

    def get(self, key: bytes, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The tensor of this key, made when it is not here."""
        with self._lock:
            found = self._tensors.get(key)
        tensor = found[0] if found is not None else make().detach()
        with self._lock:
            self.made += found is None
            self._tensors[key] = tensor, time.monotonic()
            self._tensors.move_to_end(key)
            while len(self._tensors) > self._most:
                self._tensors.popitem(last=False)
            self._look_again()
        return tensor

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._tensors.clear()

    def let_go_unused(self) -> None:
        """Let go what was not used for so long. Called by a timer, from a thread of its own."""
        with self._lock:
            before = time.monotonic() - self._unused_s
            while self._tensors and next(iter(self._tensors.values()))[1] <= before:
                self._tensors.popitem(last=False)
            self._timer = None
            self._look_again()

    def _look_again(self) -> None:
        if self._timer is None and self._tensors:
            self._timer = threading.Timer(self._unused_s, _let_go_unused, (weakref.ref(self),))
            self._timer.daemon = True
            self._timer.start()


def _let_go_unused(kept: weakref.ref[Kept]) -> None:
    # Held weakly: a painter that is gone takes its tensors along at once.
    if (here := kept()) is not None:
        here.let_go_unused()
