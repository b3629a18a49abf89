"""IFEval's layout (arXiv 2311.07911), also IFBench's: a prompt with parallel lists of ids and kwargs.

IFBench's multi-turn rows have a conversation, `messages`, that the prompt ends.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from raif.files import jsonl
from raif.records.layout import Layout, Row, constraints


class _Item(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    key: str | None = None
    id: str | None = None
    prompt: str = ""
    messages: list[dict[str, Any]] | None = None
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any] | None]


class _Single(_Item):
    prompt: str


def single(row: Row, where: str) -> Row:
    return _fields(jsonl.parse(row, _Single, where))


def conversation(row: Row, where: str) -> Row:
    if row.get("constraints"):
        raise ValueError("has both `constraints` and `instruction_id_list`: leave out one of them")
    return _fields(jsonl.parse(row, _Item, where))


def _fields(item: _Item) -> Row:
    name = item.id if item.key is None else item.key
    return ({} if name is None else {"id": name}) | {
        "messages": item.messages or [{"role": "user", "content": item.prompt}],
        "dialect": "ifeval",
        "constraints": constraints(item.instruction_id_list, item.kwargs),
    }


LAYOUT = Layout("ifeval", ("prompt", "instruction_id_list"), single)
CONVERSATION = Layout("ifeval-chat", ("messages", "instruction_id_list"), conversation)
