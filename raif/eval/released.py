"""Files as several benchmarks are released: one JSON list of records, or one record a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raif.errors import RecordError
from raif.files import jsonl
from raif.files.jsonl import Model


def records(path: Path, *fields: str) -> list[dict[str, Any]]:
    """The records, each of which has to have the fields; RecordError otherwise."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise RecordError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, list):
        raise RecordError(f"{path}: not a JSON list")
    for number, record in enumerate(found):
        _check(record, fields, f"{path}: record {number}")
    return found


def parsed(path: Path, model: type[Model]) -> list[Model]:
    """The records, each as `model`; RecordError names the record and the field that is wrong."""
    return [jsonl.parse(record, model, f"{path}: record {n}") for n, record in enumerate(records(path))]


def lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each line is, for errors, and its record; RecordError at the first that is none."""
    for number, record in jsonl.lines(path):
        if isinstance(record, RecordError):
            raise record
        yield f"{path}:{number}", record


def _check(record: object, fields: tuple[str, ...], where: str) -> None:
    if not isinstance(record, dict):
        raise RecordError(f"{where}: not an object")
    for field in fields:
        if field not in record:
            raise RecordError(f"{where}: no {field!r}")
