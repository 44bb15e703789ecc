"""A story bound as a book: a web page that needs nothing else, and a PDF to print."""

from __future__ import annotations

import asyncio

from engine.book.gather import gather_book
from engine.book.html import bind_html
from engine.book.pdf import bind_pdf
from engine.labels import Labels
from engine.nouns import StoryId
from engine.ports import Library

__all__ = ["bind_book", "bind_html", "bind_pdf", "gather_book"]


async def bind_book(library: Library, story_id: StoryId, labels: Labels) -> tuple[bytes, bytes]:
    """A story as it stands, as HTML (UTF-8) and as PDF. What was generated in them says so, signed.

    Raises `NotFound`.
    """
    book = await gather_book(library, story_id, labels)
    html, pdf = await asyncio.to_thread(bind_html, book), await asyncio.to_thread(bind_pdf, book)
    return html.encode(), await asyncio.to_thread(labels.label_book, pdf, book.painter) if book.painter else pdf
