"""A stage that writes down what it is told, and a studio with a scripted writer and the paper-doll painter.

Both implement the ports fully. The stage keeps its log in a file, so that it survives the process like Discord does.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from engine.durable import Durable
from engine.events import Event, Painted
from engine.nouns import (
    NO_SERVER,
    Beat,
    CastMember,
    Character,
    CharacterId,
    Look,
    MessageId,
    OwnerId,
    Painting,
    Panel,
    PanelBrief,
    Pronouns,
    Scene,
    ServerId,
    StepId,
    Story,
    StoryId,
    StoryStep,
    StudioFailed,
    Turn,
    TurnId,
    TurnKind,
    Underdrawing,
    VenueId,
)
from engine.painters.theatre import TheatrePainter
from engine.ports import Reader
from engine.settings import Settings
from engine.store import SqlLibrary, current_session, open_library
from engine.turn import TurnRunner

OWNER = OwnerId("ann")
MIA, BO = CharacterId("mia"), CharacterId("bo")


class WrittenStage:
    """Idempotent by key, as the port asks: a key posted before is found again, not posted twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.hints: list[Event] = []

    def log(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    def _post(self, what: str, key: str, venue: str) -> MessageId:
        if not any(line["what"] == what and line["key"] == key for line in self.log()):
            with self._path.open("a") as file:
                file.write(json.dumps({"what": what, "key": key, "venue": venue}) + "\n")
        return MessageId(f"message-{key}")

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        return self._post("say", step.step_id, venue_id)

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        return self._post("place", panel.panel_id, venue_id)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        assert picture.startswith(b"\x89PNG")
        self._post("show", f"{panel.panel_id}v{panel.version}", venue_id)
        return MessageId(f"message-{panel.panel_id}")

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        self._post("fail", f"{panel.panel_id if panel else turn.turn_id}:{reason}", venue_id)

    def hint(self, venue_id: VenueId, event: Event) -> None:
        self.hints.append(event)


class ScriptedStudio:
    """The paper-doll painter and a writer who does what the turn says: `2 panels`, `fail writing`, `fail painting`."""

    canvas_px = 0

    def __init__(self, *, likenesses: Callable[[Sequence[bytes]], list[list[float]]] | None = None,
                 delay_s: float = 0.0) -> None:
        self.painted: list[PanelBrief] = []
        self.seeds: list[int] = []
        self._likenesses = likenesses
        self._delay_s = delay_s
        self._painter = TheatrePainter()

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep:
        await asyncio.sleep(self._delay_s)
        text = scene.turn.text
        if "fail writing" in text:
            raise StudioFailed(reason="studio_failed")
        count = int(text.split()[0]) if text[:1].isdigit() else 1
        beats = tuple(Beat(f"Beat {index} of {text}", (CastMember(MIA, "waves"), CastMember(BO, "sits")), "garden")
                      for index in range(count))
        return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id,
                         f"Then: {text}", beats, scene.story.head, scene.turn.kind is TurnKind.END)

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: Callable[[Event], None],
                    server_id: ServerId = NO_SERVER, again: bool = False) -> Painting:
        await asyncio.sleep(self._delay_s)
        if "fail painting" in brief.words and brief.panel_id.endswith(".0"):
            raise StudioFailed(reason="out_of_memory")
        self.painted.append(brief)
        self.seeds.append(seed)
        return await asyncio.to_thread(
            self._painter.paint, brief, underdrawing, references, seed=seed,
            on_step=lambda step, steps, preview: on_event(Painted(turn_id, brief.panel_id, step, steps, preview)))

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]:
        if self._likenesses is not None:
            return self._likenesses(pictures)
        # Avatars, the cut-outs, have directions of their own; every crop is equally near to all of them.
        avatars = [Image.open(io.BytesIO(picture)).mode == "RGBA" for picture in pictures]
        return [[float(index == axis) for axis in range(4)] if avatar else [0.5] * 4
                for index, avatar in enumerate(avatars)]


@asynccontextmanager
async def open_runner(settings: Settings, stage: WrittenStage, studio: ScriptedStudio,
                      *, reader: Reader | None = None) -> AsyncIterator[tuple[SqlLibrary, TurnRunner]]:
    """A real library and a real runner in `settings.home`."""
    library = await open_library(settings)
    try:
        durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                          current_session=current_session)
        runner = TurnRunner(library, studio, stage, durable, reader=reader)
        await runner.start()
        try:
            yield library, runner
        finally:
            await runner.close()
    finally:
        await library.close()


def settings_at(home: Path) -> Settings:
    """Settings with everything inside `home`, the key beside it."""
    return Settings(home=home / "data", master_key_file=home / "keys" / "master.key")


async def begin_story(library: SqlLibrary, name: str = "s") -> Story:
    """A story with Mia and Bo."""
    from engine.cast.casting import draw_character_avatar

    story = Story(StoryId(name), VenueId(f"venue-{name}"), ServerId(""), OWNER, "A story")
    await library.save_story(story)
    for character_id, look in ((MIA, Look(kind="girl")), (BO, Look(kind="dog", fur="tan"))):
        avatar = await library.keep_picture(draw_character_avatar(look), owner_id=OWNER)
        await library.save_character(
            Character(character_id, OWNER, character_id.title(), Pronouns.SHE, look, avatar=avatar))
        await library.add_to_cast(story.story_id, character_id)
    return story


def turn_of(story: Story, name: str, text: str, kind: TurnKind = TurnKind.WRITE) -> Turn:
    return Turn(TurnId(name), story.story_id, OWNER, "Ann", text, kind)
