"""What memory keeps of panels and characters: versions, appearances, wardrobes, references; on both databases."""

from dataclasses import replace

import pytest
from store_material import ANN, BEN, BOXES, MIA, furnish, step_for, story_of, tell, turn_in

from engine.nouns import Appearance, NotFound, PanelState, Question, RecallItem, Reference, TurnState, Verdict

RAINCOAT = (("outfit", "raincoat"),)


def seen(panel, who="c-mia", **facts):
    return Appearance(who, panel.panel_id, **{"action": "hugs", "box": dict(BOXES)[who], "score": 0.9, **facts})


async def test_every_version_is_kept_and_any_can_be_shown_again(library):
    await furnish(library)
    (step,) = await tell(library)
    first = await library.panel(f"{step.step_id}.0")
    item = RecallItem("cutout", "pic", "recall_cutout_pose", 0.7, "c-mia", first.panel_id)
    second = replace(first, version=2, seed=5, change="make it night", recalled=(item,),
                     brief=replace(first.brief, time_of_day="night"), verdict=Verdict((("c-mia", 0.9),), attempts=2),
                     picture=await library.keep_picture(b"by night", owner_id=ANN))
    await library.save_panel(second)
    await library.save_panel(replace(second, message_id="m-new"))
    assert [panel.version for panel in await library.versions(first.panel_id)] == [1, 2]
    assert await library.panel(first.panel_id) == replace(second, message_id="m-new")

    shown = await library.show_version(first.panel_id, 1)
    assert shown == replace(first, message_id="m-new") == await library.panel(first.panel_id)
    assert [frame.picture for frame in await library.frames("s1")] == [first.picture]
    assert (await library.show_version(first.panel_id, 2)).change == "make it night"
    assert len(await library.versions(first.panel_id)) == 2
    with pytest.raises(NotFound):
        await library.show_version(first.panel_id, 3)


async def test_appearances_follow_the_path_and_the_shown_version(library):
    await furnish(library)
    steps = await tell(library, 3)
    panels = [await library.panel(f"{step.step_id}.0") for step in steps]
    for panel in panels:
        await library.save_appearances(panel, [(seen(panel), [0.5, -0.25]), (seen(panel, "c-boo"), [])])
        await library.save_appearances(panel, [(seen(panel, score=0.1), [0.0])])
    assert await library.likenesses(panels[0].panel_id, 1) == {"c-mia": [0.5, -0.25]}
    found = await library.appearances("s1", ["c-mia"])
    assert [each.panel_id for each in found] == [panel.panel_id for panel in reversed(panels)]
    assert [each.age for each in found] == [1, 2, 3] and found[0] == seen(panels[2])
    assert [each.panel_id for each in await library.appearances("s1", ["c-mia"], at=steps[0].step_id)] == [
        panels[0].panel_id]
    assert len(await library.appearances("s1", ["c-mia", "c-boo"], limit=4)) == 4

    await library.save_panel(replace(panels[2], version=2))
    again = replace(panels[2], version=2)
    await library.save_appearances(again, [(seen(again, action="runs"), [])])
    assert [each.action for each in await library.appearances("s1", ["c-mia"])] == ["runs", "hugs", "hugs"]
    await library.show_version(again.panel_id, 1)
    assert (await library.appearances("s1", ["c-mia"]))[0].action == "hugs"

    await library.undo("s1")
    assert [each.age for each in await library.appearances("s1", ["c-mia"])] == [1, 2]


async def test_clothes_stay_on_from_step_to_step_and_go_with_undo(library):
    await furnish(library)
    parent = None
    for number, wears in enumerate((RAINCOAT, (), (("headwear", "cap"),), (("outfit", ""),)), start=1):
        turn = turn_in(number=number)
        await library.accept_turn(turn)
        scene = await library.scene(turn.turn_id)
        assert scene.wardrobe == await library.wardrobe("s1")
        step = step_for(turn, parent)
        beat = step.beats[0]
        dressed = replace(beat, cast=(replace(beat.cast[0], wears=wears), *beat.cast[1:]))
        await library.save_step(replace(step, beats=(dressed,)))
        await library.close_turn(turn.turn_id, TurnState.DONE)
        parent = step.step_id
    assert await library.wardrobe("s1") == (("c-mia", (("headwear", "cap"),)),)
    await library.undo("s1")
    assert await library.wardrobe("s1") == (("c-mia", (("headwear", "cap"), *RAINCOAT)),)
    await library.undo("s1")
    await library.undo("s1")
    assert await library.wardrobe("s1") == (("c-mia", RAINCOAT),)
    assert (await library.scene("s1-t4")).wardrobe != (), "a turn read before keeps what it read"


async def test_references_are_kept_once_and_go_with_their_character(library):
    await furnish(library)
    picture = await library.keep_picture(b"liked", owner_id=ANN)
    kept = Reference("c-mia", picture, "panel", "p", "runs", "happy", RAINCOAT)
    for _ in range(2):
        await library.save_reference(kept)
    assert await library.references(["c-mia", "c-boo"]) == [kept] and await library.references(["c-boo"]) == []
    await library.remove_character("c-mia")
    assert await library.references(["c-mia"]) == []
    with pytest.raises(NotFound):
        await library.picture(picture)
    with pytest.raises(NotFound):
        await library.save_reference(kept)


async def test_a_picture_two_rows_show_outlives_one_of_them(library):
    await furnish(library)
    (step,) = await tell(library)
    panel = await library.panel(f"{step.step_id}.0")
    await library.save_reference(Reference("c-mia", panel.picture, "panel"))
    await library.remove_character("c-mia")
    assert await library.picture(panel.picture)


async def test_panels_with_a_character_come_from_all_stories_but_not_those_taken_back(library):
    await furnish(library)
    await library.save_story(story_of(BEN, "s2"))
    for story_id, owner in (("s1", ANN), ("s2", BEN)):
        for step in await tell(library, 2, story_id=story_id, owner=owner):
            panel = await library.panel(f"{step.step_id}.0")
            await library.save_appearances(panel, [(seen(panel), [])])
    await library.undo("s2")
    found = await library.panels_with("c-mia")
    assert [(story.story_id, panel.panel_id) for story, panel in found] == [
        ("s1", "s1-t1-step.0"), ("s1", "s1-t2-step.0"), ("s2", "s2-t1-step.0")]
    assert await library.panels_with("c-nobody") == []
    assert [panel.panel_id for panel in await library.panels_of_step("s2-t2-step")] == ["s2-t2-step.0"]
    assert (await library.panels_of_step("s2-t2-step"))[0].state is PanelState.UNDONE


async def test_a_question_keeps_its_turn_until_somebody_answers_once(library):
    await furnish(library)
    turn = replace(turn_in(text="She jumps."), meant=((0, 3, "c-mia"),))
    question = Question("q", turn, ("c-mia", "c-boo"), (0, 3))
    for _ in range(2):
        await library.save_question(question)
    assert await library.question("q") == question and await library.open_turns("s1") == []
    assert [await library.drop_question("q") for _ in range(2)] == [True, False]
    with pytest.raises(NotFound):
        await library.question("q")
    await library.accept_turn(question.turn)
    assert (await library.turn(turn.turn_id)).meant == ((0, 3, "c-mia"),)


async def test_a_character_keeps_its_nicknames_and_what_it_is_to_its_owner(library):
    teddy = replace(MIA, nicknames=("Mimi", "Mi"), relation="sister", born_in="s1")
    await library.save_character(teddy)
    assert await library.character("c-mia") == teddy


async def test_a_story_goes_on_from_any_page_and_comes_back(library):
    await furnish(library)
    one, two, three = await tell(library, 3)
    for step in (one, two, three):
        panel = await library.panel(f"{step.step_id}.0")
        await library.save_appearances(panel, [(seen(panel), [])])
    left, regained = await library.go_to("s1", one.step_id)
    assert [step.step_id for step in left] == [three.step_id, two.step_id] and regained == []
    (other,) = await tell(library, first=9, parent=one.step_id)
    path = [one.step_id, other.step_id]
    assert [step.step_id for step in await library.steps("s1")] == path
    assert [frame.panel_id for frame in await library.frames("s1")] == [f"{step_id}.0" for step_id in reversed(path)]

    left, regained = await library.go_to("s1", three.step_id)
    assert [step.step_id for step in left] == [other.step_id]
    assert [step.step_id for step in regained] == [two.step_id, three.step_id]
    assert [panel.state for panel in await library.panels("s1")] == [PanelState.DONE] * 3
    assert [each.panel_id for each in await library.appearances("s1", ["c-mia"])] == [
        f"{step.step_id}.0" for step in (three, two, one)]
    assert (await library.panel(f"{other.step_id}.0")).state is PanelState.UNDONE

    left, _ = await library.go_to("s1", None)
    assert len(left) == 3 and await library.steps("s1") == []
    await library.save_story(story_of(BEN, "s2"))
    with pytest.raises(NotFound):
        await library.go_to("s2", one.step_id)
