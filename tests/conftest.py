"""For every test: how long an example of a property takes says nothing on a busy machine; logs stay pytest's own."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings
from postgres_house import blank_database, postgres_server, postgres_template, postgres_url

from engine.logs import TALKATIVE, Discreet

__all__ = ["blank_database", "postgres_server", "postgres_template", "postgres_url"]

# DBOS would give its logger the standard error of whichever test first meets it, which is closed when that is over.
logging.getLogger("dbos").addHandler(logging.NullHandler())
logging.getLogger("dbos").propagate = False

settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that is run in this process opens logs, takes the hooks for errors, and would keep them."""
    root, dbos = logging.getLogger(), logging.getLogger("dbos")
    level, hooks = root.level, (sys.excepthook, threading.excepthook, sys.unraisablehook)
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    handlers, propagates = list(dbos.handlers), dbos.propagate
    yield
    if sys.excepthook is hooks[0]:
        return
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(False)
    for handler in [each for each in root.handlers if isinstance(each.formatter, Discreet)]:
        root.removeHandler(handler)
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    dbos.handlers, dbos.propagate = handlers, propagates
