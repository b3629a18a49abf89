"""`raif serve`: start the server, say where it is, stay until Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from raif_cli.options import DryRun, Overrides, overrides

if TYPE_CHECKING:
    from raif.config.serve import ServeConfig

PURPOSE, SIZE = "Purpose (vllm)", "Size (vllm)"
Model = Annotated[str, typer.Argument(help="Folder of the checkpoint, or packaged:NAME.", show_default=False)]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="Further arguments for the back-end.")
]
Backend = Annotated[str, typer.Option("--backend", help="Which server runs it: transformers or vllm.")]
Host = Annotated[
    str, typer.Option("--host", help="Address to listen on; 0.0.0.0 opens it to the network: set a key then.")
]
Port = Annotated[int, typer.Option("--port", help="Port to listen on; 0: any free one.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", metavar="VARIABLE", help="Ask for the key in this environment variable."),
]
Think = Annotated[
    str,
    typer.Option(
        help="How the model marks its thinking, which goes into reasoning_content: tagged, deepseek, none; "
        "auto: as its chat template says."
    ),
]
Judge = Annotated[
    bool,
    typer.Option("--judge", help="For a judge: log-probabilities, greedy.", rich_help_panel=PURPOSE),
]
Rollout = Annotated[
    bool,
    typer.Option("--rollout", help="For training: weights can be updated.", rich_help_panel=PURPOSE),
]
Tensor = Annotated[
    int | None, typer.Option("--tensor-parallel", help="GPUs that share the model.", rich_help_panel=SIZE)
]
Data = Annotated[
    int | None, typer.Option("--data-parallel", help="Copies of the model.", rich_help_panel=SIZE)
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-model-len", help="Tokens of a prompt with its response, at most.", rich_help_panel=SIZE
    ),
]


def serve(
    model: Model,
    arguments: Arguments = None,
    backend: Backend = "transformers",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key: ApiKey = None,
    think: Think = "auto",
    judge: Judge = False,
    rollout: Rollout = False,
    tensor_parallel: Tensor = None,
    data_parallel: Data = None,
    max_model_len: MaxLength = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
) -> None:
    """Put a checkpoint behind an OpenAI-compatible endpoint on this machine. Ctrl-C ends it."""
    from raif.config import dump, load
    from raif.config.serve import ServeConfig

    given = overrides(
        {
            "model": model,
            "backend": backend,
            "host": host,
            "port": port,
            "api_key_env": api_key,
            "think": think,
            "judge": judge,
            "rollout": rollout,
            "tensor_parallel": tensor_parallel,
            "data_parallel": data_parallel,
            "max_model_len": max_model_len,
        }
    )
    further = [f"arguments={json.dumps(arguments)}"] if arguments else []
    config = load(ServeConfig, "serve", overrides=[*given, *further, *(set_ or ())])
    if dry_run:
        typer.echo(dump(config), nl=False)
        return
    _serve(config)


def _serve(config: ServeConfig) -> None:
    from raif.serve import serving

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with serving(config, output=sys.stderr.buffer) as server:
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
