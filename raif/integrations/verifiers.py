"""Rewards for the `verifiers` library: for a Rubric (up to 0.3) and for a task (`verifiers.v1`, from 0.3 on).

vf.Rubric(funcs=[constraints_followed], parser=vf.ThinkParser())    # constraints in the column `info`
vf.TaskConfig(rewards={"followed": {"fn": "raif.integrations.verifiers:task_followed"}})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.integrations import rewarded


def constraints_followed(completion: Any, info: Mapping[str, Any], parser: Any) -> float:
    """The share of `info`'s constraints that the answer follows. The rubric's parser finds the answer.

    Raises RaifError if they can't be used or judged. Note that a Rubric logs any error and scores it as 0.
    """
    return rewarded(info, parser.parse_answer(completion) or "")[0]


async def task_followed(task: Any, trace: Any) -> float:
    """The share of the constraints in the task's data that the last reply follows. RaifError as above."""
    return rewarded(task.model_dump(), trace.last_reply)[0]
