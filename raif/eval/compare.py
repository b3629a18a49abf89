"""Two runs of one benchmark, item by item: is the difference more than chance, and where is it?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raif.config import load
from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval import finished
from raif.eval.benchmark import Benchmark, Sample, Scored
from raif.eval.rates import Figure, Rates, interval
from raif.eval.report import Result, lines, shown
from raif.eval.run import plan
from raif.files.runs import CONFIG_NAME
from raif.stats import Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both runs over the same items, and B less A with its interval over the same resamples.

    `p`: two-sided, the share of resamples on the other side of no difference, doubled.
    """

    name: str
    a: Interval | None
    b: Interval | None
    difference: Interval | None
    p: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items that only one of the runs passes, and how likely so uneven a split is by chance (exact)."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True, slots=True)
class Change:
    """An item that scored otherwise in B."""

    id: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`mcnemar` is None where items score between 0 and 1. Changes: the largest first, then by id."""

    benchmark: str
    a: str
    b: str
    items: int
    figures: tuple[Difference, ...]
    mcnemar: McNemar | None
    changed: tuple[Change, ...]


def compare(a: Path, b: Path) -> Comparison:
    """Two runs' folders, on the items that both have. ConfigError where they have nothing in common."""
    runs = [_read(folder) for folder in (a, b)]
    config = runs[0][0]
    if config.benchmark != runs[1][0].benchmark:
        raise ConfigError(f"{a} is a run of {config.benchmark}, {b} of {runs[1][0].benchmark}")
    planned = plan(config)
    items = [item for item in planned.items if all(item.id in results for _, results in runs)]
    if not items:
        raise ConfigError(f"{a} and {b} have no item in common")
    samples = [[_sample(item, results[item.id]) for item in items] for _, results in runs]
    pairs = [(x.item.id, *map(_own, (x, y))) for x, y in zip(*samples, strict=True)]
    known = [(id, x, y) for id, x, y in pairs if x is not None and y is not None]
    figures = _figures(planned.benchmark, samples, config)
    return Comparison(config.benchmark, str(a), str(b), len(items), figures, _mcnemar(known), _changed(known))


def _read(folder: Path) -> tuple[EvalConfig, Mapping[str, Result]]:
    found = {one.id: one for one in finished.results(folder)}
    return load(EvalConfig, "eval", file=folder / CONFIG_NAME), found


def _sample(item: Any, result: Result) -> Sample[Any]:
    return Sample(item, Scored(result.verification, result.parts, result.labels))


def _own(sample: Sample[Any]) -> float | None:
    return next(iter(sample.scored.parts.values()))


def _figures(
    benchmark: Benchmark[Any], samples: Sequence[Sequence[Sample[Any]]], config: EvalConfig
) -> tuple[Difference, ...]:
    """What the paper prints, and the items' own scores; both runs are resampled alike."""
    rates = [Rates(benchmark.tallies(each, config.dialect), seed=config.seed) for each in samples]
    printed = [benchmark.paper(each, config.dialect) for each in rates]
    own = [
        Rates([{} if (v := _own(one)) is None else {"own": [v]} for one in each], seed=config.seed)["own"]
        for each in samples
    ]
    found = [_difference(name, printed[0][name], printed[1][name]) for name in printed[0]]
    return (*found, _difference("mean item score", own[0], own[1]))


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


def _changed(pairs: Sequence[tuple[str, float, float]]) -> tuple[Change, ...]:
    found = [Change(*pair) for pair in pairs if pair[1] != pair[2]]
    return tuple(sorted(found, key=lambda change: (-abs(change.b - change.a), change.id)))


def as_json(found: Comparison) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)


def markdown(found: Comparison) -> str:
    title = f"# {found.benchmark}: A {found.a}, B {found.b}\n\n{found.items} items in both; percent.\n"
    figures = [
        [d.name, shown(d.a), shown(d.b), shown(d.difference), "-" if d.p is None else f"{d.p:.3f}"]
        for d in found.figures
    ]
    changes = [[c.id, f"{100 * c.a:.0f}", f"{100 * c.b:.0f}"] for c in found.changed]
    parts = [title, lines(["figure", "A", "B", "B less A", "p"], figures), *_tested(found.mcnemar)]
    return "\n".join([*parts, lines(["changed item", "A", "B"], changes)])


def _tested(mcnemar: McNemar | None) -> list[str]:
    if mcnemar is None:
        return []
    return [f"McNemar: {mcnemar.only_a} only A, {mcnemar.only_b} only B, p = {mcnemar.p:.4f}.\n"]
