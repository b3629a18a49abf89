"""The algorithm, top to bottom: a warm-up on expert answers, then GRPO with cloning in each update.

`method: sft` takes only steps of a third kind, next-token loss on expert answers: the paper's baseline
(arXiv 2506.01413).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from statistics import fmean
from typing import Any

from raif.config.train import OptimizerConfig, TrainConfig
from raif.errors import UnhealthyRun
from raif.judge.judge import Judge, judge_metrics
from raif.models.chat import Chat
from raif.models.relevance import Meter
from raif.train.checkpoint import Progress
from raif.train.difficulty import Chosen, band_metrics, choose
from raif.train.feed import Feed, clone_sample, draw
from raif.train.groups import Group, ask_ahead, group_metrics, roll_out, samples_of, takes_part
from raif.train.learner import Learner
from raif.train.logps import Sample
from raif.train.memory import Memory, Pool
from raif.train.own import own_pairs, own_shares
from raif.train.pace import Clock, Pace, memory_gb
from raif.train.relevance import Gate, asked, measure, shared
from raif.train.samplers.sampler import Sampler
from raif.train.stop import Stop
from raif.types import Instruction
from raif.verdicts.reward import Rewards


@dataclass(frozen=True)
class Step:
    """What one step did. `groups` and `kept` are empty if nothing was sampled."""

    metrics: dict[str, Any]
    groups: Sequence[Group] = ()
    kept: Sequence[Sequence[bool]] = ()

    @property
    def seconds(self) -> float:
        return sum(value for name, value in self.metrics.items() if name.startswith("time_"))


@dataclass
class Trainer:
    """Takes the steps of a run. `progress` says where the run stands."""

    config: TrainConfig
    learner: Learner
    chat: Chat
    sampler: Sampler
    feed: Feed
    judge: Judge | None = None
    rewards: Rewards | None = None
    """The config's; None: the paper's."""
    progress: Progress = field(default_factory=Progress)
    memory: Memory = field(default_factory=Memory)
    pace: Pace = field(default_factory=Pace)
    stop: Stop = field(default_factory=Stop)
    _rounds: list[Chosen] = field(default_factory=list)
    """What a difficulty band made of the prompts of the step."""
    refused: int = 0
    """How many updates in a row were not applied up to now, because they were not finite."""

    @property
    def _gates(self) -> bool:
        """Whether relevance is rewarded."""
        return self.rewards is not None and self.rewards.by_relevance

    @cached_property
    def gate(self) -> Gate | None:
        """What measures the relevance of answers, against the data's prompts, if that counts."""
        if not self._gates and not self.config.cloning.own:
            return None
        learner, ranks = self.learner, self.learner.ranks
        prompts = [asked(record) for record in self.feed.prompts]
        meter = Meter(lambda: learner.frozen, self.chat, prompts, shared(ranks))
        return partial(measure, meter=meter, judge=self.judge, ranks=ranks)

    @property
    def total_steps(self) -> int:
        c = self.config
        if c.method == "sft" and c.sft.epochs:
            return math.ceil(c.sft.epochs * len(self.feed.experts) / c.optimizer.batch)
        return c.steps + (c.cloning.warmup_steps if c.method == "grpo" else 0)

    def steps(self) -> Iterator[Step]:
        """Train from where the run stands to its end."""
        while self.progress.step < self.total_steps:
            if self.config.method == "sft":
                yield self.sft_step()
            elif self.progress.step < self.config.cloning.warmup_steps:
                yield self.clone_step()
            else:
                yield self.grpo_step()

    def grpo_step(self) -> Step:
        """Sample one rollout of groups, then take the optimizer steps on it."""
        clock, c, batch = Clock(), self.config, self.config.optimizer.batch
        number = self.progress.step - c.cloning.warmup_steps
        with clock("sync"):
            self.learner.refresh()
            self.sampler.sync()
        with clock("rollout"):
            before = Counter(self.judge.counts) if self.judge else Counter()
            groups, replaced = self._sample(number)
            said = self.learner.ranks.add(self.judge.counts - before) if self.judge else {}
        with clock("own"):
            sampled = groups + replaced
            pairs = own_pairs(sampled, c.cloning, self.memory, self.gate, f"{c.seed}/{number}")
        with clock("ahead"):
            self._ask_ahead(number + 1, len(replaced))
        kept = [takes_part(group, c.reference_quirks, self._helps(group)) for group in groups]
        samples = samples_of(groups, kept, scaled=c.loss.normalisation != "dr_grpo")
        random.Random(f"{c.seed}/{number}").shuffle(samples)
        with clock("reference"):
            self.sampler.check()
            frozen_logps = self.learner.frozen_logps(samples)
        with clock("correction"):
            samples = self.learner.with_gaps(samples)
        self._begin_to_change()
        with clock("update"):
            updates = [
                self._update(samples[i : i + batch], frozen_logps[i : i + batch], fresh=i == 0)
                for i in range(0, len(samples), batch)
            ]
        groups, kept = groups + replaced, kept + [[False] * len(group.rollouts) for group in replaced]
        # last, so that a step that is broken off leaves no trace
        self.progress.refilled += len(replaced) + self._passed_over
        learned = self._remember(groups, pairs)
        metrics = {**group_metrics(groups, kept), **judge_metrics(said), **_mean(updates), **learned}
        tokens = sum(len(rollout.ids) for group in groups for rollout in group.rollouts)
        return self._finish(clock, "grpo", tokens, metrics, groups, kept)

    def clone_step(self) -> Step:
        """One optimizer step of the warm-up, on expert answers alone."""
        clock, c = Clock(), self.config
        self._begin_to_change()
        with clock("update"):
            size, done = c.cloning.warmup_batch, self.progress.updates
            clones = self._clones(size, done * size)
            metrics = self._learn([], [], clones, cloning_rate(c, done))
        return self._finish(clock, "cloning", self._tokens(clones), metrics)

    def sft_step(self) -> Step:
        """One optimizer step on the next batch of expert answers, cut off at `sft.max_tokens`."""
        clock, c = Clock(), self.config
        self._begin_to_change()
        with clock("update"):
            size, done = c.optimizer.batch, self.progress.updates
            clones = self._experts(draw(self.feed.experts, done * size, size, c.seed))
            metrics = self._learn([], [], clones, learning_rate(c.optimizer, done, self.total_steps))
        return self._finish(clock, "sft", self._tokens(clones), metrics)

    def _begin_to_change(self) -> None:
        """The last moment to give the step up."""
        self.stop.check(self.learner.ranks)
        self.stop.held = True

    def _sample(self, number: int) -> tuple[list[Group], list[Group]]:
        """The groups to learn from, and those that they replaced because their rewards were all equal."""
        c, replaced = self.config, list[Group]()
        self._rounds.clear()

        def sampled(round_: int, count: int) -> list[Group]:
            drawn, seed = self._drawn(number, round_, len(replaced), count)
            return roll_out(
                self.sampler,
                self.chat,
                drawn,
                c.rollout,
                contrast=c.contrast,
                seed=seed,
                rewards=self.rewards,
                judge=self.judge,
                ranks=self.learner.ranks,
                quirks=c.reference_quirks,
                gate=self.gate if self._gates else None,
                longest=c.data.max_prompt_tokens,
            )

        groups = sampled(0, c.rollout.prompts)
        for round_ in range(1, c.rollout.refill + 1):
            if equal := [group for group in groups if group.equal]:
                groups = [group for group in groups if not group.equal] + sampled(round_, len(equal))
                replaced += equal
        return groups, replaced

    def _ask_ahead(self, number: int, refilled: int) -> None:
        """With `rollout.overlap`, start sampling a rollout. The one before refilled `refilled` prompts."""
        c = self.config
        if c.rollout.overlap and number < c.steps:
            drawn, seed = self._drawn(number, 0, refilled, c.rollout.prompts)
            ranks = self.learner.ranks
            ask_ahead(self.sampler, self.chat, drawn, c.rollout, contrast=c.contrast, seed=seed, ranks=ranks)

    def _drawn(self, number: int, round_: int, refilled: int, count: int) -> tuple[list[Instruction], int]:
        """What is asked in a round of a rollout, and the seed of its responses."""
        c = self.config
        start = number * c.rollout.prompts + self.progress.refilled + refilled + self._passed_over
        if round_:
            start += c.rollout.prompts
        seed = random.Random(f"{c.seed}/{number + c.cloning.warmup_steps}/{round_}").getrandbits(62)
        if not c.rollout.band:
            return self.feed.draw(start, count, c.seed), seed

        def at(place: int) -> Instruction:
            return self.feed.draw(start + place, 1, c.seed)[0]

        chosen = choose(at, count, self.memory, c.rollout.band, f"{c.seed}/{number}/{round_}")
        self._rounds.append(chosen)
        return chosen.prompts, seed

    @property
    def _passed_over(self) -> int:
        """Prompts of this step that were not taken because of their pass rate."""
        return sum(each.considered - len(each.prompts) for each in self._rounds)

    def _helps(self, group: Group) -> bool | None:
        """Whether thinking helps on the group's kinds, if that decides what takes part."""
        by_kind = self.config.rollout.contrast_by_kind
        return self.memory.thinking_helps(group.instruction) if by_kind else None

    def _remember(
        self, groups: Sequence[Group], pairs: Mapping[Pool, Sequence[Instruction]]
    ) -> dict[str, float]:
        """What later steps go by, and what of it is worth a metric."""
        c, metrics = self.config, dict[str, float]()
        if not c.remembers:
            return metrics
        if c.rollout.band:
            metrics |= band_metrics(self._rounds, groups)
        if c.rollout.contrast_by_kind:
            metrics["direct_share"] = fmean(self._helps(group) is False for group in groups)
        self.memory.note(groups)
        for pool, found in pairs.items():
            self.memory.keep(pool, found)
            metrics |= {f"own_{pool}": float(len(found)), f"own_{pool}_kept": len(self.memory.pools[pool])}
        if c.rollout.contrast_by_kind:
            metrics |= {f"thinking_gain/{kind}": gain for kind, gain in self.memory.gains()}
        return metrics

    def _update(
        self, samples: Sequence[Sample], frozen_logps: Sequence[list[float]], *, fresh: bool
    ) -> dict[str, float]:
        """One optimizer step; `fresh`: the first on its rollout."""
        c = self.config
        done = self.progress.updates - c.cloning.warmup_steps
        lr = learning_rate(c.optimizer, done, c.steps * (c.responses // c.optimizer.batch))
        size = c.cloning.batch
        start = c.cloning.warmup_steps * c.cloning.warmup_batch + done * size
        clones = self._clones(size, start) if c.loss.cloning else []
        return self._learn(samples, frozen_logps, clones, lr, fresh=fresh)

    def _learn(
        self,
        samples: Sequence[Sample],
        frozen_logps: Sequence[list[float]],
        whole_clones: Sequence[Sample],
        lr: float,
        *,
        fresh: bool = False,
    ) -> dict[str, float]:
        """One update, counted; expert answers are cut off at the limit.

        Raises UnhealthyRun if too many updates in a row were not finite.
        """
        limit, most = self.config.clone_limit, self.config.optimizer.nonfinite
        clones = [replace(s, ids=s.ids[: limit - len(s.prompt_ids)]) for s in whole_clones]
        metrics = self.learner.update(samples, frozen_logps, clones, lr, fresh=fresh)
        self.progress.updates += 1
        if clones:
            metrics["cut_share"] = fmean(len(sample) > limit for sample in whole_clones)
        if math.isfinite(metrics["grad_norm"]):
            self.refused = 0
            return metrics
        self.refused += 1
        wrong = ", ".join(name for name, value in metrics.items() if not math.isfinite(value))
        if self.refused == most:
            raise UnhealthyRun(
                f"stopped at update {self.progress.updates}: {wrong} not finite in {most} updates in a row",
                "None of them was applied, and the checkpoints are as they were: --resume continues from the "
                "newest. A lower optimizer.lr may help. optimizer.nonfinite=skip never stops.",
            )
        return {**metrics, "refused_updates": 1.0}

    def _clones(self, size: int, start: int) -> list[Sample]:
        """The expert answers of this update, the stored ones from position `start` of their epochs on."""
        c, done = self.config, self.progress.updates
        own = [
            pair
            for pool, share in own_shares(c.cloning).items()
            for pair in self.memory.drawn(pool, round(size * share), f"{c.seed}/{pool}/{done}")
        ]
        if self.feed.experts:
            own += draw(self.feed.experts, start, size - len(own), c.seed + 1)
        return self._experts(own)

    def _tokens(self, whole_clones: Sequence[Sample]) -> int:
        """Of the expert answers, as far as they are learned from."""
        return sum(min(len(s), self.config.clone_limit) - len(s.prompt_ids) for s in whole_clones)

    def _experts(self, chosen: Sequence[Instruction]) -> list[Sample]:
        prompt_tokens = self.config.method == "grpo" and self.config.reference_quirks.clone_prompt_tokens
        return [clone_sample(i, i.expert, self.chat, prompt_tokens=prompt_tokens) for i in chosen if i.expert]

    def _finish(
        self,
        clock: Clock,
        phase: str,
        tokens: int,
        metrics: dict[str, float],
        groups: Sequence[Group] = (),
        kept: Sequence[Sequence[bool]] = (),
    ) -> Step:
        """Count the step, and add its times to its metrics. `tokens`: of its responses, on all ranks."""
        (seconds, *_) = self.learner.ranks.gather(sum(clock.seconds.values()))  # rank 0's, on every rank
        done = self.progress.step + 1
        self.progress = replace(self.progress, step=done, seconds=self.progress.seconds + seconds)
        times = {f"time_{name}": value for name, value in clock.seconds.items()}
        measured = {
            "tokens_per_second": tokens / seconds,
            "seconds_left": self.pace.left(phase, self.total_steps - done, seconds),
            "memory_gb": memory_gb(self.learner.policy.device),
        }
        return Step({"step": done, "phase": phase, **metrics, **measured, **times}, groups, kept)


def learning_rate(config: OptimizerConfig, done: int, total: int) -> float:
    """The learning rate of update `done` of `total`, counted from 0; so checkpoints keep no scheduler."""
    total = config.horizon or total
    lr = warmed_up(config.lr, done, total, config.warmup_ratio)
    if config.schedule == "constant":
        return lr
    rise = _rise(total, config.warmup_ratio)
    fallen = min(1.0, max(0, done - rise) / max(1, total - rise))
    lowest = config.min_lr_ratio
    return lr * (lowest + (1 - lowest) * ((1 + math.cos(math.pi * fallen)) / 2))


def cloning_rate(c: TrainConfig, done: int) -> float:
    """The warm-up's: rises to `cloning.warmup_lr`, then falls linearly to the optimizer's and stays."""
    peak, last, total = c.cloning.warmup_lr, c.optimizer.lr, max(1, c.cloning.warmup_steps)
    falling = last + (peak - last) * max(0.0, 1 - done / total)
    return min(warmed_up(peak, done, total, c.optimizer.warmup_ratio), falling)


def warmed_up(lr: float, done: int, total: int, ratio: float) -> float:
    """Rises linearly to `lr` over the first `ratio` of all updates, then stays."""
    return lr * min(1.0, (done + 1) / _rise(total, ratio))


def _rise(total: int, ratio: float) -> int:
    return max(1, math.ceil(ratio * total))


def _mean(updates: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over the updates that have it: one that learned nothing has no entropy.

    Updates that were not applied have no part in it, unless there is no other. They are counted.
    """
    refused = sum("refused_updates" in update for update in updates)
    chosen = [update for update in updates if "refused_updates" not in update] or updates
    names = dict.fromkeys(name for update in chosen for name in update)
    means = {name: fmean(update[name] for update in chosen if name in update) for name in names}
    return {**means, "refused_updates": float(refused)} if refused else means
