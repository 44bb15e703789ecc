"""The terminal as a stage: streamed prose, a progress bar for each panel, the picture inline where it can be shown."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from bot.wording import say
from engine.events import Event, Painted, ProseGrew, Queued
from engine.nouns import MessageId, Panel, PanelId, StoryStep, Turn, TurnId, VenueId


@dataclass(slots=True)
class TurnTimes:
    """When what happened in one turn, in seconds after it was taken."""

    started: float = field(default_factory=monotonic)
    prose_s: float | None = None
    first_preview_s: float | None = None
    panels_s: list[float] = field(default_factory=list)


class TerminalStage:
    """Implements `engine.ports.Stage` on a Rich console. Panels are written to `folder`, where one is given."""

    def __init__(self, console: Console, *, folder: Path, locale: str = "en") -> None:
        self.console = console
        self.locale = locale
        self.times: dict[TurnId, TurnTimes] = {}
        self.failures: list[str] = []
        self.pictures: list[Path] = []
        self._folder = folder
        self._progress: Progress | None = None
        self._bars: dict[PanelId, TaskID] = {}
        self._prose: Live | None = None

    def begin(self, turn: Turn) -> None:
        """A turn is taken: its clock starts."""
        self.times[turn.turn_id] = TurnTimes()

    # --- facts -------------------------------------------------------------------------------------

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        self._end_prose()
        self.console.print(Padding(escape(step.prose), (0, 2, 1, 2)), style="bright_white")
        self._mark(step.turn_id).prose_s = self._since(step.turn_id)
        return MessageId(step.step_id)

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        progress = self._bar()
        self._bars[panel.panel_id] = progress.add_task(say("panel_waiting_short", self.locale), total=None)
        return MessageId(panel.panel_id)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        self._drop_bar(panel.panel_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"panel-{len(self.pictures) + 1:03d}.png"
        path.write_bytes(picture)
        self.pictures.append(path)
        if self.console.is_terminal:
            # Probes the terminal when imported, so only where there is one: sixel, kitty, or half blocks.
            from textual_image.renderable import Image as Inline

            self.console.print(Inline(Image.open(io.BytesIO(picture)), width=48))
        self.console.print(Padding(f"[dim]{escape(panel.brief.words)}[/dim]\n[cyan]{path}[/cyan]", (0, 2, 1, 2)))
        turn_id = TurnId(panel.step_id.removesuffix("-step"))
        self._mark(turn_id).panels_s.append(self._since(turn_id))
        return MessageId(panel.panel_id)

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        self._end_prose()
        if panel is not None:
            self._drop_bar(panel.panel_id)
        self.failures.append(reason)
        self.console.print(Padding(say(reason, self.locale), (0, 2)), style="yellow")

    # --- progress ----------------------------------------------------------------------------------

    def hint(self, venue_id: VenueId, event: Event) -> None:
        match event:
            case ProseGrew(prose=prose):
                if self.console.is_terminal:
                    if self._prose is None:
                        self._prose = Live(console=self.console, transient=True, refresh_per_second=12)
                        self._prose.start()
                    self._prose.update(Padding(escape(prose), (0, 2)))
            case Queued(panel_id=panel_id, place=place, wait_s=wait_s) if panel_id in self._bars and place > 0:
                self._bar().update(self._bars[panel_id],
                                   description=say("panel_waiting", self.locale, place=place, seconds=round(wait_s)))
            case Painted(turn_id=turn_id, panel_id=panel_id, step=step, steps=steps, preview_png=preview):
                times = self._mark(turn_id)
                if preview is not None and times.first_preview_s is None:
                    times.first_preview_s = self._since(turn_id)
                if panel_id in self._bars:
                    self._bar().update(self._bars[panel_id], total=steps, completed=step,
                                       description=say("panel_painting_short", self.locale))
            case _:
                pass

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._end_prose()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._bars.clear()

    # --- parts -------------------------------------------------------------------------------------

    def _mark(self, turn_id: TurnId) -> TurnTimes:
        return self.times.setdefault(turn_id, TurnTimes())

    def _since(self, turn_id: TurnId) -> float:
        return round(monotonic() - self._mark(turn_id).started, 3)

    def _bar(self) -> Progress:
        if self._progress is None:
            self._progress = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24),
                                      TimeElapsedColumn(), console=self.console, transient=True)
            self._progress.start()
        return self._progress

    def _drop_bar(self, panel_id: PanelId) -> None:
        task = self._bars.pop(panel_id, None)
        if task is not None and self._progress is not None:
            self._progress.remove_task(task)
            if not self._bars:
                self._progress.stop()
                self._progress = None

    def _end_prose(self) -> None:
        if self._prose is not None:
            self._prose.stop()
            self._prose = None
