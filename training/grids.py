"""Sheets of pictures to look at while a model trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image


def save_grid(pictures: torch.Tensor, path: Path, *, columns: int) -> None:
    """Pictures (N, 3, H, W) from -1 to 1 as one PNG, row by row."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    pixels = pictures.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()
    for index in range(count):
        top, left = index // columns * height, index % columns * width
        sheet[top:top + height, left:left + width] = pixels[index]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path)
