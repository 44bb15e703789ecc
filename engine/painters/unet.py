"""Stable Diffusion-shaped painters, on stock diffusers classes: mini, and SD 1.5 and SDXL.

`UNetPainter` (mini): the underdrawing beside the noise. A checkpoint is a folder in the standard diffusers format that
`StableDiffusionInstructPix2PixPipeline` opens (InstructPix2Pix, https://arxiv.org/abs/2211.09800): the underdrawing's
latents are concatenated to the noise, words and underdrawing are guided separately. Beside `model_index.json` may lie
`mini.json` with what the pipeline's format has no place for: size in pixels, steps, both guidances, RGB factors of the
latents, revision.

`StableDiffusionPainter` (SD 1.5, SDXL): image-to-image from the underdrawing (SDEdit, https://arxiv.org/abs/2108.01073),
with an IP-Adapter that shows each character's avatar to its own part of the panel, and few steps by a Lightning or LCM
LoRA. `storythread.json` in the folder names them.

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
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.nouns import Painting, PanelBrief, Sitting, StudioFailed, Underdrawing
from engine.painters.adapters import (
    LOUDEST,
    IPAdapter,
    Lora,
    attach_ip_adapter,
    melt_lora,
    on_paper,
    parts_of_panel,
    speaking,
)
from engine.painters.character_lora import lora_of, wearing
from engine.painters.checkpoints import fingerprint
from engine.painters.denoising import OnStep, Watch, decode_in_tiles, guidance_branches, in_slices, in_tiles, seen_by
from engine.painters.eight_bits import rest_in_eight_bits
from engine.painters.kept import Kept
from engine.painters.latents import LatentFormat, to_picture, to_png
from engine.painters.looking import shows_nothing
from engine.painters.shortage import less_and_less, must_be_numbers
from engine.prompting import CLIP_AVOIDS, clip_avatar_prompt, clip_prompt, mini_caption

#: Where mini lives: shipped in the package.
MINI_PAINTER = Path(__file__).parent.parent / "mini" / "painter"
#: Slower than this, the autoencoder's decoder is left out of previews where the latents' own colours will do.
DECODER_IS_CHEAP_S = 0.08

#: How Stable Diffusion's relatives want to be run, beside their model_index.json.
RECIPE = "storythread.json"
#: Somebody whom the underdrawing does not show is painted from nearly all noise.
UNSEEN_SHARE = 0.9
#: How few steps are walked: which of diffusers' schedulers, and what it is told. Lightning was distilled on steps
#: that begin at the very end (https://arxiv.org/abs/2402.13929); LCM's own finds its steps by itself.
SCHEDULERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "lightning": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}), "lcm": ("LCMScheduler", {})}
#: Avatars kept as the adapter sees them, 0.7 MB each.
AVATARS_KEPT = 64
#: Memory for the work itself, beside the weights: a panel of 1024 pixels whole, or decoded in tiles.
WORK_GIB, FRUGAL_WORK_GIB = 5.0, 1.7


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


class _LatentPainter:
    """What mini and its larger relatives have in common: tries with less, previews, decoding."""

    name: str
    size_px: int
    latent_format: LatentFormat
    _pipeline: Any
    _device: torch.device
    _tiny: Any = None                      # a tiny decoder for previews, where there is one
    _decoder_is_cheap = False

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: OnStep) -> Painting:
        """Paint a brief over its underdrawing. See `engine.ports.Painter`.

        Raises `Cancelled` (from `on_step`) and `StudioFailed`: reason "studio_memory" when there was not enough of it
        with the least at a time either, "studio_blank" when what came out are no numbers, or nothing can be seen.
        """
        started = time.monotonic()
        return less_and_less(
            Less, lambda less: self._paint(brief, underdrawing, references, seed, on_step, started, less), self._free,
            least="with the least at a time")

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], seed: int,
               on_step: OnStep, started: float, less: Less) -> Painting:
        raise NotImplementedError

    def preview(self, clean: torch.Tensor) -> bytes:
        """Clean latents (1, C, h, w) as a PNG: through the decoder where that is cheap, else by their own colours."""
        if self._decoder_is_cheap or not self.latent_format.rgb_factors:
            decoder = self._tiny or self._pipeline.vae
            picture = self._decode(clean.to(decoder.dtype), decoder)
        else:
            picture = self.latent_format.colours(clean)
        # As large as the panel, so that nothing around it moves when the picture comes.
        if picture.size != (self.size_px, self.size_px):
            picture = picture.resize((self.size_px, self.size_px), Image.Resampling.BICUBIC)
        return to_png(picture, compress_level=1)

    def _decode(self, latents: torch.Tensor, decoder: Any = None) -> Image.Image:
        vae = decoder or self._pipeline.vae
        # SDXL's own autoencoder leaves the range of sixteen bits; its configuration says so.
        widened = vae.dtype == torch.float16 and vae.config.get("force_upcast", False)
        try:
            if widened:
                vae.to(torch.float32)
                latents = latents.float()
            with torch.no_grad():
                return to_picture(vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0])
        finally:
            if widened:
                vae.to(torch.float16)

    def _finished(self, latents: torch.Tensor, seed: int, steps: int, started: float) -> Painting:
        """What came out, looked at before anybody else does. Raises `StudioFailed` ("studio_blank")."""
        must_be_numbers(latents)
        png = to_png(self._decode(latents))
        if shows_nothing(png):
            raise StudioFailed("there is nothing to see in what the painter made", reason="studio_blank")
        return Painting(png, seed, self.name, steps, time.monotonic() - started)

    def _time_decoder(self) -> float:
        side = self.size_px // self.latent_format.downscale
        decoder = self._tiny or self._pipeline.vae
        latents = torch.zeros(1, self.latent_format.channels, side, side, device=self._device, dtype=decoder.dtype)
        seconds = []
        for _ in range(2):                 # the first call also lays out the weights
            started = time.monotonic()
            self._decode(latents, decoder)
            seconds.append(time.monotonic() - started)
        return min(seconds)

    def _free(self) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


class UNetPainter(_LatentPainter):
    """One InstructPix2Pix-shaped checkpoint, loaded once. Blocking; one call at a time; keeps nothing between calls.

    References are left alone: whoever stands in a panel is in the underdrawing. Raises `StudioFailed` when the folder
    holds no such checkpoint.
    """

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
        self.name = f"{_family(folder)}@{self.recipe.revision or fingerprint(folder)}"
        pipeline = self._pipeline
        try:
            self.latent_format = LatentFormat.with_factors(
                self.recipe.latent_rgb_factors, channels=pipeline.vae.config.latent_channels,
                downscale=pipeline.vae_scale_factor, scaling_factor=pipeline.vae.config.scaling_factor)
        except (ValueError, IndexError) as error:
            raise StudioFailed(f"mini.json of the painter {folder.name} is damaged: {error}") from error
        self._decoder_is_cheap = self._time_decoder() <= DECODER_IS_CHEAP_S

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], seed: int,
               on_step: OnStep, started: float, less: Less) -> Painting:
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
        watch = Watch(self.preview, self._free, on_step, started,
                      noise * float(_sigma_scale(pipeline.scheduler, recipe.steps)))
        try:
            # 3. Denoise
            with guidance_branches(pipeline.unet, *_needed(recipe), one_by_one=less >= Less.ONE_BY_ONE), \
                    in_slices(pipeline.unet, less >= Less.IN_SLICES), torch.inference_mode():
                latents = pipeline(
                    mini_caption(brief), picture, num_inference_steps=recipe.steps,
                    guidance_scale=recipe.guidance_scale, image_guidance_scale=recipe.image_guidance_scale,
                    latents=noise.to(self._device, pipeline.unet.dtype), output_type="latent",
                    callback_on_step_end=watch, callback_on_step_end_tensor_inputs=["latents"],
                ).images
                # 4. Look at what came out
                return self._finished(latents, seed, watch.steps, started)
        finally:
            pipeline.maybe_free_model_hooks()

    def _encode(self, picture: Image.Image) -> torch.Tensor:
        """The underdrawing's latents as the pipeline lays them beside the noise: (1, C, h, w), float32 on the CPU."""
        pipeline = self._pipeline
        with torch.inference_mode():
            pixels = pipeline.image_processor.preprocess(picture).to(self._device, pipeline.vae.dtype)
            encoded = pipeline.vae.encode(pixels)
        latents: torch.Tensor = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents
        return latents.float().cpu()


class Fitting(StrEnum):
    """How a large model is fitted into the memory there is."""

    WHOLE = "whole"                        # everything stays on the device
    OFFLOAD = "offload"                    # one part at a time
    SMALL = "small"                        # the same with the UNet's weights kept in eight bits


@dataclass(frozen=True, slots=True)
class StableDiffusionRecipe:
    """How an SD 1.5 or SDXL checkpoint wants to be run: `storythread.json`, field by field.

    Paths are relative to the checkpoint's folder. `steps` are those of the whole way from noise to picture; only
    `start_share` of them are done, since painting starts on the underdrawing.
    """

    size_px: int = 512
    steps: int = 30
    guidance_scale: float = 6.0
    start_share: float = 0.65              # of noise at the start: the underdrawing shines through it
    scheduler: str = ""                    # "lightning" or "lcm", as the LoRA wants it; else the checkpoint's own
    lora: Lora | None = None
    ip_adapter: IPAdapter | None = None
    tiny_decoder: str = ""                 # an `AutoencoderTiny` for previews (taesd, taesdxl)
    latent_rgb_factors: tuple[tuple[float, ...], ...] = ()
    revision: str = ""
    dtype: str = ""                        # "float16" on a card and "float32" elsewhere, unless told

    @classmethod
    def read(cls, folder: Path, *, size_px: int) -> StableDiffusionRecipe:
        """From `storythread.json` in the folder; defaults for what is absent. Raises `StudioFailed` when damaged."""
        try:
            said, own = json.loads((folder / RECIPE).read_text("utf-8")), cls(size_px=size_px)
            recipe = cls(
                int(said.get("size_px", own.size_px)), int(said.get("steps", own.steps)),
                float(said.get("guidance_scale", own.guidance_scale)),
                min(1.0, max(0.05, float(said.get("start_share", own.start_share)))), str(said.get("scheduler") or ""),
                Lora(**said["lora"]) if said.get("lora") else None,
                IPAdapter(**said["ip_adapter"]) if said.get("ip_adapter") else None,
                str(said.get("tiny_decoder") or ""),
                tuple(tuple(float(x) for x in row) for row in said.get("latent_rgb_factors") or ()),
                str(said.get("revision", "")), str(said.get("dtype", "")))
            if recipe.scheduler not in ("", *SCHEDULERS) or recipe.dtype not in ("", "float32", "float16", "bfloat16"):
                raise ValueError(f"no scheduler {recipe.scheduler} or no dtype {recipe.dtype}")
            return recipe
        except FileNotFoundError:
            return cls(size_px=size_px)
        except (ValueError, TypeError, AttributeError) as error:
            raise StudioFailed(f"{RECIPE} of the painter {folder.name} is damaged: {error}") from error


class StableDiffusionPainter(_LatentPainter):
    """One SD 1.5 or SDXL checkpoint with its adapters, loaded once. Blocking; one call at a time.

    What it keeps between calls are avatars as the adapter sees them, by their content, never anything of a call: with
    `caching` off the same call gives the same picture. `compiled` pays where many panels are painted by a process that
    stays. Raises `StudioFailed` when the folder holds no such checkpoint, or not all that its recipe names.
    """

    def __init__(self, folder: Path | str, *, steps: int | None = None, guidance: float | None = None,
                 threads: int = 0, dtype: torch.dtype | None = None, device: str | None = None,
                 fitting: Fitting | None = None, masked: bool = True, caching: bool = True,
                 compiled: bool = False) -> None:
        folder = Path(folder)
        xl = (folder / "text_encoder_2").is_dir()
        recipe = StableDiffusionRecipe.read(folder, size_px=1024 if xl else 512)
        self.recipe = replace(recipe, steps=recipe.steps if steps is None else steps,
                              guidance_scale=recipe.guidance_scale if guidance is None else guidance)
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if dtype is None:
            dtype = getattr(torch, recipe.dtype or ("float16" if self._device.type == "cuda" else "float32"))
        self._folder, self._dtype, self._masked = folder, dtype, masked
        self._pipeline = pipeline = _open_stable_diffusion(folder, recipe, dtype, xl=xl)
        if recipe.tiny_decoder:
            self._tiny = _open_tiny(folder, recipe.tiny_decoder, dtype, self._device)
        self.fitting = fitting or best_fitting(pipeline, self._device)
        _fit(pipeline, self.fitting, self._device, dtype)
        # Beside weights in eight bits a LoRA would be rounded to those, and compiled blocks would be compiled anew.
        self._wears = self.fitting is not Fitting.SMALL and not compiled
        if compiled:                       # one compilation for all blocks of a kind
            pipeline.unet.compile_repeated_blocks()
        self._avatars = Kept(AVATARS_KEPT) if caching else None
        self.size_px = recipe.size_px // pipeline.vae_scale_factor * pipeline.vae_scale_factor
        self.name = f"{folder.name}@{recipe.revision or fingerprint(folder)}"
        try:
            self.latent_format = LatentFormat.with_factors(
                recipe.latent_rgb_factors, channels=pipeline.vae.config.latent_channels,
                downscale=pipeline.vae_scale_factor, scaling_factor=pipeline.vae.config.scaling_factor)
        except (ValueError, IndexError) as error:
            raise StudioFailed(f"{RECIPE} of the painter {folder.name} is damaged: {error}") from error
        # Only a decoder of its own is tried: the model's may have to be brought to the device first.
        self._decoder_is_cheap = self._tiny is not None and self._time_decoder() <= DECODER_IS_CHEAP_S

    @property
    def paints_from_photos(self) -> bool:
        """Whether there is an adapter to show photos to."""
        return self.recipe.ip_adapter is not None

    def paint_avatar(self, sitting: Sitting, *, seed: int, on_step: OnStep) -> Painting:
        """Paint somebody's avatar over the drawn doll, from photos. See `engine.ports.Portraitist`.

        The adapter sees the whole of each photo, and the painting everywhere. Nothing made of the photos is kept.
        """
        started = time.monotonic()
        return less_and_less(
            Less, lambda less: self._paint_avatar(sitting, seed, on_step, started, less), self._free,
            least="with the least at a time")

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], seed: int,
               on_step: OnStep, started: float, less: Less) -> Painting:
        # 1. Words that CLIP can read whole, and the underdrawing at the model's size
        prompt = clip_prompt(brief, self._reads)
        picture = Image.open(io.BytesIO(underdrawing.png)).convert("RGB")
        # 2. How far back to noise: nearly all the way where somebody is not in the underdrawing
        share = max(self.recipe.start_share, UNSEEN_SHARE) if underdrawing.missing else self.recipe.start_share
        # 3. Who is to be recognised, and where. The frame before is left out: an adapter would spread its people over
        #    the panel. Then paint, with the one character's own LoRA where there is one.
        drawn = [(figure, png) for figure, png in zip(brief.figures, references, strict=False) if png]
        parts = None
        if self._masked and drawn:
            parts = parts_of_panel([figure for figure, _ in drawn], dict(underdrawing.boxes),
                                   self.size_px // self.latent_format.downscale)
        with wearing(self._pipeline, lora_of(brief, self._folder) if self._wears else None):
            return self._denoised(prompt, picture, share, [png for _, png in drawn], parts, seed, on_step, started,
                                  less, keeping=True)

    def _paint_avatar(self, sitting: Sitting, seed: int, on_step: OnStep, started: float, less: Less) -> Painting:
        prompt = clip_avatar_prompt(sitting.look, sitting.style, self._reads)
        return self._denoised(prompt, on_paper(sitting.doll), self.recipe.start_share, sitting.photos, None, seed,
                              on_step, started, less, keeping=False)

    def _denoised(self, prompt: str, picture: Image.Image, share: float, avatars: Sequence[bytes],
                  parts: torch.Tensor | None, seed: int, on_step: OnStep, started: float, less: Less, *,
                  keeping: bool) -> Painting:
        if less >= Less.IN_SLICES and self.fitting is Fitting.WHOLE and self._device.type == "cuda":
            self.fitting = Fitting.OFFLOAD     # for good: the card is fuller than it looked
            _fit(self._pipeline, self.fitting, self._device, self._dtype)
        pipeline, recipe = self._pipeline, self.recipe
        picture = picture.resize((self.size_px, self.size_px), Image.Resampling.LANCZOS)
        done = max(1, round(recipe.steps * share))
        # A scheduler of its own for this call: its step counter and past outputs die with it
        pipeline.scheduler = scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        watch = Watch(self.preview, self._free, on_step, started)
        try:
            # Not inference mode: what is moved within it, to the card or into eight bits, could not be moved back.
            with torch.no_grad():
                seen, scales = self._shown(avatars, parts, keeping=keeping)
                # Denoise. The pipeline takes the whole number below steps x strength.
                with speaking(pipeline, scales) if seen else nullcontext(), seen_by(watch, scheduler), \
                        guidance_branches(pipeline.unet, [], [], one_by_one=less >= Less.ONE_BY_ONE), \
                        in_slices(pipeline.unet, less >= Less.IN_SLICES), \
                        in_tiles(pipeline.vae, less >= Less.ONE_BY_ONE):
                    latents = pipeline(
                        prompt, image=picture, strength=min(1.0, (done + 0.5) / recipe.steps),
                        num_inference_steps=recipe.steps, guidance_scale=recipe.guidance_scale,
                        negative_prompt=CLIP_AVOIDS, generator=torch.Generator("cpu").manual_seed(seed % 2**63),
                        output_type="latent", callback_on_step_end=watch,
                        callback_on_step_end_tensor_inputs=["latents"], **seen,
                    ).images
                    # Look at what came out
                    return self._finished(latents, seed, watch.steps, started)
        finally:
            pipeline.maybe_free_model_hooks()

    def _shown(self, avatars: Sequence[bytes], parts: torch.Tensor | None, *,
               keeping: bool) -> tuple[dict[str, Any], list[float] | float]:
        """What the pipeline is told of the avatars, and how loud each is; nothing where there is no adapter.

        `parts`: (1, n, h, w), where each of them counts; None: everywhere.
        """
        adapter = self.recipe.ip_adapter
        if adapter is None:
            return {}, 0.0
        nothing = self._avatar(b"", keeping=keeping)                                   # (1, T, D)
        said = torch.stack([self._avatar(png, keeping=keeping) for png in avatars] or [nothing], 1)   # (1, n, T, D)
        if self.recipe.guidance_scale > 1.0:
            said = torch.cat([nothing[:, None].expand_as(said), said])                 # (2, n, T, D)
        kwargs: dict[str, Any] = {"ip_adapter_image_embeds": [said]}
        if not avatars:
            return kwargs, 0.0                 # at scale 0 the adapter's layers are not even run
        scale = min(LOUDEST, adapter.scale)
        if parts is None:
            return kwargs, scale
        kwargs["cross_attention_kwargs"] = {"ip_adapter_masks": [parts.to(self._device, self._dtype)]}
        return kwargs, [scale] * len(avatars)

    def _avatar(self, png: bytes, *, keeping: bool) -> torch.Tensor:
        """A picture as the adapter reads it, (1, T, D): the last but one layer of CLIP's eyes. b"" is no picture."""
        def see() -> torch.Tensor:
            pipeline = self._pipeline
            eyes = pipeline.image_encoder
            side = eyes.config.image_size
            pixels = (pipeline.feature_extractor(on_paper(png), return_tensors="pt").pixel_values if png
                      else torch.zeros(1, 3, side, side))
            told: torch.Tensor = eyes(pixels.to(self._device, self._dtype), output_hidden_states=True).hidden_states[-2]
            return told

        if self._avatars is None or not keeping:
            return see()
        return self._avatars.get(hashlib.sha256(png).digest(), see)

    def _reads(self, text: str) -> bool:
        tokenizer = self._pipeline.tokenizer
        most = int(tokenizer.model_max_length)
        return len(tokenizer(text, truncation=True, max_length=most + 1).input_ids) <= most

    def let_go(self) -> None:
        """Forget every avatar that was looked at."""
        if self._avatars is not None:
            self._avatars.clear()

    def _free(self) -> None:
        self.let_go()
        super()._free()


def _needed(recipe: UNetRecipe) -> tuple[list[int], list[int]]:
    """Which of InstructPix2Pix's three guidance branches are needed, and where each goes; nothing where all are.

    The pipeline runs three entries (words and picture, picture, nothing) and adds
    u + g (w - p) + i (p - u). With i = 1 the u cancels, with g = i the p cancels: that entry then need not be
    computed, a third less work for the same picture.
    """
    guided = recipe.guidance_scale > 1.0 and recipe.image_guidance_scale >= 1.0   # as the pipeline decides it
    if guided and recipe.image_guidance_scale == 1.0:
        return [0, 1], [0, 1, 1]
    if guided and recipe.guidance_scale == recipe.image_guidance_scale:
        return [0, 2], [0, 1, 1]
    return [], []


def _open_pipeline(folder: Path, dtype: torch.dtype) -> Any:
    from diffusers import StableDiffusionInstructPix2PixPipeline

    pipeline = _opened(StableDiffusionInstructPix2PixPipeline, folder, dtype, safety_checker=None,
                       feature_extractor=None, requires_safety_checker=False)
    scheduler = pipeline.scheduler
    if not hasattr(scheduler, "init_noise_sigma"):
        from diffusers import DPMSolverMultistepScheduler

        pipeline.scheduler = DPMSolverMultistepScheduler(
            num_train_timesteps=scheduler.config.num_train_timesteps, prediction_type="flow_prediction",
            use_flow_sigmas=True, flow_shift=scheduler.config.get("shift", 1.0), solver_order=1)
    return pipeline


def _open_stable_diffusion(folder: Path, recipe: StableDiffusionRecipe, dtype: torch.dtype, *, xl: bool) -> Any:
    import diffusers

    given: dict[str, Any] = {"image_encoder": None, "feature_extractor": None}
    if not xl:
        given |= {"safety_checker": None, "requires_safety_checker": False}
    pipeline = _opened(diffusers.StableDiffusionXLImg2ImgPipeline if xl else diffusers.StableDiffusionImg2ImgPipeline,
                       folder, dtype, **given)
    if recipe.scheduler:
        kind, told = SCHEDULERS[recipe.scheduler]
        pipeline.scheduler = getattr(diffusers, kind).from_config(pipeline.scheduler.config, **told)
    if recipe.lora is not None:
        melt_lora(pipeline, folder, recipe.lora)
    if recipe.ip_adapter is not None:
        attach_ip_adapter(pipeline, folder, recipe.ip_adapter, dtype)
    return pipeline


def _opened(kind: Any, folder: Path, dtype: torch.dtype, **given: Any) -> Any:
    """A pipeline from a folder, never from a hub. Raises `StudioFailed` when the folder holds none, or a torn one."""
    if not (folder / "model_index.json").is_file():
        raise StudioFailed(f"there are no painter weights at {folder.name}: no model_index.json in that folder")
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    try:
        pipeline = kind.from_pretrained(str(folder), dtype=dtype, local_files_only=True, use_safetensors=True, **given)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise StudioFailed(f"the painter weights at {folder.name} cannot be opened: {error}") from error
    pipeline.set_progress_bar_config(disable=True)
    # Convolutions on CPU and on tensor cores prefer the channels innermost.
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.vae.to(memory_format=torch.channels_last)
    return pipeline


def _open_tiny(folder: Path, relative: str, dtype: torch.dtype, device: torch.device) -> Any:
    """The tiny decoder within a model's folder. Raises `StudioFailed`."""
    from diffusers import AutoencoderTiny

    if not (folder / relative).is_dir():
        raise StudioFailed(f"the painter {folder.name} wants {relative}, which is not in its folder")
    try:
        return AutoencoderTiny.from_pretrained(str(folder / relative), torch_dtype=dtype, local_files_only=True,
                                               use_safetensors=True).eval().to(device)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise StudioFailed(f"{relative} of the painter {folder.name} cannot be opened: {error}") from error


def best_fitting(pipeline: Any, device: torch.device) -> Fitting:
    """By what a pipeline's weights weigh, and how much memory the device has for them and for the work itself."""
    if device.type != "cuda":
        return Fitting.WHOLE
    weights = [sum(weight.numel() * weight.element_size() for weight in part.parameters()) / 2**30
               for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    there = torch.cuda.get_device_properties(device).total_memory / 2**30
    if sum(weights) + WORK_GIB <= there:
        return Fitting.WHOLE
    return Fitting.OFFLOAD if max(weights) + FRUGAL_WORK_GIB <= there else Fitting.SMALL


def _fit(pipeline: Any, fitting: Fitting, device: torch.device, dtype: torch.dtype) -> None:
    if fitting is Fitting.SMALL:
        rest_in_eight_bits(pipeline.unet, dtype, ("norm", "embed", "conv_in", "conv_out", "encoder_hid_proj"))
    if fitting is not Fitting.WHOLE:
        decode_in_tiles(pipeline.vae)
    if fitting is Fitting.WHOLE or device.type == "cpu":
        pipeline.to(device)
    else:
        pipeline.enable_model_cpu_offload(device=device)


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
