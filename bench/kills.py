"""Kills: the bot killed with SIGKILL at random instants, with several stories and registrations going on.

    python -m bench.kills --kills 300 --seed 7        # random instants
    python -m bench.kills --points                    # every named boundary once (engine/boundaries.py)

The bot is the real one, in a process of its own on a loopback Discord; its studio is a process too, with the mini
writer and paper dolls. The judge is the loopback's log against the list of turns that were acknowledged to people:
nothing lost, doubled or out of order. Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from bench.company import PANELS_A_TURN, Company, Told, open_company
from bot.rehearsal import judge
from bot.rehearsal.players import CannotDo, File, NotSeen, readable
from bot.rehearsal.record import Line
from bot.rehearsal.understudies import Understudies
from bot.rehearsal.world import Channel, Interaction
from bot.stage import nonce_of
from engine import boundaries

WRITERS = ("Ada", "Bo", "Cleo", "Dan")
STORIES = 4
#: Who registers characters, so many each: after that the next person does.
REGISTRARS = tuple(f"Parent {number}" for number in range(1, 9))
CHARACTERS_EACH = 12
PLACES = ("garden", "park", "beach", "kitchen", "forest", "bedroom", "castle", "snow")
DEEDS = ("finds a kite", "runs to a friend", "waves to a bird", "reads a book", "jumps over a puddle", "sings a song")
#: Seconds a bot lives before it is killed: any instant of its start, of going on, of new turns.
LONGEST_LIFE_S = 6.0
#: What a start takes on a quiet core, by which the machine is measured.
QUIET_START_S = 0.8
MESSAGE, QUIET, UPDATE = 4, 6, 7           # kinds of first answers


@dataclass(slots=True)
class Tally:
    """What people did, and what was acknowledged to them."""

    turns: dict[int, int] = field(default_factory=dict)        # interaction -> channel: acknowledged
    unsure: dict[int, int] = field(default_factory=dict)       # sent, and never answered
    redraws: dict[int, tuple[int, int]] = field(default_factory=dict)   # interaction -> turn and panel redrawn
    cards: dict[str, str] = field(default_factory=dict)        # character -> whose: the card was shown
    kept: set[str] = field(default_factory=set)                # "is ready" was shown
    tried: int = 0                                             # registrations begun


@dataclass(slots=True)
class Findings:
    """What the log says of it."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.out_of_order, *self.other]


class Evening:
    """Several stories and registrations at once, by people who do not know that the bot is being killed."""

    def __init__(self, company: Company, rng: random.Random) -> None:
        self.company, self.rng, self.tally = company, rng, Tally()
        self.threads: list[Channel] = []
        self.going_on = asyncio.Event()
        self.pond: Channel | None = None                       # a story of its own, for questions
        self._number = 0

    async def open(self, stories: int = STORIES) -> None:
        """Characters and stories, made in peace."""
        for name, kind in zip(WRITERS[:stories], ("Mia", "Tom", "Eva", "Max"), strict=False):
            await self.company.character(name, kind, "a girl with red hair and a blue dress")
        for number in range(stories):
            one, other = WRITERS[number], WRITERS[(number + 1) % len(WRITERS)]
            self.threads.append(await self.company.story(f"Story {number + 1}", [one, other]))

    # --- a story -----------------------------------------------------------------------------------

    def words(self) -> str:
        """A turn nobody has written before, somewhere else than the last."""
        self._number += 1
        who = self.rng.choice(("Mia", "Tom", "Eva", "Max", "She"))
        place, deed = PLACES[self._number % len(PLACES)], self.rng.choice(DEEDS)
        return f"{who} {deed} in the {place}, for the {self._number}. time."

    async def write(self, place: Channel, *, patience_s: float = 10.0) -> int | None:
        """One turn: by form or as a page of the bot. Returns its id once it is acknowledged, else None."""
        player = self.company.player(self.rng.choice(WRITERS), place)
        if player.person.user_id not in place.thread_members:
            player = self.company.player(WRITERS[self.threads.index(place)], place)
        try:
            if self.rng.random() < 0.15:
                item = await player.click("Next page", patience_s=patience_s)
            else:
                opened = await player.click("Take turn", patience_s=patience_s)
                if opened.modal is None:
                    return None
                item = await player.submit(opened, {"text": self.words()})
        except (CannotDo, NotSeen):
            return None
        return await self._acknowledged(item, place)

    async def _acknowledged(self, item: Interaction, place: Channel) -> int | None:
        """Look at the answer, not at the bot: a private one is a refusal, one for all, or a nod, takes the turn."""
        world, number = self.company.world, item.interaction_id

        def said() -> bool | None:
            for line in reversed(self.company.record.lines):
                if line["kind"] == "message" and line.get("interaction") == str(number):
                    return line["only_for"] is None
            return None

        if item.answer_kind == QUIET:          # the words, or a refusal, follow; a kill may come between
            taken = await world.until(said, 3.0)
            if taken is None:
                taken = True
        elif item.answer_kind == MESSAGE:
            taken = bool(said())
        else:
            self.tally.unsure[number] = place.channel_id
            return None
        if not taken:
            return None
        self.tally.turns[number] = place.channel_id
        return number

    async def tell(self, place: Channel) -> None:
        """Write turn after turn, with one or two of them waiting."""
        while True:
            await self.going_on.wait()
            turn_id = await self.write(place)
            if turn_id is None:
                await asyncio.sleep(0.2)
                continue
            if self.rng.random() < 0.6:
                with contextlib.suppress(NotSeen):
                    await self.company.page(turn_id, timeout_s=30)
                    if self.rng.random() < 0.25:
                        await self.redraw(place, turn_id)

    async def redraw(self, place: Channel, turn_id: int) -> None:
        """A picture once more."""
        player, world = self.company.player(WRITERS[self.threads.index(place)], place), self.company.world
        for message in reversed(player.seen()):
            panel = judge.panel_in(world, message)
            if panel is not None and panel[0] == turn_id:
                with contextlib.suppress(CannotDo):
                    item = await player.click("Redraw", on=message)
                    if item.answer_kind == QUIET and not item.followups:
                        self.tally.redraws[item.interaction_id] = panel[0], panel[1]
                return

    # --- registrations -----------------------------------------------------------------------------

    async def register(self, number: int) -> None:
        """A character, from words or from a photo, until it is kept; whoever hears nothing does it again."""
        owner, name = REGISTRARS[number // CHARACTERS_EACH % len(REGISTRARS)], f"Pet {number}"
        player = self.company.player(owner)
        given: dict[str, Any] = {"name": name, "pronouns": "it", "description": "a small brown dog"}
        if number % 2:
            given |= {"photo": File("pet.png", photo(number), "image/png"), "consent": "not_a_person"}
        self.tally.tried += 1
        for _ in range(40):
            await self.going_on.wait()
            since = self.company.record.now_ms()
            with contextlib.suppress(CannotDo, NotSeen):
                await player.command("/character show" if name in self.tally.cards else "/character add",
                                     **({"name": name} if name in self.tally.cards else given))
                shown = await player.see(name, private=True, timeout_s=4, since_ms=since)
                said = readable(self.company.world, shown)
                if "is this" in said or "is ready" in said:
                    self.tally.cards[name] = owner
                elif name.casefold() in said:              # it was kept, though the card did not come
                    self.tally.cards[name] = owner
                    continue
                if "is ready" in said:
                    self.tally.kept.add(name)
                    return
                await player.click("Keep", on=shown)
                await player.see(f"{name} is ready", private=True, timeout_s=4, since_ms=since)
                self.tally.kept.add(name)
                return
            await asyncio.sleep(0.2)

    async def register_all(self) -> None:
        number = 0
        while True:
            await self.register(number)
            number += 1
            await asyncio.sleep(self.rng.uniform(0.1, 1.0))

    async def check_registrations(self) -> list[str]:
        """Ask, as a person would: everybody is in the list once, and those kept wait for nothing."""
        found = []
        for owner in dict.fromkeys(self.tally.cards.values()):
            player = self.company.player(owner)
            since = self.company.record.now_ms()
            await player.command("/character list")
            page = readable(self.company.world, await player.see("Pet", private=True, since_ms=since))
            listed = [line.split()[0] for line in page.split("pet ")[1:]]
            for name in [name for name, whose in self.tally.cards.items() if whose == owner]:
                number = name.split()[1]
                if listed.count(number) != 1:
                    found.append(f"{name} is listed {listed.count(number)} times")
        return found


def photo(number: int) -> bytes:
    """A made picture of something brown on green, PNG."""
    rng = random.Random(number)
    picture = Image.new("RGB", (160, 160), (90, 150, 80))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 50, 120, 130), fill=(120 + rng.randrange(30), 80, 40))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


# --- the judge ---------------------------------------------------------------------------------------

def judged(company: Company, tally: Tally) -> Findings:
    """Read the log: every acknowledged turn once, whole, and in the order in which the words stand in the thread."""
    found = Findings()
    told = company.told(*tally.turns, *tally.unsure)
    for turn_id, channel in tally.turns.items():
        for fault in told[turn_id].faults(channel):
            _sort(found, fault)
    for turn_id, channel in tally.unsure.items():      # nobody was promised anything; but if it came, it came once
        turn = told[turn_id]
        if turn.prose:
            for fault in turn.faults(channel):
                if "answered" not in fault:
                    _sort(found, fault)
    for channel in {*tally.turns.values()}:
        # Words that a crash kept back stand just before their page: they say nothing of when they were taken.
        turns = sorted((turn for turn_id, turn in told.items() if turn.quoted and turn.prose and not turn.late
                        and {**tally.unsure, **tally.turns}[turn_id] == channel), key=lambda turn: turn.quoted[0])
        prose = [turn.prose[0] for turn in turns]
        if prose != sorted(prose):
            found.out_of_order.append(f"the pages of {channel} did not come in the order of the turns")
    for turn_id, index in tally.redraws.values():
        versions = {seen.version for seen in told[turn_id].pictures.get(index, ())} if turn_id in told else {2}
        if max(versions, default=1) < 2:
            found.lost.append(f"a redraw of {turn_id}.{index} never came")
    return found


def _sort(found: Findings, fault: str) -> None:
    if "out of order" in fault:
        found.out_of_order.append(fault)
    elif any(word in fault for word in ("has 0 messages", "no panel", "no final picture", " 0 messages of prose",
                                        "shown 0 times", "answered 0 times")):
        found.lost.append(fault)
    elif any(word in fault for word in ("messages", "times")):
        found.doubled.append(fault)
    else:
        found.other.append(fault)


def open_turns(company: Company, tally: Tally) -> dict[int, Told]:
    """Turns acknowledged of which the last picture has not come."""
    told = company.told(*tally.turns)
    return {turn_id: turn for turn_id, turn in told.items()
            if not turn.prose or not turn.places or set(turn.places) != set(turn.pictures)}


# --- random instants ---------------------------------------------------------------------------------

class FirstSteps:
    """Watches the log for the first thing a new bot does for a turn that an old one had left open."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._nonces: set[str] = set()
        self._turns: set[int] = set()
        self._since = 0.0
        self.seconds: list[float] = []
        self.unseen = 0                        # nothing was open, or the next kill came before
        company.record.listeners.append(self._look)

    def restarted(self, waiting: Sequence[int]) -> None:
        self.unseen += bool(self._turns)
        self._turns = set(waiting)
        self._since = time.monotonic()
        self._nonces = {nonce_of(f"{turn}-step") for turn in waiting} | {
            nonce_of(f"{turn}-step.{index}") for turn in waiting for index in range(PANELS_A_TURN)} | {
            nonce_of("turn", str(turn)) for turn in waiting}

    def _look(self, line: Line) -> None:
        if not self._turns or line["kind"] != "message" or line.get("op") not in ("create", "edit"):
            return
        files = [judge.PANEL_FILE.match(each["name"]) for each in line.get("attachments", ())]
        if line.get("nonce") in self._nonces or any(match and int(match["turn"]) in self._turns for match in files):
            self.seconds.append(time.monotonic() - self._since)
            self._turns = set()


async def random_kills(company: Company, kills: int, seed: int, *, longest_life_s: float = LONGEST_LIFE_S,
                       stories: int = STORIES, settle_s: float = 180.0) -> dict[str, Any]:
    """Kill the bot at random instants while people write and register; then let it finish, and judge."""
    rng = random.Random(seed)
    evening = Evening(company, rng)
    await evening.open(stories)
    evening.going_on.set()
    people = [asyncio.create_task(evening.tell(place)) for place in evening.threads]
    people.append(asyncio.create_task(evening.register_all()))
    first = FirstSteps(company)
    troupe, starts, busy = company.troupe, [], 0
    assert isinstance(troupe, Understudies)
    try:
        for number in range(kills):
            if number == 0:                    # every story has a turn going on, and more are coming
                await company.world.until(lambda: True if len({*evening.tally.turns.values()}) == stories else None, 60)
                await asyncio.sleep(rng.uniform(0.05, longest_life_s / 2))
            await troupe.stop(politely=False)
            waiting = list(open_turns(company, evening.tally))
            busy += bool(waiting)
            first.restarted(waiting)
            # The life begins with the fork: some are killed before they have said a word to Discord.
            # On a busy machine everything takes longer, and lives have to, or nobody would ever come to do anything.
            pace = max(1.0, statistics.median(starts[-9:]) / QUIET_START_S) if starts else 1.0
            life_s, began = rng.uniform(0.05, longest_life_s * pace), time.monotonic()
            starting = asyncio.create_task(troupe.start())
            done, _ = await asyncio.wait({starting}, timeout=life_s)
            if done:
                starts.append(starting.result())
                await asyncio.sleep(max(0.0, life_s - (time.monotonic() - began)))
            elif number < kills - 1:
                await troupe.stop(politely=False)
                with contextlib.suppress(NotSeen):
                    await starting
            else:
                starts.append(await starting)
            if number % 25 == 24:
                print(f"{number + 1} kills, {len(evening.tally.turns)} turns acknowledged", file=sys.stderr, flush=True)
        evening.going_on.clear()
        if troupe.pid is None:
            await troupe.start()
        await company.world.until(lambda: None if open_turns(company, evening.tally) else True, settle_s)
        await asyncio.sleep(1.0)
    finally:
        for task in people:
            task.cancel()
        await asyncio.gather(*people, return_exceptions=True)
    found = judged(company, evening.tally)
    found.lost += await evening.check_registrations()
    seconds = sorted(first.seconds)
    return {
        "seed": seed, "kills": kills, "stories": stories, "kills with turns open": busy,
        "turns acknowledged": len(evening.tally.turns), "redraws acknowledged": len(evening.tally.redraws),
        "turns never answered": len(evening.tally.unsure), "registrations begun": evening.tally.tried,
        "registrations shown": len(evening.tally.cards), "registrations kept": len(evening.tally.kept),
        "lost": len(found.lost), "doubled": len(found.doubled), "out of order": len(found.out_of_order),
        "other faults": len(found.other), "faults": found.all[:20],
        "upper bound of a kill that loses (95 %)": round(3 / kills, 5),
        "restart to first resumed step, s": _spread(seconds), "measured": len(seconds),
        "not measured (killed before, or nothing open)": kills - len(seconds), "start of the bot, s": _spread(starts),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {"median": round(statistics.median(ordered), 2),
            "p99": round(ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)], 2),
            "max": round(ordered[-1], 2)}


# --- named boundaries --------------------------------------------------------------------------------

async def at_points(company: Company, points: Sequence[str], *, stories: int = 3, timeout_s: float = 60.0,
                    seed: int = 1) -> tuple[Evening, Findings]:
    """Kill the bot at each of these boundaries of a turn, one start a boundary, and judge in the end.

    Raises `NotSeen` for a boundary that is never passed.
    """
    evening = Evening(company, random.Random(seed))
    await evening.open(stories)
    troupe = company.troupe
    assert isinstance(troupe, Understudies)
    await troupe.stop(politely=False)
    for point in points:
        await troupe.start(crash={"point": point})
        await _until_gone(evening, troupe, point, timeout_s)
    await troupe.start()
    await company.world.until(lambda: None if open_turns(company, evening.tally) else True, timeout_s)
    await asyncio.sleep(0.3)
    return evening, judged(company, evening.tally)


async def _until_gone(evening: Evening, troupe: Understudies, point: str, timeout_s: float) -> None:
    """Write turns, a story after the other, until the bot has killed itself."""
    async def write() -> None:
        for number in range(12):
            await evening.write(evening.threads[number % len(evening.threads)])
            await evening.company.world.until(lambda: True if len(open_turns(
                evening.company, evening.tally)) < 2 * len(evening.threads) else None, timeout_s)
        await asyncio.sleep(timeout_s)

    writing = asyncio.create_task(write())
    try:
        code = await troupe.gone(timeout_s)
    except TimeoutError as error:
        raise NotSeen(f"the boundary {point!r} was not passed") from error
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    if code != -9:
        raise NotSeen(f"the bot ended by itself at {point!r} (exit code {code})")


async def _run(arguments: argparse.Namespace, home: Path) -> dict[str, Any]:
    async with open_company(home, [*WRITERS, *REGISTRARS], troupe=Understudies) as company:
        if arguments.points:
            began = time.monotonic()
            from bench.kill_points import SCENES, at_every_point

            evening, found = await at_points(company, boundaries.TURN)
            found.other += await at_every_point(evening)
            return {"boundaries": len(boundaries.TURN) + len(SCENES), "turns acknowledged": len(evening.tally.turns),
                    "lost": len(found.lost), "doubled": len(found.doubled), "out of order": len(found.out_of_order),
                    "other faults": len(found.other), "faults": found.all[:20],
                    "seconds": round(time.monotonic() - began, 1)}
        return await random_kills(company, arguments.kills, arguments.seed, longest_life_s=arguments.life)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="0: one is chosen, and printed")
    parser.add_argument("--life", type=float, default=LONGEST_LIFE_S, help="longest life of a bot, in seconds")
    parser.add_argument("--points", action="store_true", help="every named boundary of a turn once")
    parser.add_argument("--home", type=Path, help="keep log and data here")
    arguments = parser.parse_args()
    arguments.seed = arguments.seed or random.SystemRandom().randrange(1, 2**31)
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as stack:
        home = arguments.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(_run(arguments, home))
    print(json.dumps(report, indent=1))
    return 1 if report["lost"] or report["doubled"] or report["out of order"] or report["other faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
