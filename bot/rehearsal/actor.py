"""The bot under rehearsal: the real StoryBot in a process of its own, its client pointed at a loopback Discord.

Started by `troupe.py` as `python -m bot.rehearsal.actor`, with its part as JSON on standard input: `base_url`,
`settings`, and perhaps `crash`. It registers the slash commands, then runs as `storythread bot` runs, until SIGTERM.

With `--ready` it only gets everything imported, and then plays every part that comes as a line of standard input in a
fork of itself: a bot that is killed 300 times need not be imported 300 times. It answers with a line of JSON when a
part begins (`pid`) and when it ends (`pid`, `code`).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from bot.rehearsal.redirect import redirect_discord

#: What a bot imports sooner or later, imported before the forks.
EVERYTHING = ("bot.app", "bot.house", "bot.cogs.asking", "bot.cogs.branches", "bot.cogs.characters", "bot.cogs.guide",
              "bot.cogs.hearing", "bot.cogs.newcomers", "bot.cogs.pictures", "bot.cogs.places",
              "bot.cogs.putting_right", "bot.cogs.stories", "bot.cogs.texts", "bot.cogs.turns", "bot.cogs.why",
              "engine.store", "aiosqlite", "dbos")


def main() -> int:
    """Play the part given on standard input. Exit code 0 after a polite stop."""
    if "--ready" in sys.argv[1:]:
        return _play_on_demand()
    return _play(json.load(sys.stdin))


def _play(part: Mapping[str, Any]) -> int:
    from engine.logs import open_logs
    from engine.settings import load_settings

    settings = load_settings(**part["settings"])
    open_logs(logging.getLevelNamesMapping()[settings.log_level])
    if part.get("crash"):
        crash_at(part["crash"]["point"], part["crash"].get("pass", 1))
    with redirect_discord(part["base_url"]):
        asyncio.run(_perform(settings))
    return 0


def crash_at(point: str, nth: int = 1) -> None:
    """Kill this very process, as a power cut would, when a boundary of this name is passed for the n-th time."""
    from engine import boundaries

    left = nth

    def told(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    boundaries.listen(told)


async def _perform(settings: Any) -> None:
    from bot.app import run_bot, sync_commands

    await sync_commands(settings)
    await run_bot(settings)


def _play_on_demand() -> int:
    for name in EVERYTHING:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())      # what a bot prints goes into its log
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setsid()
                answers.close()
                code = _play(json.loads(line))
            except BaseException:
                logging.getLogger("storythread").exception("the actor")
            finally:
                os._exit(code)
        print(json.dumps({"pid": pid}), file=answers)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}), file=answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
