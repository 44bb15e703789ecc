"""Everything clickable that survives a restart.

A button or menu carries what it means in its `custom_id` (`undo:<story>:<step>`), so a bot that has just started
understands a click on a message of last week. `StoryButton` and `StoryMenu` only read the id and hand the click to
the bot's table of verbs; what a click does stands in the cogs.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import discord
from discord import ui

if TYPE_CHECKING:
    from bot.app import StoryBot

#: What can be clicked, and what its key is.
BUTTON_VERBS = (
    "take",      # take:<story>              write a turn
    "join",      # join:<story>
    "next",      # next:<story>              the bot writes a page by itself
    "undo",      # undo:<story>:<step>       take the newest page back
    "branch",    # branch:<story>:<step>     on from there; "-": from before the first page
    "redraw",    # redraw:<panel>
    "change",    # change:<panel>            a wish: opens a form
    "flip",      # flip:<panel>:<back, here or on>   another version of the picture
    "meant",     # meant:<question>:<number of a candidate, all or on>   who is meant
    "thisis",    # thisis:<character>        somebody new looks right like this
    "otherway",  # otherway:<character>      ... another way
    "leaveout",  # leaveout:<character>      ... leaves the story
    "retry",     # retry:<turn>              a failed turn once more
    "board",     # board:<storyboard>:<page>:<what>   a text being looked through or drawn
    "place",     # place:<storyboard>:<yes or no>   begin at the place of a picture
    "takeout",   # takeout:<story>:<step>    a page between two others goes again
    "why",       # why:<panel>               how a picture came about
    "report",    # report:<panel>            it does not belong here: hidden at once, and moderators are told
    "reported",  # reported:<report>:<show, restore or remove>   what moderators do about it
    "keep",      # keep:<character>          approve the avatar
    "again",     # again:<character>         another avatar
    "correct",   # correct:<character>:<page>
    "remove",    # remove:<character>
    "more",      # more:<character>         other names, who they are to their owner: opens a form
    "wipe",      # wipe:<character>:<redraw, remove or leave>   its pictures, once consent was taken back
)
MENU_VERBS = (
    "look",      # look:<character>:<field>
    "bring",     # bring:<story>             which characters come along
    "boardcast", "boardplace", "boardtime",   # board...:<storyboard>:<page>   what a page shows
    "placekind",   # placekind:<storyboard>  what kind of place a picture shows
    "gap",       # gap:<story>               between which pages one is missing
    "agree",     # agree:<character>         who agreed that it may be drawn
    "face",      # face:<character>          which face of a photo is meant
)
_KEY = r"(?P<key>[A-Za-z0-9._:\-]{1,90})"

Click = Callable[["discord.Interaction[StoryBot]", str, Sequence[str]], Awaitable[None]]


class StoryButton(ui.DynamicItem["ui.Button[Any]"], template=rf"(?P<verb>{'|'.join(BUTTON_VERBS)}):{_KEY}"):
    """One button. `key` is what the verb is about; several parts are joined by colons."""

    def __init__(self, verb: str, key: str, label: str = "…", *,
                 style: discord.ButtonStyle = discord.ButtonStyle.secondary, emoji: str | None = None,
                 disabled: bool = False) -> None:
        super().__init__(ui.Button(label=label, style=style, emoji=emoji, disabled=disabled,
                                   custom_id=f"{verb}:{key}"))
        self.verb, self.key = verb, key

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], item: ui.Item[Any],
                             match: re.Match[str], /) -> Self:
        return cls(match["verb"], match["key"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.click(interaction, self.verb, self.key, ())


class StoryMenu(ui.DynamicItem["ui.Select[Any]"], template=rf"(?P<verb>{'|'.join(MENU_VERBS)}):{_KEY}"):
    """One menu. The chosen values go to the verb."""

    def __init__(self, verb: str, key: str, options: list[discord.SelectOption] | None = None, *,
                 placeholder: str | None = None, min_values: int = 1, max_values: int = 1) -> None:
        super().__init__(ui.Select(custom_id=f"{verb}:{key}", placeholder=placeholder, min_values=min_values,
                                   max_values=max_values,
                                   options=options or [discord.SelectOption(label="…", value="-")]))
        self.verb, self.key = verb, key

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], item: ui.Item[Any],
                             match: re.Match[str], /) -> Self:
        return cls(match["verb"], match["key"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        data: Any = interaction.data or {}
        await interaction.client.click(interaction, self.verb, self.key, tuple(data.get("values", ())))


def understood(custom_id: str) -> bool:
    """True when a click on this id is answered by one of the classes above."""
    return any(kind.__discord_ui_compiled_template__.fullmatch(custom_id) for kind in (StoryButton, StoryMenu))


def modal_fields(interaction: discord.Interaction[Any]) -> tuple[dict[str, str], list[discord.Attachment]]:
    """What was filled into a modal: values by custom id, and the uploaded files.

    Read from the interaction itself and not from a `Modal` object, so that a form opened before a restart still
    counts after it.
    """
    data: Any = interaction.data or {}
    values: dict[str, str] = {}
    uploaded: list[str] = []

    def read(component: dict[str, Any]) -> None:
        for inner in component.get("components", ()):
            read(inner)
        if isinstance(component.get("component"), dict):
            read(component["component"])
        custom_id = component.get("custom_id")
        if custom_id is None:
            return
        if component.get("type") == discord.ComponentType.file_upload.value:
            uploaded.extend(str(value) for value in component.get("values") or ())
        elif component.get("values"):
            values[custom_id] = str(component["values"][0])
        elif component.get("value") is not None:
            values[custom_id] = str(component["value"])

    for component in data.get("components", ()):
        read(component)
    resolved = (data.get("resolved") or {}).get("attachments") or {}
    files = [discord.Attachment(data=resolved[key], state=interaction._state) for key in uploaded if key in resolved]
    return values, files
