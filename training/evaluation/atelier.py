"""Paints for the evaluation, and never the same picture twice: results are kept by everything that decides them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.memory.underdrawing import BLANK
from engine.nouns import PanelBrief, Underdrawing
from engine.painters.latents import to_picture, to_png
from engine.painters.unet import MINI_PAINTER, UNetPainter
from engine.prompting import mini_caption


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def blank_paper(size_px: int) -> Underdrawing:
    """Nothing laid out: the painter starts from pure noise and knows the words alone."""
    out = io.BytesIO()
    Image.new("RGB", (size_px, size_px), BLANK).save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


class Atelier:
    """A painter and a folder of what it painted."""

    def __init__(self, folder: Path, painter_folder: Path = MINI_PAINTER, *, steps: int | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.painter = UNetPainter(painter_folder, steps=steps)
        self.painted = 0

    @property
    def size_px(self) -> int:
        return self.painter.size_px

    @property
    def pipeline(self) -> Any:
        """The stock pipeline inside the painter, for methods that change its attention."""
        return self.painter._pipeline

    def _kept(self, *inputs: object) -> Path:
        digest = hashlib.sha256()
        recipe = replace(self.painter.recipe, latent_rgb_factors=())
        for part in (self.painter.name, recipe, *inputs):
            digest.update(part if isinstance(part, bytes) else repr(part).encode())
            digest.update(b"\x1f")
        return self.folder / f"{digest.hexdigest()[:32]}.png"

    def _keep(self, path: Path, png: bytes) -> None:
        path.with_suffix(".part").write_bytes(png)
        path.with_suffix(".part").replace(path)
        self.painted += 1

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, *, seed: int, from_noise: bool = False,
              way: str = "") -> bytes:
        """One picture by the painter as the engine calls it; `from_noise` lets nothing shine through at the start.

        `way` names what else decides the picture (attention changed from outside). Returns PNG bytes.
        """
        path = self._kept(mini_caption(brief), underdrawing.png, seed, from_noise, way)
        if path.exists():
            return path.read_bytes()
        with self._from_noise(from_noise):
            png = self.painter.paint(brief, underdrawing, (), seed=seed, on_step=lambda *_: None).png
        self._keep(path, png)
        return png

    @contextmanager
    def _from_noise(self, wanted: bool) -> Iterator[None]:
        recipe = self.painter.recipe
        if wanted:
            self.painter.recipe = replace(recipe, start_share=1.0)
        try:
            yield
        finally:
            self.painter.recipe = recipe

    def together(self, briefs: Sequence[PanelBrief], underdrawings: Sequence[Underdrawing], *, seeds: Sequence[int],
                 way: str) -> list[bytes] | None:
        """Panels painted in one batch earlier, or None."""
        paths = self._kept_together(briefs, underdrawings, seeds, way)
        return [path.read_bytes() for path in paths] if all(path.exists() for path in paths) else None

    def _kept_together(self, briefs: Sequence[PanelBrief], underdrawings: Sequence[Underdrawing],
                       seeds: Sequence[int], way: str) -> list[Path]:
        words = [mini_caption(brief) for brief in briefs]
        return [self._kept(words, number, *(one.png for one in underdrawings), tuple(seeds), way)
                for number in range(len(briefs))]

    def paint_together(self, briefs: Sequence[PanelBrief], underdrawings: Sequence[Underdrawing], *,
                       seeds: Sequence[int], way: str) -> list[bytes]:
        """Several panels in one batch from pure noise, for attention that looks across them."""
        pipeline, recipe = self.pipeline, self.painter.recipe
        side = self.size_px // self.painter.latent_format.downscale
        noise = torch.cat([torch.randn((1, self.painter.latent_format.channels, side, side),
                                       generator=torch.Generator("cpu").manual_seed(seed % 2**63)) for seed in seeds])
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        with torch.inference_mode():
            latents = pipeline(
                [mini_caption(brief) for brief in briefs], [opened(one.png) for one in underdrawings],
                num_inference_steps=recipe.steps,
                guidance_scale=recipe.guidance_scale, image_guidance_scale=recipe.image_guidance_scale,
                latents=noise.to(pipeline.unet.dtype), output_type="latent").images           # (B, C, h, w)
            vae = pipeline.vae
            pictures = [to_png(to_picture(vae.decode(one[None] / vae.config.scaling_factor, return_dict=False)[0]))
                        for one in latents]
        for path, png in zip(self._kept_together(briefs, underdrawings, seeds, way), pictures, strict=True):
            self._keep(path, png)
        return pictures
