"""Truncated importance sampling, for samples of another program, whose probabilities differ a little, or of
weights one step old (`rollout.overlap`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from raif.config.train import TrainConfig
from raif.models.load import Model
from raif.train.batch import Sample
from raif.train.loss import learned
from raif.train.policy import score
from raif.train.ranks import ALONE, Ranks


def with_gaps(
    samples: Sequence[Sample], policy: Model, config: TrainConfig, ranks: Ranks = ALONE
) -> list[Sample]:
    """The samples of one rollout before any update on it. Those of the first optimiser step stay as they are:
    the policy is still the one of now then, so their gap is known when they are learned from. The others
    get theirs here, if they are learned from at all.
    """
    if not config.corrects:
        return list(samples)
    batch = config.optimizer.batch
    later = learned(samples[batch:], config.loss)
    size = 2 * config.optimizer.micro_batch  # no activations are kept: twice as many fit
    logps = score(policy, later, size=size, temperature=config.rollout.temperature, ranks=ranks)
    gaps = {
        id(sample): tuple(own - old for own, old in zip(row, sample.old_logps, strict=True))
        for sample, row in zip(later, logps, strict=True)
    }
    return [*samples[:batch], *(replace(s, gap=gaps.get(id(s), ())) for s in samples[batch:])]
