"""What the engine is compared with: the same briefs, the same weights, other conditions under the brush.

| variant | what the painter is given |
|---|---|
| adapter | words, and avatars through IP-Adapter layers masked to their boxes |
| consistent | words, and self-attention across the story's panels (StoryDiffusion) |
| previous | words, and the panel before in the place of the underdrawing (as AR-LDM conditions on what was painted) |
| words | words alone |

The engine itself, whole and without each of its parts, is `training/evaluation/whole.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from engine.memory.underdrawing import lay_out, posed
from engine.mini.dolls import draw_avatar
from engine.nouns import Box, Character, CharacterId, PanelBrief, Underdrawing
from engine.planning import stable_seed
from training.evaluation import adapter, consistent
from training.evaluation.atelier import Atelier, blank_paper

#: How many panels write the memory of consistent self-attention, all painted at once.
TOGETHER = 4


@dataclass(frozen=True)
class Painted:
    """A panel (PNG), how often it was painted, and where everybody was laid out."""

    png: bytes
    attempts: int = 1
    boxes: tuple[tuple[CharacterId, Box], ...] = ()
    recalled: bool = False                 # an earlier cut-out was laid out in it
    first: bytes = b""                     # the first attempt, where the check had it painted again


def avatar_of(character: Character) -> Image.Image:
    """The model sheet as the engine makes it (RGBA)."""
    return draw_avatar(character.look, size_px=256)


def underdrawings(briefs: Sequence[PanelBrief], *, size_px: int) -> list[Underdrawing]:
    """Everybody cut out in their pose on blank paper: where each lies, for methods that hear of boxes."""
    return [lay_out(brief, None, {figure.character_id: posed(figure) for figure in brief.figures}, size_px=size_px)
            for brief in briefs]


def paint_from_words(atelier: Atelier, briefs: Sequence[PanelBrief]) -> list[Painted]:
    paper = blank_paper(atelier.size_px)
    return [Painted(atelier.paint(brief, paper, seed=_seed(brief), from_noise=True)) for brief in briefs]


def paint_from_previous(atelier: Atelier, briefs: Sequence[PanelBrief]) -> list[Painted]:
    """Each over the one before; the first over blank paper."""
    before, panels = blank_paper(atelier.size_px), []
    for brief in briefs:
        png = atelier.paint(brief, before, seed=_seed(brief), from_noise=True)
        panels.append(Painted(png))
        before = Underdrawing(png, ())
    return panels


def paint_with_adapter(atelier: Atelier, briefs: Sequence[PanelBrief], cast: Sequence[Character],
                       boxes: Sequence[Underdrawing], way: str) -> list[Painted]:
    """Over blank paper with avatars heard inside their boxes; the adapter is attached to this atelier's painter."""
    unet, paper = atelier.pipeline.unet, blank_paper(atelier.size_px)
    width = adapter.embeddings(atelier.pipeline.vae, [avatar_of(character) for character in cast])
    row = {character.character_id: number for number, character in enumerate(cast)}
    side = unet.config.sample_size
    panels = []
    for brief, laid in zip(briefs, boxes, strict=True):
        here = laid.boxes[:adapter.MOST]
        masks = torch.stack([adapter.mask_of(box, side) for _, box in here])
        embedded = torch.stack([width[row[character_id]] for character_id, _ in here])
        with adapter.attending(unet, embedded, masks):
            looks = repr([cast[row[character_id]].look for character_id, _ in here])
            png = atelier.paint(brief, paper, seed=_seed(brief), from_noise=True, way=f"{way} {looks}")
        panels.append(Painted(png))
    return panels


def paint_consistently(atelier: Atelier, briefs: Sequence[PanelBrief]) -> list[Painted]:
    """The first panels at once, writing; the others one by one, reading what those wrote."""
    paper = blank_paper(atelier.size_px)
    first, later = briefs[:TOGETHER], briefs[TOGETHER:]
    way = f"consistent {' '.join(brief.panel_id for brief in first)}"

    def inputs(some: Sequence[PanelBrief]) -> dict[str, Any]:
        return {"briefs": some, "underdrawings": [paper] * len(some), "seeds": [_seed(brief) for brief in some],
                "way": way}

    with consistent.consistent(atelier.pipeline.unet) as bank:
        def write() -> list[bytes]:
            bank.begin(panels=len(first), writing=True, seed=_seed(first[0]))
            return atelier.paint_together(**inputs(first))

        pictures = atelier.together(**inputs(first)) or write()
        for brief in later:
            kept = atelier.together(**inputs([brief]))
            if kept is None:
                if not bank.kept:
                    write()
                bank.begin(panels=1, writing=False, seed=_seed(brief))
                kept = atelier.paint_together(**inputs([brief]))
            pictures += kept
    return [Painted(png) for png in pictures]


def _seed(brief: PanelBrief) -> int:
    return stable_seed(brief.panel_id, 1, 0)

