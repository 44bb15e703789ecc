"""Mini's likeness encoder: is this crop that character? A small convolutional network, loaded once.

The picture is seen whole in a 64 px square. The direction of the vector is identity, its length quality: a head beside
it was trained to tell how sharp and how unhidden a crop is, as MagFace (https://arxiv.org/abs/2103.06627) reads it from
the norm. Training lives in `training/likeness.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from engine.nouns import StudioFailed

#: Where mini's likeness encoder lies: shipped in the package.
MINI_LIKENESS = Path(__file__).parent.parent / "mini" / "likeness"
SIDE_PX = 64
#: What is put behind cut-outs and beside crops that are not square.
GROUND = (150, 150, 150)
#: Crops embedded at once.
BATCH = 16


def squared(picture: Image.Image, side_px: int = SIDE_PX) -> Image.Image:
    """A crop or cut-out as the network sees it: RGB, whole, centred in a square of `GROUND`."""
    if picture.mode != "RGB":
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (*GROUND, 255))
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    scale = side_px / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Image.new("RGB", (side_px, side_px), GROUND)
    square.paste(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0),
                 ((side_px - size[0]) // 2, (side_px - size[1]) // 2))
    return square


class _Block(nn.Module):
    """Two 3x3 convolutions around a skip; the first may halve the size."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outer)
        self.second = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outer)
        self.skip = nn.Conv2d(inner, outer, 1, bias=False) if stride > 1 or inner != outer else nn.Identity()
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.first_norm(self.first(x)))
        hidden = self.second_norm(self.second(hidden))
        beside = F.avg_pool2d(x, 2) if self.stride == 2 else x
        return F.relu(hidden + self.skip(beside))


class LikenessNet(nn.Module):
    """Pictures (B, 3, 64, 64) from -1 to 1 -> directions (B, size), unit length, and quality (B,) from 0 to 1."""

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 192), size: int = 128) -> None:
        super().__init__()
        self.config = {"widths": list(widths), "size": size}
        self.stem = nn.Conv2d(3, widths[0], 3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        before = widths[0]
        for level, width in enumerate(widths):
            blocks += [_Block(before, width, 1 if level == 0 else 2), *([_Block(width, width, 1)] if level else [])]
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.identity = nn.Linear(3 * before, size)
        self.quality = nn.Linear(2 * before, 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = self.blocks(F.relu(self.stem(pixels)))                                      # (B, C, 4, 4)
        upper = seen[:, :, :max(1, seen.shape[2] // 2)].mean((2, 3))
        mean, most = seen.mean((2, 3)), seen.amax((2, 3))
        direction = F.normalize(self.identity(torch.cat([mean, most, upper], 1)), dim=1)
        return direction, torch.sigmoid(self.quality(torch.cat([mean, most], 1)))[:, 0]


def as_pixels(squares: Sequence[Image.Image]) -> torch.Tensor:
    """Squared pictures as (B, 3, S, S) from -1 to 1."""
    stacked = np.stack([np.asarray(square, dtype=np.uint8) for square in squares])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div(127.5).sub(1)


class MiniLikeness:
    """`engine.ports.Likeness` on the embedded weights. Raises `StudioFailed` when the folder holds none."""

    name: str

    def __init__(self, folder: Path | str = MINI_LIKENESS, *, threads: int = 0) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        folder = Path(folder)
        if threads:
            torch.set_num_threads(threads)
        try:
            said = json.loads((folder / "config.json").read_text("utf-8"))
            self._net = LikenessNet(said["widths"], int(said["size"]))
            weights = load_file(folder / "model.safetensors")
            self._net.load_state_dict({name: value.float() if value.is_floating_point() else value
                                       for name, value in weights.items()})
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise StudioFailed(f"no likeness encoder in {folder.name}: {error}") from error
        self._net.eval()
        revision = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:8]
        self.name = f"mini-likeness@{revision}"

    def embed(self, pictures: Sequence[bytes]) -> list[list[float]]:
        """One vector a picture (PNG, RGB or RGBA): unit length times quality, 0 to 1. See `engine.ports.Likeness`.

        Raises `StudioFailed` when something is no picture.
        """
        try:
            squares = [squared(Image.open(io.BytesIO(picture))) for picture in pictures]
        except (OSError, ValueError) as error:
            raise StudioFailed(f"not a picture: {error}") from error
        vectors: list[list[float]] = []
        with torch.inference_mode():
            for start in range(0, len(squares), BATCH):
                direction, quality = self._net(as_pixels(squares[start:start + BATCH]))
                vectors += (direction * quality[:, None]).tolist()
        return vectors
