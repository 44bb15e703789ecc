"""Discord's permission arithmetic: roles, overwrites, and what a thread makes of them. Pure.

Source: "Permissions" in Discord's developer documentation.
"""

from __future__ import annotations

from collections.abc import Sequence

CREATE_INVITE = 1 << 0
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
EXTERNAL_EMOJIS = 1 << 18
CONNECT, SPEAK, USE_VAD = 1 << 20, 1 << 21, 1 << 25
CHANGE_NICKNAME = 1 << 26
USE_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
EXTERNAL_STICKERS = 1 << 37
SEND_IN_THREADS = 1 << 38
SEND_VOICE_MESSAGES = 1 << 46
SEND_POLLS = 1 << 49
EXTERNAL_APPS = 1 << 50
ALL = (1 << 53) - 1

NAMES = {
    ADMINISTRATOR: "Administrator", MANAGE_GUILD: "Manage Server", ADD_REACTIONS: "Add Reactions",
    VIEW_CHANNEL: "View Channel", SEND_MESSAGES: "Send Messages", MANAGE_MESSAGES: "Manage Messages",
    EMBED_LINKS: "Embed Links", ATTACH_FILES: "Attach Files", READ_HISTORY: "Read Message History",
    MENTION_EVERYONE: "Mention Everyone", USE_COMMANDS: "Use Application Commands",
    MANAGE_THREADS: "Manage Threads", CREATE_PUBLIC_THREADS: "Create Public Threads",
    CREATE_PRIVATE_THREADS: "Create Private Threads", SEND_IN_THREADS: "Send Messages in Threads",
}

#: What @everyone may do on a server nobody has changed.
EVERYONE_USUAL = (CREATE_INVITE | ADD_REACTIONS | VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES
                  | READ_HISTORY | EXTERNAL_EMOJIS | CONNECT | SPEAK | USE_VAD | CHANGE_NICKNAME | USE_COMMANDS
                  | CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS | EXTERNAL_STICKERS | SEND_IN_THREADS
                  | SEND_VOICE_MESSAGES | SEND_POLLS | EXTERNAL_APPS)
#: What the bot's own role carries when it was invited with what a story needs.
BOT_INVITED = (VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY | ADD_REACTIONS
               | CREATE_PUBLIC_THREADS | SEND_IN_THREADS)
#: What a bot may do in a DM with a person.
IN_A_DM = (ADD_REACTIONS | VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY
           | MENTION_EVERYONE | EXTERNAL_EMOJIS)


def compute(*, guild_id: int, owner: bool, user_id: int, roles: Sequence[tuple[int, int]],
            overwrites: Sequence[tuple[int, int, int, int]]) -> int:
    """A member's permissions in a channel.

    `roles` are (role id, bits) with @everyone (whose id is the server's) first; `overwrites` are
    (target id, 0 for a role or 1 for a member, allow, deny) of the channel, or of a thread's parent.
    """
    bits = 0
    for _, granted in roles:
        bits |= granted
    if owner or bits & ADMINISTRATOR:
        return ALL
    held = {role_id for role_id, _ in roles}
    for target, kind, allow, deny in overwrites:
        if kind == 0 and target == guild_id:
            bits = bits & ~deny | allow
    allowed = denied = 0
    for target, kind, allow, deny in overwrites:
        if kind == 0 and target != guild_id and target in held:
            allowed |= allow
            denied |= deny
    bits = bits & ~denied | allowed
    for target, kind, allow, deny in overwrites:
        if kind == 1 and target == user_id:
            bits = bits & ~deny | allow
    return bits if bits & VIEW_CHANNEL else 0


def missing(bits: int, needed: int) -> list[str]:
    """The names of the needed permissions that are not held."""
    return [name for bit, name in NAMES.items() if needed & bit and not bits & bit]
