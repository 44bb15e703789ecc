"""Stories: starting, joining, recap, the book, settings, and a command in the wrong place."""

from __future__ import annotations

import asyncio

from playhouse import PATIENCE_S, Playhouse, labels

from bot.rehearsal.players import selects_of, words_of
from engine.nouns import OwnerId, StoryStatus


async def test_a_story_starts_in_a_thread_with_its_roster(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story(both=False)
    [roster] = house.ada.seen()
    assert labels(roster) == ["Take turn", "Next page", "Join"]
    assert "Ada as Mia" in words_of(roster)
    assert len(roster.attachments) == 1
    await house.character(house.bo, "Leo")
    await house.bo.click("Join")
    changed = await house.bo.see("Bo as Leo", private=False)
    assert changed.message_id == roster.message_id
    assert len(changed.attachments) == 2
    assert [character.name for character in await house.library.cast(story.story_id)] == ["Mia", "Leo"]
    await house.bo.click("Join")
    await house.bo.see("You are in this story already", private=True)


async def test_two_joins_at_once_are_one_seat(house: Playhouse) -> None:
    story = await house.story(both=False)
    await asyncio.gather(house.bo.click("Join"), house.bo.click("Join"))
    await house.idle()
    members = await house.library.members(story.story_id)
    assert [(member.name, member.seat) for member in members] == [("Ada", 0), ("Bo", 1)]


async def test_who_has_several_characters_is_asked_which_come_along(house: Playhouse) -> None:
    for name in ("Leo", "Rex", "Zoe"):
        await house.character(house.bo, name)
    story = await house.story(both=False)
    await house.bo.click("Join")
    question = await house.bo.see("Which of your characters come along?", private=True)
    assert len(selects_of(question)) == 1
    await house.bo.choose("Your characters", "Rex", "Zoe", on=question)
    await house.bo.see("Coming along: Rex, Zoe", private=True)
    members = await house.library.members(story.story_id)
    cast = await house.library.cast(story.story_id)
    assert [character.name for character in cast] == ["Rex", "Zoe"]
    await house.ada.see("Bo as Rex", private=False)
    assert members[1].character_id == cast[0].character_id


async def test_joining_by_command_leaving_and_coming_back(house: Playhouse) -> None:
    story = await house.story(both=False)
    await house.bo.command("/story join")
    await house.ada.see("joins the story")
    await house.bo.see("no character of your own", private=True)
    await house.ada.see("2. Bo", private=False)
    house.bot.get_cog("Stories")._rosters.clear()      # as after a restart
    await house.bo.command("/story leave")
    await house.ada.see("leaves the story")
    assert await house.world.until(lambda: "2. Bo" not in words_of(house.ada.seen()[0]) or None, PATIENCE_S)
    assert len(await house.library.members(story.story_id)) == 1
    await house.bo.command("/story leave")
    await house.bo.see("You are not in this story", private=True)


async def test_recap_and_end_without_a_page(house: Playhouse) -> None:
    story = await house.story()
    await house.ada.command("/story recap")
    await house.ada.see("Nothing has happened", private=True)
    await house.turn(house.ada, "A fox came.")
    await house.ada.command("/story recap")
    recap = await house.ada.see("1 pages so far", private=True)
    assert "A fox came." in words_of(recap)
    await house.ada.command("/story end")
    await house.bo.see("brings the story to its end")
    await house.idle()
    assert (await house.library.story(story.story_id)).status is StoryStatus.ENDED
    await house.ada.command("/story resume")
    await house.bo.see("lets the story go on")


async def test_the_book_comes_as_files(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story(title="The kite & the wind")
    await house.turn(house.ada, "Mia's kite flew off.")
    await house.ada.command("/story export")
    message = await house.ada.see("Here is the picture book")
    files = [house.world.attachments[key] for key in message.attachments]
    assert [file.filename for file in files] == ["the-kite-the-wind.html", "the-kite-the-wind.pdf"]
    assert b"kite" in files[0].data and files[1].data.startswith(b"%PDF")


async def test_commands_in_the_wrong_place_say_so(house: Playhouse) -> None:
    for command in ("join", "leave", "pause", "resume", "recap", "end", "export"):
        await house.ada.command(f"/story {command}")
        await house.ada.see("There is no story here", private=True, after=house.ada.seen()[-2].message_id
                            if len(house.ada.seen()) > 1 else 0)
    house.ada.place = house.world.dm_with(house.ada.person)
    await house.ada.command("/story settings")
    await house.ada.see("on a server only", private=True)


async def test_a_second_story_in_the_same_place_is_refused(house: Playhouse) -> None:
    await house.story()
    await house.bo.command("/story start", title="Another")
    await house.bo.see("already a story here: The kite", private=True)


async def test_settings_are_for_managers_and_are_kept(house: Playhouse) -> None:
    await house.bo.command("/story settings", daily_panels=3)
    await house.bo.see("Only people who manage", private=True)
    await house.ada.command("/story settings", who_may_start="managers", daily_panels=3, language="da", style="crayon")
    await house.ada.see("Saved. Who may start stories: people who manage the server. Pictures a person a day: 3",
                        private=True)
    await house.bo.command("/story start")
    await house.bo.see("only people who manage it may start", private=True)
    story = await house.story(both=False)
    assert (story.locale, story.style) == ("da", "crayon")
    assert "Alle skriver, når de har lyst." in words_of(house.ada.seen()[0])
    await house.bo.click("Gå med")
    await house.shut()
    await house.open()
    await house.ada.command("/story settings")
    await house.ada.see("Pictures a person a day: 3", private=True)


async def test_help_is_private_and_says_what_works_here(house: Playhouse) -> None:
    await house.ada.command("/help")
    page = words_of(await house.ada.see("Telling a story together", private=True))
    assert "In a DM with me" in page
    house.ada.place = house.world.dm_with(house.ada.person)
    await house.ada.command("/help")
    assert "a plain message is a turn" in words_of(await house.ada.see("Telling a story together", private=True))


async def test_an_old_button_gets_a_plain_sentence(house: Playhouse) -> None:
    await house.story()
    [roster] = house.ada.seen()
    for button in (item for row in roster.components[0]["components"] if row["type"] == 1
                   for item in row["components"]):
        button["custom_id"] = button["custom_id"].replace("take:s", "wave:s").replace("join:s", "join:sgone")
    await house.ada.click("Take turn")
    await house.ada.see("has changed or is gone", private=True)
    await house.bo.click("Join")
    await house.bo.see("has changed or is gone", private=True)


async def test_every_interaction_is_answered(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    await house.turn(house.ada, "Mia runs.")
    await house.bo.click("Next page")
    await house.panel_after(house.bo)
    answered = [item.answered is not None for item in house.world.interactions.values()]
    assert len(answered) >= 7 and all(answered)
    assert await house.library.stories_of(OwnerId(str(house.ada.person.user_id)))
