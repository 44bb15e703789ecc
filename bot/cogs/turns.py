"""Turns: taking one, the next page, undo, redraw, trying again; by button, by form, or as a plain message.

Everything is checked before it is promised. A turn is stored first, then acknowledged with the person's own words,
then played: from the moment somebody sees their words in the thread, no crash can lose them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import ui
from discord.ext import commands

from bot.allowance import need_pictures, need_place
from bot.app import CHANNEL_NEEDS, THREAD_NEEDS, anonymous, server_of
from bot.buttons import StoryButton, modal_fields
from bot.stage import marker_of, nonce_of, told, turn_shown, words_marker
from bot.text import clean_turn, names_in, quoted, safe, shown_name
from bot.wording import Words
from engine.boundaries import passed
from engine.meaning.reader import called_in
from engine.nouns import (
    Member,
    NotFound,
    OwnerId,
    PanelId,
    PanelState,
    Question,
    Refused,
    Story,
    StoryId,
    StoryStatus,
    StorythreadError,
    Turn,
    TurnId,
    TurnKind,
    TurnOrder,
    TurnState,
)
from engine.ways.storyboard import BoardState

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot
    from bot.cogs.asking import Asking
    from bot.cogs.newcomers import Newcomers
    from bot.cogs.putting_right import Answer, PuttingRight

log = logging.getLogger("storythread.turns")

FORM_AFTER_S = 0.2                         # a form opens after this, whatever is still unknown
#: What may be otherwise in a moment: whoever is not there to be told so waits for it.
SOON_OTHERWISE = ("turns_waiting", "server_turns_waiting", "text_being_drawn")
LOOK_AGAIN_S = 0.5
BEGUN_WITHIN_S = 2.0
DRAFT = "d-"                               # how the ids of words begin that are kept before they are looked at


def next_writer(members: Sequence[Member], written: Sequence[OwnerId | None]) -> Member | None:
    """Whose turn it is when turns go in order. `written` is who wrote each page, oldest first; None: the bot did.

    A page of the bot stands for the person whose turn it was, so an absent player never stops a story.
    """
    if not members:
        return None
    order = sorted(members, key=lambda member: member.seat)
    seats = [member.owner_id for member in order]
    at = 0
    for owner in written:
        at = (seats.index(owner) if owner in seats else at if owner is None else at - 1) + 1
    return order[at % len(order)]


class Turns(commands.Cog):
    """Accepts turns and everything done to pages."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._used: OrderedDict[str, None] = OrderedDict()      # forms sent, pages asked for: once each
        self.redrawing: dict[PanelId, asyncio.Task[None]] = {}
        self._later: set[asyncio.Task[None]] = set()
        bot.clicks.update(take=self.open_form, next=self.next_page, undo=self.undo, redraw=self.redraw,
                          retry=self.retry)
        bot.forms["turn"] = self.read_form
        bot.drafts.update(turn=self.keep_draft, next=self.keep_draft, redraw=self.until_begun)

    async def cog_unload(self) -> None:
        tasks = [*self.redrawing.values(), *self._later]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- who may write now -------------------------------------------------------------------------

    async def check(self, story: Story, owner_id: OwnerId, kind: TurnKind, text: str = "") -> Member:
        """The member who writes. Raises `Refused` with the reason why this person cannot have a turn now."""
        library = self.bot.library
        if self.bot.draining:
            raise Refused(reason="restarting")
        if story.status is StoryStatus.ENDED:
            raise Refused(reason="story_ended")
        if story.status is StoryStatus.PAUSED:
            raise Refused(reason="story_paused")
        await library.need_room()
        # Whoever asks for a page of the bot's is waited for a moment, and sees what has come meanwhile.
        async with library.reading_together() if kind is TurnKind.WRITE else nullcontext():
            members = await library.members(story.story_id)
            me = next((member for member in members if member.owner_id == owner_id), None)
            if me is None:
                raise Refused(reason="not_member", story_id=story.story_id)
            if await self._text_being_drawn(story.story_id):
                raise Refused(reason="text_being_drawn")
            waiting = await (library.open_turns(story.story_id) if kind is TurnKind.WRITE
                             else self.bot.runner.unfinished(story.story_id))
            if kind is not TurnKind.WRITE and waiting:
                raise Refused(reason="turn_in_progress")
            if text and any(turn.owner_id == owner_id and turn.text == text for turn in waiting):
                raise Refused(reason="turn_twice")
            await need_place(self.bot, story, owner_id)
            await self.check_quota(story, owner_id)
            if kind is TurnKind.WRITE and story.turn_order is TurnOrder.IN_ORDER and len(members) > 1:
                expected = next_writer(members, await self._written(story.story_id, waiting))
                if expected is not None and expected.owner_id != owner_id:
                    raise Refused(reason="not_your_turn", name=safe(expected.name))
        if text:
            await self.bot.need_suitable(text, server_id=story.server_id, story=story)
        return me

    async def _text_being_drawn(self, story_id: StoryId) -> bool:
        """Whether the pages of somebody's text are coming one after the other just now."""
        boards = await self.bot.library.storyboards(story_id)
        return any(board.state in (BoardState.DRAWING, BoardState.STOPPING) and board.picture is None
                   for board in boards)

    async def check_quota(self, story: Story, owner_id: OwnerId) -> None:
        """Raise `Refused` when this person, or their server, has had its pictures for today."""
        await need_pictures(self.bot, story, owner_id)

    async def _written(self, story_id: StoryId, waiting: Sequence[Turn]) -> list[OwnerId | None]:
        """Who wrote the pages since somebody last wrote one, oldest first; None for pages of the bot."""
        turns = list(reversed(waiting))
        newest, looked_at = 8, 0
        while not any(turn.kind is TurnKind.WRITE for turn in turns):
            steps = await self.bot.library.steps(story_id, newest=newest)
            for step in steps[:len(steps) - looked_at][::-1]:
                turns.append(await self.bot.library.turn(step.turn_id))
                if turns[-1].kind is TurnKind.WRITE:
                    break
            if len(steps) < newest:
                break
            newest, looked_at = newest * 4, len(steps)
        written: list[OwnerId | None] = []
        for turn in turns:
            if turn.kind in (TurnKind.ILLUSTRATE, TurnKind.FILL):
                continue                       # nobody's turn: a text that was there, a page between two others
            written.append(turn.owner_id if turn.kind is TurnKind.WRITE else None)
            if turn.kind is TurnKind.WRITE:
                break
        return written[::-1]

    async def _bring_named(self, story: Story, owner_id: OwnerId, text: str) -> None:
        """A character of the writer's joins the cast when a turn first names them."""
        usable = [character for character in await self.bot.library.usable_characters(owner_id, story.server_id)
                  if character.avatar is not None]
        there = {character.character_id for character in await self.bot.library.cast(story.story_id)}
        named = set(names_in(text, [character.name for character in usable]))
        called = called_in(text, usable, owner_id)
        for character in usable:
            if character.character_id not in there and (character.name in named or character.character_id in called):
                await self.bot.library.add_to_cast(story.story_id, character.character_id)

    async def bring(self, story: Story, turn: Turn) -> None:
        """Whoever a turn names joins the cast, and whoever comes into the story with it. Twice is as once."""
        if turn.text:
            await self._bring_named(story, turn.owner_id, turn.text)
            await self._newcomers.bring(story, turn)

    async def keep(self, story: Story, turn: Turn) -> None:
        """Take a turn: from now on it is never lost. Under the story's lock; `runner.accept` plays it."""
        await self.bring(story, turn)
        self.bot.stage.took(turn.turn_id)
        await self.bot.library.accept_turn(turn)
        passed("turn kept")
        if turn.text:
            await self._newcomers.announce(turn)

    async def question(self, story: Story, turn: Turn, *, plain: bool) -> Question | None:
        """What must be asked before this turn is played. Where it cannot be found out, nothing is."""
        try:
            await self.bring(story, turn)
            question = await self.asking.question_of(story, turn, plain=plain)
        except StorythreadError as error:
            log.warning("a turn was not looked at for whom it means: %s", error.reason)
            return None
        if question is not None:
            await self.asking.keep(question)
        return question

    def once(self, key: str) -> bool:
        """True once for each key: a form or page asked for twice is done once."""
        if key in self._used:
            return False
        self._used[key] = None
        while len(self._used) > 4096:
            self._used.popitem(last=False)
        return True

    # --- the form ----------------------------------------------------------------------------------

    async def open_form(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Take turn: a form for up to 1,500 characters."""
        story = await self.story(key)
        self.bot.need(interaction, needs_of(interaction))
        words = self.bot.words(interaction)
        checking = asyncio.ensure_future(self.check(story, owner_of(interaction), TurnKind.WRITE))
        await asyncio.wait({checking}, timeout=FORM_AFTER_S)
        if not checking.done():                # a busy moment: the form opens, and all is checked when it comes back
            checking.add_done_callback(lambda late: late.cancelled() or late.exception())
        elif isinstance(refusal := checking.exception(), Refused):
            await self._refuse(interaction, refusal)
            return
        else:
            checking.result()
        form = ui.Modal(title=words("turn_form_title"), timeout=900, custom_id=f"turn:{key}:{interaction.id}")
        field: ui.TextInput[Any] = ui.TextInput(
            custom_id="text", style=discord.TextStyle.paragraph, required=True, min_length=1,
            max_length=self.bot.settings.limits.turn_characters)
        form.add_item(ui.Label(text=words("turn_form_label"), description=words("turn_form_hint"), component=field))
        await interaction.response.send_modal(form)

    async def read_form(self, interaction: Interaction, key: str) -> None:
        """What was written in the form becomes a turn."""
        story_id, _, token = key.partition(":")
        written = modal_fields(interaction)[0].get("text", "")
        try:
            text = clean_turn(written, limit=self.bot.settings.limits.turn_characters)
            self.bot.need(interaction, needs_of(interaction))
            async with self.bot.lock(story_id):
                story = await self.story(story_id)
                if token in self._used:
                    raise Refused(reason="turn_twice")
                await self.check(story, owner_of(interaction), TurnKind.WRITE, text)
                turn = _turn_of(story, interaction, TurnKind.WRITE, text)
                question = await self.question(story, turn, plain=False)
                self.once(token)
                await self.asking.supersede(turn)
                if question is None:
                    await self.keep(story, turn)
                    await self.acknowledge(interaction, story, turn)
            if question is not None:
                await self._drop_draft(interaction)
                text, buttons = await self.asking.asked(question, self.bot.words(interaction))
                await self.bot.private(interaction, text, *buttons)
                return
        except StorythreadError as refusal:
            await self._drop_draft(interaction)
            await self._refuse(interaction, refusal, written)
            return
        await self._drop_draft(interaction)
        await self.bot.runner.accept(turn)

    # --- words that a busy bot keeps before it looks at them ---------------------------------------

    async def keep_draft(self, interaction: Interaction, key: str) -> None:
        """Keep what was written before Discord is told that it has arrived. See `take_drafts`."""
        story = await self.story(key.partition(":")[0])
        form = interaction.type is discord.InteractionType.modal_submit
        turn = _turn_of(story, interaction, TurnKind.WRITE if form else TurnKind.NEXT_PAGE,
                        modal_fields(interaction)[0].get("text", "") if form else "")
        if "looked at" not in interaction.extras:
            interaction.extras["draft"] = f"{DRAFT}{turn.turn_id}"
            await self.bot.library.save_question(Question(f"{DRAFT}{turn.turn_id}", turn, (), (0, 0)))
            passed("draft kept")
        if "looked at" in interaction.extras:      # in the meantime
            await self._drop_draft(interaction)

    async def _drop_draft(self, interaction: Interaction) -> None:
        """The words have become a turn or a question, or have gone back to whoever wrote them."""
        interaction.extras["looked at"] = True
        if (draft := interaction.extras.get("draft")) is not None:
            try:
                await self.bot.library.drop_question(draft)
            except StorythreadError as error:
                log.warning("a draft stays for the next start: %s", error.reason)

    async def take_drafts(self) -> None:
        """At the start: what a killed bot had not looked at yet becomes turns now, in the order it was written."""
        for draft in await self.bot.library.questions(DRAFT):
            if not await self._settle_draft(draft):
                task = asyncio.create_task(self._settle_later(draft))
                self._later.add(task)
                task.add_done_callback(self._later.discard)

    async def _settle_later(self, draft: Question) -> None:
        while not self.bot.draining and not await self._settle_draft(draft):  # noqa: ASYNC110 - the store has no event
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _settle_draft(self, draft: Question) -> bool:
        """Make it a turn, or give it back. False when it has to wait: for others' turns, or for the store."""
        try:
            await self._take_draft(draft.turn)
        except Refused as refusal:
            if refusal.reason in (*SOON_OTHERWISE, "turn_in_progress"):
                return False
            await self._give_back(draft.turn, refusal)
        except StorythreadError as error:
            log.error("what somebody wrote waits: %s", error.reason)
            return False
        await self.bot.library.drop_question(draft.question_id)
        return True

    async def _take_draft(self, draft: Turn) -> None:
        """As `read_form` does, only that nobody is there to be asked anything."""
        story = await self.story(draft.story_id)
        async with self.bot.lock(story.story_id):
            if await self.known(draft.turn_id):
                return
            if story.server_id and await self.bot.library.is_barred(story.server_id, draft.owner_id):
                return
            turn = draft
            if turn.kind is TurnKind.WRITE:
                turn = replace(draft, text=clean_turn(draft.text, limit=self.bot.settings.limits.turn_characters))
            await self.check(story, turn.owner_id, turn.kind, turn.text)
            await self.keep(story, turn)
            await self.post_words(story, turn, turn_shown(turn, Words(story.locale)))
        await self.bot.runner.accept(turn)

    async def known(self, turn_id: TurnId) -> bool:
        """Whether these words are a turn already, or wait for an answer."""
        for question_id in (f"f-{turn_id}", f"m-{turn_id}"):
            try:
                await self.bot.library.question(question_id)
                return True
            except NotFound:
                continue
        try:
            await self.bot.library.turn(turn_id)
        except NotFound:
            return False
        return True

    async def _give_back(self, turn: Turn, refusal: Refused) -> None:
        """Words that could not become a turn go back to whoever wrote them, in private."""
        try:
            words = Words((await self.bot.library.story(turn.story_id)).locale)
            why = words("turn_not_taken", why=words(refusal.reason, **refusal.facts))
            user = await self.bot.fetch_user(int(turn.owner_id))
            await user.send(view=told(why + "\n" + quoted(turn.text, limit=1800)),
                            nonce=nonce_of("draft", turn.turn_id), allowed_mentions=discord.AllowedMentions.none())
        except (NotFound, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("words could not be given back: %s", type(error).__name__)

    async def next_page(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Next page: the bot writes a turn by itself."""
        await self.ask_page(interaction, await self.story(key), TurnKind.NEXT_PAGE)

    async def ask_page(self, interaction: Interaction, story: Story, kind: TurnKind) -> None:
        """A turn nobody writes: the next page, or the last."""
        self.bot.need(interaction, needs_of(interaction))
        try:
            async with self.bot.lock(story.story_id):
                story = await self.story(story.story_id)
                await self.check(story, owner_of(interaction), kind)
                turn = _turn_of(story, interaction, kind, "")
                await self.keep(story, turn)
                await self.acknowledge(interaction, story, turn)
        except StorythreadError as refusal:
            await self._drop_draft(interaction)
            await self._refuse(interaction, refusal)
            return
        await self._drop_draft(interaction)
        await self.bot.runner.accept(turn)

    async def acknowledge(self, interaction: Interaction, story: Story, turn: Turn) -> None:
        """Show the person's words; if the answer cannot be given they are posted instead.

        Under the story's lock: words stand in the order in which their pages will come.
        """
        layout = turn_shown(turn, Words(story.locale))
        try:
            await self.bot.say(interaction, layout)
            passed("words shown")
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("an acknowledgement did not go through: %s", type(error).__name__)
            if isinstance(error, discord.HTTPException) or not await self._words_there(story, turn):
                await self.post_words(story, turn, layout)

    async def _words_there(self, story: Story, turn: Turn) -> bool:
        """Whether only the confirmation of an answer was lost: then the words stand there already."""
        try:
            return await self.bot.stage.find(story.venue_id, turn.turn_id, words_marker(turn.turn_id)) is not None
        except (StorythreadError, discord.HTTPException, aiohttp.ClientError, OSError):
            return False                       # the page looks again before it comes (`DiscordStage.say`)

    async def post_words(self, story: Story, turn: Turn, layout: ui.LayoutView) -> None:
        """Show a turn's words in its story; should that fail, the page brings them (`DiscordStage.say`)."""
        try:
            await self.bot.get_partial_messageable(int(story.venue_id)).send(
                view=layout, nonce=nonce_of("turn", turn.turn_id), allowed_mentions=discord.AllowedMentions.none())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("a turn's words could not be posted: %s", type(error).__name__)
            self.bot.stage.doubt(turn.turn_id)

    async def _refuse(self, interaction: Interaction, refusal: StorythreadError, written: str = "") -> None:
        """Why not, in a sentence; with the words that were written, so that nothing typed is lost."""
        words = self.bot.words(interaction)
        text = words(refusal.reason, **refusal.facts)
        if written.strip() and refusal.reason not in ("turn_twice", "turn_empty"):
            text += "\n" + words("turn_kept") + "\n" + quoted(written, limit=1800)
        offer = []
        if refusal.reason == "not_member":
            offer = [StoryButton("join", str(refusal.facts["story_id"]), words("button_join"),
                                 style=discord.ButtonStyle.success)]
        await self.bot.private(interaction, text, *offer)

    # --- pages -------------------------------------------------------------------------------------

    async def undo(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Take the newest page back."""
        story_id, _, step_id = key.partition(":")
        story = await self.story(story_id)
        await self.need_member(story, interaction)
        async with self.bot.lock(story_id):
            story = await self.story(story_id)
            if story.status is StoryStatus.PAUSED:
                raise Refused(reason="story_paused")
            if await self.bot.runner.unfinished(StoryId(story_id)):
                raise Refused(reason="turn_in_progress")
            if step_id and story.head != step_id:
                raise Refused(reason="undo_stale")
            if any(panel_id.startswith(f"{story.head}.") for panel_id in self.redrawing):
                raise Refused(reason="redraw_running")
            if story.head is None:
                raise Refused(reason="nothing_to_undo")
            answer = await self.righting.begin(story, str(interaction.id), [story.head], interaction.message)
            try:
                undone = await self.bot.runner.undo(StoryId(story_id), str(interaction.id))
            except BaseException:
                answer.set_result(None)
                raise
            passed("undone")
            if undone is None:
                answer.set_result(None)
                raise Refused(reason="nothing_to_undo")
            if story.status is StoryStatus.ENDED:      # the page taken back was the last one: the story is open again
                story = await self.story(story_id)
                await self.bot.library.save_story(replace(story, status=StoryStatus.OPEN))
        line = Words(story.locale)("page_taken_back_by", name=safe(shown_name(interaction.user.display_name)))
        layout = ui.LayoutView(timeout=None)
        layout.add_item(ui.TextDisplay(line, id=marker_of(undone[0].step_id, "undone")))
        await self.answer_moved(interaction, layout, answer)

    async def answer_moved(self, interaction: Interaction, layout: ui.LayoutView, answer: Answer) -> None:
        """A page is gone: say so in the message that was clicked. All others are put right by durable work."""
        told = False
        try:
            await self.bot.change(interaction, layout)
            told = True
        finally:
            answer.set_result(told)

    async def redraw(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """Paint a panel again, in the same message."""
        panel_id = PanelId(key)
        try:
            panel = await self.bot.library.panel(panel_id)
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        story = await self.story(panel.brief.story_id)
        self.bot.need(interaction, needs_of(interaction))
        await self.need_member(story, interaction)
        if self.bot.draining:
            raise Refused(reason="restarting")
        if panel.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{panel.state.value}")
        if panel_id in self.redrawing or panel.state is PanelState.PLANNED:
            raise Refused(reason="redraw_running")
        await self.bot.library.need_room()
        await self.check_quota(story, owner_of(interaction))
        if panel_id in self.redrawing:        # a second click came in while the first was being looked at
            raise Refused(reason="redraw_running")
        begun = asyncio.get_running_loop().create_future()
        self.redrawing[panel_id] = asyncio.create_task(self._redraw(panel_id, interaction, begun))
        try:
            await begun                        # acknowledged once it cannot be lost
        finally:
            interaction.extras.setdefault("begun", asyncio.Event()).set()
        await self.bot.acknowledge(interaction)

    async def until_begun(self, interaction: Interaction, key: str) -> None:
        """A redraw is not acknowledged before it cannot be lost, unless that takes longer than Discord waits."""
        with suppress(TimeoutError):
            await asyncio.wait_for(interaction.extras.setdefault("begun", asyncio.Event()).wait(), BEGUN_WITHIN_S)

    async def _redraw(self, panel_id: PanelId, interaction: Interaction, begun: asyncio.Future[None]) -> None:
        request_id = str(interaction.id)
        try:
            try:
                await self.bot.runner.redraw(panel_id, owner_of(interaction), request_id)
            except Exception as error:
                begun.set_exception(error)
                return
            begun.set_result(None)
            await self.bot.runner.finished(request_id)
        except Exception as error:             # what the painter could not do the stage has told; the rest is told here
            log.error("a redraw failed: %s", anonymous(error))
            if not self.bot.draining:          # what a stop cuts short goes on at the next start
                await self.bot.explain(interaction, error)
        finally:
            self.redrawing.pop(panel_id, None)

    async def retry(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A failed turn once more, with the same words."""
        try:
            failed = await self.bot.library.turn(TurnId(key))
        except NotFound as error:
            raise Refused(reason="stale_button") from error
        story = await self.story(failed.story_id)
        self.bot.need(interaction, needs_of(interaction))
        await self.need_member(story, interaction)
        await self.bot.library.need_room()
        async with self.bot.lock(story.story_id):
            if failed.locked:
                raise Refused(reason="report_words_already")
            if failed.state is not TurnState.FAILED or not self.once(f"retry {key}"):
                raise Refused(reason="stale_button")
            if story.status is not StoryStatus.OPEN:
                raise Refused(reason=f"story_{story.status.value}")
            if self.bot.draining:
                raise Refused(reason="restarting")
            turn = replace(failed, turn_id=TurnId(str(interaction.id)), state=TurnState.ACCEPTED, reason="",
                           created_at=interaction.created_at)
            self.bot.stage.took(turn.turn_id)
            await self.bot.library.accept_turn(turn)
            await self._newcomers.announce(turn, first=failed.turn_id)
        layout = told(Words(story.locale)("turn_retried", name=safe(shown_name(interaction.user.display_name))),
                      marker=words_marker(turn.turn_id))
        await self.bot.change(interaction, layout)
        await self.bot.runner.accept(turn)

    # --- small things ------------------------------------------------------------------------------

    @property
    def asking(self) -> Asking:
        return self.bot.get_cog("Asking")      # type: ignore[return-value]

    @property
    def righting(self) -> PuttingRight:
        return self.bot.get_cog("PuttingRight")   # type: ignore[return-value]

    @property
    def _newcomers(self) -> Newcomers:
        return self.bot.get_cog("Newcomers")   # type: ignore[return-value]

    async def story(self, story_id: str) -> Story:
        """The story of a button. Raises `Refused` when it is gone."""
        try:
            return await self.bot.library.story(StoryId(story_id))
        except NotFound as error:
            raise Refused(reason="stale_button") from error

    async def need_member(self, story: Story, interaction: Interaction) -> None:
        members = await self.bot.library.members(story.story_id)
        if all(member.owner_id != owner_of(interaction) for member in members):
            raise Refused(reason="not_member", story_id=story.story_id)


def _turn_of(story: Story, interaction: Interaction, kind: TurnKind, text: str) -> Turn:
    return Turn(TurnId(str(interaction.id)), story.story_id, owner_of(interaction),
                shown_name(interaction.user.display_name), text, kind, created_at=interaction.created_at)


def owner_of(interaction: discord.Interaction[Any]) -> OwnerId:
    """The person who clicked."""
    return OwnerId(str(interaction.user.id))


def needs_of(interaction: discord.Interaction[Any]) -> Sequence[str]:
    """What a turn needs of this channel."""
    return THREAD_NEEDS if isinstance(interaction.channel, discord.Thread) else CHANNEL_NEEDS


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Turns(bot))


__all__ = ["Turns", "needs_of", "next_writer", "owner_of", "server_of", "setup"]
