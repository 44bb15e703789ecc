"""`python -m training`, or `make mini`: everything mini ships, from nothing, part after part.

Each part runs in a process of its own and says what it does into `training/runs/NAME.log`; the bars here are read off
its run's folder. Stopped at any time (Ctrl-C, a crash, the power), the next call goes on where it stood: parts that are
done are skipped, the others resume from their checkpoints. The curves of all parts are on one page,
`training/runs/index.html`, drawn anew while they grow.

    python -m training                              # hours: all of it, exported into engine/mini
    python -m training --only likeness              # one part and what is still missing of it
    python -m training --scale 0.0005 --runs /tmp/runs --out /tmp/mini     # a look at the whole way in a minute
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Pairs of the world, parts of the likeness encoder's album, and minutes of each training, at scale 1.
PAIRS, HELD_OUT_PAIRS, ALBUM_PARTS, ALBUM_FAMILIES = 20_000, 64, 12, 200
MINUTES = {"autoencoder": 40.0, "painter": 180.0, "likeness": 73.0, "writer": 75.0}
#: Even the smallest scale trains so many minutes, so that every part makes some steps.
LEAST_MINUTES = 0.05
SHARD = 500


@dataclass(frozen=True)
class Part:
    """One command, and how far its run has come."""

    name: str                              # "painter train"
    module: str
    arguments: tuple[str, ...]
    share: Callable[[], float]             # done, 0 to 1, read off its folder

    @property
    def model(self) -> str:
        return self.name.split()[0]

    @property
    def command(self) -> str:
        return " ".join(("python -m", self.module, *self.arguments))


def last_line(path: Path) -> dict[str, Any]:
    """The last whole line of a log of JSON lines; empty when there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in reversed(lines):
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            continue                       # being written
        return said
    return {}


def parts(runs: Path, out: Path, *, scale: float, threads: int) -> list[Part]:
    """Everything, in order."""
    pairs, held_out = max(16, round(PAIRS * scale)), max(8, round(HELD_OUT_PAIRS * min(1.0, scale * 20)))
    shard = min(SHARD, pairs)
    album = max(1, round(ALBUM_PARTS * scale))
    families = max(6, round(ALBUM_FAMILIES * min(1.0, scale * ALBUM_PARTS)))
    stories = max(0.005, scale)
    minutes = {name: max(LEAST_MINUTES, whole * scale) for name, whole in MINUTES.items()}
    shards, kept = runs / "shards", runs / "held-out"
    data = ("--shards", str(shards), "--held-out", str(kept))
    thread = ("--threads", str(threads))

    def counted(folder: Path, pattern: str, wanted: int) -> Callable[[], float]:
        return lambda: min(1.0, sum(1 for _ in folder.glob(pattern)) / wanted)

    def timed(name: str) -> Callable[[], float]:
        return lambda: min(1.0, float(last_line(runs / name / "log.jsonl").get("minutes", 0.0)) / minutes[name])

    def writing() -> float:
        return min(1.0, float(last_line(runs / "writer" / "curve.jsonl").get("processor_s", 0)) / (
            60 * minutes["writer"]))

    def exported(name: str) -> Callable[[], float]:
        return lambda: float(any((out / name).rglob("*.*")))

    def at(*names: str) -> tuple[str, ...]:
        return ("--run", str(runs.joinpath(*names)))

    return [
        Part("world held-out", "training.world", ("--count", str(held_out), "--shard", str(SHARD), "--held-out",
             "--seed", "5", "--out", str(kept)), counted(kept, "*/records.jsonl", 1)),
        Part("world", "training.world", ("--count", str(pairs), "--shard", str(shard), "--seed", "300", "--workers",
             str(threads), "--out", str(shards)), counted(shards, "*/records.jsonl", -(-pairs // shard))),
        Part("autoencoder", "training.autoencoder", ("train", *data, *at("autoencoder"), "--out",
             str(runs / "autoencoder" / "vae"), "--minutes", f"{minutes['autoencoder']:g}", *thread),
             timed("autoencoder")),
        Part("painter encode", "training.painter", ("encode", *data, *at("painter"), "--autoencoder",
             str(runs / "autoencoder"), "--minutes", "0", *thread), lambda: 0.0),
        Part("painter", "training.painter", ("train", *data, *at("painter"), "--autoencoder",
             str(runs / "autoencoder"), "--minutes", f"{minutes['painter']:g}", *thread), timed("painter")),
        Part("painter export", "training.painter", ("export", *data, *at("painter"), "--autoencoder",
             str(runs / "autoencoder"), "--out", str(out / "painter"), *thread), exported("painter")),
        Part("likeness collect", "training.likeness", ("collect", *at("likeness"), "--parts", str(album), "--families",
             str(families)), counted(runs / "likeness" / "album", "*/family.json", album)),
        Part("likeness", "training.likeness", ("train", *at("likeness"), "--minutes", f"{minutes['likeness']:g}",
             *thread), timed("likeness")),
        Part("likeness export", "training.likeness", ("export", *at("likeness"), "--out", str(out / "likeness"),
             *thread), exported("likeness")),
        Part("writer tokenizer", "training.writer", ("tokenizer", *at("writer"), "--stories",
             str(max(1_000, round(4_000 * stories)))), lambda: 0.0),
        Part("writer", "training.writer", ("train", *at("writer"), "--hours", f"{minutes['writer'] / 60:g}",
             "--cooldown", f"{minutes['writer'] * 12:g}", *thread), writing),
        Part("writer export", "training.writer", ("export", *at("writer"), "--stories", str(round(6_000 * stories)),
             "--out", str(out / "writer")), exported("writer")),
    ]


# --- running them ----------------------------------------------------------------------------------

def perform(module: str, arguments: Sequence[str], log: str) -> None:
    """In the part's own process: its command line, with everything it says in the log."""
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    print("$ python -m", module, *arguments, flush=True)
    found = importlib.util.find_spec(module)
    package = found is not None and found.submodule_search_locations is not None
    sys.argv = [module, *arguments]
    importlib.import_module(f"{module}.__main__" if package else module).main()


def _workers(wanted: Sequence[Part]) -> Any:
    """Processes that share one import of the heavy libraries where the system can, else fresh ones."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sorted({part.module for part in wanted}))
    return context


def run(wanted: Sequence[Part], runs: Path, *, show: bool = True) -> bool:
    """Run the parts that are not done. Returns whether all are; says what went wrong where one is not."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from training.ledger import draw_all_curves

    console, workers = Console(quiet=not show), _workers(wanted)
    (runs / "done").mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description:<17}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
               TimeElapsedColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=console, refresh_per_second=1) as bars:
        tasks = {part.name: bars.add_task(part.name, total=1.0, start=False, said="") for part in wanted}
        fresh: set[str] = set()                # models of which something was made anew: what builds on it runs again
        for part in wanted:
            task, marker = tasks[part.name], runs / "done" / f"{part.name.replace(' ', '-')}.json"
            if part.model not in fresh and marker.exists() and json.loads(
                    marker.read_text())["command"] == part.command:
                bars.update(task, completed=1.0, said="was done")
                continue
            log = runs / f"{part.name.replace(' ', '-')}.log"
            worker = workers.Process(target=perform, args=(part.module, part.arguments, str(log)), daemon=False)
            bars.start_task(task)
            fresh.add(part.model)
            began = time.monotonic()
            worker.start()
            drawn_at = 0.0
            try:
                while worker.is_alive():
                    worker.join(0.5)
                    bars.update(task, completed=min(0.99, part.share()), said=_last_words(log))
                    if time.monotonic() - drawn_at > 20:
                        draw_all_curves(runs)
                        drawn_at = time.monotonic()
            except KeyboardInterrupt:
                worker.terminate()
                worker.join(20)
                console.print(f"Stopped in {part.name}. The next call goes on from its last checkpoint.")
                return False
            finally:
                draw_all_curves(runs)
            if worker.exitcode != 0:
                bars.update(task, said="failed")
                console.print(f"{part.name} failed (exit code {worker.exitcode}); its last words, from {log}:",
                              markup=False)
                words = log.read_text("utf-8", errors="replace") if log.exists() else "none"
                console.print("\n".join(words.splitlines()[-12:]), markup=False)
                return False
            marker.write_text(json.dumps({"command": part.command, "seconds": round(time.monotonic() - began, 1)}))
            bars.update(task, completed=1.0, said=f"{time.monotonic() - began:.0f} s")
    return True


def _last_words(log: Path) -> str:
    """The last line a part said, cut to fit beside a bar."""
    try:
        lines = log.read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line.split("\r")[-1][:70] for line in reversed(lines) if line.strip()), "").replace("[", "(")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    from training.ledger import RUNS

    mini = Path(__file__).parent.parent / "engine" / "mini"
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=RUNS, help="where runs live")
    parser.add_argument("--out", type=Path, default=mini, help="where models are exported to")
    parser.add_argument("--scale", type=float, default=1.0, help="of data and minutes")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="+", metavar="PART", help="world, autoencoder, painter, likeness, writer")
    parser.add_argument("--list", action="store_true", help="show the commands and do nothing")
    asked = parser.parse_args(arguments)
    every = parts(asked.runs.resolve(), asked.out.resolve(), scale=asked.scale, threads=asked.threads)
    unknown = set(asked.only or ()) - {part.model for part in every}
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    wanted = [part for part in every if not asked.only or part.model in asked.only]
    if asked.list:
        print("\n".join(part.command for part in wanted))
        return 0
    return 0 if run(wanted, asked.runs.resolve()) else 1
