"""Writes pairs to shards, in several processes, and reads a brief back from its record."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from engine.nouns import CharacterId, Figure, Look, PanelBrief, PanelId, Place, Setting, SettingId, StoryId
from training.world.pairs import Pair, render_pair
from training.world.sampler import sample_brief, sample_look

#: Characters a shard is populated with: each plays in about a dozen pictures, so its avatar is drawn once for all.
POPULATION = 160


def pairs_of(seed: int, shard: int, count: int, *, held_out: bool = False, size_px: int = 256) -> Iterator[Pair]:
    """The pairs of one shard, the same on every machine."""
    rng = Random(f"shard:{seed}:{shard}:{held_out}")
    looks = [sample_look(rng, held_out) for _ in range(max(4, min(POPULATION, count)))]
    for index in range(count):
        own = Random(f"pair:{seed}:{shard}:{index}:{held_out}")
        yield render_pair(sample_brief(own, held_out=held_out, looks=looks), own, size_px=size_px)


def _record(pair: Pair) -> dict[str, Any]:
    order = [figure.character_id for figure in pair.brief.figures]
    return {
        "caption": pair.caption,
        "boxes": [[round(v, 4) for v in (box.left, box.top, box.right, box.bottom)] for _, box in pair.boxes],
        "underdrawing": pair.way,
        "missing": [order.index(character_id) for character_id in pair.missing],
        "brief": asdict(pair.brief),
    }


def brief_from(record: dict[str, Any]) -> PanelBrief:
    """The brief in a record of `records.jsonl`."""
    data = record["brief"]
    figures = tuple(
        Figure(
            CharacterId(f["character_id"]),
            f["name"],
            Look(**{**f["look"], "accessories": tuple(f["look"]["accessories"])}),
            Place(**f["place"]),
            f["action"],
            f["mood"],
            f["holding"],
            CharacterId(f["toward"]) if f["toward"] is not None else None,
        )
        for f in data["figures"]
    )
    place = data["setting"]
    return PanelBrief(
        PanelId(data["panel_id"]),
        StoryId(data["story_id"]),
        data["words"],
        figures,
        Setting(SettingId(place["setting_id"]), place["kind"], place["name"], place["seed"]),
        data["time_of_day"],
        data["weather"],
        data["shot"],
        data["style"],
        tuple((name, Place(**at)) for name, at in data["props"]),
    )


def write_shard(job: tuple[str, int, int, int, bool, int]) -> int:
    """Write one shard: (folder, seed, shard, count, held out, size in pixels). Returns how many pairs it holds."""
    folder, seed, shard, count, held_out, size_px = job
    path = Path(folder)
    if (path / "records.jsonl").exists():
        return count
    path.mkdir(parents=True, exist_ok=True)
    shape = (count, size_px, size_px, 3)
    targets = np.lib.format.open_memmap(path / "targets.npy", mode="w+", dtype=np.uint8, shape=shape)
    underdrawings = np.lib.format.open_memmap(path / "underdrawings.npy", mode="w+", dtype=np.uint8, shape=shape)
    lines = []
    for index, pair in enumerate(pairs_of(seed, shard, count, held_out=held_out, size_px=size_px)):
        targets[index] = np.asarray(pair.target)
        underdrawings[index] = np.asarray(pair.underdrawing)
        lines.append(json.dumps(_record(pair), separators=(",", ":")))
    targets.flush()
    underdrawings.flush()
    unfinished = path / "records.part"
    unfinished.write_text("\n".join(lines) + "\n")
    unfinished.rename(path / "records.jsonl")
    return count


def write_shards(
    out: Path,
    *,
    count: int,
    seed: int = 0,
    workers: int = 1,
    held_out: bool = False,
    size_px: int = 256,
    shard_pairs: int = 1000,
) -> Iterator[int]:
    """Write `count` pairs as shards under `out`; yields after each shard how many pairs are there so far."""
    out.mkdir(parents=True, exist_ok=True)
    label = f"held-{seed}" if held_out else str(seed)
    jobs = [
        (
            str(out / f"shard-{label}-{shard:05d}"),
            seed,
            shard,
            min(shard_pairs, count - shard * shard_pairs),
            held_out,
            size_px,
        )
        for shard in range(-(-count // shard_pairs))
    ]
    done = 0
    if workers <= 1:
        for job in jobs:
            done += write_shard(job)
            yield done
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for number in pool.imap_unordered(write_shard, jobs):
            done += number
            yield done
