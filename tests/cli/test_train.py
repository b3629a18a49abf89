"""`raif train` from the outside: mistakes are named early, and a real run leaves its results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from raif.config import preset_names
from raif_cli.main import app, run
from tests.html.test_pages import samples


def raif(*args: object) -> subprocess.CompletedProcess[str]:
    code = "from raif_cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=300
    )


def dry_run(*args: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, args), "--dry-run", "--flops", "1e14"])


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("rollout.grup_size=8", "rollout.grup_size: unknown key. Did you mean 'group_size'?"),
        ("rollout.group_size=eight", "rollout.group_size: Input should be a valid integer"),
        ("model.style=taged", "model.style: Input should be 'tagged' or 'deepseek' (got 'taged')"),
        ("optimizer.batch=100", "optimizer.batch: 100 does not divide the 256 responses"),
        ("rollout.group_size=6", "rollout.group_size: 6 is not a multiple of 4"),
        ("rollout", "not of the form key.subkey=value"),
    ],
)
def test_a_config_mistake_is_named_and_exits_with_2(override: str, said: str) -> None:
    overrides = ["--set", override] + (["--set", "optimizer.batch=96"] if override.endswith("=6") else [])
    result = raif("train", "--preset", "7b", *overrides, "--dry-run")
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_the_file_of_a_wrong_key_is_named(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("base: 7b\nloss: {clpi: 0.3}\n")
    result = raif("train", "--config", config, "--dry-run")
    assert result.returncode == 2
    assert f"{config}: loss.clpi: unknown key. Did you mean 'clip'?" in result.stderr


def test_an_unknown_preset_has_a_nearest_spelling() -> None:
    result = raif("train", "--preset", "smoll")
    assert (result.returncode, "Did you mean 'smol'?" in result.stderr) == (2, True)


@pytest.mark.parametrize("preset", preset_names("train"))
def test_every_preset_has_a_plan_that_reads_back(preset: str, tmp_path: Path) -> None:
    result = dry_run("--preset", preset)
    assert result.exit_code == 0
    assert all(part in result.stderr for part in ("responses", "gradients", "at the peak", "learned from"))
    (tmp_path / "resolved.yaml").write_text(result.stdout)
    assert dry_run("--config", tmp_path / "resolved.yaml").stdout == result.stdout


def test_the_plan_tells_the_experts_of_the_warm_up_from_those_of_later_updates() -> None:
    said = dry_run("--preset", "mini", "--set", "cloning.warmup_batch=12", "--set", "cloning.batch=4").stderr
    assert "60 updates on 12 expert answers each" in said
    assert "; 4 expert answers in each step" in said


def test_a_run_without_data_is_refused_before_the_model(tmp_path: Path) -> None:
    result = raif("train", "--preset", "7b", "--out", tmp_path / "run")
    assert result.returncode == 2
    assert "nothing to train on" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_sick_run_is_named_and_stopped_by_strict_with_exit_code_4(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [
        f"model={{path: {tiny_folder}, device: cpu, compute: float32}}",
        "data.generate={count: 5, max_constraints: 1}",
        "data.max_prompt_tokens=4000",
        "rollout={prompts: 1, group_size: 4, max_new_tokens: 4}",
        "optimizer.batch=4",
        "cloning.batch=1",
        "evaluation.prompts=0",
    ]
    overrides = [part for key in keys for part in ("--set", key)]
    monkeypatch.setattr(
        sys, "argv", ["raif", "train", *overrides, "--strict", "--out", str(tmp_path / "run")]
    )
    with pytest.raises(SystemExit) as left:
        run()
    said = capsys.readouterr().err
    assert left.value.code == 4
    assert "no response ends: 100% of the responses were cut off at 4 tokens" in said
    assert "Error: stopped after step 1" in said
    assert "--resume, without --strict" in said


@pytest.mark.slow
def test_a_run_leaves_a_model_a_report_and_curves(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    keys = [
        f"model.path={tiny_folder}",
        "steps=1",
        "cloning.warmup_steps=1",
        "cloning.batch=2",
        "data.generate={count: 20, languages: {en: 1, zh: 1}, longest: 0, retellings: ''}",
        "data.max_prompt_tokens=4000",
        "rollout={prompts: 2, group_size: 4, max_new_tokens: 8, batch: 8}",
        "optimizer.batch=4",
        "evaluation={prompts: 2, max_new_tokens: 8, cloning_alone: true}",
    ]
    overrides = [part for key in keys for part in ("--set", key)]
    result = raif("train", "--preset", "smol", *overrides, "--out", out)
    assert result.returncode == 0, result.stderr
    names = [row["name"] for row in json.loads((out / "report.json").read_text())["rows"]]
    assert names == ["untrained", "whole recipe", "cloning alone", "expert answers"]
    assert "untrained" in result.stdout
    assert (out / "curves.png").stat().st_size > 1000
    assert "step 2 " in json.dumps(samples(out))
    assert {p.name for p in (out / "model").iterdir()} >= {
        "config.json",
        "model.safetensors",
        "chat_template.jinja",
    }
    assert (out / "samples" / "step-000002.jsonl").exists()
    again = raif("train", "--preset", "smol", *overrides, "--out", out)
    assert (again.returncode, "--resume" in again.stderr) == (2, True)
