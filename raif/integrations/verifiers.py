"""Rewards for the `verifiers` library: for a Rubric (up to 0.3) and for a task (`verifiers.v1`, from 0.3 on).

vf.Rubric(funcs=[constraints_followed], parser=vf.ThinkParser())    # constraints in the column `info`
vf.TaskConfig(rewards={"followed": {"fn": "raif.integrations.verifiers:task_followed"}})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.errors import RaifError
from raif.integrations import share_followed


def constraints_followed(completion: Any, info: Mapping[str, Any], parser: Any) -> float:
    """The share of `info`'s constraints that the answer follows. The rubric's parser finds the answer.

    Raises RaifError if they can't be used or judged. Note that a Rubric logs any error and scores it as 0.
    """
    return _judged(share_followed(info, parser.parse_answer(completion) or ""))


async def task_followed(task: Any, trace: Any) -> float:
    """The share of the constraints in the task's data that the last reply follows. RaifError as above."""
    return _judged(share_followed(task.model_dump(), trace.last_reply))


def _judged(share: float | None) -> float:
    if share is None:
        raise RaifError("no constraint that could be judged", "Give the row `constraints` of known kinds.")
    return share
