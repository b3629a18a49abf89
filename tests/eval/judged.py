"""What the tests of judged benchmarks share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.run import Final, Scores, score
from raif.judge.requests import JudgeRequest
from raif.prompts import load

ANSWER = "An answer."
RELEASED: tuple[Dialect, ...] = ("upstream", "authors")
IN_FIXTURES = {"upstream": "upstream", "authors": "raif"}
"""What the official verdicts' files call the dialects."""
DIALECTS: tuple[Dialect, ...] = ("sound", *RELEASED)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]  # texts have U+2028


def scored(
    name: str, items: Sequence[Any], replies: Mapping[str, Mapping[str, str]], dialect: Dialect
) -> Scores:
    """All items with the same answer and their judge's replies."""
    finals = {item.id: Final("", ANSWER) for item in items}
    return score(BENCHMARKS[name], items, finals, replies, dialect)


def one(
    name: str, item: Any, replies: Mapping[str, str], dialect: Dialect, answer: str = ANSWER
) -> ScoredItem[Any]:
    return BENCHMARKS[name].score(item, answer, replies, dialect)


def requests(
    name: str, item: Any, dialect: Dialect, replies: Mapping[str, str] | None = None, answer: str = ANSWER
) -> Sequence[JudgeRequest]:
    """What is asked with the shipped prompts."""
    benchmark: Benchmark[Any] = BENCHMARKS[name]
    return benchmark.requests(item, answer, replies or {}, load("eval", str(benchmark.prompts)), dialect)


def value(outcome: Scores, table: str, row: str, column: str) -> float | None:
    """A value of a table, None if undefined."""
    found = next(t for t in outcome.tables if t.name == table)
    interval = next(r for r in found.rows if r.name == row).values[found.columns.index(column)]
    return interval and interval.value
