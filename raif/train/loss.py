"""The loss of one optimizer step = policy + kl x KL + cloning x behaviour cloning (arXiv 2506.01413),
less an entropy bonus that is off in the paper.

Pure functions of tensors. Shapes: B responses, T tokens of the longest one; `mask` is [B, T], 1.0 on a
response's tokens. Departures from PPO: no value function, advantages are relative to the group, and each
response is used once.

Micro-batches add up to the batch: each term is divided by a count over the whole step, known beforehand. A
dropped response leaves no trace in the policy term, not even in its count (the authors' code counts it:
`reference_quirks.divide_by_all`). The KL term covers every response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from raif.config.train import LossConfig
from raif.train.logps import MicroBatch, Sample


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


@dataclass(frozen=True, slots=True)
class Counts:
    """What the terms of one optimizer step are divided by.

    `kept` responses take part in the policy term, `learned` are computed at all. `policy` and `kl` divide
    these terms: they count responses, their tokens (dapo), or the tokens they could have had (dr_grpo).
    """

    kept: int
    learned: int
    policy: int
    kl: int

    @classmethod
    def of(
        cls, samples: Sequence[Sample], config: LossConfig, *, divide_by_all: bool, max_new_tokens: int
    ) -> Counts:
        kept = samples if divide_by_all else [s for s in samples if s.keep]
        policy, kl = (
            {
                "response": len(chosen),
                "dapo": sum(len(s.ids) for s in chosen),
                "dr_grpo": len(chosen) * max_new_tokens,
            }[config.normalisation]
            for chosen in (kept, samples)
        )
        return cls(max(len(kept), 1), len(learned(samples, config)), max(policy, 1), max(kl, 1))


def learned(samples: Sequence[Sample], config: LossConfig) -> list[Sample]:
    """The samples that can move the policy. Without a KL term, dropped ones can't, and advantages of 0 only
    by the entropy bonus.
    """
    return [s for s in samples if config.kl or (s.keep and (s.advantage or config.entropy))]


def policy_loss(
    logps: Tensor,
    frozen_logps: Tensor | None,
    entropy: Tensor,
    batch: MicroBatch,
    counts: Counts,
    config: LossConfig,
    gap: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """A micro-batch's share of the policy and KL terms. logps, frozen_logps, entropy: [B, T]. Metrics add up.

    Without `frozen_logps` there is no KL term. `gap` [B, T] is by how much the policy's log-probabilities
    exceeded the sampler's at the time of sampling. With it the ratio is to the policy's own, and with an
    `importance_cap` each token is weighted by how much likelier the policy was to sample it than the sampler,
    up to this cap (truncated importance sampling).
    """
    old_logps = batch.old_logps if gap is None else batch.old_logps + gap
    by_sequence = config.ratio == "sequence"
    ratio = sequence_ratio(logps, old_logps, batch.mask) if by_sequence else token_ratio(logps, old_logps)
    tokens, clipped = clipped_surrogate(ratio, batch.advantage, config.clip, config.clip_high or config.clip)
    if gap is not None and config.importance_cap is not None:
        tokens = tokens * gap.exp().clamp(max=config.importance_cap)

    def by_response(values: Tensor) -> Tensor:
        """What each response adds before the division by the count: its tokens' mean, or their sum. [B]"""
        return (
            response_mean(values, batch.mask)
            if config.normalisation == "response"
            else (values * batch.mask).sum(1)
        )

    off = response_mean((ratio.detach() - 1).abs(), batch.mask)
    loss = (by_response(tokens) * batch.keep).sum() / counts.policy
    metrics = {
        "policy_loss": loss.detach(),
        "clip_share": (response_mean(clipped.float(), batch.mask) * batch.keep).sum() / counts.kept,
        "ratio_off": (off * batch.keep).sum() / counts.kept,
        "entropy": response_mean(entropy.detach(), batch.mask).sum() / counts.learned,
    }
    if config.entropy:
        loss = loss - config.entropy * (by_response(entropy) * batch.keep).sum() / counts.policy
    if frozen_logps is not None:
        distance = kl(logps, frozen_logps, config.kl_estimator)
        loss = loss + config.kl * (by_response(distance).sum() / counts.kl)
        metrics["kl"] = response_mean(distance.detach(), batch.mask).sum() / counts.learned
    return loss, metrics


def cloning_loss(logps: Tensor, mask: Tensor, tokens: int) -> Tensor:
    """A micro-batch's share of the mean next-token loss over the `tokens` expert tokens of the step."""
    return -(logps * mask).sum() / tokens


def token_ratio(logps: Tensor, old_logps: Tensor) -> Tensor:
    """How much likelier each token is now than when it was sampled. [B, T]"""
    return torch.exp(logps - old_logps)


def sequence_ratio(logps: Tensor, old_logps: Tensor, mask: Tensor) -> Tensor:
    """GSPO: the geometric mean of a response's token ratios, for each token (arXiv 2507.18071). [B, T]"""
    return torch.exp(response_mean(logps - old_logps, mask))[:, None].expand_as(logps)


def clipped_surrogate(ratio: Tensor, advantage: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """PPO's loss for each token, and where clipping removed the gradient. advantage: [B]; returns [B, T]."""
    unclipped = ratio * advantage[:, None]
    clipped = ratio.clamp(1 - low, 1 + high) * advantage[:, None]
    return -torch.minimum(unclipped, clipped), clipped < unclipped


def kl(logps: Tensor, frozen_logps: Tensor, estimator: Literal["k1", "k2", "k3"]) -> Tensor:
    """KL(policy || frozen model) for each token, estimated from the sampled one. d = frozen - policy. [B, T]

    k1: -d; unbiased, of either sign, with an expected gradient of 0. k2: d^2 / 2; its gradient is the KL's
    own. k3: exp(d) - 1 - d; unbiased and never negative.
    """
    d = frozen_logps - logps
    if estimator == "k1":
        return -d
    return d.square() / 2 if estimator == "k2" else torch.expm1(d) - d


def response_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over each response's own tokens, whatever the padding. [B, T] -> [B]"""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)
