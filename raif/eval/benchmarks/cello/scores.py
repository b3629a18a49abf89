"""CELLO's four scores of one answer: format, use of the input, phrases of the task, and counts.

He et al. 2024, https://arxiv.org/abs/2309.09150. A score is in [0, 1], or None if it does not apply. Equal to
the official scorers, quirks included, but nothing in an answer is executed.
"""

from __future__ import annotations

import ast
import math
import re
import string
import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field

from raif.errors import ConstraintError
from raif.text import sentences
from raif.text.bleu import character_bleu
from raif.text.xml import flaw

NOT_APPLICABLE = "NULL"


class Criterion(BaseModel):
    """`limit` is what the criterion compares with: a number, words, or pairs of text and count."""

    model_config = ConfigDict(frozen=True)
    criterion: str
    limit: Any = None


class Criteria(BaseModel):
    """The criteria of one item, a list for each score. `lang` is "ch" or "eg" (English)."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)
    format: tuple[Criterion, ...] = Field(alias="Answer_format")
    input: tuple[Criterion, ...] = Field(alias="Input_depdent_query")
    task: tuple[Criterion, ...] = Field(alias="Task_prescribed_phrases")
    count: tuple[Criterion, ...] = Field(alias="Count_limit")
    lang: str = "ch"


def first(criteria: Sequence[Criterion], *names: str) -> Criterion | None:
    """The first criterion with one of the names, unless NULL comes before it."""
    for one in criteria:
        if one.criterion in names:
            return one
        if one.criterion == NOT_APPLICABLE:
            return None
    return None


def mean(scores: Iterable[float | None]) -> float | None:
    """The mean of the scores that apply; None if none does."""
    applicable = [score for score in scores if score is not None]
    return sum(applicable) / len(applicable) if applicable else None


class AnswerScores(NamedTuple):
    """One answer's scores."""

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
) -> AnswerScores:
    """All four. An answer that is not text scores 0, even if a score does not apply.

    `input_text`: the source that the answer should not copy; ignored if it is "NULL" or not text.
    `histories`: the earlier turns, (question, answer). In the published result files the last of them is the
    answer itself, so that every revision passes; RAIF passes the turns before it. Raises ConstraintError if
    the criteria are invalid; the official scorers crash on them.
    """
    return AnswerScores(
        format_score(answer, criteria.format),
        input_score(answer, criteria.input, input_text),
        coverage(answer, criteria.task),
        count_score(answer, criteria.count, histories=histories, lang=criteria.lang),
    )


def format_score(answer: object, criteria: Sequence[Criterion]) -> float | None:
    """Mean of whether the answer can be parsed as required, and of its coverage of keywords."""
    if not isinstance(answer, str):
        return 0.0
    wanted = first(criteria, "resolve")
    parsed = None if wanted is None or wanted.limit == "" else float(parses(answer, wanted.limit))
    return mean((parsed, coverage(answer, criteria)))


def input_score(answer: object, criteria: Sequence[Criterion], input_text: object) -> float | None:
    """Coverage of keywords, reduced by how much of the input the answer copies."""
    covered = coverage(answer, criteria)
    copied = isinstance(answer, str) and isinstance(input_text, str) and input_text != NOT_APPLICABLE
    if not covered or not copied:
        return covered
    return (1 - character_bleu(str(answer), str(input_text))) * covered


def coverage(answer: object, criteria: Sequence[Criterion]) -> float | None:
    """Share of the keywords that the answer contains. A single text as limit counts by its characters."""
    if not isinstance(answer, str):
        return 0.0
    found = first(criteria, "keywords")
    if found is None and any(one.criterion == NOT_APPLICABLE for one in criteria):
        return None
    keywords = found.limit if found else None
    if not isinstance(keywords, str | list) or not keywords:
        raise ConstraintError("keywords: missing or empty", "Every list has `keywords`, or `NULL` for none.")
    return sum(keyword in answer for keyword in keywords) / len(keywords)


_HAN = re.compile("[\u4e00-\u9fa5]")  # the authors' range, older than raif.text.han's
_SENTENCE = re.compile("[^。！？；\n]+[。！？；\n]")
_NUMBER = re.compile(r"\d+")
_LATIN = frozenset(string.ascii_letters + string.digits)
_READABLE = 4000
"""Most digits of a number that Python parses."""


def count_score(
    answer: object, criteria: Sequence[Criterion], *, histories: Sequence[Sequence[object]], lang: str
) -> float | None:
    """Mean of those of the four counts that apply, in [0, 1]; 0 if the answer is not text.

    `histories`: earlier turns, (question, answer). Raises ConstraintError without any criterion; the official
    scorer crashes then.
    """
    if not isinstance(answer, str):
        return 0.0
    if not criteria:
        raise ConstraintError("Count_limit: no criterion")
    return mean(
        (
            word_count(answer, criteria, lang),
            sample_count(answer, criteria),
            sentence_count(answer, criteria, lang),
            revision(answer, criteria, histories),
        )
    )


def word_count(answer: str, criteria: Sequence[Criterion], lang: str) -> float | None:
    """An exact number or a range always scores 1, as officially."""
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


def sentence_count(answer: str, criteria: Sequence[Criterion], lang: str) -> float | None:
    """A maximum never applies, and in Chinese a sentence without its end mark does not count."""
    found = first(criteria, "sentence-max", "sentence-min", "sentence-min-max", "sentence-exact")
    if found is None or found.criterion == "sentence-max":
        return None
    count = len(_SENTENCE.findall(answer)) if lang == "ch" else len(sentences(answer)) if lang == "eg" else 0
    if found.criterion == "sentence-min":
        return min(1.0, count / found.limit) if found.limit > 0 else 1.0
    low, high = found.limit if found.criterion == "sentence-min-max" else (found.limit, found.limit)
    return float(low <= count <= high)


def sample_count(answer: str, criteria: Sequence[Criterion]) -> float | None:
    """The best score over the criteria; a criterion of another family repeats the sample before it.

    A table reduces the answer to itself for the criteria after it.
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


def enough_texts(answer: str, pairs: Sequence[tuple[str, int]]) -> float:
    if not pairs:
        raise ConstraintError("Count_limit: sample-min has no text to look for")
    return sum(answer.count(text) >= least for text, least in pairs) / len(pairs)


def _table(answer: str) -> str:
    return answer[answer.index("|") : answer.rindex("|") + 1] if "|" in answer else answer


def table_rows(answer: str, limit: int) -> float:
    return float("|" in answer and answer.count("\n") == limit + 1)


def highest_number(answer: str, limit: int) -> float:
    """Whether the limit is the highest number in the answer. A year in it makes it fail."""
    numbers = [int(n) if len(n) <= _READABLE else math.inf for n in _NUMBER.findall(answer)]
    return float(bool(numbers) and max(numbers) == limit)


_SAMPLES: dict[str, Any] = {
    "sample-min": enough_texts,
    "sample-table": table_rows,
    "sample-number": highest_number,
}


def revision(
    answer: str, criteria: Sequence[Criterion], histories: Sequence[Sequence[object]]
) -> float | None:
    """Compared with the previous answer. If that is not text the score is 0, whatever the criteria are."""
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


_LONGEST = {"literal": 100_000, "yaml": 20_000}
"""In characters. No published answer is longer, and parsing a longer one could take seconds."""
_DEEPEST = 100
_BAD_SCALAR = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML raises besides its own errors if a date, number or boolean is malformed."""


def parses(answer: str, wanted: Any) -> bool:
    """Whether `answer` parses as `wanted`: "json", "dict", "list", "tuple", "xml" or "yaml"; else False.

    The official scorer evaluates the answer as Python, even for "json": `{"a": None}` passes, `{"a": true}`
    and code fences fail. Here only literals are read, which gives the same scores on all published answers.
    """
    read = _READERS.get(wanted) if isinstance(wanted, str) else None
    return read is not None and read(answer)


def _literal(*types: type) -> Callable[[str], bool]:
    def read(answer: str) -> bool:
        if len(answer) > _LONGEST["literal"]:
            return False
        try:
            with warnings.catch_warnings(action="ignore"):  # about escapes that Python does not know
                return isinstance(ast.literal_eval(answer), types)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return False

    return read


def _yaml(answer: str) -> bool:
    """Aliases, and a hundred open brackets, fail: parsing them can take exponential time."""
    if len(answer) > _LONGEST["yaml"] or not shallow(answer):
        return False
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(answer, yaml.SafeLoader)):
            return False
        yaml.safe_load(answer)
    except (yaml.YAMLError, *_BAD_SCALAR, RecursionError):
        return False
    return True


def shallow(answer: str) -> bool:
    """Whether so few brackets are open at once that PyYAML, if it fails, fails fast."""
    depths = accumulate((character in "[{") - (character in "]}") for character in answer)
    return max(depths, default=0) < _DEEPEST


_READERS: dict[str, Callable[[str], bool]] = {
    "json": _literal(dict),
    "dict": _literal(dict),
    "list": _literal(list),
    "tuple": _literal(tuple),
    "xml": lambda answer: flaw(answer) is None,
    "yaml": _yaml,
}
