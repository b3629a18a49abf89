"""Verdicts: which of an instruction's checks a response passes. Rewards, benchmarks and `verify` share them.

Code checks come first; then a judge, if there is one, answers the questions that still count.

*Strict* checks the response as it is. *Loose* forgives a stray first or last line and asterisks: a check
passes if any of eight variants passes (arXiv 2311.07911). An empty answer fails everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, Any

from raif.constraints import Kind, Outcome, find
from raif.constraints.tree import active
from raif.errors import RaifError, RecordError
from raif.reasoning import Marks, split
from raif.records.turns import at_turn
from raif.text.visible import visible
from raif.types import Constraint, Instruction, Verdict, Verification
from raif.verdicts.solution import solution, solve_ahead

if TYPE_CHECKING:
    from concurrent.futures import Future

    from raif.judge.judge import Judge

SEVERAL = "Check its answers one by one, each with `raif.records.turns.at_turn`, or all with `verify_turns`."
NO_ANSWER, EMPTY, NO_JUDGE = "no answer after the thinking", "empty answer", "no judge"


def verify(
    instruction: Instruction,
    response: str,
    *,
    think: Marks = "none",
    loose: bool = True,
    judge: Judge | None = None,
) -> Verification:
    """All verdicts on `response`; `think` says how to split off its thinking.

    Without a judge, questions are unjudged. Without `loose` there are only strict verdicts, which is all that
    a reward needs; the loose ones are None. Raises ConstraintError if an id, its kwargs or the composition
    can't be used, EndpointError if the judge can't be reached.
    """
    if judge:
        return begin(instruction, response, think=think, judge=judge).result()
    _one_turn(instruction)
    return summary(instruction, _checked(instruction, split(response, think).answer, loose=loose))


def begin(
    instruction: Instruction, response: str, *, think: Marks = "none", judge: Judge
) -> Future[Verification]:
    """`verify` without waiting for the judge, so that it can be asked about many responses at once."""
    _one_turn(instruction)
    answer = split(response, think).answer
    return judge.run(_judged(instruction, answer or "", _checked(instruction, answer), judge))


def verify_turns(
    instruction: Instruction,
    responses: Sequence[str],
    *,
    think: Marks = "none",
    loose: bool = True,
    judge: Judge | None = None,
) -> list[Verification]:
    """The verdicts on the responses to the first turns of a record, turn by turn."""
    answers = [split(response, think).answer or "" for response in responses]
    return [
        verify(at_turn(instruction, answers[:number]), response, think=think, loose=loose, judge=judge)
        for number, response in enumerate(responses)
    ]


def verify_all(
    answers: Sequence[tuple[Instruction, str]], judges: Sequence[Judge | None]
) -> list[Verification]:
    """The verdicts on each answer, in order; its judge is asked about all of them at once.

    Raises EndpointError if a judge can't be asked. If a check raises anything but RaifError, which is a bug
    in it, the exception gets a note that names the record.
    """
    solve_ahead(answers)
    begun: list[Verification | Future[Verification]] = []
    for (instruction, answer), judge in zip(answers, judges, strict=True):
        try:
            if judge and instruction.questions:
                begun.append(begin(instruction, answer, judge=judge))
            else:
                begun.append(verify(instruction, answer))
        except RaifError:
            raise
        except Exception as error:
            checks = ", ".join(constraint.id for constraint in instruction.constraints)
            error.add_note(
                f"raised by a check of record {instruction.id!r} ({checks}). Fix it, test it with "
                "`raif verify --selftest`, and resume from the newest checkpoint with --resume."
            )
            raise
    return [found if isinstance(found, Verification) else found.result() for found in begun]


async def _judged(
    instruction: Instruction, answer: str, found: Sequence[Verdict], judge: Judge
) -> Verification:
    from raif.verdicts.questions import judged  # brings asyncio, which checks by code do without

    return summary(instruction, await judged(instruction, answer, found, judge))


def _checked(instruction: Instruction, answer: str | None, *, loose: bool = True) -> list[Verdict]:
    """Verdicts by code, on questions (unjudged, or failed without an answer), and on a solution."""
    found = verdicts(instruction.constraints, answer, instruction.semantics, loose=loose)
    failed = _failure(answer)
    for number, _ in enumerate(instruction.questions, 1):
        unjudged = Verdict(f"question:{number}", None, None, NO_JUDGE)
        found.append(_fails(unjudged.id, failed) if failed else unjudged)
    return found + solution(instruction, answer or "")


def verdicts(
    constraints: Sequence[Constraint],
    answer: str | None,
    semantics: str = "official",
    *,
    loose: bool = True,
) -> list[Verdict]:
    """One verdict for each constraint, in order. `answer` is None if the response never got to one.

    In the dialect `raif`, the answer is what a reader sees of it: hidden characters and comments don't count.
    """
    if answer is not None and semantics in ("raif", "zh"):
        answer = visible(answer)
    kinds = [find(item.id, semantics) for item in constraints]
    bound = [(kind, kind.bind(item.kwargs)) for kind, item in zip(kinds, constraints, strict=True)]
    if failed := _failure(answer):
        return [_fails(kind.id, failed) for kind, _ in bound]
    return [_verdict(kind, kwargs, answer or "", loose) for kind, kwargs in bound]


def _verdict(kind: Kind, kwargs: dict[str, Any], answer: str, loose: bool) -> Verdict:
    outcome = _check(kind, answer, kwargs)
    passed_loose = outcome.passed if loose else None
    if passed_loose is False:
        _, *looser = loosened(answer)
        passed_loose = _any(_check(kind, variant, kwargs).passed for variant in looser)
    return Verdict(kind.id, outcome.passed, passed_loose, outcome.reason)


def _check(kind: Kind, answer: str, kwargs: dict[str, Any]) -> Outcome:
    try:
        return kind.check(answer, **kwargs)
    except TimeoutError as error:  # a slow regex of the user's, or a text made to be slow
        return Outcome(None, f"could not be judged: {error}")


def loosened(response: str) -> list[str]:
    """The response, then its non-blank variants: without `*`, first line, last line, or several of them."""
    lines = response.split("\n")
    trimmed = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    plain = [response, *trimmed]
    variants = plain + [variant.replace("*", "") for variant in plain]
    return [response, *dict.fromkeys(v for v in variants if v.strip() and v != response)]


def summary(instruction: Instruction, found: Sequence[Verdict]) -> Verification:
    """What verdicts, in the order of the instruction's checks, add up to. Inactive ones don't count."""
    strict, loose = [verdict.passed for verdict in found], [verdict.passed_loose for verdict in found]
    if instruction.composition is None:
        return _summed(found, strict, loose)
    counts = active(instruction.composition, strict)
    shown = [v if counted else replace(v, active=False) for v, counted in zip(found, counts, strict=True)]
    loose = list(compress(loose, active(instruction.composition, loose)))
    return _summed(shown, list(compress(strict, counts)), loose)


def _summed(
    shown: Sequence[Verdict], strict: Sequence[bool | None], loose: Sequence[bool | None]
) -> Verification:
    decided = [passed for passed in strict if passed is not None]
    fraction = sum(decided) / len(decided) if decided else None
    return Verification(tuple(shown), all_pass(strict), all_pass(loose), fraction)


def _any(passed: Iterable[bool | None]) -> bool | None:
    """True if one passes, None if that can't be said. Looks no further than the first that passes."""
    unjudged = False
    for one in passed:
        if one:
            return True
        unjudged |= one is None
    return None if unjudged else False


def all_pass(passed: Sequence[bool | None]) -> bool | None:
    """False if any failed, True if all passed, None if that can't be said."""
    if False in passed:
        return False
    return None if None in passed or not passed else True


def _one_turn(instruction: Instruction) -> None:
    if instruction.then:
        raise RecordError(f"{instruction.id}: it has {1 + len(instruction.then)} turns, not one", SEVERAL)


def _failure(answer: str | None) -> str:
    if answer is None:
        return NO_ANSWER
    return "" if answer.strip() else EMPTY


def _fails(id: str, reason: str) -> Verdict:
    return Verdict(id, False, False, reason)
