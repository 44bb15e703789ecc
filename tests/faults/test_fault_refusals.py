"""Discord blocks an address after 10,000 refusals in ten minutes: the bot is far from it, and stops long before."""

from __future__ import annotations

import asyncio

import pytest
from playhouse import PATIENCE_S, Playhouse

from bench.asked import by_route, panels, refused, table
from bot.manners import HALTED_AT, HUSHED_AT, INVALID_LIMIT, WINDOW_S, Manners
from bot.rehearsal.faults import Fault
from engine.nouns import VenueId

VENUE = VenueId("7")


async def test_progress_stops_first_then_posting_until_ten_minutes_are_over() -> None:
    moment = [0.0]
    manners = Manners(clock=lambda: moment[0])
    for _ in range(HUSHED_AT - 1):
        manners.count()
    assert not manners.hushed(VENUE) and not manners.waits
    manners.count()
    assert manners.hushed(VENUE) and not manners.waits, "no previews any more"
    moment[0] += 60
    for _ in range(HALTED_AT - HUSHED_AT):
        manners.count()
    assert manners.waits and HALTED_AT * 2 <= INVALID_LIMIT
    asking = asyncio.create_task(manners.may_ask(VENUE))
    await asyncio.sleep(0.2)
    assert not asking.done()
    moment[0] += WINDOW_S + 1
    manners.open(VENUE)
    await asyncio.wait_for(asking, 60)
    assert manners.refusals == 0


async def test_a_block_is_waited_out_longer_every_time_until_something_went_through() -> None:
    moment = [0.0]
    manners = Manners(clock=lambda: moment[0], block_s=60)
    lasted = []
    for _ in range(6):
        manners.blocked()
        manners.blocked()                      # another request that was on its way
        began = moment[0]
        while manners.waits:
            moment[0] += 1
        lasted.append(moment[0] - began)
    assert lasted == [60, 120, 240, 480, 900, 900]
    manners.answered()
    manners.blocked()
    moment[0] += 60
    assert not manners.waits


async def test_who_leaves_waits_for_nothing() -> None:
    manners = Manners()
    manners.close(VENUE, "venue_closed")
    asking = asyncio.create_task(manners.may_ask(VENUE))
    await asyncio.sleep(0.05)
    manners.leave()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 60)


async def test_requests_are_counted_as_they_are_refused(faulty: Playhouse) -> None:
    """A page whose place refuses everything costs a handful of refusals, previews included, however long it takes."""
    await faulty.story()
    faulty.studio.gate.clear()
    form = await faulty.ada.click("Take turn")
    await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    await faulty.ada.see("Drawing picture 1")
    faulty.loopback.faults.add(Fault("status", "", r"/channels/", times=-1, status=403, code=50013))
    faulty.studio.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        while not faulty.bot.stage.manners.refusals:  # noqa: ASYNC110 - only tests look from outside
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    refusals = refused(faulty.loopback.record.lines)
    assert 1 <= refusals == faulty.bot.stage.manners.refusals <= 3
    faulty.loopback.faults.clear()
    faulty.bot.stage.manners.open_all()
    await faulty.idle()


async def test_a_panel_asks_little_and_is_refused_nothing(faulty: Playhouse) -> None:
    await faulty.story()
    began = len(faulty.loopback.record.lines)
    for number in range(3):
        await faulty.turn(faulty.ada, f"Mia counts to {number}.")
    lines = faulty.loopback.record.lines[began:]
    assert panels(lines) == 3 and refused(lines) == 0
    found = by_route(lines)
    assert found["POST messages of a channel"] == 6, "prose and a place"
    assert found["POST first answer to an interaction"] == 6, "the form, and the words"
    assert sum(found.values()) <= 3 * 9, found
    assert "**all, for 3 panels**" in table(lines)
