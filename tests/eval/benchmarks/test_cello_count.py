"""CELLO's counts in the corners: words, sentences, samples, tables, numbers and revisions."""

from __future__ import annotations

from typing import Any

import pytest

from raif.errors import ConstraintError
from raif.eval.benchmarks.cello.scores import Criterion, count_score


def count(answer: str, *pairs: tuple[str, Any], before: object = None, lang: str = "ch") -> float | None:
    histories = [] if before is None else [["q", before]]
    criteria = [Criterion(criterion=name, limit=limit) for name, limit in pairs]
    return count_score(answer, criteria, histories=histories, lang=lang)


@pytest.mark.parametrize(
    ("answer", "limit", "score"), [("茶" * 10, 8, 0.8), ("茶" * 8, 8, 1), ("茶" * 40, 8, 0.2), ("a", 0, 1)]
)
def test_word_max_loses_by_the_excess(answer: str, limit: int, score: float) -> None:
    assert count(answer, ("word-max", limit)) == pytest.approx(score)


@pytest.mark.parametrize("name", ["word-exact", "word-min-max"])
def test_exact_words_and_ranges_always_score_one(name: str) -> None:
    assert count("茶", (name, [5, 9])) == 1


@pytest.mark.parametrize(
    ("name", "limit", "score"),
    [
        ("sentence-max", 1, None),
        ("sentence-min", 2, 1),
        ("sentence-min", 4, 0.5),
        ("sentence-exact", 2, 1),
        ("sentence-exact", 3, 0),
        ("sentence-min-max", [1, 2], 1),
    ],
)
def test_chinese_sentence_needs_its_end_mark(name: str, limit: Any, score: float | None) -> None:
    assert count("一。二！三", (name, limit)) == score


@pytest.mark.parametrize(
    ("pairs", "score"),
    [
        ((("sample-number", 3),), 1),
        ((("word-min", 1), ("sample-number", 3)), 0),
        ((("sample-number", 3), ("NULL", "NULL")), None),
        ((("sample-min", [["1", 9]]), ("sample-number", 3)), 1),
        ((("sample-exact", 9), ("sample-number", 3)), None),
    ],
)
def test_sample_counts_unless_something_else_stands_first(pairs: Any, score: float | None) -> None:
    """With word-min first the sample does not apply, and the words (none) score 0."""
    assert count("1 2 3", *pairs) == score


def test_table_cuts_the_answer_for_what_follows() -> None:
    table = "9\n|a|\n|-|\n|1|\n9"
    assert count(table, ("sample-table", 1)) == 1
    assert count(table, ("sample-table", 0), ("sample-min", [["9", 1]])) == 0
    assert count("no table 9", ("sample-table", 0), ("sample-min", [["9", 1]])) == 1


@pytest.mark.parametrize(
    ("answer", "score"), [("1 2 3", 1), ("2023年3", 0), ("0３", 1), ("9" * 5000, 0), ("", 0)]
)
def test_limit_must_be_the_highest_number(answer: str, score: float) -> None:
    assert count(answer, ("sample-number", 3)) == score


@pytest.mark.parametrize(
    ("limit", "before", "score"),
    [("longer", "ab", 1), ("longer", "abc", 0), ("shorter", "ab", 1), ("shorter", "a", 0), ("longer", 7, 0)],
)
def test_revision_is_measured_against_the_answer_before(limit: str, before: object, score: float) -> None:
    assert count("xy", ("revise", limit), before=before) == score


def test_answer_before_that_is_no_text_scores_zero_without_any_revision_asked() -> None:
    assert count("x", ("NULL", "NULL"), before=7) == 0


@pytest.mark.parametrize("pairs", [(), (("sample-min", []),), (("revise", "better"),)])
def test_counts_that_the_official_scorer_raises_on_are_errors(pairs: Any) -> None:
    with pytest.raises(ConstraintError, match="Count_limit"):
        count("x", *pairs, before="y")
