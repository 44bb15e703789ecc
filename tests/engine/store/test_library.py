"""What the library promises, on both databases."""

import asyncio
import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from store_material import (
    ANN,
    BEDROOM,
    BEN,
    BOO,
    BOXES,
    MIA,
    brief_for,
    furnish,
    rewrite,
    step_for,
    story_of,
    tell,
    turn_in,
    write_only,
)

from engine import ports
from engine.nouns import (
    Character,
    Consent,
    Look,
    Member,
    NotFound,
    Panel,
    PanelState,
    Plate,
    Pronouns,
    ServerSettings,
    Setting,
    Sharing,
    StoryStatus,
    Turn,
    TurnOrder,
    TurnState,
)
from engine.store import SqlLibrary, tables


def test_it_has_every_method_of_the_port():
    promised = [name for name in vars(ports.Library) if not name.startswith("_")]
    assert len(promised) > 30
    for name in promised:
        mine, theirs = getattr(SqlLibrary, name), getattr(ports.Library, name)
        assert typing.get_type_hints(mine) == typing.get_type_hints(theirs), name


# --- people ----------------------------------------------------------------------------------------

async def test_a_character_comes_back_as_it_was(library):
    given = Consent("my_child", 3, datetime(2026, 5, 1, 12, 30, tzinfo=UTC))
    mia = replace(MIA, description="kind 🦊 \u0645", avatar="abc", consent=given, sharing=Sharing.SERVER,
                  from_photo=True, server_id="g")
    await library.save_character(mia)
    assert await library.character("c-mia") == mia
    changed = replace(mia, name="Maja", look=replace(mia.look, size=0.9, accessories=("scarf", "boots")), consent=None)
    await library.save_character(changed)
    await library.save_character(changed)
    assert await library.characters_of(ANN) == [changed]
    with pytest.raises(NotFound):
        await library.character("nobody")


async def test_a_look_kept_by_an_older_version_is_still_read(library):
    await library.save_character(MIA)
    await rewrite(library, tables.characters, ANN, tables.characters.c.character_id == "c-mia",
                  look={"kind": "fox", "gone_field": 1})
    assert (await library.character("c-mia")).look == Look(kind="fox")


async def test_words_no_database_takes_are_kept_readable(library):
    await library.save_character(replace(MIA, name="Mi\0a", description="\ud800 lone"))
    kept = await library.character("c-mia")
    assert (kept.name, kept.description) == ("Mi\ufffda", "\ufffd lone")


async def test_usable_are_own_and_those_shared_with_the_server(library):
    for number, (owner, sharing, server) in enumerate([
        (BEN, Sharing.SERVER, "g"), (ANN, Sharing.ME, ""), (BEN, Sharing.STORY, "g"), (BEN, Sharing.SERVER, "other"),
        (ANN, Sharing.SERVER, "other"),
    ]):
        await library.save_character(Character(f"c{number}", owner, f"N{number}", Pronouns.ANY, Look(),
                                               sharing=sharing, server_id=server))
    assert [c.character_id for c in await library.usable_characters(ANN, "g")] == ["c1", "c4", "c0"]
    assert [c.character_id for c in await library.usable_characters(ANN, "")] == ["c1", "c4"]


async def test_a_removed_character_is_gone_with_its_avatar(library):
    await furnish(library)
    avatar = await library.keep_picture(b"avatar", owner_id=ANN)
    await library.save_character(replace(MIA, avatar=avatar))
    await library.remove_character("c-mia")
    assert await library.characters_of(ANN) == []
    assert await library.cast("s1") == [BOO]
    assert [member.character_id for member in await library.members("s1")] == [None, "c-boo"]
    for question in (library.picture(avatar), library.character("c-mia"), library.add_to_cast("s1", "c-mia"),
                     library.save_member("s1", Member(ANN, "Ann", 0, "c-mia"))):
        with pytest.raises(NotFound):
            await question
    await library.save_character(MIA)              # registered anew under the same id: it is back
    assert await library.characters_of(ANN) == [MIA]


async def test_server_settings_default_to_the_operators(library):
    assert await library.server_settings("g") == ServerSettings("g")
    decided = ServerSettings("g", "managers", 5, "family", "da", "crayon")
    await library.save_server_settings(decided)
    await library.save_server_settings(decided)
    assert await library.server_settings("g") == decided


async def test_panels_are_counted_by_utc_day(library):
    await furnish(library)
    await tell(library, 2)
    assert await library.panels_today(ANN) == 2
    assert await library.panels_today(BEN) == 0
    panel = await library.panel("s1-t1-step.0")
    await library.save_panel(panel)                # saved again: not drawn again
    assert await library.panels_today(ANN) == 2
    await library.save_panel(replace(panel, version=2))
    assert await library.panels_today(ANN) == 3
    await library.undo("s1")
    assert await library.panels_today(ANN) == 3    # undone ones were drawn all the same
    yesterday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(seconds=1)
    async with library.engine.begin() as connection:
        await connection.execute(update(tables.drawings).where(tables.drawings.c.version == 2)
                                 .values(drawn_at=yesterday))
    assert await library.panels_today(ANN) == 2


async def test_what_is_drawn_counts_for_whoever_asked_and_where(library):
    await furnish(library)
    await tell(library, 1)
    server = (await library.story("s1")).server_id
    assert server and await library.server_panels_today(server) == 1
    panel = await library.panel("s1-t1-step.0")
    await library.save_panel(replace(panel, version=2), asked_by=BEN)
    assert (await library.panels_today(ANN), await library.panels_today(BEN)) == (1, 1)
    assert await library.server_panels_today(server) == 2
    assert await library.server_panels_today("elsewhere") == 0


async def test_turns_that_wait_are_counted_by_person_and_server(library):
    await furnish(library)
    server = (await library.story("s1")).server_id
    await library.save_story(story_of(story_id="s2"))
    assert await library.turns_waiting(ANN, server) == (0, 0)
    await library.accept_turn(Turn("a", "s1", ANN, "Ann", "One."))
    await library.accept_turn(Turn("b", "s2", ANN, "Ann", "Two."))
    await library.accept_turn(Turn("c", "s1", BEN, "Ben", "Three."))
    assert await library.turns_waiting(ANN, server) == (2, 3)
    assert await library.turns_waiting(BEN, "elsewhere") == (1, 0)
    assert await library.turns_waiting(BEN, "") == (1, 0), "a DM is no server"
    await library.close_turn("b", TurnState.DONE)
    assert await library.turns_waiting(ANN, server) == (1, 2)


# --- stories ---------------------------------------------------------------------------------------

async def test_a_story_comes_back_as_it_was(library):
    created = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    story = story_of(style="crayon", locale="da", rating="family", turn_order=TurnOrder.IN_ORDER, created_at=created)
    await library.save_story(story)
    assert await library.story("s1") == story
    await library.save_story(replace(story, status=StoryStatus.PAUSED, title="T"))
    assert await library.story("s1") == replace(story, status=StoryStatus.PAUSED, title="T")
    with pytest.raises(NotFound):
        await library.story("s2")


async def test_a_venue_shows_its_newest_story_that_goes_on(library):
    assert await library.story_at("v") is None
    for number in (1, 2, 3):
        await library.save_story(replace(story_of(story_id=f"s{number}"), venue_id="v"))
    assert (await library.story_at("v")).story_id == "s3"
    await library.save_story(replace(await library.story("s3"), status=StoryStatus.ENDED))
    assert (await library.story_at("v")).story_id == "s2"


async def test_stories_of_are_those_started_and_those_joined(library):
    await library.save_story(story_of(ANN, "s1"))
    await library.save_story(story_of(BEN, "s2"))
    await library.save_story(story_of(BEN, "s3"))
    await library.save_member("s2", Member(ANN, "Ann", 0))
    assert [story.story_id for story in await library.stories_of(ANN)] == ["s2", "s1"]


async def test_saving_a_story_read_earlier_does_not_turn_it_back(library):
    story = await furnish(library)
    await tell(library, 1)
    await library.save_story(replace(story, title="Renamed"))
    assert (await library.story("s1")).head == "s1-t1-step"


async def test_the_roster_is_by_seat(library):
    await furnish(library)
    await library.save_member("s1", Member(BEN, "Benny", -1))
    assert await library.members("s1") == [Member(BEN, "Benny", -1), Member(ANN, "Ann", 0, "c-mia")]
    await library.remove_member("s1", BEN)
    await library.remove_member("s1", BEN)
    assert [member.owner_id for member in await library.members("s1")] == [ANN]
    assert await library.cast("s1") == [MIA, BOO]
    with pytest.raises(NotFound):
        await library.add_to_cast("s1", "nobody")
    with pytest.raises(NotFound):
        await library.add_to_cast("nowhere", "c-mia")


# --- turns and steps -------------------------------------------------------------------------------

async def test_a_turn_is_accepted_once_and_closed_once(library):
    await furnish(library)
    turn = turn_in()
    assert await library.accept_turn(turn) is True
    assert await library.accept_turn(replace(turn, text="other")) is False
    kept = await library.turn(turn.turn_id)
    assert (kept.text, kept.state) == (turn.text, TurnState.ACCEPTED)
    assert abs(kept.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    await library.close_turn(turn.turn_id, TurnState.DONE)
    await library.close_turn(turn.turn_id, TurnState.FAILED, "studio_failed")
    assert (await library.turn(turn.turn_id)).state is TurnState.DONE
    for question in (library.turn("t?"), library.close_turn("t?", TurnState.DONE),
                     library.accept_turn(turn_in("nowhere"))):
        with pytest.raises(NotFound):
            await question


async def test_open_turns_come_in_the_order_they_were_accepted(library):
    await furnish(library)
    await library.save_story(story_of(BEN, "s2"))
    for story_id, number in (("s1", 3), ("s2", 1), ("s1", 1), ("s1", 2)):
        await library.accept_turn(turn_in(story_id, number))
    assert [turn.turn_id for turn in await library.open_turns()] == ["s1-t3", "s2-t1", "s1-t1", "s1-t2"]
    await library.close_turn("s1-t1", TurnState.FAILED, "studio_failed")
    assert [turn.turn_id for turn in await library.open_turns("s1")] == ["s1-t3", "s1-t2"]
    assert (await library.last_turn("s1")).turn_id == "s1-t2"
    assert await library.last_turn("nowhere") is None


async def test_fifty_turns_at_once_are_all_kept(library):
    await furnish(library)
    turns = [turn_in(number=number) for number in range(50)]
    answers = await asyncio.gather(*(library.accept_turn(turn) for turn in turns + turns))
    assert sum(answers) == 50
    assert len(await library.open_turns("s1")) == 50


async def test_a_step_is_written_once_and_moves_the_head(library):
    await furnish(library)
    first, second = await tell(library, 2)
    await library.save_step(replace(first, prose="another"))
    assert (await library.story("s1")).head == second.step_id
    assert await library.steps("s1") == [first, second]
    assert await library.step(first.step_id) == first
    with pytest.raises(NotFound):
        await library.step("?")


async def test_undo_moves_the_head_and_memory_follows(library):
    await furnish(library)
    garden = Setting("s1:garden", "garden", "the garden", 9)
    first, second = await tell(library, 2)
    (third,) = await tell(library, 1, first=3, parent=second.step_id, setting=garden)
    assert await library.settings("s1") == [BEDROOM, garden]
    assert (await library.plate("s1:garden", "day", "clear", "flat")) is not None

    assert await library.undo("s1") == third
    assert (await library.story("s1")).head == second.step_id
    assert await library.steps("s1") == [first, second]
    assert [panel.step_id for panel in await library.panels("s1")] == [first.step_id, second.step_id]
    assert [frame.panel_id for frame in await library.frames("s1")] == [f"{second.step_id}.0", f"{first.step_id}.0"]
    assert await library.settings("s1") == [BEDROOM]
    assert await library.plate("s1:garden", "day", "clear", "flat") is None
    assert await library.plate(BEDROOM.setting_id, "day", "clear", "flat") is not None
    undone = await library.panel(f"{third.step_id}.0")
    assert undone.state is PanelState.UNDONE
    await library.save_panel(replace(undone, state=PanelState.DONE, version=2))     # a redraw that came too late
    assert (await library.panel(undone.panel_id)).state is PanelState.UNDONE

    (other,) = await tell(library, 1, first=4, parent=second.step_id, setting=garden)       # another branch
    assert await library.steps("s1") == [first, second, other]
    assert await library.settings("s1") == [BEDROOM, garden]
    assert [await library.undo("s1") for _ in range(4)] == [other, second, first, None]
    assert await library.frames("s1") == [] and await library.settings("s1") == []
    with pytest.raises(NotFound):
        await library.undo("nowhere")


async def test_undoing_the_end_opens_the_story_again(library):
    story = await furnish(library)
    turn = turn_in()
    await library.accept_turn(turn)
    await library.save_step(step_for(turn, closes_story=True))
    await library.save_story(replace(story, status=StoryStatus.ENDED))
    await library.undo("s1")
    assert (await library.story("s1")).status is StoryStatus.OPEN


async def test_a_scene_is_the_story_when_the_turn_was_first_read(library):
    await furnish(library)
    told = await write_only(library, 14)
    await library.save_setting("s1", BEDROOM)
    turn = turn_in(number=15, owner=BEN, author="Ben", text="And then?")
    await library.accept_turn(turn)
    scene = await library.scene(turn.turn_id)
    assert scene.story.head == told[-1].step_id
    assert scene.turn.text == "And then?" and scene.turn.state is TurnState.ACCEPTED
    assert [past.prose for past in scene.past] == [step.prose for step in told[-12:]]
    assert scene.past[-1].beats == told[-1].beats and scene.past[-1].author == "Ann"
    assert scene.cast == (MIA, BOO) and scene.settings == (BEDROOM,)
    assert [member.owner_id for member in scene.members] == [ANN, BEN]
    assert scene.max_panels == 2

    # Everything changes; a replay reads the same.
    await library.save_character(replace(MIA, name="Maja", look=Look(kind="fox")))
    await library.save_setting("s1", Setting("s1:x", "beach", "the beach", 1))
    await library.remove_member("s1", ANN)
    await library.save_step(step_for(turn, told[-1].step_id))
    await library.close_turn(turn.turn_id, TurnState.DONE)
    assert await library.scene(turn.turn_id) == scene
    with pytest.raises(NotFound):
        await library.scene("?")


async def test_a_scene_first_read_after_its_step_is_as_before_it(library):
    await furnish(library)
    (first,) = await tell(library, 1)
    turn = turn_in(number=2)
    await library.accept_turn(turn)
    await library.save_step(step_for(turn, first.step_id))
    scene = await library.scene(turn.turn_id)
    assert scene.story.head == first.step_id
    assert [past.prose for past in scene.past] == [first.prose]


async def test_the_current_setting_comes_last(library):
    await furnish(library)
    garden = Setting("s1:garden", "garden", "the garden", 9)
    (first,) = await tell(library, 1)
    (second,) = await tell(library, 1, first=2, parent=first.step_id, setting=garden)
    assert await library.settings("s1") == [BEDROOM, garden]
    await tell(library, 1, first=3, parent=second.step_id)
    assert await library.settings("s1") == [garden, BEDROOM]


# --- panels ----------------------------------------------------------------------------------------

async def test_a_panel_comes_back_as_it_was(library):
    await furnish(library)
    (step,) = await tell(library, 1)
    panel = Panel(f"{step.step_id}.1", step.step_id, 1, brief_for(step, 1), PanelState.DONE, "p", "u", BOXES, 5,
                  "mini@1", 3, "m", "alt")
    await library.save_panel(panel)
    assert await library.panel(panel.panel_id) == panel
    assert [kept.panel_id for kept in await library.panels("s1")] == [f"{step.step_id}.0", panel.panel_id]
    with pytest.raises(NotFound):
        await library.panel("?")
    with pytest.raises(NotFound):
        await library.save_panel(replace(panel, panel_id="x", step_id="?"))


async def test_frames_are_the_drawn_panels_nearest_first(library):
    await furnish(library)
    first, second = await tell(library, 2)
    await library.save_panel(Panel(f"{second.step_id}.1", second.step_id, 1, brief_for(second, 1)))    # not drawn yet
    frames = await library.frames("s1")
    assert [(frame.panel_id, frame.age) for frame in frames] == [(f"{second.step_id}.0", 1), (f"{first.step_id}.0", 2)]
    assert frames[0].boxes == BOXES and frames[0].brief == brief_for(second)
    assert await library.picture(frames[0].picture) == b"panel " + second.step_id.encode()
    assert len(await library.frames("s1", limit=1)) == 1


async def test_a_plate_is_found_by_time_weather_and_style(library):
    await furnish(library)
    await tell(library, 1)
    night = Plate(BEDROOM.setting_id, "night", "rain", "crayon", "p2")
    await library.save_plate("s1", night)
    await library.save_plate("s1", replace(night, picture="p3"))
    assert await library.plate(BEDROOM.setting_id, "night", "rain", "crayon") == replace(night, picture="p3")
    assert await library.plate(BEDROOM.setting_id, "night", "clear", "crayon") is None
    assert await library.plate("elsewhere", "night", "rain", "crayon") is None


async def test_two_stories_do_not_see_each_other(library):
    await furnish(library)
    await library.save_story(story_of(BEN, "s2"))
    await tell(library, 1)
    await tell(library, 1, story_id="s2", owner=BEN, setting=Setting("s2:room", "cave", "the cave", 3))
    assert [step.story_id for step in await library.steps("s1")] == ["s1"]
    assert [frame.brief.story_id for frame in await library.frames("s2")] == ["s2"]
    assert [setting.setting_id for setting in await library.settings("s2")] == ["s2:room"]
