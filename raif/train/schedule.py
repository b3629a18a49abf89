"""The learning rate as a function of the update's number: a checkpoint needs no state of a scheduler."""

from __future__ import annotations

import math

from raif.config.train import OptimizerConfig, TrainConfig


def learning_rate(config: OptimizerConfig, done: int, total: int) -> float:
    """Of update `done`, counted from 0, of `total`."""
    lr = warmed_up(config.lr, done, total, config.warmup_ratio)
    return lr * _half_cosine(done, total, config.warmup_ratio) if config.schedule == "cosine" else lr


def cloning_rate(c: TrainConfig, done: int) -> float:
    """Rises to the warm-up's rate, then falls in a line to the optimiser's and stays there."""
    peak, last, total = c.cloning.warmup_lr, c.optimizer.lr, max(1, c.cloning.warmup_steps)
    falling = last + (peak - last) * max(0.0, 1 - done / total)
    return min(warmed_up(peak, done, total, c.optimizer.warmup_ratio), falling)


def warmed_up(lr: float, done: int, total: int, ratio: float) -> float:
    """The learning rate of update `done`: rises linearly over the first `ratio` of all, then stays."""
    return lr * min(1.0, (done + 1) / _rise(total, ratio))


def _half_cosine(done: int, total: int, ratio: float) -> float:
    """1 until the rise has ended, then falling to 0 at `total`."""
    rise = _rise(total, ratio)
    fallen = max(0, done - rise) / max(1, total - rise)
    return (1 + math.cos(math.pi * min(1.0, fallen))) / 2


def _rise(total: int, ratio: float) -> int:
    return max(1, math.ceil(ratio * total))
