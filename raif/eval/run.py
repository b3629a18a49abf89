"""One evaluation, top to bottom: items -> answers and judgments, kept as they come -> scores -> report."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import raif.eval.benchmarks  # noqa: F401 (registers them)
from raif.config.eval import Dialect, EvalConfig
from raif.errors import ConfigError, RaifError, RecordError
from raif.eval import page
from raif.eval.answers import Ask, Progress, Responder, collect
from raif.eval.benchmark import BENCHMARKS, Benchmark, Item, locate
from raif.eval.methods import style
from raif.eval.paper import beside
from raif.eval.report import RESULTS, Report, Result, write
from raif.eval.scoring import Final, Outcome, result, score, stored_replies, taken_apart
from raif.files import jsonl
from raif.judge.requests import Asks, JudgeRequest, Replies, Rounds
from raif.prompts import Prompts, load
from raif.types import Message

ANSWERS, JUDGMENTS = "responses.jsonl", "judgments.jsonl"
_JOIN = (
    "A stored answer needs its item's `key` or `id`, or its `prompt` letter by letter, and the `response`."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask and check."""

    benchmark: Benchmark[Any]
    data: Path
    items: Sequence[Any]


def plan(config: EvalConfig) -> Plan:
    """Find the benchmark, its data and the items that the config chooses; nothing is asked.

    Raises ConfigError for an unknown benchmark, or one without the judge that it needs, RaifError where its
    data is missing or can't be used.
    """
    benchmark = BENCHMARKS[config.benchmark]
    if benchmark.prompts and not (config.judge or config.judgments):
        raise ConfigError(
            f"{config.benchmark} needs a judge",
            "Give one with --judge-url and --judge-model, or stored judgments with --judgments.",
        )
    data = locate(benchmark, config.data)
    items = benchmark.items(data)
    if config.responses:
        items = benchmark.restored(items, config.responses, config.dialect)
    _check(items, data)
    return Plan(benchmark, data, subset(items, config.limit, config.seed))


def _check(items: Sequence[Item], data: Path) -> None:
    """Answers are joined by id: a second item of the same one would get the first one's answer."""
    if not items:
        raise RecordError(f"{data}: no items in it")
    id, times = Counter(item.id for item in items).most_common(1)[0]
    if times > 1:
        raise RecordError(f"{data}: {times} items have the id {id!r}", "Give each its own.")


def subset(items: Sequence[Any], limit: int | None, seed: int) -> Sequence[Any]:
    """`limit` random items, in the order of the data; the same ones for the same seed."""
    if limit is None or limit >= len(items):
        return items
    return [items[n] for n in sorted(random.Random(seed).sample(range(len(items)), limit))]


def evaluate(
    config: EvalConfig,
    planned: Plan,
    responder: Responder,
    folder: Path,
    progress: Progress = lambda done, total: None,
    judging: Progress = lambda done, total: None,
) -> Report:
    """Answer, judge, score and report the planned items in `folder`, going on with what it holds.

    Raises RaifError where not one item has an answer, EndpointError where a server can't be asked.
    """
    benchmark = planned.benchmark
    asks = asks_of(planned, config)
    answers = collect(asks, responder, folder / ANSWERS, progress)
    answered = [item for item in planned.items if item.id in answers]
    if not answered:
        raise RaifError(f"none of the {len(asks)} items has an answer", _JOIN)
    finals = {item.id: taken_apart(answers[item.id], style(config), config.dialect) for item in answered}
    replies = _replies(config, benchmark, answered, finals, folder / JUDGMENTS, judging)
    outcome = score(benchmark, answered, finals, replies, config.dialect, seed=config.seed)
    messages = {ask.id: ask.messages for ask in asks}
    results = [
        result(sample, messages[sample.item.id], answers[sample.item.id], finals, replies)
        for sample in outcome.samples
    ]
    jsonl.write(folder / RESULTS, results)
    report = write(folder, _report(config, responder, len(asks), results, outcome))
    page.write(folder)
    return report


def asks_of(planned: Plan, config: EvalConfig) -> list[Ask]:
    """What the model is asked, an ask for each item."""
    return [_ask(planned.benchmark, item, config) for item in planned.items]


def _ask(benchmark: Benchmark[Any], item: Any, config: EvalConfig) -> Ask:
    *before, last = benchmark.messages(item, config.system)
    if config.wrap is not None:
        last = Message(role=last.role, content=Template(config.wrap).safe_substitute(prompt=last.content))
    return Ask(item.id, (*before, last), tuple(benchmark.steps(item)))


def _replies(
    config: EvalConfig,
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    path: Path,
    progress: Progress,
) -> Mapping[str, Replies]:
    """The judge's replies, asked or stored, by item id."""
    if benchmark.prompts is None:
        return {}
    if config.judgments:
        return stored_replies(benchmark, config.judgments)
    assert config.judge, "plan() sees to it"
    prompts = load("eval", benchmark.prompts, config.judge.prompts)
    asks: dict[str, Asks] = {}
    for item in items:
        answer = finals[item.id].answer or ""
        if answer.strip() or config.dialect != "sound":
            asks[item.id] = partial(_requests, benchmark, item, answer, prompts, config.dialect)
    return Rounds(config.judge, path).replies(asks, progress)


def _requests(
    benchmark: Benchmark[Any], item: Any, answer: str, prompts: Prompts, dialect: Dialect, replies: Replies
) -> Sequence[JudgeRequest]:
    return benchmark.requests(item, answer, replies, prompts, dialect)


def _report(
    config: EvalConfig, responder: Responder, items: int, results: Sequence[Result], outcome: Outcome
) -> Report:
    return Report(
        benchmark=config.benchmark,
        model=responder.model,
        method=config.method,
        judge=config.judge.model if config.judge else None,
        dialect=config.dialect,
        items=items,
        answered=len(results),
        truncated=sum(r.truncated for r in results),
        empty=sum(r.empty for r in results),
        undecided=sum(v.passed is None for r in results for v in r.verification.counted),
        tables=outcome.tables,
        paper=beside(config.benchmark, config, outcome.paper),
    )
