"""CELLO's four scores of one answer: format, use of the input, phrases of the task, and counts.

He et al. 2024, https://arxiv.org/abs/2309.09150. A score is in [0, 1], or None where it does not apply.
Equal to the official scorers, quirks included, but nothing of an answer is executed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from raif.errors import ConstraintError
from raif.eval.benchmarks.cello.count import count_score
from raif.eval.benchmarks.cello.criteria import NOT_APPLICABLE, Criteria, Criterion, first, mean
from raif.eval.benchmarks.cello.parse import parses
from raif.text.bleu import character_bleu


class Scores(NamedTuple):
    """What one answer scores by each of the four scorers."""

    format: float | None
    input: float | None
    task: float | None
    count_limit: float | None


def scores(
    criteria: Criteria,
    answer: object,
    *,
    input_text: object = None,
    histories: Sequence[Sequence[object]] = (),
) -> Scores:
    """All four. An answer that is no text scores 0, even where a scorer does not apply.

    `input_text` is the source that the answer should not copy; "NULL", or what is no text, is none.
    `histories` are the earlier turns, (question, answer). In the published result files the last of them
    is the answer itself, so that every revision passes; RAIF passes the turns before it.
    ConstraintError where the criteria can't be used, on which the official scorers raise.
    """
    return Scores(
        format_score(answer, criteria.format),
        input_score(answer, criteria.input, input_text),
        coverage(answer, criteria.task),
        count_score(answer, criteria.count, histories=histories, lang=criteria.lang),
    )


def format_score(answer: object, criteria: Sequence[Criterion]) -> float | None:
    """Mean of whether the answer can be parsed as asked, and its coverage of keywords."""
    if not isinstance(answer, str):
        return 0.0
    wanted = first(criteria, "resolve")
    parsed = None if wanted is None or wanted.limit == "" else float(parses(answer, wanted.limit))
    return mean((parsed, coverage(answer, criteria)))


def input_score(answer: object, criteria: Sequence[Criterion], input_text: object) -> float | None:
    """Coverage of keywords, the less the more the answer copies of the input."""
    covered = coverage(answer, criteria)
    copied = isinstance(answer, str) and isinstance(input_text, str) and input_text != NOT_APPLICABLE
    if not covered or not copied:
        return covered
    return (1 - character_bleu(str(answer), str(input_text))) * covered


def coverage(answer: object, criteria: Sequence[Criterion]) -> float | None:
    """Share of the keywords that the answer contains; a limit that is one text is taken by its characters."""
    if not isinstance(answer, str):
        return 0.0
    found = first(criteria, "keywords")
    if found is None and any(one.criterion == NOT_APPLICABLE for one in criteria):
        return None
    keywords = found.limit if found else None
    if not isinstance(keywords, str | list) or not keywords:
        raise ConstraintError("keywords: missing or empty", "Every list has `keywords`, or `NULL` for none.")
    return sum(keyword in answer for keyword in keywords) / len(keywords)
