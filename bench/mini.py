"""What mini costs: seconds, memory and bytes, how near that is to the machine's floor, and what more steps would buy.

`python -m bench.mini` prints one Markdown page. Whole panels are timed as a story sees them: the real turn, library and
studio process, from the panel before being shown to this one being shown (recall, underdrawing, encode, denoise,
decode, PNG, check, remember). The parts are then timed one by one in this process. A model's floor is its floating
point operations (torch.utils.flop_counter; for llama.cpp two for every weight and token) over the rate at which this
machine multiplies matrices, measured in the same run. The bare call is diffusers' own pipeline on the same inputs.
Quality is measured against the true pictures of held-out characters and places.

Without weights, `--stand-in` builds an untrained checkpoint of mini's shape: right for speed, useless for pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from bench.staging import ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.events import Event, Painted
from engine.memory.underdrawing import lay_out, posed
from engine.memory.verification import cosine, crops
from engine.nouns import CharacterId, Painting, Panel, PanelBrief, Scene, TurnKind, Underdrawing, VenueId
from engine.painters.latents import predicted_clean, to_png
from engine.painters.likeness import MINI_LIKENESS, MiniLikeness
from engine.painters.unet import MINI_PAINTER, UNetPainter
from engine.prompting import mini_caption
from engine.studio.client import StudioClient

#: What seconds are counted by: the wall's, or with `--cpu-time` this process's share of a busy machine.
clock: Callable[[], float] = time.perf_counter

MINI = MINI_PAINTER.parent
#: Seconds, bytes and mebibytes that issue 3 sets as targets.
PANEL_S, PREVIEW_S, STEP_S, MEMORY_BYTES, WEIGHTS_MIB = 1.0, 0.35, 1.5, 1.2e9, 45.0
STEPS = (1, 2, 4, 6, 10)
#: What people write in the turns whose steps are timed.
TURNS = ("They find a small wooden boat under the old tree.", "Mia asks Bo why he is so sad today.",
         "It begins to rain, and they run home.", "A grumpy dragon wants to eat all the cake.")


@dataclass
class Page:
    """Markdown being written."""

    lines: list[str] = field(default_factory=list)

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], foot: str = "") -> None:
        self.lines += [f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        self.lines += [f"| {' | '.join(row)} |" for row in rows]
        self.lines += ["", foot, ""] if foot else [""]


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 0.0995 else f"{seconds:.2f} s"


def median_s(call: Callable[[], Any], times: int) -> float:
    """Median seconds of a call, after one that does not count."""
    call()
    took = []
    for _ in range(times):
        started = clock()
        call()
        took.append(clock() - started)
    return statistics.median(took)


def flops_a_second(dtype: torch.dtype, side: int = 1024) -> float:
    """The best rate of a square matrix product on this machine with the present number of threads."""
    a, b = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
    a @ b
    best = float("inf")
    for _ in range(8):
        started = clock()
        a @ b
        best = min(best, clock() - started)
    return 2 * side**3 / best


def flops_of(call: Callable[[], Any]) -> dict[str, int]:
    """Floating point operations of a call, by module class, and "" for all of it."""
    counter = FlopCounterMode(display=False)
    with counter:
        call()
    counts = {name: sum(by_operation.values()) for name, by_operation in counter.get_flop_counts().items()}
    return {"": counter.get_total_flops(), **{name.rsplit(".", 1)[-1]: count for name, count in counts.items()}}


def weights_mib(folder: Path) -> float:
    """Mebibytes of the model files in a folder."""
    files = [path for ending in ("safetensors", "gguf") for path in folder.rglob(f"*.{ending}")]
    return sum(path.stat().st_size for path in files) / 2**20


def stand_in(folder: Path) -> Path:
    """An untrained checkpoint of mini's shape: 256 px, latents of 12 channels at 32 x 32."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "engine" / "painters"))
    from tiny_unet import save_painter

    return save_painter(folder, size_px=256, channels=(64, 128, 256), latent_channels=12, text_width=192,
                        vae_channels=(48,) * 4, vae_blocks=((0, 0, 3, 3), (3, 3, 1, 0)), steps=6)


# --- a story, as people see it ---------------------------------------------------------------------

class TimedStage(WrittenStage):
    """Stamps when panels are placed and shown, and when the first preview of each comes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stamps: list[float] = []          # the last place of a turn, then every show
        self.previews: list[float] = []        # seconds from the panel's beginning
        self._previewed: set[str] = set()

    async def place(self, venue_id: VenueId, panel: Panel) -> Any:
        self.stamps = [time.perf_counter()]
        return await super().place(venue_id, panel)

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> Any:
        self.stamps.append(time.perf_counter())
        return await super().show(venue_id, panel, picture)

    def hint(self, venue_id: VenueId, event: Event) -> None:
        if isinstance(event, Painted) and event.preview_png and event.panel_id not in self._previewed and self.stamps:
            self._previewed.add(event.panel_id)
            self.previews.append(time.perf_counter() - self.stamps[-1])


class PartlyScripted(ScriptedStudio):
    """Scripted words, real pictures: panels are timed without the writer."""

    def __init__(self, studio: StudioClient) -> None:
        super().__init__()
        self._studio = studio
        self.paintings = 0

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, *rest: Any, **more: Any) -> Painting:
        self.paintings += 1
        return await self._studio.paint(brief, underdrawing, *rest, **more)

    async def embed(self, *rest: Any, **more: Any) -> list[list[float]]:
        return await self._studio.embed(*rest, **more)


async def tell(painter: str, panels: int, threads: int) -> tuple[dict[str, float], dict[str, int]]:
    """Medians: `panel`, `preview`, `step` in seconds (0: not to be had); peak of the studio in bytes, and counts."""
    with tempfile.TemporaryDirectory(prefix="storythread-mini-") as folder:
        settings = settings_at(Path(folder))
        settings = settings.model_copy(update={"studio": settings.studio.model_copy(
            update={"painter": painter, "threads": threads})})
        studio = StudioClient(settings)
        await studio.start()
        try:
            ready = await studio.ready()
            unable = {one.role: one.why for one in ready.unable}
            if "painter" in unable:
                raise SystemExit(f"the painter could not be opened: {unable['painter']}")
            stage, partly = TimedStage(Path(folder) / "stage"), PartlyScripted(studio)
            async with open_runner(settings, stage, partly) as (library, runner):
                story = await begin_story(library)
                took: list[float] = []
                for number in range(1 + -(-panels // 2)):
                    turn = turn_of(story, f"t{number}", "2 friends")
                    partly.paintings = 0 if number == 1 else partly.paintings
                    await runner.accept(turn)
                    await runner.finished(turn.turn_id)
                    if number:                 # the first turn also paints the plate and warms everything
                        took += [later - sooner for sooner, later in pairwise(stage.stamps)]
                previews, paintings = stage.previews[2:], partly.paintings
                steps = []
                for number, text in enumerate(TURNS if "writer" not in unable else ()):
                    turn = turn_of(story, f"w{number}", text, TurnKind.WRITE)
                    await library.accept_turn(turn)
                    scene = await library.scene(turn.turn_id)
                    began = time.perf_counter()
                    await studio.write(scene, seed=number, on_event=lambda _: None)
                    steps.append(time.perf_counter() - began)
            peak = studio.peak_memory()
        finally:
            await studio.close()
    return ({"panel": statistics.median(took), "panel_slowest": max(took),
             "preview": statistics.median(previews or [0]), "step": statistics.median(steps or [0]),
             "step_slowest": max(steps, default=0)},
            {"peak": peak, "paintings": paintings, "panels": len(took)})


# --- part by part, against the floor ---------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Part:
    """A model's share of a panel: how long it took, its operations, and the number type it counts in."""

    name: str
    seconds: float
    operations: float
    dtype: torch.dtype | None              # None: no model, no floor
    remark: str = ""


def a_panel() -> tuple[PanelBrief, dict[CharacterId, bytes]]:
    """A held-out brief with two friends, and their avatars."""
    from engine.cast.casting import draw_character_avatar
    from training.world.sampler import sample_brief

    brief = replace(sample_brief(Random("bench"), held_out=True, count=2), shot="wide")
    return brief, {figure.character_id: draw_character_avatar(figure.look) for figure in brief.figures}


def parts_of_a_panel(painter: UNetPainter, likeness: MiniLikeness, times: int) -> tuple[list[Part], float, float]:
    """The parts of a panel in order; seconds of the painter's whole call; seconds of the bare diffusers call."""
    pipeline, recipe = painter._pipeline, painter.recipe
    brief, avatars = a_panel()
    side = painter.size_px

    def quiet(*_: Any) -> None:
        return None

    def drawn() -> Underdrawing:
        return lay_out(brief, plate.png, {figure.character_id: posed(figure) for figure in brief.figures}, size_px=side)

    plate = lay_out(replace(brief, figures=()), None, {}, size_px=side)
    drawing = drawn()
    words, picture = mini_caption(brief), Image.open(io.BytesIO(drawing.png)).convert("RGB")

    # The UNet within the real call: its inner ends, so that entries left out by the painter are not counted.
    in_unet, calls, since = [0.0], [0], [0.0]

    def enter(*_: Any) -> None:
        since[0] = clock()
        calls[0] += 1

    def leave(*_: Any) -> None:
        in_unet[0] += clock() - since[0]

    unet = pipeline.unet
    hooks = [unet.conv_in.register_forward_pre_hook(enter), unet.conv_out.register_forward_hook(leave)]
    painter.paint(brief, drawing, [], seed=1, on_step=quiet)
    in_unet[0], calls[0] = 0.0, 0
    whole = []
    for _ in range(times):
        began = clock()
        painting = painter.paint(brief, drawing, [], seed=1, on_step=quiet)
        whole.append(clock() - began)
    for hook in hooks:
        hook.remove()
    unet_s, steps = in_unet[0] / times, calls[0] // times
    unet_flops = flops_of(lambda: painter.paint(brief, drawing, [], seed=1, on_step=quiet))[type(unet).__name__]
    bare_s = median_s(lambda: pipeline(
        words, picture, num_inference_steps=recipe.steps, guidance_scale=recipe.guidance_scale,
        image_guidance_scale=recipe.image_guidance_scale, generator=torch.Generator().manual_seed(1)), times)

    small = side // painter.latent_format.downscale
    dtype = pipeline.vae.dtype
    latents = torch.randn(1, painter.latent_format.channels, small, small, dtype=dtype)
    boxes = drawing.boxes
    with torch.inference_mode():
        pixels = pipeline.image_processor.preprocess(picture).to(dtype)

        def encode() -> Any:
            return pipeline.vae.encode(pixels)

        def decode() -> Any:
            return painter._decode(latents)

        def read() -> Any:
            return pipeline._encode_prompt(words, "cpu", 1, True)

        def check() -> Any:
            return likeness.embed([*crops(painting.png, boxes), *avatars.values()])

        painted = decode()
        pipeline.scheduler.set_timesteps(recipe.steps)
        found = [
            Part("lay out", median_s(drawn, times), 0, None, "two figures in their poses over the plate"),
            Part("words", median_s(read, times), flops_of(read)[""], pipeline.text_encoder.dtype, "text encoder"),
            Part("encode", median_s(encode, times), flops_of(encode)[""], dtype, "autoencoder"),
            Part("denoise", unet_s, unet_flops, pipeline.unet.dtype, f"UNet, {steps} steps"),
            Part("decode", median_s(decode, times), flops_of(decode)[""], dtype, "autoencoder"),
            Part("PNG", median_s(lambda: to_png(painted), times), 0, None),
            Part("one preview", median_s(lambda: painter.preview(predicted_clean(
                pipeline.scheduler, 0, latents, latents)), times), 0, None,
                "by the decoder" if painter._decoder_is_cheap else "by the latents' colours"),
            Part("check", median_s(check, times), flops_of(check)[""], torch.float32,
                 "likeness, two crops, two avatars"),
        ]
    return found, statistics.median(whole), bare_s


def writers_part() -> Part:
    """One step of the embedded writer, and its operations: two for every weight and token that was evaluated."""
    import llama_cpp

    from engine.writers.mini import MiniWriter

    scene = asyncio.run(_a_scene())
    writer = MiniWriter(threads=torch.get_num_threads())
    weights = int(llama_cpp.llama_model_n_params(writer._llama.model))
    tokens, evaluate = [0], writer._llama.eval

    def counted(new: Sequence[int]) -> None:
        tokens[0] += len(new)
        evaluate(new)

    writer._llama.eval = counted
    took = []
    try:
        for seed in range(4):
            began = clock()
            writer.write(scene, seed=seed, on_text=lambda _: None)
            took.append(clock() - began)
    finally:
        writer.close()
    return Part("writer step", statistics.median(took), 2.0 * weights * tokens[0] / len(took), torch.float32,
                f"llama.cpp, {weights / 1e6:.1f} M weights, {tokens[0] // len(took)} tokens evaluated")


async def _a_scene() -> Scene:
    with tempfile.TemporaryDirectory(prefix="storythread-mini-") as folder:
        async with open_runner(settings_at(Path(folder)), WrittenStage(Path(folder) / "stage"),
                               ScriptedStudio()) as (library, _):
            story = await begin_story(library)
            turn = turn_of(story, "t", TURNS[0])
            await library.accept_turn(turn)
            return await library.scene(turn.turn_id)


# --- quality against steps -------------------------------------------------------------------------

def psnr_db(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise ratio of two pictures of one size."""
    error = np.mean((np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)) ** 2)
    return float(10 * np.log10(255.0**2 / max(error, 1e-9)))


def quality(painter: UNetPainter, likeness: MiniLikeness, count: int, *, steps: Sequence[int] = STEPS,
            guidances: Sequence[float] = (1.0, 2.0)) -> list[tuple[str, ...]]:
    """Rows: what was looked at, PSNR against the truth (whole, and inside the figures' boxes), likeness, seconds.

    Likeness is the mean and the least cosine of a figure's crop and its own avatar, over everybody in all pictures.
    """
    from engine.cast.casting import draw_character_avatar
    from training.world.pairs import render_pair
    from training.world.sampler import sample_brief

    pairs, avatars = [], []
    for index in range(count):
        rng = Random(f"bench:{index}")
        brief = sample_brief(rng, held_out=True, count=1 + index % 3)
        pairs.append(render_pair(brief, rng, size_px=painter.size_px, way="rough"))
        avatars.append({figure.character_id: draw_character_avatar(figure.look) for figure in brief.figures})
    own = [dict(zip(some, likeness.embed(list(some.values())), strict=True)) for some in avatars]

    def row(name: str, pictures: Sequence[Image.Image], seconds: float | None) -> tuple[str, ...]:
        whole, inside, alike = [], [], []
        for picture, pair, mine in zip(pictures, pairs, own, strict=True):
            whole.append(psnr_db(picture, pair.target))
            pieces, true = (crops(_png(one), pair.boxes) for one in (picture, pair.target))
            inside += [psnr_db(_opened(piece), _opened(other)) for piece, other in zip(pieces, true, strict=True)]
            alike += [cosine(vector, mine[character_id])
                      for vector, (character_id, _) in zip(likeness.embed(pieces), pair.boxes, strict=True)]
        same = whole[0] > 80
        return (name, "exact" if same else f"{statistics.mean(whole):.2f}", "exact" if same else
                f"{statistics.mean(inside):.2f}", f"{statistics.mean(alike):.3f}", f"{min(alike):.3f}",
                "" if seconds is None else f"{seconds:.2f}")

    rows = [row("the truth", [pair.target for pair in pairs], None),
            row("the underdrawing", [pair.underdrawing for pair in pairs], None)]
    recipe = painter.recipe
    try:
        for guidance in guidances:
            for number in steps:
                painter.recipe = replace(recipe, steps=number, guidance_scale=guidance, image_guidance_scale=1.0)
                pictures, took = [], []
                for pair in pairs:
                    began = clock()
                    drawing = Underdrawing(_png(pair.underdrawing), pair.boxes, pair.missing)
                    painting = painter.paint(pair.brief, drawing, [], seed=7, on_step=lambda *_: None)
                    took.append(clock() - began)
                    pictures.append(_opened(painting.png))
                shipped = number == recipe.steps and guidance == recipe.guidance_scale
                rows.append(row(f"{number} step{'s' * (number > 1)}" + (f", words guided {guidance:g}" if guidance > 1
                                else "") + (" (shipped)" if shipped else ""), pictures, statistics.median(took)))
    finally:
        painter.recipe = recipe
    return rows


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


# --- the page --------------------------------------------------------------------------------------

def verdict(value: float, target: float) -> str:
    return "met" if value <= target else f"missed ({value / target:.2f} times)"


def page(folder: Path, *, panels: int, threads: int, dtype: torch.dtype | None, held_out: int, story: bool,
         likeness_folder: Path = MINI_LIKENESS, steps: Sequence[int] = STEPS) -> str:
    """The whole page as Markdown."""
    out = Page(["# What mini costs", ""])
    seconds, counts = asyncio.run(tell(str(folder) if folder != MINI_PAINTER else "mini", panels, threads)) if story \
        else ({}, {})
    painter = UNetPainter(folder, threads=threads, dtype=dtype, device="cpu")
    likeness = MiniLikeness(likeness_folder)
    rates = {kind: flops_a_second(kind) for kind in (torch.float32, torch.bfloat16)}
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    out.lines += [
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU; {torch.get_num_threads()} threads, {load}; torch "
        f"{torch.__version__}, {'processor' if clock is time.process_time else 'wall'} seconds. Matrix product: "
        f"{rates[torch.float32] / 1e9:.0f} GFLOP/s in float32, {rates[torch.bfloat16] / 1e9:.0f} in bfloat16.", "",
        f"Painter {painter.name}: {painter._pipeline.unet.num_parameters() / 1e6:.1f} M parameters, "
        f"{painter.size_px} px, {painter.recipe.steps} steps, {str(painter._pipeline.unet.dtype)[6:]}.", ""]
    sizes = {name: weights_mib(MINI / name) for name in ("painter", "likeness", "writer")}
    sizes["painter"] = weights_mib(folder)
    total = sum(sizes.values())
    rows = [("all weights", f"{total:.1f} MiB", f"{WEIGHTS_MIB:.0f} MiB", verdict(total, WEIGHTS_MIB),
             ", ".join(f"{name} {size:.1f}" for name, size in sizes.items()))]
    if story:
        repaints = counts["paintings"] - counts["panels"]
        rows = [
            ("panel, all included", ms(seconds["panel"]), ms(PANEL_S), verdict(seconds["panel"], PANEL_S),
             f"median of {counts['panels']}, slowest {ms(seconds['panel_slowest'])}, {repaints} repaints"),
            ("first preview", ms(seconds["preview"]) if seconds["preview"] else "none", ms(PREVIEW_S),
             verdict(seconds["preview"], PREVIEW_S) if seconds["preview"] else "no previews",
             "from the panel before being shown"),
            ("writer step", ms(seconds["step"]) if seconds["step"] else "none", ms(STEP_S),
             verdict(seconds["step"], STEP_S) if seconds["step"] else "the writer could not be opened",
             f"median of {len(TURNS)} turns, slowest {ms(seconds['step_slowest'])}" if seconds["step"] else ""),
            ("studio's peak memory", f"{counts['peak'] / 1e9:.2f} GB", f"{MEMORY_BYTES / 1e9:.1f} GB",
             verdict(counts["peak"], MEMORY_BYTES), "every model open and used" if seconds["step"] else
             "without the writer"), *rows]
    out.table("Against the targets", ("what", "measured", "target", "", "remark"), rows)

    found, paint_s, bare_s = parts_of_a_panel(painter, likeness, panels)
    if story and seconds["step"]:
        found.append(writers_part())
    rows = []
    for part in found:
        floor_s = part.operations / rates.get(part.dtype or torch.float32, rates[torch.float32])
        against = (f"{part.operations / 1e9:.2f} GFLOP", ms(floor_s), f"{part.seconds / floor_s:.1f}") if floor_s else (
            "", "", "")
        rows.append((part.name, ms(part.seconds), *against, part.remark))
    out.table("Parts and their floors", ("part", "measured", "operations", "floor", "times the floor", "remark"), rows,
              f"The painter's whole call takes {ms(paint_s)}; the bare diffusers call on the same inputs {ms(bare_s)}: "
              f"the painter takes {paint_s / bare_s:.2f} times as long.")
    if held_out:
        out.table("Quality against steps", ("picture", "PSNR, dB", "inside figures, dB", "likeness, mean",
                                            "likeness, least", "seconds"),
                  quality(painter, likeness, held_out, steps=steps),
                  f"{held_out} pictures of held-out characters and places, one to three figures, softened plate, posed "
                  "cut-outs. Likeness: cosine of a crop and its avatar.")
    return "\n".join(out.lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and print the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.mini", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", type=Path, default=MINI_PAINTER, help="folder in diffusers format")
    parser.add_argument("--stand-in", action="store_true", help="measure an untrained net of mini's shape")
    parser.add_argument("--panels", type=int, default=6, help="and repetitions of each part")
    parser.add_argument("--held-out", type=int, default=12, help="pictures for quality against steps; 0: leave it out")
    parser.add_argument("--parts-only", action="store_true", help="no story: nothing of the studio process and writer")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch decides")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=None, help="default: the checkpoint's own")
    parser.add_argument("--cpu-time", action="store_true", help="count processor seconds of the parts, for a busy "
                        "machine; sensible with --threads 1 only")
    given = parser.parse_args(arguments)
    if given.cpu_time:
        global clock
        clock = time.process_time
    dtype = getattr(torch, given.dtype) if given.dtype else None
    with tempfile.TemporaryDirectory() as made:
        folder = stand_in(Path(made) / "stand-in") if given.stand_in else given.checkpoint
        print(page(folder, panels=given.panels, threads=given.threads, dtype=dtype, held_out=given.held_out,
                   story=not given.parts_only))


if __name__ == "__main__":
    main()
