"""The likeness encoder's pictures, losses and figures: doubles that differ in one thing, crops of the same scenes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from engine.nouns import Look
from engine.painters.likeness import FRAME_PX, LikenessNet
from training import album as albums
from training import likeness
from training.world.sampler import is_held_out


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album of five training families."""
    folder = tmp_path_factory.mktemp("album")
    albums.collect(folder, parts=1, seed=4, families=5)
    return folder


@pytest.mark.parametrize("look", [Look(kind="fox", outfit="bare"), Look(kind="girl", pattern="stars"),
                                  Look(kind="man", hair="bald"), Look(kind="woman", headwear="hijab")])
def test_a_double_differs_in_one_attribute_that_the_look_shows(look: Look) -> None:
    for seed in range(30):
        way, twin = albums.double(look, Random(seed))
        assert [name for name in asdict(look) if asdict(look)[name] != asdict(twin)[name]] == [way]
        assert not (look.outfit == "bare" and way == "outfit_colour")
        assert not (look.hair == "bald" and way == "hair_colour")
        assert not (look.headwear == "hijab" and way in ("hair", "hair_colour"))


def test_a_family_can_be_told_apart_and_keeps_to_its_side_of_the_split() -> None:
    for seed in range(4):
        looks, ways, avatars = albums.family(Random(seed), held_out=False)
        assert len(looks) == albums.MEMBERS == len(set(ways)) and ways[0] == ""
        assert not any(is_held_out(look) for look in looks)
        assert all(albums.differing(avatars[0], other) >= albums.SHARE for other in avatars[1:])
    assert is_held_out(albums.family(Random(1), held_out=True)[0][0])


def test_members_are_cut_out_of_the_same_scenes(kept: Path) -> None:
    album = albums.Album(kept)
    table, pictures = album.tables[0], album.pictures[0]
    assert pictures.shape[1:] == (FRAME_PX[1], FRAME_PX[0], 3) and len(album.families) == 5
    for _, number, avatars, views in album.families:
        assert [table["member"][row] for row in avatars] == [0, 1, 2]
        for view in views:
            assert [table["member"][row] for row in view] == [0, 1, 2]
            assert {table["family"][row] for row in view} == {number}
            first, *others = (pictures[row].astype(int) for row in view)
            # the same place, light and neighbours: most of the crop is as it was
            assert all((np.abs(first - other).max(2) < 40).mean() > 0.4 for other in others)
            assert table["seen"][view[0]] == 0.0


def test_what_is_seen_of_an_attribute_is_measured_on_the_crop(kept: Path) -> None:
    table = albums.Album(kept).tables[0]
    shown = [value for value, member, scene in zip(table["seen"], table["member"], table["scene"], strict=True)
             if scene >= 0 and member > 0]
    assert 0.6 < np.mean(np.array(shown) >= albums.VISIBLE) <= 1.0


def test_an_album_is_kept_and_grows(kept: Path) -> None:
    album = albums.Album(kept)
    before = (kept / "part-0000" / "pictures.npy").stat().st_mtime_ns
    albums.collect(kept, parts=1, seed=4, families=5)
    assert (kept / "part-0000" / "pictures.npy").stat().st_mtime_ns == before and album.refresh() == 5


def test_no_album_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no album"):
        albums.Album(tmp_path)


def test_a_batch_has_each_familys_character_and_one_double(kept: Path) -> None:
    batch = albums.Album(kept).draw(np.random.default_rng(0), 5)
    assert batch.pixels.shape == (20, 3, FRAME_PX[1], FRAME_PX[0]) and int(batch.avatar.sum()) == 10
    who, family = batch.who[batch.avatar], batch.family[batch.avatar]
    assert len(set(who.tolist())) == 10 and sorted(batch.who[~batch.avatar].tolist()) == sorted(who.tolist())
    assert all((family == number).sum() == 2 for number in family)


def test_attributes_that_a_look_does_not_show_are_not_asked_for() -> None:
    def said(look: Look) -> dict[str, int]:
        return dict(zip(albums.READ, albums.reading(asdict(look)), strict=True))

    bear, woman = said(Look(kind="bear", outfit="bare")), said(Look(kind="woman", headwear="hijab"))
    assert bear["skin"] == bear["hair"] == bear["outfit_colour"] == bear["pattern"] == -1 and bear["fur"] >= 0
    assert woman["hair"] == woman["fur"] == woman["beard"] == -1 and woman["headwear"] >= 0 and woman["skin"] >= 0


def test_blur_and_cover_lower_quality_and_avatars_are_spared() -> None:
    rng = np.random.default_rng(1)
    pixels = torch.rand(64, 3, FRAME_PX[1], FRAME_PX[0]) * 2 - 1
    spared = torch.arange(64) % 2 == 0
    spoiled, quality = likeness.spoil(pixels.clone(), rng, spared)
    assert spoiled.shape == pixels.shape and float(spoiled.abs().max()) <= 1.0
    assert bool((quality[spared] == 1).all()) and 0 <= float(quality.min()) < 0.7 < float(quality.mean())
    # what is left of the fine grain goes with it
    grain = (spoiled[:, :, :, 1:] - spoiled[:, :, :, :-1]).abs().mean((1, 2, 3))
    assert float(grain[quality > 0.95].mean()) > 1.3 * float(grain[quality < 0.6].mean())


def a_batch(who: list[int], family: list[int], avatar: list[bool]) -> albums.Batch:
    return albums.Batch(torch.zeros(len(who), 3, 4, 4), torch.tensor(who), torch.tensor(family), torch.tensor(avatar),
                        torch.zeros(len(who), 1, dtype=torch.long))


def test_the_losses_want_the_own_avatar_nearest_and_doubles_apart() -> None:
    batch = a_batch([0, 1, 2, 0, 1, 2], [0, 0, 1, 0, 0, 1], [True] * 3 + [False] * 3)
    basis, even, verdict = torch.eye(3), torch.ones(6), torch.tensor([2.5, 0.5])
    right, mixed = torch.cat([basis, basis]), torch.cat([basis, basis[[1, 0, 2]]])
    assert likeness.contrast(right, batch, even) < likeness.contrast(mixed, batch, even)
    assert likeness.pairwise(right, batch, even, verdict) < likeness.pairwise(mixed, batch, even, verdict)
    hidden = torch.tensor([1, 1, 1, 0.01, 0.01, 1])           # who cannot be made out is not insisted on
    assert likeness.contrast(mixed, batch, hidden) < likeness.contrast(mixed, batch, even)


def test_equal_error_is_where_both_errors_meet() -> None:
    rate, threshold = likeness.equal_error(torch.tensor([0.9, 0.8, 0.4]), torch.tensor([0.1, 0.5, -0.2]))
    assert rate == pytest.approx(1 / 3, abs=0.01) and 0.4 <= threshold <= 0.5
    assert likeness.equal_error(torch.tensor([0.9]), torch.tensor([0.1]))[0] == 0.0


def test_it_learns_resumes_and_is_judged_by_attribute(kept: Path, tmp_path: Path) -> None:
    album = albums.Album(kept)
    torch.manual_seed(0)

    def small() -> LikenessNet:
        return LikenessNet((8, 16, 16), 24, 3)

    untrained = small()
    likeness.settle(untrained, album)
    before = likeness.judge(untrained, album)
    likeness.train(album, minutes=60, run=tmp_path, families=4, max_steps=15, net=small(), peak=3e-3)
    net = likeness.train(album, minutes=60, run=tmp_path, families=4, max_steps=40, net=small(), peak=3e-3)
    after = likeness.judge(net, album)
    assert after["eer"] < 0.8 * before["eer"]
    ways = {way for ways in album.tables[0]["ways"] for way in ways if way}
    assert {f"eer_{way}" for way in ways} <= set(after)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 40
    assert likeness.failures(net, album, 4).size == (4 * (3 * FRAME_PX[0] + 12), FRAME_PX[1] + 16)
