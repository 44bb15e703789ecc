"""Channels, threads, DMs, servers and people."""

from __future__ import annotations

from bot.rehearsal import payloads, permissions
from bot.rehearsal.refusals import Refusal, invalid, unknown
from bot.rehearsal.rest import Answer, Api, Call, route
from bot.rehearsal.world import DM, PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Channel, Guild, Payload, now

# --- people ----------------------------------------------------------------------------------------

@route("GET", "/users/@me")
async def me(api: Api, call: Call) -> Answer:
    return Answer(200, payloads.own_user(api.world.bot))


@route("GET", "/users/{user_id}")
async def get_user(api: Api, call: Call) -> Answer:
    person = api.world.users.get(call.number("user_id"))
    if person is None:
        raise unknown(10013)
    return Answer(200, payloads.user(person))


@route("POST", "/users/@me/channels")
async def open_dm(api: Api, call: Call) -> Answer:
    person = api.world.users.get(int(call.fields.get("recipient_id") or 0))
    if person is None or person.bot:
        raise Refusal(400, 50033, message="Invalid Recipient(s)")
    return Answer(200, payloads.channel(api.world, api.world.dm_with(person)))


@route("GET", "/users/@me/guilds")
async def my_guilds(api: Api, call: Call) -> Answer:
    me_id = api.world.bot.user_id
    return Answer(200, [
        {"id": str(g.guild_id), "name": g.name, "icon": None, "banner": None, "owner": False, "features": [],
         "permissions": str(sum({r.permissions for r in g.roles.values()}))}
        for g in api.world.guilds.values() if me_id in g.members])


# --- channels --------------------------------------------------------------------------------------

@route("GET", "/channels/{channel_id}")
async def get_channel(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.VIEW_CHANNEL)
    return Answer(200, payloads.channel(api.world, channel))


@route("PATCH", "/channels/{channel_id}")
async def edit_channel(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    body = call.fields
    world = api.world
    if channel.kind == DM:
        raise Refusal(400, 50003, message="Cannot execute action on a DM channel")
    held = world.permissions_of(world.bot.user_id, channel)
    if not held:
        raise Refusal(403, 50001)
    if not channel.is_thread:
        if not held & permissions.MANAGE_CHANNELS:
            raise Refusal(403, 50013)
        channel.name = body.get("name") or channel.name
        channel.topic = body.get("topic", channel.topic)
        await api.gateway.dispatch("CHANNEL_UPDATE", payloads.channel(world, channel))
        return Answer(200, payloads.channel(world, channel))
    managing = bool(held & permissions.MANAGE_THREADS)
    mine = channel.owner_id == world.bot.user_id
    opens = body.get("archived") is False
    if channel.archived and not opens:
        raise Refusal(400, 50083)
    if channel.locked and not managing:
        raise Refusal(403, 160005)
    reopening_only = opens and set(body) <= {"archived"}
    if not (managing or mine or (reopening_only and held & permissions.SEND_IN_THREADS)):
        raise Refusal(403, 50013)
    if body.get("locked") is not None and body["locked"] != channel.locked and not managing:
        raise Refusal(403, 50013)
    if body.get("name") is not None:
        if not 1 <= len(body["name"]) <= 100:
            raise invalid({"name": "Must be between 1 and 100 in length."})
        channel.name = body["name"]
    if body.get("auto_archive_duration") is not None:
        channel.auto_archive_min = int(body["auto_archive_duration"])
    if body.get("locked") is not None:
        channel.locked = bool(body["locked"])
    if body.get("archived") is not None and body["archived"] != channel.archived:
        channel.archived = bool(body["archived"])
        channel.archived_at = now()
    api.record.add("message", op="thread", channel=str(channel.channel_id), channel_name=channel.name,
                   archived=channel.archived, locked=channel.locked)
    await api.gateway.dispatch("THREAD_UPDATE", payloads.channel(world, channel))
    return Answer(200, payloads.channel(world, channel))


@route("DELETE", "/channels/{channel_id}")
async def delete_channel(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    if channel.kind != DM:
        api.need(channel, permissions.MANAGE_THREADS if channel.is_thread else permissions.MANAGE_CHANNELS)
        body = payloads.channel(api.world, channel)
        await remove_channel(api, channel)
        return Answer(200, body)
    return Answer(200, payloads.channel(api.world, channel))


async def remove_channel(api: Api, channel: Channel) -> None:
    """Delete a channel or thread and tell the bot."""
    channel.deleted = True
    api.record.add("message", op="channel deleted", channel=str(channel.channel_id), channel_name=channel.name)
    if channel.is_thread:
        await api.gateway.dispatch("THREAD_DELETE", {
            "id": str(channel.channel_id), "guild_id": str(channel.guild_id), "parent_id": str(channel.parent_id),
            "type": channel.kind})
    else:
        await api.gateway.dispatch("CHANNEL_DELETE", payloads.channel(api.world, channel))


# --- threads ---------------------------------------------------------------------------------------

async def open_thread(api: Api, parent: Channel, body: Payload, *, thread_id: int | None = None) -> Channel:
    """Make a thread under a channel, the bot in it, and tell the bot."""
    if parent.kind != TEXT:
        raise Refusal(400, 50024)
    private = body.get("type") == PRIVATE_THREAD or (thread_id is None and "type" not in body)
    api.need(parent, permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS)
    name = str(body["name"])
    if not 1 <= len(name.strip()) <= 100:
        raise invalid({"name": "Must be between 1 and 100 in length."})
    me_id = api.world.bot.user_id
    thread = Channel(thread_id or api.world.new_id(), PRIVATE_THREAD if private else PUBLIC_THREAD, name,
                     parent.guild_id, parent.channel_id, me_id, thread_members=[me_id],
                     auto_archive_min=int(body.get("auto_archive_duration") or 1440))
    api.world.channels[thread.channel_id] = thread
    api.record.add("message", op="thread", channel=str(thread.channel_id), channel_name=name, archived=False,
                   locked=False, parent=str(parent.channel_id))
    event = {**payloads.channel(api.world, thread), "newly_created": True}
    await api.gateway.dispatch("THREAD_CREATE", event, intents=1)
    return thread


@route("POST", "/channels/{channel_id}/threads")
async def create_thread(api: Api, call: Call) -> Answer:
    thread = await open_thread(api, api.channel(call), call.fields)
    call.facts["thread"] = str(thread.channel_id)
    return Answer(201, payloads.channel(api.world, thread))


def _thread(api: Api, call: Call) -> Channel:
    channel = api.channel(call)
    if not channel.is_thread:
        raise Refusal(400, 50024)
    api.need(channel, permissions.VIEW_CHANNEL)
    return channel


@route("PUT", "/channels/{channel_id}/thread-members/@me")
async def join_thread(api: Api, call: Call) -> Answer:
    thread = _thread(api, call)
    if thread.archived:
        raise Refusal(400, 50083)
    if api.world.bot.user_id not in thread.thread_members:
        thread.thread_members.append(api.world.bot.user_id)
    return Answer(204)


@route("DELETE", "/channels/{channel_id}/thread-members/@me")
async def leave_thread(api: Api, call: Call) -> Answer:
    thread = _thread(api, call)
    if api.world.bot.user_id in thread.thread_members:
        thread.thread_members.remove(api.world.bot.user_id)
    return Answer(204)


@route("PUT", "/channels/{channel_id}/thread-members/{user_id}")
async def add_to_thread(api: Api, call: Call) -> Answer:
    thread = _thread(api, call)
    if thread.archived:
        raise Refusal(400, 50083)
    user_id = call.number("user_id")
    guild = api.world.guilds[thread.guild_id or 0]
    if user_id not in guild.members:
        raise unknown(10007)
    if user_id not in thread.thread_members:
        thread.thread_members.append(user_id)
        await api.gateway.dispatch("THREAD_MEMBERS_UPDATE", {
            "id": str(thread.channel_id), "guild_id": str(thread.guild_id),
            "member_count": len(thread.thread_members),
            "added_members": [{**payloads.thread_member(thread, user_id),
                               "member": payloads.member(guild, guild.members[user_id], api.world.users[user_id]),
                               "presence": None}], "removed_member_ids": []}, intents=1)
    return Answer(204)


@route("DELETE", "/channels/{channel_id}/thread-members/{user_id}")
async def drop_from_thread(api: Api, call: Call) -> Answer:
    thread = _thread(api, call)
    if thread.owner_id != api.world.bot.user_id:
        api.need(thread, permissions.MANAGE_THREADS)
    if call.number("user_id") in thread.thread_members:
        thread.thread_members.remove(call.number("user_id"))
    return Answer(204)


@route("GET", "/channels/{channel_id}/thread-members")
async def thread_members(api: Api, call: Call) -> Answer:
    thread = _thread(api, call)
    return Answer(200, [payloads.thread_member(thread, user_id) for user_id in thread.thread_members])


@route("GET", "/channels/{channel_id}/threads/archived/public")
async def archived_threads(api: Api, call: Call) -> Answer:
    channel = api.channel(call)
    api.need(channel, permissions.READ_HISTORY)
    found = [t for t in api.world.threads_of(channel.channel_id) if t.archived and t.kind == PUBLIC_THREAD]
    return Answer(200, {"threads": [payloads.channel(api.world, t) for t in found], "members": [], "has_more": False})


@route("GET", "/guilds/{guild_id}/threads/active")
async def active_threads(api: Api, call: Call) -> Answer:
    guild = _guild(api, call)
    found = [c for c in api.world.channels.values()
             if c.guild_id == guild.guild_id and c.is_thread and not c.archived and not c.deleted]
    me_id = api.world.bot.user_id
    return Answer(200, {"threads": [payloads.channel(api.world, t) for t in found],
                        "members": [payloads.thread_member(t, me_id) for t in found if me_id in t.thread_members],
                        "has_more": False})


# --- servers ---------------------------------------------------------------------------------------

def _guild(api: Api, call: Call) -> Guild:
    guild = api.world.guilds.get(call.number("guild_id"))
    if guild is None or api.world.bot.user_id not in guild.members:
        raise Refusal(403, 50001) if guild else unknown(10004)
    return guild


@route("GET", "/guilds/{guild_id}")
async def get_guild(api: Api, call: Call) -> Answer:
    return Answer(200, payloads.guild(api.world, _guild(api, call)))


@route("GET", "/guilds/{guild_id}/channels")
async def guild_channels(api: Api, call: Call) -> Answer:
    guild = _guild(api, call)
    return Answer(200, [payloads.channel(api.world, c) for c in api.world.channels.values()
                        if c.guild_id == guild.guild_id and not c.is_thread and not c.deleted])


@route("GET", "/guilds/{guild_id}/roles")
async def guild_roles(api: Api, call: Call) -> Answer:
    return Answer(200, [payloads.role(r) for r in _guild(api, call).roles.values()])


@route("GET", "/guilds/{guild_id}/members/{user_id}")
async def guild_member(api: Api, call: Call) -> Answer:
    guild = _guild(api, call)
    held = guild.members.get(call.number("user_id"))
    if held is None:
        raise unknown(10007)
    return Answer(200, payloads.member(guild, held, api.world.users[held.user_id]))
