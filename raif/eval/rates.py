"""Rates over prompts with 95% intervals: resamples are drawn once, and every figure is computed on all of
them.

A figure is an array: the measured value first, then its value in each resample, nan if undefined. So figures
can be averaged, rounded and compared like numbers, and keep their intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from raif.stats import RESAMPLES, Interval

Tally: TypeAlias = Mapping[str, Sequence[float]]
"""What one prompt, or one group of dependent prompts, adds to each cell: its values there, 0 to 1."""
Figure: TypeAlias = np.ndarray
"""Shape (1 + RESAMPLES,)."""


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

    def row(self, name: str, *figures: str | Figure, of: Iterable[str] = ()) -> Row:
        """A row of a table. `figures`: names of cells, or computed figures. `of`: the cells that they are
        based on, by default the first of `figures`."""
        resting = [*of] or [each for each in figures if isinstance(each, str)][:1]
        counts = self._counts[:, [self._column[cell] for cell in resting if cell in self._column]]
        values = tuple(interval(self[each] if isinstance(each, str) else each) for each in figures)
        return Row(name, int(counts.any(1).sum()), int(counts.sum()), values)

    def under(self, prefix: str) -> tuple[str, ...]:
        """The rest of the name of each cell that starts with `prefix`, in order."""
        return tuple(cell.removeprefix(prefix) for cell in self.cells if cell.startswith(prefix))


def interval(figure: Figure) -> Interval | None:
    """The measured value with its 95% interval; None if undefined."""
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
