"""The real client on the loopback Discord, feature by feature."""

from __future__ import annotations

import contextlib
import io
import json

import discord
import pytest
from discord import ui
from little_client import Little, Stand, gallery, picture, png

from bot.rehearsal import permissions
from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import CannotDo, File, NotSeen, words_of
from bot.rehearsal.world import Overwrite, World


def test_says_plainly_whether_requests_are_judged() -> None:
    loopback = Loopback()
    assert loopback.description.on or "not validated" in loopback.description.why_off
    if not loopback.description.on:
        pytest.skip(loopback.description.why_off)


async def test_logs_in_and_sees_its_server(stand: Stand) -> None:
    async with stand.online() as client:
        assert client.user is not None and client.user.name == "Storythread"
        assert [guild.name for guild in client.guilds] == ["Home"]
        assert stand.text_channel.permissions_for(client.guilds[0].me).send_messages
    assert stand.loopback.violations() == []


async def test_a_wrong_token_is_refused(stand: Stand) -> None:
    client = Little()
    with redirect_discord(stand.loopback.base_url), pytest.raises(discord.LoginFailure):
        await client.start("somebody-elses")
    await client.close()


async def test_a_privileged_intent_that_was_not_granted_ends_the_session(stand: Stand) -> None:
    stand.world.message_content = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with stand.online():
            pass


async def test_slash_command_with_deferred_private_answer_and_attachment(stand: Stand) -> None:
    async with stand.online():
        item = await stand.nina.command("/story start", title="The moon", order="In order", photo=File("p.png", png()))
        assert item.answer_kind == 5
        answer = await stand.nina.see("started", private=True)
        assert answer.content == f"started The moon in_order {len(png())} True"
        with pytest.raises(NotSeen):
            await stand.omar.see("started", timeout_s=0.1)
    assert stand.loopback.violations() == []


async def test_autocomplete(stand: Stand) -> None:
    async with stand.online():
        offered = await stand.nina.suggestions("/story start", "title", "mo")
        assert [choice["value"] for choice in offered] == ["The moon", "The mouse"]


async def test_players_can_only_do_what_discord_lets_them(stand: Stand) -> None:
    async with stand.online():
        for wrong in ({}, {"title": "x" * 81}, {"title": "a", "nonsense": 1}, {"title": "a", "order": "backwards"}):
            with pytest.raises(CannotDo):
                await stand.nina.command("/story start", **wrong)
        with pytest.raises(CannotDo, match="no command"):
            await stand.nina.command("/nothing")
        with pytest.raises(CannotDo, match="sees no button"):
            await stand.nina.click("Keep")


async def test_a_form_with_text_files_and_a_menu(stand: Stand) -> None:
    async with stand.online():
        opened = await stand.nina.command("/form")
        assert opened.modal is not None and opened.modal["title"] == "Register"
        with pytest.raises(CannotDo, match="at most 40"):
            await stand.nina.submit(opened, {"Name": "x" * 41, "Photos": File("p.png", png()), "Kind": "A cat"})
        with pytest.raises(CannotDo, match="no field"):
            await stand.nina.submit(opened, {"Name": "Mia", "Photos": File("p.png", png()), "Kind": "A cat",
                                              "Shoe size": "34"})
        photos = [File("one.png", png()), File("two words.png", png("red", 32))]
        await stand.nina.submit(opened, {"Name": "Mia", "photos": photos, "Kind": "A cat"})
        answer = await stand.nina.see("Mia cat", private=True)
        assert answer.content == f"Mia cat [{len(png())}, {len(png('red', 32))}]"
        card = stand.world.modals[-1]
        assert [(label, text) for label, text, _ in card.fields] == [
            ("Name", "Mia"), ("Photos", "one.png, two_words.png"), ("Kind", "A cat")]
    assert stand.loopback.violations() == []


async def test_a_durable_button_works_after_a_restart_of_the_client(stand: Stand) -> None:
    async with stand.online():
        await stand.nina.command("/count")
        await stand.nina.click("Count 0")
    async with stand.online():
        await stand.nina.click("Count 1")
        message = await stand.nina.see("counted 2")
        assert sum("counted" in words_of(m) for m in stand.nina.seen()) == 1
        assert message.edited_at is not None
    assert stand.loopback.violations() == []


async def test_a_thread_with_a_panel_whose_picture_is_replaced(stand: Stand) -> None:
    async with stand.online():
        await stand.nina.command("/panel")
        thread = await stand.world.until(lambda: next(iter(stand.world.threads_of(stand.channel.channel_id)), None), 60)
        assert thread is not None
        message = await stand.nina.see("second", place=thread)
        assert stand.nina_person.user_id in thread.thread_members
        assert [stand.world.attachments[a].filename for a in message.attachments] == ["b.png"]
        assert [r.op for r in message.history] == ["create", "edit"]
        before = stand.world.attachments[message.history[0].attachments[0]]
        assert before.filename == "a.png" and before.data == png("red")
        item = message.components[0]["components"][1]["items"][0]
        assert item["description"] == "all green" and item["media"]["width"] == 64
    assert stand.loopback.violations() == []


async def test_attachments_are_kept_replaced_or_appended_as_the_edit_says(stand: Stand) -> None:
    async with stand.online():
        message = await stand.text_channel.send("files", files=[picture("red", "a.png"), picture("blue", "b.png")])
        kept = await message.edit(attachments=[message.attachments[1], picture("green", "c.png")])
        assert [a.filename for a in kept.attachments] == ["b.png", "c.png"]
        assert await kept.attachments[0].read() == png("blue")
        untouched = await kept.edit(content="words")
        assert [a.filename for a in untouched.attachments] == ["b.png", "c.png"]
        assert (await untouched.edit(attachments=[])).attachments == []
    assert stand.loopback.violations() == []


async def test_plain_messages_reach_the_bot_with_and_without_the_content_intent(stand: Stand) -> None:
    async with stand.online() as client:
        await stand.nina.write("Once upon a time")
        await stand.world.until(lambda: client.heard or None, 60)
        assert client.heard[-1].content == "Once upon a time"
        assert client.heard[-1].author.display_name == "Nina"
    async with stand.online(client=Little(content=False)) as client:
        await stand.nina.write("secret")
        await stand.nina.write("hello @Storythread")
        await stand.world.until(lambda: True if len(client.heard) > 1 else None, 60)
        assert [m.content for m in client.heard] == ["", f"hello <@{stand.world.bot.user_id}>"]


async def test_a_dm_both_ways(stand: Stand) -> None:
    stand.nina.place = stand.world.dm_with(stand.nina_person)
    async with stand.online() as client:
        await stand.nina.command("/story start", title="Quiet")
        await stand.nina.see("started Quiet free 0 True")
        await stand.nina.write("good evening")
        await stand.world.until(lambda: next((m for m in client.heard if m.content), None), 60)
        assert isinstance(client.heard[-1].channel, discord.DMChannel)
        user = await client.fetch_user(stand.nina_person.user_id)
        await user.send("good night")
        assert (await stand.nina.see("good night")).only_for is None
        stand.omar_person.closed_dms = True
        with pytest.raises(discord.Forbidden) as caught:
            await (await client.fetch_user(stand.omar_person.user_id)).send("hello?")
        assert caught.value.code == 50007
    assert stand.loopback.violations() == []


async def test_permissions_are_told_and_enforced(stand: Stand) -> None:
    stand.channel.overwrites.append(Overwrite(stand.guild.guild_id, 0, deny=permissions.ATTACH_FILES))
    stand.guild.roles[next(r for r in stand.guild.roles if r != stand.guild.guild_id)].permissions &= (
        ~permissions.ATTACH_FILES)
    async with stand.online():
        await stand.nina.command("/story start", title="x")
        await stand.nina.see("started x free 0 False")
        with pytest.raises(discord.Forbidden) as caught:
            await stand.text_channel.send(file=picture("red"))
        assert caught.value.code == 50013
        stand.channel.overwrites.append(Overwrite(stand.guild.guild_id, 0, deny=permissions.VIEW_CHANNEL))
        with pytest.raises(discord.Forbidden) as caught:
            await stand.text_channel.send("x")
        assert caught.value.code == 50001


async def test_listing_messages_before_after_and_around(stand: Stand) -> None:
    stand.loopback.limits.on = False
    async with stand.online():
        sent = [await stand.text_channel.send(str(n)) for n in range(7)]
        history = [m.content async for m in stand.text_channel.history(limit=3)]
        assert history == ["6", "5", "4"]
        history = [m.content async for m in stand.text_channel.history(limit=2, before=sent[3])]
        assert history == ["2", "1"]
        history = [m.content async for m in stand.text_channel.history(after=sent[3], oldest_first=True)]
        assert history == ["4", "5", "6"]
        history = [m.content async for m in stand.text_channel.history(around=sent[3], limit=3)]
        assert sorted(history) == ["2", "3", "4"]
        await sent[0].delete()
        with pytest.raises(discord.NotFound) as caught:
            await sent[0].edit(content="x")
        assert caught.value.code == 10008
        await sent[1].add_reaction("⭐")
        async with stand.text_channel.typing():
            pass
    assert stand.loopback.violations() == []


async def test_the_same_nonce_makes_one_message(stand: Stand) -> None:
    async with stand.online():
        first = await stand.text_channel.send("once", nonce="turn-1")
        again = await stand.text_channel.send("once", nonce="turn-1")
        other = await stand.text_channel.send("twice", nonce="turn-2")
        assert first.id == again.id != other.id
        assert len(stand.nina.seen()) == 2
        stand.world.nonce_lives_s = 0
        assert (await stand.text_channel.send("once", nonce="turn-1")).id != first.id


async def test_an_archived_thread_refuses_edits_and_opens_again(stand: Stand) -> None:
    async with stand.online():
        thread = await stand.text_channel.create_thread(name="Tale", type=discord.ChannelType.public_thread)
        message = await thread.send("one")
        await thread.edit(archived=True)
        with pytest.raises(discord.HTTPException) as caught:
            await message.edit(content="two")
        assert caught.value.code == 50083
        await thread.edit(archived=False)
        await message.edit(content="two")
        stand.world.channels[thread.id].locked = True
        with pytest.raises(discord.Forbidden) as caught_lock:
            await thread.send("three")
        assert caught_lock.value.code == 160005
        stand.world.channels[thread.id].deleted = True
        with pytest.raises(discord.NotFound) as caught_gone:
            await thread.send("four")
        assert caught_gone.value.code == 10003


async def test_who_would_be_pinged_is_written_down(stand: Stand) -> None:
    async with stand.online():
        text = f"@everyone <@{stand.nina_person.user_id}> <@{stand.omar_person.user_id}>"
        await stand.text_channel.send(text)
        await stand.text_channel.send(text, allowed_mentions=discord.AllowedMentions(
            everyone=False, users=[discord.Object(stand.nina_person.user_id)], roles=False))
        pings = [line["pings"] for line in stand.loopback.record.of("message", op="create")]
        assert pings == [[], [str(stand.nina_person.user_id)]]


# --- what is refused -------------------------------------------------------------------------------

async def test_forty_one_components_are_refused(stand: Stand) -> None:
    layout = ui.LayoutView(timeout=None)
    for n in range(40):
        layout.add_item(ui.TextDisplay(str(n)))
    raw = [*layout.to_components(), {"type": 10, "content": "one more"}]
    async with stand.online() as client:
        with pytest.raises(discord.HTTPException) as caught:
            await client.http.request(
                discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=stand.channel.channel_id),
                json={"components": raw, "flags": 1 << 15})
    assert caught.value.status == 400 and stand.nina.seen() == []
    assert any("components" in line for line in stand.loopback.violations())


@pytest.mark.parametrize(("body", "word"), [
    ({"content": "x" * 2001}, "content"),
    ({"content": "beside", "flags": 1 << 15, "components": [{"type": 10, "content": "v2"}]}, "content"),
    ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 2500}, {"type": 10, "content": "y" * 1501}]},
     "4001"),
    ({"content": "a", "components": [{"type": 10, "content": "no flag"}]}, "IS_COMPONENTS_V2"),
    ({"content": "a", "components": [{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "A", "custom_id": "same"},
        {"type": 2, "style": 1, "label": "B", "custom_id": "same"}]}]}, "duplicated"),
    ({"flags": 1 << 15, "components": [{"type": 12, "items": [{"media": {"url": "attachment://no.png"}}]}]}, "no.png"),
    ({"content": "a", "components": [{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "x" * 81, "custom_id": "long"}]}]}, "label"),
])
async def test_messages_discord_would_refuse_are_refused(stand: Stand, body: dict[str, object], word: str) -> None:
    if word == "label" and not stand.loopback.description.on:
        pytest.skip(stand.loopback.description.why_off)
    async with stand.online() as client:
        with pytest.raises(discord.HTTPException) as caught:
            await client.http.request(
                discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=stand.channel.channel_id),
                json=body)
    assert caught.value.code == 50035 and stand.nina.seen() == []
    assert any(word in line for line in stand.loopback.violations()), stand.loopback.violations()


async def test_an_empty_message_and_a_file_too_big_are_refused(stand: Stand) -> None:
    stand.world.attachment_size_limit = 1000
    async with stand.online():
        with pytest.raises(discord.HTTPException) as caught:
            await stand.text_channel.send(" ")
        assert caught.value.code == 50006
        with pytest.raises(discord.HTTPException) as caught:
            await stand.text_channel.send(file=discord.File(io.BytesIO(b"x" * 1001), "big.bin"))
        assert caught.value.code == 40005
        assert stand.world.attachments == {}


async def test_the_components_v2_flag_cannot_be_taken_back(stand: Stand) -> None:
    async with stand.online():
        message = await stand.text_channel.send(view=gallery("words"), file=picture("red"))
        with pytest.raises(discord.HTTPException) as caught:
            await message.edit(content="plain words")
        assert caught.value.code == 50035


async def test_an_answer_after_three_seconds_is_no_answer(stand: Stand) -> None:
    assert World().first_answer_s == 3
    stand.world.first_answer_s = 0.2
    async with stand.online() as client:
        item = await stand.nina.command("/slow")
        assert item.answered is None
        client.slowly.set()
        assert await stand.world.until(lambda: [
            line["status"] for line in stand.loopback.record.of("request") if "/callback" in line["path"]] or None, 60)
    what = {line["what"] for line in stand.loopback.record.of("violation")}
    assert {"late", "no answer"} <= what
    assert [line["status"] for line in stand.loopback.record.of("request") if "/callback" in line["path"]] == [404]


async def test_a_second_first_answer_is_refused(stand: Stand) -> None:
    async with stand.online() as client:
        item = await stand.nina.command("/count")
        with pytest.raises(discord.HTTPException) as caught:
            await client.http.request(
                discord.http.Route("POST", f"/interactions/{item.interaction_id}/{item.token}/callback"),
                json={"type": 4, "data": {"content": "again"}})
        assert caught.value.code == 40060


async def test_a_token_ends_after_fifteen_minutes(stand: Stand) -> None:
    async with stand.online() as client:
        item = await stand.nina.command("/count")
        item.sent -= 15 * 60 + 1
        with pytest.raises(discord.HTTPException) as caught:
            await client.http.request(
                discord.http.Route("POST", f"/webhooks/{stand.world.app_id}/{item.token}"), json={"content": "later"})
        assert caught.value.code == 50027


async def test_the_log_has_every_request_and_message(stand: Stand, tmp_path: object) -> None:
    async with stand.online():
        await stand.nina.command("/story start", title="The moon")
        await stand.nina.see("started")
        await stand.text_channel.send("hello")
    requests = [(line["method"], line["path"].split("/")[1], line["status"])
                for line in stand.loopback.record.of("request")]
    assert ("PUT", "applications", 200) in requests and ("POST", "channels", 200) in requests
    callback = next(line for line in stand.loopback.record.of("request") if line["path"].endswith("/callback"))
    assert callback["interaction"] and callback["ms_since_interaction"] > 0 and callback["answer"] == "thinking"
    assert [line["content"] for line in stand.loopback.record.of("message", op="create")] == ["", "hello"]
    assert {line["what"] for line in stand.loopback.record.of("gateway")} >= {"identify", "dispatch", "disconnected"}
    for line in stand.loopback.record.lines:
        json.dumps(line)
    with contextlib.suppress(KeyError):
        assert all(line["valid"] for line in stand.loopback.record.of("request") if line["valid"] is not None)
