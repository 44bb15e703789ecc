"""FLUX.2 klein through the production loader on a real toy checkpoint: context, mask, caches, previews, cancelling."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from tiny_klein import save_klein

from engine.nouns import (
    Box,
    Cancelled,
    CharacterId,
    Figure,
    Look,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
    Underdrawing,
)
from engine.painters import open_painter
from engine.painters.klein import Fitting, KleinPainter, region_mask
from engine.prompting import klein_prompt
from engine.settings import load_settings

STEPS = 4
MIA, BEN = CharacterId("a-mia"), CharacterId("b-ben")
BOXES = ((MIA, Box(0.05, 0.3, 0.35, 0.9)), (BEN, Box(0.65, 0.3, 0.95, 0.9)))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_klein(tmp_path_factory.mktemp("klein") / "toy", steps=STEPS)


@pytest.fixture(scope="module")
def painter(folder: Path) -> KleinPainter:
    return KleinPainter(folder)


def png(colour: str, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> bytes:
    picture = Image.new(mode, size, colour)
    picture.paste(Image.new(mode, (size[0] // 2, size[1] // 2), "white"), (size[0] // 4, size[1] // 4))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def brief(*figures: Figure) -> PanelBrief:
    figures = figures or (
        Figure(MIA, "Mia", Look(), Place(0.2, 0.9, 0.6), "waves", "happy", toward=BEN),
        Figure(BEN, "Ben", Look(kind="bear"), Place(0.8, 0.9, 0.6), "sits", "calm"))
    return PanelBrief(PanelId("p"), StoryId("s"), "Mia waves to Ben.", figures,
                      Setting(SettingId("x"), "garden", "the garden", 1))


UNDER = Underdrawing(png("teal"), BOXES)
REFERENCES = (png("crimson", (40, 64), "RGBA"), png("navy", (64, 40), "RGBA"), png("olive"))


def paint(painter: KleinPainter, *, references: tuple[bytes, ...] = REFERENCES, seed: int = 7, on_step: Any = None,
          what: PanelBrief | None = None) -> bytes:
    made = painter.paint(what or brief(), UNDER, references, seed=seed, on_step=on_step or (lambda *_: None))
    assert made.seed == seed and made.steps == STEPS and made.painter == "toy@toy"
    return made.png


def difference(one: bytes, other: bytes) -> float:
    first, second = (torch.frombuffer(bytearray(Image.open(io.BytesIO(each)).tobytes()), dtype=torch.uint8).float()
                     for each in (one, other))
    return float((first - second).abs().mean())


def test_without_mask_and_caches_it_is_the_plain_pipeline(folder: Path) -> None:
    from diffusers import Flux2KleinPipeline

    ours = KleinPainter(folder, masked=False, caching=False)
    made = paint(ours)
    plain = Flux2KleinPipeline.from_pretrained(folder)
    plain.set_progress_bar_config(disable=True)
    noise = torch.randn((1, 16, 16, 16), generator=torch.Generator().manual_seed(7))
    centred = []
    for reference in REFERENCES:
        picture = Image.open(io.BytesIO(reference)).convert("RGBA")
        paper = Image.new("RGBA", (64, 64), "white")
        paper.alpha_composite(picture, ((64 - picture.width) // 2, (64 - picture.height) // 2))
        centred.append(paper.convert("RGB"))
    picture = plain(image=[Image.open(io.BytesIO(UNDER.png)).convert("RGB"), *centred],
                    prompt=klein_prompt(brief(), {MIA: 2, BEN: 3}), height=64, width=64, num_inference_steps=STEPS,
                    guidance_scale=1.0, latents=noise, max_sequence_length=96, text_encoder_out_layers=(1,)).images[0]
    assert Image.open(io.BytesIO(made)).tobytes() == picture.tobytes()


def test_caches_change_nothing_and_save_the_encoding(folder: Path, painter: KleinPainter) -> None:
    without = paint(KleinPainter(folder, caching=False))
    assert paint(painter) == without
    kept, prompts = painter._pipeline.kept, painter._prompts
    assert kept is not None and prompts is not None
    pictures, words = kept.made, prompts.made
    assert paint(painter) == without, "from the caches"
    assert (kept.made, prompts.made) == (pictures, words)
    paint(painter, references=(*REFERENCES[:2], png("plum")))
    assert kept.made == pictures + 1, "only the frame before is another"


def test_a_then_b_then_a(painter: KleinPainter) -> None:
    first, other, again = paint(painter, seed=1), paint(painter, seed=2), paint(painter, seed=1)
    assert first == again != other


def test_every_picture_of_the_context_is_looked_at(painter: KleinPainter) -> None:
    base = paint(painter)
    for index in range(3):
        changed = list(REFERENCES)
        changed[index] = png("gold", (64, 64), "RGBA" if index < 2 else "RGB")
        assert paint(painter, references=tuple(changed)) != base
    under = painter.paint(brief(), replace(UNDER, png=png("black")), REFERENCES, seed=7, on_step=lambda *_: None)
    assert under.png != base


def test_who_has_no_avatar_leaves_the_others_theirs(painter: KleinPainter) -> None:
    asked: list[str] = []
    encode = painter._encoded
    painter._encoded = lambda prompt: (asked.append(prompt), encode(prompt))[1]  # type: ignore[method-assign]
    try:
        paint(painter, references=(b"", REFERENCES[1]))
    finally:
        del painter._encoded  # type: ignore[method-assign]
    assert "Ben is the bear of image 2" in asked[0] and "Mia is a girl in a blue t-shirt" in asked[0]


def test_somebody_who_changes_sides_keeps_their_image() -> None:
    mia, ben = brief().figures
    swapped = brief(replace(ben, place=Place(0.2, 0.9, 0.6)), replace(mia, place=Place(0.8, 0.9, 0.6)))
    images = {MIA: 2, BEN: 3}
    before, after = klein_prompt(brief(), images), klein_prompt(swapped, images)
    assert "Mia is the girl of image 2, on the left" in before and "Mia is the girl of image 2, on the right" in after
    assert "Exactly 2 characters" in before and "waves, happy, with Ben" in before


# --- the mask ---------------------------------------------------------------------------------------

def test_an_avatar_and_the_panel_see_each_other_only_where_its_character_stands() -> None:
    words, side, images = 3, 10, (100, 4, 4, 9)
    mask = region_mask(words, side, images, (MIA, BEN), dict(BOXES))
    assert mask.shape == (1, 1, 220, 220) and mask.dtype == torch.bool
    open_to = mask[0, 0]
    panel, mia, ben = slice(3, 103), slice(203, 207), slice(207, 211)
    seen = open_to[panel, mia].all(1).reshape(side, side)
    assert seen[5, 2] and not seen[5, 7] and not seen[0, 2], "inside Mia's box, in Ben's, above hers"
    assert torch.equal(open_to[panel, mia], open_to[mia, panel].T)
    assert not open_to[mia, ben].any() and not open_to[ben, mia].any(), "two avatars never see each other"
    assert open_to[panel, panel].all(), "the panel sees itself whole: cut there it falls apart"
    for everything in (slice(0, 3), slice(103, 203), slice(211, 220)):     # words, underdrawing, the frame before
        assert open_to[everything].all() and open_to[:, everything].all()


def test_a_mask_that_forbids_nothing_changes_nothing_and_a_real_one_does(folder: Path) -> None:
    whole = tuple((who, Box(0, 0, 1, 1)) for who, _ in BOXES)
    one = tuple(whole[:1])
    alone = brief(brief().figures[0])
    masked, plain = KleinPainter(folder), KleinPainter(folder, masked=False)
    open_mask = masked.paint(alone, replace(UNDER, boxes=one), REFERENCES[:1], seed=3, on_step=lambda *_: None)
    without = plain.paint(alone, replace(UNDER, boxes=one), REFERENCES[:1], seed=3, on_step=lambda *_: None)
    assert difference(open_mask.png, without.png) < 0.5, "another kernel, the same picture"
    assert difference(paint(masked), paint(plain)) > difference(open_mask.png, without.png)


# --- while it paints --------------------------------------------------------------------------------

def test_previews_are_pictures_of_the_panel_and_the_last_step_has_none(painter: KleinPainter) -> None:
    told: list[tuple[int, int, bytes | None]] = []
    made = paint(painter, on_step=lambda *step: told.append(step))
    assert [(step, steps) for step, steps, _ in told] == [(number, STEPS) for number in range(1, STEPS + 1)]
    previews = [preview for _, _, preview in told if preview]
    assert previews and told[-1][2] is None
    for preview in previews:
        assert Image.open(io.BytesIO(preview)).size == (64, 64)
    assert difference(previews[-1], made) < difference(png("black"), made)


def test_the_preview_of_clean_latents_is_the_picture(painter: KleinPainter) -> None:
    """What the preview does to latents is what the pipeline does at its end."""
    caught: list[torch.Tensor] = []

    pipeline = painter._pipeline
    scheduler_step = type(pipeline.scheduler).step

    def step(self: Any, *given: Any, **named: Any) -> Any:
        result = scheduler_step(self, *given, **named)
        caught.append(result[0])
        return result

    type(pipeline.scheduler).step = step
    try:
        made = paint(painter)
    finally:
        type(pipeline.scheduler).step = scheduler_step
    assert Image.open(io.BytesIO(painter.preview(caught[-1]))).tobytes() == Image.open(io.BytesIO(made)).tobytes()


@pytest.mark.parametrize("at", [1, STEPS])
def test_cancelled_at_a_step_it_leaves_nothing_behind(painter: KleinPainter, at: int) -> None:
    before = paint(painter)

    def cancel(step: int, *_: object) -> None:
        if step == at:
            raise Cancelled

    with pytest.raises(Cancelled):
        paint(painter, on_step=cancel, seed=9)
    assert paint(painter) == before


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_out_of_memory_once_it_paints_without_the_frame_before(painter: KleinPainter, at: int) -> None:
    failures = itertools.count()

    def run_out(step: int, *_: object) -> None:
        if step == at and next(failures) == 0:
            raise torch.OutOfMemoryError("no room")

    made = paint(painter, on_step=run_out)
    assert made == paint(painter, references=REFERENCES[:2])


def test_out_of_memory_twice_is_a_polite_failure_and_the_next_panel_paints(painter: KleinPainter) -> None:
    def run_out(*_: object) -> None:
        raise torch.OutOfMemoryError("no room")

    before = paint(painter)
    with pytest.raises(StudioFailed, match="out of memory"):
        paint(painter, on_step=run_out)
    assert paint(painter) == before


# --- opening ----------------------------------------------------------------------------------------

def test_weights_that_make_no_numbers_are_noticed(folder: Path) -> None:
    broken = KleinPainter(folder)
    with torch.no_grad():
        broken._pipeline.transformer.proj_out.weight.fill_(float("nan"))
    with pytest.raises(StudioFailed, match="no numbers"):
        paint(broken)


def test_weights_kept_in_eight_bits_paint_nearly_the_same(folder: Path, painter: KleinPainter) -> None:
    small = KleinPainter(folder, fitting=Fitting.SMALL)
    kept = [part.weight.dtype for part in small._pipeline.transformer.modules() if isinstance(part, torch.nn.Linear)]
    assert torch.float8_e4m3fn in kept
    made = paint(small)
    assert difference(made, paint(painter)) < difference(png("black"), paint(painter)) / 2
    assert paint(small) == made


def test_a_setting_opens_it(folder: Path, tmp_path: Path) -> None:
    painter = open_painter(load_settings(home=tmp_path, studio={"painter": str(folder), "steps": 2, "threads": 1}))
    assert isinstance(painter, KleinPainter) and painter.recipe.steps == 2 and painter.size_px == 64


def test_damaged_folders_are_told_plainly(tmp_path: Path) -> None:
    folder = save_klein(tmp_path / "toy")
    (folder / "storythread.json").write_text('{"steps": "many"}')
    with pytest.raises(StudioFailed, match=r"storythread\.json .* is damaged"):
        KleinPainter(folder)
    (folder / "storythread.json").unlink()
    next((folder / "transformer").glob("*.safetensors")).write_bytes(b"no weights")
    with pytest.raises(StudioFailed, match="cannot be opened"):
        KleinPainter(folder)
