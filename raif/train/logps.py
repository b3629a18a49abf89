"""Responses as padded tensors, and their log-probabilities, from the logits of one chunk after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from raif.models.attention import own_attention
from raif.models.head import LogitsOf
from raif.models.load import Model
from raif.train.prompts import Prompt, SharedPrompts
from raif.train.ranks import ALONE, Ranks

Temperature = float | Literal["each"]
"""At which log-probabilities are taken: one for all responses, or each at its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One response to learn from. Advantage, keep, old_logps and gap mean nothing for a cloned one.

    old_logps: the sampler's. gap: by how much the policy's own exceeded them before it learned anything from
    the rollout, if the loss's ratio is to those (`TrainConfig.recomputes`).
    """

    prompt_ids: list[int]
    ids: list[int]
    old_logps: list[float]
    advantage: float = 0.0
    keep: bool = False
    gap: tuple[float, ...] = ()
    temperature: float = 1.0
    """At which it was sampled; a cloned one counts as it is."""

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.ids)

    @property
    def prompt(self) -> Prompt:
        """What tells its prompt from others."""
        return tuple(self.prompt_ids)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """B responses of at most T tokens, in sequences of at most L.

    ids: [B, L], prompt + response, padded on the right. lengths: [B], without the padding. For the tokens of
    the responses, all [B, T]: targets, mask (1.0 on real ones), sources (the position in L that predicts
    each), old_logps, gap. advantage, keep, temperature: [B]. prompts: that of each response.
    """

    ids: Tensor
    lengths: Tensor
    targets: Tensor
    sources: Tensor
    mask: Tensor
    old_logps: Tensor
    gap: Tensor
    advantage: Tensor
    keep: Tensor
    temperature: Tensor
    prompts: tuple[Prompt, ...]


def collate(samples: Sequence[Sample], *, pad: int, device: torch.device) -> MicroBatch:
    length = max(map(len, samples))
    width = max(len(s.ids) for s in samples)

    def rows(values: list[list[float]] | list[list[int]], to: int, fill: float, dtype: torch.dtype) -> Tensor:
        return torch.tensor([[*v, *[fill] * (to - len(v))] for v in values], dtype=dtype, device=device)

    return MicroBatch(
        ids=rows([s.prompt_ids + s.ids for s in samples], length, pad, torch.long),
        lengths=torch.tensor([len(s) for s in samples], device=device),
        targets=rows([s.ids for s in samples], width, pad, torch.long),
        # a token is predicted at the position before its own
        sources=rows([list(range(len(s.prompt_ids) - 1, len(s) - 1)) for s in samples], width, 0, torch.long),
        mask=rows([[1.0] * len(s.ids) for s in samples], width, 0, torch.float),
        old_logps=rows([s.old_logps for s in samples], width, 0, torch.float),
        gap=rows([list(s.gap) for s in samples], width, 0, torch.float),
        advantage=torch.tensor([s.advantage for s in samples], device=device),
        keep=torch.tensor([s.keep for s in samples], dtype=torch.float, device=device),
        temperature=torch.tensor([s.temperature for s in samples], device=device),
        prompts=tuple(s.prompt for s in samples),
    )


def bucketed(
    samples: Sequence[Sample], size: int, tokens: int | None = None, *, length: Callable[[Sample], int] = len
) -> list[list[int]]:
    """Positions in micro-batches of `size`, the longest sequences together, so that little is padding.

    `tokens`: the most that a micro-batch can have, padding included; a longer sequence gets one of its own.
    `length`: of a sample, in tokens.
    """
    left = sorted(range(len(samples)), key=lambda i: -length(samples[i]))
    batches = []
    while left:
        rows = min(size, max(1, tokens // length(samples[left[0]]))) if tokens else size
        batches.append(left[:rows])
        left = left[rows:]
    return batches


def packed(samples: Sequence[Sample], tokens: int) -> list[list[int]]:
    """Positions in micro-batches of at most `tokens` tokens, or one longer sample. The longest come first."""
    packs: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(samples)), key=lambda i: -len(samples[i])):
        found = next((p for p, left in enumerate(room) if len(samples[i]) <= left), len(packs))
        if found == len(packs):
            packs.append([])
            room.append(tokens)
        packs[found].append(i)
        room[found] -= len(samples[i])
    return packs


def token_logps(
    model: Model,
    batch: MicroBatch,
    temperature: Temperature = 1.0,
    *,
    packed: bool = False,
    prompts: SharedPrompts | None = None,
) -> Tensor:
    """The log-probability of each response token, [B, T], 0 on padding.

    `packed`: the model reads the sequences one after another in a single row, without any padding.
    `prompts`: what is known of the prompts already.
    """
    states, targets = _response_states(model, batch, packed=packed, prompts=prompts)
    (logps,) = model.head(_of_chunk, states, targets, _by_token(temperature, batch))
    return _spread(logps, batch.mask)


def token_logps_and_entropy(
    model: Model,
    batch: MicroBatch,
    temperature: Temperature = 1.0,
    *,
    bonus: bool = False,
    prompts: SharedPrompts | None = None,
) -> tuple[Tensor, Tensor]:
    """Also the entropy of each token's distribution (nats; with a gradient only for a bonus), both [B, T]."""
    states, targets = _response_states(model, batch, packed=False, prompts=prompts)
    work = partial(_of_chunk, entropy=True, bonus=bonus)
    logps, entropy = model.head(work, states, targets, _by_token(temperature, batch))
    return _spread(logps, batch.mask), _spread(entropy, batch.mask)


def plain_logps(model: Model, sample: Sample) -> Tensor:
    """The same for one sample, [T], by a forward pass of the model alone, with its own attention."""
    ids = torch.tensor([sample.prompt_ids + sample.ids], device=model.device)
    with own_attention(model.net):
        out = model.net(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
        logits = out.logits[0, len(sample.prompt_ids) - 1 : -1]
    return logits.float().log_softmax(-1).gather(1, ids[0, len(sample.prompt_ids) :, None]).squeeze(1)


def _of_chunk(
    logits_of: LogitsOf,
    states: Tensor,
    targets: Tensor,
    temperature: float | Tensor,
    *,
    entropy: bool = False,
    bonus: bool = False,
) -> tuple[Tensor, ...]:
    """The log-probabilities of N targets, [N], and with `entropy` the entropies, [N].

    temperature: one, or one for each target.
    """
    logits = logits_of(states)
    if isinstance(temperature, Tensor):
        scaled = logits.float() / temperature[:, None]
    else:
        scaled = logits if temperature == 1 else logits.float() / temperature
    all_logps = torch.log_softmax(scaled, -1, dtype=torch.float32)  # [N, V]
    logps = -F.nll_loss(all_logps, targets, reduction="none")
    if not entropy:
        return (logps,)
    with torch.set_grad_enabled(bonus and torch.is_grad_enabled()):
        return logps, -torch.linalg.vecdot(all_logps.exp(), all_logps)


def _response_states(
    model: Model, batch: MicroBatch, *, packed: bool, prompts: SharedPrompts | None
) -> tuple[Tensor, Tensor]:
    """The hidden states [N, D] that predict the N response tokens of a micro-batch, and these tokens [N].

    Padded rows need no attention mask: padding is on the right, where causal attention never looks, and its
    states are not used. In a packed row positions start again with each sequence: transformers takes that for
    the border that attention doesn't cross.
    """
    responses = batch.mask.bool()
    if prompts:
        return prompts.states(batch.prompts, batch.targets)[responses], batch.targets[responses]
    rows, length = batch.ids.shape
    if packed:
        places = torch.arange(length, device=batch.ids.device).expand_as(batch.ids)
        real = places < batch.lengths[:, None]
        inputs = {"input_ids": batch.ids[real][None], "position_ids": places[real][None]}
        starts = batch.lengths.cumsum(0) - batch.lengths
    else:
        inputs = {"input_ids": batch.ids}
        starts = torch.arange(rows, device=batch.ids.device) * length
    states = model.net.base_model(**inputs, use_cache=False).last_hidden_state.flatten(0, 1)
    return states[(starts[:, None] + batch.sources)[responses]], batch.targets[responses]


def _by_token(temperature: Temperature, batch: MicroBatch) -> float | Tensor:
    """One number, or each response token's, [N]."""
    if isinstance(temperature, str):
        return batch.temperature[:, None].expand_as(batch.mask)[batch.mask.bool()]
    return temperature


def _spread(values: Tensor, mask: Tensor) -> Tensor:
    """[N] values of the real tokens -> [B, T], 0 on padding; gradients pass."""
    return torch.zeros_like(mask).masked_scatter(mask.bool(), values)


@torch.no_grad()
def score(
    model: Model,
    samples: Sequence[Sample],
    *,
    size: int,
    tokens: int | None = None,
    temperature: Temperature = 1.0,
    ranks: Ranks = ALONE,
) -> list[list[float]]:
    """The log-probability of each token of each response, in order, without gradients.

    `size`, `tokens`: see `bucketed`.
    """
    found: dict[int, list[float]] = {}
    for positions, _ in ranks.deal(bucketed(samples, size, tokens)):
        chosen = [samples[i] for i in positions]
        batch = collate(chosen, pad=model.pad_id, device=model.device)
        logps = model.call(token_logps, batch, temperature)
        found |= {i: logps[row, : len(samples[i].ids)].tolist() for row, i in enumerate(positions)}
    scores = {i: logps for share in ranks.gather(found) for i, logps in share.items()}
    return [scores[i] for i in range(len(samples))]
