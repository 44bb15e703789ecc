"""Canaries of one person, left in everything the real bot keeps; then that person is forgotten, and somebody who has
every byte and the master key looks for them."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from playhouse import Playhouse

from bench.attacker import Found, scan
from bot.rehearsal.players import File
from bot.rehearsal.world import Channel
from engine.nouns import OwnerId, Reference
from engine.store.backups import make_backup, verify

pytestmark = pytest.mark.asyncio

NAME, NICK, OTHER = "Quillfeather", "Zibbelquast", "Brundlemoss"
TITLE, SAID, WISHED = "Gobsmacklery", "a marmalade obelisk hums tonight", f"Make it night and give {NAME} a crown"
ASKED, PASTED, SEEDED = "Ferrumbrella", "Plimsollwort", "Snickerdoodling"
WORDS = (NAME, NICK, OTHER, TITLE, SAID, WISHED, ASKED, PASTED, SEEDED)
#: A run of pixels that nothing draws by chance.
PIXELS = bytes((at * at * 7 + at * 31) % 251 for at in range(96))


def seeded_photo() -> bytes:
    """A photo of nobody, its comment and its pixels marked."""
    image = Image.linear_gradient("L").resize((320, 320)).convert("RGB")
    for number in range(32):
        image.putpixel((number, 0), tuple(PIXELS[3 * number:3 * number + 3]))
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", SEEDED)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=note)
    return buffer.getvalue()


async def tell_bos_story(house: Playhouse) -> Channel:
    """Bo's story, in which Ada writes a page with her character."""
    for player in (house.ada, house.bo):
        house.enter(player, house.channel)
    before = max((message.message_id for message in house.bo.seen()), default=0)
    await house.bo.command("/story start", title="The kettle", order="free")
    await house.bo.see("begins in", after=before)
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    for player in (house.ada, house.bo):
        house.enter(player, thread)
    await house.ada.click("Join")
    await house.ada.see("2. Ada", private=False)
    await house.turn(house.ada, f"{NAME} finds that {SAID}.")
    await house.turn(house.bo, f"Then {NAME} rests, and the kettle boils.")
    return thread


async def test_nothing_is_left_of_somebody_who_was_forgotten(house: Playhouse) -> None:
    ada = OwnerId(str(house.ada.person.user_id))
    await house.ada.command("/character add", name=NAME, photo=File("a.png", seeded_photo(), "image/png"),
                            consent="my_child", pronouns="she", nicknames=NICK)
    await house.ada.see(f"Is this {NAME}?", private=True)
    await house.ada.click("Keep")
    await house.ada.see(f"{NAME} is ready")
    await house.character(house.ada, OTHER)
    await tell_bos_story(house)

    for player in (house.ada, house.bo):
        house.enter(player, house.channel)
    story = await house.story(title=TITLE)
    panel = await house.turn(house.ada, f"{NAME} plays with {OTHER}.")
    form = await house.ada.click("Change", on=panel)
    await house.ada.submit(form, {"what": WISHED})
    await house.ada.see("A new version of the picture", private=True)
    await house.idle()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": f"{NAME} and {OTHER} ran to the {ASKED}. Then she fell in."})
    await house.ada.see("who is", private=True)                # and is not answered
    form = await house.ada.command("/story illustrate")
    await house.ada.submit(form, {"text": f"{NAME} woke up. The {PASTED} was warm."})
    await house.ada.see("Page 1 of", private=True)
    await house.bo.click("Report", on=await house.panel_after(house.bo))
    await house.bo.see("The picture is hidden", private=True)

    [known, *_] = await house.library.characters_of(ada)
    kept = await house.library.keep_picture(seeded_photo(), owner_id=ada)      # such as a character's file brings
    await house.library.save_reference(Reference(known.character_id, kept, "file"))
    backup = await make_backup(house.settings)
    folders = [house.settings.home, house.settings.master_key_file.parent]
    needles = [*(word.encode() for word in WORDS), str(ada).encode(), PIXELS]

    def look() -> Found:
        return scan(folders, house.settings.master_key_file, needles, owners=[ada])

    before = await asyncio.to_thread(look)                     # the scan can see: every canary is there
    assert {needle for needle, _ in before.hits} >= {word[:24] for word in (*WORDS, str(ada))}
    assert any(needle == PIXELS[:24].decode("latin-1") for needle, _ in before.hits)
    assert any(str(backup) in where and needle == NAME for needle, where in before.hits)
    assert not [where for needle, where in before.hits if where.endswith("as it is") and needle in WORDS], "sealed"

    await house.library.forget(ada)

    after = await asyncio.to_thread(look)
    assert after.hits == []
    assert after.keys and after.opened, "what is Bo's opens as before"
    verify(backup)
    await house.shut()
    assert (await asyncio.to_thread(look)).hits == []
    await house.open()                                         # ... and nothing of it comes back with a start
    [left] = await house.library.stories_of(OwnerId(str(house.bo.person.user_id)))
    assert left.title == "The kettle" and len(await house.library.steps(left.story_id)) == 2
    assert story.story_id not in {each.story_id for each in await house.library.every_story()}
    assert (await asyncio.to_thread(look)).hits == []


async def test_the_scan_finds_keys_that_were_only_unlinked(house: Playhouse, tmp_path: Path) -> None:
    """A control of the control: a key left lying in a log or a free page is found and used."""
    ada = OwnerId(str(house.ada.person.user_id))
    await house.character(house.ada, NAME)
    [known] = await house.library.characters_of(ada)
    await house.library.save_character(replace(known, description=SEEDED))
    await house.shut()
    database = house.settings.home / "storythread.sqlite"
    attic = tmp_path / "attic"
    attic.mkdir()
    # Its bytes turned about, so that it is no database any more and the key has to be looked for.
    content = database.read_bytes()
    (attic / "torn.sqlite-wal").write_bytes(content[len(content) // 2:] + content[:len(content) // 2])
    found = await asyncio.to_thread(scan, [attic], house.settings.master_key_file, [SEEDED.encode()], owners=[ada])
    assert found.hits
    await house.open()
