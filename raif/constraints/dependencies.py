"""Dependency lists, as ComplexBench has them (arXiv 2407.03978), as a composition.

There each question lists those that it depends on. Here these, behind what they depend on themselves, become
the head of a chain, and all questions with the same list its end: a question counts only where everything
that it rests on holds. Several dependencies of one question make the graph no tree; its head is then an
*and*, and a position may occur more than once, each time with the same answer to whether it counts.

The benchmark scores otherwise: there a question is failed, not left out, where one that it lists has failed,
by that one's own verdict alone. The same questions pass wherever none depends on one that depends on another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from raif.errors import ConstraintError
from raif.types import Composition

Dependencies = Sequence[Sequence[int]]
"""For each check, by position, the positions it depends on."""


def composition(dependencies: Dependencies) -> Composition | None:
    """What the lists say; None where no check depends on another.

    ConstraintError for a position without a check, and for checks that depend on each other in a circle.
    """
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for position, needed in enumerate(dependencies):
        groups[tuple(sorted(set(needed)))].append(position)
    chains: list[int | Composition] = [
        Composition(kind="chain", parts=(_head(needed, dependencies, ()), _together(these)))
        for needed, these in groups.items()
        if needed
    ]
    return Composition(kind="and", parts=tuple(chains)) if chains else None


def _head(needed: Sequence[int], dependencies: Dependencies, above: tuple[int, ...]) -> int | Composition:
    return _together([_with_its_own(position, dependencies, above) for position in needed])


def _with_its_own(position: int, dependencies: Dependencies, above: tuple[int, ...]) -> int | Composition:
    """A check behind everything that it depends on itself."""
    if not 0 <= position < len(dependencies):
        raise ConstraintError(
            f"dependencies: no check has position {position}, there are {len(dependencies)}"
        )
    if position in above:
        circle = " -> ".join(map(str, (*above[above.index(position) :], position)))
        raise ConstraintError(f"dependencies: a circle, {circle}")
    needed = sorted(set(dependencies[position]))
    if not needed:
        return position
    return Composition(kind="chain", parts=(_head(needed, dependencies, (*above, position)), position))


def _together(parts: Sequence[int | Composition]) -> int | Composition:
    return parts[0] if len(parts) == 1 else Composition(kind="and", parts=tuple(parts))
