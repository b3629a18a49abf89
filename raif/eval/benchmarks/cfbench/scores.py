"""CFBench's scores of an answer: the share of criteria met (CSR), if all are (ISR), and by priority (PSR)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raif.eval.benchmarks.cfbench.parse import Judgment

PRIMARY = "主需"
ENOUGH = 0.8
"""Above it an answer does all that matters most, and enough of the rest."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Each in [0, 1]; `csr` has two decimals, as officially."""

    csr: float
    isr: float
    psr: float


def scores(judgment: Judgment, priorities: Sequence[str]) -> Scores:
    """Those of one item, whose criteria have the priorities "主需" (primary) and "次需" (secondary)."""
    met = [float(score) for score in judgment.scores]
    csr = _mean(met)
    return Scores(csr, float(csr >= 1), float(_by_priority(judgment.parsed, met, priorities, csr)))


def _by_priority(parsed: int, met: Sequence[float], priorities: Sequence[str], csr: float) -> bool:
    """All primary criteria are met, and more than 0.6 of the secondary. Without primary ones CSR counts."""
    if parsed < 1:
        return parsed == 0 and csr > ENOUGH
    pairs = list(zip(met, priorities, strict=True))
    primary = [score for score, priority in pairs if priority == PRIMARY]
    secondary = [score for score, priority in pairs if priority != PRIMARY]
    if not primary:
        return csr > ENOUGH
    return all(primary) and (not secondary or 0.5 + 0.5 * _mean(secondary) > ENOUGH)


def _mean(values: Sequence[float]) -> float:
    """To two decimals in NumPy's way: 100 times the value to the nearest even integer."""
    return float(np.round(np.mean(values), 2))
