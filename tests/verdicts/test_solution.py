"""Tasks with a right answer: math and knights and knaves, as verdicts and as rewards."""

from __future__ import annotations

from typing import Any

import pytest

from raif import records
from raif.errors import RecordError
from raif.text.final_answer import roles
from raif.types import Instruction, Message
from raif.verdicts import math_check
from raif.verdicts.checks import verify
from raif.verdicts.math_check import Checked
from raif.verdicts.solution import UNREADABLE
from tests.verdicts.paper import paper_reward

RIGHT = "(1) Zoey is a knight\n(2) Oliver is a knave"


def record(task: str, reference: str) -> Instruction:
    fields: dict[str, Any] = {"id": "r", "task": task, "reference": reference}
    return Instruction(messages=(Message(role="user", content="Hi"),), **fields)


def earned(instruction: Instruction, answer: str) -> float | None:
    found = paper_reward(instruction, f"<think>\nhm\n</think>\n<answer>\n{answer}\n</answer>")
    return found and found.accuracy


@pytest.mark.parametrize(
    ("answer", "accuracy"),
    [
        (RIGHT, 2),
        ("**Oliver** is a **knave**, and ZOEY is a KNIGHT.", 2),
        ("Zoey is a knave, no: Zoey is a knight. Oliver is a knave.", 2),
        ("Zoey is a knave. Oliver is a knave.", -1.5),
        ("Oliver is a knave.", -2),
        ("I can't tell.", -2),
    ],
)
def test_kk_is_two_or_minus_one_and_a_half_or_minus_two_where_somebody_is_left_out(
    answer: str, accuracy: float
) -> None:
    assert earned(record("kk", RIGHT), answer) == accuracy


def test_roles_are_read_in_any_letter_case_and_the_last_one_counts() -> None:
    assert roles("ann is a Knight. Ann is a knave; Bo is a knight") == {"ann": "knave", "bo": "knight"}


def test_the_verdict_of_a_solution_is_shared_by_verify() -> None:
    (verdict,) = verify(record("math", "42"), r"So \boxed{42}").verdicts
    assert (verdict.id, verdict.passed) == ("math:answer", True)
    (verdict,) = verify(record("math", "42"), "So 42").verdicts
    assert (verdict.passed, verdict.reason) == (False, UNREADABLE)


def test_a_failed_check_is_no_verdict_and_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_check, "equal", lambda *_: Checked(None, "math check timed out"))
    instruction = record("math", "42")
    found = verify(instruction, r"\boxed{41}")
    assert (found.followed, found.fraction, found.verdicts[0].reason) == (None, None, "math check timed out")
    assert earned(instruction, r"\boxed{41}") is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"task": "math"}, "reference: the task math needs the right answer"),
        ({"task": "kk", "reference": "Zoey"}, "reference: assigns no roles"),
    ],
)
def test_a_problem_without_its_right_answer_is_refused(fields: dict[str, str], said: str) -> None:
    line = {"id": "a", "messages": [{"role": "user", "content": "Hi"}], **fields}
    with pytest.raises(RecordError, match=said):
        records.instruction(line, "f:1")


def test_kk_of_the_released_data_is_read() -> None:
    text = "<|im_start|>user\nWho is what?<|im_end|>\n<|im_start|>assistant\n<think>"
    found = records.instruction({"input": text, "target": RIGHT, "task": "kk"}, "f:1")
    assert (found.task, found.reference) == ("kk", RIGHT)
