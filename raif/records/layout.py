"""What a layout of records is. Each layout has a file of its own and turns its rows into our fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]


class Layout(NamedTuple):
    """A layout, recognized by its `columns`: a row that has all of them is in this layout.

    `fields` takes a row and its file:line, and returns the fields of `raif.types.Instruction` that the row
    states. It ignores other columns. What it can't read is a ValueError, or a RecordError with the file:line.
    """

    name: str
    columns: tuple[str, ...]
    fields: Callable[[Row, str], Row]


def constraints(ids: Sequence[str], kwargs: Sequence[Mapping[str, Any] | None]) -> list[Row]:
    """Constraints from parallel lists.

    Raises ValueError if the lists differ in length.
    """
    if len(ids) != len(kwargs):
        raise ValueError(f"kwargs: {len(kwargs)} for {len(ids)} ids")
    return [{"id": id, "kwargs": stated(given or {})} for id, given in zip(ids, kwargs, strict=True)]


def stated(kwargs: Mapping[str, Any]) -> Row:
    """The kwargs that a row states, free of what columnar files make of them.

    Null and NaN fill the gaps of a column, and a column of integers with gaps becomes one of floats.
    """
    return {name: whole(value) for name, value in kwargs.items() if value is not None and value == value}


def whole(value: Any) -> Any:
    """A float such as 300.0 as an integer, in lists too. Anything else stays as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [whole(each) for each in value] if isinstance(value, list) else value
