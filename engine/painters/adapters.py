"""What is laid onto a Stable Diffusion-shaped model beside its own weights: a fast LoRA, and an IP-Adapter by region.

The LoRA (Lightning, https://arxiv.org/abs/2402.13929, or LCM, https://arxiv.org/abs/2311.05556) is melted into the
weights once, on opening. The IP-Adapter Plus (https://arxiv.org/abs/2308.06721) stays beside them at scale 0, where it
does nothing at all, and speaks only while a panel is painted: for each character within its own part of the panel.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from engine.nouns import Box, CharacterId, Figure, StudioFailed

#: How far a character's part reaches beyond its box, as a share of the panel: poses stick out, hair flies.
REACH = 0.06
#: Louder than this an adapter copies the avatar's pose, too.
LOUDEST = 0.7


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA file beside a model."""

    file: str                              # relative to the model's folder
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class IPAdapter:
    """An IP-Adapter Plus file, and the CLIP vision model (ViT-H for the official ones) that it reads."""

    folder: str                            # relative to the model's
    weights: str                           # both relative to this folder
    image_encoder: str
    scale: float = 0.6                     # at most `LOUDEST`


def melt_lora(pipeline: Any, folder: Path, lora: Lora) -> None:
    """Add a LoRA to the weights for good. Raises `StudioFailed` when its file is absent or does not fit."""
    file = _there(folder, lora.file)
    try:
        pipeline.load_lora_weights(str(file.parent), weight_name=file.name, local_files_only=True)
        pipeline.fuse_lora(lora_scale=lora.scale)
        pipeline.unload_lora_weights()
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        raise StudioFailed(f"the LoRA {lora.file} does not fit the painter {folder.name}: {error}") from error


def attach_ip_adapter(pipeline: Any, folder: Path, adapter: IPAdapter, dtype: torch.dtype) -> None:
    """Lay an IP-Adapter beside the weights, silent. Raises `StudioFailed` when a file is absent or does not fit."""
    from diffusers.models.embeddings import IPAdapterPlusImageProjection
    from transformers import CLIPVisionModelWithProjection

    file, eyes = (_there(folder, f"{adapter.folder}/{part}") for part in (adapter.weights, adapter.image_encoder))
    try:
        pipeline.register_modules(image_encoder=CLIPVisionModelWithProjection.from_pretrained(
            str(eyes), dtype=dtype, local_files_only=True, use_safetensors=True))
        pipeline.load_ip_adapter(str(file.parent), subfolder="", weight_name=file.name, image_encoder_folder=None,
                                 local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        raise StudioFailed(f"the adapter {adapter.weights} does not fit the painter {folder.name}: {error}") from error
    if not isinstance(pipeline.unet.encoder_hid_proj.image_projection_layers[0], IPAdapterPlusImageProjection):
        raise StudioFailed(f"the adapter {adapter.weights} is no IP-Adapter Plus")
    pipeline.set_ip_adapter_scale(0.0)


@contextmanager
def speaking(pipeline: Any, scales: Sequence[float] | float) -> Iterator[None]:
    """An attached IP-Adapter at these scales, one a picture; silent again in any case."""
    pipeline.set_ip_adapter_scale([list(scales)] if isinstance(scales, Sequence) else scales)
    try:
        yield
    finally:
        pipeline.set_ip_adapter_scale(0.0)


def parts_of_panel(figures: Sequence[Figure], boxes: Mapping[CharacterId, Box], side: int) -> torch.Tensor:
    """Where the pictures of these figures count: (1, n, side, side), ones and zeros, as the attention takes them.

    A figure's part is its box (one guessed from its place where memory laid none out) and `REACH` around it. Parts
    never overlap, or friends who hug would fuse: a point that lies in several belongs to the one whose middle is
    nearest, measured in the box's own width and height.
    """
    middle = (torch.arange(side) + 0.5) / side
    apart = []
    for figure in figures:
        box = boxes.get(figure.character_id) or _guessed(figure)
        across = (middle - (box.left + box.right) / 2).abs() / ((box.right - box.left) / 2 + REACH)     # (side,)
        down = (middle - (box.top + box.bottom) / 2).abs() / ((box.bottom - box.top) / 2 + REACH)       # (side,)
        apart.append(torch.maximum(across[None, :], down[:, None]))
    distances = torch.stack(apart)                                                      # (n, side, side)
    nearest = distances.argmin(0, keepdim=True) == torch.arange(len(apart))[:, None, None]
    return (nearest & (distances <= 1)).float()[None]


def _guessed(figure: Figure) -> Box:
    place = figure.place
    return Box(place.x - place.height * 0.3, place.y - place.height, place.x + place.height * 0.3, place.y)


def on_paper(png: bytes) -> Image.Image:
    """A picture in the middle of a white square, RGB: CLIP's eyes cut off what is longer than wide."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    side = max(picture.size)
    paper = Image.new("RGBA", (side, side), "white")
    paper.alpha_composite(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return paper.convert("RGB")


def _there(folder: Path, relative: str) -> Path:
    path = folder / relative
    if not path.exists():
        raise StudioFailed(f"the painter {folder.name} wants {relative}, which is not in its folder")
    if path.is_file() and path.suffix != ".safetensors":
        raise StudioFailed(f"the painter {folder.name} wants {relative}: weights are taken from safetensors files only")
    return path
