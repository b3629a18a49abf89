"""An append-only file of outcomes that survives `kill -9` at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from raif.data.staged.stage import Outcome
from raif.files import jsonl


def read(path: Path) -> list[Outcome]:
    """The outcomes in the file, if there is one. A last line that was not written to its end is cut off."""
    if not path.exists():
        return []
    jsonl.drop_torn_line(path)
    return list(jsonl.read(path, Outcome))


def appended(path: Path, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, each of them at the end of the file before it is handed on."""
    with path.open("ab") as stream:
        for outcome in outcomes:
            jsonl.write(stream, [outcome])
            yield outcome
