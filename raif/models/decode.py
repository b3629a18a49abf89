"""Batched sampling from a transformers model, with the log-probability of every sampled token.

Why not `generate`: each prompt is read once for all its responses, finished responses leave the batch, and
a token costs one uniform random number instead of one exponential for each word of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from raif.models.attention import roomy_cache
from raif.models.heap import trim
from raif.models.load import Model

Shape = Callable[[Tensor, Sequence[tuple[list[int], list[int]]]], Tensor]
"""[R, V] logits, and each row's prompt and response so far, to other logits."""
COMPACT_AT = 0.25
"""Share of finished rows from which the batch is copied without them."""
TRIM_EVERY = 32
"""Tokens. Without it the heap grew with them: 192 rows of 384 tokens held 12 GB and more, with it about 5."""


@dataclass
class Completion:
    """One sampled response: `ids` (with the end token, if it was sampled) and as many `logps`."""

    ids: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)
    truncated: bool = True


@torch.inference_mode()
def decode(
    model: Model,
    prompts: Sequence[list[int]],
    counts: Sequence[int],
    *,
    max_new_tokens: int | Sequence[int],
    temperature: float | Sequence[float],
    seeds: Sequence[int] | None = None,
    shape: Shape | None = None,
    ended: Callable[[int], None] = lambda count: None,
) -> list[list[Completion]]:
    """Sample `counts` completions of the prompts in one batch. Temperature 0 is greedy; several, all above 0,
    are for the completions of each prompt in turn.

    `max_new_tokens`: the limit of all completions, or one for those of each prompt. Each prompt's completions
    depend on its own seed and limit alone, whatever else is in the batch. `shape` changes the logits before a
    token is drawn from them; the log-probabilities are then those of what it makes of them. `ended` is told
    after each token how many completions have ended.
    """
    allowed = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else max_new_tokens
    limits, most = [limit for n, limit in zip(counts, allowed, strict=True) for _ in range(n)], max(allowed)
    completions = [[Completion() for _ in range(n)] for n in counts]
    flat = [completion for each in completions for completion in each]
    read = [prompt for n, prompt in zip(counts, prompts, strict=True) for _ in range(n)]
    batch = Batch.prefill(model, prompts, counts, room=most)
    random = torch.Generator()
    chances = torch.cat(  # in [0, 1), one for each token of each completion: [R, most], on the CPU
        [
            pad(torch.rand(n, limit, generator=random.manual_seed(seed)), (0, most - limit))
            for n, limit, seed in zip(counts, allowed, seeds or [0] * len(prompts), strict=True)
        ]
    )
    heats = temperature if isinstance(temperature, int | float) else _in_turn(temperature, counts)
    for position in range(most):
        if position % TRIM_EVERY == 0:
            trim()
        heat = heats[batch.owners] if isinstance(heats, Tensor) else heats
        logits = batch.logits
        if shape:
            logits = shape(logits, [(read[row], flat[row].ids) for row in batch.owners.tolist()])
        tokens, logps = pick(logits, heat, chances[batch.owners, position])
        _record(flat, batch, tokens, logps, model.end_ids, limits)
        going = int((~batch.ended).sum())
        ended(len(flat) - going)
        if not going:
            break
        batch = batch.step(tokens)
    return completions


def _in_turn(temperatures: Sequence[float], counts: Sequence[int]) -> Tensor:
    """The temperature of each completion, [R]."""
    return torch.tensor([temperatures[n % len(temperatures)] for count in counts for n in range(count)])


def pick(logits: Tensor, temperature: float | Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """A token for each row of [R, V] logits, by inverting the distribution at `chances`; its log-probability.

    chances and both results: [R]. temperature: one, or each row's, [R].
    """
    if isinstance(temperature, Tensor):
        scaled = logits.float() / temperature.to(logits.device)[:, None]
    else:
        scaled = logits.float() if temperature in (0, 1) else logits.float() / temperature
    total = scaled.logsumexp(-1, keepdim=True)
    if not isinstance(temperature, Tensor) and temperature == 0:
        tokens = scaled.argmax(-1)
    else:
        cumulative = (scaled - total).exp_().cumsum_(-1)
        whole = cumulative[:, -1:]
        # Rounding must not carry a chance near 1 past the last token that has any probability.
        most = whole.nextafter(torch.zeros_like(whole))
        places = (chances.to(scaled.device)[:, None] * whole).minimum(most)
        tokens = torch.searchsorted(cumulative, places, right=True).squeeze(1)
    tokens = tokens.clamp(max=scaled.shape[-1] - 1)
    return tokens, (scaled.gather(1, tokens[:, None]) - total).squeeze(1)


def _record(
    completions: list[Completion],
    batch: Batch,
    tokens: Tensor,
    logps: Tensor,
    end_ids: frozenset[int],
    limits: Sequence[int],
) -> None:
    """Add a token to each completion that has not ended. `limits`: of all completions, in their order."""
    for row, (owner, token, logp) in enumerate(
        zip(batch.owners.tolist(), tokens.tolist(), logps.tolist(), strict=True)
    ):
        if batch.ended[row]:
            continue
        completions[owner].ids.append(token)
        completions[owner].logps.append(logp)
        if token in end_ids:
            completions[owner].truncated = False
        batch.ended[row] = token in end_ids or len(completions[owner].ids) == limits[owner]


@dataclass
class Batch:
    """The rows being sampled. mask: [R, L]; logits of the next token: [R, V]; owners, ended: [R]."""

    model: Model
    cache: Any
    mask: Tensor
    logits: Tensor
    owners: Tensor
    ended: Tensor

    @classmethod
    def prefill(cls, model: Model, prompts: Sequence[list[int]], counts: Sequence[int], room: int) -> Batch:
        ids, mask = pad_left(prompts, model.pad_id, model.device)
        cache = roomy_cache(model.net.config, room)
        logits = _forward(model, ids, mask, (mask.cumsum(1) - 1).clamp(min=0), cache)
        of = torch.arange(len(prompts)).repeat_interleave(torch.tensor(counts)).to(model.device)
        cache.reorder_cache(of)
        ended = torch.zeros(len(of), dtype=torch.bool)
        return cls(model, cache, mask[of], logits[of], torch.arange(len(of)), ended)

    def step(self, tokens: Tensor) -> Batch:
        """Read one more token for each row. Drops finished rows once there are enough of them."""
        if self.ended.float().mean() >= COMPACT_AT:
            live = (~self.ended).nonzero().squeeze(1)
            self.cache.reorder_cache(live.to(self.mask.device))
            tokens, self.mask = tokens[live], self.mask[live]
            self.owners, self.ended = self.owners[live], self.ended[live]
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], 1)
        positions = self.mask.sum(1, keepdim=True) - 1
        self.logits = _forward(self.model, tokens[:, None], self.mask, positions, self.cache)
        return self


def _forward(model: Model, ids: Tensor, mask: Tensor, positions: Tensor, cache: Any) -> Tensor:
    out = model.net(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return out.logits[:, -1]


def pad_left(prompts: Sequence[list[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Prompts of several lengths as two tensors [R, L]: ids and mask, padded on the left."""
    length = max(map(len, prompts))
    ids = [[pad] * (length - len(p)) + p for p in prompts]
    mask = [[0] * (length - len(p)) + [1] * len(p) for p in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
