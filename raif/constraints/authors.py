"""How the authors' copy of IFEval's program differs, for `raif eval --dialect authors`."""

from __future__ import annotations

from raif.constraints.format import json_outcome, unfenced
from raif.constraints.kind import Example, Outcome, variant


@variant(
    "detectable_format:json_format",
    "authors",
    examples=(
        Example(True, '```json\n{"tea": "hot"}\n```', {}),
        Example(False, '\n```json\n{"tea": "hot"}\n```', {}),
    ),
)
def json_format(response: str) -> Outcome:
    """A code fence with a space or line break before or after it is not removed."""
    return json_outcome(unfenced(response, "json"))
