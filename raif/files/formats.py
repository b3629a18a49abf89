"""The formats of data files: one reader each, which gives every row with the line that it stands in.

A broken line is given as what is wrong with it, and the lines after it are read. What makes a whole file
unreadable, such as a compressed file that is cut off, is raised.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

from raif.errors import RecordError, did_you_mean, require
from raif.files import jsonl

Row = dict[str, Any]
Lines = Iterator[tuple[int, Row | RecordError]]
"""Each row, or what is wrong with it, and the number of its line, or of the row where there are no lines."""

COMPRESSED = (".gz", ".zst")
TEXT = "prompt"
"""The column of a row that is nothing but a text."""
_DELIMITERS = ",;\t|"
_WRAPPERS = ("data", "rows")
"""Where a JSON object with several lists most likely holds its rows."""
_ASKING = {"prompt", "messages", "conversations", "instruction", "input", "question"}
_ANSWERING = {"doc", "__doc__", "example", "model_output", "custom_id"}
"""Columns of a row that asks something, and of a harness's. What has one is a row, whatever lists it has."""


def format_of(path: Path) -> str:
    """The format in the name, without the compression: `.csv` of `seeds.csv.gz`; "" for no format."""
    return Path(path.stem).suffix if path.suffix in COMPRESSED else path.suffix


def read(path: Path) -> Lines:
    """The rows of a file, by its name; JSON Lines if the name says nothing. Raises RecordError."""
    reader = READERS.get(format_of(path), jsonl.lines)
    try:
        yield from reader(path)
    except (EOFError, OSError, zlib.error) as error:  # OSError also for a compressed file that is damaged
        raise RecordError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def is_lines(path: Path) -> bool:
    """Whether the name is one of JSON Lines, which is also what a name without a format means."""
    return not path.is_dir() and READERS.get(format_of(path), jsonl.lines) is jsonl.lines


def known(path: Path) -> bool:
    """Whether there is a reader for files of such a name. A compressed file may have none of its own."""
    return format_of(path) in READERS or (path.suffix in COMPRESSED and not format_of(path))


def unknown(path: Path) -> RecordError:
    """What to say about a file of which `known` is false."""
    return RecordError(f"{path}: no reader for {format_of(path)!r}", did_you_mean(format_of(path), READERS))


def _json(path: Path) -> Lines:
    """A list, an object that holds one, a single object, or JSON Lines under another name."""
    with jsonl.opened(path) as stream:
        first = next((line for line in stream if line.strip()), b"")
        more = any(line.strip() for line in stream)
    if more and _is_object(first):
        yield from jsonl.lines(path)
        return
    with jsonl.opened(path) as stream:
        content = stream.read()
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RecordError(f"{path}:{line}: {NOT_UTF8[0]}", NOT_UTF8[1]) from None
    except RecursionError:
        raise RecordError(f"{path}: nested too deeply") from None
    if not isinstance(found, list | dict):
        raise RecordError(f"{path}: not a list of objects")
    for number, item in enumerate(_listed(found), 1):
        yield number, _row(item, f"{path}:{number}")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _listed(found: list[Any] | Row) -> list[Any]:
    """The rows in a file's JSON: its list, the list in its object, or the object itself.

    The turns of a conversation are no rows, and neither are a prompt's kwargs. The rows of the hub's viewer
    are each in a `row` of their own.
    """
    if isinstance(found, list):
        return found
    if found.keys() & (_ASKING | _ANSWERING):
        return [found]
    lists = {
        name: value
        for name, value in found.items()
        if isinstance(value, list)
        and value
        and all(isinstance(item, dict) and not item.keys() & {"role", "from"} for item in value)
    }
    if not lists:
        return [found]
    name = next((name for name in _WRAPPERS if name in lists), max(lists, key=lambda key: len(lists[key])))
    return [item["row"] if isinstance(item.get("row"), dict) else item for item in lists[name]]


def _row(item: Any, where: str) -> Row | RecordError:
    if isinstance(item, str):
        return {TEXT: item}
    return item if isinstance(item, dict) else RecordError(f"{where}: not an object")


def _table(path: Path) -> Lines:
    """A table with a header. What separates its columns is what the header is separated by."""
    csv.field_size_limit(sys.maxsize)
    with _text_of(path) as stream:
        head = stream.readline()
        delimiter = max(_DELIMITERS, key=lambda each: len(next(csv.reader([head], delimiter=each), ())))
        table = csv.DictReader(chain([head], stream), delimiter=delimiter)
        while True:
            try:
                row = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield table.line_num, RecordError(f"{path}:{table.line_num}: {error}")
                continue
            yield table.line_num, _checked(row, f"{path}:{table.line_num}")


def _checked(row: Mapping[str | None, Any], where: str) -> Row | RecordError:
    if None in row:
        return RecordError(f"{where}: more fields than the {len(row) - 1} columns of the header")
    return _utf8({name or "": value for name, value in row.items()}, where)


def _texts(path: Path) -> Lines:
    """One text a line. Lines of JSON are read as such."""
    with _text_of(path) as stream:
        first = next((line for line in stream if line.strip()), "")
    if _is_object(first.encode(errors="surrogateescape")):
        yield from jsonl.lines(path)
        return
    with _text_of(path) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield number, _utf8({TEXT: line.strip()}, f"{path}:{number}")


def _parquet(path: Path) -> Lines:
    require("pyarrow", extra="data")
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=1024))
            yield from enumerate(chain.from_iterable(batches), 1)
    except ArrowException as error:
        raise RecordError(f"{path}: {error}") from None


NOT_UTF8 = ("not UTF-8", "Convert the file: iconv -f GB18030 -t UTF-8 for Chinese, -f CP1252 for English.")


@contextmanager
def _text_of(path: Path) -> Iterator[IO[str]]:
    """The file as text. Bytes that are not UTF-8 are kept as half surrogates, which `_utf8` finds."""
    with jsonl.opened(path) as stream:
        yield io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")


def _utf8(row: Row, where: str) -> Row | RecordError:
    texts: Iterable[str] = (text for pair in row.items() for text in pair if isinstance(text, str))
    if any("\udc80" <= letter <= "\udcff" for text in texts for letter in text if letter > "\ud7ff"):
        return RecordError(f"{where}: {NOT_UTF8[0]}", NOT_UTF8[1])
    return row


READERS: Mapping[str, Callable[[Path], Lines]] = {
    ".jsonl": jsonl.lines,
    ".ndjson": jsonl.lines,
    ".json": _json,
    ".csv": _table,
    ".tsv": _table,
    ".txt": _texts,
    ".parquet": _parquet,
}
