"""Ways into a story besides a turn: a whole text illustrated, a picture to start from, a missing page, a wish.

All of them end in turns and panels, which `engine.turn` plays and paints; here stands what comes before. The one
long-lasting thing, illustrating a text page by page, is a durable workflow of its own.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from engine.meaning.pronouns import Focus, resolve
from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    OwnerId,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    Past,
    Refused,
    Scene,
    Setting,
    SettingId,
    Sharing,
    StepId,
    Story,
    StoryId,
    StoryStep,
    StudioFailed,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.planning import stable_seed
from engine.turn import TurnRunner
from engine.ways.change_reading import read_change
from engine.ways.changes import Changed, apply_change
from engine.ways.filling import neighbours
from engine.ways.storyboard import BoardPage, BoardState, Storyboard, group_pages, page_turn_id, read_text
from engine.writers.correct import picture_words, plan_by_rules
from engine.writers.naming import Slots, clean_text

log = logging.getLogger(__name__)

#: A gallery message holds ten pictures.
GALLERY = 10
#: So many pages of the story before are read to the planner of a text.
PAGES_BEFORE = 6


class BoardStage(Protocol):
    """Where a text being illustrated is seen. Awaited verbs are facts and idempotent, as in `engine.ports.Stage`."""

    async def board_progress(self, venue_id: VenueId, board: Storyboard, done: int, total: int) -> None:
        """So many pictures of this text are there; the message changes in place. Key: the storyboard and its start."""
        ...

    async def board_done(self, venue_id: VenueId, board: Storyboard, panels: Sequence[Panel]) -> None:
        """The pictures of a text as galleries, and what can be done now."""
        ...


class Ways:
    """The ways into a story. One per process, beside the runner whose turns they lead to."""

    def __init__(self, runner: TurnRunner, stage: BoardStage) -> None:
        """Must be made before `runner.start()`: the workflow of illustrating is launched with the turns'."""
        self._runner = runner
        self._library, self._studio, self._durable = runner.library, runner.studio, runner.durable
        self._stage = stage
        runner.also(illustrate=self.illustrate)

    # --- a whole text ------------------------------------------------------------------------------

    async def read(self, board: Storyboard, on_page: Callable[[int, int], None] = lambda done, total: None,
                   ) -> Storyboard:
        """Plan the pages of a storyboard's text and keep it for review. `on_page(done, total)` tells how far it is.

        Raises `Refused` for a text that cannot be drawn. A page the writer cannot plan is planned by rules.
        """
        parts = read_text(board.text)
        scene = await self._scene(board)
        reader = _RuleReader(scene)
        words = group_pages(parts, reader.read)
        reader = _RuleReader(scene)
        pages: list[BoardPage] = []
        past = scene.past
        for index, page in enumerate(words):
            on_page(index, len(words))
            plain = reader.read(page)
            beat = await self._planned(replace(scene, past=past, turn=replace(scene.turn, text=page)), plain, index)
            pages.append(BoardPage(page, beat))
            past = (*past, Past("", "", page, (beat,)))[-PAGES_BEFORE:]
        board = replace(board, pages=tuple(pages), state=BoardState.REVIEW)
        await self._library.save_storyboard(board)
        return board

    async def _planned(self, scene: Scene, plain: Beat, index: int) -> Beat:
        """What a page shows: as the writer plans it, or by rules."""
        if not scene.cast:
            return plain
        try:
            step = await self._studio.write(scene, seed=stable_seed(scene.turn.turn_id, index),
                                            on_event=lambda event: None)
        except StudioFailed as failure:
            log.info("a page was planned by rules: %s", failure.reason)
            return plain
        return step.beats[0] if step.beats else plain

    async def _scene(self, board: Storyboard) -> Scene:
        """The story as whoever gave the text sees it now."""
        library = self._library
        story = await library.story(board.story_id)
        steps = await library.steps(board.story_id)
        past = tuple(Past("", "", step.prose, step.beats) for step in steps[-PAGES_BEFORE:])
        turn = Turn(TurnId(board.storyboard_id), board.story_id, board.owner_id, board.author, "", TurnKind.ILLUSTRATE)
        return Scene(story, turn, tuple(await self._cast(board.story_id, board.owner_id)),
                     tuple(await library.members(board.story_id)), tuple(await library.settings(board.story_id)),
                     past, 1, await library.wardrobe(board.story_id))

    async def _cast(self, story_id: StoryId, owner_id: OwnerId) -> list[Character]:
        """Everybody of a story whom this person may draw."""
        return [one for one in await self._library.cast(story_id)
                if one.usable and (one.sharing is not Sharing.ME or one.owner_id == owner_id)]

    async def draw(self, storyboard_id: str, count: int) -> None:
        """Draw the next `count` pages of a reviewed storyboard. Raises `Refused` when it is being drawn or is gone."""
        board = await self._library.storyboard(storyboard_id)
        await self._library.save_storyboard(await self._worded(board))
        since, until = board.drawn, min(board.drawn + count, len(board.pages))
        if not await self._library.change_board_state(storyboard_id, BoardState.REVIEW, BoardState.DRAWING,
                                                      since=since, until=until):
            raise Refused(reason="stale_button")
        await self._begin(replace(board, since=since, until=until))

    async def _worded(self, board: Storyboard) -> Storyboard:
        """The board with a sentence for every picture that a person has changed."""
        names = {one.character_id: one.name for one in await self._library.cast(board.story_id)}
        pages = tuple(page if page.beat.words else replace(page, beat=replace(page.beat, words=picture_words(
            _by_name(page.beat, names)))) for page in board.pages)
        return replace(board, pages=pages)

    async def _begin(self, board: Storyboard) -> None:
        await self._durable.start("illustrate", f"{board.storyboard_id}-from-{board.since}", board.storyboard_id,
                                  str(board.since), str(board.until))

    async def stop(self, storyboard_id: str) -> bool:
        """Stop after the picture that is being drawn. False when nothing was being drawn."""
        return await self._library.change_board_state(storyboard_id, BoardState.DRAWING, BoardState.STOPPING)

    async def resume(self) -> None:
        """Begin with texts that were to be drawn when the process died just before it could; the same again is one."""
        for state in (BoardState.DRAWING, BoardState.STOPPING):
            for board in await self._library.storyboards_in(state):
                await self._begin(board)

    async def illustrate(self, storyboard_id: str, first: str, last: str) -> None:
        """Pages `first` to `last` (not with it) of a storyboard, one turn each, in order. A durable workflow."""
        board = await self._library.storyboard(storyboard_id)
        story = await self._library.story(board.story_id)
        start, total, index = int(first), int(last) - int(first), int(first)
        while index < int(last) and await self._durable.commit("hand over", self._hand_over, board, index):
            turn_id = page_turn_id(storyboard_id, index)
            if total > 1:
                await self._durable.act("progress", self._stage.board_progress, story.venue_id, board, index - start,
                                        total)
            await self._durable.start("play_turn", turn_id, turn_id)
            await self._durable.finished(turn_id)
            index += 1
        await self._durable.commit("board drawn", self._close, storyboard_id)
        if total > 1:
            await self._durable.act("gallery", self._show_all, story, storyboard_id, start, index, total)

    async def _hand_over(self, board: Storyboard, index: int) -> bool:
        turn = Turn(page_turn_id(board.storyboard_id, index), board.story_id, board.owner_id, board.author, "",
                    TurnKind.ILLUSTRATE, created_at=datetime.now(UTC))
        return await self._library.hand_over_page(board.storyboard_id, index, turn)

    async def _close(self, storyboard_id: str) -> None:
        """All drawn: done. Stopped before: what is left can be looked through and drawn another time."""
        board = await self._library.storyboard(storyboard_id)
        state = BoardState.REVIEW if board.left else BoardState.DONE
        for before in (BoardState.DRAWING, BoardState.STOPPING):
            await self._library.change_board_state(storyboard_id, before, state)

    async def _show_all(self, story: Story, storyboard_id: str, first: int, last: int, total: int) -> None:
        board = await self._library.storyboard(storyboard_id)
        panels: list[Panel] = []
        for index in range(first, last):
            panels += await self._library.panels_of_step(StepId(f"{page_turn_id(storyboard_id, index)}-step"))
        await self._stage.board_progress(story.venue_id, board, last - first, total)
        await self._stage.board_done(story.venue_id, board, [panel for panel in panels
                                                             if panel.state is PanelState.DONE and panel.picture])

    # --- a picture to start from -------------------------------------------------------------------

    async def begin_with(self, board: Storyboard, kind: str, words: str) -> None:
        """Let a story begin at a place somebody has a picture of: page one, and the setting from then on.

        `board.picture` is that picture drawn over, square, RGB: it is what is kept, since every other light of the
        place is painted from it. `kind` is a word of `vocabulary.SETTINGS`, `words` the prose of the page.
        """
        seed = stable_seed(board.story_id, board.storyboard_id, "picture")
        name = f"the {kind}"
        await self._library.save_setting(board.story_id, Setting(
            SettingId(f"{board.story_id}:{seed:x}"), kind, name, seed, picture=board.picture))
        board = replace(board, text=words, state=BoardState.DRAWING, until=1,
                        pages=(BoardPage(words, Beat(name, (), kind, name)),))
        await self._library.save_storyboard(board)
        await self._begin(board)

    # --- the page between --------------------------------------------------------------------------

    async def fill(self, turn: Turn, first: StepId, second: StepId) -> StoryStep:
        """Take a turn that writes and draws the page between two others. Returns the page it will follow.

        Raises `Refused` where the two do not follow each other, see `engine.ways.filling.neighbours`.
        """
        one, other = neighbours(await self._library.steps(turn.story_id), first, second)
        await self._runner.accept(replace(turn, kind=TurnKind.FILL, before=other.step_id))
        return one

    async def take_out(self, step_id: StepId) -> tuple[StoryStep, list[Panel]]:
        """Take a page that fills a gap out again. Returns it with its panels. Raises `NotFound`, `Refused`."""
        panels = await self._library.panels_of_step(step_id)
        step = await self._library.step(step_id)
        if (await self._library.turn(step.turn_id)).kind is not TurnKind.FILL:
            raise Refused(reason="stale_button")
        return await self._library.take_out_step(step_id), panels

    # --- a wish ------------------------------------------------------------------------------------

    async def change(self, panel_id: PanelId, request: str, *, owner_id: OwnerId, locale: str,
                     request_id: str) -> Changed:
        """Paint a new version of a panel with somebody's wish granted and the rest kept. Returns what was changed.

        Raises `Refused` with what was not understood, see `engine.ways.change_reading`; nothing is changed then.
        """
        panel = await self._library.panel(panel_id)
        if panel.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{panel.state.value}")
        story = await self._library.story(panel.brief.story_id)
        cast = await self._cast(story.story_id, owner_id)
        known = await self._library.settings(story.story_id, at=panel.step_id)
        me = next((member.character_id for member in await self._library.members(story.story_id)
                   if member.owner_id == owner_id), None)
        here = {figure.character_id for figure in panel.brief.figures}
        others = [one for one in await self._library.cast(story.story_id)
                  if one.character_id in here and one not in cast]
        wish = read_change(request, panel.brief, [*cast, *others], known=known, author=me, owner=owner_id,
                           locale=locale)
        changed = apply_change(panel.brief, wish, story=story,
                               cast={one.character_id: one for one in [*cast, *others]}, known=known)
        brief = replace(changed.brief, words=words_of(changed.brief))
        version = await self._runner.next_version(panel)
        await self._library.plan_version(replace(
            panel, version=version, brief=brief, change=" ".join(request.split()), picture=None, underdrawing=None,
            boxes=(), verdict=None, recalled=(), alt_text=""))
        if changed.new_setting:
            await self._library.save_setting(story.story_id, brief.setting, at=panel.step_id)
        if wish.from_now_on and changed.worn:
            await self._library.wear_from(panel.step_id, changed.worn)
        await self._runner.draw_version(panel_id, owner_id, request_id, version)
        return changed

    async def flip(self, panel_id: PanelId, by: int) -> Panel:
        """Show the version before (`by` -1) or after (1) the one that is shown, round and round.

        Raises `Refused` when there is only one.
        """
        shown = await self._library.panel(panel_id)
        versions = await self._library.versions(panel_id)
        if shown.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{shown.state.value}")
        if len(versions) < 2:
            raise Refused(reason="one_version")
        at = next((index for index, each in enumerate(versions) if each.version == shown.version), 0)
        return await self._library.show_version(panel_id, versions[(at + by) % len(versions)].version)


class _RuleReader:
    """What sentences show, read by rules in the order of the text: who "she" is, and where we are, is remembered."""

    def __init__(self, scene: Scene) -> None:
        self._slots = Slots.of(scene)
        self._classes = {slot: character.pronouns.value for slot, character, _ in self._slots.members}
        self._focus: Focus | None = None
        self._here: Beat | None = None
        if scene.past and scene.past[-1].beats:
            self._here = self._slots.hide_beats(scene.past[-1].beats)[-1]

    def read(self, sentence: str) -> Beat:
        """The one picture of a sentence or page."""
        slots = self._slots
        resolved = resolve(slots.hide(clean_text(sentence)), self._classes, focus=self._focus)
        self._focus = resolved.focus
        beat = plan_by_rules(turn="", prose=resolved.text, author=None, here=self._here, slots=slots.ids,
                             first_person=False)[0]
        self._here = beat
        return slots.show_beats((replace(beat, words=picture_words(beat)),))[0]


def words_of(brief: PanelBrief) -> str:
    """One sentence: what a picture shows, by the names of those in it."""
    names: dict[CharacterId, CharacterId] = {
        figure.character_id: CharacterId(figure.name) for figure in brief.figures}
    cast = tuple(CastMember(names[figure.character_id], figure.action, figure.mood, figure.holding,
                            names.get(figure.toward) if figure.toward is not None else None)
                 for figure in sorted(brief.figures, key=lambda figure: figure.place.x))
    return picture_words(Beat("", cast, brief.setting.kind, "", brief.time_of_day, brief.weather, brief.shot,
                              tuple(name for name, _ in brief.props)[:2]))


def _by_name(beat: Beat, names: Mapping[CharacterId, str]) -> Beat:
    """A beat whose people are called by their names, for a sentence about it."""
    cast = tuple(replace(member, character_id=CharacterId(names[member.character_id]),
                         toward=CharacterId(names[member.toward]) if member.toward is not None
                         and member.toward in names else None)
                 for member in beat.cast if member.character_id in names)
    return replace(beat, cast=cast)


async def square_drawing(pixels: bytes, width: int, height: int, *, size_px: int) -> bytes:
    """A picture somebody uploaded (RGB pixels, height x width x 3) as a flat square drawing, PNG. Off the event loop.

    This is what is kept of it; `in_style` shows it as it will look in a book.
    """

    def draw() -> bytes:
        from PIL import Image

        from engine.mini.scenery.from_picture import draw_over, square

        cut = square(Image.frombytes("RGB", (width, height), pixels), size_px=size_px)
        out = io.BytesIO()
        draw_over(cut).save(out, "PNG")
        return out.getvalue()

    return await asyncio.to_thread(draw)


async def in_style(drawing: bytes, style: str) -> bytes:
    """A drawing (PNG) in a book's style, PNG. Off the event loop."""

    def dress() -> bytes:
        from PIL import Image

        from engine.mini.scenery import apply_style

        out = io.BytesIO()
        apply_style(Image.open(io.BytesIO(drawing)).convert("RGB"), style, seed=1).save(out, "PNG")
        return out.getvalue()

    return await asyncio.to_thread(dress)


async def kind_of(words: str, pixels: bytes, width: int, height: int) -> str:
    """The kind of place a picture may show, for the menu, or "". Off the event loop."""

    def guess() -> str:
        from PIL import Image

        from engine.mini.scenery.from_picture import guess_kind

        return guess_kind(words, Image.frombytes("RGB", (width, height), pixels))

    return await asyncio.to_thread(guess)

