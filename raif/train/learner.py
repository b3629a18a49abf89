"""The policy, the frozen model that it started from, and the optimizer. `update` is one step of all ranks."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raif.config.train import TrainConfig
from raif.errors import ConfigError, RaifError
from raif.models.attention import GROUPED, keeps_all
from raif.models.decode import decode
from raif.models.load import Model, load, recomputing, save
from raif.plan.costs import Sharding, tokens_that_fit
from raif.plan.shapes import read
from raif.train.logps import (
    MicroBatch,
    Sample,
    Temperature,
    bucketed,
    collate,
    packed,
    plain_logps,
    score,
    token_logps,
    token_logps_and_entropy,
)
from raif.train.loss import Counts, cloning_loss, learned, policy_loss, response_mean
from raif.train.optim.lora import WithoutAdapters, add_adapters, merged
from raif.train.optim.optimizer import Optimizer, PlainOptimizer
from raif.train.pace import device_bytes
from raif.train.prompts import SharedPrompts
from raif.train.ranks import ALONE, Ranks, lost_a_rank

Loss = tuple[Tensor, dict[str, Tensor]]
"""What to descend, and metrics that add up over a step's micro-batches."""


AGREEMENT = {"float32": 1e-3, "bfloat16": 0.1}
"""How far log-probabilities may be apart on average; bfloat16 alone makes up to 0.05."""
PROBED = 16
"""How many tokens of each response are sampled to compare them."""


class Learner:
    """A policy with float32 master weights trained by AdamW, and the model as it was before training."""

    def __init__(self, config: TrainConfig, ranks: Ranks = ALONE) -> None:
        self.config, self.ranks = config, ranks
        model = self._load()
        if config.lora.rank:
            add_adapters(model.net, config.lora)
        if config.model.gradient_checkpointing:
            if not model.net.supports_gradient_checkpointing:
                raise ConfigError(
                    f"model.gradient_checkpointing: {_name(model)} can't recompute its activations",
                    "Give model.gradient_checkpointing=false.",
                )
            model.net.gradient_checkpointing_enable()
        self.optimizer: Optimizer
        if config.distributed.zero:
            from raif.train.optim.zero import ZeroOptimizer

            self.optimizer = ZeroOptimizer(model, config, ranks.size)
        else:
            self.optimizer = PlainOptimizer(model, config.optimizer)
        self.policy = self.optimizer.model
        # whether a prompt can be read once for several responses: on a CPU alone, where it was measured
        self._shares = (
            not (config.distributed.zero or config.model.gradient_checkpointing)
            and self.policy.net.config._attn_implementation == GROUPED
            and keeps_all(self.policy.net)
        )
        self._gathered: dict[str, Tensor] = {}
        self.size, self.tokens = self._micro_batches()

    def _micro_batches(self) -> tuple[int, int | None]:
        """The limits of `bucketed`, the same on all ranks."""
        o, d, net = self.config.optimizer, self.config.distributed, self.policy.net
        if o.micro_batch != "auto":
            return o.micro_batch, None
        if o.micro_batch_tokens:
            return sys.maxsize, o.micro_batch_tokens
        shape = read(net.config.get_text_config().to_dict())
        if shape is None:
            raise ConfigError(
                f"optimizer.micro_batch: the memory of a {_name(self.policy)} can't be planned",
                "Give optimizer.micro_batch a number, or optimizer.micro_batch_tokens.",
            )
        sharding = Sharding(self.ranks.size, d.zero, d.offload)
        cpu = self.policy.device.type == "cpu"
        card = device_bytes(self.policy.device)
        fit = tokens_that_fit(self.config, shape, cpu=cpu, card=card, sharding=sharding)
        return sys.maxsize, min(self.ranks.gather(fit))

    def _load(self, *, frozen: bool = False) -> Model:
        c = self.config.model
        dtype = getattr(torch, c.compute)
        model = load(c.path, dtype=dtype, device=c.device, attention=c.attention)
        if frozen:
            model.net.requires_grad_(False)
        return model

    @cached_property
    def frozen(self) -> Model:
        """The untrained model: with LoRA in the policy's memory, else loaded when it is first needed."""
        if self.config.lora.rank:
            return WithoutAdapters.of(self.policy)
        return self.optimizer.frozen(self._load(frozen=True))

    @cached_property
    def whole(self) -> Model:
        """The policy as this process can run it alone. With sharded weights a copy: see `refresh`. Nothing
        needs it if servers sample.
        """
        return self._load(frozen=True) if self.optimizer.sharded else self.policy

    def whole_weights(self) -> dict[str, Tensor]:
        """The whole weights on the first rank, named as in the model's folder; no copies where possible."""
        sharded = self.optimizer.sharded
        return self._gathered if sharded and self.config.on_servers else dict(merged(self.whole.net))

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring `whole`, or what servers are sent, up to the policy's weights, if these are sharded."""
        if self.optimizer.sharded and self.config.on_servers:
            self._gathered = self._on_first_rank()
        elif self.optimizer.sharded:
            copies = self.whole.net.state_dict()
            for name, weight in self.weights():
                copies[name].copy_(weight)

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's whole weights by their names in the model's folder, tied ones once, adapters merged.

        A sharded one is whole until the next is asked for. Every rank has to go through all of them.
        """
        return merged(self.policy.net, self.optimizer.gathered)

    def export(self, folder: Path, template: str | None = None) -> None:
        """Write a folder that transformers and vLLM load."""
        weights = self._on_first_rank()
        if self.ranks.first:
            save(self.policy, folder, weights, template=template)
        self.ranks.wait()

    def _on_first_rank(self) -> dict[str, Tensor]:
        """The whole weights in the first rank's memory, by their names; empty on the others."""
        return {name: weight.to("cpu", copy=True) for name, weight in self.weights() if self.ranks.first}

    @torch.no_grad()
    def check(self, samples: Sequence[Sample]) -> None:
        """Raise RaifError unless our log-probabilities are those of the model's own forward pass.

        Ours come from chunks of logits, padded or packed rows, an attention of our choice and, if this
        process samples, a cache of our own.
        """
        advice = "This architecture can't be trained here yet. Try --set model.attention=eager."
        try:
            if self._packs:
                trained = self._trained(samples, packed=True)
                self._agree("packing", samples, trained, f"{advice} Or try sft.packing=false.")
            else:
                self._agree("training", samples, self._trained(samples), advice)
            if self._shares:
                prompts = SharedPrompts(self.policy, (sample.prompt for sample in samples))
                self._agree("sharing prompts", samples, self._trained(samples, prompts=prompts), advice)
            if self.config.samples_itself:
                found = self._sampled(samples)
                logps = [torch.tensor(each.old_logps, device=self.policy.device) for each in found]
                self._agree("sampling", found, logps, f"{advice} Or sample with vLLM: rollout.engine.")
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, torch.OutOfMemoryError) or lost_a_rank(error):
                raise
            what = f"{_name(self.policy)}: its forward pass can't be taken apart"
            raise RaifError(f"{what}: {type(error).__name__}: {error}", advice) from error

    def _trained(self, samples: Sequence[Sample], **how: Any) -> list[Tensor]:
        """The log-probabilities of each response's tokens, as they are computed in training."""
        with recomputing(self.policy.net):
            ours = self.policy.call(partial(token_logps, **how), self._collate(samples))
        return [row[: len(s.ids)] for row, s in zip(ours, samples, strict=True)]

    def _sampled(self, samples: Sequence[Sample]) -> list[Sample]:
        """Responses to the prompts of the samples, and to the half of one: rows of different length."""
        prompts = [*dict.fromkeys(tuple(s.prompt_ids) for s in samples)]
        prompts.append(prompts[0][len(prompts[0]) // 2 :])
        asked = [list(each) for each in prompts]
        found = decode(self.whole, asked, [2] * len(asked), max_new_tokens=PROBED, temperature=1.0)
        return [Sample(p, c.ids, c.logps) for p, cs in zip(asked, found, strict=True) for c in cs]

    def _agree(self, what: str, samples: Sequence[Sample], ours: Sequence[Tensor], advice: str) -> None:
        """Raise RaifError unless these are the log-probabilities of the samples' tokens, rounding aside."""
        mine, own = torch.cat([*ours]), torch.cat([self.policy.call(plain_logps, each) for each in samples])
        apart, allowed = (mine - own).abs().mean().item(), AGREEMENT[self.config.model.compute]
        if not apart <= allowed:  # also if it is not a number
            raise RaifError(
                f"{_name(self.policy)}: {what} would compute other log-probabilities than the model itself: "
                f"{mine.mean():.4f} a token instead of {own.mean():.4f}, {apart:.3g} apart on average, "
                f"{allowed:g} allowed",
                advice,
            )

    def frozen_logps(self, samples: Sequence[Sample]) -> list[list[float]]:
        """The log-probabilities of each response's tokens under the frozen model; empty without a KL term."""
        if not self.config.loss.kl:
            return [[] for _ in samples]
        return self._score(self.frozen, samples)

    def with_gaps(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples of one rollout, before any update on it, with how far the sampler's log-probabilities
        are from the policy's own.

        Those of the first optimizer step stay as they are: the policy hasn't changed by then, so their gap is
        known when they are learned from. The others get theirs here, if they are learned from at all.
        """
        if not self.config.recomputes:
            return list(samples)
        batch = self.config.optimizer.batch
        later = learned(samples[batch:], self.config.loss)
        gaps = {
            id(sample): tuple(own - old for own, old in zip(row, sample.old_logps, strict=True))
            for sample, row in zip(later, self._score(self.policy, later), strict=True)
        }
        return [*samples[:batch], *(replace(s, gap=gaps.get(id(s), ())) for s in samples[batch:])]

    def _score(self, model: Model, samples: Sequence[Sample]) -> list[list[float]]:
        return score(
            model,
            samples,
            size=2 * self.size,  # no activations are kept: twice as many fit
            tokens=self.tokens and 2 * self.tokens,
            temperature=self._temperature,
            ranks=self.ranks,
        )

    @property
    def _temperature(self) -> Temperature:
        """At which the log-probabilities of rollouts are taken."""
        r = self.config.rollout
        return "each" if r.temperatures else r.temperature

    def update(
        self,
        samples: Sequence[Sample],
        frozen_logps: Sequence[list[float]],
        clones: Sequence[Sample],
        lr: float,
        *,
        fresh: bool = False,
    ) -> dict[str, float]:
        """One optimizer step on rollouts, expert answers, or both. Returns the step's metrics.

        `fresh`: the samples are the first of their rollout, and nothing was learned from it yet. A step with
        a loss, log-probability or gradient that is not finite changes nothing, and its `grad_norm` is not
        finite either.
        """
        metrics: dict[str, float] = defaultdict(float)
        if samples:
            metrics |= {"policy_loss": 0.0, "clip_share": 0.0}  # of a step from which nothing is learned
        if not all(map(math.isfinite, chain(*(s.old_logps for s in samples), *frozen_logps))):
            metrics["given_logps"] = math.nan  # the clipping could hide it
        weight = self.config.loss.cloning if samples else 1.0
        prompts = self._shared_prompts(learned(samples, self.config.loss))
        passes = [
            *self._policy_passes(samples, frozen_logps, prompts, fresh),
            *self._cloning_passes(clones, weight),
        ]
        with recomputing(self.policy.net):
            for left, (compute, counts) in zip(reversed(range(len(passes))), passes, strict=True):
                loss, parts = compute()
                for name, value in parts.items():
                    metrics[name] += counts * value.item()
                if not left and not all(self.ranks.gather(all(map(math.isfinite, metrics.values())))):
                    loss = loss * math.nan  # the gradient of such a loss may be finite, and is worth nothing
                self.optimizer.backward(counts * loss, last=not left)
            if prompts:
                prompts.backward()
        norm = self.optimizer.step(lr) if passes else 0.0
        return {**self.ranks.add(metrics), "grad_norm": norm, "lr": lr}

    def _shared_prompts(self, samples: Sequence[Sample]) -> SharedPrompts | None:
        """The prompts of these samples, if some have the same and it can be read once."""
        prompts = dict.fromkeys(sample.prompt for sample in samples)
        return SharedPrompts(self.policy, prompts) if self._shares and len(prompts) < len(samples) else None

    def _policy_passes(
        self,
        samples: Sequence[Sample],
        frozen_logps: Sequence[list[float]],
        prompts: SharedPrompts | None,
        fresh: bool,
    ) -> Iterator[tuple[Callable[[], Loss], float]]:
        """This rank's micro-batches: a function that computes the loss of each, and its weight (1 or 0)."""
        c = self.config
        counts = Counts.of(
            samples,
            c.loss,
            divide_by_all=c.reference_quirks.divide_by_all,
            max_new_tokens=c.rollout.max_new_tokens,
        )
        chosen = learned(samples, c.loss)  # with a KL term, all of them

        def compute(positions: Sequence[int]) -> Loss:
            batch = self._collate([chosen[i] for i in positions])
            frozen = _padded([frozen_logps[i] for i in positions], batch.mask) if c.loss.kl else None
            bonus = bool(c.loss.entropy)
            compute_both = partial(token_logps_and_entropy, bonus=bonus, prompts=prompts)
            logps, entropy = self.policy.call(compute_both, batch, self._temperature)
            gap = logps.detach() - batch.old_logps if fresh else batch.gap
            correction = gap if c.recomputes else None
            loss, parts = policy_loss(logps, frozen, entropy, batch, counts, c.loss, correction)
            if fresh:
                parts["logp_mismatch"] = response_mean(gap.abs(), batch.mask).sum() / counts.learned
            return loss, parts

        length = (lambda sample: len(sample.ids)) if prompts else len
        for positions, weight in self.ranks.deal(bucketed(chosen, self.size, self.tokens, length=length)):
            yield partial(compute, positions), weight

    def _cloning_passes(
        self, clones: Sequence[Sample], weight: float
    ) -> Iterator[tuple[Callable[[], Loss], float]]:
        tokens, most = sum(len(s.ids) for s in clones), self.config.sft.max_tokens

        def compute(positions: Sequence[int]) -> Loss:
            batch = self._collate([clones[i] for i in positions])
            logps = self.policy.call(partial(token_logps, packed=self._packs), batch)
            loss = cloning_loss(logps, batch.mask, tokens)
            return weight * loss, {"cloning_loss": loss.detach()}

        batches = packed(clones, most) if self._packs else bucketed(clones, self.size, self.tokens)
        for positions, counts in self.ranks.deal(batches):
            yield partial(compute, positions), counts

    @property
    def _packs(self) -> bool:
        """Whether expert answers are read one after another in a row."""
        return self.config.method == "sft" and self.config.sft.packing

    def _collate(self, samples: Sequence[Sample]) -> MicroBatch:
        return collate(samples, pad=self.policy.pad_id, device=self.policy.device)


def _name(model: Model) -> str:
    """Of its architecture."""
    return type(model.net).__name__


def _padded(rows: Sequence[list[float]], like: Tensor) -> Tensor:
    """Rows of several lengths as a tensor of the shape of `like`, 0 beyond their ends."""
    width = like.shape[1]
    return torch.tensor([[*row, *[0.0] * (width - len(row))] for row in rows], device=like.device)
