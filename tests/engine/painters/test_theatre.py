"""The painter without a model paints the brief, repeats itself, and can be cancelled."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from engine.nouns import (
    Cancelled,
    CharacterId,
    Figure,
    Look,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    Underdrawing,
)
from engine.painters.theatre import TheatrePainter
from engine.ports import Painter

BRIEF = PanelBrief(
    PanelId("p"),
    StoryId("s"),
    "Mia waves.",
    (Figure(CharacterId("mia"), "Mia", Look(), Place(0.5, 0.9, 0.5), action="waves"),),
    Setting(SettingId("x"), "beach", "the beach", 4),
)
NOTHING = Underdrawing(b"", ())


def test_it_is_a_painter_and_says_its_one_step() -> None:
    painter: Painter = TheatrePainter()
    steps = []
    painting = painter.paint(BRIEF, NOTHING, (), seed=3, on_step=lambda step, of, png: steps.append((step, of, png)))
    picture = Image.open(io.BytesIO(painting.png))
    assert picture.size == (painter.size_px, painter.size_px) and picture.mode == "RGB"
    assert steps == [(1, 1, painting.png)]
    assert (painting.painter, painting.seed, painting.steps) == ("theatre@1", 3, 1)


def test_it_keeps_nothing_between_calls() -> None:
    painter = TheatrePainter()
    other = replace(BRIEF, setting=replace(BRIEF.setting, kind="cave"))

    def paint(brief: PanelBrief) -> bytes:
        return painter.paint(brief, NOTHING, (), seed=1, on_step=lambda *_: None).png

    first, second, again = paint(BRIEF), paint(other), paint(BRIEF)
    assert first == again != second


def test_a_brief_without_figures_is_a_plate() -> None:
    plate = TheatrePainter().paint(replace(BRIEF, figures=()), NOTHING, (), seed=1, on_step=lambda *_: None)
    assert plate.png != TheatrePainter().paint(BRIEF, NOTHING, (), seed=1, on_step=lambda *_: None).png


def test_cancelling_passes_through() -> None:
    def stop(step: int, steps: int, png: bytes | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        TheatrePainter().paint(BRIEF, NOTHING, (), seed=1, on_step=stop)
