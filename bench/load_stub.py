"""The bot and a studio without models, for `bench.load`: everything is the real thing but the three models.

`python -m bench.load_stub bot` reads what `bot.rehearsal.actor` reads and runs the same bot, whose studio is started as
`python -m bench.load_stub studio SPEED`. That child is the real studio process (engine/studio/host.py) with a writer, a
painter and a likeness that take as long as mini was recorded to take, divided by SPEED, and answer without thinking.
"""

from __future__ import annotations

import asyncio
import cProfile
import functools
import io
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from bench.staging import WrittenStage, begin_story, settings_at, turn_of
from engine.nouns import Beat, CastMember, Painting, PanelBrief, Scene, StepId, StoryStep, TurnKind, Underdrawing
from engine.studio import host

#: Seconds mini took for 12 turns of one story, on two cores that did nothing else: `python -m bench.load_stub record`.
RECORDED_S = {
    "write": (0.054, 0.12, 0.075, 0.441, 1.754, 1.89, 0.947, 0.943, 0.886, 1.922, 0.937, 0.909),
    "paint": (0.482, 0.362, 0.38, 0.322, 0.333, 0.33, 0.325, 0.325, 0.325, 0.338, 0.325, 0.325, 0.332, 0.331, 0.339,
              0.33, 0.358),
    "embed": (0.024, 0.01, 0.02, 0.019, 0.013, 0.017, 0.016, 0.011, 0.021, 0.018, 0.014, 0.014, 0.017),
}
DEEDS = ("Mia finds a kite in the garden.", "Bo runs along the beach.", "Mia sits under a tree in the park.",
         "Bo barks at a bird.", "Mia looks for a lantern at night.", "Bo jumps over a puddle in the rain.",
         "Mia sleeps in the tent.", "Mia and Bo bake a cake in the kitchen.")
#: Previews aside, how many times a panel says that it goes on.
STEPS = 4


def _times(kind: str, speed: float) -> Iterator[float]:
    return (seconds / speed for seconds in itertools.cycle(RECORDED_S[kind]))


class StubWriter:
    """Repeats what was written; every third page has two panels."""

    name = "stub-writer@1"

    def __init__(self, speed: float) -> None:
        self._times = _times("write", speed)

    def write(self, scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
        time.sleep(next(self._times))
        turn = scene.turn
        prose = f"And so it was. {turn.text}"
        on_text(prose)
        who = tuple(CastMember(character.character_id, "waves", "happy") for character in scene.cast[:2])
        places = ("garden", "beach", "kitchen", "forest")
        beats = tuple(Beat(f"{prose} ({number})", who, places[seed // 7 % len(places)])
                      for number in range(2 if seed % 3 == 0 else 1))
        return StoryStep(StepId(f"{turn.turn_id}-step"), scene.story.story_id, turn.turn_id, prose, beats,
                         scene.story.head, turn.kind is TurnKind.END)


class StubPainter:
    """Hands out pictures that were drawn before the first was asked for."""

    name = "stub@1"
    size_px = 256

    def __init__(self, speed: float) -> None:
        self._times = _times("paint", speed)
        self._pictures = [_picture(number) for number in range(16)]

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        seconds = next(self._times)
        for step in range(1, STEPS + 1):
            time.sleep(seconds / STEPS)
            on_step(step, STEPS, None)
        return Painting(self._pictures[seed % len(self._pictures)], seed, self.name, STEPS, seconds)


class StubLikeness:
    """Finds everybody to be themselves."""

    name = "stub-likeness@1"

    def __init__(self, speed: float) -> None:
        self._times = _times("embed", speed)

    def embed(self, pictures: Sequence[bytes]) -> list[list[float]]:
        time.sleep(next(self._times))
        return [[1.0, 0.0] if Image.open(io.BytesIO(each)).mode == "RGBA" else [0.7, 0.7] for each in pictures]


def _picture(number: int) -> bytes:
    """A few shapes, 256 x 256, about as large as a flat picture of mini."""
    lot = random.Random(number)
    picture = Image.effect_noise((64, 64), 24).resize((256, 256)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = lot.randrange(200), lot.randrange(200)
        pen.ellipse((x, y, x + lot.randrange(20, 90), y + lot.randrange(20, 90)),
                    fill=tuple(lot.randrange(256) for _ in range(3)))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def studio(speed: float) -> None:
    """The studio's process."""
    host.main({"writer": lambda settings: StubWriter(speed), "painter": lambda settings: StubPainter(speed),
               "likeness": lambda settings: StubLikeness(speed)})


def bot() -> int:
    """The bot's process. STUB_SPEED says how fast the studio is; STUB_PROFILE where a profile of it all goes."""
    from bot import house
    from bot.rehearsal.actor import main
    from engine.studio.client import StudioClient

    speed = os.environ.pop("STUB_SPEED", "1")
    command = (sys.executable, "-m", "bench.load_stub", "studio", speed)
    client: Any = functools.partial(StudioClient, command=command)
    house.StudioClient = client            # type: ignore[misc]
    out = os.environ.pop("STUB_PROFILE", "")
    if not out:
        return main()
    profile = cProfile.Profile()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return profile.runcall(main)
    finally:
        profile.dump_stats(Path(out))


async def record(turns: int = 12) -> dict[str, list[float]]:
    """Play turns with mini itself and note what each job of the studio took, in seconds."""
    from bot.house import open_house
    from engine.studio.lane import Lane

    took: dict[str, list[float]] = {kind: [] for kind in RECORDED_S}
    end = Lane.end

    def noted(lane: Lane, seconds: float | None = None, *, units: float | None = None) -> None:
        if lane.running is not None and seconds is not None:
            took[lane.running.kind].append(round(seconds, 3))
        end(lane, seconds, units=units)

    Lane.end = noted                       # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        stage = WrittenStage(Path(folder) / "stage")
        async with open_house(settings_at(Path(folder)), lambda library: stage) as house:
            await house.studio.ready()
            await house.runner.start()
            story = await begin_story(house.library)
            for number in range(turns):
                await house.runner.accept(turn_of(story, f"t{number}", DEEDS[number % len(DEEDS)]))
                await house.runner.finished(f"t{number}")
    return took


if __name__ == "__main__":
    if sys.argv[1] == "studio":
        studio(float(sys.argv[2]))
    elif sys.argv[1] == "record":
        print(asyncio.run(record()))
    else:
        sys.exit(bot())
