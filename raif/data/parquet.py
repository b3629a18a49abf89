"""Records as Parquet, one schema for all: what has different fields from record to record is JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raif.errors import require
from raif.types import Instruction

_AS_TEXT = ("composition", "provenance")


def write_parquet(path: Path, records: Sequence[Instruction]) -> Path:
    """Write the records; `composition`, `provenance` and each constraint's `kwargs` are JSON text."""
    require("pyarrow", extra="data")
    from pyarrow import Table
    from pyarrow.parquet import write_table

    write_table(Table.from_pylist([_row(record) for record in records], schema=_schema()), path)
    return path


def _row(record: Instruction) -> dict[str, Any]:
    row = record.model_dump(mode="json")
    for name in _AS_TEXT:
        row[name] = None if row[name] is None else _text(row[name])
    constraints = [{"id": each["id"], "kwargs": _text(each["kwargs"])} for each in row["constraints"]]
    return row | {"constraints": constraints}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _schema() -> Any:
    import pyarrow as pa

    def rows_of(*names: str) -> Any:
        return pa.list_(pa.struct([(name, pa.string()) for name in names]))

    types = {
        "messages": rows_of("role", "content"),
        "constraints": rows_of("id", "kwargs"),
        "questions": rows_of("text"),
        "expert": pa.struct([("thinking", pa.string()), ("answer", pa.string())]),
        "format_required": pa.bool_(),
        "plain_score": pa.float64(),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in Instruction.model_fields])
