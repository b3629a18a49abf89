"""The optimizer's state under DeepSpeed, which is read and written by private names. A new version fails here
first.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.deepspeed,
    pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="needs raif[deepspeed]"),
]

PROGRAM = """
import sys, torch
from raif.config.train import TrainConfig
from raif.train.logps import Sample
from raif.train.ranks import joined
from raif.train.launch import Launch, leave
from raif.train.learner import Learner

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]

def config(zero):
    model = {"path": sys.argv[1], "compute": "float32", "gradient_checkpointing": False, "device": "cpu"}
    return TrainConfig.model_validate({"model": model, "distributed": {"zero": zero}})

plain = Learner(config(0))
plain.update([], [], SAMPLES, lr=1e-2)
with joined(config(int(sys.argv[2])), Launch()) as ranks:
    sharded = Learner(config(int(sys.argv[2])), ranks)
    assert sharded.optimizer.steps == 0
    for name in plain.optimizer.names:
        sharded.optimizer.write(name, plain.optimizer.read(name))
    sharded.optimizer.rewind(1)
    for learner in (plain, sharded):
        learner.update([], [], SAMPLES, lr=1e-2)
        assert learner.optimizer.steps == 2
    for name in plain.optimizer.names:
        torch.testing.assert_close(sharded.optimizer.read(name), plain.optimizer.read(name))
leave(0)
"""


@pytest.mark.parametrize("zero", [2, 3])
def test_state_that_is_written_is_trained_on_as_in_plain_pytorch(tiny_folder: Path, zero: int) -> None:
    """One rank that no launcher started."""
    command = [sys.executable, "-c", PROGRAM, str(tiny_folder), str(zero)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
