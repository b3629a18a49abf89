"""Says what breaks first in a new version of Typer: what `raif eval` takes from the class of its groups."""

from __future__ import annotations

import inspect

import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from raif_cli.default_command import DefaultCommandGroup

app = typer.Typer(cls=DefaultCommandGroup)


@app.command()
def run(names: list[str], loud: bool = False) -> None:
    typer.echo(f"run {names} {loud}")


@app.command()
def other(name: str) -> None:
    typer.echo(f"other {name}")


def said(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments).output


def test_typers_groups_parse_their_arguments_in_a_method() -> None:
    assert list(inspect.signature(TyperGroup.parse_args).parameters) == ["self", "ctx", "args"]


def test_typers_groups_know_their_commands_by_name() -> None:
    assert set(typer.main.get_command(app).commands) == {"run", "other"}  # type: ignore[attr-defined]


def test_what_names_no_command_goes_to_the_default_one() -> None:
    assert said("a", "b", "--loud") == "run ['a', 'b'] True\n"


def test_the_other_commands_are_called_by_name() -> None:
    assert said("other", "a") == "other a\n"


def test_help_is_that_of_the_default_command() -> None:
    assert "NAMES" in said("--help").upper()
