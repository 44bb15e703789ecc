"""The scenery: every word draws, an instance stays itself in every light, and a scene shows its brief."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine import vocabulary as words
from engine.mini.dolls import draw_doll
from engine.mini.scenery import apply_style, draw_scene, draw_setting
from engine.nouns import CharacterId, Figure, Look, PanelBrief, PanelId, Place, Setting, SettingId, StoryId
from engine.planning import place_figures

SIDE = 128


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.float32)


def structure(image: Image.Image) -> np.ndarray:
    """Where the edges are, whatever the colours: the strength of edges, blurred, of zero mean and unit length."""
    edges = np.asarray(
        image.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(2)), np.float32
    )
    edges = np.sqrt(edges[4:-4, 4:-4])
    edges = edges - edges.mean()
    return (edges / (np.linalg.norm(edges) + 1e-6)).ravel()


def brief_of(*figures: Figure, kind: str = "meadow", seed: int = 7, **facts: object) -> PanelBrief:
    return PanelBrief(PanelId("p"), StoryId("s"), "", figures, Setting(SettingId("x"), kind, kind, seed), **facts)  # type: ignore[arg-type]


def somebody(name: str, x: float = 0.5, **facts: object) -> Figure:
    return Figure(CharacterId(name), name, facts.pop("look", Look()), Place(x, 0.9, 0.5), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", words.SETTINGS)
def test_a_setting_is_the_same_for_the_same_seed_and_another_for_another(kind: str) -> None:
    first = draw_setting(kind, seed=5, size_px=SIDE)
    from engine.mini.scenery.setting import bare_setting

    bare_setting.cache_clear()
    again = draw_setting(kind, seed=5, size_px=SIDE)
    other = draw_setting(kind, seed=6, size_px=SIDE)
    assert first.mode == "RGB" and first.size == (SIDE, SIDE)
    assert first.tobytes() == again.tobytes()
    assert np.abs(pixels(first) - pixels(other)).mean() > 4


@pytest.mark.parametrize("kind", words.SETTINGS)
def test_every_light_is_seen(kind: str) -> None:
    pictures = {
        (time, weather): pixels(draw_setting(kind, seed=3, time_of_day=time, weather=weather, size_px=SIDE))
        for time in words.TIMES
        for weather in words.WEATHERS
    }
    assert pictures["day", "clear"].mean() > pictures["night", "clear"].mean() + 15
    for time in words.TIMES:
        assert np.abs(pictures[time, "clear"] - pictures["day", "fog"]).mean() > 1.5
        for weather in words.WEATHERS[1:]:
            assert np.abs(pictures[time, weather] - pictures[time, "clear"]).mean() > 0.5, (time, weather)


@pytest.mark.parametrize("kind", words.SETTINGS)
def test_the_same_instance_by_night_is_nearer_than_another_instance(kind: str) -> None:
    right = 0
    for seed in range(4):
        day = structure(draw_setting(kind, seed=seed, size_px=SIDE))
        night = structure(draw_setting(kind, seed=seed, time_of_day="night", size_px=SIDE))
        others = [structure(draw_setting(kind, seed=seed + step, size_px=SIDE)) for step in (101, 202)]
        right += all(float(day @ night) > float(day @ other) for other in others)
    assert right >= 3, f"{kind}: {right} of 4"


@pytest.mark.parametrize("kind", words.SETTINGS)
def test_nothing_of_an_instance_moves_with_the_light(kind: str) -> None:
    # A drawer that asks its generator for more numbers in rain than in sun would move everything drawn after.
    from engine.mini.scenery import setting
    from engine.mini.scenery.sheet import Sheet

    ends = set()
    for time in words.TIMES:
        for weather in words.WEATHERS:
            rng = Random(11)
            setting._DRAWERS[kind](Sheet(32, setting.light_of(kind, time, weather)), rng)
            ends.add(rng.random())
    # the jellyfish of the night sea are drawn last
    assert len(ends) <= (2 if kind == "underwater" else 1)


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(KeyError):
        draw_setting("parliament", seed=1)


def test_styles_are_apart_and_repeat() -> None:
    plain = draw_setting("garden", seed=2)
    styled = {style: apply_style(plain, style, seed=9) for style in words.STYLES}
    assert styled["flat"].tobytes() == plain.tobytes()
    for style in ("crayon", "watercolour"):
        assert apply_style(plain, style, seed=9).tobytes() == styled[style].tobytes()
        # unmistakable, and still light enough for a face to be read under it
        assert 5 < np.abs(pixels(styled[style]) - pixels(plain)).mean() < 32
    assert np.abs(pixels(styled["crayon"]) - pixels(styled["watercolour"])).mean() > 5


def test_boxes_hold_exactly_what_is_drawn() -> None:
    one = somebody("a", 0.3, look=Look(kind="bear", fur="orange"))
    two = somebody("b", 0.72, look=Look(kind="girl"), action="cheers")
    brief = brief_of(one, two)
    full, boxes = draw_scene(brief)
    without, _ = draw_scene(replace(brief, figures=(two,)))
    changed = np.abs(pixels(full) - pixels(without)).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    box = dict(boxes)[CharacterId("a")]
    assert box.left * 256 - 1 <= columns.min() and columns.max() <= box.right * 256 + 1
    assert box.top * 256 - 1 <= rows.min() and rows.max() <= box.bottom * 256 + 2
    assert columns.min() - box.left * 256 < 6 and box.right * 256 - columns.max() < 6
    assert [name for name, _ in boxes] == ["a", "b"]
    assert all(0 <= v <= 1 for _, b in boxes for v in (b.left, b.top, b.right, b.bottom))


def test_a_foot_stands_at_its_place() -> None:
    figure = somebody("a", 0.4)
    _, ((_, box),) = draw_scene(brief_of(figure))
    doll = draw_doll(figure.look, height_px=128)
    assert abs((box.left * 256 + doll.foot[0]) - 0.4 * 256) <= 1
    assert abs(box.bottom - 0.9) * 256 <= 1


@pytest.mark.parametrize("action", words.TOUCHING)
@pytest.mark.parametrize("seed", range(4))
def test_those_who_touch_overlap(action: str, seed: int) -> None:
    rng = Random(seed)
    small = somebody(
        "a", look=Look(kind=rng.choice(("girl", "boy", "mouse", "baby"))), action=action, toward=CharacterId("b")
    )
    big = somebody("b", look=Look(kind=rng.choice(("bear", "unicorn", "woman"))))
    placed = place_figures((small, big), shot="wide", seed=seed)
    # even when the layout left them too far apart
    placed = tuple(
        replace(f, place=replace(f.place, x=f.place.x + (0.06 if f.place.x > 0.5 else -0.06))) for f in placed
    )
    _, boxes = draw_scene(brief_of(*placed))
    assert dict(boxes)[CharacterId("a")].iou(dict(boxes)[CharacterId("b")]) > 0


def test_close_shots_cut_the_feet_and_keep_the_boxes_inside() -> None:
    placed = place_figures(
        (somebody("a", look=Look(kind="man", size=1.1)), somebody("b", look=Look(kind="bear", size=1.2))),
        shot="close",
        seed=1,
    )
    placed = tuple(replace(figure, place=replace(figure.place, y=1.12)) for figure in placed)
    picture, boxes = draw_scene(brief_of(*placed, shot="close"))
    assert picture.size == (256, 256)
    assert all(box.bottom == 1.0 and box.top >= 0.0 for _, box in boxes)


def test_figures_darken_with_the_night_but_stay_readable() -> None:
    figure = somebody("a", look=Look(kind="bear", fur="white", outfit="bare"))
    day, ((_, box),) = draw_scene(brief_of(figure))
    night, _ = draw_scene(brief_of(figure, time_of_day="night"))
    middle = (slice(int((box.top + 0.15) * 256), int((box.top + 0.3) * 256)), slice(int(0.46 * 256), int(0.54 * 256)))
    assert 60 < pixels(night)[middle].mean() < pixels(day)[middle].mean() - 15


@pytest.mark.parametrize("prop", words.STANDING_PROPS)
def test_standing_props_are_seen(prop: str) -> None:
    bare, _ = draw_scene(brief_of())
    shown, _ = draw_scene(brief_of(props=((prop, Place(0.5, 0.8, 0.3)),)))
    changed = np.abs(pixels(shown) - pixels(bare)).max(axis=2) > 20
    assert changed[int(0.5 * 256) : int(0.8 * 256), 90:166].mean() > 0.2
