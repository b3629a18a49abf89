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
from raif.errors import EndpointError, NothingJudged, RaifError, RewardError, UnhealthyRun
from raif.eval.benchmark import subset
from raif.judge.judge import open_judge
from raif.models.chat import Chat, Mode
from raif.models.decode import Completion
from raif.models.load import Model
from raif.train import environment
from raif.train.checkpoint import (
    checkpoint_of,
    load_ahead,
    load_checkpoint,
    newest_whole,
    prune,
    save_checkpoint,
)
from raif.train.data import Records, load_records
from raif.train.doctor import Finding, look
from raif.train.evaluation import Benchmarks, Best, heldout_figures, limit_of, measure_at
from raif.train.feed import Feed, check_rewards
from raif.train.heldout import DRAWN_BY, HeldOut, HeldOutAnswer, HeldOutRow, Modes, Report
from raif.train.learner import Learner
from raif.train.log import Events, Log
from raif.train.loop import Step, Trainer
from raif.train.memory import Memory
from raif.train.page import PLAIN
from raif.train.ranks import ALONE, Ranks
from raif.train.samplers.choose import choose_sampler, shortest_context
from raif.train.stop import GivenUp, Stop, Stopped
from raif.train.trends import of_data, watch
from raif.types import Instruction
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
        records = self._read(rewards)
        learner, chat, feed = self._load(records)
        self.judge = open_judge(config.judge, folder)
        chosen = subset(records.heldout, config.evaluation.prompts, DRAWN_BY)
        self._limit, longest = self._room(feed, chosen, chat, learner.policy)
        sampler = choose_sampler(config, learner, folder, events.phase, longest)
        self.trainer = Trainer(config, learner, chat, sampler, feed, self.judge, rewards, stop=self.stop)
        self.first_findings = list(of_data(config, records.train, records.heldout))
        measured, prompt = config.evaluation.relevance, config.data.max_prompt_tokens
        self.heldout = (
            HeldOut(chosen, learner.frozen, chat, self.judge, ranks, measured, prompt) if chosen else None
        )
        self.history: list[dict[str, Any]] = []
        self._last: tuple[int, list[HeldOutAnswer]] = (0, [])  # of the latest step that was measured
        self._best = Best()
        self._measuring = self._saving = 0.0  # seconds of the latest measurement, and of writing a checkpoint
        wandb = config.wandb if ranks.first else None
        self.log = Log(folder, tensorboard=config.tensorboard and ranks.first, wandb=wandb)
        self.report = Report(folder, writes=ranks.first)

    def _read(self, rewards: Rewards) -> Records:
        """The data, with something to reward in each record."""
        data = self.config.data
        own = ", in the model's own words" if data.retell else ""
        self.events.phase(f"making data{own}" if data.generate else "reading data")
        with self.ranks.first_ahead():
            records = load_records(data, self.folder, self.events.progress, self.config.model.path)
        if self.config.method == "grpo":
            check_rewards(records.train, judged=self.config.judge is not None, rewards=rewards)
        return records

    def _load(self, records: Records) -> tuple[Learner, Chat, Feed]:
        """The model, which computes as it should, and the records that fit it."""
        c, model = self.config, self.config.model
        self.events.phase("loading the model")
        learner = Learner(c, self.ranks)
        if self.ranks.first:
            environment.note(self.folder, learner.policy.net.config, model.path, self.ranks.size)
        chat = Chat(learner.policy.tokenizer, model.style, model.format_request)
        feed = Feed.of(records.train, chat, c.data.max_prompt_tokens, c.data.mix, records.weighted)
        feed.check(c)
        learner.check(feed.probes(chat))
        return learner, chat, feed

    def _room(self, feed: Feed, chosen: Sequence[Instruction], chat: Chat, policy: Model) -> tuple[int, int]:
        """The most tokens of an evaluated response, and of one with its prompt. Raises RaifError if what is
        learned from doesn't fit."""
        context, reader = shortest_context(self.config, policy, self.events.phase)
        feed.check_length(context, chat, self.config, reader)
        modes: tuple[Mode, ...] = ("direct", "thinking", "plain")
        asked = [chat.prompt(i.messages, mode) for i in chosen for mode in modes]
        asked += self.benchmarks.prompts(chat)
        if any(i.then for i in chosen):  # a later turn's prompt is at most as long
            asked.append([0] * self.config.data.max_prompt_tokens)
        limit = limit_of(self.config.evaluation, asked, context, self.events.note, reader)
        return limit, max(map(len, asked)) + limit if asked else 0

    def go(self) -> Report:
        """Evaluate, train, evaluate."""
        with self.judge or nullcontext():
            found = newest_whole(self.folder / "checkpoints", self.ranks, self.events.note)
            self._evaluate("untrained", "direct")
            self._resume(found)
            self._train()
            if self.ranks.first:
                self.log.curves()
            step, answers = self._last
            known = answers if step == self.trainer.progress.step else None
            self._evaluate(self._trained, "thinking", known)
            if self.config.evaluation.plain:
                self._evaluate(PLAIN, "plain")
                if self.config.rollout.contrast_by_kind:
                    self._evaluate("thinking where it helps", self._where_it_helps)
            if self.config.evaluation.cloning_alone:
                self._clone_alone()
            if self.heldout and any(i.expert for i in self.heldout.instructions):
                self.report.add("expert answers", self.heldout.experts, self._settings(0))
            self.log.close()
            return self.report

    @property
    def _trained(self) -> str:
        """The name of the row after training."""
        if self.config.method == "sft":
            return "fine-tuned"
        return "whole recipe" if self.config.steps else "after the warm-up"

    def _where_it_helps(self, instruction: Instruction) -> Mode:
        """As training found for the record's kinds of constraints."""
        return "plain" if self.trainer.memory.thinking_helps(instruction) is False else "thinking"

    def _evaluate(self, name: str, mode: Modes, known: list[HeldOutAnswer] | None = None) -> None:
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
        evaluation = self.config.evaluation.model_dump(include={"prompts", "max_new_tokens", "relevance"})
        return evaluation | {"step": step}

    def _resume(self, found: Path | None) -> None:
        """Continue from a checkpoint, if there is one."""
        if found:
            self.trainer.progress = load_checkpoint(found, self.trainer.learner)
            self.trainer.memory = Memory.read(found)
            # responses that were sampled ahead of the next step: the weights they came from are gone
            ahead = load_ahead(found, self.ranks)
            if ahead is not None:
                self.trainer.sampler.restore(ahead)
        done = self.trainer.progress.step
        if self.ranks.first:
            self.log.forget_after(done)
        self.history = [line for line in self.log.read() if line["step"] <= done]
        self._best = Best.of(self.config.evaluation.best, self.history)

    def _train(self) -> None:
        """Take all steps, and write the model."""
        t, c = self.trainer, self.config
        self.events.phase("training")
        self._report(self.first_findings, t.progress.step)
        # one process gives a step up at once while it samples; several first have to agree
        self.stop.held = self.ranks.size > 1
        try:
            if self.history:
                self._measure(self.history[-1])  # if the run was stopped before it could
                self.stop.held = self.ranks.size > 1
            for step in () if self._given_up else t.steps():
                number, last = t.progress.step, t.progress.step == t.total_steps
                self.history.append(step.metrics)
                if self.ranks.first:
                    self.log.write(step.metrics)
                    if step.groups:
                        self.log.samples(number, step.groups, step.kept)
                if number == c.cloning.warmup_steps and c.evaluation.cloning_alone:
                    self._save("warm-up", 1)
                due = measure_at(c.evaluation, number, t.total_steps)
                if number % c.checkpoint.every == 0 or last or due:
                    self._save()
                self._measure(step.metrics)
                self.events.step(step, t.total_steps)
                self._examine(step)
                if self._given_up:
                    break
                measured_next = measure_at(c.evaluation, number + 1, t.total_steps)
                needed = 1.2 * step.seconds + self._saving + (self._measuring if measured_next else 0.0)
                self.stop.check(self.ranks, 0.0 if last else needed)
                self.stop.held = self.ranks.size > 1
        except GivenUp:
            raise
        except Stopped as stopped:
            self._stopped(stopped)
        except (EndpointError, NothingJudged, RewardError) as error:
            # while it samples or rewards, before the step has changed anything, or while it is measured
            self._keep_step()
            done, folder = t.progress.step, self.folder / "checkpoints"
            saved = f"Nothing is lost: the run is saved up to step {done} in {folder}. " if done else ""
            raise type(error)(error.message, f"{saved}{error.hint}") from error
        except Exception as error:
            if self.ranks.size == 1 and not self.stop.held and not isinstance(error, RaifError | OSError):
                self._keep_step()  # a bug, in a reward of the user's for example, costs no step either
            raise
        self.stop.held = False
        self._note_best()
        t.learner.export(self.folder / "model", t.chat.served_template())

    def _measure(self, metrics: dict[str, Any]) -> None:
        """Measure the model if that is due after the newest step and not done yet, as part of its metrics.

        The step is saved by then. A run that is stopped here measures first when it is resumed.
        """
        t, c = self.trainer, self.config.evaluation
        number = t.progress.step
        if not measure_at(c, number, t.total_steps) or "eval/seconds" in metrics:
            return
        self.events.phase(f"evaluation after step {number}")
        self.stop.held = self.ranks.size > 1
        start, figures = time.perf_counter(), dict[str, float]()
        self._sync()
        if self.heldout:
            self._last = number, self.heldout.ask(self._greedy, "thinking")
            figures |= heldout_figures(HeldOutRow.of("", self._last[1]))
        figures |= self.benchmarks.figures(self._greedy, t.chat, number, self.ranks)
        figures["eval/seconds"] = self._measuring = time.perf_counter() - start
        self.stop.held = True
        metrics |= figures
        self._best = Best.of(c.best, self.history)
        if self.ranks.first:
            self.log.add(figures)
            prune(self.folder / "checkpoints", keep=self.config.checkpoint.keep, best=self._best.step)
        self.events.phase("training")

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
        patience = self.config.evaluation.patience
        return patience is not None and self._best.stale >= patience

    def _note_best(self) -> None:
        """Say in the report which step was the best, and whether training stopped early."""
        best = self._best
        if best.step:
            figure, stopped = self.config.evaluation.best, self._given_up and self.trainer.progress.step
            self.report.note(best={"figure": figure, "step": best.step, "value": best.value})
            self.report.note(stopped_early=stopped or None)

    def _stopped(self, stopped: Stopped) -> Never:
        """Save what isn't, and say where the run stands."""
        self.stop.held = True
        self._keep_step()
        done = self.trainer.progress.step
        saved = f"; saved in {self.folder / 'checkpoints'}" if done else ""
        self.ranks.wait()  # a launcher stops the others when the first one ends
        raise Stopped(f"{stopped.why}, after step {done}{saved}", stopped.code, stopped.how) from None

    def _keep_step(self) -> None:
        """Save the last whole step, unless it is saved."""
        done = self.trainer.progress.step
        if done and not checkpoint_of(self.folder / "checkpoints", done).exists():
            self._save()

    def _examine(self, step: Step) -> None:
        """Report what silently ruins runs."""
        number, found = self.trainer.progress.step, look(self.trainer, step)
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
        best = self._best.step if name == "checkpoints" else 0
        start = time.perf_counter()
        save_checkpoint(
            self.folder / name,
            t.learner,
            t.progress,
            keep=keep,
            best=best,
            template=template,
            ahead=ahead,
            memory=t.memory if self.config.remembers else None,
        )
        self._saving = time.perf_counter() - start

    def _clone_alone(self) -> None:
        """From the end of the warm-up, clone for as long as the whole recipe took from there."""
        name, t = "cloning alone", self.trainer
        budget, done = t.progress.seconds, self.report.facts
        settings = self._settings(done.get("cloning_alone_steps", 0))
        if done.get("training_seconds") == budget and self.report.has(name, settings):
            return
        warm_up = newest_whole(self.folder / "warm-up", self.ranks, self.events.note)
        if warm_up is None:
            raise RaifError(
                "evaluation.cloning_alone: this run kept no checkpoint of the end of its warm-up",
                "It is kept if the key is set from the start: give another --out.",
            )
        t.progress, t.memory = load_checkpoint(warm_up, t.learner), Memory()
        self.events.phase(name)
        while t.progress.seconds < budget:
            step = t.clone_step()
            step.metrics["seconds_left"] = max(0.0, budget - t.progress.seconds)  # time ends this, not steps
            self.events.step(step, t.total_steps)
        self.report.note(training_seconds=budget, cloning_alone_steps=t.progress.step)
        self._evaluate(name, "thinking")
