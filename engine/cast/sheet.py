"""The cast sheet: one page about one character, to look at and to print. Avatar, poses, moods, and the Look in words.

The page is A4 across at 150 pixels an inch. What it says is handed in ready worded; what it shows is drawn from the
Look by the hand that draws the avatar and the panels.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cast.casting import draw_character_avatar
from engine.nouns import Look
from engine.vocabulary import COLOURS, PEOPLE, SKINS

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont

SHEET_PX: Final = (1754, 1240)
POSES: Final = ("waves", "walks", "jumps", "sits", "reads", "sleeps")
MOODS: Final = ("happy", "sad", "surprised", "angry", "scared", "sleepy")

_FONTS = Path(__file__).resolve().parents[1] / "book" / "fonts"
_PAPER, _CARD, _INK, _FAINT = (251, 246, 236), (255, 253, 248), (62, 48, 44), (140, 122, 110)
_EDGE = 48


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the look: what it is about, what is so, and the colour shown beside it (a colour or skin word)."""

    label: str
    value: str
    colour: str = ""


def facts_of(look: Look) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """What there is to say about a look: (field, words of the vocabulary, the colour to show), in the page's order."""
    person = look.kind in PEOPLE
    facts: list[tuple[str, tuple[str, ...], str]] = [("kind", (look.kind,), "")]
    if person:
        facts.append(("skin", (look.skin,), look.skin))
        bald = look.hair == "bald"
        facts.append(("hair", ("bald",), "") if bald else ("hair", (look.hair, look.hair_colour), look.hair_colour))
    else:
        facts.append(("fur", (look.fur,), look.fur))
    if look.glasses != "none":
        facts.append(("glasses", (look.glasses,), ""))
    if look.beard != "none":
        facts.append(("beard", (look.beard,), ""))
    if person and look.freckles:
        facts.append(("freckles", ("True",), ""))
    if look.outfit == "bare":
        facts.append(("outfit", ("bare",), ""))
    else:
        facts.append(("outfit", (look.outfit, look.outfit_colour), look.outfit_colour))
        if look.pattern != "plain":
            facts.append(("pattern", (look.pattern, look.pattern_colour), look.pattern_colour))
        if look.outfit in ("t-shirt", "sweater", "overalls", "skirt", "shorts") and person:
            facts.append(("trousers_colour", (look.trousers_colour,), look.trousers_colour))
    if look.headwear != "none":
        facts.append(("headwear", (look.headwear, look.headwear_colour), look.headwear_colour))
    if look.accessories:
        facts.append(("accessories", (*look.accessories, look.accessory_colour), look.accessory_colour))
    if look.wheelchair:
        facts.append(("wheelchair", ("True",), ""))
    return tuple(facts)


def draw_sheet(look: Look, avatar: bytes | None, *, name: str, about: str, facts: Sequence[Fact],
               captions: Mapping[str, str], words: str = "") -> bytes:
    """The page as a PNG of `SHEET_PX`.

    `avatar` is the approved RGBA PNG, None for one that is not approved yet. `captions` words the `POSES` and `MOODS`;
    `words` are the owner's own. A name in letters the page's font does not have is left as a line to write on.
    Takes about half a second.
    """
    from PIL import Image, ImageDraw

    page = Image.new("RGB", SHEET_PX, _PAPER)
    draw = ImageDraw.Draw(page)
    tint = _tint(look)
    width, height = SHEET_PX
    column = 600
    _card(draw, (_EDGE, _EDGE, _EDGE + column, height - _EDGE), tint)
    top = _title(draw, (_EDGE + 28, _EDGE + 30, column - 56), name, about)
    _portrait(page, _large(look, avatar), (_EDGE + 40, top, _EDGE + column - 40, height - _EDGE - 60))

    left, right = _EDGE + column + 32, width - _EDGE
    poses_bottom = _EDGE + 620
    _card(draw, (left, _EDGE, right, poses_bottom), _CARD)
    _poses(page, draw, look, captions, (left + 16, _EDGE + 12, right - 16, poses_bottom - 12))
    moods_bottom = poses_bottom + 24 + 206
    _card(draw, (left, poses_bottom + 24, right, moods_bottom), _CARD)
    _moods(page, draw, look, captions, tint, (left + 16, poses_bottom + 24, right - 16, moods_bottom))
    _card(draw, (left, moods_bottom + 24, right, height - _EDGE), _CARD)
    facts_bottom = height - _EDGE - 16
    words = " ".join(words.split())
    if words and _has_letters(words):
        facts_bottom -= 46
        font = _font("Italic", 27)
        draw.text(((left + right) / 2, facts_bottom + 14), _cut(f"“{words}”", font, right - left - 70), _FAINT, font,
                  anchor="mm")
    _facts(draw, facts, (left + 34, moods_bottom + 32, right - 30, facts_bottom))
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


# --- the parts -------------------------------------------------------------------------------------

def _title(draw: ImageDraw.ImageDraw, place: tuple[int, int, int], name: str, about: str) -> int:
    """Name and a line about them, centred. Returns where the next thing may begin."""
    left, top, width = place
    middle = left + width // 2
    if name and _has_letters(name):
        font = next((f for f in (_font("Bold", size) for size in (92, 80, 68, 58, 48, 40, 32))
                     if f.getlength(name) <= width), None)
        name = name if font is not None else _cut(name, _font("Bold", 32), width)
        draw.text((middle, top + 56), name, _INK, font or _font("Bold", 32), anchor="mm")
    else:
        draw.line((left + 40, top + 92, left + width - 40, top + 92), _FAINT, 3)
    if about and _has_letters(about):
        font = _font("Italic", 32)
        draw.text((middle, top + 132), _cut(about, font, width), _FAINT, font, anchor="mm")
    return top + 170


def _portrait(page: Image.Image, figure: Image.Image, box: tuple[int, int, int, int]) -> None:
    from PIL import Image, ImageDraw, ImageFilter

    left, top, right, bottom = box
    scale = min((right - left) / figure.width, (bottom - top) / figure.height)
    figure = figure.resize((round(figure.width * scale), round(figure.height * scale)), Image.Resampling.LANCZOS)
    x, y = (left + right - figure.width) // 2, bottom - figure.height
    shade = Image.new("L", page.size)
    ImageDraw.Draw(shade).ellipse((x - 10, bottom - 26, x + figure.width + 10, bottom + 22), fill=70)
    page.paste(_INK, mask=shade.filter(ImageFilter.GaussianBlur(9)))
    page.paste(figure, (x, y), figure)


def _poses(page: Image.Image, draw: ImageDraw.ImageDraw, look: Look, captions: Mapping[str, str],
           box: tuple[int, int, int, int]) -> None:
    from engine.mini.dolls import draw_doll

    left, top, right, bottom = box
    wide, high = (right - left) / 3, (bottom - top) / 2
    moods = {"waves": "happy", "jumps": "happy", "sleeps": "sleepy"}
    dolls = [draw_doll(look, height_px=300, action=action, mood=moods.get(action, "calm")).image for action in POSES]
    # one scale for all, so that sitting is smaller than jumping
    scale = min(1.0, min(min((wide - 24) / doll.width, (high - 62) / doll.height) for doll in dolls))
    for number, (action, doll) in enumerate(zip(POSES, dolls, strict=True)):
        doll = doll.resize((round(doll.width * scale), round(doll.height * scale)), reducing_gap=2.0)
        middle, foot = left + wide * (number % 3 + 0.5), top + high * (number // 3 + 1) - 46
        half = max(50.0, doll.width * 0.42)
        draw.ellipse((middle - half, foot - 12, middle + half, foot + 10), (236, 227, 212))
        page.paste(doll, (round(middle - doll.width / 2), round(foot - doll.height)), doll)
        _caption(draw, (middle, foot + 28), captions.get(action, action), wide - 20)


def _moods(page: Image.Image, draw: ImageDraw.ImageDraw, look: Look, captions: Mapping[str, str],
           tint: tuple[int, int, int], box: tuple[int, int, int, int]) -> None:
    from PIL import Image, ImageDraw

    from engine.mini.dolls import draw_doll

    left, top, right, bottom = box
    wide, side = (right - left) / len(MOODS), 138
    disc = Image.new("L", (side * 3, side * 3))
    ImageDraw.Draw(disc).ellipse((0, 0, side * 3 - 1, side * 3 - 1), fill=255)
    disc = disc.resize((side, side), Image.Resampling.LANCZOS)
    for number, mood in enumerate(MOODS):
        doll = draw_doll(look, height_px=520, action="stands", mood=mood)
        x0, y0, x1, y1 = doll.head
        # hats and ears belong to a head, shoulders hardly do
        middle, reach = ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) * 0.70
        face = Image.new("RGBA", (round(reach * 2), round(reach * 2)), (*tint, 255))
        face.paste(doll.image, (round(reach - middle[0]), round(reach - middle[1])), doll.image)
        face = face.resize((side, side), Image.Resampling.LANCZOS)
        at = round(left + wide * (number + 0.5) - side / 2), top + 14
        page.paste(face.convert("RGB"), at, disc)
        _caption(draw, (at[0] + side / 2, bottom - 28), captions.get(mood, mood), wide - 10)


def _facts(draw: ImageDraw.ImageDraw, facts: Sequence[Fact], box: tuple[int, int, int, int]) -> None:
    """Lines in as many columns as are needed, a swatch before those that have a colour."""
    left, top, right, bottom = box
    columns = 2 if len(facts) <= 8 else 3
    top += 6
    rows = -(-len(facts) // columns)
    wide, high = (right - left) / columns, min(46.0, (bottom - top) / max(1, rows))
    size = 27 if columns == 2 else 23
    bold, plain = _font("Bold", size), _font("Regular", size)
    for number, fact in enumerate(facts):
        x, y = left + wide * (number // rows), top + high * (number % rows + 0.5)
        if fact.colour:
            code = COLOURS.get(fact.colour, SKINS.get(fact.colour, "#888888"))
            draw.ellipse((x, y - 11, x + 22, y + 11), code, _FAINT, 2)
        else:
            draw.ellipse((x + 7, y - 4, x + 15, y + 4), _FAINT)
        at = x + 34
        label = _cut(f"{fact.label}:", bold, wide - 60)
        draw.text((at, y), label, _INK, bold, anchor="lm")
        at += bold.getlength(label + " ")
        draw.text((at, y), _cut(fact.value, plain, x + wide - 14 - at), _INK, plain, anchor="lm")


def _caption(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, width: float) -> None:
    font = _font("Italic", 25)
    draw.text(at, _cut(text, font, width), _FAINT, font, anchor="mm")


def _card(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], fill: tuple[int, int, int]) -> None:
    draw.rounded_rectangle(box, 34, fill, (228, 217, 200), 3)


# --- small things ----------------------------------------------------------------------------------

def _large(look: Look, avatar: bytes | None) -> Image.Image:
    """The approved avatar; drawn anew at full size where it is the one that this look is drawn as."""
    from PIL import Image

    from engine.mini.dolls.doll import draw_figure

    if avatar is not None:
        kept = Image.open(io.BytesIO(avatar)).convert("RGBA")
        drawn = Image.open(io.BytesIO(draw_character_avatar(look)))
        if kept.size != drawn.size or kept.tobytes() != drawn.tobytes():
            return kept
    # drawn at half the size it will have, finely: outlines of a canvas as large as that show their joints
    half = draw_figure(look, height_px=405, action="stands", mood="calm", holding="", flip=False, supersample=4).image
    return half.resize((half.width * 2, half.height * 2), Image.Resampling.LANCZOS)


def _tint(look: Look) -> tuple[int, int, int]:
    """A pale wash of the colour one would know them by."""
    code = COLOURS[look.fur if look.kind not in PEOPLE and look.outfit == "bare" else look.outfit_colour]
    red, green, blue = (round(0.26 * int(code[at:at + 2], 16) + 0.74 * paper)
                        for at, paper in zip((1, 3, 5), (252, 248, 240), strict=True))
    return red, green, blue


@lru_cache(maxsize=32)
def _font(style: str, size: int) -> Font:
    from PIL import ImageFont

    return ImageFont.truetype(_FONTS / f"StorythreadReading-{style}.ttf", size)


def _has_letters(text: str) -> bool:
    """Whether the font has every letter: what it lacks looks like what no font has."""
    font = _font("Regular", 24)
    unknown = bytes(font.getmask("\uffff")), font.getmask("\uffff").size
    return all(letter.isspace() or (bytes(font.getmask(letter)), font.getmask(letter).size) != unknown
               for letter in text)


def _cut(text: str, font: Font, width: float) -> str:
    """At most so wide; an ellipsis says that something is missing."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
