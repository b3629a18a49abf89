"""Reports of `raif eval` as tables on stdout. No number is broken over lines, however narrow the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from raif.eval.report import PAPER_HEADS, Suite, counts, paper_rows, shown
from raif_cli.console import out

if TYPE_CHECKING:
    from raif.eval import rates
    from raif.eval.report import PaperFigure, Report

Row = Sequence[str]
"""A row's name and its cells."""
HEAD = 12
"""Letters of a heading that are not broken over lines."""


def print_report(report: Report | Suite) -> None:
    """One benchmark's tables, or one table of several benchmarks; then the paper's rows."""
    if isinstance(report, Suite):
        out.print(Text(report.model, style="bold"))
        rows = []
        for one in report.reports:
            head = one.paper[0]
            of = one.measured.subset if one.whole else f"{one.answered} of {one.measured.subset}"
            rows.append([f"{one.benchmark}: {head.name}", shown(head.ours), of, str(one.undecided)])
        rows.append([report.average.name, shown(report.average.ours), "", ""])
        _print(("benchmark: figure", "percent", "items", "undecided"), rows)
        _print_paper([report.average])
        return
    out.print(Text(report.title, style="bold"))
    for number, found in enumerate(report.tables):
        _print_rates(found, intervals=number == 0)  # a terminal is too narrow for all intervals
    _print_paper(report.paper)
    out.print(Text(f"{counts(report)} In percent; the other tables' intervals are in report.md."))


def _print_rates(found: rates.Table, *, intervals: bool) -> None:
    rows = []
    for row in found.rows:
        values = [shown(value, percent=found.percent) for value in row.values]
        texts = values if intervals else [value.partition(" ")[0] for value in values]
        rows.append([row.name, str(row.checks), *texts])
    _print((found.name, "checks", *found.columns), rows)


def _print_paper(figures: Sequence[PaperFigure]) -> None:
    if rows := [cells for _, cells in paper_rows(figures)]:
        _print(PAPER_HEADS, rows)


def _print(heads: Row, rows: Sequence[Row]) -> None:
    """As one table with intervals beside their values, or below them, or as tables of fewer columns."""
    if _fits(whole := _table(heads, rows)):
        out.print(whole)
        return
    rows = [[cell.replace(" [", "\n[") for cell in row] for row in rows]
    start = 1
    while start < len(heads):
        end = len(heads)
        while end > start + 1 and not _fits(_part(heads, rows, start, end)):
            end -= 1
        out.print(_part(heads, rows, start, end))
        start = end


def _fits(table: Table) -> bool:
    """Whether the terminal is wide enough for the narrowest form of a table."""
    return Measurement.get(out, out.options.update(width=10_000), table).minimum <= out.width


def _part(heads: Row, rows: Sequence[Row], start: int, end: int) -> Table:
    """The names with the columns from `start` to `end`."""
    return _table((heads[0], *heads[start:end]), [(row[0], *row[start:end]) for row in rows])


def _table(heads: Row, rows: Sequence[Row]) -> Table:
    """Names and headings may be broken between words, numbers and their intervals may not."""
    table = Table(box=box.SIMPLE)
    table.add_column(Text(heads[0]), overflow="fold")
    for head, *cells in zip(heads[1:], *(row[1:] for row in rows), strict=True):
        if any(letter.isalpha() for letter in "".join(cells)):
            table.add_column(Text(head), justify="right", overflow="fold")
            continue
        widest = max((len(line) for cell in cells for line in cell.split("\n")), default=0)
        head = fill(head, max(widest, HEAD), break_long_words=False)
        width = max(widest, *map(len, head.split("\n")))
        table.add_column(Text(head), justify="right", no_wrap=True, min_width=width)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
