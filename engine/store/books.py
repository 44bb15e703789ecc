"""Books in folders on this machine: which story was written where, so that erasing finds them too.

`storythread play` and `storythread export` write a story into a folder of somebody's choice. Beside the data it is
noted which; where the story is erased, or somebody in it, the files that were written are deleted from there. In a
folder that two stories were written into they cannot be told apart: all of them go.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote, unquote

#: What is ever written into such a folder: nothing else in it is touched.
WRITTEN = ("book.html", "book.pdf", "report.json", "panels/panel-*.png")


def note_book(home: Path, story_id: str, folder: Path) -> None:
    """A story is written into this folder; before anything of it is."""
    place = str(folder.absolute())
    before = _folders(_note(home, story_id))
    if place in before:
        return
    _note(home, story_id).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = home / "books" / f"{secrets.token_hex(4)}.new"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump([*before, place], file)
    beside.replace(_note(home, story_id))


def noted_stories(home: Path) -> set[str]:
    """The stories of which something was written."""
    return {unquote(note.stem) for note in (home / "books").glob("*.json")}


def drop_books(home: Path, stories: Collection[str]) -> int:
    """Delete the books of these stories, and the notes of them. Returns how many files. Twice changes nothing.

    Raises `OSError` where a file cannot be deleted: its note stays, and the next time tries again.
    """
    files = 0
    for story_id in sorted(noted_stories(home) & set(stories)):
        note = _note(home, story_id)
        for folder in map(Path, _folders(note)):
            for file in [each for pattern in WRITTEN for each in folder.glob(pattern)]:
                file.unlink(missing_ok=True)
                files += 1
            for empty in (folder / "panels", folder):
                if empty.is_dir() and not any(empty.iterdir()):
                    empty.rmdir()
        note.unlink()
    return files


def _note(home: Path, story_id: str) -> Path:
    return home / "books" / f"{quote(story_id, safe='')}.json"


def _folders(note: Path) -> list[str]:
    try:
        kept = json.loads(note.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return [each for each in kept if isinstance(each, str)] if isinstance(kept, list) else []
