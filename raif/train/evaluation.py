"""Measuring the model while it trains, on held-out records and on benchmarks, and which step was the best.

The benchmarks are asked, scored and reported by the runner of `raif eval`, with the policy as the model.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from raif.config.eval import EvalConfig
from raif.config.evaluation import EvaluationConfig
from raif.config.models import SamplingConfig
from raif.config.train import TrainConfig
from raif.errors import RaifError
from raif.eval.answers import Answer, Answers, Ask, Notes
from raif.eval.benchmark import BENCHMARKS
from raif.eval.run import Plan, asks_of, evaluate, plan
from raif.models.chat import Chat
from raif.stats import Interval
from raif.train.heldout import DRAWN_BY, Greedy, HeldOutRow
from raif.train.ranks import Ranks

RATES = ("constraints", "constraints_loose", "followed", "followed_loose", "relevant", "followed_relevant")
"""The rates of a row of the held-out table that have an interval."""
Figures = dict[str, float]
"""Figures by their keys in metrics.jsonl; a rate's interval follows it as KEY/low and KEY/high."""


def measure_at(config: EvaluationConfig, step: int, total: int) -> bool:
    """Whether the model is measured after this step: every so often, and after the last one."""
    return bool(config.every) and (step % config.every == 0 or step == total)


def heldout_figures(row: HeldOutRow) -> Figures:
    """A row of the held-out table."""
    found: Figures = {}
    for name in RATES:
        found |= _with_interval(f"eval/heldout/{name}", getattr(row, name))
    for name in (
        "format_share",
        "truncated_share",
        "relevance_gain",
        "fluency",
        "words",
        "repetition",
        "alike",
        "echoed",
        "unjudged_share",
    ):
        value = getattr(row, name)
        found |= {} if value is None else {f"eval/heldout/{name}": value}
    return found


@dataclass(frozen=True, slots=True)
class Best:
    """The step at which the figure of `evaluation.best` was best, 0 before the first measurement, and for how
    many measurements it has not been better since.
    """

    step: int = 0
    value: float | None = None
    stale: int = 0

    @classmethod
    def of(cls, figure: str | None, history: Iterable[Mapping[str, Any]]) -> Self:
        """From the lines of metrics.jsonl. Those without the figure don't count."""
        best = cls()
        for line in history:
            value = line.get(f"eval/{figure}")
            if value is None:
                continue
            better = best.value is None or value > best.value
            best = cls(line["step"], value) if better else replace(best, stale=best.stale + 1)
        return best


def limit_of(
    config: EvaluationConfig,
    prompts: Sequence[list[int]],
    context: int | None,
    say: Callable[[str], None],
    reader: str = "the model",
) -> int:
    """The most tokens of an evaluated response: those that the config allows, and a context that also holds
    the longest prompt, which `say` is told. Raises RaifError if it doesn't hold the prompt.
    """
    longest, most = max(map(len, prompts), default=0), config.max_new_tokens
    if not prompts or not context or longest + most <= context:
        return most
    if longest >= context:
        raise RaifError(
            f"{reader} reads {context} tokens, and a prompt of the evaluation has {longest}",
            "Leave it out of data.heldout, or take a model or server with a longer context.",
        )
    say(
        f"evaluated responses have at most {context - longest} tokens, not {most}: {reader} reads {context} "
        f"tokens, and the longest prompt has {longest}"
    )
    return context - longest


class Benchmarks:
    """The benchmarks of `evaluation.benchmarks`, with their items. RaifError if their data is missing."""

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._plans: dict[str, tuple[EvalConfig, Plan]] = {}
        for name in config.evaluation.benchmarks:
            found = _eval_config(config, name)
            self._plans[name] = found, plan(found)

    def prompts(self, chat: Chat) -> list[list[int]]:
        """Everything that is asked, tokenized."""
        return [
            chat.prompt(ask.messages, "thinking")
            for config, planned in self._plans.values()
            for ask in asks_of(planned, config)
        ]

    def figures(self, greedy: Greedy, chat: Chat, step: int, ranks: Ranks) -> Figures:
        """The rates of all benchmarks, asked as training asks. The answers and reports are kept in
        evaluation/step-N/NAME.
        """
        found: Figures = {}
        for name, (config, planned) in self._plans.items():
            asks = asks_of(planned, config)
            completions = greedy([chat.prompt(ask.messages, "thinking") for ask in asks])
            answers = {
                ask.id: Answer(chat.text(each.ids, "thinking"), truncated=each.truncated)
                for ask, each in zip(asks, completions, strict=True)
            }
            if ranks.first:
                folder = self._folder / "evaluation" / f"step-{step:06d}" / name
                shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed after it
                folder.mkdir(parents=True)
                report = evaluate(config, planned, _Given(str(config.model), step, answers), folder)
                for row in report.tables[0].rows:
                    for side, value in zip(("", "_loose"), row.values, strict=True):
                        found |= _with_interval(f"eval/{name}/{row.name}{side}", value)
                found[f"eval/{name}/truncated_share"] = report.truncated / report.items
        return ranks.gather(found)[0]


class _Given:
    """A responder of answers that exist already."""

    def __init__(self, model: str, step: int, answers: Mapping[str, Answer]) -> None:
        self.model, self._answers = model, answers
        self.settings: Mapping[str, Any] = {"step": step}

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        yield from ((ask, self._answers[ask.id]) for ask in asks)


def _eval_config(config: TrainConfig, name: str) -> EvalConfig:
    c = config.evaluation
    return EvalConfig(
        benchmark=name,
        model=config.model.path,
        data=c.data / BENCHMARKS[name].file if c.data else None,
        think=config.model.style,
        limit=c.items,
        seed=DRAWN_BY,
        sampling=SamplingConfig(max_tokens=c.max_new_tokens),
    )


def _with_interval(key: str, rate: Interval | None) -> Figures:
    return {} if rate is None else {key: rate.value, f"{key}/low": rate.low, f"{key}/high": rate.high}
