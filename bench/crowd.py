"""Many people at once: turns in many threads, through the real bot and real sockets, judged by the loopback's own log.

`python -m bench.crowd [--turns 50 --threads 10]` lets as many people as there are threads write, two in each thread, in
free order and all at once, with the paper-doll painter and the mini writer (or those of the options). It prints one
table, and says what was lost, doubled, crossed or out of order. Exit code 1 when anything was. With `--kills 5` the bot
is killed (kill -9) and started again five times while the turns are played, at moments drawn from `--seed`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.company import Company, Told, open_company
from bot.rehearsal import judge
from bot.rehearsal.players import readable
from bot.rehearsal.world import Channel

#: People and the character each of them brings. No name is part of another, nor a word of a story.
PEOPLE = ("Ada", "Bruno", "Chen", "Dagny", "Emil", "Farah", "Goran", "Hedda", "Ivo", "Jonna", "Kofi", "Lale")
CAST = ("Mirabel", "Oskar", "Xiulan", "Torvald", "Pippa", "Zaid", "Wanda", "Ulrik", "Quentin", "Viola", "Yusuf",
        "Rosalind")
LOOKS = ("a girl with red hair and a blue dress", "a brown bear", "a girl with black hair and glasses", "a grey cat",
         "a boy with blond hair", "an old man with a white beard", "a woman in a green coat", "a white rabbit",
         "a robot", "a girl with a yellow hat", "a boy in a striped t-shirt", "an orange fox")
DEEDS = ("finds a kite in the garden", "runs along the beach", "sits under a tree in the park", "waves to a bird",
         "looks for a lantern at night", "jumps over a puddle in the rain", "sleeps in the tent", "bakes a cake")


@dataclass(slots=True)
class Outcome:
    """What came of it. Times in seconds."""

    turns: int
    threads: int
    people: int
    lost: int = 0
    doubled: int = 0
    crossed: int = 0
    disordered: int = 0
    panels: int = 0
    kills: int = 0
    seconds: float = 0.0                       # from the first turn sent to the last panel
    acknowledged_s: list[float] = field(default_factory=list)      # the turns' own, sorted
    clicked_s: list[float] = field(default_factory=list)           # every interaction from then on, sorted
    waited_s: list[float] = field(default_factory=list)            # from a turn's words to its last panel, sorted
    requests: Counter[str] = field(default_factory=Counter)        # of the turns alone, by kind
    edits: Counter[str] = field(default_factory=Counter)           # of panels: "final", "preview", "waiting"
    judged: bool = False
    faults: list[str] = field(default_factory=list)


async def play_crowd(company: Company, *, turns: int, threads: int, kills: int = 0, seed: int = 0) -> Outcome:
    """Set up the stories in peace, then send every turn at once and wait for the last panel."""
    names = list(company.people)
    await asyncio.gather(*(company.character(name, CAST[index], LOOKS[index], "she" if index % 2 == 0 else "he")
                           for index, name in enumerate(names)))
    casts = [tuple(dict.fromkeys((names[i % len(names)], names[(i + 1) % len(names)]))) for i in range(threads)]
    places = [await company.story(f"Story number {number}", cast) for number, cast in enumerate(casts, 1)]
    await asyncio.sleep(0.5)

    first_line, begun = len(company.record.lines), time.monotonic()

    async def send(number: int) -> tuple[int, int]:
        thread = number % threads
        who = casts[thread][number // threads % len(casts[thread])]
        text = f"{CAST[names.index(who)]} {DEEDS[number % len(DEEDS)]}, and that is turn {number + 1}."
        return await company.send_turn(company.player(who, places[thread]), text), thread

    sent = dict(await asyncio.gather(*(send(number) for number in range(turns))))
    moments = random.Random(seed)
    for _ in range(kills):
        await asyncio.sleep(moments.uniform(0.0, 3.0))
        await company.start_again()
    try:
        await company.page(*sent, timeout_s=60 + 12 * turns)
    except Exception as error:                 # who is missing is told below, by the log
        print(error, file=sys.stderr)
    seconds = time.monotonic() - begun
    await asyncio.sleep(1.0)
    outcome = judge_crowd(company, sent, places, first_line)
    outcome.people, outcome.seconds, outcome.kills = len(names), seconds, kills
    return outcome


def judge_crowd(company: Company, sent: dict[int, int], places: Sequence[Channel], first_line: int) -> Outcome:
    """Compare the loopback's log with the list of turns that were sent (turn -> thread)."""
    outcome = Outcome(len(sent), len(places), 0, judged=company.loopback.description.on)
    lines = company.record.lines[first_line:]
    told = company.told(*sent)
    for turn_id, thread in sent.items():
        turn = told[turn_id]
        outcome.panels += sum(1 for index in turn.places if turn.pictures.get(index))
        outcome.lost += turn.answers == 0 or not turn.prose or not turn.places or set(turn.places) != set(turn.pictures)
        outcome.doubled += turn.answers > 1 or any(
            len(messages) > 1 for messages in (turn.quoted, turn.prose, *turn.places.values()))
        outcome.crossed += turn.channels != {places[thread].channel_id}
        outcome.faults += turn.faults(places[thread].channel_id)
    _crossed_by_name(outcome, company, places)
    _order(outcome, told, sent, len(places))
    _strangers(outcome, company, told, places)

    acts = {int(line["interaction"]): line["ms"] for line in lines if line["kind"] == "player"}
    for line in lines:
        if line["kind"] == "request":
            outcome.requests[judge._kind(line)] += 1
            if line.get("answer") and line["status"] < 300:
                outcome.clicked_s.append(line["ms_since_interaction"] / 1000)
                if int(line["interaction"]) in sent:
                    outcome.acknowledged_s.append(line["ms_since_interaction"] / 1000)
    panel_messages = {str(number) for turn in told.values() for each in turn.places.values() for number in each}
    for line in lines:
        if line["kind"] == "message" and line["op"] == "edit" and line["id"] in panel_messages:
            names = [judge.PANEL_FILE.match(each["name"]) for each in line["attachments"]]
            outcome.edits["waiting" if not names else "preview" if names[0] and names[0]["stage"] == "step"
                          else "final"] += 1
    for turn_id in sent:
        pictures = [seen.at_ms for each in told[turn_id].pictures.values() for seen in each]
        if pictures:
            outcome.waited_s.append((max(pictures) - acts[turn_id]) / 1000)
    found = judge.find(company.record, acknowledged_within_s=3.0)
    outcome.faults += found.failures
    for times in (outcome.acknowledged_s, outcome.clicked_s, outcome.waited_s):
        times.sort()
    return outcome


def _crossed_by_name(outcome: Outcome, company: Company, places: Sequence[Channel]) -> None:
    """Nobody who does not belong to a thread is spoken of in it, nor drawn in it (by the words of the picture)."""
    names = list(company.people)
    for thread, place in enumerate(places):
        own = {CAST[(thread + step) % len(names)].casefold() for step in (0, 1)}
        foreign = [name.casefold() for name in CAST[:len(names)] if name.casefold() not in own]
        for number in place.messages:
            message = company.world.messages[number]
            alts = " ".join(str(company.world.attachments[each].description or "") for each in message.attachments)
            text = f"{readable(company.world, message)} {alts}".casefold()
            if any(name in text for name in foreign):
                outcome.crossed += 1
                outcome.faults.append(f"a message of thread {thread + 1} speaks of somebody of another thread")


def _order(outcome: Outcome, told: dict[int, Told], sent: dict[int, int], threads: int) -> None:
    """In a thread one page follows the other, in the order of the words they answer."""
    for thread in range(threads):
        mine = [told[turn_id] for turn_id, of in sent.items() if of == thread]
        pages = [turn_id for _, turn_id in sorted((number, turn.turn_id) for turn in mine for number in turn.messages)]
        pages = [turn_id for at, turn_id in enumerate(pages) if at == 0 or pages[at - 1] != turn_id]
        words = [turn_id for _, turn_id in sorted((number, turn.turn_id) for turn in mine for number in turn.quoted)]
        if len(pages) != len(set(pages)):
            outcome.faults.append(f"the pages of thread {thread + 1} are mixed")
        elif pages != words:
            outcome.faults.append(f"the pages of thread {thread + 1} do not come in the order of the words")
        outcome.disordered += pages != words


def _strangers(outcome: Outcome, company: Company, told: dict[int, Told], places: Sequence[Channel]) -> None:
    """The bot wrote nothing in the threads but rosters, answers to interactions, prose and panels."""
    known = {number for turn in told.values() for number in turn.messages}
    for place in places:
        for number in place.messages[1:]:      # the first is the roster
            message = company.world.messages[number]
            if message.interaction_id is None and number not in known:
                outcome.faults.append(f"a message nobody asked for: {readable(company.world, message)[:80]!r}")


def part(times: Sequence[float], share: float) -> float:
    """The value below which this share of sorted times lies; 0 without any."""
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def table(outcome: Outcome) -> Table:
    """One table of it all."""
    made = Table("what", "measured", "remark", title=f"{outcome.turns} turns in {outcome.threads} threads at once"
                 + (f", the bot killed {outcome.kills} times" if outcome.kills else ""))
    made.add_row("turns lost", str(outcome.lost), f"of {outcome.turns}, by {outcome.people} people")
    made.add_row("doubled", str(outcome.doubled), "answers, words, prose or panels twice")
    made.add_row("crossed", str(outcome.crossed), "in another thread, or speaking of its people")
    made.add_row("out of order", str(outcome.disordered), "threads whose pages are mixed or not in the words' order")
    made.add_row("other faults", str(len(outcome.faults)), "listed below" if outcome.faults else
                 "every request valid" if outcome.judged else "requests not judged by Discord's own description")
    made.add_row("panels", str(outcome.panels), "one message each")
    for name, times in (("acknowledgement of a turn", outcome.acknowledged_s),
                        ("any acknowledgement", outcome.clicked_s), ("words to last panel", outcome.waited_s)):
        made.add_row(name, f"{part(times, 0.5):.3f} / {part(times, 0.99):.3f} / {times[-1] if times else 0:.3f} s",
                     f"p50 / p99 / slowest of {len(times)}")
    panels = max(1, outcome.panels)
    made.add_row("all of it", f"{outcome.seconds:.1f} s", f"{outcome.seconds / panels:.2f} s a panel")
    made.add_row("requests a panel", f"{sum(outcome.requests.values()) / panels:.2f}",
                 ", ".join(f"{kind} {count}" for kind, count in outcome.requests.most_common()))
    made.add_row("edits a panel", f"{sum(outcome.edits.values()) / panels:.2f}",
                 ", ".join(f"{count} {kind}" for kind, count in outcome.edits.most_common()))
    return made


async def crowd(home: Path, *, turns: int, threads: int, studio: dict[str, object] | None = None, kills: int = 0,
                seed: int = 0) -> Outcome:
    """A whole run in an empty folder."""
    if not 2 <= threads <= len(PEOPLE):
        raise SystemExit(f"between 2 and {len(PEOPLE)} threads")
    async with open_company(home, PEOPLE[:threads], studio=studio) as company:
        return await play_crowd(company, turns=turns, threads=threads, kills=kills, seed=seed)


def main() -> int:
    """Parse the command line, play, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--threads", type=int, default=10)
    parser.add_argument("--painter", default="theatre")
    parser.add_argument("--writer", default="mini")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 of the bot while the turns are played")
    parser.add_argument("--seed", type=int, default=0, help="draws the moments of the kills")
    parser.add_argument("--out", type=Path, default=None, help="keep messages.jsonl and bot.log in this empty folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home: Path = given.out or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(crowd(home, turns=given.turns, threads=given.threads, kills=given.kills, seed=given.seed,
                                    studio={"painter": given.painter, "writer": given.writer}))
    console = Console()
    console.print(table(outcome))
    for fault in outcome.faults[:40]:
        console.print(f"- {fault}", markup=False)
    return 1 if outcome.lost or outcome.doubled or outcome.crossed or outcome.disordered or outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
