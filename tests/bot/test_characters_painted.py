"""Avatars painted from photos: shown as they are done, tried again, corrected, kept; and the photos gone."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image
from playhouse import Playhouse, QuickStudio, labels, pixels, settings_for

import bot.cogs.characters as characters
from bench.gpu.random_klein import save_klein
from bot.app import sync_commands
from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import File
from bot.rehearsal.world import Message
from engine.cast.casting import AVATAR_PX, draw_character_avatar
from engine.labels import BY_A_MODEL, PORTRAIT, read_label
from engine.nouns import Character, OwnerId, Painting, ServerId, Sitting, StudioFailed
from engine.settings import Settings, load_settings
from engine.studio.client import StudioClient

ASTRONAUT = Path(characters.__file__).parents[1] / "rehearsal" / "scenes" / "photos" / "astronaut.jpg"


#: The studio's process as it is, but that nobody writes or compares: those models take seconds to open.
ONLY_A_PAINTER = "from engine.studio import host; host.main({'painter': host.OPENERS['painter']})"


class PortraitStudio(QuickStudio):
    """A studio that paints the doll in one colour a seed, on white, as far as `easel` lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.can, self.fail_avatars = True, 0
        self.sat: list[tuple[Sitting, OwnerId, ServerId]] = []
        self.called_off = 0

    async def paints_from_photos(self) -> bool:
        return self.can

    async def paint_avatar(self, sitting: Sitting, *, seed: int, owner_id: OwnerId, server_id: ServerId) -> Painting:
        self.sat.append((sitting, owner_id, server_id))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.called_off += 1
            raise
        if self.fail_avatars:
            self.fail_avatars -= 1
            raise StudioFailed("out of paint")
        outline = Image.open(io.BytesIO(sitting.doll)).getchannel("A")
        page = Image.new("RGB", outline.size, "white")
        page.paste(f"#{seed % 0x7FFFFF:06x}", mask=outline)
        out = io.BytesIO()
        page.save(out, "PNG")
        return Painting(out.getvalue(), seed, "portraits@1", 4, 0.01)


def painting_settings(loopback: Loopback, home: Path, painter: str = "klein") -> Settings:
    plain = settings_for(loopback, home)
    return load_settings(home=home, master_key_file=plain.master_key_file, discord=plain.discord.model_dump(),
                         studio={"painter": painter, "threads": 1})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Playhouse]:
    """The bot before a studio that paints from photos."""
    async with Loopback() as loopback:
        with redirect_discord(loopback.base_url):
            playhouse = Playhouse(loopback, painting_settings(loopback, tmp_path / "home"))
            playhouse.studio = PortraitStudio()
            await sync_commands(playhouse.settings)
            await playhouse.open()
            try:
                yield playhouse
            finally:
                playhouse.studio.gate.set()
                await playhouse.shut()
        assert loopback.violations() == []


async def mia(house: Playhouse) -> Character:
    [character] = await house.library.characters_of(OwnerId(str(house.ada.person.user_id)))
    return character


async def add(house: Playhouse, photo: bytes | None = None) -> None:
    form = await house.ada.command("/character add")
    await house.ada.submit(form, {
        "Name": "Mia", "Pronouns": "she/her", "consent": "me",
        "photos": [File("0.jpg", photo or ASTRONAUT.read_bytes(), "image/jpeg")]})


def shown(house: Playhouse, card: Message) -> bytes:
    return house.world.attachments[card.attachments[0]].data


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.01)


async def painted(house: Playhouse, after: bytes = b"") -> Message:
    """The card once it shows a painting, another one than `after`: a doll is never drawn as high."""
    return await house.ada.see("Is this Mia?", private=True, also=lambda message: (
        pixels(shown(house, message)) != (after and pixels(after))
        and Image.open(io.BytesIO(shown(house, message))).height > AVATAR_PX))


async def test_the_doll_first_then_the_painting_and_that_is_what_is_kept(house: Playhouse) -> None:
    house.studio.gate.clear()
    await add(house)
    card = await house.ada.see("I am painting Mia from the photo", private=True)
    assert pixels(shown(house, card)) == pixels(draw_character_avatar((await mia(house)).look))
    house.studio.gate.set()
    card = await painted(house)
    [(sitting, owner, server)] = house.studio.sat  # type: ignore[attr-defined]
    assert (owner, server) == (str(house.ada.person.user_id), str(house.guild.guild_id))
    assert sitting.look == (await mia(house)).look and len(sitting.photos) == 1
    assert Image.open(io.BytesIO(sitting.photos[0])).mode == "RGB"
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready", private=True)
    kept = (await mia(house)).avatar
    assert kept is not None
    assert pixels(await house.library.picture(kept)) == pixels(shown(house, card)), "what was seen is what is kept"
    label = read_label(shown(house, card))
    assert label and (label["painter"], label["source"]) == (PORTRAIT, BY_A_MODEL)
    assert (await mia(house)).drawn_by == PORTRAIT
    cog = house.bot.get_cog("Characters")
    assert cog._sitters == {} == cog._crowds, "the photo is gone from memory"  # type: ignore[union-attr]


async def test_again_paints_the_same_look_and_a_menu_changes_it(house: Playhouse) -> None:
    await add(house)
    first = shown(house, await painted(house))
    look = (await mia(house)).look
    await house.ada.click("Try again")
    second = shown(house, await painted(house, first))
    assert (await mia(house)).look == look and pixels(first) != pixels(second)
    await house.ada.click("Correct the clothes")
    await house.ada.see("Colour of the clothes", private=True)
    await house.ada.choose("Colour of the clothes", "pink")
    await painted(house, second)
    sat = house.studio.sat  # type: ignore[attr-defined]
    assert sat[-1][0].look.outfit_colour == "pink" and sat[-1][0].photos == sat[0][0].photos
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready", private=True)
    # the photo is gone now: what was kept of it is what the next change is painted from
    kept = await house.library.picture((await mia(house)).avatar)  # type: ignore[arg-type]
    await house.ada.click("Correct the clothes")
    await house.ada.see("Colour of the clothes", private=True)
    await house.ada.choose("Colour of the clothes", "teal")
    await painted(house)
    assert sat[-1][0].look.outfit_colour == "teal" and sat[-1][0].photos == (kept,)


async def test_kept_while_it_is_painted_the_drawing_stays_and_the_brush_is_put_down(house: Playhouse) -> None:
    house.studio.gate.clear()
    await add(house)
    await house.ada.see("I am painting Mia from the photo", private=True)
    await until(lambda: bool(house.studio.sat))  # type: ignore[attr-defined]
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready", private=True)
    assert house.studio.called_off == 1  # type: ignore[attr-defined]
    character = await mia(house)
    assert pixels(await house.library.picture(character.avatar)) == pixels(  # type: ignore[arg-type]
        draw_character_avatar(character.look))


async def test_where_it_cannot_be_painted_or_does_not_work_out_there_is_a_drawing(house: Playhouse) -> None:
    house.studio.can = False  # type: ignore[attr-defined]
    await add(house)
    card = await house.ada.see("Is this Mia?", private=True)
    doll = pixels(draw_character_avatar((await mia(house)).look))
    cog = house.bot.get_cog("Characters")
    await until(lambda: not cog._sitters)  # type: ignore[union-attr]
    assert pixels(shown(house, card)) == doll and house.studio.sat == []  # type: ignore[attr-defined]
    await house.ada.command("/character remove", name="Mia")
    await house.ada.click("Remove")
    await house.ada.see("Mia is removed")
    house.studio.can, house.studio.fail_avatars = True, 1  # type: ignore[attr-defined]
    await add(house)
    card = await house.ada.see("did not work out, so I have drawn this instead", private=True)
    assert pixels(shown(house, card)) == doll
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready")


async def test_a_painting_let_go_of_is_never_kept_as_something_else(house: Playhouse) -> None:
    await add(house)
    await painted(house)
    studio = house.studio
    await house.shut()
    house.studio = studio
    await house.open()
    await house.ada.click("Keep")
    card = await house.ada.see("I have let go of that painting by now", private=True)
    assert (await mia(house)).avatar is None and labels(card)[0] == "Keep"
    drawn = shown(house, card)
    await house.ada.click("Try again")
    await house.ada.see("I have let go of that painting by now", private=True, also=lambda message: (
        pixels(shown(house, message)) != pixels(drawn)))
    await house.ada.click("Keep")
    await house.ada.see("Mia is ready")


async def test_through_the_real_studio_on_a_real_small_klein(tmp_path: Path) -> None:
    """From the upload over the child process and the pipeline to the kept avatar; the log names nobody."""
    folder = await asyncio.to_thread(save_klein, tmp_path / "models" / "toy", recipe={"steps": 2})
    async with Loopback() as loopback:
        with redirect_discord(loopback.base_url):
            house = Playhouse(loopback, painting_settings(loopback, tmp_path / "home", str(folder)))
            studio = StudioClient(house.settings, command=(sys.executable, "-c", ONLY_A_PAINTER))
            house.studio = studio  # type: ignore[assignment]
            await studio.start()
            await sync_commands(house.settings)
            await house.open()
            try:
                await add(house)
                await house.ada.see("I am painting Mia from the photo", private=True, timeout_s=120)
                doll = pixels(draw_character_avatar((await mia(house)).look))
                card = await house.ada.see("Is this Mia?", private=True, timeout_s=120, also=lambda message: (
                    pixels(shown(house, message)) != doll))
                await house.ada.click("Keep")
                await house.ada.see("Mia is ready", private=True)
                character = await mia(house)
                kept = await house.library.picture(character.avatar)  # type: ignore[arg-type]
                assert pixels(kept) == pixels(shown(house, card)) != pixels(draw_character_avatar(character.look))
                assert Image.open(io.BytesIO(kept)).mode == "RGBA"
            finally:
                await house.shut()
                await studio.close()
        assert loopback.violations() == []
