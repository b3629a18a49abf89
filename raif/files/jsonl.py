"""JSON Lines in and out, as a stream. An error says `file:line: field:` and what is wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from raif.errors import RecordError

Model = TypeVar("Model", bound=BaseModel)
Source = Path | str | IO[bytes]
"""A path, or an open binary stream."""


def lines(source: Source, first: int = 1) -> Iterator[tuple[int, dict[str, Any] | RecordError]]:
    """The number of each line that is not blank, with its object or with what is wrong with the line.

    Reads a line only when asked for it; the first one's number is `first`. RecordError where the file itself
    can't be opened.
    """
    name = name_of(source)
    with _opened(source) as stream:
        for number, line in enumerate(stream, first):
            if line.strip():
                found = _read(line)
                yield number, RecordError(f"{name}:{number}: {found}") if isinstance(found, str) else found


def read(source: Source, model: type[Model]) -> Iterator[Model]:
    """The lines as `model`; RecordError at the first that is none."""
    for number, found in lines(source):
        if isinstance(found, RecordError):
            raise found
        yield parse(found, model, f"{name_of(source)}:{number}")


def parse(record: dict[str, Any] | str, model: type[Model], where: str) -> Model:
    """An object, or JSON text, as `model`; RecordError names the first field that is wrong, after `where`."""
    try:
        return model.model_validate_json(record) if isinstance(record, str) else model.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RecordError(
            f"{where}: {field}: {first['msg']}" if field else f"{where}: {first['msg']}"
        ) from None


def write(target: Path | str | IO[bytes], records: Iterable[Any]) -> None:
    """Write objects, models or dataclasses, a line each, flushed before the next one is asked for."""
    with Path(target).open("wb") if isinstance(target, Path | str) else nullcontext(target) as stream:
        for record in records:
            stream.write(_line(record))
            stream.flush()


def name_of(source: Source) -> str:
    """What errors call the source."""
    return str(source) if isinstance(source, Path | str) else str(getattr(source, "name", "stream"))


def _opened(source: Source) -> Any:
    if not isinstance(source, Path | str):
        return nullcontext(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise RecordError(f"{source}: {error.strerror}") from None


def _read(line: bytes) -> dict[str, Any] | str:
    """The object, or what is wrong with the line."""
    try:
        found = json.loads(line.decode().lstrip("\ufeff\x1e"))  # marks that some programs begin with
    except UnicodeDecodeError as error:
        return f"line is not valid utf-8: {error}"
    except ValueError as error:
        return f"line contains invalid json: {error}"
    except RecursionError:
        return "nested too deeply"
    return found if isinstance(found, dict) else "not a JSON object"


def _line(record: Any) -> bytes:
    text = json.dumps(record, ensure_ascii=False, default=to_jsonable_python)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape and UTF-8 can't hold
        return json.dumps(record, default=to_jsonable_python).encode() + b"\n"
