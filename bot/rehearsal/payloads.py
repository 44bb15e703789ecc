"""The world as Discord's API writes it: users, servers, channels, messages, commands, components.

The shapes follow Discord's published OpenAPI description; tests validate every answer against it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.rehearsal import permissions
from bot.rehearsal.world import (
    DM,
    LOADING,
    Attachment,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Payload,
    Role,
    User,
    World,
)


def stamp(when: datetime) -> str:
    return when.isoformat(timespec="microseconds")


# --- people ----------------------------------------------------------------------------------------

def avatar_hash(user: User) -> str | None:
    return None if user.avatar is None else hashlib.md5(user.avatar, usedforsecurity=False).hexdigest()


def user(person: User) -> Payload:
    body: Payload = {
        "id": str(person.user_id), "username": person.username, "discriminator": "0000" if person.bot else "0",
        "global_name": None if person.bot else person.name, "avatar": avatar_hash(person), "public_flags": 0,
        "flags": 0, "primary_guild": None, "avatar_decoration_data": None, "collectibles": None, "banner": None,
        "accent_color": None,
    }
    if person.bot:
        body["bot"] = True
        body["username"] = person.name
    return body


def own_user(person: User) -> Payload:
    """The bot's own account, as `/users/@me` gives it."""
    return {**user(person), "mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None,
            "verified": True}


def member(guild: Guild, held: Member, person: User | None) -> Payload:
    body: Payload = {
        "avatar": None, "banner": None, "communication_disabled_until": None, "flags": 0,
        "joined_at": stamp(held.joined_at), "nick": held.nick, "pending": False, "premium_since": None,
        "roles": [str(role_id) for role_id in held.roles], "mute": False, "deaf": False,
        "avatar_decoration_data": None, "collectibles": None,
    }
    if person is not None:
        body["user"] = user(person)
    return body


# --- places ----------------------------------------------------------------------------------------

def role(item: Role) -> Payload:
    body: Payload = {
        "id": str(item.role_id), "name": item.name, "permissions": str(item.permissions),
        "position": item.position, "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "hoist": False,
        "managed": item.managed, "mentionable": False, "icon": None, "unicode_emoji": None, "flags": 0,
    }
    return body


def thread_member(thread: Channel, user_id: int) -> Payload:
    return {"id": str(thread.channel_id), "user_id": str(user_id), "join_timestamp": stamp(thread.created_at),
            "flags": 0}


def channel(world: World, item: Channel) -> Payload:
    last = str(item.messages[-1]) if item.messages else None
    if item.kind == DM:
        return {"id": str(item.channel_id), "type": DM, "flags": 0, "last_message_id": last,
                "recipients": [user(world.users[user_id]) for user_id in item.recipients]}
    body: Payload = {
        "id": str(item.channel_id), "type": item.kind, "flags": 0, "guild_id": str(item.guild_id),
        "name": item.name, "last_message_id": last, "rate_limit_per_user": item.slowmode_s,
        "parent_id": str(item.parent_id) if item.parent_id else None,
    }
    if item.is_thread:
        body.update(
            owner_id=str(item.owner_id), message_count=len(item.messages), member_count=len(item.thread_members),
            total_message_sent=len(item.messages),
            thread_metadata={
                "archived": item.archived, "archive_timestamp": stamp(item.archived_at),
                "auto_archive_duration": item.auto_archive_min, "locked": item.locked,
                "create_timestamp": stamp(item.created_at)})
        if world.bot.user_id in item.thread_members:
            body["member"] = thread_member(item, world.bot.user_id)
    else:
        body.update(
            position=0, topic=item.topic, nsfw=item.nsfw,
            permission_overwrites=[{"id": str(o.target_id), "type": o.kind, "allow": str(o.allow),
                                    "deny": str(o.deny)} for o in item.overwrites])
    return body


def guild(world: World, item: Guild) -> Payload:
    """A server as REST gives it."""
    return {
        "id": str(item.guild_id), "name": item.name, "icon": None, "description": None, "home_header": None,
        "splash": None, "discovery_splash": None, "features": [], "banner": None,
        "owner_id": str(item.owner_id), "application_id": None, "region": "deprecated", "afk_channel_id": None,
        "afk_timeout": 300, "system_channel_id": None, "system_channel_flags": 0, "widget_enabled": False,
        "widget_channel_id": None, "verification_level": 0,
        "roles": [role(r) for r in item.roles.values()], "default_message_notifications": 1, "mfa_level": 0,
        "explicit_content_filter": 2, "max_presences": None, "max_members": 500_000,
        "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "vanity_url_code": None,
        "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": item.locale,
        "rules_channel_id": None, "safety_alerts_channel_id": None, "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False, "nsfw": False, "nsfw_level": 0, "emojis": [], "stickers": [],
        "incidents_data": None,
    }


def guild_create(world: World, item: Guild) -> Payload:
    """A server as the gateway gives it: with channels, members and live threads."""
    here = [c for c in world.channels.values() if c.guild_id == item.guild_id and not c.deleted]
    me = world.bot.user_id

    def visible(c: Channel) -> bool:
        return bool(world.permissions_of(me, c) & permissions.VIEW_CHANNEL)

    return {
        **guild(world, item), "joined_at": stamp(item.members[me].joined_at), "large": False,
        "unavailable": False, "member_count": len(item.members), "voice_states": [], "presences": [],
        "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "members": [member(item, m, world.users[m.user_id]) for m in item.members.values() if m.user_id == me],
        "channels": [channel(world, c) for c in here if not c.is_thread],
        "threads": [channel(world, c) for c in here if c.is_thread and not c.archived and visible(c)],
    }


# --- messages --------------------------------------------------------------------------------------

def attachment_url(world: World, item: Attachment) -> str:
    folder = "ephemeral-attachments" if item.ephemeral else "attachments"
    seal = hashlib.sha256(f"{world.token}{item.attachment_id}".encode()).hexdigest()
    return (f"{world.base_url}/cdn/{folder}/{item.channel_id}/{item.attachment_id}/{quote(item.filename)}"
            f"?ex=7fffffff&is=60000000&hm={seal}&")


def attachment(world: World, item: Attachment) -> Payload:
    body: Payload = {"id": str(item.attachment_id), "filename": item.filename, "size": len(item.data),
                     "url": attachment_url(world, item), "proxy_url": attachment_url(world, item),
                     "content_type": item.content_type}
    if item.width is not None and item.height is not None:
        body.update(width=item.width, height=item.height)
    if item.description is not None:
        body["description"] = item.description
    if item.ephemeral:
        body["ephemeral"] = True
    return body


def interaction_metadata(world: World, item: Interaction) -> Payload:
    body: Payload = {"id": str(item.interaction_id), "type": item.kind, "user": user(world.users[item.user_id]),
                     "authorizing_integration_owners": integration_owners(world, item)}
    if item.kind == 3:
        body["interacted_message_id"] = str(item.message_id)
    if item.kind == 5:
        parent = world.interactions.get(item.parent_id or 0)
        body["triggering_interaction_metadata"] = interaction_metadata(world, parent) if parent else {}
    return body


def integration_owners(world: World, item: Interaction) -> Payload:
    """Who installed the app: key "0" the server (or "0" in the bot's DM), key "1" the person."""
    owners: Payload = {}
    if item.guild_id is None:
        owners["0"] = "0"
    elif world.bot.user_id in world.guilds[item.guild_id].members:
        owners["0"] = str(item.guild_id)
    if world.users[item.user_id].has_app:
        owners["1"] = str(item.user_id)
    return owners


def message(world: World, item: Message, *, nonce: bool = True) -> Payload:
    """A message as REST gives it. Components are stored already rendered."""
    body: Payload = {
        "id": str(item.message_id), "channel_id": str(item.channel_id), "type": item.kind,
        "content": item.content, "author": user(world.users[item.author_id]),
        "mentions": [user(world.users[user_id]) for user_id in item.mentions], "mention_roles": [],
        "mention_everyone": "@everyone" in item.pings, "embeds": item.embeds,
        "attachments": [attachment(world, world.attachments[a]) for a in item.attachments],
        "timestamp": stamp(item.sent_at), "edited_timestamp": stamp(item.edited_at) if item.edited_at else None,
        "flags": item.flags, "components": item.components, "pinned": item.pinned, "tts": False,
    }
    if nonce and item.nonce is not None:
        body["nonce"] = item.nonce
    if item.author_id == world.bot.user_id:
        body["application_id"] = str(world.app_id)
    made_by = world.interactions.get(item.interaction_id or 0)
    if made_by is not None:
        body["webhook_id"] = str(world.app_id)
        body["interaction_metadata"] = interaction_metadata(world, made_by)
    if item.reference is not None:
        body["message_reference"] = item.reference
    if item.reactions:
        body["reactions"] = [
            {"emoji": {"id": None, "name": emoji}, "count": len(people),
             "count_details": {"burst": 0, "normal": len(people)}, "burst_colors": [], "me_burst": False,
             "me": world.bot.user_id in people, "burst_me": False, "burst_count": 0}
            for emoji, people in item.reactions.items() if people]
    if item.thread_id is not None and (thread := world.channel(item.thread_id)) is not None:
        body["thread"] = channel(world, thread)
    return body


def message_event(world: World, item: Message, *, with_content: bool) -> Payload:
    """A message as the gateway dispatches it: with server and member, words only for those who may read."""
    body = message(world, item)
    where = world.channels[item.channel_id]
    if where.guild_id is not None:
        body["guild_id"] = str(where.guild_id)
        held = world.guilds[where.guild_id].members.get(item.author_id)
        if held is not None:
            body["member"] = member(world.guilds[where.guild_id], held, None)
    if not with_content:
        body.update(content="", components=[], embeds=[], attachments=[])
    return body


# --- components ------------------------------------------------------------------------------------

def component(world: World, asked: Payload, files: dict[str, Attachment], ids: list[int]) -> Payload:
    """A component as Discord sends it back: numbered, defaults filled in, media unfurled.

    `files` are the message's attachments by file name; `ids` holds the last number given out.
    """
    if asked.get("id"):
        number = int(asked["id"])
    else:
        ids[0] += 1
        number = ids[0]
    kind = int(asked["type"])
    body: Payload = {"type": kind, "id": number}

    def media(given: Any) -> Payload:
        url = str(given["url"])
        item = None
        if url.startswith("attachment://"):
            item = files.get(url.removeprefix("attachment://"))
        elif url.startswith(world.base_url):
            item = next((f for f in files.values() if f"/{f.attachment_id}/" in url), None)
        if item is None:
            return {"id": str(world.new_id()), "url": url, "proxy_url": url}
        return {"id": str(item.attachment_id), "url": attachment_url(world, item),
                "proxy_url": attachment_url(world, item), "width": item.width, "height": item.height,
                "content_type": item.content_type, "attachment_id": str(item.attachment_id),
                "placeholder": None, "placeholder_version": None, "loading_state": 2}

    def deeper(parts: list[Payload]) -> list[Payload]:
        return [component(world, part, files, ids) for part in parts]

    if kind == 1:
        body["components"] = deeper(asked["components"])
    elif kind == 2:
        body.update({key: asked[key] for key in ("style", "custom_id", "label", "url", "sku_id")
                     if asked.get(key) is not None})
        if asked.get("emoji"):
            body["emoji"] = {key: value for key, value in asked["emoji"].items() if value is not None}
        if asked.get("disabled"):
            body["disabled"] = True
    elif kind in (3, 5, 6, 7, 8):
        body.update({key: asked[key] for key in ("custom_id", "placeholder", "channel_types", "default_values")
                     if asked.get(key) is not None})
        body.update(min_values=asked.get("min_values", 1), max_values=asked.get("max_values", 1),
                    disabled=bool(asked.get("disabled")))
        if kind == 3:
            body["options"] = [{key: value for key, value in option.items() if value is not None}
                               for option in asked["options"]]
    elif kind == 9:
        body.update(components=deeper(asked["components"]),
                    accessory=component(world, asked["accessory"], files, ids))
    elif kind == 10:
        body["content"] = asked["content"]
    elif kind == 11:
        body.update(media=media(asked["media"]), description=asked.get("description"),
                    spoiler=bool(asked.get("spoiler")))
    elif kind == 12:
        body["items"] = [{"media": media(item["media"]), "description": item.get("description"),
                          "spoiler": bool(item.get("spoiler"))} for item in asked["items"]]
    elif kind == 13:
        shown = media(asked["file"])
        held = world.attachments.get(int(shown.get("attachment_id", 0)))
        body.update(file=shown, name=held.filename if held else None, size=len(held.data) if held else None,
                    spoiler=bool(asked.get("spoiler")))
    elif kind == 14:
        body.update(divider=asked.get("divider", True) is not False, spacing=asked.get("spacing") or 1)
    elif kind == 17:
        body.update(components=deeper(asked["components"]), accent_color=asked.get("accent_color"),
                    spoiler=bool(asked.get("spoiler")))
    return body


# --- the application -------------------------------------------------------------------------------

def application(world: World) -> Payload:
    flags = (1 << 18) if world.message_content else 0          # GATEWAY_MESSAGE_CONTENT, granted
    return {
        "id": str(world.app_id), "name": world.app_name, "icon": None, "description": "", "type": None,
        "bot": user(world.bot), "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64,
        "flags": flags, "flags_new": str(flags), "redirect_uris": [], "interactions_endpoint_url": None,
        "role_connections_verification_url": None, "owner": user(world.owner),
        "approximate_guild_count": len(world.guilds), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": None,
        "eligible_oauth2_scopes": [], "tags": [],
        "integration_types_config": {"0": {}, "1": {}},
    }


def command(world: World, asked: Payload, *, command_id: int, guild_id: int) -> Payload:
    """A registered command as Discord gives it back."""
    body: Payload = {
        "id": str(command_id), "application_id": str(world.app_id), "version": str(world.new_id()),
        "type": asked.get("type") or 1, "name": asked["name"], "description": asked.get("description") or "",
        "name_localizations": asked.get("name_localizations"),
        "description_localizations": asked.get("description_localizations"),
        "default_member_permissions": (None if asked.get("default_member_permissions") is None
                                       else str(asked["default_member_permissions"])),
        "nsfw": bool(asked.get("nsfw")), "contexts": asked.get("contexts"),
        "integration_types": asked.get("integration_types") or [0],
    }
    if guild_id:
        body["guild_id"] = str(guild_id)
    if asked.get("options"):
        body["options"] = [{key: value for key, value in option.items() if value is not None}
                           for option in asked["options"]]
    return body


def interaction_response(world: World, item: Interaction) -> Payload:
    """The body of an answered interaction callback that asked for one."""
    about: Payload = {"id": str(item.interaction_id), "type": item.kind, "channel_id": str(item.channel_id)}
    if item.guild_id is not None:
        about["guild_id"] = str(item.guild_id)
    body: Payload = {"interaction": about}
    shown = world.messages.get(item.original_id or 0)
    if shown is not None and item.answer_kind in (4, 5, 7):
        about.update(response_message_id=str(shown.message_id), response_message_loading=bool(shown.flags & LOADING),
                     response_message_ephemeral=shown.only_for is not None)
        if item.answer_kind in (4, 7):
            body["resource"] = {"type": item.answer_kind, "message": message(world, shown)}
    return body
