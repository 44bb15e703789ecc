"""What Discord refuses although its description allows it: counts, lengths, uniqueness, Components V2. Pure.

Sources: "Components", "Message" and "Interactions" in Discord's developer documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.rehearsal.refusals import Refusal, invalid
from bot.rehearsal.world import COMPONENTS_V2

MOST_COMPONENTS = 40
MOST_TEXT = 4000
MOST_CONTENT = 2000
MOST_COMMAND_CHARACTERS = 8000
ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, CONTAINER, LABEL = (
    1, 2, 3, 4, 9, 10, 11, 12, 13, 17, 18)
SELECTS = (3, 5, 6, 7, 8)
LINK, PREMIUM = 5, 6

Payload = dict[str, Any]


def walk(components: Sequence[Payload], path: str = "components") -> Iterator[tuple[str, Payload]]:
    """Every component with its place, parents first, accessories and labelled fields included."""
    for index, item in enumerate(components):
        here = f"{path}.{index}"
        yield here, item
        yield from walk(item.get("components") or (), f"{here}.components")
        for single in ("accessory", "component"):
            if isinstance(item.get(single), dict):
                yield f"{here}.{single}", item[single]


def media_names(components: Sequence[Payload]) -> list[tuple[str, str]]:
    """(place, address) of every picture or file a message's components show."""
    found = []
    for path, item in walk(components):
        if item["type"] == GALLERY:
            found += [(f"{path}.items.{i}.media.url", str(entry["media"]["url"]))
                      for i, entry in enumerate(item["items"])]
        elif item["type"] == THUMBNAIL:
            found.append((f"{path}.media.url", str(item["media"]["url"])))
        elif item["type"] == FILE:
            found.append((f"{path}.file.url", str(item["file"]["url"])))
    return found


def check_message(body: Payload, *, was_v2: bool, kept: Payload, file_names: Sequence[str]) -> None:
    """Refuse a message Discord would refuse. `body` is what was sent, merged over what the message had (`kept`).

    `file_names` are the attachments the message will have. Raises `Refusal`.
    """
    flags = body.get("flags")
    v2 = bool((flags or 0) & COMPONENTS_V2) or was_v2
    if was_v2 and flags is not None and not flags & COMPONENTS_V2 and "components" in body:
        raise invalid({"flags": "The Components V2 flag cannot be removed from a message"})
    content = body["content"] if "content" in body else kept.get("content")
    components = body["components"] if "components" in body else kept.get("components")
    embeds = body["embeds"] if "embeds" in body else kept.get("embeds")
    components = components or []
    wrong: dict[str, str] = {}
    if len(content or "") > MOST_CONTENT:
        wrong["content"] = f"Must be {MOST_CONTENT} or fewer in length."
    if v2:
        for name, value in (("content", content), ("embeds", embeds), ("poll", body.get("poll")),
                            ("sticker_ids", body.get("sticker_ids"))):
            if value:
                wrong[name] = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    if isinstance(allowed := body.get("allowed_mentions"), dict):
        for kind in ("users", "roles"):
            if kind in (allowed.get("parse") or ()) and allowed.get(kind):
                wrong[f"allowed_mentions.{kind}"] = f"parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive."
    wrong.update(_check_components(components, v2=v2))
    for path, url in media_names(components):
        if url.startswith("attachment://") and url.removeprefix("attachment://") not in file_names:
            wrong[path] = f"The referenced attachment {url.removeprefix('attachment://')!r} was not found"
    if wrong:
        raise invalid(wrong)
    if not any((content and content.strip(), embeds, components, file_names, body.get("sticker_ids"),
                body.get("poll"))):
        raise Refusal(400, 50006)


def _check_components(components: Sequence[Payload], *, v2: bool) -> dict[str, str]:
    wrong: dict[str, str] = {}
    everything = list(walk(components))
    if len(everything) > MOST_COMPONENTS:
        wrong["components"] = f"{len(everything)} components: the most is {MOST_COMPONENTS} in all"
    if not v2:
        if len(components) > 5:
            wrong["components"] = "Must be 5 or fewer in length."
        wrong.update({path: "This component needs MessageFlags.IS_COMPONENTS_V2"
                      for path, item in everything if item["type"] >= SECTION})
    words = sum(len(str(item.get("content", ""))) for _, item in everything if item["type"] == TEXT)
    if words > MOST_TEXT:
        wrong["components"] = f"{words} characters of text: the most is {MOST_TEXT} in all"
    seen: set[str] = set()
    numbers: set[int] = set()
    for path, item in everything:
        wrong.update(_check_one(path, item))
        custom_id = item.get("custom_id")
        if custom_id is not None:
            if custom_id in seen:
                wrong[f"{path}.custom_id"] = "Component custom id cannot be duplicated"
            seen.add(custom_id)
        if item.get("id"):
            if item["id"] in numbers:
                wrong[f"{path}.id"] = "Component id cannot be duplicated"
            numbers.add(item["id"])
    return wrong


def _check_one(path: str, item: Payload) -> dict[str, str]:
    wrong: dict[str, str] = {}
    kind = item["type"]
    if kind == ACTION_ROW:
        inside = item.get("components") or []
        kinds = {part["type"] for part in inside}
        if not inside or len(inside) > 5:
            wrong[f"{path}.components"] = "Must be between 1 and 5 in length."
        elif kinds & set(SELECTS) and len(inside) > 1:
            wrong[f"{path}.components"] = "A select menu fills its row"
    elif kind == BUTTON:
        style = item.get("style")
        if style == LINK and (not item.get("url") or item.get("custom_id")):
            wrong[path] = "A link button must have a url and no custom_id"
        elif style not in (LINK, PREMIUM) and not item.get("custom_id"):
            wrong[f"{path}.custom_id"] = "A custom id is required"
        if style != PREMIUM and not (item.get("label") or item.get("emoji")):
            wrong[path] = "A button must have a label or an emoji"
    elif kind == STRING_SELECT:
        options = item.get("options") or []
        values = [option["value"] for option in options]
        if not 1 <= len(options) <= 25:
            wrong[f"{path}.options"] = "Must be between 1 and 25 in length."
        if len(set(values)) != len(values):
            wrong[f"{path}.options"] = "The specified option value is already used"
        if (item.get("max_values") or 1) > max(1, len(options)):
            wrong[f"{path}.max_values"] = "More than there are options"
        if sum(bool(option.get("default")) for option in options) > (item.get("max_values") or 1):
            wrong[f"{path}.options"] = "More defaults than may be chosen"
    elif kind == GALLERY and not 1 <= len(item.get("items") or []) <= 10:
        wrong[f"{path}.items"] = "Must be between 1 and 10 in length."
    return wrong


def check_modal(data: Payload) -> None:
    """Refuse a modal Discord would refuse."""
    wrong: dict[str, str] = {}
    parts = data["components"]
    if not 1 <= len(parts) <= 5:
        wrong["data.components"] = "Must be between 1 and 5 in length."
    seen: set[str] = set()
    fields = 0
    for path, item in walk(parts, "data.components"):
        if item["type"] not in (ACTION_ROW, LABEL, TEXT):
            fields += 1
            custom_id = item.get("custom_id")
            if custom_id in seen:
                wrong[f"{path}.custom_id"] = "Component custom id cannot be duplicated"
            if custom_id:
                seen.add(custom_id)
        low, high = item.get("min_length"), item.get("max_length")
        if item["type"] == TEXT_INPUT and low is not None and high is not None and low > high:
            wrong[f"{path}.min_length"] = "More than max_length"
        if item["type"] == TEXT_INPUT and high is not None and len(item.get("value") or "") > high:
            wrong[f"{path}.value"] = f"Must be {high} or fewer in length."
        if item["type"] in SELECTS:
            wrong.update(_check_one(path, item))
    if not fields:
        wrong["data.components"] = "A modal needs at least one field"
    if wrong:
        raise invalid(wrong)


def check_commands(commands: Sequence[Payload]) -> None:
    """Refuse a command set Discord would refuse: counts, doubled names, 8000 characters a command."""
    wrong: dict[str, str] = {}
    if len([c for c in commands if (c.get("type") or 1) == 1]) > 100:
        wrong[""] = "Maximum number of application commands reached (100)."
    names: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        key = (command.get("type") or 1, command["name"])
        if key in names:
            wrong[f"{index}.name"] = "Application command names must be unique"
        names.add(key)
        if (size := _command_characters(command)) > MOST_COMMAND_CHARACTERS:
            wrong[str(index)] = f"{size} characters: the most is {MOST_COMMAND_CHARACTERS} for one command"
        for path, options in _option_lists(command, str(index)):
            found = [option["name"] for option in options]
            if len(set(found)) != len(found):
                wrong[path] = "Option names must be unique"
            required = [bool(option.get("required")) for option in options]
            if required != sorted(required, reverse=True):
                wrong[path] = "Required options must be placed before non-required options"
    if wrong:
        raise invalid(wrong)


def _option_lists(node: Payload, path: str) -> Iterator[tuple[str, list[Payload]]]:
    options = node.get("options") or []
    if options:
        yield f"{path}.options", options
    for index, option in enumerate(options):
        yield from _option_lists(option, f"{path}.options.{index}")


def _command_characters(node: Payload) -> int:
    """Names, descriptions and values of a command, each counted in its longest localisation."""

    def longest(field: str) -> int:
        texts = [str(node.get(field) or ""), *(node.get(f"{field}_localizations") or {}).values()]
        return max(len(text) for text in texts)

    size = longest("name") + longest("description")
    size += sum(len(str(choice["value"])) + len(choice["name"]) for choice in node.get("choices") or ())
    return size + sum(_command_characters(option) for option in node.get("options") or ())


def clean_file_name(name: str) -> str:
    """The name Discord gives an uploaded file: ASCII letters, digits, `_`, `-` and `.`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", name.strip().replace(" ", "_")).lstrip(".")
    return name[:260] or "unknown"


def who_is_pinged(content: str, allowed: Payload | None, *, may_everyone: bool) -> list[str]:
    """Who a message would notify: `@everyone`, `@here`, user ids, `&role` ids, in order of appearance.

    `allowed` is the request's `allowed_mentions`; None means everything in the text pings.
    """
    parse = {"everyone", "users", "roles"} if allowed is None else set(allowed.get("parse") or ())
    users = {str(user_id) for user_id in (allowed or {}).get("users") or ()}
    roles = {str(role_id) for role_id in (allowed or {}).get("roles") or ()}
    found: list[str] = []
    for match in re.finditer(r"@(everyone|here)|<@!?(\d+)>|<@&(\d+)>", content):
        broad, user_id, role_id = match.groups()
        if broad and "everyone" in parse and may_everyone:
            found.append(f"@{broad}")
        elif user_id and ("users" in parse or user_id in users):
            found.append(user_id)
        elif role_id and ("roles" in parse or role_id in roles):
            found.append(f"&{role_id}")
    return list(dict.fromkeys(found))
