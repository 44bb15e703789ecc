"""From the library to a `Book`: every step on the path to the head, one page a panel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from engine.labels import PAPER_DOLLS, Labels
from engine.nouns import Book, NotFound, Page, Panel, PanelState, PictureId, StoreUnusable, Story, StoryId, StoryStep
from engine.ports import Library

_SENTENCE = re.compile(r".+?(?:[.!?…]+[\"'”’»)]*(?=\s|$)|$)", re.DOTALL)


async def gather_book(library: Library, story_id: StoryId, labels: Labels) -> Book:
    """Everything of a story as it stands, each picture labelled as generated.

    Raises `NotFound`; a picture that cannot be read leaves its page without.
    """
    story = await library.story(story_id)
    steps = await library.steps(story_id)
    panels: dict[str, list[Panel]] = {}
    for panel in await library.panels(story_id):
        if panel.state is PanelState.DONE and panel.picture is not None:
            panels.setdefault(panel.step_id, []).append(panel)
    pages: list[Page] = []
    for step in steps:
        pages += await _pages_of(library, step, panels.get(step.step_id, []), labels)
    cast = [(character.name, character.description,
             await _picture(library, character.avatar, labels, character.drawn_by))
            for character in await library.cast(story_id)]
    painters = dict.fromkeys(panel.painter for drawn in panels.values() for panel in drawn if panel.painter)
    if not painters and (panels or any(avatar for *_, avatar in cast)):
        painters = {PAPER_DOLLS: None}
    return Book(story.title, story.locale, tuple(pages), tuple(cast), await _writers(library, story, pages),
                ", ".join(painters))


async def _pages_of(library: Library, step: StoryStep, panels: Sequence[Panel], labels: Labels) -> list[Page]:
    """One page a panel, the prose shared out between them in order; a step without panels is a page of words.

    Of a page whose words were reported there are its pictures alone.
    """
    turn = await library.turn(step.turn_id)
    if turn.locked and not panels:
        return []
    shares = share_out(step.prose, max(1, len(panels)))
    pages = []
    for number, share in enumerate(shares):
        panel = panels[number] if number < len(panels) else None
        first = number == 0
        pages.append(Page(
            share, turn.author if first else "", turn.text if first and not turn.locked else "",
            await _picture(library, panel.picture, labels, panel.painter) if panel else None,
            panel.alt_text if panel and not turn.locked else ""))
    return pages


def share_out(prose: str, parts: int) -> list[str]:
    """Prose in that many consecutive parts, cut between sentences, as equal as sentences allow; some may be empty."""
    sentences = [found.group().strip() for found in _SENTENCE.finditer(prose) if found.group().strip()]
    whole = sum(map(len, sentences)) or 1
    shares: list[list[str]] = [[] for _ in range(parts)]
    before = 0
    for sentence in sentences:
        # The part in which the sentence's middle falls.
        shares[min(parts - 1, int((before + len(sentence) / 2) / whole * parts))].append(sentence)
        before += len(sentence)
    return [" ".join(share) for share in shares]


async def _picture(library: Library, picture: PictureId | None, labels: Labels,
                   painter: str = PAPER_DOLLS) -> bytes | None:
    if picture is None:
        return None
    try:
        png = await library.picture(picture)
    except (NotFound, StoreUnusable):      # one lost picture must not cost somebody the whole book
        return None
    return await asyncio.to_thread(labels.label, png, painter)


async def _writers(library: Library, story: Story, pages: Sequence[Page]) -> tuple[str, ...]:
    """Who wrote, in the order they first did; then whoever only sat in."""
    wrote = [page.author for page in pages if page.author and page.turn_text]
    seated = [member.name for member in await library.members(story.story_id)]
    return tuple(dict.fromkeys([*wrote, *seated]))
