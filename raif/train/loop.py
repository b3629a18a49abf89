"""The algorithm, top to bottom: warm-up on expert answers, then GRPO on groups with cloning beside."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from raif.config.train import TrainConfig
from raif.train.batch import Sample
from raif.train.chat import Chat
from raif.train.checkpoint import Progress
from raif.train.clock import Clock, warmed_up
from raif.train.contrast import keep
from raif.train.feed import Feed, clone_sample, draw
from raif.train.grpo import advantages
from raif.train.learner import Learner
from raif.train.metrics import group_metrics
from raif.train.rollout import Group, Sampler, roll_out


@dataclass
class Trainer:
    """Everything a step needs, and where the run stands."""

    config: TrainConfig
    learner: Learner
    chat: Chat
    sampler: Sampler
    feed: Feed
    progress: Progress = field(default_factory=Progress)

    @property
    def total_steps(self) -> int:
        return self.config.cloning.warmup_steps + self.config.steps


@dataclass(frozen=True)
class Step:
    """What one step did. `groups` and `kept` are empty for a step of cloning."""

    metrics: dict[str, Any]
    groups: Sequence[Group] = ()
    kept: Sequence[Sequence[bool]] = ()


def steps(trainer: Trainer) -> Iterator[Step]:
    """Train from where the run stands to its end."""
    while trainer.progress.step < trainer.total_steps:
        warming_up = trainer.progress.step < trainer.config.cloning.warmup_steps
        yield clone_step(trainer) if warming_up else grpo_step(trainer)


def grpo_step(t: Trainer) -> Step:
    """One rollout of groups and the optimiser steps on it."""
    clock, c = Clock(), t.config
    number = t.progress.step - c.cloning.warmup_steps
    with clock("rollout"):
        groups, replaced = _sampled(t, number)
    kept = [_keep(group, c) for group in groups]
    samples = _samples(groups, kept, scaled=c.loss.normalisation != "dr_grpo")
    random.Random(f"{c.seed}/{number}").shuffle(samples)
    with clock("reference"):
        ref_logps = t.learner.reference_logps(samples)
    with clock("update"):
        updates = [
            _update(t, samples[i : i + c.optimizer.batch], ref_logps[i : i + c.optimizer.batch])
            for i in range(0, len(samples), c.optimizer.batch)
        ]
    with clock("sync"):
        t.sampler.sync()
    groups, kept = groups + replaced, kept + [[False] * len(group.rollouts) for group in replaced]
    metrics = {**group_metrics(groups, kept), **_mean(updates)}
    return _finish(t, clock, "grpo", metrics, groups, kept)


def clone_step(t: Trainer) -> Step:
    """One optimiser step on expert answers alone."""
    clock, c = Clock(), t.config
    with clock("update"):
        lr = warmed_up(
            c.cloning.warmup_lr, t.progress.updates, c.cloning.warmup_steps, c.optimizer.warmup_ratio
        )
        metrics = t.learner.update([], [], _clones(t), lr)
        t.progress.updates += 1
    if t.progress.step + 1 == c.cloning.warmup_steps:
        t.sampler.sync()
    return _finish(t, clock, "cloning", metrics)


def _update(t: Trainer, samples: Sequence[Sample], ref_logps: Sequence[list[float]]) -> dict[str, float]:
    c = t.config
    done = t.progress.updates - c.cloning.warmup_steps
    lr = warmed_up(
        c.optimizer.lr, done, c.steps * (c.responses // c.optimizer.batch), c.optimizer.warmup_ratio
    )
    metrics = t.learner.update(samples, ref_logps, _clones(t) if c.loss.cloning else [], lr)
    t.progress.updates += 1
    return metrics


def _clones(t: Trainer) -> list[Sample]:
    c = t.config
    if not t.feed.experts:
        return []
    chosen = draw(t.feed.experts, t.progress.updates * c.cloning.batch, c.cloning.batch, c.seed + 1)
    prompt_tokens = c.reference_quirks.clone_prompt_tokens
    return [clone_sample(i, i.expert, t.chat, prompt_tokens=prompt_tokens) for i in chosen if i.expert]


def _sampled(t: Trainer, number: int) -> tuple[list[Group], list[Group]]:
    """The groups to learn from, and those that they replaced because their rewards were all equal."""
    c = t.config.rollout
    groups = _round(t, number, 0, c.prompts)
    replaced: list[Group] = []
    for round_ in range(1, c.refill + 1):
        equal = [group for group in groups if group.equal]
        if equal:
            fresh = _round(t, number, round_, len(equal))
            groups, replaced = [g for g in groups if not g.equal] + fresh, replaced + equal
            t.progress.refilled += len(equal)
    return groups, replaced


def _round(t: Trainer, number: int, round_: int, count: int) -> list[Group]:
    c = t.config
    done = number * c.rollout.prompts + t.progress.refilled
    start = done + c.rollout.prompts if round_ else done
    return roll_out(
        t.sampler,
        t.chat,
        draw(t.feed.prompts, start, count, c.seed),
        c.rollout,
        contrast=c.contrast,
        seed=c.seed * 1_000_003 + t.progress.step + (round_ << 32),
    )


def _keep(group: Group, c: TrainConfig) -> list[bool]:
    return keep(
        [r.reward.accuracy for r in group.rollouts],
        [r.thinking for r in group.rollouts],
        fractions=[r.verification.fraction for r in group.rollouts],
        stored=group.instruction.plain_score,
        quirks=c.reference_quirks,
    )


def _samples(groups: Sequence[Group], kept: Sequence[Sequence[bool]], *, scaled: bool) -> list[Sample]:
    samples = []
    for group, keeps in zip(groups, kept, strict=True):
        relative = advantages([r.reward.total for r in group.rollouts], scaled=scaled)
        samples += [
            Sample(r.prompt_ids, r.ids, r.logps, advantage, takes_part)
            for r, advantage, takes_part in zip(group.rollouts, relative, keeps, strict=True)
        ]
    return samples


def _mean(updates: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each metric, over the updates that have it: one that learnt nothing has no entropy."""
    names = dict.fromkeys(name for update in updates for name in update)
    return {name: fmean(update[name] for update in updates if name in update) for name in names}


def _finish(
    t: Trainer,
    clock: Clock,
    phase: str,
    metrics: dict[str, float],
    groups: Sequence[Group] = (),
    kept: Sequence[Sequence[bool]] = (),
) -> Step:
    seconds = sum(clock.seconds.values())
    t.progress = replace(t.progress, step=t.progress.step + 1, seconds=t.progress.seconds + seconds)
    times = {f"time_{name}": value for name, value in clock.seconds.items()}
    return Step({"step": t.progress.step, "phase": phase, **metrics, **times}, groups, kept)
