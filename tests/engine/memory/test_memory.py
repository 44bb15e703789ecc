"""Visual memory with plain values: what is recalled and why, where cut-outs land, who is who."""

import io
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from engine.memory.recall import Budget, cutout_weight, frame_weight, pose_nearness, recall
from engine.memory.underdrawing import BLANK, CUTOUT_STANDING_PX, compose, cut_outs, enlarged, lay_out, posed
from engine.memory.verification import better, cosine, crops, crowded, free_places, good, judge, rearranged
from engine.nouns import (
    Appearance,
    Box,
    CharacterId,
    Figure,
    Look,
    MemoryFrame,
    PanelBrief,
    PanelId,
    PictureId,
    Place,
    Plate,
    Reference,
    Setting,
    SettingId,
    StoryId,
)

A, B = CharacterId("a"), CharacterId("b")
ROOM = Setting(SettingId("room"), "bedroom", "the bedroom", 1)
WOOD = Setting(SettingId("wood"), "forest", "the forest", 2)


def brief(*who: CharacterId, setting: Setting = ROOM, panel: str = "p") -> PanelBrief:
    figures = tuple(Figure(one, one, Look(), Place(0.25 + 0.5 * index, 0.9, 0.5)) for index, one in enumerate(who))
    return PanelBrief(PanelId(panel), StoryId("s"), "", figures, setting)


def frame(age: int, *who: CharacterId, setting: Setting = ROOM) -> MemoryFrame:
    return MemoryFrame(PanelId(f"old{age}"), brief(*who, setting=setting), PictureId(f"pic{age}"), (), age)


def cutout(colour: tuple[int, int, int], width: int = 90, height: int = CUTOUT_STANDING_PX) -> Image.Image:
    return Image.new("RGBA", (width, height), (*colour, 255))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_recall_gives_avatars_then_plate_then_frames_that_matter_each_with_a_reason() -> None:
    plate = Plate(ROOM.setting_id, "day", "clear", "flat", PictureId("plate"))
    frames = [frame(3, A, setting=WOOD), frame(1, B, setting=WOOD), frame(2, setting=ROOM)]
    found = recall(brief(A), avatars={A: PictureId("ava"), B: PictureId("avb")}, plate=plate, frames=frames)
    assert [item.what for item in found.items] == ["avatar", "plate", "frame", "frame"]
    assert found.items[0].picture == "ava", "B is not in the brief"
    assert [item.panel_id for item in found.items[2:]] == ["old2", "old3"], "frame 1 shares neither place nor cast"
    assert all(item.reason for item in found.items) and not found.needs_plate
    assert recall(brief(A), avatars={}, plate=None, frames=[]).needs_plate


def test_recall_keeps_its_budget_and_what_matters_most() -> None:
    frames = [frame(age, A) for age in range(1, 30)]
    found = recall(brief(A, B), avatars={A: PictureId("a"), B: PictureId("b")}, plate=None, frames=frames,
                   budget=Budget(pictures=4))
    assert [item.what for item in found.items] == ["avatar", "avatar", "frame", "frame"]
    assert [item.panel_id for item in found.items[2:]] == ["old1", "old2"]


def test_weights_fall_strictly_with_age() -> None:
    weights = [frame_weight(age) for age in range(1, 101)]
    assert all(older < newer for newer, older in pairwise(weights)) and weights[-1] > 0


WHITE = Image.new("RGB", (200, 200), "white")


def standing(*places: Place) -> tuple[Figure, ...]:
    figure = brief(A).figures[0]
    return tuple(replace(figure, character_id=CharacterId("abc"[index]) if index > 1 else (A, B)[index], place=place)
                 for index, place in enumerate(places))


def test_a_cutout_lands_with_its_feet_on_its_place_at_its_height() -> None:
    picture, boxes, missing = compose(WHITE, standing(Place(0.5, 0.9, 0.5)), {A: cutout((200, 0, 0))})
    ((_, box),) = boxes
    assert not missing
    assert box.bottom == pytest.approx(0.9, abs=0.01) and box.bottom - box.top == pytest.approx(0.5, abs=0.01)
    assert (box.left + box.right) / 2 == pytest.approx(0.5, abs=0.01)
    assert picture.getpixel((100, 170)) == (200, 0, 0) and picture.getpixel((100, 60)) == (255, 255, 255)


def test_a_tail_does_not_shift_the_feet_and_flip_mirrors() -> None:
    tailed = Image.new("RGBA", (180, CUTOUT_STANDING_PX))
    tailed.paste((0, 0, 200, 255), (0, 0, 60, CUTOUT_STANDING_PX))
    tailed.paste((0, 200, 0, 255), (60, 60, 180, 120))         # a tail to the right, off the ground
    for flip, tail_x in ((False, 150), (True, 50)):
        picture, _, _ = compose(WHITE, standing(Place(0.5, 0.9, 0.5, flip)), {A: tailed})
        assert picture.getpixel((100, 175)) == (0, 0, 200)
        assert picture.getpixel((tail_x, 115)) == (0, 200, 0)


def test_nearer_figures_cover_farther_ones_and_unknown_ones_are_named() -> None:
    figures = standing(Place(0.5, 0.85, 0.5), Place(0.5, 0.9, 0.5), Place(0.2, 0.9, 0.5))
    picture, boxes, missing = compose(WHITE, figures, {A: cutout((200, 0, 0)), B: cutout((0, 200, 0))})
    assert picture.getpixel((100, 160)) == (0, 200, 0) and missing == (figures[2].character_id,) and len(boxes) == 2


def test_who_hugs_is_moved_until_the_two_meet_but_not_across_the_picture() -> None:
    for apart, meets in ((0.3, True), (0.8, False)):
        left, right = standing(Place(0.5 - apart / 2, 0.9, 0.5), Place(0.5 + apart / 2, 0.9, 0.5))
        _, ((_, first), (_, second)), _ = compose(
            WHITE, (replace(left, action="hugs", toward=B), right),
            {A: cutout((200, 0, 0)), B: cutout((0, 200, 0))})
        assert (first.right > second.left) is meets


def test_boxes_stay_inside_the_frame() -> None:
    _, ((_, box),), _ = compose(WHITE, standing(Place(0.02, 1.3, 1.2)), {A: cutout((1, 2, 3))})
    assert 0.0 == box.left < box.right <= 1.0 and 0.0 <= box.top < box.bottom <= 1.0


def test_a_sleeper_at_the_edge_is_moved_into_the_frame() -> None:
    lying = Image.new("RGBA", (CUTOUT_STANDING_PX, 80), (9, 9, 9, 255))
    for x in (0.02, 0.98):
        _, ((_, box),), _ = compose(WHITE, standing(Place(x, 0.9, 0.5)), {A: lying})
        assert box.right - box.left > 0.5 * 0.9


def test_without_a_plate_it_is_laid_on_blank_paper_in_the_painters_size() -> None:
    laid = lay_out(brief(A, B), None, {A: cutout((9, 9, 9))}, size_px=64)
    picture = Image.open(io.BytesIO(laid.png))
    assert picture.size == (64, 64) and picture.getpixel((2, 2)) == BLANK and laid.missing == (B,)
    assert lay_out(brief(A, B), None, {A: cutout((9, 9, 9))}, size_px=64) == laid


def test_standing_props_lie_behind_the_cast_and_have_no_box() -> None:
    bare = brief(A)
    propped = replace(bare, props=(("tent", Place(0.8, 0.85, 0.4)),))
    laid = [lay_out(one, None, {A: cutout((9, 9, 9))}, size_px=64) for one in (bare, propped)]
    assert laid[0].boxes == laid[1].boxes
    pictures = [Image.open(io.BytesIO(one.png)) for one in laid]
    assert pictures[0].getpixel((51, 50)) == BLANK != pictures[1].getpixel((51, 50))


def test_a_figure_is_laid_out_in_its_pose() -> None:
    standing, sleeping = (posed(replace(brief(A).figures[0], action=action))
                          for action in ("stands", "sleeps"))
    assert standing.height > standing.width and sleeping.width > sleeping.height


AVATARS = {A: [[1.0, 0.0]], B: [[0.0, 1.0]]}


def test_verdict_finds_the_confused_and_the_absent() -> None:
    fine = judge([(A, [2.0, 0.1]), (B, [0.1, 0.9])], AVATARS)
    assert good(fine) and fine.worst > 0.9, "the norm is quality, not identity"
    swapped = judge([(A, [0.1, 1.0]), (B, [0.0, 1.0])], AVATARS)
    assert swapped.confused == (A,) and not good(swapped)
    absent = judge([(A, [0.1, -1.0])], {A: [[1.0, 0.0]]})
    assert absent.missing == (A,) and not good(absent)
    assert good(judge([], {})) and better(fine, swapped) and not better(swapped, fine)


def test_somebody_of_the_story_who_is_not_in_the_panel_can_be_taken_for_who_is() -> None:
    assert judge([(A, [0.2, 1.0])], AVATARS).confused == (A,)
    assert judge([(A, [0.2, 1.0])], {A: AVATARS[A]}).confused == ()


def test_who_wears_something_else_may_look_like_either() -> None:
    in_raincoat = {A: [[1.0, 0.0], [0.6, 0.8]], B: [[0.0, 1.0]]}
    assert good(judge([(A, [0.6, 0.8])], in_raincoat)) and not good(judge([(A, [0.6, 0.8])], AVATARS))


def test_somebody_seen_once_more_is_doubled() -> None:
    assert judge([(A, [1.0, 0.0])], AVATARS, strays=[[0.1, 0.9], [0.4, 0.4]]).doubled == (B,)


def test_doubles_are_looked_for_where_nobody_stands() -> None:
    places = [box for _, box in free_places([(A, Box(0.1, 0.2, 0.3, 0.9))])]
    assert len(places) == 3 and all(box.left >= 0.3 and (box.top, box.bottom) == (0.2, 0.9) for box in places)
    assert free_places([]) == [] and free_places([(A, Box(0, 0, 1, 1))]) == []


def test_who_comes_out_wrong_beside_another_stands_elsewhere_the_second_time() -> None:
    together = [(A, Box(0.3, 0.2, 0.6, 0.9)), (B, Box(0.4, 0.2, 0.7, 0.9))]
    apart = [(A, Box(0.1, 0.2, 0.3, 0.9)), (B, Box(0.6, 0.2, 0.8, 0.9))]
    verdict = judge([(A, [0.1, 1.0]), (B, [0.0, 1.0])], AVATARS)
    assert crowded(verdict, together) and not crowded(verdict, apart)
    before = brief(A, B)
    after = rearranged(before, 5)
    assert [figure.character_id for figure in sorted(after.figures, key=lambda figure: figure.place.x)] == [A, B]
    assert {figure.place for figure in after.figures} != {figure.place for figure in before.figures}


def seen(who: CharacterId = A, **facts: object) -> Appearance:
    values: dict[str, Any] = {"cutout": PictureId("cut"), "score": 0.9, "quality": 1.0, **facts}
    return Appearance(who, PanelId("old"), **values)


def test_a_recalled_cutout_must_wear_what_is_worn_now_and_is_better_the_nearer_its_pose() -> None:
    figure = replace(brief(A).figures[0], action="runs", worn=(("outfit", "raincoat"),))
    worn = figure.worn
    assert cutout_weight(figure, seen(action="runs")) == 0.0
    weights = [cutout_weight(figure, seen(action=action, worn=worn)) for action in ("runs", "walks", "sleeps")]
    assert weights[0] > weights[1] > weights[2] > 0
    best = seen(action="runs", worn=worn)
    for worse in ({"mood": "sad"}, {"age": 30}, {"quality": 0.4}, {"score": 0.5}):
        assert cutout_weight(figure, replace(best, **worse)) < cutout_weight(figure, best), worse
    assert cutout_weight(figure, replace(best, cutout=None)) == 0 == cutout_weight(figure, replace(best, score=-0.3))
    assert pose_nearness("reads", "sits") == pose_nearness("sits", "reads") == 0.6


def test_recall_gives_everybody_their_best_picture_before_anybody_a_second() -> None:
    appearances = [seen(A, action="waves", cutout=PictureId(f"a{number}"), age=number) for number in (1, 2, 3)]
    appearances += [seen(B, cutout=PictureId("b"), score=0.6)]
    liked = Reference(A, PictureId("liked"), "panel", PanelId("p9"))
    plate = Plate(ROOM.setting_id, "day", "clear", "flat", PictureId("plate"))
    found = recall(brief(A, B), avatars={A: PictureId("ava"), B: PictureId("avb")}, plate=plate, frames=[frame(1, A)],
                   appearances=appearances, references=[liked], budget=Budget(pictures=8))
    assert [item.picture for item in found.items] == ["ava", "avb", "plate", "liked", "b", "pic1", "a1", "a2"]
    assert [item.reason for item in found.items][3:5] == ["recall_reference", "recall_cutout_pose"]
    weights = [item.weight for item in found.items]
    assert weights[0] > weights[3] > weights[2] > weights[4] and weights[6] > weights[7], "every item has its weight"


def test_a_budget_counts_pictures_and_tokens() -> None:
    assert Budget(pictures=5, tokens=4096, tokens_a_picture=1024).items == 4
    assert Budget(pictures=3).items == 3 and Budget(tokens=100).items == 0


def test_a_cutout_is_what_was_painted_in_the_shape_that_was_laid_under_it() -> None:
    shapes = {A: cutout((1, 1, 1)), B: cutout((2, 2, 2))}
    painting = Image.new("RGB", (256, 256), "white")
    painting.paste((200, 0, 0), (0, 0, 128, 256))
    painting.paste((0, 0, 200), (128, 0, 256, 256))
    found = cut_outs(png(painting), brief(A, B), shapes)
    for who, colour in ((A, (200, 0, 0)), (B, (0, 0, 200))):
        picture, visible = Image.open(io.BytesIO(found[who][0])), found[who][1]
        assert visible == 1.0 and picture.mode == "RGBA" and picture.height == 128
        assert picture.getpixel((picture.width // 2, 64)) == (*colour, 255) and picture.getpixel((0, 0))[3] == 0
    back = enlarged(found[A][0], 0.5)
    assert back.height == CUTOUT_STANDING_PX, "it can be laid out again as a drawn one is"


def test_who_is_hidden_or_outside_the_frame_is_seen_in_part_and_mirrored_cutouts_face_right() -> None:
    two = standing(Place(0.5, 0.85, 0.5), Place(0.55, 0.9, 0.5))
    shapes = {A: cutout((1, 1, 1)), B: cutout((2, 2, 2))}
    found = cut_outs(png(WHITE), replace(brief(), figures=two), shapes)
    assert found[A][1] < 0.5 and found[B][1] == 1.0
    outside = cut_outs(png(WHITE), replace(brief(), figures=standing(Place(0.5, 1.2, 0.5))), shapes)
    assert outside[A][1] == pytest.approx(0.6, abs=0.02)
    painting = Image.new("RGB", (200, 200), "white")
    painting.paste((200, 0, 0), (0, 0, 100, 200))
    mirrored = cut_outs(png(painting), replace(brief(), figures=standing(Place(0.5, 0.9, 0.5, True))),
                        shapes)
    picture = Image.open(io.BytesIO(mirrored[A][0])).convert("RGB")
    assert picture.getpixel((picture.width - 4, 50)) == (200, 0, 0), "left in the panel is right in the cut-out"


def test_crops_are_cut_where_the_boxes_are() -> None:
    picture = Image.new("RGB", (100, 100), "white")
    picture.paste((200, 0, 0), (50, 50, 100, 100))
    (cut,) = crops(png(picture), [(A, Box(0.5, 0.5, 1.0, 1.0))])
    assert Image.open(io.BytesIO(cut)).getextrema() == ((200, 200), (0, 0), (0, 0))
    (tiny,) = crops(png(picture), [(A, replace(Box(0.5, 0.5, 0.5, 0.5)))])
    assert min(Image.open(io.BytesIO(tiny)).size) >= 8


def test_cosine_and_iou() -> None:
    assert cosine([3, 0], [5, 0]) == pytest.approx(1) and cosine([0, 0], [1, 0]) == 0
    assert Box(0, 0, 1, 1).iou(Box(0.5, 0, 1.5, 1)) == pytest.approx(1 / 3)
    assert Box(0, 0, 1, 1).iou(Box(2, 2, 3, 3)) == 0
