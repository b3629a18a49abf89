"""IFEval's layout (arXiv 2311.07911), also IFBench's: a prompt with parallel lists of ids and kwargs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from raif.files import jsonl
from raif.records.layout import Layout, Row, constraints


class _Item(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    key: str | None = None
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any] | None]


def fields(row: Row, where: str) -> Row:
    item = jsonl.parse(row, _Item, where)
    return ({} if item.key is None else {"id": item.key}) | {
        "messages": [{"role": "user", "content": item.prompt}],
        "dialect": "ifeval",
        "constraints": constraints(item.instruction_id_list, item.kwargs),
    }


LAYOUT = Layout("ifeval", ("prompt", "instruction_id_list"), fields)
