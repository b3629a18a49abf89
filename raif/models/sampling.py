"""One token for each row of a batch whose rows are sampled in different ways.

The order is vLLM's: penalties, temperature, then `min_p`, `top_k` and `top_p`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from raif.models.decode import pick


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a request wants its tokens drawn. The defaults are the model's own distribution."""

    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    """Only the likeliest tokens that together have this probability."""
    top_k: int = 0
    """Only that many of the likeliest tokens; 0: all."""
    min_p: float = 0.0
    """Only tokens at least this share as likely as the likeliest."""
    repetition_penalty: float = 1.0
    """Logits of tokens in prompt or response: positive ones are divided by this, negative ones multiplied."""
    presence_penalty: float = 0.0
    """Subtracted from the logits of tokens in the response."""
    frequency_penalty: float = 0.0
    """Subtracted from the logits of tokens in the response, once for each time."""

    @property
    def penalizes(self) -> bool:
        return (self.repetition_penalty, self.presence_penalty, self.frequency_penalty) != (1, 0, 0)

    @property
    def filters(self) -> bool:
        return self.temperature != 0 and (self.top_p < 1 or self.top_k > 0 or self.min_p > 0)


def chosen(
    logits: Tensor, ways: Sequence[Sampling], texts: Sequence[tuple[list[int], list[int]]], chances: Tensor
) -> list[int]:
    """A token for each row of [R, V] logits. `texts`: the tokens of its prompt and of its response so far.

    chances: [R], in [0, 1). Without filters and penalties, the tokens are those of `raif.models.decode`.
    """
    found = [0] * len(ways)
    for way in dict.fromkeys(ways):  # rows that want the same are drawn together
        rows = [row for row, other in enumerate(ways) if other == way]
        some = logits[torch.tensor(rows, device=logits.device)]
        some = shaped(way, some, [texts[row] for row in rows])
        tokens, _ = pick(some, way.temperature, chances[torch.tensor(rows)])
        for row, token in zip(rows, tokens.tolist(), strict=True):
            found[row] = token
    return found


def shaped(way: Sampling, logits: Tensor, texts: Sequence[tuple[list[int], list[int]]]) -> Tensor:
    """[R, V] logits after the penalties and the filters, before the temperature."""
    logits = logits.float()
    if way.penalizes:
        logits = torch.stack([penalized(one, way, *text) for one, text in zip(logits, texts, strict=True)])
    return filtered(logits, way) if way.filters else logits


def filtered(logits: Tensor, way: Sampling) -> Tensor:
    """[R, V] logits, minus infinity for the tokens that may not be drawn. The likeliest always may."""
    shares, order = (logits / way.temperature).softmax(-1).sort(dim=-1, descending=True, stable=True)
    kept = shares >= way.min_p * shares[:, :1]
    if way.top_k:
        kept[:, way.top_k :] = False
    if way.top_p < 1:
        left = shares.where(kept, 0.0)
        left /= left.sum(-1, keepdim=True)
        kept &= left.cumsum(-1) - left < way.top_p  # what comes before a token has less than top_p
    return logits.masked_fill(~torch.zeros_like(kept).scatter(-1, order, kept), float("-inf"))


def penalized(logits: Tensor, way: Sampling, prompt: list[int], response: list[int]) -> Tensor:
    """[V] logits after the penalties for tokens that occur in the prompt or the response."""
    logits = logits.clone()
    occurring = torch.tensor(sorted({*prompt, *response}), dtype=torch.long, device=logits.device)
    at = logits[occurring]
    logits[occurring] = torch.where(at > 0, at / way.repetition_penalty, at * way.repetition_penalty)
    for token, times in Counter(response).items():
        logits[token] -= way.presence_penalty + way.frequency_penalty * times
    return logits
