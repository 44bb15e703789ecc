"""A photo with a place, a name and a comment in every corner of its file: none of it is stored or posted."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from playhouse import Playhouse
from sqlalchemy import select

from bench.uploads import MARKER, seeded
from bot.rehearsal.players import File
from engine.store import tables

#: The marker as it is in the files, in UTF-16 as some fields hold it, and the place as EXIF's rationals.
TRACES = (MARKER, MARKER.decode().encode("utf-16-le"), struct.pack("<6I", 55, 1, 40, 1, 3396, 100),
          struct.pack(">6I", 55, 1, 40, 1, 3396, 100))


def traces_in(content: bytes) -> list[bytes]:
    return [trace for trace in TRACES if trace in content]


async def test_nothing_of_a_photos_metadata_is_stored_or_posted(house: Playhouse) -> None:
    uploads = [seeded(kind) for kind in ("JPEG", "PNG", "WEBP")]
    assert all(traces_in(upload) for upload in uploads), "the control: the photos are really seeded"
    before = set(house.world.attachments)
    form = await house.ada.command("/character add")
    await house.ada.submit(form, {
        "Name": "Mia", "Pronouns": "she/her", "words": "a girl", "consent": "my_child",
        "photos": [File(f"{number}.{kind}", upload, f"image/{kind}")
                   for number, (kind, upload) in enumerate(zip(("jpeg", "png", "webp"), uploads, strict=True))]})
    await house.ada.see("Is this Mia?", private=True)
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready")
    await house.story()
    await house.turn(house.ada, "Mia runs to the beach.")
    await house.ada.command("/story export")
    await house.ada.see("Here is the picture book")

    async with house.library.engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                for value in row:
                    content = value if isinstance(value, bytes) else repr(value).encode()
                    assert not traces_in(content), table.name
        pictures = [row.picture_id for row in await connection.execute(select(tables.pictures))]
    assert pictures
    for each in pictures:
        assert not traces_in(await house.library.picture(each))
    for path in [path for folder in (house.settings.home, Path(tempfile.gettempdir()) / "storythread")
                 for path in folder.rglob("*") if path.is_file()]:
        assert not traces_in(path.read_bytes()), path.name
    ours = [kept for number, kept in house.world.attachments.items()
            if number not in before and kept.data not in uploads]
    assert len(ours) >= 4, "avatar, panel and book were posted"
    for kept in ours:
        assert not traces_in(kept.data), kept.filename
