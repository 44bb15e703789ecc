"""What the loopback Discord knows: people, servers, channels, messages, interactions. Plain state, no sockets.

Identifiers are integers here and become strings at the edge, as Discord's are. Times are UTC. Rendering into
API payloads is in `payloads.py`, permissions are in `permissions.py`, refusals in `rules.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.rehearsal import avatars, permissions

Payload = dict[str, Any]
T = TypeVar("T")

DISCORD_EPOCH_MS = 1_420_070_400_000
TEXT, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
FIRST_ANSWER_S = 3.0
TOKEN_LIVES_S = 15 * 60.0


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class User:
    user_id: int
    username: str
    name: str                                  # the shown name
    bot: bool = False
    locale: str = "en-US"
    avatar: bytes | None = None                # PNG
    has_app: bool = True                       # installed the app for themselves: may use it in DMs
    closed_dms: bool = False                   # refuses direct messages from the bot


@dataclass(slots=True)
class Role:
    role_id: int
    name: str
    permissions: int
    position: int = 0
    managed: bool = False


@dataclass(slots=True)
class Overwrite:
    """A channel's exception for a role (`kind` 0) or a member (`kind` 1)."""

    target_id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Channel:
    channel_id: int
    kind: int
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    owner_id: int | None = None
    recipients: list[int] = field(default_factory=list)       # DMs
    overwrites: list[Overwrite] = field(default_factory=list)
    thread_members: list[int] = field(default_factory=list)
    archived: bool = False
    locked: bool = False
    auto_archive_min: int = 1440
    slowmode_s: int = 0
    topic: str | None = None
    nsfw: bool = False
    created_at: datetime = field(default_factory=now)
    archived_at: datetime = field(default_factory=now)
    messages: list[int] = field(default_factory=list)
    deleted: bool = False

    @property
    def is_thread(self) -> bool:
        return self.kind in (10, PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass(slots=True)
class Member:
    user_id: int
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    joined_at: datetime = field(default_factory=now)


@dataclass(slots=True)
class Guild:
    guild_id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Attachment:
    attachment_id: int
    filename: str
    data: bytes
    content_type: str
    width: int | None = None
    height: int | None = None
    description: str | None = None
    ephemeral: bool = False
    channel_id: int = 0
    gone: bool = False                         # the CDN has lost it


@dataclass(slots=True)
class Revision:
    """How a message looked at one moment."""

    at_ms: float
    op: str                                    # "create", "edit", "delete"
    content: str
    components: list[Payload]
    attachments: list[int]


@dataclass(slots=True)
class Message:
    message_id: int
    channel_id: int
    author_id: int
    content: str = ""
    components: list[Payload] = field(default_factory=list)
    embeds: list[Payload] = field(default_factory=list)
    attachments: list[int] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    nonce: str | None = None
    sent_at: datetime = field(default_factory=now)
    edited_at: datetime | None = None
    only_for: int | None = None                # ephemeral: the one person who sees it
    interaction_id: int | None = None
    reference: Payload | None = None
    pings: list[str] = field(default_factory=list)             # who would have been notified
    mentions: list[int] = field(default_factory=list)
    reactions: dict[str, list[int]] = field(default_factory=dict)
    pinned: bool = False
    deleted: bool = False
    thread_id: int | None = None
    history: list[Revision] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """True while the bot "is thinking"."""
        return bool(self.flags & LOADING)


@dataclass(slots=True)
class Interaction:
    interaction_id: int
    token: str
    kind: int
    user_id: int
    channel_id: int
    guild_id: int | None
    data: Payload
    label: str                                 # what the person did, in words: "/story start", "Take turn"
    locale: str = "en-US"
    message_id: int | None = None              # the clicked message, or the one a modal came from
    parent_id: int | None = None               # the interaction that opened the modal
    sent: float = field(default_factory=time.monotonic)
    answered: float | None = None
    answer_kind: int | None = None             # 4, 5, 6, 7, 8 or 9
    original_id: int | None = None             # the message that is its first answer
    followups: list[int] = field(default_factory=list)
    modal: Payload | None = None
    choices: list[Payload] | None = None

    def ms_since_sent(self) -> float:
        return round((time.monotonic() - self.sent) * 1000, 1)


@dataclass(slots=True)
class ModalCard:
    """A modal somebody filled in, kept for the page of the thread."""

    at: datetime
    user_id: int
    channel_id: int
    title: str
    fields: list[tuple[str, str, list[int]]]   # label, text, attachments


class World:
    """Everything, and a way to wait for it to change."""

    def __init__(self, *, app_name: str = "Storythread", message_content: bool = True) -> None:
        self._counter = itertools.count(1)
        self._last_id = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self.base_url = ""                     # set when the server listens
        self.token = "loopback." + secrets.token_hex(12)
        self.app_name = app_name
        self.message_content = message_content   # the privileged intent is granted
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: dict[int, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self.commands: dict[int, dict[int, Payload]] = {0: {}}   # guild id (0: global) -> command id -> command
        self.commands_created = 0
        self.modals: list[ModalCard] = []
        self.nonces: dict[tuple[int, str], int] = {}
        self.typing: list[tuple[int, float]] = []
        self.attachment_size_limit = 10 * 1024 * 1024
        self.nonce_lives_s = 300.0
        self.first_answer_s = FIRST_ANSWER_S
        self.owner = self.add_user("Operator", has_app=False)
        self.bot = self.add_user(app_name, bot=True, avatar=avatars.book())
        self.app_id = self.bot.user_id

    # --- time and identity -----------------------------------------------------------------------

    def new_id(self) -> int:
        """A snowflake: strictly growing, with the millisecond of its making in the upper bits."""
        made = ((int(time.time() * 1000) - DISCORD_EPOCH_MS) << 22) | (next(self._counter) & 0xFFF)
        self._last_id = made if made > self._last_id else self._last_id + 1
        return self._last_id

    def changed(self) -> None:
        """Wake everybody who waits for something to happen."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], T | None], timeout_s: float) -> T | None:
        """The first thing `look` finds (anything but None), looking again after every change; None when late."""
        deadline = time.monotonic() + timeout_s
        while (found := look()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait_for(waiter, min(left, 0.25))
            except TimeoutError:
                self._waiters.discard(waiter)
        return found

    # --- making things ---------------------------------------------------------------------------

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US", avatar: bytes | None = None,
                 has_app: bool = True) -> User:
        username = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())[:32] or "somebody"
        user = User(self.new_id(), username, name, bot=bot, locale=locale, avatar=avatar, has_app=has_app)
        self.users[user.user_id] = user
        return user

    def avatar_of(self, person: User) -> bytes:
        """Their avatar, or one with their initial, PNG."""
        if person.avatar is not None:
            return person.avatar
        letter = next((c for c in person.name if c.isalnum()), "?").upper()
        return avatars.lettered(letter, list(self.users).index(person.user_id))

    def add_guild(self, name: str, *, owner: User | None = None, locale: str = "en-US", with_bot: bool = True,
                  bot_permissions: int = permissions.BOT_INVITED) -> Guild:
        """A server with Discord's usual @everyone permissions; the bot in it with a role of its own."""
        guild = Guild(self.new_id(), name, (owner or self.owner).user_id, locale)
        guild.roles[guild.guild_id] = Role(guild.guild_id, "@everyone", permissions.EVERYONE_USUAL)
        self.guilds[guild.guild_id] = guild
        self.join(guild, self.users[guild.owner_id])
        if with_bot:
            role = Role(self.new_id(), self.app_name, bot_permissions, position=1, managed=True)
            guild.roles[role.role_id] = role
            self.join(guild, self.bot).roles.append(role.role_id)
        return guild

    def join(self, guild: Guild, user: User) -> Member:
        return guild.members.setdefault(user.user_id, Member(user.user_id))

    def add_channel(self, guild: Guild, name: str, *, kind: int = TEXT) -> Channel:
        channel = Channel(self.new_id(), kind, name, guild.guild_id)
        self.channels[channel.channel_id] = channel
        return channel

    def dm_with(self, user: User) -> Channel:
        """The one DM between the bot and this person."""
        for channel in self.channels.values():
            if channel.kind == DM and channel.recipients == [user.user_id]:
                return channel
        channel = Channel(self.new_id(), DM, recipients=[user.user_id])
        self.channels[channel.channel_id] = channel
        return channel

    def add_attachment(self, filename: str, data: bytes, content_type: str, *, channel_id: int,
                       size: tuple[int, int] | None = None, description: str | None = None,
                       ephemeral: bool = False) -> Attachment:
        width, height = size or (None, None)
        attachment = Attachment(self.new_id(), filename, data, content_type, width, height, description,
                                ephemeral, channel_id)
        self.attachments[attachment.attachment_id] = attachment
        return attachment

    # --- finding things --------------------------------------------------------------------------

    def channel(self, channel_id: int) -> Channel | None:
        channel = self.channels.get(channel_id)
        return None if channel is None or channel.deleted else channel

    def message(self, channel_id: int, message_id: int) -> Message | None:
        message = self.messages.get(message_id)
        return message if message and message.channel_id == channel_id and not message.deleted else None

    def threads_of(self, channel_id: int) -> list[Channel]:
        return [c for c in self.channels.values() if c.parent_id == channel_id and c.is_thread and not c.deleted]

    def seen_by(self, user_id: int, channel_id: int) -> list[Message]:
        """The messages this person can see in a channel, oldest first."""
        channel = self.channels[channel_id]
        found = (self.messages[message_id] for message_id in channel.messages)
        return [m for m in found if not m.deleted and m.only_for in (None, user_id)]

    def permissions_of(self, user_id: int, channel: Channel) -> int:
        """What this person may do in this channel: a Discord permission bit set."""
        if channel.guild_id is None:
            return permissions.IN_A_DM if user_id in (*channel.recipients, self.bot.user_id) else 0
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user_id)
        if member is None:
            return 0
        ground = self.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
        return permissions.compute(
            guild_id=guild.guild_id, owner=guild.owner_id == user_id, user_id=user_id,
            roles=[(role_id, guild.roles[role_id].permissions) for role_id in (guild.guild_id, *member.roles)],
            overwrites=[(o.target_id, o.kind, o.allow, o.deny) for o in ground.overwrites])

    def interaction_by_token(self, token: str) -> Interaction | None:
        return self.tokens.get(token)
