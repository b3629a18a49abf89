"""Which checks of a composed instruction are active: those of the branch taken, until the chain breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from raif.errors import ConstraintError
from raif.types import Composition


def active(composition: Composition | None, passed: Sequence[bool | None]) -> list[bool]:
    """For each check, by position, whether it counts, given which of them passed.

    *and*: every part counts. *chain*: a part counts only if no part before it has failed; a check that could
    not be judged (None) has not failed. *selection*: only the selected part counts. A check that the
    composition does not mention always counts; one that it mentions several times counts if any of them does.
    Raises ConstraintError if the composition does not fit.
    """
    if composition is None:
        return [True] * len(passed)
    mentioned = set(_positions(composition))
    if beyond := sorted(mentioned - set(range(len(passed)))):
        raise ConstraintError(f"composition: no check has position {beyond[0]}, there are {len(passed)}")
    counted = set(_active(composition, passed))
    return [position in counted or position not in mentioned for position in range(len(passed))]


def _positions(part: int | Composition) -> Iterator[int]:
    if isinstance(part, int):
        yield part
    else:
        for inner in part.parts:
            yield from _positions(inner)


def _active(part: int | Composition, passed: Sequence[bool | None]) -> list[int]:
    if isinstance(part, int):
        return [part]
    found: list[int] = []
    for inner in (_selected(part),) if part.kind == "selection" else part.parts:
        found += (these := _active(inner, passed))
        if part.kind == "chain" and any(passed[position] is False for position in these):
            break
    return found


def _selected(selection: Composition) -> int | Composition:
    if selection.selected is None or not 0 <= selection.selected < len(selection.parts):
        raise ConstraintError(
            f"composition: `selected` is {selection.selected}, not one of the {len(selection.parts)} parts"
        )
    return selection.parts[selection.selected]
