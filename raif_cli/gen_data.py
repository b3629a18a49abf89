"""`raif gen-data`: parse, call the library, show what became of the draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset

if TYPE_CHECKING:
    from raif.config.gen_data import GenDataConfig
    from raif.data import Summary

Out = Annotated[Path, typer.Option("--out", "-o", help="The folder to write into.")]


def gen_data(
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    out: Out = Path("runs/data"),
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Generate instructions with checkable constraints and verified expert answers."""
    from raif.config import dump, load
    from raif.config.gen_data import GenDataConfig

    resolved = load(GenDataConfig, "gen-data", preset=preset, file=config, overrides=set_ or ())
    if dry_run:
        typer.echo(dump(resolved), nl=False)
        typer.echo(f"{resolved.count} records would be written to {out}", err=True)
        return
    _show(_generate(resolved, out, overwrite))


def _generate(config: GenDataConfig, folder: Path, overwrite: bool) -> Summary:
    from rich.progress import Progress

    from raif.data import generate
    from raif_cli.console import err

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("records", total=config.count)
        return generate(config, folder, lambda done, _: bar.update(task, completed=done), overwrite=overwrite)


def _show(summary: Summary) -> None:
    from rich.table import Table

    from raif_cli.console import out

    table = Table("draws", box=None)
    table.add_column("count", justify="right")
    for name, count in summary.funnel.rows():
        table.add_row(name, str(count))
    out.print(table)
    typer.echo(f"\nTraining: {summary.folder / 'train.jsonl'} ({summary.train} records)")
    typer.echo(f"Held out: {summary.folder / 'heldout.jsonl'} ({summary.heldout} records)")
    typer.echo(f"Data card: {summary.folder / 'card.md'}")
