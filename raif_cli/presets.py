"""`raif presets`: the shipped configs, to read and to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List, show and copy the shipped presets.", invoke_without_command=True)

Command = Annotated[str, typer.Argument(help="The preset's command: train, gen-data or eval; or sampling.")]
Name = Annotated[str, typer.Argument(help="The preset's name.")]


@app.callback()
def list_presets(context: typer.Context) -> None:
    """List the presets of each command, with the first line of each."""
    if context.invoked_subcommand:
        return
    from rich.table import Column, Table

    from raif.config import preset_names, preset_path, presets_folder
    from raif_cli.console import out

    table = Table("command", Column("preset", no_wrap=True), "description", box=None)
    for folder in sorted(p.name for p in presets_folder().iterdir() if p.is_dir()):
        for name in preset_names(folder):
            first = preset_path(folder, name).read_text("utf-8").splitlines()[0]
            table.add_row(folder, name, first.removeprefix("# "))
    out.print(table)


@app.command()
def show(command: Command, name: Name) -> None:
    """Print a preset."""
    from raif.config import preset_path

    typer.echo(preset_path(command, name).read_text("utf-8"), nl=False)


@app.command()
def copy(command: Command, name: Name, to: Annotated[Path, typer.Argument(help="Path of the copy.")]) -> None:
    """Copy a preset to a file that you can edit and use with --config."""
    from raif.config import preset_path
    from raif.config.base import SAMPLING
    from raif.errors import ConfigError

    if to.exists():
        raise ConfigError(f"{to} already exists", "Give another path.")
    text = preset_path(command, name).read_text("utf-8")
    try:
        to.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"{to}: {error.strerror}", "Give another path.") from None
    use = f"use it with `raif {command} --config {to}`"
    if command == SAMPLING:
        use = "its keys belong under `sampling`"
    typer.echo(f"{to}: {use}", err=True)
