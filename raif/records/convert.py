"""Records as rows of other tools, and what a row can't hold.

Every writer has a layout of the same name that reads its rows back: without a loss, the record is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from raif.errors import RecordError
from raif.files.rows import Found
from raif.records import Row, instruction, layout_of
from raif.records.layout import GIVEN
from raif.types import Instruction

_IFEVAL = frozenset({"id", "messages", "language", "dialect", "constraints"})
"""The fields that IFEval's layout has a place for."""


class Written(NamedTuple):
    """A row, and the fields of the record for which it has no place."""

    row: Row
    lost: Sequence[str] = ()


@dataclass
class Losses:
    """What a conversion leaves out: fields and columns, with the number of rows; rows that can't be read."""

    fields: dict[str, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    errors: list[RecordError] = field(default_factory=list)
    written: int = 0


def converted(rows: Iterator[Found], to: str, losses: Losses, *, layout: str | None = None) -> Iterator[Row]:
    """Each row in the layout called `to`, with its `response` or `responses`. `losses` counts the rest."""
    write = WRITERS[to]
    for where, row in rows:
        try:
            if isinstance(row, RecordError):
                raise row
            record = instruction(row, where, layout=layout)
            known = layout_of(row, layout)
            written, lost = write(record)
            given = known.given(row)
        except RecordError as error:
            losses.errors.append(error)
            continue
        for name in lost:
            losses.fields[name] = losses.fields.get(name, 0) + 1
        for name in (row.keys() - {*known.columns, *known.more, *GIVEN}) | {*known.lost(row)}:
            if row[name] is not None:
                losses.columns[name] = losses.columns.get(name, 0) + 1
        losses.written += 1
        yield written | given


def _stated(record: Instruction) -> Row:
    """The fields that aren't as they are by default; the checks always."""
    found = record.model_dump(mode="json", exclude_defaults=True)
    return {"constraints": []} | found


def columnar(row: Row) -> Row:
    """A record's fields as tables hold them: what differs from record to record is JSON text."""
    texts = {name: _json(row[name]) for name in ("composition", "provenance") if name in row}
    constraints = [each | {"kwargs": _json(each.get("kwargs", {}))} for each in row["constraints"]]
    return row | texts | {"constraints": constraints}


def tabular(rows: Iterable[Row], to: str) -> list[Row]:
    """The rows of a conversion as a table can hold them."""
    if to == "raif":
        return [columnar(row) for row in rows]
    found = list(rows)
    if to == "ifeval":
        if len({type(row["key"]) for row in found}) > 1:
            found = [row | {"key": str(row["key"])} for row in found]
        if not any(kwargs for row in found for kwargs in row["kwargs"]):  # an object has to have columns
            found = [row | {"kwargs": [None] * len(row["kwargs"])} for row in found]
    return found


def to_raif(record: Instruction) -> Written:
    return Written(_stated(record))


def to_ifeval(record: Instruction) -> Written:
    """IFEval's columns; a system prompt and earlier turns are in `messages`, as in IFBench's multi-turn rows.

    The dialect is that of the record, which official checkers don't know.
    """
    stated = _stated(record)
    turns = {} if _is_single(record) else {"messages": stated["messages"]}
    row = {
        "key": int(record.id) if record.id.isascii() and record.id.isdecimal() else record.id,
        "prompt": record.prompt,
        "instruction_id_list": [each.id for each in record.constraints],
        "kwargs": [each.kwargs for each in record.constraints],
    }
    kept = {name: stated[name] for name in ("language",) if name in stated}
    return Written(row | turns | {"dialect": record.dialect} | kept, sorted(stated.keys() - _IFEVAL))


def to_trl(record: Instruction) -> Written:
    """A conversational prompt, and our other fields as columns, which a reward function gets.

    What differs from row to row is JSON text, so that all rows have the same columns of the same types.
    """
    found = columnar(_stated(record))
    return Written({"prompt": found.pop("messages")} | found)


def to_verl(record: Instruction) -> Written:
    """verl's columns. The ground truth is JSON text of our other fields, which `compute_score` gets."""
    found = _stated(record)
    id, messages = found.pop("id"), found.pop("messages")
    return Written(
        {
            "data_source": "raif",
            "prompt": messages,
            "ability": record.task,
            "reward_model": {"style": "rule", "ground_truth": _json(found)},
            "extra_info": {"index": id},
        }
    )


def to_openrlhf(record: Instruction) -> Written:
    """For `--input_key input --label_key label --apply_chat_template`. The label has our other fields."""
    found = _stated(record)
    return Written({"input": found.pop("messages"), "label": _json(found)})


def _is_single(record: Instruction) -> bool:
    return len(record.messages) == 1 and record.messages[0].role == "user"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


WRITERS: Mapping[str, Callable[[Instruction], Written]] = {
    "raif": to_raif,
    "ifeval": to_ifeval,
    "trl": to_trl,
    "verl": to_verl,
    "openrlhf": to_openrlhf,
}
