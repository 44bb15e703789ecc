"""How a message comes to be and changes: files, components, mentions, nonces, and what the log keeps of it."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import time

from bot.rehearsal import payloads, permissions, rules
from bot.rehearsal.refusals import Refusal, invalid
from bot.rehearsal.rest import Api, Call
from bot.rehearsal.world import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    Attachment,
    Channel,
    Interaction,
    Message,
    Payload,
    Revision,
    now,
)

SETTABLE_FLAGS = EPHEMERAL | COMPONENTS_V2 | (1 << 2) | (1 << 12)   # and suppress embeds, suppress notifications

FIRST_MARK = 10_000                        # a component's id above this was chosen by the bot, to find a message again


def picture_size(data: bytes) -> tuple[str | None, tuple[int, int] | None]:
    """The content type and size in pixels of a picture; (None, None) for anything else."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return Image.MIME.get(picture.format or ""), picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None, None


def take_upload(api: Api, filename: str, data: bytes, *, channel_id: int, description: str | None = None,
                ephemeral: bool = False) -> Attachment:
    """Keep an uploaded file, named and measured as Discord does."""
    name = rules.clean_file_name(filename)
    kind, size = picture_size(data)
    guessed = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return api.world.add_attachment(name, data, guessed, channel_id=channel_id, size=size, description=description,
                                    ephemeral=ephemeral)


def _attachments(api: Api, call: Call, body: Payload, message: Message, limit: int) -> list[int]:
    """The attachments a message has after this request: kept ones in the order asked for, then new ones."""
    for upload in call.files.values():
        if len(upload.data) > limit:
            raise Refusal(413, 40005)
    if len(call.files) > 10:
        raise invalid({"attachments": "Must be 10 or fewer in length."})
    asked = body.get("attachments")
    kept = list(message.attachments)
    described: dict[int, Payload] = {}
    if asked is not None:
        kept = []
        for index, item in enumerate(asked):
            number = int(item["id"])
            if number in message.attachments:
                kept.append(number)
                if item.get("description") is not None:
                    api.world.attachments[number].description = item["description"]
            elif number in call.files:
                described[number] = item
            else:
                raise invalid({f"attachments.{index}": "Attachment data not found"})
        for number in call.files:
            if number not in described:
                raise invalid({"attachments": f"files[{number}] is not among the attachments"})
    new = []
    for number, upload in sorted(call.files.items()):
        about = described.get(number, {})
        new.append(take_upload(api, about.get("filename") or upload.filename, upload.data,
                               channel_id=message.channel_id, description=about.get("description"),
                               ephemeral=message.only_for is not None).attachment_id)
    if len(kept) + len(new) > 10:
        raise invalid({"attachments": "Must be 10 or fewer in length."})
    return kept + new


def write(api: Api, call: Call, message: Message, body: Payload, *, creating: bool) -> None:
    """Apply a create or edit request to a message, refusing what Discord refuses. Nothing changes on a refusal."""
    world = api.world
    guests = set(world.attachments)
    try:
        limit = world.attachment_size_limit
        attachments = _attachments(api, call, body, message, limit)
        files = {world.attachments[a].filename: world.attachments[a] for a in attachments}
        was_v2 = bool(message.flags & COMPONENTS_V2) and not creating
        rules.check_message(
            body, was_v2=was_v2, file_names=list(files),
            kept={"content": message.content, "components": message.components, "embeds": message.embeds})
    except Refusal:
        for stray in set(world.attachments) - guests:
            del world.attachments[stray]
        raise
    message.attachments = attachments
    flags = body.get("flags")
    if flags is not None:
        message.flags = message.flags & ~SETTABLE_FLAGS | flags & SETTABLE_FLAGS
        if was_v2:
            message.flags |= COMPONENTS_V2
        if message.only_for is not None:
            message.flags |= EPHEMERAL
        elif not creating:
            message.flags &= ~EPHEMERAL
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = body["embeds"] or []
    if "components" in body:
        numbers = [0]
        message.components = [payloads.component(world, part, files, numbers) for part in body["components"] or []]
    message.flags &= ~LOADING
    if not creating:
        message.edited_at = now()
    _mentions(api, message, body)
    note(api, message, "create" if creating else "edit")


def _mentions(api: Api, message: Message, body: Payload) -> None:
    """Whom the words mention, and whom of them this would notify."""
    world = api.world
    words = message.content + "\n" + "\n".join(
        str(item.get("content", "")) for _, item in rules.walk(message.components) if item["type"] == rules.TEXT)
    channel = world.channels[message.channel_id]
    may = bool(world.permissions_of(message.author_id, channel) & permissions.MENTION_EVERYONE)
    pings = rules.who_is_pinged(words, body.get("allowed_mentions"), may_everyone=may)
    message.mentions = [int(p) for p in pings if p.isdigit() and int(p) in world.users]
    if message.edited_at is None:              # an edit notifies nobody
        message.pings = pings


def note(api: Api, message: Message, op: str) -> None:
    """Write a message's new state into its history and into the log."""
    world = api.world
    message.history.append(Revision(api.record.now_ms(), op, message.content, message.components,
                                    list(message.attachments)))
    where = world.channels[message.channel_id]
    api.record.add(
        "message", op=op, id=str(message.message_id), channel=str(message.channel_id),
        channel_name=where.name or "DM", author=world.users[message.author_id].name, content=message.content,
        texts=[part["content"] for _, part in rules.walk(message.components) if part["type"] == rules.TEXT],
        buttons=[part.get("label") or (part.get("emoji") or {}).get("name", "")
                 for _, part in rules.walk(message.components) if part["type"] == rules.BUTTON],
        components=sum(1 for _ in rules.walk(message.components)),
        attachments=[{"name": a.filename, "bytes": len(a.data), "sha256": hashlib.sha256(a.data).hexdigest(),
                      "alt": a.description} for a in (world.attachments[i] for i in message.attachments)],
        alt=[item.get("description") for _, part in rules.walk(message.components) if part["type"] == rules.GALLERY
             for item in part["items"]],
        mark=next((part["id"] for _, part in rules.walk(message.components) if part["id"] > FIRST_MARK), None),
        nonce=message.nonce, pings=message.pings, loading=message.loading,
        only_for=None if message.only_for is None else world.users[message.only_for].name,
        interaction=None if message.interaction_id is None else str(message.interaction_id))
    world.changed()


def add(api: Api, channel: Channel, author_id: int, *, only_for: int | None = None,
        interaction: Interaction | None = None, flags: int = 0) -> Message:
    """An empty message, not yet in its channel: `write` fills it, `place` puts it there."""
    return Message(api.world.new_id(), channel.channel_id, author_id, only_for=only_for, flags=flags,
                   interaction_id=interaction.interaction_id if interaction else None)


def place(api: Api, channel: Channel, message: Message) -> None:
    """Put a message into its channel, where people see it."""
    api.world.messages[message.message_id] = message
    channel.messages.append(message.message_id)
    if channel.is_thread and message.author_id not in channel.thread_members:
        channel.thread_members.append(message.author_id)
    api.world.changed()


def known_nonce(api: Api, channel: Channel, body: Payload) -> Message | None:
    """The message already made with this enforced nonce in the last minutes, if any."""
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    message_id = api.world.nonces.get((channel.channel_id, str(body["nonce"])))
    message = api.world.messages.get(message_id or 0)
    if message is None or time.time() - message.sent_at.timestamp() > api.world.nonce_lives_s:
        return None
    return message


def remember_nonce(api: Api, channel: Channel, message: Message) -> None:
    if message.nonce is not None:
        api.world.nonces[channel.channel_id, message.nonce] = message.message_id


async def delete(api: Api, channel: Channel, message: Message) -> None:
    """Take a message away and tell the bot."""
    message.deleted = True
    if message.message_id in channel.messages:
        channel.messages.remove(message.message_id)
    note(api, message, "delete")
    if message.only_for is None:
        body: Payload = {"id": str(message.message_id), "channel_id": str(channel.channel_id)}
        if channel.guild_id is not None:
            body["guild_id"] = str(channel.guild_id)
        await api.gateway.dispatch("MESSAGE_DELETE", body)
