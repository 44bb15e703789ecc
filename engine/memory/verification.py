"""Is everybody themselves, is everybody there, and nobody twice? Each figure's crop against everybody of the story.

Where a vision model is set, it reads the panel back too."""

from __future__ import annotations

import asyncio
import io
import logging
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from engine.nouns import (
    Box,
    Character,
    CharacterId,
    Look,
    NotFound,
    OwnerId,
    PanelBrief,
    PictureId,
    Reading,
    StudioFailed,
    Underdrawing,
    Verdict,
)
from engine.planning import place_figures
from engine.vocabulary import PEOPLE

if TYPE_CHECKING:
    from engine.ports import Library, Reader, Studio

log = logging.getLogger(__name__)

Likeness = Sequence[float]

#: Below this cosine to their own avatar, a crop does not show the character. On painted panels of held-out characters
#: 1 % of the figures fall below it, 3 % of the others of a cast lie above (`python -m training.likeness painted`).
SAME = 0.5
#: Below this one nobody is there at all: none of 150 figures falls below, 95 % of the same boxes left empty do.
ABSENT = 0.4
#: From this cosine on, a crop where nobody should be shows somebody once more: 9 in 10 figures lie above it, and no
#: empty place did, of the few there are between figures.
TWICE = 0.75
#: How much nearer to somebody else a crop has to be than to its own avatar, to be taken for somebody else's.
MARGIN = 0.05
#: Places looked at for doubles: at most so many, each as large as the figures are.
LOOKED_AT = 3
#: From so many figures on nobody's count is believed.
COUNTED = 5
#: Likenesses of avatars kept at hand: numbers that can be had again from the pictures.
AT_HAND = 512


class Checker:
    """Looks at paintings. Keeps likenesses of avatars at hand, nothing else."""

    def __init__(self, library: Library, studio: Studio, reader: Reader | None = None) -> None:
        self._library = library
        self._reader = reader
        self._studio = studio
        self._known: OrderedDict[Look | PictureId, list[float]] = OrderedDict()

    async def check(self, png: bytes, underdrawing: Underdrawing, brief: PanelBrief, cast: Sequence[Character], *,
                    owner_id: OwnerId) -> tuple[Verdict | None, dict[CharacterId, list[float]]]:
        """The verdict on a painting (PNG) and the likeness of each figure in it.

        `cast` is everybody of the story: a figure may look like somebody who is not even in the panel. No verdict when
        there is nobody to look at or the models cannot: a panel that nobody could check is better than none.
        """
        if not underdrawing.boxes:
            return None, {}
        models: dict[CharacterId, list[Look | PictureId]] = {
            character.character_id: [character.avatar or character.look] for character in cast}
        for figure in brief.figures:           # who wears something else today may look like either
            own = models.setdefault(figure.character_id, [])
            if figure.worn or not own:
                own.append(figure.look)
        try:
            known = await self._likenesses([model for own in models.values() for model in own], owner_id)
            pictures = await asyncio.to_thread(crops, png, [*underdrawing.boxes, *free_places(underdrawing.boxes)])
            found = await self._studio.embed(pictures, owner_id=owner_id)
        except (StudioFailed, NotFound) as failure:
            log.warning("a panel was not checked: %s", failure.reason)
            return None, {}
        count = len(underdrawing.boxes)
        figures = [(who, likeness) for (who, _), likeness in zip(underdrawing.boxes, found, strict=False)]
        verdict = judge(figures, {who: [known[model] for model in own] for who, own in models.items()},
                        strays=found[count:])
        return replace(verdict, unread=await self._unread(png, brief, owner_id)), dict(figures)

    async def _unread(self, png: bytes, brief: PanelBrief, owner_id: OwnerId) -> tuple[str, ...]:
        """What a reader of the panel does not find as planned; nothing where nobody reads, or cannot."""
        if self._reader is None:
            return ()
        try:
            return contradictions(await self._reader.read(png, things_of(brief), owner_id=owner_id), brief)
        except StudioFailed as failure:
            log.warning("a panel was not read back: %s", failure.reason)
            return ()

    async def _likenesses(self, models: Sequence[Look | PictureId], owner_id: OwnerId,
                          ) -> dict[Look | PictureId, list[float]]:
        """The likeness of each avatar, and of each Look as an avatar would show it."""
        unknown = [model for model in dict.fromkeys(models) if model not in self._known]
        if unknown:
            drawn = [await asyncio.to_thread(_avatar, model) if isinstance(model, Look)
                     else await self._library.picture(model) for model in unknown]
            for model, likeness in zip(unknown, await self._studio.embed(drawn, owner_id=owner_id), strict=True):
                self._known[model] = likeness
        known = {model: self._known[model] for model in models}
        while len(self._known) > AT_HAND:
            self._known.popitem(last=False)
        return known


def _avatar(look: Look) -> bytes:
    from engine.mini.dolls import draw_avatar  # the drawing engine is only needed for a Look not seen before

    out = io.BytesIO()
    draw_avatar(look).save(out, "PNG", compress_level=1)
    return out.getvalue()


# --- pure ------------------------------------------------------------------------------------------

def crops(png: bytes, boxes: Sequence[tuple[CharacterId, Box]]) -> list[bytes]:
    """Each box cut out of a picture as PNG, at least 8 pixels a side, in the order of `boxes`."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    cut = []
    for _, box in boxes:
        left, top = int(box.left * picture.width), int(box.top * picture.height)
        right = max(left + 8, math.ceil(box.right * picture.width))
        bottom = max(top + 8, math.ceil(box.bottom * picture.height))
        out = io.BytesIO()
        picture.crop((left, top, right, bottom)).save(out, "PNG", compress_level=1)     # for a moment only
        cut.append(out.getvalue())
    return cut


def free_places(boxes: Sequence[tuple[CharacterId, Box]]) -> list[tuple[CharacterId, Box]]:
    """Where one more figure as large as these would fit between, left and right of them; the widest gaps first."""
    if not boxes:
        return []
    every = [box for _, box in boxes]
    width = sorted(box.right - box.left for box in every)[len(every) // 2]
    top, bottom = min(box.top for box in every), max(box.bottom for box in every)
    gaps, edge = [], 0.0
    for box in sorted(every, key=lambda box: box.left):
        gaps.append((edge, box.left))
        edge = max(edge, box.right)
    gaps.append((edge, 1.0))
    places = []
    for left, right in sorted(gaps, key=lambda gap: gap[0] - gap[1]):
        count = int((right - left) / width) if width > 0 else 0
        for index in range(count):
            middle = left + (right - left) * (index + 0.5) / count
            places.append((CharacterId(""), Box(max(0.0, middle - width / 2), top, min(1.0, middle + width / 2),
                                                bottom)))
    return places[:LOOKED_AT]


def cosine(one: Likeness, other: Likeness) -> float:
    """Cosine of two vectors; 0 when either is null."""
    norms = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / norms if norms else 0.0


def judge(figures: Sequence[tuple[CharacterId, Likeness]], models: Mapping[CharacterId, Sequence[Likeness]],
          *, strays: Sequence[Likeness] = ()) -> Verdict:
    """Compare the likeness of each figure's crop with everybody's avatars, and of each stray crop too. Pure.

    A figure's score is the cosine to the nearest of their own avatars. Confused: somebody else is clearly nearer and
    near enough to be meant. Missing: like nobody.
    """
    scores, confused, missing = [], [], []
    for who, likeness in figures:
        own = max(cosine(likeness, model) for model in models[who])
        other = max((cosine(likeness, model) for each, others in models.items() if each != who for model in others),
                    default=-1.0)
        scores.append((who, own))
        if other > own + MARGIN and other >= SAME:
            confused.append(who)
        elif own < ABSENT:
            missing.append(who)
    doubled = [who for who, own in models.items() for stray in strays
               if max(cosine(stray, model) for model in own) >= TWICE]
    return Verdict(tuple(scores), tuple(confused), tuple(missing), tuple(dict.fromkeys(doubled)))


def things_of(brief: PanelBrief) -> list[str]:
    """The things a brief shows: what stands about, and what is held."""
    return [*(name for name, _ in brief.props), *(figure.holding for figure in brief.figures if figure.holding)]


def contradictions(reading: Reading, brief: PanelBrief) -> tuple[str, ...]:
    """What of a brief a reader of its panel contradicts: "people" or "others" counted otherwise, things not found.

    From `COUNTED` on, models count no better than they guess, and their numbers say nothing.
    """
    people = sum(figure.look.kind in PEOPLE for figure in brief.figures)
    wrong = []
    if len(brief.figures) < COUNTED:
        wrong += ["people"] if reading.people != people else []
        wrong += ["others"] if reading.others != len(brief.figures) - people else []
    return (*wrong, *(thing for thing in things_of(brief) if thing in reading.asked and thing not in reading.seen))


def good(verdict: Verdict) -> bool:
    """Everybody is there, nobody is somebody else or there twice."""
    return verdict.worst >= SAME and not verdict.wrong and not verdict.unread


def better(one: Verdict, other: Verdict) -> bool:
    """Whether `one` shows the cast better than `other`: fewer who are wrong, then the least like themselves."""
    return (-len(one.wrong), -len(one.unread), one.worst) > (-len(other.wrong), -len(other.unread), other.worst)


def crowded(verdict: Verdict, boxes: Sequence[tuple[CharacterId, Box]]) -> bool:
    """Whether somebody who came out wrong stands so close to another that standing elsewhere may help."""
    weak = verdict.wrong | {who for who, score in verdict.scores if score < SAME}
    return any(one.iou(other) > 0.15 for who, one in boxes if who in weak
               for whom, other in boxes if whom != who)


def rearranged(brief: PanelBrief, seed: int) -> PanelBrief:
    """The brief with its cast at other places."""
    in_reading_order = sorted(brief.figures, key=lambda figure: figure.place.x)
    return replace(brief, figures=place_figures(in_reading_order, shot=brief.shot, seed=seed))
