"""The mathematics of the loss, as pure functions of tensors (recipe sections 4 and 6).

Shapes: B responses, T tokens of the longest one. `mask` is [B, T], 1.0 on a response's tokens.
Departures from PPO: no value function, the advantage is relative to the group, one update a response.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor


def advantages(rewards: list[float], *, scaled: bool = True) -> list[float]:
    """How far each reward of a group is from the group's mean; scaled: in unbiased standard deviations.

    Equal rewards have advantage exactly 0: in floating point their deviation is not always 0, and
    dividing noise by 1e-9 would make a large advantage of it.
    """
    if len(set(rewards)) <= 1:
        return [0.0] * len(rewards)
    values = torch.tensor(rewards, dtype=torch.float64)
    centred = values - values.mean()
    return (centred / (values.std() + 1e-9) if scaled else centred).tolist()


def kl(logps: Tensor, ref_logps: Tensor, estimator: Literal["k1", "k2", "k3"]) -> Tensor:
    """KL(policy || reference) a token, estimated from the sampled one. d = ref - policy. [B, T]

    k1: -d, without bias, of either sign, and with an expected gradient of 0. k2: d^2 / 2, whose gradient is
    the KL's own. k3: exp(d) - 1 - d, without bias and never negative.
    """
    d = ref_logps - logps
    if estimator == "k1":
        return -d
    return d.square() / 2 if estimator == "k2" else torch.expm1(d) - d


def token_ratio(logps: Tensor, old_logps: Tensor) -> Tensor:
    """How much likelier each token is now than when it was sampled. [B, T]"""
    return torch.exp(logps - old_logps)


def sequence_ratio(logps: Tensor, old_logps: Tensor, mask: Tensor) -> Tensor:
    """GSPO: the geometric mean of a response's token ratios, for each token (arXiv 2507.18071). [B, T]"""
    return torch.exp(response_mean(logps - old_logps, mask))[:, None].expand_as(logps)


def clipped_surrogate(ratio: Tensor, advantage: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """PPO's loss a token, and where the clip took the gradient away. advantage: [B]; returns two [B, T]."""
    unclipped = ratio * advantage[:, None]
    clipped = ratio.clamp(1 - low, 1 + high) * advantage[:, None]
    return -torch.minimum(unclipped, clipped), clipped < unclipped


def response_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over each response's own tokens, whatever the padding. [B, T] -> [B]"""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)
