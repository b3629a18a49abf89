"""The options that every configured command shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Preset = Annotated[
    str | None, typer.Option("--preset", "-p", help="A shipped preset; `raif presets` lists them.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="A YAML file; `base: NAME` builds on a preset.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Override one key: a.b=value. Repeatable.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the resolved config and the plan; do nothing.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in the folder.")]
