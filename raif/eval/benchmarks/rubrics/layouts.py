"""The rows of benchmarks with criteria: our own layout, and those of three public benchmarks.

A layout is recognized by its columns, as records are; names of columns in capitals are the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from raif.errors import RecordError
from raif.files import jsonl
from raif.files.rows import Row, files_of, rows
from raif.types import Message

CRITERION = "criterion_"
"""What the columns of ComplexConstraints' criteria start with."""


class Criterion(BaseModel):
    """A yes/no question, or a statement about the answer. `wanted`: what the judge is to say. `kind`: what it
    is tallied under."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(min_length=1)
    wanted: bool = True
    kind: str | None = None

    @field_validator("wanted", mode="before")
    @classmethod
    def _in_words(cls, value: object) -> object:
        return (
            {"yes": True, "no": False}.get(value.strip().lower(), value) if isinstance(value, str) else value
        )


class Item(BaseModel):
    """`labels`: the categories of the item, by name."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)
    id: str
    messages: tuple[Message, ...] = Field(min_length=1)
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    labels: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("messages")
    @classmethod
    def _ends_with_the_user(cls, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if messages[-1].role != "user":
            raise ValueError("the last message is not the user's, so there is nothing to answer")
        return messages


class Layout(NamedTuple):
    """`fields` takes a row and returns the fields of an Item that it states. What it can't read is a
    ValueError."""

    name: str
    columns: tuple[str, ...]
    fields: Callable[[Row], dict[str, Any]]


def items(path: Path) -> list[Item]:
    """The items of a file or folder. Raises RecordError at the first row that can't be read.

    A row without an id is named after its place.
    """
    return [_item(row, where) for file in files_of(path) for where, row in rows(file)]


def _item(given: Row, where: str) -> Item:
    row = {name.lower(): value for name, value in given.items()}
    layout = next((each for each in LAYOUTS if row.keys() >= set(each.columns)), None)
    if layout is None:
        known = "; ".join(f"{each.name} has {', '.join(each.columns)}" for each in LAYOUTS)
        raise RecordError(
            f"{where}: not in a layout of criteria", f"They are told by their columns: {known}."
        )
    try:
        fields = layout.fields(row)
    except ValueError as error:
        raise RecordError(f"{where}: {error}", f"It was read as a row of {layout.name}.") from None
    name, _, number = where.rpartition("/")[2].rpartition(":")
    return jsonl.parse({"id": f"{name}:{number}", **fields}, Item, where)


def _own(row: Row) -> dict[str, Any]:
    """A table has the same columns in all rows, and nulls where one has nothing to say."""
    asked = {name: row[name] for name in ("prompt", "messages") if row.get(name) is not None}
    if len(asked) != 1:
        raise ValueError("needs either `prompt` or `messages`")
    criteria = _listed(row["criteria"], "criteria")
    labels = _parsed(row.get("labels") or None, "labels")
    return {
        **({} if row.get("id") is None else {"id": row["id"]}),
        "messages": _user(asked["prompt"]) if "prompt" in asked else _listed(asked["messages"], "messages"),
        "criteria": [{"text": each} if isinstance(each, str) else _filled(each) for each in criteria],
        "labels": {} if labels is None else _filled(labels),
    }


def _advancedif(row: Row) -> dict[str, Any]:
    """Conversation and rubrics are JSON text; rows have no id."""
    metadata = _parsed(row["prompt_metadata"], "prompt_metadata")
    if not isinstance(metadata, dict) or "rubrics" not in metadata:
        raise ValueError("prompt_metadata: no `rubrics` in it")
    return {
        "messages": _listed(row["conversation_history"], "conversation_history"),
        "criteria": [{"text": str(each)} for each in _listed(metadata["rubrics"], "rubrics")],
        "labels": {"task": str(row.get("benchmark_name") or "unknown")},
    }


def _complexconstraints(row: Row) -> dict[str, Any]:
    """One column for each criterion, empty where an item has fewer."""
    columns = sorted((name for name in row if name.startswith(CRITERION)), key=lambda name: (len(name), name))
    labels = ("use_case", "instruction_type", "prompt_style")
    return {
        **({"id": row["benchmark_id"]} if row.get("benchmark_id") else {}),
        "messages": _user(row["prompt"]),
        "criteria": [{"text": text} for name in columns if (text := _cell(row[name]))],
        "labels": {name: str(row[name]) for name in labels if row.get(name)},
    }


def _multichallenge(row: Row) -> dict[str, Any]:
    """One question, which is to be answered with `pass_criteria`. Turns may be a list for each field."""
    turns = row["conversation"]
    if isinstance(turns, dict):
        roles, texts = (_listed(turns.get(name), f"conversation.{name}") for name in ("role", "content"))
        if len(roles) != len(texts):
            raise ValueError(f"conversation: {len(roles)} roles for {len(texts)} texts")
        turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    wanted = str(row.get("pass_criteria") or "YES")
    return {
        **({"id": row["question_id"]} if row.get("question_id") else {}),
        "messages": _listed(turns, "conversation"),
        "criteria": [{"text": row["target_question"], "wanted": wanted}],
        "labels": {"axis": str(row.get("axis") or "unknown")},
    }


LAYOUTS = (
    Layout("raif", ("criteria",), _own),
    Layout("AdvancedIF", ("conversation_history", "prompt_metadata"), _advancedif),
    Layout("MultiChallenge", ("conversation", "target_question"), _multichallenge),
    Layout("ComplexConstraints", ("prompt", f"{CRITERION}1"), _complexconstraints),
)


def _user(prompt: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": prompt}]


def _filled(fields: Any) -> Any:
    """An object without its nulls; anything else as it is."""
    return {k: v for k, v in fields.items() if v is not None} if isinstance(fields, dict) else fields


def _cell(value: Any) -> str:
    """What a cell of a table says; empty if it is."""
    return "" if value is None else str(value).strip()


def _listed(value: Any, name: str) -> list[Any]:
    found = _parsed(value, name)
    if not isinstance(found, list):
        raise ValueError(f"{name}: not a list")
    return found


def _parsed(value: Any, name: str) -> Any:
    """A value, or what its JSON text says."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"{name}: not JSON: {error}") from None
