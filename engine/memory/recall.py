"""What memory hands to one brief: chosen by plain rules, each item with its reason and weight. Pure.

Weights of earlier frames fall strictly with age, nearest heaviest (after StoryGen, "Intelligent Grimm", CVPR 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from engine.nouns import (
    Appearance,
    CharacterId,
    Figure,
    MemoryFrame,
    PanelBrief,
    PictureId,
    Plate,
    Recall,
    RecallItem,
    Reference,
)

#: An approved avatar is who somebody is; nothing outweighs it.
AVATAR_WEIGHT = 1.0
#: A picture somebody liked.
REFERENCE_WEIGHT = 0.95
PLATE_WEIGHT = 0.9
#: A cut-out in the very pose, wearing what is worn now, sharp and entirely themselves.
CUTOUT_WEIGHT = 0.8
#: The frame before; each older one weighs this much less again.
FRAME_WEIGHT = 0.6

#: Poses in which a body looks much the same.
_POSES = (
    frozenset(("stands", "looks", "looks up", "thinks", "points", "gives", "carries", "holds hands", "hugs", "sings",
               "cries", "hides", "waves")),
    frozenset(("walks", "runs", "jumps", "dances", "cheers", "climbs", "flies", "swims")),
    frozenset(("sits", "kneels", "reads", "eats", "drinks", "rides")),
    frozenset(("sleeps",)),
)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one brief may be handed: so many pictures, and no more tokens than a painter can attend to."""

    pictures: int = 12
    tokens: int = 4096
    tokens_a_picture: int = 256            # 16 x 16 patches: a picture of 256 px at 16 px a token

    @property
    def items(self) -> int:
        """The number of pictures both limits allow."""
        return max(0, min(self.pictures, self.tokens // self.tokens_a_picture))


def frame_weight(age: int) -> float:
    """Weight of a frame `age` panels back (1 is the one before): strictly falling, never zero."""
    return FRAME_WEIGHT / max(1, age)


def pose_nearness(one: str, other: str) -> float:
    """How alike two actions look: 1 for the same, 0.6 for the same kind of pose, 0.25 for another."""
    if one == other:
        return 1.0
    return 0.6 if any(one in poses and other in poses for poses in _POSES) else 0.25


def cutout_weight(figure: Figure, seen: Appearance) -> float:
    """What an earlier cut-out of a character is worth to this figure; 0 in other clothes than are worn now."""
    if seen.cutout is None or seen.worn != figure.worn:
        return 0.0
    mood = 1.0 if seen.mood == figure.mood else 0.8
    fresh = 1.0 / (1.0 + (max(1, seen.age) - 1) / 20)
    return CUTOUT_WEIGHT * pose_nearness(figure.action, seen.action) * mood * fresh * max(0.0, min(
        seen.score * seen.quality, 1.0))


def recall(brief: PanelBrief, *, avatars: Mapping[CharacterId, PictureId], plate: Plate | None,
           frames: Sequence[MemoryFrame], appearances: Sequence[Appearance] = (),
           references: Sequence[Reference] = (), budget: Budget | None = None) -> Recall:
    """Choose what a brief needs within a budget. Deterministic in its arguments.

    First everybody's avatar, then the plate, then for each figure the best other picture of them, then the frame
    before; what is left of the budget goes round: the next best of each figure, and older frames that show the same
    setting or somebody of this brief.
    """
    avatar_items = [RecallItem("avatar", avatars[figure.character_id], "recall_avatar", AVATAR_WEIGHT,
                               figure.character_id)
                    for figure in brief.figures if figure.character_id in avatars]
    plate_items = [] if plate is None else [RecallItem("plate", plate.picture, "recall_plate", PLATE_WEIGHT)]
    of_each = [_of_figure(figure, appearances, references) for figure in brief.figures]
    kept_frames = list(_frames(brief, frames))
    chosen = avatar_items + plate_items + [items[0] for items in of_each if items] + kept_frames[:1]
    for together in zip_longest(*(items[1:] for items in of_each), kept_frames[1:]):
        chosen += [item for item in together if item is not None]
    return Recall(tuple(chosen[:(budget or Budget()).items]), needs_plate=plate is None)


def _of_figure(figure: Figure, appearances: Sequence[Appearance], references: Sequence[Reference]) -> list[RecallItem]:
    """Pictures of one figure besides the avatar, best first."""
    found = []
    for kept in references:
        if kept.character_id == figure.character_id and kept.worn == figure.worn:
            weight = REFERENCE_WEIGHT * (0.5 + 0.5 * pose_nearness(figure.action, kept.action))
            found.append(RecallItem("reference", kept.picture, "recall_reference", weight, figure.character_id,
                                    kept.panel_id))
    for seen in appearances:
        weight = cutout_weight(figure, seen) if seen.character_id == figure.character_id else 0.0
        if weight > 0 and seen.cutout is not None:
            reason = ("recall_cutout_pose" if seen.action == figure.action
                      else "recall_cutout_clothes" if figure.worn else "recall_cutout_near")
            found.append(RecallItem("cutout", seen.cutout, reason, weight, figure.character_id, seen.panel_id))
    once = {item.picture: item for item in reversed(found)}
    return sorted(reversed(once.values()), key=lambda item: -item.weight)


def _frames(brief: PanelBrief, frames: Sequence[MemoryFrame]) -> Iterator[RecallItem]:
    """Frames that show the same place or somebody of the brief, newest first."""
    cast = {figure.character_id for figure in brief.figures}
    for frame in sorted(frames, key=lambda frame: frame.age):
        same_place = frame.brief.setting.setting_id == brief.setting.setting_id
        shared = cast.intersection(figure.character_id for figure in frame.brief.figures)
        if same_place or shared:
            yield RecallItem("frame", frame.picture, "recall_frame_place" if same_place else "recall_frame_cast",
                             frame_weight(frame.age), panel_id=frame.panel_id)
