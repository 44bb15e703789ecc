"""The machine as the face sees it: which GPU, how much memory, how many cores.

Looking at a GPU takes torch, which the face never imports, and a broken driver can hang or crash whoever asks. So a
child process looks (`python -m engine.studio.machine`) and prints what it saw; the studio looks itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from engine.tiers import Hardware

#: Seconds that importing torch and asking the driver may take.
PATIENCE_S = 60.0
_ROOT = str(Path(__file__).resolve().parents[1])


@lru_cache(maxsize=1)
def hardware_of_this_machine(patience_s: float = PATIENCE_S, python: str = sys.executable) -> Hardware:
    """This machine, seen by a child process that is gone afterwards; looked at once a process. Blocks; never raises."""
    import psutil

    memory = psutil.virtual_memory()
    blind = Hardware(cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1, ram_bytes=memory.total,
                     ram_free_bytes=memory.available)
    kept = {name: value for name, value in os.environ.items()
            if name != "DISCORD_TOKEN" and not name.startswith("STORYTHREAD_")}
    try:
        child = subprocess.run([python, "-W", "ignore", "-m", "engine.studio.machine"], cwd=_ROOT,
                               env=kept | {"PYTHONPATH": _ROOT}, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return replace(blind, problem=f"looking for a GPU took longer than {patience_s:g} s: its driver hangs")
    except OSError:
        return replace(blind, problem="the machine could not be looked at")
    if child.returncode != 0:
        return replace(blind, problem=f"looking for a GPU crashed (status {child.returncode})")
    try:
        return read(child.stdout.decode("utf-8", "replace"))
    except ValueError:
        return replace(blind, problem="looking for a GPU gave no answer")


def read(text: str) -> Hardware:
    """What `python -m engine.studio.machine` printed. Raises `ValueError` when that is something else."""
    try:
        said = json.loads(text.splitlines()[-1])
        return Hardware(**(said | {"capability": tuple(said["capability"])}))
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no hardware") from error
