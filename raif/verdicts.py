"""Verdicts: which of an instruction's checks a response passes. Reward, benchmark and `verify` share them.

Code checks come first; a judge, where there is one, answers the questions that still count.

*Strict* checks the response as it is. *Loose* also forgives a stray first or last line and asterisks: a check
passes where it does on any of eight variants (arXiv 2311.07911). An empty answer fails everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from raif.constraints import find
from raif.constraints.tree import active
from raif.reasoning import Style, split
from raif.types import Constraint, Instruction, Verdict, Verification

if TYPE_CHECKING:
    from concurrent.futures import Future

    from raif.client.judge import Judge

NO_ANSWER, EMPTY, NO_JUDGE = "no answer after the thinking", "empty answer", "no judge"


def verify(
    instruction: Instruction, response: str, *, think: Style = "none", judge: Judge | None = None
) -> Verification:
    """All verdicts on `response`, the thinking split off by `think`; without a judge questions are unjudged.

    ConstraintError where a constraint's id or kwargs, or the composition, can't be used; EndpointError where
    the judge can't be asked.
    """
    if judge:
        return begin(instruction, response, think=think, judge=judge).result()
    return summary(instruction, _checked(instruction, split(response, think).answer))


def begin(
    instruction: Instruction, response: str, *, think: Style = "none", judge: Judge
) -> Future[Verification]:
    """`verify`, without waiting for the judge, who can then be asked about many responses at once."""
    answer = split(response, think).answer
    return judge.run(_judged(instruction, answer or "", _checked(instruction, answer), judge))


async def _judged(
    instruction: Instruction, answer: str, found: Sequence[Verdict], judge: Judge
) -> Verification:
    from raif.questions import judged  # brings asyncio, which checks by code do without

    return summary(instruction, await judged(instruction, answer, found, judge))


def _checked(instruction: Instruction, answer: str | None) -> list[Verdict]:
    """The verdicts of code, then of the questions: unjudged, or failed where there is no answer."""
    found = verdicts(instruction.constraints, answer, instruction.semantics)
    failed = _failure(answer)
    for number, _ in enumerate(instruction.questions, 1):
        unjudged = Verdict(f"question:{number}", None, None, NO_JUDGE)
        found.append(_fails(unjudged.id, failed) if failed else unjudged)
    return found


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
    strict, loose = [verdict.passed for verdict in found], [verdict.passed_loose for verdict in found]
    counts = active(instruction.composition, strict)
    shown = [v if counted else replace(v, active=False) for v, counted in zip(found, counts, strict=True)]
    strict = list(compress(strict, counts))
    loose = list(compress(loose, active(instruction.composition, loose)))
    decided = [passed for passed in strict if passed is not None]
    fraction = sum(decided) / len(decided) if decided else None
    return Verification(tuple(shown), _all(strict), _all(loose), fraction)


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
