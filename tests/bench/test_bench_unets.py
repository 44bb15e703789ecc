"""The benches of the UNets for cards run at toy size: every way of painting, and a floor under each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.gpu import mini, sdxl
from bench.gpu.random_sd import save_stable_diffusion
from bench.gpu.timing import table

#: diffusers hands a tensor to NumPy 2 in a way both still allow.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_sdxl_at_toy_size(tmp_path: Path) -> None:
    rows = sdxl.measure(save_stable_diffusion(tmp_path / "sdxl"), device=CPU, characters=(0, 3), steps=(2,), runs=1)
    assert [(row.what, row.characters, row.steps) for row in rows] == [
        (what, number, 2) for what in ("ours", "ours, nothing kept", "ours, no masks", "diffusers alone")
        for number in (0, 3)]
    floors = {row.characters: row.floor_s for row in rows}
    assert floors[3] > floors[0] > 0, "three avatars are three more pictures to look at"
    assert table(rows, "toy").count("\n") == len(rows) + 3


def test_mini_at_toy_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "engine" / "painters"))
    from tiny_unet import save_painter

    rows = mini.measure(save_painter(tmp_path / "toy", steps=3), device=CPU, characters=(0, 2), steps=(2,), runs=1)
    assert [(row.what, row.characters, row.steps) for row in rows] == [
        (what, number, 2) for what in ("ours", "diffusers alone") for number in (0, 2)]
    assert rows[0].floor_s == rows[1].floor_s > 0, "characters cost mini nothing"


def test_without_a_card_the_whole_size_is_refused(monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["sdxl", "--device", "cpu"])
    assert sdxl.main() == 2 and "no CUDA card" in capsys.readouterr().err
