"""SD 1.5 and SDXL on real toy checkpoints: the same classes, adapter files and loader as in production."""

from __future__ import annotations

import functools
import inspect
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.gpu.random_sd import save_stable_diffusion
from engine.nouns import (
    Box,
    Cancelled,
    CharacterId,
    Figure,
    Look,
    Painting,
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
from engine.painters.adapters import on_paper, parts_of_panel
from engine.painters.character_lora import ADAPTERS
from engine.painters.denoising import Watch
from engine.painters.eight_bits import EightBits
from engine.painters.unet import RECIPE, Fitting, Less, StableDiffusionPainter
from engine.prompting import CLIP_AVOIDS, clip_prompt
from engine.settings import load_settings

# diffusers' solvers hand a tensor to numpy in a way numpy 2 frowns upon.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PANEL = 64
LEFT, RIGHT, WHOLE = Box(0.0, 0.1, 0.4, 1.0), Box(0.6, 0.1, 1.0, 1.0), Box(0.0, 0.0, 1.0, 1.0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stable_diffusion(tmp_path_factory.mktemp("toys") / "sdxl", "sdxl", lora="lightning")


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stable_diffusion(tmp_path_factory.mktemp("toys") / "sd15", "sd15", lora="lcm")


@pytest.fixture(scope="module")
def painters(sdxl: Path, sd15: Path) -> dict[str, StableDiffusionPainter]:
    return {folder.name: StableDiffusionPainter(folder, device="cpu") for folder in (sdxl, sd15)}


@pytest.fixture(params=["sdxl", "sd15"])
def painter(request: pytest.FixtureRequest, painters: dict[str, StableDiffusionPainter]) -> StableDiffusionPainter:
    return painters[request.param]


def told(folder: Path, to: Path, **recipe: Any) -> Path:
    """The same checkpoint under another name with a recipe that says otherwise; None takes a key out."""
    to.mkdir()
    for part in folder.iterdir():
        if part.name != RECIPE:
            (to / part.name).symlink_to(part)
    said = json.loads((folder / RECIPE).read_text("utf-8")) | recipe
    (to / RECIPE).write_text(json.dumps({key: value for key, value in said.items() if value is not None}), "utf-8")
    return to


def picture(colour: str, size: tuple[int, int] = (PANEL, PANEL)) -> bytes:
    page = Image.new("RGB", size, colour)
    page.paste("white", (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def brief(*kinds: str, words: str = "They wave.") -> PanelBrief:
    figures = tuple(Figure(CharacterId(f"c{number}"), f"Friend {number}", Look(kind=kind),
                           Place((number + 0.5) / len(kinds), 0.9, 0.6), action="waves", mood="happy")
                    for number, kind in enumerate(kinds))
    return PanelBrief(PanelId("p"), StoryId("s"), words, figures, Setting(SettingId("x"), "garden", "garden", 1))


def laid(*boxes: Box, colour: str = "teal", missing: Sequence[str] = ()) -> Underdrawing:
    return Underdrawing(picture(colour), tuple((CharacterId(f"c{number}"), box) for number, box in enumerate(boxes)),
                        tuple(CharacterId(each) for each in missing))


PAIR, AVATARS = brief("girl", "bear"), (picture("crimson"), picture("navy"))


def paint(painter: StableDiffusionPainter, asked: PanelBrief = PAIR, underdrawing: Underdrawing | None = None,
          references: Sequence[bytes] = AVATARS, *, seed: int = 1,
          on_step: Callable[[int, int, bytes | None], None] = lambda *_: None) -> Painting:
    return painter.paint(asked, underdrawing or laid(LEFT, RIGHT), references, seed=seed, on_step=on_step)


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def apart(one: Painting, other: Painting) -> int:
    return int(np.abs(pixels(one.png) - pixels(other.png)).max())


# --- painting --------------------------------------------------------------------------------------

def test_keeps_nothing_between_calls(painter: StableDiffusionPainter) -> None:
    first = paint(painter)
    other = paint(painter, brief("dragon"), laid(WHOLE, colour="olive"), (picture("gold"),), seed=2)
    plate = paint(painter, brief(), laid(), ())
    assert paint(painter).png == first.png, "the same call, the same picture"
    assert paint(painter, brief(), laid(), ()).png == plate.png
    assert len({first.png, other.png, plate.png}) == 3
    assert pixels(first.png).shape == (PANEL, PANEL, 3)
    assert first.painter == f"{painter.name}" and painter.name.endswith("@toy") and first.seed == 1
    assert first.steps == 3, "of the four of the whole way, three quarters"


def test_what_is_kept_by_content_changes_nothing(sdxl: Path, painters: dict[str, StableDiffusionPainter]) -> None:
    fresh = StableDiffusionPainter(sdxl, device="cpu", caching=False)
    assert fresh._avatars is None
    assert paint(fresh).png == paint(painters["sdxl"]).png == paint(painters["sdxl"]).png
    kept = painters["sdxl"]._avatars
    assert kept is not None
    before = kept.made
    paint(painters["sdxl"], seed=9)
    assert kept.made == before, "an avatar is looked at once"


def test_seed_words_underdrawing_and_avatars_all_count(painter: StableDiffusionPainter) -> None:
    base = paint(painter)
    for other in (paint(painter, seed=2), paint(painter, brief("girl", "dragon")),
                  paint(painter, underdrawing=laid(LEFT, RIGHT, colour="black")),
                  paint(painter, references=(AVATARS[0], picture("gold")))):
        assert other.png != base.png


def test_any_number_of_characters_known_or_not(painter: StableDiffusionPainter) -> None:
    many = brief(*["girl", "bear", "boy", "cat", "dog", "fox", "mouse", "robot"])
    boxes = [Box(number / 8, 0.2, (number + 1) / 8, 1.0) for number in range(8)]
    everybody = paint(painter, many, laid(*boxes), [picture(colour) for colour in (
        "crimson", "navy", "olive", "plum", "teal", "gold", "tan", "pink")])
    some = paint(painter, many, laid(*boxes), [picture("crimson"), *[b""] * 6, picture("pink"), picture("tan")])
    nobody = paint(painter, many, laid(*boxes), [b""] * 8)
    assert len({everybody.png, some.png, nobody.png}) == 3
    unlaid = laid(missing=["c1"])          # no box for either, and one is not in the underdrawing at all
    assert paint(painter, PAIR, unlaid).steps == 4, "who is not in the underdrawing is painted from nearly all noise"


@pytest.mark.parametrize("seed", [0, -1, 2**70])
def test_any_whole_number_seeds(painters: dict[str, StableDiffusionPainter], seed: int) -> None:
    assert paint(painters["sd15"], seed=seed).png == paint(painters["sd15"], seed=seed).png


@pytest.mark.parametrize("family", ["sdxl", "sd15"])
def test_paints_what_the_bare_pipeline_paints(family: str, sdxl: Path, sd15: Path, tmp_path: Path) -> None:
    """Without an adapter, the LoRA beside the weights instead of melted into them, and guidance away from words."""
    import diffusers

    folder = told({"sdxl": sdxl, "sd15": sd15}[family], tmp_path / "plain", ip_adapter=None, guidance_scale=3.0)
    painter = StableDiffusionPainter(folder, device="cpu")
    kind = (diffusers.StableDiffusionXLImg2ImgPipeline if family == "sdxl"
            else diffusers.StableDiffusionImg2ImgPipeline)
    pipeline = kind.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(str(folder / "fast"), weight_name="lightning.safetensors" if family == "sdxl"
                               else "lcm.safetensors")
    pipeline.scheduler = (diffusers.EulerDiscreteScheduler.from_config(
        pipeline.scheduler.config, timestep_spacing="trailing") if family == "sdxl"
        else diffusers.LCMScheduler.from_config(pipeline.scheduler.config))

    def bare() -> np.ndarray[Any, Any]:
        made = pipeline(clip_prompt(PAIR, painter._reads), image=Image.open(io.BytesIO(laid().png)), strength=0.75,
                        num_inference_steps=4, guidance_scale=3.0, negative_prompt=CLIP_AVOIDS,
                        generator=torch.Generator("cpu").manual_seed(1)).images[0]
        return np.asarray(made).astype(int)

    painted = pixels(paint(painter).png)
    assert np.abs(bare() - painted).max() <= 1
    pipeline.unload_lora_weights()
    assert np.abs(bare() - painted).max() > 1, "the LoRA does something"


# --- adapters --------------------------------------------------------------------------------------

def test_a_silent_adapter_is_none_at_all(sdxl: Path, painters: dict[str, StableDiffusionPainter],
                                         tmp_path: Path) -> None:
    plain = StableDiffusionPainter(told(sdxl, tmp_path / "plain", ip_adapter=None), device="cpu")
    said = json.loads((sdxl / RECIPE).read_text("utf-8"))["ip_adapter"]
    mute = StableDiffusionPainter(told(sdxl, tmp_path / "mute", ip_adapter=said | {"scale": 0.0}), device="cpu")
    expected = paint(plain)
    assert paint(painters["sdxl"], references=(b"", b"")).png == expected.png, "nobody to be recognised"
    assert paint(mute).png == expected.png
    assert paint(painters["sdxl"]).png != expected.png
    loud = StableDiffusionPainter(told(sdxl, tmp_path / "loud", ip_adapter=said | {"scale": 5.0}), device="cpu")
    most = StableDiffusionPainter(told(sdxl, tmp_path / "most", ip_adapter=said | {"scale": 0.7}), device="cpu")
    assert paint(loud).png == paint(most).png, "never louder than seven tenths"


def test_a_mask_over_everything_is_no_mask(sdxl: Path, painters: dict[str, StableDiffusionPainter]) -> None:
    unmasked = StableDiffusionPainter(sdxl, device="cpu", masked=False)
    alone, avatar = brief("girl"), AVATARS[:1]
    free = paint(unmasked, alone, laid(LEFT), avatar)
    assert apart(paint(painters["sdxl"], alone, laid(WHOLE), avatar), free) <= 1
    assert apart(paint(painters["sdxl"], alone, laid(LEFT), avatar), free) > 1


def test_an_avatar_changes_its_own_part_of_the_panel(painter: StableDiffusionPainter,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the adapter speaks nothing else changes at all; a toy's norms and self-attention carry much on."""
    monkeypatch.setattr(painter, "recipe", replace(painter.recipe, steps=1))
    name, crossing = next((name, layer) for name, layer in painter._pipeline.unet.named_modules()
                          if name.endswith("attn2"))
    heard: list[torch.Tensor] = []
    hook = crossing.register_forward_hook(lambda module, inputs, output: heard.append(output.clone()))
    paintings = [paint(painter, references=references) for references in (
        AVATARS, (picture("white"), AVATARS[1]), (AVATARS[0], picture("white")))]
    hook.remove()
    first = [heard[index * len(heard) // 3][0] for index in range(3)]                   # (h w, C) where it first speaks
    side = int(first[0].shape[0] ** 0.5)
    base = pixels(paintings[0].png)
    for number, own, other in ((1, slice(0, side * 2 // 5), slice(side // 2 + 1, side)),
                               (2, slice(side * 3 // 5, side), slice(0, side // 2 - 1))):
        moved = (first[number] - first[0]).abs().amax(1).reshape(side, side)
        assert moved[:, other].max() == 0 < moved[side // 4:, own].min(), name
        changed = np.abs(pixels(paintings[number].png) - base).mean(axis=(0, 2)).reshape(side, -1).mean(1)
        assert changed[own].mean() > 1.1 * changed[other].mean(), name


def test_parts_of_a_panel_never_overlap() -> None:
    figures = brief("girl", "bear", "cat").figures
    boxes = {CharacterId("c0"): Box(0.1, 0.2, 0.6, 0.9), CharacterId("c1"): Box(0.4, 0.3, 0.9, 0.9)}
    parts = parts_of_panel(figures, boxes, 32)
    assert parts.shape == (1, 3, 32, 32) and set(parts.unique().tolist()) == {0.0, 1.0}
    assert parts.sum(1).max() == 1 and parts.sum((2, 3)).min() > 0, "everybody has a part, no point has two"
    assert parts[0, 0, 16, 8] == 1 and parts[0, 1, 16, 20] == 1 and parts[0, :, 0, 0].sum() == 0
    assert parts_of_panel(figures[:1], {CharacterId("c0"): WHOLE}, 8).min() == 1
    lying = Figure(CharacterId("c9"), "Nobody", Look(), Place(0.5, 0.9, 0.4))
    assert parts_of_panel([lying], {}, 32)[0, 0, 20, 16] == 1, "a part guessed from the place"


def test_a_cut_out_stands_on_paper_whole() -> None:
    tall = Image.new("RGBA", (20, 60), (255, 0, 0, 255))
    out = io.BytesIO()
    tall.save(out, "PNG")
    seen = on_paper(out.getvalue())
    assert seen.size == (60, 60) and seen.getpixel((30, 0)) == (255, 0, 0) and seen.getpixel((0, 30)) == (255,) * 3


def test_a_characters_own_lora_is_worn_for_its_panel_alone(sdxl: Path, painters: dict[str, StableDiffusionPainter],
                                                           tmp_path: Path) -> None:
    folder = told(sdxl, tmp_path / "worn")
    (folder / ADAPTERS).mkdir()
    shutil.copy(sdxl / "fast" / "lightning.safetensors", folder / ADAPTERS / "c0.safetensors")
    painter = StableDiffusionPainter(folder, device="cpu")
    weights = {name: weight.clone() for name, weight in painter._pipeline.unet.state_dict().items()}
    other = replace(PAIR, figures=PAIR.figures[1:])
    expected = paint(painters["sdxl"], other, references=AVATARS[1:])
    worn = paint(painter)
    assert worn.png == paint(painter).png != paint(painters["sdxl"]).png

    def stop(step: int, steps: int, png: bytes | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        paint(painter, on_step=stop)
    assert paint(painter, other, references=AVATARS[1:]).png == expected.png, "nobody else's"
    after = painter._pipeline.unet.state_dict()
    assert after.keys() == weights.keys() and all(torch.equal(after[name], weights[name]) for name in weights)
    shutil.copy(folder / ADAPTERS / "c0.safetensors", folder / ADAPTERS / "c1.safetensors")
    assert paint(painter).png == paint(painters["sdxl"]).png, "two would bleed into each other"
    (folder / ADAPTERS / "c1.safetensors").unlink()
    (folder / ADAPTERS / "c0.safetensors").write_bytes(b"torn")
    with pytest.raises(StudioFailed, match="adapter does not fit"):
        paint(painter)


def test_an_avatar_is_painted_from_photos_of_which_nothing_is_kept(painter: StableDiffusionPainter,
                                                                   sd15: Path, tmp_path: Path) -> None:
    assert painter.paints_from_photos
    kept = painter._avatars
    assert kept is not None
    before = paint(painter)
    known, made = len(kept), kept.made
    sitting = Sitting(Look(kind="woman"), picture("white"), (picture("crimson", (48, 96)), picture("navy")))
    steps: list[int] = []
    one = painter.paint_avatar(sitting, seed=1, on_step=lambda step, *_: steps.append(step))
    assert pixels(one.png).shape == (PANEL, PANEL, 3) and steps == [1, 2, 3]
    assert painter.paint_avatar(sitting, seed=1, on_step=lambda *_: None).png == one.png
    for other in (replace(sitting, photos=sitting.photos[:1]), replace(sitting, doll=picture("tan")),
                  replace(sitting, look=Look(kind="man", beard="long"))):
        assert painter.paint_avatar(other, seed=1, on_step=lambda *_: None).png != one.png
    assert (len(kept), kept.made) == (known, made) and loudest(painter) == 0
    assert paint(painter).png == before.png
    assert not StableDiffusionPainter(told(sd15, tmp_path / "deaf", ip_adapter=None)).paints_from_photos


# --- previews, cancelling, memory ------------------------------------------------------------------

def test_every_step_is_told_and_previews_are_of_the_panels_size(painter: StableDiffusionPainter) -> None:
    seen: list[tuple[int, int, bytes | None]] = []
    paint(painter, on_step=lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[0][2] is not None and pixels(seen[0][2]).shape == (PANEL, PANEL, 3)
    assert seen[-1][2] is None             # the picture itself follows


def test_previews_show_what_is_expected_at_the_end(painter: StableDiffusionPainter,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """At every step, what the scheduler itself says it expects; image-to-image begins in the middle of its way."""
    kind = type(painter._pipeline.scheduler)
    step, said, shown = kind.step, [], []

    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        told = step(self, *args, **kwargs)
        said.append(told[1])
        return told

    class Noted(Watch):
        def __call__(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            shown.append(self.expected(pipeline, index, tensors["latents"]))
            return super().__call__(pipeline, index, timestep, tensors)

    noted.__signature__ = inspect.signature(step)  # type: ignore[attr-defined]
    monkeypatch.setattr(kind, "step", noted)
    monkeypatch.setattr("engine.painters.unet.Watch", Noted)
    paint(painter)
    assert len(said) == len(shown) == 3
    for expected, seen in zip(said, shown, strict=True):
        torch.testing.assert_close(seen, expected, rtol=1e-3, atol=1e-3)


def test_without_a_tiny_decoder_the_models_own_is_used(sd15: Path, tmp_path: Path) -> None:
    factors = torch.randn(4, 3, generator=torch.Generator().manual_seed(1)).tolist()
    coloured = StableDiffusionPainter(told(sd15, tmp_path / "c", tiny_decoder=None, latent_rgb_factors=factors))
    plain = StableDiffusionPainter(told(sd15, tmp_path / "p", tiny_decoder=None))
    seen: list[bytes | None] = []
    assert paint(coloured, on_step=lambda step, steps, png: seen.append(png)).png == paint(
        plain, on_step=lambda step, steps, png: seen.append(png)).png
    assert seen[0] is not None and seen[3] is not None and seen[0] != seen[3]
    assert pixels(seen[0]).shape == pixels(seen[3]).shape == (PANEL, PANEL, 3)


def loudest(painter: StableDiffusionPainter) -> float:
    return max(float(np.max(processor.scale)) for processor in painter._pipeline.unet.attn_processors.values()
               if hasattr(processor, "scale"))


@pytest.mark.parametrize("at", [1, 2])
def test_cancelling_leaves_nothing_behind(painter: StableDiffusionPainter, at: int) -> None:
    before = paint(painter)
    unet, vae = painter._pipeline.unet, painter._pipeline.vae
    processors = dict(unet.attn_processors)

    def stop(step: int, steps: int, png: bytes | None) -> None:
        if step == at:
            assert loudest(painter) == 0.6, "while it paints, the adapter speaks"
            raise Cancelled

    with pytest.raises(Cancelled):
        paint(painter, brief("dragon"), laid(WHOLE), (picture("gold"),), seed=5, on_step=stop)
    assert loudest(painter) == 0 and unet.attn_processors == processors
    assert "forward" not in vars(unet) and "step" not in vars(painter._pipeline.scheduler) and not vae.use_tiling
    assert paint(painter).png == before.png


class FailingAt:
    """A hook on the UNet that runs out of memory at the given calls."""

    def __init__(self, *calls: int) -> None:
        self.calls, self.count = calls, 0
        self.batches: list[int] = []

    def __call__(self, module: Any, inputs: Any) -> None:
        self.count += 1
        self.batches.append(inputs[0].shape[0])
        if self.count in self.calls:
            raise torch.OutOfMemoryError("made for a test")


def test_out_of_memory_is_tried_with_less_and_paints_the_same(sdxl: Path, tmp_path: Path) -> None:
    """With guidance, so that there is a batch of two branches to be taken apart, adapter and masks included."""
    painter = StableDiffusionPainter(told(sdxl, tmp_path / "guided", guidance_scale=4.0), device="cpu")
    before = paint(painter)
    unet = painter._pipeline.unet
    unet.forward = own = functools.partial(type(unet).forward, unet)   # as a part that is brought to the card has one
    for calls, tries in (((2,), Less.ONE_BY_ONE), ((2, 3), Less.IN_SLICES)):
        failing = FailingAt(*calls)
        hook = painter._pipeline.unet.conv_in.register_forward_pre_hook(failing)
        painted = paint(painter)
        hook.remove()
        assert failing.batches[-6:] == [1] * 6 and failing.batches[0] == 2, f"three steps of two branches, {tries}"
        assert apart(painted, before) <= 1
    failing = FailingAt(1, 2, 3)
    hook = painter._pipeline.unet.conv_in.register_forward_pre_hook(failing)
    with pytest.raises(StudioFailed, match="memory") as failure:
        paint(painter)
    hook.remove()
    assert failure.value.reason == "studio_memory" and paint(painter).png == before.png
    assert vars(unet)["forward"] is own


def test_values_that_are_no_numbers_are_a_failure(sd15: Path) -> None:
    sick = StableDiffusionPainter(sd15, device="cpu")
    with torch.no_grad():
        sick._pipeline.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(StudioFailed, match="no numbers") as failure:
        paint(sick)
    assert failure.value.reason == "studio_blank"


def test_weights_in_eight_bits_paint_nearly_the_same(sdxl: Path, painters: dict[str, StableDiffusionPainter]) -> None:
    small = StableDiffusionPainter(sdxl, device="cpu", fitting=Fitting.SMALL)
    resting = {name: part for name, part in small._pipeline.unet.named_modules() if isinstance(part, EightBits)}
    whole = painters["sdxl"]._pipeline.unet
    assert any("attn" in name for name in resting) and any("resnets.0.conv1" in name for name in resting)
    assert any("to_k_ip" in name for name in resting) and small._pipeline.vae.use_tiling
    for name, part in resting.items():
        wide = whole.get_submodule(name).weight.detach()
        assert part.weight.dtype == torch.int8 and part.weight.shape == wide.shape
        assert float((part.widened(torch.float32) - wide).norm() / wide.norm()) < 0.012
    one, other = paint(small), paint(painters["sdxl"])
    near = np.abs(pixels(one.png) - pixels(other.png)).mean()
    far = np.abs(pixels(paint(painters["sdxl"], seed=2).png) - pixels(other.png)).mean()
    assert near < far / 10 and paint(small).png == one.png


# --- opening ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"])
def test_a_folder_is_known_by_what_it_was_saved_from(sdxl: Path, tmp_path: Path, name: str) -> None:
    folder = told(sdxl, tmp_path / "mine")
    index = json.loads((sdxl / "model_index.json").read_text("utf-8")) | {"_class_name": name}
    (folder / "model_index.json").unlink()
    (folder / "model_index.json").write_text(json.dumps(index), "utf-8")
    opened = open_painter(load_settings(home=tmp_path, studio={
        "painter": str(folder), "steps": 2, "guidance": 4.0, "threads": 1}))
    assert isinstance(opened, StableDiffusionPainter) and opened.size_px == PANEL
    assert (opened.recipe.steps, opened.recipe.guidance_scale) == (2, 4.0)
    assert paint(opened).steps == 2


def test_what_is_absent_or_torn_is_told_in_a_sentence(sdxl: Path, sd15: Path, tmp_path: Path) -> None:
    said = json.loads((sdxl / RECIPE).read_text("utf-8"))["ip_adapter"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ip_adapter": said | {"folder": "gone"}}, "wants gone/sdxl_models.*not in its folder"),
        ({"ip_adapter": said | {"image_encoder": "gone"}}, "wants ip-adapter/gone"),
        ({"ip_adapter": said | {"weights": "sdxl_models/x.bin"}}, "x.bin"),
        ({"ip_adapter": {"folder": "x"}}, "damaged"), ({"steps": "many"}, "damaged"), ({"scheduler": "magic"}, "magic"),
        ({"lora": {"file": "gone.safetensors"}}, "wants gone.safetensors"),
        ({"lora": {"file": "unet/diffusion_pytorch_model.safetensors"}}, "does not fit"),
        ({"tiny_decoder": "gone"}, "wants gone"), ({"tiny_decoder": "vae"}, "vae"),
        ({"latent_rgb_factors": [[1, 2, 3]]}, "damaged")]
    for number, (recipe, sentence) in enumerate(wrong):
        with pytest.raises(StudioFailed, match=sentence):
            StableDiffusionPainter(told(sdxl, tmp_path / str(number), **recipe), device="cpu")
    pickled = told(sdxl, tmp_path / "pickled", ip_adapter=said | {"folder": "other"})
    shutil.copytree(sdxl / "ip-adapter", pickled / "other")
    weights = pickled / "other" / said["weights"]
    weights.rename(weights.with_suffix(".bin"))
    bare = told(pickled, tmp_path / "bin", ip_adapter=said | {
        "folder": "other", "weights": said["weights"].replace(".safetensors", ".bin")})
    with pytest.raises(StudioFailed, match="safetensors files only"):
        StableDiffusionPainter(bare, device="cpu")
    strange = told(sd15, tmp_path / "strange", ip_adapter=said)   # SDXL's adapter on SD 1.5
    (strange / "ip-adapter").unlink()
    (strange / "ip-adapter").symlink_to(sdxl / "ip-adapter")
    with pytest.raises(StudioFailed, match="does not fit"):
        painter = StableDiffusionPainter(strange, device="cpu")
        paint(painter)


def test_a_checkpoint_without_a_recipe_is_run_as_its_family_is(sd15: Path, tmp_path: Path) -> None:
    folder = told(sd15, tmp_path / "bare")
    (folder / RECIPE).unlink()
    painter = StableDiffusionPainter(folder, steps=2, device="cpu")
    assert painter.size_px == 512 and painter.recipe.ip_adapter is None and len(painter.name.split("@")[1]) == 8
    assert type(painter._pipeline.scheduler).__name__ == "PNDMScheduler"


# --- words -----------------------------------------------------------------------------------------

def test_the_cast_is_never_lost_to_clips_77_tokens(painters: dict[str, StableDiffusionPainter]) -> None:
    reads = painters["sdxl"]._reads
    for kinds in ((), ("girl",), ("girl", "bear"), ("girl", "bear", "boy", "cat"), ("girl",) * 4 + ("fox",) * 4,
                  tuple(["girl", "bear", "boy", "cat", "dog", "fox"] * 5)):
        asked = replace(brief(*kinds, words="And then they all went home, " * 20), style="watercolour",
                        props=(("boat", Place(0.5, 0.9, 0.3)),))
        text = clip_prompt(asked, reads)
        assert reads(text) and not text.startswith(","), text
        for kind in kinds:
            assert kind in text
        assert "garden" in text or len(kinds) > 8


def test_a_short_brief_is_told_whole_and_the_cast_first() -> None:
    look = Look(kind="woman", headwear="hijab", headwear_colour="teal", glasses="round", wheelchair=True, skin="brown",
                pattern="dots")
    one = Figure(CharacterId("a"), "Amira", look, Place(0.2, 0.9, 0.6), "gives", "calm", "apple", CharacterId("b"))
    two = Figure(CharacterId("b"), "Rex", Look(kind="dog", fur="white", outfit="bare"), Place(0.8, 0.9, 0.4))
    asked = replace(brief(words="Amira gives Rex an apple."), figures=(two, one), weather="rain", time_of_day="night")
    text = clip_prompt(asked, lambda _: True)
    assert text.startswith("on the left a calm woman with brown skin and teal hijab and round glasses and blue t-shirt "
                           "with dots and wheelchair who gives with a apple the dog, on the right a calm white dog")
    assert "brown hair" not in text, "what is covered is not asked for"
    assert text.index("garden, night, rain") < text.index("picture book") < text.index("Amira gives Rex")
    assert "nobody there" in clip_prompt(brief(), lambda _: True)
    assert clip_prompt(asked, lambda _: False) == "1 woman, 1 dog, garden", "at the very least, counted"
