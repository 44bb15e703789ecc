"""The wall in front of every painter: nothing sexual and nothing gory is painted, whoever is in it, for whomever.

It stands in the studio's process, around the painter itself, and knows no story, no rating, no setting and no
consent: so there is nothing that could switch it off, forget it or talk it round. It reads every text of a brief, also
those of fields that do not exist yet. Where anybody at all is in the picture it is stricter: whoever was made from a
photo, or is a child, is not told apart from the others, so that no lost mark can make a difference. Standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from engine.nouns import Painting, PanelBrief, Sitting, StudioFailed, Underdrawing
from engine.safety.rules import WALLED, findings

if TYPE_CHECKING:
    from engine.ports import Painter, Portraitist

#: Fields that hold ids made by the program, and no words.
IDS: Final = frozenset({"panel_id", "story_id", "setting_id", "character_id", "toward", "picture"})
#: The least level that is stopped: with figures even what a teenager's story may tell of, a bleeding nose say.
WITH_FIGURES: Final = 1
WITHOUT: Final = 3


def stopped(brief: PanelBrief | Sitting) -> str:
    """The subject for which something is never painted, or "": each of its texts alone, and all of them together."""
    texts = list(dict.fromkeys(texts_of(brief)))
    least = WITH_FIGURES if isinstance(brief, Sitting) or brief.figures else WITHOUT
    for text in (*texts, " . ".join(texts)):
        for finding in findings(text):
            if finding.subject in WALLED and finding.level >= least:
                return finding.subject
    return ""


def texts_of(value: object, name: str = "") -> Iterator[str]:
    """Every text in a noun, however deep it lies; ids and words of enumerations left out."""
    if isinstance(value, str):
        if name not in IDS and not isinstance(value, Enum) and value:
            yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name), field.name)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts_of(key)
            yield from texts_of(each)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from texts_of(each, name)


class Walled:
    """A painter behind the wall. The studio keeps no other: see `engine.studio.host.Models`."""

    def __init__(self, painter: Painter) -> None:
        self.__painter = painter

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__painter, name)   # its name, its size: everything but the way to its brush

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        """As `engine.ports.Painter`. Raises `StudioFailed` with reason "walled" before a single pixel is made."""
        if stopped(brief):
            raise StudioFailed("the wall stopped a brief", reason="walled")
        return self.__painter.paint(brief, underdrawing, references, seed=seed, on_step=on_step)

    def paint_avatar(self, sitting: Sitting, *, seed: int,
                     on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        """As `engine.ports.Portraitist`, behind the same wall; "studio_failed" where this painter is none."""
        if stopped(sitting):
            raise StudioFailed("the wall stopped an avatar", reason="walled")
        if not getattr(self.__painter, "paints_from_photos", False):
            raise StudioFailed("this painter paints nobody from photos")
        portraitist: Portraitist = self.__painter  # type: ignore[assignment]
        return portraitist.paint_avatar(sitting, seed=seed, on_step=on_step)
