"""Pictures of the ways into a story, by the embedded models: `python -m bench.ways --out docs/pictures`.

One unpicked run: a panel and eight wishes for it, a page filled in between two, a text illustrated, a place from a
picture by day, at night and in rain. The pictures are what `docs/ways.md` shows.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench.staging import OWNER, WrittenStage, settings_at, turn_of
from engine.cast.casting import draw_character_avatar
from engine.durable import Durable
from engine.nouns import (
    Beat,
    Character,
    CharacterId,
    Look,
    Panel,
    PanelId,
    Pronouns,
    Refused,
    ServerId,
    StepId,
    Story,
    StoryId,
    VenueId,
)
from engine.store import SqlLibrary, current_session, open_library
from engine.studio.client import StudioClient
from engine.turn import TurnRunner
from engine.ways.storyboard import BoardPage, BoardState, Storyboard
from engine.ways.ways import Ways, square_drawing

WISHES = ("make it night", "give her a red hat", "move Ben to the left", "Mia should be sad", "without the dog",
          "add a balloon", "closer", "in the forest instead", "in rain")
TEXT = """Mia woke up early in her bedroom. She looked around.

Mia and Ben walked to the forest. Bo ran ahead of them.

Then it began to rain. They hid under a tree. "I am cold," said Ben.

In the evening they went home to the kitchen. Ben ate cake. Bo slept on the floor."""
LOOKS = {
    "Mia": (Pronouns.SHE, Look(kind="girl", hair="pigtails", hair_colour="ginger", outfit="dress",
                               outfit_colour="green")),
    "Ben": (Pronouns.HE, Look(kind="boy", skin="brown", hair="curly", hair_colour="black", outfit="t-shirt",
                              outfit_colour="yellow", glasses="round")),
    "Bo": (Pronouns.IT, Look(kind="dog", fur="tan", accessories=("scarf",), accessory_colour="red")),
}
LABEL_PX = 22


class SilentBoard:
    """Nobody looks on while a text is illustrated here."""

    async def board_progress(self, *_: object) -> None:
        """Nothing."""

    async def board_done(self, *_: object) -> None:
        """Nothing."""


async def _begin(library: SqlLibrary, name: str) -> Story:
    story = Story(StoryId(name), VenueId(f"venue-{name}"), ServerId(""), OWNER, "The ways")
    await library.save_story(story)
    for called, (pronouns, look) in LOOKS.items():
        character_id = CharacterId(called.casefold())
        avatar = await library.keep_picture(draw_character_avatar(look), owner_id=OWNER)
        await library.save_character(Character(character_id, OWNER, called, pronouns, look, avatar=avatar))
        await library.add_to_cast(story.story_id, character_id)
    return story


async def _tile(library: SqlLibrary, panel: Panel) -> Image.Image:
    assert panel.picture is not None
    return Image.open(io.BytesIO(await library.picture(panel.picture))).convert("RGB")


def sheet(tiles: Sequence[tuple[str, Image.Image]], columns: int) -> Image.Image:
    """Pictures in rows, each with what it is below."""
    side = tiles[0][1].width
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * (side + 8) - 8, rows * (side + LABEL_PX)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for index, (label, tile) in enumerate(tiles):
        x, y = index % columns * (side + 8), index // columns * (side + LABEL_PX)
        page.paste(tile, (x, y))
        pen.text((x + 2, y + side + 3), label[:44], fill="black", font=font)
    return page


def made_photo() -> Image.Image:
    """A photograph of sorts, made here so that it is nobody's: a beach with a tree and a hut, with grain."""
    import numpy as np

    rng = np.random.default_rng(3)
    height, width = 420, 640

    def grain(rows: int, cells: int, amount: float) -> object:
        rough = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
        return np.asarray(rough.resize((width, rows), Image.Resampling.BICUBIC))[..., None] * amount

    down = np.linspace(0, 1, height)[:, None, None]
    pixels = np.broadcast_to(np.array([96, 160, 222]) * (1 - down) + np.array([225, 238, 245]) * down,
                             (height, width, 3)).astype(np.float32) + np.clip(grain(height, 9, 30), 0, 60)  # type: ignore[call-overload]
    sea, sand = height // 2, height * 5 // 8
    pixels[sea:sand] = np.array([40, 110, 150]) + grain(sand - sea, 30, 14)
    pixels[sand:] = np.array([214, 190, 140]) + grain(height - sand, 60, 14)
    photo = Image.fromarray(np.clip(pixels + rng.normal(size=pixels.shape) * 5, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(photo)
    pen.polygon([(430, 300), (455, 120), (478, 120), (500, 305)], fill=(90, 60, 40))
    for _ in range(12):
        x, y = int(rng.integers(360, 500)), int(rng.integers(50, 110))
        pen.ellipse((x, y, x + 80, y + 52), fill=(30 + int(rng.integers(30)), 90 + int(rng.integers(40)), 40))
    pen.rectangle((170, 215, 270, 310), fill=(190, 60, 50))
    pen.polygon([(155, 215), (220, 160), (285, 215)], fill=(110, 50, 45))
    pen.rectangle((200, 250, 235, 310), fill=(60, 40, 30))
    return photo.filter(ImageFilter.GaussianBlur(1))


async def _wishes(library: SqlLibrary, runner: TurnRunner, ways: Ways) -> Image.Image:
    story = await _begin(library, "wishes")
    turn = turn_of(story, "w1", "Mia, Ben and Bo play in the garden.")
    await runner.accept(turn)
    await runner.finished("w1")
    [panel, *_] = await library.panels(story.story_id)
    tiles = [("the picture", await _tile(library, panel))]
    for number, wish in enumerate(WISHES):
        began = time.perf_counter()
        try:
            await ways.change(panel.panel_id, wish, owner_id=OWNER, locale="en", request_id=f"wish-{number}")
        except Refused as refusal:
            print(f"{wish}: {refusal.reason} {refusal.facts}")
            continue
        await runner.finished(f"wish-{number}")
        shown = await library.panel(panel.panel_id)
        print(f"{wish}: version {shown.version}, {time.perf_counter() - began:.2f} s, verdict {shown.verdict}")
        tiles.append((f"“{wish}”", await _tile(library, shown)))
        await library.show_version(panel.panel_id, 1)
    return sheet(tiles, 5)


async def _filled(library: SqlLibrary, runner: TurnRunner, ways: Ways) -> Image.Image:
    story = await _begin(library, "filled")
    pages = (("f1", "Mia and Ben sit in the garden."), ("f2", "Mia, Ben and Bo dance at the beach at sunset."))
    for name, text in pages:
        await runner.accept(turn_of(story, name, text))
        await runner.finished(name)
    steps = await library.steps(story.story_id)
    await ways.fill(turn_of(story, "between", ""), steps[0].step_id, steps[1].step_id)
    await runner.finished("between")
    prose = (await library.step(StepId("between-step"))).prose
    print(f"filled: {prose}")
    tiles = []
    for panel in await library.panels(story.story_id):
        label = "the page between" if panel.panel_id == PanelId("between-step.0") else "known"
        tiles.append((label, await _tile(library, panel)))
    return sheet(tiles, len(tiles))


async def _text(library: SqlLibrary, runner: TurnRunner, ways: Ways) -> Image.Image:
    story = await _begin(library, "text")
    began = time.perf_counter()
    board = Storyboard("77", story.story_id, OWNER, "Ann", TEXT)
    await library.save_storyboard(board)
    board = await ways.read(board)
    read_s = time.perf_counter() - began
    for page in board.pages:
        print(f"page: {page.words!r} -> {page.beat.words}")
    await ways.draw("77", board.left)
    await runner.finished("77-from-0")
    drawn_s = time.perf_counter() - began - read_s
    print(f"text: {len(board.pages)} pages read in {read_s:.2f} s, drawn in {drawn_s:.2f} s")
    panels = await library.panels(story.story_id)
    return sheet([(page.words, await _tile(library, panel)) for page, panel in zip(board.pages, panels, strict=True)],
                 4)


async def _place(library: SqlLibrary, runner: TurnRunner, ways: Ways) -> Image.Image:
    photo = made_photo()
    tiles = [("what was sent", photo.crop((110, 0, 530, 420)).resize((256, 256)))]
    for style in ("flat", "watercolour"):
        story = replace(await _begin(library, f"place-{style}"), style=style)
        await library.save_story(story)
        drawn = await square_drawing(photo.tobytes(), *photo.size, size_px=256)
        kept = await library.keep_picture(drawn, owner_id=OWNER)
        board = Storyboard(f"88{style}", story.story_id, OWNER, "Ann", "", BoardState.REVIEW,
                           (BoardPage("", Beat("", (), "beach")),), picture=kept)
        await ways.begin_with(board, "beach", "This is where our story begins: the beach.")
        await runner.finished(f"88{style}-from-0")
        await runner.accept(turn_of(story, f"p-{style}", "Mia and Ben run on the beach."))
        await runner.finished(f"p-{style}")
        panels = await library.panels(story.story_id)
        tiles += [(f"page one, {style}", await _tile(library, panels[0])),
                  (f"page two, {style}", await _tile(library, panels[1]))]
        for wish in ("make it night", "in rain"):
            request = f"{style} {wish}"
            await ways.change(panels[1].panel_id, wish, owner_id=OWNER, locale="en", request_id=request)
            await runner.finished(request)
            tiles.append((wish, await _tile(library, await library.panel(panels[1].panel_id))))
            await library.show_version(panels[1].panel_id, 1)
    return sheet(tiles, 5)


async def paint_all(out: Path, only: Sequence[str]) -> None:
    """Every sheet into `out`."""
    parts = {"wishes": _wishes, "filled": _filled, "text": _text, "place": _place}
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_at(Path(folder))
        library = await open_library(settings)
        studio = StudioClient(settings)
        await studio.start()
        durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                          current_session=current_session)
        runner = TurnRunner(library, studio, WrittenStage(Path(folder) / "stage"), durable)
        ways = Ways(runner, SilentBoard())
        await runner.start()
        try:
            for name, part in parts.items():
                if not only or name in only:
                    (await part(library, runner, ways)).save(out / f"ways-{name}.jpg", quality=88)
        finally:
            await runner.close()
            await studio.close()
            await library.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--only", nargs="*", default=(), help="wishes, filled, text, place")
    asked = parser.parse_args()
    asyncio.run(paint_all(asked.out, asked.only))


if __name__ == "__main__":
    main()
