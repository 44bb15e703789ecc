"""The painter: an InstructPix2Pix-shaped latent diffusion model, trained on the world's own pairs.

The underdrawing's latents lie beside the noise; a tiny CLIP text encoder, trained jointly, reads `mini_caption`. Flow
matching (https://arxiv.org/abs/2209.03003) with logit-normal times (https://arxiv.org/abs/2403.03206), leaning to high
noise, where it is decided who stands how: at noise share s the picture is x = (1 - s) x0 + s noise. The network says
v = (1 - s) noise - (2 - s) x0, so that x0 = (1 - s) x - s v: at high noise that is x0 itself, most of which lies in the
underdrawing, and at low noise a correction that can do little harm. (Saying the plain flow, noise - x0, it had to copy
the noise through a small network, and what was copied badly stayed in the picture as patches.) The stock pipeline
samples it with `DPMSolverMultistepScheduler(prediction_type="v_prediction", use_flow_sigmas=True)`.

    python -m training.painter encode --shards DIR [DIR ...] --minutes 70      (beside the next, or before it)
    python -m training.painter train --shards DIR [DIR ...] --minutes 70
    python -m training.painter sample --held-out DIR
    python -m training.painter export, then judge
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing
from PIL import Image
from torch import nn

from engine import vocabulary as words
from training import autoencoder
from training.descent import Descent
from training.grids import save_grid
from training.ledger import RUNS, Average, Ledger, batches, learning_rate
from training.shards import Shards
from training.world import POSED

MINI_PAINTER = Path(__file__).parent.parent / "engine" / "mini" / "painter"
MAX_TOKENS = 64
TEXT_WIDTH = 128
#: How often words, underdrawing, or both are left out, so that the pipeline can guide by each.
DROP_WORDS, DROP_UNDERDRAWING, DROP_BOTH = 0.05, 0.03, 0.03
#: Mean of the normal whose sigmoid is the noise share, by what memory laid out: where the cast stands there in its
#: poses painting starts at half noise, so most of the effort goes below that; elsewhere it starts from noise alone.
TIMES_MEAN, TIMES_MEAN_UNPOSED = -0.3, 0.8
#: How often training starts from noise alone, as sampling from blank paper does.
FROM_NOISE, FROM_NOISE_UNPOSED = 0.02, 0.12


# --- words -----------------------------------------------------------------------------------------

def word_list() -> list[str]:
    """Every word a caption can hold, in a fixed order."""
    lists: tuple[tuple[str, ...], ...] = (
        words.STYLES, words.SHOTS, words.SETTINGS, words.TIMES, words.WEATHERS, words.KINDS, words.ACTIONS, words.MOODS,
        words.PROPS)
    plain = {part for listed in lists for entry in listed for part in entry.lower().split()}
    return ["<pad>", "<unk>", "<s>", "</s>", ".", "at", "with", "to", *map(str, range(10)),
            *sorted(plain - {"at", "with", "to"})]


def make_tokenizer() -> Any:
    """One token a word; a word never met is `<unk>`. A `PreTrainedTokenizerFast`, as the stock pipeline opens it."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast
    numbered = {word: index for index, word in enumerate(word_list())}
    raw = Tokenizer(models.WordLevel(numbered, unk_token="<unk>"))
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", numbered["<s>"]), ("</s>", numbered["</s>"])])
    return PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                                   eos_token="</s>", model_max_length=MAX_TOKENS)


def tokens(tokenizer: Any, captions: Sequence[str]) -> torch.Tensor:
    """(B, MAX_TOKENS) word numbers, padded as the stock pipeline pads."""
    return tokenizer(list(captions), padding="max_length", max_length=MAX_TOKENS,  # type: ignore[no-any-return]
                     truncation=True, return_tensors="pt").input_ids


# --- networks --------------------------------------------------------------------------------------

def make_unet(channels: tuple[int, ...] = (64, 128, 208), heads: tuple[int, ...] = (2, 4, 4),
              layers: tuple[int, ...] = (1, 1, 1), latent_side: int = 32) -> Any:
    """An untrained UNet: words are heard at the two coarse levels only, where a CPU can afford it.

    `attention_head_dim` of diffusers' class is the number of heads. Plain attention trains several times faster on
    CPUs than the fused one.
    """
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor
    unet = UNet2DConditionModel(
        sample_size=latent_side, in_channels=2 * autoencoder.LATENT_CHANNELS, out_channels=autoencoder.LATENT_CHANNELS,
        block_out_channels=channels, layers_per_block=layers, norm_num_groups=16,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH, attention_head_dim=heads)
    unet.set_attn_processor(AttnProcessor())
    return unet


def make_text_encoder(layers: int = 3) -> Any:
    """An untrained CLIP text encoder for the closed vocabulary."""
    from transformers import CLIPTextConfig, CLIPTextModel
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(word_list()), hidden_size=TEXT_WIDTH, intermediate_size=4 * TEXT_WIDTH, num_hidden_layers=layers,
        num_attention_heads=4, max_position_embeddings=MAX_TOKENS, projection_dim=TEXT_WIDTH,
        pad_token_id=0, bos_token_id=2, eos_token_id=3, hidden_act="gelu"))


def make_scheduler() -> Any:
    """Flow matching as the stock pipeline can run it."""
    from diffusers import DPMSolverMultistepScheduler
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000, prediction_type="v_prediction", use_flow_sigmas=True, flow_shift=FLOW_SHIFT,
        algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", lower_order_final=True,
        final_sigmas_type="zero")


#: Sampling spends this many times more of its steps at high noise, where the poses are decided.
FLOW_SHIFT = 1.5


# --- latents ---------------------------------------------------------------------------------------

class Latents:
    """The shards as latents, encoded once and kept as files; grows when the shards grow.

    With `encodes` false it only reads what another process (`encode` on the command line) has left.
    """

    def __init__(self, shards: Shards, vae: autoencoder.FoldedAutoencoder, folder: Path, tokenizer: Any, *,
                 encodes: bool = True) -> None:
        self.shards, self.vae, self.folder, self.tokenizer = shards, vae.eval(), folder, tokenizer
        self.encodes = encodes
        folder.mkdir(parents=True, exist_ok=True)
        self.pairs: list[torch.Tensor] = []          # each (2, C, h, w) half: true picture, underdrawing
        self.weights: list[torch.Tensor] = []
        self.tokens: list[torch.Tensor] = []
        self.posed: list[bool] = []
        self._done = 0
        self.refresh()

    def __len__(self) -> int:
        return len(self.pairs)

    @torch.no_grad()
    def _encode(self, pictures: list[np.ndarray[Any, Any]]) -> torch.Tensor:
        pixels = torch.stack([Shards.as_tensor(picture) for picture in pictures])
        with torch.autocast("cpu", torch.bfloat16):
            return self.vae.encode(pixels.contiguous(memory_format=torch.channels_last)).half()

    def refresh(self) -> int:
        """Take up what is new. Returns how many pairs there are."""
        self.shards.refresh()
        first = 0
        for folder, count in self.shards.sizes():
            if first >= self._done:
                if not self.encodes and not self._kept(folder).exists():
                    break
                self._take(folder, range(first, first + count))
            first += count
        return len(self)

    def _kept(self, folder: Path) -> Path:
        return self.folder / f"{folder.parent.name}-{folder.name}.pt"

    def _take(self, folder: Path, rows: range) -> None:
        kept = self._kept(folder)
        if kept.exists():
            both = torch.load(kept, weights_only=True)
        else:
            both = torch.cat([torch.stack([
                self._encode([self.shards.target(row) for row in rows[at:at + 16]]),
                self._encode([self.shards.underdrawing(row) for row in rows[at:at + 16]])], 1)
                for at in range(0, len(rows), 16)])                                        # (N, 2, C, h, w)
            torch.save(both, kept.with_suffix(".part"))
            kept.with_suffix(".part").replace(kept)
        self._done = rows.stop
        self.pairs += list(both)
        self.weights += [box_weights(self.shards.boxes(row), both.shape[-1]) for row in rows]
        self.tokens += list(tokens(self.tokenizer, [self.shards.caption(row) for row in rows]).short())
        self.posed += [self.shards.way(row) in POSED or (not len(self.shards.boxes(row)) and self.shards.way(row) in
                       ("sketch", "rough")) for row in rows]

    def batch(self, rows: Sequence[int]) -> dict[str, torch.Tensor]:
        """What `denoising_loss` takes of these rows."""
        pairs = torch.stack([self.pairs[row] for row in rows]).float()
        return {"clean": pairs[:, 0], "underdrawing": pairs[:, 1],
                "ids": torch.stack([self.tokens[row] for row in rows]).long(),
                "weight": torch.stack([self.weights[row] for row in rows]).float(),
                "posed": torch.tensor([self.posed[row] for row in rows])}


def box_weights(boxes: np.ndarray[Any, Any], side: int) -> torch.Tensor:
    """(side, side) half: 1 outside, 3 inside a figure's box, 5 in its upper half, where the face is; mean 1."""
    weight = torch.ones(side, side)
    for left, top, right, bottom in boxes:
        columns = slice(int(left * side), max(int(left * side) + 1, int(np.ceil(right * side))))
        rows = slice(int(top * side), max(int(top * side) + 1, int(np.ceil(bottom * side))))
        weight[rows, columns] = torch.maximum(weight[rows, columns], torch.tensor(3.0))
        upper = slice(rows.start, max(rows.start + 1, int(np.ceil((top + bottom) / 2 * side))))
        weight[upper, columns] = 5.0
    return (weight / weight.mean()).half()


# --- training --------------------------------------------------------------------------------------

def denoising_loss(unet: Any, text_encoder: Any, clean: torch.Tensor, underdrawing: torch.Tensor, ids: torch.Tensor,
                   weight: torch.Tensor, posed: torch.Tensor, empty: torch.Tensor,
                   generator: torch.Generator | None = None, drop: bool = True) -> torch.Tensor:
    """Weighted error of the network's v, square where small and absolute where large (Charbonnier).

    clean, underdrawing: (B, C, h, w); ids: (B, T); weight: (B, h, w); posed: (B,) bool, whether the underdrawing holds
    what the picture will; empty: (1, T), the words left out.
    """
    count = len(clean)
    if drop:
        chance = torch.rand(count, generator=generator)
        no_words = (chance < DROP_WORDS) | (chance > 1 - DROP_BOTH)
        bare = (chance >= DROP_WORDS) & (chance < DROP_WORDS + DROP_UNDERDRAWING)
        no_underdrawing = bare | (chance > 1 - DROP_BOTH)
        ids = torch.where(no_words[:, None], empty, ids)
        underdrawing = torch.where(no_underdrawing[:, None, None, None], torch.zeros(()), underdrawing)
    noise = torch.randn(clean.shape, generator=generator)
    share = torch.sigmoid(torch.randn(count, generator=generator)
                          + torch.where(posed, TIMES_MEAN, TIMES_MEAN_UNPOSED))
    from_noise = torch.where(posed, FROM_NOISE, FROM_NOISE_UNPOSED)
    share = torch.where(torch.rand(count, generator=generator) < from_noise, 0.999, share)[:, None, None, None]
    noisy = (1 - share) * clean + share * noise
    with torch.autocast("cpu", torch.bfloat16):
        heard = text_encoder(ids)[0]                                                       # (B, T, TEXT_WIDTH)
        beside = torch.cat([noisy, underdrawing], 1).contiguous(memory_format=torch.channels_last)
        said = unet(beside, share.flatten() * 1000, encoder_hidden_states=heard, return_dict=False)[0]
    wrong = said.float() - (1 - share) * noise + (2 - share) * clean
    error = (wrong.square() + 0.01).sqrt().mean(1) - 0.1                                   # (B, h, w)
    return (error * weight).mean()


def train(latents: Latents, *, minutes: float, run: Path, batch: int = 32, peak: float = 1e-3,
          held_out: Latents | None = None, max_steps: int | None = None, every_s: float = 420.0, unet: Any = None,
          text_encoder: Any = None, part: int = 0, parts_of: int = 1) -> tuple[Any, Any]:
    """Train, resuming from `run`. Returns the averaged UNet and text encoder.

    As one of `parts_of` processes (see `train_apart`) it sees its own share of each batch; gradients are averaged, so
    that all stay equal, and the first keeps the run's folder. The UNet is not compiled: what inductor makes of the
    upsampling in bfloat16 hands no gradient down (torch 2.13, CPU), so all before it would stand still.
    """
    torch.manual_seed(1)
    unet = unet or make_unet()
    text_encoder = text_encoder or make_text_encoder()
    unet.to(memory_format=torch.channels_last).train()
    text_encoder.train()
    both = nn.ModuleDict({"unet": unet, "text_encoder": text_encoder})
    average = Average(both, 0.99)
    descent = Descent((unet, text_encoder), outer=("conv_in", "conv_out", "time_embedding"))
    ledger = Ledger(run)
    parts = {"model": both, "average": average, "descent": descent}
    ledger.resume(parts)
    generator = torch.Generator().manual_seed(1000 * (part + 1) + ledger.step)
    empty = tokens(latents.tokenizer, [""])
    order = batches(generator, len(latents), batch // parts_of)
    losses: list[float] = []
    saved_at = logged_at = time.monotonic()

    def look() -> None:
        ledger.save(parts)
        ledger.draw_curve()
        if held_out is None:
            return
        kept = [p.detach().clone() for p in both.parameters()]
        average.copy_to(both)
        both.eval()
        try:
            ledger.log(held_out_loss=held_out_loss(unet, text_encoder, held_out, empty))
            sheet(unet, text_encoder, held_out, ledger.folder / "samples" / f"{ledger.step:06d}.png")
        finally:
            with torch.no_grad():
                for parameter, value in zip(both.parameters(), kept, strict=True):
                    parameter.copy_(value)
            both.train()

    while max_steps is None or ledger.step < max_steps:
        spent = agreed(ledger.elapsed_s / (minutes * 60), parts_of)
        if spent >= 1:
            break
        rows = next(order)
        loss = denoising_loss(unet, text_encoder, **latents.batch(rows), empty=empty, generator=generator)
        descent.zero_grad()
        loss.backward()
        share_gradients(both, parts_of)
        nn.utils.clip_grad_norm_(both.parameters(), 2.0)
        descent.step(learning_rate(peak, spent, ledger.step, warm_up=60, cool_from=0.65))
        average.update(both)
        ledger.step += 1
        losses.append(float(loss.detach()))
        if time.monotonic() - logged_at > 30:
            if part == 0:
                ledger.log(loss=sum(losses) / len(losses), pairs=float(len(latents)),
                           samples_per_s=len(losses) * batch / (time.monotonic() - logged_at))
            before = len(latents)
            if latents.refresh() != before:
                order = batches(generator, len(latents), batch // parts_of)
            losses, logged_at = [], time.monotonic()
        asked_to = run / "look"                      # touch it to have a checkpoint and a sheet now
        if part == 0 and (time.monotonic() - saved_at > every_s or asked_to.exists()):
            asked_to.unlink(missing_ok=True)
            look()
            saved_at = logged_at = time.monotonic()
            losses = []
    if part == 0:
        look()
    average.copy_to(both)
    both.eval()
    return unet, text_encoder


def begin(folder: Path) -> tuple[Any, Any]:
    """The UNet and text encoder of an exported painter, to go on from."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor
    from transformers import CLIPTextModel
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    unet.set_attn_processor(AttnProcessor())
    return unet, CLIPTextModel.from_pretrained(folder / "text_encoder", torch_dtype=torch.float32)


def agreed(spent: float, parts_of: int) -> float:
    """The first process's share of the planned time, so that all stop at the same step."""
    if parts_of == 1:
        return spent
    said = torch.tensor([spent], dtype=torch.float64)
    torch.distributed.broadcast(said, 0)
    return float(said)


def share_gradients(module: nn.Module, parts_of: int) -> None:
    """Average the gradients of all processes in place."""
    if parts_of == 1:
        return
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    torch._foreach_copy_(gradients, [piece.view_as(gradient) / parts_of for piece, gradient in zip(
        flat.split([gradient.numel() for gradient in gradients]), gradients, strict=True)])


def train_apart(part: int, parts_of: int, meeting: str, asked: argparse.Namespace) -> None:
    """One of several processes, which meet once a step.

    Beside other busy programs they lose far less time to waiting than threads do, which meet after every operation.
    """
    torch.set_num_threads(max(1, asked.threads // parts_of))
    if parts_of > 1:
        torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=part, world_size=parts_of)
    vae, tokenizer = autoencoder.load(asked.autoencoder), make_tokenizer()
    held_out = Latents(Shards(asked.held_out), vae, asked.run / "latents", tokenizer) if part == 0 else None
    latents = Latents(Shards(asked.shards), vae, asked.run / "latents", tokenizer, encodes=False)
    unet, text_encoder = begin(asked.start) if asked.start else (None, None)
    train(latents, minutes=asked.minutes, run=asked.run, batch=asked.batch, peak=asked.peak, held_out=held_out,
          part=part, parts_of=parts_of, unet=unet, text_encoder=text_encoder)


@torch.no_grad()
def held_out_loss(unet: Any, text_encoder: Any, held_out: Latents, empty: torch.Tensor, count: int = 64) -> float:
    """The loss on pairs never trained on, always with the same noise."""
    generator = torch.Generator().manual_seed(7)
    total, number = 0.0, min(count, len(held_out))
    for at in range(0, number, 16):
        rows = range(at, min(at + 16, number))
        total += len(rows) * float(denoising_loss(unet, text_encoder, **held_out.batch(rows), empty=empty,
                                                  generator=generator, drop=False))
    return total / number


# --- looking ---------------------------------------------------------------------------------------

def as_pipeline(unet: Any, text_encoder: Any, tokenizer: Any, vae: Any) -> Any:
    """The stock pipeline over these parts, quiet."""
    from diffusers import StableDiffusionInstructPix2PixPipeline
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=make_scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.no_grad()
def sheet(unet: Any, text_encoder: Any, held_out: Latents, path: Path, *, count: int = 8, steps: int = 1,
          guidance: float = 1.0, image_guidance: float = 1.0, first: int = 0) -> None:
    """Rows of underdrawing, painting, truth, by the stock pipeline."""
    pipeline = as_pipeline(unet, text_encoder, held_out.tokenizer, held_out.vae.unfold().eval())
    shown = []
    for row in range(first, min(first + count, len(held_out))):
        under = Shards.as_tensor(held_out.shards.underdrawing(row))[None]
        made = pipeline(held_out.shards.caption(row), image=under.add(1).div(2), num_inference_steps=steps,
                        guidance_scale=guidance, image_guidance_scale=image_guidance,
                        generator=torch.Generator().manual_seed(row), output_type="pt").images
        shown += [under[0], made[0].float() * 2 - 1, Shards.as_tensor(held_out.shards.target(row))]
    save_grid(torch.stack(shown), path, columns=6)


@torch.no_grad()
def judge(folder: Path, shards: Shards, *, count: int = 64) -> dict[str, dict[str, float]]:
    """The exported painter on pairs never trained on, by kind of underdrawing: how near the truth it comes.

    PSNR in dB of the painting and of the bare underdrawing against the true picture, over figures' boxes and outside
    them, and the mean seconds a picture took. Where there is nothing to see in the painting (`blank`), there are none.
    """
    from engine.nouns import StudioFailed, Underdrawing
    from engine.painters.latents import to_picture, to_png
    from engine.painters.unet import UNetPainter
    from training.world import brief_from
    painter = UNetPainter(folder)
    rows: dict[str, list[tuple[float, ...]]] = {}
    blank: Counter[str] = Counter()
    for index in range(min(count, len(shards))):
        under, true = Shards.as_tensor(shards.underdrawing(index))[None], Shards.as_tensor(shards.target(index))[None]
        laid_out = Underdrawing(to_png(to_picture(under)), ())
        way = shards.way(index) if len(shards.boxes(index)) else f"plate from {shards.way(index)}"
        begun = time.monotonic()
        try:
            painting = painter.paint(brief_from(shards.records[index]), laid_out, (), seed=index,
                                     on_step=lambda *_: None)
        except StudioFailed:                         # from blank paper a small painter makes fog
            blank[way] += 1
            continue
        made = Shards.as_tensor(np.asarray(Image.open(io.BytesIO(painting.png))))[None]
        seconds = time.monotonic() - begun
        inside = torch.zeros(true.shape[-2:], dtype=torch.bool)
        for left, top, right, bottom in (shards.boxes(index) * true.shape[-1]).round().astype(int):
            inside[top:bottom, left:right] = True
        figures = []
        for picture in (made, under):
            error = (picture - true).div(2).square().mean((0, 1))                          # (H, W)
            figures += [float(-10 * torch.log10(error[where].mean() + 1e-8)) if where.any() else float("nan")
                        for where in (inside, ~inside)]
        rows.setdefault(way, []).append((*figures, seconds))
    names = ("figures_db", "rest_db", "underdrawing_figures_db", "underdrawing_rest_db", "seconds")
    means = {way: {name: np.nanmean(column) for name, column in zip(names, np.array(found).T, strict=True)
                   if not np.isnan(column).all()} for way, found in sorted(rows.items())}
    return {way: {"pictures": len(rows.get(way, ())), "blank": blank[way],
                  **{name: round(float(value), 2) for name, value in means.get(way, {}).items()}}
            for way in sorted({*rows, *blank})}


# --- export ----------------------------------------------------------------------------------------

@torch.no_grad()
def rgb_factors(vae: autoencoder.FoldedAutoencoder, shards: Shards, count: int = 64) -> list[list[float]]:
    """The linear map from clean latents to RGB from -1 to 1, least squares: a row a channel, and the bias last."""
    rows, colours = [], []
    for index in range(min(count, len(shards))):
        pixels = Shards.as_tensor(shards.target(index))[None]
        latents = vae.encode(pixels)[0]                                                    # (C, h, w)
        small = torch.nn.functional.avg_pool2d(pixels, pixels.shape[-1] // latents.shape[-1])[0]
        rows.append(torch.cat([latents.flatten(1), torch.ones(1, latents[0].numel())]).T)  # (h w, C + 1)
        colours.append(small.flatten(1).T)
    solved = torch.linalg.lstsq(torch.cat(rows), torch.cat(colours)).solution              # (C + 1, 3)
    return [[round(float(value), 4) for value in row] for row in solved]


def load(run: Path) -> tuple[Any, Any]:
    """The averaged UNet and text encoder of a run."""
    saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    unet, text_encoder = make_unet(), make_text_encoder()
    both = nn.ModuleDict({"unet": unet, "text_encoder": text_encoder})
    average = Average(both, 0.998)
    average.load_state_dict(saved["average"])
    average.copy_to(both)
    both.eval()
    return unet, text_encoder


def export(unet: Any, text_encoder: Any, vae: autoencoder.FoldedAutoencoder, tokenizer: Any, out: Path, *,
           factors: list[list[float]], size_px: int, recipe: dict[str, Any]) -> str:
    """Write the standard diffusers folder in half precision, and `mini.json`. Returns the revision, a hash."""
    whole = vae.unfold()
    for part in (unet, text_encoder, whole):
        part.half()
    as_pipeline(unet, text_encoder, tokenizer, whole).save_pretrained(out)
    index = out / "model_index.json"                 # the class by the name that every version of transformers knows
    index.write_text(index.read_text().replace("TokenizersBackend", "PreTrainedTokenizerFast"))
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    revision = digest.hexdigest()[:8]
    (out / "mini.json").write_text(json.dumps({
        "size_px": size_px, **recipe, "latent_rgb_factors": factors, "revision": revision}, indent=1) + "\n")
    return revision


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `encode` beside `train`; `sample`; `export`; `judge`."""
    parser = argparse.ArgumentParser(prog="python -m training.painter", description=__doc__)
    parser.add_argument("act", choices=("encode", "train", "sample", "export", "judge"))
    parser.add_argument("--shards", type=Path, nargs="*", default=[RUNS / "shards"])
    parser.add_argument("--held-out", type=Path, nargs="*", default=[RUNS / "held-out"])
    parser.add_argument("--autoencoder", type=Path, default=RUNS / "autoencoder")
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=1, help="train in so many, the threads shared out")
    parser.add_argument("--start", type=Path, help="begin with this exported painter instead of from nothing")
    parser.add_argument("--run", type=Path, default=RUNS / "painter")
    parser.add_argument("--out", type=Path, default=MINI_PAINTER)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--start-share", type=float, default=0.5, help="noise put on the underdrawing to begin with")
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--image-guidance", type=float, default=1.0)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    if asked.act == "judge":
        for way, figures in judge(asked.out, Shards(asked.held_out)).items():
            print(way, json.dumps(figures))
        return
    if asked.act == "train":
        with tempfile.TemporaryDirectory() as folder:
            torch.multiprocessing.spawn(train_apart, (asked.processes, f"{folder}/meeting", asked), asked.processes)
        return
    vae, tokenizer = autoencoder.load(asked.autoencoder), make_tokenizer()
    held_out = Latents(Shards(asked.held_out), vae, asked.run / "latents", tokenizer)
    if asked.act == "encode":
        latents = Latents(Shards(asked.shards), vae, asked.run / "latents", tokenizer)
        until = time.monotonic() + asked.minutes * 60
        while time.monotonic() < until:
            before = len(latents)
            if latents.refresh() == before:
                time.sleep(10)
        return
    unet, text_encoder = load(asked.run)
    if asked.act == "sample":
        path = asked.run / "samples" / f"s{asked.steps}-g{asked.guidance}-i{asked.image_guidance}-{asked.first}.png"
        sheet(unet, text_encoder, held_out, path, steps=asked.steps, guidance=asked.guidance,
              image_guidance=asked.image_guidance, first=asked.first)
        print(path)
        return
    revision = export(unet, text_encoder, vae, tokenizer, asked.out, factors=rgb_factors(vae, held_out.shards),
                      size_px=held_out.shards.side_px,
                      recipe={"steps": asked.steps, "start_share": asked.start_share,
                              "guidance_scale": asked.guidance, "image_guidance_scale": asked.image_guidance,
                              "dtype": "bfloat16"})
    print(f"{asked.out}: revision {revision}")


if __name__ == "__main__":
    main()
