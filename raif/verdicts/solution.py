"""The verdict on the answer to a problem with a right answer: the tasks `math` and `kk`."""

from __future__ import annotations

from collections.abc import Iterable

from raif.text import final_answer
from raif.text.final_answer import last_boxed
from raif.types import SOLVED, Instruction, Verdict

UNREADABLE = "no answer in the form that the task asks for"


def readable(instruction: Instruction, answer: str) -> bool:
    """Whether the answer states a solution: something boxed, or everybody's role."""
    if instruction.task == "math":
        return last_boxed(answer) is not None
    return final_answer.stated_roles(answer, instruction.reference or "") is not None


def solution(instruction: Instruction, answer: str) -> list[Verdict]:
    """One verdict (None if it can't be decided) if the task has a right answer, else no verdict."""
    if instruction.task not in SOLVED:
        return []
    id, reference = f"{instruction.task}:answer", instruction.reference or ""
    if not readable(instruction, answer):
        return [Verdict(id, False, False, UNREADABLE)]
    if instruction.task == "math":
        from raif.verdicts import math_check

        equal, reason = math_check.equal(last_boxed(answer) or "", reference)
        return [Verdict(id, equal, equal, reason)]
    right = final_answer.stated_roles(answer, reference) == final_answer.roles(reference)
    return [Verdict(id, right, right, "all roles are right" if right else "a role is wrong")]


def solve_ahead(answers: Iterable[tuple[Instruction, str]]) -> None:
    """Compare the math answers of many responses in parallel; `solution` then finds the results cached."""
    from raif.verdicts import math_check

    boxes = [(last_boxed(answer), i.reference or "") for i, answer in answers if i.task == "math"]
    math_check.equal_all((box, reference) for box, reference in boxes if box is not None)
