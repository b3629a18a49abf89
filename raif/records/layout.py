"""What a layout of records is, how the layout of a row is told, and what the layouts share.

A plug-in adds one of its own under the entry-point group `raif.record_layouts`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from raif.constraints import KINDS
from raif.errors import ConstraintError, RecordError
from raif.files import columns as by_columns
from raif.registry import Registry

Row = dict[str, Any]

GIVEN = ("response", "responses", "completion")
"""Where most rows have their answer, or several; the last is TRL's."""
_ROLES = {"developer": "system", "human": "user", "gpt": "assistant", "model": "assistant"}
"""What some data calls a role, and the role."""
_TEXTS = ("text", "input_text", "output_text")
_THOUGHTS = ("thinking", "redacted_thinking", "reasoning")
"""The types of a content's parts that are text, and of those that are no part of an answer."""


def given(row: Row) -> Row:
    """The answer under `response`, or the answers under `responses`; {} if the row has neither.

    Without these, the answer under `completion`: text, or the turns that a model has added.
    """
    found = {name: row[name] for name in GIVEN if row.get(name) is not None}
    completion = found.pop("completion", None)
    if found or completion is None:
        return found
    if isinstance(completion, list) and completion and isinstance(completion[-1], Mapping):
        completion = completion[-1].get("content")
    return {"response": completion}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout: a row with all of `columns` is in it, if `when` says so, too.

    `fields` takes a row and its file:line, and returns the fields of `raif.types.Instruction` that the row
    states. What it can't read is a ValueError, or a RecordError with the file:line.
    """

    about: str
    """Whose rows these are, in a few words."""
    columns: tuple[str, ...]
    more: tuple[str, ...] = ()
    """The other columns that are read. All others are left aside."""
    lost: Callable[[Row], Collection[str]] = lambda row: ()
    """Those of `columns` and `more` that this row's record has nothing of."""
    fields: Callable[[Row, str], Row]
    sample: Row
    """A row as real data has it."""
    when: Callable[[Row], bool] = lambda row: True
    given: Callable[[Row], Row] = given
    """The row's answer as `response`, or several as `responses`; {} if it has none."""
    inner: Callable[[Row], Row] = lambda row: row
    """The record that a row holds in a column, next to an answer; else the row itself."""


LAYOUTS: Registry[Layout] = Registry(
    "record layout",
    RecordError,
    modules=tuple(
        f"raif.records.{name}"
        for name in (
            "ours",
            "ifeval",
            "released",
            "open_instruct",
            "multi_if",
            "verinstruct",
            "harnesses",
            "trainers",
        )
    ),
)


def tell(row: Row) -> str:
    """The name of the row's layout: of those that fit, the one with the most columns.

    Columns that are null count only if no layout fits without them: tables of mixed rows are full of them.
    Raises ValueError if none fits.
    """
    filled = frozenset([name for name, value in row.items() if value is not None])
    for columns in (filled, frozenset(row)):
        for name in _fitting(columns):
            if LAYOUTS[name].when(row):
                return name
    raise ValueError(_unknown(frozenset(row)))


def without_messages(row: Row) -> bool:
    """Whether a row has none of our own conversations, so that another column may be its prompt."""
    return row.get("messages") is None


def fields_of(row: Row, where: str) -> Row:
    """The fields that a row states, in the layout that its columns show."""
    return LAYOUTS[tell(row)].fields(row, where)


@lru_cache(maxsize=1024)  # most rows of a file have the same columns
def _fitting(columns: frozenset[str]) -> tuple[str, ...]:
    return by_columns.fitting(columns, _columns())


@lru_cache(maxsize=1024)
def _unknown(columns: frozenset[str]) -> str:
    near = by_columns.nearest(columns, _columns()) if columns else "raif"
    wanted = " with ".join(f"`{column}`" for column in LAYOUTS[near].columns)
    return (
        f"in no known layout: it has {', '.join(sorted(columns)) or 'no columns'}. The nearest is {near}, "
        f"which needs {wanted}; raif verify --layouts shows all"
    )


def _columns() -> by_columns.Known:
    return {name: LAYOUTS[name].columns for name in LAYOUTS}


def unpacked(value: Any, column: str) -> Any:
    """JSON text as what it says, which is how tables hold lists and objects; anything else as it is.

    What pandas writes into a CSV file is a Python literal: `['punctuation:no_comma']`.
    """
    if not isinstance(value, str):
        return value
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return read(value)
    raise ValueError(f"{column}: not JSON: {value[:40]!r}")


def constraints(ids: Any, kwargs: Any) -> list[Row]:
    """Constraints from parallel lists, which may be JSON text, as a whole or each.

    Raises ValueError if the lists differ in length, or something else is in them.
    """
    ids, kwargs = unpacked(ids, "instruction_id_list"), unpacked(kwargs, "kwargs")
    if not isinstance(ids, list | tuple) or not all(isinstance(id, str) for id in ids):
        raise ValueError("instruction_id_list: not a list of ids")
    if not isinstance(kwargs, list | tuple):
        raise ValueError("kwargs: not a list")
    if len(ids) != len(kwargs):
        raise ValueError(f"kwargs: {len(kwargs)} for {len(ids)} ids")
    return [{"id": plain_id(id)[0], "kwargs": stated(one)} for id, one in zip(ids, kwargs, strict=True)]


def plain_id(id: str) -> tuple[str, str | None]:
    """An id without the language that M-IFEval puts before it, and that language: `es:keywords:existence`.

    An id stays as it is if the rest is no kind that we know.
    """
    language, _, rest = id.partition(":")
    if ":" not in rest:
        return id, None
    try:
        KINDS[rest]
    except ConstraintError:
        return id, None
    return rest, language


def stated(kwargs: Any) -> Row:
    """The kwargs that a row states, free of what files with columns make of them.

    Null and NaN fill the gaps of a column, and a column of integers with gaps becomes one of floats.
    """
    found = unpacked(kwargs, "kwargs")
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ValueError(f"kwargs: {found!r} is not an object")
    return {name: whole(value) for name, value in found.items() if value is not None and value == value}


def whole(value: Any) -> Any:
    """A float such as 300.0 as an integer, in lists too. Anything else stays as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [whole(each) for each in value] if isinstance(value, list) else value


def name_of(value: Any) -> str:
    """An id as text; 300.0 is what a column with gaps makes of 300."""
    return str(whole(value))


def turns(value: Any) -> list[Row]:
    """A prompt as turns: a text is what the user says, and a list has turns already.

    Their contents can be lists of parts. Raises ValueError for anything else.
    """
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list | tuple) or not all(isinstance(turn, Mapping) for turn in value):
        raise ValueError("neither text nor a list of turns")
    return [_turn(turn) for turn in value]


def _turn(turn: Mapping[str, Any]) -> Row:
    role = turn.get("role")
    return {"role": _ROLES.get(str(role), role), "content": text_of(turn.get("content"))}


def text_of(content: Any) -> str:
    """The text of a turn or of an answer: a string, or the texts in a list of parts, but for thinking.

    Null, which is what a turn that only calls a tool says, is "". ValueError for parts that are no text.
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list | tuple):
        raise ValueError(f"content: text or a list of parts is needed, not {type(content).__name__}")
    return "".join(map(_part, content))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, Mapping) else type(part).__name__
    if kind in _THOUGHTS:
        return ""
    if kind not in _TEXTS:
        raise ValueError(f"content: a part of the type {kind!r} is not text")
    if not isinstance(text := part.get("text"), str):
        raise ValueError(
            f"content: a part without `text`, but with {', '.join(map(repr, part)) or 'nothing'}"
        )
    return text


def prompt_of(messages: Any) -> str:
    """What the user says last. "" if nobody does."""
    return next((turn["content"] for turn in reversed(turns(messages)) if turn["role"] == "user"), "")
