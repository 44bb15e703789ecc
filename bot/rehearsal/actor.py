"""The bot under rehearsal: the real StoryBot in a process of its own, its client pointed at a loopback Discord.

Started by `rehearse.py` as `python -m bot.rehearsal.actor`, with `{"base_url": ..., "settings": {...}}` on standard
input. It registers the slash commands, then runs as `storythread bot` runs, until SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from bot.rehearsal.redirect import redirect_discord


def main() -> int:
    """Play the part given on standard input. Exit code 0 after a polite stop."""
    part: dict[str, Any] = json.load(sys.stdin)
    from engine.logs import open_logs
    from engine.settings import load_settings

    settings = load_settings(**part["settings"])
    open_logs(logging.getLevelNamesMapping()[settings.log_level])
    with redirect_discord(part["base_url"]):
        asyncio.run(_perform(settings))
    return 0


async def _perform(settings: Any) -> None:
    from bot.app import run_bot, sync_commands

    await sync_commands(settings)
    await run_bot(settings)


if __name__ == "__main__":
    sys.exit(main())
