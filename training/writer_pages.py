"""Told stories as the mini writer reads them: pages, its tokenizer, and endless batches.

Byte-level BPE with control, name and thing tokens first; a page is `engine.writers.mini_text`'s notation, read by
`engine.writers.mini_reading`, so that training and use see the same text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from engine.nouns import CharacterId
from engine.writers.mini_reading import PageReader
from engine.writers.mini_text import (
    CONTROLS,
    SLOTS,
    THINGS,
    Segment,
    at_segments,
    cast_segments,
    plan_segments,
    say_segments,
    turn_segments,
)
from training.plots.story import PlotStory, tell_story
from training.plots.words import classes

CONTEXT: Final = 512
VOCABULARY: Final = 2560
#: Stories with seeds below this are never trained on.
HELD_OUT: Final = 10_000
#: Loss weight of each part of a page: what people write is read, not learned.
WEIGHTS: Final = {"head": 0.0, "turn": 0.0, "say": 1.0, "plan": 1.0}


def page(story: PlotStory) -> list[tuple[str, list[Segment]]]:
    """The story as (part, segments): "head", then "turn", "say" and "plan" for every exchange."""
    parts = [("head", [*cast_segments(story.cast), *at_segments(story.start)])]
    classes_of = {CharacterId(slot): pronouns for slot, _, pronouns in story.cast}
    reader = PageReader(classes_of, listed_nouns(), classes()["adjective"])
    for one in story.exchanges:
        text = reader.turn(one.text, CharacterId(one.author) if one.author else None)
        reader.prose(one.prose)
        parts.append(("turn", turn_segments(one.kind, one.author, reader.things.hide(text))))
        parts.append(("say", say_segments(reader.things.hide(one.prose))))
        parts.append(("plan", plan_segments(one.beats)))
    return parts


@cache
def listed_nouns() -> dict[str, str]:
    """The nouns of the plot world, which rules may look for in a turn, and the sort of each."""
    lists = classes()
    sorts = {"BEAST": ("animal", "alive", "monster"), "FOOD": ("food",),
             "THING": ("thing", "big", "plant", "buildable", "material", "toy", "gift", "container", "rideable",
                       "vessel", "rocket", "letterlike", "music", "mass", "scary")}
    found: dict[str, str] = {}
    for sort, names in sorts.items():
        for name in names:
            for word in lists[name]:
                found.setdefault(word, sort)
    return found


def encode(tokenizer: Tokenizer, parts: list[tuple[str, list[Segment]]]) -> tuple[list[int], list[float]]:
    """Token ids and their loss weights. `<say>` is given; `<plan>` after the prose and `</s>` are learned."""
    ids: list[int] = []
    weights: list[float] = []
    for part, segments in parts:
        for sort, text in segments:
            new = [CONTROLS.index(text)] if sort == "control" else tokenizer.encode(text).ids
            given = sort == "control" and part in ("turn", "say")
            ids += new
            weights += [0.0 if given else WEIGHTS[part]] * len(new)
    return ids, weights


def train_tokenizer(run: Path, stories: int) -> Tokenizer:
    """Byte-level BPE (no prefix space, the split of gpt-2), control and name tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()

    def texts() -> Iterator[str]:
        for seed in range(HELD_OUT, HELD_OUT + stories):
            for _, segments in page(tell_story(seed)):
                for sort, text in segments:
                    if sort == "text":
                        for name in (*SLOTS, *THINGS):
                            text = text.replace(name, "\n")
                        yield from text.split("\n")

    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[*CONTROLS, *SLOTS, *THINGS],
        show_progress=False,
        min_frequency=3,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer = with_things(tokenizer)
    run.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(run / "tokenizer.json"))
    return tokenizer


def with_things(tokenizer: Tokenizer) -> Tokenizer:
    """Name and thing tokens are found whole in any text."""
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in (*SLOTS, *THINGS)])
    return tokenizer


def load_tokenizer(run: Path) -> Tokenizer:
    return Tokenizer.from_file(str(run / "tokenizer.json"))


def batches(
    tokenizer: Tokenizer, seed: int, tokens_a_batch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Endless (ids, targets' weights, lengths-mask) batches of whole stories of like length; `seed` counts on."""
    rng = random.Random(seed)
    left: dict[int, list[tuple[list[int], list[float]]]] = {}
    told: list[tuple[list[int], list[float]]] = []
    while True:
        pages = []
        for _ in range(96):
            ids, weights = encode(tokenizer, page(tell_story(seed)))
            seed += 1
            pages.append((ids[:CONTEXT], weights[:CONTEXT]))
        # Telling costs a fifth of a step, so every page is read twice, some thousand pages apart.
        told += pages
        rng.shuffle(told)
        pages, told = pages + told[2000:], told[:2000]
        # Few shapes, so that the allocator and the kernels' caches stay small: widths in steps of 32.
        shelves: dict[int, list[tuple[list[int], list[float]]]] = {}
        for one in pages:
            shelves.setdefault(-(-len(one[0]) // 32) * 32, []).append(one)
        for width, shelf in shelves.items():
            kept = left.setdefault(width, [])
            kept += shelf
        full = [width for width, kept in left.items() for _ in range(len(kept) // (tokens_a_batch // width))]
        rng.shuffle(full)
        for width in full:
            rows = tokens_a_batch // width
            group, left[width] = left[width][:rows], left[width][rows:]
            ids = torch.ones(rows, width, dtype=torch.long)  # 1 is </s>, weight 0
            weights = torch.zeros(rows, width)
            for row, (some, w) in enumerate(group):
                ids[row, : len(some)] = torch.tensor(some)
                weights[row, : len(w)] = torch.tensor(w)
            yield ids, weights, torch.tensor(seed)
