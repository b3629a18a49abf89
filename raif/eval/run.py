"""One evaluation, top to bottom: items -> answers, kept as they come -> verdicts -> report."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import raif.eval.benchmarks  # noqa: F401 (registers them)
from raif import jsonl
from raif.config.eval import EvalConfig
from raif.errors import RaifError, RecordError
from raif.eval.answers import Answer, Ask, Progress, Responder, collect
from raif.eval.benchmark import BENCHMARKS, Benchmark, locate
from raif.eval.report import Report, Result, summarize, write
from raif.reasoning import Style, split
from raif.types import Instruction

ANSWERS, VERDICTS = "responses.jsonl", "verdicts.jsonl"
_JOIN = (
    "A stored answer needs its item's `key` or `id`, or its `prompt` letter by letter, and the `response`."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask and check."""

    benchmark: Benchmark
    data: Path
    items: Sequence[Instruction]


def plan(config: EvalConfig) -> Plan:
    """Find the benchmark, its data and the items that the config chooses; nothing is asked.

    Raises ConfigError for an unknown benchmark, RaifError where its data is missing or can't be used.
    """
    benchmark = BENCHMARKS[config.benchmark]
    data = locate(benchmark, config.data)
    items = benchmark.items(data)
    _check(items, data)
    return Plan(benchmark, data, subset(items, config.limit, config.seed))


def _check(items: Sequence[Instruction], data: Path) -> None:
    """Answers are joined by id: a second item of the same one would get the first one's answer."""
    if not items:
        raise RecordError(f"{data}: no items in it")
    id, times = Counter(item.id for item in items).most_common(1)[0]
    if times > 1:
        raise RecordError(f"{data}: {times} items have the id {id!r}", "Give each its own.")


def subset(items: Sequence[Instruction], limit: int | None, seed: int) -> Sequence[Instruction]:
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
) -> Report:
    """Answer, check and report the planned items in `folder`, going on with the answers it holds.

    Raises RaifError where not one item has an answer.
    """
    benchmark = planned.benchmark
    asks = [Ask(item.id, benchmark.messages(item, config.system)) for item in planned.items]
    answers = collect(asks, responder, folder / ANSWERS, progress)
    answered = [item for item in planned.items if item.id in answers]
    if not answered:
        raise RaifError(f"none of the {len(asks)} items has an answer", _JOIN)
    results = [_result(benchmark, item, answers[item.id], config.think) for item in answered]
    jsonl.write(folder / VERDICTS, results)
    scores = benchmark.score([r.verification for r in results], seed=config.seed)
    return write(folder, summarize(config.benchmark, responder.model, len(asks), results, scores))


def _result(benchmark: Benchmark, item: Instruction, answer: Answer, think: Style) -> Result:
    whole = answer.whole(think)
    empty = not (split(whole, think).answer or "").strip()
    return Result(item.id, answer.truncated, empty, benchmark.verify(item, whole, think))
