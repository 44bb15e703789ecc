"""The benches for cards run at toy size: every way of painting, and a floor under each."""

from __future__ import annotations

from pathlib import Path

import torch

from bench.gpu.arithmetic import denoising, klein, need, operations, weights, working
from bench.gpu.klein import measure
from bench.gpu.random_klein import save_klein
from bench.gpu.timing import table
from engine.painters.klein import Fitting, KleinRecipe


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


def test_memory_and_operations_are_counted_without_a_card() -> None:
    with torch.device("meta"):
        layers = torch.nn.Sequential(torch.nn.Linear(8, 16, bias=False), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    job = layers, lambda: layers(torch.empty(2, 8))
    assert weights(layers) == 4 * (8 * 16 + 16 * 4 + 4)
    assert working(*job) == 4 * 2 * (8 + 16 + 16), "what comes in, and the widest layer's before and after"
    assert operations(job) == 2 * 2 * (8 * 16 + 16 * 4)


def test_more_pictures_take_more_and_eight_bits_less() -> None:
    recipe = KleinRecipe(size_px=64, reference_px=64, text_tokens=64, text_layers=(1, 2))
    toy, small = klein(toy=True, recipe=recipe), klein(toy=True, recipe=recipe, eight_bits=True)
    steps = [working(*denoising(toy, recipe, number)) for number in (0, 1, 3)]
    assert steps == sorted(set(steps))
    assert working(*denoising(toy, recipe, 3, masked=False)) < steps[2]
    held = [need(toy, resting, fitting, recipe, 2).bytes
            for resting, fitting in ((toy, Fitting.WHOLE), (toy, Fitting.OFFLOAD), (small, Fitting.SMALL))]
    assert held[0] > held[1]
    assert weights(small["transformer"]) < weights(toy["transformer"])
