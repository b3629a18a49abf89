"""What FollowBench's scores add up to: hard and soft satisfaction by level, and consistent levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

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
KINDS = ("judge", "rule")
"""Who checks a group."""
RATES = ("HSR", "SSR")


def tally(place: str, levels: Mapping[int, Mapping[str, float | None]], *, ruled: bool) -> Tally:
    """A group's scores; `place` is its language and type, `ruled` whether code checks it.

    Each score counts in its cell, and in one of its own for the groups with and without a rule. There,
    `asked` says how many scores there would be if all were known. Consistent levels need all five levels.
    """
    consistent = _consistent({level: parts["hard"] for level, parts in levels.items()})
    scores = {f"{place}/{side}/{n}": parts[side] for n, parts in levels.items() for side in SIDES}
    scores[f"{place}/csl"] = None if consistent is None else float(consistent)
    kind, found = KINDS[ruled], dict[str, list[float]]()
    for cell, value in scores.items():
        found[f"{kind}/{cell}/asked"] = [1.0]
        if value is not None:
            found[cell] = found[f"{kind}/{cell}"] = [value]
    return found


def _consistent(hard: Mapping[int, float | None]) -> int | None:
    """How many levels are met, from the first on; None if one of the five is missing or unjudged.

    Even where a level before the gap has failed: counting such groups, and not those that met all levels up
    to the gap, would favour failures.
    """
    if any(hard.get(level) is None for level in LEVELS):
        return None
    return next((level - 1 for level in LEVELS if hard[level] != 1), len(LEVELS))


class Sums:
    """The figures of one language. `rounded`: as the scripts print them, before averaging."""

    def __init__(self, rates: Rates, language: Language, *, rounded: bool) -> None:
        self._rates, self._language, self._rounded = rates, language, rounded

    def rate(self, type: str, side: str, level: int) -> Figure:
        cell = f"{self._language}/{type}/{side}/{level}"
        return _round(100 * self._rates[cell], 2) / 100 if self._rounded else self._weighed(cell)

    def consistent(self, type: str) -> Figure:
        cell = f"{self._language}/{type}/csl"
        return _round(self._rates[cell], 1) if self._rounded else self._weighed(cell)

    def _weighed(self, cell: str) -> Figure:
        """The mean of a cell, in which groups with and without a rule weigh as many as were asked.

        Code judges all that it checks, and a judge may not: what it has left out must not make the others,
        which are harder, weigh more.
        """
        asked = [self._rates.count(f"{kind}/{cell}/asked") for kind in KINDS]
        if sum(each[0] for each in asked) == self._rates.count(cell)[0]:
            return self._rates[cell]
        rates = np.stack([self._rates[f"{kind}/{cell}"] for kind in KINDS])
        weights = np.where(np.isnan(rates), 0, np.stack(asked))
        with np.errstate(invalid="ignore", divide="ignore"):
            return (np.nan_to_num(rates) * weights).sum(0) / weights.sum(0)

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


def _round(figure: Figure, digits: int) -> Figure:
    """Round as the scripts do: NumPy rounds 0.95 up, although the float is a little less than that."""
    return np.array([round(value, digits) for value in figure.tolist()])


def headline(rates: Rates, *, rounded: bool) -> Figure:
    """Over the languages that have items."""
    return average(one for sums in _languages(rates, rounded).values() for one in sums.eleven)


def tables(rates: Rates, *, rounded: bool) -> Sequence[Table]:
    """The headline and its parts, then the rates by level, by type and level, and the consistent levels."""
    languages = _languages(rates, rounded)
    cells = [cell for cell in rates.cells if cell.startswith(tuple(f"{each}/" for each in LANGUAGES))]
    overall = [rates.row("mean of 22", headline(rates, rounded=rounded), of=cells)]
    by_level, by_type, consistent = [], [], []
    for language, sums in languages.items():
        overall += _parts(rates, language, sums)
        for level in LEVELS:
            figures = [sums.level(side, level) for side in SIDES]
            cells = [f"{language}/{type}/hard/{level}" for type in JUDGED]
            by_level.append(rates.row(f"{language} level {level}", *figures, of=cells))
        for type in TYPES:
            for level in LEVELS:
                by_type.append(_by_level(rates, sums, language, type, level))
            cell = f"{language}/{type}/csl"
            consistent.append(_levels(rates, f"{language} {type}", sums.consistent(type), [cell]))
        cells = [f"{language}/{type}/csl" for type in JUDGED]
        consistent.append(_levels(rates, f"{language} mean of five", sums.consistent_levels, cells))
    return [
        Table("score", ("mean",), tuple(overall)),
        Table("level", RATES, tuple(by_level)),
        Table("type and level", RATES, tuple(by_type)),
        Table("consistent levels", ("CSL",), tuple(consistent), percent=False),
    ]


def _by_level(rates: Rates, sums: Sums, language: Language, type: str, level: int) -> Row:
    """A level of one type: each side rests on its own cell."""
    sides = {side: sums.rate(type, side, level) for side in SIDES}
    rows = [
        rates.row(f"{language} {type} {level}", figure, of=[f"{language}/{type}/{side}/{level}"])
        for side, figure in sides.items()
    ]
    return replace(rows[0], values=tuple(row.values[0] for row in rows))


def _levels(rates: Rates, name: str, figure: Figure, of: Sequence[str]) -> Row:
    return rates.row(name, figure, of=of, most=len(LEVELS))


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
