"""Rates with 95% intervals.

A share of prompts that each count once has Wilson's interval. Anything else has a bootstrap over prompts,
since the checks of one prompt are not independent. With fewer than about 30 prompts a bootstrap's interval is
too narrow, and if all prompts agree it has no width: Wilson's, for as many prompts, takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 2000
_Z = 1.959963984540054
"""Standard normal deviates on each side of a 95% interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


def wilson(share: float, trials: int) -> Interval:
    """A share of independent yes/no trials (Wilson 1927): 0 of 12 is between 0 and 24%."""
    spread = _Z**2 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def normal_p(difference: Interval) -> float:
    """The two-sided p-value of a difference that is normal and as uncertain as its 95% interval is wide."""
    width = difference.high - difference.low
    if not width:
        return float(not difference.value)
    return math.erfc(abs(difference.value) * 2 * _Z / width / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979), in their order."""
    order = sorted(range(len(p_values)), key=lambda n: p_values[n])
    corrected, least = [1.0] * len(p_values), 0.0
    for rank, n in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[n]))
        corrected[n] = least
    return corrected


def bootstrap(values_per_prompt: Sequence[Sequence[float]], *, seed: int = 0) -> Interval | None:
    """The mean of all values, resampling whole prompts. None if there are no values.

    For a rate of constraints, give each prompt's verdicts as 0 or 1; for a rate of prompts, one value each.
    """
    kept = [v for v in values_per_prompt if len(v)]
    if kept and all(len(v) == 1 and v[0] in (0, 1) for v in kept):
        return wilson(sum(v[0] for v in kept) / len(kept), len(kept))
    return measured([(sum(v), len(v)) for v in kept], lambda sums: sums[..., 0] / sums[..., 1], seed=seed)


def measured(
    rows: Sequence[Sequence[float]], measure: Callable[[np.ndarray], np.ndarray], *, seed: int = 0
) -> Interval | None:
    """A measure of the columns' sums, resampling whole rows, one a prompt. None if it is not defined.

    `measure` takes sums of shape (..., columns) and returns (...), nan meaning that it is not defined. A
    resample that gives nan is left out. If all others agree, the interval is Wilson's for the rows of which
    the measure is defined.
    """
    import numpy as np

    if not rows:
        return None
    table = np.array(rows)
    chosen = np.random.default_rng(seed).integers(len(table), size=(RESAMPLES, len(table)))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(measure(table.sum(0)))
        found = measure(np.stack([table[rows].sum(0) for rows in chosen]))
        prompts = int((~np.isnan(measure(table))).sum())
    if np.isnan(value):
        return None
    low, high = np.nanpercentile(found, [2.5, 97.5])
    if low == high and prompts and 0 <= value <= 1:
        return wilson(value, prompts)
    return Interval(value, float(low), float(high))
