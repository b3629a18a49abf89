"""float32 master weights of a net that computes in less: small updates are not rounded away."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Master:
    """The weights that the optimiser sees. For a float32 net they are its own, and nothing is copied."""

    def __init__(self, net: nn.Module) -> None:
        self._net = net
        self._shared = all(p.dtype == torch.float32 for p in net.parameters())
        self.weights: list[Tensor] = [
            p if self._shared else p.detach().float().requires_grad_() for p in net.parameters()
        ]

    def collect(self) -> None:
        """Add the gradients of one micro-batch to the master's, in float32."""
        if self._shared:
            return
        for weight, p in zip(self.weights, self._net.parameters(), strict=True):
            if p.grad is not None:
                weight.grad = p.grad.float() if weight.grad is None else weight.grad.add_(p.grad)
                p.grad = None

    @torch.no_grad()
    def publish(self) -> None:
        """Round the master weights into the net."""
        if not self._shared:
            for weight, p in zip(self.weights, self._net.parameters(), strict=True):
                p.copy_(weight)

    def state(self) -> dict[str, Tensor]:
        """The net's state in float32, named as the net names it."""
        by_id = {id(p): w for p, w in zip(self._net.parameters(), self.weights, strict=True)}
        return {
            name: by_id.get(id(t), t).detach() for name, t in self._net.state_dict(keep_vars=True).items()
        }

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Take over a state that `state` returned; tied weights may be there once."""
        names = {id(p): name for name, p in self._net.state_dict(keep_vars=True).items() if name in state}
        for weight, p in zip(self.weights, self._net.parameters(), strict=True):
            weight.copy_(state[names[id(p)]])
        self.publish()
