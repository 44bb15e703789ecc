"""Panels and what memory reads: frames, plates."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import CTE, Row, Select, bindparam, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import (
    Appearance,
    Box,
    CharacterId,
    MemoryFrame,
    MessageId,
    NotFound,
    OwnerId,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    PictureId,
    Plate,
    RecallItem,
    SettingId,
    StepId,
    Story,
    StoryId,
    Verdict,
    Worn,
)
from engine.store import tables
from engine.store.desk import head_of, now, path_from, the
from engine.store.sealing import Owned, OwnerKey
from engine.store.stories import Stories, story_from
from engine.store.values import from_json, to_json

Boxes = tuple[tuple[CharacterId, Box], ...]
Recalled = tuple[RecallItem, ...]


def panel_from(row: Row[Any]) -> Panel:
    """A panel from its row."""
    return Panel(
        PanelId(row.panel_id), StepId(row.step_id), row.position, from_json(PanelBrief, row.brief),
        PanelState(row.state),
        PictureId(row.picture) if row.picture else None, PictureId(row.underdrawing) if row.underdrawing else None,
        from_json(Boxes, row.boxes), row.seed, row.painter, row.version,
        MessageId(row.message_id) if row.message_id else None, row.alt_text,
        from_json(Verdict, row.verdict) if row.verdict else None, from_json(Recalled, row.recalled), row.change)


def appearance_from(row: Row[Any], age: int) -> Appearance:
    """An appearance from its row and how many pages back its panel is."""
    return Appearance(
        CharacterId(row.character_id), PanelId(row.panel_id), row.action, row.mood, from_json(Worn, row.worn), row.flip,
        row.height, from_json(Box, row.box) if row.box else None, row.score, row.quality,
        PictureId(row.cutout) if row.cutout else None, age)


# --- what is asked at every turn, built once (engine/store/desk.py) ------------------------------------------------

def _frames_on(path: CTE) -> Select[Any]:
    panels = tables.panels
    return (select(panels).join(path, panels.c.step_id == path.c.step_id)
            .where(panels.c.state == PanelState.DONE.value, panels.c.picture.is_not(None))
            .order_by(path.c.depth, panels.c.position.desc()))


def _appearances_on(path: CTE) -> Select[Any]:
    seen, panels = tables.appearances, tables.panels
    return (select(seen, path.c.depth)
            .join(panels, (panels.c.panel_id == seen.c.panel_id) & (panels.c.version == seen.c.version))
            .join(path, path.c.step_id == panels.c.step_id)
            .where(seen.c.character_id.in_(bindparam("who", expanding=True)), panels.c.state == PanelState.DONE.value)
            .order_by(path.c.depth, panels.c.position.desc(), seen.c.number))


@cache
def _plate(by_step: bool) -> Select[Any]:
    plates, stories = tables.plates, tables.stories
    head = (select(stories.c.head).join(plates, plates.c.story_id == stories.c.story_id)
            .where(plates.c.setting_id == bindparam("setting_id")).limit(1))
    path = path_from(bindparam("at") if by_step else head)
    return (select(plates.c.picture).where(
        plates.c.setting_id == bindparam("setting_id"), plates.c.time_of_day == bindparam("time_of_day"),
        plates.c.weather == bindparam("weather"), plates.c.style == bindparam("style"),
        or_(plates.c.step_id == "", plates.c.step_id.in_(select(path.c.step_id))))
        .order_by(plates.c.number.desc()).limit(1))


@cache
def _origin() -> Select[Any]:
    """Whose step it is, where it is told, and the key of whose story it is."""
    steps, turns, stories, owners = tables.steps, tables.turns, tables.stories, tables.owners
    return (select(turns.c.owner_id.label("writer"), stories.c.server_id, owners.c.owner_id, owners.c.wrapped_key,
                   owners.c.key_id)
            .select_from(steps).join(turns, steps.c.turn_id == turns.c.turn_id)
            .join(stories, steps.c.story_id == stories.c.story_id)
            .join(owners, owners.c.owner_id == stories.c.owner_id).where(steps.c.step_id == bindparam("step_id")))


@cache
def _character_keys() -> Select[Any]:
    owners, characters = tables.owners, tables.characters
    return (select(owners.c.owner_id, owners.c.wrapped_key, owners.c.key_id, characters.c.character_id)
            .join(characters, characters.c.owner_id == owners.c.owner_id)
            .where(characters.c.character_id.in_(bindparam("who", expanding=True))))


def _staying(new: Any) -> dict[str, Any]:
    """What was undone or locked stays so."""
    state = tables.panels.c.state
    stays = or_(state == PanelState.UNDONE.value, state == PanelState.LOCKED.value)
    return {"state": case((stays, state), else_=new.state)}


class Memory(Stories):
    """Part of `SqlLibrary`."""

    async def save_panel(self, panel: Panel, *, asked_by: OwnerId | None = None) -> None:
        """Keep a panel as it is now. One that was undone or locked stays so, whoever was still drawing it."""
        await self.save_panels([panel], asked_by=asked_by)

    async def save_panels(self, panels: Sequence[Panel], *, asked_by: OwnerId | None = None) -> None:
        """Several of one step, in one transaction."""
        if not panels:
            return
        rows = [{
            "panel_id": panel.panel_id, "step_id": panel.step_id, "position": panel.index,
            "brief": to_json(PanelBrief, panel.brief), "state": panel.state.value, "picture": panel.picture,
            "underdrawing": panel.underdrawing, "boxes": to_json(Boxes, panel.boxes), "seed": panel.seed,
            "painter": panel.painter, "version": panel.version, "message_id": panel.message_id,
            "alt_text": panel.alt_text, "verdict": to_json(Verdict, panel.verdict) if panel.verdict else None,
            "recalled": to_json(Recalled, panel.recalled), "change": panel.change,
        } for panel in panels]
        drawn = [panel for panel in panels if panel.state is PanelState.DONE]
        async with self._writing() as session:
            origin = (await session.execute(_origin(), {"step_id": panels[0].step_id})).first()
            if origin is None or any(panel.step_id != panels[0].step_id for panel in panels):
                raise NotFound(f"no step {panels[0].step_id}")
            key = self._unwrapped(origin)
            await self._put(session, tables.panels, rows, key=["panel_id"],
                            update=[name for name in rows[0] if name != "panel_id"], instead=_staying, whose=key)
            await self._put(session, tables.drawings, [{
                "panel_id": panel.panel_id, "version": panel.version, "drawn_at": now(),
                "owner_id": asked_by or origin.writer, "server_id": origin.server_id} for panel in drawn],
                key=["panel_id", "version"])
            await self._put(session, tables.versions, [{
                "panel_id": panel.panel_id, "version": panel.version,
                "panel": to_json(Panel, replace(panel, message_id=None)), "picture": panel.picture,
                "underdrawing": panel.underdrawing, "drawn_at": now()} for panel in drawn],
                key=["panel_id", "version"], update=["panel", "picture", "underdrawing", "drawn_at"], whose=key)

    async def panel(self, panel_id: PanelId) -> Panel:
        """Raises `NotFound`."""
        async with self._reading() as session:
            row = (await session.execute(the(tables.panels.c.panel_id), {"id": panel_id})).first()
        if row is None:
            raise NotFound(f"no panel {panel_id}")
        return panel_from(row)

    async def versions(self, panel_id: PanelId) -> list[Panel]:
        """Every version of a panel that was drawn, oldest first, each as it was; the shown one may be any of them."""
        table = tables.versions
        shown = await self.panel(panel_id)
        async with self._reading() as session:
            rows = await session.scalars(select(table.c.panel).where(table.c.panel_id == panel_id)
                                         .order_by(table.c.version))
            kept = [replace(from_json(Panel, row), state=shown.state, message_id=shown.message_id) for row in rows
                    if row["state"] != PanelState.PLANNED.value]
        return kept or ([shown] if shown.picture is not None else [])

    async def show_version(self, panel_id: PanelId, version: int) -> Panel:
        """Make a version drawn before the one that is shown, and remembered, from now on. Raises `NotFound`."""
        for panel in await self.versions(panel_id):
            if panel.version == version:
                await self.save_panel(panel)
                return panel
        raise NotFound(f"no version {version} of {panel_id}")

    async def panels_of_step(self, step_id: StepId) -> list[Panel]:
        """The panels of one step, in order."""
        panels = tables.panels
        async with self._reading() as session:
            rows = await session.execute(select(panels).where(panels.c.step_id == step_id).order_by(panels.c.position))
            return [panel_from(row) for row in rows]

    async def panels_with(self, character_id: CharacterId) -> list[tuple[Story, Panel]]:
        """Drawn panels that show a character and were not taken back, of all stories, oldest first."""
        panels, steps, stories, seen = tables.panels, tables.steps, tables.stories, tables.appearances
        async with self._reading() as session:
            rows = (await session.execute(
                select(panels, stories.c.story_id)
                .join(steps, steps.c.step_id == panels.c.step_id).join(stories, stories.c.story_id == steps.c.story_id)
                .join(seen, (seen.c.panel_id == panels.c.panel_id) & (seen.c.version == panels.c.version))
                .where(seen.c.character_id == character_id, panels.c.state == PanelState.DONE.value,
                       panels.c.picture.is_not(None))
                .order_by(seen.c.number))).all()
            found = {row.story_id: story_from(await self._story_row(session, StoryId(row.story_id))) for row in rows}
            return [(found[row.story_id], panel_from(row)) for row in rows]

    async def panels(self, story_id: StoryId) -> list[Panel]:
        """Panels on the path to the head, in order."""
        panels, path = tables.panels, path_from(head_of(story_id))
        async with self._reading() as session:
            rows = await session.execute(select(panels).join(path, panels.c.step_id == path.c.step_id)
                                         .order_by(path.c.depth.desc(), panels.c.position))
            return [panel_from(row) for row in rows]

    async def frames(self, story_id: StoryId, *, limit: int = 12, at: StepId | None = None) -> list[MemoryFrame]:
        """The newest drawn panels on the path to `at`, or to the head, nearest first."""
        async with self._reading() as session:
            rows = await self._newest(session, _frames_on, limit, at=at, story_id=story_id)
            return [MemoryFrame(PanelId(row.panel_id), from_json(PanelBrief, row.brief), PictureId(row.picture),
                                from_json(Boxes, row.boxes), age) for age, row in enumerate(rows, start=1)]

    async def save_appearances(self, panel: Panel, seen: Sequence[tuple[Appearance, Sequence[float]]]) -> None:
        """Remember who was where in the version of a panel that was just drawn, with each one's likeness.

        A likeness is kept as half-precision numbers, sealed by the key of the character's owner. Whoever was forgotten
        meanwhile is not remembered. The same version again changes nothing.
        """
        async with self._writing() as session:
            key = await self._story_key(session, panel.brief.story_id) if seen else None
            theirs = await self._character_keys(session, [each.character_id for each, _ in seen])
            await self._put(session, tables.appearances, [{
                "panel_id": panel.panel_id, "version": panel.version, "character_id": each.character_id,
                "action": each.action, "mood": each.mood, "worn": to_json(Worn, each.worn), "flip": each.flip,
                "height": each.height, "box": to_json(Box, each.box) if each.box else None, "score": each.score,
                "quality": each.quality, "cutout": each.cutout, "likeness": Owned(
                    struct.pack(f"<{len(likeness)}e", *likeness) if likeness else None, theirs[each.character_id])}
                for each, likeness in seen if each.character_id in theirs],
                key=["panel_id", "version", "character_id"], whose=key)

    async def _character_keys(self, session: AsyncSession, character_ids: Sequence[str]) -> dict[str, OwnerKey]:
        """The keys of characters' owners, by character; those of which nothing is kept any more are left out."""
        rows = await session.execute(_character_keys(), {"who": list(character_ids)})
        return {row.character_id: self._unwrapped(row) for row in rows}

    async def appearances(self, story_id: StoryId, character_ids: Sequence[CharacterId], *, limit: int = 48,
                          at: StepId | None = None) -> list[Appearance]:
        """The newest appearances of these characters on the path to `at`, or to the head, nearest first."""
        async with self._reading() as session:
            rows = await self._newest(session, _appearances_on, limit, at=at, story_id=story_id,
                                      who=list(character_ids))
            return [appearance_from(row, row.depth + 1) for row in rows]

    async def likenesses(self, panel_id: PanelId, version: int) -> dict[CharacterId, list[float]]:
        """The likeness of everybody seen in one version of a panel."""
        seen = tables.appearances
        async with self._reading() as session:
            rows = await session.execute(select(seen.c.character_id, seen.c.likeness).where(
                seen.c.panel_id == panel_id, seen.c.version == version, seen.c.likeness.is_not(None)))
            return {CharacterId(row.character_id): list(struct.unpack(f"<{len(row.likeness) // 2}e", row.likeness))
                    for row in rows}

    async def save_plate(self, story_id: StoryId, plate: Plate, *, at: StepId | None = None) -> None:
        """Remember a plate, from the step `at`, or the head, on. Painted again for that step, the newer one holds."""
        async with self._writing() as session:
            story = await self._story_row(session, story_id)
            await session.execute(self._insert(tables.plates, {
                "story_id": story_id, "setting_id": plate.setting_id, "step_id": at or story.head or "",
                "time_of_day": plate.time_of_day, "weather": plate.weather, "style": plate.style,
                "picture": plate.picture},
                key=["story_id", "setting_id", "step_id", "time_of_day", "weather", "style"], update=["picture"]))

    async def plate(self, setting_id: SettingId, time_of_day: str, weather: str, style: str, *,
                    at: StepId | None = None) -> Plate | None:
        """The plate of a place as it looks then, if it was painted on the path to `at`, or to its story's head."""
        async with self._reading() as session:
            picture = await session.scalar(_plate(bool(at)), {
                "setting_id": setting_id, "time_of_day": time_of_day, "weather": weather, "style": style,
                **({"at": at} if at else {})})
        return None if picture is None else Plate(setting_id, time_of_day, weather, style, PictureId(picture))
