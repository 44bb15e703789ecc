"""Reported pictures, and people whom a server does not want the bot to listen to.

A reported panel is LOCKED: memory, books and panels' messages pass over it until somebody has decided. Locked stays
locked, whoever is still drawing it and wherever the story's head moves. Removed for good it stays so without a picture.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from engine.nouns import NotFound, OwnerId, Panel, PanelId, PanelState, Report, ReportState, ServerId, StoryId
from engine.store import tables
from engine.store.desk import head_of, now, path_from
from engine.store.leaving import Leaving
from engine.store.memory import panel_from


def report_from(row: Row[Any]) -> Report:
    """A report from its row."""
    return Report(row.report_id, PanelId(row.panel_id), StoryId(row.story_id), ServerId(row.server_id),
                  OwnerId(row.owner_id), row.version, ReportState(row.state), row.created_at)


class Moderating(Leaving):
    """Part of `SqlLibrary`."""

    # --- reports -----------------------------------------------------------------------------------

    async def report(self, report: Report) -> bool:
        """Lock the panel and keep the report, in one transaction. False when it is locked, or shows nothing, already.

        Also False when this person reported this very version before and it was shown again. Raises `NotFound`.
        """
        panels, reports = tables.panels, tables.reports
        async with self._writing() as session:
            row = (await session.execute(select(panels).where(panels.c.panel_id == report.panel_id))).first()
            if row is None:
                raise NotFound(f"no panel {report.panel_id}")
            before = await session.scalar(select(reports.c.report_id).where(
                reports.c.panel_id == report.panel_id, reports.c.version == report.version,
                reports.c.owner_id == report.owner_id))
            if row.state != PanelState.DONE.value or row.picture is None or before is not None:
                return False
            await session.execute(update(panels).where(panels.c.panel_id == report.panel_id)
                                  .values(state=PanelState.LOCKED.value))
            await session.execute(self._insert(reports, {
                "report_id": report.report_id, "panel_id": report.panel_id, "story_id": report.story_id,
                "server_id": report.server_id, "owner_id": report.owner_id, "version": report.version,
                "state": ReportState.OPEN.value, "created_at": report.created_at}, key=["report_id"]))
        return True

    async def report_of(self, report_id: str) -> Report:
        """Raises `NotFound`."""
        table = tables.reports
        async with self._reading() as session:
            row = (await session.execute(select(table).where(table.c.report_id == report_id))).first()
        if row is None:
            raise NotFound(f"no report {report_id}")
        return report_from(row)

    async def open_reports(self, server_id: ServerId | None) -> list[Report]:
        """What nobody has decided yet, of one server or of all, oldest first."""
        table = tables.reports
        question = select(table).where(table.c.state == ReportState.OPEN.value).order_by(table.c.created_at)
        if server_id is not None:
            question = question.where(table.c.server_id == server_id)
        async with self._reading() as session:
            return [report_from(row) for row in await session.execute(question)]

    async def reports_since(self, owner_id: OwnerId, moment: datetime) -> int:
        """How many pictures this person has reported since then."""
        table = tables.reports
        async with self._reading() as session:
            return int(await session.scalar(select(func.count()).select_from(table).where(
                table.c.owner_id == owner_id, table.c.created_at >= moment)) or 0)

    async def restore_reported(self, report_id: str) -> Panel | None:
        """Show a reported panel again, as far as its page is in the story. None when that was decided before."""
        panels, reports = tables.panels, tables.reports
        async with self._writing() as session:
            report = await self._decide(session, report_id, ReportState.RESTORED)
            if report is None:
                return None
            row = (await session.execute(select(panels).where(panels.c.panel_id == report.panel_id))).one()
            path = path_from(head_of(report.story_id))
            told = await session.scalar(select(path.c.step_id).where(path.c.step_id == row.step_id))
            state = PanelState.DONE if told is not None else PanelState.UNDONE
            await session.execute(update(panels).where(panels.c.panel_id == report.panel_id).values(state=state.value))
            await session.execute(update(reports).where(
                reports.c.panel_id == report.panel_id, reports.c.state == ReportState.OPEN.value,
            ).values(state=ReportState.RESTORED.value, decided_at=now()))
            row = (await session.execute(select(panels).where(panels.c.panel_id == report.panel_id))).one()
            return panel_from(row)

    async def remove_reported(self, report_id: str) -> Panel | None:
        """Delete a reported panel's pictures, in every version, and what memory cut out of them; it stays locked.

        None when that was decided before. Cannot join another transaction: it deletes files.
        """
        panels, versions, seen = tables.panels, tables.versions, tables.appearances
        kept = tables.character_references
        async with self._alone() as session:
            report = await self._decide(session, report_id, ReportState.REMOVED)
            if report is None:
                return None
            of = report.panel_id
            row = (await session.execute(select(panels).where(panels.c.panel_id == of))).one()
            pictures = {row.picture, row.underdrawing}
            for version in await session.scalars(select(versions.c.panel).where(versions.c.panel_id == of)):
                pictures |= {version["picture"], version["underdrawing"]}
            pictures |= set(await session.scalars(select(seen.c.cutout).where(seen.c.panel_id == of)))
            pictures |= set(await session.scalars(select(kept.c.picture).where(kept.c.panel_id == of)))
            for table in (versions, seen, kept):
                await session.execute(delete(table).where(table.c.panel_id == of))
            await session.execute(update(panels).where(panels.c.panel_id == of).values(
                picture=None, underdrawing=None, boxes=[], state=PanelState.LOCKED.value))
            for picture in sorted(each for each in pictures if each):
                await self._drop_unused(session, picture)
            row = (await session.execute(select(panels).where(panels.c.panel_id == of))).one()
        await self.sweep()
        return panel_from(row)

    async def _decide(self, session: Any, report_id: str, state: ReportState) -> Report | None:
        table = tables.reports
        row = (await session.execute(
            update(table).where(table.c.report_id == report_id, table.c.state == ReportState.OPEN.value)
            .values(state=state.value, decided_at=now()).returning(table))).first()
        return None if row is None else report_from(row)

    # --- people a server does not want -------------------------------------------------------------

    async def bar(self, server_id: ServerId, owner_id: OwnerId) -> bool:
        """The bot no longer listens to this person on this server. False when it did not before."""
        table, who = tables.barred, self._roll.alias(f"{server_id} {owner_id}")
        async with self._writing() as session:
            new = await session.scalar(select(table.c.who).where(table.c.who == who)) is None
            await session.execute(self._insert(table, {"server_id": server_id, "who": who, "barred_at": now()},
                                               key=["server_id", "who"]))
        return new

    async def unbar(self, server_id: ServerId, owner_id: OwnerId) -> bool:
        """The bot listens to this person again. False when it did all along."""
        table, who = tables.barred, self._roll.alias(f"{server_id} {owner_id}")
        async with self._writing() as session:
            gone = await session.execute(delete(table).where(table.c.server_id == server_id, table.c.who == who)
                                         .returning(table.c.who))
            return gone.first() is not None

    async def is_barred(self, server_id: ServerId, owner_id: OwnerId) -> bool:
        """Whether the bot does not listen to this person on this server."""
        table, who = tables.barred, self._roll.alias(f"{server_id} {owner_id}")
        async with self._reading() as session:
            return await session.scalar(select(table.c.who).where(
                table.c.server_id == server_id, table.c.who == who)) is not None
