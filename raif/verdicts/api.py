"""Check one response in one call: what `from raif import verify` gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from raif import records
from raif.dialect import Dialect
from raif.reasoning import Marks
from raif.types import Constraint, Instruction, Verification
from raif.verdicts import checks as verdicts

Checks = Instruction | Mapping[str, Any] | Iterable[Constraint | Mapping[str, Any]]
"""An instruction, a record in any layout that `raif verify` reads, or just constraints."""

_NO_PROMPT = {"messages": [{"role": "user", "content": ""}]}


def verify(
    checks: Checks,
    response: str,
    *,
    think: Marks = "none",
    dialect: Dialect | None = None,
    language: str | None = None,
) -> Verification:
    """All verdicts on `response`: `.followed`, `.fraction`, and `.verdicts`, each with its reason.

    `think` says how reasoning before the answer is marked. `dialect` and `language` replace the record's own.
    A record may lack its prompt, which no check reads. Raises RecordError, which says what in `checks` can't
    be used, such as an unknown id.
    """
    found = records.instruction(_record(checks), "checks")
    given = {"dialect": dialect, "language": language}
    if changed := {name: value for name, value in given.items() if value is not None}:
        found = records.instruction(dict(found) | changed, "checks")
    return verdicts.verify(found, response, think=think)


def _record(checks: Checks) -> dict[str, Any]:
    """The checks as a record, with an empty prompt if there is none."""
    if not isinstance(checks, Instruction | Mapping):
        return _NO_PROMPT | {"constraints": list(checks)}
    record = dict(checks)
    if "instruction_id_list" in record:
        return {"prompt": ""} | record
    return _NO_PROMPT | record if "constraints" in record else record
