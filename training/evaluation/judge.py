"""The judge: a small network that says who is in a picture, where it plays, and whether that is the same room.

It is trained on true pictures of training characters alone, from seeds of its own, and shares no weights with the
painter or the likeness encoder. One trunk reads panels and avatars. Each place of a panel is compared with an avatar;
what is found where they agree best is looked at once more, beside the avatar, and gives the probability that this
character is there. Training always sets beside a character a double that differs in one or two attributes, so that
somebody alike is not good enough. Asked for several characters at once, the judge knows that one figure is one
person: of those it finds in the same place it believes the likeliest. The trunk's mean features are the features of
this project's FID.

    python -m training.evaluation.judge collect
    python -m training.evaluation.judge train --minutes 25
    python -m training.evaluation.judge export
    python -m training.evaluation.judge weigh
    python -m training.evaluation.judge more --minutes 65      # on from what was exported, with more characters
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from training.descent import Descent
from training.ledger import RUNS, Average, Ledger, learning_rate

JUDGE = Path(__file__).parent / "judge.safetensors"
PANEL_PX, AVATAR_PX = 128, 64
#: The sizes at which a panel is looked at for characters; what they say is averaged.
LOOKS_PX = (112, 128, 144, 160)
#: What lies behind an avatar that the judge looks at.
GROUND = (150, 150, 150)
MOST_FIGURES = 5
#: Two characters found nearer to each other than this, in fractions of the panel across and down, are one figure:
#: chosen on true pictures of stories that are in no table (`python -m training.evaluation.judge weigh`).
REACH = (0.09, 0.3)
#: Sharpness of the contrast between characters, and between rooms.
TEMPERATURE = 0.1


# --- pictures as the judge sees them ---------------------------------------------------------------

def as_panel(picture: Image.Image) -> np.ndarray[Any, Any]:
    """A square picture as (128, 128, 3) uint8."""
    return np.asarray(picture.convert("RGB").resize((PANEL_PX, PANEL_PX), Image.Resampling.BOX))


def as_avatar(picture: Image.Image) -> np.ndarray[Any, Any]:
    """A cut-out (RGBA) or crop, whole in the middle of a grey square, as (64, 64, 3) uint8."""
    picture = picture.convert("RGBA")
    scale = AVATAR_PX / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Image.new("RGBA", (AVATAR_PX, AVATAR_PX), (*GROUND, 255))
    small = picture.resize(size, Image.Resampling.BOX)
    square.alpha_composite(small, ((AVATAR_PX - size[0]) // 2, AVATAR_PX - size[1]))
    return np.asarray(square.convert("RGB"))


def as_tensor(pictures: np.ndarray[Any, Any] | Sequence[np.ndarray[Any, Any]]) -> torch.Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) from -1 to 1."""
    stacked = np.array(pictures) if isinstance(pictures, np.ndarray) else np.stack(list(pictures))
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div(127.5).sub(1)


# --- the network -----------------------------------------------------------------------------------

class _Block(nn.Module):
    """Two 3x3 convolutions around a skip; the first may halve the size."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.GroupNorm(8, outer)
        self.second = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
        self.second_norm = nn.GroupNorm(8, outer)
        self.skip = nn.Conv2d(inner, outer, 1, bias=False) if inner != outer else nn.Identity()
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = F.relu(self.first_norm(self.first(x)))
        hidden = self.second_norm(self.second(hidden))
        return F.relu(hidden + self.skip(F.avg_pool2d(x, 2) if self.stride == 2 else x))


class JudgeNet(nn.Module):
    """Under a million weights. Trunk at an eighth of the size; heads for who, where, which room, and how many."""

    def __init__(self, widths: Sequence[int] = (32, 64, 96), size: int = 96, room: int = 48) -> None:
        super().__init__()
        low, middle, high = widths
        self.config = {"widths": list(widths), "size": size, "room": room}
        self.stem = nn.Conv2d(3, low, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(_Block(low, middle, 2), _Block(middle, middle, 1), _Block(middle, high, 2),
                                    _Block(high, high, 1), _Block(high, high, 1), _Block(high, high, 1))
        self.sheet = nn.Sequential(nn.Linear(4 * high, 128), nn.GELU(), nn.Linear(128, size))
        self.place = nn.Conv2d(high, size, 1)
        self.found = nn.Sequential(nn.Linear(2 * high, 128), nn.GELU(), nn.Linear(128, size))
        self.sharpness = nn.Parameter(torch.tensor(2.5))
        self.verdict = nn.Sequential(nn.Linear(2 * size + 2, 64), nn.GELU(), nn.Linear(64, 1))
        self.kind = nn.Linear(16 * high, len(words.SETTINGS))
        self.room = nn.Linear(16 * high, room)
        self.density = nn.Sequential(nn.Conv2d(high, 48, 1), nn.GELU(), nn.Conv2d(48, 1, 1))

    def trunk(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, S, S) -> (B, C, S/8, S/8)."""
        seen: torch.Tensor = self.blocks(F.relu(self.stem(pixels)))
        return seen

    def characters(self, pixels: torch.Tensor) -> torch.Tensor:
        """Avatars (N, 3, 64, 64) -> unit vectors (N, size)."""
        return self.described(self.trunk(pixels))

    def described(self, seen: torch.Tensor) -> torch.Tensor:
        """What the trunk saw of avatars (N, C, 8, 8) -> unit vectors (N, size)."""
        bands = [seen.mean((2, 3)), seen[:, :, :3].mean((2, 3)), seen[:, :, 3:6].mean((2, 3)), seen[:, :, 6:].mean(
            (2, 3))]
        return F.normalize(self.sheet(torch.cat(bands, 1)).float(), dim=1)

    def who(self, seen: torch.Tensor, characters: torch.Tensor) -> tuple[
            torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Where each character would be, how alike what is there is, and whether it is them.

        seen: (B, C, h, w); characters: (N, size). Returns attention (B, N, h w), which sums to 1; vectors of what was
        found there (B, N, size), unit length; logits of presence (B, N); the two cosines behind them (B, N, 2): of
        what was found with the avatar, and of the best place with it.
        """
        places = F.normalize(self.place(seen).float(), dim=1).flatten(2)                   # (B, size, h w)
        alike = torch.einsum("nd,bdx->bnx", characters, places)                            # (B, N, h w)
        attention = (alike * self.sharpness.exp()).softmax(2)
        flat = seen.float().flatten(2)                                                     # (B, C, h w)
        here = torch.einsum("bnx,bcx->bnc", attention, flat)                               # (B, N, C)
        spread = torch.einsum("bnx,bcx->bnc", attention, flat.square())
        found = F.normalize(self.found(torch.cat([here, spread.clamp(min=1e-6).sqrt()], 2)).float(), dim=2)
        wanted = characters[None].expand_as(found)
        cosine = (found * wanted).sum(2)                                                   # (B, N)
        scores = torch.stack([cosine, alike.amax(2)], 2)
        said = self.verdict(torch.cat([found * wanted * 8, (found - wanted).abs() * 4, scores * 4], 2))[..., 0]
        return attention, found, said.float(), scores

    def where(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of the setting's kind (B, kinds), the room as a unit vector (B, room), how many figures (B,)."""
        grid = F.adaptive_avg_pool2d(seen, 4).flatten(1)
        return self.kind(grid).float(), F.normalize(self.room(grid).float(), dim=1), F.softplus(
            self.density(seen).float()).sum((1, 2, 3)) * 0.25


# --- its own data ----------------------------------------------------------------------------------

def altered(look: Look, rng: Random, changes: int = 1) -> Look:
    """A double: somebody who differs in `changes` attributes that can be seen."""
    person = look.kind in words.PEOPLE
    covered = look.headwear in ("hijab", "headscarf", "helmet")
    ways: dict[str, Sequence[str]] = {"outfit_colour": tuple(words.COLOURS), "outfit": words.OUTFITS[:-1],
                                      "headwear": words.HEADWEAR, "glasses": words.GLASSES}
    if look.outfit == "bare":
        del ways["outfit_colour"]
    elif look.pattern != "plain":
        ways["pattern"] = words.PATTERNS
    if look.headwear != "none":
        ways["headwear_colour"] = tuple(words.COLOURS)
    if person:
        ways["skin"] = tuple(words.SKINS)
        if not covered and look.hair != "bald":
            ways |= {"hair": words.HAIRSTYLES, "hair_colour": words.HAIR_COLOURS}
    else:
        ways["fur"] = words.FUR_COLOURS
    for name in rng.sample(sorted(ways), min(changes, len(ways))):
        choices = [word for word in ways[name] if word != getattr(look, name) and not (
            word in ("hijab", "headscarf") and look.kind not in ("girl", "woman", "grandmother"))]
        look = replace(look, **{name: rng.choice(choices)})
    return look


def collect(out: Path, *, panels: int = 9000, families: int = 1800, seed: int = 77_000) -> None:
    """Draw the judge's pictures: `panels.npy`, `avatars.npy` and `records.json` in a folder. Kept if complete.

    Three panels share a setting instance, under other light and with another cast; each character has a double.
    """
    if (out / "records.json").exists():
        return
    from engine.mini.dolls import draw_avatar
    from engine.mini.scenery import draw_scene
    from training.world.sampler import sample_brief, sample_look, sample_setting
    out.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)
    looks: list[Look] = []
    for _ in range(families):
        look = sample_look(rng)
        looks += [look, altered(look, rng, rng.choice((1, 1, 2)))]
    avatars = np.stack([as_avatar(draw_avatar(look, size_px=128)) for look in looks])
    np.save(out / "avatars.npy", avatars)
    numbers = {look: number for number, look in enumerate(looks)}
    pictures = np.lib.format.open_memmap(out / "panels.npy", mode="w+", dtype=np.uint8,
                                         shape=(panels, PANEL_PX, PANEL_PX, 3))
    records = []
    begun = time.monotonic()
    for index in range(panels):
        if index % 3 == 0:
            setting, style = sample_setting(rng), rng.choice(words.STYLES)
        cast = rng.sample(looks, 4)
        brief = replace(sample_brief(rng, looks=cast), setting=setting, style=style)
        picture, boxes = draw_scene(brief)
        pictures[index] = as_panel(picture)
        records.append({"who": [numbers[figure.look] for figure in brief.figures], "room": index // 3,
                        "kind": words.SETTINGS.index(setting.kind),
                        "boxes": [[round(value, 4) for value in (box.left, box.top, box.right, box.bottom)]
                                  for _, box in boxes]})
        if index % 1000 == 999:
            print(f"{index + 1}/{panels} pictures, {(index + 1) / (time.monotonic() - begun):.0f} a second", flush=True)
    pictures.flush()
    (out / "records.part").write_text(json.dumps(records))
    (out / "records.part").rename(out / "records.json")


class Album:
    """The judge's pictures in memory, and batches of them in which doubles and rooms of one kind meet."""

    def __init__(self, *folders: Path) -> None:
        self.records: list[dict[str, Any]] = []
        people = rooms = 0
        for folder in folders:
            said = json.loads((folder / "records.json").read_text())
            self.records += [{**one, "who": [who + people for who in one["who"]], "room": one["room"] + rooms}
                             for one in said]
            people += len(np.load(folder / "avatars.npy", mmap_mode="r"))
            rooms += 1 + max(one["room"] for one in said)
        self.avatars = np.concatenate([np.load(folder / "avatars.npy") for folder in folders])
        panels = [np.load(folder / "panels.npy", mmap_mode="r") for folder in folders]
        self.panels = panels[0] if len(panels) == 1 else np.concatenate(panels)
        self.rooms: dict[int, list[int]] = defaultdict(list)
        self.of_kind: dict[int, list[int]] = defaultdict(list)
        for index, record in enumerate(self.records):
            if record["room"] not in self.rooms:
                self.of_kind[record["kind"]].append(record["room"])
            self.rooms[record["room"]].append(index)

    def draw(self, rng: np.random.Generator, count: int) -> list[int]:
        """Panel numbers: two of a room, four rooms of a kind, several kinds."""
        rows: list[int] = []
        kinds = sorted(self.of_kind)
        while len(rows) < count:
            rooms = self.of_kind[kinds[int(rng.integers(len(kinds)))]]
            for room in rng.permutation(len(rooms))[:4]:
                mine = self.rooms[rooms[int(room)]]
                rows += [mine[int(i)] for i in rng.permutation(len(mine))[:2]]
        return rows[:count]


def spoiled(pixels: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Pictures a little soft, tinted, grainy or pressed, so that the judge does not judge sharpness. In place."""
    count, side = len(pixels), pixels.shape[-1]
    order = torch.from_numpy(rng.permutation(count))
    for rows in order[:round(0.55 * count)].split(6):
        less = int(side * rng.uniform(0.42, 0.95))
        soft = F.interpolate(pixels[rows], size=(less, less), mode="bilinear", antialias=True)
        pixels[rows] = F.interpolate(soft, size=(side, side), mode="bilinear")
    for row in order[round(0.92 * count):].tolist():
        pressed = io.BytesIO()
        Image.fromarray(pixels[row].permute(1, 2, 0).add(1).mul(127.5).byte().numpy()).save(
            pressed, "JPEG", quality=int(rng.integers(35, 85)))
        pixels[row] = as_tensor([np.asarray(Image.open(pressed))])[0]
    gain = torch.from_numpy(rng.uniform(0.93, 1.07, (count, 3, 1, 1))).float()
    tint = torch.from_numpy(rng.uniform(-0.05, 0.05, (count, 3, 1, 1))).float()
    strength = torch.from_numpy(rng.uniform(0, 0.05, (count, 1, 1, 1))).float()
    grain = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(int(rng.integers(1 << 31))))
    pixels.mul_(gain).add_(tint).addcmul_(grain, strength).clamp_(-1, 1)
    return pixels


# --- training --------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Batch:
    """Panels (B, 3, 128, 128), avatars (N, 3, 64, 64), and what is true of them."""

    panels: torch.Tensor
    avatars: torch.Tensor
    everybody: torch.Tensor     # (N,) whose avatars these are
    present: torch.Tensor       # (B, N) bool
    double: torch.Tensor        # (B, N) bool: alike to somebody present, and not there
    boxes: torch.Tensor         # (P, 4): left, top, right, bottom of each present figure
    pairs: torch.Tensor         # (P, 2): panel and avatar of each present figure
    kinds: torch.Tensor         # (B,)
    rooms: torch.Tensor         # (B,)
    counts: torch.Tensor        # (B,)


def batch_of(album: Album, rows: Sequence[int], rng: np.random.Generator, *, most_avatars: int = 76,
             pixels: bool = True) -> Batch:
    """The panels `rows` and the avatars of everybody in them, then of their doubles as far as there is room.

    Without `pixels` there are none, only what is true of them.
    """
    there = list(dict.fromkeys(who for row in rows for who in album.records[row]["who"]))
    doubles = [who ^ 1 for who in there if who ^ 1 not in there]
    rng.shuffle(doubles)
    everybody = there + doubles[:max(0, most_avatars - len(there))]
    column = {who: number for number, who in enumerate(everybody)}
    present = torch.zeros(len(rows), len(everybody), dtype=torch.bool)
    double = torch.zeros_like(present)
    boxes, pairs = [], []
    for at, row in enumerate(rows):
        record = album.records[row]
        for who, box in zip(record["who"], record["boxes"], strict=True):
            present[at, column[who]] = True
            boxes.append(box)
            pairs.append([at, column[who]])
        for who in record["who"]:
            if who ^ 1 in column and who ^ 1 not in record["who"]:
                double[at, column[who ^ 1]] = True
    records = [album.records[row] for row in rows]
    nothing = torch.zeros(0)
    return Batch(
        spoiled(as_tensor(album.panels[list(rows)]), rng) if pixels else nothing,
        as_tensor(album.avatars[everybody]) if pixels else nothing, torch.tensor(everybody), present, double,
        torch.tensor(boxes).reshape(-1, 4), torch.tensor(pairs, dtype=torch.long).reshape(-1, 2),
        torch.tensor([record["kind"] for record in records]), torch.tensor([record["room"] for record in records]),
        torch.tensor([float(min(MOST_FIGURES, len(record["who"]))) for record in records]))


def loss_of(net: JudgeNet, batch: Batch) -> dict[str, torch.Tensor]:
    """Its parts, to be added: who, alike, at, kind, room, count."""
    with torch.autocast("cpu", torch.bfloat16):
        seen = net.trunk(batch.panels.contiguous(memory_format=torch.channels_last))
        sheets = net.trunk(batch.avatars.contiguous(memory_format=torch.channels_last))
    return loss_of_heads(net, batch, seen, sheets)


def loss_of_heads(net: JudgeNet, batch: Batch, seen: torch.Tensor, sheets: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same from what the trunk saw of the panels (B, C, 16, 16) and avatars (N, C, 8, 8)."""
    with torch.autocast("cpu", torch.bfloat16):
        attention, found, said, _ = net.who(seen, characters := net.described(sheets))
        kinds, rooms, counts = net.where(seen)
    side = seen.shape[-1]
    target = batch.present.float()
    weight = torch.where(batch.present, 1.0, torch.where(batch.double, 0.5, 0.05))
    who = (F.binary_cross_entropy_with_logits(said, target, reduction="none") * weight).sum() / weight.sum()
    panel, mine = batch.pairs.T                                                            # (P,), (P,)
    alike = F.cross_entropy(found[panel, mine] @ characters.T / TEMPERATURE, mine)
    centres = (torch.arange(side) + 0.5) / side
    reach = 0.5 / side
    within_x = (centres >= batch.boxes[:, :1] - reach) & (centres <= batch.boxes[:, 2:3] + reach)   # (P, w)
    within_y = (centres >= batch.boxes[:, 1:2] - reach) & (centres <= batch.boxes[:, 3:] + reach)   # (P, h)
    inside = (within_y[:, :, None] & within_x[:, None]).flatten(1).float()                 # (P, h w)
    at = -((attention[panel, mine] * inside).sum(1) + 1e-4).log().mean()
    itself = torch.eye(len(rooms), dtype=torch.bool)
    same = (batch.rooms[:, None] == batch.rooms[None]) & ~itself
    chance = (rooms @ rooms.T / TEMPERATURE).masked_fill(itself, -1e4).log_softmax(1)
    own = -(chance * same).sum(1) / same.sum(1).clamp(min=1)
    return {"who": 3 * who, "alike": 0.5 * alike, "at": 0.3 * at, "kind": 0.3 * F.cross_entropy(kinds, batch.kinds),
            "room": 0.4 * own[same.any(1)].mean() if same.any() else rooms.sum() * 0,
            "count": 0.3 * F.smooth_l1_loss(counts, batch.counts)}


def train(album: Album, *, minutes: float, run: Path, batch: int = 32, peak: float = 1e-3,
          max_steps: int | None = None, net: JudgeNet | None = None, held_out: Album | None = None) -> JudgeNet:
    """Train, resuming from `run`. Returns the network with averaged weights."""
    torch.manual_seed(3)
    net = net or JudgeNet()
    net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = Average(net, 0.99)
    descent = Descent((net,), outer=("stem", "kind", "room", "density", "verdict", "sheet", "found", "place"))
    ledger = Ledger(run)
    parts = {"model": net, "average": average, "descent": descent}
    ledger.resume(parts)
    rng = np.random.default_rng(ledger.step)
    sums: dict[str, float] = defaultdict(float)
    steps = 0
    logged_at = saved_at = time.monotonic()
    while ledger.elapsed_s < minutes * 60 and (max_steps is None or ledger.step < max_steps):
        losses = loss_of(net, batch_of(album, album.draw(rng, batch), rng))
        descent.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 3.0)
        descent.step(learning_rate(peak, ledger.elapsed_s / (minutes * 60), ledger.step, warm_up=50, cool_from=0.5))
        average.update(net)
        ledger.step += 1
        steps += 1
        for name, value in losses.items():
            sums[name] += float(value.detach())
        if time.monotonic() - logged_at > 30:
            ledger.log(steps_per_s=steps / (time.monotonic() - logged_at),
                       **{name: value / steps for name, value in sums.items()})
            sums, steps, logged_at = defaultdict(float), 0, time.monotonic()
        if time.monotonic() - saved_at > 240:
            ledger.save(parts)
            saved_at = time.monotonic()
    ledger.save(parts)
    average.copy_to(net)
    net.eval()
    if held_out is not None:
        ledger.log(**accuracy(net, held_out))
    ledger.draw_curve()
    return net


def finish(net: JudgeNet, album: Album, *, minutes: float, batch: int = 48, peak: float = 1e-3, looks: int = 2,
           max_steps: int | None = None) -> JudgeNet:
    """Train the heads on, over a trunk that stays as it is: what it sees is computed once, so a step costs little.

    Each panel is looked at `looks` times, spoiled differently. Returns the network with averaged heads.
    """
    rng = np.random.default_rng(11)
    net.eval().requires_grad_(False)

    @torch.no_grad()
    def seen_in(pictures: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return net.trunk(pictures).to(torch.bfloat16)

    seen = torch.cat([seen_in(spoiled(as_tensor(album.panels[at:at + 64]), rng))
                      for _ in range(looks) for at in range(0, len(album.panels), 64)])    # (looks P, C, 16, 16)
    sheets = torch.cat([seen_in(as_tensor(album.avatars[at:at + 64])) for at in range(0, len(album.avatars), 64)])
    heads = nn.ModuleDict({name: getattr(net, name) for name in (
        "sheet", "place", "found", "verdict", "kind", "room", "density")})
    heads.requires_grad_(True)
    net.sharpness.requires_grad_(True)
    average = Average(heads, 0.995)
    descent = torch.optim.AdamW([*heads.parameters(), net.sharpness], lr=peak, weight_decay=1e-3)
    begun = logged_at = time.monotonic()
    step, sums = 0, defaultdict[str, float](float)
    while time.monotonic() - begun < minutes * 60 and (max_steps is None or step < max_steps):
        rows = album.draw(rng, batch)
        one = batch_of(album, rows, rng, most_avatars=160, pixels=False)
        which = torch.tensor(rows) + len(album.panels) * int(rng.integers(looks))
        losses = loss_of_heads(net, one, seen[which].float(), sheets[one.everybody].float())
        descent.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        for group in descent.param_groups:
            group["lr"] = learning_rate(peak, (time.monotonic() - begun) / (minutes * 60), step, warm_up=20,
                                        cool_from=0.4)
        descent.step()
        average.update(heads)
        step += 1
        for name, value in losses.items():
            sums[name] += float(value.detach())
        if time.monotonic() - logged_at > 20:
            print(f"heads, step {step}", {name: round(value / step, 4) for name, value in sums.items()}, flush=True)
            logged_at = time.monotonic()
    average.copy_to(heads)
    return net.eval()


@torch.no_grad()
def accuracy(net: JudgeNet, album: Album, count: int = 300) -> dict[str, float]:
    """On true pictures: presence errors for those there, their doubles and others, rooms' kinds, counts."""
    rng = np.random.default_rng(1)
    missed, doubles, others, kinds, counts = [], [], [], [], []
    for start in range(0, min(count, len(album.records)) - 29, 30):
        rows = list(range(start, start + 30))
        batch = batch_of(album, rows, rng)
        panels = as_tensor(album.panels[rows])
        seen = net.trunk(panels)
        _, _, said, _ = net.who(seen, net.characters(batch.avatars))
        kind, _, figures = net.where(seen)
        missed.append((said < 0)[batch.present].float())
        doubles.append((said > 0)[batch.double].float())
        others.append((said > 0)[~batch.double & ~batch.present].float())
        kinds.append((kind.argmax(1) == batch.kinds).float())
        counts.append((figures.round() == batch.counts).float())
    return {name: float(torch.cat(found).mean()) for name, found in {
        "missed": missed, "fooled_by_double": doubles, "fooled_by_other": others, "kind_right": kinds,
        "count_right": counts}.items()}


# --- in use ----------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Reading:
    """What the judge says of some panels and some characters."""

    presence: np.ndarray[Any, Any]      # (B, N) probability that the character is there; 0 where a likelier one is
    alone: np.ndarray[Any, Any]         # (B, N) the same for each character as if nobody else had been asked for
    identity: np.ndarray[Any, Any]      # (B, N) cosine of avatar and what is most like it in the panel
    found: np.ndarray[Any, Any]         # (B, N, size) unit vectors of what was found
    spot: np.ndarray[Any, Any]          # (B, N, 2) where: x, y from 0 to 1
    kind: np.ndarray[Any, Any]          # (B,) number in `vocabulary.SETTINGS`
    room: np.ndarray[Any, Any]          # (B, room) unit vectors
    count: np.ndarray[Any, Any]         # (B,) figures seen
    features: np.ndarray[Any, Any]      # (B, C) for the FID
    evidence: np.ndarray[Any, Any]      # (B, N, 3) logit and cosines before calibration


class Judge:
    """A trained judge. Blocking."""

    def __init__(self, net: JudgeNet, facts: Mapping[str, str] | None = None,
                 calibration: torch.Tensor | None = None) -> None:
        self.net = net.eval()
        self.facts = dict(facts or {})     # of its training
        #: Weights of the logit and the two cosines behind it, and a bias: see `calibrated`.
        self.calibration = torch.tensor([1.0, 0.0, 0.0, 0.0]) if calibration is None else calibration

    @classmethod
    def read(cls, path: Path = JUDGE) -> Judge:
        """From exported weights. Raises `FileNotFoundError` where there are none."""
        from safetensors import safe_open
        if not path.is_file():
            raise FileNotFoundError(f"there is no judge at {path}: train one (training/evaluation/judge.py)")
        with safe_open(path, "pt") as kept:
            facts = kept.metadata()
            config = json.loads(facts["config"])
            weights = {name: kept.get_tensor(name).float() for name in kept.keys()}  # noqa: SIM118
        calibration = weights.pop("calibration")
        net = JudgeNet(config["widths"], config["size"], config["room"])
        net.load_state_dict(weights)
        return cls(net, facts, calibration)

    @torch.inference_mode()
    def characters(self, avatars: Sequence[Image.Image]) -> torch.Tensor:
        """Avatars or crops (RGBA or RGB) -> unit vectors (N, size)."""
        return self.net.characters(as_tensor([as_avatar(avatar) for avatar in avatars]))

    @torch.inference_mode()
    def read_panels(self, panels: Sequence[Image.Image], characters: torch.Tensor) -> Reading:
        """Look at some panels for some characters (N, size): at several sizes, and at their mirror images."""
        parts = []
        for start in range(0, len(panels), 32):
            some = [panel.convert("RGB") for panel in panels[start:start + 32]]
            evidence, found = [], []
            for side_px in LOOKS_PX:
                pixels = as_tensor([np.asarray(panel.resize((side_px, side_px), Image.Resampling.BOX))
                                    for panel in some])
                for mirrored in (False, True):
                    with torch.autocast("cpu", torch.bfloat16):
                        seen = self.net.trunk(pixels.flip(3) if mirrored else pixels)
                    seen = seen.float()
                    attention, here, said, scores = self.net.who(seen, characters)
                    evidence.append(torch.cat([said[..., None], scores], 2))
                    found.append(here)
                    if side_px == PANEL_PX and not mirrored:   # rooms are known from how they lie, at the size learned
                        kind, room, count = self.net.where(seen)
                        features, places = seen.mean((2, 3)), attention
            together = torch.stack(evidence).mean(0)                                       # (B, N, 3)
            what = F.normalize(torch.stack(found).mean(0), dim=2)
            logits = together @ self.calibration[:3] + self.calibration[3]
            grid = places.unflatten(2, (PANEL_PX // 8, PANEL_PX // 8))
            centres = (torch.arange(PANEL_PX // 8) + 0.5) / (PANEL_PX // 8)
            spot = torch.stack([(grid.sum(2) * centres).sum(2), (grid.sum(3) * centres).sum(2)], 2)
            alone = logits.sigmoid()
            parts.append((one_figure_each(alone, spot), alone, (what * characters[None]).sum(2), what, spot,
                          kind.argmax(1), room, count.round(), features, together))
        return Reading(*(torch.cat(columns).numpy() for columns in zip(*parts, strict=True)))


def one_figure_each(alone: torch.Tensor, spot: torch.Tensor, reach: tuple[float, float] = REACH) -> torch.Tensor:
    """Probabilities (B, N) with 0 for whoever was found in the place of somebody likelier; `spot` (B, N, 2)."""
    near = (spot[:, :, None] - spot[:, None]).abs() < torch.tensor(reach)                  # (B, N, N, 2)
    near = near.all(3)
    kept = torch.zeros_like(alone, dtype=torch.bool)
    rows = torch.arange(len(alone))
    for column in alone.argsort(1, descending=True).T:                                     # likeliest first
        taken = (near[rows, column] & kept).any(1)
        kept[rows, column] = ~taken
    return torch.where(kept, alone, 0.0)


def calibrated(net: JudgeNet, album: Album, *, candidates: int = 7, seed: int = 4) -> torch.Tensor:
    """Weights for presence at the rate at which characters are there in use: a logistic fit over four numbers.

    Training shows the judge far more doubles than there are in a story. The fit is made on true pictures of training
    characters that it was not trained on: those there and strangers, `candidates` in all; those count that are found
    in nobody likelier's place.
    """
    rng = np.random.default_rng(seed)
    judge = Judge(net)
    sheets = judge.characters([Image.fromarray(avatar) for avatar in album.avatars])
    evidence, true = [], []
    for index, record in enumerate(album.records):
        there = record["who"]
        strangers = [int(one) for one in rng.permutation(len(album.avatars))
                     if one not in there and one ^ 1 not in there]
        asked = [*there, *strangers[:max(0, candidates - len(there))]]
        reading = judge.read_panels([Image.fromarray(album.panels[index])], sheets[asked])
        counts = torch.from_numpy(reading.presence[0] > 0)
        evidence.append(torch.from_numpy(reading.evidence[0])[counts])
        true.append((torch.arange(len(asked)) < len(there))[counts])
    x, y = torch.cat(evidence), torch.cat(true).float()
    weights = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
    descent = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        descent.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x @ weights[:3] + weights[3], y) + 1e-4 * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        descent.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach()


def weigh(judge: Judge, *, seeds: Sequence[int] = (5, 6, 7), panels: int = 30) -> dict[str, float]:
    """Char-F1 and Frm-Acc on true pictures of held-out stories that are in no table, one person a figure and without.

    `near` and `far` are the shares of strangers seen who are not there: the half of them that is most like somebody of
    the cast (by the attributes of their Looks), and the other half.
    """
    from engine.mini.scenery import draw_scene
    from training.evaluation import metrics
    from training.evaluation.stories import kinship, make_story
    from training.evaluation.variants import avatar_of
    said: dict[str, list[Any]] = defaultdict(list)
    strangers: list[tuple[float, float]] = []
    for seed in seeds:
        for count in (1, 2, 3, 4):
            story = make_story(count, length=panels, count=count, seed=seed)
            reading = judge.read_panels([draw_scene(brief)[0] for brief in story.truth()],
                                        judge.characters([avatar_of(one) for one in story.candidates]))
            there = [{member.character_id for member in told.beat.cast} for told in story.panels]
            said["true"].append([[one.character_id in cast for one in story.candidates] for cast in there])
            said["presence"].append(reading.presence >= 0.5)
            said["alone"].append(reading.alone >= 0.5)
            for column, one in enumerate(story.candidates[count:], count):
                near = max(kinship(one.look, other.look) for other in story.cast)
                strangers.append((near, float((reading.presence[:, column] >= 0.5).mean())))
    true = np.concatenate(said["true"])
    middle = float(np.median([near for near, _ in strangers]))
    found = {f"{figure} {way}": value for way in ("presence", "alone") for figure, value in (
        ("f1", metrics.character_f1(np.concatenate(said[way]), true)),
        ("exact", metrics.frame_accuracy(np.concatenate(said[way]), true)))}
    return {**found, "near": float(np.mean([seen for near, seen in strangers if near > middle])),
            "far": float(np.mean([seen for near, seen in strangers if near <= middle]))}


def load(run: Path) -> JudgeNet:
    """The averaged network of a run."""
    saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    net = JudgeNet()
    average = Average(net, 0.99)
    average.load_state_dict(saved["average"])
    average.copy_to(net)
    return net.eval()


def export(net: JudgeNet, calibration: torch.Tensor, out: Path = JUDGE, **facts: object) -> None:
    """Write the weights in half precision; the shape and `facts` of the training in the header."""
    from safetensors.torch import save_file
    save_file({"calibration": calibration.contiguous(),
               **{name: value.half().contiguous() for name, value in net.state_dict().items()}}, out,
              {"config": json.dumps(net.config), **{name: str(value) for name, value in facts.items()}})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `collect`, `train`, or `export`, which first trains the heads on."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.judge", description=__doc__)
    parser.add_argument("act", choices=("collect", "train", "export", "more", "weigh"))
    parser.add_argument("--run", type=Path, default=RUNS / "judge")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--heads", type=float, default=4, help="minutes for the heads before export")
    parser.add_argument("--panels", type=int, default=9000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=JUDGE)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    if asked.act == "collect":
        collect(asked.run / "pictures", panels=asked.panels)
        collect(asked.run / "pictures-2", panels=asked.panels * 4 // 15, families=900, seed=79_000)
        collect(asked.run / "held-out", panels=300, families=150, seed=78_000)
    elif asked.act == "train":
        train(Album(asked.run / "pictures", asked.run / "pictures-2"), minutes=asked.minutes, run=asked.run,
              held_out=Album(asked.run / "held-out"))
    elif asked.act == "weigh":
        print({name: round(value, 4) for name, value in weigh(Judge.read(asked.out)).items()})
    elif asked.act == "more":
        collect(asked.run / "pictures-3", panels=asked.panels, families=2500, seed=81_000)
        before = Judge.read(asked.out)
        net = train(Album(*(asked.run / name for name in ("pictures", "pictures-2", "pictures-3"))),
                    minutes=asked.minutes, run=asked.run.with_name(f"{asked.run.name}-third"), net=before.net,
                    peak=7e-4, held_out=Album(asked.run / "held-out"))
        after = Judge(net, calibration=before.calibration)     # fitted anew it reads stories no better
        found = {name: weigh(judge) for name, judge in (("before", before), ("after", after))}
        print(found, accuracy(net, Album(asked.run / "held-out")))
        if found["after"]["f1 presence"] > found["before"]["f1 presence"]:
            ledger = Ledger(asked.run.with_name(f"{asked.run.name}-third"))
            ledger.resume({})
            export(net, before.calibration, asked.out, steps=int(before.facts.get("steps", 0)) + ledger.step,
                   minutes=round(float(before.facts.get("minutes", 0)) + ledger.seconds / 60, 1))
    else:
        saved = torch.load(asked.run / "checkpoint.pt", map_location="cpu", weights_only=True)
        net = finish(load(asked.run), Album(asked.run / "pictures", asked.run / "pictures-2"), minutes=asked.heads)
        print(accuracy(net, Album(asked.run / "held-out")))
        export(net, calibrated(net, Album(asked.run / "held-out")), asked.out, steps=saved["step"],
               minutes=round(saved["seconds"] / 60, 1))


if __name__ == "__main__":
    main()
