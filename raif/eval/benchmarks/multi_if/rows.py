"""Multi-IF's files: conversations in columns, and the released program's files of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from raif.errors import RecordError
from raif.eval.stored import StoredAnswer, released
from raif.files import jsonl
from raif.files.rows import rows
from raif.types import Constraint, Instruction, Message

STEPS = "eval_result_step_*[0-9].csv"
"""The released program's files of answers, one for each turn."""
ABSENT = (None, "", "None")
"""What stands in the cells of a turn that a conversation doesn't have."""


class Turn(Instruction):
    """One turn of a conversation; `messages` are those of the user up to this turn.

    `number` counts from 1. `before`: the id of the turn before it; None: it is the first.
    """

    conversation: str
    number: int
    before: str | None


def turn_id(conversation: str, number: int) -> str:
    return f"{conversation}/{number}"


def turns(path: Path) -> Iterator[Turn]:
    """All turns of all conversations. Raises RecordError at the first row that can't be read."""
    for where, row in rows(path):
        if "turn_1_prompt" not in row:
            raise RecordError(f"{where}: no 'turn_1_prompt'", "Is it Multi-IF's public file?")
        yield from _turns(row, where)


def _turns(row: Mapping[str, Any], where: str) -> Iterator[Turn]:
    key, language = str(row.get("key") or where), str(row.get("language") or "unknown")
    asked: tuple[Message, ...] = ()
    number = 1
    while row.get(f"turn_{number}_prompt") not in ABSENT:
        prompt, ids, kwargs = (
            _cell(row, f"turn_{number}_{name}", where) for name in ("prompt", "instruction_id_list", "kwargs")
        )
        if len(ids) != len(kwargs):
            raise RecordError(f"{where}: turn_{number}_kwargs: {len(kwargs)} for {len(ids)} ids")
        asked = (*asked, Message(role="user", content=prompt["content"]))
        yield Turn(
            id=turn_id(key, number),
            messages=asked,
            constraints=tuple(map(_constraint, ids, kwargs)),
            language=language,
            conversation=key,
            number=number,
            before=turn_id(key, number - 1) if number > 1 else None,
        )
        number += 1


def _constraint(id: str, kwargs: str | dict[str, Any]) -> Constraint:
    return Constraint(id=id, kwargs=json.loads(kwargs) if isinstance(kwargs, str) else kwargs)


def _cell(row: Mapping[str, Any], column: str, where: str) -> Any:
    """What a cell of JSON text holds: a message, or a list, whose items may be JSON text as well."""
    value = row.get(column)
    try:
        found: Any = json.loads(value) if isinstance(value, str) else value
        if column.endswith("kwargs"):
            found = [json.loads(each) if isinstance(each, str) else each for each in found]
            valid = all(isinstance(each, dict) for each in found)
        elif column.endswith("prompt"):
            valid = isinstance(found, dict) and isinstance(found.get("content"), str)
        else:
            valid = isinstance(found, list) and all(isinstance(each, str) for each in found)
    except (ValueError, TypeError):
        valid = False
    if not valid:
        raise RecordError(f"{where}: {column}: not the JSON text of Multi-IF's files: {str(value)[:60]!r}")
    return found


def stored(path: Path) -> Iterator[StoredAnswer]:
    """Answers in our format, as a list of `answers` for each `key`, or as the released program's files.

    The latter are CSV files with `key`, `responses` and `turn_index`: one of them, or their folder. A request
    that failed there has an error text for an answer, which is none.
    """
    files = sorted(path.glob(STEPS)) if path.is_dir() else [path]
    if not files:
        raise RecordError(f"{path}: no {STEPS.replace('*[0-9]', 'N')} in this folder")
    for file in files:
        for where, row in rows(file):
            yield from _stored(row, where)


def _stored(row: dict[str, Any], where: str) -> Iterator[StoredAnswer]:
    if isinstance(row.get("answers"), list):
        for number, answer in enumerate(row["answers"], 1):
            id = turn_id(str(row.get("key", row.get("id"))), number)
            yield jsonl.parse({"id": id, "response": answer}, StoredAnswer, where)
    elif {"key", "responses", "turn_index"} <= row.keys():
        with released(where):
            id = turn_id(str(row["key"]), int(row["turn_index"]))
        text = row["responses"] if row.get("status", "success") == "success" else None
        yield jsonl.parse({"id": id, "response": text}, StoredAnswer, where)
    else:
        yield jsonl.parse(row, StoredAnswer, where)
