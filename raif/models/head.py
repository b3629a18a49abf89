"""The output head, which makes the logits of a chunk of tokens after another, never of a micro-batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from raif.config.train import LOGIT_TOKENS
from raif.models.heap import trim

LogitsOf = Callable[[Tensor], Tensor]
"""Hidden states [N, D] to logits [N, V]."""


class Head(nn.Module):
    """What computes with logits does so here, and gets those of at most `chunk` tokens at once.

    The weights are registered as its own, and the layer that has them is not called as a module: DeepSpeed
    gathers the weights of a module when it is called, and so gathers these once, and on all ranks together,
    however many chunks each has.
    """

    def __init__(self, layer: nn.Module, chunk: int = LOGIT_TOKENS) -> None:
        super().__init__()
        self._logits, self._chunk = layer.forward, chunk
        for name, weight in layer.named_parameters():
            self.register_parameter(name.replace(".", "_"), weight)

    def forward(
        self, work: Callable[..., tuple[Tensor, ...]], states: Tensor, targets: Tensor, *args: Any
    ) -> tuple[Tensor, ...]:
        """What `work(logits_of, states, targets, *args)` makes of states [N, D] and targets [N], each [N].

        Logits of more than one chunk are computed again in the backward pass, and never held together.
        """
        if states.requires_grad and states.device.type == "cpu":
            trim()  # here memory is at its highest: the layers' activations are held, and logits come
        parts = list(zip(states.split(self._chunk), targets.split(self._chunk), strict=True))
        if len(parts) > 1:
            work = partial(checkpoint, work, use_reentrant=False, preserve_rng_state=False)
        found = [work(self._logits, *part, *args) for part in parts]
        return tuple(torch.cat(values) for values in zip(*found, strict=True))
