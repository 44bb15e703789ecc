"""The wall: whoever goes round every check before it still meets it, in the very process that holds the painter."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from engine.nouns import (
    Box,
    CharacterId,
    Figure,
    Look,
    OwnerId,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    StudioFailed,
    TurnId,
    Underdrawing,
)
from engine.painters.theatre import TheatrePainter
from engine.safety.wall import Walled, stopped, texts_of
from engine.settings import load_settings
from engine.studio.client import StudioClient
from training.world.sampler import sample_brief

MIA = Figure(CharacterId("mia"), "Mia", Look(), Place(0.5, 0.9, 0.5))
BRIEF = PanelBrief(PanelId("p"), StoryId("s"), "Mia waves.", (MIA,), Setting(SettingId("x"), "beach", "the beach", 4))
BAD = ("Mia is naked.", "m i a   n 4 k e d", "Mia in a pool of blood", "her severed hand", "Tegn hende nøgen")


def with_text(brief: PanelBrief, text: str) -> dict[str, PanelBrief]:
    """The brief with a text at every place that can hold one."""
    figure = brief.figures[0]
    return {
        "words": replace(brief, words=text), "setting": replace(brief, setting=replace(brief.setting, name=text)),
        "kind": replace(brief, setting=replace(brief.setting, kind=text)), "style": replace(brief, style=text),
        "name": replace(brief, figures=(replace(figure, name=text),)),
        "look": replace(brief, figures=(replace(figure, look=replace(figure.look, words=text)),)),
        "accessories": replace(brief, figures=(replace(figure, look=replace(figure.look, accessories=(text,))),)),
        "action": replace(brief, figures=(replace(figure, action=text),)),
        "mood": replace(brief, figures=(replace(figure, mood=text),)),
        "holding": replace(brief, figures=(replace(figure, holding=text),)),
        "worn": replace(brief, figures=(replace(figure, worn=(("outfit", text),)),)),
        "prop": replace(brief, props=((text, Place(0.5, 0.9, 0.2)),)),
        "weather": replace(brief, weather=text), "time": replace(brief, time_of_day=text),
        "shot": replace(brief, shot=text),
    }


@pytest.mark.parametrize("text", BAD)
def test_no_field_of_a_brief_leads_past_it(text: str) -> None:
    assert not stopped(BRIEF)
    for place, brief in with_text(BRIEF, text).items():
        assert stopped(brief), f"{place} leads past the wall"


def test_a_field_that_does_not_exist_yet_does_not_either() -> None:
    @dataclass(frozen=True)
    class Later:
        brief: PanelBrief
        wish: dict[str, list[str]]

    assert "Mia is naked." in set(texts_of(Later(BRIEF, {"more": ["Mia is naked."]})))
    known = {field.name for field in fields(PanelBrief)} | {field.name for field in fields(Figure)}
    assert known >= {"words", "figures", "setting", "look", "worn"}


def test_with_anybody_in_the_picture_it_is_stricter() -> None:
    empty = replace(BRIEF, figures=(), words="a red wound in the rock")
    assert not stopped(empty) and stopped(replace(empty, figures=(MIA,)))
    assert stopped(replace(BRIEF, figures=(), words="naked women"))


def test_everything_the_vocabulary_can_say_passes() -> None:
    chance = random.Random(7)
    for _ in range(300):
        brief = replace(sample_brief(chance), words="Mia and Ben take a bath after supper.")
        assert not stopped(brief), brief


def test_the_painter_behind_it_is_never_asked() -> None:
    asked: list[PanelBrief] = []

    class Asked(TheatrePainter):
        def paint(self, brief: PanelBrief, *rest: object, **more: object):  # type: ignore[no-untyped-def, override]
            asked.append(brief)
            return super().paint(brief, *rest, **more)  # type: ignore[arg-type]

    walled = Walled(Asked())
    assert (walled.name, walled.size_px) == ("theatre@1", 256)
    nothing = Underdrawing(b"", ())
    for brief in with_text(BRIEF, "Mia is naked.").values():
        with pytest.raises(StudioFailed) as failure:
            walled.paint(brief, nothing, (), seed=1, on_step=lambda *_: None)
        assert failure.value.reason == "walled"
    assert asked == []
    assert walled.paint(BRIEF, nothing, (), seed=1, on_step=lambda *_: None).png and len(asked) == 1


@pytest_asyncio.fixture
async def studio(tmp_path: Path) -> AsyncIterator[StudioClient]:
    client = StudioClient(load_settings(home=tmp_path, studio={"painter": "theatre", "threads": 1}))
    await client.start()
    yield client
    await client.close()


async def test_round_every_check_the_studios_process_itself_refuses(studio: StudioClient) -> None:
    """No cog, no turn, no rule of a rating: briefs of a child made from a photo go straight through the pipe."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    under = Underdrawing(out.getvalue(), ((CharacterId("mia"), Box(0.3, 0.3, 0.7, 0.9)),))

    def paint(brief: PanelBrief, listen: Callable[[object], None] = lambda event: None):  # type: ignore[no-untyped-def]
        return studio.paint(brief, under, [], seed=1, turn_id=TurnId("t"), owner_id=OwnerId("ann"), on_event=listen)

    events: list[object] = []
    for text in BAD:
        for brief in list(with_text(BRIEF, text).values())[:5]:
            with pytest.raises(StudioFailed) as failure:
                await paint(brief, events.append)
            assert failure.value.reason == "walled"
    assert not [event for event in events if getattr(event, "preview_png", None)], "not a pixel was made"
    assert (await paint(BRIEF)).painter == "theatre@1", "and the studio paints on"
