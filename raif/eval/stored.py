"""Answers and judgments that were made before, by us or by another program, as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from raif.files import jsonl


class StoredAnswer(BaseModel):
    """An answer to the item with this id or key, else to the one with this prompt."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str | None = None
    key: str | None = None
    prompt: str | None = None
    response: str
    reasoning: str | None = None
    truncated: bool = False


class StoredJudgment(BaseModel):
    """What the judge replied to the request `key` of the item `id`."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str
    key: str
    reply: str


def answers_in(path: Path) -> Iterable[StoredAnswer]:
    """RecordError at the first line that is none."""
    return jsonl.read(path, StoredAnswer)


def judgments_in(path: Path) -> Iterable[StoredJudgment]:
    """RecordError at the first line that is none."""
    return jsonl.read(path, StoredJudgment)
