"""A board's folder: its page, a page for each model with the samples beside it, and the table for papers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from raif.errors import ConfigError
from raif.eval import page as pages
from raif.eval.board import page
from raif.eval.board.table import Board, board, where
from raif.eval.board.text import to_csv, to_latex, to_markdown
from raif.eval.finished import find
from raif.files.whole import write_whole

PAGE, MODELS = "board.html", "models"


def write(
    folders: Sequence[Path], out: Path, wanted: Mapping[str, str] | None = None, by: str | None = None
) -> Board:
    """Make a board of all runs under `folders`, in the folder `out`, in place of the board that is there.

    `wanted`: only runs with these settings. `by`: the column to sort by. Raises ConfigError if there are no
    such runs, or if `out` holds something else.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / PAGE).exists()):
        raise ConfigError(f"{out} is not a board's folder", "Nothing was deleted. Give another --out.")
    runs, unusable = find(folders)
    notes = [f"{place} is left out: {why}" for place, why in unusable.items()]
    found = board(where(runs, wanted or {}), by, notes)
    shutil.rmtree(out / MODELS, ignore_errors=True)
    (out / MODELS).mkdir(parents=True)
    for name, text in (("csv", to_csv(found)), ("md", to_markdown(found)), ("tex", to_latex(found))):
        write_whole(out / f"board.{name}", text)
    for number, row in enumerate(found.rows):
        cells = [(column.name, column.cells.get(number)) for column in found.columns]
        sections = [cell.run.section(name) for name, cell in cells if cell and cell.run]
        place = pages.Place(row.name, f"../{PAGE}")
        pages.write(out / f"{_address(number, row.name)}.html", sections, place=place)
    page.write(out / PAGE, found, [_address(number, row.name) for number, row in enumerate(found.rows)])
    return found


def _address(number: int, name: str) -> str:
    """Of a model's page, without `.html`."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", name)[:60].strip("-.")
    return f"{MODELS}/{number + 1:02}-{readable}"
