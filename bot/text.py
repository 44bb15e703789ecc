"""Cleaning what people type: names, turns and titles in, safe Discord text out.

Names are refused with a reason rather than silently changed, because a person should know what their character
is called. Shown names of people come from Discord and are cleaned, never refused.
"""

from __future__ import annotations

import re
import unicodedata

import discord

from engine.nouns import Refused

NAME_CHARACTERS = 40
TURN_CHARACTERS = 1500
TITLE_CHARACTERS = 80
DESCRIPTION_CHARACTERS = 300
PROSE_CHARACTERS = 3800                    # a Components V2 message holds 4000 characters in all

_MENTION = re.compile(r"@(?:everyone|here)\b|<(?:@[!&]?|#|a?:\w+:|/[^>]*:)\d+>|@", re.IGNORECASE)
_LINK = re.compile(r"https?://|discord\.gg/|www\.", re.IGNORECASE)
#: What Discord makes a link of: any address with a scheme, and invitations without.
_LINKED = re.compile(r"\w+:/{1,2}(?=\S)|(?:discord(?:app)?\.(?:gg|com|me|new)|dsc\.gg)/", re.IGNORECASE)
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"    # letters and symbols that show nothing
_NAME_SIGNS = frozenset(" '’-.,&0123456789")


def _hidden(character: str) -> bool:
    """True for what cannot be seen: control, bidirectional, zero-width, private-use and unassigned characters."""
    return unicodedata.category(character)[0] == "C" or character in _BLANKS


def clean_name(raw: str, *, limit: int = NAME_CHARACTERS) -> str:
    """A character's name, normalised (NFKC) with single spaces.

    Raises `Refused` with reason `name_empty`, `name_hidden`, `name_mention`, `name_too_long`, `name_letters` or
    `name_symbols`.
    """
    name = unicodedata.normalize("NFKC", raw)
    name = re.sub(r"[ \t\n\r\u00a0]+", " ", name).strip()
    if not name:
        raise Refused(reason="name_empty")
    if any(_hidden(character) for character in name):
        raise Refused(reason="name_hidden")
    if _MENTION.search(name) or _LINK.search(name):
        raise Refused(reason="name_mention")
    if len(name) > limit:
        raise Refused(reason="name_too_long", limit=limit, length=len(name))
    if not any(character.isalpha() for character in name):
        raise Refused(reason="name_letters")
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks > 3 or not (character.isalpha() or marks or character in _NAME_SIGNS):
            raise Refused(reason="name_symbols")
    return name


def clean_words(raw: str) -> str:
    """Free text, normalised (NFKC), without hidden characters; line breaks stay, at most one empty line in a row."""
    text = unicodedata.normalize("NFKC", raw).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    text = "".join(character for character in text if character == "\n" or not _hidden(character))
    text = re.sub(r"[ \u00a0]+", " ", text)
    return re.sub(r" ?\n ?(?:\n ?)+", "\n\n", text).strip()


def clean_turn(raw: str, *, limit: int = TURN_CHARACTERS) -> str:
    """What a person wrote as their turn.

    Raises `Refused` with reason `turn_empty`, or `turn_too_long` (facts: limit, length, both in characters).
    """
    text = clean_words(raw)
    if not any(unicodedata.category(character)[0] in "LNS" for character in text):
        raise Refused(reason="turn_empty")
    if len(text) > limit:
        raise Refused(reason="turn_too_long", limit=limit, length=len(text))
    return text


def clean_title(raw: str, fallback: str) -> str:
    """A story's title on one line, at most 80 characters; `fallback` where nothing is left."""
    title = " ".join(clean_words(_MENTION.sub("", raw)).split())
    return title[:TITLE_CHARACTERS].strip() or fallback


def clean_description(raw: str) -> str:
    """A few words about a character, at most 300 characters."""
    return clean_words(raw)[:DESCRIPTION_CHARACTERS].strip()


def shown_name(raw: str, fallback: str = "Somebody") -> str:
    """A person's shown name made safe: no hidden characters or mentions, at most 40 characters."""
    name = " ".join(clean_words(raw.replace("@", "")).split())
    return name[:NAME_CHARACTERS].strip() or fallback


def safe(text: str) -> str:
    """Text as Discord should show it: no Markdown, no mentions, no links, exactly as written."""
    escaped = discord.utils.escape_mentions(discord.utils.escape_markdown(text, ignore_links=False))
    escaped = re.sub(r"(?m)^(\s*)(#{1,3}|-#|>{1,3}|-|\d+\.)(?=\s)", r"\1\\\2", escaped)
    escaped = re.sub(r"<(?=[@#:/]|a:|t:|id:|https?:)", r"\\<", escaped)      # also of ids that are none
    return _LINKED.sub(lambda found: found[0].replace("/", "\\/"), escaped)


def quoted(text: str, *, limit: int = PROSE_CHARACTERS) -> str:
    """A person's words as a block quote."""
    return "\n".join("> " + line for line in safe(cut(text, limit)).split("\n"))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis says that something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def names_in(text: str, names: list[str]) -> list[str]:
    """Which of `names` stand in `text` as whole words, whatever the case (possessive endings count)."""
    return [name for name in names
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)|(?<!\w){re.escape(name)}(?='?s\b)", text, re.IGNORECASE)]
