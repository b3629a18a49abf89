"""Prompts that are read once for all responses of an optimizer step, also in the backward pass.

Responses of a group have the same prompt, which without this is computed once for each. Micro-batches see its
keys and values as constants that collect gradients; `backward` hands these on to the weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from raif.models.attention import contents, growing_cache
from raif.models.decode import pad_left
from raif.models.load import Model

Prompt = tuple[int, ...]


class SharedPrompts:
    """The keys and values of some prompts, [P, G, L, D] for each layer, and the last state of each, [P, D].

    Only for models all of whose layers attend to everything (`raif.models.attention.keeps_all`).
    """

    def __init__(self, model: Model, prompts: Iterable[Prompt]) -> None:
        self._model = model
        self._rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(prompts))}
        ids, self._mask = pad_left(list(map(list, self._rows)), model.pad_id, model.device)
        cache = growing_cache(model.net.config)
        last = self._read(ids, self._mask, cache)[:, -1]
        self._computed = [last, *contents(cache)]
        self._seen = [each.detach().requires_grad_(each.requires_grad) for each in self._computed]

    def states(self, prompts: Iterable[Prompt], ids: Tensor) -> Tensor:
        """The hidden states that predict the tokens of B responses, [B, T, D]. ids: these, [B, T], padded on
        the right; `prompts`: that of each.
        """
        rows = torch.tensor([self._rows[prompt] for prompt in prompts], device=ids.device)
        last, *known = (each[rows] for each in self._seen)
        if ids.shape[1] == 1:
            return last[:, None]
        said = ids[:, :-1]
        mask = torch.cat([self._mask[rows], torch.ones_like(said)], 1)
        states = self._read(said, mask, growing_cache(self._model.net.config, known))
        return torch.cat([last[:, None], states], 1)

    def backward(self) -> None:
        """Add the gradients of all that was computed from the prompts. Comes once, after all other passes."""
        pairs = [(own, seen.grad) for own, seen in zip(self._computed, self._seen, strict=True)]
        reached = [(own, grad) for own, grad in pairs if grad is not None]
        torch.autograd.backward([own for own, _ in reached], [grad for _, grad in reached])

    def _read(self, ids: Tensor, mask: Tensor, cache: Any) -> Tensor:
        """The hidden states of the newest tokens. mask: [B, L], of all tokens up to now."""
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        out = self._model.net.base_model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        states: Tensor = out.last_hidden_state
        return states
