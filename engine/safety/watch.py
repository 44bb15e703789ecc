"""What was written and painted is looked at before anybody sees it: by the rules, and by a guard model if there is one.

`engine.turn` asks here at each of its steps. Whatever is not fit is written or painted once more with another seed;
then the turn or panel fails, politely, and nothing of it is shown.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.events import Event, ProseGrew
from engine.nouns import (
    Painting,
    PanelBrief,
    Refused,
    Scene,
    ServerSettings,
    Story,
    StoryStep,
    StudioFailed,
    Turn,
    Underdrawing,
)
from engine.planning import stable_seed
from engine.safety.rules import RATINGS, STRICTEST, Finding, unsuitable
from engine.safety.wall import texts_of

if TYPE_CHECKING:
    from engine.ports import Guard, Library

log = logging.getLogger(__name__)

#: The end of a sentence, with what may stand behind it.
_END: Final = re.compile(r"[.!?…][\"'”’»)]*(?=\s|$)")


def stricter(one: str, other: str) -> str:
    """Of two ratings the one that allows less; an unknown one is the strictest."""
    return min(one, other, key=lambda rating: RATINGS.get(rating, 0)) if {one, other} <= RATINGS.keys() else STRICTEST


def rating_of(story: Story, settings: ServerSettings) -> str:
    """For whom a story is told now: as it began, or as its server has since decided, whichever is stricter."""
    return stricter(story.rating, settings.rating) if story.server_id else story.rating


def need_suitable(text: str, rating: str, blocked: Iterable[str] = ()) -> None:
    """Raise `Refused` with reason `unsuitable_<subject>` for what somebody typed; the text comes back with it."""
    finding = unsuitable(text, rating, tuple(blocked))
    if finding is not None:
        raise Refused(reason=f"unsuitable_{finding.subject}", typed=text)


def fit_so_far(prose: str, judge: Callable[[str], Finding | None], told: str = "") -> str:
    """The whole sentences at the beginning of a growing prose that may be shown already; `told` were found to be."""
    shown = told if prose.startswith(told) else ""
    for end in _END.finditer(prose, len(shown)):
        if judge(prose[:end.end()]) is not None:
            break
        shown = prose[:end.end()]
    return shown


class Watch:
    """Looks at what one turn makes. Keeps nothing."""

    def __init__(self, library: Library, guard: Guard | None = None) -> None:
        self._library = library
        self._guard = guard

    async def turn(self, story: Story, turn: Turn) -> None:
        """Raise `StudioFailed` for words that do not belong into the story: what passed the door, or never saw it."""
        judge = await self._judge_of(story)
        finding = judge(turn.text)
        if finding is None and turn.text:
            finding = await self._guarded(turn.text, story, turn)
        if finding is not None:
            raise StudioFailed("a turn does not suit the story", reason=f"unsuitable_{finding.subject}")

    async def need(self, scene: Scene, step: StoryStep) -> None:
        """Raise `StudioFailed` for a step that may not be told."""
        if not await self.suits(scene, step):
            raise StudioFailed("a page does not suit the story", reason="prose_unsuitable")

    async def written(self, scene: Scene, write: Callable[[int], Awaitable[StoryStep]], seed: int) -> StoryStep:
        """A step that may be told: one that may not is written once more. Raises `StudioFailed`."""
        step = await write(seed)
        if not await self.suits(scene, step):
            step = await write(stable_seed(seed, "suited"))
            await self.need(scene, step)
        return step

    async def suits(self, scene: Scene, step: StoryStep) -> bool:
        """Whether a step may be told: its prose, and the words of its beats."""
        judge = await self._judge_of(scene.story)
        spoken = [step.prose, *(text for beat in step.beats for text in (beat.words, beat.setting_name))]
        for text in dict.fromkeys(spoken):
            if judge(text) is not None:
                log.info("a page was not told: it does not suit the story")
                return False
        return await self._guarded(step.prose, scene.story, scene.turn) is None

    async def brief(self, story: Story, brief: PanelBrief) -> None:
        """Raise `StudioFailed` for a brief that does not suit its story. (The wall in the studio asks nobody.)"""
        judge = await self._judge_of(story)
        for text in dict.fromkeys(texts_of(brief)):
            if judge(text) is not None:
                raise StudioFailed("a brief does not suit the story", reason="brief_unsuitable")

    async def painted(self, paint: Callable[[int], Awaitable[Painting]], underdrawing: Underdrawing, brief: PanelBrief,
                      seed: int) -> Painting:
        """A painting in which everybody is dressed as they were laid out; see `engine.safety.picture`.

        One in which they are not is painted once more. Raises `StudioFailed`.
        """
        painting = await paint(seed)
        if underdrawing.boxes and await self._bare(painting, underdrawing, brief):
            log.info("a picture was not shown: it does not suit the story")
            painting = await paint(stable_seed(seed, "suited"))
            if await self._bare(painting, underdrawing, brief):
                raise StudioFailed("a picture does not suit the story", reason="picture_unsuitable")
        return painting

    @staticmethod
    async def _bare(painting: Painting, underdrawing: Underdrawing, brief: PanelBrief) -> bool:
        return bool(await asyncio.to_thread(_undressed, painting, underdrawing, brief))

    async def only_fit(self, story: Story, say: Callable[[Event], None]) -> Callable[[Event], None]:
        """A way to say progress by which of growing prose only whole sentences come that may be told."""
        judge, told = await self._judge_of(story), ""

        def filtered(event: Event) -> None:
            nonlocal told
            if isinstance(event, ProseGrew):
                grown = fit_so_far(event.prose, judge, told)
                if grown == told:
                    return
                told = grown
                event = replace(event, prose=grown)
            say(event)

        return filtered

    async def _judge_of(self, story: Story) -> Callable[[str], Finding | None]:
        settings = await self._library.server_settings(story.server_id)
        rating, blocked = rating_of(story, settings), settings.blocked_words
        return lambda text: unsuitable(text, rating, blocked)

    async def _guarded(self, text: str, story: Story, turn: Turn) -> Finding | None:
        """What the guard model finds. Where there is one and it cannot answer, nothing is told."""
        if self._guard is None:
            return None
        settings = await self._library.server_settings(story.server_id)
        found = await self._guard.judge(text, rating=rating_of(story, settings), owner_id=turn.owner_id,
                                        server_id=story.server_id)
        return Finding(next(iter(found)), RATINGS[STRICTEST]) if found else None


def _undressed(painting: Painting, underdrawing: Underdrawing, brief: PanelBrief) -> bool:
    from engine.safety.picture import undressed  # OpenCV is only needed once something was painted

    return bool(undressed(painting.png, underdrawing, brief))


__all__ = ["Watch", "fit_so_far", "need_suitable", "rating_of", "stricter"]
