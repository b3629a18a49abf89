"""Log-probabilities of responses under a model, without ever holding logits of more than one micro-batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from raif.train.batch import MicroBatch, Sample, micro_batches
from raif.train.model import Model


def response_logits(model: Model, batch: MicroBatch) -> tuple[Tensor, Tensor]:
    """float32 logits [N, V] of the N response tokens of a micro-batch, and those tokens [N].

    The output head sees only the hidden states that predict a response token. No attention mask is
    needed: padding is on the right, where causal attention never looks, and its states are not used.
    """
    hidden = model.net.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state
    real = batch.mask.bool()
    rows = torch.arange(len(batch.ids), device=hidden.device)[:, None].expand_as(batch.sources)
    logits = model.net.get_output_embeddings()(hidden[rows[real], batch.sources[real]])
    return logits.float(), batch.targets[real]


def token_logps(model: Model, batch: MicroBatch, temperature: float = 1.0) -> Tensor:
    """Log-probability of each response token, [B, T], 0 on padding."""
    logits, targets = response_logits(model, batch)
    return _logps(logits, targets, batch, temperature)


def token_logps_and_entropy(
    model: Model, batch: MicroBatch, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """The same, and the entropy of each token's distribution (nats, without gradient), both [B, T]."""
    logits, targets = response_logits(model, batch)
    with torch.no_grad():
        all_logps = torch.log_softmax(logits / temperature, -1)
        entropy = -torch.linalg.vecdot(all_logps.exp(), all_logps)
    return _logps(logits, targets, batch, temperature), _spread(entropy, batch.mask)


def _logps(logits: Tensor, targets: Tensor, batch: MicroBatch, temperature: float) -> Tensor:
    scaled = logits if temperature == 1 else logits / temperature
    return _spread(-F.cross_entropy(scaled, targets, reduction="none"), batch.mask)


def _spread(values: Tensor, mask: Tensor) -> Tensor:
    """[N] values of the real tokens -> [B, T], 0 on padding; gradients pass."""
    return torch.zeros_like(mask).masked_scatter(mask.bool(), values)


@torch.no_grad()
def score(
    model: Model, samples: Sequence[Sample], *, size: int, temperature: float = 1.0
) -> list[list[float]]:
    """The log-probability of each token of each response, in order, without gradients."""
    scores: list[list[float]] = [[] for _ in samples]
    pad = model.tokenizer.pad_token_id or 0
    for positions, batch in micro_batches(samples, size, pad=pad, device=model.device):
        logps = token_logps(model, batch, temperature)
        for row, i in enumerate(positions):
            scores[i] = logps[row, : len(samples[i].ids)].tolist()
    return scores
