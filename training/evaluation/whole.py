"""Held-out stories told through the whole engine: the real turn, library, planner, memory and check.

The story's captions, read by the engine's rules, are the writer's beats; the painter and the likeness encoder are the
studio. Everything between them is `engine/turn.py` itself, with one or another of its parts left out (`Parts`). What
is not in it: the records that let a turn survive a crash (`bench/turn_overhead.py`), and a writing model.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import pickle
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine import layout
from engine.events import Event
from engine.layout import reading_order, standing_height
from engine.memory.recall import CUTOUT_WEIGHT
from engine.memory.visual import WORTH_LAYING, Parts
from engine.mini.dolls import draw_avatar
from engine.nouns import (
    NO_SERVER,
    Beat,
    Character,
    CharacterId,
    Figure,
    MessageId,
    OwnerId,
    Painting,
    Panel,
    PanelBrief,
    Place,
    RecallItem,
    Scene,
    ServerId,
    StepId,
    StoryStep,
    Turn,
    TurnId,
    TurnState,
    Underdrawing,
    VenueId,
)
from engine.ports import Likeness
from engine.settings import Settings
from engine.store import SqlLibrary, open_library
from engine.turn import TurnRunner
from training.evaluation.atelier import Atelier
from training.evaluation.stories import HeldOutStory
from training.evaluation.variants import Painted


@dataclass(frozen=True)
class Way:
    """The engine, whole or with something left out."""

    parts: Parts
    layout: bool = True                    # else everybody in a row, as far apart as the frame allows
    from_noise: bool = False               # the painter begins with noise alone: nothing of blank paper shines through


#: The engine and what is left of it without each part, by the names of `report.VARIANTS`.
WAYS = {
    "engine": Way(Parts()),
    "recalled": Way(Parts(cutouts=True)),
    "no layout": Way(Parts(), layout=False),
    "no cast": Way(Parts(cast=False)),
    "no plate": Way(Parts(plates=False), from_noise=True),
}


#: The engine without the check: what was painted first, as long as no later panel hears of it (no cut-outs).
UNCHECKED = Way(Parts(check=False))


class StoryStudio:
    """The studio of one story: its beats for a writer, an atelier that keeps its pictures, a likeness encoder."""

    canvas_px = 0

    def __init__(self, atelier: Atelier, likeness: Likeness, beats: Sequence[Beat], *, from_noise: bool) -> None:
        self._atelier, self._likeness, self._beats, self._from_noise = atelier, likeness, beats, from_noise
        self._embedded: dict[bytes, list[float]] = {}
        self.first: dict[str, bytes] = {}      # of each panel, what was painted first

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        turn = scene.turn
        beat = self._beats[int(turn.turn_id.rpartition("-")[2])]
        return StoryStep(StepId(f"{turn.turn_id}-step"), turn.story_id, turn.turn_id, turn.text, (beat,),
                         scene.story.head)

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: Callable[[Event], None],
                    server_id: ServerId = NO_SERVER, again: bool = False) -> Painting:
        png = self._atelier.paint(brief, underdrawing, seed=seed, from_noise=self._from_noise)
        self.first.setdefault(brief.panel_id, png)
        return Painting(png, seed, self._atelier.painter.name, self._atelier.painter.recipe.steps, 0.0)

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        keys = [hashlib.sha256(png).digest() for png in pictures]
        new = [index for index, key in enumerate(keys) if key not in self._embedded]
        for index, vector in zip(new, self._likeness.embed([pictures[index] for index in new]), strict=True):
            self._embedded[keys[index]] = vector
        return [self._embedded[key] for key in keys]


class Straight:
    """Durable work without the records: nothing here outlives a crash."""

    async def launch(self, **bodies: Callable[..., Coroutine[Any, Any, None]]) -> None:
        pass

    async def act(self, name: str, deed: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await deed(*args, **kwargs)

    async def commit(self, name: str, write: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await write(*args, **kwargs)


class NobodyLooks:
    """A stage before an empty house. A turn that fails says why."""

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        return MessageId(step.step_id)

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        return MessageId(panel.panel_id)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        return MessageId(panel.panel_id)

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        raise RuntimeError(f"turn {turn.turn_id} did not work out: {reason}")

    def hint(self, venue_id: VenueId, event: Event) -> None:
        pass


def in_a_row(figures: Sequence[Figure], *, shot: str, seed: int) -> tuple[Figure, ...]:
    """No layout at all: as tall as they are, as far apart as the frame allows, feet on one line."""
    row = reading_order(figures)
    return tuple(replace(figure, place=Place(round((number + 0.5) / len(row), 4), 0.92,
                                             round(standing_height(figure, shot, len(row)), 4)))
                 for number, figure in enumerate(row))


@contextmanager
def _laid_out(way: Way) -> Iterator[None]:
    if way.layout:
        yield
        return
    with patch("engine.planning.place_figures", in_a_row), patch("engine.memory.verification.place_figures", in_a_row):
        yield


def unchecked(panels: Sequence[Painted]) -> list[Painted]:
    """What `UNCHECKED` would have made of panels told by `WAYS["engine"]`: their first attempts."""
    return [replace(one, png=one.first, attempts=1) for one in panels]


def tell(stories: Sequence[tuple[HeldOutStory, Sequence[Beat]]], way: Way, atelier: Atelier, likeness: Likeness,
         *, told: Callable[[], None] = lambda: None) -> list[list[Painted]]:
    """The panels of some stories (each with the beats of its captions) through the whole engine."""
    home = tempfile.TemporaryDirectory(prefix="storythread-evaluation-", ignore_cleanup_errors=True)
    with home as folder, _laid_out(way):
        return asyncio.run(_tell(stories, way, atelier, likeness, Path(folder), told))


class Shelf:
    """Stories as they were told, in a folder; what was told before is not told again.

    Each is kept by all that decides it: the story and its beats, the way of the engine, the models, and the engine's
    own sources and drawings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._told: dict[tuple[str, str], tuple[Sequence[Beat], list[Painted]]] = {}
        self.found = self.new = 0              # panels told before, and now
        self._engine = _digest(*(path.read_bytes() for path in sorted(_sources())))

    def told(self, story: HeldOutStory, beats: Sequence[Beat], name: str, atelier: Atelier,
             likeness: Likeness) -> list[Painted]:
        """The panels of a story by one of the `WAYS`; the beginning of a longer one is not told by itself."""
        before, panels = self._told.get((name, story.story.story_id), ((), []))
        if list(before[:len(beats)]) == list(beats):
            return panels[:len(beats)]
        painter = atelier.painter
        key = _digest(*(repr(part).encode() for part in (
            story.story, story.cast, tuple(beats), WAYS[name], painter.name, replace(
                painter.recipe, latent_rgb_factors=()), likeness.name, self._engine)))
        path = self._folder / f"{key[:32]}.pickle"
        if path.exists():
            panels = pickle.loads(path.read_bytes())
            self.found += len(panels)
        else:
            (panels,) = tell([(story, beats)], WAYS[name], atelier, likeness)
            self.new += len(panels)
            part = path.with_suffix(f".{os.getpid()}")
            part.write_bytes(pickle.dumps(panels))
            part.replace(path)
        self._told[name, story.story.story_id] = beats, panels
        return panels


def _sources() -> Iterator[Path]:
    """What a panel comes from, the models aside."""
    engine = Path(layout.__file__).parent
    yield from (engine / name for name in ("turn.py", "planning.py", "layout.py", "silhouettes.json", "prompting.py"))
    for folder in ("memory", "mini/dolls", "mini/scenery"):
        yield from (engine / folder).glob("*.py")
    yield engine / "mini" / "standing.py"


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part + b"\x1f")
    return found.hexdigest()


async def _tell(stories: Sequence[tuple[HeldOutStory, Sequence[Beat]]], way: Way, atelier: Atelier,
                likeness: Likeness, home: Path, told: Callable[[], None]) -> list[list[Painted]]:
    library = await open_library(Settings(home=home / "data", master_key_file=home / "key"))
    try:
        return [await _story(library, story, beats, way, atelier, likeness, told) for story, beats in stories]
    finally:
        await library.close()


async def _story(library: SqlLibrary, story: HeldOutStory, beats: Sequence[Beat], way: Way, atelier: Atelier,
                 likeness: Likeness, told: Callable[[], None]) -> list[Painted]:
    ours = story.story.story_id
    studio = StoryStudio(atelier, likeness, [_renamed(beat, ours) for beat in beats], from_noise=way.from_noise)
    runner = TurnRunner(library, studio, NobodyLooks(), Straight(), size_px=atelier.size_px,  # type: ignore[arg-type]
                        parts=way.parts)
    await library.save_story(story.story)
    for character in story.cast:
        avatar = io.BytesIO()
        draw_avatar(character.look, size_px=256).save(avatar, "PNG")
        await library.save_character(_named(character, ours, await library.keep_picture(
            avatar.getvalue(), owner_id=character.owner_id)))
        await library.add_to_cast(ours, _id(character.character_id, ours))
    panels = []
    for number, beat in enumerate(beats):
        turn = Turn(TurnId(f"{ours}-{number}"), ours, story.story.owner_id, "Somebody", beat.words)
        await library.accept_turn(turn)
        await runner.play_turn(turn.turn_id)
        assert (await library.turn(turn.turn_id)).state is TurnState.DONE
        (panel,) = await library.panels_of_step(StepId(f"{turn.turn_id}-step"))
        assert panel.picture is not None
        panels.append(Painted(await library.picture(panel.picture),
                              panel.verdict.attempts if panel.verdict is not None else 1,
                              tuple((_plain(who), box) for who, box in panel.boxes),
                              way.parts.cutouts and any(worth_laying(item) for item in panel.recalled),
                              studio.first[panel.panel_id]))
        told()
    return panels


def worth_laying(item: RecallItem) -> bool:
    """Whether the engine lays an earlier cut-out out rather than a drawn one."""
    return item.reason == "recall_cutout_pose" and item.weight >= WORTH_LAYING * CUTOUT_WEIGHT


# Characters of one story are others than those of the next, though both are called c1.

def _id(character_id: CharacterId, story_id: str) -> CharacterId:
    return CharacterId(f"{story_id}.{character_id}")


def _plain(character_id: CharacterId) -> CharacterId:
    return CharacterId(character_id.rpartition(".")[2])


def _named(character: Character, story_id: str, avatar: Any) -> Character:
    return replace(character, character_id=_id(character.character_id, story_id), avatar=avatar)


def _renamed(beat: Beat, story_id: str) -> Beat:
    return replace(beat, cast=tuple(
        replace(member, character_id=_id(member.character_id, story_id),
                toward=None if member.toward is None else _id(member.toward, story_id)) for member in beat.cast))
