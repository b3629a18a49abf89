"""From answers and the judge's replies to scores and tables: nothing here is asked, kept or printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raif.config.eval import Dialect
from raif.eval.answers import Answer
from raif.eval.benchmark import Benchmark, Sample
from raif.eval.rates import Rates, Table, interval
from raif.eval.report import Result
from raif.judge.requests import Replies
from raif.reasoning import Style, split
from raif.stats import Interval
from raif.types import Message


@dataclass(frozen=True, slots=True)
class Final:
    """An answer taken apart. `answer` is None where the response never came to one."""

    thinking: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was scored. `paper`: the figures that the paper prints too, its headline first."""

    samples: tuple[Sample[Any], ...]
    rates: Rates
    tables: tuple[Table, ...]
    paper: Mapping[str, Interval | None]


def taken_apart(answer: Answer, think: Style, dialect: Dialect) -> Final:
    """The thinking that a server split off counts as thinking in every style.

    The method's authors only drop an answer tag that the text starts with, and keep the one at its end.
    """
    found = split(answer.whole(think), think)
    text = found.answer
    if dialect == "authors" and text is not None and text.startswith("<answer>"):
        text = text.removeprefix("<answer>").lstrip()
    return Final(found.thinking or answer.reasoning or "", text)


def score(
    benchmark: Benchmark[Any],
    items: Sequence[Any],
    finals: Mapping[str, Final],
    replies: Mapping[str, Replies],
    dialect: Dialect,
    *,
    seed: int = 0,
) -> Outcome:
    """Score each item's answer with the replies about it, both by item id."""
    samples = tuple(
        Sample(item, benchmark.score(item, finals[item.id].answer, replies.get(item.id, {}), dialect))
        for item in items
    )
    rates = Rates(benchmark.tallies(samples, dialect), seed=seed)
    figures = benchmark.paper(rates, dialect)
    paper = {name: interval(figure) for name, figure in figures.items()}
    return Outcome(samples, rates, tuple(benchmark.tables(rates, dialect)), paper)


def stored_replies(benchmark: Benchmark[Any], path: Path) -> Mapping[str, Replies]:
    """The judgments of a file, by item id and key; the last one of a key holds."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for judgment in benchmark.judgments(path):
        found[judgment.id][judgment.key] = judgment.reply
    return found


def result(
    sample: Sample[Any],
    messages: tuple[Message, ...],
    answer: Answer,
    finals: Mapping[str, Final],
    replies: Mapping[str, Replies],
) -> Result:
    """What is kept of one item."""
    id, final, scored = sample.item.id, finals[sample.item.id], sample.scored
    return Result(
        id=id,
        messages=messages,
        thinking=final.thinking,
        answer=final.answer or "",
        truncated=answer.truncated,
        empty=not (final.answer or "").strip(),
        verification=scored.verification,
        parts=scored.parts,
        labels=scored.labels,
        replies=replies.get(id, {}),
    )
