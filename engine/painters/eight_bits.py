"""Weights that rest in eight bits and are widened layer by layer, as they are used: half the memory of bfloat16.

Whole numbers with a scale for each row, after LLM.int8() (https://arxiv.org/abs/2208.07339) without its outliers.
Plain eight-bit floats have no scale and are coarse where weights are small: these have a third of their error or less
(`python -m bench.gpu.arithmetic`).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

#: What is small and steers much stays as it is: layers with one of these in their name.
STAY_WIDE = ("norm", "embed", "modulation", "proj_out")


class EightBits(torch.nn.Module):
    """A linear layer or a convolution, nearly: `weight` is (out, ...) whole numbers, `scale` (out, 1, ...)."""

    def __init__(self, layer: torch.nn.Linear | torch.nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        wide = layer.weight.detach().float()
        most = wide.abs().amax(dim=tuple(range(1, wide.dim())), keepdim=True)
        scale = (most / 127).clamp_min(torch.finfo(torch.float32).tiny)
        self.register_buffer("weight", (wide / scale).round().to(torch.int8))
        self.register_buffer("scale", scale.to(dtype))
        self.bias = None if layer.bias is None else torch.nn.Parameter(layer.bias.detach().to(dtype), False)
        self._how = {} if isinstance(layer, torch.nn.Linear) else {
            "stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups}
        self._use: Callable[..., torch.Tensor] = (
            torch.nn.functional.linear if isinstance(layer, torch.nn.Linear) else torch.nn.functional.conv2d)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(..., in) -> (..., out), or (B, in, h, w) -> (B, out, h, w)"""
        return self._use(given, self.widened(given.dtype), self.bias, **self._how)

    def widened(self, dtype: torch.dtype) -> torch.Tensor:
        """The weights as the layer uses them, (out, ...)."""
        return self.weight.to(dtype) * self.scale.to(dtype)  # type: ignore[operator]


def rest_in_eight_bits(part: torch.nn.Module, dtype: torch.dtype, stay_wide: tuple[str, ...] = STAY_WIDE) -> None:
    """Replace a model's linear layers and convolutions; they then compute in `dtype`."""
    for name, module in list(part.named_modules()):
        for own, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear | torch.nn.Conv2d) \
                    and not any(each in f"{name}.{own}" for each in stay_wide):
                setattr(module, own, EightBits(child, dtype))
