import math

import pytest

from raif.client.chat import Reply
from raif.judge.judgment import read


def by_text(text: str, *, truncated: bool = False) -> bool | None:
    return read(Reply(text, None, truncated)).passed


def by_first(**candidates: float) -> tuple[bool | None, float | None]:
    """The verdict on a reply whose first token has these probabilities; its text says nothing."""
    first = tuple((token.replace("_", " "), math.log(p)) for token, p in candidates.items())
    judgment = read(Reply("well", None, False, first))
    return judgment.passed, judgment.margin


def test_the_likelier_answer_is_the_verdict() -> None:
    assert by_first(Yes=0.6, No=0.3) == (True, pytest.approx(math.log(2)))
    assert by_first(No=0.6, Yes=0.3) == (False, pytest.approx(-math.log(2)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NO - because it rhymes.", False),
        ("NO — it rhymes", False),
        ("Yes because it rhymes.", True),
        ("The final answer to the question is **NO**, since it rhymes.", False),
        ("答案: 是", True),
        ("结论为：不是。", False),
        ("答案是：满足。", None),
        ("No one knows.", None),
        ("The answer is no longer needed.", None),
        ("NO. The answer is Yes, but the text says no.", None),
    ],
)
def test_what_is_called_the_answer_is_read(text: str, said: bool | None) -> None:
    assert by_text(text) is said


def test_equal_probabilities_do_not_pass() -> None:
    assert by_first(Yes=0.5, No=0.5)[0] is False


def test_the_spellings_of_an_answer_are_summed() -> None:
    passed, margin = by_first(No=0.4, Yes=0.3, yes=0.2, _YES=0.1)
    assert passed
    assert margin == pytest.approx(math.log(0.6 / 0.4))


def test_chinese_answers_are_summed_with_english_ones() -> None:
    passed, margin = by_first(否=0.4, 是=0.3, 是的=0.2, Yes=0.1)
    assert passed
    assert margin == pytest.approx(math.log(0.6 / 0.4))


def test_an_answer_outside_the_candidates_is_at_most_as_likely_as_the_last_of_them() -> None:
    assert by_first(No=0.9, maybe=0.01) == (False, pytest.approx(-math.log(90)))


def test_the_text_decides_if_the_first_token_is_not_an_answer() -> None:
    first = (("<think>", -0.001), ("No", -9.0))
    judgment = read(Reply("<think>Both are there.</think>\nYes", None, False, first))
    assert (judgment.passed, judgment.margin) == (True, None)


def test_the_text_decides_if_there_is_a_single_candidate() -> None:
    """A server that gives no others says nothing of how likely the other answer was."""
    assert read(Reply("Yes", None, False, (("Yes", -0.01),))).passed is True
    assert read(Reply("No.", None, False, (("No", -0.01),))).passed is False


def test_a_candidate_with_probability_zero_is_allowed() -> None:
    assert read(Reply("", None, False, (("Yes", 0.0), ("No", -9999.0)))).passed is True


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes.",
        "**Yes**",
        "YES, it does.",
        "是",
        "是的。",
        "是，符合。",
        "Reasons.\n\nAnswer: yes",
        "答案：是",
    ],
)
def test_texts_that_say_yes(text: str) -> None:
    assert by_text(text) is True


@pytest.mark.parametrize(
    "text", ["no", " No!", "No, it says yes instead", "否", "不是。", "分析……\n否", "答案：不是"]
)
def test_texts_that_say_no(text: str) -> None:
    assert by_text(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "perhaps",
        "nothing",
        "yesterday",
        "No problem with it",
        "I can't say yes or no",
        "是否符合要求",
        "这不是",
        "Yes.\nOn reflection:\nNo.",
    ],
)
def test_texts_that_say_neither(text: str) -> None:
    assert by_text(text) is None


def test_the_end_of_a_truncated_text_says_nothing() -> None:
    assert by_text("It asks whether there is a title:\nno", truncated=True) is None
