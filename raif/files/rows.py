"""Rows of data files of any format, and of data sets on the hub, each with where it stands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from raif.errors import RecordError, require
from raif.files import jsonl

Row = dict[str, Any]
FORMATS, COMPRESSED = (".jsonl", ".json", ".csv", ".parquet"), (".gz", ".zst")


def rows(path: Path) -> Iterator[tuple[str, Row]]:
    """The rows of a file: JSON (a list of objects), CSV or Parquet by its name, else JSON Lines, which can be
    compressed (.gz, .zst). Raises RecordError if it can't be read.
    """
    match path.suffix:
        case ".json" | ".csv" | ".parquet" as suffix:
            reader = {".json": _json, ".csv": _csv, ".parquet": _parquet}[suffix]
            try:
                yield from _numbered(str(path), reader(path))
            except json.JSONDecodeError as error:
                raise RecordError(f"{path}: not JSON: {error}") from None
            except OSError as error:
                raise RecordError(f"{path}: {error.strerror or error}") from None
        case _:
            yield from jsonl.objects(path)


def of_hub(name: str, split: str, *, streaming: bool = False) -> Iterator[tuple[str, Row]]:
    """The rows of a data set of the Hugging Face hub, or in a folder that `datasets` can load."""
    require("datasets", extra="data")
    from datasets import load_dataset

    try:
        found: Iterable[Row] = load_dataset(name, split=split, streaming=streaming)
    except (OSError, ValueError) as error:  # no such data set or split, no connection
        raise RecordError(f"{name}: {str(error).splitlines()[0]}") from None
    yield from _numbered(f"{name}:{split}", found)


def _numbered(name: str, found: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    for number, row in enumerate(found, 1):
        yield f"{name}:{number}", row


def _json(path: Path) -> Iterable[Row]:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise RecordError(f"{path}: not a list of objects")
    return found


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def _parquet(path: Path) -> Iterator[Row]:
    require("pyarrow", extra="data")
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except ArrowException as error:
        raise RecordError(f"{path}: {error}") from None
