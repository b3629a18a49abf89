"""What turns losses into new weights: plain PyTorch here, DeepSpeed in `raif.train.optim.zero`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor

from raif.config.train import OptimizerConfig
from raif.models.load import Model
from raif.train.optim.master import Master

SLOT = ("weight", "exp_avg", "exp_avg_sq")
"""All that training knows of a parameter: float32 weights and AdamW's two moments."""


class Engine(Protocol):
    """A trained model with its optimiser. All methods are collectives: every rank has to call them."""

    model: Model
    names: Sequence[str]
    """Of the parameters that are trained."""
    sharded: bool
    """Each rank has a part of the weights alone, and can't answer by itself."""

    @property
    def steps(self) -> int:
        """Optimiser steps done."""
        ...

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Add the loss's gradients, summed over the ranks; `last`: the next thing is `step`."""
        ...

    def step(self, lr: float) -> float:
        """One clipped step of AdamW. Returns the gradients' norm before the clipping."""
        ...

    def gathered(self, tensors: Sequence[Tensor]) -> AbstractContextManager[Any]:
        """Inside, these of the net's tensors are whole."""
        ...

    def frozen(self, model: Model) -> Model:
        """Another model, not trained, kept in the same way."""
        ...

    def read(self, name: str) -> dict[str, Tensor]:
        """The SLOT of a trained parameter, whole, in float32."""
        ...

    def write(self, name: str, slot: Mapping[str, Tensor]) -> None:
        """Take over what `read` returned."""
        ...

    def rewind(self, steps: int) -> None:
        """Go on as after that many steps."""
        ...


def adamw(weights: Sequence[Tensor], o: OptimizerConfig) -> torch.optim.AdamW:
    """The optimiser of both engines; each step brings its learning rate."""
    return torch.optim.AdamW(weights, lr=0.0, betas=o.betas, weight_decay=o.weight_decay, fused=True)


def fresh(weight: Tensor) -> dict[str, Tensor]:
    """AdamW's state before the first step. It is made beforehand, to be read and written like a later one."""
    step = torch.zeros((), device=weight.device)
    return {"step": step, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}


class PlainEngine:
    """One process, one device."""

    sharded = False

    def __init__(self, model: Model, config: OptimizerConfig) -> None:
        self.model, self._config = model, config
        self.master = Master(model.net)
        self.names: Sequence[str] = list(self.master.weights)
        self._optimizer = adamw(list(self.master.weights.values()), config)
        for weight in self.master.weights.values():
            self._optimizer.state[weight] = fresh(weight)

    @property
    def steps(self) -> int:
        return int(next(iter(self._optimizer.state.values()))["step"].item())

    def backward(self, loss: Tensor, *, last: bool) -> None:
        loss.backward()

    def step(self, lr: float) -> float:
        weights = self.master.weights.values()
        norm = torch.nn.utils.clip_grad_norm_(weights, self._config.max_grad_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.master.publish()
        return norm.item()

    def gathered(self, tensors: Sequence[Tensor]) -> AbstractContextManager[Any]:
        return nullcontext()

    def frozen(self, model: Model) -> Model:
        return model

    def read(self, name: str) -> dict[str, Tensor]:
        weight = self.master.weights[name]
        return {"weight": weight.detach(), **{k: self._optimizer.state[weight][k] for k in SLOT[1:]}}

    @torch.no_grad()
    def write(self, name: str, slot: Mapping[str, Tensor]) -> None:
        for part, value in self.read(name).items():
            value.copy_(slot[part])

    def rewind(self, steps: int) -> None:
        for state in self._optimizer.state.values():
            state["step"].fill_(steps)
        self.master.publish()
