"""A whole run: data, held-out evaluation, training, the same evaluation again, and the report.

What is finished is found again: a killed run continues from its newest checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Never

import torch

from raif.config.train import TrainConfig
from raif.errors import EndpointError, NothingJudged, UnhealthyRun
from raif.eval.run import subset
from raif.judge.judge import open_judge
from raif.models.chat import Chat, Mode
from raif.models.decode import Completion
from raif.train import environment
from raif.train.checkpoint import load_ahead, load_checkpoint, newest_whole, save_checkpoint
from raif.train.data import load_records
from raif.train.doctor import Finding, look
from raif.train.evaluation import Benchmarks, heldout_figures, judge_step, limit_of, measure_at
from raif.train.feed import Feed, check_rewards
from raif.train.heldout import HeldOut, HeldOutAnswer, HeldOutRow, Report
from raif.train.learner import Learner
from raif.train.log import Events, Log
from raif.train.loop import Step, Trainer
from raif.train.ranks import ALONE, Ranks
from raif.train.samplers.choose import choose_sampler
from raif.train.stop import GivenUp, Stop, Stopped
from raif.train.trends import of_data, watch
from raif.verdicts.reward import Rewards


class Run:
    """One training run in its folder. All ranks take part in everything; only rank 0 writes."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        events: Events,
        ranks: Ranks = ALONE,
        *,
        strict: bool = False,
        stop: Stop | None = None,
    ) -> None:
        """`strict`: raise UnhealthyRun at the doctor's first finding. `stop`: what can end the run early."""
        self.config, self.folder, self.events = config, folder, events
        self.ranks, self.strict, self.stop = ranks, strict, stop or Stop()
        torch.manual_seed(config.seed)
        r = config.rollout
        rewards = Rewards.of(config.rewards, limit=r.max_new_tokens, window=r.overlong)
        self.benchmarks = Benchmarks(config, folder)
        events.phase("making data" if config.data.generate else "reading data")
        with ranks.first_ahead():
            records = load_records(config.data, folder, events.progress)
        if config.method == "grpo":
            check_rewards(records.train, judged=config.judge is not None, rewards=rewards)
        events.phase("loading the model")
        learner = Learner(config, ranks)
        if ranks.first:
            environment.note(folder, learner.policy.net.config, config.model.path, ranks.size)
        chat = Chat(learner.policy.tokenizer, config.model.style, config.model.format_request)
        feed = Feed.of(records.train, chat, config.data.max_prompt_tokens, config.data.mix, records.weighted)
        feed.check(config)
        learner.check(feed.probes(chat))
        feed.check_length(learner.policy.context, chat, config)
        self.history: list[dict[str, Any]] = []
        self.judge = open_judge(config.judge, folder)
        chosen = subset(records.heldout, config.evaluation.prompts, config.seed)
        modes: tuple[Mode, ...] = ("direct", "thinking")
        asked = [chat.prompt(i.messages, mode) for i in chosen for mode in modes]
        asked += self.benchmarks.prompts(chat)
        self._limit = limit_of(config.evaluation, asked, learner.policy.context, events.note)
        evaluated = max(map(len, asked)) + self._limit if asked else 0
        sampler = choose_sampler(config, learner, folder, events.phase, evaluated)
        self.trainer = Trainer(config, learner, chat, sampler, feed, self.judge, rewards, stop=self.stop)
        self.first_findings = list(of_data(config, records.train, records.heldout))
        self.heldout = HeldOut(chosen, learner.frozen, chat, self.judge, ranks) if chosen else None
        self._last: tuple[int, list[HeldOutAnswer]] = (0, [])  # of the latest step that was measured
        wandb = config.wandb if ranks.first else None
        self.log = Log(folder, tensorboard=config.tensorboard and ranks.first, wandb=wandb)
        self.report = Report(folder, writes=ranks.first)

    def go(self) -> Report:
        """Evaluate, train, evaluate."""
        with self.judge or nullcontext():
            self._evaluate("untrained", "direct")
            self._resume()
            self._train()
            if self.ranks.first:
                self.log.curves()
            step, answers = self._last
            known = answers if step == self.trainer.progress.step else None
            name = "whole recipe" if self.config.method == "grpo" else "fine-tuned"
            self._evaluate(name, "thinking", known)
            if self.config.evaluation.cloning_alone:
                self._clone_alone()
            if self.heldout and any(i.expert for i in self.heldout.instructions):
                self.report.add("expert answers", self.heldout.experts, self._settings(0))
            self.log.close()
            return self.report

    def _evaluate(self, name: str, mode: Mode, known: list[HeldOutAnswer] | None = None) -> None:
        """Add a row of held-out answers to the report, unless it has that row of the same settings.

        `known`: the answers, if they were asked for already.
        """
        if not (heldout := self.heldout):
            return

        self.events.phase(f"held-out answers: {name}")

        def answers() -> list[HeldOutAnswer]:
            self._sync()
            return heldout.ask(self._greedy, mode)

        self.report.add(name, lambda: known or answers(), self._settings(self.trainer.progress.step))

    def _settings(self, step: int) -> dict[str, Any]:
        """What a row of the report depends on and a resumed run can change."""
        evaluation = self.config.evaluation.model_dump(include={"prompts", "max_new_tokens"})
        return evaluation | {"step": step}

    def _resume(self) -> None:
        """Continue from the newest checkpoint, if there is one."""
        if found := newest_whole(self.folder / "checkpoints", self.ranks, self.events.note):
            self.trainer.progress = load_checkpoint(found, self.trainer.learner)
            # responses that were sampled ahead of the next step: the weights they came from are gone
            ahead = load_ahead(found, self.ranks)
            if ahead is not None:
                self.trainer.sampler.restore(ahead)
        done = self.trainer.progress.step
        if self.ranks.first:
            self.log.forget_after(done)
        self.history = [line for line in self.log.read() if line["step"] <= done]

    def _train(self) -> None:
        """Take all steps, and write the model."""
        t, c = self.trainer, self.config
        self.events.phase("training")
        self._report(self.first_findings, t.progress.step)
        # one process gives a step up at once while it samples; several first have to agree
        self.stop.held = self.ranks.size > 1
        try:
            for step in () if self._given_up else t.steps():
                try:
                    improved = self._measure(step)
                finally:  # a step that was not measured, as the judge's server failed, is done all the same
                    if self.ranks.first:
                        self.log.write(step.metrics)
                        if step.groups:
                            self.log.samples(t.progress.step, step.groups, step.kept)
                self.events.step(step, t.total_steps)
                if t.progress.step == c.cloning.warmup_steps and c.evaluation.cloning_alone:
                    self._save("warm-up", 1)
                last = t.progress.step == t.total_steps or self._given_up
                if t.progress.step % c.checkpoint.every == 0 or improved or last:
                    self._save()
                self._examine(step)
                left = 0 if self._given_up else t.total_steps - t.progress.step
                self.stop.check(self.ranks, min(left, 1.2) * step.seconds)
                self.stop.held = self.ranks.size > 1
                if self._given_up:
                    break
        except GivenUp:
            raise
        except Stopped as stopped:
            self._stopped(stopped)
        except (EndpointError, NothingJudged) as error:
            # while it samples or judges, before the step has changed anything, or while it is measured
            self._save()
            done, folder = t.progress.step, self.folder / "checkpoints"
            saved = f"Nothing is lost: the run is saved up to step {done} in {folder}."
            raise type(error)(error.message, f"{saved} {error.hint}") from error
        self.stop.held = False
        self._note_best()
        t.learner.export(self.folder / "model", t.chat.served_template())

    def _measure(self, step: Step) -> bool:
        """Measure the model if it is time, as part of the step's metrics. Returns whether it is the best."""
        t, c = self.trainer, self.config.evaluation
        number = t.progress.step
        if not measure_at(c, number, t.total_steps):
            return False
        self.events.phase(f"evaluation after step {number}")
        start = time.perf_counter()
        self._sync()
        if self.heldout:
            self._last = number, self.heldout.ask(self._greedy, "thinking")
            step.metrics.update(heldout_figures(HeldOutRow.of("", self._last[1])))
        step.metrics.update(self.benchmarks.figures(self._greedy, t.chat, number, self.ranks))
        step.metrics["eval/seconds"] = time.perf_counter() - start
        t.progress = judge_step(t.progress, c, step.metrics)
        self.events.phase("training")
        return t.progress.best_step == number

    def _sync(self) -> None:
        """Give the sampler, which is evaluated, the policy's weights."""
        self.trainer.learner.refresh()
        self.trainer.sampler.sync()

    def _greedy(self, prompts: Sequence[list[int]]) -> list[Completion]:
        def completed(first: int, mine: Sequence[list[int]]) -> list[Completion]:
            return self.trainer.sampler.greedy(
                mine,
                max_new_tokens=self._limit,
                batch=self.config.evaluation.batch,
                progress=self.events.progress,
            )

        return self.ranks.together(prompts, completed)

    @property
    def _given_up(self) -> bool:
        """Whether the figure of `evaluation.best` has not got better for too long."""
        patience, p = self.config.evaluation.patience, self.trainer.progress
        return patience is not None and p.best_figure == self.config.evaluation.best and p.stale >= patience

    def _note_best(self) -> None:
        """Say in the report which step was the best, and whether training stopped early."""
        p = self.trainer.progress
        if p.best_step:
            stopped = p.step if self._given_up else None
            self.report.note(best={"figure": p.best_figure, "step": p.best_step, "value": p.best_value})
            self.report.note(stopped_early=stopped)

    def _stopped(self, stopped: Stopped) -> Never:
        """Save what isn't, and say where the run stands."""
        self.stop.held = True
        done, folder = self.trainer.progress.step, self.folder / "checkpoints"
        if done and not (folder / f"step-{done:06d}").exists():
            self._save()
        self.ranks.wait()  # a launcher stops the others when the first one ends
        raise Stopped(
            f"{stopped.why}, after step {done}" + (f"; saved in {folder}" if done else ""),
            stopped.code,
            stopped.how,
        ) from None

    def _examine(self, step: Step) -> None:
        """Report what silently ruins runs."""
        number, found = self.trainer.progress.step, look(self.trainer, step)
        self.history.append(step.metrics)
        self._report([*found, *watch(self.config, self.history)], number)

    def _report(self, found: Sequence[Finding], number: int) -> None:
        """Say what is new among the findings. With `strict`, any of them ends the run."""
        for finding in found:
            if self.ranks.first and self.log.finding(number, finding):
                self.events.finding(number, finding)
        if found and self.strict:
            if number:
                self._save()
            raise UnhealthyRun(
                f"stopped after step {number}: {'; '.join(f.what for f in found)}",
                "\n".join([*(f.advice for f in found), "To continue anyway: --resume, without --strict."]),
            )

    def _save(self, name: str = "checkpoints", keep: int | None = None) -> None:
        t, keep = self.trainer, keep or self.config.checkpoint.keep
        template = t.chat.served_template()
        ahead = t.sampler.ahead()
        save_checkpoint(self.folder / name, t.learner, t.progress, keep=keep, template=template, ahead=ahead)

    def _clone_alone(self) -> None:
        """From the end of the warm-up, clone for as long as the whole recipe took from there."""
        name, t = "cloning alone", self.trainer
        budget, done = t.progress.seconds, self.report.facts
        settings = self._settings(done.get("cloning_alone_steps", 0))
        if done.get("training_seconds") == budget and self.report.has(name, settings):
            return
        warm_up = newest_whole(self.folder / "warm-up", self.ranks, self.events.note)
        assert warm_up, "it was saved at the end of the warm-up"
        t.progress = load_checkpoint(warm_up, t.learner)
        self.events.phase(name)
        while t.progress.seconds < budget:
            self.events.step(t.clone_step(), t.total_steps)
        self.report.note(training_seconds=budget, cloning_alone_steps=t.progress.step)
        self._evaluate(name, "thinking")
