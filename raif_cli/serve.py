"""`raif serve`: start the server, print its address, run until Ctrl-C."""

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
Model = Annotated[str, typer.Argument(help="The checkpoint's folder, or packaged:NAME.", show_default=False)]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="More arguments for the back-end.")
]
Backend = Annotated[str, typer.Option("--backend", help="The server: transformers or vllm.")]
Host = Annotated[
    str, typer.Option("--host", help="Address to listen on. 0.0.0.0: the whole network; set a key then.")
]
Port = Annotated[int, typer.Option("--port", help="Port to listen on. 0: any free one.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", metavar="VARIABLE", help="Require the key in this environment variable."),
]
Think = Annotated[
    str,
    typer.Option(
        help="How reasoning, which goes into reasoning_content, is marked: tagged, deepseek, none, or auto "
        "(as the chat template says)."
    ),
]
Judge = Annotated[
    bool,
    typer.Option("--judge", help="Serve a judge: log-probabilities, greedy.", rich_help_panel=PURPOSE),
]
Rollout = Annotated[
    bool,
    typer.Option("--rollout", help="Serve rollouts: weights can be updated.", rich_help_panel=PURPOSE),
]
Tensor = Annotated[
    int | None, typer.Option("--tensor-parallel", help="How many GPUs share the model.", rich_help_panel=SIZE)
]
Data = Annotated[
    int | None, typer.Option("--data-parallel", help="How many copies of the model.", rich_help_panel=SIZE)
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-model-len", help="Maximum tokens of a prompt and its response.", rich_help_panel=SIZE
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
    """Serve a checkpoint as an OpenAI-compatible endpoint on this machine. Ctrl-C stops it."""
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
                f"{server.base_url} serves {server.model!r}. Try:\n\n{server.example}\n\nCtrl-C stops it."
            )
            code = server.process.wait()
    except KeyboardInterrupt:
        return
    raise typer.Exit(code)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM stops the child too."""
    raise KeyboardInterrupt
