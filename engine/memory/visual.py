"""The visual memory of stories, on top of a Library: recall for a brief, pictures for its underdrawing, remembering."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from engine.memory.recall import recall
from engine.memory.underdrawing import lay_out, posed
from engine.nouns import Character, CharacterId, PanelBrief, Recall, Story, Underdrawing
from engine.ports import Library


@dataclass(frozen=True, slots=True)
class Recollection:
    """A Recall with its pictures fetched (PNG bytes)."""

    recall: Recall
    avatars: Mapping[CharacterId, bytes]       # RGBA, one for each figure memory knows
    plate: bytes | None
    previous: bytes | None                     # the heaviest earlier frame


class VisualMemory:
    """Reads what earlier panels left behind; writes nothing but through the Library. Keeps no pictures itself."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def recollect(self, story: Story, brief: PanelBrief, cast: Mapping[CharacterId, Character]) -> Recollection:
        """Everything memory has for this brief, as it stands at the story's head."""
        plate = await self._library.plate(brief.setting.setting_id, brief.time_of_day, brief.weather, brief.style)
        frames = await self._library.frames(story.story_id)
        avatars = {character_id: character.avatar for character_id, character in cast.items()
                   if character.avatar is not None}
        chosen = recall(brief, avatars=avatars, plate=plate, frames=frames)
        pictures: dict[CharacterId, bytes] = {}
        plate_png = previous = None
        for item in chosen.items:
            if item.what == "avatar" and item.character_id is not None:
                pictures[item.character_id] = await self._library.picture(item.picture)
            elif item.what == "plate":
                plate_png = await self._library.picture(item.picture)
            elif previous is None:
                previous = await self._library.picture(item.picture)
        return Recollection(chosen, pictures, plate_png, previous)

    async def lay_out(self, brief: PanelBrief, recollection: Recollection, *, size_px: int) -> Underdrawing:
        """The underdrawing of a brief, composed off the event loop: everybody memory knows, in their pose."""

        def compose() -> Underdrawing:
            cutouts = {figure.character_id: posed(figure) for figure in brief.figures
                       if figure.character_id in recollection.avatars}
            return lay_out(brief, recollection.plate, cutouts, size_px=size_px)

        return await asyncio.to_thread(compose)
