"""The studio's own process, watched: every address it reaches for is written down; run as a child.

`python watched_studio.py FILE [short]`: FILE gets a line for each. `short`: there is no memory for a painter that was
pulled. A toy needs no sixteen gibibytes, so what a tier asks of the machine is left out here.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

from engine import painters, tiers
from engine.studio import host


def watch(notes: Path) -> None:
    """Write down what sockets reach for."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def connecting(self: socket.socket, address: Any) -> None:
        with notes.open("a") as file:
            file.write(f"{address}\n")
        connect(self, address)

    def resolving(*given: Any, **more: Any) -> Any:
        with notes.open("a") as file:
            file.write(f"{given}\n")
        return resolve(*given, **more)

    socket.socket.connect = connecting  # type: ignore[method-assign]
    socket.getaddrinfo = resolving


def no_memory(folder: Path, settings: Any) -> Any:
    import torch

    if "models" not in folder.parts:
        return opened(folder, settings)
    half = [torch.zeros(1000)]             # what it has taken by then
    raise torch.OutOfMemoryError(f"CUDA out of memory, {len(half)} held")


opened = painters._open_folder

if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    tiers.Tier.short_of = lambda self, hardware: ""  # type: ignore[method-assign]
    if sys.argv[2:] == ["short"]:
        painters._open_folder = no_memory
    host.main()
