"""Words that are reported from the menu of their message: a page's prose, and what somebody wrote."""

from __future__ import annotations

from playhouse import PATIENCE_S, Playhouse, labels

from bot.rehearsal.players import words_of
from bot.rehearsal.world import Message
from engine.nouns import OwnerId, PanelState

MENU = "Report page or picture"


def says(text: str, message: Message) -> bool:
    return text in words_of(message)


async def test_the_words_of_a_page_are_reported_from_the_menu_of_their_message(house: Playhouse) -> None:
    """Bot's prose and the person's own words: hidden, out of memory and books, read in private, shown again."""
    await house.character(house.ada, "Mia")
    story = await house.story()
    picture = await house.turn(house.ada, "Mia finds a kite.")
    own, prose = await house.bo.see("Ada writes"), await house.bo.see("And so it was: Mia finds a kite.")
    panel = house.world.messages[picture.message_id]
    alt = panel.components[0]["items"][0]["description"]
    assert "Mia finds a kite." in alt and not says("Report", prose)

    await house.bo.use(MENU, on=prose)
    await house.bo.see("The words of that page are hidden", private=True)
    for message in (prose, own):
        await house.bo.see("somebody reported them", also=lambda seen, it=message: seen.message_id == it.message_id)
    await described(house, panel, "A picture of a page whose words are hidden")
    assert panel.attachments, "the picture has a button of its own"
    turn = await house.library.last_turn(story.story_id)
    assert turn is not None and turn.locked
    assert [(step.prose, step.locked) for step in await house.library.steps(story.story_id)] == [("", True)]
    assert not any(says("kite.", message) for message in house.bo.seen() if message.only_for is None)

    # the writer is not told of it, nor is whoever asks what happened
    await house.ada.command("/story recap")
    assert "kite." not in words_of(await house.ada.see("somebody reported them", private=True))
    await house.turn(house.ada, "Mia looks up.")
    last = await house.library.last_turn(story.story_id)
    assert last is not None and (await house.library.scene(last.turn_id)).past == ()
    await house.bo.use(MENU, on=own)
    await house.bo.see("Those words are hidden already", private=True)

    letter = await told_of_words(house)
    assert "The kite" in words_of(letter) and "kite." not in words_of(letter)
    dm = house.world.dm_with(house.ada.person)
    thread = house.ada.place
    house.enter(house.ada, dm)
    await house.ada.click("Show me", on=letter)
    shown = words_of(await house.ada.see("What was reported, for you alone"))
    assert shown.count("Mia finds a kite.") == 2, "what Ada wrote, and the page"
    await house.ada.click("Restore", on=letter)
    await house.ada.see("shows the reported page", also=lambda message: message.message_id == letter.message_id)
    house.enter(house.ada, thread)
    for message, text in ((prose, "And so it was: Mia finds a kite."), (own, "Ada writes")):
        await house.bo.see(text, also=lambda seen, it=message: seen.message_id == it.message_id)
    await described(house, panel, alt)
    await house.bo.use(MENU, on=prose)
    await house.bo.see("has read that page and let it stay", private=True)


async def described(house: Playhouse, panel: Message, words: str) -> None:
    """Wait until a picture's description is this."""
    def look() -> bool | None:
        return panel.components[0]["items"][0]["description"] == words or None

    assert await house.world.until(look, PATIENCE_S)


async def told_of_words(house: Playhouse) -> Message:
    return await house.ada.see("words of a page were reported", place=house.world.dm_with(house.ada.person))


async def test_a_page_without_a_picture_is_reported_and_its_words_removed_for_good(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    house.studio.fail_paints = 9
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "Mia finds a kite."})
    prose = await house.bo.see("And so it was: Mia finds a kite.")
    await house.idle()
    failed = await house.bo.see(also=lambda message: labels(message) == ["Redraw"])
    await house.bo.use(MENU, on=failed)
    await house.bo.see("no page or picture of a story in that message", private=True)
    await house.bo.use(MENU, on=prose)
    await house.bo.see("somebody reported them", private=False)
    letter = await told_of_words(house)
    house.enter(house.ada, house.world.dm_with(house.ada.person))
    await house.ada.click("Remove for good", on=letter)
    await house.ada.see("removed the words of the reported", also=lambda seen: seen.message_id == letter.message_id)
    await house.bo.see("These words were removed", also=lambda seen: seen.message_id == prose.message_id)
    kept = await house.library.belongings(OwnerId(str(house.ada.person.user_id)))
    assert "finds a kite" not in repr(kept.records), "nowhere in what is kept of her"
    assert [step.locked for step in await house.library.steps(story.story_id)] == [True]


async def test_the_menu_of_a_picture_reports_the_picture(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "Mia finds a kite.")
    await house.bo.use(MENU, on=panel)
    await house.bo.see("Thank you. The picture is hidden", private=True)
    await house.bo.see("is hidden", also=lambda seen: seen.message_id == panel.message_id)
    assert (await house.library.panels(story.story_id))[0].state is PanelState.LOCKED
    await house.bo.see("And so it was")
    roster = next(message for message in house.bo.seen() if "Join" in labels(message))
    await house.bo.use(MENU, on=roster)
    await house.bo.see("no page or picture of a story in that message", private=True)
