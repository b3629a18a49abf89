"""A run that is stopped saves what it has, says how to go on, and ends as if it had never been stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.train.test_resume import CONFIG, metrics

pytestmark = pytest.mark.slow


def written(folder: Path, model: Path) -> Path:
    config = folder / "tiny.yaml"
    config.write_text(
        CONFIG.format(model=model).replace("every: 2", "every: 100").replace("steps: 4", "steps: 12")
    )
    return config


def start(config: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    code = "from raif_cli.main import run; run()"
    command = [sys.executable, "-c", code, "train", "--config", str(config), "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def stop_after(process: subprocess.Popen[str], out: Path, steps: int, number: int) -> str:
    """Send the signal once so many steps are written. Returns what the run said."""
    deadline = time.monotonic() + 180
    while not (out / "metrics.jsonl").exists() or len(metrics(out)) < steps:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    return process.communicate(timeout=180)[1]


def compared(out: Path) -> list[dict[str, object]]:
    measured = ("tokens_per_second", "seconds_left", "memory_gb")
    return [{k: v for k, v in step.items() if k not in measured} for step in metrics(out)]


def newest(out: Path) -> int:
    (found,) = (out / "checkpoints").glob("step-*")
    return int(json.loads((found / "progress.json").read_text())["step"])


def test_a_run_stopped_three_times_ends_as_one_that_never_was(tiny_folder: Path, tmp_path: Path) -> None:
    config = written(tmp_path, tiny_folder)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert start(config, whole).wait() == 0
    done = 0
    for number, name, code in (
        (signal.SIGTERM, "SIGTERM", 143),
        (signal.SIGUSR1, "SIGUSR1", 143),
        (signal.SIGINT, "Ctrl-C", 130),
    ):
        process = start(config, stopped, *(["--resume"] if done else []))
        said = stop_after(process, stopped, done + 1, number)
        assert process.returncode == code, said
        done = newest(stopped)
        assert f"Stopped by {name}, after step {done}; saved in {stopped}/checkpoints" in said
        assert "--resume" in said
        assert "Traceback" not in said
        assert len(metrics(stopped)) == done < 15
    assert start(config, stopped, "--resume").wait() == 0
    assert compared(stopped) == compared(whole)
    model = "model/model.safetensors"
    assert (stopped / model).read_bytes() == (whole / model).read_bytes()
    rows = [json.loads((out / "report.json").read_text())["rows"] for out in (stopped, whole)]
    assert rows[0] == rows[1]


def test_a_run_without_time_left_stops_with_a_checkpoint(tiny_folder: Path, tmp_path: Path) -> None:
    config, out = written(tmp_path, tiny_folder), tmp_path / "run"
    config.write_text(config.read_text().replace("steps: 12", "steps: 4000"))
    process = start(config, out, "--max-hours", "0.01")
    begun = time.monotonic()
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 5, said
    assert time.monotonic() - begun < 46
    assert "Stopped by --max-hours 0.01, after step" in said
    assert newest(out) == len(metrics(out)) > 0
