"""What a story's words become before the mini writer reads them: pronouns are slots, things are tokens.

The same code reads a page for training and for use. Pages are read in the order of the story, so that "he" is who the
page before was about, and a thing keeps its token. Standard library and the engine's own rules only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.meaning.pronouns import Focus, resolve
from engine.meaning.relations import Person
from engine.nouns import CharacterId
from engine.writers.things import Things


class PageReader:
    """Reads one story from its first page to the last."""

    def __init__(self, classes: Mapping[CharacterId, str], nouns: Mapping[str, str], adjectives: Iterable[str],
                 people: Mapping[CharacterId, Person] | None = None) -> None:
        """`classes` maps slots to pronoun classes; `nouns` the nouns of the training world to their sorts; `people`
        says what else is known of the cast."""
        self._classes = classes
        self._people = people
        self._focus: Focus | None = None
        self.things = Things(nouns, adjectives)

    @property
    def focus(self) -> Focus | None:
        """Whom the story was about when the last text read stopped."""
        return self._focus

    def turn(self, text: str, author: CharacterId | None, owner: str = "") -> str:
        """A turn in slots with its pronouns resolved: "I hug her" is "ID_1 hug ID_2". Its things get their tokens.

        `owner` is who says "my sister".
        """
        resolved = resolve(text, self._classes, focus=self._focus, author=author, people=self._people, owner=owner)
        self._focus = resolved.focus
        self.things.register(resolved.text)
        return resolved.text

    def prose(self, text: str) -> None:
        """The page's prose in slots: who it was about is who the next turn's pronouns mean."""
        self._focus = resolve(text, self._classes, focus=self._focus, people=self._people).focus
