"""The terminal as a stage: streamed prose, a progress bar for each panel, the picture inline where it can be shown."""

from __future__ import annotations

import asyncio
import io
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from rich.console import Console, ConsoleRenderable
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.wording import Words
from engine.events import Event, Painted, ProseGrew, Queued
from engine.labels import Labels
from engine.nouns import MessageId, Panel, PanelId, StoryId, StoryStep, Turn, TurnId, TurnKind, VenueId

PICTURE_COLUMNS = 48
NOBODY_S = 2.0                                 # until it is told that nobody is there who writes or paints


@dataclass(slots=True)
class TurnTimes:
    """What happened in one turn, and when: seconds after it was taken."""

    author: str = ""
    kind: TurnKind = TurnKind.WRITE
    started: float = field(default_factory=monotonic)
    prose_s: float | None = None
    first_preview_s: float | None = None
    panels_s: list[float] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)       # file names, or the panel's id where no file was written
    failures: list[str] = field(default_factory=list)     # keys of sentences


class TerminalStage:
    """Implements `engine.ports.Stage` on a Rich console.

    Panels of `story_id` are written to `folder`; those of other stories (a page that was cut short last time) are
    only shown. Call `look_at_terminal` once before anything is read from the keyboard.
    """

    def __init__(self, console: Console, *, folder: Path, story_id: StoryId, labels: Labels,
                 locale: str = "en") -> None:
        self.console = console
        self.words = Words(locale)
        self.times: dict[TurnId, TurnTimes] = {}
        self.pictures: dict[PanelId, Path] = {}
        self.newest: PanelId | None = None
        self._folder = folder
        self._story_id = story_id
        self._labels = labels
        self._numbered = 0
        self._nobody: asyncio.TimerHandle | None = None       # until it is told that nobody is there who works
        self._painter = ""                     # of the last picture, without its revision
        self._draw: Callable[[bytes], ConsoleRenderable] | None = None
        self._progress: Progress | None = None
        self._bars: dict[PanelId, tuple[TaskID, int]] = {}
        self._prose: Live | None = None

    @property
    def failures(self) -> list[str]:
        """Keys of the sentences about what did not work out."""
        return [reason for times in self.times.values() for reason in times.failures]

    def look_at_terminal(self) -> None:
        """Ask the terminal whether it can show pictures: sixel, kitty, else half blocks. Nothing when it is a file."""
        if self.console.is_terminal and not self.console.is_dumb_terminal and sys.stdin.isatty():
            self._draw = inline_pictures()

    def begin(self, turn: Turn) -> None:
        """A turn is taken: its clock starts."""
        self.times[turn.turn_id] = TurnTimes(turn.author, turn.kind)

    def take_back(self, panels: Sequence[Panel]) -> None:
        """A page was undone: its files go."""
        for panel in panels:
            path = self.pictures.pop(panel.panel_id, None)
            if path is not None:
                path.unlink(missing_ok=True)
        self.newest = next(reversed(self.pictures), None)

    # --- facts -------------------------------------------------------------------------------------

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        self._end_prose()
        self._paragraph(Text(step.prose, style="bright_white"))
        self._mark(step.turn_id).prose_s = self._since(step.turn_id)
        return MessageId(step.step_id)

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        number = panel.index + 1
        if panel.panel_id not in self._bars:
            task = self._bar().add_task(self.words("panel_placed", number=number), total=None)
            self._bars[panel.panel_id] = task, number
        return panel.message_id or MessageId(panel.panel_id)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        self._drop_bar(panel.panel_id)
        name: str = panel.panel_id
        path: Path | None = None
        if panel.brief.story_id == self._story_id:
            path = self._keep(panel.panel_id, await asyncio.to_thread(self._labels.label, picture, panel.painter))
            name = path.name
        with self._aside():
            if self._draw is not None:
                self.console.print(self._draw(picture))
            self._paragraph(Text(panel.alt_text or panel.brief.words, style="dim"), space=path is None)
            painter, before = panel.painter.partition("@")[0], self._painter
            self._painter = painter
            if before not in ("", painter):
                self._paragraph(Text(self.words("panel_other_painter").removeprefix("-# "), style="yellow"),
                                space=path is None)
            if path is not None:
                self.console.print(Text(f"  {path}\n", style="cyan"), soft_wrap=True)    # a path is never cut
        turn_id = _turn_of(panel)
        times = self._mark(turn_id)
        times.panels_s.append(self._since(turn_id))
        if name not in times.panels:
            times.panels.append(name)
        return panel.message_id or MessageId(panel.panel_id)

    async def clear(self, venue_id: VenueId, panel: Panel) -> None:
        self.take_back([panel])

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        self._end_prose()
        why = self.words(reason)
        if panel is not None:
            self._drop_bar(panel.panel_id)
            sentence = self.words("panel_failed", why=why)
        else:
            sentence = self.words("page_failed", why=why)
        self._mark(turn.turn_id).failures.append(reason)
        with self._aside():
            self._paragraph(Text(sentence, style="yellow"))

    # --- progress ----------------------------------------------------------------------------------

    def hint(self, venue_id: VenueId, event: Event) -> None:
        if isinstance(event, Queued) and event.wait_s == math.inf:
            if self._nobody is None:
                self._nobody = asyncio.get_running_loop().call_later(NOBODY_S, self._tell_nobody)
        else:
            self._somebody()
        match event:
            case ProseGrew(prose=prose):
                if self.console.is_terminal and self._progress is None:
                    if self._prose is None:
                        self._prose = Live(console=self.console, transient=True, refresh_per_second=12)
                        self._prose.start()
                    self._prose.update(Padding(Text(prose), (0, 2)))
            case Queued(panel_id=str() as panel_id, place=place, wait_s=math.inf) if (
                    of := PanelId(panel_id.removesuffix(".plate"))) in self._bars:
                self._tell(of, "panel_waiting_for_studio", place=place + 1)
            case Queued(panel_id=panel_id, place=place, wait_s=wait_s) if panel_id in self._bars and place > 0:
                self._tell(panel_id, "panel_waiting", place=place + 1, seconds=max(1, round(wait_s)))
            case Painted(turn_id=turn_id, panel_id=panel_id, step=step, steps=steps, preview_png=preview):
                self._paint_bar(panel_id, step, steps)
                times = self._mark(turn_id)
                if preview is not None and times.first_preview_s is None and panel_id in self._bars:
                    times.first_preview_s = self._since(turn_id)
            case _:
                pass

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._somebody()
        self._end_prose()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._bars.clear()

    # --- parts -------------------------------------------------------------------------------------

    def _tell_nobody(self) -> None:
        with self._aside():
            self._paragraph(Text(self.words("terminal_nobody"), style="yellow"))

    def _somebody(self) -> None:
        """Whoever was missing is there; when they are gone again, that is told anew."""
        if self._nobody is not None:
            self._nobody.cancel()
            self._nobody = None

    def _paragraph(self, text: Text, *, space: bool = True) -> None:
        """Indented; wrapped on a screen, and left whole in a file."""
        if self.console.is_terminal:
            self.console.print(Padding(text, (0, 2, 1 if space else 0, 2)))
        else:
            self.console.print(Text.assemble("  ", text, "\n" if space else ""), soft_wrap=True)

    def _keep(self, panel_id: PanelId, picture: bytes) -> Path:
        path = self.pictures.get(panel_id)
        if path is None:
            self._numbered += 1
            path = self._folder / f"panel-{self._numbered:03d}.png"
        self._folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
        self.pictures[panel_id] = path
        self.newest = panel_id
        return path

    def _mark(self, turn_id: TurnId) -> TurnTimes:
        return self.times.setdefault(turn_id, TurnTimes())

    def _since(self, turn_id: TurnId) -> float:
        return round(monotonic() - self._mark(turn_id).started, 3)

    def _bar(self) -> Progress:
        self._end_prose()
        if self._progress is None:
            self._progress = Progress(
                TextColumn(" "), SpinnerColumn(), TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24), TimeElapsedColumn(), console=self.console, transient=True,
                disable=not self.console.is_terminal)
            self._progress.start()
        return self._progress

    def _paint_bar(self, panel_id: PanelId, step: int, steps: int) -> None:
        """Progress of a panel, or of the plate that is painted before it."""
        of = PanelId(panel_id.removesuffix(".plate"))
        if of not in self._bars:
            return
        task, _ = self._bars[of]
        self._tell(of, "panel_painting" if of == panel_id else "terminal_plate",
                   percent=round(100 * step / max(1, steps)))
        self._bar().update(task, total=steps, completed=step)

    def _tell(self, panel_id: PanelId, key: str, **facts: object) -> None:
        task, number = self._bars[panel_id]
        self._bar().update(task, description=self.words(key, number=number, **facts))

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Print without the bars: pictures and live lines do not share a screen."""
        progress = self._progress
        if progress is not None:
            progress.stop()
        try:
            yield
        finally:
            if progress is not None:
                progress.start()

    def _drop_bar(self, panel_id: PanelId) -> None:
        found = self._bars.pop(panel_id, None)
        if found is not None and self._progress is not None:
            self._progress.remove_task(found[0])
            if not self._bars:
                self._progress.stop()
                self._progress = None

    def _end_prose(self) -> None:
        if self._prose is not None:
            self._prose.stop()
            self._prose = None


def inline_pictures() -> Callable[[bytes], ConsoleRenderable]:
    """How this terminal shows a PNG. Asks the terminal itself, so only for one, and before anybody types."""
    logging.getLogger("textual_image").setLevel(logging.ERROR)    # what a terminal cannot tell is no news
    from PIL import Image
    from textual_image.renderable import Image as Inline

    def draw(png: bytes) -> ConsoleRenderable:
        picture: ConsoleRenderable = Inline(Image.open(io.BytesIO(png)), width=PICTURE_COLUMNS)
        return picture

    return draw


def _turn_of(panel: Panel) -> TurnId:
    """A step's id is its turn's with an ending (see `engine.ports.Writer`)."""
    return TurnId(panel.step_id.removesuffix("-step"))
