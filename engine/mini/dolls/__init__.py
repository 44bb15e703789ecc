"""Paper dolls: draws any character of the vocabulary in any pose and mood. Pillow only, no model."""

from __future__ import annotations

from PIL import Image, ImageDraw

from engine.mini.dolls.doll import Doll, draw_figure
from engine.mini.dolls.pen import Pen
from engine.mini.dolls.props import drawing_of
from engine.nouns import Look

__all__ = ["Doll", "draw_avatar", "draw_doll", "draw_prop"]


def draw_doll(look: Look, *, height_px: int, action: str = "stands", mood: str = "calm", holding: str = "",
              flip: bool = False) -> Doll:
    """One character doing something.

    `height_px` is its standing height from feet to the top of the head; hats, ears and raised things go above,
    and poses that sit or lie keep the scale. `holding` is a prop or "". `flip` mirrors: it then faces left.
    Words outside the vocabulary fall back to the nearest sensible drawing. The same call gives the same pixels.
    """
    return draw_figure(look, height_px=max(8, height_px), action=action, mood=mood, holding=holding, flip=flip,
                       supersample=2)


def draw_avatar(look: Look, *, size_px: int = 256) -> Image.Image:
    """The model sheet of a look: standing, calm, facing the viewer. RGBA, tightly cropped.

    The figure's standing height is 0.9 `size_px`.
    """
    height = max(8, round(size_px * 0.9))
    return draw_figure(look, height_px=height, action="stands", mood="calm", holding="", flip=False,
                       supersample=3 if height > 150 else 2).image


def draw_prop(name: str, *, height_px: int) -> Image.Image:
    """One thing by itself, RGBA, tightly cropped, about `height_px` high. A word nobody knows is a box."""
    draw, bottom, top, _ = drawing_of(name)
    scale = 2 * max(4, height_px) / (top - bottom)
    side = int(6 * max(4, height_px)) + 8
    image = Image.new("RGBA", (side, side))
    pen = Pen(image, ImageDraw.Draw(image), (scale, 0.0, 0.0, -scale, side / 2,
                                             side / 2 + (top + bottom) / 2 * scale), max(1.2, height_px * 0.025))
    draw(pen)
    left, up, right, down = image.getbbox() or (0, 0, 2, 2)
    box = (left // 2 * 2, up // 2 * 2, -(-right // 2) * 2, -(-down // 2) * 2)
    return image.crop(box).reduce(2)
