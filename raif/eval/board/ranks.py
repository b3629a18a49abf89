"""Which models of a column can be told apart: every two are compared on the items that both have.

A difference is resampled over prompts, and both models alike, as `raif eval compare` does. Its p-value comes
from the width of its interval, since a share of resamples can't be small enough for many comparisons. Two
models can be told apart if p is below 0.05, corrected for all pairs of the column (Holm).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from raif.errors import RaifError
from raif.eval.compare import config_of, difference, scored_of
from raif.eval.finished import Run
from raif.eval.rates import Estimate, Rates, average
from raif.eval.report import Result, mean, read_results
from raif.eval.run import Plan, plan
from raif.stats import Interval, holm, normal_p

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models, by their position: B minus A, and its p-value, corrected for all pairs of the column."""

    a: int
    b: int
    difference: Interval
    p: float

    @property
    def apart(self) -> bool:
        return self.p < LEVEL


Differences = Mapping[tuple[int, int], Interval]
"""B minus A by the positions of A and B."""


def differences(runs: Mapping[int, Run]) -> tuple[Differences, str]:
    """Between all runs of one benchmark, by their positions; and why they could not be compared item by item,
    if they could not: then both are taken as independent, which tells fewer apart.
    """
    known = {place: value for place, run in runs.items() if (value := run.value)}
    try:
        planned = _planned([runs[place] for place in known])
    except RaifError as error:
        return {(a, b): _independent(known[a], known[b]) for a, b in combinations(known, 2)}, error.message
    paired = _Paired(planned, {place: runs[place] for place in known})
    found = {(a, b): paired.difference(a, b) for a, b in combinations(known, 2)}
    return {pair: apart for pair, apart in found.items() if apart}, ""


def _planned(runs: Sequence[Run]) -> Plan:
    """The items of all, from the first run whose data can be read. Raises RaifError if there is none."""
    errors = []
    for run in runs:
        try:
            return plan(config_of(run.folders[0]))
        except RaifError as error:
            errors.append(error)
    raise errors[0]


class _Paired:
    """The runs of a column, scored again on the items that two of them have."""

    def __init__(self, planned: Plan, runs: Mapping[int, Run]) -> None:
        self._planned, self._runs = planned, runs
        self._results = {place: [_slim(folder) for folder in run.folders] for place, run in runs.items()}
        self._known: dict[tuple[int, frozenset[str]], tuple[Estimate, Rates]] = {}

    def difference(self, a: int, b: int) -> Interval | None:
        """None if they have no item in common."""
        ids = frozenset.intersection(*(frozenset(each) for place in (a, b) for each in self._results[place]))
        return difference("", self._estimate(a, ids), self._estimate(b, ids)).difference if ids else None

    def _estimate(self, place: int, ids: frozenset[str]) -> tuple[Estimate, Rates]:
        """As `_scored` has it: most often, all pairs have the same items."""
        if (place, ids) not in self._known:
            self._known[place, ids] = self._scored(place, ids)
        return self._known[place, ids]

    def _scored(self, place: int, ids: frozenset[str]) -> tuple[Estimate, Rates]:
        """The headline over these items; of several samples the mean."""
        benchmark, dialect = self._planned.benchmark, self._runs[place].report.dialect
        items = [item for item in self._planned.items if item.id in ids]
        found = []
        for results in self._results[place]:
            scored = [scored_of(item, results[item.id]) for item in items]
            rates = Rates(benchmark.tallies(scored, dialect))
            found.append((rates, next(iter(benchmark.paper(rates, dialect).values()))))
        rates, first = found[0]
        return rates.estimate(average(one.figure for _, one in found), first.cells), rates


def _slim(folder: Path) -> dict[str, Result]:
    """A run's items by id, without what was said: many runs are held at once."""
    slim: dict[str, Any] = {
        "messages": (),
        "thinking": "",
        "answer": "",
        "replies": {},
        "raw": "",
        "calls": (),
    }
    return {one.id: replace(one, **slim) for one in read_results(folder)}


def _independent(a: Interval, b: Interval) -> Interval:
    apart = b.value - a.value
    below = math.hypot(b.value - b.low, a.high - a.value)
    above = math.hypot(b.high - b.value, a.value - a.low)
    return Interval(apart, apart - below, apart + above)


def averaged(columns: Sequence[Differences]) -> Differences:
    """The mean difference of every two models that all columns have; benchmarks are taken as independent."""
    both = set.intersection(*(set(one) for one in columns))
    means = {pair: mean([one[pair] for one in columns]) for pair in sorted(both)}
    return {pair: found for pair, found in means.items() if found}


def pairs(found: Differences) -> list[Pair]:
    """With p-values, corrected for their number."""
    corrected = holm([normal_p(one) for one in found.values()])
    return [Pair(a, b, one, p) for ((a, b), one), p in zip(found.items(), corrected, strict=True)]


def ranks(found: Sequence[Pair], places: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The ranks that each may have: below all that are better for sure, above all that are worse for sure."""
    better, worse = Counter[int](), Counter[int]()
    for pair in found:
        if pair.apart:
            first, second = (pair.b, pair.a) if pair.difference.value > 0 else (pair.a, pair.b)
            worse[first] += 1
            better[second] += 1
    return {place: (1 + better[place], len(places) - worse[place]) for place in places}
