"""One prompt's responses, asked of vLLM: in the same words in its process and over HTTP."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from raif.config.rollout import RolloutConfig
from raif.train.samplers.sampler import SamplingRequest


def parameters(request: SamplingRequest, config: RolloutConfig, end_ids: Collection[int]) -> dict[str, Any]:
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
