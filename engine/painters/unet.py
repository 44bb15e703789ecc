"""Stable Diffusion-shaped painters: the underdrawing beside the noise, on stock diffusers classes.

A checkpoint is a folder in the standard diffusers format that `StableDiffusionInstructPix2PixPipeline` opens
(InstructPix2Pix, https://arxiv.org/abs/2211.09800): the underdrawing's latents are concatenated to the noise, words
and underdrawing are guided separately. Beside `model_index.json` may lie `mini.json` with what the pipeline's
format has no place for: size in pixels, steps, both guidances, RGB factors of the latents, revision.

The pipeline asks its scheduler for `init_noise_sigma` and `scale_model_input`, which diffusers'
`FlowMatchEulerDiscreteScheduler` does not have. A flow-matching checkpoint therefore best names
`DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, solver_order=1)`, which is the
same Euler step; one that names FlowMatchEuler all the same is given that on loading.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.nouns import Painting, PanelBrief, StudioFailed, Underdrawing
from engine.painters.latents import LatentFormat, predicted_clean, to_picture, to_png
from engine.painters.looking import shows_nothing
from engine.prompting import mini_caption

OnStep = Callable[[int, int, bytes | None], None]

#: Where mini lives: shipped in the package.
MINI_PAINTER = Path(__file__).parent.parent / "mini" / "painter"
#: The next preview waits this many times as long as the last one took to make: previews cost at most a tenth.
PREVIEW_RESTS = 9.0
#: ... and at least this long: nobody sees more.
PREVIEW_EVERY_S = 0.2
#: Slower than this, the autoencoder's decoder is left out of previews where the latents' own colours will do.
DECODER_IS_CHEAP_S = 0.08


#: How else than by its type an error says that memory has run out: the CPU's allocator, CUDA itself, its libraries.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "cuda error: out of memory", "alloc_failed",
                 "cuda out of memory")


@dataclass(frozen=True, slots=True)
class UNetRecipe:
    """How a checkpoint wants to be run: `mini.json`, field by field."""

    size_px: int = 256
    steps: int = 20
    guidance_scale: float = 2.5
    image_guidance_scale: float = 1.5
    start_share: float = 1.0               # of noise at the start; below 1 the underdrawing shines through it
    latent_rgb_factors: tuple[tuple[float, ...], ...] = ()
    revision: str = ""
    dtype: str = "float32"                 # or "bfloat16": a third faster on CPUs that multiply it natively

    @classmethod
    def read(cls, folder: Path) -> UNetRecipe:
        """From `mini.json` in the folder; defaults for what is absent. Raises `StudioFailed` when it is damaged."""
        path = folder / "mini.json"
        if not path.exists():
            return cls()
        try:
            said, own = json.loads(path.read_text("utf-8")), cls()
            return cls(
                size_px=int(said.get("size_px", own.size_px)), steps=int(said.get("steps", own.steps)),
                guidance_scale=float(said.get("guidance_scale", own.guidance_scale)),
                image_guidance_scale=float(said.get("image_guidance_scale", own.image_guidance_scale)),
                start_share=min(1.0, max(0.05, float(said.get("start_share", own.start_share)))),
                latent_rgb_factors=tuple(tuple(float(x) for x in row) for row in said.get("latent_rgb_factors") or ()),
                revision=str(said.get("revision", "")), dtype=str(said.get("dtype", own.dtype)))
        except (ValueError, TypeError, AttributeError) as error:
            raise StudioFailed(f"mini.json of the painter {folder.name} is damaged: {error}") from error


class Less(IntEnum):
    """How little is done at a time, each only after there was not enough memory for the one before."""

    ALL_AT_ONCE = 0
    ONE_BY_ONE = 1                         # guidance branches one after the other
    IN_SLICES = 2                          # and attention a head at a time


class UNetPainter:
    """One InstructPix2Pix-shaped checkpoint, loaded once. Blocking; one call at a time; keeps nothing between calls.

    Raises `StudioFailed` when the folder holds no such checkpoint.
    """

    name: str
    size_px: int

    def __init__(self, folder: Path | str, *, steps: int | None = None, guidance: float | None = None,
                 image_guidance: float | None = None, threads: int = 0, dtype: torch.dtype | None = None,
                 device: str | None = None) -> None:
        folder = Path(folder)
        self.recipe = UNetRecipe.read(folder)
        self.recipe = replace(
            self.recipe, steps=self.recipe.steps if steps is None else steps,
            guidance_scale=self.recipe.guidance_scale if guidance is None else guidance,
            image_guidance_scale=self.recipe.image_guidance_scale if image_guidance is None else image_guidance)
        if threads:
            torch.set_num_threads(threads)
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = torch.device(device)
        if dtype is None:
            dtype = torch.bfloat16 if self.recipe.dtype == "bfloat16" else torch.float32
        self._pipeline = _open_pipeline(folder, dtype).to(self._device)
        self.size_px = self.recipe.size_px
        self.name = f"{_family(folder)}@{self.recipe.revision or _fingerprint(folder)}"
        pipeline = self._pipeline
        try:
            self.latent_format = LatentFormat.with_factors(
                self.recipe.latent_rgb_factors, channels=pipeline.vae.config.latent_channels,
                downscale=pipeline.vae_scale_factor, scaling_factor=pipeline.vae.config.scaling_factor)
        except (ValueError, IndexError) as error:
            raise StudioFailed(f"mini.json of the painter {folder.name} is damaged: {error}") from error
        self._decoder_is_cheap = self._time_decoder() <= DECODER_IS_CHEAP_S

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: OnStep) -> Painting:
        """Paint a brief over its underdrawing. See `engine.ports.Painter`; `references` are in the underdrawing.

        Raises `Cancelled` (from `on_step`) and `StudioFailed`: reason "studio_memory" when there was not enough of it
        with the least at a time either, "studio_blank" when what came out are no numbers, or nothing can be seen.
        """
        started = time.monotonic()
        for less in Less:
            try:
                return self._paint(brief, underdrawing, seed, on_step, started, less)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _out_of_memory(error):
                    raise
            # Outside the except: the traceback no longer holds the tensors that filled the memory.
            self._free()
        raise StudioFailed("out of memory, also with the least at a time", reason="studio_memory")

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, seed: int, on_step: OnStep, started: float,
               less: Less) -> Painting:
        pipeline, recipe = self._pipeline, self.recipe
        # 1. What the pipeline takes: words, the underdrawing at the model's size, noise drawn on the CPU
        picture = Image.open(io.BytesIO(underdrawing.png)).convert("RGB")
        if picture.size != (self.size_px, self.size_px):
            picture = picture.resize((self.size_px, self.size_px), Image.Resampling.LANCZOS)
        side = self.size_px // self.latent_format.downscale
        generator = torch.Generator("cpu").manual_seed(seed % 2**63)
        noise = torch.randn((1, self.latent_format.channels, side, side), generator=generator)  # (1, C, h, w)
        # 2. A scheduler of its own for this call: its step counter and past outputs die with it
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        if recipe.start_share < 1.0 and not underdrawing.missing and _flows(pipeline.scheduler):
            share = _start_late(pipeline.scheduler, recipe.steps, recipe.start_share)
            noise = (1 - share) * self._encode(picture) + share * noise
        watch = _Watch(self, on_step, noise * float(_sigma_scale(pipeline.scheduler, recipe.steps)), started)
        try:
            # 3. Denoise
            with _guidance_branches(pipeline.unet, recipe, one_by_one=less >= Less.ONE_BY_ONE), \
                    _in_slices(pipeline.unet, less >= Less.IN_SLICES), torch.inference_mode():
                latents = pipeline(
                    mini_caption(brief), picture, num_inference_steps=recipe.steps,
                    guidance_scale=recipe.guidance_scale, image_guidance_scale=recipe.image_guidance_scale,
                    latents=noise.to(self._device, pipeline.unet.dtype), output_type="latent",
                    callback_on_step_end=watch, callback_on_step_end_tensor_inputs=["latents"],
                ).images
                # 4. Look at what came out before anybody else does
                must_be_numbers(latents)
                png = to_png(self._decode(latents))
        finally:
            pipeline.maybe_free_model_hooks()
        if shows_nothing(png):
            raise StudioFailed("there is nothing to see in what the painter made", reason="studio_blank")
        return Painting(png, seed, self.name, watch.steps, time.monotonic() - started)

    def preview(self, clean: torch.Tensor) -> bytes:
        """Clean latents (1, C, h, w) as a PNG: through the decoder where that is cheap, else by their own colours."""
        if self._decoder_is_cheap or not self.latent_format.rgb_factors:
            picture = self._decode(clean.to(self._pipeline.vae.dtype))
        else:
            # As large as the panel, so that nothing around it moves when the picture comes.
            picture = self.latent_format.colours(clean).resize((self.size_px, self.size_px), Image.Resampling.BICUBIC)
        return to_png(picture, compress_level=1)

    def _decode(self, latents: torch.Tensor) -> Image.Image:
        vae = self._pipeline.vae
        with torch.inference_mode():
            return to_picture(vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0])

    def _encode(self, picture: Image.Image) -> torch.Tensor:
        """The underdrawing's latents as the pipeline lays them beside the noise: (1, C, h, w), float32 on the CPU."""
        pipeline = self._pipeline
        with torch.inference_mode():
            pixels = pipeline.image_processor.preprocess(picture).to(self._device, pipeline.vae.dtype)
            encoded = pipeline.vae.encode(pixels)
        latents: torch.Tensor = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents
        return latents.float().cpu()

    def _time_decoder(self) -> float:
        side = self.size_px // self.latent_format.downscale
        latents = torch.zeros(1, self.latent_format.channels, side, side, device=self._device,
                              dtype=self._pipeline.vae.dtype)
        seconds = []
        for _ in range(2):                 # the first call also lays out the weights
            started = time.monotonic()
            self._decode(latents)
            seconds.append(time.monotonic() - started)
        return min(seconds)

    def _free(self) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


class _Watch:
    """The pipeline's step callback for one panel: counts, previews, and lets `on_step` cancel by raising."""

    def __init__(self, painter: UNetPainter, on_step: OnStep, latents: torch.Tensor, started: float) -> None:
        self._painter, self._on_step = painter, on_step
        self._before = latents
        self._next_preview = started       # the first one as soon as there is anything to see
        self.steps = 0

    def __call__(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        latents: torch.Tensor = tensors["latents"]                          # (1, C, h, w)
        steps = int(pipeline.num_timesteps)
        preview = None
        now = time.monotonic()
        # The last step needs none: the picture itself follows.
        must_be_numbers(latents)
        if index + 1 < steps and now >= self._next_preview:
            preview = self._glimpse(pipeline, index, latents)
            took = time.monotonic() - now
            rest = max(PREVIEW_EVERY_S, PREVIEW_RESTS * took) if preview is not None else math.inf
            self._next_preview = now + took + rest
        self._before = latents
        self.steps = index + 1
        self._on_step(index + 1, steps, preview)
        return {}

    def _glimpse(self, pipeline: Any, index: int, latents: torch.Tensor) -> bytes | None:
        """A preview; None where there is not enough memory for one: then this panel has no more of them."""
        try:
            return self._painter.preview(predicted_clean(pipeline.scheduler, index, self._before.to(latents), latents))
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
        self._painter._free()
        return None


@contextmanager
def _guidance_branches(unet: torch.nn.Module, recipe: UNetRecipe, *, one_by_one: bool) -> Iterator[None]:
    """Leave out the guidance branch that cancels in the pipeline's sum; put the UNet back as it was in any case.

    The pipeline runs three entries (words and picture, picture, nothing) and adds
    u + g (w - p) + i (p - u). With i = 1 the u cancels, with g = i the p cancels: that entry then need not be
    computed, a third less work for the same picture. `one_by_one` runs the entries after each other: less memory.
    """
    guided = recipe.guidance_scale > 1.0 and recipe.image_guidance_scale >= 1.0   # as the pipeline decides it
    if guided and recipe.image_guidance_scale == 1.0:
        wanted, places = [0, 1], [0, 1, 1]
    elif guided and recipe.guidance_scale == recipe.image_guidance_scale:
        wanted, places = [0, 2], [0, 1, 1]
    else:
        wanted, places = [], []
    if not wanted and not one_by_one:
        yield
        return
    forward = unet.forward

    def fewer(sample: torch.Tensor, timestep: Any, encoder_hidden_states: torch.Tensor, **rest: Any) -> Any:
        # sample: (3, C noise + C underdrawing, h, w); encoder_hidden_states: (3, tokens, width)
        entries = wanted or list(range(sample.shape[0]))
        batches = [[entry] for entry in entries] if one_by_one else [entries]
        outputs = torch.cat([forward(sample[batch], timestep, encoder_hidden_states=encoder_hidden_states[batch],
                                     **rest)[0] for batch in batches])
        return (outputs[places] if places else outputs,)

    unet.forward = fewer
    try:
        yield
    finally:
        del unet.forward                   # the class's own is behind it


@contextmanager
def _in_slices(unet: Any, wanted: bool) -> Iterator[None]:
    """Attention a head at a time; what computed it before is put back in any case."""
    if not wanted:
        yield
        return
    processors = unet.attn_processors
    try:
        unet.set_attention_slice("max")
        yield
    finally:
        unet.set_attention_slice(None)
        unet.set_attn_processor(processors)


def must_be_numbers(latents: torch.Tensor) -> None:
    """Raise `StudioFailed` ("studio_blank") for a value that is none: before a preview of it is made, too."""
    if not bool(torch.isfinite(latents).all()):
        raise StudioFailed("the painter made values that are no numbers", reason="studio_blank")


def _open_pipeline(folder: Path, dtype: torch.dtype) -> Any:
    if not (folder / "model_index.json").is_file():
        raise StudioFailed(f"there are no painter weights at {folder.name}: no model_index.json in that folder")
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    try:
        pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
            str(folder), dtype=dtype, safety_checker=None, feature_extractor=None,
            requires_safety_checker=False, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise StudioFailed(f"the painter weights at {folder.name} cannot be opened: {error}") from error
    pipeline.set_progress_bar_config(disable=True)
    scheduler = pipeline.scheduler
    if not hasattr(scheduler, "init_noise_sigma"):
        from diffusers import DPMSolverMultistepScheduler

        pipeline.scheduler = DPMSolverMultistepScheduler(
            num_train_timesteps=scheduler.config.num_train_timesteps, prediction_type="flow_prediction",
            use_flow_sigmas=True, flow_shift=scheduler.config.get("shift", 1.0), solver_order=1)
    # Convolutions on CPU and on tensor cores prefer the channels innermost.
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.vae.to(memory_format=torch.channels_last)
    return pipeline


def _flows(scheduler: Any) -> bool:
    # Whether the way from noise to picture is a straight line, so that a share of noise is a place on it.
    return bool(scheduler.config.get("use_flow_sigmas", False))


def _start_late(scheduler: Any, steps: int, share: float) -> float:
    """Make a flow-matching scheduler begin at about this share of noise (as SDEdit does, arXiv 2108.01073).

    The same number of steps is spent on the rest of the way. Returns the very share the first step starts from.
    """
    whole = max(steps, round(steps / share))
    set_timesteps = scheduler.set_timesteps

    def late(num_inference_steps: int, *args: Any, **kwargs: Any) -> None:
        set_timesteps(whole, *args, **kwargs)
        scheduler.timesteps = scheduler.timesteps[whole - num_inference_steps:]
        scheduler.sigmas = scheduler.sigmas[whole - num_inference_steps:]
        scheduler.num_inference_steps = num_inference_steps

    scheduler.set_timesteps = late         # on this call's own scheduler
    late(steps)
    return float(scheduler.sigmas[0])


def _sigma_scale(scheduler: Any, steps: int) -> float:
    # Some schedulers know their first sigma only once they know the number of steps.
    scheduler.set_timesteps(steps)
    return float(scheduler.init_noise_sigma)


def _family(folder: Path) -> str:
    return "mini" if folder == MINI_PAINTER else folder.name


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.safetensors"), *folder.rglob("*.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _out_of_memory(error: BaseException) -> bool:
    said = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in said for words in OUT_OF_MEMORY)


