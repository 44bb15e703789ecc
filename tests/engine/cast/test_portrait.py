"""Avatars painted from photos: who is shown to the painter, and the figure cut out of what it made."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.cast.faces import Face
from engine.cast.photos import SafePhoto
from engine.cast.portrait import AVATAR_PX, CROP_PX, EASEL_PX, SHOWN, crops_of, cut_out, easel, portray, strip_of
from engine.nouns import Look, OwnerId, Painting, ServerId, Sitting, StudioFailed

LOOK = Look(kind="girl", hair="bob", hair_colour="black", outfit="sweater", outfit_colour="white", pattern="plain")


def photo(image: Image.Image) -> SafePhoto:
    return SafePhoto(image.convert("RGB").tobytes(), *image.size, 120.0, 40.0, 5.0)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


SIDE = 384


def painted(sheet: bytes, paper: str = "#FBF8F2", grain: int = 6) -> Image.Image:
    """What a good painter makes of a doll: the same figure on paper that is not quite even, at its own size."""
    doll = opened(sheet).convert("RGBA").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    page = Image.new("RGBA", doll.size, paper)
    page.alpha_composite(doll)
    noise = np.random.default_rng(1).integers(-grain, grain + 1, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(np.asarray(page.convert("RGB")).astype(int) + noise, 0, 255).astype(np.uint8))


# --- who is shown -----------------------------------------------------------------------------------

def test_of_a_photo_with_several_only_the_chosen_one_is_shown() -> None:
    three = Image.new("RGB", (900, 300), "red")
    three.paste("green", (300, 0, 600, 300))
    three.paste("blue", (600, 0, 900, 300))
    faces = (Face(100, 50, 100, 100), Face(400, 50, 100, 100), Face(700, 50, 100, 100))
    [shown] = crops_of([photo(three)], [faces], {0: 1})
    assert opened(shown).getcolors() == [(300 * 300, (0, 128, 0))]
    [last] = crops_of([photo(three)], [faces], {0: 2})
    assert [colour for _, colour in opened(last).getcolors()] == [(0, 0, 255)]
    assert crops_of([photo(three)], [faces]) == (), "nobody knows who is meant"
    assert strip_of(faces, 0, 900) == (0, 300)


def test_a_few_photos_are_shown_and_none_too_large() -> None:
    photos = [photo(Image.new("RGB", (1024, 512), colour)) for colour in ("red", "green", "blue", "gold")]
    shown = crops_of(photos, [(), (), (), ()])
    assert len(shown) == SHOWN and [opened(each).size for each in shown] == [(CROP_PX, CROP_PX // 2)] * SHOWN
    assert opened(shown[1]).getpixel((5, 5)) == (0, 128, 0)


# --- cutting out ------------------------------------------------------------------------------------

def test_the_figure_is_cut_out_of_its_paper_white_clothes_and_all() -> None:
    sheet = easel(LOOK)
    outline = opened(sheet).getchannel("A")
    cut = opened(cut_out(png(painted(sheet)), sheet))
    assert cut.mode == "RGBA" and max(cut.size) <= AVATAR_PX
    box = outline.getbbox()
    assert box is not None
    wanted = np.asarray(outline.crop(box).resize(cut.size)) > 127
    got = np.asarray(cut.getchannel("A")) > 127
    assert (wanted & got).sum() / (wanted | got).sum() > 0.96
    middle = cut.getpixel((cut.width // 2, round(cut.height * 0.55)))
    assert middle[3] == 255 and min(middle[:3]) > 200, "the white sweater is no paper"


def test_a_shadow_and_crumbs_on_the_paper_are_left_out() -> None:
    sheet = easel(LOOK)
    page = painted(sheet, grain=2)
    clean = opened(cut_out(png(page), sheet))
    ImageDraw.Draw(page).ellipse((20, 20, 30, 30), "navy")
    assert abs(opened(cut_out(png(page), sheet)).width - clean.width) <= 1


@pytest.mark.parametrize("kind", ["noise", "one colour", "a room"])
def test_without_paper_the_dolls_outline_says_what_is_figure(kind: str) -> None:
    sheet = easel(LOOK)
    pages = {"noise": Image.fromarray(np.random.default_rng(2).integers(0, 256, (256, 256, 3), dtype=np.uint8)),
             "one colour": Image.new("RGB", (256, 256), "teal"),
             "a room": Image.linear_gradient("L").convert("RGB")}
    cut = opened(cut_out(png(pages[kind]), sheet))
    box = opened(sheet).getchannel("A").getbbox()
    assert box is not None
    wide, high = (box[2] - box[0]) * 256 / EASEL_PX, (box[3] - box[1]) * 256 / EASEL_PX
    assert wide <= cut.width <= wide + 20 and high <= cut.height <= high + 20
    share = (np.asarray(cut.getchannel("A")) > 127).mean()
    assert 0.3 < share < 0.9, "an outline and no square"


# --- the whole way, but for the model ---------------------------------------------------------------

class Easels:
    """A studio in which somebody paints the doll, larger; the first `bare` times without its clothes."""

    def __init__(self, bare: int = 0) -> None:
        self.bare, self.asked = bare, list[tuple[Sitting, int]]()

    async def paint_avatar(self, sitting: Sitting, *, seed: int, owner_id: OwnerId, server_id: ServerId) -> Painting:
        self.asked.append((sitting, seed))
        look = replace(LOOK, outfit_colour="white")
        sheet = easel(look)
        page = painted(sheet)
        if self.bare:
            self.bare -= 1
            figure = np.asarray(opened(sheet).getchannel("A").resize(page.size)) > 127
            rgb = np.asarray(page).copy()
            rows = slice(round(SIDE * 0.45), SIDE)                   # from the neck down
            face = rgb[round(SIDE * 0.22):round(SIDE * 0.28), SIDE // 2 - 7:SIDE // 2 + 7]
            skin = np.median(face.reshape(-1, 3), axis=0)
            rgb[rows][figure[rows]] = skin.astype(np.uint8)
            page = Image.fromarray(rgb)
        return Painting(png(page), seed, "easels@1", 4, 0.1)


async def test_an_avatar_comes_back_cut_out_and_the_same_again() -> None:
    studio = Easels()
    made = [await portray(studio, LOOK, (b"photo",), seed=seed, owner_id=OwnerId("o"), server_id=ServerId("s"))  # type: ignore[arg-type]
            for seed in (1, 1, 2)]
    assert made[0] == made[1] and opened(made[0]).mode == "RGBA"
    seeds = [seed for _, seed in studio.asked]
    assert seeds[0] == seeds[1] != seeds[2]
    assert studio.asked[0][0].photos == (b"photo",) and studio.asked[0][0].look == LOOK


async def test_who_lost_their_clothes_is_painted_again_and_then_not_shown() -> None:
    studio = Easels(bare=1)
    await portray(studio, LOOK, (), seed=1, owner_id=OwnerId("o"), server_id=ServerId("s"))  # type: ignore[arg-type]
    assert len(studio.asked) == 2 and studio.asked[0][1] != studio.asked[1][1]
    with pytest.raises(StudioFailed) as failure:
        await portray(Easels(bare=2), LOOK, (), seed=1, owner_id=OwnerId("o"), server_id=ServerId("s"))  # type: ignore[arg-type]
    assert failure.value.reason == "picture_unsuitable"
