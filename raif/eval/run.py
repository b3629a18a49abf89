"""One evaluation from start to end: items -> answers and judgments, saved as they arrive -> scores ->
report."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

from raif.config.eval import Dialect, EvalConfig
from raif.errors import ConfigError, RaifError, RecordError
from raif.eval import page, relevance
from raif.eval.answers import Answer, Ask, Progress, Responder, collect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, locate
from raif.eval.methods import style
from raif.eval.rates import Rates, Table, interval
from raif.eval.report import RESULTS, Report, Result, compared, write
from raif.files import jsonl
from raif.judge.requests import Asks, Replies, Rounds
from raif.prompts import load
from raif.reasoning import Style, split
from raif.stats import Interval
from raif.types import Message

ANSWERS, JUDGMENTS = "responses.jsonl", "judgments.jsonl"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask and score."""

    benchmark: Benchmark[Any]
    data: Path
    items: Sequence[Any]


def plan(config: EvalConfig) -> Plan:
    """Find the benchmark, its data and the items that the config selects. Asks nothing.

    Raises ConfigError if the benchmark is unknown or lacks the judge that it needs, RaifError if its data is
    missing or invalid.
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
    if not items:
        raise RecordError(f"{data}: no items in it")
    # Answers are matched by id: a second item with the same id would get the first one's answer.
    id, times = Counter(item.id for item in items).most_common(1)[0]
    if times > 1:
        raise RecordError(f"{data}: {times} items have the id {id!r}", "Give each its own.")
    return Plan(benchmark, data, subset(items, config.limit, config.seed))


def subset(items: Sequence[Any], limit: int | None, seed: int) -> Sequence[Any]:
    """`limit` random items in the order of the data. The same seed gives the same items."""
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
    """Answer, judge, score and report the planned items in `folder`, resuming from what it holds.

    Raises RaifError if no item has an answer, EndpointError if a server can't be asked.
    """
    benchmark = planned.benchmark
    asks = asks_of(planned, config)
    answers = collect(asks, responder, folder / ANSWERS, progress)
    answered = [item for item in planned.items if item.id in answers]
    if not answered:
        raise RaifError(
            f"none of the {len(asks)} items has an answer",
            "A stored answer needs a `response` and its item's `key` or `id`, or exactly its `prompt`.",
        )
    finals = {item.id: final(answers[item.id], style(config), config.dialect) for item in answered}
    replies = _replies(config, benchmark, answered, finals, folder / JUDGMENTS, judging)
    scores = score(benchmark, answered, finals, replies, config.dialect, seed=config.seed)
    texts = {id: each.answer or "" for id, each in finals.items()}
    relevances = relevance.measured(config, asks, texts, folder)
    messages = {ask.id: ask.messages for ask in asks}
    results = [
        Result(
            id=(id := scored.item.id),
            messages=messages[id],
            thinking=finals[id].thinking,
            answer=finals[id].answer or "",
            truncated=answers[id].truncated,
            empty=not (finals[id].answer or "").strip(),
            verification=scored.verification,
            parts=scored.parts,
            labels=scored.labels,
            replies=replies.get(id, {}),
            relevance=relevances.get(id),
        )
        for scored in scores.items
    ]
    report = Report(
        benchmark=config.benchmark,
        model=responder.model,
        method=config.method,
        judge=config.judge.model if config.judge else None,
        dialect=config.dialect,
        items=len(asks),
        answered=len(results),
        truncated=sum(result.truncated for result in results),
        empty=sum(result.empty for result in results),
        undecided=sum(verdict.passed is None for r in results for verdict in r.verification.counted),
        tables=(*scores.tables, *relevance.tables(scores.items, relevances, config.seed)),
        paper=compared(config.benchmark, config, scores.paper),
    )
    jsonl.write(folder / RESULTS, results)
    write(folder, report)
    page.write(folder, report, {config.benchmark: results})
    return report


def asks_of(planned: Plan, config: EvalConfig) -> list[Ask]:
    """What the model is asked, one Ask for each item."""
    asks = []
    for item in planned.items:
        *before, last = planned.benchmark.messages(item, config.system)
        if config.wrap is not None:
            text = Template(config.wrap).safe_substitute(prompt=last.content)
            last = Message(role=last.role, content=text)
        asks.append(Ask(item.id, (*before, last), tuple(planned.benchmark.steps(item))))
    return asks


@dataclass(frozen=True, slots=True)
class Final:
    """A response taken apart. `answer` is None if the response ended inside the thinking."""

    thinking: str
    answer: str | None


def final(answer: Answer, think: Style, dialect: Dialect) -> Final:
    """What is scored of an answer. Thinking that a server split off counts as thinking in every style.

    The method's authors only drop an answer tag at the start of the text, and keep the one at its end.
    """
    found = split(answer.whole(think), think)
    text = found.answer
    if dialect == "authors" and text is not None and text.startswith("<answer>"):
        text = text.removeprefix("<answer>").lstrip()
    return Final(found.thinking or answer.reasoning or "", text)


def _replies(
    config: EvalConfig,
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    path: Path,
    progress: Progress,
) -> Mapping[str, Replies]:
    """The judge's replies by item id and key: none, stored ones, or asked for now."""
    if benchmark.prompts is None:
        return {}
    if config.judgments:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for judgment in benchmark.judgments(config.judgments):
            found[judgment.id][judgment.key] = judgment.reply  # the last one of a key counts
        return found
    assert config.judge, "plan() sees to it"
    prompts = load("eval", benchmark.prompts, config.judge.prompts)
    asks: dict[str, Asks] = {}
    for item in items:
        answer = finals[item.id].answer or ""
        if answer.strip() or config.dialect != "sound":
            asks[item.id] = partial(benchmark.requests, item, answer, prompts=prompts, dialect=config.dialect)
    return Rounds(config.judge, path).replies(asks, progress)


@dataclass(frozen=True, slots=True)
class Scores:
    """All items with their scores, and what they add up to.

    `paper`: the figures that the paper prints too, its headline first.
    """

    items: tuple[ScoredItem[Any], ...]
    rates: Rates
    tables: tuple[Table, ...]
    paper: Mapping[str, Interval | None]


def score(
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    replies: Mapping[str, Replies],
    dialect: Dialect,
    *,
    seed: int = 0,
) -> Scores:
    """Score each item's answer with the judge's replies about it, both by item id."""
    scored = tuple(
        benchmark.score(item, finals[item.id].answer, replies.get(item.id, {}), dialect) for item in items
    )
    rates = Rates(benchmark.tallies(scored, dialect), seed=seed)
    paper = {name: interval(figure) for name, figure in benchmark.paper(rates, dialect).items()}
    return Scores(scored, rates, tuple(benchmark.tables(rates, dialect)), paper)
