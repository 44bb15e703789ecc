"""Mini's likeness encoder: is this crop that character? A small convolutional network, loaded once.

The picture is seen whole in an upright frame. The direction of the vector is identity, its length quality: a head
beside it was trained to tell how sharp and how unhidden a crop is, as MagFace (https://arxiv.org/abs/2103.06627) reads
it from the norm. Training lives in `training/likeness.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from engine.nouns import StudioFailed

#: Where mini's likeness encoder lies: shipped in the package.
MINI_LIKENESS = Path(__file__).parent.parent / "mini" / "likeness"
#: Width and height of the frame a picture is seen in: figures stand upright.
FRAME_PX = (80, 112)
#: What is put behind cut-outs and beside crops that are not square.
GROUND = (150, 150, 150)
#: Crops embedded at once.
BATCH = 16


def framed(picture: Image.Image, frame_px: tuple[int, int] = FRAME_PX) -> Image.Image:
    """A crop or cut-out as the network sees it: RGB, whole, centred in a frame of `GROUND`."""
    if picture.mode != "RGB":
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, (*GROUND, 255))
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    wide, high = frame_px
    scale = min(wide / picture.width, high / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    frame = Image.new("RGB", frame_px, GROUND)
    frame.paste(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0),
                ((wide - size[0]) // 2, (high - size[1]) // 2))
    return frame


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
    """Pictures (B, 3, 112, 80) from -1 to 1 -> directions (B, size), unit length, and quality (B,) from 0 to 1.

    Each of `glances` learned glances is a map over the last features that says where to look (hat, face, shirt ...).
    What they see, side by side, is who it is.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 192), size: int = 128, glances: int = 8) -> None:
        super().__init__()
        self.config = {"widths": list(widths), "size": size, "glances": glances}
        self.stem = nn.Conv2d(3, widths[0], 3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        before = widths[0]
        for width in widths[1:]:
            blocks += [_Block(before, width, 2), _Block(width, width, 1)]
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.where = nn.Conv2d(before, glances, 1)
        self.identity = nn.Linear(glances * before, size)
        self.quality = nn.Linear(2 * before, 1)

    def features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the glances see (B, glances * C), and what tells of quality (B, 2 C)."""
        seen = self.blocks(F.relu(self.stem(pixels)))                                      # (B, C, 7, 5)
        weights = self.where(seen).flatten(2).float().softmax(2).to(seen.dtype)            # (B, glances, 35)
        glanced = weights @ seen.flatten(2).transpose(1, 2)                                # (B, glances, C)
        return glanced.flatten(1), torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        glanced, whole = self.features(pixels)
        return F.normalize(self.identity(glanced).float(), dim=1), torch.sigmoid(self.quality(whole).float())[:, 0]


def as_pixels(pictures: Sequence[np.ndarray[Any, Any]] | np.ndarray[Any, Any]) -> torch.Tensor:
    """Framed pictures (B, H, W, 3) uint8 -> (B, 3, H, W) from -1 to 1."""
    return torch.from_numpy(np.stack(list(pictures))).permute(0, 3, 1, 2).float().div(127.5).sub(1)


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
            self._net = LikenessNet(said["widths"], int(said["size"]), int(said["glances"]))
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
            frames = [framed(Image.open(io.BytesIO(picture))) for picture in pictures]
        except (OSError, ValueError) as error:
            raise StudioFailed(f"not a picture: {error}") from error
        vectors: list[list[float]] = []
        with torch.inference_mode():
            for start in range(0, len(frames), BATCH):
                direction, quality = self._net(as_pixels([np.asarray(frame) for frame in frames[start:start + BATCH]]))
                vectors += (direction * quality[:, None]).tolist()
        return vectors
