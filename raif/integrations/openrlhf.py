"""The reward for OpenRLHF, which takes it from a Python file: `--reward.remote_url reward.py` with

    from raif.integrations.openrlhf import reward_func

For a model that thinks: `reward_func = partial(raif.integrations.openrlhf.reward_func, think="deepseek")`.
The column that `--data.label_key` names has a row's constraints as JSON text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from raif.errors import RaifError
from raif.integrations import generated, labelled, rewarded
from raif.reasoning import Marks

_CUT = 16
"""The least characters of a prompt that was cut at its start to find it again."""


def reward_func(
    queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], *, think: Marks = "none"
) -> dict[str, Any]:
    """For each query, which is a prompt with its response, the share of its constraints that it follows.

    `rewards` and `scores` are tensors of the same numbers, `extra_logs` has whether all are followed. Raises
    RaifError if the constraints can't be used or judged: OpenRLHF logs that, and goes on without a reward.
    """
    import torch

    found = [
        rewarded(labelled(label), generated(response_of(query, prompt), prompt, think), think)
        for query, prompt, label in zip(queries, prompts, labels, strict=True)
    ]
    shares = torch.tensor([share for share, _ in found])
    followed = torch.tensor([float(all_followed) for _, all_followed in found])
    return {"rewards": shares, "scores": shares, "extra_logs": {"followed": followed}}


def response_of(query: str, prompt: str) -> str:
    """What follows the prompt, or what OpenRLHF left of it: a prompt that is too long is cut at its start."""
    for start in range(max(1, len(prompt) - _CUT)):
        if query.startswith(prompt[start:]):
            return query[len(prompt) - start :]
    raise RaifError(
        f"the query doesn't begin with its prompt, but with {query[:60]!r}",
        "Does the tokenizer change texts? Then use raif.integrations.share_followed on the response alone.",
    )
