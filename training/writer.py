"""Trains the mini writer on told plots, puts it into GGUF and measures it.

    python -m training.writer tokenizer      # byte-level BPE from simulated stories
    python -m training.writer train --hours 1.2
    python -m training.writer export         # -> engine/mini/writer/writer.gguf
    python -m training.writer evaluate       # the figures of the model card

Everything lands in training/runs/writer/ until it is exported. A run can be stopped and started again.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from engine.writers.mini_text import (
    CONTROLS, SLOTS, Segment, at_segments, cast_segments, plan_segments, say_segments, turn_segments,
)
from training.plots.story import PlotStory, tell_story

RUN: Final = Path(__file__).parent / "runs" / "writer"
GGUF: Final = Path(__file__).parent.parent / "engine" / "mini" / "writer" / "writer.gguf"
CONTEXT: Final = 512
VOCABULARY: Final = 2560
#: Stories with seeds below this are never trained on.
HELD_OUT: Final = 10_000
#: Loss weight of each part of a page: what people wrote is learned a little too, for the language in it.
WEIGHTS: Final = {"head": 0.0, "turn": 0.1, "say": 1.0, "plan": 1.0}


# --- pages -----------------------------------------------------------------------------------------

def page(story: PlotStory) -> list[tuple[str, list[Segment]]]:
    """The story as (part, segments): "head", then "turn", "say" and "plan" for every exchange."""
    parts = [("head", [*cast_segments(story.cast), *at_segments(story.start)])]
    for one in story.exchanges:
        parts.append(("turn", turn_segments(one.kind, one.author, one.text)))
        parts.append(("say", say_segments(one.prose)))
        parts.append(("plan", plan_segments(one.beats)))
    return parts


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


def train_tokenizer(stories: int = 12_000) -> Tokenizer:
    """Byte-level BPE (no prefix space, the split of gpt-2), control and name tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()

    def texts() -> Iterator[str]:
        for seed in range(HELD_OUT, HELD_OUT + stories):
            for _, segments in page(tell_story(seed)):
                for sort, text in segments:
                    if sort == "text":
                        for name in SLOTS:
                            text = text.replace(name, "\n")
                        yield from text.split("\n")

    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[*CONTROLS, *SLOTS], show_progress=False, min_frequency=3,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in SLOTS])
    RUN.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(RUN / "tokenizer.json"))
    return tokenizer


def load_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(RUN / "tokenizer.json"))


def batches(tokenizer: Tokenizer, seed: int, tokens_a_batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Endless (ids, targets' weights, lengths-mask) batches of whole stories of like length; `seed` counts on."""
    rng = random.Random(seed)
    while True:
        pages = []
        for _ in range(192):
            ids, weights = encode(tokenizer, page(tell_story(seed)))
            seed += 1
            pages.append((ids[:CONTEXT], weights[:CONTEXT]))
        pages.sort(key=lambda one: len(one[0]))
        groups: list[list[tuple[list[int], list[float]]]] = [[]]
        for one in pages:
            if (len(groups[-1]) + 1) * len(one[0]) > tokens_a_batch and groups[-1]:
                groups.append([])
            groups[-1].append(one)
        rng.shuffle(groups)
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            ids = torch.ones(len(group), width, dtype=torch.long)        # 1 is </s>, weight 0
            weights = torch.zeros(len(group), width)
            for row, (some, w) in enumerate(group):
                ids[row, :len(some)] = torch.tensor(some)
                weights[row, :len(w)] = torch.tensor(w)
            yield ids, weights, torch.tensor(seed)


# --- the model -------------------------------------------------------------------------------------

def new_model(width: int, layers: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=width, intermediate_size=width * 8 // 3 // 64 * 64, num_hidden_layers=layers,
        num_attention_heads=width // 64, num_key_value_heads=width // 64, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=1, initializer_range=0.02, attention_dropout=0.0,
        rope_theta=10_000.0)
    config._attn_implementation = "eager"      # several times faster than sdpa when training on a processor
    return LlamaForCausalLM(config)


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats over the positions that are to be learned."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state     # (B, T, D)
    wanted = weights[:, 1:] > 0
    logits = model.lm_head(hidden[wanted]).float()                                     # (N, V)
    loss = torch.nn.functional.cross_entropy(logits, ids[:, 1:][wanted], reduction="none")
    chosen = weights[:, 1:][wanted]
    return (loss * chosen).sum() / chosen.sum()


def train(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    tokenizer = load_tokenizer()
    model = new_model(args.width, args.layers)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters", flush=True)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    # Muon (Jordan et al. 2024) for the matrices: on this budget it reaches a given loss in about half the steps.
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=args.lr, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=args.lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    state: dict[str, Any] = {"step": 0, "seed": HELD_OUT, "elapsed_s": 0.0, "tokens": 0}
    last = RUN / "last.pt"
    if last.exists() and not args.fresh:
        kept = torch.load(last, weights_only=True)
        model.load_state_dict(kept["model"])
        for optimizer, one in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(one)
        state = kept["state"]
    total_s = args.hours * 3600
    curve = (RUN / "curve.jsonl").open("a")
    smooth, began, saved = None, time.monotonic() - state["elapsed_s"], time.monotonic()
    for ids, weights, seed in batches(tokenizer, state["seed"], args.batch):
        done = (time.monotonic() - began) / total_s
        if done >= 1:
            break
        # Warm up, hold, then fall to nothing over the last 45 % of the time.
        rate = args.lr * min(1.0, (state["step"] + 1) / 60) * min(1.0, max(0.02, (1 - done) / 0.45))
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(model, ids, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        state["tokens"] += ids.numel()
        value = loss.item()
        smooth = value if smooth is None else 0.97 * smooth + 0.03 * value
        if state["step"] % 20 == 0:
            line = {"step": state["step"], "loss": round(smooth, 4), "lr": round(rate, 6), "tokens": state["tokens"],
                    "elapsed_s": round(time.monotonic() - began)}
            print(json.dumps(line), flush=True)
            curve.write(json.dumps(line) + "\n")
            curve.flush()
        if time.monotonic() - saved > 240:
            saved = time.monotonic()
            state.update(seed=int(seed), elapsed_s=time.monotonic() - began)
            keep(model, optimizers, state)
    state.update(elapsed_s=time.monotonic() - began)
    keep(model, optimizers, state)
    print("done", state, flush=True)


def keep(model: LlamaForCausalLM, optimizers: list[torch.optim.Optimizer], state: dict[str, Any]) -> None:
    """Write the checkpoint whole or not at all."""
    part = RUN / "last.part"
    torch.save({"model": model.state_dict(), "optimizers": [one.state_dict() for one in optimizers], "state": state,
                "shape": {"width": model.config.hidden_size, "layers": model.config.num_hidden_layers}}, part)
    part.replace(RUN / "last.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tokenizer")
    training = commands.add_parser("train")
    training.add_argument("--hours", type=float, default=1.25)
    training.add_argument("--threads", type=int, default=1)
    training.add_argument("--width", type=int, default=256)
    training.add_argument("--layers", type=int, default=5)
    training.add_argument("--batch", type=int, default=4096, help="tokens a step")
    training.add_argument("--lr", type=float, default=3e-3)
    training.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    if args.command == "tokenizer":
        train_tokenizer()
    elif args.command == "train":
        train(args)


if __name__ == "__main__":
    main()
