"""A book as one web page: pictures and letters inside, nothing fetched, nothing run."""

from __future__ import annotations

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.book.words import listed, words_for
from engine.nouns import Book

_HERE = Path(__file__).parent


def bind_html(book: Book) -> str:
    """The whole book as HTML. Everything people wrote is escaped; every address in it is a `data:` URI."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters["png"] = lambda picture: _data_uri("image/png", picture)
    words = words_for(book.locale)
    return environment.get_template("book.html.j2").render(
        book=book, words=words, writers=listed(book.writers, words["and"]),
        cast=listed([name for name, _, _ in book.cast], words["and"]),
        fonts=[(style, weight, _data_uri("font/ttf", (_HERE / "fonts" / f"StorythreadReading-{name}.ttf").read_bytes()))
               for name, style, weight in (("Regular", "normal", 400), ("Bold", "normal", 700),
                                           ("Italic", "italic", 400))])


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
