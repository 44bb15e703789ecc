"""What the judge saw in a story's panels, beside what is true of them, and the figures read off it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from engine import vocabulary as words
from engine.mini.dolls import draw_doll
from training.evaluation import metrics
from training.evaluation.judge import Judge
from training.evaluation.stories import HeldOutStory, kinship
from training.evaluation.variants import Painted, avatar_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Frames:
    """One story's panels in one variant: truth, and the judge's reading. F frames, N candidates."""

    true: Array                 # (F, N) bool
    kind_true: Array            # (F,)
    room_true: Array            # (F,) a number for each setting instance of the story
    presence: Array             # (F, N)
    alone: Array                # (F, N) presence as if nobody else had been asked for
    identity: Array             # (F, N) cosine with the avatar of what is most like it
    found: Array                # (F, N, D)
    kind: Array                 # (F,)
    room: Array                 # (F, R)
    count: Array                # (F,)
    features: Array             # (F, C)
    avatars: Array              # (N, D) the references used
    others: Array               # (N, D) another reference of each character
    attempts: Array             # (F,) how often each panel was painted
    recalled: Array             # (F,) bool: an earlier cut-out was laid out
    near: Array                 # (N,) how alike each is to the nearest of the cast, 0 to 1; 0 for the cast

    def part(self, start: int, stop: int) -> Frames:
        """Frames `start` to `stop`."""
        cut = slice(start, stop)
        return Frames(self.true[cut], self.kind_true[cut], self.room_true[cut], self.presence[cut], self.alone[cut],
                      self.identity[cut], self.found[cut], self.kind[cut], self.room[cut], self.count[cut],
                      self.features[cut], self.avatars, self.others, self.attempts[cut], self.recalled[cut], self.near)

    def __len__(self) -> int:
        return len(self.true)


def seen_by(judge: Judge, story: HeldOutStory, pictures: Sequence[Image.Image],
            painted: Sequence[Painted] | None = None) -> Frames:
    """The judge's reading of the first panels of a story; `painted` says how the pictures came about."""
    avatars = judge.characters([avatar_of(character) for character in story.candidates])
    others = judge.characters([draw_doll(character.look, height_px=230, action="cheers", mood="happy").image
                               for character in story.candidates])
    reading = judge.read_panels(pictures, avatars)
    told = story.panels[:len(pictures)]
    true = np.array([[any(member.character_id == character.character_id for member in one.beat.cast)
                      for character in story.candidates] for one in told])
    rooms = {brief.setting.setting_id: number for number, brief in reversed(list(enumerate(story.truth())))}
    return Frames(
        true, np.array([words.SETTINGS.index(one.beat.setting_kind) for one in told]),
        np.array([rooms[brief.setting.setting_id] for brief in story.truth()[:len(pictures)]]),
        reading.presence, reading.alone, reading.identity, reading.found, reading.kind, reading.room, reading.count,
        reading.features,
        avatars.numpy(), others.numpy(),
        np.array([one.attempts for one in painted] if painted is not None else [1] * len(pictures)),
        np.array([one.recalled for one in painted] if painted is not None else [False] * len(pictures)),
        np.array([0.0] * len(story.cast) + [max(kinship(one.look, other.look) for other in story.cast)
                                            for one in story.strangers]))


# --- figures over stories --------------------------------------------------------------------------

Figure = Callable[[list[Frames]], float]


def f1(stories: list[Frames]) -> float:
    return metrics.character_f1(np.concatenate([one.presence >= 0.5 for one in stories]),
                                np.concatenate([one.true for one in stories]))


def exact(stories: list[Frames]) -> float:
    return metrics.frame_accuracy(np.concatenate([one.presence >= 0.5 for one in stories]),
                                  np.concatenate([one.true for one in stories]))


def f1_alone(stories: list[Frames]) -> float:
    return metrics.character_f1(np.concatenate([one.alone >= 0.5 for one in stories]),
                                np.concatenate([one.true for one in stories]))


def exact_alone(stories: list[Frames]) -> float:
    return metrics.frame_accuracy(np.concatenate([one.alone >= 0.5 for one in stories]),
                                  np.concatenate([one.true for one in stories]))


def background(stories: list[Frames]) -> float:
    return _mean(np.concatenate([one.kind == one.kind_true for one in stories]))


def counted(stories: list[Frames]) -> float:
    return _mean([metrics.count_matching(float(seen), float(expected)) for one in stories
                  for seen, expected in zip(one.count, one.true.sum(1), strict=True)])


def cross(stories: list[Frames]) -> float:
    """CIDS cross: each expected character's best match in the panel against their avatar."""
    return _mean(np.concatenate([one.identity[one.true] for one in stories]))


def within(stories: list[Frames]) -> float:
    """CIDS self: each character's best matches over the panels against each other."""
    return _mean([metrics.self_similarity(one.found[one.true[:, column], column])
                  for one in stories for column in range(one.true.shape[1])])


def least_of_several(stories: list[Frames]) -> float:
    """The minimum identity over the characters of a panel, for panels that should show two or more."""
    return _mean([one.identity[row][one.true[row]].min() for one in stories for row in range(len(one))
                  if one.true[row].sum() > 1])


def strangers_seen(low: float, high: float) -> Figure:
    """How often the judge sees a stranger whose likeness to somebody of the cast is from `low` to below `high`."""
    def figure(stories: list[Frames]) -> float:
        return _mean(np.concatenate([(one.presence >= 0.5)[:, (one.near > 0) & (one.near >= low) & (one.near < high)]
                                     .ravel() for one in stories]))
    return figure


def least(number: int) -> Figure:
    """The minimum identity over the characters of a panel, for panels that should show `number` of them."""
    def figure(stories: list[Frames]) -> float:
        return _mean([one.identity[row][one.true[row]].min() for one in stories for row in range(len(one))
                      if one.true[row].sum() == number])
    return figure


def pasted(stories: list[Frames]) -> float:
    return _mean([metrics.copy_paste(one.found[row, column], one.avatars[column], one.others[column])
                  for one in stories for row, column in np.argwhere(one.true)])


def room_pairs(one: Frames) -> tuple[Array, Array]:
    """Cosines of all pairs of panels that play in the same room, and of those that do not."""
    cosines = one.room @ one.room.T
    same = one.room_true[:, None] == one.room_true[None]
    upper = np.triu(np.ones_like(same), 1).astype(bool)
    return cosines[same & upper], cosines[~same & upper]


def same_room(threshold: float) -> Figure:
    """The share of pairs of panels in the same room that the judge takes for the same room."""
    return lambda stories: _mean(np.concatenate([room_pairs(one)[0] >= threshold for one in stories]))


def distance(truth: list[Frames]) -> Callable[[list[Frames]], float]:
    """FID against the true pictures of the same panels."""
    reference = np.concatenate([one.features for one in truth]).astype(np.float64)
    return lambda stories: metrics.frechet_distance(
        np.concatenate([one.features for one in stories]).astype(np.float64), reference)


def laid_again(stories: list[Frames]) -> float:
    """The share of panels in which an earlier cut-out was laid out."""
    return _mean(np.concatenate([one.recalled for one in stories]))


def repainted(stories: list[Frames]) -> float:
    return _mean(np.concatenate([one.attempts > 1 for one in stories]))


def _mean(values: Any) -> float:
    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
