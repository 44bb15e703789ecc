"""Keeping characters: who may use them, consent given and taken back, the cast sheet, and characters as files.

The other half of `/character`; registering and the card are in `characters`. Every answer is private, and everything
here is the owner's alone to do.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import anonymous, server_of
from bot.buttons import StoryButton, StoryMenu
from bot.cogs.turns import owner_of
from bot.stage import told
from bot.text import clean_description, clean_name, cut, safe
from bot.wording import CONSENTS, Words
from engine.cast.sheet import MOODS, POSES, Fact, draw_sheet, facts_of
from engine.cast.travel import FILE_BYTES, Traveller, TravellingPicture, pack, unpack
from engine.labels import BROUGHT, PAPER_DOLLS, PORTRAIT
from engine.nouns import (
    BadPhoto,
    Character,
    CharacterId,
    Consent,
    Look,
    NotFound,
    PanelId,
    Reference,
    Refused,
    Sharing,
)
from engine.vocabulary import PEOPLE

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.keeping")

POLICY_VERSION = 1
CHARACTERS_EACH = 50                       # more than anybody's family, fewer than a flood
NICKNAMES_EACH = 10
RELATION_CHARACTERS = 40
PROGRESS_EVERY_S = 2.0
#: Who is said to have agreed to a character nobody took photos of, and to one whose file has just come in.
NO_PHOTOS, NOBODY_YET = "no_photos", ""

CONSENT = [app_commands.Choice(name=text, value=value) for value, text in CONSENTS.items()]
SHARE_WITH = [app_commands.Choice(name="Only me", value="me"),
              app_commands.Choice(name="Everybody in a story I bring them into", value="story"),
              app_commands.Choice(name="Everybody on this server", value="server")]


class Keeping(commands.Cog):
    """What an owner decides about their characters. `Characters` is the cog that has these commands."""

    bot: StoryBot
    consent = app_commands.Group(name="consent", description="The consent to draw one of your characters")

    def listen(self) -> None:
        """Answer the buttons and menus of this half."""
        self._wiping: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.bot.clicks.update(agree=self.agree, wipe=self.wipe)

    # --- the sheet ---------------------------------------------------------------------------------

    @app_commands.command(name="sheet", description="A page about a character, to look at or to print")
    @app_commands.describe(name="Which character")
    async def sheet(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        character = await self._named(interaction, name)
        words = self.bot.words(interaction)
        avatar = await self.bot.library.picture(character.avatar) if character.avatar is not None else None
        png = await self.bot.labelled(await asyncio.to_thread(sheet_of, character, avatar, words),
                                      PORTRAIT if character.drawn_by == PORTRAIT else PAPER_DOLLS)
        file = discord.File(io.BytesIO(png), filename=f"{file_name(character.name)}-sheet.png")
        alt = words("character_sheet_alt", name=character.name, look=described(words, character.look))
        layout = told(words("character_sheet_ready", name=safe(character.name)),
                      ui.MediaGallery(discord.MediaGalleryItem(file, description=cut(alt, 1024))))
        await self._answer(interaction, layout, file)

    # --- who may use it ----------------------------------------------------------------------------

    @app_commands.command(name="share", description="Decide who may write about one of your characters")
    @app_commands.describe(name="Which character", whom="Who may")
    @app_commands.rename(whom="with")
    @app_commands.choices(whom=SHARE_WITH)
    async def share(self, interaction: discord.Interaction[StoryBot], name: str, whom: str) -> None:
        character = await self._named(interaction, name)
        sharing = Sharing(whom)
        if sharing is Sharing.SERVER:
            server_id = server_of(interaction)
            if not server_id:
                raise Refused(reason="character_share_on_server")
            if character.server_id != server_id:
                await self.bot.library.save_character(replace(character, server_id=server_id))
        await self.bot.library.share(character.character_id, sharing)
        words = self.bot.words(interaction)
        await self.bot.private(interaction, words(f"character_shared_{whom}", name=safe(character.name)))

    # --- consent -----------------------------------------------------------------------------------

    @consent.command(name="withdraw",
                     description="Take the consent back: the character is in no story from now on")
    @app_commands.describe(name="Which character")
    async def withdraw(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        character = await self._named(interaction, name)
        async with self.bot.lock(character.character_id):
            character = await self._mine(interaction, character.character_id)
            if character.usable:
                given = character.consent or Consent(NO_PHOTOS, POLICY_VERSION, datetime.now(UTC))
                character = replace(character, consent=replace(given, withdrawn_at=datetime.now(UTC)))
                await self.bot.library.save_character(character)
        shown = await self.bot.library.panels_with(character.character_id)
        words, key, name = self.bot.words(interaction), character.character_id, safe(character.name)
        said = words("withdraw_done", name=name)
        if not shown:
            await self.bot.private(interaction, said + "\n" + words("withdraw_no_pictures", name=name))
            return
        titles = list(dict.fromkeys(safe(story.title) for story, _ in shown))
        more = f" (+{len(titles) - 5})" if len(titles) > 5 else ""
        said += "\n" + words("withdraw_pictures", name=name, count=len(shown), stories=", ".join(titles[:5]) + more)
        await self.bot.private(
            interaction, said,
            StoryButton("wipe", f"{key}:redraw", cut(words("button_wipe_redraw", count=len(shown),
                                                           name=character.name), 80), emoji="🎨"),
            StoryButton("wipe", f"{key}:remove", words("button_wipe_remove"), style=discord.ButtonStyle.danger),
            StoryButton("wipe", f"{key}:leave", words("button_wipe_leave")))

    @consent.command(name="give", description="Give the consent again")
    @app_commands.describe(name="Which character", who="Who agreed")
    @app_commands.choices(who=CONSENT)
    async def give(self, interaction: discord.Interaction[StoryBot], name: str, who: str | None = None) -> None:
        character = await self._named(interaction, name)
        words = self.bot.words(interaction)
        if who is None and character.from_photo and not character.usable:
            await self.bot.private(interaction, words("consent_question", name=safe(character.name)),
                                   ui.ActionRow(consent_menu(words, character)))
            return
        await self._agree(interaction, character.character_id, who)
        await self.bot.private(interaction, words("consent_given", name=safe(character.name)))

    async def agree(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """The menu that asks who agreed."""
        character = await self._agree(interaction, CharacterId(key), values[0] if values else None)
        await self.bot.change(interaction, told(self.bot.words(interaction)("consent_given",
                                                                            name=safe(character.name))))

    async def _agree(self, interaction: Interaction, character_id: CharacterId, who: str | None) -> Character:
        """Record who agreed. Raises `Refused` where photos need an answer and there is none."""
        async with self.bot.lock(character_id):
            character = await self._mine(interaction, character_id)
            before = character.consent.who if character.consent is not None else NO_PHOTOS
            who = who if who in CONSENTS else None
            if character.from_photo and who is None:
                raise Refused(reason="consent_needed")
            if who == "not_a_person" and before not in ("not_a_person", NO_PHOTOS):
                raise Refused(reason="consent_needed")      # its photos showed a person: a pet cannot have agreed
            given = Consent(who, POLICY_VERSION, datetime.now(UTC)) if who else None
            character = replace(character, consent=given)
            await self.bot.library.save_character(character)
        return character

    # --- pictures of somebody who is in no story any more ------------------------------------------

    async def wipe(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """What becomes of the pictures: redrawn without the character, removed, or left."""
        character_id, _, how = key.partition(":")
        character = await self._mine(interaction, CharacterId(character_id))
        words, name = self.bot.words(interaction), safe(character.name)
        if how == "leave":
            await self.bot.change(interaction, told(words("wipe_left")))
            return
        if how not in ("redraw", "remove"):
            raise Refused(reason="stale_button")
        if character.usable:
            raise Refused(reason="wipe_stands", name=name)
        if self.bot.draining:
            raise Refused(reason="restarting")
        if character_id in self._wiping:
            raise Refused(reason="wipe_running")
        self._wiping.add(character_id)
        await self.bot.acknowledge(interaction)
        task = asyncio.create_task(self._wipe(interaction, character, how))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wipe(self, interaction: Interaction, character: Character, how: str) -> None:
        """Watch the durable work, and tell how far it is while Discord lets us change the answer (15 minutes)."""
        words, name = self.bot.words(interaction), safe(character.name)
        doing, done = ("wipe_redrawing", "wipe_redrawn") if how == "redraw" else ("wipe_removing", "wipe_removed")
        try:
            count = len(await self.bot.library.panels_with(character.character_id))
            await self._tell(interaction, words(doing, name=name, done=0, count=count))
            await self.bot.runner.take_out(character.character_id, character.owner_id, how, str(interaction.id))
            work = asyncio.create_task(self.bot.runner.finished(str(interaction.id)))
            left = count
            while not (await asyncio.wait({work}, timeout=PROGRESS_EVERY_S))[0]:
                now = len(await self.bot.library.panels_with(character.character_id))
                if now != left:
                    left = now
                    await self._tell(interaction, words(doing, name=name, done=count - left, count=count))
            work.result()
            left = len(await self.bot.library.panels_with(character.character_id))
            await self._tell(interaction, words(done, name=name, count=count) if left == 0
                             else words("wipe_some_left", name=name, done=count - left, count=count))
        except Exception as error:             # the work itself is durable: only the telling must not be lost unseen
            log.error("taking a character out of pictures could not be watched: %s", anonymous(error))
        finally:
            self._wiping.discard(character.character_id)

    @staticmethod
    async def _tell(interaction: Interaction, text: str) -> None:
        try:
            await interaction.edit_original_response(view=told(text), attachments=[],
                                                     allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("progress was not shown: %s", type(error).__name__)

    # --- files -------------------------------------------------------------------------------------

    @app_commands.command(name="export", description="One of your characters as a file")
    @app_commands.describe(name="Which character")
    async def export(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        character = await self._named(interaction, name)
        if not character.usable:
            raise Refused(reason="character_not_usable", name=safe(character.name))
        library = self.bot.library
        avatar = None
        if character.avatar is not None:
            avatar = await self.bot.labelled(await library.picture(character.avatar), character.drawn_by)
        references = tuple([TravellingPicture(await self._travelling(each), each.action, each.mood, each.worn)
                            for each in await library.references([character.character_id])])
        consent = character.consent
        packed = await asyncio.to_thread(pack, Traveller(
            character.name, character.pronouns, character.look, character.description, character.nicknames,
            character.relation, character.from_photo,
            character.from_photo and (consent is None or consent.who != "not_a_person"), avatar, references))
        words, shown = self.bot.words(interaction), safe(character.name)
        text = words("character_file_ready", name=shown)
        if avatar is None:
            text += "\n" + words("character_file_bare", name=shown)
        file = discord.File(io.BytesIO(packed), filename=f"{file_name(character.name)}.character.zip")
        await self._answer(interaction, told(text, ui.File(f"attachment://{file.filename}")), file)

    async def _travelling(self, kept: Reference) -> bytes:
        """A kept picture of a character as it leaves the house: labelled, unless it came with a file."""
        png = await self.bot.library.picture(kept.picture)
        if kept.source == "file":
            return png
        try:
            return await self.bot.labelled(png, (await self.bot.library.panel(kept.panel_id or PanelId(""))).painter)
        except NotFound:
            return await self.bot.labelled(png)

    @app_commands.command(name="import", description="Bring in a character from a file")
    @app_commands.describe(file="A file that /character export made", name="Another name for them, if you like",
                           consent="Who agreed that the photo may be used")
    @app_commands.choices(consent=CONSENT)
    async def bring_in(self, interaction: discord.Interaction[StoryBot], file: discord.Attachment,
                       name: str | None = None, consent: str | None = None) -> None:
        if file.size > FILE_BYTES:
            raise Refused(reason="character_file_too_large", limit_mib=FILE_BYTES // 2**20)
        await interaction.response.defer(ephemeral=True, thinking=True)
        traveller = await unpack(await fetch(file))
        owner_id, character_id = owner_of(interaction), CharacterId(f"c{interaction.id}")
        who = consent if consent is not None and consent in CONSENTS else NOBODY_YET
        if traveller.of_a_person and who == "not_a_person":
            who = NOBODY_YET
        given: Consent | None = None
        if traveller.from_photo:
            now = datetime.now(UTC)
            given = Consent(who if traveller.of_a_person else "not_a_person", POLICY_VERSION, now)
            if given.who == NOBODY_YET:
                given = replace(given, withdrawn_at=now)    # in no story until somebody has said who agreed
        character = Character(
            character_id, owner_id, clean_name(name or traveller.name, limit=self.bot.settings.limits.name_characters),
            traveller.pronouns, traveller.look, clean_description(traveller.description), consent=given,
            from_photo=traveller.from_photo, server_id=server_of(interaction),
            nicknames=known_names(traveller.nicknames), relation=clean_relation(traveller.relation))
        await self.bot.need_suitable(character.name, *character.nicknames, character.relation, character.description,
                                     character.look.words, server_id=character.server_id)
        async with self.bot.lock(f"characters {owner_id}"):
            await self._room_for(character)
            library = self.bot.library
            await library.save_character(character)
            if traveller.avatar is not None:
                character = replace(character, drawn_by=BROUGHT,
                                    avatar=await library.keep_picture(traveller.avatar, owner_id=owner_id))
                await library.save_character(character)
            for each in traveller.references:
                await library.save_reference(Reference(
                    character_id, await library.keep_picture(each.png, owner_id=owner_id), "file", None, each.action,
                    each.mood, each.worn))
        words, shown = self.bot.words(interaction), safe(character.name)
        notes = [words("character_file_arrived", name=shown)]
        if traveller.adapter is not None:
            notes.append(words("character_file_learned", name=shown))
        if not character.usable:
            notes.append(words("character_file_consent", name=shown))
        await self._show_card(interaction, character, notes=notes)

    # --- autocomplete ------------------------------------------------------------------------------

    @sheet.autocomplete("name")
    @share.autocomplete("name")
    @withdraw.autocomplete("name")
    @give.autocomplete("name")
    @export.autocomplete("name")
    async def kept_names(self, interaction: discord.Interaction[StoryBot],
                         current: str) -> list[app_commands.Choice[str]]:
        """The person's own characters whose name holds what was typed so far."""
        return choices_of(await self.bot.library.characters_of(owner_of(interaction)), current)

    # --- for both halves ---------------------------------------------------------------------------

    async def _show_card(self, interaction: Interaction, character: Character, page: str = "",
                         notes: Sequence[str] = ()) -> None:
        raise NotImplementedError

    async def _room_for(self, character: Character) -> None:
        """Raise `Refused` when its owner has somebody of that name, or as many as one person can have."""
        others = [other for other in await self.bot.library.characters_of(character.owner_id)
                  if other.character_id != character.character_id]
        if any(other.name.casefold() == character.name.casefold() for other in others):
            raise Refused(reason="name_taken", name=safe(character.name))
        if len(others) >= CHARACTERS_EACH:
            raise Refused(reason="characters_too_many", limit=CHARACTERS_EACH)

    async def _named(self, interaction: Interaction, name: str) -> Character:
        wanted = " ".join(name.split()).casefold()
        for character in await self.bot.library.characters_of(owner_of(interaction)):
            if character.name.casefold() == wanted or character.character_id == name:
                return character
        raise Refused(reason="character_unknown", name=safe(cut(name, 40)))

    async def _mine(self, interaction: Interaction, character_id: CharacterId) -> Character:
        """A character of the person who clicked. Raises `Refused` for anybody else's, as if there were none."""
        try:
            character = await self.bot.library.character(character_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        if character.owner_id != owner_of(interaction):
            raise Refused(reason="stale_button")
        return character

    async def _answer(self, interaction: Interaction, layout: ui.LayoutView, file: discord.File) -> None:
        await interaction.edit_original_response(view=layout, attachments=[file],
                                                 allowed_mentions=discord.AllowedMentions.none())


# --- names and what they are to somebody -----------------------------------------------------------

def clean_nicknames(raw: str, *, limit: int) -> tuple[str, ...]:
    """Other names from a line with commas between them, each as strict as a name. Raises `Refused`."""
    names = [clean_name(part, limit=limit) for part in raw.replace(";", ",").split(",") if part.strip()]
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    kept = tuple(first.values())
    if len(kept) > NICKNAMES_EACH:
        raise Refused(reason="nicknames_too_many", limit=NICKNAMES_EACH)
    return kept


def known_names(names: Sequence[str]) -> tuple[str, ...]:
    """Those of a file's other names that are names by our rules."""
    kept = []
    for name in names:
        try:
            kept.append(clean_name(name))
        except Refused:
            continue
    return tuple(dict.fromkeys(kept))[:NICKNAMES_EACH]


def clean_relation(raw: str) -> str:
    """Who somebody is to their owner, without the "my": "My little sister." is "little sister". Raises `Refused`."""
    text = " ".join(clean_description(raw).split()).strip(" .,!")
    text = re.sub(r"^(?:(?:he|she|it)(?:'s| is) |(?:han|hun|den|det) er )?(?:my|our|min|mit|mine|vores|vor)\s+", "",
                  text, flags=re.IGNORECASE)
    if len(text) > RELATION_CHARACTERS:
        raise Refused(reason="relation_too_long", limit=RELATION_CHARACTERS)
    return text if any(letter.isalpha() for letter in text) else ""


def file_name(name: str) -> str:
    """A name as part of a file's name, in the few signs Discord allows there."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "character"


# --- words about a look ----------------------------------------------------------------------------

def described(words: Words, look: Look) -> str:
    """A look in a few words, for those who cannot see the avatar."""
    person = look.kind in PEOPLE
    parts = [words.value(look.kind), words.value(look.skin if person else look.fur)]
    if person:
        parts.append(f"{words('look_hair').lower()}: {words.value(look.hair)}, {words.value(look.hair_colour)}")
    parts.append(f"{words.value(look.outfit)}, {words.value(look.outfit_colour)}")
    worn = (look.headwear, look.glasses, look.beard)
    parts += [words.value(each) for each in worn if each != "none"]
    parts += [words.value(each) for each in look.accessories]
    return "; ".join(parts)


def sheet_of(character: Character, avatar: bytes | None, words: Words) -> bytes:
    """The cast sheet, worded. Takes half a second: call it in a thread."""
    about = [words(f"pronouns_{character.pronouns.value}")]
    if character.relation:
        about.insert(0, words("character_relation_own", relation=character.relation))
    if character.nicknames:
        about.append(words("character_also", names=", ".join(character.nicknames)))
    facts = [Fact(words(f"look_{field}").partition(" (")[0], ", ".join(words.value(value) for value in values), colour)
             for field, values, colour in facts_of(character.look)]
    return draw_sheet(character.look, avatar, name=character.name, about=" · ".join(about), facts=facts,
                      captions={word: words.value(word) for word in (*POSES, *MOODS)}, words=character.description)


def consent_menu(words: Words, character: Character) -> StoryMenu:
    """Who agreed, as a menu; a pet cannot have agreed to photos of a person."""
    person = character.consent is None or character.consent.who != "not_a_person"
    options = [discord.SelectOption(label=words(f"consent_{each}"), value=each) for each in CONSENTS
               if not (person and each == "not_a_person")]
    return StoryMenu("agree", character.character_id, options, placeholder=words("consent_menu"))


def choices_of(characters: Sequence[Character], current: str) -> list[app_commands.Choice[str]]:
    """Autocomplete entries for characters whose name holds `current`, at most 25."""
    found = [character for character in characters if current.casefold() in character.name.casefold()]
    return [app_commands.Choice(name=character.name, value=character.name) for character in found[:25]]


async def fetch(upload: discord.Attachment) -> bytes:
    """An upload's bytes. Raises `BadPhoto` when Discord no longer has it."""
    try:
        return await upload.read()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise BadPhoto(reason="photo_gone") from error
