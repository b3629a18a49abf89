"""Records: instructions with their checks, from rows in any of the layouts that are known.

A row's layout is the one that its columns show. Constraints and composition are checked as rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raif.constraints import find
from raif.constraints.tree import active
from raif.dialect import DialectName
from raif.errors import ConstraintError, RecordError
from raif.files import jsonl
from raif.files import rows as files
from raif.records.layout import LAYOUTS, Layout, Row, tell
from raif.tasks import TASKS
from raif.text import languages
from raif.types import Instruction

__all__ = ["LAYOUTS", "Layout", "Row", "instruction", "layout_of", "read", "tell", "tried"]


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


def instruction(
    row: Row,
    where: str,
    *,
    dialect: DialectName | None = None,
    language: str | None = None,
    layout: str | None = None,
) -> Instruction:
    """One row as an Instruction. A RecordError starts with `where`, its file:line, and names the field.

    Columns that the layout doesn't know, such as `response`, are left aside. `where` is also the id of a
    record that has none. `dialect` and `language` replace the record's own; `layout` is the name of its
    layout, whatever its columns show.
    """
    try:
        fields = {"id": where} | layout_of(row, layout).fields(row, where)
        fields |= {"dialect": dialect} if dialect else {}
        if stated := language or fields.pop("language", None):
            fields["language"] = _code(stated)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None
    found = jsonl.parse(fields, Instruction, where)
    _check(found, where)
    return found


def layout_of(row: Row, name: str | None = None) -> Layout:
    """The layout that the row's columns show, or the one of this name.

    Raises ValueError if no layout matches, or if the row lacks a column of the named one.
    """
    if name is None:
        return LAYOUTS[tell(row)]
    found = LAYOUTS[name]
    if missing := [column for column in found.columns if column not in row]:
        raise ValueError(f"{missing[0]}: missing; the layout {name} needs {', '.join(found.columns)}")
    return found


def _code(language: Any) -> str:
    try:
        return languages.code_of(str(language))
    except ValueError as error:
        raise ValueError(f"language: {error}") from None


def _check(found: Instruction, where: str) -> None:
    """What types can't say: each check must be usable."""
    if lacking := TASKS[found.task].lacks(found):
        raise RecordError(f"{where}: {lacking}")
    places = [("constraints", found.constraints)]
    places += [(f"then.{number}.constraints", turn.constraints) for number, turn in enumerate(found.then)]
    for place, constraints in places:
        for position, constraint in enumerate(constraints):
            try:
                find(constraint.id, found.semantics).bind(constraint.kwargs)
            except ConstraintError as error:
                raise RecordError(f"{where}: {place}.{position}: {error.message}", error.hint) from None
    try:
        active(found.composition, [None] * (len(found.constraints) + len(found.questions)))
    except ConstraintError as error:
        raise RecordError(f"{where}: {error.message}") from None
