"""Ten thousand turns: a crowd with one greedy person in it, through the real bot, judged by the loopback's own log.

`python -m bench.load [--turns 10000 --minutes 24]` lets ten people on three servers write whenever they please, whether
the bot keeps up or not (an open loop: Poisson arrivals, with a burst now and then). Nine of them are light; the tenth
asks for more than the studio could paint for all. Real are discord.py's client and its sockets, the bot's own process
and code, the studio's process, its pipe and its lane, SQLite and the durable workflows. Not real are the models: a stub
takes as long as mini was recorded to take, divided by `--speed` (bench/load_stub.py). First the nine write alone, so
that their waiting can be compared. One table is printed; exit code 1 when anything was lost, doubled, crossed or out of
order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.company import Company, Told, told
from bench.crowd import CAST, LOOKS, PEOPLE, part
from bot.rehearsal import judge
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import Player, words_of
from bot.rehearsal.record import Line
from bot.rehearsal.troupe import Troupe
from bot.rehearsal.world import Channel, Message

GREEDY = 0                                 # the first of the ten
LIGHT = 9
SERVERS = 3
#: Stories of the greedy one: turns of one story come one after another, so more of them ask for more at once.
GREEDY_STORIES = 4
#: A burst: so many times the usual arrivals, for so many seconds, once in so many on average.
BURST, BURST_S, BURST_EVERY_S = 5.0, 4.0, 60.0
#: Of what the studio can do, the nine together ask for this, and the greedy one for that.
LIGHT_SHARE, GREEDY_SHARE = 0.45, 0.9
#: Of all turns so many come before the greedy one does.
ALONE_SHARE = 0.08
SAMPLE_EVERY = 100                         # turns, between two looks at the bot's memory
WAITING = re.compile(r"is waiting: place (\d+), about (\d+) s")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody wants to write, so many seconds after the first."""

    at_s: float
    person: int


def arrivals(seed: int, rates: Sequence[float]) -> Sequence[Arrival]:
    """Who comes when in the next 10 minutes of a Poisson process with bursts; `rates` are by person, in 1/s."""
    lot = random.Random(seed)
    whole, now, burst_at, found = sum(rates), 0.0, lot.expovariate(1 / BURST_EVERY_S), []
    while now < 600 and whole > 0:
        if now > burst_at + BURST_S:
            burst_at = now + lot.expovariate(1 / BURST_EVERY_S)
        now += lot.expovariate(whole * (BURST if now >= burst_at else 1.0))
        found.append(Arrival(now, lot.choices(range(len(rates)), weights=rates)[0]))
    return found


@dataclass(slots=True)
class Sent:
    """A turn that was taken."""

    turn_id: int
    person: int
    place: int                             # index into the stories
    alone: bool                            # before the greedy one came
    at: float


@dataclass(slots=True)
class Sample:
    """How the bot's process is, after so many turns."""

    turns: int
    rss_mib: float
    own_mib: float                         # of that, what is no file's: heaps and stacks
    handles: int                           # but for those of the database, whose pool fills up
    database_handles: int
    threads: int
    cpu_s: float
    stored_bytes: int


@dataclass(slots=True)
class Outcome:
    """What came of it. Times in seconds, sorted."""

    turns: int = 0
    refused: Counter[str] = field(default_factory=Counter)       # by person and reason
    asked: Counter[int] = field(default_factory=Counter)         # by person, while the greedy one was there
    done: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    panels: int = 0
    seconds: float = 0.0
    acknowledged_s: list[float] = field(default_factory=list)
    waits_s: dict[str, list[float]] = field(default_factory=dict)          # "alone", "light", "greedy"
    by_person_s: dict[int, list[float]] = field(default_factory=dict)      # of the light ones, beside the greedy one
    promised: list[tuple[float, float]] = field(default_factory=list)      # (told, real)
    samples: list[Sample] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    judged: bool = False
    requests: Counter[str] = field(default_factory=Counter)

    @property
    def fairness(self) -> float:
        """Jain's index of what each got of what was their due: 1 when everybody got their max-min fair share."""
        due = fair_shares(self.asked, sum(self.done.values()))
        got = [self.done[person] / due[person] for person in due if due[person]]
        return jain(got)

    @property
    def even_waits(self) -> float:
        """Jain's index of how long each light user waited on average, beside the greedy one."""
        return jain([statistics.mean(times) for times in self.by_person_s.values() if times])


def jain(values: Sequence[float]) -> float:
    """1 when all are equal, 1/n when one has everything (Jain, Chiu and Hawe, 1984)."""
    squares = len(values) * sum(each**2 for each in values)
    return sum(values)**2 / squares if squares else 1.0


def fair_shares(asked: Counter[int], whole: float) -> dict[int, float]:
    """The max-min fair parts of `whole`: nobody more than they asked, the rest evenly among those who want more."""
    due: dict[int, float] = {}
    left = dict(asked)
    while left:
        even = (whole - sum(due.values())) / len(left)
        content = {person: count for person, count in left.items() if count <= even}
        if not content:
            return due | dict.fromkeys(left, even)
        due |= content
        left = {person: count for person, count in left.items() if person not in content}
    return due


class Crowd:
    """Ten people, their stories, and what the log says of them. Keeps of the log only what the judge needs."""

    def __init__(self, loopback: Loopback, troupe: Troupe, data: Path, *, light: int = LIGHT,
                 greedy_stories: int = GREEDY_STORIES) -> None:
        self.loopback, self.troupe, self.data = loopback, troupe, data
        self.light, self.greedy_stories = light, greedy_stories
        self.record, self.world = loopback.record, loopback.world
        self.companies = [Company(loopback, troupe, {}, PEOPLE[server:light + 1:SERVERS]) for server in range(SERVERS)]
        for company in self.companies:
            self.record.listeners.remove(company._listen)
        self.stories: list[list[int]] = []     # by person
        self.places: list[Channel] = []
        self.rosters: list[Message] = []
        self.sent: dict[int, Sent] = {}
        self.finished: dict[int, float] = {}   # turn -> when its last picture came
        self.first: dict[int, float] = {}      # turn -> when its first picture came
        self.failed: Counter[str] = Counter()
        self.lines: list[Line] = []
        self.waiting_told: dict[int, list[tuple[float, float]]] = defaultdict(list)      # message -> (when, seconds)
        self.outcome = Outcome(judged=loopback.description.on)
        self.record.listeners.append(self._listen)
        self._next: Counter[int] = Counter()
        self._private: dict[int, str] = {}     # interaction -> what only its person was told about it

    # --- setting up --------------------------------------------------------------------------------

    async def set_up(self) -> None:
        """Everybody registers a character and starts their stories, in peace."""
        for person in range(self.light + 1):
            company, name = self._of(person)
            await company.character(name, CAST[person], LOOKS[person])
            mine = []
            for number in range(self.greedy_stories if person == GREEDY else 1):
                place = await company.story(f"{name} tells {number + 1}", [name])
                mine.append(len(self.places))
                self.places.append(place)
                self.rosters.append(self.world.messages[place.messages[0]])
            self.stories.append(mine)

    def _of(self, person: int) -> tuple[Company, str]:
        return self.companies[person % SERVERS], PEOPLE[person]

    # --- the crowd ---------------------------------------------------------------------------------

    async def arrive(self, person: int, *, alone: bool) -> None:
        """One click on Take turn, and the form. Never waits for anything but the two answers."""
        self._next[person] += 1
        number = self._next[person]
        story = self.stories[person][number % len(self.stories[person])]
        company, name = self._of(person)
        player = Player(self.loopback, company.people[name], self.places[story])
        if not alone:
            self.outcome.asked[person] += 1
        try:
            opened = await player.click("Take turn", on=self.rosters[story], timeout_s=30.0)
            if opened.modal is None:
                self._refused(person, opened.original_id)
                return
            at = time.monotonic()
            sent = await player.submit(opened, {"text": f"{CAST[person]} waves, for the {number}th time, and runs on."})
            answer = self.world.messages.get(sent.original_id or 0)
            if answer is not None and answer.only_for is not None:
                self._refused(person, sent.original_id)
            else:
                self.sent[sent.interaction_id] = Sent(sent.interaction_id, person, story, alone, at)
        except Exception as error:             # told at the end; the others go on
            self.outcome.faults.append(f"{name} could not write: {type(error).__name__}")

    def _refused(self, person: int, answer: int | None) -> None:
        message = self.world.messages.get(answer or 0)
        self._count_refusal(person, words_of(message) if message is not None else "no answer")

    def _count_refusal(self, person: int, said: str) -> None:
        words = " ".join(said.split("\n")[0].split())
        who = "greedy" if person == GREEDY else "light"
        self.outcome.refused[f"{who}: {re.sub(r'about [0-9]+', 'about N', words)}"] += 1

    # --- listening ---------------------------------------------------------------------------------

    def _listen(self, line: Line) -> None:
        if line["kind"] == "violation":
            self.outcome.faults.append("Discord would not have it: " + " ".join(
                str(line[key]) for key in ("what", "label", "method", "path", "problem") if line.get(key)))
        elif line["kind"] == "request":
            self.outcome.requests[judge._kind(line)] += 1
            if line["status"] == 429:
                self.outcome.requests["429"] += 1
            if line.get("answer") and line["status"] < 300:
                self.outcome.acknowledged_s.append(line["ms_since_interaction"] / 1000)
                self.lines.append({key: line[key] for key in ("kind", "answer", "status", "interaction")})
        elif line["kind"] == "message" and line["op"] in ("create", "edit"):
            self._listen_to_message(line)

    def _listen_to_message(self, line: Line) -> None:
        now = time.monotonic()
        pictures = [match for each in line["attachments"] if (match := judge.PANEL_FILE.match(each["name"]))]
        if line["only_for"] is not None and line["interaction"] is not None and line["texts"]:
            self._private[int(line["interaction"])] = " ".join(line["texts"])
        if line["op"] == "create" or pictures:
            self.lines.append({key: line[key] for key in (
                "kind", "op", "id", "channel", "interaction", "only_for", "nonce", "ms", "alt")} | {
                    "texts": (), "attachments": [{"name": each["name"], "alt": ""} for each in line["attachments"]]})
        for match in pictures:
            if match["stage"] != "step":
                self.first.setdefault(int(match["turn"]), now)
                if "Undo" in line["buttons"]:
                    self.finished.setdefault(int(match["turn"]), now)
                    for told_at, seconds in self.waiting_told.pop(int(line["id"]), ()):
                        self.outcome.promised.append((seconds, now - told_at))
        if not pictures and (match := WAITING.search(" ".join(line["texts"]))):
            self.waiting_told[int(line["id"])].append((now, float(match[2])))
        if not pictures and any("did not work out" in text for text in line["texts"]):
            self.failed[" ".join(line["texts"])[:80]] += 1

    def drop_refused(self) -> None:
        """Take out what looked like a turn and was refused a moment later, in private and with the words given back."""
        for turn_id in self.sent.keys() & self._private.keys():
            self._count_refusal(self.sent.pop(turn_id).person, self._private[turn_id])

    def tidy(self) -> None:
        """Forget what nobody asks for any more: the log, and what messages looked like before."""
        self.record.lines.clear()
        self.world.modals.clear()
        old = list(self.world.attachments.values())[:-400]
        for attachment in old:
            attachment.data = b""
        for message in list(self.world.messages.values())[-2000:-400]:
            del message.history[:-1]

    # --- measuring ---------------------------------------------------------------------------------

    def sample(self) -> None:
        pid = self.troupe.pid
        if pid is None:
            return
        process = psutil.Process(pid)
        with process.oneshot():
            used = process.cpu_times()
            stored = sum(path.stat().st_size for path in self.data.rglob("*") if path.is_file())
            database = sum(".sqlite" in each.path for each in process.open_files())
            self.outcome.samples.append(Sample(
                len(self.finished), process.memory_info().rss / 2**20, _own_mib(pid), process.num_fds() - database,
                database,
                process.num_threads(), used.user + used.system, stored))


async def play(crowd: Crowd, *, turns: int, minutes: float, rate: float, seed: int) -> Outcome:
    """`rate`: what the studio can do, in turns a second."""
    began = time.monotonic()
    ends_at = began + 60 * minutes
    light, greedy = LIGHT_SHARE * rate / crowd.light, GREEDY_SHARE * rate
    tasks: set[asyncio.Task[None]] = set()
    sampled = 0
    for alone, wanted, rates in ((True, max(crowd.light, round(ALONE_SHARE * turns)), [0.0] + [light] * crowd.light),
                                 (False, turns, [greedy] + [light] * crowd.light)):
        round_, start = 0, time.monotonic()
        coming = iter(arrivals(seed, rates))
        while len(crowd.sent) < wanted and time.monotonic() < ends_at:
            arrival = next(coming, None)
            if arrival is None:
                round_ += 1
                start, coming = time.monotonic(), iter(arrivals(seed + round_, rates))
                continue
            await asyncio.sleep(max(0.0, start + arrival.at_s - time.monotonic()))
            task = asyncio.create_task(crowd.arrive(arrival.person, alone=alone))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if len(crowd.finished) >= sampled + SAMPLE_EVERY:
                sampled = len(crowd.finished)
                crowd.sample()
                crowd.tidy()
        if tasks:
            await asyncio.wait(tasks)
        if alone:                              # let the studio come to rest before the greedy one comes
            await _until_done(crowd, 60)
            crowd.sample()
    await _until_done(crowd, 120)
    await asyncio.sleep(0.5)
    crowd.sample()
    return judge_all(crowd, time.monotonic() - began)


async def _until_done(crowd: Crowd, within_s: float) -> None:
    """Wait until every turn that was taken has its last picture, or nothing has come for so long."""
    before, since = -1, time.monotonic()
    while set(crowd.sent) - set(crowd.finished) - set(crowd._private) and time.monotonic() - since < within_s:
        if len(crowd.finished) != before:
            before, since = len(crowd.finished), time.monotonic()
        await asyncio.sleep(0.1)


def judge_all(crowd: Crowd, seconds: float) -> Outcome:
    """Compare the loopback's log with the list of turns that were taken.

    Where the bot had to think for a moment the form was answered with a nod, and then with a refusal: no turn either.
    """
    crowd.drop_refused()
    outcome = crowd.outcome
    outcome.turns, outcome.seconds = len(crowd.sent), seconds
    stories = told(crowd.lines, crowd.sent)
    for turn_id, sent in crowd.sent.items():
        one = stories[turn_id]
        outcome.panels += sum(1 for index in one.places if one.pictures.get(index))
        outcome.lost += one.answers == 0 or not one.prose or not one.places or set(one.places) != set(one.pictures)
        outcome.doubled += one.answers > 1 or any(
            len(messages) > 1 for messages in (one.quoted, one.prose, *one.places.values()))
        outcome.faults += one.faults(crowd.places[sent.place].channel_id)
        if turn_id in crowd.finished and not sent.alone:
            outcome.done[sent.person] += 1
        if turn_id in crowd.first:
            group = "alone" if sent.alone else "greedy" if sent.person == GREEDY else "light"
            outcome.waits_s.setdefault(group, []).append(crowd.first[turn_id] - sent.at)
            if group == "light":
                outcome.by_person_s.setdefault(sent.person, []).append(crowd.first[turn_id] - sent.at)
    outcome.faults += [f"{count} times: {words}" for words, count in crowd.failed.items()]
    outcome.disordered = sum(_disordered([stories[turn_id] for turn_id, sent in crowd.sent.items()
                                          if sent.place == place]) for place in range(len(crowd.places)))
    outcome.acknowledged_s.sort()
    for times in outcome.waits_s.values():
        times.sort()
    return outcome


def _disordered(turns: Sequence[Told]) -> bool:
    """Whether the pages of a story do not stand one after the other, in the order of the words they answer."""
    words = [turn_id for _, turn_id in sorted((min(turn.quoted), turn.turn_id) for turn in turns if turn.quoted)]
    marks = sorted((number, turn.turn_id) for turn in turns for number in turn.messages)
    pages: list[int] = []
    for _, turn_id in marks:
        if not pages or pages[-1] != turn_id:
            pages.append(turn_id)
    return pages != words


# --- telling -----------------------------------------------------------------------------------------

def _own_mib(pid: int) -> float:
    """Memory of a process that belongs to no file, in MiB (Linux; 0 elsewhere)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1024


def slope(samples: Sequence[Sample], of: Callable[[Sample], float], *, since: float = 0.2) -> float:
    """How much something grows in 1,000 turns, by least squares over the samples after that part of the run."""
    late = samples[round(len(samples) * since):]
    if len(late) < 3 or late[0].turns == late[-1].turns:
        return 0.0
    return 1000 * statistics.linear_regression([each.turns for each in late], [of(each) for each in late]).slope


def _cpu_ms_a_turn(samples: Sequence[Sample], first: bool) -> float:
    """Processor time of the bot's process a turn, in the first or last fifth of the run."""
    piece = max(2, len(samples) // 5)
    some = samples[:piece] if first else samples[-piece:]
    return 1000 * (some[-1].cpu_s - some[0].cpu_s) / max(1, some[-1].turns - some[0].turns)


def table(outcome: Outcome, speed: float) -> Table:
    """One table of it all."""
    made = Table("what", "measured", "remark", title=f"{outcome.turns} turns on {SERVERS} servers, "
                 f"the stub studio {speed:g} times as fast as mini was")
    made.add_row("lost, doubled, out of order", f"{outcome.lost}, {outcome.doubled}, {outcome.disordered}",
                 "turns, turns, stories")
    made.add_row("other faults", str(len(outcome.faults)), "listed below" if outcome.faults else
                 "every request valid" if outcome.judged else "requests not judged by Discord's own description")
    made.add_row("all of it", f"{outcome.seconds / 60:.1f} min", f"{outcome.panels} panels, "
                 f"{outcome.turns / max(1, outcome.seconds):.2f} turns/s")
    times = outcome.acknowledged_s
    made.add_row("acknowledgement", _three(times), f"p50 / p99 / max of {len(times)} clicks and forms")
    late = sum(each > 3 for each in times)
    made.add_row("... later than 3 s", f"{late}", f"{100 * late / max(1, len(times)):.3f} %")
    for group, remark in (("alone", "light users before the greedy one came"), ("light", "light users beside them"),
                          ("greedy", "the greedy one")):
        made.add_row(f"words to first picture, {group}", _three(outcome.waits_s.get(group, [])),
                     f"p50 / p99 / max; {remark}, {len(outcome.waits_s.get(group, []))} turns")
    made.add_row("Jain's index", f"{outcome.fairness:.4f}, {outcome.even_waits:.4f}",
                 "of what each got of their max-min fair share; of the light users' mean waits")
    greedy = sum(count for words, count in outcome.refused.items() if words.startswith("greedy"))
    made.add_row("refused", f"{greedy} greedy, {sum(outcome.refused.values()) - greedy} light",
                 f"of {outcome.asked[GREEDY]} and {sum(outcome.asked.values()) - outcome.asked[GREEDY]} that came")
    if outcome.promised:
        off = sorted(abs(real - told) for told, real in outcome.promised)
        share = sum(real <= told + 2 for told, real in outcome.promised) / len(off)
        made.add_row("queue: told and real wait", f"{part(off, .5):.1f} / {part(off, .9):.1f} s apart",
                     f"p50 / p90 of {len(off)} promises; {100 * share:.0f} % came at most 2 s later than told")
    samples = outcome.samples
    if len(samples) > 2:
        fifths = [f"{samples[round(part * (len(samples) - 1) / 5)].rss_mib:.0f}" for part in range(6)]
        made.add_row("memory of the bot", f"{slope(samples, lambda each: each.rss_mib):+.2f} MiB/1,000 turns",
                     f"{', '.join(fifths)} MiB from fifth to fifth of the run")
        made.add_row("... its own, in no file", f"{slope(samples, lambda each: each.own_mib, since=.5):+.2f} MiB/1,000 "
                     "turns", "over the last half; all of it then "
                     f"{slope(samples, lambda each: each.rss_mib, since=.5):+.2f}; own from fifth to fifth "
                     + ", ".join(f"{samples[round(part * (len(samples) - 1) / 5)].own_mib:.0f}" for part in range(6)))
        made.add_row("handles, threads", f"{samples[0].handles} to {samples[-1].handles}, "
                     f"{samples[0].threads} to {samples[-1].threads}",
                     f"{slope(samples, lambda each: float(each.handles)):+.2f} handles/1,000 turns; besides "
                     f"{samples[0].database_handles} to {samples[-1].database_handles} of the database's pool")
        made.add_row("stored", f"{slope(samples, lambda each: each.stored_bytes / 2**10) / 1000:.1f} KiB/turn",
                     "database, workflows and pictures")
        made.add_row("processor time of the bot", f"{_cpu_ms_a_turn(samples, True):.0f} ms a turn at first, "
                     f"{_cpu_ms_a_turn(samples, False):.0f} at last", "user and system, first and last fifth")
    made.add_row("requests a turn", f"{sum(outcome.requests.values()) / max(1, outcome.turns):.2f}",
                 ", ".join(f"{kind} {count}" for kind, count in outcome.requests.most_common(5)))
    return made


def _three(times: Sequence[float]) -> str:
    return f"{part(times, .5):.3f} / {part(times, .99):.3f} / {times[-1] if times else 0:.3f} s"


@contextlib.asynccontextmanager
async def open_crowd(home: Path, *, speed: float, profile: Path | None = None, light: int = LIGHT,
                     greedy_stories: int = GREEDY_STORIES) -> AsyncIterator[Crowd]:
    """The bot is there and everybody has a story. `home` exists and is empty."""
    async with Loopback(message_content=False) as loopback:
        settings: dict[str, Any] = {
            "home": str(home / "data"), "master_key_file": str(home / "master.key"), "studio": {"threads": 1},
            "discord": {"token": loopback.world.token},
            "limits": {"daily_panels": 10**6, "server_daily_panels": 10**6}}
        os.environ["STUB_SPEED"] = str(speed)
        os.environ["STUB_PROFILE"] = str(profile or "")
        with (home / "bot.log").open("wb") as log:
            troupe = Troupe(loopback, settings, log, command=(sys.executable, "-m", "bench.load_stub", "bot"))
            try:
                crowd = Crowd(loopback, troupe, home / "data", light=light, greedy_stories=greedy_stories)
                await troupe.start()
                await crowd.set_up()
                crowd.tidy()
                crowd.outcome.requests.clear()
                crowd.outcome.acknowledged_s.clear()
                crowd.sample()
                yield crowd
            finally:
                await troupe.close()


def main() -> int:
    """Parse the command line, play, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=24.0, help="send nothing more after so long")
    parser.add_argument("--speed", type=float, default=8.0, help="how many times as fast as mini the stub is")
    parser.add_argument("--rate", type=float, default=4.0, help="turns a second the studio can do at that speed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", type=Path, default=None, help="a cProfile of the bot's process goes here")
    parser.add_argument("--out", type=Path, default=None, help="keep the bot's log and data in this empty folder")
    given = parser.parse_args()

    async def run(home: Path) -> Outcome:
        async with open_crowd(home, speed=given.speed, profile=given.profile) as crowd:
            return await play(crowd, turns=given.turns, minutes=given.minutes, rate=given.rate, seed=given.seed)

    with tempfile.TemporaryDirectory() as folder:
        home: Path = given.out or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(run(home))
    console = Console(width=160)
    console.print(table(outcome, given.speed))
    for words, count in outcome.refused.most_common(8):
        console.print(f"- refused {count} times, {words}", markup=False)
    for fault, count in Counter(re.sub(r"\d{6,}", "N", fault) for fault in outcome.faults).most_common(20):
        console.print(f"- {count} times: {fault}", markup=False)
    return 1 if outcome.lost or outcome.doubled or outcome.disordered or outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
