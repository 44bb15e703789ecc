"""What happens around a model while it denoises: it is watched, and asked for less at a time; nothing of it stays.

Each of these is put on for one call of a stock pipeline and taken off in any case, a cancel's exception too.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from engine.painters.latents import predicted_clean
from engine.painters.shortage import SHORTAGES, must_be_numbers, out_of_memory

OnStep = Callable[[int, int, bytes | None], None]

#: The next preview waits this many times as long as the last one took to make: previews cost at most a tenth.
PREVIEW_RESTS = 9.0
#: ... and at least this long: nobody sees more.
PREVIEW_EVERY_S = 0.2
#: An autoencoder that is short of memory decodes tiles of so many pixels a side.
TILE_PX = 512


class Watch:
    """The pipeline's step callback for one panel: counts, previews, and lets `on_step` cancel by raising."""

    def __init__(self, preview: Callable[[torch.Tensor], bytes], free: Callable[[], None], on_step: OnStep,
                 started: float, latents: torch.Tensor | None = None) -> None:
        self._preview, self._free, self._on_step = preview, free, on_step
        self.before = latents
        self.clean: torch.Tensor | None = None   # what the scheduler itself expects at the end, where it says so
        self._next_preview = started       # the first one as soon as there is anything to see
        self.steps = 0

    def __call__(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        latents: torch.Tensor = tensors["latents"]                          # as the pipeline has them
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
        self.before = latents
        self.steps = index + 1
        self._on_step(index + 1, steps, preview)
        return {}

    def expected(self, pipeline: Any, index: int, latents: torch.Tensor) -> torch.Tensor:
        """The clean latents this way leads to, as of step `index`, which ended with `latents`."""
        if self.clean is not None:
            return self.clean
        assert self.before is not None
        # Image-to-image leaves out the first steps of the scheduler's whole way.
        left_out = len(pipeline.scheduler.timesteps) - int(pipeline.num_timesteps)
        return predicted_clean(pipeline.scheduler, left_out + index, self.before.to(latents), latents)

    def _glimpse(self, pipeline: Any, index: int, latents: torch.Tensor) -> bytes | None:
        """A preview; None where there is not enough memory for one: then this panel has no more of them."""
        try:
            return self._preview(self.expected(pipeline, index, latents))
        except SHORTAGES as error:
            if not out_of_memory(error):
                raise
        self._free()
        return None


@contextmanager
def seen_by(watch: Watch, scheduler: Any) -> Iterator[None]:
    """Show a watch what each step of a scheduler starts from, and what it expects at the end where no line leads there.

    LCM jumps to the end and puts fresh noise on what it found: that is lost unless it is taken here.
    """
    step = scheduler.step
    jumps = type(scheduler).__name__ == "LCMScheduler"

    @functools.wraps(step)                 # the pipeline looks at its signature
    def seen(model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        watch.before = sample
        told = step(model_output, timestep, sample, *args, **kwargs)
        watch.clean = told[1] if jumps else None
        return told

    scheduler.step = seen
    try:
        yield
    finally:
        del scheduler.step                 # the class's own is behind it


@contextmanager
def guidance_branches(unet: torch.nn.Module, wanted: list[int], places: list[int], *,
                       one_by_one: bool) -> Iterator[None]:
    """Run the wanted entries of a batch of guidance branches alone; put the UNet back as it was in any case.

    What comes out stands at `places`. None wanted: all. `one_by_one` runs them after each other: less memory.
    """
    if not wanted and not one_by_one:
        yield
        return
    forward, own = unet.forward, vars(unet).get("forward")

    def fewer(sample: torch.Tensor, timestep: Any, **rest: Any) -> Any:
        # sample: (branches, C noise + C underdrawing, h, w); of the rest, whatever has an entry a branch
        entries = wanted or list(range(sample.shape[0]))
        batches = [[entry] for entry in entries] if one_by_one else [entries]
        outputs = torch.cat([forward(sample[batch], timestep, **_entries(rest, batch, sample.shape[0]))[0]
                             for batch in batches])
        return (outputs[places] if places else outputs,)

    unet.forward = fewer
    try:
        yield
    finally:
        if own is None:
            del unet.forward               # the class's own is behind it
        else:
            unet.forward = own             # a part that is brought to the card when it is called has one of its own


def _entries(value: Any, batch: list[int], of: int) -> Any:
    """The same with only these entries of every tensor that has `of` of them."""
    if isinstance(value, torch.Tensor):
        return value[batch] if value.ndim and value.shape[0] == of else value
    if isinstance(value, dict):
        return {key: _entries(each, batch, of) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_entries(each, batch, of) for each in value)
    return value


@contextmanager
def in_slices(unet: Any, wanted: bool) -> Iterator[None]:
    """Attention a head at a time; what computed it before is put back in any case."""
    if not wanted:
        yield
        return
    from diffusers.models.attention_processor import SlicedAttnProcessor

    processors = unet.attn_processors
    try:
        # An adapter's own are left as they are: only they know what to do with its pictures.
        unet.set_attn_processor({name: processor if isinstance(processor, torch.nn.Module) else SlicedAttnProcessor(1)
                                 for name, processor in processors.items()})
        yield
    finally:
        unet.set_attn_processor(processors)


def decode_in_tiles(vae: Any) -> None:
    # SDXL's own says tiles of 1024 pixels: a whole panel.
    vae.tile_sample_min_size = min(vae.tile_sample_min_size, TILE_PX)
    vae.tile_latent_min_size = min(vae.tile_latent_min_size,
                                   TILE_PX // 2 ** (len(vae.config.block_out_channels) - 1))
    vae.enable_tiling()


@contextmanager
def in_tiles(vae: Any, wanted: bool) -> Iterator[None]:
    """Decoding tile by tile; as it was before in any case."""
    if not wanted or vae.use_tiling:
        yield
        return
    before = vae.tile_sample_min_size, vae.tile_latent_min_size
    decode_in_tiles(vae)
    try:
        yield
    finally:
        vae.disable_tiling()
        vae.tile_sample_min_size, vae.tile_latent_min_size = before
