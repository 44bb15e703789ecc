"""FLUX.2 klein: the underdrawing, everybody's avatar and the frame before as images in the context.

A checkpoint is a folder that `Flux2KleinPipeline` opens (FLUX.2 klein 4B, Apache-2.0). Nothing is laid beside the noise
here: every picture is encoded once and its tokens follow those of the panel (a time of 10, 20, 30 ... tells them
apart), so what memory laid out is seen, not copied. Three friends would borrow each other's hair; a mask of the
attention ties each avatar to the place where its character stands, and leaves the panel's own tokens free to see each
other, since cutting those makes disconnected pictures. The same context makes avatars: there the photos are in it.

Beside `model_index.json` may lie `storythread.json` with what a small checkpoint wants otherwise (`KleinRecipe`).
docs/gpu.md has the arithmetic of memory behind `Fitting`.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from engine.nouns import Box, CharacterId, Painting, PanelBrief, Sitting, StudioFailed, Underdrawing
from engine.painters.character_lora import lora_of, wearing
from engine.painters.checkpoints import fingerprint
from engine.painters.denoising import OnStep, Watch
from engine.painters.eight_bits import rest_in_eight_bits
from engine.painters.kept import Kept
from engine.painters.latents import to_picture, to_png
from engine.painters.shortage import less_and_less, must_be_numbers
from engine.prompting import avatar_prompt, klein_prompt

RECIPE = "storythread.json"
#: How far a character's avatar reaches beyond its box, as a share of the panel: poses stick out, hair flies.
REACH = 0.06
#: Encoded pictures and prompts kept by their content, newest last. A prompt of klein 4B is 8 MB, a picture 0.3 MB.
PICTURES_KEPT, PROMPTS_KEPT = 64, 8
#: Weights of so many bytes are held in two bytes each on a processor too: klein 4B would take 28 GB in four.
LARGE = 4 * 2**30
#: The pipeline takes no picture with a shorter side.
LEAST_PX = 64


class Fitting(StrEnum):
    """How a large model is fitted into the memory there is. The sizes are klein 4B's, see docs/gpu.md."""

    WHOLE = "whole"                        # everything stays on the device
    OFFLOAD = "offload"                    # text encoder and transformer take turns: a card of 12 GB
    SMALL = "small"                        # the same with most weights resting in eight bits: a card of 8 GB


class Less(IntEnum):
    """How little is looked at, each only after there was not enough memory for the one before."""

    EVERYTHING = 0
    NO_FRAME = 1                           # the frame before is a help, the avatars and the underdrawing are needed
    COARSE = 2                             # those at half their size, a quarter of the tokens, and decoded in tiles


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
    """The stock pipeline, which encodes a picture it has met before no second time.

    Where parts take turns on the device, its small autoencoder stays there: each preview would else throw the
    transformer out in the middle of its work.
    """

    model_cpu_offload_seq = "text_encoder->transformer"
    _exclude_from_cpu_offload = ["vae"]    # noqa: RUF012 - as the stock class declares it
    kept: Kept | None = None

    def _encode_vae_image(self, image: torch.Tensor, generator: Any) -> torch.Tensor:
        encode = super()._encode_vae_image
        if self.kept is None:
            return encode(image=image, generator=generator)  # type: ignore[no-any-return]
        # image: (1, 3, H, W) -> (1, 4 C, h, w)
        key = hashlib.sha256(image.float().cpu().numpy().tobytes()).digest() + str(tuple(image.shape)).encode()
        return self.kept.get(key, lambda: encode(image=image, generator=generator))


class KleinPainter:
    """One FLUX.2 klein checkpoint, loaded once. Blocking; one call at a time.

    What it keeps between calls are encodings by their content, never anything of a call: with `caching` off the same
    call gives the same picture. `compiled` pays where many panels of one size are painted by a process that stays.
    Raises `StudioFailed` when the folder holds no such checkpoint.
    """

    name: str
    size_px: int
    paints_from_photos = True

    def __init__(self, folder: Path | str, *, steps: int | None = None, guidance: float | None = None,
                 threads: int = 0, dtype: torch.dtype | None = None, device: str | None = None,
                 fitting: Fitting | None = None, masked: bool = True, caching: bool = True,
                 compiled: bool = False) -> None:
        folder = Path(folder)
        recipe = KleinRecipe.read(folder)
        self.recipe = replace(recipe, steps=recipe.steps if steps is None else steps,
                              guidance_scale=recipe.guidance_scale if guidance is None else guidance)
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if dtype is None:
            large = sum(path.stat().st_size for path in folder.rglob("*.safetensors")) > LARGE
            dtype = torch.bfloat16 if self._device.type == "cuda" or large else torch.float32
        self.fitting = fitting or best_fitting(self._device)
        self._folder, self._masked, self._caching = folder, masked, caching
        # Adapters fit no layers in eight bits, and with one on compiled blocks would be compiled anew.
        self._wears = self.fitting is not Fitting.SMALL and not compiled
        self._pipeline = _open(folder, dtype)
        without_unread_layers(self._pipeline.text_encoder, self.recipe.text_layers)
        _fit(self._pipeline, self.fitting, self._device, dtype)
        if compiled:                       # one compilation for all blocks of a kind, and for any number of pictures
            self._pipeline.transformer.compile_repeated_blocks(fullgraph=True, dynamic=True)
        self._prompts, self._pictures = Kept(PROMPTS_KEPT), Kept(PICTURES_KEPT)
        #: Pixels a side for one token.
        self._token_px = self._pipeline.vae_scale_factor * 2
        self.size_px = self.recipe.size_px // self._token_px * self._token_px
        self.name = f"{folder.name}@{self.recipe.revision or fingerprint(folder)}"

    # --- what it paints ----------------------------------------------------------------------------

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: OnStep) -> Painting:
        """Paint a brief from its underdrawing, avatars and the frame before. See `engine.ports.Painter`.

        `references`: an avatar for each figure of the brief, in their order, empty bytes for who has none; then the
        frame before, if any. Raises `Cancelled` (from `on_step`) and `StudioFailed`: reason "studio_memory" when there
        was not enough of it with the least in the context either, "studio_blank" when what came out are no numbers.
        """
        started = time.monotonic()
        return less_and_less(
            Less, lambda less: self._paint(brief, underdrawing, references, seed, on_step, started, less), self.let_go,
            least="with the least in the context")

    def paint_avatar(self, sitting: Sitting, *, seed: int, on_step: OnStep) -> Painting:
        """Paint somebody's avatar from photos and the drawn doll. See `engine.ports.Portraitist`.

        Nothing made of the photos is kept. Raises as `paint`.
        """
        started = time.monotonic()
        return less_and_less(
            Less, lambda less: self._paint_avatar(sitting, seed, on_step, started, less), self.let_go,
            least="with the least in the context")

    def _paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], seed: int,
               on_step: OnStep, started: float, less: Less) -> Painting:
        # 1. Who is on which image: the underdrawing first, then everybody who has an avatar, then the frame before
        drawn = {figure.character_id: png for figure, png in zip(brief.figures, references, strict=False) if png}
        # The order of the ids, not of the places: somebody who walks over to the other side keeps their image.
        slots = sorted(drawn)
        before = [] if less >= Less.NO_FRAME else [png for png in references[len(brief.figures):] if png]
        size, reference = self._sizes(less)
        images = [_opened(underdrawing.png, size), *(_opened(drawn[who], reference) for who in slots),
                  *(_opened(png, reference) for png in before)]
        # 2. Words that name the images; who may look at whom
        numbers = {who: number for number, who in enumerate(slots, start=2)}
        prompt = klein_prompt(brief, numbers, before=len(slots) + 2 if before else None)
        mask = None
        if self._masked and slots:
            mask = region_mask(self.recipe.text_tokens, self.size_px // self._token_px,
                               [self._tokens(image) for image in images], slots, dict(underdrawing.boxes),
                               device=self._device)
        # 3. Paint, with the one character's own adapter where there is one
        with wearing(self._pipeline, lora_of(brief, self._folder) if self._wears else None):
            return self._denoised(prompt, images, mask, seed, on_step, started, less, keeping=self._caching)

    def _paint_avatar(self, sitting: Sitting, seed: int, on_step: OnStep, started: float, less: Less) -> Painting:
        size, reference = self._sizes(less)
        images = [_opened(sitting.doll, size), *(_opened(png, reference) for png in sitting.photos)]
        prompt = avatar_prompt(sitting.look, style=sitting.style, photos=len(sitting.photos))
        return self._denoised(prompt, images, None, seed, on_step, started, less, keeping=False)

    def _denoised(self, prompt: str, images: Sequence[Image.Image], mask: torch.Tensor | None, seed: int,
                  on_step: OnStep, started: float, less: Less, *, keeping: bool) -> Painting:
        """One picture from words and images. `keeping`: what is encoded may be kept for the next."""
        pipeline, recipe = self._pipeline, self.recipe
        pipeline.kept = self._pictures if keeping else None
        # Noise drawn on the CPU, and a scheduler of its own for this call: its step counter dies with it
        side = self.size_px // self._token_px
        generator = torch.Generator("cpu").manual_seed(seed % 2**63)
        noise = torch.randn((1, pipeline.transformer.config.in_channels, side, side), generator=generator)
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        watch = Watch(self.preview, self.let_go, on_step, started, noise.flatten(2).transpose(1, 2))
        try:
            tile_px = max(LEAST_PX, self.size_px // 2) if less >= Less.COARSE else 0
            # No inference mode: weights that are moved or widened within it could not be moved back outside of it.
            with torch.no_grad(), _in_tiles(pipeline.vae, tile_px, pipeline.vae_scale_factor):
                words = self._encoded(prompt, keeping)                                 # (1, T, D)
                guided = recipe.guidance_scale > 1 and not pipeline.config.is_distilled
                latents = pipeline(
                    image=list(images), prompt_embeds=words,
                    negative_prompt_embeds=self._encoded("", keeping) if guided else None,
                    height=self.size_px, width=self.size_px, num_inference_steps=recipe.steps,
                    guidance_scale=recipe.guidance_scale, latents=noise,
                    attention_kwargs=None if mask is None else {"attention_mask": mask},
                    output_type="latent", callback_on_step_end=watch, callback_on_step_end_tensor_inputs=["latents"],
                ).images                                                               # (1, C, h, w)
                # Numbers that are none would become black: said before they are
                must_be_numbers(latents)
                painted = self._decoded(latents)
        finally:
            pipeline.kept = None
            pipeline.maybe_free_model_hooks()
        return Painting(to_png(painted), seed, self.name, watch.steps, time.monotonic() - started)

    def _sizes(self, less: Less) -> tuple[int, int]:
        """Pixels a side of image 1, and of every other."""
        if less < Less.COARSE:
            return self.size_px, self.recipe.reference_px
        return max(LEAST_PX, self.size_px // 2), max(LEAST_PX, self.recipe.reference_px // 2)

    def _tokens(self, image: Image.Image) -> int:
        return int(image.width // self._token_px) * int(image.height // self._token_px)

    # --- its parts ---------------------------------------------------------------------------------

    def preview(self, packed: torch.Tensor) -> bytes:
        """Clean latents as the transformer has them, (1, h w, 4 C), as a PNG of the panel's size."""
        pipeline = self._pipeline
        side = self.size_px // self._token_px
        latents = packed.transpose(1, 2).reshape(1, -1, side, side)                     # (1, 4 C, h, w)
        norm = pipeline.vae.bn
        spread = torch.sqrt(norm.running_var.view(1, -1, 1, 1) + pipeline.vae.config.batch_norm_eps).to(latents)
        latents = pipeline._unpatchify_latents(latents * spread + norm.running_mean.view(1, -1, 1, 1).to(latents))
        return to_png(self._decoded(latents), compress_level=1)

    def let_go(self) -> None:
        """Let go of everything kept of earlier panels: the next is painted as it would have been."""
        self._prompts.clear()
        self._pictures.clear()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _encoded(self, prompt: str, keeping: bool) -> torch.Tensor:
        def encode() -> torch.Tensor:
            words: torch.Tensor = self._pipeline.encode_prompt(
                prompt, max_sequence_length=self.recipe.text_tokens, text_encoder_out_layers=self.recipe.text_layers)[0]
            return words

        return self._prompts.get(hashlib.sha256(prompt.encode()).digest(), encode) if keeping else encode()

    def _decoded(self, latents: torch.Tensor) -> Image.Image:
        vae = self._pipeline.vae
        with torch.no_grad():
            return to_picture(vae.decode(latents.to(vae.device, vae.dtype), return_dict=False)[0])


def region_mask(words: int, side: int, images: Sequence[int], slots: Sequence[CharacterId],
                boxes: dict[CharacterId, Box], *, device: torch.device | None = None) -> torch.Tensor:
    """Who may look at whom: (1, 1, S, S), True where the row's token may look at the column's.

    S is `words`, then side x side tokens of the panel, then `images`' tokens in turn, of which the second on are the
    avatars of `slots`. An avatar and the panel see each other only where its character stands (a box of `boxes`, and a
    little around it); two avatars never do. Everything else stays open, above all the panel to itself. It is made on
    `device`: with four friends it has 100 million entries.
    """
    panel = words + side * side
    length = panel + sum(images)
    open_to = torch.ones(length, length, dtype=torch.bool, device=device)
    starts = [panel + sum(images[:number]) for number in range(len(images))]
    spans = [slice(start, start + tokens) for start, tokens in zip(starts, images, strict=True)]
    avatars = dict(zip(slots, spans[1:], strict=False))
    middle = (torch.arange(side, device=device) + 0.5) / side
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
    # A card sold as 20 GB tells of a little less.
    return Fitting.WHOLE if gib >= 19 else Fitting.OFFLOAD if gib >= 11 else Fitting.SMALL


def without_unread_layers(text_encoder: Any, read: Sequence[int]) -> None:
    """Drop what comes after the last layer whose states are read: a fifth of klein 4B's text encoder.

    One layer more stays, since the last one's states come out normed. The scores of the next word are not asked for.
    """
    kept = max(read) + 1
    model = text_encoder.model
    if kept < len(model.layers):
        model.layers = model.layers[:kept]
        model.config.num_hidden_layers = kept
    text_encoder.lm_head = torch.nn.Identity()


def _fit(pipeline: Any, fitting: Fitting, device: torch.device, dtype: torch.dtype) -> None:
    if fitting is Fitting.SMALL:
        for part in (pipeline.transformer, pipeline.text_encoder):
            rest_in_eight_bits(part, dtype)
    if fitting is Fitting.WHOLE:
        pipeline.to(device)
    else:
        pipeline.enable_model_cpu_offload(device=device)


@contextmanager
def _in_tiles(vae: Any, tile_px: int, scale: int) -> Iterator[None]:
    """Encode and decode in tiles of so many pixels a side: less memory, and seams perhaps. 0: whole, as before."""
    before = vae.tile_sample_min_size, vae.tile_latent_min_size
    if tile_px:
        vae.tile_sample_min_size, vae.tile_latent_min_size = tile_px, tile_px // scale
        vae.enable_tiling()
    try:
        yield
    finally:
        vae.disable_tiling()
        vae.tile_sample_min_size, vae.tile_latent_min_size = before


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
