"""Rates with 95% intervals: the bootstrap over prompts, because the checks of one prompt hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


def bootstrap(values_per_prompt: Sequence[Sequence[float]], *, seed: int = 0) -> Interval | None:
    """The mean over all values, resampling whole prompts. None where there is no value at all.

    A rate of constraints: each prompt's verdicts as 0/1. A rate of prompts: one value a prompt.
    """
    import numpy as np

    kept = [v for v in values_per_prompt if len(v)]
    if not kept:
        return None
    sums, counts = np.array([sum(v) for v in kept]), np.array([len(v) for v in kept])
    chosen = np.random.default_rng(seed).integers(len(kept), size=(RESAMPLES, len(kept)))
    means = sums[chosen].sum(1) / counts[chosen].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high))
