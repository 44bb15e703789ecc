"""Panels and what memory reads: frames, plates."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, case, or_, select

from engine.nouns import (
    Box,
    CharacterId,
    MemoryFrame,
    MessageId,
    NotFound,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    PictureId,
    Plate,
    SettingId,
    StepId,
    StoryId,
)
from engine.store import tables
from engine.store.desk import head_of, now, path_from
from engine.store.stories import Stories
from engine.store.values import from_json, to_json

Boxes = tuple[tuple[CharacterId, Box], ...]


def panel_from(row: Row[Any]) -> Panel:
    """A panel from its row."""
    return Panel(
        PanelId(row.panel_id), StepId(row.step_id), row.position, from_json(PanelBrief, row.brief),
        PanelState(row.state),
        PictureId(row.picture) if row.picture else None, PictureId(row.underdrawing) if row.underdrawing else None,
        from_json(Boxes, row.boxes), row.seed, row.painter, row.version,
        MessageId(row.message_id) if row.message_id else None, row.alt_text)


class Memory(Stories):
    """Part of `SqlLibrary`."""

    async def save_panel(self, panel: Panel) -> None:
        """Keep a panel as it is now. One that was undone stays undone, whoever was still drawing it."""
        table = tables.panels
        values = {
            "panel_id": panel.panel_id, "step_id": panel.step_id, "position": panel.index,
            "brief": to_json(PanelBrief, panel.brief), "state": panel.state.value, "picture": panel.picture,
            "underdrawing": panel.underdrawing, "boxes": to_json(Boxes, panel.boxes), "seed": panel.seed,
            "painter": panel.painter, "version": panel.version, "message_id": panel.message_id,
            "alt_text": panel.alt_text,
        }
        async with self._writing() as session:
            author = await session.scalar(
                select(tables.turns.c.owner_id).join(tables.steps, tables.steps.c.turn_id == tables.turns.c.turn_id)
                .where(tables.steps.c.step_id == panel.step_id))
            if author is None:
                raise NotFound(f"no step {panel.step_id}")
            undone = PanelState.UNDONE.value
            await session.execute(self._insert(
                table, values, key=["panel_id"], update=[name for name in values if name != "panel_id"],
                instead={"state": case((table.c.state == undone, undone), else_=panel.state.value)}))
            if panel.state is PanelState.DONE:
                await session.execute(self._insert(tables.drawings, {
                    "panel_id": panel.panel_id, "version": panel.version, "owner_id": author, "drawn_at": now()},
                    key=["panel_id", "version"]))

    async def panel(self, panel_id: PanelId) -> Panel:
        """Raises `NotFound`."""
        async with self._reading() as session:
            row = (await session.execute(select(tables.panels).where(tables.panels.c.panel_id == panel_id))).first()
        if row is None:
            raise NotFound(f"no panel {panel_id}")
        return panel_from(row)

    async def panels(self, story_id: StoryId) -> list[Panel]:
        """Panels on the path to the head, in order."""
        panels, path = tables.panels, path_from(head_of(story_id))
        async with self._reading() as session:
            rows = await session.execute(select(panels).join(path, panels.c.step_id == path.c.step_id)
                                         .order_by(path.c.depth.desc(), panels.c.position))
            return [panel_from(row) for row in rows]

    async def frames(self, story_id: StoryId, *, limit: int = 12) -> list[MemoryFrame]:
        """The newest drawn panels on the path to the head, nearest first."""
        panels, path = tables.panels, path_from(head_of(story_id))
        async with self._reading() as session:
            rows = await session.execute(
                select(panels).join(path, panels.c.step_id == path.c.step_id)
                .where(panels.c.state == PanelState.DONE.value, panels.c.picture.is_not(None))
                .order_by(path.c.depth, panels.c.position.desc()).limit(limit))
            return [MemoryFrame(PanelId(row.panel_id), from_json(PanelBrief, row.brief), PictureId(row.picture),
                                from_json(Boxes, row.boxes), age) for age, row in enumerate(rows, start=1)]

    async def save_plate(self, story_id: StoryId, plate: Plate) -> None:
        """Remember a plate, from the step at the head on. Painted again for that step, the newer one holds."""
        async with self._writing() as session:
            story = await self._story_row(session, story_id)
            await session.execute(self._insert(tables.plates, {
                "story_id": story_id, "setting_id": plate.setting_id, "step_id": story.head or "",
                "time_of_day": plate.time_of_day, "weather": plate.weather, "style": plate.style,
                "picture": plate.picture},
                key=["story_id", "setting_id", "step_id", "time_of_day", "weather", "style"], update=["picture"]))

    async def plate(self, setting_id: SettingId, time_of_day: str, weather: str, style: str) -> Plate | None:
        """The plate of a place as it looks then, if it was painted on the path to the head of its story."""
        plates, stories = tables.plates, tables.stories
        head = (select(stories.c.head).join(plates, plates.c.story_id == stories.c.story_id)
                .where(plates.c.setting_id == setting_id).limit(1))
        path = path_from(head)
        async with self._reading() as session:
            picture = await session.scalar(
                select(plates.c.picture).where(
                    plates.c.setting_id == setting_id, plates.c.time_of_day == time_of_day,
                    plates.c.weather == weather, plates.c.style == style,
                    or_(plates.c.step_id == "", plates.c.step_id.in_(select(path.c.step_id))))
                .order_by(plates.c.number.desc()).limit(1))
        return None if picture is None else Plate(setting_id, time_of_day, weather, style, PictureId(picture))
