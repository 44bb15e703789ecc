"""What may be written into logs: never what people wrote, called themselves or uploaded.

Our own lines name kinds and codes only. Others' lines are less careful: libraries put bodies, parameters and file names
into theirs at DEBUG, and every error carries a message that may quote somebody. So loggers known for that are held at
WARNING whatever level is asked for, and an error is written down as its kind and the places it went through.
Standard library only.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

#: Loggers that write down bodies, parameters, addresses or metadata below WARNING, and are never let to.
TALKATIVE: Final = (
    "discord", "aiohttp", "aiosqlite", "sqlalchemy", "asyncpg", "psycopg", "alembic", "dbos", "httpx", "httpcore",
    "urllib3", "fsspec", "s3fs", "botocore", "aiobotocore", "PIL", "fontTools", "reportlab", "websockets", "multipart",
    "asyncio", "py.warnings",
)
#: In front of an error's places: what whoever looks for errors in a log looks for.
ERROR_MARK: Final = "Traceback (places only)"
#: Seconds after which DBOS may say from the same place again: a database that is away is looked for ten times a second.
SAID_AGAIN_S: Final = 60.0
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def anonymous(error: BaseException) -> str:
    """An error's kind and place, without its message: messages can hold what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join([type(error).__name__, *(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))])


class Discreet(logging.Formatter):
    """Writes an error as its kind and places; arguments that are errors as their kinds."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None                 # another formatter may have left its own there
        if isinstance(record.args, tuple) and any(isinstance(each, BaseException) for each in record.args):
            record.args = tuple(anonymous(each) if isinstance(each, BaseException) else each for each in record.args)
        if record.name.split(".")[0] in TALKATIVE or record.name in TALKATIVE:
            return self._of_others(record)
        return super().format(record)

    def _of_others(self, record: logging.LogRecord) -> str:
        """A library's warning: how it words things, without what it speaks of."""
        return super().format(logging.makeLogRecord(record.__dict__ | {"msg": _shape(record), "args": None}))

    def formatException(self, ei: Any) -> str:
        return f"{ERROR_MARK}: {_chain(ei[1])}"

    def formatStack(self, stack_info: str) -> str:
        return ""


class Seldom(logging.Filter):
    """Lets DBOS say from one place in its source what it says there once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written down."""
        if record.name.split(".")[0] != "dbos":
            return True
        place = record.pathname, record.lineno
        if record.created - self._said_at.get(place, -SAID_AGAIN_S) < SAID_AGAIN_S:
            return False
        self._said_at[place] = record.created
        return True


def _shape(record: logging.LogRecord) -> str:
    """A library's words before anything was put into them. Of a line that came put together: only its place."""
    place = f"{record.filename}:{record.lineno}"
    if record.args and isinstance(record.msg, str):
        return f"{record.msg.splitlines()[0]} ({place})"
    return f"({place})"


def _chain(error: BaseException | None) -> str:
    parts: list[str] = []
    while error is not None and len(parts) < 4:
        parts.append(anonymous(error))
        error = error.__cause__ or error.__context__
    return " after ".join(parts)


def open_logs(level: int = logging.INFO, out: IO[str] | None = None, form: str = _FORMAT) -> None:
    """Log to `out` (standard error) from now on, discreetly: lines, uncaught errors and warnings alike.

    Replaces whatever handlers the root has, and the one that DBOS would bring.
    """
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(Discreet(form))
    handler.addFilter(Seldom())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    dbos = logging.getLogger("dbos")       # it takes a logger that has a handler as it finds it
    dbos.handlers, dbos.propagate = [handler], False
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("engine.uncaught").error("%s: %s", ERROR_MARK, _chain(error) if error is not None
                                               else kind.__name__)
