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
    """Constraints from parallel lists. Null kwargs, with which columnar files fill the gaps, are dropped.

    Raises ValueError if the lists differ in length.
    """
    if len(ids) != len(kwargs):
        raise ValueError(f"kwargs: {len(kwargs)} for {len(ids)} ids")
    return [
        {"id": id, "kwargs": {name: value for name, value in (given or {}).items() if value is not None}}
        for id, given in zip(ids, kwargs, strict=True)
    ]
