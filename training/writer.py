"""Trains the mini writer on told plots, puts it into GGUF and measures it.

    python -m training.writer tokenizer      # byte-level BPE from simulated stories
    python -m training.writer train --hours 1.2
    python -m training.writer export         # -> engine/mini/writer/writer.gguf
    python -m training.writer evaluate       # the figures of the model card

Everything lands in training/runs/writer/ until it is exported. A run can be stopped and started again. Pages and
tokenizer are in `writer_pages`, the GGUF in `writer_gguf`, the measuring in `writer_evaluation`.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from pathlib import Path
from typing import Any, Final

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from training.writer_gguf import compare, known_words, write_gguf
from training.writer_pages import CONTEXT, HELD_OUT, VOCABULARY, batches, load_tokenizer, train_tokenizer

RUN: Final = Path(__file__).parent / "runs" / "writer"
OUT: Final = Path(__file__).parent.parent / "engine" / "mini" / "writer"


def new_model(width: int, layers: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=width * 8 // 3 // 64 * 64,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 64,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.02,
        attention_dropout=0.0,
        rope_theta=10_000.0,
    )
    config._attn_implementation = "eager"  # several times faster than sdpa when training on a processor
    return LlamaForCausalLM(config)


def _rotated(q: torch.Tensor, k: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor,
             unsqueeze_dim: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotary positions as transformers applies them, in fewer passes over memory."""
    half = cos.shape[-1] // 2
    c, s = cos[..., :half].unsqueeze(unsqueeze_dim).to(q.dtype), sin[..., :half].unsqueeze(unsqueeze_dim).to(q.dtype)

    def turn(x: torch.Tensor) -> torch.Tensor:
        a, b = x.chunk(2, -1)
        return torch.cat([a * c - b * s, b * c + a * s], -1)

    return turn(q), turn(k)


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats over the positions that are to be learned."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T, D)
    wanted = weights[:, 1:] > 0
    logits = model.lm_head(hidden[wanted]).float()  # (N, V)
    loss = torch.nn.functional.cross_entropy(logits, ids[:, 1:][wanted], reduction="none")
    chosen = weights[:, 1:][wanted]
    return (loss * chosen).sum() / chosen.sum()


def train(args: argparse.Namespace) -> None:
    """Train until the time is over; SIGTERM keeps what was learned, SIGUSR1 cools down now and then stops."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        _train(args)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _train(args: argparse.Namespace) -> None:
    run: Path = args.run
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    tokenizer = load_tokenizer(run)
    model = new_model(args.width, args.layers)
    modeling_llama.apply_rotary_pos_emb = _rotated
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters", flush=True)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    # Muon (Jordan et al. 2024) for the matrices: on this budget it reaches a given loss in about half the steps.
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=args.lr, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=args.lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    state: dict[str, Any] = {"step": 0, "seed": HELD_OUT, "elapsed_s": 0.0, "tokens": 0}
    last = run / "last.pt"
    if last.exists() and not args.fresh:
        kept = torch.load(last, weights_only=True)
        model.load_state_dict(kept["model"])
        for optimizer, one in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(one)
        state = kept["state"]
    # The clock is this process's own seconds on the processor: a busy machine must not end the schedule early.
    smooth, began, saved = None, time.process_time() - state["elapsed_s"], time.monotonic()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    cooling: list[float] = []
    signal.signal(signal.SIGUSR1, lambda *_: cooling.append(time.process_time() - began))
    for ids, weights, seed in batches(tokenizer, state["seed"], args.batch):
        now = time.process_time() - began
        if now > args.hours * 3600 - args.cooldown and not cooling:
            cooling.append(now)
        left = 1.0 - (now - cooling[0]) / args.cooldown if cooling else 1.0
        if left <= 0:
            break
        # Warm up, hold, and at the end fall to nothing.
        rate = args.lr * min(1.0, (state["step"] + 1) / 60) * max(0.02, left)
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
        if state["step"] % 10 == 0:
            line = {
                "step": state["step"],
                "loss": round(smooth, 4),
                "lr": round(rate, 6),
                "tokens": state["tokens"],
                "processor_s": round(time.process_time() - began),
            }
            print(json.dumps(line), flush=True)
            with (run / "curve.jsonl").open("a") as curve:
                curve.write(json.dumps(line) + "\n")
        if time.monotonic() - saved > 180 or stopping:
            saved = time.monotonic()
            state.update(seed=int(seed), elapsed_s=time.process_time() - began)
            keep(run, model, optimizers, state)
            if stopping:
                print("stopped", state, flush=True)
                return
    state.update(elapsed_s=time.process_time() - began)
    keep(run, model, optimizers, state)
    print("done", state, flush=True)


def keep(run: Path, model: LlamaForCausalLM, optimizers: list[torch.optim.Optimizer], state: dict[str, Any]) -> None:
    """Write the checkpoint whole or not at all."""
    part = run / "last.part"
    torch.save(
        {
            "model": model.state_dict(),
            "optimizers": [one.state_dict() for one in optimizers],
            "state": state,
            "shape": {"width": model.config.hidden_size, "layers": model.config.num_hidden_layers},
        },
        part,
    )
    part.replace(run / "last.pt")


def load_model(run: Path) -> tuple[LlamaForCausalLM, dict[str, Any]]:
    kept = torch.load(run / "last.pt", weights_only=True)
    model = new_model(kept["shape"]["width"], kept["shape"]["layers"])
    model.load_state_dict(kept["model"])
    return model.eval(), kept["state"]


def export(run: Path, out: Path, stories: int) -> None:
    model, facts = load_model(run)
    tokenizer = load_tokenizer(run)
    path = out / "writer.gguf"
    write_gguf(model, tokenizer, path, facts=facts, words=known_words(stories))
    told = {
        "bytes": path.stat().st_size,
        "parameters": round(sum(p.numel() for p in model.parameters()) / 1e6, 2),
        "layers": model.config.num_hidden_layers,
        "width": model.config.hidden_size,
        "vocabulary": model.config.vocab_size,
        "tokens": facts["tokens"],
        "steps": facts["step"],
        "processor_minutes": round(facts["elapsed_s"] / 60),
        "comparison": compare(path, model, tokenizer),
    }
    (run / "export.json").write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    tokenizing = commands.add_parser("tokenizer")
    tokenizing.add_argument("--stories", type=int, default=4_000)
    training = commands.add_parser("train")
    training.add_argument("--hours", type=float, default=0.4, help="on the processor")
    training.add_argument("--cooldown", type=float, default=240.0, help="processor seconds of falling learning rate")
    training.add_argument("--threads", type=int, default=1)
    training.add_argument("--width", type=int, default=256)
    training.add_argument("--layers", type=int, default=5)
    training.add_argument("--batch", type=int, default=4096, help="tokens a step")
    training.add_argument("--lr", type=float, default=3e-3)
    training.add_argument("--fresh", action="store_true")
    exporting = commands.add_parser("export")
    exporting.add_argument("--stories", type=int, default=6_000, help="told to learn which words the model can spell")
    exporting.add_argument("--out", type=Path, default=OUT)
    measuring = commands.add_parser("evaluate")
    measuring.add_argument("--stories", type=int, default=300)
    measuring.add_argument("--gguf", type=Path, default=OUT / "writer.gguf")
    measuring.add_argument("--dump", type=Path, help="only write the held-out scenes here, for another writer")
    measuring.add_argument("--answers", type=Path, help="judge these steps of another writer, card untouched")
    for one in (tokenizing, training, exporting, measuring):
        one.add_argument("--run", type=Path, default=RUN)
    args = parser.parse_args()
    if args.command == "tokenizer":
        train_tokenizer(args.run, args.stories)
    elif args.command == "train":
        train(args)
    elif args.command == "export":
        export(args.run, args.out, args.stories)
    elif args.command == "evaluate":
        from training.writer_evaluation import measure

        measure(args.run, OUT, gguf=args.gguf, stories=args.stories, dump=args.dump, answers_of=args.answers)


if __name__ == "__main__":
    main()
