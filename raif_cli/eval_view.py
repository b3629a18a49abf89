"""Reports of `raif eval` as tables on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from raif.eval.report import counts, shown
from raif_cli.console import out

if TYPE_CHECKING:
    from raif.eval.paper import PaperFigure
    from raif.eval.rates import Table as Rates
    from raif.eval.report import Report
    from raif.eval.suite import Suite


def print_tables(report: Report) -> None:
    """Intervals in the first table only, for a terminal's width."""
    out.print(Text(f"{report.benchmark}: {report.model}", style="bold"))
    for number, table in enumerate(report.tables):
        out.print(_rates(table, intervals=number == 0))
    _print_beside(report.paper)
    out.print(Text(f"{counts(report)} In percent; the other tables' intervals are in report.md."))


def print_suite(suite: Suite) -> None:
    out.print(Text(suite.model, style="bold"))
    table = _table("benchmark", "figure", "percent", "answered", "undecided")
    for report in suite.reports:
        head = report.paper[0]
        answered = f"{report.answered} of {report.items}"
        _add(table, report.benchmark, head.name, shown(head.ours), answered, str(report.undecided))
    _add(table, "", suite.average.name, shown(suite.average.ours), "", "")
    out.print(table)
    _print_beside([suite.average])


def _rates(rates: Rates, *, intervals: bool) -> Table:
    table = _table(rates.name, "checks", *rates.columns)
    for row in rates.rows:
        values = [shown(value, percent=rates.percent) for value in row.values]
        texts = values if intervals else [value.partition(" ")[0] for value in values]
        _add(table, row.name, str(row.checks), *texts)
    return table


def _print_beside(figures: Sequence[PaperFigure]) -> None:
    rows = [(figure, row) for figure in figures for row in figure.rows]
    if not rows:
        return
    table = _table("figure of the paper", "the paper's model, method", "printed", "difference")
    for figure, row in rows:
        apart = "-" if row.difference is None else f"{row.difference:+.2f}"
        _add(table, figure.name, f"{row.model}, {row.method}", f"{row.printed:.2f}", apart)
    out.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=box.SIMPLE)
    for column in others:
        table.add_column(column, justify="right")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*map(Text, cells))
