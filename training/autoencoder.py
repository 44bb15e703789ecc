"""The painter's autoencoder: 256 px pictures to 32 x 32 latents and back, in the stock `AutoencoderTiny` shape.

Trained in a folded form and exported to the stock one exactly. `AutoencoderTiny` (the shape of TAESD,
https://github.com/madebyollin/taesd) works at full resolution at both its ends, where a CPU spends most of its time;
with no blocks there its two outermost convolutions are linear, and two 3x3 convolutions in a row are one 5x5. So
training keeps the 5x5 kernels: at the way in with stride 2, at the way out folded by pixel phase to half size.
`unfold` splits each into the two 3x3 kernels the stock class wants, equal to rounding, borders included.

    python -m training.autoencoder train --shards DIR [DIR ...] --minutes 25
    python -m training.autoencoder export
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from training.descent import Descent
from training.ledger import RUNS, Average, Ledger, learning_rate
from training.shards import Shards

LATENT_CHANNELS = 12
#: Residual blocks of the decoder at 32, 64, 128 and 256 px.
DECODER_BLOCKS = (3, 3, 3, 0)
#: Which 3x3 taps (first, second) build the 5x5 taps -2..2: chosen so that a border pixel never needs a value
#: of the hidden layer outside the picture, which the stock class pads with zeros.
TAPS = {-2: (-1, -1), -1: (0, -1), 0: (0, 0), 1: (0, 1), 2: (1, 1)}
#: Source pixel (-1, 0, 1 around the own one) of tap -2..2 after doubling the size, for even and odd pixels.
PHASES = torch.tensor([[[1., 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]],
                       [[1., 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]])                # (phase, source, tap)


def stock(width: int = 48, encoder_blocks: tuple[int, ...] = (0, 0, 3, 3),
          decoder_blocks: tuple[int, ...] = DECODER_BLOCKS) -> Any:
    """An untrained `AutoencoderTiny`: 8x down, 12 channels, one width throughout."""
    from diffusers import AutoencoderTiny
    return AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4, decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=encoder_blocks, num_decoder_blocks=decoder_blocks, latent_channels=LATENT_CHANNELS)


class FoldedAutoencoder(nn.Module):
    """The training form. Same function as the stock class after `unfold`, a third of the work."""

    def __init__(self, width: int = 48, encoder_blocks: tuple[int, ...] = (0, 0, 3, 3),
                 decoder_blocks: tuple[int, ...] = DECODER_BLOCKS) -> None:
        super().__init__()
        if encoder_blocks[0] or decoder_blocks[-1]:
            raise ValueError("the full-size levels must be free of blocks to be folded")
        if width < 28:
            raise ValueError("unfolding needs 28 channels")
        self.shape = (width, encoder_blocks, decoder_blocks)
        whole = stock(*self.shape)
        self.way_in = nn.Conv2d(3, width, 5, stride=2, padding=2)
        self.encoder = nn.Sequential(*list(whole.encoder.layers)[2:])
        self.decoder = nn.Sequential(*list(whole.decoder.layers)[:-3])
        outmost = nn.Conv2d(width, 3, 5)
        self.way_out = nn.Parameter(outmost.weight.detach().clone())
        self.way_out_bias = nn.Parameter(torch.full((3,), 0.5))
        with torch.no_grad():                        # PyTorch's default lets the signal fade
            self.way_in.weight.mul_(3)
            for part in (*self.encoder, *self.decoder):
                if isinstance(part, nn.Conv2d):
                    nn.init.kaiming_normal_(part.weight, nonlinearity="relu" if part.bias is not None else "linear")

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) from -1 to 1 -> (B, 12, H/8, W/8)."""
        return self.encoder(self.way_in(pixels.add(1).div(2)))  # type: ignore[no-any-return]

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """(B, 12, h, w) -> (B, 3, 8h, 8w) about -1 to 1."""
        half = self.decoder(torch.tanh(latents / 3) * 3)                                   # (B, width, 4h, 4w)
        phases = torch.einsum("pak,qbl,oikl->opqiab", PHASES, PHASES, self.way_out)        # (3, 2, 2, width, 3, 3)
        sharp = F.conv2d(half, phases.flatten(0, 2), self.way_out_bias.repeat_interleave(4), padding=1)
        return F.pixel_shuffle(sharp, 2).mul(2).sub(1)

    @torch.no_grad()
    def unfold(self) -> Any:
        """The same function as a stock `AutoencoderTiny`."""
        whole = stock(*self.shape)
        for mine, theirs in ((self.encoder, nn.Sequential(*list(whole.encoder.layers)[2:])),
                             (self.decoder, nn.Sequential(*list(whole.decoder.layers)[:-3]))):
            theirs.load_state_dict(mine.state_dict())
        first, second = whole.encoder.layers[0], whole.encoder.layers[1]
        for part in (first.weight, first.bias, second.weight):
            part.zero_()
        for colour in range(3):                      # hidden channel: one colour shifted by one tap
            for row in range(3):
                for column in range(3):
                    first.weight[colour * 9 + row * 3 + column, colour, row, column] = 1
        first.bias[27] = 1                           # the stock stride convolution has no bias: one channel is 1
        second.weight[:, 27, 1, 1] = self.way_in.bias
        for y, (y1, y2) in TAPS.items():
            for x, (x1, x2) in TAPS.items():
                for colour in range(3):
                    second.weight[:, colour * 9 + (y1 + 1) * 3 + x1 + 1, y2 + 1, x2 + 1] = \
                        self.way_in.weight[:, colour, y + 2, x + 2]
        first, second = whole.decoder.layers[-2], whole.decoder.layers[-1]
        for part in (first.weight, second.weight):
            part.zero_()
        second.bias.copy_(self.way_out_bias)
        for y, (y1, y2) in TAPS.items():
            for x, (x1, x2) in TAPS.items():
                for colour in range(3):              # hidden channel: one colour as seen from one tap
                    hidden = colour * 9 + (y2 + 1) * 3 + x2 + 1
                    first.weight[hidden, :, y1 + 1, x1 + 1] = self.way_out[colour, :, y + 2, x + 2]
                    second.weight[colour, hidden, y2 + 1, x2 + 1] = 1
        return whole


@torch.no_grad()
def fold(whole: Any) -> FoldedAutoencoder:
    """The training form of a stock `AutoencoderTiny` that `unfold` made: to go on from shipped weights.

    Where it has fewer decoder blocks than are trained now, the new ones begin by changing nothing.
    """
    model = FoldedAutoencoder(whole.encoder.layers[1].weight.shape[0])
    model.encoder.load_state_dict(nn.Sequential(*list(whole.encoder.layers)[2:]).state_dict())
    given = list(whole.decoder.layers)[:-3]
    for mine in model.decoder:
        if given and type(mine) is type(given[0]):
            mine.load_state_dict(given.pop(0).state_dict())
        elif any(True for _ in mine.parameters()):
            mine.conv[-1].weight.zero_()
            mine.conv[-1].bias.zero_()
    way_in, first, last = whole.encoder.layers[1], whole.decoder.layers[-2], whole.decoder.layers[-1]
    model.way_in.bias.copy_(way_in.weight[:, 27, 1, 1])
    model.way_out_bias.copy_(last.bias)
    for y, (y1, y2) in TAPS.items():
        for x, (x1, x2) in TAPS.items():
            for colour in range(3):
                model.way_in.weight[:, colour, y + 2, x + 2] = way_in.weight[
                    :, colour * 9 + (y1 + 1) * 3 + x1 + 1, y2 + 1, x2 + 1]
                model.way_out[colour, :, y + 2, x + 2] = first.weight[
                    colour * 9 + (y2 + 1) * 3 + x2 + 1, :, y1 + 1, x1 + 1]
    return model


def picture_loss(made: torch.Tensor, true: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted L1 and square error, and L1 of the differences to the right and below: edges carry faces.

    made, true: (B, 3, H, W); weight: (B, 1, H, W).
    """
    error = (made - true).abs()
    wrong = made - true
    right = (wrong[..., 1:] - wrong[..., :-1]).abs() * weight[..., 1:]
    below = (wrong[..., 1:, :] - wrong[..., :-1, :]).abs() * weight[..., 1:, :]
    return ((error * weight).mean() + 2.0 * wrong.square().mul(weight).mean()
            + 0.5 * (right.mean() + below.mean())) / weight.mean()


def crops(shards: Shards, rng: np.random.Generator, size: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`size` crops of `side` px, two thirds of them around a figure's head, and their weights.

    Returns pixels (size, 3, side, side) from -1 to 1 and weights (size, 1, side, side).
    """
    pixels = np.empty((size, side, side, 3), np.uint8)
    weights = np.ones((size, side, side), np.float32)
    for slot in range(size):
        index = int(rng.integers(len(shards)))
        blank = shards.way(index) == "blank"
        picture = shards.target(index) if blank or rng.random() < 0.75 else shards.underdrawing(index)
        full = picture.shape[0]
        boxes = shards.boxes(index)
        centre = rng.uniform(0, full, 2)
        if len(boxes) and rng.random() < 0.67:
            left, top, right, bottom = boxes[int(rng.integers(len(boxes)))] * full
            centre = np.array([(left + right) / 2, top + (bottom - top) * 0.3]) + rng.normal(0, 12, 2)
        x0, y0 = (int(np.clip(value - side / 2, 0, full - side)) for value in centre)
        pixels[slot] = picture[y0:y0 + side, x0:x0 + side]
        for left, top, right, bottom in boxes * full:
            columns = slice(max(0, int(left) - x0), max(0, int(right) - x0))
            weights[slot, max(0, int(top) - y0):max(0, int(bottom) - y0), columns] = 2.0
            head = top + (bottom - top) * 0.5
            weights[slot, max(0, int(top) - y0):max(0, int(head) - y0), columns] = 4.0
        if rng.random() < 0.5:
            pixels[slot], weights[slot] = pixels[slot, :, ::-1].copy(), weights[slot, :, ::-1].copy()
    as_float = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return as_float, torch.from_numpy(weights)[:, None]


def step_loss(model: FoldedAutoencoder, pixels: torch.Tensor, weight: torch.Tensor, noise: float) -> torch.Tensor:
    """Reconstruction through slightly noisy latents, which are kept near zero mean and unit variance.

    The painter's latents are never exact, so the decoder must forgive small errors; and the stock pipeline hands the
    underdrawing's latents to the UNet unscaled, so their scale is made right here.
    """
    with torch.autocast("cpu", torch.bfloat16):
        latents = model.encode(pixels.contiguous(memory_format=torch.channels_last))
        made = model.decode(latents + noise * torch.randn_like(latents))
    latents = latents.float()
    spread = latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) - 1).square().mean()
    return picture_loss(made.float(), pixels, weight) + 0.02 * spread


@torch.no_grad()
def judge(model: Any, pictures: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Mean PSNR in dB over pictures (N, 3, H, W) from -1 to 1, and what was made of them."""
    made = torch.cat([model.decode(model.encode(part)).clamp(-1, 1) for part in pictures.split(8)])
    error = (made - pictures).div(2).square().mean((1, 2, 3))
    return float((-10 * torch.log10(error + 1e-10)).mean()), made


def train(shards: Shards, held_out: Shards, *, minutes: float, run: Path, batch: int = 12, side: int = 128,
          peak: float = 1e-3, max_steps: int | None = None, width: int = 48,
          every_s: float = 240.0, start: FoldedAutoencoder | None = None,
          cool_from: float = 0.5, decoder_only: bool = False) -> FoldedAutoencoder:
    """Train, resuming from `run` where it holds a checkpoint, else from `start` or from nothing.

    With `decoder_only` latents stay what they are, so that a painter which learned them need not learn anew.
    Returns the averaged model.
    """
    from training.grids import save_grid
    torch.manual_seed(0)
    model = (start or FoldedAutoencoder(width)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if decoder_only:
        model.way_in.requires_grad_(False)
        model.encoder.requires_grad_(False)
    average = Average(model, 0.998)
    descent = Descent((model,), outer=("way_in", "way_out"))
    ledger = Ledger(run)
    parts = {"model": model, "average": average, "descent": descent}
    ledger.resume(parts)
    rng = np.random.default_rng(ledger.step)
    some = torch.stack([shards.as_tensor(held_out.target(index)) for index in range(min(24, len(held_out)))])
    losses: list[float] = []
    saved_at, logged_at = time.monotonic(), time.monotonic()

    def look() -> None:
        best = FoldedAutoencoder(width)
        average.copy_to(best)
        psnr, made = judge(best, some)
        ledger.log(psnr_db=psnr)
        save_grid(torch.cat([pair for row in zip(some[:12].split(4), made[:12].split(4), strict=True) for pair in row]),
                  ledger.folder / "samples" / f"{ledger.step:06d}.png", columns=4)
        ledger.save(parts)
        ledger.draw_curve()

    while ledger.elapsed_s < minutes * 60 and (max_steps is None or ledger.step < max_steps):
        pixels, weight = crops(shards, rng, batch, min(side, shards.side_px))
        loss = step_loss(model, pixels, weight, noise=0.05)
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        descent.step(learning_rate(peak, ledger.elapsed_s / (minutes * 60), ledger.step, warm_up=30,
                                   cool_from=cool_from))
        average.update(model)
        ledger.step += 1
        losses.append(float(loss.detach()))
        if time.monotonic() - logged_at > 20:
            ledger.log(loss=sum(losses) / len(losses))
            losses, logged_at = [], time.monotonic()
        if time.monotonic() - saved_at > every_s:
            look()
            shards.refresh()
            saved_at = time.monotonic()
    look()
    average.copy_to(model)
    return model


def load(run: Path) -> FoldedAutoencoder:
    """The averaged model of a run."""
    saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    model = FoldedAutoencoder(saved["model"]["way_in.weight"].shape[0])
    average = Average(model, 0.998)
    average.load_state_dict(saved["average"])
    average.copy_to(model)
    return model.eval()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `train` or `export`."""
    parser = argparse.ArgumentParser(prog="python -m training.autoencoder", description=__doc__)
    parser.add_argument("act", choices=("train", "export"))
    parser.add_argument("--shards", type=Path, nargs="*", default=[])
    parser.add_argument("--held-out", type=Path, nargs="*", default=[])
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--run", type=Path, default=RUNS / "autoencoder")
    parser.add_argument("--out", type=Path, default=RUNS / "autoencoder" / "vae")
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--cool-from", type=float, default=0.5, help="share of the time after which the rate falls")
    parser.add_argument("--decoder-only", action="store_true", help="leave the latents as they are")
    parser.add_argument("--start", type=Path, help="begin with this stock `AutoencoderTiny` instead of from nothing")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    if asked.act == "train":
        start = None
        if asked.start is not None:
            from diffusers import AutoencoderTiny
            start = fold(AutoencoderTiny.from_pretrained(asked.start, torch_dtype=torch.float32))
        train(Shards(asked.shards), Shards(asked.held_out), minutes=asked.minutes, run=asked.run, width=asked.width,
              peak=asked.peak, cool_from=asked.cool_from, start=start, decoder_only=asked.decoder_only)
    load(asked.run).unfold().save_pretrained(asked.out)


if __name__ == "__main__":
    main()
