"""Is everybody themselves, and everybody there? Each figure's crop against everybody's avatar."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from engine.nouns import Box, CharacterId

#: Below this cosine to their own avatar, a crop does not show the character. On painted panels of held-out characters
#: 3 % of the figures fall below it, 6 % of the others of a cast lie above (`python -m training.likeness painted`).
SAME = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How like themselves the figures of one painting are."""

    scores: tuple[tuple[CharacterId, float], ...]      # cosine of crop and own avatar, -1 to 1
    confused: tuple[CharacterId, ...]                  # nearer to somebody else of the cast than to themselves

    @property
    def worst(self) -> float:
        """The least of the scores; 1 for an empty panel."""
        return min((score for _, score in self.scores), default=1.0)

    @property
    def good(self) -> bool:
        """Everybody is there and nobody is somebody else."""
        return self.worst >= SAME and not self.confused


def crops(png: bytes, boxes: Sequence[tuple[CharacterId, Box]]) -> list[bytes]:
    """Each box cut out of a picture as PNG, at least 8 pixels a side, in the order of `boxes`."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    cut = []
    for _, box in boxes:
        left, top = int(box.left * picture.width), int(box.top * picture.height)
        right = max(left + 8, math.ceil(box.right * picture.width))
        bottom = max(top + 8, math.ceil(box.bottom * picture.height))
        out = io.BytesIO()
        picture.crop((left, top, right, bottom)).save(out, "PNG")
        cut.append(out.getvalue())
    return cut


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of two vectors; 0 when either is null."""
    norms = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / norms if norms else 0.0


def judge(figures: Sequence[tuple[CharacterId, Sequence[float]]],
          avatars: Mapping[CharacterId, Sequence[float]]) -> Verdict:
    """Compare the likeness of each figure's crop with everybody's avatar. Pure."""
    scores, confused = [], []
    for character_id, likeness in figures:
        own = cosine(likeness, avatars[character_id])
        scores.append((character_id, own))
        if any(cosine(likeness, avatar) > own + 0.05 for other, avatar in avatars.items() if other != character_id):
            confused.append(character_id)
    return Verdict(tuple(scores), tuple(confused))
