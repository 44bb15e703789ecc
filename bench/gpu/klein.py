"""FLUX.2 klein on this machine's card: seconds and memory a panel, and how near that is to the floor.

    python -m bench.gpu.klein                        (klein 4B's shape, random weights: a card with 24 GB)
    python -m bench.gpu.klein --toy --device cpu     (a toy's shape, to see that it runs)

Panels with no to four characters are painted by our painter, with and without its caches and its mask, and by the bare
diffusers call on the same pictures, in turns. The floor is the transformer's floating point operations
(torch.utils.flop_counter, every step) over the rate at which the device multiplies matrices, measured in the same run.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch.utils.flop_counter import FlopCounterMode

from engine.nouns import (
    Box,
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
from engine.painters.klein import RECIPE, Fitting, KleinPainter

#: The shapes of FLUX.2 klein 4B's parts: 3.9, 4.0 and 0.1 thousand million parameters.
TRANSFORMER = {"patch_size": 1, "in_channels": 128, "num_layers": 5, "num_single_layers": 20,
               "attention_head_dim": 128, "num_attention_heads": 24, "joint_attention_dim": 7680,
               "guidance_embeds": False}
TEXT = {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": True}
TOY_TRANSFORMER = TRANSFORMER | {"num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16, "in_channels": 16,
                                 "num_attention_heads": 2, "joint_attention_dim": 48, "axes_dims_rope": (4, 4, 4, 4)}
TOY_TEXT = TEXT | {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2,
                   "num_key_value_heads": 2, "head_dim": 8}


@dataclass(frozen=True, slots=True)
class Row:
    """One way of painting one kind of panel."""

    what: str
    characters: int
    seconds: float                         # median of the runs after the first
    first_s: float
    peak_gib: float
    floor_s: float


def build(folder: Path, *, toy: bool, seed: int = 0) -> Path:
    """A checkpoint of random weights in klein's shape, as `Flux2KleinPipeline` saves it. Returns the folder."""
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

    vocabulary = {letter: number for number, letter in enumerate(sorted(ByteLevel.alphabet()))}
    vocabulary |= {"<|endoftext|>": len(vocabulary), "<|im_end|>": len(vocabulary) + 1}
    tokenizer = Qwen2TokenizerFast(vocab=vocabulary, merges=[], unk_token="<|endoftext|>", eos_token="<|im_end|>",
                                   pad_token="<|endoftext|>")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}<|im_end|>{% endfor %}"
    torch.manual_seed(seed)
    dtype = torch.float32 if toy else torch.bfloat16
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)         # 8 thousand million random numbers are made in the width they are kept in
    try:
        transformer = Flux2Transformer2DModel(**(TOY_TRANSFORMER if toy else TRANSFORMER))
        text = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(vocabulary) if toy else 151_936,
                                            **(TOY_TEXT if toy else TEXT)))
        vae = AutoencoderKLFlux2(**({"block_out_channels": (8, 8), "layers_per_block": 1, "latent_channels": 4,
                                     "norm_num_groups": 4, "down_block_types": ("DownEncoderBlock2D",) * 2,
                                     "up_block_types": ("UpDecoderBlock2D",) * 2, "mid_block_add_attention": False}
                                    if toy else {}))
    finally:
        torch.set_default_dtype(before)
    Flux2KleinPipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text, tokenizer=tokenizer,
                       transformer=transformer, is_distilled=True).save_pretrained(folder)
    (folder / RECIPE).write_text(json.dumps(
        {"revision": "random"} | ({"size_px": 64, "reference_px": 64, "text_tokens": 64, "text_layers": [1, 2, 3]}
                                  if toy else {})), "utf-8")
    return folder


def panel(characters: int) -> tuple[PanelBrief, Underdrawing, tuple[bytes, ...]]:
    """A brief of so many, an underdrawing, everybody's avatar and a frame before."""
    places = [(number + 0.5) / max(1, characters) for number in range(characters)]
    figures = tuple(Figure(CharacterId(f"c{number}"), f"Friend {number}", Look(), Place(x, 0.9, 0.5), "waves", "happy")
                    for number, x in enumerate(places))
    boxes = tuple((figure.character_id, Box(max(0, x - 0.1), 0.4, min(1, x + 0.1), 0.9))
                  for figure, x in zip(figures, places, strict=True))
    setting = Setting(SettingId("x"), "garden", "garden", 1)
    brief = PanelBrief(PanelId("p"), StoryId("s"), "They wave.", figures, setting)
    return brief, Underdrawing(_png(768, "teal"), boxes), (
        *(_png(512, colour) for colour in ("crimson", "navy", "olive", "plum")[:characters]), _png(512, "gold"))


def _png(side: int, colour: str) -> bytes:
    picture = Image.new("RGB", (side, side), colour)
    ImageDraw.Draw(picture).ellipse((side // 4, side // 4, side // 2, side // 2), "white")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def multiplied_a_second(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Floating point operations a second of a square matrix product."""
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(6):
        started = _now(device)
        one @ other
        seconds.append(_now(device) - started)
    return 2 * side**3 / min(seconds)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def operations(painter: KleinPainter, characters: int) -> float:
    """Floating point operations of everything one panel takes, encoding and decoding included."""
    brief, underdrawing, references = panel(characters)
    with FlopCounterMode(display=False) as counter:
        painter.paint(brief, underdrawing, references, seed=1, on_step=lambda *_: None)
    return float(counter.get_total_flops())


def timed(paint: Callable[[int], Any], device: torch.device, runs: int) -> tuple[float, float, float]:
    """Median seconds of the runs after the first, seconds of the first, and the most memory in GiB."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for run in range(runs + 1):
        started = _now(device)
        paint(run)
        seconds.append(_now(device) - started)
    peak = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else 0.0
    return statistics.median(seconds[1:]), seconds[0], peak


def measure(folder: Path, *, device: torch.device, characters: tuple[int, ...], runs: int,
            fitting: Fitting | None = None) -> list[Row]:
    """Every way of painting, for panels of so many characters."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rate = multiplied_a_second(device, dtype, 8192 if device.type == "cuda" else 512)
    ways = {"ours": {}, "ours, no caches": {"caching": False}, "ours, no mask": {"masked": False}}
    rows = []
    for what, given in ways.items():
        painter = KleinPainter(folder, device=str(device), fitting=fitting, **given)  # type: ignore[arg-type]
        for number in characters:
            brief, underdrawing, references = panel(number)
            floor = operations(painter, number) / rate
            rows.append(Row(what, number, *timed(lambda run, brief=brief, underdrawing=underdrawing,  # type: ignore[misc]
                                                 references=references, painter=painter: painter.paint(
                brief, underdrawing, references, seed=run, on_step=lambda *_: None), device, runs), floor))
        if what == "ours, no mask":        # the bare call, on the very same parts
            pipeline, recipe = painter._pipeline, painter.recipe
            pipeline.kept = None
            for number in characters:
                brief, underdrawing, references = panel(number)
                pictures = [Image.open(io.BytesIO(png)).convert("RGB").resize((side, side)) for png, side in (
                    (underdrawing.png, painter.size_px), *((png, recipe.reference_px) for png in references))]
                rows.append(Row("diffusers alone", number, *timed(
                    lambda run, pictures=pictures, pipeline=pipeline, recipe=recipe,  # type: ignore[misc]
                    painter=painter: pipeline(
                        image=pictures, prompt="A page of a picture book.", height=painter.size_px,
                        width=painter.size_px, num_inference_steps=recipe.steps, guidance_scale=1.0,
                        generator=torch.Generator().manual_seed(run), max_sequence_length=recipe.text_tokens,
                        text_encoder_out_layers=recipe.text_layers), device, runs), 0.0))
        del painter
    return rows


def table(rows: list[Row], rate_told: str) -> str:
    """The rows as Markdown."""
    lines = [rate_told, "", "| painted by | characters | s a panel | first | floor | times the floor | peak GiB |",
             "|---|---|---|---|---|---|---|"]
    for row in rows:
        floor = f"{row.floor_s:.3f} | {row.seconds / row.floor_s:.1f}" if row.floor_s else " | "
        lines.append(f"| {row.what} | {row.characters} | {row.seconds:.3f} | {row.first_s:.3f} | {floor} | "
                     f"{row.peak_gib:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--toy", action="store_true", help="a toy's shape instead of klein 4B's")
    parser.add_argument("--characters", type=int, nargs="*", default=[0, 1, 2, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fitting", choices=[each.value for each in Fitting])
    asked = parser.parse_args()
    device = torch.device(asked.device)
    if device.type != "cuda" and not asked.toy:
        print("There is no CUDA card here; --toy shows that everything runs.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        folder = build(Path(place) / "klein", toy=asked.toy)
        rows = measure(folder, device=device, characters=tuple(asked.characters), runs=asked.runs,
                       fitting=Fitting(asked.fitting) if asked.fitting else None)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(table(rows, f"{name}, torch {torch.__version__}, {'a toy' if asked.toy else 'klein 4B, random weights'}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
