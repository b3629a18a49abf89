"""`raif serve`: start the server, print its address, run until Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from raif.dialect import DialectName
from raif_cli.options import DryRun, Overrides, overrides

if TYPE_CHECKING:
    from raif.config.serve import ServeConfig

PURPOSE, SIZE, SCORING = "Purpose", "Size", "Rewards"
Model = Annotated[
    str | None, typer.Argument(help="The checkpoint's folder, or packaged:NAME.", show_default=False)
]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="More arguments for vLLM.")
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
        help="How reasoning, which goes into a field of its own, is marked: tagged, deepseek, none, or auto "
        "(as the chat template says)."
    ),
]
Judge = Annotated[
    bool,
    typer.Option("--judge", help="Serve a judge: log-probabilities, greedy.", rich_help_panel=PURPOSE),
]
Rollout = Annotated[
    bool,
    typer.Option("--rollout", help="Serve rollouts: weights can be updated (vllm).", rich_help_panel=PURPOSE),
]
Tensor = Annotated[
    int | None,
    typer.Option("--tensor-parallel", help="GPUs that share the model (vllm).", rich_help_panel=SIZE),
]
Data = Annotated[
    int | None,
    typer.Option("--data-parallel", help="Copies of the model (vllm).", rich_help_panel=SIZE),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-model-len", help="Maximum tokens of a prompt and its response.", rich_help_panel=SIZE
    ),
]
Rewards = Annotated[
    bool,
    typer.Option(
        "--rewards",
        help="Instead of a model: score responses for a trainer that takes an address.",
        rich_help_panel=SCORING,
    ),
]
Semantics = Annotated[
    DialectName | None,
    typer.Option(
        "--dialect",
        help="Whose meaning of the kinds to use, instead of each record's own.",
        rich_help_panel=SCORING,
    ),
]
JudgeUrl = Annotated[
    str | None,
    typer.Option("--judge-url", help="The server of the judge of questions.", rich_help_panel=SCORING),
]
JudgeModel = Annotated[
    str | None, typer.Option("--judge-model", help="That server's name for it.", rich_help_panel=SCORING)
]


def serve(
    model: Model = None,
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
    rewards: Rewards = False,
    dialect: Semantics = None,
    judge_url: JudgeUrl = None,
    judge_model: JudgeModel = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
) -> None:
    """Serve a checkpoint as an OpenAI-compatible endpoint, or rewards for trainers. Ctrl-C stops it."""
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
            "rewards.dialect": dialect,
            "rewards.judge.model": judge_model,
            "rewards.judge.endpoint.base_url": judge_url,
        }
    )
    further = ["rewards={}"] if rewards else []
    further += [f"arguments={json.dumps(arguments)}"] if arguments else []
    config = load(ServeConfig, "serve", overrides=[*further, *given, *(set_ or ())])
    if dry_run:
        typer.echo(dump(config), nl=False)
        return
    _serve(config)


def _serve(config: ServeConfig) -> None:
    from raif.serve import serving

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with serving(config, output=sys.stderr.buffer) as server:
            does = f"serves {server.model!r}" if server.model else "scores responses"
            typer.echo(f"{server.base_url} {does}. Try:\n\n{server.example}\n\nCtrl-C stops it.")
            code = server.process.wait()
    except KeyboardInterrupt:
        return
    raise typer.Exit(code)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM stops the child too."""
    raise KeyboardInterrupt
