"""What an evaluation found, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from raif.config.eval import AnyDialect
from raif.eval.paper import PaperFigure
from raif.eval.rates import Table
from raif.stats import Interval
from raif.types import Message, Verification

REPORT, RESULTS = "report.json", "verdicts.jsonl"


@dataclass(frozen=True, slots=True)
class Result:
    """One item: what was asked, what came back, what it scored.

    empty: no answer was left once the thinking was split off. `replies`: the judge's, by request. The rest as
    in `raif.eval.benchmark.Scored`.
    """

    id: str
    messages: tuple[Message, ...]
    thinking: str
    answer: str
    truncated: bool
    empty: bool
    verification: Verification
    parts: Mapping[str, float | None]
    labels: Mapping[str, str]
    replies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """Rates with all that could make them mislead: unanswered, cut-off and empty items, undecided checks."""

    benchmark: str
    model: str
    method: str
    judge: str | None
    dialect: AnyDialect
    items: int
    answered: int
    truncated: int
    empty: int
    undecided: int
    tables: tuple[Table, ...]
    paper: tuple[PaperFigure, ...]

    @property
    def headline(self) -> float | None:
        """The first rate; None where nothing was judged."""
        rows = self.tables[0].rows if self.tables else ()
        first = rows[0].values[0] if rows else None
        return first.value if first else None


def write(folder: Path, report: Report) -> Report:
    """Save report.json and report.md."""
    (folder / REPORT).write_text(as_json(report) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    return report


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), ensure_ascii=False, indent=2)


def markdown(report: Report) -> str:
    title = f"# {report.benchmark}: {report.model}\n"
    note = f"{how(report)}\n\n{counts(report)}\n\nPercent, with 95% intervals over prompts.\n"
    return "\n".join([title, note, *map(_table, report.tables), *beside_table(report.paper)])


def how(report: Report) -> str:
    """In one sentence, how the answers came about and who scored them."""
    judge = f", judged by {report.judge}" if report.judge else ""
    return f"Method {report.method}{judge}, scored in the dialect {report.dialect}."


def counts(report: Report) -> str:
    """How much of the benchmark the rates rest on, in one sentence."""
    return (
        f"{report.answered} of {report.items} items answered; {report.truncated} answers cut off by the "
        f"token limit, {report.empty} empty, {report.undecided} checks undecided."
    )


def shown(interval: Interval | None, *, percent: bool = True) -> str:
    """A value with its interval, in percent where it is a share."""
    if interval is None:
        return "-"
    scale = 100 if percent else 1
    return f"{scale * interval.value:.2f} [{scale * interval.low:.1f}, {scale * interval.high:.1f}]"


def _table(table: Table) -> str:
    heads = [table.name, "prompts", "checks", *table.columns]
    rows = [
        [row.name, str(row.prompts), str(row.checks), *(shown(v, percent=table.percent) for v in row.values)]
        for row in table.rows
    ]
    return lines(heads, rows)


def beside_table(figures: Sequence[PaperFigure]) -> list[str]:
    """A table of the paper's rows, where it has some of the model."""
    rows = [
        [
            figure.name,
            shown(figure.ours),
            f"{row.model}, {row.method}",
            f"{row.printed:.2f}",
            _signed(row.difference),
        ]
        for figure in figures
        for row in figure.rows
    ]
    heads = ["figure of the paper", "here", "the paper's model, method", "printed", "difference"]
    return [lines(heads, rows)] if rows else []


def _signed(difference: float | None) -> str:
    return "-" if difference is None else f"{difference:+.2f}"


def lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its first column to the left."""
    body = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([body[0], "|---" + "|---:" * (len(heads) - 1) + "|", *body[1:]]) + "\n"
