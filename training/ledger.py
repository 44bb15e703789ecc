"""A training run's folder: checkpoints that survive a kill, a log of figures, and a curve page made from it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

RUNS = Path(__file__).parent / "runs"


class Ledger:
    """One run: `checkpoint.pt`, `log.jsonl`, `curve.html` and `samples/` in a folder git ignores.

    Effort is measured in seconds of training, summed over resumes, so that a schedule can be written in minutes and
    a run that was killed goes on where it stood.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.step = 0
        self.seconds = 0.0
        self._since = time.monotonic()
        (folder / "samples").mkdir(parents=True, exist_ok=True)

    @property
    def elapsed_s(self) -> float:
        """Seconds trained so far, earlier sittings included."""
        return self.seconds + time.monotonic() - self._since

    def resume(self, parts: dict[str, Any]) -> bool:
        """Load every part from the checkpoint, if there is one; the next step follows the last one saved."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._since = time.monotonic()
        return True

    def save(self, parts: dict[str, Any]) -> None:
        """Write all parts and the step, whole or not at all."""
        path = self.folder / "checkpoint.pt"
        torch.save({"step": self.step, "seconds": self.elapsed_s,
                    **{name: part.state_dict() for name, part in parts.items()}}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def log(self, **figures: float) -> None:
        """Append one line of figures and show it."""
        line = {"step": self.step, "minutes": round(self.elapsed_s / 60, 2),
                **{name: round(value, 5) for name, value in figures.items()}}
        with (self.folder / "log.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(" ".join(f"{name} {value:g}" for name, value in line.items()), flush=True)

    def draw_curve(self) -> None:
        """Write `curve.html`: every logged figure over the steps, as inline SVG."""
        page = [f"<!doctype html><meta charset=utf-8><title>{self.folder.name}</title><h1>{self.folder.name}</h1>",
                *_curves(_rows(self.folder / "log.jsonl"))]
        (self.folder / "curve.html").write_text("\n".join(page))


def draw_all_curves(runs: Path) -> Path:
    """Write `index.html` in the folder of all runs: what is done, every run's curves and newest samples. Returns it."""
    page = ["<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=60><title>Training mini</title>",
            "<style>body{font:15px/1.4 sans-serif;margin:2em;color:#223}section{display:flex;flex-wrap:wrap;gap:1.5em}"
            "svg{background:#f4f4f8}h3{margin:.5em 0 0;font-size:1em}p{margin:0;color:#667}img{max-width:100%}</style>",
            "<h1>Training mini</h1>"]
    done = sorted((runs / "done").glob("*.json"))
    if done:
        took = [f"{path.stem.replace('-', ' ')} ({json.loads(path.read_text())['seconds']:.0f} s)" for path in done]
        page.append(f"<p>Done: {', '.join(took)}</p>")
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        curves = [part for name in ("log.jsonl", "curve.jsonl") for part in _curves(_rows(folder / name))]
        samples = sorted((folder / "samples").glob("*.png"), key=lambda path: path.stat().st_mtime)
        if curves or samples:
            page += [f"<h2>{folder.name}</h2><section>", *curves, "</section>"]
        if samples:
            where = samples[-1].relative_to(runs).as_posix()
            page.append(f'<p>{samples[-1].stem}</p><img src="{where}" alt="samples of {folder.name}">')
    path = runs / "index.html"
    path.with_suffix(".part").write_text("\n".join(page), "utf-8")
    path.with_suffix(".part").replace(path)
    return path


def _rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; one that is being written is left out."""
    rows = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return [row for row in rows if isinstance(row, dict) and "step" in row]


def _curves(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Each figure over the steps as inline SVG; figures with fewer than two finite points are left out."""
    drawn = []
    for name in sorted({name for row in rows for name in row} - {"step", "minutes"}):
        points = [(row["step"], row[name]) for row in rows
                  if isinstance(row.get(name), (int, float)) and math.isfinite(row[name])]
        if len(points) < 2:
            continue
        low, high = min(y for _, y in points), max(y for _, y in points)
        last = max(x for x, _ in points) or 1
        line = " ".join(f"{x / last * 600:.1f},{(high - y) / ((high - low) or 1) * 150:.1f}" for x, y in points)
        drawn.append(f"<div><h3>{name}: {points[-1][1]:g}</h3><p>from {low:g} to {high:g} in {last} steps</p>"
                     '<svg viewBox="-4 -4 608 158" width=420>'
                     f'<polyline points="{line}" fill=none stroke=#335 /></svg></div>')
    return drawn


class Average:
    """An exponential moving average of a module's parameters, warmed up so that early steps do not linger."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.shadow = [p.detach().clone() for p in module.parameters()]

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.shadow, [p.detach() for p in module.parameters()], 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        for parameter, value in zip(module.parameters(), self.shadow, strict=True):
            parameter.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates, "shadow": self.shadow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.updates = int(state["updates"])
        for mine, theirs in zip(self.shadow, state["shadow"], strict=True):
            mine.copy_(theirs)


def learning_rate(peak: float, fraction: float, step: int, *, warm_up: int = 200, cool_from: float = 0.7) -> float:
    """Warm up over steps, hold, then fall linearly to 2 % of the peak over the last part of the planned time."""
    cooling = 1.0 if fraction < cool_from else max(0.02, 1 - (fraction - cool_from) / (1 - cool_from))
    return peak * min(1.0, (step + 1) / warm_up) * cooling


def batches(generator: torch.Generator, count: int, size: int) -> Iterator[Sequence[int]]:
    """Endless shuffled index batches over `count` items; every item once an epoch."""
    while True:
        order = torch.randperm(count, generator=generator).tolist()
        for start in range(0, max(1, count - size + 1), size):
            yield order[start:start + size]
