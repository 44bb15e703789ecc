"""`thread.html`: a story's channel, thread or DM as people saw it in Discord, one self-contained page.

Made from the loopback's own state: what the server holds is what people saw, private answers included (marked with
the name of the one person they were for).
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.rehearsal import judge, rules
from bot.rehearsal.icons import icon
from bot.rehearsal.markdown import to_html
from bot.rehearsal.world import COMMAND, DM, Attachment, Channel, Message, Payload, User, World

CLOSE_S = 7 * 60                           # messages of one author so close in time stand under one name


@dataclass(slots=True)
class Entry:
    """One thing in a place, in the order of time."""

    at: datetime
    kind: str                              # "message", "form", "thread", "day"
    who: dict[str, Any] = field(default_factory=dict)
    first: bool = True                     # shows avatar and name
    facts: dict[str, Any] = field(default_factory=dict)


def thread_page(world: World, *, title: str, note: str = "") -> str:
    """The page. Every picture is inside it; it needs no network and no script."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(loader=PackageLoader("bot.rehearsal", "templates"), undefined=StrictUndefined,
                              autoescape=select_autoescape(default=True, default_for_string=True))
    page = Page(world)
    return environment.get_template("thread.html").render(
        title=title, note=note, places=page.places(), app=world.app_name)


class Page:
    """Turns a world into what the template shows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._pictures: dict[int, str] = {}
        self._avatars = {person.user_id: _uri(world.avatar_of(person), "image/png") for person in world.users.values()}

    def places(self) -> list[dict[str, Any]]:
        """Every place in which anything happened: server channels, then threads, then DMs."""
        found = []
        for channel in sorted(self.world.channels.values(), key=lambda c: (c.kind == DM, c.channel_id)):
            entries = self._entries(channel)
            if entries:
                found.append({"name": self._name(channel), "kind": self._kind(channel), "entries": entries,
                              "topic": self._topic(channel)})
        return found

    # --- places ----------------------------------------------------------------------------------

    def _name(self, channel: Channel) -> str:
        if channel.kind == DM:
            return " & ".join(self.world.users[user_id].name for user_id in channel.recipients)
        return channel.name

    @staticmethod
    def _kind(channel: Channel) -> str:
        return "dm" if channel.kind == DM else "thread" if channel.is_thread else "channel"

    def _topic(self, channel: Channel) -> str:
        if channel.kind == DM:
            return f"direct messages with {self.world.app_name}"
        guild = self.world.guilds[channel.guild_id or 0]
        if channel.is_thread:
            parent = self.world.channels[channel.parent_id or 0]
            return f"thread in #{parent.name} · {guild.name}"
        return guild.name

    def _entries(self, channel: Channel) -> list[Entry]:
        entries = [self._message(self.world.messages[number]) for number in channel.messages
                   if not self.world.messages[number].deleted]
        entries += [Entry(card.at, "form", self._who(self.world.users[card.user_id]), facts={
            "title": card.title, "fields": [
                {"label": label, "text": text, "pictures": [self._picture(self.world.attachments[a]) for a in files
                                                            if a in self.world.attachments]}
                for label, text, files in card.fields]})
            for card in self.world.modals if card.channel_id == channel.channel_id]
        entries += [Entry(thread.created_at, "thread", self._who(self.world.bot), facts={
            "name": thread.name, "messages": len(thread.messages)})
            for thread in self.world.threads_of(channel.channel_id)]
        entries.sort(key=lambda entry: entry.at)
        before: Entry | None = None
        for entry in entries:
            if (before is not None and before.kind == entry.kind == "message" and before.who == entry.who
                    and (entry.at - before.at).total_seconds() < CLOSE_S
                    and not entry.facts["used"] and not entry.facts["reply"] and not entry.facts["interaction"]
                    and entry.facts["only_for"] == before.facts["only_for"]):
                entry.first = False
            before = entry
        return entries

    # --- messages --------------------------------------------------------------------------------

    def _who(self, person: User) -> dict[str, Any]:
        return {"name": person.name, "avatar": self._avatars[person.user_id], "bot": person.bot}

    def _message(self, message: Message) -> Entry:
        world = self.world
        inside = {(part.get("media") or part.get("file") or {}).get("attachment_id") for part in self._media(message)}
        loose = [world.attachments[number] for number in message.attachments if str(number) not in inside]
        interaction = world.interactions.get(message.interaction_id or 0)
        reply = None
        if message.reference is not None:
            target = world.messages.get(int(message.reference["message_id"]))
            if target is not None and not target.deleted and interaction is None:
                words = target.content or " ".join(c.get("content", "") for c in target.components)
                reply = {"who": self._who(world.users[target.author_id]), "text": words[:120]}
        used = None
        if interaction is not None and interaction.kind == COMMAND and message.kind == 20:
            used = {"who": self._who(world.users[interaction.user_id]), "command": interaction.label}
        return Entry(message.sent_at, "message", self._who(world.users[message.author_id]), facts={
            "id": str(message.message_id), "html": to_html(message.content, self._mention) if message.content else "",
            "interaction": message.interaction_id, "edited": message.edited_at is not None, "thinking": message.loading,
            "only_for": world.users[message.only_for].name if message.only_for is not None else "",
            "used": used, "reply": reply,
            "components": [self._component(part) for part in message.components],
            "pictures": [self._picture(f) for f in loose if _is_picture(f)],
            "files": [{"name": f.filename, "size": _size(len(f.data))} for f in loose if not _is_picture(f)],
            "reactions": [{"emoji": e, "count": len(people)} for e, people in message.reactions.items() if people],
            "strip": self._strip(message)})

    def _media(self, message: Message) -> list[Payload]:
        found: list[Payload] = []
        for _, part in rules.walk(message.components):
            found += part.get("items") or []
            if part["type"] in (rules.THUMBNAIL, rules.FILE):
                found.append(part)
        return found

    def _strip(self, message: Message) -> list[str]:
        """The previews people saw while a panel was drawn, as small pictures."""
        seen: list[str] = []
        for revision in message.history[:-1]:
            for number in revision.attachments:
                kept = self.world.attachments[number]
                match = judge.PANEL_FILE.match(kept.filename)
                if match and match["stage"] == "step":
                    seen.append(_uri(_thumbnail(kept.data), "image/jpeg"))
        return seen

    def _component(self, part: Payload) -> dict[str, Any]:
        kind = part["type"]
        inside = [self._component(each) for each in part.get("components") or ()]
        if kind == 1:
            return {"kind": "row", "inside": inside}
        if kind == 2:
            style = {1: "primary", 3: "success", 4: "danger", 5: "link"}.get(part["style"], "secondary")
            emoji = (part.get("emoji") or {}).get("name", "")
            return {"kind": "button", "label": part.get("label", ""), "style": style, "emoji": emoji,
                    "icon": icon(emoji), "disabled": bool(part.get("disabled"))}
        if kind in (3, 5, 6, 7, 8):
            chosen = [o["label"] for o in part.get("options") or () if o.get("default")]
            return {"kind": "select", "label": ", ".join(chosen) or part.get("placeholder") or "Make a selection",
                    "chosen": bool(chosen), "of": part.get("placeholder") or "",
                    "count": len(part.get("options") or ())}
        if kind == 9:
            return {"kind": "section", "inside": inside, "accessory": self._component(part["accessory"])}
        if kind == 10:
            return {"kind": "text", "html": to_html(part["content"], self._mention)}
        if kind == 11:
            return {"kind": "thumbnail", "picture": self._media_picture(part)}
        if kind == 12:
            return {"kind": "gallery", "pictures": [self._media_picture(item) for item in part["items"]]}
        if kind == 13:
            return {"kind": "file", "name": part.get("name") or "file", "size": _size(part.get("size") or 0)}
        if kind == 14:
            return {"kind": "separator", "divider": part.get("divider", True), "wide": part.get("spacing") == 2}
        if kind == 17:
            colour = part.get("accent_color")
            return {"kind": "container", "inside": inside, "colour": "" if colour is None else f"#{colour:06x}"}
        return {"kind": "unknown"}

    def _media_picture(self, item: Payload) -> dict[str, Any]:
        number = int(item["media"].get("attachment_id") or 0)
        kept = self.world.attachments.get(number)
        if kept is None:
            return {"src": "", "alt": item.get("description") or "", "name": item["media"]["url"], "spoiler": False}
        return {**self._picture(kept), "alt": item.get("description") or kept.description or kept.filename,
                "spoiler": bool(item.get("spoiler"))}

    def _picture(self, kept: Attachment) -> dict[str, Any]:
        if kept.attachment_id not in self._pictures:
            self._pictures[kept.attachment_id] = _uri(kept.data, kept.content_type) if _is_picture(kept) else ""
        return {"src": self._pictures[kept.attachment_id], "alt": kept.description or kept.filename,
                "name": kept.filename, "spoiler": False}

    def _mention(self, kind: str, number: int) -> str:
        if kind == "#":
            channel = self.world.channels.get(number)
            return channel.name if channel else "unknown"
        person = self.world.users.get(number)
        return person.name if person else "unknown"


def _is_picture(kept: Attachment) -> bool:
    return kept.width is not None and kept.content_type.startswith("image/")


def _uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _thumbnail(data: bytes) -> bytes:
    """A JPEG of at most 112 pixels a side."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((112, 112))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} KB" if count < 2**20 else f"{count / 2**20:.1f} MB"
