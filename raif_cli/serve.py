"""`raif serve`: start the server, say where it is, stay until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from raif_cli.options import DryRun, Overrides
from raif_cli.overrides import overrides

if TYPE_CHECKING:
    from raif.config.serve import ServeConfig

Model = Annotated[Path, typer.Argument(help="Folder of the checkpoint.", show_default=False)]
Backend = Annotated[str, typer.Option("--backend", help="Which server runs it: transformers.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on; 0: any free one.")]


def serve(
    model: Model,
    backend: Backend = "transformers",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    set_: Overrides = None,
    dry_run: DryRun = False,
) -> None:
    """Put a checkpoint behind an OpenAI-compatible endpoint on this machine. Ctrl-C ends it."""
    from raif.config import dump, load
    from raif.config.serve import ServeConfig

    given = overrides({"model": model, "backend": backend, "host": host, "port": port})
    config = load(ServeConfig, "serve", overrides=[*given, *(set_ or ())])
    if dry_run:
        typer.echo(dump(config), nl=False)
        return
    _serve(config)


def _serve(config: ServeConfig) -> None:
    from raif.serve import serving

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with serving(config, output=sys.stderr.fileno()) as server:
            typer.echo(
                f"{server.base_url} serves {server.model!r}. Try:\n\n{server.example}\n\nCtrl-C ends it."
            )
            code = server.process.wait()
    except KeyboardInterrupt:
        return
    raise typer.Exit(code)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """A polite kill ends the child too."""
    raise KeyboardInterrupt
