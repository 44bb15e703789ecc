"""Reports and moderators over real sockets: hidden at once, decided in private, the same after a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playhouse import Playhouse, labels

from bot.rehearsal import permissions
from bot.rehearsal.players import CannotDo, Player, words_of
from bot.rehearsal.world import Message, Role
from engine.nouns import OwnerId, PanelState, ServerId


def moderator(house: Playhouse, name: str = "Mo") -> Player:
    """Somebody who may manage messages on the server, and no more."""
    person = house.world.add_user(name)
    role = Role(house.world.new_id(), "moderators", permissions.MANAGE_MESSAGES, position=2)
    house.guild.roles[role.role_id] = role
    house.world.join(house.guild, person).roles.append(role.role_id)
    return Player(house.loopback, person, house.channel)


def shows_picture(message: Message) -> bool:
    return bool(message.attachments)


async def hidden(player: Player, message: Message) -> Message:
    return await player.see("is hidden", also=lambda seen: seen.message_id == message.message_id)


async def told(house: Playhouse, after: int = 0) -> Message:
    """The report as the owner of the server gets it, in a DM."""
    return await house.ada.see("was reported", place=house.world.dm_with(house.ada.person), after=after)


async def test_a_report_hides_the_picture_at_once_and_a_moderator_shows_it_again(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "Mia finds a kite.")
    assert "Report" in labels(panel) and shows_picture(panel)

    await house.bo.click("Report", on=panel)
    await house.bo.see("Thank you. The picture is hidden", private=True)
    now = await hidden(house.bo, panel)
    assert not shows_picture(now) and labels(now) == ["Take turn", "Next page", "Undo"], "the story goes on"
    [kept] = await house.library.panels(story.story_id)
    assert kept.state is PanelState.LOCKED

    letter = await told(house)
    assert "The kite" in words_of(letter) and not shows_picture(letter)
    assert labels(letter) == ["Show me", "Restore", "Remove for good"]

    # told once, whoever reports it again; and nothing leads to the picture
    await house.ada.command("/story why")
    await house.ada.see("There is no picture here yet", private=True)
    await house.ada.command("/story change", what="make it night")
    await house.ada.see("This picture is hidden", private=True)
    await house.bo.command("/story export")
    await house.bo.see("picture book")
    assert await house.library.frames(story.story_id) == []

    dm = house.world.dm_with(house.ada.person)
    house.enter(house.ada, dm)
    shown = await house.ada.click("Show me", on=letter)
    seen = await house.ada.see("for you alone")
    assert shows_picture(seen) and shown.answered is not None
    await house.ada.click("Restore", on=letter)
    await house.ada.see("shows the reported picture", also=lambda message: message.message_id == letter.message_id)
    again = await house.bo.see(also=lambda message: message.message_id == panel.message_id and shows_picture(message))
    assert "Report" in labels(again)
    assert len(await house.library.frames(story.story_id)) == 1
    await house.bo.click("Report", on=again)
    await house.bo.see("let it stay", private=True)
    assert (await house.library.panels(story.story_id))[0].state is PanelState.DONE


async def test_removed_for_good_by_a_moderator_in_their_channel_after_a_restart(house: Playhouse) -> None:
    mo = moderator(house)
    room = house.world.add_channel(house.guild, "moderators")
    server_id = ServerId(str(house.guild.guild_id))
    await house.library.save_server_settings(replace(
        await house.library.server_settings(server_id), moderation_channel=str(room.channel_id)))
    await house.character(house.ada, "Mia")
    story = await house.story()
    panel = await house.turn(house.ada, "Mia finds a kite.")
    await house.bo.click("Report", on=panel)
    await hidden(house.bo, panel)
    mo.place = room
    letter = await mo.see("was reported", place=room)
    bo_there = Player(house.loopback, house.bo.person, room)
    await bo_there.click("Show me", on=letter)
    await bo_there.see("Only people who look after this server", private=True)
    await bo_there.click("Restore", on=letter)
    assert (await house.library.panels(story.story_id))[0].state is PanelState.LOCKED

    await house.shut()
    await house.open()
    await mo.click("Show me", on=letter)
    assert shows_picture(await mo.see("for you alone", private=True))
    await mo.click("Remove for good", on=letter)
    await mo.see("removed the reported picture", also=lambda message: message.message_id == letter.message_id)
    gone = await house.bo.see("This picture was removed",
                              also=lambda message: message.message_id == panel.message_id)
    assert not shows_picture(gone)
    [kept] = await house.library.panels(story.story_id)
    assert (kept.state, kept.picture, kept.underdrawing) == (PanelState.LOCKED, None, None)
    assert not [message for message in mo.seen(room) if "It is hidden until" in words_of(message)], "told once"


async def test_in_a_dm_it_is_between_the_person_and_the_bot(house: Playhouse) -> None:
    dm = house.world.dm_with(house.ada.person)
    house.enter(house.ada, dm)
    await house.character(house.ada, "Mia")
    await house.ada.command("/story start", title="Alone")
    await house.ada.see("1. Ada")
    panel = await house.turn(house.ada, "Mia finds a kite.")
    await house.ada.click("Report", on=panel)
    answer = await house.ada.see("between us")
    await hidden(house.ada, panel)
    assert labels(answer) == ["Restore", "Remove for good"]
    assert not [message for message in house.ada.seen(dm) if "was reported" in words_of(message)]
    await house.ada.click("Restore", on=answer)
    await house.ada.see(also=lambda message: message.message_id == panel.message_id and shows_picture(message))


async def test_reports_are_limited_and_listed(house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cogs.moderation.REPORTS_AN_HOUR", 1)
    await house.character(house.ada, "Mia")
    await house.story()
    first = await house.turn(house.ada, "Mia finds a kite.")
    second = await house.turn(house.ada, "Mia flies the kite.")
    await house.bo.click("Report", on=first)
    await hidden(house.bo, first)
    await house.bo.click("Report", on=second)
    await house.bo.see("You have reported 1 things within an hour", private=True)
    assert shows_picture(house.world.messages[second.message_id])
    mo = moderator(house)
    mo.place = house.ada.place
    await mo.command("/moderation reports")
    listed = await mo.see("was reported", private=True)
    assert labels(listed) == ["Show me", "Restore", "Remove for good"]
    await mo.click("Restore", on=listed)
    await mo.see("shows the reported picture")
    await mo.command("/moderation reports")
    await mo.see("No reported picture or page is waiting", private=True)


async def test_words_are_kept_out_and_nothing_typed_is_lost(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    mo = moderator(house)
    mo.place = house.ada.place
    await mo.command("/moderation block", word="Gnome*")
    await mo.see("“gnome*” is kept out", private=True)
    await mo.command("/moderation blocked")
    await mo.see("gnome", private=True)
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "Mia meets two gn0mes in the garden."})
    back = await house.ada.see("keeps out of stories", private=True)
    assert "Mia meets two gn0mes in the garden." in words_of(back)
    assert await house.library.last_turn(story.story_id) is None
    await mo.command("/moderation unblock", word="gnome*")
    await mo.see("may be said in stories again", private=True)
    await house.turn(house.ada, "Mia meets two gnomes in the garden.")


@pytest.mark.parametrize("path", ["/moderation block", "/moderation reports", "/moderation ban"])
async def test_moderators_alone_may(house: Playhouse, path: str) -> None:
    given: dict[str, object] = {"word": "x"} if path.endswith("block") else {}
    if path.endswith("ban"):
        given = {"person": house.ada.person}
    with pytest.raises(CannotDo):
        await house.bo.command(path, **given)  # type: ignore[arg-type]


async def test_somebody_shut_out_is_told_so_and_let_in_again(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    story = await house.story()
    mo = moderator(house)
    mo.place = house.ada.place
    await mo.command("/moderation ban", person=house.bo.person)
    await mo.see("I take nothing from Bo", private=True)
    assert [member.name for member in await house.library.members(story.story_id)] == ["Ada"]
    roster = next(message for message in house.bo.seen() if "Join" in labels(message))
    await house.bo.click("Join", on=roster)
    await house.bo.see("I take nothing from you on this server", private=True)
    before = house.bo.seen()[-1].message_id
    await house.bo.command("/story recap")
    await house.bo.see("I take nothing from you on this server", private=True, after=before)
    await mo.command("/moderation ban", person=house.ada.person)
    await mo.see("cannot be shut out", private=True)
    await mo.command("/moderation unban", person=house.bo.person)
    await mo.see("may play again", private=True)
    await house.bo.click("Join", on=roster)
    await house.bo.see("2. Bo", private=False)


async def test_the_door_turns_back_what_does_not_suit_and_gives_it_back(house: Playhouse) -> None:
    """Titles, names, descriptions, nicknames, wishes, texts: each with a sentence, and with what was typed."""
    ada = house.ada
    await ada.command("/story start", title="How the wolf killed the king")
    assert "How the wolf killed the king" in words_of(await ada.see("rougher than this story", private=True))
    await ada.command("/character add", name="Killer", pronouns="it", description="a grey wolf")
    await ada.see("rougher", private=True)
    await ada.command("/character add", name="Mia", pronouns="she", description="a naked girl")
    assert "a naked girl" in words_of(await ada.see("nothing I draw", private=True))
    assert await house.library.characters_of(OwnerId(str(ada.person.user_id))) == []
    await house.character(ada, "Mia")
    story = await house.story()
    await house.turn(ada, "Mia finds a kite.")
    await ada.command("/story change", what="draw Mia naked")
    assert "draw Mia naked" in words_of(await ada.see("nothing I draw", private=True, after=0))
    form = await ada.command("/story illustrate")
    await ada.submit(form, {"text": "Mia runs home. The wolf killed the king. Then Mia sleeps."})
    back = await ada.see("I cannot draw this part", private=True)
    assert "The wolf killed the king." in words_of(back) and "Then Mia sleeps." in words_of(back)
    assert await house.library.storyboards(story.story_id) == []
    form = await ada.click("Take turn")
    await ada.submit(form, {"text": "The wolf k1lls the king."})
    assert "The wolf k1lls the king." in words_of(await ada.see("rougher", private=True, after=back.message_id))
    assert len(await house.library.steps(story.story_id)) == 1


async def test_a_picture_of_a_text_is_hidden_in_the_gallery_too(house: Playhouse) -> None:
    await house.character(house.ada, "Mia")
    await house.story()
    form = await house.ada.command("/story illustrate")
    await house.ada.submit(form, {"text": "Mia woke up in her bedroom.\n\nThen she danced on the beach."})
    await house.ada.click("Draw 2 pictures", on=await house.ada.see("Page 1 of 2", private=True))
    gallery = await house.bo.see("text in pictures, 1 to 2")
    await house.idle()
    first = next(message for message in house.bo.seen() if "Report" in labels(message))
    await house.bo.click("Report", on=first)
    await hidden(house.bo, first)
    changed = await house.bo.see("hidden here", also=lambda message: message.message_id == gallery.message_id)
    assert not shows_picture(changed) and labels(changed) == ["Take turn", "Next page"]
