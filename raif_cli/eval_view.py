"""Reports of `raif eval` as tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from raif.eval.report import PAPER_HEADS, Suite, counts, paper_rows, shown
from raif_cli.console import out

if TYPE_CHECKING:
    from raif.eval import rates
    from raif.eval.report import PaperFigure, Report


def print_report(report: Report | Suite) -> None:
    """One benchmark's tables, or one table of several benchmarks; then the paper's rows."""
    if isinstance(report, Suite):
        out.print(Text(report.model, style="bold"))
        table = _table("benchmark", "figure", "percent", "items", "undecided")
        for one in report.reports:
            head = one.paper[0]
            of = one.measured.subset if one.whole else f"{one.answered} of {one.measured.subset}"
            _add(table, one.benchmark, head.name, shown(head.ours), of, str(one.undecided))
        _add(table, "", report.average.name, shown(report.average.ours), "", "")
        out.print(table)
        _print_paper([report.average])
        return
    out.print(Text(report.title, style="bold"))
    for number, found in enumerate(report.tables):
        out.print(_rates(found, intervals=number == 0))  # a terminal is too narrow for all intervals
    _print_paper(report.paper)
    out.print(Text(f"{counts(report)} In percent; the other tables' intervals are in report.md."))


def _rates(found: rates.Table, *, intervals: bool) -> Table:
    table = _table(found.name, "checks", *found.columns)
    for row in found.rows:
        values = [shown(value, percent=found.percent) for value in row.values]
        texts = values if intervals else [value.partition(" ")[0] for value in values]
        _add(table, row.name, str(row.checks), *texts)
    return table


def _print_paper(figures: Sequence[PaperFigure]) -> None:
    rows = paper_rows(figures)
    if rows:
        table = _table(*PAPER_HEADS)
        for _, cells in rows:
            _add(table, *cells)
        out.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=box.SIMPLE)
    for column in others:
        table.add_column(column, justify="right")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*map(Text, cells))
