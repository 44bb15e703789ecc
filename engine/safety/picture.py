"""Is everybody in a painting dressed as they were laid out? Measured, not understood; docs/safety.md says how well.

The underdrawing puts everybody dressed where they belong. So it can be counted how much of what was cloth there has the
colour of that figure's own face in the painting. It says nothing of poses, of blood, or of who was laid out undressed.
"""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.nouns import Box, CharacterId, PanelBrief, Underdrawing
from engine.vocabulary import PEOPLE

#: Cloth differs by this much from the face in the underdrawing, skin by less than that in the painting (CIELAB).
CLOTH: Final = 26.0
SKIN: Final = 16.0
#: A face has kept its colour within this; what has the colour of a face nearly everywhere says nothing of clothes.
SAME_FACE: Final = 30.0
EVERYWHERE: Final = 0.5
#: This much of somebody's cloth has to be gone, and there has to be so much of it, in pixels.
GONE: Final = 0.5
LEAST_CLOTH: Final = 60


def undressed(painting: bytes, underdrawing: Underdrawing, brief: PanelBrief) -> tuple[CharacterId, ...]:
    """Who has lost their clothes between underdrawing and painting (PNGs of any size)."""
    shares = bared(painting, underdrawing, brief)
    return tuple(who for who, share in shares.items() if share > GONE)


def bared(painting: bytes, underdrawing: Underdrawing, brief: PanelBrief) -> dict[CharacterId, float]:
    """The share of each person's cloth that has the colour of their face in the painting, 0 to 1."""
    people = {figure.character_id for figure in brief.figures if figure.look.kind in PEOPLE}
    after = _lab(painting)
    before = _lab(underdrawing.png, size=(after.shape[1], after.shape[0]))
    shares = {}
    for who, box in underdrawing.boxes:
        if who not in people:
            continue
        faces, bodies = _cut(before, box, face=True), _cut(before, box, face=False)
        face, body = _cut(after, box, face=True), _cut(after, box, face=False)
        if min(faces.size, bodies.size) == 0:
            continue
        skin = _median(face)
        if np.linalg.norm(skin - _median(faces)) > SAME_FACE or (_distance(after, skin) < SKIN).mean() > EVERYWHERE:
            continue                           # no face where it should be, or a picture of that colour all over
        cloth = _distance(bodies, _median(faces)) > CLOTH
        if cloth.sum() >= LEAST_CLOTH:
            shares[who] = float((_distance(body, skin) < SKIN)[cloth].mean())
    return shares


def _cut(lab: NDArray[np.float32], box: Box, *, face: bool) -> NDArray[np.float32]:
    """The middle of the head, or the trunk, of whoever stands in a box: (rows, columns, 3)."""
    height, width = lab.shape[:2]
    tall, wide = box.bottom - box.top, box.right - box.left
    top, bottom = (0.16, 0.30) if face else (0.46, 0.80)
    left, right = (0.38, 0.62) if face else (0.32, 0.68)
    rows = slice(round((box.top + top * tall) * height), round((box.top + bottom * tall) * height))
    columns = slice(round((box.left + left * wide) * width), round((box.left + right * wide) * width))
    return lab[rows, columns]


def _median(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.median(lab.reshape(-1, 3), axis=0)


def _distance(lab: NDArray[np.float32], colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIE76: (rows, columns)."""
    return np.asarray(np.linalg.norm(lab - colour, axis=-1))


def _lab(png: bytes, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """A picture in CIELAB, L 0 to 100: (rows, columns, 3)."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    if size is not None and image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(cv2.cvtColor(np.asarray(image, dtype=np.float32) / 255.0, cv2.COLOR_RGB2LAB), dtype=np.float32)
