"""Everything Discord can do to a turn, each with its own clear outcome; judged by the loopback's own log.

The real client over real sockets, in front of a quick studio. `told_once`: the person's words, the prose and the
picture stand in the thread, once each and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from playhouse import Playhouse, labels

from bench.company import told
from bot import stage as stage_module
from bot.rehearsal import judge, payloads, permissions
from bot.rehearsal.faults import Fault
from bot.rehearsal.players import File, words_of
from bot.rehearsal.routes_places import remove_channel
from bot.rehearsal.world import Channel, Overwrite
from engine.nouns import StoryStatus, VenueId

MESSAGES = r"/channels/\d+/messages$"
MESSAGE = r"/channels/\d+/messages/\d+$"
CALLBACK = r"/callback$"
WAIT_S = 60.0


async def begin(house: Playhouse, text: str = "Mia finds a kite.") -> int:
    """Ada's turn is sent. Returns its id."""
    form = await house.ada.click("Take turn", patience_s=WAIT_S)
    return (await house.ada.submit(form, {"text": text})).interaction_id


async def waiting(house: Playhouse) -> tuple[int, Channel]:
    """A turn whose picture has its place and waits for the brush (open `house.studio.gate`)."""
    await house.story()
    house.studio.gate.clear()
    turn_id = await begin(house)
    await house.ada.see("Drawing picture 1", timeout_s=WAIT_S)
    return turn_id, house.ada.place


async def told_once(house: Playhouse, *turn_ids: int, excused: str = "") -> None:
    """Wait until these turns are told, and look that they are told well."""
    def whole() -> bool | None:
        turns = told(house.loopback.record.lines, turn_ids)
        return True if all(turn.places and set(turn.pictures) >= set(turn.places) for turn in turns.values()) else None

    assert await house.world.until(whole, WAIT_S), house.said(house.ada)
    await house.idle(WAIT_S)
    for turn in told(house.loopback.record.lines, turn_ids).values():
        assert [fault for fault in turn.faults(house.ada.place.channel_id) if not excused or excused not in fault] == []


async def until(look: Callable[[], object]) -> None:
    """Wait for the bot to have understood."""
    for _ in range(int(WAIT_S / 0.02)):
        if look():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def asked(house: Playhouse, since: int = 0) -> list[tuple[str, str, int]]:
    """What the bot has asked of Discord since that line of the log."""
    return [(line["method"], line["path"], line["status"]) for line in house.loopback.record.lines[since:]
            if line["kind"] == "request"]


# --- answers lost, limits, errors ------------------------------------------------------------------

@pytest.mark.parametrize(("method", "path"), [("POST", CALLBACK), ("POST", MESSAGES), ("PATCH", MESSAGE)],
                         ids=["the answer", "a message", "an edit"])
async def test_an_answer_lost_after_it_was_stored_doubles_nothing(faulty: Playhouse, method: str, path: str) -> None:
    await faulty.story()
    form = await faulty.ada.click("Take turn")
    rule = faulty.loopback.faults.add(Fault("stored_but_lost", method, path))
    sent = await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    await told_once(faulty, sent.interaction_id)
    assert rule.struck == 1


@pytest.mark.parametrize("doing", ["limit", "global limit", "504", "reset"])
async def test_what_passes_is_waited_out(faulty: Playhouse, doing: str) -> None:
    await faulty.story()
    form = await faulty.ada.click("Take turn")
    rules = [Fault("limit", "", MESSAGES, retry_after_s=0.2, times=2, global_limit=doing != "limit")] \
        if "limit" in doing else [Fault("reset", "", MESSAGES, times=2)] if doing == "reset" \
        else [Fault("status", "", MESSAGES, status=504)]
    for rule in rules:
        faulty.loopback.faults.add(rule)
    sent = await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    await told_once(faulty, sent.interaction_id)


async def test_an_outage_longer_than_any_retry_is_waited_out(faulty: Playhouse,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "RETRY_WAITS_S", (0.02,))
    monkeypatch.setattr(stage_module, "LONG_WAITS_S", (0.05,))
    turn_id, _ = await waiting(faulty)
    rule = faulty.loopback.faults.add(Fault("status", "", MESSAGE, times=12, status=503))
    faulty.studio.gate.set()
    await told_once(faulty, turn_id)
    assert rule.struck == 12


async def test_a_block_by_the_front_stops_every_request_until_it_is_over(faulty: Playhouse) -> None:
    """429 without `Via`: not a limit of Discord's but a block of the address, which asking makes longer."""
    manners, moment = faulty.bot.stage.manners, [1000.0]
    manners._clock = lambda: moment[0]
    turn_id, thread = await waiting(faulty)
    rule = faulty.loopback.faults.add(Fault("ban", "PATCH", MESSAGE))
    faulty.studio.gate.set()
    await until(lambda: manners.waits)
    since = len(faulty.loopback.record.lines)
    await asyncio.sleep(0.4)
    assert asked(faulty, since) == [], "silence while it lasts"
    moment[0] += 61
    manners.open(VenueId(str(thread.channel_id)))          # as if the minute had passed here as well
    await told_once(faulty, turn_id)
    assert rule.struck == 1


# --- the gateway -----------------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["dropped", "op 7", "op 9, resumable", "op 9"])
async def test_a_turn_goes_on_without_the_gateway_and_the_next_is_taken(faulty: Playhouse, how: str) -> None:
    turn_id, _ = await waiting(faulty)
    gateway = faulty.loopback.gateway
    before = sum(line["what"] in ("identify", "resumed") for line in faulty.loopback.record.of("gateway"))
    await {"dropped": gateway.drop, "op 7": gateway.ask_to_reconnect, "op 9": gateway.invalidate,
           "op 9, resumable": lambda: gateway.invalidate(resumable=True)}[how]()
    faulty.studio.gate.set()
    await told_once(faulty, turn_id)
    assert await faulty.world.until(lambda: True if sum(
        line["what"] in ("identify", "resumed") for line in faulty.loopback.record.of("gateway")) > before
        and gateway.connected else None, WAIT_S)
    await told_once(faulty, await begin(faulty, "Tom finds it again."))


@pytest.mark.parametrize("what", ["a form", "a button", "a command", "a message"])
async def test_an_event_that_comes_twice_is_one(faulty: Playhouse, what: str) -> None:
    if what == "a message":
        faulty.enter(faulty.ada, faulty.world.dm_with(faulty.ada.person))
        await faulty.ada.command("/story start", title="In a DM")
        await faulty.ada.see("1. Ada")
        sent = await faulty.ada.write("Mia finds a kite.")
        await faulty.panel_after(faulty.ada)
        assert await faulty.loopback.gateway.replay("MESSAGE_CREATE")
    else:
        await faulty.story()
        if what == "a form":
            await told_once(faulty, await begin(faulty))
        elif what == "a button":
            await told_once(faulty, (await faulty.ada.click("Next page")).interaction_id)
        else:
            await faulty.ada.command("/story back", page="0")
            await faulty.ada.see("no such page", private=True)
        assert await faulty.loopback.gateway.replay("INTERACTION_CREATE")
    since = len(faulty.loopback.record.lines)
    await faulty.ada.command("/character list")            # what comes after it is answered: it has been looked at
    await faulty.ada.see("no characters", private=True)
    await faulty.idle()
    steps = 0 if what == "a command" else 1
    story = await faulty.library.story_at(VenueId(str(faulty.ada.place.channel_id)))
    assert story is not None and len(await faulty.library.steps(story.story_id)) == steps
    made = [line for line in faulty.loopback.record.lines[since:] if line["kind"] == "message"]
    assert all(line["only_for"] == "Ada" for line in made), "nobody else sees anything new"
    if what == "a message":
        assert len(faulty.loopback.world.messages[sent.message_id].history) == 1


# --- what was missed -------------------------------------------------------------------------------

async def in_a_dm(house: Playhouse) -> str:
    """Ada tells a story in her DM. Returns the story's id."""
    house.enter(house.ada, house.world.dm_with(house.ada.person))
    await house.ada.command("/story start", title="In a DM")
    await house.ada.see("1. Ada")
    story = await house.library.story_at(VenueId(str(house.ada.place.channel_id)))
    assert story is not None
    return story.story_id


async def written(house: Playhouse, story_id: str, pages: int) -> list[str]:
    """The turns of a story, once it has so many pages."""
    for _ in range(int(WAIT_S / 0.05)):
        steps = await house.library.steps(story_id)  # type: ignore[arg-type]
        if len(steps) >= pages and not await house.library.open_turns():
            break
        await asyncio.sleep(0.05)
    return [(await house.library.turn(step.turn_id)).text for step in steps]


async def test_what_was_written_while_the_bot_was_away_is_read_once_and_in_order(faulty: Playhouse) -> None:
    story_id = await in_a_dm(faulty)
    await faulty.ada.write("Mia finds a kite.")
    await faulty.panel_after(faulty.ada)
    await faulty.shut()
    for text in ("// who is there?", "Mia runs home.", "She sleeps."):
        await faulty.ada.write(text)
    await faulty.open()
    expected = ["Mia finds a kite.", "Mia runs home.", "She sleeps."]
    assert await written(faulty, story_id, 3) == expected
    await faulty.shut()
    await faulty.open()
    await faulty.ada.write("She wakes up.")
    assert await written(faulty, story_id, 4) == [*expected, "She wakes up."]


async def test_more_than_may_wait_is_read_one_after_the_other(faulty: Playhouse) -> None:
    story_id = await in_a_dm(faulty)
    await faulty.shut()
    texts = [f"Mia counts to {number}." for number in range(7)]
    for text in texts:
        await faulty.ada.write(text)
    await faulty.open()
    assert await written(faulty, story_id, 7) == texts
    assert not any("waiting" in text for text in faulty.said(faulty.ada)), "nobody is refused for having written"


@pytest.mark.parametrize("faulty", [{"message_content": True}], indirect=True)
async def test_a_lost_session_is_made_up_for_in_threads_too(faulty: Playhouse) -> None:
    story = await faulty.story()
    gateway = faulty.loopback.gateway
    gateway.refuse_resume = True
    before = gateway.identifies
    await gateway.drop()
    for session in gateway.sessions.values():
        session.events.clear()
    await faulty.ada.write("Mia finds a kite.")
    await faulty.bo.write("Tom helps her.")
    assert await written(faulty, story.story_id, 2) == ["Mia finds a kite.", "Tom helps her."]
    assert gateway.identifies > before


@pytest.mark.parametrize("faulty", [{"message_content": True}], indirect=True)
async def test_a_server_that_comes_late_is_caught_up_with(faulty: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    story = await faulty.story()
    gateway = faulty.loopback.gateway

    async def unheard(*_: object, **__: object) -> None:
        """What happens on a server during its outage reaches nobody."""

    await gateway.lose_server(faulty.guild)
    with monkeypatch.context() as outage:
        outage.setattr(gateway, "dispatch_message", unheard)
        await faulty.ada.write("Mia finds a kite.")
        await faulty.bo.write("Tom helps her.")
    await gateway.find_server(faulty.guild)
    assert await written(faulty, story.story_id, 2) == ["Mia finds a kite.", "Tom helps her."]


async def test_words_of_a_busy_bot_that_is_killed_are_taken_at_the_next_start(faulty: Playhouse) -> None:
    """Discord is told that a form has arrived only once its words are kept."""
    story = await faulty.story()
    turns, busy = faulty.bot.get_cog("Turns"), asyncio.Event()

    async def check(*_: object, **__: object) -> None:
        await busy.wait()

    turns.check = check
    form = await faulty.ada.click("Take turn")
    sent = await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    assert sent.answer_kind == 6, "the form is closed"
    assert await faulty.library.open_turns() == []
    [draft] = await faulty.library.questions("d-")
    assert draft.turn.text == "Mia finds a kite."
    for task in faulty.bot._attending:                     # as a kill would
        task.cancel()
    await faulty.shut()
    await faulty.open()
    assert await written(faulty, story.story_id, 1) == ["Mia finds a kite."]
    await told_once(faulty, sent.interaction_id)
    assert await faulty.library.questions("d-") == []


async def test_words_that_can_no_longer_be_a_turn_go_back_to_their_writer(faulty: Playhouse) -> None:
    story = await faulty.story()
    turns, busy = faulty.bot.get_cog("Turns"), asyncio.Event()

    async def check(*_: object, **__: object) -> None:
        await busy.wait()

    turns.check = check
    form = await faulty.ada.click("Take turn")
    await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    for task in faulty.bot._attending:
        task.cancel()
    await faulty.library.remove_member(story.story_id, "")  # type: ignore[arg-type]
    members = await faulty.library.members(story.story_id)
    for member in members:
        await faulty.library.remove_member(story.story_id, member.owner_id)
    await faulty.shut()
    await faulty.open()
    dm = faulty.world.dm_with(faulty.ada.person)
    letter = await faulty.ada.see("could not become a turn", place=dm)
    assert "Mia finds a kite." in words_of(letter)


# --- tokens and attachments ------------------------------------------------------------------------

async def test_a_turn_whose_answer_comes_too_late_is_told_all_the_same(faulty: Playhouse) -> None:
    await faulty.story()
    form = await faulty.ada.click("Take turn")
    faulty.loopback.faults.add(Fault("status", "POST", CALLBACK, status=404, code=10062))
    faulty.world.first_answer_s = 0.5                      # nobody waits for what will not come
    sent = await faulty.ada.submit(form, {"text": "Mia finds a kite."})
    await told_once(faulty, sent.interaction_id, excused="answered 0 times")


@pytest.mark.parametrize(("code", "status"), [(10062, 404), (10015, 404), (50027, 401)])
async def test_a_sentence_that_comes_too_late_is_brought_in_a_dm(faulty: Playhouse, code: int, status: int) -> None:
    await faulty.story(both=False)
    path = CALLBACK if code == 10062 else r"/webhooks/"
    if code != 10062:                                      # the click was nodded at, the sentence follows
        faulty.bot.clicks["take"] = _slowly(faulty, faulty.bot.clicks["take"])
    faulty.loopback.faults.add(Fault("status", "", path, status=status, code=code))
    faulty.enter(faulty.bo, faulty.ada.place)
    if code == 10062:
        faulty.world.first_answer_s = 0.5                  # nobody waits for what will not come
    await faulty.bo.click("Take turn")
    letter = await faulty.bo.see("not in this story", place=faulty.world.dm_with(faulty.bo.person))
    assert letter.author_id == faulty.world.bot.user_id


def _slowly(house: Playhouse, click: Callable[..., object]) -> Callable[..., object]:
    async def slowly(interaction: object, key: str, values: object) -> None:
        await house.bot.acknowledge(interaction)  # type: ignore[arg-type]
        await click(interaction, key, values)  # type: ignore[misc]

    return slowly


async def test_a_photo_that_is_gone_is_asked_for_again(faulty: Playhouse) -> None:
    faulty.loopback.faults.add(Fault("status", "GET", "attachments/", status=404))
    await faulty.ada.command("/character add", name="Mia", photo=File("m.png", b"x" * 100, "image/png"),
                             consent="me")
    await faulty.ada.see("photo", private=True, also=lambda message: "again" in words_of(message))
    assert await faulty.library.characters_of(str(faulty.ada.person.user_id)) == []  # type: ignore[arg-type]


# --- places ----------------------------------------------------------------------------------------

async def test_an_archived_thread_is_woken_for_a_turn(faulty: Playhouse) -> None:
    turn_id, thread = await waiting(faulty)
    thread.archived = True
    faulty.studio.gate.set()
    await told_once(faulty, turn_id)
    assert not thread.archived


async def test_a_locked_thread_is_left_alone_until_it_is_unlocked(faulty: Playhouse) -> None:
    turn_id, thread = await waiting(faulty)
    thread.locked = thread.archived = True
    faulty.studio.gate.set()
    manners = faulty.bot.stage.manners
    await until(lambda: manners.closed(VenueId(str(thread.channel_id))))
    since = len(faulty.loopback.record.lines)
    await asyncio.sleep(0.5)
    assert asked(faulty, since) == [], "not asked again"
    thread.locked = thread.archived = False
    await faulty.loopback.gateway.dispatch("THREAD_UPDATE", payloads.channel(faulty.world, thread))
    await told_once(faulty, turn_id)


async def test_a_deleted_thread_ends_its_story_and_is_not_asked_again(faulty: Playhouse) -> None:
    turn_id, thread = await waiting(faulty)
    story = await faulty.library.story_at(VenueId(str(thread.channel_id)))
    assert story is not None
    await remove_channel(faulty.loopback.api, thread)
    faulty.studio.gate.set()
    await faulty.idle(WAIT_S)
    assert (await faulty.library.story(story.story_id)).status is StoryStatus.ENDED
    assert (await faulty.library.turn(str(turn_id))).text == "Mia finds a kite.", "kept, for the book"  # type: ignore[arg-type]
    since = len(faulty.loopback.record.lines)
    await asyncio.sleep(0.3)
    assert asked(faulty, since) == []


async def test_a_deleted_message_is_posted_anew(faulty: Playhouse) -> None:
    turn_id, thread = await waiting(faulty)
    place = await faulty.ada.see("Drawing picture 1")
    place.deleted = True
    thread.messages.remove(place.message_id)
    faulty.studio.gate.set()
    shown = await faulty.panel_after(faulty.ada)
    assert shown.message_id != place.message_id
    assert [labels(message) for message in faulty.ada.seen()].count(labels(shown)) == 1
    assert not await faulty.library.open_turns() and turn_id


async def test_a_message_too_old_to_be_edited_so_often_is_posted_anew(faulty: Playhouse) -> None:
    _, thread = await waiting(faulty)
    place = await faulty.ada.see("Drawing picture 1")
    place.sent_at -= timedelta(hours=2)
    place.history += place.history[-1:] * 40               # Discord counts: 30046 from now on
    faulty.studio.gate.set()
    shown = await faulty.panel_after(faulty.ada)
    assert shown.message_id != place.message_id and shown.message_id in thread.messages


@pytest.mark.parametrize("missing", ["to write", "to see"])
async def test_missing_permissions_park_a_turn_until_they_are_back(faulty: Playhouse, missing: str) -> None:
    turn_id, thread = await waiting(faulty)
    bits = permissions.VIEW_CHANNEL if missing == "to see" else permissions.SEND_IN_THREADS
    if missing == "to write":                              # an edit needs no permission to write: let it be posted
        place = await faulty.ada.see("Drawing picture 1")
        place.deleted = True
        thread.messages.remove(place.message_id)
    faulty.channel.overwrites.append(Overwrite(faulty.world.bot.user_id, 1, deny=bits))
    faulty.studio.gate.set()
    manners, venue = faulty.bot.stage.manners, VenueId(str(thread.channel_id))
    await until(lambda: manners.closed(venue))
    since = len(faulty.loopback.record.lines)
    if missing == "to write":
        await faulty.bo.click("Take turn")                 # somebody is there to read why
        await faulty.bo.see("Send Messages in Threads", private=True)
    await asyncio.sleep(0.4)
    assert [line for line in asked(faulty, since) if line[2] in (401, 403, 429)] == []
    faulty.channel.overwrites.clear()
    await faulty.loopback.gateway.dispatch("CHANNEL_UPDATE", payloads.channel(faulty.world, faulty.channel))
    manners.open_all()                                     # as by a role, which says more than a channel
    if missing == "to see":
        await told_once(faulty, turn_id)
    else:
        shown = await faulty.panel_after(faulty.ada)       # posted anew, once
        assert [judge.panel_in(faulty.world, message) for message in faulty.ada.seen()].count(
            judge.panel_in(faulty.world, shown)) == 1


async def test_a_bot_sent_away_waits_and_goes_on_where_it_is_invited_again(faulty: Playhouse) -> None:
    turn_id, thread = await waiting(faulty)
    member = faulty.guild.members[faulty.world.bot.user_id]
    await faulty.loopback.gateway.send_away(faulty.guild)
    faulty.studio.gate.set()
    await until(lambda: faulty.bot.stage.manners.closed(VenueId(str(thread.channel_id))))
    since = len(faulty.loopback.record.lines)
    await asyncio.sleep(0.4)
    assert asked(faulty, since) == []
    faulty.guild.members[faulty.world.bot.user_id] = member
    await faulty.loopback.gateway.find_server(faulty.guild)
    await told_once(faulty, turn_id)


async def test_a_server_that_cannot_be_reached_is_waited_for(faulty: Playhouse,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """`unavailable: true` is no farewell: nothing is closed, and what waits goes on as soon as it is back."""
    monkeypatch.setattr(stage_module, "RETRY_WAITS_S", (0.02,))
    monkeypatch.setattr(stage_module, "LONG_WAITS_S", (600.0,))
    turn_id, thread = await waiting(faulty)
    rule = faulty.loopback.faults.add(Fault("status", "", rf"/channels/{thread.channel_id}", times=-1, status=503))
    await faulty.loopback.gateway.lose_server(faulty.guild)
    faulty.studio.gate.set()
    await until(lambda: rule.struck >= 2)
    story = await faulty.library.story_at(VenueId(str(thread.channel_id)))
    assert story is not None and story.status is StoryStatus.OPEN
    faulty.loopback.faults.clear()
    await faulty.loopback.gateway.find_server(faulty.guild)
    await told_once(faulty, turn_id)


