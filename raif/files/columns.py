"""Which of several known sets of columns a row has, and which is nearest to columns that are none of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

_ALIKE = 0.6
"""The likeness from which on two names may mean the same."""

Known = Mapping[str, Collection[str]]
"""The columns of each layout, by its name."""


def fitting(columns: Collection[str], known: Known) -> tuple[str, ...]:
    """The layouts whose columns are among these: first those with the most, then by name."""
    found = [name for name in known if set(columns).issuperset(known[name])]
    return tuple(sorted(found, key=lambda name: (-len(known[name]), name)))


def nearest(columns: Collection[str], known: Known) -> str:
    """The name of the layout that has the most columns like these, and the fewest unlike them."""

    def likeness(name: str) -> float:
        telling = (each for each in known[name] if each != "id")  # any data set can have one
        return sum(_likeness(each, columns) - _ALIKE for each in telling)

    return max(known, key=likeness)


def _likeness(wanted: str, columns: Collection[str]) -> float:
    ratios = (difflib.SequenceMatcher(None, wanted, each.lower()).ratio() for each in columns)
    return max(ratios, default=0.0)
