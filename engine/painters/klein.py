"""FLUX.2 klein: the underdrawing, everybody's avatar and the frame before as images in the context.

A checkpoint is a folder that `Flux2KleinPipeline` opens (FLUX.2 klein 4B, Apache-2.0). Nothing is laid beside the noise
here: every picture is encoded once and its tokens follow those of the panel (a time of 10, 20, 30 ... tells them
apart), so what memory laid out is seen, not copied. Three friends would borrow each other's hair; a mask of the
attention ties each avatar to the place where its character stands, and leaves the panel's own tokens free to see each
other, since cutting those makes disconnected pictures.

Beside `model_index.json` may lie `storythread.json` with what a small checkpoint wants otherwise (`KleinRecipe`).
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from engine.nouns import Box, CharacterId, Painting, PanelBrief, StudioFailed, Underdrawing
from engine.painters.latents import predicted_clean, to_picture, to_png
from engine.prompting import klein_prompt

OnStep = Callable[[int, int, bytes | None], None]

RECIPE = "storythread.json"
#: How far a character's avatar reaches beyond its box, as a share of the panel: poses stick out, hair flies.
REACH = 0.06
#: Encoded pictures and prompts kept by their content, newest last. A prompt of klein 4B is 8 MB, a picture 0.3 MB.
PICTURES_KEPT, PROMPTS_KEPT = 64, 8
#: Previews cost at most a tenth of the time.
PREVIEW_RESTS, PREVIEW_EVERY_S = 9.0, 0.2


class Fitting(StrEnum):
    """How a large model is fitted into the memory there is."""

    WHOLE = "whole"                        # everything stays on the device: about 20 GB for klein 4B
    OFFLOAD = "offload"                    # one part at a time: about 12 GB
    SMALL = "small"                        # the same with weights kept in eight bits: about 8 GB


@dataclass(frozen=True, slots=True)
class KleinRecipe:
    """How a checkpoint wants to be run; the defaults are klein 4B's own."""

    size_px: int = 768
    reference_px: int = 512                # 1,024 tokens a picture
    steps: int = 4
    guidance_scale: float = 1.0            # a distilled checkpoint takes no other
    text_tokens: int = 512
    text_layers: tuple[int, ...] = (9, 18, 27)
    revision: str = ""

    @classmethod
    def read(cls, folder: Path) -> KleinRecipe:
        """From `storythread.json` in the folder; defaults for what is absent. Raises `StudioFailed` when damaged."""
        try:
            said, own = json.loads((folder / RECIPE).read_text("utf-8")), cls()
            return cls(
                int(said.get("size_px", own.size_px)), int(said.get("reference_px", own.reference_px)),
                int(said.get("steps", own.steps)), float(said.get("guidance_scale", own.guidance_scale)),
                int(said.get("text_tokens", own.text_tokens)),
                tuple(int(layer) for layer in said.get("text_layers", own.text_layers)),
                str(said.get("revision", "")))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, AttributeError) as error:
            raise StudioFailed(f"{RECIPE} of the painter {folder.name} is damaged: {error}") from error


class _Pipeline(Flux2KleinPipeline):  # type: ignore[misc]
    """The stock pipeline, which encodes a picture it has met before no second time."""

    kept: _Kept | None = None

    def _encode_vae_image(self, image: torch.Tensor, generator: Any) -> torch.Tensor:
        encode = super()._encode_vae_image
        if self.kept is None:
            return encode(image=image, generator=generator)  # type: ignore[no-any-return]
        # image: (1, 3, H, W) -> (1, 4 C, h, w)
        key = hashlib.sha256(image.float().cpu().numpy().tobytes()).digest() + str(tuple(image.shape)).encode()
        return self.kept.get(key, lambda: encode(image=image, generator=generator))


class _Kept:
    """Tensors by the hash of what they were made of, the least lately used dropped first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tensors: OrderedDict[bytes, torch.Tensor] = OrderedDict()
        self.made = 0

    def get(self, key: bytes, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The tensor of this key, made when it is not here."""
        if key not in self._tensors:
            self._tensors[key] = make().detach()
            self.made += 1
            if len(self._tensors) > self._most:
                self._tensors.popitem(last=False)
        self._tensors.move_to_end(key)
        return self._tensors[key]

    def clear(self) -> None:
        self._tensors.clear()


class KleinPainter:
    """One FLUX.2 klein checkpoint, loaded once. Blocking; one call at a time.

    What it keeps between calls are encodings by their content, never anything of a call: with `caching` off the same
    call gives the same picture. Raises `StudioFailed` when the folder holds no such checkpoint.
    """

    name: str
    size_px: int

    def __init__(self, folder: Path | str, *, steps: int | None = None, guidance: float | None = None,
                 threads: int = 0, dtype: torch.dtype | None = None, device: str | None = None,
                 fitting: Fitting | None = None, masked: bool = True, caching: bool = True) -> None:
        folder = Path(folder)
        recipe = KleinRecipe.read(folder)
        self.recipe = replace(recipe, steps=recipe.steps if steps is None else steps,
                              guidance_scale=recipe.guidance_scale if guidance is None else guidance)
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if dtype is None:
            dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        self.fitting = fitting or best_fitting(self._device)
        self._masked = masked
        self._pipeline = _open(folder, dtype)
        _fit(self._pipeline, self.fitting, self._device, dtype)
        self._prompts = _Kept(PROMPTS_KEPT) if caching else None
        if caching:
            self._pipeline.kept = _Kept(PICTURES_KEPT)
        #: Pixels a side for one token.
        self._token_px = self._pipeline.vae_scale_factor * 2
        self.size_px = self.recipe.size_px // self._token_px * self._token_px
        self.name = f"{folder.name}@{self.recipe.revision or _fingerprint(folder)}"

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: OnStep) -> Painting:
        """Paint a brief from its underdrawing, avatars and the frame before. See `engine.ports.Painter`.

        `references`: an avatar for each figure of the brief, in their order, empty bytes for who has none; then the
        frame before, if any. Raises `Cancelled` (from `on_step`) and `StudioFailed`.
        """
        started = time.monotonic()
        try:
            return self._paint(brief, underdrawing, references, seed, on_step, started)
        except (torch.OutOfMemoryError, MemoryError):
            pass
        # Outside the except: the traceback no longer holds the tensors that filled the memory.
        self._free()
        try:
            # A third of the tokens less: the frame before is a help, the avatars and the underdrawing are needed.
            return self._paint(brief, underdrawing, references[:len(brief.figures)], seed, on_step, started)
        except (torch.OutOfMemoryError, MemoryError):
            pass
        self._free()
        raise StudioFailed("out of memory, also without the frame before")

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], seed: int,
               on_step: OnStep, started: float) -> Painting:
        pipeline, recipe = self._pipeline, self.recipe
        # 1. Who is on which image: the underdrawing first, then everybody who has an avatar, then the frame before
        drawn = {figure.character_id: png for figure, png in zip(brief.figures, references, strict=False) if png}
        # The order of the ids, not of the places: somebody who walks over to the other side keeps their image.
        slots = sorted(drawn)
        images = [_opened(underdrawing.png, self.size_px),
                  *(_opened(drawn[who], recipe.reference_px) for who in slots),
                  *(_opened(png, recipe.reference_px) for png in references[len(brief.figures):])]
        # 2. Words, noise drawn on the CPU, a scheduler of its own for this call
        prompt = klein_prompt(brief, {who: number for number, who in enumerate(slots, start=2)})
        words = self._encoded(prompt)                                                  # (1, T, D)
        side = self.size_px // self._token_px
        generator = torch.Generator("cpu").manual_seed(seed % 2**63)
        noise = torch.randn((1, pipeline.transformer.config.in_channels, side, side), generator=generator)
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        mask = None
        if self._masked and slots:
            mask = region_mask(words.shape[1], side, [(image.width // self._token_px) * (image.height // self._token_px)
                                                      for image in images], slots, dict(underdrawing.boxes))
        watch = _Watch(self, on_step, noise.flatten(2).transpose(1, 2), started)
        try:
            # 3. Denoise
            with torch.inference_mode():
                latents = pipeline(
                    image=images, prompt_embeds=words, height=self.size_px, width=self.size_px,
                    num_inference_steps=recipe.steps, guidance_scale=recipe.guidance_scale, latents=noise,
                    attention_kwargs=None if mask is None else {"attention_mask": mask.to(words.device)},
                    output_type="latent", callback_on_step_end=watch, callback_on_step_end_tensor_inputs=["latents"],
                    max_sequence_length=recipe.text_tokens, text_encoder_out_layers=recipe.text_layers,
                ).images                                                               # (1, C, h, w)
                # 4. Numbers that are none would become black: said before they are
                if not bool(torch.isfinite(latents).all()):
                    raise StudioFailed("the painter made values that are no numbers")
                painted = self._decoded(latents)
        finally:
            pipeline.maybe_free_model_hooks()
        return Painting(to_png(painted), seed, self.name, watch.steps, time.monotonic() - started)

    def preview(self, packed: torch.Tensor) -> bytes:
        """Clean latents as the transformer has them, (1, h w, 4 C), as a PNG of the panel's size."""
        pipeline = self._pipeline
        side = self.size_px // self._token_px
        latents = packed.transpose(1, 2).reshape(1, -1, side, side)                     # (1, 4 C, h, w)
        norm = pipeline.vae.bn
        spread = torch.sqrt(norm.running_var.view(1, -1, 1, 1) + pipeline.vae.config.batch_norm_eps).to(latents)
        latents = pipeline._unpatchify_latents(latents * spread + norm.running_mean.view(1, -1, 1, 1).to(latents))
        return to_png(self._decoded(latents), compress_level=1)

    def _encoded(self, prompt: str) -> torch.Tensor:
        def encode() -> torch.Tensor:
            with torch.inference_mode():
                words: torch.Tensor = self._pipeline.encode_prompt(
                    prompt, max_sequence_length=self.recipe.text_tokens,
                    text_encoder_out_layers=self.recipe.text_layers)[0]
            return words

        if self._prompts is None:
            return encode()
        return self._prompts.get(hashlib.sha256(prompt.encode()).digest(), encode)

    def _decoded(self, latents: torch.Tensor) -> Image.Image:
        vae = self._pipeline.vae
        with torch.inference_mode():
            return to_picture(vae.decode(latents.to(vae.dtype), return_dict=False)[0])

    def _free(self) -> None:
        for kept in (self._prompts, self._pipeline.kept):
            if kept is not None:
                kept.clear()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


class _Watch:
    """The pipeline's step callback for one panel: counts, previews, and lets `on_step` cancel by raising."""

    def __init__(self, painter: KleinPainter, on_step: OnStep, packed: torch.Tensor, started: float) -> None:
        self._painter, self._on_step, self._before = painter, on_step, packed
        self._next_preview = started
        self.steps = 0

    def __call__(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        packed: torch.Tensor = tensors["latents"]                                       # (1, h w, 4 C)
        steps, now, preview = int(pipeline.num_timesteps), time.monotonic(), None
        # The last step needs none: the picture itself follows.
        if index + 1 < steps and now >= self._next_preview:
            preview = self._painter.preview(predicted_clean(pipeline.scheduler, index, self._before.to(packed), packed))
            took = time.monotonic() - now
            self._next_preview = now + took + max(PREVIEW_EVERY_S, PREVIEW_RESTS * took)
        self._before = packed
        self.steps = index + 1
        self._on_step(index + 1, steps, preview)
        return {}


def region_mask(words: int, side: int, images: Sequence[int], slots: Sequence[CharacterId],
                boxes: dict[CharacterId, Box]) -> torch.Tensor:
    """Who may look at whom: (1, 1, S, S), True where the row's token may look at the column's.

    S is `words`, then side x side tokens of the panel, then `images`' tokens in turn, of which the second on are the
    avatars of `slots`. An avatar and the panel see each other only where its character stands (a box of `boxes`, and a
    little around it); two avatars never do. Everything else stays open, above all the panel to itself.
    """
    panel = words + side * side
    length = panel + sum(images)
    open_to = torch.ones(length, length, dtype=torch.bool)
    starts = [panel + sum(images[:number]) for number in range(len(images))]
    spans = [slice(start, start + tokens) for start, tokens in zip(starts, images, strict=True)]
    avatars = dict(zip(slots, spans[1:], strict=False))
    middle = (torch.arange(side) + 0.5) / side
    for who, span in avatars.items():
        for other, theirs in avatars.items():
            if other != who:
                open_to[span, theirs] = False
        box = boxes.get(who)
        if box is None:
            continue
        across = (middle > box.left - REACH) & (middle < box.right + REACH)             # (side,)
        down = (middle > box.top - REACH) & (middle < box.bottom + REACH)
        outside = ~(down[:, None] & across[None, :]).flatten()                          # (side side,)
        open_to[words:panel, span] &= ~outside[:, None]
        open_to[span, words:panel] &= ~outside[None, :]
    return open_to[None, None]


def best_fitting(device: torch.device) -> Fitting:
    """By how much memory the device has."""
    if device.type != "cuda":
        return Fitting.WHOLE
    gib = torch.cuda.get_device_properties(device).total_memory / 2**30
    return Fitting.WHOLE if gib >= 20 else Fitting.OFFLOAD if gib >= 11 else Fitting.SMALL


def _fit(pipeline: Any, fitting: Fitting, device: torch.device, dtype: torch.dtype) -> None:
    if fitting is Fitting.SMALL:
        # Weights rest in eight bits and are widened layer by layer as they are used.
        for part in (pipeline.transformer, pipeline.text_encoder):
            from diffusers.hooks import apply_layerwise_casting

            apply_layerwise_casting(part, storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype,
                                    skip_modules_pattern=("norm", "embed", "pos_embed", "proj_out", "lm_head"))
        pipeline.vae.enable_tiling()
    if fitting is Fitting.WHOLE or device.type == "cpu":
        pipeline.to(device)
    else:
        pipeline.enable_model_cpu_offload(device=device)


def _open(folder: Path, dtype: torch.dtype) -> Any:
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    try:
        pipeline = _Pipeline.from_pretrained(str(folder), dtype=dtype, local_files_only=True,
                                             use_safetensors=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        raise StudioFailed(f"the painter weights at {folder.name} cannot be opened: {error}") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _opened(png: bytes, side: int) -> Image.Image:
    """RGB, square: a cut-out stands on white, in the middle."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    if max(picture.size) < side:
        scale = side / max(picture.size)
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
                                 Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", (side, side), "white")
    paper.alpha_composite(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return paper.convert("RGB")


def _fingerprint(folder: Path) -> str:
    """Of what a checkpoint says of itself and of each file's size and first mebibyte: all of 16 GB takes too long."""
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.safetensors"), *folder.rglob("*.json")]):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(2**20))
    return digest.hexdigest()[:8]
