"""The algorithm, top to bottom: warm-up on expert answers, then GRPO on groups with cloning beside."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from raif.config.train import TrainConfig
from raif.train.batch import Sample
from raif.train.chat import Chat
from raif.train.checkpoint import Progress
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
        instructions = draw(t.feed.prompts, number * c.rollout.prompts, c.rollout.prompts, c.seed)
        groups = roll_out(
            t.sampler,
            t.chat,
            instructions,
            group_size=c.rollout.group_size,
            contrast=c.contrast,
            seed=c.seed * 1_000_003 + t.progress.step,
        )
    kept = [_keep(group, c) for group in groups]
    samples = _samples(groups, kept)
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
    metrics = {**group_metrics(groups, kept), **_mean(updates)}
    return _finish(t, clock, "grpo", metrics, groups, kept)


def clone_step(t: Trainer) -> Step:
    """One optimiser step on expert answers alone."""
    clock, c = Clock(), t.config
    with clock("update"):
        metrics = t.learner.update([], [], _clones(t), cloning_lr(c, t.progress.updates))
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


def warmed_up(lr: float, done: int, total: int, ratio: float) -> float:
    """The learning rate of update `done`: rises linearly over the first `ratio` of all, then stays."""
    return lr * min(1.0, (done + 1) / max(1, math.ceil(ratio * total)))


def cloning_lr(c: TrainConfig, done: int) -> float:
    """Rises to the warm-up's rate, then falls in a line to the optimiser's and stays there."""
    peak, last, total = c.cloning.warmup_lr, c.optimizer.lr, max(1, c.cloning.warmup_steps)
    falling = last + (peak - last) * max(0.0, 1 - done / total)
    return min(warmed_up(peak, done, total, c.optimizer.warmup_ratio), falling)


def _clones(t: Trainer) -> list[Sample]:
    c = t.config
    if not t.feed.experts:
        return []
    chosen = draw(t.feed.experts, t.progress.updates * c.cloning.batch, c.cloning.batch, c.seed + 1)
    prompt_tokens = c.reference_quirks.clone_prompt_tokens
    return [clone_sample(i, i.expert, t.chat, prompt_tokens=prompt_tokens) for i in chosen if i.expert]


def _keep(group: Group, c: TrainConfig) -> list[bool]:
    return keep(
        [r.reward.accuracy for r in group.rollouts],
        [r.thinking for r in group.rollouts],
        fractions=[r.verification.fraction for r in group.rollouts],
        stored=group.instruction.plain_score,
        quirks=c.reference_quirks,
    )


def _samples(groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> list[Sample]:
    return [
        Sample(rollout.prompt_ids, rollout.ids, rollout.logps, advantage, keeps)
        for group, ks in zip(groups, kept, strict=True)
        for rollout, advantage, keeps in zip(
            group.rollouts, advantages([r.reward.total for r in group.rollouts]), ks, strict=True
        )
    ]


def _mean(updates: Sequence[dict[str, float]]) -> dict[str, float]:
    sums: Counter[str] = Counter()
    for update in updates:
        sums.update(update)
    return {name: value / len(updates) for name, value in sums.items()}


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


class Clock:
    """Seconds by phase of a step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
