"""Our own layout (`docs/records.md`): the fields of `Instruction` under their own names."""

from __future__ import annotations

import difflib
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from raif.records.layout import Layout, Row
from raif.types import Instruction

KNOWN = Instruction.model_fields


def fields(row: Row, where: str) -> Row:
    """The fields that we know. ValueError for a misspelt one; foreign columns are left aside."""
    for name in row.keys() - KNOWN.keys():
        near = _nearest(name)
        if near and near not in row and _is_slip(name, near, row[name]):
            raise ValueError(f"{name}: unknown field. Did you mean {near!r}?")
    return {name: value for name, value in row.items() if name in KNOWN}


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
