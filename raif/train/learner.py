"""The policy, its frozen reference and the optimiser: one call is one optimiser step."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence

import torch

from raif.config.train import TrainConfig
from raif.train.batch import Sample, micro_batches
from raif.train.loss import Counts, cloning_loss, policy_loss
from raif.train.model import Model, load
from raif.train.policy import compute, score, token_logps, token_logps_and_entropy


class Learner:
    """float32 master weights trained by AdamW; `reference` is the model as it was before any training."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.policy = load(config.model.path, dtype=torch.float32, device=config.model.device)
        self.reference = Model(
            copy.deepcopy(self.policy.net).requires_grad_(False), self.policy.tokenizer, self.policy.device
        )
        if config.model.gradient_checkpointing:
            self.policy.net.gradient_checkpointing_enable()
        o = config.optimizer
        self.optimizer = torch.optim.AdamW(
            self.policy.net.parameters(), lr=o.lr, betas=o.betas, weight_decay=o.weight_decay, fused=True
        )

    def reference_logps(self, samples: Sequence[Sample]) -> list[list[float]]:
        """What the reference makes of each response's tokens."""
        c = self.config
        return score(
            self.reference,
            samples,
            size=2 * c.optimizer.micro_batch,  # no activations are kept: twice as many fit
            precision=c.model.compute,
            temperature=c.rollout.temperature,
        )

    def update(
        self, samples: Sequence[Sample], ref_logps: Sequence[list[float]], clones: Sequence[Sample], lr: float
    ) -> dict[str, float]:
        """One optimiser step on rollouts, expert answers, or both. Returns the step's metrics."""
        metrics: Counter[str] = Counter()
        self.policy.net.train()
        self._accumulate_policy(samples, ref_logps, metrics)
        self._accumulate_cloning(clones, metrics, weight=self.config.loss.cloning if samples else 1.0)
        norm = torch.nn.utils.clip_grad_norm_(self.policy.net.parameters(), self.config.optimizer.max_grad_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {**metrics, "grad_norm": norm.item(), "lr": lr}

    def _accumulate_policy(
        self, samples: Sequence[Sample], ref_logps: Sequence[list[float]], metrics: Counter[str]
    ) -> None:
        c = self.config
        counts = Counts.of(samples, divide_by_all=c.reference_quirks.divide_by_all)
        for positions, batch in self._micro_batches(samples):
            reference = torch.zeros_like(batch.mask)
            for row, i in enumerate(positions):
                reference[row, : len(ref_logps[i])] = torch.tensor(ref_logps[i])
            with compute(self.policy.device, c.model.compute):
                logps, entropy = token_logps_and_entropy(self.policy, batch, c.rollout.temperature)
            loss, parts = policy_loss(logps, reference, entropy, batch, counts, c.loss)
            loss.backward()
            metrics.update({name: value.item() for name, value in parts.items()})

    def _accumulate_cloning(self, clones: Sequence[Sample], metrics: Counter[str], weight: float) -> None:
        tokens = sum(len(s.ids) for s in clones)
        for _, batch in self._micro_batches(clones):
            with compute(self.policy.device, self.config.model.compute):
                logps = token_logps(self.policy, batch)
            loss = cloning_loss(logps, batch.mask, tokens)
            (weight * loss).backward()
            metrics["cloning_loss"] += loss.item()

    def _micro_batches(self, samples: Sequence[Sample]):  # type: ignore[no-untyped-def]
        pad = self.policy.tokenizer.pad_token_id or 0
        return micro_batches(samples, self.config.optimizer.micro_batch, pad=pad, device=self.policy.device)
