"""A story bound as a book: a web page that needs nothing else, and a PDF to print."""

from engine.book.gather import gather_book
from engine.book.html import bind_html
from engine.book.pdf import bind_pdf

__all__ = ["bind_html", "bind_pdf", "gather_book"]
