"""/story why over real sockets: the underdrawing, what was recalled and why, and how the picture was checked."""

from __future__ import annotations

import io

from PIL import Image
from playhouse import Playhouse

from bot.rehearsal.players import words_of


async def told_about(house: Playhouse, player, **asked):
    before = max(message.message_id for message in player.seen())
    await player.command("/story why", **asked)
    return await player.see("How picture", after=before, private=True)


async def test_why_shows_the_underdrawing_what_was_recalled_and_the_reasons(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story(both=False)
    await house.turn(house.ada, "Mia finds a kite.")
    await house.turn(house.ada, "Mia flies it.")
    message = await told_about(house, house.ada)
    text = words_of(message)
    assert "picture 2" in text and "from left to right: Mia" in text
    assert "It says who Mia is" in text and "painted once without anybody" in text
    assert "Picture 1, which plays in the same place" in text and "they are all themselves" in text
    panel = (await house.library.panels(story.story_id))[1]
    assert panel.underdrawing is not None
    shown = [Image.open(io.BytesIO(house.world.attachments[each].data)).size for each in message.attachments]
    assert len(shown) >= 4 and shown[0] == Image.open(io.BytesIO(
        await house.library.picture(panel.underdrawing))).size

    first = await told_about(house, house.ada, picture=1)
    assert "picture 1" in words_of(first) and "Picture 1, which" not in words_of(first), "nothing was before it"


async def test_why_says_plainly_when_there_is_nothing_to_tell(house: Playhouse) -> None:
    await house.ada.command("/story why")
    await house.ada.see("no story", private=True)
    await house.character(house.ada, "Mia")
    await house.story(both=False)
    await house.ada.command("/story why")
    await house.ada.see("no picture here yet", private=True)
    await house.turn(house.ada, "Mia finds a kite.")
    await house.ada.command("/story why", picture=7)
    await house.ada.see("no picture 7 here. The newest is picture 1", private=True)


async def test_what_was_taken_back_since_is_left_out(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story(both=False)
    await house.turn(house.ada, "Mia finds a kite.")
    (mia,) = await house.library.cast(story.story_id)
    await house.library.remove_character(mia.character_id)
    message = await told_about(house, house.ada)
    assert "It says who Mia is" in words_of(message), "the reason is told"
    assert len(message.attachments) == 2, "the avatar itself is gone"
