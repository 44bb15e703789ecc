"""The likeness encoder: the same character in other poses, settings and styles near, all others far.

Its pictures are those of `training/album.py`: true crops, avatars, and for every character doubles that differ in one
attribute, cut out of the very same scenes. The engine compares a crop with an avatar, so that is what is trained: for
each crop the own avatar against those of its doubles and of everybody else in the batch, as a choice (cross entropy
both ways, https://arxiv.org/abs/2103.00020) and pair by pair against one threshold that holds for all
(https://arxiv.org/abs/2303.15343). Beside it, heads that are thrown away afterwards read every attribute off the same
features, and one that is kept learns how sharp and unhidden a crop is, from blur and cover that training puts on.

    python -m training.likeness collect
    python -m training.likeness train --minutes 45
    python -m training.likeness judge
    python -m training.likeness export
    python -m training.likeness painted      # what the threshold of engine/memory/verification.py rests on
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import nn

from engine.painters.likeness import FRAME_PX, MINI_LIKENESS, LikenessNet, as_pixels
from training.album import MEMBERS, READ, VISIBLE, Album, Batch, collect
from training.descent import Descent
from training.ledger import RUNS, Average, Ledger, learning_rate

#: Families in a batch: each brings two avatars and two crops. With eight families the gradients of two batches had
#: nothing in common, and shapes (kind, hair, outfit) were not learned at all.
FAMILIES = 32
#: How much nearer than the rest the own avatar has to be, and the sharpness of the choice among avatars.
MARGIN, SHARPNESS = 0.1, 14.0
#: Pictures are this large (width, height) for the first part of the time: three times as many are seen in it.
COARSE_PX, COARSE_SHARE = (48, 64), 0.78
DECAY = 0.998


# --- pictures --------------------------------------------------------------------------------------

def spoil(pixels: torch.Tensor, rng: np.random.Generator,
          spared: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror, move, blur, cover and tint pictures (B, 3, H, W), mildly enough that attributes stay.

    Rows of `spared` (B,), avatars, are neither blurred nor covered. Returns the pictures and what is left of their
    quality (B,), 0 to 1: blur and cover lower it, nothing else does.
    """
    count, _, height, width = pixels.shape

    def drawn(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape)).astype(np.float32))

    quality = torch.ones(count)
    mirror = torch.from_numpy(np.where(rng.random(count) < 0.5, -1.0, 1.0).astype(np.float32))
    across, along = drawn(0.9, 1.1), drawn(0.9, 1.1)
    moves = torch.zeros(count, 2, 3)
    moves[:, 0, 0], moves[:, 1, 1] = mirror * across, along
    moves[:, :, 2] = drawn(-0.08, 0.08, 2)
    grid = F.affine_grid(moves, [count, 3, height, width], align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)

    whole = np.zeros(count, bool) if spared is None else spared.numpy()
    blurred = np.where(whole, 1.0, rng.random(count))
    # softly, as a small painter paints and a small figure is; now and then beyond telling
    for low, share in ((0.0, rng.uniform(0.5, 0.9)), (0.15, rng.uniform(0.35, 0.7)), (0.3, rng.uniform(0.12, 0.4))):
        rows = np.flatnonzero((blurred >= low) & (blurred < low + (0.15 if low < 0.3 else 0.08)))
        if not len(rows):
            continue
        small = F.interpolate(pixels[rows], size=(round(height * share), round(width * share)), mode="area")
        pixels[rows] = F.interpolate(small, size=(height, width), mode="bilinear")
        quality[rows] *= min(1.0, (float(share) - 0.08) / 0.6)
    for row in np.flatnonzero((rng.random(count) < 0.12) & ~whole):
        share = float(rng.uniform(0.1, 0.55))
        start = float(rng.uniform(-share / 2, 1 - share / 2))
        low, high = max(0.0, start), min(1.0, start + share)
        colour = torch.from_numpy(rng.uniform(-1, 1, (3, 1, 1)).astype(np.float32))
        if rng.random() < 0.6:
            pixels[row, :, :, int(low * width):int(high * width)] = colour
        else:
            pixels[row, :, int(low * height):int(high * height)] = colour
        quality[row] *= 1 - (high - low)
    gain = drawn(0.86, 1.1, 1, 1, 1) * drawn(0.96, 1.04, 3, 1, 1)
    noise = torch.from_numpy(rng.standard_normal(pixels.shape, dtype=np.float32)) * drawn(0, 0.05, 1, 1, 1)
    return ((pixels + 1) * gain - 1 + drawn(-0.03, 0.03, 3, 1, 1) + noise).clamp(-1, 1), quality


# --- training --------------------------------------------------------------------------------------

class Teacher(nn.Module):
    """What only training needs: heads that read attributes off the glances, and the scale of the pairwise verdict."""

    def __init__(self, net: LikenessNet) -> None:
        super().__init__()
        self.read = nn.Linear(net.identity.in_features, sum(map(len, READ.values())))
        self.verdict = nn.Parameter(torch.tensor([math.log(12.0), 0.55]))

    def misread(self, glanced: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Mean cross entropy over the attributes, and the share read right. (B, G C), (B, attributes) long."""
        losses, right, asked = [], 0.0, 0.0
        for number, said in enumerate(self.read(glanced).float().split([len(known) for known in READ.values()], 1)):
            there = classes[:, number] >= 0
            if there.any():
                losses.append(F.cross_entropy(said[there], classes[there, number]))
                right += float((said[there].argmax(1) == classes[there, number]).sum())
                asked += float(there.sum())
        return torch.stack(losses).mean(), right / asked


def contrast(direction: torch.Tensor, batch: Batch, weight: torch.Tensor) -> torch.Tensor:
    """Everybody chooses their own avatar among all, and every avatar its own pictures. (B, size) -> scalar.

    `weight` (B,) is how much each picture counts.
    """
    rows, columns = ~batch.avatar, batch.avatar
    own = batch.who[rows][:, None] == batch.who[columns][None]                             # (crops, avatars)
    logits = SHARPNESS * (direction[rows] @ direction[columns].T - MARGIN * own)
    heed = weight[rows] / weight[rows].mean()
    choose = -((logits.log_softmax(1) * own).sum(1) * heed).mean()
    mine = own * heed[:, None]
    chosen = -((logits.log_softmax(0) * mine).sum(0) / mine.sum(0).clamp(min=0.1)).mean()
    return choose + 0.5 * chosen


def pairwise(direction: torch.Tensor, batch: Batch, weight: torch.Tensor, verdict: torch.Tensor) -> torch.Tensor:
    """Same or not, pair by pair, against one threshold: true pairs, doubles and strangers count a third each."""
    rows, columns = ~batch.avatar, batch.avatar
    own = batch.who[rows][:, None] == batch.who[columns][None]
    kin = (batch.family[rows][:, None] == batch.family[columns][None]) & ~own
    logits = verdict[0].exp().clamp(max=40.0) * (direction[rows] @ direction[columns].T - verdict[1])
    losses = F.binary_cross_entropy_with_logits(logits, own.float(), reduction="none")
    losses = losses * (weight[rows] / weight[rows].mean())[:, None]
    return torch.stack([losses[which].mean() for which in (own, kin, ~own & ~kin) if which.any()]).sum()


def train(album: Album, *, minutes: float, run: Path, families: int = FAMILIES, peak: float = 1e-3,
          held_out: Album | None = None, max_steps: int | None = None, net: LikenessNet | None = None) -> LikenessNet:
    """Train, resuming from `run`; new parts of the album are taken up. Returns the network with averaged weights."""
    torch.manual_seed(2)
    net = net or LikenessNet()
    teacher = Teacher(net)
    net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = Average(net, DECAY)
    descent = Descent((net, teacher), outer=("stem", "where", "identity", "quality", "read", "verdict"))
    ledger = Ledger(run)
    parts = {"model": net, "teacher": teacher, "average": average, "descent": descent}
    ledger.resume(parts)
    rng = np.random.default_rng(ledger.step)
    seen: list[tuple[float, ...]] = []
    logged_at = saved_at = time.monotonic()
    while ledger.elapsed_s < minutes * 60 and (max_steps is None or ledger.step < max_steps):
        batch = album.draw(rng, families)
        fraction = ledger.elapsed_s / (minutes * 60)
        pixels = batch.pixels
        if fraction < COARSE_SHARE:
            pixels = F.interpolate(pixels, size=COARSE_PX[::-1], mode="area")
        pixels, quality = spoil(pixels, rng, batch.avatar)
        with torch.autocast("cpu", torch.bfloat16):
            glanced, whole = net.features(pixels.contiguous(memory_format=torch.channels_last))
            direction, said = net.identity(glanced), net.quality(whole)
            misread, right = teacher.misread(glanced, batch.classes)
        direction = F.normalize(direction.float(), dim=1)
        choice, verdict = contrast(direction, batch, quality), pairwise(direction, batch, quality, teacher.verdict)
        poor = (torch.sigmoid(said.float())[:, 0] - (0.1 + 0.9 * quality)).square().mean()
        loss = choice + verdict + misread + 2.0 * poor
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*net.parameters(), *teacher.parameters()], 5.0)
        descent.step(learning_rate(peak, fraction, ledger.step, warm_up=50, cool_from=0.72))
        average.update(net)
        ledger.step += 1
        seen.append((float(choice.detach()), float(verdict.detach()), float(misread.detach()), right,
                     float(poor.detach())))
        if time.monotonic() - logged_at > 20:
            choice_, verdict_, misread_, right_, poor_ = np.mean(seen, axis=0).tolist()
            ledger.log(choice=choice_, verdict=verdict_, misread=misread_, read_right=right_, quality=poor_)
            seen, logged_at = [], time.monotonic()
        if time.monotonic() - saved_at > 180:
            ledger.save(parts)
            ledger.draw_curve()
            album.refresh()
            saved_at = time.monotonic()
    ledger.save(parts)
    average.copy_to(net)
    settle(net, album)
    if held_out is not None:
        ledger.log(**judge(net, held_out))
    ledger.draw_curve()
    return net


@torch.no_grad()
def settle(net: LikenessNet, album: Album) -> None:
    """Measure the norms' means and variances anew: averaged weights see other ones than the last step's. In place."""
    norms = [part for part in net.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None                         # a plain mean over all that is seen
    net.train()
    rng = np.random.default_rng(5)
    for _ in range(min(24, 2 + len(album.families) // FAMILIES)):
        batch = album.draw(rng, FAMILIES)
        net(spoil(batch.pixels, rng, batch.avatar)[0])
    for norm in norms:
        norm.momentum = 0.1
    net.eval()


# --- judging ---------------------------------------------------------------------------------------

@torch.no_grad()
def embed(net: LikenessNet, pictures: Sequence[np.ndarray[Any, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Directions and qualities of framed pictures (N, H, W, 3) uint8, in parts."""
    out = [net(as_pixels(pictures[start:start + 64])) for start in range(0, len(pictures), 64)]
    return torch.cat([part[0] for part in out]), torch.cat([part[1] for part in out])


def equal_error(same: torch.Tensor, other: torch.Tensor) -> tuple[float, float]:
    """The rate at which as many true pairs are refused as false ones accepted, and the cosine where that is."""
    thresholds = torch.linspace(-1, 1, 801)
    missed = torch.searchsorted(same.sort().values, thresholds) / len(same)
    fooled = 1 - torch.searchsorted(other.sort().values, thresholds) / len(other)
    at = int((missed - fooled).abs().argmin())
    return float((missed[at] + fooled[at]) / 2), float(thresholds[at])


def judge(net: LikenessNet, album: Album) -> dict[str, float]:
    """Equal error rates of crops against avatars, and how quality falls.

    Everybody against everybody; against doubles that differ in one attribute, all and those of whom the crop shows
    the difference; `eer_ATTRIBUTE` for each attribute, and `shown_ATTRIBUTE`, the share of crops that show it.
    """
    true, strange, near, shown, ways = [], [], [], [], []
    quality, blurred, covered, fronted = [], [], [], []
    for part, table in enumerate(album.tables):
        direction, sharp = embed(net, album.pictures[part])
        who = torch.tensor(table["family"]) * MEMBERS + torch.tensor(table["member"])
        family, avatar = torch.tensor(table["family"]), torch.tensor(table["scene"]) < 0
        cosine = direction[~avatar] @ direction[avatar].T                                  # (crops, avatars)
        same = who[~avatar][:, None] == who[avatar][None]
        kin = (family[~avatar][:, None] == family[avatar][None]) & ~same
        true.append(cosine[same])
        strange.append(cosine[~same & ~kin])
        quality.append(sharp[~avatar])
        seen = {(number, member, scene): value for number, member, scene, value in zip(
            table["family"], table["member"], table["scene"], table["seen"], strict=True)}
        crops = [(number, member, scene) for number, member, scene in zip(
            table["family"], table["member"], table["scene"], strict=True) if scene >= 0]
        for row, column in kin.nonzero().tolist():   # one of the two is the first member: one attribute apart
            number, member, scene = crops[row]
            other = int(who[avatar][column]) % MEMBERS
            if member == 0 or other == 0:
                near.append(float(cosine[row, column]))
                shown.append(seen[number, member or other, scene] >= VISIBLE)
                ways.append(table["ways"][number][member or other])
        some = [album.pictures[part][row] for row in (~avatar).nonzero()[:240, 0].tolist()]
        pixels = as_pixels(some)
        dim = F.interpolate(F.interpolate(pixels, size=(21, 15), mode="area"), size=FRAME_PX[::-1], mode="bilinear")
        hidden, behind = pixels.clone(), pixels.clone()
        hidden[:, :, :, :FRAME_PX[0] // 2] = torch.tensor([0.7, -0.6, -0.6])[:, None, None]
        behind[:, :, FRAME_PX[1] // 2:] = pixels.roll(7, 0)[:, :, FRAME_PX[1] // 2:]
        with torch.no_grad():
            for kept, spoiled in ((blurred, dim), (covered, hidden), (fronted, behind)):
                kept.append(torch.cat([net(few)[1] for few in spoiled.split(64)]))
    same_, strange_, near_ = torch.cat(true), torch.cat(strange), torch.tensor(near)
    rate, threshold = equal_error(same_, strange_)
    twins, strict = equal_error(same_, near_)
    figures = {"eer": rate, "threshold": threshold, "eer_one_attribute": twins, "threshold_one_attribute": strict,
               "eer_one_attribute_shown": equal_error(same_, near_[torch.tensor(shown)])[0],
               "shown": sum(shown) / len(shown), "same_mean": float(same_.mean()), "same_5_percent":
               float(same_.quantile(0.05)), "near_mean": float(near_.mean()), "other_mean": float(strange_.mean()),
               "quality": float(torch.cat(quality).mean()), "quality_blurred": float(torch.cat(blurred).mean()),
               "quality_half_covered": float(torch.cat(covered).mean()),
               "quality_behind_another": float(torch.cat(fronted).mean())}
    for way in sorted(set(ways)):
        mine = torch.tensor([way == name for name in ways])
        figures[f"eer_{way}"] = equal_error(same_, near_[mine])[0]
        figures[f"shown_{way}"] = float(torch.tensor(shown)[mine].float().mean())
    return figures


def failures(net: LikenessNet, album: Album, count: int = 12) -> Image.Image:
    """The crops that were most wrongly given to a double: crop, own avatar, the double's, with both cosines. RGB."""
    wrong = []
    for part, table in enumerate(album.tables):
        direction, _ = embed(net, album.pictures[part])
        avatars = {(number, member): row for row, (number, member, scene) in enumerate(zip(
            table["family"], table["member"], table["scene"], strict=True)) if scene < 0}
        for row, (number, member, scene) in enumerate(zip(table["family"], table["member"], table["scene"],
                                                          strict=True)):
            if scene < 0:
                continue
            own = float(direction[row] @ direction[avatars[number, member]])
            for other in range(MEMBERS):
                if other != member and 0 in (other, member):
                    fooled = float(direction[row] @ direction[avatars[number, other]])
                    wrong.append((fooled - own, part, row, avatars[number, member], avatars[number, other], own, fooled,
                                  table["ways"][number][other or member]))
    wrong.sort(key=lambda one: -one[0])
    shown, used = [], set()
    for one in wrong:                                # one picture of each pair of characters
        if one[1:2] + one[3:5] not in used and len(shown) < count:
            used |= {one[1:2] + one[3:5], (one[1], one[4], one[3])}
            shown.append(one)
    wide, high = FRAME_PX
    columns = 4
    sheet = Image.new("RGB", (columns * (3 * wide + 12), -(-len(shown) // columns) * (high + 16)), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for index, (_, part, crop, mine, theirs, own, fooled, way) in enumerate(shown):
        x, y = index % columns * (3 * wide + 12), index // columns * (high + 16)
        for column, row in enumerate((crop, mine, theirs)):
            sheet.paste(Image.fromarray(np.array(album.pictures[part][row])), (x + column * wide, y))
        draw.text((x + 2, y + high + 2), way.replace("_", " "), fill=(30, 30, 60))
        draw.text((x + wide + 2, y + high + 2), f"own {own:.2f}", fill=(30, 30, 60))
        draw.text((x + 2 * wide + 2, y + high + 2), f"double {fooled:.2f}", fill=(30, 30, 60))
    return sheet


def painted(count: int, thresholds: Sequence[float] = (0.2, 0.4, 0.45, 0.5, 0.55, 0.6, 0.75)) -> list[dict[str, Any]]:
    """What the thresholds of engine/memory/verification.py rest on: the shipped encoder on what the painter paints.

    For each threshold, on painted and on true pictures of held-out briefs: the share of figures below it against their
    own avatar (refused), of pairs of a figure and somebody else of its cast above it (fooled), of the same boxes with
    nobody in them above it (empty), and of free places above it for anybody (strays).
    """
    import io
    from random import Random

    from engine.cast.casting import draw_character_avatar
    from engine.memory.underdrawing import sketch_plate
    from engine.memory.verification import cosine, crops, free_places
    from engine.nouns import Underdrawing
    from engine.painters.likeness import MiniLikeness
    from engine.painters.unet import MINI_PAINTER, UNetPainter
    from engine.planning import plate_brief
    from training.world.pairs import render_pair
    from training.world.sampler import sample_brief

    painter, likeness = UNetPainter(MINI_PAINTER, device="cpu"), MiniLikeness()

    def png(picture: Image.Image) -> bytes:
        out = io.BytesIO()
        picture.save(out, "PNG", compress_level=1)
        return out.getvalue()

    own: dict[str, list[float]] = {"painted": [], "true": []}
    other: dict[str, list[float]] = {"painted": [], "true": []}
    empty: dict[str, list[float]] = {"painted": [], "true": []}
    strays: dict[str, list[float]] = {"painted": [], "true": []}
    for index in range(count):
        rng = Random(f"check:{index}")
        brief = sample_brief(rng, held_out=True, count=1 + index % 4)
        pair = render_pair(brief, rng, way=("rough", "plate", "other light")[index % 3])
        drawing = Underdrawing(png(pair.underdrawing), pair.boxes, pair.missing)
        made = painter.paint(brief, drawing, [], seed=index, on_step=lambda *_: None).png
        avatars = dict(zip([figure.character_id for figure in brief.figures], likeness.embed(
            [draw_character_avatar(figure.look) for figure in brief.figures]), strict=True))
        boxes = [(character_id, box) for character_id, box in pair.boxes if character_id not in pair.missing]
        sketch = sketch_plate(plate_brief(brief), size_px=painter.size_px)
        bare = painter.paint(plate_brief(brief), sketch, [], seed=index, on_step=lambda *_: None).png
        for what, picture, nobody in (("painted", made, bare), ("true", png(pair.target), sketch.png)):
            empty[what] += [cosine(vector, avatars[character_id]) for (character_id, _), vector in zip(
                boxes, likeness.embed(crops(nobody, boxes)), strict=True)]
            strays[what] += [max(cosine(vector, avatar) for avatar in avatars.values())
                             for vector in likeness.embed(crops(picture, free_places(boxes)))]
            for (character_id, _), vector in zip(boxes, likeness.embed(crops(picture, boxes)), strict=True):
                for whose, avatar in avatars.items():
                    (own if whose == character_id else other)[what].append(cosine(vector, avatar))
    return [{"on": what, "figures": len(own[what]), "threshold": threshold,
             "refused": round(float(np.mean(np.array(own[what]) < threshold)), 3),
             **{name: round(float(np.mean(np.array(found[what]) >= threshold)), 3)
                for name, found in (("fooled", other), ("empty", empty), ("strays", strays))}}
            for what in own for threshold in thresholds]


# --- export ----------------------------------------------------------------------------------------

def load(run: Path, album: Album) -> LikenessNet:
    """The network of a run, averaged and settled."""
    saved = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    net = LikenessNet()
    net.load_state_dict(saved["model"])
    average = Average(net, DECAY)
    average.load_state_dict(saved["average"])
    average.copy_to(net)
    settle(net, album)
    return net


def export(net: LikenessNet, out: Path) -> None:
    """Write `model.safetensors` (half precision) and `config.json`."""
    from safetensors.torch import save_file
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: (value.half() if value.is_floating_point() else value).contiguous()
               for name, value in net.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(net.config) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `collect`, `train`, `judge`, `export`, or `painted` with what is shipped."""
    parser = argparse.ArgumentParser(prog="python -m training.likeness", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=("collect", "train", "judge", "export", "painted"))
    parser.add_argument("--run", type=Path, default=RUNS / "likeness")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parts", type=int, default=45, help="of the album, 200 families each")
    parser.add_argument("--families", type=int, default=200, help="in a part of the album")
    parser.add_argument("--panels", type=int, default=60, help="for `painted`")
    parser.add_argument("--out", type=Path, default=MINI_LIKENESS)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    album, kept = asked.run / "album", asked.run / "held-out"
    if asked.act == "collect":
        collect(kept, parts=1, seed=77, held_out=True, families=max(4, asked.families * 6 // 5))
        collect(album, parts=asked.parts, seed=31, families=asked.families)
    elif asked.act == "train":
        train(Album(album), minutes=asked.minutes, run=asked.run, held_out=Album(kept))
    elif asked.act == "painted":
        print("\n".join(map(json.dumps, painted(asked.panels))))
    elif asked.act == "judge":
        net, held_out = load(asked.run, Album(album)), Album(kept)
        figures = judge(net, held_out)
        failures(net, held_out).save(asked.run / "samples" / "failures.png")
        print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=1))
    else:
        export(load(asked.run, Album(album)), asked.out)


if __name__ == "__main__":
    main()
