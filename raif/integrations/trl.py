"""A reward function for TRL's GRPOTrainer, if the data set has the columns of our records or of IFEval's.

    GRPOTrainer(model, reward_funcs=constraints_followed, train_dataset=dataset, ...)
    GRPOTrainer(model, reward_funcs=partial(constraints_followed, think="tagged"), ...)

TRL generates from the column `prompt`, which can be our `messages` renamed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raif.errors import RecordError
from raif.integrations import CHECKS, share_followed
from raif.reasoning import Marks

Completion = str | Sequence[Mapping[str, Any]]
"""Plain text, or the turns that the model added to a conversation."""


def constraints_followed(
    prompts: Sequence[Any], completions: Sequence[Completion], *, think: Marks = "none", **columns: Any
) -> list[float | None]:
    """For each completion, the share of its row's constraints that it follows. None if the row has none.

    Raises RecordError if no column says what is checked, or a row's constraints can't be used.
    """
    known = {name: columns[name] for name in CHECKS if name in columns}
    if not known:
        raise RecordError("the data set has no column `constraints`", "See docs/records.md for its layout.")
    rows = (dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True))
    return [share_followed(row, _text(one), think) for row, one in zip(rows, completions, strict=True)]


def _text(completion: Completion) -> str:
    """What the model said last. Empty if that turn only calls a tool."""
    return completion if isinstance(completion, str) else completion[-1].get("content") or ""
