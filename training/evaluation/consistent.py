"""Consistent self-attention across a story's panels, for comparison: StoryDiffusion's method, training-free.

StoryDiffusion (arXiv 2405.01434): in every self-attention a panel also attends to tokens sampled from the other panels
of its batch; what the first panels wrote is remembered for each step and layer, and later panels read it, so that the
story can go on. Half of the other tokens are taken, as the published code does. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor

#: The share of the other panels' tokens that each panel attends to.
SAMPLED = 0.5


class Bank:
    """What the first panels wrote: for each layer, by step, (guidance branches, panels x tokens, width)."""

    def __init__(self) -> None:
        self.kept: dict[str, list[torch.Tensor]] = {}
        self.writing = True
        self.panels = 1                    # in the batch that is painted
        self.calls: dict[str, int] = {}
        self.generator = torch.Generator()

    def begin(self, *, panels: int, writing: bool, seed: int) -> None:
        """Before a batch of panels is painted; writing forgets what was there."""
        self.panels, self.writing, self.calls = panels, writing, {}
        self.generator.manual_seed(seed)
        if writing:
            self.kept = {}


class ConsistentSelfAttention(AttnProcessor):  # type: ignore[misc]
    """One self-attention layer that also sees the other panels."""

    def __init__(self, name: str, bank: Bank) -> None:
        super().__init__()
        self.name, self.bank = name, bank

    def __call__(self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None,
                 attention_mask: torch.Tensor | None = None, temb: torch.Tensor | None = None, *args: Any,
                 **rest: Any) -> torch.Tensor:
        """hidden_states: (branches x panels, tokens, width), as a transformer block hands them over."""
        bank, panels = self.bank, self.bank.panels
        batch, tokens, width = hidden_states.shape
        branches = batch // panels
        grouped = hidden_states.view(branches, panels, tokens, width)
        step = bank.calls.get(self.name, 0)
        bank.calls[self.name] = step + 1
        if bank.writing:
            bank.kept.setdefault(self.name, []).append(grouped.flatten(1, 2).clone())
            places = torch.arange(panels)
            seen = [torch.cat([grouped[:, one], self._sample(grouped[:, places != one].flatten(1, 2))], 1)
                    for one in range(panels)]
        else:
            others = self._sample(bank.kept[self.name][step])
            seen = [torch.cat([grouped[:, one], others], 1) for one in range(panels)]
        context = torch.stack(seen, 1).flatten(0, 1)                       # (branches x panels, own + sampled, width)
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key, value = (attn.head_to_batch_dim(layer(context)) for layer in (attn.to_k, attn.to_v))
        out = attn.batch_to_head_dim(torch.bmm(attn.get_attention_scores(query, key, None), value))
        mixed: torch.Tensor = attn.to_out[1](attn.to_out[0](out))
        return mixed

    def _sample(self, tokens: torch.Tensor) -> torch.Tensor:
        """Half of some tokens (branches, N, width), by chance."""
        count = tokens.shape[1]
        chosen = torch.randperm(count, generator=self.bank.generator)[:int(count * SAMPLED)]
        return tokens[:, chosen]


@contextmanager
def consistent(unet: Any) -> Iterator[Bank]:
    """Give a UNet consistent self-attention; its own processors are put back in any case."""
    before, bank = dict(unet.attn_processors), Bank()
    unet.set_attn_processor({name: ConsistentSelfAttention(name, bank) if name.endswith("attn1.processor") else one
                             for name, one in before.items()})
    try:
        yield bank
    finally:
        unet.set_attn_processor(before)
