"""The likeness port on real, freshly made weights: same picture same vector, length is quality, plain errors."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from engine.nouns import StudioFailed
from engine.painters.likeness import FRAME_PX, MINI_LIKENESS, LikenessNet, MiniLikeness, framed


def png(colour: tuple[int, ...], size: tuple[int, int] = (40, 70), mode: str = "RGB") -> bytes:
    picture = Image.new(mode, size, colour)
    ImageDraw.Draw(picture).ellipse((8, 6, 32, 30), fill=(240, 220, 190, 255)[:len(mode)])
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from training.likeness import export
    torch.set_num_threads(1)
    torch.manual_seed(3)
    export(LikenessNet((8, 16, 16), 24, 3).eval(), tmp_path)
    return tmp_path


def test_same_picture_same_vector_and_length_is_quality(folder: Path) -> None:
    likeness = MiniLikeness(folder)
    red, blue, red_again = likeness.embed([png((200, 30, 30)), png((20, 30, 200)), png((200, 30, 30))])
    assert len(red) == 24
    assert red == pytest.approx(red_again, abs=1e-5)
    assert red != pytest.approx(blue, abs=1e-3)
    assert all(0.0 < math.hypot(*vector) <= 1.0 + 1e-5 for vector in (red, blue))
    assert likeness.name.startswith("mini-likeness@")


def test_more_pictures_than_a_batch_and_none(folder: Path) -> None:
    likeness = MiniLikeness(folder)
    alone = likeness.embed([png((200, 30, 30))])[0]
    many = likeness.embed([png((200, 30, 30))] * 19)
    assert len(many) == 19 and many[-1] == pytest.approx(alone, abs=1e-4)
    assert likeness.embed([]) == []


def test_a_cut_out_stands_on_neutral_ground() -> None:
    cutout = Image.new("RGBA", (10, 30), (0, 0, 0, 0))
    frame = framed(cutout)
    assert frame.size == FRAME_PX and frame.getcolors() == [(FRAME_PX[0] * FRAME_PX[1], (150, 150, 150))]


@pytest.mark.parametrize("size", [(10, 90), (200, 20), (1, 1)])
def test_a_picture_of_any_shape_is_seen_whole_and_undistorted(size: tuple[int, int]) -> None:
    pixels = np.asarray(framed(Image.new("RGB", size, (250, 0, 0)))).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 50))
    wide, high = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    assert wide == FRAME_PX[0] or high == FRAME_PX[1]
    assert wide / high == pytest.approx(size[0] / size[1], rel=0.1)


@pytest.mark.parametrize("damage", ["nothing", "config", "weights"])
def test_a_damaged_folder_is_a_plain_failure(folder: Path, damage: str) -> None:
    if damage == "config":
        (folder / "config.json").write_text("{")
    elif damage == "weights":
        (folder / "model.safetensors").write_bytes(b"no")
    else:
        folder = folder / "empty"
    with pytest.raises(StudioFailed):
        MiniLikeness(folder)


def test_no_picture_is_a_plain_failure(folder: Path) -> None:
    with pytest.raises(StudioFailed):
        MiniLikeness(folder).embed([b"no picture"])


@pytest.mark.skipif(not (MINI_LIKENESS / "model.safetensors").exists(), reason="the shipped weights are not here")
def test_the_shipped_weights_know_a_character_in_another_pose() -> None:
    from engine.memory.verification import cosine
    from engine.mini.dolls import draw_avatar, draw_doll
    from engine.nouns import Look

    def as_png(picture: Image.Image) -> bytes:
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    torch.set_num_threads(1)
    mia = Look(kind="girl", hair="pigtails", hair_colour="ginger", outfit="dress", outfit_colour="green")
    bruno = Look(kind="bear", fur="brown", outfit="t-shirt", outfit_colour="yellow")
    likeness = MiniLikeness()
    avatar, other, running = likeness.embed([
        as_png(draw_avatar(mia)), as_png(draw_avatar(bruno)),
        as_png(draw_doll(mia, height_px=100, action="runs", mood="happy", flip=True).image)])
    assert cosine(avatar, running) > 0.45 > cosine(other, running)
