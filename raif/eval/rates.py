"""Rates over prompts with 95% intervals: resamples are drawn once, and every figure is computed on all of
them.

A figure is an array: the measured value first, then its value in each resample, nan if undefined. So figures
can be averaged, rounded and compared like numbers, and keep their intervals. The rate of a cell to which each
prompt adds at most one yes or no has Wilson's interval instead (`raif.stats`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from raif.stats import RESAMPLES, Interval, wilson

Tally: TypeAlias = Mapping[str, Sequence[float]]
"""What one prompt, or one group of dependent prompts, adds to each cell: its values there, 0 to 1."""
Figure: TypeAlias = np.ndarray
"""Shape (1 + RESAMPLES,)."""


class Estimate(NamedTuple):
    """A figure, and the cells that it is based on."""

    figure: Figure
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, over `checks` judged values of `prompts` prompts. A value is None without any."""

    name: str
    prompts: int
    checks: int
    values: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and the names of their columns. `percent`: the values are shares, shown in percent."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    percent: bool = True


class Rates:
    """The mean of each cell over all tallies, and over each resample of them."""

    def __init__(self, tallies: Sequence[Tally], *, seed: int = 0) -> None:
        self.cells = tuple(sorted({cell for tally in tallies for cell in tally}))
        self._column = {cell: n for n, cell in enumerate(self.cells)}
        shape = (len(tallies), len(self.cells))
        sums, self._counts = np.zeros(shape), np.zeros(shape)
        for row, tally in enumerate(tallies):
            for cell, values in tally.items():
                sums[row, self._column[cell]] = sum(values)
                self._counts[row, self._column[cell]] = len(values)
        self._single = (self._counts <= 1).all(0) & ((sums == 0) | (sums == 1)).all(0)
        drawn = _draws(len(tallies), seed)
        self._drawn = drawn @ self._counts
        with np.errstate(invalid="ignore", divide="ignore"):
            self._means = (drawn @ sums) / self._drawn

    def __getitem__(self, cell: str) -> Figure:
        """The mean of a cell; all nan if nothing was counted."""
        if cell not in self._column:
            return np.full(1 + RESAMPLES, np.nan)
        return self._means[:, self._column[cell]]

    def count(self, cell: str) -> Figure:
        """The number of values in a cell."""
        if cell not in self._column:
            return np.zeros(1 + RESAMPLES)
        return self._drawn[:, self._column[cell]]

    def estimate(self, figure: str | Figure, of: Iterable[str] = ()) -> Estimate:
        """`figure`: the name of a cell, or a figure that was computed from the cells `of`."""
        return Estimate(self[figure], (figure,)) if isinstance(figure, str) else Estimate(figure, tuple(of))

    def row(self, name: str, *figures: str | Figure, of: Iterable[str] = (), most: float = 1.0) -> Row:
        """A row of a table. `figures`: names of cells, or computed figures. `of`: the cells that they are
        based on, by default the first of `figures`. `most`: what a figure is at best."""
        resting = tuple(of) or tuple(each for each in figures if isinstance(each, str))[:1]
        found = (self.estimate(each, resting) for each in figures)
        values = tuple(self.interval(each, most=most) for each in found)
        counts = self._counts_of(resting)
        return Row(name, self.prompts(resting), int(counts.sum()), values)

    def interval(self, estimate: Estimate, *, most: float = 1.0) -> Interval | None:
        """The measured value with its 95% interval; None if undefined."""
        figure, cells = estimate
        prompts = self.prompts(cells)
        if np.isnan(figure[0]) or not prompts:
            return interval(figure)
        if (
            len(cells) == 1
            and self._single[self._column[cells[0]]]
            and np.array_equal(figure, self[cells[0]], equal_nan=True)
        ):
            return wilson(float(figure[0]), prompts)
        found = interval(figure)
        if found is None or found.low < found.high:
            return found
        wide = wilson(min(1.0, max(0.0, found.value / most)), prompts)
        low, high = min(found.value, most * wide.low), max(found.value, most * wide.high)
        return Interval(found.value, low, high)

    def prompts(self, cells: Iterable[str]) -> int:
        """How many tallies add to one of the cells."""
        return int(self._counts_of(cells).any(1).sum())

    def _counts_of(self, cells: Iterable[str]) -> np.ndarray:
        """How many values each tally adds to each of the cells: [tallies, cells]."""
        return self._counts[:, [self._column[cell] for cell in cells if cell in self._column]]

    def under(self, prefix: str) -> tuple[str, ...]:
        """The rest of the name of each cell that starts with `prefix`, in order."""
        return tuple(cell.removeprefix(prefix) for cell in self.cells if cell.startswith(prefix))


def interval(figure: Figure) -> Interval | None:
    """The measured value with the 95% interval of its resamples; None if undefined."""
    if np.isnan(figure[0]):
        return None
    low, high = np.nanpercentile(figure[1:], [2.5, 97.5])
    return Interval(float(figure[0]), float(low), float(high))


def average(figures: Iterable[Figure]) -> Figure:
    """The plain mean of the defined figures, resample by resample; nan if none is defined."""
    stacked = np.stack([np.full(1 + RESAMPLES, np.nan), *figures])
    known = ~np.isnan(stacked)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, stacked, 0).sum(0) / known.sum(0)


def _draws(number: int, seed: int) -> np.ndarray:
    """How often each of `number` tallies counts: once each, then as drawn. Shape (1 + RESAMPLES, number)."""
    rows: list[np.ndarray] = [np.ones(number)]
    if number:
        chosen = np.random.default_rng(seed).integers(number, size=(RESAMPLES, number))
        rows += [np.bincount(row, minlength=number).astype(float) for row in chosen]
    else:
        rows += [np.ones(0)] * RESAMPLES
    return np.stack(rows)
