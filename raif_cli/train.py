"""`raif train`: parse, call the library, draw its events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset, Resume

if TYPE_CHECKING:
    from raif.config.train import TrainConfig

Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The run's folder. Default: runs/train-PRESET.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop with exit code 4 where the first steps show a sick run.")
]
Flops = Annotated[
    float | None,
    typer.Option("--flops", min=1, help="For --dry-run: operations a second of a device, such as 4e14."),
]


def train(
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    strict: Strict = False,
    flops: Flops = None,
) -> None:
    """Train a model by GRPO with rule-centric rewards, superior-CoT contrast and behaviour cloning."""
    from raif.config import load
    from raif.config.train import TrainConfig

    resolved = load(TrainConfig, "train", preset=preset, file=config, overrides=set_ or ())
    if dry_run:
        _print_plan(resolved, flops)
        return
    _train(
        resolved,
        out or Path("runs") / f"train-{preset or (config.stem if config else 'default')}",
        resume,
        overwrite,
        strict,
    )


def _print_plan(config: TrainConfig, flops: float | None) -> None:
    from raif.config import dump
    from raif.plan import describe
    from raif_cli.console import err

    typer.echo(dump(config), nl=False)
    err.print(describe(config, flops=flops), markup=False, highlight=False, soft_wrap=True)


def _train(config: TrainConfig, folder: Path, resume: bool, overwrite: bool, strict: bool) -> None:
    from raif.errors import require
    from raif_cli.console import out
    from raif_cli.training_view import TrainingView, table

    require("torch", "transformers", "safetensors", extra="train")
    from raif.runs import open_run
    from raif.train.records import check_source
    from raif.train.run import Run

    check_source(config.data)
    open_run(folder, config, resume=resume, overwrite=overwrite)
    with TrainingView() as view:
        report = Run(config, folder, view, strict=strict).go()
    out.print(table(report))
    typer.echo(f"\nModel: {folder / 'model'}   Report: {folder / 'report.html'}")
