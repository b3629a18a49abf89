"""The loss of one optimiser step = policy + kl x KL + cloning x behaviour cloning (recipe section 6).

Micro-batches add up to the batch: each term divides by a count of the whole step, known beforehand.
A response that is dropped leaves no trace in the policy term, also not in its count (the reference
counts it: `reference_quirks.divide_by_all`); the KL term covers every response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from raif.config.train import LossConfig
from raif.train.batch import MicroBatch, Sample
from raif.train.grpo import clipped_surrogate, k3, response_mean


@dataclass(frozen=True, slots=True)
class Counts:
    """What the terms of one optimiser step are divided by."""

    kept: int
    responses: int

    @classmethod
    def of(cls, samples: Sequence[Sample], *, divide_by_all: bool) -> Counts:
        kept = len(samples) if divide_by_all else sum(s.keep for s in samples)
        return cls(max(kept, 1), len(samples))


def policy_loss(
    logps: Tensor, ref_logps: Tensor, entropy: Tensor, batch: MicroBatch, counts: Counts, config: LossConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """A micro-batch's share of the policy and KL terms. logps, ref_logps, entropy: [B, T]. Metrics add up."""
    tokens, clipped = clipped_surrogate(logps, batch.old_logps, batch.advantage, config.clip)
    policy = (response_mean(tokens, batch.mask) * batch.keep).sum() / counts.kept
    kl = response_mean(k3(logps, ref_logps), batch.mask).sum() / counts.responses
    with torch.no_grad():
        clip_share = (response_mean(clipped.float(), batch.mask) * batch.keep).sum() / counts.kept
        mean_entropy = response_mean(entropy, batch.mask).sum() / counts.responses
    metrics = {
        "policy_loss": policy.detach(),
        "kl": kl.detach(),
        "clip_share": clip_share,
        "entropy": mean_entropy,
    }
    return policy + config.kl * kl, metrics


def cloning_loss(logps: Tensor, mask: Tensor, tokens: int) -> Tensor:
    """A micro-batch's share of the mean next-token loss over the `tokens` expert tokens of the step."""
    return -(logps * mask).sum() / tokens
