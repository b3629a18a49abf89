from typing import Any

import pytest

from raif.constraints import KINDS, Outcome
from raif.types import Composition, Constraint, Instruction, Message, Question, Verdict
from raif.verdicts.checks import EMPTY, NO_ANSWER, NO_JUDGE, loosened, summary, verdicts, verify

NO_COMMA = Constraint(id="punctuation:no_comma")
TWO_BULLETS = Constraint(id="detectable_format:number_bullet_lists", kwargs={"num_bullets": 2})


def instruction(
    *constraints: Constraint, questions: int = 0, composition: Composition | None = None
) -> Instruction:
    return Instruction(
        id="x",
        messages=(Message(role="user", content="Hi"),),
        constraints=constraints,
        questions=tuple(Question(text="Good?") for _ in range(questions)),
        composition=composition,
    )


def test_loose_variants_drop_lines_and_asterisks() -> None:
    assert loosened("Sure:\n*a*\nb\nBye") == [
        "Sure:\n*a*\nb\nBye",
        "*a*\nb\nBye",
        "Sure:\n*a*\nb",
        "*a*\nb",
        "Sure:\na\nb\nBye",
        "a\nb\nBye",
        "Sure:\na\nb",
        "a\nb",
    ]


def test_blank_and_repeated_variants_are_left_out() -> None:
    assert loosened("one line") == ["one line"]


def test_only_the_response_itself_stays_unstripped() -> None:
    assert loosened(" *a* \n b ")[:2] == [" *a* \n b ", "b"]


def test_each_check_chooses_its_own_variant() -> None:
    found = verdicts([NO_COMMA, TWO_BULLETS], "Well, then\n* a\n* b\n* c")
    assert [(v.passed, v.passed_loose) for v in found] == [(False, True), (False, True)]


def test_repeated_ids_keep_their_positions() -> None:
    three = Constraint(id=TWO_BULLETS.id, kwargs={"num_bullets": 3})
    assert [v.passed for v in verdicts([TWO_BULLETS, three], "* a\n* b")] == [True, False]


def test_empty_answer_fails_everything() -> None:
    found = verify(instruction(NO_COMMA, questions=1), " \n")
    assert [(v.passed, v.passed_loose, v.reason) for v in found.verdicts] == [(False, False, EMPTY)] * 2


def test_thinking_is_no_part_of_the_answer() -> None:
    response = "<think>a, b</think><answer>none</answer>"
    assert verify(instruction(NO_COMMA), response, think="tagged").followed
    assert not verify(instruction(NO_COMMA), response).followed


def test_response_without_an_answer_fails_and_says_so() -> None:
    found = verify(instruction(NO_COMMA), "<think>still thinking", think="deepseek")
    assert found.verdicts[0] == Verdict(NO_COMMA.id, False, False, NO_ANSWER)
    assert (found.followed, found.fraction) == (False, 0)


def test_question_without_a_judge_is_neither_passed_nor_failed() -> None:
    found = verify(instruction(NO_COMMA, questions=1), "fine")
    assert found.verdicts[1] == Verdict("question:1", None, None, NO_JUDGE)
    assert (found.followed, found.fraction) == (None, 1)


def test_one_failure_decides_where_others_are_unjudged() -> None:
    assert verify(instruction(NO_COMMA, questions=1), "a, b").followed is False


def test_without_checks_nothing_can_be_said() -> None:
    found = verify(instruction(), "fine")
    assert (found.followed, found.followed_loose, found.fraction) == (None, None, None)


def test_branch_that_was_not_selected_is_left_out() -> None:
    branches = Composition(kind="selection", parts=(0, 1), selected=0)
    found = verify(instruction(NO_COMMA, TWO_BULLETS, composition=branches), "no bullets")
    assert (found.followed, found.fraction) == (True, 1)
    assert found.verdicts[1].passed is False


def test_chain_is_cut_by_strict_and_loose_verdicts_apart() -> None:
    chain = instruction(NO_COMMA, TWO_BULLETS, composition=Composition(kind="chain", parts=(0, 1)))
    found = summary(chain, [Verdict("a", False, True, ""), Verdict("b", True, True, "")])
    assert (found.followed, found.followed_loose, found.fraction) == (False, True, 0)


def test_without_loose_only_the_strict_verdict_is_given() -> None:
    found = verify(instruction(NO_COMMA), "Well, then\nfine", loose=False)
    assert [(v.passed, v.passed_loose) for v in found.verdicts] == [(False, None)]
    assert (found.followed, found.followed_loose) == (False, None)


def test_check_that_takes_too_long_is_neither_passed_nor_failed() -> None:
    endless = Constraint(id="keywords:existence", kwargs={"keywords": ["(a|a)+$"]})
    (found,) = verdicts([endless], "a" * 40 + "b", "official")
    assert (found.passed, found.passed_loose) == (None, None)
    assert "'(a|a)+$' takes too long" in found.reason


@pytest.mark.parametrize(
    ("slow", "right", "loosely"),
    [
        ((), (), False),
        ((), ("a",), True),
        (("b",), (), None),
        (("a",), (), None),
        (("b",), ("a",), True),
        (("a",), ("b",), True),
    ],
)
def test_one_variant_that_passes_decides_and_one_that_takes_too_long_leaves_it_open(
    monkeypatch: pytest.MonkeyPatch, slow: tuple[str, ...], right: tuple[str, ...], loosely: bool | None
) -> None:
    """The answer is two lines, so its variants are the second line and the first."""

    def check(response: str) -> Any:
        if response in slow:
            raise TimeoutError("too slow")
        return Outcome(response in right, "")

    monkeypatch.setitem(vars(KINDS[NO_COMMA.id]), "check", check)
    (found,) = verdicts([NO_COMMA], "a\nb")
    assert (found.passed, found.passed_loose) == (False, loosely)


def test_no_variant_is_checked_after_one_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def check(response: str) -> Any:
        checked.append(response)
        return Outcome(response == "b", "")

    monkeypatch.setitem(vars(KINDS[NO_COMMA.id]), "check", check)
    verdicts([NO_COMMA], "a\nb")
    assert checked == ["a\nb", "b"]


def test_loose_totals_leave_out_what_the_composition_does_and_are_open_if_a_verdict_is() -> None:
    yes, no, unjudged = (Verdict("a", said, said, "") for said in (True, False, None))
    pair = instruction(NO_COMMA, TWO_BULLETS)
    assert [
        summary(pair, found).followed_loose for found in ((yes, yes), (yes, unjudged), (no, unjudged))
    ] == [
        True,
        None,
        False,
    ]
    branches = instruction(
        NO_COMMA, TWO_BULLETS, composition=Composition(kind="selection", parts=(0, 1), selected=0)
    )
    found = summary(branches, [yes, no])
    assert found.followed_loose is True
    assert [verdict.active for verdict in found.verdicts] == [True, False]


def test_loose_verdicts_are_given_unless_they_are_declined() -> None:
    (strict,) = verify(instruction(NO_COMMA), "Well, then\nno").verdicts
    assert (strict.passed, strict.passed_loose) == (False, True)
    (strict,) = verify(instruction(NO_COMMA), "Well, then\nno", loose=False).verdicts
    assert (strict.passed, strict.passed_loose) == (False, None)


def test_the_checks_are_ifevals_unless_others_are_named() -> None:
    regex = Constraint(id="keywords:existence", kwargs={"keywords": ["a.c"]})
    found = [
        verdicts([regex], "abc", *semantics)[0].passed for semantics in ((), ("official",), ("reference",))
    ]
    assert found == [True, True, False]
