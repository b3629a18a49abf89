"""The algorithm, top to bottom: warm-up on expert answers, then GRPO on groups with cloning beside.

For `method: sft` it is `raif.train.sft` alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from statistics import fmean

from raif.train.batch import Sample
from raif.train.clock import Clock
from raif.train.correction import with_gaps
from raif.train.feed import clone_sample, draw
from raif.train.groups import sample_ahead, sample_groups, samples_of, takes_part
from raif.train.judging import judgments
from raif.train.metrics import group_metrics
from raif.train.schedule import cloning_rate, learning_rate
from raif.train.sft import sft_step
from raif.train.trainer import Step, Trainer, finish


def steps(trainer: Trainer) -> Iterator[Step]:
    """Train from where the run stands to its end."""
    while trainer.progress.step < trainer.total_steps:
        if trainer.config.method == "sft":
            yield sft_step(trainer)
        elif trainer.progress.step < trainer.config.cloning.warmup_steps:
            yield clone_step(trainer)
        else:
            yield grpo_step(trainer)


def grpo_step(t: Trainer) -> Step:
    """One rollout of groups and the optimiser steps on it."""
    clock, c = Clock(), t.config
    number = t.progress.step - c.cloning.warmup_steps
    with clock("sync"):
        t.learner.refresh()
        t.sampler.sync()
    with clock("rollout"), judgments(t.judge, t.learner.ranks) as judged:
        groups, replaced = sample_groups(t, number)
    with clock("ahead"):
        sample_ahead(t, number + 1, len(replaced))
    kept = [takes_part(group, c) for group in groups]
    samples = samples_of(groups, kept, scaled=c.loss.normalisation != "dr_grpo")
    random.Random(f"{c.seed}/{number}").shuffle(samples)
    with clock("reference"):
        ref_logps = t.learner.reference_logps(samples)
    with clock("correction"):
        samples = with_gaps(samples, t.learner.policy, c, t.learner.ranks)
    with clock("update"):
        updates = [
            _update(t, samples[i : i + c.optimizer.batch], ref_logps[i : i + c.optimizer.batch], fresh=i == 0)
            for i in range(0, len(samples), c.optimizer.batch)
        ]
    t.progress.refilled += len(replaced)  # at the end: a step that breaks off leaves no trace
    groups, kept = groups + replaced, kept + [[False] * len(group.rollouts) for group in replaced]
    metrics = {**group_metrics(groups, kept), **judged, **_mean(updates)}
    return finish(t, clock, "grpo", metrics, groups, kept)


def clone_step(t: Trainer) -> Step:
    """One optimiser step on expert answers alone."""
    clock, c = Clock(), t.config
    with clock("update"):
        metrics = t.learner.update([], [], _clones(t), cloning_rate(c, t.progress.updates))
        t.progress.updates += 1
    return finish(t, clock, "cloning", metrics)


def _update(
    t: Trainer, samples: Sequence[Sample], ref_logps: Sequence[list[float]], *, fresh: bool
) -> dict[str, float]:
    c = t.config
    done = t.progress.updates - c.cloning.warmup_steps
    lr = learning_rate(c.optimizer, done, c.steps * (c.responses // c.optimizer.batch))
    metrics = t.learner.update(samples, ref_logps, _clones(t) if c.loss.cloning else [], lr, fresh=fresh)
    t.progress.updates += 1
    return metrics


def _clones(t: Trainer) -> list[Sample]:
    c = t.config
    if not t.feed.experts:
        return []
    chosen = draw(t.feed.experts, t.progress.updates * c.cloning.batch, c.cloning.batch, c.seed + 1)
    prompt_tokens = c.reference_quirks.clone_prompt_tokens
    return [clone_sample(i, i.expert, t.chat, prompt_tokens=prompt_tokens) for i in chosen if i.expert]


def _mean(updates: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each metric, over the updates that have it: one that learnt nothing has no entropy."""
    names = dict.fromkeys(name for update in updates for name in update)
    return {name: fmean(update[name] for update in updates if name in update) for name in names}
