"""Briefs without somebody, and the work that draws them."""

from pathlib import Path

from bench.staging import OWNER, ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.nouns import CharacterId, Figure, Look, PanelBrief, PanelId, Place, Setting, SettingId, StoryId
from engine.ways.withdrawal import without

MIA, LEO, PIM = CharacterId("c-mia"), CharacterId("c-leo"), CharacterId("c-pim")


def brief(*figures: Figure, place: str = "Mia's bedroom") -> PanelBrief:
    return PanelBrief(PanelId("p"), StoryId("s"), "Mia hugs Leo in Mia's bedroom", figures,
                      Setting(SettingId("s:1"), "bedroom", place, 7))


def figure(who: CharacterId, x: float = 0.5, action: str = "stands", toward: CharacterId | None = None) -> Figure:
    return Figure(who, who[2:].capitalize(), Look(), Place(x, 0.9, 0.5), action, toward=toward)


def test_who_stays_keeps_their_place_and_the_words_speak_of_them_alone() -> None:
    told = brief(figure(PIM, 0.8, "sleeps"), figure(MIA, 0.2, "hugs", LEO), figure(LEO, 0.3, "hugs", MIA))
    left = without(told, {MIA})
    assert [each.character_id for each in left.figures] == [PIM, LEO]
    assert left.figures[1].place == told.figures[2].place
    assert (left.figures[1].action, left.figures[1].toward) == ("stands", None)
    assert left.words == "Leo stands and Pim sleeps in the bedroom."
    assert left.setting.name == "the bedroom" and left.setting.setting_id == told.setting.setting_id
    assert "mia" not in repr(left).casefold()


def test_nobody_left_is_a_picture_of_the_place() -> None:
    left = without(brief(figure(MIA)), {MIA})
    assert left.figures == () and left.words == "The bedroom."
    assert without(brief(figure(MIA), place="Mia"), {MIA}).words == "The bedroom."


def test_looking_at_somebody_who_is_gone_goes_on_as_looking() -> None:
    left = without(brief(figure(MIA), figure(LEO, action="looks", toward=MIA)), {MIA})
    assert (left.figures[0].action, left.figures[0].toward) == ("looks", None)


def test_a_brief_without_them_is_left_as_it_is() -> None:
    told = brief(figure(LEO))
    assert without(told, {MIA}) is told and without(told, set()) is told


async def test_a_picture_without_them_is_a_version_of_its_own_whichever_was_shown(tmp_path: Path) -> None:
    async with open_runner(settings_at(tmp_path), WrittenStage(tmp_path / "stage"),
                           ScriptedStudio()) as (library, runner):
        story = await begin_story(library)
        await runner.accept(turn_of(story, "t1", "a picture"))
        await runner.finished("t1")
        (first,) = await library.panels(story.story_id)
        await runner.redraw(first.panel_id, OWNER, "r1")
        await runner.finished("r1")
        await library.show_version(first.panel_id, 1)
        await runner.take_out(CharacterId("mia"), OWNER, "redraw", "w1")
        await runner.finished("w1")
        (panel,) = await library.panels(story.story_id)
        assert panel.version == 3 and [each.character_id for each in panel.brief.figures] == ["bo"]
        assert [each.version for each in await library.versions(first.panel_id)] == [3], "the others showed her"
