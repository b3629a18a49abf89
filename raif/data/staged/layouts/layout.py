"""What a layout is, how a row's layout is told, and which one is nearest to columns that fit none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from raif.errors import ConfigError
from raif.files import columns as by_columns
from raif.registry import Registry

Row = Mapping[str, Any]


class UserRequest(NamedTuple):
    """What the user of a row asks first, and under which system prompt; later turns are ignored."""

    text: str
    system: str | None = None
    language: str | None = None
    """As the row gives it, a name or a code."""
    flag: str | None = None
    """Why the row should not be used, according to the row."""
    reference: str | None = None
    """The right answer, if the row has one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A row with all of `columns`, not null, is in this layout, if `when` says so, too.

    `request` reads it: None if there is no request in the row.
    """

    columns: tuple[str, ...]
    request: Callable[[Row], UserRequest | None]
    when: Callable[[Row], bool] = lambda row: True


LAYOUTS: Registry[Layout] = Registry(
    "layout",
    ConfigError,
    modules=tuple(f"raif.data.staged.layouts.{name}" for name in ("chats", "pairs", "templated")),
)


def tell(row: Row) -> str | None:
    """The name of the row's layout: of those that fit, the one with the most columns."""
    fitting = _fitting(frozenset(name for name, value in row.items() if value is not None))
    return next((name for name in fitting if LAYOUTS[name].when(row)), None)


@lru_cache(maxsize=1024)  # most rows of a file have the same columns
def _fitting(columns: frozenset[str]) -> tuple[str, ...]:
    return by_columns.fitting(columns, _columns())


def nearest(columns: Collection[str]) -> str:
    """The name of the layout that has the most columns like these, and the fewest unlike them."""
    return by_columns.nearest(columns, _columns())


def _columns() -> by_columns.Known:
    return {name: LAYOUTS[name].columns for name in LAYOUTS}


def text_of(row: Row, name: str) -> str:
    """The text in a column, "" if there is no text."""
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def language_of(row: Row) -> str | None:
    """What the row says about its language, in the columns that data sets have for it."""
    return next((text for name in ("language", "lang", "langdetect") if (text := text_of(row, name))), None)
