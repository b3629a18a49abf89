"""A group of commands with a default one: `raif eval BENCHMARK...` means `raif eval run BENCHMARK...`.

Typer has no option for this. Its class for groups, typer.core.TyperGroup, can be passed to
`typer.Typer(cls=...)`, but `parse_args` and `commands` are documented by Click alone. Seen in Typer 0.29.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

DEFAULT = "run"


class DefaultCommandGroup(TyperGroup):
    """Runs the command `run` if the first argument names no other command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named else [DEFAULT, *args])
