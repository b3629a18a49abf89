"""Several samples of each answer: their mean score, how far they vary, how often any or all of them pass."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval.benchmark import ScoredItem
from raif.eval.compare import config_of, scored_of
from raif.eval.rates import Estimate, Rates, average
from raif.eval.report import averaged, lines, mean, read_as, read_results, shown
from raif.eval.run import plan
from raif.files.whole import write_whole
from raif.stats import Interval

SEEDS = "seeds.json"
FEW = 8
"""Up to so many samples, every k is shown; above, only powers of two and all."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all samples. `mean`: with the interval over prompts; `deviation`: between samples, the
    standard deviation; None for a figure that one of them doesn't have."""

    name: str
    mean: Interval | None
    deviation: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class AtK:
    """The share of items of which any (`passed`) or all (`reliable`) of k samples pass, over all choices."""

    k: int
    passed: float
    reliable: float


@dataclass(frozen=True, slots=True)
class Passing:
    """By one of the items' scores that is always 0 or 1. `items`: those that are judged in every sample."""

    score: str
    items: int
    at: tuple[AtK, ...]


@dataclass(frozen=True, slots=True)
class Seeds:
    """One benchmark, answered several times. `folders`: the runs, with a report of their own, as paths from
    the folder of all samples. `items`: how many were asked each time, and `counted`, of how many each run has
    a score."""

    benchmark: str
    model: str
    folders: tuple[str, ...]
    items: int
    counted: tuple[int, ...]
    figures: tuple[Spread, ...]
    passing: tuple[Passing, ...]

    @property
    def headline(self) -> float | None:
        """The mean of the first figure that the paper prints."""
        first = self.figures[0].mean
        return first.value if first else None


@dataclass(frozen=True, slots=True)
class SeedsReport:
    """All benchmarks, and their average if there are several: of the paper's seven, if any are among them."""

    benchmarks: tuple[Seeds, ...]
    average: Spread | None

    @property
    def headline(self) -> float | None:
        if self.average is None:
            return self.benchmarks[0].headline
        return self.average.mean.value if self.average.mean else None


def check(config: EvalConfig, number: int) -> None:
    """Raises ConfigError if several samples would be the same, or drawn with other seeds than asked for."""
    if config.responses:
        raise ConfigError("--seeds asks a model, and --responses asks none", "Give one of them.")
    if config.sampling.seed is not None:
        raise ConfigError(
            f"--seeds {number} gives the samples the seeds 0 to {number - 1}, and sampling.seed is another",
            "Leave out sampling.seed.",
        )
    if config.sampling.temperature == 0 and config.method != "self-consistency" and number > 1:
        raise ConfigError(
            f"--seeds {number}: at temperature 0, all {number} answers to an item are the same",
            "Sample above it, for example with --set sampling.temperature=0.7.",
        )


def summed(folders: Sequence[Path], root: Path) -> Seeds:
    """What the finished runs in these folders, of one benchmark and the same items, add up to. `root`: the
    folder of all samples."""
    configs = [config_of(folder) for folder in folders]
    planned = plan(configs[0])
    benchmark, items = planned.benchmark, planned.items
    samples, estimates = [], []
    for folder, config in zip(folders, configs, strict=True):
        found = {one.id: one for one in read_results(folder)}
        samples.append([scored_of(item, found[item.id]) for item in items if item.id in found])
        rates = Rates(benchmark.tallies(samples[-1], config.dialect), seed=config.seed)
        estimates.append((rates, benchmark.paper(rates, config.dialect)))
    figures = [_spread(name, estimates) for name in estimates[0][1]]
    return Seeds(
        benchmark=configs[0].benchmark,
        model=str(configs[0].model),
        folders=tuple(str(folder.relative_to(root)) for folder in folders),
        items=len(items),
        counted=tuple(map(len, samples)),
        figures=tuple(figures),
        passing=tuple(_passing(samples)),
    )


def report(found: Sequence[Seeds]) -> SeedsReport:
    """Several benchmarks together. The interval of their average takes them as independent."""
    if len(found) == 1:
        return SeedsReport(tuple(found), None)
    heads = [one.figures[0] for one in averaged(found)]
    values = [None if None in each else statistics.fmean(each) for each in _by_sample(heads)]
    known = [value for value in values if value is not None]
    whole = len(known) == len(values) > 1
    deviation = statistics.stdev(known) if whole else None
    together = mean([one.mean for one in heads])
    return SeedsReport(tuple(found), Spread(f"average of {len(heads)}", together, deviation, tuple(values)))


def _by_sample(figures: Sequence[Spread]) -> Iterator[Any]:
    return zip(*(one.values for one in figures), strict=True)


def _spread(name: str, estimates: Sequence[tuple[Rates, Mapping[str, Estimate]]]) -> Spread:
    found = [each[name] for _, each in estimates]
    values = [None if math.isnan(one.figure[0]) else float(one.figure[0]) for one in found]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Spread(name, None, None, tuple(values))
    rates = estimates[0][0]
    mean = rates.interval(rates.estimate(average(one.figure for one in found), found[0].cells))
    return Spread(name, mean, statistics.stdev(known) if len(known) > 1 else None, tuple(values))


def _passing(samples: Sequence[Sequence[ScoredItem[Any]]]) -> list[Passing]:
    """By each score that all items have, and that is never between 0 and 1."""
    number = len(samples)
    scores: dict[str, dict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        for one in sample:
            for name, value in one.parts.items():
                scores[name][one.item.id].append(value)
    items = {one.item.id for sample in samples for one in sample}
    found = []
    for name, by_item in scores.items():
        values = [value for each in by_item.values() for value in each]
        if set(by_item) != items or not set(values) <= {0, 1, None}:
            continue
        whole = [each for each in by_item.values() if len(each) == number and None not in each]
        if whole:
            passes = [sum(value == 1 for value in each) for each in whole]
            at = tuple(_at(k, number, passes) for k in _ks(number))
            found.append(Passing(name, len(whole), at))
    return found


def _ks(number: int) -> list[int]:
    if number <= FEW:
        return list(range(1, number + 1))
    return [*(2**n for n in range(number.bit_length()) if 2**n < number), number]


def _at(k: int, number: int, passes: Sequence[int]) -> AtK:
    """Unbiased: over all choices of k among an item's samples."""
    choices = math.comb(number, k)
    failing = sum(math.comb(number - passed, k) for passed in passes) / choices
    passing = sum(math.comb(passed, k) for passed in passes) / choices
    return AtK(k, 1 - failing / len(passes), passing / len(passes))


def write(folder: Path, found: SeedsReport) -> None:
    """Save seeds.json and seeds.md."""
    write_whole(folder / SEEDS, as_json(found) + "\n")
    write_whole(folder / "seeds.md", markdown(found))


def read(folder: Path) -> SeedsReport:
    """What `write` saved. Raises ConfigError if this version can't read it."""
    found: SeedsReport = read_as(SeedsReport, folder / SEEDS)
    return found


def as_json(found: SeedsReport) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)


def markdown(found: SeedsReport) -> str:
    parts = [_one(one) for one in found.benchmarks]
    if found.average:
        parts.insert(0, _figures([found.average]))
    return "\n".join(parts)


def _one(found: Seeds) -> str:
    number = len(found.folders)
    fewer = sorted({each for each in found.counted if each < found.items})
    left_out = f" ({' and '.join(map(str, fewer))} of {found.items} items in some)" if fewer else ""
    title = f"# {found.benchmark}: {found.model}, {number} samples{left_out}\n"
    note = "Percent, with 95% intervals over prompts; the standard deviation is between samples.\n"
    parts = [title, note, _figures(found.figures)]
    if found.passing:
        rows = [
            [each.score, str(each.items), str(one.k), _percent(one.passed), _percent(one.reliable)]
            for each in found.passing
            for one in each.at
        ]
        parts.append(lines(["score", "items", "k", "pass@k", "reliable@k"], rows))
    return "\n".join(parts)


def _figures(figures: Sequence[Spread]) -> str:
    rows = [
        [one.name, shown(one.mean), _percent(one.deviation), ", ".join(map(_percent, one.values))]
        for one in figures
    ]
    return lines(["figure", "mean", "deviation", "samples"], rows)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
