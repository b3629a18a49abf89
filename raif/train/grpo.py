"""The mathematics of the loss, as pure functions of tensors (recipe sections 4 and 6).

Shapes: B responses, T tokens of the longest one. `mask` is [B, T], 1.0 on a response's tokens.
Departures from PPO: no value function, the advantage is relative to the group, one update a response.
"""

from __future__ import annotations

import torch
from torch import Tensor


def advantages(rewards: list[float]) -> list[float]:
    """How far each reward of a group is from the group's mean, in unbiased standard deviations.

    Equal rewards have advantage exactly 0: in floating point their deviation is not always 0, and
    dividing noise by 1e-9 would make a large advantage of it.
    """
    if len(set(rewards)) == 1:
        return [0.0] * len(rewards)
    values = torch.tensor(rewards, dtype=torch.float64)
    return ((values - values.mean()) / (values.std() + 1e-9)).tolist()


def k3(logps: Tensor, ref_logps: Tensor) -> Tensor:
    """KL(policy || reference) a token, estimated, never negative: exp(d) - 1 - d, d = ref - policy. [B, T]"""
    d = ref_logps - logps
    return torch.expm1(d) - d


def clipped_surrogate(
    logps: Tensor, old_logps: Tensor, advantage: Tensor, clip: float
) -> tuple[Tensor, Tensor]:
    """PPO's loss a token, and where the clip took the gradient away. advantage: [B]; returns two [B, T]."""
    ratio = torch.exp(logps - old_logps)
    unclipped = ratio * advantage[:, None]
    clipped = ratio.clamp(1 - clip, 1 + clip) * advantage[:, None]
    return -torch.minimum(unclipped, clipped), clipped < unclipped


def response_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over each response's own tokens, whatever the padding. [B, T] -> [B]"""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)
