"""What an evaluation found, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from raif.eval.metrics import Row, Scores
from raif.stats import Interval
from raif.types import Verification


@dataclass(frozen=True, slots=True)
class Result:
    """One item's verdicts. empty: no answer was left once the thinking was split off."""

    id: str
    truncated: bool
    empty: bool
    verification: Verification


@dataclass(frozen=True, slots=True)
class Report:
    """Rates with all that could make them mislead: unanswered, cut-off and empty items, undecided checks."""

    benchmark: str
    model: str
    items: int
    answered: int
    truncated: int
    empty: int
    undecided: int
    rates: tuple[Row, ...]
    kinds: tuple[Row, ...]

    @property
    def headline(self) -> float | None:
        """The first strict rate; None where nothing was judged."""
        return self.rates[0].strict.value if self.rates[0].strict else None


def summarize(benchmark: str, model: str, items: int, results: Sequence[Result], scores: Scores) -> Report:
    return Report(
        benchmark,
        model,
        items,
        answered=len(results),
        truncated=sum(r.truncated for r in results),
        empty=sum(r.empty for r in results),
        undecided=sum(v.passed is None for r in results for v in r.verification.counted),
        rates=scores.rates,
        kinds=scores.kinds,
    )


def write(folder: Path, report: Report) -> Report:
    """Save report.json and report.md."""
    (folder / "report.json").write_text(as_json(report) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    return report


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), ensure_ascii=False, indent=2)


def markdown(report: Report) -> str:
    title = f"# {report.benchmark}: {report.model}\n"
    note = f"{counts(report)}\n\nPercent, with 95% intervals over prompts.\n"
    return "\n".join([title, note, _table("rate", report.rates), _table("kind", report.kinds)])


def counts(report: Report) -> str:
    """How much of the benchmark the rates rest on, in one sentence."""
    return (
        f"{report.answered} of {report.items} items answered; {report.truncated} answers cut off by the "
        f"token limit, {report.empty} empty, {report.undecided} checks undecided."
    )


def percent(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{100 * interval.value:.2f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _table(first: str, rows: Sequence[Row]) -> str:
    lines = [f"| {first} | prompts | checks | strict | loose |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {r.name} | {r.prompts} | {r.checks} | {percent(r.strict)} | {percent(r.loose)} |" for r in rows
    ]
    return "\n".join(lines) + "\n"
