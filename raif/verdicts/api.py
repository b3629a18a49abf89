"""Check one response in one call: what `from raif import verify` gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from raif import records
from raif.dialect import Dialect
from raif.reasoning import Style
from raif.types import Constraint, Instruction, Verification
from raif.verdicts import checks as verdicts

Checks = Instruction | Mapping[str, Any] | Iterable[Constraint | Mapping[str, Any]]
"""An instruction, a record in any layout that `raif verify` reads, or constraints alone."""

_NO_PROMPT = {"messages": [{"role": "user", "content": ""}]}


def verify(
    checks: Checks,
    response: str,
    *,
    think: Style = "none",
    dialect: Dialect | None = None,
    language: str | None = None,
) -> Verification:
    """All verdicts on `response`: `.followed`, `.fraction`, and a reason in each of `.verdicts`.

    `think` says how thinking is marked that comes before the answer. `dialect` and `language` take the place
    of the record's own. A record may leave out its prompt, which no check reads. RecordError says what in
    `checks` can't be used, such as an unknown id.
    """
    given = {"dialect": dialect, "language": language}
    changed = {name: value for name, value in given.items() if value is not None}
    return verdicts.verify(_instruction(checks, changed), response, think=think)


def _instruction(checks: Checks, changed: dict[str, str]) -> Instruction:
    found = records.instruction(_record(checks), "checks")
    return records.instruction(dict(found) | changed, "checks") if changed else found


def _record(checks: Checks) -> dict[str, Any]:
    if not isinstance(checks, Instruction | Mapping):
        return _NO_PROMPT | {"constraints": list(checks)}
    record = dict(checks)
    if "instruction_id_list" in record:
        return {"prompt": ""} | record
    return _NO_PROMPT | record if "constraints" in record else record
