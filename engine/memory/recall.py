"""What memory hands to one brief: chosen by plain rules, each item with its reason and weight. Pure.

Weights of earlier frames fall strictly with age, nearest heaviest (after StoryGen, "Intelligent Grimm", CVPR 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.nouns import CharacterId, MemoryFrame, PanelBrief, PictureId, Plate, Recall, RecallItem

#: An approved avatar is who somebody is; nothing outweighs it.
AVATAR_WEIGHT = 1.0
PLATE_WEIGHT = 0.9
#: The frame before; each older one weighs this much less again.
FRAME_WEIGHT = 0.6


def frame_weight(age: int) -> float:
    """Weight of a frame `age` panels back (1 is the one before): strictly falling, never zero."""
    return FRAME_WEIGHT / max(1, age)


def recall(brief: PanelBrief, *, avatars: Mapping[CharacterId, PictureId], plate: Plate | None,
           frames: Sequence[MemoryFrame], budget: int = 8) -> Recall:
    """Choose at most `budget` pictures for a brief: avatars first, then the plate, then the frames that matter.

    A frame matters when it shows the same setting or somebody of this brief. Deterministic in its arguments.
    """
    items = [RecallItem("avatar", avatars[figure.character_id], "recall_avatar", AVATAR_WEIGHT, figure.character_id)
             for figure in brief.figures if figure.character_id in avatars]
    if plate is not None:
        items.append(RecallItem("plate", plate.picture, "recall_plate", PLATE_WEIGHT))
    cast = {figure.character_id for figure in brief.figures}
    for frame in sorted(frames, key=lambda frame: frame.age):
        same_place = frame.brief.setting.setting_id == brief.setting.setting_id
        shared = cast.intersection(figure.character_id for figure in frame.brief.figures)
        if same_place or shared:
            items.append(RecallItem("frame", frame.picture, "recall_frame_place" if same_place else "recall_frame_cast",
                                    frame_weight(frame.age), panel_id=frame.panel_id))
    return Recall(tuple(items[:budget]), needs_plate=plate is None)
