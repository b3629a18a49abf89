"""`kill -9` in the middle of a step, then --resume: the losses are those of a run that was never killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import repeatable

pytestmark = pytest.mark.slow

CONFIG = """
steps: 4
model:
  {{path: "{model}", compute: float32, device: cpu, gradient_checkpointing: false, format_request: Use tags.}}
data:
  generate: {{count: 30, max_constraints: 2, thinking: brief, longest: 56, levels: {{short: 1}}}}
rollout: {{prompts: 2, group_size: 4, max_new_tokens: 48}}
cloning: {{batch: 4, warmup_steps: 3, warmup_lr: 1e-3}}
optimizer: {{lr: 1e-3, batch: 4, micro_batch: 2}}
checkpoint: {{every: 2, keep: 1}}
evaluation: {{prompts: 2, max_new_tokens: 16}}
"""


def start(config: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    code = "from raif_cli.main import run; run()"
    command = [sys.executable, "-c", code, "train", "--config", str(config), "--out", str(out), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def metrics(out: Path) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [repeatable(json.loads(line)) for line in lines]


def kill_after(process: subprocess.Popen[bytes], out: Path, steps: int) -> None:
    deadline = time.monotonic() + 120
    while not (out / "metrics.jsonl").exists() or len(metrics(out)) < steps:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("steps", [1, 5])
def test_a_killed_run_goes_on_with_identical_losses(tiny_folder: Path, tmp_path: Path, steps: int) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text(CONFIG.format(model=tiny_folder))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(config, whole).wait() == 0
    kill_after(start(config, killed), killed, steps)
    assert len(metrics(killed)) < 7
    assert start(config, killed, "--resume").wait() == 0
    assert metrics(killed) == metrics(whole)
    model = "model/model.safetensors"
    assert (killed / model).read_bytes() == (whole / model).read_bytes()
