"""The policy, its frozen reference and the optimiser: one call is one optimiser step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from raif.config.train import TrainConfig
from raif.train.batch import MicroBatch, Sample, micro_batches, packed_batches
from raif.train.grpo import response_mean
from raif.train.loss import Counts, cloning_loss, learned, policy_loss
from raif.train.master import Master
from raif.train.model import Model, load
from raif.train.policy import score, token_logps, token_logps_and_entropy


class Learner:
    """Float32 master weights trained by AdamW, and the model as it was before any training."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        c, o = config.model, config.optimizer
        self.policy = self._load()
        if c.gradient_checkpointing:
            self.policy.net.gradient_checkpointing_enable()
        self.master = Master(self.policy.net)
        self.optimizer = torch.optim.AdamW(
            self.master.weights, lr=o.lr, betas=o.betas, weight_decay=o.weight_decay, fused=True
        )

    def _load(self) -> Model:
        c = self.config.model
        return load(c.path, dtype=getattr(torch, c.compute), device=c.device)

    @cached_property
    def reference(self) -> Model:
        """The untrained model, frozen; loaded when something first asks for it."""
        model = self._load()
        model.net.requires_grad_(False)
        return model

    def reference_logps(self, samples: Sequence[Sample]) -> list[list[float]]:
        """What the reference makes of each response's tokens; nothing where there is no KL term."""
        if not self.config.loss.kl:
            return [[] for _ in samples]
        size = 2 * self.config.optimizer.micro_batch  # no activations are kept: twice as many fit
        return score(self.reference, samples, size=size, temperature=self.config.rollout.temperature)

    def update(
        self,
        samples: Sequence[Sample],
        ref_logps: Sequence[list[float]],
        clones: Sequence[Sample],
        lr: float,
        *,
        fresh: bool = False,
    ) -> dict[str, float]:
        """One optimiser step on rollouts, expert answers, or both. Returns the step's metrics.

        `fresh`: the policy is still the one that the samples are from.
        """
        metrics: dict[str, float] = defaultdict(float)
        self.policy.net.train()
        self._accumulate_policy(samples, ref_logps, metrics, fresh=fresh)
        self._accumulate_cloning(clones, metrics, weight=self.config.loss.cloning if samples else 1.0)
        norm = torch.nn.utils.clip_grad_norm_(self.master.weights, self.config.optimizer.max_grad_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.master.publish()
        self.policy.net.eval()
        return {**metrics, "grad_norm": norm.item(), "lr": lr}

    def _accumulate_policy(
        self,
        samples: Sequence[Sample],
        ref_logps: Sequence[list[float]],
        metrics: dict[str, float],
        *,
        fresh: bool,
    ) -> None:
        c = self.config
        counts = Counts.of(
            samples,
            c.loss,
            divide_by_all=c.reference_quirks.divide_by_all,
            max_new_tokens=c.rollout.max_new_tokens,
        )
        if samples:
            metrics |= {"policy_loss": 0.0, "clip_share": 0.0}  # of a step from which nothing is learned
        for positions, batch in self._micro_batches(learned(samples, c.loss)):
            reference = _padded([ref_logps[i] for i in positions], batch.mask) if c.loss.kl else None
            logps, entropy = token_logps_and_entropy(self.policy, batch, c.rollout.temperature)
            gap = logps.detach() - batch.old_logps if fresh else batch.gap
            loss, parts = policy_loss(
                logps, reference, entropy, batch, counts, c.loss, gap if c.corrects else None
            )
            if fresh:
                parts["logp_mismatch"] = response_mean(gap.abs(), batch.mask).sum() / counts.learned
            loss.backward()
            self.master.collect()
            for name, value in parts.items():
                metrics[name] += value.item()

    def _accumulate_cloning(self, clones: Sequence[Sample], metrics: dict[str, float], weight: float) -> None:
        tokens = sum(len(s.ids) for s in clones)
        packed = self.config.method == "sft" and self.config.sft.packing
        for batch in self._packs(clones) if packed else (b for _, b in self._micro_batches(clones)):
            loss = cloning_loss(token_logps(self.policy, batch, packed=packed), batch.mask, tokens)
            (weight * loss).backward()
            self.master.collect()
            metrics["cloning_loss"] += loss.item()

    def _micro_batches(self, samples: Sequence[Sample]) -> Iterator[tuple[list[int], MicroBatch]]:
        size = self.config.optimizer.micro_batch
        return micro_batches(samples, size, pad=self.policy.pad_id, device=self.policy.device)

    def _packs(self, samples: Sequence[Sample]) -> Iterator[MicroBatch]:
        tokens = self.config.sft.max_tokens
        return packed_batches(samples, tokens, pad=self.policy.pad_id, device=self.policy.device)


def _padded(rows: Sequence[list[float]], like: Tensor) -> Tensor:
    """Rows of several lengths as a tensor of the shape of `like`, 0 beyond their ends."""
    width = like.shape[1]
    return torch.tensor([[*row, *[0.0] * (width - len(row))] for row in rows], device=like.device)
