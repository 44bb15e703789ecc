"""The bot killed at every moment of a turn and started again: nothing lost, nothing doubled, every button still works.

A real bot process on the loopback Discord, whose own log judges. The bot is killed by the loopback at the very moment a
request of its is carried out, before it can hear the answer; or while its studio is frozen in the middle of a panel.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import psutil
import pytest
import pytest_asyncio

from bench.company import Company, answers, open_company, posts, quotes, settle, shows
from bot.rehearsal import judge
from bot.rehearsal.faults import Fault
from bot.rehearsal.players import words_of
from bot.rehearsal.record import Line
from bot.rehearsal.world import Channel, Message

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Thread:
    """A story of Ada's and Bo's in which everything below happens, one turn after the other."""

    def __init__(self, company: Company, place: Channel) -> None:
        self.company, self.place = company, place
        self.ada, self.bo = company.player("Ada", place), company.player("Bo", place)
        self.first = 0                         # its first turn, told in peace
        self.excused: list[str] = []           # broken rules that a test broke on purpose
        self.unanswered = 0                    # the turn whose answer a test let nobody hear

    def panels(self, turn_id: int) -> list[Message]:
        """The messages that show a panel of this turn now."""
        world = self.company.world
        return [message for message in self.ada.seen()
                if (panel := judge.panel_in(world, message)) is not None and panel[0] == turn_id]

    async def half_a_panel(self, text: str) -> tuple[int, int]:
        """Ada's turn, and a studio that stops still once its first panel has a place. Returns turn and process ids."""
        company = self.company
        frozen = company.trap(posts(self.place, 2), company.freeze_studio)
        turn_id = await company.send_turn(self.ada, text)
        await asyncio.wait_for(frozen.wait(), 60)
        await settle(1.0)                      # the bot has heard, and waits for the brush
        assert not company.told(turn_id)[turn_id].pictures
        return turn_id, company.studio_pid()

    async def version(self, turn_id: int, version: int, message_id: int | None = None) -> None:
        """Wait until a panel of this turn stands in its message in this version."""
        told = self.company.told
        seen = await self.company.world.until(lambda: next(
            (seen for each in told(turn_id)[turn_id].pictures.values() for seen in each if seen.version == version
             and message_id in (None, seen.message_id)), None), 60)
        assert seen is not None, f"version {version} did not come"
        await self.told_well(turn_id)

    async def told_well(self, turn_id: int) -> None:
        """The turn has ended as if nothing had happened."""
        await self.company.page(turn_id)
        await settle()
        faults = self.company.told(turn_id)[turn_id].faults(self.place.channel_id)
        assert [fault for fault in faults if turn_id != self.unanswered or "answered 0 times" not in fault] == []
        assert self.company.loopback.violations() == self.excused


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thread(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Thread]:
    async with open_company(tmp_path_factory.mktemp("crash"), ["Ada", "Bo"]) as company:
        await company.character("Ada", "Mia", "a girl with red hair and a blue dress")
        thread = Thread(company, await company.story("The kite", ["Ada", "Bo"]))
        thread.first = await company.send_turn(thread.ada, "Mia finds a kite in the garden.")
        await thread.told_well(thread.first)
        yield thread


MOMENTS: dict[str, Callable[[Channel], Callable[[Line], bool]]] = {
    "the words are shown": quotes,
    "the prose is posted": lambda place: posts(place, 1),
    "the place is posted": lambda place: posts(place, 2),
    "the picture is shown": shows,
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_the_moment(thread: Thread, moment: str) -> None:
    company = thread.company
    killed = company.trap(MOMENTS[moment](thread.place), company.kill)
    turn_id = await company.send_turn(thread.bo, f"Mia runs to the park when {moment}.")
    await asyncio.wait_for(killed.wait(), 60)
    await company.start_again()
    await thread.told_well(turn_id)


async def test_killed_before_the_words_are_shown(thread: Thread) -> None:
    """The turn is stored, the answer never arrives: the page comes all the same, and the words stand before it."""
    company = thread.company
    # The words travel as the answer itself or, on a busy machine, as what follows a nod.
    company.loopback.faults.add(Fault("reset", "POST", r"/callback$|/webhooks/\d+/[^/]+$",
                                      when=lambda body: body.get("type", 4) == 4))
    killed = company.trap(lambda line: line["kind"] == "fault", company.kill)
    turn_id = await company.send_turn(thread.ada, "Mia counts the stars, says nobody.")
    await asyncio.wait_for(killed.wait(), 60)
    thread.excused = company.loopback.violations()
    assert all("no answer" in line for line in thread.excused) and len(thread.excused) <= 1
    await company.start_again()
    thread.unanswered = turn_id
    await thread.told_well(turn_id)
    [words] = company.told(turn_id)[turn_id].quoted
    assert "Mia counts the stars, says nobody." in words_of(company.world.messages[words])


async def ended(pid: int) -> bool:
    """True once a process is over, within a minute; one that its parent has yet to bury is over too."""
    for _ in range(600):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_killed_in_the_middle_of_a_panel(thread: Thread) -> None:
    turn_id, studio = await thread.half_a_panel("Mia flies the kite on the beach.")
    thread.company.kill()
    await thread.company.start_again()
    assert await ended(studio), "the studio does not outlive its bot"
    await thread.told_well(turn_id)


async def test_stopped_in_the_middle_of_a_panel(thread: Thread) -> None:
    company = thread.company
    turn_id, studio = await thread.half_a_panel("Mia sits under a tree.")
    assert await company.troupe.stop() == 0, "SIGTERM ends it politely"
    assert await ended(studio)
    await settle()
    assert not company.told(turn_id)[turn_id].pictures
    assert not any("did not work out" in words_of(message) for message in thread.ada.seen()), "a stop is no failure"
    await company.start_again()
    await thread.told_well(turn_id)


async def test_the_studio_alone_killed_in_the_middle_of_a_panel(thread: Thread) -> None:
    company, bot = thread.company, thread.company.bot_pid
    turn_id, studio = await thread.half_a_panel("Mia waves to a bird.")
    os.kill(studio, signal.SIGKILL)
    await thread.told_well(turn_id)
    assert company.bot_pid == bot, "the bot stays up"
    assert company.studio_pid() != studio


async def test_killed_in_the_middle_of_a_redraw(thread: Thread) -> None:
    company = thread.company
    [panel, *_] = thread.panels(thread.first)
    frozen = company.trap(answers("quiet"), company.freeze_studio)
    await thread.bo.click("Redraw", on=panel)
    await asyncio.wait_for(frozen.wait(), 60)
    await settle(0.8)
    company.kill()
    await company.start_again()
    await thread.version(thread.first, 2)


async def test_buttons_made_before_a_kill_work_after_it(thread: Thread) -> None:
    """Redraw, Next page and Undo, in the end every page is taken back by the button under it."""
    company = thread.company
    pages = [message for message in thread.ada.seen() if judge.has_verb(message, "undo")]
    company.kill()
    await company.start_again()
    newest = pages[-1]
    panel = judge.panel_in(company.world, newest)
    assert panel is not None
    await thread.ada.click("Redraw", on=newest)
    await thread.version(panel[0], 2, newest.message_id)
    written = await thread.ada.click("Next page", on=pages[0])
    await thread.told_well(written.interaction_id)
    pages.append(next(message for message in reversed(thread.ada.seen()) if judge.has_verb(message, "undo")))
    for page in reversed(pages):
        item = await thread.bo.click("Undo", on=page)
        assert item.answer_kind in (6, 7), words_of(page)      # at once, or on a busy machine with a nod before
        await thread.bo.see("took this page back", also=lambda seen, page=page: seen.message_id == page.message_id)

    def gone() -> bool | None:
        return True if all(judge.panel_in(company.world, message) is None for message in thread.ada.seen()) else None

    assert await company.world.until(gone, 60), "every picture is taken back, those without buttons too"
    assert company.loopback.violations() == thread.excused
