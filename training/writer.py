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
import random
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from engine.nouns import (
    Character,
    CharacterId,
    Look,
    Member,
    OwnerId,
    Past,
    Pronouns,
    Scene,
    ServerId,
    Setting,
    SettingId,
    Story,
    StoryId,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
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
from engine.writers.things import Things, plural
from training.plots.story import PlotStory, tell_story
from training.plots.words import classes

RUN: Final = Path(__file__).parent / "runs" / "writer"
GGUF: Final = Path(__file__).parent.parent / "engine" / "mini" / "writer" / "writer.gguf"
CONTEXT: Final = 512
VOCABULARY: Final = 2560
#: Stories with seeds below this are never trained on.
HELD_OUT: Final = 10_000
#: Loss weight of each part of a page: what people write is read, not learned.
WEIGHTS: Final = {"head": 0.0, "turn": 0.0, "say": 1.0, "plan": 1.0}


# --- pages -----------------------------------------------------------------------------------------


def page(story: PlotStory) -> list[tuple[str, list[Segment]]]:
    """The story as (part, segments): "head", then "turn", "say" and "plan" for every exchange."""
    parts = [("head", [*cast_segments(story.cast), *at_segments(story.start)])]
    things = Things(listed_nouns(), classes()["adjective"])
    for one in story.exchanges:
        things.register(one.text)
        parts.append(("turn", turn_segments(one.kind, one.author, things.hide(one.text))))
        parts.append(("say", say_segments(things.hide(one.prose))))
        parts.append(("plan", plan_segments(one.beats)))
    return parts


@cache
def listed_nouns() -> tuple[str, ...]:
    """The nouns of the plot world, which rules may look for in a turn."""
    lists = classes()
    return tuple(sorted({word for name in ("thing", "big", "animal", "food", "plant") for word in lists[name]}))


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
                        for name in (*SLOTS, *THINGS):
                            text = text.replace(name, "\n")
                        yield from text.split("\n")

    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[*CONTROLS, *SLOTS],
        show_progress=False,
        min_frequency=3,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer = with_things(tokenizer)
    RUN.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(RUN / "tokenizer.json"))
    return tokenizer


def with_things(tokenizer: Tokenizer) -> Tokenizer:
    """Name and thing tokens as single tokens of the text; things take the places of bytes that UTF-8 never has."""
    form = json.loads(tokenizer.to_str())
    vocab = form["model"]["vocab"]
    for byte, name in zip(range(0xF5, 0xFD), THINGS, strict=True):
        if chr(byte) in vocab:
            vocab[name] = vocab.pop(chr(byte))
    tokenizer = Tokenizer.from_str(json.dumps(form))
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in (*SLOTS, *THINGS)])
    return tokenizer


def load_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(RUN / "tokenizer.json"))


def batches(
    tokenizer: Tokenizer, seed: int, tokens_a_batch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Endless (ids, targets' weights, lengths-mask) batches of whole stories of like length; `seed` counts on."""
    rng = random.Random(seed)
    left: dict[int, list[tuple[list[int], list[float]]]] = {}
    while True:
        pages = []
        for _ in range(192):
            ids, weights = encode(tokenizer, page(tell_story(seed)))
            seed += 1
            pages.append((ids[:CONTEXT], weights[:CONTEXT]))
        # Few shapes, so that the allocator and the kernels' caches stay small: widths in steps of 64.
        shelves: dict[int, list[tuple[list[int], list[float]]]] = {}
        for one in pages:
            shelves.setdefault(-(-len(one[0]) // 64) * 64, []).append(one)
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


# --- the model -------------------------------------------------------------------------------------


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


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats over the positions that are to be learned."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T, D)
    wanted = weights[:, 1:] > 0
    logits = model.lm_head(hidden[wanted]).float()  # (N, V)
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
    curve = (RUN / "curve.jsonl").open("a")
    # The clock is this process's own seconds on the processor: a busy machine must not end the schedule early.
    smooth, began, saved = None, time.process_time() - state["elapsed_s"], time.monotonic()
    stopping: list[int] = []  # SIGTERM: keep what was learned; SIGUSR1: cool down now, then stop
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
            curve.write(json.dumps(line) + "\n")
            curve.flush()
        if time.monotonic() - saved > 180 or stopping:
            saved = time.monotonic()
            state.update(seed=int(seed), elapsed_s=time.process_time() - began)
            keep(model, optimizers, state)
            if stopping:
                print("stopped", state, flush=True)
                return
    state.update(elapsed_s=time.process_time() - began)
    keep(model, optimizers, state)
    print("done", state, flush=True)


def keep(model: LlamaForCausalLM, optimizers: list[torch.optim.Optimizer], state: dict[str, Any]) -> None:
    """Write the checkpoint whole or not at all."""
    part = RUN / "last.part"
    torch.save(
        {
            "model": model.state_dict(),
            "optimizers": [one.state_dict() for one in optimizers],
            "state": state,
            "shape": {"width": model.config.hidden_size, "layers": model.config.num_hidden_layers},
        },
        part,
    )
    part.replace(RUN / "last.pt")


# --- GGUF ------------------------------------------------------------------------------------------


def load_model() -> tuple[LlamaForCausalLM, dict[str, Any]]:
    kept = torch.load(RUN / "last.pt", weights_only=True)
    model = new_model(kept["shape"]["width"], kept["shape"]["layers"])
    model.load_state_dict(kept["model"])
    return model.eval(), kept["state"]


def known_words(stories: int = 6_000) -> str:
    """Every word the simulated stories spell more than twice: the model can spell these by itself."""
    from collections import Counter

    from engine.writers.lexicon import words_of

    counted: Counter[str] = Counter()
    for seed in range(HELD_OUT, HELD_OUT + stories):
        for one in tell_story(seed).exchanges:
            counted.update(set(words_of(one.prose)))

    listed = {word for words in classes().values() for word in words if word.islower()}
    return " ".join(
        sorted({word for word, count in counted.items() if count > 2} | listed | {plural(w) for w in listed})
    )


def write_gguf(model: LlamaForCausalLM, tokenizer: Tokenizer, path: Path, *, facts: dict[str, Any], words: str) -> None:
    """The model as llama.cpp reads it, matrices in Q8_0."""
    import gguf
    from gguf.quants import quantize

    from engine.writers.mini import ADJECTIVES_KEY, NOTATION, NOTATION_KEY, NOUNS_KEY, WORDS_KEY

    path.parent.mkdir(parents=True, exist_ok=True)
    config = model.config
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("storythread mini writer")
    writer.add_description(
        f"Goes on with illustrated children's stories; trained on simulated plots, {facts['tokens']} tokens"
    )
    writer.add_string(NOTATION_KEY, NOTATION)
    writer.add_string(WORDS_KEY, words)
    writer.add_string(NOUNS_KEY, " ".join(listed_nouns()))
    writer.add_string(ADJECTIVES_KEY, " ".join(classes()["adjective"]))
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    pieces = [tokenizer.id_to_token(number) for number in range(config.vocab_size)]
    kinds = [
        gguf.TokenType.CONTROL
        if number < len(CONTROLS)
        else gguf.TokenType.USER_DEFINED
        if number < len(CONTROLS) + len(SLOTS) or pieces[number] in THINGS
        else gguf.TokenType.NORMAL
        for number in range(config.vocab_size)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_eot_token_id(1)
    writer.add_add_bos_token(False)
    state = {name: tensor.float().numpy() for name, tensor in model.state_dict().items()}

    def put(name: str, array: np.ndarray[Any, Any]) -> None:
        if array.ndim == 1:
            writer.add_tensor(name, array.astype(np.float32))
        else:
            writer.add_tensor(
                name, quantize(array, gguf.GGMLQuantizationType.Q8_0), raw_dtype=gguf.GGMLQuantizationType.Q8_0
            )

    def permuted(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        # llama.cpp rotates neighbouring pairs, transformers rotates halves.
        heads = config.num_attention_heads
        return (
            array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
        )

    put("token_embd.weight", state["model.embed_tokens.weight"])
    put("output_norm.weight", state["model.norm.weight"])
    names = {
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    for layer in range(config.num_hidden_layers):
        for short, long in names.items():
            array = state[f"model.layers.{layer}.{long}.weight"]
            put(f"blk.{layer}.{short}.weight", permuted(array) if short in ("attn_q", "attn_k") else array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare(path: Path, model: LlamaForCausalLM, tokenizer: Tokenizer, pages: int = 6) -> dict[str, float]:
    """llama.cpp against torch on held-out pages: tokens, log-probabilities of the top five, top-1 agreement."""
    from llama_cpp import Llama

    llama = Llama(str(path), n_ctx=CONTEXT, logits_all=True, verbose=False, n_threads=1)
    worst, agree, count, alike = 0.0, 0, 0, 0
    mean = 0.0
    for seed in range(pages):
        parts = page(tell_story(seed))
        ids, _ = encode(tokenizer, parts)
        theirs: list[int] = []
        for _, segments in parts:
            for sort, text in segments:
                theirs += (
                    [CONTROLS.index(text)]
                    if sort == "control"
                    else llama.tokenize(text.encode(), add_bos=False, special=False)
                )
        alike += ids == theirs
        ids = ids[: CONTEXT - 1]
        llama.reset()
        llama.eval(ids)
        logits = torch.from_numpy(np.array(llama.scores[: len(ids)], dtype=np.float32))
        with torch.no_grad():
            wanted = model(torch.tensor([ids])).logits[0]
        a, b = torch.log_softmax(logits, -1), torch.log_softmax(wanted, -1)
        top = b.topk(5).indices
        worst = max(worst, float((a.gather(1, top) - b.gather(1, top)).abs().max()))
        mean += float((a.gather(1, top[:, :1]) - b.gather(1, top[:, :1])).abs().mean()) / pages
        agree += int((a.argmax(-1) == b.argmax(-1)).sum())
        count += len(ids)
    llama.close()
    return {
        "pages_tokenised_alike": alike / pages,
        "largest_top5_difference": round(worst, 4),
        "mean_top1_difference": round(mean, 4),
        "top1_agreement": round(agree / count, 4),
    }


def export() -> None:
    model, facts = load_model()
    tokenizer = load_tokenizer()
    write_gguf(model, tokenizer, GGUF, facts=facts, words=known_words())
    told = {
        "bytes": GGUF.stat().st_size,
        "parameters": round(sum(p.numel() for p in model.parameters()) / 1e6, 2),
        "layers": model.config.num_hidden_layers,
        "width": model.config.hidden_size,
        "vocabulary": model.config.vocab_size,
        "tokens": facts["tokens"],
        "steps": facts["step"],
        "comparison": compare(GGUF, model, tokenizer),
    }
    (RUN / "export.json").write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1))


def write_card(figures: dict[str, Any]) -> None:
    """The model card beside the weights, from the template, the last export and these figures."""
    told = json.loads((RUN / "export.json").read_text())
    rows = [f"| {key.replace('_', ' ')} | {value} |" for key, value in figures.items() if key != "samples"]
    typed = [f"> {one['turn']}\n\n{one['prose']}\n\n*{one['pictures']}*\n" for one in figures["samples"] if one["turn"]]
    simulated = [f"- {one['prose']}" for one in figures["samples"] if not one["turn"]]
    values = {key: str(value) for key, value in told.items()} | {
        "comparison": ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told["comparison"].items()),
        "evaluated": str(figures["steps"]),
        "table": "\n".join(["| what | figure |", "|---|---|", *rows]),
        "typed": "\n".join(typed),
        "simulated": "\n".join(simulated),
    }
    text = (Path(__file__).parent / "writer_card.md").read_text("utf-8")
    (GGUF.parent / "README.md").write_text(re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text), "utf-8")


# --- measuring -------------------------------------------------------------------------------------

#: Turns a person would type, for the samples of the model card: (who, what); "I" is Mia for Anna and Bo for Ben.
TYPED: Final = (
    ("anna", "Mia and Bo wake up in the castle. It is snowing outside!"),
    ("ben", "Bo finds a purple xylofrog under the table."),
    ("anna", "I want to fly to the moon with the xylofrog"),
    ("ben", "Suddenly a hungry crocodile comes out of the water and steals the sandwich"),
    ("anna", "Grandma Rose gives the crocodile some pancakes and they all become friends."),
    ("ben", "They build a spaceship out of spaghetti"),
    ("anna", "Mia is scared of the thunder so Bo holds her hand"),
    ("ben", "lets go swimming!!!"),
    ("anna", "Bo lost his red kite. He is very sad."),
    ("ben", "Grandma Rose tells a story about a dragon who could not sleep"),
)


def as_scene(story: PlotStory, index: int, names: list[str]) -> Scene:
    """The scene before exchange `index` of a simulated story, with real names."""
    table = {slot: name for (slot, _, _), name in zip(story.cast, names, strict=False)}

    def named(text: str) -> str:
        return re.sub(r"ID_\d", lambda found: table[found[0]], text)

    cast = tuple(
        Character(CharacterId(slot), OwnerId("o"), table[slot], Pronouns(pronoun), Look(kind=kind))
        for slot, kind, pronoun in story.cast
    )
    one = story.exchanges[index]
    past = tuple(
        Past("A", named(done.text), named(done.prose), tuple(replace(beat, words="") for beat in done.beats))
        for done in story.exchanges[:index]
    )
    author = CharacterId(one.author) if one.author else None
    turn = Turn(TurnId("t"), StoryId("s"), OwnerId("o"), "A", named(one.text), TurnKind(one.kind))
    settings: tuple[Setting, ...] = ()
    if story.start is not None:
        settings = (Setting(SettingId("p"), story.start.setting_kind, named(story.start.setting_name), 0),)
    return Scene(
        Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("o"), "T"),
        turn,
        cast,
        (Member(OwnerId("o"), "A", 0, author),),
        settings,
        past,
    )


def evaluate(stories: int) -> dict[str, Any]:
    """The figures of the model card, on held-out stories (seeds below `HELD_OUT`), with the true plan known."""
    from engine.writers.lexicon import words_of
    from engine.writers.mini import MiniWriter

    writer = MiniWriter(threads=1)
    rng = random.Random(7)
    steps = exact = hits = guessed = true = valid = places = things = taken = 0
    copied = new = same = simulated = shown = 0
    seconds: list[float] = []
    busy: list[float] = []
    grams: dict[int, list[tuple[str, ...]]] = {1: [], 2: [], 3: []}
    proses: list[str] = []
    known = writer._words
    for seed in range(5000, 5000 + stories):
        story = tell_story(seed)
        index = rng.randrange(len(story.exchanges))
        names = rng.sample([name for name in classes()["name"] if name != "Emil"], len(story.cast))
        scene = as_scene(story, index, names)
        before = writer.rule_plans
        clock, used = time.perf_counter(), time.process_time()
        step = writer.write(scene, seed=seed, on_text=lambda _: None)
        seconds.append(time.perf_counter() - clock)
        busy.append(time.process_time() - used)
        steps += 1
        valid += writer.rule_plans == before
        one = story.exchanges[index]
        wanted = {member.character_id for beat in one.beats for member in beat.cast}
        got = {member.character_id for beat in step.beats for member in beat.cast}
        # A continuation may tell of others than the simulator's own did, so the cast is judged by its own words.
        acting = {
            CharacterId(slot)
            for (slot, _, _), name in zip(story.cast, names, strict=False)
            if name in step.prose or name in scene.turn.text
        }
        exact += got == acting
        hits, guessed, true = hits + len(got & acting), guessed + len(got), true + len(acting)
        places += one.beats[-1].setting_kind in {beat.setting_kind for beat in step.beats}
        about = Things(listed_nouns(), classes()["adjective"]).found(re.sub("|".join(names), "ID_1", scene.turn.text))
        if about:
            things += 1
            low = step.prose.casefold()
            taken += any(noun in low for noun in about)
            for noun in about:
                if noun.split()[-1] not in known:
                    new += 1
                    copied += noun in low
        same, simulated, shown = same + len(got & wanted), simulated + len(wanted), shown + len(got)
        proses.append(step.prose)
        words = words_of(step.prose)
        for size, some in grams.items():
            some += zip(*(words[start:] for start in range(size)), strict=False)
    figures = {
        "writer": writer.name,
        "steps": steps,
        "valid_plan_share": round(valid / steps, 4),
        "cast_is_who_is_named": round(exact / steps, 4),
        "cast_f1_to_who_is_named": round(2 * hits / (guessed + true), 4),
        "cast_f1_to_the_simulated_next_page": round(2 * same / (simulated + shown), 4),
        "place_as_simulated": round(places / steps, 4),
        "turns_with_a_thing": things,
        "takes_up_a_thing": round(taken / max(1, things), 4),
        "of_these_by_rule": round(writer.rule_uptakes / max(1, things), 4),
        "new_words_copied": f"{copied} of {new}",
        "last_resort_share": round(writer.last_resorts / steps, 4),
        "distinct_1_2_3": [round(len(set(some)) / max(1, len(some)), 4) for some in grams.values()],
        "distinct_pages": round(len(set(proses)) / steps, 4),
        "words_a_page": round(sum(len(prose.split()) for prose in proses) / steps, 1),
        "seconds_median": round(float(np.median(seconds)), 3),
        "processor_seconds_median": round(float(np.median(busy)), 3),
        "processor_seconds_p95": round(float(np.percentile(busy, 95)), 3),
    }
    figures["samples"] = samples(writer, proses[:10])
    writer.close()
    return figures


def samples(writer: Any, simulated: list[str]) -> list[dict[str, str]]:
    """Ten continuations of one story of turns a person would type, and ten of held-out stories; the first seed."""
    cast = (
        Character(CharacterId("a"), OwnerId("anna"), "Mia", Pronouns.SHE, Look(kind="girl")),
        Character(CharacterId("b"), OwnerId("ben"), "Bo", Pronouns.HE, Look(kind="bear")),
        Character(CharacterId("c"), OwnerId("ben"), "Grandma Rose", Pronouns.SHE, Look(kind="grandmother")),
    )
    members = (
        Member(OwnerId("anna"), "Anna", 0, CharacterId("a")),
        Member(OwnerId("ben"), "Ben", 1, CharacterId("b")),
    )
    story = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("anna"), "T")
    past: list[Past] = []
    told = []
    for number, (who, text) in enumerate(TYPED):
        turn = Turn(TurnId(f"t{number}"), StoryId("s"), OwnerId(who), who.title(), text)
        step = writer.write(Scene(story, turn, cast, members, (), tuple(past)), seed=number, on_text=lambda _: None)
        past.append(Past(who.title(), text, step.prose, step.beats))
        told.append({"turn": text, "prose": step.prose, "pictures": " / ".join(beat.words for beat in step.beats)})
    return told + [{"turn": "", "prose": prose, "pictures": ""} for prose in simulated]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tokenizer")
    commands.add_parser("export")
    commands.add_parser("evaluate").add_argument("--stories", type=int, default=300)
    training = commands.add_parser("train")
    training.add_argument("--hours", type=float, default=1.25, help="on the processor")
    training.add_argument("--cooldown", type=float, default=900.0, help="processor seconds of falling learning rate")
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
    elif args.command == "export":
        export()
    elif args.command == "evaluate":
        figures = evaluate(args.stories)
        (RUN / "figures.json").write_text(json.dumps(figures, indent=1))
        print(json.dumps(figures, indent=1, ensure_ascii=False))
        write_card(figures)


if __name__ == "__main__":
    main()
