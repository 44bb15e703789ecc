"""What starting costs: seconds until the face is there on Discord, and until the studio's models are open.

`python -m bench.start` starts `storythread bot` against a loopback Discord, and a studio by itself, several times each,
and prints one Markdown table. The face is timed from the start of its process to the gateway's READY, first with an
empty data folder (tables are made), then with one that was used before. Wall-clock seconds grow with whatever else the
machine does; the processor's own seconds, which the kernel counts for the process, hardly do.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.rehearsal.loopback import Loopback
from engine.settings import Settings, load_settings
from engine.studio.client import StudioClient

#: The bot as its command runs it, with discord.py pointed at the loopback.
FACE = """
import sys
from bot.rehearsal.redirect import redirect_discord
from bot.cli import app
with redirect_discord(sys.argv[1]):
    app(["bot"])
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start. `cpu_s` is None where the system does not count it for a process."""

    wall_s: float
    cpu_s: float | None


async def start_face(home: Path) -> Start:
    """From the process's start to READY; it is stopped politely afterwards."""
    async with Loopback() as loopback:
        environment = _own(home) | {"DISCORD_TOKEN": loopback.world.token}
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FACE, loopback.base_url, env=environment, stderr=asyncio.subprocess.DEVNULL)
        try:
            there = await loopback.world.until(
                lambda: True if loopback.gateway.connected else process.returncode is not None or None, 60.0)
            wall_s, cpu_s = time.monotonic() - began, _cpu_s(process.pid)
            if not there or not loopback.gateway.connected:
                raise SystemExit("the bot did not come up")
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            code = await process.wait()
    if code != 0:
        raise SystemExit(f"the bot did not stop politely (exit code {code})")
    return Start(wall_s, cpu_s)


async def start_studio(settings: Settings) -> tuple[Start, Mapping[str, float]]:
    """From the child's start to every model open, and the seconds each model took."""
    studio = StudioClient(settings)
    began = time.monotonic()
    await studio.start()
    try:
        ready = await studio.ready()
        pid = studio.pid
        start = Start(time.monotonic() - began, _cpu_s(pid) if pid else None)
    finally:
        await studio.close()
    for unable in ready.unable:
        print(f"The {unable.role} could not be opened: {unable.why}")
    return start, {model.role: model.seconds for model in ready.models}


def _own(home: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name != "STORYTHREAD_CONFIG"}
    return mine | {"STORYTHREAD_HOME": str(home), "STORYTHREAD_MASTER_KEY_FILE": str(home.parent / "master.key"),
                   "PYTHONPATH": os.pathsep.join(sys.path)}


def _cpu_s(pid: int) -> float | None:
    """User and system seconds of a process, without its children. Linux only."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _row(what: str, starts: Sequence[Start]) -> str:
    wall = sorted(start.wall_s for start in starts)
    cpu = [start.cpu_s for start in starts if start.cpu_s is not None]
    return (f"| {what} | {statistics.median(wall):.2f} | {wall[0]:.2f} | {wall[-1]:.2f} | "
            f"{f'{statistics.median(cpu):.2f}' if cpu else 'unknown'} |")


async def measure(runs: int) -> None:
    """Print the table."""
    blank, used, studios, models = [], [], [], {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="storythread-start-") as folder:
            home = Path(folder) / "home"
            blank.append(await start_face(home))
            used.append(await start_face(home))
            start, models = await start_studio(load_settings(home=home))
            studios.append(start)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{runs} starts each; Python {platform.python_version()}, {os.cpu_count()} cores{load}\n")
    print("| start | median, s | fastest, s | slowest, s | processor, median s |\n|---|---|---|---|---|")
    print(_row("face, empty data folder", blank))
    print(_row("face, used data folder", used))
    print(_row("studio, every model open", studios))
    print("\nOf the last studio: " + ", ".join(f"{role} {seconds:.2f} s" for role, seconds in models.items()) + ".")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="starts of each kind (5)")
    asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
