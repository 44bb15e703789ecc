"""A character leaves the pictures that show it, after its consent was taken back: the durable work, one job a time.

Every panel of every story that shows it is drawn again without it, or loses its picture. Then what was drawn of it
before is deleted. Killed at any line it goes on at the next start, like a turn.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from engine.durable import Durable
from engine.nouns import (
    CharacterId,
    Figure,
    NotFound,
    OwnerId,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    Refused,
    Scene,
)
from engine.ports import Library, Stage
from engine.vocabulary import TOUCHING

log = logging.getLogger(__name__)


class Withdrawal:
    """Part of `TurnRunner`, which lends it its way of drawing a panel."""

    def __init__(self, library: Library, stage: Stage, durable: Durable,
                 draw: Callable[[Scene, Panel, OwnerId], Awaitable[None]]) -> None:
        self._library = library
        self._stage = stage
        self._durable = durable
        self._draw = draw

    async def take_out(self, character_id: str, owner_id: str, how: str) -> None:
        """The workflow. `how` is "redraw" or "remove"; `owner_id` is whose turn in the studio it is."""
        who = CharacterId(character_id)

        async def find() -> list[list[str]]:
            # written down once, with the versions to come: a replay does the same panels in the same order
            return [[panel.panel_id, str(1 + max(each.version for each in (panel, *await self._library.versions(
                panel.panel_id))))] for _, panel in await self._library.panels_with(who)]

        for panel_id, version in await self._durable.commit("find panels", find):
            try:
                if how == "redraw":
                    await self._redraw(PanelId(panel_id), int(version), who, OwnerId(owner_id))
                else:
                    await self._durable.act("clear", self._clear, panel_id)
            except (Refused, NotFound) as failure:           # a channel is gone: the others are done all the same
                log.warning("a picture could not be changed: %s", failure.reason)
        await self._durable.act("take away", self._take_away, character_id, how == "remove")

    async def _redraw(self, panel_id: PanelId, version: int, who: CharacterId, owner_id: OwnerId) -> None:
        """Another version of one panel, without them. If it fails the old one stays, to be tried again or removed."""
        panel = await self._library.panel(panel_id)
        step = await self._library.step(panel.step_id)
        if panel.version != version:
            panel = replace(panel, version=version, state=PanelState.PLANNED, brief=without(panel.brief, {who}),
                            alt_text="", change="")
        await self._draw(await self._library.scene(step.turn_id), panel, owner_id)

    async def _clear(self, panel_id: str) -> None:
        panel = await self._library.panel(PanelId(panel_id))
        story = await self._library.story(panel.brief.story_id)
        await self._stage.clear(story.venue_id, panel)

    async def _take_away(self, character_id: str, shown: bool) -> None:
        await self._library.take_away(CharacterId(character_id), shown=shown)


def without(brief: PanelBrief, gone: Collection[CharacterId]) -> PanelBrief:
    """A brief without some of its figures: who stays keeps place, action and mood; its words speak of them alone.

    A brief that shows none of `gone` is returned as it is. Pure.
    """
    names = [figure.name for figure in brief.figures if figure.character_id in gone]
    if not names:
        return brief
    figures = tuple(_alone(figure, gone) for figure in brief.figures if figure.character_id not in gone)
    place = _without_names(brief.setting.name, names) or f"the {brief.setting.kind}"
    doing = [f"{figure.name} {figure.action}" for figure in sorted(figures, key=lambda figure: figure.place.x)]
    listed = " and ".join(filter(None, [", ".join(doing[:-1]), *doing[-1:]]))
    words = f"{listed} in {place}." if listed else f"{place[:1].upper()}{place[1:]}."
    return replace(brief, words=words, figures=figures, setting=replace(brief.setting, name=place))


def _alone(figure: Figure, gone: Collection[CharacterId]) -> Figure:
    """What is done with somebody who is gone is not done at all."""
    if figure.toward not in gone:
        return figure
    return replace(figure, toward=None, action="stands" if figure.action in TOUCHING
                   else figure.action)


def _without_names(place: str, names: Collection[str]) -> str:
    """"Mia's bedroom" without Mia is "the bedroom"."""
    for name in names:
        place = re.sub(rf"(?<!\w){re.escape(name)}(?:'s|s|')?(?!\w)", "the", place, flags=re.IGNORECASE)
    place = " ".join(place.split())
    return "" if place.casefold() == "the" else place.removesuffix(" the")
