"""A book as a PDF to print on A4, with its letters embedded.

Letters the embedded font does not have (it covers Latin, Vietnamese and Cyrillic) are shown by their base letter where
they have one; emoji are left out; a page mostly in another script says so and points to the web page.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from engine.book.words import listed, words_for
from engine.nouns import Book, Page

_FONTS = Path(__file__).parent / "fonts"
_FACES = {"Reading": "Regular", "Reading-Bold": "Bold", "Reading-Italic": "Italic"}

PAPER, INK, SOFT, ACCENT, TURN, HILL, HILL_FAR, SUN, SUN_RIM = (HexColor(colour) for colour in (
    "#fdf7ea", "#3d302a", "#8d7a6a", "#c2512f", "#7c4a34", "#b9cf8f", "#d3dfb0", "#fde9b4", "#fdf0cb"))

WIDTH, HEIGHT = A4
MARGIN = 18 * mm
FOOT = 20 * mm                             # below the words: the page's number
GAP = 9 * mm                               # between picture and words
INNER = WIDTH - 2 * MARGIN

#: Words are set as large as their room allows, in points; then the picture makes room, in parts of its full side.
SIZES = (19.0, 18.0, 17.0, 16.0, 15.0, 14.0, 13.0, 12.0)
PICTURE_SIDES = (1.0, 0.85, 0.7)


def bind_pdf(book: Book) -> bytes:
    """The whole book: title page, a page each, credits. Longer words than fit beside a picture go on overleaf."""
    _register_fonts()
    words = words_for(book.locale)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1, lang=book.locale, invariant=1,
                    initialFontName="Reading")
    canvas.setTitle(book.title)
    canvas.setAuthor(listed(book.writers, words["and"]))
    canvas.setCreator("Storythread")
    _title_page(canvas, book)
    for number, page in enumerate(book.pages, start=1):
        _page(canvas, page, number, words["other_letters"])
    _credits(canvas, book)
    canvas.save()
    return out.getvalue()


# --- pages -----------------------------------------------------------------------------------------

def _title_page(canvas: Canvas, book: Book) -> None:
    words = words_for(book.locale)
    _paper(canvas)
    title = _fitted(showable(book.title) or "·", "Reading-Bold", (46, 40, 34, 28, 22, 16), INNER, 78 * mm)
    width, height = INNER, title.height
    while width > INNER / 3 and title.wrap(width * 0.96, HEIGHT)[1] <= height:       # lines of about equal length
        width *= 0.96
    title.wrap(width, HEIGHT)
    top = _set_down(canvas, title, HEIGHT - 40 * mm, left=(WIDTH - width) / 2) - 7 * mm
    canvas.setFillColor(ACCENT)
    canvas.roundRect(WIDTH / 2 - 13 * mm, top, 26 * mm, 2.2 * mm, 1.1 * mm, stroke=0, fill=1)
    if names := _names(book.writers, words["and"]):
        by = _paragraph(words["by"].format(names=names), "Reading", 17, SOFT, TA_CENTER)
        by.wrap(INNER, HEIGHT)
        _set_down(canvas, by, top - 5 * mm)
    _cast(canvas, book.cast)
    canvas.showPage()


def _cast(canvas: Canvas, cast: Sequence[tuple[str, str, bytes | None]]) -> None:
    """Everybody side by side on a hill, at most six a row, the back row higher and smaller."""
    if not cast:
        return
    for colour, radius in ((SUN_RIM, 66 * mm), (SUN, 52 * mm)):
        canvas.setFillColor(colour)
        canvas.circle(WIDTH / 2, 92 * mm, radius, stroke=0, fill=1)
    canvas.setFillColor(HILL_FAR)
    canvas.ellipse(-WIDTH * 0.5, -70 * mm, WIDTH * 0.95, 82 * mm, stroke=0, fill=1)
    canvas.setFillColor(HILL)
    canvas.ellipse(-WIDTH * 0.1, -80 * mm, WIDTH * 1.5, 66 * mm, stroke=0, fill=1)
    rows = [list(cast[start:start + 6]) for start in range(0, min(len(cast), 18), 6)]
    ground = 34 * mm + (len(rows) - 1) * 48 * mm
    for row in rows:
        step = min(INNER / len(row), 62 * mm)
        height = min(step * 1.9, 92 * mm if len(rows) == 1 else 40 * mm)
        left = WIDTH / 2 - step * len(row) / 2
        labels = [showable(name) or "·" for name, _, _ in row]
        size = min(_fitted(label, "Reading-Bold", (17, 15, 13, 11, 9), step * 0.96, 14 * mm).style.fontSize
                   for label in labels)
        for place, (_, _, avatar) in enumerate(row):
            middle = left + step * (place + 0.5)
            if avatar is not None:
                canvas.drawImage(ImageReader(io.BytesIO(avatar)), middle - step * 0.48, ground, step * 0.96, height,
                                 mask="auto", preserveAspectRatio=True, anchor="s")
            else:
                radius = min(step * 0.4, height * 0.4, 20 * mm)
                canvas.setFillColor(ACCENT)
                canvas.circle(middle, ground + radius, radius, stroke=0, fill=1)
                canvas.setFillColor(PAPER)
                canvas.setFont("Reading-Bold", radius)
                canvas.drawCentredString(middle, ground + radius * 0.65, labels[place][:1])
            label = _fitted(labels[place], "Reading-Bold", (size,), step * 0.96, 14 * mm)
            _set_down(canvas, label, ground - 1.5 * mm, left=middle - step * 0.48)
        ground -= 48 * mm


def _page(canvas: Canvas, page: Page, number: int, other_letters: str) -> None:
    """Picture above, words below it, as large as they can be."""
    lines = _lines(page, other_letters)
    short = len(page.prose) + len(page.turn_text) < 170
    if page.picture_png is None:
        room = HEIGHT - 2 * MARGIN - FOOT
        for size in (22.0, *SIZES, 11.0, 10.0):
            block = _block(lines, size, short)
            if _height(block) <= room:
                break
        _paper(canvas)
        _lay(canvas, block, HEIGHT - MARGIN, room, number)
        return
    block, side = _block(lines, SIZES[0], short), INNER
    for share in PICTURE_SIDES:
        side = INNER * share
        room = HEIGHT - MARGIN - side - GAP - FOOT
        for size in SIZES:
            block = _block(lines, size, short)
            if _height(block) <= room:
                break
        else:
            continue
        break
    _paper(canvas)
    _picture(canvas, page.picture_png, side)
    _lay(canvas, block, HEIGHT - MARGIN - side - GAP, HEIGHT - MARGIN - side - GAP - FOOT, number)


def _lay(canvas: Canvas, block: list[Paragraph], top: float, room: float, number: int) -> None:
    """Set the paragraphs, in the middle of their room; what does not fit goes on overleaf, under the same number."""
    top -= max(0.0, (room - _height(block)) * 0.4)
    waiting = list(block)
    while waiting:
        paragraph = waiting.pop(0)
        _, height = paragraph.wrap(INNER, HEIGHT)
        if top - height < FOOT:
            parts = paragraph.split(INNER, top - FOOT)
            if len(parts) == 2:
                parts[0].wrap(INNER, HEIGHT)
                _set_down(canvas, parts[0], top)
                paragraph = parts[1]
            _number(canvas, number)
            canvas.showPage()
            _paper(canvas)
            top, waiting = HEIGHT - MARGIN, [paragraph, *waiting]
            continue
        top = _set_down(canvas, paragraph, top) - paragraph.style.spaceAfter
    _number(canvas, number)
    canvas.showPage()


def _credits(canvas: Canvas, book: Book) -> None:
    words = words_for(book.locale)
    _paper(canvas)
    end = _paragraph(words["end"], "Reading-Bold", 40, INK, TA_CENTER)
    end.wrap(INNER, HEIGHT)
    top = _set_down(canvas, end, HEIGHT * 0.62) - 8 * mm
    canvas.setFillColor(ACCENT)
    canvas.roundRect(WIDTH / 2 - 13 * mm, top, 26 * mm, 2.2 * mm, 1.1 * mm, stroke=0, fill=1)
    top -= 10 * mm
    names = _names(book.writers, words["and"])
    cast = _names([name for name, _, _ in book.cast], words["and"])
    when = f" · {book.finished_at.date().isoformat()}" if book.finished_at else ""
    for text, size, colour in (
        (words["written"].format(names=names) if names else "", 16, INK),
        (words["pictured"].format(names=cast) if cast else "", 16, INK),
        (words["painter"].format(painter=showable(book.painter)) if book.painter else "", 11, SOFT),
        (words["made"] + when, 11, SOFT),
    ):
        if text:
            paragraph = _paragraph(text, "Reading", size, colour, TA_CENTER)
            paragraph.wrap(INNER, HEIGHT)
            top = _set_down(canvas, paragraph, top) - 5 * mm
    canvas.showPage()


# --- parts -----------------------------------------------------------------------------------------

def _paper(canvas: Canvas) -> None:
    canvas.setFillColor(PAPER)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)


def _picture(canvas: Canvas, png: bytes, side: float) -> None:
    """Square, cut to its middle where it is not, with round corners."""
    reader = ImageReader(io.BytesIO(png))
    width, height = reader.getSize()
    scale = side / min(width, height)
    left, bottom = (WIDTH - side) / 2, HEIGHT - MARGIN - side
    canvas.saveState()
    corners = canvas.beginPath()
    corners.roundRect(left, bottom, side, side, 4.5 * mm)
    canvas.clipPath(corners, stroke=0, fill=0)
    canvas.drawImage(reader, left - (width * scale - side) / 2, bottom - (height * scale - side) / 2, width * scale,
                     height * scale)
    canvas.restoreState()
    canvas.setStrokeColor(HexColor("#3d302a26", hasAlpha=True))
    canvas.setLineWidth(0.5)
    canvas.roundRect(left, bottom, side, side, 4.5 * mm, stroke=1, fill=0)


def _number(canvas: Canvas, number: int) -> None:
    canvas.setFillColor(SOFT)
    canvas.setFont("Reading", 10)
    canvas.drawCentredString(WIDTH / 2, 10 * mm, str(number))


def _lines(page: Page, other_letters: str) -> list[tuple[str, str]]:
    """The paragraphs of a page as (kind, text that can be shown)."""
    found = [("author", showable(page.author) if page.turn_text else ""), ("turn", showable(page.turn_text)),
             ("prose", showable(page.prose))]
    if _mostly_lost(page.turn_text + page.prose):
        return [("prose", other_letters)]
    return [(kind, text) for kind, text in found if text]


def _block(lines: Sequence[tuple[str, str]], size: float, short: bool) -> list[Paragraph]:
    align = TA_CENTER if short else TA_LEFT
    looks = {"author": ("Reading-Bold", size * 0.7, ACCENT, 0.1), "turn": ("Reading-Italic", size, TURN, 0.6),
             "prose": ("Reading", size, INK, 0.0)}
    block = []
    for kind, text in lines:
        face, points, colour, after = looks[kind]
        block += [_paragraph(part, face, points, colour, align, after=points * after)
                  for part in text.split("\n") if part.strip()]
    return block


def _height(block: Sequence[Paragraph]) -> float:
    return float(sum(paragraph.wrap(INNER, HEIGHT)[1] + paragraph.style.spaceAfter for paragraph in block))


def _paragraph(text: str, face: str, size: float, colour: HexColor, align: int, *, after: float = 0.0) -> Paragraph:
    style = ParagraphStyle("words", fontName=face, fontSize=size, leading=size * 1.42, textColor=colour,
                           alignment=align, spaceAfter=after, splitLongWords=1, allowWidows=0, allowOrphans=0)
    return Paragraph(escape(text), style)


def _fitted(text: str, face: str, sizes: Sequence[float], width: float, height: float) -> Paragraph:
    """Centred, at the largest of the sizes that fits; cut at the smallest."""
    for size in sizes:
        paragraph = _paragraph(text, face, size, INK, TA_CENTER)
        paragraph.style.leading = size * 1.16
        widest = max((pdfmetrics.stringWidth(word, face, size) for word in text.split()), default=0.0)
        if paragraph.wrap(width, height)[1] <= height and widest <= width:
            return paragraph
    parts = paragraph.split(width, height)
    shown = parts[0] if parts else paragraph
    shown.wrap(width, height)
    return shown


def _set_down(canvas: Canvas, paragraph: Paragraph, top: float, *, left: float = MARGIN) -> float:
    """Draw a wrapped paragraph below `top`; returns where it ends."""
    paragraph.drawOn(canvas, left, top - paragraph.height)
    return float(top - paragraph.height)


# --- letters ---------------------------------------------------------------------------------------

@cache
def _register_fonts() -> frozenset[int]:
    """Make the faces known to reportlab; returns the code points all of them have."""
    faces = []
    for name, style in _FACES.items():
        font = TTFont(name, str(_FONTS / f"StorythreadReading-{style}.ttf"))
        pdfmetrics.registerFont(font)
        faces.append(font)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in faces))


def showable(text: str) -> str:
    """The text with only letters the book has: base letters for ornate ones, nothing for emoji, "·" for the rest."""
    known = _register_fonts()
    shown = []
    for letter in unicodedata.normalize("NFC", text):
        if letter == "\n" or ord(letter) in known:
            shown.append(letter)
        elif letter.isspace():
            shown.append(" ")
        elif plain := "".join(part for part in unicodedata.normalize("NFKD", letter) if ord(part) in known):
            shown.append(plain)
        elif unicodedata.category(letter)[0] in "LN":
            shown.append("·")
    # What was left out leaves its spaces behind; line breaks stay.
    return "\n".join(" ".join(word for word in line.split(" ") if word) for line in "".join(shown).split("\n")).strip()


def _names(names: Sequence[str], conjunction: str) -> str:
    """Those names that leave something to show, listed."""
    return listed([shown for shown in map(showable, names) if shown], conjunction)


def _mostly_lost(text: str) -> bool:
    letters = [letter for letter in text if unicodedata.category(letter)[0] in "LN"]
    lost = [letter for letter in letters if showable(letter) == "·"]
    return len(lost) * 2 > len(letters)
