"""Muon: momentum whose update is made orthogonal, for the weight matrices and convolutions of the painter.

K. Jordan, https://kellerjordan.github.io/posts/muon/ . Every matrix moves by the same size in all its directions, which
teaches a small network about as much in half the steps. Vectors, embeddings and the outermost layers stay with AdamW.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

#: Coefficients of the quintic Newton-Schulz iteration that pushes singular values towards one.
QUINTIC = (3.4445, -4.7750, 2.0315)


@torch.no_grad()
def orthogonal(update: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """The nearest thing to an orthogonal matrix with the same directions. (rows, columns) -> same, bfloat16."""
    a, b, c = QUINTIC
    tall = update.shape[0] > update.shape[1]
    x = (update.T if tall else update).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T                                                                     # (rows, rows)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; convolutions are seen as (out, in x height x width) matrices."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float = 0.01, momentum: float = 0.95,
                 weight_decay: float = 0.01) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(momentum, group["momentum"]).flatten(1)
                scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(orthogonal(update).view(parameter.shape).to(parameter.dtype), alpha=-group["lr"] * scale)


class Descent:
    """Muon for a network's inner matrices and AdamW for the rest, stepped as one."""

    def __init__(self, networks: Iterable[nn.Module], *, outer: Iterable[str] = ()) -> None:
        inner, rest = [], []
        for network in networks:
            for name, parameter in network.named_parameters():
                kept = parameter.ndim < 2 or "embed" in name or any(name.startswith(part) for part in outer)
                (rest if kept else inner).append(parameter)
        self.muon = Muon(inner)
        self.adam = torch.optim.AdamW(rest, betas=(0.9, 0.98), weight_decay=0.0, fused=True)

    def step(self, lr: float) -> None:
        """One step; `lr` is AdamW's rate, and Muon's is twenty times it."""
        for group in self.muon.param_groups:
            group["lr"] = 20 * lr
        for group in self.adam.param_groups:
            group["lr"] = lr
        self.muon.step()
        self.adam.step()

    def zero_grad(self) -> None:
        self.muon.zero_grad()
        self.adam.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
