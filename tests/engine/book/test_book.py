"""Books: whole, self-contained, harmless, and readable whatever people called themselves."""

import base64
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from PIL import Image
from pypdf import PdfReader

from engine.book import bind_book, bind_html, bind_pdf, gather_book
from engine.book.gather import share_out
from engine.book.pdf import showable
from engine.labels import BY_A_MODEL, BY_RULES, PDF, PNG, WITH_A_MODEL, Labels, generated_in, read_label
from engine.nouns import (
    Book,
    Character,
    Look,
    NotFound,
    Page,
    Panel,
    PanelBrief,
    PanelState,
    Pronouns,
    Setting,
    Story,
    StoryStep,
    Turn,
    TurnKind,
)
from engine.settings import load_settings
from engine.store import open_library


def pixels(picture: bytes) -> bytes:
    return Image.open(io.BytesIO(picture)).convert("RGBA").tobytes()


def png(colour="#88aacc", size=(64, 64), mode="RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, "PNG")
    return out.getvalue()


PICTURE, AVATAR = png(), png("#aa664480", (40, 80), "RGBA")
BOOK = Book("Mia og den tabte lygte", "da", (
    Page("Så gik de ned til åen, hvor æblerne lå.", "Ann", "Mia vil ud!", PICTURE, "Mia ved åen"),
    Page("Der var én båd.", picture_png=png("#335577")),
    Page("Slut blev det ikke."),
), (("Mia", "en pige", AVATAR), ("Boo", "", None)), ("Ann", "Bo"), "mini@abc", datetime(2026, 11, 21, tzinfo=UTC))

HOSTILE = '<script>alert(1)</script><img src="http://evil.example/x.png" onerror=alert(2)> {{ 7*7 }} "\'>&amp;'


class Tags(HTMLParser):
    """Every tag with its attributes, and the text people read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


# --- HTML ------------------------------------------------------------------------------------------

def test_the_web_page_needs_nothing_else():
    page = bind_html(BOOK)
    found = Tags(page)
    assert {tag for tag, _ in found.tags} & {"script", "link", "iframe", "object", "form", "a"} == set()
    addresses = [value for _, attrs in found.tags for name, value in attrs.items() if name in ("src", "href", "srcset")]
    addresses += re.findall(r"url\(\"?([^\")]*)", page)
    assert addresses and all(address.startswith("data:") for address in addresses)
    assert "http://" not in page and "https://" not in page
    assert ("html", {"lang": "da"}) in found.tags


def test_the_web_page_says_everything():
    found = Tags(bind_html(BOOK))
    for words in (BOOK.title, "Mia vil ud!", "Så gik de ned til åen", "Slut blev det ikke.", "En historie af Ann og Bo",
                  "Billederne er genereret af en computer: mini@abc", "2026-11-21"):
        assert words in found.text, words
    alts = [attrs["alt"] for tag, attrs in found.tags if tag == "img"]
    assert alts == ["en pige", "Mia ved åen", ""]
    assert "A story by Ann and Bo" in Tags(bind_html(replace(BOOK, locale="en"))).text
    assert "The end" in Tags(bind_html(replace(BOOK, locale="xx-YY"))).text


def test_hostile_words_are_only_words():
    page = replace(BOOK.pages[0], prose=HOSTILE, turn_text=HOSTILE, author=HOSTILE, alt_text=HOSTILE)
    book = replace(BOOK, title=HOSTILE, pages=(page,), cast=((HOSTILE, HOSTILE, AVATAR),), writers=(HOSTILE,),
                   painter=HOSTILE, locale='en" onload="x')
    found = Tags(bind_html(book))
    assert {tag for tag, _ in found.tags} & {"script"} == set()
    assert not [attrs for _, attrs in found.tags if any(name.startswith("on") for name in attrs)]
    assert all(attrs["src"].startswith("data:") for tag, attrs in found.tags if tag == "img")
    assert "{{ 7*7 }}" in found.text and " 49 " not in found.text
    assert "alert(1)" in text_of(bind_pdf(book))[1]


# --- PDF -------------------------------------------------------------------------------------------

def test_the_pdf_has_a_title_page_a_page_each_and_credits():
    pdf = bind_pdf(BOOK)
    pages = text_of(pdf)
    assert len(pages) == 1 + 3 + 1
    assert "Mia og den" in pages[0] and "Boo" in pages[0] and "Ann og Bo" in pages[0]
    assert "Så gik de ned til åen, hvor æblerne lå." in " ".join(pages[1].split())
    assert "Mia vil ud!" in pages[1] and "Ann" in pages[1]
    assert "genereret af en computer: mini@abc" in pages[-1]
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata.title == BOOK.title
    assert [len(page.images) for page in reader.pages] == [1, 1, 1, 0, 0]
    assert bind_pdf(BOOK) == pdf                   # the same book gives the same bytes


def test_every_font_of_the_pdf_is_inside_it():
    fonts = set()
    for page in PdfReader(io.BytesIO(bind_pdf(BOOK))).pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font["/FontDescriptor"], font["/BaseFont"]
            fonts.add(font["/BaseFont"].partition("+")[2])
    assert "StorythreadReading-Regular" in fonts


@pytest.mark.parametrize("book", [
    Book("", "en", ()),
    Book("T" * 500, "en", (Page(""),), tuple((f"Name {number}" * 5, "", AVATAR) for number in range(40))),
    Book("😀🎉", "en", (Page("😀", "👻", "🎈", PICTURE),), (("🦊", "", None), ("", "", None)), ("👻",)),
    replace(BOOK, pages=(Page("Wide.", picture_png=png(size=(300, 20))), Page("High.", picture_png=png(size=(9, 90))))),
])
def test_strange_books_are_bound_too(book):
    assert len(text_of(bind_pdf(book))) == len(book.pages) + 2
    assert Tags(bind_html(book)).tags


def test_long_words_go_on_overleaf_and_none_is_lost():
    words = [f"word{number}" for number in range(1200)]
    pages = text_of(bind_pdf(Book("Long", "en", (Page(" ".join(words), "Ann", "x" * 3000, PICTURE),))))
    assert len(pages) > 3
    found = re.findall(r"word\d+", " ".join(pages))
    assert found == words


def test_a_turn_of_full_length_stays_on_one_page_with_its_picture():
    prose = "She walked on through the tall grass and sang. " * 17           # 800 characters
    assert len(text_of(bind_pdf(Book("B", "en", (Page(prose, "Ann", "We go. " * 60, PICTURE),))))) == 3


def test_letters_the_book_does_not_have_do_no_harm():
    assert showable("Æblegrød, naïve Łódź, Việt, Жук!") == "Æblegrød, naïve Łódź, Việt, Жук!"
    assert showable("Hi 😀👩‍👩‍👧 there\u202e") == "Hi there"
    assert showable("𝓜𝓲𝓪 Ⅷ") == "Mia VIII"
    assert showable("a\u3000b\tc") == "a b c"
    arabic = "مرحبا بالعالم"
    pages = text_of(bind_pdf(Book("B", "en", (Page(arabic, picture_png=PICTURE),))))
    assert "Its web page shows them" in " ".join(pages[1].split())
    assert arabic in Tags(bind_html(Book("B", "ar", (Page(arabic),)))).text


# --- gathering -------------------------------------------------------------------------------------

def test_prose_is_shared_out_between_sentences():
    prose = "One is here. Two is “there!” Three is gone… Four?"
    assert share_out(prose, 1) == [prose]
    assert share_out(prose, 2) == ["One is here. Two is “there!”", "Three is gone… Four?"]
    for parts in (1, 2, 3, 5):
        assert " ".join(share for share in share_out(prose, parts) if share) == prose
    assert share_out("", 2) == ["", ""]
    assert share_out("No end", 2) in (["No end", ""], ["", "No end"])


async def test_a_book_is_the_path_to_the_head(tmp_path):
    settings = load_settings(home=tmp_path / "home", master_key_file=tmp_path / "key")
    library, labels = await open_library(settings), Labels(settings)
    await library.save_story(Story("s", "v", "", "1", "The lantern"))
    avatar = await library.keep_picture(AVATAR, owner_id="1")
    await library.save_character(Character("c", "1", "Mia", Pronouns.SHE, Look(), "brave", avatar))
    await library.add_to_cast("s", "c")
    parent, kept = None, []
    for number, (author, text, kind, drawn) in enumerate([
        ("Ann", "We go.", TurnKind.WRITE, 2), ("", "", TurnKind.NEXT_PAGE, 0), ("Ben", "Gone.", TurnKind.WRITE, 1),
    ]):
        await library.accept_turn(Turn(f"t{number}", "s", "1", author, text, kind))
        step = StoryStep(f"t{number}-step", "s", f"t{number}", f"First {number}. Then {number}.", (), parent)
        await library.save_step(step)
        parent = step.step_id
        for index in range(drawn):
            picture = await library.keep_picture(png(f"#{number}{index}{number}"), owner_id="1")
            kept.append(picture)
            await library.save_panel(Panel(
                f"{step.step_id}.{index}", step.step_id, index,
                PanelBrief(f"{step.step_id}.{index}", "s", "w", (), Setting("x", "beach", "the beach", 1)),
                PanelState.DONE, picture, painter="mini@1", alt_text=f"alt {number}{index}"))
    await library.save_panel(replace(await library.panel("t0-step.0"), panel_id="t0-step.2", index=2,
                                     state=PanelState.FAILED, picture=None))
    await library.undo("s")

    book = await gather_book(library, "s", labels)
    assert [(page.author, page.turn_text, page.prose, page.alt_text) for page in book.pages] == [
        ("Ann", "We go.", "First 0.", "alt 00"), ("", "", "Then 0.", "alt 01"), ("", "", "First 1. Then 1.", "")]
    for page, one in zip(book.pages[:2], kept[:2], strict=True):
        assert page.picture_png and pixels(page.picture_png) == pixels(await library.picture(one))
        label = read_label(page.picture_png)
        assert label and (label["state"], label["painter"], label["source"]) == ("Valid", "mini@1", BY_A_MODEL)
    assert book.pages[2].picture_png is None
    [(name, about, avatar_png)] = book.cast
    assert avatar_png and pixels(avatar_png) == pixels(AVATAR) and read_label(avatar_png)["source"] == BY_RULES
    assert (book.title, name, about, book.writers, book.painter) == ("The lantern", "Mia", "brave", ("Ann",), "mini@1")
    for said in re.findall(r'data:image/png;base64,([^"]+)', bind_html(book)):
        assert read_label(base64.b64decode(said))["state"] == "Valid", "as it is in the final file"
    html, pdf = await bind_book(library, "s", labels)
    states = [(kind, (read_label(each, kind=kind) or {}).get("state"))
              for name, content in (("b.html", html), ("b.pdf", pdf)) for _, kind, each in generated_in(name, content)]
    assert states == [(PNG, "Valid")] * 3 + [(PDF, "Valid")]
    whole = read_label(pdf, kind=PDF)
    assert whole and (whole["painter"], whole["source"]) == ("mini@1", WITH_A_MODEL)
    note = "Pictures were generated by a computer: mini@1."
    assert note in html.decode() and note in " ".join(text_of(pdf)[-1].split())
    changed = bytearray(pdf)
    changed[changed.index(b"stream") + 100] ^= 1
    assert (read_label(bytes(changed), kind=PDF) or {}).get("state") == "Invalid"

    for file in (tmp_path / "home" / "pictures").rglob("*"):
        if file.is_file() and file.name == kept[1]:
            file.write_bytes(b"damaged")
    assert [page.picture_png is None for page in (await gather_book(library, "s", labels)).pages] == [False, True, True]
    with pytest.raises(NotFound):
        await gather_book(library, "none", labels)
    await library.close()
