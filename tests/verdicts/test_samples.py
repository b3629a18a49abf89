"""pass@k against what drawing answers gives, and what several answers add up to."""

from __future__ import annotations

from itertools import combinations

import pytest

from raif.types import Verification
from raif.verdicts.samples import pass_at, sampled


@pytest.mark.parametrize("passed", range(6))
@pytest.mark.parametrize("k", range(1, 6))
def test_pass_at_k_is_the_share_of_draws_with_an_answer_that_passed(k: int, passed: int) -> None:
    draws = list(combinations(range(5), k))
    share = sum(any(answer < passed for answer in draw) for draw in draws) / len(draws)
    assert pass_at(k, 5, passed) == pytest.approx(share)


def result(followed: bool | None, fraction: float | None) -> Verification:
    return Verification((), followed, followed, fraction)


def test_unjudged_answers_are_left_out() -> None:
    found = sampled([result(None, None), result(False, 0.5), result(True, 1.0), result(True, 1.0)])
    assert found == {
        "n": 3,
        "passed": 2,
        "pass@1": pytest.approx(2 / 3),
        "pass@2": 1.0,
        "pass@3": 1.0,
        "mean": pytest.approx(2.5 / 3),
        "best": 2,
    }


def test_nothing_judged_is_nothing_known() -> None:
    assert sampled([result(None, None)]) == {"n": 0, "passed": 0, "mean": None, "best": None}
