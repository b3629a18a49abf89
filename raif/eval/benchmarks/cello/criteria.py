"""What CELLO's data says of an answer: criteria, each a name with a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

NOT_APPLICABLE = "NULL"


class Criterion(BaseModel):
    """`limit` is whatever the criterion compares with: a number, words, pairs of text and count."""

    model_config = ConfigDict(frozen=True)
    criterion: str
    limit: Any = None


class Criteria(BaseModel):
    """The criteria of one item of the data, one list for each scorer; `lang` is "ch" or "eg" (English)."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)
    format: tuple[Criterion, ...] = Field(alias="Answer_format")
    input: tuple[Criterion, ...] = Field(alias="Input_depdent_query")
    task: tuple[Criterion, ...] = Field(alias="Task_prescribed_phrases")
    count: tuple[Criterion, ...] = Field(alias="Count_limit")
    lang: str = "ch"


def first(criteria: Sequence[Criterion], *names: str) -> Criterion | None:
    """The first of the names, unless NULL stands before it."""
    for one in criteria:
        if one.criterion in names:
            return one
        if one.criterion == NOT_APPLICABLE:
            return None
    return None


def mean(scores: Iterable[float | None]) -> float | None:
    """Over those that apply; None where none does."""
    applicable = [score for score in scores if score is not None]
    return sum(applicable) / len(applicable) if applicable else None
