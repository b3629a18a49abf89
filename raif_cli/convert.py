"""`raif convert`: rows of one tool as rows of another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from raif_cli.exits import Exit
from raif_cli.verify import Layout

if TYPE_CHECKING:
    from raif.records.convert import Losses

SHOWN = 5
"""So many of the rows that can't be read are shown."""

Source = Annotated[
    str, typer.Argument(metavar="IN|-", help="Rows in any layout and format that raif verify reads.")
]
Target = Annotated[
    str, typer.Argument(metavar="OUT|-", help="JSON Lines, or Parquet if the name ends in .parquet.")
]
To = Annotated[
    Literal["raif", "ifeval", "trl", "verl", "openrlhf"], typer.Option("--to", help="Whose rows to write.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")]


def convert(
    source: Source, target: Target, to: To, layout: Layout = None, overwrite: Overwrite = False
) -> None:
    """Convert rows with checks between tools. Says what the new rows have no place for.

    Responses are kept. A row that can't be read is left out and said, and the exit code is 3.
    """
    from raif.files import jsonl
    from raif.files.rows import everywhere
    from raif.files.whole import replacing
    from raif.records import LAYOUTS
    from raif.records.convert import Losses, converted, tabular

    if layout is not None:
        LAYOUTS[layout]
    losses, place = Losses(), sys.stdin.buffer if source == "-" else Path(source)
    rows = converted(everywhere(place), to, losses, layout=layout)
    if target == "-":
        jsonl.write(sys.stdout.buffer, rows)
    else:
        path = _writable(Path(target), overwrite=overwrite)
        with replacing(path) as part:
            if path.suffix == ".parquet":
                _write_parquet(part, tabular(rows, to))
            else:
                jsonl.write(part, rows)
    _say(losses)
    if losses.errors:
        raise typer.Exit(Exit.INVALID_ROWS)


def _writable(path: Path, *, overwrite: bool) -> Path:
    """The same path. RaifError if nothing can be written there, or the name promises another format."""
    from raif.errors import RaifError
    from raif.files.formats import COMPRESSED, is_lines

    if path.is_dir() or not path.parent.is_dir():
        what = "a folder" if path.is_dir() else "in no folder that exists"
        raise RaifError(f"{path} is {what}", "Give the name of a file.")
    if path.suffix in COMPRESSED or not (path.suffix == ".parquet" or is_lines(path)):
        raise RaifError(
            f"{path}: JSON Lines and Parquet are written, not {path.suffix}", "Give - to pipe JSON Lines on."
        )
    if path.is_file() and not overwrite:
        raise RaifError(f"{path} is there already", "Give another name, or --overwrite.")
    return path


def _write_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as a table with the columns of all of them. RaifError if their types don't agree."""
    from raif.errors import RaifError, require

    require("pyarrow", extra="data")
    import pyarrow as pa
    from pyarrow.parquet import write_table

    names = dict.fromkeys(name for row in rows for name in row)
    try:
        write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    except pa.ArrowException as error:
        raise RaifError(f"these rows can't be a table: {error}", "Write JSON Lines.") from None


def _say(losses: Losses) -> None:
    typer.echo(f"{losses.written} rows", err=True)
    for what, lost in (("fields", losses.fields), ("columns", losses.columns)):
        if lost:
            names = ", ".join(f"{name} ({lost[name]})" for name in sorted(lost))
            typer.echo(f"Lost {what}, with the number of rows: {names}", err=True)
    for error in losses.errors[:SHOWN]:
        typer.echo(f"Left out: {error.message}", err=True)
    if len(losses.errors) > SHOWN:
        typer.echo(f"and {len(losses.errors) - SHOWN} more rows that can't be read", err=True)
