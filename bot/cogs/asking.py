"""Asking who is meant: a turn that could mean two people waits for a click of whoever wrote it.

The rules of `engine.meaning.reader` read the turn after the pages before it. Where they find two equally near and the
picture depends on it, the turn is kept as a question, asked of its writer alone, and becomes a turn with the click.
Nobody has to answer: after a while the story goes on as it would have.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.buttons import StoryButton
from bot.cogs.turns import Turns, owner_of
from bot.stage import told, turn_shown
from bot.text import quoted, safe
from bot.wording import Words
from engine.boundaries import passed
from engine.meaning.reader import Mention, StoryReader, to_ask
from engine.nouns import Character, CharacterId, NotFound, Question, Refused, Story, Turn, TurnKind

if TYPE_CHECKING:
    from bot.app import Interaction, StoryBot

log = logging.getLogger("storythread.asking")

#: So many pages back are read for whom a turn can mean.
PAGES_BACK = 6
#: A question nobody answers for so long is answered by going on.
PATIENCE_S = 600.0
#: More buttons than this help nobody.
MOST_CANDIDATES = 8


class Asking(commands.Cog):
    """Questions of who is meant."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        bot.clicks["meant"] = self.answer

    async def cog_load(self) -> None:
        if hasattr(self.bot, "runner"):
            self.bot.runner.also(write_on=self.write_on)

    # --- asking ------------------------------------------------------------------------------------

    async def question_of(self, story: Story, turn: Turn, *, plain: bool) -> Question | None:
        """What has to be asked before this turn is played; None for nearly all. `plain`: it came as a message."""
        mention = await self.unclear(story, turn)
        if mention is None:
            return None
        return Question(f"{'m' if plain else 'f'}-{turn.turn_id}", turn, mention.rivals[:MOST_CANDIDATES],
                        (mention.start, mention.end))

    async def unclear(self, story: Story, turn: Turn) -> Mention | None:
        """The place of a turn where it can be two, and the picture depends on it."""
        library = self.bot.library
        cast = await library.cast(story.story_id)
        if turn.kind is not TurnKind.WRITE or len(cast) < 2:
            return None
        reader = StoryReader(cast, await library.members(story.story_id))
        for step in await library.steps(story.story_id, newest=PAGES_BACK):
            past = await library.turn(step.turn_id)
            reader.turn(past.text, past.owner_id, given=past.meant)
            reader.prose(step.prose)
        for waiting in await library.open_turns(story.story_id):
            reader.turn(waiting.text, waiting.owner_id, given=waiting.meant)
        return to_ask(reader.turn(turn.text, turn.owner_id))

    async def keep(self, question: Question) -> None:
        """From now on the turn is not lost, whether somebody answers or not."""
        await self.bot.library.save_question(question)
        passed("question kept")
        await self.bot.runner.durable.start("write_on", f"write-on-{question.question_id}", question.question_id)

    async def supersede(self, turn: Turn) -> None:
        """Whoever was killed in the middle of asking was not heard: its writer has sent the same words once more."""
        for question in await self.bot.library.questions("f-"):
            old = question.turn
            if (old.story_id, old.owner_id, old.text) == (turn.story_id, turn.owner_id, turn.text) \
                    and old.turn_id != turn.turn_id:
                await self.bot.library.drop_question(question.question_id)

    async def asked(self, question: Question, words: Words) -> tuple[str, list[StoryButton]]:
        """The question in words, and a button for each answer."""
        turn, (start, end) = question.turn, question.span
        people = {one.character_id: one for one in await self.bot.library.cast(turn.story_id)}
        names = [people[who] for who in question.candidates if who in people]
        buttons = [StoryButton("meant", f"{question.question_id}:{number}", _label(one, names, words),
                               style=discord.ButtonStyle.primary) for number, one in enumerate(names)]
        word = turn.text[start:end]
        if word.casefold() in ("they", "them", "their", "theirs"):
            buttons.append(StoryButton("meant", f"{question.question_id}:all", words(
                "button_meant_both" if len(names) == 2 else "button_meant_all")))
        buttons.append(StoryButton("meant", f"{question.question_id}:on", words("button_meant_on")))
        text = "\n".join((words("question_who", word=safe(word)), quoted(turn.text, limit=1600),
                          words("question_hint")))
        return text, buttons

    # --- answering ---------------------------------------------------------------------------------

    async def answer(self, interaction: Interaction, key: str, values: Sequence[str]) -> None:
        """A click on a name: the turn is taken now, in the order of the clicks."""
        question_id, _, choice = key.rpartition(":")
        question = await self._question(question_id)
        if question.turn.owner_id != owner_of(interaction):
            raise Refused(reason="question_not_yours")
        turns, story_id = self._turns(), question.turn.story_id
        async with self.bot.lock(story_id):
            question = await self._question(question_id)      # somebody may have clicked twice
            story = await turns.story(story_id)
            await turns.check(story, question.turn.owner_id, TurnKind.WRITE, question.turn.text)
            who = await self._chosen(question, choice)
            turn = await self._go_on(story, question, who)
            words = self.bot.words(interaction)
            people = {one.character_id: one for one in await self.bot.library.cast(story_id)}
            line = words("question_written_on")
            if who:
                line = words("question_answered", word=safe(turn.text[slice(*question.span)]), names=_listed(
                    [safe(people[one].name) for one in who if one in people], words("names_and")))
            await self.bot.change(interaction, told(line))
        await self.bot.runner.accept(turn)

    async def write_on(self, question_id: str) -> None:
        """The durable wait for an answer; a stop and a start in between begin it anew."""
        await asyncio.sleep(PATIENCE_S)
        # Outside of this workflow's own records: the turn is a workflow of its own.
        await asyncio.create_task(self._give_up(question_id), context=contextvars.Context())

    async def _give_up(self, question_id: str) -> None:
        try:
            question = await self.bot.library.question(question_id)
            turns = self._turns()
            async with self.bot.lock(question.turn.story_id):
                question = await self.bot.library.question(question_id)
                story = await turns.story(question.turn.story_id)
                await turns.check(story, question.turn.owner_id, TurnKind.WRITE, question.turn.text)
                turn = await self._go_on(story, question, ())
            await self.bot.runner.accept(turn)
        except (NotFound, Refused) as reason:      # answered, or not now: a click can still answer it
            log.info("a question was left alone: %s", reason.reason)

    async def _go_on(self, story: Story, question: Question, who: Sequence[CharacterId]) -> Turn:
        """Take the turn, with the answer; then the question is over. A crash between leaves both: neither is lost."""
        start, end = question.span
        meant = tuple((start, end, one) for one in who)
        turn = replace(question.turn, meant=(*question.turn.meant, *meant))
        turns = self._turns()
        await turns.keep(story, turn)
        passed("question answered")
        await self.bot.library.drop_question(question.question_id)
        passed("question dropped")
        if question.question_id.startswith("f-"):
            await turns.post_words(story, turn, turn_shown(turn, Words(story.locale)))
        else:
            self.bot.stage.type(story.venue_id)
        return turn

    async def _chosen(self, question: Question, choice: str) -> tuple[CharacterId, ...]:
        """Whom a button means; () for "just write on"."""
        here = {one.character_id for one in await self.bot.library.cast(question.turn.story_id)}
        there = [who for who in question.candidates if who in here]
        if choice == "on":
            return ()
        if choice == "all":
            return tuple(there)
        if not choice.isdecimal() or int(choice) >= len(there):
            raise Refused(reason="stale_button")
        return (there[int(choice)],)

    async def _question(self, question_id: str) -> Question:
        try:
            return await self.bot.library.question(question_id)
        except NotFound as error:
            raise Refused(reason="question_gone") from error

    def _turns(self) -> Turns:
        cog = self.bot.get_cog("Turns")
        assert isinstance(cog, Turns)
        return cog


def _label(one: Character, names: Sequence[Character], words: Words) -> str:
    """A name on a button; of two with the same name, what they are as well."""
    twice = sum(other.name.casefold() == one.name.casefold() for other in names) > 1
    return (f"{one.name} ({one.look.kind})" if twice else one.name)[:80]


def _listed(names: Sequence[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(Asking(bot))
