"""Rows from JSONL, JSON, Parquet, CSV and Hugging Face data sets, and the first request that a row holds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from raif.config.staged import Layout, SourceConfig
from raif.data.builtin.seeds import all_seeds
from raif.errors import RecordError, did_you_mean, require
from raif.files import jsonl

Row = Mapping[str, Any]


class Request(NamedTuple):
    """What a person asks first in a row: everything that comes later is left aside."""

    text: str
    language: str | None = None
    """As the row says it, a name or a code."""
    flag: str | None = None
    """Why the row should not be used, by its own account."""


def rows(source: SourceConfig) -> Iterator[Row]:
    """The rows of a source, up to its limit; RecordError where it can't be read."""
    return islice(_all(source), source.limit)


def name_of(source: SourceConfig) -> str:
    return source.dataset or (source.path.name if source.path else "packaged")


def _all(source: SourceConfig) -> Iterator[Row]:
    if source.path:
        return _file(source.path)
    return _dataset(source) if source.dataset else (seed.model_dump() for seed in all_seeds())


def _dataset(source: SourceConfig) -> Iterator[Row]:
    require("datasets", extra="data")
    from datasets import load_dataset

    return iter(load_dataset(source.dataset, split=source.split, streaming=True))


def _file(path: Path) -> Iterator[Row]:
    if path.suffix not in _READERS:
        raise RecordError(f"{path}: no reader for {path.suffix!r}", did_you_mean(path.suffix, _READERS))
    try:
        yield from _READERS[path.suffix](path)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None


def _jsonl(path: Path) -> Iterator[Row]:
    for _, found in jsonl.lines(path):
        if isinstance(found, RecordError):
            raise found
        yield found


def _json(path: Path) -> Iterator[Row]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RecordError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise RecordError(f"{path}: not a list of objects")
    return iter(found)


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def _parquet(path: Path) -> Iterator[Row]:
    require("pyarrow", extra="data")
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}


def request(row: Row, layout: Layout) -> Request | None:
    """The first user turn of a row; None where the layout has none in it."""
    if layout == "auto":
        layout = next((name for name, fields in _TELLING.items() if fields <= row.keys()), "prompt")
    return _LAYOUTS[layout](row)


def _wildchat(row: Row) -> Request | None:
    """WildChat: `conversation` of turns; each turn and the row have `language`, `toxic` and `redacted`."""
    turn = _first_user(row.get("conversation"))
    if turn is None:
        return None
    flags = [name for name in ("toxic", "redacted") if row.get(name) or turn.get(name)]
    return Request(turn["content"], turn.get("language") or row.get("language"), flags[0] if flags else None)


def _alpaca(row: Row) -> Request | None:
    """Alpaca: `instruction`, and `input` where it has one."""
    parts = [str(row.get(name) or "").strip() for name in ("instruction", "input")]
    return Request("\n\n".join(part for part in parts if part), row.get("language")) if parts[0] else None


def _messages(row: Row) -> Request | None:
    turn = _first_user(row.get("messages"))
    return None if turn is None else Request(turn["content"], row.get("language"))


def _prompt(row: Row) -> Request | None:
    text = row.get("prompt") or row.get("question")
    return Request(text, row.get("language")) if isinstance(text, str) else None


def _first_user(turns: Any) -> Mapping[str, Any] | None:
    """The first turn, if it is the user's and has text: a later one is not understood by itself."""
    first = next(iter(turns or ()), None)
    usable = (
        isinstance(first, Mapping) and first.get("role") == "user" and isinstance(first.get("content"), str)
    )
    return first if usable else None


_TELLING: dict[Layout, set[str]] = {
    "wildchat": {"conversation"},
    "alpaca": {"instruction", "output"},
    "messages": {"messages"},
}
_LAYOUTS: dict[Layout, Callable[[Row], Request | None]] = {
    "wildchat": _wildchat,
    "alpaca": _alpaca,
    "messages": _messages,
    "prompt": _prompt,
}
