"""board.html: the table, and any two models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raif import html
from raif.eval.board.table import Board
from raif.eval.board.text import NOTE, said_rank

OWN = ("stored answers", "checkpoint", "checker")
"""Settings that tell models apart, or follow from the dialect."""
CHOICES = 12
"""The page filters by a setting if it has at most so many values."""


def write(path: Path, found: Board, pages: Sequence[str]) -> None:
    """`pages`: of the models, by row, as paths from the board's folder without `.html`; their samples lie
    beside them."""
    html.write(
        path,
        "eval/board/board.html",
        others=True,
        board=found,
        pages=pages,
        filters=_filters(found),
        note=NOTE,
        said_rank=said_rank,
        models=[
            {"name": row.name, "samples": f"{page}.samples"}
            for row, page in zip(found.rows, pages, strict=True)
        ],
        columns=[
            {
                "name": column.name,
                "average": not column.benchmark,
                "values": {row: cell.value.value for row, cell in column.cells.items() if cell.value},
                "pairs": [
                    {"a": one.a, "b": one.b, "p": one.p, "apart": one.apart, "difference": one.difference}
                    for one in column.pairs
                ],
            }
            for column in found.columns
        ],
    )


def _filters(found: Board) -> dict[str, list[str]]:
    """The values of the settings that can be chosen from."""
    keys = dict.fromkeys(key for cell in found.settings.values() for key in cell if key not in OWN)
    values = {key: sorted({cell[key] for cell in found.settings.values()}) for key in keys}
    return {key: there for key, there in values.items() if 2 <= len(there) <= CHOICES}
