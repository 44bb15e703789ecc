"""What the benches for cards share: panels to paint, the clock, the floor under it, and the table.

The floor of a panel is its floating point operations (`torch.utils.flop_counter`) over the rate at which this device
multiplies large matrices, measured in the same run.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch.utils.flop_counter import FlopCounterMode

from engine.nouns import (
    Box,
    CharacterId,
    Figure,
    Look,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    Underdrawing,
)

Panel = tuple[PanelBrief, Underdrawing, tuple[bytes, ...]]
Paint = Callable[[int], Any]               # paints the panel of this run

_COLOURS = ("crimson", "navy", "olive", "plum", "teal", "gold")


@dataclass(frozen=True, slots=True)
class Row:
    """One way of painting one kind of panel."""

    what: str
    characters: int
    steps: int
    seconds: float                         # median of the runs after the first
    first_s: float
    peak_gib: float                        # 0 on a CPU
    floor_s: float                         # 0 where it was not counted


def panel(characters: int, run: int = 0, *, size_px: int = 768, reference_px: int = 512) -> Panel:
    """A brief of so many, an underdrawing, everybody's avatar and a frame before.

    As in a story: from run to run the avatars are the same; words, underdrawing and the frame before are others.
    """
    places = [(number + 0.5) / max(1, characters) for number in range(characters)]
    figures = tuple(Figure(CharacterId(f"c{number}"), f"Friend {number}", Look(), Place(x, 0.9, 0.5), "waves", "happy")
                    for number, x in enumerate(places))
    boxes = tuple((figure.character_id, Box(max(0, x - 0.1), 0.4, min(1, x + 0.1), 0.9))
                  for figure, x in zip(figures, places, strict=True))
    brief = PanelBrief(PanelId(f"p{run}"), StoryId("s"), f"They wave, for the {run + 1}th time.", figures,
                       Setting(SettingId("x"), "garden", "garden", 1))
    avatars = (_png(reference_px, _COLOURS[number % len(_COLOURS)]) for number in range(characters))
    return brief, Underdrawing(_png(size_px, "skyblue", run), boxes), (*avatars, _png(reference_px, "tan", run))


def _png(side: int, colour: str, run: int = 0) -> bytes:
    picture = Image.new("RGB", (side, side), colour)
    left = side // 4 + run % (side // 4)
    ImageDraw.Draw(picture).ellipse((left, side // 4, left + side // 4, side // 2), "white")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def now(device: torch.device) -> float:
    """Seconds, once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def multiplied_a_second(device: torch.device, dtype: torch.dtype, side: int | None = None) -> float:
    """Floating point operations a second of a square matrix product, the best of six."""
    side = side or (8192 if device.type == "cuda" else 512)
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(6):
        started = now(device)
        one @ other
        seconds.append(now(device) - started)
    return 2 * side**3 / min(seconds)


def operations(paint: Paint) -> float:
    """Floating point operations of everything one panel takes, encoding and decoding included."""
    with FlopCounterMode(display=False) as counter:
        paint(0)
    return float(counter.get_total_flops())


def timed(paint: Paint, device: torch.device, runs: int) -> tuple[float, float, float]:
    """Median seconds of the runs after the first, seconds of the first, and the most memory in GiB."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for run in range(runs + 1):
        started = now(device)
        paint(run)
        seconds.append(now(device) - started)
    peak = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else 0.0
    return statistics.median(seconds[1:]), seconds[0], peak


def device_name(device: torch.device) -> str:
    """What a table says it was measured on."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    return f"{name}, torch {torch.__version__}"


def table(rows: Sequence[Row], told: str) -> str:
    """The rows as Markdown, below a line that says what was measured."""
    lines = [told, "", "| painted by | characters | steps | s a panel | first | floor | times the floor | peak GiB |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        floor = f"{row.floor_s:.3f} | {row.seconds / row.floor_s:.1f}" if row.floor_s else " | "
        peak = f"{row.peak_gib:.1f}" if row.peak_gib else ""
        lines.append(f"| {row.what} | {row.characters} | {row.steps} | {row.seconds:.3f} | {row.first_s:.3f} | {floor} "
                     f"| {peak} |")
    return "\n".join(lines)
