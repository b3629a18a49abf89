"""Rates with 95% intervals: a bootstrap over prompts, since the checks of one prompt are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


def bootstrap(values_per_prompt: Sequence[Sequence[float]], *, seed: int = 0) -> Interval | None:
    """The mean of all values, resampling whole prompts. None if there are no values.

    For a rate of constraints, give each prompt's verdicts as 0 or 1; for a rate of prompts, one value each.
    """
    kept = [v for v in values_per_prompt if len(v)]
    return measured([(sum(v), len(v)) for v in kept], lambda sums: sums[..., 0] / sums[..., 1], seed=seed)


def measured(
    rows: Sequence[Sequence[float]], measure: Callable[[np.ndarray], np.ndarray], *, seed: int = 0
) -> Interval | None:
    """A measure of the columns' sums, resampling whole rows, one a prompt. None if it is not defined.

    `measure` takes sums of shape (..., columns) and returns (...), nan meaning that it is not defined. A
    resample that gives nan is left out.
    """
    import numpy as np

    if not rows:
        return None
    table = np.array(rows)
    chosen = np.random.default_rng(seed).integers(len(table), size=(RESAMPLES, len(table)))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(measure(table.sum(0)))
        found = measure(np.stack([table[rows].sum(0) for rows in chosen]))
    if np.isnan(value):
        return None
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return Interval(value, float(low), float(high))
