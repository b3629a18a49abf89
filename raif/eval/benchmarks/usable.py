"""Verdicts on checks of public data, some of which can't be decided: a kwarg is missing, null or senseless.

The released programs draw such a kwarg at random, or end with an exception. Here the verdict is unknown, and
says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from raif.constraints import find
from raif.errors import ConstraintError
from raif.types import Constraint, Verdict
from raif.verdicts.checks import EMPTY, NO_ANSWER, verdicts

UNDECIDED = "can't be decided: "


def decided(
    constraints: Sequence[Constraint], answer: str | None, semantics: str, *, blanks: bool = False
) -> list[Verdict]:
    """One verdict for each constraint, in order. `blanks`: an answer of white space is checked."""
    return [_decided(each, answer, semantics, blanks=blanks) for each in constraints]


def _decided(constraint: Constraint, answer: str | None, semantics: str, *, blanks: bool) -> Verdict:
    if not answer:
        return Verdict(constraint.id, False, False, NO_ANSWER if answer is None else EMPTY)
    if nulls := [name for name, value in constraint.kwargs.items() if value is None]:
        return Verdict(constraint.id, None, None, f"{UNDECIDED}{', '.join(nulls)} is null")
    try:
        if answer.strip() or not blanks:
            return verdicts([constraint], answer, semantics)[0]
        kind = find(constraint.id, semantics)
        outcome = kind.check(answer, **kind.bind(constraint.kwargs))
        return Verdict(kind.id, outcome.passed, False, outcome.reason)
    except ConstraintError as error:
        return Verdict(constraint.id, None, None, f"{UNDECIDED}{error.message}")
