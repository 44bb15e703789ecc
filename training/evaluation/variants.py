"""The engine and what it is compared with: the same briefs, the same weights, other conditions under the brush.

| variant | what the painter is given |
|---|---|
| engine | the underdrawing: remembered plate, everybody cut out in their pose; checked, repainted once where needed |
| unchecked | the same without the check |
| no plate | the cut-outs on blank paper (from pure noise) |
| adapter | words, and avatars through IP-Adapter layers masked to their boxes |
| consistent | words, and self-attention across the story's panels (StoryDiffusion) |
| previous | words, and the panel before in the place of the underdrawing (as AR-LDM conditions on what was painted) |
| words | words alone |
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from engine.memory.underdrawing import lay_out, posed, sketch_plate
from engine.memory.verification import crops, good, judge
from engine.mini.dolls import draw_avatar
from engine.nouns import Character, CharacterId, PanelBrief, Underdrawing, Verdict
from engine.painters.likeness import MiniLikeness
from engine.planning import plate_brief, stable_seed
from engine.turn import REPAINTS
from training.evaluation import adapter, consistent
from training.evaluation.atelier import Atelier, blank_paper

#: How many panels write the memory of consistent self-attention, all painted at once.
TOGETHER = 4


@dataclass(frozen=True)
class Painted:
    """A panel (PNG) and how often it was painted."""

    png: bytes
    attempts: int = 1


def avatar_of(character: Character) -> Image.Image:
    """The model sheet as the engine makes it (RGBA)."""
    return draw_avatar(character.look, size_px=256)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


class Engine:
    """What `engine/turn.py` does for each brief, in the same words: recall, lay out, paint, check."""

    def __init__(self, atelier: Atelier, likeness: MiniLikeness) -> None:
        self.atelier, self.likeness = atelier, likeness

    def underdrawings(self, briefs: Sequence[PanelBrief]) -> list[Underdrawing]:
        """The underdrawing of every brief over the painted plates; a plate is painted once."""
        plates: dict[tuple[object, ...], bytes] = {}
        laid = []
        for brief in briefs:
            key = (brief.setting.setting_id, brief.time_of_day, brief.weather, brief.style)
            if key not in plates:
                empty = plate_brief(brief)
                sketch = sketch_plate(empty, size_px=self.atelier.size_px)
                plates[key] = self.atelier.paint(empty, sketch, seed=stable_seed(*key))
            cutouts = {figure.character_id: posed(figure) for figure in brief.figures}
            laid.append(lay_out(brief, plates[key], cutouts, size_px=self.atelier.size_px))
        return laid

    def paint(self, briefs: Sequence[PanelBrief], cast: Sequence[Character], *, checked: bool) -> list[Painted]:
        avatars = {character.character_id: self.likeness.embed([_png(avatar_of(character))])[0] for character in cast}
        panels = []
        for brief, underdrawing in zip(briefs, self.underdrawings(briefs), strict=True):
            best: tuple[float, bytes] | None = None
            for attempt in range(1 + (REPAINTS if checked else 0)):
                png = self.atelier.paint(brief, underdrawing, seed=stable_seed(brief.panel_id, 1, attempt))
                verdict = self._check(png, underdrawing, avatars) if checked else Verdict()
                if best is None or verdict.worst > best[0]:
                    best = verdict.worst, png
                if good(verdict):
                    break
            assert best is not None
            panels.append(Painted(best[1], attempt + 1))
        return panels

    def _check(self, png: bytes, underdrawing: Underdrawing, avatars: dict[CharacterId, list[float]]) -> Verdict:
        likenesses = self.likeness.embed(crops(png, underdrawing.boxes))
        here = [(character_id, likeness)
                for (character_id, _), likeness in zip(underdrawing.boxes, likenesses, strict=True)]
        return judge(here, {character_id: [avatars[character_id]] for character_id, _ in here})


def paint_without_plate(atelier: Atelier, briefs: Sequence[PanelBrief]) -> list[Painted]:
    """Everybody cut out in their pose, and nothing remembered of the place."""
    panels = []
    for brief in briefs:
        cutouts = {figure.character_id: posed(figure) for figure in brief.figures}
        underdrawing = lay_out(brief, None, cutouts, size_px=atelier.size_px)
        panels.append(Painted(atelier.paint(brief, underdrawing, seed=_seed(brief), from_noise=True)))
    return panels


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

