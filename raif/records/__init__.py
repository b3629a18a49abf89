"""Records: JSONL of instructions with their checks, in three layouts told apart line by line.

*Ours* has `messages` (`docs/records.md`), *IFEval's* has `prompt` and `instruction_id_list`, and the paper's
*released* one has `input` and `target`. Constraints and composition are checked as they are read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from raif.constraints import find
from raif.constraints.tree import active
from raif.dialect import Dialect
from raif.errors import ConstraintError, RecordError
from raif.files import jsonl
from raif.records import released
from raif.text import final_answer
from raif.types import SOLVED, Instruction


def read(source: jsonl.Source) -> Iterator[Instruction]:
    """The instructions of a file or binary stream, one at a time; RecordError at the first bad line."""
    for number, found in jsonl.lines(source):
        if isinstance(found, RecordError):
            raise found
        yield instruction(found, f"{jsonl.name_of(source)}:{number}")


def instruction(record: dict[str, Any], where: str, dialect: Dialect | None = None) -> Instruction:
    """One object as an Instruction. RecordError starts with `where`, its file:line, and names the field.

    Fields that no layout knows, such as `response`, are left aside; one that looks like a slip is an error.
    `where` is also the id of a record that has none. `dialect` replaces the record's own.
    """
    try:
        plain = _fields(record, where)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None
    chosen = {"dialect": dialect} if dialect else {}
    found = jsonl.parse({"id": where} | plain | chosen, Instruction, where)
    _check(found, where)
    return found


class _IFEval(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    key: str | None = None
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any] | None]


def _fields(record: dict[str, Any], where: str) -> dict[str, Any]:
    """The record in the fields of `Instruction`, whatever its layout."""
    if "messages" in record:
        return _ours(record)
    if "instruction_id_list" in record:
        return _ifeval(jsonl.parse(record, _IFEval, where))
    if "input" in record and "target" in record:
        line = jsonl.parse(record, released.Line, where)
        return _named(line.id) | line.fields(where)
    raise ValueError("needs `messages`, or `instruction_id_list` with `prompt`, or `input` with `target`")


def _ours(record: dict[str, Any]) -> dict[str, Any]:
    known = Instruction.model_fields
    for name in record.keys() - known.keys():
        if near := difflib.get_close_matches(name, known, n=1, cutoff=0.85):
            raise ValueError(f"{name}: unknown field. Did you mean {near[0]!r}?")
    return {name: value for name, value in record.items() if name in known}


def _ifeval(item: _IFEval) -> dict[str, Any]:
    if len(item.kwargs) != len(item.instruction_id_list):
        raise ValueError(f"kwargs: {len(item.kwargs)} for {len(item.instruction_id_list)} ids")
    pairs = zip(item.instruction_id_list, item.kwargs, strict=True)
    return _named(item.key) | {
        "messages": [{"role": "user", "content": item.prompt}],
        "dialect": "ifeval",
        "constraints": [{"id": id, "kwargs": released.given(kwargs)} for id, kwargs in pairs],
    }


def _named(id: str | None) -> dict[str, Any]:
    return {} if id is None else {"id": id}


def _check(found: Instruction, where: str) -> None:
    if found.task in SOLVED and not found.reference:
        raise RecordError(f"{where}: reference: the task {found.task} needs the right answer")
    if found.task == "kk" and not final_answer.roles(found.reference or ""):
        raise RecordError(f"{where}: reference: assigns no roles")
    for position, constraint in enumerate(found.constraints):
        try:
            find(constraint.id, found.semantics).bind(constraint.kwargs)
        except ConstraintError as error:
            raise RecordError(f"{where}: constraints.{position}: {error.message}", error.hint) from None
    try:
        active(found.composition, [None] * (len(found.constraints) + len(found.questions)))
    except ConstraintError as error:
        raise RecordError(f"{where}: {error.message}") from None
