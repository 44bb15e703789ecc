"""The likeness encoder: the same character in other poses, settings and styles near, all others far.

Its pictures come from the world: the crops of every figure in the shards, each character's avatar, and for half of
the characters a double that differs in one attribute only. Supervised contrastive loss
(https://arxiv.org/abs/2004.11362) with a margin on the own kind; beside it a head learns how sharp and unhidden a
crop is from blur and cover that training itself puts on.

    python -m training.likeness collect --shards DIR [DIR ...]
    python -m training.likeness train --minutes 10
    python -m training.likeness judge
    python -m training.likeness export
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from engine import vocabulary as words
from engine.nouns import Look
from engine.painters.likeness import MINI_LIKENESS, SIDE_PX, LikenessNet, squared
from training.descent import Descent
from training.ledger import RUNS, Average, Ledger, learning_rate
from training.shards import Shards

MARGIN, TEMPERATURE = 0.15, 0.1


# --- pictures --------------------------------------------------------------------------------------

def look_from(data: dict[str, Any]) -> Look:
    """A Look from its JSON."""
    return Look(**{**data, "accessories": tuple(data["accessories"])})


def double(look: Look, rng: Random) -> Look:
    """Somebody who differs in exactly one attribute that can be seen."""
    person = look.kind in words.PEOPLE
    colours = list(words.COLOURS)

    def other(choices: Sequence[str], mine: str) -> str:
        return rng.choice([word for word in choices if word != mine])

    ways = [lambda: replace(look, outfit_colour=other(colours, look.outfit_colour)),
            lambda: replace(look, outfit=other(words.OUTFITS[:-1], look.outfit)),
            lambda: replace(look, headwear=other(words.HEADWEAR, look.headwear)),
            lambda: replace(look, glasses=other(words.GLASSES, look.glasses))]
    if look.pattern != "plain":
        ways.append(lambda: replace(look, pattern=other(words.PATTERNS, look.pattern)))
    if person and look.headwear not in ("hijab", "headscarf"):
        ways += [lambda: replace(look, hair=other(words.HAIRSTYLES, look.hair)),
                 lambda: replace(look, hair_colour=other(words.HAIR_COLOURS, look.hair_colour))]
    if person:
        ways.append(lambda: replace(look, skin=other(list(words.SKINS), look.skin)))
    else:
        ways.append(lambda: replace(look, fur=other(words.FUR_COLOURS, look.fur)))
    return rng.choice(ways)()


def posed(look: Look, rng: Random, backdrop: np.ndarray[Any, Any]) -> Image.Image:
    """A look in some pose before a piece of some picture, (S, S, 3) uint8, cut as a panel's figures are cut."""
    from engine.mini.dolls import draw_doll
    from engine.mini.scenery import apply_style
    doll = draw_doll(look, height_px=rng.randint(60, 150), action=rng.choice(words.ACTIONS),
                     mood=rng.choice(words.MOODS), holding=rng.choice(words.PROPS[:18]) if rng.random() < 0.2 else "",
                     flip=rng.random() < 0.5).image
    ground = Image.fromarray(backdrop)
    if ground.width < max(doll.size):
        ground = ground.resize((max(doll.size),) * 2)
    x, y = rng.randint(0, ground.width - doll.width), rng.randint(0, ground.height - doll.height)
    ground.paste(doll, (x, y), doll)
    if rng.random() < 0.4:
        ground = apply_style(ground, rng.choice(words.STYLES), seed=rng.randrange(1 << 16))
    return ground.crop((x, y, x + doll.width, y + doll.height))


def collect(shards: Shards, out: Path, *, seed: int = 0, most: int = 2000) -> int:
    """Gather crops by character into one file.

    It holds `pictures` (N, 64, 64, 3) uint8, `identity`, `base` (N,) and `avatar` (N,) bool.

    A double has its own `identity` and the `base` of whom it resembles. Returns how many pictures there are.
    """
    from engine.mini.dolls import draw_avatar
    rng = Random(seed)
    places: dict[str, list[tuple[int, list[float]]]] = defaultdict(list)
    for index, record in enumerate(shards.records):
        for figure, box in zip(record["brief"]["figures"], record["boxes"], strict=False):
            if min(box[2] - box[0], box[3] - box[1]) > 0.06:
                places[json.dumps(figure["look"], sort_keys=True)].append((index, box))
    looks = [key for key, seen in places.items() if len(seen) >= 2]
    rng.shuffle(looks)
    pictures, identity, base, avatar = [], [], [], []

    def keep(picture: Image.Image, who: int, like: int, is_avatar: bool) -> None:
        pictures.append(np.asarray(squared(picture)))
        identity.append(who)
        base.append(like)
        avatar.append(is_avatar)

    def backdrop() -> np.ndarray[Any, Any]:
        return shards.underdrawing(rng.randrange(len(shards)))

    who = 0
    for key in looks[:most]:
        look = look_from(json.loads(key))
        own = who
        keep(draw_avatar(look, size_px=128), own, own, True)
        for index, (left, top, right, bottom) in places[key][:8]:
            side = shards.side_px
            grow = [rng.uniform(-0.08, 0.12) for _ in range(4)]
            wide, high = right - left, bottom - top
            corners = (max(0, (left - grow[0] * wide) * side), max(0, (top - grow[1] * high) * side),
                       min(side, (right + grow[2] * wide) * side), min(side, (bottom + grow[3] * high) * side))
            keep(Image.fromarray(np.array(shards.target(index))).crop(tuple(map(round, corners))), own, own, False)
        who += 1
        keep(posed(look, rng, backdrop()), own, own, False)
        if rng.random() < 0.5:
            twin = double(look, rng)
            keep(draw_avatar(twin, size_px=128), who, own, True)
            for _ in range(3):
                keep(posed(twin, rng, backdrop()), who, own, False)
            who += 1
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, pictures=np.stack(pictures), identity=np.array(identity), base=np.array(base),
             avatar=np.array(avatar))
    return len(pictures)


def spoil(pixels: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Blur, cover, shift and tint crops (B, 3, S, S). Returns them and what is left of their quality (B,), 0 to 1."""
    count, _, side, _ = pixels.shape
    pixels, quality = pixels.clone(), torch.ones(count)
    for row in range(count):
        picture = pixels[row:row + 1]
        if rng.random() < 0.5:
            picture = picture.flip(3)
        dx, dy = rng.integers(-4, 5, 2)
        picture = torch.roll(picture, (int(dy), int(dx)), (2, 3))
        if rng.random() < 0.45:                      # as a small painter blurs, or a small figure is small
            small = int(rng.integers(10, 48))
            picture = F.interpolate(picture, size=(small, small), mode="area")
            picture = F.interpolate(picture, size=(side, side), mode="bilinear")
            quality[row] *= min(1.0, (small - 6) / 34)
        if rng.random() < 0.25:
            share = float(rng.uniform(0.15, 0.6))
            start, length = int(rng.integers(0, side)), int(share * side)
            cover = torch.from_numpy(rng.uniform(-1, 1, (3, 1, 1)).astype(np.float32))
            picture = picture.clone()
            if rng.random() < 0.5:
                picture[0, :, :, start:start + length] = cover
            else:
                picture[0, :, start:start + length] = cover
            quality[row] *= 1 - min(length, side - start) / side
        tint = torch.from_numpy(rng.normal(0, 0.06, (1, 3, 1, 1)).astype(np.float32))
        gain = float(rng.uniform(0.75, 1.15))
        noise = torch.from_numpy(rng.normal(0, float(rng.uniform(0, 0.06)), (1, 3, side, side)).astype(np.float32))
        pixels[row:row + 1] = (picture * gain + tint + noise).clamp(-1, 1)
    return pixels, quality


# --- training --------------------------------------------------------------------------------------

class Album:
    """Collected pictures, by character."""

    def __init__(self, path: Path) -> None:
        kept = np.load(path)
        self.pictures, self.identity = kept["pictures"], kept["identity"]
        self.base, self.avatar = kept["base"], kept["avatar"]
        self.rows: dict[int, list[int]] = defaultdict(list)
        self.family: dict[int, list[int]] = defaultdict(list)
        for row, (who, like) in enumerate(zip(self.identity.tolist(), self.base.tolist(), strict=True)):
            self.rows[who].append(row)
            if who not in self.family[like]:
                self.family[like].append(who)

    def pixels(self, rows: Sequence[int]) -> torch.Tensor:
        """(B, 3, S, S) from -1 to 1."""
        return torch.from_numpy(self.pictures[list(rows)]).permute(0, 3, 1, 2).float().div(127.5).sub(1)

    def draw(self, rng: np.random.Generator, characters: int, views: int) -> list[int]:
        """Rows of a batch: families together, so that doubles meet; `views` rows a character."""
        rows: list[int] = []
        families = list(self.family)
        while len(rows) < characters * views:
            for who in self.family[families[int(rng.integers(len(families)))]]:
                mine = self.rows[who]
                rows += [mine[int(i)] for i in rng.permutation(len(mine))[:views]] if len(mine) >= views else \
                    [mine[int(i)] for i in rng.integers(0, len(mine), views)]
        return rows[:characters * views]


def contrast(direction: torch.Tensor, who: torch.Tensor) -> torch.Tensor:
    """Supervised contrastive loss; cosines of the own kind are lowered by the margin. (B, size), (B,) -> scalar."""
    cosine = direction @ direction.T                                                       # (B, B)
    same = who[:, None] == who[None]
    itself = torch.eye(len(who), dtype=torch.bool)
    logits = ((cosine - MARGIN * same) / TEMPERATURE).masked_fill(itself, -1e4)
    chance = logits.log_softmax(1)
    own = same & ~itself
    return -(chance * own).sum(1).div(own.sum(1).clamp(min=1))[own.any(1)].mean()


def train(album: Album, *, minutes: float, run: Path, characters: int = 24, views: int = 4, peak: float = 1e-3,
          held_out: Album | None = None, max_steps: int | None = None, net: LikenessNet | None = None) -> LikenessNet:
    """Train, resuming from `run`. Returns the network with averaged weights."""
    torch.manual_seed(2)
    net = net or LikenessNet()
    net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = Average(net, 0.995)
    descent = Descent((net,), outer=("stem", "identity", "quality"))
    ledger = Ledger(run)
    parts = {"model": net, "average": average, "descent": descent}
    ledger.resume(parts)
    rng = np.random.default_rng(ledger.step)
    losses: list[float] = []
    logged_at = saved_at = time.monotonic()
    while ledger.elapsed_s < minutes * 60 and (max_steps is None or ledger.step < max_steps):
        rows = album.draw(rng, characters, views)
        pixels, quality = spoil(album.pixels(rows), rng)
        who = torch.from_numpy(album.identity[rows])
        with torch.autocast("cpu", torch.bfloat16):
            direction, said = net(pixels.contiguous(memory_format=torch.channels_last))
        loss = contrast(direction.float(), who) + 2.0 * (said.float() - (0.1 + 0.9 * quality)).square().mean()
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        descent.step(learning_rate(peak, ledger.elapsed_s / (minutes * 60), ledger.step, warm_up=50, cool_from=0.4))
        average.update(net)
        ledger.step += 1
        losses.append(float(loss.detach()))
        if time.monotonic() - logged_at > 20:
            ledger.log(loss=sum(losses) / len(losses))
            losses, logged_at = [], time.monotonic()
        if time.monotonic() - saved_at > 180:
            ledger.save(parts)
            saved_at = time.monotonic()
    ledger.save(parts)
    average.copy_to(net)
    net.eval()
    if held_out is not None:
        ledger.log(**judge(net, held_out))
    ledger.draw_curve()
    return net


# --- judging ---------------------------------------------------------------------------------------

@torch.no_grad()
def embed(net: LikenessNet, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Directions and qualities of (N, 3, S, S), in parts."""
    out = [net(part) for part in pixels.split(64)]
    return torch.cat([part[0] for part in out]), torch.cat([part[1] for part in out])


def equal_error(same: torch.Tensor, other: torch.Tensor) -> tuple[float, float]:
    """The rate at which as many true pairs are refused as false ones accepted, and the cosine where that is."""
    thresholds = torch.linspace(-1, 1, 801)
    missed = (same[None] < thresholds[:, None]).float().mean(1)
    fooled = (other[None] >= thresholds[:, None]).float().mean(1)
    at = int((missed - fooled).abs().argmin())
    return float((missed[at] + fooled[at]) / 2), float(thresholds[at])


def judge(net: LikenessNet, album: Album) -> dict[str, float]:
    """Equal error rates of crops against avatars: everybody, and doubles only; and how quality falls with blur."""
    rows = range(len(album.pictures))
    direction, quality = embed(net, album.pixels(list(rows)))
    who, like = torch.from_numpy(album.identity), torch.from_numpy(album.base)
    avatar = torch.from_numpy(album.avatar)
    cosine = direction[~avatar] @ direction[avatar].T                                      # (crops, avatars)
    same = who[~avatar][:, None] == who[avatar][None]
    kin = (like[~avatar][:, None] == like[avatar][None]) & ~same
    rate, threshold = equal_error(cosine[same], cosine[~same & ~kin])
    twins, _ = equal_error(cosine[same], cosine[kin])
    dim = F.interpolate(album.pixels(list(rows)[:200]), size=(12, 12), mode="area")
    dim = F.interpolate(dim, size=(SIDE_PX, SIDE_PX), mode="bilinear")
    _, blurred = embed(net, dim)
    return {"eer": rate, "threshold": threshold, "eer_one_attribute": twins, "same_mean": float(cosine[same].mean()),
            "other_mean": float(cosine[~same & ~kin].mean()), "quality": float(quality.mean()),
            "quality_blurred": float(blurred.mean())}


# --- export ----------------------------------------------------------------------------------------

def load(run: Path) -> LikenessNet:
    """The network of a run, averaged."""
    saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    net = LikenessNet()
    net.load_state_dict(saved["model"])
    average = Average(net, 0.995)
    average.load_state_dict(saved["average"])
    average.copy_to(net)
    return net.eval()


def export(net: LikenessNet, out: Path) -> None:
    """Write `model.safetensors` (half precision) and `config.json`."""
    from safetensors.torch import save_file
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: (value.half() if value.is_floating_point() else value).contiguous()
               for name, value in net.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(net.config) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `collect`, `train`, `judge` or `export`."""
    parser = argparse.ArgumentParser(prog="python -m training.likeness", description=__doc__)
    parser.add_argument("act", choices=("collect", "train", "judge", "export"))
    parser.add_argument("--shards", type=Path, nargs="*", default=[RUNS / "shards"])
    parser.add_argument("--held-out", type=Path, nargs="*", default=[RUNS / "held-out"])
    parser.add_argument("--run", type=Path, default=RUNS / "likeness")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=MINI_LIKENESS)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    trained_on, kept = asked.run / "album.npz", asked.run / "held-out.npz"
    if asked.act == "collect":
        for folders, out in ((asked.held_out, kept), (asked.shards, trained_on)):
            print(f"{out.name}: {collect(Shards(folders), out, most=asked.most)} pictures")
    elif asked.act == "train":
        train(Album(trained_on), minutes=asked.minutes, run=asked.run, held_out=Album(kept))
    elif asked.act == "judge":
        print(json.dumps({name: round(value, 4) for name, value in judge(load(asked.run), Album(kept)).items()}))
    else:
        export(load(asked.run), asked.out)


if __name__ == "__main__":
    main()
