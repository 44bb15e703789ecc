"""Forgetting a person: rows, files and keys, and what they left in others' stories.

Their stories, characters, pictures and key are deleted. In stories others started their turns lose author and words,
panels that show their characters lose picture, underdrawing, look and name; names leave the prose, and so do sentences
that repeat what they wrote. What other people wrote about them in their own words stays: it is theirs.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Member,
    OwnerId,
    Panel,
    PanelBrief,
    PanelState,
    Question,
    Setting,
    StoryId,
    TurnState,
    Verdict,
    Wardrobe,
)
from engine.store import tables
from engine.store.books import drop_books, noted_stories
from engine.store.desk import now
from engine.store.memory import Boxes, Memory, Recalled, panel_from
from engine.store.people import FORGOTTEN, WORKFLOW
from engine.store.records import Records
from engine.store.roll import Entry
from engine.store.sealing import OwnerKey, owned
from engine.store.stories import pictures_in
from engine.store.values import from_json, to_json

log = logging.getLogger(__name__)

#: Stands where a name stood; the same in every language.
GONE = "…"
#: So many of a person's words in a row are theirs, wherever they stand.
QUOTE = 4


class Forgetting(Memory):
    """Part of `SqlLibrary`."""

    async def forget(self, owner_id: OwnerId) -> None:
        """Delete a person from every table, file, record and backup. Twice changes nothing. Cannot join a transaction.

        The rows and the key go in one transaction; files, workflow records and backups after it, and again at the next
        start if that was cut short. First of all it is written down beside the master key, by a keyed hash: a backup
        that is put back is cleared of them before anybody can read it.
        """
        if not await self._forgotten_already(owner_id):
            entry = await asyncio.to_thread(self._roll.write, owner_id)
            await self._drop_books_with(owner_id)
            await self._forget_rows(owner_id, entry)
        await self.sweep()
        await self._empty_log()
        await self._cleanse_backups()

    async def _drop_books_with(self, owner_id: OwnerId) -> None:
        """Delete the books of every story this person, or a character of theirs, is in, wherever they were written."""
        if not await asyncio.to_thread(noted_stories, self._settings.home):
            return
        stories, characters = tables.stories, tables.characters
        async with self._reading() as session:
            found = set(await session.scalars(select(stories.c.story_id).where(stories.c.owner_id == owner_id)))
            theirs = set(await session.scalars(
                select(characters.c.character_id).where(characters.c.owner_id == owner_id)))
            found |= set(await self._stories_with(session, owner_id, theirs))
        await self._drop_books(found)

    async def _drop_books(self, stories: Collection[str]) -> None:
        try:
            await asyncio.to_thread(drop_books, self._settings.home, stories)
        except OSError as error:           # a folder that cannot be written to now: tried again at the next start
            log.warning("a book could not be deleted from its folder: %s", type(error).__name__)

    async def sweep(self) -> None:
        """Also the books of stories that are gone: erased, or too long idle."""
        await super().sweep()
        noted = await asyncio.to_thread(noted_stories, self._settings.home)
        if noted:
            async with self._reading() as session:
                noted -= set(await session.scalars(select(tables.stories.c.story_id)))
            await self._drop_books(noted)

    async def owners_at_terminal(self) -> list[OwnerId]:
        """Whoever played at this machine's terminal: see `bot.play`."""
        async with self._reading() as session:
            return sorted(OwnerId(each) for each in await self._everybody(session)
                          if each.partition(":")[0] == "terminal")

    async def _cleanse_backups(self) -> None:
        """Clear the backups the house knows of, of everybody on the list."""
        from engine.store.backups import cleanse_backups  # a backup is opened as a house of its own

        await cleanse_backups(self._settings, self._roll)

    async def _tidy_backups(self, days: int) -> int:
        from engine.store.backups import tidy_backups

        await self._cleanse_backups()
        return await asyncio.to_thread(tidy_backups, self._settings.home, days)

    async def forget_again(self, entries: Sequence[Entry]) -> None:
        """Forget those who were forgotten after this database was copied; they may not be in it at all."""
        if not entries:
            return
        async with self._reading() as session:
            there = await self._everybody(session)
        hashes = {self._roll.owner_hash(owner_id): owner_id for owner_id in there}
        for entry in entries:
            if (owner_id := hashes.get(entry.owner_hash)) is not None:
                await self._drop_books_with(OwnerId(owner_id))
                await self._forget_rows(OwnerId(owner_id), entry)
            else:
                async with self._alone() as session:
                    await self._note(session, entry)
        await self.sweep()
        await self._empty_log()

    async def _forgotten_already(self, owner_id: OwnerId) -> bool:
        forgotten = tables.forgotten
        async with self._reading() as session:
            return await session.scalar(
                select(forgotten.c.forgetting_id).where(forgotten.c.owner_hash == self._roll.owner_hash(owner_id))
                .limit(1)) is not None and owner_id not in await self._everybody(session)

    async def _everybody(self, session: AsyncSession) -> set[str]:
        """Whoever any row belongs to."""
        found: set[str] = set()
        for table in tables.metadata.sorted_tables:
            if "owner_id" in table.c:
                found |= set(await session.scalars(select(table.c.owner_id).distinct()))
        return found - {""}

    async def _not_on_roll(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those this database was cleared of, and the list beside the master key does not know: was it lost?"""
        known = {entry.forgetting_id for entry in entries}
        async with self._reading() as session:
            rows = await session.execute(select(tables.forgotten))
            return [Entry(row.forgetting_id, row.owner_hash) for row in rows if row.forgetting_id not in known]

    async def _empty_log(self) -> None:
        """What was deleted is overwritten in SQLite's file at once; the log in front of it still holds it."""
        if self._engine.dialect.name == "sqlite":
            async with self._engine.connect() as connection:
                raw = await connection.get_raw_connection()
                assert raw.driver_connection is not None
                await (await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def _forget_rows(self, owner_id: OwnerId, entry: Entry) -> None:
        """The rows, in one transaction; files and workflow records to be deleted are noted in it."""
        async with self._alone() as session:
            turns = tables.turns
            for workflow_id in await self._workflows_of(session, owner_id):
                await self._leave_over(session, WORKFLOW + workflow_id)
            characters = (await session.execute(
                select(tables.characters.c.character_id, tables.characters.c.name, tables.characters.c.nicknames)
                .where(tables.characters.c.owner_id == owner_id))).all()
            theirs = {row.character_id for row in characters}
            names = {name for row in characters for name in (row.name, *row.nicknames)}
            names |= set(await self._names_of(session, owner_id))
            await self._drop_references(session, sorted(theirs))
            await session.execute(delete(tables.stories).where(tables.stories.c.owner_id == owner_id))
            for story_id in await self._stories_with(session, owner_id, theirs):
                await self._leave(session, StoryId(story_id), owner_id, theirs, eraser_of(names))
            await self._leave_wishes(session, owner_id)
            await session.execute(update(turns).where(
                turns.c.owner_id == owner_id, turns.c.state == TurnState.ACCEPTED.value,
            ).values(state=TurnState.FAILED.value, reason=FORGOTTEN))
            await session.execute(update(turns).where(turns.c.owner_id == owner_id)
                                  .values(owner_id="", author="", text=""))
            owner = (await session.execute(select(tables.owners.c.folder, tables.owners.c.key_id)
                                           .where(tables.owners.c.owner_id == owner_id))).first()
            if owner is not None:
                await self._leave_over(session, owner.folder)
            for table in (tables.members, tables.drawings, tables.questions, tables.storyboards, tables.jobs,
                          tables.characters, tables.owners):
                await session.execute(delete(table).where(table.c.owner_id == owner_id))
            for table in (tables.erasures, tables.reports):
                await session.execute(update(table).where(table.c.owner_id == owner_id).values(owner_id=""))
            await self._note(session, entry)
        if owner is not None:
            self._ring.drop(owner.key_id)

    async def _note(self, session: AsyncSession, entry: Entry) -> None:
        """This database was cleared by this forgetting."""
        await session.execute(self._insert(tables.forgotten, {
            "forgetting_id": entry.forgetting_id, "owner_hash": entry.owner_hash, "forgotten_at": now()},
            key=["forgetting_id"]))

    async def _workflows_of(self, session: AsyncSession, owner_id: OwnerId) -> list[str]:
        """The ids of workflows that name this person, their characters, or turns of theirs or of their stories."""
        turns, stories, characters = tables.turns, tables.stories, tables.characters
        own = select(stories.c.story_id).where(stories.c.owner_id == owner_id)
        tokens = {owner_id, *await session.scalars(select(characters.c.character_id)
                                                   .where(characters.c.owner_id == owner_id)),
                  *await session.scalars(select(turns.c.turn_id).where(
                      or_(turns.c.owner_id == owner_id, turns.c.story_id.in_(own))))}
        return await asyncio.to_thread(Records(self._system_database_url).naming, tokens)

    async def _leave_wishes(self, session: AsyncSession, owner_id: OwnerId) -> None:
        """What this person wished of others' pictures, in their own words, is deleted; the pictures stay."""
        drawings, panels, versions = tables.drawings, tables.panels, tables.versions
        for drawn in (await session.execute(select(drawings).where(drawings.c.owner_id == owner_id))).all():
            await session.execute(update(panels).where(
                panels.c.panel_id == drawn.panel_id, panels.c.version == drawn.version).values(change=""))
            this = (versions.c.panel_id == drawn.panel_id) & (versions.c.version == drawn.version)
            kept = await session.scalar(select(versions.c.panel).where(this))
            if kept is not None and kept["change"]:
                key = await self._story_key(session, kept["brief"]["story_id"])
                await session.execute(update(versions).where(this).values(
                    **owned(versions, {"panel": {**kept, "change": ""}}, key)))

    async def _names_of(self, session: AsyncSession, owner_id: OwnerId) -> list[str]:
        """The names this person was shown by, wherever they wrote."""
        shown = list(await session.scalars(select(tables.members.c.name)
                                           .where(tables.members.c.owner_id == owner_id).distinct()))
        return shown + list(await session.scalars(select(tables.turns.c.author)
                                                  .where(tables.turns.c.owner_id == owner_id).distinct()))

    async def _stories_with(self, session: AsyncSession, owner_id: OwnerId, theirs: set[str]) -> list[str]:
        """Others' stories this person or their characters were in."""
        turns, members, cast = tables.turns, tables.members, tables.cast_entries
        found = set(await session.scalars(select(turns.c.story_id).where(turns.c.owner_id == owner_id)))
        found |= set(await session.scalars(select(members.c.story_id).where(members.c.owner_id == owner_id)))
        found |= set(await session.scalars(select(cast.c.story_id).where(cast.c.character_id.in_(theirs))))
        # Characters removed earlier left the casts but not the scenes that turns were written from.
        for row in await session.execute(select(tables.scenes.c.story_id, tables.scenes.c.scene)):
            if any(character["character_id"] in theirs for character in row.scene["cast"]):
                found.add(row.story_id)
        return sorted(found)

    async def _leave(self, session: AsyncSession, story_id: StoryId, owner_id: OwnerId, theirs: set[str],
                     erase: Callable[[str], str]) -> None:
        """Take a person and their characters out of one story that somebody else started."""
        steps, panels, settings, scenes = tables.steps, tables.panels, tables.story_settings, tables.scenes
        key = await self._story_key(session, story_id)
        turns = tables.turns
        by_name, by_step = erase, {
            row.step_id: _without_quotes(row.text, erase) for row in await session.execute(
                select(steps.c.step_id, turns.c.text).join(turns, turns.c.turn_id == steps.c.turn_id)
                .where(steps.c.story_id == story_id, turns.c.owner_id == owner_id))}
        for row in (await session.execute(select(steps).where(steps.c.story_id == story_id))).all():
            erase = by_step.get(row.step_id, by_name)
            beats = tuple(_beat_without(beat, theirs, erase) for beat in from_json(tuple[Beat, ...], row.beats))
            wardrobe = tuple(worn for worn in from_json(Wardrobe, row.wardrobe) if worn[0] not in theirs)
            await session.execute(update(steps).where(steps.c.step_id == row.step_id).values(**owned(steps, {
                "prose": erase(row.prose), "beats": to_json(tuple[Beat, ...], beats),
                "wardrobe": to_json(Wardrobe, wardrobe)}, key)))
        for row in (await session.execute(select(panels).join(steps).where(steps.c.story_id == story_id))).all():
            panel, erase = panel_from(row), by_step.get(row.step_id, by_name)
            shown = any(figure.character_id in theirs for figure in panel.brief.figures)
            left = panel_without(panel, theirs, erase)
            await session.execute(update(panels).where(panels.c.panel_id == row.panel_id).values(**owned(panels, {
                "brief": to_json(PanelBrief, left.brief), "alt_text": left.alt_text,
                "boxes": to_json(Boxes, left.boxes), "picture": left.picture, "underdrawing": left.underdrawing,
                "state": left.state.value, "change": left.change,
                "verdict": to_json(Verdict, left.verdict) if left.verdict else None,
                "recalled": to_json(Recalled, left.recalled)}, key)))
            await self._leave_versions(session, row.panel_id, theirs, erase, key)
            for picture in (row.picture, row.underdrawing) if shown else ():
                await self._drop_unused(session, picture)
        seen = tables.appearances
        for row in (await session.execute(
                select(seen.c.number, seen.c.cutout).select_from(seen).join(panels).join(steps)
                .where(steps.c.story_id == story_id, seen.c.character_id.in_(theirs)))).all():
            await session.execute(delete(seen).where(seen.c.number == row.number))
            await self._drop_unused(session, row.cutout)
        await self._leave_waiting(session, story_id, theirs)
        for row in (await session.execute(select(settings).where(settings.c.story_id == story_id))).all():
            await session.execute(update(settings).where(settings.c.number == row.number)
                                  .values(**owned(settings, {"name": by_name(row.name)}, key)))
        for row in (await session.execute(select(scenes).where(scenes.c.story_id == story_id))).all():
            scene = _scene_without(row.scene, owner_id, theirs, by_name)
            await session.execute(update(scenes).where(scenes.c.turn_id == row.turn_id)
                                  .values(**owned(scenes, {"scene": scene, "pictures": pictures_in(scene)}, key)))

    async def _leave_versions(self, session: AsyncSession, panel_id: str, theirs: set[str],
                              erase: Callable[[str], str], key: OwnerKey) -> None:
        """Versions of a panel that show these characters are deleted; names leave the words of the others."""
        versions = tables.versions
        for row in (await session.execute(select(versions).where(versions.c.panel_id == panel_id))).all():
            panel = from_json(Panel, row.panel)
            this = (versions.c.panel_id == panel_id) & (versions.c.version == row.version)
            if any(figure.character_id in theirs for figure in panel.brief.figures):
                await session.execute(delete(versions).where(this))
                await self._drop_unused(session, panel.picture)
                await self._drop_unused(session, panel.underdrawing)
            else:
                await session.execute(update(versions).where(this).values(**owned(versions, {
                    "panel": to_json(Panel, panel_without(panel, theirs, erase))}, key)))

    async def _leave_waiting(self, session: AsyncSession, story_id: StoryId, theirs: set[str]) -> None:
        """Questions about these characters are deleted."""
        questions = tables.questions
        for row in (await session.execute(select(questions).where(questions.c.story_id == story_id))).all():
            question = from_json(Question, row.question)
            if theirs.intersection((*question.candidates, *(who for _, _, who in question.turn.meant))):
                await session.execute(delete(questions).where(questions.c.question_id == row.question_id))


def eraser_of(names: set[str]) -> Callable[[str], str]:
    """Puts `GONE` where one of the names stands as a whole word."""
    whole = [re.escape(name) for name in sorted(names, key=len, reverse=True) if name.strip()]
    if not whole:
        return lambda words: words
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(whole)})(?!\w)")
    return lambda words: pattern.sub(GONE, words)


def _without_quotes(text: str, erase: Callable[[str], str]) -> Callable[[str], str]:
    """Also puts `GONE` where a sentence repeats what the person wrote: `QUOTE` of their words in a row, or all."""
    wrote = re.findall(r"\w+", text.casefold())
    runs = {tuple(wrote[at:at + QUOTE]) for at in range(max(1, len(wrote) - QUOTE + 1))} if wrote else set()

    def quotes(sentence: str) -> bool:
        words = re.findall(r"\w+", sentence.casefold())
        return any(tuple(words[at:at + len(run)]) == run for run in runs for at in range(len(words)))

    def both(words: str) -> str:
        said = [GONE if quotes(sentence) else sentence for sentence in re.split(r"(?<=[.!?…])\s+", words)]
        return erase(" ".join(said)) if GONE in said else erase(words)

    return both


def _beat_without(beat: Beat, theirs: set[str], erase: Callable[[str], str]) -> Beat:
    cast = tuple(_alone(member, theirs) for member in beat.cast if member.character_id not in theirs)
    return replace(beat, words=erase(beat.words), cast=cast, setting_name=erase(beat.setting_name))


def _alone(member: CastMember, theirs: set[str]) -> CastMember:
    return replace(member, toward=None) if member.toward in theirs else member


def _brief_without(brief: PanelBrief, theirs: set[str], erase: Callable[[str], str]) -> PanelBrief:
    figures = tuple(replace(figure, toward=None) if figure.toward in theirs else figure
                    for figure in brief.figures if figure.character_id not in theirs)
    return replace(brief, words=erase(brief.words), figures=figures,
                   setting=replace(brief.setting, name=erase(brief.setting.name)))


def panel_without(panel: Panel, theirs: set[str], erase: Callable[[str], str]) -> Panel:
    """A panel as it is left in others' stories: without its pictures where it showed these characters."""

    def others(who: tuple[CharacterId, ...]) -> tuple[CharacterId, ...]:
        return tuple(each for each in who if each not in theirs)

    left = replace(
        panel, brief=_brief_without(panel.brief, theirs, erase), alt_text=erase(panel.alt_text),
        change=erase(panel.change), boxes=tuple(box for box in panel.boxes if box[0] not in theirs),
        verdict=panel.verdict and replace(
            panel.verdict, scores=tuple(score for score in panel.verdict.scores if score[0] not in theirs),
            confused=others(panel.verdict.confused), missing=others(panel.verdict.missing),
            doubled=others(panel.verdict.doubled)),
        recalled=tuple(item for item in panel.recalled if item.character_id not in theirs))
    if any(figure.character_id in theirs for figure in panel.brief.figures):
        left = replace(left, picture=None, underdrawing=None, state=PanelState.UNDONE)
    return left


def _scene_without(scene: dict[str, Any], owner_id: OwnerId, theirs: set[str],
                   erase: Callable[[str], str]) -> dict[str, Any]:
    cast = tuple(character for character in from_json(tuple[Character, ...], scene["cast"])
                 if character.character_id not in theirs)
    members = tuple(member for member in from_json(tuple[Member, ...], scene["members"])
                    if member.owner_id != owner_id)
    settings = tuple(replace(setting, name=erase(setting.name))
                     for setting in from_json(tuple[Setting, ...], scene["settings"]))
    return scene | {"cast": to_json(tuple[Character, ...], cast), "members": to_json(tuple[Member, ...], members),
                    "settings": to_json(tuple[Setting, ...], settings),
                    "wardrobe": [worn for worn in scene.get("wardrobe", []) if worn[0] not in theirs]}
