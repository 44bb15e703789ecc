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


def compose(plate: Image.Image, figures: Sequence[Figure], cutouts: Mapping[CharacterId, Image.Image],
            props: Sequence[tuple[str, Place]] = (),
            ) -> tuple[Image.Image, tuple[tuple[CharacterId, Box], ...], tuple[CharacterId, ...]]:
    """Lay things, then figures' cut-outs (RGBA, facing right, back to front) over a plate (RGB, square).

    Returns the picture (RGB, the plate's size), each figure's box inside the frame, and who had no cut-out.
    """
    from engine.mini.standing import meet, stand

    canvas = plate.convert("RGB").copy()
    side = canvas.width
    if props:
        from engine.mini.dolls import draw_prop  # only a panel with things in it needs the drawing engine
    for name, place in props:
        thing = draw_prop(name, height_px=max(4, round(place.height * side)))
        canvas.paste(thing, (round(place.x * side - thing.width / 2), round(place.y * side - thing.height)), thing)
    scaled = [_scaled(cutouts[figure.character_id], figure.place, side) if figure.character_id in cutouts else None
              for figure in figures]
    spots = meet(figures, [None if cutout is None else stand(cutout, figure.place, side)
                           for cutout, figure in zip(scaled, figures, strict=True)], side)
    boxes, missing = [], []
    for figure, cutout, spot in zip(figures, scaled, spots, strict=True):
        if cutout is None or spot is None:
            missing.append(figure.character_id)
            continue
        canvas.paste(cutout, (spot.left, spot.top), cutout)
        boxes.append((figure.character_id, Box(max(0.0, spot.left / side), max(0.0, spot.top / side),
                                               min(1.0, spot.right / side), min(1.0, spot.bottom / side))))
    return canvas, tuple(boxes), tuple(missing)


def _scaled(cutout: Image.Image, place: Place, side: int) -> Image.Image:
    scale = place.height * side / CUTOUT_STANDING_PX
    size = (max(1, round(cutout.width * scale)), max(1, round(cutout.height * scale)))
    figure = cutout.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if place.flip else figure


def lay_out(brief: PanelBrief, plate: bytes | None, cutouts: Mapping[CharacterId, bytes], *,
            size_px: int) -> Underdrawing:
    """The underdrawing of a brief from stored pictures (PNG). Without a plate it is laid on blank paper."""
    if plate is None:
        paper = Image.new("RGB", (size_px, size_px), BLANK)
    else:
        paper = Image.open(io.BytesIO(plate)).convert("RGB")
        if paper.size != (size_px, size_px):
            paper = paper.resize((size_px, size_px), Image.Resampling.LANCZOS)
    opened = {character_id: Image.open(io.BytesIO(png)).convert("RGBA") for character_id, png in cutouts.items()}
    picture, boxes, missing = compose(paper, brief.figures, opened, brief.props)
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
    """The underdrawing of a plate: the setting drawn by the scenery, so that the same instance keeps its shape.

    It is sketched in the book's style: a painter that starts late keeps paper and strokes rather than finding them.
    """
    from engine.mini.scenery import apply_style, draw_setting  # only needed when a plate is missing

    picture = apply_style(draw_setting(brief.setting.kind, seed=brief.setting.seed, time_of_day=brief.time_of_day,
                                       weather=brief.weather, size_px=size_px), brief.style, seed=brief.setting.seed)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Underdrawing(out.getvalue(), ())
