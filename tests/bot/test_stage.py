"""DiscordStage under faults: nothing lost, nothing doubled, and no edit more than a channel bears."""

from __future__ import annotations

import asyncio
import itertools
import math
from dataclasses import replace

import pytest
from playhouse import PATIENCE_S, Playhouse, labels, picture

from bot.rehearsal.faults import Fault
from bot.rehearsal.players import words_of
from bot.rehearsal.world import Message
from bot.stage import DiscordStage, marker_of, nonce_of, picture_name
from engine.events import Painted, ProseGrew, Queued
from engine.nouns import (
    Panel,
    PanelBrief,
    PanelId,
    Place,
    Refused,
    Setting,
    SettingId,
    StepId,
    Story,
    StoryStep,
    Turn,
    TurnId,
    TurnState,
    VenueId,
)

MESSAGES = r"/channels/\d+/messages$"
MESSAGE = r"/channels/\d+/messages/\d+$"


def parts(story: Story) -> tuple[VenueId, StoryStep, Panel]:
    """A step and a panel nobody has posted, of a turn this process did not take."""
    garden = Setting(SettingId("g"), "garden", "x", 1)
    brief = PanelBrief(PanelId("77-step.0"), story.story_id, "Mia waves.", (), garden,
                       props=(("ball", Place(0.5, 0.9, 0.2)),))
    step = StoryStep(StepId("77-step"), story.story_id, TurnId("77"), "Mia waved to *everyone*.", ())
    return story.venue_id, step, Panel(PanelId("77-step.0"), step.step_id, 0, brief, alt_text="Mia in the garden")


def ours(house: Playhouse) -> list[Message]:
    return [message for message in house.ada.seen() if message.author_id == house.world.bot.user_id][1:]


def anew(house: Playhouse) -> DiscordStage:
    """The stage as it is after a restart: it remembers nothing."""
    return DiscordStage(house.bot, house.library, house.bot.labels, preview_every_s=0.2)


async def test_said_placed_and_shown_again_after_a_restart_it_finds_its_messages(house: Playhouse) -> None:
    venue, step, panel = parts(await house.story())
    first = anew(house)
    said, placed = await first.say(venue, step), await first.place(venue, panel)
    for stage in (first, anew(house), anew(house)):
        assert await stage.say(venue, step) == said
        assert await stage.place(venue, panel) == placed
        assert await stage.show(venue, panel, picture()) == placed
    assert [str(message.message_id) for message in ours(house)] == [said, placed]
    assert words_of(ours(house)[0]) == "Mia waved to \\*everyone\\*."
    assert ours(house)[1].components[0]["items"][0]["description"] == "Mia in the garden"


@pytest.mark.parametrize(("painter", "told"), [
    ("mini@3f2a", ""), ("mini@3f2a instead of klein", "The small painter made this one"),
    ("theatre@1 instead of mini", "Paper dolls stand in here"),
])
async def test_a_picture_by_a_stand_in_says_so(house: Playhouse, painter: str, told: str) -> None:
    venue, step, panel = parts(await house.story())
    stage = anew(house)
    await stage.say(venue, step)
    await stage.place(venue, panel)
    await stage.show(venue, replace(panel, painter=painter, change="a *hat*"), picture())
    assert "Changed: a \\*hat\\*" in words_of(ours(house)[1])
    assert (told in words_of(ours(house)[1])) if told else "stand" not in words_of(ours(house)[1]).casefold()


async def test_a_picture_by_another_painter_than_the_one_before_says_so(house: Playhouse) -> None:
    story = await house.story()
    stage, parent, said = anew(house), None, []
    painters = [("klein@1", ""), ("mini@1", ""), ("mini@2", "klein@2"), ("mini@2 instead of klein", "klein@2")]
    for number, pages in enumerate(painters, 701):
        turn = Turn(TurnId(str(number)), story.story_id, story.owner_id, "Ada", "x")
        await house.library.accept_turn(turn)
        step = StoryStep(StepId(f"{number}-step"), story.story_id, turn.turn_id, "Mia waved.", (), parent)
        await house.library.save_step(step)
        await house.library.close_turn(turn.turn_id, TurnState.DONE)
        for index, painter in enumerate(filter(None, pages)):
            panel = replace(parts(story)[2], panel_id=PanelId(f"{step.step_id}.{index}"), step_id=step.step_id,
                            index=index, painter=painter)
            panel = replace(panel, brief=replace(panel.brief, panel_id=panel.panel_id))
            await house.library.save_panel(panel)
            await stage.place(story.venue_id, panel)
            await stage.show(story.venue_id, panel, picture())
            said.append((painter, "Another painter" in words_of(ours(house)[-1])))
        parent = step.step_id
    assert said == [("klein@1", False), ("mini@1", True), ("mini@2", False), ("klein@2", True),
                    ("mini@2 instead of klein", False), ("klein@2", True)]


async def test_a_turn_that_nobody_can_write_waits_in_a_sentence_that_goes_with_its_prose(
        house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    story = await house.story()
    turn = Turn(TurnId(str(house.world.new_id())), story.story_id, story.owner_id, "Ada", "x")
    await house.library.accept_turn(turn)
    step = StoryStep(StepId(f"{turn.turn_id}-step"), story.story_id, turn.turn_id, "Mia waved.", ())
    await house.library.save_step(step)
    monkeypatch.setattr("bot.stage.NOBODY_S", 0.0)
    first, waits = anew(house), Queued(turn.turn_id, None, 0, math.inf)

    async def said() -> list[str]:
        return [words_of(message) for message in ours(house)]

    first.hint(story.venue_id, waits)
    first.hint(story.venue_id, ProseGrew(turn.turn_id, "Mia"))     # somebody came at once: nothing is said
    await asyncio.gather(*first._small)
    assert await said() == []
    first.hint(story.venue_id, waits)
    for number in (1, 2):
        first.hint(story.venue_id, replace(waits, place=number))
    await first._nobody[turn.turn_id]
    assert len(await said()) == 1 and "This turn is kept" in (await said())[0]
    stage = anew(house)                        # the bot was started again meanwhile; still nobody is there
    stage.hint(story.venue_id, waits)
    await stage._nobody[turn.turn_id]
    assert len(await said()) == 1
    for again in (anew(house), stage):
        await again.say(story.venue_id, step)
        assert [words for words in await said() if "> x" not in words] == ["Mia waved."]
    await stage.close()


async def test_a_stand_in_for_the_writer_says_so_once(house: Playhouse) -> None:
    story = await house.story()
    stage, small = anew(house), "mini-writer@1 instead of gemma"
    written, said = [("mini-writer@1", 0), (small, 1), (small, 0), ("", 0), (small, 0), ("gemma", 0), (small, 1)], []
    parent = None
    for number, (writer, _) in enumerate(written, 701):
        turn = Turn(TurnId(str(number)), story.story_id, story.owner_id, "Ada", "x")
        await house.library.accept_turn(turn)
        step = StoryStep(StepId(f"{number}-step"), story.story_id, turn.turn_id, "Mia waved.", (), parent,
                         writer=writer)
        await house.library.save_step(step)
        assert await house.library.step(step.step_id) == step
        await house.library.close_turn(turn.turn_id, TurnState.DONE)
        for again in (stage, anew(house)):     # after a crash it is the same message
            await again.say(story.venue_id, step)
        said.append(words_of(ours(house)[-1]).count("The small writer goes on from here"))
        parent = step.step_id
    assert said == [told for _, told in written]


@pytest.mark.parametrize("doing", ["stored_but_lost", "reset", "disconnect"])
async def test_a_cut_connection_is_asked_again_with_the_same_nonce(house: Playhouse, doing: str) -> None:
    venue, step, panel = parts(await house.story())
    rule = house.loopback.faults.add(Fault(doing, "POST", MESSAGES))  # type: ignore[arg-type]
    stage = anew(house)
    await stage.say(venue, step)
    house.loopback.faults.add(Fault(doing, "PATCH", MESSAGE))  # type: ignore[arg-type]
    placed = await stage.place(venue, panel)
    assert await stage.show(venue, panel, picture()) == placed
    assert rule.struck == 1
    assert len(ours(house)) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_is_waited_out(house: Playhouse, status: int) -> None:
    venue, step, _ = parts(await house.story())
    house.loopback.faults.add(Fault("status", "POST", MESSAGES, times=2, status=status))
    await anew(house).say(venue, step)
    assert len(ours(house)) == 1


async def test_a_deleted_message_is_posted_anew(house: Playhouse) -> None:
    venue, _, panel = parts(await house.story())
    stage = anew(house)
    placed = await stage.place(venue, panel)
    house.world.messages[int(placed)].deleted = True
    house.world.channels[int(venue)].messages.remove(int(placed))
    shown = await stage.show(venue, panel, picture())
    assert shown != placed
    assert [str(message.message_id) for message in ours(house)] == [shown]


async def test_an_archived_thread_is_woken(house: Playhouse) -> None:
    venue, _, panel = parts(await house.story())
    stage = anew(house)
    placed = await stage.place(venue, panel)
    house.world.channels[int(venue)].archived = True
    assert await stage.show(venue, panel, picture()) == placed
    assert not house.world.channels[int(venue)].archived


async def test_a_channel_that_is_gone_has_its_own_reason(house: Playhouse) -> None:
    venue, step, _ = parts(await house.story())
    house.loopback.faults.add(Fault("status", "POST", MESSAGES, times=-1, status=404, code=10003))
    with pytest.raises(Refused) as caught:
        await anew(house).say(venue, step)
    assert caught.value.reason == "venue_gone"


@pytest.mark.parametrize(("code", "status", "reason"), [
    (50001, 403, "venue_closed"), (50013, 403, "venue_closed"), (160005, 400, "thread_locked")])
async def test_a_channel_that_cannot_be_written_in_is_waited_for_and_asked_once(house: Playhouse, code: int,
                                                                                status: int, reason: str) -> None:
    venue, step, _ = parts(await house.story())
    rule = house.loopback.faults.add(Fault("status", "POST", MESSAGES, times=-1, status=status, code=code))
    stage = anew(house)
    saying = asyncio.create_task(stage.say(venue, step))
    while stage.manners.closed(venue) is None:  # noqa: ASYNC110 - the stage tells nobody when it closes a venue
        await asyncio.sleep(0.02)
    assert stage.manners.closed(venue) == reason
    await asyncio.sleep(0.3)
    assert rule.struck == 1 and not saying.done()
    house.loopback.faults.clear()
    stage.manners.open(venue)
    said = await saying
    assert [str(message.message_id) for message in ours(house)] == [said]


async def test_hints_never_raise_and_are_at_most_one_edit_in_their_time(house: Playhouse) -> None:
    story = await house.story()
    venue, _, panel = parts(story)
    stage = DiscordStage(house.bot, house.library, house.bot.labels, preview_every_s=0.5)
    stage.hint(VenueId("1"), Painted(TurnId("1"), PanelId("none"), 1, 2, b""))
    placed = await stage.place(venue, panel)

    async def known(_: PanelId) -> Panel:
        return panel

    house.library.panel = known  # type: ignore[assignment, method-assign]
    stage.hint(venue, Queued(TurnId("77"), panel.panel_id, 2, 8.0))
    stage.hint(venue, ProseGrew(TurnId("77"), "Mia"))
    await house.ada.see("place 3, about 8 s")
    for number in range(1, 41):
        stage.hint(venue, Painted(TurnId("77"), panel.panel_id, number, 41, picture(size=8)))
        await asyncio.sleep(0.03)
    await house.ada.see("98 %")
    stage.hint(venue, Painted(TurnId("77"), panel.panel_id, 41, 41, picture(size=8)))   # the picture itself comes next
    await stage.show(venue, panel, picture())
    await asyncio.sleep(0.6)
    message = house.world.messages[int(placed)]
    assert "Drawing" not in words_of(message)
    edits = [revision.at_ms for revision in message.history if revision.op == "edit"]
    previews = edits[:-1]
    assert len(previews) >= 3
    assert all(later - earlier >= 480 for earlier, later in itertools.pairwise(previews))
    await stage.close()


async def test_hints_survive_a_deleted_message(house: Playhouse) -> None:
    venue, _, panel = parts(await house.story())
    stage = anew(house)
    placed = await stage.place(venue, panel)

    async def known(_: PanelId) -> Panel:
        return panel

    house.library.panel = known  # type: ignore[assignment, method-assign]
    house.world.messages[int(placed)].deleted = True
    stage.hint(venue, Painted(TurnId("77"), panel.panel_id, 1, 2, picture(size=8)))
    await asyncio.sleep(0.2)
    await stage.close()


async def test_a_rate_limit_is_obeyed(house: Playhouse) -> None:
    venue, step, panel = parts(await house.story())
    house.loopback.faults.add(Fault("limit", "POST", MESSAGES, retry_after_s=0.2))
    stage = anew(house)
    await stage.say(venue, step)
    await stage.place(venue, panel)
    assert len(ours(house)) == 2


async def test_a_failing_stage_keeps_quiet(house: Playhouse) -> None:
    story = await house.story()
    await house.turn(house.ada, "One.")
    turn = await house.library.last_turn(story.story_id)
    assert turn is not None
    house.loopback.faults.add(Fault("status", "POST", MESSAGES, times=-1, status=404, code=10003))
    await anew(house).fail(story.venue_id, turn, "studio_failed")


async def test_the_gateway_may_drop_in_the_middle(house: Playhouse) -> None:
    await house.story()
    house.studio.gate.clear()
    form = await house.ada.click("Take turn")
    await house.ada.submit(form, {"text": "One."})
    await house.ada.see("Drawing picture 1")
    await house.loopback.gateway.drop()
    house.studio.gate.set()
    await house.panel_after(house.ada)
    assert await house.world.until(lambda: house.loopback.gateway.connected or None, PATIENCE_S)
    await house.turn(house.ada, "Two.")
    assert len([message for message in house.ada.seen() if "Redraw" in labels(message)]) == 2


def test_nonces_and_markers_are_stable_and_fit() -> None:
    assert nonce_of("1-step") == nonce_of("1-step") != nonce_of("1-step.0")
    assert len(nonce_of("x")) <= 25
    assert 1 <= marker_of("x") < 2**31
    assert marker_of("1-step") != marker_of("1-step.0")


async def test_file_names_are_plain(house: Playhouse) -> None:
    _, _, panel = parts(await house.story(both=False))
    assert picture_name(panel) == "panel-77-step.0.png"
