"""The output head. It makes logits chunk by chunk: those of a whole micro-batch are never in memory."""

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
    """Everything that needs logits is computed here, from those of at most `chunk` tokens at a time.

    The weights are registered as this module's own, and the layer that has them is not called as a module:
    DeepSpeed gathers a module's weights when it is called, so it gathers these once and on all ranks
    together, however many chunks each rank has.
    """

    def __init__(self, net: Any, chunk: int = LOGIT_TOKENS) -> None:
        super().__init__()
        self._logits, self._chunk = partial(_logits, net), chunk
        for name, weight in net.get_output_embeddings().named_parameters():
            self.register_parameter(name.replace(".", "_"), weight)

    def forward(
        self, work: Callable[..., tuple[Tensor, ...]], states: Tensor, targets: Tensor, *args: Any
    ) -> tuple[Tensor, ...]:
        """What `work(logits_of, states, targets, *args)` returns for states [N, D] and targets [N]: each [N].
        Arguments that are tensors are [N], too.

        With more than one chunk, logits are computed again in the backward pass instead of being kept.
        """
        if states.requires_grad and states.device.type == "cpu":
            trim()  # memory is at its peak here: the layers' activations are held, and the logits come
        columns = [states, targets, *args]
        count = len(states.split(self._chunk))
        parts = list(
            zip(
                *(c.split(self._chunk) if isinstance(c, Tensor) else [c] * count for c in columns),
                strict=True,
            )
        )
        if len(parts) > 1:
            work = partial(checkpoint, work, use_reentrant=False, preserve_rng_state=False)
        found = [work(self._logits, *part) for part in parts]
        return tuple(torch.cat(values) for values in zip(*found, strict=True))


def _logits(net: Any, states: Tensor) -> Tensor:
    """Logits [N, V] of the body's last hidden states [N, D], as the model's own forward pass makes them.

    Architectures scale or cap their logits after the output layer (Granite, Cohere, Gemma 2). So their own
    code is run, with a stand-in for the model whose body returns these states.
    """
    return type(net).forward(_WithStates(net, states[None]), input_ids=None).logits[0]


class _WithStates:
    """The model, except that its body returns `states` [1, N, D] and its output layer is a plain function."""

    def __init__(self, net: Any, states: Tensor) -> None:
        self._net, self._states = net, states

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._net, name)
        if name == self._net.base_model_prefix:
            return _Called(part, lambda *args, **kwargs: _BodyOutput(self._states))
        return _Called(part, part.forward) if part is self._net.get_output_embeddings() else part


class _Called:
    """A part of the model that does something else when it is called."""

    def __init__(self, part: Any, call: Callable[..., Any]) -> None:
        self._part, self._call = part, call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)


class _BodyOutput:
    """What a body returns; everything but the states is None."""

    def __init__(self, states: Tensor) -> None:
        self.last_hidden_state = states

    def __getitem__(self, position: int) -> Tensor | None:
        return None if position else self.last_hidden_state

    def __getattr__(self, name: str) -> None:
        return None
