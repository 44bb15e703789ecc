"""Avatars for people who have none: a coloured square with their initial; for the bot an open book."""

from __future__ import annotations

import functools
import io

COLOURS = ("#5865F2", "#3BA273", "#D98324", "#B8507A", "#7A5FB0", "#2F8FA8", "#A65B3C", "#6B7A2E")
SIDE = 128


@functools.cache
def lettered(letter: str, number: int, colour: str = "") -> bytes:
    """A letter on a colour (by number, or named as Pillow names colours), PNG, 128 x 128. Raises `ValueError`."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (SIDE, SIDE), colour or COLOURS[number % len(COLOURS)])
    pen = ImageDraw.Draw(image)
    pen.text((SIDE / 2, SIDE / 2), letter, font=ImageFont.load_default(size=70), fill="white", anchor="mm")
    return _png(image)


@functools.cache
def book() -> bytes:
    """An open book with a star above it, PNG, 128 x 128."""
    from PIL import Image, ImageDraw

    scale = 4
    image = Image.new("RGB", (SIDE * scale, SIDE * scale), "#F0A03C")
    pen = ImageDraw.Draw(image)

    def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * scale, y * scale) for x, y in pairs]

    pen.polygon(points((22, 62), (61, 72), (61, 104), (22, 94)), fill="#FFF6E4")
    pen.polygon(points((106, 62), (67, 72), (67, 104), (106, 94)), fill="#FFF6E4")
    pen.line(points((64, 70), (64, 108)), fill="#8A4B14", width=5 * scale)
    for row in range(3):
        y = 76 + row * 7
        pen.line(points((29, y - 4), (54, y + 2)), fill="#E2B980", width=2 * scale)
        pen.line(points((99, y - 4), (74, y + 2)), fill="#E2B980", width=2 * scale)
    pen.polygon(points((64, 20), (69.500, 35), (85, 36), (72.500, 45), (77, 60), (64, 51), (51, 60), (55.500, 45),
                       (43, 36), (58.500, 35)), fill="#FFF6E4")
    return _png(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _png(image: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")  # type: ignore[attr-defined]
    return buffer.getvalue()
