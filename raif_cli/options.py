"""The options that all commands with a config share, and options as overrides of a config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

Preset = Annotated[
    str | None, typer.Option("--preset", "-p", help="Start from a shipped preset; `raif presets` lists them.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Read a YAML file; `base: NAME` in it starts from a preset."),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Set one key: a.b=value. Can be repeated.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print the resolved config and the plan.")]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the run in the output folder.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in the output folder.")]


def number(value: float | None) -> float | None:
    """The value of an option. Raises BadParameter for NaN, which no bound rules out."""
    if value is not None and value != value:
        raise typer.BadParameter("not a number")
    return value


def overrides(given: Mapping[str, object]) -> list[str]:
    """`key=value` for each option that was given, quoted, so that a path is not read as YAML."""
    return [f"{key}={json.dumps(str(value))}" for key, value in given.items() if value is not None]
