"""Rows that a mapping of columns says how to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.config.staged import Columns
from raif.data.staged.layouts.chats import opening
from raif.data.staged.layouts.layout import Row, UserRequest, language_of


def mapped(row: Row, columns: Columns) -> UserRequest | None:
    """The request of a row. None if the column of the request is missing, or has none in it."""
    system = _text(column(row, columns.system))
    said = column(row, columns.prompt or columns.messages)
    if columns.prompt and isinstance(said, str):
        found = UserRequest(said, system or None, language_of(row)) if said.strip() else None
    else:
        found = opening(row, said, system)
    return found and found._replace(reference=_text(column(row, columns.reference)) or None)


def column(row: Row, name: str | None) -> Any:
    """What is in a column, or in a nested one. None if it is missing."""
    if name is None or name in row:
        return row.get(name or "")
    value: Any = row
    for part in name.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
