"""The loss of one optimiser step = policy + kl x KL + cloning x behaviour cloning (recipe section 6).

Micro-batches add up to the batch: each term divides by a count of the whole step, known beforehand.
A response that is dropped leaves no trace in the policy term, also not in its count (the reference
counts it: `reference_quirks.divide_by_all`); the KL term covers every response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from raif.config.train import LossConfig
from raif.train.batch import MicroBatch, Sample
from raif.train.grpo import clipped_surrogate, kl, response_mean, sequence_ratio, token_ratio


@dataclass(frozen=True, slots=True)
class Counts:
    """What the terms of one optimiser step are divided by.

    `kept` take part in the policy term, `learned` are computed at all. `policy` and `kl` are what the terms
    are divided by: responses, their tokens (dapo), or the tokens that they could have had (dr_grpo).
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
    """The samples that can move the policy; without a KL term, dropped ones and advantages of 0 can't."""
    return [s for s in samples if config.kl or (s.keep and s.advantage)]


def policy_loss(
    logps: Tensor,
    ref_logps: Tensor | None,
    entropy: Tensor,
    batch: MicroBatch,
    counts: Counts,
    config: LossConfig,
    gap: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """A micro-batch's share of the policy and KL terms. logps, ref_logps, entropy: [B, T]. Metrics add up.

    Without `ref_logps` there is no KL term. `gap` [B, T]: by how much the policy's log-probabilities were
    above the sampler's when it sampled. With it the ratio is to the policy's own, and each token is weighed
    by how likely the policy was to sample it against the sampler, up to `importance_cap`.
    """
    old_logps = batch.old_logps if gap is None else batch.old_logps + gap
    ratio = (
        sequence_ratio(logps, old_logps, batch.mask)
        if config.ratio == "sequence"
        else token_ratio(logps, old_logps)
    )
    tokens, clipped = clipped_surrogate(ratio, batch.advantage, config.clip, config.clip_high or config.clip)
    if gap is not None:
        tokens = tokens * gap.exp().clamp(max=config.importance_cap)
    loss = (_by_response(tokens, batch.mask, config) * batch.keep).sum() / counts.policy
    clip_share = (response_mean(clipped.float(), batch.mask) * batch.keep).sum() / counts.kept
    metrics = {
        "policy_loss": loss.detach(),
        "clip_share": clip_share,
        "ratio_off": (response_mean((ratio.detach() - 1).abs(), batch.mask) * batch.keep).sum() / counts.kept,
        "entropy": response_mean(entropy, batch.mask).sum() / counts.learned,
    }
    if ref_logps is not None:
        distance = kl(logps, ref_logps, config.kl_estimator)
        loss = loss + config.kl * (_by_response(distance, batch.mask, config).sum() / counts.kl)
        metrics["kl"] = response_mean(distance.detach(), batch.mask).sum() / counts.learned
    return loss, metrics


def _by_response(values: Tensor, mask: Tensor, config: LossConfig) -> Tensor:
    """What each response adds before the division by its count: its tokens' mean, or their sum. [B]"""
    return response_mean(values, mask) if config.normalisation == "response" else (values * mask).sum(1)


def cloning_loss(logps: Tensor, mask: Tensor, tokens: int) -> Tensor:
    """A micro-batch's share of the mean next-token loss over the `tokens` expert tokens of the step."""
    return -(logps * mask).sum() / tokens
