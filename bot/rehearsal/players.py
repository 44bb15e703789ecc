"""Scripted players: people who use slash commands, fill in forms, click, choose and write, as Discord lets them.

A player can only do what Discord's own app would let a person do: a command must be registered for this place, a
required option given, a button visible and enabled, a text no longer than its field. Otherwise `CannotDo` says why.
Everything they do reaches the bot through the gateway, with the payload Discord sends.
"""

from __future__ import annotations

import mimetypes
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.rehearsal import payloads, permissions, rules, writing
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.world import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    DM,
    EPHEMERAL,
    MODAL_SUBMIT,
    Attachment,
    Channel,
    Interaction,
    Message,
    ModalCard,
    Payload,
    User,
    World,
    now,
)

SUB_COMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 6, 7, 8, 10, 11
MESSAGE_MENU = 3                           # the type of a command in the menu of a message
LONGEST_MESSAGE = 2000


class CannotDo(Exception):
    """Discord's app would not let a person do this."""


class NotSeen(Exception):
    """What a player waited for did not come in time."""


@dataclass(frozen=True, slots=True)
class File:
    """A file a player uploads."""

    name: str
    data: bytes
    content_type: str = ""

    @classmethod
    def read(cls, path: Path) -> File:
        return cls(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0] or "")


Given = str | int | float | bool | File | User


def words_of(message: Message) -> str:
    """Everything a person can read in a message: content, text displays, labels."""
    parts = [message.content]
    for _, item in rules.walk(message.components):
        parts += [str(item[key]) for key in ("content", "label", "placeholder") if item.get(key)]
        parts += [str(option["label"]) for option in item.get("options") or ()]
    return "\n".join(part for part in parts if part)


def readable(world: World, message: Message) -> str:
    """The same as a person reads it: without markup, mentions by name, single spaces, in lower case."""

    def name(match: re.Match[str]) -> str:
        kind, number = match[1], int(match[2])
        if kind == "#":
            channel = world.channels.get(number)
            return f"#{channel.name}" if channel else "#unknown"
        person = world.users.get(number)
        return f"@{person.name}" if person else "@unknown"

    text = re.sub(r"<(#|@[!&]?)(\d+)>", name, words_of(message))
    text = re.sub(r"(?m)^(?:#{1,3}|-#|>{1,3}|[-*]) ", "", text)
    text = re.sub(r"\\([^\w\s])", "\\1", re.sub(r"(?<!\\)[*`~|]|(?<!\\)__", "", text))
    return " ".join(text.split()).casefold()


def buttons_of(message: Message) -> list[Payload]:
    return [item for _, item in rules.walk(message.components) if item["type"] == rules.BUTTON]


def selects_of(message: Message) -> list[Payload]:
    return [item for _, item in rules.walk(message.components) if item["type"] in rules.SELECTS]


def label_of(button: Payload) -> str:
    """What is written on a button; its emoji when there is no word."""
    return str(button.get("label") or (button.get("emoji") or {}).get("name") or "")


class Player:
    """One person at the keyboard. `place` is the channel, thread or DM they are looking at."""

    def __init__(self, loopback: Loopback, person: User, place: Channel) -> None:
        self.loopback = loopback
        self.world = loopback.world
        self.person = person
        self.place = place
        self.last: Interaction | None = None

    @property
    def name(self) -> str:
        return self.person.name

    # --- looking ---------------------------------------------------------------------------------

    def seen(self, place: Channel | None = None) -> list[Message]:
        """The messages in front of this person, oldest first."""
        return self.world.seen_by(self.person.user_id, (place or self.place).channel_id)

    async def see(self, text: str = "", *, timeout_s: float = 60.0, after: int = 0, private: bool | None = None,
                  also: Callable[[Message], bool] | None = None, place: Channel | None = None,
                  since_ms: float = -1.0) -> Message:
        """Wait for a finished message that says `text` (upper and lower case alike) and return the newest such.

        `after` is a message id: only newer ones count. With `since_ms` (of the record) only messages that came or
        changed since then do. `private` True wants one that only this person sees,
        False one everybody sees. Raises `NotSeen`.
        """
        wanted = " ".join(text.split()).casefold()

        def look() -> Message | None:
            for message in reversed(self.seen(place)):
                if (message.message_id > after and not message.loading and message.history[-1].at_ms >= since_ms
                        and wanted in readable(self.world, message)
                        and (private is None or (message.only_for is not None) == private)
                        and (also is None or also(message))):
                    return message
            return None

        found = await self.world.until(look, timeout_s)
        if found is None:
            on_screen = "\n".join(f"  - {words_of(m)[:120]!r}" for m in self.seen(place)[-6:]) or "  (nothing)"
            raise NotSeen(f"{self.name} did not see {text!r} in {timeout_s:g} s; the last messages were\n{on_screen}")
        return found

    # --- interactions ----------------------------------------------------------------------------

    def _interaction(self, kind: int, data: Payload, label: str, *, message: Message | None = None,
                     parent: Interaction | None = None) -> tuple[Interaction, Payload]:
        """An interaction and the payload of its INTERACTION_CREATE."""
        world, place = self.world, self.place
        item = Interaction(world.new_id(), secrets.token_urlsafe(120), kind, self.person.user_id, place.channel_id,
                           place.guild_id, data, label, self.person.locale,
                           message_id=message.message_id if message else None,
                           parent_id=parent.interaction_id if parent else None)
        mine = world.permissions_of(self.person.user_id, place)
        body: Payload = {
            "id": str(item.interaction_id), "application_id": str(world.app_id), "type": kind, "data": data,
            "token": item.token, "version": 1, "locale": self.person.locale, "entitlements": [],
            "entitlement_sku_ids": [], "attachment_size_limit": world.attachment_size_limit,
            "authorizing_integration_owners": payloads.integration_owners(world, item),
            "channel_id": str(place.channel_id), "channel": payloads.channel(world, place)}
        if place.guild_id is None:
            body.update(context=1, user=payloads.user(self.person), app_permissions=str(
                permissions.ATTACH_FILES | permissions.EMBED_LINKS | permissions.MENTION_EVERYONE
                | permissions.EXTERNAL_EMOJIS))
        else:
            guild = world.guilds[place.guild_id]
            body["channel"]["permissions"] = str(mine)
            held = self._app_permissions(place)
            body.update(
                context=0, guild_id=str(guild.guild_id), guild_locale=guild.locale, app_permissions=str(held),
                guild={"id": str(guild.guild_id), "locale": guild.locale, "features": []},
                member={**payloads.member(guild, guild.members[self.person.user_id], self.person),
                        "permissions": str(mine)})
        if message is not None:
            body["message"] = payloads.message(world, message, nonce=False)
        return item, body

    def _app_permissions(self, place: Channel) -> int:
        """What the app may do here; where only the person installed it, what an app of theirs may."""
        guild = self.world.guilds[place.guild_id or 0]
        if self.world.bot.user_id in guild.members:
            return self.world.permissions_of(self.world.bot.user_id, place)
        return self.world.permissions_of(self.person.user_id, place) & (
            permissions.ATTACH_FILES | permissions.EMBED_LINKS | permissions.EXTERNAL_EMOJIS
            | permissions.MENTION_EVERYONE)

    async def _send(self, item: Interaction, body: Payload, *, timeout_s: float | None = None) -> Interaction:
        """Deliver it to the bot and wait for the first answer; afterwards it may be looked at in `item`."""
        world = self.world
        world.interactions[item.interaction_id] = item
        world.tokens[item.token] = item
        self.last = item
        self.loopback.record.add("player", who=self.name, did=item.label, interaction=str(item.interaction_id),
                                 type=item.kind, channel=str(item.channel_id))
        item.sent = time.monotonic()
        await self.loopback.gateway.dispatch("INTERACTION_CREATE", body)
        patience_s = world.first_answer_s + 0.5 if timeout_s is None else timeout_s
        await world.until(lambda: item if item.answered is not None else None, patience_s)
        if item.answered is None:
            self.loopback.record.add("violation", what="no answer", interaction=str(item.interaction_id),
                                     label=item.label)
        return item

    # --- slash commands --------------------------------------------------------------------------

    def _command(self, path: str) -> tuple[Payload, list[Payload]]:
        """The registered command for `/story start`, and the chain of its sub-options."""
        names = path.strip().removeprefix("/").split()
        shelves = [self.world.commands.get(self.place.guild_id or -1, {}), self.world.commands[0]]
        found = (c for shelf in shelves for c in shelf.values() if c["name"] == names[0] and c["type"] == 1)
        command = next(found, None)
        if command is None:
            raise CannotDo(f"there is no command /{names[0]} here: has the bot registered its commands?")
        self._may_use(command)
        chain, node = [], command
        for name in names[1:]:
            node = next((o for o in node.get("options") or () if o["name"] == name and o["type"] <= GROUP), {})
            if not node:
                raise CannotDo(f"/{' '.join(names)} is not a command")
            chain.append(node)
        if any(o["type"] <= GROUP for o in node.get("options") or ()):
            raise CannotDo(f"/{' '.join(names)} needs a subcommand")
        return command, chain

    def _may_use(self, command: Payload) -> None:
        context = 1 if self.place.kind == DM else 0
        contexts = command.get("contexts")
        if contexts is not None and context not in contexts:
            raise CannotDo(f"/{command['name']} cannot be used {'in a DM' if context else 'on a server'}")
        if self.place.guild_id is None:
            return
        guild = self.world.guilds[self.place.guild_id]
        mine = self.world.permissions_of(self.person.user_id, self.place)
        if not mine & permissions.USE_COMMANDS:
            raise CannotDo("this person may not use commands here")
        wanted = int(command.get("default_member_permissions") or 0)
        if mine & wanted != wanted:
            raise CannotDo(f"/{command['name']} needs permissions this person does not have")
        if self.world.bot.user_id not in guild.members and not (
                1 in command["integration_types"] and self.person.has_app):
            raise CannotDo("the app is not on this server and not with this person")

    def _options(self, node: Payload, given: Mapping[str, Given], *,
                 focused: str = "") -> tuple[list[Payload], Payload]:
        """Option payloads and `resolved`, checked as Discord's app checks them."""
        known = {option["name"]: option for option in node.get("options") or ()}
        for name in given:
            if name not in known:
                raise CannotDo(f"there is no option {name!r}; there are {', '.join(known) or 'none'}")
        if not focused:
            for name, option in known.items():
                if option.get("required") and name not in given:
                    raise CannotDo(f"the option {name!r} is required")
        options: list[Payload] = []
        resolved: Payload = {}
        for name, value in given.items():
            option = known[name]
            sent = self._value(option, value, resolved, focused=name == focused)
            entry: Payload = {"name": name, "type": option["type"], "value": sent}
            if name == focused:
                entry["focused"] = True
            options.append(entry)
        return options, resolved

    def _value(self, option: Payload, value: Given, resolved: Payload, *, focused: bool) -> Any:
        kind, name = option["type"], option["name"]
        if kind == ATTACHMENT:
            if not isinstance(value, File):
                raise CannotDo(f"{name!r} wants a file")
            kept = self._upload(value)
            resolved.setdefault("attachments", {})[str(kept.attachment_id)] = payloads.attachment(self.world, kept)
            return str(kept.attachment_id)
        if kind == USER:
            if not isinstance(value, User):
                raise CannotDo(f"{name!r} wants a person")
            resolved.setdefault("users", {})[str(value.user_id)] = payloads.user(value)
            if self.place.guild_id is not None:
                guild = self.world.guilds[self.place.guild_id]
                if value.user_id in guild.members:
                    resolved.setdefault("members", {})[str(value.user_id)] = {
                        **payloads.member(guild, guild.members[value.user_id], None),
                        "permissions": str(self.world.permissions_of(value.user_id, self.place))}
            return str(value.user_id)
        if kind == BOOLEAN:
            if not isinstance(value, bool):
                raise CannotDo(f"{name!r} is true or false")
            return value
        choices = option.get("choices")
        if choices and not focused:
            for choice in choices:
                shown = (choice.get("name_localizations") or {}).get(self.person.locale, choice["name"])
                if value in (choice["value"], choice["name"], shown):
                    return choice["value"]
            raise CannotDo(f"{name!r} must be one of {', '.join(choice['name'] for choice in choices)}")
        if kind == STRING:
            text = str(value)
            if not focused and not option.get("min_length", 0) <= len(text) <= option.get("max_length", 6000):
                raise CannotDo(f"{name!r} must be {option.get('min_length', 0)} to {option.get('max_length', 6000)} "
                               "characters")
            return text
        if kind in (INTEGER, NUMBER):
            number = float(value) if kind == NUMBER else int(value)  # type: ignore[arg-type]
            if not option.get("min_value", number) <= number <= option.get("max_value", number):
                raise CannotDo(f"{name!r} is out of range")
            return number
        raise CannotDo(f"options of type {kind} are not played")

    def _upload(self, file: File) -> Attachment:
        if len(file.data) > self.world.attachment_size_limit:
            raise CannotDo(f"{file.name} is too big for Discord")
        kept = writing.take_upload(self.loopback.api, file.name, file.data, channel_id=self.place.channel_id,
                                   ephemeral=True)
        if file.content_type:
            kept.content_type = file.content_type
        return kept

    async def command(self, path: str, **given: Given) -> Interaction:
        """Use a slash command, such as `command("/story start", title="The lost teddy")`."""
        command, chain = self._command(path)
        options, resolved = self._options(chain[-1] if chain else command, given)
        return await self._send(*self._command_interaction(COMMAND, path, command, chain, options, resolved))

    def _command_interaction(self, kind: int, path: str, command: Payload, chain: Sequence[Payload],
                             options: list[Payload], resolved: Payload) -> tuple[Interaction, Payload]:
        for node in reversed(chain):
            options = [{"name": node["name"], "type": node["type"], "options": options}]
        data: Payload = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
        if resolved:
            data["resolved"] = resolved
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        return self._interaction(kind, data, "/" + path.strip().removeprefix("/"))

    async def use(self, menu: str, on: Message) -> Interaction:
        """Use a command of a message's menu: `menu` as this person reads it there. Raises `CannotDo`."""
        shelves = [self.world.commands.get(self.place.guild_id or -1, {}), self.world.commands[0]]
        found = [c for shelf in shelves for c in shelf.values() if c["type"] == MESSAGE_MENU
                 and menu == (c["name_localizations"] or {}).get(self.person.locale, c["name"])]
        if not found:
            raise CannotDo(f"there is no {menu!r} in the menu of a message here")
        self._may_use(found[0])
        if on not in self.seen():
            raise CannotDo("this person does not see that message")
        data: Payload = {"id": found[0]["id"], "name": found[0]["name"], "type": MESSAGE_MENU,
                         "target_id": str(on.message_id), "resolved": {"messages": {
                             str(on.message_id): payloads.message(self.world, on, nonce=False)}}}
        return await self._send(*self._interaction(COMMAND, data, f"menu: {menu}"))

    async def suggestions(self, path: str, option: str, typed: str = "", **given: Given) -> list[Payload]:
        """What autocomplete offers while this person types. Raises `CannotDo` where the option does not complete."""
        command, chain = self._command(path)
        node = chain[-1] if chain else command
        found = next((o for o in node.get("options") or () if o["name"] == option), None)
        if found is None or not found.get("autocomplete"):
            raise CannotDo(f"{option!r} does not complete")
        options, resolved = self._options(node, {**given, option: typed}, focused=option)
        item = await self._send(*self._command_interaction(AUTOCOMPLETE, path, command, chain, options, resolved))
        return item.choices or []

    # --- forms -----------------------------------------------------------------------------------

    @property
    def form(self) -> Interaction | None:
        """The interaction that last opened a form for this person."""
        return next((item for item in reversed(self.world.interactions.values())
                     if item.user_id == self.person.user_id and item.modal is not None), None)

    async def submit(self, opened: Interaction, answers: Mapping[str, Any]) -> Interaction:
        """Fill in the modal an interaction opened. `answers` are by label or custom id; what is left out stays empty.

        Values are text, a `File` or list of them, an option's label or value or a list of those, or a bool.
        """
        if opened.modal is None:
            raise CannotDo(f"{opened.label} opened no form (the answer was {opened.answer_kind})")
        left = dict(answers)
        resolved: Payload = {}
        card = ModalCard(now(), self.person.user_id, self.place.channel_id, opened.modal["title"], [])
        components = [self._field(part, left, resolved, card) for part in opened.modal["components"]]
        if left:
            raise CannotDo(f"the form {opened.modal['title']!r} has no field {', '.join(map(repr, left))}; it has "
                           + ", ".join(repr(name) for name in self._field_names(opened.modal)))
        data: Payload = {"custom_id": opened.modal["custom_id"], "components": components}
        if resolved:
            data["resolved"] = resolved
        clicked = self.world.messages.get(opened.message_id or 0)
        item, body = self._interaction(MODAL_SUBMIT, data, f"{opened.modal['title']} (form)",
                                       message=None if clicked is None or clicked.deleted else clicked, parent=opened)
        self.world.modals.append(card)
        return await self._send(item, body)

    @staticmethod
    def _field_names(modal: Payload) -> list[str]:
        return [str(part.get("label") or part.get("custom_id") or (part.get("components") or [{}])[0].get("label"))
                for part in modal["components"] if part["type"] != rules.TEXT]

    def _field(self, part: Payload, left: dict[str, Any], resolved: Payload, card: ModalCard) -> Payload:
        """One top-level part of a form, answered."""
        number = part.get("id") or len(card.fields) + 1
        if part["type"] == rules.TEXT:
            return {"type": rules.TEXT, "id": number}
        if part["type"] == rules.ACTION_ROW:
            inner = part["components"][0]
            answered = self._answer(inner, inner.get("label", ""), left, resolved, card)
            return {"type": 1, "id": number, "components": [answered]}
        return {"type": rules.LABEL, "id": number,
                "component": self._answer(part["component"], part["label"], left, resolved, card)}

    def _answer(self, field: Payload, label: str, left: dict[str, Any], resolved: Payload, card: ModalCard) -> Payload:
        custom_id, kind = field["custom_id"], field["type"]
        missing = object()
        value = left.pop(label, missing)
        if value is missing:
            value = left.pop(custom_id, missing)
        body: Payload = {"type": kind, "id": field.get("id") or 100 + len(card.fields), "custom_id": custom_id}
        required = field.get("required") is not False
        if kind == rules.TEXT_INPUT:
            text = str(field.get("value") or "") if value is missing else str(value)
            if required and not text:
                raise CannotDo(f"the field {label!r} is required")
            if text and not (field.get("min_length") or 0) <= len(text) <= (field.get("max_length") or 4000):
                raise CannotDo(f"{label!r} takes at most {field.get('max_length') or 4000} characters")
            body["value"] = text
            card.fields.append((label, text, []))
        elif kind == 19:
            files = [] if value is missing else [value] if isinstance(value, File) else list(value)
            low = 1 if field.get("min_values") is None else field["min_values"]
            high = field.get("max_values") or 1
            if (required or files) and not max(low, 1 if required else 0) <= len(files) <= high:
                raise CannotDo(f"{label!r} takes {low} to {high} files")
            kept = [self._upload(file) for file in files]
            for item in kept:
                resolved.setdefault("attachments", {})[str(item.attachment_id)] = payloads.attachment(self.world, item)
            body["values"] = [str(item.attachment_id) for item in kept]
            card.fields.append((label, ", ".join(item.filename for item in kept),
                                [item.attachment_id for item in kept]))
        elif kind == 23:
            chosen = bool(field.get("default")) if value is missing else bool(value)
            body["value"] = chosen
            card.fields.append((label, "yes" if chosen else "no", []))
        elif kind in (rules.STRING_SELECT, 21, 22):
            values, shown = self._choose(field, label, None if value is missing else value)
            if required and not values:
                raise CannotDo(f"the field {label!r} is required")
            if kind == 21:
                body["value"] = values[0] if values else None
            else:
                body["values"] = values
            card.fields.append((label, ", ".join(shown), []))
        else:
            raise CannotDo(f"fields of type {kind} are not played")
        return body

    @staticmethod
    def _choose(field: Payload, label: str, value: Any) -> tuple[list[str], list[str]]:
        """Values and labels of the options chosen; without a choice, those preselected."""
        options = field.get("options") or []
        if value is None:
            chosen = [option for option in options if option.get("default")]
        else:
            chosen = []
            for wanted in [value] if isinstance(value, str) else value:
                found = next((o for o in options if wanted in (o["label"], o["value"])), None)
                if found is None:
                    raise CannotDo(f"{label!r} has no option {wanted!r}; it has "
                                   + ", ".join(repr(o["label"]) for o in options))
                chosen.append(found)
        most = field.get("max_values") or (len(options) if field["type"] == 22 else 1)
        if len(chosen) > most:
            raise CannotDo(f"{label!r} takes at most {most} choices")
        return [o["value"] for o in chosen], [o["label"] for o in chosen]

    # --- clicking --------------------------------------------------------------------------------

    def find_button(self, label: str, *, on: Message | None = None, saying: str = "") -> tuple[Message, Payload]:
        """The newest visible button that can be clicked with this label, part of a label, or beginning of custom id."""
        candidates = [on] if on is not None else list(reversed(self.seen()))
        for exact in (True, False):
            for message in candidates:
                if saying and saying.casefold() not in readable(self.world, message):
                    continue
                for button in buttons_of(message):
                    name = label_of(button)
                    custom_id = str(button.get("custom_id") or "")
                    same = label in (name, custom_id) if exact else (
                        label.casefold() in name.casefold() or custom_id.startswith(label))
                    if same and not button.get("disabled") and button.get("custom_id"):
                        return message, button
        shown = sorted({label_of(b) + (" (off)" if b.get("disabled") else "")
                        for m in candidates for b in buttons_of(m)})
        raise CannotDo(f"{self.name} sees no button {label!r}; there are: {', '.join(shown) or 'none'}")

    async def _patiently(self, find: Callable[[], tuple[Message, Payload]],
                         patience_s: float) -> tuple[Message, Payload]:
        """What is looked for, as soon as it is there. Raises `CannotDo` when it has not come in time."""

        def look() -> tuple[Message, Payload] | None:
            try:
                return find()
            except CannotDo:
                return None

        return await self.world.until(look, patience_s) or find()

    async def click(self, label: str, *, on: Message | None = None, saying: str = "", timeout_s: float | None = None,
                    patience_s: float = 0.0) -> Interaction:
        """Click a button, found by what is written on it. `saying` narrows to messages with these words.

        `patience_s` is how long to wait for the button, `timeout_s` for the first answer (None: as long as it counts).
        """
        message, button = await self._patiently(lambda: self.find_button(label, on=on, saying=saying), patience_s)
        data = {"custom_id": button["custom_id"], "component_type": 2, "id": button["id"]}
        return await self._send(*self._interaction(COMPONENT, data, label_of(button), message=message),
                                timeout_s=timeout_s)

    def find_menu(self, menu: str, *, on: Message | None = None) -> tuple[Message, Payload]:
        """The newest usable select menu with this placeholder or custom id, else one that has such an option."""
        candidates = [on] if on is not None else list(reversed(self.seen()))
        wanted = menu.casefold()
        for near in range(3):
            for message in candidates:
                for select in selects_of(message):
                    names = [str(select.get("placeholder") or ""), select["custom_id"]]
                    options = [str(option["label"]) for option in select.get("options") or ()]
                    fits = (wanted in [name.casefold() for name in names], any(wanted in n.casefold() for n in names),
                            any(wanted in option.casefold() for option in options))[near]
                    if (fits or not menu) and not select.get("disabled"):
                        return message, select
        shown = sorted({str(s.get("placeholder") or s["custom_id"]) for m in candidates for s in selects_of(m)})
        raise CannotDo(f"{self.name} sees no menu {menu!r}; there are: {', '.join(shown) or 'none'}")

    async def choose(self, menu: str, *values: str, on: Message | None = None, patience_s: float = 0.0) -> Interaction:
        """Choose in a select menu, found as `find_menu` does. Values are labels or values of its options."""
        message, select = await self._patiently(lambda: self.find_menu(menu, on=on), patience_s)
        chosen, shown = self._choose(select, menu or select.get("placeholder") or "menu", list(values))
        if len(chosen) < (1 if select.get("min_values") is None else select["min_values"]):
            raise CannotDo(f"{menu!r} takes at least {select['min_values']} choices")
        data = {"custom_id": select["custom_id"], "component_type": select["type"], "id": select["id"],
                "values": chosen}
        return await self._send(*self._interaction(COMPONENT, data, ", ".join(shown), message=message))

    # --- writing ---------------------------------------------------------------------------------

    async def write(self, text: str, *, files: Sequence[File] = ()) -> Message:
        """Write a plain message where this person is. It mentions those it names as `@Name`."""
        world, place = self.world, self.place
        if len(text) > LONGEST_MESSAGE:
            raise CannotDo(f"Discord takes at most {LONGEST_MESSAGE} characters")
        if place.guild_id is not None:
            held = world.permissions_of(self.person.user_id, place)
            if not held & (permissions.SEND_IN_THREADS if place.is_thread else permissions.SEND_MESSAGES):
                raise CannotDo("this person may not write here")
        for person in world.users.values():
            text = text.replace(f"@{person.name}", f"<@{person.user_id}>")
        message = Message(world.new_id(), place.channel_id, self.person.user_id, content=text)
        message.attachments = [
            writing.take_upload(self.loopback.api, f.name, f.data, channel_id=place.channel_id).attachment_id
            for f in files]
        message.mentions = [int(p) for p in rules.who_is_pinged(text, None, may_everyone=False) if p.isdigit()]
        self.loopback.record.add("player", who=self.name, did="write", text=text, message=str(message.message_id),
                                 channel=str(place.channel_id))
        writing.note(self.loopback.api, message, "create")
        if place.archived:
            place.archived = False
            await self.loopback.gateway.dispatch("THREAD_UPDATE", payloads.channel(world, place))
        writing.place(self.loopback.api, place, message)
        await self.loopback.gateway.dispatch_message("MESSAGE_CREATE", message)
        return message

    def answer_to(self, item: Interaction) -> Message | None:
        """The message an interaction was first answered with, as this person sees it."""
        message = self.world.messages.get(item.original_id or 0)
        return None if message is None or message.only_for not in (None, self.person.user_id) else message

    def is_private(self, message: Message) -> bool:
        return bool(message.flags & EPHEMERAL)
