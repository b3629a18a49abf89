"""Compares two runs item by item: is the difference more than chance, where is it, and what else differs?

Folders of several benchmarks are compared benchmark by benchmark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from raif.config import load
from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval.benchmark import ScoredItem
from raif.eval.measured import Data, prompts_of
from raif.eval.rates import Estimate, Figure, Rates, interval
from raif.eval.report import RESULTS, Report, Result, lines, mean, read, read_results, shown
from raif.eval.run import Plan, plan
from raif.files.runs import CONFIG_NAME, under
from raif.stats import Interval, holm, wilson

ALIKE = ("local.batch", "prices", "judge.prices", "relevance", "relevance_limit")
"""Settings in reports that no score depends on."""
MEASURED = ("seed", "raif", "commit", "checker", "judge_prompts", "judge_card")
"""What a report says of its run besides its settings, and that should be the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both runs over the same items, and B minus A with its interval over the same resamples.

    `p`: two-sided, twice the share of resamples on the other side of no difference; it is never less than
    twice one resample's share. `p_holm`: corrected for all the figures that it is shown with.
    """

    name: str
    a: Interval | None
    b: Interval | None
    difference: Interval | None
    p: float | None
    p_holm: float | None = None


@dataclass(frozen=True, slots=True)
class McNemar:
    """How many items only one run passes, and the exact probability of so uneven a split by chance."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """An item that scored differently in B. `name`: as in `raif.eval.report.Result`."""

    id: str
    a: float
    b: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that differs, besides the model."""

    key: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one benchmark, on the `items` that both have; `items_a` and `items_b`: all that each has.

    `mcnemar` is None if items can score between 0 and 1. `changed`: largest changes first, then by id.
    """

    benchmark: str
    a: str
    b: str
    items: int
    items_a: int
    items_b: int
    settings: tuple[Setting, ...]
    figures: tuple[Difference, ...]
    mcnemar: McNemar | None
    changed: tuple[ChangedItem, ...]


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """Two runs of several benchmarks. `heads`: the headline of each, corrected for their number, and their
    average without a test. `single`: benchmarks that only one run has."""

    a: str
    b: str
    heads: tuple[Difference, ...]
    single: tuple[str, ...]
    benchmarks: tuple[Comparison, ...]


def compare(a: Path, b: Path, data: Path | None = None) -> Comparison | SuiteComparison:
    """Two runs' folders. `data`: of their benchmark, if it isn't where A found it, nor under
    RAIF_BENCHMARK_DATA.

    Raises ConfigError if they have no benchmark, or no item of it, in common, or if the data is not A's.
    """
    runs = [_runs(folder) for folder in (a, b)]
    both = [name for name in runs[0] if name in runs[1]]
    if not both:
        raise ConfigError(f"{a} is a run of {', '.join(runs[0])}, {b} of {', '.join(runs[1])}")
    if data and len(both) > 1:
        raise ConfigError("--data is of one benchmark, and both folders have several", "Compare one by one.")
    found = [_compared(runs[0][name], runs[1][name], data) for name in both]
    if all(len(each) == 1 for each in runs):
        return found[0]
    single = [name for name in {**runs[0], **runs[1]} if name not in both]
    heads = _corrected([replace(one.figures[0], name=one.benchmark) for one in found])
    return SuiteComparison(str(a), str(b), (*heads, _average(heads)), tuple(single), tuple(found))


def _runs(folder: Path) -> dict[str, Path]:
    """The folders of the finished runs in a folder, by benchmark."""
    own = folder / RESULTS
    folders = [each.parent for each in ([own] if own.is_file() else folder.glob(f"*/{RESULTS}"))]
    if not folders:
        raise ConfigError(f"{folder}: no {RESULTS}", "Give the folder of a finished run of raif eval.")
    found: dict[str, Path] = {}
    for each in sorted(folders):
        name = config_of(each).benchmark
        if name in found:
            raise ConfigError(f"{folder} has several runs of {name}", f"Give one of them, such as {each}.")
        found[name] = each
    return found


def config_of(folder: Path) -> EvalConfig:
    return load(EvalConfig, "eval", file=folder / CONFIG_NAME)


def _planned(folder: Path, config: EvalConfig, report: Report, data: Path | None) -> Plan:
    """A run's items, from `data`, from where the run found them, or from the folder of all benchmarks."""
    own = data or (config.data if config.data and config.data.exists() else None)
    found = plan(config.model_copy(update={"data": own}))
    if Data.of(config.benchmark, found.benchmark, found.data).sha256 != report.measured.data.sha256:
        raise ConfigError(
            f"{found.data} is not the data of {folder} (sha256 {report.measured.data.sha256})",
            f"Give that with --data. The run found it at {report.measured.data.path}.",
        )
    return found


def _compared(a: Path, b: Path, data: Path | None) -> Comparison:
    configs = [config_of(folder) for folder in (a, b)]
    results = [{one.id: one for one in read_results(folder)} for folder in (a, b)]
    reports = [report for folder in (a, b) if isinstance(report := read(folder), Report)]
    planned = _planned(a, configs[0], reports[0], data)
    items = [item for item in planned.items if all(item.id in each for each in results)]
    if not items:
        raise ConfigError(f"{a} and {b} have no item in common")
    scored = [[scored_of(item, each[item.id]) for item in items] for each in results]
    pairs = [(x.item.id, x.main, y.main) for x, y in zip(*scored, strict=True)]
    known = [(id, x, y) for id, x, y in pairs if x is not None and y is not None]
    changed = [ChangedItem(id, x, y, results[0][id].name) for id, x, y in known if x != y]
    changed.sort(key=lambda change: (-abs(change.b - change.a), change.id))
    return Comparison(
        benchmark=configs[0].benchmark,
        a=str(a),
        b=str(b),
        items=len(items),
        items_a=len(results[0]),
        items_b=len(results[1]),
        settings=tuple(_settings(reports, [[each[item.id] for item in items] for each in results])),
        figures=_corrected(_figures(planned, scored, configs)),
        mcnemar=_mcnemar(known),
        changed=tuple(changed),
    )


def scored_of(item: Any, result: Result) -> ScoredItem[Any]:
    return ScoredItem(item, result.verification, result.parts, result.labels)


def told(report: Report) -> dict[str, Any]:
    """What could explain a difference between two runs besides the model, by name. What a run has no use for
    is missing or None."""
    measured = report.measured
    settings = {key: value for key, value in measured.settings.items() if not under(key, ALIKE)}
    named = {name.replace("_", " "): getattr(measured, name) for name in MEASURED}
    usages = {"model asked": measured.usage, "judge asked": measured.judge_usage}
    asked = {who: sorted(usage.changed) for who, usage in usages.items() if usage and usage.changed}
    return {**settings, **named, **asked, "data": f"sha256 {measured.data.sha256}"}


def _settings(reports: Sequence[Report], results: Sequence[Sequence[Result]]) -> Iterator[Setting]:
    """What differs besides what is compared: what reports tell, and the prompts of the same items."""
    a, b = map(told, reports)
    for key in {**a, **b}:
        follows = key == "checker" and a["dialect"] != b["dialect"]
        if a.get(key) != b.get(key) and not follows:
            yield Setting(key, a.get(key), b.get(key))
    prompts = [prompts_of(each) for each in results]
    if prompts[0] != prompts[1]:
        yield Setting("prompts", *prompts)


def _figures(
    planned: Plan, scored: Sequence[Sequence[ScoredItem[Any]]], configs: Sequence[EvalConfig]
) -> list[Difference]:
    """What the paper prints, and the items' main scores. Both runs are resampled alike."""
    benchmark, seed = planned.benchmark, configs[0].seed
    printed = []
    for each, config in zip(scored, configs, strict=True):
        rates = Rates(benchmark.tallies(each, config.dialect), seed=seed)
        main = Rates([{} if one.main is None else {"main": [one.main]} for one in each], seed=seed)
        printed.append(
            [(name, found, rates) for name, found in benchmark.paper(rates, config.dialect).items()]
            + [("mean item score", main.estimate("main"), main)]
        )
    return [difference(name, x, y) for (name, *x), (_, *y) in zip(*printed, strict=True)]


def difference(name: str, a: tuple[Estimate, Rates], b: tuple[Estimate, Rates]) -> Difference:
    """Of two figures over the same items, resampled alike."""
    (first, rates_a), (second, rates_b) = a, b
    apart = second.figure - first.figure
    drawn = apart[1:][~np.isnan(apart[1:])]
    p = None
    if len(drawn):
        fewer = min(np.sum(drawn <= 0), np.sum(drawn >= 0))
        p = float(min(1.0, 2 * (fewer + 1) / (len(drawn) + 1)))
    prompts = min(rates_a.prompts(first.cells), rates_b.prompts(second.cells))
    return Difference(name, rates_a.interval(first), rates_b.interval(second), _apart(apart, prompts), p)


def _apart(figure: Figure, prompts: int) -> Interval | None:
    """A difference with its interval. Where all prompts differ alike, the next one may not: as many as it
    may be among so many that were never seen to."""
    found = interval(figure)
    if found is None or found.low < found.high:
        return found
    unseen = wilson(0.0, prompts).high
    return Interval(found.value, max(-1.0, found.value - unseen), min(1.0, found.value + unseen))


def _corrected(figures: Sequence[Difference]) -> tuple[Difference, ...]:
    """With Holm's correction for all of them."""
    tested = holm([figure.p for figure in figures if figure.p is not None])
    corrected = iter(tested)
    return tuple(
        figure if figure.p is None else replace(figure, p_holm=next(corrected)) for figure in figures
    )


def _average(heads: Sequence[Difference]) -> Difference:
    a, b, apart = (mean([getattr(head, side) for head in heads]) for side in ("a", "b", "difference"))
    return Difference(f"average of {len(heads)}", a, b, apart, None)


def _mcnemar(pairs: Sequence[tuple[str, float, float]]) -> McNemar | None:
    if any(score not in (0, 1) for _, *scores in pairs for score in scores):
        return None
    only_a, only_b = sum(x > y for _, x, y in pairs), sum(x < y for _, x, y in pairs)
    number, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(number, k) for k in range(fewer + 1)) / 2**number
    return McNemar(only_a, only_b, min(1.0, 2 * tail))


def markdown(found: Comparison | SuiteComparison) -> str:
    if isinstance(found, Comparison):
        return _one(found)
    parts = [f"# A {found.a}, B {found.b}\n", _table(found.heads)]
    if found.single:
        parts.append(f"In one of them only: {', '.join(found.single)}.\n")
    return "\n".join([*parts, *map(_one, found.benchmarks)])


def _one(found: Comparison) -> str:
    items = f"{found.items} items in both, of {found.items_a} in A and {found.items_b} in B; percent.\n"
    parts = [f"# {found.benchmark}: A {found.a}, B {found.b}\n", items]
    if found.settings:
        rows = [[each.key, _text(each.a), _text(each.b)] for each in found.settings]
        note = "**Warning: not only the models differ.** The difference may be due to:\n"
        parts += [note, lines(["setting", "A", "B"], rows)]
    parts.append(_table(found.figures))
    if test := found.mcnemar:
        parts.append(f"McNemar: {test.only_a} only A, {test.only_b} only B, p = {test.p:.4f}.\n")
    changes = [
        [f"{c.name} ({c.id})" if c.name else c.id, f"{100 * c.a:.0f}", f"{100 * c.b:.0f}"]
        for c in found.changed
    ]
    return "\n".join([*parts, lines(["changed item", "A", "B"], changes)])


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(figures: Sequence[Difference]) -> str:
    """`p, Holm`: corrected for all rows."""
    rows = [
        [one.name, shown(one.a), shown(one.b), shown(one.difference), _p(one.p), _p(one.p_holm)]
        for one in figures
    ]
    return lines(["figure", "A", "B", "B minus A", "p", "p, Holm"], rows)


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
