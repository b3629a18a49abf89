"""Check one response in one call: what `from raif import verify` gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from raif import records
from raif.dialect import DialectName
from raif.errors import RecordError
from raif.reasoning import Marks
from raif.records.layout import text_of
from raif.types import Constraint, Instruction, Verification
from raif.verdicts import checks as verdicts

Checks = Instruction | Mapping[str, Any] | Iterable[Constraint | Mapping[str, Any]]
"""An instruction, a record in any layout that `raif verify` reads, or just constraints."""
Content = str | Iterable[Mapping[str, Any]]
"""A text, or the parts of a message's content."""

_NO_PROMPT = {"messages": [{"role": "user", "content": ""}]}


def verify(
    checks: Checks,
    response: Content,
    *,
    think: Marks = "none",
    dialect: DialectName | None = None,
    language: str | None = None,
) -> Verification:
    """All verdicts on `response`: `.followed`, `.fraction`, and `.verdicts`, each with its reason.

    `think` says how reasoning before the answer is marked. `dialect` and `language` replace the record's own.
    A record may lack its prompt, which no check reads; its values may be numpy's. Raises RecordError, which
    says what in `checks` can't be used, such as an unknown id, or that `response` isn't text.
    """
    text = _text(response)
    return verdicts.verify(read(checks, dialect=dialect, language=language), text, think=think)


def read(checks: Checks, *, dialect: DialectName | None = None, language: str | None = None) -> Instruction:
    """The instruction that `verify` checks responses to. Raises RecordError."""
    record = dict(checks) if isinstance(checks, Instruction) else _record(checks)
    return records.instruction(record, "checks", dialect=dialect, language=language)


def _text(response: Any) -> str:
    if response is None:
        raise RecordError(
            "response: a string is needed, not None", "A failed request has no answer to check."
        )
    try:
        return text_of(_plain(response))
    except ValueError as error:
        raise RecordError(f"response: {error}") from None


def _record(checks: Any) -> dict[str, Any]:
    """The checks as a record, with an empty prompt if there is none."""
    if hasattr(checks, "to_dict"):  # a row of pandas
        checks = checks.to_dict()
    if not isinstance(checks, Mapping):
        if isinstance(checks, str) or not isinstance(checks, Iterable):
            raise RecordError(f"checks: a record or constraints are needed, not {type(checks).__name__}")
        return _NO_PROMPT | {"constraints": [_plain(each) for each in checks]}
    record = {str(name): _plain(value) for name, value in checks.items()}
    if "instruction_id_list" in record:
        return record if record.keys() & {"messages", "instruction"} else {"prompt": ""} | record
    checked = record.keys() & {"constraints", "questions"}
    return _NO_PROMPT | record if checked and "prompt" not in record else record


def _plain(value: Any) -> Any:
    """Lists, objects and numbers as JSON has them: tuples, and the arrays and numbers of numpy and pandas."""
    if hasattr(value, "tolist"):  # before numbers: numpy's float64 is a float
        return _plain(value.tolist())
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, BaseModel):
        return _plain(dict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, Iterable) else value
