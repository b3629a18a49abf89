"""The policy, its frozen reference and the optimiser: one call is one optimiser step of all ranks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor

from raif.config.train import TrainConfig
from raif.models.load import Model, load, save
from raif.train.batch import MicroBatch, Sample, bucketed, collate, packed
from raif.train.grpo import response_mean
from raif.train.loss import Counts, cloning_loss, learned, policy_loss
from raif.train.optim.lora import WithoutAdapters, add_adapters, merged
from raif.train.optim.optimizer import Optimizer, PlainOptimizer
from raif.train.policy import score, token_logps, token_logps_and_entropy
from raif.train.ranks import ALONE, Ranks

Loss = tuple[Tensor, dict[str, Tensor]]
"""What to descend, and metrics that add up over a step's micro-batches."""


class Learner:
    """A policy with float32 master weights trained by AdamW, and the model as it was before any training."""

    def __init__(self, config: TrainConfig, ranks: Ranks = ALONE) -> None:
        self.config, self.ranks = config, ranks
        self.optimizer = self._make_optimizer()
        self.policy = self.optimizer.model

    def _make_optimizer(self) -> Optimizer:
        c, model = self.config, self._load()
        if c.lora.rank:
            add_adapters(model.net, c.lora)
        if c.model.gradient_checkpointing:
            model.net.gradient_checkpointing_enable()
        if not c.distributed.zero:
            return PlainOptimizer(model, c.optimizer)
        from raif.train.optim.zero import ZeroOptimizer

        return ZeroOptimizer(model, c, self.ranks.size)

    def _load(self) -> Model:
        c = self.config.model
        return load(c.path, dtype=getattr(torch, c.compute), device=c.device)

    def _load_frozen(self) -> Model:
        model = self._load()
        model.net.requires_grad_(False)
        return model

    @cached_property
    def reference(self) -> Model:
        """The untrained model, frozen: with LoRA in the policy's memory, else loaded when first asked for."""
        if self.config.lora.rank:
            return WithoutAdapters.of(self.policy)
        return self.optimizer.frozen(self._load_frozen())

    @cached_property
    def whole(self) -> Model:
        """The policy as this process alone can ask it; a copy, where weights are sharded: `refresh` it."""
        return self._load_frozen() if self.optimizer.sharded else self.policy

    def whole_weights(self) -> dict[str, Tensor]:
        """The weights of `whole`, named as in the model's folder: where it can be, its own tensors."""
        return dict(merged(self.whole.net))

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring `whole` up to the policy's weights."""
        if self.optimizer.sharded:
            copies = self.whole.net.state_dict()
            for name, weight in self.weights():
                copies[name].copy_(weight)

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's weights by their names in the model's folder, whole, tied ones once, adapters merged.

        Sharded ones are whole until the next is asked for. Every rank has to go through all of them.
        """
        return merged(self.policy.net, self.optimizer.gathered)

    def export(self, folder: Path, template: str | None = None) -> None:
        """Write one folder that transformers and vLLM load."""
        weights = {name: weight.to("cpu", copy=True) for name, weight in self.weights() if self.ranks.first}
        if self.ranks.first:
            save(self.policy, folder, weights, template=template)
        self.ranks.wait()

    def reference_logps(self, samples: Sequence[Sample]) -> list[list[float]]:
        """What the reference makes of each response's tokens; nothing where there is no KL term."""
        if not self.config.loss.kl:
            return [[] for _ in samples]
        size = 2 * self.config.optimizer.micro_batch  # no activations are kept: twice as many fit
        temperature = self.config.rollout.temperature
        return score(self.reference, samples, size=size, temperature=temperature, ranks=self.ranks)

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

        `fresh`: the samples are the first of their rollout, of which nothing was learned yet.
        """
        metrics: dict[str, float] = defaultdict(float)
        if samples:
            metrics |= {"policy_loss": 0.0, "clip_share": 0.0}  # of a step from which nothing is learned
        weight = self.config.loss.cloning if samples else 1.0
        passes = [*self._policy_passes(samples, ref_logps, fresh), *self._cloning_passes(clones, weight)]
        self.policy.net.train()
        for left, (compute, counts) in zip(reversed(range(len(passes))), passes, strict=True):
            loss, parts = compute()
            self.optimizer.backward(counts * loss, last=not left)
            for name, value in parts.items():
                metrics[name] += counts * value.item()
        norm = self.optimizer.step(lr) if passes else 0.0
        self.policy.net.eval()
        return {**self.ranks.add(metrics), "grad_norm": norm, "lr": lr}

    def _policy_passes(
        self, samples: Sequence[Sample], ref_logps: Sequence[list[float]], fresh: bool
    ) -> Iterator[tuple[Callable[[], Loss], float]]:
        """This rank's micro-batches, as what computes them, and whether (1 or 0) they count."""
        c = self.config
        counts = Counts.of(
            samples,
            c.loss,
            divide_by_all=c.reference_quirks.divide_by_all,
            max_new_tokens=c.rollout.max_new_tokens,
        )
        chosen = learned(samples, c.loss)
        for positions, weight in self.ranks.deal(bucketed(chosen, c.optimizer.micro_batch)):
            rows = [ref_logps[i] for i in positions] if c.loss.kl else None
            yield partial(self._policy_loss, [chosen[i] for i in positions], rows, counts, fresh), weight

    def _policy_loss(
        self, samples: Sequence[Sample], ref_logps: Sequence[list[float]] | None, counts: Counts, fresh: bool
    ) -> Loss:
        c, batch = self.config, self._collate(samples)
        reference = _padded(ref_logps, batch.mask) if ref_logps else None
        logps, entropy = self.policy.call(token_logps_and_entropy, batch, c.rollout.temperature)
        gap = logps.detach() - batch.old_logps if fresh else batch.gap
        loss, parts = policy_loss(
            logps, reference, entropy, batch, counts, c.loss, gap if c.corrects else None
        )
        if fresh:
            parts["logp_mismatch"] = response_mean(gap.abs(), batch.mask).sum() / counts.learned
        return loss, parts

    def _cloning_passes(
        self, clones: Sequence[Sample], weight: float
    ) -> Iterator[tuple[Callable[[], Loss], float]]:
        c, tokens = self.config, sum(len(s.ids) for s in clones)
        packing = c.method == "sft" and c.sft.packing
        batches = packed(clones, c.sft.max_tokens) if packing else bucketed(clones, c.optimizer.micro_batch)
        for positions, counts in self.ranks.deal(batches):
            chosen = [clones[i] for i in positions]
            yield partial(self._cloning_loss, chosen, tokens, weight, packing), counts

    def _cloning_loss(self, clones: Sequence[Sample], tokens: int, weight: float, packing: bool) -> Loss:
        batch = self._collate(clones)
        logps = self.policy.call(partial(token_logps, packed=packing), batch)
        loss = cloning_loss(logps, batch.mask, tokens)
        return weight * loss, {"cloning_loss": loss.detach()}

    def _collate(self, samples: Sequence[Sample]) -> MicroBatch:
        return collate(samples, pad=self.policy.pad_id, device=self.policy.device)


def _padded(rows: Sequence[list[float]], like: Tensor) -> Tensor:
    """Rows of several lengths as a tensor of the shape of `like`, 0 beyond their ends."""
    width = like.shape[1]
    return torch.tensor([[*row, *[0.0] * (width - len(row))] for row in rows], device=like.device)
