"""Discord's markdown as HTML: what a message's text looks like in the app. Everything else is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

_INLINE = (
    (re.compile(r"\*\*\*(.+?)\*\*\*"), r"<strong><em>\1</em></strong>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"__(.+?)__"), r"<u>\1</u>"),
    (re.compile(r"\*(.+?)\*"), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)_(.+?)_(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"~~(.+?)~~"), r"<s>\1</s>"),
    (re.compile(r"\|\|(.+?)\|\|"), r'<span class="spoiler">\1</span>'),
)
_HELD = "\x00"                             # stands for a piece that is finished and must not be touched again


def to_html(text: str, name_of: Callable[[str, int], str]) -> str:
    """Discord markdown to safe HTML.

    `name_of(kind, id)` gives the shown name of a mention; kind is "@", "@&" or "#".
    """
    blocks = []
    for index, part in enumerate(re.split(r"```(?:\w*\n)?(.*?)```", text, flags=re.DOTALL)):
        if index % 2:
            blocks.append(f"<pre><code>{escape(part)}</code></pre>")
        else:
            blocks.append(_lines(part, name_of))
    return "".join(blocks)


def _lines(text: str, name_of: Callable[[str, int], str]) -> str:
    out: list[str] = []
    quoting = listing = False
    for line in text.split("\n"):
        quote = re.match(r"^>\s(.*)$", line) or re.match(r"^>>>\s(.*)$", line)
        item = re.match(r"^\s*[-*]\s+(.*)$", line)
        heading = re.match(r"^(#{1,3})\s+(.*)$", line)
        small = re.match(r"^-#\s+(.*)$", line)
        if quoting and not quote:
            out.append("</blockquote>")
            quoting = False
        if listing and not item:
            out.append("</ul>")
            listing = False
        if quote:
            out.append("<br>" if quoting else "<blockquote>")
            quoting = True
            out.append(_inline(quote[1], name_of))
        elif small:
            out.append(f"<small>{_inline(small[1], name_of)}</small>")
        elif heading:
            level = len(heading[1])
            out.append(f"<h{level}>{_inline(heading[2], name_of)}</h{level}>")
        elif item:
            if not listing:
                out.append("<ul>")
                listing = True
            out.append(f"<li>{_inline(item[1], name_of)}</li>")
        elif line.strip():
            out.append(f"<p>{_inline(line, name_of)}</p>")
        else:
            out.append('<p class="gap"></p>')
    if quoting:
        out.append("</blockquote>")
    if listing:
        out.append("</ul>")
    return "".join(out)


def _inline(text: str, name_of: Callable[[str, int], str]) -> str:
    held: list[str] = []

    def hold(html: str) -> str:
        held.append(html)
        return f"{_HELD}{len(held) - 1}{_HELD}"

    text = text.replace(_HELD, "")
    text = re.sub(r"`([^`]+)`", lambda m: hold(f"<code>{escape(m[1])}</code>"), text)
    text = re.sub(r"\\([^\w\s])", lambda m: hold(escape(m[1])), text)
    text = re.sub(r"<(@&?|#)!?(\d+)>", lambda m: hold(
        f'<span class="mention">{escape(("#" if m[1] == "#" else "@") + name_of(m[1], int(m[2])))}</span>'), text)
    text = re.sub(r"</([\w -]+):\d+>", lambda m: hold(f'<span class="mention">/{escape(m[1])}</span>'), text)
    text = escape(text, quote=False)
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    while _HELD in text:
        text = re.sub(f"{_HELD}(\\d+){_HELD}", lambda m: held[int(m[1])], text)
    return text
