"""Puts the trained mini writer into GGUF as llama.cpp reads it, and compares the two."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from engine.writers.lexicon import words_of
from engine.writers.mini_text import CONTROLS, SLOTS, THINGS
from engine.writers.opening import open_llama
from engine.writers.things import plural
from training.plots.story import tell_story
from training.plots.words import classes
from training.writer_pages import CONTEXT, HELD_OUT, encode, listed_nouns, page


def known_words(stories: int) -> str:
    """Every word the simulated stories spell more than twice: the model can spell these by itself."""
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
    writer.add_string(NOUNS_KEY, " ".join(f"{noun}/{sort}" for noun, sort in sorted(listed_nouns().items())))
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
    # A tokenizer of very few stories has fewer pieces than the model has rows.
    pieces = [tokenizer.id_to_token(number) or f"<unused_{number}>" for number in range(config.vocab_size)]
    kinds = [
        gguf.TokenType.CONTROL
        if number < len(CONTROLS)
        else gguf.TokenType.USER_DEFINED
        if number < len(CONTROLS) + len(SLOTS) + len(THINGS)
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
    llama = open_llama(path, n_ctx=CONTEXT, logits_all=True, verbose=False, n_threads=1)
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
