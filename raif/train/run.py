"""A whole run: data, held-out evaluation before, training, the same evaluation after, and the report.

Every part that is finished is found again: a killed run goes on from its newest checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch

from raif.config.train import TrainConfig
from raif.errors import EndpointError, RaifError, UnhealthyRun
from raif.judge.judge import Judge, open_judge
from raif.models.chat import Chat, Mode
from raif.train.checkpoint import checkpoints, load_ahead, load_checkpoint, save_checkpoint
from raif.train.doctor import look
from raif.train.events import Events
from raif.train.feed import Feed
from raif.train.heldout import Answer, HeldOut
from raif.train.learner import Learner
from raif.train.log import Log
from raif.train.loop import clone_step, steps
from raif.train.ranks import ALONE, Ranks
from raif.train.records import check_rewards, load_records
from raif.train.report import Report
from raif.train.samplers.choose import choose_sampler
from raif.train.trainer import Step, Trainer
from raif.types import Instruction


class Run:
    """One training run in its folder. All ranks take part in everything; rank 0 alone writes."""

    def __init__(
        self, config: TrainConfig, folder: Path, events: Events, ranks: Ranks = ALONE, *, strict: bool = False
    ) -> None:
        """`strict`: UnhealthyRun at the doctor's first finding."""
        self.config, self.folder, self.events = config, folder, events
        self.ranks, self.strict = ranks, strict
        torch.manual_seed(config.seed)
        events.phase("making data" if config.data.generate else "reading data")
        with ranks.first_ahead():
            train, heldout = load_records(config.data, folder, events.progress)
        if config.method == "grpo":
            check_rewards(train, judged=config.judge is not None)
        events.phase("loading the model")
        learner = Learner(config, ranks)
        chat = Chat(learner.policy.tokenizer, config.model.style, config.model.format_request)
        self.judge = open_judge(config.judge, folder)
        sampler = choose_sampler(config, learner, folder, events.phase)
        self.trainer = Trainer(config, learner, chat, sampler, _feed(train, chat, config), self.judge)
        self.heldout = _heldout(heldout, learner, chat, config, self.judge)
        first = ranks.first
        self.log = Log(
            folder, tensorboard=config.tensorboard and first, wandb=config.wandb if first else None
        )
        self.report = Report(folder, writes=first)

    def go(self) -> Report:
        """Evaluate, train, evaluate."""
        with self.judge or nullcontext():
            return self._go()

    def _go(self) -> Report:
        self._evaluate("untrained", "direct")
        self._resume()
        self._train()
        if self.ranks.first:
            self.log.curves()
        self._evaluate("whole recipe" if self.config.method == "grpo" else "fine-tuned", "thinking")
        if self.config.evaluation.cloning_alone:
            self._clone_alone()
        if self.heldout and any(i.expert for i in self.heldout.instructions):
            self.report.add("expert answers", self.heldout.experts)
        self.log.close()
        return self.report

    def _evaluate(self, name: str, mode: Mode) -> None:
        if self.heldout:
            self.events.phase(f"held-out answers: {name}")
            self.report.add(name, partial(self._answers, self.heldout, mode))

    def _answers(self, heldout: HeldOut, mode: Mode) -> list[Answer]:
        limit = self.config.evaluation.max_new_tokens
        learner = self.trainer.learner
        learner.refresh()
        return heldout.ask(learner.whole, mode, max_new_tokens=limit, progress=self.events.progress)

    def _resume(self) -> None:
        found = checkpoints(self.folder / "checkpoints")
        if found:
            self.trainer.progress = load_checkpoint(found[-1], self.trainer.learner)
            self._take_up(found[-1])
        if self.ranks.first:
            self.log.forget_after(self.trainer.progress.step)

    def _take_up(self, checkpoint: Path) -> None:
        """Responses that were sampled ahead of the next step: its weights can't sample them any more."""
        ahead = load_ahead(checkpoint, self.ranks)
        if ahead is not None:
            self.trainer.sampler.restore(ahead)

    def _train(self) -> None:
        self.events.phase("training")
        try:
            self._steps()
        except EndpointError as error:
            raise type(error)(error.message, f"{self._save_broken_off()} {error.hint}") from error
        self.trainer.learner.export(self.folder / "model", self.trainer.chat.served_template())

    def _steps(self) -> None:
        for step in steps(self.trainer):
            if self.ranks.first:
                self._log(step)
            self.events.step(step, self.trainer.total_steps)
            self._checkpoint()
            self._examine(step)

    def _log(self, step: Step) -> None:
        self.log.write(step.metrics)
        if step.groups:
            self.log.samples(self.trainer.progress.step, step.groups, step.kept)

    def _save_broken_off(self) -> str:
        """A server fails while it takes weights or samples, before the step has changed anything."""
        self._save("checkpoints", self.config.checkpoint.keep)
        done, folder = self.trainer.progress.step, self.folder / "checkpoints"
        return f"Nothing is lost: the run is saved up to step {done} in {folder}."

    def _examine(self, step: Step) -> None:
        number, found = self.trainer.progress.step, look(self.trainer, step)
        for finding in found:
            if self.ranks.first and self.log.finding(number, finding):
                self.events.finding(finding)
        if found and self.strict:
            self._save("checkpoints", self.config.checkpoint.keep)
            raise UnhealthyRun(
                f"stopped after step {number}: {'; '.join(f.what for f in found)}",
                "\n".join([*(f.advice for f in found), "Go on all the same: --resume, without --strict."]),
            )

    def _checkpoint(self) -> None:
        t, c = self.trainer, self.config
        if t.progress.step == c.cloning.warmup_steps and c.evaluation.cloning_alone:
            self._save("warm-up", 1)
        if t.progress.step % c.checkpoint.every == 0 or t.progress.step == t.total_steps:
            self._save("checkpoints", c.checkpoint.keep)

    def _save(self, name: str, keep: int) -> None:
        t = self.trainer
        save_checkpoint(self.folder / name, t.learner, t.progress, keep=keep, ahead=t.sampler.ahead())

    def _clone_alone(self) -> None:
        """From the end of the warm-up, clone for as long as the whole recipe took from there."""
        name, t = "cloning alone", self.trainer
        if name in self.report.rows:
            return
        budget = t.progress.seconds
        t.progress = load_checkpoint(checkpoints(self.folder / "warm-up")[-1], t.learner)
        self.events.phase(name)
        while t.progress.seconds < budget:
            self.events.step(clone_step(t), t.total_steps)
        self.report.note(training_seconds=budget, cloning_alone_steps=t.progress.step)
        self._evaluate(name, "thinking")


def _feed(records: Sequence[Instruction], chat: Chat, config: TrainConfig) -> Feed:
    feed = Feed.of(records, chat, config.data.max_prompt_tokens, config.data.mix)
    if config.steps and not feed.prompts:
        raise RaifError("no training record has a prompt short enough", "Raise data.max_prompt_tokens.")
    if config.method == "sft" and not feed.experts:
        raise RaifError("no training record has an expert answer", "method: sft learns from `expert`.")
    if config.method == "grpo" and config.cloning.warmup_steps and not feed.experts:
        raise RaifError("no training record has an expert answer to clone", "Set cloning.warmup_steps=0.")
    return feed


def _heldout(
    records: Sequence[Instruction], learner: Learner, chat: Chat, config: TrainConfig, judge: Judge | None
) -> HeldOut | None:
    chosen = records[: config.evaluation.prompts]
    if not chosen:
        return None
    return HeldOut(chosen, learner.reference, chat, config.evaluation.batch, judge, learner.ranks)
