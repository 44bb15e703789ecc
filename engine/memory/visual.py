"""The visual memory of stories, on top of a Library: recall for a brief, pictures for its underdrawing, remembering."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from engine.memory.recall import CUTOUT_WEIGHT, recall
from engine.memory.underdrawing import cut_outs, enlarged, lay_out, posed
from engine.nouns import (
    Appearance,
    Character,
    CharacterId,
    OwnerId,
    Panel,
    PanelBrief,
    PanelId,
    Recall,
    RecallItem,
    StepId,
    Story,
    Underdrawing,
    Verdict,
)
from engine.ports import Library

#: A recalled cut-out is laid out instead of a drawn one only when it weighs this much: the very pose and mood, sharp,
#: recent and themselves. Below it the drawn one is nearer to what the brief asks for.
WORTH_LAYING = 0.62
#: A cut-out is kept when at least this much of the figure is seen.
VISIBLE = 0.9
#: The cut-outs laid in an underdrawing (RGBA, facing right).
Shapes = Mapping[CharacterId, Image.Image]
#: Who is where in a panel just painted, each with the likeness of their crop.
Seen = list[tuple[Appearance, Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of memory are at work. All of them, but where an evaluation asks what each is worth."""

    plates: bool = True                    # settings painted once and kept; else every panel starts on blank paper
    cast: bool = True                      # everybody laid out over the plate; else they are in the words alone
    cutouts: bool = False                  # earlier cut-outs laid out where they fit better than a drawn one
    check: bool = True                     # one repaint for panels in which somebody is not themselves


@dataclass(frozen=True, slots=True)
class Recollection:
    """A Recall with its pictures fetched (PNG bytes but for the cut-outs)."""

    recall: Recall
    avatars: Mapping[CharacterId, bytes]       # RGBA, one for each figure memory knows
    cutouts: Shapes                            # an earlier one of each figure that fits this brief
    plate: bytes | None
    previous: bytes | None                     # the heaviest earlier frame


class VisualMemory:
    """Reads what earlier panels left behind, and writes what the next will read. Keeps no pictures itself."""

    def __init__(self, library: Library, parts: Parts) -> None:
        self._library = library
        self._parts = parts

    async def recollect(self, story: Story, brief: PanelBrief, cast: Mapping[CharacterId, Character],
                        at: StepId) -> Recollection:
        """Everything memory has for this brief, as it stands at the step `at`, whose panel it is."""
        plate = None
        who = [figure.character_id for figure in brief.figures]
        async with self._library.reading_together():
            if self._parts.plates:
                plate = await self._library.plate(brief.setting.setting_id, brief.time_of_day, brief.weather,
                                                  brief.style, at=at)
            frames = [frame for frame in await self._library.frames(story.story_id, at=at)
                      if _before(frame.panel_id, brief.panel_id)]
            seen = [each for each in await self._library.appearances(story.story_id, who, at=at)
                    if _before(each.panel_id, brief.panel_id)] if who else []
            references = await self._library.references(who) if who else []
        avatars = {who: character.avatar for who, character in cast.items() if character.avatar is not None}
        chosen = recall(brief, avatars=avatars, plate=plate, frames=frames, appearances=seen, references=references)
        return await self._fetched(chosen, seen)

    async def _fetched(self, chosen: Recall, seen: Sequence[Appearance]) -> Recollection:
        """The pictures of a Recall that the painter is handed."""
        heights = {each.cutout: each.height for each in seen if each.cutout is not None}
        avatars: dict[CharacterId, bytes] = {}
        cutouts: dict[CharacterId, Image.Image] = {}
        plate = previous = None
        heaviest = next((item for item in chosen.items if item.what == "frame"), None)
        pictures = await self._library.pictures([
            item.picture for item in chosen.items
            if item.what in ("avatar", "plate") or item is heaviest or self._worth_laying(item)])
        for item in chosen.items:
            if item.what == "avatar" and item.character_id is not None:
                avatars[item.character_id] = pictures[item.picture]
            elif item.what == "plate":
                plate = pictures[item.picture]
            elif item is heaviest:
                previous = pictures[item.picture]
            elif self._worth_laying(item) and item.character_id is not None and item.character_id not in cutouts:
                cutouts[item.character_id] = await asyncio.to_thread(
                    enlarged, pictures[item.picture], heights[item.picture])
        return Recollection(chosen, avatars, cutouts, plate, previous)

    def _worth_laying(self, item: RecallItem) -> bool:
        return (self._parts.cutouts and item.what == "cutout" and item.reason == "recall_cutout_pose"
                and item.weight >= WORTH_LAYING * CUTOUT_WEIGHT)

    async def lay_out(self, brief: PanelBrief, recollection: Recollection, *,
                      size_px: int) -> tuple[Underdrawing, Shapes]:
        """The underdrawing of a brief, composed off the event loop: everybody in their pose and the Look in force.

        Returns the cut-outs laid in it too: what is painted is cut out along their shapes later.
        """

        def compose() -> tuple[Underdrawing, Shapes]:
            shapes = self._figures(brief, recollection)
            return lay_out(brief, recollection.plate, shapes, size_px=size_px), shapes

        return await asyncio.to_thread(compose)

    def _figures(self, brief: PanelBrief, recollection: Recollection) -> Shapes:
        if not self._parts.cast:
            return {}
        return {figure.character_id: recollection.cutouts.get(figure.character_id) or posed(figure)
                for figure in brief.figures}

    async def remember(self, panel: Panel, painting: bytes, underdrawing: bytes, shapes: Shapes,
                       likenesses: Mapping[CharacterId, Sequence[float]], *, owner_id: OwnerId) -> tuple[Panel, Seen]:
        """Keep the pictures of a panel just painted: painting, underdrawing (PNG), and everybody's cut-out.

        They are on disk when this returns: the panel with its pictures, and who was where in it, to be saved together.
        """
        cut = await asyncio.to_thread(cut_outs, painting, panel.brief, shapes)
        verdict = panel.verdict or Verdict()
        worth_keeping = [who for who, (_, visible) in cut.items() if visible >= VISIBLE and who not in verdict.wrong]
        kept = await self._library.keep_pictures(
            [painting, underdrawing, *(cut[who][0] for who in worth_keeping)], owner_id=owner_id)
        cutouts = dict(zip(worth_keeping, kept[2:], strict=True))
        boxes, scores = dict(panel.boxes), dict(verdict.scores)
        seen = []
        for figure in panel.brief.figures:
            who = figure.character_id
            if who in boxes:
                likeness = likenesses.get(who, ())
                quality = min(1.0, math.hypot(*likeness)) * cut[who][1]
                seen.append((Appearance(
                    who, panel.panel_id, figure.action, figure.mood, figure.worn, figure.place.flip,
                    figure.place.height, boxes[who], round(scores.get(who, 0.0), 4), round(quality, 4),
                    cutouts.get(who)), likeness))
        return replace(panel, picture=kept[0], underdrawing=kept[1]), seen


def _before(panel_id: PanelId, other: PanelId) -> bool:
    """Whether a panel is of another step than `other`, or stands before it in the same one."""
    step, _, index = panel_id.rpartition(".")
    other_step, _, other_index = other.rpartition(".")
    return step != other_step or int(index) < int(other_index)
