"""Taking a character's pictures away, when the consent to draw it was taken back: stories keep their words."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import CharacterId, Panel, PanelBrief, Story, Verdict
from engine.store import tables
from engine.store.forgetting import Forgetting, panel_without
from engine.store.memory import Boxes, Recalled, panel_from
from engine.store.sealing import owned
from engine.store.stories import story_from
from engine.store.values import from_json, to_json


class Withdrawing(Forgetting):
    """Part of `SqlLibrary`."""

    async def take_away(self, character_id: CharacterId, *, shown: bool = True) -> list[tuple[Story, Panel]]:
        """Delete the pictures that show a character, in every story: panels, underdrawings, versions, cut-outs.

        Without `shown`, panels keep the version that is shown, and only what was drawn before it goes. Returns the
        panels that lost their picture, as they are now: their messages are still to be changed. Again changes nothing.
        """
        steps, panels, stories, versions = tables.steps, tables.panels, tables.stories, tables.versions
        who = {str(character_id)}
        lost: list[tuple[Story, Panel]] = []
        async with self._alone() as session:
            for row in (await session.execute(select(panels).where(panels.c.panel_id.in_(
                    await self._panels_of(session, character_id))))).all():
                panel = panel_from(row)
                if shown and any(figure.character_id in who for figure in panel.brief.figures):
                    left = panel_without(panel, who, lambda words: words)
                    story = (await session.execute(
                        select(stories).join(steps, steps.c.story_id == stories.c.story_id)
                        .where(steps.c.step_id == row.step_id))).one()
                    values = {
                        "brief": to_json(PanelBrief, left.brief), "boxes": to_json(Boxes, left.boxes), "picture": None,
                        "underdrawing": None, "state": left.state.value,
                        "recalled": to_json(Recalled, left.recalled),
                        "verdict": to_json(Verdict, left.verdict) if left.verdict else None}
                    await session.execute(update(panels).where(panels.c.panel_id == row.panel_id).values(
                        **owned(panels, values, await self._key(session, story.owner_id))))
                    lost.append((story_from(story), left))
                for kept in (await session.execute(
                        select(versions).where(versions.c.panel_id == row.panel_id))).all():
                    old = from_json(Panel, kept.panel)
                    if any(figure.character_id in who for figure in old.brief.figures) and (
                            shown or kept.version != panel.version):
                        await session.execute(delete(versions).where(
                            versions.c.panel_id == row.panel_id, versions.c.version == kept.version))
                        for picture in (old.picture, old.underdrawing):
                            await self._drop_unused(session, picture)
                if shown:
                    for picture in (row.picture, row.underdrawing):
                        await self._drop_unused(session, picture)
            await self._drop_cutouts(session, character_id, shown=shown)
        await self.sweep()
        return lost

    async def _panels_of(self, session: AsyncSession, character_id: CharacterId) -> list[str]:
        """The panels a character may have been drawn in: where it was seen, and all of the stories it was in."""
        seen, cast, steps, panels = tables.appearances, tables.cast_entries, tables.steps, tables.panels
        there = set(await session.scalars(select(seen.c.panel_id).where(seen.c.character_id == character_id)))
        there |= set(await session.scalars(
            select(panels.c.panel_id).join(steps, steps.c.step_id == panels.c.step_id)
            .join(cast, cast.c.story_id == steps.c.story_id).where(cast.c.character_id == character_id)))
        return sorted(there)

    async def _drop_cutouts(self, session: AsyncSession, character_id: CharacterId, *, shown: bool) -> None:
        seen, panels = tables.appearances, tables.panels
        for row in (await session.execute(
                select(seen.c.number, seen.c.cutout, seen.c.version, panels.c.version.label("now"))
                .join(panels, panels.c.panel_id == seen.c.panel_id)
                .where(seen.c.character_id == character_id))).all():
            if shown or row.version != row.now:
                await session.execute(delete(seen).where(seen.c.number == row.number))
                await self._drop_unused(session, row.cutout)
