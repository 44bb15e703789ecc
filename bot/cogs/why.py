"""/story why: what memory laid under a picture, what it recalled and for what reason, and how it was checked."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.text import cut, safe
from bot.wording import Words
from engine.memory.verification import SAME
from engine.nouns import (
    CharacterId,
    NotFound,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    PictureId,
    Refused,
    Story,
    VenueId,
)
from engine.prompting import names_in_order

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

PICTURES = 10                              # a gallery holds ten
FARTHEST = 999                             # nobody counts further


class Why(commands.Cog):
    """Tells a person how a picture came about."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks["why"] = self.why_click

    async def why(self, interaction: Interaction, number: int | None) -> None:
        """The picture with this number in the story of this place; without one, the newest."""
        story = await self.bot.library.story_at(VenueId(str(interaction.channel_id)))
        if story is None:
            raise Refused(reason="story_not_here")
        await interaction.response.defer(ephemeral=True, thinking=True)
        drawn = await self._drawn(story)
        if not drawn:
            raise Refused(reason="why_nothing_yet")
        number = number or len(drawn)
        if number > len(drawn):
            raise Refused(reason="why_no_such_picture", number=number, count=len(drawn))
        layout, files = await self._told(self.bot.words(interaction), story, drawn[number - 1], drawn)
        await interaction.edit_original_response(view=layout, attachments=files,
                                                 allowed_mentions=discord.AllowedMentions.none())

    async def why_click(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """The button under a picture."""
        try:
            panel = await self.bot.library.panel(PanelId(key))
            story = await self.bot.library.story(panel.brief.story_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if panel.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{panel.state.value}")
        await self.bot.acknowledge(interaction)
        layout, files = await self._told(self.bot.words(interaction), story, panel, await self._drawn(story))
        await interaction.followup.send(view=layout, files=files, ephemeral=True,
                                        allowed_mentions=discord.AllowedMentions.none())

    async def _drawn(self, story: Story) -> list[Panel]:
        return [panel for panel in await self.bot.library.panels(story.story_id) if panel.state is PanelState.DONE]

    async def _told(self, words: Words, story: Story, panel: Panel,
                    drawn: Sequence[Panel]) -> tuple[ui.LayoutView, list[discord.File]]:
        numbers = {each.panel_id: number for number, each in enumerate(drawn, start=1)}
        names = {character.character_id: character.name for character in await self.bot.library.cast(story.story_id)}
        names |= {figure.character_id: figure.name for figure in panel.brief.figures}
        shown = {panel.underdrawing: words("why_laid_alt")} if panel.underdrawing else {}
        lines = []
        for item in panel.recalled:
            if item.panel_id is not None and item.panel_id not in numbers:
                continue                       # taken back or reported meanwhile: not to be seen here either
            line = words(item.reason, name=safe(names.get(item.character_id or CharacterId(""), "")),
                         place=safe(panel.brief.setting.name), number=numbers.get(item.panel_id or PanelId(""), "?"))
            lines.append(f"- {line}")
            shown.setdefault(item.picture, line)
        files, gallery = await self._pictures(shown, panel.painter)
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay("\n".join([
            words("why_title", number=numbers.get(panel.panel_id, "?")), words("why_laid"),
            *laid(words, panel.brief)])))
        if gallery:
            layout.add_item(ui.MediaGallery(*gallery))
        layout.add_item(ui.TextDisplay(cut("\n".join([
            words("why_remembered") if lines else words("why_kept_nothing"), *dict.fromkeys(lines),
            *checked(words, panel, names), *made(words, panel)]), 2500)))
        return layout, files

    async def _pictures(self, shown: Mapping[PictureId, str], painter: str,
                        ) -> tuple[list[discord.File], list[discord.MediaGalleryItem]]:
        """What is still kept of these pictures."""
        files: list[discord.File] = []
        gallery: list[discord.MediaGalleryItem] = []
        for picture, alt in list(shown.items())[:PICTURES]:
            try:
                png = await self.bot.labelled(await self.bot.library.picture(picture), painter)
            except NotFound:                   # its owner took it back meanwhile
                continue
            file = discord.File(io.BytesIO(png), filename=f"memory-{len(files) + 1}.png")
            files.append(file)
            gallery.append(discord.MediaGalleryItem(file, description=cut(alt, 1024)))
        return files, gallery


# --- in words --------------------------------------------------------------------------------------

def laid(words: Words, brief: PanelBrief) -> list[str]:
    """Who was put where, in what place, wearing what else than their own."""
    lines = [words("why_place", place=safe(brief.setting.name), time=words.value(brief.time_of_day))]
    if brief.figures:
        lines.append(words("why_order", names=", ".join(safe(name) for name in names_in_order(brief))))
    for figure in brief.figures:
        changes = [words.value(value) for name, value in figure.worn
                   if not name.endswith("colour") and value not in ("plain", "none")]
        if changes:
            lines.append(words("why_worn", name=safe(figure.name), worn=", ".join(changes)))
    return lines


def checked(words: Words, panel: Panel, names: Mapping[CharacterId, str]) -> list[str]:
    """What was found when the picture was looked at."""
    verdict = panel.verdict
    if verdict is None or not verdict.scores:
        return [words("why_unchecked")] if panel.brief.figures else []
    lines = [words(reason, name=safe(names.get(who, "?")))
             for reason, found in (("why_confused", verdict.confused), ("why_missing", verdict.missing),
                                   ("why_doubled", verdict.doubled)) for who in found]
    lines += [words("why_unread")] if verdict.unread else []
    lines += [words("why_weak", name=safe(names.get(who, "?"))) for who, score in verdict.scores
              if score < SAME and who not in verdict.wrong]
    if not lines:
        lines.append(words("why_good"))
    return lines + ([words("why_twice")] if verdict.attempts > 1 else [])


def made(words: Words, panel: Panel) -> list[str]:
    """What was asked to be different, and by what it was painted."""
    lines = [words("why_change", change=safe(panel.change))] if panel.change else []
    return [*lines, words("why_made", painter=safe(panel.painter), seed=panel.seed, version=panel.version)]


async def setup(bot: StoryBot) -> None:
    cog = Why(bot)
    await bot.add_cog(cog)
    group = bot.tree.get_command("story")
    assert isinstance(group, app_commands.Group)

    @app_commands.describe(picture="Which picture of the story; leave out for the newest")
    async def why(interaction: discord.Interaction[Any], picture: app_commands.Range[int, 1, FARTHEST] | None = None,
                  ) -> None:
        await cog.why(interaction, picture)

    group.add_command(app_commands.Command(name="why", description="Why a picture looks as it does, for you alone",
                                           callback=why))
