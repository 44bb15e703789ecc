"""What a panel asks of Discord: requests by route, and refused ones by ten minutes, counted from the loopback's record.

    python -m bench.asked [--turns 12]

Prints a Markdown table. The bot is the real one in its own process, with the mini writer and paper dolls; previews are
counted with a painter that has them (`--painter mini`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.company import Company, open_company
from bot.manners import INVALID_LIMIT, REFUSALS, WINDOW_S
from bot.rehearsal import judge
from bot.rehearsal.record import Line

ROUTES = {
    r"/interactions/\d+/.*callback$": "first answer to an interaction", r"/webhooks/": "follow-up or edit by token",
    r"/channels/\d+/messages$": "messages of a channel", r"/channels/\d+/messages/\d+$": "one message",
    r"/channels/\d+/typing$": "typing", r"/channels/\d+/messages/\d+/threads$|/channels/\d+/threads$": "open a thread",
    r"/channels/\d+$": "a channel", r"/cdn/": "attachment", r"": "everything else",
}


def by_route(lines: Sequence[Line]) -> Counter[str]:
    """How often each kind of route was asked, "POST messages of a channel" and so on."""
    found: Counter[str] = Counter()
    for line in lines:
        if line["kind"] == "request":
            name = next(name for pattern, name in ROUTES.items() if re.search(pattern, line["path"]))
            found[f"{line['method']} {name}"] += 1
    return found


def refused(lines: Sequence[Line], *, window_s: float = WINDOW_S) -> int:
    """The most requests answered with 401, 403 or 429 in any ten minutes."""
    moments = [line["ms"] / 1000 for line in lines if line["kind"] == "request" and line["status"] in REFUSALS]
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] < moment - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def panels(lines: Sequence[Line]) -> int:
    """Finished pictures shown."""
    return sum(not seen.preview for seen in judge.pictures(lines))


async def evening(company: Company, turns: int) -> Sequence[Line]:
    """Two stories, turn and turn about. Returns what the log says from their first turn on."""
    await company.character("Ada", "Mia", "a girl with red hair and a blue dress")
    places = [await company.story(title, ["Ada", "Bo"]) for title in ("The kite", "The boat")]
    began = len(company.record.lines)
    for number in range(turns):
        place = places[number % 2]
        turn_id = await company.send_turn(company.player("Bo" if number % 4 > 1 else "Ada", place),
                                          f"Mia runs to the park and counts to {number + 1}.")
        if number % 2:
            await company.page(turn_id, timeout_s=300)
    return company.record.lines[began:]


def table(lines: Sequence[Line]) -> str:
    """Requests a panel, by route, as Markdown."""
    count, found = panels(lines), by_route(lines)
    rows = [f"| {route} | {number} | {number / count:.2f} |" for route, number in found.most_common()]
    return "\n".join([
        "| route | requests | a panel |", "|---|---|---|", *rows,
        f"| **all, for {count} panels** | {sum(found.values())} | {sum(found.values()) / count:.2f} |",
        f"| refused (401, 403, 429) in ten minutes, of {INVALID_LIMIT} allowed | {refused(lines)} | |"])


async def _run(arguments: argparse.Namespace, home: Path) -> str:
    async with open_company(home, ["Ada", "Bo"], studio={"painter": arguments.painter}) as company:
        return table(await evening(company, arguments.turns))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.asked", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--painter", default="theatre")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(asyncio.run(_run(arguments, home)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
