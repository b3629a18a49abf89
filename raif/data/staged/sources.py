"""Where seeds and math problems come from: rows of files and data sets, and the request that a row holds."""

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

SourceRow = Mapping[str, Any]


def rows(source: SourceConfig) -> Iterator[SourceRow]:
    """The rows of a source, up to its limit. Raises RecordError if it can't be read."""
    if source.path:
        found = _file(source.path)
    elif source.dataset:
        require("datasets", extra="data")
        from datasets import load_dataset

        found = iter(load_dataset(source.dataset, split=source.split, streaming=True))
    else:
        found = (seed.model_dump() for seed in all_seeds())
    return islice(found, source.limit)


def name_of(source: SourceConfig) -> str:
    return source.dataset or (source.path.name if source.path else "packaged")


def _file(path: Path) -> Iterator[SourceRow]:
    if path.suffix not in _READERS:
        raise RecordError(f"{path}: no reader for {path.suffix!r}", did_you_mean(path.suffix, _READERS))
    try:
        yield from _READERS[path.suffix](path)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None


def _jsonl(path: Path) -> Iterator[SourceRow]:
    return (found for _, found in jsonl.objects(path))


def _json(path: Path) -> Iterator[SourceRow]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RecordError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise RecordError(f"{path}: not a list of objects")
    return iter(found)


def _csv(path: Path) -> Iterator[SourceRow]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def _parquet(path: Path) -> Iterator[SourceRow]:
    require("pyarrow", extra="data")
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


_READERS: dict[str, Callable[[Path], Iterator[SourceRow]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}


class UserRequest(NamedTuple):
    """What the user of a row asks first; later turns are ignored."""

    text: str
    language: str | None = None
    """As the row gives it, a name or a code."""
    flag: str | None = None
    """Why the row should not be used, according to the row."""


def first_request(row: SourceRow, layout: Layout) -> UserRequest | None:
    """The first user turn of a row. None if the row has none in this layout."""
    if layout == "auto":
        layout = next((name for name, fields in _TELLING.items() if fields <= row.keys()), "prompt")
    return _LAYOUTS[layout](row)


def _wildchat(row: SourceRow) -> UserRequest | None:
    """WildChat: a `conversation` of turns. The row and each turn have `language`, `toxic` and `redacted`."""
    turn = _first_turn(row.get("conversation"))
    if turn is None:
        return None
    flags = [name for name in ("toxic", "redacted") if row.get(name) or turn.get(name)]
    language = turn.get("language") or row.get("language")
    return UserRequest(turn["content"], language, flags[0] if flags else None)


def _alpaca(row: SourceRow) -> UserRequest | None:
    """Alpaca: `instruction`, and perhaps `input`."""
    instruction, more = (str(row.get(name) or "").strip() for name in ("instruction", "input"))
    text = "\n\n".join(filter(None, (instruction, more)))
    return UserRequest(text, row.get("language")) if instruction else None


def _messages(row: SourceRow) -> UserRequest | None:
    turn = _first_turn(row.get("messages"))
    return None if turn is None else UserRequest(turn["content"], row.get("language"))


def _prompt(row: SourceRow) -> UserRequest | None:
    text = row.get("prompt") or row.get("question")
    return UserRequest(text, row.get("language")) if isinstance(text, str) else None


def _first_turn(turns: Any) -> Mapping[str, Any] | None:
    """The first turn, if it is the user's and has text: a later one makes no sense without the others."""
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
_LAYOUTS: dict[Layout, Callable[[SourceRow], UserRequest | None]] = {
    "wildchat": _wildchat,
    "alpaca": _alpaca,
    "messages": _messages,
    "prompt": _prompt,
}
