"""Messages put right: when a story goes back to another page, its messages follow, whatever comes between.

What a story is moves in one transaction, what Discord shows of it in many requests. So the showing is durable work that
begins before the moving does: killed anywhere, it looks at the next start at what the story is, and shows that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.stage import marker_of
from engine.nouns import NotFound, PanelState, Refused, StepId, Story, StoryId, StoryStep, VenueId

if TYPE_CHECKING:
    from bot.app import StoryBot

log = logging.getLogger("storythread.putting_right")


#: Whether the clicked message was changed as the answer to the click; None: the story did not move after all.
Answer = asyncio.Future["bool | None"]


class PuttingRight(commands.Cog):
    """Brings the messages of pages in line with the story."""

    def __init__(self, bot: StoryBot) -> None:
        self.bot = bot
        self._answers: dict[str, Answer] = {}

    async def cog_load(self) -> None:
        if hasattr(self.bot, "runner"):
            self.bot.runner.also(put_right=self.put_right)

    async def begin(self, story: Story, request_id: str, steps: Sequence[StepId], clicked: discord.Message | None,
                    ) -> Answer:
        """Before a story moves: from now on the messages of these steps will show where it has moved to.

        Under the story's lock. What is returned has to be set, see `Answer`: the work waits for it.
        """
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.bot.runner.durable.start("put_right", request_id, request_id, story.story_id, ",".join(steps),
                                            str(clicked.id) if clicked is not None else "")
        return answer

    async def chain(self, step_id: StepId | None) -> list[StepId]:
        """A page and all before it, newest first."""
        found: list[StepId] = []
        while step_id is not None:
            found.append(step_id)
            step_id = (await self.bot.library.step(step_id)).parent
        return found

    async def put_right(self, request_id: str, story_id: str, steps: str, clicked: str) -> None:
        """The workflow: page by page, as the story is when it comes to it."""
        answer = self._answers.get(request_id)             # after a restart there is none: nobody answered the click
        answered = ""
        if answer is not None:
            how = await asyncio.shield(answer)
            self._answers.pop(request_id, None)
            if how is None:
                return
            answered = clicked if how else ""
        try:
            story = await self.bot.library.story(StoryId(story_id))
            for step_id in steps.split(","):
                await self.bot.runner.durable.act("put right", self._follow, story, StepId(step_id), answered)
        except (NotFound, Refused) as gone:                # the story, or its channel
            log.info("messages were not put right: %s", gone.reason)

    async def _follow(self, story: Story, step_id: StepId, answered: str) -> None:
        step = await self.bot.library.step(step_id)
        panels = await self.bot.library.panels_of_step(step_id)
        on_path = step_id in {each.step_id for each in await self.bot.library.steps(story.story_id)}
        if on_path:
            await self._bring_back(story.venue_id, step)
        else:
            await self.bot.stage.take_back(story.venue_id, step,
                                           [panel for panel in panels if panel.message_id != answered])

    async def _bring_back(self, venue_id: VenueId, step: StoryStep) -> None:
        """Put a page's prose and pictures into their messages again."""
        marker = marker_of(step.step_id)
        prose = await self.bot.stage.find(venue_id, step.turn_id, marker)
        if prose is not None:
            await self.bot.stage.change(venue_id, prose, await self.bot.stage.prose(step), ())
        for panel in await self.bot.library.panels_of_step(step.step_id):
            if panel.state is PanelState.DONE and panel.picture is not None:
                await self.bot.stage.show(venue_id, panel, await self.bot.library.picture(panel.picture))


async def setup(bot: StoryBot) -> None:
    await bot.add_cog(PuttingRight(bot))
