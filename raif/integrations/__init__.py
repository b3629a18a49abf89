"""Our verdicts as rewards in other libraries' trainers. None of those libraries is imported here.

Shared by all: the share of a row's constraints that a response follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.reasoning import Marks
from raif.verdicts.api import verify

CHECKS = ("constraints", "questions", "composition", "dialect", "language", "instruction_id_list", "kwargs")
"""The fields of our records and of IFEval's that say what is checked. All others are ignored."""


def share_followed(row: Mapping[str, Any], response: str, think: Marks = "none") -> float | None:
    """The share of the row's checks that pass strictly, in [0, 1]. None if no check can be judged.

    Raises RecordError if a check can't be used.
    """
    record = {name: row[name] for name in CHECKS if row.get(name) is not None}
    asks = "constraints" in record or "instruction_id_list" in record
    return verify(record, response, think=think).fraction if asks else None
