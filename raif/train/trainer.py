"""What a step needs and what it leaves, whatever the method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from raif.config.train import TrainConfig
from raif.judge.judge import Judge
from raif.models.chat import Chat
from raif.train.checkpoint import Progress
from raif.train.clock import Clock
from raif.train.feed import Feed
from raif.train.learner import Learner
from raif.train.rollout import Group
from raif.train.samplers.sampler import Sampler


@dataclass
class Trainer:
    """Everything a step needs, and where the run stands."""

    config: TrainConfig
    learner: Learner
    chat: Chat
    sampler: Sampler
    feed: Feed
    judge: Judge | None = None
    progress: Progress = field(default_factory=Progress)

    @property
    def total_steps(self) -> int:
        c = self.config
        if c.method == "sft" and c.sft.epochs:
            return math.ceil(c.sft.epochs * len(self.feed.experts) / c.optimizer.batch)
        return c.steps + (c.cloning.warmup_steps if c.method == "grpo" else 0)


@dataclass(frozen=True)
class Step:
    """What one step did. `groups` and `kept` are empty where nothing was sampled."""

    metrics: dict[str, Any]
    groups: Sequence[Group] = ()
    kept: Sequence[Sequence[bool]] = ()


def finish(
    t: Trainer,
    clock: Clock,
    phase: str,
    metrics: dict[str, float],
    groups: Sequence[Group] = (),
    kept: Sequence[Sequence[bool]] = (),
) -> Step:
    """Count the step, and put its time beside its metrics."""
    (seconds, *_) = t.learner.ranks.gather(sum(clock.seconds.values()))  # rank 0's, everywhere
    t.progress = replace(t.progress, step=t.progress.step + 1, seconds=t.progress.seconds + seconds)
    times = {f"time_{name}": value for name, value in clock.seconds.items()}
    return Step({"step": t.progress.step, "phase": phase, **metrics, **times}, groups, kept)
