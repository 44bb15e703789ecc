"""FLUX.2 klein through the production loader on a real toy checkpoint: context, mask, caches, previews, cancelling."""

from __future__ import annotations

import gc
import io
import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from bench.gpu.random_klein import save_klein
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
    Sitting,
    StoryId,
    StudioFailed,
    Underdrawing,
)
from engine.painters import open_painter
from engine.painters.eight_bits import EightBits
from engine.painters.kept import Kept
from engine.painters.klein import Fitting, KleinPainter, region_mask
from engine.prompting import avatar_prompt, klein_prompt
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
    return save_klein(tmp_path_factory.mktemp("klein") / "toy", recipe={"steps": STEPS})


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


@pytest.fixture(scope="module")
def plain(folder: Path) -> Any:
    """The stock pipeline on the same weights."""
    from diffusers import Flux2KleinPipeline

    pipeline = Flux2KleinPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def context(*references: bytes) -> list[Image.Image]:
    """Pictures as the stock pipeline is given them: whole, on white."""
    centred = []
    for reference in references:
        picture = Image.open(io.BytesIO(reference)).convert("RGBA")
        paper = Image.new("RGBA", (64, 64), "white")
        paper.alpha_composite(picture, ((64 - picture.width) // 2, (64 - picture.height) // 2))
        centred.append(paper.convert("RGB"))
    return centred


def noise(seed: int) -> torch.Tensor:
    return torch.randn((1, 16, 16, 16), generator=torch.Generator().manual_seed(seed))


HOW = {"height": 64, "width": 64, "num_inference_steps": STEPS, "guidance_scale": 1.0, "max_sequence_length": 96,
       "text_encoder_out_layers": (1, 2)}


def test_without_mask_and_caches_it_is_the_plain_pipeline(folder: Path, plain: Any) -> None:
    ours = KleinPainter(folder, masked=False, caching=False)
    assert len(ours._pipeline.text_encoder.model.layers) == 3 < len(plain.text_encoder.model.layers)
    made = paint(ours)
    picture = plain(image=context(UNDER.png, *REFERENCES), prompt=klein_prompt(brief(), {MIA: 2, BEN: 3}, before=4),
                    latents=noise(7), **HOW).images[0]
    assert Image.open(io.BytesIO(made)).tobytes() == picture.tobytes()


def test_a_batch_of_the_plain_pipeline_is_its_pictures_one_by_one(painter: KleinPainter, plain: Any) -> None:
    """We paint one at a time (docs/gpu.md says why); somebody's batch of the same context would be the same."""
    prompt = klein_prompt(brief(), {MIA: 2, BEN: 3}, before=4)
    mask = region_mask(96, 16, [256] * 4, (MIA, BEN), dict(BOXES))
    both = plain(image=context(UNDER.png, *REFERENCES), prompt=[prompt] * 2, latents=torch.cat([noise(1), noise(2)]),
                 attention_kwargs={"attention_mask": mask}, **HOW).images
    for seed, picture in zip((1, 2), both, strict=True):
        single = Image.open(io.BytesIO(paint(painter, seed=seed)))
        apart = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).int() \
            - torch.frombuffer(bytearray(single.tobytes()), dtype=torch.uint8).int()
        assert int(apart.abs().max()) <= 1, "sums in another order, the same picture"


def test_caches_change_nothing_and_save_the_encoding(folder: Path, painter: KleinPainter) -> None:
    without = paint(KleinPainter(folder, caching=False))
    painter.let_go()
    assert paint(painter) == without
    pictures, words = painter._pictures, painter._prompts
    made = pictures.made, words.made
    assert paint(painter) == without, "from the caches"
    assert (pictures.made, words.made) == made
    paint(painter, references=(*REFERENCES[:2], png("plum")))
    assert pictures.made == made[0] + 1, "only the frame before is another"
    painter.let_go()
    assert len(pictures) == len(words) == 0
    assert paint(painter) == without, "pixels are truth"


def test_what_is_kept_is_little_and_let_go_when_nobody_asks_for_it() -> None:
    kept = Kept(2, unused_s=1000.0)
    for key in (b"a", b"b", b"a", b"c"):
        kept.get(key, lambda: torch.zeros(1))
    assert kept.made == 3 and len(kept) == 2
    kept.get(b"a", lambda: torch.ones(1))
    assert kept.made == 3, "the one used lately stayed"
    kept.let_go_unused()
    assert len(kept) == 2
    kept._unused_s = 0.0
    kept.let_go_unused()
    assert len(kept) == 0 and kept._timer is None
    gone = threading.Event()

    class Telling(Kept):
        def let_go_unused(self) -> None:
            super().let_go_unused()
            gone.set()

    short = Telling(2, unused_s=0.01)
    short.get(b"a", lambda: torch.zeros(1))
    assert gone.wait(60), "a clock looks, though nobody paints"


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
    painter._encoded = lambda prompt, keeping: (  # type: ignore[method-assign]
        asked.append(prompt), encode(prompt, keeping))[1]
    try:
        paint(painter, references=(b"", REFERENCES[1]))
    finally:
        del painter._encoded  # type: ignore[method-assign]
    assert "Image 2 shows Ben, the bear." in asked[0] and "Mia is a girl in a blue t-shirt" in asked[0]
    assert "Image 3" not in asked[0], "there is no frame before"


def test_somebody_who_changes_sides_keeps_their_image() -> None:
    mia, ben = brief().figures
    swapped = brief(replace(ben, place=Place(0.2, 0.9, 0.6)), replace(mia, place=Place(0.8, 0.9, 0.6)))
    images = {MIA: 2, BEN: 3}
    before, after = klein_prompt(brief(), images), klein_prompt(swapped, images)
    assert "Image 2 shows Mia, the girl." in before and "Image 2 shows Mia, the girl." in after
    assert "Mia, on the left: waves, happy, with Ben" in before and "Mia, on the right: waves" in after
    assert "Exactly 2 characters" in before
    assert "Image 4 is an earlier page" in klein_prompt(brief(), images, before=4)


def test_for_whom_the_story_is_decides_how_it_is_asked_for() -> None:
    asked = {rating: klein_prompt(replace(brief(), rating=rating), {}) for rating in ("toddler", "family", "teen", "?")}
    assert "small children" in asked["toddler"] == asked["?"]
    assert len(set(asked.values())) == 3
    assert "child" not in asked["family"] + asked["teen"]


def test_what_somebody_wears_otherwise_is_said_with_its_colour() -> None:
    mia = replace(brief().figures[0], look=Look(outfit="raincoat", outfit_colour="yellow", headwear="cap"),
                  worn=(("outfit", "raincoat"), ("headwear", "cap")))
    assert "wearing a yellow raincoat, a red cap." in klein_prompt(brief(mia), {MIA: 2})


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


def cancel_at(at: int) -> Any:
    def cancel(step: int, *_: object) -> None:
        if step == at:
            raise Cancelled

    return cancel


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_cancelled_at_a_step_it_leaves_nothing_behind(painter: KleinPainter, at: int) -> None:
    before = paint(painter)
    with pytest.raises(Cancelled):
        paint(painter, on_step=cancel_at(at), seed=9)
    assert painter._pipeline.kept is None
    assert paint(painter) == before


def test_parts_that_take_turns_paint_the_same_and_are_free_after_a_cancel(folder: Path, painter: KleinPainter) -> None:
    """The hooks that move parts to the device and away are the real ones; here both places are the CPU."""
    turns = KleinPainter(folder, fitting=Fitting.OFFLOAD)
    pipeline = turns._pipeline
    assert not hasattr(pipeline.vae, "_hf_hook"), "previews would throw the transformer out"
    assert paint(turns) == paint(painter)
    hooks = pipeline._all_hooks
    assert len(hooks) == 2
    with pytest.raises(Cancelled):
        paint(turns, on_step=cancel_at(2))
    assert pipeline._all_hooks is not hooks, "everything was moved away and set up anew"
    assert all(hasattr(part, "_hf_hook") for part in (pipeline.text_encoder, pipeline.transformer))
    assert paint(turns, seed=8) == paint(painter, seed=8)


def run_out_of_memory(times: int, at: int = 1) -> Any:
    failures = itertools.count()

    def run_out(step: int, *_: object) -> None:
        if step == at and next(failures) < times:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    return run_out


@pytest.mark.parametrize("at", [1, STEPS])
def test_out_of_memory_once_it_paints_without_the_frame_before(painter: KleinPainter, at: int) -> None:
    made = paint(painter, on_step=run_out_of_memory(1, at))
    assert made == paint(painter, references=REFERENCES[:2])


def test_out_of_memory_twice_it_looks_at_less_of_everything(tmp_path: Path) -> None:
    large = KleinPainter(save_klein(tmp_path / "toy", recipe={"size_px": 96, "reference_px": 96, "steps": 1}))
    sizes: list[tuple[int, int]] = []
    encode = large._pipeline._encode_vae_image
    large._pipeline._encode_vae_image = lambda image, generator: (
        sizes.append(tuple(image.shape[-2:])), encode(image=image, generator=generator))[1]

    def made(on_step: Any) -> bytes:
        return large.paint(brief(), UNDER, REFERENCES, seed=7, on_step=on_step).png

    coarse = made(run_out_of_memory(2))
    assert sizes == [(96, 96)] * 4 + [(96, 96)] * 3 + [(64, 64)] * 3
    assert Image.open(io.BytesIO(coarse)).size == (96, 96)
    assert not large._pipeline.vae.use_tiling, "whole again"
    assert made(lambda *_: None) != coarse


def test_out_of_memory_with_the_least_is_a_polite_failure_and_the_next_panel_paints(painter: KleinPainter) -> None:
    before = paint(painter)
    with pytest.raises(StudioFailed, match="out of memory") as failure:
        paint(painter, on_step=run_out_of_memory(9))
    assert failure.value.reason == "studio_memory"
    assert paint(painter) == before


def test_no_memory_for_a_preview_is_no_failure(painter: KleinPainter) -> None:
    before = paint(painter)
    previews: list[bytes | None] = []

    def no_room(packed: torch.Tensor) -> bytes:
        raise torch.OutOfMemoryError("no room")

    painter.preview = no_room  # type: ignore[method-assign]
    try:
        assert paint(painter, on_step=lambda step, steps, preview: previews.append(preview)) == before
    finally:
        del painter.preview  # type: ignore[method-assign]
    assert previews == [None] * STEPS


def test_an_error_of_another_kind_is_not_taken_for_one_of_memory(painter: KleinPainter) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        paint(painter, on_step=break_down)


# --- avatars from photos ----------------------------------------------------------------------------

PHOTOS = (png("tan", (48, 64)), png("sienna"))
SITTING = Sitting(Look(words="a girl with a gap between her teeth"), png("green", (40, 64), "RGBA"), PHOTOS)


def test_an_avatar_is_painted_from_photos_and_the_doll(painter: KleinPainter, plain: Any) -> None:
    told: list[int] = []
    made = painter.paint_avatar(SITTING, seed=5, on_step=lambda step, *_: told.append(step))
    picture = plain(image=context(SITTING.doll, *PHOTOS), prompt=avatar_prompt(SITTING.look, style="flat", photos=2),
                    latents=noise(5), **HOW).images[0]
    assert Image.open(io.BytesIO(made.png)).tobytes() == picture.tobytes()
    assert told == [1, 2, 3, 4] and made.painter == "toy@toy"
    for other in (replace(SITTING, photos=PHOTOS[:1]), replace(SITTING, photos=(PHOTOS[0], png("black"))),
                  replace(SITTING, doll=png("red"))):
        assert painter.paint_avatar(other, seed=5, on_step=lambda *_: None).png != made.png


def test_nothing_of_a_photo_is_kept(painter: KleinPainter) -> None:
    def latents() -> list[torch.Tensor]:
        gc.collect()
        return [each for each in gc.get_objects() if type(each) is torch.Tensor and each.shape == (1, 16, 16, 16)]

    painter.let_go()
    before = latents()
    painter.paint_avatar(SITTING, seed=5, on_step=lambda *_: None)
    assert len(painter._pictures) == len(painter._prompts) == 0 and painter._pipeline.kept is None
    with pytest.raises(Cancelled):
        painter.paint_avatar(SITTING, seed=5, on_step=cancel_at(2))
    known = {id(each) for each in before}
    assert not [each for each in latents() if id(each) not in known], "no encoded picture is left anywhere"
    assert "png" not in repr(SITTING).lower() and repr(PHOTOS[0])[2:20] not in repr(SITTING)


# --- a character's own adapter ----------------------------------------------------------------------

@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same checkpoint with a LoRA for Mia, trained by chance."""
    from diffusers import Flux2KleinPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    folder = save_klein(tmp_path_factory.mktemp("worn") / "toy", recipe={"steps": STEPS})
    pipeline = Flux2KleinPipeline.from_pretrained(folder)
    torch.manual_seed(3)
    pipeline.transformer.add_adapter(LoraConfig(
        r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v", "to_qkv_mlp_proj"]))
    pipeline.save_lora_weights(folder / "adapters", get_peft_model_state_dict(pipeline.transformer),
                               weight_name=f"{MIA}.safetensors")
    return folder


def weights_of(painter: KleinPainter) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in painter._pipeline.transformer.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_an_adapter_is_worn_for_one_panel_and_never_longer(wardrobe: Path, painter: KleinPainter, plain: Any) -> None:
    wearing = KleinPainter(wardrobe)
    before = weights_of(wearing)
    alone = brief(brief().figures[0])
    worn = paint(wearing, what=alone, references=REFERENCES[:1])
    assert same(before, weights_of(wearing))
    assert worn != paint(painter, what=alone, references=REFERENCES[:1]), "the same weights without it"
    assert paint(wearing, what=brief(brief().figures[1]), references=REFERENCES[1:2]) == \
        paint(painter, what=brief(brief().figures[1]), references=REFERENCES[1:2]), "Ben has none"
    for trouble, error in ((cancel_at(2), Cancelled), (run_out_of_memory(9), StudioFailed)):
        with pytest.raises(error):
            paint(wearing, what=alone, references=REFERENCES[:1], on_step=trouble)
        assert same(before, weights_of(wearing))
    assert paint(wearing, what=alone, references=REFERENCES[:1]) == worn
    # With it on, the panel is what the stock pipeline makes with it on.
    plain.load_lora_weights(wardrobe / "adapters", weight_name=f"{MIA}.safetensors")
    try:
        mask = region_mask(96, 16, [256] * 2, (MIA,), dict(BOXES))
        picture = plain(image=context(UNDER.png, REFERENCES[0]), prompt=klein_prompt(alone, {MIA: 2}), latents=noise(7),
                        attention_kwargs={"attention_mask": mask}, **HOW).images[0]
    finally:
        plain.unload_lora_weights()
    assert Image.open(io.BytesIO(worn)).tobytes() == picture.tobytes()


def test_two_adapters_would_bleed_and_a_damaged_one_is_told(wardrobe: Path, painter: KleinPainter) -> None:
    wearing, before = KleinPainter(wardrobe), paint(painter)
    second = wardrobe / "adapters" / f"{BEN}.safetensors"
    second.write_bytes((wardrobe / "adapters" / f"{MIA}.safetensors").read_bytes())
    try:
        assert paint(wearing) == before, "both have one: neither is worn"
        second.write_bytes(b"no weights")
        weights = weights_of(wearing)
        with pytest.raises(StudioFailed, match="does not fit"):
            paint(wearing, what=brief(brief().figures[1]), references=REFERENCES[1:2])
        assert same(weights, weights_of(wearing))
    finally:
        second.unlink()


# --- opening ----------------------------------------------------------------------------------------

def test_weights_that_make_no_numbers_are_noticed(folder: Path) -> None:
    broken = KleinPainter(folder)
    with torch.no_grad():
        broken._pipeline.transformer.proj_out.weight.fill_(float("nan"))
    with pytest.raises(StudioFailed, match="no numbers") as failure:
        paint(broken)
    assert failure.value.reason == "studio_blank", "tried once more with another seed, then said"


def test_weights_that_rest_in_eight_bits_paint_nearly_the_same(folder: Path, painter: KleinPainter) -> None:
    small = KleinPainter(folder, fitting=Fitting.SMALL)
    resting = {name: part for name, part in small._pipeline.transformer.named_modules() if isinstance(part, EightBits)}
    assert any("attn" in name for name in resting) and not any("norm" in name for name in resting)
    for name, part in resting.items():
        wide = painter._pipeline.transformer.get_submodule(name).weight.detach()
        assert part.weight.dtype == torch.int8 and part.weight.shape == wide.shape
        assert float((part.widened(torch.float32) - wide).norm() / wide.norm()) < 0.012
    whole = paint(painter)
    made = paint(small)
    assert difference(made, whole) < difference(png("black"), whole) / 10
    assert paint(small) == made


def test_large_weights_take_two_bytes_each_on_a_processor_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KleinPainter(folder)._pipeline.dtype == torch.float32
    monkeypatch.setattr("engine.painters.klein.LARGE", 1000)
    large = KleinPainter(folder)
    assert large._pipeline.dtype == torch.bfloat16
    assert Image.open(io.BytesIO(paint(large))).size == (64, 64)


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
