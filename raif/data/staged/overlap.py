"""Runs of tokens that a text shares with what the benchmarks ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from raif.data.staged.benchmarks import Asked
from raif.data.staged.shingles import runs, tokens, unspaced


class Length(NamedTuple):
    """Of a run that counts as overlap; of the shortest text that is looked for as a whole."""

    run: int
    whole: int


class Match(NamedTuple):
    benchmark: str
    item: str
    shared: str
    """The tokens that both have."""


class Overlap:
    """An index of all runs of the benchmarks' texts.

    A text that has fewer tokens than a run is looked for as a whole; one shorter than `whole` is found only
    where it is all that is asked. Which lengths hold depends on whether the benchmark's text is `spaced`
    into words or not.
    """

    def __init__(self, texts: Iterable[Asked], *, spaced: Length, unspaced: Length) -> None:
        self._lengths = {False: spaced, True: unspaced}
        self._runs: dict[int, dict[int, tuple[str, str]]] = {}
        self._equal: dict[tuple[str, ...], tuple[str, str]] = {}
        for text in texts:
            self._add(text, tuple(tokens(text.text)))

    def find(self, text: str) -> Match | None:
        """The first run of `text` that a benchmark has."""
        items = tuple(tokens(text))
        if found := self._equal.get(items):
            return Match(*found, _joined(items))
        for length in sorted(self._runs, reverse=True):
            for run in runs(items, length):
                if len(run) == length and (found := self._runs[length].get(hash(run))):
                    return Match(*found, _joined(run))
        return None

    def _add(self, asked: Asked, items: tuple[str, ...]) -> None:
        length, where = self._lengths[unspaced(items)], (asked.benchmark, asked.item)
        if len(items) < length.whole:
            self._equal.setdefault(items, where)
            return
        known = self._runs.setdefault(min(len(items), length.run), {})
        for run in runs(items, length.run):
            # a hash in place of the run: 64 bits for each of some million runs
            known.setdefault(hash(run), where)


def _joined(items: Sequence[str]) -> str:
    return ("" if unspaced(items) else " ").join(items)
