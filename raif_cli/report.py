"""`raif report`: make the page of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="A finished run of raif eval or raif train.")]


def report(folder: Folder) -> None:
    """Rebuild the report.html of a finished run."""
    from raif.errors import ConfigError

    if (folder / "metrics.jsonl").exists():
        from raif.train import page as training

        training.write(folder)
    elif any((folder / name).exists() for name in ("report.json", "seeds.json")):
        from raif.eval import finished

        finished.write_page(folder)
    else:
        raise ConfigError(f"{folder} is not a finished run", "Give a folder of raif eval or raif train.")
    typer.echo(folder / "report.html")
