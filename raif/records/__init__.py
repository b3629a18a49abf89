"""Records: JSON Lines of instructions with their checks, each line in the layout that its columns show.

Constraints and composition are checked as records are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raif.constraints import find
from raif.constraints.tree import active
from raif.dialect import Dialect
from raif.errors import ConstraintError, RecordError
from raif.files import jsonl
from raif.files import rows as files
from raif.records import ifeval, ours, released
from raif.records.layout import Layout
from raif.tasks import TASKS
from raif.types import Instruction

LAYOUTS: tuple[Layout, ...] = (
    ifeval.CONVERSATION,
    ours.LAYOUT,
    ifeval.LAYOUT,
    released.LAYOUT,
)
"""All that are read. A row with the columns of several is in the first of them."""


def read(source: jsonl.Source) -> Iterator[Instruction]:
    """The instructions of a file or binary stream, as a stream. Raises RecordError at the first bad line."""
    found = files.rows(Path(source)) if isinstance(source, Path | str) else jsonl.objects(source)
    for where, row in found:
        yield instruction(row, where)


def tried(path: Path) -> Iterator[Instruction | RecordError]:
    """The instructions of a file, or what is wrong with their lines. Raises RecordError if it can't be read
    at all.
    """
    for where, row in files.tried(path):
        if isinstance(row, RecordError):
            yield row
            continue
        try:
            yield instruction(row, where)
        except RecordError as error:
            yield error


def instruction(row: dict[str, Any], where: str, dialect: Dialect | None = None) -> Instruction:
    """One object as an Instruction. A RecordError starts with `where`, its file:line, and names the field.

    Columns that the layout doesn't know, such as `response`, are left aside. `where` is also the id of a
    record that has none. `dialect` replaces the record's own.
    """
    try:
        fields = layout(row).fields(row, where)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None
    chosen = {"dialect": dialect} if dialect else {}
    found = jsonl.parse({"id": where} | fields | chosen, Instruction, where)
    _check(found, where)
    return found


def layout(row: dict[str, Any]) -> Layout:
    """The layout that the row's columns show. Raises ValueError if no layout matches."""
    for each in LAYOUTS:
        if row.keys() >= set(each.columns):
            return each
    known = [" with ".join(f"`{column}`" for column in each.columns) for each in LAYOUTS]
    raise ValueError(f"needs {', or '.join(known)}")


def _check(found: Instruction, where: str) -> None:
    """What types can't say: each check must be usable."""
    if lacking := TASKS[found.task].lacks(found):
        raise RecordError(f"{where}: {lacking}")
    for position, constraint in enumerate(found.constraints):
        try:
            find(constraint.id, found.semantics).bind(constraint.kwargs)
        except ConstraintError as error:
            raise RecordError(f"{where}: constraints.{position}: {error.message}", error.hint) from None
    try:
        active(found.composition, [None] * (len(found.constraints) + len(found.questions)))
    except ConstraintError as error:
        raise RecordError(f"{where}: {error.message}") from None
