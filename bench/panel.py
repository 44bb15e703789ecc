"""What a panel costs: seconds, where they go, and how near that is to the bare pipeline and to the machine's floor.

`python -m bench.panel` paints panels with mini (or the checkpoint given) and prints one Markdown table. The floor is
the UNet's floating point operations (counted by torch.utils.flop_counter) over the rate at which this machine
multiplies matrices, measured in the same run. The bare call is diffusers' own pipeline on the same inputs.
Without weights, `--stand-in` builds an untrained checkpoint of mini's shape: right for speed, useless for pictures.
"""

from __future__ import annotations

import argparse
import io
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from engine.nouns import (
    CharacterId,
    Figure,
    Look,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StoryId,
    Underdrawing,
)
from engine.painters.latents import predicted_clean, to_png
from engine.painters.unet import MINI_PAINTER, UNetPainter
from engine.prompting import mini_caption

#: What seconds are counted by: the wall's, or with `--cpu-time` this process's share of a busy machine.
clock: Callable[[], float] = time.perf_counter


def a_brief() -> PanelBrief:
    """Two friends in a garden: the commonest kind of panel."""
    mia = Figure(CharacterId("mia"), "Mia", Look(), Place(0.3, 0.9, 0.5), action="waves", mood="happy")
    bob = Figure(CharacterId("bob"), "Bob", Look(kind="bear"), Place(0.7, 0.9, 0.55), action="runs")
    return PanelBrief(PanelId("p"), StoryId("s"), "Mia waves at Bob.", (mia, bob),
                      Setting(SettingId("g"), "garden", "the garden", 7))


def an_underdrawing(size_px: int) -> Underdrawing:
    """A picture with enough in it that PNG has work to do."""
    out = io.BytesIO()
    Image.effect_mandelbrot((size_px, size_px), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(out, "PNG")
    return Underdrawing(out.getvalue(), ())


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


def stand_in(folder: Path) -> Path:
    """An untrained checkpoint of mini's shape: 256 px, latents of 12 channels at 32 x 32."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "engine" / "painters"))
    from tiny_unet import save_painter

    return save_painter(folder, size_px=256, channels=(64, 128, 256), latent_channels=12, text_width=192,
                        vae_channels=(48,) * 4, vae_blocks=((0, 0, 3, 3), (3, 3, 1, 0)), steps=20)


def measure(folder: Path, *, panels: int, threads: int, dtype: torch.dtype | None) -> list[tuple[str, str, str]]:
    """The rows of the table: what, how much, and a remark."""
    loaded = clock()
    painter = UNetPainter(folder, threads=threads, dtype=dtype, device="cpu")
    load_s = clock() - loaded
    pipeline, recipe, brief = painter._pipeline, painter.recipe, a_brief()
    drawing = an_underdrawing(painter.size_px)
    picture, words = Image.open(io.BytesIO(drawing.png)).convert("RGB"), mini_caption(brief)

    # The UNet alone, as often and on as many entries as a panel needs
    seconds_in_unet, calls, entries, flops = [0.0], [0], [0], [0]
    started_at = [0.0]

    def before(module: Any, inputs: Any) -> None:
        started_at[0], entries[0] = clock(), int(inputs[0].shape[0])
        calls[0] += 1

    # On the inner ends of the UNet, so that entries left out by the painter are not counted.
    first = pipeline.unet.conv_in.register_forward_pre_hook(before)
    last = pipeline.unet.conv_out.register_forward_hook(
        lambda *_: seconds_in_unet.__setitem__(0, seconds_in_unet[0] + clock() - started_at[0]))

    first_preview: list[float] = []

    def paint() -> None:
        began, seen = clock(), []

        def on_step(step: int, steps: int, png: bytes | None) -> None:
            if png is not None and not seen:
                seen.append(step)
                first_preview.append(clock() - began)

        painter.paint(brief, drawing, [], seed=1, on_step=on_step)

    paint()
    seconds_in_unet[0], calls[0] = 0.0, 0
    first_preview.clear()
    took = []
    for _ in range(panels):
        began = clock()
        paint()
        took.append(clock() - began)
    panel_s, unet_s, steps = statistics.median(took), seconds_in_unet[0] / panels, calls[0] // panels
    first.remove()
    last.remove()
    counter = FlopCounterMode(display=False)
    with counter:
        painter.paint(brief, drawing, [], seed=1, on_step=lambda *_: None)
    flops[0] = sum(count for module, counts in counter.get_flop_counts().items()
                   if module.endswith("UNet2DConditionModel") for count in counts.values())
    rate = flops_a_second(pipeline.unet.dtype)
    floor_s = flops[0] / rate

    # The bare pipeline on the same inputs, with no previews and no checks
    bare_s = median_s(lambda: pipeline(
        words, picture, num_inference_steps=recipe.steps, guidance_scale=recipe.guidance_scale,
        image_guidance_scale=recipe.image_guidance_scale, generator=torch.Generator().manual_seed(1)), panels)

    # The parts outside
    side = painter.size_px // painter.latent_format.downscale
    latents = torch.randn(1, painter.latent_format.channels, side, side, dtype=pipeline.unet.dtype)
    with torch.inference_mode():
        pixels = pipeline.image_processor.preprocess(picture).to(pipeline.vae.dtype)
        encode_s = median_s(lambda: pipeline.vae.encode(pixels), panels)
        decode_s = median_s(lambda: painter._decode(latents), panels)
        text_s = median_s(lambda: pipeline._encode_prompt(words, "cpu", 1, True), panels)
        painted = painter._decode(latents)
        png_s = median_s(lambda: to_png(painted), panels)
        pipeline.scheduler.set_timesteps(recipe.steps)
        preview_s = median_s(lambda: painter.preview(predicted_clean(pipeline.scheduler, 0, latents, latents)), panels)

    def ms(seconds: float) -> str:
        return f"{seconds * 1e3:.1f} ms"

    outside = panel_s - unet_s
    return [
        ("painter", painter.name, f"{sum(p.numel() for p in pipeline.unet.parameters()) / 1e6:.1f} M parameters, "
                                  f"{painter.size_px} px, {recipe.steps} steps, {str(pipeline.unet.dtype)[6:]}"),
        ("machine", platform.machine(), f"{torch.get_num_threads()} threads, torch {torch.__version__}, "
         + ("processor seconds" if clock is time.process_time else "wall seconds")),
        ("open", f"{load_s:.2f} s", "weights to memory, libraries already imported"),
        ("panel", f"{panel_s:.3f} s", f"median of {panels}"),
        ("first preview", f"{statistics.median(first_preview):.3f} s" if first_preview else "none", "from asking"),
        ("step", ms(unet_s / steps), f"UNet alone, {entries[0]} entries"),
        ("UNet", ms(unet_s), f"{unet_s / panel_s:.0%} of the panel"),
        ("outside the UNet", ms(outside), f"{outside / panel_s:.0%} of the panel; its parts follow"),
        ("- underdrawing to latents", ms(encode_s), "autoencoder"),
        ("- latents to picture", ms(decode_s), "autoencoder"),
        ("- words", ms(text_s), "text encoder, both prompts"),
        ("- PNG", ms(png_s), ""),
        ("- one preview", ms(preview_s), "by the decoder" if painter._decoder_is_cheap else "by the latents' colours"),
        ("bare diffusers call", f"{bare_s:.3f} s", f"a panel takes {panel_s / bare_s:.2f} times as long"),
        ("floor", f"{floor_s:.3f} s", f"{flops[0] / 1e9:.1f} GFLOP of the UNet at {rate / 1e9:.0f} GFLOP/s of "
                                      f"matrix product; a panel takes {panel_s / floor_s:.1f} times as long"),
    ]


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", type=Path, default=MINI_PAINTER, help="folder in diffusers format")
    parser.add_argument("--stand-in", action="store_true", help="measure an untrained net of mini's shape")
    parser.add_argument("--panels", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: as torch decides")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=None, help="default: the checkpoint's own")
    parser.add_argument("--cpu-time", action="store_true", help="count processor seconds, for a busy machine; "
                        "sensible with --threads 1 only")
    given = parser.parse_args()
    if given.cpu_time:
        global clock
        clock = time.process_time
    dtype = getattr(torch, given.dtype) if given.dtype else None
    with tempfile.TemporaryDirectory() as made:
        folder = stand_in(Path(made) / "stand-in") if given.stand_in else given.checkpoint
        rows = measure(folder, panels=given.panels, threads=given.threads, dtype=dtype)
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    print("| " + " | ".join(name.ljust(width) for name, width in
                            zip(("what", "measured", "remark"), widths, strict=True)) + " |")
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


if __name__ == "__main__":
    main()
