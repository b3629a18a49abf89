"""Supervised fine-tuning on the records' expert answers alone: the paper's baseline (recipe section 7)."""

from __future__ import annotations

from dataclasses import replace

from raif.train.batch import Sample
from raif.train.clock import Clock
from raif.train.feed import clone_sample, draw
from raif.train.schedule import learning_rate
from raif.train.trainer import Step, Trainer, finish


def sft_step(t: Trainer) -> Step:
    """One optimiser step on the next batch of expert answers."""
    clock, o = Clock(), t.config.optimizer
    with clock("update"):
        samples, cut = _batch(t)
        lr = learning_rate(o, t.progress.updates, t.total_steps)
        metrics = t.learner.update([], [], samples, lr)
        t.progress.updates += 1
    return finish(t, clock, "sft", {**metrics, "cut_share": cut / len(samples)})


def _batch(t: Trainer) -> tuple[list[Sample], int]:
    """The samples of this step, and how many of them the token limit cut."""
    size, limit = t.config.optimizer.batch, t.config.sft.max_tokens
    chosen = draw(t.feed.experts, t.progress.updates * size, size, t.config.seed)
    whole = [clone_sample(i, i.expert, t.chat, prompt_tokens=False) for i in chosen if i.expert]
    samples = [replace(s, ids=s.ids[: limit - len(s.prompt_ids)]) for s in whole]
    return samples, sum(len(s) > limit for s in whole)
