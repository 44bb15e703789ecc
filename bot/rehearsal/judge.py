"""What a rehearsal found: turns and panels read out of the loopback's own log, and every rule that was broken.

The judge never asks the bot or its tables. A panel is known by its attachment's file name,
`panel-<turn>-step.<index>[-step<n>|-v<n>].png` (see `bot.stage.picture_name`): `-step<n>` is a preview, `-v<n>` a
redrawn panel.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.rehearsal.players import buttons_of
from bot.rehearsal.record import Line, Record
from bot.rehearsal.world import Message, World

PANEL_FILE = re.compile(
    r"^panel-(?P<turn>\d+)(?:-(?P<page>\d+))?-step\.(?P<index>\d+)(?:-(?P<stage>step|v)(?P<number>\d+))?\.png$")
#: Pages of a text that is illustrated are counted as panels of the one page that brought it, this many apart.
PAGE_OF_TEXT = 100
PREVIEW_EVERY_S = 1.5


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture of a panel, as it appeared in a message."""

    at_ms: float
    message_id: int
    turn_id: int
    index: int
    preview: bool
    version: int
    filename: str
    alt: str


@dataclass(slots=True)
class TurnTold:
    """One turn, in seconds since the person acted. None: it never came."""

    turn_id: str
    who: str
    did: str
    acknowledged_s: float | None = None
    first_preview_s: float | None = None
    final_panel_s: float | None = None
    panels: int = 0
    previews: int = 0


@dataclass(slots=True)
class Findings:
    """Everything the log says."""

    turns: list[TurnTold] = field(default_factory=list)
    panels: int = 0
    pages: int = 0
    slowest_acknowledgement_s: float = 0.0
    requests: int = 0
    requests_by_kind: dict[str, int] = field(default_factory=dict)
    rate_limited: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)   # slow, but not wrong


def pictures(lines: Sequence[Line]) -> Iterator[Seen]:
    """Every time a picture of a panel appeared or changed, oldest first."""
    for line in lines:
        if line["kind"] != "message" or line["op"] not in ("create", "edit"):
            continue
        for attachment in line["attachments"]:
            match = PANEL_FILE.match(attachment["name"])
            if match:
                shown = [alt for alt in line["alt"] if alt]
                yield Seen(line["ms"], int(line["id"]), int(match["turn"]), _index(match),
                           match["stage"] == "step", int(match["number"]) if match["stage"] == "v" else 1,
                           attachment["name"], attachment.get("alt") or (shown[0] if shown else ""))


def panel_in(world: World, message: Message) -> tuple[int, int, bool] | None:
    """(turn id, index, finished) of the panel a message shows now, or None."""
    for number in message.attachments:
        match = PANEL_FILE.match(world.attachments[number].filename)
        if match:
            return int(match["turn"]), _index(match), match["stage"] != "step"
    return None


def _index(match: re.Match[str]) -> int:
    return PAGE_OF_TEXT * int(match["page"] or 0) + int(match["index"])


def page_of(world: World, message: Message) -> int | None:
    """The turn whose page this message closes: its last panel, finished, with Undo or Take out below, or None."""
    panel = panel_in(world, message)
    if panel is None or not panel[2] or not (has_verb(message, "undo") or has_verb(message, "takeout")):
        return None
    return panel[0]


def has_verb(message: Message, verb: str) -> bool:
    return any(str(button.get("custom_id", "")).startswith(f"{verb}:") for button in buttons_of(message))


def find(record: Record, *, acknowledged_within_s: float = 1.0, pings_expected: int = 0,
         preview_every_s: float = PREVIEW_EVERY_S) -> Findings:
    """Read a record from end to end."""
    found = Findings()
    lines = record.lines
    acts = {int(line.get("interaction") or line["message"]): line for line in lines if line["kind"] == "player"
            and (line.get("interaction") or line.get("message"))}
    answers = {int(line["interaction"]): line for line in lines if line["kind"] == "request" and line.get("answer")
               and line["status"] < 300}
    shown = list(pictures(lines))
    _turns(found, lines, acts, answers, shown)
    _orders(found, shown)
    _doubles(found, lines)
    _spacing(found, lines, shown, preview_every_s)
    for number, line in answers.items():
        seconds = line["ms_since_interaction"] / 1000
        found.slowest_acknowledgement_s = max(found.slowest_acknowledgement_s, seconds)
        if seconds > acknowledged_within_s:
            did = acts[number]["did"] if number in acts else "?"
            found.warnings.append(f"{did} was acknowledged after {seconds:.2f} s (wanted: {acknowledged_within_s:g} s)")
    for line in lines:
        if line["kind"] == "violation":
            facts = [str(line[key]) for key in ("what", "label", "method", "path", "problem") if line.get(key)]
            found.failures.append("Discord would not have it: " + " ".join(facts))
        elif line["kind"] == "request":
            found.requests += 1
            kind = _kind(line)
            found.requests_by_kind[kind] = found.requests_by_kind.get(kind, 0) + 1
            found.rate_limited += line["status"] == 429
    pinged = [ping for line in lines if line["kind"] == "message" and line["op"] == "create"
              and line["author"] == "Storythread" for ping in line["pings"]]
    if len(pinged) != pings_expected:
        found.failures.append(f"the bot notified {len(pinged)} times ({', '.join(pinged)}), not {pings_expected}")
    return found


def _kind(line: Line) -> str:
    """A request as a kind to be counted: ids and tokens left out."""
    path = re.sub(r"/\d{8,}", "/{id}", line["path"].split("?")[0])
    path = re.sub(r"^/cdn/.*", "/cdn/{file}", path)
    return f"{line['method']} {path}"


def _turns(found: Findings, lines: Sequence[Line], acts: dict[int, Line], answers: dict[int, Line],
           shown: Sequence[Seen]) -> None:
    by_turn: dict[int, list[Seen]] = defaultdict(list)
    for seen in shown:
        by_turn[seen.turn_id].append(seen)
    for turn_id in sorted(by_turn):
        its = by_turn[turn_id]
        act = acts.get(turn_id)
        told = TurnTold(str(turn_id), act["who"] if act else "?", (act.get("text") or act["did"]) if act else "?")
        started = act["ms"] if act else its[0].at_ms
        if turn_id in answers:
            told.acknowledged_s = round(answers[turn_id]["ms_since_interaction"] / 1000, 3)
        elif act is not None:                  # a plain message: the first thing the bot does about it
            first = next((line["ms"] for line in lines if line["kind"] == "request" and line["ms"] >= act["ms"]
                          and act["channel"] in line["path"]), None)
            told.acknowledged_s = None if first is None else round((first - act["ms"]) / 1000, 3)
        finals = [s for s in its if not s.preview]
        previews = [s for s in its if s.preview]
        first_version = [s for s in finals if s.version == 1]
        told.panels = len({s.index for s in finals})
        told.previews = len(previews)
        if previews:
            told.first_preview_s = round((previews[0].at_ms - started) / 1000, 3)
        if first_version:
            told.final_panel_s = round((first_version[-1].at_ms - started) / 1000, 3)
        found.turns.append(told)
        found.panels += told.panels
        unfinished = {s.index for s in previews} - {s.index for s in finals}
        if unfinished:
            found.failures.append(f"the turn of {told.who} left {len(unfinished)} panels unfinished")
    found.pages = len(by_turn)


def _orders(found: Findings, shown: Sequence[Seen]) -> None:
    """One message a panel, and panels in order."""
    places: dict[tuple[int, int], set[int]] = defaultdict(set)
    for seen in shown:
        places[seen.turn_id, seen.index].add(seen.message_id)
    for (turn_id, index), messages in places.items():
        if len(messages) > 1:
            found.failures.append(f"panel {index + 1} of turn {turn_id} stands in {len(messages)} messages")
    for turn_id in {turn_id for turn_id, _ in places}:
        order = [min(places[key]) for key in sorted(places) if key[0] == turn_id]
        if order != sorted(order):
            found.failures.append(f"the panels of turn {turn_id} are out of order")


def _doubles(found: Findings, lines: Sequence[Line]) -> None:
    """Nothing said twice: a message's mark (the component id by which the bot finds it again) stands once."""
    living: dict[tuple[str, int], set[str]] = defaultdict(set)
    marks: dict[str, tuple[str, int]] = {}
    for line in lines:
        if line["kind"] != "message" or "id" not in line:
            continue
        if line["op"] == "create" and line.get("mark"):
            marks[line["id"]] = line["channel"], line["mark"]
            living[marks[line["id"]]].add(line["id"])
        elif line["op"] == "delete" and line["id"] in marks:
            living[marks[line["id"]]].discard(line["id"])
    for (_, mark), messages in living.items():
        if len(messages) > 1:
            found.failures.append(f"the message marked {mark} was posted {len(messages)} times")


def _spacing(found: Findings, lines: Sequence[Line], shown: Sequence[Seen], preview_every_s: float) -> None:
    """Previews of one channel keep their distance."""
    channel = {int(line["id"]): line["channel"] for line in lines if line["kind"] == "message" and "id" in line}
    last: dict[str, float] = {}
    for seen in shown:
        if seen.preview:
            where = channel[seen.message_id]
            gap = (seen.at_ms - last.get(where, -1e9)) / 1000
            if gap < preview_every_s * 0.9:
                found.failures.append(f"two previews within {gap:.2f} s in one channel (at least {preview_every_s:g})")
            last[where] = seen.at_ms
