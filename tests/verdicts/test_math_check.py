"""Equality of mathematics in child processes: more than text, and a failure is never a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from raif.errors import MissingDependency
from raif.killable import Crashed, Killable
from raif.verdicts import math_check
from raif.verdicts.math_check import Checked, equal, equal_all

pytest.importorskip("math_verify", reason="needs raif[math]")

SLOW = "9^{9^{9^{9}}}"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (r"\frac12", "0.5"),
        (r"\frac{2}{4}", r"\frac{1}{2}"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"\{3, 1, 2\}", r"\{1,2,3\}"),
        (r"2\sqrt{2}", r"\sqrt{8}"),
    ],
)
def test_equal_is_more_than_the_same_text(answer: str, reference: str) -> None:
    assert equal(answer, reference) == Checked(True, "equal")


@pytest.mark.parametrize(("answer", "reference"), [("3", "4"), ("one half", "0.5"), ("", "1"), ("x", "y")])
def test_what_differs_is_not_equal(answer: str, reference: str) -> None:
    assert equal(answer, reference).equal is False


def test_the_same_text_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_check, "_children", None)
    assert equal("A, then B", "A,then B").equal


def test_a_comparison_that_takes_too_long_has_no_verdict_and_the_next_one_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient = Killable(Path(math_check.__file__).with_name("math_worker.py"), seconds=2)
    monkeypatch.setattr(math_check, "_children", impatient)
    assert equal(SLOW, "1") == Checked(None, "math check timed out")
    assert equal("1.0", "1").equal


def test_a_process_that_dies_has_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise Crashed

    monkeypatch.setattr(math_check._children, "ask", dies)
    assert equal("77.0", "77") == Checked(None, "math check crashed")


def test_a_reference_that_is_no_mathematics_has_no_verdict() -> None:
    assert equal("1", "") == Checked(None, "the reference answer can't be read as mathematics")


def test_many_pairs_come_back_in_their_order() -> None:
    pairs = [(f"{n}.0", str(n % 3)) for n in range(12)]
    assert [checked.equal for checked in equal_all(pairs)] == [n < 3 for n in range(12)]


def test_without_math_verify_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"raif\[math\]"):
        equal("0.50", "1/2")
    assert math_check.equal("1/2", "1 / 2").equal
