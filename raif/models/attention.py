"""Attention and a key-value cache for small batches of short sequences, where copies cost more than products.

The queries of a group are multiplied by their shared keys as one matrix, so keys and values are not repeated
for each query head (transformers' own implementations repeat them if there is a mask). The cache has room for
the tokens to come, so it is not copied for each of them. What an architecture adds to attention (a cap on
scores in Gemma 2, sinks in gpt-oss) is computed by its own code.

Only this module knows transformers' cache layers, masks and attention functions (`DynamicLayer`,
`eager_mask`, `eager_attention_forward`), which transformers may change in any version; 5.19 was seen. If it
does, tests/models/test_attention.py or test_families.py fails first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, DynamicLayer
from transformers.masking_utils import eager_mask

GROUPED, TRACED = "grouped", "traced"
SCORES = 1 << 24
"""As many are computed at once where nothing is learned: those of many long prompts would fill the memory."""
_KNOWN = {"dropout", "sliding_window", "is_causal", "position_ids", "use_cache", "output_router_logits"}
"""Arguments that change nothing here: a window is in the mask, and dropout is off (`raif.models.load`)."""


def grouped_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float,
    **further: Any,
) -> tuple[Tensor, Any]:
    """query: [B, H, Q, D]; key: [B, G, L, D], with H a multiple of G; value: [B, G, L, E]; mask, which is
    added: [B or 1, 1, Q, L].

    Returns [B, Q, H, E], as transformers' AttentionInterface expects.
    """
    if _additions(further):
        return _own(module)(module, query, key, value, attention_mask, scaling=scaling, **further)
    rows, heads, length, _ = query.shape
    few = rows if torch.is_grad_enabled() else max(1, SCORES // (heads * length * key.shape[2]))
    mask = attention_mask.expand(rows, -1, -1, -1)
    pieces = zip(query.split(few), key.split(few), value.split(few), mask.split(few), strict=True)
    mixed = [_attend(*piece, scaling) for piece in pieces]
    return mixed[0] if len(mixed) == 1 else torch.cat(mixed), None


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scaling: float) -> Tensor:
    """Shapes as those of `grouped_attention`."""
    rows, heads, length, width = query.shape
    groups, keys = key.shape[1], key.shape[2]
    scores = query.reshape(rows, groups, -1, width) @ key.transpose(2, 3) * scaling
    scores = scores.view(rows, heads, length, keys) + mask
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    mixed = weights.view(rows, groups, -1, keys) @ value
    return mixed.view(rows, heads, length, -1).transpose(1, 2).contiguous()


def _additions(further: dict[str, Any]) -> set[str]:
    """What the architecture adds to attention, by the names of its arguments."""
    return {name for name, value in further.items() if value is not None and name not in _KNOWN}


def _own(module: Any) -> Any:
    """The attention that the architecture's authors wrote."""
    return sys.modules[type(module).__module__].eager_attention_forward


@contextmanager
def own_attention(net: Any) -> Iterator[None]:
    """Inside, attention is computed as the architecture's authors wrote it."""
    ours = net.config._attn_implementation
    net.set_attn_implementation("eager")
    try:
        yield
    finally:
        net.set_attn_implementation(ours)


def suitable(net: Any, *, on_gpu: bool) -> str:
    """The fastest of the implementations that compute what the architecture asks for.

    On a CPU that is `grouped`. On a GPU it is `sdpa`, unless it would leave out what the architecture adds.
    """
    if not on_gpu:
        return GROUPED
    return "sdpa" if type(net)._supports_sdpa and not _additions_of(net) else "eager"


def _additions_of(net: Any) -> set[str]:
    """What the layers add to attention, as a forward pass of one token shows."""
    found: set[str] = set()

    def traced(module: Any, *args: Any, scaling: float, **further: Any) -> Any:
        found.update(_additions(further))
        return _own(module)(module, *args, scaling=scaling, **further)

    AttentionInterface.register(TRACED, traced)
    net.set_attn_implementation(TRACED)
    with torch.inference_mode():
        net(input_ids=torch.zeros(1, 1, dtype=torch.long, device=net.device), use_cache=False)
    return found


AttentionInterface.register(GROUPED, grouped_attention)
for _name in (GROUPED, TRACED):
    AttentionMaskInterface.register(_name, eager_mask)


class RoomyLayer(DynamicLayer):
    """Keys and values, [B, G, L, D], as the filled part of buffers with room for `room` more tokens.

    Full buffers are replaced by ones of twice the size.
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        start = self.get_seq_length()
        end = start + key_states.shape[2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._buffers = [
                states.new_empty(*states.shape[:2], states.shape[2] + self._room, states.shape[3])
                for states in (key_states, value_states)
            ]
        if end > self._buffers[0].shape[2]:
            self._buffers = [torch.cat([buffer, torch.empty_like(buffer)], 2) for buffer in self._buffers]
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = states
        return self._show(end)

    def reorder_cache(self, beam_idx: Tensor) -> None:
        if self.is_initialized:
            length = self.get_seq_length()
            self._buffers = [buffer[beam_idx] for buffer in self._buffers]
            self._show(length)

    def _show(self, length: int) -> tuple[Tensor, Tensor]:
        self.keys, self.values = (buffer[:, :, :length] for buffer in self._buffers)
        return self.keys, self.values


def roomy_cache(config: Any, room: int) -> Any:
    """A cache for `room` tokens after the prompt. Only layers of full attention get the room.

    Its rows are chosen by `reorder_cache`, which all layers have, those of linear attention too.
    """
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer(room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def keeps_all(net: Any) -> bool:
    """Whether every layer attends to all tokens before: then keys and values are all that is left of them."""
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=net.config).layers)


def growing_cache(config: Any, states: Sequence[Tensor] = ()) -> Any:
    """A cache that begins with these keys and values, two tensors for each layer; gradients pass."""
    cache: Any = DynamicCache(config=config)
    for layer, keys, values in zip(cache.layers, states[::2], states[1::2], strict=False):
        layer.update(keys, values)
    return cache


def contents(cache: Any) -> list[Tensor]:
    """The keys and values of each layer."""
    return [states for layer in cache.layers for states in (layer.keys, layer.values)]
