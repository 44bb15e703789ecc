"""Threads of the face share few pools of memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine import frugal

SCRIPT = """
import sys, threading
from engine.frugal import share_pools
if sys.argv[1] == "shared":
    assert share_pools()
kept = []
def work():
    kept.append([bytearray(40_000 + number) for number in range(200)])
    waiting.wait()
waiting = threading.Barrier(9)
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
waiting.wait()
[thread.join() for thread in threads]
# pools of threads are mapped 64 MiB apart and grow inside their reservation
print(sum(1 for line in open("/proc/self/maps") if int(line.split("-")[0], 16) % (64 << 20) == 0))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_pools_are_shared_where_malloc_can() -> None:
    if not frugal.share_pools(8):
        pytest.skip("another C library")
    pools = [int(subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True).stdout)
             for how in ("alone", "shared")]
    assert pools[1] < pools[0] and pools[1] <= 2


def test_other_systems_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert frugal.share_pools() is False
