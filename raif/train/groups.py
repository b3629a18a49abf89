"""The groups of one step: drawn, sampled, refilled; which of their responses take part; as samples."""

from __future__ import annotations

import random
from collections.abc import Sequence

from raif.config.train import TrainConfig
from raif.train import contrast
from raif.train.batch import Sample
from raif.train.grpo import advantages
from raif.train.rollout import Group, ask_ahead, roll_out
from raif.train.trainer import Trainer
from raif.types import Instruction


def sample_groups(t: Trainer, number: int) -> tuple[list[Group], list[Group]]:
    """The groups to learn from, and those that they replaced because their rewards were all equal."""
    c = t.config.rollout
    groups = _round(t, number, 0, 0, c.prompts)
    replaced: list[Group] = []
    for round_ in range(1, c.refill + 1):
        equal = [group for group in groups if group.equal]
        if equal:
            fresh = _round(t, number, round_, len(replaced), len(equal))
            groups, replaced = [g for g in groups if not g.equal] + fresh, replaced + equal
    return groups, replaced


def sample_ahead(t: Trainer, number: int, refilled: int) -> None:
    """Begin to sample the groups of the rollout `number`, where that is to overlap the step before it, which
    `refilled` so many prompts.
    """
    if t.config.rollout.overlap and number < t.config.steps:
        c = t.config
        instructions, seed = _drawn(t, number, 0, refilled, c.rollout.prompts)
        ask_ahead(
            t.sampler, t.chat, instructions, c.rollout, contrast=c.contrast, seed=seed, ranks=t.learner.ranks
        )


def _round(t: Trainer, number: int, round_: int, refilled: int, count: int) -> list[Group]:
    c = t.config
    instructions, seed = _drawn(t, number, round_, refilled, count)
    return roll_out(
        t.sampler,
        t.chat,
        instructions,
        c.rollout,
        contrast=c.contrast,
        seed=seed,
        judge=t.judge,
        ranks=t.learner.ranks,
    )


def _drawn(t: Trainer, number: int, round_: int, refilled: int, count: int) -> tuple[list[Instruction], int]:
    """What is asked in a round of a rollout, and the seed of its answers."""
    c = t.config
    done = number * c.rollout.prompts + t.progress.refilled + refilled
    start = done + c.rollout.prompts if round_ else done
    seed = random.Random(f"{c.seed}/{number + c.cloning.warmup_steps}/{round_}").getrandbits(62)
    return t.feed.draw(start, count, c.seed), seed


def takes_part(group: Group, c: TrainConfig) -> list[bool]:
    """For each response: does it take part in the policy loss?"""
    return contrast.keep(
        [r.reward.accuracy for r in group.rollouts],
        [r.thinking for r in group.rollouts],
        fractions=[r.verification.fraction for r in group.rollouts],
        stored=group.instruction.plain_score,
        quirks=c.reference_quirks,
    )


def samples_of(groups: Sequence[Group], kept: Sequence[Sequence[bool]], *, scaled: bool) -> list[Sample]:
    """All responses with their advantages, which `scaled` are in deviations of the group."""
    samples = []
    for group, keeps in zip(groups, kept, strict=True):
        relative = advantages([r.reward.total for r in group.rollouts], scaled=scaled)
        samples += [
            Sample(r.prompt_ids, r.ids, r.logps, advantage, keep)
            for r, advantage, keep in zip(group.rollouts, relative, keeps, strict=True)
        ]
    return samples
