"""What is measured, for Prometheus: counted where facts are noted (engine/observing.py), looked at when it is asked.

No label ever holds an id, a name or words: every label's values are listed here. `python -m bot.metrics` prints the
table in docs/operating.md.
"""

from __future__ import annotations

import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bot.wording import SENTENCES
from engine.observing import (
    Answered,
    Fact,
    JobBegun,
    JobDone,
    Shown,
    StudioEnded,
    Told,
    TurnClosed,
    TurnTaken,
    listen,
)
from engine.studio.lane import Rank

#: Turns and clicks whose beginning is remembered.
REMEMBERED = 4096
#: Seconds, from a click's answer to a turn that waited in a long lane.
QUICK_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)
PATIENT_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
KINDS = ("write", "paint", "embed", "judge", "read", "avatar")
REFUSALS = {401: "401", 403: "403", 429: "429"}
_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback$")


class Meter:
    """One a process, with a registry of its own. `listen` begins, `close` ends."""

    def __init__(self, *, folders: Mapping[str, Path] | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """`folders`: where room on the disk is looked at, by what lies there."""
        self.registry = registry = CollectorRegistry()
        self._clock = clock
        self._taken_at: OrderedDict[str, float] = OrderedDict()
        self._arrived_at: OrderedDict[int, float] = OrderedDict()
        self._deaf: Callable[[], None] | None = None

        self.taken = Counter("storythread_turns_taken", "Turns that were taken.", registry=registry)
        self.done = Counter("storythread_turns_done", "Turns that were told to their end.", registry=registry)
        self.failed = Counter("storythread_turns_failed", "Turns that came to nothing, by the reason people were told.",
                              ["reason"], registry=registry)
        self.open_turns = Gauge("storythread_turns_open", "Turns that are taken and not over.", registry=registry)
        self.to_prose = Histogram("storythread_turn_to_prose_seconds", "From taking a turn to its prose being there "
                                  "to read.", buckets=PATIENT_S, registry=registry)
        self.to_panel = Histogram("storythread_turn_to_panel_seconds", "From taking a turn to each of its pictures "
                                  "being there to see.", ["panel"], buckets=PATIENT_S, registry=registry)
        self.repainted = Counter("storythread_pictures_repainted", "Pictures painted once more because somebody in "
                                 "them was not themselves.", registry=registry)
        self.shown = Counter("storythread_pictures_shown", "Pictures shown: for the first time, or another version.",
                             ["version"], registry=registry)
        self.work = Histogram("storythread_job_seconds", "Seconds of work a job took where the models are.", ["kind"],
                              buckets=PATIENT_S, registry=registry)
        self.waited = Histogram("storythread_lane_waited_seconds", "Seconds a job waited in the lane.", ["rank"],
                                buckets=PATIENT_S, registry=registry)
        self.waiting = Gauge("storythread_lane_jobs", "Jobs that wait in the lane.", ["rank"], registry=registry)
        self.acknowledged = Histogram("storythread_acknowledged_seconds", "From an interaction's arrival to Discord "
                                      "having its first answer.", buckets=QUICK_S, registry=registry)
        self.refused = Counter("storythread_discord_refusals", "Requests Discord refused; 429 is a rate limit that was "
                               "met.", ["status"], registry=registry)
        self.restarts = Counter("storythread_studio_restarts", "Times the models' process ended by itself.",
                                registry=registry)
        self.able = Gauge("storythread_studio_able", "1 while somebody is there who can do a job.", registry=registry)
        self.workers = Gauge("storythread_workers_alive", "Workers that are there (0 where the models' process is the "
                             "bot's own).", registry=registry)
        self.left_out = Gauge("storythread_workers_left_out", "Workers that are there and given no work, since they "
                              "do not paint and write as the others, or as the settings say.", registry=registry)
        self.room = Gauge("storythread_disk_free_bytes", "Room left where the data folder, the database and the "
                          "pictures lie.", ["place"], registry=registry)
        self.memory = Gauge("storythread_studio_memory_bytes", "Memory the models' process holds now.",
                            registry=registry)
        self.connected = Gauge("storythread_gateway_connected", "1 while the bot is connected to Discord.",
                               registry=registry)
        ProcessCollector(registry=registry)
        # What has not happened yet is there as 0, so that its first time is seen as a change.
        for kind in KINDS:
            self.work.labels(kind)
        for rank in Rank:
            self.waited.labels(rank.name.lower())
            self.waiting.labels(rank.name.lower())
        for panel in ("first", "later"):
            self.to_panel.labels(panel)
        for version in ("first", "later"):
            self.shown.labels(version)
        for status in REFUSALS.values():
            self.refused.labels(status)
        for place, folder in (folders or {}).items():
            self.room.labels(place).set_function(partial(_free_bytes, folder))

    def listen(self) -> None:
        """Count from now on."""
        self._deaf = self._deaf or listen(self.heard)

    def close(self) -> None:
        """Count no more."""
        if self._deaf is not None:
            self._deaf()
            self._deaf = None

    def page(self) -> bytes:
        """Everything, as Prometheus reads it. The `_created` series, which say nothing of use here, are left out."""
        kept = [line for line in generate_latest(self.registry).splitlines(keepends=True)
                if not line.partition(b"{")[0].partition(b" ")[0].endswith(b"_created")
                and not re.match(rb"# (HELP|TYPE) \w+_created ", line)]
        return b"".join(kept)

    # --- facts -------------------------------------------------------------------------------------

    def arrived(self, interaction_id: int) -> None:
        """A click, command or form has come."""
        _keep(self._arrived_at, interaction_id, self._clock())

    def heard(self, fact: Fact) -> None:
        """A fact was noted."""
        match fact:
            case TurnTaken(turn_id=turn_id):
                self.taken.inc()
                _keep(self._taken_at, turn_id, self._clock())
            case TurnClosed(reason=""):
                self.done.inc()
            case TurnClosed(reason=reason):
                self.failed.labels(reason if reason in SENTENCES["en"] else "other").inc()
            case Told(turn_id=turn_id) if turn_id in self._taken_at:
                self.to_prose.observe(self._clock() - self._taken_at[turn_id])
            case Shown(turn_id=turn_id, number=number, version=version, attempts=attempts):
                self.shown.labels("first" if version == 1 else "later").inc()
                self.repainted.inc(max(0, attempts - 1))
                if version == 1 and turn_id in self._taken_at:
                    self.to_panel.labels("first" if number == 1 else "later").observe(
                        self._clock() - self._taken_at[turn_id])
            case JobBegun(rank=rank, waited_s=waited_s):
                self.waited.labels(rank).observe(waited_s)
            case JobDone(kind=kind, seconds=seconds):
                kind = kind.removesuffix("Job").lower()        # a worker names what it does by the job as it came
                self.work.labels(kind if kind in KINDS else "other").observe(seconds)
            case StudioEnded():
                self.restarts.inc()
            case Answered(status=status, path=path):
                if status in REFUSALS:
                    self.refused.labels(REFUSALS[status]).inc()
                elif (found := _CALLBACK.search(path)) is not None and status < 300:
                    arrived_at = self._arrived_at.pop(int(found[1]), None)
                    if arrived_at is not None:
                        self.acknowledged.observe(self._clock() - arrived_at)


def memory_of(pid: int | None) -> int:
    """Bytes a process holds now; 0 when it is not there."""
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0


def _free_bytes(folder: Path) -> float:
    for place in (folder, *folder.parents):
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        return float(found.f_bavail * found.f_frsize)
    return 0.0


def _keep(kept: OrderedDict[Any, float], key: str | int, value: float) -> None:
    kept[key] = value
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


def table() -> str:
    """What docs/operating.md says of each measure."""
    lines = ["| measure | kind | labels | what it says |", "|---|---|---|---|"]
    meter = Meter(folders={"data": Path()})
    for family in meter.registry.collect():
        if not family.name.startswith("storythread_"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = sorted({f"`{label}`" for sample in family.samples for label in sample.labels if label != "le"})
        if family.name == "storythread_turns_failed":
            labels = ["`reason`"]
        lines.append(f"| `{name}` | {family.type} | {', '.join(labels)} | {family.documentation} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
