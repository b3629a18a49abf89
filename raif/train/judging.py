"""What the judges of all ranks say during a step, as metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from raif.judge.judge import Judge, judge_metrics
from raif.train.ranks import ALONE, Ranks


@contextmanager
def judgments(judge: Judge | None, ranks: Ranks = ALONE) -> Iterator[dict[str, float]]:
    """The metrics of what is judged in the block; they are filled in at its end."""
    metrics: dict[str, float] = {}
    before = Counter(judge.counts) if judge else Counter[str]()
    yield metrics
    if judge:
        metrics |= judge_metrics(ranks.add(judge.counts - before))
