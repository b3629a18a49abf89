"""What is not finite is never applied: the step is skipped and counted, or the run stops as it was."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.config import load  # noqa: E402
from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError, UnhealthyRun  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.log import Log  # noqa: E402
from raif.train.logps import Sample  # noqa: E402
from tests.train.test_loop import trainer  # noqa: E402

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]


def learner(folder: Path, compute: str = "float32") -> Learner:
    return Learner(
        TrainConfig.model_validate({"model": {"path": str(folder), "compute": compute, "device": "cpu"}})
    )


def weights(found: Learner) -> list[Any]:
    return [p.detach().clone() for p in found.policy.net.parameters()]


def spoil_gradients(found: Learner) -> Any:
    """One gradient of the next updates is not a number."""
    name = found.optimizer.names[-1]
    parameter = dict(found.policy.net.named_parameters())[name]
    return parameter.register_hook(lambda gradient: gradient * math.nan)


@pytest.mark.parametrize("compute", ["float32", "bfloat16"])
def test_a_gradient_that_is_not_finite_changes_nothing(tiny_folder: Path, compute: str) -> None:
    found = learner(tiny_folder, compute)
    before = weights(found)
    hook = spoil_gradients(found)
    assert not math.isfinite(found.update([], [], SAMPLES, lr=1e-2)["grad_norm"])
    assert all(map(torch.equal, before, weights(found)))
    assert found.optimizer.steps == 0
    hook.remove()
    again = learner(tiny_folder, compute)
    assert found.update([], [], SAMPLES, lr=1e-2) == again.update([], [], SAMPLES, lr=1e-2)


@pytest.mark.parametrize("logp", [math.nan, -math.inf, math.inf])
def test_a_log_probability_that_is_not_finite_changes_nothing(tiny_folder: Path, logp: float) -> None:
    found = learner(tiny_folder)
    before = weights(found)
    sample = Sample([5, 6], [10, 11], [-1.0, logp], advantage=1.0, keep=True)
    found.update([sample, sample], [[-1.0, -1.0]] * 2, [], lr=1e-2)
    assert all(map(torch.equal, before, weights(found)))


def test_a_few_are_skipped_and_counted_and_then_the_run_stops(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, cloning={"batch": 4, "warmup_steps": 9}, optimizer={"nonfinite": 3, "batch": 8})
    hook = spoil_gradients(t.learner)
    for _ in range(2):
        assert t.clone_step().metrics["refused_updates"] == 1
    hook.remove()
    assert "refused_updates" not in t.clone_step().metrics
    before = weights(t.learner)
    spoil_gradients(t.learner)
    t.clone_step(), t.clone_step()
    with pytest.raises(UnhealthyRun, match="update 6: grad_norm not finite in 3 updates in a row"):
        t.clone_step()
    assert all(map(torch.equal, before, weights(t.learner)))


def test_a_run_can_skip_for_as_long_as_it_lasts(tiny_folder: Path) -> None:
    t = trainer(
        tiny_folder, cloning={"batch": 4, "warmup_steps": 9}, optimizer={"nonfinite": "skip", "batch": 8}
    )
    spoil_gradients(t.learner)
    assert [t.clone_step().metrics["refused_updates"] for _ in range(5)] == [1] * 5


def test_metrics_are_valid_json(tmp_path: Path) -> None:
    log = Log(tmp_path, tensorboard=False)
    log.write({"step": 1, "phase": "grpo", "kl": math.nan, "reward": -math.inf, "lr": 1e-6})

    def refuse(name: str) -> None:
        raise AssertionError(name)

    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    found = json.loads(line, parse_constant=refuse)
    assert found == {"step": 1, "phase": "grpo", "kl": None, "reward": None, "lr": 1e-6}


@pytest.mark.parametrize("key", ["optimizer.lr=.inf", "loss.kl=.nan", "optimizer.betas=[0.9, .inf]"])
def test_a_config_has_finite_numbers(key: str) -> None:
    with pytest.raises(ConfigError, match=key.split("=")[0]):
        load(TrainConfig, "train", overrides=[key])
