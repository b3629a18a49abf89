"""`raif export`: a whole model from a checkpoint of `raif train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Checkpoint = Annotated[Path, typer.Argument(help="RUN/checkpoints/step-N.", show_default=False)]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The model's folder. Default: RUN/model-step-N.")
]


def export(checkpoint: Checkpoint, out: Out = None) -> None:
    """Export a checkpoint as a complete model: gathers shards, merges adapters, sets the chat template."""
    from raif.errors import require

    require("torch", "transformers", "safetensors", extra="train")
    from raif.train.export import export as write

    folder = out or checkpoint.resolve().parent.parent / f"model-{checkpoint.resolve().name}"
    write(checkpoint, folder)
    typer.echo(folder)
