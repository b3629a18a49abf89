"""Our own layout (`docs/records.md`): the fields of `Instruction` under their own names."""

from __future__ import annotations

import difflib
import json
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from raif.records.layout import Layout, Row, stated
from raif.types import Instruction

KNOWN = Instruction.model_fields
COLUMNAR = {"constraints", "composition", "provenance"}
"""Fields that differ from record to record, so that files with columns hold them, or a part, as JSON text."""


def fields(row: Row, where: str) -> Row:
    """The fields that we know. ValueError for a misspelt one; foreign columns are left aside."""
    for name in row.keys() - KNOWN.keys():
        near = _nearest(name)
        if near and near not in row and _is_slip(name, near, row[name]):
            raise ValueError(f"{name}: unknown field. Did you mean {near!r}?")
    found = {name: value for name, value in row.items() if name in KNOWN and value is not None}
    if isinstance(found.get("id"), int):
        found["id"] = str(found["id"])
    return found | {name: _columnar(found[name]) for name in COLUMNAR & found.keys()}


def _columnar(value: Any) -> Any:
    """The value of one of these fields: JSON text as what it says, kwargs without the nulls of other rows."""
    if isinstance(value, str):
        return json.loads(value)
    if isinstance(value, list):
        return [_constraint(each) if isinstance(each, dict) else each for each in value]
    return value


def _constraint(each: Row) -> Row:
    kwargs = each.get("kwargs")
    kwargs = json.loads(kwargs) if isinstance(kwargs, str) else kwargs
    if isinstance(kwargs, dict):
        kwargs = stated(kwargs)
    return {**each, "kwargs": {} if kwargs is None else kwargs}


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
    return TypeAdapter(annotation)


LAYOUT = Layout("raif", ("messages",), fields)
