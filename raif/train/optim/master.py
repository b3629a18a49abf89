"""float32 master weights of a net that computes in less: small updates are not rounded away."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn


class Master:
    """The weights that the optimiser sees: of the net's trained parameters, by their names.

    For float32 parameters they are the net's own, and nothing is copied.
    """

    def __init__(self, net: nn.Module) -> None:
        self._trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
        self._shared = all(p.dtype == torch.float32 for p in self._trained.values())
        self.weights: dict[str, Tensor] = {
            name: p if self._shared else p.detach().float().requires_grad_()
            for name, p in self._trained.items()
        }
        if not self._shared:
            for name, p in self._trained.items():
                p.register_post_accumulate_grad_hook(partial(_hand_over, self.weights[name]))

    @torch.no_grad()
    def publish(self) -> None:
        """Round the master weights into the net."""
        if not self._shared:
            for name, p in self._trained.items():
                p.copy_(self.weights[name])


def _hand_over(weight: Tensor, p: Tensor) -> None:
    """Add a gradient to the master's in float32, once it is there: the net's are never held together."""
    assert p.grad is not None
    weight.grad = p.grad.float() if weight.grad is None else weight.grad.add_(p.grad)
    p.grad = None
