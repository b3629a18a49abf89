"""Real ranks under DeepSpeed, over gloo on the CPU: the losses of one process, and no silent end."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import repeatable

NIGHTLY = pytest.mark.nightly
pytestmark = [
    pytest.mark.deepspeed,
    pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="needs raif[deepspeed]"),
]

CONFIG = """
steps: 2
model: {{path: "{model}", compute: {compute}, device: cpu, format_request: Use tags.}}
data:
  generate: {{count: 30, max_constraints: 2, thinking: brief, longest: 56, levels: {{short: 1}}}}
rollout: {{prompts: 4, group_size: 4, max_new_tokens: 110}}  # more than a chunk of logits in a micro-batch
loss: {{kl: 0.1}}
cloning: {{batch: 4, warmup_steps: 2, warmup_lr: 1e-3}}
optimizer: {{lr: 1e-3, batch: 8, micro_batch: 3}}
checkpoint: {{every: 1, keep: 2}}
evaluation: {{prompts: 3, max_new_tokens: 8}}
lora: {{rank: {rank}}}
distributed: {{zero: {zero}, offload: {offload}}}
"""
TOTAL = 4


def written(folder: Path, model: Path, *, zero: int, **keys: Any) -> Path:
    values = {"compute": "float32", "rank": 0, "offload": "false", **keys}
    folder.mkdir(exist_ok=True)
    config = folder / f"zero-{zero}.yaml"
    config.write_text(CONFIG.format(model=model, zero=zero, **values))
    return config


def start(config: Path, out: Path, *options: str, ranks: int = 0) -> subprocess.Popen[str]:
    """`raif train` on as many ranks; 0: without any launcher."""
    raif = [sys.executable, "-c", "from raif_cli.main import run; run()"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--no-python"]
    launcher = [*torchrun, "--nproc-per-node", str(ranks)] if ranks else []
    command = [*launcher, *raif, "train", "--config", str(config), "--out", str(out), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    )


def finish(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=400)
    assert process.returncode == 0, said
    return said


def metrics(out: Path) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text().splitlines() if (out / "metrics.jsonl").exists() else []
    return [repeatable(json.loads(line)) for line in lines]


def assert_equal(found: Path, expected: Path, tolerance: float = 1e-5) -> None:
    """Metrics step by step, and the exported models' log-probabilities."""
    assert len(metrics(found)) == len(metrics(expected)) == TOTAL
    for ours, theirs in zip(metrics(found), metrics(expected), strict=True):
        assert ours == pytest.approx(theirs, abs=tolerance)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """The same run in one process of plain PyTorch."""
    folder = tmp_path_factory.mktemp("one")
    finish(start(written(folder, tiny_folder, zero=0), folder / "run"))
    return folder / "run"


@pytest.mark.parametrize(
    ("zero", "offload"),
    [
        (2, "false"),
        pytest.param(2, "true", marks=NIGHTLY),
        pytest.param(3, "false", marks=NIGHTLY),
        (3, "true"),
    ],
)
def test_two_ranks_take_the_steps_of_one(
    one: Path, tiny_folder: Path, tmp_path: Path, zero: int, offload: str
) -> None:
    out = tmp_path / "two"
    finish(start(written(tmp_path, tiny_folder, zero=zero, offload=offload), out, ranks=2))
    assert_equal(out, one)
    assert_same_model(out / "model", one / "model")


def assert_same_model(found: Path, expected: Path) -> None:
    """One safetensors file that transformers loads, with the weights of the other."""
    import torch
    from transformers import AutoModelForCausalLM

    assert [p.name for p in found.glob("*.safetensors")] == ["model.safetensors"]
    models = [AutoModelForCausalLM.from_pretrained(p, dtype=torch.float32) for p in (found, expected)]
    for ours, theirs in zip(*(m.parameters() for m in models), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("zero", "then"),
    [
        pytest.param(2, 1, marks=NIGHTLY),
        pytest.param(2, 2, marks=NIGHTLY),
        pytest.param(3, 1, marks=NIGHTLY),
        (3, 4),
    ],
)
def test_a_killed_rank_ends_the_run_and_any_number_of_ranks_goes_on(
    one: Path, tiny_folder: Path, tmp_path: Path, zero: int, then: int
) -> None:
    config, out = written(tmp_path, tiny_folder, zero=zero), tmp_path / "killed"
    process = start(config, out, ranks=2)
    kill_rank_1(process, out, after=2)
    _, said = process.communicate(timeout=100)
    assert process.returncode != 0
    assert "another rank" in said
    assert "--resume continues from the newest" in said
    assert list((out / "checkpoints").glob("step-*"))
    assert len(metrics(out)) < TOTAL
    finish(start(config, out, "--resume", ranks=then))
    assert_equal(out, one)


def kill_rank_1(process: subprocess.Popen[str], out: Path, after: int) -> None:
    deadline = time.monotonic() + 300
    while len(metrics(out)) < after:
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(rank_1_of(process.pid), signal.SIGKILL)


def rank_1_of(launcher: int) -> int:
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return next(int(pid) for pid in children if b"\0RANK=1\0" in Path(f"/proc/{pid}/environ").read_bytes())


@NIGHTLY
def test_lora_under_zero_3_takes_the_steps_of_one_process(tiny_folder: Path, tmp_path: Path) -> None:
    finish(start(written(tmp_path, tiny_folder, zero=0, rank=4), tmp_path / "one"))
    finish(start(written(tmp_path, tiny_folder, zero=3, rank=4), tmp_path / "two", ranks=2))
    assert_equal(tmp_path / "two", tmp_path / "one")
    assert_same_model(tmp_path / "two/model", tmp_path / "one/model")


@NIGHTLY
@pytest.mark.parametrize("zero", [2, 3])
def test_bfloat16_learns_as_in_one_process(tiny_folder: Path, tmp_path: Path, zero: int) -> None:
    """Up to bfloat16's rounding. The first steps are compared, before sampled tokens can differ."""
    finish(start(written(tmp_path, tiny_folder, zero=0, compute="bfloat16"), tmp_path / "one"))
    finish(start(written(tmp_path, tiny_folder, zero=zero, compute="bfloat16"), tmp_path / "two", ranks=2))
    for ours, theirs in zip(metrics(tmp_path / "two")[:2], metrics(tmp_path / "one")[:2], strict=True):
        assert ours.pop("phase") == theirs.pop("phase")
        assert ours == pytest.approx(theirs, rel=2e-2)
