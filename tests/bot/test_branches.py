"""Going back to an earlier page and to the other way again, over real sockets: messages, memory and story agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playhouse import PATIENCE_S, Playhouse

from bot.rehearsal.players import words_of
from engine.nouns import PanelState


async def told_three(house: Playhouse):
    await house.character(house.ada, "Mia")
    story = await house.story()
    for text in ("Mia finds a kite.", "The kite flies away.", "Mia runs after it."):
        await house.turn(house.ada, text)
    return story


async def settled(house: Playhouse, agrees: Callable[[list[str]], bool]) -> None:
    """Wait until what people see agrees; messages of pages are changed after the answer."""
    async def look() -> None:
        while not agrees(house.said(house.ada)):  # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.02)
    await asyncio.wait_for(look(), PATIENCE_S)


async def pages_of(house: Playhouse, story) -> list[str]:
    return [step.prose for step in await house.library.steps(story.story_id)]


async def test_back_puts_later_pages_aside_and_the_other_way_brings_them_back(house: Playhouse) -> None:
    story = await told_three(house)
    before = max(message.message_id for message in house.ada.seen())
    await house.ada.command("/story back", page="1")
    message = await house.ada.see("goes on from page 1", after=before, private=False)
    assert await pages_of(house, story) == ["And so it was: Mia finds a kite."]
    assert [frame.age for frame in await house.library.frames(story.story_id)] == [1], "memory follows"
    await settled(house, lambda said: not any("And so it was: The kite flies away." in each for each in said))

    await house.turn(house.bo, "The kite sings.")
    assert len(await pages_of(house, story)) == 2
    await house.bo.click("The other way", on=message)
    await house.ada.see("goes on from page 3")
    assert (await pages_of(house, story))[1:] == ["And so it was: The kite flies away.",
                                                  "And so it was: Mia runs after it."]
    panels = await house.library.panels(story.story_id)
    assert [panel.state for panel in panels] == [PanelState.DONE] * 3
    await settled(house, lambda said: any("And so it was: The kite flies away." in each for each in said)
                  and not any("And so it was: The kite sings." in each for each in said))
    await settled(house, lambda _: bool(house.world.messages[int(panels[2].message_id)].attachments))

    await house.turn(house.ada, "It comes back.")
    assert len(await pages_of(house, story)) == 4


async def test_back_refuses_plainly(house: Playhouse) -> None:
    await house.ada.command("/story back", page="1")
    await house.ada.see("no story here", private=True)
    story = await told_three(house)
    await house.ada.command("/story back", page="9")
    await house.ada.see("no such page. This story has 3", private=True)
    await house.ada.command("/story back", page="3")
    await house.ada.see("there already", private=True)
    stranger = house.world.add_user("Kim")
    house.world.join(house.guild, stranger)
    kim = type(house.ada)(house.loopback, stranger, house.ada.place)
    await kim.command("/story back", page="1")
    await kim.see(private=True, also=lambda message: "join" in words_of(message).lower())
    assert len(await pages_of(house, story)) == 3
