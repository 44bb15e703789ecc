"""What the command line says of a story, read before anything is opened: who is in it, and the turns of a script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.text import clean_description, clean_name, clean_turn, shown_name
from bot.wording import Words
from engine.cast.measuring import look_from_words, measure_look
from engine.cast.photos import MIB, open_photo
from engine.nouns import BadPhoto, Consent, Look, Pronouns, Refused, StorythreadError
from engine.settings import Settings

CONSENT_POLICY = 1
PHOTO_LIMIT_BYTES = 25 * MIB
#: Who writes the lines of a script that name nobody.
YOU = "you"


class Misuse(Exception):
    """The command line asks for something that cannot be: one plain sentence."""


class InTheWay(StorythreadError):
    """Something must be finished by somebody else first."""


@dataclass(frozen=True, slots=True)
class Audition:
    """Somebody who may be cast: all that a character needs, before anything is kept."""

    name: str
    pronouns: Pronouns
    look: Look
    description: str
    consent: Consent | None
    findings: tuple[str, ...] = ()         # keys of sentences about the photo


async def audition(settings: Settings, order: str) -> Audition | str:
    """`Name=photo.jpg,she[,words]` or `Name=words[,she]`; a bare `Name` is one that was kept before.

    Raises `Misuse`.
    """
    name, mark, rest = order.partition("=")
    if not mark:
        return _name(settings, order)
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    if not parts:
        raise Misuse(f'{order!r} says nothing of how they look: write "Name=photo.jpg,she" or '
                     '"Name=a small green dragon,it".')
    spoken = {part.lower() for part in parts} & set(Pronouns)
    pronouns = Pronouns(next((part.lower() for part in parts if part.lower() in spoken), Pronouns.ANY))
    about = ", ".join(part for part in parts if part.lower() not in spoken)
    photos, description = photos_and_words(order, about)
    return await auditioned(settings, _name(settings, name), pronouns, description, photos,
                             "not_a_person" if pronouns is Pronouns.IT else "adult_agreed")


def _name(settings: Settings, raw: str) -> str:
    try:
        return clean_name(raw, limit=settings.limits.name_characters)
    except Refused as refusal:
        raise Misuse(f"{raw.strip()!r}: {Words('en').reason(refusal.reason, **refusal.facts)}") from None


def photos_and_words(order: str, about: str) -> tuple[list[Path], str]:
    """The parts that name files, and the rest. Raises `Misuse` for a file that is not there."""
    whole = Path(about.strip()).expanduser()
    if about.strip() and whole.suffix and whole.is_file():        # a name with a comma in it
        return [whole], ""
    photos, said = [], []
    for part in (part.strip() for part in about.split(",")):
        path = Path(part).expanduser()
        if part and re.fullmatch(r"\.\w{2,5}", path.suffix) and not path.suffix[1:].isdigit():
            if not path.is_file():
                raise Misuse(f"{order!r}: there is no file {path}.")
            photos.append(path)
        elif part:
            said.append(part)
    return photos, ", ".join(said)


async def auditioned(settings: Settings, name: str, pronouns: Pronouns, description: str, photos: Sequence[Path],
                      who_agreed: str) -> Audition:
    """Look at the photos, guided by the words; without photos, what the words alone say. Raises `Misuse`."""
    description = clean_description(description)
    if not photos:
        return Audition(name, pronouns, look_from_words(description, pronouns), description, None)
    try:
        if len(photos) > settings.limits.photos:
            raise Refused(reason="photos_too_many", limit=settings.limits.photos)
        opened = [await open_photo(await asyncio.to_thread(_read_photo, photo)) for photo in photos]
        casting = await asyncio.to_thread(measure_look, opened, description, pronouns=pronouns)
    except StorythreadError as error:
        raise Misuse(f"{name}: {Words('en').reason(error.reason, **error.facts)}") from None
    return Audition(name, pronouns, casting.look, description, Consent(who_agreed, CONSENT_POLICY, datetime.now(UTC)),
                    casting.findings)


def _read_photo(path: Path) -> bytes:
    try:
        if path.stat().st_size > PHOTO_LIMIT_BYTES:
            raise BadPhoto(reason="photo_too_large", limit_mib=PHOTO_LIMIT_BYTES // MIB)
        return path.read_bytes()
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {(error.strerror or 'no such file').lower()}.") from None


def refuse_twins(cast: Sequence[Audition | str]) -> None:
    names = [(one if isinstance(one, str) else one.name) for one in cast]
    for name in names:
        if sum(name.casefold() == other.casefold() for other in names) > 1:
            raise Misuse(f"Two characters are called {name}: give each a name of their own.")


def read_script(path: Path, limit: int) -> list[tuple[str, str]]:
    """(author, text) a line; `Name: text` names the author. Empty lines and lines that begin with # are left out.

    A name is one to three words, the first a letter. Raises `Misuse` naming the line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {(error.strerror or 'no such file').lower()}.") from None
    except UnicodeDecodeError:
        raise Misuse(f"{path} is not text in UTF-8.") from None
    turns = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        named = re.match(r"^([^\W\d_][\w'’.-]*(?: [\w'’.-]+){0,2}):\s+(.+)$", line.strip())
        author, text = (shown_name(named[1], YOU), named[2]) if named else (YOU, line)
        try:
            turns.append((author, clean_turn(text, limit=limit)))
        except Refused as refusal:
            raise Misuse(f"{path}, line {number}: {Words('en').reason(refusal.reason, **refusal.facts)}") from None
    if not turns:
        raise Misuse(f"{path} has no turns in it: write one a line.")
    return turns
