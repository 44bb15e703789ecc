"""For every test: how long a property's example takes says nothing, chance is the same, logs stay pytest's own."""

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

# The same examples each time: what is found by chance would stop somebody who has changed something else. To look for
# more: pytest --hypothesis-profile=wide, and what is found stays as an @example.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("wide", deadline=None, max_examples=2000)
settings.load_profile("house")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What torch draws without a generator is the same every time; before the fixtures, which make weights too."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)


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


@pytest.fixture
def patient_discord(monkeypatch: pytest.MonkeyPatch) -> None:
    """First answers count however late they come: three seconds would measure the machine.

    Not for tests that kill the bot: whoever clicked would wait a minute for what cannot come.
    """
    monkeypatch.setattr("bot.rehearsal.world.FIRST_ANSWER_S", 60.0)


@pytest.fixture(autouse=True)
def no_heart_beats_on() -> Iterator[None]:
    """discord.py forgets the heart of a connection that ends while it is being made: it would beat in a later test."""
    yield
    if (gateway := sys.modules.get("discord.gateway")) is not None:
        for thread in threading.enumerate():
            if isinstance(thread, gateway.KeepAliveHandler):
                thread.stop()
