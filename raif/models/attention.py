"""Attention and a key-value cache for small batches of short sequences, where copies cost more than products.

The queries of a group are multiplied by their shared keys as one matrix, so keys and values are not repeated
for each query head (transformers' own implementations repeat them if there is a mask). The cache has room for
the tokens to come, so it is not copied for each of them.

Only this module knows transformers' cache layers and masks (`DynamicLayer`, `eager_mask`), which transformers
may change in any version; 5.19 was seen. tests/models/test_attention.py fails first if it does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, DynamicLayer
from transformers.masking_utils import eager_mask

GROUPED = "grouped"


def grouped_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """query: [B, H, Q, D]; key, value: [B, G, L, D] with H a multiple of G; mask: [B or 1, 1, Q, L], added.

    Returns [B, Q, H, D], as transformers' AttentionInterface expects.
    """
    rows, heads, length, width = query.shape
    groups, keys = key.shape[1], key.shape[2]
    scores = query.reshape(rows, groups, -1, width) @ key.transpose(2, 3) * scaling
    scores = scores.view(rows, heads, length, keys) + attention_mask
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    mixed = weights.view(rows, groups, -1, keys) @ value
    return mixed.view(rows, heads, length, width).transpose(1, 2).contiguous(), None


AttentionInterface.register(GROUPED, grouped_attention)
AttentionMaskInterface.register(GROUPED, eager_mask)


class RoomyLayer(DynamicLayer):
    """Keys and values, [B, G, L, D], as the filled part of buffers with room for `room` more tokens."""

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
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start:end] = states
        return self._show(end)

    def batch_select_indices(self, indices: Tensor) -> None:
        length = self.get_seq_length()
        self._buffers = [buffer[indices] for buffer in self._buffers]
        self._show(length)

    def _show(self, length: int) -> tuple[Tensor, Tensor]:
        self.keys, self.values = (buffer[:, :, :length] for buffer in self._buffers)
        return self.keys, self.values


def roomy_cache(config: Any, room: int) -> DynamicCache:
    """A cache for `room` tokens after the prompt. Only layers of full attention get the room."""
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer(room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
