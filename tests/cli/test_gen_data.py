"""`raif gen-data` from the outside."""

import pytest
import typer
from typer.testing import CliRunner

from raif.errors import ConfigError
from raif_cli.gen_data import gen_data

app = typer.Typer()
app.command()(gen_data)


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_it_writes_the_folder_and_says_where(tmp_path):
    result = run("--preset", "builtin", "--set", "count=12", "--out", tmp_path / "data")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "card.json",
        "card.md",
        "config.yaml",
        "heldout.jsonl",
        "train.jsonl",
    ]
    assert "contradictory" in result.stdout
    assert "train.jsonl" in result.stdout


def test_a_dry_run_prints_the_config_and_writes_nothing(tmp_path):
    result = run("--set", "count=12", "--out", tmp_path / "data", "--dry-run")
    assert "count: 12" in result.stdout
    assert not (tmp_path / "data").exists()


def test_a_used_folder_needs_overwrite(tmp_path):
    args = ("--set", "count=2", "--out", tmp_path / "data")
    assert run(*args).exit_code == 0
    assert isinstance(run(*args).exception, ConfigError)
    assert run(*args, "--overwrite").exit_code == 0


@pytest.mark.parametrize("override", ["kinds=[nothing:such]", "count=0", "cuont=3"])
def test_a_bad_config_is_the_users_error(override, tmp_path):
    result = run("--set", override, "--out", tmp_path / "data")
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "data").exists()
