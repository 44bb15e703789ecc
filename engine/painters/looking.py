"""Is there anything to see? Looked at before anybody else looks, whichever painter it was. Needs Pillow alone."""

from __future__ import annotations

import io

from PIL import Image

#: The side a picture is shrunk to before it is looked at: grain averages out, shapes stay.
LOOKED_AT_PX = 32
#: A picture whose values, shrunk so, lie closer together than this (of 255) in every channel shows nothing.
FLAT_BELOW = 8


def shows_nothing(png: bytes) -> bool:
    """Whether a picture is black, or of one colour all over, or cannot be read at all."""
    try:
        with Image.open(io.BytesIO(png)) as picture:
            small = picture.convert("RGB").resize((LOOKED_AT_PX, LOOKED_AT_PX), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError):     # Pillow's ways of saying that this is no picture
        return True
    return all(high - low < FLAT_BELOW for low, high in small.getextrema())    # type: ignore[misc]
