"""Keeping house: what nobody can see any more goes, once a day. Cut short at any line, the next time does the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, union

from engine.nouns import StoryId
from engine.settings import RetentionSettings
from engine.store import tables
from engine.store.desk import now
from engine.store.moderating import Moderating
from engine.store.people import PICTURE_COLUMNS
from engine.store.records import Records

log = logging.getLogger(__name__)

#: Hours after which the house is tidied again.
EVERY_H = 24
#: Seconds after the start before it is looked whether a day is over: those who wait for their pictures come first.
FIRST_AFTER_S = 300.0
#: A file that no row names may be about to be named: younger ones are left alone.
FILE_AGE_S = 3600.0


@dataclass(slots=True)
class Tidied:
    """How much went."""

    stories: int = 0
    pictures: int = 0
    files: int = 0
    owners: int = 0
    workflows: int = 0
    backups: int = 0

    def __str__(self) -> str:
        """For the log: numbers, and nothing of anybody."""
        gone = [f"{getattr(self, each.name)} {each.name}" for each in fields(self) if getattr(self, each.name)]
        return ", ".join(gone) or "nothing"


class Tidying(Moderating):
    """Part of `SqlLibrary`."""

    async def tidy(self, retention: RetentionSettings) -> Tidied:
        """Delete whatever is past its time. Cannot join a transaction."""
        gone = Tidied()
        if retention.idle_story_days:
            for story_id in await self._idle(now() - timedelta(days=retention.idle_story_days)):
                await self.forget_story(story_id)
                gone.stories += 1
        gone.pictures = await self._drop_unreferenced(now() - timedelta(days=retention.unreferenced_pictures_days))
        await self.sweep()
        gone.files = await self._drop_nameless_files()
        gone.owners = await self._drop_owners_of_nothing(now() - timedelta(days=1))
        if retention.workflow_days:
            before = time.time() - retention.workflow_days * 86400
            gone.workflows = await asyncio.to_thread(Records(self._system_database_url).thin_out, before)
        await self._empty_log()
        gone.backups = await self._tidy_backups(retention.backup_days)
        async with self._alone() as session:
            await session.execute(self._insert(tables.house, {
                "key": "tidied_at", "value": now().isoformat().encode()}, key=["key"], update=["value"]))
        return gone

    async def tidied_at(self) -> datetime | None:
        """When the house was tidied last, to the end."""
        async with self._reading() as session:
            kept = await session.scalar(select(tables.house.c.value).where(tables.house.c.key == "tidied_at"))
        return None if kept is None else datetime.fromisoformat(kept.decode())

    async def keep_tidy(self, retention: RetentionSettings, *, first_after_s: float = FIRST_AFTER_S) -> None:
        """Tidy once a day, for as long as this runs. What goes wrong is tried again an hour later."""
        await asyncio.sleep(first_after_s)
        while True:
            try:
                last = await self.tidied_at()
                wait = timedelta(0) if last is None else last + timedelta(hours=EVERY_H) - now()
                if wait > timedelta(0):
                    await self._cleanse_backups()      # a forgetting may have been cut short before it reached them
                    await asyncio.sleep(min(wait.total_seconds(), 3600.0))
                    continue
                log.info("the house was tidied: %s went", await self.tidy(retention))
            except Exception as error:     # a full disk, a database that is busy: tomorrow's work, not the end
                log.warning("the house could not be tidied: %s", type(error).__name__)
                await asyncio.sleep(3600.0)

    async def _idle(self, before: datetime) -> list[StoryId]:
        """Stories in which nobody has written, and nothing was told, since."""
        stories, turns, steps = tables.stories, tables.turns, tables.steps
        async with self._reading() as session:
            rows = await session.scalars(select(stories.c.story_id).where(
                stories.c.created_at < before,
                stories.c.story_id.not_in(select(turns.c.story_id).where(turns.c.created_at >= before)),
                stories.c.story_id.not_in(select(steps.c.story_id).where(steps.c.created_at >= before)),
                stories.c.story_id.not_in(select(turns.c.story_id).where(turns.c.state == "accepted"))))
            return [StoryId(each) for each in rows]

    async def _drop_unreferenced(self, before: datetime) -> int:
        """Pictures nothing shows: avatars tried again, drawings that were begun and never told of."""
        pictures, scenes, panels = tables.pictures, tables.scenes, tables.panels
        shown: Select[tuple[str]] = select(union(*(select(column.label("picture")).where(column.is_not(None))
                                                   for column in PICTURE_COLUMNS)).subquery().c.picture)
        async with self._alone() as session:
            left = set(await session.scalars(select(pictures.c.picture_id).where(
                pictures.c.created_at < before, pictures.c.picture_id.not_in(shown))))
            if left:                       # a panel can be drawn again as its scene was, and says what it recalled
                for named in await session.scalars(select(scenes.c.pictures)):
                    left.difference_update(named)
                for recalled in await session.scalars(select(panels.c.recalled)):
                    left.difference_update(item["picture"] for item in recalled)
            for picture in sorted(left):
                await self._drop_picture(session, picture)
        return len(left)

    async def _drop_nameless_files(self) -> int:
        """Files no row names: of a process that died before it wrote the row, or in the middle of the file."""
        old = [path for path, at in await self._files.aside(lambda: list(self._files.every()))
               if at < time.time() - FILE_AGE_S]
        async with self._reading() as session:
            known = {self._files.path(row.folder, row.picture_id) for row in await session.execute(
                select(tables.owners.c.folder, tables.pictures.c.picture_id).join(tables.pictures))}
        gone = 0
        for path in old:
            if path in known:
                continue
            async with self._alone() as session:       # nobody begins to name it meanwhile
                folder, _, name = path.partition("/")
                named = await session.scalar(
                    select(tables.pictures.c.picture_id).join(tables.owners)
                    .where(tables.pictures.c.picture_id == name.rpartition("/")[2], tables.owners.c.folder == folder))
                if named is None:
                    await self._files.aside(self._files.delete, path)
                    gone += 1
        if gone:
            await asyncio.to_thread(self._files.tidy)
        return gone

    async def _drop_owners_of_nothing(self, before: datetime) -> int:
        """Keys that seal nothing any more."""
        owners, count = tables.owners, 0
        async with self._alone() as session:
            busy: set[str] = set()
            for table in tables.metadata.sorted_tables:
                if "owner_id" in table.c and table is not owners:
                    busy |= set(await session.scalars(select(table.c.owner_id).distinct()))
            settings = await session.scalars(select(tables.server_settings.c.server_id))
            busy |= {tables.OF_SERVER + server_id for server_id in settings}
            for row in (await session.execute(select(owners).where(owners.c.created_at < before))).all():
                if row.owner_id not in busy:
                    await session.execute(delete(owners).where(owners.c.owner_id == row.owner_id))
                    await self._leave_over(session, row.folder)
                    self._ring.drop(row.key_id)
                    count += 1
        if count:
            await self.sweep()
        return count
