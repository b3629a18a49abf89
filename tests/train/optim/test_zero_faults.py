"""What stops or spoils one of several ranks: all stop together with a checkpoint, or none of them learns."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.train.optim.test_zero import TOTAL, assert_equal, finish, metrics, rank_1_of, start, written

NIGHTLY = pytest.mark.nightly
pytestmark = [
    pytest.mark.deepspeed,
    pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="needs raif[deepspeed]"),
]

PROGRAM = """
import math, sys, torch
from raif.config.train import TrainConfig
from raif.train.launch import Launch, leave
from raif.train.learner import Learner
from raif.train.logps import Sample
from raif.train.ranks import joined

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]
folder, zero, compute = sys.argv[1], int(sys.argv[2]), sys.argv[3]
config = TrainConfig.model_validate({
    "model": {"path": folder, "compute": compute, "gradient_checkpointing": False, "device": "cpu"},
    "optimizer": {"micro_batch": 1},
    "distributed": {"zero": zero},
})
with joined(config, Launch.of()) as ranks:
    def weights(learner):
        return [learner.optimizer.read(name)["weight"].clone() for name in learner.optimizer.names]

    spoiled, untouched = Learner(config, ranks), Learner(config, ranks)
    backward = spoiled.optimizer.backward
    if not ranks.first:
        spoiled.optimizer.backward = lambda loss, last: backward(loss * math.nan, last=last)
    before = weights(spoiled)
    assert not math.isfinite(spoiled.update([], [], SAMPLES, lr=1e-2)["grad_norm"])
    assert all(map(torch.equal, before, weights(spoiled)))
    spoiled.optimizer.backward = backward
    spoiled.update([], [], SAMPLES, lr=1e-2)
    untouched.update([], [], SAMPLES, lr=1e-2)
    assert not all(map(torch.equal, before, weights(spoiled)))
    assert all(map(torch.equal, weights(untouched), weights(spoiled)))
    assert spoiled.optimizer.steps == 1
leave(0)
"""


@pytest.mark.parametrize("zero", [2, 3])
@pytest.mark.parametrize("compute", ["float32", "bfloat16"])
def test_a_gradient_of_one_rank_that_is_not_finite_changes_nothing(
    tiny_folder: Path, zero: int, compute: str
) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "--no-python", sys.executable, "-c", PROGRAM, str(tiny_folder), str(zero), compute]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def to_rank_1(launcher: int) -> None:
    os.kill(rank_1_of(launcher), signal.SIGUSR1)


def to_torchrun(launcher: int) -> None:
    os.kill(launcher, signal.SIGTERM)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """The same run in one process of plain PyTorch, never stopped."""
    folder = tmp_path_factory.mktemp("one")
    finish(start(written(folder, tiny_folder, zero=0), folder / "run"))
    return folder / "run"


@pytest.mark.parametrize(
    ("zero", "send", "name"),
    [
        (2, to_rank_1, "SIGUSR1"),
        pytest.param(3, to_rank_1, "SIGUSR1", marks=NIGHTLY),
        pytest.param(2, to_torchrun, "SIGTERM", marks=NIGHTLY),
        pytest.param(3, to_torchrun, "SIGTERM", marks=NIGHTLY),
    ],
)
def test_a_signal_to_one_rank_stops_all_with_a_checkpoint(
    one: Path, tiny_folder: Path, tmp_path: Path, zero: int, send: Callable[[int], None], name: str
) -> None:
    config, out = written(tmp_path, tiny_folder, zero=zero), tmp_path / "stopped"
    config.write_text(config.read_text().replace("every: 1,", "every: 100,"))
    process = start(config, out, ranks=2)
    deadline = time.monotonic() + 300
    while len(metrics(out)) < 2:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    send(process.pid)
    _, said = process.communicate(timeout=100)
    assert process.returncode != 0
    assert f"Stopped by {name}, after step" in said
    assert "--resume" in said
    (saved,) = (out / "checkpoints").glob("step-*")
    assert saved.name == f"step-{len(metrics(out)):06}"
    assert len(metrics(out)) < TOTAL
    finish(start(config, out, "--resume", ranks=2))
    assert_equal(out, one)
