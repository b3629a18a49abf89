"""The reward for verl: `compute_score`, its custom reward function.

    reward.custom_reward_function.path=pkg://raif.integrations.verl
    +reward.custom_reward_function.reward_kwargs.think=deepseek

A row's constraints are the `ground_truth` of its `reward_model`, as JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.integrations import labelled, rewarded
from raif.reasoning import Marks


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    *,
    think: Marks = "none",
    **others: Any,
) -> dict[str, float]:
    """`score`: the share of the constraints in `ground_truth` that the answer follows; `acc`: 1 if all.

    verl logs `acc`. Other arguments, such as a reward model's address, are not needed. Raises RaifError if
    the constraints can't be used or judged.
    """
    share, all_followed = rewarded(labelled(ground_truth), solution_str, think)
    return {"score": share, "acc": float(all_followed)}
