"""Comparisons with official verdicts, each value counted for the table that `pytest -m parity` prints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLOSE = 1e-9
"""By how much programs that add the same numbers in another order can differ."""
INPUTS = (".responses.jsonl", "_input.json", "_eval.json", ".tar.gz")
"""Fixtures with what is scored, not with scores."""


class Parity:
    """Counts values that equal an official program's, by fixture and program."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._equal: Counter[tuple[str, str]] = Counter()
        self._different: Counter[tuple[str, str]] = Counter()

    def same(self, fixture: Path, dialect: str, ours: Any, official: Any) -> None:
        """Fails if two nested structures differ in a value, or have no values."""
        mine, theirs = dict(_leaves(ours)), dict(_leaves(official))
        wrong = {
            at: (mine.get(at, "none"), theirs.get(at, "none"))
            for at in mine.keys() | theirs.keys()
            if not (at in mine and at in theirs and _equal(mine[at], theirs[at]))
        }
        row = str(fixture.relative_to(self._folder)), dialect
        self._equal[row] += len(mine.keys() | theirs.keys()) - len(wrong)
        self._different[row] += len(wrong)
        assert mine, f"{fixture}: nothing was compared"
        assert not wrong, f"where: (ours, official): {dict(list(wrong.items())[:9])}"

    def table(self) -> Iterator[str]:
        """A line for each fixture and dialect, and for each fixture with which nothing was compared."""
        heads = ("fixture", "dialect", "equal", "different")
        rows = [(*row, str(self._equal[row]), str(self._different[row])) for row in sorted(self._equal)]
        width = max(len(row[0]) for row in [heads, *rows])
        for name, *cells in [heads, *rows]:
            yield f"{name:<{width}}" + "".join(f"{cell:>11}" for cell in cells)
        for name in sorted(self._fixtures() - {name for name, _ in self._equal}):
            yield f"{name}: nothing was compared"

    def _fixtures(self) -> set[str]:
        paths = [*self._folder.glob("*/fixtures/**/*"), *self._folder.glob("*/unit_cases.jsonl")]
        return {
            str(p.relative_to(self._folder)) for p in paths if p.is_file() and not p.name.endswith(INPUTS)
        }


def _leaves(value: Any, *at: object) -> Iterator[tuple[tuple[object, ...], Any]]:
    """All values that are neither dict nor list, with their paths."""
    if isinstance(value, dict | list | tuple):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(part, *at, key)
    else:
        yield at, value


def _equal(ours: Any, official: Any) -> bool:
    if isinstance(ours, float) or isinstance(official, float):
        numbers = isinstance(ours, float | int) and isinstance(official, float | int)
        return numbers and math.isclose(ours, official, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(ours == official) and type(ours) is type(official)
