"""The rough picture laid out from memory: the cast's cut-outs at their places over the plate.

One piece of code for use and for training: the painter learns to paint over exactly what is laid out here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image

from engine.nouns import Box, CharacterId, Figure, PanelBrief, Place, Underdrawing

#: Cut-outs are drawn so that the character's standing height, without hats and ears, is this many pixels.
CUTOUT_STANDING_PX = 230
#: The paper where memory has no plate yet: a neutral the painter learned to fill.
BLANK = (206, 203, 197)


def _foot_x(cutout: Image.Image) -> float:
    """Where the feet's middle is, in pixels from the left: tails and wings must not shift a figure."""
    import numpy as np  # here, because the face starts without it

    alpha = np.asarray(cutout.getchannel("A"), dtype=np.float32)
    columns = alpha[int(alpha.shape[0] * 0.92):].sum(axis=0)  # (W,)
    total = float(columns.sum())
    if total == 0.0:
        return cutout.width / 2
    return float((columns * np.arange(cutout.width)).sum() / total)


def compose(plate: Image.Image,
            cutouts: Sequence[tuple[CharacterId, Image.Image | None, Place]],
            ) -> tuple[Image.Image, tuple[tuple[CharacterId, Box], ...], tuple[CharacterId, ...]]:
    """Lay cut-outs (RGBA, back to front) over a plate (RGB, square).

    Returns the picture (RGB, the plate's size), each figure's box inside the frame, and who had no cut-out.
    """
    canvas = plate.convert("RGB").copy()
    side = canvas.width
    boxes, missing = [], []
    for character_id, cutout, place in cutouts:
        if cutout is None:
            missing.append(character_id)
            continue
        scale = place.height * side / CUTOUT_STANDING_PX
        size = (max(1, round(cutout.width * scale)), max(1, round(cutout.height * scale)))
        figure = cutout.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        foot = _foot_x(figure)
        if place.flip:
            figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            foot = figure.width - foot
        left, top = round(place.x * side - foot), round(place.y * side - figure.height)
        canvas.paste(figure, (left, top), figure)
        boxes.append((character_id, Box(
            max(0.0, left / side), max(0.0, top / side),
            min(1.0, (left + figure.width) / side), min(1.0, (top + figure.height) / side))))
    return canvas, tuple(boxes), tuple(missing)


def lay_out(brief: PanelBrief, plate: bytes | None, cutouts: Mapping[CharacterId, bytes], *,
            size_px: int) -> Underdrawing:
    """The underdrawing of a brief from stored pictures (PNG). Without a plate it is laid on blank paper."""
    if plate is None:
        paper = Image.new("RGB", (size_px, size_px), BLANK)
    else:
        paper = Image.open(io.BytesIO(plate)).convert("RGB")
        if paper.size != (size_px, size_px):
            paper = paper.resize((size_px, size_px), Image.Resampling.LANCZOS)
    opened = [(figure.character_id,
               Image.open(io.BytesIO(cutouts[figure.character_id])).convert("RGBA")
               if figure.character_id in cutouts else None,
               figure.place) for figure in brief.figures]
    if brief.props:
        from engine.mini.dolls import draw_prop  # only a panel with standing props needs the drawing engine

        paper, _, _ = compose(paper, [(CharacterId(prop), draw_prop(prop, height_px=CUTOUT_STANDING_PX), place)
                                      for prop, place in brief.props])
    picture, boxes, missing = compose(paper, opened)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Underdrawing(out.getvalue(), boxes, missing)


def posed(figure: Figure) -> bytes:
    """A figure's cut-out in its pose and mood, drawn from the Look in force by the hand that drew the avatar (RGBA)."""
    from engine.mini.dolls import draw_doll  # the drawing engine is only needed when a panel is laid out

    out = io.BytesIO()
    draw_doll(figure.look, height_px=CUTOUT_STANDING_PX, action=figure.action, mood=figure.mood,
              holding=figure.holding).image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def sketch_plate(brief: PanelBrief, *, size_px: int) -> Underdrawing:
    """The underdrawing of a plate: the setting drawn by the scenery, so that the same instance keeps its shape."""
    from engine.mini.scenery import draw_setting  # the drawing engine is only needed when a plate is missing

    picture = draw_setting(brief.setting.kind, seed=brief.setting.seed, time_of_day=brief.time_of_day,
                           weather=brief.weather, size_px=size_px)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Underdrawing(out.getvalue(), ())
