"""The output head. It makes logits chunk by chunk: those of a whole micro-batch are never in memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from raif.config.train import LOGIT_TOKENS

LogitsOf = Callable[[Tensor], Tensor]
"""Hidden states [N, D] to logits [N, V]."""

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


class Head(nn.Module):
    """Everything that needs logits is computed here, from those of at most `chunk` tokens at a time.

    The weights are registered as this module's own, and the layer that has them is not called as a module:
    DeepSpeed gathers a module's weights when it is called, so it gathers these once and on all ranks
    together, however many chunks each rank has.
    """

    def __init__(self, layer: nn.Module, chunk: int = LOGIT_TOKENS) -> None:
        super().__init__()
        self._logits, self._chunk = layer.forward, chunk
        for name, weight in layer.named_parameters():
            self.register_parameter(name.replace(".", "_"), weight)

    def forward(
        self, work: Callable[..., tuple[Tensor, ...]], states: Tensor, targets: Tensor, *args: Any
    ) -> tuple[Tensor, ...]:
        """What `work(logits_of, states, targets, *args)` returns for states [N, D] and targets [N]: each [N].

        With more than one chunk, logits are computed again in the backward pass instead of being kept.
        """
        if states.requires_grad and states.device.type == "cpu":
            trim()  # memory is at its peak here: the layers' activations are held, and the logits come
        parts = list(zip(states.split(self._chunk), targets.split(self._chunk), strict=True))
        if len(parts) > 1:
            work = partial(checkpoint, work, use_reentrant=False, preserve_rng_state=False)
        found = [work(self._logits, *part, *args) for part in parts]
        return tuple(torch.cat(values) for values in zip(*found, strict=True))


def trim() -> None:
    """Return the heap's free pages to the system. Does nothing if the C library is not glibc.

    glibc keeps the holes between live tensors. Tensors are aligned, so a new one rarely fits into the hole
    that another of its size left: without this the process grows while much of its heap is free.
    """
    if _malloc_trim:
        _malloc_trim(0)
