"""`raif train --resume`: what may change, what is refused, and what follows from a change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from raif_cli.main import run
from tests.train.test_loop import instruction

Said = tuple[int, str]


@pytest.fixture
def train(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Runs `raif train` on records in this folder: the exit code, and stderr."""
    records(tmp_path / "train.jsonl", 5)
    records(tmp_path / "heldout.jsonl", 3)
    keys = [
        f"model={{path: {tiny_folder}, device: cpu, compute: float32}}",
        f"data.train={tmp_path}/train.jsonl",
        f"data.heldout={tmp_path}/heldout.jsonl",
        "rollout={prompts: 1, group_size: 4, max_new_tokens: 4}",
        "optimizer.batch=4",
        "loss.cloning=0",
        "steps=1",
        "evaluation={prompts: 2, max_new_tokens: 4}",
    ]

    def called(*more: str) -> Said:
        overrides = [part for key in keys for part in ("--set", key)]
        monkeypatch.setattr(sys, "argv", ["raif", "train", *overrides, "--out", str(tmp_path / "run"), *more])
        try:
            run()
        except SystemExit as left:
            return int(left.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return called


def records(path: Path, count: int) -> None:
    path.write_text("".join(instruction(n).model_dump_json() + "\n" for n in range(count)))


def rows(folder: Path) -> dict[str, int]:
    """The prompts of each row of the report."""
    return {row["name"]: row["prompts"] for row in json.loads((folder / "report.json").read_text())["rows"]}


def steps(folder: Path) -> int:
    return len((folder / "metrics.jsonl").read_text().splitlines())


def test_a_misspelt_folder_is_no_new_run_unless_auto_is_said(train: Any, tmp_path: Path) -> None:
    code, said = train("--resume")
    assert (code, "there is no run to resume in" in said) == (2, True)
    assert not (tmp_path / "run").exists()
    assert train("--resume", "auto")[0] == 0
    assert train("--resume", "auto")[0] == 0
    assert steps(tmp_path / "run") == 1
    assert len(json.loads((tmp_path / "run" / "environment.json").read_text())) == 2
    assert (tmp_path / "run" / "report.html").read_text("utf-8").count("Started 20") == 2


def test_a_finished_run_takes_more_steps_and_other_held_out_prompts(train: Any, tmp_path: Path) -> None:
    assert train()[0] == 0
    code, said = train("--resume", "--set", "steps=2", "--set", "optimizer.lr=1e-6")
    assert code == 0
    assert "resumed with steps: 1 -> 2" in said
    assert steps(tmp_path / "run") == 2
    settings = json.loads((tmp_path / "run" / "report.json").read_text())["facts"]["settings"]
    assert (settings["untrained"]["step"], settings["whole recipe"]["step"]) == (0, 2)
    code, said = train("--resume", "--set", "steps=2", "--set", "evaluation.prompts=3")
    assert (code, "evaluation.prompts: 2 -> 3" in said) == (0, True)
    assert rows(tmp_path / "run") == {"untrained": 3, "whole recipe": 3, "expert answers": 3}


def test_what_decided_the_past_is_refused_with_both_values(train: Any, tmp_path: Path) -> None:
    assert train()[0] == 0
    config = (tmp_path / "run" / "config.yaml").read_text()
    code, said = train("--resume", "--set", "loss.kl=0.5", "--set", "seed=4", "--set", "steps=9")
    assert code == 2
    assert "loss.kl: 0.001 -> 0.5" in said
    assert "seed: 0 -> 4" in said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "config.yaml").read_text() == config


def test_other_records_under_the_same_path_are_refused(train: Any, tmp_path: Path) -> None:
    assert train()[0] == 0
    config = (tmp_path / "run" / "config.yaml").read_text()
    records(tmp_path / "train.jsonl", 4)
    code, said = train("--resume", "--set", "steps=2")
    assert code == 2
    assert 'data.train: "5 records, sha256 ' in said
    assert '-> "4 records, sha256 ' in said
    assert (tmp_path / "run" / "config.yaml").read_text() == config


def test_the_same_records_can_move(train: Any, tmp_path: Path) -> None:
    assert train()[0] == 0
    (tmp_path / "train.jsonl").rename(tmp_path / "moved.jsonl")
    code, said = train("--resume", "--set", f"data.train={tmp_path}/moved.jsonl", "--set", "steps=2")
    assert (code, "data.train: [" in said, steps(tmp_path / "run")) == (0, True, 2)
