"""Shards of the world as training reads them: mapped from disk, one index over all of them, growing while read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch


class Shards:
    """Several folders of `targets.npy`, `underdrawings.npy` (N, S, S, 3 uint8) and `records.jsonl`, as one list.

    A folder given may be a shard, or hold shards as its sub-folders; `refresh` takes up shards that were written
    since. A shard counts once its `records.jsonl` is complete.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.roots = [Path(folder) for folder in folders]
        self.folders: list[Path] = []
        self._targets: list[np.ndarray[Any, Any]] = []
        self._underdrawings: list[np.ndarray[Any, Any]] = []
        self.records: list[dict[str, Any]] = []
        self._where: list[tuple[int, int]] = []
        self.refresh()
        if not self._where:
            raise FileNotFoundError(f"no shards in {', '.join(map(str, self.roots)) or 'no folder'}")

    def refresh(self) -> int:
        """Take up new shards. Returns how many pictures there are now."""
        found = [path.parent for root in self.roots
                 for path in sorted([*root.glob("records.jsonl"), *root.glob("*/records.jsonl")])]
        for folder in found:
            if folder in self.folders:
                continue
            records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines() if line]
            try:
                targets = np.load(folder / "targets.npy", mmap_mode="r")
                underdrawings = np.load(folder / "underdrawings.npy", mmap_mode="r")
            except (FileNotFoundError, ValueError):
                continue                             # still being written
            if not len(records) == len(targets) == len(underdrawings):
                continue
            self.folders.append(folder)
            self._targets.append(targets)
            self._underdrawings.append(underdrawings)
            self._where += [(len(self._targets) - 1, row) for row in range(len(records))]
            self.records += records
        return len(self._where)

    def __len__(self) -> int:
        return len(self._where)

    def sizes(self) -> list[tuple[Path, int]]:
        """Each shard's folder and how many pairs it holds, in order."""
        return [(folder, len(targets)) for folder, targets in zip(self.folders, self._targets, strict=True)]

    @property
    def side_px(self) -> int:
        """Pixels a side."""
        return int(self._targets[0].shape[1])

    def target(self, index: int) -> np.ndarray[Any, Any]:
        """(S, S, 3) uint8: the true picture."""
        shard, row = self._where[index]
        return self._targets[shard][row]  # type: ignore[no-any-return]

    def underdrawing(self, index: int) -> np.ndarray[Any, Any]:
        """(S, S, 3) uint8: what memory would lay out for it."""
        shard, row = self._where[index]
        return self._underdrawings[shard][row]  # type: ignore[no-any-return]

    def caption(self, index: int) -> str:
        return str(self.records[index]["caption"])

    def way(self, index: int) -> str:
        """How the underdrawing was made, a word of `training.world.WAYS`; "" where the record does not say."""
        return str(self.records[index].get("underdrawing", ""))

    def boxes(self, index: int) -> np.ndarray[Any, Any]:
        """(figures, 4) float: left, top, right, bottom as fractions."""
        return np.array(_boxes(self.records[index]["boxes"]), np.float32).reshape(-1, 4)

    @staticmethod
    def as_tensor(picture: np.ndarray[Any, Any]) -> torch.Tensor:
        """(S, S, 3) uint8 -> (3, S, S) from -1 to 1."""
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(127.5).sub(1)


def _boxes(entry: Any) -> list[list[float]]:
    if isinstance(entry, dict):
        entry = list(entry.values())
    return [list(map(float, box)) for box in entry]
