"""Optimizers: what turns losses into new weights. Plain PyTorch here, DeepSpeed in `raif.train.optim.zero`.

Weights are trained in float32. If the net computes in less, it holds rounded copies of them, so that small
updates are not lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from raif.config.train import OptimizerConfig
from raif.models.load import Model

STATE = ("weight", "exp_avg", "exp_avg_sq")
"""All that training knows of a parameter: the float32 weight and AdamW's two moments."""


class Optimizer(Protocol):
    """A model in training. All methods are collectives: every rank has to call them."""

    model: Model
    names: Sequence[str]
    """The parameters that are trained."""
    sharded: bool
    """Each rank has only a part of the weights, and can't run the model alone."""

    @property
    def steps(self) -> int:
        """How many optimizer steps were taken."""
        ...

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Add the loss's gradients, summed over the ranks. `last`: `step` comes next."""
        ...

    def step(self, lr: float) -> float:
        """One step of AdamW with clipped gradients. Returns their norm before clipping.

        If the norm is not finite, the gradients are dropped, and nothing changes.
        """
        ...

    def gathered(self, tensors: Sequence[Tensor]) -> AbstractContextManager[Any]:
        """Inside the context, these tensors of the net are whole."""
        ...

    def frozen(self, model: Model) -> Model:
        """Another model that is not trained, held in the same way."""
        ...

    def read(self, name: str) -> dict[str, Tensor]:
        """The STATE of a trained parameter, whole, in float32."""
        ...

    def write(self, name: str, state: Mapping[str, Tensor]) -> None:
        """Restore what `read` returned."""
        ...

    def rewind(self, steps: int) -> None:
        """Continue as after that many steps."""
        ...


def adamw(weights: Sequence[Tensor], o: OptimizerConfig) -> torch.optim.AdamW:
    """The update rule of all optimizers. Each step sets its own learning rate."""
    return torch.optim.AdamW(weights, lr=0.0, betas=o.betas, weight_decay=o.weight_decay, fused=True)


def fresh(weight: Tensor) -> dict[str, Tensor]:
    """AdamW's state before the first step, made early: it can be read and written like a later one."""
    step = torch.zeros((), device=weight.device)
    return {"step": step, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}


class PlainOptimizer:
    """One process, one device."""

    sharded = False

    def __init__(self, model: Model, config: OptimizerConfig) -> None:
        self.model, self._config = model, config
        self.master = MasterWeights(model.net)
        self.names: Sequence[str] = list(self.master.weights)
        self._adamw = adamw(list(self.master.weights.values()), config)
        for weight in self.master.weights.values():
            self._adamw.state[weight] = fresh(weight)

    @property
    def steps(self) -> int:
        return int(next(iter(self._adamw.state.values()))["step"].item())

    def backward(self, loss: Tensor, *, last: bool) -> None:
        loss.backward()

    def step(self, lr: float) -> float:
        weights = self.master.weights.values()
        norm = torch.nn.utils.clip_grad_norm_(weights, self._config.max_grad_norm).item()
        if math.isfinite(norm):
            for group in self._adamw.param_groups:
                group["lr"] = lr
            self._adamw.step()
            self.master.publish()
        self._adamw.zero_grad(set_to_none=True)
        return norm

    def gathered(self, tensors: Sequence[Tensor]) -> AbstractContextManager[Any]:
        return nullcontext()

    def frozen(self, model: Model) -> Model:
        return model

    def read(self, name: str) -> dict[str, Tensor]:
        weight = self.master.weights[name]
        return {"weight": weight.detach(), **{k: self._adamw.state[weight][k] for k in STATE[1:]}}

    @torch.no_grad()
    def write(self, name: str, state: Mapping[str, Tensor]) -> None:
        for part, value in self.read(name).items():
            value.copy_(state[part])

    def rewind(self, steps: int) -> None:
        for state in self._adamw.state.values():
            state["step"].fill_(steps)
        self.master.publish()


class MasterWeights:
    """The float32 weights that AdamW updates, one for each trained parameter of the net, by name.

    If all of these parameters are float32, they are the master weights, and nothing is copied.
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
    """Add a gradient to the master weight's in float32 as soon as it exists, and free it: the net's gradients
    are never all in memory at once.
    """
    assert p.grad is not None
    weight.grad = p.grad.float() if weight.grad is None else weight.grad.add_(p.grad)
    p.grad = None
