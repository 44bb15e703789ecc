"""Who may use a character, what taking consent back means for stories, and pictures that are taken away."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from store_material import ANN, BEN, MIA, furnish, story_of, tell, turn_in

from engine.nouns import Appearance, Consent, Member, NotFound, PanelState, Sharing
from engine.store import tables

WITHDRAWN = Consent("my_child", 1, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


async def cast_of(library, number, owner):
    """Who a turn of this person may draw."""
    turn = turn_in(number=number, owner=owner)
    await library.accept_turn(turn)
    return [character.character_id for character in (await library.scene(turn.turn_id)).cast]


async def test_a_character_for_me_alone_is_drawn_in_my_turns_alone(library):
    await furnish(library)
    await library.share("c-mia", Sharing.ME)
    assert await cast_of(library, 1, ANN) == ["c-mia", "c-boo"]
    assert await cast_of(library, 2, BEN) == ["c-boo"]
    assert [each.character_id for each in await library.cast("s1")] == ["c-mia", "c-boo"]
    await library.share("c-mia", Sharing.STORY)
    assert await cast_of(library, 3, BEN) == ["c-mia", "c-boo"]
    # what a turn has read stays as it was
    assert [c.character_id for c in (await library.scene("s1-t2")).cast] == ["c-boo"]


async def test_somebody_elses_i_is_not_a_character_they_may_not_use(library):
    await furnish(library)
    await library.share("c-mia", Sharing.ME)
    await cast_of(library, 1, BEN)
    members = (await library.scene("s1-t1")).members
    assert {member.owner_id: member.character_id for member in members} == {ANN: None, BEN: "c-boo"}


async def test_shared_with_a_server_anybody_there_may_bring_it(library):
    await furnish(library)
    await library.save_character(replace(MIA, server_id="server"))
    await library.share("c-mia", Sharing.SERVER)
    assert [c.character_id for c in await library.usable_characters(BEN, "server")] == ["c-boo", "c-mia"]
    assert [c.character_id for c in await library.usable_characters(BEN, "elsewhere")] == ["c-boo"]
    assert [c.character_id for c in await library.usable_characters(BEN, "")] == ["c-boo"]


async def test_shared_less_widely_it_leaves_the_stories_others_brought_it_into(library):
    await furnish(library)
    await library.save_character(replace(MIA, server_id="server", sharing=Sharing.SERVER))
    await library.save_story(story_of(BEN, "s2"))
    await library.save_member("s2", Member(BEN, "Ben", 0))
    await library.save_story(story_of(BEN, "s3"))
    await library.save_member("s3", Member(ANN, "Ann", 0))
    for story_id in ("s2", "s3"):
        await library.add_to_cast(story_id, "c-mia")
    await library.share("c-mia", Sharing.STORY)
    casts = {story_id: [c.character_id for c in await library.cast(story_id)] for story_id in ("s1", "s2", "s3")}
    assert casts == {"s1": ["c-mia", "c-boo"], "s2": [], "s3": ["c-mia"]}
    with pytest.raises(NotFound):
        await library.share("nobody", Sharing.ME)


async def test_without_consent_a_character_is_in_no_story(library):
    await furnish(library)
    assert await cast_of(library, 1, ANN) == ["c-mia", "c-boo"]
    await library.save_character(replace(MIA, consent=WITHDRAWN))
    assert [c.character_id for c in await library.cast("s1")] == ["c-boo"]
    assert await library.usable_characters(ANN, "server") == []
    assert [c.character_id for c in await library.characters_of(ANN)] == ["c-mia"]
    assert await cast_of(library, 2, ANN) == ["c-boo"]
    # and not in what a turn read before: a picture drawn again must not show it
    again = await library.scene("s1-t1")
    assert [c.character_id for c in again.cast] == ["c-boo"]
    assert {member.character_id for member in again.members} == {None, "c-boo"}
    await library.save_character(replace(MIA, consent=replace(WITHDRAWN, withdrawn_at=None)))
    assert await cast_of(library, 3, ANN) == ["c-mia", "c-boo"]


async def everything_kept(library):
    async with library.engine.connect() as connection:
        return set(await connection.scalars(select(tables.pictures.c.picture_id)))


async def test_pictures_with_a_character_are_taken_away_words_stay(library):
    await furnish(library)
    [shown, _] = await tell(library, 2)
    panel = await library.panel(f"{shown.step_id}.0")
    cutout = await library.keep_picture(b"cut-out of mia", owner_id=ANN)
    await library.save_appearances(panel, [(Appearance("c-mia", panel.panel_id, cutout=cutout), [0.5, 0.5])])
    alone = replace(panel, panel_id=f"{shown.step_id}.1", index=1, picture=await library.keep_picture(
        b"boo alone", owner_id=ANN), underdrawing=None, brief=replace(panel.brief, figures=panel.brief.figures[:1]))
    await library.save_panel(alone)
    before = await everything_kept(library)
    lost = await library.take_away("c-mia")
    assert [(story.story_id, each.message_id, each.state) for story, each in lost] == [
        ("s1", "m1", PanelState.UNDONE), ("s1", "m2", PanelState.UNDONE)]
    gone = before - await everything_kept(library)
    assert {panel.picture, panel.underdrawing, cutout} <= gone and len(gone) == 5
    with pytest.raises(NotFound):
        await library.picture(panel.picture)
    assert await library.versions(panel.panel_id) == []
    left = await library.panel(panel.panel_id)
    assert left.picture is None and [figure.character_id for figure in left.brief.figures] == ["c-boo"]
    assert (await library.panel(alone.panel_id)).picture == alone.picture
    assert [step.prose for step in await library.steps("s1")] == ["Mia found Boo. s1-t1", "Mia found Boo. s1-t2"]
    assert await library.appearances("s1", ["c-mia"]) == [] and await library.panels_with("c-mia") == []
    assert await library.take_away("c-mia") == []


async def test_only_what_was_drawn_before_is_taken_away_when_it_was_drawn_anew_without(library):
    await furnish(library)
    [step] = await tell(library, 1)
    old = await library.panel(f"{step.step_id}.0")
    new = replace(old, version=2, picture=await library.keep_picture(b"boo alone", owner_id=ANN), underdrawing=None,
                  brief=replace(old.brief, figures=old.brief.figures[:1]))
    await library.save_panel(new)
    assert await library.take_away("c-mia", shown=False) == []
    assert await library.panel(old.panel_id) == new
    assert [version.version for version in await library.versions(old.panel_id)] == [2]
    with pytest.raises(NotFound):
        await library.picture(old.picture)

