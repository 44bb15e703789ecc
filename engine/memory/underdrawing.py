"""The rough picture laid out from memory: the cast's cut-outs at their places over the plate.

One piece of code for use and for training: the painter learns to paint over exactly what is laid out here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from engine.nouns import Box, CharacterId, Figure, PanelBrief, Place, Underdrawing

if TYPE_CHECKING:
    from engine.mini.standing import Spot

#: Cut-outs are drawn so that the character's standing height, without hats and ears, is this many pixels.
CUTOUT_STANDING_PX = 230
#: How hard PNGs of ours are pressed: twice as fast as Pillow's own 6, for a tenth more bytes.
COMPRESSED = 2
#: The paper where memory has no plate yet: a neutral the painter learned to fill.
BLANK = (206, 203, 197)


def compose(plate: Image.Image, figures: Sequence[Figure], cutouts: Mapping[CharacterId, Image.Image],
            props: Sequence[tuple[str, Place]] = (),
            ) -> tuple[Image.Image, tuple[tuple[CharacterId, Box], ...], tuple[CharacterId, ...]]:
    """Lay things, then figures' cut-outs (RGBA, facing right, back to front) over a plate (RGB, square).

    Returns the picture (RGB, the plate's size), each figure's box inside the frame, and who had no cut-out.
    """
    canvas = plate.convert("RGB").copy()
    side = canvas.width
    if props:
        from engine.mini.dolls import draw_prop  # only a panel with things in it needs the drawing engine
    for name, place in props:
        thing = draw_prop(name, height_px=max(4, round(place.height * side)))
        canvas.paste(thing, (round(place.x * side - thing.width / 2), round(place.y * side - thing.height)), thing)
    laid = _laid(figures, cutouts, side)
    boxes, missing = [], []
    for figure, put in zip(figures, laid, strict=True):
        if put is None:
            missing.append(figure.character_id)
            continue
        cutout, spot = put
        canvas.paste(cutout, (spot.left, spot.top), cutout)
        boxes.append((figure.character_id, Box(max(0.0, spot.left / side), max(0.0, spot.top / side),
                                               min(1.0, spot.right / side), min(1.0, spot.bottom / side))))
    return canvas, tuple(boxes), tuple(missing)


def _laid(figures: Sequence[Figure], cutouts: Mapping[CharacterId, Image.Image],
          side: int) -> list[tuple[Image.Image, Spot] | None]:
    """Each figure's cut-out as large and as turned as it is to be seen, and its spot; None for who has none."""
    from engine.mini.standing import meet, stand

    scaled = [_scaled(cutouts[figure.character_id], figure.place, side) if figure.character_id in cutouts else None
              for figure in figures]
    spots = meet(figures, [None if cutout is None else stand(cutout, figure.place, side)
                           for cutout, figure in zip(scaled, figures, strict=True)], side)
    return [None if cutout is None or spot is None else (cutout, spot)
            for cutout, spot in zip(scaled, spots, strict=True)]


def _scaled(cutout: Image.Image, place: Place, side: int) -> Image.Image:
    scale = place.height * side / CUTOUT_STANDING_PX
    size = (max(1, round(cutout.width * scale)), max(1, round(cutout.height * scale)))
    figure = cutout.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if place.flip else figure


def lay_out(brief: PanelBrief, plate: bytes | None, cutouts: Mapping[CharacterId, Image.Image], *,
            size_px: int) -> Underdrawing:
    """The underdrawing of a brief: cut-outs (RGBA) over its plate (PNG). Without a plate it is laid on blank paper."""
    if plate is None:
        paper = Image.new("RGB", (size_px, size_px), BLANK)
    else:
        paper = Image.open(io.BytesIO(plate)).convert("RGB")
        if paper.size != (size_px, size_px):
            paper = paper.resize((size_px, size_px), Image.Resampling.LANCZOS)
    picture, boxes, missing = compose(paper, brief.figures, cutouts, brief.props)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=COMPRESSED)
    return Underdrawing(out.getvalue(), boxes, missing)


def cut_outs(painting: bytes, brief: PanelBrief,
             cutouts: Mapping[CharacterId, Image.Image]) -> dict[CharacterId, tuple[bytes, float]]:
    """Cut everybody out of a painting (PNG) along the shapes (RGBA) that were laid under it.

    Returns for each figure with a cut-out an RGBA PNG at the painting's scale, facing right, and the share of the
    figure that is seen, 0 to 1: what stands before it or lies outside the frame is lost.
    """
    picture = Image.open(io.BytesIO(painting)).convert("RGB")
    side = picture.width
    laid = _laid(brief.figures, cutouts, side)
    shapes = []                                # each figure's own shape in the panel, and all it covers
    for put in laid:
        shape = Image.new("L", picture.size)
        if put is not None:
            shape.paste(put[0].getchannel("A"), (put[1].left, put[1].top))
        shapes.append(shape.point(lambda value: 255 if value > 127 else 0))
    found = {}
    for index, (figure, put) in enumerate(zip(brief.figures, laid, strict=True)):
        if put is None:
            continue
        cutout, spot = put
        seen = shapes[index]
        for nearer in shapes[index + 1:]:
            seen = ImageChops.subtract(seen, nearer)
        whole = cutout.getchannel("A").point(lambda value: 255 if value > 127 else 0)
        visible = _area(seen) / max(1, _area(whole))
        # A pixel less all around: at the edge the painter mixes in what stands behind.
        cut = picture.crop((spot.left, spot.top, spot.right, spot.bottom)).convert("RGBA")
        cut.putalpha(_thinner(seen, spot))
        if figure.place.flip:
            cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        out = io.BytesIO()
        cut.save(out, "PNG", compress_level=COMPRESSED)
        found[figure.character_id] = (out.getvalue(), visible)
    return found


def _thinner(shape: Image.Image, spot: Spot) -> Image.Image:
    """A shape (L) less a pixel all around, as much of it as lies in a spot; nothing lies outside of the picture."""
    left, top = max(0, spot.left - 1), max(0, spot.top - 1)
    right, bottom = min(shape.width, spot.right + 1), min(shape.height, spot.bottom + 1)
    near = shape.crop((left, top, max(left + 1, right), max(top + 1, bottom)))
    return near.filter(ImageFilter.MinFilter(3)).crop(
        (spot.left - left, spot.top - top, spot.right - left, spot.bottom - top))


def enlarged(cutout: bytes, height: float, *, panel_px: int = 256) -> Image.Image:
    """A panel's cut-out (PNG), whose figure stood `height` of the panel tall, at the scale of drawn ones (RGBA)."""
    picture = Image.open(io.BytesIO(cutout)).convert("RGBA")
    scale = CUTOUT_STANDING_PX / (height * panel_px)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
                          Image.Resampling.BICUBIC)


def _area(shape: Image.Image) -> int:
    return shape.histogram()[255]


def posed(figure: Figure) -> Image.Image:
    """A figure's cut-out in its pose and mood, drawn from the Look in force by the hand that drew the avatar (RGBA)."""
    from engine.mini.dolls import draw_doll  # the drawing engine is only needed when a panel is laid out

    return draw_doll(figure.look, height_px=CUTOUT_STANDING_PX, action=figure.action, mood=figure.mood,
                     holding=figure.holding).image


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
