"""The UNet painter on real toy checkpoints: the same classes and the same loader as in production."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from tiny_unet import save_painter

from engine.nouns import (
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
    StoryId,
    StudioFailed,
    Underdrawing,
)
from engine.painters import open_painter
from engine.painters.latents import LatentFormat, predicted_clean, to_picture
from engine.painters.unet import UNetPainter
from engine.prompting import mini_caption
from engine.settings import load_settings

# diffusers' solvers hand a tensor to numpy in a way numpy 2 frowns upon.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_painter(tmp_path_factory.mktemp("toy") / "painter", steps=4)


@pytest.fixture(scope="module")
def painter(folder: Path) -> UNetPainter:
    return UNetPainter(folder, device="cpu")


def brief(kind: str = "girl", setting: str = "bedroom") -> PanelBrief:
    figure = Figure(CharacterId("c1"), "Mia", Look(kind=kind), Place(0.4, 0.9, 0.5), action="waves", mood="happy")
    place = Setting(SettingId("x"), setting, "a room", 1)
    return PanelBrief(PanelId("p"), StoryId("s"), "Mia waves.", (figure,), place)


def underdrawing(colour: tuple[int, int, int] = (200, 120, 60), side: int = 64) -> Underdrawing:
    picture = Image.new("RGB", (side, side), colour)
    picture.paste((20, 60, 200), (side // 4, side // 4, side // 2, side))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


def paint(painter: UNetPainter, *, seed: int = 1, on_step: Any = lambda *_: None, **kinds: str) -> Painting:
    return painter.paint(brief(**kinds), underdrawing(), [], seed=seed, on_step=on_step)


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_keeps_nothing_between_calls(painter: UNetPainter) -> None:
    first = paint(painter, seed=1)
    other = painter.paint(brief(kind="dragon", setting="space"), underdrawing((0, 200, 0)), [], seed=2,
                          on_step=lambda *_: None)
    assert paint(painter, seed=1).png == first.png != other.png
    assert first.painter == "painter@toy" and first.seed == 1 and first.steps == 4 and first.seconds > 0
    assert pixels(first.png).shape == (64, 64, 3)


def test_a_second_process_would_paint_the_same(folder: Path, painter: UNetPainter) -> None:
    assert paint(UNetPainter(folder, device="cpu")).png == paint(painter).png


def test_seed_words_and_underdrawing_all_count(painter: UNetPainter) -> None:
    base = paint(painter)
    assert paint(painter, seed=2).png != base.png
    assert paint(painter, kind="dragon").png != base.png
    assert painter.paint(brief(), underdrawing((0, 0, 0)), [], seed=1, on_step=lambda *_: None).png != base.png


@pytest.mark.parametrize("seed", [0, -1, 2**70])
def test_any_whole_number_is_a_seed(painter: UNetPainter, seed: int) -> None:
    assert paint(painter, seed=seed).png == paint(painter, seed=seed).png


def test_an_underdrawing_of_another_size_is_fitted(painter: UNetPainter) -> None:
    painted = painter.paint(brief(), underdrawing(side=200), [], seed=1, on_step=lambda *_: None)
    assert pixels(painted.png).shape == (64, 64, 3)


def test_paints_what_the_bare_pipeline_paints(folder: Path, painter: UNetPainter) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline

    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
        folder, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn((1, 4, 16, 16), generator=torch.Generator("cpu").manual_seed(1))
    bare = pipeline(mini_caption(brief()), Image.open(io.BytesIO(underdrawing().png)), num_inference_steps=4,
                    guidance_scale=3.0, image_guidance_scale=1.5, latents=noise).images[0]
    assert np.abs(np.asarray(bare).astype(int) - pixels(paint(painter).png)).max() <= 1


def test_a_checkpoint_with_stable_diffusions_autoencoder(tmp_path: Path) -> None:
    painter = UNetPainter(save_painter(tmp_path / "kl", tiny_vae=False), device="cpu")
    assert paint(painter).png == paint(painter).png != paint(painter, seed=2).png


def test_every_step_is_told_and_the_first_preview_comes_with_the_first(painter: UNetPainter) -> None:
    seen: list[tuple[int, int, bytes | None]] = []
    paint(painter, on_step=lambda *step: seen.append(step))
    assert [(step, steps) for step, steps, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[0][2] is not None and pixels(seen[0][2]).shape == (64, 64, 3)
    assert seen[-1][2] is None             # the picture itself follows


def test_previews_by_the_latents_own_colours(folder: Path) -> None:
    painter = UNetPainter(folder, device="cpu")
    painter._decoder_is_cheap = False
    seen: list[bytes | None] = []
    paint(painter, on_step=lambda step, steps, png: seen.append(png))
    assert seen[0] is not None and pixels(seen[0]).shape == (64, 64, 3)
    painter._decoder_is_cheap = True
    paint(painter, on_step=lambda step, steps, png: seen.append(png))
    assert seen[4] is not None and seen[4] != seen[0]


def test_cancelling_passes_through_and_leaves_no_trace(painter: UNetPainter) -> None:
    before = paint(painter)
    told: list[int] = []

    def stop(step: int, steps: int, png: bytes | None) -> None:
        told.append(step)
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        paint(painter, seed=5, on_step=stop)
    assert told == [1, 2]
    assert "forward" not in vars(painter._pipeline.unet)
    assert paint(painter).png == before.png


def batches_of(painter: UNetPainter) -> tuple[list[int], Any]:
    sizes: list[int] = []
    handle = painter._pipeline.unet.conv_in.register_forward_pre_hook(
        lambda module, inputs: sizes.append(inputs[0].shape[0]))
    return sizes, handle


@pytest.mark.parametrize("guidance,image_guidance,batch", [(3.0, 1.5, 3), (3.0, 1.0, 2), (2.0, 2.0, 2), (1.0, 1.5, 1)])
def test_a_guidance_branch_that_cancels_is_not_computed(folder: Path, guidance: float, image_guidance: float,
                                                        batch: int) -> None:
    painter = UNetPainter(folder, guidance=guidance, image_guidance=image_guidance, device="cpu")
    sizes, handle = batches_of(painter)
    painted = paint(painter)
    handle.remove()
    assert sizes == [batch] * 4
    noise = torch.randn((1, 4, 16, 16), generator=torch.Generator("cpu").manual_seed(1))
    whole = painter._pipeline(
        mini_caption(brief()), Image.open(io.BytesIO(underdrawing().png)), num_inference_steps=4,
        guidance_scale=guidance, image_guidance_scale=image_guidance, latents=noise, output_type="latent").images
    assert np.abs(pixels(painted.png) - np.asarray(painter._decode(whole)).astype(int)).max() <= 1


class FailingOnce:
    """A hook on the UNet that runs out of memory at the given calls."""

    def __init__(self, *calls: int) -> None:
        self.calls, self.count = calls, 0

    def __call__(self, module: Any, inputs: Any) -> None:
        self.count += 1
        if self.count in self.calls:
            raise torch.OutOfMemoryError("made for a test")


def test_out_of_memory_is_tried_once_more_with_less(painter: UNetPainter) -> None:
    before = paint(painter)
    sizes, counting = batches_of(painter)
    hook = painter._pipeline.unet.conv_in.register_forward_pre_hook(FailingOnce(3))
    painted = paint(painter)
    hook.remove()
    counting.remove()
    assert set(sizes[-12:]) == {1}         # four steps of three entries, one by one
    assert np.abs(pixels(painted.png) - pixels(before.png)).max() <= 1
    assert paint(painter).png == before.png


def test_out_of_memory_with_the_least_too_is_a_polite_failure(painter: UNetPainter) -> None:
    before = paint(painter)
    hook = painter._pipeline.unet.conv_in.register_forward_pre_hook(FailingOnce(2, 5, 8))
    with pytest.raises(StudioFailed, match="memory") as failure:
        paint(painter)
    hook.remove()
    assert failure.value.reason == "studio_memory"
    assert paint(painter).png == before.png


def test_other_errors_are_not_taken_for_lack_of_memory(painter: UNetPainter) -> None:
    def broken(module: Any, inputs: Any) -> None:
        raise RuntimeError("shapes do not fit")

    hook = painter._pipeline.unet.conv_in.register_forward_pre_hook(broken)
    with pytest.raises(RuntimeError, match="shapes"):
        paint(painter)
    hook.remove()


def test_no_numbers_and_pictures_of_nothing_are_failures(folder: Path) -> None:
    sick = UNetPainter(folder, device="cpu")
    with torch.no_grad():
        sick._pipeline.unet.conv_out.bias.fill_(float("nan"))
    previews: list[bytes | None] = []
    with pytest.raises(StudioFailed, match="no numbers") as failure:
        paint(sick, on_step=lambda step, steps, png: previews.append(png))
    assert failure.value.reason == "studio_blank" and previews == [], "nobody sees a preview of it"
    dark = UNetPainter(folder, device="cpu")
    with torch.no_grad():
        for layer in dark._pipeline.vae.decoder.parameters():
            layer.zero_()                  # the tiny decoder counts from 0 (black) to 1
    with pytest.raises(StudioFailed, match="nothing to see"):
        paint(dark)


def schedulers() -> dict[str, Any]:
    import diffusers as d

    return {
        "flow order 1": d.DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True,
                                                      solver_order=1),
        "flow order 2": d.DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
        "flow unipc": d.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
        "flow euler": d.FlowMatchEulerDiscreteScheduler(),
        "euler": d.EulerDiscreteScheduler(),
        "ddim": d.DDIMScheduler(clip_sample=False, set_alpha_to_one=True),
    }


@pytest.mark.parametrize("kind", schedulers())
def test_any_scheduler_paints_and_its_last_prediction_is_the_picture(tmp_path: Path, kind: str) -> None:
    painter = UNetPainter(save_painter(tmp_path / "p", scheduler=schedulers()[kind], steps=6), device="cpu")
    pipeline = painter._pipeline
    assert paint(painter).png == paint(painter).png
    last: list[torch.Tensor] = []
    noise = torch.randn((1, 4, 16, 16), generator=torch.Generator("cpu").manual_seed(1))
    pipeline.scheduler.set_timesteps(6)
    before = [noise * float(pipeline.scheduler.init_noise_sigma)]

    def watch(pipe: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        last.append(predicted_clean(pipe.scheduler, index, before[-1], tensors["latents"]))
        before.append(tensors["latents"])
        return {}

    final = pipeline(mini_caption(brief()), Image.open(io.BytesIO(underdrawing().png)), num_inference_steps=6,
                     latents=noise, output_type="latent", callback_on_step_end=watch).images
    assert len(last) == 6
    torch.testing.assert_close(last[-1], final, rtol=1e-3, atol=1e-3)


def test_predicted_clean_is_exact_for_ddim_and_flow() -> None:
    from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

    generator = torch.Generator().manual_seed(3)
    sample, output = torch.randn(1, 4, 8, 8, generator=generator), torch.randn(1, 4, 8, 8, generator=generator)
    ddim = DDIMScheduler(clip_sample=False)
    ddim.set_timesteps(10)
    said = ddim.step(output, ddim.timesteps[3], sample)
    torch.testing.assert_close(predicted_clean(ddim, 3, sample, said.prev_sample), said.pred_original_sample,
                               rtol=1e-3, atol=1e-3)
    flow = FlowMatchEulerDiscreteScheduler()
    flow.set_timesteps(10)
    after = flow.step(output, flow.timesteps[0], sample).prev_sample
    torch.testing.assert_close(predicted_clean(flow, 0, sample, after), sample - flow.sigmas[0] * output,
                               rtol=1e-3, atol=1e-3)


def test_latent_colours_are_linear_and_checked() -> None:
    rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.5]]
    form = LatentFormat.with_factors(rows, channels=2, downscale=8, scaling_factor=1.0)
    assert form.rgb_bias == (0.5, 0.5, 0.5)
    latents = torch.tensor([[[[-1.5]], [[0.5]]]])                           # (1, 2, 1, 1)
    assert form.colours(latents).getpixel((0, 0)) == (0, 255, 191)
    with pytest.raises(ValueError, match="channels"):
        LatentFormat.with_factors(rows, channels=4, downscale=8, scaling_factor=1.0)
    with pytest.raises(ValueError, match="no RGB"):
        LatentFormat(4, 8, 1.0).colours(torch.zeros(1, 4, 2, 2))
    assert to_picture(torch.full((1, 3, 2, 2), 9.0)).getpixel((0, 0)) == (255, 255, 255)


def copy_with(folder: Path, to: Path, text: str | None) -> Path:
    shutil.copytree(folder, to)
    if text is None:
        (to / "mini.json").unlink()
    else:
        (to / "mini.json").write_text(text, "utf-8")
    return to


def test_the_recipe_beside_the_weights(folder: Path, tmp_path: Path) -> None:
    said = copy_with(folder, tmp_path / "said", json.dumps({"size_px": 64, "steps": 3, "revision": "r7"}))
    painter = UNetPainter(said, device="cpu")
    assert painter.name == "said@r7" and painter.recipe.steps == 3 and painter.recipe.guidance_scale > 1
    assert UNetPainter(said, steps=2, guidance=1.0, device="cpu").recipe.steps == 2
    silent = UNetPainter(copy_with(folder, tmp_path / "silent", None), steps=2, device="cpu")
    assert silent.size_px == 256 and len(silent.name.split("@")[1]) == 8
    for number, text in enumerate(['{"steps": "many"}', "[1]", "{", '{"latent_rgb_factors": [[1, 2]]}']):
        with pytest.raises(StudioFailed, match=r"mini\.json"):
            UNetPainter(copy_with(folder, tmp_path / f"bad{number}", text), device="cpu")


def test_starting_late_starts_on_the_underdrawing(folder: Path, tmp_path: Path) -> None:
    early, late = (UNetPainter(copy_with(folder, tmp_path / str(share), json.dumps(
        {"size_px": 64, "steps": 4, "start_share": share}))) for share in (1.0, 0.2))
    assert late.recipe.start_share == 0.2
    laid = underdrawing()
    with torch.inference_mode():
        seen = np.asarray(late._decode(late._encode(Image.open(io.BytesIO(laid.png)).convert("RGB")))).astype(float)
    distances = [np.abs(pixels(paint(painter).png).astype(float) - seen).mean() for painter in (early, late)]
    assert distances[1] < distances[0]
    told: list[int] = []
    again = paint(late, on_step=lambda step, steps, _: told.append(step))
    assert told == [1, 2, 3, 4], "the same number of steps is spent on the rest of the way"
    assert again.png == paint(late).png
    gap = replace(laid, missing=(CharacterId("somebody"),))
    whole = late.paint(brief(), gap, (), seed=1, on_step=lambda *_: None)
    assert whole.png == early.paint(brief(), gap, (), seed=1, on_step=lambda *_: None).png, "nothing to start on"


def test_absent_and_damaged_weights_are_plain_failures(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioFailed, match="no painter weights"):
        UNetPainter(tmp_path / "nothing", device="cpu")
    torn = Path(shutil.copytree(folder, tmp_path / "torn"))
    weights = torn / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(StudioFailed, match="cannot be opened"):
        UNetPainter(torn, device="cpu")
    with pytest.raises(StudioFailed, match="no painter called"):
        open_painter(load_settings(home=tmp_path, studio={"painter": str(tmp_path / "nothing")}))


def test_settings_choose_folder_steps_and_guidance(folder: Path, tmp_path: Path) -> None:
    opened = open_painter(load_settings(home=tmp_path, studio={
        "painter": str(folder), "steps": 2, "guidance": 4.0, "image_guidance": 1.0, "threads": 1}))
    assert isinstance(opened, UNetPainter)
    assert (opened.recipe.steps, opened.recipe.guidance_scale, opened.recipe.image_guidance_scale) == (2, 4.0, 1.0)
