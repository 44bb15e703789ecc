"""Avatars as attention references: stock IP-Adapter layers on the frozen painter, for comparison.

IP-Adapter (arXiv 2308.06721) as diffusers ships it: four tokens an image, keys and values of their own in every
cross-attention, added to what the words say; several characters by its masks, each heard only inside the box where the
planner put them. In the place of CLIP the painter's own autoencoder looks at the avatar. Only the adapter is trained,
from pure noise over blank paper; the painter stays as it is.

    python -m training.evaluation.adapter train --minutes 12 [--painter DIR]
    python -m training.evaluation.adapter export
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from engine.memory.underdrawing import BLANK
from engine.nouns import Box, Look
from engine.painters.unet import MINI_PAINTER, UNetRecipe
from engine.prompting import mini_caption
from training.ledger import RUNS, Average, Ledger, batches, learning_rate

ADAPTER = Path(__file__).parent / "adapter.safetensors"
#: Pixels a side of an avatar as the autoencoder sees it, and what is left of its latents' side.
AVATAR_PX, GRID = 128, 8
MOST, TOKENS = 4, 4


def avatar_pixels(avatar: Image.Image) -> torch.Tensor:
    """A cut-out (RGBA) on blank paper: (3, 128, 128) from -1 to 1."""
    square = Image.new("RGBA", (AVATAR_PX, AVATAR_PX), (*BLANK, 255))
    scale = AVATAR_PX / max(avatar.size)
    size = (max(1, round(avatar.width * scale)), max(1, round(avatar.height * scale)))
    small = avatar.convert("RGBA").resize(size, Image.Resampling.BOX)
    square.alpha_composite(small, ((AVATAR_PX - size[0]) // 2, AVATAR_PX - size[1]))
    return torch.from_numpy(np.array(square.convert("RGB"))).permute(2, 0, 1).float().div(127.5).sub(1)


@torch.no_grad()
def encoded(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    """(B, 3, S, S) -> latents as the pipeline lays them beside the noise, (B, C, S/8, S/8), float32."""
    found = vae.encode(pixels.to(vae.dtype))
    return (found.latent_dist.mode() if "latent_dist" in found else found.latents).float()  # type: ignore[no-any-return]


def embeddings(vae: Any, avatars: Sequence[Image.Image]) -> torch.Tensor:
    """What the adapter is told of each avatar: its latents on a coarse grid, (N, C * 64)."""
    latents = encoded(vae, torch.stack([avatar_pixels(avatar) for avatar in avatars]))
    return nn.functional.adaptive_avg_pool2d(latents, GRID).flatten(1)


def mask_of(box: Box, side: int) -> torch.Tensor:
    """(side, side): 1 inside a figure's box."""
    mask = torch.zeros(side, side)
    mask[int(box.top * side):max(int(box.top * side) + 1, int(np.ceil(box.bottom * side))),
         int(box.left * side):max(int(box.left * side) + 1, int(np.ceil(box.right * side)))] = 1.0
    return mask


def untrained(unet: Any, embedding: int) -> dict[str, dict[str, torch.Tensor]]:
    """Fresh adapter weights in IP-Adapter's own format: what it adds starts at nothing."""
    width = unet.config.cross_attention_dim
    projection = nn.Linear(embedding, TOKENS * width)
    norm = nn.LayerNorm(width)
    layers: dict[str, torch.Tensor] = {}
    for name, module in unet.named_modules():
        if name.endswith("attn2"):
            keys, values = nn.Linear(width, module.inner_dim, bias=False), torch.zeros(module.inner_dim, width)
            layers[name], layers[f"{name}.values"] = keys.weight.detach(), values
    ordered = [name.removesuffix(".processor") for name in unet.attn_processors if name.endswith("attn2.processor")]
    adapter = {}
    for number, name in enumerate(ordered):
        adapter[f"{2 * number + 1}.to_k_ip.weight"] = layers[name]
        adapter[f"{2 * number + 1}.to_v_ip.weight"] = layers[f"{name}.values"]
    return {"image_proj": {"proj.weight": projection.weight.detach(), "proj.bias": projection.bias.detach(),
                           "norm.weight": norm.weight.detach(), "norm.bias": norm.bias.detach()},
            "ip_adapter": adapter}


def attach(unet: Any, weights: dict[str, dict[str, torch.Tensor]]) -> nn.ModuleDict:
    """Put adapter weights into a UNet by diffusers' own loader. Returns the modules that are the adapter's."""
    unet._load_ip_adapter_weights([weights], low_cpu_mem_usage=False)
    processors = {name.replace(".", "-"): processor for name, processor in unet.attn_processors.items()
                  if name.endswith("attn2.processor")}
    return nn.ModuleDict({"projection": unet.encoder_hid_proj, **processors})


def detach(unet: Any) -> dict[str, dict[str, torch.Tensor]]:
    """The weights of an attached adapter, in IP-Adapter's own format."""
    projection = unet.encoder_hid_proj.image_projection_layers[0]
    adapter = {}
    processors = [one for name, one in unet.attn_processors.items() if name.endswith("attn2.processor")]
    for number, processor in enumerate(processors):
        adapter[f"{2 * number + 1}.to_k_ip.weight"] = processor.to_k_ip[0].weight.detach()
        adapter[f"{2 * number + 1}.to_v_ip.weight"] = processor.to_v_ip[0].weight.detach()
    return {"image_proj": {"proj.weight": projection.image_embeds.weight.detach(),
                           "proj.bias": projection.image_embeds.bias.detach(),
                           "norm.weight": projection.norm.weight.detach(), "norm.bias": projection.norm.bias.detach()},
            "ip_adapter": adapter}


@contextmanager
def attending(unet: Any, embedded: torch.Tensor, masks: torch.Tensor) -> Iterator[None]:
    """Let the UNet hear avatars (n, width) inside their masks (n, h, w), in every call of its forward."""
    forward = unet.forward

    def with_avatars(sample: torch.Tensor, timestep: Any, encoder_hidden_states: torch.Tensor, **rest: Any) -> Any:
        rest["added_cond_kwargs"] = {"image_embeds": [embedded.to(sample.dtype).expand(len(sample), -1, -1)]}
        rest["cross_attention_kwargs"] = {"ip_adapter_masks": [masks.to(sample.dtype).expand(len(sample), -1, -1, -1)]}
        return forward(sample, timestep, encoder_hidden_states=encoder_hidden_states, **rest)

    unet.forward = with_avatars
    try:
        yield
    finally:
        unet.__dict__.pop("forward", None)         # the painter's own guidance may have taken it off already


# --- training --------------------------------------------------------------------------------------

class Pairs:
    """Training pictures of training characters as latents, with the avatars and boxes of everybody in them."""

    def __init__(self, pipeline: Any, path: Path, *, count: int, seed: int = 91_000) -> None:
        if not path.exists():
            self._make(pipeline, path, count, seed)
        kept = torch.load(path, weights_only=True)
        self.targets, self.tokens, self.avatars = kept["targets"], kept["tokens"], kept["avatars"]
        self.cast, self.masks, self.blank = kept["cast"], kept["masks"], kept["blank"]

    @staticmethod
    def _make(pipeline: Any, path: Path, count: int, seed: int) -> None:
        from engine.mini.dolls import draw_avatar
        from engine.mini.scenery import draw_scene
        from training.world.sampler import sample_brief, sample_look
        rng = Random(seed)
        vae, side = pipeline.vae, pipeline.unet.config.sample_size
        size_px = side * pipeline.vae_scale_factor
        looks: list[Look] = [sample_look(rng) for _ in range(max(8, count // 4))]
        numbers = {look: number for number, look in enumerate(looks)}
        avatars = torch.cat([embeddings(vae, [draw_avatar(look, size_px=AVATAR_PX) for look in looks[at:at + 32]])
                             for at in range(0, len(looks), 32)]).half()
        targets, captions = [], []
        cast, masks = torch.zeros(count, MOST, dtype=torch.long), torch.zeros(count, MOST, side, side).bool()
        for row in range(count):
            brief = sample_brief(rng, looks=looks, count=rng.choices((1, 2, 3, 4), (3, 4, 3, 2))[0])
            picture, boxes = draw_scene(brief, size_px=size_px)
            pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float().div(127.5).sub(1)
            targets.append(encoded(vae, pixels)[0].half())
            captions.append(mini_caption(brief))
            for number, (figure, (_, box)) in enumerate(zip(brief.figures, boxes, strict=True)):
                cast[row, number] = numbers[figure.look]
                masks[row, number] = mask_of(box, side).bool()
        paper = torch.tensor(BLANK).float().div(127.5).sub(1)[None, :, None, None].expand(1, 3, size_px, size_px)
        tokens = pipeline.tokenizer(captions, padding="max_length", max_length=pipeline.tokenizer.model_max_length,
                                    truncation=True, return_tensors="pt").input_ids
        torch.save({"targets": torch.stack(targets), "tokens": tokens, "avatars": avatars, "cast": cast,
                    "masks": masks, "blank": encoded(vae, paper).half()}, path)

    def __len__(self) -> int:
        return len(self.targets)


def velocity_loss(said: torch.Tensor, noise: torch.Tensor, clean: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """The painter's own loss (`training.painter`) before weighting: said is (1 - s) noise - (2 - s) x0."""
    wrong = said.float() - (1 - share) * noise + (2 - share) * clean
    return ((wrong.square() + 0.01).sqrt() - 0.1).mean()


def train(pipeline: Any, pairs: Pairs, *, minutes: float, run: Path, batch: int = 16, peak: float = 2e-3,
          max_steps: int | None = None) -> None:
    """Train the adapter attached to the pipeline's UNet, resuming from `run`; only it changes."""
    unet, text_encoder = pipeline.unet, pipeline.text_encoder
    torch.manual_seed(5)
    parts_module = attach(unet, untrained(unet, pairs.avatars.shape[1]))
    unet.requires_grad_(False)
    parts_module.requires_grad_(True)
    average = Average(parts_module, 0.99)
    descent = torch.optim.AdamW(parts_module.parameters(), lr=peak, weight_decay=0.0)
    ledger = Ledger(run)
    parts = {"adapter": parts_module, "average": average, "descent": descent}
    ledger.resume(parts)
    generator = torch.Generator().manual_seed(ledger.step)
    order = batches(generator, len(pairs), batch)
    losses: list[float] = []
    logged_at = saved_at = time.monotonic()
    while ledger.elapsed_s < minutes * 60 and (max_steps is None or ledger.step < max_steps):
        rows = torch.tensor(list(next(order)))
        clean = pairs.targets[rows].float()
        noise = torch.randn(clean.shape, generator=generator)
        share = torch.sigmoid(torch.randn(len(rows), generator=generator) + 0.5)[:, None, None, None]
        noisy = (1 - share) * clean + share * noise
        beside = torch.cat([noisy, pairs.blank.float().expand_as(noisy)], 1)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                heard = text_encoder(pairs.tokens[rows])[0]
            said = unet(beside.contiguous(memory_format=torch.channels_last), share.flatten() * 1000,
                        encoder_hidden_states=heard, return_dict=False,
                        added_cond_kwargs={"image_embeds": [pairs.avatars[pairs.cast[rows]].float()]},
                        cross_attention_kwargs={"ip_adapter_masks": [pairs.masks[rows].float()]})[0]
        loss = velocity_loss(said, noise, clean, share)
        descent.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parts_module.parameters(), 1.0)
        for group in descent.param_groups:
            group["lr"] = learning_rate(peak, ledger.elapsed_s / (minutes * 60), ledger.step, warm_up=30)
        descent.step()
        average.update(parts_module)
        ledger.step += 1
        losses.append(float(loss.detach()))
        if time.monotonic() - logged_at > 30:
            ledger.log(loss=sum(losses) / len(losses),
                       samples_per_s=len(losses) * batch / (time.monotonic() - logged_at))
            losses, logged_at = [], time.monotonic()
        if time.monotonic() - saved_at > 120:
            ledger.save(parts)
            saved_at = time.monotonic()
    ledger.save(parts)
    ledger.draw_curve()
    average.copy_to(parts_module)


# --- on disk ---------------------------------------------------------------------------------------

def export(unet: Any, out: Path = ADAPTER, **facts: object) -> None:
    """Write an attached adapter in half precision, as IP-Adapter's own files are laid out."""
    from safetensors.torch import save_file
    save_file({f"{group}.{name}": value.half().contiguous()
               for group, weights in detach(unet).items() for name, value in weights.items()}, out,
              {name: str(value) for name, value in facts.items()})


def read(path: Path = ADAPTER) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, str]]:
    """Weights for `attach`, and the facts of the training. Raises `FileNotFoundError`."""
    from safetensors import safe_open
    if not path.is_file():
        raise FileNotFoundError(f"there is no adapter at {path}: train one (training/evaluation/adapter.py)")
    weights: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    with safe_open(path, "pt") as kept:
        for name in kept.keys():  # noqa: SIM118
            group, _, rest = name.partition(".")
            weights[group][rest] = kept.get_tensor(name).float()
        return weights, dict(kept.metadata() or {})


def opened_pipeline(folder: Path) -> Any:
    """The stock pipeline over a painter's folder in single precision."""
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from diffusers.models.attention_processor import AttnProcessor
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
        str(folder), dtype=torch.float32, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        local_files_only=True)
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.unet.set_attn_processor(AttnProcessor())
    return pipeline


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `train` (and collect) or `export`."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.adapter", description=__doc__)
    parser.add_argument("act", choices=("train", "export"))
    parser.add_argument("--painter", type=Path, default=MINI_PAINTER)
    parser.add_argument("--run", type=Path, default=RUNS / "adapter")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--pairs", type=int, default=2400)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ADAPTER)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    pipeline = opened_pipeline(asked.painter)
    asked.run.mkdir(parents=True, exist_ok=True)
    pairs = Pairs(pipeline, asked.run / "pairs.pt", count=asked.pairs)
    # To export is to train for no time at all: the averaged weights are put in place.
    train(pipeline, pairs, minutes=asked.minutes if asked.act == "train" else 0.0, run=asked.run)
    if asked.act == "export":
        saved = torch.load(asked.run / "checkpoint.pt", map_location="cpu", weights_only=True)
        export(pipeline.unet, asked.out, steps=saved["step"], minutes=round(saved["seconds"] / 60, 1),
               painter=UNetRecipe.read(asked.painter).revision)


if __name__ == "__main__":
    main()
