"""Servers, pictures and characters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import (
    Character,
    CharacterId,
    Consent,
    Look,
    NotFound,
    OwnerId,
    PanelId,
    PanelState,
    PictureId,
    Pronouns,
    Reference,
    ServerId,
    ServerSettings,
    Sharing,
    StoreUnusable,
    StoryId,
    TurnState,
    Worn,
)
from engine.store import pictures, tables
from engine.store.desk import Desk, now, the, today
from engine.store.pictures import PictureKeys
from engine.store.records import Records
from engine.store.sealing import owned
from engine.store.values import from_json, to_json

#: Why something cannot be kept any more: its owner asked to be forgotten.
FORGOTTEN = "forgotten"
#: In front of a workflow's id among the leftovers: its records are to be deleted.
WORKFLOW = "workflow:"
#: Where rows point at the pictures they show.
PICTURE_COLUMNS = (
    tables.characters.c.avatar, tables.character_references.c.picture, tables.panels.c.picture,
    tables.panels.c.underdrawing, tables.versions.c.picture, tables.versions.c.underdrawing,
    tables.appearances.c.cutout, tables.story_settings.c.picture, tables.plates.c.picture,
    tables.storyboards.c.picture)


def character_from(row: Row[Any]) -> Character:
    """A character from its row."""
    return Character(
        CharacterId(row.character_id), OwnerId(row.owner_id), row.name, Pronouns(row.pronouns),
        from_json(Look, row.look), row.description, PictureId(row.avatar) if row.avatar else None,
        from_json(Consent, row.consent) if row.consent else None, Sharing(row.sharing), row.from_photo,
        ServerId(row.server_id), tuple(row.nicknames), row.relation, StoryId(row.born_in) if row.born_in else None,
        row.drawn_by)


def reference_from(row: Row[Any]) -> Reference:
    """A reference from its row."""
    return Reference(CharacterId(row.character_id), PictureId(row.picture), row.source,
                     PanelId(row.panel_id) if row.panel_id else None, row.action, row.mood, from_json(Worn, row.worn))


@cache
def _owners_of_pictures() -> Select[Any]:
    pictures = tables.pictures
    return select(tables.owners, pictures.c.picture_id).join(pictures).where(
        pictures.c.picture_id.in_(bindparam("ids", expanding=True)))


@cache
def _references() -> Select[Any]:
    table, panels = tables.character_references, tables.panels
    locked = select(panels.c.panel_id).where(panels.c.panel_id == table.c.panel_id,
                                             panels.c.state == PanelState.LOCKED.value)
    return (select(table).where(table.c.character_id.in_(bindparam("who", expanding=True)), ~locked.exists())
            .order_by(table.c.number))


class People(Desk):
    """Part of `SqlLibrary`."""

    # --- servers and limits ------------------------------------------------------------------------

    async def server_settings(self, server_id: ServerId) -> ServerSettings:
        """What a server decided; the operator's defaults where it has not."""
        async with self._reading() as session:
            kept = (await session.execute(the(tables.server_settings.c.server_id), {"id": server_id})).first()
        if kept is not None:
            return from_json(ServerSettings, kept.settings)
        limits = self._settings.limits
        return ServerSettings(server_id, daily_panels=limits.daily_panels, locale=self._settings.default_locale,
                              server_panels=limits.server_daily_panels, server_queue=limits.queue_per_server)

    async def save_server_settings(self, settings: ServerSettings) -> None:
        """Keep what a server decided."""
        values = {"server_id": settings.server_id, "settings": to_json(ServerSettings, settings)}
        async with self._writing() as session:
            await session.execute(self._insert(tables.server_settings, values, key=["server_id"], update=["settings"],
                                               whose=await self._server_key(session, settings.server_id)))

    async def panels_today(self, owner_id: OwnerId) -> int:
        """Panels drawn since midnight UTC because this person asked for them.

        Redraws and undone ones count, since they cost; places painted without people do not: nobody asked for them.
        """
        return await self._drawn_today(tables.drawings.c.owner_id == owner_id)

    async def server_panels_today(self, server_id: ServerId) -> int:
        """The same for everything asked for on a server."""
        return await self._drawn_today(tables.drawings.c.server_id == server_id)

    async def _drawn_today(self, whose: ColumnElement[bool]) -> int:
        drawings = tables.drawings
        async with self._reading() as session:
            count = await session.scalar(select(func.count()).select_from(drawings).where(
                whose, drawings.c.drawn_at >= today()))
        return int(count or 0)

    async def turns_waiting(self, owner_id: OwnerId, server_id: ServerId) -> tuple[int, int]:
        """Turns accepted and not over: of this person anywhere, and of everybody on this server ("": none)."""
        turns, stories = tables.turns, tables.stories
        async with self._reading() as session:
            row = (await session.execute(
                select(func.count(case((turns.c.owner_id == owner_id, 1))),
                       func.count(case((stories.c.server_id == server_id, 1))))
                .select_from(turns).join(stories).where(turns.c.state == TurnState.ACCEPTED.value))).one()
        return int(row[0]), int(row[1]) if server_id else 0

    # --- pictures ----------------------------------------------------------------------------------

    async def keep_picture(self, png: bytes, *, owner_id: OwnerId) -> PictureId:
        """Encrypted and on disk before this returns; the same bytes of the same owner are kept once."""
        return (await self.keep_pictures([png], owner_id=owner_id))[0]

    async def keep_pictures(self, pngs: Sequence[bytes], *, owner_id: OwnerId) -> list[PictureId]:
        """Several at once, side by side, in one transaction."""
        async with self._reading() as session:
            place = await self._place_of(session, owner_id)
        if place is None:
            async with self._writing() as session:
                await self._key(session, owner_id)
                place = await self._place_of(session, owner_id)
            assert place is not None
        keys, folder = place

        def write(png: bytes) -> PictureId:
            picture = pictures.picture_id(keys.naming, png)
            path = self._files.path(folder, picture)
            if not self._files.has(path):
                self._files.write(path, keys, picture, png)
            return picture

        kept = await asyncio.gather(*(self._files.aside(write, png) for png in dict.fromkeys(pngs)))
        written = dict(zip(dict.fromkeys(pngs), kept, strict=True))
        async with self._writing() as session:
            if await self._place_of(session, owner_id) != place:
                raise NotFound("the owner was forgotten meanwhile", reason=FORGOTTEN)
            there = await asyncio.gather(*(self._files.aside(self._files.has, self._files.path(folder, picture))
                                           for picture in written.values()))
            for png, is_there in zip(written, there, strict=True):
                if not is_there:
                    await self._files.aside(write, png)        # tidied away before its row was there
            # Kept again it is new again: what nothing shows yet is swept by its age.
            await self._put(session, tables.pictures, [{
                "picture_id": picture, "owner_id": owner_id, "bytes": len(png), "created_at": now()}
                for png, picture in written.items()], key=["picture_id"], update=["created_at"])
        return [written[png] for png in pngs]

    async def picture(self, picture_id: PictureId) -> bytes:
        """The picture, verified. Raises `NotFound`; `StoreUnusable` when its file is missing or damaged."""
        return (await self.pictures([picture_id]))[picture_id]

    async def pictures(self, picture_ids: Sequence[PictureId]) -> dict[PictureId, bytes]:
        """Several pictures, side by side. Raises as `picture` does."""
        async with self._reading() as session:
            rows = (await session.execute(_owners_of_pictures(), {"ids": list(dict.fromkeys(picture_ids))})).all()
        found = {row.picture_id: row for row in rows}
        if missing := [each for each in picture_ids if each not in found]:
            raise NotFound(f"no picture {missing[0]}")
        read = await asyncio.gather(*(
            self._files.aside(self._files.read, self._files.path(row.folder, picture), self._picture_keys(row), picture)
            for picture, row in found.items()))
        return dict(zip(found, read, strict=True))

    async def reseal_picture(self, picture_id: PictureId) -> bool:
        """Seal a picture by its owner's present key. False when it is already. Raises as `picture` does."""
        async with self._reading() as session:
            row = (await session.execute(
                select(tables.owners).join(tables.pictures).where(tables.pictures.c.picture_id == picture_id))).one()
        keys, path = self._picture_keys(row), self._files.path(row.folder, picture_id)
        present = replace(keys, former=None)

        def reseal() -> bool:
            try:
                self._files.read(path, present, picture_id)
                return False
            except StoreUnusable:
                self._files.write(path, present, picture_id, self._files.read(path, keys, picture_id))
                return True

        return await self._files.aside(reseal)

    async def _place_of(self, session: AsyncSession, owner_id: OwnerId) -> tuple[PictureKeys, str] | None:
        """Keys and folder of an owner of whom something is kept already."""
        row = (await session.execute(the(tables.owners.c.owner_id), {"id": owner_id})).first()
        return None if row is None else (self._picture_keys(row), row.folder)

    def _picture_keys(self, row: Row[Any]) -> PictureKeys:
        return pictures.keys_of(self._master_key, row.owner_id, row.wrapped_key, row.naming_key, row.former_key)

    async def _drop_picture(self, session: AsyncSession, picture_id: str) -> None:
        """Delete a picture's row and note its file for `sweep`."""
        folder = await session.scalar(select(tables.owners.c.folder).join(tables.pictures)
                                      .where(tables.pictures.c.picture_id == picture_id))
        if folder is not None:
            await session.execute(delete(tables.pictures).where(tables.pictures.c.picture_id == picture_id))
            await self._leave_over(session, self._files.path(folder, picture_id))

    async def _leave_over(self, session: AsyncSession, path: str) -> None:
        """Note a file or folder to be deleted once this transaction holds."""
        await session.execute(self._insert(tables.leftovers, {"path": path}, key=["path"]))

    async def sweep(self) -> None:
        """Delete files and workflow records that committed deletions left over; at start too, after a crash between."""
        async with self._alone() as session:
            left = (await session.scalars(select(tables.leftovers.c.path))).all()
            for path in left:
                # The same bytes kept again meanwhile have the same name: then the file stays.
                picture_id = path.rpartition("/")[2]
                if not path.startswith(WORKFLOW) and not await session.scalar(
                        select(tables.pictures.c.picture_id).where(tables.pictures.c.picture_id == picture_id)):
                    await self._files.aside(self._files.delete, path)
                if not path.startswith(WORKFLOW):
                    await session.execute(delete(tables.leftovers).where(tables.leftovers.c.path == path))
            await self._sweep_records(session, [path for path in left if path.startswith(WORKFLOW)])
            await self._sweep_adapters(session)

    async def _sweep_adapters(self, session: AsyncSession) -> None:
        """Delete what a model learnt of characters that are gone (`engine.painters.character_lora`)."""
        files = await asyncio.to_thread(lambda: list(self._settings.home.glob("models/*/adapters/*.safetensors")))
        if not files:
            return
        table = tables.characters
        here = set((await session.scalars(select(table.c.character_id).where(table.c.removed.is_(False)))).all())
        for file in files:
            if file.stem not in here:
                await asyncio.to_thread(file.unlink, missing_ok=True)

    async def _sweep_records(self, session: AsyncSession, notes: Sequence[str]) -> None:
        if not notes:
            return
        ids = [note.removeprefix(WORKFLOW) for note in notes]
        await asyncio.to_thread(Records(self._system_database_url).clear, ids)
        if self._engine.dialect.name == "sqlite" and await session.scalar(
                text("SELECT 1 FROM sqlite_master WHERE name = 'datasource_outputs'")):
            for workflow_id in ids:
                await session.execute(text("DELETE FROM datasource_outputs WHERE workflow_id = :id"),
                                      {"id": workflow_id})
        for note in notes:
            await session.execute(delete(tables.leftovers).where(tables.leftovers.c.path == note))

    # --- characters --------------------------------------------------------------------------------

    async def save_character(self, character: Character) -> None:
        """Keep a character as it is now."""
        values = {
            "character_id": character.character_id, "owner_id": character.owner_id, "name": character.name,
            "pronouns": character.pronouns.value, "look": to_json(Look, character.look),
            "description": character.description, "avatar": character.avatar,
            "consent": to_json(Consent, character.consent) if character.consent else None,
            "sharing": character.sharing.value, "from_photo": character.from_photo, "server_id": character.server_id,
            "removed": False, "nicknames": list(character.nicknames), "relation": character.relation,
            "born_in": character.born_in, "drawn_by": character.drawn_by,
        }
        async with self._writing() as session:
            await session.execute(self._insert(tables.characters, values, key=["character_id"],
                                               update=[name for name in values if name != "character_id"],
                                               whose=await self._key(session, character.owner_id)))

    async def character(self, character_id: CharacterId) -> Character:
        """Raises `NotFound`."""
        async with self._reading() as session:
            return character_from(await self._character_row(session, character_id))

    async def characters_of(self, owner_id: OwnerId) -> list[Character]:
        """Everybody this person registered, oldest first."""
        return await self._characters(tables.characters.c.owner_id == owner_id)

    async def usable_characters(self, owner_id: OwnerId, server_id: ServerId) -> list[Character]:
        """This person's own, then those others share with this server; nobody whose consent was taken back."""
        table = tables.characters
        own, shared = table.c.owner_id == owner_id, table.c.sharing == Sharing.SERVER.value
        found = await self._characters(or_(own, shared & (table.c.server_id == server_id)) if server_id else own)
        return sorted((character for character in found if character.usable),
                      key=lambda character: character.owner_id != owner_id)

    async def remove_character(self, character_id: CharacterId) -> None:
        """Look, words, consent and avatar are deleted, and no story can use it any more.

        What was drawn stays: id and name are kept so that `forget` can still find it in others' stories.
        """
        table = tables.characters
        async with self._alone() as session:
            row = (await session.execute(select(table).where(table.c.character_id == character_id))).first()
            if row is None:
                raise NotFound(f"no character {character_id}")
            bare = owned(table, {"look": to_json(Look, Look()), "description": "", "avatar": None, "consent": None,
                                 "removed": True, "nicknames": [], "relation": ""},
                         await self._key(session, row.owner_id))
            await session.execute(update(table).where(table.c.character_id == character_id).values(**bare))
            await self._drop_references(session, [character_id])
            await session.execute(delete(tables.cast_entries)
                                  .where(tables.cast_entries.c.character_id == character_id))
            await session.execute(update(tables.members).where(tables.members.c.character_id == character_id)
                                  .values(character_id=None))
            await self._drop_unused(session, row.avatar)
        await self.sweep()

    # --- references ------------------------------------------------------------------------------

    async def save_reference(self, reference: Reference) -> None:
        """Keep a picture of a character for recall; the same picture once."""
        table = tables.character_references
        async with self._writing() as session:
            row = await self._character_row(session, reference.character_id)
            await session.execute(self._insert(table, {
                "character_id": reference.character_id, "picture": reference.picture, "source": reference.source,
                "panel_id": reference.panel_id, "action": reference.action, "mood": reference.mood,
                "worn": to_json(Worn, reference.worn)}, key=["character_id", "picture"],
                whose=await self._key(session, row.owner_id)))

    async def references(self, character_ids: Sequence[CharacterId]) -> list[Reference]:
        """What is kept of these characters besides their avatars, oldest first; nothing out of a locked panel."""
        async with self._reading() as session:
            rows = await session.execute(_references(), {"who": list(character_ids)})
            return [reference_from(row) for row in rows]

    async def _drop_references(self, session: AsyncSession, character_ids: Sequence[str]) -> None:
        """Delete the references of these characters, and the pictures nothing else shows."""
        table = tables.character_references
        for row in (await session.execute(select(table).where(table.c.character_id.in_(character_ids)))).all():
            await session.execute(delete(table).where(table.c.number == row.number))
            await self._drop_unused(session, row.picture)

    async def _drop_unused(self, session: AsyncSession, picture_id: str | None) -> None:
        """Delete a picture unless a row still points at it."""
        if not picture_id:
            return
        for column in PICTURE_COLUMNS:
            if await session.scalar(select(column).where(column == picture_id).limit(1)):
                return
        await self._drop_picture(session, picture_id)

    async def _character_row(self, session: AsyncSession, character_id: CharacterId) -> Row[Any]:
        table = tables.characters
        row = (await session.execute(
            select(table).where(table.c.character_id == character_id, table.c.removed.is_(False)))).first()
        if row is None:
            raise NotFound(f"no character {character_id}")
        return row

    async def _characters(self, wanted: Any) -> list[Character]:
        table = tables.characters
        async with self._reading() as session:
            rows = await session.execute(select(table).where(wanted, table.c.removed.is_(False))
                                         .order_by(table.c.number))
            return [character_from(row) for row in rows]
