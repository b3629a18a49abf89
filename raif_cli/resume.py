"""`--resume` with an optional value: alone it needs a run in the folder, with `auto` it takes either.

Typer has no options with an optional value. Its class for commands, typer.core.TyperCommand, can be passed to
`app.command(cls=...)`, but `parse_args` is documented by Click alone. Seen in Typer 0.29. Only for commands
without positional arguments: one of them could follow `--resume`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand


class Resume(StrEnum):
    RUN = "run"
    AUTO = "auto"


ResumeOrStart = Annotated[
    Resume | None,
    typer.Option(
        "--resume",
        metavar="[auto]",
        help="Resume the run in the output folder. With `auto`, start it if there is none.",
    ),
]


class ResumableCommand(TyperCommand):
    """Reads `--resume` without a value as `--resume run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        values = [*Resume]
        spelled = [
            f"{arg}={Resume.RUN}" if arg == "--resume" and [*args, ""][i + 1] not in values else arg
            for i, arg in enumerate(args)
        ]
        return super().parse_args(ctx, spelled)


def resumes(given: Resume | None) -> bool | Literal["auto"]:
    """As `raif.files.runs.open_run` takes it."""
    return "auto" if given is Resume.AUTO else given is not None
