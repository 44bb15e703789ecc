"""SIGTERM and SIGINT as an event: whoever runs until it is told to stop, the bot or a worker, hears of them here."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def set_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT ask for a clean end, and the second time for an end at once, as safe as a power cut.

    (Not on Windows or outside the main thread, where there is no way.)
    """
    loop = asyncio.get_running_loop()
    taken = []

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, asked, number)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
