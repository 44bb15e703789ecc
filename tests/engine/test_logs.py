"""Logs hold nobody's words: not in our lines, not in libraries', not in errors."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import textwrap

import pytest

from engine.logs import ERROR_MARK, Discreet

SECRET = "Zebulonia's secret"


def written(*calls: str) -> str:
    """What a process logs at DEBUG that does these things."""
    program = textwrap.dedent("""
        import asyncio, logging, sys, threading, warnings
        from engine.logs import open_logs
        SECRET = sys.argv[1]
        open_logs(logging.DEBUG)
    """) + "\n".join(textwrap.dedent(call) for call in calls)
    done = subprocess.run([sys.executable, "-c", program, SECRET], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return done.stderr


ERRORS = {
    "caught": "try:\n    raise KeyError(SECRET)\nexcept KeyError:\n"
              "    logging.getLogger('storythread').exception('oh')",
    "chained": "try:\n    try:\n        raise KeyError(SECRET)\n    except KeyError as e:\n"
               "        raise ValueError(SECRET) from e\n"
               "except ValueError:\n    logging.getLogger('storythread').exception('oh')",
    "uncaught": "raise RuntimeError(SECRET)",
    "in a thread": "def f():\n    raise RuntimeError(SECRET)\nt = threading.Thread(target=f)\nt.start()\nt.join()",
    "in a task": "async def f():\n    raise RuntimeError(SECRET)\nasync def g():\n    asyncio.create_task(f())\n"
                 "    await asyncio.sleep(0.01)\nasyncio.run(g())",
    "unraisable": "class A:\n    def __del__(self):\n        raise RuntimeError(SECRET)\na = A()\ndel a",
    "as an argument": "logging.getLogger('storythread').error('it was %s', RuntimeError(SECRET))",
    "in a library": "try:\n    raise KeyError(SECRET)\nexcept KeyError as e:\n"
                    "    logging.getLogger('dbos').error(f'failed: {e}', exc_info=True)",
}


@pytest.mark.parametrize("how", ERRORS)
def test_an_error_is_its_kind_and_its_places(how: str) -> None:
    text = written(ERRORS[how])
    assert SECRET not in text
    assert "Error" in text and "Traceback (most recent call last)" not in text
    if how != "as an argument":            # it was never raised: it has no places
        assert ERROR_MARK in text and ("<string>:" in text or ".py:" in text), text


def test_libraries_say_how_not_what() -> None:
    text = written("""
        for name in ("discord.http", "discord.gateway", "sqlalchemy.engine.Engine", "aiosqlite", "dbos", "asyncio"):
            other = logging.getLogger(name)
            other.debug("body %s", SECRET)
            other.info("body %s", SECRET)
            other.warning("body %s", SECRET)
            other.warning(f"body {SECRET}")
        warnings.warn(SECRET)
    """)
    assert SECRET not in text
    assert text.count("WARNING discord.http: body %s (<string>:") == 1
    assert text.count("WARNING dbos: (<string>:") == 1
    assert "DEBUG" not in text and "INFO" not in text


def test_our_own_lines_are_written_as_they_are() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Discreet("%(levelname)s %(name)s: %(message)s"))
    handler.handle(logging.makeLogRecord({"name": "engine.studio", "levelname": "INFO", "levelno": 20,
                                          "msg": "loaded in %.1f s", "args": (1.25,)}))
    assert out.getvalue() == "INFO engine.studio: loaded in 1.2 s\n"


def test_dbos_does_not_say_the_same_ten_times_a_second() -> None:
    said = written(
        "for _ in range(50):\n    logging.getLogger('dbos').warning('gone')\n"
        "    logging.getLogger('storythread').info('here')\n"
        "logging.getLogger('dbos').warning('another')\n")
    assert said.count(" dbos: ") == 2 and said.count("here") == 50
