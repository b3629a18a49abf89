"""Log-probabilities of responses under a model, never holding the logits of more than a chunk of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from raif.models.head import LogitsOf
from raif.models.load import Model
from raif.train.batch import MicroBatch, Sample, bucketed, collate
from raif.train.ranks import ALONE, Ranks


def token_logps(model: Model, batch: MicroBatch, temperature: float = 1.0, *, packed: bool = False) -> Tensor:
    """Log-probability of each response token, [B, T], 0 on padding.

    `packed`: the model reads the sequences one after another in a single row, without any padding.
    """
    states, targets = _response_states(model, batch, packed=packed)
    (logps,) = model.head(_logps, states, targets, temperature)
    return _spread(logps, batch.mask)


def token_logps_and_entropy(
    model: Model, batch: MicroBatch, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """The same, and the entropy of each token's distribution (nats, without gradient), both [B, T]."""
    states, targets = _response_states(model, batch, packed=False)
    logps, entropy = model.head(_logps_and_entropy, states, targets, temperature)
    return _spread(logps, batch.mask), _spread(entropy, batch.mask)


def _all_logps(logits_of: LogitsOf, states: Tensor, temperature: float) -> Tensor:
    """Of the whole vocabulary, float32, [N, V]."""
    logits = logits_of(states)
    scaled = logits if temperature == 1 else logits.float() / temperature
    return torch.log_softmax(scaled, -1, dtype=torch.float32)


def _logps(logits_of: LogitsOf, states: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor]:
    return (-F.nll_loss(_all_logps(logits_of, states, temperature), targets, reduction="none"),)


def _logps_and_entropy(
    logits_of: LogitsOf, states: Tensor, targets: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    all_logps = _all_logps(logits_of, states, temperature)
    with torch.no_grad():
        entropy = -torch.linalg.vecdot(all_logps.exp(), all_logps)
    return -F.nll_loss(all_logps, targets, reduction="none"), entropy


def _response_states(model: Model, batch: MicroBatch, *, packed: bool) -> tuple[Tensor, Tensor]:
    """The hidden states [N, D] that predict the N response tokens of a micro-batch, and those tokens [N]."""
    states, starts = _packed_states(model, batch) if packed else _padded_states(model, batch)
    real = batch.mask.bool()
    return states[(starts[:, None] + batch.sources)[real]], batch.targets[real]


def _padded_states(model: Model, batch: MicroBatch) -> tuple[Tensor, Tensor]:
    """Hidden states [B x L, D], and where in them each sequence starts [B].

    No attention mask is needed: padding is on the right, where causal attention never looks, and its
    states are not used.
    """
    hidden = model.net.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state
    rows, length = batch.ids.shape
    return hidden.flatten(0, 1), torch.arange(rows, device=hidden.device) * length


def _packed_states(model: Model, batch: MicroBatch) -> tuple[Tensor, Tensor]:
    """The same of the real tokens alone. Positions start anew with each sequence: transformers takes that
    for the border that attention doesn't cross.
    """
    places = torch.arange(batch.ids.shape[1], device=batch.ids.device).expand_as(batch.ids)
    real = places < batch.lengths[:, None]
    hidden = model.net.base_model(
        input_ids=batch.ids[real][None], position_ids=places[real][None], use_cache=False
    ).last_hidden_state
    return hidden[0], batch.lengths.cumsum(0) - batch.lengths


def _spread(values: Tensor, mask: Tensor) -> Tensor:
    """[N] values of the real tokens -> [B, T], 0 on padding; gradients pass."""
    return torch.zeros_like(mask).masked_scatter(mask.bool(), values)


@torch.no_grad()
def score(
    model: Model,
    samples: Sequence[Sample],
    *,
    size: int,
    temperature: float = 1.0,
    ranks: Ranks = ALONE,
) -> list[list[float]]:
    """The log-probability of each token of each response, in order, without gradients."""
    found: dict[int, list[float]] = {}
    for positions, _ in ranks.deal(bucketed(samples, size)):
        chosen = [samples[i] for i in positions]
        batch = collate(chosen, pad=model.pad_id, device=model.device)
        logps = model.call(token_logps, batch, temperature)
        found |= {i: logps[row, : len(samples[i].ids)].tolist() for row, i in enumerate(positions)}
    scores = {i: logps for share in ranks.gather(found) for i, logps in share.items()}
    return [scores[i] for i in range(len(samples))]
