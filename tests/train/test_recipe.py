"""Each numbered rule of the recipe's sections 3 to 6, as the code that trains applies it."""

from __future__ import annotations

import pytest

from raif.text.final_answer import equal, last_boxed
from raif.types import Composition, Constraint, Instruction, Message, Question
from raif.verdicts.checks import verify
from tests.verdicts.paper import paper_reward

NO_COMMA = Constraint(id="punctuation:no_comma")
LOWER = Constraint(id="change_case:english_lowercase")
TITLE = Constraint(id="detectable_format:title")
GOOD = "<think>\nNo comma, then.\n</think>\n<answer>\n{}\n</answer>"


def record(*constraints: Constraint, **fields: object) -> Instruction:
    values = {
        "id": "r",
        "messages": (Message(role="user", content="Hi"),),
        "constraints": constraints,
        **fields,
    }
    return Instruction.model_validate(values)


def scored(instruction: Instruction, text: str, *, thinking: bool = True) -> tuple[float, float]:
    found = paper_reward(instruction, text, thinking=thinking)
    assert found
    return found.format, found.accuracy


def test_format_is_one_for_each_tag_once_in_order() -> None:
    assert scored(record(NO_COMMA), GOOD.format("Fine")) == (1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nhm\n</think>\nFine",
        "<answer>\nFine\n</answer>\n<think>\nhm\n</think>",
        "<think>\n<think>\nhm\n</think>\n<answer>\nFine\n</answer>",
        "<think>\nhm, never closed",
    ],
)
def test_a_wrong_format_costs_both_parts(text: str) -> None:
    assert scored(record(NO_COMMA), text) == (-1, -2)


def test_accuracy_is_two_for_all_minus_two_for_none_else_the_fraction() -> None:
    instruction = record(NO_COMMA, TITLE)
    assert scored(instruction, GOOD.format("<<A>>\nb"))[1] == 2
    assert scored(instruction, GOOD.format("a, b"))[1] == -2
    assert scored(instruction, GOOD.format("a b"))[1] == 0.5


@pytest.mark.parametrize("thinking", ["", "  ", "reasoning process here"])
def test_empty_or_placeholder_thinking_has_the_lowest_accuracy(thinking: str) -> None:
    text = f"<think>{thinking}</think><answer>Fine</answer>"
    assert scored(record(NO_COMMA), text) == (1, -2)


def test_a_plain_response_is_judged_by_its_answer_alone() -> None:
    text = "<think>\n\n</think>\n<answer>\nFine\n</answer>"
    assert scored(record(NO_COMMA), text, thinking=False) == (1, 2)


def test_an_empty_answer_has_the_lowest_accuracy() -> None:
    assert scored(record(NO_COMMA), GOOD.format(" ")) == (1, -2)


def test_only_active_checks_count() -> None:
    choice = Composition(kind="selection", parts=(0, 1), selected=0)
    assert scored(record(NO_COMMA, TITLE, composition=choice), GOOD.format("a b"))[1] == 2


def test_the_reward_is_of_the_strict_verdict() -> None:
    stray = "Sure, here it is:\nall lower and no comma"
    instruction = record(NO_COMMA)
    assert verify(instruction, stray).followed_loose
    assert scored(instruction, GOOD.format(stray))[1] == -2


def test_a_task_without_format_always_has_the_format_reward() -> None:
    assert (
        scored(record(NO_COMMA, format_required=False), "<think>a</think><answer>Fine</answer> x<answer>")[0]
        == 1
    )


def test_questions_without_a_judge_are_never_a_score() -> None:
    instruction = record(questions=(Question(text="Is it kind?"),))
    assert paper_reward(instruction, GOOD.format("Fine")) is None


@pytest.mark.parametrize(
    ("answer", "accuracy"),
    [
        (r"so \boxed{ \frac{1}{2} }", 2),
        (r"\boxed{\frac{1}{2}} or \boxed{\frac13}", -1.5),
        ("one half", -2),
        (r"\boxed{1", -2),
    ],
)
def test_math_is_two_or_minus_one_and_a_half_or_minus_two_without_a_box(answer: str, accuracy: float) -> None:
    pytest.importorskip("math_verify", reason="needs raif[math]")
    instruction = record(task="math", reference=r"\frac{1}{2}")
    assert scored(instruction, GOOD.format(answer)) == (1, accuracy)


def test_the_last_box_counts_and_its_braces_may_nest() -> None:
    assert last_boxed(r"\boxed{1} then \boxed{\sqrt{2}{3}} end") == r"\sqrt{2}{3}"
    assert last_boxed("none") is None
    assert equal(r"\left( 1,\ 2 \right)", "(1,2)")
