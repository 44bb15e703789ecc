"""People see what is kept of them, take it along, and have it erased: through the real client on the loopback."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playhouse import PATIENCE_S, Playhouse, labels, picture

from bot.cogs.privacy import Privacy
from bot.rehearsal import payloads
from bot.rehearsal.faults import Fault
from bot.rehearsal.players import File, Player, words_of
from bot.rehearsal.scene import SHIPPED as SCENES
from bot.rehearsal.world import Message
from engine.labels import BROUGHT, generated_in, read_label
from engine.nouns import CharacterId, OwnerId, Reference, ServerId, Setting, SettingId, StoryStatus, VenueId


def privacy_of(house: Playhouse) -> Privacy:
    cog = house.bot.get_cog("Privacy")
    assert isinstance(cog, Privacy)
    return cog


def shown_in(house: Playhouse, *, but: Message | None = None) -> str:
    """Everything the bot's messages show anybody now: words, descriptions and names of files."""
    world = house.world
    texts = []
    for message in world.messages.values():
        if message.deleted or message.author_id != world.bot.user_id or message.only_for is not None or message is but:
            continue
        texts.append(words_of(message) + json.dumps(message.components, ensure_ascii=False))
        texts += [world.attachments[number].filename + (world.attachments[number].description or "")
                  for number in message.attachments]
    return "\n".join(texts)


async def erased(house: Playhouse, player: Player, word: str = "ERASE", done: str = "It is done") -> Message:
    """Have a player erase themselves, and wait until nothing is left of the work itself either."""
    form = await player.command("/privacy erase")
    await player.submit(form, {"word": word})
    told = await player.see(done, private=True)
    await over(house)
    return told


async def over(house: Playhouse) -> None:
    """Nothing is left of the work itself."""
    async with asyncio.timeout(PATIENCE_S):
        while await house.library.erasures():  # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.02)


async def test_about_says_what_the_settings_say(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.ada.command("/privacy about")
    told = words_of(await house.ada.see("What I keep of you", private=True))
    assert "Characters: 1. Pictures: 1. Your turns: 0." in told and "15 minutes" in told and "30 days later" in told
    assert "model server" not in told, "words stay here unless a server was chosen"


async def test_an_export_is_private_and_its_manifest_true(house: Playhouse) -> None:
    await house.ada.command("/privacy export")
    await house.ada.see("I keep nothing of you", private=True)
    await house.character(house.ada, "Mia", "a girl with red hair")
    await house.story()
    await house.turn(house.ada, "Mia flies her kite.")
    await house.turn(house.bo, "Bo's own secret words.")
    await house.ada.command("/privacy export")
    answer = await house.ada.see("everything I keep of you. Only you see this", private=True)
    [number] = answer.attachments
    final = house.world.attachments[number].data
    with zipfile.ZipFile(io.BytesIO(final)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        found = {name: hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()}
        del found["manifest.json"]
        assert "generated" in packed.read("READ_ME.txt").decode()
        assert {file["path"]: file["sha256"] for file in manifest["files"]} == found
        records = "".join(packed.read(name).decode() for name in packed.namelist() if name.startswith("records/"))
        drawn = json.loads(packed.read("records/panels.json"))
    assert "Mia flies her kite." in records and "a girl with red hair" in records
    assert "Bo's own secret words." not in records
    assert len(drawn) == 2, "both pages show Mia"
    # the file as she got it, read back: every picture says by what it was generated, and is unchanged since
    signed = {name: read_label(png) for name, _, png in generated_in("x.zip", final)}
    said = {file["path"]: file["generated_by"] for file in manifest["files"] if "generated_by" in file}
    assert {f"x.zip/{path}": painter for path, painter in said.items()} == {
        name: label and label["painter"] for name, label in signed.items()}
    assert {label and label["state"] for label in signed.values()} == {"Valid"}
    by = {file["what"]: file["generated_by"] for file in manifest["files"] if file["path"].startswith("pictures/")}
    assert (by["panel"], by["avatar"], by["underdrawing"]) == ("quick@1", "theatre", "theatre")


async def test_what_somebody_brought_is_not_said_to_be_generated(house: Playhouse) -> None:
    """A place that began as her picture, and what came with a character's file, are packed without a label."""
    await house.character(house.ada, "Mia")
    story = await house.story()
    mine = OwnerId(str(house.ada.person.user_id))
    place = await house.library.keep_picture(picture("olive"), owner_id=mine)
    await house.library.save_setting(story.story_id, Setting(SettingId("s:place"), "beach", "the beach", 1, place))
    [mia] = await house.library.characters_of(mine)
    came = await house.library.keep_picture(picture("plum"), owner_id=mine)
    await house.library.save_reference(Reference(mia.character_id, came, "file"))
    avatar = await house.library.keep_picture(picture("navy"), owner_id=mine)
    await house.library.save_character(replace(mia, character_id=CharacterId("c-came"), name="Tim", avatar=avatar,
                                               drawn_by=BROUGHT))
    await house.ada.command("/privacy export")
    answer = await house.ada.see("everything I keep of you. Only you see this", private=True, timeout_s=60)
    final = house.world.attachments[answer.attachments[0]].data
    signed = {name: read_label(png) for name, _, png in generated_in("x.zip", final)}
    assert len(signed) == 4
    assert [name for name, label in signed.items() if label is not None] == [f"x.zip/pictures/{mia.avatar}.png"]


async def test_what_is_too_much_for_one_piece_comes_in_parts(house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, colour in (("Mia", "red"), ("Pim", "black"), ("Tofu", "blond")):     # the same picture is kept once
        await house.character(house.ada, name, f"a girl with {colour} hair")
    belongings = await house.library.belongings(OwnerId(str(house.ada.person.user_id)))
    largest = max([len(await house.library.picture(each)) for each in belongings.pictures])
    limit = largest + 16_000
    monkeypatch.setattr("bot.cogs.privacy.AROUND_BYTES", 10 * 2**20 - limit)
    await house.ada.command("/privacy export")
    await house.ada.see("Part 3 of 3 of everything I keep of you", private=True)
    parts = [message for message in house.ada.seen() if "of everything I keep" in words_of(message)]
    assert len(parts) == 3 and all(message.only_for for message in parts)
    whole = {}
    for message in parts:
        data = house.world.attachments[message.attachments[0]].data
        assert len(data) <= limit
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            manifest = json.loads(packed.read("manifest.json"))
            whole |= {name: hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()}
    assert {file["path"]: file["sha256"] for file in manifest["files"]}.items() <= whole.items()
    assert manifest["lost"] == []


async def test_an_answer_that_cannot_hold_it_goes_by_dm_and_closed_dms_are_told(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    refuse = Fault("status", "PATCH", r"/messages/@original$", status=400, times=1,
                   when=lambda body: "attachments" in body and bool(body["attachments"]))
    house.loopback.faults.add(refuse)
    await house.ada.command("/privacy export")
    await house.ada.see("sent it to you as a private message", private=True)
    direct = house.world.dm_with(house.ada.person)
    [sent] = [message for message in house.ada.seen(direct) if message.attachments]
    assert zipfile.is_zipfile(io.BytesIO(house.world.attachments[sent.attachments[0]].data))
    house.ada.person.closed_dms = True
    async with asyncio.timeout(PATIENCE_S):
        while privacy_of(house)._packing:      # noqa: ASYNC110 - what is seen is seen a moment before it is over
            await asyncio.sleep(0.02)
    house.loopback.faults.add(Fault("status", "PATCH", r"/messages/@original$", status=400, times=1,
                                    when=lambda body: "attachments" in body and bool(body["attachments"])))
    await house.ada.command("/privacy export")
    await house.ada.see("I may not write private messages to you", private=True)


async def test_erasing_takes_a_person_out_of_everything_that_is_seen(house: Playhouse) -> None:
    """Ada in Bo's story: her words, pages and characters go; Bo's pages stay, without her and without her names."""
    await house.character(house.ada, "Zebulonia")
    await house.character(house.bo, "Tofu", "a small white dog")
    await house.bo.command("/story start", title="The lantern", order="free")
    await house.bo.see("begins in")
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    for player in (house.ada, house.bo):
        house.enter(player, thread)
    await house.ada.click("Join", patience_s=PATIENCE_S)
    await house.ada.see("2. Ada", private=False)
    own = await house.turn(house.ada, "Zebulonia sings of marmalade.")
    await house.turn(house.bo, "Tofu sleeps in the garden.")
    await house.turn(house.bo, "Tofu looks for Zebulonia.")
    await house.ada.write("By the way, hello everybody.")
    assert "Zebulonia" in shown_in(house) and "marmalade" in shown_in(house)

    wrong = await house.ada.command("/privacy erase")
    await house.ada.submit(wrong, {"word": "yes please"})
    await house.ada.see("Nothing was erased", private=True)
    assert await house.library.knows(OwnerId(str(house.ada.person.user_id)))

    told = words_of(await erased(house, house.ada, " erase "))
    assert not await house.library.knows(OwnerId(str(house.ada.person.user_id)))
    left = shown_in(house)
    assert "marmalade" not in left and "Ada" not in left
    assert own.deleted
    quoted = [words_of(message) for message in house.bo.seen() if "Zebulonia" in words_of(message)]
    assert [text.split("\n")[-1] for text in quoted] == ["> Tofu looks for Zebulonia."], "what others wrote is theirs"
    assert "Tofu sleeps in the garden." in left
    pages = [words_of(message) for message in house.bo.seen() if "And so it was: Tofu looks for" in words_of(message)]
    assert any("…" in page and "Zebulonia" not in page for page in pages)
    assert "1 messages" in told and f"/{thread.channel_id}/" in told, "what only she can delete is linked"
    assert not any(labels(message) == ["Undo"] for message in house.bo.seen())
    story = await house.library.story_at(VenueId(str(thread.channel_id)))
    assert story is not None
    assert [each.owner_id for each in await house.library.members(story.story_id)] == [str(house.bo.person.user_id)]

    await house.ada.command("/privacy erase")
    await house.ada.see("I keep nothing of you", private=True, after=max(m.message_id for m in house.ada.seen()) - 1)
    await house.turn(house.bo, "Tofu goes on alone.")      # and the story goes on


async def test_a_story_one_started_and_a_dm_are_emptied(house: Playhouse) -> None:
    await house.character(house.ada, "Zebulonia")
    await house.story(title="Marmalade")
    await house.turn(house.ada, "Zebulonia flies her kite.")
    direct = house.world.dm_with(house.ada.person)
    house.enter(house.ada, direct)
    await house.ada.command("/story start", title="Secret", order="free")
    await house.ada.see("1. Ada")
    await house.ada.write("Zebulonia whispers.")
    await house.panel_after(house.ada)
    told = words_of(await erased(house, house.ada))
    assert "Zebulonia" not in shown_in(house) and "Marmalade" not in shown_in(house) and "Secret" not in shown_in(house)
    assert [message for message in house.ada.seen(direct) if message.author_id == house.world.bot.user_id
            and message.only_for is None] == []
    assert "1 messages" in told and "/channels/@me/" in told
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    assert thread.name == "A story"
    written = str(next(message.message_id for message in house.ada.seen(direct)
                       if message.author_id == house.ada.person.user_id))
    await house.library.sweep()
    await house.shut()
    for path in (path for path in house.settings.home.rglob("*") if path.is_file()):
        content = await asyncio.to_thread(path.read_bytes)
        for canary in ("Zebulonia", "Marmalade", str(house.ada.person.user_id), written, told.split("\n")[-2][-19:]):
            assert canary.encode() not in content, (path.name, canary)


async def test_what_is_being_drawn_is_called_off_first(house: Playhouse) -> None:
    await house.character(house.ada, "Zebulonia")
    story = await house.story()
    house.studio.gate.clear()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "Zebulonia flies a kite of marmalade."})
    await house.world.until(lambda: True if house.studio.painted and not house.studio.painted[-1][0].endswith("plate")
                            else None, PATIENCE_S)
    [turn] = await house.library.open_turns(story.story_id)
    await erased(house, house.ada)
    assert not house.studio.gate.is_set(), "nobody waited for the picture"
    assert "marmalade" not in shown_in(house) and "Zebulonia" not in shown_in(house)
    with pytest.raises(Exception, match="no turn"):
        await house.library.turn(turn.turn_id)             # her story is gone with it
    house.studio.gate.set()
    await asyncio.sleep(0.2)
    assert "Zebulonia" not in shown_in(house)


async def test_an_erasure_goes_on_after_a_stop_and_is_told_by_dm(house: Playhouse) -> None:
    """Stopped while it deletes messages: it goes on at the next start, and nothing is left of the work itself."""
    await house.character(house.ada, "Zebulonia")
    await house.story()
    for text in ("Zebulonia one.", "Zebulonia two."):
        await house.turn(house.ada, text)
    struck = asyncio.Event()
    house.loopback.faults.add(Fault("status", "DELETE", r"/messages/\d+$", status=503, times=1000,
                                    when=lambda body: struck.set() is None))
    form = await house.ada.command("/privacy erase")
    await house.ada.submit(form, {"word": "ERASE"})
    await asyncio.wait_for(struck.wait(), PATIENCE_S)
    assert "Zebulonia" in shown_in(house)
    await house.shut()
    house.loopback.faults.clear()
    await house.open()
    direct = house.world.dm_with(house.ada.person)
    await house.ada.see("It is done", place=direct)
    assert "Zebulonia" not in shown_in(house)
    await over(house)
    assert not await house.library.knows(OwnerId(str(house.ada.person.user_id)))


async def test_places_one_may_not_enter_are_linked(house: Playhouse) -> None:
    await house.character(house.ada, "Zebulonia")
    await house.story()
    await house.turn(house.ada, "Zebulonia flies a kite.")
    thread = house.world.threads_of(house.channel.channel_id)[-1]
    thread.locked = thread.archived = True
    house.ada.place = house.channel
    told = words_of(await erased(house, house.ada))
    assert "may not delete in some places" in told and f"/{thread.channel_id}" in told
    assert not await house.library.knows(OwnerId(str(house.ada.person.user_id)))


async def test_in_danish_the_word_is_danish(house: Playhouse) -> None:
    house.ada.person.locale = "da"
    await house.ada.command("/character add", name="Zebulonia", description="en pige", pronouns="she")
    await house.ada.see("Zebulonia", private=True)
    form = await house.ada.command("/privacy erase")
    await house.ada.submit(form, {"word": "ERASE"})
    await house.ada.see("skriv SLET", private=True)
    await erased(house, house.ada, "slet", "Det er gjort")


# --- servers ---------------------------------------------------------------------------------------

async def leave(house: Playhouse, **more: object) -> None:
    await house.loopback.gateway.dispatch("GUILD_DELETE", {"id": str(house.guild.guild_id), **more})


async def departures(house: Playhouse, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(await house.library.departures()) != count:      # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.02)


async def test_a_server_that_is_left_is_forgotten_after_the_grace_and_not_before(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    await house.turn(house.ada, "Mia flies her kite.")
    cog = privacy_of(house)
    later = datetime.now(UTC) + timedelta(days=31)

    await leave(house, unavailable=True)                   # an outage is no removal
    await house.loopback.gateway.dispatch("GUILD_CREATE", payloads.guild_create(house.world, house.guild))
    await leave(house)
    await departures(house, 1)
    assert await cog.let_go_of_left_servers() == 0, "the grace is not over"
    await house.loopback.gateway.dispatch("GUILD_CREATE", payloads.guild_create(house.world, house.guild))
    await departures(house, 0)
    assert await cog.let_go_of_left_servers(later) == 0, "asked in again: all is back"
    assert (await house.library.story(story.story_id)).status is StoryStatus.OPEN

    await leave(house)
    await departures(house, 1)
    assert await cog.let_go_of_left_servers(later) == 1
    assert await house.library.stories_on(ServerId(str(house.guild.guild_id))) == []
    assert await house.library.departures() == []
    mine = await house.library.characters_of(OwnerId(str(house.ada.person.user_id)))
    assert [each.name for each in mine] == ["Mia"], "characters are their owners'"


async def test_a_server_left_while_the_bot_was_away_is_noticed(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story(both=False)
    await house.shut()
    here = house.guild.members.pop(house.world.bot.user_id)
    await house.open()
    await departures(house, 1)
    await house.shut()
    house.guild.members[house.world.bot.user_id] = here
    await house.open()
    await departures(house, 0)


async def test_a_manager_can_have_a_server_erased_at_once(house: Playhouse) -> None:
    await house.character(house.bo, "Tofu")
    await house.story()
    await house.turn(house.bo, "Tofu flies a kite.")
    house.ada.place = house.bo.place = house.channel
    await house.bo.command("/privacy erase-server")
    await house.bo.see("Only people who manage the server", private=True)
    form = await house.ada.command("/privacy erase-server")
    await house.ada.submit(form, {"word": "ERASE"})
    await house.ada.see("1 stories of this server are deleted", private=True)
    assert await house.library.stories_on(ServerId(str(house.guild.guild_id))) == []
    await over(house)
    assert await house.library.open_turns() == []
    await house.ada.command("/privacy erase-server")
    await house.ada.see("I keep nothing of this server", private=True)


async def test_at_registration_people_are_told_what_happens_with_the_photo(house: Playhouse) -> None:
    await house.ada.command("/character add", name="Mia", photo=File.read(SCENES / "photos" / "chelsea.jpg"),
                            consent="It is a pet or a toy")
    told = words_of(await house.ada.see("Is this Mia?", private=True))
    assert "let go of it within 15 minutes" in told and "/privacy" in told
    await house.ada.command("/character add", name="Tofu", description="a small white dog", pronouns="it")
    card = words_of(await house.ada.see("Is this Tofu?", private=True))
    assert "until you have them erased" in card
