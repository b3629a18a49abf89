"""Our own layout (`docs/records.md`): the fields of `Instruction` under their own names."""

from __future__ import annotations

import difflib
from functools import cache, lru_cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from raif.records.layout import LAYOUTS, Layout, Row, name_of, stated, turns, unpacked
from raif.types import Instruction

KNOWN = Instruction.model_fields
COLUMNAR = {"constraints", "composition", "provenance", "then"}
"""Fields that differ from record to record, so that files with columns hold them, or a part, as JSON text."""


def fields(row: Row, where: str) -> Row:
    """The fields that we know. ValueError for a misspelt one; foreign columns are left aside."""
    for name in row.keys() - KNOWN.keys():
        near = _nearest(name)
        if near and near not in row and _is_slip(name, near, row[name]):
            raise ValueError(f"{name}: unknown field. Did you mean {near!r}?")
    found = {name: value for name, value in row.items() if name in KNOWN and value is not None}
    if isinstance(found.get("id"), int | float):
        found["id"] = name_of(found["id"])
    if isinstance(found.get("messages"), str | list):  # a tuple is that of an Instruction
        found["messages"] = _messages(found["messages"])
    return found | {name: _columnar(found[name], name) for name in COLUMNAR & found.keys()}


def _messages(value: Any) -> list[Row]:
    try:
        return turns(unpacked(value, "text"))
    except ValueError as error:
        raise ValueError(f"messages: {error}") from None


def _columnar(value: Any, name: str) -> Any:
    """The value of one of these fields: JSON text as what it says, kwargs without the nulls of other rows."""
    value = unpacked(value, name)
    if isinstance(value, list):
        return [_constraint(each) if isinstance(each, dict) else each for each in value]
    return value


def _constraint(each: Row) -> Row:
    """A constraint, or a further turn with its constraints."""
    if "prompt" in each:
        return {**each, "constraints": _columnar(each.get("constraints") or [], "constraints")}
    return {**each, "kwargs": stated(each.get("kwargs"))}


@lru_cache(maxsize=4096)  # the columns of a file are the same in each row, and difflib is slow
def _nearest(name: str) -> str | None:
    return next(iter(difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.85)), None)


def _is_slip(name: str, near: str, value: object) -> bool:
    """Whether a column that is named almost like a missing field surely means that field.

    Its value must fit the field. Singular and plural (`languages`) are usual names in foreign data, so they
    only count with the structured value of a field such as `constraints`. An empty value loses nothing.
    """
    if value is None or value in ("", [], {}):
        return False
    if name.rstrip("s") == near.rstrip("s") and isinstance(value, str | int | float):
        return False
    try:
        _adapter(near).validate_python(value)
    except ValidationError:
        return False
    return True


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    annotation: Any = KNOWN[name].annotation
    for validator in KNOWN[name].metadata:
        annotation = Annotated[annotation, validator]
    return TypeAdapter(annotation)


LAYOUTS.add(
    "raif",
    Layout(
        about="records of raif gen-data",
        columns=("messages",),
        more=tuple(KNOWN),
        fields=fields,
        sample={
            "id": "tea-1",
            "messages": [{"role": "user", "content": "Describe tea without commas."}],
            "constraints": [{"id": "punctuation:no_comma", "kwargs": {}}],
        },
    ),
)
