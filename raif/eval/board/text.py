"""A board as CSV, one line a cell, and as a table in Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from raif.eval.board.table import Board, Cell
from raif.eval.report import lines
from raif.stats import Interval

NOTE = (
    "Percent, with 95% intervals. A rank such as 2–4 can't be told more exactly: two models are apart if "
    "their difference on the items that both have is beyond chance (p < 0.05), corrected for all pairs of a "
    "column."
)
HEADS = (
    *("model", "differs", "column", "benchmark", "figure", "value", "low", "high", "deviation", "samples"),
    *("rank", "rank_to", "items", "answered", "date", "folder"),
)


def to_csv(board: Board) -> str:
    """Values in percent. The settings that differ come last."""
    keys = list(dict.fromkeys(key for found in board.settings.values() for key in found))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*HEADS, *keys])
    for number in board.order:
        row = board.rows[number]
        for n, column in enumerate(board.columns):
            if cell := column.cells.get(number):
                named = [row.model, row.differs, column.name, column.benchmark, column.figure]
                own = board.settings.get((number, n), {})
                writer.writerow([*named, *_fields(cell), *(own.get(key, "") for key in keys)])
    return file.getvalue()


def _fields(cell: Cell) -> list[object]:
    value, run = cell.value, cell.run
    numbers = [value.value, value.low, value.high] if value else [None] * 3
    fields: list[object] = [None if x is None else round(100 * x, 4) for x in (*numbers, cell.deviation)]
    fields += [len(run.reports) if run else None, *(cell.ranks or (None, None))]
    if run is None:
        return [*fields, None, None, None, None]
    return [*fields, run.report.items, run.report.answered, run.report.measured.date, run.folders[0]]


def to_markdown(board: Board) -> str:
    heads = ["model", *(f"{column.name}: {column.figure}" for column in board.columns)]
    rows = [
        [board.rows[number].name, *(_cell(column.cells.get(number)) for column in board.columns)]
        for number in board.order
    ]
    notes = "".join(f"- {note}\n" for note in board.notes)
    return "\n".join([lines(heads, rows), f"{NOTE} Bold: rank 1 is possible.\n", *([notes] if notes else [])])


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.value is None:
        return "-"
    value = f"{100 * cell.value.value:.1f}"
    parts = [f"{f'**{value}**' if cell.first else value} {_range(cell.value)}"]
    if cell.deviation is not None:
        parts.append(f"± {100 * cell.deviation:.1f} between samples")
    if cell.ranks:
        parts.append(f"rank {said_rank(cell)}")
    return ", ".join([*parts, *filter(None, [cell.partly])])


def _range(value: Interval) -> str:
    return f"[{100 * value.low:.1f}, {100 * value.high:.1f}]"


def said_rank(cell: Cell) -> str:
    """The rank, or the first and the last that it may be."""
    if cell.ranks is None:
        return ""
    best, worst = cell.ranks
    return f"{best}" if best == worst else f"{best}–{worst}"


def to_latex(board: Board) -> str:
    """A table for the package booktabs. Ranks are left out, except for the bold of the first."""
    rows = [
        [_tex(board.rows[number].name), *(_tex_cell(column.cells.get(number)) for column in board.columns)]
        for number in board.order
    ]
    body = [
        r"\begin{tabular}{l" + "r" * len(board.columns) + "}",
        r"\toprule",
        *_tex_lines([["model", *(_tex(column.name) for column in board.columns)]]),
    ]
    return "\n".join([*body, r"\midrule", *_tex_lines(rows), r"\bottomrule", r"\end{tabular}", ""])


def _tex_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    return [" & ".join(row) + r" \\" for row in rows]


def _tex_cell(cell: Cell | None) -> str:
    if cell is None or cell.value is None:
        return "--"
    value = f"{100 * cell.value.value:.1f}"
    bold = r"\textbf{" + value + "}" if cell.first else value
    return bold + r" {\scriptsize " + _range(cell.value) + "}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


_TEX = {letter: f"\\{letter}" for letter in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
