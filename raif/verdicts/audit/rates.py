"""Verdicts on the labelled responses in a dialect, as precision and recall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from raif.dialect import Dialect, semantics
from raif.errors import ConstraintError
from raif.types import Constraint
from raif.verdicts.audit.cases import Case
from raif.verdicts.checks import verdicts

DIALECTS: tuple[Dialect, ...] = ("official", "raif")


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a case in a dialect. None: it could not be judged, or the kwargs are refused."""

    case: Case
    dialect: Dialect
    passed: bool | None
    reason: str

    @property
    def right(self) -> bool:
        return self.passed is self.case.passes


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the responses that pass, how many should; of those that should, how many pass. None: none at all."""

    cases: int
    wrong: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """The findings of one kind in one language, by dialect, each in the order of the cases."""

    kind: str
    language: str
    findings: dict[Dialect, list[Finding]]


def judged(case: Case, dialect: Dialect) -> Finding:
    """The verdict on the response, as `verify` says."""
    constraint = Constraint(id=case.kind, kwargs=case.kwargs)
    try:
        (verdict,) = verdicts([constraint], case.response, semantics(dialect, case.language), loose=False)
    except ConstraintError as error:
        return Finding(case, dialect, None, f"refused: {error}")
    return Finding(case, dialect, verdict.passed, verdict.reason)


def audit(cases: Sequence[Case], dialects: Iterable[Dialect] = DIALECTS) -> list[Row]:
    """A row for each kind and language."""
    chosen = tuple(dialects)
    return [
        Row(kind, language, {dialect: [judged(case, dialect) for case in group] for dialect in chosen})
        for (kind, language), group in _grouped(cases)
    ]


def _grouped(cases: Sequence[Case]) -> Iterator[tuple[tuple[str, str], list[Case]]]:
    for key, group in groupby(cases, key=lambda case: (case.kind, case.language)):
        yield key, list(group)


def rates(findings: Iterable[Finding]) -> Rates:
    """What the findings of one dialect add up to. What can't be judged counts as not passed."""
    found = list(findings)
    passed = [one for one in found if one.passed]
    right = sum(one.case.passes for one in passed)
    should = sum(one.case.passes for one in found)
    return Rates(
        len(found),
        sum(not one.right for one in found),
        right / len(passed) if passed else None,
        right / should if should else None,
    )
