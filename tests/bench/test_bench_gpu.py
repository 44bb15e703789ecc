"""The benches for cards run at toy size: every way of painting, and a floor under each."""

from __future__ import annotations

from pathlib import Path

import torch

from bench.gpu.klein import measure
from bench.gpu.random_klein import save_klein
from bench.gpu.timing import table


def test_klein_at_toy_size(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = measure(save_klein(tmp_path / "toy"), device=torch.device("cpu"), characters=(0, 2), steps=(2,), runs=1)
    finally:
        torch.set_num_threads(threads)
    assert [(row.what, row.characters) for row in rows] == [
        (what, number) for what in ("ours", "ours, no caches", "ours, no mask", "diffusers alone") for number in (0, 2)]
    ours = {row.characters: row for row in rows if row.what == "ours, no caches"}
    assert ours[2].floor_s > ours[0].floor_s > 0, "two avatars are two more pictures to look at"
    assert table(rows, "toy").count("\n") == len(rows) + 3
