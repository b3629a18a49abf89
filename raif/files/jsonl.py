"""JSON Lines in and out, as a stream, by the library jsonlines.

What it adds: each object comes with its line number, an error says `file:line: field:` and what is wrong
there, and an invalid line does not end the reading. Objects can be parsed as pydantic models.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, TypeVar

import jsonlines
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from raif.errors import RecordError, require
from raif.files.whole import naming

Model = TypeVar("Model", bound=BaseModel)
Source = Path | str | IO[bytes]
"""A path, or an open binary stream."""


def lines(source: Source, first: int = 1) -> Iterator[tuple[int, dict[str, Any] | RecordError]]:
    """Each line that is not blank: its number, and its object or what is wrong with the line.

    A line is read only when it is asked for. `first` is the number of the first line. Raises RecordError if
    the file can't be opened.
    """
    name, number = name_of(source), first - 1

    def counted(stream: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal number
        try:
            for line in stream:
                number += 1
                yield line
        except (EOFError, OSError, zlib.error) as error:  # of a compressed file that is damaged or cut off
            raise RecordError(f"{name}:{number + 1}: {error}") from None

    with opened(source) as stream:
        reader = jsonlines.Reader(counted(stream), loads=json.loads)  # not orjson, which it prefers
        while True:
            try:
                found = reader.read(allow_none=True, skip_empty=True)
            except EOFError:
                return
            except jsonlines.InvalidLineError as error:  # it counts its lines from 1
                wrong = error.message.removesuffix(f" (line {error.lineno})")
            except RecursionError:
                wrong = "nested too deeply"
            else:
                if isinstance(found, dict):
                    yield number, found
                    continue
                wrong = "not a JSON object"
            yield number, RecordError(f"{name}:{number}: {wrong}")


def objects(source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its `file:line`. Raises RecordError at the first invalid line."""
    name = name_of(source)
    for number, found in lines(source):
        if isinstance(found, RecordError):
            raise found
        yield f"{name}:{number}", found


def read(source: Source, model: type[Model]) -> Iterator[Model]:
    """The objects as `model`. Raises RecordError at the first line that doesn't fit it."""
    for where, found in objects(source):
        yield parse(found, model, where)


def parse(record: dict[str, Any] | str, model: type[Model], where: str) -> Model:
    """An object, or JSON text, as `model`. RecordError gives `where` and the first field that is wrong."""
    try:
        return model.model_validate_json(record) if isinstance(record, str) else model.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise RecordError(": ".join(filter(None, (where, field, first["msg"])))) from None


def write(target: Path | str | IO[bytes], records: Iterable[Any]) -> None:
    """Write objects, models or dataclasses, one a line. Each is flushed before the next is asked for."""
    if isinstance(target, Path | str):
        with naming(target), Path(target).open("wb") as stream:
            write(stream, records)
    else:
        jsonlines.Writer(target, dumps=_dumps, flush=True).write_all(records)


@contextmanager
def appending(path: Path) -> Iterator[IO[bytes]]:
    """A file to `write` more to. What can't be written fails again as it is closed, so it is named here."""
    with naming(path), path.open("ab") as file:
        yield file


def whole_lines(path: Path) -> IO[bytes]:
    """A file that may still be written to, up to its last whole line; empty if there is no such file."""
    content = path.read_bytes() if path.exists() else b""
    stream = io.BytesIO(content[: content.rfind(b"\n") + 1])
    stream.name = str(path)
    return stream


def finished(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that may still be written to. Raises RecordError if one of them is invalid."""
    return [found for _, found in objects(whole_lines(path))]


def drop_torn_line(path: Path) -> None:
    """Cut off a last line that a process killed while writing has left unfinished, or end one that is whole.

    No file is fine, and one that ends with a line keeps its time of change.
    """
    if not path.exists():
        return
    with path.open("rb+") as stream:
        content = stream.read()
        if content.endswith(b"\n"):
            return
        start = content.rfind(b"\n") + 1
        try:
            json.loads(content[start:])
            stream.write(b"\n")
        except ValueError:
            stream.truncate(start)


def name_of(source: Source) -> str:
    """What errors call the source."""
    return str(source) if isinstance(source, Path | str) else str(getattr(source, "name", "stream"))


def opened(source: Source, buffering: int = -1) -> AbstractContextManager[IO[bytes]]:
    """The source as a stream, which is closed only if it was a path. Files ending in .gz and .zst are
    decompressed. Raises RecordError if it can't be opened.
    """
    if not isinstance(source, Path | str):
        return nullcontext(source)
    try:
        match Path(source).suffix:
            case ".gz":
                return io.BufferedReader(gzip.open(source, "rb"))
            case ".zst":
                require("pyarrow", extra="data")
                from pyarrow import CompressedInputStream

                return io.BufferedReader(CompressedInputStream(str(source), "zstd"))
            case _:
                return Path(source).open("rb", buffering)
    except OSError as error:
        hint = "Give a file in it." if isinstance(error, IsADirectoryError) else ""
        raise RecordError(f"{source}: {error.strerror}", hint) from None


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=to_jsonable_python)
_ASCII_ENCODER = json.JSONEncoder(default=to_jsonable_python)


def _dumps(record: Any) -> bytes:
    try:
        return _ENCODER.encode(record).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape and UTF-8 can't hold
        return _ASCII_ENCODER.encode(record).encode()
