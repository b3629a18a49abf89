"""Verdicts: which of an instruction's checks a response passes. Reward, benchmark and `verify` share them.

*Strict* checks the response as it is. *Loose* also forgives a stray first or last line and asterisks: a check
passes where it does on any of eight variants (arXiv 2311.07911). An empty answer fails everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from raif.constraints import find
from raif.constraints.tree import active
from raif.reasoning import Style, split
from raif.solution import solution
from raif.types import Constraint, Instruction, Verdict, Verification

NO_ANSWER, EMPTY, NO_JUDGE = "no answer after the thinking", "empty answer", "no judge"


def verify(instruction: Instruction, response: str, *, think: Style = "none") -> Verification:
    """All verdicts on `response`, the thinking split off by `think`; questions are left unjudged.

    ConstraintError where a constraint's id or kwargs, or the composition, can't be used.
    """
    answer = split(response, think).answer
    found = verdicts(instruction.constraints, answer, instruction.semantics)
    failed = _failure(answer)
    for number, _ in enumerate(instruction.questions, 1):
        unjudged = Verdict(f"question:{number}", None, None, NO_JUDGE)
        found.append(_fails(unjudged.id, failed) if failed else unjudged)
    return summary(instruction, found + solution(instruction, answer or ""))


def verdicts(
    constraints: Sequence[Constraint], answer: str | None, semantics: str = "ifeval"
) -> list[Verdict]:
    """One verdict for each constraint, in order; None is a response that never came to an answer."""
    kinds = [find(item.id, semantics) for item in constraints]
    bound = [(kind, kind.bind(item.kwargs)) for kind, item in zip(kinds, constraints, strict=True)]
    if failed := _failure(answer):
        return [_fails(kind.id, failed) for kind, _ in bound]
    strict, *looser = loosened(answer or "")
    found = []
    for kind, kwargs in bound:
        outcome = kind.check(strict, **kwargs)
        loose = outcome.passed
        if loose is False:
            loose = any(kind.check(variant, **kwargs).passed for variant in looser)
        found.append(Verdict(kind.id, outcome.passed, loose, outcome.reason))
    return found


def loosened(response: str) -> list[str]:
    """The response, then its other non-blank variants: without `*`, without first line, last line, both."""
    lines = response.split("\n")
    trimmed = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    plain = [response, *trimmed]
    variants = plain + [variant.replace("*", "") for variant in plain]
    return [response, *dict.fromkeys(v for v in variants if v.strip() and v != response)]


def summary(instruction: Instruction, found: Sequence[Verdict]) -> Verification:
    """What verdicts, in the order of the instruction's checks, add up to; inactive ones are left out."""
    strict = _active_only(instruction, [verdict.passed for verdict in found])
    loose = _active_only(instruction, [verdict.passed_loose for verdict in found])
    judged = [passed for passed in strict if passed is not None]
    fraction = sum(judged) / len(judged) if judged else None
    return Verification(tuple(found), _all(strict), _all(loose), fraction)


def _active_only(instruction: Instruction, passed: list[bool | None]) -> list[bool | None]:
    return [
        one for one, counts in zip(passed, active(instruction.composition, passed), strict=True) if counts
    ]


def _all(passed: Sequence[bool | None]) -> bool | None:
    """False where any failed, True where all passed, None where that can't be said."""
    if False in passed:
        return False
    return None if None in passed or not passed else True


def _failure(answer: str | None) -> str:
    if answer is None:
        return NO_ANSWER
    return "" if answer.strip() else EMPTY


def _fails(id: str, reason: str) -> Verdict:
    return Verdict(id, False, False, reason)
