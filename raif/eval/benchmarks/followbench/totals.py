"""What FollowBench's scores add up to: hard and soft satisfaction by level, and consistent levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from raif.eval.benchmarks.followbench.rules import Language
from raif.eval.rates import Figure, Rates, Row, Table, Tally, average

LANGUAGES: tuple[Language, ...] = ("en", "zh")
JUDGED = ("content", "situation", "style", "format", "mixed")
TYPES = (*JUDGED, "example")
LEVELS = (1, 2, 3, 4, 5)
MOST = 3.68
"""The consistent levels of Qwen2.5-72B-Instruct, which the method's paper takes as 100% (A.2.2)."""
SIDES = ("hard", "soft")
RATES = ("HSR", "SSR")


def tally(place: str, levels: Mapping[int, Mapping[str, float | None]]) -> Tally:
    """A group's scores; `place` is its language and type. Consistent levels are left out if unknown."""
    found = {
        f"{place}/{side}/{level}": [value]
        for level, parts in levels.items()
        for side in SIDES
        if (value := parts[side]) is not None
    }
    consistent = _consistent({level: parts["hard"] for level, parts in levels.items()})
    return found if consistent is None else found | {f"{place}/csl": [float(consistent)]}


def _consistent(hard: Mapping[int, float | None]) -> int | None:
    """How many levels are met, from the first on; None if an unjudged one precedes the first failure."""
    for level in LEVELS:
        if hard.get(level) is None:
            return None
        if hard[level] != 1:
            return level - 1
    return len(LEVELS)


class Sums:
    """The figures of one language. `rounded`: as the scripts print them, before averaging."""

    def __init__(self, rates: Rates, language: Language, *, rounded: bool) -> None:
        self._rates, self._language, self._rounded = rates, language, rounded

    def rate(self, type: str, side: str, level: int) -> Figure:
        return self._round(100 * self._rates[f"{self._language}/{type}/{side}/{level}"], 2) / 100

    def consistent(self, type: str) -> Figure:
        return self._round(self._rates[f"{self._language}/{type}/csl"], 1)

    def level(self, side: str, level: int) -> Figure:
        """Over the five judged types; the examples have a metric of their own."""
        return average(self.rate(type, side, level) for type in JUDGED)

    @property
    def consistent_levels(self) -> Figure:
        return average(map(self.consistent, JUDGED))

    @property
    def eleven(self) -> list[Figure]:
        """Half of what the method's paper averages: the consistent levels, and both rates at five levels."""
        return [
            self.consistent_levels / MOST,
            *(self.level(side, level) for side in SIDES for level in LEVELS),
        ]

    def _round(self, figure: Figure, digits: int) -> Figure:
        """Round as the scripts do: NumPy rounds 0.95 up, although the float is a little less than that."""
        return np.array([round(value, digits) for value in figure.tolist()]) if self._rounded else figure


def headline(rates: Rates, *, rounded: bool) -> Figure:
    """Over the languages that have items."""
    return average(one for sums in _languages(rates, rounded).values() for one in sums.eleven)


def tables(rates: Rates, *, rounded: bool) -> Sequence[Table]:
    """The headline and its parts, then the rates by level, by type and level, and the consistent levels."""
    languages = _languages(rates, rounded)
    overall = [rates.row("mean of 22", headline(rates, rounded=rounded), of=rates.cells)]
    by_level, by_type, consistent = [], [], []
    for language, sums in languages.items():
        overall += _parts(rates, language, sums)
        for level in LEVELS:
            figures = [sums.level(side, level) for side in SIDES]
            cells = [f"{language}/{type}/hard/{level}" for type in JUDGED]
            by_level.append(rates.row(f"{language} level {level}", *figures, of=cells))
        for type in TYPES:
            for level in LEVELS:
                figures = [sums.rate(type, side, level) for side in SIDES]
                cell = f"{language}/{type}/hard/{level}"
                by_type.append(rates.row(f"{language} {type} {level}", *figures, of=[cell]))
            cell = f"{language}/{type}/csl"
            consistent.append(rates.row(f"{language} {type}", sums.consistent(type), of=[cell]))
        cells = [f"{language}/{type}/csl" for type in JUDGED]
        consistent.append(rates.row(f"{language} mean of five", sums.consistent_levels, of=cells))
    return [
        Table("score", ("mean",), tuple(overall)),
        Table("level", RATES, tuple(by_level)),
        Table("type and level", RATES, tuple(by_type)),
        Table("consistent levels", ("CSL",), tuple(consistent), percent=False),
    ]


def _languages(rates: Rates, rounded: bool) -> dict[Language, Sums]:
    return {
        language: Sums(rates, language, rounded=rounded)
        for language in LANGUAGES
        if rates.under(f"{language}/")
    }


def _parts(rates: Rates, language: Language, sums: Sums) -> Iterable[Row]:
    judged = [f"{language}/{type}" for type in JUDGED]
    yield rates.row(
        f"{language} consistent levels / {MOST}",
        sums.consistent_levels / MOST,
        of=[f"{place}/csl" for place in judged],
    )
    for side, name in zip(SIDES, RATES, strict=True):
        cells = [f"{place}/{side}/{level}" for place in judged for level in LEVELS]
        mean = average(sums.level(side, level) for level in LEVELS)
        yield rates.row(f"{language} {name}", mean, of=cells)
