"""Lines from the keyboard, awaited: the event loop goes on meanwhile, and Ctrl-C leaves no waiting thread behind."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from types import TracebackType


class Keyboard:
    """What a person types, a line at a time; `with` gives the terminal back as it was.

    A read from a terminal cannot be taken back. It runs on a thread that does not hold up the end of the program,
    which `asyncio.to_thread` would.
    """

    def __init__(self) -> None:
        self._typed = sys.stdin.isatty()
        self._before: list[object] | None = None
        self._rest = b""

    def __enter__(self) -> Keyboard:
        if self._typed:
            with suppress(ImportError, OSError):
                import readline  # noqa: F401 - arrow keys and history
                import termios

                self._before = list(termios.tcgetattr(sys.stdin.fileno()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._before is not None:
            import termios

            with suppress(OSError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)  # type: ignore[arg-type]

    async def line(self, prompt: str) -> str:
        """The next line, without its end. Raises `EOFError` when there are no more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def settle(line: str | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(line or "")

        def read() -> None:
            line, error = None, None
            try:
                asked = f"{prompt} " if prompt.endswith("?") else f"{prompt}: "
                line = input(asked) if self._typed else self._read_line()
            except EOFError as end:
                error = end
            except (OSError, UnicodeDecodeError):
                error = EOFError()
            with suppress(RuntimeError):       # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(settle, line, error)

        threading.Thread(target=read, name="keyboard", daemon=True).start()
        return await answer

    def _read_line(self) -> str:
        """A line from a pipe or file, past `sys.stdin`, whose lock a waiting thread would hold to the end."""
        while b"\n" not in self._rest:
            more = os.read(sys.stdin.fileno(), 65536)
            if not more:
                if not self._rest:
                    raise EOFError
                break
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")
