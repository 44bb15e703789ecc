"""Turning the house over to new keys. Nobody else may be at it; cut short at any line, the same again finishes it.

A new master key seals every owner's key anew, in one transaction: whoever opens the house finds the old key or the new
one, never half of each. A new key for one owner, where theirs may be known to somebody, seals their words and pictures
anew, portion by portion; until that is done both keys are kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import select, update

from engine.nouns import NotFound, PictureId
from engine.settings import Settings
from engine.store import tables
from engine.store.backups import rewrap, rewrap_backups
from engine.store.keys import NEW, OLD, fresh_key, turn_over
from engine.store.library import SqlLibrary
from engine.store.opening import open_library
from engine.store.resealing import reseal_words, still_sealed_by
from engine.store.sealing import OwnerKey, new_key_id


@dataclass(slots=True)
class Turned:
    """What was sealed anew."""

    owners: int = 0
    words: int = 0
    pictures: int = 0
    backups: int = 0
    backups_left: int = 0                  # which cannot be reached: the old key is kept for them


async def turn_master_key(settings: Settings) -> Turned:
    """A new master key in the old one's place. Raises `StoreUnusable` (store_locked while the bot runs)."""
    key_file = settings.master_key_file
    new_file, old_file = key_file.with_name(key_file.name + NEW), key_file.with_name(key_file.name + OLD)
    turned = Turned()
    library = await open_library(settings, alone=True)     # finishes what was cut short after the database had changed
    try:
        if not old_file.exists():          # else only backups are left to be done
            new = await asyncio.to_thread(fresh_key, new_file)
            old = library.master_key
            async with library.engine.begin() as connection:
                turned.owners = await connection.run_sync(lambda sync: rewrap(sync, old, new))
            await asyncio.to_thread(turn_over, key_file)
        turned.backups, turned.backups_left = await rewrap_backups(settings)
        if not turned.backups_left:
            await asyncio.to_thread(old_file.unlink, missing_ok=True)
    finally:
        await library.close()
    return turned


async def turn_owner_key(settings: Settings, owner_id: str) -> Turned:
    """A new key for one owner. Backups made before still open with the old one. Raises `NotFound`, `StoreUnusable`."""
    library = await open_library(settings, alone=True)
    try:
        former, key = await _begin(library, owner_id)
        turned = Turned(owners=1)
        turned.words = await asyncio.to_thread(reseal_words, library.sync_url, former, key)
        turned.pictures = await _reseal_pictures(library, owner_id)
        if await asyncio.to_thread(still_sealed_by, library.sync_url, former.key_id):
            raise AssertionError("a word is still sealed by the former key")
        owners = tables.owners
        async with library.engine.begin() as connection:
            await connection.execute(update(owners).where(owners.c.owner_id == owner_id)
                                     .values(former_key=None, former_key_id=None))
        return turned
    finally:
        await library.close()


async def _begin(library: SqlLibrary, owner_id: str) -> tuple[OwnerKey, OwnerKey]:
    """The owner's former key and the new one, made now or when this was begun."""
    owners, master_key = tables.owners, library.master_key
    async with library.engine.begin() as connection:
        row = (await connection.execute(select(owners).where(owners.c.owner_id == owner_id))).first()
        if row is None:
            raise NotFound("nothing is kept of this owner")
        if row.former_key is None:
            await connection.execute(update(owners).where(owners.c.owner_id == owner_id).values(
                wrapped_key=master_key.new_owner_key(owner_id), key_id=new_key_id(),
                former_key=row.wrapped_key, former_key_id=row.key_id,
                naming_key=row.naming_key or row.wrapped_key))
            row = (await connection.execute(select(owners).where(owners.c.owner_id == owner_id))).one()
    return (OwnerKey(row.former_key_id, master_key.owner_key(owner_id, row.former_key)),
            OwnerKey(row.key_id, master_key.owner_key(owner_id, row.wrapped_key)))


async def _reseal_pictures(library: SqlLibrary, owner_id: str) -> int:
    """Every picture of an owner, sealed by the new key. Those that are already open with it alone are left."""
    async with library.engine.connect() as connection:
        ids = list((await connection.execute(
            select(tables.pictures.c.picture_id).where(tables.pictures.c.owner_id == owner_id))).scalars())
    count = 0
    for each in ids:
        count += await library.reseal_picture(PictureId(each))
    return count

