"""Places that began as somebody's picture: their underdrawing is that picture, in the light of the hour."""

from __future__ import annotations

import io

from PIL import Image

from engine.nouns import PanelBrief, Underdrawing


def relit_plate(brief: PanelBrief, picture: bytes, *, size_px: int) -> Underdrawing:
    """The underdrawing of a plate from a place's own picture (PNG, flat, by clear day), `size_px` a side.

    The light comes first and the book's style after it: paper is not darker at night.
    """
    from engine.mini.scenery import apply_style  # only needed when a plate is missing
    from engine.mini.scenery.relight import relight

    place = Image.open(io.BytesIO(picture)).convert("RGB")
    if place.size != (size_px, size_px):
        place = place.resize((size_px, size_px), Image.Resampling.LANCZOS)
    lit = relight(place, brief.setting.kind, time_of_day=brief.time_of_day, weather=brief.weather,
                  seed=brief.setting.seed)
    out = io.BytesIO()
    apply_style(lit, brief.style, seed=brief.setting.seed).save(out, "PNG")
    return Underdrawing(out.getvalue(), ())
