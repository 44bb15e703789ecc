"""Messages in channels: write, list, edit, delete, react, pin, type."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import unquote

from bot.rehearsal import payloads, permissions, writing
from bot.rehearsal.refusals import Refusal, invalid, unknown
from bot.rehearsal.rest import Answer, Api, Call, route
from bot.rehearsal.world import DM, EPHEMERAL, Channel, Message, now


def may_write(api: Api, channel: Channel) -> None:
    """Refuse unless the bot may send a message here; an archived thread opens by being written in."""
    if channel.kind == DM and api.world.users[channel.recipients[0]].closed_dms:
        raise Refusal(403, 50007)
    api.need(channel, permissions.SEND_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES)
    held = api.world.permissions_of(api.world.bot.user_id, channel)
    if channel.locked and not held & permissions.MANAGE_THREADS:
        raise Refusal(403, 160005)


@route("POST", "/channels/{channel_id}/messages")
async def create_message(api: Api, call: Call) -> Answer:
    world = api.world
    channel = api.channel(call)
    may_write(api, channel)
    if call.files:
        api.need(channel, permissions.ATTACH_FILES)
    body = call.fields
    call.facts["nonce"] = body.get("nonce")
    known = writing.known_nonce(api, channel, body)
    if known is not None:
        call.facts["same_nonce"] = True
        return Answer(200, payloads.message(world, known))
    message = writing.add(api, channel, world.bot.user_id)
    message.nonce = None if body.get("nonce") is None else str(body["nonce"])
    if isinstance(reference := body.get("message_reference"), dict):
        target = world.message(channel.channel_id, int(reference.get("message_id") or 0))
        if target is None and reference.get("fail_if_not_exists", True):
            raise invalid({"message_reference": "Unknown message"})
        if target is not None:
            message.kind = 19
            message.reference = {"type": 0, "channel_id": str(channel.channel_id),
                                 "message_id": str(target.message_id)}
    writing.write(api, call, message, {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL}, creating=True)
    writing.remember_nonce(api, channel, message)
    if channel.archived:
        channel.archived = False
        await api.gateway.dispatch("THREAD_UPDATE", payloads.channel(world, channel))
    writing.place(api, channel, message)
    call.facts["message"] = str(message.message_id)
    await api.gateway.dispatch_message("MESSAGE_CREATE", message)
    return Answer(200, payloads.message(world, message))


@route("GET", "/channels/{channel_id}/messages")
async def list_messages(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.VIEW_CHANNEL)
    held = api.world.permissions_of(api.world.bot.user_id, channel)
    if not held & permissions.READ_HISTORY:
        return Answer(200, [])
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid({"limit": "int value should be between 1 and 100."})
    found = [api.world.messages[m] for m in channel.messages if api.world.messages[m].only_for is None]
    newest_first = found[::-1]
    if "after" in call.query:
        after = int(call.query["after"])
        chosen = [m for m in found if m.message_id > after][:limit][::-1]
    elif "around" in call.query:
        around = int(call.query["around"])
        older = [m for m in newest_first if m.message_id < around][: limit // 2]
        newer = [m for m in found if m.message_id >= around][: limit - len(older)]
        chosen = newer[::-1] + older
    else:
        before = int(call.query.get("before", 1 << 63))
        chosen = [m for m in newest_first if m.message_id < before][:limit]
    return Answer(200, [payloads.message(api.world, m, nonce=False) for m in chosen])


@route("GET", "/channels/{channel_id}/messages/{message_id}")
async def get_message(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.READ_HISTORY)
    return Answer(200, payloads.message(api.world, api.message(call, channel), nonce=False))


@route("PATCH", "/channels/{channel_id}/messages/{message_id}")
async def edit_message(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.VIEW_CHANNEL)
    message = api.message(call, channel)
    if channel.archived:
        raise Refusal(400, 50083)
    if message.author_id != api.world.bot.user_id:
        raise Refusal(403, 50005)
    if now() - message.sent_at > timedelta(hours=1) and len(message.history) > 30:
        raise Refusal(429, 30046)
    writing.write(api, call, message, call.fields, creating=False)
    call.facts["message"] = str(message.message_id)
    await api.gateway.dispatch_message("MESSAGE_UPDATE", message)
    return Answer(200, payloads.message(api.world, message, nonce=False))


@route("DELETE", "/channels/{channel_id}/messages/{message_id}")
async def delete_message(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    message = api.message(call, channel)
    if channel.archived:
        raise Refusal(400, 50083)
    if message.author_id != api.world.bot.user_id:
        if channel.kind == DM:
            raise Refusal(403, 50003, message="Cannot execute action on a DM channel")
        api.need(channel, permissions.MANAGE_MESSAGES)
    call.facts["message"] = str(message.message_id)
    await writing.delete(api, channel, message)
    return Answer(204)


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
async def bulk_delete(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.MANAGE_MESSAGES)
    for message_id in call.fields["messages"]:
        message = api.world.message(channel.channel_id, int(message_id))
        if message is not None:
            await writing.delete(api, channel, message)
    return Answer(204)


@route("POST", "/channels/{channel_id}/typing")
async def type_on(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    may_write(api, channel)
    api.world.typing.append((channel.channel_id, time.monotonic()))
    return Answer(204)


def _reaction(api: Api, call: Call, user_id: int, *, there: bool) -> tuple[Channel, Message, str]:
    channel = api.channel(call)
    message = api.message(call, channel)
    emoji = unquote(call.params["emoji"])
    people = message.reactions.setdefault(emoji, [])
    if there and user_id not in people:
        people.append(user_id)
    elif not there and user_id in people:
        people.remove(user_id)
    writing.note(api, message, "react")
    return channel, message, emoji


async def tell_reaction(api: Api, name: str, channel: Channel, message: Message, emoji: str, user_id: int) -> None:
    """Dispatch MESSAGE_REACTION_ADD or _REMOVE."""
    body = {"user_id": str(user_id), "channel_id": str(channel.channel_id), "message_id": str(message.message_id),
            "emoji": {"id": None, "name": emoji}, "burst": False, "type": 0}
    if channel.guild_id is not None:
        body["guild_id"] = str(channel.guild_id)
    await api.gateway.dispatch(name, body, intents=(1 << 10) if channel.guild_id is not None else (1 << 13))


@route("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")
async def react(api: Api, call: Call) -> Answer:
    api.need(api.channel(call), permissions.ADD_REACTIONS, permissions.READ_HISTORY)
    channel, message, emoji = _reaction(api, call, api.world.bot.user_id, there=True)
    await tell_reaction(api, "MESSAGE_REACTION_ADD", channel, message, emoji, api.world.bot.user_id)
    return Answer(204)


@route("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")
async def unreact(api: Api, call: Call) -> Answer:
    channel, message, emoji = _reaction(api, call, api.world.bot.user_id, there=False)
    await tell_reaction(api, "MESSAGE_REACTION_REMOVE", channel, message, emoji, api.world.bot.user_id)
    return Answer(204)


@route("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions")
async def clear_reactions(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.MANAGE_MESSAGES)
    api.message(call, channel).reactions.clear()
    return Answer(204)


@route("PUT", "/channels/{channel_id}/messages/pins/{message_id}")
async def pin(api: Api, call: Call) -> Answer:
    return await _pin(api, call, pinned=True)


@route("DELETE", "/channels/{channel_id}/messages/pins/{message_id}")
async def unpin(api: Api, call: Call) -> Answer:
    return await _pin(api, call, pinned=False)


@route("PUT", "/channels/{channel_id}/pins/{message_id}")
async def pin_old(api: Api, call: Call) -> Answer:
    return await _pin(api, call, pinned=True)


@route("DELETE", "/channels/{channel_id}/pins/{message_id}")
async def unpin_old(api: Api, call: Call) -> Answer:
    return await _pin(api, call, pinned=False)


async def _pin(api: Api, call: Call, *, pinned: bool) -> Answer:
    channel = api.channel(call)
    if channel.kind != DM:
        held = api.world.permissions_of(api.world.bot.user_id, channel)
        if not held & (permissions.MANAGE_MESSAGES | 1 << 51):
            raise Refusal(403, 50013)
    message = api.message(call, channel)
    message.pinned = pinned
    return Answer(204)


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
async def thread_from_message(api: Api, call: Call) -> Answer:
    from bot.rehearsal.routes_places import open_thread

    channel = api.channel(call)
    message = api.message(call, channel)
    if message.thread_id is not None:
        raise Refusal(400, 160004)
    thread = await open_thread(api, channel, call.fields, thread_id=message.message_id)
    message.thread_id = thread.channel_id
    return Answer(201, payloads.channel(api.world, thread))


@route("GET", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}")
async def who_reacted(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    message = api.message(call, channel)
    people = message.reactions.get(unquote(call.params["emoji"]))
    if people is None:
        raise unknown(10014)
    return Answer(200, [payloads.user(api.world.users[user_id]) for user_id in people])
