"""Weights that rest in eight bits and are widened layer by layer, as they are used: half the memory of bfloat16.

Whole numbers with a scale for each row, after LLM.int8() (https://arxiv.org/abs/2208.07339) without its outliers.
Plain eight-bit floats have no scale and are coarse where weights are small: these have a third of their error or less
(`python -m bench.gpu.arithmetic`).
"""

from __future__ import annotations

import torch

#: What is small and steers much stays as it is: layers with one of these in their name.
STAY_WIDE = ("norm", "embed", "modulation", "proj_out")


class EightBits(torch.nn.Module):
    """A linear layer, nearly: `weight` is (out, in) whole numbers from -127 to 127, `scale` (out, 1)."""

    def __init__(self, linear: torch.nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        wide = linear.weight.detach().float()
        scale = (wide.abs().amax(dim=1, keepdim=True) / 127).clamp_min(torch.finfo(torch.float32).tiny)
        self.register_buffer("weight", (wide / scale).round().to(torch.int8))
        self.register_buffer("scale", scale.to(dtype))
        self.bias = None if linear.bias is None else torch.nn.Parameter(linear.bias.detach().to(dtype), False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(..., in) -> (..., out)"""
        return torch.nn.functional.linear(tokens, self.widened(tokens.dtype), self.bias)

    def widened(self, dtype: torch.dtype) -> torch.Tensor:
        """The weights as the layer uses them, (out, in)."""
        return self.weight.to(dtype) * self.scale.to(dtype)  # type: ignore[operator]


def rest_in_eight_bits(part: torch.nn.Module, dtype: torch.dtype, stay_wide: tuple[str, ...] = STAY_WIDE) -> None:
    """Replace a model's large linear layers; they then compute in `dtype`."""
    for name, module in list(part.named_modules()):
        for own, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear) and not any(each in f"{name}.{own}" for each in stay_wide):
                setattr(module, own, EightBits(child, dtype))
