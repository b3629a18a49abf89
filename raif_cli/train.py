"""`raif train`: parse, call the library, draw its events."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset
from raif_cli.resume import ResumeOrStart, resumes

if TYPE_CHECKING:
    from raif.config.train import TrainConfig
    from raif.train.heldout import Report
    from raif.train.launch import Launch
    from raif.train.log import Events
    from raif.train.stop import Stop

Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The run's folder. Default: runs/train-PRESET.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop with exit code 4 if the run shows a silent failure.")
]
Flops = Annotated[
    float | None,
    typer.Option("--flops", min=1, help="For --dry-run: operations a second of a device, such as 4e14."),
]
GpuMemory = Annotated[
    float | None,
    typer.Option("--gpu-memory", min=1, help="For --dry-run: plan for a GPU with this many GB, such as 80."),
]
Ranks = Annotated[
    int | None,
    typer.Option(
        "--ranks", min=1, help="For --dry-run: the number of ranks. Default: as many as were started."
    ),
]

MaxHours = Annotated[
    float | None,
    typer.Option(
        "--max-hours",
        min=0.0001,
        help="Stop in time for this limit, with a checkpoint and exit code 5; --resume continues.",
    ),
]

WarmUpOf = Annotated[
    Path | None,
    typer.Option(
        "--warm-up-of",
        help="Begin at the end of the warm-up of the run in this folder, if it is the same one.",
    ),
]


def train(
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    out: Out = None,
    resume: ResumeOrStart = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    strict: Strict = False,
    flops: Flops = None,
    ranks: Ranks = None,
    gpu_memory: GpuMemory = None,
    max_hours: MaxHours = None,
    warm_up_of: WarmUpOf = None,
) -> None:
    """Train a model by GRPO with rule-centric rewards, superior-CoT contrast and behaviour cloning."""
    from raif.config import load
    from raif.config.train import TrainConfig
    from raif.train.launch import Launch

    resolved = load(TrainConfig, "train", preset=preset, file=config, overrides=set_ or ())
    launch = Launch(size=ranks) if dry_run and ranks else Launch.of()
    launch.check(resolved)
    if dry_run:
        _print_plan(resolved, launch, flops, gpu_memory)
        return
    _train(
        resolved,
        out or Path("runs") / f"train-{preset or (config.stem if config else 'default')}",
        resumes(resume),
        overwrite,
        strict,
        max_hours,
        warm_up_of,
    )


def _print_plan(config: TrainConfig, launch: Launch, flops: float | None, gpu_memory: float | None) -> None:
    from raif.config import dump
    from raif.plan import describe
    from raif_cli.console import err

    typer.echo(dump(config), nl=False)
    gpu = gpu_memory and gpu_memory * 1e9
    plan = describe(config, ranks=launch.size, flops=flops, gpu=gpu)
    err.print(plan, markup=False, highlight=False, soft_wrap=True)


def _train(
    config: TrainConfig,
    folder: Path,
    resume: bool | Literal["auto"],
    overwrite: bool,
    strict: bool,
    max_hours: float | None,
    warm_up_of: Path | None,
) -> None:
    from raif.errors import require
    from raif.train.launch import Launch
    from raif.train.stop import GivenUp, Stop, Stopped

    require("torch", "transformers", "safetensors", extra="train")
    launch = Launch.of()
    stop = Stop(max_hours, alone=launch.size == 1)
    try:
        with stop.listening():
            _run(config, folder, resume, overwrite, strict, warm_up_of, launch, stop)
    except Stopped as stopped:
        if launch.first or isinstance(stopped, GivenUp):
            _say(f"Stopped by {stopped.why}. {stopped.how}")
        raise typer.Exit(stopped.code) from None


def _run(
    config: TrainConfig,
    folder: Path,
    resume: bool | Literal["auto"],
    overwrite: bool,
    strict: bool,
    warm_up_of: Path | None,
    launch: Launch,
    stop: Stop,
) -> None:
    from raif.config.resume import FREE
    from raif.files.runs import open_run, said_of
    from raif.train import environment
    from raif.train.branch import begin_at, end_of_warm_up
    from raif.train.checkpoint import checkpoints
    from raif.train.data import check_source, inputs
    from raif.train.ranks import joined
    from raif.train.run import Run

    check_source(config.data)
    if launch.first:
        rests_on = inputs(config.data)
        begins = overwrite or not checkpoints(folder / "checkpoints")
        warm_up = end_of_warm_up(warm_up_of, config, rests_on) if warm_up_of and begins else None
        open_run(
            folder,
            config,
            resume=resume,
            overwrite=overwrite,
            free=FREE,
            inputs=rests_on,
            remade=["data", environment.NAME],
            reads={"--warm-up-of": warm_up} if warm_up else None,
            changed=lambda changes: _say(said_of(changes)),
        )
        if warm_up:
            begin_at(warm_up, folder, config)
            _say(f"begins at the end of the warm-up of {warm_up_of}")
    with _view(launch) as view, joined(config, launch) as ranks:
        report = Run(config, folder, view, ranks, strict=strict, stop=stop).go()
    if launch.first:
        _print_results(report, folder)


def _say(line: str) -> None:
    from raif_cli.console import err

    err.print(line, markup=False, highlight=False, soft_wrap=True)


def _view(launch: Launch) -> AbstractContextManager[Events]:
    """Only rank 0 prints."""
    from raif.train.log import Events
    from raif_cli.training_view import TrainingView

    return TrainingView() if launch.first else nullcontext(Events())


def _print_results(report: Report, folder: Path) -> None:
    from raif.train import page
    from raif_cli.console import out
    from raif_cli.training_view import table

    page.write(folder)
    if report.rows:
        out.print(table(report))
    typer.echo(f"\nModel: {folder / 'model'}   Report: {folder / 'report.html'}")
