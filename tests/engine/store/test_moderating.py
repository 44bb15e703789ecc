"""A reported panel is out of memory and books until it is decided; the barred are known without being named."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from store_material import ANN, BEN, brief_for, furnish, tell, turn_in

from engine.book import gather_book
from engine.labels import Labels
from engine.nouns import Appearance, NotFound, PanelState, Reference, Report, ReportState

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def report_on(panel, number=1, owner=BEN):
    return Report(f"r{number}", panel.panel_id, panel.brief.story_id, "server", owner, panel.version, ReportState.OPEN,
                  NOW)


@pytest.fixture
async def told(library):
    """Two pages; Mia was cut out of the second and somebody liked her there."""
    await furnish(library)
    steps = await tell(library, 2)
    panel = await library.panel(f"{steps[1].step_id}.0")
    cutout = await library.keep_picture(b"cutout", owner_id=ANN)
    await library.save_appearances(panel, [(Appearance("c-mia", panel.panel_id, cutout=cutout), [1.0, 0.0])])
    liked = await library.keep_picture(b"liked", owner_id=ANN)
    await library.save_reference(Reference("c-mia", liked, "panel", panel.panel_id))
    return library, panel


async def test_locked_it_is_nowhere_and_restored_it_is_everywhere(told, settings):
    library, panel = told
    plain = settings.labels.model_copy(update={"enabled": False})
    labels = Labels(settings.model_copy(update={"labels": plain}))

    async def seen():
        return (len(await library.frames("s1")), len(await library.appearances("s1", ["c-mia"])),
                len(await library.references(["c-mia"])), len(await library.panels_with("c-mia")),
                sum(page.picture_png is not None for page in (await gather_book(library, "s1", labels)).pages))

    before = await seen()
    assert before == (2, 1, 1, 1, 2)
    assert await library.report(report_on(panel))
    assert await seen() == (1, 0, 0, 0, 1)
    assert [report.report_id for report in await library.open_reports("server")] == ["r1"]
    assert await library.open_reports("another") == []
    restored = await library.restore_reported("r1")
    assert restored.state is PanelState.DONE and restored.picture == panel.picture
    assert await seen() == before
    assert await library.open_reports("server") == []


async def test_reported_twice_is_reported_once(told):
    library, panel = told
    assert await library.report(report_on(panel))
    assert not await library.report(report_on(panel, 2))
    assert not await library.report(report_on(panel, 3, ANN))
    assert await library.reports_since(BEN, NOW.replace(year=2025)) == 1
    assert await library.reports_since(ANN, NOW.replace(year=2025)) == 0
    assert await library.restore_reported("r1") is not None
    assert await library.restore_reported("r1") is None and await library.remove_reported("r1") is None
    assert not await library.report(report_on(panel, 4)), "whom it was shown to again has said what they think"
    assert await library.report(report_on(panel, 5, ANN))
    with pytest.raises(NotFound):
        await library.report(replace(report_on(panel, 6), panel_id="nothing.0"))


async def test_locked_stays_locked_whoever_draws_and_wherever_the_head_moves(told):
    library, panel = told
    assert await library.report(report_on(panel))
    newer = await library.keep_picture(b"newer", owner_id=ANN)
    await library.save_panel(replace(panel, version=2, picture=newer))
    assert (await library.panel(panel.panel_id)).state is PanelState.LOCKED
    step = await library.undo("s1")
    assert (await library.panel(panel.panel_id)).state is PanelState.LOCKED
    await library.go_to("s1", step.step_id)
    assert (await library.panel(panel.panel_id)).state is PanelState.LOCKED
    await library.undo("s1")
    assert (await library.restore_reported("r1")).state is PanelState.UNDONE, "its page is not in the story now"
    await library.go_to("s1", step.step_id)
    assert (await library.panel(panel.panel_id)).state is PanelState.DONE


async def test_removed_for_good_its_pictures_are_gone(told):
    library, panel = told
    other = await library.panel("s1-t1-step.0")
    [appearance] = await library.appearances("s1", ["c-mia"])
    [reference] = await library.references(["c-mia"])
    assert await library.report(report_on(panel))
    removed = await library.remove_reported("r1")
    assert (removed.state, removed.picture, removed.underdrawing) == (PanelState.LOCKED, None, None)
    for picture in (panel.picture, panel.underdrawing, appearance.cutout, reference.picture):
        with pytest.raises(NotFound):
            await library.picture(picture)
    assert await library.picture(other.picture) == b"panel s1-t1-step"
    assert await library.versions(panel.panel_id) == []
    step = await library.undo("s1")
    await library.go_to("s1", step.step_id)
    assert (await library.panel(panel.panel_id)).state is PanelState.LOCKED
    assert await library.restore_reported("r1") is None
    assert not await library.report(report_on(replace(panel, brief=brief_for(step)), 7, ANN)), "nothing to report"


async def test_locked_words_are_nowhere_and_restored_they_are_where_they_were(told, settings):
    library, panel = told
    plain = settings.labels.model_copy(update={"enabled": False})
    labels = Labels(settings.model_copy(update={"labels": plain}))
    first, second = await library.steps("s1")
    await library.accept_turn(turn_in(number=9))
    following = await library.scene("s1-t9")
    report = replace(report_on(panel), panel_id=None, version=0, turn_id=second.turn_id)
    before = await library.steps("s1")
    assert await library.report(report)
    assert not await library.report(replace(report, report_id="r2", owner_id=ANN))
    assert [(step.prose, step.locked) for step in await library.steps("s1")] == [(first.prose, False), ("", True)]
    assert (await library.step(second.step_id)).prose == "" and second.prose
    assert await library.reported_prose(second.turn_id) == second.prose
    assert len((await library.scene("s1-t9")).past) == len(following.past) - 1, "a scene read before passes over it too"
    [one, other] = (await gather_book(library, "s1", labels)).pages
    assert one.prose == first.prose and one.turn_text
    assert (other.prose, other.turn_text, other.picture_png) == ("", "", b"panel " + second.step_id.encode())
    undone = await library.undo("s1")
    assert undone.prose == "" and undone.locked
    await library.go_to("s1", second.step_id)
    assert [each.turn_id for each in await library.open_reports("server")] == [second.turn_id]
    assert (await library.restore_reported("r1")).locked is False
    assert await library.steps("s1") == before and await library.restore_reported("r1") is None
    assert not await library.report(replace(report, report_id="r3")), "they know that it stays"


async def test_words_removed_for_good_are_kept_nowhere(told):
    library, panel = told
    [_, step] = await library.steps("s1")
    turn = await library.turn(step.turn_id)
    owner = (await library.story("s1")).owner_id
    assert turn.text and step.prose and all(beat.words for beat in step.beats) and panel.brief.words
    assert await library.report(replace(report_on(panel), panel_id=None, version=0, turn_id=step.turn_id))
    assert (await library.remove_reported("r1")).locked
    kept = repr((await library.belongings(owner)).records)
    assert step.prose not in kept and step.beats[0].words not in kept and kept.count(turn.text) == 1, "the first page's"
    for left in (await library.panel(panel.panel_id), *await library.versions(panel.panel_id)):
        assert left.picture == panel.picture and left.brief == replace(panel.brief, words="") and not left.alt_text
    assert await library.reported_prose(step.turn_id) == ""
    assert not await library.report(replace(report_on(panel, 2, ANN), panel_id=None, version=0, turn_id=step.turn_id))


async def test_the_barred_are_known_and_not_named(library):
    assert not await library.is_barred("server", BEN)
    assert await library.bar("server", BEN) and not await library.bar("server", BEN)
    assert await library.is_barred("server", BEN)
    assert not await library.is_barred("other", BEN) and not await library.is_barred("server", ANN)
    await library.forget(BEN)
    assert await library.is_barred("server", BEN), "being forgotten does not undo what moderators decided"
    assert await library.unbar("server", BEN) and not await library.unbar("server", BEN)
    assert not await library.is_barred("server", BEN)
