"""Faults on request, met by the real client."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest
from little_client import Stand

from bot.rehearsal.faults import Fault


async def test_a_limit_is_waited_out_and_nothing_is_doubled(stand: Stand) -> None:
    async with stand.online():
        stand.loopback.faults.add(Fault("limit", "POST", r"/messages$", retry_after_s=0.2))
        await stand.text_channel.send("patience")
    assert [line["status"] for line in stand.loopback.record.of("request", method="POST")
            if line["path"].endswith("/messages")] == [429, 200]
    assert len(stand.nina.seen()) == 1


async def test_a_ban_is_raised(stand: Stand) -> None:
    async with stand.online():
        stand.loopback.faults.add(Fault("ban", "POST", r"/messages$"))
        with pytest.raises(discord.HTTPException) as caught:
            await stand.text_channel.send("x")
        assert caught.value.status == 429


async def test_503_and_resets_are_raised_at_once(stand: Stand) -> None:
    async with stand.online():
        stand.loopback.faults.add(Fault("status", "POST", r"/messages$", status=503, message="upstream"))
        with pytest.raises(discord.DiscordServerError):
            await stand.text_channel.send("x")
        stand.loopback.faults.add(Fault("reset", "POST", r"/messages$"))
        with pytest.raises((aiohttp.ClientError, OSError)) as caught:
            await stand.text_channel.send("x")
        assert getattr(caught.value, "errno", None) == 104
        stand.loopback.faults.add(Fault("disconnect", "POST", r"/messages$"))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await stand.text_channel.send("x")
    assert stand.nina.seen() == []


async def test_500_is_retried_by_the_library(stand: Stand) -> None:
    async with stand.online():
        stand.loopback.faults.add(Fault("status", "PATCH", r"/messages/", status=500))
        message = await stand.text_channel.send("x")
        await message.edit(content="y")
    assert [m.content for m in stand.nina.seen()] == ["y"]


async def test_stored_but_lost_with_the_same_nonce_makes_one_message(stand: Stand) -> None:
    async with stand.online():
        stand.loopback.faults.add(Fault("stored_but_lost", "POST", r"/messages$"))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await stand.text_channel.send("once", nonce="turn-7")
        assert len(stand.nina.seen()) == 1
        again = await stand.text_channel.send("once", nonce="turn-7")
        assert [m.message_id for m in stand.nina.seen()] == [again.id]


async def test_a_fault_can_skip_repeat_and_look_at_the_body(stand: Stand) -> None:
    fault = Fault("status", "POST", r"/messages$", times=2, skip=1, status=403, code=50013,
                  when=lambda body: isinstance(body, dict) and body.get("content") == "no")
    stand.loopback.faults.add(fault)
    async with stand.online():
        await stand.text_channel.send("yes")
        await stand.text_channel.send("no")
        for _ in range(2):
            with pytest.raises(discord.Forbidden):
                await stand.text_channel.send("no")
        await stand.text_channel.send("no")
    assert fault.struck == 2


async def test_a_lost_attachment(stand: Stand) -> None:
    async with stand.online():
        message = await stand.text_channel.send(file=discord.File(__file__, "a.txt"))
        next(iter(stand.world.attachments.values())).gone = True
        with pytest.raises(discord.NotFound):
            await message.attachments[0].read()


@pytest.mark.parametrize("how", ["abort", "close", "op7", "op9 resumable"])
async def test_a_dropped_gateway_is_resumed_and_no_event_is_lost(stand: Stand, how: str) -> None:
    async with stand.online() as client:
        gateway = stand.loopback.gateway
        if how == "abort":
            assert await gateway.drop() == 1
        elif how == "close":
            assert await gateway.drop(code=4000) == 1
        elif how == "op7":
            await gateway.ask_to_reconnect()
        else:
            await gateway.invalidate(resumable=True)
        await stand.nina.write("while you were away")
        found = await stand.world.until(lambda: client.heard if client.heard and client.resumes else None, 60)
        assert found is not None and found[0].content == "while you were away"
        await asyncio.sleep(0.05)
        assert (client.resumes, client.connects, len(client.heard)) == (1, 1, 1)


async def test_an_invalid_session_is_begun_anew(stand: Stand) -> None:
    async with stand.online() as client:
        client.ready.clear()
        await stand.loopback.gateway.invalidate()
        await asyncio.wait_for(client.ready.wait(), 60)
        assert client.connects == 2 and stand.loopback.gateway.identifies == 2


async def test_message_limits_hold_the_client_back(stand: Stand) -> None:
    stand.loopback.limits.window_s = 1.0
    async with stand.online():
        message = await stand.text_channel.send("0")
        before = asyncio.get_running_loop().time()
        for n in range(7):
            await message.edit(content=str(n))
        assert asyncio.get_running_loop().time() - before > 0.9
    assert stand.loopback.limits.hits == 0     # the client read the headers and waited by itself
