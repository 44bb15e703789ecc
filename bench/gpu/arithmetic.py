"""What FLUX.2 klein 4B takes, counted on torch's meta device: memory and operations, with no card and no weights.

    python -m bench.gpu.arithmetic                   (the tables of docs/gpu.md)

Counted are the bytes of the weights, and the most bytes of tensors alive at once while a part works (every operation is
run with shapes alone). Attention is counted as a card computes it, without the matrix of scores, but with the mask
widened to the type of the scores. Not counted: what the libraries set aside for themselves (CUDA's context, cuDNN's
workspaces, what the allocator rounds up): add about one GiB. Operations are multiplications and additions of matrix
products, convolutions and attention.
"""

from __future__ import annotations

import argparse
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu.random_klein import parts
from engine.painters.eight_bits import EightBits, rest_in_eight_bits
from engine.painters.klein import Fitting, KleinRecipe, without_unread_layers

GIB = 2**30


class Alive(TorchDispatchMode):
    """Counts the bytes of tensors that are made in it and still there; `most` is the most there were at once.

    What shares its bytes with the weights of `part` is none of them.
    """

    def __init__(self, part: torch.nn.Module) -> None:
        super().__init__()
        self.now = self.most = 0
        self._weights = [each.untyped_storage() for each in (*part.parameters(), *part.buffers())]
        self._known = {id(storage) for storage in self._weights}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        if id(storage) in self._known:
            return
        self._known.add(id(storage))
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, id(storage), storage.nbytes())

    def _gone(self, which: int, size: int) -> None:
        self._known.discard(which)
        self.now -= size


def _attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None = None,
               **_: Any) -> torch.Tensor:
    widened = None if attn_mask is None else torch.empty_like(attn_mask, dtype=query.dtype)
    out = torch.empty_like(query)
    del widened
    return out


@contextmanager
def _as_on_a_card() -> Iterator[None]:
    before = torch.nn.functional.scaled_dot_product_attention
    torch.nn.functional.scaled_dot_product_attention = _attention
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = before


def working(part: torch.nn.Module, work: Callable[[], Any]) -> int:
    """The most bytes alive at once while `work` is done by this part, on the meta device; its weights left out."""
    with _as_on_a_card(), torch.no_grad(), torch.device("meta"), Alive(part) as alive:
        work()
    return alive.most


def weights(part: torch.nn.Module) -> int:
    """Bytes of a part's weights and buffers."""
    return sum(each.numel() * each.element_size() for each in (*part.parameters(), *part.buffers()))


def klein(*, eight_bits: bool = False, toy: bool = False, recipe: KleinRecipe | None = None) -> dict[str, Any]:
    """klein's parts as the painter holds them, without weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("meta"):
            models = parts(toy=toy, vocabulary=259)
    finally:
        torch.set_default_dtype(before)
    without_unread_layers(models["text_encoder"], (recipe or KleinRecipe()).text_layers)
    for name in ("text_encoder", "transformer") if eight_bits else ():
        rest_in_eight_bits(models[name], torch.bfloat16)
    return models


Job = tuple[torch.nn.Module, Callable[[], Any]]


def reading(models: dict[str, Any], recipe: KleinRecipe) -> Job:
    """Encoding a prompt."""
    ids = torch.zeros((1, recipe.text_tokens), dtype=torch.long, device="meta")
    # Already as the attention takes it: making it would ask for values, and there are none.
    mask = {"full_attention": torch.ones((1, 1, recipe.text_tokens, recipe.text_tokens), dtype=torch.bool,
                                         device="meta")}
    return models["text_encoder"], lambda: models["text_encoder"](
        input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False)


def denoising(models: dict[str, Any], recipe: KleinRecipe, references: int, *, masked: bool = True) -> Job:
    """One step, with so many pictures of the reference size beside the underdrawing."""
    config = models["transformer"].config
    pixels = 2 * 2 ** (len(models["vae"].config.block_out_channels) - 1)
    panel, reference = (recipe.size_px // pixels) ** 2, (recipe.reference_px // pixels) ** 2
    seen = 2 * panel + references * reference
    total = recipe.text_tokens + seen

    def step() -> Any:
        mask = torch.ones((1, 1, total, total), dtype=torch.bool) if masked else None
        latents = torch.empty((1, seen, config.in_channels), dtype=torch.bfloat16)
        words = torch.empty((1, recipe.text_tokens, config.joint_attention_dim), dtype=torch.bfloat16)
        return models["transformer"](
            hidden_states=latents, encoder_hidden_states=words, timestep=torch.empty(1, dtype=torch.bfloat16),
            img_ids=torch.zeros((1, seen, 4)), txt_ids=torch.zeros((1, recipe.text_tokens, 4)), guidance=None,
            joint_attention_kwargs={"attention_mask": mask} if masked else None, return_dict=False)

    return models["transformer"], step


def encoding(models: dict[str, Any], size_px: int) -> Job:
    """Encoding a picture of so many pixels a side."""
    vae = models["vae"]
    return vae, lambda: vae.encode(torch.empty((1, 3, size_px, size_px), dtype=torch.bfloat16))


def decoding(models: dict[str, Any], size_px: int) -> Job:
    """Decoding one."""
    vae = models["vae"]
    side = size_px // 2 ** (len(vae.config.block_out_channels) - 1)
    return vae, lambda: vae.decode(torch.empty((1, vae.config.latent_channels, side, side), dtype=torch.bfloat16))


def seeing(models: dict[str, Any], recipe: KleinRecipe) -> int:
    """Working memory of the pictures that are encoded and decoded for a panel."""
    return max(working(*encoding(models, recipe.size_px)), working(*decoding(models, recipe.size_px)))


def operations(job: Job) -> float:
    """Floating point operations of a job, on the meta device."""
    with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
        job[1]()
    return float(counter.get_total_flops())


def panel_operations(models: dict[str, Any], recipe: KleinRecipe, references: int, *, kept: int = 0) -> float:
    """Of a whole panel in the recipe's steps; `kept` of the references were encoded before."""
    return (operations(reading(models, recipe)) + recipe.steps * operations(denoising(models, recipe, references))
            + operations(encoding(models, recipe.size_px)) + operations(decoding(models, recipe.size_px))
            + (references - kept) * operations(encoding(models, recipe.reference_px)))


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes on the card for one kind of panel."""

    fitting: Fitting
    size_px: int
    references: int                        # avatars and the frame before
    bytes: int


def need(models: dict[str, Any], resting: dict[str, Any], fitting: Fitting, recipe: KleinRecipe,
         references: int) -> Need:
    """The most there is on the card at once: weights that are there, and the work that takes most.

    `models` do the work, `resting` are the same as their weights rest. One layer at a time is widened.
    """
    held = {name: weights(part) for name, part in resting.items()}
    if fitting is Fitting.SMALL:
        for name in ("text_encoder", "transformer"):
            held[name] += max(2 * each.weight.numel() for each in models[name].modules()
                              if isinstance(each, torch.nn.Linear))
    words, step = working(*reading(models, recipe)), working(*denoising(models, recipe, references))
    pictures = seeing(models, recipe)
    if fitting is Fitting.WHOLE:
        most = sum(held.values()) + max(words, step, pictures)
    else:                                  # the autoencoder stays; the others take turns, and pictures are seen in both
        most = held["vae"] + max(held["text_encoder"] + max(words, pictures),
                                 held["transformer"] + max(step, pictures))
    return Need(fitting, recipe.size_px, references, most)


def rounding(spread: float) -> tuple[float, float]:
    """The length of the error of weights in eight bits over that of the weights: plain floats, and as the painter does.

    For normal weights of this spread, as trained layers have them.
    """
    torch.manual_seed(0)
    layer = torch.nn.Linear(1024, 1024, bias=False)
    torch.nn.init.normal_(layer.weight, std=spread)
    wide = layer.weight.detach()
    plain, ours = wide.to(torch.float8_e4m3fn).float(), EightBits(layer, torch.float32).widened(torch.float32)
    return tuple(float((each - wide).norm() / wide.norm()) for each in (plain, ours))  # type: ignore[return-value]


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def tables() -> str:
    """Everything, as Markdown."""
    plain, small = klein(), klein(eight_bits=True)
    whole = parts_untrimmed()
    lines = [_row("part", "parameters", "GiB as published", "GiB as it is held", "GiB in eight bits"),
             "|---|---|---|---|---|"]
    for name in ("transformer", "text_encoder", "vae"):
        count = sum(each.numel() for each in whole[name].parameters()) / 1e9
        lines.append(_row(name.replace("_", " "), f"{count:.2f} thousand million", *(
            f"{weights(models[name]) / GIB:.2f}" for models in (whole, plain, small))))
    lines += ["", _row("size of the panel", "words", "step, no references", "2", "3", "5", "5, no mask", "encode",
                       "decode"), "|---|---|---|---|---|---|---|---|---|"]
    for size in (512, 768, 1024):
        recipe = KleinRecipe(size_px=size)
        jobs = [reading(plain, recipe), *(denoising(plain, recipe, number) for number in (0, 2, 3, 5)),
                denoising(plain, recipe, 5, masked=False), encoding(plain, size), decoding(plain, size)]
        lines.append(_row(f"{size} px", *(f"{working(*job) / GIB:.2f}" for job in jobs)))
    lines += ["", _row("fitting", *(f"{size} px, {number} references" for size in (512, 768, 1024)
                                    for number in (2, 5))), "|---|---|---|---|---|---|---|"]
    for fitting in Fitting:
        resting = small if fitting is Fitting.SMALL else plain
        lines.append(_row(fitting.value, *(
            f"{need(plain, resting, fitting, KleinRecipe(size_px=size), number).bytes / GIB:.1f}"
            for size in (512, 768, 1024) for number in (2, 5))))
    lines += ["", _row("spread of the weights", "plain eight-bit floats", "ours"), "|---|---|---|"]
    lines += [_row(spread, *(f"{error:.1%}" for error in rounding(spread))) for spread in (0.005, 0.01, 0.02, 0.05)]
    recipe = KleinRecipe()
    lines += ["", _row("characters", "tokens", "TFLOP a panel", "of them in a step", "saved by what is kept"),
              "|---|---|---|---|---|"]
    for characters in range(5):
        references = characters + 1        # and the frame before
        tokens = recipe.text_tokens + 2 * (recipe.size_px // 16) ** 2 + references * (recipe.reference_px // 16) ** 2
        whole_panel = panel_operations(plain, recipe, references)
        saved = whole_panel - panel_operations(plain, recipe, references, kept=characters)
        lines.append(_row(characters, tokens, f"{whole_panel / 1e12:.0f}",
                          f"{operations(denoising(plain, recipe, references)) / 1e12:.0f}", f"{saved / 1e12:.1f}"))
    return "\n".join(lines)


def parts_untrimmed() -> dict[str, Any]:
    """The parts as they are published."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("meta"):
            return parts(toy=False)
    finally:
        torch.set_default_dtype(before)


def main() -> int:
    """The command."""
    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    print(tables())
    return 0


if __name__ == "__main__":
    sys.exit(main())
