"""The few emoji the bot puts on buttons, as small drawings: a page must not depend on an emoji font being there."""

from __future__ import annotations

import functools
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "templates" / "icons"
DRAWN = {"✏": "pencil", "📖": "book", "👋": "hand", "🎨": "palette", "↩": "back", "💛": "heart", "🎲": "die",
         "🖍": "crayon", "🔁": "again", "⭐": "star", "🚩": "flag", "🪄": "wand", "❓": "question", "🏷": "tag",
         "👍": "thumb", "🔀": "fork", "✋": "palm"}


@functools.cache
def icon(emoji: str) -> str:
    """An emoji as inline SVG, or "" for one that is not drawn here."""
    name = DRAWN.get(emoji.rstrip("\ufe0f"))
    return (FOLDER / f"{name}.svg").read_text("utf-8").strip() if name else ""
