"""Answers and judgments that exist already, and the files that benchmarks are released in.

Our own files are JSON Lines. Several benchmarks are released as one JSON list of records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from raif.errors import RecordError
from raif.files import jsonl
from raif.files import rows as files
from raif.files.jsonl import Model
from raif.records.layout import whole
from raif.verdicts.answers import answer_of

Id = Annotated[str, BeforeValidator(whole)]
"""Text or a number; 300.0 is what a column with gaps makes of 300."""


class StoredAnswer(BaseModel):
    """An answer to the item with this id or key, else to the one with this prompt, whatever white space is
    around it. `response` is None if the model gave none."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: Id | None = None
    key: Id | None = None
    prompt: str | None = None
    response: str | None
    reasoning: str | None = None
    truncated: bool = False

    @property
    def name(self) -> str | None:
        """What its item is called, if it says so."""
        return self.id or self.key


class StoredJudgment(BaseModel):
    """What the judge replied to the request `key` about the item `id`."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str
    key: str
    reply: str


@contextmanager
def released(where: str) -> Iterator[None]:
    """Read a record of a benchmark's own format. Raises RecordError if it is none."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise RecordError(
            f"{where}: not in the format that the benchmark is released in: {what}",
            "docs/judged-benchmarks.md has all formats.",
        ) from None


def answers(path: Path) -> Iterator[StoredAnswer]:
    """The answers of a file of rows."""
    for where, row in rows(path):
        yield jsonl.parse(row, StoredAnswer, where)


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file, with where they stand. What harnesses and batches have written, such as the samples
    of lm-evaluation-harness, becomes rows like ours; a request that failed there has no response.
    """
    for where, row in files.rows(path):
        yield where, row if isinstance(row.get("response"), str) else _restated(row, where)


def _restated(row: dict[str, Any], where: str) -> dict[str, Any]:
    """A row that was written by no such program stays as it is."""
    try:
        found = answer_of(row, where)
    except RecordError:
        return row
    if several := found.given.get("responses"):
        raise RecordError(
            f"{where}: {len(several)} responses to one prompt, and an evaluation scores one",
            "Give each sample a file of its own, or check all of them with `raif verify`.",
        )
    if not found.failed and "response" not in found.given:
        return row
    return {"id": found.id, "prompt": found.prompt, "response": found.given.get("response")}


def records(path: Path, *fields: str) -> list[dict[str, Any]]:
    """The records of a JSON list. Raises RecordError if one lacks a field."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise RecordError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, list):
        raise RecordError(f"{path}: not a JSON list")
    for number, record in enumerate(found):
        if not isinstance(record, dict):
            raise RecordError(f"{path}: record {number}: not an object")
        for field in fields:
            if field not in record:
                raise RecordError(f"{path}: record {number}: no {field!r}")
    return found


def parsed(path: Path, model: type[Model]) -> list[Model]:
    """The records of a JSON list as `model`. RecordError names the invalid record and field."""
    return [jsonl.parse(record, model, f"{path}: record {n}") for n, record in enumerate(records(path))]
