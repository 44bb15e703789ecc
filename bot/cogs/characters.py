"""Characters: registering one from photos or words, approving the avatar, correcting the look.

Photos are read into memory, measured, and let go; what stays is the look, the avatar drawn from it, and who agreed.
Where the painter can paint from photos, they wait in memory until the avatar is kept, a quarter of an hour at most.
Every answer is private. An avatar counts only once its owner has pressed Keep. What an owner decides about a character
afterwards (who may use it, consent, its page and file) is in `keeping`.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.app import server_of
from bot.buttons import StoryButton, StoryMenu, modal_fields
from bot.cogs.keeping import (
    CONSENT,
    POLICY_VERSION,
    Keeping,
    choices_of,
    clean_nicknames,
    clean_relation,
    consent_menu,
    described,
    fetch,
)
from bot.cogs.turns import owner_of
from bot.text import clean_description, clean_name, cut, safe
from bot.wording import CONSENTS, LOOK_FIELDS, Words
from engine.boundaries import passed
from engine.cast.casting import choices_for, corrected, draw_character_avatar, vary_look
from engine.cast.measuring import Face, face_crop, faces_of, look_from_words, measure_look
from engine.cast.photos import SafePhoto, open_photo
from engine.cast.portrait import crops_of, portray
from engine.cast.witness import describe, vision_of
from engine.labels import PAPER_DOLLS, PORTRAIT
from engine.nouns import (
    BadPhoto,
    Character,
    CharacterId,
    Consent,
    Look,
    NotFound,
    Pronouns,
    Refused,
    ServerId,
    StorythreadError,
    StudioFailed,
)
from engine.safety.brought import need_fit
from engine.settings import Settings
from engine.vocabulary import PEOPLE

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger(__name__)

PHOTO_BYTES = 10 * 2**20
CHOOSE_WITHIN_S = 15 * 60.0                # as long as Discord lets us change a private answer
CROWDS = 24                                # people whose photos wait at once, three megabytes a photo at most
FACES_SHOWN = 8
SAID_WITHIN_S = 2.0                        # a card does not wait longer to hear what the painter can
#: Painters of which it is known without asking that they paint nobody from a photo.
NO_PORTRAITISTS = frozenset({"mini", "theatre"})

PRONOUNS = [app_commands.Choice(name=name, value=value) for value, name in (
    ("she", "she/her"), ("he", "he/him"), ("they", "they/them"), ("it", "it/its"), ("any", "any"))]


class Characters(Keeping, commands.GroupCog, group_name="character",
                 group_description="The people, pets and toys of your stories"):
    """Everything about a person's own characters."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._crowds: dict[CharacterId, Crowd] = {}
        self._sitters: dict[CharacterId, Sitter] = {}
        self._paintings: set[asyncio.Task[None]] = set()
        bot.clicks.update(keep=self.keep, again=self.again, correct=self.correct, look=self.change_look,
                          remove=self.really_remove, more=self.ask_more, face=self.choose_face)
        bot.forms.update(character=self.read_form, recharacter=self.read_edit, more=self.read_more)
        self.listen()

    # --- commands ----------------------------------------------------------------------------------

    @app_commands.command(name="add", description="Add a person, a pet or a toy, from photos or from words")
    @app_commands.describe(name="What they are called; leave empty to fill in a form", pronouns="How to speak of them",
                           description="A few words about how they look", photo="A photo to draw them from",
                           agreed="Who agreed that the photo may be used",
                           nicknames="Other names they go by, with commas between",
                           relation="Who they are to you: my sister, our dog")
    @app_commands.rename(agreed="consent")
    @app_commands.choices(pronouns=PRONOUNS, agreed=CONSENT)
    async def add(self, interaction: discord.Interaction[StoryBot], name: str | None = None,
                  pronouns: str | None = None, description: str | None = None,
                  photo: discord.Attachment | None = None, agreed: str | None = None,
                  nicknames: str | None = None, relation: str | None = None) -> None:
        if name is None and photo is None and description is None:
            await interaction.response.send_modal(self._form(interaction, f"character:{interaction.id}"))
            return
        await self._register(interaction, CharacterId(f"c{interaction.id}"), name or "", pronouns or "",
                             description or "", [photo] if photo is not None else [], agreed or "",
                             nicknames=nicknames or "", relation=relation or "")

    @app_commands.command(name="list", description="Your characters")
    async def list_own(self, interaction: discord.Interaction[StoryBot]) -> None:
        words = self.bot.words(interaction)
        characters = await self.bot.library.characters_of(owner_of(interaction))
        if not characters:
            raise Refused(reason="no_characters")
        lines = [words("character_list_title")]
        for character in characters:
            waiting = "" if character.avatar is not None else " " + words("character_waits")
            waiting += "" if character.usable else " " + words("character_withdrawn_mark")
            lines.append(f"- **{safe(character.name)}** ({words('pronouns_' + character.pronouns.value)}){waiting}"
                         + (f": {safe(cut(character.description, 60))}" if character.description else ""))
        await self.bot.private(interaction, "\n".join(lines))

    @app_commands.command(name="show", description="Look at one of your characters")
    @app_commands.describe(name="Which character")
    async def show(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        character = await self._named(interaction, name)
        await self._show_card(interaction, character)

    @app_commands.command(name="edit", description="Change a character's name, words, photos or look")
    @app_commands.describe(name="Which character")
    async def edit(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        character = await self._named(interaction, name)
        await interaction.response.send_modal(
            self._form(interaction, f"recharacter:{character.character_id}:{interaction.id}", character))

    @app_commands.command(name="remove", description="Remove one of your characters for good")
    @app_commands.describe(name="Which character")
    async def remove(self, interaction: discord.Interaction[StoryBot], name: str) -> None:
        character = await self._named(interaction, name)
        words = self.bot.words(interaction)
        await self.bot.private(
            interaction, words("character_remove_sure", name=safe(character.name)),
            StoryButton("remove", character.character_id, words("button_remove"), style=discord.ButtonStyle.danger))

    @show.autocomplete("name")
    @edit.autocomplete("name")
    @remove.autocomplete("name")
    async def own_names(self, interaction: discord.Interaction[StoryBot],
                        current: str) -> list[app_commands.Choice[str]]:
        """The person's own characters whose name holds what was typed so far."""
        return choices_of(await self.bot.library.characters_of(owner_of(interaction)), current)

    # --- the form ----------------------------------------------------------------------------------

    def _form(self, interaction: Interaction, custom_id: str, old: Character | None = None) -> ui.Modal:
        words = self.bot.words(interaction)
        title = words("character_form_title") if old is None else words("character_edit_title")
        form = ui.Modal(title=title, timeout=900, custom_id=custom_id)
        form.add_item(ui.Label(text=words("character_form_name"), component=ui.TextInput(
            custom_id="name", max_length=100, default=old.name if old else None)))
        form.add_item(ui.Label(text=words("character_form_pronouns"), component=ui.Select(
            custom_id="pronouns", options=[
                discord.SelectOption(label=words(f"pronouns_{each.value}"), value=each.value,
                                     default=each is (old.pronouns if old else Pronouns.ANY)) for each in Pronouns])))
        form.add_item(ui.Label(
            text=words("character_form_words"), description=words("character_form_words_hint"), component=ui.TextInput(
                custom_id="words", style=discord.TextStyle.paragraph, required=False, max_length=300,
                default=(old.description or None) if old else None)))
        form.add_item(ui.Label(
            text=words("character_form_photos"), description=words("character_form_photos_hint"),
            component=ui.FileUpload(custom_id="photos", required=False, min_values=0,
                                    max_values=min(10, self.bot.settings.limits.photos))))
        form.add_item(ui.Label(
            text=words("character_form_consent"), description=words("character_form_consent_hint"),
            component=ui.RadioGroup(custom_id="consent", required=False, options=[
                discord.RadioGroupOption(label=words(f"consent_{each}"), value=each) for each in CONSENTS])))
        return form

    async def read_form(self, interaction: Interaction, key: str) -> None:
        """The form of /character add. Its id names the character, so that sending it twice makes one."""
        fields, photos = modal_fields(interaction)
        await self._register(interaction, CharacterId(f"c{key}"), fields.get("name", ""), fields.get("pronouns", ""),
                             fields.get("words", ""), photos, fields.get("consent", ""))

    async def read_edit(self, interaction: Interaction, key: str) -> None:
        """The form of /character edit."""
        fields, photos = modal_fields(interaction)
        character_id = CharacterId(key.partition(":")[0])
        old = await self._mine(interaction, character_id)
        await self._register(interaction, character_id, fields.get("name", ""), fields.get("pronouns", ""),
                             fields.get("words", ""), photos, fields.get("consent", ""), old=old)

    async def _register(self, interaction: Interaction, character_id: CharacterId, raw_name: str, raw_pronouns: str,
                        raw_words: str, photos: Sequence[discord.Attachment], consent: str, *, nicknames: str = "",
                        relation: str = "", old: Character | None = None) -> None:
        """Check, acknowledge, then look at the photos and show the avatar."""
        limits = self.bot.settings.limits
        owner_id = owner_of(interaction)
        name = clean_name(raw_name, limit=limits.name_characters)
        pronouns = Pronouns(raw_pronouns) if raw_pronouns in Pronouns.__members__.values() else Pronouns.ANY
        description = clean_description(raw_words)
        if len(photos) > limits.photos:
            raise Refused(reason="photos_too_many", limit=limits.photos)
        if photos and consent not in CONSENTS:
            raise Refused(reason="consent_needed")
        for photo in photos:
            if photo.size > PHOTO_BYTES:
                raise BadPhoto(reason="photo_too_large", limit_mib=PHOTO_BYTES // 2**20)
        known = clean_nicknames(nicknames, limit=limits.name_characters) if old is None else old.nicknames
        to_owner = clean_relation(relation) if old is None else old.relation
        await self.bot.need_suitable(name, *known, to_owner, description, server_id=server_of(interaction))
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._room_for(Character(character_id, owner_id, name, pronouns, Look()))
        pictures = [await fetch(photo) for photo in photos]
        passed("photo taken")
        look, avatar = (old.look, old.avatar) if old is not None else (Look(), None)
        seen: Seen | None = None
        if pictures or old is None or not (description == old.description or old.from_photo):
            seen = await look_at(pictures, description, Pronouns.IT if consent == "not_a_person" else pronouns,
                                 settings=self.bot.settings, vision=await vision_of(self.bot.settings))
            look, avatar = seen.look, None
            passed("look measured")
        given = old.consent if old is not None else None
        if photos:                                          # new photos never undo a consent that was taken back
            given = Consent(consent, POLICY_VERSION, datetime.now(UTC), given.withdrawn_at if given else None)
        blank = Character(character_id, owner_id, name, pronouns, look, server_id=server_of(interaction))
        character = replace(
            old or blank, name=name, pronouns=pronouns, look=look, description=description, avatar=avatar,
            consent=given, from_photo=bool(photos) or bool(old and old.from_photo), nicknames=known, relation=to_owner)
        async with self.bot.lock(f"characters {owner_id}"):    # a form sent twice at once must not make two
            await self._room_for(character)
            await self.bot.library.save_character(character)
        passed("registration kept")
        self._crowds.pop(character_id, None)
        notes = notes_of(self.bot.words(interaction), seen) if seen is not None else []
        if seen is not None:
            self._let_go_of(character_id)
        if seen is not None and seen.undecided() is not None:
            self._wait_for_a_choice(character_id, seen)
        elif seen is not None:
            await self._seat(character_id, seen)
        await self._show_and_paint(interaction, character, notes=notes)

    # --- which face is meant -----------------------------------------------------------------------

    def _wait_for_a_choice(self, character_id: CharacterId, seen: Seen) -> None:
        """Keep the photos' pixels in memory, and nowhere else, for as long as somebody may still be choosing."""
        while len(self._crowds) >= CROWDS:
            self._crowds.pop(next(iter(self._crowds)))
        self._crowds[character_id] = crowd = Crowd(seen)

        def let_go() -> None:
            if self._crowds.get(character_id) is crowd:
                del self._crowds[character_id]

        asyncio.get_running_loop().call_later(CHOOSE_WITHIN_S, let_go)

    async def choose_face(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Which face of a photo is the character: measured again, then the next photo that holds several."""
        character_id, _, number = key.partition(":")
        character = await self._mine(interaction, CharacterId(character_id))
        crowd = self._crowds.get(character.character_id)
        if crowd is None:                                   # a quarter of an hour is over, or a restart came between
            raise Refused(reason="faces_gone")
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(character_id):
            try:
                seen = await crowd.seen.choosing(int(number), int(values[0]))
            except (ValueError, IndexError) as error:
                raise Refused(reason="stale_button") from error
            character = replace(await self._mine(interaction, character.character_id), look=seen.look, avatar=None)
            await self.bot.library.save_character(character)
            crowd.seen = seen
        if seen.undecided() is None:
            self._crowds.pop(character.character_id, None)
            await self._seat(character.character_id, seen)
        await self._show_and_paint(interaction, character, notes=notes_of(self.bot.words(interaction), seen))

    async def _faces(self, words: Words, character: Character,
                     layout: ui.LayoutView) -> list[discord.File]:
        """The faces of the first photo nobody has decided about, with a menu; its files."""
        crowd = self._crowds.get(character.character_id)
        number = crowd.seen.undecided() if crowd is not None else None
        if crowd is None or number is None:
            return []
        photo, faces = crowd.seen.photos[number], crowd.seen.faces[number][:FACES_SHOWN]
        crops = await asyncio.to_thread(lambda: [face_crop(photo, face) for face in faces])
        files = [discord.File(io.BytesIO(png), filename=f"face-{at}.png") for at, png in enumerate(crops, 1)]
        question = "face_question" if len(crowd.seen.photos) == 1 else "face_question_number"
        layout.add_item(ui.TextDisplay(words(question, name=safe(character.name), count=len(faces),
                                             number=number + 1)))
        layout.add_item(ui.MediaGallery(*(discord.MediaGalleryItem(file, description=words("face_alt", number=at))
                                          for at, file in enumerate(files, 1))))
        places = {2: ("left", "right"), 3: ("left", "middle", "right")}.get(len(faces), ())
        options = [discord.SelectOption(label=words(f"face_{places[at]}") if places
                                        else words("face_nth", number=at + 1), value=str(at))
                   for at in range(len(faces))]
        layout.add_item(ui.ActionRow(StoryMenu("face", f"{character.character_id}:{number}", options,
                                               placeholder=words("face_menu"))))
        return files

    # --- painted from photos, where the painter can ------------------------------------------------

    async def _seat(self, character_id: CharacterId, seen: Seen) -> None:
        """Keep in memory what of somebody's photos a painter is to see, until the avatar is kept or time is over."""
        if not seen.photos or self.bot.settings.studio.painter in NO_PORTRAITISTS:
            return
        self._seat_with(character_id, await asyncio.to_thread(crops_of, seen.photos, seen.faces, dict(seen.chosen)))

    async def _seat_again(self, character: Character) -> None:
        """Somebody whose photos are gone, and whose look is changed, is painted after the avatar that was kept."""
        if character.avatar is not None and character.from_photo \
                and self.bot.settings.studio.painter not in NO_PORTRAITISTS:
            self._seat_with(character.character_id, (await self.bot.library.picture(character.avatar),))

    def _seat_with(self, character_id: CharacterId, crops: tuple[bytes, ...]) -> None:
        if not crops:
            return
        while len(self._sitters) >= CROWDS:
            self._let_go_of(next(iter(self._sitters)))
        self._sitters[character_id] = sitter = Sitter(crops)

        def let_go() -> None:
            if self._sitters.get(character_id) is sitter:
                self._let_go_of(character_id)

        asyncio.get_running_loop().call_later(CHOOSE_WITHIN_S, let_go)

    def _let_go_of(self, character_id: CharacterId) -> None:
        sitter = self._sitters.pop(character_id, None)
        if sitter is not None and sitter.brush is not None:
            sitter.brush.cancel()

    def _painting_of(self, character: Character) -> bytes:
        """What was painted of somebody as they look now, to be kept or not; empty where nothing was."""
        sitter = self._sitters.get(character.character_id)
        return sitter.painting if sitter is not None and sitter.look == character.look else b""

    async def _show_and_paint(self, interaction: Interaction, character: Character, page: str = "",
                              notes: Sequence[str] = ()) -> None:
        """The card with the doll at once; where there are photos and a painter for them, the painting as it is done."""
        key = character.character_id
        sitter = self._sitters.get(key)
        if sitter is None and character.avatar is None and await self._was_painted(character):
            notes = [*notes, self.bot.words(interaction)("portrait_gone")]
        await self._show_card(interaction, character, page, notes)
        if sitter is None or character.avatar is not None:
            return
        # Painting takes as long as the lane is long: the answer itself is over, and a stop does not wait for this.
        painting = asyncio.create_task(self._paint_card(interaction, character, sitter, page, notes), name="avatar")
        self._paintings.add(painting)
        painting.add_done_callback(self._paintings.discard)

    async def _paint_card(self, interaction: Interaction, character: Character, sitter: Sitter, page: str,
                          notes: Sequence[str]) -> None:
        """Paint a sitter, and put what came of it into the card."""
        key = character.character_id
        try:
            if not await self._can_paint(CHOOSE_WITHIN_S):
                self._let_go_of(key)
            if self._sitters.get(key) is not sitter:        # kept as it was, or sent anew
                return
            words, name = self.bot.words(interaction), safe(character.name)
            await self._show_card(interaction, character, page, [*notes, words("portrait_begun", name=name)])
            try:
                if await self._sit(sitter, character, interaction.id, server_of(interaction)):
                    await self._show_card(interaction, await self._mine(interaction, key), page, notes)
            except StudioFailed:
                if self._sitters.get(key) is sitter:
                    await self._show_card(interaction, character, page, [*notes, words("portrait_failed", name=name)])
        except NotFound:                                    # removed in the meantime
            self._let_go_of(key)
        except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("an avatar that was painted could not be shown: %s", type(error).__name__)

    async def cog_unload(self) -> None:
        """The bot stops: nothing more is painted, and nothing of a photo waits."""
        for key in list(self._sitters):
            self._let_go_of(key)
        for painting in list(self._paintings):
            painting.cancel()
        await asyncio.gather(*self._paintings, return_exceptions=True)

    async def _can_paint(self, within_s: float) -> bool:
        """Whether the studio paints from photos; no, where nobody says so in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self.bot.runner.studio.paints_from_photos()
        except TimeoutError:
            return False

    async def _was_painted(self, character: Character) -> bool:
        """Whether somebody whose photos are gone would have been painted from them here."""
        return (character.from_photo and character.character_id not in self._crowds
                and self.bot.settings.studio.painter not in NO_PORTRAITISTS
                and await self._can_paint(SAID_WITHIN_S))

    async def _sit(self, sitter: Sitter, character: Character, seed: int, server_id: ServerId) -> bool:
        """Paint a sitter as they look now, instead of whatever was being painted of them. False when overtaken.

        Raises `StudioFailed`.
        """
        if sitter.brush is not None:
            sitter.brush.cancel()
        sitter.brush = brush = asyncio.ensure_future(portray(
            self.bot.runner.studio, character.look, sitter.crops, seed=seed, owner_id=character.owner_id,
            server_id=server_id))
        try:
            painting = await brush
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():          # the bot stops
                raise
            return False                                    # kept as it was, changed or begun anew
        if sitter.brush is not brush or self._sitters.get(character.character_id) is not sitter:
            return False
        sitter.brush, sitter.look, sitter.painting = None, character.look, painting
        passed("avatar painted")
        return True

    # --- the card: avatar, Keep, Try again, Correct the look ---------------------------------------

    async def _show_card(self, interaction: Interaction, character: Character, page: str = "",
                         notes: Sequence[str] = ()) -> None:
        """Put the card into the private answer that is already there (or on its way)."""
        layout, files = await self._card(self.bot.words(interaction), character, page, notes)
        await interaction.edit_original_response(view=layout, attachments=files,
                                                 allowed_mentions=discord.AllowedMentions.none())

    async def _card(self, words: Words, character: Character, page: str,
                    notes: Sequence[str] = ()) -> tuple[ui.LayoutView, list[discord.File]]:
        """`page` is "" for the card alone, or a page of menus of `LOOK_FIELDS`; `notes` are sentences above it."""
        painting = self._painting_of(character)
        drawn_by = PORTRAIT if painting else PAPER_DOLLS
        if character.avatar is not None:
            png, drawn_by = await self.bot.library.picture(character.avatar), character.drawn_by
        else:
            png = painting or await asyncio.to_thread(draw_character_avatar, character.look)
        passed("avatar drawn")
        file = discord.File(io.BytesIO(await self.bot.labelled(png, drawn_by)),
                            filename=f"avatar-{character.character_id}.png")
        key = character.character_id
        name = safe(character.name)
        title = words("character_card" if character.avatar is None else "character_kept", name=name)
        about = [words(f"pronouns_{character.pronouns.value}")]
        if character.relation:
            about.append(words("character_relation", relation=safe(character.relation)))
        if character.nicknames:
            about.append(words("character_also", names=", ".join(safe(each) for each in character.nicknames)))
        if character.description:
            about.append(safe(character.description))
        lines = [*notes, f"### {title if character.usable else name}", " · ".join(about)]
        if not character.usable and not notes:
            lines.append(words("character_not_usable", name=name))
        if character.from_photo:
            lines.append("-# " + words("photo_let_go", minutes=round(CHOOSE_WITHIN_S / 60)))
        elif character.avatar is None:
            lines.append("-# " + words("words_stay"))
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay("\n".join(lines)))
        alt = words("avatar_alt", name=character.name, look=described(words, character.look))
        layout.add_item(ui.MediaGallery(discord.MediaGalleryItem(file, description=cut(alt, 1024))))
        faces = await self._faces(words, character, layout) if not page else []
        if not character.usable and character.from_photo:
            layout.add_item(ui.ActionRow(consent_menu(words, character)))
        for field in LOOK_FIELDS.get(page, ()):
            menu = look_menu(words, character, field)
            if menu is not None:
                layout.add_item(ui.ActionRow(menu))
        buttons: list[StoryButton] = []
        if character.avatar is None:
            buttons = [StoryButton("keep", f"{key}:painted" if painting else key, words("button_keep"),
                                   style=discord.ButtonStyle.success, emoji="💛"),
                       StoryButton("again", key, words("button_again"), emoji="🎲")]
        buttons += [StoryButton("correct", f"{key}:{other}", words(f"button_correct_{other}"), emoji="🖍️")
                    for other in LOOK_FIELDS if other != page]
        if not page:
            buttons.append(StoryButton("more", key, words("button_more"), emoji="🏷️"))
        layout.add_item(ui.ActionRow(*buttons))
        return layout, [file, *faces]

    async def keep(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Keep: the avatar is approved and may be used. What was seen is what is kept, or nothing is."""
        key, _, shown = key.partition(":")
        character = await self._mine(interaction, CharacterId(key))
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(key):
            character = await self._mine(interaction, CharacterId(key))
            painting = self._painting_of(character) if shown else b""
            if shown and not painting and character.avatar is None:      # time is over, or a restart came between
                await self._show_card(interaction, character, notes=[self.bot.words(interaction)("portrait_gone")])
                return
            self._crowds.pop(character.character_id, None)     # kept as it is: nobody asks again who was meant
            self._let_go_of(character.character_id)
            if character.avatar is None:
                png = painting or await asyncio.to_thread(draw_character_avatar, character.look)
                picture = await self.bot.library.keep_picture(png, owner_id=character.owner_id)
                character = replace(character, avatar=picture, drawn_by=PORTRAIT if painting else PAPER_DOLLS)
                await self.bot.library.save_character(character)
                passed("avatar kept")
        await self._show_card(interaction, character)

    async def again(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Try again: the same description, drawn another way; from photos, the same look painted another way."""
        await self._mine(interaction, CharacterId(key))
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(key):
            character = await self._mine(interaction, CharacterId(key))
            look = character.look
            if not self._painting_of(character):
                look = await asyncio.to_thread(vary_look, look, interaction.id % 2**31)
            character = replace(character, look=look, avatar=None)
            await self.bot.library.save_character(character)
        await self._show_and_paint(interaction, character)

    async def correct(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Correct the look: the menus of one page."""
        character_id, _, page = key.partition(":")
        character = await self._mine(interaction, CharacterId(character_id))
        await self.bot.acknowledge(interaction)
        await self._show_card(interaction, character, page or next(iter(LOOK_FIELDS)))

    async def change_look(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A menu of the look was used: draw the avatar anew, to be kept or not."""
        character_id, _, field = key.partition(":")
        await self._mine(interaction, CharacterId(character_id))
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(character_id):
            character = await self._mine(interaction, CharacterId(character_id))
            try:
                changed = corrected(character.look, field, tuple(values))
            except (KeyError, ValueError) as error:      # a menu of an older version, or a made-up value
                raise Refused(reason="stale_button") from error
            if changed != character.look:
                await self._seat_again(character)
                character = replace(character, look=changed, avatar=None)
                await self.bot.library.save_character(character)
        page = next((page for page, fields in LOOK_FIELDS.items() if field in fields), "")
        await self._show_and_paint(interaction, character, page)

    async def really_remove(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Remove, said twice."""
        character = await self._mine(interaction, CharacterId(key))
        await self.bot.library.remove_character(character.character_id)
        self._let_go_of(character.character_id)
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(self.bot.words(interaction)("character_removed", name=safe(character.name))))
        await self.bot.change(interaction, layout)

    # --- other names, and who they are to their owner ----------------------------------------------

    async def ask_more(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Names and family: a form of its own, since a form holds five fields and the first is full."""
        character = await self._mine(interaction, CharacterId(key))
        words = self.bot.words(interaction)
        form = ui.Modal(title=words("character_more_title"), timeout=900, custom_id=f"more:{key}:{interaction.id}")
        for field, now, longest in (("nicknames", ", ".join(character.nicknames), 300),
                                    ("relation", character.relation, 80)):
            form.add_item(ui.Label(
                text=words(f"character_form_{field}"), description=words(f"character_form_{field}_hint"),
                component=ui.TextInput(custom_id=field, required=False, max_length=longest, default=now or None)))
        await interaction.response.send_modal(form)

    async def read_more(self, interaction: Interaction, key: str) -> None:
        """The form of Names and family."""
        fields, _ = modal_fields(interaction)
        character = await self._mine(interaction, CharacterId(key.partition(":")[0]))
        nicknames = clean_nicknames(fields.get("nicknames", ""), limit=self.bot.settings.limits.name_characters)
        relation = clean_relation(fields.get("relation", ""))
        await self.bot.need_suitable(*nicknames, relation, server_id=server_of(interaction))
        await self.bot.acknowledge(interaction)
        async with self.bot.lock(character.character_id):
            character = await self._mine(interaction, character.character_id)
            character = replace(character, nicknames=nicknames, relation=relation)
            await self.bot.library.save_character(character)
        await self._show_card(interaction, character)


# --- photos and looks, off the event loop ----------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in somebody's photos. The photos themselves are in it: it is not to be kept."""

    look: Look
    findings: tuple[str, ...] = ()                          # of the whole: keys of sentences
    each: tuple[tuple[str, ...], ...] = ()                  # of each photo that could be used
    numbers: tuple[int, ...] = ()                           # which of the uploads these are, from 1
    left_out: tuple[tuple[int, BadPhoto], ...] = ()         # those that could not be used, and why
    photos: tuple[SafePhoto, ...] = ()
    faces: tuple[tuple[Face, ...], ...] = ()                # of each photo, left to right
    chosen: tuple[tuple[int, int], ...] = ()                # (photo, face)
    description: str = ""
    pronouns: Pronouns = Pronouns.ANY

    def undecided(self) -> int | None:
        """The first photo with several faces of which nobody has said which is meant."""
        return next((number for number, faces in enumerate(self.faces)
                     if len(faces) > 1 and number not in dict(self.chosen)), None)

    async def choosing(self, number: int, face: int) -> Seen:
        """The same photos, with one more face chosen. Raises `IndexError` for a face that is not there."""
        if not (0 <= number < len(self.faces) and 0 <= face < len(self.faces[number])):
            raise IndexError(face)
        chosen = {**dict(self.chosen), number: face}
        casting = await asyncio.to_thread(measure_look, self.photos, self.description, pronouns=self.pronouns,
                                          chosen=chosen)
        return replace(self, look=casting.look, findings=casting.findings, each=casting.each,
                       chosen=tuple(chosen.items()))


@dataclass(slots=True)
class Crowd:
    """Photos that wait in memory until somebody has said who is meant."""

    seen: Seen


@dataclass(slots=True, repr=False)
class Sitter:
    """Somebody who is painted from photos: those, and what came of them so far. In memory alone."""

    crops: tuple[bytes, ...]
    look: Look | None = None                                # as which they were painted
    painting: bytes = b""
    brush: asyncio.Future[bytes] | None = None


async def look_at(pictures: Sequence[bytes], description: str, pronouns: Pronouns, *, settings: Settings,
                  vision: tuple[str, str] = ("", "")) -> Seen:
    """The look measured in the photos, guided by the words, and what the person should know about each photo.

    Without photos, what the words alone say. Photos that cannot be used are left out while others can be. Raises
    `BadPhoto` when none can, and where one does not suit (`engine.safety.brought`). `vision` is a vision model and its
    projector: a witness to be asked where it is clear who is meant.
    """
    if not pictures:
        return Seen(look_from_words(description, pronouns))
    photos: list[SafePhoto] = []
    numbers, left_out = [], []
    for number, picture in enumerate(pictures, 1):
        try:
            photos.append(await open_photo(picture))
            numbers.append(number)
        except BadPhoto as bad:
            left_out.append((number, bad))
    if not photos:
        raise left_out[0][1]
    await need_fit(photos, settings, vision)
    casting = await asyncio.to_thread(measure_look, photos, description, pronouns=pronouns)
    if all(vision) and "several_faces" not in casting.findings:
        described = await describe(photos, casting.look.kind, model=vision[0], projector=vision[1],
                                   threads=settings.studio.threads)
        if described:
            casting = await asyncio.to_thread(measure_look, photos, description, pronouns=pronouns,
                                              described=described)
    faces: tuple[tuple[Face, ...], ...] = ((),) * len(photos)
    if casting.look.kind in PEOPLE and "several_faces" in casting.findings:
        faces = await asyncio.to_thread(lambda: tuple(tuple(faces_of(photo)) for photo in photos))
    return Seen(casting.look, casting.findings, casting.each, tuple(numbers), tuple(left_out), tuple(photos), faces,
                description=description, pronouns=pronouns)


#: Findings about a photo that is used all the same are worded otherwise than refusals of the same kind.
_NOTES = {"photo_dark": "photo_dark_note"}


def notes_of(words: Words, seen: Seen) -> list[str]:
    """What to say about somebody's photos, photo by photo where there are several."""
    several = len(seen.numbers) + len(seen.left_out) > 1
    asked = seen.undecided() is not None

    def said(findings: Sequence[str]) -> str:
        return " ".join(words(_NOTES.get(finding, finding)) for finding in findings
                        if not (asked and finding == "several_faces"))

    if not several:
        return [line for line in [said(seen.findings)] if line]
    lines = []
    for number, findings in zip(seen.numbers, seen.each, strict=True):
        if what := said(findings):
            lines.append((number, what))
    lines += [(number, words("photo_left_out", what=words(bad.reason, **bad.facts))) for number, bad in seen.left_out]
    told = [words("photo_number", number=number, what=what) for number, what in sorted(lines)]
    known = {finding for findings in seen.each for finding in findings}
    rest = said([finding for finding in seen.findings if finding not in known])
    return told + ([rest] if rest else [])


def look_menu(words: Words, character: Character, field: str) -> StoryMenu | None:
    """The menu for one field, with what is so now chosen. None where the field means nothing for this kind."""
    offered = choices_for(character.look).get(field)
    if offered is None:
        return None
    now = getattr(character.look, field)
    now_values = {str(value) for value in now} if isinstance(now, tuple) else {str(now)}
    options = [discord.SelectOption(label=cut(words.value(value), 100), value=value, default=value in now_values)
               for value in offered][:25]
    many = isinstance(now, tuple)
    return StoryMenu("look", f"{character.character_id}:{field}", options, placeholder=words(f"look_{field}"),
                     min_values=0 if many else 1, max_values=min(3, len(options)) if many else 1)


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Characters(bot))
