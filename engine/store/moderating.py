"""Reported pictures and words, and people whom a server does not want the bot to listen to.

A reported panel is LOCKED: memory, books and panels' messages pass over it until somebody has decided. Locked stays
locked, whoever is still drawing it and wherever the story's head moves. Removed for good it stays so without a picture.
Words are locked by the turn, with the page that came of it: steps are then read without their prose.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import (
    NotFound,
    OwnerId,
    Panel,
    PanelId,
    PanelState,
    Report,
    ReportState,
    ServerId,
    StoryId,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.store import tables
from engine.store.desk import head_of, now, path_from
from engine.store.leaving import Leaving
from engine.store.memory import panel_from
from engine.store.sealing import owned
from engine.store.stories import turn_from
from engine.ways.storyboard import page_of


def report_from(row: Row[Any]) -> Report:
    """A report from its row."""
    return Report(row.report_id, PanelId(row.panel_id) if row.panel_id else None, StoryId(row.story_id),
                  ServerId(row.server_id), OwnerId(row.owner_id), row.version, ReportState(row.state), row.created_at,
                  TurnId(row.turn_id) if row.turn_id else None)


class Moderating(Leaving):
    """Part of `SqlLibrary`."""

    # --- reports -----------------------------------------------------------------------------------

    async def report(self, report: Report) -> bool:
        """Lock what is reported and keep the report, in one transaction. False when it is locked, or empty, already.

        Also False when this person reported this very version before and it was shown again. Raises `NotFound`.
        """
        reports = tables.reports
        async with self._writing() as session:
            before = await session.scalar(select(reports.c.report_id).where(
                reports.c.panel_id.is_not_distinct_from(report.panel_id), reports.c.version == report.version,
                reports.c.turn_id.is_not_distinct_from(report.turn_id), reports.c.owner_id == report.owner_id))
            lock = self._lock_panel if report.turn_id is None else self._lock_words
            if before is not None or not await lock(session, report):
                return False
            await session.execute(self._insert(reports, {
                "report_id": report.report_id, "panel_id": report.panel_id, "turn_id": report.turn_id,
                "story_id": report.story_id, "server_id": report.server_id, "owner_id": report.owner_id,
                "version": report.version, "state": ReportState.OPEN.value, "created_at": report.created_at},
                key=["report_id"]))
        return True

    async def _lock_panel(self, session: AsyncSession, report: Report) -> bool:
        panels = tables.panels
        row = (await session.execute(select(panels).where(panels.c.panel_id == report.panel_id))).first()
        if row is None:
            raise NotFound(f"no panel {report.panel_id}")
        if row.state != PanelState.DONE.value or row.picture is None:
            return False
        await session.execute(update(panels).where(panels.c.panel_id == report.panel_id)
                              .values(state=PanelState.LOCKED.value))
        return True

    async def _lock_words(self, session: AsyncSession, report: Report) -> bool:
        turns, steps = tables.turns, tables.steps
        row = await self._turn_row(session, TurnId(report.turn_id or ""))
        told = await session.scalar(select(steps.c.step_id).where(steps.c.turn_id == row.turn_id))
        if row.locked or not (row.text or told):
            return False
        await session.execute(update(turns).where(turns.c.turn_id == row.turn_id).values(locked=True))
        return True

    async def turns_at(self, venue_id: VenueId) -> list[TurnId]:
        """Every turn that was taken there, of any story, newest first."""
        turns, stories = tables.turns, tables.stories
        async with self._reading() as session:
            return [TurnId(each) for each in await session.scalars(
                select(turns.c.turn_id).join(stories, stories.c.story_id == turns.c.story_id)
                .where(stories.c.venue_id == venue_id).order_by(turns.c.number.desc()))]

    async def reported_prose(self, turn_id: TurnId) -> str:
        """The prose of a turn's page, also where it is locked; "" where there is none."""
        steps = tables.steps
        async with self._reading() as session:
            return await session.scalar(select(steps.c.prose).where(steps.c.turn_id == turn_id)) or ""

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
        """How often this person has reported something since then."""
        table = tables.reports
        async with self._reading() as session:
            return int(await session.scalar(select(func.count()).select_from(table).where(
                table.c.owner_id == owner_id, table.c.created_at >= moment)) or 0)

    async def restore_reported(self, report_id: str) -> Panel | Turn | None:
        """Show a reported panel or page again, as far as it is in the story. None when that was decided before."""
        panels, reports, turns = tables.panels, tables.reports, tables.turns
        async with self._writing() as session:
            report = await self._decide(session, report_id, ReportState.RESTORED)
            if report is None:
                return None
            if report.turn_id is not None:
                await session.execute(update(turns).where(turns.c.turn_id == report.turn_id).values(locked=False))
                return turn_from(await self._turn_row(session, report.turn_id))
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

    async def remove_reported(self, report_id: str) -> Panel | Turn | None:
        """Delete a reported panel's pictures, in every version, and what memory cut out of them; it stays locked.

        Of reported words: those of the turn, of its page and of the page's pictures. None when that was decided
        before. Cannot join another transaction: it deletes files.
        """
        panels, versions, seen = tables.panels, tables.versions, tables.appearances
        kept = tables.character_references
        async with self._alone() as session:
            report = await self._decide(session, report_id, ReportState.REMOVED)
            if report is None:
                return None
            if report.turn_id is not None:
                await self._strike(session, report.turn_id)
                return turn_from(await self._turn_row(session, report.turn_id))
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

    async def _strike(self, session: AsyncSession, turn_id: TurnId) -> None:
        """Delete the words of a turn wherever they are kept: who is where in its pictures stays."""
        turns, steps, panels, versions = tables.turns, tables.steps, tables.panels, tables.versions
        boards = tables.storyboards
        row = await self._turn_row(session, turn_id)
        key = await self._story_key(session, row.story_id)
        await session.execute(update(turns).where(turns.c.turn_id == turn_id).values(text="", meant=[]))
        for step in (await session.execute(select(steps).where(steps.c.turn_id == turn_id))).all():
            await session.execute(update(steps).where(steps.c.step_id == step.step_id).values(**owned(steps, {
                "prose": "", "beats": [beat | {"words": ""} for beat in step.beats]}, key)))
            for panel in (await session.execute(select(panels).where(panels.c.step_id == step.step_id))).all():
                await session.execute(update(panels).where(panels.c.panel_id == panel.panel_id).values(**owned(panels, {
                    "alt_text": "", "change": "", "brief": panel.brief | {"words": ""}}, key)))
                for kept in (await session.execute(select(versions).where(
                        versions.c.panel_id == panel.panel_id))).all():
                    wordless = kept.panel | {"alt_text": "", "change": "", "brief": kept.panel["brief"] | {"words": ""}}
                    await session.execute(update(versions).where(
                        versions.c.panel_id == kept.panel_id, versions.c.version == kept.version,
                    ).values(**owned(versions, {"panel": wordless}, key)))
        if row.kind == TurnKind.ILLUSTRATE.value:          # a page of a text, which is kept as it was given
            storyboard_id, index = page_of(turn_id)
            board = (await session.execute(select(boards).where(boards.c.storyboard_id == storyboard_id))).first()
            if board is not None:
                pages = list(board.storyboard["pages"])
                pages[index] = pages[index] | {"words": "", "beat": pages[index]["beat"] | {"words": ""}}
                await session.execute(update(boards).where(boards.c.storyboard_id == storyboard_id).values(**owned(
                    boards, {"storyboard": board.storyboard | {"pages": pages, "text": ""}},
                    await self._key(session, board.owner_id))))

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
