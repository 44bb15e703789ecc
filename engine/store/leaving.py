"""Leaving: servers the bot was removed from, erasures on their way, and where a person is seen.

A server the bot has left is forgotten after a grace; asked in again before that, all is back. Characters are their
owners' and stay: they only are no longer of that server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.belongings import Erasure, Known, Traces
from engine.nouns import (
    CharacterId,
    NotFound,
    OwnerId,
    PanelId,
    ServerId,
    Sharing,
    StepId,
    Story,
    StoryId,
    TurnId,
    VenueId,
)
from engine.store import tables
from engine.store.desk import now
from engine.store.exporting import Exporting, Theirs
from engine.store.forgetting import eraser_of
from engine.store.people import WORKFLOW
from engine.store.stories import story_from


class Leaving(Exporting):
    """Part of `SqlLibrary`."""

    # --- servers -----------------------------------------------------------------------------------

    async def note_departure(self, server_id: ServerId) -> None:
        """The bot was removed from a server; the first time counts."""
        async with self._writing() as session:
            await session.execute(self._insert(tables.departures, {"server_id": server_id, "left_at": now()},
                                               key=["server_id"]))

    async def note_return(self, server_ids: Collection[ServerId]) -> None:
        """The bot is on these servers."""
        table = tables.departures
        async with self._writing() as session:
            for server_id in await session.scalars(select(table.c.server_id)):
                if server_id in server_ids:
                    await session.execute(delete(table).where(table.c.server_id == server_id))

    async def departures(self, before: datetime | None = None) -> list[ServerId]:
        """Servers the bot was removed from, all or those before a moment."""
        table = tables.departures
        question = select(table.c.server_id).order_by(table.c.left_at)
        if before is not None:
            question = question.where(table.c.left_at <= before)
        async with self._reading() as session:
            return [ServerId(each) for each in await session.scalars(question)]

    async def known_servers(self) -> list[ServerId]:
        """Every server something is kept of."""
        async with self._reading() as session:
            found = {each for table in tables.metadata.sorted_tables if "server_id" in table.c
                     and table.name not in ("departures", "erasures")
                     for each in await session.scalars(select(table.c.server_id).distinct())}
        return sorted(ServerId(each) for each in found if each)

    async def stories_on(self, server_id: ServerId) -> list[Story]:
        """All stories of a server, oldest first."""
        table = tables.stories
        async with self._reading() as session:
            return [story_from(row) for row in await session.execute(
                select(table).where(table.c.server_id == server_id).order_by(table.c.number))]

    async def forget_server(self, server_id: ServerId) -> int:
        """Delete all stories of a server with their pictures, and what it decided. Returns how many stories.

        Each story is a transaction of its own; cut short, it is asked again. Cannot join another transaction.
        """
        stories = await self.stories_on(server_id)
        for story in stories:
            await self.forget_story(story.story_id)
        async with self._alone() as session:
            await session.execute(update(tables.characters).where(
                tables.characters.c.server_id == server_id, tables.characters.c.sharing == Sharing.SERVER.value,
            ).values(sharing=Sharing.STORY.value))
            await session.execute(update(tables.characters).where(tables.characters.c.server_id == server_id)
                                  .values(server_id=""))
            for table in tables.metadata.sorted_tables:
                if "server_id" in table.c and table.name not in ("characters", "stories", "erasures"):
                    await session.execute(delete(table).where(table.c.server_id == server_id))
        return len(stories)

    async def forget_story(self, story_id: StoryId) -> None:
        """Delete a story with everything in it, pictures too. Gone already is no matter."""
        async with self._alone() as session:
            pictures = await self._pictures_of(session, story_id)
            await session.execute(delete(tables.stories).where(tables.stories.c.story_id == story_id))
            for picture in sorted(pictures):
                await self._drop_unused(session, picture)
        await self.sweep()

    async def _pictures_of(self, session: AsyncSession, story_id: StoryId) -> set[str]:
        """Every picture a story's rows point at."""
        steps, panels, versions, seen = tables.steps, tables.panels, tables.versions, tables.appearances
        found: set[str | None] = set()
        below = select(panels.c.panel_id).join(steps, steps.c.step_id == panels.c.step_id).where(
            steps.c.story_id == story_id)
        for row in await session.execute(select(panels.c.picture, panels.c.underdrawing)
                                         .where(panels.c.panel_id.in_(below))):
            found |= {row.picture, row.underdrawing}
        for panel in await session.scalars(select(versions.c.panel).where(versions.c.panel_id.in_(below))):
            found |= {panel["picture"], panel["underdrawing"]}
        found |= set(await session.scalars(select(seen.c.cutout).where(seen.c.panel_id.in_(below))))
        for table in (tables.story_settings, tables.plates):
            found |= set(await session.scalars(select(table.c.picture).where(table.c.story_id == story_id)))
        return {each for each in found if each}

    # --- erasures on their way ---------------------------------------------------------------------

    async def save_erasure(self, erasure: Erasure) -> bool:
        """Note that somebody asked to be erased; False when that is on its way already."""
        table = tables.erasures
        whose = (table.c.owner_id == erasure.owner_id) & (table.c.server_id == erasure.server_id)
        async with self._writing() as session:
            if await session.scalar(select(table.c.erasure_id).where(whose)):
                return False
            await session.execute(self._insert(table, {
                "erasure_id": erasure.erasure_id, "owner_id": erasure.owner_id, "server_id": erasure.server_id,
                "venue_id": erasure.venue_id, "locale": erasure.locale, "created_at": now()}, key=["erasure_id"]))
            return True

    async def erasure(self, erasure_id: str) -> Erasure:
        """Raises `NotFound`."""
        table = tables.erasures
        async with self._reading() as session:
            row = (await session.execute(select(table).where(table.c.erasure_id == erasure_id))).first()
        if row is None:
            raise NotFound("no such erasure")
        return Erasure(row.erasure_id, OwnerId(row.owner_id), ServerId(row.server_id), VenueId(row.venue_id),
                       row.locale)

    async def erasures(self) -> list[Erasure]:
        """Those on their way, oldest first."""
        table = tables.erasures
        async with self._reading() as session:
            return [Erasure(row.erasure_id, OwnerId(row.owner_id), ServerId(row.server_id), VenueId(row.venue_id),
                            row.locale)
                    for row in await session.execute(select(table).order_by(table.c.created_at))]

    async def drop_erasure(self, erasure_id: str) -> None:
        """It is done, and told; the next `sweep` clears the work's own records."""
        async with self._writing() as session:
            await session.execute(delete(tables.erasures).where(tables.erasures.c.erasure_id == erasure_id))
            await self._leave_over(session, WORKFLOW + erasure_id)

    # --- where somebody is seen --------------------------------------------------------------------

    async def known_as(self, owner_id: OwnerId) -> Known:
        """A person's characters and names."""
        characters = tables.characters
        async with self._reading() as session:
            rows = (await session.execute(
                select(characters.c.character_id, characters.c.name, characters.c.nicknames)
                .where(characters.c.owner_id == owner_id))).all()
            names = {name for row in rows for name in (row.name, *row.nicknames)}
            names |= set(await self._names_of(session, owner_id))
        return Known(tuple(CharacterId(row.character_id) for row in rows),
                     tuple(sorted(name for name in names if name.strip())))

    async def traces(self, owner_id: OwnerId) -> dict[VenueId, Traces]:
        """What is seen of a person, by venue: of stories they started, took part in, or that their characters were in.

        Looks through much: ask once.
        """
        stories = tables.stories
        async with self._reading() as session:
            person = await self._theirs(session, owner_id)
            erase = eraser_of(await self._names_in(session, owner_id))
            found: dict[VenueId, list[Story]] = {}
            for row in await session.execute(select(stories).where(stories.c.story_id.in_(person.stories))):
                found.setdefault(VenueId(row.venue_id), []).append(story_from(row))
            return {venue_id: await self._traces_in(session, person, erase, venue_id, here)
                    for venue_id, here in sorted(found.items())}

    async def _traces_in(self, session: AsyncSession, person: Theirs, erase: Callable[[str], str], venue_id: VenueId,
                         here: list[Story]) -> Traces:
        steps, panels, turns, versions = tables.steps, tables.panels, tables.turns, tables.versions
        ids = [story.story_id for story in here]
        all_turns = set(await session.scalars(select(turns.c.turn_id).where(turns.c.story_id.in_(ids))))
        theirs, shown = set[PanelId](), set[PanelId]()
        all_steps = (await session.execute(select(steps.c.step_id, steps.c.prose)
                                           .where(steps.c.story_id.in_(ids)))).all()
        rewritten = [(StepId(row.step_id), erase(row.prose)) for row in all_steps
                     if row.step_id not in person.steps and erase(row.prose) != row.prose]
        below = select(panels.c.panel_id).join(steps, steps.c.step_id == panels.c.step_id).where(
            steps.c.story_id.in_(ids))
        for panel_id, step_id, brief in await session.execute(
                select(panels.c.panel_id, panels.c.step_id, panels.c.brief).where(panels.c.panel_id.in_(below))):
            if step_id in person.steps:
                theirs.add(PanelId(panel_id))
            elif person.shows(brief):
                shown.add(PanelId(panel_id))
        for panel_id, panel in await session.execute(
                select(versions.c.panel_id, versions.c.panel).where(versions.c.panel_id.in_(below))):
            if panel_id not in theirs and person.shows(panel["brief"]):
                shown.add(PanelId(panel_id))
        begun = [story.created_at for story in here if story.created_at is not None]
        return Traces(
            venue_id, next((story.server_id for story in here if story.server_id), ServerId("")),
            min(begun, default=None), frozenset(story.story_id for story in here if story.story_id in person.started),
            frozenset(story.story_id for story in here if story.story_id not in person.started),
            frozenset(TurnId(each) for each in all_turns & person.turns),
            frozenset(TurnId(each) for each in all_turns - person.turns),
            frozenset(StepId(row.step_id) for row in all_steps if row.step_id in person.steps),
            frozenset(theirs), frozenset(shown), tuple(rewritten))

    async def _names_in(self, session: AsyncSession, owner_id: OwnerId) -> set[str]:
        """The names that `forget` takes out of others' pages."""
        characters = tables.characters
        return {*await session.scalars(select(characters.c.name).where(characters.c.owner_id == owner_id)),
                *await self._names_of(session, owner_id)}
