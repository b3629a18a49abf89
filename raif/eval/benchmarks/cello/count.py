"""CELLO's count limits: words, sentences, samples, and whether a revision became longer or shorter."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from typing import Any

from raif.errors import ConstraintError
from raif.eval.benchmarks.cello.criteria import NOT_APPLICABLE, Criterion, first, mean
from raif.text import sentences

_HAN = re.compile("[\u4e00-\u9fa5]")  # the authors' range, older than raif.text.chinese's
_SENTENCE = re.compile("[^。！？；\n]+[。！？；\n]")
_NUMBER = re.compile(r"\d+")
_LATIN = frozenset(string.ascii_letters + string.digits)
_READABLE = 4000
"""Digits of a number that Python still reads."""


def count_score(
    answer: object, criteria: Sequence[Criterion], *, histories: Sequence[Sequence[object]], lang: str
) -> float | None:
    """Mean of the four counts that apply, in [0, 1]; 0 where the answer is no text.

    `histories` holds earlier turns as pairs of question and answer. ConstraintError where there is nothing
    to count by, on which the official scorer raises.
    """
    if not isinstance(answer, str):
        return 0.0
    if not criteria:
        raise ConstraintError("Count_limit: no criterion")
    return mean(
        (
            _words(answer, criteria, lang),
            _samples(answer, criteria),
            _sentences(answer, criteria, lang),
            _revision(answer, criteria, histories),
        )
    )


def _words(answer: str, criteria: Sequence[Criterion], lang: str) -> float | None:
    """An exact number and a range always score 1, as officially."""
    found = first(criteria, "word-max", "word-min", "word-exact", "word-min-max")
    if found is None:
        return None
    length = _length(answer, lang)
    if found.criterion == "word-max" and length > found.limit:
        return max(1 - (length - found.limit) / length, 0)
    return length / found.limit if found.criterion == "word-min" and length < found.limit else 1.0


def _length(answer: str, lang: str) -> int:
    """Chinese characters, or words with an ASCII letter or digit."""
    if lang == "ch":
        return len(_HAN.findall(answer))
    return sum(not _LATIN.isdisjoint(word) for word in answer.split()) if lang == "eg" else 0


def _sentences(answer: str, criteria: Sequence[Criterion], lang: str) -> float | None:
    """A maximum is never applied, and in Chinese a sentence without its end mark does not count."""
    found = first(criteria, "sentence-max", "sentence-min", "sentence-min-max", "sentence-exact")
    if found is None or found.criterion == "sentence-max":
        return None
    count = len(_SENTENCE.findall(answer)) if lang == "ch" else len(sentences(answer)) if lang == "eg" else 0
    if found.criterion == "sentence-min":
        return min(1.0, count / found.limit) if found.limit > 0 else 1.0
    low, high = found.limit if found.criterion == "sentence-min-max" else (found.limit, found.limit)
    return float(low <= count <= high)


def _samples(answer: str, criteria: Sequence[Criterion]) -> float | None:
    """The best of the scores at each criterion, where one of another family repeats the sample before it.

    A table cuts the answer down to itself for the criteria after it.
    """
    sample, scores = None, []
    for one in criteria:
        if one.criterion in _SAMPLES:
            sample = one
        elif one.criterion == NOT_APPLICABLE:
            return None
        if sample is None:
            return None
        if sample.criterion == "sample-table":
            answer = _table(answer)
        scores.append(_SAMPLES[sample.criterion](answer, sample.limit))
    return max(scores)


def _enough(answer: str, pairs: Sequence[tuple[str, int]]) -> float:
    if not pairs:
        raise ConstraintError("Count_limit: sample-min has no text to look for")
    return sum(answer.count(text) >= least for text, least in pairs) / len(pairs)


def _table(answer: str) -> str:
    return answer[answer.index("|") : answer.rindex("|") + 1] if "|" in answer else answer


def _rows(answer: str, limit: int) -> float:
    return float("|" in answer and answer.count("\n") == limit + 1)


def _highest(answer: str, limit: int) -> float:
    """Whether the limit is the highest number in the answer; a year there fails it."""
    numbers = [int(n) if len(n) <= _READABLE else math.inf for n in _NUMBER.findall(answer)]
    return float(bool(numbers) and max(numbers) == limit)


_SAMPLES: dict[str, Any] = {"sample-min": _enough, "sample-table": _rows, "sample-number": _highest}


def _revision(
    answer: str, criteria: Sequence[Criterion], histories: Sequence[Sequence[object]]
) -> float | None:
    """Against the answer before; where that is no text the score is 0, whatever the criteria are."""
    if not histories:
        return None
    before = histories[-1][1]
    if not isinstance(before, str):
        return 0.0
    found = first(criteria, "revise")
    if found is None:
        return None
    if found.limit not in ("longer", "shorter"):
        raise ConstraintError(f"Count_limit: revise is {found.limit!r}, neither 'longer' nor 'shorter'")
    grown = len(answer) - len(before)
    return float(grown >= 0 if found.limit == "longer" else grown <= 0)
