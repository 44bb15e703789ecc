"""Which model suits which machine, and a documentation of the models that is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.tiers import GIB, PAINTERS, TIERS, WRITERS, Hardware, best_painter, best_writer, tables, worth_pulling

ALL = list(TIERS)


def card(gib: float, capability: tuple[int, int] = (8, 6)) -> Hardware:
    return Hardware("cuda", "a card", int(gib * GIB), int(gib * GIB), capability, 8, 32 * GIB, 30 * GIB, True)


@pytest.mark.parametrize(("hardware", "name", "fitting"), [
    (card(79), "klein", "whole"), (card(23.6), "klein", "whole"), (card(15.7), "klein", "offload"),
    (card(11.7), "klein", "offload"), (card(7.8), "klein", "small"), (card(5.8), "sd15", "offload"),
    (card(3.9), "sd15", "offload"), (card(2), "mini", ""), (card(15.7, (7, 5)), "sdxl", "whole"),
    (card(11.7, (7, 5)), "sdxl", "offload"), (card(7.8, (7, 5)), "sdxl", "offload"),
    (card(9.7, (6, 1)), "sd15", "whole"), (card(7.8, (6, 1)), "sd15", "offload"), (card(24, (5, 2)), "mini", ""),
    (Hardware(ram_bytes=64 * GIB), "mini", ""), (Hardware("mps", ram_bytes=64 * GIB), "mini", ""),
])
def test_the_best_painter_that_fits(hardware: Hardware, name: str, fitting: str) -> None:
    choice = best_painter(hardware, ALL)
    assert (choice.name, choice.fitting) == (name, fitting) and choice.why


def test_only_what_is_pulled_is_chosen_and_the_reason_told() -> None:
    assert best_painter(card(24), ["sdxl", "sd15"]).name == "sdxl"
    assert best_painter(card(24), []).why == "no other painter is pulled"
    told = best_painter(Hardware(ram_bytes=8 * GIB), ["klein"])
    assert told.name == "mini" and "klein needs a GPU, or 24 GiB of memory of which there are 8.0" in told.why
    assert "needs compute capability 8.0" in best_painter(card(24, (7, 5)), ["klein"]).why
    assert "needs 8 GiB on the GPU, which has 4.0" in best_painter(card(4), ["klein"]).why


@pytest.mark.parametrize(("hardware", "painter", "name"), [
    (card(79), "klein", "gemma-4-26b-a4b"), (card(23.6), "klein", "qwen3.5-2b"),
    (card(23.6), "mini", "gemma-4-26b-a4b"),
    (card(15.7), "sdxl", "mini"), (Hardware(ram_bytes=16 * GIB), "mini", "gemma-4-e4b"),
    (Hardware(ram_bytes=12 * GIB), "mini", "qwen3.5-4b"), (Hardware(ram_bytes=4 * GIB), "mini", "mini"),
])
def test_the_best_writer_beside_the_painter(hardware: Hardware, painter: str, name: str) -> None:
    if hardware.device == "cuda":          # its own memory too little for a writer there
        hardware = replace(hardware, ram_bytes=4 * GIB)
    assert best_writer(hardware, ALL, beside=painter).name == name


def test_a_llama_without_the_gpu_writes_in_the_machines_memory() -> None:
    blind = replace(card(79), llama_on_gpu=False)
    choice = best_writer(blind, ALL, beside="klein")
    assert (choice.name, choice.fitting) == ("gemma-4-e4b", "memory")
    assert "llama.cpp is built without it" in blind.told() and "llama.cpp" not in card(79).told()


def test_what_is_worth_pulling() -> None:
    assert worth_pulling(Hardware(ram_bytes=64 * GIB), []) is None
    best = worth_pulling(card(24), [])
    assert best is not None and best.name == "klein"
    assert worth_pulling(card(24), ["klein"]) is None
    best = worth_pulling(card(24), ["sdxl"])
    assert best is not None and best.name == "klein"


def test_every_model_says_what_it_costs_and_no_program_is_fetched() -> None:
    assert len(TIERS) == len(PAINTERS) + len(WRITERS), "each name once"
    for tier in TIERS.values():
        assert tier.licence.terms and tier.licence.url.startswith("https://") and tier.download_bytes > 10**9
        needs = [needed for _, needed in tier.needs_bytes]
        assert needs == sorted(needs, reverse=True) and tier.ram_bytes
        for repository in tier.repositories:
            assert not [files for files in repository.files if files.endswith((".bin", ".pt", ".ckpt", ".py", "/*.*"))]


def test_the_documentation_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    assert tables() in page, "write it anew: `python -m engine.tiers` between the marks of docs/models.md"
