"""A company for hard tests: the bot in its own process, a loopback Discord, people on it, and the log as judge.

Nothing here asks the bot or its tables what happened. A turn is known by the interaction that brought it; its prose and
the places of its panels by the nonce they were posted with; its pictures by their file names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bot.rehearsal import judge
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import NotSeen, Player
from bot.rehearsal.record import Line
from bot.rehearsal.troupe import Troupe
from bot.rehearsal.world import Channel, Message
from bot.stage import nonce_of

#: A step of the mini writer has at most so many panels here.
PANELS_A_TURN = 2


@dataclass(slots=True)
class Told:
    """What the log says of one turn: message ids in the order they came, and the channels they stand in."""

    turn_id: int
    answers: int = 0                           # accepted first answers to the interaction
    quoted: list[int] = field(default_factory=list)     # messages that show everybody what the person wrote
    late: bool = False                         # not as the answer: they came after a crash, just before the prose
    prose: list[int] = field(default_factory=list)
    words: str = ""                            # of the prose
    places: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))     # panel -> messages posted
    pictures: dict[int, list[judge.Seen]] = field(default_factory=lambda: defaultdict(list))   # panel -> finished ones
    previews: int = 0
    channels: set[int] = field(default_factory=set)

    @property
    def messages(self) -> list[int]:
        """Every message of the turn, the answer to its interaction left out."""
        return [*self.prose, *(number for each in self.places.values() for number in each)]

    def faults(self, channel_id: int, *, panels: int | None = None) -> list[str]:
        """What is lost, doubled, crossed or out of order; empty when the turn was told as it should be."""
        found = []
        if self.answers != 1:
            found.append(f"answered {self.answers} times")
        if len(self.quoted) != 1:
            found.append(f"the person's words were shown {len(self.quoted)} times")
        if len(self.prose) != 1:
            found.append(f"{len(self.prose)} messages of prose")
        if not self.places:
            found.append("no panel")
        if panels is not None and len(self.places) != panels:
            found.append(f"{len(self.places)} panels, not {panels}")
        for index, messages in self.places.items():
            if len(messages) != 1:
                found.append(f"panel {index + 1} has {len(messages)} messages")
            if not self.pictures.get(index):
                found.append(f"panel {index + 1} has no final picture")
            found += [f"panel {index + 1} was shown in another message" for seen in self.pictures.get(index, ())
                      if seen.message_id not in messages]
        if set(self.pictures) - set(self.places):
            found.append("a picture of a panel that has no place")
        if self.channels != {channel_id}:
            found.append("it stands in another channel")
        order = [*self.quoted, *self.prose, *(self.places[index][0] for index in sorted(self.places))]
        if order != sorted(order):
            found.append("its messages are out of order")
        return [f"turn {self.turn_id}: {fault}" for fault in found]


def told(lines: Sequence[Line], turn_ids: Iterable[int], *, panels: int = PANELS_A_TURN) -> dict[int, Told]:
    """Read what became of each turn out of the loopback's log."""
    turns = {turn_id: Told(turn_id) for turn_id in turn_ids}
    prose = {nonce_of(f"{turn_id}-step"): turn_id for turn_id in turns}
    words = {nonce_of("turn", str(turn_id)): turn_id for turn_id in turns}       # posted by themselves, after a crash
    places = {nonce_of(f"{turn_id}-step.{index}"): (turn_id, index) for turn_id in turns for index in range(panels)}
    for line in lines:
        if line["kind"] == "request" and line.get("answer") and line["status"] < 300:
            if (turn := turns.get(int(line["interaction"]))) is not None:
                turn.answers += 1
        elif line["kind"] != "message" or line["op"] != "create":
            continue
        elif line["interaction"] is not None and line["only_for"] is None:
            if (turn := turns.get(int(line["interaction"]))) is not None:
                turn.quoted.append(int(line["id"]))
                turn.channels.add(int(line["channel"]))
        elif line["nonce"]:
            if (turn_id := words.get(line["nonce"])) is not None:
                turns[turn_id].late = True
                turns[turn_id].quoted.append(int(line["id"]))
                turns[turn_id].channels.add(int(line["channel"]))
            elif (turn_id := prose.get(line["nonce"])) is not None:
                turns[turn_id].prose.append(int(line["id"]))
                turns[turn_id].words = " ".join(line["texts"])
                turns[turn_id].channels.add(int(line["channel"]))
            elif (place := places.get(line["nonce"])) is not None:
                turns[place[0]].places[place[1]].append(int(line["id"]))
                turns[place[0]].channels.add(int(line["channel"]))
    for seen in judge.pictures(lines):
        if (turn := turns.get(seen.turn_id)) is not None:
            if seen.preview:
                turn.previews += 1
            else:
                turn.pictures[seen.index].append(seen)
    return turns


class Company:
    """People on a server, and the bot that can be frozen, killed and started again."""

    def __init__(self, loopback: Loopback, troupe: Troupe, settings: Mapping[str, Any], names: Sequence[str]) -> None:
        self.loopback, self.world, self.record = loopback, loopback.world, loopback.record
        self.troupe, self.settings = troupe, settings
        self.guild = self.world.add_guild("The company")
        self.channel = self.world.add_channel(self.guild, "stories")
        self.people = {name: self.world.add_user(name) for name in names}
        for person in self.people.values():
            self.world.join(self.guild, person)
        self._finished: set[int] = set()       # turns whose last panel is there
        self._nonces: set[str] = set()         # of every message posted
        self._traps: list[tuple[Callable[[Line], bool], Callable[[], None], asyncio.Event]] = []
        self.record.listeners.append(self._listen)

    # --- people ------------------------------------------------------------------------------------

    def player(self, name: str, place: Channel | None = None) -> Player:
        """This person, looking at a place (the server's channel unless told)."""
        return Player(self.loopback, self.people[name], place or self.channel)

    async def character(self, owner: str, name: str, words: str, pronouns: str = "she") -> None:
        """Register a character by words and keep it."""
        player = self.player(owner)
        await player.command("/character add", name=name, description=words, pronouns=pronouns)
        await player.see(f"Is this {name}?", private=True)
        await player.click("Keep", saying=f"Is this {name}?")
        await player.see(f"{name} is ready", private=True)

    async def story(self, title: str, writers: Sequence[str], *, order: str = "free") -> Channel:
        """The first writer starts a story in a thread, the others join it. Returns the thread."""
        starter = self.player(writers[0])
        await starter.command("/story start", title=title, order=order)
        await starter.see(f"The story {title} begins")
        thread = next(place for place in self.world.threads_of(self.channel.channel_id) if place.name == title)
        for name in writers:
            thread.thread_members.append(self.people[name].user_id)
        await self.player(writers[0], thread).see(f"1. {writers[0]}")
        for number, name in enumerate(writers[1:], 2):
            player = self.player(name, thread)
            await player.click("Join")
            await player.see(f"{number}. {name}", private=False)
        return thread

    async def send_turn(self, player: Player, text: str) -> int:
        """Take a turn by button and form. Returns its id: the form's interaction's."""
        form = await player.click("Take turn")
        return (await player.submit(form, {"text": text})).interaction_id

    # --- what becomes of it ------------------------------------------------------------------------

    async def page(self, *turn_ids: int, timeout_s: float = 120.0) -> Message:
        """Wait until the last panel of each of these turns is there. Returns the message of the last one."""
        wanted = set(turn_ids)
        refusals = {nonce_of(f"{turn_id} failed ") for turn_id in turn_ids}

        def look() -> bool | None:
            return True if wanted <= self._finished else False if refusals & self._nonces else None

        if not await self.world.until(look, timeout_s):
            missing = len(wanted - self._finished)
            last = "\n".join(f"  {line.get('texts')} {line.get('buttons')}" for line in self.record.lines[-40:]
                             if line["kind"] == "message")
            raise NotSeen(f"{missing} of {len(wanted)} pages did not come; the last messages were\n{last}")
        return next(message for message in reversed(self.world.messages.values())
                    if judge.page_of(self.world, message) == turn_ids[-1])

    def told(self, *turn_ids: int) -> dict[int, Told]:
        return told(self.record.lines, turn_ids)

    # --- accidents ---------------------------------------------------------------------------------

    def trap(self, look: Callable[[Line], bool], deed: Callable[[], None]) -> asyncio.Event:
        """Do something at the very moment a line is written, once: the bot has not yet had its answer.

        The event is set when it has happened.
        """
        sprung = asyncio.Event()
        self._traps.append((look, deed, sprung))
        return sprung

    @property
    def bot_pid(self) -> int:
        if self.troupe.pid is None:
            raise NotSeen("the bot does not run")
        return self.troupe.pid

    def studio_pid(self) -> int:
        """The child that holds the models."""
        return _child_of(self.bot_pid, "engine.studio.host")

    def freeze_studio(self) -> None:
        """Nothing is painted from now on; the process itself stays."""
        os.kill(self.studio_pid(), signal.SIGSTOP)

    def kill(self) -> None:
        """kill -9 of the bot."""
        os.kill(self.bot_pid, signal.SIGKILL)

    async def start_again(self) -> float:
        """Make sure the bot is gone, and start it. Returns the seconds until it was there."""
        await self.troupe.stop(politely=False)
        return await self.troupe.start()

    def _listen(self, line: Line) -> None:
        if line.get("nonce"):
            self._nonces.add(line["nonce"])
        if line["kind"] == "message" and line["op"] in ("create", "edit") and "Undo" in line["buttons"]:
            for attachment in line["attachments"]:
                match = judge.PANEL_FILE.match(attachment["name"])
                if match and match["stage"] != "step":
                    self._finished.add(int(match["turn"]))
        for trap in list(self._traps):
            if trap[0](line):
                self._traps.remove(trap)
                trap[1]()
                trap[2].set()


@contextlib.asynccontextmanager
async def open_company(home: Path, names: Sequence[str], *, studio: Mapping[str, Any] | None = None,
                       troupe: type[Troupe] = Troupe, message_content: bool = False, database_url: str = "",
                       **discord: Any) -> AsyncIterator[Company]:
    """The bot is there, with paper dolls and the mini writer unless `studio` says otherwise. `home` exists.

    `discord` are further settings of that part. `troupe` is `Understudies` where the bot starts very often.
    `database_url` unless everything is to be kept in an SQLite file.
    """
    async with Loopback(record_path=home / "messages.jsonl", message_content=message_content) as loopback:
        settings = {
            "home": str(home / "data"), "master_key_file": str(home / "master.key"),
            **({"database_url": database_url} if database_url else {}),
            "studio": {"painter": "theatre", "writer": "mini", "threads": 1, **(studio or {})},
            "discord": {"token": loopback.world.token, "message_content": message_content, **discord}}
        with (home / "bot.log").open("wb") as log:
            players = troupe(loopback, settings, log)
            try:
                company = Company(loopback, players, settings, names)
                await players.start()
                yield company
            finally:
                await players.close()


def posts(channel: Channel, count: int) -> Callable[[Line], bool]:
    """The moment the bot posts for the `count`-th time from now in this channel: first prose, then a panel's place."""
    left = count

    def look(line: Line) -> bool:
        nonlocal left
        if line["kind"] == "message" and line["op"] == "create" and line["nonce"] \
                and line["channel"] == str(channel.channel_id):
            left -= 1
        return left == 0

    return look


def answers(kind: str) -> Callable[[Line], bool]:
    """The moment an interaction is answered with a `message`, an `update`, a `quiet` nod."""
    return lambda line: line["kind"] == "request" and line.get("answer") == kind


def quotes(channel: Channel) -> Callable[[Line], bool]:
    """The moment the answer to an interaction stands in this channel for everybody: a turn's own words."""
    return lambda line: (line["kind"] == "message" and line["op"] == "create" and line["interaction"] is not None
                         and line["only_for"] is None and line["channel"] == str(channel.channel_id))


def shows(channel: Channel) -> Callable[[Line], bool]:
    """The moment a finished picture stands in a message of this channel."""

    def look(line: Line) -> bool:
        return (line["kind"] == "message" and line["op"] == "edit" and line["channel"] == str(channel.channel_id)
                and any((match := judge.PANEL_FILE.match(each["name"])) and match["stage"] != "step"
                        for each in line["attachments"]))

    return look


async def settle(seconds: float = 0.3) -> None:
    """Let the bot come to where it can go no further."""
    await asyncio.sleep(seconds)


def _child_of(pid: int, module: str) -> int:
    """The living child process that runs this module. Raises `NotSeen`."""
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if module in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                return child.pid
    raise NotSeen(f"no process runs {module}")
