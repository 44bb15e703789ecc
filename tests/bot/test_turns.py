"""Turns, by button, form and plain message, with the real client against the loopback Discord."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playhouse import PATIENCE_S, Playhouse, labels

from bot.cogs.turns import next_writer
from bot.rehearsal import permissions
from bot.rehearsal.players import Player, words_of
from bot.rehearsal.world import Overwrite
from engine.nouns import Member, OwnerId, ServerId, ServerSettings, StoryStatus, TurnState, VenueId

pytestmark = pytest.mark.asyncio


async def test_a_turn_becomes_prose_and_one_picture_with_buttons(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    panel = await house.turn(house.ada, "Mia flies a *kite* in the garden.")
    said = house.said(house.bo)
    words = next(i for i, text in enumerate(said) if text.startswith("**Ada** writes:"))
    assert "Mia flies a \\*kite\\* in the garden." in said[words]
    assert said[words + 1].startswith("And so it was:")
    assert labels(panel) == ["Take turn", "Next page", "Undo", "Redraw", "Change", "Why?", "Report"]
    gallery = panel.components[0]
    assert gallery["type"] == 12
    assert "kite" in gallery["items"][0]["description"]
    [file] = panel.attachments
    assert house.world.attachments[file].filename.startswith("panel-")
    assert len([message for message in house.ada.seen() if message.attachments and "Redraw" in labels(message)]) == 1


async def test_previews_come_in_the_panels_own_message_and_the_newest_wins(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    house.studio.gate.clear()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "It rains."})
    preview = await house.ada.see("Drawing picture 1")
    house.studio.gate.set()
    panel = await house.panel_after(house.ada)
    assert panel.message_id == preview.message_id
    assert "Drawing" not in words_of(panel)
    assert len(panel.attachments) == 1


async def test_the_place_in_the_queue_is_shown(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    house.studio.gate.clear()
    house.studio.wait_place = 1
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "It rains."})
    await house.ada.see("Picture 1")
    house.studio.gate.set()
    await house.panel_after(house.ada)


async def test_two_pictures_come_in_order_and_only_the_last_carries_the_story_on(house: Playhouse) -> None:
    house.studio.beats = 2
    await house.story()
    await house.turn(house.ada, "They run. They jump.")
    panels = [message for message in house.ada.seen() if message.attachments and "Redraw" in labels(message)]
    own = ["Redraw", "Change", "Why?", "Report"]
    assert [labels(panel) for panel in panels] == [own, ["Take turn", "Next page", "Undo", *own]]


async def test_in_order_means_in_order_and_nothing_typed_is_lost(house: Playhouse) -> None:
    await house.story(order="in_order")
    early = await house.bo.click("Take turn")
    assert early.modal is None
    await house.bo.see("It is Ada's turn now", private=True)
    first, second = await house.ada.click("Take turn"), await house.ada.click("Take turn")
    await house.ada.submit(first, {"text": "One."})
    await house.panel_after(house.ada)
    await house.ada.submit(second, {"text": "Two, long thought about."})
    refusal = await house.ada.see("It is Bo's turn now", private=True)
    assert "Two, long thought about." in words_of(refusal)
    await house.turn(house.bo, "Three.")
    story = (await house.library.stories_of(OwnerId(str(house.ada.person.user_id))))[0]
    assert len(await house.library.steps(story.story_id)) == 2


async def test_the_same_form_sent_twice_is_one_turn(house: Playhouse) -> None:
    story = await house.story()
    form = await house.ada.click("Take turn")
    await asyncio.gather(house.ada.submit(form, {"text": "Once."}), house.ada.submit(form, {"text": "Once."}))
    await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 1
    await house.ada.see("I have that turn already", private=True)


async def test_next_page_clicked_twice_at_once_is_one_page(house: Playhouse) -> None:
    story = await house.story()
    await asyncio.gather(house.ada.click("Next page"), house.bo.click("Next page"))
    await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 1
    assert sum("turns the page" in text for text in house.said(house.ada)) == 1


async def test_undo_takes_the_newest_page_back_once(house: Playhouse) -> None:
    story = await house.story()
    first = await house.turn(house.ada, "One.")
    second = await house.turn(house.ada, "Two.")
    assert second.message_id != first.message_id
    await house.ada.click("Undo", on=first)
    await house.ada.see("Only the newest page", private=True)
    await asyncio.gather(house.ada.click("Undo", on=second), house.bo.click("Undo", on=second))
    await house.ada.see("took this page back")
    await house.idle()
    steps = await house.library.steps(story.story_id)
    assert [step.prose for step in steps] == ["And so it was: One."]
    assert await house.world.until(lambda: not any(       # its prose is put right by durable work, after the answer
        "And so it was: Two." in text for text in house.said(house.ada)) or None, PATIENCE_S)
    assert not second.attachments or "Redraw" not in labels(second)


async def test_redraw_changes_the_picture_in_the_same_message(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "One.")
    before = house.world.attachments[panel.attachments[0]].data
    house.studio.gate.clear()
    await house.bo.click("Redraw", on=panel)
    await house.ada.see("Drawing picture 1")
    house.studio.gate.set()
    again = await house.panel_after(house.ada)
    assert again.message_id == panel.message_id
    assert house.world.attachments[again.attachments[0]].data != before
    [kept] = await house.library.panels(story.story_id)
    assert kept.version == 2


async def test_redraw_clicked_twice_paints_once_more(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "One.")
    house.studio.gate.clear()
    await asyncio.gather(house.ada.click("Redraw", on=panel), house.bo.click("Redraw", on=panel))
    house.studio.gate.set()
    await house.idle()
    [kept] = await house.library.panels(story.story_id)
    assert kept.version == 2
    assert any("being drawn just now" in text for text in [*house.said(house.ada), *house.said(house.bo)])


async def test_buttons_work_after_a_restart_and_so_does_an_open_form(house: Playhouse) -> None:
    story = await house.story()
    await house.turn(house.ada, "One.")
    form = await house.ada.click("Take turn")
    await house.shut()
    await house.open()
    await house.ada.submit(form, {"text": "Two, after the restart."})
    panel = await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 2
    await house.ada.click("Redraw", on=panel)
    await house.idle()
    await house.bo.click("Undo", on=panel)
    await house.ada.see("took this page back")
    await house.turn(house.bo, "Three.")
    assert [step.prose for step in await house.library.steps(story.story_id)] == [
        "And so it was: One.", "And so it was: Three."]


async def test_stopped_in_the_middle_of_a_panel_the_turn_ends_after_the_restart(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    house.studio.gate.clear()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "Hold on."})
    await house.ada.see("Drawing picture 1")
    await house.shut()
    house.studio.gate.set()
    await house.open()
    await house.panel_after(house.ada)
    said = house.said(house.ada)
    assert sum("And so it was: Hold on." in text for text in said) == 1
    assert len([message for message in house.ada.seen() if "Redraw" in labels(message)]) == 1
    assert sum(bool(message.attachments) for message in house.ada.seen() if "Redraw" in labels(message)) == 1


async def test_a_turn_that_fails_says_so_and_can_be_tried_again_once(house: Playhouse) -> None:
    story = await house.story()
    house.studio.fail_writes = 1
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "One."})
    failure = await house.ada.see("That turn did not work out")
    assert labels(failure) == ["Try again"]
    await house.idle()
    await asyncio.gather(house.ada.click("Try again", on=failure), house.bo.click("Try again", on=failure))
    await house.panel_after(house.ada)
    assert len(await house.library.steps(story.story_id)) == 1


async def test_a_panel_that_fails_can_be_redrawn(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    house.studio.fail_paints = 1
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "One."})
    failure = await house.ada.see("This picture did not work out")
    await house.idle()
    await house.ada.click("Redraw", on=failure)
    panel = await house.panel_after(house.ada)
    assert panel.message_id == failure.message_id
    assert panel.attachments


async def test_who_is_not_in_the_story_is_offered_to_join(house: Playhouse) -> None:
    await house.story(both=False)
    await house.bo.click("Take turn")
    offer = await house.bo.see("You are not in this story yet", private=True)
    await house.bo.click("Join", on=offer)
    await house.ada.see("joins the story")
    await house.turn(house.bo, "Here I am.")


async def test_paused_and_ended_stories_take_no_turns(house: Playhouse) -> None:
    await house.story()
    await house.turn(house.ada, "One.")
    await house.ada.command("/story pause")
    await house.bo.click("Take turn")
    await house.bo.see("This story is paused", private=True)
    await house.ada.command("/story resume")
    await house.turn(house.bo, "Two.")
    await house.ada.command("/story end")
    await house.ada.see("The end.")
    await house.idle()
    await house.bo.click("Next page")
    await house.bo.see("This story has ended", private=True)


async def test_the_daily_pictures_run_out(house: Playhouse) -> None:
    await house.story()
    await house.library.save_server_settings(ServerSettings(ServerId(str(house.guild.guild_id)), daily_panels=1))
    await house.turn(house.ada, "One.")
    await house.ada.click("Take turn")
    told = words_of(await house.ada.see("your 1 pictures for today", private=True))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert f"<t:{int(midnight.timestamp())}:R>" in told, "it says when there will be more"
    await house.turn(house.bo, "Two.")


async def test_a_server_has_a_day_and_a_queue_of_its_own(house: Playhouse) -> None:
    """Counted by who asked and where; what was written for nothing comes back, and DMs are no part of it."""
    await house.story()
    await house.ada.command("/story settings", server_panels=3, server_queue=2)
    await house.ada.see("everybody together: 3. Turns that may wait at once: 2", private=True)
    house.studio.gate.clear()
    forms = [await player.click("Take turn") for player in (house.ada, house.bo, house.bo)]
    for form, player, number in zip(forms, (house.ada, house.bo, house.bo), range(3), strict=True):
        before = max(message.message_id for message in player.seen())
        await player.submit(form, {"text": f"Turn number {number}."})
        if number < 2:
            await player.see(f"Turn number {number}", private=False, after=before)
    refused = words_of(await house.bo.see("On this server 2 turns are waiting already", private=True))
    assert "Turn number 2." in refused, "nothing typed is lost"
    house.studio.gate.set()
    panel = await house.panel_after(house.ada)
    await house.bo.click("Redraw", on=panel)
    await house.idle()
    server = ServerId(str(house.guild.guild_id))
    assert await house.library.server_panels_today(server) == 3
    bo = OwnerId(str(house.bo.person.user_id))
    assert await house.library.panels_today(bo) == 2, "a redraw counts for whoever wished it"
    for player in (house.ada, house.bo):
        await player.click("Take turn")
        await player.see("This server has had its 3 pictures for today. There will be more <t:", private=True)
    await house.ada.command("/story settings", server_panels=10000)
    house.bot.settings.limits.__dict__["server_daily_panels"] = 3
    before = max(message.message_id for message in house.ada.seen())
    await house.ada.click("Take turn")
    await house.ada.see("This server has had its 3 pictures", private=True, after=before)


async def test_one_persons_turns_are_counted_in_all_their_stories(house: Playhouse) -> None:
    house.bot.settings.limits.__dict__["queue_per_owner"] = 2
    house.studio.gate.clear()
    for number in range(2):
        house.ada.place = house.channel
        await house.story(title=f"Story {number}", both=False)
        form = await house.ada.click("Take turn")
        await house.ada.submit(form, {"text": f"Turn {number}."})
        await house.ada.see(f"Turn {number}.", private=False)
    house.ada.place = house.channel
    await house.story(title="One more", both=False)
    await house.ada.click("Take turn")
    told = words_of(await house.ada.see("You have 2 turns waiting already", private=True))
    assert re.search(r"in about \d+ s", told)
    house.studio.gate.set()


async def test_a_missing_permission_is_named_before_anything_is_promised(house: Playhouse) -> None:
    story = await house.story()
    house.channel.overwrites.append(Overwrite(house.guild.guild_id, 0, deny=permissions.ATTACH_FILES))
    role = next(role for role in house.guild.roles.values() if role.managed)
    house.channel.overwrites.append(Overwrite(role.role_id, 0, deny=permissions.ATTACH_FILES))
    await house.ada.click("Take turn")
    await house.ada.see("I am missing a permission in this channel: Attach Files", private=True)
    assert await house.library.last_turn(story.story_id) is None


@pytest.mark.parametrize("house", [{"message_content": True}], indirect=True)
async def test_plain_messages_in_the_thread_are_turns_with_the_intent(house: Playhouse) -> None:
    story = await house.story(both=False)
    await house.ada.write("The moon rises.")
    await house.panel_after(house.ada)
    await house.ada.write("// shall we stop soon?")
    await house.bo.write("I want to play too!")
    reply = await house.ada.see("You are not in this story yet")
    assert labels(reply) == ["Join"]
    await house.ada.write("x" * 1600)
    await house.ada.see("1600 characters")
    assert len(await house.library.steps(story.story_id)) == 1


async def test_without_the_intent_plain_messages_in_the_thread_are_left_alone(house: Playhouse) -> None:
    story = await house.story()
    await house.ada.write("The moon rises.")
    await asyncio.sleep(0.2)
    assert await house.library.last_turn(story.story_id) is None


async def test_in_a_dm_plain_messages_are_turns(house: Playhouse) -> None:
    house.ada.place = house.world.dm_with(house.ada.person)
    await house.ada.write("Hello?")
    await house.ada.see("There is no story here yet")
    await house.ada.command("/story start", title="The moon")
    await house.ada.see("The moon")
    await house.ada.write("The moon rises.")
    await house.panel_after(house.ada)
    await house.ada.write("🌙 " * 3 + "... " + "x" * 1500)
    await house.ada.see("too long for one turn")
    await house.ada.write("...")
    await house.ada.see("There are no words in that")
    story = await house.library.story_at(VenueId(str(house.ada.place.channel_id)))
    assert story is not None and story.server_id == ""
    assert len(await house.library.steps(story.story_id)) == 1


async def test_nobody_is_ever_pinged(house: Playhouse) -> None:
    await house.story(title="<@&1> Come # here")
    await house.turn(house.ada, f"@everyone @here <@{house.bo.person.user_id}> <@&{house.guild.guild_id}> look!")
    assert not any(message.pings for message in house.world.messages.values()
                   if message.author_id == house.world.bot.user_id)
    assert "@everyone" not in "\n".join(house.said(house.bo))


async def test_a_named_character_of_the_writer_joins_the_cast(house: Playhouse) -> None:
    story = await house.story()
    await house.character(house.bo, "Leo", "a boy")
    await house.turn(house.bo, "leo's kite is gone!")
    assert [character.name for character in await house.library.cast(story.story_id)] == ["Leo"]


async def test_a_closed_story_stays_whole_when_its_channel_is_gone(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    house.studio.gate.clear()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "One."})
    await house.ada.see("Drawing picture 1")
    thread = house.ada.place
    thread.deleted = True
    house.studio.gate.set()
    await house.idle()
    last = await house.library.last_turn(story.story_id)
    assert last is not None and last.state is TurnState.FAILED and last.reason == "venue_gone"
    house.world.channels.pop(thread.channel_id, None)


async def test_twenty_turns_in_five_threads_at_once(house: Playhouse) -> None:
    stories, players = [], []
    for number in range(5):
        house.ada.place = house.channel
        stories.append(await house.story(title=f"Story {number}", both=False))
        player = Player(house.loopback, house.ada.person, house.ada.place)
        players.append(player)
    house.bot.settings.limits.__dict__["queue_per_owner"] = 50

    async def write(player: Player, number: int, turn: int) -> None:
        form = await player.click("Take turn", on=player.seen()[0])
        sent = await player.submit(form, {"text": f"Story {number} goes on, turn {turn}."})
        assert sent.answered is not None

    await asyncio.gather(*(write(player, number, turn) for turn in range(4) for number, player in enumerate(players)))
    await house.idle(120)
    for number, (story, player) in enumerate(zip(stories, players, strict=True)):
        steps = await house.library.steps(story.story_id)
        assert sorted(step.prose for step in steps) == [
            f"And so it was: Story {number} goes on, turn {turn}." for turn in range(4)]
        prose = [text for text in house.said(player) if text.startswith("And so it was")]
        assert prose == [step.prose for step in steps]
        assert sum("Redraw" in labels(message) for message in player.seen()) == 4


def members(*seats: int) -> list[Member]:
    return [Member(OwnerId(str(seat)), f"P{seat}", seat) for seat in seats]


async def test_whose_turn_it_is() -> None:
    three = members(0, 2, 5)
    assert next_writer([], []) is None
    assert next_writer(three, []) == three[0]
    assert next_writer(three, [OwnerId("0")]) == three[1]
    assert next_writer(three, [OwnerId("5")]) == three[0]
    assert next_writer(three, [OwnerId("0"), None]) == three[2]
    assert next_writer(three, [OwnerId("gone")]) == three[0]
    assert next_writer(list(reversed(three)), [OwnerId("2")]) == three[2]
    assert replace(three[0], seat=9).seat == 9 and StoryStatus.OPEN
