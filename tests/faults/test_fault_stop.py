"""SIGTERM: no more turns are taken, what is begun is finished or marked, nothing is lost. A second one ends it at once.

A real bot process on the loopback Discord.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from bench.company import Company, open_company, posts
from bot.rehearsal.faults import Fault
from bot.rehearsal.players import words_of
from bot.rehearsal.understudies import Understudies
from bot.rehearsal.world import Channel, Message


async def half_a_page(company: Company) -> tuple[Channel, int]:
    """A turn whose first panel has its place, and a studio that stands still."""
    await company.character("Ada", "Mia", "a girl with red hair and a blue dress")
    place = await company.story("The kite", ["Ada"])
    frozen = company.trap(posts(place, 2), company.freeze_studio)
    turn_id = await company.send_turn(company.player("Ada", place), "Mia finds a kite in the garden.")
    await asyncio.wait_for(frozen.wait(), 60)
    return place, turn_id


async def told_well(company: Company, place: Channel, turn_id: int) -> None:
    await company.page(turn_id)
    assert company.told(turn_id)[turn_id].faults(place.channel_id) == []


async def stopped_while_showing(company: Company) -> tuple[Channel, int, asyncio.Event]:
    """A bot that has had its first SIGTERM while a picture is on its way: the edit waits until the event is set."""
    await company.character("Ada", "Mia", "a girl with red hair and a blue dress")
    place = await company.story("The kite", ["Ada"])
    shown = asyncio.Event()
    company.loopback.faults.add(Fault("delay", "PATCH", r"/messages/\d+$", release=shown,
                                      when=lambda body: bool(body.get("attachments"))))
    stopped = company.trap(lambda line: line["kind"] == "fault", lambda: os.kill(company.bot_pid, signal.SIGTERM))
    turn_id = await company.send_turn(company.player("Ada", place), "Mia finds a kite in the garden.")
    await asyncio.wait_for(stopped.wait(), 60)
    return place, turn_id, shown


async def test_a_stop_finishes_the_picture_that_is_begun(tmp_path: Path) -> None:
    async with open_company(tmp_path, ["Ada"], troupe=Understudies, stop_within_s=300) as company:
        place, turn_id, shown = await stopped_while_showing(company)
        ada = company.player("Ada", place)
        await ada.click("Next page", on=roster(company, place))            # it takes nothing more, and says so
        assert "try again" in words_of(await ada.see("being restarted", private=True)).casefold()
        shown.set()
        assert await company.troupe.gone(60) == 0
        assert set(company.told(turn_id)[turn_id].pictures) == {0}, "the picture that was begun is there"
        await company.troupe.start()
        await told_well(company, place, turn_id)
        assert len(company.told(turn_id)[turn_id].pictures[0]) == 1, "and is not drawn again"


def roster(company: Company, place: Channel) -> Message:
    """The first message of the story, whose buttons are always there."""
    return company.world.messages[place.messages[0]]


async def test_a_stop_marks_what_it_cannot_finish_in_time(tmp_path: Path) -> None:
    async with open_company(tmp_path, ["Ada"], troupe=Understudies, stop_within_s=3) as company:
        place, turn_id = await half_a_page(company)
        os.kill(company.bot_pid, signal.SIGTERM)
        assert await company.troupe.gone(60) == 0
        assert not company.told(turn_id)[turn_id].pictures
        ada = company.player("Ada", place)
        await ada.see("short break. Picture 1 comes as soon as I am back")
        await company.troupe.start()
        await told_well(company, place, turn_id)
        assert not any("short break" in words_of(message) for message in ada.seen())


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with open_company(tmp_path, ["Ada"], troupe=Understudies, stop_within_s=600) as company:
        place, turn_id, shown = await stopped_while_showing(company)
        ada = company.player("Ada", place)
        await ada.click("Next page", on=roster(company, place))
        await ada.see("being restarted", private=True)     # so the first signal has arrived
        os.kill(company.bot_pid, signal.SIGTERM)
        assert await company.troupe.gone(60) == 128 + signal.SIGTERM
        shown.set()
        await company.troupe.start()
        await told_well(company, place, turn_id)
