"""Compares two runs of one benchmark item by item: is the difference more than chance, and where is it?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raif.config import load
from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval.benchmark import Benchmark, ScoredItem
from raif.eval.rates import Figure, Rates, interval
from raif.eval.report import Result, lines, read_results, shown
from raif.eval.run import plan
from raif.files.runs import CONFIG_NAME
from raif.stats import Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both runs over the same items, and B minus A with its interval over the same resamples.

    `p`: two-sided, twice the share of resamples on the other side of no difference.
    """

    name: str
    a: Interval | None
    b: Interval | None
    difference: Interval | None
    p: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """How many items only one run passes, and the exact probability of so uneven a split by chance."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True, slots=True)
class Change:
    """An item that scored differently in B."""

    id: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`mcnemar` is None if items can score between 0 and 1. `changed`: largest changes first, then by id."""

    benchmark: str
    a: str
    b: str
    items: int
    figures: tuple[Difference, ...]
    mcnemar: McNemar | None
    changed: tuple[Change, ...]


def compare(a: Path, b: Path) -> Comparison:
    """Two runs' folders, on the items that both have. Raises ConfigError if they have nothing in common."""
    runs = [_read(folder) for folder in (a, b)]
    config = runs[0][0]
    if config.benchmark != runs[1][0].benchmark:
        raise ConfigError(f"{a} is a run of {config.benchmark}, {b} of {runs[1][0].benchmark}")
    planned = plan(config)
    items = [item for item in planned.items if all(item.id in results for _, results in runs)]
    if not items:
        raise ConfigError(f"{a} and {b} have no item in common")
    scored = [
        [ScoredItem(item, (r := results[item.id]).verification, r.parts, r.labels) for item in items]
        for _, results in runs
    ]
    pairs = [(x.item.id, x.main, y.main) for x, y in zip(*scored, strict=True)]
    known = [(id, x, y) for id, x, y in pairs if x is not None and y is not None]
    changed = [Change(id, x, y) for id, x, y in known if x != y]
    changed.sort(key=lambda change: (-abs(change.b - change.a), change.id))
    figures = _figures(planned.benchmark, scored, config)
    return Comparison(config.benchmark, str(a), str(b), len(items), figures, _mcnemar(known), tuple(changed))


def _read(folder: Path) -> tuple[EvalConfig, Mapping[str, Result]]:
    found = {one.id: one for one in read_results(folder)}
    return load(EvalConfig, "eval", file=folder / CONFIG_NAME), found


def _figures(
    benchmark: Benchmark[Any], scored: Sequence[Sequence[ScoredItem[Any]]], config: EvalConfig
) -> tuple[Difference, ...]:
    """What the paper prints, and the items' main scores. Both runs are resampled alike."""
    rates = [Rates(benchmark.tallies(each, config.dialect), seed=config.seed) for each in scored]
    printed = [benchmark.paper(each, config.dialect) for each in rates]
    main = [
        Rates([{} if one.main is None else {"main": [one.main]} for one in each], seed=config.seed)["main"]
        for each in scored
    ]
    found = [_difference(name, printed[0][name], printed[1][name]) for name in printed[0]]
    return (*found, _difference("mean item score", *main))


def _difference(name: str, a: Figure, b: Figure) -> Difference:
    apart = b - a
    drawn = apart[1:][~np.isnan(apart[1:])]
    p = min(1.0, 2 * min(np.mean(drawn <= 0), np.mean(drawn >= 0))) if len(drawn) else None
    return Difference(name, interval(a), interval(b), interval(apart), None if p is None else float(p))


def _mcnemar(pairs: Sequence[tuple[str, float, float]]) -> McNemar | None:
    if any(score not in (0, 1) for _, *scores in pairs for score in scores):
        return None
    only_a, only_b = sum(x > y for _, x, y in pairs), sum(x < y for _, x, y in pairs)
    number, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(number, k) for k in range(fewer + 1)) / 2**number
    return McNemar(only_a, only_b, min(1.0, 2 * tail))


def markdown(found: Comparison) -> str:
    title = f"# {found.benchmark}: A {found.a}, B {found.b}\n\n{found.items} items in both; percent.\n"
    figures = [
        [d.name, shown(d.a), shown(d.b), shown(d.difference), "-" if d.p is None else f"{d.p:.3f}"]
        for d in found.figures
    ]
    parts = [title, lines(["figure", "A", "B", "B minus A", "p"], figures)]
    if test := found.mcnemar:
        parts.append(f"McNemar: {test.only_a} only A, {test.only_b} only B, p = {test.p:.4f}.\n")
    changes = [[c.id, f"{100 * c.a:.0f}", f"{100 * c.b:.0f}"] for c in found.changed]
    return "\n".join([*parts, lines(["changed item", "A", "B"], changes)])
