"""What kinds mean to the method's authors' copy of IFEval's program, where it differs: `--dialect raif`."""

from __future__ import annotations

from raif.constraints.format import json_outcome, unfenced
from raif.constraints.kind import Example, Outcome, variant


@variant(
    "detectable_format:json_format",
    "raif_eval",
    examples=(
        Example(True, '```json\n{"tea": "hot"}\n```', {}),
        Example(False, '\n```json\n{"tea": "hot"}\n```', {}),
    ),
)
def json_format(response: str) -> Outcome:
    """A code fence is none where a blank or a line's end stands before or behind it."""
    return json_outcome(unfenced(response, "json"))
