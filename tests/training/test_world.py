"""The training world: seeded, held-out characters apart, pairs true to their briefs, shards that read back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from engine import vocabulary as words
from engine.memory.underdrawing import BLANK
from engine.prompting import mini_caption
from training.world import WAYS, brief_from, is_held_out, render_pair, sample_brief, sample_look, write_shards
from training.world.sampler import HELD_OUT_EVERY


def test_the_held_out_split_is_disjoint_and_whole() -> None:
    rng = Random(1)
    kept = [sample_look(rng, held_out=True) for _ in range(150)]
    seen = [sample_look(rng) for _ in range(600)]
    assert all(is_held_out(look) for look in kept) and not any(is_held_out(look) for look in seen)

    def identity(look):  # type: ignore[no-untyped-def]
        return (
            look.kind,
            look.hair,
            look.hair_colour,
            look.skin,
            look.fur,
            look.outfit,
            look.outfit_colour,
            look.pattern,
        )

    assert not {identity(look) for look in kept} & {identity(look) for look in seen}
    # both shares know every kind and every outfit
    assert {look.kind for look in seen} == set(words.KINDS) == {look.kind for look in kept}
    assert {look.outfit for look in seen} == set(words.OUTFITS)


def test_held_out_briefs_have_held_out_places_and_characters() -> None:
    rng = Random(2)
    for _ in range(30):
        train, held = sample_brief(rng), sample_brief(rng, held_out=True)
        assert train.setting.seed % HELD_OUT_EVERY and not held.setting.seed % HELD_OUT_EVERY
        assert not any(is_held_out(figure.look) for figure in train.figures)
        assert all(is_held_out(figure.look) for figure in held.figures)


def test_every_word_is_asked_for() -> None:
    briefs = [sample_brief(Random(seed)) for seed in range(1500)]
    figures = [figure for brief in briefs for figure in brief.figures]
    assert {figure.action for figure in figures} == set(words.ACTIONS)
    assert {figure.mood for figure in figures} == set(words.MOODS)
    assert {figure.look.kind for figure in figures} == set(words.KINDS)
    assert {figure.holding for figure in figures} >= set(words.PROPS) - set(words.STANDING_PROPS)
    assert {prop for brief in briefs for prop, _ in brief.props} == set(words.PROPS)
    for field, allowed in (
        ("time_of_day", words.TIMES),
        ("weather", words.WEATHERS),
        ("shot", words.SHOTS),
        ("style", words.STYLES),
    ):
        assert {getattr(brief, field) for brief in briefs} == set(allowed)
    assert {brief.setting.kind for brief in briefs} == set(words.SETTINGS)
    sizes = Counter(len(brief.figures) for brief in briefs)
    assert set(sizes) == {0, 1, 2, 3, 4} and min(sizes[1], sizes[2], sizes[3]) > max(sizes[0], sizes[4])


def test_touching_names_somebody_present() -> None:
    for seed in range(300):
        brief = sample_brief(Random(seed))
        here = {figure.character_id for figure in brief.figures}
        for figure in brief.figures:
            if figure.action in words.TOUCHING:
                assert figure.toward in here and figure.toward != figure.character_id
        assert list(brief.figures) == sorted(brief.figures, key=lambda f: f.place.y + (f.action == "rides"))


@pytest.mark.parametrize("way", WAYS)
def test_a_pair_is_seeded_and_true(way: str) -> None:
    brief = sample_brief(Random(5), count=2)
    pair, again = render_pair(brief, Random(8), way=way), render_pair(brief, Random(8), way=way)
    assert pair.target.tobytes() == again.target.tobytes()
    assert pair.underdrawing.tobytes() == again.underdrawing.tobytes()
    assert pair.caption == mini_caption(brief) and pair.way == way
    assert pair.target.size == pair.underdrawing.size == (256, 256)
    assert pair.target.tobytes() != pair.underdrawing.tobytes()
    assert [name for name, _ in pair.boxes] == [figure.character_id for figure in brief.figures]


@pytest.mark.parametrize("seed", range(8))
def test_posed_cutouts_lie_to_the_pixel_where_the_true_picture_has_them(seed: int) -> None:
    brief = replace(sample_brief(Random(seed), count=1 + seed % 3), style="flat", weather="clear", time_of_day="day")
    brief = replace(brief, setting=replace(brief.setting, kind="garden"))   # some places tint everybody
    pair = render_pair(brief, Random(seed), way="plate")
    assert not pair.missing
    different = np.abs(np.asarray(pair.underdrawing, np.int16) - np.asarray(pair.target, np.int16)).max(axis=2)
    # What differs is scaling of outlines, light and the shadows on the ground.
    assert np.median(different) == 0 and (different > 90).mean() < 0.02


def test_paper_and_blank_hold_no_place_and_before_holds_the_same_place() -> None:
    brief = replace(sample_brief(Random(5), count=2), weather="clear")
    paper, blank, before = (render_pair(brief, Random(8), way=way) for way in ("paper", "blank", "before"))
    assert blank.underdrawing.getcolors() == [(256 * 256, BLANK)] and len(blank.missing) == 2
    assert paper.underdrawing.getpixel((2, 2)) == BLANK
    assert paper.underdrawing.getcolors() != blank.underdrawing.getcolors()
    corner = np.abs(np.asarray(before.underdrawing, np.int16)[:48] - np.asarray(before.target, np.int16)[:48])
    assert np.median(corner) < 25, "the same place behind other figures"


def test_shards_read_back_and_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert list(write_shards(out, count=5, seed=3, shard_pairs=3)) == [3, 5]
    folders = sorted(path for path in out.iterdir())
    assert [path.name for path in folders] == ["shard-3-00000", "shard-3-00001"]
    targets, underdrawings = np.load(folders[0] / "targets.npy"), np.load(folders[0] / "underdrawings.npy")
    assert targets.shape == underdrawings.shape == (3, 256, 256, 3) and targets.dtype == np.uint8
    records = [json.loads(line) for line in (folders[0] / "records.jsonl").read_text().splitlines()]
    assert len(records) == 3
    from engine.mini.scenery import draw_scene

    for row, record in enumerate(records):
        brief = brief_from(record)
        assert record["caption"] == mini_caption(brief)
        assert len(record["boxes"]) == len(brief.figures)
        assert np.array_equal(np.asarray(draw_scene(brief)[0]), targets[row])
    before = (folders[0] / "targets.npy").stat().st_mtime_ns
    assert list(write_shards(out, count=5, seed=3, shard_pairs=3)) == [3, 5]
    assert (folders[0] / "targets.npy").stat().st_mtime_ns == before


def test_shards_are_the_same_with_any_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 2):
        list(write_shards(tmp_path / str(workers), count=4, seed=1, workers=workers, shard_pairs=2, size_px=64))
    for shard in ("shard-1-00000", "shard-1-00001"):
        for name in ("targets.npy", "underdrawings.npy", "records.jsonl"):
            assert (tmp_path / "1" / shard / name).read_bytes() == (tmp_path / "2" / shard / name).read_bytes()
