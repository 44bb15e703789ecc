"""Stories: starting one in a thread or DM, who takes part, pausing, the book, and what a server decides."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import START_NEEDS, server_of
from bot.buttons import StoryButton, StoryMenu
from bot.cogs.characters import PHOTO_BYTES
from bot.cogs.keeping import choices_of
from bot.cogs.pictures import Pictures
from bot.cogs.turns import Turns, needs_of, owner_of
from bot.stage import marker_of, nonce_of, told
from bot.text import clean_title, cut, safe, shown_name
from bot.wording import LANGUAGES, Words, spoken
from engine.nouns import (
    BadPhoto,
    Character,
    CharacterId,
    Member,
    MessageId,
    NotFound,
    Refused,
    Story,
    StoryId,
    StoryStatus,
    TurnKind,
    TurnOrder,
    VenueId,
)
from engine.vocabulary import SETTINGS, STYLES

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.stories")

ROSTER_AVATARS = 10                        # a gallery holds ten
CAST_AT_START = 4                          # more characters join when a turn names them

ORDERS = [app_commands.Choice(name="Anybody, any time", value="free"),
          app_commands.Choice(name="One after the other", value="in_order")]
PLACES = [app_commands.Choice(name=kind, value=kind) for kind in SETTINGS]
STYLE_CHOICES = [app_commands.Choice(name=style, value=style) for style in STYLES]
WHO_MAY_START = [app_commands.Choice(name="Everyone", value="everyone"),
                 app_commands.Choice(name="People who manage the server", value="managers")]
RATINGS = [app_commands.Choice(name="For the very young", value="toddler"),
           app_commands.Choice(name="For the family", value="family"),
           app_commands.Choice(name="For teenagers", value="teen")]
LANGUAGE_CHOICES = [app_commands.Choice(name=name, value=code) for code, name in LANGUAGES.items()]


class Stories(commands.GroupCog, group_name="story", group_description="Tell a story together and get a picture book"):
    """Everything about a story but its turns."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._rosters: dict[StoryId, MessageId] = {}
        bot.clicks.update(join=self.join_click, bring=self.bring)

    # --- start -------------------------------------------------------------------------------------

    @app_commands.command(name="start", description="Start a story: in a thread of its own, or here in a DM")
    @app_commands.describe(title="What the story is called", order="Who writes when", style="How the pictures look",
                           character="Who you are in the story",
                           picture="A picture of the place where the story begins",
                           place="What kind of place the picture shows")
    @app_commands.choices(order=ORDERS, style=STYLE_CHOICES, place=PLACES)
    async def start(self, interaction: discord.Interaction[StoryBot], title: str | None = None,
                    order: str | None = None, style: str | None = None, character: str | None = None,
                    picture: discord.Attachment | None = None, place: str | None = None) -> None:
        words = self.bot.words(interaction)
        if self.bot.draining:
            raise Refused(reason="restarting")
        if picture is not None and picture.size > PHOTO_BYTES:
            raise BadPhoto(reason="photo_too_large", limit_mib=PHOTO_BYTES // 2**20)
        channel = interaction.channel
        server_id = server_of(interaction)
        settings = await self.bot.library.server_settings(server_id)
        if server_id and settings.who_may_start == "managers" and not interaction.permissions.manage_guild:
            raise Refused(reason="start_managers_only")
        opens_thread = isinstance(channel, discord.TextChannel)
        if not opens_thread and not isinstance(channel, discord.Thread) and interaction.guild_id is not None:
            raise Refused(reason="start_elsewhere")
        self.bot.need(interaction, START_NEEDS if opens_thread else needs_of(interaction))
        if not opens_thread:
            await self._free(VenueId(str(interaction.channel_id)))
        me = await self._character_named(interaction, character) if character else None
        if title:
            await self.bot.need_suitable(title, server_id=server_id)
        locale = settings.locale if server_id else spoken(str(interaction.locale), self.bot.settings.default_locale)
        title = clean_title(title or "", Words(locale)("story_untitled"))
        await interaction.response.defer(thinking=True)

        if isinstance(channel, discord.TextChannel):
            venue = await channel.create_thread(name=cut(title, 100), type=discord.ChannelType.public_thread,
                                                auto_archive_duration=10080)
            venue_id = VenueId(str(venue.id))
        else:
            venue_id = VenueId(str(interaction.channel_id))
        async with self.bot.lock(f"venue {venue_id}"):
            await self._free(venue_id)
            story = Story(
                StoryId(f"s{interaction.id}"), venue_id, server_id, owner_of(interaction), title,
                style=style if style in STYLES else settings.style, locale=locale, rating=settings.rating,
                turn_order=TurnOrder.IN_ORDER if order == "in_order" else TurnOrder.FREE,
                created_at=datetime.now(UTC))
            await self.bot.library.save_story(story)
            await self.bot.library.hear(story.story_id, str(interaction.id))
            mine = await self._approved(interaction, story)
            me = me or _plainly_me(mine, interaction.user.display_name)
            await self.bot.library.save_member(story.story_id, Member(
                owner_of(interaction), shown_name(interaction.user.display_name), 0,
                me.character_id if me else None))
            for each in ([me] if me else []) + [each for each in mine if each != me][:CAST_AT_START - bool(me)]:
                await self.bot.library.add_to_cast(story.story_id, each.character_id)
        layout, files = await self.roster(story)
        none = discord.AllowedMentions.none()
        if opens_thread:
            posted = await self.bot.get_partial_messageable(int(venue_id)).send(
                view=layout, files=files, nonce=nonce_of(story.story_id, "roster"), allowed_mentions=none)
            self._rosters[story.story_id] = MessageId(str(posted.id))
            await interaction.edit_original_response(
                view=told(words("story_started", title=safe(title), thread=f"<#{venue_id}>")), allowed_mentions=none)
        else:
            shown = await interaction.edit_original_response(view=layout, attachments=files, allowed_mentions=none)
            self._rosters[story.story_id] = MessageId(str(shown.id))
        pictures = self.bot.get_cog("Pictures")
        if picture is not None and isinstance(pictures, Pictures):
            await pictures.offer(interaction, story, picture, place or "")

    async def _free(self, venue_id: VenueId) -> None:
        """Raise `Refused` where a story is being told already."""
        there = await self.bot.library.story_at(venue_id)
        if there is not None and there.status is not StoryStatus.ENDED:
            raise Refused(reason="story_already_here", title=safe(there.title))

    async def refresh_roster(self, story: Story) -> None:
        """Bring the roster's message up to date, when the change was made elsewhere. Quietly: it is only a view."""
        marker = marker_of(story.story_id, "roster")
        found = self._rosters.get(story.story_id) or await self.bot.stage.find(
            story.venue_id, story.story_id.removeprefix("s"), marker)
        if found is not None:
            self._rosters[story.story_id] = found
            layout, files = await self.roster(story)
            await self.bot.stage.change(story.venue_id, found, layout, files)

    async def roster(self, story: Story) -> tuple[ui.LayoutView, list[discord.File]]:
        """The story's first message: title, who takes part, in what order, the cast, and the buttons."""
        words = Words(story.locale)
        members = await self.bot.library.members(story.story_id)
        cast = await self.bot.library.cast(story.story_id)
        names = {character.character_id: character.name for character in cast}
        lines = [f"# {safe(story.title)}", words("roster_order_" + story.turn_order.value), ""]
        for member in sorted(members, key=lambda member: member.seat):
            shown = safe(member.name)
            if member.character_id in names:
                shown = words("roster_as", name=shown, character=safe(names[member.character_id]))
            lines.append(f"{member.seat + 1}. {shown}")
        lines += ["", words("roster_cast", names=", ".join(safe(name) for name in names.values())) if names
                  else words("roster_no_cast")]
        layout = ui.LayoutView(timeout=None)
        box: ui.Container[Any] = ui.Container(
            ui.TextDisplay(cut("\n".join(lines), 3500), id=marker_of(story.story_id, "roster")), accent_colour=0xF0A03C)
        files, gallery = await self._avatars(cast)
        if gallery:
            box.add_item(ui.MediaGallery(*gallery))
        box.add_item(ui.ActionRow(
            StoryButton("take", story.story_id, words("button_take"), emoji="✏️", style=discord.ButtonStyle.primary),
            StoryButton("next", story.story_id, words("button_next"), emoji="📖"),
            StoryButton("join", story.story_id, words("button_join"), emoji="👋", style=discord.ButtonStyle.success)))
        layout.add_item(box)
        return layout, files

    async def _avatars(self, cast: Sequence[Character]) -> tuple[list[discord.File], list[discord.MediaGalleryItem]]:
        files, gallery = [], []
        for character in [each for each in cast if each.avatar is not None][:ROSTER_AVATARS]:
            assert character.avatar is not None
            png = await self.bot.labelled(await self.bot.library.picture(character.avatar), character.drawn_by)
            file = discord.File(io.BytesIO(png),
                                filename=f"avatar-{re.sub(r'[^A-Za-z0-9.-]', '-', character.character_id)}.png")
            files.append(file)
            gallery.append(discord.MediaGalleryItem(file, description=cut(character.name, 200)))
        return files, gallery

    # --- who takes part ----------------------------------------------------------------------------

    @app_commands.command(name="join", description="Take part in the story of this thread")
    @app_commands.describe(character="Who you are in the story")
    async def join(self, interaction: discord.Interaction[StoryBot], character: str | None = None) -> None:
        story = await self._here(interaction)
        me = await self._character_named(interaction, character) if character else None
        member, mine = await self._join(interaction, story, me)
        await self.bot.say(interaction, told(Words(story.locale)("joined", name=safe(member.name))))
        await self._ask_cast(interaction, story, mine, me)
        await self.refresh_roster(story)

    async def join_click(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """The Join button: on the roster, or offered to somebody who is not in it yet."""
        try:
            story = await self.bot.library.story(StoryId(key))
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        member, mine = await self._join(interaction, story, None)
        clicked = interaction.message
        if clicked is not None and marker_of(story.story_id, "roster") in _ids(clicked.components):
            layout, files = await self.roster(story)
            await self.bot.change(interaction, layout, files)
        else:
            await self.bot.say(interaction, told(Words(story.locale)("joined", name=safe(member.name))))
            await self.refresh_roster(story)
        await self._ask_cast(interaction, story, mine, None)

    async def _join(self, interaction: Interaction, story: Story, me: Character | None) \
            -> tuple[Member, list[Character]]:
        """Make the person a member. Raises `Refused` when they are one already."""
        owner_id = owner_of(interaction)
        async with self.bot.lock(story.story_id):
            story = await self.bot.library.story(story.story_id)
            if story.status is StoryStatus.ENDED:
                raise Refused(reason="story_ended")
            members = await self.bot.library.members(story.story_id)
            if any(member.owner_id == owner_id for member in members):
                raise Refused(reason="already_in")
            mine = await self._approved(interaction, story)
            me = me or _plainly_me(mine, interaction.user.display_name)
            member = Member(owner_id, shown_name(interaction.user.display_name),
                            1 + max((member.seat for member in members), default=-1), me.character_id if me else None)
            await self.bot.library.save_member(story.story_id, member)
            if me is not None:
                await self.bot.library.add_to_cast(story.story_id, me.character_id)
        return member, mine

    async def _ask_cast(self, interaction: Interaction, story: Story, mine: Sequence[Character],
                        me: Character | None) -> None:
        """After joining: which of your characters come along? Nothing to ask with one; a hint with none."""
        words = self.bot.words(interaction)
        if not mine:
            await self.bot.private(interaction, words("joined_without_character"))
        elif len(mine) > 1 and me is None:
            options = [discord.SelectOption(label=each.name, value=each.character_id) for each in mine[:25]]
            await self.bot.private(interaction, words("bring_question"), ui.ActionRow(StoryMenu(
                "bring", story.story_id, options, placeholder=words("bring_menu"), max_values=min(4, len(options)))))

    async def bring(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """These of my characters come along; the first is who I am."""
        try:
            story = await self.bot.library.story(StoryId(key))
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        mine = {each.character_id: each for each in await self._approved(interaction, story)}
        picked = [mine[CharacterId(value)] for value in values if value in mine]
        async with self.bot.lock(story.story_id):
            me = next((member for member in await self.bot.library.members(story.story_id)
                       if member.owner_id == owner_of(interaction)), None)
            if me is None:
                raise Refused(reason="not_member")
            if not picked:
                raise Refused(reason="stale_button")
            for character in picked:
                await self.bot.library.add_to_cast(story.story_id, character.character_id)
            if me.character_id is None:
                await self.bot.library.save_member(story.story_id, replace(me, character_id=picked[0].character_id))
        text = self.bot.words(interaction)("brought", names=", ".join(safe(each.name) for each in picked))
        await self.bot.change(interaction, told(text))
        await self.refresh_roster(story)

    @app_commands.command(name="leave", description="Leave the story of this thread")
    async def leave(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        me = await self._member(interaction, story)
        await self.bot.library.remove_member(story.story_id, me.owner_id)
        await self._announce(interaction, Words(story.locale)("left", name=safe(me.name)))
        await self.refresh_roster(story)

    # --- how it goes on ----------------------------------------------------------------------------

    @app_commands.command(name="pause", description="Pause the story of this thread")
    async def pause(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        name = await self._allowed(interaction, story)
        if story.status is not StoryStatus.OPEN:
            raise Refused(reason=f"story_{story.status.value}")
        await self._change(story, StoryStatus.PAUSED)
        await self._announce(interaction, Words(story.locale)("paused", name=safe(name)))

    @app_commands.command(name="resume", description="Go on with a paused or ended story")
    async def resume(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        name = await self._allowed(interaction, story)
        if story.status is StoryStatus.OPEN:
            raise Refused(reason="story_open")
        await self._change(story, StoryStatus.OPEN)
        words = Words(story.locale)
        await self._announce(interaction, words("resumed", name=safe(name)), StoryButton(
            "take", story.story_id, words("button_take"), emoji="✏️", style=discord.ButtonStyle.primary))

    @app_commands.command(name="recap", description="What happened so far, for you alone")
    async def recap(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        await self._allowed(interaction, story)
        words = self.bot.words(interaction)
        steps = await self.bot.library.steps(story.story_id)
        if not steps:
            raise Refused(reason="nothing_yet")
        pages = [safe(cut(step.prose, 700)) or words("report_words_hidden") for step in steps]
        shown = pages if len(pages) <= 4 else [pages[0], "…", *pages[-3:]]
        await self.bot.private(interaction, words("recap", title=safe(story.title), pages=len(steps)) + "\n\n"
                               + "\n\n".join(shown))

    @app_commands.command(name="end", description="Bring the story to its end with a last page")
    async def end(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        name = await self._allowed(interaction, story)
        if story.status is StoryStatus.ENDED:
            raise Refused(reason="story_ended")
        members = await self.bot.library.members(story.story_id)
        takes_part = any(member.owner_id == owner_of(interaction) for member in members)
        turns = self.bot.get_cog("Turns")
        if await self.bot.library.steps(story.story_id) and takes_part and story.status is StoryStatus.OPEN \
                and isinstance(turns, Turns):
            await turns.ask_page(interaction, story, TurnKind.END)
            return
        await self._change(story, StoryStatus.ENDED)   # nothing told yet, or a moderator closes it: no last page
        await self._announce(interaction, Words(story.locale)("ended", name=safe(name)))

    @app_commands.command(name="export", description="The story so far as a picture book")
    async def export(self, interaction: discord.Interaction[StoryBot]) -> None:
        story = await self._here(interaction)
        await self._allowed(interaction, story)
        words = Words(story.locale)
        if not await self.bot.library.steps(story.story_id):
            raise Refused(reason="nothing_yet")
        await interaction.response.defer(thinking=True)
        from engine.book import bind_book  # reportlab: loaded when a book is wanted

        html, pdf = await bind_book(self.bot.library, story.story_id, self.bot.labels)
        stem = re.sub(r"[^A-Za-z0-9]+", "-", story.title).strip("-").lower()[:40] or "story"
        limit = getattr(interaction, "filesize_limit", 0) or 10 * 2**20
        layout, files = told(words("book_ready", title=safe(story.title))), []
        for ending, content in (("html", html), ("pdf", pdf)):
            if len(content) > limit:
                layout.add_item(ui.TextDisplay(words("book_too_large", kind=ending.upper())))
                continue
            file = discord.File(io.BytesIO(content), filename=f"{stem}.{ending}")
            files.append(file)
            layout.add_item(ui.File(file))
        await interaction.edit_original_response(view=layout, attachments=files,
                                                 allowed_mentions=discord.AllowedMentions.none())

    # --- what a server decides ---------------------------------------------------------------------

    @app_commands.command(name="settings", description="What this server decides about stories")
    @app_commands.describe(who_may_start="Who may start stories", daily_panels="Pictures a person may have in a day",
                           server_panels="Pictures everybody together may have in a day",
                           server_queue="Turns of everybody together that may wait at once",
                           rating="Whom the stories are for", language="The language of new stories",
                           style="How pictures look unless a story says otherwise")
    @app_commands.choices(who_may_start=WHO_MAY_START, rating=RATINGS, language=LANGUAGE_CHOICES, style=STYLE_CHOICES)
    async def settings(self, interaction: discord.Interaction[StoryBot], who_may_start: str | None = None,
                       daily_panels: app_commands.Range[int, 0, 1000] | None = None, rating: str | None = None,
                       language: str | None = None, style: str | None = None,
                       server_panels: app_commands.Range[int, 0, 10000] | None = None,
                       server_queue: app_commands.Range[int, 1, 1000] | None = None) -> None:
        if interaction.guild_id is None:
            raise Refused(reason="server_only")
        if not interaction.permissions.manage_guild:
            raise Refused(reason="managers_only")
        words = self.bot.words(interaction)
        old = await self.bot.library.server_settings(server_of(interaction))
        new = replace(
            old, server_id=old.server_id or server_of(interaction), who_may_start=who_may_start or old.who_may_start,
            daily_panels=old.daily_panels if daily_panels is None else daily_panels, rating=rating or old.rating,
            locale=language or old.locale, style=style or old.style,
            server_panels=old.server_panels if server_panels is None else server_panels,
            server_queue=server_queue or old.server_queue)
        if new != old:
            await self.bot.library.save_server_settings(new)
        await self.bot.private(interaction, words(
            "settings_saved" if new != old else "settings_are", who=words(f"who_{new.who_may_start}"),
            panels=new.daily_panels, rating=words(f"rating_{new.rating}"),
            language=LANGUAGES.get(new.locale, new.locale), style=words.value(new.style),
            together=new.server_panels, queue=new.server_queue))

    # --- small things ------------------------------------------------------------------------------

    @start.autocomplete("character")
    @join.autocomplete("character")
    async def own_characters(self, interaction: discord.Interaction[StoryBot], current: str) \
            -> list[app_commands.Choice[str]]:
        """The person's approved characters whose name holds what was typed so far."""
        usable = await self.bot.library.characters_of(owner_of(interaction))
        return choices_of([character for character in usable if character.avatar is not None], current)

    async def _character_named(self, interaction: Interaction, name: str) -> Character:
        wanted = " ".join(name.split()).casefold()
        for character in await self.bot.library.characters_of(owner_of(interaction)):
            if character.name.casefold() == wanted:
                if character.avatar is None:
                    raise Refused(reason="character_not_kept", name=safe(character.name))
                if not character.usable:
                    raise Refused(reason="character_not_usable", name=safe(character.name))
                return character
        raise Refused(reason="character_unknown", name=safe(cut(name, 40)))

    async def _approved(self, interaction: Interaction, story: Story) -> list[Character]:
        """The person's own approved characters that may be drawn, oldest first."""
        return [character for character in await self.bot.library.characters_of(owner_of(interaction))
                if character.avatar is not None and character.usable]

    async def _here(self, interaction: Interaction) -> Story:
        story = await self.bot.library.story_at(VenueId(str(interaction.channel_id)))
        if story is None:
            raise Refused(reason="story_not_here")
        return story

    async def _member(self, interaction: Interaction, story: Story) -> Member:
        for member in await self.bot.library.members(story.story_id):
            if member.owner_id == owner_of(interaction):
                return member
        raise Refused(reason="not_in_story")

    async def _allowed(self, interaction: Interaction, story: Story) -> str:
        """The shown name of a member, or of somebody who looks after the server's threads."""
        if interaction.guild_id is not None and (interaction.permissions.manage_threads
                                                 or interaction.permissions.manage_guild):
            return shown_name(interaction.user.display_name)
        return (await self._member(interaction, story)).name

    async def _change(self, story: Story, status: StoryStatus) -> None:
        async with self.bot.lock(story.story_id):
            await self.bot.library.save_story(replace(await self.bot.library.story(story.story_id), status=status))

    async def _announce(self, interaction: Interaction, text: str, *items: ui.Item[Any]) -> None:
        await self.bot.say(interaction, told(text, *items))


def _plainly_me(mine: Sequence[Character], shown: str) -> Character | None:
    """Which of somebody's characters is themselves, where nobody said: their only one, or the one of their name."""
    if len(mine) == 1:
        return mine[0]
    named = [each for each in mine if each.name.casefold() == shown.strip().casefold()]
    return named[0] if len(named) == 1 else None


def _ids(components: Any) -> set[int]:
    found = set()
    for component in components:
        if component.id is not None:
            found.add(component.id)
        found |= _ids(getattr(component, "children", ()))
    return found


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Stories(bot))
