"""One prompt's responses, asked of vLLM: in the same words in its process and over HTTP."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from raif.config.rollout import RolloutConfig


@dataclass(frozen=True, slots=True)
class Request:
    """`count` responses to one prompt. Each draws from a seed of its own: vLLM adds its number to `seed`."""

    prompt: list[int]
    count: int
    seed: int


def requests(prompts: Sequence[list[int]], counts: Sequence[int], seed: int) -> list[Request]:
    """The requests of one rollout, each with its own seed: two prompts never share their random numbers."""
    return [
        Request(prompt, count, random.Random(str(seed + i)).getrandbits(48))
        for i, (prompt, count) in enumerate(zip(prompts, counts, strict=True))
    ]


def parameters(request: Request, config: RolloutConfig, end_ids: Collection[int]) -> dict[str, Any]:
    """vLLM's sampling parameters: the whole distribution, log-probabilities too, ended by `end_ids`."""
    return {
        "n": request.count,
        "seed": request.seed,
        "max_tokens": config.max_new_tokens,
        "temperature": config.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "logprobs": 0,
        "ignore_eos": True,
        "stop_token_ids": sorted(end_ids),
    }
