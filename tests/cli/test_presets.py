"""`raif presets` lists, shows and copies; a copy is a valid config."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from raif.config import load, preset_names, preset_path
from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif_cli.main import app


def test_the_list_has_every_preset_of_every_command() -> None:
    listed = CliRunner().invoke(app, ["presets"]).stdout
    for command in ("train", "gen-data", "eval", "sampling"):
        assert all(name in listed for name in preset_names(command))


@pytest.mark.parametrize("command", ["train", "gen-data", "eval", "sampling"])
def test_each_preset_says_in_its_first_line_what_it_is(command: str) -> None:
    for name in preset_names(command):
        first, second, *_ = preset_path(command, name).read_text().splitlines()
        assert (first[:2], first[-1], second) == ("# ", ".", "#"), name


def test_show_prints_the_shipped_text() -> None:
    shown = CliRunner().invoke(app, ["presets", "show", "train", "7b"]).stdout
    assert shown == preset_path("train", "7b").read_text()


def test_a_copy_equals_the_preset_and_is_never_overwritten(tmp_path: Path) -> None:
    to = tmp_path / "mine.yaml"
    assert CliRunner().invoke(app, ["presets", "copy", "train", "8b", str(to)]).exit_code == 0
    assert load(TrainConfig, "train", file=to) == load(TrainConfig, "train", preset="8b")
    again = CliRunner().invoke(app, ["presets", "copy", "train", "8b", str(to)])
    assert isinstance(again.exception, ConfigError)


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("raif 0.")


@pytest.mark.parametrize("command", ["gen-data", "verify", "train", "serve", "eval", "presets"])
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert (result.exit_code, "Usage" in result.stdout) == (0, True)
